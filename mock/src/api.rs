//! A mock at work.

use std::{fmt, marker::PhantomData, sync::Arc, time::Duration};

use rest_source::{Builder, Client, Connector, Result};
use serde::Serialize;

use crate::{
    asked::Asked,
    data::Given,
    dummies::Dummies,
    fault::Fault,
    given,
    server::{Line, Server},
};

/// An API in memory, and the sources that ask it: see [`Mock`](super::Mock).
///
/// ```
/// # use rest_source::{Connector, Result};
/// use rest_source_mock::{Fault, Mocked, json};
///
/// # fn example<Source: Connector>() -> Result<()> {
/// let api = Source::mock().records("stories", [json!({ "id": "a" })]).start()?;
/// let media = api.source();
/// // … after a first fetch of `media`, something is new, and the server is down:
/// api.add("stories", [json!({ "id": "b" })])?;
/// api.fault(Fault::status(503))?;
/// for asked in api.requests() {
///     println!("{asked}");
/// }
/// # Ok(())
/// # }
/// ```
pub struct Api<S> {
    server: Arc<Server>,
    dummies: Dummies,
    client: Client,
    source: PhantomData<fn() -> S>,
}

impl<S: Connector> Api<S> {
    /// # Errors
    ///
    /// Where no source can be made that asks this server.
    pub(crate) fn new(server: Server, dummies: Dummies) -> Result<Self> {
        let server = Arc::new(server);
        let source = builder::<S>(&server, &dummies).build()?;
        Ok(Self {
            client: source.client().clone(),
            server,
            dummies,
            source: PhantomData,
        })
    }

    /// The source that asks this API. All that this gives share their tokens and limits, as clones of
    /// a source do.
    pub fn source(&self) -> S {
        S::from_client(self.client.clone())
    }

    /// A builder of another source that asks this API, to give it what code under test would: who
    /// keeps refresh tokens, say. Its secrets, settings, transport and clock are given.
    pub fn builder(&self) -> Builder<S> {
        builder(&self.server, &self.dummies)
    }

    /// What was asked so far, in order; every attempt, and requests for tokens.
    pub fn requests(&self) -> Vec<Asked> {
        let mut asked = self.server.lock().asked.clone();
        for asked in &mut asked {
            // What custom credentials made of a secret, the source alone knows.
            asked.url = self.client.redact(&asked.url);
            asked.body = self.client.redact(&asked.body);
        }
        asked
    }

    /// What was asked so far for a resource, in order.
    pub fn requests_for(&self, resource: &str) -> Vec<Asked> {
        let mut asked = self.requests();
        asked.retain(|asked| asked.resource.as_deref() == Some(resource));
        asked
    }

    /// How long the source waited, in order: before it asked again, or for its `rate_limit`. No wait
    /// takes any time.
    pub fn waits(&self) -> Vec<Duration> {
        self.server.clock.waits()
    }

    /// Lets time pass, so that a token expires, say.
    pub fn advance(&self, time: Duration) {
        self.server.clock.advance(time);
    }

    /// Takes back every token: the next request that carries one gets a 401.
    pub fn expire_tokens(&self) {
        self.server.tokens.expire();
    }

    /// Something goes wrong from now on.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](rest_source::ErrorKind::Config) where it is for a resource that is not there.
    pub fn fault(&self, fault: Fault) -> Result<()> {
        self.server.fault(fault)
    }

    /// The API has further records from now on.
    ///
    /// # Errors
    ///
    /// As [`Mock::start`](super::Mock::start).
    pub fn add<R: Serialize>(
        &self,
        resource: &str,
        records: impl IntoIterator<Item = R>,
    ) -> Result<()> {
        self.server.add(Given {
            checked: true,
            ..given(resource, records)
        })
    }
}

fn builder<S: Connector>(server: &Arc<Server>, dummies: &Dummies) -> Builder<S> {
    dummies
        .builder()
        .transport(Line(Arc::clone(server)))
        .clock(server.clock.clone())
        .jitter(|| 0.0)
}

impl<S> fmt::Debug for Api<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Api({})", self.server.plan.name)
    }
}
