//! Looking keys up by expecting them in the order in which they last came.

use super::shape::KeySet;
use crate::shared::Text;

/// How many undeclared keys are remembered, so that an object used as a map does not fill memory.
const MOST_UNDECLARED: usize = 32;

/// The keys of one kind of object, declared and met.
#[derive(Debug, Default)]
pub(super) struct Keys {
    order: Vec<(Text, Found)>,
    /// How many it may hold.
    most: usize,
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

impl Keys {
    /// These declared keys, first expected in this order.
    pub(super) fn new(set: &KeySet) -> Self {
        let declared = set.declared.iter().zip(0..);
        let declared = declared.map(|(key, at)| (key, Found::Declared(at)));
        let elsewhere = set.elsewhere.iter().map(|key| (key, Found::Elsewhere));
        let order: Vec<_> = declared
            .chain(elsewhere)
            .map(|(key, found)| (key.clone(), found))
            .collect();
        Self {
            most: order.len() + MOST_UNDECLARED,
            order,
        }
    }

    /// The keys met that are not declared.
    pub(super) fn undeclared(&self) -> impl Iterator<Item = &str> {
        self.order.iter().filter_map(|(key, found)| match found {
            Found::Undeclared { .. } => Some(&**key),
            _ => None,
        })
    }

    /// Looks a key up, first where `cursor` is, and moves the cursor past it.
    #[inline]
    pub(super) fn find(&mut self, cursor: &mut usize, key: &str) -> Found {
        if let Some((expected, found)) = self.order.get(*cursor)
            && **expected == *key
        {
            *cursor += 1;
            return *found;
        }
        self.search(cursor, key)
    }

    #[inline(never)]
    fn search(&mut self, cursor: &mut usize, key: &str) -> Found {
        let start = (*cursor).min(self.order.len());
        let (before, after) = self.order.split_at(start);
        let is_key = |entry: &(Text, _)| *entry.0 == *key;

        // Keys that are left out of this object are passed over.
        if let Some(skipped) = after.iter().position(is_key) {
            *cursor = start + skipped + 1;
            return after[skipped].1;
        }
        // A key that came later than expected is expected here from now on.
        if let Some(early) = before.iter().position(is_key) {
            let found = before[early].1;
            self.order[early..start].rotate_left(1);
            *cursor = start;
            return found;
        }
        if self.order.len() < self.most {
            let known = Found::Undeclared { new: false };
            self.order.insert(start, (key.to_owned().into(), known));
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
        let order: Vec<_> = keys.order.iter().map(|(key, _)| key.to_string()).collect();
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
