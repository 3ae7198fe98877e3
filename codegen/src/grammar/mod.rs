//! The language as data: every key, where it may stand, what its value is, its default and what it
//! means. Written once; the check of a spec's structure is driven by it, and so is whatever
//! describes the language to people and editors.

mod auth;
mod column;
mod endpoint;
mod paginator;
mod resource;
mod source;

pub(crate) use auth::AUTH;
pub(crate) use column::{COLUMN, ENUM_VALUE};
pub(crate) use endpoint::{ENDPOINT, INCREMENTAL, RESPONSE_ACTION};
pub(crate) use paginator::PAGINATOR;
pub(crate) use resource::{PROCESSING_STEP, RESOURCE, SCHEMA_CONTRACT};
pub(crate) use source::{CLIENT, CONFIG, RATE_LIMIT, RETRY, SECRET, SOURCE, TIMEOUT};

/// A key and its value.
#[derive(Debug)]
pub(crate) struct Key {
    pub name: &'static str,
    /// Other words for the same key.
    pub aliases: &'static [&'static str],
    pub shape: Shape,
    pub required: bool,
    /// The value of a key that is left out, as it would be written; empty where there is none.
    pub default: &'static str,
    /// In one line.
    pub meaning: &'static str,
}

/// What a value may be.
#[derive(Debug)]
pub(crate) enum Shape {
    Text,
    /// Text in which placeholders may stand.
    Template,
    /// A scalar that is taken as it is written.
    Scalar,
    /// The same, or null for what it is.
    ScalarOrNull,
    /// Letters, digits and `_`.
    Identifier,
    Bool,
    /// A whole number, at least this.
    Integer(u64),
    /// A number, not negative.
    Number,
    /// `1m30s`.
    Duration,
    /// `64 MiB`, or a number of bytes.
    Size,
    /// `429`, `5xx`.
    Status,
    /// JSONPath to one place.
    Path,
    /// JSONPath to any number of places.
    Selector,
    /// An absolute http or https URL, in which placeholders may stand.
    Url,
    /// The path of a Rust item.
    Rust,
    /// One of these words.
    Word(&'static [Word]),
    /// A map with these keys.
    Map(&'static Context),
    /// A map whose tag decides about its other keys.
    Tagged(&'static Family),
    /// A map from names to values of this shape.
    Dict(&'static Shape),
    /// A list of values of this shape.
    List(&'static Shape),
    /// A value of the first shape, or else of the second: told apart by being a scalar, a list or
    /// a map.
    Either(&'static Shape, &'static Shape),
    /// Any JSON value.
    Json,
}

/// A word and what it means.
#[derive(Debug)]
pub(crate) struct Word {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    #[cfg_attr(not(any(test, feature = "describe")), expect(dead_code))]
    pub meaning: &'static str,
}

/// The keys of one kind of map.
#[derive(Debug)]
pub(crate) struct Context {
    /// With its article, for messages: `a resource`.
    pub name: &'static str,
    pub keys: &'static [Key],
}

/// Kinds of map that are told apart by the value of one key.
#[derive(Debug)]
pub(crate) struct Family {
    /// For messages: `paginator`.
    pub name: &'static str,
    /// The key that tells them apart.
    pub tag: &'static str,
    /// Keys that stand in every member.
    pub common: &'static [Key],
    pub members: &'static [Member],
    /// Whether a member without required keys may be its bare word.
    pub may_be_bare: bool,
}

/// One kind of a [`Family`]. Its keys follow those that are common.
#[derive(Debug)]
pub(crate) struct Member {
    pub word: Word,
    pub keys: &'static [Key],
}

const fn key(name: &'static str, shape: Shape, meaning: &'static str) -> Key {
    Key {
        name,
        aliases: &[],
        shape,
        required: false,
        default: "",
        meaning,
    }
}

impl Key {
    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    const fn or(mut self, default: &'static str) -> Self {
        self.default = default;
        self
    }

    const fn alias(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

const fn word(name: &'static str, meaning: &'static str) -> Word {
    Word {
        name,
        aliases: &[],
        meaning,
    }
}

impl Word {
    const fn alias(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

const fn member(word: Word, keys: &'static [Key]) -> Member {
    Member { word, keys }
}

impl Context {
    pub(crate) fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.is_called(name))
    }
}

impl Family {
    pub(crate) fn member(&self, word: &str) -> Option<&'static Member> {
        self.members.iter().find(|one| one.word.is_called(word))
    }
}

impl Member {
    /// Whether its word alone says everything.
    pub(crate) fn is_complete(&self) -> bool {
        self.keys.iter().all(|key| !key.required)
    }
}

#[cfg(test)]
mod tests;
