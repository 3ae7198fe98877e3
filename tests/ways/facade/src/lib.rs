//! A library of a user's that re-exports rest-source, so that its own users need no further dependency.

pub use rest_source;
