//! Without the feature `serde`: one error says so, and records implement nothing.

#![allow(missing_docs)]

#[doc(hidden)]
#[macro_export]
macro_rules! __serialize {
    ($($ignored:tt)*) => {};
}
pub use crate::{
    __serialize as serialize, __serialize as serialize_union, __serialize as serialize_words,
};
