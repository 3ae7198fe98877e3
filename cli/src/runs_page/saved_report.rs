//! Reports of `--report`, as the page reads them.

use std::{collections::BTreeMap, path::Path, time::Duration};

use rest_source::Timestamp;
use serde::{Deserialize, Deserializer, de::Error as _};

use super::load::{Load, Outcome};
use crate::{error::CommandError, report::VERSION, spec::shown};

/// A report.
#[derive(Debug, Deserialize)]
pub(super) struct SavedReport {
    version: u32,
    #[serde(skip)]
    pub(super) name: String,
    pub(super) command: String,
    #[serde(deserialize_with = "time")]
    pub(super) started: Timestamp,
    #[serde(deserialize_with = "time")]
    pub(super) ended: Timestamp,
    pub(super) status: String,
    pub(super) exit_code: u8,
    pub(super) sources: Vec<Source>,
    pub(super) errors: Vec<Message>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Source {
    #[serde(rename = "source")]
    pub(super) name: String,
    pub(super) spec: String,
    pub(super) resources: BTreeMap<String, Resource>,
    pub(super) errors: Vec<Error>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Resource {
    status: String,
    pub(super) line: Option<u32>,
    #[serde(deserialize_with = "count")]
    rows: u64,
    fetched: Option<Fetched>,
    pub(super) timeline: Option<Timeline>,
}

#[derive(Debug, Deserialize)]
struct Fetched {
    #[serde(deserialize_with = "count")]
    requests: u64,
    waited: f64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Timeline {
    pub(super) requests: Vec<Request>,
    pub(super) waits: Vec<Wait>,
    pub(super) further_requests: u64,
    pub(super) further_waits: u64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Request {
    pub(super) at: f64,
    pub(super) seconds: f64,
    pub(super) status: Option<u16>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Wait {
    pub(super) at: f64,
    pub(super) seconds: f64,
    pub(super) why: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Error {
    pub(super) message: String,
    pub(super) resource: Option<String>,
    pub(super) request: Option<String>,
    pub(super) details: Vec<String>,
    pub(super) help: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Message {
    pub(super) message: String,
}

fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(from)?;
    text.parse().map_err(D::Error::custom)
}

/// More rows or requests than any run has. The counts of all runs are added up.
const MAX_COUNT: u64 = 1 << 50;

fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let count = u64::deserialize(deserializer)?;
    if count > MAX_COUNT {
        return Err(D::Error::custom(format!(
            "{count} is not a plausible count"
        )));
    }
    Ok(count)
}

impl SavedReport {
    /// # Errors
    ///
    /// If the file cannot be read, or is not a report of a known version.
    pub(super) fn read(path: &Path) -> Result<Self, CommandError> {
        let name = shown(path);
        let text = std::fs::read_to_string(path)
            .map_err(|error| CommandError::usage(format!("cannot read `{name}`: {error}")))?;
        let report: Result<Self, _> = serde_json::from_str(&text);
        let mut report = report.map_err(|error| {
            CommandError::usage(format!(
                "`{name}` is not a report: {error}\n  help: name a file that `load --report` wrote"
            ))
        })?;
        if report.version != VERSION {
            return Err(CommandError::usage(format!(
                "`{name}` is a report of version {}, and this command reads version {VERSION}",
                report.version
            )));
        }
        report.name = name;
        Ok(report)
    }

    /// Keeps these sources, or all if none is named.
    pub(super) fn keep_sources(&mut self, names: &[String]) {
        if !names.is_empty() {
            self.sources.retain(|source| names.contains(&source.name));
        }
    }

    /// The loads of its resources. The times are those of the run.
    pub(super) fn loads(&self) -> impl Iterator<Item = Load> {
        self.sources.iter().flat_map(move |source| {
            let resources = source.resources.iter();
            resources.filter_map(move |(name, resource)| {
                let fetched = resource.fetched.as_ref();
                let waited = fetched.map_or(0.0, |fetched| fetched.waited);
                Some(Load {
                    run: self.name.clone(),
                    source: source.name.clone(),
                    resource: name.clone(),
                    started: self.started,
                    ended: Some(self.ended),
                    rows: resource.rows,
                    requests: fetched.map_or(0, |fetched| fetched.requests),
                    waited: Duration::try_from_secs_f64(waited).unwrap_or_default(),
                    status: resource.outcome()?,
                    error: None,
                })
            })
        })
    }
}

impl Resource {
    /// How it ended; `None` if there was nothing to load.
    fn outcome(&self) -> Option<Outcome> {
        Some(match self.status.as_str() {
            "complete" | "bounded" => Outcome::Loaded,
            "incomplete" => Outcome::Incomplete,
            "failed" => Outcome::Failed,
            "not_tried" => Outcome::NotTried,
            "interrupted" => Outcome::Interrupted,
            _ => return None,
        })
    }
}

impl Error {
    /// Its message, request, details and advice, each on lines of its own.
    pub(super) fn text(&self) -> String {
        let request = self
            .request
            .iter()
            .map(|request| format!("request: {request}"));
        let help = self.help.iter().map(|help| format!("help: {help}"));
        let lines = std::iter::once(self.message.clone()).chain(request);
        let lines = lines.chain(self.details.iter().cloned()).chain(help);
        lines.collect::<Vec<_>>().join("\n")
    }
}
