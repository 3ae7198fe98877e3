//! Jobs: what bounds them.

use std::{future, time::Duration};

use super::{SECOND, THINGS, Thing, list};
use crate::{
    Client, ErrorKind,
    clock::manual::ManualClock,
    hooks::Hooks,
    permits::RateLimiting,
    plan::{Condition, Job, JsonCondition, JsonPlan, Part, ResourcePlan, SourcePlan, Template},
    schema::{Path, Step, Table},
    settings::Settings,
    shared::Ref::Static,
    testing::{Api, answer, context},
    transport::{Body, BoxFuture, Bytes, Limits, Transport, TransportError, http},
};

/// Answers the first request, and no other.
struct SilentAfterOne(Api);

impl Transport for SilentAfterOne {
    fn send(
        &self,
        request: http::Request<Bytes>,
        limits: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        if self.0.requests().is_empty() {
            self.0.send(request, limits)
        } else {
            Box::pin(future::pending())
        }
    }
}

static STATUS: Table = Table::new("status", list![]);

fn request(path: &'static str) -> ResourcePlan {
    ResourcePlan {
        name: Static("report"),
        table: Static(&STATUS),
        path: Template(vec![Part::Text(Static(path))].into()),
        ..ResourcePlan::DEFAULT
    }
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_is_not_answered_ends_with_the_timeout_of_the_job() {
    let resource = ResourcePlan {
        job: Some(
            Job {
                create: request("/create").into(),
                poll: request("/poll").into(),
                fields: list![],
                until: Condition {
                    json: list![JsonCondition {
                        path: Path(list![Step::Key(Static("done"))]),
                        values: list![JsonPlan::Bool(true)],
                    }],
                    ..Condition::DEFAULT
                },
                fail_if: Condition::DEFAULT,
                message_path: None,
                url_path: None,
                interval: SECOND,
                timeout: 30 * SECOND,
            }
            .into(),
        ),
        ..THINGS.clone()
    };
    let api = Api::new(|_| answer(200, &[], r#"{"done": false}"#));
    let settings = Settings {
        secrets: Vec::new(),
        choice: None,
        config: Vec::new(),
    };
    let plan = SourcePlan {
        base_url: Template(list![Part::Text(Static("https://api.example.com"))]),
        ..SourcePlan::DEFAULT
    };
    let mut context = context(&plan, &[], &api, &ManualClock::default());
    context.transport = Box::new(SilentAfterOne(api));
    let client = Client::new(
        plan.into(),
        &Hooks::NONE,
        settings,
        context,
        (RateLimiting::Local, 1),
    )
    .unwrap();
    let begun = tokio::time::Instant::now();
    let fetched: crate::Result<Vec<Thing>> = client.fetch(resource).all().await;
    let error = fetched.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Job, "{error}");
    assert!(
        error
            .to_string()
            .contains("the job was not done after 30 s"),
        "{error}"
    );
    assert!(begun.elapsed() <= Duration::from_secs(30));
}
