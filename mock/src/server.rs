//! The server in memory: from a request to a response, and what goes wrong.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rest_source::{
    __private::mock::{ManualClock, Redactor, Settings},
    Clock as _, Error, ErrorKind, Result,
    plan::{ResourcePlan, SourcePlan},
    shared::{Ref, Text},
    transport::{
        Body, BoxFuture, Bytes, Limits, Request, Response, Transport, TransportError,
        TransportErrorKind, http,
    },
};

use crate::{
    Handler, IntoResponse as _, Judge,
    access::Access,
    asked::Asked,
    data::{Data, Given, Unreadable},
    fault::{Fault, Target, due},
    job::{JobRequest, Jobs},
    json,
    page::{Paging, refusal},
    read::Read,
    route::{Asks, Route},
    tokens::Tokens,
};

/// An API in memory.
pub(crate) struct Server {
    pub(crate) plan: Ref<SourcePlan>,
    pub(crate) settings: Settings,
    pub(crate) resources: Vec<Resource>,
    pub(crate) tokens: Tokens,
    pub(crate) authorize: Option<Judge>,
    pub(crate) otherwise: Option<Handler>,
    pub(crate) clock: ManualClock,
    pub(crate) redactor: Redactor,
    pub(crate) state: Mutex<State>,
}

/// What changes while it is asked.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) asked: Vec<Asked>,
    pub(crate) faults: Vec<Fault>,
}

/// A resource of it.
pub(crate) struct Resource {
    pub(crate) plan: Ref<ResourcePlan>,
    pub(crate) route: Route,
    /// The request for the first records of a tree.
    pub(crate) root: Option<Route>,
    /// The request for the next pages of a scroll.
    pub(crate) next: Option<Route>,
    /// The request that ends a scroll.
    pub(crate) clear: Option<Route>,
    pub(crate) jobs: Option<Jobs>,
    pub(crate) access: Access,
    pub(crate) pages: Pages,
    pub(crate) data: Mutex<Data>,
}

impl Resource {
    /// What a request says, if it asks for records of the resource.
    fn asks(&self, read: &Read<'_>) -> Option<Asks> {
        let asks = self.route.asks(read);
        if let Some(next) = &self.next {
            // The request that has more in common with it, with the id of the scroll.
            let of_next = next.asks(read);
            return match (asks, of_next) {
                (Some(first), Some(next)) if first.agreeing > next.agreeing => Some(first),
                (first, next) => next.or(first),
            };
        }
        let Some(root) = &self.root else {
            return asks;
        };
        let of_root = || {
            let mut asks = root.asks(read)?;
            asks.is_root = true;
            Some(asks)
        };
        asks.filter(Asks::has_parent).or_else(of_root)
    }
}

/// How the pages of a resource come to be.
pub(crate) enum Pages {
    Cut(Box<Paging>),
    /// In a way of the test's own.
    Handled(Handler),
    /// Not at all, for this reason.
    Unknown(Error),
}

/// What a request asks for.
enum For<'s> {
    Token,
    Resource(&'s Resource, Asks),
    Job(&'s Resource, JobRequest, Asks),
    /// The end of a scroll.
    Clear(&'s Resource, Asks),
    Nothing,
}

impl For<'_> {
    fn target(&self) -> Target {
        match self {
            Self::Token => Target::Token,
            Self::Resource(resource, _) | Self::Job(resource, ..) | Self::Clear(resource, _) => {
                Target::Resource(resource.plan.name.to_string())
            }
            Self::Nothing => Target::Data,
        }
    }

    fn resource(&self) -> Option<&Text> {
        match self {
            Self::Resource(resource, _) | Self::Job(resource, ..) | Self::Clear(resource, _) => {
                Some(&resource.plan.name)
            }
            Self::Token | Self::Nothing => None,
        }
    }
}

impl Server {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds records to the resource that they are given for.
    ///
    /// # Errors
    ///
    /// Where there is none, or it cannot be mocked, or a record is not as the spec says.
    pub(crate) fn add(&self, given: Given) -> Result<()> {
        let resource = self.find(&given.resource)?;
        resource.takes_records(self.authorize.is_some())?;
        resource.lock().add(given)
    }

    /// Why a resource serves no records, if it serves none.
    pub(crate) fn without_records(&self, resource: &ResourcePlan) -> Option<Error> {
        let found = self.find(&resource.name);
        let takes = found.and_then(|found| found.takes_records(self.authorize.is_some()));
        takes.err()
    }

    /// The resource of this name.
    ///
    /// # Errors
    ///
    /// Where there is none.
    fn find(&self, name: &str) -> Result<&Resource> {
        let found = self
            .resources
            .iter()
            .find(|resource| resource.plan.name == name);
        found.ok_or_else(|| unknown_resource(&self.plan, name))
    }

    /// Adds something that goes wrong.
    ///
    /// # Errors
    ///
    /// Where it is for a resource that is not there.
    pub(crate) fn fault(&self, fault: Fault) -> Result<()> {
        if let Some(name) = fault.unknown_resource(&self.plan) {
            return Err(unknown_resource(&self.plan, name));
        }
        self.lock().faults.push(fault);
        Ok(())
    }

    /// The answer to a request, and what was asked.
    pub(crate) fn exchange(
        &self,
        request: &Request,
        timeout: Duration,
    ) -> Result<(Asked, Result<Response, TransportError>), TransportError> {
        let Some(read) = Read::new(request) else {
            return Err(TransportError::new(
                TransportErrorKind::Request,
                "the request's URL does not parse",
            ));
        };
        let asked = self.asked_for(&read);
        let fault = due(&mut self.lock().faults, &asked.target());
        let answer = match fault {
            Some(fault) => fault.happen(),
            None => Ok(self.respond(&read, &asked)),
        };
        if let Err(error) = &answer
            && error.kind == TransportErrorKind::Timeout
        {
            self.clock.advance(timeout);
        }
        let asked = Asked {
            method: request.method,
            url: self.redactor.redact(&request.url),
            resource: asked.resource().cloned(),
            body: self
                .redactor
                .redact(&String::from_utf8_lossy(&request.body)),
            status: answer.as_ref().ok().map(|response| response.status),
        };
        Ok((asked, answer))
    }

    /// What a request asks for. Of resources that are asked for alike, that is the one which has most
    /// in common with the request, one with records before one without, and the first of these.
    fn asked_for(&self, read: &Read<'_>) -> For<'_> {
        if self.tokens.are_asked(read) {
            return For::Token;
        }
        let mut best: Option<((usize, bool), &Resource, Asks)> = None;
        for resource in &self.resources {
            let Some(asks) = resource.asks(read) else {
                continue;
            };
            let rank = (asks.agreeing, resource.has_something());
            if best.as_ref().is_none_or(|(least, ..)| rank > *least) {
                best = Some((rank, resource, asks));
            }
        }
        let records = best.map(|(rank, resource, asks)| (rank.0, For::Resource(resource, asks)));
        let jobs = self.resources.iter().filter_map(|resource| {
            let (request, asks) = resource.jobs.as_ref()?.asks(read)?;
            Some((asks.agreeing, For::Job(resource, request, asks)))
        });
        let clears = self.resources.iter().filter_map(|resource| {
            let asks = resource.clear.as_ref()?.asks(read)?;
            Some((asks.agreeing, For::Clear(resource, asks)))
        });
        let all = clears.chain(jobs).chain(records);
        all.max_by_key(|(agreeing, _)| *agreeing)
            .map_or(For::Nothing, |(_, asked)| asked)
    }

    fn respond(&self, read: &Read<'_>, asked: &For<'_>) -> Response {
        let now = self.clock.elapsed();
        match asked {
            For::Token => self.tokens.answer(
                read,
                now,
                &self.settings.secrets,
                &|| self.authorizes(read),
                &|token| self.redactor.learn_token(token),
            ),
            For::Resource(resource, asks) => match &resource.jobs {
                Some(jobs) => {
                    let mut asks = asks.clone();
                    jobs.complete(read, &mut asks);
                    self.records(read, resource, &asks)
                }
                None => self.records(read, resource, asks),
            },
            For::Job(resource, request, asks) => {
                self.admit(read, resource, asks).unwrap_or_else(|| {
                    let jobs = resource.jobs.as_ref();
                    jobs.map_or_else(|| self.nothing(read), |jobs| jobs.answer(*request, asks))
                })
            }
            For::Clear(resource, asks) => self
                .admit(read, resource, asks)
                .unwrap_or_else(|| json!({}).into_response()),
            For::Nothing => self.nothing(read),
        }
    }

    /// Whether the test lets a request in whose credentials are custom.
    fn authorizes(&self, read: &Read<'_>) -> bool {
        self.authorize.as_ref().is_some_and(|may| may(read.request))
    }

    fn nothing(&self, read: &Read<'_>) -> Response {
        if let Some(handler) = &self.otherwise {
            return handler(read.request);
        }
        let request = format!("{} {}", read.request.method.as_str(), read.url);
        let message = format!("no resource of `{}` asks for `{request}`", self.plan.name);
        refusal(404, &self.redactor.redact(&message))
    }

    /// The response to a request that is not let in.
    fn admit(&self, read: &Read<'_>, resource: &Resource, asks: &Asks) -> Option<Response> {
        if matches!(resource.access, Access::Custom) && self.authorize.is_none() {
            return Some(refusal(501, &nobody_says(&resource.plan).to_string()));
        }
        let authorize = || self.authorizes(read);
        let now = self.clock.elapsed();
        let is_known = resource.access.allows(read, &self.tokens, now, &authorize);
        let is_admitted = is_known && asks.has_secrets(&self.settings.secrets);
        if is_admitted {
            return None;
        }
        let mut refusal = refusal(401, "the credentials are not those that the spec says");
        if let Some(challenge) = resource.access.challenge() {
            refusal.headers.push("WWW-Authenticate", challenge);
        }
        Some(refusal)
    }

    fn records(&self, read: &Read<'_>, resource: &Resource, asks: &Asks) -> Response {
        if let Some(refusal) = self.admit(read, resource, asks) {
            return refusal;
        }
        match &resource.pages {
            Pages::Handled(handler) => handler(read.request),
            Pages::Unknown(error) => refusal(501, &error.to_string()),
            Pages::Cut(paging) => {
                let data = resource.lock();
                match data.asked(asks) {
                    Ok(records) => paging.page(read, asks, &records),
                    Err(Unreadable) => refusal(400, "the start or the end cannot be read"),
                }
            }
        }
    }
}

impl Resource {
    fn lock(&self) -> MutexGuard<'_, Data> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a test gave it records or a handler.
    fn has_something(&self) -> bool {
        matches!(self.pages, Pages::Handled(_)) || !self.lock().is_empty()
    }

    /// # Errors
    ///
    /// Where it does not serve records, and so would have them for nothing.
    fn takes_records(&self, is_authorized: bool) -> Result<()> {
        match (&self.pages, &self.access) {
            (Pages::Unknown(error), _) => Err(error.clone()),
            (Pages::Handled(_), _) => {
                let message = "it was given both records and an `answer` of its own";
                Err(Error::new(ErrorKind::Config, message).with_resource(&self.plan.name))
            }
            (Pages::Cut(_), Access::Custom) if !is_authorized => Err(nobody_says(&self.plan)),
            (Pages::Cut(_), _) => Ok(()),
        }
    }
}

/// For a resource whose credentials are custom.
fn nobody_says(plan: &ResourcePlan) -> Error {
    let message = "its credentials are custom: the spec does not say who may ask";
    Error::new(ErrorKind::Config, message)
        .with_resource(&plan.name)
        .with_help("say so: `.authorize(|request| …)`")
}

/// For a resource that is not there.
pub(crate) fn unknown_resource(plan: &SourcePlan, name: &str) -> Error {
    let names: Vec<&str> = plan
        .resources
        .iter()
        .map(|resource| resource.name.as_str())
        .collect();
    let message = format!("`{}` has no resource `{name}`", plan.name);
    Error::new(ErrorKind::Config, message).with_help(format!("it has `{}`", names.join("`, `")))
}

/// The way to a server in memory.
pub(crate) struct Line(pub(crate) Arc<Server>);

impl Transport for Line {
    fn send(
        &self,
        request: http::Request<Bytes>,
        limits: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        Box::pin(async move {
            // As a real transport does, let the others go on.
            tokio::task::yield_now().await;
            let request = Request::from_http(&request);
            let (asked, answer) = self.0.exchange(&request, limits.timeout)?;
            self.0.lock().asked.push(asked);
            answer?.into_http()
        })
    }
}
