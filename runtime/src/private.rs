//! What generated code is written with: short names, so that a column stays on its line.
//!
//! Not for use by hand, and not kept stable: the macro of the same version is its only user.

#![allow(missing_docs)]

#[path = "private/columns.rs"]
pub mod columns;
#[path = "private/mock.rs"]
pub mod mock;
#[cfg_attr(feature = "serde", path = "private/serialize.rs")]
#[cfg_attr(not(feature = "serde"), path = "private/serialize_missing.rs")]
mod serialize;

#[cfg(feature = "serde")]
pub use serde;

pub use self::serialize::*;

pub use std::collections::BTreeMap;
use std::time::Duration;

use crate::hooks::BoxError;
use crate::transport::BoxFuture;
pub use crate::{
    Builder, Cell, CellWriter, CellWritten, Cells, Client, Connector, Date, Decimal, EncodeCell,
    EncodeRow, Fetch, Field, ForParents, FromCell, Json, Record, Result, RowWriter, Scalar, Secret,
    Time, Timestamp, Values,
    hooks::{
        AuthHook, DecoderHook, ExtractHook, Filters, Hooks, IntoPage, IntoPartitions, IntoVerdict,
        PartitionsHook, ResponseHook, StepFn, Steps, StepsHook,
    },
    parent::at_json as within_json,
    plan::*,
    schema::{Column, Decode, Path, ResponseValue, Step, Table, TimeFormat, Type},
    shared::{
        List,
        Ref::{self, Static},
        Text,
    },
    tree::pick as element,
    value::ToScalar,
};

/// Defines the check that a feature is enabled, for a source that needs it.
macro_rules! needs {
    ($($function:ident $feature:literal $what:literal)*) => {$(
        pub const fn $function() {
            assert!(
                cfg!(feature = $feature),
                concat!(
                    $what, " needs the feature `", $feature, "` of `rest-source`: `cargo add rest-source --features ",
                    $feature, "`",
                ),
            );
        }
    )*};
}

needs! {
    needs_archives "archives" "`compression`"
    needs_charsets "charsets" "`charset`"
    needs_csv "csv" "`decoder: csv`"
    needs_digest "digest" "`http_digest`"
    needs_jwt "jwt" "`jwt_bearer`"
    needs_patterns "patterns" "a regular expression (`matches`, `total_pattern`)"
    needs_queries "queries" "a JSONPath with a filter, wildcard, slice or descent"
    needs_serde "serde" "`serialize`"
    needs_xml "xml" "`decoder: xml`"
}

/// A template without placeholders.
#[doc(hidden)]
#[macro_export]
macro_rules! __literal {
    ($text:literal) => {
        $crate::plan::Template($crate::shared::Ref::Static(&[$crate::plan::Part::Text(
            $crate::shared::Ref::Static($text),
        )]))
    };
}
pub use crate::__literal as literal;

/// These words.
#[doc(hidden)]
#[macro_export]
macro_rules! __words {
    ($($word:literal),* $(,)?) => {
        $crate::shared::Ref::Static(&[$($crate::shared::Ref::Static($word)),*])
    };
}
pub use crate::__words as words;

/// The place under these keys.
#[doc(hidden)]
#[macro_export]
macro_rules! __at {
    ($($key:literal),*) => {
        $crate::Path($crate::shared::Ref::Static(&[
            $($crate::Step::Key($crate::shared::Ref::Static($key))),*
        ]))
    };
}
pub use crate::__at as at;

/// The record of these fields, a cell each, in order.
#[doc(hidden)]
#[macro_export]
macro_rules! __take {
    ($cells:ident => $($field:ident),*) => {
        Self { $($field: $cells.take()),* }
    };
}
pub use crate::__take as take;

/// Gives the cells of these fields, in order.
#[doc(hidden)]
#[macro_export]
macro_rules! __give {
    ($record:ident, $cells:ident => $($field:ident),*) => {
        $($cells.write(&$record.$field);)*
    };
}
pub use crate::__give as give;

/// What a `yield_map` makes of a record, as a list.
pub fn yield_map<T>(records: impl IntoIterator<Item = T>) -> Vec<T> {
    records.into_iter().collect()
}

/// The values that a function of `partitions` finds.
pub fn partitions<T, R: IntoPartitions<T>>(
    found: impl Future<Output = R> + Send + 'static,
) -> BoxFuture<'static, Result<Vec<Scalar>, BoxError>> {
    Box::pin(async { found.await.into_partitions() })
}

/// The value within one that may be null.
pub fn value_of<T>(value: Option<T>, within: impl FnOnce(T) -> Scalar) -> Scalar {
    value.map_or(Scalar::Null, within)
}

/// A column that a user's own struct has no field for.
#[derive(Debug)]
pub struct Skip;

impl FromCell for Skip {
    fn from_cell(_: Cell<'_>) -> Self {
        Self
    }
}

pub const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
