//! Appending loads that did not end. The load after a killed one does not append the same resources again.

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
use crate::{AppendedBy, Target, Writing};

/// A running load's lock. The operating system releases it when the process ends, even by a kill.
pub(super) struct LoadLock {
    id: String,
    /// A file beside the database; `None` for a database in memory.
    file: Option<(PathBuf, File)>,
}

impl LoadLock {
    /// Creates and locks the file. Call it within a transaction: until the file is locked, another load would
    /// take it for a killed load's.
    pub(super) fn start(db: &Connection) -> Result<Self> {
        remove_stale_locks(db);
        let id = run_id();
        let Some(path) = lock_path(db, &id) else {
            return Ok(Self { id, file: None });
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
        let file = Some((path, file));
        Ok(Self { id, file })
    }
}

impl Drop for LoadLock {
    fn drop(&mut self) {
        if let Some((path, _)) = &self.file {
            // The next load removes a file that cannot be removed now.
            let _ = fs::remove_file(path);
        }
    }
}

fn lock_path(db: &Connection, run: &str) -> Option<PathBuf> {
    let path = db.path().filter(|path| !path.is_empty())?;
    Some(format!("{path}-load-{run}").into())
}

/// Whether the load is still running. Removes the lock file of a killed load.
fn is_running(db: &Connection, run: &str) -> bool {
    let Some(path) = lock_path(db, run) else {
        return false;
    };
    // Opening a named pipe would block.
    let file = match fs::symlink_metadata(&path) {
        Ok(found) if !found.is_file() => return false,
        _ => File::open(&path),
    };
    let file = match file {
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

/// Removes the lock files of killed loads.
fn remove_stale_locks(db: &Connection) {
    let Some(prefix) = lock_path(db, "") else {
        return;
    };
    let (Some(folder), Some(prefix)) = (prefix.parent(), prefix.file_name()) else {
        return;
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let runs = name.to_str().zip(prefix.to_str());
        let run = runs.and_then(|(name, prefix)| name.strip_prefix(prefix));
        if let Some(run) = run.filter(|run| is_run_id(run)) {
            is_running(db, run);
        }
    }
}

/// A new identifier of a load: `PID-NANOSECONDS`, the second in hexadecimal.
fn run_id() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    format!("{}-{:x}", process::id(), now.unwrap_or_default().as_nanos())
}

/// Whether this is an identifier as [`run_id`] makes it. Other files beside the database belong to users.
fn is_run_id(text: &str) -> bool {
    let is_number = |digits: &str, radix| {
        !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix))
    };
    text.split_once('-')
        .is_some_and(|(pid, time)| is_number(pid, 10) && time.len() >= 15 && is_number(time, 16))
}

/// The record that a load appended a resource and has not ended.
struct UnfinishedAppend {
    resource: String,
    part: String,
    run: String,
    /// The resources named for the load, one per line; empty if it loads all.
    only: String,
    /// Whether a later load of other resources appended it, after `run` was killed.
    after_kill: bool,
}

impl UnfinishedAppend {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            resource: row.get(0)?,
            part: row.get(1)?,
            run: row.get(2)?,
            only: row.get(3)?,
            after_kill: row.get(4)?,
        })
    }

    /// Whether a load of these resources completes the recorded load.
    fn is_completed_by(&self, only: &[String]) -> bool {
        let mut names = self.only.lines();
        only.is_empty()
            || !self.only.is_empty() && names.all(|name| only.iter().any(|only| only == name))
    }

    /// Whether the recorded load includes this resource.
    fn includes(&self, resource: &str) -> bool {
        self.only.is_empty() || self.only.lines().any(|name| name == resource)
    }

    fn is_for(&self, target: &Target) -> bool {
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
            after_kill INTEGER NOT NULL,
            PRIMARY KEY (source, resource, part)
        ) STRICT",
    )
}

/// Whether every load appends all records of the resource again.
pub(super) fn appends_all(target: &Target) -> bool {
    target.writing == Writing::Append && target.resource.incremental.is_none()
}

/// Which load already appended the resource, if this load completes a killed one.
pub(super) fn appended(
    db: &Connection,
    target: &Target,
    lock: Option<&LoadLock>,
) -> Result<Option<AppendedBy>> {
    if !appends_all(target) {
        return Ok(None);
    }
    let sql = "SELECT resource, part, run, only, after_kill FROM _rest_source_unfinished
               WHERE source = ?1 AND resource = ?2 AND part = ?3";
    let key = params![&*target.source, &*target.resource.name, part(target)];
    let found = db.query_row(sql, key, UnfinishedAppend::read).optional();
    let Some(found) = found.map_err(failed)? else {
        return Ok(None);
    };
    let is_own = lock.is_some_and(|lock| lock.id == found.run);
    if !is_own && is_running(db, &found.run) {
        let message = "a load that is still running has appended this resource";
        return Err(Error::new(Kind::Destination, message)
            .with_help("run it again when the other load has ended"));
    }
    Ok(match found.after_kill {
        false => Some(AppendedBy::KilledLoad),
        true if found.is_completed_by(&target.only) => Some(AppendedBy::LaterLoad),
        // The caller names this resource once more: append it again.
        true => None,
    })
}

/// Records an appended resource until the load ends; deletes the record of any other.
pub(super) fn store(
    db: &Connection,
    target: &Target,
    lock: Option<&LoadLock>,
) -> rusqlite::Result<()> {
    let Some(lock) = lock.filter(|_| appends_all(target)) else {
        let sql = "DELETE FROM _rest_source_unfinished
                   WHERE source = ?1 AND resource = ?2 AND part = ?3";
        db.execute(
            sql,
            params![&*target.source, &*target.resource.name, part(target)],
        )?;
        return Ok(());
    };
    db.execute(
        "INSERT OR REPLACE INTO _rest_source_unfinished (source, resource, part, run, only, after_kill)
         VALUES (?1, ?2, ?3, ?4, ?5, 0)",
        params![
            &*target.source,
            &*target.resource.name,
            part(target),
            lock.id,
            target.only.join("\n")
        ],
    )?;
    Ok(())
}

/// Deletes the resource's records.
pub(super) fn forget(db: &Connection, target: &Target) -> rusqlite::Result<()> {
    let sql = "DELETE FROM _rest_source_unfinished WHERE source = ?1 AND resource = ?2";
    db.execute(sql, params![&*target.source, &*target.resource.name])?;
    Ok(())
}

/// Ends the load of these targets, and the killed loads that it completes. A killed load that it does not
/// complete takes over its records: the load that completes it does not append them again.
pub(super) fn end(db: &Connection, targets: &[Target], lock: Option<&LoadLock>) -> Result<()> {
    let Some(first) = targets.first() else {
        return Ok(());
    };
    let records: Vec<UnfinishedAppend> = db
        .prepare(
            "SELECT resource, part, run, only, after_kill FROM _rest_source_unfinished WHERE source = ?1",
        )
        .and_then(|mut query| query.query_map([&*first.source], UnfinishedAppend::read)?.collect())
        .map_err(failed)?;
    let has_settings_of_load = |record: &UnfinishedAppend| {
        record.part.is_empty() || targets.iter().any(|target| part(target) == record.part)
    };
    let (own, others): (Vec<_>, Vec<_>) = records
        .into_iter()
        .filter(|record| has_settings_of_load(record))
        .partition(|record| lock.is_some_and(|lock| lock.id == record.run));
    let (completed, open): (Vec<_>, Vec<_>) = others
        .into_iter()
        .filter(|record| !is_running(db, &record.run))
        .partition(|record| record.is_completed_by(&first.only));
    let delete = |record: &UnfinishedAppend| {
        let sql = "DELETE FROM _rest_source_unfinished
                   WHERE source = ?1 AND resource = ?2 AND part = ?3";
        db.execute(sql, params![&*first.source, record.resource, record.part])
    };
    let assign = |record: &UnfinishedAppend, killed: &UnfinishedAppend| {
        let sql = "UPDATE _rest_source_unfinished SET run = ?4, only = ?5, after_kill = 1
                   WHERE source = ?1 AND resource = ?2 AND part = ?3";
        let key = params![
            &*first.source,
            record.resource,
            record.part,
            killed.run,
            killed.only
        ];
        db.execute(sql, key)
    };
    let ended = || {
        for record in &completed {
            delete(record)?;
        }
        for record in &own {
            match open.iter().find(|killed| killed.includes(&record.resource)) {
                Some(killed) => assign(record, killed)?,
                None => delete(record)?,
            };
        }
        let reloaded = |record: &&UnfinishedAppend| {
            let mut targets = targets.iter();
            targets.any(|target| record.is_for(target))
        };
        for record in open.iter().filter(reloaded) {
            assign(record, record)?;
        }
        Ok(())
    };
    ended().map_err(failed)
}
