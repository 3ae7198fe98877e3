//! Loads a whole source into files: JSON Lines, CSV or Parquet, compressed or not, in a folder or an object
//! store.
//!
//! ```no_run
//! # async fn example<S: rest_source::Connector>(source: S) -> Result<(), Box<dyn std::error::Error>> {
//! use rest_source_load::Load;
//! use rest_source_load_files::{Compression, Files, Format};
//!
//! let files = Files::folder("insights").format(Format::JsonLines).compression(Compression::Gzip);
//! println!("{}", source.load(&files).await?);
//! # Ok(())
//! # }
//! ```
//!
//! # Layout
//!
//! ```text
//! insights/
//!   stories/                              a folder for each table
//!     4711-18c2f0a4b5d6e7f8-000001.jsonl  data files, as a reader wants them
//!     day=2026-11-21/…                    with partition_by
//!     _manifests/000000000007.json        the newest one counts
//!     _keys/                              hashes of the rows' keys, for merge
//!     _staging/                           files of running loads
//!   _loads.jsonl                          the history of loads
//!   _locks/                               loads that run
//! ```
//!
//! # Publication
//!
//! The manifest with the highest number lists the published files of a resource, with the state that they reach. A load
//! writes files, moves them beside the published ones, and creates the next manifest, which appears as a whole. Files
//! that it replaces are deleted afterwards. So a reader of the manifest sees all rows of a commit or none, and a load
//! that is killed at any moment leaves nothing that a manifest lists.
//!
//! A reader that takes all files of a folder (`stories/**/*.jsonl`) needs no manifest between loads: the files are the
//! published ones. While a commit is published, for the milliseconds between the moved files and the deleted ones, it
//! may see both; after a kill in that time it sees both until the next load, which removes what no manifest lists. No
//! load removes or changes a file that no load wrote.
//!
//! Commits of a load are held back and published together: every 30 seconds
//! ([`publish_every`](Files::publish_every)), every million rows, and at the end. A load that fails publishes what it
//! had committed.
//!
//! # Object stores
//!
//! `Files::object_store` writes objects instead, with the feature `object-store`. A file is uploaded before the manifest
//! that lists it, and the manifest is created only if its number is free, so that of two loads of a resource one fails. An
//! object store has no locks of files: the lock of a resource is an object in `_locks/` with a lease, which its load renews,
//! and which expires two minutes after the load was killed. A load takes an appending load that has not ended for a killed
//! one, and removes the unpublished objects of loads that began more than a day ago. Read by the manifest: other objects
//! may lie beside the published ones. The history is in `_loads/`, an object for each resource.
//! Files that are not uploaded yet are in the system's folder for temporary files.
//!
//! # Write dispositions
//!
//! | `write_disposition` | files |
//! |---|---|
//! | `append` | New files are added. |
//! | `replace` | The new files replace all others. Of several rows with one primary key the last is kept. |
//! | `merge` | New files are added. Stored files that hold a row with one of the new keys are written again without it (copy on write); all others are not touched. So a reader sees one row for each key, without knowing of keys. |
//! | `merge` with a `merge_key` | The same, for all rows with one of the merge keys. |
//!
//! A merge reads the keys of all stored rows (16 bytes a row, 32 with a `merge_key`), and reads and writes the files in
//! which rows change. Changes of a few keys in every file cost as much as a full copy of the table: partition such a
//! table by a column that changes with the rows, roll smaller files, or load less often. `hard_delete` deletes rows in
//! the same way. The rows of a list with `as: table` are in the folder of their own table, and are listed by the manifest
//! of the record's resource: both are replaced together.
//!
//! Eight small files or more, each under an eighth of [`roll_at`](Files::roll_at), are joined by the next commit.
//!
//! # Values
//!
//! | column | JSON Lines | CSV |
//! |---|---|---|
//! | `text`, enum | text | text |
//! | `bigint`, `double`, `bool` | number, `true`, `false` | the same |
//! | `timestamp` | text in UTC: `2026-11-21T09:30:00.000000+00:00`, as [`timestamp_text`](rest_source_load::timestamp_text) | the same |
//! | `date`, `time` | text: `2026-11-21`, `09:30:00` | the same |
//! | `decimal` | text, exact | the same |
//! | `binary` | text, base64 | the same |
//! | json, object, array, map, union | the JSON, without white space | the same, as text |
//! | null | `null` | an empty field; an empty text is `""` |
//!
//! An untyped resource (`columns: json`) has one column, `record`.
//!
//! Parquet has Arrow's types, with `not null` where a column is not nullable, statistics of each column, and nested
//! values as they are declared:
//!
//! | column | Arrow |
//! |---|---|
//! | `text`, enum, json, union | `Utf8`; json and unions as the JSON that was received |
//! | `bigint`, `double`, `bool`, `binary` | `Int64`, `Float64`, `Boolean`, `Binary` |
//! | `timestamp` | `Timestamp(µs, UTC)`; smaller fractions are cut off. With the format `epoch_nanos`, `Timestamp(ns, UTC)` for the years 1677 to 2262 |
//! | `date`, `time` | `Date32`, `Time64(µs)` |
//! | `decimal` | with `precision` and `scale` up to 38 digits, `Decimal128(precision, scale)`; otherwise `Utf8`, exact |
//! | object, array, map | `Struct`, `List`, `Map` |
//!
//! A column that the spec adds is in new files only. A column with another type, another key and another format need a
//! full refresh.
//!
//! # Features
//!
//! | feature | |
//! |---|---|
//! | `object-store` | `Files::object_store`: S3 and compatible, Google Cloud Storage, Azure, by the crate `object_store` |
//! | `parquet` | [`Format::Parquet`], by the crates `arrow` and `parquet`. It includes `zstd` |
//! | `zstd` | [`Compression::Zstd`], which is compiled from C |
//!
//! None is on by default. Without them the crate compiles no C.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod files;
mod formats;
mod history;
mod keys;
mod layout;
#[cfg(feature = "object-store")]
mod lease;
mod manifest;
#[cfg(feature = "object-store")]
mod object_storage;
mod options;
mod output;
mod prepare;
mod publish;
mod states;
mod storage;
mod unfinished;
mod writer;

pub use files::Files;
pub use formats::{Compression, Format};
