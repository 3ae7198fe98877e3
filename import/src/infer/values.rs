//! Whether a declared column takes a value.

use rest_source_codegen::write::{Map, Node};

use super::{
    Json,
    columns::is_number,
    times::{self, TimeType},
};

/// The type of a declared column, without `!`.
pub(super) fn data_type(declared: &Node) -> &str {
    let word = match declared {
        Node::Map(map) => map.get("data_type").and_then(Node::as_text),
        node => node.as_text(),
    };
    word.unwrap_or_default().trim_end_matches('!')
}

/// Whether a declared column may be null.
pub(super) fn is_nullable(declared: &Node) -> bool {
    let ends = |node: &Node| node.as_text().is_some_and(|word| word.ends_with('!'));
    match declared {
        Node::Map(map) => {
            map.get("nullable") != Some(&Node::Bool(false))
                && !map.get("data_type").is_some_and(ends)
        }
        node => !ends(node),
    }
}

/// Whether a declared column takes a value. What cannot be told, it takes.
pub(super) fn accepts(declared: &Node, value: &Json) -> bool {
    if *value == Json::Null {
        return is_nullable(declared);
    }
    let none = Map::new();
    let map = declared.as_map().unwrap_or(&none);
    let decode = map.get("decode").and_then(Node::as_text);
    let word = data_type(declared);
    if decode == Some("text") {
        return match (word, value) {
            ("bigint", Json::Text(text)) => text.trim().parse::<i64>().is_ok(),
            ("double", Json::Text(text)) => text.trim().parse::<f64>().is_ok(),
            (_, value) => matches!(value, Json::Text(_)),
        };
    }
    match word {
        "text" | "binary" => matches!(value, Json::Text(_)),
        "bigint" => matches!(value, Json::Number(number) if number.parse::<i64>().is_ok()),
        "double" => matches!(value, Json::Number(_)),
        "bool" if decode == Some("integer") => matches!(value, Json::Number(_)),
        "bool" => matches!(value, Json::Bool(_)),
        "decimal" => match value {
            Json::Number(_) => true,
            Json::Text(text) => {
                is_number(text.trim_start_matches('+')) || text.parse::<f64>().is_ok()
            }
            _ => false,
        },
        "timestamp" | "date" | "time" => is_time(word, map, value),
        "object" => matches!(value, Json::Map(_)),
        "array" => match (value, map.get("items")) {
            (Json::List(elements), Some(items)) => {
                elements.iter().all(|element| accepts(items, element))
            }
            (value, _) => matches!(value, Json::List(_)),
        },
        "map" => match map.get("values") {
            Some(values) if matches!(value, Json::Map(_)) => value
                .members()
                .iter()
                .all(|(_, value)| accepts(values, value)),
            _ => matches!(value, Json::Map(_)),
        },
        "enum" => is_word(map, value),
        "union" => {
            let members = map.get("of").map_or(&[][..], Node::elements);
            members.iter().any(|member| accepts(&member.value, value))
        }
        _ => true,
    }
}

/// Whether a time has the declared format: the default one is read, others are compared by their kind.
fn is_time(word: &str, map: &Map, value: &Json) -> bool {
    let formats: Vec<&str> = match map.get("format") {
        Some(Node::Text(format)) => vec![format],
        Some(Node::List(formats)) => formats
            .iter()
            .filter_map(|one| one.value.as_text())
            .collect(),
        _ => Vec::new(),
    };
    if formats.iter().any(|format| format.starts_with("epoch")) && value.as_count().is_some() {
        return true;
    }
    let Json::Text(text) = value else {
        return false;
    };
    if formats
        .iter()
        .any(|format| !matches!(*format, "rfc3339" | "date") && !format.starts_with("epoch"))
    {
        return true;
    }
    let found = times::text(&[text]).map(|found| found.data_type);
    match (word, found) {
        (
            "timestamp",
            Some(TimeType::Timestamp {
                format: None,
                timezone,
            }),
        ) => timezone.is_none() || map.get("timezone").is_some(),
        ("timestamp", Some(TimeType::Date(None))) => formats.contains(&"date"),
        ("date", Some(TimeType::Date(None))) | ("time", Some(TimeType::Time)) => true,
        _ => false,
    }
}

fn is_word(map: &Map, value: &Json) -> bool {
    if map.get("closed") != Some(&Node::Bool(true)) {
        return value.as_scalar().is_some() || matches!(value, Json::Bool(_));
    }
    let values = map.get("values").map_or(&[][..], Node::elements);
    values.iter().any(|element| {
        let word = match &element.value {
            Node::Map(word) => word.get("value"),
            word => Some(word),
        };
        match word {
            Some(Node::Text(word) | Node::Number(word)) => value.as_scalar() == Some(word),
            Some(Node::Bool(word)) => *value == Json::Bool(*word),
            _ => false,
        }
    })
}
