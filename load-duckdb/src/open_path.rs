//! The databases that this process has open.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf, absolute},
    sync::{Mutex, MutexGuard, PoisonError},
};

use rest_source::{Error, ErrorKind, Result};

static OPEN: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// The path of a database that only this value opens, until it is dropped.
///
/// The locks of files belong to the process: DuckDB would open a file twice, and the first one to close it would
/// release the lock of the other.
#[derive(Debug)]
pub(crate) struct OpenPath(PathBuf);

impl OpenPath {
    /// Claims the path.
    ///
    /// # Errors
    ///
    /// When it does not name a file, or another value has it.
    pub(crate) fn claim(path: &Path) -> Result<Self> {
        let Some(file) = resolved(path) else {
            let message = format!("`{}` is not the path of a database", path.display());
            return Err(Error::new(ErrorKind::Config, message).with_help("name a file"));
        };
        if !open().insert(file.clone()) {
            let message = format!("the database `{}` is open already", path.display());
            return Err(Error::new(ErrorKind::Destination, message)
                .with_help("share the `DuckDb` of this process, by reference"));
        }
        Ok(Self(file))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for OpenPath {
    fn drop(&mut self) {
        open().remove(&self.0);
    }
}

fn open() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The one path of the file, whichever links lead to it.
fn resolved(path: &Path) -> Option<PathBuf> {
    if let Ok(path) = path.canonicalize() {
        return Some(path);
    }
    let name = path.file_name()?;
    let folder = absolute(path).ok()?.parent()?.to_owned();
    Some(folder.canonicalize().unwrap_or(folder).join(name))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::OpenPath;

    #[test]
    fn path_is_claimed_once_until_it_is_dropped() {
        let first = OpenPath::claim(Path::new("claimed.duckdb")).unwrap();
        let again = OpenPath::claim(Path::new("./claimed.duckdb")).unwrap_err();
        assert!(again.to_string().contains("is open already"), "{again}");
        drop(first);
        OpenPath::claim(Path::new("claimed.duckdb")).unwrap();
    }

    #[test]
    fn path_without_a_file_name_is_an_error() {
        for path in ["", "missing/.."] {
            let error = OpenPath::claim(Path::new(path)).unwrap_err();
            assert!(error.to_string().contains("name a file"), "{error}");
        }
    }
}
