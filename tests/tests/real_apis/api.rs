//! An API in memory, which gives the pages that it was told to give, in order.

use std::{collections::VecDeque, sync::Mutex};

use rest_source::{
    Builder, Connector, Timestamp,
    transport::{Request, Response, TransportError, TransportErrorKind},
};
use rest_source_testkit::{ManualClock, ScriptedTransport, response};
use serde_json::Value;

/// An API that gives these pages, in order.
#[derive(Clone)]
pub(crate) struct Api(ScriptedTransport);

impl Api {
    pub(crate) fn new(pages: impl IntoIterator<Item = Response>) -> Self {
        let pages: VecDeque<Response> = pages.into_iter().collect();
        let pages = Mutex::new(pages);
        Self(ScriptedTransport::new(move |_| {
            let page = pages.lock().unwrap().pop_front();
            let none_left = || TransportError::new(TransportErrorKind::Request, "no page is left");
            page.ok_or_else(none_left)
        }))
    }

    /// A source that asks this API, and never waits.
    pub(crate) fn connect<S: Connector>(&self, secrets: S::Secrets, config: S::Config) -> S {
        Builder::<S>::new()
            .secrets(secrets)
            .config(config)
            .transport(self.0.clone())
            .clock(ManualClock::default())
            .build()
            .unwrap()
    }

    /// What was asked for, in order.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.0.requests()
    }

    /// The URLs of that.
    pub(crate) fn urls(&self) -> Vec<String> {
        self.0.urls()
    }
}

/// A page.
pub(crate) fn page(body: &Value) -> Response {
    response(200, &[], body.to_string())
}

/// A page with a `Link` to the next.
pub(crate) fn linked(body: &Value, next: &str) -> Response {
    let mut page = page(body);
    page.headers.push(
        "Link",
        format!("<{next}>; rel=\"next\", <{next}0>; rel=\"last\""),
    );
    page
}

/// The value of a header that was sent.
pub(crate) fn header<'r>(request: &'r Request, name: &str) -> &'r str {
    request.headers.get(name).unwrap_or_default()
}

/// A record, with these members in place of its own or beside them.
pub(crate) fn with(mut record: Value, members: Value) -> Value {
    let Value::Object(members) = members else {
        panic!("not an object: {members}");
    };
    record.as_object_mut().unwrap().extend(members);
    record
}

/// A time in RFC 3339.
pub(crate) fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}
