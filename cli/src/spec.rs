//! Reading and compiling of a spec's file.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use rest_source::{
    Client, Error, ErrorKind, RunBudget,
    plan::{ResourcePlan, SourcePlan},
    shared::Ref,
    transport::{Reqwest, TransportError},
};
use rest_source_codegen::{Compiled, compile, connector::Connector};
use rest_source_dynamic::needs_no_rust;

use crate::{
    args::Connection, context::Context, error::CommandError, exchange::Recording,
    refresh_token_file::RefreshTokenFile, spec_files::STDIN,
};

/// Reads and compiles a spec.
pub(crate) fn read(path: &Path) -> Result<Compiled, CommandError> {
    Ok(compile(&shown(path), &text(path)?))
}

/// Reads and compiles a spec, from stdin if its path is `-`.
pub(crate) fn read_or_stdin(path: &Path) -> Result<Compiled, CommandError> {
    let (shown, text) = text_or_stdin(path)?;
    Ok(compile(&shown, &text))
}

/// The name and the text of a file, of stdin if its path is `-`.
pub(crate) fn text_or_stdin(path: &Path) -> Result<(String, String), CommandError> {
    if path != Path::new(STDIN) {
        return Ok((shown(path), text(path)?));
    }
    let mut text = String::new();
    io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| CommandError::usage(format!("cannot read stdin: {error}")))?;
    Ok(("<stdin>".to_owned(), text))
}

/// The path as shown in messages.
pub(crate) fn shown(path: &Path) -> String {
    path.display().to_string().replace('\\', "/")
}

/// The text of a spec.
pub(crate) fn text(path: &Path) -> Result<String, CommandError> {
    fs::read_to_string(path)
        .map_err(|error| CommandError::usage(format!("cannot read `{}`: {error}", shown(path))))
}

/// Compiles a spec; an error if it has mistakes.
pub(crate) fn checked(path: &Path) -> Result<Connector, CommandError> {
    let Compiled {
        connector,
        diagnostics,
        ..
    } = read(path)?;
    connector.ok_or_else(|| CommandError::invalid(diagnostics.messages()))
}

/// A spec that can be run without a compiler.
pub(crate) fn open(path: &Path) -> Result<Connector, CommandError> {
    let connector = checked(path)?;
    let plan = &connector.plan;
    needs_no_rust(plan).map_err(|needs| {
        CommandError::usage(format!("cannot run `{}` here: {needs}", plan.name))
    })?;
    Ok(connector)
}

/// The variables of [`Connection`], where its arguments are not given.
const CLIENT_CERTIFICATE: &str = "REST_SOURCE_CLIENT_CERTIFICATE";
const CA_FILE: &str = "REST_SOURCE_CA_FILE";
const USER_AGENT: &str = "REST_SOURCE_USER_AGENT";

/// A transport over reqwest with the certificates and the proxy of the arguments, or of the environment.
fn transport(connection: &Connection, context: &Context) -> Result<Reqwest, CommandError> {
    let read = |path: &Path| {
        fs::read(path)
            .map_err(|error| CommandError::usage(format!("cannot read `{}`: {error}", shown(path))))
    };
    let unusable = |what: &str, error: TransportError| {
        let error = Error::new(ErrorKind::Config, error.message);
        CommandError::usage(format!("cannot use {what}: {error}"))
    };
    let invalid = |path: &Path, error| unusable(&format!("`{}`", shown(path)), error);
    let file = |argument: &Option<PathBuf>, variable: &str| match argument {
        Some(path) => Ok(Some(path.clone())),
        None => Ok::<_, CommandError>(context.environment(variable)?.map(PathBuf::from)),
    };
    let mut transport = Reqwest::new();
    if let Some(path) = file(&connection.client_certificate, CLIENT_CERTIFICATE)? {
        let certified = transport.client_certificate(read(&path)?);
        transport = certified.map_err(|error| invalid(&path, error))?;
    }
    if let Some(path) = file(&connection.ca_file, CA_FILE)? {
        let certified = transport.ca_certificates(read(&path)?);
        transport = certified.map_err(|error| invalid(&path, error))?;
    }
    if let Some(proxy) = &connection.proxy {
        let url = match proxy.strip_prefix("env:") {
            Some(name) => context.value(name)?.ok_or_else(|| {
                CommandError::usage(format!(
                    "`--proxy env:{name}`: the variable `{name}` is not set"
                ))
            })?,
            None => proxy.clone(),
        };
        let proxied = transport.proxy(url);
        transport = proxied.map_err(|error| unusable("the value of `--proxy`", error))?;
    }
    Ok(transport)
}

/// Builds the source's client with these settings, this refresh token file and this connection, within the budget. Its
/// exchanges are recorded, if there is a recording.
pub(crate) fn connect(
    plan: &Ref<SourcePlan>,
    settings: Vec<(String, String)>,
    token_file: &RefreshTokenFile,
    connection: &Connection,
    budget: RunBudget,
    recording: Option<&Recording>,
    context: &Context,
) -> Result<Client, CommandError> {
    let builder = Client::builder(plan).budget(budget);
    let builder = context.attach(plan, token_file.attach(builder))?;
    let transport = match context.own_transport() {
        Some(transport) => transport,
        None => Arc::new(transport(connection, context)?),
    };
    let builder = match recording {
        // With one request after another, none is sent beyond the limit.
        Some(recording) if recording.is_limited() => builder
            .transport(recording.transport(transport))
            .concurrency(1),
        Some(recording) => builder.transport(recording.transport(transport)),
        None => builder.transport(transport),
    };
    let builder = match &connection.base_url {
        Some(url) => builder.base_url(url.as_str()),
        None => builder,
    };
    let builder = match &connection.user_agent {
        Some(text) => builder.user_agent(text),
        None => match context.environment(USER_AGENT)? {
            Some(text) => builder.user_agent(text),
            None => builder,
        },
    };
    let builder = settings
        .into_iter()
        .fold(builder, |builder, (name, value)| {
            builder.setting(name, value)
        });
    Ok(builder.build().map_err(with_sources_help)?)
}

/// Adds to an error of secrets or settings how the command takes them.
pub(crate) fn with_sources_help(error: Error) -> Error {
    match error.kind() {
        ErrorKind::Config => error.with_help(
            "set the environment variables, or a setting by `--config NAME=VALUE`, or by `settings` in a project; \
             `rest-source secrets SPEC` lists where values are found",
        ),
        _ => error,
    }
}

/// Finds a resource by name.
pub(crate) fn resource(
    plan: &SourcePlan,
    name: Option<&str>,
) -> Result<Ref<ResourcePlan>, CommandError> {
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
        CommandError::usage(format!("{wrong}\n  help: its resources are `{names}`"))
    })
}
