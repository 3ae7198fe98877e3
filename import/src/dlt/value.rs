//! A configuration as a tree with places, whichever format it is written in.

use std::cell::RefCell;
use std::rc::Rc;

use crate::credentials;
use crate::names::{self, Names};
use crate::tree;

/// Where a value stands in its source.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Place {
    /// At this byte.
    At(usize),
    /// At this line and column, from 1.
    Line(usize, usize),
    /// At the end of this JSON pointer.
    Pointer(Rc<str>),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Value {
    pub place: Place,
    pub kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    /// As it is written.
    Number(String),
    /// Secrets and settings in it are placeholders.
    Text(String),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
    /// An object of a class of dlt, with its arguments; those without a name are numbered.
    Object(String, Vec<(String, Value)>),
    /// A secret or a setting whose name its key tells.
    Unnamed(Reference),
    /// What cannot be read without executing it: what it is.
    Other(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reference {
    Secret,
    Setting,
}

impl Reference {
    /// What a name without a value most likely stands for.
    pub(super) fn of(name: &str) -> Self {
        if credentials::is_secret_name(name) {
            Self::Secret
        } else {
            Self::Setting
        }
    }
}

impl Value {
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        let found = self.entries().iter().find(|(name, _)| name == key);
        found
            .map(|(_, value)| value)
            .filter(|value| value.kind != Kind::Null)
    }

    pub(super) fn entries(&self) -> &[(String, Value)] {
        match &self.kind {
            Kind::Map(entries) | Kind::Object(_, entries) => entries,
            _ => &[],
        }
    }

    pub(super) fn elements(&self) -> &[Value] {
        match &self.kind {
            Kind::List(elements) => elements,
            _ => &[],
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Value::text)
    }
}

/// The secrets and settings of a spec: the same name for the same key of the source.
#[derive(Debug, Default)]
pub(super) struct References {
    known: RefCell<Vec<(Reference, String, String)>>,
    secrets: RefCell<Names>,
    settings: RefCell<Names>,
}

impl References {
    /// The placeholder of a key such as `sources.github.token`.
    pub(super) fn placeholder(&self, kind: Reference, key: &str) -> String {
        let mut known = self.known.borrow_mut();
        let found = known
            .iter()
            .find(|(one, name, _)| *one == kind && name == key);
        let name = if let Some((_, _, name)) = found {
            name.clone()
        } else {
            let last = key.rsplit('.').next().unwrap_or(key);
            let (taken, fallback) = match kind {
                Reference::Secret => (&self.secrets, "secret"),
                Reference::Setting => (&self.settings, "setting"),
            };
            let name = taken.borrow_mut().take(&names::name(last, fallback));
            known.push((kind, key.to_owned(), name.clone()));
            name
        };
        match kind {
            Reference::Secret => format!("{{secrets.{name}}}"),
            Reference::Setting => format!("{{config.{name}}}"),
        }
    }

    /// The names of the settings, in the order of the source.
    pub(super) fn settings(&self) -> Vec<String> {
        let known = self.known.borrow();
        let settings = known
            .iter()
            .filter(|(kind, ..)| *kind == Reference::Setting);
        settings.map(|(_, _, name)| name.clone()).collect()
    }
}

/// A value of JSON or YAML, in a part of a file that begins behind this many lines.
pub(super) fn of_tree(
    value: &tree::Value,
    pointer: &str,
    lines: usize,
    references: &References,
) -> Value {
    let below = |key: &str| format!("{pointer}/{}", tree::escape(key));
    let kind = match &value.kind {
        tree::Kind::Null => Kind::Null,
        tree::Kind::Bool(value) => Kind::Bool(*value),
        tree::Kind::Number(text) => Kind::Number(text.clone()),
        tree::Kind::Text(text) => {
            reference(text, references).unwrap_or_else(|| Kind::Text(text.clone()))
        }
        tree::Kind::List(elements) => {
            let elements = elements
                .iter()
                .enumerate()
                .map(|(at, one)| of_tree(one, &below(&at.to_string()), lines, references));
            Kind::List(elements.collect())
        }
        tree::Kind::Map(entries) => {
            let entries = entries
                .iter()
                .map(|(key, one)| (key.clone(), of_tree(one, &below(key), lines, references)));
            Kind::Map(entries.collect())
        }
    };
    let place = match value.place.line as usize {
        0 => Place::Pointer(pointer.into()),
        line => Place::Line(lines + line, value.place.column as usize),
    };
    Value { place, kind }
}

/// `dlt.secrets["name"]` or `dlt.config.value` as text.
fn reference(text: &str, references: &References) -> Option<Kind> {
    let rest = text.trim().strip_prefix("dlt.")?;
    let (kind, rest) = match rest.strip_prefix("secrets") {
        Some(rest) => (Reference::Secret, rest),
        None => (Reference::Setting, rest.strip_prefix("config")?),
    };
    if rest == ".value" {
        return Some(Kind::Unnamed(kind));
    }
    let key = rest.strip_prefix('[')?.strip_suffix(']')?;
    let key = key.trim_matches(['"', '\'']);
    Some(Kind::Text(references.placeholder(kind, key)))
}
