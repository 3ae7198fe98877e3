//! What generated code is written with: short names, so that a column stays on its line.
//!
//! Not for use by hand, and not kept stable: the macro of the same version is its only user.

#![allow(missing_docs)]

use std::time::Duration;

pub use std::collections::BTreeMap;

pub use crate::parent::{ToParentValue, at_json as within_json, pick as element};
pub use crate::{
    Builder, Cell, Cells, Client, ConfigValue, Connector, Date, Decimal, Fetch, Field, Filled,
    FromCell, Json, NewCell, NewCells, Of, ParentValue, Record, Result, Secret, Time, Timestamp,
    ToCell, ToCells, Values,
    hooks::{AuthHook, Filters, Hooks, StepFn, Steps, StepsHook},
    plan::{
        Action, Auth, Body, Choice, ClientAuthentication, ColumnsContract, ConfigPlan, ConfigType,
        Cursor, CustomAuth, DataTypeContract, Ends, FutureCursor, Grant, Incremental,
        Json as JsonPlan, JsonCondition, Lag, Location, Method, OAuth2, Offset, OnMissing,
        OnNullParent, PageNumber, Pages, Paginator, Param, ParentField, ParentPlan, Part,
        ProcessingStep, RateLimit, ResourcePlan, ResponseAction, Retry, RowOrder, SchemaContract,
        SecretPlan, Selector, Slot, SourcePlan, Template, WriteDisposition,
    },
    schema::{Column, Decode, Path, Step, Table, TimeFormat, Type},
};

/// The record of these fields, a cell each, in order.
#[doc(hidden)]
#[macro_export]
macro_rules! __take {
    ($cells:ident => $($field:ident),*) => {
        Self { $($field: $cells.take()),* }
    };
}
pub use crate::__take as take;

/// Gives the cells of these fields, in order.
#[doc(hidden)]
#[macro_export]
macro_rules! __give {
    ($record:ident, $cells:ident => $($field:ident),*) => {
        $($cells.give(&$record.$field);)*
    };
}
pub use crate::__give as give;

/// What a `yield_map` makes of a record, as a list.
pub fn yield_map<T>(records: impl IntoIterator<Item = T>) -> Vec<T> {
    records.into_iter().collect()
}

/// The value within one that may be null.
pub fn value_of<T>(value: Option<T>, within: impl FnOnce(T) -> ParentValue) -> ParentValue {
    value.map_or(ParentValue::Null, within)
}

/// A column that a user's own struct has no field for.
#[derive(Debug)]
pub struct Skip;

impl FromCell for Skip {
    fn from_cell(_: Cell<'_>) -> Self {
        Self
    }
}

pub const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub const fn param(name: &'static str, value: Template) -> Param {
    Param { name, value }
}

pub const fn field(column: u16, path: &'static [Step]) -> ParentField {
    let path = Path(path);
    ParentField { column, path }
}

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
    Column::new(name, Type::Object(T::TABLE)).at(line)
}

pub const fn array(element: &'static Column, line: u32) -> Column {
    Column::new(element.name, Type::Array(element)).at(line)
}

pub const fn map(value: &'static Column, line: u32) -> Column {
    Column::new(value.name, Type::Map(value)).at(line)
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

pub const fn open(name: &'static str, line: u32, values: &'static [&'static str]) -> Column {
    let closed = false;
    Column::new(name, Type::Enum { values, closed }).at(line)
}

pub const fn closed(name: &'static str, line: u32, values: &'static [&'static str]) -> Column {
    let closed = true;
    Column::new(name, Type::Enum { values, closed }).at(line)
}

pub const fn union(name: &'static str, line: u32, members: &'static [Column]) -> Column {
    Column::new(name, Type::Union(members)).at(line)
}
