//! `rest-source state`.

use std::{collections::BTreeSet, sync::Arc, sync::Mutex};

use rest_source_cli::{Context, Output};
use rest_source_testkit::{Asked, Reply, Scripted};
use serde_json::{Value, json};

use crate::{postgres, shell::Shell};

const SPEC: &str = "\
name: shop
client: { base_url: BASE, paginator: single_page }
resource_defaults: { primary_key: id, write_disposition: merge, endpoint: { data_selector: data } }
resources:
  - name: orders
    endpoint: { incremental: { cursor_path: at, start_param: since } }
    columns: { id: bigint!, at: timestamp! }
  - name: users
    columns: { id: bigint! }
  - name: posts
    endpoint:
      path: \"users/{resources.users.id}/posts\"
      incremental: { cursor_path: at, start_param: since }
    columns: { id: bigint!, at: bigint! }
";

/// A shop whose requests are told by their `since`.
struct Shop {
    shell: Shell,
    server: Scripted,
    since: Arc<Mutex<BTreeSet<String>>>,
}

impl Shop {
    async fn new() -> Self {
        let since = Arc::new(Mutex::new(BTreeSet::new()));
        let seen = Arc::clone(&since);
        let server = Scripted::start(move |asked: &Asked| {
            let start = asked.param("since").unwrap_or("none");
            seen.lock()
                .unwrap()
                .insert(format!("{} {start}", asked.path()));
            Reply::json(&json!({ "data": match asked.path() {
                "/orders" => json!([{ "id": 1, "at": "2026-11-01T00:00:00Z" }, { "id": 2, "at": "2026-11-20T00:00:00Z" }]),
                "/users" => json!([{ "id": 7 }, { "id": 8 }]),
                _ => json!([{ "id": 1, "at": 5 }]),
            } }))
        });
        let server = server.await.unwrap();
        let shell = Shell::new();
        shell.write("shop.yaml", &SPEC.replace("BASE", server.url()));
        Self {
            shell,
            server,
            since,
        }
    }

    /// Runs a command line, in which `FOLDER` is that of the shop. Returns the exit code, stdout and stderr.
    async fn run(&self, line: &str) -> (u8, String, String) {
        let folder = self.shell.path("").display().to_string();
        let line = line.replace("FOLDER/", &folder);
        let output = Output::default();
        let context = Context::default().output(&output);
        let code = rest_source_cli::run(line.split(' '), &context).await;
        (code, output.stdout(), output.stderr())
    }

    async fn succeeds(&self, line: &str) -> String {
        let ran = self.run(line).await;
        assert_eq!(ran.0, 0, "{line}: {ran:?}");
        ran.1
    }

    /// The starts of the requests for a path in a load.
    async fn starts(&self, to: &str, path: &str) -> Vec<String> {
        self.since.lock().unwrap().clear();
        self.succeeds(&format!("rest-source load FOLDER/shop.yaml --to {to}"))
            .await;
        let since = self.since.lock().unwrap();
        let starts = since.iter().filter_map(|one| one.strip_prefix(path));
        starts.map(|start| start.trim().to_owned()).collect()
    }

    async fn states(&self, to: &str) -> Value {
        let shown = self
            .succeeds(&format!("rest-source state show --to {to} --format json"))
            .await;
        let shown: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(shown["version"], 1);
        shown["states"].clone()
    }
}

async fn destinations(name: &str) -> Vec<String> {
    let local = ["sqlite:FOLDER/out.db", "jsonl:FOLDER/out"].map(str::to_owned);
    local
        .into_iter()
        .chain(postgres::schema(name).await)
        .collect()
}

#[tokio::test]
async fn states_are_shown_set_and_reset() {
    for to in destinations("state").await {
        let shop = Shop::new().await;
        assert_eq!(shop.starts(&to, "/orders ").await, ["none"]);
        let shown = shop
            .succeeds(&format!(
                "rest-source state show --to {to} --resource orders"
            ))
            .await;
        assert!(
            shown.starts_with(
                "source  resource  cursor  value                 partitions  stored\n"
            ),
            "{shown}"
        );
        assert!(
            shown.contains("shop    orders    at      2026-11-20T00:00:00Z"),
            "{shown}"
        );
        let states = shop.states(&to).await;
        let orders = &states[0];
        assert_eq!(orders["resource"], "orders");
        assert_eq!(
            orders["cursor"],
            json!({ "column": "at", "type": "timestamp", "value": "2026-11-20T00:00:00Z" })
        );
        assert_eq!(states[1]["partitions"], json!({ "[7]": "5", "[8]": "5" }));
        assert_eq!(shop.starts(&to, "/orders ").await, ["2026-11-20T00:00:00Z"]);

        let set = "rest-source state set FOLDER/shop.yaml orders";
        let (code, _, said) = shop.run(&format!("{set} 2026-11-05 --to {to}")).await;
        assert_eq!(
            (code, said.as_str()),
            (
                0,
                "`orders`: 2026-11-20T00:00:00Z -> 2026-11-05T00:00:00Z\n"
            )
        );
        assert_eq!(shop.starts(&to, "/orders ").await, ["2026-11-05T00:00:00Z"]);
        let (code, _, said) = shop.run(&format!("{set} yesterday --to {to}")).await;
        assert_eq!(code, 2);
        assert!(
            said.contains("the value `yesterday` is not a valid timestamp"),
            "{said}"
        );
        let (code, _, said) = shop
            .run(&format!(
                "rest-source state set FOLDER/shop.yaml users 1 --to {to}"
            ))
            .await;
        assert_eq!(code, 2, "{said}");

        let reset = format!("rest-source state reset orders --to {to}");
        let (code, _, said) = shop.run(&reset).await;
        assert_eq!(code, 2);
        assert!(said.contains("answer by `--yes`"), "{said}");
        shop.succeeds(&format!("{reset} --yes")).await;
        assert_eq!(shop.states(&to).await[0]["cursor"], Value::Null);
        assert_eq!(shop.starts(&to, "/orders ").await, ["none"]);
        assert_eq!(shop.starts(&to, "/users/7/posts ").await, ["5"]);
        shop.succeeds(&format!(
            "rest-source state reset posts --partition [7] --to {to} --yes"
        ))
        .await;
        assert_eq!(shop.starts(&to, "/users/7/posts ").await, ["none"]);
        shop.succeeds(&format!(
            "rest-source state set FOLDER/shop.yaml posts 3 --partition [8] --to {to}"
        ))
        .await;
        assert_eq!(shop.starts(&to, "/users/8/posts ").await, ["3"]);
        let (code, _, said) = shop
            .run(&format!("rest-source state reset others --to {to} --yes"))
            .await;
        assert_eq!(code, 2);
        assert!(
            said.contains("no state of `others` is stored here"),
            "{said}"
        );
        assert!(said.contains("`orders`, `posts`"), "{said}");
    }
}

#[tokio::test]
async fn exported_states_are_imported() {
    for to in destinations("export").await {
        let shop = Shop::new().await;
        shop.starts(&to, "/orders ").await;
        let export = format!("rest-source state export --to {to}");
        let document = shop.succeeds(&export).await;
        let parsed: Value = serde_json::from_str(&document).unwrap();
        assert_eq!(parsed["version"], 1);
        assert_eq!(
            parsed["states"][0]["state"]["cursor"]["value"],
            "2026-11-20T00:00:00Z"
        );
        shop.shell.write("states.json", &document);
        shop.succeeds(&format!("rest-source state reset orders --to {to} --yes"))
            .await;
        shop.succeeds(&format!("rest-source state reset posts --to {to} --yes"))
            .await;
        let import = format!("rest-source state import FOLDER/states.json --to {to}");
        assert_eq!(shop.run(&import).await.0, 2);
        shop.succeeds(&format!("{import} --yes")).await;
        let again: Value = serde_json::from_str(&shop.succeeds(&export).await).unwrap();
        assert_eq!(again["states"], parsed["states"]);
        assert_eq!(shop.starts(&to, "/orders ").await, ["2026-11-20T00:00:00Z"]);
        assert_eq!(shop.starts(&to, "/users/7/posts ").await, ["5"]);
        for (wrong, why) in [
            ("{}".to_owned(), "expected the version 1, found none"),
            (
                document.replacen("\"version\": 1", "\"version\": 9", 1),
                "expected the version 1, found 9",
            ),
            (
                document.replacen("\"resource\": \"orders\"", "\"resource\": \"others\"", 1),
                "is one of",
            ),
            (
                document.replacen("\"value\": \"2026-11-20T00:00:00Z\"", "\"value\": 7", 1),
                "the state of `orders`",
            ),
            (
                document.replacen(
                    "\"value\": \"2026-11-20T00:00:00Z\"",
                    "\"value\": \"soon\"",
                    1,
                ),
                "the state of `orders`: `soon` at `/cursor/value` is not a valid timestamp, the type of the cursor `at`",
            ),
            (
                document.replacen("\"value\": \"5\"", "\"value\": \"five\"", 2),
                "`five` at `/partitions/[7]/value` is not a valid bigint",
            ),
        ] {
            shop.shell.write("states.json", &wrong);
            let (code, _, said) = shop.run(&format!("{import} --yes")).await;
            assert_eq!(code, 2, "{said}");
            assert!(said.contains(why), "{said}");
        }
    }
}

#[tokio::test]
async fn export_replaces_only_a_file_of_an_export() {
    let shop = Shop::new().await;
    let to = "sqlite:FOLDER/out.db";
    shop.starts(to, "/orders ").await;
    let export = format!("rest-source state export --to {to} --output FOLDER/states.json");
    shop.succeeds(&export).await;
    let first = shop.shell.read("states.json");
    shop.succeeds(&export).await;
    assert!(first.contains("\"exported\""), "{first}");
    shop.shell.write("states.json", "name: shop\n");
    let (code, _, said) = shop.run(&export).await;
    assert_eq!(code, 2, "{said}");
    assert!(
        said.contains("exists and does not hold exported states: it is not replaced"),
        "{said}"
    );
    assert_eq!(shop.shell.read("states.json"), "name: shop\n");
}

#[tokio::test]
async fn state_of_another_prefix_is_named_with_its_source() {
    let shop = Shop::new().await;
    let to = "sqlite:FOLDER/out.db";
    shop.starts(to, "/orders ").await;
    let (code, _, said) = shop
        .run(&format!(
            "rest-source state set FOLDER/shop.yaml orders 2026-11-05 --table-prefix a_ --to {to}"
        ))
        .await;
    assert_eq!(code, 2);
    assert!(
        said.contains("no state of `orders` of the source `shop/a_` is stored here")
            && said.contains("help: it has that of the source `shop`;"),
        "{said}"
    );
}

#[tokio::test]
async fn state_of_a_resource_that_is_being_loaded_is_not_changed() {
    let shop = Shop::new().await;
    let to = "sqlite:FOLDER/out.db";
    shop.starts(to, "/orders ").await;
    let folder = std::fs::read_dir(shop.shell.path("")).unwrap().count();
    let key = rest_source_load::ResourceKey {
        source: "shop".to_owned(),
        resource: "orders".to_owned(),
        part: String::new(),
    };
    let path = shop.shell.path(&format!("out.db-lock-{}", key.file_name()));
    let holder = rest_source_load::LockHolder::of_process(rest_source::Timestamp::EPOCH);
    let lock = rest_source_load::FileLock::lock(&path, &holder)
        .unwrap()
        .unwrap();
    let (code, _, said) = shop
        .run(&format!("rest-source state reset orders --to {to} --yes"))
        .await;
    assert_eq!(code, 5, "{said}");
    assert!(
        said.contains("`orders` is being loaded into the same destination"),
        "{said}"
    );
    drop(lock);
    shop.succeeds(&format!("rest-source state reset orders --to {to} --yes"))
        .await;
    assert_eq!(
        std::fs::read_dir(shop.shell.path("")).unwrap().count(),
        folder
    );
}

#[tokio::test]
async fn file_of_a_fetch_is_shown_set_and_reset() {
    let shop = Shop::new().await;
    shop.succeeds("rest-source fetch FOLDER/shop.yaml orders --state FOLDER/orders.json")
        .await;
    let shown = shop
        .succeeds("rest-source state show --file FOLDER/orders.json")
        .await;
    assert!(
        shown.contains("orders    at      2026-11-20T00:00:00Z"),
        "{shown}"
    );
    shop.succeeds(
        "rest-source state set FOLDER/shop.yaml orders 2026-11-05 --file FOLDER/orders.json",
    )
    .await;
    assert!(
        shop.shell
            .read("orders.json")
            .contains("2026-11-05T00:00:00Z")
    );
    assert_eq!(
        shop.run("rest-source state reset --file FOLDER/orders.json")
            .await
            .0,
        2
    );
    shop.succeeds("rest-source state reset --file FOLDER/orders.json --yes")
        .await;
    assert!(!shop.shell.path("orders.json").exists());
    assert_eq!(
        shop.run("rest-source state reset --file FOLDER/orders.json --yes")
            .await
            .0,
        2
    );
    assert_eq!(
        shop.run("rest-source state show --file FOLDER/orders.json")
            .await
            .0,
        2
    );
}

#[tokio::test]
async fn token_of_an_api_is_not_shown() {
    let shop = Shop::new().await;
    let state = json!({
        "version": 3, "resource": "orders", "request": {}, "start": null, "seen_by": { "key": ["id"] }, "seen": [],
        "cursor": { "column": "token of the last page", "type": "text", "value": "s3cr3t" },
    });
    shop.shell.write("orders.json", &state.to_string());
    for format in ["text", "json"] {
        let shown = shop
            .succeeds(&format!(
                "rest-source state show --file FOLDER/orders.json --format {format}"
            ))
            .await;
        assert!(shown.contains("token of the last page"), "{shown}");
        assert!(!shown.contains("s3cr3t"), "{shown}");
    }
}

#[tokio::test]
async fn destination_without_states_says_so() {
    let shop = Shop::new().await;
    shop.shell.write("empty.db", "");
    let (code, _, said) = shop
        .run("rest-source state show --to sqlite:FOLDER/empty.db")
        .await;
    assert_eq!((code, said.as_str()), (0, "no state is stored\n"));
    let (code, _, said) = shop
        .run("rest-source state show --to sqlite:FOLDER/none.db")
        .await;
    assert_eq!(code, 2, "{said}");
    assert!(!shop.shell.path("none.db").exists());
    assert!(shop.server.asked().is_empty());
}
