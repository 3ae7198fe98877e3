//! What is printed of a connector, or of the language: `rest-source docs`, `ddl` and `schema`.

use std::path::Path;

use rest_source_build::{
    Error,
    templates::{Template, Templates},
};

use crate::{
    args::{Ddl, Dialect, Docs},
    console::Console,
    spec,
    stop::Stop,
};

pub(crate) fn docs(args: &Docs, console: &Console) -> Result<(), Stop> {
    print(
        &args.spec,
        args.templates.as_deref(),
        Template::Reference,
        console,
    )
}

pub(crate) fn ddl(args: &Ddl, console: &Console) -> Result<(), Stop> {
    let template = match args.dialect {
        Dialect::Sqlite => Template::Sqlite,
        Dialect::Postgres => Template::Postgres,
    };
    print(&args.spec, args.templates.as_deref(), template, console)
}

pub(crate) fn schema(console: &Console) -> Result<(), Stop> {
    console.print(&rest_source_codegen::describe::json_schema())?;
    Ok(())
}

fn print(
    spec: &Path,
    folder: Option<&Path>,
    template: Template,
    console: &Console,
) -> Result<(), Stop> {
    let connector = spec::checked(spec)?;
    let templates = Templates::new(folder).map_err(|error| stop(&error))?;
    let text = templates
        .render(template, &connector)
        .map_err(|error| stop(&error))?;
    console.print(&text)?;
    Ok(())
}

/// Templates are the user's to get right, as a command line is.
fn stop(error: &Error) -> Stop {
    Stop::usage(error.to_string())
}
