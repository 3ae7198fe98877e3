//! Files that are written whole or not at all.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Write},
    path::{Path, PathBuf},
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
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let old = old(&path)?;
    let beside = beside(&path);
    // One that a run left there when it was killed.
    let _ = fs::remove_file(&beside);
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
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    old(&path)?;
    let beside = beside(&path);
    let _ = fs::remove_file(&beside);
    create(&beside, Readers::Owner, None)?;
    fs::remove_file(&beside)
}

/// The permissions of the file, where there is one.
fn old(path: &Path) -> io::Result<Option<Permissions>> {
    match fs::metadata(path) {
        Ok(old) if old.is_file() => Ok(Some(old.permissions())),
        Ok(_) => Err(io::Error::other("it is no regular file")),
        Err(_) => Ok(None),
    }
}

/// `.new` beside it, for this process alone.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    name.into()
}

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
