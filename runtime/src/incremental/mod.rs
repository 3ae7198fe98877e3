//! Fetching only what is new: where to start, what is in range, how far it came.

mod cursor_value;
mod key;
mod range;
mod sieve;

pub use cursor_value::CursorValue;
pub(crate) use range::Range;
pub(crate) use sieve::Sieve;
