//! Objects with columns: what their places hold, and what is missing at the end.

use serde::de::MapAccess;
use serde_json::value::RawValue;

use super::{
    fault::{Found, Place},
    reader::{Reader, too_many},
    shape::{Members, Node, ObjectShape},
    visit::{Visit, skip_object, visit},
};
use crate::{page::Slot, schema::Column};

impl ObjectShape {
    /// Whether its columns are read from the keys of an object in one pass, and not from its own text.
    pub(super) const fn is_plain(&self) -> bool {
        matches!(self.root, Node::Within(_)) && !self.keeps_place && self.explode.is_none()
    }
}

impl Reader<'_, '_> {
    /// Reads an object of a plain shape, and says where in the pool its columns start.
    pub(super) fn object<'de, A: MapAccess<'de>>(
        &mut self,
        object: &ObjectShape,
        place: &Place<'_>,
        map: A,
    ) -> Result<Option<u32>, A::Error> {
        let base = self
            .out
            .reserve(object.columns.len())
            .ok_or_else(too_many)?;
        let extras = self.out.extras.len();
        let read = if let Node::Within(members) = &object.root {
            self.members(object, members, base, place, map)
        } else {
            // Other shapes are read by `object_of` and do not come here.
            skip_object(map).map(|()| false)
        };
        let kept = self.put_extras(object, base, extras, place);
        let fits = read? && kept;
        Ok((self.complete(object, base, place) && fits).then_some(base))
    }

    /// Reads an object of any shape out of its text.
    pub(super) fn object_of(
        &mut self,
        object: &ObjectShape,
        raw: &str,
        place: &Place<'_>,
    ) -> Option<u32> {
        let base = self.out.reserve(object.columns.len())?;
        let extras = self.out.extras.len();
        let read = self.node(object, &object.root, base, raw, place);
        let fits = self.put_extras(object, base, extras, place) && read;
        (self.complete(object, base, place) && fits).then_some(base)
    }

    /// Reads what a node wants out of its text.
    pub(super) fn node(
        &mut self,
        object: &ObjectShape,
        node: &Node,
        base: u32,
        raw: &str,
        place: &Place<'_>,
    ) -> bool {
        match node {
            Node::Column(column) => self.column_of(object, *column, base, raw, place),
            Node::Within(members) => self.within(object, members, base, raw, place),
            Node::Several {
                columns,
                members,
                elements,
            } => {
                let mut fits = true;
                for column in columns {
                    fits &= self.column_of(object, *column, base, raw, place);
                }
                if let Some(members) = members {
                    fits &= self.within(object, members, base, raw, place);
                }
                if !elements.is_empty() && raw.starts_with('[') {
                    fits &= self.elements(object, elements, base, raw, place);
                }
                fits
            }
        }
    }

    fn column_of(
        &mut self,
        object: &ObjectShape,
        column: usize,
        base: u32,
        raw: &str,
        place: &Place<'_>,
    ) -> bool {
        let Some(shape) = object.columns.get(column) else {
            return true;
        };
        let mark = self.out.faults.mark();
        let slot = self.raw(shape, raw, place);
        let slot = self.settle(shape, mark, slot);
        self.put(object, column, base, slot, place)
    }

    fn within(
        &mut self,
        object: &ObjectShape,
        members: &Members,
        base: u32,
        raw: &str,
        place: &Place<'_>,
    ) -> bool {
        let stack = self.out.stack.len();
        let mut deserializer = serde_json::Deserializer::from_str(raw);
        let within = Within {
            reader: &mut *self,
            object,
            members,
            base,
            place,
        };
        let read = visit(&mut deserializer, within);
        read.unwrap_or_else(|_| {
            self.out.stack.truncate(stack);
            let found = Found::unread(raw);
            self.out
                .faults
                .no_record(place, "an object that can be read", found);
            false
        })
    }

    fn elements(
        &mut self,
        object: &ObjectShape,
        elements: &[(i32, Node)],
        base: u32,
        raw: &str,
        place: &Place<'_>,
    ) -> bool {
        // Cut out of a text that was read already, so it is a list.
        let list: Vec<&RawValue> = serde_json::from_str(raw).unwrap_or_default();
        let mut fits = true;
        for (index, node) in elements {
            if let Some((index, element)) = pick(&list, *index) {
                let place = Place::Index(place, index as u64);
                fits &= self.node(object, node, base, element.get(), &place);
            }
        }
        fits
    }

    /// Puts a column's value in its slot.
    #[inline]
    pub(super) fn put(
        &mut self,
        object: &ObjectShape,
        column: usize,
        base: u32,
        value: Option<Slot>,
        place: &Place<'_>,
    ) -> bool {
        let Some(slot) = self.out.page.pool.get_mut(base as usize + column) else {
            return false;
        };
        if !matches!(slot, Slot::Absent) {
            if let Some(shape) = object.columns.get(column) {
                self.misfit(shape, place, Found::Another);
            }
            return false;
        }
        // A value that was noted as a misfit is not missing besides.
        *slot = value.unwrap_or(Slot::Null);
        value.is_some()
    }

    /// Looks for columns that have no value.
    #[inline]
    pub(super) fn complete(&mut self, object: &ObjectShape, base: u32, place: &Place<'_>) -> bool {
        let start = base as usize;
        if let Some(unseen) = self.out.unseen.get_mut(object.id) {
            unseen.is_met = true;
            if !unseen.columns.is_empty() {
                let slots = self.out.page.pool.get(start..).unwrap_or_default();
                unseen
                    .columns
                    .retain(|at| matches!(slots.get(usize::from(*at)), Some(Slot::Absent)));
            }
        }
        let mut fits = true;
        for (at, shape) in (start..).zip(&object.columns) {
            let Some(slot) = self.out.page.pool.get_mut(at) else {
                return false;
            };
            if !matches!(slot, Slot::Absent) || shape.column.explicit && shape.column.nullable {
                continue;
            }
            *slot = Slot::Null;
            if !shape.column.nullable && shape.column.is_received() {
                fits = false;
                self.missing(&shape.column, place);
            }
        }
        fits
    }

    #[cold]
    fn missing(&mut self, column: &Column, place: &Place<'_>) {
        let faults = &mut self.out.faults;
        if let Some(path) = &column.from {
            let place = format!("{place}{}", path.to_string().trim_start_matches('$'));
            faults.misfit(&Place::Records(&place), column, Found::Nothing);
        } else {
            faults.misfit(&Place::Key(place, &column.key), column, Found::Nothing);
        }
    }
}

/// The element at an index, a negative one counted from the end, and its position.
pub(super) fn pick<T>(list: &[T], index: i32) -> Option<(usize, &T)> {
    let distance = usize::try_from(index.unsigned_abs()).ok()?;
    let at = if index < 0 {
        list.len().checked_sub(distance)?
    } else {
        distance
    };
    Some((at, list.get(at)?))
}

/// Reads columns from the keys of an object; from anything else, none.
pub(super) struct Within<'r, 't, 'o, 's> {
    pub(super) reader: &'r mut Reader<'t, 'o>,
    pub(super) object: &'s ObjectShape,
    pub(super) members: &'s Members,
    pub(super) base: u32,
    pub(super) place: &'s Place<'s>,
}

impl<'de> Visit<'de> for Within<'_, '_, '_, '_> {
    type Value = bool;

    fn other(self, _: Found<'_>) -> bool {
        true
    }

    fn object<A: MapAccess<'de>>(self, map: A) -> Result<bool, A::Error> {
        self.reader
            .members(self.object, self.members, self.base, self.place, map)
    }
}
