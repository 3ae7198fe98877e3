//! The scope of a fetch: decides which part of a state it updates.

use std::{cmp::Ordering, collections::BTreeSet, sync::Arc};

use crate::{
    Column, Scalar, State,
    partition::PartitionKey,
    state::{Capacity, Checkpoint, Checkpoints, DedupKey, Origin, Progress},
};

/// Scope of a fetch: decides which part of a state it updates.
#[derive(Clone, Debug)]
pub(crate) enum StateScope {
    /// The whole resource.
    All,
    /// One partition.
    One(PartitionKey),
    /// One partition, in a state of all partitions.
    OneOf(Arc<Checkpoints>, PartitionKey),
    /// One partition of a fetch for all, which saves the state itself.
    Part,
}

impl StateScope {
    /// The state after a fetch that reached this cursor.
    pub(super) fn state(
        &self,
        resource: &str,
        column: &Column,
        by: &DedupKey,
        cursor: &Scalar,
        seen: &BTreeSet<String>,
    ) -> Option<State> {
        let mark = Checkpoint {
            value: cursor.to_string(),
            seen: Arc::new(seen.clone()),
        };
        let reach = match self {
            Self::All => Progress::All(mark),
            Self::One(key) => Progress::One(key.clone(), mark),
            Self::OneOf(marks, key) => {
                let mut marks = (**marks).clone();
                if is_larger(cursor, &marks.largest, column) {
                    marks.largest.clone_from(&mark.value);
                }
                marks.put(&key.values, mark);
                Progress::Each(Arc::new(marks))
            }
            Self::Part => return None,
        };
        Some(state(resource, column, by, reach))
    }

    /// Whether there is room in the state for a checkpoint with so many keys.
    pub(super) fn capacity(&self, seen: usize) -> Capacity {
        match self {
            Self::OneOf(marks, key) => marks.capacity_for(&key.values, seen),
            Self::All | Self::One(_) | Self::Part => Capacity::Enough,
        }
    }
}

pub(super) fn state(resource: &str, column: &Column, by: &DedupKey, reach: Progress) -> State {
    State {
        resource: resource.to_owned(),
        column: column.name.to_string(),
        data_type: column.data_type.word().to_owned(),
        by: by.clone(),
        reach,
        origin: Origin::default(),
    }
}

/// Whether a cursor is larger than the saved one.
fn is_larger(cursor: &Scalar, largest: &str, column: &Column) -> bool {
    let largest = Scalar::read(&column.data_type, largest).ok().flatten();
    largest.is_none_or(|largest| largest.compare(cursor.as_value()) == Some(Ordering::Less))
}
