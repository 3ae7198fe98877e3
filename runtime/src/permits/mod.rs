//! Rate limits that several processes share.
//!
//! A source limits its own requests by the spec's `rate_limit`. Several processes with the same credentials share the
//! API's limit. [`RateLimiting`] says how, and [`Builder::rate_limiting`](crate::Builder::rate_limiting) takes it:
//!
//! | kind | needs | guarantee for all processes together |
//! |---|---|---|
//! | [`Local`](RateLimiting::Local) | nothing | none: each process sends up to the whole limit |
//! | [`Share`](RateLimiting::Share) | the number of processes | as long as each has another index, no more than the limit is sent in any period |
//! | [`Lease`](RateLimiting::Lease) | a [`PermitService`] | the API receives no more than the limit in any period, by its own count |
//!
//! # What a lease guarantees
//!
//! The service grants permits that are valid for a short time, several at once. A request needs permits for its
//! `rate_limit_cost`. A permit counts from its grant until one `per` after the response to its request arrived. The API
//! counted the request before it responded, so no window of length `per` has more than `requests` of them, by the API's
//! clock. Clocks of different machines are never compared: the service has one clock, and processes send it durations.
//!
//! A permit of a lost process counts until it has expired, a request that was sent with it has arrived
//! ([`Lease::lost_after`]), and one `per` has passed. A pause that the API asks one process for closes the gate for all
//! of them: at the latest when their granted permits have expired. Without an answer of the service no request is sent,
//! and its fetch ends with [`ErrorKind::Limiter`].
//!
//! Requests for tokens need no permit, as they do not count for a local limit.

mod ledger;
mod pool;

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

pub use ledger::PermitLedger;
pub(crate) use pool::{LeasedPermit, PermitPool};

use crate::{
    error::{Error, ErrorKind, Result},
    future::BoxFuture,
    plan::RateLimit,
    shared::List,
};

/// How several processes share the rate limits of a spec.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum RateLimiting {
    /// The process keeps the limits alone.
    #[default]
    Local,
    /// The process keeps a share of each limit.
    Share(Share),
    /// A service grants permits to all processes.
    Lease(Lease),
}

/// The share of one of several processes: the limit divided by their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    index: u32,
    count: u32,
}

impl Share {
    /// The share of the process `index`, from 0, of `count`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if there is no such process.
    pub fn new(index: u32, count: u32) -> Result<Self> {
        if index < count {
            return Ok(Self { index, count });
        }
        let message = format!("there is no process {index} of {count}: the first is 0");
        Err(Error::new(ErrorKind::Config, message)
            .with_help("write `--limiter share:INDEX/COUNT`, such as `share:0/4`"))
    }

    /// The limits of this process. Those of all processes add up to the limits.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if a limit has fewer requests than there are processes.
    pub fn of(self, limits: &[RateLimit]) -> Result<List<RateLimit>> {
        let share = |limit: &RateLimit| {
            let up_to = |index: u32| u64::from(limit.requests) * u64::from(index);
            let count = u64::from(self.count);
            let requests = up_to(self.index + 1) / count - up_to(self.index) / count;
            if u64::from(limit.requests) < count {
                let message = format!(
                    "a limit of {} requests cannot be divided among {} processes",
                    limit.requests, self.count
                );
                return Err(Error::new(ErrorKind::Config, message)
                    .with_help("run fewer processes, or share the limit by leases"));
            }
            Ok(RateLimit {
                requests: u32::try_from(requests).unwrap_or(u32::MAX),
                per: limit.per,
            })
        };
        limits.iter().map(share).collect()
    }
}

impl FromStr for Share {
    type Err = Error;

    /// Reads `INDEX/COUNT`, such as `0/4`.
    fn from_str(text: &str) -> Result<Self> {
        let numbers = text.split_once('/');
        let numbers =
            numbers.and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
        let Some((index, count)) = numbers else {
            let message = format!("`{text}` is no share of a limit");
            return Err(Error::new(ErrorKind::Config, message)
                .with_help("write `INDEX/COUNT`, such as `0/4` for the first of four"));
        };
        Self::new(index, count)
    }
}

/// Permits from a service that several processes share.
#[derive(Clone)]
pub struct Lease {
    pub(crate) service: Arc<dyn PermitService>,
    pub(crate) key: Option<String>,
    pub(crate) run: String,
    pub(crate) valid: Duration,
    pub(crate) lost_after: Option<Duration>,
    pub(crate) timeout: Duration,
}

impl Lease {
    /// Permits of this service.
    pub fn new(service: impl PermitService) -> Self {
        Self {
            service: Arc::new(service),
            key: None,
            run: String::new(),
            valid: Duration::from_secs(1),
            lost_after: None,
            timeout: Duration::from_secs(10),
        }
    }

    /// The name of the limit. Processes with the same name share it.
    ///
    /// By default it is made of the origin of `base_url`, the limits and a hash of the names of the secrets. So two
    /// accounts of one API share a limit until they have names of their own: such as `shop tenant-7`. A change of the
    /// limits starts another one, and so needs a name while processes with the old limits still run.
    pub fn key(mut self, name: impl Into<String>) -> Self {
        self.key = Some(name.into());
        self
    }

    /// The run whose processes share the retry budget (`budget` in `retry`).
    pub fn run(mut self, name: impl Into<String>) -> Self {
        self.run = name.into();
        self
    }

    /// How long a permit is valid; 1 s by default. Others learn within this time of a pause that the API asks for.
    pub fn valid(mut self, time: Duration) -> Self {
        self.valid = time;
        self
    }

    /// The longest time from the start of a request until it arrives at the API, even if its process is lost in the
    /// meantime. The `connect_timeout` of the spec by default.
    pub fn lost_after(mut self, time: Duration) -> Self {
        self.lost_after = Some(time);
        self
    }

    /// The longest wait for an answer of the service; 10 s by default.
    pub fn timeout(mut self, longest: Duration) -> Self {
        self.timeout = longest;
        self
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("key", &self.key)
            .field("run", &self.run)
            .finish_non_exhaustive()
    }
}

/// Grants permits to all processes that share a limit.
///
/// An implementation keeps one [`PermitLedger`] for each key. It reads the ledger, calls
/// [`PermitLedger::exchange`] by its own clock, and stores the ledger, all in one transaction: of two exchanges with
/// one key, the second begins when the first has ended.
///
/// ```
/// use std::{collections::HashMap, sync::Mutex, time::Instant};
/// use rest_source::{
///     permits::{PermitError, PermitLedger, PermitReply, PermitRequest, PermitService},
///     transport::BoxFuture,
/// };
///
/// /// Permits for the sources of one process.
/// struct InMemory {
///     start: Instant,
///     ledgers: Mutex<HashMap<String, PermitLedger>>,
/// }
///
/// impl PermitService for InMemory {
///     fn exchange<'a>(
///         &'a self,
///         request: &'a PermitRequest,
///     ) -> BoxFuture<'a, Result<PermitReply, PermitError>> {
///         Box::pin(async {
///             let mut ledgers = self.ledgers.lock().map_err(|_| PermitError::new("poisoned"))?;
///             let ledger = ledgers.entry(request.key.clone()).or_default();
///             Ok(ledger.exchange(self.start.elapsed(), request))
///         })
///     }
/// }
/// ```
pub trait PermitService: Send + Sync + 'static {
    /// Takes back permits, and grants others.
    ///
    /// # Errors
    ///
    /// When the service cannot be reached. Nothing was granted then, or what was granted expires.
    fn exchange<'a>(
        &'a self,
        request: &'a PermitRequest,
    ) -> BoxFuture<'a, Result<PermitReply, PermitError>>;
}

/// What a process tells a [`PermitService`], and asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PermitRequest {
    /// The name of the limit.
    pub key: String,
    /// The process, a random number: processes that wait have turns.
    pub process: u64,
    /// The limits. All of them hold.
    pub limits: Vec<RateLimit>,
    /// Permits wanted now.
    pub wanted: u32,
    /// The permits that the first request needs: fewer are of no use.
    pub least: u32,
    /// How long granted permits are valid.
    pub valid: Duration,
    /// The longest time from the start of a request to its arrival.
    pub lost_after: Duration,
    /// Permits whose requests were answered.
    pub used: Vec<UsedPermits>,
    /// Permits that will not be used, with their grants.
    pub unused: Vec<(u64, u32)>,
    /// The API asked for a pause of this length from now on.
    pub pause: Duration,
    /// The retry budget, where the spec has one.
    pub retries: Option<RetryRequest>,
}

/// Permits whose requests were answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsedPermits {
    /// Their grant.
    pub grant: u64,
    /// How many.
    pub permits: u32,
    /// How long ago the response arrived.
    pub ago: Duration,
}

/// The retries that a process needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RetryRequest {
    /// The run whose processes share the budget.
    pub run: String,
    /// The budget of the spec.
    pub budget: u64,
    /// Retries wanted now.
    pub wanted: u32,
    /// Pages that arrived since the last exchange: ten give a retry back.
    pub pages: u32,
}

/// The answer of a [`PermitService`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PermitReply {
    /// The number of the grant.
    pub grant: u64,
    /// The granted permits; they are valid as long as requested, from the time of the request on.
    pub permits: u32,
    /// When to ask again for the others.
    pub wait: Duration,
    /// How long the API wants to be left alone by all processes.
    pub pause: Duration,
    /// The granted retries.
    pub retries: u32,
}

/// Why a [`PermitService`] did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermitError(String);

impl PermitError {
    /// For this reason.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// The error of a fetch whose request was not sent.
    pub(crate) fn to_error(&self) -> Error {
        let message = format!(
            "the limiter that all processes share cannot be asked: {}",
            self.0
        );
        Error::new(ErrorKind::Limiter, message).with_help(
            "no request is sent without a permit: check that the limiter's database or service can be reached from here",
        )
    }
}

impl fmt::Display for PermitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PermitError {}

/// Why a request got no permit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoPermit {
    /// The service did not answer.
    Unreachable(PermitError),
    /// All processes have used up this retry budget.
    NoRetryLeft(u64),
    /// The API wants to be left alone until this time of the process's clock.
    Paused(Duration),
}

impl NoPermit {
    /// The error of the fetch.
    pub(crate) fn to_error(&self) -> Error {
        match self {
            Self::Unreachable(error) => error.to_error(),
            Self::NoRetryLeft(budget) => {
                let message =
                    format!("the retries of all processes are used up, `budget: {budget}`");
                Error::new(ErrorKind::Limiter, message)
                    .with_help("fetch again when the API is well, or raise `budget` in `retry`")
            }
            Self::Paused(_) => {
                let message = "the API asked another process for a pause";
                Error::new(ErrorKind::Limiter, message)
            }
        }
    }
}

/// The default name of a limit: the origin, the limits, and a hash of the names of the secrets.
pub(crate) fn default_key<'n>(
    origin: &str,
    limits: &[RateLimit],
    secrets: impl Iterator<Item = &'n str>,
) -> String {
    let limits = limits.iter();
    let limits: Vec<String> = limits
        .map(|limit| format!("{}/{}s", limit.requests, limit.per.as_secs_f64()))
        .collect();
    // FNV-1a, the same on every machine.
    let hash = secrets
        .flat_map(|name| name.bytes().chain([0]))
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    format!("{origin} {} {hash:016x}", limits.join(","))
}

#[cfg(test)]
mod tests;
