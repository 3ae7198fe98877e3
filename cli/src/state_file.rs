//! The file of `--state`.

use std::{fs, io, path::Path};

use rest_source::State;

use crate::{
    error::CommandError,
    file::{self, Access},
};

/// Reads a state; `None` if the file does not exist yet.
pub(crate) fn read(path: &Path) -> Result<Option<State>, CommandError> {
    let shown = path.display();
    match fs::read_to_string(path) {
        Ok(text) => State::from_json(&text).map(Some).map_err(|error| {
            let error =
                error.with_help("if the file holds a state, delete it to fetch everything again");
            CommandError::usage(format!("cannot resume from `{shown}`: {error}"))
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(CommandError::usage(format!(
            "cannot read `{shown}`: {error}"
        ))),
    }
}

/// Checks that a state can be written, before any request is sent.
pub(crate) fn can_write(path: &Path) -> Result<(), CommandError> {
    file::can_replace(path).map_err(|error| {
        let message = format!("cannot write `{}`: {error}", path.display());
        CommandError::usage(match file::missing_folder(path) {
            Some(folder) => format!(
                "{message}\n  help: create the folder `{}`",
                folder.display()
            ),
            None => message,
        })
    })
}

/// Writes a state, replacing the previous one.
pub(crate) fn write(path: &Path, state: &State) -> Result<(), CommandError> {
    file::replace(path, &(state.to_json() + "\n"), Access::Unchanged).map_err(|error| {
        CommandError::failed(format!("cannot write `{}`: {error}", path.display()))
    })
}
