//! Reading values into slots, driven by the shapes of their columns.
//!
//! What does not fit is noted where it is met and read over, so that one pass finds every fault. A
//! reader's function gives `None`, or `false`, for what was noted.

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess},
};
use serde_json::value::RawValue;

use super::{
    fault::{Found, Mark, Place},
    output::Output,
    shape::{ColumnShape, JsonKind, Kind},
    text::Source,
    visit::{Visit, Whole, skip_list, skip_object, visit},
};
use crate::page::{NOWHERE, Slot, Span};

/// Reads from one text into the page's output.
pub(super) struct Reader<'t, 'o> {
    pub(super) source: Source<'t>,
    pub(super) out: &'o mut Output,
}

impl Reader<'_, '_> {
    /// Reads a column's value. `at` is where it stands in the text, where that is known.
    #[inline]
    pub(super) fn value<'de, D: Deserializer<'de>>(
        &mut self,
        shape: &ColumnShape,
        at: Option<usize>,
        place: &Place<'_>,
        deserializer: D,
    ) -> Result<Option<Slot>, D::Error> {
        let mark = self.out.faults.mark();
        // `serde_json` gives up on half of a character, and does not say of which value it is.
        let is_text = |at| self.source.kind(at) == Some(JsonKind::Text);
        let slot = if at.is_none_or(is_text) {
            let raw = <&RawValue>::deserialize(deserializer)?;
            self.raw(shape, raw.get(), place)
        } else {
            self.native(shape, at, place, deserializer)?
        };
        Ok(self.settle(shape, mark, slot))
    }

    /// Reads a value out of its own text, a part of this reader's. That it is JSON was seen
    /// when it was cut out; it may still be nested too deep, or hold a number out of range or half
    /// a surrogate pair.
    pub(super) fn raw(
        &mut self,
        shape: &ColumnShape,
        raw: &str,
        place: &Place<'_>,
    ) -> Option<Slot> {
        let stack = self.out.stack.len();
        let at = self.source.offset_of(raw);
        let mut deserializer = serde_json::Deserializer::from_str(raw);
        self.native(shape, at, place, &mut deserializer)
            .unwrap_or_else(|_| {
                self.out.stack.truncate(stack);
                self.misfit(shape, place, Found::unread(raw))
            })
    }

    /// Reads a value that stands at a known place, or need not.
    #[inline]
    fn native<'de, D: Deserializer<'de>>(
        &mut self,
        shape: &ColumnShape,
        at: Option<usize>,
        place: &Place<'_>,
        deserializer: D,
    ) -> Result<Option<Slot>, D::Error> {
        match &shape.kind {
            Kind::Json | Kind::Union(_) | Kind::Object(_) => {
                self.uneven(shape, at, place, deserializer)
            }
            _ => match at {
                Some(at) if self.source.kind(at) == Some(JsonKind::Number) => {
                    let digits = self.source.number(at);
                    deserializer.deserialize_ignored_any(IgnoredAny)?;
                    Ok(self.number(shape, digits, place))
                }
                _ => self.any(shape, at, place, deserializer),
            },
        }
    }

    #[inline]
    fn any<'de, D: Deserializer<'de>>(
        &mut self,
        shape: &ColumnShape,
        at: Option<usize>,
        place: &Place<'_>,
        deserializer: D,
    ) -> Result<Option<Slot>, D::Error> {
        let value = ValueVisit {
            reader: self,
            shape,
            at,
            place,
        };
        visit(deserializer, value)
    }

    /// Reads a value of a type that takes more than one kind of JSON, or an object of any shape.
    fn uneven<'de, D: Deserializer<'de>>(
        &mut self,
        shape: &ColumnShape,
        at: Option<usize>,
        place: &Place<'_>,
        deserializer: D,
    ) -> Result<Option<Slot>, D::Error> {
        match (&shape.kind, at) {
            (Kind::Json, _) => {
                let raw = <&RawValue>::deserialize(deserializer)?;
                Ok(self.json(shape, raw.get(), place))
            }
            (Kind::Object(object), _) if !object.is_plain() => {
                let raw = <&RawValue>::deserialize(deserializer)?;
                let children = self.object_of(object, raw.get(), place);
                Ok(children.map(|children| Slot::Object {
                    at: self.place(at),
                    children,
                }))
            }
            (Kind::Union(_), Some(at)) => match self.source.kind(at) {
                Some(kind) => self.union(shape, at, kind, place, deserializer),
                None => self.any(shape, Some(at), place, deserializer),
            },
            _ => self.any(shape, at, place, deserializer),
        }
    }

    /// Any JSON value, read to its end so that it can be made a tree later.
    fn json(&mut self, shape: &ColumnShape, raw: &str, place: &Place<'_>) -> Option<Slot> {
        if raw == "null" {
            return self.null(shape, place);
        }
        let Some(at) = self.source.offset_of(raw) else {
            return self.misfit(shape, place, Found::Unreadable);
        };
        if serde_json::from_str::<Whole>(raw).is_err() {
            return self.misfit(shape, place, Found::unread(raw));
        }
        Some(Slot::Json {
            at: self.place(Some(at)),
        })
    }

    fn union<'de, D: Deserializer<'de>>(
        &mut self,
        shape: &ColumnShape,
        at: usize,
        kind: JsonKind,
        place: &Place<'_>,
        deserializer: D,
    ) -> Result<Option<Slot>, D::Error> {
        let Some((member, of)) = shape.member(kind) else {
            return self.any(shape, Some(at), place, deserializer);
        };
        let Some(slot) = self.native(of, Some(at), place, deserializer)? else {
            return Ok(None);
        };
        let child = self.out.push(slot).ok_or_else(too_many)?;
        Ok(Some(Slot::Union {
            at: self.place(Some(at)),
            child,
            member,
        }))
    }

    /// A scalar, or what was read over in its place.
    fn found(&mut self, shape: &ColumnShape, found: Found<'_>, place: &Place<'_>) -> Option<Slot> {
        match found {
            Found::Text(text) => self.text(shape, text, place),
            Found::Null => self.null(shape, place),
            Found::Number(digits) => self.number(shape, digits, place),
            Found::Bool(value)
                if matches!(shape.kind, Kind::Bool | Kind::Scalar) && !shape.is_written =>
            {
                Some(Slot::Bool(value))
            }
            _ => self.misfit(shape, place, found),
        }
    }

    /// A value as its column takes it: null in place of faults, where the contract says so.
    #[inline]
    pub(super) fn settle(
        &mut self,
        shape: &ColumnShape,
        mark: Mark,
        slot: Option<Slot>,
    ) -> Option<Slot> {
        match slot {
            None if shape.column.nullable && self.out.faults.discard_value(mark) => {
                Some(Slot::Null)
            }
            slot => slot,
        }
    }

    pub(super) fn null(&mut self, shape: &ColumnShape, place: &Place<'_>) -> Option<Slot> {
        if shape.column.nullable {
            Some(Slot::Null)
        } else {
            self.misfit(shape, place, Found::Null)
        }
    }

    #[cold]
    pub(super) fn misfit(
        &mut self,
        shape: &ColumnShape,
        place: &Place<'_>,
        found: Found<'_>,
    ) -> Option<Slot> {
        self.out.faults.misfit(place, &shape.column, found);
        None
    }

    /// Where this place of the text is in the page.
    pub(super) fn place(&self, at: Option<usize>) -> u32 {
        at.and_then(|at| u32::try_from(self.source.base + at).ok())
            .unwrap_or(NOWHERE)
    }

    fn list<'de, A: SeqAccess<'de>>(
        &mut self,
        element: &ColumnShape,
        at: Option<usize>,
        place: &Place<'_>,
        mut list: A,
    ) -> Result<Option<Slot>, A::Error> {
        let start = self.out.stack.len();
        let mut fits = true;
        for index in 0.. {
            let seed = ValueSeed {
                reader: &mut *self,
                shape: element,
                at: None,
                place: &Place::Index(place, index),
            };
            match list.next_element_seed(seed)? {
                Some(Some(slot)) => self.out.hold([slot]).ok_or_else(too_many)?,
                Some(None) => fits = false,
                None => break,
            }
        }
        let (children, len) = self.out.settle(start).ok_or_else(too_many)?;
        Ok(fits.then_some(Slot::Array {
            at: self.place(at),
            children,
            len,
        }))
    }

    fn map<'de, A: MapAccess<'de>>(
        &mut self,
        (shape, element): (&ColumnShape, &ColumnShape),
        at: Option<usize>,
        place: &Place<'_>,
        mut map: A,
    ) -> Result<Option<Slot>, A::Error> {
        let start = self.out.stack.len();
        let mut fits = true;
        let mut keys: Vec<Span> = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let span = self.out.keep(&self.source, &key).ok_or_else(too_many)?;
            let seed = ValueSeed {
                reader: &mut *self,
                shape: element,
                at: None,
                place: &Place::Key(place, &key),
            };
            let slot = map.next_value_seed(seed)?;
            fits &= slot.is_some();
            let slot = slot.unwrap_or(Slot::Absent);
            self.out
                .hold([Slot::Text(span), slot])
                .ok_or_else(too_many)?;
            keys.push(span);
        }
        if let Some(key) = self.first_twice(&mut keys) {
            fits = false;
            self.misfit(shape, &Place::Key(place, &key), Found::Another);
        }
        let (children, len) = self.out.settle(start).ok_or_else(too_many)?;
        Ok(fits.then_some(Slot::Map {
            at: self.place(at),
            children,
            len: len / 2,
        }))
    }

    /// A key that is among these twice.
    pub(super) fn first_twice(&self, keys: &mut [Span]) -> Option<String> {
        let text = |span: &Span| self.out.kept(&self.source, *span);
        keys.sort_unstable_by(|one, other| text(one).cmp(text(other)));
        let mut pairs = keys.windows(2).map(|pair| (text(&pair[0]), text(&pair[1])));
        let (key, _) = pairs.find(|(one, other)| one == other)?;
        Some(key.to_owned())
    }

    /// JSON in a text, which is kept and read as a text of its own.
    pub(super) fn embedded(
        &mut self,
        shape: &ColumnShape,
        text: &str,
        place: &Place<'_>,
    ) -> Option<Slot> {
        let Some(base) = self.out.keep_json(text) else {
            return self.misfit(shape, place, Found::Unreadable);
        };
        let stack = self.out.stack.len();
        let mut inner = Reader {
            source: Source { text, base },
            out: &mut *self.out,
        };
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let at = inner.source.first();
        let read = inner.native(shape, at, place, &mut deserializer);
        read.and_then(|slot| deserializer.end().map(|()| slot))
            .unwrap_or_else(|_| {
                self.out.stack.truncate(stack);
                self.misfit(shape, place, Found::Text(text))
            })
    }
}

/// The error of a page with more cells than can be numbered.
#[cold]
pub(super) fn too_many<E: serde::de::Error>() -> E {
    E::custom("more values than a page can hold")
}

/// Reads one value: see [`Reader::value`].
pub(super) struct ValueSeed<'r, 't, 'o, 's> {
    pub(super) reader: &'r mut Reader<'t, 'o>,
    pub(super) shape: &'s ColumnShape,
    pub(super) at: Option<usize>,
    pub(super) place: &'s Place<'s>,
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_, '_, '_, '_> {
    type Value = Option<Slot>;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Slot>, D::Error> {
        self.reader
            .value(self.shape, self.at, self.place, deserializer)
    }
}

struct ValueVisit<'r, 't, 'o, 's> {
    reader: &'r mut Reader<'t, 'o>,
    shape: &'s ColumnShape,
    at: Option<usize>,
    place: &'s Place<'s>,
}

impl<'de> Visit<'de> for ValueVisit<'_, '_, '_, '_> {
    type Value = Option<Slot>;

    #[inline]
    fn other(self, found: Found<'_>) -> Option<Slot> {
        let Self {
            reader,
            shape,
            at,
            place,
        } = self;
        let found = match (found, at) {
            (Found::Number(_), Some(at)) => Found::Number(reader.source.number(at)),
            _ => found,
        };
        reader.found(shape, found, place)
    }

    fn list<A: SeqAccess<'de>>(self, list: A) -> Result<Option<Slot>, A::Error> {
        if let Kind::Array(element) = &self.shape.kind {
            return self.reader.list(element, self.at, self.place, list);
        }
        skip_list(list)?;
        Ok(self.other(Found::List))
    }

    fn object<A: MapAccess<'de>>(self, map: A) -> Result<Option<Slot>, A::Error> {
        match &self.shape.kind {
            Kind::Object(object) => {
                let children = self.reader.object(object, self.place, map)?;
                Ok(children.map(|children| Slot::Object {
                    at: self.reader.place(self.at),
                    children,
                }))
            }
            Kind::Map(element) => self
                .reader
                .map((self.shape, element), self.at, self.place, map),
            _ => {
                skip_object(map)?;
                Ok(self.other(Found::Object))
            }
        }
    }
}
