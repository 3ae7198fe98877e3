use super::*;
use crate::compile;

const EVERYTHING: &str = include_str!("../../../tests/everything.yaml");

/// A spec in which `|` marks the cursor, and the labels that it completes.
fn labels(marked: &str) -> Vec<String> {
    let at = marked.find('|').unwrap();
    let text = marked.replacen('|', "", 1);
    let tree = SpecTree::parse(
        "config: { org: text, site: { type: enum, values: { eu: { host: a }, us: { host: b } } } }\n\
         secrets: { token: {} }\n\
         resources: [{ name: stories, columns: { id: text!, at: timestamp } }]\n",
    );
    let found = completions(&text, at, &tree);
    found.list.into_iter().map(|one| one.label).collect()
}

#[track_caller]
fn assert_offers(marked: &str, offered: &[&str], others: &[&str]) {
    let labels = labels(marked);
    for label in offered {
        assert!(
            labels.iter().any(|one| one == label),
            "no {label}: {labels:?}"
        );
    }
    for label in others {
        assert!(labels.iter().all(|one| one != label), "{label}: {labels:?}");
    }
}

#[test]
fn keys_are_completed_by_the_grammar_without_those_that_are_there() {
    assert_offers(
        "client:\n  base_url: x\n  |\n",
        &["paginator", "auth"],
        &["base_url", "name"],
    );
    assert_offers("client:\n  |", &["base_url"], &["name"]);
    assert_offers("client: {}\n|", &["resources"], &["client", "base_url"]);
    assert_offers("resources:\n  - |\n", &["name", "columns"], &["base_url"]);
    assert_offers(
        "resources:\n  - name: a\n    endpoint: { path: /a, pag|\n",
        &["paginator"],
        &["path"],
    );
    assert_offers(
        "resources:\n  - name: a\n    end|: x\n",
        &["endpoint"],
        &["name"],
    );
    let first = labels("resources:\n  - description: x\n    |\n");
    assert_eq!(first.first().map(String::as_str), Some("name"));
}

#[test]
fn keys_of_a_family_follow_its_tag() {
    let spec = "client:\n  paginator:\n    type: offset\n    |\n";
    assert_offers(spec, &["limit", "total_path"], &["type", "cursor_path"]);
    assert_offers("client:\n  paginator:\n    |\n", &["type"], &[]);
}

#[test]
fn words_are_completed() {
    assert_offers(
        "client:\n  paginator: |\n",
        &["single_page", "json_link"],
        &["limit"],
    );
    assert_offers("client:\n  paginator: { type: | }\n", &["offset"], &[]);
    assert_offers(
        "resources:\n  - name: a\n    selected: |\n",
        &["true", "false"],
        &[],
    );
    assert_offers(
        "resources:\n  - name: a\n    columns:\n      id: |\n",
        &["text", "text!", "enum"],
        &["text2"],
    );
    assert_offers(
        "resources:\n  - name: a\n    write_disposition: m|\n",
        &["merge", "append"],
        &[],
    );
}

#[test]
fn names_are_completed_where_they_fit() {
    let spec =
        "resources:\n  - name: a\n    primary_key: [|\n    columns: { key: text, of: date }\n";
    assert_offers(spec, &["key", "of"], &["id"]);
    let spec = "resources:\n  - name: a\n    columns: { at: date }\n    endpoint: { incremental: { cursor_path: | } }\n";
    assert_offers(spec, &["at"], &["id"]);
    let spec = "resources:\n  - name: a\n    include_from_config: [|]\n";
    assert_offers(spec, &["org", "site"], &["id"]);
    let spec = "resources:\n  - name: a\n    include_from_parent: [|]\n    endpoint: { path: \"/{resources.stories.id}\" }\n";
    assert_offers(spec, &["id", "at"], &["org"]);
}

#[test]
fn placeholders_are_completed_in_broken_lines() {
    let endpoint = |text: &str| {
        format!("resources:\n  - name: a\n    endpoint: {{ path: {text}\n    columns: json\n")
    };
    assert_offers(
        &endpoint("\"/{|"),
        &["config.", "resources."],
        &["secrets.", "response."],
    );
    assert_offers(&endpoint("\"/{config.|"), &["org", "site"], &["token"]);
    assert_offers(&endpoint("\"/{config.site.|}\" }"), &["host"], &["org"]);
    assert_offers(&endpoint("\"/{resources.|"), &["stories"], &["a.b"]);
    assert_offers(
        &endpoint("\"/{resources.stories.|\""),
        &["id", "at"],
        &["org"],
    );
    let header = "client:\n  headers:\n    A: \"{secrets.|\"\n";
    assert_offers(header, &["token"], &["org"]);
    let column =
        "resources:\n  - name: a\n    columns:\n      at: { data_type: text, value: \"{|\" }\n";
    assert_offers(
        column,
        &["response.", "key", "index", "now"],
        &["secrets.", "resources."],
    );
    assert_eq!(
        labels("client:\n  base_url: \"{{config.|\"\n"),
        Vec::<String>::new()
    );
}

#[test]
fn a_completion_closes_its_placeholder_once() {
    let insert = |text: &str, after: &str| {
        let tree = SpecTree::parse("config: { org: text }\n");
        let found = completions(&format!("{text}{after}"), text.len(), &tree);
        found.list.into_iter().map(|one| one.insert).next()
    };
    let text = "client:\n  base_url: \"https://{config.";
    assert_eq!(insert(text, "\"").as_deref(), Some("org}"));
    assert_eq!(insert(text, "}\"").as_deref(), Some("org"));
}

/// The texts at which the name at a marked byte is written.
fn places(marked: &str) -> Vec<(usize, bool)> {
    let at = marked.find('|').unwrap();
    let text = marked.replacen('|', "", 1);
    let tree = SpecTree::parse(&text);
    let Some(one) = tree.symbol_at(at) else {
        return Vec::new();
    };
    let found = tree.occurrences(&one.symbol);
    found
        .map(|one| {
            assert_eq!(text.get(one.span.clone()), Some(one.symbol.name.as_str()));
            (
                text[..one.span.start].matches('\n').count() + 1,
                one.is_definition,
            )
        })
        .collect()
}

#[test]
fn names_are_found_where_they_are_declared_and_used() {
    let spec = "config: { org: text }
secrets: { token: {} }
client: { base_url: 'https://{config.org}.example.com', headers: { A: '{secrets.token}' } }
resources:
  - name: a
    primary_key: id
    endpoint: { path: '/{config.org}/{config.org}' }
    columns: { id: text!, 'at': date }
  - name: b
    include_from_parent: [id]
    partitions: { region: [eu] }
    include_from_partition: [region]
    endpoint: { path: '/{resources.a.id}/{partition.region}', where: \"@.id == 'x'\" }
    columns: { id: text }
";
    let at =
        |piece: &str| places(&spec.replacen(piece, &format!("{}|{}", &piece[..1], &piece[1..]), 1));
    assert_eq!(at("org}"), [(1, true), (3, false), (7, false), (7, false)]);
    assert_eq!(at("token}"), [(2, true), (3, false)]);
    assert_eq!(at("a.id"), [(5, true), (13, false)]);
    assert_eq!(
        at("id]"),
        [(6, false), (8, true), (10, false), (13, false), (13, false)]
    );
    assert_eq!(at("region}"), [(11, true), (12, false), (13, false)]);
    assert_eq!(at("at'"), [(8, true)]);
}

#[test]
fn keys_words_and_columns_are_explained() {
    let diagnostics = compile("specs/everything.yaml", EVERYTHING).diagnostics;
    let connector = compile("specs/everything.yaml", EVERYTHING).connector;
    let types = column_types(&connector.unwrap_or_else(|| panic!("{}", diagnostics.render())));
    let tree = SpecTree::parse(EVERYTHING);
    let hover = |piece: &str| {
        tree.hover(EVERYTHING.find(piece).unwrap(), &types)
            .unwrap()
            .text
    };
    let key = hover("max_retries");
    assert!(
        key.contains("**`max_retries`**: whole number")
            && key.contains("```yaml\nmax_retries: 5\n```"),
        "{key}"
    );
    assert!(hover("header_link").starts_with("**`header_link`**\n\n"));
    let column = hover("updated_at: timestamp");
    assert!(
        column.contains("Option<Timestamp>") && column.contains("`timestamp`"),
        "{column}"
    );
    assert!(hover("self: text").contains("Option<String>"));
    assert!(hover("org}/{kind}").contains("setting, text"));
}

#[test]
fn columns_are_shown_with_their_rust_types() {
    let text = "client: { base_url: 'https://api.example.com', paginator: single_page }
resources:
  - name: a
    columns:
      id: text!
      more: { data_type: object, fields: { at: date } }
";
    let compiled = compile("specs/a.yaml", text);
    let types = column_types(&compiled.connector.unwrap());
    let hints = SpecTree::parse(text).column_hints(&types);
    let shown: Vec<_> = hints
        .iter()
        .map(|(at, rust)| (&text[at - 4..*at], rust.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            ("ext!", "String"),
            ("ject", "Option<AMore>"),
            ("date", "Option<Date>")
        ]
    );
}

#[test]
fn every_byte_of_a_spec_of_everything_is_answered() {
    let tree = SpecTree::parse(EVERYTHING);
    let types = ColumnTypes::default();
    for (at, _) in EVERYTHING.char_indices().step_by(97) {
        let _ = tree.hover(at, &types);
        let found = completions(EVERYTHING, at, &tree);
        assert!(found.span.start <= at && at <= found.span.end);
    }
}
