//! `job`: the report or export that an API makes before its records can be fetched. Its keys, how they are read, and
//! the rules about them.

use std::time::Duration;

use crate::connector::{
    self, Auth, Body, Condition, Job, Method, Param, Path, Ref, ResourcePlan, Selector, Template,
};
use crate::diagnostic::{Diagnostic, Span};
use crate::grammar::endpoint::{self, response_action};
use crate::grammar::{Context, DefaultKey, Key, Shape, duration, key, path, word_of};
use crate::jsonpath::{self, Parsed};
use crate::spec::{Text, View};

use super::Check;

pub(crate) static ENDPOINT_JOB: Key = key(
    "job",
    Shape::Map(&JOB),
    "a report or an export, which is created and polled until its records can be fetched",
);

pub(crate) static JOB: Context = Context {
    name: "`job`",
    keys: &[
        &CREATE,
        &POLL,
        &UNTIL,
        &FAIL_IF,
        &MESSAGE_PATH,
        &DOWNLOAD,
        &INTERVAL,
        &TIMEOUT,
    ],
};

static CREATE: Key = key(
    "create",
    Shape::Map(&JOB_REQUEST),
    "the request that creates it",
)
.required();
static POLL: Key = key(
    "poll",
    Shape::Map(&JOB_REQUEST),
    "the request for its status",
)
.required();
static UNTIL: Key = key(
    "until",
    response_action::JSON_SHAPE,
    "what the status of a finished job has at these places: a value, one of several, or a comparison",
)
.required();
static FAIL_IF: Key = key(
    "fail_if",
    response_action::JSON_SHAPE,
    "what the status of a failed job has",
);
static MESSAGE_PATH: Key<Path> = path(
    "message_path",
    "where the status has the reason of a failure",
);
static DOWNLOAD: Key = key(
    "download",
    Shape::Map(&DOWNLOAD_REQUEST),
    "where the records are, if not at the endpoint's own `path`",
);
static INTERVAL: DefaultKey<Duration> = duration(
    "interval",
    "how long the first poll waits; each further one waits twice as long, up to a minute",
)
.or(Job::INTERVAL);
static TIMEOUT: DefaultKey<Duration> =
    duration("timeout", "how long the job may take").or(Job::TIMEOUT);

pub(crate) static JOB_REQUEST: Context = Context {
    name: "a request of a job",
    keys: &[
        &endpoint::PATH,
        &METHOD,
        &endpoint::BODY_ON_GET,
        &endpoint::PARAMS,
        &endpoint::HEADERS,
        &endpoint::JSON,
        &endpoint::DATA,
        &endpoint::RESPONSE_ACTIONS,
    ],
};
static METHOD: Key<Method> =
    word_of("method", "the method").remark("POST for `create`, GET for `poll`");

static DOWNLOAD_REQUEST: Context = Context {
    name: "`download`",
    keys: &[&URL_PATH, &DOWNLOAD_PATH],
};
static URL_PATH: Key<Selector> = Key::new(
    "url_path",
    Shape::Selector,
    "where the status has the URL of the records, or several",
);
static DOWNLOAD_PATH: Key = key(
    "path",
    Shape::Template,
    "the path of the records; the same as the endpoint's own",
);

/// The values of a job that the requests of a resource may have a place for.
#[derive(Default)]
pub(super) enum JobFields {
    /// There is no job.
    #[default]
    None,
    /// The job does not exist yet: the request creates it.
    Creating,
    /// Those that were used so far.
    Used(Vec<Path>),
}

/// The requests of a job.
pub(super) struct JobRequests {
    create: OtherRequest,
    poll: OtherRequest,
}

/// A request of a resource besides those for its first records.
pub(super) struct OtherRequest {
    method: Method,
    path: Template,
    params: Vec<Param>,
    headers: Vec<Param>,
    body: Body,
}

impl OtherRequest {
    /// Its plan, at this line of the spec.
    pub(super) fn into_plan(self, name: Text<'_>, line: u32) -> ResourcePlan {
        ResourcePlan {
            name: name.owned(),
            line,
            table: connector::table(name.text, &[]),
            method: self.method,
            path: self.path,
            params: self.params.into(),
            headers: self.headers.into(),
            body: self.body,
            ..ResourcePlan::DEFAULT
        }
    }
}

/// The path of the records: of the endpoint, or of the job's `download`.
pub(super) fn path_of<'t>(endpoint: &View<'t>) -> Option<Text<'t>> {
    let own = || endpoint.text(&endpoint::PATH);
    let job = endpoint.view(&ENDPOINT_JOB, &JOB);
    let download = job.and_then(|job| job.view(&DOWNLOAD, &DOWNLOAD_REQUEST));
    download
        .and_then(|download| download.text(&DOWNLOAD_PATH))
        .or_else(own)
}

impl Check<'_> {
    /// The requests of a job, before the resource's own requests, which may have its values.
    pub(super) fn job_requests(
        &mut self,
        endpoint: &View<'_>,
        name: Text<'_>,
    ) -> Option<JobRequests> {
        self.job = JobFields::None;
        let view = endpoint.view(&ENDPOINT_JOB, &JOB)?;
        let pages = self.pages.take();
        self.job = JobFields::Creating;
        let create = view.view(&CREATE, &JOB_REQUEST);
        let create = create.map(|create| {
            let method = create.get(&METHOD).unwrap_or(Method::Post);
            self.other_request(endpoint, &create, method, name)
        });
        self.job = JobFields::Used(Vec::new());
        let poll = view.view(&POLL, &JOB_REQUEST);
        let poll = poll.map(|poll| {
            let method = poll.get(&METHOD).unwrap_or_default();
            self.other_request(endpoint, &poll, method, name)
        });
        self.pages = pages;
        Some(JobRequests {
            create: create?,
            poll: poll?,
        })
    }

    /// A request beside those of an endpoint, with its path, parameters, headers and body.
    pub(super) fn other_request(
        &mut self,
        endpoint: &View<'_>,
        view: &View<'_>,
        method: Method,
        name: Text<'_>,
    ) -> OtherRequest {
        let incremental = endpoint.entry(&endpoint::ENDPOINT_INCREMENTAL).is_some();
        let mut params = self.params(view.entries(&endpoint::PARAMS), incremental);
        let (path, _) = self.path(endpoint, view.text(&endpoint::PATH), name, &mut params);
        OtherRequest {
            method,
            path,
            params: params.into_iter().map(|bound| bound.param).collect(),
            headers: self
                .headers(view.entries(&endpoint::HEADERS), incremental)
                .to_vec(),
            body: self.body(view, method, incremental),
        }
    }

    /// The job of a resource whose requests were read, with its credentials.
    pub(super) fn job(
        &mut self,
        endpoint: &View<'_>,
        name: Text<'_>,
        requests: Option<JobRequests>,
        auth: Option<&Ref<Auth>>,
    ) -> Option<Ref<Job>> {
        let view = endpoint.view(&ENDPOINT_JOB, &JOB)?;
        let download = view.view(&DOWNLOAD, &DOWNLOAD_REQUEST);
        self.download_is_in_one_place(endpoint, download.as_ref());
        let until = self.condition(&view, &UNTIL);
        let fail_if = self.condition(&view, &FAIL_IF);
        self.ends_differ(&view, &until, &fail_if);
        let JobFields::Used(fields) = std::mem::take(&mut self.job) else {
            return None;
        };
        let JobRequests { create, poll } = requests?;
        let mut request = |request: OtherRequest, key: &Key, context: &'static Context| {
            let rules = view.view(key, context);
            let auth_of_rules = auth.map(|auth| &**auth);
            let response_actions =
                rules.map(|rules| self.response_actions(&rules, auth_of_rules, false));
            Ref::from(ResourcePlan {
                response_actions: response_actions.unwrap_or_default(),
                auth: auth.cloned(),
                ..request.into_plan(name, self.line(view.place(key)))
            })
        };
        let job = Job {
            create: request(create, &CREATE, &JOB_REQUEST),
            poll: request(poll, &POLL, &JOB_REQUEST),
            fields: fields.into(),
            until,
            fail_if,
            message_path: view.get(&MESSAGE_PATH),
            url_path: download.and_then(|download| download.get(&URL_PATH)),
            interval: view.get(&INTERVAL),
            timeout: view.get(&TIMEOUT),
        };
        Some(job.into())
    }

    /// A status cannot say both that the job is done and that it failed.
    fn ends_differ(&mut self, view: &View<'_>, until: &Condition, fail_if: &Condition) {
        let is_empty = until.json.is_empty() && until.comparisons.is_empty();
        if until != fail_if || is_empty {
            return;
        }
        let message = "`fail_if` and `until` have one condition: no job would ever be done";
        self.error(
            Diagnostic::error("RS0722", view.place(&FAIL_IF), message)
                .help("say what the status of a failed job has, `{ status: failed }`")
                .also(view.place(&UNTIL), "the other is here"),
        );
    }

    /// What a status has, at least one thing.
    fn condition(&mut self, view: &View<'_>, key: &Key) -> Condition {
        let entries = view.entries(key);
        let condition = Condition {
            json: self.json_conditions(entries),
            comparisons: self.comparisons(entries, &[]),
        };
        if let Some(entry) = view.entry(key)
            && entries.is_empty()
            && !self.sink.has_errors_in(&entry.value.span)
        {
            let message = format!(
                "`{}` has no condition, and every status would meet it",
                key.name
            );
            self.error(
                Diagnostic::error("RS0722", &entry.value.span, message)
                    .help("say what the status has: `{ status: complete }`"),
            );
        }
        condition
    }

    /// The records are at one path, or at the URLs of the status.
    fn download_is_in_one_place(&mut self, endpoint: &View<'_>, download: Option<&View<'_>>) {
        let Some(download) = download else { return };
        let own = endpoint.entry(&endpoint::PATH);
        let path = download.entry(&DOWNLOAD_PATH);
        let url = download.entry(&URL_PATH);
        let places = [own, path, url].into_iter().flatten();
        // A path that is inherited gives way to the one of the job.
        let places: Vec<_> = places
            .filter(|entry| endpoint.node.span.contains(&entry.key.span.start))
            .collect();
        if let [first, second, ..] = &places[..] {
            self.error(
                Diagnostic::error(
                    "RS0722",
                    &second.key.span,
                    "the records of a job are in one place, and this is another",
                )
                .help("remove one of them")
                .also(&first.key.span, "the other is here"),
            );
        } else if places.is_empty()
            && path.or(url).is_none()
            && !self.sink.has_errors_in(&download.node.span)
        {
            self.error(
                Diagnostic::error(
                    "RS0722",
                    &download.node.span,
                    "`download` does not say where the records are",
                )
                .help("add `url_path`, if the status has their URL, or `path`"),
            );
        }
    }

    /// `{job.NAME}`.
    pub(super) fn job_placeholder(&mut self, name: &str, span: &Span) -> Option<u16> {
        let (message, help) = match &mut self.job {
            JobFields::Used(fields) => match jsonpath::parse(name) {
                Ok(Parsed::Path(path)) => {
                    let at = fields.iter().position(|known| *known == path);
                    let at = at.unwrap_or_else(|| {
                        fields.push(path);
                        fields.len() - 1
                    });
                    return Some(super::parent::position(at));
                }
                _ => (
                    format!("`{name}` is no path to one place"),
                    "write `{job.id}`, or `{job.data.id}`",
                ),
            },
            JobFields::Creating => (
                "the job does not exist before it is created".to_owned(),
                "use its fields in `poll` and in the requests for the records",
            ),
            JobFields::None => (
                format!("there is no job with a field `{name}`"),
                "it is for requests of an endpoint with a `job`",
            ),
        };
        self.error(Diagnostic::error("RS0208", span, message).help(help));
        None
    }
}
