//! What a child takes of its parent's records.

mod record;
mod sent;

use std::fmt;

use serde_json::Value as Json;

use crate::{
    Row,
    page::{Page, Slot},
    plan::ParentField,
    schema::{Column, Step, Table, Type},
    value::{Date, Decimal, Field, Time, Timestamp, Value},
};

pub(crate) use record::{ParentKey, ParentRecord, key_columns, null_field, null_field_error};
pub(crate) use sent::differs;

/// A value of a parent's record, as its children's requests and records take it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ParentValue {
    /// None: null, absent, or nothing at the place that was to be reached.
    Null,
    /// True or false.
    Bool(bool),
    /// An integer.
    Bigint(i64),
    /// A floating-point number.
    Double(f64),
    /// Text, or the word of an enum.
    Text(String),
    /// An instant.
    Timestamp(Timestamp),
    /// A civil date.
    Date(Date),
    /// A civil time of day.
    Time(Time),
    /// A decimal number.
    Decimal(Decimal),
    /// Bytes.
    Binary(Vec<u8>),
    /// An object or a list, or a number of a json column that is no integer of 64 bits, as its text.
    Json(String),
}

/// The column of a field.
fn field_column<'t>(table: &'t Table, field: &ParentField) -> Option<&'t Column> {
    table.columns.get(usize::from(field.column))
}

/// The value of a field in a row of the parent.
fn field(row: Row<'_>, field: &ParentField) -> ParentValue {
    let at = usize::from(field.column);
    match (row.place(at), row.table().columns.get(at)) {
        (Some((page, slot)), Some(column)) => reach(page, slot, column, &field.path.0),
        _ => ParentValue::Null,
    }
}

/// Goes along the steps from a cell.
fn reach(page: &Page, slot: Slot, column: &Column, steps: &[Step]) -> ParentValue {
    let Some((step, rest)) = steps.split_first() else {
        return page.value(slot).into();
    };
    let next = match (slot, &column.data_type, step) {
        (Slot::Object { children, .. }, Type::Object(table), Step::Key(name)) => {
            let at = table.position(name);
            let slots = page.slots(children, table.width());
            at.and_then(|at| Some((*slots.get(at)?, table.columns.get(at)?)))
        }
        (Slot::Array { children, len, .. }, Type::Array(element), Step::Index(index)) => {
            let slots = page.slots(children, len as usize);
            pick(slots, *index).map(|slot| (*slot, &**element))
        }
        (Slot::Map { children, len, .. }, Type::Map(element), Step::Key(key)) => {
            let entries = page.slots(children, 2 * len as usize).chunks_exact(2);
            let mut found = entries.filter_map(|entry| match entry {
                [name, value] if page.value(*name) == Value::Text(key) => Some(*value),
                _ => None,
            });
            found.next().map(|slot| (slot, &**element))
        }
        (Slot::Json { at }, ..) => {
            let tree: Json = serde_json::from_str(page.json(at)).unwrap_or_default();
            return at_json(&tree, steps);
        }
        _ => None,
    };
    next.map_or(ParentValue::Null, |(slot, column)| {
        reach(page, slot, column, rest)
    })
}

/// The value that the steps lead to from the root of a tree.
pub fn at_json(tree: &Json, steps: &[Step]) -> ParentValue {
    let found = steps.iter().try_fold(tree, |value, step| match step {
        Step::Key(key) => value.get(&**key),
        Step::Index(index) => pick(value.as_array()?, *index),
    });
    found.to_parent_value()
}

/// The element at an index; a negative one counts from the end.
pub fn pick<T>(list: &[T], index: i32) -> Option<&T> {
    let distance = usize::try_from(index.unsigned_abs()).ok()?;
    if index < 0 {
        list.get(list.len().checked_sub(distance)?)
    } else {
        list.get(distance)
    }
}

impl ParentValue {
    /// As one would find it in a row.
    pub(crate) fn as_value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Bigint(value) => Value::Bigint(*value),
            Self::Double(value) => Value::Double(*value),
            Self::Text(value) => Value::Text(value),
            Self::Timestamp(value) => Value::Timestamp(*value),
            Self::Date(value) => Value::Date(*value),
            Self::Time(value) => Value::Time(*value),
            Self::Decimal(value) => Value::Decimal(value.as_str()),
            Self::Binary(value) => Value::Binary(value),
            Self::Json(value) => Value::Json(value),
        }
    }

    /// As JSON, of its own type; what JSON has no type for as text.
    pub(crate) fn to_json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Bool(value) => (*value).into(),
            Self::Bigint(value) => (*value).into(),
            Self::Double(value) => (*value).into(),
            Self::Json(text) => serde_json::from_str(text).unwrap_or_default(),
            other => other.to_string().into(),
        }
    }
}

impl fmt::Display for ParentValue {
    /// As it would stand in a URL: see [`Value`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_value().fmt(f)
    }
}

impl From<Value<'_>> for ParentValue {
    fn from(value: Value<'_>) -> Self {
        match value {
            Value::Absent | Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Bigint(value) => Self::Bigint(value),
            Value::Double(value) => Self::Double(value),
            Value::Text(value) => Self::Text(value.to_owned()),
            Value::Timestamp(value) => Self::Timestamp(value),
            Value::Date(value) => Self::Date(value),
            Value::Time(value) => Self::Time(value),
            Value::Decimal(value) => Self::Decimal(Decimal::from_canonical(value)),
            Value::Binary(value) => Self::Binary(value.to_owned()),
            Value::Json(text) => Self::of_json_text(text),
        }
    }
}

impl ParentValue {
    /// A scalar in a json column is what it is, and no text of JSON.
    fn of_json_text(text: &str) -> Self {
        if text.starts_with(['{', '[']) {
            return Self::Json(text.to_owned());
        }
        let tree: Json = serde_json::from_str(text).unwrap_or_default();
        match tree.to_parent_value() {
            // Its digits as they came.
            Self::Json(_) => Self::Json(text.to_owned()),
            value => value,
        }
    }
}

/// A field's type: what a child may take of a parent's record.
pub trait ToParentValue {
    /// The value, as a child takes it.
    fn to_parent_value(&self) -> ParentValue;
}

impl ToParentValue for Json {
    fn to_parent_value(&self) -> ParentValue {
        match self {
            Self::Null => ParentValue::Null,
            Self::Bool(value) => ParentValue::Bool(*value),
            Self::Number(number) if let Some(integer) = number.as_i64() => {
                ParentValue::Bigint(integer)
            }
            Self::String(text) => ParentValue::Text(text.clone()),
            Self::Number(_) | Self::Array(_) | Self::Object(_) => {
                ParentValue::Json(self.to_string())
            }
        }
    }
}

impl ToParentValue for str {
    fn to_parent_value(&self) -> ParentValue {
        ParentValue::Text(self.to_owned())
    }
}

macro_rules! to_parent_value {
    ($($variant:ident($value:ty)),*) => {
        $(impl ToParentValue for $value {
            fn to_parent_value(&self) -> ParentValue {
                ParentValue::$variant(self.clone())
            }
        })*
    };
}

to_parent_value!(
    Bool(bool),
    Bigint(i64),
    Double(f64),
    Text(String),
    Timestamp(Timestamp),
    Date(Date),
    Time(Time),
    Decimal(Decimal),
    Binary(Vec<u8>)
);

impl<T: ToParentValue + ?Sized> ToParentValue for &T {
    fn to_parent_value(&self) -> ParentValue {
        (**self).to_parent_value()
    }
}

impl<T: ToParentValue> ToParentValue for Option<T> {
    fn to_parent_value(&self) -> ParentValue {
        self.as_ref().map_or(ParentValue::Null, T::to_parent_value)
    }
}

impl<T: ToParentValue> ToParentValue for Field<T> {
    fn to_parent_value(&self) -> ParentValue {
        self.as_ref().value().to_parent_value()
    }
}
