//! Progress: a line every few seconds without a terminal, lines on a terminal.

use rest_source_testkit::{Reply, Scripted};
use serde_json::json;

use crate::shell::Shell;

const SPEC: &str = "\
name: shop
config: { base_url: text }
client: { base_url: \"{config.base_url}\" }
resources:
  - name: orders
    endpoint: { path: orders, data_selector: items, paginator: { type: page_number, base_page: 1, total_path: pages } }
    columns: { id: bigint! }
";

/// Serves two pages. The second one is to be asked for again after seven seconds.
async fn serve() -> (Scripted, Shell) {
    let server = Scripted::start(|asked| match (asked.number, asked.param("page")) {
        (1, _) => Reply::status(429).header("Retry-After", "7"),
        (_, page) => {
            let first = if page == Some("2") { 3 } else { 1 };
            Reply::json(&json!({ "items": [{ "id": first }, { "id": first + 1 }], "pages": 2 }))
        }
    })
    .await
    .unwrap();
    let shell = Shell::new().with("SHOP_BASE_URL", server.url());
    shell.write("shop.yaml", SPEC);
    (server, shell)
}

const LOAD: [&str; 4] = ["load", "shop.yaml", "--to", "sqlite:out.db"];

#[tokio::test(flavor = "multi_thread")]
async fn line_every_few_seconds_without_a_terminal_unless_quiet() {
    let (_server, shell) = serve().await;
    let ran = shell.run(&LOAD);
    assert_eq!(ran.code, 0, "{ran}");
    let line = ran.stderr.lines().next().unwrap();
    assert!(line.starts_with("orders: 1 page, 2 rows"), "{ran}");
    assert!(line.ends_with(" s: answered 429"), "{ran}");
    let (_server, shell) = serve().await;
    let quiet = shell.run(&[&LOAD[..], &["--quiet"]].concat());
    assert!(quiet.stderr.starts_with("resource"), "{quiet}");
    let short = shell.run(&LOAD);
    assert!(short.stderr.starts_with("resource"), "{short}");
}

/// Runs a command line in a terminal, and returns what the terminal got.
#[cfg(unix)]
fn in_terminal(shell: &Shell, line: &str) -> Option<String> {
    let command = env!("CARGO_BIN_EXE_rest-source");
    let line = format!("{command} {line}");
    let mut script = std::process::Command::new("script");
    script.args(["-qec", &line, "/dev/null"]);
    script.current_dir(shell.path(""));
    script.stdin(std::process::Stdio::null());
    script.env("TERM", "xterm").envs(shell.variables());
    let output = script.output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn lines_on_a_terminal_count_down_waits_and_are_removed() {
    let (_server, shell) = serve().await;
    let Some(shown) = in_terminal(&shell, "load shop.yaml --to sqlite:out.db -v") else {
        // The system has no `script`.
        return;
    };
    assert!(shown.contains("orders: 1 page, 2 rows"), "{shown}");
    for left in 2..7 {
        let wait = format!("waiting {left} s: answered 429");
        assert!(shown.contains(&wait), "{left}: {shown}");
    }
    assert!(shown.contains("why"), "the log: {shown}");
    assert!(
        shown.contains("orders            4          4          4         3"),
        "{shown}"
    );
    assert!(
        shown.rfind("waiting") < shown.rfind("\x1b[2K"),
        "the last line is removed: {shown:?}"
    );
    for quiet in ["TERM=dumb", "--quiet"] {
        let (_server, shell) = serve().await;
        let line = format!(
            "load shop.yaml --to sqlite:out.db {}",
            quiet.replace("TERM=dumb", "")
        );
        let shell = if quiet == "--quiet" {
            shell
        } else {
            shell.with("TERM", "dumb")
        };
        let shown = in_terminal(&shell, line.trim()).unwrap();
        assert!(!shown.contains("\x1b[2K"), "{quiet}: {shown:?}");
    }
}
