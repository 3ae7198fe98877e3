//! The comparison of a destination with the API: fetches the records of resources, and compares each with its row.

use rest_source::{
    Error, ErrorKind, Fetch, ParentCache, Report, Result, Rows, State, plan::WriteDisposition,
    shared::Text,
};

use crate::{
    Comparison, ComparisonOptions, Destination, Differences, Progress, Target, VerifiedResource,
    VerifyReport,
    load::Loading,
    load_locks::run_id,
    report,
    resource_load::{check_request, named},
};

/// Examples of each kind in a report.
const EXAMPLES: u32 = 5;

/// What [`Loading::verify`] compares, and whether it repairs.
///
/// ```
/// use rest_source_load::Verification;
///
/// let nightly = Verification::whole().repair();
/// let sample = Verification::pages(10);
/// # let _ = (nightly, sample);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    pages: Option<u64>,
    repair: bool,
    values: bool,
}

impl Verification {
    /// Compares all records, also with rows that have no record any more.
    pub fn whole() -> Self {
        Self::default()
    }

    /// Compares the records of so many pages of each resource. Further pages are not requested, and rows without a record
    /// are not looked for.
    pub fn pages(pages: u64) -> Self {
        Self {
            pages: Some(pages.max(1)),
            ..Self::default()
        }
    }

    /// Writes missing and differing records to the destination, in one transaction for each resource. Rows without a
    /// record are deleted if each load replaces the rows of the resource, and only in a whole comparison: `merge` keeps
    /// them.
    pub fn repair(mut self) -> Self {
        self.repair = true;
        self
    }

    /// Puts the values of differing columns into the report.
    pub fn with_values(mut self) -> Self {
        self.values = true;
        self
    }
}

impl<D: Destination + ?Sized> Loading<'_, D> {
    /// Compares the destination with the API instead of loading into it: fetches the records of the selected resources,
    /// from the start or within [`since`](Self::since) and [`until`](Self::until), and compares each with the stored row of
    /// its key. Stored states stay as they are. It locks the resources as a load does.
    ///
    /// The records of a resource with a stored state are compared as they would be after the next load: those that it
    /// would fetch, by its state, are counted as [pending](Differences::pending) if they differ.
    ///
    /// # Errors
    ///
    /// When a resource is unknown or locked, or a repair is wanted and none can be repaired. Other errors of a resource are
    /// in the report.
    pub async fn verify(mut self, what: Verification) -> Result<VerifyReport> {
        let resources = self.resources()?;
        self.check_range(&resources)?;
        self.check_prefix()?;
        let run: Text = run_id().into();
        let names: Vec<String> = resources.iter().map(|one| one.name.to_string()).collect();
        let mut report = VerifyReport::default();
        let mut targets = Vec::new();
        for one in &resources {
            if one.write_disposition == WriteDisposition::Skip {
                report.skipped.push(one.name.clone());
                continue;
            }
            targets.push(self.target(one, &run, &names).for_comparison());
        }
        if what.repair {
            check_repairs(&targets)?;
        }
        // A fetch that ends early does not have all parents.
        let parents = match what.pages {
            None => ParentCache::of(&resources),
            Some(_) => ParentCache::of(&[]),
        };
        let locks = self.lock(&targets, &run).await?;
        for target in &targets {
            let mut compared = VerifiedResource::new(target);
            let mut what = what;
            if what.repair
                && let Some((why, help)) = no_repair(target)
            {
                what.repair = false;
                compared.notes.push(format!("not repaired: {why}; {help}"));
            }
            let verifying = Verifying {
                loading: &self,
                target,
                what,
            };
            report
                .resources
                .push(verifying.run(&parents, compared).await);
        }
        locks.release().await;
        Ok(report)
    }
}

impl VerifiedResource {
    fn new(target: &Target) -> Self {
        Self {
            resource: target.resource.name.clone(),
            table: target.resource.table.name.clone(),
            fetched: Report::default(),
            differences: Ok(Differences::default()),
            notes: Vec::new(),
        }
    }
}

/// Rejects a repair that none of the resources allows.
fn check_repairs(targets: &[Target]) -> Result<()> {
    let mut reasons = targets.iter().map(no_repair);
    let Some(Some((why, help))) = reasons.next() else {
        return Ok(());
    };
    if reasons.any(|reason| reason.is_none()) {
        return Ok(());
    }
    let first = targets.first().map(|target| &target.resource.name);
    let name = first.cloned().unwrap_or(Text::EMPTY);
    let message = format!("`{name}` cannot be repaired: {why}");
    Err(Error::new(ErrorKind::Config, message)
        .with_resource(&name)
        .with_help(format!(
            "compare it without `--repair` (`repair()`); {help}"
        )))
}

/// Why a resource has no key to repair it by, and what replaces its rows.
fn no_repair(target: &Target) -> Option<(&'static str, &'static str)> {
    if target.resource.write_disposition == WriteDisposition::Append {
        Some((
            "its rows are appended, and the next load may append the same records again",
            "a full refresh replaces its rows",
        ))
    } else if target.key().next().is_none() {
        Some((
            "it has no primary key to write by",
            "a load with a full refresh replaces its rows",
        ))
    } else {
        None
    }
}

/// Notes about fetched records and lists that are not compared.
fn not_compared(target: &Target, fetched: &Report) -> Vec<String> {
    let mut notes = Vec::new();
    match fetched.discarded_rows {
        0 => {}
        1 => notes.push("not compared: 1 record that was set aside, outside the schema".to_owned()),
        count => notes.push(format!(
            "not compared: {count} records that were set aside, outside the schema"
        )),
    }
    if target.key().next().is_none() && !target.child_tables().is_empty() {
        notes.push("not compared: the rows of its lists, which are appended".to_owned());
    }
    notes
}

/// The comparison of one resource.
struct Verifying<'r, 'a, D: ?Sized> {
    loading: &'r Loading<'a, D>,
    target: &'r Target,
    what: Verification,
}

impl<D: Destination + ?Sized> Verifying<'_, '_, D> {
    async fn run(&self, parents: &ParentCache, mut of: VerifiedResource) -> VerifiedResource {
        of.differences = self
            .compare(parents, &mut of)
            .await
            .map_err(|error| named(error, &self.target.resource));
        of
    }

    async fn compare(
        &self,
        parents: &ParentCache,
        of: &mut VerifiedResource,
    ) -> Result<Differences> {
        let target = self.target;
        let mut opened = self.loading.destination.compare(target).await?;
        if let Some(stored) = &opened.request {
            check_request(target, stored)?;
        }
        let comparison = &mut *opened.comparison;
        let is_in_range = self.is_in_range();
        let fetch = if is_in_range {
            let mut fetch = self.rows();
            if let Some(since) = &self.loading.since {
                fetch = fetch.from(since.clone());
            }
            if let Some(until) = &self.loading.until {
                fetch = fetch.until(until.clone());
            }
            fetch
        } else {
            self.rows().full_refresh()
        };
        let fetch = if self.what.pages.is_none() {
            fetch.parent_cache(parents)
        } else {
            fetch
        };
        let most = self.what.pages.unwrap_or(u64::MAX);
        let fetched = self.stage(fetch, most, comparison).await;
        of.fetched = fetched.report;
        if let Some(error) = fetched.error {
            return Err(report::with_notes(error, &of.fetched));
        }
        if let Some(state) = self.next_state(opened.state.take()) {
            comparison.begin_pending().await?;
            let fetch = self.rows().since(state);
            let fetch = if target.keep_state {
                fetch.keep_state()
            } else {
                fetch
            };
            let pending = self.stage(fetch, u64::MAX, comparison).await;
            of.fetched.requests += pending.report.requests;
            if let Some(error) = pending.error {
                return Err(report::with_notes(error, &pending.report));
            }
        }
        let mut is_whole = fetched.is_whole && !is_in_range;
        of.notes.extend(not_compared(target, &of.fetched));
        if is_whole && has_gap(&of.fetched) {
            is_whole = false;
            of.notes.push(
                "rows without a record were not looked for: a response was ignored, or a record set aside"
                    .to_owned(),
            );
        }
        let options = ComparisonOptions {
            is_whole,
            repair: self.what.repair,
            values: self.what.values,
            examples: EXAMPLES,
        };
        let differences = comparison.finish(&options).await?;
        if self.what.repair && !differences.is_equal_now() {
            of.notes.push(
                "rows without a record stay, because `merge` keeps them: a full refresh deletes them"
                    .to_owned(),
            );
        }
        Ok(differences)
    }

    fn is_in_range(&self) -> bool {
        let is_incremental = self.target.resource.incremental.is_some();
        is_incremental && (self.loading.since.is_some() || self.loading.until.is_some())
    }

    /// The state at which the next load starts.
    fn next_state(&self, stored: Option<State>) -> Option<State> {
        stored.filter(|_| self.target.resource.has_state())
    }

    fn rows(&self) -> Fetch<Rows> {
        let resource = self.loading.plan_of(self.target);
        let fetch = self.loading.client.rows(resource).allow_incomplete();
        if self.target.resource.write_disposition == WriteDisposition::Merge {
            return fetch.for_upsert();
        }
        fetch
    }

    /// Stages the records of at most so many pages.
    async fn stage(
        &self,
        fetch: Fetch<Rows>,
        most: u64,
        comparison: &mut dyn Comparison,
    ) -> Fetched {
        let mut pages = fetch.pages();
        let mut progress = Progress {
            resource: self.target.resource.name.clone(),
            pages: 0,
            rows: 0,
            loaded: None,
        };
        let mut error = None;
        let mut is_whole = false;
        while progress.pages < most {
            let page = match pages.next().await {
                Some(Ok(page)) => page,
                Some(Err(failed)) => {
                    error = Some(failed);
                    break;
                }
                None => {
                    is_whole = true;
                    break;
                }
            };
            let rows = page.rows();
            if let Err(failed) = comparison.write(rows).await {
                error = Some(failed);
                break;
            }
            progress.pages += 1;
            progress.rows += u64::try_from(rows.len()).unwrap_or(u64::MAX);
            self.loading.tell(&progress);
        }
        let completeness = pages.completeness().unwrap_or_default();
        Fetched {
            report: pages.report(),
            error: error.or_else(|| completeness.to_error()),
            is_whole,
        }
    }
}

/// Whether the API has records that the fetch did not deliver by the spec's own word: their rows are right.
fn has_gap(fetched: &Report) -> bool {
    let completeness = fetched.completeness.as_ref();
    completeness.is_some_and(|one| one.has_set_aside() || one.has_unfetched_parts())
}

/// What a fetch has staged.
struct Fetched {
    report: Report,
    error: Option<Error>,
    /// Whether its pages ended by themselves.
    is_whole: bool,
}
