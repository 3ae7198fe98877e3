//! `rest-source docs`, `ddl` and `schema`: texts about a connector or the language.

use std::path::Path;

use rest_source_build::{
    Error,
    templates::{Template, Templates},
};

use crate::{
    args::{Ddl, Dialect, Docs, Schema, SchemaOf},
    console::Console,
    error::CommandError,
    report, spec,
};

pub(crate) fn docs(args: &Docs, console: &Console) -> Result<(), CommandError> {
    let template = if args.html {
        Template::Html
    } else {
        Template::Reference
    };
    print(&args.spec, args.templates.as_deref(), template, console)
}

pub(crate) fn ddl(args: &Ddl, console: &Console) -> Result<(), CommandError> {
    let template = match args.dialect {
        Dialect::Sqlite => Template::Sqlite,
        Dialect::Postgres => Template::Postgres,
    };
    print(&args.spec, args.templates.as_deref(), template, console)
}

pub(crate) fn schema(args: &Schema, console: &Console) -> Result<(), CommandError> {
    match args.of {
        SchemaOf::Spec => console.print(&rest_source_codegen::describe::json_schema())?,
        SchemaOf::Report => console.print(report::SCHEMA)?,
    };
    Ok(())
}

fn print(
    spec: &Path,
    folder: Option<&Path>,
    template: Template,
    console: &Console,
) -> Result<(), CommandError> {
    let connector = spec::checked(spec)?;
    let templates = Templates::new(folder).map_err(|error| usage(&error))?;
    let text = templates
        .render(template, &connector)
        .map_err(|error| usage(&error))?;
    console.print(&text)?;
    Ok(())
}

/// Invalid templates are usage errors, like invalid arguments.
fn usage(error: &Error) -> CommandError {
    CommandError::usage(error.to_string())
}
