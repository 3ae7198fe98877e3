//! The connector language: YAML with positions → spec → checked connector → Rust tokens.

#![allow(missing_docs)]

pub mod connector;
pub mod diagnostic;
pub mod emit;
pub mod module;
