//! What to ask an API for: the constants that a generated source is made of.
//!
//! A [`SourcePlan`] is a checked spec as data, with every default filled in. Generated code holds
//! one as a constant; the command makes one from a spec at run time. Both are run by the same engine.
//! Write one with the struct update syntax over `DEFAULT`, so that a new field breaks nothing.

mod auth;
mod incremental;
mod paginator;
mod request;
mod resource;
mod response;
mod templates;

use std::time::Duration;

use crate::{
    schema::Path,
    shared::{List, Ref, Text, list},
};

pub use self::{
    auth::{Auth, ClientAuthentication, CustomAuth, Grant, Location, OAuth2},
    incremental::{FutureCursor, Incremental, Lag, OnMissing, RowOrder},
    paginator::{Cursor, Ends, Offset, PageNumber, Pages, Paginator, Slot},
    request::{Body, Json, Method, Param, Part, Template},
    resource::{
        ColumnsContract, DataTypeContract, OnNullParent, ParentField, ParentPlan, ProcessingStep,
        ResourcePlan, SchemaContract, WriteDisposition,
    },
    response::{Action, JsonCondition, ResponseAction, Selector},
};

/// A whole source: one spec.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct SourcePlan {
    /// Name of the source.
    pub name: Text,
    /// The spec's path, for messages.
    pub spec: Text,
    /// The kinds of credentials that the user chooses one of: what [`Auth::OneOf`] stands for.
    pub choices: List<Choice>,
    /// The secrets, in the order in which [`Part::Secret`] counts them.
    pub secrets: List<SecretPlan>,
    /// The settings, in the order in which [`Part::Config`] counts them.
    pub config: List<ConfigPlan>,
    /// Absolute URL that every relative path is joined to.
    pub base_url: Template,
    /// Headers of every request; a resource's header of the same name wins.
    pub headers: List<Param>,
    /// When to ask again.
    pub retry: Retry,
    /// The most requests in a time; none where only the API itself limits them.
    pub rate_limit: Option<RateLimit>,
    /// The longest a connection may take to be made.
    pub connect_timeout: Duration,
    /// The longest an attempt may take, its body to the end included.
    pub request_timeout: Duration,
    /// The most requests in flight, at least 1.
    pub concurrency: u16,
    /// The most bytes of a response, after decompression.
    pub max_response_bytes: u64,
    /// Further origins (`https://host[:port]`) that may receive credentials.
    pub allow_origins: List<Text>,
    /// The resources, in the order of the spec.
    pub resources: List<Ref<ResourcePlan>>,
}

impl SourcePlan {
    /// The defaults of the language.
    pub const DEFAULT: Self = Self {
        name: Ref::Static(""),
        spec: Ref::Static(""),
        choices: List::EMPTY,
        secrets: List::EMPTY,
        config: List::EMPTY,
        base_url: Template(List::EMPTY),
        headers: List::EMPTY,
        retry: Retry::DEFAULT,
        rate_limit: None,
        connect_timeout: Duration::from_secs(10),
        request_timeout: Duration::from_secs(60),
        concurrency: 4,
        max_response_bytes: 64 << 20,
        allow_origins: List::EMPTY,
        resources: List::EMPTY,
    };
}

impl SourcePlan {
    /// The credentials of a resource, where the user chose this of the [`choices`](Self::choices).
    pub fn auth_of<'a>(
        &'a self,
        resource: &'a ResourcePlan,
        choice: Option<usize>,
    ) -> Option<&'a Auth> {
        let auth = resource.auth.as_deref()?;
        let chosen = match auth {
            Auth::OneOf => choice.and_then(|choice| self.choices.get(choice)),
            _ => None,
        };
        Some(chosen.map_or(auth, |choice| &choice.auth))
    }
}

/// One of the kinds of credentials that the user of a source chooses from.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Choice {
    /// Its name in the spec.
    pub name: Text,
    /// The credentials.
    pub auth: Ref<Auth>,
    /// The secrets that it needs, those that every choice needs included: positions of
    /// [`SourcePlan::secrets`], in order.
    pub secrets: List<u16>,
}

/// A secret that a spec uses.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct SecretPlan {
    /// Its name in the spec.
    pub name: Text,
    /// The environment variable that holds it.
    pub env: Text,
    /// What it is and where to get it.
    pub description: Option<Text>,
}

/// A setting that a spec declares.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ConfigPlan {
    /// Its name in the spec.
    pub name: Text,
    /// The environment variable that overrides it.
    pub env: Text,
    /// What its values are.
    pub data_type: ConfigType,
    /// Its value where none is given, as text. Without one it must be given.
    pub default: Option<Text>,
    /// What it is.
    pub description: Option<Text>,
}

/// What the values of a setting are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum ConfigType {
    /// Text.
    Text,
    /// A signed integer of 64 bits.
    Bigint,
    /// A floating-point number of 64 bits.
    Double,
    /// `true` or `false`.
    Bool,
    /// A civil date.
    Date,
    /// An instant, in RFC 3339.
    Timestamp,
    /// One of these words.
    Enum(List<Text>),
}

/// When a request is made again, and how long after.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Retry {
    /// The statuses that are retried, as inclusive ranges.
    pub statuses: List<(u16, u16)>,
    /// The most requests made after the first.
    pub max_retries: u32,
    /// Retry n waits `backoff_factor × 2^(n−1)` seconds, jittered down to 50–100 %.
    pub backoff_factor: f64,
    /// The longest wait.
    pub max_delay: Duration,
    /// The longest time from the first attempt, once it had its turn, to the start of the last.
    pub max_elapsed: Duration,
    /// Whether a POST may be made again.
    pub idempotent: bool,
    /// Where in the body the API says how long to wait.
    pub retry_after_path: Option<Path>,
    /// The unit of the number at `retry_after_path`.
    pub retry_after_unit: Duration,
}

impl Retry {
    /// The defaults of the language.
    pub const DEFAULT: Self = Self {
        statuses: list![(429, 429), (500, 500), (502, 504)],
        max_retries: 3,
        backoff_factor: 2.0,
        max_delay: Duration::from_secs(60),
        max_elapsed: Duration::from_secs(600),
        idempotent: true,
        retry_after_path: None,
        retry_after_unit: Duration::from_secs(1),
    };
}

/// The most requests that a source sends in a time, all of its clones and fetches together.
///
/// It holds in every window of that length, wherever it begins. Repeated requests and the hops of
/// redirects count; requests for tokens, which go elsewhere, do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct RateLimit {
    /// The most requests, at least 1.
    pub requests: u32,
    /// In this time.
    pub per: Duration,
}
