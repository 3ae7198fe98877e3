//! JSON Schema, draft 4 to 2020 and the dialects of `OpenAPI`, as columns.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use rest_source_codegen::write::{Entry, Map, Node};

use crate::names;
use crate::tree::{Kind, Value};

/// The deepest nesting of objects in columns; deeper ones are `json`.
const DEPTH: usize = 5;
/// The most schemas that `$ref`, `allOf` and `oneOf` may put together to one.
const PARTS: usize = 500;
/// The most alternatives that are looked at.
const ALTERNATIVES: usize = 24;
/// The most words of an `enum`; a column with more is `text`.
const WORDS: usize = 60;

/// The most references to nothing that are remembered.
const UNRESOLVED: usize = 100;

/// Finds the schema that a `$ref` names.
pub(crate) type Resolve<'a> = Box<dyn Fn(&str) -> Option<&'a Value> + 'a>;

/// Schemas that refer to each other.
pub(crate) struct Schemas<'a> {
    resolve: Resolve<'a>,
    /// The references that led to nothing, each once.
    unresolved: RefCell<Vec<&'a str>>,
}

/// A schema with its `$ref`, `allOf` and null alternatives put together.
#[derive(Debug, Default)]
pub(crate) struct View<'a> {
    /// The types named, without `null`.
    pub types: Vec<&'a str>,
    pub format: Option<&'a str>,
    pub is_nullable: bool,
    pub description: Option<&'a str>,
    pub title: Option<&'a str>,
    /// Each property with the schemas that hold for it together.
    pub properties: Vec<(&'a str, Vec<&'a Value>)>,
    pub required: HashSet<&'a str>,
    /// The schemas that hold for each element together.
    pub items: Vec<&'a Value>,
    /// The schema of further properties.
    pub rest: Option<&'a Value>,
    /// What `oneOf` and `anyOf` leave open.
    pub alternatives: Vec<&'a Value>,
    /// The references that led here.
    pub references: Vec<&'a str>,
    words: Option<Vec<&'a Value>>,
    example: Option<&'a str>,
    is_write_only: bool,
    airbyte_type: Option<&'a str>,
    parts: usize,
    /// Where each property is in `properties`.
    known: HashMap<&'a str, usize>,
    /// Whether it has more parts or alternatives than are read.
    is_cut: bool,
}

/// The columns of a record.
pub(crate) struct Columns {
    pub map: Map,
    /// What the schema has beside them, for a message.
    pub rest: Option<String>,
}

impl View<'_> {
    pub(crate) fn is_object(&self) -> bool {
        self.types.contains(&"object") || (self.types.is_empty() && !self.properties.is_empty())
    }

    pub(crate) fn is_array(&self) -> bool {
        self.types.contains(&"array") || (self.types.is_empty() && !self.items.is_empty())
    }
}

impl<'a> Schemas<'a> {
    pub(crate) fn new(resolve: impl Fn(&str) -> Option<&'a Value> + 'a) -> Self {
        Self {
            resolve: Box::new(resolve),
            unresolved: RefCell::default(),
        }
    }

    /// The schemas as one.
    pub(crate) fn view(&self, schemas: &[&'a Value]) -> View<'a> {
        let mut view = View::default();
        for schema in schemas {
            self.add(&mut view, schema, 0);
        }
        view
    }

    fn miss(&self, reference: &'a str) {
        let mut unresolved = self.unresolved.borrow_mut();
        if !unresolved.contains(&reference) && unresolved.len() < UNRESOLVED {
            unresolved.push(reference);
        }
    }

    /// The references of schemas viewed since the last call that led to nothing.
    pub(crate) fn take_unresolved(&self) -> Vec<&'a str> {
        self.unresolved.take()
    }

    fn add(&self, view: &mut View<'a>, schema: &'a Value, depth: usize) {
        view.parts += 1;
        if view.parts > PARTS || depth > 40 {
            view.is_cut = true;
            return;
        }
        add_keywords(view, schema);
        if let Some(reference) = schema.text_of("$ref")
            && !view.references.contains(&reference)
        {
            view.references.push(reference);
            match (self.resolve)(reference) {
                Some(target) => self.add(view, target, depth + 1),
                None => self.miss(reference),
            }
        }
        for part in schema.at(&["allOf"]).elements() {
            self.add(view, part, depth + 1);
        }
        for key in ["oneOf", "anyOf"] {
            let all = schema.at(&[key]).elements();
            let others: Vec<&Value> = all.iter().filter(|one| !is_null(one)).collect();
            view.is_nullable |= others.len() < all.len();
            match others.as_slice() {
                [only] => self.add(view, only, depth + 1),
                others => {
                    view.is_cut |= others.len() > ALTERNATIVES;
                    view.alternatives.extend(others.iter().take(ALTERNATIVES));
                }
            }
        }
    }

    /// The columns of a record: all of it up to `top`, and about `most` with nested ones. Nothing if a record is not an
    /// object.
    pub(crate) fn columns(&self, record: &[&'a Value], most: usize, top: usize) -> Option<Columns> {
        let view = self.view(record);
        // What is nested gives way first, from the deepest on.
        for depth in (0..=DEPTH).rev() {
            let mut writer = Writer {
                schemas: self,
                path: view.references.clone(),
                left: most,
                depth,
            };
            let mut map = writer.fields(&view, 0)?;
            if writer.left > 0 || depth == 0 {
                let all = map.entries.len();
                map.entries.truncate(top.max(1));
                names::name_columns(&mut map);
                let rest = if all > map.entries.len() {
                    let rest = all - map.entries.len();
                    Some(format!(
                        "{rest} of {all} columns, since a resource of this import has at most {top}"
                    ))
                } else if view.is_cut {
                    Some(
                        "the columns of further parts of a schema that has too many of them"
                            .to_owned(),
                    )
                } else {
                    None
                };
                return Some(Columns { map, rest });
            }
        }
        None
    }
}

fn add_keywords<'a>(view: &mut View<'a>, schema: &'a Value) {
    for key in ["nullable", "x-nullable", "x-isnullable"] {
        view.is_nullable |= schema.says(key);
    }
    let types = match schema.get("type").map(|value| &value.kind) {
        Some(Kind::Text(one)) => vec![one.as_str()],
        Some(Kind::List(several)) => several.iter().filter_map(Value::text).collect(),
        _ => Vec::new(),
    };
    view.is_nullable |= types.contains(&"null");
    let types: Vec<&str> = types.into_iter().filter(|one| *one != "null").collect();
    if view.types.is_empty() {
        view.types = types;
    } else if types.iter().any(|one| view.types.contains(one)) {
        view.types.retain(|one| types.contains(one));
    }
    view.format = view.format.or(schema.text_of("format"));
    view.description = view.description.or(schema.text_of("description"));
    view.title = view.title.or(schema.text_of("title"));
    view.example = view.example.or(schema.text_of("example"));
    view.airbyte_type = view.airbyte_type.or(schema.text_of("airbyte_type"));
    view.is_write_only |= schema.says("writeOnly");
    let listed = schema.get("enum").map(|value| &value.kind);
    let words = match (listed, schema.get("const")) {
        (Some(Kind::List(words)), _) if !words.is_empty() => Some(words.iter().collect()),
        (_, Some(word)) => Some(vec![word]),
        _ => None,
    };
    if let Some(words) = words {
        let words: Vec<&Value> = words;
        view.is_nullable |= words.iter().any(|word| word.kind == Kind::Null);
        view.words = Some(words);
    }
    for (name, property) in schema.at(&["properties"]).entries() {
        match view.known.get(name.as_str()) {
            Some(at) if view.properties[*at].1.len() < ALTERNATIVES => {
                view.properties[*at].1.push(property);
            }
            Some(_) => {}
            None => {
                view.known.insert(name, view.properties.len());
                view.properties.push((name, vec![property]));
            }
        }
    }
    let required = schema.at(&["required"]).elements();
    view.required
        .extend(required.iter().filter_map(Value::text));
    if let Some(items) = schema.get("items")
        && matches!(items.kind, Kind::Map(_))
    {
        view.items.push(items);
    }
    if let Some(rest) = schema.get("additionalProperties")
        && !rest.entries().is_empty()
    {
        view.rest = view.rest.or(Some(rest));
    }
}

/// Whether a schema allows null alone.
fn is_null(schema: &Value) -> bool {
    let words = schema.at(&["enum"]).elements();
    schema.text_of("type") == Some("null")
        || schema.at(&["type"]).elements() == [Kind::Text("null".to_owned()).into()]
        || (!words.is_empty() && words.iter().all(|word| word.kind == Kind::Null))
        || schema
            .get("const")
            .is_some_and(|word| word.kind == Kind::Null)
}

struct Writer<'s, 'a> {
    schemas: &'s Schemas<'a>,
    /// The references on the way here, by which a cycle is seen.
    path: Vec<&'a str>,
    /// The columns that may still be written.
    left: usize,
    depth: usize,
}

impl<'a> Writer<'_, 'a> {
    /// The columns of an object, those of its alternatives included.
    fn fields(&mut self, view: &View<'a>, depth: usize) -> Option<Map> {
        let mut fields = self.properties(view, depth);
        if !view.alternatives.is_empty() {
            self.add_alternatives(&mut fields, view, depth)?;
        }
        (!fields.is_empty()).then_some(fields)
    }

    fn properties(&mut self, view: &View<'a>, depth: usize) -> Map {
        let mut fields = Map::new();
        for (name, schemas) in &view.properties {
            let property = self.schemas.view(schemas);
            if property.is_write_only || name.is_empty() {
                continue;
            }
            self.left = self.left.saturating_sub(1);
            let mut column = self.column(&property, depth);
            let is_json = column.get("data_type").and_then(Node::as_text) == Some("json");
            if view.required.contains(name) && !property.is_nullable && !is_json {
                column.set("nullable", false);
            }
            if let Some(description) = property.description.or(property.title) {
                let description = names::brief(description);
                if !description.is_empty() {
                    column.set("description", description);
                }
            }
            // Each property is there once.
            fields.entries.push(Entry {
                key: (*name).to_owned(),
                comments: Vec::new(),
                value: Node::Map(column),
            });
        }
        fields
    }

    /// Adds the properties of alternatives, nullable unless all have them. Nothing if one is not an object.
    fn add_alternatives(&mut self, fields: &mut Map, view: &View<'a>, depth: usize) -> Option<()> {
        let before = self.path.len();
        let own: HashSet<String> = fields.entries.iter().map(|one| one.key.clone()).collect();
        // Where each field of an alternative is, and how many alternatives have it.
        let mut seen: HashMap<String, (usize, usize)> = HashMap::new();
        for alternative in &view.alternatives {
            let alternative = self.schemas.view(&[alternative]);
            if alternative
                .references
                .iter()
                .any(|one| self.path.contains(one))
            {
                continue;
            }
            if !(alternative.is_object() || view.is_object() && alternative.types.is_empty()) {
                return None;
            }
            self.path.extend(&alternative.references);
            let made = if alternative.alternatives.is_empty() || depth > self.depth {
                self.properties(&alternative, depth)
            } else {
                self.fields(&alternative, depth + 1).unwrap_or_default()
            };
            self.path.truncate(before);
            for entry in made.entries {
                if own.contains(&entry.key) {
                    continue;
                }
                match seen.get_mut(&entry.key) {
                    None => {
                        seen.insert(entry.key.clone(), (fields.entries.len(), 1));
                        fields.entries.push(entry);
                    }
                    Some((at, times)) => {
                        *times += 1;
                        agree(&mut fields.entries[*at].value, &entry.value);
                    }
                }
            }
        }
        let all = view.alternatives.len();
        for (at, times) in seen.into_values() {
            if times < all
                && let Node::Map(column) = &mut fields.entries[at].value
            {
                column.remove("nullable");
            }
        }
        Some(())
    }

    /// A column without its nullability.
    fn column(&mut self, view: &View<'a>, depth: usize) -> Map {
        if !view.alternatives.is_empty() {
            return self.alternatives(view, depth);
        }
        if view.types.len() > 1 {
            return self.several(view, depth);
        }
        let kind = match view.types.first() {
            Some(kind) => *kind,
            None if view.is_object() || view.rest.is_some() => "object",
            None if view.is_array() => "array",
            None if view.words.is_some() => word_kind(view),
            None if matches!(
                view.format,
                Some("date-time" | "date" | "uuid" | "uri" | "email")
            ) =>
            {
                "string"
            }
            None => return typed("json"),
        };
        self.one(kind, view, depth)
    }

    fn one(&mut self, kind: &str, view: &View<'a>, depth: usize) -> Map {
        match kind {
            "string" | "file" => string(view),
            "integer" | "long" | "int" => integer(view),
            "number" | "float" | "double" => number(view),
            "boolean" | "bool" => typed("bool"),
            "array" | "object" => self.nested(kind, view, depth),
            _ => typed("json"),
        }
    }

    fn nested(&mut self, kind: &str, view: &View<'a>, depth: usize) -> Map {
        let is_cycle = view.references.iter().any(|one| self.path.contains(one));
        if is_cycle || depth >= self.depth || self.left == 0 {
            return typed("json");
        }
        let before = self.path.len();
        self.path.extend(&view.references);
        let column = self.within(kind, view, depth);
        self.path.truncate(before);
        column
    }

    fn within(&mut self, kind: &str, view: &View<'a>, depth: usize) -> Map {
        if kind == "array" {
            if view.items.is_empty() {
                return typed("json");
            }
            return self.holder("array", "items", &view.items, depth);
        }
        if !view.properties.is_empty() {
            return match self.fields(view, depth + 1) {
                Some(fields) => {
                    let mut column = typed("object");
                    column.set("fields", fields);
                    column
                }
                None => typed("json"),
            };
        }
        match view.rest {
            Some(rest) => self.holder("map", "values", &[rest], depth),
            None => typed("json"),
        }
    }

    /// An array or a map of what a schema describes.
    fn holder(&mut self, data_type: &str, key: &str, schemas: &[&'a Value], depth: usize) -> Map {
        let element = self.schemas.view(schemas);
        let mut made = self.column(&element, depth + 1);
        let word = made.get("data_type").and_then(Node::as_text);
        if word == Some("json") {
            // Nothing is known of the elements, so the list is kept as it comes.
            return typed("json");
        }
        if !element.is_nullable {
            made.set("nullable", false);
        }
        let mut column = typed(data_type);
        column.set(key, made);
        column
    }

    fn several(&mut self, view: &View<'a>, depth: usize) -> Map {
        let members: Vec<Map> = view
            .types
            .iter()
            .map(|kind| self.one(kind, view, depth))
            .collect();
        union(members)
    }

    fn alternatives(&mut self, view: &View<'a>, depth: usize) -> Map {
        let mut members = Vec::new();
        let mut objects = 0;
        for alternative in &view.alternatives {
            let one = self.schemas.view(&[alternative]);
            if one.is_object() || (view.is_object() && one.types.is_empty()) {
                objects += 1;
                continue;
            }
            if one.references.iter().any(|name| self.path.contains(name)) {
                return typed("json");
            }
            let before = self.path.len();
            self.path.extend(&one.references);
            members.push(self.column(&one, depth + 1));
            self.path.truncate(before);
        }
        if objects == 0 {
            return union(members);
        }
        if !members.is_empty() || depth >= self.depth {
            return typed("json");
        }
        let before = self.path.len();
        self.path.extend(&view.references);
        let fields = self.fields(view, depth + 1);
        self.path.truncate(before);
        match fields {
            Some(fields) => {
                let mut column = typed("object");
                column.set("fields", fields);
                column
            }
            None => typed("json"),
        }
    }
}

/// Makes a column one that holds for two alternatives.
fn agree(known: &mut Node, other: &Node) {
    let (Node::Map(known), Node::Map(other)) = (known, other) else {
        return;
    };
    if other.get("nullable").is_none() {
        known.remove("nullable");
    }
    let shape = |column: &Map| {
        let mut column = column.clone();
        column.remove("nullable");
        column.remove("description");
        column
    };
    let (one, two) = (shape(known), shape(other));
    if one == two {
        return;
    }
    let is_word = |column: &Map| {
        let word = column.get("data_type").and_then(Node::as_text);
        matches!(word, Some("enum" | "text"))
    };
    let nullable = known.get("nullable").cloned();
    let description = known.get("description").cloned();
    let mut column = typed("json");
    if is_word(&one) && is_word(&two) {
        column = typed("text");
        if let Some(nullable) = nullable {
            column.set("nullable", nullable);
        }
    }
    if let Some(description) = description {
        column.set("description", description);
    }
    *known = column;
}

fn typed(data_type: &str) -> Map {
    let mut column = Map::new();
    column.set("data_type", data_type);
    column
}

fn word_kind(view: &View<'_>) -> &'static str {
    let words = view.words.as_deref().unwrap_or_default();
    let all = |test: fn(&Kind) -> bool| {
        words
            .iter()
            .all(|word| word.kind == Kind::Null || test(&word.kind))
    };
    if all(|word| matches!(word, Kind::Text(_))) {
        "string"
    } else if all(|word| matches!(word, Kind::Bool(_))) {
        "boolean"
    } else if all(|word| matches!(word, Kind::Number(text) if text.parse::<i64>().is_ok())) {
        "integer"
    } else if all(|word| matches!(word, Kind::Number(_))) {
        "number"
    } else {
        "any"
    }
}

fn string(view: &View<'_>) -> Map {
    if let Some(words) = &view.words {
        return enumeration(words);
    }
    let format = view.format.unwrap_or_default();
    let mut column = match format {
        "date-time" | "datetime" | "iso8601"
            if view.airbyte_type == Some("timestamp_without_timezone") =>
        {
            let mut column = typed("timestamp");
            let formats = vec!["rfc3339", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f"];
            column.set("format", formats).set("timezone", "UTC");
            column
        }
        "date-time" => typed("timestamp"),
        "date" => typed("date"),
        // RFC 3339's `full-time` has an offset, which our `time` has not.
        "time" | "partial-time" | "local-time" if is_local_time(view) => typed("time"),
        "decimal" => typed("decimal"),
        "byte" | "base64" => typed("binary"),
        _ => typed("text"),
    };
    if matches!(format, "int64" | "int32") {
        column.set("data_type", "bigint").set("decode", "text");
    }
    column
}

fn is_local_time(view: &View<'_>) -> bool {
    let has_no_offset = |text: &str| {
        text.contains(':')
            && text
                .chars()
                .all(|c| c.is_ascii_digit() || matches!(c, ':' | '.'))
    };
    view.format != Some("time")
        || view.airbyte_type == Some("time_without_timezone")
        || view.example.is_some_and(has_no_offset)
}

fn integer(view: &View<'_>) -> Map {
    let mut column = typed("bigint");
    match view.format {
        Some("unix-time" | "unixtime" | "unix-timestamp" | "epoch" | "epoch-seconds") => {
            column = typed("timestamp");
            column.set("format", "epoch_seconds");
        }
        Some("utc-millisec" | "epoch-millis") => {
            column = typed("timestamp");
            column.set("format", "epoch_millis");
        }
        Some("uint64") => column = typed("decimal"),
        _ => {}
    }
    column
}

fn number(view: &View<'_>) -> Map {
    match view.format {
        Some("int32" | "int64" | "integer") => typed("bigint"),
        Some("decimal") => typed("decimal"),
        _ => typed("double"),
    }
}

fn enumeration(words: &[&Value]) -> Map {
    let mut known = HashSet::new();
    let words: Vec<&str> = words
        .iter()
        .filter_map(|word| word.text())
        .filter(|word| !word.is_empty() && known.insert(*word))
        .collect();
    let is_enum = (2..=WORDS).contains(&words.len()) && words.iter().all(|word| word.len() <= 80);
    match names::enum_values(&words) {
        Some(values) if is_enum => {
            let mut column = typed("enum");
            column.set("values", values);
            column
        }
        _ => typed("text"),
    }
}

/// One column of several types: a union if JSON can tell them apart.
fn union(members: Vec<Map>) -> Map {
    let mut kept: Vec<(&str, Map)> = Vec::new();
    for mut member in members {
        member.remove("nullable");
        member.remove("description");
        let word = member
            .get("data_type")
            .and_then(Node::as_text)
            .unwrap_or_default();
        let kind = match word {
            "json" => return typed("json"),
            _ if member.get("decode").is_some() => "string",
            "bool" => "bool",
            "bigint" | "double" => "number",
            "decimal" | "timestamp" if member.get("format").is_some() => "number",
            "object" | "map" => "object",
            "array" => "array",
            // A decimal is a number or a text.
            "decimal" => return typed("json"),
            _ => "string",
        };
        match kept.iter_mut().find(|(known, _)| *known == kind) {
            None => kept.push((kind, member)),
            Some((_, known)) if *known == member => {}
            Some((_, known)) => match kind {
                "string" => *known = typed("text"),
                "number" if is_plain_number(known) && is_plain_number(&member) => {
                    *known = typed("double");
                }
                _ => return typed("json"),
            },
        }
    }
    match kept.len() {
        0 => typed("json"),
        1 => kept.remove(0).1,
        _ => {
            let mut column = typed("union");
            let members: Vec<Map> = kept.into_iter().map(|(_, member)| member).collect();
            column.set("of", members);
            column
        }
    }
}

fn is_plain_number(column: &Map) -> bool {
    let word = column.get("data_type").and_then(Node::as_text);
    matches!(word, Some("bigint" | "double"))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::tree;

    fn columns(text: &str) -> String {
        let root = tree::parse("schema.yaml", text).unwrap();
        let schemas = Schemas::new(|reference| root.pointer(reference));
        let columns = schemas.columns(&[&root], 100, 100).unwrap().map;
        let mut resource = Map::new();
        resource.set("name", "things").set("columns", columns);
        let mut spec = Map::new();
        spec.set("resources", vec![resource]);
        rest_source_codegen::write::text(&spec)
    }

    #[test]
    fn types_and_formats_become_columns() {
        let text = columns(
            "
type: object
required: [id, at, tags, owner]
properties:
  id: { type: string, format: uuid }
  at: { type: string, format: date-time }
  day: { type: [string, 'null'], format: date }
  size: { type: integer, format: int64 }
  price: { type: string, format: decimal }
  ratio: { type: number }
  big: { type: string, format: int64 }
  state: { type: string, enum: [open, closed, null] }
  secret: { type: string, writeOnly: true }
  tags: { type: array, items: { type: string } }
  owner: { allOf: [{ $ref: '#/definitions/user' }], nullable: true }
  labels: { type: object, additionalProperties: { type: string } }
  other: {}
  ref: { oneOf: [{ type: string }, { type: integer }, { type: 'null' }] }
  Id: { type: integer }
definitions:
  user:
    type: object
    required: [name]
    properties: { name: { type: string }, boss: { $ref: '#/definitions/user' } }
",
        );
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_cycle_of_references_ends() {
        let text = columns(
            "
properties: { a: { $ref: '#/b' }, c: { $ref: '#/nowhere' } }
b: { $ref: '#/d' }
d: { allOf: [{ $ref: '#/b' }, { $ref: '#/d' }], properties: { up: { $ref: '#/b' } } }
",
        );
        insta::assert_snapshot!(text);
    }

    #[test]
    fn wide_graphs_of_references_are_bounded() {
        let mut text = "properties: { a: { $ref: '#/s0' } }\n".to_owned();
        for at in 0..30 {
            let _ = write!(text, "s{at}: {{ type: object, properties: {{");
            for to in 0..30 {
                let _ = write!(text, "p{to}: {{ $ref: '#/s{to}' }},");
            }
            text += "} }\n";
        }
        assert!(columns(&text).lines().count() < 200);
    }

    #[test]
    fn properties_of_alternatives_are_nullable_unless_all_have_them() {
        let text = columns(
            "
required: [id]
properties: { id: { type: integer } }
oneOf:
  - { type: object, required: [a, both], properties: { a: { type: string }, both: { type: string } } }
  - { type: object, required: [both, b], properties: { b: { type: string }, both: { type: string } } }
",
        );
        insta::assert_snapshot!(text);
    }
}
