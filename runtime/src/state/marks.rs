//! How far each of the parents has come.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The most parents that are remembered. Tests fill smaller states.
pub(crate) const MOST_PARENTS: usize = if cfg!(test) { 1_000 } else { 100_000 };
/// The most keys of records at one cursor that are remembered whole; of further ones a digest is.
pub(crate) const MOST_WHOLE_KEYS: usize = if cfg!(test) { 1_000 } else { 10_000 };
/// The most keys of records at one cursor that are remembered.
pub(crate) const MOST_SEEN: usize = if cfg!(test) { 2_000 } else { 1_000_000 };
/// The most keys of records at the cursors of all parents.
pub(crate) const MOST_SEEN_OF_ALL: usize = if cfg!(test) { 5_000 } else { 1_000_000 };

/// How far something has come: the largest cursor value, and the keys of the records that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) value: String,
    pub(crate) seen: Arc<BTreeSet<String>>,
}

/// How far each of the parents has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    /// What tells the parents apart: see [`ParentKey`](crate::parent::ParentKey).
    pub(crate) by: Vec<String>,
    of: BTreeMap<String, Mark>,
    /// The number of keys in them.
    seen: usize,
    /// The largest cursor value of all.
    pub(crate) largest: String,
}

/// Whether a mark found room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    Enough,
    /// Not for all of its keys.
    ForSome,
    None,
}

impl Marks {
    /// None yet, of parents that are told apart by this.
    pub(crate) fn new(by: Vec<String>) -> Self {
        Self {
            by,
            ..Self::default()
        }
    }

    /// How many parents are remembered.
    pub(crate) fn len(&self) -> usize {
        self.of.len()
    }

    pub(crate) fn get(&self, parent: &str) -> Option<&Mark> {
        self.of.get(parent)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Mark)> {
        self.of.iter().map(|(parent, mark)| (parent.as_str(), mark))
    }

    /// Whether any record at a cursor is remembered.
    pub(crate) fn have_seen(&self) -> bool {
        self.seen > 0
    }

    /// Whether there is room for the mark of this parent, with so many keys.
    pub(crate) fn room_for(&self, parent: &str, keys: usize) -> Room {
        let known = self.of.get(parent);
        let left =
            MOST_SEEN_OF_ALL.saturating_sub(self.seen) + known.map_or(0, |mark| mark.seen.len());
        match known {
            None if self.of.len() >= MOST_PARENTS => Room::None,
            _ if keys <= left => Room::Enough,
            _ => Room::ForSome,
        }
    }

    /// Remembers how far a parent has come, if there is room.
    pub(crate) fn put(&mut self, parent: &str, mut mark: Mark) -> Room {
        let room = self.room_for(parent, mark.seen.len());
        if room == Room::None {
            return room;
        }
        self.remove(parent);
        if room == Room::ForSome {
            let left = MOST_SEEN_OF_ALL.saturating_sub(self.seen);
            mark.seen = Arc::new(mark.seen.iter().take(left).cloned().collect());
        }
        self.seen += mark.seen.len();
        self.of.insert(parent.to_owned(), mark);
        room
    }

    pub(crate) fn remove(&mut self, parent: &str) -> Option<Mark> {
        let mark = self.of.remove(parent)?;
        self.seen -= mark.seen.len();
        Some(mark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(keys: usize) -> Mark {
        Mark {
            value: "7".to_owned(),
            seen: Arc::new((0..keys).map(|n| n.to_string()).collect()),
        }
    }

    #[test]
    fn there_is_room_for_so_many_parents() {
        let mut marks = Marks::default();
        for parent in 0..MOST_PARENTS {
            assert_eq!(marks.put(&parent.to_string(), mark(0)), Room::Enough);
        }
        assert_eq!(marks.put("one more", mark(0)), Room::None);
        assert_eq!(marks.put("7", mark(1)), Room::Enough);
        marks.remove("8");
        assert_eq!(marks.put("one more", mark(0)), Room::Enough);
    }

    #[test]
    fn there_is_room_for_so_many_keys() {
        let mut marks = Marks::default();
        for parent in 0..5 {
            assert_eq!(marks.put(&parent.to_string(), mark(999)), Room::Enough);
        }
        assert_eq!(marks.put("5", mark(5)), Room::Enough);
        assert_eq!(marks.put("6", mark(1)), Room::ForSome);
        assert!(marks.get("6").unwrap().seen.is_empty());
        assert_eq!(marks.put("5", mark(3)), Room::Enough);
        assert_eq!(marks.put("6", mark(3)), Room::ForSome);
        assert_eq!(marks.get("6").unwrap().seen.len(), 2);
    }
}
