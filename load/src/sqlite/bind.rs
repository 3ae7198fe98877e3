//! Binding of cells to the parameters of a statement, without copying them.

use std::fmt::{Display, Write};

use rest_source::{Row, Scalar, Value};
use rusqlite::{
    Result, Statement,
    types::{self, Null},
};

use crate::{
    sql::WritePlan,
    timestamp_text::{push_timestamp, timestamp_text},
};

/// The cells at these positions of a row, as they are stored.
pub(super) fn stored_values<'r>(
    plan: &WritePlan,
    row: Row<'r>,
    columns: &[usize],
) -> impl Iterator<Item = Value<'r>> {
    columns.iter().map(move |at| match row.value(*at) {
        // In a column of any type, 1 is a number.
        Value::Bool(value) if plan.holds_any_type(*at) => {
            Value::Binary(if value { b"true" } else { b"false" })
        }
        value => value,
    })
}

/// Binds values to the parameters from this one on. Returns the next. `text` is a buffer for values that have to be
/// formatted.
pub(super) fn bind_from<'v>(
    statement: &mut Statement<'_>,
    first: usize,
    values: impl Iterator<Item = Value<'v>>,
    text: &mut String,
) -> Result<usize> {
    let mut parameter = first;
    for value in values {
        bind_value(statement, parameter, value, text)?;
        parameter += 1;
    }
    Ok(parameter)
}

fn bind_value(
    statement: &mut Statement<'_>,
    parameter: usize,
    value: Value<'_>,
    text: &mut String,
) -> Result<()> {
    match value {
        Value::Absent | Value::Null => statement.raw_bind_parameter(parameter, Null),
        Value::Bool(value) => statement.raw_bind_parameter(parameter, value),
        Value::Bigint(value) => statement.raw_bind_parameter(parameter, value),
        Value::Double(value) => statement.raw_bind_parameter(parameter, value),
        Value::Text(value) | Value::Decimal(value) | Value::Json(value) => {
            statement.raw_bind_parameter(parameter, value)
        }
        Value::Binary(value) => statement.raw_bind_parameter(parameter, value),
        Value::Timestamp(value) => {
            text.clear();
            push_timestamp(value, text);
            statement.raw_bind_parameter(parameter, text.as_str())
        }
        Value::Date(value) => {
            show(value, text);
            statement.raw_bind_parameter(parameter, text.as_str())
        }
        Value::Time(value) => {
            show(value, text);
            statement.raw_bind_parameter(parameter, text.as_str())
        }
    }
}

/// The stored form of a parameter.
pub(super) fn parameter(value: &Scalar) -> types::Value {
    match value {
        Scalar::Bigint(value) => types::Value::Integer(*value),
        Scalar::Double(value) => types::Value::Real(*value),
        Scalar::Bool(value) => types::Value::Integer(i64::from(*value)),
        Scalar::Timestamp(value) => types::Value::Text(timestamp_text(*value)),
        Scalar::Binary(bytes) => types::Value::Blob(bytes.clone()),
        Scalar::Null => types::Value::Null,
        other => types::Value::Text(other.to_string()),
    }
}

/// Formats a value in place of what the buffer has.
fn show(value: impl Display, text: &mut String) {
    text.clear();
    // Writing to a string does not fail.
    let _ = write!(text, "{value}");
}
