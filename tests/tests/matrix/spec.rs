//! The paginators of the matrix, and the specs of its modes.

use serde_yaml::{Mapping, Value};

use crate::{
    server::{Address, Stating},
    table::End,
};

/// A paginator of the matrix.
pub(crate) struct Paginator {
    pub(crate) name: &'static str,
    /// Its column in the table of ends.
    pub(crate) column: &'static str,
    pub(crate) address: Address,
    keys: &'static str,
}

pub(crate) const PAGINATORS: &[Paginator] = &[
    Paginator {
        name: "single_page",
        column: "single_page",
        address: Address::Nothing,
        keys: "type: single_page",
    },
    Paginator {
        name: "offset",
        column: "offset",
        address: Address::Offset,
        keys: "type: offset, limit: 2",
    },
    Paginator {
        name: "page_number",
        column: "page_number",
        address: Address::Page,
        keys: "type: page_number, page_size: 2, page_size_param: size",
    },
    Paginator {
        name: "cursor",
        column: "in the body",
        address: Address::Cursor,
        keys: "type: cursor, cursor_path: next, cursor_param: after",
    },
    Paginator {
        name: "cursor_in_body",
        column: "in the body",
        address: Address::CursorInBody,
        keys: "type: cursor, cursor_path: next, cursor_body_path: after",
    },
    Paginator {
        name: "json_link",
        column: "in the body",
        address: Address::Link,
        keys: "type: json_link",
    },
    Paginator {
        name: "header_cursor",
        column: "in a header",
        address: Address::HeaderCursor,
        keys: "type: header_cursor, cursor_key: X-Next, cursor_param: after",
    },
    Paginator {
        name: "header_link",
        column: "in a header",
        address: Address::HeaderLink,
        keys: "type: header_link",
    },
];

/// The keys of an endpoint, besides those of its paginator.
const ENDPOINT: &[&str] = &["response_actions"];

impl Paginator {
    /// The endpoint of a list: how it is paged, and how its pages end.
    pub(crate) fn endpoint(&self, end: &End) -> String {
        let (of_endpoint, of_paginator): (Vec<_>, Vec<_>) = end
            .keys
            .iter()
            .partition(|(key, _)| key.as_str().is_some_and(|key| ENDPOINT.contains(&key)));
        let mut text = format!(
            "data_selector: items, paginator: {{ {}{} }}{}",
            self.keys,
            flow(&of_paginator),
            flow(&of_endpoint)
        );
        if self.address == Address::CursorInBody {
            text.push_str(", method: POST, json: {}");
        }
        text
    }

    pub(crate) fn stating(&self, end: &End) -> Stating {
        let has = |key: &str| end.keys.contains_key(key);
        let is_declared = has("total_path") || has("total_header");
        Stating {
            in_header: has("total_header"),
            counts_pages: is_declared && self.address == Address::Page,
        }
    }
}

/// `, key: value` for each.
fn flow(entries: &[(&Value, &Value)]) -> String {
    let one = |(key, value): &(&Value, &Value)| {
        let key = key.as_str().unwrap_or_default();
        // JSON is YAML.
        let value = serde_json::to_string(value).unwrap_or_default();
        format!(", {key}: {value}")
    };
    entries.iter().map(one).collect()
}

/// The keys that an end needs, for a spec that has to be refused for one of them.
pub(crate) fn keys(keys: &Mapping) -> Vec<&str> {
    keys.keys().filter_map(Value::as_str).collect()
}

/// Whether `check` refuses a spec, by an error that has one of these words.
///
/// # Errors
///
/// Where it does not.
pub(crate) fn refused(spec: &str, words: &[&str]) -> Result<(), String> {
    let compiled = rest_source_codegen::compile("api.yaml", spec);
    let mut errors = compiled.diagnostics.errors();
    let names = |text: &str| words.iter().any(|word| text.contains(word));
    if errors.any(|error| names(&error.message)) {
        return Ok(());
    }
    let said = compiled.diagnostics.render();
    Err(format!(
        "`check` should refuse one of {words:?} of this spec:\n{spec}\nIt reports:\n{said}"
    ))
}
