//! Runs the job of a resource: creates it, and polls it until its records can be fetched.

use std::{sync::Arc, time::Duration};

use serde_json::Value as Json;
use tokio::sync::mpsc;

use super::{
    FetchSpec, driver, running_jobs,
    streams::{Delivery, SharedReport},
};
use crate::{
    Error, ErrorKind, Report, Result, Scalar, actions,
    decode::at_steps,
    json_path::JsonPath,
    plan::{Job, Method, Part, ResourcePlan, Selector},
    printable::Seconds,
    run_budget::SpentBudget,
    schema::Path,
    shared::Ref,
    template::Bounds,
    trace,
};

/// How much of a response a message shows, in characters.
const EXCERPT: usize = 200;

/// A job whose records can be fetched.
pub(super) struct FinishedJob {
    /// The values of its fields.
    pub(super) values: Arc<[Scalar]>,
    /// The URLs of its records; `None` where the resource's own request gives them.
    pub(super) urls: Option<Vec<String>>,
}

/// Creates the job of a fetch within these bounds, and waits for its end. Adds its requests to the report.
///
/// # Errors
///
/// [`ErrorKind::Job`] if it fails, or takes longer than its `timeout`.
pub(super) async fn run(
    spec: &FetchSpec,
    job: &Job,
    bounds: &Bounds,
    report: &SharedReport,
) -> Result<FinishedJob> {
    let mut run = JobRun {
        spec,
        job,
        bounds,
        report,
        values: vec![Scalar::Null; job.fields.len()],
        request: String::new(),
    };
    let clock = spec.client.clock();
    let begun = clock.elapsed();
    let mut status = run.begin().await?;
    let mut wait = job.interval;
    while !run.is_done(&status)? {
        let spent = clock.elapsed().saturating_sub(begun);
        let left = job.timeout.saturating_sub(spent);
        if left.is_zero() {
            return Err(run.timed_out(spent, &status));
        }
        // It is polled once more when its time is over.
        wait = wait.min(left);
        let end = clock.elapsed().saturating_add(wait);
        let checked = spec.client.context().run_budget.check(end);
        checked.map_err(SpentBudget::to_error)?;
        trace::wait("the job is not done", wait);
        clock.sleep(wait).await;
        report.lock().waited += wait;
        wait = wait
            .saturating_mul(2)
            .min(Job::MAX_INTERVAL.max(job.interval));
        let spent = clock.elapsed().saturating_sub(begun);
        let most = job.timeout.saturating_sub(spent).max(job.interval);
        status = run.poll(most, &status).await?;
    }
    run.has_values_of(&spec.resource)?;
    let urls = match &job.url_path {
        Some(place) => Some(run.urls(place, &status)?),
        None => None,
    };
    Ok(FinishedJob {
        values: run.values.into(),
        urls,
    })
}

struct JobRun<'a> {
    spec: &'a FetchSpec,
    job: &'a Job,
    bounds: &'a Bounds,
    report: &'a SharedReport,
    /// The values of its fields so far; null where no response had them.
    values: Vec<Scalar>,
    /// The last request, for messages.
    request: String,
}

impl JobRun<'_> {
    /// Creates the job, unless an earlier fetch did and it can be resumed. Returns its first status.
    async fn begin(&mut self) -> Result<String> {
        let (spec, job) = (self.spec, self.job);
        let is_unsafe = matches!(job.create.method, Method::Post | Method::Patch);
        let Some(jobs) = &spec.jobs else {
            return self.send(&job.create, is_unsafe).await;
        };
        let draft = spec.client.draft(&job.create, spec.scope(self.bounds))?;
        let key = running_jobs::key_of(&draft);
        if let Some(values) = jobs.get(&key, spec.client.clock().now(), job.timeout) {
            self.values = values;
            self.values.resize(job.fields.len(), Scalar::Null);
            match self.send(&job.poll, false).await {
                Ok(status) if self.is_done(&status).is_ok() => {
                    let note = "a job of an earlier fetch was resumed";
                    self.report.lock().note(note);
                    return Ok(status);
                }
                Err(error) if error.is_retryable() => return Err(error),
                // It failed, or the API no longer has it.
                _ => {
                    jobs.remove(&key);
                    self.values.fill(Scalar::Null);
                }
            }
        }
        let status = self.send(&job.create, is_unsafe).await?;
        jobs.put(key, spec.client.clock().now(), &self.values);
        Ok(status)
    }

    /// Polls the job for at most so long, retries included.
    async fn poll(&mut self, most: Duration, status: &str) -> Result<String> {
        let timeout = self.job.timeout;
        let polled = tokio::time::timeout(most, self.send(&self.job.poll, false)).await;
        polled.unwrap_or_else(|_| Err(self.timed_out(timeout, status)))
    }

    /// Sends a request of the job, with the retries of the source. Returns the response, and remembers the values
    /// in it.
    ///
    /// `is_sent_once`: it may create a second job if it is sent again.
    async fn send(&mut self, request: &Ref<ResourcePlan>, is_sent_once: bool) -> Result<String> {
        self.has_values_of(request)?;
        let spec = FetchSpec {
            is_sent_once,
            resource: request.clone(),
            table: request.table.clone(),
            since: None,
            resume: None,
            has_checkpoints: false,
            before: None,
            limit: None,
            job: Some(self.values.clone().into()),
            ..self.spec.clone()
        };
        let draft = spec.client.draft(request, spec.scope(self.bounds))?;
        self.request = draft.shown();
        let (sender, mut pages) = mpsc::channel(2);
        let own = SharedReport::default();
        let fetch = driver::fetch_within(&spec, None, self.bounds, &sender, &own);
        let outcome = Box::pin(fetch).await;
        self.count(&own.lock());
        outcome?;
        let response = match pages.try_recv() {
            // As it is written: a number has all its digits, and a list is a status as a whole.
            Ok(Delivery::Page { rows, .. }) => rows.page_text().trim().to_owned(),
            _ => Json::Null.to_string(),
        };
        for (value, path) in self.values.iter_mut().zip(&self.job.fields) {
            if let Some(found) = field_of_job(&response, path) {
                *value = Scalar::Text(found);
            }
        }
        Ok(response)
    }

    fn count(&self, own: &Report) {
        let mut report = self.report.lock();
        report.requests += own.requests;
        report.retries += own.retries;
        report.waited += own.waited;
        report.bytes += own.bytes;
    }

    /// Checks that every value that a request needs is known.
    fn has_values_of(&self, request: &ResourcePlan) -> Result<()> {
        for (at, (value, path)) in self.values.iter().zip(&self.job.fields).enumerate() {
            let part = u16::try_from(at).map(Part::Job);
            if *value == Scalar::Null && part.is_ok_and(|part| request.sends(&part)) {
                let message =
                    format!("the response about the job has no text or number at `{path}`");
                return Err(Error::new(ErrorKind::Job, message)
                    .with_request(self.request.clone())
                    .with_help(
                        "name a field of the responses to `create` or `poll` in `{job.…}`",
                    ));
            }
        }
        Ok(())
    }

    /// Whether the job is done.
    ///
    /// # Errors
    ///
    /// If it failed.
    fn is_done(&self, status: &str) -> Result<bool> {
        let fail_if = &self.job.fail_if;
        if !fail_if.is_empty() && actions::hold(fail_if, status) {
            let reason = self.job.message_path.as_ref();
            let reason = reason.and_then(|path| actions::at(status, path));
            let message = match reason {
                Some(Json::String(reason)) => format!("the job failed: {reason}"),
                Some(reason) if !reason.is_null() => format!("the job failed: {reason}"),
                _ => "the job failed".to_owned(),
            };
            return Err(self.error(message, status));
        }
        Ok(actions::hold(&self.job.until, status))
    }

    fn timed_out(&self, spent: Duration, status: &str) -> Error {
        let message = format!("the job was not done after {}", Seconds(spent));
        self.error(message, status).with_help(
            "raise the job's `timeout`, or correct `until`, if the status says that it is done",
        )
    }

    /// The URLs of the records; none where the status has null in their place.
    fn urls(&self, place: &Selector, status: &str) -> Result<Vec<String>> {
        let wrong = |what: String| {
            self.error(what, status)
                .with_help("name the place of the URL in `url_path`")
        };
        let (found, shown) = match place {
            Selector::Path(path) => {
                let found = at_steps(status, &path.0)
                    .and_then(|found| serde_json::from_str(found).ok())
                    .ok_or_else(|| wrong(format!("the finished job has nothing at `{path}`")))?;
                let found = match found {
                    Json::Null => Vec::new(),
                    Json::Array(elements) => elements,
                    found => vec![found],
                };
                (found, path.to_string())
            }
            Selector::Query(query) => {
                let json: Json = serde_json::from_str(status).unwrap_or_default();
                let found = found_by_query(query, &json).map_err(|missing| match missing {
                    Missing::Invalid(error) => error,
                    Missing::At(place) => {
                        wrong(format!("the finished job has nothing at `{place}`"))
                    }
                    Missing::OfSome(key) => wrong(format!(
                        "the finished job has nothing at `{key}` of some of its files"
                    )),
                })?;
                (found, query.to_string())
            }
        };
        let url = |found: Json| match found {
            Json::String(url) if !url.trim().is_empty() => Ok(url),
            _ => Err(wrong(format!("the finished job has no URL at `{shown}`"))),
        };
        found.into_iter().map(url).collect()
    }

    /// An error by the status of the job.
    fn error(&self, message: String, status: &str) -> Error {
        Error::new(ErrorKind::Job, message)
            .with_request(self.request.clone())
            .with_detail(format!("status: {}", self.excerpt(status)))
    }

    /// The beginning of a response, for messages.
    fn excerpt(&self, response: &str) -> String {
        let text: String = response.chars().take(EXCERPT).collect();
        self.spec.client.redact(&text)
    }
}

/// The text, number or boolean at a place of a response, as a text. Numbers have all their digits.
fn field_of_job(response: &str, path: &Path) -> Option<String> {
    let raw = at_steps(response, &path.0)?.trim();
    match raw.as_bytes().first()? {
        b'"' => serde_json::from_str(raw).ok(),
        b'{' | b'[' | b'n' => None,
        _ => Some(raw.to_owned()),
    }
}

/// Why a query for URLs did not find all of them.
enum Missing {
    /// The query is not valid.
    Invalid(Error),
    /// There is nothing at this place.
    At(String),
    /// Some of the elements have nothing at these keys.
    OfSome(String),
}

/// What a query finds. It ends with a wildcard, a filter or a slice, or with keys of the elements that one chooses: each
/// of them has these keys, and what it chooses from is a list, an object or null.
fn found_by_query(query: &str, status: &Json) -> Result<Vec<Json>, Missing> {
    let find = |query: &str| -> Result<Vec<Json>, Missing> {
        let path = JsonPath::parse("url_path", query).map_err(Missing::Invalid)?;
        Ok(path.values(status).into_iter().cloned().collect())
    };
    let found = find(query)?;
    let keys = query.len() - keys_at_the_end(query);
    let (elements, keys) = query.split_at(keys);
    let chosen = find(elements)?;
    if let Some(chooser) = elements
        .rfind('[')
        .filter(|at| elements[..*at].matches('[').count() == elements[..*at].matches(']').count())
    {
        let (from, _) = elements.split_at(chooser);
        let sources = find(from)?;
        let is_source = |source: &Json| source.is_array() || source.is_object() || source.is_null();
        if sources.is_empty() || !sources.iter().all(is_source) {
            return Err(Missing::At(from.to_owned()));
        }
    }
    if found.len() < chosen.len() {
        return Err(Missing::OfSome(keys.to_owned()));
    }
    Ok(found)
}

/// The length of the plain keys that end a query: `.url`, `['url']`.
fn keys_at_the_end(query: &str) -> usize {
    let mut length = 0;
    loop {
        let rest = &query[..query.len() - length];
        let quoted = ["']", "\"]"].into_iter().find(|end| rest.ends_with(end));
        let start = if let Some(end) = quoted {
            rest[..rest.len() - 2].rfind(&format!("[{}", &end[..1]))
        } else {
            let name = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
            let before = rest.trim_end_matches(name);
            let is_key =
                before.len() < rest.len() && before.ends_with('.') && !before.ends_with("..");
            is_key.then(|| before.len() - 1)
        };
        match start {
            Some(start) => length = query.len() - start,
            None => return length,
        }
    }
}

#[cfg(all(test, feature = "queries"))]
mod tests {
    use serde_json::json;

    use super::{Missing, found_by_query};

    #[test]
    fn each_file_has_its_url() {
        let found = |query: &str, status: serde_json::Value| match found_by_query(query, &status) {
            Ok(found) => Ok(found.len()),
            Err(Missing::At(place)) => Err(format!("nothing at {place}")),
            Err(Missing::OfSome(keys)) => Err(format!("some without {keys}")),
            Err(Missing::Invalid(error)) => Err(error.to_string()),
        };
        let files = json!({"files": [{"url": "a"}, {"url": "b", "meta": {"href": "c"}}], "none": null, "empty": [], "one": "u"});
        assert_eq!(found("$.files[*].url", files.clone()), Ok(2));
        assert_eq!(found("$.files[*]['url']", files.clone()), Ok(2));
        assert_eq!(found("$.files[?@.meta].meta.href", files.clone()), Ok(1));
        assert_eq!(
            found("$.files[*].meta.href", files.clone()),
            Err("some without .meta.href".to_owned())
        );
        assert_eq!(
            found("$.files[*].link", files.clone()),
            Err("some without .link".to_owned())
        );
        assert_eq!(found("$.none[*].url", files.clone()), Ok(0));
        assert_eq!(found("$.empty[*].url", files.clone()), Ok(0));
        assert_eq!(
            found("$.parts[*].url", files.clone()),
            Err("nothing at $.parts".to_owned())
        );
        assert_eq!(
            found("$.one[*].url", files.clone()),
            Err("nothing at $.one".to_owned())
        );
        assert_eq!(
            found("$[*].url", json!([{"url": "a"}, {}])),
            Err("some without .url".to_owned())
        );
    }
}
