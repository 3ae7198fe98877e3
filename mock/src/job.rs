//! The job of a resource: which requests create it and ask for its status, and what they are answered.

use std::sync::{Mutex, PoisonError};

use rest_source::{
    __private::mock::Settings,
    Error, ErrorKind, Result,
    plan::{
        Condition, Job, JsonPlan, Part, ResourcePlan, Selector, SourcePlan, Template, Test, Tested,
    },
    schema::Path,
    shared::Ref,
    transport::Response,
};
use serde_json::{Value as Json, json};

use crate::{
    IntoResponse as _,
    place::{Way, put},
    read::Read,
    route::{Asks, Route},
};

/// The parameter that names the job in the URL of its records.
const JOB: &str = "mock_job";

/// What the name of a job begins with.
const NAME: &str = "job-";

/// The jobs of a resource.
pub(crate) struct Jobs {
    plan: Ref<Job>,
    create: Route,
    poll: Route,
    /// The URL of the records, where the status has it.
    url: Option<String>,
    /// What the request that created each of them says.
    created: Mutex<Vec<Asks>>,
}

/// A request about a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobRequest {
    Create,
    Poll,
}

impl Jobs {
    /// The jobs of a resource that has some.
    ///
    /// # Errors
    ///
    /// Where a request of them cannot be made, or no status is known that meets `until`.
    pub(crate) fn new(
        plan: &SourcePlan,
        resource: &ResourcePlan,
        settings: &Settings,
        route: &Route,
    ) -> Result<Option<Self>> {
        let Some(job) = &resource.job else {
            return Ok(None);
        };
        let route_of = |request| Route::of_request(plan, resource, request, settings);
        let jobs = Self {
            plan: job.clone(),
            create: route_of(&job.create)?,
            poll: route_of(&job.poll)?,
            url: job.url_path.is_some().then(|| route.url()),
            created: Mutex::default(),
        };
        jobs.status(0).map_err(|why| {
            let message = format!("its job cannot be mocked from the spec alone: {why}");
            Error::new(ErrorKind::Config, message)
                .with_resource(&resource.name)
                .with_help("say what its requests are answered by `otherwise`")
        })?;
        Ok(Some(jobs))
    }

    /// What a request says, if it is about a job.
    pub(crate) fn asks(&self, read: &Read<'_>) -> Option<(JobRequest, Asks)> {
        let create = self
            .create
            .asks(read)
            .map(|asks| (JobRequest::Create, asks));
        let poll = self.poll.asks(read).map(|asks| (JobRequest::Poll, asks));
        match (create, poll) {
            (Some(create), Some(poll)) if poll.1.agreeing > create.1.agreeing => Some(poll),
            (create, poll) => create.or(poll),
        }
    }

    /// The response to a request about a job.
    pub(crate) fn answer(&self, request: JobRequest, asks: &Asks) -> Response {
        let mut created = self.created.lock().unwrap_or_else(PoisonError::into_inner);
        let number = match request {
            JobRequest::Create => {
                created.push(asks.clone());
                created.len()
            }
            JobRequest::Poll => number(asks).unwrap_or(created.len()),
        };
        let mut body = json!({});
        match request {
            JobRequest::Create => self.put_fields(&mut body, number),
            // It was seen to be possible.
            JobRequest::Poll => body = self.status(number).unwrap_or(body),
        }
        body.into_response()
    }

    /// Adds to the request for the records of a job what the one that created it says.
    pub(crate) fn complete(&self, read: &Read<'_>, asks: &mut Asks) {
        let named = read.params(JOB).first().and_then(|name| name.parse().ok());
        let created = self.created.lock().unwrap_or_else(PoisonError::into_inner);
        let number = named.or_else(|| number(asks)).unwrap_or(created.len());
        let job = number.checked_sub(1).and_then(|at| created.get(at));
        if let Some(job) = job {
            asks.extend(job);
        }
    }

    fn put_fields(&self, body: &mut Json, number: usize) {
        for path in &self.plan.fields {
            put(body, &path.0, format!("{NAME}{number}").into());
        }
    }

    /// The status of a finished job, or why none is known.
    fn status(&self, number: usize) -> Result<Json, String> {
        let mut body = self.located(number)?;
        let Condition { json, comparisons } = &self.plan.until;
        let mut say = |path: &Path, value: Json| {
            let is_possible = put(&mut body, &path.0, value);
            is_possible
                .then_some(())
                .ok_or_else(|| format!("`until` is about `{path}` twice"))
        };
        for condition in json {
            let value = condition.values.first().map(written).unwrap_or_default();
            say(&condition.path, value)?;
        }
        for comparison in comparisons {
            let Tested::Json(path) = &comparison.value else {
                continue;
            };
            say(path, passing(&comparison.test)?)?;
        }
        self.put_fields(&mut body, number);
        Ok(body)
    }

    /// A status with the URL of the records, where it has one.
    fn located(&self, number: usize) -> Result<Json, String> {
        let (Some(place), Some(url)) = (&self.plan.url_path, &self.url) else {
            return Ok(json!({}));
        };
        let url = Json::from(format!("{url}?{JOB}={number}"));
        let body = match place {
            Selector::Path(path) => {
                let mut body = json!({});
                put(&mut body, &path.0, url).then_some(body)
            }
            Selector::Query(_) => Way::of(place).map(|way| way.body(vec![url])),
        };
        body.ok_or_else(|| "no status is known in which `url_path` finds a URL".to_owned())
    }
}

/// The number of the job that a request names.
fn number(asks: &Asks) -> Option<usize> {
    asks.job()?.strip_prefix(NAME)?.parse().ok()
}

/// A value that passes a comparison.
fn passing(test: &Test) -> Result<Json, String> {
    let number = |bound: &str, by: f64| {
        let bound: f64 = bound.trim().parse().unwrap_or_default();
        json!(bound + by)
    };
    Ok(match test {
        Test::Above(bound) => number(bound, 1.0),
        Test::AtLeast(bound) | Test::AtMost(bound) => number(bound, 0.0),
        Test::Below(bound) => number(bound, -1.0),
        Test::In(texts) => texts
            .first()
            .map(|text| text.as_str().into())
            .unwrap_or_default(),
        Test::Matches(pattern) => {
            return Err(format!("no text is known that `{pattern}` matches"));
        }
    })
}

/// A scalar of the spec as JSON.
fn written(value: &JsonPlan) -> Json {
    match value {
        JsonPlan::Bool(value) => (*value).into(),
        JsonPlan::Number(digits) => serde_json::from_str(digits).unwrap_or_default(),
        JsonPlan::Text(Template(parts)) => match &**parts {
            [Part::Text(text)] => text.as_str().into(),
            _ => Json::Null,
        },
        _ => Json::Null,
    }
}
