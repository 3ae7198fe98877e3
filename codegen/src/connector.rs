//! A checked spec: every default filled in, every placeholder parsed, every name made.
//!
//! Only the checks make a [`Connector`], and only a [`Connector`] can be emitted.

mod auth;
mod incremental;
mod paging;
mod request;
mod schema;

use std::time::Duration;

pub use auth::{Auth, ClientAuthentication, CustomAuth, Grant, Location, OAuth2};
pub use incremental::{FutureCursor, Incremental, Lag, OnMissing, RowOrder};
pub use paging::{Cursor, Ends, Offset, PageNumber, Pages, Paginator, Slot};
pub use request::{
    Action, Body, Json, JsonCondition, Method, Param, Part, Path, ResponseAction, Selector, Step,
    Template,
};
pub use schema::{
    Column, ColumnsContract, DataTypeContract, Decode, EnumType, EnumValue, Record, SchemaContract,
    Struct, TimeFormat, Type, UnionType,
};

/// A whole source, ready to be emitted.
#[derive(Clone, Debug, PartialEq)]
pub struct Connector {
    /// Name of the source, `snake_case` as in the spec.
    pub name: String,
    /// The spec's path as the user wrote it, `/`-separated, for messages and documentation.
    pub spec: String,
    /// Text of the module's documentation.
    pub description: Option<String>,
    /// The secrets, in the order of their declaration or first use.
    pub secrets: Vec<Secret>,
    /// The settings, in the order of the spec.
    pub config: Vec<Config>,
    pub base_url: Template,
    pub headers: Vec<Param>,
    pub retry: Retry,
    pub rate_limit: Option<RateLimit>,
    pub connect_timeout: Duration,
    pub request_timeout: Duration,
    pub concurrency: u16,
    pub max_response_bytes: u64,
    pub allow_origins: Vec<String>,
    /// The kinds of credentials that the user chooses one of, which [`Auth::OneOf`] stands for.
    pub choices: Vec<Choice>,
    /// The different credentials of the source; a resource names one by its position.
    pub auths: Vec<Auth>,
    /// The resources, in the order of the spec.
    pub resources: Vec<Resource>,
}

/// One of the kinds of credentials to choose from.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    pub name: String,
    /// The variant of `Secrets`.
    pub ident: String,
    pub auth: Auth,
    /// The secrets that it needs, those that every choice needs included, in order.
    pub secrets: Vec<u16>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Secret {
    pub name: String,
    /// The field in `Secrets`: a valid Rust identifier, raw where it must be.
    pub ident: String,
    pub env: String,
    pub description: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    pub name: String,
    /// The field in `Config`.
    pub ident: String,
    pub env: String,
    pub data_type: ConfigType,
    /// As text, checked to be of the type.
    pub default: Option<String>,
    pub description: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ConfigType {
    Text,
    Bigint,
    Double,
    Bool,
    Date,
    Timestamp,
    Enum(EnumType),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    pub name: String,
    /// The method of `Source` that fetches it: a valid Rust identifier, raw where it must be.
    pub ident: String,
    pub line: u32,
    pub description: Option<String>,
    pub record: Record,
    pub write_disposition: WriteDisposition,
    pub schema_contract: SchemaContract,
    pub selected: bool,
    pub parallelized: bool,
    pub method: Method,
    pub path: Template,
    /// The names of parameters that the spec binds in the path. They are none of the query.
    pub path_params: Vec<String>,
    pub params: Vec<Param>,
    pub headers: Vec<Param>,
    pub body: Body,
    /// Position in [`Connector::auths`].
    pub auth: Option<usize>,
    pub paginator: Paginator,
    pub selector: Selector,
    pub rows_path: Option<Selector>,
    pub selector_required: bool,
    pub response_actions: Vec<ResponseAction>,
    pub incremental: Option<Incremental>,
    pub processing_steps: Vec<ProcessingStep>,
    pub parent: Option<Parent>,
    /// What a null does in a field of the parent that a request needs.
    pub on_null_parent: OnNullParent,
}

impl Resource {
    /// Whether a step may change records, which then give their cells back.
    pub fn changes_records(&self) -> bool {
        let mut steps = self.processing_steps.iter();
        steps.any(|step| !matches!(step, ProcessingStep::Filter(_)))
    }
}

/// The resource for whose records a child is fetched.
#[derive(Clone, Debug, PartialEq)]
pub struct Parent {
    /// Position in [`Connector::resources`].
    pub resource: usize,
    /// What the child takes of each record.
    pub fields: Vec<ParentField>,
}

/// What a null does in a field of the parent that a request needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnNullParent {
    #[default]
    Error,
    Skip,
}

/// A value of a parent's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParentField {
    /// Position in the columns of the parent's struct.
    pub column: usize,
    /// The place within the column's value: the names of columns, keys and indexes.
    pub path: Path,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    pub requests: u32,
    /// More than nothing.
    pub per: Duration,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Retry {
    /// Inclusive ranges, in order, neighbours joined.
    pub statuses: Vec<(u16, u16)>,
    pub max_retries: u32,
    pub backoff_factor: f64,
    pub max_delay: Duration,
    pub max_elapsed: Duration,
    pub idempotent: bool,
    pub retry_after_path: Option<Path>,
    pub retry_after_unit: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            statuses: vec![(429, 429), (500, 500), (502, 504)],
            max_retries: 3,
            backoff_factor: 2.0,
            max_delay: Duration::from_secs(60),
            max_elapsed: Duration::from_secs(600),
            idempotent: true,
            retry_after_path: None,
            retry_after_unit: Duration::from_secs(1),
        }
    }
}

/// A function that records go through, by its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProcessingStep {
    Filter(String),
    Map(String),
    YieldMap(String),
}

impl ProcessingStep {
    pub fn rust(&self) -> &str {
        let (Self::Filter(path) | Self::Map(path) | Self::YieldMap(path)) = self;
        path
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WriteDisposition {
    #[default]
    Append,
    Replace,
    Merge,
    Skip,
}
