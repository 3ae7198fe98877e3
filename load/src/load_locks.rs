//! The locks of running loads: a file for each, which tells whether a load was killed.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    process,
    time::{SystemTime, UNIX_EPOCH},
};

use rest_source::{Error, ErrorKind as Kind, Result};

/// The locks of loads in one folder, and those that this process holds. For destinations that are files.
///
/// The operating system releases a lock when the process ends, even by a kill. Where the file system has no locks, a
/// load is taken for a killed one.
#[derive(Debug)]
pub struct LoadLocks {
    folder: PathBuf,
    prefix: String,
    held: BTreeMap<String, HeldLock>,
}

/// A lock of this process. It is released, and its file removed, when it is dropped.
#[derive(Debug)]
struct HeldLock {
    path: PathBuf,
    _file: File,
}

impl LoadLocks {
    /// Locks in this folder, whose files are called by the prefix and the identifier of the load.
    pub fn new(folder: impl Into<PathBuf>, prefix: impl Into<String>) -> Self {
        Self {
            folder: folder.into(),
            prefix: prefix.into(),
            held: BTreeMap::new(),
        }
    }

    /// Locks beside the file of a database: `shop.db-load-…`. `None` if the path does not name a file.
    pub fn beside(database: &Path) -> Option<Self> {
        let (folder, name) = (database.parent()?, database.file_name()?.to_str()?);
        Some(Self::new(folder, format!("{name}-load-")))
    }

    /// Locks a load until it is [unlocked](Self::unlock), and removes the files of killed loads.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Destination`](Kind::Destination) if the file cannot be created or locked.
    pub fn lock(&mut self, run: &str) -> Result<()> {
        if self.held.contains_key(run) {
            return Ok(());
        }
        self.remove_stale();
        let path = self.path(run);
        let file = locked(&path).map_err(|error| {
            let message = format!("cannot lock `{}`: {error}", path.display());
            Error::new(Kind::Destination, message).with_source(&error)
        })?;
        self.held
            .insert(run.to_owned(), HeldLock { path, _file: file });
        Ok(())
    }

    /// Releases the lock of a load.
    pub fn unlock(&mut self, run: &str) {
        self.held.remove(run);
    }

    /// Whether the load is still running. Removes the file of a killed load.
    pub fn is_running(&self, run: &str) -> bool {
        let path = self.path(run);
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

    fn path(&self, run: &str) -> PathBuf {
        self.folder.join(format!("{}{run}", self.prefix))
    }

    /// Removes the files of killed loads. Other files in the folder belong to users.
    fn remove_stale(&self) {
        for entry in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let run = name
                .to_str()
                .and_then(|name| name.strip_prefix(&self.prefix));
            if let Some(run) = run.filter(|run| is_run_id(run)) {
                self.is_running(run);
            }
        }
    }
}

/// Creates a locked file. It is locked before it has its name, so that no other load takes it for a killed one's.
fn locked(path: &Path) -> io::Result<File> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".tmp");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&draft)?;
    match file.try_lock() {
        // Some network file systems do not support locks.
        Err(TryLockError::Error(error)) if error.kind() != ErrorKind::Unsupported => Err(error),
        _ => fs::rename(&draft, path).map(|()| file),
    }
}

impl Drop for HeldLock {
    fn drop(&mut self) {
        // The next load removes a file that cannot be removed now.
        let _ = fs::remove_file(&self.path);
    }
}

/// A new identifier of a load: `PID-NANOSECONDS`, the second in hexadecimal.
pub(crate) fn run_id() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    format!("{}-{:x}", process::id(), now.unwrap_or_default().as_nanos())
}

/// When a load with this identifier began, as nanoseconds of Unix time.
pub(crate) fn begun(run: &str) -> Option<u128> {
    let (_, time) = run.split_once('-')?;
    u128::from_str_radix(time, 16).ok()
}

/// Whether this is an identifier of a load, as [`Target::run`](crate::Target::run) has it.
pub fn is_run_id(text: &str) -> bool {
    let is_number = |digits: &str, radix| {
        !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix))
    };
    text.split_once('-')
        .is_some_and(|(pid, time)| is_number(pid, 10) && time.len() >= 15 && is_number(time, 16))
}
