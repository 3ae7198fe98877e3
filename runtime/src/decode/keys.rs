//! Looking keys up by expecting them in the order in which they last came.

use super::shape::KeySet;
use crate::shared::Text;

/// How many undeclared keys are remembered, so that an object used as a map does not fill memory.
const MOST_UNDECLARED: usize = 32;

/// The keys of one kind of object, declared and met.
#[derive(Debug, Default)]
pub(super) struct Keys {
    order: Vec<Expected>,
    /// How many it may hold.
    most: usize,
}

/// A key where it is expected.
#[derive(Debug)]
struct Expected {
    key: Text,
    found: Found,
    /// Whether it is written in JSON as it is, without an escape.
    is_verbatim: bool,
}

/// What a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Declared, at this position.
    Declared(u16),
    /// Declared by a column that reads it by itself.
    Elsewhere,
    /// Not declared.
    Undeclared {
        /// Whether it may be the first of its name.
        new: bool,
    },
}

impl Expected {
    fn new(key: Text, found: Found) -> Self {
        let is_verbatim = key
            .bytes()
            .all(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20));
        Self {
            key,
            found,
            is_verbatim,
        }
    }
}

impl Keys {
    /// These declared keys, first expected in this order.
    pub(super) fn new(set: &KeySet) -> Self {
        let declared = set.declared.iter().zip(0..);
        let declared = declared.map(|(key, at)| (key, Found::Declared(at)));
        let elsewhere = set.elsewhere.iter().map(|key| (key, Found::Elsewhere));
        let order: Vec<_> = declared
            .chain(elsewhere)
            .map(|(key, found)| Expected::new(key.clone(), found))
            .collect();
        Self {
            most: order.len() + MOST_UNDECLARED,
            order,
        }
    }

    /// The keys met that are not declared.
    pub(super) fn undeclared(&self) -> impl Iterator<Item = &str> {
        let undeclared = |entry: &&Expected| matches!(entry.found, Found::Undeclared { .. });
        self.order
            .iter()
            .filter(undeclared)
            .map(|entry| &*entry.key)
    }

    /// The key that is expected where the cursor is, if it is written as it is.
    #[inline]
    pub(super) fn expected(&self, cursor: usize) -> Option<(&str, Found)> {
        let entry = self.order.get(cursor).filter(|entry| entry.is_verbatim)?;
        Some((&entry.key, entry.found))
    }

    /// Looks a key up, first where `cursor` is, and moves the cursor past it.
    #[inline]
    pub(super) fn find(&mut self, cursor: &mut usize, key: &str) -> Found {
        if let Some(entry) = self.order.get(*cursor)
            && *entry.key == *key
        {
            *cursor += 1;
            return entry.found;
        }
        self.search(cursor, key)
    }

    #[inline(never)]
    fn search(&mut self, cursor: &mut usize, key: &str) -> Found {
        let start = (*cursor).min(self.order.len());
        let (before, after) = self.order.split_at(start);
        let is_key = |entry: &Expected| *entry.key == *key;

        // Keys that are left out of this object are passed over.
        if let Some(skipped) = after.iter().position(is_key) {
            *cursor = start + skipped + 1;
            return after[skipped].found;
        }
        // A key that came later than expected is expected here from now on.
        if let Some(early) = before.iter().position(is_key) {
            let found = before[early].found;
            self.order[early..start].rotate_left(1);
            *cursor = start;
            return found;
        }
        if self.order.len() < self.most {
            let known = Found::Undeclared { new: false };
            self.order
                .insert(start, Expected::new(key.to_owned().into(), known));
            *cursor = start + 1;
        }
        Found::Undeclared { new: true }
    }
}

#[cfg(test)]
mod tests {
    use super::{Found, KeySet, Keys};
    use crate::shared::Text;

    fn declaring(declared: &[&'static str]) -> Keys {
        Keys::new(&KeySet {
            declared: declared.iter().copied().map(Text::of).collect(),
            elsewhere: Vec::new(),
        })
    }

    fn look_up(keys: &mut Keys, object: &[&str]) -> Vec<Found> {
        let mut cursor = 0;
        object
            .iter()
            .map(|key| keys.find(&mut cursor, key))
            .collect()
    }

    #[test]
    fn every_key_is_found_in_any_order() {
        use Found::Declared;
        let mut keys = declaring(&["a", "b", "c", "d"]);
        for _ in 0..2 {
            assert_eq!(
                look_up(&mut keys, &["d", "b", "a"]),
                [Declared(3), Declared(1), Declared(0)]
            );
            assert_eq!(
                look_up(&mut keys, &["c", "a", "b", "d"]),
                [Declared(2), Declared(0), Declared(1), Declared(3)]
            );
        }
    }

    #[test]
    fn a_new_order_is_learned_from_one_object() {
        let mut keys = declaring(&["a", "b", "c"]);
        look_up(&mut keys, &["c", "x", "b", "a"]);
        let order: Vec<_> = keys
            .order
            .iter()
            .map(|entry| entry.key.to_string())
            .collect();
        assert_eq!(order, ["c", "x", "b", "a"]);
    }

    #[test]
    fn an_undeclared_key_is_new_once_and_many_are_bounded() {
        let mut keys = declaring(&["a"]);
        assert_eq!(
            look_up(&mut keys, &["x"]),
            [Found::Undeclared { new: true }]
        );
        assert_eq!(
            look_up(&mut keys, &["x"]),
            [Found::Undeclared { new: false }]
        );
        for n in 0..1000 {
            look_up(&mut keys, &[&n.to_string(), "a"]);
        }
        assert!(keys.order.len() <= keys.most);
        assert_eq!(look_up(&mut keys, &["a"]), [Found::Declared(0)]);
    }
}
