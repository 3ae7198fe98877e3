//! Records that loads set aside and keep, and their replay.

use std::fmt;

use rest_source::{
    Error, ErrorKind, Reject, Result, Rows, Timestamp, Value,
    plan::{ResourcePlan, WriteDisposition},
    shared::{Ref, Text},
};

use crate::{
    Destination, ResourceKey, Target, Writing,
    load::Loading,
    load_locks::run_id,
    resource_load::{check_request, named},
};

/// How many records are read at a time.
const AT_ONCE: u32 = 100;

/// How many bytes of records are written at a time.
const MAX_BYTES: usize = 64 << 20;

/// What stands in place of a secret.
const REDACTED: &str = "[secret]";

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
    /// Its place among those of its resource, in the order in which they were set aside.
    pub place: i64,
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
            place: 0,
            run,
            stored: None,
            reject,
        }
    }
}

/// Which kept records are read: at most so many, in order of their keys and places.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RejectQuery {
    /// Only those of this resource.
    pub of: Option<ResourceKey>,
    /// Only those after this one.
    pub after: Option<(ResourceKey, i64)>,
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
        self.after = Some((last.key.clone(), last.place));
        self
    }
}

/// A kept record that fits the spec now.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FittingReject {
    /// [`StoredReject::id`].
    pub id: String,
    /// [`StoredReject::run`].
    pub run: Text,
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
    /// Records that a later load may have deleted or replaced, or that the next one may append, and that are still kept.
    pub uncertain: u64,
}

impl ReplayedRejects {
    /// So many records of each.
    pub const fn new(written: u64, superseded: u64, uncertain: u64) -> Self {
        Self {
            written,
            superseded,
            uncertain,
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
    /// Records that a later load may have deleted or replaced, or that the next one may append.
    pub uncertain: u64,
    /// Records that still do not fit.
    pub unfit: u64,
    /// The errors of the first of them.
    pub errors: Vec<Error>,
}

impl ReplayReport {
    /// Whether no record is left.
    pub fn is_complete(&self) -> bool {
        let mut resources = self.resources.iter();
        resources.all(|one| one.superseded + one.uncertain + one.unfit == 0)
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
            if one.uncertain > 0 {
                write!(
                    f,
                    ", {} that a later load may have deleted or replaced, or the next load may append: load first, and \
                     compare; `--overwrite` writes them",
                    one.uncertain
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
    /// Records are written in the order in which they were set aside. Unless `overwrite`, some are not written: a record
    /// whose key has a row, because the row may be newer; with `hard_delete` or a `merge_key`, a record set aside before a
    /// later load, which may have deleted it or replaced its group; and with `append` and `incremental`, a record that
    /// the next load may append, because no load has ended since, or because there is no key to tell. A record with a
    /// value of which a secret was redacted is never written.
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
        let resource = self.plan_of(target);
        let mut query = RejectQuery::first(AT_ONCE).of(target.resource_key());
        let (mut fitting, mut bytes) = (Vec::new(), 0);
        loop {
            let kept = self.destination.rejects(&query).await?;
            let is_end = kept.is_empty();
            if let Some(last) = kept.last() {
                query = query.after(last);
            }
            for one in kept {
                bytes += one.reject.bytes();
                match self.read_reject(&resource, &one.reject) {
                    Ok(rows) => fitting.push(FittingReject {
                        id: one.id,
                        run: one.run,
                        rows,
                    }),
                    Err(error) => {
                        done.unfit += 1;
                        if done.errors.len() < MOST_ERRORS {
                            done.errors.push(error);
                        }
                    }
                }
            }
            // Of several records with a key, written together, the last one stays.
            if !fitting.is_empty() && (is_end || bytes > MAX_BYTES) {
                let replayed = self.destination.replay(target, &fitting, overwrite).await?;
                done.written += replayed.written;
                done.superseded += replayed.superseded;
                done.uncertain += replayed.uncertain;
                (fitting, bytes) = (Vec::new(), 0);
            }
            if is_end {
                let all = done.written + done.superseded + done.uncertain + done.unfit;
                return Ok((all > 0).then_some(done));
            }
        }
    }

    /// The rows of a record. A value of which a part was redacted is not what the API sent, and a redacted key hides one.
    fn read_reject(&self, resource: &ResourcePlan, reject: &Reject) -> Result<Rows> {
        let rows = self.client.read_reject(resource, reject)?;
        let is_redacted = |value: Value<'_>| match value {
            Value::Text(text) | Value::Json(text) => text.contains(REDACTED),
            _ => false,
        };
        let has_redacted_key = reject.record.contains(&format!("{REDACTED}\":"));
        if has_redacted_key || rows.iter().any(|row| row.values().any(is_redacted)) {
            let message = format!("a secret within the record was kept as `{REDACTED}`");
            return Err(Error::new(ErrorKind::Schema, message)
                .with_resource(&resource.name)
                .with_request(reject.request.clone())
                .with_help("load it again, as far as the API still has it"));
        }
        Ok(rows)
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
        "a database does: SQLite, Postgres or DuckDB, after a load with `--keep-rejects` (`keep_rejects()`)",
    )
}

/// Rejects stored rows of another request.
pub(crate) fn check_stored(target: &Target, stored: Option<&str>) -> Result<()> {
    match stored {
        Some(stored) => check_request(target, &rest_source::Fingerprint::from_json(stored)?),
        None => Ok(()),
    }
}
