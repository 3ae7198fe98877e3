//! `rest-source secrets`.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use rest_source::{
    Client,
    plan::{ConfigPlan, SecretPlan, SourcePlan},
};
use serde::Serialize;
use unicode_width::UnicodeWidthStr as _;

use crate::{
    args::setting,
    context::Context,
    error::CommandError,
    interrupt::NetworkCommand,
    printable::printable,
    refresh_token_file,
    spec::{self, shown},
    variables::{Origin, SecretSources},
};

/// List the secrets and settings of specs, and where their values are found
///
/// Sends no request, and prints no value. Exits with 2 if one is missing or invalid.
#[derive(Debug, clap::Args)]
pub(crate) struct Secrets {
    /// The specs, YAML files
    #[arg(required = true, value_name = "SPEC")]
    specs: Vec<PathBuf>,
    /// A setting of the spec, as for `fetch`. Repeatable
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    config: Vec<(String, String)>,
    /// File that stores a rotating OAuth 2 refresh token, as for `fetch`
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    #[command(flatten)]
    sources: SecretSources,
    /// Format of the list
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A readable table for each spec
    Text,
    /// One JSON object per line, for each secret and setting
    Json,
}

/// Lists the secrets and settings of specs.
pub(crate) fn run(args: Secrets, context: &Context) -> NetworkCommand {
    NetworkCommand::new(list(args, context.clone()), "interrupted")
}

async fn list(args: Secrets, context: Context) -> Result<(), CommandError> {
    let context = context.with_sources(&args.sources).await?;
    let mut failed: Option<CommandError> = None;
    for path in &args.specs {
        let connector = spec::checked(path)?;
        let (rows, mistake) = rows(path, &connector.plan, &args, &context)?;
        let text = match args.format {
            Format::Text => table(path, &connector.plan, &rows),
            Format::Json => lines(&rows)?,
        };
        context.console.print(&text)?;
        failed = match (failed, mistake) {
            (Some(before), Some(mistake)) => Some(before.and(mistake)),
            (before, mistake) => before.or(mistake),
        };
    }
    failed.map_or(Ok(()), Err)
}

/// A secret or setting, and where its value was found.
#[derive(Serialize)]
struct Row<'a> {
    spec: String,
    source: &'a str,
    kind: Kind,
    name: &'a str,
    variable: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    /// The choices of credentials that need it, if the source offers any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    choices: Vec<&'a str>,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Secret,
    Setting,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Environment,
    File,
    Credential,
    EnvFile,
    Command,
    Keyring,
    /// `--config`.
    Config,
    TokenFile,
    /// The spec's.
    Default,
    /// Not set, and not needed: an optional setting, or a secret of a choice of credentials that was not made.
    NotNeeded,
    Missing,
    Unreadable,
}

impl Status {
    fn of(origin: &Origin) -> (Self, Option<String>) {
        match origin {
            Origin::Environment => (Self::Environment, None),
            Origin::File(path) => (Self::File, Some(shown(path))),
            Origin::Credential(path) => (Self::Credential, Some(shown(path))),
            Origin::EnvFile(path) => (Self::EnvFile, Some(shown(path))),
            Origin::Command => (Self::Command, None),
            Origin::Keyring => (Self::Keyring, None),
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::File => "file",
            Self::Credential => "credential",
            Self::EnvFile => "env file",
            Self::Command => "secrets command",
            Self::Keyring => "keyring",
            Self::Config => "--config",
            Self::TokenFile => "token file",
            Self::Default => "default",
            Self::NotNeeded => "not needed",
            Self::Missing => "missing",
            Self::Unreadable => "unreadable",
        }
    }
}

/// The rows of a spec, and the error that a fetch would end with.
fn rows<'a>(
    path: &Path,
    plan: &'a SourcePlan,
    args: &Secrets,
    context: &Context,
) -> Result<(Vec<Row<'a>>, Option<CommandError>), CommandError> {
    let stored = match &args.token_file {
        Some(file) => Some((file, refresh_token_file::stored(plan, file, context)?)),
        None => None,
    };
    let mut mistake = None;
    let mut values = Vec::new();
    let mut rows = Vec::new();
    for secret in &plan.secrets {
        let mut row = Row::of_secret(path, plan, secret);
        let token = stored.as_ref().and_then(|(file, (token, value))| {
            (token.name == secret.name && value.is_some()).then(|| shown(file))
        });
        if let Some(file) = token {
            (row.status, row.path) = (Status::TokenFile, Some(file));
        } else {
            row.find(plan, context, &mut values, &mut mistake);
        }
        rows.push(row);
    }
    for setting in &plan.config {
        let mut row = Row::of_setting(path, plan, setting);
        if args.config.iter().any(|(name, _)| *name == *setting.name) {
            row.status = Status::Config;
        } else {
            row.find(plan, context, &mut values, &mut mistake);
        }
        rows.push(row);
    }
    skip_choices(plan, &mut rows);
    if mistake.is_none() {
        let token = stored.and_then(|(_, (token, value))| Some((token.name, value?)));
        mistake = invalid(plan, args, token, &values, context)?;
    }
    Ok((rows, mistake))
}

impl<'a> Row<'a> {
    fn of_secret(path: &Path, plan: &'a SourcePlan, secret: &'a SecretPlan) -> Self {
        let at = plan.secrets.iter().position(|one| one.name == secret.name);
        let needs = |choice: &&rest_source::plan::Choice| {
            choice.secrets.iter().any(|of| Some(usize::from(*of)) == at)
        };
        let choices = plan.choices.iter().filter(needs);
        Self {
            spec: shown(path),
            source: &plan.name,
            kind: Kind::Secret,
            name: &secret.name,
            variable: &secret.env,
            description: secret.description.as_deref().map(str::trim),
            choices: choices.map(|choice| choice.name.as_str()).collect(),
            status: Status::Missing,
            path: None,
        }
    }

    fn of_setting(path: &Path, plan: &'a SourcePlan, setting: &'a ConfigPlan) -> Self {
        Self {
            spec: shown(path),
            source: &plan.name,
            kind: Kind::Setting,
            name: &setting.name,
            variable: &setting.env,
            description: setting.description.as_deref().map(str::trim),
            choices: Vec::new(),
            status: match &setting.default {
                Some(_) => Status::Default,
                None if setting.optional => Status::NotNeeded,
                None => Status::Missing,
            },
            path: None,
        }
    }

    /// Looks its value up, and adds it to `values`.
    fn find(
        &mut self,
        plan: &SourcePlan,
        context: &Context,
        values: &mut Vec<String>,
        mistake: &mut Option<CommandError>,
    ) {
        match context.find(self.variable, plan) {
            Ok(Some((value, origin))) => {
                (self.status, self.path) = Status::of(&origin);
                values.push(value);
            }
            Ok(None) => {}
            Err(error) => {
                self.status = Status::Unreadable;
                *mistake = Some(match mistake.take() {
                    Some(before) => before.and(error),
                    None => error,
                });
            }
        }
    }
}

/// Once one choice of credentials has all its secrets, those of the others are not needed.
fn skip_choices(plan: &SourcePlan, rows: &mut [Row<'_>]) {
    let is_missing = |row: &Row<'_>| row.status == Status::Missing;
    let complete = plan.choices.iter().find(|choice| {
        let needs = |row: &&Row<'_>| row.choices.contains(&choice.name.as_str());
        !rows.iter().filter(needs).any(is_missing)
    });
    if complete.is_some() {
        for row in rows {
            if row.kind == Kind::Secret && is_missing(row) {
                row.status = Status::NotNeeded;
            }
        }
    }
}

/// The error of a fetch with these values, without the values.
fn invalid(
    plan: &SourcePlan,
    args: &Secrets,
    token: Option<(rest_source::shared::Text, rest_source::Secret)>,
    values: &[String],
    context: &Context,
) -> Result<Option<CommandError>, CommandError> {
    let mut builder = context.attach(plan, Client::builder(plan.clone()))?;
    if let Some((name, token)) = token {
        builder = builder.secret(name.to_string(), token);
    }
    for (name, value) in &args.config {
        builder = builder.setting(name, value);
    }
    Ok(builder.build().err().map(|error| {
        let mut message = spec::with_sources_help(error).to_string();
        for value in values {
            message = message.replace(&format!("found `{value}`"), "found another value");
        }
        CommandError::usage(message)
    }))
}

fn lines(rows: &[Row<'_>]) -> Result<String, CommandError> {
    let mut text = String::new();
    for row in rows {
        text += &serde_json::to_string(row)
            .map_err(|error| CommandError::failed(format!("cannot write JSON: {error}")))?;
        text.push('\n');
    }
    Ok(text)
}

fn table(path: &Path, plan: &SourcePlan, rows: &[Row<'_>]) -> String {
    let mut text = format!("{} ({})\n", plan.name, shown(path));
    if rows.is_empty() {
        text += "  no secrets and no settings\n";
    }
    let cells: Vec<[String; 4]> = rows.iter().map(Row::cells).collect();
    let width = |at: usize| cells.iter().map(|row| row[at].width()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    for row in &cells {
        let mut line = String::from(" ");
        for (at, cell) in row.iter().enumerate() {
            line.push(' ');
            line += cell;
            let padding = widths.get(at).map_or(0, |width| width - cell.width() + 1);
            line.extend(std::iter::repeat_n(' ', padding));
        }
        text += line.trim_end();
        text.push('\n');
    }
    printable(&text, &['\n'])
}

impl Row<'_> {
    /// The variable, what it is of, where it was found, and the description.
    fn cells(&self) -> [String; 4] {
        let kind = match self.kind {
            Kind::Secret => "secret",
            Kind::Setting => "setting",
        };
        let mut of = format!("{kind} `{}`", self.name);
        if !self.choices.is_empty() {
            of += " for `";
            of += &self.choices.join("`, `");
            of.push('`');
        }
        let mut status = self.status.words().to_owned();
        if let Some(path) = &self.path {
            status += " ";
            status += path;
        }
        let description = self.description.unwrap_or_default();
        [
            self.variable.to_owned(),
            of,
            status,
            description.split_whitespace().collect::<Vec<_>>().join(" "),
        ]
    }
}
