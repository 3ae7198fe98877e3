//! Secrets of the operating system's keyring.

use rest_source_testkit::{Server, data};

use crate::shell::Shell;

const SPEC: &str = "\
name: keyring_test
client:
  base_url: BASE
  paginator: { type: offset, limit: 100 }
  auth: { type: api_key, name: api_key, api_key: \"{secrets.api_key}\", location: query }
resources:
  - name: stories
    endpoint: { path: /v1/stories, data_selector: data }
    columns: { id: text! }
";

const FETCH: [&str; 6] = ["fetch", "shop.yaml", "stories", "--limit", "1", "--keyring"];

async fn shop() -> (Server, Shell) {
    let server = Server::start(data::media_insights()).await.unwrap();
    let shell = Shell::new();
    shell.write("shop.yaml", &SPEC.replace("BASE", server.url()));
    (server, shell)
}

#[cfg(not(feature = "keyring"))]
#[tokio::test(flavor = "multi_thread")]
async fn build_without_keyring_names_the_feature() {
    let (server, shell) = shop().await;
    let ran = shell.run(&FETCH);
    assert_eq!(ran.code, 2, "{ran}");
    assert!(
        ran.stderr.contains("--features keyring` builds it with it"),
        "{ran}"
    );
    assert!(server.log().all().is_empty());
}

#[cfg(all(feature = "keyring", target_os = "linux"))]
#[tokio::test(flavor = "multi_thread")]
async fn session_without_keyring_is_an_error() {
    let (server, shell) = shop().await;
    let shell = shell.with("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere/bus");
    let ran = shell.run(&FETCH);
    assert_eq!(ran.code, 2, "{ran}");
    assert!(
        ran.stderr
            .starts_with("error: the keyring cannot be read: "),
        "{ran}"
    );
    assert!(ran.stderr.contains("--secrets-command"), "{ran}");
    assert!(server.log().all().is_empty());
}

/// Runs in a session with a keyring that is made for it, by `.ci/keyring`.
#[cfg(all(feature = "keyring", target_os = "linux"))]
#[tokio::test(flavor = "multi_thread")]
async fn keyring_is_asked_last() {
    if std::env::var_os("REST_SOURCE_TEST_KEYRING").is_none() {
        eprintln!("skipped: `.ci/keyring` runs it");
        return;
    }
    let (server, shell) = shop().await;
    let bus = std::env::var("DBUS_SESSION_BUS_ADDRESS").unwrap();
    let shell = shell.with("DBUS_SESSION_BUS_ADDRESS", &bus);
    store("other-service", "KEYRING_TEST_API_KEY", "other");
    let missing = shell.run(&["secrets", "shop.yaml", "--keyring"]);
    assert_eq!(missing.code, 2, "{missing}");
    assert!(missing.stdout.contains("missing"), "{missing}");

    store("rest-source", "KEYRING_TEST_API_KEY", data::API_KEY);
    let listed = shell.run(&["secrets", "shop.yaml", "--keyring"]);
    assert_eq!(listed.code, 0, "{listed}");
    assert!(
        listed
            .stdout
            .contains("KEYRING_TEST_API_KEY  secret `api_key`  keyring"),
        "{listed}"
    );
    let ran = shell.run(&FETCH);
    assert_eq!(ran.code, 0, "{ran}");
    let without = shell.run(&FETCH[..5]);
    assert_eq!(without.code, 2, "{without}");
    let command = ["--secrets-command", "echo KEYRING_TEST_API_KEY=wrong"];
    let overridden = shell.run(&[&FETCH[..], &command].concat());
    assert_eq!(overridden.code, 3, "{overridden}");

    // The same name and service once more, as another program may store them.
    let requests = server.log().all().len();
    let entry = [
        "service",
        "rest-source",
        "username",
        "KEYRING_TEST_API_KEY",
        "from",
        "elsewhere",
    ];
    store_by_tool(&entry, "s3cr3t");
    let twice = shell.run(&FETCH);
    assert_eq!(twice.code, 2, "{twice}");
    assert!(
        twice.stderr.contains("two entries `KEYRING_TEST_API_KEY`"),
        "{twice}"
    );
    assert_eq!(server.log().all().len(), requests);
    for ran in [missing, listed, ran, without, overridden, twice] {
        let printed = ran.to_string();
        assert!(!printed.contains(data::API_KEY), "{printed}");
        assert!(!printed.contains("s3cr3t"), "{printed}");
    }
}

/// Stores an entry as the guide says.
#[cfg(all(feature = "keyring", target_os = "linux"))]
fn store(service: &str, user: &str, value: &str) {
    store_by_tool(&["service", service, "username", user], value);
}

#[cfg(all(feature = "keyring", target_os = "linux"))]
fn store_by_tool(attributes: &[&str], value: &str) {
    use std::{
        io::Write,
        process::{Command, Stdio},
    };

    let mut tool = Command::new("secret-tool")
        .args(["store", "--label", "test"])
        .args(attributes)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = tool.stdin.take().unwrap();
    stdin.write_all(value.as_bytes()).unwrap();
    drop(stdin);
    assert!(tool.wait().unwrap().success());
}
