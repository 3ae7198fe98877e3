//! Loads that append and have not ended: what one of them appended before it was killed is not appended
//! again by the load that completes it.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::ErrorKind,
    path::PathBuf,
    process,
    time::{SystemTime, UNIX_EPOCH},
};

use rest_source::{Error, ErrorKind as Kind, Result};
use rusqlite::{Connection, OptionalExtension, params};

use super::{state::part, writer::failed};
use crate::{Target, Writing};

/// A load that runs. The system releases its lock when the process ends, however it ends.
pub(super) struct Run {
    id: String,
    /// A file beside the database; none where the database is in memory.
    lock: Option<(PathBuf, File)>,
}

impl Run {
    /// Locks the file within a transaction, so that no other load takes it for one that is left.
    pub(super) fn start(db: &Connection) -> Result<Self> {
        remove_left_over(db);
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let id = format!("{}-{:x}", process::id(), now.unwrap_or_default().as_nanos());
        let Some(path) = lock_path(db, &id) else {
            return Ok(Self { id, lock: None });
        };
        let locked = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)
            .and_then(|file| match file.try_lock() {
                // Some network file systems do not support locks.
                Err(TryLockError::Error(error)) if error.kind() != ErrorKind::Unsupported => {
                    Err(error)
                }
                _ => Ok(file),
            });
        let file = locked.map_err(|error| {
            let message = format!("cannot lock `{}`: {error}", path.display());
            Error::new(Kind::Destination, message).with_source(&error)
        })?;
        let lock = Some((path, file));
        Ok(Self { id, lock })
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if let Some((path, _)) = &self.lock {
            // One that is left is removed by the load that finds it.
            let _ = fs::remove_file(path);
        }
    }
}

fn lock_path(db: &Connection, run: &str) -> Option<PathBuf> {
    let path = db.path().filter(|path| !path.is_empty())?;
    Some(format!("{path}-load-{run}").into())
}

/// Whether the load still runs. Removes the lock of one that was killed.
fn is_running(db: &Connection, run: &str) -> bool {
    let Some(path) = lock_path(db, run) else {
        return false;
    };
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) => return error.kind() != ErrorKind::NotFound,
    };
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => true,
        Err(TryLockError::Error(error)) => error.kind() != ErrorKind::Unsupported,
        Ok(()) => {
            let _ = fs::remove_file(path);
            false
        }
    }
}

/// Removes the locks of loads that were killed.
fn remove_left_over(db: &Connection) {
    let Some(prefix) = lock_path(db, "") else {
        return;
    };
    let (Some(folder), Some(prefix)) = (prefix.parent(), prefix.file_name()) else {
        return;
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let runs = name.to_str().zip(prefix.to_str());
        if let Some(run) = runs.and_then(|(name, prefix)| name.strip_prefix(prefix)) {
            is_running(db, run);
        }
    }
}

/// What a load that has not ended appended.
struct Mark {
    resource: String,
    part: String,
    run: String,
    /// The resources that were named for the load, a line each; none where it is of all.
    only: String,
    /// Whether it was appended after that load was killed, by one of other resources.
    since: bool,
}

impl Mark {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            resource: row.get(0)?,
            part: row.get(1)?,
            run: row.get(2)?,
            only: row.get(3)?,
            since: row.get(4)?,
        })
    }

    /// Whether a load of these resources completes the one that made the mark.
    fn is_completed_by(&self, only: &[String]) -> bool {
        let mut names = self.only.lines();
        only.is_empty()
            || !self.only.is_empty() && names.all(|name| only.iter().any(|only| only == name))
    }

    /// Whether the load that made the mark was to append this resource.
    fn is_of(&self, resource: &str) -> bool {
        self.only.is_empty() || self.only.lines().any(|name| name == resource)
    }

    fn is_own(&self, target: &Target) -> bool {
        self.resource == target.resource.name && self.part == part(target)
    }
}

pub(super) fn create(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(
        "CREATE TABLE IF NOT EXISTS _rest_source_unfinished (
            source TEXT NOT NULL,
            resource TEXT NOT NULL,
            part TEXT NOT NULL,
            run TEXT NOT NULL,
            only TEXT NOT NULL,
            since INTEGER NOT NULL,
            PRIMARY KEY (source, resource, part)
        ) STRICT",
    )
}

/// Whether every load appends all records of the resource.
pub(super) fn appends_all(target: &Target) -> bool {
    target.writing == Writing::Append && target.resource.incremental.is_none()
}

/// By which load the resource was appended, where this load completes one that was killed.
pub(super) fn appended(
    db: &Connection,
    target: &Target,
    run: Option<&Run>,
) -> Result<Option<Appended>> {
    if !appends_all(target) {
        return Ok(None);
    }
    let sql = "SELECT resource, part, run, only, since FROM _rest_source_unfinished
               WHERE source = ?1 AND resource = ?2 AND part = ?3";
    let key = params![&*target.source, &*target.resource.name, part(target)];
    let mark = db.query_row(sql, key, Mark::read).optional();
    let Some(mark) = mark.map_err(failed)? else {
        return Ok(None);
    };
    let is_own = run.is_some_and(|run| run.id == mark.run);
    if !is_own && is_running(db, &mark.run) {
        let message = "another load, which is still running, has appended it";
        return Err(Error::new(Kind::Destination, message)
            .with_help("load it again once the other load has ended"));
    }
    Ok(match mark.since {
        false => Some(Appended::Before),
        true if mark.is_completed_by(&target.only) => Some(Appended::Since),
        // It is asked for again, by its name.
        true => None,
    })
}

/// By which load a resource was appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Appended {
    /// By the one that was killed.
    Before,
    /// By one of other resources since.
    Since,
}

/// Remembers that the resource was written: where it was appended, until the load ends.
pub(super) fn store(db: &Connection, target: &Target, run: Option<&Run>) -> rusqlite::Result<()> {
    let Some(run) = run.filter(|_| appends_all(target)) else {
        let sql = "DELETE FROM _rest_source_unfinished
                   WHERE source = ?1 AND resource = ?2 AND part = ?3";
        db.execute(
            sql,
            params![&*target.source, &*target.resource.name, part(target)],
        )?;
        return Ok(());
    };
    db.execute(
        "INSERT OR REPLACE INTO _rest_source_unfinished (source, resource, part, run, only, since)
         VALUES (?1, ?2, ?3, ?4, ?5, 0)",
        params![
            &*target.source,
            &*target.resource.name,
            part(target),
            run.id,
            target.only.join("\n")
        ],
    )?;
    Ok(())
}

/// Forgets what was appended of the resource.
pub(super) fn forget(db: &Connection, target: &Target) -> rusqlite::Result<()> {
    let sql = "DELETE FROM _rest_source_unfinished WHERE source = ?1 AND resource = ?2";
    db.execute(sql, params![&*target.source, &*target.resource.name])?;
    Ok(())
}

/// Ends the load of these targets. Loads that were killed end with it where it completes them; what it
/// appended counts for those that it does not complete.
pub(super) fn end(db: &Connection, targets: &[Target], run: Option<&Run>) -> Result<()> {
    let Some(first) = targets.first() else {
        return Ok(());
    };
    let marks: Vec<Mark> = db
        .prepare(
            "SELECT resource, part, run, only, since FROM _rest_source_unfinished WHERE source = ?1",
        )
        .and_then(|mut query| query.query_map([&*first.source], Mark::read)?.collect())
        .map_err(failed)?;
    let is_of_settings = |mark: &Mark| {
        mark.part.is_empty() || targets.iter().any(|target| part(target) == mark.part)
    };
    let (own, others): (Vec<_>, Vec<_>) = marks
        .into_iter()
        .filter(|mark| is_of_settings(mark))
        .partition(|mark| run.is_some_and(|run| run.id == mark.run));
    let (completed, open): (Vec<_>, Vec<_>) = others
        .into_iter()
        .filter(|mark| !is_running(db, &mark.run))
        .partition(|mark| mark.is_completed_by(&first.only));
    let delete = |mark: &Mark| {
        let sql = "DELETE FROM _rest_source_unfinished
                   WHERE source = ?1 AND resource = ?2 AND part = ?3";
        db.execute(sql, params![&*first.source, mark.resource, mark.part])
    };
    let join = |mark: &Mark, killed: &Mark| {
        let sql = "UPDATE _rest_source_unfinished SET run = ?4, only = ?5, since = 1
                   WHERE source = ?1 AND resource = ?2 AND part = ?3";
        let key = params![
            &*first.source,
            mark.resource,
            mark.part,
            killed.run,
            killed.only
        ];
        db.execute(sql, key)
    };
    let ended = || {
        for mark in &completed {
            delete(mark)?;
        }
        for mark in &own {
            match open.iter().find(|killed| killed.is_of(&mark.resource)) {
                Some(killed) => join(mark, killed)?,
                None => delete(mark)?,
            };
        }
        for mark in open
            .iter()
            .filter(|mark| targets.iter().any(|target| mark.is_own(target)))
        {
            join(mark, mark)?;
        }
        Ok(())
    };
    ended().map_err(failed)
}
