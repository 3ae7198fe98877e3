//! What a request is made of, and what its response means.

/// Keys and indexes from the root of a JSON value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(pub Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Key(String),
    Index(i32),
}

impl Step {
    /// The key that it goes to, where it is one.
    pub fn key(&self) -> Option<&String> {
        match self {
            Self::Key(key) => Some(key),
            Self::Index(_) => None,
        }
    }
}

/// Text with placeholders; neighbouring texts are one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template(pub Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Text(String),
    /// Position in [`Connector::secrets`](super::Connector::secrets).
    Secret(u16),
    /// Position in [`Connector::config`](super::Connector::config).
    Config(u16),
    IncrementalStart,
    IncrementalEnd,
    /// Position in [`Parent::fields`](super::Parent::fields).
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

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    Path(Path),
    /// A JSONPath query beyond keys and indexes (RFC 9535), checked.
    Query(String),
}

impl Default for Selector {
    /// The root of a response.
    fn default() -> Self {
        Self::Path(Path::default())
    }
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
