//! Files that are written whole or not at all.

use std::{
    fs::{self, File, OpenOptions},
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
/// half of it. A link stays a link; what it leads to is replaced.
pub(crate) fn replace(path: &Path, text: &str, readers: Readers) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let beside = beside(&path);
    // One that a run left there when it was killed.
    let _ = fs::remove_file(&beside);
    let written = write(&beside, text, readers)
        .and_then(|()| permit(&beside, &path, readers))
        .and_then(|()| fs::rename(&beside, &path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

/// Whether a file can be written, tried without touching it.
pub(crate) fn can_replace(path: &Path) -> io::Result<()> {
    let beside = beside(&fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()));
    let _ = fs::remove_file(&beside);
    create(&beside, Readers::Owner)?;
    fs::remove_file(&beside)
}

/// `.new` beside it, for this process alone.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    name.into()
}

fn write(path: &Path, text: &str, readers: Readers) -> io::Result<()> {
    let mut file = create(path, readers)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn create(path: &Path, readers: Readers) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if readers == Readers::Owner {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = readers;
    options.open(path)
}

fn permit(new: &Path, old: &Path, readers: Readers) -> io::Result<()> {
    match fs::metadata(old) {
        Ok(old) if readers == Readers::AsBefore => fs::set_permissions(new, old.permissions()),
        _ => Ok(()),
    }
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
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
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

    #[test]
    fn a_file_that_cannot_be_written_leaves_nothing() {
        let nowhere = std::env::temp_dir().join("rest-source-no-such-folder/file");
        assert!(replace(&nowhere, "new", Readers::AsBefore).is_err());
    }
}
