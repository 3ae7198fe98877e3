//! Files that are written whole or not at all.

use std::{
    fs::{self, File, OpenOptions, Permissions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Whoever the system lets; of a file that is there already, whoever could before.
    AsBefore,
    /// Its owner alone, where the system knows owners: it holds a secret.
    Owner,
}

/// Writes a text beside the file, and then in its place: there is the old one or the new one, never
/// half of it. A link stays a link; what it leads to is replaced. No one may read the text, not even in
/// passing, who may not read the file.
///
/// # Errors
///
/// Also when there is something else than a file: a pipe or a device is not to be replaced by one.
pub(crate) fn replace(path: &Path, text: &str, readers: Readers) -> io::Result<()> {
    let path = behind_links(path);
    let old = old(&path)?;
    let beside = beside(&path);
    remove_left_over(&path);
    let kept = old.filter(|_| readers == Readers::AsBefore);
    let written = write(&beside, text, readers, kept.as_ref())
        .and_then(|()| kept.map_or(Ok(()), |kept| fs::set_permissions(&beside, kept)))
        .and_then(|()| fs::rename(&beside, &path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

/// Whether a file can be written, tried without touching it.
pub(crate) fn can_replace(path: &Path) -> io::Result<()> {
    let path = behind_links(path);
    old(&path)?;
    let beside = beside(&path);
    remove_left_over(&path);
    create(&beside, Readers::Owner, None)?;
    fs::remove_file(&beside)
}

/// Where a path leads to, also where no file is there yet.
fn behind_links(path: &Path) -> PathBuf {
    if let Ok(path) = fs::canonicalize(path) {
        return path;
    }
    let mut path = path.to_owned();
    // What leads in a circle is left as it is.
    for _ in 0..MOST_LINKS {
        let Ok(target) = fs::read_link(&path) else {
            break;
        };
        path = match path.parent() {
            Some(folder) => folder.join(target),
            None => target,
        };
    }
    path
}

/// As many links may follow each other; Linux allows 40.
const MOST_LINKS: usize = 40;

/// The permissions of the file, where there is one.
fn old(path: &Path) -> io::Result<Option<Permissions>> {
    match fs::metadata(path) {
        Ok(old) if old.is_file() => Ok(Some(old.permissions())),
        Ok(_) => Err(io::Error::other("it is no regular file")),
        Err(error) if fs::symlink_metadata(path).is_ok() => Err(error),
        Err(_) => Ok(None),
    }
}

/// The folder of a file, where there is none.
pub(crate) fn missing_folder(path: &Path) -> Option<PathBuf> {
    let path = behind_links(path);
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())?;
    (!folder.exists()).then(|| folder.to_owned())
}

/// `.new` beside it, for this process alone.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    name.into()
}

/// How old a file is that no run is writing any more.
const LEFT_OVER: Duration = Duration::from_secs(60);

/// Removes what runs left beside a file when they were killed, and what this process would write to.
fn remove_left_over(path: &Path) {
    let own = beside(path);
    let _ = fs::remove_file(&own);
    let (Some(folder), Some(name)) = (own.parent(), path.file_name()) else {
        return;
    };
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let name = format!("{}.", name.to_string_lossy());
    let is_ours = |entry: &fs::DirEntry| {
        let found = entry.file_name().to_string_lossy().into_owned();
        let id = found
            .strip_prefix(&name)
            .and_then(|rest| rest.strip_suffix(".new"));
        id.is_some_and(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let is_old = |entry: &fs::DirEntry| {
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > LEFT_OVER))
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if is_ours(&entry) && is_old(&entry) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Opens the lock of a file, `.lock` beside it: the file itself is replaced by another.
pub(crate) fn open_lock(path: &Path) -> io::Result<File> {
    let path = behind_links(path);
    let mut name = path.into_os_string();
    name.push(".lock");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;

        options.mode(0o600);
    }
    options.open(name)
}

/// Locks a file against other runs until the guard is dropped, or the process ends.
///
/// # Errors
///
/// Also when another holds it for so long.
pub(crate) async fn lock(path: &Path, longest: Duration) -> io::Result<File> {
    let lock = open_lock(path)?;
    let start = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            // Some network file systems know no locks.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                return Ok(lock);
            }
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if start.elapsed() > longest => {
                let message = format!("another process has locked `{}`", path.display());
                return Err(io::Error::new(io::ErrorKind::TimedOut, message));
            }
            Err(TryLockError::WouldBlock) => tokio::time::sleep(BETWEEN_TRIES).await,
        }
    }
}

/// The time between two tries to lock a file.
const BETWEEN_TRIES: Duration = Duration::from_millis(20);

fn write(path: &Path, text: &str, readers: Readers, kept: Option<&Permissions>) -> io::Result<()> {
    let mut file = create(path, readers, kept)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// A new file, of no more readers than it is to have in the end.
fn create(path: &Path, readers: Readers, kept: Option<&Permissions>) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};

        match (readers, kept) {
            (Readers::Owner, _) => _ = options.mode(0o600),
            (Readers::AsBefore, Some(kept)) => _ = options.mode(kept.mode() & 0o777 | 0o200),
            (Readers::AsBefore, None) => {}
        }
    }
    #[cfg(not(unix))]
    let _ = (readers, kept);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_file_keeps_its_readers_and_a_secret_has_but_its_owner() {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let folder = std::env::temp_dir().join(format!("rest-source-file-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (file, link) = (folder.join("file"), folder.join("link"));
        let mode = || fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        symlink(&file, &link).unwrap();

        replace(&link, "new", Readers::AsBefore).unwrap();
        assert_eq!(
            (fs::read_to_string(&file).unwrap().as_str(), mode()),
            ("new", 0o640)
        );
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());

        replace(&file, "secret", Readers::Owner).unwrap();
        assert_eq!(
            (fs::read_to_string(&file).unwrap().as_str(), mode()),
            ("secret", 0o600)
        );
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
        fs::remove_dir_all(folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_a_file_that_is_not_there_yet_stays_a_link() {
        use std::os::unix::fs::symlink;

        let folder = std::env::temp_dir().join(format!("rest-source-link-{}", std::process::id()));
        fs::create_dir_all(folder.join("kept")).unwrap();
        let (first, second) = (folder.join("first"), folder.join("second"));
        symlink("second", &first).unwrap();
        symlink("kept/state", &second).unwrap();
        can_replace(&first).unwrap();
        replace(&first, "new", Readers::AsBefore).unwrap();
        assert!(fs::symlink_metadata(&first).unwrap().is_symlink());
        assert_eq!(
            fs::read_to_string(folder.join("kept/state")).unwrap(),
            "new"
        );

        let circle = folder.join("circle");
        symlink("circle", &circle).unwrap();
        assert!(can_replace(&circle).is_err());
        assert!(replace(&circle, "new", Readers::AsBefore).is_err());
        assert!(fs::symlink_metadata(&circle).unwrap().is_symlink());
        fs::remove_dir_all(folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_has_the_readers_of_the_old_before_anything_is_in_it() {
        use std::os::unix::fs::PermissionsExt;

        let name = format!("rest-source-new-file-{}", std::process::id());
        let file = std::env::temp_dir().join(name);
        let kept = Permissions::from_mode(0o640);
        let new = create(&file, Readers::AsBefore, Some(&kept)).unwrap();
        // Whatever the umask takes away, there are no more.
        let mode = new.metadata().unwrap().permissions().mode() & 0o777;
        fs::remove_file(&file).unwrap();
        assert_eq!(mode & !0o640, 0, "{mode:o}");
    }

    #[test]
    fn what_a_killed_run_left_is_removed_once_it_is_old() {
        let folder = std::env::temp_dir().join(format!("rest-source-old-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("token");
        let names = [
            "token.17.new",
            "token.18.new",
            "token.x.new",
            "tokens.17.new",
        ];
        for name in names {
            let left = File::create(folder.join(name)).unwrap();
            if name != "token.18.new" {
                let hour = Duration::from_secs(3600);
                left.set_modified(std::time::SystemTime::now() - hour)
                    .unwrap();
            }
        }
        replace(&file, "new", Readers::Owner).unwrap();
        let left: Vec<bool> = names
            .iter()
            .map(|name| folder.join(name).exists())
            .collect();
        assert_eq!(left, [false, true, true, true]);
        fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn a_file_is_locked_once() {
        let file = std::env::temp_dir().join(format!("rest-source-lock-{}", std::process::id()));
        let guard = lock(&file, Duration::ZERO).await.unwrap();
        let error = lock(&file, Duration::ZERO).await.unwrap_err();
        assert!(error.to_string().contains("another process"), "{error}");
        drop(guard);
        lock(&file, Duration::ZERO).await.unwrap();
        fs::remove_file(file.with_extension("lock")).unwrap();
    }

    #[test]
    fn what_is_no_regular_file_is_left_alone() {
        let folder =
            std::env::temp_dir().join(format!("rest-source-folder-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for written in [
            replace(&folder, "new", Readers::AsBefore),
            can_replace(&folder),
        ] {
            assert_eq!(written.unwrap_err().to_string(), "it is no regular file");
        }
        #[cfg(unix)]
        assert!(replace(Path::new("/dev/null"), "new", Readers::Owner).is_err());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_file_that_cannot_be_written_leaves_nothing() {
        let nowhere = std::env::temp_dir().join("rest-source-no-such-folder/file");
        assert!(replace(&nowhere, "new", Readers::AsBefore).is_err());
    }
}
