//! The report of a run for programs: `--report` as JSON and `--metrics` as OpenMetrics text.

mod metrics;
mod timeline;

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rest_source::{
    Completeness, Error, ErrorKind, Report, Timestamp,
    plan::{ResourcePlan, SourcePlan},
};
use rest_source_load::{
    Differences, LoadError, LoadReport, Progress, ResourceReport, VerifiedResource, VerifyReport,
};
use serde::Serialize;
use tracing::Subscriber;
use tracing_subscriber::{Layer, registry::LookupSpan};

use crate::{
    console::Console,
    context::Context,
    error::{CommandError, Exit},
    file::{self, Access},
};

pub(crate) use timeline::since;
use timeline::{Timeline, Timelines};

/// The JSON Schema of reports.
pub(crate) const SCHEMA: &str = include_str!("report/report.schema.json");

/// The version of the form of reports. It is raised when a consumer of the last one would no longer understand them.
pub(crate) const VERSION: u32 = 1;

/// What stands at the start of a report, and of metrics.
const REPORT_MARK: &str = "\"rest_source\":";
const METRICS_MARK: &str = "# ";
/// In so many bytes.
const MARKED_BYTES: u64 = 200;

/// `--report -`: stdout.
const STDOUT: &str = "-";

/// Which reports a command writes for programs.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct ReportOptions {
    /// Write a report of the run as JSON, also of one that fails or is interrupted; `-` is stdout. Its schema:
    /// `rest-source schema report`
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Write metrics of the run as OpenMetrics text, such as for the textfile collector of Prometheus
    #[arg(long, value_name = "FILE")]
    pub(crate) metrics: Option<PathBuf>,
}

/// The report of a run that has begun. Clones share it.
#[derive(Clone)]
pub(crate) struct RunReport {
    options: ReportOptions,
    shared: Arc<Mutex<Run>>,
    timelines: Timelines,
}

/// A run, as `--report` writes it.
#[derive(Debug, Serialize)]
struct Run {
    version: u32,
    rest_source: &'static str,
    command: &'static str,
    #[serde(serialize_with = "as_text")]
    started: Timestamp,
    #[serde(serialize_with = "as_text")]
    ended: Timestamp,
    status: &'static str,
    exit_code: u8,
    sources: Vec<Source>,
    /// Errors that are of no source.
    errors: Vec<Message>,
}

/// A source of a run.
#[derive(Debug, Serialize)]
struct Source {
    #[serde(rename = "source")]
    name: String,
    /// Its name in the project, where several sources may have one spec.
    #[serde(rename = "project_source", skip_serializing_if = "Option::is_none")]
    in_project: Option<String>,
    spec: String,
    resources: BTreeMap<String, Resource>,
    errors: Vec<Error>,
}

/// A resource of a run.
#[derive(Debug, Serialize)]
struct Resource {
    status: Status,
    /// Where the spec declares it.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    /// Why it was not fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Rows written by a load, records printed by a fetch.
    rows: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows_in_table: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resumed: Option<String>,
    /// What a comparison found.
    #[serde(skip_serializing_if = "Option::is_none")]
    verified: Option<Differences>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fetched: Option<Report>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeline: Option<Timeline>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Complete,
    Bounded,
    Incomplete,
    Failed,
    Interrupted,
    Skipped,
    NotTried,
    AlreadyLoaded,
}

/// An error that is only a text.
#[derive(Debug, Serialize)]
struct Message {
    kind: &'static str,
    message: String,
}

fn as_text<S: serde::Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(at)
}

impl RunReport {
    /// The report of a run of this command, which begins now.
    ///
    /// # Errors
    ///
    /// If it cannot be written to where the options say.
    pub(crate) fn begin(
        command: &'static str,
        options: &ReportOptions,
        context: &Context,
    ) -> Result<Self, CommandError> {
        let report = options.report.as_ref();
        if let Some(path) = report.filter(|path| path.as_os_str() != STDOUT) {
            check_replaceable(path, "a report of an earlier run", |start| {
                start.contains(REPORT_MARK)
            })?;
            if report == options.metrics.as_ref() {
                return Err(CommandError::usage(format!(
                    "`--report` and `--metrics` would both write `{}`\n  help: give each a file of its own",
                    path.display()
                )));
            }
        }
        if let Some(path) = &options.metrics {
            check_replaceable(path, "metrics of an earlier run", |start| {
                start.starts_with(METRICS_MARK)
            })?;
        }
        let now = context.now();
        let run = Run {
            version: VERSION,
            rest_source: env!("CARGO_PKG_VERSION"),
            command,
            started: now,
            ended: now,
            status: Exit::Done.run_status(),
            exit_code: Exit::Done as u8,
            sources: Vec::new(),
            errors: Vec::new(),
        };
        Ok(Self {
            options: options.clone(),
            shared: Arc::new(Mutex::new(run)),
            timelines: Timelines::default(),
        })
    }

    /// The layer that records requests and waits, if they are in a report that is written.
    pub(crate) fn layer<S>(&self, context: &Context) -> Option<impl Layer<S> + Send + Sync + use<S>>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let started = self.lock().started;
        let is_written = self.options.report.is_some();
        is_written.then(|| self.timelines.layer(started, context))
    }

    /// Whether it is written to stdout.
    pub(crate) fn is_on_stdout(&self) -> bool {
        (self.options.report.as_ref()).is_some_and(|path| path.as_os_str() == STDOUT)
    }

    /// Adds a source. Its resources are added as they are fetched.
    pub(crate) fn source(&self, plan: &SourcePlan) -> SourceReport {
        let mut run = self.lock();
        run.sources.push(Source {
            name: plan.name.to_string(),
            in_project: None,
            spec: plan.spec.to_string(),
            resources: BTreeMap::new(),
            errors: Vec::new(),
        });
        let lines = plan.resources.iter();
        SourceReport {
            run: self.clone(),
            at: run.sources.len() - 1,
            lines: lines.map(|one| (one.name.to_string(), one.line)).collect(),
        }
    }

    /// Adds an error of a source that could not be opened.
    pub(crate) fn add_error(&self, error: &CommandError) {
        let kind = error.exit().error_kind();
        let messages = error.messages().iter().cloned();
        let messages = messages.map(|message| Message { kind, message });
        self.lock().errors.extend(messages);
    }

    /// Ends the run: writes the report, and returns the error of the run, or that of the writing.
    pub(crate) fn end(
        &self,
        done: Result<(), CommandError>,
        context: &Context,
    ) -> Result<(), CommandError> {
        let mut run = self.lock();
        run.ended = context.now();
        let exit = done.as_ref().err().map_or(Exit::Done, CommandError::exit);
        run.exit_code = exit as u8;
        run.status = exit.run_status();
        if let Err(error) = &done
            && run.sources.iter().all(|source| source.errors.is_empty())
        {
            let kind = exit.error_kind();
            let messages = error.messages().iter().cloned();
            let messages = messages.map(|message| Message { kind, message });
            run.errors.extend(messages);
        }
        add_timelines(&mut run, &self.timelines);
        match (done, self.write(&run, &context.console)) {
            (Ok(()), written) => written,
            (Err(error), Ok(())) => Err(error),
            (Err(error), Err(other)) => Err(error.and(other)),
        }
    }

    fn write(&self, run: &Run, console: &Console) -> Result<(), CommandError> {
        if let Some(path) = &self.options.report {
            let json = serde_json::to_string_pretty(run).map_err(|error| {
                CommandError::failed(format!("cannot write the report: {error}"))
            })?;
            if path.as_os_str() == STDOUT {
                console.print(&format!("{json}\n"))?;
            } else {
                replace(path, &format!("{json}\n"))?;
            }
        }
        if let Some(path) = &self.options.metrics {
            let earlier = std::fs::read_to_string(path).unwrap_or_default();
            replace(path, &metrics::text(run, &earlier))?;
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Run> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds the timelines to the resources. Events do not tell two sources of the same name apart, so these get none.
fn add_timelines(run: &mut Run, timelines: &Timelines) {
    let names: Vec<String> = run.sources.iter().map(|one| one.name.clone()).collect();
    for source in &mut run.sources {
        if names.iter().filter(|name| **name == source.name).count() > 1 {
            continue;
        }
        for (name, resource) in &mut source.resources {
            resource.timeline = timelines.of(&source.name, name);
        }
    }
}

/// Checks that a file can be written, and that an existing file of this name was written by the same command: `is_own` says
/// so of its first bytes.
pub(crate) fn check_replaceable(
    path: &Path,
    what: &str,
    is_own: impl Fn(&str) -> bool,
) -> Result<(), CommandError> {
    if let Some(folder) = file::missing_folder(path) {
        return Err(CommandError::usage(format!(
            "cannot write `{}`: its folder does not exist\n  help: create the folder `{}`",
            path.display(),
            folder.display()
        )));
    }
    file::can_replace(path).map_err(|error| {
        CommandError::usage(format!("cannot write `{}`: {error}", path.display()))
    })?;
    if path.is_file() {
        let mut start = Vec::new();
        let read =
            File::open(path).and_then(|file| file.take(MARKED_BYTES).read_to_end(&mut start));
        let is_replaced = start.is_empty() || is_own(&String::from_utf8_lossy(&start));
        if read.is_ok() && !is_replaced {
            return Err(CommandError::usage(format!(
                "`{}` exists and does not hold {what}: it is not replaced\n  help: choose another name, or remove the \
                 file",
                path.display()
            )));
        }
    }
    Ok(())
}

fn replace(path: &Path, text: &str) -> Result<(), CommandError> {
    file::replace(path, text, Access::Unchanged).map_err(|error| {
        CommandError::failed(format!("cannot write `{}`: {error}", path.display()))
    })
}

/// One source in the report of a run.
pub(crate) struct SourceReport {
    run: RunReport,
    at: usize,
    /// The lines of the resources in the spec.
    lines: BTreeMap<String, u32>,
}

impl SourceReport {
    /// A resource that is being fetched, with its rows so far. It counts as interrupted until it has ended.
    pub(crate) fn running(&self, resource: &str, fetched: Report) {
        self.put(resource, Status::Interrupted, None, |entry| {
            entry.rows = fetched.delivered;
            entry.fetched = Some(fetched);
        });
    }

    /// A resource that is being loaded. It counts as interrupted until it is loaded.
    pub(crate) fn loading(&self, progress: &Progress) {
        let loaded = progress.loaded.as_ref();
        let status = loaded.map_or(Status::Interrupted, |one| Status::of(Some(one)));
        self.put(&progress.resource, status, None, |entry| {
            entry.rows = progress.rows;
        });
    }

    /// The same source, as a project names it.
    pub(crate) fn of_project(self, name: &str) -> Self {
        self.run.lock().sources[self.at].in_project = Some(name.to_owned());
        self
    }

    /// A resource whose records were printed.
    pub(crate) fn fetched(&self, resource: &ResourcePlan, report: Report) {
        let status = Status::of(report.completeness.as_ref());
        self.put(&resource.name, status, None, |entry| {
            entry.rows = report.delivered;
            entry.fetched = Some(report);
        });
    }

    /// A resource that could not be fetched as a whole.
    pub(crate) fn failed(&self, resource: &ResourcePlan, report: Report, error: &Error) {
        self.put(&resource.name, Status::of_error(error), None, |entry| {
            entry.rows = report.delivered;
            entry.fetched = Some(report);
        });
        self.error(error);
    }

    /// An error of the source.
    pub(crate) fn error(&self, error: &Error) {
        self.run.lock().sources[self.at].errors.push(error.clone());
    }

    /// The resources of a load.
    pub(crate) fn loaded(&self, report: &LoadReport) {
        for one in &report.resources {
            self.of_load(one, Status::of(one.fetched.completeness.as_ref()));
        }
        for name in &report.skipped {
            let reason = "`write_disposition: skip`".to_owned();
            self.put(name, Status::Skipped, Some(reason), |_| ());
        }
        for (names, load) in [
            (
                &report.appended_by_killed_load,
                "the killed load, which this load completes",
            ),
            (
                &report.appended_after_kill,
                "a load after the killed one, which this load completes",
            ),
        ] {
            for name in names {
                let reason = format!("appended by {load}");
                self.put(name, Status::AlreadyLoaded, Some(reason), |_| ());
            }
        }
    }

    /// The resources of a load that failed.
    pub(crate) fn load_failed(&self, failed: &LoadError) {
        self.loaded(&failed.loaded);
        for one in &failed.failed {
            let mut errors = failed.errors.iter();
            let own = errors.find(|error| error.resource() == Some(&*one.resource));
            self.of_load(one, own.map_or(Status::Failed, Status::of_error));
        }
        for one in &failed.not_tried {
            let reason = Some(one.reason.to_string());
            self.put(&one.resource, Status::NotTried, reason, |_| ());
        }
        for error in &failed.errors {
            self.error(error);
        }
    }

    /// The resources of a comparison.
    pub(crate) fn verified(&self, report: &VerifyReport) {
        for one in &report.resources {
            self.of_comparison(one);
        }
        for name in &report.skipped {
            let reason = "`write_disposition: skip`".to_owned();
            self.put(name, Status::Skipped, Some(reason), |_| ());
        }
    }

    fn of_comparison(&self, one: &VerifiedResource) {
        let status = match &one.differences {
            // A sample ends before the pages do.
            Ok(_) if one.fetched.completeness.is_none() => Status::Bounded,
            Ok(_) => Status::of(one.fetched.completeness.as_ref()),
            Err(error) => Status::of_error(error),
        };
        self.put(&one.resource, status, None, |entry| {
            entry.rows = one.differences.as_ref().map_or(0, |found| found.written);
            entry.verified = one.differences.as_ref().ok().cloned();
            entry.fetched = Some(one.fetched.clone());
        });
        if let Err(error) = &one.differences {
            self.error(error);
        }
    }

    fn of_load(&self, report: &ResourceReport, status: Status) {
        self.put(&report.resource, status, None, |entry| {
            entry.rows = report.written;
            entry.rows_in_table = report.rows;
            entry.resumed.clone_from(&report.resumed);
            entry.fetched = Some(report.fetched.clone());
        });
    }

    fn put(
        &self,
        resource: &str,
        status: Status,
        reason: Option<String>,
        fill: impl FnOnce(&mut Resource),
    ) {
        let mut entry = Resource {
            status,
            line: self.lines.get(resource).copied(),
            reason,
            rows: 0,
            rows_in_table: None,
            resumed: None,
            verified: None,
            fetched: None,
            timeline: None,
        };
        fill(&mut entry);
        let resources = &mut self.run.lock().sources[self.at].resources;
        resources.insert(resource.to_owned(), entry);
    }
}

impl Status {
    /// The status of a fetch that ended without an error.
    fn of(completeness: Option<&Completeness>) -> Self {
        match completeness {
            Some(completeness) if completeness.is_incomplete() => Self::Incomplete,
            Some(completeness) if completeness.is_bounded() => Self::Bounded,
            _ => Self::Complete,
        }
    }

    fn of_error(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::Incomplete | ErrorKind::Budget => Self::Incomplete,
            _ => Self::Failed,
        }
    }
}
