//! The files that the arguments of `check` name: specs, folders of specs, and stdin.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{spec, stop::Stop};

/// The argument that names stdin.
pub(crate) const STDIN: &str = "-";

/// The specs that an argument names: the file, or every YAML file below the folder, in order.
pub(crate) fn named_by(argument: &Path) -> Result<Vec<PathBuf>, Stop> {
    if argument == Path::new(STDIN) || !argument.is_dir() {
        return Ok(vec![argument.to_owned()]);
    }
    let mut files = Vec::new();
    add_below(argument, &mut files)?;
    if files.is_empty() {
        return Err(Stop::usage(format!(
            "no spec below `{}`\n  help: the name of a spec ends in `.yaml` or `.yml`",
            spec::shown(argument)
        )));
    }
    files.sort();
    Ok(files)
}

/// Hidden files and folders, caches (cargo's `target` is one) and links to folders are left out.
fn add_below(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Stop> {
    let unread =
        |error: io::Error| Stop::usage(format!("cannot read `{}`: {error}", spec::shown(folder)));
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
