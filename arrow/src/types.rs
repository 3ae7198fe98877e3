//! Fields and types of columns.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use rest_source::{Column, Table, Type, schema::TimeFormat};

static RECORD: Column = Column::record();

/// The columns of a table's rows. Rows of an untyped table have one, `record`.
pub(crate) fn columns(table: &Table) -> Vec<&Column> {
    if table.columns.is_empty() {
        return vec![&RECORD];
    }
    table.columns.iter().collect()
}

/// The Arrow schema of a table's rows.
pub fn schema(table: &Table) -> SchemaRef {
    let fields: Vec<Field> = columns(table).into_iter().map(field).collect();
    Arc::new(Schema::new(fields))
}

/// The Arrow field of a column.
pub fn field(column: &Column) -> Field {
    Field::new(
        column.name.as_str(),
        data_type(&column.data_type),
        column.nullable,
    )
}

fn data_type(data_type: &Type) -> DataType {
    match data_type {
        Type::Bigint => DataType::Int64,
        Type::Double => DataType::Float64,
        Type::Bool => DataType::Boolean,
        Type::Timestamp(format) => DataType::Timestamp(unit(format), Some("UTC".into())),
        Type::Date(_) => DataType::Date32,
        Type::Time => DataType::Time64(TimeUnit::Microsecond),
        Type::Decimal { precision, scale } => match decimal(*precision, *scale) {
            Some((precision, scale)) => DataType::Decimal128(precision, scale),
            None => DataType::Utf8,
        },
        Type::Binary => DataType::Binary,
        Type::Object(table) => DataType::Struct(fields(table)),
        Type::Array(element) => DataType::List(Arc::new(element_field(element))),
        Type::Map(element) => DataType::Map(Arc::new(entries_field(element)), false),
        Type::Text | Type::Enum { .. } | Type::Json | Type::Union(_) | Type::Scalar => {
            DataType::Utf8
        }
    }
}

/// The unit of a timestamp. Microseconds reach all years of an API, nanoseconds those from 1677 to 2262.
pub(crate) fn unit(format: &TimeFormat) -> TimeUnit {
    match format {
        TimeFormat::EpochNanos => TimeUnit::Nanosecond,
        _ => TimeUnit::Microsecond,
    }
}

/// The precision and the scale of a decimal that 128 bits hold.
pub(crate) fn decimal(precision: u8, scale: u8) -> Option<(u8, i8)> {
    let scale = i8::try_from(scale).ok()?;
    (1..=38).contains(&precision).then_some((precision, scale))
}

pub(crate) fn fields(table: &Table) -> Fields {
    if table.columns.is_empty() {
        return vec![Field::new("record", DataType::Utf8, false)].into();
    }
    table.columns.iter().map(field).collect()
}

pub(crate) fn element_field(element: &Column) -> Field {
    Field::new("element", data_type(&element.data_type), element.nullable)
}

pub(crate) fn entries_field(element: &Column) -> Field {
    let key = Field::new("key", DataType::Utf8, false);
    let value = Field::new("value", data_type(&element.data_type), element.nullable);
    Field::new("entries", DataType::Struct(vec![key, value].into()), false)
}
