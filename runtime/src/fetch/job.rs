//! Runs the job of a resource: creates it, and polls it until its records can be fetched.

use std::{sync::Arc, time::Duration};

use serde_json::Value as Json;
use serde_json_path::JsonPath;
use tokio::sync::mpsc;

use super::{
    FetchSpec, driver,
    streams::{Delivery, SharedReport},
};
use crate::{
    Error, ErrorKind, Report, Result, Scalar, actions,
    decode::at_steps,
    plan::{Job, Part, ResourcePlan, Selector},
    printable::Seconds,
    shared::Ref,
    template::Bounds,
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
    let mut status = run.send(&job.create).await?;
    let mut wait = job.interval;
    while !run.is_done(&status)? {
        let spent = clock.elapsed().saturating_sub(begun);
        if spent.saturating_add(wait) > job.timeout {
            return Err(run.timed_out(spent, &status));
        }
        clock.sleep(wait).await;
        report.lock().waited += wait;
        wait = wait
            .saturating_mul(2)
            .min(Job::MAX_INTERVAL.max(job.interval));
        status = run.send(&job.poll).await?;
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
    /// Sends a request of the job, with the retries of the source. Returns the response, and remembers the values
    /// in it.
    async fn send(&mut self, request: &Ref<ResourcePlan>) -> Result<String> {
        self.has_values_of(request)?;
        let spec = FetchSpec {
            resource: request.clone(),
            table: request.table.clone(),
            since: None,
            resume: None,
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
            Ok(Delivery::Page { rows, .. }) => rows.records::<crate::Json>().next().transpose()?,
            _ => None,
        };
        let response = response.unwrap_or_default().to_string();
        for (value, path) in self.values.iter_mut().zip(&self.job.fields) {
            match actions::at(&response, path) {
                None | Some(Json::Null) => {}
                Some(Json::String(text)) => *value = Scalar::Text(text),
                Some(found) => *value = Scalar::Text(found.to_string()),
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
                let message = format!("the response about the job has nothing at `{path}`");
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
                let path = JsonPath::parse(query).map_err(|error| {
                    let message = format!("`url_path` is not a valid JSONPath: {error}");
                    Error::new(ErrorKind::Config, message)
                })?;
                let status: Json = serde_json::from_str(status).unwrap_or_default();
                let found = path.query(&status).all();
                (found.into_iter().cloned().collect(), query.to_string())
            }
        };
        let url = |found: Json| match found {
            Json::String(url) if !url.is_empty() => Ok(url),
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
