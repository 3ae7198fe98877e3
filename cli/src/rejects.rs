//! `rest-source rejects`: the records that loads set aside and kept.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use rest_source::{RunBudget, Timestamp};
use rest_source_load::{Destination, RejectQuery, StoredReject};
use serde_json::{Value, json};

use crate::{
    args::{Connection, SourceAccess, setting},
    context::Context,
    destination::{self, To},
    error::CommandError,
    interrupt::{NetworkCommand, TokenRequests},
    lock::LockOptions,
    report::{ReportOptions, RunReport},
    source_load::{self, BaseLoadOptions, SourceLoad, SourceSpec},
    status::{ago, check_exists},
    variables::SecretSources,
};

/// How many records are read at a time.
const AT_ONCE: u32 = 500;

/// Show or replay the records that loads with `--keep-rejects` set aside
///
/// `schema_contract: {data_type: discard_row}` sets records aside that do not fit the spec. Sends no request to an API.
#[derive(Debug, Subcommand)]
pub(crate) enum RejectsCommand {
    Show(ShowRejects),
    Replay(ReplayRejects),
}

/// Show the records that are kept: why and when they were set aside
///
/// The records themselves are printed with `--format jsonl`.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowRejects {
    /// The destination, a database, as for `load`
    #[arg(long, value_name = "DESTINATION", value_parser = destination::argument)]
    to: To,
    /// The schema of a Postgres database, instead of the first of its search path
    #[arg(long, value_name = "NAME")]
    schema: Option<String>,
    /// Only this source; `SOURCE/PREFIX` with a table prefix
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Only this resource. Repeatable
    #[arg(long, value_name = "NAME")]
    resource: Vec<String>,
    /// The most records to show
    #[arg(long, value_name = "RECORDS", default_value_t = 20)]
    limit: u64,
    /// Output format
    #[arg(long, value_enum, default_value_t = RejectsFormat::Text)]
    format: RejectsFormat,
    #[command(flatten)]
    secrets: SecretSources,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RejectsFormat {
    /// Two lines for each record: resource, age, request and line of the spec; the reason
    Text,
    /// One JSON object per line, with the record
    Jsonl,
}

/// Read the records that are kept again by the spec as it is now, and load those that fit
///
/// Loaded records are no longer kept. Of those that still do not fit, the first errors are printed. A record whose key has
/// a row in its table stays, because the row may be newer, and so do records that a later load may have deleted or replaced,
/// or that the next load may append. Exits with 4 if a record is left.
#[derive(Debug, clap::Args)]
pub(crate) struct ReplayRejects {
    /// The spec, a YAML file
    spec: PathBuf,
    /// The resources, instead of all selected ones
    #[arg(value_name = "RESOURCE")]
    resources: Vec<String>,
    /// The destination, a database, as for `load`
    #[arg(long, value_name = "DESTINATION", value_parser = destination::argument)]
    to: To,
    /// The schema of a Postgres database, instead of the first of its search path
    #[arg(long, value_name = "NAME")]
    schema: Option<String>,
    /// The prefix of the tables, as for `load`
    #[arg(long, value_name = "PREFIX")]
    table_prefix: Option<String>,
    /// Write all records that fit, also where a row of their key is stored, or a load may have deleted or may append them
    #[arg(long)]
    overwrite: bool,
    /// Write the columns `_loaded_at` and `_load_id` with each row, as for `load`
    #[arg(long)]
    stamp_rows: bool,
    /// Accept rows of another request: another setting, path, parameter or base URL
    #[arg(long)]
    keep_state: bool,
    /// A setting of the spec; overrides the environment. Repeatable
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting)]
    config: Vec<(String, String)>,
    /// Another base URL than the spec's, as for `load`
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    #[command(flatten)]
    lock: LockOptions,
    #[command(flatten)]
    secrets: SecretSources,
}

pub(crate) fn run(command: RejectsCommand, context: &Context) -> NetworkCommand {
    let context = context.clone();
    let done = async move {
        match command {
            RejectsCommand::Show(args) => show(args, &context).await,
            RejectsCommand::Replay(args) => replay(args, &context).await,
        }
    };
    NetworkCommand::new(done, "interrupted")
}

async fn show(args: ShowRejects, context: &Context) -> Result<(), CommandError> {
    let context = context.with_sources(&args.secrets).await?;
    let to = destination::resolve(args.to, &context)?;
    check_exists(&to)?;
    let destination = destination::open(to, args.schema, &context).await?;
    let matches = |one: &StoredReject| {
        let is_of_source = args
            .source
            .as_ref()
            .is_none_or(|source| one.key.source == *source);
        is_of_source && (args.resource.is_empty() || args.resource.contains(&one.key.resource))
    };
    let mut query = RejectQuery::first(AT_ONCE);
    let mut count = 0;
    loop {
        let kept = destination.rejects(&query).await?;
        let Some(last) = kept.last() else { break };
        query = query.after(last);
        for one in kept.iter().filter(|one| matches(one)) {
            count += 1;
            if count > args.limit {
                continue;
            }
            let text = match args.format {
                RejectsFormat::Text => text(one, context.now()),
                RejectsFormat::Jsonl => format!("{}\n", json_line(one)),
            };
            if !context.console.print(&text)? {
                return Ok(());
            }
        }
    }
    match count.saturating_sub(args.limit) {
        _ if count == 0 => context.console.say("no record is kept"),
        0 => {}
        more => context
            .console
            .say(format_args!("{more} more: `--limit` shows them")),
    }
    Ok(())
}

fn text(one: &StoredReject, now: Timestamp) -> String {
    let resource = match &*one.key.part {
        "" => one.key.resource.clone(),
        part => format!("{} ({})", one.key.resource, part.replace('\n', ", ")),
    };
    let stored = one.stored.map_or_else(String::new, |at| ago(at, now));
    let line = match one.reject.line {
        0 => String::new(),
        line => format!(", line {line} of the spec"),
    };
    format!(
        "{} {resource}: {stored}, {}{line}\n  {}\n",
        one.key.source, one.reject.request, one.reject.reason
    )
}

fn json_line(one: &StoredReject) -> Value {
    let json = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    json!({
        "source": one.key.source,
        "resource": one.key.resource,
        "settings": one.key.part,
        "run": one.run.as_str(),
        "stored": one.stored.map(|at| at.to_string()),
        "reason": one.reject.reason,
        "line": one.reject.line,
        "request": one.reject.request,
        "included": json(&one.reject.included),
        "record": json(&one.reject.record),
    })
}

async fn replay(args: ReplayRejects, context: &Context) -> Result<(), CommandError> {
    let options = BaseLoadOptions {
        table_prefix: args.table_prefix,
        stamp_rows: args.stamp_rows,
        resource: args.resources,
        keep_state: args.keep_state,
        ..BaseLoadOptions::default()
    };
    let plan = source_load::check(&args.spec, &options)?;
    let context = context.with_sources(&args.secrets).await?;
    let report = RunReport::begin("rejects", &ReportOptions::default(), &context)?.source(&plan);
    let source = SourceSpec {
        access: SourceAccess {
            config: args.config,
            connection: Connection {
                base_url: args.base_url,
                ..Connection::default()
            },
            ..SourceAccess::default()
        },
        budget: RunBudget::new(),
        lock: args.lock.clone(),
        options: options.into(),
    };
    let source = SourceLoad::open(&plan, source, report, TokenRequests::default(), &context)?;
    let to = destination::resolve(args.to, &context)?;
    check_exists(&to)?;
    let database: Box<dyn Destination> =
        args.lock.open(&to, args.schema.as_ref(), &context).await?;
    let report = source.replay_rejects(&*database, args.overwrite).await?;
    context.console.say(&report);
    if report.is_complete() {
        Ok(())
    } else {
        Err(CommandError::incomplete(
            "records that were set aside are left",
        ))
    }
}
