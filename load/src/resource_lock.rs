//! The lock of a resource in a destination: at most one load writes a resource at a time.

use std::{
    env, fmt,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Read, Write},
    path::{Path, PathBuf},
    str::FromStr,
};

use rest_source::{Error, ErrorKind as Kind, Result, Timestamp, shared::Text};

use crate::{BoxFuture, load_locks::run_id};

/// Identifies the rows and the state of a resource in a destination.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResourceKey {
    /// The source, and the prefix of its tables if there is one: see [`Target::scope`](crate::Target::scope).
    pub source: String,
    /// Name of the resource.
    pub resource: String,
    /// The settings that identify the rows: see [`Target::part`](crate::Target::part).
    pub part: String,
}

impl ResourceKey {
    /// A name that is unique to the key, of letters, digits and `-`, at most 100 bytes long: for files of locks.
    pub fn file_name(&self) -> String {
        let is_plain = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
        let name: String = self.resource.chars().filter(is_plain).take(80).collect();
        let whole = format!("{}\n{}\n{}", self.source, self.resource, self.part);
        // FNV-1a: the same in every process and release.
        let hash = whole.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        format!("{name}-{hash:016x}")
    }
}

/// The load that holds a lock.
///
/// Its text is `RUN HOST SINCE`, by which destinations store it.
///
/// ```
/// use rest_source_load::LockHolder;
///
/// let text = "4242-18c2f0a4b5d6e7f8 etl-1 2026-11-30T15:00:00Z";
/// let holder: LockHolder = text.parse()?;
/// assert_eq!(holder.to_text(), text);
/// assert_eq!(holder.to_string(), "process 4242 on `etl-1`, since 2026-11-30T15:00:00Z");
/// # Ok::<(), rest_source::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LockHolder {
    /// Identifier of the load: see [`Target::run`](crate::Target::run).
    pub run: Text,
    /// Name of the machine.
    pub host: String,
    /// When it took the lock.
    pub since: Timestamp,
}

impl LockHolder {
    /// A load of this process.
    pub fn of_run(run: impl Into<Text>, since: Timestamp) -> Self {
        Self {
            run: run.into(),
            host: host_name(),
            since,
        }
    }

    /// This process, for other work than a load.
    pub fn of_process(since: Timestamp) -> Self {
        Self::of_run(run_id(), since)
    }

    /// A holder that could not be read.
    pub fn unknown() -> Self {
        Self {
            run: Text::EMPTY,
            host: String::new(),
            since: Timestamp::EPOCH,
        }
    }

    /// The text by which it is stored.
    pub fn to_text(&self) -> String {
        format!("{} {} {}", self.run, self.host, self.since)
    }

    /// The holder of a stored text, which may be damaged.
    pub fn from_stored(text: &str) -> Self {
        text.parse().unwrap_or_else(|_| Self::unknown())
    }
}

impl FromStr for LockHolder {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || Error::new(Kind::Destination, "the holder of a lock cannot be read");
        let mut words = text.trim().split(' ');
        let mut next = || words.next().ok_or_else(wrong);
        let (run, host, since) = (next()?, next()?, next()?);
        let is_plain = |text: &str| text.len() <= 255 && !text.contains(char::is_control);
        if !is_plain(run) || !is_plain(host) {
            return Err(wrong());
        }
        Ok(Self {
            run: run.to_owned().into(),
            host: host.to_owned(),
            since: since.parse().map_err(|_| wrong())?,
        })
    }
}

impl fmt::Display for LockHolder {
    /// `process 4242 on `etl-1`, since 2026-11-30T15:00:00Z`, or `another process` if it is unknown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.run.split_once('-') {
            Some((process, _)) => write!(
                f,
                "process {process} on `{}`, since {}",
                self.host, self.since
            ),
            None => f.write_str("another process"),
        }
    }
}

/// The name of this machine.
fn host_name() -> String {
    let file = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let variables = ["COMPUTERNAME", "HOSTNAME"];
    let name = file.or_else(|| variables.iter().find_map(|name| env::var(name).ok()));
    let name = name.unwrap_or_default();
    let name: String = name
        .chars()
        .filter(|c| !c.is_whitespace() && !c.is_control())
        .take(64)
        .collect();
    if name.is_empty() {
        "unknown".to_owned()
    } else {
        name
    }
}

/// A lock that is held until it is [released](Self::release) or dropped.
pub trait HeldLock: Send + fmt::Debug {
    /// Releases the lock. If it is dropped instead, the destination releases it as soon as it can do so without a wait.
    fn release(self: Box<Self>) -> BoxFuture<'static, ()>;
}

/// The outcome of [`Destination::lock`](crate::Destination::lock).
#[derive(Debug)]
pub enum Locking {
    /// The resource is locked.
    Held(Box<dyn HeldLock>),
    /// Another load has locked it.
    Busy(LockHolder),
}

/// A locked file that names its holder, for destinations that are files. The operating system releases the lock when the
/// process ends, even by a kill.
///
/// The file is removed when the lock is dropped. Where the file system has no locks, it locks nothing.
#[derive(Debug)]
pub struct FileLock {
    path: PathBuf,
    // Closed after the file was removed.
    _file: File,
}

impl FileLock {
    /// Locks a file, which is created if it does not exist, or returns who has locked it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Destination`](Kind::Destination) if the file cannot be created or locked.
    pub fn lock(path: &Path, holder: &LockHolder) -> Result<std::result::Result<Self, LockHolder>> {
        let failed = |error: io::Error| {
            let message = format!("cannot lock `{}`: {error}", path.display());
            Error::new(Kind::Destination, message).with_source(&error)
        };
        loop {
            check_is_file(path).map_err(failed)?;
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(path)
                .map_err(failed)?;
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => return Ok(Err(read_holder(&mut file))),
                // Some network file systems do not support locks.
                Err(TryLockError::Error(error)) if error.kind() != ErrorKind::Unsupported => {
                    return Err(failed(error));
                }
                _ => {}
            }
            // The holder before may have removed the file after this process opened it.
            if !is_at(&file, path) {
                continue;
            }
            // On a full disk, the holder is unknown to others.
            let _ = file
                .set_len(0)
                .and_then(|()| file.write_all(holder.to_text().as_bytes()));
            let path = path.to_owned();
            return Ok(Ok(Self { path, _file: file }));
        }
    }

    /// Whether a process holds the lock of this file.
    pub fn is_locked(path: &Path) -> bool {
        if check_is_file(path).is_err() {
            return false;
        }
        let Ok(file) = File::open(path) else {
            return false;
        };
        // Where the file system has no locks, the holder may still run.
        file.try_lock_shared().is_err()
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // One that is left is of no harm: it is not locked.
        let _ = fs::remove_file(&self.path);
    }
}

impl HeldLock for FileLock {
    fn release(self: Box<Self>) -> BoxFuture<'static, ()> {
        drop(self);
        Box::pin(async {})
    }
}

/// Rejects what is not a file: opening a named pipe would block.
fn check_is_file(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => {
            Err(io::Error::new(ErrorKind::InvalidInput, "it is not a file"))
        }
        _ => Ok(()),
    }
}

/// The holder that a locked file names.
fn read_holder(file: &mut File) -> LockHolder {
    let mut text = String::new();
    // On some systems a locked file cannot be read.
    let _ = file.take(1_000).read_to_string(&mut text);
    LockHolder::from_stored(&text)
}

/// Whether the file is still at the path.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    let id = |found: fs::Metadata| (found.dev(), found.ino());
    match (file.metadata(), fs::metadata(path)) {
        (Ok(open), Ok(found)) => id(open) == id(found),
        _ => false,
    }
}

/// Whether the file is still at the path.
#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(run: &str) -> LockHolder {
        LockHolder::of_run(run.to_owned(), Timestamp::EPOCH)
    }

    fn path(name: &str) -> PathBuf {
        env::temp_dir().join(format!("rest-source-{name}-{}", run_id()))
    }

    #[test]
    fn locked_file_names_its_holder_and_is_removed() {
        let path = path("lock");
        let first = FileLock::lock(&path, &holder("1-a")).unwrap().unwrap();
        assert!(FileLock::is_locked(&path));
        let busy = FileLock::lock(&path, &holder("2-b")).unwrap().unwrap_err();
        assert_eq!(busy, holder("1-a"));
        drop(first);
        assert!(!path.exists() && !FileLock::is_locked(&path));
        drop(FileLock::lock(&path, &holder("2-b")).unwrap().unwrap());
    }

    #[test]
    fn file_without_a_lock_is_taken_over() {
        let path = path("left");
        fs::write(
            &path,
            "1-a with a longer host than the next one has, and no time",
        )
        .unwrap();
        assert!(!FileLock::is_locked(&path));
        let lock = FileLock::lock(&path, &holder("2-b")).unwrap().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(LockHolder::from_stored(&text), holder("2-b"));
        drop(lock);
    }

    #[test]
    fn one_of_many_threads_holds_the_lock_at_a_time() {
        use std::sync::atomic::{AtomicU32, Ordering};
        let (path, holders) = (path("many"), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        if let Ok(lock) = FileLock::lock(&path, &holder("1-a")).unwrap() {
                            assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0);
                            holders.fetch_sub(1, Ordering::SeqCst);
                            drop(lock);
                        }
                    }
                });
            }
        });
    }

    #[test]
    fn names_of_files_differ_where_keys_do() {
        let key = |source: &str, resource: &str, part: &str| ResourceKey {
            source: source.to_owned(),
            resource: resource.to_owned(),
            part: part.to_owned(),
        };
        let long = "n".repeat(300);
        let names = [
            key("shop", "orders", ""),
            key("shop", "orders", "tenant a"),
            key("shop/eu_", "orders", ""),
            key("shop", "or/ders", ""),
            key("shop", &long, ""),
        ]
        .map(|key| key.file_name());
        let unique: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(unique.len(), names.len());
        assert!(
            names
                .iter()
                .all(|name| name.len() <= 100 && !name.contains('/'))
        );
    }

    #[test]
    fn damaged_holder_is_unknown() {
        for text in [
            "",
            "1-a",
            "1-a host never",
            "1-a ho\u{1b}st 2026-11-30T15:00:00Z",
        ] {
            assert_eq!(LockHolder::from_stored(text).to_string(), "another process");
        }
    }
}
