//! Typed connectors to REST APIs: what code made by [`rest_source`](macro@rest_source) links against.
//!
//! A YAML spec says where an API is, how it wants to be asked and what its records look like. The
//! attribute, or the build-time generator, makes a module of it, with a struct per resource and a
//! `Source` that fetches them:
//!
//! ```ignore
//! use rest_source::rest_source;
//!
//! #[rest_source("specs/media.yaml")]
//! pub mod media {}
//!
//! # async fn example() -> rest_source::Result<()> {
//! let media = media::Source::from_env()?;          // secrets from the environment
//! let mut stories = media.stories().stream();      // auth, paging and retry behind it
//! while let Some(story) = stories.next().await {
//!     let story = story?;
//!     println!("{} {:?}", story.id, story.profile_views);   // String, Option<i64>
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What to look for where
//!
//! | to | see |
//! |---|---|
//! | give secrets, settings, a transport or a clock of your own | [`Builder`] |
//! | fetch: records, pages, all, the first; limit, concurrency, progress | [`Fetch`] |
//! | go on where the last fetch ended | [`State`], [`Fetch::since`], [`Fetch::full_refresh`] |
//! | fetch the children of one record, or of all | [`Fetch::of`](Fetch::of), [`ForParents`] |
//! | see what was asked, repeated, received and left out | [`Report`] |
//! | tell errors apart | [`ErrorKind`] |
//! | page, or prove who asks, in a way of your own | [`paginator`], [`auth`] |
//! | share the API's rate limit with other processes | [`permits`] |
//! | fetch the parts of a resource in several processes | [`Fetch::plan_parts`], [`Fetch::part`] |
//! | send requests by something else than reqwest, or by nothing | [`transport`] |
//! | test your own code without a network | the crate `rest-source-mock` |
//! | write a [`Record`] by hand | [`Record`], [`schema`] |
//! | let records be changed on their way | [`hooks::Hooks`], [`EncodeRow`] |
//!
//! # What holds
//!
//! * Credentials go to the origin of the spec's `base_url` and those that it lists, and a client's own
//!   to its token URL, over https or to loopback: not by a link, not by a redirect.
//! * No secret is in an [`Error`], a `Debug`, a log or a URL shown.
//! * Pages end: a next page that was there before, or is the same again, is an error.
//! * A fetch that ends before the API's own word for its end is [incomplete](Completeness), which is an error.
//! * Whatever was received and not delivered is counted and named in the [`Report`]; records before an
//!   error are delivered first.
//! * Neither a spec nor a response makes it panic, and there is no `unsafe`.
//!
//! # Features
//!
//! | feature | default | |
//! |---|---|---|
//! | `macros` | yes | the attribute |
//! | `reqwest` | yes | the transport over reqwest; without it, give the [`Builder`] one |
//! | `chrono`, `jiff`, `time`, `rust_decimal`, `uuid` | no | [values](Value) to and from the types of the crate of that name |
//! | `serde` | no | [plans](plan), [tables](schema) and [states](State) as JSON or the like, whole; [rows](Rows), [values](Value), [reports](Report) and [errors](Error) are written, and records by `#[rest_source("…", serialize)]` |
//! | `http2` | no | HTTP/2, where a server offers it over TLS; HTTP/1.1 otherwise |
//! | `compression` | no | responses compressed as brotli, deflate and zstd; gzip is always read |
//! | `digest` | no | HTTP Digest, by `auth: {type: http_digest, …}` |
//! | `archives` | no | responses that are gzip files, by `decoder: {compression: gzip}` |
//! | `charsets` | no | responses in a charset other than UTF-8, by `decoder: {charset: …}` |
//! | `csv` | no | responses in CSV, by `decoder: csv` |
//! | `xml` | no | responses in XML, by `decoder: xml` |
//! | `queries` | no | selectors that are JSONPath queries (RFC 9535): with filters, wildcards, slices or descents; and `where` |
//! | `patterns` | no | regular expressions, by `matches` and `total_pattern` |
//! | `tls-ring` | yes | TLS by rustls over ring |
//! | `tls-aws-lc-rs` | no | TLS by rustls over aws-lc-rs |
//! | `tls-native` | no | TLS by `SChannel` or Secure Transport, elsewhere by OpenSSL, whose headers it needs |
//!
//! Of several TLS, `tls-native` is used before `tls-aws-lc-rs`, and that before `tls-ring`: asking for
//! one is enough, and leaving the default out saves building it. The feature `vendored` of the crate
//! `native-tls` builds OpenSSL too.
//!
//! Each trusts the certificate authorities of the platform. Where those are files, as on Linux,
//! `SSL_CERT_FILE` and `SSL_CERT_DIR` name others: rustls then trusts these alone, OpenSSL also those in
//! the platform's directories.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod actions;
pub mod auth;
mod body;
mod builder;
mod cell;
mod client;
mod clock;
mod completeness;
mod decode;
mod error;
mod exchange;
mod features;
mod fetch;
mod future;
#[cfg(any(feature = "archives", feature = "reqwest"))]
mod gunzip;
pub mod hooks;
mod http_context;
mod include;
mod incremental;
mod json_encoder;
#[cfg_attr(not(feature = "queries"), path = "json_path_missing.rs")]
mod json_path;
mod origin;
mod page;
pub mod paginator;
mod parent;
mod partition;
#[cfg_attr(not(feature = "patterns"), path = "pattern_missing.rs")]
mod pattern;
pub mod permits;
mod position;
mod presence;
mod printable;
mod query;
mod rate_limiter;
mod record;
mod redact;
mod reject;
mod report;
mod request;
mod retry;
mod retry_after;
mod rows;
mod run_budget;
mod secret;
#[cfg(feature = "serde")]
mod serialize;
mod settings;
mod state;
mod steps;
mod template;
#[cfg(test)]
mod testing;
mod trace;
pub mod transport;
mod transport_error;
mod tree;
mod value;

pub use builder::{Builder, Connector};
pub use cell::{Cell, Cells, FromCell};
pub use client::Client;
pub use clock::{Clock, SystemClock};
pub use completeness::{Completeness, Reason};
#[cfg(fuzzing)]
#[doc(hidden)]
pub use decode::both_passes::compare_passes;
pub use error::{Error, ErrorKind, Result};
pub use fetch::{
    Fetch, FetchPart, ForParents, Page, PageRecords, Pages, PagingCheckpoint, ParentCache, Records,
    RunningJobs,
};
pub use json_encoder::JsonEncoder;
pub use position::Position;
pub use record::Record;
pub use reject::Reject;
pub use report::Report;
#[cfg(feature = "macros")]
pub use rest_source_macros::rest_source;
pub use rest_source_model::{plan, schema, shared};
pub use rows::{Item, Row, Rows};
pub use run_budget::RunBudget;
pub use schema::{Column, Decode, Path, Step, Table, TimeFormat, Type};
pub use secret::Secret;
pub use settings::Values;
pub use state::{Fingerprint, State};
pub use steps::{CellWriter, CellWritten, EncodeCell, EncodeRow, RowWriter};
pub use value::{
    ConversionError, Date, Decimal, Field, Json, ParseError, Scalar, Time, Timestamp, Value,
};
