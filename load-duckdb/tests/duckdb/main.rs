//! The DuckDB destination.

#![cfg(test)]
#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "the path of a method of `Loading` is not general over its lifetime"
)]

mod files;
#[cfg(unix)]
mod kills;
mod merge_tables;
mod stored;
#[path = "../../../load-files/tests/files/world.rs"]
mod world;
