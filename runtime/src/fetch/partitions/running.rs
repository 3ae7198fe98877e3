//! Partitions and windows in flight: their tasks, and what these deliver.

use std::panic;

use tokio::{
    sync::mpsc,
    task::{JoinError, JoinSet},
};

use super::Partition;
use crate::{
    Error, ErrorKind, Result,
    fetch::{
        driver::FetchEnd,
        streams::{Delivery, SharedReport},
    },
};

/// A partition or a window in flight.
pub(super) struct Running {
    pub(super) number: u64,
    pub(super) partition: Partition,
    pub(super) deliveries: mpsc::Receiver<Delivery>,
    /// Whether one of its pages was delivered.
    pub(super) is_delivered: bool,
    /// Whether all of its pages were received.
    pub(super) is_drained: bool,
    pub(super) outcome: Option<Result<Option<FetchEnd>>>,
    pub(super) report: SharedReport,
}

impl Running {
    pub(super) fn has_failed(&self) -> bool {
        matches!(self.outcome, Some(Err(_)))
    }
}

/// The tasks that fetch partitions: the number of each, and how it ended. Dropping them aborts them.
pub(super) type Tasks = JoinSet<(u64, Result<Option<FetchEnd>>)>;

/// Adds to the error of a window that cannot be split what to do.
pub(super) fn cannot_split(error: Error) -> Error {
    if *error.kind() != ErrorKind::WindowTooLarge {
        return error;
    }
    error.with_help(
        "the window cannot be split further: some of its records were delivered already, or it is as short as \
         `granularity` and `format` allow; set a shorter `step` (or, if the API takes whole days, `granularity: 1d`)",
    )
}

/// The next page of a partition; `None` when it has no more. Pending without a partition, or after its
/// last page.
pub(super) async fn receive(run: Option<&mut Running>) -> Option<Delivery> {
    match run {
        Some(run) if !run.is_drained => {
            let page = run.deliveries.recv().await;
            run.is_drained = page.is_none();
            page
        }
        _ => std::future::pending().await,
    }
}

/// Continues the panic of a task, so that the fetch ends as if it were its own.
pub(super) fn resume_panic(error: JoinError) -> Error {
    match error.try_into_panic() {
        Ok(panic) => panic::resume_unwind(panic),
        Err(_) => Error::new(
            ErrorKind::Transport,
            "a task of the fetch was cancelled: its runtime was shut down",
        ),
    }
}
