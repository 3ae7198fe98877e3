//! The values of a column, until they are appended.

use std::sync::Arc;

use duckdb::arrow::{
    array::{
        ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder,
        Int64Builder, ListArray, StringBuilder, Time64MicrosecondBuilder,
        TimestampMicrosecondBuilder,
    },
    buffer::{NullBuffer, OffsetBuffer},
    error::ArrowError,
};
use rest_source::{Error, ErrorKind, Item, Result, Value};
use rest_source_load::encode;

use crate::types::{Plain, Stored};

/// Builds the Arrow array of a column.
pub(crate) enum ColumnBuilder {
    Plain(PlainBuilder),
    List {
        of: Plain,
        elements: PlainBuilder,
        lengths: Vec<usize>,
        valid: Vec<bool>,
    },
    Json(StringBuilder),
}

pub(crate) enum PlainBuilder {
    Text(StringBuilder),
    Bigint(Int64Builder),
    Double(Float64Builder),
    Bool(BooleanBuilder),
    Timestamp(TimestampMicrosecondBuilder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Decimal {
        builder: Decimal128Builder,
        precision: u8,
        scale: u8,
    },
    Binary(BinaryBuilder),
}

impl ColumnBuilder {
    pub(crate) fn new(stored: Stored) -> Self {
        match stored {
            Stored::Plain(plain) => Self::Plain(PlainBuilder::new(plain)),
            Stored::List(plain) => Self::List {
                of: plain,
                elements: PlainBuilder::new(plain),
                lengths: Vec::new(),
                valid: Vec::new(),
            },
            Stored::Json => Self::Json(StringBuilder::new()),
        }
    }

    /// Appends a value of a row. Returns about how many bytes it has.
    pub(crate) fn append(&mut self, item: Item<'_>) -> Result<usize> {
        match self {
            Self::Plain(builder) => builder.append(item.value()),
            Self::List {
                elements,
                lengths,
                valid,
                ..
            } => {
                let mut bytes = 4;
                for element in item.elements() {
                    bytes += elements.append(element.value())?;
                }
                lengths.push(item.elements().len());
                valid.push(!item.is_null());
                Ok(bytes)
            }
            Self::Json(builder) => {
                let text = match item.value() {
                    Value::Absent | Value::Null => None,
                    Value::Json(json) => Some(json.to_owned()),
                    // A key of an untyped resource.
                    Value::Text(text) => Some(serde_json::Value::from(text).to_string()),
                    other => Some(other.to_string()),
                };
                builder.append_option(text.as_deref());
                Ok(text.map_or(0, |text| text.len()) + 4)
            }
        }
    }

    /// Appends a number to a column of numbers.
    pub(crate) fn append_number(&mut self, number: i64) -> Result<usize> {
        match self {
            Self::Plain(builder) => builder.append(Value::Bigint(number)),
            Self::List { .. } | Self::Json(_) => Err(other_type()),
        }
    }

    /// The array of the values, which are forgotten.
    pub(crate) fn finish(&mut self) -> std::result::Result<ArrayRef, ArrowError> {
        Ok(match self {
            Self::Plain(builder) => builder.finish(),
            Self::List {
                of,
                elements,
                lengths,
                valid,
            } => Arc::new(ListArray::try_new(
                Arc::new(of.element()),
                OffsetBuffer::from_lengths(std::mem::take(lengths)),
                elements.finish(),
                Some(NullBuffer::from(std::mem::take(valid))),
            )?),
            Self::Json(builder) => Arc::new(builder.finish()),
        })
    }
}

impl PlainBuilder {
    fn new(plain: Plain) -> Self {
        match plain {
            Plain::Text => Self::Text(StringBuilder::new()),
            Plain::Bigint => Self::Bigint(Int64Builder::new()),
            Plain::Double => Self::Double(Float64Builder::new()),
            Plain::Bool => Self::Bool(BooleanBuilder::new()),
            Plain::Timestamp => {
                Self::Timestamp(TimestampMicrosecondBuilder::new().with_timezone("UTC"))
            }
            Plain::Date => Self::Date(Date32Builder::new()),
            Plain::Time => Self::Time(Time64MicrosecondBuilder::new()),
            Plain::Decimal { precision, scale } => Self::Decimal {
                builder: Decimal128Builder::new().with_data_type(Stored::Plain(plain).arrow()),
                precision,
                scale,
            },
            Plain::Binary => Self::Binary(BinaryBuilder::new()),
        }
    }

    fn append(&mut self, value: Value<'_>) -> Result<usize> {
        match (self, value) {
            (builder, Value::Absent | Value::Null) => {
                builder.append_null();
                return Ok(4);
            }
            (Self::Text(builder), Value::Text(text) | Value::Decimal(text)) => {
                builder.append_value(text);
                return Ok(text.len() + 4);
            }
            (Self::Binary(builder), Value::Binary(bytes)) => {
                builder.append_value(bytes);
                return Ok(bytes.len() + 4);
            }
            (Self::Bigint(builder), Value::Bigint(value)) => builder.append_value(value),
            (Self::Double(builder), Value::Double(value)) => builder.append_value(value),
            (Self::Bool(builder), Value::Bool(value)) => builder.append_value(value),
            (Self::Timestamp(builder), Value::Timestamp(at)) => {
                builder.append_value(encode::microseconds(at));
            }
            (Self::Date(builder), Value::Date(date)) => builder.append_value(encode::days(date)),
            (Self::Time(builder), Value::Time(time)) => {
                builder.append_value(encode::microseconds_of_day(time));
            }
            (
                Self::Decimal {
                    builder,
                    precision,
                    scale,
                },
                Value::Decimal(text),
            ) => builder.append_value(encode::unscaled(text, *precision, *scale)?),
            _ => return Err(other_type()),
        }
        Ok(16)
    }

    fn append_null(&mut self) {
        match self {
            Self::Text(builder) => builder.append_null(),
            Self::Bigint(builder) => builder.append_null(),
            Self::Double(builder) => builder.append_null(),
            Self::Bool(builder) => builder.append_null(),
            Self::Timestamp(builder) => builder.append_null(),
            Self::Date(builder) => builder.append_null(),
            Self::Time(builder) => builder.append_null(),
            Self::Decimal { builder, .. } => builder.append_null(),
            Self::Binary(builder) => builder.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Bigint(builder) => Arc::new(builder.finish()),
            Self::Double(builder) => Arc::new(builder.finish()),
            Self::Bool(builder) => Arc::new(builder.finish()),
            Self::Timestamp(builder) => Arc::new(builder.finish()),
            Self::Date(builder) => Arc::new(builder.finish()),
            Self::Time(builder) => Arc::new(builder.finish()),
            Self::Decimal { builder, .. } => Arc::new(builder.finish()),
            Self::Binary(builder) => Arc::new(builder.finish()),
        }
    }
}

fn other_type() -> Error {
    Error::new(
        ErrorKind::Destination,
        "a value is of another type than its column",
    )
}
