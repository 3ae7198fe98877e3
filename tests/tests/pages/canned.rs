//! An API in memory, which answers as a test says, and a clock on which waits are over at once.

use std::time::{Duration, SystemTime};

use rest_source::{
    Connector,
    transport::{Request, Response},
};
use rest_source_testkit::{ManualClock, ScriptedTransport, response};

/// 9:30 on 21 November 2026.
const START: Duration = Duration::from_secs(1_795_253_400);

/// A source of an API that answers by this function.
pub(crate) fn source<S: Connector>(
    secrets: S::Secrets,
    api: impl Fn(&Request) -> Response + Send + Sync + 'static,
) -> S {
    let builder = rest_source::Builder::<S>::new().secrets(secrets);
    let builder = builder
        .clock(ManualClock::starting_at(SystemTime::UNIX_EPOCH + START))
        .jitter(|| 0.0);
    let transport = ScriptedTransport::new(move |request| Ok(api(request)));
    builder.transport(transport).build().unwrap()
}

/// An answer, its headers written `Name: value`.
pub(crate) fn answer(status: u16, headers: &[&str], body: impl Into<String>) -> Response {
    let headers = headers.iter().filter_map(|header| header.split_once(": "));
    response(status, &headers.collect::<Vec<_>>(), body.into())
}
