//! The manifest and the schemas of `rest-source import airbyte`.

use std::{
    fs,
    path::{Component, Path, PathBuf},
};

use rest_source_import::{Imported, airbyte};

use crate::{error::CommandError, spec, spec_files::STDIN};

/// Imports the manifest, or that of the folder.
pub(super) fn read(path: &Path) -> Result<Imported, CommandError> {
    let path = manifest(path)?;
    let (shown, text) = spec::text_or_stdin(&path)?;
    let folder = path.parent().filter(|_| path != Path::new(STDIN));
    let schema = |name: &str| schema(folder?, name);
    airbyte::import(&shown, &text, &schema).map_err(|error| CommandError::usage(error.to_string()))
}

/// The manifest of a folder: `manifest.yaml`, there or in one folder below.
fn manifest(path: &Path) -> Result<PathBuf, CommandError> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let mut folders = vec![path.to_owned()];
    let entries = fs::read_dir(path).map_err(|error| {
        CommandError::usage(format!("cannot read `{}`: {error}", spec::shown(path)))
    })?;
    let mut below: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.is_dir())
        .collect();
    below.sort();
    folders.append(&mut below);
    let found = folders
        .iter()
        .flat_map(|folder| ["manifest.yaml", "manifest.yml"].map(|name| folder.join(name)))
        .find(|path| path.is_file());
    found.ok_or_else(|| {
        CommandError::usage(format!(
            "`{}` has no `manifest.yaml`\n  help: give the manifest itself, or the folder of the connector",
            spec::shown(path)
        ))
    })
}

/// A schema file that a manifest names. Paths lead from the folder of the manifest, or from that above it, and never out
/// of these.
fn schema(folder: &Path, name: &str) -> Option<(String, String)> {
    let path = Path::new(name);
    let is_below = path
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !is_below {
        return None;
    }
    // `./source_x/schemas/y.json` leads from the folder above `source_x`.
    let tail: PathBuf = path
        .components()
        .skip_while(|part| part.as_os_str() != "schemas")
        .collect();
    let above = folder.parent().map(|above| above.join(path));
    let places = [Some(folder.join(path)), above, Some(folder.join(tail))];
    let found = places.into_iter().flatten().find(|path| path.is_file())?;
    let text = fs::read_to_string(&found).ok()?;
    Some((spec::shown(&found), text))
}
