//! The checkpoints of partitions, bounded in number.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{error::Result, schema::Type, value::Scalar};

/// The most partitions that a state saves. Tests use smaller states.
pub(crate) const MAX_PARTITIONS: usize = if cfg!(test) { 1_000 } else { 100_000 };
/// The most keys at one cursor that are saved whole; further ones are saved as digests.
pub(crate) const MAX_WHOLE_KEYS: usize = if cfg!(test) { 1_000 } else { 10_000 };
/// The most keys at one cursor that are saved.
pub(crate) const MAX_KEYS: usize = if cfg!(test) { 2_000 } else { 1_000_000 };
/// The most keys at the cursors of all partitions.
pub(crate) const MAX_KEYS_OF_ALL: usize = if cfg!(test) { 5_000 } else { 1_000_000 };

/// A checkpoint: the largest cursor value, and the keys of the records that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    pub(crate) value: String,
    pub(crate) seen: Arc<BTreeSet<String>>,
}

/// The checkpoint of each partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Checkpoints {
    /// The columns of the keys: see [`PartitionKey`](crate::partition::PartitionKey).
    pub(crate) by: Vec<String>,
    of: BTreeMap<String, Checkpoint>,
    /// The number of keys in all checkpoints.
    seen: usize,
    /// The largest cursor value of all checkpoints.
    pub(crate) largest: String,
}

/// Whether a checkpoint fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Capacity {
    Enough,
    /// Without some of its keys.
    ForSome,
    None,
}

impl Checkpoints {
    /// No checkpoints, with keys of these columns.
    pub(crate) fn new(by: Vec<String>) -> Self {
        Self {
            by,
            ..Self::default()
        }
    }

    /// The number of checkpoints.
    pub(crate) fn len(&self) -> usize {
        self.of.len()
    }

    pub(crate) fn get(&self, parent: &str) -> Option<&Checkpoint> {
        self.of.get(parent)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Checkpoint)> {
        self.of.iter().map(|(parent, mark)| (parent.as_str(), mark))
    }

    /// Whether any record at a cursor is saved.
    pub(crate) fn have_keys(&self) -> bool {
        self.seen > 0
    }

    /// Whether a checkpoint of this partition with so many keys fits.
    pub(crate) fn capacity_for(&self, parent: &str, keys: usize) -> Capacity {
        let known = self.of.get(parent);
        let left =
            MAX_KEYS_OF_ALL.saturating_sub(self.seen) + known.map_or(0, |mark| mark.seen.len());
        match known {
            None if self.of.len() >= MAX_PARTITIONS => Capacity::None,
            _ if keys <= left => Capacity::Enough,
            _ => Capacity::ForSome,
        }
    }

    /// Saves the checkpoint of a partition, if it fits.
    pub(crate) fn put(&mut self, parent: &str, mut mark: Checkpoint) -> Capacity {
        let room = self.capacity_for(parent, mark.seen.len());
        if room == Capacity::None {
            return room;
        }
        self.remove(parent);
        if room == Capacity::ForSome {
            let left = MAX_KEYS_OF_ALL.saturating_sub(self.seen);
            mark.seen = Arc::new(mark.seen.iter().take(left).cloned().collect());
        }
        self.seen += mark.seen.len();
        self.of.insert(parent.to_owned(), mark);
        room
    }

    /// Finds the largest cursor value again, after checkpoints were changed.
    pub(crate) fn refresh_largest(&mut self, data_type: &Type) -> Result<()> {
        let mut largest: Option<Scalar> = None;
        for mark in self.of.values() {
            let Some(value) = Scalar::read(data_type, &mark.value)? else {
                continue;
            };
            let is_larger =
                |than: &Scalar| value.compare(than.as_value()) == Some(Ordering::Greater);
            if largest.as_ref().is_none_or(is_larger) {
                largest = Some(value);
            }
        }
        if let Some(largest) = largest {
            self.largest = largest.to_string();
        }
        Ok(())
    }

    pub(crate) fn remove(&mut self, parent: &str) -> Option<Checkpoint> {
        let mark = self.of.remove(parent)?;
        self.seen -= mark.seen.len();
        Some(mark)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(keys: usize) -> Checkpoint {
        Checkpoint {
            value: "7".to_owned(),
            seen: Arc::new((0..keys).map(|n| n.to_string()).collect()),
        }
    }

    #[test]
    fn there_is_room_for_so_many_parents() {
        let mut marks = Checkpoints::default();
        for parent in 0..MAX_PARTITIONS {
            assert_eq!(marks.put(&parent.to_string(), mark(0)), Capacity::Enough);
        }
        assert_eq!(marks.put("one more", mark(0)), Capacity::None);
        assert_eq!(marks.put("7", mark(1)), Capacity::Enough);
        marks.remove("8");
        assert_eq!(marks.put("one more", mark(0)), Capacity::Enough);
    }

    #[test]
    fn there_is_room_for_so_many_keys() {
        let mut marks = Checkpoints::default();
        for parent in 0..5 {
            assert_eq!(marks.put(&parent.to_string(), mark(999)), Capacity::Enough);
        }
        assert_eq!(marks.put("5", mark(5)), Capacity::Enough);
        assert_eq!(marks.put("6", mark(1)), Capacity::ForSome);
        assert!(marks.get("6").unwrap().seen.is_empty());
        assert_eq!(marks.put("5", mark(3)), Capacity::Enough);
        assert_eq!(marks.put("6", mark(3)), Capacity::ForSome);
        assert_eq!(marks.get("6").unwrap().seen.len(), 2);
    }
}
