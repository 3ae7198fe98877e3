//! Looking keys up by expecting them in the order in which they last came.

use std::borrow::Cow;

/// How many undeclared keys are remembered, so that an object used as a map does not fill memory.
const MOST_UNDECLARED: usize = 32;

/// The keys of one kind of object, declared and met.
#[derive(Debug, Default)]
pub(super) struct Keys {
    order: Vec<(Cow<'static, str>, Option<u16>)>,
    /// How many it may hold.
    most: usize,
}

/// What a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Declared, at this position.
    Declared(u16),
    /// Not declared.
    Undeclared {
        /// Whether it may be the first of its name.
        new: bool,
    },
}

impl Keys {
    /// These declared keys, first expected in this order.
    pub(super) fn new(declared: &[&'static str]) -> Self {
        Self {
            order: declared
                .iter()
                .zip(0..)
                .map(|(key, at)| (Cow::Borrowed(*key), Some(at)))
                .collect(),
            most: declared.len() + MOST_UNDECLARED,
        }
    }

    /// Looks a key up, first where `cursor` is, and moves the cursor past it.
    #[inline]
    pub(super) fn find(&mut self, cursor: &mut usize, key: &str) -> Found {
        if let Some((expected, found)) = self.order.get(*cursor)
            && **expected == *key
        {
            *cursor += 1;
            return known(*found);
        }
        self.search(cursor, key)
    }

    #[inline(never)]
    fn search(&mut self, cursor: &mut usize, key: &str) -> Found {
        let start = (*cursor).min(self.order.len());
        let (before, after) = self.order.split_at(start);
        let is_key = |entry: &(Cow<'static, str>, _)| *entry.0 == *key;

        // Keys that are left out of this object are passed over.
        if let Some(skipped) = after.iter().position(is_key) {
            *cursor = start + skipped + 1;
            return known(after[skipped].1);
        }
        // A key that came later than expected is expected here from now on.
        if let Some(early) = before.iter().position(is_key) {
            let found = before[early].1;
            self.order[early..start].rotate_left(1);
            *cursor = start;
            return known(found);
        }
        if self.order.len() < self.most {
            self.order.insert(start, (Cow::Owned(key.to_owned()), None));
            *cursor = start + 1;
        }
        Found::Undeclared { new: true }
    }
}

const fn known(found: Option<u16>) -> Found {
    match found {
        Some(at) => Found::Declared(at),
        None => Found::Undeclared { new: false },
    }
}

#[cfg(test)]
mod tests {
    use super::{Found, Keys};

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
        let mut keys = Keys::new(&["a", "b", "c", "d"]);
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
        let mut keys = Keys::new(&["a", "b", "c"]);
        look_up(&mut keys, &["c", "x", "b", "a"]);
        let order: Vec<_> = keys.order.iter().map(|(key, _)| key.to_string()).collect();
        assert_eq!(order, ["c", "x", "b", "a"]);
    }

    #[test]
    fn an_undeclared_key_is_new_once_and_many_are_bounded() {
        let mut keys = Keys::new(&["a"]);
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
