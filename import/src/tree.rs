//! A document as a tree: JSON or YAML, read tolerantly and within bounds.

use std::collections::{HashMap, HashSet};
use std::fmt;

use granit_parser::{Event, Parser, ScalarStyle};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::ImportError;

/// The deepest nesting. Every function that walks a tree may recurse this deep.
const DEPTH: usize = 128;
/// The most values in a document; aliases count as what they stand for.
const VALUES: usize = 6_000_000;

/// A value of a document, with its place in it. Values are equal wherever they stand.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    pub kind: Kind,
    pub place: Place,
}

/// Where a value begins: the number of its file, line and column, the latter from 1. A line of 0 is unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub file: u32,
    pub line: u32,
    pub column: u32,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    /// As it is written.
    Number(String),
    Text(String),
    List(Vec<Value>),
    /// In the order of the document, each key once: the last value of a repeated key.
    Map(Vec<(String, Value)>),
}

/// A map without entries.
pub(crate) static EMPTY: Value = Value::new(Kind::Map(Vec::new()));
static NULL: Value = Value::new(Kind::Null);

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl From<Kind> for Value {
    fn from(kind: Kind) -> Self {
        Self::new(kind)
    }
}

impl Value {
    /// A value at an unknown place.
    pub(crate) const fn new(kind: Kind) -> Self {
        Self {
            kind,
            place: Place {
                file: 0,
                line: 0,
                column: 0,
            },
        }
    }

    /// The value of a key; nothing for another value than a map.
    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        let mut entries = self.entries().iter();
        entries
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    }

    /// The value at a path of keys, null if there is none.
    pub(crate) fn at(&self, path: &[&str]) -> &Value {
        let mut value = self;
        for key in path {
            match value.get(key) {
                Some(next) => value = next,
                None => return &NULL,
            }
        }
        value
    }

    /// The entries; none for another value than a map.
    pub(crate) fn entries(&self) -> &[(String, Value)] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The elements; none for another value than a list.
    pub(crate) fn elements(&self) -> &[Value] {
        match &self.kind {
            Kind::List(elements) => elements,
            _ => &[],
        }
    }

    /// The text; nothing for another value.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The text of a key; nothing if there is none.
    pub(crate) fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Value::text)
    }

    /// The text of a scalar, as it is written; nothing for null, a list or a map.
    pub(crate) fn scalar(&self) -> Option<&str> {
        match &self.kind {
            Kind::Bool(true) => Some("true"),
            Kind::Bool(false) => Some("false"),
            Kind::Number(text) | Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The scalars of a list, as they are written.
    pub(crate) fn scalars(&self) -> Vec<&str> {
        self.elements().iter().filter_map(Self::scalar).collect()
    }

    /// Whether it is `true`, also as text.
    pub(crate) fn is_true(&self) -> bool {
        self.scalar()
            .is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    /// Whether a key has the value `true`.
    pub(crate) fn says(&self, key: &str) -> bool {
        self.get(key).is_some_and(Value::is_true)
    }

    /// The value that a JSON pointer leads to: `#/components/schemas/Thing`.
    pub(crate) fn pointer(&self, pointer: &str) -> Option<&Value> {
        let path = pointer.strip_prefix('#').unwrap_or(pointer);
        let mut value = self;
        let parts = path.split('/').skip(1);
        for part in parts {
            let key = unescape(part);
            value = match &value.kind {
                Kind::List(elements) => elements.get(key.parse::<usize>().ok()?)?,
                _ => value.get(&key)?,
            };
        }
        Some(value)
    }
}

/// A part of a JSON pointer as a key: without its escapes, those of a URL included.
fn unescape(part: &str) -> String {
    let text = percent_encoding::percent_decode_str(part).decode_utf8_lossy();
    text.replace("~1", "/").replace("~0", "~")
}

/// A key as a part of a JSON pointer.
pub(crate) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The longest document that begins as JSON does and is tried as YAML, in bytes: YAML is read far slower.
const YAML_IN_BRACES: usize = 1 << 20;

/// Reads a document, JSON or YAML.
///
/// # Errors
///
/// If the text is neither, or beyond the bounds.
pub(crate) fn parse(file: &str, text: &str) -> Result<Value, ImportError> {
    let text = text.trim_start_matches('\u{feff}');
    if !text.trim_start().starts_with(['{', '[']) {
        return yaml(file, 0, text);
    }
    let error = match serde_json::from_str(text) {
        Ok(Read(value)) => return Ok(value),
        Err(error) => error,
    };
    // YAML in braces is not JSON, but may be a document that a person wrote.
    if text.len() <= YAML_IN_BRACES
        && let Ok(value) = yaml(file, 0, text)
    {
        return Ok(value);
    }
    Err(ImportError {
        place: format!("{file}:{}:{}", error.line(), error.column()),
        message: format!("the document is not valid JSON: {}", without_place(&error)),
        help: "fix it there, or convert the document again".to_owned(),
    })
}

/// Reads a document, JSON or YAML, with the places of its values.
///
/// # Errors
///
/// If the text is neither, or beyond the bounds.
pub(crate) fn parse_placed(file: &str, number: u32, text: &str) -> Result<Value, ImportError> {
    let text = text.trim_start_matches('\u{feff}');
    yaml(file, number, text)
}

/// The message of a JSON error, whose place is told elsewhere.
fn without_place(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let end = message.rfind(" at line ").unwrap_or(message.len());
    message[..end].to_owned()
}

/// A value as `serde_json` reads it: in order, without a number type.
struct Read(Value);

impl<'de> Deserialize<'de> for Read {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReadVisitor).map(Self)
    }
}

struct ReadVisitor;

impl<'de> Visitor<'de> for ReadVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Kind::Null.into())
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Kind::Bool(value).into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Kind::Number(value.to_string()).into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Kind::Number(value.to_string()).into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Kind::Number(value.to_string()).into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Kind::Text(value.to_owned()).into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Kind::Text(value).into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(Read(element)) = access.next_element()? {
            elements.push(element);
        }
        Ok(Kind::List(elements).into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = MapBuilder::default();
        while let Some((key, Read(value))) = access.next_entry::<String, Read>()? {
            map.insert(key, value);
        }
        Ok(Kind::Map(map.entries).into())
    }
}

/// A map being read. Large ones have an index, so that a document of one map is read in linear time.
#[derive(Default)]
struct MapBuilder {
    entries: Vec<(String, Value)>,
    index: HashMap<String, usize>,
    /// The keys of a merge key, which may be there again.
    merged: HashSet<String>,
}

impl MapBuilder {
    const SMALL: usize = 16;

    /// Adds a value. True if it takes the place of another.
    fn insert(&mut self, key: String, value: Value) -> bool {
        let known = if self.entries.len() <= Self::SMALL {
            self.entries.iter().position(|(name, _)| *name == key)
        } else {
            if self.index.is_empty() {
                let names = self.entries.iter().enumerate();
                self.index = names.map(|(at, (name, _))| (name.clone(), at)).collect();
            }
            self.index.get(&key).copied()
        };
        if let Some(at) = known {
            self.entries[at].1 = value;
            return true;
        }
        if !self.index.is_empty() {
            self.index.insert(key.clone(), self.entries.len());
        }
        self.entries.push((key, value));
        false
    }
}

/// A collection that has not ended.
struct Open {
    anchor: usize,
    place: Place,
    items: Items,
    /// The number of values before it.
    before: usize,
    /// The depth of its deepest value, itself counted.
    height: usize,
}

enum Items {
    List(Vec<Value>),
    Map(MapBuilder, Option<String>),
}

#[derive(Default)]
struct Builder {
    /// Where the event stands.
    place: Place,
    open: Vec<Open>,
    root: Option<Value>,
    anchors: HashMap<usize, (Value, usize, usize)>,
    values: usize,
    /// Whether the first document has ended.
    has_ended: bool,
}

/// Why a document is not read on.
enum Stop {
    TooDeep,
    TooLarge,
    SecondDocument,
    Duplicate(String),
}

fn yaml(file: &str, number: u32, text: &str) -> Result<Value, ImportError> {
    let options = granit_parser::options! {
        emit_unresolved_aliases: true,
        emit_comments: false,
        flow_nesting_limit: DEPTH,
        block_nesting_limit: DEPTH,
    };
    let mut builder = Builder::default();
    // Control characters are not YAML, but occur in descriptions.
    let is_control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{85}');
    let mended: String;
    let text = if text.contains(is_control) {
        mended = text.replace(is_control, "\u{fffd}");
        &mended
    } else {
        text
    };
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok((event, span)) => {
                let line = || span.start.line();
                builder.place = Place {
                    file: number,
                    line: u32::try_from(span.start.line()).unwrap_or(0),
                    column: u32::try_from(span.start.col() + 1).unwrap_or(0),
                };
                match builder.event(event) {
                    Ok(()) => {}
                    Err(Stop::SecondDocument) => {
                        return Err(ImportError {
                            place: format!("{file}:{}", line()),
                            message: "a second document begins here, after `---`".to_owned(),
                            help: "give a file with one document".to_owned(),
                        });
                    }
                    Err(Stop::Duplicate(key)) => {
                        return Err(ImportError {
                            place: format!("{file}:{}", line()),
                            message: format!(
                                "the key `{}` is there twice",
                                crate::names::brief(&key)
                            ),
                            help: "keep one of them".to_owned(),
                        });
                    }
                    Err(Stop::TooDeep) => {
                        return Err(bound(
                            file,
                            line(),
                            &format!("is nested more than {DEPTH} levels deep"),
                        ));
                    }
                    Err(Stop::TooLarge) => {
                        return Err(bound(
                            file,
                            line(),
                            &format!("has more than {VALUES} values"),
                        ));
                    }
                }
            }
            Err(error) => {
                let at = error.marker();
                return Err(ImportError {
                    place: format!("{file}:{}:{}", at.line(), at.col() + 1),
                    message: format!("the document is not valid YAML: {}", error.info()),
                    help: "fix it there, or convert the document to JSON".to_owned(),
                });
            }
        }
    }
    Ok(builder.root.unwrap_or(Value::new(Kind::Null)))
}

fn bound(file: &str, line: usize, what: &str) -> ImportError {
    ImportError {
        place: format!("{file}:{line}"),
        message: format!("the document {what}"),
        help: "split it, and import each part".to_owned(),
    }
}

impl Builder {
    fn event(&mut self, event: Event<'_>) -> Result<(), Stop> {
        match event {
            Event::DocumentEnd => {
                self.has_ended = true;
                Ok(())
            }
            // An empty one after the last `---` is none.
            Event::Scalar(text, ..) if self.has_ended && matches!(&*text, "" | "~") => Ok(()),
            Event::Scalar(..) | Event::SequenceStart(..) | Event::MappingStart(..)
                if self.has_ended =>
            {
                Err(Stop::SecondDocument)
            }
            Event::Scalar(text, style, anchor, _) => {
                self.count(1)?;
                let is_key = matches!(
                    self.open.last(),
                    Some(Open {
                        items: Items::Map(_, None),
                        ..
                    })
                );
                let value = self.value(if style == ScalarStyle::Plain && !is_key {
                    plain(&text)
                } else {
                    Kind::Text(text.into_owned())
                });
                if anchor > 0 {
                    self.anchors.insert(anchor, (value.clone(), 1, 1));
                }
                self.add(value, 1)
            }
            Event::SequenceStart(_, anchor, _) => self.begin(anchor, Items::List(Vec::new())),
            Event::MappingStart(_, anchor, _) => {
                self.begin(anchor, Items::Map(MapBuilder::default(), None))
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            Event::Alias(target) => {
                let Some((value, values, height)) = self.anchors.get(&target).cloned() else {
                    let value = self.value(Kind::Null);
                    return self.add(value, 1);
                };
                self.count(values)?;
                if self.open.len() + height > DEPTH {
                    return Err(Stop::TooDeep);
                }
                self.add(value, height)
            }
            Event::UnresolvedAlias(name) => {
                self.count(1)?;
                let value = self.value(Kind::Text(format!("*{name}")));
                self.add(value, 1)
            }
            _ => Ok(()),
        }
    }

    fn value(&self, kind: Kind) -> Value {
        Value {
            kind,
            place: self.place,
        }
    }

    fn count(&mut self, values: usize) -> Result<(), Stop> {
        self.values += values;
        if self.values > VALUES {
            Err(Stop::TooLarge)
        } else {
            Ok(())
        }
    }

    fn begin(&mut self, anchor: usize, items: Items) -> Result<(), Stop> {
        self.count(1)?;
        if self.open.len() >= DEPTH {
            return Err(Stop::TooDeep);
        }
        self.open.push(Open {
            anchor,
            place: self.place,
            items,
            before: self.values - 1,
            height: 1,
        });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Stop> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let value = Value {
            kind: match open.items {
                Items::List(elements) => Kind::List(elements),
                Items::Map(map, _) => Kind::Map(map.entries),
            },
            place: open.place,
        };
        if open.anchor > 0 {
            let values = self.values - open.before;
            // The copy that aliases are made of counts too, since anchors may be nested.
            self.count(values)?;
            let anchored = (value.clone(), values, open.height);
            self.anchors.insert(open.anchor, anchored);
        }
        self.add(value, open.height)
    }

    fn add(&mut self, value: Value, height: usize) -> Result<(), Stop> {
        let Some(open) = self.open.last_mut() else {
            self.root.get_or_insert(value);
            return Ok(());
        };
        open.height = open.height.max(height + 1);
        match &mut open.items {
            Items::List(elements) => elements.push(value),
            Items::Map(map, key) => match key.take() {
                // A merge key gives what the map does not say itself.
                Some(name) if name == "<<" => merge(map, value),
                Some(name) => {
                    let is_merged = map.merged.remove(&name);
                    if map.insert(name.clone(), value) && !is_merged {
                        return Err(Stop::Duplicate(name));
                    }
                }
                None => *key = Some(value.scalar().unwrap_or_default().to_owned()),
            },
        }
        Ok(())
    }
}

fn merge(map: &mut MapBuilder, value: Value) {
    match value.kind {
        Kind::Map(entries) => {
            for (key, value) in entries {
                if !map.entries.iter().any(|(name, _)| *name == key) {
                    map.merged.insert(key.clone());
                    map.insert(key, value);
                }
            }
        }
        Kind::List(maps) => maps.into_iter().for_each(|one| merge(map, one)),
        _ => {}
    }
}

/// What a scalar without quotes is in YAML 1.2.
fn plain(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" => Kind::Bool(true),
        "false" | "False" | "FALSE" => Kind::Bool(false),
        _ if is_number(text) => Kind::Number(text.to_owned()),
        _ => Kind::Text(text.to_owned()),
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.contains(|c: char| c.is_ascii_digit())
        && digits
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '-' | '+'))
        && text.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn json_and_yaml_give_the_same_tree() {
        let json = r#"{"a": {"b": [1, 1.5, true, null, "x"]}, "c": "\ud83d\ude00"}"#;
        let yaml = "a:\n  b: [1, 1.5, true, ~, x]\nc: \"😀\"\n";
        assert_eq!(parse("f", json), parse("f", yaml));
    }

    #[test]
    fn the_last_value_of_a_repeated_key_counts_in_json() {
        let many: Vec<_> = (0..40).map(|at| format!("\"k{at}\": 1")).collect();
        let many = many.join(", ");
        let tree = parse("f", &format!("{{ {many}, \"k3\": 2 }}")).unwrap();
        assert_eq!(tree.entries().len(), 40);
        assert_eq!(tree.get("k3"), Some(&Kind::Number("2".to_owned()).into()));
    }

    #[test]
    fn a_pointer_leads_to_a_key_with_a_slash() {
        let tree = parse("f", "paths:\n  /things/{id}: [x, y]\n").unwrap();
        let found = tree.pointer("#/paths/~1things~1%7Bid%7D/1");
        assert_eq!(found.and_then(Value::text), Some("y"));
    }

    #[test]
    fn nested_aliases_are_bounded() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for at in 1..12 {
            let before = at - 1;
            let aliases = vec![format!("*a{before}"); 10].join(", ");
            let _ = writeln!(text, "a{at}: &a{at} [{aliases}]");
        }
        let error = parse("f", &text).unwrap_err();
        assert!(error.message.contains("values"), "{error}");
    }

    #[test]
    fn a_document_that_is_too_deep_is_an_error() {
        for text in [
            "[".repeat(100_000),
            "- ".repeat(10_000),
            "{\"a\":".repeat(10_000),
        ] {
            assert!(parse("f", &text).is_err());
        }
    }

    #[test]
    fn an_error_has_its_place() {
        let error = parse("api.json", "{\"a\": 1,\n \"b\" 2}").unwrap_err();
        assert_eq!(error.place, "api.json:2:6");
        let error = parse("api.yaml", "a: 1\nb: [1, 2\nc: 3\n").unwrap_err();
        assert!(error.place.starts_with("api.yaml:"), "{error}");
    }
}
