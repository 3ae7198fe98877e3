//! The file that remembers how far a resource was fetched.

use std::{fs, io, path::Path};

use rest_source::State;

use crate::stop::Stop;

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

/// Writes a state beside the file, and then in its place: there is the old one or the new one, never
/// half of it.
pub(crate) fn write(path: &Path, state: &State) -> Result<(), Stop> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    fs::write(&beside, state.to_json() + "\n")
        .and_then(|()| fs::rename(&beside, path))
        .map_err(|error| Stop::failed(format!("cannot write `{}`: {error}", path.display())))
}
