//! The records of a page: the elements of a list, or one object.

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, MapAccess, SeqAccess},
};
use serde_json::value::RawValue;

use super::{
    fault::{Found, Place},
    output::Mark,
    reader::Reader,
    shape::{Node, ObjectShape},
    visit::{Visit, Whole, skip_object, visit},
};
use crate::page::Slot;

/// What each record is read as.
#[derive(Debug)]
pub(super) enum RecordShape {
    /// A struct's columns.
    Typed(ObjectShape),
    /// One JSON value.
    Untyped,
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

    /// Whether columns are read from places in a list, so that a record is one.
    pub(super) fn is_list(&self) -> bool {
        matches!(self, Self::Typed(ObjectShape { root: Node::Several { elements, .. }, .. }) if !elements.is_empty())
    }
}

impl Reader<'_, '_> {
    /// Reads what stands at `path`: a list of records, or where `single`, an object as one; null is
    /// no record. Whether it is one of these.
    pub(super) fn records<'de, D: Deserializer<'de>>(
        &mut self,
        shape: &RecordShape,
        single: bool,
        path: &str,
        deserializer: D,
    ) -> Result<bool, D::Error> {
        if single && shape.plain().is_none() {
            let raw = <&RawValue>::deserialize(deserializer)?.get();
            if raw.starts_with('{') {
                self.record_of(shape, raw, &Place::Records(path));
                return Ok(true);
            }
            let mut deserializer = serde_json::Deserializer::from_str(raw);
            return self
                .records(shape, false, path, &mut deserializer)
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

    /// Reads a text as the record at this position.
    pub(super) fn line(
        &mut self,
        shape: &RecordShape,
        raw: &str,
        at: u64,
    ) -> serde_json::Result<()> {
        let mut deserializer = serde_json::Deserializer::from_str(raw);
        let seed = RecordSeed {
            reader: self,
            shape,
            place: &Place::Index(&Place::Records("$"), at),
        };
        seed.deserialize(&mut deserializer)?;
        deserializer.end()
    }

    /// Reads one match of a query: the elements of a list, or an object as one record. An untyped
    /// record may be any other value as well, as it may in a list.
    pub(super) fn record_match(&mut self, shape: &RecordShape, raw: &str, path: &str) {
        let mut deserializer = serde_json::Deserializer::from_str(raw);
        let suited = self.records(shape, true, path, &mut deserializer);
        if suited.unwrap_or(false) {
            return;
        }
        if matches!(shape, RecordShape::Untyped) {
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
            self.end_record(None, mark);
        }
    }

    /// Reads one record out of its text.
    pub(super) fn record_of(&mut self, shape: &RecordShape, raw: &str, place: &Place<'_>) {
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
        if let Err(error) = serde_json::from_str::<Whole>(raw) {
            let found = Found::unread(&error);
            self.out
                .faults
                .no_record(place, "json that can be read", found);
            return None;
        }
        self.out.push(Slot::Json { at })
    }

    /// Keeps the record whose columns start at `base`, or what there is to say of it.
    fn end_record(&mut self, base: Option<u32>, mark: Mark) {
        self.out.selected += 1;
        match base {
            Some(base) if !self.out.faults.failed() => self.out.starts.push(base),
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
    single: bool,
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
            Some(object) if self.single => {
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
        if let Some(object) = shape.plain() {
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
