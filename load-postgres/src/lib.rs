//! The Postgres destination of rest-source connectors.
//!
//! ```no_run
//! # async fn example<S: rest_source::Connector>(source: S) -> Result<(), Box<dyn std::error::Error>> {
//! use rest_source_load::Load;
//! use rest_source_load_postgres::Postgres;
//!
//! let database = Postgres::connect(&std::env::var("DATABASE_URL")?).await?;
//! let report = source.load(&database).await?;
//! println!("{report}");
//! # Ok(())
//! # }
//! ```
//!
//! See [`Postgres`] for types and guarantees, and `rest_source_load` for dispositions, states and killed loads.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod copy;
mod database;
mod errors;
mod numeric;
mod options;
mod parameter;
mod permits;
mod time;
mod tls_parameters;
mod types;
mod work;

use std::fmt;

use database::PostgresDatabase;
pub use options::Options;
pub use permits::PostgresPermits;
use rest_source::Result;
use rest_source_load::{
    Delegate, Destination,
    sql::{self, SqlDestination},
};

/// A Postgres database with one table per resource, of the resource's name.
///
/// | column | type in Postgres |
/// |---|---|
/// | `text`, enum | `text` |
/// | `bigint` | `bigint` |
/// | `double` | `double precision` |
/// | `bool` | `boolean` |
/// | `timestamp` | `timestamptz`; digits beyond microseconds are cut off, and in a key an error |
/// | `date`, `time` | `date`, `time` |
/// | `decimal` | `numeric`, exact |
/// | `binary` | `bytea` |
/// | array of text, bigint, double or bool | `text[]`, `bigint[]`, `double precision[]`, `boolean[]` |
/// | json, object, other arrays, map, union | `jsonb` |
///
/// Columns that are not nullable are `NOT NULL`. The spec's primary key is the table's primary key, except under
/// `write_disposition: append`. Postgres stores no text with a NUL character: a row with one is an error.
///
/// Tables are created in the first schema of the connection's search path, or in [that of the
/// options](Options::schema). A table that a load created has the constraint `created_by_rest_source`; a table without
/// it is never emptied, dropped or altered, unless it is [adopted](rest_source_load::Loading::adopt).
///
/// Each resource has a connection of its own. Pages stay in memory (up to 8 MiB), then in a temporary table, until they
/// are published in one transaction with their state; no transaction is open while a load waits for its API. Where the
/// connection was lost and nothing is in a temporary table, the load connects again.
///
/// The tables `_rest_source_…` and the rules for existing, dropped and emptied tables are those of
/// `rest_source_load::Sqlite`. The commits of one resource wait for each other by an advisory lock, for up to a minute.
/// Another advisory lock, of the connection that all writers share, locks each resource until its load ends;
/// `_rest_source_locks` names the holder. Keepalives end the lock of a lost machine within two minutes.
pub struct Postgres(SqlDestination<PostgresDatabase>);

impl Postgres {
    /// Connects to the database of a URL: `postgres://user:password@host:5432/database?sslmode=require`.
    ///
    /// The URL is never shown in an error.
    ///
    /// # Errors
    ///
    /// When the URL is not valid, or the database cannot be reached.
    pub async fn connect(url: &str) -> Result<Self> {
        Options::new(url)?.connect().await
    }
}

impl Options {
    /// Connects to the database.
    ///
    /// # Errors
    ///
    /// When the database cannot be reached, or its schema does not exist.
    pub async fn connect(self) -> Result<Postgres> {
        let mut database = PostgresDatabase::connect(self).await?;
        let connected = tokio::task::spawn_blocking(move || {
            sql::create_own_tables(&mut database)?;
            Ok::<_, rest_source::Error>(database)
        });
        let database = connected.await.map_err(errors::shut_down)??;
        Ok(Postgres(SqlDestination::new(database)))
    }
}

impl Options {
    /// Connects to the database, and changes nothing in it, for a [preview](rest_source_load::Loading::preview).
    ///
    /// # Errors
    ///
    /// When the database cannot be reached, or its schema does not exist.
    pub async fn connect_unchanged(self) -> Result<Postgres> {
        let database = PostgresDatabase::connect(self).await?;
        Ok(Postgres(SqlDestination::new(database)))
    }

    /// Connects to the database, and checks that a load could create tables in its schema. Leaves nothing there.
    ///
    /// # Errors
    ///
    /// When the database cannot be reached or refuses it, or its schema does not exist.
    pub async fn check(self) -> Result<()> {
        let mut database = PostgresDatabase::connect(self).await?;
        let checked = tokio::task::spawn_blocking(move || sql::check_rights(&mut database));
        checked.await.map_err(errors::shut_down)?
    }
}

impl Delegate for Postgres {
    fn destination(&self) -> &dyn Destination {
        &self.0
    }
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").finish_non_exhaustive()
    }
}
