//! `rest-source import`.

mod airbyte;

use std::{
    fs::OpenOptions,
    io::{ErrorKind, Write},
    path::Path,
};

use rest_source_import::{Imported, curl, dlt, openapi};

use crate::{
    args::{Import, ImportCurl, ImportDlt, ImportOpenapi},
    console::Console,
    error::CommandError,
    spec,
};

pub(crate) fn run(import: &Import, console: &Console) -> Result<(), CommandError> {
    match import {
        Import::Airbyte(args) => airbyte::run(args, console),
        Import::Openapi(args) => openapi(args, console),
        Import::Dlt(args) => dlt(args, console),
        Import::Curl(args) => curl(args, console),
    }
}

fn openapi(args: &ImportOpenapi, console: &Console) -> Result<(), CommandError> {
    let selection = openapi::Selection {
        include: args.include.clone(),
        tags: args.tag.clone(),
    };
    let imported = read_openapi(&args.document, &selection)?;
    finish(&imported, args.output.as_deref(), console)
}

fn read_openapi(path: &Path, selection: &openapi::Selection) -> Result<Imported, CommandError> {
    let (shown, text) = spec::text_or_stdin(path)?;
    openapi::import(&shown, &text, selection)
        .map_err(|error| CommandError::usage(error.to_string()))
}

fn curl(args: &ImportCurl, console: &Console) -> Result<(), CommandError> {
    finish(&read_curl(&args.command)?, args.output.as_deref(), console)
}

fn read_curl(command: &str) -> Result<Imported, CommandError> {
    let text = if command == "-" {
        spec::text_or_stdin(Path::new("-"))?.1
    } else {
        command.to_owned()
    };
    curl::import(&text).map_err(|error| CommandError::usage(error.to_string()))
}

fn dlt(args: &ImportDlt, console: &Console) -> Result<(), CommandError> {
    finish(&read_dlt(&args.document)?, args.output.as_deref(), console)
}

fn read_dlt(path: &Path) -> Result<Imported, CommandError> {
    let (shown, text) = spec::text_or_stdin(path)?;
    dlt::import(&shown, &text).map_err(|error| CommandError::usage(error.to_string()))
}

/// Writes or prints the spec, and lists what it lacks.
fn finish(
    imported: &Imported,
    output: Option<&Path>,
    console: &Console,
) -> Result<(), CommandError> {
    let text = imported.text();
    match output {
        Some(path) => create(path, &text)?,
        None => {
            console.print(&text)?;
        }
    }
    list(imported, console);
    Ok(())
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
