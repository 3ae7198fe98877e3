//! The metrics of a run as OpenMetrics text.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{Resource, Run, Source, Status, timeline::since};

/// The name of the metric that a run without success keeps from the file before.
const LAST_SUCCESS: &str = "rest_source_last_success_timestamp_seconds";

/// A metric of each resource: name, type, meaning, value.
type OfResource = (
    &'static str,
    &'static str,
    &'static str,
    fn(&Resource) -> Option<f64>,
);

#[expect(
    clippy::cast_precision_loss,
    reason = "metrics are floating-point numbers"
)]
const OF_RESOURCE: [OfResource; 7] = [
    (
        "rest_source_rows",
        "gauge",
        "Rows written or records printed by the last run.",
        |one| Some(one.rows as f64),
    ),
    (
        "rest_source_table_rows",
        "gauge",
        "Rows in the table after the last run.",
        |one| one.rows_in_table.map(|rows| rows as f64),
    ),
    (
        "rest_source_pages",
        "gauge",
        "Pages received by the last run.",
        |one| Some(one.fetched.as_ref()?.pages as f64),
    ),
    (
        "rest_source_requests",
        "gauge",
        "Requests of the last run, with retries and redirects.",
        |one| Some(one.fetched.as_ref()?.requests as f64),
    ),
    (
        "rest_source_retries",
        "gauge",
        "Retries of the last run.",
        |one| Some(one.fetched.as_ref()?.retries as f64),
    ),
    (
        "rest_source_waited_seconds",
        "gauge",
        "Time that requests of the last run waited.",
        |one| Some(one.fetched.as_ref()?.waited.as_secs_f64()),
    ),
    (
        "rest_source_complete",
        "gauge",
        "Whether the last run fetched all records of the resource.",
        |one| Some(f64::from(u8::from(one.status == Status::Complete))),
    ),
];

/// The metrics of a run. `earlier` is the text of the run before: the time of the last success is kept.
pub(super) fn text(run: &Run, earlier: &str) -> String {
    let mut text = String::new();
    for (name, kind, help, value) in OF_RESOURCE {
        family(&mut text, name, kind, help);
        for (source, resource, entry) in resources(run) {
            if let Some(value) = value(entry) {
                let labels = labels(source, resource);
                let _ = writeln!(text, "{name}{labels} {value}");
            }
        }
    }
    let help = "When a run last loaded or printed the resource without an error.";
    family(&mut text, LAST_SUCCESS, "gauge", help);
    for (labels, at) in last_successes(run, earlier) {
        let _ = writeln!(text, "{LAST_SUCCESS}{labels} {at}");
    }
    let of_run = [
        (
            "rest_source_run_duration_seconds",
            "Duration of the last run.",
            duration(run),
        ),
        (
            "rest_source_run_exit_code",
            "Exit code of the last run.",
            f64::from(run.exit_code),
        ),
        (
            "rest_source_run_errors",
            "Errors of the last run.",
            errors(run),
        ),
    ];
    for (name, help, value) in of_run {
        family(&mut text, name, "gauge", help);
        let _ = writeln!(text, "{name}{{command=\"{}\"}} {value}", run.command);
    }
    text.push_str("# EOF\n");
    text
}

fn resources(run: &Run) -> impl Iterator<Item = (&Source, &str, &Resource)> {
    run.sources.iter().flat_map(|source| {
        let resources = source.resources.iter();
        resources.map(move |(name, entry)| (source, name.as_str(), entry))
    })
}

fn duration(run: &Run) -> f64 {
    let duration = since(run.started, run.ended);
    (duration.as_secs_f64() * 1e3).floor() / 1e3
}

fn errors(run: &Run) -> f64 {
    let of_sources = run.sources.iter().map(|source| source.errors.len());
    let count = of_sources.sum::<usize>() + run.errors.len();
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

fn family(text: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(text, "# TYPE {name} {kind}\n# HELP {name} {help}");
}

fn labels(source: &Source, resource: &str) -> String {
    let escape = |value: &str| {
        let value = value.replace('\\', "\\\\").replace('"', "\\\"");
        value.replace('\n', "\\n")
    };
    let (name, resource) = (escape(&source.name), escape(resource));
    let of_project = match &source.in_project {
        Some(name) => format!(",project_source=\"{}\"", escape(name)),
        None => String::new(),
    };
    format!("{{source=\"{name}\",resource=\"{resource}\"{of_project}}}")
}

/// The times of the last successes by their labels: of this run, and those that the file before has.
fn last_successes(run: &Run, earlier: &str) -> BTreeMap<String, String> {
    let lines = earlier
        .lines()
        .filter_map(|line| line.strip_prefix(LAST_SUCCESS));
    let lines = lines.filter_map(|line| line.rsplit_once(' '));
    let is_valid =
        |(labels, at): &(&str, &str)| labels.starts_with('{') && at.parse::<f64>().is_ok();
    let lines = lines.filter(is_valid);
    let mut times: BTreeMap<_, _> = lines
        .map(|(labels, at)| (labels.to_owned(), at.to_owned()))
        .collect();
    for (source, resource, entry) in resources(run) {
        let is_success = matches!(
            entry.status,
            Status::Complete | Status::Bounded | Status::AlreadyLoaded
        );
        if is_success {
            let at = run.ended.epoch_seconds().to_string();
            times.insert(labels(source, resource), at);
        }
    }
    times
}
