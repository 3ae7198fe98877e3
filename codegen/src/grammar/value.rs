//! The types that the values of keys are read as.

use std::time::Duration;

use super::{Shape, Word};
use crate::connector::{List, Path, Selector, Text};
use crate::jsonpath::{self, Parsed};
use crate::spec;
use crate::value;
use crate::yaml::{self, Kind, Node};

/// A type of values.
pub(crate) trait Value: Sized {
    /// The value of a node that the grammar approved; nothing where it is none.
    fn read(node: &Node) -> Option<Self>;

    /// As a spec would say it.
    fn written(&self) -> String;
}

/// A type whose values are words.
pub(crate) trait Words: PartialEq + Clone + 'static {
    /// The words, and what each stands for.
    const WORDS: &'static [(Word, Self)];
}

/// The shape of a key whose values are words of this type.
pub(crate) const fn words<T: Words>() -> Shape {
    Shape::Word(|| T::WORDS.iter().map(|(word, _)| word).collect())
}

impl<T: Words> Value for T {
    fn read(node: &Node) -> Option<Self> {
        let text = spec::text(node)?.text;
        let mut words = T::WORDS.iter();
        words
            .find(|(word, _)| word.is_called(text))
            .map(|(_, value)| value.clone())
    }

    fn written(&self) -> String {
        let mut words = T::WORDS.iter();
        let word = words.find(|(_, value)| value == self);
        word.map_or(String::new(), |(word, _)| word.name.to_owned())
    }
}

impl Value for bool {
    fn read(node: &Node) -> Option<Self> {
        match node.scalar()?.kind {
            Kind::Bool(value) => Some(value),
            _ => None,
        }
    }

    fn written(&self) -> String {
        self.to_string()
    }
}

impl Value for u64 {
    fn read(node: &Node) -> Option<Self> {
        let scalar = node.scalar()?;
        let number = value::integer(&scalar.text)?;
        if scalar.kind != Kind::Integer || i64::try_from(number).is_err() {
            return None;
        }
        Self::try_from(number).ok()
    }

    fn written(&self) -> String {
        self.to_string()
    }
}

impl Value for f64 {
    fn read(node: &Node) -> Option<Self> {
        let number: Self = spec::text(node)?.text.parse().ok()?;
        (number.is_finite() && number >= 0.0).then_some(number)
    }

    fn written(&self) -> String {
        self.to_string()
    }
}

impl Value for Duration {
    fn read(node: &Node) -> Option<Self> {
        value::duration(spec::text(node)?.text).ok()
    }

    /// In the largest unit of which it is a whole number, from two on.
    fn written(&self) -> String {
        let seconds = self.as_secs();
        match seconds {
            _ if self.subsec_nanos() != 0 => format!("{}ms", self.as_millis()),
            120.. if seconds.is_multiple_of(60) => format!("{}m", seconds / 60),
            _ => format!("{seconds}s"),
        }
    }
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bytes(pub u64);

impl Value for Bytes {
    fn read(node: &Node) -> Option<Self> {
        value::size(spec::text(node)?.text).map(Self)
    }

    fn written(&self) -> String {
        let Self(bytes) = self;
        if *bytes > 0 && bytes.is_multiple_of(1 << 20) {
            format!("{} MiB", bytes >> 20)
        } else {
            bytes.to_string()
        }
    }
}

impl Value for Text {
    fn read(node: &Node) -> Option<Self> {
        spec::text(node).map(spec::Text::owned)
    }

    fn written(&self) -> String {
        self.to_string()
    }
}

impl Value for Path {
    fn read(node: &Node) -> Option<Self> {
        match jsonpath::parse(spec::text(node)?.text) {
            Ok(Parsed::Path(path)) => Some(path),
            _ => None,
        }
    }

    /// In the bare form: `cursors.next`.
    fn written(&self) -> String {
        let path = self.to_string();
        path.strip_prefix("$.").map_or(path.clone(), str::to_owned)
    }
}

impl Value for Selector {
    fn read(node: &Node) -> Option<Self> {
        match jsonpath::parse(spec::text(node)?.text) {
            Ok(Parsed::Path(path)) => Some(Self::Path(path)),
            Ok(Parsed::Query(query)) => Some(Self::Query(query)),
            Err(_) => None,
        }
    }

    fn written(&self) -> String {
        match self {
            Self::Path(path) => path.written(),
            Self::Query(query) => query.to_string(),
        }
    }
}

/// Statuses, as inclusive ranges in order, neighbours joined.
pub(crate) type Statuses = List<(u16, u16)>;

impl Value for Statuses {
    fn read(node: &Node) -> Option<Self> {
        let mut ranges = Vec::new();
        let statuses = match &node.value {
            yaml::Value::List(elements) => elements.as_slice(),
            _ => std::slice::from_ref(node),
        };
        for status in statuses.iter().filter_map(spec::text) {
            if let Some(range) = value::status(status.text) {
                value::join(&mut ranges, range);
            }
        }
        Some(ranges.into())
    }

    fn written(&self) -> String {
        let statuses = self.iter().flat_map(|(first, last)| *first..=*last);
        let statuses: Vec<_> = statuses.map(|status| status.to_string()).collect();
        format!("[{}]", statuses.join(", "))
    }
}
