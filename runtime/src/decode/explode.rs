//! `explode`: a row for each element of a list in the record, with the record's other columns.
//!
//! The record is read once, and its cells are copied for each element: they point into the same text.

use super::{
    fault::{Found, Place},
    reader::Reader,
    selector,
    shape::{Node, ObjectShape},
    twice::has_twice,
    visit::{Visit, skip_object, visit},
};
use crate::schema::{Path, Step};

/// The list of a record, and how its elements are read.
#[derive(Debug)]
pub(super) struct Explode {
    /// Where the list is.
    pub(super) path: Path,
    /// The path without its root: `.lines`.
    pub(super) shown: String,
    /// What is read in an element.
    pub(super) element: Node,
    /// Whether columns are read from keys of an element.
    pub(super) is_of_objects: bool,
}

impl Reader<'_, '_> {
    /// Reads the rows of one record out of its text, and gives where the cells of each start. `at` is the place of
    /// the record.
    pub(super) fn exploded(
        &mut self,
        object: &ObjectShape,
        explode: &Explode,
        raw: &str,
        place: &Place<'_>,
    ) {
        let mut list = Some(raw);
        for step in &*explode.path.0 {
            if let (Some(object), Step::Key(key)) = (list, step)
                && has_twice(object, key)
            {
                let mark = self.out.mark();
                self.out.faults.twice(&Place::Key(place, key));
                self.end_row(None, mark);
                return;
            }
            list = list.and_then(|value| selector::at_steps(value, std::slice::from_ref(step)));
        }
        let list = list.unwrap_or("null");
        let shown = format!("{place}{}", explode.shown);
        let of_list = Place::Records(&shown);
        let Some(elements) = elements(list) else {
            let mark = self.out.mark();
            self.out.faults.no_element(&of_list, "a list", found(list));
            self.end_row(None, mark);
            return;
        };
        if elements.is_empty() {
            self.out.unexploded += 1;
            return;
        }
        let mark = self.out.mark();
        let extras = self.out.extras.len();
        let Some(base) = self.out.reserve(object.columns.len()) else {
            return;
        };
        let fits = self.node(object, &object.root, base, raw, place);
        let of_record = self.out.extras.split_off(extras);
        if !fits {
            self.end_row(None, mark);
            return;
        }
        for (index, element) in (0..).zip(elements) {
            let mark = self.out.mark();
            let Some(row) = self.copied(base, object.columns.len()) else {
                return;
            };
            self.out.extras.extend_from_slice(&of_record);
            let of_element = Place::Index(&of_list, index);
            let is_object = element.starts_with('{') || element == "null";
            if explode.is_of_objects && !is_object {
                let faults = &mut self.out.faults;
                faults.no_element(&of_element, "an object", found(element));
            }
            let read = self.node(object, &explode.element, row, element, &of_element)
                && (is_object || !explode.is_of_objects);
            let fits = self.put_extras(object, row, extras, &of_element) && read;
            let fits = self.complete(object, row, place) && fits;
            self.out.element = index;
            self.end_row(fits.then_some(row), mark);
        }
    }

    /// Cells like these, beside the others.
    fn copied(&mut self, base: u32, width: usize) -> Option<u32> {
        let row = self.out.reserve(width)?;
        let pool = &mut self.out.page.pool;
        let from = base as usize;
        pool.copy_within(from..from + width, row as usize);
        Some(row)
    }
}

/// What a JSON text is, for a message.
fn found(raw: &str) -> Found<'_> {
    match raw.as_bytes().first() {
        Some(b'{') => Found::Object,
        Some(b'[') => Found::List,
        Some(b'"') => Found::Text(raw.trim_matches('"')),
        Some(b'n') => Found::Null,
        Some(b't') => Found::Bool(true),
        Some(b'f') => Found::Bool(false),
        _ => Found::Number(raw),
    }
}

/// The texts of a list's elements; no element of null, and nothing of any other value.
fn elements(list: &str) -> Option<Vec<&str>> {
    struct Elements;
    impl<'de> Visit<'de> for Elements {
        type Value = Option<Vec<&'de str>>;

        fn other(self, found: Found<'_>) -> Self::Value {
            matches!(found, Found::Null).then(Vec::new)
        }

        fn list<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut elements = Vec::new();
            while let Some(element) = list.next_element::<&serde_json::value::RawValue>()? {
                elements.push(element.get());
            }
            Ok(Some(elements))
        }

        fn object<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            skip_object(map).map(|()| None)
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(list);
    visit(&mut deserializer, Elements).ok().flatten()
}
