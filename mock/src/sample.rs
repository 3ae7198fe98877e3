//! Sample records: valid ones, made from the columns of a table.

use jiff::{SignedDuration, Timestamp, civil::Date, fmt::strtime, tz::TimeZone};
use rest_source::{
    plan::{Incremental, Part, ResourcePlan, SourcePlan, Template},
    schema::{Column, Decode, Path, Step, Table, TimeFormat, Type},
};
use serde_json::{Map, Value as Json, json};

use crate::place::put;

/// The time of the first record, in seconds since 1970: 2026-01-01T00:00:00Z, the value that a setting of a time
/// has in a mock, unless the range of the spec begins later.
const FIRST: i64 = 1_767_225_600;

/// Every such record has null in the nullable columns.
const NULL_EVERY: u64 = 5;

/// How the samples of a resource are made.
pub(crate) struct Samples {
    /// The position of the column that is never null: the cursor.
    cursor: Option<usize>,
    /// Whether nullable columns have nulls. Those of a parent have none: its children may need any of them.
    has_nulls: bool,
    /// The time of the first record.
    first: Timestamp,
    /// The time between two records.
    step: SignedDuration,
}

impl Samples {
    /// So many samples of a resource, within the range that it is fetched for, where the spec says that as a time.
    pub(crate) fn new(plan: &SourcePlan, resource: &ResourcePlan, count: u64) -> Self {
        let incremental = resource.incremental.as_ref();
        let is_parent = plan.resources.iter().any(|child| {
            let mut parents = child.parent.iter().flat_map(|parent| parent.resources());
            parents.any(|parent| parent.name == resource.name)
        });
        let bound =
            |bound: fn(&Incremental) -> &Option<Template>| literal(bound(incremental?).as_ref()?);
        let usual = Timestamp::from_second(FIRST).unwrap_or_default();
        let first = bound(|one| &one.initial_value).map_or(usual, |initial| initial.max(usual));
        let hour = SignedDuration::from_hours(1);
        let (first, step) = match bound(|one| &one.end_value) {
            None => (first, hour),
            Some(end) => {
                let first = bound(|one| &one.initial_value)
                    .unwrap_or_else(|| end.saturating_sub(hour * 24).unwrap_or(usual).min(usual));
                let parts = i32::try_from(count.saturating_add(1)).unwrap_or(i32::MAX);
                let fitting = end.duration_since(first) / parts;
                (first, fitting.min(hour).max(SignedDuration::ZERO))
            }
        };
        Self {
            cursor: incremental.and_then(|one| one.column).map(usize::from),
            has_nulls: !is_parent,
            first,
            step,
        }
    }

    /// The record of this number, from 0. Records of the same number are equal, and numbers tell records apart in every
    /// column whose type has so many values.
    pub(crate) fn record(&self, table: &Table, number: u64) -> Json {
        self.of_table(table, self.cursor, number)
    }

    fn of_table(&self, table: &Table, required: Option<usize>, number: u64) -> Json {
        let mut record = Json::Object(Map::new());
        let received = table.columns.iter().enumerate().filter(|(_, column)| {
            column.is_received() && !column.is_record() && !matches!(column.decode, Decode::Rest)
        });
        let mut columns: Vec<(usize, &Column, Vec<Step>)> = received
            .map(|(at, column)| (at, column, place(column)))
            .collect();
        // What a column has as a whole comes before what another takes out of it.
        columns.sort_by_key(|(.., place)| place.len());
        for (at, column, place) in &columns {
            let is_within = |other: &[Step]| other.len() > place.len() && other.starts_with(place);
            let is_needed = column.primary_key
                || required == Some(*at)
                || columns.iter().any(|(.., other)| is_within(other));
            let is_null = self.has_nulls
                && column.nullable
                && !is_needed
                && (number + 1).is_multiple_of(NULL_EVERY);
            let value = if is_null {
                Json::Null
            } else {
                self.decoded(column, number)
            };
            put(&mut record, place, value);
        }
        if record.as_object().is_some_and(Map::is_empty) {
            return json!({ "id": number + 1 });
        }
        record
    }

    /// A value as the column's `decode` expects it.
    fn decoded(&self, column: &Column, number: u64) -> Json {
        let value = self.value(column, number);
        match (column.decode, &value) {
            (Decode::Text, Json::String(_)) => value,
            (Decode::Text, other) => other.to_string().into(),
            (Decode::Integer, Json::Bool(truth)) => u8::from(*truth).into(),
            _ => value,
        }
    }

    fn value(&self, column: &Column, number: u64) -> Json {
        match &column.data_type {
            Type::Text => format!("{} {}", column.name.replace('_', " "), number + 1).into(),
            Type::Bigint | Type::Scalar => (number + 1).into(),
            Type::Double => half_above(number + 1),
            Type::Bool => number.is_multiple_of(2).into(),
            Type::Timestamp(format) => time(format, self.at(number)),
            Type::Date(format) => time(format, self.at(number * 24)),
            Type::Time => self.at(number).strftime("%H:%M:%S").to_string().into(),
            Type::Decimal { precision, scale } => decimal(*precision, *scale, number),
            // base64 of three bytes.
            Type::Binary => format!("{:04}", number % 10_000).into(),
            Type::Json => json!({ "number": number + 1 }),
            Type::Object(table) => self.of_table(table, None, number),
            Type::Array(element) => json!([self.decoded(element, number)]),
            Type::Map(element) => json!({ "a": self.decoded(element, number) }),
            Type::Enum { values, .. } => {
                let values: &[_] = values;
                let count = u64::try_from(values.len()).unwrap_or(u64::MAX).max(1);
                let at = usize::try_from(number % count).unwrap_or_default();
                values
                    .get(at)
                    .map_or(Json::Null, |word| word.as_str().into())
            }
            Type::Union(types) => types
                .first()
                .map_or(Json::Null, |one| self.decoded(one, number)),
        }
    }

    /// The time of a record.
    fn at(&self, number: u64) -> Timestamp {
        let steps = i32::try_from(number % 1_000_000).unwrap_or_default();
        let after = self.step.saturating_mul(steps);
        self.first.saturating_add(after).unwrap_or(self.first)
    }
}

/// Where the record has a column's value.
fn place(column: &Column) -> Vec<Step> {
    match &column.from {
        Some(Path(steps)) => steps.iter().cloned().collect(),
        None => vec![Step::Key(column.key.clone())],
    }
}

/// A number of at most these digits. A precision of 0 is without bound.
fn decimal(precision: u8, scale: u8, number: u64) -> Json {
    let digits = u32::from(precision.saturating_sub(scale)).min(18);
    let whole = (number + 1) % 10_u64.pow(if precision == 0 { 18 } else { digits });
    if scale == 0 {
        return whole.into();
    }
    half_above(whole)
}

fn half_above(whole: u64) -> Json {
    json!(f64::from(u32::try_from(whole).unwrap_or(u32::MAX)) + 0.5)
}

/// A bound of the range that the spec says as a time.
fn literal(template: &Template) -> Option<Timestamp> {
    let [Part::Text(text)] = &*template.0 else {
        return None;
    };
    let date = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok();
    text.parse().ok().or_else(|| Some(date()?.timestamp()))
}

fn time(format: &TimeFormat, at: Timestamp) -> Json {
    let zoned = |zone: Option<&str>| {
        let zone = zone.and_then(|zone| TimeZone::get(zone).ok());
        at.to_zoned(zone.unwrap_or(TimeZone::UTC))
    };
    match format {
        TimeFormat::Rfc3339 => at.to_string().into(),
        TimeFormat::Date => at.strftime("%Y-%m-%d").to_string().into(),
        TimeFormat::EpochSeconds => at.as_second().into(),
        TimeFormat::EpochMillis => at.as_millisecond().into(),
        TimeFormat::EpochMicros => at.as_microsecond().into(),
        TimeFormat::EpochNanos => (at.as_second() * 1_000_000_000).into(),
        TimeFormat::DateCall => format!("/Date({})/", at.as_millisecond()).into(),
        // A pattern may have what can only be read.
        TimeFormat::Pattern { pattern, zone } => {
            strtime::format(pattern.as_str(), &zoned(zone.as_deref()))
                .map_or(Json::Null, Json::from)
        }
        TimeFormat::Local { zone } => zoned(Some(zone))
            .strftime("%Y-%m-%dT%H:%M:%S")
            .to_string()
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_tell_records_apart_and_nullable_columns_have_nulls() {
        let columns = vec![
            Column::new("id", Type::Bigint).primary_key(),
            Column::new("name", Type::Text).nullable(),
        ];
        let table = Table {
            name: "t".into(),
            columns: columns.into(),
        };
        let samples = Samples {
            cursor: None,
            has_nulls: true,
            first: Timestamp::UNIX_EPOCH,
            step: SignedDuration::from_hours(1),
        };
        let records: Vec<Json> = (3..5)
            .map(|number| samples.record(&table, number))
            .collect();
        assert_eq!(
            records,
            [
                json!({ "id": 4, "name": "name 4" }),
                json!({ "id": 5, "name": null })
            ]
        );
    }
}
