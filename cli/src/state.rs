//! The file that remembers how far a resource was fetched.

use std::{fs, io, path::Path};

use rest_source::State;

use crate::{
    file::{self, Readers},
    stop::Stop,
};

/// Reads a state; `None` where there is no such file yet.
pub(crate) fn read(path: &Path) -> Result<Option<State>, Stop> {
    let shown = path.display();
    match fs::read_to_string(path) {
        Ok(text) => State::from_json(&text).map(Some).map_err(|error| {
            let error = error.with_help("without the file, everything is fetched again");
            Stop::usage(format!("cannot go on from `{shown}`: {error}"))
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Stop::usage(format!("cannot read `{shown}`: {error}"))),
    }
}

/// Whether a state can be written: tried before anything is sent.
pub(crate) fn can_write(path: &Path) -> Result<(), Stop> {
    file::can_replace(path).map_err(|error| {
        let message = format!("cannot write `{}`: {error}", path.display());
        Stop::usage(match file::missing_folder(path) {
            Some(folder) => format!(
                "{message}\n  help: create the folder `{}`",
                folder.display()
            ),
            None => message,
        })
    })
}

/// Writes a state, in place of the one before.
pub(crate) fn write(path: &Path, state: &State) -> Result<(), Stop> {
    file::replace(path, &(state.to_json() + "\n"), Readers::AsBefore)
        .map_err(|error| Stop::failed(format!("cannot write `{}`: {error}", path.display())))
}
