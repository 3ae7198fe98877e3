//! `rest-source report`: an HTML page about runs.

mod charts;
mod load;
mod page;
mod saved_report;
mod text;

use std::path::PathBuf;

use crate::{
    context::Context,
    destination::{self, To},
    error::CommandError,
    file::{self, Access},
    interrupt::NetworkCommand,
    report::check_replaceable,
    status::check_exists,
    variables::SecretSources,
};

use load::Load;
use page::Page;
use saved_report::SavedReport;

/// What stands at the start of a page.
const MARK: &str = "<meta name=\"generator\" content=\"rest-source report\">";

/// `--html -`: stdout.
const STDOUT: &str = "-";

/// Write an HTML page about runs: their rows, throughput, requests, waits and errors
///
/// Reads the history of loads in a destination, and reports that `--report` wrote. The page is self-contained: it needs no
/// network and no script. Sends no request to an API.
#[derive(Debug, clap::Args)]
pub(crate) struct RunsPage {
    /// Files that `fetch`, `load` and `run` wrote by `--report`. Each gets a timeline of its requests and waits
    #[arg(value_name = "REPORT", required_unless_present = "to")]
    reports: Vec<PathBuf>,
    /// File to write the page to; `-` is stdout
    #[arg(long, value_name = "FILE")]
    html: PathBuf,
    /// The destination whose history of loads is shown, as for `load`
    #[arg(long, value_name = "DESTINATION", value_parser = destination::argument)]
    to: Option<To>,
    /// The schema of a Postgres database, instead of the first of its search path
    #[arg(long, value_name = "NAME", requires = "to")]
    schema: Option<String>,
    /// Only this source. Repeatable
    #[arg(long, value_name = "NAME")]
    source: Vec<String>,
    /// The maximum number of loads of resources to read from the history, the latest ones
    #[arg(long, value_name = "LOADS", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    last: u64,
    #[command(flatten)]
    secrets: SecretSources,
}

pub(crate) fn run(args: RunsPage, context: &Context) -> NetworkCommand {
    NetworkCommand::new(write(args, context.clone()), "interrupted")
}

async fn write(args: RunsPage, context: Context) -> Result<(), CommandError> {
    if args.html.as_os_str() != STDOUT {
        check_replaceable(&args.html, "a page of `rest-source report`", |start| {
            start.contains(MARK)
        })?;
    }
    let reports = args.reports.iter().map(|path| SavedReport::read(path));
    let mut reports = reports.collect::<Result<Vec<_>, _>>()?;
    for report in &mut reports {
        report.keep_sources(&args.source);
    }
    let context = context.with_sources(&args.secrets).await?;
    let history = match args.to {
        None => None,
        Some(to) => {
            let to = destination::resolve(to, &context)?;
            check_exists(&to)?;
            let destination = destination::open(to, args.schema, &context).await?;
            let mut history = destination.history(args.last).await?;
            let is_shown =
                |name: &str| args.source.is_empty() || args.source.iter().any(|one| one == name);
            history.retain(|load| is_shown(&load.source));
            Some(history.iter().map(Load::of_history).collect())
        }
    };
    let page = Page::new(history, &reports, context.now());
    let text = rest_source_build::templates::report_page(&page)
        .map_err(|error| CommandError::failed(format!("cannot make the page: {error}")))?;
    if args.html.as_os_str() == STDOUT {
        context.console.print(&text)?;
        return Ok(());
    }
    file::replace(&args.html, &text, Access::Unchanged).map_err(|error| {
        CommandError::failed(format!("cannot write `{}`: {error}", args.html.display()))
    })?;
    context
        .console
        .say(format_args!("page written to `{}`", args.html.display()));
    Ok(())
}
