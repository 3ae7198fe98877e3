//! Builders of the arrays of columns.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, ListArray, MapArray, StructArray,
    builder::{
        BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder,
        Int64Builder, StringBuilder, Time64MicrosecondBuilder, TimestampMicrosecondBuilder,
        TimestampNanosecondBuilder,
    },
};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, Field, TimeUnit};
use rest_source::{Column, Error, ErrorKind, Item, Result, Table, Type, Value};
use rest_source_load::encode;

use crate::types::{decimal, element_field, entries_field, fields, unit};

/// The room for the validity of a first batch.
const ROWS: usize = 1_024;

/// Builds the array of one column.
#[derive(Debug)]
pub struct ColumnBuilder(Builder);

impl ColumnBuilder {
    /// A builder for values of this column.
    pub fn new(column: &Column) -> Self {
        Self(Builder::new(column))
    }

    /// Appends a cell. Returns about how many bytes its value has.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Destination`] if the value does not fit the Arrow type. The builder is unusable afterwards.
    pub fn append(&mut self, item: Item<'_>) -> Result<usize> {
        self.0.append(item)
    }

    /// Appends a value that has no parts; null to a column of objects, lists or maps. Returns about how many bytes it
    /// has.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append).
    pub fn append_value(&mut self, value: Value<'_>) -> Result<usize> {
        self.0.append_value(value)
    }

    /// Builds the array of the appended values, and starts the next one.
    ///
    /// # Errors
    ///
    /// If an element, a field or a value of a map is null and its column is not nullable.
    pub fn finish(&mut self) -> std::result::Result<ArrayRef, ArrowError> {
        self.0.finish()
    }
}

/// An array builder, by the type of its column.
#[derive(Debug)]
enum Builder {
    Text(StringBuilder),
    Bigint(Int64Builder),
    Double(Float64Builder),
    Bool(BooleanBuilder),
    Micros(TimestampMicrosecondBuilder),
    Nanos(TimestampNanosecondBuilder),
    Date(Date32Builder),
    Time(Time64MicrosecondBuilder),
    Decimal(Decimal128Builder, u8, i8),
    Binary(BinaryBuilder),
    Struct {
        table: rest_source::shared::Ref<Table>,
        columns: Vec<Self>,
        valid: NullBufferBuilder,
    },
    List {
        field: Arc<Field>,
        element: Box<Self>,
        offsets: Vec<i32>,
        valid: NullBufferBuilder,
    },
    Map {
        field: Arc<Field>,
        keys: StringBuilder,
        values: Box<Self>,
        offsets: Vec<i32>,
        valid: NullBufferBuilder,
    },
}

/// Appends a value or null to a leaf.
macro_rules! append {
    ($builder:expr, $value:expr) => {{
        $builder.append_option($value);
        8
    }};
}

impl Builder {
    fn new(column: &Column) -> Self {
        let valid = || NullBufferBuilder::new(ROWS);
        match &column.data_type {
            Type::Bigint => Self::Bigint(Int64Builder::new()),
            Type::Double => Self::Double(Float64Builder::new()),
            Type::Bool => Self::Bool(BooleanBuilder::new()),
            Type::Timestamp(format) if unit(format) == TimeUnit::Nanosecond => {
                Self::Nanos(TimestampNanosecondBuilder::new().with_timezone("UTC"))
            }
            Type::Timestamp(_) => {
                Self::Micros(TimestampMicrosecondBuilder::new().with_timezone("UTC"))
            }
            Type::Date(_) => Self::Date(Date32Builder::new()),
            Type::Time => Self::Time(Time64MicrosecondBuilder::new()),
            Type::Decimal { precision, scale }
                if let Some((precision, scale)) = decimal(*precision, *scale) =>
            {
                let builder =
                    Decimal128Builder::new().with_data_type(DataType::Decimal128(precision, scale));
                Self::Decimal(builder, precision, scale)
            }
            Type::Binary => Self::Binary(BinaryBuilder::new()),
            Type::Object(table) if !table.columns.is_empty() => Self::Struct {
                columns: table.columns.iter().map(Self::new).collect(),
                table: table.clone(),
                valid: valid(),
            },
            Type::Array(element) => Self::List {
                field: Arc::new(element_field(element)),
                element: Box::new(Self::new(element)),
                offsets: vec![0],
                valid: valid(),
            },
            Type::Map(element) => Self::Map {
                field: Arc::new(entries_field(element)),
                keys: StringBuilder::new(),
                values: Box::new(Self::new(element)),
                offsets: vec![0],
                valid: valid(),
            },
            _ => Self::Text(StringBuilder::new()),
        }
    }

    /// Appends a value. Returns about how many bytes it has.
    fn append(&mut self, item: Item<'_>) -> Result<usize> {
        match self {
            Self::Struct {
                table,
                columns,
                valid,
            } => {
                let mut bytes = 1;
                let mut fields = item.fields(table);
                for column in columns {
                    bytes += match fields.next() {
                        Some(field) => column.append(field)?,
                        None => column.append_value(Value::Null)?,
                    };
                }
                valid.append(!item.is_null());
                Ok(bytes)
            }
            Self::List {
                element,
                offsets,
                valid,
                ..
            } => {
                let mut bytes = 4;
                for item in item.elements() {
                    bytes += element.append(item)?;
                }
                valid.append(!item.is_null());
                push_offset(offsets, item.elements().len())?;
                Ok(bytes)
            }
            Self::Map {
                keys,
                values,
                offsets,
                valid,
                ..
            } => {
                let mut bytes = 4;
                let entries = item.entries();
                let count = entries.len() / 2;
                for (at, item) in entries.enumerate() {
                    if at % 2 == 1 {
                        bytes += values.append(item)?;
                    } else if let Value::Text(key) = item.value() {
                        keys.append_value(key);
                        bytes += key.len();
                    } else {
                        keys.append_value("");
                    }
                }
                valid.append(!item.is_null());
                push_offset(offsets, count)?;
                Ok(bytes)
            }
            leaf => leaf.append_value(item.value()),
        }
    }

    /// Appends a value without parts; to a column that has them, null.
    fn append_value(&mut self, value: Value<'_>) -> Result<usize> {
        Ok(match self {
            Self::Text(builder) => match value {
                Value::Absent | Value::Null => append!(builder, None::<&str>),
                Value::Text(text) | Value::Decimal(text) | Value::Json(text) => {
                    builder.append_value(text);
                    text.len() + 4
                }
                other => {
                    let text = other.to_string();
                    builder.append_value(&text);
                    text.len() + 4
                }
            },
            Self::Bigint(builder) => append!(
                builder,
                match value {
                    Value::Bigint(value) => Some(value),
                    _ => None,
                }
            ),
            Self::Double(builder) => append!(
                builder,
                match value {
                    Value::Double(value) => Some(value),
                    _ => None,
                }
            ),
            Self::Bool(builder) => append!(
                builder,
                match value {
                    Value::Bool(value) => Some(value),
                    _ => None,
                }
            ),
            Self::Micros(builder) => append!(
                builder,
                match value {
                    Value::Timestamp(time) => Some(encode::microseconds(time)),
                    _ => None,
                }
            ),
            Self::Nanos(builder) => append!(
                builder,
                match value {
                    Value::Timestamp(time) => Some(nanos(time)?),
                    _ => None,
                }
            ),
            Self::Date(builder) => append!(
                builder,
                match value {
                    Value::Date(date) => Some(encode::days(date)),
                    _ => None,
                }
            ),
            Self::Time(builder) => append!(
                builder,
                match value {
                    Value::Time(time) => Some(encode::microseconds_of_day(time)),
                    _ => None,
                }
            ),
            Self::Decimal(builder, precision, scale) => append!(
                builder,
                match value {
                    Value::Decimal(text) =>
                        Some(encode::unscaled(text, *precision, scale.unsigned_abs())?),
                    _ => None,
                }
            ),
            Self::Binary(builder) => {
                let bytes = match value {
                    Value::Binary(bytes) => Some(bytes),
                    _ => None,
                };
                builder.append_option(bytes);
                bytes.map_or(0, <[u8]>::len) + 4
            }
            Self::Struct { columns, valid, .. } => {
                for column in columns {
                    column.append_value(Value::Null)?;
                }
                valid.append_null();
                1
            }
            Self::List { offsets, valid, .. } | Self::Map { offsets, valid, .. } => {
                valid.append_null();
                push_offset(offsets, 0)?;
                4
            }
        })
    }

    /// The values, which are forgotten.
    fn finish(&mut self) -> std::result::Result<ArrayRef, ArrowError> {
        Ok(match self {
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Bigint(builder) => Arc::new(builder.finish()),
            Self::Double(builder) => Arc::new(builder.finish()),
            Self::Bool(builder) => Arc::new(builder.finish()),
            Self::Micros(builder) => Arc::new(builder.finish()),
            Self::Nanos(builder) => Arc::new(builder.finish()),
            Self::Date(builder) => Arc::new(builder.finish()),
            Self::Time(builder) => Arc::new(builder.finish()),
            Self::Decimal(builder, ..) => Arc::new(builder.finish()),
            Self::Binary(builder) => Arc::new(builder.finish()),
            Self::Struct {
                table,
                columns,
                valid,
            } => {
                let columns = columns
                    .iter_mut()
                    .map(Self::finish)
                    .collect::<std::result::Result<_, _>>()?;
                Arc::new(StructArray::try_new(
                    fields(table),
                    columns,
                    valid.finish(),
                )?)
            }
            Self::List {
                field,
                element,
                offsets,
                valid,
            } => {
                let offsets =
                    OffsetBuffer::new(ScalarBuffer::from(std::mem::replace(offsets, vec![0])));
                Arc::new(ListArray::try_new(
                    Arc::clone(field),
                    offsets,
                    element.finish()?,
                    valid.finish(),
                )?)
            }
            Self::Map {
                field,
                keys,
                values,
                offsets,
                valid,
            } => {
                let offsets =
                    OffsetBuffer::new(ScalarBuffer::from(std::mem::replace(offsets, vec![0])));
                let DataType::Struct(fields) = field.data_type() else {
                    return Err(ArrowError::SchemaError(
                        "the entries of a map are no structs".to_owned(),
                    ));
                };
                let columns: Vec<ArrayRef> = vec![Arc::new(keys.finish()), values.finish()?];
                let entries = StructArray::try_new(fields.clone(), columns, None)?;
                Arc::new(MapArray::try_new(
                    Arc::clone(field),
                    offsets,
                    entries,
                    valid.finish(),
                    false,
                )?)
            }
        })
    }
}

fn push_offset(offsets: &mut Vec<i32>, count: usize) -> Result<()> {
    let last = offsets.last().copied().unwrap_or_default();
    let next = i32::try_from(count)
        .ok()
        .and_then(|count| last.checked_add(count));
    let next = next.ok_or_else(|| {
        Error::new(
            ErrorKind::Destination,
            "a batch has more than 2,147,483,647 elements of lists",
        )
    })?;
    offsets.push(next);
    Ok(())
}

fn nanos(time: rest_source::Timestamp) -> Result<i64> {
    let seconds = time.epoch_seconds().checked_mul(1_000_000_000);
    let nanos = seconds.and_then(|nanos| nanos.checked_add(i64::from(time.subsec_nanoseconds())));
    nanos.ok_or_else(|| {
        let message = format!(
            "the timestamp {time} is outside of the years 1677 to 2262, which nanoseconds reach"
        );
        Error::new(ErrorKind::Destination, message)
            .with_help("declare the column as `text`, or load JSON Lines")
    })
}
