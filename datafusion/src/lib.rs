//! Resources of connectors as tables of [DataFusion](https://datafusion.apache.org): SQL over REST APIs.
//!
//! ```no_run
//! # #[cfg(feature = "engine")]
//! # async fn example(client: rest_source::Client) -> Result<(), Box<dyn std::error::Error>> {
//! use rest_source_datafusion::{datafusion::prelude::SessionContext, register};
//!
//! let session = SessionContext::new();
//! register(&session, "media", &client)?;
//! let stories = session.sql("SELECT id, name FROM media.stories LIMIT 10").await?;
//! stories.show().await?;
//! # Ok(())
//! # }
//! ```
//!
//! The client is that of a compiled connector (`Connector::client`), or of a spec that is known only at run time
//! (`rest_source_dynamic::client`).
//!
//! # What a query asks the API for
//!
//! | in the query | in the fetch |
//! |---|---|
//! | the columns that it uses | Only these, the primary key and the cursor are decoded: see [`Fetch::only_columns`](rest_source::Fetch::only_columns) |
//! | `LIMIT 10` without a filter that DataFusion applies | No more requests than ten records need |
//! | `=`, `<`, `<=`, `>`, `>=` and `BETWEEN` on the cursor column | The start and the end of the fetch, within those of the spec. DataFusion filters the rows again |
//! | `=` and `IN` on a column of `partitions` | Only these values of the list |
//! | `=` and `IN` on a column of a setting | Nothing, if the setting has another value |
//!
//! Without a limit, the values of a list of `partitions`, and the windows of `step`, are divided among the partitions of
//! the plan, up to `target_partitions`. All of them share the rate limiter of the client. Other resources have one
//! partition.
//!
//! A table has the records that a fetch without a state returns: from `initial_value` to `end_value`, if the spec has
//! them. Each scan fetches them again. A fetch that fails or is incomplete ends the query with its error.
//!
//! `EXPLAIN` shows what is pushed down, `EXPLAIN ANALYZE` the requests, retries, pages and bytes, and the time that
//! requests waited.
//!
//! # Features
//!
//! * `engine`: all of the above. Without it the crate is empty. It needs Rust 1.94.
//! * `parquet`: DataFusion reads Parquet files.
//! * `sqlite`: tables of SQLite databases.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "engine")]
mod catalog;
#[cfg(feature = "engine")]
mod exec;
#[cfg(feature = "engine")]
mod filters;
#[cfg(feature = "engine")]
mod literal;
#[cfg(feature = "engine")]
mod parts;
#[cfg(feature = "engine")]
mod scan;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "engine")]
mod table;

#[cfg(feature = "engine")]
pub use catalog::register;
#[cfg(feature = "engine")]
pub use datafusion;
#[cfg(feature = "engine")]
pub use exec::ResourceExec;
#[cfg(feature = "engine")]
pub use parts::Part;
#[cfg(feature = "engine")]
pub use scan::Scan;
#[cfg(feature = "sqlite")]
pub use sqlite::register_sqlite;
#[cfg(feature = "engine")]
pub use table::{ResourceTable, fetch_error};
