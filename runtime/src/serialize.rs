//! Rows, their values and reports by serde, behind the feature `serde`.

use serde::{
    Serialize, Serializer,
    ser::{Error as _, SerializeMap as _},
};
use serde_json::value::RawValue;

use crate::{
    Completeness, Date, Decimal, Error, Report, Row, Rows, Scalar, Time, Timestamp, Value,
};

/// As the text of its `Display`.
macro_rules! as_text {
    ($($type:ty),*) => {$(
        /// As text: see its `Display`.
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }
    )*};
}

as_text!(Date, Decimal, Time, Timestamp);

/// As JSON has it: decimals, times and bytes are text, as `Display` writes them; JSON is nested, digit for
/// digit.
impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent | Self::Null => to.serialize_none(),
            Self::Bool(value) => to.serialize_bool(*value),
            Self::Bigint(value) => to.serialize_i64(*value),
            Self::Double(value) => to.serialize_f64(*value),
            Self::Text(value) => to.serialize_str(value),
            Self::Json(text) => {
                let json: &RawValue = serde_json::from_str(text).map_err(S::Error::custom)?;
                json.serialize(to)
            }
            Self::Timestamp(_)
            | Self::Date(_)
            | Self::Time(_)
            | Self::Decimal(_)
            | Self::Binary(_) => to.collect_str(self),
        }
    }
}

/// As a [`Value`].
impl Serialize for Scalar {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.as_value().serialize(to)
    }
}

/// As a map from the names of columns to their values, without those that are [absent](Value::Absent). A row without
/// columns is its JSON.
impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let columns = &self.table().columns;
        if columns.is_empty() {
            return self.value(0).serialize(to);
        }
        let mut map = to.serialize_map(None)?;
        for (column, value) in columns.iter().zip(self.values()) {
            if !matches!(value, Value::Absent) {
                map.serialize_entry(column.name.as_str(), &value)?;
            }
        }
        map.end()
    }
}

/// As a sequence of rows.
impl Serialize for Rows {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.iter())
    }
}

/// Whether all records arrived, and the reasons why they may not have, as text.
impl Serialize for Completeness {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let reasons: Vec<String> = self.reasons().iter().map(ToString::to_string).collect();
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("complete", &self.is_complete())?;
        map.serialize_entry("reasons", &reasons)?;
        map.serialize_entry("further_reasons", &self.further_reasons())?;
        map.end()
    }
}

/// As a map: the word of its [kind](crate::ErrorKind::word), `message`, `resource`, `request`, `details`, `help`, whether
/// it is `retryable`, and the `status` of a response that is no success.
impl Serialize for Error {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("kind", self.kind().word())?;
        if let Some(status) = self.status() {
            map.serialize_entry("status", &status)?;
        }
        map.serialize_entry("message", self.message())?;
        map.serialize_entry("resource", &self.resource())?;
        map.serialize_entry("request", &self.request())?;
        map.serialize_entry("details", self.details())?;
        map.serialize_entry("help", &self.help())?;
        map.serialize_entry("retryable", &self.is_retryable())?;
        map.end()
    }
}

/// As a map of its fields; `waited` in seconds.
impl Serialize for Report {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        let counts = [
            ("requests", self.requests),
            ("retries", self.retries),
            ("bytes", self.bytes),
            ("pages", self.pages),
            ("received", self.received),
            ("selected", self.selected),
            ("delivered", self.delivered),
            ("discarded_rows", self.discarded_rows),
            ("discarded_values", self.discarded_values),
            ("undeclared_values", self.undeclared_values),
            ("ignored", self.ignored),
            ("outside_range", self.outside_range),
            ("filtered", self.filtered),
            ("parents", self.parents),
            ("partitions", self.partitions),
            ("skipped_parents", self.skipped_parents),
            ("filtered_parents", self.filtered_parents),
            ("repeated_parents", self.repeated_parents),
            ("further_notes", self.further_notes),
        ];
        for (name, count) in counts {
            map.serialize_entry(name, &count)?;
        }
        map.serialize_entry("waited", &self.waited.as_secs_f64())?;
        map.serialize_entry("of_parents", &self.of_parents)?;
        map.serialize_entry("completeness", &self.completeness)?;
        map.serialize_entry("notes", &self.notes)?;
        map.end()
    }
}
