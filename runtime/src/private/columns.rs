//! The columns of a table, a line each.

#![allow(missing_docs)]

use crate::{
    Record,
    schema::{Column, TimeFormat, Type},
    shared::{List, Ref::Static, Text},
};

pub const fn text(name: &'static str, line: u32) -> Column {
    Column::new(name, Type::Text).at(line)
}

pub const fn bigint(name: &'static str, line: u32) -> Column {
    Column::new(name, Type::Bigint).at(line)
}

pub const fn double(name: &'static str, line: u32) -> Column {
    Column::new(name, Type::Double).at(line)
}

pub const fn bool(name: &'static str, line: u32) -> Column {
    Column::new(name, Type::Bool).at(line)
}

pub const fn timestamp(name: &'static str, line: u32) -> Column {
    Column::new(name, Type::TIMESTAMP).at(line)
}

pub const fn timestamp_as(name: &'static str, line: u32, format: TimeFormat) -> Column {
    Column::new(name, Type::Timestamp(format)).at(line)
}

pub const fn date(name: &'static str, line: u32) -> Column {
    Column::new(name, Type::DATE).at(line)
}

pub const fn date_as(name: &'static str, line: u32, format: TimeFormat) -> Column {
    Column::new(name, Type::Date(format)).at(line)
}

pub const fn time(name: &'static str, line: u32) -> Column {
    Column::new(name, Type::Time).at(line)
}

pub const fn decimal(name: &'static str, line: u32, precision: u8, scale: u8) -> Column {
    Column::new(name, Type::Decimal { precision, scale }).at(line)
}

pub const fn binary(name: &'static str, line: u32) -> Column {
    Column::new(name, Type::Binary).at(line)
}

pub const fn json(name: &'static str, line: u32) -> Column {
    Column::new(name, Type::Json).at(line)
}

pub const fn object<T: Record>(name: &'static str, line: u32) -> Column {
    Column::new(name, Type::Object(Static(T::TABLE))).at(line)
}

pub const fn array(name: &'static str, line: u32, element: &'static Column) -> Column {
    Column::new(name, Type::Array(Static(element))).at(line)
}

pub const fn map(name: &'static str, line: u32, value: &'static Column) -> Column {
    Column::new(name, Type::Map(Static(value))).at(line)
}

pub const fn extra(line: u32) -> Column {
    Column::extra().at(line)
}

pub const fn scalar(name: &'static str, line: u32) -> Column {
    Column::new(name, Type::Scalar).at(line)
}

pub const fn record(line: u32) -> Column {
    Column::record().at(line)
}

pub const fn open(name: &'static str, line: u32, values: List<Text>) -> Column {
    let closed = false;
    Column::new(name, Type::Enum { values, closed }).at(line)
}

pub const fn closed(name: &'static str, line: u32, values: List<Text>) -> Column {
    let closed = true;
    Column::new(name, Type::Enum { values, closed }).at(line)
}

pub const fn union(name: &'static str, line: u32, members: List<Column>) -> Column {
    Column::new(name, Type::Union(members)).at(line)
}
