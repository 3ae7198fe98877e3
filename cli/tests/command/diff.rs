//! `diff`: which changes it names, and what they ask for.

use std::fs;

use crate::shell::{Shell, snapshot};

const OLD: &str = "\
name: shop
config:
  region: { type: text, default: eu }
  start: { type: timestamp, default: \"2026-01-01T00:00:00Z\" }
client:
  base_url: https://api.example.com/{config.region}
  auth: { type: bearer, token: \"{secrets.token}\" }
  paginator: single_page
resources:
  - name: orders
    endpoint:
      path: orders
      incremental: { cursor_path: placed_at, start_param: since, initial_value: \"{config.start}\" }
    primary_key: id
    write_disposition: merge
    columns:
      id: bigint!
      placed_at: timestamp!
      total: bigint!
      note: text!
      gift: bool
      state: { data_type: enum, values: [open, closed] }
      amount: { data_type: decimal, precision: 10, scale: 2 }
      lines: { data_type: array, as: table, columns: { sku: text } }
  - name: carts
    endpoint: { path: carts }
    primary_key: id
    columns: { id: bigint! }
  - name: left
    endpoint: { path: left }
    columns: { id: bigint! }
";

const NEW: &str = "\
name: shop
config:
  region: { type: text, default: us }
  start: timestamp
  page: { type: bigint, default: 5 }
client:
  base_url: https://api.example.com/{config.region}
  auth: { type: http_basic, username: \"{secrets.user}\", password: \"{secrets.token}\" }
  paginator: single_page
resources:
  - name: orders
    endpoint:
      path: orders
      params: { size: \"{config.page}\" }
      incremental: { cursor_path: placed_at, start_param: since, initial_value: \"{config.start}\" }
    primary_key: id
    write_disposition: merge
    columns:
      id: bigint!
      placed_at: timestamp!
      total: double!
      note: text
      remark: text
      gift: text
      state: { data_type: enum, values: [open, closed, lost] }
      amount: { data_type: decimal, precision: 12, scale: 2 }
      lines: { data_type: array, as: table, columns: { sku: text, count: bigint } }
  - name: carts
    endpoint: { path: v2/carts }
    primary_key: key
    columns: { key: text! }
  - name: returns
    endpoint: { path: returns }
    columns: { id: bigint! }
";

#[test]
fn a_renamed_source_is_loaded_into_another_database() {
    let shell = Shell::new();
    shell.write("old.yaml", OLD);
    shell.write("new.yaml", &OLD.replace("name: shop", "name: market"));
    let ran = shell.run(&["diff", "old.yaml", "new.yaml"]);
    assert_eq!(ran.code, 0, "{ran}");
    assert!(
        ran.stdout
            .contains("the source `shop` is now `market`: its loads are an error"),
        "{ran}"
    );
    assert!(!ran.stdout.contains("--full-refresh"), "{ran}");
    assert!(!ran.stdout.contains("--keep-state"), "{ran}");
}

#[test]
fn specs_without_a_name_are_compared_as_one_source() {
    let shell = Shell::new();
    let (old, new) = (
        OLD.replace("name: shop\n", ""),
        NEW.replace("name: shop\n", ""),
    );
    shell.write("old.yaml", &old);
    shell.write("new.yaml", &old);
    let ran = shell.run(&["diff", "old.yaml", "new.yaml"]);
    assert!(ran.stdout.starts_with("no change"), "{ran}");
    assert!(ran.stderr.contains("compared as `old`"), "{ran}");
    shell.write("new.yaml", &new);
    let ran = shell.run(&["diff", "old.yaml", "new.yaml"]);
    assert_eq!(ran.code, 0, "{ran}");
    assert!(ran.stdout.contains("the key of `carts` was (id)"), "{ran}");
}

#[test]
fn every_kind_of_change_is_named() {
    let shell = Shell::new();
    shell.write("old.yaml", OLD);
    shell.write("new.yaml", NEW);
    let ran = shell.run(&["diff", "old.yaml", "new.yaml"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    snapshot("diff", &ran);
    let denied = shell.run(&["diff", "old.yaml", "new.yaml", "--deny-breaking"]);
    assert_eq!(denied.code, 1);
    assert_eq!(denied.stdout, ran.stdout);
    let json = shell.run(&["diff", "old.yaml", "new.yaml", "--format", "json"]);
    for line in json.stdout.lines() {
        let change: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(
            change["text"].is_string() && change["effect"].is_string(),
            "{line}"
        );
    }
}

#[test]
fn an_added_resource_is_compatible() {
    let shell = Shell::new();
    shell.write("old.yaml", OLD);
    let more = "  - name: returns\n    endpoint: { path: returns }\n    columns: { id: bigint! }\n";
    shell.write("new.yaml", &format!("{OLD}{more}"));
    let ran = shell.run(&["diff", "old.yaml", "new.yaml", "--deny-breaking"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    snapshot("diff-compatible", &ran);
}

#[test]
fn other_rows_of_the_same_table_are_breaking() {
    let shell = Shell::new();
    shell.write("old.yaml", OLD);
    for (was, now, named) in [
        (
            "  - name: left\n",
            "  - name: left\n    selected: false\n",
            "only if it is named",
        ),
        (
            "note: text!",
            "note: { data_type: text, nullable: false, from: remark }",
            "another source",
        ),
        (
            "\"{config.start}\" }",
            "\"{config.start}\", end_value: 2026-02-01T00:00:00Z, end_param: until }",
            "another range",
        ),
    ] {
        let new = OLD.replace(was, now);
        assert_ne!(new, OLD);
        shell.write("new.yaml", &new);
        let ran = shell.run(&["diff", "old.yaml", "new.yaml", "--deny-breaking"]);
        assert_eq!(ran.code, 1, "{now}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains(named), "{now}: {}", ran.stdout);
    }
}

#[test]
fn no_spec_differs_from_itself() {
    let shell = Shell::new();
    for spec in fs::read_dir(shell.path("specs")).unwrap() {
        let spec = spec.unwrap().path();
        let spec = spec.to_str().unwrap();
        let ran = shell.run(&["diff", spec, spec, "--deny-breaking"]);
        assert_eq!(ran.code, 0, "{spec}: {}", ran.stderr);
        assert!(
            ran.stdout.starts_with("no change"),
            "{spec}: {}",
            ran.stdout
        );
    }
}

#[test]
fn a_spec_with_a_mistake_is_an_error() {
    let shell = Shell::new();
    shell.write("old.yaml", OLD);
    shell.write("new.yaml", &OLD.replace("bigint!", "bigin!"));
    let ran = shell.run(&["diff", "old.yaml", "new.yaml"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("new.yaml:"), "{}", ran.stderr);
}
