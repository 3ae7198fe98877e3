//! What the tests of the workspace share.
//!
//! The loopback API that tests and the quickstart run against is an ordinary HTTP server on
//! 127.0.0.1, with generated but deterministic data for every resource of the specs in `specs/`.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! use rest_source_testkit::{Fault, Server, Wait, data};
//!
//! let server = Server::start(data::media_insights()).await?;
//! server.faults().every(7, Fault::too_many_requests(Wait::Seconds(1)));
//! println!("{} stories at {}", server.dataset("stories").len(), server.url());
//! # Ok(())
//! # }
//! ```
//!
//! * [`data`]: what is served; a test reads it back and changes it through [`Dataset`].
//! * [`Paging`]: how pages are cut, the wrong ways included.
//! * [`Faults`]: what goes wrong, and when.
//! * [`Log`]: what was asked.
//! * [`Scripted`]: another server, whose answers are written byte by byte.
//!
//! With the feature `destinations`, `check_merge_tables` compares what a destination stores with what all of them do, and
//! `check_kills` what is there after loads that are killed.
//!
//! [`ScriptedTransport`] answers without a network.

mod access;
pub mod data;
mod dataset;
mod faults;
mod folder;
#[cfg(feature = "destinations")]
mod full_disk;
#[cfg(feature = "destinations")]
mod kills;
mod leaks;
mod log;
#[cfg(feature = "destinations")]
mod merge_tables;
mod paging;
#[cfg(feature = "reports")]
pub mod reports;
mod scripted;
mod scripted_transport;
mod server;
mod small_disk;
mod wire;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use access::{Access, Tokens};
pub use dataset::{Dataset, Row};
pub use faults::{Fault, Faults, Wait};
pub use folder::Folder;
#[cfg(feature = "destinations")]
pub use full_disk::{FULL_DISK_KIB, FULL_DISK_RESOURCES, check_full_disk};
#[cfg(feature = "destinations")]
pub use kills::{KILLED_TABLES, Kills, check_kills, killed_process, load_until_killed};
pub use leaks::leak;
pub use log::{Log, Seen};
#[cfg(feature = "destinations")]
pub use merge_tables::{
    StoredRow, TestDestination, check_keys_beyond_microseconds, check_merge_tables,
};
pub use paging::{Paging, ShortPage, Style, Total};
// As the runtime has it, for the file that its unit tests take in.
use rest_source::transport;
pub use rest_source_mock::ManualClock;
pub use scripted::{Asked, Mishap, Place, Reply, Scripted};
pub use scripted_transport::{ScriptedTransport, response};
pub use server::{Api, Server};
pub use small_disk::SmallDisk;

/// Locks, also after a thread that held the lock has panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
