//! The language as data: every key, where it may stand, what its value is, its default and what it
//! means. Written once; the check of a spec's structure is driven by it, and so is whatever
//! describes the language to people and editors.

pub(crate) mod auth;
pub(crate) mod column;
pub(crate) mod endpoint;
mod key;
pub(crate) mod paginator;
pub(crate) mod resource;
pub(crate) mod source;
mod value;

use std::fmt;
use std::time::Duration;

use crate::connector::{Path, Text};

pub(crate) use crate::check::decoder::DECODER;
pub(crate) use crate::check::retry::RETRY;
pub(crate) use auth::AUTH;
pub(crate) use column::{COLUMN, ENUM_VALUE};
pub(crate) use endpoint::{ENDPOINT, INCREMENTAL, RESPONSE_ACTION};
pub(crate) use key::{AnyKey, DefaultKey, Facts, Key, Read};
pub(crate) use paginator::PAGINATOR;
pub(crate) use resource::{PROCESSING_STEP, RESOURCE, SCHEMA_CONTRACT};
pub(crate) use source::{CLIENT, CONFIG, RATE_LIMIT, SECRET, SOURCE, TIMEOUT};
pub(crate) use value::{Bytes, Statuses, Value, Words, words};

/// What a value may be.
#[derive(Clone, Copy, Debug)]
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
    /// The same, or the setting that has it: `{config.NAME}`.
    IntegerOrSetting(u64),
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
    Word(fn() -> Vec<&'static Word>),
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
pub(crate) struct Context {
    /// With its article, for messages: `a resource`.
    pub name: &'static str,
    pub keys: &'static [&'static dyn AnyKey],
}

/// Kinds of map that are told apart by the value of one key.
pub(crate) struct Family {
    /// For messages: `paginator`.
    pub name: &'static str,
    /// The key that tells them apart.
    pub tag: &'static str,
    /// Keys that stand in every member.
    pub common: &'static [&'static dyn AnyKey],
    pub members: &'static [Member],
    /// Whether a member without required keys may be its bare word.
    pub may_be_bare: bool,
}

/// All of them.
pub(crate) static FAMILIES: [&Family; 4] = [&PAGINATOR, &AUTH, &DECODER, &COLUMN];

/// One kind of a [`Family`]. Its keys follow those that are common.
pub(crate) struct Member {
    pub word: Word,
    pub keys: &'static [&'static dyn AnyKey],
}

/// A key whose value is not taken as a whole.
pub(crate) const fn key(name: &'static str, shape: Shape, meaning: &'static str) -> Key {
    Key::new(name, shape, meaning)
}

/// A key that is true or false.
pub(crate) const fn flag(name: &'static str, meaning: &'static str) -> Key<bool> {
    Key::new(name, Shape::Bool, meaning)
}

/// A key that is a whole number, at least `least`.
pub(crate) const fn integer(name: &'static str, least: u64, meaning: &'static str) -> Key<u64> {
    Key::new(name, Shape::Integer(least), meaning)
}

/// A key that is a text.
pub(crate) const fn text(name: &'static str, meaning: &'static str) -> Key<Text> {
    Key::new(name, Shape::Text, meaning)
}

/// A key that is a place in a JSON value.
pub(crate) const fn path(name: &'static str, meaning: &'static str) -> Key<Path> {
    Key::new(name, Shape::Path, meaning)
}

/// A key that is a span of time.
pub(crate) const fn duration(name: &'static str, meaning: &'static str) -> Key<Duration> {
    Key::new(name, Shape::Duration, meaning)
}

/// A key that is a word of a type.
pub(crate) const fn word_of<T: Words>(name: &'static str, meaning: &'static str) -> Key<T> {
    Key::new(name, words::<T>(), meaning)
}

pub(crate) const fn word(name: &'static str, meaning: &'static str) -> Word {
    Word {
        name,
        aliases: &[],
        meaning,
    }
}

impl Word {
    pub(crate) const fn alias(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

pub(crate) const fn member(word: Word, keys: &'static [&'static dyn AnyKey]) -> Member {
    Member { word, keys }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl fmt::Debug for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Context {
    pub(crate) fn key(&self, name: &str) -> Option<&'static dyn AnyKey> {
        self.keys.iter().copied().find(|key| key.is_called(name))
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
