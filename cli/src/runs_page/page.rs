//! The variables of the page.

use std::{collections::BTreeMap, time::Duration};

use rest_source::Timestamp;
use serde::Serialize;

use super::{
    charts::{Bar, Chart, Height, Lane, Span, WIDTH},
    load::{Load, Outcome, rate},
    saved_report::{SavedReport, Timeline},
    text::{self, count, minute, plural},
};
use crate::report::since;

/// The most runs, errors and events that are listed. Charts have all.
const MOST_RUNS: usize = 100;
const MOST_ERRORS: usize = 50;
const MOST_EVENTS: usize = 500;

#[derive(Debug, Serialize)]
pub(super) struct Page {
    version: &'static str,
    generated: String,
    sources: String,
    tiles: Vec<Tile>,
    lanes: Vec<Lane>,
    first: String,
    last: String,
    runs: Vec<Row>,
    runs_left_out: usize,
    errors: Vec<ErrorText>,
    errors_left_out: usize,
    timelines: Vec<TimelineOfRun>,
    resources: Vec<ResourceRuns>,
}

#[derive(Debug, Serialize)]
struct Tile {
    label: &'static str,
    value: String,
}

/// A line of a table of runs.
#[derive(Debug, Serialize)]
struct Row {
    started: String,
    source: String,
    status: &'static str,
    class: &'static str,
    time: String,
    rows: String,
    rate: String,
    requests: String,
    waited: String,
}

#[derive(Debug, Serialize)]
struct ErrorText {
    #[serde(skip)]
    at: Timestamp,
    name: String,
    time: String,
    /// The line of the spec.
    place: Option<String>,
    text: String,
}

/// The requests and waits of a report.
#[derive(Debug, Serialize)]
struct TimelineOfRun {
    name: String,
    text: String,
    lanes: Vec<Lane>,
    middle: String,
    end: String,
    caption: String,
    events: Vec<EventText>,
}

#[derive(Debug, Serialize)]
struct EventText {
    #[serde(skip)]
    second: f64,
    at: String,
    resource: String,
    what: &'static str,
    seconds: String,
    result: String,
}

#[derive(Debug, Serialize)]
struct ResourceRuns {
    name: String,
    text: String,
    first: String,
    last: String,
    charts: Vec<Chart>,
    runs: Vec<Row>,
}

impl Page {
    /// A page about this history, or else about the loads of the reports, and about the requests of the reports.
    pub(super) fn new(history: Option<Vec<Load>>, reports: &[SavedReport], now: Timestamp) -> Self {
        let mut sources: Vec<String> = Vec::new();
        if history.is_some() {
            sources.push("the history of a destination".to_owned());
        }
        if !reports.is_empty() {
            sources.push(plural(reports.len(), "report"));
        }
        let mut errors = errors_of_reports(reports);
        errors.extend(errors_of_history(
            history.as_deref().unwrap_or_default(),
            reports,
        ));
        errors.sort_by_key(|error| std::cmp::Reverse(error.at));
        let of_reports = || reports.iter().flat_map(SavedReport::loads).collect();
        let mut loads: Vec<Load> = history.unwrap_or_else(of_reports);
        loads.sort_by_key(|load| load.started);
        let runs = runs(&loads);
        let mut rows: Vec<Row> = runs.iter().rev().map(row).collect();
        let runs_left_out = rows.len().saturating_sub(MOST_RUNS);
        rows.truncate(MOST_RUNS);
        let errors_left_out = errors.len().saturating_sub(MOST_ERRORS);
        errors.truncate(MOST_ERRORS);
        let time = |load: Option<&Load>| load.map(|load| minute(load.started)).unwrap_or_default();
        Self {
            version: env!("CARGO_PKG_VERSION"),
            generated: minute(now),
            sources: sources.join(" and "),
            tiles: tiles(&runs),
            lanes: lanes(&runs),
            first: time(runs.first()),
            last: time(runs.last()),
            runs: rows,
            runs_left_out,
            errors,
            errors_left_out,
            timelines: reports.iter().map(TimelineOfRun::new).collect(),
            resources: resources(&loads),
        }
    }
}

/// The runs: the loads of all resources of a source, as one.
fn runs(loads: &[Load]) -> Vec<Load> {
    let mut runs: BTreeMap<(&str, &str), Load> = BTreeMap::new();
    for load in loads {
        match runs.get_mut(&(&*load.run, &*load.source)) {
            None => {
                runs.insert((&load.run, &load.source), load.clone());
            }
            Some(run) => {
                run.started = run.started.min(load.started);
                run.ended = run.ended.max(load.ended);
                run.rows += load.rows;
                run.requests += load.requests;
                run.waited += load.waited;
                run.status = run.status.max(load.status);
            }
        }
    }
    let mut runs: Vec<Load> = runs.into_values().collect();
    runs.sort_by_key(|run| run.started);
    runs
}

fn tiles(runs: &[Load]) -> Vec<Tile> {
    let tile = |label, value| Tile { label, value };
    let number = |outcome: fn(Outcome) -> bool| {
        let runs = runs.iter().filter(|run| outcome(run.status));
        count(runs.count() as u64)
    };
    let last = runs.iter().rev().find(|run| run.status == Outcome::Loaded);
    vec![
        tile("runs", count(runs.len() as u64)),
        tile("loaded", number(|one| one == Outcome::Loaded)),
        tile(
            "not loaded as a whole",
            number(|one| one != Outcome::Loaded),
        ),
        tile("rows", count(runs.iter().map(|run| run.rows).sum())),
        tile(
            "last success",
            last.map_or_else(|| "never".to_owned(), |run| minute(run.started)),
        ),
    ]
}

fn row(load: &Load) -> Row {
    let none = || "–".to_owned();
    Row {
        started: minute(load.started),
        source: load.source.clone(),
        status: load.status.word(),
        class: load.status.class(),
        time: load.time().map_or_else(none, text::time),
        rows: count(load.rows),
        rate: load.rate().map_or_else(none, text::rate),
        requests: count(load.requests),
        waited: text::time(load.waited),
    }
}

/// What a run is in words.
fn title(load: &Load) -> String {
    let (at, status, rows) = (minute(load.started), load.status.word(), count(load.rows));
    format!("{at}: {status}, {rows} rows")
}

/// The runs of each source along time.
fn lanes(runs: &[Load]) -> Vec<Lane> {
    let Some(first) = runs.first().map(|run| run.started) else {
        return Vec::new();
    };
    let end = |run: &Load| run.ended.unwrap_or(run.started);
    let last = runs.iter().map(end).max().unwrap_or(first);
    let total = since(first, last).as_secs_f64();
    let mut names: Vec<&str> = runs.iter().map(|run| &*run.source).collect();
    names.sort_unstable();
    names.dedup();
    let lane = |name: &str| {
        let runs: Vec<&Load> = runs.iter().filter(|run| run.source == name).collect();
        let bars = runs.iter().map(|run| {
            let span = Span {
                start: since(first, run.started).as_secs_f64(),
                length: run.time().unwrap_or_default().as_secs_f64(),
                total,
            };
            let height = match run.status {
                Outcome::Loaded => Height::Low,
                _ => Height::Full,
            };
            Bar::along(span, height, run.status.class(), title(run))
        });
        Lane {
            name: name.to_owned(),
            label: format!("Runs of {name} over time: {}", outcomes(&runs)),
            bars: bars.collect(),
        }
    };
    names.into_iter().map(lane).collect()
}

/// `5 runs: 4 loaded, 1 failed`.
fn outcomes(loads: &[&Load]) -> String {
    let mut numbers: BTreeMap<Outcome, usize> = BTreeMap::new();
    for load in loads {
        *numbers.entry(load.status).or_default() += 1;
    }
    let parts = numbers.iter();
    let parts = parts.map(|(outcome, number)| format!("{number} {}", outcome.word()));
    let parts: Vec<_> = parts.collect();
    format!("{}: {}", plural(loads.len(), "run"), parts.join(", "))
}

/// The rows and the throughput of each resource, run by run.
fn resources(loads: &[Load]) -> Vec<ResourceRuns> {
    let mut resources: BTreeMap<(&str, &str), Vec<&Load>> = BTreeMap::new();
    for load in loads {
        let key = (&*load.source, &*load.resource);
        resources.entry(key).or_default().push(load);
    }
    let sources = resources.keys().map(|(source, _)| source);
    let has_several = sources
        .clone()
        .any(|source| Some(source) != sources.clone().next());
    let resource = |((source, resource), loads): (&(&str, &str), &Vec<&Load>)| {
        let name = if has_several {
            format!("{source}.{resource}")
        } else {
            (*resource).to_owned()
        };
        let at = |load: Option<&&Load>| load.map(|load| minute(load.started)).unwrap_or_default();
        let rows: Duration = loads.iter().filter_map(|load| load.time()).sum();
        let all = loads.iter().map(|load| load.rows).sum();
        let mean = rate(all, rows).map_or(String::new(), |rate| {
            format!(", {} rows/s on average", text::rate(rate))
        });
        #[expect(clippy::cast_precision_loss, reason = "drawn to a tenth of a percent")]
        let rows_of = |load: &Load| Some(load.rows as f64);
        ResourceRuns {
            text: format!("{}; {} rows{mean}", outcomes(loads), count(all)),
            first: at(loads.first()),
            last: at(loads.last()),
            charts: vec![
                chart("Rows of each run", loads, rows_of, |rows| {
                    format!("{} rows", text::whole(rows))
                }),
                chart("Rows per second of each run", loads, Load::rate, |rate| {
                    format!("{} rows/s", text::rate(rate))
                }),
            ],
            runs: loads
                .iter()
                .rev()
                .take(MOST_RUNS)
                .map(|load| row(load))
                .collect(),
            name,
        }
    };
    resources.iter().map(resource).collect()
}

/// A chart of a value of each run.
fn chart(
    title: &str,
    loads: &[&Load],
    value: impl Fn(&Load) -> Option<f64>,
    shown: fn(f64) -> String,
) -> Chart {
    let values: Vec<f64> = loads
        .iter()
        .map(|load| value(load).unwrap_or(0.0))
        .collect();
    let most = values.iter().copied().fold(0.0, f64::max);
    let bars = loads
        .iter()
        .zip(&values)
        .enumerate()
        .flat_map(|(at, (load, value))| {
            let share = if most > 0.0 { value / most } else { 0.0 };
            let words = format!(
                "{}: {}, {}",
                minute(load.started),
                load.status.word(),
                shown(*value)
            );
            Bar::of_run((at, loads.len()), share, load.status.class(), &words)
        });
    let last = shown(values.last().copied().unwrap_or(0.0));
    Chart {
        title: title.to_owned(),
        most: shown(most),
        label: format!(
            "{title}, from the first to the last: at most {}, last {last}; {}",
            shown(most),
            outcomes(loads)
        ),
        width: WIDTH,
        bars: bars.collect(),
    }
}

fn errors_of_reports(reports: &[SavedReport]) -> Vec<ErrorText> {
    let mut errors = Vec::new();
    for report in reports {
        let error = |name: String, place: Option<String>, text: String| ErrorText {
            at: report.started,
            name,
            time: minute(report.started),
            place,
            text,
        };
        for source in &report.sources {
            for one in &source.errors {
                let name = match &one.resource {
                    Some(resource) => format!("{resource} of {}", source.name),
                    None => source.name.clone(),
                };
                let line = one
                    .resource
                    .as_ref()
                    .and_then(|name| source.resources.get(name)?.line);
                let place = line.map(|line| format!("{}:{line}", source.spec));
                errors.push(error(name, place, one.text()));
            }
        }
        for one in &report.errors {
            errors.push(error(report.command.clone(), None, one.message.clone()));
        }
    }
    errors
}

/// The errors of the history, without those that a report tells in detail.
fn errors_of_history(history: &[Load], reports: &[SavedReport]) -> Vec<ErrorText> {
    let is_told = |load: &Load| {
        let mut reports = reports.iter();
        reports.any(|report| {
            let is_within = report.started <= load.started && load.started <= report.ended;
            let mut sources = report
                .sources
                .iter()
                .filter(|source| source.name == load.source);
            is_within && sources.any(|source| source.resources.contains_key(&load.resource))
        })
    };
    let failed = history.iter().filter(|load| !is_told(load));
    let error = |load: &Load| {
        Some(ErrorText {
            at: load.started,
            name: format!("{} of {}", load.resource, load.source),
            time: minute(load.started),
            place: None,
            text: load.error.clone()?,
        })
    };
    failed.filter_map(error).collect()
}

impl TimelineOfRun {
    fn new(report: &SavedReport) -> Self {
        let resources: Vec<(String, &Timeline)> = report
            .sources
            .iter()
            .flat_map(|source| {
                let resources = source.resources.iter();
                resources.filter_map(move |(name, resource)| {
                    let name = if report.sources.len() > 1 {
                        format!("{}.{name}", source.name)
                    } else {
                        name.clone()
                    };
                    Some((name, resource.timeline.as_ref()?))
                })
            })
            .collect();
        let ends = resources.iter().flat_map(|(_, timeline)| {
            let requests = timeline.requests.iter().map(|one| one.at + one.seconds);
            requests.chain(timeline.waits.iter().map(|one| one.at))
        });
        let run = since(report.started, report.ended).as_secs_f64();
        let total = ends.fold(run, f64::max);
        let mut events: Vec<EventText> = resources
            .iter()
            .flat_map(|(name, timeline)| events(name, timeline))
            .collect();
        events.sort_by(|one, other| one.second.total_cmp(&other.second));
        let recorded = events.len();
        events.truncate(MOST_EVENTS);
        let further: u64 = resources
            .iter()
            .map(|(_, one)| one.further_requests + one.further_waits)
            .sum();
        let mut caption =
            plural(recorded, "request and wait").replace("request and wait", "requests and wait");
        if recorded > events.len() {
            caption = format!("The first {} of {caption}", events.len());
        }
        if further > 0 {
            caption = format!("{caption}; {} more are not in the report", count(further));
        }
        Self {
            name: report.name.clone(),
            text: format!(
                "{} on {}: {}, exit code {}, after {}.{}",
                report.command,
                minute(report.started),
                report.status,
                report.exit_code,
                text::seconds(run),
                if resources.is_empty() {
                    " No request was sent."
                } else {
                    ""
                }
            ),
            lanes: resources
                .iter()
                .map(|(name, timeline)| lane(name, timeline, total))
                .collect(),
            middle: text::seconds(total / 2.0),
            end: text::seconds(total),
            caption,
            events,
        }
    }
}

fn is_good(status: Option<u16>) -> bool {
    status.is_some_and(|status| status < 400)
}

fn result(status: Option<u16>) -> String {
    status.map_or_else(
        || "no response".to_owned(),
        |status| format!("status {status}"),
    )
}

/// The requests and waits of a resource along time.
fn lane(name: &str, timeline: &Timeline, total: f64) -> Lane {
    let requests = timeline.requests.iter().map(|one| {
        let span = Span {
            start: one.at,
            length: one.seconds,
            total,
        };
        let class = if is_good(one.status) { "ok" } else { "bad" };
        let title = format!("{}: {}", text::seconds(one.seconds), result(one.status));
        Bar::along(span, Height::Full, class, title)
    });
    let waits = timeline.waits.iter().map(|one| {
        // A wait that was cut off ends with the run.
        let length = one.seconds.min((total - one.at).max(0.0));
        let span = Span {
            start: one.at,
            length,
            total,
        };
        let title = format!("waited {}: {}", text::seconds(one.seconds), one.why);
        Bar::along(span, Height::Low, "warn", title)
    });
    let bad = timeline.requests.iter().filter(|one| !is_good(one.status));
    let waited: f64 = timeline.waits.iter().map(|one| one.seconds).sum();
    Lane {
        name: name.to_owned(),
        label: format!(
            "{name}: {}, {} of them without a good response; {}, of {} in total",
            plural(timeline.requests.len(), "request"),
            bad.count(),
            plural(timeline.waits.len(), "wait"),
            text::seconds(waited)
        ),
        bars: waits.chain(requests).collect(),
    }
}

fn events<'t>(name: &'t str, timeline: &'t Timeline) -> impl Iterator<Item = EventText> + 't {
    let event = move |at: f64, what, seconds: f64, result| EventText {
        second: at,
        at: format!("{at:.3} s"),
        resource: name.to_owned(),
        what,
        seconds: text::seconds(seconds),
        result,
    };
    let requests = timeline.requests.iter();
    let requests =
        requests.map(move |one| event(one.at, "request", one.seconds, result(one.status)));
    let waits = timeline.waits.iter();
    requests.chain(waits.map(move |one| event(one.at, "wait", one.seconds, one.why.clone())))
}
