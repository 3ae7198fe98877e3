//! Two processes that load one resource.

use std::{
    process::Child,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use rest_source_testkit::{Asked, Mishap, Place, Reply, Scripted};
use serde_json::json;

use crate::shell::{Ran, Shell};

/// Answers with one order, the first time after this pause.
async fn serve(pause: Duration) -> (Scripted, Shell) {
    let is_first = AtomicBool::new(true);
    let answer = move |_: &Asked| {
        let reply = Reply::json(&json!({ "data": [{ "id": 1 }] }));
        if is_first.swap(false, Ordering::Relaxed) {
            reply.mishap(Place::BeforeHead, Mishap::Pause(pause))
        } else {
            reply
        }
    };
    let server = Scripted::start(answer).await.unwrap();
    let shell = Shell::new();
    let spec = format!(
        "name: shop\nclient:\n  base_url: {}\n  paginator: single_page\n  timeout: {{ request: 2m }}\nresources:\n  \
         - name: orders\n    primary_key: id\n    write_disposition: merge\n    endpoint: {{ data_selector: data }}\n    \
         columns: {{ id: bigint! }}\n",
        server.url()
    );
    shell.write("shop.yaml", &spec);
    shell.write(
        "rest-source.yaml",
        "destinations: { out: { to: \"sqlite:out.db\" } }\nsources: { shop: { spec: shop.yaml, destination: out } }\n",
    );
    (server, shell)
}

/// Starts a load, and waits until it has sent its request.
async fn start(server: &Scripted, shell: &Shell, to: &str) -> Child {
    let before = server.asked().len();
    let load = shell
        .command(&["load", "shop.yaml", "--to", to])
        .spawn()
        .unwrap();
    while server.asked().len() == before {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    load
}

fn run(shell: &Shell, args: &[&str]) -> Ran {
    Ran::of(shell.command(args).output().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn second_process_is_refused_before_a_request_and_the_first_succeeds() {
    for to in ["sqlite:out.db", "jsonl:out"] {
        let (server, shell) = serve(Duration::from_secs(4)).await;
        let first = start(&server, &shell, to).await;
        let ran = run(&shell, &["load", "shop.yaml", "--to", to]);
        assert_eq!(ran.code, 5, "{ran}");
        let holder = format!(
            "error: `orders` is being loaded into the same destination by process {} on `",
            first.id()
        );
        assert!(ran.stderr.starts_with(&holder), "{ran}");
        assert!(
            ran.stderr
                .contains("help: run it again when the other load has ended"),
            "{ran}"
        );
        let ran = run(&shell, &["load", "shop.yaml", "--to", to, "--wait", "1s"]);
        assert_eq!(ran.code, 5, "{ran}");
        assert!(
            ran.stderr.contains("waiting: `orders` is being loaded"),
            "{ran}"
        );
        assert!(ran.stderr.contains("waited for it for 1 s"), "{ran}");
        if to == "sqlite:out.db" {
            let ran = run(&shell, &["run"]);
            assert_eq!(ran.code, 5, "{ran}");
            let ran = run(&shell, &["status", "--to", to]);
            assert!(ran.stdout.contains("  running  "), "{ran}");
        }
        assert_eq!(server.asked().len(), 1);
        let ran = run(&shell, &["load", "shop.yaml", "--to", to, "--wait"]);
        assert_eq!(ran.code, 0, "{ran}");
        assert!(ran.stderr.contains("waiting: `orders`"), "{ran}");
        let first = Ran::of(first.wait_with_output().unwrap());
        assert_eq!(first.code, 0, "{first}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lock_of_a_killed_process_is_free_at_once_and_the_history_tells_it() {
    for to in ["sqlite:out.db", "jsonl:out"] {
        let (server, shell) = serve(Duration::from_secs(60)).await;
        let mut first = start(&server, &shell, to).await;
        first.kill().unwrap();
        first.wait().unwrap();
        let ran = run(&shell, &["status", "--to", to]);
        assert!(ran.stdout.contains("  interrupted  "), "{ran}");
        let begun = Instant::now();
        let ran = run(&shell, &["load", "shop.yaml", "--to", to]);
        assert_eq!(ran.code, 0, "{ran}");
        assert!(begun.elapsed() < Duration::from_secs(30));
        let ran = run(&shell, &["status", "--to", to]);
        assert!(ran.stdout.contains("  loaded  "), "{ran}");
        if to == "sqlite:out.db" {
            let database = rusqlite::Connection::open(shell.path("out.db")).unwrap();
            let sql = "SELECT group_concat(status, ' ' ORDER BY started) FROM _rest_source_loads";
            let statuses: String = database.query_row(sql, [], |row| row.get(0)).unwrap();
            assert_eq!(statuses, "interrupted loaded");
        }
    }
}
