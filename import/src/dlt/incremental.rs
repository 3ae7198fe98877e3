//! Incremental fetches.

use rest_source_codegen::write::{Map, Node};

use super::Convert;
use super::value::{Kind, Value};

/// The parameters of `dlt.sources.incremental`, in their order.
const PARAMETERS: [&str; 3] = ["cursor_path", "initial_value", "last_value_func"];

impl Convert<'_> {
    /// `incremental`, of an endpoint or of a parameter; nothing if it is lost.
    pub(super) fn incremental(&mut self, value: &Value, made: &mut Map) -> Option<Map> {
        if !matches!(value.kind, Kind::Map(_) | Kind::Object(..)) {
            self.lose(made, &value.place, "`incremental`, which is not literal");
            return None;
        }
        let mut found = Map::new();
        for (key, value) in value.entries() {
            let position = key.parse::<usize>().ok();
            let key = position
                .and_then(|at| PARAMETERS.get(at))
                .map_or(key.as_str(), |key| key);
            match key {
                _ if value.kind == Kind::Null => {}
                "type" => {}
                "last_value_func" => {
                    let is_max =
                        matches!(&value.kind, Kind::Other(what) if what.starts_with("`max`"));
                    if !is_max && value.text() != Some("max") {
                        let what = "`incremental` with a `last_value_func` that is not `max`: all records are fetched";
                        self.lose(made, &value.place, what);
                        return None;
                    }
                }
                "convert" | "transform" => {
                    let what = format!(
                        "`{key}` of `incremental`, a function: say by `format` how the value is sent"
                    );
                    self.lose(made, &value.place, &what);
                }
                "primary_key" | "allow_external_schedulers" | "value_type" => {
                    self.lose(made, &value.place, &format!("`{key}` of `incremental`"));
                }
                "cursor_path" => {
                    if let Some(path) = value.text() {
                        let path = path.strip_prefix("$.").unwrap_or(path);
                        if path.contains(['*', '?', ',', ':']) || path.contains("..") {
                            let what = format!(
                                "`incremental`, whose `cursor_path` `{path}` is not one place: all records are fetched"
                            );
                            self.lose(made, &value.place, &what);
                            return None;
                        }
                        found.set("cursor_path", path);
                    } else {
                        self.lose(
                            made,
                            &value.place,
                            "`incremental`, whose `cursor_path` is not literal",
                        );
                        return None;
                    }
                }
                _ => {
                    if let Some(node) = self.node(value, key, made) {
                        found.set(key, node);
                    }
                }
            }
        }
        if found.get("cursor_path").is_none() {
            self.lose(made, &value.place, "`incremental` without a `cursor_path`");
            return None;
        }
        Some(found)
    }
}

/// The type of the cursor, as far as its first value tells it: dlt compares texts.
pub(super) fn cursor_type(incremental: &Map) -> &'static str {
    let has_lag = incremental.get("lag").is_some();
    match incremental.get("initial_value") {
        Some(Node::Number(number)) if number.contains(['.', 'e', 'E']) => "double",
        Some(Node::Number(_)) => "bigint",
        Some(Node::Text(text)) if is_instant(text) || is_moment(text) || has_lag => "timestamp",
        None if has_lag => "timestamp",
        _ => "text",
    }
}

/// Whether a text is a placeholder such as `{now - 30d}`.
fn is_moment(text: &str) -> bool {
    text.starts_with("{now") || text.starts_with("{today")
}

/// Whether a text is a time with an offset, as RFC 3339 has it.
fn is_instant(text: &str) -> bool {
    if !text.is_ascii() {
        return false;
    }
    let bytes = text.as_bytes();
    let has = |at: usize, one: u8| bytes.get(at) == Some(&one);
    let ends =
        text.ends_with('Z') || bytes.len() > 22 && text[bytes.len() - 6..].starts_with(['+', '-']);
    bytes.len() >= 20 && has(4, b'-') && has(7, b'-') && has(10, b'T') && has(13, b':') && ends
}

/// The lag of dlt, a number, as the language writes it.
pub(super) fn lag(incremental: &mut Map, cursor: &str) {
    let Some(Node::Number(number)) = incremental.get("lag") else {
        return;
    };
    let unit = match cursor {
        "timestamp" => "s",
        "date" => "d",
        _ => return,
    };
    let lag = format!("{number}{unit}");
    incremental.set("lag", lag);
}

#[cfg(test)]
mod tests {
    use super::is_instant;

    #[test]
    fn a_text_of_other_letters_is_no_instant() {
        assert!(is_instant("2024-01-01T00:00:00Z"));
        assert!(is_instant("2024-01-01T00:00:00+01:00"));
        assert!(!is_instant("2024-01-01T00:00:00.é00000"));
    }
}
