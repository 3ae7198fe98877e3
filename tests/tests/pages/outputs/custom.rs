//! Of `custom.md`.

use std::{
    fmt::{Debug, Write},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use rest_source::{plan::Method, transport::Request};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

use crate::{
    canned::{answer, source},
    shown::custom::{body_0, shop},
};

fn secrets() -> shop::Secrets {
    shop::Secrets {
        user: "ada-of-the-shop".into(),
        password: "pass-of-the-shop".into(),
    }
}

/// Two days of sales, for whoever has this session, after so many requests that fail.
fn shop(session: &'static str, fails: u32) -> (shop::Source, Arc<AtomicU32>) {
    let logins = Arc::new(AtomicU32::new(0));
    let (counted, left) = (Arc::clone(&logins), AtomicU32::new(fails));
    let respond = move |request: &Request| {
        if request.method == Method::Post {
            let number = counted.fetch_add(1, Ordering::Relaxed) + 1;
            return answer(200, &[&format!("X-Session: session-{number}")], "");
        }
        if request.headers.get("X-Session") != Some(session) {
            return answer(401, &[], "");
        }
        if left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1))
            .is_ok()
        {
            return answer(503, &[], "busy");
        }
        let sales = if request.url.ends_with("day=2026-11-20") {
            r#"{"sales": [{"id": " a ", "amount": 2.5}, {"id": "unsold"}]}"#
        } else {
            r#"{"sales": [{"id": "b", "amount": 1}], "previous_day": "2026-11-20"}"#
        };
        answer(200, &[], sales)
    };
    (source(secrets(), respond), logins)
}

#[tokio::test]
async fn the_session_the_paginator_and_the_steps_that_are_shown_work() {
    let (shop, logins) = shop("session-2", 0);
    let sales = shop.sales().all().await.unwrap();
    let ids: Vec<_> = sales.iter().map(|sale| sale.id.as_str()).collect();
    assert_eq!(ids, ["b", "a"]);
    body_0(shop).await.unwrap();
    assert_eq!(
        logins.load(Ordering::Relaxed),
        2,
        "one, and one after the 401"
    );
}

pub(super) async fn log() -> String {
    // `tracing` may leave out an event that is met for the first time while a subscriber is registered.
    let (first, _) = shop("session-1", 1);
    first.sales().all().await.unwrap();
    let (shop, _) = shop("session-1", 1);
    let log = Log::default();
    let told = Arc::clone(&log.0);
    let _guard = tracing::subscriber::set_default(log);
    shop.sales().all().await.unwrap();
    let told = told.lock().unwrap().clone();
    assert!(!told.contains("session-"), "{told}");
    told
}

/// A line for every span and event.
#[derive(Default)]
struct Log(Arc<Mutex<String>>);

impl Log {
    fn write(&self, metadata: &Metadata<'_>, record: impl FnOnce(&mut Line)) {
        let mut line = Line(format!("{} {}", metadata.level(), metadata.name()));
        if metadata.is_event() {
            line = Line(metadata.level().to_string());
        }
        record(&mut line);
        self.0.lock().unwrap().push_str(&(line.0 + "\n"));
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "rest_source" && *metadata.level() <= Level::DEBUG
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.write(span.metadata(), |line| span.record(line));
        Id::from_u64(1)
    }

    fn event(&self, event: &Event<'_>) {
        self.write(event.metadata(), |line| event.record(line));
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let written = match field.name() {
            "message" => write!(self.0, " {value:?}"),
            name => write!(self.0, " {name}={value:?}"),
        };
        written.unwrap();
    }
}
