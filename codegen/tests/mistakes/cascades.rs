//! One mistake is one error: a spec of everything with one mistake in it, wherever one can be.

use std::collections::BTreeMap;

use rest_source_codegen::compile;
use serde_yaml::{Mapping, Value};

/// Each part of the language that others depend on.
const SPEC: &str = r#"
name: shop
config:
  org: { type: text, default: acme }
  region: { type: enum, values: [eu, us], default: eu }
secrets:
  key: { env: SHOP_KEY }
client:
  base_url: "https://{config.region}.example.com/{config.org}"
  auth: { type: api_key, name: X-Key, api_key: "{secrets.key}", location: header }
  paginator: { type: offset, limit: 100, total_path: meta.total, maximum_offset: 9000 }
  retry: { statuses: [429], max_retries: 3, retry_after_path: wait, retry_after_unit: s }
  rate_limit: { requests: 10, per: 1s }
  timeout: { connect: 5s, request: 30s }
resource_defaults:
  primary_key: id
  write_disposition: merge
resources:
  - name: orders
    endpoint:
      path: orders
      params: { sort: id }
      data_selector: data
      incremental:
        { cursor_path: updated_at, start_param: since, initial_value: "2024-01-01 00:00:00", lag: 1h }
    columns:
      id: text
      updated_at: { data_type: timestamp, format: "%Y-%m-%d %H:%M:%S", timezone: UTC, nullable: false }
      price: { data_type: decimal, precision: 10, scale: 2 }
      buyer: { data_type: object, fields: { name: text, tags: { data_type: array, items: text } } }
      state: { data_type: enum, values: [open, { value: "a b", rename: Ab }] }
      size: { data_type: union, of: [text, bigint] }
  - name: lines
    include_from_parent: [id]
    merge_key: _orders_id
    endpoint:
      path: "orders/{resources.orders.id}/lines"
      method: POST
      json: { page: { size: 10 } }
      paginator:
        { type: page_number, base_page: 1, page_size: 50, page_size_param: size, stop_after_short_page: true }
      response_actions: [{ status_code: 404, action: ignore }]
    columns: { id: bigint, sku: text }
"#;

/// The steps to a value: keys and positions.
type Steps = Vec<Value>;

/// Maps whose keys are names that the user chose.
const NAMED: [&str; 13] = [
    "config",
    "secrets",
    "columns",
    "fields",
    "params",
    "headers",
    "data",
    "json",
    "choices",
    "with",
    "access_token_request_data",
    "header",
    "values",
];

#[test]
fn one_mistake_is_one_error() {
    assert_eq!(compile("specs/shop.yaml", SPEC).diagnostics.render(), "");
    let spec: Value = serde_yaml::from_str(SPEC).unwrap();
    let mut paths = Vec::new();
    keys(&spec, &mut Vec::new(), &mut paths);
    let mut cascades = BTreeMap::new();
    let mut tried = 0;
    for path in &paths {
        let key = path.last().and_then(Value::as_str).unwrap_or_default();
        for (mistake, change) in MISTAKES {
            let mut changed = spec.clone();
            let Some(map) = parent(&mut changed, path) else {
                continue;
            };
            if !change(map, key) {
                continue;
            }
            tried += 1;
            let text = serde_yaml::to_string(&changed).unwrap();
            let diagnostics = compile("specs/shop.yaml", &text).diagnostics;
            let errors: Vec<String> = diagnostics
                .errors()
                .map(|error| format!("{} {}", error.code, error.message))
                .collect();
            if errors.len() > 1 {
                cascades.insert(format!("{mistake} {}", shown(path)), errors);
            }
        }
    }
    assert!(tried > 300, "{tried}");
    let shown: Vec<String> = cascades
        .iter()
        .map(|(at, errors)| format!("{at}\n    {}", errors.join("\n    ")))
        .collect();
    assert!(
        cascades.is_empty(),
        "{}\n{} cascades",
        shown.join("\n"),
        cascades.len()
    );
}

type Change = fn(&mut Mapping, &str) -> bool;

const MISTAKES: [(&str, Change); 4] = [
    ("misspelt", |map, key| rename(map, key, &misspelt(key))),
    ("unknown", |map, key| rename(map, key, "zzyzx")),
    ("of the wrong kind", |map, key| {
        let Some(value) = map.get_mut(key) else {
            return false;
        };
        *value = match value {
            Value::Mapping(_) => Value::Sequence(vec![Value::from(7)]),
            Value::Sequence(_) => Value::Mapping(Mapping::from_iter([("zzyzx".into(), 7.into())])),
            _ => Value::Sequence(vec![Value::Sequence(Vec::new())]),
        };
        true
    }),
    ("without a value", |map, key| {
        let is_auth = key == "auth";
        map.get_mut(key).is_some_and(|value| {
            *value = Value::Null;
            !is_auth
        })
    }),
];

fn rename(map: &mut Mapping, key: &str, name: &str) -> bool {
    if map.contains_key(name) {
        return false;
    }
    let renamed = std::mem::take(map).into_iter().map(|(one, value)| {
        let one = if one == *key { name.into() } else { one };
        (one, value)
    });
    *map = renamed.collect();
    true
}

/// The first two letters change places.
fn misspelt(key: &str) -> String {
    let mut letters: Vec<char> = key.chars().collect();
    if let [.., first, second] = letters.as_mut_slice() {
        std::mem::swap(first, second);
    }
    letters.into_iter().collect()
}

/// The paths to all keys of the language.
fn keys(value: &Value, path: &mut Steps, paths: &mut Vec<Steps>) {
    match value {
        Value::Mapping(map) => {
            let is_named = path.last().and_then(Value::as_str).is_some_and(|key| {
                NAMED.contains(&key) && path.len() > 1 || matches!(key, "config" | "secrets")
            });
            for (key, value) in map {
                path.push(key.clone());
                if !is_named {
                    paths.push(path.clone());
                }
                keys(value, path, paths);
                path.pop();
            }
        }
        Value::Sequence(list) => {
            for (at, value) in list.iter().enumerate() {
                path.push(at.into());
                keys(value, path, paths);
                path.pop();
            }
        }
        _ => {}
    }
}

fn parent<'v>(spec: &'v mut Value, path: &[Value]) -> Option<&'v mut Mapping> {
    let (_, way) = path.split_last()?;
    let mut value = spec;
    for step in way {
        value = match step.as_u64() {
            Some(at) => value
                .as_sequence_mut()?
                .get_mut(usize::try_from(at).ok()?)?,
            None => value.as_mapping_mut()?.get_mut(step)?,
        };
    }
    value.as_mapping_mut()
}

fn shown(path: &[Value]) -> String {
    let steps = path.iter().map(|step| match step.as_u64() {
        Some(at) => format!("[{at}]"),
        None => format!(".{}", step.as_str().unwrap_or_default()),
    });
    steps.collect()
}
