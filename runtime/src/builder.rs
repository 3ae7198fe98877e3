//! Making a source.

use std::{fmt, marker::PhantomData, sync::Arc};

use crate::{
    Client, Clock, ConfigValue, Error, ErrorKind, Result, Secret, SystemClock, Values,
    plan::SourcePlan,
    redact::Redactor,
    settings::{self, Variable},
    transport::Transport,
    wire::Wire,
};

/// A source that a spec was made into. Generated code implements it for its `Source`.
pub trait Connector: Sized {
    /// What the spec says.
    const PLAN: &'static SourcePlan;
    /// Its secrets: a struct with a field for each, or `()`.
    type Secrets: Values<Secret>;
    /// Its settings: a struct with a field for each, or `()`.
    type Config: Values<ConfigValue>;

    /// The source over this client.
    fn from_client(client: Client) -> Self;

    /// Its client.
    fn client(&self) -> &Client;
}

/// Makes a source. What is not given comes from the environment, or is as the spec says.
pub struct Builder<S: Connector> {
    secrets: Option<Vec<Secret>>,
    config: Option<Vec<ConfigValue>>,
    transport: Option<Box<dyn Transport>>,
    clock: Option<Box<dyn Clock>>,
    jitter: Option<Box<dyn Fn() -> f64 + Send + Sync>>,
    concurrency: Option<u16>,
    source: PhantomData<fn() -> S>,
}

impl<S: Connector> Builder<S> {
    /// With nothing given yet.
    pub fn new() -> Self {
        Self {
            secrets: None,
            config: None,
            transport: None,
            clock: None,
            jitter: None,
            concurrency: None,
            source: PhantomData,
        }
    }

    /// These secrets, in place of the environment's.
    pub fn secrets(mut self, secrets: S::Secrets) -> Self {
        self.secrets = Some(secrets.values());
        self
    }

    /// These settings, in place of the environment's.
    pub fn config(mut self, config: S::Config) -> Self {
        self.config = Some(config.values());
        self
    }

    /// This transport, in place of reqwest's client.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Box::new(transport));
        self
    }

    /// This clock, in place of the system's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Box::new(clock));
        self
    }

    /// This source of numbers from 0 up to 1, itself excluded, to spread waits by.
    pub fn jitter(mut self, jitter: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        self.jitter = Some(Box::new(jitter));
        self
    }

    /// The most requests in flight, in place of the spec's; 0 counts as 1.
    pub fn concurrency(mut self, concurrency: u16) -> Self {
        self.concurrency = Some(concurrency.max(1));
        self
    }

    /// Makes the source. Sends nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when secrets or settings are missing or wrong, all of them named;
    /// [`ErrorKind::Origin`] when credentials would go over plain http to another machine.
    pub fn build(self) -> Result<S> {
        self.build_from(&settings::environment)
    }

    fn build_from(self, env: &dyn Fn(&str) -> Variable) -> Result<S> {
        let (secrets, config) = settings::resolve(S::PLAN, self.secrets, self.config, env)?;
        let redactor = Arc::new(Redactor::new(secrets.iter().map(Secret::expose)));
        let wire = Wire {
            transport: self
                .transport
                .or_else(default_transport)
                .ok_or_else(no_transport)?,
            clock: self.clock.unwrap_or_else(|| Box::new(SystemClock::new())),
            jitter: self.jitter.unwrap_or_else(|| Box::new(fastrand::f64)),
            redactor: Arc::clone(&redactor),
            retry: S::PLAN.retry,
            connect_timeout: S::PLAN.connect_timeout,
            request_timeout: S::PLAN.request_timeout,
            max_response_bytes: S::PLAN.max_response_bytes,
        };
        let concurrency = self.concurrency.unwrap_or(S::PLAN.concurrency).max(1);
        Client::new(S::PLAN, secrets, config, wire, concurrency)
            .map(S::from_client)
            .map_err(|error| error.map_text(|text| redactor.redact(text)))
    }
}

impl<S: Connector> Default for Builder<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Connector> fmt::Debug for Builder<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Builder({})", S::PLAN.name)
    }
}

#[cfg(feature = "reqwest")]
fn default_transport() -> Option<Box<dyn Transport>> {
    Some(Box::new(crate::transport::Reqwest::new()))
}

#[cfg(not(feature = "reqwest"))]
fn default_transport() -> Option<Box<dyn Transport>> {
    None
}

fn no_transport() -> Error {
    let message = "there is no transport to send requests with";
    Error::new(ErrorKind::Config, message)
        .with_help("enable the feature `reqwest` of `rest-source`, or give the builder a transport")
}
