//! The DuckDB destination of rest-source connectors.
//!
//! ```no_run
//! # #[cfg(feature = "linked")]
//! # async fn example<S: rest_source::Connector>(source: S) -> Result<(), Box<dyn std::error::Error>> {
//! use rest_source_load::Load;
//! use rest_source_load_duckdb::DuckDb;
//!
//! let database = DuckDb::open("shop.duckdb")?;
//! let report = source.load(&database).await?;
//! println!("{report}");
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! Enable one of them; without both the crate is empty.
//!
//! * `linked` uses an existing libduckdb: in the folder that the variable `DUCKDB_LIB_DIR` names when the crate is
//!   compiled, or where the linker looks. The program needs the library when it runs, too.
//! * `bundled` compiles libduckdb from C++, which takes many minutes, and links it statically.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "linked")]
mod append;
#[cfg(feature = "linked")]
mod column;
#[cfg(feature = "linked")]
mod database;
#[cfg(feature = "linked")]
mod destination;
#[cfg(feature = "linked")]
mod errors;
#[cfg(feature = "linked")]
mod open_path;
#[cfg(feature = "linked")]
mod types;

#[cfg(feature = "linked")]
pub use destination::DuckDb;
