//! The checkpoints of all partitions of a fetch.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    mem,
    sync::Arc,
};

use super::{
    CursorRange, FutureCursors, RecordFilter, Request, ResumePoint, StateScope, resume,
    state_scope, windows::WindowCheckpoint,
};
use crate::{
    Completeness, Result, Scalar, State,
    completeness::Caveat,
    plan::ResourcePlan,
    report::count,
    shared::Text,
    state::{Capacity, Checkpoint, Checkpoints, MAX_PARTITIONS, Progress},
};

/// The checkpoint of each partition. All starts are fixed when the fetch begins.
pub(crate) struct PartitionCheckpoints {
    resource: Text,
    /// The name of the partitions in messages: `` `posts` ``.
    name: String,
    /// The range of a partition without a checkpoint.
    range: CursorRange,
    /// The checkpoints of the saved state.
    before: BTreeMap<String, ResumePoint>,
    /// The checkpoints of this fetch.
    marks: Checkpoints,
    largest: Option<Scalar>,
    /// Partitions of the saved state that were not started.
    absent: BTreeSet<String>,
    /// Checkpoints without room in the state, unless others are removed, and whether the next fetch would
    /// deliver their records again.
    waiting: Vec<(String, Checkpoint, bool)>,
    /// Partitions without room in the state.
    left_out: u64,
    /// Partitions that were removed to make room.
    forgotten: u64,
    /// Future cursors of all partitions.
    future: FutureCursors,
    /// Partitions with more records at the cursor than are saved.
    overflowed: u64,
    /// Partitions that ended since a state was last delivered.
    since_given: usize,
    /// The partition whose windows are being fetched.
    windows: Option<WindowProgress>,
}

/// How far the windows of a partition were fetched.
struct WindowProgress {
    key: String,
    reached: Option<ResumePoint>,
    /// Whether a record was received, in this fetch or in an earlier one: empty windows then do not move the
    /// checkpoint.
    has_received: bool,
    /// Whether a window was not fetched as a whole: the next fetch starts there.
    has_gap: bool,
}

impl WindowProgress {
    fn move_to(&mut self, reached: WindowCheckpoint) {
        let WindowCheckpoint { point, is_received } = reached;
        if self.has_received && !is_received {
            return;
        }
        self.has_received |= is_received;
        let Some(before) = &mut self.reached else {
            self.reached = Some(point);
            return;
        };
        match before.cursor.compare(point.cursor.as_value()) {
            Some(Ordering::Less) => *before = point,
            // Each window starts with the records that the saved state has at its cursor: one adds records to them,
            // and those after it do not have these.
            Some(Ordering::Equal) => {
                Arc::make_mut(&mut before.seen).extend(point.seen.iter().cloned());
            }
            _ => {}
        }
    }
}

impl PartitionCheckpoints {
    /// The checkpoints at the start of a fetch. `None` without `incremental`.
    ///
    /// # Errors
    ///
    /// See [`resume::range`].
    pub(crate) fn new(request: Request<'_>, by: Vec<String>, name: String) -> Result<Option<Self>> {
        let (resource, state) = (request.resource, request.state);
        let Some(range) = CursorRange::new(request)? else {
            return Ok(None);
        };
        let mut future = range.future.clone();
        let column = range.column.clone();
        let column = &column;
        if let Some(state) = state {
            resume::check(state, resource, &range)?;
        }
        let reach = state.map(|state| &state.reach);
        let marks = resume::for_each(reach, &name, by)?;
        let mut last =
            |mark: &Checkpoint| future.resume(&column.name, ResumePoint::of(mark, column)?);
        let before: BTreeMap<String, ResumePoint> = marks
            .iter()
            .map(|(parent, mark)| Ok((parent.to_owned(), last(mark)?)))
            .collect::<Result<_>>()?;
        Ok(Some(Self {
            resource: resource.name.clone(),
            name,
            largest: state
                .map(|_| resume::cursor(&marks.largest, column))
                .transpose()?,
            absent: before.keys().cloned().collect(),
            range: range.with_scope(StateScope::Part),
            before,
            marks,
            waiting: Vec::new(),
            left_out: 0,
            forgotten: 0,
            future,
            overflowed: 0,
            since_given: 0,
            windows: None,
        }))
    }

    /// The checkpoint of a whole resource, or of the partition with this key.
    pub(crate) fn of_one(resource: &ResourcePlan, range: CursorRange, key: &str) -> Self {
        Self {
            resource: resource.name.clone(),
            name: String::new(),
            largest: None,
            absent: BTreeSet::new(),
            before: range
                .last
                .iter()
                .map(|last| (key.to_owned(), last.clone()))
                .collect(),
            marks: Checkpoints::new(Vec::new()),
            waiting: Vec::new(),
            left_out: 0,
            forgotten: 0,
            future: range.future.clone(),
            overflowed: 0,
            since_given: 0,
            windows: None,
            range,
        }
    }

    /// The range of a partition without a checkpoint.
    pub(crate) fn range(&self) -> &CursorRange {
        &self.range
    }

    /// Starts the partition with this key. Returns its range.
    pub(crate) fn start(&mut self, key: &str) -> CursorRange {
        self.absent.remove(key);
        let last = self.before.get(key).cloned();
        self.range.clone().since(last)
    }

    /// A partition ended, and its records were delivered. Adds its caveats to the completeness of the
    /// fetch.
    pub(crate) fn end(
        &mut self,
        parent: &str,
        filter: RecordFilter,
        part: &Completeness,
        whole: &mut Completeness,
    ) {
        let complete = part.is_complete();
        self.since_given += 1;
        if let Some(future) = filter.future() {
            self.future.add(future);
        }
        let kept = filter.has_kept();
        let reached = match filter.into_checkpoint(complete) {
            Some(reached) => {
                self.overflowed += u64::from(reached.overflowed);
                reached.last
            }
            // The next fetch starts there again.
            None => self.before.get(parent).cloned(),
        };
        let Some(ResumePoint { cursor, seen, .. }) = reached else {
            self.marks.remove(parent);
            return;
        };
        self.move_to(parent, cursor, seen, kept, whole);
    }

    fn move_to(
        &mut self,
        parent: &str,
        cursor: Scalar,
        seen: Arc<BTreeSet<String>>,
        kept: bool,
        whole: &mut Completeness,
    ) {
        let value = cursor.to_string();
        let is_larger =
            |largest: &Scalar| largest.compare(cursor.as_value()) == Some(Ordering::Less);
        if self.largest.as_ref().is_none_or(is_larger) {
            self.marks.largest.clone_from(&value);
            self.largest = Some(cursor);
        }
        self.put(parent, Checkpoint { value, seen }, kept, whole);
    }

    /// A window of a partition ended, and its records were delivered, if it has any. The checkpoint moves to the end
    /// of the last of the windows that were fetched without a gap.
    pub(crate) fn end_window(
        &mut self,
        (key, window): (&str, &CursorRange),
        filter: RecordFilter,
        is_delivered: bool,
        part: &Completeness,
        whole: &mut Completeness,
    ) {
        if let Some(future) = filter.future() {
            self.future.add(future);
        }
        let mut progress = match self.windows.take() {
            Some(progress) if progress.key == key => progress,
            _ => {
                let reached = self.before.get(key).cloned();
                WindowProgress {
                    key: key.to_owned(),
                    has_received: reached.as_ref().is_some_and(|at| window.is_received(at)),
                    reached,
                    has_gap: false,
                }
            }
        };
        let is_whole = part.is_complete() && !part.has_unfetched_parts();
        progress.has_gap |= !is_whole || window.leaves_a_gap();
        let has_gap = progress.has_gap;
        if has_gap && is_delivered {
            whole.warn(Caveat::Redelivery);
        }
        if !has_gap && let Some(reached) = window.reached(filter) {
            progress.move_to(reached);
        }
        if let Some(ResumePoint { cursor, seen }) = progress.reached.clone().filter(|_| !has_gap) {
            self.since_given += 1;
            self.move_to(key, cursor, seen, is_delivered, whole);
        }
        self.windows = Some(progress);
    }

    fn put(
        &mut self,
        parent: &str,
        mark: Checkpoint,
        delivers_again: bool,
        whole: &mut Completeness,
    ) {
        match self.marks.put(parent, mark.clone()) {
            Capacity::Enough => {}
            Capacity::ForSome => {
                self.overflowed += 1;
                if self.range.plan.start_closed {
                    whole.warn(Caveat::Redelivery);
                }
            }
            Capacity::None if self.waiting.len() < MAX_PARTITIONS => {
                self.waiting.push((parent.to_owned(), mark, delivers_again));
            }
            Capacity::None => self.leave_out(delivers_again, whole),
        }
    }

    /// All partitions ended. If all partitions of the resource were among them, those of the saved state
    /// that were not are removed: all of them for an upsert, and otherwise only to make room, because a
    /// consumer has their records if they return.
    pub(crate) fn finish(&mut self, all_seen: bool, whole: &mut Completeness) {
        let absent = mem::take(&mut self.absent);
        if all_seen {
            let number = if self.range.is_upsert {
                absent.len()
            } else {
                self.waiting.len()
            };
            for parent in absent.iter().take(number) {
                self.marks.remove(parent);
                self.forgotten += 1;
            }
        }
        for (parent, mark, delivers_again) in mem::take(&mut self.waiting) {
            if self.marks.capacity_for(&parent, 0) == Capacity::None {
                self.leave_out(delivers_again, whole);
            } else {
                self.put(&parent, mark, delivers_again, whole);
            }
        }
    }

    fn leave_out(&mut self, delivers_again: bool, whole: &mut Completeness) {
        self.left_out += 1;
        if delivers_again {
            whole.warn(Caveat::Redelivery);
        }
    }

    /// Notes on the state, for the report.
    pub(crate) fn notes(&self) -> Vec<String> {
        let (parent, cursor) = (&self.name, &self.range.column.name);
        let mut notes = self.future.notes(cursor);
        if self.range.is_upsert {
            // An upsert replaces records that arrive again.
            return notes;
        }
        if self.forgotten > 0 {
            notes.push(format!(
                "a state saves the cursors of {MAX_PARTITIONS} records of {parent}: {} that were not in this fetch \
                 were removed to make room; their children are delivered again if they return",
                self.forgotten
            ));
        }
        if self.left_out > 0 {
            notes.push(format!(
                "a state saves the cursors of {MAX_PARTITIONS} records of {parent}, and not of {} more: the next \
                 fetch delivers all of their children again",
                self.left_out
            ));
        }
        if self.overflowed > 0 {
            notes.push(format!(
                "of {} of {parent}, more records have the largest `{cursor}` than are saved: the \
                 next fetch may deliver some again",
                count(self.overflowed, "record")
            ));
        }
        notes
    }

    /// The state to resume at once all delivered records are stored. `None` until a sixteenth of the
    /// partitions ended since the last one, because a state holds all of them.
    pub(crate) fn state_so_far(&mut self) -> Option<State> {
        if self.since_given <= self.marks.len() / 16 {
            return None;
        }
        self.since_given = 0;
        self.state_of(self.marks.clone())
    }

    /// The state after the end of the fetch: after [`finish`](Self::finish).
    pub(crate) fn state(self) -> Option<State> {
        self.state_of(self.marks.clone())
    }

    fn state_of(&self, marks: Checkpoints) -> Option<State> {
        let largest = self.largest.as_ref()?;
        let CursorRange {
            column, by, scope, ..
        } = &self.range;
        if let StateScope::Part = scope {
            let reach = Progress::Each(Arc::new(marks));
            return Some(state_scope::state(&self.resource, column, by, reach));
        }
        let (_, mark) = marks.iter().next()?;
        scope.state(&self.resource, column, by, largest, &mark.seen)
    }
}
