//! The types of columns in DuckDB.

use duckdb::arrow::datatypes::{DataType, Field, TimeUnit};
use rest_source::Type;

/// How the cells of a column are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    Plain(Plain),
    /// A list of plain values.
    List(Plain),
    Json,
}

/// A type without parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plain {
    Text,
    Bigint,
    Double,
    Bool,
    Timestamp,
    Date,
    Time,
    Decimal { precision: u8, scale: u8 },
    Binary,
}

impl Stored {
    pub(crate) fn of(data_type: &Type) -> Self {
        let list = match data_type {
            Type::Array(element) => Plain::of(&element.data_type),
            _ => None,
        };
        match (Plain::of(data_type), list) {
            (Some(plain), _) => Self::Plain(plain),
            (None, Some(plain)) => Self::List(plain),
            (None, None) => Self::Json,
        }
    }

    /// Its name, as `duckdb_columns()` shows it.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Plain(plain) => plain.name(),
            Self::List(plain) => format!("{}[]", plain.name()),
            Self::Json => "JSON".to_owned(),
        }
    }

    pub(crate) fn arrow(self) -> DataType {
        match self {
            Self::Plain(plain) => plain.arrow(),
            Self::List(plain) => DataType::List(plain.element().into()),
            Self::Json => DataType::Utf8,
        }
    }
}

impl Plain {
    fn of(data_type: &Type) -> Option<Self> {
        Some(match data_type {
            Type::Bigint => Self::Bigint,
            Type::Double => Self::Double,
            Type::Bool => Self::Bool,
            Type::Timestamp(_) => Self::Timestamp,
            Type::Date(_) => Self::Date,
            Type::Time => Self::Time,
            Type::Decimal { precision, scale } if (1..=38).contains(precision) => Self::Decimal {
                precision: *precision,
                scale: *scale,
            },
            Type::Text | Type::Enum { .. } | Type::Decimal { .. } => Self::Text,
            Type::Binary => Self::Binary,
            _ => return None,
        })
    }

    fn name(self) -> String {
        let name = match self {
            Self::Text => "VARCHAR",
            Self::Bigint => "BIGINT",
            Self::Double => "DOUBLE",
            Self::Bool => "BOOLEAN",
            Self::Timestamp => "TIMESTAMP WITH TIME ZONE",
            Self::Date => "DATE",
            Self::Time => "TIME",
            Self::Decimal { precision, scale } => return format!("DECIMAL({precision},{scale})"),
            Self::Binary => "BLOB",
        };
        name.to_owned()
    }

    fn arrow(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Bigint => DataType::Int64,
            Self::Double => DataType::Float64,
            Self::Bool => DataType::Boolean,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Date => DataType::Date32,
            Self::Time => DataType::Time64(TimeUnit::Microsecond),
            Self::Decimal { precision, scale } => {
                DataType::Decimal128(precision, i8::try_from(scale).unwrap_or(i8::MAX))
            }
            Self::Binary => DataType::Binary,
        }
    }

    /// The field of a list's elements.
    pub(crate) fn element(self) -> Field {
        Field::new("element", self.arrow(), true)
    }
}
