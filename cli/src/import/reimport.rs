//! The file of an import, and its merge with a later import.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use rest_source_codegen::compile;
use rest_source_import::merge::{Conflict, merge};

use crate::{
    console::Console,
    error::CommandError,
    file::{self, Access},
    spec,
};

/// The file beside a spec that keeps its last import: the base of the next merge.
pub(crate) fn base_of(spec: &Path) -> PathBuf {
    let mut name = OsString::from(spec);
    name.push(".imported");
    name.into()
}

/// Writes an imported spec with its base beside it, or merges it into the one that is there.
pub(super) fn write(path: &Path, text: &str, console: &Console) -> Result<(), CommandError> {
    let base = base_of(path);
    if !path.exists() {
        super::create(path, text)?;
        return replace(&base, text);
    }
    let (shown, shown_base) = (spec::shown(path), spec::shown(&base));
    if !base.exists() {
        return Err(CommandError::usage(format!(
            "`{shown}` already exists, and `{shown_base}` with its import does not\n  help: use another name, or remove it first"
        )));
    }
    let mine = spec::text(path)?;
    let merged = merge(&spec::text(&base)?, &mine, text).map_err(|error| {
        CommandError::invalid(vec![format!(
            "cannot merge the import into `{shown}`: {error}\n  help: import to another file, and take over its changes by hand"
        )])
    })?;
    let compiled = compile(&shown, &merged.text);
    if compiled.diagnostics.has_errors() {
        let mut messages = vec![format!(
            "`{shown}` would be invalid after the merge, and is not changed\n  help: import to another file, and take over its changes by hand"
        )];
        messages.extend(compiled.diagnostics.messages());
        return Err(CommandError::invalid(messages));
    }
    if merged.text != mine {
        replace(path, &merged.text)?;
    }
    replace(&base, text)?;
    console.say(if merged.text == mine {
        format!("`{shown}` has all changes of the import already")
    } else {
        format!("merged the changes of the import into `{shown}`")
    });
    if merged.conflicts.is_empty() {
        return Ok(());
    }
    let conflicts = merged.conflicts.iter();
    let lines = conflicts.map(|one| format!("\n  {}", conflict(one, &shown, &shown_base)));
    Err(CommandError::invalid(vec![format!(
        "you and the import changed the same values; yours are kept:{}\n  help: compare them, and edit `{shown}`; the next import does not list them again",
        lines.collect::<String>()
    )]))
}

/// What both have changed, with both places.
fn conflict(conflict: &Conflict, mine: &str, new: &str) -> String {
    let path = &conflict.path;
    let of_mine = match conflict.mine {
        Some(line) if conflict.is_shared => {
            format!("{mine}:{line} cannot be changed alone")
        }
        Some(line) => format!("{mine}:{line}"),
        None => format!("removed from {mine}"),
    };
    let of_new = match conflict.new {
        Some(line) => format!("{new}:{line}"),
        None => "the import has it no longer".to_owned(),
    };
    format!("`{path}`: {of_mine}, {of_new}")
}

fn replace(path: &Path, text: &str) -> Result<(), CommandError> {
    file::replace(path, text, Access::Unchanged).map_err(|error| {
        CommandError::failed(format!("cannot write `{}`: {error}", spec::shown(path)))
    })
}
