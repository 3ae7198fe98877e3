//! Under construction.

mod error;
pub mod plan;
mod report;
pub mod schema;
mod transport;
