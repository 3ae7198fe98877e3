//! Columns: dlt's hints, and what keys, cursors and children need where a source has none.

use rest_source_codegen::write::{Map, Node};

use super::resources::{Draft, effective, texts};
use super::value::{Kind, Value};
use super::{Convert, incremental, not_certain};

/// Hints of a column without a meaning here.
const HINTS: [&str; 10] = [
    "unique",
    "sort",
    "cluster",
    "partition",
    "dedup_sort",
    "root_key",
    "parent_key",
    "row_key",
    "variant",
    "timezone",
];

impl Convert<'_> {
    pub(super) fn columns(&mut self, columns: &Value, made: &mut Map) {
        let mut found = Map::new();
        let mut keys: Vec<(&str, String)> = Vec::new();
        let declared: Vec<(String, &Value)> = match &columns.kind {
            Kind::Map(entries) => entries
                .iter()
                .map(|(name, hints)| (name.clone(), hints))
                .collect(),
            Kind::List(elements) => {
                let named = elements
                    .iter()
                    .filter_map(|one| Some((one.text_of("name")?.to_owned(), one)));
                named.collect()
            }
            _ => {
                self.lose(made, &columns.place, "`columns`, which are not literal");
                return;
            }
        };
        for (name, hints) in declared {
            let mut column = Map::new();
            column.set("data_type", "json");
            for (key, value) in hints.entries() {
                match key.as_str() {
                    _ if value.kind == Kind::Null => {}
                    "name" => {}
                    "data_type" => match value.text() {
                        Some("complex") => {}
                        Some("wei") => {
                            column.set("data_type", "decimal");
                        }
                        Some(word) => {
                            column.set("data_type", word);
                        }
                        None => self.lose(
                            made,
                            &value.place,
                            &format!("the type of the column `{name}`"),
                        ),
                    },
                    "primary_key" | "merge_key" | "hard_delete" => {
                        if value.kind == Kind::Bool(true) {
                            keys.push((key.as_str(), name.clone()));
                        }
                    }
                    hint if HINTS.contains(&hint) || hint.starts_with("x-") => {
                        let what = format!(
                            "`{hint}` of the column `{name}`, a hint for dlt's destinations"
                        );
                        self.lose(made, &value.place, &what);
                    }
                    _ => {
                        if let Some(node) = self.node(value, key, made) {
                            column.set(key, node);
                        }
                    }
                }
            }
            if let Kind::Text(word) = &hints.kind {
                column.set("data_type", word.as_str());
            }
            found.set(&name, column);
        }
        for key in ["primary_key", "merge_key", "hard_delete"] {
            let marked: Vec<&str> = keys
                .iter()
                .filter(|(one, _)| *one == key)
                .map(|(_, name)| name.as_str())
                .collect();
            match marked.as_slice() {
                [] => {}
                [one] => {
                    made.set(key, *one);
                }
                several => {
                    made.set(key, several.to_vec());
                }
            }
        }
        if !found.is_empty() {
            made.set("columns", found);
        }
    }

    /// `schema_contract`, as far as there is one here.
    pub(super) fn contract(&mut self, contract: &Value, made: &mut Map) {
        let of = |key: &str| match &contract.kind {
            Kind::Text(word) => Some(word.as_str()),
            _ => contract.text_of(key),
        };
        let (columns, types) = (of("columns"), of("data_type"));
        let mut found = Map::new();
        match columns {
            Some(word @ ("evolve" | "freeze" | "discard_value")) => {
                found.set("columns", word);
            }
            None => {}
            Some(word) => {
                let what = format!("`{word}` for new columns: they are kept");
                self.lose(made, &contract.place, &what);
            }
        }
        match types {
            Some(word @ ("freeze" | "discard_row" | "discard_value")) => {
                found.set("data_type", word);
            }
            None | Some("evolve") => {}
            Some(word) => self.lose(
                made,
                &contract.place,
                &format!("`{word}` for values of another type"),
            ),
        }
        if columns.is_none() && types.is_none() {
            self.lose(
                made,
                &contract.place,
                "`schema_contract`, which is not literal",
            );
        }
        if !found.is_empty() {
            made.set("schema_contract", found);
        }
    }
}

/// The name of the column for a cursor within an object, as dlt names nested columns. Nothing for a key of the record.
fn nested_name(path: &str) -> Option<String> {
    let is_nested = path.contains(['.', '[']);
    is_nested.then(|| {
        let parts = path.split(['.', '[', ']', '\'', '"']);
        let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
        parts.join("__")
    })
}

/// Names the columns of cursors within objects, in all of `incremental`.
fn name_cursors(map: &mut Map) {
    let Some(Node::Map(_)) = map.get("endpoint") else {
        return;
    };
    let endpoint = map.map("endpoint");
    let name = |incremental: &mut Map| {
        let path = incremental.get("cursor_path").and_then(Node::as_text);
        if let Some(name) = path.and_then(nested_name) {
            incremental.set("cursor_path", name);
        }
    };
    if let Some(Node::Map(_)) = endpoint.get("incremental") {
        name(endpoint.map("incremental"));
    }
    if let Some(Node::Map(_)) = endpoint.get("params") {
        for entry in &mut endpoint.map("params").entries {
            if let Node::Map(param) = &mut entry.value {
                name(param);
            }
        }
    }
}

/// The columns that keys and cursors need, and `json` for records that need none.
pub(super) fn keys(inherited: &mut Map, drafts: &mut [Draft]) {
    let common = inherited.remove("columns");
    let contract = inherited.remove("schema_contract");
    for Draft { map, .. } in drafts.iter_mut() {
        if let Some(Node::Map(common)) = &common {
            let mut columns = common.clone();
            if let Some(Node::Map(own)) = map.get("columns") {
                for entry in &own.entries {
                    columns.set(&entry.key, entry.value.clone());
                }
            }
            map.set("columns", columns);
        }
        if let (None, Some(contract)) = (map.get("schema_contract"), &contract) {
            map.set("schema_contract", contract.clone());
        }
        cursors(map, inherited);
        let keys = ["primary_key", "merge_key"].map(|key| texts(effective(map, inherited, &[key])));
        let has_parents = !texts(effective(map, inherited, &["include_from_parent"])).is_empty();
        let is_typed = map.get("columns").is_some() || has_parents;
        if is_typed {
            for key in keys.iter().flatten() {
                let known = map
                    .get("columns")
                    .and_then(Node::as_map)
                    .and_then(|columns| columns.get(key));
                let is_json = |node: &Node| {
                    let word = node.as_map().and_then(|column| column.get("data_type"));
                    word.and_then(Node::as_text) == Some("json")
                };
                if known.is_none_or(is_json) {
                    guessed(map.map("columns"), key);
                }
            }
            if map.get("columns").is_none() {
                map.map("columns").map("id").set("data_type", "json");
            }
            let evolves = map
                .get("schema_contract")
                .and_then(Node::as_map)
                .and_then(|one| one.get("columns"));
            if evolves.is_none() {
                map.map("schema_contract").set("columns", "evolve");
            }
        } else if map.remove("schema_contract").is_some() {
            map.comment_top(
                "Not imported: `schema_contract`, since the source declares no columns",
            );
        }
        if effective(map, inherited, &["write_disposition"]).and_then(Node::as_text)
            == Some("merge")
            && keys.iter().flatten().next().is_none()
        {
            map.set("write_disposition", "append");
            map.comment("write_disposition", "Without a key, dlt appends.");
        }
    }
    let is_typed = |draft: &Draft| draft.map.get("columns").is_some();
    for draft in drafts.iter_mut() {
        name_cursors(&mut draft.map);
    }
    name_cursors(inherited);
    let untyped = "The source declares no columns: records are kept as JSON.";
    if !drafts.iter().any(is_typed) {
        inherited.set("columns", "json").comment("columns", untyped);
        return;
    }
    for draft in drafts
        .iter_mut()
        .filter(|draft| draft.map.get("columns").is_none())
    {
        draft.map.set("columns", "json").comment("columns", untyped);
    }
}

/// Declares the cursors of a resource.
fn cursors(map: &mut Map, inherited: &Map) {
    let mut found: Vec<(String, &'static str)> = Vec::new();
    let mut of = |incremental: &Map| {
        let path = incremental.get("cursor_path").and_then(Node::as_text);
        found.extend(path.map(|path| (path.to_owned(), incremental::cursor_type(incremental))));
    };
    let whole = effective(map, inherited, &["endpoint", "incremental"]).and_then(Node::as_map);
    whole.into_iter().for_each(&mut of);
    for map in [&*map, inherited] {
        let params = effective(map, map, &["endpoint", "params"]).and_then(Node::as_map);
        for entry in params.into_iter().flat_map(|params| &params.entries) {
            if let Node::Map(param) = &entry.value
                && param.get("type").and_then(Node::as_text) == Some("incremental")
            {
                of(param);
            }
        }
    }
    for (path, kind) in found {
        let columns = map.map("columns");
        let (path, from) = match nested_name(&path) {
            Some(name) => (name, Some(format!("$.{}", path.trim_start_matches('$')))),
            None => (path, None),
        };
        let declared = columns.get(&path).and_then(Node::as_map);
        let declared = declared
            .and_then(|column| column.get("data_type"))
            .and_then(Node::as_text);
        let kind = match declared {
            Some(word) if word != "json" => word.to_owned(),
            _ => {
                columns.map(&path).set("data_type", kind);
                columns.comment(
                    &path,
                    &not_certain("its type, from the start of `incremental`."),
                );
                kind.to_owned()
            }
        };
        if let Some(from) = from {
            columns.map(&path).set("from", from);
        }
        for key in ["incremental", "params"] {
            let endpoint = map.entries.iter_mut().find(|entry| entry.key == "endpoint");
            let Some(Node::Map(endpoint)) = endpoint.map(|entry| &mut entry.value) else {
                continue;
            };
            if let Some(Node::Map(_)) = endpoint.get(key) {
                let part = endpoint.map(key);
                incremental::lag(part, &kind);
                for entry in &mut part.entries {
                    if let Node::Map(param) = &mut entry.value {
                        incremental::lag(param, &kind);
                    }
                }
            }
        }
    }
}

/// Declares a field that a child takes.
pub(super) fn need(map: &mut Map, inherited: &Map, field: &str) {
    let mut columns = map;
    let mut parts = field.split('.').peekable();
    let mut path = vec!["columns"];
    while let Some(part) = parts.next() {
        let part = part.split('[').next().unwrap_or(part);
        path.push(part);
        let is_declared = effective(columns, inherited, &path).is_some();
        let list = columns.map(path[0]);
        if parts.peek().is_none() {
            if !is_declared && list.get(part).is_none() {
                guessed(list, part);
            }
            return;
        }
        let column = list.map(part);
        column.set("data_type", "object").set("nullable", false);
        columns = column;
        path = vec!["fields"];
    }
}

/// Declares a column whose type the source does not have.
fn guessed(columns: &mut Map, name: &str) {
    let word = name.rsplit('_').next().unwrap_or(name).to_ascii_lowercase();
    let is_number = matches!(
        word.as_str(),
        "id" | "number" | "num" | "no" | "count" | "index" | "position" | "year"
    ) || name.ends_with("Id");
    let column = columns.map(name);
    column.set("data_type", if is_number { "bigint" } else { "text" });
    column.set("nullable", false);
    columns.comment(name, &not_certain("its type, from its name."));
}
