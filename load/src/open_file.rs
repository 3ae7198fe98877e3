//! The identity of the open database file.

use std::path::{Path, PathBuf};

use rest_source::{Error, ErrorKind, Result};

/// The database file that a load has open. A user may delete or replace it at its path while the load runs.
#[derive(Debug)]
pub struct OpenFile {
    path: PathBuf,
    id: Option<FileId>,
}

impl OpenFile {
    /// The file that is at this path now.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        let id = file_id(&path);
        Self { path, id }
    }

    /// Checks that the path still leads to the file. Systems without file identifiers are not checked.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Destination`] when the file was deleted or replaced.
    pub fn check(&self) -> Result<()> {
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
fn file_id(path: &Path) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt;

    let file = std::fs::metadata(path).ok()?;
    Some((file.dev(), file.ino()))
}

#[cfg(not(unix))]
fn file_id(_: &Path) -> Option<FileId> {
    None
}
