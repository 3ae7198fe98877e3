//! Tests across the crates of rest-source. What they run against is in `testkit/`; here is only what the
//! build script and the tests of the documentation share.

pub mod pages;
