//! What a rest-source spec says, as data: [plans](plan) of requests and [tables](schema) of records.
//!
//! Generated code holds a plan as constants; the command and [others](plan::SourcePlan) make one at run
//! time, which is freed with the last that uses it. The runtime, `rest-source`, is driven by it and
//! re-exports these modules.
//!
//! With the feature `serde` a whole plan can be written and read. It is data without exception: what a spec
//! names in Rust, its credentials, paginators and steps, it holds by name.

#[macro_use]
mod declare;

pub mod describe;
pub mod plan;
pub mod schema;
pub mod shared;
