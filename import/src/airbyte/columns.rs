//! Schemas, transformations and keys.

use rest_source_codegen::write::{Map, Node};

use crate::json_schema::{Columns, Schemas};
use crate::names;
use crate::tree::{self, Kind, Value};

use super::config::Usage;
use super::jinja::{self, Expr};
use super::request::{hook, member};
use super::stream::{Builder, shown};
use super::times;

/// The most columns of a resource: with nested ones, and at the top.
const COLUMNS: (usize, usize) = (600, 2_000);

impl Builder<'_, '_> {
    pub(super) fn columns(&mut self, node: &Value) {
        let loader = node.at(&["schema_loader"]);
        let loaders = match &loader.kind {
            Kind::List(several) => several.as_slice(),
            _ => std::slice::from_ref(loader),
        };
        let mut made: Option<Map> = None;
        for loader in loaders {
            let Some(Columns { map: columns, rest }) = self.schema(loader) else {
                continue;
            };
            if let Some(rest) = rest {
                self.lose(loader.place, format!("{rest}: they are kept in `extra`"));
                self.resource
                    .map("schema_contract")
                    .set("columns", "evolve");
            }
            match &mut made {
                Some(known) => {
                    for entry in columns.entries {
                        if known.get(&entry.key).is_none() {
                            known.entries.push(entry);
                        }
                    }
                }
                None => made = Some(columns),
            }
        }
        let Some(mut columns) = made else {
            self.is_untyped = true;
            return;
        };
        if retrieved_as(node, "XmlDecoder") {
            self.xml_names(&mut columns, node);
        }
        names::name_columns(&mut columns);
        self.resource.set("columns", columns);
    }

    /// Columns of attributes and texts, which are `@id` and `#text` in Airbyte's records of XML.
    fn xml_names(&mut self, columns: &mut Map, node: &Value) {
        let mut is_nested = false;
        for entry in &mut columns.entries {
            if let Node::Map(column) = &mut entry.value {
                is_nested |= nested_xml_names(column);
                if let Some(key) = xml_key(&entry.key) {
                    column.set("from", format!("${}", member(&key)));
                }
            }
        }
        if is_nested {
            let place = self
                .importer
                .shown(node.at(&["retriever", "decoder"]).place);
            self.resource.comment(
                "columns",
                &format!(
                    "Not certain: nested `@name` is `name` here, and `#text` is `_text` ({place})."
                ),
            );
        }
    }

    fn schema(&mut self, loader: &Value) -> Option<Columns> {
        match loader.text_of("type").unwrap_or_default() {
            "InlineSchemaLoader" => {
                let schema = loader.at(&["schema"]);
                columns_of(schema)
            }
            "JsonFileSchemaLoader" | "" => {
                let usual = format!("./schemas/{}.json", super::stream::name(&self.stream.node));
                let path = match loader.text_of("file_path") {
                    Some(path) => self.renderer(loader, Usage::Sent).text(path).ok()?,
                    None => usual,
                };
                let Some((file, text)) = (self.importer.schemas)(&path) else {
                    self.uncertain_columns(loader, &format!("the schema `{path}` is not there"));
                    return None;
                };
                let number = u32::try_from(self.importer.files.len()).unwrap_or(u32::MAX);
                match tree::parse_placed(&file, number, &text) {
                    Ok(schema) => {
                        self.importer.files.push(file);
                        columns_of(&schema)
                    }
                    Err(error) => {
                        let what = format!("the schema `{path}`: {}", error.message);
                        self.importer.losses.push(crate::Loss {
                            place: error.place,
                            what: what.clone(),
                        });
                        self.uncertain_columns(loader, &what);
                        None
                    }
                }
            }
            other => {
                let class = loader.text_of("class_name").unwrap_or(other).to_owned();
                self.uncertain_columns(loader, &format!("the schema is made by `{class}`"));
                None
            }
        }
    }

    fn uncertain_columns(&mut self, at: &Value, why: &str) {
        let place = self.importer.shown(at.place);
        self.resource
            .comment("columns", &format!("Not certain: {why} ({place})."));
    }

    /// Fields that are added and removed.
    pub(super) fn transformations(&mut self, node: &Value) {
        for one in node.at(&["transformations"]).elements() {
            if let Some(condition) = one.text_of("condition").filter(|text| !text.is_empty())
                && let Some(kind @ ("AddFields" | "RemoveFields")) = one.text_of("type")
            {
                let condition = shown(condition);
                self.lose(
                    one.place,
                    format!("`{kind}` if `{condition}`: the fields are as they come"),
                );
                continue;
            }
            match one.text_of("type").unwrap_or_default() {
                "AddFields" => {
                    for field in one.at(&["fields"]).elements() {
                        self.add_field(field, one);
                    }
                }
                "RemoveFields" => {
                    for pointer in one.at(&["field_pointers"]).elements() {
                        self.remove_field(pointer);
                    }
                }
                other => {
                    let class = one.text_of("class_name").unwrap_or(other).to_owned();
                    let rust = hook(&class);
                    self.lose(
                        one.place,
                        format!("the transformation `{class}` is not supported: records are as they come; `processing_steps` with `map: {rust}` would change them"),
                    );
                }
            }
        }
    }

    /// Takes a field out of the columns. One that is kept as JSON, or in `extra`, stays, which is a loss.
    fn remove_field(&mut self, pointer: &Value) {
        let keys = pointer.scalars();
        let keeps_all = self.resource.get("schema_contract").is_some();
        let is_removed = match self.resource.get("columns") {
            Some(Node::Map(_)) => remove_from(self.resource.map("columns"), &keys) && !keeps_all,
            _ => false,
        };
        if !is_removed {
            let what = match keys.as_slice() {
                [object, .., field] => format!(
                    "the removal of the field `{}`: objects are stored whole; declare columns such as `name: {{ from: $.{object}.name }}` in place of `{object}` to leave `{field}` out",
                    keys.join(".")
                ),
                _ => format!(
                    "the removal of the field `{}`: records have it",
                    keys.join(".")
                ),
            };
            self.lose(pointer.place, what);
        }
    }

    fn add_field(&mut self, field: &Value, transformation: &Value) {
        let path = field.at(&["path"]).scalars();
        let value = field.at(&["value"]);
        let shown_value = shown(value.scalar().unwrap_or_default());
        let [key] = path.as_slice() else {
            self.lose(
                field.place,
                format!("the field `{}`: it is nested", path.join(".")),
            );
            return;
        };
        let Ok(key) = self.renderer(transformation, Usage::Sent).text(key) else {
            self.lose(field.place, "a field whose name is a template");
            return;
        };
        if self.add_value(&key, value, transformation) {
            return;
        }
        self.lose(value.place, format!("the field `{key}`, `{shown_value}`"));
        if !self.is_untyped && self.resource.get("columns").is_some() {
            // The API does not send it.
            self.resource.map("columns").remove(&key);
        }
    }

    fn add_value(&mut self, key: &str, value: &Value, transformation: &Value) -> bool {
        let Some(text) = value.scalar().map(str::to_owned) else {
            return false;
        };
        let expr = if jinja::is_template(&text) {
            match self.renderer(transformation, Usage::Sent).expression(&text) {
                Some(expr) => expr,
                None => return false,
            }
        } else {
            Expr::Text(text)
        };
        let expr = without_conversion(&expr);
        if let Some(keys) = expr.keys_of("record") {
            if keys.is_empty() {
                return false;
            }
            let mut path = "$".to_owned();
            for key in &keys {
                path.push_str(&member(key));
            }
            if keys != [key] {
                let column = self.column(key);
                column.set("from", path);
            }
            return true;
        }
        if let Some(("stream_slice" | "stream_partition" | "stream_interval", keys)) = expr.path() {
            return self.add_slice(key, &keys.join("."));
        }
        let made = if let Some(text) = expr.constant() {
            Some(super::text::escape(&text))
        } else {
            let mut renderer = self.renderer(transformation, Usage::Sent);
            let made = match times::relative(&expr) {
                Some(time) => time.ok().map(|time| format!("{{{time}}}")),
                None => renderer
                    .placeholder(&expr)
                    .ok()
                    .map(|one| format!("{{{one}}}")),
            };
            made.filter(|made| {
                made.starts_with("{config.")
                    || made.starts_with("{now")
                    || made.starts_with("{today")
            })
        };
        let Some(made) = made else {
            return false;
        };
        let column = self.column(key);
        column.set("value", made);
        for part in ["from", "nullable"] {
            column.remove(part);
        }
        column.set("data_type", "text");
        column.remove("format");
        column.remove("values");
        column.remove("fields");
        column.remove("items");
        true
    }

    /// The column of a key, which becomes one of JSON if the schema lacks it.
    fn column(&mut self, key: &str) -> &mut Map {
        let columns = self.resource.map("columns");
        if columns.get(key).is_none() {
            columns.map(key).set("data_type", "json");
            names::name_columns(columns);
        }
        columns.map(key)
    }

    /// A field that is a value of the slice: the record carries it from its parent, or from its partition.
    fn add_slice(&mut self, key: &str, slice: &str) -> bool {
        let found = self
            .scope
            .slices
            .iter()
            .find(|one| one.key == slice)
            .cloned();
        let Some(slice) = found else {
            return false;
        };
        if let Some(name) = slice.placeholder.strip_prefix("partition.") {
            let name = name.to_owned();
            let mut included: Vec<String> = match self.resource.get("include_from_partition") {
                Some(list) => list
                    .elements()
                    .iter()
                    .filter_map(|one| one.value.as_text().map(str::to_owned))
                    .collect(),
                None => Vec::new(),
            };
            if !included.contains(&name) {
                included.push(name.clone());
            }
            self.resource.set("include_from_partition", included);
            self.carried(key, &name);
            return true;
        }
        let Some((parent, path)) = slice
            .placeholder
            .strip_prefix("resources.")
            .and_then(|rest| rest.split_once('.'))
        else {
            return false;
        };
        let column = path.split('.').next().unwrap_or_default().to_owned();
        let carried = format!("_{parent}_{}", column.trim_start_matches('_'));
        self.needs.extend(slice.needs.clone());
        self.from_parent.push((parent.to_owned(), column));
        self.carried(key, &carried);
        true
    }

    /// A field of the record that has another name in the spec.
    fn carried(&mut self, key: &str, carried: &str) {
        if let Some(Node::Map(columns)) = self.resource.get("columns") {
            let mut columns = columns.clone();
            columns.remove(key);
            self.resource.set("columns", columns);
        }
        if key != carried {
            self.resource.comment_top(&format!(
                "Not certain: the field `{key}` of the manifest is the column `{carried}` here."
            ));
        }
        self.renamed.push((key.to_owned(), carried.to_owned()));
    }

    pub(super) fn key(&mut self, node: &Value) {
        let key = node.at(&["primary_key"]);
        let mut names: Vec<String> = Vec::new();
        match &key.kind {
            Kind::Text(text) => {
                if let Ok(text) = self.renderer(node, Usage::Sent).text(text)
                    && !text.is_empty()
                {
                    names.push(text);
                }
            }
            Kind::List(elements) => {
                for one in elements {
                    match &one.kind {
                        Kind::List(keys) => {
                            let keys: Vec<&str> = keys.iter().filter_map(Value::scalar).collect();
                            match keys.as_slice() {
                                [] => {}
                                [one] => names.push((*one).to_owned()),
                                several => {
                                    let name = names::name(&several.join("_"), "key");
                                    let mut path = "$".to_owned();
                                    for key in several {
                                        path.push_str(&member(key));
                                    }
                                    let kind = self.nested_type(several);
                                    let column = self.column(&name);
                                    column.set("from", path);
                                    if let Some(kind) = kind {
                                        column.set("data_type", kind);
                                    }
                                    names.push(name);
                                }
                            }
                        }
                        _ => names.extend(one.scalar().map(str::to_owned)),
                    }
                }
            }
            _ => {}
        }
        names.retain(|name| !name.is_empty());
        for name in &mut names {
            if let Some((_, carried)) = self.renamed.iter().find(|(key, _)| key == name) {
                name.clone_from(carried);
            }
        }
        if !self.is_untyped && !self.key_compares(&names, key) {
            return;
        }
        let mut known: Vec<String> = Vec::new();
        for name in names {
            if !known.contains(&name) {
                known.push(name);
            }
        }
        match known.as_slice() {
            [] => {}
            [one] => {
                self.resource.set("primary_key", one.as_str());
            }
            _ => {
                self.resource.set("primary_key", known);
            }
        }
    }

    /// The type of a field within an object.
    fn nested_type(&self, keys: &[&str]) -> Option<String> {
        let mut fields = self.resource.get("columns").and_then(Node::as_map)?;
        let (last, above) = keys.split_last()?;
        for key in above {
            let column = fields.get(key).and_then(Node::as_map)?;
            fields = column.get("fields").and_then(Node::as_map)?;
        }
        let column = fields.get(last).and_then(Node::as_map)?;
        let word = column.get("data_type").and_then(Node::as_text)?;
        matches!(
            word,
            "text" | "bigint" | "double" | "decimal" | "date" | "timestamp" | "bool"
        )
        .then(|| word.to_owned())
    }

    /// Whether all columns of a key compare. A number becomes a whole one, as keys are.
    fn key_compares(&mut self, names: &[String], key: &Value) -> bool {
        for name in names {
            let is_carried = self.renamed.iter().any(|(_, carried)| carried == name);
            if is_carried {
                continue;
            }
            let column = self.resource.get("columns").and_then(Node::as_map);
            let column = column
                .and_then(|columns| columns.get(name))
                .and_then(Node::as_map);
            let word = column
                .and_then(|column| column.get("data_type"))
                .and_then(Node::as_text);
            let why = match word {
                Some(
                    "text" | "bigint" | "decimal" | "date" | "timestamp" | "time" | "bool" | "enum",
                ) => continue,
                Some("double") => {
                    let column = self.resource.map("columns").map(name);
                    column.set("data_type", "bigint");
                    continue;
                }
                Some(word) => format!("is of type {word}"),
                None => "is not in the schema".to_owned(),
            };
            let place = self.importer.shown(key.place);
            self.resource.comment(
                "columns",
                &format!(
                    "Not certain: `{name}` of the key {why}, so the records have no key ({place})."
                ),
            );
            return false;
        }
        true
    }
}

fn without_conversion(expr: &Expr) -> Expr {
    match expr {
        Expr::Filter(of, name, _)
            if ["string", "int", "default", "float"].contains(&name.as_str()) =>
        {
            without_conversion(of)
        }
        Expr::If(condition, yes, no) if no.truth() == Some(false) => {
            let yes = without_conversion(yes);
            if yes == **condition {
                yes
            } else {
                expr.clone()
            }
        }
        Expr::Binary("or", one, two) if two.truth() == Some(false) => without_conversion(one),
        Expr::Call(of, args, _) => match (&**of, args.as_slice()) {
            (Expr::Name(name), [value]) if name == "str" || name == "int" => {
                without_conversion(value)
            }
            (Expr::Name(name), [value, ..]) if name == "format_datetime" => {
                let inner = without_method(value);
                if inner.keys_of("record").is_some() {
                    inner.clone()
                } else {
                    expr.clone()
                }
            }
            _ => expr.clone(),
        },
        expr => expr.clone(),
    }
}

/// What a method of text is called on: a time is read in any of its forms.
fn without_method(expr: &Expr) -> &Expr {
    match expr {
        Expr::Call(of, ..) => match &**of {
            Expr::Member(of, _) => without_method(of),
            _ => expr,
        },
        Expr::Filter(of, name, _) if name == "string" || name == "default" => without_method(of),
        expr => expr,
    }
}

/// Whether a stream has a decoder of this type.
fn retrieved_as(stream: &Value, decoder: &str) -> bool {
    let mut at = stream.at(&["retriever", "decoder"]);
    while let Some(inner) = at.get("decoder").or(at.get("parser")) {
        at = inner;
    }
    at.text_of("type") == Some(decoder)
}

/// The key of an attribute or a text in a record of XML.
fn xml_key(name: &str) -> Option<String> {
    match name {
        "#text" => Some("_text".to_owned()),
        _ => name.strip_prefix('@').map(str::to_owned),
    }
}

/// Renames the fields within a column. False if there are none to rename.
fn nested_xml_names(column: &mut Map) -> bool {
    let mut is_changed = false;
    for entry in &mut column.entries {
        match (entry.key.as_str(), &mut entry.value) {
            ("items" | "values", Node::Map(element)) => is_changed |= nested_xml_names(element),
            ("fields", Node::Map(fields)) => {
                for field in &mut fields.entries {
                    if let Some(key) = xml_key(&field.key) {
                        field.key = key;
                        is_changed = true;
                    }
                    if let Node::Map(column) = &mut field.value {
                        is_changed |= nested_xml_names(column);
                    }
                }
                let mut known = std::collections::HashSet::new();
                fields
                    .entries
                    .retain(|field| known.insert(field.key.clone()));
            }
            _ => {}
        }
    }
    is_changed
}

/// Removes a field. False if it may be left in the value of a column: a database stores an object as it was received.
fn remove_from(fields: &mut Map, keys: &[&str]) -> bool {
    let Some((key, rest)) = keys.split_first() else {
        return false;
    };
    if key.contains(['*', '?', '[']) {
        return false;
    }
    if rest.is_empty() {
        fields.remove(key);
        return true;
    }
    if fields.get(key).is_none() {
        return true;
    }
    let column = fields.map(key);
    let has_no_fields = remove_within(column, rest);
    if column
        .get("fields")
        .and_then(Node::as_map)
        .is_some_and(Map::is_empty)
    {
        fields.remove(key);
        return true;
    }
    has_no_fields
}

/// Removes what is in an object, or, after a `*`, in each element of a list. True if the column cannot hold fields.
fn remove_within(column: &mut Map, keys: &[&str]) -> bool {
    if let Some(Node::Map(_)) = column.get("fields") {
        remove_from(column.map("fields"), keys);
        return false;
    }
    match (column.get("items"), keys) {
        (Some(Node::Map(_)), ["*", rest @ ..]) if !rest.is_empty() => {
            remove_within(column.map("items"), rest);
            false
        }
        _ => !matches!(
            column.get("data_type").and_then(Node::as_text),
            Some("json" | "array" | "map" | "object" | "union")
        ),
    }
}

fn columns_of(schema: &Value) -> Option<Columns> {
    let schemas = Schemas::new(|reference: &str| {
        reference
            .starts_with('#')
            .then(|| schema.pointer(reference))
            .flatten()
    });
    schemas.columns(&[schema], COLUMNS.0, COLUMNS.1)
}
