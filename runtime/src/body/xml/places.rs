//! What the columns have at the places of a record: lists, numbers and bools, which XML does not tell from others.

use std::{collections::HashMap, sync::LazyLock};

use crate::schema::{Column, Decode, Step, Table, Type};

/// What the columns have at a place of a record, and below.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// Whether it is a list: an element that stands once is a list of one.
    pub(super) is_list: bool,
    pub(super) leaf: Leaf,
    below: HashMap<String, Place>,
    /// Of any key: in a map.
    any: Option<Box<Place>>,
}

/// What a text is in JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Leaf {
    #[default]
    Text,
    Number,
    Bool,
}

/// A place that no column has.
static UNDECLARED: LazyLock<Place> = LazyLock::new(Place::default);

impl Place {
    /// A record of this table.
    pub(super) fn record(table: &Table) -> Self {
        let mut record = Self::default();
        record.add_columns(table);
        record
    }

    /// Below an element or attribute of this name.
    pub(super) fn at(&self, name: &str) -> &Self {
        self.below
            .get(name)
            .or(self.any.as_deref())
            .unwrap_or(&UNDECLARED)
    }

    fn add_columns(&mut self, table: &Table) {
        for column in table.columns.iter().filter(|column| column.is_received()) {
            let key = [Step::Key(column.key.clone())];
            let path = column.from.as_ref().map_or(&key[..], |path| &path.0);
            self.place(path).add_column(column);
        }
    }

    /// The place at a path; an index is of a list.
    fn place(&mut self, path: &[Step]) -> &mut Self {
        let mut place = self;
        for step in path {
            match step {
                Step::Key(key) => place = place.below.entry(key.to_string()).or_default(),
                Step::Index(_) => place.is_list = true,
            }
        }
        place
    }

    fn add_column(&mut self, column: &Column) {
        match (&column.data_type, column.decode) {
            (Type::Object(table), _) => self.add_columns(table),
            (Type::Array(element), _) => {
                self.is_list = true;
                self.add_column(element);
            }
            (Type::Map(element), _) => self.any.get_or_insert_default().add_column(element),
            (Type::Bigint | Type::Double, Decode::Native) | (Type::Bool, Decode::Integer) => {
                self.leaf = Leaf::Number;
            }
            (Type::Bool, Decode::Native) => self.leaf = Leaf::Bool,
            _ => {}
        }
    }
}

impl Leaf {
    /// A text as a number or a bool in JSON, if it is one and is to be.
    pub(super) fn json(self, text: &str) -> Option<String> {
        match (self, text) {
            (Self::Bool, "true" | "TRUE" | "True" | "1") => Some("true".to_owned()),
            (Self::Bool, "false" | "FALSE" | "False" | "0") => Some("false".to_owned()),
            (Self::Number, text) => number(text),
            _ => None,
        }
    }
}

/// The digits of a number as JSON writes them: `+1`, `007` and `.5` are numbers of XML.
fn number(text: &str) -> Option<String> {
    let is_number = text.ends_with(|c: char| c.is_ascii_digit() || c == '.');
    if !is_number {
        return None;
    }
    if serde_json::from_str::<serde_json::Number>(text).is_ok() {
        return Some(text.to_owned());
    }
    if let Ok(integer) = text.parse::<i64>() {
        return Some(integer.to_string());
    }
    let number: f64 = text.parse().ok()?;
    number.is_finite().then(|| number.to_string())
}
