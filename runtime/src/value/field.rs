//! Absence told apart from null.

/// The value of a column with `presence: explicit`: a key that is missing is not a null.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field<T> {
    /// The key is not there.
    #[default]
    Absent,
    /// The key is there, with null.
    Null,
    /// The key is there, with a value.
    Value(T),
}

impl<T> Field<T> {
    /// The value, if there is one.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null => None,
        }
    }

    /// The value by reference, if there is one.
    pub const fn as_ref(&self) -> Field<&T> {
        match self {
            Self::Absent => Field::Absent,
            Self::Null => Field::Null,
            Self::Value(value) => Field::Value(value),
        }
    }

    /// Whether the key is missing.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}
