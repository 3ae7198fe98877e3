//! Under construction.

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod actions;
pub mod auth;
mod builder;
mod cell;
mod client;
mod clock;
mod decode;
mod error;
mod exchange;
mod fetch;
mod include;
mod incremental;
mod origin;
mod pace;
mod page;
pub mod paginator;
mod parent;
pub mod plan;
mod query;
mod record;
mod redact;
mod report;
mod request;
mod retry;
mod retry_after;
mod rows;
pub mod schema;
mod secret;
mod settings;
mod state;
mod template;
#[cfg(test)]
mod testing;
pub mod transport;
mod value;
mod wire;

pub use builder::{Builder, Connector};
pub use cell::{Cell, Cells, FromCell};
pub use client::Client;
pub use clock::{Clock, SystemClock};
pub use error::{Error, ErrorKind, Result};
pub use fetch::{Fetch, Of, Page, PageRecords, Pages, Records};
pub use incremental::CursorValue;
pub use paginator::Position;
pub use parent::ParentValue;
pub use record::Record;
pub use report::Report;
#[cfg(feature = "macros")]
pub use rest_source_macros::rest_source;
pub use rows::{Row, Rows};
pub use schema::{Column, Decode, Path, Step, Table, TimeFormat, Type};
pub use secret::Secret;
pub use settings::{ConfigValue, Values};
pub use state::State;
pub use value::{Date, Decimal, Field, Json, ParseError, Time, Timestamp, Value};
