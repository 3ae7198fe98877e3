//! The report and the error of a load.

use std::fmt;

use rest_source::{Completeness, Error, ErrorKind, Report, shared::Text};

/// The report of a load.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct LoadReport {
    /// The loaded resources, in order.
    pub resources: Vec<ResourceReport>,
    /// Resources skipped by `write_disposition: skip`.
    pub skipped: Vec<Text>,
    /// Resources that a killed load had appended. This load completed that one, and did not append them again.
    pub appended_by_killed_load: Vec<Text>,
    /// Resources that another load appended after a load was killed. This load completed the killed one, and
    /// did not append them again.
    pub appended_after_kill: Vec<Text>,
}

/// The report of one resource in a load.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ResourceReport {
    /// Name of the resource.
    pub resource: Text,
    /// The report of the fetch.
    pub fetched: Report,
    /// Rows written: inserted or updated.
    pub written: u64,
    /// Rows in the table after the load; `None` if it failed and the destination could not be asked.
    pub rows: Option<u64>,
    /// Where the load went on after an interrupted one, or why it started over.
    pub resumed: Option<String>,
}

/// The progress of a load within a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Name of the resource.
    pub resource: Text,
    /// Pages written so far.
    pub pages: u64,
    /// Rows written so far.
    pub rows: u64,
    /// How complete its fetch was, once the resource is loaded: all of its rows are committed, with its state.
    pub loaded: Option<Completeness>,
}

/// The error of a load: at least one resource was not loaded.
#[derive(Default)]
#[non_exhaustive]
pub struct LoadError {
    /// One error for each failed resource, with the resource's name and the report of its fetch. Not empty.
    pub errors: Vec<Error>,
    /// The reports of resources that failed while they were fetched or written. `written` counts committed
    /// records.
    pub failed: Vec<ResourceReport>,
    /// Resources that were not tried because they would have failed with the same error.
    pub not_tried: Vec<NotTried>,
    /// The report of the resources that were loaded.
    pub loaded: LoadReport,
}

/// A resource that a load did not try.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotTried {
    /// Name of the resource.
    pub resource: Text,
    /// Why.
    pub reason: Reason,
}

/// Why a load did not try a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Reason {
    /// This ancestor could not be fetched.
    Parent(Text),
    /// Two consecutive resources failed with the same credentials.
    Credentials,
    /// Two consecutive resources failed at this origin.
    Origin(String),
    /// The [budget](rest_source::RunBudget) was used up before, in these words.
    Budget(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parent(parent) => write!(f, "`{parent}` could not be fetched"),
            Self::Credentials => write!(f, "two resources failed with the same credentials"),
            Self::Origin(origin) => write!(f, "two resources failed at `{origin}`"),
            Self::Budget(spent) => f.write_str(spent),
        }
    }
}

impl LoadReport {
    /// The report of one resource.
    pub fn resource(&self, name: &str) -> Option<&ResourceReport> {
        self.resources.iter().find(|r| r.resource == name)
    }
}

impl fmt::Display for LoadReport {
    /// One line per resource, and the counts of omitted records; with `{:#}`, also the notes of its fetch.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.show(f, &[], "")
    }
}

impl LoadReport {
    /// Whether there is nothing to show.
    fn is_empty(&self) -> bool {
        self.resources.is_empty()
            && self.skipped.is_empty()
            && self.appended_by_killed_load.is_empty()
            && self.appended_after_kill.is_empty()
    }

    /// Writes the table, including the failed resources. Omits notes that `errors` already contains.
    fn show(
        &self,
        f: &mut fmt::Formatter<'_>,
        failed: &[ResourceReport],
        errors: &str,
    ) -> fmt::Result {
        let reports = self.resources.iter().chain(failed);
        let names = reports.map(|resource| &resource.resource);
        let names = names
            .chain(&self.skipped)
            .chain(&self.appended_by_killed_load)
            .chain(&self.appended_after_kill);
        let width = names
            .map(|name| name.len())
            .fold("resource".len(), usize::max);
        write!(
            f,
            "{:width$}  {:>9}  {:>9}  {:>9}  {:>8}",
            "resource", "fetched", "written", "in table", "requests"
        )?;
        let loaded = self.resources.iter().map(|resource| (resource, ""));
        let failed = failed.iter().map(|resource| (resource, "  failed"));
        for (resource, outcome) in loaded.chain(failed) {
            write!(f, "\n{:width$}  ", resource.resource)?;
            resource.show(f, outcome)?;
            if f.alternate() {
                for note in notes(&resource.fetched).filter(|note| !errors.contains(note)) {
                    write!(f, "\n  note: {note}")?;
                }
            }
        }
        for resource in &self.skipped {
            write!(f, "\n{resource:width$}  `write_disposition: skip`")?;
        }
        for resource in &self.appended_by_killed_load {
            write!(
                f,
                "\n{resource:width$}  appended by the killed load, which this load completes"
            )?;
        }
        for resource in &self.appended_after_kill {
            write!(
                f,
                "\n{resource:width$}  appended after the killed load, which this load completes"
            )?;
        }
        Ok(())
    }
}

impl ResourceReport {
    /// Writes the numbers of its line, and the counts of omitted records below.
    fn show(&self, f: &mut fmt::Formatter<'_>, outcome: &str) -> fmt::Result {
        let Self {
            fetched,
            written,
            rows,
            ..
        } = self;
        let (delivered, requests) = (fetched.delivered, fetched.requests);
        let rows = rows.map_or_else(|| "unknown".to_owned(), |rows| rows.to_string());
        write!(
            f,
            "{delivered:>9}  {written:>9}  {rows:>9}  {requests:>8}{outcome}"
        )?;
        if fetched.retries > 0 {
            let waited = fetched.waited.as_secs_f64();
            write!(f, "  {} retries, {waited:.1} s waited", fetched.retries)?;
        }
        if let Some(resumed) = &self.resumed {
            write!(f, "\n  {resumed}")?;
        }
        for (count, what) in omitted(fetched) {
            write!(f, "\n  {count} {what}")?;
        }
        let mut ancestors = "parents".to_owned();
        for parents in ancestor_reports(fetched) {
            for (count, what) in omitted(parents) {
                write!(f, "\n  {ancestors}: {count} {what}")?;
            }
            ancestors.push_str(" of parents");
        }
        Ok(())
    }
}

/// The reports of the parents' fetches: parents, grandparents, and so on.
fn ancestor_reports(fetched: &Report) -> impl Iterator<Item = &Report> {
    std::iter::successors(fetched.of_parents.as_deref(), |report| {
        report.of_parents.as_deref()
    })
}

/// The notes of a fetch, and of the parents' fetches made for it.
fn notes(fetched: &Report) -> impl Iterator<Item = &str> {
    // Parents fetched earlier in the load have their own line.
    let parents = ancestor_reports(fetched).filter(|report| report.requests > 0);
    let notes = std::iter::once(fetched)
        .chain(parents)
        .flat_map(|report| &report.notes);
    notes.map(String::as_str)
}

/// Counts of what a fetch did not deliver.
pub(crate) fn omitted(fetched: &Report) -> impl Iterator<Item = (u64, &'static str)> {
    [
        (
            fetched.received.saturating_sub(fetched.selected),
            "omitted: rows in which the selector finds no record",
        ),
        (
            fetched.discarded_rows,
            "discarded: records outside the schema",
        ),
        (
            fetched.discarded_values,
            "set to null: values outside the schema",
        ),
        (
            fetched.undeclared_values,
            "omitted: values of undeclared keys",
        ),
        (fetched.ignored, "ignored: responses, by `response_actions`"),
        (
            fetched.outside_range,
            "skipped: records outside the range, or delivered before",
        ),
        (
            fetched.filtered,
            "omitted: records, by the filters of `processing_steps`",
        ),
        (
            fetched.skipped_parents,
            "skipped: parents with null in a field that the request needs",
        ),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
}

impl fmt::Display for LoadError {
    /// The errors, the resources that were not tried, and the report including failed resources; with `{:#}`,
    /// also the notes of the fetches.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors: Vec<String> = self.errors.iter().map(ToString::to_string).collect();
        let errors = errors.join("\n");
        f.write_str(&errors)?;
        let mut reasons: Vec<_> = self.not_tried.iter().map(|one| &one.reason).collect();
        reasons.sort_unstable();
        reasons.dedup();
        for reason in reasons {
            let not_tried = self.not_tried.iter().filter(|one| one.reason == *reason);
            let names = not_tried.map(|one| one.resource.as_str());
            list(f, &format!("not tried, because {reason}"), names)?;
        }
        if self.failed.is_empty() && self.loaded.is_empty() {
            return Ok(());
        }
        f.write_str("\n\n")?;
        self.loaded.show(f, &self.failed, &errors)
    }
}

/// Writes a line of resource names, if there are any.
fn list<'a>(
    f: &mut fmt::Formatter<'_>,
    what: &str,
    names: impl Iterator<Item = &'a str>,
) -> fmt::Result {
    let names: Vec<_> = names.collect();
    if names.is_empty() {
        return Ok(());
    }
    write!(f, "\n{what}: `{}`", names.join("`, `"))
}

impl fmt::Debug for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A `main` that returns an error prints its `Debug`.
        write!(f, "{self}")
    }
}

impl std::error::Error for LoadError {
    /// The first of its errors.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        let first = self.errors.first()?;
        Some(first)
    }
}

impl From<Error> for LoadError {
    /// The error of a load that did not begin.
    fn from(error: Error) -> Self {
        Self {
            errors: vec![error],
            ..Self::default()
        }
    }
}

impl From<LoadError> for Error {
    /// The first error, with the names of the other resources that were not loaded.
    fn from(failed: LoadError) -> Self {
        let mut errors = failed.errors.into_iter();
        let first = errors
            .next()
            .unwrap_or_else(|| Self::new(ErrorKind::Destination, "nothing was loaded"));
        let others = errors
            .filter_map(|error| Some(Text::from(error.resource()?.to_owned())))
            .chain(failed.not_tried.into_iter().map(|one| one.resource));
        others.fold(first, |error, resource| {
            error.with_detail(format!("not loaded either: `{resource}`"))
        })
    }
}

/// Adds the notes of the fetch to the error.
pub(crate) fn with_notes(error: Error, fetched: &Report) -> Error {
    notes(fetched).fold(error, Error::with_detail)
}
