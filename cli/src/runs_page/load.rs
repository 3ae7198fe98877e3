//! The loads that a page shows, from the history of a destination or from reports.

use std::time::Duration;

use rest_source::Timestamp;
use rest_source_load::{LoadRecord, LoadStatus};

use crate::report::since;

/// The load of one resource.
#[derive(Clone, Debug)]
pub(super) struct Load {
    pub(super) run: String,
    pub(super) source: String,
    pub(super) resource: String,
    pub(super) started: Timestamp,
    pub(super) ended: Option<Timestamp>,
    pub(super) rows: u64,
    pub(super) requests: u64,
    pub(super) waited: Duration,
    pub(super) status: Outcome,
    pub(super) error: Option<String>,
}

/// How a load ended, from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    Loaded,
    Running,
    Interrupted,
    NotTried,
    Incomplete,
    Failed,
}

impl Outcome {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Loaded => "loaded",
            Self::Running => "running",
            Self::Interrupted => "interrupted",
            Self::NotTried => "not tried",
            Self::Incomplete => "incomplete",
            Self::Failed => "failed",
        }
    }

    /// The class of its bars and words on the page.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Loaded => "ok",
            Self::Running | Self::Interrupted | Self::NotTried => "other",
            Self::Incomplete => "warn",
            Self::Failed => "bad",
        }
    }
}

impl From<LoadStatus> for Outcome {
    fn from(status: LoadStatus) -> Self {
        match status {
            LoadStatus::Loaded => Self::Loaded,
            LoadStatus::Incomplete => Self::Incomplete,
            LoadStatus::Failed => Self::Failed,
            LoadStatus::Interrupted => Self::Interrupted,
            LoadStatus::NotTried => Self::NotTried,
            _ => Self::Running,
        }
    }
}

impl Load {
    pub(super) fn of_history(record: &LoadRecord) -> Self {
        let part = record.part.replace('\n', ", ");
        Self {
            run: record.run.to_string(),
            source: record.source.to_string(),
            resource: match &*part {
                "" => record.resource.to_string(),
                part => format!("{} ({part})", record.resource),
            },
            started: record.started,
            ended: record.ended,
            rows: record.rows,
            requests: record.requests,
            waited: record.waited,
            status: record.status.into(),
            error: record.error.clone(),
        }
    }

    /// How long it took.
    pub(super) fn time(&self) -> Option<Duration> {
        Some(since(self.started, self.ended?))
    }

    /// Rows per second.
    pub(super) fn rate(&self) -> Option<f64> {
        rate(self.rows, self.time()?)
    }
}

/// Rows per second.
pub(super) fn rate(rows: u64, time: Duration) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
    let rows = rows as f64;
    (!time.is_zero()).then(|| rows / time.as_secs_f64())
}
