//! `rest-source status`: the last loads into a destination.

use std::{path::Path, time::Duration};

use clap::ValueEnum;
use rest_source::Timestamp;
use rest_source_load::LastLoad;
use serde_json::json;
use unicode_width::UnicodeWidthStr as _;

use crate::{
    budget::duration,
    context::Context,
    destination::{self, To},
    error::CommandError,
    interrupt::NetworkCommand,
    variables::SecretSources,
};

/// Show the last load of each resource in a destination, by its history of loads
///
/// Sends no request to an API and needs no secret of one. With `--max-age`, exits with 4 if the last success of any
/// resource is older, for an alarm.
#[derive(Debug, clap::Args)]
pub(crate) struct Status {
    /// The destination, as for `load`
    #[arg(long, value_name = "DESTINATION", value_parser = destination::argument)]
    pub(crate) to: To,
    /// The schema of a Postgres database, instead of the first of its search path
    #[arg(long, value_name = "NAME")]
    pub(crate) schema: Option<String>,
    /// Only this source, with every prefix of its tables, or `SOURCE/PREFIX`. Repeatable
    #[arg(long, value_name = "NAME")]
    pub(crate) source: Vec<String>,
    /// Exit with 4 if a resource was never loaded as a whole, or not within this time, such as `90m` or `24h`
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) max_age: Option<Duration>,
    /// Output format
    #[arg(long, value_enum, default_value_t = StatusFormat::Table)]
    pub(crate) format: StatusFormat,
    #[command(flatten)]
    pub(crate) secrets: SecretSources,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatusFormat {
    /// Aligned columns; the last error below its line
    Table,
    /// One JSON document
    Json,
}

pub(crate) fn run(args: Status, context: &Context) -> NetworkCommand {
    NetworkCommand::new(status(args, context.clone()), "interrupted")
}

async fn status(args: Status, context: Context) -> Result<(), CommandError> {
    let context = context.with_sources(&args.secrets).await?;
    let to = destination::resolve(args.to, &context)?;
    check_exists(&to)?;
    let destination = destination::open(to, args.schema, &context).await?;
    let mut loads = destination.last_loads().await?;
    if !args.source.is_empty() {
        loads.retain(|one| {
            // With the prefix of its tables, a source is `shop/eu_`.
            let (source, _) = one
                .load
                .source
                .split_once('/')
                .unwrap_or((&one.load.source, ""));
            args.source
                .iter()
                .any(|name| *name == one.load.source || name == source)
        });
    }
    let now = context.now();
    let console = &context.console;
    match args.format {
        StatusFormat::Json => console.print(&json_text(&loads, now))?,
        StatusFormat::Table if loads.is_empty() => {
            console.say("no load is recorded");
            true
        }
        StatusFormat::Table => console.print(&table(&loads, now))?,
    };
    match args.max_age {
        Some(max_age) => check_age(&loads, now, max_age),
        None => Ok(()),
    }
}

/// Rejects a database that does not exist: opening it would create it.
pub(crate) fn check_exists(to: &To) -> Result<(), CommandError> {
    let (To::Sqlite(path) | To::DuckDb(path)) = to else {
        return Ok(());
    };
    if Path::new(path).exists() {
        return Ok(());
    }
    Err(CommandError::usage(format!(
        "there is no database `{}`\n  help: name the destination as for `load`",
        path.display()
    )))
}

fn check_age(loads: &[LastLoad], now: Timestamp, max_age: Duration) -> Result<(), CommandError> {
    let most = age_text(max_age);
    let late = |one: &LastLoad| {
        let name = name(one);
        match one.last_success {
            None => Some(format!("{name} was never loaded as a whole")),
            Some(at) => {
                let age = age(at, now);
                (age > max_age).then(|| {
                    let age = age_text(age);
                    format!("the last success of {name} is {age} old, more than {most}")
                })
            }
        }
    };
    let none = loads.is_empty().then(|| "no load is recorded".to_owned());
    let late = loads.iter().filter_map(late).chain(none);
    match late.map(CommandError::incomplete).reduce(CommandError::and) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

fn name(one: &LastLoad) -> String {
    let load = &one.load;
    match &*load.part {
        "" => format!("`{}` of `{}`", load.resource, load.source),
        part => format!(
            "`{}` of `{}` ({})",
            load.resource,
            load.source,
            part.replace('\n', ", ")
        ),
    }
}

/// How long ago this was; nothing if it is in the future.
fn age(at: Timestamp, now: Timestamp) -> Duration {
    let seconds = now.epoch_seconds().saturating_sub(at.epoch_seconds());
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

/// `5 s`, `12 min`, `3 h 10 min`, `2 d 4 h`.
fn age_text(age: Duration) -> String {
    let seconds = age.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    let with = |text: String, rest: u64, unit: &str| match rest {
        0 => text,
        rest => format!("{text} {rest} {unit}"),
    };
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{minutes} min"),
        3_600..86_400 => with(format!("{hours} h"), minutes % 60, "min"),
        _ => with(format!("{days} d"), hours % 24, "h"),
    }
}

/// `12 min ago`.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> String {
    format!("{} ago", age_text(age(at, now)))
}

fn table(loads: &[LastLoad], now: Timestamp) -> String {
    let titles = [
        "source",
        "resource",
        "last load",
        "status",
        "rows",
        "last success",
    ];
    let ago = |at: Timestamp| ago(at, now);
    let lines: Vec<[String; 6]> = loads
        .iter()
        .map(|one| {
            let load = &one.load;
            let resource = match &*load.part {
                "" => load.resource.to_string(),
                part => format!("{} ({})", load.resource, part.replace('\n', ", ")),
            };
            [
                load.source.to_string(),
                resource,
                ago(load.started),
                load.status.word().to_owned(),
                load.rows.to_string(),
                one.last_success.map_or_else(|| "never".to_owned(), ago),
            ]
        })
        .collect();
    let titles = titles.map(str::to_owned);
    let all = || std::iter::once(&titles).chain(&lines);
    let width = |column: usize| all().map(|line| line[column].width()).max().unwrap_or(0);
    let widths: [usize; 6] = std::array::from_fn(width);
    let mut text = String::new();
    for (at, line) in all().enumerate() {
        for (column, (cell, width)) in line.iter().zip(widths).enumerate() {
            let padding = " ".repeat(width - cell.width());
            // Numbers are aligned to the right.
            let cell = match column {
                4 => format!("{padding}{cell}"),
                5 => cell.clone(),
                _ => format!("{cell}{padding}"),
            };
            text.push_str(if column == 0 { "" } else { "  " });
            text.push_str(&cell);
        }
        text.push('\n');
        let load = at.checked_sub(1).and_then(|at| loads.get(at));
        if let Some(error) = load.and_then(|one| one.load.error.as_ref()) {
            text.push_str("  error: ");
            text.push_str(error.lines().next().unwrap_or_default());
            text.push('\n');
        }
    }
    text
}

fn json_text(loads: &[LastLoad], now: Timestamp) -> String {
    let loads: Vec<_> = loads
        .iter()
        .map(|one| {
            let load = &one.load;
            json!({
                "source": load.source.as_str(),
                "resource": load.resource.as_str(),
                "partition": load.part,
                "run": load.run.as_str(),
                "started": load.started.to_string(),
                "ended": load.ended.map(|at| at.to_string()),
                "age_seconds": age(load.started, now).as_secs(),
                "status": load.status.word(),
                "rows": load.rows,
                "requests": load.requests,
                "waited": load.waited.as_secs_f64(),
                "error": load.error,
                "last_success": one.last_success.map(|at| at.to_string()),
            })
        })
        .collect();
    format!("{:#}\n", json!({ "version": 1, "loads": loads }))
}
