//! Records that loads set aside and keep, and their replay.

use std::fmt;

use rest_source::{
    Error, ErrorKind, Reject, Result, Rows, Timestamp,
    plan::{ResourcePlan, WriteDisposition},
    shared::{Ref, Text},
};

use crate::{
    Destination, ResourceKey, Target, Writing,
    load::Loading,
    load_locks::run_id,
    resource_load::{check_request, named},
};

/// How many records are read and written at a time.
const AT_ONCE: u32 = 100;

/// How many errors of a resource are reported.
const MOST_ERRORS: usize = 3;

/// A record that a load set aside, as a destination keeps it: see [`Loading::keep_rejects`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct StoredReject {
    /// The resource, with the settings of its rows.
    pub key: ResourceKey,
    /// Identifies it among those of its resource: a record that is set aside again is kept once.
    pub id: String,
    /// The load that set it aside last.
    pub run: Text,
    /// When that was.
    pub stored: Option<Timestamp>,
    /// The record, and why it was set aside.
    pub reject: Reject,
}

impl StoredReject {
    /// A record of this resource.
    pub fn new(key: ResourceKey, id: impl Into<String>, run: Text, reject: Reject) -> Self {
        Self {
            key,
            id: id.into(),
            run,
            stored: None,
            reject,
        }
    }
}

/// Which kept records are read: at most so many, in order of their keys and identifiers.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RejectQuery {
    /// Only those of this resource.
    pub of: Option<ResourceKey>,
    /// Only those after this one.
    pub after: Option<(ResourceKey, String)>,
    /// The most records.
    pub most: u32,
}

impl RejectQuery {
    /// The first records of all resources.
    pub fn first(most: u32) -> Self {
        Self {
            most,
            ..Self::default()
        }
    }

    /// Those of one resource.
    #[must_use]
    pub fn of(mut self, key: ResourceKey) -> Self {
        self.of = Some(key);
        self
    }

    /// Those after this one.
    #[must_use]
    pub fn after(mut self, last: &StoredReject) -> Self {
        self.after = Some((last.key.clone(), last.id.clone()));
        self
    }
}

/// A kept record that fits the spec now.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FittingReject {
    /// [`StoredReject::id`].
    pub id: String,
    /// Its rows.
    pub rows: Rows,
}

/// What a destination did with kept records that fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplayedRejects {
    /// Records that were written, and are no longer kept.
    pub written: u64,
    /// Records of which a row is stored already, and that are still kept.
    pub superseded: u64,
}

impl ReplayedRejects {
    /// So many records of each.
    pub const fn new(written: u64, superseded: u64) -> Self {
        Self {
            written,
            superseded,
        }
    }
}

/// The report of a replay.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ReplayReport {
    /// The resources that had kept records.
    pub resources: Vec<ReplayedResource>,
}

/// What became of the kept records of a resource.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ReplayedResource {
    /// Name of the resource.
    pub resource: Text,
    /// Records that were written, and are no longer kept.
    pub written: u64,
    /// Records whose key has a row already, which may be newer.
    pub superseded: u64,
    /// Records that still do not fit.
    pub unfit: u64,
    /// The errors of the first of them.
    pub errors: Vec<Error>,
}

impl ReplayReport {
    /// Whether no record is left.
    pub fn is_complete(&self) -> bool {
        let mut resources = self.resources.iter();
        resources.all(|one| one.superseded + one.unfit == 0)
    }
}

impl fmt::Display for ReplayReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.resources.is_empty() {
            return f.write_str("no record is kept");
        }
        for (at, one) in self.resources.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}: {} written", one.resource, one.written)?;
            if one.superseded > 0 {
                write!(
                    f,
                    ", {} with a row of their key already: `--overwrite` replaces it",
                    one.superseded
                )?;
            }
            if one.unfit > 0 {
                write!(f, ", {} that still do not fit", one.unfit)?;
            }
            for error in &one.errors {
                write!(f, "\n  {}", error.to_string().replace('\n', "\n  "))?;
            }
        }
        Ok(())
    }
}

impl<D: Destination + ?Sized> Loading<'_, D> {
    /// Reads the records that earlier loads [kept](Self::keep_rejects) again, by the spec as it is now, and writes those that
    /// fit. Written ones are no longer kept. It sends no request, and locks the resources as a load does.
    ///
    /// A record is not written if a row of its key is stored, because that may be newer, unless `overwrite`.
    ///
    /// # Errors
    ///
    /// When a resource is unknown or locked, or the destination cannot be written.
    pub async fn replay_rejects(mut self, overwrite: bool) -> Result<ReplayReport> {
        let resources = self.resources()?;
        self.check_prefix()?;
        let run: Text = run_id().into();
        let names: Vec<String> = resources.iter().map(|one| one.name.to_string()).collect();
        let written = resources
            .iter()
            .filter(|one| one.write_disposition != WriteDisposition::Skip);
        let targets: Vec<Target> = written
            .map(|one| self.target(one, &run, &names).for_replay())
            .collect();
        let locks = self.lock(&targets, &run).await?;
        let mut report = ReplayReport::default();
        let mut replayed = Ok(());
        for target in &targets {
            match self.replay(target, overwrite).await {
                Ok(one) => report.resources.extend(one),
                Err(error) => {
                    replayed = Err(named(error, &target.resource));
                    break;
                }
            }
        }
        locks.release().await;
        replayed.map(|()| report)
    }

    /// Replays the records of one resource; `None` if none is kept.
    async fn replay(&self, target: &Target, overwrite: bool) -> Result<Option<ReplayedResource>> {
        let mut done = ReplayedResource {
            resource: target.resource.name.clone(),
            ..ReplayedResource::default()
        };
        let mut query = RejectQuery::first(AT_ONCE).of(target.resource_key());
        loop {
            let kept = self.destination.rejects(&query).await?;
            let Some(last) = kept.last() else {
                let all = done.written + done.superseded + done.unfit;
                return Ok((all > 0).then_some(done));
            };
            query = query.after(last);
            let mut fitting = Vec::new();
            for one in kept {
                let resource = self.plan_of(target);
                match self.client.read_reject(&resource, &one.reject) {
                    Ok(rows) => fitting.push(FittingReject { id: one.id, rows }),
                    Err(error) => {
                        done.unfit += 1;
                        if done.errors.len() < MOST_ERRORS {
                            done.errors.push(error);
                        }
                    }
                }
            }
            if fitting.is_empty() {
                continue;
            }
            let replayed = self.destination.replay(target, &fitting, overwrite).await?;
            done.written += replayed.written;
            done.superseded += replayed.superseded;
        }
    }

    /// The plan of a target as the spec has it: the target has the names of the destination.
    pub(crate) fn plan_of(&self, target: &Target) -> Ref<ResourcePlan> {
        let mut all = self.client.plan().resources.iter();
        let named = all.find(|one| one.name == target.resource.name);
        named.unwrap_or(&target.resource).clone()
    }
}

impl Target {
    /// The same for a replay: records are merged by their key if they have one, and otherwise appended.
    fn for_replay(self) -> Self {
        let target = self.for_comparison();
        let writing = if target.key().next().is_none() {
            Writing::Append
        } else {
            target.writing
        };
        Self { writing, ..target }
    }
}

/// The error of a destination that does not keep such records.
pub(crate) fn not_kept() -> Error {
    let message = "the destination does not keep records that are set aside";
    Error::new(ErrorKind::Destination, message).with_help(
        "a database does: SQLite, Postgres or DuckDB; or load without `--keep-rejects` (`keep_rejects()`)",
    )
}

/// Rejects stored rows of another request.
pub(crate) fn check_stored(target: &Target, stored: Option<&str>) -> Result<()> {
    match stored {
        Some(stored) => check_request(target, &rest_source::Fingerprint::from_json(stored)?),
        None => Ok(()),
    }
}
