//! Three-way merges of imported, edited and again imported specs.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use rest_source_codegen::write::{Map, Node, read, text};
use rest_source_import::merge::{Conflict, MergeError, merge};

const BASE: &str = "\
client:
  base_url: https://api.example.com
  auth: { type: bearer, token: \"{secrets.token}\" }

resources:
  - name: orders
    endpoint: { path: /orders, paginator: header_link }
    columns:
      id: bigint!
      total: text

  # Not imported (manifest.yaml:4:2): a filter
  - name: lines
    endpoint: { path: /lines, params: { status: open } }
    columns: json

  - name: old
    endpoint: { path: /old }
    columns: json
";

const MERGED: &str = "\
# Mine too
client:
  base_url: https://api2.example.com
  auth: { type: bearer, token: \"{secrets.token}\" }

resources:
  - name: orders
    endpoint: { path: /orders, paginator: { type: offset, limit: 50 } }
    columns:
      id: bigint!
      total: decimal   # as the shop says
      at: timestamp

  # Not imported (manifest.yaml:4:2): a filter
  # Mine
  - name: lines
    endpoint: { path: /lines, params: { status: all } }
    columns: json

  # New
  - name: notes
    endpoint: { path: /notes }
    columns: json
";

/// The base after some replacements.
fn edited(edits: &[(&str, &str)]) -> String {
    edits.iter().fold(BASE.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

#[test]
fn a_list_as_deep_as_its_key_takes_changes_and_new_resources() {
    let (client, resources) = BASE.split_once("resources:\n").unwrap();
    let lines = resources.lines();
    let lines = lines.map(|line| line.strip_prefix("  ").unwrap_or(line).to_owned() + "\n");
    let mine = format!("{client}resources:\n{}", lines.collect::<String>());
    let new = edited(&[("total: text", "total: text\n      at: timestamp")])
        + "\n  - name: notes\n    endpoint: { path: /notes }\n    columns: json\n";
    let merged = merge(BASE, &mine, &new).unwrap();
    assert!(merged.conflicts.is_empty(), "{:?}", merged.conflicts);
    assert!(
        merged.text.contains("\n    at: timestamp\n"),
        "{}",
        merged.text
    );
    assert!(merged.text.contains("\n- name: notes\n"), "{}", merged.text);
    assert!(
        merged.text.contains("\n- name: orders\n"),
        "{}",
        merged.text
    );
}

#[test]
fn changes_of_both_are_in_the_result() {
    let mine = edited(&[
        ("total: text", "total: decimal   # as the shop says"),
        ("  - name: lines", "  # Mine\n  - name: lines"),
        ("client:", "# Mine too\nclient:"),
    ]);
    let old = BASE.split("\n  - name: old").next().unwrap();
    let new = old
        .replace("header_link", "{ type: offset, limit: 50 }")
        .replace("total: text", "total: text\n      at: timestamp")
        .replace("status: open", "status: all")
        .replace("api.example.com", "api2.example.com")
        + "\n  # New\n  - name: notes\n    endpoint: { path: /notes }\n    columns: json\n";
    let merged = merge(BASE, &mine, &new).unwrap();
    assert!(merged.conflicts.is_empty(), "{:?}", merged.conflicts);
    assert_eq!(merged.text, MERGED);
}

#[test]
fn what_both_changed_stays_and_is_listed_with_both_places() {
    let mine = edited(&[
        ("header_link", "{ type: page_number, base_page: 1 }"),
        (
            "  - name: old\n    endpoint: { path: /old }\n    columns: json\n",
            "",
        ),
        ("status: open", "status: mine"),
    ]);
    let new = edited(&[
        ("header_link", "{ type: offset, limit: 50 }"),
        ("/old", "/older"),
        (", params: { status: open }", ""),
    ]);
    let merged = merge(BASE, &mine, &new).unwrap();
    let shown: Vec<(&str, Option<u32>, Option<u32>)> = merged
        .conflicts
        .iter()
        .map(
            |Conflict {
                 path, mine, new, ..
             }| (path.as_str(), *mine, *new),
        )
        .collect();
    assert_eq!(
        shown,
        [
            ("resources.orders.endpoint.paginator", Some(7), Some(7)),
            ("resources.lines.endpoint.params", Some(14), None),
            ("resources.old", None, Some(17)),
        ]
    );
    assert_eq!(read(&merged.text), read(&mine));
}

#[test]
fn a_removed_key_stays_removed_while_the_import_has_it_as_before() {
    let mine = edited(&[(", params: { status: open }", "")]);
    let new = edited(&[("total: text", "total: decimal")]);
    let merged = merge(BASE, &mine, &new).unwrap();
    assert!(merged.conflicts.is_empty());
    assert!(!merged.text.contains("status"), "{}", merged.text);
    assert!(merged.text.contains("total: decimal"), "{}", merged.text);
}

#[test]
fn texts_that_are_no_specs_are_errors() {
    let new = edited(&[("open", "all")]);
    assert_eq!(merge("a: [", "# mine\na: b", &new), Err(MergeError::Base));
    assert_eq!(merge(BASE, "a: [", &new), Err(MergeError::Mine));
    let flow = "resources: [{ name: orders, columns: json }]\n";
    assert_eq!(merge(BASE, flow, &new), Err(MergeError::Result));
}

#[test]
fn line_endings_stay() {
    let mine = edited(&[("status: open", "status: open, mine: 1")]).replace('\n', "\r\n");
    let new = edited(&[("total: text", "total: decimal"), ("/old", "/older")]);
    let merged = merge(BASE, &mine, &new).unwrap();
    assert!(
        merged.text.contains("total: decimal\r\n"),
        "{}",
        merged.text
    );
    assert!(!merged.text.replace("\r\n", "").contains('\n'));
}

fn spec() -> impl Strategy<Value = Map> {
    let word = || prop::sample::select(vec!["a", "b", "c", "d"]);
    let scalars = move || prop::collection::btree_map(word(), word(), 0..4);
    let resource = (scalars(), scalars(), word());
    let resources = prop::collection::btree_map(word(), resource, 1..4);
    (scalars(), resources).prop_map(|(settings, resources)| {
        let mut spec = Map::new();
        spec.map("client")
            .set("base_url", "https://api.example.com");
        for (name, default) in settings {
            spec.map("config").map(name).set("default", default);
        }
        let resources = resources
            .into_iter()
            .map(|(name, (params, columns, path))| {
                let mut resource = Map::new();
                resource.set("name", name);
                resource.map("endpoint").set("path", path);
                for (name, value) in params {
                    resource.map("endpoint").map("params").set(name, value);
                }
                for (name, value) in columns {
                    resource
                        .map("columns")
                        .map(name)
                        .set("data_type", "text")
                        .set("from", value);
                }
                Node::Map(resource)
            });
        spec.set("resources", resources.collect::<Vec<_>>());
        spec
    })
}

/// A tree without order: keys and resources sorted.
fn sorted(text: &str) -> Node {
    fn sort(node: &mut Node) {
        match node {
            Node::Map(map) => {
                map.entries.sort_by(|one, two| one.key.cmp(&two.key));
                map.entries
                    .iter_mut()
                    .for_each(|entry| sort(&mut entry.value));
                // A map that lost its keys says as little as none.
                map.entries
                    .retain(|entry| !matches!(&entry.value, Node::Map(map) if map.is_empty()));
            }
            Node::List(list) => {
                for one in list.iter_mut() {
                    sort(&mut one.value);
                }
                list.sort_by_key(|one| format!("{:?}", one.value));
            }
            _ => {}
        }
    }
    let mut node = Node::Map(read(text).unwrap());
    sort(&mut node);
    node
}

/// The text with a comment of the user at each key of a resource.
fn commented(text: &str) -> String {
    text.replace("    endpoint:", "    # mine\n    endpoint:")
}

proptest! {
    #[test]
    fn what_only_one_changed_is_in_the_result(base in spec(), mine in spec(), new in spec()) {
        let [base, mine, new] = [base, mine, new].map(|spec| text(&spec));
        prop_assert_eq!(&merge(&base, &mine, &base).unwrap().text, &mine);
        prop_assert_eq!(&merge(&base, &mine, &mine).unwrap().text, &mine);
        prop_assert_eq!(&merge(&base, &base, &new).unwrap().text, &new);

        let merged = merge(&base, &commented(&base), &new).unwrap();
        prop_assert!(merged.conflicts.is_empty(), "{:?}\n{}", merged.conflicts, merged.text);
        prop_assert_eq!(sorted(&merged.text), sorted(&new), "{}", merged.text);
    }

    #[test]
    fn a_second_merge_changes_nothing(base in spec(), mine in spec(), new in spec()) {
        let [base, mine, new] = [base, mine, new].map(|spec| text(&spec));
        if let Ok(merged) = merge(&base, &mine, &new) {
            prop_assert_eq!(&merge(&new, &merged.text, &new).unwrap().text, &merged.text);
            prop_assert!(read(&merged.text).is_ok());
        }
    }
}
