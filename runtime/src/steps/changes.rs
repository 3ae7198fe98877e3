//! Writes changed records back into their page.

use std::{collections::BTreeMap, slice};

use super::{
    json,
    row_writer::{EncodeRow, RECORD, RowWriter},
};
use crate::{
    Error, ErrorKind,
    page::{NOWHERE, Page, Slot, Span},
    schema::{Column, Table, Type},
};

/// A page with cells for changed records, and the first error in them.
///
/// Its own cells stay: unchanged values are not written again.
pub(super) struct ChangedPage {
    pub(super) page: Page,
    fault: Option<String>,
}

impl ChangedPage {
    pub(super) fn new(page: Page) -> Self {
        Self { page, fault: None }
    }

    /// Adds a row for a record that was made of the row at `original`. Returns its position.
    pub(super) fn row<T: EncodeRow>(
        &mut self,
        record: &T,
        table: &Table,
        original: u32,
    ) -> Result<u32, Error> {
        let base = self.reserve(table.width());
        let columns = match &*table.columns {
            [] => slice::from_ref(&RECORD),
            columns => columns,
        };
        let mut cells = RowWriter::new(self, columns, base, Some(original));
        record.encode_row(&mut cells);
        cells.finish();
        match self.fault.take() {
            None => Ok(base),
            Some(fault) => Err(Error::new(
                ErrorKind::Record,
                format!(
                    "the processing steps made a record that does not fit its columns: {fault}"
                ),
            )),
        }
    }

    /// Records an error in a record; the first one counts.
    pub(super) fn fault(&mut self, what: impl Into<String>) {
        self.fault.get_or_insert_with(|| what.into());
    }

    /// Adds `width` absent cells. Returns their position.
    pub(super) fn reserve(&mut self, width: usize) -> u32 {
        let at = self.page.pool.len();
        match u32::try_from(at + width) {
            Ok(_) => self.page.pool.resize(at + width, Slot::Absent),
            Err(_) => self.too_large(),
        }
        u32::try_from(at).unwrap_or(NOWHERE)
    }

    pub(super) fn slot(&self, at: u32) -> Option<Slot> {
        self.page.slots(at, 1).first().copied()
    }

    pub(super) fn set(&mut self, at: u32, slot: Slot) {
        if let Some(place) = self.page.pool.get_mut(at as usize) {
            *place = slot;
        }
    }

    /// Keeps a text.
    pub(super) fn keep(&mut self, text: &str) -> Span {
        let start = self.page.text.len() + self.page.arena.len();
        self.page.arena.push_str(text);
        self.span(start, text.len())
    }

    /// Keeps a text of JSON, and says where. Space tells it from what follows.
    pub(super) fn keep_json(&mut self, text: &str) -> u32 {
        let span = self.keep(text);
        self.page.arena.push(' ');
        span.start
    }

    /// Keeps bytes.
    pub(super) fn keep_bytes(&mut self, bytes: &[u8]) -> Span {
        let start = self.page.bytes.len();
        self.page.bytes.extend_from_slice(bytes);
        self.span(start, bytes.len())
    }

    fn span(&mut self, start: usize, len: usize) -> Span {
        if let (Ok(start), Ok(len), Ok(_)) = (
            u32::try_from(start),
            u32::try_from(len),
            u32::try_from(start + len),
        ) {
            return Span { start, len };
        }
        self.too_large();
        Span { start: 0, len: 0 }
    }

    #[cold]
    fn too_large(&mut self) {
        self.fault("the page would be larger than a page can be");
    }

    /// A column's value as it is kept: the one that it had where it is the same, with its JSON as that
    /// was received; of another list or object the JSON is written.
    pub(super) fn settle(&mut self, slot: Slot, column: &Column, original: Option<Slot>) -> Slot {
        if !matches!(
            slot,
            Slot::Object { .. } | Slot::Array { .. } | Slot::Map { .. } | Slot::Union { .. }
        ) {
            return slot;
        }
        if let Some(original) = original
            && same(&self.page, (slot, original), column)
        {
            return original;
        }
        let mut text = String::new();
        if json::write(&self.page, slot, column, &mut text).is_none() {
            let name = &column.name;
            self.fault(format!("`{name}` holds a time that its format cannot say"));
        }
        let json = self.keep_json(&text);
        match slot {
            Slot::Object { children, .. } => Slot::Object { at: json, children },
            Slot::Array { children, len, .. } => Slot::Array {
                at: json,
                children,
                len,
            },
            Slot::Map { children, len, .. } => Slot::Map {
                at: json,
                children,
                len,
            },
            Slot::Union { child, member, .. } => Slot::Union {
                at: json,
                child,
                member,
            },
            slot => slot,
        }
    }
}

/// Whether two values of a column are the same.
fn same(page: &Page, (one, other): (Slot, Slot), column: &Column) -> bool {
    match (one, other, &column.data_type) {
        (
            Slot::Object { children: one, .. },
            Slot::Object {
                children: other, ..
            },
            Type::Object(table),
        ) => {
            let width = table.columns.len();
            let slots = page.slots(one, width).iter().zip(page.slots(other, width));
            slots
                .zip(&table.columns)
                .all(|((one, other), column)| same(page, (*one, *other), column))
        }
        (
            Slot::Array {
                children: one,
                len: one_len,
                ..
            },
            Slot::Array {
                children: other,
                len: other_len,
                ..
            },
            Type::Array(element),
        ) => {
            let (one, other) = (
                page.slots(one, one_len as usize),
                page.slots(other, other_len as usize),
            );
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| same(page, (*one, *other), element))
        }
        (one @ Slot::Map { .. }, other @ Slot::Map { .. }, Type::Map(element)) => {
            let (one, other) = (entries(page, one), entries(page, other));
            one.len() == other.len()
                && one
                    .iter()
                    .zip(&other)
                    .all(|((a, one), (b, other))| a == b && same(page, (*one, *other), element))
        }
        (
            Slot::Union {
                child: one,
                member: of_one,
                ..
            },
            Slot::Union {
                child: other,
                member: of_other,
                ..
            },
            Type::Union(members),
        ) => {
            let slots = page.slots(one, 1).first().zip(page.slots(other, 1).first());
            let member = members.get(usize::from(of_one));
            of_one == of_other
                && slots
                    .zip(member)
                    .is_some_and(|((one, other), member)| same(page, (*one, *other), member))
        }
        (Slot::Json { at: one }, Slot::Json { at: other }, _) => {
            is_same_json(page.json(one), page.json(other))
        }
        _ => page.value(one) == page.value(other),
    }
}

/// Whether two texts of JSON are the same value, however they are written.
fn is_same_json(one: &str, other: &str) -> bool {
    let read = |text| serde_json::from_str::<serde_json::Value>(text).ok();
    one == other || read(one) == read(other)
}

/// The entries of a map, by their keys.
fn entries(page: &Page, map: Slot) -> BTreeMap<&str, Slot> {
    let Slot::Map { children, len, .. } = map else {
        return BTreeMap::new();
    };
    let slots = page.slots(children, 2 * len as usize).chunks_exact(2);
    let entries = slots.filter_map(|entry| match entry {
        [Slot::Text(key), value] => Some((page.text(*key), *value)),
        _ => None,
    });
    entries.collect()
}
