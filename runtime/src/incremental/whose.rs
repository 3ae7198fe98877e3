//! Whose records are fetched, which is what the state that a fetch gives is of.

use std::{cmp::Ordering, collections::BTreeSet, sync::Arc};

use crate::{
    Column, Scalar, State,
    parent::ParentKey,
    state::{Mark, Marks, Origin, Reach, Room, SeenBy},
};

/// Whose records are fetched.
#[derive(Clone, Debug)]
pub(crate) enum Whose {
    /// All that the resource has.
    All,
    /// One parent's.
    One(ParentKey),
    /// One parent's, by a state of all.
    OneOf(Arc<Marks>, ParentKey),
    /// One parent's, as part of a fetch for all, which gives the state.
    Part,
}

impl Whose {
    /// The state after a fetch that came to this cursor, where these records were.
    pub(super) fn state(
        &self,
        resource: &str,
        column: &Column,
        by: &SeenBy,
        cursor: &Scalar,
        seen: &BTreeSet<String>,
    ) -> Option<State> {
        let mark = Mark {
            value: cursor.to_string(),
            seen: Arc::new(seen.clone()),
        };
        let reach = match self {
            Self::All => Reach::All(mark),
            Self::One(key) => Reach::One(key.clone(), mark),
            Self::OneOf(marks, key) => {
                let mut marks = (**marks).clone();
                if is_larger(cursor, &marks.largest, column) {
                    marks.largest.clone_from(&mark.value);
                }
                marks.put(&key.values, mark);
                Reach::Each(Arc::new(marks))
            }
            Self::Part => return None,
        };
        Some(state(resource, column, by, reach))
    }

    /// Whether there is room in the state for how far it came, with so many records at the cursor.
    pub(super) fn room(&self, seen: usize) -> Room {
        match self {
            Self::OneOf(marks, key) => marks.room_for(&key.values, seen),
            Self::All | Self::One(_) | Self::Part => Room::Enough,
        }
    }
}

pub(super) fn state(resource: &str, column: &Column, by: &SeenBy, reach: Reach) -> State {
    State {
        resource: resource.to_owned(),
        column: column.name.to_string(),
        data_type: column.data_type.word().to_owned(),
        by: by.clone(),
        reach,
        origin: Origin::default(),
    }
}

/// Whether a cursor is past one of a state, where that has one.
fn is_larger(cursor: &Scalar, largest: &str, column: &Column) -> bool {
    let largest = Scalar::read(&column.data_type, largest).ok().flatten();
    largest.is_none_or(|largest| largest.compare(cursor.as_value()) == Some(Ordering::Less))
}
