//! Under construction.

mod auth;
mod client;
mod clock;
mod error;
mod exchange;
mod origin;
mod pace;
pub mod plan;
mod query;
mod redact;
mod report;
mod request;
pub mod schema;
mod secret;
mod template;
pub mod transport;
mod values;
mod wire;

pub use client::{Builder, Client, Connector};
pub use clock::{Clock, SystemClock};
pub use error::{Error, ErrorKind, Result};
pub use report::Report;
pub use secret::Secret;
pub use values::{ConfigValue, Values};
