//! The identity of the open database file.

use std::path::PathBuf;

use rest_source::{Error, ErrorKind, Result};
use rusqlite::Connection;

/// The file that a connection has open. A user may delete or replace it at its path while a load runs.
#[derive(Debug)]
pub(super) struct OpenFile {
    path: PathBuf,
    id: Option<FileId>,
}

impl OpenFile {
    /// The file of the connection; `None` for a database in memory.
    pub(super) fn of(db: &Connection) -> Option<Self> {
        let path = PathBuf::from(db.path().filter(|path| !path.is_empty())?);
        let id = file_id(&path);
        Some(Self { path, id })
    }

    /// Checks that the path still leads to the file. Systems without file identifiers are not checked.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Destination`] when the file was deleted or replaced.
    pub(super) fn check(&self) -> Result<()> {
        if self.id == file_id(&self.path) {
            return Ok(());
        }
        let message = format!(
            "the database `{}` was deleted or replaced while the load ran",
            self.path.display()
        );
        Err(Error::new(ErrorKind::Destination, message).with_help("run the load again"))
    }
}

/// Device and inode.
type FileId = (u64, u64);

#[cfg(unix)]
fn file_id(path: &std::path::Path) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt;

    let file = std::fs::metadata(path).ok()?;
    Some((file.dev(), file.ino()))
}

#[cfg(not(unix))]
fn file_id(_: &std::path::Path) -> Option<FileId> {
    None
}
