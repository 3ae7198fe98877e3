//! Whether two streams of one name are the same one.

use crate::tree::{Kind, Value};

use super::jinja;

/// Keys that change nothing that is fetched.
const NO_MATTER: &[&str] = &[
    "$parameters",
    "description",
    "name",
    "primary_key",
    "schema_loader",
];

/// Whether two nodes make the same requests and the same records.
///
/// A parent has the parameters of its child around it, so that keys that came from these alone do not count.
pub(super) fn is_same(one: &Value, two: &Value) -> bool {
    same(one, two, [&Value::new(Kind::Null); 2])
}

fn same(one: &Value, two: &Value, around: [&Value; 2]) -> bool {
    match (&one.kind, &two.kind) {
        (Kind::Map(_), Kind::Map(_)) => {
            let own = [
                one.get("$parameters").unwrap_or(around[0]),
                two.get("$parameters").unwrap_or(around[1]),
            ];
            let is_extra = |of: &Value, parameters: &Value, key: &str, value: &Value| {
                value.kind == Kind::Null || is_passed(of, parameters, key, value)
            };
            one.entries().iter().all(|(key, value)| {
                NO_MATTER.contains(&key.as_str())
                    || match two.get(key) {
                        Some(other) => {
                            same(value, other, own)
                                || is_passed(one, own[0], key, value)
                                    && is_passed(two, own[1], key, other)
                                    && !is_read(one, key)
                        }
                        None => is_extra(one, own[0], key, value),
                    }
            }) && two.entries().iter().all(|(key, value)| {
                NO_MATTER.contains(&key.as_str())
                    || one.get(key).is_some()
                    || is_extra(two, own[1], key, value)
            })
        }
        (Kind::List(first), Kind::List(second)) => {
            first.len() == second.len()
                && first
                    .iter()
                    .zip(second)
                    .all(|(one, two)| same(one, two, around))
        }
        (Kind::Text(text), Kind::Text(other)) => {
            text == other && (!jinja::is_template(text) || reads_same(text, around))
        }
        (one, two) => one == two,
    }
}

/// Whether a key may have come from the parameters around a component. Maps are not passed on unseen, so that no
/// stream is the same as one within it.
fn is_passed(component: &Value, parameters: &Value, key: &str, value: &Value) -> bool {
    component.get("$parameters").is_some()
        && parameters.get(key) == Some(value)
        && match &value.kind {
            Kind::Map(_) => false,
            Kind::List(elements) => elements.iter().all(|one| one.scalar().is_some()),
            _ => true,
        }
}

/// Whether a component reads a key that parameters often have.
fn is_read(component: &Value, key: &str) -> bool {
    let kind = component.text_of("type").unwrap_or_default();
    match key {
        "path" => kind.is_empty() || kind.ends_with("Requester"),
        "field_path" => {
            kind.is_empty() || kind.ends_with("Extractor") || kind.ends_with("RequestOption")
        }
        _ => true,
    }
}

/// Whether the parameters that a template names have the same values.
fn reads_same(text: &str, around: [&Value; 2]) -> bool {
    if !text.contains("parameters") && !text.contains("options") {
        return true;
    }
    let names = around.iter().flat_map(|one| one.entries());
    names
        .filter(|(name, _)| text.contains(name.as_str()))
        .all(|(name, _)| around[0].get(name) == around[1].get(name))
}
