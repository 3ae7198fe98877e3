//! The lock of a running load: a file in the folder `_locks`.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::ErrorKind,
    path::{Path, PathBuf},
};

use rest_source::Result;

use crate::storage::failed;

/// A running load's lock. The operating system releases it when the process ends, even by a kill.
#[derive(Debug)]
pub(crate) struct LoadLock {
    path: PathBuf,
    _file: File,
}

impl LoadLock {
    /// Creates and locks the file of this load, and removes those of killed loads.
    pub(crate) fn new(folder: &Path, run: &str) -> Result<Self> {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if let Some(run) = entry.file_name().to_str().filter(|run| is_run_id(run)) {
                is_running(folder, run);
            }
        }
        let path = folder.join(run);
        // Locked before it has its name, so that no other load takes it for a killed one's.
        let draft = folder.join(format!("{run}.tmp"));
        let opened = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&draft);
        let locked = opened.and_then(|file| match file.try_lock() {
            // Some network file systems do not support locks.
            Err(TryLockError::Error(error)) if error.kind() != ErrorKind::Unsupported => Err(error),
            _ => fs::rename(&draft, &path).map(|()| file),
        });
        let file = locked.map_err(|error| failed("lock", &path, &error))?;
        Ok(Self { path, _file: file })
    }
}

impl Drop for LoadLock {
    fn drop(&mut self) {
        // The next load removes a file that cannot be removed now.
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether the load is still running. Removes the lock file of a killed load.
pub(crate) fn is_running(folder: &Path, run: &str) -> bool {
    let path = folder.join(run);
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

/// Whether this is an identifier of a load: `PID-NANOSECONDS`, the second in hexadecimal.
pub(crate) fn is_run_id(text: &str) -> bool {
    let is_number = |digits: &str, radix| {
        !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix))
    };
    text.split_once('-')
        .is_some_and(|(pid, time)| is_number(pid, 10) && time.len() >= 15 && is_number(time, 16))
}
