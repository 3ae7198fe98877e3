//! What an object has besides its columns, kept where its table has a column for that.

use super::{
    fault::{Found, Place},
    reader::Reader,
    shape::{ColumnShape, ObjectShape},
    visit::Whole,
};
use crate::page::{Slot, Span};

/// The value of an undeclared key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extra {
    key: Span,
    /// Where in the reader's text it stands.
    value: Span,
}

impl Reader<'_, '_> {
    /// Keeps a value until its object is read to the end. `raw` is a part of this reader's text.
    pub(super) fn extra(
        &mut self,
        object: &ObjectShape,
        key: &str,
        raw: &str,
        place: &Place<'_>,
    ) -> bool {
        let whole = serde_json::from_str::<Whole>(raw);
        match (self.source.offset_of(raw), object.extra_column()) {
            (Some(start), _) if whole.is_ok() => self.keep_extra(key, start, raw.len()).is_some(),
            (_, Some((_, shape))) => {
                let found = if whole.is_ok() {
                    Found::Unreadable
                } else {
                    Found::unread(raw)
                };
                self.misfit(shape, &Place::Key(place, key), found);
                false
            }
            (_, None) => false,
        }
    }

    /// Nothing where the page is too large for it.
    fn keep_extra(&mut self, key: &str, start: usize, len: usize) -> Option<()> {
        let value = Span {
            start: u32::try_from(start).ok()?,
            len: u32::try_from(len).ok()?,
        };
        let key = self.out.keep_text(key)?;
        self.out.extras.push(Extra { key, value });
        self.out.hold([])
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
        let key = |extra: &Extra| self.out.kept(&self.source, extra.key);
        extras.sort_by(|one, other| key(one).cmp(key(other)));
        let mut pairs = extras.windows(2);
        if let Some([one, _]) =
            pairs.find(|pair| matches!(pair, [one, other] if key(one) == key(other)))
        {
            let twice = key(one).to_owned();
            self.misfit(shape, &Place::Key(place, &twice), Found::Another);
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
        for Extra { key, value } in extras {
            if json.len() > 1 {
                json.push(',');
            }
            let text = self.out.kept(&self.source, *key);
            json.push_str(&serde_json::Value::from(text).to_string());
            json.push(':');
            let start = value.start as usize;
            let raw = self.source.text.get(start..start + value.len as usize);
            json.push_str(raw.unwrap_or("null"));
            let at = self.place(Some(start));
            self.out.hold([Slot::Text(*key), Slot::Json { at }])?;
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
