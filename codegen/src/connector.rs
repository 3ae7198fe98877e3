//! A checked spec: every default filled in, every placeholder parsed, every name made.
//!
//! Only the checks make a [`Connector`], and only a [`Connector`] can be emitted.

use std::time::Duration;

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
    pub selector_required: bool,
    pub response_actions: Vec<ResponseAction>,
    pub incremental: Option<Incremental>,
    pub processing_steps: Vec<ProcessingStep>,
    pub parent: Option<Parent>,
}

/// The resource for whose records a child is fetched.
#[derive(Clone, Debug, PartialEq)]
pub struct Parent {
    /// Position in [`Connector::resources`].
    pub resource: usize,
    /// What the child takes of each record.
    pub fields: Vec<ParentField>,
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

/// What the records of a resource are.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// `columns: json`: no columns, or those of its key and the record as a whole.
    Untyped(Vec<Column>),
    Struct(Struct),
}

impl Record {
    pub fn columns(&self) -> &[Column] {
        match self {
            Self::Untyped(columns) => columns,
            Self::Struct(record) => &record.columns,
        }
    }
}

impl Struct {
    /// The names of its columns, in order.
    pub fn column_names(&self) -> Vec<&str> {
        let mut names = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            names.push(column.name.as_str());
        }
        names
    }
}

/// A struct to be emitted: of a resource, or of an object column.
#[derive(Clone, Debug, PartialEq)]
pub struct Struct {
    /// Its name in Rust.
    pub ident: String,
    /// Its name in messages: the resource, or the path of the column (`stories.owner`).
    pub name: String,
    pub line: u32,
    pub description: Option<String>,
    /// At least one, in the order of the spec; columns from the parent come last.
    pub columns: Vec<Column>,
}

#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "they are independent of each other, as in a spec"
)]
pub struct Column {
    /// Its name in SQL, and in Rust before it is made an identifier.
    pub name: String,
    /// The field: a valid Rust identifier, raw where it must be.
    pub ident: String,
    /// Its key on the wire.
    pub key: String,
    pub from: Option<Path>,
    pub data_type: Type,
    pub nullable: bool,
    pub explicit: bool,
    pub primary_key: bool,
    pub merge_key: bool,
    pub decode: Decode,
    /// Where it is taken from the parent's record: the position in [`Parent::fields`]. An enum of
    /// such a column is the parent's.
    pub parent: Option<u16>,
    pub line: u32,
    pub description: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Type {
    Text,
    Bigint,
    Double,
    Bool,
    Timestamp(TimeFormat),
    Date(TimeFormat),
    Time,
    /// `precision` 0 is without bound.
    Decimal {
        precision: u8,
        scale: u8,
    },
    Binary,
    Json,
    Object(Struct),
    /// The element; its `nullable` says whether the list may hold nulls.
    Array(Box<Column>),
    /// The element describes the values.
    Map(Box<Column>),
    Enum(EnumType),
    Union(UnionType),
    /// What is looked up in an untyped record as its key: text, an integer or a bool.
    Scalar,
}

#[derive(Clone, Debug, PartialEq)]
pub struct EnumType {
    /// Its name in Rust.
    pub ident: String,
    pub values: Vec<EnumValue>,
    pub closed: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct EnumValue {
    /// The word on the wire.
    pub value: String,
    /// The variant.
    pub ident: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct UnionType {
    /// Its name in Rust.
    pub ident: String,
    /// A member's `ident` is its variant.
    pub members: Vec<Column>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimeFormat {
    Rfc3339,
    Date,
    EpochSeconds,
    EpochMillis,
    Pattern {
        pattern: String,
        zone: Option<String>,
    },
    Local {
        zone: String,
    },
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Decode {
    #[default]
    Native,
    Text,
    Integer,
    /// What its object has besides the other columns, by key.
    Rest,
}

/// Keys and indexes from the root of a JSON value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(pub Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Key(String),
    Index(i32),
}

/// Text with placeholders; neighbouring texts are one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template(pub Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Text(String),
    /// Position in [`Connector::secrets`].
    Secret(u16),
    /// Position in [`Connector::config`].
    Config(u16),
    IncrementalStart,
    IncrementalEnd,
    /// Position in [`Parent::fields`].
    Parent(u16),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    pub name: String,
    pub value: Template,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    #[default]
    Get,
    Post,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    None,
    Json(Json),
    Form(Vec<Param>),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    /// The digits as written.
    Number(String),
    Text(Template),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Auth {
    ApiKey {
        name: String,
        api_key: Template,
        location: Location,
    },
    Bearer {
        token: Template,
    },
    HttpBasic {
        username: Template,
        password: Template,
    },
    OAuth2(OAuth2),
    /// Those of [`Connector::choices`] that the user chooses.
    OneOf,
    Custom(CustomAuth),
}

#[derive(Clone, Debug, PartialEq)]
pub struct CustomAuth {
    /// The path of a type.
    pub rust: String,
    /// What it is made of.
    pub with: Vec<Param>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    Header,
    Query,
    Cookie,
}

#[derive(Clone, Debug, PartialEq)]
pub struct OAuth2 {
    pub grant: Grant,
    pub access_token_url: Template,
    pub client_id: Template,
    pub client_secret: Template,
    pub scope: Option<Template>,
    pub audience: Option<Template>,
    pub client_authentication: ClientAuthentication,
    pub access_token_request_data: Vec<Param>,
    pub default_token_expiration: Duration,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Grant {
    ClientCredentials,
    RefreshToken(Template),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientAuthentication {
    #[default]
    Body,
    Basic,
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

#[derive(Clone, Debug, PartialEq)]
pub struct Paginator {
    pub kind: Pages,
    pub maximum_pages: Option<u64>,
    pub stop_on_status: Vec<(u16, u16)>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Pages {
    Single,
    Offset(Offset),
    Number(PageNumber),
    Cursor(Cursor),
    HeaderCursor {
        cursor_key: String,
        cursor: Slot,
    },
    HeaderLink {
        header: String,
        rel: String,
    },
    JsonLink {
        next_url_path: Path,
    },
    /// The path of a constant, or of a struct without fields.
    Custom {
        rust: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slot {
    Query(String),
    Body(Path),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ends {
    pub total_path: Option<Path>,
    pub total_header: Option<String>,
    pub has_more_path: Option<Path>,
    pub stop_after_empty_page: bool,
    pub stop_after_short_page: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Offset {
    pub limit: u64,
    pub offset: u64,
    pub offset_slot: Slot,
    pub limit_slot: Slot,
    pub maximum_offset: Option<u64>,
    pub ends: Ends,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PageNumber {
    pub base_page: u64,
    pub page: u64,
    pub page_slot: Slot,
    pub page_size: Option<u64>,
    pub page_size_slot: Option<Slot>,
    pub maximum_page: Option<u64>,
    pub ends: Ends,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Cursor {
    pub cursor_path: Path,
    pub cursor: Slot,
    pub has_more_path: Option<Path>,
    pub stop_after_empty_page: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    Path(Path),
    /// A JSONPath query beyond keys and indexes (RFC 9535), checked.
    Query(String),
}

/// What certain responses mean. Every condition must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct ResponseAction {
    pub line: u32,
    /// Empty for any; inclusive ranges, in order, neighbours joined.
    pub statuses: Vec<(u16, u16)>,
    pub content: Option<String>,
    pub json: Vec<JsonCondition>,
    pub headers: Vec<(String, String)>,
    pub action: Action,
}

#[derive(Clone, Debug, PartialEq)]
pub struct JsonCondition {
    pub path: Path,
    /// Scalars, any of which will do.
    pub values: Vec<Json>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Ignore,
    Retry { then_ignore: bool },
    RefreshAuth,
    Fail { message: Option<String> },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Incremental {
    /// Position in the columns of the resource's struct.
    pub column: usize,
    pub initial_value: Option<String>,
    pub end_value: Option<String>,
    pub start_param: Option<String>,
    pub end_param: Option<String>,
    pub lag: Option<Lag>,
    pub format: TimeFormat,
    pub start_closed: bool,
    pub end_closed: bool,
    pub row_order: Option<RowOrder>,
    pub on_missing: OnMissing,
}

/// A function that records go through, by its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProcessingStep {
    Filter(String),
    Map(String),
    YieldMap(String),
}

impl Resource {
    /// Whether a step may change records, which then give their cells back.
    pub fn changes_records(&self) -> bool {
        let mut steps = self.processing_steps.iter();
        steps.any(|step| !matches!(step, ProcessingStep::Filter(_)))
    }
}

impl ProcessingStep {
    pub fn rust(&self) -> &str {
        let (Self::Filter(path) | Self::Map(path) | Self::YieldMap(path)) = self;
        path
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum Lag {
    Duration(Duration),
    Days(u32),
    Integer(i64),
    Double(f64),
    /// Plain digits, with a point or without.
    Decimal(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowOrder {
    Ascending,
    Descending,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnMissing {
    #[default]
    Raise,
    Include,
    Exclude,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WriteDisposition {
    #[default]
    Append,
    Replace,
    Merge,
    Skip,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SchemaContract {
    pub columns: ColumnsContract,
    pub data_type: DataTypeContract,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColumnsContract {
    #[default]
    DiscardValue,
    Freeze,
    Evolve,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DataTypeContract {
    #[default]
    Freeze,
    DiscardRow,
    DiscardValue,
}
