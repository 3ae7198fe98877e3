//! The spec files of `check`'s arguments: files, folders and stdin.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{error::CommandError, spec};

/// The argument for stdin.
pub(crate) const STDIN: &str = "-";

/// The specs of an argument: the file, or every YAML file below the folder, sorted.
pub(crate) fn named_by(argument: &Path) -> Result<Vec<PathBuf>, CommandError> {
    if argument == Path::new(STDIN) || !argument.is_dir() {
        return Ok(vec![argument.to_owned()]);
    }
    let mut files = Vec::new();
    add_below(argument, &mut files)?;
    if files.is_empty() {
        return Err(CommandError::usage(format!(
            "no spec found in `{}` or below\n  help: a spec's name ends in `.yaml` or `.yml`",
            spec::shown(argument)
        )));
    }
    files.sort();
    Ok(files)
}

/// Adds the YAML files below a folder, except in hidden folders, caches (such as cargo's `target`) and behind
/// links to folders.
fn add_below(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), CommandError> {
    let unread = |error: io::Error| {
        CommandError::usage(format!("cannot read `{}`: {error}", spec::shown(folder)))
    };
    for entry in fs::read_dir(folder).map_err(unread)? {
        let entry = entry.map_err(unread)?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let path = entry.path();
        if entry.file_type().map_err(unread)?.is_dir() {
            if !path.join("CACHEDIR.TAG").exists() {
                add_below(&path, files)?;
            }
        } else if is_yaml(&path) && path.is_file() {
            // `./a.yaml` is shown as `a.yaml`.
            files.push(path.strip_prefix(".").map(Path::to_owned).unwrap_or(path));
        }
    }
    Ok(())
}

fn is_yaml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("yaml") || end.eq_ignore_ascii_case("yml"))
}
