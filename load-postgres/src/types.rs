//! The types of columns in Postgres.

use rest_source::{Column, Type};

/// How the cells of a column are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    Text,
    Bigint,
    Double,
    Bool,
    Timestamp,
    Date,
    Time,
    Decimal,
    Binary,
    Json,
    /// A list of values of a plain type.
    Array(Element),
}

/// The elements of a stored list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    Text,
    Bigint,
    Double,
    Bool,
}

impl Stored {
    pub(crate) fn of(data_type: &Type) -> Self {
        match data_type {
            Type::Text | Type::Enum { .. } => Self::Text,
            Type::Bigint => Self::Bigint,
            Type::Double => Self::Double,
            Type::Bool => Self::Bool,
            Type::Timestamp(_) => Self::Timestamp,
            Type::Date(_) => Self::Date,
            Type::Time => Self::Time,
            Type::Decimal { .. } => Self::Decimal,
            Type::Binary => Self::Binary,
            Type::Array(element) => Element::of(element).map_or(Self::Json, Self::Array),
            _ => Self::Json,
        }
    }

    /// Its name, as `format_type` of Postgres shows it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Bigint => "bigint",
            Self::Double => "double precision",
            Self::Bool => "boolean",
            Self::Timestamp => "timestamp with time zone",
            Self::Date => "date",
            Self::Time => "time without time zone",
            Self::Decimal => "numeric",
            Self::Binary => "bytea",
            Self::Json => "jsonb",
            Self::Array(Element::Text) => "text[]",
            Self::Array(Element::Bigint) => "bigint[]",
            Self::Array(Element::Double) => "double precision[]",
            Self::Array(Element::Bool) => "boolean[]",
        }
    }
}

impl Element {
    fn of(element: &Column) -> Option<Self> {
        match element.data_type {
            Type::Text | Type::Enum { .. } => Some(Self::Text),
            Type::Bigint => Some(Self::Bigint),
            Type::Double => Some(Self::Double),
            Type::Bool => Some(Self::Bool),
            _ => None,
        }
    }

    /// The object identifier of its type, as in `pg_type.dat` of Postgres.
    pub(crate) fn oid(self) -> u32 {
        match self {
            Self::Text => 25,
            Self::Bigint => 20,
            Self::Double => 701,
            Self::Bool => 16,
        }
    }
}
