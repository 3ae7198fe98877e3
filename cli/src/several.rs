//! Loads of several sources at the same time, and their one report.

use std::{future::Future, pin::Pin};

use futures_util::{StreamExt, stream};
use rest_source_load::LoadReport;

use crate::{
    console::Console,
    error::{CommandError, Exit},
    source_load::SourceLoad,
};

/// A source that could be opened, or why it could not.
pub(crate) struct Opened {
    pub(crate) name: String,
    /// Identifies its destination.
    pub(crate) destination: usize,
    /// Identifies its database. Several destinations may name one.
    pub(crate) database: usize,
    pub(crate) load: Result<SourceLoad, CommandError>,
}

impl Opened {
    /// Rejects each source that would write a table of one before it.
    pub(crate) fn check_tables(sources: &mut [Self]) {
        let mut written: Vec<(usize, String, String)> = Vec::new();
        for source in sources {
            let Ok(load) = &source.load else {
                continue;
            };
            let tables: Vec<String> = load
                .resources()
                .map(|resource| load.table(resource).to_string())
                .collect();
            let twice = tables.iter().find_map(|table| {
                let mut before = written.iter();
                let found = before.find(|(database, name, _)| {
                    *database == source.database && name.eq_ignore_ascii_case(table)
                })?;
                Some((table, &found.2))
            });
            if let Some((table, other)) = twice {
                source.load = Err(CommandError::usage(format!(
                    "`{}` would write the table `{table}`, which `{other}` writes too\n  \
                     help: give one of them a prefix of its tables (`--table-prefix`, or `table_prefix` in a project \
                     file), or load them into different databases",
                    source.name
                )));
                continue;
            }
            let (database, name) = (source.database, &source.name);
            written.extend(
                tables
                    .into_iter()
                    .map(|table| (database, table, name.clone())),
            );
        }
    }
}

/// The load of a source.
pub(crate) struct Job<'a> {
    name: String,
    load: Pin<Box<dyn Future<Output = Result<LoadReport, CommandError>> + Send + 'a>>,
}

impl<'a> Job<'a> {
    pub(crate) fn new(
        name: String,
        load: impl Future<Output = Result<LoadReport, CommandError>> + Send + 'a,
    ) -> Self {
        Self {
            name,
            load: Box::pin(load),
        }
    }
}

/// What became of a source.
pub(crate) struct Outcome {
    pub(crate) name: String,
    pub(crate) loaded: Result<LoadReport, CommandError>,
}

/// Runs the loads, at most so many at the same time. A failure of one leaves the others. The outcomes have the order of
/// the jobs.
pub(crate) async fn run_all(jobs: Vec<Job<'_>>, at_once: usize) -> Vec<Outcome> {
    let mut running = Vec::new();
    for (at, job) in jobs.into_iter().enumerate() {
        running.push(run_one(at, job));
    }
    let mut ended: Vec<_> = stream::iter(running)
        .buffer_unordered(at_once)
        .collect()
        .await;
    ended.sort_by_key(|(at, _)| *at);
    ended.into_iter().map(|(_, outcome)| outcome).collect()
}

fn run_one<'a>(
    at: usize,
    job: Job<'a>,
) -> Pin<Box<dyn Future<Output = (usize, Outcome)> + Send + 'a>> {
    Box::pin(async move {
        let loaded = job.load.await;
        let name = job.name;
        (at, Outcome { name, loaded })
    })
}

/// Prints what became of each source, and a summary. The error has the lowest exit code of those that are not loaded.
pub(crate) fn report(outcomes: Vec<Outcome>, console: &Console) -> Result<(), CommandError> {
    let all = outcomes.len();
    let mut exits = Vec::new();
    for Outcome { name, loaded } in outcomes {
        console.say(format_args!("{name}:"));
        match loaded {
            Ok(report) => console.say(format_args!("{report:#}")),
            Err(error) => {
                exits.push(error.exit());
                error.report(console);
            }
        }
        console.say("");
    }
    let incomplete = exits
        .iter()
        .filter(|exit| **exit == Exit::Incomplete)
        .count();
    let failed = exits.len() - incomplete;
    let counts = [
        (all - exits.len(), "loaded"),
        (incomplete, "incomplete"),
        (failed, "failed"),
    ];
    let counts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let s = if all == 1 { "" } else { "s" };
    console.say(format_args!("{all} source{s}: {}", counts.join(", ")));
    match exits.into_iter().min() {
        Some(exit) => Err(CommandError::reported(exit)),
        None => Ok(()),
    }
}
