//! The fast pass: a page whose keys come in the order of the record before is read with one comparison for each key.
//!
//! It reads pages in which everything fits. For anything else it gives `None`, and the page is read again by the careful
//! pass, which knows what is wrong and where. Both read the same shapes into the same output, so that they agree on
//! every page that this one reads; `tests/fast.rs` compares them on random pages.

use std::mem;

use super::{
    cursor::Cursor,
    document::{Document, Selected, Spot},
    fault::{Place, leave_out},
    keys::{Found, Keys},
    probe,
    reader::Reader,
    records::{RecordShape, Single},
    shape::{ColumnShape, JsonKind, Kind, Members, Node, ObjectShape},
};
use crate::page::{Slot, Span};

/// How deep records may be nested. What is deeper is left to the careful pass.
const MAX_DEPTH: u32 = 64;

/// Reads one text.
pub(super) struct Fast<'r, 't, 'o> {
    reader: &'r mut Reader<'t, 'o>,
    cursor: Cursor<'t>,
    depth: u32,
}

impl<'t> Document<'t, '_, '_> {
    /// Reads what is wanted of the whole text.
    pub(super) fn read_fast(&mut self, spots: &Spot) -> Option<()> {
        let mut cursor = Cursor::new(self.reader.source.text);
        self.spot_fast(spots, &mut cursor)?;
        cursor.is_at_end().then_some(())
    }

    fn spot_fast(&mut self, spot: &Spot, cursor: &mut Cursor<'t>) -> Option<()> {
        let next = cursor.next()?;
        let at = cursor.at;
        if spot.records {
            // Of a list, no key is wanted.
            if !spot.is_records(JsonKind::of(next)) {
                return None;
            }
            self.records_at.start = Some(at);
            return self.records_fast(cursor);
        }
        if !spot.has_no_values() {
            let raw = cursor.value()?;
            for found in &spot.probes {
                *self.probes.get_mut(*found)? = probe::read(raw).ok()?;
            }
            for found in &spot.fields {
                *self.fields.get_mut(*found)? = Some((at, raw.len()));
            }
        }
        if !spot.elements.is_empty() {
            return None;
        }
        if spot.members.is_empty() {
            return Some(());
        }
        cursor.at = at;
        match next {
            b'{' => self.within_fast(spot, cursor),
            // The careful pass reads these where it looks for an object, and refuses a number out of range and half of a
            // surrogate pair.
            b'"' | b'-' | b'0'..=b'9' => None,
            _ => cursor.skip(),
        }
    }

    /// Reads spots from the keys of an object.
    fn within_fast(&mut self, spot: &Spot, cursor: &mut Cursor<'t>) -> Option<()> {
        let mut seen = vec![false; spot.members.len()];
        let mut goes_on = cursor.opens(b'}')?;
        while goes_on {
            let key = cursor.key()?;
            // As in the careful pass: a key with an escape stands nowhere.
            if self.selected != Selected::Nothing && !key.is_escaped {
                self.records_at.end.get_or_insert(key.start);
            }
            let name = key.text()?;
            let member = spot
                .members
                .iter()
                .position(|(member, _)| **member == *name);
            cursor.next()?;
            if let Some(index) = member {
                if mem::replace(seen.get_mut(index)?, true) {
                    return None;
                }
                self.spot_fast(&spot.members.get(index)?.1, cursor)?;
            } else {
                cursor.skip()?;
            }
            goes_on = cursor.goes_on(b'}')?;
        }
        Some(())
    }

    /// Reads the records: a list, or one of them where that may stand in its place.
    fn records_fast(&mut self, cursor: &mut Cursor<'t>) -> Option<()> {
        let mut fast = Fast {
            cursor: *cursor,
            reader: &mut self.reader,
            depth: 0,
        };
        let place = &Place::Records(self.path);
        match fast.cursor.next()? {
            b'[' => fast.records(self.shape, place)?,
            b'{' if self.single != Single::No => fast.record(self.shape, place).map(|_| ())?,
            b'n' => fast.cursor.word("null")?,
            _ => return None,
        }
        *cursor = fast.cursor;
        self.selected = Selected::Records;
        Some(())
    }
}

impl<'r, 't, 'o> Fast<'r, 't, 'o> {
    /// Reads a part of this reader's text, which starts there.
    pub(super) fn new(reader: &'r mut Reader<'t, 'o>, start: usize) -> Self {
        let mut cursor = Cursor::new(reader.source.text);
        cursor.at = start;
        Self {
            reader,
            cursor,
            depth: 0,
        }
    }

    fn records(&mut self, shape: &RecordShape, place: &Place<'_>) -> Option<()> {
        let mut goes_on = self.cursor.opens(b']')?;
        let mut index = 0;
        while goes_on {
            self.cursor.next()?;
            self.record(shape, &Place::Index(place, index))?;
            index += 1;
            goes_on = self.cursor.goes_on(b']')?;
        }
        Some(())
    }

    /// Reads the record that is next, and gives where it ends.
    pub(super) fn record(&mut self, shape: &RecordShape, place: &Place<'_>) -> Option<usize> {
        let start = self.cursor.at;
        match shape {
            RecordShape::Typed(object) if object.explode.is_none() && is_keyed(object) => {
                if self.cursor.next()? != b'{' {
                    return None;
                }
                let mark = self.reader.out.mark();
                let base = self.object(object, place)?;
                self.reader.end_record(Some(base), mark);
                if object.keeps_place {
                    let at = self.reader.place(Some(start));
                    self.reader.out.page.records.push((base, at));
                }
            }
            _ => {
                let raw = self.cursor.value()?;
                self.reader.record_of(shape, raw, place);
            }
        }
        (!self.reader.out.faults.are_any()).then_some(self.cursor.at)
    }

    /// Reads an object of a shape whose columns are read from keys, and says where in the pool its columns start.
    fn object(&mut self, object: &ObjectShape, place: &Place<'_>) -> Option<u32> {
        let Node::Within(members) = &object.root else {
            return None;
        };
        let base = self.reader.out.reserve(object.columns.len())?;
        let extras = self.reader.out.extras.len();
        let filled = self.members(object, members, base, place)?;
        if object.extra.is_some() && !self.reader.put_extras(object, base, extras, place) {
            return None;
        }
        if filled < object.columns.len() {
            return self.reader.complete(object, base, place).then_some(base);
        }
        let unseen = self.reader.out.unseen.get_mut(object.id)?;
        unseen.is_met = true;
        unseen.columns.clear();
        Some(base)
    }

    /// Reads the declared keys of an object into its columns, and says how many of them have a value.
    fn members(
        &mut self,
        object: &ObjectShape,
        members: &Members,
        base: u32,
        place: &Place<'_>,
    ) -> Option<usize> {
        if self.depth == MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let mut keys = mem::take(self.reader.out.keys.get_mut(members.id)?);
        let filled = self.keyed((object, members), &mut keys, base, place);
        *self.reader.out.keys.get_mut(members.id)? = keys;
        self.depth -= 1;
        filled
    }

    fn keyed(
        &mut self,
        (object, members): (&ObjectShape, &Members),
        keys: &mut Keys,
        base: u32,
        place: &Place<'_>,
    ) -> Option<usize> {
        let mut filled = 0;
        let mut cursor = 0;
        let mut goes_on = self.cursor.opens(b'}')?;
        while goes_on {
            self.cursor.next()?;
            let expected = keys.expected(cursor);
            let expected = expected.filter(|(key, _)| self.cursor.takes_key(key));
            filled += if let Some(key) = expected {
                cursor += 1;
                self.member((object, members), key, base, place)?
            } else {
                let key = self.cursor.key()?.text()?;
                let found = keys.find(&mut cursor, &key);
                self.member((object, members), (&key, found), base, place)?
            };
            goes_on = self.cursor.goes_on(b'}')?;
        }
        Some(filled)
    }

    /// Reads the value of a key, and says how many columns have a value by it.
    #[inline]
    fn member(
        &mut self,
        (object, members): (&ObjectShape, &Members),
        (key, found): (&str, Found),
        base: u32,
        place: &Place<'_>,
    ) -> Option<usize> {
        let next = self.cursor.next()?;
        let Found::Declared(at) = found else {
            self.undeclared((object, members), (key, found), place)?;
            return Some(0);
        };
        let (key, node) = members.keys.get(usize::from(at))?;
        let place = &Place::Key(place, key);
        match node {
            Node::Column(column) => {
                let to = To::Cell(base as usize + column);
                self.value(object.columns.get(*column)?, next, place, to)?;
                Some(1)
            }
            Node::Within(members) if next == b'{' => self.members(object, members, base, place),
            Node::Within(_) => self.cursor.skip().map(|()| 0),
            Node::Several { .. } => {
                let raw = self.cursor.value()?;
                let fits = self.reader.node(object, node, base, raw, place);
                fits.then_some(0)
            }
        }
    }

    /// Reads over the value of a key that no column of this object declares, or keeps it.
    #[cold]
    fn undeclared(
        &mut self,
        (object, members): (&ObjectShape, &Members),
        (key, found): (&str, Found),
        place: &Place<'_>,
    ) -> Option<()> {
        let raw = self.cursor.value()?;
        let Found::Undeclared { new } = found else {
            return Some(());
        };
        let fits = if members.is_held {
            true
        } else if object.extra.is_some() {
            let key = format!("{}{key}", members.prefix);
            self.reader.extra(object, &key, raw, place)
        } else if object.is_whole {
            true
        } else {
            let out = &mut *self.reader.out;
            out.undeclared += 1;
            leave_out(&mut out.faults, out.columns, place, key, new)
        };
        fits.then_some(())
    }

    /// Reads a column's value, whose first byte is `next`, into its cell.
    #[inline]
    fn value(&mut self, shape: &ColumnShape, next: u8, place: &Place<'_>, to: To) -> Option<()> {
        match (&shape.kind, next) {
            (Kind::Text, b'"') => {
                let span = match self.cursor.verbatim() {
                    Some((start, end)) => self.span(start, end)?,
                    None => self.escaped()?,
                };
                self.put(to, Slot::Text(span))
            }
            (Kind::Json, _) => self.json(shape, next, to),
            (Kind::Union(_), _) => self.union(shape, next, place, to),
            (_, b'"') => {
                let text = self.cursor.text()?;
                let slot = self.reader.text(shape, &text, place)?;
                self.put(to, slot)
            }
            (_, b'-' | b'0'..=b'9') => {
                let number = self.cursor.number()?;
                let slot = match &shape.kind {
                    Kind::Bigint if !shape.is_written => number.integer().map(Slot::Bigint),
                    Kind::Double if !shape.is_written => number.double().map(Slot::Double),
                    _ => None,
                };
                let slot = match slot {
                    Some(slot) => slot,
                    None => self.reader.number(shape, number.digits, place)?,
                };
                self.put(to, slot)
            }
            (_, b'n') => self.null(shape, to),
            (Kind::Bool | Kind::Scalar, b't' | b'f') if !shape.is_written => {
                let value = self.cursor.bool()?;
                self.put(to, Slot::Bool(value))
            }
            (Kind::Object(object), b'{') => self.nested(object, place, to),
            (Kind::Array(element), b'[') => self.list(element, place, to),
            (Kind::Map(element), b'{') => self.map(element, place, to),
            _ => None,
        }
    }

    /// Puts a value where it belongs. A column that has one is left to the careful pass.
    #[inline]
    fn put(&mut self, to: To, slot: Slot) -> Option<()> {
        match to {
            To::Cell(at) => {
                let cell = self.reader.out.page.pool.get_mut(at)?;
                matches!(cell, Slot::Absent).then(|| *cell = slot)
            }
            To::Stack => self.reader.out.hold([slot]),
        }
    }

    /// A text that is kept where it stands.
    #[inline]
    fn span(&self, start: usize, end: usize) -> Option<Span> {
        Some(Span {
            start: u32::try_from(self.reader.source.base + start).ok()?,
            len: u32::try_from(end - start).ok()?,
        })
    }

    /// Keeps the string that is next, which has escapes.
    #[inline(never)]
    fn escaped(&mut self) -> Option<Span> {
        let quoted = self.cursor.string()?;
        self.reader.out.keep_written(|arena| quoted.write(arena))
    }

    #[inline]
    fn null(&mut self, shape: &ColumnShape, to: To) -> Option<()> {
        self.cursor.word("null")?;
        if shape.column.nullable {
            self.put(to, Slot::Null)
        } else {
            None
        }
    }

    /// Any value. One that no type may hold is left to the careful pass.
    fn json(&mut self, shape: &ColumnShape, next: u8, to: To) -> Option<()> {
        if next == b'n' {
            return self.null(shape, to);
        }
        let at = self.reader.place(Some(self.cursor.at));
        self.cursor.is_doubtful = false;
        self.cursor.skip()?;
        if self.cursor.is_doubtful {
            return None;
        }
        self.put(to, Slot::Json { at })
    }

    fn union(&mut self, shape: &ColumnShape, next: u8, place: &Place<'_>, to: To) -> Option<()> {
        let Some(kind) = JsonKind::of(next) else {
            return self.null(shape, to);
        };
        let at = self.reader.place(Some(self.cursor.at));
        let (member, of) = shape.member(kind)?;
        let child = self.reader.out.push(Slot::Absent)?;
        self.value(of, next, place, To::Cell(child as usize))?;
        self.put(to, Slot::Union { at, child, member })
    }

    fn nested(&mut self, object: &ObjectShape, place: &Place<'_>, to: To) -> Option<()> {
        let at = self.reader.place(Some(self.cursor.at));
        let children = if object.is_plain() {
            self.object(object, place)?
        } else {
            let raw = self.cursor.value()?;
            self.reader.object_of(object, raw, place)?
        };
        self.put(to, Slot::Object { at, children })
    }

    fn list(&mut self, element: &ColumnShape, place: &Place<'_>, to: To) -> Option<()> {
        let at = self.reader.place(Some(self.cursor.at));
        let start = self.reader.out.stack.len();
        let mut goes_on = self.cursor.opens(b']')?;
        let mut index = 0;
        while goes_on {
            let next = self.cursor.next()?;
            self.value(element, next, &Place::Index(place, index), To::Stack)?;
            index += 1;
            goes_on = self.cursor.goes_on(b']')?;
        }
        let (children, len) = self.reader.out.settle(start)?;
        self.put(to, Slot::Array { at, children, len })
    }

    fn map(&mut self, element: &ColumnShape, place: &Place<'_>, to: To) -> Option<()> {
        let at = self.reader.place(Some(self.cursor.at));
        let start = self.reader.out.stack.len();
        let mut keys = Vec::new();
        let mut goes_on = self.cursor.opens(b'}')?;
        while goes_on {
            let quoted = self.cursor.key()?;
            let span = if quoted.is_escaped {
                self.reader.out.keep_written(|arena| quoted.write(arena))?
            } else {
                self.span(quoted.start, quoted.end)?
            };
            keys.push(span);
            self.reader.out.hold([Slot::Text(span)])?;
            let next = self.cursor.next()?;
            let place = &Place::Key(place, quoted.raw()?);
            self.value(element, next, place, To::Stack)?;
            goes_on = self.cursor.goes_on(b'}')?;
        }
        if self.reader.first_twice(&mut keys).is_some() {
            return None;
        }
        let (children, len) = self.reader.out.settle(start)?;
        let len = len / 2;
        self.put(to, Slot::Map { at, children, len })
    }
}

/// Where a value is put.
#[derive(Clone, Copy)]
enum To {
    /// Into this cell of the pool, which is absent so far.
    Cell(usize),
    /// On top of the elements of the list or the map that is being read.
    Stack,
}

/// Whether an object's columns are read from its keys alone.
const fn is_keyed(object: &ObjectShape) -> bool {
    matches!(object.root, Node::Within(_))
}
