//! The destination of files.

#![cfg(test)]
#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "the path of a method of `Loading` is not general over its lifetime"
)]

mod compared;
mod folders;
#[cfg(unix)]
mod kills;
mod merge_tables;
#[cfg(feature = "parquet")]
mod pyarrow;
#[cfg(feature = "object-store")]
mod s3;
mod stored;
mod world;
