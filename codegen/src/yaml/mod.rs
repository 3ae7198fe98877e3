//! YAML text to a tree in which every key and every value has its place.
//!
//! The only room that knows the YAML library. YAML 1.2 with the core schema, made strict: what
//! versions of YAML read differently, duplicate keys, merge keys, tags and further documents are
//! errors. Depth and size are bounded, aliases included, so that no text can exhaust the stack or
//! the memory of whoever compiles it.

mod builder;
mod scalar;
mod syntax;

use granit_parser::Parser;

use crate::diagnostic::{Sink, Span};

use builder::{Builder, Stop};

/// A value and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub span: Span,
    pub value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Scalar(Scalar),
    List(Vec<Node>),
    /// In the order of the text, no key twice.
    Map(Vec<Entry>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scalar {
    /// Without its quotes and escapes; else as written.
    pub text: String,
    pub kind: Kind,
}

/// What a scalar is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Integer,
    Float,
    Text,
    /// It was reported already; whoever meets it keeps silent.
    Unclear,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub key: Key,
    pub value: Node,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub name: String,
    pub span: Span,
}

/// What a text is without quotes.
pub(crate) fn plain(text: &str) -> Kind {
    scalar::kind(text)
}

/// What could be read of a text.
#[derive(Debug)]
pub(crate) struct Document {
    /// Nothing where the text holds no value.
    pub root: Option<Node>,
    /// Whether the text was read to its end: false after a mistake in the syntax.
    pub whole: bool,
    /// The places of values that aliases stand for, too.
    pub shared: Vec<Span>,
    /// Entries that are not in the tree, since their key was there already.
    pub dropped: Vec<Entry>,
}

/// The deepest nesting.
const DEPTH: usize = 64;

/// Reads a text.
pub(crate) fn parse(text: &str, sink: &mut Sink) -> Document {
    let options = granit_parser::options! {
        emit_unresolved_aliases: true,
        emit_comments: false,
        flow_nesting_limit: DEPTH,
        block_nesting_limit: DEPTH,
    };
    let mut builder = Builder::new(text, sink);
    let mut whole = true;
    for event in Parser::new_from_str_with_options(text, options) {
        let outcome = match event {
            Ok((event, span)) => builder.event(event, &span),
            Err(error) => {
                builder.syntax(&error);
                Err(Stop)
            }
        };
        if outcome.is_err() {
            whole = false;
            break;
        }
    }
    Document {
        shared: std::mem::take(&mut builder.shared),
        dropped: std::mem::take(&mut builder.dropped),
        root: builder.finish(),
        whole,
    }
}

impl Node {
    /// The entries of a map; none for anything else.
    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The elements of a list; none for anything else.
    pub(crate) fn elements(&self) -> &[Node] {
        match &self.value {
            Value::List(elements) => elements,
            _ => &[],
        }
    }

    /// The value of a key.
    pub(crate) fn get(&self, name: &str) -> Option<&Node> {
        let entry = self.entries().iter().find(|entry| entry.key.name == name);
        entry.map(|entry| &entry.value)
    }

    /// A scalar other than null.
    pub(crate) fn scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) if scalar.kind != Kind::Null => Some(scalar),
            _ => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(scalar) if scalar.kind == Kind::Null)
    }

    /// Whether it was reported already.
    pub(crate) fn is_unclear(&self) -> bool {
        matches!(&self.value, Value::Scalar(scalar) if scalar.kind == Kind::Unclear)
    }
}

#[cfg(test)]
mod tests;
