//! The records of a page: the elements of a list, or one object.

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, MapAccess, SeqAccess},
};
use serde_json::value::RawValue;

use super::{
    around::Origin,
    fault::{Found, Place},
    output::Mark,
    reader::Reader,
    shape::{ColumnShape, Kind, Node, ObjectShape},
    visit::{Visit, Whole, skip_object, visit},
};
use crate::{
    page::Slot,
    plan::{Pages, ResourcePlan},
};

/// What each record is read as.
#[derive(Debug)]
pub(super) enum RecordShape {
    /// A struct's columns.
    Typed(ObjectShape),
    /// One JSON value.
    Untyped,
}

/// Whether one record may stand where a list of them is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Single {
    No,
    /// An object.
    Object,
    /// An object, or a value without keys where the records are such (`single_record`).
    Any,
}

impl Single {
    pub(super) fn of(resource: &ResourcePlan) -> Self {
        if resource.single_record {
            Self::Any
        } else if resource.paginator.kind == Pages::Single {
            Self::Object
        } else {
            Self::No
        }
    }

    /// Whether this text is one record of the shape.
    fn takes(self, shape: &RecordShape, raw: &str) -> bool {
        match raw.as_bytes().first() {
            Some(b'{') => self != Self::No,
            Some(b'[' | b'n') | None => false,
            Some(_) => self == Self::Any && shape.value().is_some(),
        }
    }
}

impl RecordShape {
    /// The shape of records that are read while the page is walked; others are read out of their
    /// own text.
    const fn plain(&self) -> Option<&ObjectShape> {
        match self {
            Self::Typed(object) if object.is_plain() => Some(object),
            _ => None,
        }
    }

    /// The column that a record is as a whole, where it is a value without keys.
    fn value(&self) -> Option<&ColumnShape> {
        let Self::Typed(object) = self else {
            return None;
        };
        let column = match &object.root {
            Node::Column(column) => *column,
            Node::Several { columns, .. } => *columns.first()?,
            Node::Within(_) => return None,
        };
        object.columns.get(column)
    }

    /// Whether a record is a list: a column is it as a whole, or columns are read from places in it.
    pub(super) fn is_list(&self) -> bool {
        let is_read_by_index = matches!(self, Self::Typed(ObjectShape { root: Node::Several { elements, .. }, .. }) if !elements.is_empty());
        is_read_by_index
            || self
                .value()
                .is_some_and(|column| matches!(column.kind, Kind::Array(_)))
    }
}

impl Reader<'_, '_> {
    /// Reads what stands at `path`: a list of records, or one, as `single` says; null is no record.
    /// Whether it is one of these.
    pub(super) fn records<'de, D: Deserializer<'de>>(
        &mut self,
        shape: &RecordShape,
        single: Single,
        path: &str,
        deserializer: D,
    ) -> Result<bool, D::Error> {
        let keeps_rejects = self.out.faults.keeps_rejects();
        if single != Single::No && (shape.plain().is_none() || keeps_rejects) {
            let raw = <&RawValue>::deserialize(deserializer)?.get();
            if single.takes(shape, raw) {
                self.record_of(shape, raw, &Place::Records(path));
                return Ok(true);
            }
            let mut deserializer = serde_json::Deserializer::from_str(raw);
            return self
                .records(shape, Single::No, path, &mut deserializer)
                .map_err(serde::de::Error::custom);
        }
        let records = Records {
            reader: self,
            shape,
            single,
            place: &Place::Records(path),
        };
        visit(deserializer, records)
    }

    /// Reads a text as the record at this place.
    pub(super) fn line(
        &mut self,
        shape: &RecordShape,
        raw: &str,
        place: &Place<'_>,
    ) -> serde_json::Result<()> {
        let mut deserializer = serde_json::Deserializer::from_str(raw);
        let seed = RecordSeed {
            reader: self,
            shape,
            place,
        };
        seed.deserialize(&mut deserializer)?;
        deserializer.end()
    }

    /// Reads one match of a query: the elements of a list, or an object as one record. A record that is
    /// untyped, or a value without keys, may be any other value as well, as it may in a list.
    pub(super) fn record_match(&mut self, shape: &RecordShape, raw: &str, path: &str) {
        let mut deserializer = serde_json::Deserializer::from_str(raw);
        let suited = self.records(shape, Single::Object, path, &mut deserializer);
        if suited.unwrap_or(false) {
            return;
        }
        if matches!(shape, RecordShape::Untyped) || shape.value().is_some() {
            self.record_of(shape, raw, &Place::Records(path));
        } else {
            let mark = self.out.mark();
            let text = serde_json::from_str::<String>(raw);
            let found = match (raw.as_bytes().first(), &text) {
                (Some(b'"'), Ok(text)) => Found::Text(text),
                (Some(b'"' | b'{' | b'[') | None, _) => Found::Unreadable,
                (Some(b't' | b'f'), _) => Found::Bool(raw == "true"),
                (Some(_), _) => Found::Number(raw),
            };
            self.out
                .faults
                .no_record(&Place::Records(path), "object or list", found);
            self.keeping_rejects(raw, |reader| reader.end_record(None, mark));
        }
    }

    /// Reads one record out of its text, which is kept if it is set aside and so wanted.
    pub(super) fn record_of(&mut self, shape: &RecordShape, raw: &str, place: &Place<'_>) {
        if self.out.faults.keeps_rejects() {
            self.keeping_rejects(raw, |reader| reader.record_in(shape, raw, place));
        } else {
            self.record_in(shape, raw, place);
        }
    }

    /// Reads one record out of its text.
    fn record_in(&mut self, shape: &RecordShape, raw: &str, place: &Place<'_>) {
        let kept = self.out.starts.len();
        if let RecordShape::Typed(object) = shape
            && let Some(explode) = &object.explode
        {
            self.exploded(object, explode, raw, place);
            self.out.selected += 1;
            if object.keeps_place {
                let at = self.place(self.source.offset_of(raw));
                let out = &mut *self.out;
                let rows = out.starts.iter().skip(kept);
                out.page.records.extend(rows.map(|base| (*base, at)));
            }
            return;
        }
        let mark = self.out.mark();
        let base = match shape {
            RecordShape::Typed(object) => self.object_of(object, raw, place),
            RecordShape::Untyped => self.untyped(raw, place),
        };
        self.end_record(base, mark);
        if let RecordShape::Typed(object) = shape
            && object.keeps_place
            && let Some(base) = base
            && self.out.starts.last() == Some(&base)
        {
            let at = self.place(self.source.offset_of(raw));
            self.out.page.records.push((base, at));
        }
    }

    fn untyped(&mut self, raw: &str, place: &Place<'_>) -> Option<u32> {
        let at = self.place(self.source.offset_of(raw));
        if serde_json::from_str::<Whole>(raw).is_err() {
            let found = Found::unread(raw);
            self.out
                .faults
                .no_record(place, "json that can be read", found);
            return None;
        }
        self.out.push(Slot::Json { at })
    }

    /// Keeps the record whose columns start at `base`, or what there is to say of it.
    #[inline]
    pub(super) fn end_record(&mut self, base: Option<u32>, mark: Mark) {
        self.out.element = self.out.selected;
        self.out.selected += 1;
        self.end_row(base, mark);
    }

    /// Keeps the row whose columns start at `base`, or what there is to say of it.
    #[inline]
    pub(super) fn end_row(&mut self, base: Option<u32>, mark: Mark) {
        match base {
            Some(base) if !self.out.faults.failed() => {
                self.out.starts.push(base);
                let (index, key) = (self.out.element, self.out.key);
                if let Some(origins) = &mut self.out.origins {
                    origins.push(Origin { index, key });
                }
            }
            Some(_) => self.out.forget(mark),
            None => {
                self.out.faults.end_record();
                self.out.forget(mark);
            }
        }
    }
}

/// Reads what the selector found.
struct Records<'r, 't, 'o, 's> {
    reader: &'r mut Reader<'t, 'o>,
    shape: &'s RecordShape,
    single: Single,
    place: &'s Place<'s>,
}

impl<'de> Visit<'de> for Records<'_, '_, '_, '_> {
    type Value = bool;

    fn other(self, found: Found<'_>) -> bool {
        matches!(found, Found::Null)
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<bool, A::Error> {
        for index in 0.. {
            let seed = RecordSeed {
                reader: &mut *self.reader,
                shape: self.shape,
                place: &Place::Index(self.place, index),
            };
            if list.next_element_seed(seed)?.is_none() {
                break;
            }
        }
        Ok(true)
    }

    fn object<A: MapAccess<'de>>(self, map: A) -> Result<bool, A::Error> {
        match self.shape.plain() {
            Some(object) if self.single != Single::No => {
                let record = Record {
                    reader: self.reader,
                    object,
                    place: self.place,
                };
                record.object(map)?;
                Ok(true)
            }
            _ => {
                skip_object(map)?;
                Ok(self.other(Found::Object))
            }
        }
    }
}

/// Reads one element of the list of records.
struct RecordSeed<'r, 't, 'o, 's> {
    reader: &'r mut Reader<'t, 'o>,
    shape: &'s RecordShape,
    place: &'s Place<'s>,
}

impl<'de> DeserializeSeed<'de> for RecordSeed<'_, '_, '_, '_> {
    type Value = ();

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let Self {
            reader,
            shape,
            place,
        } = self;
        if let Some(object) = shape.plain()
            && !reader.out.faults.keeps_rejects()
        {
            let record = Record {
                reader,
                object,
                place,
            };
            return visit(deserializer, record);
        }
        let raw = <&RawValue>::deserialize(deserializer)?;
        reader.record_of(shape, raw.get(), place);
        Ok(())
    }
}

/// Reads one record of a plain shape.
struct Record<'r, 't, 'o, 's> {
    reader: &'r mut Reader<'t, 'o>,
    object: &'s ObjectShape,
    place: &'s Place<'s>,
}

impl<'de> Visit<'de> for Record<'_, '_, '_, '_> {
    type Value = ();

    fn other(self, found: Found<'_>) {
        let mark = self.reader.out.mark();
        self.reader
            .out
            .faults
            .no_record(self.place, "object", found);
        self.reader.end_record(None, mark);
    }

    #[inline]
    fn object<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let mark = self.reader.out.mark();
        let base = self.reader.object(self.object, self.place, map)?;
        self.reader.end_record(base, mark);
        Ok(())
    }
}
