//! The specs as connectors, and how each is connected to a server.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use rest_source::{Clock, Connector, rest_source, transport::BoxFuture};
use rest_source_testkit::data;

use crate::printed;

#[rest_source("../../../specs/analytics_api_key.yaml")]
pub(crate) mod analytics_api_key {}

#[rest_source("../../../specs/analytics_oauth2.yaml")]
pub(crate) mod analytics_oauth2 {}

#[rest_source("../../../specs/call_center_overview.yaml")]
pub(crate) mod call_center {}

#[rest_source("../../../specs/datasets.yaml")]
pub(crate) mod datasets {}

#[rest_source("../../../specs/media_insights.yaml")]
pub(crate) mod media {}

/// Two resources over the server's stories, one appended and one replaced.
#[rest_source("../../specs/ledger.yaml")]
pub(crate) mod ledger {}

/// The stories in groups that are replaced together.
#[rest_source("../../specs/grouped.yaml")]
pub(crate) mod grouped {}

/// The stories in the order in which they were changed, appended.
#[rest_source("../../specs/journal.yaml")]
pub(crate) mod journal {}

/// The stories with a time limit that a test can wait for.
#[rest_source("../../specs/impatient.yaml")]
pub(crate) mod impatient {}

/// The stories of an API that says what it means in ways of its own.
#[rest_source("../../specs/forgiving.yaml")]
pub(crate) mod forgiving {}

/// Posts, comments and replies: parents and children.
#[rest_source("../../specs/blog.yaml")]
pub(crate) mod blog {}

pub(crate) fn blog_at(url: &str) -> blog::Source {
    let config = blog::Config {
        base_url: url.to_owned(),
    };
    connect((), config, Hurried::default())
}

/// Connects a source whose only secret is the key.
macro_rules! with_key {
    ($($source:ident)*) => {$(
        pub(crate) fn $source(url: &str) -> $source::Source {
            connect(
                $source::Secrets { api_key: data::API_KEY.into() },
                $source::Config { base_url: url.to_owned() },
                Hurried::default(),
            )
        }
    )*};
}

with_key!(analytics_api_key call_center datasets media ledger grouped journal impatient forgiving);

pub(crate) fn analytics_oauth2(url: &str) -> analytics_oauth2::Source {
    connect(
        analytics_oauth2::Secrets {
            client_id: data::CLIENT_ID.into(),
            client_secret: data::CLIENT_SECRET.into(),
        },
        analytics_oauth2::Config {
            base_url: url.to_owned(),
            token_url: format!("{url}/oauth/token"),
        },
        Hurried::default(),
    )
}

/// A media source, and the clock it waits by.
pub(crate) fn timed_media(url: &str) -> (media::Source, Hurried) {
    let clock = Hurried::default();
    let source = connect(
        media::Secrets {
            api_key: data::API_KEY.into(),
        },
        media::Config {
            base_url: url.to_owned(),
        },
        clock.clone(),
    );
    (source, clock)
}

fn connect<S: Connector>(secrets: S::Secrets, config: S::Config, clock: Hurried) -> S {
    printed::log();
    rest_source::Builder::<S>::new()
        .secrets(secrets)
        .config(config)
        .clock(clock)
        .build()
        .unwrap()
}

/// A clock on which waits pass a hundred times faster. Sockets and their time-outs keep to the
/// clock on the wall.
#[derive(Clone, Debug)]
pub(crate) struct Hurried {
    start: SystemTime,
    waits: Arc<Mutex<Vec<Duration>>>,
}

const HURRY: u32 = 100;

impl Default for Hurried {
    fn default() -> Self {
        Self {
            start: SystemTime::now(),
            waits: Arc::default(),
        }
    }
}

impl Hurried {
    /// How long each wait was asked to be.
    pub(crate) fn waits(&self) -> Vec<Duration> {
        self.waits.lock().unwrap().clone()
    }
}

impl Clock for Hurried {
    fn now(&self) -> SystemTime {
        self.start + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed().unwrap_or_default() * HURRY
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        self.waits.lock().unwrap().push(duration);
        Box::pin(tokio::time::sleep(duration / HURRY))
    }
}
