//! `rest-source import`.

mod airbyte;
mod reimport;

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write},
    path::Path,
};

use rest_source_import::{Imported, curl, dlt, openapi};

pub(crate) use reimport::base_of;

use crate::{args::Import, console::Console, error::CommandError, spec};

pub(crate) fn run(import: &Import, console: &Console) -> Result<(), CommandError> {
    let (imported, output) = match import {
        Import::Airbyte(args) => (airbyte::read(&args.manifest)?, &args.output),
        Import::Openapi(args) => {
            let selection = openapi::Selection {
                include: args.include.clone(),
                tags: args.tag.clone(),
            };
            (read_openapi(&args.document, &selection)?, &args.output)
        }
        Import::Dlt(args) => (read_dlt(&args.document)?, &args.output),
        Import::Curl(args) => (read_curl(&args.command)?, &args.output),
    };
    list(&imported, console);
    match &output.output {
        Some(path) => reimport::write(path, &imported.text(), console),
        None => console.print(&imported.text()).map(|_| ()),
    }
}

fn read_openapi(path: &Path, selection: &openapi::Selection) -> Result<Imported, CommandError> {
    let (shown, text) = spec::text_or_stdin(path)?;
    openapi::import(&shown, &text, selection)
        .map_err(|error| CommandError::usage(error.to_string()))
}

fn read_curl(command: &str) -> Result<Imported, CommandError> {
    let text = if command == "-" {
        spec::text_or_stdin(Path::new("-"))?.1
    } else {
        command.to_owned()
    };
    curl::import(&text).map_err(|error| CommandError::usage(error.to_string()))
}

fn read_dlt(path: &Path) -> Result<Imported, CommandError> {
    let (shown, text) = spec::text_or_stdin(path)?;
    dlt::import(&shown, &text).map_err(|error| CommandError::usage(error.to_string()))
}

/// Imports what an argument `FORMAT:FILE` names. `None` where it names no format.
pub(crate) fn of_argument(argument: &str) -> Result<Option<Imported>, CommandError> {
    let Some((format, file)) = argument.split_once(':') else {
        return Ok(None);
    };
    let path = Path::new(file);
    match format {
        "airbyte" => airbyte::read(path).map(Some),
        "curl" => read_curl(file).map(Some),
        "dlt" => read_dlt(path).map(Some),
        "openapi" => read_openapi(path, &openapi::Selection::default()).map(Some),
        _ => Ok(None),
    }
}

/// Lists what the spec lacks.
pub(crate) fn list(imported: &Imported, console: &Console) {
    for loss in &imported.losses {
        console.say(format_args!("not imported: {loss}"));
    }
    let uncertain = imported.uncertain();
    for place in &uncertain {
        console.say(place);
    }
    let resources = imported.spec.get("resources");
    console.say(format_args!(
        "resources: {}, not imported: {}, not certain: {}",
        resources.map_or(0, |list| list.elements().len()),
        imported.losses.len(),
        uncertain.len()
    ));
}

/// Writes a new file; one that is there is not overwritten.
pub(crate) fn create(path: &Path, text: &str) -> Result<(), CommandError> {
    let shown = spec::shown(path);
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => CommandError::usage(format!(
                "`{shown}` already exists\n  help: use another name, or remove it first"
            )),
            _ => CommandError::failed(format!("cannot write `{shown}`: {error}")),
        })
}
