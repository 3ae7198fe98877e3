//! The server, driven by a scripted client.

#![allow(clippy::unwrap_used, clippy::panic)]

mod client;
mod fuzz;
mod speed;

use serde_json::{Value, json};

use client::{Client, URI, labels};

const SPEC: &str = "config: { org: text }
client:
  base_url: https://api.example.com/{config.org}
  auth: { type: bearer, token: \"{secrets.token}\" }
  paginator: single_page
resources:
  - name: stories
    primary_key: id
    endpoint: { path: /stories }
    columns:
      id: text!
      title: text
  - name: comments
    endpoint: { path: \"/stories/{resources.stories.id}/comments\" }
    columns:
      id: bigint!
";

#[test]
fn a_session_opens_types_completes_renames_and_fixes() {
    let mut client = Client::open(SPEC);
    assert_eq!(client.diagnostics(), Vec::<Value>::new());

    // A key is typed, and completed while its line is incomplete.
    client.replace(
        "    endpoint: { path: /stories }\n",
        "    endpoint: { path: /stories }\n    write\n",
    );
    let at = client.text.find("write\n").unwrap() + 5;
    let found = client
        .ask_at_byte("textDocument/completion", at, json!({}))
        .unwrap();
    let item = found
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["label"] == "write_disposition")
        .unwrap();
    assert_eq!(item["textEdit"]["newText"], "write_disposition: ");
    assert!(
        item["documentation"]["value"]
            .as_str()
            .unwrap()
            .contains("write_disposition: merge")
    );
    assert!(!labels(&found).contains(&"primary_key"));
    client.replace("    write\n", "    write_disposition: upsert\n");

    // The word of another tool is reported, and fixed.
    let found = client.diagnostics();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0]["severity"], 1);
    let code = found[0]["code"].as_str().unwrap().to_lowercase();
    let href = found[0]["codeDescription"]["href"].as_str().unwrap();
    assert!(
        href.ends_with(&format!("/docs/DIAGNOSTICS.md#{code}")),
        "{href}"
    );
    let actions = client.ask_at("textDocument/codeAction", "upsert").unwrap();
    let fix = actions
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["kind"] == "quickfix")
        .unwrap();
    assert_eq!(
        (&fix["isPreferred"], &fix["title"]),
        (&json!(true), &json!("Here it is called `merge`"))
    );
    let edit = fix["edit"].clone();
    client.apply(&edit);
    assert!(client.text.contains("write_disposition: merge\n"));
    assert_eq!(client.diagnostics(), Vec::<Value>::new());

    // The resource is renamed in its declaration and in its child.
    let prepared = client
        .ask_at("textDocument/prepareRename", "stories\n")
        .unwrap();
    assert_eq!(prepared["placeholder"], "stories");
    let new = json!({ "newName": "articles" });
    let edit = client
        .ask_with("textDocument/rename", "stories\n", new)
        .unwrap();
    client.apply(&edit);
    assert!(
        client.text.contains("- name: articles\n")
            && client.text.contains("{resources.articles.id}")
    );
    assert!(client.text.contains("{ path: /stories }"));
    assert_eq!(client.diagnostics(), Vec::<Value>::new());
    client.close();
}

#[test]
fn names_are_followed_and_columns_are_shown_with_their_types() {
    let mut client = Client::open(SPEC);
    client.diagnostics();
    let definition = client.ask_at("textDocument/definition", "org}").unwrap();
    assert_eq!(
        definition[0]["range"]["start"],
        json!({ "line": 0, "character": 10 })
    );
    let references = client
        .ask_at("textDocument/references", "id: text!")
        .unwrap();
    let lines: Vec<_> = references
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["range"]["start"]["line"].clone())
        .collect();
    assert_eq!(lines, [7, 10, 13]);
    let hover = client.ask_at("textDocument/hover", "title").unwrap();
    assert!(
        hover["contents"]["value"]
            .as_str()
            .unwrap()
            .contains("Option<String>"),
        "{hover}"
    );
    let hints = client.ask_whole("textDocument/inlayHint").unwrap();
    let shown: Vec<_> = hints
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["label"].as_str().unwrap())
        .collect();
    assert_eq!(shown, ["String", "Option<String>", "i64"]);
    let outline = client.ask_whole("textDocument/documentSymbol").unwrap();
    let resources = &outline[2]["children"];
    assert_eq!(
        (&resources[0]["name"], &resources[0]["children"][1]["name"]),
        (&json!("stories"), &json!("title"))
    );
    client.close();
}

#[test]
fn a_broken_document_keeps_its_names() {
    let mut client = Client::open(SPEC);
    client.diagnostics();
    client.replace("paginator: single_page", "paginator: {{{ [");
    client.replace("stories.id}/comments\"", "stories.");
    let at = client.text.find("{resources.stories.").unwrap() + "{resources.stories.".len();
    let found = client
        .ask_at_byte("textDocument/completion", at, json!({}))
        .unwrap();
    assert_eq!(labels(&found), ["id", "title"]);
    let outline = client.ask_whole("textDocument/documentSymbol").unwrap();
    assert_eq!(outline[2]["children"].as_array().unwrap().len(), 2);
    let refused = client.ask_with("textDocument/rename", "org:", json!({ "newName": "team" }));
    assert!(refused.unwrap_err().contains("syntax error"));
    assert_eq!(client.diagnostics()[0]["code"], "RS0001");
    client.close();
}

#[test]
fn a_rename_that_would_break_the_spec_is_refused() {
    let spec = format!("resource_defaults:\n  primary_key: id\n{SPEC}");
    let mut client = Client::open(&spec);
    let rename = |client: &mut Client, at: &str, name: &str| {
        client
            .ask_with("textDocument/rename", at, json!({ "newName": name }))
            .unwrap_err()
    };
    assert!(rename(&mut client, "org:", "1 2").contains("not a valid name"));
    assert!(
        rename(&mut client, "stories\n", "comments")
            .contains("there is a resource `comments` already")
    );
    assert!(
        rename(&mut client, "id: text!", "key")
            .contains("`resource_defaults` names the column `id`")
    );
    assert!(rename(&mut client, "paginator", "pages").contains("no secret"));
    client.close();
}

#[test]
fn an_uncertain_fix_is_not_preferred() {
    let mut client = Client::open(&SPEC.replace("primary_key: id", "primary_key: idd"));
    let actions = client.ask_at("textDocument/codeAction", "idd").unwrap();
    assert_eq!(actions[0]["isPreferred"], false);
    assert!(
        actions
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["kind"] == "quickfix")
    );
    client.close();
}

#[test]
fn credentials_of_a_document_do_not_leave_it() {
    const SECRET: &str = "sk_live_4f9a8b7c6d5e";
    let spec = SPEC
        .replace("\"{secrets.token}\"", SECRET)
        .replace("bearer, token", "bearer, tokn");
    let mut client = Client::open(&spec);
    client.diagnostics();
    client.replace("tokn", "token");
    client.diagnostics();
    let at = client.text.find(SECRET).unwrap();
    for offset in 0..SECRET.len() {
        for method in METHODS {
            let _ = client.ask_at_byte(method, at + offset, json!({ "newName": "x" }));
        }
    }
    client.replace(" paginator", "paginator");
    client.diagnostics();
    for method in METHODS {
        let _ = client.ask_whole(method);
        let _ = client.ask_at_byte(method, at, json!({ "newName": "x", "position": "none" }));
    }
    let leaks = client.received.iter().filter(|one| one.contains(SECRET));
    assert_eq!(leaks.collect::<Vec<_>>(), Vec::<&String>::new());
    client.close();
}

#[test]
fn bytes_are_counted_where_the_client_offers_it() {
    let utf8 = json!({ "general": { "positionEncodings": ["utf-16", "utf-8"] } });
    let spec = SPEC.replace("{ path: /stories }", "{ path: \"/é𝄞/{config.org}\" }");
    let column = |capabilities: Value| {
        let mut client = Client::open_with(&spec, capabilities);
        let references = client.ask_at("textDocument/references", "org:").unwrap();
        let found = references[2]["range"]["start"]["character"].clone();
        let encoding = client.capabilities["positionEncoding"].clone();
        client.close();
        (encoding, found)
    };
    assert_eq!(column(json!({})), (json!("utf-16"), json!(36)));
    assert_eq!(column(utf8), (json!("utf-8"), json!(39)));
}

#[test]
fn the_protocol_is_kept() {
    let mut client = Client::open(SPEC);
    client.notify("textDocument/didChange", json!({ "no": "document" }));
    client.notify("$/setTrace", json!({ "value": "off" }));
    assert_eq!(
        client.ask("textDocument/unknown", json!({})),
        Err("unknown method".to_owned())
    );
    assert_eq!(
        client.ask("textDocument/hover", json!([1])),
        Err("the parameters are invalid".to_owned())
    );
    let elsewhere = json!({ "textDocument": { "uri": "file:///b.yaml" }, "position": { "line": 0, "character": 0 } });
    assert_eq!(client.ask("textDocument/hover", elsewhere), Ok(Value::Null));
    client.notify(
        "textDocument/didClose",
        json!({ "textDocument": { "uri": URI } }),
    );
    assert_eq!(client.ask_at("textDocument/hover", "name"), Ok(Value::Null));
    client.close();
}

/// All requests about a document.
const METHODS: [&str; 10] = [
    "textDocument/completion",
    "textDocument/hover",
    "textDocument/definition",
    "textDocument/references",
    "textDocument/documentHighlight",
    "textDocument/prepareRename",
    "textDocument/rename",
    "textDocument/codeAction",
    "textDocument/documentSymbol",
    "textDocument/inlayHint",
];
