//! Records that implement serde's `Serialize`, behind the feature `serde`.

#![allow(missing_docs)]

use std::collections::BTreeMap;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::{
    schema::{Column, Table},
    value::{Date, Decimal, Field, Json, Time, Timestamp, Value},
};

/// The value of a field as [`Value`] serializes it; nested records with the names of their columns.
pub trait SerializeField {
    fn serialize_field<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error>;

    /// Whether its entry is left out.
    fn is_absent(&self) -> bool {
        false
    }
}

/// A field for serde.
struct AsField<'a, T>(&'a T);

impl<T: SerializeField> Serialize for AsField<'_, T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize_field(to)
    }
}

/// Writes the fields of a record under the names of their columns.
#[derive(Debug)]
pub struct SerializeFields<M> {
    columns: std::slice::Iter<'static, Column>,
    map: M,
}

impl<M: SerializeMap> SerializeFields<M> {
    pub fn new<S>(table: &'static Table, to: S) -> Result<Self, S::Error>
    where
        S: Serializer<SerializeMap = M, Ok = M::Ok, Error = M::Error>,
    {
        Ok(Self {
            columns: table.columns.iter(),
            map: to.serialize_map(None)?,
        })
    }

    /// Writes the next field.
    pub fn field(&mut self, value: &impl SerializeField) -> Result<(), M::Error> {
        match self.columns.next() {
            Some(column) if !value.is_absent() => self
                .map
                .serialize_entry(column.name.as_str(), &AsField(value)),
            _ => Ok(()),
        }
    }

    pub fn end(self) -> Result<M::Ok, M::Error> {
        self.map.end()
    }
}

/// As serde has them.
macro_rules! as_serde {
    ($($type:ty),*) => {$(
        impl SerializeField for $type {
            fn serialize_field<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                self.serialize(to)
            }
        }
    )*};
}

as_serde!(bool, i64, f64, String, Date, Decimal, Time, Timestamp, Json);

/// As base64.
impl SerializeField for Vec<u8> {
    fn serialize_field<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        Value::Binary(self).serialize(to)
    }
}

impl<T: SerializeField> SerializeField for Option<T> {
    fn serialize_field<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(value) => value.serialize_field(to),
            None => to.serialize_none(),
        }
    }
}

impl<T: SerializeField> SerializeField for Field<T> {
    fn serialize_field<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize_field(to),
            Self::Absent | Self::Null => to.serialize_none(),
        }
    }

    fn is_absent(&self) -> bool {
        Self::is_absent(self)
    }
}

impl<T: SerializeField> SerializeField for Vec<T> {
    fn serialize_field<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.iter().map(AsField))
    }
}

impl<T: SerializeField> SerializeField for BTreeMap<String, T> {
    fn serialize_field<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.iter().map(|(key, value)| (key, AsField(value))))
    }
}

/// Implements `Serialize` for a record of these fields.
#[doc(hidden)]
#[macro_export]
macro_rules! __serialize {
    ($name:ident => $($field:ident),*) => {
        impl $crate::__private::SerializeField for $name {
            fn serialize_field<S: $crate::__private::serde::Serializer>(
                &self,
                to: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                let table = <Self as $crate::Record>::TABLE;
                let mut fields = $crate::__private::SerializeFields::new(table, to)?;
                $(fields.field(&self.$field)?;)*
                fields.end()
            }
        }
        $crate::__serialize_as_field!($name);
    };
}
pub use crate::__serialize as serialize;

/// Implements `Serialize` for an enum of words.
#[doc(hidden)]
#[macro_export]
macro_rules! __serialize_words {
    ($name:ident) => {
        impl $crate::__private::SerializeField for $name {
            fn serialize_field<S: $crate::__private::serde::Serializer>(
                &self,
                to: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }
        }
        $crate::__serialize_as_field!($name);
    };
}
pub use crate::__serialize_words as serialize_words;

/// Implements `Serialize` for a union of these variants: as the value of the one that it is.
#[doc(hidden)]
#[macro_export]
macro_rules! __serialize_union {
    ($name:ident => $($variant:ident),*) => {
        impl $crate::__private::SerializeField for $name {
            fn serialize_field<S: $crate::__private::serde::Serializer>(
                &self,
                to: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(value) => value.serialize_field(to),)*
                }
            }
        }
        $crate::__serialize_as_field!($name);
    };
}
pub use crate::__serialize_union as serialize_union;

#[doc(hidden)]
#[macro_export]
macro_rules! __serialize_as_field {
    ($name:ident) => {
        impl $crate::__private::serde::Serialize for $name {
            fn serialize<S: $crate::__private::serde::Serializer>(
                &self,
                to: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                $crate::__private::SerializeField::serialize_field(self, to)
            }
        }
    };
}
