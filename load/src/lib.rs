//! Where records go: a whole source into a database, with one call.
//!
//! ```no_run
//! # async fn example<S: rest_source::Connector>(source: S) -> Result<(), Box<dyn std::error::Error>> {
//! use rest_source_load::{Load, Sqlite};
//!
//! let mut database = Sqlite::open("insights.db")?;
//! let report = source.load(&mut database).await?;
//! println!("{report}");
//! # Ok(())
//! # }
//! ```
//!
//! [`Load::load`] fetches every selected resource of a source, in the order of the spec but parents
//! before their children, and writes it as its `write_disposition` says. A child is fetched for all
//! records that its parent has then; they are asked for once for the parent and all of its children,
//! or, where only what is new of the parent was loaded, once more: its children change without it. Where a resource is `incremental`, the database remembers how
//! far it came, of a child for [each parent](rest_source::State), and the next load asks only for what is new.
//! [`full_refresh`](Loading::full_refresh) starts over.
//!
//! # What is safe when
//!
//! Rows and the state that says that they were read are committed in one transaction. A load that is
//! killed at any moment leaves a database from which the next load goes on, and nothing is lost or
//! doubled:
//!
//! | `write_disposition` | committed |
//! |---|---|
//! | `merge` | page by page, since a row written twice is the same row; the state at the end, or with each page where the resource's `row_order` is `asc`. Of a child, from time to time, that of the parents of whom all came |
//! | `merge` with a `merge_key` | at the end, the deletion of the groups' old rows included |
//! | `append` | at the end, rows and state together; with each page where the `row_order` is `asc`. Of a child, from time to time, those of the parents of whom all came |
//! | `replace` | at the end, the deletion of the old rows included |
//! | `skip` | never: it is not fetched |
//!
//! What is appended cannot be told from what is there. Where the next load would bring records again
//! that this one brought, because the fetch was cut off by a maximum, say, and the order of the records
//! is not known, the load is rolled back with an error that says what to do; so is a full refresh, to
//! which the next load appends. Such a resource wants `merge`.
//!
//! What takes the place of other rows has to be whole. A load that replaces, or a full refresh, of which
//! a page was ignored past the first, or after its retries, is rolled back with an error; a maximum of
//! the spec is what the spec calls all. So is one of a child where a record or a page of its parents was set
//! aside: the rows that belong to them would be deleted. Where no page arrives at all, because responses
//! are ignored, the table keeps its rows and the load is a success with a note. A load by a `merge_key` is rolled back wherever its fetch was
//! cut off, since half of a group may be missing; and a resource with a `merge_key` of which only what is
//! new is fetched has its cursor in that key, so that no group is fetched in part.
//!
//! A full refresh replaces the rows of a resource, whatever its disposition, in one transaction:
//! readers see the old rows until the new ones are complete, rows that are no longer at the server
//! are gone afterwards, and one that fails or is killed changes nothing.
//!
//! # After a load that was killed
//!
//! What `append` had completed before the kill is not appended again: the next load completes the one
//! that was killed, and leaves these resources out (an incremental one is asked for what is new since).
//! The report names them. A load that ended, with errors or without, is not completed by the next: every
//! load appends a resource without `incremental` once. A load of some resources, by name, does not
//! complete one of others that was killed: what it appends counts for that, and the load that completes it
//! leaves it out, too. A resource that a load appended which still runs is an error.
//!
//! # Rows belong to a request
//!
//! The destination remembers what the rows of a table were asked for by: settings, base URL, path,
//! parameters and body. A load that asks for something else, another tenant for one, is an error that
//! names the difference. [`keep_state`](Loading::keep_state) goes on, [`full_refresh`](Loading::full_refresh)
//! replaces the rows.
//!
//! # When a resource fails
//!
//! What was committed stays, that of the failed resource included. The other resources are still
//! loaded. After two in a row failed with the same credentials, or at the same origin, the others that
//! share them are not tried. The [`LoadError`] names each resource that failed, with the report of its
//! fetch, and has the reports of all that were tried.

mod append;
mod destination;
mod failures;
mod load;
mod report;
mod sqlite;
mod whole;

pub use destination::{Destination, Opened, Target, Writing};
pub use load::{Load, Loading};
pub use report::{LoadError, LoadReport, NotTried, Progress, Reason, ResourceReport};
pub use sqlite::{Sqlite, timestamp_text};
