//! What a resource's records look like: the tables that generated code is made of.
//!
//! A [`Table`] is data. The decoder, the destinations and the messages are driven by it, so that
//! one compiled function serves every connector. It is made of `'static` parts, to be a constant in
//! generated code.

mod same;

use std::{fmt, time::Duration};

use crate::{
    describe::{Describe, Item, Value},
    plan::Template,
    shared::{List, Ref, Text},
};

declare! {
    /// The columns of a record, or of an object within one, in the order of the spec.
    pub struct Table {
        /// Name of the resource, or of the object's type.
        pub name: Text = Text::EMPTY,
        /// Its columns. An untyped table has none, or those of its key and [the record](Column::record).
        pub columns: List<Column> = List::EMPTY,
    }
}

impl Table {
    /// A table of these columns.
    pub const fn new(name: &'static str, columns: List<Column>) -> Self {
        let name = Text::of(name);
        Self { name, columns }
    }

    /// Whether records are taken as they are, as JSON (`columns: json`).
    pub fn is_untyped(&self) -> bool {
        self.record().is_some()
    }

    /// The position of the cell that holds a record as a whole, where records are taken as they are.
    pub fn record(&self) -> Option<usize> {
        match &*self.columns {
            [] => Some(0),
            [key @ .., last] if last.is_record() => Some(key.len()),
            _ => None,
        }
    }

    /// How many cells a row has: one per column, and one for a record without columns.
    pub fn width(&self) -> usize {
        if self.columns.is_empty() {
            1
        } else {
            self.columns.len()
        }
    }

    /// Whether this is the same table. One constant may have several addresses.
    #[inline]
    pub fn is(&self, other: &Self) -> bool {
        let (columns, others): (&[Column], &[Column]) = (&self.columns, &other.columns);
        std::ptr::eq(columns, others) || same::are_equal(self, other)
    }

    /// The position of a column, by its name in Rust and SQL.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The positions of the columns of the primary key, in order.
    pub fn primary_key(&self) -> impl Iterator<Item = usize> + '_ {
        self.columns
            .iter()
            .enumerate()
            .filter(|(_, column)| column.primary_key)
            .map(|(at, _)| at)
    }
}

declare! {
    /// One column of a [`Table`].
    pub struct Column {
        /// Its name in Rust and in SQL.
        pub name: Text = Text::EMPTY,
        /// Its key in the JSON object.
        pub key: Text = Text::EMPTY,
        /// Where in the record it is read from, where that is not simply `key`.
        pub from: Option<Path> = None,
        /// What its values are.
        pub data_type: Type = Type::Text,
        /// Of a timestamp or a date: the formats that are tried after that of its type, in order.
        pub formats: List<TimeFormat> = List::EMPTY,
        /// Whether null, and absence, are values of it.
        pub nullable: bool = false,
        /// Whether absence and null are told apart (`Field<T>` in Rust).
        pub explicit: bool = false,
        /// Whether it belongs to the primary key.
        pub primary_key: bool = false,
        /// Whether it belongs to the merge key: the rows of one are replaced together.
        pub merge_key: bool = false,
        /// How its values are written in the response.
        pub decode: Decode = Decode::Native,
        /// Where it is no part of the response, but of the parent's record: the position of its value in
        /// [`ParentPlan::fields`](crate::plan::ParentPlan::fields).
        pub parent: Option<u16> = None,
        /// Where it is not part of the response, but a setting: its position in
        /// [`SourcePlan::config`](crate::plan::SourcePlan::config).
        pub config: Option<u16> = None,
        /// Where it is not part of the response, but the value of a partition: the position of its list in
        /// [`ResourcePlan::partitions`](crate::plan::ResourcePlan::partitions).
        pub partition: Option<u16> = None,
        /// Where it is not part of the response: a text, or one placeholder whose value every record has.
        pub value: Option<Template> = None,
        /// Where it is part of the response, but not of the record.
        pub response: Option<ResponseValue> = None,
        /// The name that it had before: a destination renames its stored column.
        pub renamed_from: Option<Text> = None,
        /// Of a list of objects: the table of its own in which destinations store its elements.
        pub table: Option<Text> = None,
        /// Its line in the spec, from 1; 0 where it has none.
        pub line: u32 = 0,
    }
}

declare! {
    /// A value that a response has outside of the record.
    #[derive(Eq)]
    pub enum ResponseValue {
        /// A field of the page's body, at this place.
        Body(Path),
        /// A header.
        Header(Text),
        /// The key of the record, or of the list that it is in, in the object that a query takes values of.
        Key,
        /// The position of the record among those of its page, from 0.
        Index,
    }
}

impl Column {
    /// A column that is never null, read from the key of the same name.
    pub const fn new(name: &'static str, data_type: Type) -> Self {
        Self {
            name: Text::of(name),
            key: Text::of(name),
            data_type,
            ..Self::DEFAULT
        }
    }

    /// The map `extra` of the values whose keys no column declares (`columns: evolve`).
    pub const fn extra() -> Self {
        static JSON: Column = Column::new("extra", Type::Json);
        let values = Ref::Static(&JSON);
        Self::new("extra", Type::Map(values)).decode(Decode::Rest)
    }

    /// A record as it is, in a table of its own or, as the last column, beside its key.
    pub const fn record() -> Self {
        Self::new("record", Type::Json).from(List::EMPTY)
    }

    /// Whether it holds a record as a whole, as it is.
    pub fn is_record(&self) -> bool {
        matches!(self.data_type, Type::Json)
            && self.from.as_ref().is_some_and(|path| path.0.is_empty())
    }

    /// Read from this key of the JSON object.
    pub const fn key(mut self, key: &'static str) -> Self {
        set(&mut self.key, Text::of(key));
        self
    }

    /// Read from this place in the record.
    pub const fn from(mut self, path: List<Step>) -> Self {
        set(&mut self.from, Some(Path(path)));
        self
    }

    /// Tries these formats after that of its type.
    pub const fn formats(mut self, formats: List<TimeFormat>) -> Self {
        set(&mut self.formats, formats);
        self
    }

    /// Takes null, and absence.
    pub const fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// Tells absence from null.
    pub const fn explicit(mut self) -> Self {
        self.explicit = true;
        self
    }

    /// Belongs to the primary key.
    pub const fn primary_key(mut self) -> Self {
        self.primary_key = true;
        self
    }

    /// Belongs to the merge key.
    pub const fn merge_key(mut self) -> Self {
        self.merge_key = true;
        self
    }

    /// Values are written this way in the response.
    pub const fn decode(mut self, decode: Decode) -> Self {
        self.decode = decode;
        self
    }

    /// Taken from the parent's record: the value at this position.
    pub const fn parent(mut self, field: u16) -> Self {
        self.parent = Some(field);
        self
    }

    /// The value of the setting at this position.
    pub const fn config(mut self, setting: u16) -> Self {
        self.config = Some(setting);
        self
    }

    /// The value of the partition list at this position.
    pub const fn partition(mut self, list: u16) -> Self {
        self.partition = Some(list);
        self
    }

    /// This value in every record.
    pub const fn value(mut self, value: Template) -> Self {
        set(&mut self.value, Some(value));
        self
    }

    /// This value of the response in every record.
    pub const fn response(mut self, value: ResponseValue) -> Self {
        set(&mut self.response, Some(value));
        self
    }

    /// Had this name before.
    pub const fn renamed_from(mut self, name: &'static str) -> Self {
        set(&mut self.renamed_from, Some(Text::of(name)));
        self
    }

    /// Stored in a table of this name.
    pub const fn table(mut self, name: &'static str) -> Self {
        set(&mut self.table, Some(Text::of(name)));
        self
    }

    /// Whether its values are part of the record in the response.
    pub const fn is_received(&self) -> bool {
        self.parent.is_none()
            && self.config.is_none()
            && self.partition.is_none()
            && self.value.is_none()
            && self.response.is_none()
    }

    /// Declared at this line of the spec.
    pub const fn at(mut self, line: u32) -> Self {
        self.line = line;
        self
    }
}

/// Sets a field in a constant, where what stood in it cannot be dropped: it was a constant as well.
const fn set<T>(field: &mut T, value: T) {
    std::mem::forget(std::mem::replace(field, value));
}

declare! {
    /// What the values of a column are.
    pub enum Type {
        /// Text.
        Text,
        /// A signed integer of 64 bits.
        Bigint,
        /// A floating-point number of 64 bits.
        Double,
        /// True or false.
        Bool,
        /// An instant.
        Timestamp(TimeFormat),
        /// A civil date.
        Date(TimeFormat),
        /// A civil time of day, ISO 8601.
        Time,
        /// A decimal number, exact from its digits.
        Decimal {
            /// The most digits in all; 0 is without bound.
            precision: u8,
            /// The most digits after the point, where there is a precision.
            scale: u8,
        },
        /// Bytes, as base64 (RFC 4648, padded or not).
        Binary,
        /// Any JSON value.
        Json,
        /// An object with columns of its own.
        Object(Ref<Table>),
        /// A list. The element's `nullable` says whether it may hold nulls.
        Array(Ref<Column>),
        /// An object whose keys are data. The element describes its values.
        Map(Ref<Column>),
        /// One of these words.
        Enum {
            /// The words as they stand in the response.
            values: List<Text>,
            /// Whether any other word is an error.
            closed: bool,
        },
        /// One of several types, told apart by the kind of JSON value.
        Union(List<Column>),
        /// Text, a signed integer of 64 bits, true or false: what is looked up in an untyped record as
        /// its key.
        Scalar,
    }
}

impl Type {
    /// A timestamp in RFC 3339.
    pub const TIMESTAMP: Self = Self::Timestamp(TimeFormat::Rfc3339);
    /// A date in RFC 3339 (`2026-11-21`).
    pub const DATE: Self = Self::Date(TimeFormat::Date);

    /// The type's word in a spec.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Bigint => "bigint",
            Self::Double => "double",
            Self::Bool => "bool",
            Self::Timestamp(_) => "timestamp",
            Self::Date(_) => "date",
            Self::Time => "time",
            Self::Decimal { .. } => "decimal",
            Self::Binary => "binary",
            Self::Json => "json",
            Self::Object(_) => "object",
            Self::Array(_) => "array",
            Self::Map(_) => "map",
            Self::Enum { .. } => "enum",
            Self::Union(_) => "union",
            Self::Scalar => "scalar",
        }
    }
}

declare! {
    /// How an instant or a date is written.
    #[derive(Eq)]
    pub enum TimeFormat {
        /// RFC 3339, with an offset: `2026-11-21T09:30:00Z`.
        Rfc3339,
        /// A date alone: `2026-11-21`.
        Date,
        /// Seconds since 1970-01-01T00:00:00Z, as a number.
        EpochSeconds,
        /// Milliseconds since 1970-01-01T00:00:00Z, as a number.
        EpochMillis,
        /// Microseconds since 1970-01-01T00:00:00Z, as a number.
        EpochMicros,
        /// Nanoseconds since 1970-01-01T00:00:00Z, as a number.
        EpochNanos,
        /// Milliseconds since 1970-01-01T00:00:00Z in a text: `/Date(1686577603496+0000)/`. The offset does not move
        /// the instant.
        DateCall,
        /// A strftime pattern. Where it reads no offset, the time is in `zone`.
        Pattern {
            /// The pattern, as `jiff::fmt::strtime` understands it.
            pattern: Text,
            /// An IANA zone name or a fixed offset.
            zone: Option<Text>,
        },
        /// RFC 3339 without an offset (a space for the `T` is taken): the time is in this zone.
        Local {
            /// An IANA zone name or a fixed offset.
            zone: Text,
        },
    }
}

impl TimeFormat {
    /// The power of ten of the units in a second, where values are numbers of units since 1970.
    pub const fn epoch_power(&self) -> Option<u8> {
        match self {
            Self::EpochSeconds => Some(0),
            Self::EpochMillis => Some(3),
            Self::EpochMicros => Some(6),
            Self::EpochNanos => Some(9),
            _ => None,
        }
    }

    /// The shortest distance of two times that it tells apart; `None` if it writes any fraction of a second.
    pub fn resolution(&self) -> Option<Duration> {
        Some(match self {
            Self::Rfc3339 | Self::Local { .. } => return None,
            Self::Date => Duration::from_secs(86_400),
            Self::EpochSeconds => Duration::from_secs(1),
            Self::EpochMillis | Self::DateCall => Duration::from_millis(1),
            Self::EpochMicros => Duration::from_micros(1),
            Self::EpochNanos => Duration::from_nanos(1),
            Self::Pattern { pattern, .. } => {
                let has = |directives: &[&str]| directives.iter().any(|one| pattern.contains(one));
                Duration::from_secs(if has(&["%f", "%.", "%N"]) {
                    return None;
                } else if has(&["%S", "%T", "%s", "%X", "%c", "%r"]) {
                    1
                } else if has(&["%M", "%R"]) {
                    60
                } else if has(&["%H", "%I", "%k", "%l"]) {
                    3_600
                } else {
                    86_400
                })
            }
        })
    }
}

/// As a spec writes it as an argument.
impl fmt::Display for TimeFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (format, zone) = match self {
            Self::Rfc3339 => ("rfc3339", None),
            Self::Date => ("date", None),
            Self::EpochSeconds => ("epoch_seconds", None),
            Self::EpochMillis => ("epoch_millis", None),
            Self::EpochMicros => ("epoch_micros", None),
            Self::EpochNanos => ("epoch_nanos", None),
            Self::DateCall => ("/Date(…)/", None),
            Self::Pattern { pattern, zone } => (pattern.as_str(), zone.as_deref()),
            Self::Local { zone } => ("rfc3339", Some(zone.as_str())),
        };
        write!(f, "{format:?}")?;
        zone.map_or(Ok(()), |zone| write!(f, ", {zone:?}"))
    }
}

declare! {
    /// How a column's values are written in the response.
    #[derive(Copy, Default, Eq)]
    pub enum Decode {
        /// As JSON's own type for it.
        #[default]
        Native,
        /// A number, bool or JSON value written as text (`decode: text`).
        Text,
        /// A bool written as 0 or 1 (`decode: integer`).
        Integer,
        /// Each under its own key: what its object has besides the other columns (`columns: evolve`).
        Rest,
    }
}

/// A place in a JSON value: keys and indexes from its root. Empty: the root itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Path(pub List<Step>);

impl Path {
    /// The root itself.
    pub const ROOT: Self = Self(List::EMPTY);

    /// The place under these keys, from the root.
    pub fn of<'k>(keys: impl IntoIterator<Item = &'k str>) -> Self {
        let keys = keys.into_iter();
        Self(keys.map(|key| Step::Key(key.to_owned().into())).collect())
    }
}

impl Path {
    /// Whether it is this one key.
    pub fn is_key(&self, name: &str) -> bool {
        matches!(&*self.0, [Step::Key(key)] if *key == name)
    }
}

impl Describe for Path {
    fn describe(&self) -> Value<'_> {
        let keys: Option<Vec<&str>> = self.0.iter().map(Step::key).collect();
        match keys {
            Some(keys) => Value::Short {
                name: "at",
                texts: keys,
            },
            None => Value::Item(Item::new("Path").value(&self.0)),
        }
    }
}

declare! {
    /// One step of a [`Path`].
    #[derive(Eq)]
    pub enum Step {
        /// Into the member of this name.
        Key(Text),
        /// Into the element at this index; a negative one counts from the end.
        Index(i32),
    }
}

impl Step {
    /// The key that it goes to, where it is one.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Key(key) => Some(key),
            Self::Index(_) => None,
        }
    }
}

impl fmt::Display for Path {
    /// As JSONPath: `$.data[0].id`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        for step in &self.0 {
            match step {
                Step::Key(key) if is_plain(key) => write!(f, ".{key}")?,
                Step::Key(key) => write!(f, "[{key:?}]")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// Whether a key can stand in a JSONPath after a point.
pub fn is_plain(key: &str) -> bool {
    !key.is_empty()
        && !key.starts_with(|c: char| c.is_ascii_digit())
        && key.chars().all(|c| c.is_alphanumeric() || c == '_')
}
