//! Rows of Arrow batches in the output formats of `fetch`.

use rest_source::{Date, Scalar, Timestamp, Value};
use rest_source_datafusion::datafusion::arrow::{
    array::{Array, ArrayRef, AsArray as _, RecordBatch},
    datatypes::{
        DataType, Date32Type, Decimal128Type, Int64Type, Schema, TimeUnit,
        TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
        TimestampSecondType,
    },
    error::ArrowError,
    util::display::{ArrayFormatter, FormatOptions},
};

use crate::{args::Format, error::CommandError, format::ValuePrinter};

/// The rows that are formatted at a time.
const ROWS: usize = 1_000;

pub(super) struct Printer(ValuePrinter);

impl Printer {
    pub(super) fn new(format: Format, schema: &Schema) -> Self {
        let names = schema.fields().iter().map(|field| field.name().clone());
        Self(ValuePrinter::new(format, names.collect()))
    }

    /// Formats the rows of a batch as whole lines of UTF-8.
    pub(super) fn batch(&mut self, batch: &RecordBatch) -> Result<Vec<u8>, CommandError> {
        let mut lines = Vec::new();
        let columns = batch.columns();
        for start in (0..batch.num_rows()).step_by(ROWS) {
            let end = (start + ROWS).min(batch.num_rows());
            let rows =
                (start..end).map(|at| columns.iter().map(|column| cell(column, at)).collect());
            let rows: Result<Vec<Vec<Scalar>>, ArrowError> = rows.collect();
            let rows = rows.map_err(|error| CommandError::failed(error.to_string()))?;
            lines.extend_from_slice(self.0.lines(&rows));
        }
        Ok(lines)
    }

    /// Formats what follows the last batch: the header, if there was no row.
    pub(super) fn end(&mut self) -> &[u8] {
        self.0.lines(&[])
    }
}

/// A cell as a value of a column: nested values are JSON, and values of types that no column has are their text.
fn cell(array: &ArrayRef, at: usize) -> Result<Scalar, ArrowError> {
    if array.is_null(at) {
        return Ok(Scalar::Null);
    }
    let known = match array.data_type() {
        DataType::Boolean => Some(Scalar::Bool(array.as_boolean().value(at))),
        DataType::Utf8 => Some(Scalar::from(array.as_string::<i32>().value(at))),
        DataType::LargeUtf8 => Some(Scalar::from(array.as_string::<i64>().value(at))),
        DataType::Utf8View => Some(Scalar::from(array.as_string_view().value(at))),
        DataType::Int64 => Some(Scalar::Bigint(array.as_primitive::<Int64Type>().value(at))),
        DataType::Binary => Some(Scalar::Binary(array.as_binary::<i32>().value(at).to_vec())),
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>().value(at);
            Date::EPOCH.checked_add_days(days.into()).map(Scalar::Date)
        }
        DataType::Timestamp(unit, _) => timestamp(array, at, *unit).map(Scalar::Timestamp),
        DataType::Decimal128(..) => {
            let text = array.as_primitive::<Decimal128Type>().value_as_string(at);
            text.parse().ok().map(Scalar::Decimal)
        }
        DataType::Struct(_) | DataType::List(_) | DataType::LargeList(_) | DataType::Map(..) => {
            let mut json = Vec::new();
            write_json(array, at, &mut json)?;
            String::from_utf8(json).ok().map(Scalar::Json)
        }
        _ => None,
    };
    if let Some(known) = known {
        return Ok(known);
    }
    let text = ArrayFormatter::try_new(array, &FormatOptions::default())?
        .value(at)
        .try_to_string()?;
    Ok(match array.data_type() {
        data_type if data_type.is_integer() => text
            .parse()
            .map_or_else(|_| Scalar::Json(text.clone()), Scalar::Bigint),
        data_type if data_type.is_floating() => text
            .parse()
            .map_or_else(|_| Scalar::Text(text.clone()), Scalar::Double),
        DataType::Time64(_) | DataType::Time32(_) => text
            .parse()
            .map_or_else(|_| Scalar::Text(text.clone()), Scalar::Time),
        _ => Scalar::Text(text),
    })
}

/// A timestamp as an instant; `None` outside of the years that [`Timestamp`] has.
fn timestamp(array: &ArrayRef, at: usize, unit: TimeUnit) -> Option<Timestamp> {
    let (value, per_second) = match unit {
        TimeUnit::Second => (array.as_primitive::<TimestampSecondType>().value(at), 1),
        TimeUnit::Millisecond => {
            let array = array.as_primitive::<TimestampMillisecondType>();
            (array.value(at), 1_000)
        }
        TimeUnit::Microsecond => {
            let array = array.as_primitive::<TimestampMicrosecondType>();
            (array.value(at), 1_000_000)
        }
        TimeUnit::Nanosecond => {
            let array = array.as_primitive::<TimestampNanosecondType>();
            (array.value(at), 1_000_000_000)
        }
    };
    let nanoseconds = value.rem_euclid(per_second) * (1_000_000_000 / per_second);
    Timestamp::from_epoch(
        value.div_euclid(per_second),
        u32::try_from(nanoseconds).ok()?,
    )
}

/// Appends a value as JSON, its parts as `fetch` writes values.
fn write_json(array: &ArrayRef, at: usize, out: &mut Vec<u8>) -> Result<(), ArrowError> {
    if array.is_null(at) {
        out.extend(b"null");
        return Ok(());
    }
    match array.data_type() {
        DataType::Struct(fields) => {
            out.push(b'{');
            for (n, (field, column)) in fields.iter().zip(array.as_struct().columns()).enumerate() {
                write_key(n, field.name(), out);
                write_json(column, at, out)?;
            }
            out.push(b'}');
        }
        DataType::List(_) => write_list(&array.as_list::<i32>().value(at), out)?,
        DataType::LargeList(_) => write_list(&array.as_list::<i64>().value(at), out)?,
        DataType::Map(..) => {
            let entries = array.as_map().value(at);
            let (keys, values) = (entries.column(0), entries.column(1));
            out.push(b'{');
            for n in 0..entries.len() {
                write_key(n, &cell(keys, n)?.to_string(), out);
                write_json(values, n, out)?;
            }
            out.push(b'}');
        }
        _ => cell(array, at)?.as_value().write_json(out),
    }
    Ok(())
}

fn write_list(elements: &ArrayRef, out: &mut Vec<u8>) -> Result<(), ArrowError> {
    out.push(b'[');
    for at in 0..elements.len() {
        if at > 0 {
            out.push(b',');
        }
        write_json(elements, at, out)?;
    }
    out.push(b']');
    Ok(())
}

fn write_key(at: usize, name: &str, out: &mut Vec<u8>) {
    if at > 0 {
        out.push(b',');
    }
    Value::Text(name).write_json(out);
    out.push(b':');
}
