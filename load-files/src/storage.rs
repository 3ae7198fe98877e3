//! Where files are kept: a local folder, or an object store.

use std::{
    collections::BTreeMap,
    fmt, fs,
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use rest_source::{Error, ErrorKind, Result};
use rest_source_load::{FileLock, LoadLocks, LockHolder, Locking, ResourceKey};

/// The paths of files, and their sizes in bytes.
pub(crate) type FileSizes = BTreeMap<String, u64>;

/// A place for files, whose paths are relative to its root and use `/`.
///
/// Its methods block: they run on tokio's blocking threads.
pub(crate) trait Storage: Send + Sync + fmt::Debug {
    /// Reads a file; `None` if it does not exist.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>>;

    /// All files below a folder.
    fn list(&self, folder: &str) -> Result<FileSizes>;

    /// The names of the folders at the root, which are tables.
    fn tables(&self) -> Result<Vec<String>>;

    /// Creates a file as a whole, unless one exists. Returns whether it did.
    fn create(&self, path: &str, contents: &[u8]) -> Result<bool>;

    /// Moves a local file to this path.
    fn publish(&self, staged: &Path, path: &str) -> Result<()>;

    /// Deletes files; those that do not exist are ignored.
    fn delete(&self, paths: &[String]) -> Result<()>;

    /// A local copy of a file, to be read.
    fn fetch(&self, path: &str, folder: &Path) -> Result<LocalFile>;

    /// A local folder for the files of a table that are not published yet.
    fn staging(&self, table: &str) -> Result<PathBuf>;

    /// Adds to the history of loads. `key` identifies the load of a resource.
    fn record(&self, key: &str, line: &str) -> Result<()>;

    /// The lines of the history of loads, those of one load in order.
    fn history(&self) -> Result<String>;

    /// Marks a load as running, until [`unlock`](Self::unlock) or the end of the process.
    fn lock(&self, run: &str) -> Result<()>;

    /// Ends the mark of a running load.
    fn unlock(&self, run: &str);

    /// Whether the load is known to run.
    fn is_running(&self, run: &str) -> bool;

    /// Locks a resource for a load, or tells which load has locked it.
    fn lock_resource(&self, key: &ResourceKey, holder: &LockHolder) -> Result<Locking>;

    /// Whether a load has locked a resource.
    fn is_locked(&self, key: &ResourceKey) -> Result<bool>;

    /// Whether the unpublished files of the load may still be published.
    fn may_publish(&self, run: &str) -> bool {
        self.is_running(run)
    }
}

/// A local file. A temporary one is deleted on drop.
#[derive(Debug)]
pub(crate) struct LocalFile {
    pub(crate) path: PathBuf,
    pub(crate) is_temporary: bool,
}

impl Drop for LocalFile {
    fn drop(&mut self) {
        if self.is_temporary {
            // A file that is left is deleted with its folder.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The folder of files that are not published yet, within the folder of a table.
pub(crate) const STAGING: &str = "_staging";

/// A local folder.
pub(crate) struct LocalFolder {
    root: PathBuf,
    locks: Mutex<LoadLocks>,
}

impl fmt::Debug for LocalFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)
    }
}

impl LocalFolder {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self {
            locks: Mutex::new(LoadLocks::new(root.join(LOCKS), "")),
            root,
        }
    }

    fn path(&self, path: &str) -> PathBuf {
        let mut local = self.root.clone();
        local.extend(path.split('/'));
        local
    }

    fn locks(&self) -> MutexGuard<'_, LoadLocks> {
        self.locks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_path(&self, key: &ResourceKey) -> PathBuf {
        self.root.join(LOCKS).join(key.file_name())
    }

    /// Creates the folder that a file is in.
    fn folder_of(path: &Path) -> Result<()> {
        let folder = path.parent().unwrap_or(path);
        fs::create_dir_all(folder).map_err(|error| failed("create", folder, &error))
    }
}

impl Storage for LocalFolder {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let path = self.path(path);
        match fs::read(&path) {
            Ok(contents) => Ok(Some(contents)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("read", &path, &error)),
        }
    }

    fn list(&self, folder: &str) -> Result<FileSizes> {
        let mut found = FileSizes::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            let path = self.path(&folder);
            let entries = match fs::read_dir(&path) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(failed("list", &path, &error)),
            };
            for entry in entries {
                let entry = entry.map_err(|error| failed("list", &path, &error))?;
                let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                // A name that is not UTF-8 is not one of a load.
                let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
                    continue;
                };
                let path = format!("{folder}/{name}");
                if is_folder {
                    folders.push(path);
                    continue;
                }
                match entry.metadata() {
                    Ok(file) => found.insert(path, file.len()),
                    // It was deleted in the meantime.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => return Err(failed("read", &self.path(&path), &error)),
                };
            }
        }
        Ok(found)
    }

    fn tables(&self) -> Result<Vec<String>> {
        let entries = match fs::read_dir(&self.root) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed("list", &self.root, &error)),
        };
        let folders = entries.flatten().filter(|entry| entry.path().is_dir());
        let names = folders.filter_map(|entry| entry.file_name().to_str().map(str::to_owned));
        Ok(names.filter(|name| !name.starts_with('_')).collect())
    }

    fn create(&self, path: &str, contents: &[u8]) -> Result<bool> {
        let path = self.path(path);
        Self::folder_of(&path)?;
        let failed = |error: &io::Error| failed("write", &path, error);
        if path.exists() {
            return Ok(false);
        }
        // A link appears as a whole, and not over another file.
        let unique = fastrand::u64(..);
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{unique:x}.tmp"));
        let draft = path.with_file_name(name);
        let written = write_synced(&draft, contents).and_then(|()| link(&draft, &path));
        let _ = fs::remove_file(&draft);
        match written {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(failed(&error)),
        }
    }

    fn publish(&self, staged: &Path, path: &str) -> Result<()> {
        let path = self.path(path);
        Self::folder_of(&path)?;
        fs::rename(staged, &path).map_err(|error| failed("write", &path, &error))
    }

    fn delete(&self, paths: &[String]) -> Result<()> {
        for path in paths {
            let path = self.path(path);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(failed("delete", &path, &error));
                }
                _ => {}
            }
            // The folders of partitions without rows; any other is not empty.
            let folders = path.ancestors().skip(1).take_while(|folder| {
                folder
                    .file_name()
                    .is_some_and(|name| name.to_string_lossy().contains('='))
            });
            for folder in folders {
                let _ = fs::remove_dir(folder);
            }
        }
        Ok(())
    }

    fn fetch(&self, path: &str, _: &Path) -> Result<LocalFile> {
        Ok(LocalFile {
            path: self.path(path),
            is_temporary: false,
        })
    }

    fn staging(&self, table: &str) -> Result<PathBuf> {
        let folder = self.root.join(table).join(STAGING);
        let created = fs::create_dir_all(&folder);
        created.map_err(|error| failed("create", &folder, &error))?;
        Ok(folder)
    }

    fn history(&self) -> Result<String> {
        let path = self.root.join(HISTORY);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(failed("read", &path, &error)),
        }
    }

    fn record(&self, _: &str, line: &str) -> Result<()> {
        let path = self.root.join(HISTORY);
        Self::folder_of(&path)?;
        let written = append_line(&path, line);
        written.map_err(|error| failed("write", &path, &error))
    }

    fn lock(&self, run: &str) -> Result<()> {
        let folder = self.root.join(LOCKS);
        fs::create_dir_all(&folder).map_err(|error| failed("create", &folder, &error))?;
        self.locks().lock(run)
    }

    fn unlock(&self, run: &str) {
        self.locks().unlock(run);
    }

    fn is_running(&self, run: &str) -> bool {
        self.locks().is_running(run)
    }

    fn lock_resource(&self, key: &ResourceKey, holder: &LockHolder) -> Result<Locking> {
        let path = self.lock_path(key);
        Self::folder_of(&path)?;
        Ok(match FileLock::lock(&path, holder)? {
            Ok(lock) => Locking::Held(Box::new(lock)),
            Err(other) => Locking::Busy(other),
        })
    }

    fn is_locked(&self, key: &ResourceKey) -> Result<bool> {
        Ok(FileLock::is_locked(&self.lock_path(key)))
    }
}

/// The file with the history of loads.
const HISTORY: &str = "_loads.jsonl";

/// Appends a line on its own: a process that was killed may have left the start of one.
fn append_line(path: &Path, line: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    let mut file = options.create(true).append(true).read(true).open(path)?;
    let mut last = [b'\n'];
    if file.seek(SeekFrom::End(-1)).is_ok() {
        file.read_exact(&mut last)?;
    }
    let start = if last == [b'\n'] { "" } else { "\n" };
    file.write_all(format!("{start}{line}\n").as_bytes())
}

/// The folder of the locks of loads.
const LOCKS: &str = "_locks";

fn write_synced(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create_new(path)?;
    file.write_all(contents)?;
    file.sync_all()
}

/// Gives the draft its name, unless a file has it.
fn link(draft: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // A file system without links.
        Err(_) => rename_new(draft, path),
        Ok(()) => Ok(()),
    }
}

/// Renames the draft, unless a file has the name. A lock of the folder keeps others from taking it in between.
fn rename_new(draft: &Path, path: &Path) -> io::Result<()> {
    let folder = fs::File::open(path.parent().unwrap_or(path))?;
    // A file system without locks has one load at a time.
    let _ = folder.lock();
    if path.exists() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    fs::rename(draft, path)
}

/// The error for a failed operation on a local file.
pub(crate) fn failed(what: &str, path: &Path, error: &io::Error) -> Error {
    let message = format!("cannot {what} `{}`: {error}", path.display());
    Error::new(ErrorKind::Destination, message).with_source(error)
}

#[cfg(test)]
mod tests {
    use std::{fs, io};

    use super::rename_new;

    #[test]
    fn a_name_is_taken_once_also_without_links() {
        let folder =
            std::env::temp_dir().join(format!("rest-source-rename-{:x}", fastrand::u64(..)));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("1.json");
        let take = |contents: &str| {
            let draft = folder.join(format!("{contents}.tmp"));
            fs::write(&draft, contents).unwrap();
            rename_new(&draft, &path)
        };
        take("first").unwrap();
        assert_eq!(
            take("second").unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), "first");
        fs::remove_dir_all(&folder).unwrap();
    }
}
