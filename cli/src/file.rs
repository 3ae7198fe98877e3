//! Atomic replacement of files, and file locks.

use std::{
    fs::{self, File, OpenOptions, Permissions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Who may read a written file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// The permissions of the existing file, or the system's default.
    Unchanged,
    /// Only the owner, on systems with owners: the file holds a secret.
    OwnerOnly,
}

/// Replaces a file atomically: writes a temporary file beside it and renames that. A link stays a link; its target
/// is replaced. The temporary file never has more readers than the result.
///
/// # Errors
///
/// Also when the path is not a regular file: a pipe or a device is not replaced.
pub(crate) fn replace(path: &Path, text: &str, access: Access) -> io::Result<()> {
    let path = resolve_links(path);
    let old = existing(&path)?;
    let temporary = temporary(&path);
    remove_stale(&path);
    let kept = old.filter(|_| access == Access::Unchanged);
    let written = write(&temporary, text, access, kept.as_ref())
        .and_then(|()| kept.map_or(Ok(()), |kept| fs::set_permissions(&temporary, kept)))
        .and_then(|()| fs::rename(&temporary, &path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Checks that a file can be replaced, without changing it.
pub(crate) fn can_replace(path: &Path) -> io::Result<()> {
    let path = resolve_links(path);
    existing(&path)?;
    let temporary = temporary(&path);
    remove_stale(&path);
    create(&temporary, Access::OwnerOnly, None)?;
    fs::remove_file(&temporary)
}

/// One path for all ways to write the path of a file or folder, which may not exist yet.
pub(crate) fn canonical(path: &Path) -> PathBuf {
    let path = resolve_links(path);
    let path = std::path::absolute(&path).unwrap_or(path);
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    match (folder, path.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => path,
    }
}

/// Resolves links, also if the final file does not exist yet.
fn resolve_links(path: &Path) -> PathBuf {
    if let Ok(path) = fs::canonicalize(path) {
        return path;
    }
    let mut path = path.to_owned();
    // A cycle of links is not resolved.
    for _ in 0..MAX_LINKS {
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

/// The longest chain of links, as on Linux.
const MAX_LINKS: usize = 40;

/// The permissions of the existing file, if there is one.
fn existing(path: &Path) -> io::Result<Option<Permissions>> {
    match fs::metadata(path) {
        Ok(old) if old.is_file() => Ok(Some(old.permissions())),
        Ok(_) => Err(io::Error::other("not a regular file")),
        Err(error) if fs::symlink_metadata(path).is_ok() => Err(error),
        Err(_) => Ok(None),
    }
}

/// The folder of a file, if that folder does not exist.
pub(crate) fn missing_folder(path: &Path) -> Option<PathBuf> {
    let path = resolve_links(path);
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())?;
    (!folder.exists()).then(|| folder.to_owned())
}

/// The path of this process's temporary file: `FILE.PID.new`.
fn temporary(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    name.into()
}

/// The age after which a temporary file belongs to a killed command.
const STALE_AFTER: Duration = Duration::from_secs(60);

/// Removes temporary files of killed commands, and this process's own.
fn remove_stale(path: &Path) {
    let own = temporary(path);
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
        modified.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > STALE_AFTER))
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if is_ours(&entry) && is_old(&entry) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Opens the lock file, `FILE.lock`. The file itself cannot be locked, because it is replaced.
pub(crate) fn open_lock(path: &Path) -> io::Result<File> {
    let path = resolve_links(path);
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

/// Locks a file against other commands until the guard is dropped or the process ends.
///
/// # Errors
///
/// Also when another process holds the lock longer than `timeout`.
pub(crate) async fn lock(path: &Path, timeout: Duration) -> io::Result<File> {
    let lock = open_lock(path)?;
    let start = Instant::now();
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            // Some network file systems do not support locks.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                return Ok(lock);
            }
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if start.elapsed() > timeout => {
                let message = format!("another process has locked `{}`", path.display());
                return Err(io::Error::new(io::ErrorKind::TimedOut, message));
            }
            Err(TryLockError::WouldBlock) => tokio::time::sleep(POLL_INTERVAL).await,
        }
    }
}

/// The time between two attempts to lock a file.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

fn write(path: &Path, text: &str, access: Access, kept: Option<&Permissions>) -> io::Result<()> {
    let mut file = create(path, access, kept)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Creates a file with no more readers than it will have in the end.
fn create(path: &Path, access: Access, kept: Option<&Permissions>) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};

        match (access, kept) {
            (Access::OwnerOnly, _) => _ = options.mode(0o600),
            (Access::Unchanged, Some(kept)) => _ = options.mode(kept.mode() & 0o777 | 0o200),
            (Access::Unchanged, None) => {}
        }
    }
    #[cfg(not(unix))]
    let _ = (access, kept);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn replace_keeps_permissions_and_restricts_secrets_to_the_owner() {
        use std::os::unix::fs::{PermissionsExt, symlink};

        let folder = std::env::temp_dir().join(format!("rest-source-file-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (file, link) = (folder.join("file"), folder.join("link"));
        let mode = || fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        symlink(&file, &link).unwrap();

        replace(&link, "new", Access::Unchanged).unwrap();
        assert_eq!(
            (fs::read_to_string(&file).unwrap().as_str(), mode()),
            ("new", 0o640)
        );
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());

        replace(&file, "secret", Access::OwnerOnly).unwrap();
        assert_eq!(
            (fs::read_to_string(&file).unwrap().as_str(), mode()),
            ("secret", 0o600)
        );
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
        fs::remove_dir_all(folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn link_to_a_missing_file_stays_a_link() {
        use std::os::unix::fs::symlink;

        let folder = std::env::temp_dir().join(format!("rest-source-link-{}", std::process::id()));
        fs::create_dir_all(folder.join("kept")).unwrap();
        let (first, second) = (folder.join("first"), folder.join("second"));
        symlink("second", &first).unwrap();
        symlink("kept/state", &second).unwrap();
        can_replace(&first).unwrap();
        replace(&first, "new", Access::Unchanged).unwrap();
        assert!(fs::symlink_metadata(&first).unwrap().is_symlink());
        assert_eq!(
            fs::read_to_string(folder.join("kept/state")).unwrap(),
            "new"
        );

        let circle = folder.join("circle");
        symlink("circle", &circle).unwrap();
        assert!(can_replace(&circle).is_err());
        assert!(replace(&circle, "new", Access::Unchanged).is_err());
        assert!(fs::symlink_metadata(&circle).unwrap().is_symlink());
        fs::remove_dir_all(folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn temporary_file_never_has_more_readers_than_the_old_file() {
        use std::os::unix::fs::PermissionsExt;

        let name = format!("rest-source-new-file-{}", std::process::id());
        let file = std::env::temp_dir().join(name);
        let kept = Permissions::from_mode(0o640);
        let new = create(&file, Access::Unchanged, Some(&kept)).unwrap();
        // The umask may remove further bits.
        let mode = new.metadata().unwrap().permissions().mode() & 0o777;
        fs::remove_file(&file).unwrap();
        assert_eq!(mode & !0o640, 0, "{mode:o}");
    }

    #[test]
    fn stale_temporary_files_are_removed() {
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
        replace(&file, "new", Access::OwnerOnly).unwrap();
        let left: Vec<bool> = names
            .iter()
            .map(|name| folder.join(name).exists())
            .collect();
        assert_eq!(left, [false, true, true, true]);
        fs::remove_dir_all(folder).unwrap();
    }

    #[tokio::test]
    async fn second_lock_fails_until_the_first_is_released() {
        let file = std::env::temp_dir().join(format!("rest-source-lock-{}", std::process::id()));
        let guard = lock(&file, Duration::ZERO).await.unwrap();
        let error = lock(&file, Duration::ZERO).await.unwrap_err();
        assert!(error.to_string().contains("another process"), "{error}");
        drop(guard);
        lock(&file, Duration::ZERO).await.unwrap();
        fs::remove_file(file.with_extension("lock")).unwrap();
    }

    #[test]
    fn only_regular_files_are_replaced() {
        let folder =
            std::env::temp_dir().join(format!("rest-source-folder-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for written in [
            replace(&folder, "new", Access::Unchanged),
            can_replace(&folder),
        ] {
            assert_eq!(written.unwrap_err().to_string(), "not a regular file");
        }
        #[cfg(unix)]
        assert!(replace(Path::new("/dev/null"), "new", Access::OwnerOnly).is_err());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn replace_fails_in_a_missing_folder() {
        let nowhere = std::env::temp_dir().join("rest-source-no-such-folder/file");
        assert!(replace(&nowhere, "new", Access::Unchanged).is_err());
    }
}
