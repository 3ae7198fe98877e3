//! `sql`: queries over the sources of a project, over specs, and over files.

use rest_source_testkit::{Reply, Scripted};
use rusqlite::Connection;
use serde_json::json;

use crate::shell::{Ran, Shell};

/// A server with five repositories, and an order of each. `/broken` answers 404. Every request needs the key of its source.
async fn server() -> Scripted {
    let started = Scripted::start(|asked| {
        let source = asked.path().split('/').nth(1).unwrap_or_default();
        if asked.header("x-key") != Some(&format!("key-of-{source}")) {
            return Reply::status(401);
        }
        if source == "broken" {
            return Reply::status(404);
        }
        let (offset, limit) = (asked.number_in("offset"), asked.number_in("limit"));
        let (offset, limit) = (offset.unwrap_or(0), limit.unwrap_or(0));
        let rows: Vec<_> = (1..=5)
            .skip(offset)
            .take(limit)
            .map(|id| {
                json!({
                    "id": id, "name": format!("n{id}"), "price": format!("{id}.25"), "tags": ["a", "b,c"],
                    "at": format!("2026-11-0{id}T10:00:00Z"),
                })
            })
            .collect();
        Reply::json(&json!({ "total": 5, "items": rows }))
    });
    started.await.unwrap()
}

/// A shell with a project of these sources, without a key for `locked`.
fn shell(server: &Scripted, sources: &[&str]) -> Shell {
    let mut shell = Shell::new();
    let mut project =
        "destinations: { warehouse: { to: \"sqlite:out.db\" } }\nsources:\n".to_owned();
    for source in sources {
        let url = server.url();
        let spec = format!(
            "name: {source}
client:
  base_url: {url}/{source}
  paginator: {{ type: offset, limit: 2, total_path: total }}
  retry: {{ max_retries: 0 }}
  auth: {{ type: api_key, name: X-Key, api_key: \"{{secrets.key}}\" }}
resources:
  - name: items
    primary_key: id
    write_disposition: merge
    endpoint: {{ path: rows, data_selector: items }}
    columns:
      id: bigint
      name: text!
      price: {{ data_type: decimal, precision: 6, scale: 2 }}
      tags: {{ data_type: array, items: text! }}
      at: timestamp!
"
        );
        shell.write(&format!("apis/{source}.yaml"), &spec);
        project.push_str(&format!("  {source}: {{ spec: apis/{source}.yaml }}\n"));
        if *source != "locked" {
            let key = format!("key-of-{source}");
            shell = shell.with(&format!("{}_KEY", source.to_uppercase()), &key);
        }
    }
    shell.write("rest-source.yaml", &project);
    shell
}

fn succeeded(ran: Ran) -> String {
    assert_eq!(ran.code, 0, "{ran}");
    ran.stdout
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_printed_as_fetch_prints_them() {
    let server = server().await;
    let shell = shell(&server, &["shop"]);
    for format in ["table", "jsonl", "csv"] {
        let query = "SELECT * FROM shop.items ORDER BY id";
        let queried = succeeded(shell.run(&["sql", query, "--format", format]));
        let fetched =
            succeeded(shell.run(&["fetch", "apis/shop.yaml", "items", "--format", format]));
        assert_eq!(queried, fetched);
    }
    let none = "SELECT id, name FROM shop.items WHERE id > 7";
    assert_eq!(
        succeeded(shell.run(&["sql", none, "--format", "csv"])),
        "id,name\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_sends_one_request_and_explain_none() {
    let server = server().await;
    let shell = shell(&server, &["shop"]);
    let explain = succeeded(shell.run(&["sql", "EXPLAIN SELECT id FROM shop.items"]));
    assert!(explain.contains("logical_plan"), "{explain}");
    assert!(server.asked().is_empty());
    let query = "SELECT name FROM shop.items LIMIT 2";
    assert_eq!(
        succeeded(shell.run(&["sql", query, "--format", "csv"])),
        "name\nn1\nn2\n"
    );
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_are_joined_with_each_other_and_with_files() {
    let server = server().await;
    let shell = shell(&server, &["shop", "market"]);
    let crm = Connection::open(shell.path("crm.db")).unwrap();
    crm.execute_batch("CREATE TABLE people (id INTEGER, email TEXT); INSERT INTO people VALUES (2, 'two@example.com')")
        .unwrap();
    let loaded = shell.run(&["load", "apis/market.yaml", "--to", "parquet:files"]);
    assert_eq!(loaded.code, 0, "{loaded}");
    let query = "SELECT s.name, m.price, p.email, f.at FROM shop.items s JOIN market.items m ON s.id = m.id \
                 JOIN crm.people p ON p.id = s.id JOIN files f ON f.id = s.id";
    let args = [
        "sql",
        query,
        "--project",
        "rest-source.yaml",
        "--sqlite",
        "crm=crm.db",
        "--parquet",
        "files=files/items",
        "--format",
        "jsonl",
    ];
    let expected = "{\"name\":\"n2\",\"price\":\"2.25\",\"email\":\"two@example.com\",\"at\":\"2026-11-02T10:00:00Z\"}\n";
    assert_eq!(succeeded(shell.run(&args)), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_sources_that_a_query_names_need_their_secrets() {
    let server = server().await;
    let shell = shell(&server, &["shop", "locked"]);
    let counted = succeeded(shell.run(&[
        "sql",
        "SELECT count(*) AS n FROM shop.items",
        "--format",
        "csv",
    ]));
    assert_eq!(counted, "n\n5\n");
    let asked = server.asked().len();
    let locked = shell.run(&["sql", "SELECT count(*) FROM locked.items"]);
    assert_eq!(locked.code, 2, "{locked}");
    assert!(locked.stderr.contains("LOCKED_KEY"), "{locked}");
    assert_eq!(server.asked().len(), asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_listed() {
    let server = server().await;
    let shell = shell(&server, &["shop"]);
    let listed = succeeded(shell.run(&["sql", "SHOW TABLES", "--format", "csv"]));
    assert!(listed.contains("shop,items"), "{listed}");
    assert!(server.asked().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_have_the_exit_codes_of_fetch_and_name_what_is_wrong() {
    let server = server().await;
    let shell = shell(&server, &["shop", "broken"]);
    for (query, code, says) in [
        ("SELECT colour FROM shop.items", 2, "colour"),
        ("SELEC 1", 2, "SELEC"),
        ("SELECT id FROM shop.nothing", 2, "SHOW TABLES"),
        ("SELECT id FROM items", 2, "SHOW TABLES"),
        ("CREATE TABLE t AS SELECT id FROM shop.items", 2, "DDL"),
        ("COPY (SELECT id FROM shop.items) TO 'out.csv'", 2, "DML"),
        ("SELECT id FROM broken.items", 3, "404"),
        (
            "SELECT sum(id) FROM shop.items JOIN broken.items USING (id)",
            3,
            "404",
        ),
    ] {
        let ran = shell.run(&["sql", query]);
        assert_eq!(ran.code, code, "{query}: {ran}");
        assert!(ran.stderr.contains(says), "{query}: {ran}");
        assert!(!ran.stderr.contains("key-of"), "{ran}");
    }
    assert!(!shell.path("out.csv").exists());
    let spec = shell.run(&[
        "sql",
        "SELECT id FROM shop.items",
        "--spec",
        "apis/shop.yaml",
        "--max-requests",
        "1",
    ]);
    assert_eq!(spec.code, 4, "{spec}");
    let missing = shell.run(&[
        "sql",
        "SELECT id FROM shop.items",
        "--project",
        "nowhere.yaml",
    ]);
    assert_eq!(missing.code, 2, "{missing}");
    assert!(missing.stderr.contains("--spec"), "{missing}");
}
