//! The writer of one resource.

use std::sync::{Arc, Mutex};

use rest_source::{Error, ErrorKind, Fingerprint, Result, Rows, State};

use super::{
    blocking, checkpoints,
    database::{Database, as_number, transaction},
    lock, prepare,
    rejects::{self, RejectStaging},
    staging::{Staging, WritePlan},
    state::{self, Progress},
    table::quote,
    unfinished_loads,
};
use crate::{
    AppendedBy, BoxFuture, Opened, ResourceKey, StoredCheckpoint, Target, Writer, Writing,
};

/// Writes one resource.
///
/// Each method runs at most one short transaction. No transaction is open between calls, while a load waits
/// for its API.
pub(super) struct SqlWriter<D> {
    db: Arc<Mutex<D>>,
    resource: Arc<Mutex<Resource>>,
    dropped: Dropped,
}

/// Statements that drop the staging tables of dropped writers.
pub(super) type Dropped = Arc<Mutex<Vec<String>>>;

/// The open resource.
struct Resource {
    plan: WritePlan,
    staging: Staging,
    rejects: RejectStaging,
    /// Its last commit, as this load found or made it.
    progress: Progress,
    /// Whether the table had rows after that commit.
    has_rows: bool,
    /// Whether its writer was dropped. Work of it may still wait for a thread.
    is_dropped: bool,
}

/// What the database has of a resource.
struct Found {
    progress: Progress,
    has_rows: bool,
    notes: Vec<String>,
    already_appended: Option<AppendedBy>,
    jobs: Option<String>,
    /// Where an interrupted load resumes, and the number of its staged rows.
    checkpoint: Option<(StoredCheckpoint, i64)>,
}

/// Creates or alters the resource's table, and reads its last commit.
pub(super) fn open<D: Database>(
    db: Arc<Mutex<D>>,
    dropped: Dropped,
    target: &Target,
) -> Result<Opened> {
    let mut guard = lock(&db);
    let connection: &mut D = &mut guard;
    connection.check()?;
    let statements = std::mem::take(&mut *lock(&dropped));
    connection.run(&statements)?;
    let key = lock_key(&target.resource_key());
    let (plan, found) = transaction(connection, &key, |db| {
        state::create(db)?;
        if target.keep_rejects {
            rejects::create(db)?;
        }
        let is_free = checkpoints::claim(db, target)?;
        let plan = if target.resume && is_free {
            WritePlan::resumable(db, target.clone())
        } else {
            WritePlan::new(db, target.clone())
        };
        let (progress, notes) = prepare::prepare(db, target, &plan.children)?;
        if is_free && !target.resume {
            db.run(&WritePlan::resumable(db, target.clone()).drop_staging())?;
        }
        let checkpoint = if plan.is_temporary() {
            None
        } else {
            checkpoints::open(db, &plan)?
        };
        let found = Found {
            progress,
            has_rows: !prepare::is_empty(db, &target.resource.table.name)?,
            notes,
            already_appended: unfinished_loads::appended(db, target)?,
            jobs: state::read_jobs(db, target)?,
            checkpoint,
        };
        Ok((plan, found))
    })?;
    let Found {
        progress, has_rows, ..
    } = found;
    // A replacing load does not need the state, nor a full refresh the request, so they also recover from
    // unreadable ones.
    let stored_state = progress.state.as_deref();
    let state = stored_state.filter(|_| target.writing != Writing::Replace);
    let state = state.map(State::from_json).transpose()?;
    let stored_request = progress.request.as_deref();
    let request = stored_request.filter(|_| !target.full_refresh);
    let request = request.map(Fingerprint::from_json).transpose();
    let request = request.map_err(|error| {
        error.with_help("a full refresh replaces the rows and what is stored of their request")
    })?;
    drop(guard);
    let (checkpoint, staged) = found.checkpoint.unzip();
    let mut opened = Opened::new(SqlWriter {
        db,
        dropped,
        resource: Arc::new(Mutex::new(Resource {
            plan,
            staging: Staging::of_interrupted(staged.unwrap_or_default()),
            rejects: RejectStaging::new(checkpoint.is_some()),
            progress,
            has_rows,
            is_dropped: false,
        })),
    });
    opened.state = state;
    opened.request = request;
    opened.already_appended = found.already_appended;
    opened.notes = found.notes;
    opened.jobs = found.jobs;
    opened.checkpoint = checkpoint;
    Ok(opened)
}

/// The key of the lock that serializes the transactions of one resource.
pub(super) fn lock_key(key: &ResourceKey) -> String {
    format!("{}.{}", key.source, key.resource)
}

impl<D: Database> SqlWriter<D> {
    /// Runs blocking work on one of tokio's blocking threads.
    fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut D, &mut Resource) -> Result<T> + Send + 'static,
    ) -> BoxFuture<'static, Result<T>> {
        let (db, resource) = (Arc::clone(&self.db), Arc::clone(&self.resource));
        Box::pin(blocking(move || {
            let mut resource = lock(&resource);
            if resource.is_dropped {
                // Its rows are forgotten: what was to be stored with them would cover rows that are not there.
                return Err(Error::new(ErrorKind::Destination, "the load was dropped"));
            }
            let mut db = lock(&db);
            work(&mut db, &mut resource)
        }))
    }

    fn publish(&self, state: Option<&State>, complete: bool) -> BoxFuture<'static, Result<()>> {
        let state = state.map(State::to_json);
        self.run(move |db, resource| resource.commit(db, state, complete, None))
    }
}

impl<D: Database> Writer for SqlWriter<D> {
    fn write<'a>(&'a mut self, rows: &'a Rows) -> BoxFuture<'a, Result<u64>> {
        let count = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        // Most pages only wait in memory for their commit, which needs no thread.
        if let Ok(mut resource) = self.resource.try_lock()
            && resource.has_room(rows)
        {
            let pushed = resource.push(rows).map(|()| count);
            return Box::pin(std::future::ready(pushed));
        }
        let rows = rows.clone();
        self.run(move |db, resource| {
            if !resource.staging.has_room(&rows) {
                resource.staging.spill(db, &resource.plan)?;
            }
            if !resource.rejects.has_room() {
                resource.rejects.spill(db, &resource.plan)?;
            }
            resource.push(&rows).map(|()| count)
        })
    }

    fn commit<'a>(&'a mut self, state: Option<&'a State>) -> BoxFuture<'a, Result<()>> {
        self.publish(state, false)
    }

    fn complete<'a>(&'a mut self, state: Option<&'a State>) -> BoxFuture<'a, Result<()>> {
        self.publish(state, true)
    }

    fn save_jobs<'a>(&'a mut self, jobs: &'a str) -> BoxFuture<'a, Result<()>> {
        let jobs = jobs.to_owned();
        self.run(move |db, resource| {
            resource.check(db)?;
            let target = &resource.plan.target;
            transaction(db, &lock_key(&target.resource_key()), |db| {
                state::store_jobs(db, target, Some(&jobs))
            })
        })
    }

    fn save_checkpoint<'a>(
        &'a mut self,
        point: &'a str,
        partitions: &'a [String],
    ) -> BoxFuture<'a, Result<()>> {
        let (point, partitions) = (point.to_owned(), partitions.to_vec());
        self.run(move |db, resource| resource.save_checkpoint(db, (&point, &partitions)))
    }

    fn suspend(&mut self) -> BoxFuture<'_, Result<()>> {
        self.run(|db, resource| {
            db.roll_back()?;
            resource.rejects.clear(db, false)?;
            if resource.plan.is_temporary() {
                return resource.staging.clear(db, &resource.plan);
            }
            resource.staging.forget();
            Ok(())
        })
    }

    fn roll_back(&mut self) -> BoxFuture<'_, Result<()>> {
        self.run(|db, resource| {
            db.roll_back()?;
            resource.rejects.clear(db, false)?;
            resource.staging.clear(db, &resource.plan)?;
            if resource.plan.is_temporary() {
                return Ok(());
            }
            let target = &resource.plan.target;
            transaction(db, &lock_key(&target.resource_key()), |db| {
                checkpoints::check_own(db, target)?;
                checkpoints::reset(db, target)
            })
        })
    }

    fn count(&mut self) -> BoxFuture<'_, Result<u64>> {
        self.run(|db, resource| {
            let sql = format!("SELECT count(*) FROM {}", quote(resource.table()));
            let rows = db.query(&sql, &[])?;
            let count = rows.first().map_or(0, |row| as_number(row.first()));
            Ok(count.unsigned_abs())
        })
    }
}

impl<D> Drop for SqlWriter<D> {
    fn drop(&mut self) {
        let mut resource = lock(&self.resource);
        resource.is_dropped = true;
        let rejects = resource.rejects.forget();
        lock(&self.dropped).extend(rejects);
        if resource.staging.forget() && resource.plan.is_temporary() {
            // A load that was dropped in the middle leaves its staging tables.
            let statements = resource.plan.drop_staging();
            lock(&self.dropped).extend(statements);
        }
    }
}

impl Resource {
    fn table(&self) -> &str {
        &self.plan.target.resource.table.name
    }

    /// Whether a page fits in memory beside the others.
    fn has_room(&self, rows: &Rows) -> bool {
        self.staging.has_room(rows) && (self.rejects.has_room() || rows.rejects().is_empty())
    }

    fn push(&mut self, rows: &Rows) -> Result<()> {
        if self.plan.target.keep_rejects {
            self.rejects.push(&self.plan.target, rows);
        }
        self.staging.push(&self.plan, rows)
    }

    /// Checks the connection, unless it holds staged rows.
    fn check(&self, db: &mut dyn Database) -> Result<()> {
        if self.staging.has_table() && self.plan.is_temporary() {
            return Ok(());
        }
        db.check()
    }

    /// Stores a checkpoint with the rows before it: merged rows in their table, others in the staging tables.
    fn save_checkpoint(
        &mut self,
        db: &mut dyn Database,
        checkpoint: (&str, &[String]),
    ) -> Result<()> {
        let is_temporary = self.plan.is_temporary();
        if self.plan.target.writing == Writing::Merge {
            let checkpoint = Some(checkpoint).filter(|_| !is_temporary);
            return self.commit(db, None, false, checkpoint);
        }
        // Another running load has the checkpoint.
        if is_temporary {
            return Ok(());
        }
        db.check()?;
        let key = lock_key(&self.plan.target.resource_key());
        transaction(db, &key, |db| {
            let staged = self.staging.spill_all(db, &self.plan)?;
            self.rejects.publish(db, &self.plan, false)?;
            checkpoints::store(db, &self.plan.target, checkpoint, staged)
        })?;
        self.rejects.clear(db, true)
    }

    /// Commits the staged pages and the state, if there is one. `complete`: the resource has no more pages.
    fn commit(
        &mut self,
        db: &mut dyn Database,
        state: Option<String>,
        complete: bool,
        checkpoint: Option<(&str, &[String])>,
    ) -> Result<()> {
        self.check(db)?;
        let key = lock_key(&self.plan.target.resource_key());
        transaction(db, &key, |db| {
            let target = &self.plan.target;
            db.check_lock(&target.resource_key(), &target.run)?;
            if !self.plan.is_temporary() {
                checkpoints::check_own(db, target)?;
            }
            self.publish(db, state.as_deref())?;
            if complete {
                state::store_jobs(db, &self.plan.target, None)?;
                checkpoints::delete(db, &self.plan.target)?;
            }
            if let Some(checkpoint) = checkpoint {
                checkpoints::store(db, &self.plan.target, checkpoint, 0)?;
            }
            unfinished_loads::store(db, &self.plan.target, complete)
        })?;
        self.has_rows = match self.plan.target.hard_delete() {
            Some(_) => !prepare::is_empty(db, self.table())?,
            None => self.has_rows || self.staging.has_rows(),
        };
        self.staging.clear(db, &self.plan)?;
        self.rejects.clear(db, true)?;
        let progress = &mut self.progress;
        progress.commits += 1;
        progress.request = Some(self.plan.target.request.to_json());
        if state.is_some() {
            progress.state = state;
        }
        Ok(())
    }

    /// Writes the staged pages and the state, within the caller's transaction.
    fn publish(&mut self, db: &mut dyn Database, state: Option<&str>) -> Result<()> {
        let has_rows = self.staging.has_rows();
        let target = &self.plan.target;
        let stored = state::read(db, target)?;
        // Older rows would come over newer ones, and the state could move back.
        if stored.commits != self.progress.commits {
            return Err(overtaken());
        }
        // Earlier pages of this load are gone, or rows that the state covers.
        let needs_rows = match target.writing {
            Writing::Merge => true,
            Writing::Append | Writing::ReplaceGroups => state.is_some(),
            Writing::Replace => false,
        };
        let table = &target.resource.table.name;
        if needs_rows && self.has_rows && prepare::is_empty(db, table)? {
            return Err(emptied(table));
        }
        match target.writing {
            Writing::Replace => {
                prepare::clear(db, target, &self.plan.children)?;
                self.staging.publish(db, &self.plan)?;
            }
            Writing::ReplaceGroups => self.staging.publish_groups(db, &self.plan)?,
            Writing::Append | Writing::Merge => self.staging.publish(db, &self.plan)?,
        }
        let replaces = target.writing == Writing::Replace;
        self.rejects.publish(db, &self.plan, replaces)?;
        // A load that deleted the last row did not find a table that someone emptied.
        let (has_rows, is_exact) = match target.hard_delete() {
            Some(_) => (prepare::has_own_rows(db, target)?, true),
            None => (has_rows, target.writing == Writing::Replace),
        };
        state::store(db, target, state, has_rows, is_exact)
    }
}

/// Publishes the rows that the parts of a resource staged, and its state, within the caller's transaction.
pub(super) fn publish_parts(
    db: &mut dyn Database,
    plan: WritePlan,
    (commits, has_rows): (i64, bool),
    staged: i64,
    state: Option<&str>,
) -> Result<()> {
    let mut resource = Resource {
        staging: Staging::of_interrupted(staged),
        plan,
        progress: Progress {
            commits,
            ..Progress::default()
        },
        has_rows,
        is_dropped: false,
        // Workers keep no rejects.
        rejects: RejectStaging::new(false),
    };
    resource.publish(db, state)?;
    let target = &resource.plan.target;
    state::store_jobs(db, target, None)?;
    checkpoints::delete(db, target)?;
    db.run(&resource.plan.drop_staging())
}

fn emptied(name: &str) -> Error {
    let message = format!("the table `{name}` was emptied while the load ran");
    Error::new(ErrorKind::Destination, message).with_help("run the load again")
}

pub(super) fn overtaken() -> Error {
    let message = "another load has written this resource since this one began";
    Error::new(ErrorKind::Destination, message)
        .with_help("run it again, and one load of a resource at a time")
}

/// Ends a load.
pub(super) fn end(db: &mut dyn Database, run: &str, targets: &[Target]) -> Result<()> {
    if targets.iter().any(unfinished_loads::appends_all) {
        db.check()?;
        transaction(db, "", |db| unfinished_loads::end(db, run, targets))?;
    }
    db.unlock_run(run)
}
