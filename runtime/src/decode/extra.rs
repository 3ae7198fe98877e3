//! What an object has besides its columns, kept where its table has a column for that.

use super::{
    fault::{Found, Place},
    reader::Reader,
    shape::{ColumnShape, ObjectShape},
    visit::Whole,
};
use crate::page::Slot;

/// The value of an undeclared key.
#[derive(Debug)]
pub(super) struct Extra {
    key: String,
    /// Where in the text it stands.
    start: usize,
    end: usize,
}

impl Reader<'_, '_> {
    /// Keeps a value until its object is read to the end. `raw` is a part of this reader's text.
    pub(super) fn extra(
        &mut self,
        object: &ObjectShape,
        key: String,
        raw: &str,
        place: &Place<'_>,
    ) -> bool {
        let whole = serde_json::from_str::<Whole>(raw);
        match (self.source.offset_of(raw), object.extra_column()) {
            (Some(start), _) if whole.is_ok() => {
                let end = start + raw.len();
                self.out.extras.push(Extra { key, start, end });
                true
            }
            (_, Some((_, shape))) => {
                let found = whole.map_or_else(|error| Found::unread(&error), |_| Found::Unreadable);
                self.misfit(shape, &Place::Key(place, &key), found);
                false
            }
            (_, None) => false,
        }
    }

    /// Puts what was kept since `from` into the object's column for it. As a value of the page it is a
    /// map, and its JSON is one object.
    pub(super) fn put_extras(
        &mut self,
        object: &ObjectShape,
        base: u32,
        from: usize,
        place: &Place<'_>,
    ) -> bool {
        let Some((column, shape)) = object.extra_column() else {
            return true;
        };
        let mut extras = self.out.extras.split_off(from);
        extras.sort_by(|one, other| one.key.cmp(&other.key));
        if let Some([twice, _]) = extras.windows(2).find(|pair| pair[0].key == pair[1].key) {
            self.misfit(shape, &Place::Key(place, &twice.key), Found::Another);
            return self.put(object, column, base, None, place);
        }
        let slot = self.map_of(&extras);
        let slot = slot.or_else(|| self.misfit(shape, place, Found::Unreadable));
        self.put(object, column, base, slot, place)
    }

    /// A map of these; nothing where the page is too large for it.
    fn map_of(&mut self, extras: &[Extra]) -> Option<Slot> {
        let stack = self.out.stack.len();
        let mut json = String::from("{");
        for Extra { key, start, end } in extras {
            if json.len() > 1 {
                json.push(',');
            }
            json.push_str(&serde_json::Value::from(key.as_str()).to_string());
            json.push(':');
            json.push_str(self.source.text.get(*start..*end).unwrap_or("null"));
            let key = self.out.keep_text(key)?;
            let at = self.place(Some(*start));
            self.out.stack.extend([Slot::Text(key), Slot::Json { at }]);
        }
        json.push('}');
        let at = u32::try_from(self.out.keep_apart(&json)?).ok()?;
        let (children, len) = self.out.settle(stack)?;
        Some(Slot::Map {
            at,
            children,
            len: len / 2,
        })
    }
}

impl ObjectShape {
    fn extra_column(&self) -> Option<(usize, &ColumnShape)> {
        let column = self.extra?;
        Some((column, self.columns.get(column)?))
    }
}
