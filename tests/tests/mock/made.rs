//! Records made of nothing but a schema: the same on every run.

use jiff::{Zoned, civil, tz::TimeZone};
use rest_source::{Column, Decode, Path, Step, Table, TimeFormat, Type};
use serde_json::{Map, Value, json};

/// So many records of a table. Nullable values are now there, now null, now absent.
pub(crate) fn records(table: &Table, count: u64) -> Vec<Value> {
    (0..count).map(|n| object(table, n)).collect()
}

fn object(table: &Table, n: u64) -> Value {
    if table.is_untyped() {
        return json!({ "id": n, "anything": [n, null] });
    }
    let columns = table.columns.iter().enumerate();
    let columns: Vec<(u64, &Column)> = columns
        .map(|(at, column)| (at as u64, column))
        .filter(|(_, column)| column.parent.is_none() && column.decode != Decode::Rest)
        .collect();
    let begins = |from: &Option<Path>, key: &str| {
        from.as_ref()
            .is_some_and(|from| matches!(from.0.first(), Some(Step::Key(first)) if *first == key))
    };
    let mut record = Value::Object(Map::new());
    // What others are read from within comes first, and is always there.
    for within in [false, true] {
        let these = columns
            .iter()
            .filter(|(_, column)| column.from.is_some() == within);
        for (at, column) in these {
            let is_read_within = columns
                .iter()
                .any(|(_, other)| begins(&other.from, &column.key));
            let value = match (n + at) % 3 {
                1 if column.nullable && !is_read_within => Value::Null,
                2 if column.nullable && !is_read_within => continue,
                _ => written(column, n),
            };
            match &column.from {
                Some(from) => put(&mut record, &from.0, value),
                None => put(&mut record, &[Step::Key(column.key.clone())], value),
            }
        }
    }
    record
}

/// Puts a value at a place, where there is none yet.
fn put(tree: &mut Value, steps: &[Step], value: Value) {
    let mut place = tree;
    for step in steps {
        place = match step {
            Step::Key(key) => {
                if !place.is_object() {
                    *place = json!({});
                }
                place
                    .as_object_mut()
                    .unwrap()
                    .entry(key.clone())
                    .or_insert(Value::Null)
            }
            Step::Index(_) => {
                if !place.is_array() {
                    *place = json!([null]);
                }
                &mut place[0]
            }
        };
    }
    if place.is_null() {
        *place = value;
    }
}

fn written(column: &Column, n: u64) -> Value {
    let value = value(column, n);
    match column.decode {
        Decode::Text if !value.is_string() => value.to_string().into(),
        Decode::Integer => u8::from(value == json!(true)).into(),
        _ => value,
    }
}

fn value(column: &Column, n: u64) -> Value {
    match &column.data_type {
        Type::Text => format!("{}-{n:03}", column.name).into(),
        Type::Bigint | Type::Scalar => n.into(),
        Type::Double => json!(format!("{n}.5").parse::<f64>().unwrap()),
        Type::Bool => n.is_multiple_of(2).into(),
        Type::Timestamp(format) => instant(format, n),
        Type::Date(format) => day(format, n),
        Type::Time => format!("09:{:02}:00", n % 60).into(),
        Type::Decimal { .. } => json!(format!("{n}")),
        Type::Binary => "aGk=".into(),
        Type::Json => json!({ "n": n }),
        Type::Object(table) => object(table, n),
        Type::Array(element) => json!([written(element, n), written(element, n + 1)]),
        Type::Map(element) => json!({ "a": written(element, n), "b c": written(element, n + 1) }),
        Type::Enum { values, .. } => values[usize::try_from(n).unwrap() % values.len()]
            .as_str()
            .into(),
        Type::Union(members) => written(&members[usize::try_from(n).unwrap() % members.len()], n),
    }
}

/// An instant a minute after the one before.
fn instant(format: &TimeFormat, n: u64) -> Value {
    let second = 1_767_225_600 + i64::try_from(n).unwrap() * 60;
    let at = jiff::Timestamp::from_second(second).unwrap();
    match format {
        TimeFormat::Rfc3339 => at.to_string().into(),
        TimeFormat::EpochSeconds => second.into(),
        TimeFormat::EpochMillis => (second * 1000).into(),
        TimeFormat::EpochMicros => (second * 1_000_000).into(),
        TimeFormat::EpochNanos => (second * 1_000_000_000).into(),
        TimeFormat::DateCall => format!("/Date({})/", second * 1000).into(),
        TimeFormat::Date => at.strftime("%Y-%m-%d").to_string().into(),
        TimeFormat::Pattern { pattern, .. } => Zoned::new(at, TimeZone::UTC)
            .strftime(pattern.as_str())
            .to_string()
            .into(),
        TimeFormat::Local { .. } => at.strftime("%Y-%m-%dT%H:%M:%S").to_string().into(),
    }
}

/// A day after the one before.
fn day(format: &TimeFormat, n: u64) -> Value {
    let day = civil::date(2026, 1, 1) + jiff::Span::new().days(i64::try_from(n).unwrap());
    match format {
        TimeFormat::Pattern { pattern, .. } => day.strftime(pattern.as_str()).to_string().into(),
        TimeFormat::EpochSeconds | TimeFormat::EpochMillis => instant(format, n),
        _ => day.to_string().into(),
    }
}
