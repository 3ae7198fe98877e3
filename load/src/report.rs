//! What a load did, and what kept it from doing more.

use std::fmt;

use rest_source::{Error, ErrorKind, Report, shared::Text};

/// What a load did.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct LoadReport {
    /// The resources that were loaded, in order.
    pub resources: Vec<ResourceReport>,
    /// The resources that were left out by `write_disposition: skip`.
    pub skipped: Vec<Text>,
    /// The resources that a load which was killed had appended: this load completed that one, and did
    /// not append them again.
    pub appended_before: Vec<Text>,
    /// The resources that a load of them, by name, has appended after another was killed: this load
    /// completed that one, and did not append them again.
    pub appended_since: Vec<Text>,
}

/// What a load did with one resource.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ResourceReport {
    /// Name of the resource.
    pub resource: Text,
    /// What the fetch did.
    pub fetched: Report,
    /// Rows written: added, or put in place of others.
    pub written: u64,
    /// Rows that the table has now.
    pub rows: u64,
}

/// How far a load has come with a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Name of the resource.
    pub resource: Text,
    /// Pages written so far.
    pub pages: u64,
    /// Rows written so far.
    pub rows: u64,
}

/// Some resources were not loaded.
#[derive(Default)]
#[non_exhaustive]
pub struct LoadError {
    /// What went wrong, one error for each resource that failed: it names the resource and has the
    /// report of its fetch. At least one.
    pub errors: Vec<Error>,
    /// What was done with the resources that failed while they were fetched or written. `written` counts
    /// the records that were committed.
    pub failed: Vec<ResourceReport>,
    /// The resources that were not tried, since they would have met the same error.
    pub not_tried: Vec<NotTried>,
    /// What was loaded all the same.
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
    /// This parent, or the parent's, could not be fetched.
    Parent(Text),
    /// Two resources in a row failed with the same credentials.
    Credentials,
    /// Two resources in a row failed at this origin.
    Origin(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parent(parent) => write!(f, "`{parent}` could not be fetched"),
            Self::Credentials => write!(f, "two resources failed with the same credentials"),
            Self::Origin(origin) => write!(f, "two resources failed at `{origin}`"),
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
    /// A line for each resource, and below it what was left out; with `{:#}`, the notes of its fetch,
    /// too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.show(f, &[], "")
    }
}

impl LoadReport {
    /// Whether there is nothing to show.
    fn is_empty(&self) -> bool {
        self.resources.is_empty()
            && self.skipped.is_empty()
            && self.appended_before.is_empty()
            && self.appended_since.is_empty()
    }

    /// The table, with a line for each of the resources that failed. Notes that their errors hold are
    /// left out.
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
            .chain(&self.appended_before)
            .chain(&self.appended_since);
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
        for resource in &self.appended_before {
            write!(
                f,
                "\n{resource:width$}  appended by the load that was killed, which this one completes"
            )?;
        }
        for resource in &self.appended_since {
            write!(
                f,
                "\n{resource:width$}  appended since a load was killed, which this one completes"
            )?;
        }
        Ok(())
    }
}

impl ResourceReport {
    /// The numbers of its line, and the lines below.
    fn show(&self, f: &mut fmt::Formatter<'_>, outcome: &str) -> fmt::Result {
        let Self {
            fetched,
            written,
            rows,
            ..
        } = self;
        let (delivered, requests) = (fetched.delivered, fetched.requests);
        write!(
            f,
            "{delivered:>9}  {written:>9}  {rows:>9}  {requests:>8}{outcome}"
        )?;
        if fetched.retries > 0 {
            let waited = fetched.waited.as_secs_f64();
            write!(f, "  {} repeated, {waited:.1} s waited", fetched.retries)?;
        }
        for (count, what) in left_out(fetched) {
            write!(f, "\n  {count} {what}")?;
        }
        let mut whose = "parents".to_owned();
        for parents in generations(fetched) {
            for (count, what) in left_out(parents) {
                write!(f, "\n  {whose}: {count} {what}")?;
            }
            whose.push_str(" of parents");
        }
        Ok(())
    }
}

/// The fetches of the parents, of their parents, and so on.
fn generations(fetched: &Report) -> impl Iterator<Item = &Report> {
    std::iter::successors(fetched.of_parents.as_deref(), |report| {
        report.of_parents.as_deref()
    })
}

/// The notes of a fetch, and of those of parents that were made for it.
fn notes(fetched: &Report) -> impl Iterator<Item = &str> {
    // Parents that had been fetched before are reported there.
    let parents = generations(fetched).filter(|report| report.requests > 0);
    let notes = std::iter::once(fetched)
        .chain(parents)
        .flat_map(|report| &report.notes);
    notes.map(String::as_str)
}

/// What a fetch did not deliver, and how much of it.
fn left_out(fetched: &Report) -> impl Iterator<Item = (u64, &'static str)> {
    [
        (
            fetched.discarded_rows,
            "set aside: records outside the schema",
        ),
        (
            fetched.discarded_values,
            "made null: values outside the schema",
        ),
        (
            fetched.undeclared_values,
            "left out: values of undeclared keys",
        ),
        (
            fetched.ignored,
            "ignored: responses that `response_actions` names",
        ),
        (
            fetched.outside_range,
            "passed over: records outside the range, or known",
        ),
        (
            fetched.filtered,
            "left out: records that `processing_steps` filter",
        ),
        (
            fetched.skipped_parents,
            "left out: parents of which a field that the request needs is null",
        ),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
}

impl fmt::Display for LoadError {
    /// The errors, what was not tried, and the report with those that failed; with `{:#}`, the notes of
    /// the fetches, too.
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
            list(f, &format!("not tried, since {reason}"), names)?;
        }
        if self.failed.is_empty() && self.loaded.is_empty() {
            return Ok(());
        }
        f.write_str("\n\n")?;
        self.loaded.show(f, &self.failed, &errors)
    }
}

/// A line of resources, where there are any.
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
        // `main` returning an error prints its `Debug`: it has to read as well as its `Display`.
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
    /// A load that did not begin.
    fn from(error: Error) -> Self {
        Self {
            errors: vec![error],
            ..Self::default()
        }
    }
}

impl From<LoadError> for Error {
    /// The first of the errors, with the names of the other resources that were not loaded.
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

/// The error, with what the report of the fetch notes beneath it.
pub(crate) fn with_notes(error: Error, fetched: &Report) -> Error {
    notes(fetched).fold(error, Error::with_detail)
}
