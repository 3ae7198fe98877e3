//! Secrets and settings from files and commands, and the list of them.

use rest_source_testkit::{Server, data};

use crate::shell::{Ran, Shell, snapshot};

const SPEC: &str = "\
name: shop
config:
  base_url: { type: text, description: Where the shop is. }
  region: { type: enum, values: [eu, us], default: eu }
  team: { type: bigint, optional: true }
secrets:
  api_key: { description: The API key. }
client:
  base_url: \"{config.base_url}\"
  paginator: { type: offset, limit: 100 }
  auth: { type: api_key, name: api_key, api_key: \"{secrets.api_key}\", location: query }
resources:
  - name: stories
    endpoint: { path: /v1/stories, data_selector: data }
    columns: { id: text! }
";

const WRONG: &str = "wr0ng-s3cr3t";

/// A shell with the spec `shop.yaml`, and its server.
async fn shop() -> (Server, Shell) {
    let server = Server::start(data::media_insights()).await.unwrap();
    let shell = Shell::new().with("SHOP_BASE_URL", server.url());
    shell.write("shop.yaml", SPEC);
    private(&shell, ".env", &format!("SHOP_API_KEY={WRONG}\n"));
    (server, shell)
}

/// A file that only its owner can read.
fn private(shell: &Shell, name: &str, text: &str) {
    shell.write(name, text);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(shell.path(name), mode).unwrap();
    }
}

/// Runs it, and looks for secrets in what it prints.
#[track_caller]
fn run(shell: &Shell, args: &[&str], more: &[&str]) -> Ran {
    let ran = shell.run(&[args, more].concat());
    let printed = ran.to_string();
    for secret in [data::API_KEY, WRONG] {
        assert!(!printed.contains(secret), "{printed}");
    }
    ran
}

const FETCH: [&str; 5] = ["fetch", "shop.yaml", "stories", "--limit", "1"];
const LIST: [&str; 2] = ["secrets", "shop.yaml"];

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn sources_are_asked_in_order() {
    let (_server, mut shell) = shop().await;
    let key = data::API_KEY;
    let wrong = format!("printf SHOP_API_KEY={WRONG}");
    let right = format!("echo '{{\"SHOP_API_KEY\": \"{key}\"}}'");
    // Each source overrides the ones before.
    let ran = run(&shell, &FETCH, &["--secrets-command", &right]);
    assert_eq!(ran.code, 0, "{ran}");
    let file = ["--env-file", ".env", "--secrets-command", &right];
    assert_eq!(run(&shell, &FETCH, &file).code, 3);
    private(
        &shell,
        "later.env",
        &format!("export SHOP_API_KEY='{key}'\n"),
    );
    let file = [
        "--env-file",
        ".env",
        "--env-file",
        "later.env",
        "--secrets-command",
        &wrong,
    ];
    assert_eq!(run(&shell, &FETCH, &file).code, 0);
    let listed = run(&shell, &LIST, &file);
    assert!(listed.stdout.contains("env file later.env"), "{listed}");
    private(&shell, "credentials/SHOP_API_KEY", key);
    shell = shell.with("CREDENTIALS_DIRECTORY", "credentials");
    let wrong_file = ["--env-file", ".env", "--secrets-command", &wrong];
    assert_eq!(run(&shell, &FETCH, &wrong_file).code, 0);
    let listed = run(&shell, &LIST, &wrong_file);
    assert!(listed.stdout.contains("credential "), "{listed}");
    private(&shell, "credentials/SHOP_API_KEY", WRONG);
    private(&shell, "key", &format!("{key}\n"));
    shell = shell.with("SHOP_API_KEY_FILE", "key");
    assert_eq!(run(&shell, &FETCH, &wrong_file).code, 0);
    let listed = run(&shell, &LIST, &wrong_file);
    assert!(listed.stdout.contains("file key"), "{listed}");
    private(&shell, "key", WRONG);
    shell = shell.with("SHOP_API_KEY", key);
    assert_eq!(run(&shell, &FETCH, &wrong_file).code, 0);
    // An empty value counts as not set everywhere.
    private(&shell, "key", "\n");
    private(&shell, "credentials/SHOP_API_KEY", "");
    private(&shell, "empty.env", "SHOP_API_KEY=");
    shell = shell.with("SHOP_API_KEY", "");
    let empty = ["--env-file", "empty.env", "--secrets-command", &right];
    assert_eq!(run(&shell, &FETCH, &empty).code, 0);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn load_and_infer_read_files_too() {
    let (_server, shell) = shop().await;
    private(
        &shell,
        ".env",
        &format!("SHOP_API_KEY='{}'\nTO=sqlite:out.db\n", data::API_KEY),
    );
    let load = ["load", "shop.yaml", "--to", "env:TO"];
    let ran = run(&shell, &load, &["--env-file", ".env"]);
    assert_eq!(ran.code, 0, "{ran}");
    assert!(shell.rows("out.db", "stories") > 0);
    let infer = ["infer", "shop.yaml", "stories"];
    let ran = run(&shell, &infer, &["--env-file", ".env"]);
    assert_eq!(ran.code, 0, "{ran}");
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_listed_with_where_they_are_found() {
    let (server, shell) = shop().await;
    let missing = run(&shell, &LIST, &[]);
    snapshot("secrets-missing", &missing);
    snapshot(
        "secrets-found",
        &run(&shell, &LIST, &["--env-file", ".env"]),
    );
    let more = [
        "--env-file",
        ".env",
        "--config",
        "team=7",
        "--format",
        "json",
    ];
    snapshot("secrets-json", &run(&shell, &LIST, &more));
    // The value of a variable that is not a region may be a secret.
    private(
        &shell,
        "wrong.env",
        &format!("SHOP_API_KEY='a'\nSHOP_REGION={WRONG}\n"),
    );
    let wrong = run(&shell, &LIST, &["--env-file", "wrong.env"]);
    assert_eq!(wrong.code, 2, "{wrong}");
    assert!(
        wrong.stderr.contains("`SHOP_REGION` must be one of"),
        "{wrong}"
    );
    assert!(server.log().all().is_empty());
}

#[test]
fn choice_of_credentials_needs_the_secrets_of_one() {
    let spec = "\
name: shop
client:
  base_url: https://api.example.com
  paginator: single_page
  auth:
    type: one_of
    choices:
      bearer: { type: bearer, token: \"{secrets.token}\" }
      basic: { type: http_basic, username: \"{secrets.user}\", password: \"{secrets.password}\" }
resources:
  - name: stories
    columns: { id: text! }
";
    let mut shell = Shell::new().with("SHOP_USER", "me");
    shell.write("shop.yaml", spec);
    snapshot("secrets-choice-missing", &run(&shell, &LIST, &[]));
    shell = shell.with("SHOP_PASSWORD", WRONG);
    snapshot("secrets-choice", &run(&shell, &LIST, &[]));
    shell = shell.with("SHOP_TOKEN", WRONG);
    let several = run(&shell, &LIST, &[]);
    assert_eq!(several.code, 2, "{several}");
}

#[test]
fn path_of_a_file_is_not_a_setting_of_that_name() {
    let spec = "\
name: shop
config: { key: { type: text, default: a }, key_file: text }
client: { base_url: \"https://api.example.com/{config.key}/{config.key_file}\", paginator: single_page }
resources: [{ name: stories, columns: { id: text! } }]
";
    let shell = Shell::new().with("SHOP_KEY_FILE", "nowhere");
    shell.write("shop.yaml", spec);
    let listed = run(&shell, &LIST, &[]);
    assert_eq!(listed.code, 0, "{listed}");
    assert!(
        listed.stdout.contains("setting `key`       default"),
        "{listed}"
    );
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn source_that_cannot_be_read_is_named() {
    let (server, mut shell) = shop().await;
    shell.write(
        "broken.env",
        &format!("# comment\nSHOP_API_KEY={WRONG} x\n"),
    );
    shell.write("public.env", &format!("SHOP_API_KEY={WRONG}\n"));
    let public = run(&shell, &LIST, &["--env-file", "public.env"]);
    assert!(
        public
            .stderr
            .starts_with("warning: every user of this machine can read `public.env`"),
        "{public}"
    );
    let failing = format!("echo {WRONG}; echo sealed >&2; exit 3");
    let json = format!("echo '{{\"data\": {{\"SHOP_API_KEY\": \"{WRONG}\"}}}}'");
    let mut shown = String::new();
    for more in [
        ["--env-file", "nowhere.env"],
        ["--env-file", "broken.env"],
        ["--secrets-command", &failing],
        ["--secrets-command", &json],
        ["--secrets-command", &format!("echo {WRONG}")],
        ["--secrets-command", "kill $$"],
    ] {
        let ran = run(&shell, &FETCH, &more);
        assert_eq!(ran.code, 2, "{ran}");
        shown += &ran.stderr;
    }
    shell = shell.with("SHOP_API_KEY_FILE", "nowhere");
    shown += &run(&shell, &FETCH, &[]).stderr;
    let listed = run(&shell, &LIST, &[]);
    assert_eq!(listed.code, 2, "{listed}");
    assert!(listed.stdout.contains("unreadable"), "{listed}");
    shell = shell.with("SHOP_API_KEY_FILE", "");
    std::fs::create_dir_all(shell.path("credentials/SHOP_API_KEY")).unwrap();
    shell = shell.with("CREDENTIALS_DIRECTORY", "credentials");
    let last = run(&shell, &FETCH, &[]);
    shown += &last.stderr;
    snapshot(
        "secrets-unreadable",
        &Ran {
            stderr: shown,
            ..last
        },
    );
    assert!(server.log().all().is_empty());
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn signal_ends_the_secrets_command() {
    let (_server, shell) = shop().await;
    let command = "echo $$ > pid; exec sleep 60";
    let args = [&FETCH[..], &["--secrets-command", command]].concat();
    let child = shell.command(&args).spawn().unwrap();
    let pid = loop {
        let pid = std::fs::read_to_string(shell.path("pid")).unwrap_or_default();
        if pid.ends_with('\n') {
            break pid.trim().to_owned();
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    let kill = |signal: &str, pid: &str| {
        let killed = std::process::Command::new("kill")
            .args([signal, pid])
            .output();
        killed.unwrap().status.success()
    };
    assert!(kill("-TERM", &child.id().to_string()));
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ran.code, 143, "{ran}");
    assert!(!kill("-0", &pid), "the command still runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn token_of_a_token_file_is_found() {
    let (_server, shell) = crate::tokens::shop().await;
    let list = ["secrets", "shop.yaml", "--token-file", "token"];
    private(&shell, "token", "kept\n");
    let listed = run(&shell, &list, &[]);
    assert_eq!(listed.code, 0, "{listed}");
    assert!(listed.stdout.contains("token file token"), "{listed}");
    assert!(!shell.path("token.lock").exists());
}

#[test]
fn status_finds_its_destination_in_an_env_file_and_creates_nothing() {
    let shell = Shell::new();
    private(&shell, "etl.env", "WAREHOUSE=sqlite:nowhere.db\n");
    let ran = shell.run(&["status", "--to", "env:WAREHOUSE", "--env-file", "etl.env"]);
    assert_eq!(ran.code, 2, "{ran}");
    assert!(ran.stderr.contains("no database `nowhere.db`"), "{ran}");
    assert!(!shell.path("nowhere.db").exists());
}
