//! `rest-source test`: replays saved fetches, and compares their records with snapshots.

mod transport;

use std::{
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use rest_source::{State, plan::SourcePlan, shared::Ref};
use rest_source_mock::{ManualClock, PlanMock};
use similar::{ChangeTag, TextDiff};

use self::transport::{Replay, SavedExchange};
use crate::{
    args::{Connection, Fetch, Format, SourceAccess},
    context::{Context, Output},
    error::CommandError,
    exchange::{FetchRecord, SavedPage},
    fetch::{Run, fetch_since},
    file::{self, Access},
    interrupt::{LastWrite, NetworkCommand, TokenRequests},
    printable::printable,
    report::{ReportOptions, RunReport},
    spec::{self, shown},
};

/// How many lines of a difference are shown.
const SHOWN_LINES: usize = 20;

/// Replay saved fetches without a network, and compare their records with snapshots
///
/// `fetch --save DIR` keeps the responses of a fetch. This sends the same fetch again, answers it with them, and
/// compares the records with the file `RESOURCE.records.jsonl` in DIR. It needs no secret. Fails if a record differs,
/// if a request is not among the saved ones, or if a saved one is not sent.
#[derive(Debug, clap::Args)]
pub(crate) struct Test {
    /// The spec, a YAML file
    spec: PathBuf,
    /// Resources to test, instead of all that were saved
    #[arg(value_name = "RESOURCE")]
    resources: Vec<String>,
    /// The folder of `fetch --save`
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// Write the snapshots, instead of comparing with them
    #[arg(long)]
    update: bool,
}

/// Replays each saved fetch.
pub(crate) fn run(args: Test, context: &Context) -> NetworkCommand {
    let context = context.clone();
    NetworkCommand::new(async move { test(&args, &context).await }, "interrupted")
}

async fn test(args: &Test, context: &Context) -> Result<(), CommandError> {
    let plan = spec::open(&args.spec)?.plan;
    let mut failures = Vec::new();
    for resource in saved_resources(args, &plan)? {
        match replay(args, &plan, &resource).await? {
            Ok(records) => failures.extend(compare(args, context, &resource, &records)?),
            Err(failure) => failures.push(failure),
        }
    }
    if failures.is_empty() {
        return Ok(());
    }
    Err(CommandError::invalid(failures))
}

/// The resources to test.
///
/// # Errors
///
/// If nothing was saved of one of them, or the spec does not have it.
fn saved_resources(args: &Test, plan: &SourcePlan) -> Result<Vec<String>, CommandError> {
    let saved = FetchRecord::resources(&args.from)?;
    let folder = shown(&args.from);
    let missing = |resource: &str| {
        CommandError::usage(format!(
            "`{folder}` has no fetch of `{resource}`\n  help: save one by `rest-source fetch {} {resource} --save {folder}`",
            shown(&args.spec)
        ))
    };
    for name in &args.resources {
        if !saved.contains(name) {
            spec::resource(plan, Some(name))?;
            return Err(missing(name));
        }
    }
    if saved.is_empty() {
        let first = plan.resources.first();
        return Err(missing(first.map_or("RESOURCE", |one| one.name.as_str())));
    }
    for name in &saved {
        spec::resource(plan, Some(name))?;
    }
    let is_wanted = |name: &String| args.resources.is_empty() || args.resources.contains(name);
    Ok(saved.into_iter().filter(is_wanted).collect())
}

/// The records of a saved fetch as JSON Lines, or the reason why it fails now.
async fn replay(
    args: &Test,
    plan: &Ref<SourcePlan>,
    resource: &str,
) -> Result<Result<String, String>, CommandError> {
    let record = FetchRecord::read(&args.from, resource)?;
    let mut mock = PlanMock::new(plan);
    for (name, value) in &record.settings {
        mock = mock.setting(name, value);
    }
    let mock = mock.start()?;
    let variables = mock.variables();
    let replay = Replay::new(exchanges(&args.from, resource)?, mock);
    let output = Output::default();
    let began = record.began().unwrap_or_else(SystemTime::now);
    let context = variables
        .into_iter()
        .fold(Context::default(), |context, (name, value)| {
            context.variable(name, value)
        })
        .output(&output)
        .clock(ManualClock::starting_at(began))
        .transport(replay.clone());
    let state = (record.state.as_ref())
        .map(|state| State::from_json(&state.to_string()))
        .transpose()?;
    // A request that was under way when a limit was reached may have been saved.
    let is_whole = record.limit.is_none() && record.pages.is_none();
    let run = Run {
        report: RunReport::begin("test", &ReportOptions::default(), &context)?,
        context,
        token_requests: TokenRequests::default(),
        last_write: LastWrite::default(),
    };
    let done = fetch_since(fetch_args(args, resource, record), state, run).await;
    let unsent = replay.unsent();
    Ok(match done {
        Err(error) => Err(failure(resource, &error.to_string(), &unsent)),
        Ok(()) if is_whole && !unsent.is_empty() => Err(failure(
            resource,
            "it does not send all requests that were saved",
            &unsent,
        )),
        Ok(()) => Ok(output.stdout()),
    })
}

/// The saved responses of a resource.
fn exchanges(folder: &Path, resource: &str) -> Result<Vec<SavedExchange>, CommandError> {
    let mut exchanges = Vec::new();
    let prefix = format!("{resource}-");
    let mut files = SavedPage::files(&[folder.to_owned()])?;
    files.retain(|file| {
        let name = file.file_name().unwrap_or_default();
        name.to_string_lossy().starts_with(&prefix)
    });
    for file in files {
        let saved = SavedPage::read(&file)?;
        let Some(description) = saved.description else {
            continue;
        };
        if description.resource == resource {
            exchanges.push(SavedExchange {
                request: description.request,
                response: description.response,
                body: saved.body,
            });
        }
    }
    Ok(exchanges)
}

/// The arguments of a saved fetch.
fn fetch_args(args: &Test, resource: &str, record: FetchRecord) -> Fetch {
    Fetch {
        spec: args.spec.clone(),
        resource: Some(resource.to_owned()),
        limit: record.limit,
        param: record.params,
        since: record.since,
        until: record.until,
        keep_state: true,
        access: SourceAccess {
            config: record.settings,
            connection: Connection {
                base_url: record.base_url,
                ..Connection::default()
            },
            ..SourceAccess::default()
        },
        pages: record.pages,
        format: Format::Jsonl,
        ..Fetch::default()
    }
}

/// Why a fetch is not as it was, with saved requests that it did not send.
fn failure(resource: &str, problem: &str, unsent: &[String]) -> String {
    let mut text = format!("the fetch of `{resource}` has changed: {problem}");
    if let Some(first) = unsent.first() {
        let others = match unsent.len() - 1 {
            0 => String::new(),
            others => format!(" and {others} more"),
        };
        let first = printable(first, &[]);
        write!(text, "\n  saved, but not sent: `{first}`{others}").unwrap_or_default();
    }
    text + "\n  help: if that is right, delete what was saved, and save it again"
}

/// Compares records with the snapshot, or writes it. Returns the difference, if there is one.
fn compare(
    args: &Test,
    context: &Context,
    resource: &str,
    records: &str,
) -> Result<Option<String>, CommandError> {
    let path = args.from.join(format!("{resource}.records.jsonl"));
    let name = shown(&path);
    let count = records.lines().count();
    if args.update {
        file::replace(&path, records, Access::Unchanged)
            .map_err(|error| CommandError::failed(format!("cannot write `{name}`: {error}")))?;
        context.console.say(format_args!(
            "{resource}: {count} records written to `{name}`"
        ));
        return Ok(None);
    }
    let snapshot = match fs::read_to_string(&path) {
        Ok(snapshot) => snapshot,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(CommandError::usage(format!(
                "`{name}` is missing\n  help: read the records, and write it by `--update`"
            )));
        }
        Err(error) => {
            return Err(CommandError::usage(format!(
                "cannot read `{name}`: {error}"
            )));
        }
    };
    if snapshot == records {
        context
            .console
            .say(format_args!("{resource}: {count} records as expected"));
        return Ok(None);
    }
    Ok(Some(format!(
        "records of `{resource}` are not those of `{name}`\n{}  help: if they are right, write them by `--update`",
        difference(&snapshot, records)
    )))
}

/// The first lines that differ.
fn difference(snapshot: &str, records: &str) -> String {
    let diff = TextDiff::from_lines(snapshot, records);
    let changes = diff.iter_all_changes();
    let changes = changes.filter(|change| change.tag() != ChangeTag::Equal);
    let mut text = String::new();
    let mut omitted = 0;
    for (at, change) in changes.enumerate() {
        if at >= SHOWN_LINES {
            omitted += 1;
            continue;
        }
        let line = printable(change.value().trim_end_matches('\n'), &[]);
        writeln!(text, "  {}{line}", change.tag()).unwrap_or_default();
    }
    if omitted > 0 {
        writeln!(text, "  and {omitted} more lines").unwrap_or_default();
    }
    text
}
