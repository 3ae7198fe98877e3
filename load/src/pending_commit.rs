//! Commits that are held back, so that a load of small pages does not commit each of them.

use std::{
    future::pending,
    time::{Duration, Instant},
};

use rest_source::{Page, Result, Rows, State};

use crate::{Writer, Writing};

/// After so many rows the load commits, where the caller does not say.
pub(crate) const MAX_ROWS: u64 = 10_000;

/// After so many bytes of pages the load commits: destinations hold as many in memory.
const MAX_BYTES: usize = 8 << 20;

/// How long rows are held back.
const MAX_WAIT: Duration = Duration::from_secs(1);

/// What the next commit stores with the rows.
#[derive(Debug)]
enum Covered {
    /// Rows that a later load merges again.
    Rows,
    State(State),
    /// The text of the checkpoint, and the partitions since the last one that was stored.
    Checkpoint(String, Vec<String>),
}

/// A commit that is held back.
#[derive(Debug)]
struct Held {
    covered: Covered,
    since: Instant,
}

/// The commit that is held back, if there is one.
#[derive(Debug)]
pub(crate) struct PendingCommit {
    max_rows: u64,
    /// Since the last commit.
    rows: u64,
    bytes: usize,
    held: Option<Held>,
}

impl PendingCommit {
    pub(crate) fn new(max_rows: u64) -> Self {
        Self {
            max_rows,
            rows: 0,
            bytes: 0,
            held: None,
        }
    }

    /// Whether the held back commit must run before this page is written: both would exceed the memory limit, or the
    /// page has rows that no state covers, under a disposition that keeps none of these.
    pub(crate) fn precedes(&self, page: &Page<Rows>, writing: Writing) -> bool {
        let is_covered =
            writing == Writing::Merge || page.state().is_some() || page.checkpoint().is_some();
        self.held.is_some()
            && !page.is_empty()
            && (!is_covered || self.bytes + page.rows().page_bytes() > MAX_BYTES)
    }

    /// Adds rows that were written.
    pub(crate) fn add_rows(&mut self, rows: &Rows) {
        self.rows += u64::try_from(rows.len()).unwrap_or(u64::MAX);
        self.bytes += rows.page_bytes();
    }

    /// Holds back a commit of the rows so far, with the state if there is one.
    pub(crate) fn hold(&mut self, state: Option<&State>) {
        match (state, &self.held) {
            (Some(state), _) => self.cover(Covered::State(state.clone())),
            // The older state is still true.
            (None, Some(_)) => {}
            (None, None) => self.cover(Covered::Rows),
        }
    }

    /// Holds back a checkpoint.
    pub(crate) fn hold_checkpoint(&mut self, text: String, partitions: &[String]) {
        let mut all = match &mut self.held {
            Some(Held {
                covered: Covered::Checkpoint(_, held),
                ..
            }) => std::mem::take(held),
            _ => Vec::new(),
        };
        all.extend_from_slice(partitions);
        self.cover(Covered::Checkpoint(text, all));
    }

    fn cover(&mut self, covered: Covered) {
        match &mut self.held {
            Some(held) => held.covered = covered,
            None => {
                self.held = Some(Held {
                    covered,
                    since: Instant::now(),
                });
            }
        }
    }

    /// Whether the commit has been held back for long enough.
    pub(crate) fn is_due(&self) -> bool {
        self.held.as_ref().is_some_and(|held| {
            self.rows >= self.max_rows
                || self.bytes >= MAX_BYTES
                || held.since.elapsed() >= MAX_WAIT
        })
    }

    /// Waits until it is due. Without a held back commit, this never ends.
    pub(crate) async fn due(&self) {
        match &self.held {
            Some(held) => tokio::time::sleep(MAX_WAIT.saturating_sub(held.since.elapsed())).await,
            None => pending().await,
        }
    }

    /// Drops what is held back, for a load that starts over before rows arrived.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(self.max_rows);
    }

    /// Commits what is held back. Returns whether there was something.
    pub(crate) async fn commit(&mut self, writer: &mut dyn Writer) -> Result<bool> {
        let Some(held) = self.held.take() else {
            return Ok(false);
        };
        (self.rows, self.bytes) = (0, 0);
        match &held.covered {
            Covered::Rows => writer.commit(None).await?,
            Covered::State(state) => writer.commit(Some(state)).await?,
            Covered::Checkpoint(text, partitions) => {
                writer.save_checkpoint(text, partitions).await?;
            }
        }
        Ok(true)
    }
}
