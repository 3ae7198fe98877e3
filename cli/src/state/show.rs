//! States as they are shown.

use rest_source::{State, Timestamp};
use rest_source_load::StoredState;
use serde_json::{Map, Value, json};
use unicode_width::UnicodeWidthStr as _;

use super::shown_settings;
use crate::printable::printable;

/// The value of a cursor. The tokens and links of APIs may give access to data.
fn value(state: &State, cursor: &str) -> Option<String> {
    let column = state.cursor_column();
    let is_secret = column.starts_with("token of ") || column.starts_with("link of ");
    (!is_secret).then(|| printable(cursor, &[]))
}

/// A table of the states.
pub(super) fn table(states: &[StoredState], now: Timestamp) -> String {
    let mut lines = vec![
        [
            "source",
            "resource",
            "cursor",
            "value",
            "partitions",
            "stored",
        ]
        .map(str::to_owned),
    ];
    lines.extend(states.iter().map(|stored| {
        let key = &stored.key;
        let resource = match shown_settings(&key.part) {
            settings if settings.is_empty() => key.resource.clone(),
            settings => format!("{} ({settings})", key.resource),
        };
        let (cursor, value, partitions) = match stored.state.as_deref().map(State::from_json) {
            None => (String::new(), "from the start".to_owned(), String::new()),
            Some(Err(_)) => (String::new(), "cannot be read".to_owned(), String::new()),
            Some(Ok(state)) => {
                let partitions = match state.partitions().count() {
                    0 => String::new(),
                    count => count.to_string(),
                };
                let value = value(&state, state.cursor());
                let value = value.unwrap_or_else(|| "not shown".to_owned());
                (printable(state.cursor_column(), &[]), value, partitions)
            }
        };
        let ago = stored.updated.map(|at| crate::status::ago(at, now));
        [
            printable(&key.source, &[]),
            printable(&resource, &[]),
            cursor,
            value,
            partitions,
            ago.unwrap_or_default(),
        ]
    }));
    let width = |column: usize| lines.iter().map(|line| line[column].width()).max();
    let widths: [usize; 6] = std::array::from_fn(|column| width(column).unwrap_or(0));
    let mut text = String::new();
    for line in &lines {
        let cells = line.iter().zip(widths);
        let cells =
            cells.map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.width())));
        let cells: Vec<String> = cells.collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// The states as one JSON document.
pub(super) fn json_text(states: &[StoredState]) -> String {
    let states: Vec<Value> = states.iter().map(json_of).collect();
    format!("{:#}\n", json!({ "version": 1, "states": states }))
}

fn json_of(stored: &StoredState) -> Value {
    let key = &stored.key;
    let mut shown = json!({
        "source": key.source,
        "resource": key.resource,
        "settings": shown_settings(&key.part),
        "stored": stored.updated.map(|at| at.to_string()),
        "cursor": null,
    });
    match stored.state.as_deref().map(State::from_json) {
        None => {}
        Some(Err(error)) => shown["error"] = error.to_string().into(),
        Some(Ok(state)) => {
            shown["cursor"] = json!({
                "column": state.cursor_column(),
                "type": state.cursor_type(),
                "value": value(&state, state.cursor()),
            });
            let partitions = state.partitions();
            let partitions: Map<String, Value> = partitions
                .map(|(key, cursor)| (key.to_owned(), value(&state, cursor).into()))
                .collect();
            if !partitions.is_empty() {
                shown["partitions"] = partitions.into();
            }
        }
    }
    shown
}
