//! Specs inferred from pages.

use std::{collections::BTreeSet, fmt::Write as _, fs};

use rest_source_codegen::write::{Node, read, usual, value_text};
use rest_source_testkit::{Paging, Reply, Scripted, Server, Style, data};
use serde_json::{Value, json};

use crate::shell::{Ran, Shell, snapshot};

/// A page of these records under `items`.
fn body(from: u64, count: u64) -> String {
    let ids = from..from + count;
    let items: Vec<Value> = ids
        .map(|id| json!({ "id": id, "name": format!("thing {id}") }))
        .collect();
    json!({ "items": items, "total": 60 }).to_string()
}

#[test]
fn bodies_become_a_new_spec_that_passes_the_check() {
    let shell = Shell::new();
    shell.write("1.json", &body(0, 30));
    let url = "https://api.example.com/v1/things?kind=a";
    let args = ["infer", url, "--from", "1.json"];
    let printed = shell.run(&args);
    snapshot("infer_a_new_spec", &printed);

    let written = shell.run(&[&args[..], &["--write"]].concat());
    assert_eq!(
        (written.code, written.stdout.as_str()),
        (0, ""),
        "{written}"
    );
    assert_eq!(shell.read("example.yaml"), printed.stdout);
    let checked = shell.run(&["check", "example.yaml"]);
    assert_eq!(checked.code, 0, "{checked}");
    let again = shell.run(&[&args[..], &["--write"]].concat());
    assert_eq!(again.code, 2, "{again}");
    assert!(again.stderr.contains("already exists"), "{again}");
}

const SPEC: &str = "\
name: shop
client:
  base_url: https://api.example.com
  auth: { type: bearer, token: \"{secrets.token}\" }
resources:
  # The things.
  - name: things
    endpoint:
      path: /v1/things
      headers: { X-Password: hunter2 }
      data_selector: items
    columns:
      id: bigint!   # the key
      price: double
";

#[test]
fn diff_of_a_spec_is_printed_and_applied() {
    let shell = Shell::new();
    shell.write("shop.yaml", SPEC);
    shell.write("1.json", &body(0, 30));
    let args = ["infer", "shop.yaml", "things", "--from", "1.json"];
    snapshot("infer_a_diff", &shell.run(&args));
    assert_eq!(shell.read("shop.yaml"), SPEC);

    let written = shell.run(&[&args[..], &["--write"]].concat());
    assert_eq!(
        (written.code, written.stdout.as_str()),
        (0, ""),
        "{written}"
    );
    let text = shell.read("shop.yaml");
    assert!(
        text.contains("# The things.") && text.contains("id: bigint!   # the key"),
        "{text}"
    );
    assert_eq!(shell.run(&["check", "shop.yaml"]).code, 0);
    let again = shell.run(&args);
    assert_eq!((again.code, again.stdout.as_str()), (0, ""), "{again}");
    assert!(
        again.stderr.ends_with("`shop.yaml` needs no change\n"),
        "{again}"
    );
}

#[test]
fn inputs_that_show_nothing_are_errors_that_say_what_to_do() {
    let shell = Shell::new();
    shell.write("shop.yaml", SPEC);
    shell.write("empty.json", "");
    shell.write("page.html", "<html>");
    shell.write("none.json", "{\"items\": []}");
    shell.write("elsewhere.json", "{\"rows\": [{\"id\": 1}]}");
    shell.write("folder/note.txt", "");
    let cases: [(&[&str], &str); 8] = [
        (
            &["shop.yaml", "--from", "empty.json"],
            "`empty.json`: the page is empty",
        ),
        (
            &["shop.yaml", "--from", "page.html"],
            "`page.html`: not JSON",
        ),
        (
            &["shop.yaml", "--from", "none.json"],
            "no record in 1 page at `items`",
        ),
        (
            &["shop.yaml", "--from", "elsewhere.json"],
            "no record in 1 page at `items`",
        ),
        (
            &["shop.yaml", "--from", "missing.json"],
            "cannot read `missing.json`",
        ),
        (
            &["shop.yaml", "--from", "folder"],
            "has no saved pages\n  help: save some by `rest-source fetch",
        ),
        (
            &["shop.yaml", "others", "--from", "none.json"],
            "has no resource `others`",
        ),
        (
            &["https://me:pw@api.example.com/a", "--from", "none.json"],
            "without credentials",
        ),
    ];
    for (args, message) in cases {
        let ran = shell.run(&[&["infer"], args].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{ran}");
        assert!(ran.stderr.contains(message), "{message}\n{ran}");
    }
}

/// The quickstart's spec without what `infer` finds.
fn bare(spec: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut bare = String::new();
    let mut left_out = None;
    for line in spec.lines() {
        if left_out.is_some_and(|above| line.trim().is_empty() || indent(line) > above) {
            continue;
        }
        left_out = None;
        match line.trim_start() {
            "columns:" => bare += "    columns: json\n",
            "incremental:" => {}
            _ => {
                bare += line;
                bare += "\n";
                continue;
            }
        }
        left_out = Some(indent(line));
    }
    bare
}

#[tokio::test(flavor = "multi_thread")]
async fn quickstart_is_inferred_from_its_api() {
    let server = Server::start(data::media_insights()).await.unwrap();
    let shell = Shell::new().with("MEDIA_INSIGHTS_API_KEY", data::API_KEY);
    let file = "specs/media_insights.yaml";
    let whole = shell.read(file);
    shell.write(file, &bare(&whole));
    for resource in [
        "media_insights",
        "user_insights",
        "stories",
        "story_insights",
    ] {
        let infer = ["infer", file, resource, "--pages", "10", "--write"];
        let ran = shell.run(&[&infer[..], &["--base-url", server.url()]].concat());
        assert_eq!(ran.code, 0, "{ran}");
        assert!(!ran.to_string().contains(data::API_KEY), "{ran}");
    }
    for resource in [
        "media_insights",
        "user_insights",
        "stories",
        "story_insights",
    ] {
        let fetch = ["fetch", file, resource, "--format", "jsonl"];
        let fetched = shell.run(&[&fetch[..], &["--base-url", server.url()]].concat());
        assert_eq!(fetched.code, 0, "{fetched}");
    }
    let (before, after) = (facts(&whole), facts(&shell.read(file)));
    let missing = before.difference(&after).map(|fact| ["- ", fact, "\n"]);
    let added = after.difference(&before).map(|fact| ["+ ", fact, "\n"]);
    let differences: String = missing.chain(added).flatten().collect();
    // Precision, `closed` and the first start are decisions. The API has a word and a column that the spec lacks.
    insta::assert_snapshot!("quickstart_differences", differences);
}

#[tokio::test(flavor = "multi_thread")]
async fn saved_pages_of_a_whole_spec_show_what_it_does_not_declare() {
    let server = Server::start(data::media_insights()).await.unwrap();
    let shell = Shell::new().with("MEDIA_INSIGHTS_API_KEY", data::API_KEY);
    let file = "specs/media_insights.yaml";
    let fetch = [
        "fetch",
        file,
        "media_insights",
        "--save",
        "pages",
        "--format",
        "jsonl",
    ];
    let fetched = shell.run(&[&fetch[..], &["--base-url", server.url()]].concat());
    assert_eq!(fetched.code, 0, "{fetched}");
    snapshot(
        "infer_from_saved_pages",
        &shell.run(&["infer", file, "media_insights", "--from", "pages"]),
    );
    // `pages/*.json` names a page twice.
    let page = "pages/media_insights-0001.exchange.json";
    let infer = ["infer", file, "media_insights", "--from", page];
    let once = shell.run(&infer);
    let twice = shell.run(&[&infer[..], &["pages/media_insights-0001.json"]].concat());
    assert!(once.stderr.contains("pages: 1"), "{once}");
    assert_eq!(once.stderr, twice.stderr);
    assert_eq!(once.stdout, twice.stdout);
    let other = shell.run(&["infer", file, "stories", "--from", "pages"]);
    assert_eq!(other.code, 2, "{other}");
    assert!(
        other
            .stderr
            .contains("help: the pages are of `media_insights`"),
        "{other}"
    );
}

/// What a spec says apart from descriptions, a line for each scalar, in any order.
fn facts(spec: &str) -> BTreeSet<String> {
    fn collect(node: &Node, path: &str, facts: &mut BTreeSet<String>) {
        match node {
            Node::Map(map) => {
                for entry in map
                    .entries
                    .iter()
                    .filter(|entry| entry.key != "description")
                {
                    collect(&entry.value, &format!("{path}.{}", entry.key), facts);
                }
            }
            Node::List(elements) => {
                for element in elements {
                    let name = element.value.as_map().and_then(|map| map.get("name"));
                    let name = name.and_then(Node::as_text).unwrap_or_default();
                    collect(&element.value, &format!("{path}[{name}]"), facts);
                }
            }
            scalar => _ = facts.insert(format!("{path}: {}", value_text(scalar, 0))),
        }
    }
    let mut facts = BTreeSet::new();
    collect(&Node::Map(usual(&read(spec).unwrap())), "", &mut facts);
    facts
}

/// The lines of a part of the printed spec, with the comments above it.
#[track_caller]
fn part(ran: &Ran, key: &str) -> String {
    let lines: Vec<&str> = ran.stdout.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let start = lines
        .iter()
        .position(|line| line.trim_start().starts_with(key));
    let start = start.unwrap_or_else(|| panic!("{ran}"));
    let above = lines[..start]
        .iter()
        .rev()
        .take_while(|line| line.trim_start().starts_with('#'))
        .count();
    let own = indent(lines[start]);
    let below = lines[start + 1..]
        .iter()
        .take_while(|line| indent(line) > own)
        .count();
    let lines = lines[start - above..=start + below].iter();
    lines.flat_map(|line| [&line[own..], "\n"]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_paginator_is_found_by_requests() {
    let server = Server::start(data::media_insights()).await.unwrap();
    let url = format!("{}/v1/stories", server.url());
    let mut found = String::new();
    for style in [
        Style::Offset,
        Style::Page(0),
        Style::Page(1),
        Style::Cursor,
        Style::HeaderCursor,
        Style::HeaderLink,
        Style::JsonLink,
    ] {
        server.set_paging(Paging {
            style,
            cap: 40,
            ..Paging::default()
        });
        let shell = Shell::new().with("API_API_KEY", data::API_KEY);
        let ran = shell.run(&["infer", &url, "--auth", "query:api_key"]);
        assert_eq!(ran.code, 0, "{ran}");
        assert!(!ran.to_string().contains("k3y"), "{ran}");
        let _ = writeln!(found, "{style:?}\n{}", part(&ran, "paginator:"));
        assert!(ran.stderr.contains("records: 120, pages: 3"), "{ran}");

        // The new spec fetches all records.
        fs::write(shell.path("new.yaml"), &ran.stdout).unwrap();
        let fetched = shell.run(&["fetch", "new.yaml", "stories", "--format", "jsonl"]);
        assert_eq!(fetched.code, 0, "{ran}\n{fetched}");
        assert_eq!(fetched.stdout.lines().count(), 300, "{style:?}");
    }
    insta::assert_snapshot!("paginators", found);
}

#[tokio::test(flavor = "multi_thread")]
async fn scroll_is_found_by_requests() {
    let server = Scripted::start(|asked| {
        let from = if asked.param("scroll_id").is_some() {
            30
        } else {
            0
        };
        let body: Value = serde_json::from_str(&body(from, 30)).unwrap();
        Reply::json(&json!({ "_scroll_id": "DXF1ZXJ5", "items": body["items"] }))
    })
    .await
    .unwrap();
    let url = format!("{}/things", server.url());
    let ran = Shell::new().run(&["infer", &url, "--pages", "2"]);
    assert_eq!(ran.code, 0, "{ran}");
    insta::assert_snapshot!("scroll", part(&ran, "paginator:"));
}

/// A page of 60 things from a position, and whether there is more.
fn slice(from: u64, count: u64) -> (Vec<Value>, bool) {
    let ids = from..(from + count).min(60);
    let records = ids.map(|id| json!({ "id": id, "name": format!("thing {id}") }));
    (records.collect(), from + count < 60)
}

#[tokio::test(flavor = "multi_thread")]
async fn paginators_of_the_body_are_found_by_requests() {
    let server = Scripted::start(|asked| {
        let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
        let number = |name: &str, usual: u64| body[name].as_u64().unwrap_or(usual);
        match asked.path() {
            "/elastic" => {
                let (hits, _) = slice(number("from", 0), number("size", 10));
                Reply::json(&json!({ "hits": { "total": { "value": 60 }, "hits": hits } }))
            }
            "/pages" => {
                let (rows, _) = slice((number("page", 1) - 1) * 20, 20);
                Reply::json(&json!({ "rows": rows }))
            }
            _ => {
                let (results, has_more) = slice(number("start_cursor", 0), 25);
                let next = has_more.then(|| number("start_cursor", 0) + 25);
                Reply::json(&json!({ "results": results, "next_cursor": next }))
            }
        }
    })
    .await
    .unwrap();
    let url = server.url();
    let shell = Shell::new();
    for (path, json, want) in [
        ("elastic", "{ from: 0, size: 10 }", "offset_body_path: from"),
        ("pages", "{ kind: a, page: 1 }", "page_body_path: page"),
        ("notion", "{ kind: a }", "cursor_body_path: start_cursor"),
    ] {
        let spec = format!(
            "client: {{ base_url: \"{url}\" }}\nresources:\n  - name: things\n    endpoint:\n      path: /{path}\n      \
             method: POST\n      json: {json}\n    columns: json\n    write_disposition: replace\n"
        );
        shell.write("body.yaml", &spec);
        let ran = shell.run(&["infer", "body.yaml", "things", "--write"]);
        assert_eq!(ran.code, 0, "{ran}");
        let text = shell.read("body.yaml");
        assert!(text.contains(want), "{path}: {text}{ran}");
        let fetched = shell.run(&["fetch", "body.yaml", "things", "--format", "jsonl"]);
        assert_eq!(fetched.code, 0, "{text}\n{fetched}");
        assert_eq!(fetched.stdout.lines().count(), 60, "{path}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_import_is_not_certain_of_is_settled() {
    let server = Scripted::start(|asked| {
        let number =
            |name: &str, usual: u64| asked.number_in(name).map_or(usual, |number| number as u64);
        if asked.path() == "/whole" {
            return Reply::json(&json!({ "items": slice(0, 60).0 }));
        }
        let (items, _) = slice(number("skip", 0), number("take", 20));
        Reply::json(&json!({ "items": items, "total": 60 }))
    })
    .await
    .unwrap();
    let url = server.url();
    let shell = Shell::new();
    let command = format!("curl '{url}/things?skip=0&take=20'");
    let made = shell.run(&["import", "curl", &command, "--output", "curl.yaml"]);
    assert_eq!(made.code, 0, "{made}");
    shell.write(
        "api.json",
        &json!({ "openapi": "3.0.0", "servers": [{ "url": url }], "paths": { "/things": { "get": { "responses": {
            "200": { "content": { "application/json": { "schema": { "properties": { "items": { "type": "array", "items": {
                "properties": { "id": { "type": "integer" }, "name": { "type": "string" } } } } } } } } } } } } } })
        .to_string(),
    );
    let made = shell.run(&["import", "openapi", "api.json", "--output", "openapi.yaml"]);
    assert_eq!(made.code, 0, "{made}");
    for file in ["curl.yaml", "openapi.yaml"] {
        assert!(shell.read(file).contains("paginator: single_page"));
        let ran = shell.run(&["infer", file, "things", "--write"]);
        assert_eq!(ran.code, 0, "{ran}");
        let text = shell.read(file);
        assert!(text.contains("offset_param: skip"), "{file}: {text}{ran}");
        assert!(!text.contains("Not certain"), "{file}: {text}");
        assert!(!text.contains("params:"), "{file}: {text}");
        let fetched = shell.run(&["fetch", file, "things", "--format", "jsonl"]);
        assert_eq!(fetched.stdout.lines().count(), 60, "{text}{fetched}");
    }

    // Nothing was found that is certain: the paginator of the spec stays, with its doubt.
    let command = format!("curl '{url}/whole'");
    let made = shell.run(&["import", "curl", &command, "--output", "whole.yaml"]);
    assert_eq!(made.code, 0, "{made}");
    let ran = shell.run(&["infer", "whole.yaml", "--write"]);
    assert_eq!(ran.code, 0, "{ran}");
    let text = shell.read("whole.yaml");
    assert!(
        text.contains("# Not certain: the command shows one page"),
        "{text}"
    );
    assert!(text.contains("paginator: single_page"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_page_after_which_none_was_found_is_a_doubt() {
    let server = Scripted::start(|_| Reply::json(&serde_json::from_str(&body(0, 30)).unwrap()));
    let server = server.await.unwrap();
    let url = format!("{}/things", server.url());
    let ran = Shell::new().run(&["infer", &url]);
    assert_eq!(ran.code, 0, "{ran}");
    insta::assert_snapshot!("no_paginator", part(&ran, "paginator:"));
    assert!(server.asked().len() < 40, "{}", server.asked().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_requests_and_missing_secrets_are_errors() {
    let server = Scripted::start(|asked| match asked.path() {
        "/html" => Reply::status(200).body("<html>"),
        "/empty" => Reply::json(&json!([])),
        _ => Reply::status(401),
    });
    let server = server.await.unwrap();
    for (path, further, code, message) in [
        ("/html", &[][..], 3, "not JSON"),
        ("/empty", &[], 2, "no record in 1 page"),
        ("/none", &[], 3, "401"),
        ("/none", &["--auth", "bearer"], 2, "API_TOKEN"),
        ("/none", &["--auth", "basic"], 2, "write it as `bearer`"),
        ("/none", &["--auth", "header:X Y"], 2, "for '--auth <KIND>'"),
        (
            "/none",
            &["--auth", "header:X Y"],
            2,
            "the name of a header",
        ),
    ] {
        let url = format!("{}{path}", server.url());
        let ran = Shell::new().run(&[&["infer", &url], further].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (code, ""), "{ran}");
        assert!(ran.stderr.contains(message), "{message}\n{ran}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn awkward_values_are_fetched_by_the_inferred_spec() {
    let hashes = ["YWJj", "ZGVmZw==", "aGk="];
    let record = |id: u64| {
        let mut record = json!({
            "id": format!("a-{id}"),
            "mixed": if id.is_multiple_of(2) { json!("a b") } else { json!(id) },
            "mixed exact": if id.is_multiple_of(2) { json!("a b") } else { json!(18_446_744_073_709_551_615_u64) },
            "late fraction": if id == 99 { json!(0.5) } else { json!(id) },
            "late null": if id > 96 { Value::Null } else { json!(true) },
            "amount": format!("{id}.50"),
            "count": id.to_string(),
            "flag": if id.is_multiple_of(3) { "true" } else { "false" },
            "list or text": if id == 3 { json!([1]) } else { json!("a") },
            "list with nulls": [id, null],
            "never": Value::Null,
            "kind": if id.is_multiple_of(3) { "x-1" } else { "x 2" },
            "day": format!("{:02}.01.2026", id % 28 + 1),
            "us": format!("01/{:02}/2026", id % 28 + 1),
            "mail": format!("Fri, {:02} Jan 2026 03:04:05 +0000", id % 28 + 1),
            "http": format!("Fri, {:02} Jan 2026 03:04:05 GMT", 2 + id % 4 * 7),
            "local": "2026-01-02 03:04:05",
            "minutes": "2026-01-02 03:04",
            "offset": "2026-01-02T03:04:05.123456+01:00",
            "compact": "2026-01-02T03:04:05+0100",
            "call": "/Date(1686577603496)/",
            "created": 1_767_323_045 + id,
            "modified_ms": 1_767_323_045_000_u64 + id,
            "clock": "03:04",
            "hash": hashes[usize::try_from(id % 3).unwrap()],
            "by day": { (format!("2026-01-{:02}", id % 28 + 1)): id },
            "owner": { "id": id, "name": if id == 7 { Value::Null } else { json!("a b") }, "tags": [] },
            "fn": 1, "type": "a b", "Type ": "b c", "1h": 1.5, "na\u{ef}ve \"key\"\n": 1, "": 2,
        });
        if id % 50 == 1 {
            record["sparse"] = json!(1);
        }
        record
    };
    let records: Vec<Value> = (0..100).map(record).collect();
    let server = Scripted::start(move |_| Reply::json(&json!({ "rows": records, "total": 100 })));
    let server = server.await.unwrap();
    let shell = Shell::new();
    let url = format!("{}/things", server.url());
    let ran = shell.run(&["infer", &url]);
    assert_eq!(ran.code, 0, "{ran}");
    shell.write("new.yaml", &ran.stdout);
    insta::assert_snapshot!("awkward_values", part(&ran, "columns:"));
    for format in ["jsonl", "csv"] {
        let fetched = shell.run(&["fetch", "new.yaml", "things", "--format", format]);
        assert_eq!(fetched.code, 0, "{ran}\n{fetched}");
        assert!(fetched.stderr.contains("100 records"), "{fetched}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_violate_the_declared_types_do_not_end_the_inference() {
    let server = Scripted::start(|asked| {
        let first = asked.number_in("page").unwrap_or(1) * 30 - 30;
        let record = |id: usize| {
            let price = if id == 7 { json!("free") } else { json!(id) };
            json!({ "userId": id, "price": price, "updatedAt": format!("2026-01-02T03:04:{:02}Z", id % 60) })
        };
        let records: Vec<Value> = (first..(first + 30).min(75)).map(record).collect();
        Reply::json(&json!({ "rows": records }))
    });
    let server = server.await.unwrap();
    let shell = Shell::new();
    let spec = format!(
        "\
name: shop
client: {{ base_url: {}, paginator: {{ type: page_number, base_page: 1 }} }}
resources:
  - name: users
    primary_key: userId
    endpoint:
      path: /users
      data_selector: rows
      incremental: {{ cursor_path: updatedAt, start_param: since }}
    columns:
      userId: bigint
      price: bigint!
      updatedAt: timestamp!
",
        server.url()
    );
    shell.write("shop.yaml", &spec);
    let ran = shell.run(&["infer", "shop.yaml", "--write"]);
    assert_eq!(ran.code, 0, "{ran}");
    assert!(
        ran.stderr
            .contains("columns.price: too narrow: 1 of 75 are not `bigint`; `union` takes all"),
        "{ran}"
    );
    let price = "price: { data_type: union, of: [text, bigint], nullable: false }";
    assert_eq!(
        shell.read("shop.yaml"),
        spec.replace("price: bigint!", price)
    );

    // A key whose name is not that of the column.
    let url = format!("{}/users", server.url());
    let ran = shell.run(&["infer", &url]);
    assert_eq!(ran.code, 0, "{ran}");
    assert!(ran.stdout.contains("primary_key: userId"), "{ran}");
    assert!(ran.stdout.contains("cursor_path: updatedAt"), "{ran}");
    shell.write("new.yaml", &ran.stdout);
    let loaded = shell.run(&["load", "new.yaml", "--to", "sqlite:new.db"]);
    assert_eq!(loaded.code, 0, "{ran}\n{loaded}");
    assert_eq!(shell.rows("new.db", "users"), 75);
}

#[tokio::test(flavor = "multi_thread")]
async fn place_of_records_that_is_found_is_used_for_further_pages() {
    let server = Scripted::start(|asked| {
        let first = asked.number_in("page").unwrap_or(1) as u64 * 30 - 30;
        let body: Value =
            serde_json::from_str(&body(first, 75_u64.saturating_sub(first).min(30))).unwrap();
        Reply::json(&json!({ "rows": body["items"], "warnings": [] }))
    });
    let server = server.await.unwrap();
    let shell = Shell::new();
    let spec = format!(
        "\
name: shop
client: {{ base_url: {}, paginator: {{ type: page_number, base_page: 1 }} }}
resources:
  - name: things
    primary_key: id
    endpoint: /things
    columns: {{ id: bigint! }}
",
        server.url()
    );
    shell.write("shop.yaml", &spec);
    let ran = shell.run(&["infer", "shop.yaml", "--write"]);
    assert_eq!(ran.code, 0, "{ran}");
    assert!(ran.stderr.contains("records: 75, pages: 3"), "{ran}");
    let fetched = shell.run(&["fetch", "shop.yaml", "things", "--format", "jsonl"]);
    assert_eq!(fetched.code, 0, "{ran}\n{fetched}");
    assert_eq!(fetched.stdout.lines().count(), 75, "{fetched}");
}

#[tokio::test(flavor = "multi_thread")]
async fn link_that_cannot_be_followed_is_not_certain() {
    for next in ["http://127.0.0.1:9/things?page=2", "/things?page=2"] {
        let server = Scripted::start(move |_| {
            let body: Value = serde_json::from_str(&body(0, 30)).unwrap();
            Reply::json(&json!({ "items": body["items"], "next": next }))
        });
        let server = server.await.unwrap();
        let url = format!("{}/things", server.url());
        let ran = Shell::new().run(&["infer", &url, "--pages", "2"]);
        assert_eq!(ran.code, 0, "{ran}");
        assert!(ran.stdout.contains("json_link"), "{ran}");
        let doubt = "endpoint.paginator: not certain: no request by it fetched a page 2";
        assert!(ran.stderr.contains(doubt), "{ran}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_a_child_are_not_those_of_its_parent() {
    let server = Scripted::start(|asked| match asked.path() {
        "/groups" => Reply::json(&json!([{ "id": 1, "title": "a" }, { "id": 2, "title": "b" }])),
        path => {
            let group: u64 = path.split('/').nth(2).unwrap().parse().unwrap();
            Reply::json(&json!({ "members": [{ "id": group * 10, "name": "a b" }] }))
        }
    });
    let server = server.await.unwrap();
    let shell = Shell::new();
    let spec = format!(
        "\
name: club
client: {{ base_url: {}, paginator: single_page }}
resources:
  - name: groups
    endpoint: /groups
    columns: {{ id: bigint!, title: text }}
  - name: members
    endpoint: \"/groups/{{resources.groups.id}}/members\"
    columns: json
",
        server.url()
    );
    shell.write("club.yaml", &spec);
    let ran = shell.run(&["infer", "club.yaml", "members"]);
    assert_eq!(ran.code, 0, "{ran}");
    assert!(
        ran.stderr.contains("records: 2, pages: 2, columns: 2"),
        "{ran}"
    );
    assert!(ran.stdout.contains("data_selector: members"), "{ran}");
}

#[tokio::test(flavor = "multi_thread")]
async fn secret_of_a_url_is_read_from_the_environment_instead() {
    let server = Scripted::start(|asked| {
        let is_known = asked.param("api_key") == Some("fr0m-the-environment");
        if is_known {
            Reply::json(&serde_json::from_str(&body(0, 30)).unwrap())
        } else {
            Reply::status(401)
        }
    });
    let server = server.await.unwrap();
    let url = format!("{}/things?api_key=fr0m-the-line&kind=a", server.url());
    let missing = Shell::new().run(&["infer", &url]);
    assert_eq!(missing.code, 2, "{missing}");
    assert!(missing.stderr.contains("API_API_KEY"), "{missing}");
    let ran = Shell::new()
        .with("API_API_KEY", "fr0m-the-environment")
        .run(&["infer", &url]);
    assert_eq!(ran.code, 0, "{ran}");
    assert!(ran.stdout.contains("params: { kind: a }"), "{ran}");
    for ran in [missing, ran] {
        assert!(!ran.to_string().contains("fr0m-the"), "{ran}");
    }
}
