//! What to ask an API for: the constants that a generated source is made of.
//!
//! A [`SourcePlan`] is a checked spec as data, with every default filled in. Generated code holds
//! one as a constant; the command makes one from a spec at run time. Both are run by the same engine.
//! Write one with the struct update syntax over `DEFAULT`, so that a new field breaks nothing.

mod auth;
mod child_tables;
mod decoder;
mod features;
mod function;
mod incremental;
mod job;
mod paginator;
mod request;
mod resource;
mod response;
mod templates;
mod tree;

use std::time::Duration;

use crate::{
    schema::Path,
    shared::{List, Ref, Text, list},
};

pub use self::{
    auth::{
        Assertion, Auth, ClientAuthentication, CustomAuth, Grant, Jwt, JwtAlgorithm, KeyEncoding,
        Location, OAuth2, SessionLogin, SignedToken, TokenField, TokenPlace, TokenRequest,
    },
    child_tables::{ChildTable, POSITION},
    decoder::{BodyFormat, Compression, Csv, Decoder, Xml},
    function::Function,
    incremental::{
        ChangeToken, FutureCursor, Incremental, Lag, OnMissing, RowOrder, WindowStep, Windows,
    },
    job::{Condition, Job},
    paginator::{
        AdvanceBy, AtMaximum, Cursor, CursorForm, Ends, Flag, Offset, PageNumber, Pages, Paginator,
        SentCursor, Slot, Take,
    },
    request::{Body, JsonPlan, Method, Param, Part, Template},
    resource::{
        ColumnsContract, DataTypeContract, HardDelete, OnNullParent, ParentField, ParentPlan,
        ParentSelection, PartitionItems, PartitionPlan, PartitionType, ProcessingStep,
        ResourcePlan, SchemaContract, WriteDisposition,
    },
    response::{Action, Comparison, JsonCondition, ResponseAction, Selector, Test, Tested},
    tree::Tree,
};

declare! {
    /// A whole source: one spec.
    pub struct SourcePlan {
        /// Name of the source.
        pub name: Text = Text::EMPTY,
        /// The spec's path, for messages.
        pub spec: Text = Text::EMPTY,
        /// The kinds of credentials that the user chooses one of: what [`Auth::OneOf`] stands for.
        pub choices: List<Choice> = List::EMPTY,
        /// The secrets, in the order in which [`Part::Secret`] counts them.
        pub secrets: List<SecretPlan> = List::EMPTY,
        /// The settings, in the order in which [`Part::Config`] counts them.
        pub config: List<ConfigPlan> = List::EMPTY,
        /// Absolute URL that every relative path is joined to.
        pub base_url: Template = Template::EMPTY,
        /// Headers of every request; a resource's header of the same name wins.
        pub headers: List<Param> = List::EMPTY,
        /// When to ask again.
        pub retry: Retry = Retry::DEFAULT,
        /// The most requests in a time, all of which hold; none where only the API itself limits them.
        pub rate_limits: List<RateLimit> = List::EMPTY,
        /// The longest a connection may take to be made.
        pub connect_timeout: Duration = Duration::from_secs(10),
        /// The longest an attempt may take, its body to the end included.
        pub request_timeout: Duration = Duration::from_secs(60),
        /// The most requests in flight, at least 1.
        pub concurrency: u16 = 4,
        /// The most bytes of a response, after decompression.
        pub max_response_bytes: u64 = 64 << 20,
        /// Further origins (`https://host[:port]`) that may receive credentials.
        pub allow_origins: List<Text> = List::EMPTY,
        /// Further origins that receive requests without credentials, headers and bodies: those of signed URLs.
        pub bare_origins: List<Text> = List::EMPTY,
        /// The resources, in the order of the spec.
        pub resources: List<Ref<ResourcePlan>> = List::EMPTY,
    }
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

    /// The types of [`Auth::Custom`] credentials, each once.
    pub fn custom_auths(&self) -> Vec<&str> {
        let resources = self.resources.iter();
        let auths = resources.filter_map(|resource| resource.auth.as_deref());
        let choices = self.choices.iter().map(|choice| &*choice.auth);
        once(auths.chain(choices).filter_map(|auth| {
            let of_login = match auth {
                Auth::SessionLogin(login) => login.auth.as_deref(),
                _ => None,
            };
            match of_login.unwrap_or(auth) {
                Auth::Custom(custom) => Some(custom.rust.as_str()),
                _ => None,
            }
        }))
    }

    /// Whether a resource or a choice has [`Auth::HttpDigest`] credentials.
    pub fn has_digest(&self) -> bool {
        let resources = self.resources.iter();
        let auths = resources.filter_map(|resource| resource.auth.as_deref());
        let choices = self.choices.iter().map(|choice| &*choice.auth);
        let mut auths = auths.chain(choices);
        auths.any(|auth| matches!(auth, Auth::HttpDigest { .. }))
    }

    /// The tokens that the client signs.
    pub fn jwts(&self) -> impl Iterator<Item = &Jwt> {
        let resources = self.resources.iter();
        let auths = resources.filter_map(|resource| resource.auth.as_deref());
        let choices = self.choices.iter().map(|choice| &*choice.auth);
        auths.chain(choices).filter_map(|auth| {
            let of_login = match auth {
                Auth::SessionLogin(login) => login.auth.as_deref(),
                _ => None,
            };
            of_login.unwrap_or(auth).jwt()
        })
    }

    /// The token that is signed with the secret of this name.
    pub fn signed_with(&self, secret: &str) -> Option<&Jwt> {
        let is_it = |part: &Part| match part.source() {
            Part::Secret(at) => {
                let of = self.secrets.get(usize::from(*at));
                of.is_some_and(|of| of.name == secret)
            }
            _ => false,
        };
        let mut jwts = self.jwts();
        jwts.find(|jwt| jwt.key.0.iter().any(is_it))
    }

    /// The paths of [`Pages::Custom`] paginators, each once.
    pub fn custom_paginators(&self) -> Vec<&str> {
        let resources = self.resources.iter();
        once(
            resources.filter_map(|resource| match &resource.paginator.kind {
                Pages::Custom { rust } => Some(rust.as_str()),
                _ => None,
            }),
        )
    }
}

/// Each of them once, in order.
fn once<'p>(paths: impl Iterator<Item = &'p str>) -> Vec<&'p str> {
    let mut unique = Vec::new();
    for path in paths {
        if !unique.contains(&path) {
            unique.push(path);
        }
    }
    unique
}

declare! {
    /// One of the kinds of credentials that the user of a source chooses from.
    pub struct Choice {
        /// Its name in the spec.
        pub name: Text,
        /// The credentials.
        pub auth: Ref<Auth>,
        /// The secrets that it needs, those that every choice needs included: positions of
        /// [`SourcePlan::secrets`], in order.
        pub secrets: List<u16>,
    }
}

declare! {
    /// A secret that a spec uses.
    pub struct SecretPlan {
        /// Its name in the spec.
        pub name: Text,
        /// The environment variable that holds it.
        pub env: Text,
        /// What it is and where to get it.
        pub description: Option<Text>,
    }
}

declare! {
    /// A setting that a spec declares.
    pub struct ConfigPlan {
        /// Its name in the spec.
        pub name: Text = Text::EMPTY,
        /// The environment variable that overrides it.
        pub env: Text = Text::EMPTY,
        /// What its values are.
        pub data_type: ConfigType = ConfigType::Text,
        /// Whether it may have no value. A placeholder of it then drops its parameter or header.
        pub optional: bool = false,
        /// Its value where none is given, as text. Without one it must be given, unless it is optional.
        pub default: Option<Text> = None,
        /// What it is.
        pub description: Option<Text> = None,
    }
}

declare! {
    /// What the values of a setting are.
    #[derive(Eq)]
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
        /// A list of values of this type, which is not a list.
        List(Ref<ConfigType>),
    }
}

declare! {
    /// When a request is made again, and how long after.
    pub struct Retry {
        /// The statuses that are retried, as inclusive ranges.
        pub statuses: List<(u16, u16)> = list![(429, 429), (500, 500), (502, 504)],
        /// The most requests made after the first.
        pub max_retries: u32 = 3,
        /// Retry n waits `backoff_factor × 2^(n−1)` seconds, jittered down to 50–100 %.
        pub backoff_factor: f64 = 2.0,
        /// The longest wait.
        pub max_delay: Duration = Duration::from_secs(60),
        /// The longest time from the first attempt, once it had its turn, to the start of the last.
        pub max_elapsed: Duration = Duration::from_secs(600),
        /// The most retries of all requests of a client together.
        pub budget: Option<u64> = None,
        /// Whether a POST may be made again.
        pub idempotent: bool = true,
        /// Where in the body the API says how long to wait.
        pub retry_after_path: Option<Path> = None,
        /// A header in which the API says how long to wait, beside `Retry-After`.
        pub retry_after_header: Option<Text> = None,
        /// The unit of a number there.
        pub retry_after_unit: WaitUnit = WaitUnit::Seconds,
    }
}

declare! {
    /// What a number says that states how long to wait.
    #[derive(Copy, Default, Eq)]
    pub enum WaitUnit {
        /// Seconds.
        #[default]
        Seconds,
        /// Milliseconds.
        Milliseconds,
        /// Minutes.
        Minutes,
        /// The time until which to wait, in seconds since 1970.
        EpochSeconds,
        /// The same in milliseconds.
        EpochMillis,
    }
}

declare! {
    /// The most requests that a source sends in a time, all of its clones and fetches together.
    ///
    /// It holds in every window of that length, wherever it begins. Repeated requests and the hops of
    /// redirects count; requests for tokens, which go elsewhere, do not.
    #[derive(Copy, Eq)]
    pub struct RateLimit {
        /// The most requests, at least 1.
        pub requests: u32,
        /// In this time.
        pub per: Duration,
    }
}
