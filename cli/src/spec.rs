//! A spec's file, read and compiled.

use std::{
    fs,
    io::{self, Read},
    path::Path,
};

use rest_source::{
    Client, ErrorKind,
    plan::{ResourcePlan, SourcePlan},
    shared::Ref,
};
use rest_source_codegen::{Compiled, compile, connector::Connector};

use crate::{context::Context, plan::plan, spec_files::STDIN, stop::Stop, token::Keeper};

/// Reads and compiles a spec.
pub(crate) fn read(path: &Path) -> Result<Compiled, Stop> {
    Ok(compile(&shown(path), &text(path)?))
}

/// Reads and compiles a spec, from stdin where its path is `-`.
pub(crate) fn read_or_stdin(path: &Path) -> Result<Compiled, Stop> {
    if path != Path::new(STDIN) {
        return read(path);
    }
    let mut text = String::new();
    io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| Stop::usage(format!("cannot read stdin: {error}")))?;
    Ok(compile("<stdin>", &text))
}

/// The path as messages have it.
pub(crate) fn shown(path: &Path) -> String {
    path.display().to_string().replace('\\', "/")
}

/// The text of a spec.
pub(crate) fn text(path: &Path) -> Result<String, Stop> {
    fs::read_to_string(path)
        .map_err(|error| Stop::usage(format!("cannot read `{}`: {error}", shown(path))))
}

/// A spec without a mistake.
pub(crate) fn checked(path: &Path) -> Result<Connector, Stop> {
    let Compiled {
        connector,
        diagnostics,
        ..
    } = read(path)?;
    connector.ok_or_else(|| Stop::wrong(diagnostics.messages()))
}

/// A spec as something that can be run.
pub(crate) fn open(path: &Path) -> Result<(Connector, Ref<SourcePlan>), Stop> {
    let connector = checked(path)?;
    let plan = plan(&connector)
        .map_err(|needs| Stop::usage(format!("cannot run `{}` here: {needs}", connector.name)))?;
    Ok((connector, plan))
}

/// The source's client, with these settings, and who keeps its refresh token.
pub(crate) fn connect(
    plan: &Ref<SourcePlan>,
    settings: Vec<(String, String)>,
    token: &Keeper,
    context: &Context,
) -> Result<Client, Stop> {
    let builder = context.attach(plan, token.attach(Client::builder(plan)));
    let builder = settings
        .into_iter()
        .fold(builder, |builder, (name, value)| {
            builder.setting(name, value)
        });
    let client = builder.build().map_err(|error| match error.kind() {
        ErrorKind::Config => error
            .with_help("set the variables; a setting may also be given, by `--config NAME=VALUE`"),
        _ => error,
    });
    Ok(client?)
}

/// The resource of this name.
pub(crate) fn resource(plan: &SourcePlan, name: Option<&str>) -> Result<Ref<ResourcePlan>, Stop> {
    let found = plan
        .resources
        .iter()
        .find(|plan| Some(plan.name.as_str()) == name);
    found.cloned().ok_or_else(|| {
        let names: Vec<_> = plan
            .resources
            .iter()
            .map(|plan| plan.name.as_str())
            .collect();
        let wrong = match name {
            Some(name) => format!("`{}` has no resource `{name}`", plan.name),
            None => format!("name a resource of `{}`", plan.name),
        };
        let names = names.join("`, `");
        Stop::usage(format!("{wrong}\n  help: its resources are `{names}`"))
    })
}
