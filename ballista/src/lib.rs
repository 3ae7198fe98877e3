//! Resources of connectors as tables of [Ballista](https://datafusion.apache.org/ballista/): SQL over REST APIs, fetched by
//! the executors of a cluster.
//!
//! A process plans a query by the tables of [`rest_source_datafusion`], and a [`Cluster`] runs it: each partition of a scan,
//! such as some values of `partitions` or some windows of `step`, is a task of an executor.
//!
//! ```no_run
//! # #[cfg(feature = "engine")]
//! # async fn example(client: rest_source::Client) -> Result<(), Box<dyn std::error::Error>> {
//! use rest_source_ballista::{Cluster, rest_source_datafusion::register};
//!
//! let cluster = Cluster::new("http://scheduler:50050");
//! let session = cluster.session(64);
//! register(&session, "media", &client)?;
//! let stories = session.sql("SELECT account, count(*) FROM media.stories GROUP BY account").await?;
//! let mut batches = cluster.run(stories).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What travels
//!
//! The plan of the source, its settings, the resource, and of each partition its values and bounds, with a hash. Never a
//! secret: each executor takes those from its own environment, and connects when its first task begins. The scheduler needs
//! none. A plan of another version, or one that was changed on its way, is an error before any request.
//!
//! The process that plans a query is given the secrets, too, if it builds the client as usual. It sends no request.
//!
//! # What holds
//!
//! * A task whose executor is lost is run again by another one: it fetches its part again, and the query sees its rows once.
//! * A fetch that fails or is incomplete ends the query with its error.
//! * The rate limit of the spec holds for each executor alone, unless executors share it: see [`Sources::built_by`] and
//!   [`rest_source::permits`]. The binary `rest-source-executor` shares it by `--limiter`.
//! * A refresh token that the API replaces cannot be shared by executors, unless the [builder](rest_source::Builder) is given a
//!   store for it.
//! * What Ballista sends is not encrypted by default. Who reaches the scheduler or an executor can run queries.
//!
//! # Features
//!
//! * `engine`: all of the above. Without it the crate is empty. It needs Rust 1.94.
//! * `binaries`: `rest-source-scheduler` and `rest-source-executor`.

#![cfg_attr(docsrs, feature(doc_cfg))]
// Without its features the crate has nothing that links could lead to.
#![cfg_attr(
    not(feature = "engine"),
    allow(rustdoc::broken_intra_doc_links, reason = "an empty crate")
)]

#[cfg(feature = "engine")]
mod cluster;
#[cfg(feature = "engine")]
mod codec;
#[cfg(feature = "engine")]
mod cursor;
#[cfg(feature = "engine")]
mod files;
#[cfg(feature = "engine")]
mod message;
#[cfg(feature = "engine")]
mod servers;
#[cfg(feature = "engine")]
mod sources;

#[cfg(feature = "engine")]
pub use ballista_executor;
#[cfg(feature = "engine")]
pub use ballista_scheduler;
#[cfg(feature = "engine")]
pub use cluster::Cluster;
#[cfg(feature = "engine")]
pub use codec::ResourceCodec;
#[cfg(feature = "engine")]
pub use rest_source_datafusion;
#[cfg(feature = "engine")]
pub use servers::{executor, scheduler};
#[cfg(feature = "engine")]
pub use sources::Sources;
