//! How far the children of each parent have come, in a fetch for all of them.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
    mem,
    sync::Arc,
};

use super::{FutureCursors, Last, Range, Request, Sieve, Whose, given, whose};
use crate::{
    Completeness, Result, Scalar, State,
    completeness::Caveat,
    parent::{ParentKey, ParentRecord, key_columns},
    plan::ParentPlan,
    report::count,
    shared::Text,
    state::{MOST_PARENTS, Mark, Marks, Reach, Room},
};

/// How far the children of each parent have come. Where they start is fixed when the fetch begins.
pub(crate) struct PerParent {
    resource: Text,
    parent: Text,
    /// That of a parent of which nothing is known.
    range: Range,
    /// How far the fetch before came.
    before: BTreeMap<String, Last>,
    /// How far this one has come.
    marks: Marks,
    largest: Option<Scalar>,
    /// Parents of the fetch before that were not met.
    unmet: BTreeSet<String>,
    /// Parents whose part is over, as many as are remembered.
    over: BTreeSet<String>,
    /// Those whose part is begun and not over, and how many of one key.
    under_way: BTreeMap<String, usize>,
    /// Marks that there is no room for, unless others are forgotten, and whether their parents delivered
    /// records that the next fetch would deliver again.
    waiting: Vec<(String, Mark, bool)>,
    /// Parents that there was no room for.
    left_out: u64,
    /// Parents that were not met, and were forgotten to make room.
    forgotten: u64,
    /// The cursors in the future that the parts met.
    future: FutureCursors,
    /// Parents of whose records at the cursor not all are remembered.
    overflowed: u64,
    /// The first key that two parents have.
    ambiguous: Option<String>,
    /// Parts that are over since a state was last given.
    since_given: usize,
}

impl PerParent {
    /// Since a state and until a value, where they are given. `None` for a resource without
    /// `incremental`.
    ///
    /// # Errors
    ///
    /// As those of [`given::range`].
    pub(crate) fn new(request: Request<'_>, parent: &ParentPlan) -> Result<Option<Self>> {
        let (resource, state) = (request.resource, request.state);
        let Some(range) = Range::new(request)? else {
            return Ok(None);
        };
        let mut future = range.future.clone();
        let column = range.column.clone();
        let column = &column;
        if let Some(state) = state {
            given::check(state, resource, &range)?;
        }
        let reach = state.map(|state| &state.reach);
        let marks = given::for_each(reach, parent, key_columns(parent))?;
        let mut last = |mark: &Mark| future.resume(&column.name, Last::of(mark, column)?);
        let before: BTreeMap<String, Last> = marks
            .iter()
            .map(|(parent, mark)| Ok((parent.to_owned(), last(mark)?)))
            .collect::<Result<_>>()?;
        Ok(Some(Self {
            resource: resource.name.clone(),
            parent: parent.resource.name.clone(),
            largest: state
                .map(|_| given::cursor(&marks.largest, column))
                .transpose()?,
            unmet: before.keys().cloned().collect(),
            over: BTreeSet::new(),
            under_way: BTreeMap::new(),
            range: range.of(Whose::Part),
            before,
            marks,
            waiting: Vec::new(),
            left_out: 0,
            forgotten: 0,
            future,
            overflowed: 0,
            ambiguous: None,
            since_given: 0,
        }))
    }

    /// The range of a parent of which nothing is known.
    pub(crate) fn range(&self) -> &Range {
        &self.range
    }

    /// The range of this parent.
    pub(crate) fn begin(&mut self, parent: &ParentRecord) -> Range {
        let key = &parent.key.values;
        self.unmet.remove(key);
        *self.under_way.entry(key.clone()).or_default() += 1;
        let last = self.before.get(key).cloned();
        self.range.clone().since(last)
    }

    /// The part of this parent ended with this completeness, and all of its records were delivered. Adds to
    /// the completeness of the whole fetch.
    pub(crate) fn end(
        &mut self,
        parent: &str,
        sieve: Sieve,
        part: &Completeness,
        whole: &mut Completeness,
    ) {
        let complete = part.is_complete();
        if let Some(parts) = self.under_way.get_mut(parent) {
            *parts -= 1;
            if *parts == 0 {
                self.under_way.remove(parent);
            }
        }
        self.since_given += 1;
        if let Some(future) = sieve.future() {
            self.future.add(future);
        }
        let kept = sieve.has_kept();
        let mut reached = match sieve.reached(complete) {
            Some(reached) => {
                self.overflowed += u64::from(reached.overflowed);
                reached.last
            }
            // It starts there again.
            None => self.before.get(parent).cloned(),
        };
        if self.over.contains(parent) {
            reached = self.earlier(parent, reached, whole);
        } else if self.over.len() < MOST_PARENTS {
            self.over.insert(parent.to_owned());
        }
        let Some(Last { cursor, seen, .. }) = reached else {
            self.marks.remove(parent);
            return;
        };
        let value = cursor.to_string();
        let is_larger =
            |largest: &Scalar| largest.compare(cursor.as_value()) == Some(Ordering::Less);
        if self.largest.as_ref().is_none_or(is_larger) {
            self.marks.largest.clone_from(&value);
            self.largest = Some(cursor);
        }
        self.put(parent, Mark { value, seen }, kept, whole);
    }

    fn put(&mut self, parent: &str, mark: Mark, delivers_again: bool, whole: &mut Completeness) {
        match self.marks.put(parent, mark.clone()) {
            Room::Enough => {}
            Room::ForSome => {
                self.overflowed += 1;
                if self.range.plan.start_closed {
                    whole.warn(Caveat::Redelivery);
                }
            }
            Room::None if self.waiting.len() < MOST_PARENTS => {
                self.waiting.push((parent.to_owned(), mark, delivers_again));
            }
            Room::None => self.leave_out(delivers_again, whole),
        }
    }

    /// All parts are over. Where all parents were seen, those that were not met are forgotten: where
    /// records are upserted, every one of them; otherwise only to make room, for when they come back the
    /// consumer has their records already.
    pub(crate) fn finish(&mut self, all_seen: bool, whole: &mut Completeness) {
        let unmet = mem::take(&mut self.unmet);
        if all_seen {
            let number = if self.range.is_upsert {
                unmet.len()
            } else {
                self.waiting.len()
            };
            for parent in unmet.iter().take(number) {
                self.marks.remove(parent);
                self.forgotten += 1;
            }
        }
        for (parent, mark, delivers_again) in mem::take(&mut self.waiting) {
            if self.marks.room_for(&parent, 0) == Room::None {
                self.leave_out(delivers_again, whole);
            } else {
                self.put(&parent, mark, delivers_again, whole);
            }
        }
    }

    /// Of two parents with one key, how far the one has come that is further back: from where the other
    /// is, its children would be left out.
    fn earlier(
        &mut self,
        parent: &str,
        now: Option<Last>,
        whole: &mut Completeness,
    ) -> Option<Last> {
        let before = self.marks.remove(parent);
        let before = before.and_then(|mark| Last::of(&mark, &self.range.column).ok());
        if before.is_none() && now.is_none() {
            return None;
        }
        self.ambiguous.get_or_insert_with(|| parent.to_owned());
        let order = before.as_ref().zip(now.as_ref());
        let order = order.and_then(|(before, now)| before.cursor.compare(now.cursor.as_value()));
        if order != Some(Ordering::Equal) {
            whole.warn(Caveat::Redelivery);
        }
        match order? {
            Ordering::Less => before,
            Ordering::Greater => now,
            Ordering::Equal => {
                let (before, now) = before.zip(now)?;
                Some(Last {
                    seen: Arc::new(before.seen.union(&now.seen).cloned().collect()),
                    ..now
                })
            }
        }
    }

    fn leave_out(&mut self, delivers_again: bool, whole: &mut Completeness) {
        self.left_out += 1;
        if delivers_again {
            whole.warn(Caveat::Redelivery);
        }
    }

    /// What is worth knowing of the state.
    pub(crate) fn notes(&self) -> Vec<String> {
        let (parent, cursor) = (&self.parent, &self.range.column.name);
        let mut notes = self.future.notes(cursor);
        if self.range.is_upsert {
            // What comes again takes the place of itself.
            return notes;
        }
        if self.forgotten > 0 {
            notes.push(format!(
                "a state remembers {MOST_PARENTS} records of `{parent}`: {} of them that this fetch did not meet \
                 were forgotten to make room; their children are delivered again should they come back",
                self.forgotten
            ));
        }
        if self.left_out > 0 {
            notes.push(format!(
                "a state remembers {MOST_PARENTS} records of `{parent}`: the next fetch, which does not \
                 know {} more, brings all children of them again",
                self.left_out
            ));
        }
        if self.overflowed > 0 {
            notes.push(format!(
                "of {} of `{parent}`, more records have the largest `{cursor}` than are remembered: the \
                 next fetch, which does not know all of them, may bring some again",
                count(self.overflowed, "record")
            ));
        }
        if let Some(key) = &self.ambiguous {
            let key = ParentKey {
                by: self.marks.by.clone(),
                values: key.clone(),
            };
            notes.push(format!(
                "{} is there twice: the next fetch starts for both where the one that is further back \
                 has come to",
                key.shown(parent)
            ));
        }
        notes
    }

    /// How far all have come. One that did not come to its end starts where it did before: so does
    /// another of the same key.
    fn marks(&self) -> Marks {
        let mut marks = self.marks.clone();
        for parent in self.under_way.keys() {
            if !self.over.contains(parent) {
                continue;
            }
            marks.remove(parent);
            if let Some(Last { cursor, seen, .. }) = self.before.get(parent) {
                let (value, seen) = (cursor.to_string(), Arc::clone(seen));
                marks.put(parent, Mark { value, seen });
            }
        }
        marks
    }

    /// What a fetch may start from that begins now, once all that was given is safe. Nothing until a sixteenth of the parents are over since the last time: a
    /// state has all of them.
    pub(crate) fn state_so_far(&mut self) -> Option<State> {
        if self.since_given <= self.marks.len() / 16 {
            return None;
        }
        self.since_given = 0;
        self.state_of(self.marks())
    }

    /// What the next fetch starts from, once all that was given is safe: after [`finish`](Self::finish).
    pub(crate) fn state(self) -> Option<State> {
        self.state_of(self.marks())
    }

    fn state_of(&self, marks: Marks) -> Option<State> {
        self.largest.as_ref()?;
        let reach = Reach::Each(Arc::new(marks));
        let Range { column, by, .. } = &self.range;
        Some(whose::state(&self.resource, column, by, reach))
    }
}
