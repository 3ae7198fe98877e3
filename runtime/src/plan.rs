//! What to ask an API for: the constants that a generated source is made of.
//!
//! A [`SourcePlan`] is a checked spec as data, with every default filled in. Generated code holds
//! one as a constant; the command makes one from a spec at run time. Both are run by the same engine.
//! Write one with the struct update syntax over `DEFAULT`, so that a new field breaks nothing.

use std::{fmt, time::Duration};

use crate::{
    Result,
    auth::{Authenticate, Custom, Given},
    paginator::Paginate,
    schema::{Path, Table, TimeFormat},
};

pub use crate::steps::{Filters, ProcessingStep, ProcessingSteps, Steps};

/// A whole source: one spec.
#[derive(Clone, Copy, Debug)]
pub struct SourcePlan {
    /// Name of the source.
    pub name: &'static str,
    /// The spec's path, for messages.
    pub spec: &'static str,
    /// The kinds of credentials that the user chooses one of: what [`Auth::OneOf`] stands for.
    pub choices: &'static [Choice],
    /// The secrets, in the order in which [`Part::Secret`] counts them.
    pub secrets: &'static [SecretPlan],
    /// The settings, in the order in which [`Part::Config`] counts them.
    pub config: &'static [ConfigPlan],
    /// Absolute URL that every relative path is joined to.
    pub base_url: Template,
    /// Headers of every request; a resource's header of the same name wins.
    pub headers: &'static [Param],
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
    pub allow_origins: &'static [&'static str],
    /// The resources, in the order of the spec.
    pub resources: &'static [&'static ResourcePlan],
}

impl SourcePlan {
    /// The defaults of the language.
    pub const DEFAULT: Self = Self {
        name: "",
        spec: "",
        choices: &[],
        secrets: &[],
        config: &[],
        base_url: Template(&[]),
        headers: &[],
        retry: Retry::DEFAULT,
        rate_limit: None,
        connect_timeout: Duration::from_secs(10),
        request_timeout: Duration::from_secs(60),
        concurrency: 4,
        max_response_bytes: 64 << 20,
        allow_origins: &[],
        resources: &[],
    };
}

impl SourcePlan {
    /// The credentials of a resource, where the user chose this of the [`choices`](Self::choices).
    pub(crate) fn auth_of(
        &self,
        resource: &ResourcePlan,
        choice: Option<usize>,
    ) -> Option<&'static Auth> {
        match resource.auth {
            Some(Auth::OneOf) => match choice.and_then(|choice| self.choices.get(choice)) {
                Some(choice) => Some(choice.auth),
                None => Some(&Auth::OneOf),
            },
            auth => auth,
        }
    }
}

/// One of the kinds of credentials that the user of a source chooses from.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// Its name in the spec.
    pub name: &'static str,
    /// The credentials.
    pub auth: &'static Auth,
    /// The secrets that it needs, those that every choice needs included: positions of
    /// [`SourcePlan::secrets`], in order.
    pub secrets: &'static [u16],
}

/// A secret that a spec uses.
#[derive(Clone, Copy, Debug)]
pub struct SecretPlan {
    /// Its name in the spec.
    pub name: &'static str,
    /// The environment variable that holds it.
    pub env: &'static str,
    /// What it is and where to get it.
    pub description: Option<&'static str>,
}

/// A setting that a spec declares.
#[derive(Clone, Copy, Debug)]
pub struct ConfigPlan {
    /// Its name in the spec.
    pub name: &'static str,
    /// The environment variable that overrides it.
    pub env: &'static str,
    /// What its values are.
    pub data_type: ConfigType,
    /// Its value where none is given, as text. Without one it must be given.
    pub default: Option<&'static str>,
    /// What it is.
    pub description: Option<&'static str>,
}

/// What the values of a setting are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    Enum(&'static [&'static str]),
}

/// One resource: how its records are asked for and what they look like.
#[derive(Clone, Copy, Debug)]
pub struct ResourcePlan {
    /// Its name.
    pub name: &'static str,
    /// Its line in the spec, from 1.
    pub line: u32,
    /// Its records.
    pub table: &'static Table,
    /// How a destination writes them.
    pub write_disposition: WriteDisposition,
    /// What a record outside the schema gets.
    pub schema_contract: SchemaContract,
    /// Whether loading a whole source loads it.
    pub selected: bool,
    /// Whether its requests may be made side by side. Otherwise one at a time is in flight, of all
    /// fetches of one source.
    pub parallelized: bool,
    /// The method of its requests.
    pub method: Method,
    /// The path, relative to the base URL. A value in it is percent-encoded.
    pub path: Template,
    /// Query parameters.
    pub params: &'static [Param],
    /// Headers.
    pub headers: &'static [Param],
    /// The body, of a POST.
    pub body: Body,
    /// The credentials it sends.
    pub auth: Option<&'static Auth>,
    /// How its pages follow each other.
    pub paginator: Paginator,
    /// Where a page's records are. Where the content type is one of JSON lines (`application/jsonl`,
    /// `application/x-ndjson` and the like), each line is a record, and there is nothing to select.
    pub selector: Selector,
    /// Whether a page without what the selector names is an error.
    pub selector_required: bool,
    /// What certain responses mean: the first rule that matches decides, before all others.
    pub response_actions: &'static [ResponseAction],
    /// How to ask only for what is new.
    pub incremental: Option<Incremental>,
    /// Functions that its records go through, those in the range of an incremental fetch, before
    /// anyone has them. How far a fetch came is told by the records that came.
    pub processing_steps: Option<ProcessingSteps>,
    /// The resource for whose records it is fetched, each in turn.
    pub parent: Option<&'static ParentPlan>,
}

impl ResourcePlan {
    /// The defaults of the language.
    pub const DEFAULT: Self = Self {
        name: "",
        line: 0,
        table: &Table::new("", &[]),
        write_disposition: WriteDisposition::Append,
        schema_contract: SchemaContract::DEFAULT,
        selected: true,
        parallelized: true,
        method: Method::Get,
        path: Template(&[]),
        params: &[],
        headers: &[],
        body: Body::None,
        auth: None,
        paginator: Paginator::SINGLE_PAGE,
        selector: Selector::Path(Path(&[])),
        selector_required: true,
        response_actions: &[],
        incremental: None,
        processing_steps: None,
        parent: None,
    };
}

impl ResourcePlan {
    /// Whether its rows are written in groups: all that have the merge key of one of them give way to
    /// what was fetched.
    pub fn replaces_groups(&self) -> bool {
        let mut columns = self.table.columns.iter();
        self.write_disposition == WriteDisposition::Merge && columns.any(|column| column.merge_key)
    }
}

/// The resource for whose records a child is fetched, and what its requests and records take of them.
#[derive(Clone, Copy, Debug)]
pub struct ParentPlan {
    /// The parent. There is no way from it back to the child.
    pub resource: &'static ResourcePlan,
    /// The values taken of each of its records, in the order in which [`Part::Parent`] and
    /// [`Column::parent`](crate::Column::parent) count them.
    pub fields: &'static [ParentField],
}

/// A value of a parent's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParentField {
    /// Position of the column in the parent's table.
    pub column: u16,
    /// The place within the column's value: the names of columns, keys and indexes.
    pub path: Path,
}

/// Text with placeholders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Template(pub &'static [Part]);

/// A piece of a [`Template`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// This text.
    Text(&'static str),
    /// The secret at this position of [`SourcePlan::secrets`].
    Secret(u16),
    /// The setting at this position of [`SourcePlan::config`].
    Config(u16),
    /// Where an incremental fetch starts (`{incremental.start_value}`).
    IncrementalStart,
    /// Where an incremental fetch ends (`{incremental.end_value}`).
    IncrementalEnd,
    /// The value at this position of [`ParentPlan::fields`], of the parent's record.
    Parent(u16),
}

/// A named value: a parameter, a header, a form field. A name may stand more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param {
    /// The name.
    pub name: &'static str,
    /// The value. Left out when a placeholder in it has no value.
    pub value: Template,
}

/// A request's method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// GET.
    #[default]
    Get,
    /// POST.
    Post,
}

impl Method {
    /// Its word in a request.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// A request's body.
#[derive(Clone, Copy, Debug)]
pub enum Body {
    /// None.
    None,
    /// `application/json`.
    Json(Json),
    /// `application/x-www-form-urlencoded`.
    Form(&'static [Param]),
}

/// A JSON value with placeholders in its texts.
#[derive(Clone, Copy, Debug)]
pub enum Json {
    /// Null.
    Null,
    /// True or false.
    Bool(bool),
    /// A number, as its digits.
    Number(&'static str),
    /// A text. One that is exactly a placeholder takes its value's type.
    Text(Template),
    /// A list.
    Array(&'static [Json]),
    /// An object, its members in order.
    Object(&'static [(&'static str, Json)]),
}

impl Json {
    /// Whether any of its texts is such a one.
    pub(crate) fn any_text(&self, is_such: &dyn Fn(Template) -> bool) -> bool {
        match self {
            Self::Text(template) => is_such(*template),
            Self::Array(elements) => elements.iter().any(|element| element.any_text(is_such)),
            Self::Object(members) => members.iter().any(|(_, value)| value.any_text(is_such)),
            Self::Null | Self::Bool(_) | Self::Number(_) => false,
        }
    }
}

/// How requests prove who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// A key in a header, a query parameter or a cookie.
    ApiKey {
        /// Name of the header, parameter or cookie.
        name: &'static str,
        /// The key.
        api_key: Template,
        /// Where it goes.
        location: Location,
    },
    /// `Authorization: Bearer …` (RFC 6750).
    Bearer {
        /// The token.
        token: Template,
    },
    /// `Authorization: Basic …` (RFC 7617), in UTF-8.
    HttpBasic {
        /// The user's name.
        username: Template,
        /// The password.
        password: Template,
    },
    /// A token of an OAuth 2.0 token endpoint (RFC 6749).
    OAuth2(OAuth2),
    /// Those that the user chose of [`SourcePlan::choices`].
    OneOf,
    /// In a way of the user's own.
    Custom(CustomAuth),
}

/// Credentials of a type of the user's own. One is the same as another that is made by the same path
/// of the same values.
#[derive(Clone, Copy)]
pub struct CustomAuth {
    /// The type's path in the spec.
    pub rust: &'static str,
    /// What it is made of.
    pub with: &'static [Param],
    pub(crate) make: fn(&Given) -> Result<Box<dyn Authenticate>>,
}

impl CustomAuth {
    /// Of this type, which the spec calls `rust`.
    pub const fn of<A: Custom>(rust: &'static str, with: &'static [Param]) -> Self {
        Self {
            rust,
            with,
            make: |given| Ok(Box::new(A::new(given)?)),
        }
    }
}

impl fmt::Debug for CustomAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomAuth")
            .field("rust", &self.rust)
            .field("with", &self.with)
            .finish_non_exhaustive()
    }
}

impl PartialEq for CustomAuth {
    fn eq(&self, other: &Self) -> bool {
        (self.rust, self.with) == (other.rust, other.with)
    }
}

impl Eq for CustomAuth {}

/// Where an API key goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// A header.
    Header,
    /// A query parameter.
    Query,
    /// A cookie.
    Cookie,
}

/// A token endpoint, and what it is asked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OAuth2 {
    /// What a token is given for.
    pub grant: Grant,
    /// The token endpoint.
    pub access_token_url: Template,
    /// The client's identifier.
    pub client_id: Template,
    /// The client's secret.
    pub client_secret: Template,
    /// The scope asked for.
    pub scope: Option<Template>,
    /// The audience asked for.
    pub audience: Option<Template>,
    /// How the client proves who it is.
    pub client_authentication: ClientAuthentication,
    /// Further fields of the token request.
    pub access_token_request_data: &'static [Param],
    /// How long a token lives that does not say so.
    pub default_token_expiration: Duration,
}

impl OAuth2 {
    /// The defaults of the language.
    pub const DEFAULT: Self = Self {
        grant: Grant::ClientCredentials,
        access_token_url: Template(&[]),
        client_id: Template(&[]),
        client_secret: Template(&[]),
        scope: None,
        audience: None,
        client_authentication: ClientAuthentication::Body,
        access_token_request_data: &[],
        default_token_expiration: Duration::from_secs(3600),
    };
}

/// What a token is given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// The client's own credentials (RFC 6749, 4.4).
    ClientCredentials,
    /// This refresh token, or the one that the endpoint gave in its place since (RFC 6749, 6).
    RefreshToken(Template),
}

/// How a client proves who it is to a token endpoint (RFC 6749, 2.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// `client_id` and `client_secret` in the form.
    #[default]
    Body,
    /// HTTP Basic.
    Basic,
}

/// When a request is made again, and how long after.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retry {
    /// The statuses that are retried, as inclusive ranges.
    pub statuses: &'static [(u16, u16)],
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
        statuses: &[(429, 429), (500, 500), (502, 504)],
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
pub struct RateLimit {
    /// The most requests, at least 1.
    pub requests: u32,
    /// In this time.
    pub per: Duration,
}

/// How a resource's pages follow each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paginator {
    /// The kind.
    pub kind: Pages,
    /// The most pages; reaching it is a success that the report notes.
    pub maximum_pages: Option<u64>,
    /// Statuses that, past the first page, are the end, as inclusive ranges.
    pub stop_on_status: &'static [(u16, u16)],
}

impl Paginator {
    /// One page.
    pub const SINGLE_PAGE: Self = Self::new(Pages::Single);

    /// Pages of this kind, as many as there are.
    pub const fn new(kind: Pages) -> Self {
        Self {
            kind,
            maximum_pages: None,
            stop_on_status: &[],
        }
    }
}

/// The kinds of paginator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pages {
    /// One page.
    Single,
    /// By offset and limit.
    Offset(Offset),
    /// By the page's number.
    Number(PageNumber),
    /// By a cursor in the body.
    Cursor(Cursor),
    /// By a cursor in a header.
    HeaderCursor {
        /// The header.
        cursor_key: &'static str,
        /// Where the cursor is sent.
        cursor: Slot,
    },
    /// By a URL in a header: the relation `rel` of a `Link` header (RFC 8288), or another header's
    /// whole value.
    HeaderLink {
        /// The header.
        header: &'static str,
        /// The relation.
        rel: &'static str,
    },
    /// By a URL in the body, resolved against the request's.
    JsonLink {
        /// Where the URL is.
        next_url_path: Path,
    },
    /// In a way of the user's own.
    Custom(CustomPages),
}

/// A paginator of the user's own. Equal to itself.
#[derive(Clone, Copy)]
pub struct CustomPages(pub &'static dyn Paginate);

impl fmt::Debug for CustomPages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomPages")
    }
}

impl PartialEq for CustomPages {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::addr_eq(self.0, other.0)
    }
}

/// Where a paginator writes its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// A query parameter.
    Query(&'static str),
    /// A place in the body: keys only, made where they are missing.
    Body(Path),
}

/// What may end pages that are counted. Whichever says stop first, stops.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ends {
    /// Where the body holds the total.
    pub total_path: Option<Path>,
    /// The header that holds the total.
    pub total_header: Option<&'static str>,
    /// Where the body says whether there is more.
    pub has_more_path: Option<Path>,
    /// Whether a page without records is the last.
    pub stop_after_empty_page: bool,
    /// Whether a page with fewer records than asked for is the last.
    pub stop_after_short_page: bool,
}

impl Ends {
    /// The defaults of the language.
    pub const DEFAULT: Self = Self {
        total_path: None,
        total_header: None,
        has_more_path: None,
        stop_after_empty_page: true,
        stop_after_short_page: false,
    };
}

/// Pages by offset and limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Offset {
    /// The most records of a page, at least 1.
    pub limit: u64,
    /// The first offset.
    pub offset: u64,
    /// Where the offset is sent.
    pub offset_slot: Slot,
    /// Where the limit is sent.
    pub limit_slot: Slot,
    /// The offset at which to stop, itself excluded.
    pub maximum_offset: Option<u64>,
    /// What ends the pages. A total counts records.
    pub ends: Ends,
}

impl Offset {
    /// The defaults of the language, but for the limit.
    pub const fn new(limit: u64) -> Self {
        Self {
            limit,
            offset: 0,
            offset_slot: Slot::Query("offset"),
            limit_slot: Slot::Query("limit"),
            maximum_offset: None,
            ends: Ends::DEFAULT,
        }
    }
}

/// Pages by their number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PageNumber {
    /// The number of the API's first page.
    pub base_page: u64,
    /// The number to start at.
    pub page: u64,
    /// Where the number is sent.
    pub page_slot: Slot,
    /// The most records of a page.
    pub page_size: Option<u64>,
    /// Where the size is sent.
    pub page_size_slot: Option<Slot>,
    /// The number at which to stop, itself excluded.
    pub maximum_page: Option<u64>,
    /// What ends the pages. A total counts pages.
    pub ends: Ends,
}

impl PageNumber {
    /// The defaults of the language.
    pub const DEFAULT: Self = Self {
        base_page: 0,
        page: 0,
        page_slot: Slot::Query("page"),
        page_size: None,
        page_size_slot: None,
        maximum_page: None,
        ends: Ends::DEFAULT,
    };
}

/// Pages by a cursor in the body.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cursor {
    /// Where the next cursor is.
    pub cursor_path: Path,
    /// Where it is sent.
    pub cursor: Slot,
    /// Where the body says whether there is more.
    pub has_more_path: Option<Path>,
    /// Whether a page without records is the last.
    pub stop_after_empty_page: bool,
}

/// Where a page's records are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selector {
    /// At this place: the elements of a list, or an object as one record.
    Path(Path),
    /// The elements of every list, or every object, that this query finds (RFC 9535). Slower: the
    /// page is read into a tree first.
    Query(&'static str),
}

/// A rule about certain responses. Every condition must hold, and there is one at least.
#[derive(Clone, Copy, Debug)]
pub struct ResponseAction {
    /// Its line in the spec, from 1.
    pub line: u32,
    /// The statuses it is for, as inclusive ranges; empty for any.
    pub statuses: &'static [(u16, u16)],
    /// A text that the body has in it.
    pub content: Option<&'static str>,
    /// What the body, as JSON, has at these places.
    pub json: &'static [JsonCondition],
    /// What these headers are.
    pub headers: &'static [(&'static str, &'static str)],
    /// What it means.
    pub action: Action,
}

impl ResponseAction {
    /// For every response.
    pub const fn new(action: Action) -> Self {
        Self {
            line: 0,
            statuses: &[],
            content: None,
            json: &[],
            headers: &[],
            action,
        }
    }
}

/// What a body has at a place.
#[derive(Clone, Copy, Debug)]
pub struct JsonCondition {
    /// The place.
    pub path: Path,
    /// Scalars, any of which will do.
    pub values: &'static [Json],
}

/// What a response means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The end, of this resource or this parent's part; what came before is kept. Past the first
    /// page it may hide records, and the state does not pass them.
    Ignore,
    /// To ask again, as [`Retry`] says.
    Retry {
        /// Whether it is ignored after the last attempt, and no error. It may hide records then, and
        /// the state does not pass them.
        then_ignore: bool,
    },
    /// To ask once more, with new credentials.
    RefreshAuth,
    /// An error.
    Fail {
        /// What it says.
        message: Option<&'static str>,
    },
}

/// How to ask only for what is new.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Incremental {
    /// Position of the cursor column in the table.
    pub column: u16,
    /// Where a first fetch starts, in the cursor's own form in a response.
    pub initial_value: Option<&'static str>,
    /// Where every fetch ends, likewise.
    pub end_value: Option<&'static str>,
    /// The parameter that carries the start.
    pub start_param: Option<&'static str>,
    /// The parameter that carries the end.
    pub end_param: Option<&'static str>,
    /// How far before the last start to start again.
    pub lag: Option<Lag>,
    /// How a time is sent.
    pub format: TimeFormat,
    /// Whether a value equal to the start belongs to the range.
    pub start_closed: bool,
    /// Whether a value equal to the end belongs to the range.
    pub end_closed: bool,
    /// The order in which the API gives its records, where it is known.
    pub row_order: Option<RowOrder>,
    /// What a record without a cursor value gets.
    pub on_missing: OnMissing,
}

impl Incremental {
    /// The defaults of the language, over the column at this position.
    pub const fn new(column: u16) -> Self {
        Self {
            column,
            initial_value: None,
            end_value: None,
            start_param: None,
            end_param: None,
            lag: None,
            format: TimeFormat::Rfc3339,
            start_closed: true,
            end_closed: false,
            row_order: None,
            on_missing: OnMissing::Raise,
        }
    }
}

/// How far back an incremental fetch reaches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lag {
    /// For a timestamp.
    Duration(Duration),
    /// For a date.
    Days(u32),
    /// For a whole number.
    Integer(i64),
    /// For a floating-point number.
    Double(f64),
}

/// The order of records by their cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowOrder {
    /// The smallest first.
    Ascending,
    /// The largest first.
    Descending,
}

/// What a record without a cursor value gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnMissing {
    /// An error.
    #[default]
    Raise,
    /// It is kept.
    Include,
    /// It is left out, and counted.
    Exclude,
}

/// How a destination writes records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WriteDisposition {
    /// Beside those that are there.
    #[default]
    Append,
    /// In place of those that are there.
    Replace,
    /// In place of those of the same key.
    Merge,
    /// Not at all.
    Skip,
}

/// What a response outside the schema gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchemaContract {
    /// What an undeclared key gets.
    pub columns: ColumnsContract,
    /// What a value of the wrong type gets.
    pub data_type: DataTypeContract,
}

impl SchemaContract {
    /// The defaults of the language.
    pub const DEFAULT: Self = Self {
        columns: ColumnsContract::DiscardValue,
        data_type: DataTypeContract::Freeze,
    };
}

/// What an undeclared key gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColumnsContract {
    /// It is left out.
    #[default]
    DiscardValue,
    /// An error.
    Freeze,
    /// It is kept in its object's [`Column::extra`](crate::Column::extra).
    Evolve,
}

/// What a value of the wrong type, or a null or an absence where none may be, gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DataTypeContract {
    /// An error.
    #[default]
    Freeze,
    /// Its record is set aside and counted.
    DiscardRow,
    /// It becomes null and is counted; an error where the column is not nullable.
    DiscardValue,
}
