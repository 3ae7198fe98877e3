//! The checkpoint that a fetch has reached so far.

use std::{borrow::Cow, cmp::Ordering, collections::BTreeSet};

use super::{ResumePoint, dedup_key::digest};
use crate::{
    Scalar,
    state::{MAX_KEYS, MAX_WHOLE_KEYS},
    value::{
        Value,
        format::{Format, RepeatedHour},
    },
};

/// The largest cursor of a fetch so far, and the keys of its rows.
pub(super) struct CheckpointTracker {
    pub(super) largest: Option<Scalar>,
    /// The keys of the rows at the largest cursor.
    pub(super) keys: BTreeSet<String>,
    /// Whether more rows have it than are saved.
    pub(super) overflowed: bool,
    /// The format of a timestamp cursor.
    format: Option<Format>,
    /// The latest repeated hour of the rows, and the keys of its rows.
    hour: Option<(RepeatedHour, BTreeSet<String>)>,
}

impl CheckpointTracker {
    /// Starts at a saved cursor.
    pub(super) fn new(last: Option<&ResumePoint>, format: Option<Format>) -> Self {
        Self {
            largest: last.map(|last| last.cursor.clone()),
            keys: last.map(|last| (*last.seen).clone()).unwrap_or_default(),
            overflowed: false,
            format,
            hour: None,
        }
    }

    /// The repeated hour of a value: a clock change repeats its local time.
    pub(super) fn hour_of(&self, value: Value<'_>) -> Option<RepeatedHour> {
        match value {
            Value::Timestamp(at) => self.format.as_ref()?.repeated_hour(at),
            _ => None,
        }
    }

    /// Moves the largest cursor up to this value. Returns whether it is there now.
    pub(super) fn move_to(&mut self, value: Value<'_>) -> bool {
        let largest = self.largest.as_ref();
        match largest.and_then(|largest| largest.compare(value)) {
            Some(Ordering::Greater) => false,
            Some(Ordering::Equal) => true,
            _ => {
                self.largest = Scalar::of_cell(value);
                self.keys.clear();
                self.overflowed = false;
                true
            }
        }
    }

    /// Saves the keys of rows at the largest cursor, as far as there is room.
    pub(super) fn save(&mut self, keys: impl IntoIterator<Item = String>) {
        for key in keys {
            self.overflowed |= !insert(&mut self.keys, key);
        }
    }

    /// Saves the keys of rows in a repeated hour, if it is the latest one.
    pub(super) fn save_in_hour(
        &mut self,
        hour: RepeatedHour,
        keys: impl IntoIterator<Item = String>,
    ) {
        let (known, seen) = self.hour.get_or_insert_with(|| (hour, BTreeSet::new()));
        if known.begin > hour.begin {
            return;
        }
        if known.begin < hour.begin {
            (*known, *seen) = (hour, BTreeSet::new());
        }
        for key in keys {
            self.overflowed |= !insert(seen, key);
        }
    }

    /// The keys of the rows that the next fetch may receive again: those at the largest cursor, and those
    /// in its repeated hour.
    pub(super) fn saved_keys(&self) -> Cow<'_, BTreeSet<String>> {
        let largest = self.largest.as_ref();
        let largest_hour = largest.and_then(|largest| self.hour_of(largest.as_value()));
        match &self.hour {
            Some((hour, keys)) if is_same_hour(Some(*hour), largest_hour) => {
                Cow::Owned(self.keys.union(keys).cloned().collect())
            }
            _ => Cow::Borrowed(&self.keys),
        }
    }
}

/// Adds a key, as a digest if there are many. Returns whether there was room.
fn insert(keys: &mut BTreeSet<String>, key: String) -> bool {
    if keys.contains(&key) {
        return true;
    }
    let key = if keys.len() < MAX_WHOLE_KEYS {
        key
    } else {
        digest(&key)
    };
    if keys.len() < MAX_KEYS {
        keys.insert(key);
        return true;
    }
    keys.contains(&key)
}

/// Whether both are the same repeated hour.
pub(super) fn is_same_hour(one: Option<RepeatedHour>, other: Option<RepeatedHour>) -> bool {
    one.is_some() && one.map(|hour| hour.begin) == other.map(|hour| hour.begin)
}
