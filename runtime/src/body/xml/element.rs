//! An element as JSON.

use std::collections::HashMap;

use quick_xml::{XmlVersion, events::BytesStart};

use super::{super::json::write_text, places::Place};

/// The key of the text of an element that has attributes or elements, too.
const TEXT: &str = "_text";

/// An element that is open, or was read.
#[derive(Default)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) text: String,
    /// Its attributes and elements by their names, in the order of the first of each.
    fields: Vec<(String, Vec<Field>)>,
    /// The position of each name in `fields`.
    positions: HashMap<String, usize>,
    /// Whether it says that it is null (`xsi:nil`).
    is_nil: bool,
}

enum Field {
    Attribute(String),
    Element(Element),
}

impl Element {
    /// About how much memory one takes beside its text, in bytes.
    pub(super) const SIZE: usize = 2 * size_of::<Self>();

    /// An element with its attributes.
    pub(super) fn new(name: &str, start: &BytesStart<'_>) -> Result<Self, String> {
        let mut element = Self {
            name: name.to_owned(),
            ..Self::default()
        };
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| error.to_string())?;
            let key = attribute.key;
            let is_namespace = key.as_ref() == "xmlns" || key.as_ref().starts_with("xmlns:");
            if is_namespace {
                continue;
            }
            let value = attribute
                .normalized_value(XmlVersion::Explicit1_0)
                .map_err(|error| error.to_string())?;
            let local = key.local_name();
            let is_prefixed = local.as_ref().len() < key.as_ref().len();
            if is_prefixed && local.as_ref() == "nil" {
                element.is_nil = matches!(&*value, "true" | "1");
            } else {
                element.put(local.as_ref(), Field::Attribute(value.into_owned()));
            }
        }
        Ok(element)
    }

    /// Adds an element within it.
    pub(super) fn add(&mut self, child: Self) {
        let name = child.name.clone();
        self.put(&name, Field::Element(child));
    }

    fn put(&mut self, name: &str, field: Field) {
        if let Some(at) = self.positions.get(name) {
            if let Some((_, fields)) = self.fields.get_mut(*at) {
                fields.push(field);
            }
            return;
        }
        self.positions.insert(name.to_owned(), self.fields.len());
        self.fields.push((name.to_owned(), vec![field]));
    }

    /// Writes a record: an object, or a text if it has nothing else.
    pub(super) fn write_record(&self, place: &Place, json: &mut Vec<u8>) {
        if self.fields.is_empty() && self.text.trim().is_empty() {
            json.extend_from_slice(b"{}");
        } else {
            self.write(place, json);
        }
    }

    fn write(&self, place: &Place, json: &mut Vec<u8>) {
        let text = self.text.trim();
        if self.is_nil || self.fields.is_empty() && text.is_empty() {
            json.extend_from_slice(b"null");
            return;
        }
        if self.fields.is_empty() {
            write_leaf(text, place, json);
            return;
        }
        json.push(b'{');
        for (at, (name, fields)) in self.fields.iter().enumerate() {
            if at > 0 {
                json.push(b',');
            }
            write_text(json, name.as_bytes());
            json.push(b':');
            write_fields(fields, place.at(name), json);
        }
        if !text.is_empty() {
            json.push(b',');
            write_text(json, TEXT.as_bytes());
            json.push(b':');
            write_leaf(text, place.at(TEXT), json);
        }
        json.push(b'}');
    }
}

/// Writes what has one name: a list, if there are several or the columns have one there.
fn write_fields(fields: &[Field], place: &Place, json: &mut Vec<u8>) {
    let is_list = fields.len() > 1 || place.is_list;
    if is_list {
        json.push(b'[');
    }
    for (at, field) in fields.iter().enumerate() {
        if at > 0 {
            json.push(b',');
        }
        match field {
            Field::Attribute(value) => write_leaf(value, place, json),
            Field::Element(element) => element.write(place, json),
        }
    }
    if is_list {
        json.push(b']');
    }
}

fn write_leaf(text: &str, place: &Place, json: &mut Vec<u8>) {
    match place.leaf.json(text) {
        Some(number) => json.extend_from_slice(number.as_bytes()),
        None => write_text(json, text.as_bytes()),
    }
}
