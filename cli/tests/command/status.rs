//! `rest-source status`.

use std::time::{Duration, SystemTime};

use rest_source_cli::{Context, Output};
use rest_source_testkit::{ManualClock, Reply, Scripted};
use serde_json::{Value, json};

use crate::{postgres, shell::Shell};

const SPEC: &str = "\
name: shop
config: { base_url: text }
client: { base_url: \"{config.base_url}\", retry: { max_retries: 0 } }
resources:
  - name: orders
    endpoint: { path: orders, data_selector: items, paginator: single_page }
    columns: { id: bigint! }
  - name: users
    endpoint: { path: users, data_selector: items, paginator: single_page }
    columns: { id: bigint! }
";

/// A command of a shop whose time a test sets.
struct Shop {
    shell: Shell,
    clock: ManualClock,
    url: String,
}

impl Shop {
    fn new(server: &Scripted) -> Self {
        let shell = Shell::new();
        shell.write("shop.yaml", SPEC);
        Self {
            shell,
            clock: ManualClock::starting_at(
                SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000),
            ),
            url: server.url().to_owned(),
        }
    }

    /// Runs a command line, in which `FOLDER` is that of the shop. Returns the exit code, stdout and stderr.
    async fn run(&self, line: &str) -> (u8, String, String) {
        let folder = self.shell.path("").display().to_string();
        let line = line.replace("FOLDER/", &folder);
        let output = Output::default();
        let context = Context::default()
            .output(&output)
            .clock(self.clock.clone())
            .variable("SHOP_BASE_URL", &self.url);
        let code = rest_source_cli::run(line.split(' '), &context).await;
        (code, output.stdout(), output.stderr())
    }
}

/// Serves orders, and users at first.
async fn serve() -> Scripted {
    let users = std::sync::atomic::AtomicU32::new(0);
    Scripted::start(move |asked| {
        let is_second = asked.path() == "/users"
            && users.fetch_add(1, std::sync::atomic::Ordering::Relaxed) > 0;
        if is_second {
            return Reply::status(403).body("no \u{1b}[2J longer");
        }
        Reply::json(&json!({ "items": [{ "id": 1 }, { "id": 2 }] }))
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn last_load_of_each_resource_is_shown_with_its_age_and_error() {
    let postgres = postgres::schema("status").await;
    let destinations = ["sqlite:FOLDER/out.db", "jsonl:FOLDER/out"].map(str::to_owned);
    for to in destinations.into_iter().chain(postgres) {
        let server = serve().await;
        let shop = Shop::new(&server);
        let load = format!("rest-source load FOLDER/shop.yaml --to {to}");
        let status = format!("rest-source status --to {to}");
        assert_eq!(shop.run(&load).await.0, 0);
        shop.clock.advance(Duration::from_secs(3 * 3_600));
        assert_eq!(shop.run(&load).await.0, 3);
        shop.clock.advance(Duration::from_secs(600));

        let (code, shown, _) = shop.run(&status).await;
        assert_eq!(code, 0);
        assert_eq!(
            shown,
            "\
source  resource  last load   status  rows  last success
shop    orders    10 min ago  loaded     2  10 min ago
shop    users     10 min ago  failed     0  3 h 10 min ago
  error: `users`: answered 403
",
            "{to}"
        );
        let (_, json, _) = shop.run(&format!("{status} --format json")).await;
        let json: Value = serde_json::from_str(&json).unwrap();
        let users = &json["loads"][1];
        assert_eq!(json["version"], 1);
        assert_eq!(users["status"], "failed");
        assert_eq!(users["age_seconds"], 600);
        assert_eq!(users["last_success"], "2026-09-21T14:13:20Z");
        assert!(users["error"].as_str().unwrap().contains("answered 403"));

        let (code, _, said) = shop.run(&format!("{status} --max-age 4h")).await;
        assert_eq!((code, said.as_str()), (0, ""));
        let (code, _, said) = shop.run(&format!("{status} --max-age 3h")).await;
        assert_eq!(
            (code, said.as_str()),
            (
                4,
                "error: the last success of `users` of `shop` is 3 h 10 min old, more than 3 h\n"
            )
        );
        let other = shop
            .run(&format!("{status} --source other --max-age 3h"))
            .await;
        assert_eq!(other.0, 4, "{other:?}");
    }
}

#[tokio::test]
async fn destination_without_loads_says_so_and_is_not_created() {
    let server = serve().await;
    let shop = Shop::new(&server);
    let (code, _, said) = shop
        .run("rest-source status --to sqlite:FOLDER/none.db")
        .await;
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("there is no database"), "{said}");
    assert!(!shop.shell.path("none.db").exists());
    shop.shell.write("empty.db", "");
    let (code, shown, said) = shop
        .run("rest-source status --to sqlite:FOLDER/empty.db")
        .await;
    assert_eq!(
        (code, shown.as_str(), said.as_str()),
        (0, "", "no load is recorded\n")
    );
    let (code, ..) = shop
        .run("rest-source status --to sqlite:FOLDER/empty.db --max-age 24h")
        .await;
    assert_eq!(code, 4);
    let (code, _, said) = shop.run("rest-source status --to jsonl:FOLDER/none").await;
    assert_eq!((code, said.as_str()), (0, "no load is recorded\n"));
    assert!(!shop.shell.path("none").exists());
}
