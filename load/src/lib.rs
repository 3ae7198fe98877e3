//! Loads a whole source into a database, with one call.
//!
//! ```no_run
//! # async fn example<S: rest_source::Connector>(source: S) -> Result<(), Box<dyn std::error::Error>> {
//! use rest_source_load::{Load, Sqlite};
//!
//! let database = Sqlite::open("insights.db")?;
//! let report = source.load(&database).await?;
//! println!("{report}");
//! # Ok(())
//! # }
//! ```
//!
//! [`Load::load`] fetches every selected resource of a source, parents before children, and writes it by its
//! `write_disposition`. A child resource is fetched for all records of its parent. The parent's records are
//! requested once, for the parent and all its children; if the parent's own fetch is incremental, once more,
//! because children also change under old parents. For an `incremental` resource the database stores a state,
//! for a child one checkpoint [per parent](rest_source::State), and the next load fetches only new records.
//! [`full_refresh`](Loading::full_refresh) starts over.
//!
//! # Transactions
//!
//! Rows and the state that covers them are committed in one transaction. After a kill at any moment the next
//! load resumes from the database; no row is lost or duplicated.
//!
//! | `write_disposition` | committed |
//! |---|---|
//! | `merge` | after 10,000 rows ([`commit_rows`](Loading::commit_rows)) or a second, because an upsert is idempotent; the state at the end, or with these commits if the `row_order` is `asc`. For child resources: periodically, after all children of a parent have been fetched |
//! | `merge` with a `merge_key` | at the end, together with the deletion of the groups' old rows |
//! | `append` | at the end, rows and state together; after 10,000 rows or a second if the `row_order` is `asc`. For child resources: periodically, after all children of a parent have been fetched |
//! | `replace` | at the end, together with the deletion of the old rows |
//! | `skip` | never: the resource is not fetched |
//!
//! Appended rows cannot be deduplicated. If the next load would deliver some records again, for example because
//! a maximum ended the fetch and the order of records is unknown, the load is rolled back with an error that
//! says what to do. The same holds for a full refresh, because the next load appends to it. Use `merge` for
//! such a resource.
//!
//! A replacement must be whole. A load that replaces rows, or a full refresh, is rolled back with an error if a
//! page after the first was ignored, or any page after its retries. A maximum in the spec defines what is
//! whole. A child's load is also rolled back if a page or a record of its parents was discarded: the rows of
//! these parents would be deleted. If no page arrives because responses are ignored, the table keeps its rows
//! and the load succeeds with a note. A load by `merge_key` is rolled back if anything ended its fetch early,
//! because half of a group may be missing. An incremental resource with a `merge_key` has its cursor in that
//! key, so that it fetches whole groups.
//!
//! A full refresh replaces the rows of a resource in one transaction, under any disposition. Readers see the old
//! rows until the commit. Rows that the server no longer has are deleted. A refresh that fails or is killed
//! changes nothing.
//!
//! # Deletions and lists
//!
//! With `hard_delete`, `merge` deletes the rows of records that the API marks as deleted. A list with `as: table` has a
//! child table: its rows are replaced and deleted with the row of their record. A destination of your own says by
//! [`Destination::deletes_rows`] and [`Destination::writes_child_tables`] that it does so.
//!
//! # After a killed load
//!
//! Resources that a killed load had appended are not appended again: the next load completes the killed one and
//! skips them (an incremental one is fetched from its state). The report names them. A load that ended, with
//! errors or without, is not completed by the next: each load appends a non-incremental resource once. A load of
//! named resources does not complete a killed load of others. What it appends counts for the killed load, and
//! the load that completes that one skips it. Appending a resource that a running load has appended is an error.
//!
//! # Resume
//!
//! With [`resume`](Loading::resume), a load that is not incremental goes on after the last stored page of an
//! interrupted one, and [says](ResourceReport::resumed) where. Children and other resources in partitions do so
//! without it, after the last complete partition. A destination says by [`Destination::resumes`] that it stores
//! [checkpoints](Writer::save_checkpoint).
//!
//! # Budget
//!
//! A source with a [`RunBudget`](rest_source::RunBudget) sends at most so many requests, and none after some time. A load
//! that uses it up fails with [`ErrorKind::Budget`](rest_source::ErrorKind::Budget) for each unfinished resource, and
//! [does not try](Reason::Budget) the others. Committed rows stay. Such loads [resume](Loading::resume) by default.
//!
//! # One load of a resource at a time
//!
//! Before its first request, a load [locks](Destination::lock) its resources in the destination until it ends. If another
//! load has locked one, it fails with [`ErrorKind::Locked`](rest_source::ErrorKind::Locked), or [waits](Loading::wait)
//! for that load. A lock ends with its process, even by a kill, and blocks no reader.
//!
//! # Rows belong to a request
//!
//! The destination stores a fingerprint of the request with the rows: settings, base URL, path, parameters and
//! body. A load with another fingerprint, such as another tenant's, is an error that names the difference.
//! [`keep_state`](Loading::keep_state) accepts it, [`full_refresh`](Loading::full_refresh) replaces the rows.
//!
//! # When a resource fails
//!
//! Committed rows stay, also those of the failed resource. The other resources are still loaded. After two
//! consecutive failures with the same credentials, or at the same origin, the remaining resources that share
//! them are not tried. The [`LoadError`] has an error and a report for each failed resource, and the reports of
//! all others.
//!
//! # Compare
//!
//! [`verify`](Loading::verify) compares the stored rows with the records of the API instead of loading them, and
//! [repairs](Verification::repair) them. [`preview`](Loading::preview) compares the tables, without a request.
//!
//! # Records that are set aside
//!
//! With [`keep_rejects`](Loading::keep_rejects), records that the schema contract sets aside are kept in the destination.
//! [`replay_rejects`](Loading::replay_rejects) writes those that fit after the spec was mended.
//!
//! # Features
//!
//! `sqlite`, on by default, is the destination [`Sqlite`], which compiles SQLite from C. Without it the crate
//! has the [`Destination`] trait and the loading, and compiles no C.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod append_checks;
mod comparison;
mod csv_text;
mod destination;
pub mod encode;
mod load;
mod load_locks;
mod open_file;
mod pending_commit;
mod preview;
mod rejects;
mod replace_checks;
mod report;
mod resource_load;
mod resource_lock;
mod resumption;
mod run_locks;
#[cfg(feature = "serde")]
mod serialize;
mod shared_failures;
pub mod sql;
#[cfg(feature = "sqlite")]
mod sqlite;
mod timestamp_text;
mod verify;
mod verify_report;
pub mod work;

pub use comparison::{
    Comparison, ComparisonOptions, Difference, Differences, DifferingColumn, DifferingRecord,
    OpenComparison,
};
pub use destination::{
    AppendedBy, BoxFuture, Delegate, Destination, LastLoad, LoadRecord, LoadStatus, Opened,
    StoredCheckpoint, StoredState, Target, Writer, Writing,
};
pub use load::{Load, Loading};
pub use load_locks::{LoadLocks, is_run_id};
pub use open_file::OpenFile;
pub use preview::{ResourcePreview, TableChange, TablePreview};
pub use rejects::{
    FittingReject, RejectQuery, ReplayReport, ReplayedRejects, ReplayedResource, StoredReject,
};
pub use report::{LoadError, LoadReport, NotTried, Progress, Reason, ResourceReport};
pub use resource_lock::{FileLock, HeldLock, LockHolder, Locking, ResourceKey};
pub use run_locks::{ResourceLocks, Waiting};
#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;
pub use timestamp_text::timestamp_text;
pub use verify::Verification;
pub use verify_report::{VerifiedResource, VerifyReport};
