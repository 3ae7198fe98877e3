//! The state after a fetch in parts: of the states at the ends of the parts.

use std::{cmp::Ordering, collections::BTreeMap, sync::Arc};

use super::{CursorRange, Request, ResumePoint, mismatch, resume, state_scope};
use crate::{
    Result, State,
    state::{Capacity, Checkpoint, Checkpoints, MAX_PARTITIONS, Progress},
};

/// How far a partition was fetched.
struct Reached {
    point: ResumePoint,
    /// Whether a record was received: empty windows then do not move the checkpoint.
    has_received: bool,
}

impl Reached {
    /// Goes on to the end of a later part of the partition.
    fn move_to(&mut self, other: Self) {
        if self.has_received && !other.has_received {
            return;
        }
        self.has_received |= other.has_received;
        match self.point.cursor.compare(other.point.cursor.as_value()) {
            Some(Ordering::Less) => self.point = other.point,
            Some(Ordering::Equal) => {
                let seen = Arc::make_mut(&mut self.point.seen);
                seen.extend(other.point.seen.iter().cloned());
            }
            _ => {}
        }
    }

    fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            value: self.point.cursor.to_string(),
            seen: Arc::clone(&self.point.seen),
        }
    }
}

/// Merges the states at the ends of the parts of a fetch, in their order. `None` without a state.
///
/// # Errors
///
/// [`ErrorKind::State`](crate::ErrorKind::State) if one does not fit the fetch, or has no room for a partition of an
/// appended resource.
pub(crate) fn merge_states(
    request: Request<'_>,
    states: impl IntoIterator<Item = State>,
) -> Result<Option<State>> {
    let (resource, is_upsert) = (request.resource, request.is_upsert);
    let Some(range) = CursorRange::new(request)? else {
        return Ok(None);
    };
    let mut origin = None;
    let mut by = None;
    let mut reached: BTreeMap<String, Reached> = BTreeMap::new();
    let mut add = |key: &str, mark: &Checkpoint| -> Result<()> {
        let point = ResumePoint::of(mark, &range.column)?;
        let has_received = range.is_received(&point);
        let new = Reached {
            point,
            has_received,
        };
        match reached.get_mut(key) {
            Some(before) => before.move_to(new),
            None => {
                reached.insert(key.to_owned(), new);
            }
        }
        Ok(())
    };
    for state in states {
        resume::check(&state, resource, &range)?;
        match &state.reach {
            Progress::All(mark) => add("", mark)?,
            Progress::Each(marks) => {
                if by.get_or_insert_with(|| marks.by.clone()) != &marks.by {
                    let message = "two states of parts identify their partitions by other columns";
                    return Err(mismatch(message.to_owned()));
                }
                for (key, mark) in marks.iter() {
                    add(key, mark)?;
                }
            }
            Progress::One(..) | Progress::Parents(_) => {
                let message = "the state of a part is of one parent, or of changed parents";
                return Err(mismatch(message.to_owned()));
            }
        }
        origin = Some(state.origin);
    }
    let Some(origin) = origin else {
        return Ok(None);
    };
    let reach = match by {
        None => match reached.values().next() {
            Some(all) => Progress::All(all.checkpoint()),
            None => return Ok(None),
        },
        Some(by) => {
            let mut marks = Checkpoints::new(by);
            for (key, one) in &reached {
                if marks.put(key, one.checkpoint()) != Capacity::Enough && !is_upsert {
                    return Err(mismatch(format!(
                        "a state has room for {MAX_PARTITIONS} partitions, and the records of further ones would be \
                         appended again"
                    )));
                }
            }
            marks.refresh_largest(&range.column.data_type)?;
            Progress::Each(Arc::new(marks))
        }
    };
    let merged = state_scope::state(&resource.name, &range.column, &range.by, reach);
    Ok(Some(merged.with_origin(origin)))
}
