//! The lock of a running load: a file beside the database.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::ErrorKind,
    path::PathBuf,
};

use rest_source::{Error, ErrorKind as Kind, Result};
use rusqlite::Connection;

/// A running load's lock. The operating system releases it when the process ends, even by a kill.
#[derive(Debug)]
pub(super) struct LoadLock {
    pub(super) run: String,
    /// A file beside the database; `None` for a database in memory.
    file: Option<(PathBuf, File)>,
}

impl LoadLock {
    /// Creates and locks the file. Call it within a transaction: until the file is locked, another load would
    /// take it for a killed load's.
    pub(super) fn new(db: &Connection, run: &str) -> Result<Self> {
        remove_stale_locks(db);
        let run = run.to_owned();
        let Some(path) = lock_path(db, &run) else {
            return Ok(Self { run, file: None });
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
        Ok(Self { run, file })
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
pub(super) fn is_running(db: &Connection, run: &str) -> bool {
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

/// Whether this is an identifier of a load. Other files beside the database belong to users.
fn is_run_id(text: &str) -> bool {
    let is_number = |digits: &str, radix| {
        !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix))
    };
    text.split_once('-')
        .is_some_and(|(pid, time)| is_number(pid, 10) && time.len() >= 15 && is_number(time, 16))
}
