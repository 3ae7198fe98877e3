//! Which rows of a page belong to a fetch, and how far they bring it.

use std::{mem, sync::Arc, time::SystemTime};

use super::{
    FutureCursors, Last, Range,
    in_range::{InRange, Verdict},
};
use crate::{
    Error, Result, Rows, State,
    hooks::StepsHook,
    paginator::End,
    plan::ResourcePlan,
    schema::Table,
    shared::Text,
    state::{MOST_PARENTS, MOST_SEEN, MOST_SEEN_OF_ALL, Room},
};

/// Lets through the rows of a range, at most as many as are wanted, and remembers the last. What it
/// lets through is what the resource's own steps make of them.
pub(crate) struct Sieve {
    resource: Text,
    range: Option<InRange>,
    steps: Option<StepsHook>,
}

/// What became of a page.
#[derive(Debug, Default)]
pub(crate) struct Sifted {
    /// Rows left out because they are outside of the range, or were seen before.
    pub(crate) outside: u64,
    /// Records left out by the resource's steps.
    pub(crate) filtered: u64,
    /// Whether rows were left out because no more are wanted.
    pub(crate) cut: bool,
    /// Why no later page can have a row in the range.
    pub(crate) end: Option<End>,
    /// What is wrong with the row after those let through.
    pub(crate) failure: Option<Error>,
}

/// How far a part of a fetch came.
pub(super) struct Reached {
    /// The largest cursor, and the records that have it; none where there was never one.
    pub(super) last: Option<Last>,
    /// Whether more records have it than are remembered.
    pub(super) overflowed: bool,
}

impl Sieve {
    /// For rows of this table, which may have other columns than the resource's own.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Record`](crate::ErrorKind::Record) where the table lacks the cursor column or one of the key.
    pub(crate) fn new(
        resource: &ResourcePlan,
        table: &Table,
        range: Option<Range>,
        steps: Option<StepsHook>,
    ) -> Result<Self> {
        let range = match range {
            Some(range) => Some(InRange::new(resource, table, range)?),
            None => None,
        };
        Ok(Self {
            resource: resource.name.clone(),
            range,
            steps,
        })
    }

    /// Leaves in `rows`, which came at this time, what belongs to the fetch, at most `wanted` of them.
    pub(crate) fn sift(&mut self, rows: &mut Rows, wanted: Option<u64>, now: SystemTime) -> Sifted {
        if let Some(range) = &mut self.range {
            range.range.future.set_time(now);
        }
        let sifted = if let Some(steps) = self.steps {
            self.process(steps, rows, wanted)
        } else {
            let sifted = self.let_through(rows, wanted);
            self.track(rows);
            sifted
        };
        if let Some(range) = &mut self.range {
            range.kept |= !rows.is_empty();
        }
        sifted
    }

    /// Leaves in `rows` what the steps make of what is in the range.
    fn process(&mut self, steps: StepsHook, rows: &mut Rows, wanted: Option<u64>) -> Sifted {
        let mut sifted = self.let_through(rows, None);
        let came = mem::replace(rows, Rows::empty(rows.shared_table()));
        let processed = steps.run(came, wanted);
        // How far the fetch came is told by the rows of which all is let through.
        self.track(&processed.whole);
        *rows = processed.left;
        sifted.filtered = processed.filtered;
        sifted.cut = processed.cut;
        if processed.cut || processed.failure.is_some() {
            sifted.end = None;
            sifted.failure = processed.failure;
        }
        sifted
    }

    fn track(&mut self, rows: &Rows) {
        if let Some(range) = &mut self.range {
            range.track(rows);
        }
    }

    /// Leaves in `rows` what is in the range, at most `wanted` of them.
    fn let_through(&mut self, rows: &mut Rows, wanted: Option<u64>) -> Sifted {
        let mut sifted = Sifted::default();
        let mut kept = 0;
        rows.retain(|row| {
            if sifted.cut || sifted.failure.is_some() {
                return false;
            }
            if sifted.end.is_some() {
                sifted.outside += 1;
                return false;
            }
            let verdict = match &mut self.range {
                Some(range) => range.judge(row),
                None => Verdict::Keep,
            };
            match verdict {
                Verdict::Keep if wanted.is_some_and(|wanted| kept >= wanted) => sifted.cut = true,
                Verdict::Keep => {
                    kept += 1;
                    return true;
                }
                Verdict::Outside => sifted.outside += 1,
                Verdict::Past(order) => {
                    sifted.outside += 1;
                    let reason = format!("a record past the range, by `row_order: {order}`");
                    sifted.end = Some(End::out_of_range(reason));
                }
                Verdict::Wrong(error) => sifted.failure = Some(error),
            }
            false
        });
        sifted
    }

    /// What is worth knowing of the state.
    pub(crate) fn notes(&self) -> Vec<String> {
        let Some(range) = &self.range else {
            return Vec::new();
        };
        let mut notes = range.range.future.notes(&range.range.column.name);
        if !range.range.is_upsert {
            notes.extend(Self::note_of_room(range));
        }
        notes
    }

    fn note_of_room(range: &InRange) -> Option<String> {
        match range.room() {
            Room::Enough => {}
            Room::ForSome => {
                return Some(format!(
                    "a state remembers {MOST_SEEN_OF_ALL} records at the cursors of all parents: the \
                     next fetch, which does not know all of this one, may bring some again"
                ));
            }
            Room::None => {
                return Some(format!(
                    "a state remembers {MOST_PARENTS} parents: the next fetch, which does not know \
                     this one, brings all of it again"
                ));
            }
        }
        range.overflowed.then(|| {
            format!(
                "more than {MOST_SEEN} records have the largest `{}`: the next fetch, which does not \
                 know all of them, may bring some again",
                range.range.column.name
            )
        })
    }

    /// What the next fetch may start from once every row let through so far is safe, where the rows
    /// come in ascending order and the start is part of the range: more rows with the largest cursor
    /// may come, which is why all that have it have to be known.
    pub(crate) fn state_so_far(&self) -> Option<State> {
        let range = self.range.as_ref()?;
        let is_given = range.is_safe() && range.is_brief();
        is_given.then(|| range.state(&self.resource))?
    }

    /// What the next fetch starts from after this one ended: `complete` where it saw all there was.
    /// Nothing where that is what was known before.
    pub(crate) fn state_at_end(&self, complete: bool) -> Option<State> {
        let range = self.range.as_ref()?;
        (complete || range.is_safe()).then(|| range.state(&self.resource))?
    }

    /// Whether the next fetch delivers some of these rows again.
    pub(crate) fn redelivers(&self, complete: bool) -> bool {
        self.range.as_ref().is_some_and(|range| {
            let is_closed = range.range.plan.start_closed;
            let unknown = match range.room() {
                Room::None => true,
                _ if !complete => !range.is_safe(),
                Room::ForSome => is_closed,
                Room::Enough => range.overflowed && is_closed,
            };
            unknown && range.kept
        })
    }

    /// How far it came, `complete` where it saw all there was; nothing where the next fetch has to
    /// start from where this one did.
    pub(super) fn reached(self, complete: bool) -> Option<Reached> {
        let range = self.range.filter(|range| complete || range.is_safe())?;
        let seen = Arc::new(range.seen().into_owned());
        Some(Reached {
            last: range.largest.map(|cursor| Last { cursor, seen }),
            overflowed: range.overflowed,
        })
    }

    /// The cursors in the future that it met.
    pub(super) fn future(&self) -> Option<&FutureCursors> {
        Some(&self.range.as_ref()?.range.future)
    }

    /// Whether anyone was given a row.
    pub(super) fn has_kept(&self) -> bool {
        self.range.as_ref().is_some_and(|range| range.kept)
    }
}
