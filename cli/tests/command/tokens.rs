//! A refresh token that an API replaces whenever it gives an access token.

use rest_source_testkit::{Access, Api, Fault, Server, data};

use crate::shell::{Ran, Shell, snapshot};

const FIRST: &str = "the-first-refresh-token";

const SPEC: &str = "\
name: shop
config: { base_url: text }
client:
  base_url: \"{config.base_url}\"
  paginator: { type: offset, limit: 100 }
  auth:
    type: oauth2_refresh_token
    access_token_url: \"{config.base_url}/oauth/token\"
    client_id: cl1ent-4711
    client_secret: \"{secrets.client_secret}\"
    refresh_token: \"{secrets.refresh_token}\"
resources:
  - name: stories
    endpoint: { path: /v1/stories, data_selector: data }
    columns: { id: text! }
";

/// A server that gives another refresh token with each access token, and a shell that has the first.
pub(crate) async fn shop() -> (Server, Shell) {
    let access = Access::Rotating {
        client_id: data::CLIENT_ID.to_owned(),
        client_secret: data::CLIENT_SECRET.to_owned(),
        refresh_token: FIRST.to_owned(),
    };
    let api = data::media_insights();
    let server = Server::start(Api { access, ..api }).await.unwrap();
    let shell = Shell::new()
        .with("SHOP_BASE_URL", server.url())
        .with("SHOP_CLIENT_SECRET", data::CLIENT_SECRET)
        .with("SHOP_REFRESH_TOKEN", FIRST);
    shell.write("shop.yaml", SPEC);
    (server, shell)
}

pub(crate) const FETCH: [&str; 5] = ["fetch", "shop.yaml", "stories", "--limit", "1"];
pub(crate) const KEPT: [&str; 2] = ["--token-file", "token"];

/// Runs it, and looks for tokens in what it says.
#[track_caller]
fn run(shell: &Shell, args: &[&str], more: &[&str]) -> Ran {
    let ran = shell.run(&[args, more].concat());
    let said = ran.to_string();
    for token in [FIRST, "refresh-token-", "issued-token-"] {
        assert!(!said.contains(token), "{said}");
    }
    ran
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_refresh_token_is_kept_for_the_next_run() {
    let (server, shell) = shop().await;
    let load = ["load", "shop.yaml", "--to", "sqlite:out.db"];
    for args in [&FETCH[..], &load, &FETCH] {
        let ran = run(&shell, args, &KEPT);
        assert_eq!(ran.code, 0, "{ran}");
        assert!(!ran.stderr.contains("warning"), "{ran}");
        let kept = shell.read("token");
        assert_eq!(
            kept.strip_suffix('\n'),
            server.tokens().refresh_token().as_deref()
        );
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let file = std::fs::metadata(shell.path("token")).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
    }
    let stories = server.dataset("stories").len();
    assert_eq!(shell.rows("out.db", "stories"), stories);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_kept_before_the_new_one_is_used() {
    let (server, shell) = shop().await;
    server.faults().every(1, Fault::status(418));
    let ran = run(&shell, &FETCH, &KEPT);
    assert_eq!(ran.code, 3, "{ran}");
    let kept = shell.read("token");
    assert_eq!(kept.trim_end(), server.tokens().refresh_token().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_kept_nowhere_is_said_to_be_spent() {
    let (server, shell) = shop().await;
    let ran = run(&shell, &FETCH, &[]);
    snapshot("token-lost", &ran.with_stdout(String::new()));
    // The first is spent now, and the API says so.
    let ran = run(&shell, &FETCH, &[]);
    snapshot("token-spent", &ran);
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_token_of_a_project_is_named_by_the_variable_of_the_project() {
    let (server, shell) = shop().await;
    let shell = shell.with("TOKEN_OF_BERLIN", FIRST);
    shell.write(
        "daily.yaml",
        "destinations: { out: { to: \"sqlite:out.db\" } }\nsources:\n  \
         berlin: { spec: shop.yaml, secrets: { refresh_token: env:TOKEN_OF_BERLIN } }\n",
    );
    let ran = run(&shell, &["run", "daily.yaml"], &[]);
    assert_eq!(ran.code, 0, "{ran}");
    assert!(
        ran.stderr
            .contains("that of `TOKEN_OF_BERLIN` may be invalid now"),
        "{ran}"
    );
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_file_that_is_of_no_use_is_told_before_anything_is_sent() {
    let (server, shell) = shop().await;
    let nowhere = run(&shell, &FETCH, &["--token-file", "nowhere/token"]);
    snapshot("token-nowhere", &nowhere);
    shell.write("token", "\n");
    snapshot("token-empty", &run(&shell, &FETCH, &KEPT));
    let media = ["fetch", "specs/media_insights.yaml", "stories"];
    snapshot("token-none", &run(&shell, &media, &KEPT));
    assert!(server.log().all().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_token_that_is_refused_is_told_from_the_variable() {
    let (_server, shell) = shop().await;
    shell.write("token", "another-token\n");
    snapshot("token-refused", &run(&shell, &FETCH, &KEPT));
    let load = ["load", "shop.yaml", "--to", "sqlite:out.db"];
    let loaded = run(&shell, &load, &KEPT);
    assert!(loaded.stderr.contains("without the file"), "{loaded}");
    std::fs::remove_file(shell.path("token")).unwrap();
    assert_eq!(run(&shell, &FETCH, &KEPT).code, 0);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_was_asked_for_is_kept_though_the_run_is_interrupted() {
    let (server, shell) = shop().await;
    server.tokens().slow(std::time::Duration::from_millis(200));
    let args = [&FETCH[..], &KEPT].concat();
    let ran = crate::interrupted(&shell, &args, 1, &server).await;
    assert_eq!(ran.code, 130, "{ran}");
    let kept = shell.read("token");
    assert_eq!(kept.trim_end(), server.tokens().refresh_token().unwrap());
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn who_interrupts_is_told_that_the_token_is_spent() {
    let (server, shell) = shop().await;
    let slow = Fault::Slow(std::time::Duration::from_secs(60));
    server.faults().at(0, slow);
    // The token, and then the page that does not come to its end.
    let ran = crate::interrupted(&shell, &FETCH, 2, &server).await;
    snapshot("token-interrupted", &ran);
}
