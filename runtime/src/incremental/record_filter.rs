//! The filter of a fetch: its range, its limit and the resource's processing steps.

use std::{collections::BTreeSet, mem, sync::Arc, time::SystemTime};

use super::{
    CursorRange, FutureCursors, ResumePoint,
    cursor_filter::{CursorFilter, Verdict, cannot_restart},
};
use crate::{
    Error, Result, Rows, Scalar, State,
    hooks::StepsHook,
    paginator::End,
    plan::ResourcePlan,
    schema::Table,
    shared::Text,
    state::{Capacity, MAX_KEYS, MAX_KEYS_OF_ALL, MAX_PARTITIONS},
    template::Bounds,
};

/// Filters the rows of each page by the range, the limit and the processing steps, and tracks the largest
/// cursor.
pub(crate) struct RecordFilter {
    resource: Text,
    range: Option<CursorFilter>,
    token: Option<TokenTracker>,
    steps: Option<StepsHook>,
}

/// The token of a resource whose API says where the next fetch starts.
struct TokenTracker {
    range: CursorRange,
    /// The token that the pages gave.
    given: Option<Scalar>,
    /// Whether records arrived after it.
    is_early: bool,
    /// Whether any row was kept.
    kept: bool,
}

/// The result of filtering a page.
#[derive(Debug, Default)]
pub(crate) struct FilteredPage {
    /// Rows outside of the range, and rows that were delivered before.
    pub(crate) outside: u64,
    /// Records that the processing steps left out.
    pub(crate) filtered: u64,
    /// Whether the limit left rows out.
    pub(crate) cut: bool,
    /// The end of the pages, if no later page can have a row in the range.
    pub(crate) end: Option<End>,
    /// An error in the row after those that are left.
    pub(crate) failure: Option<Error>,
}

/// The checkpoint that a partition reached.
pub(super) struct ReachedCursor {
    /// The largest cursor and the records that have it, if there was any.
    pub(super) last: Option<ResumePoint>,
    /// Whether more records have it than are saved.
    pub(super) overflowed: bool,
}

impl RecordFilter {
    /// A filter for rows of this table, which may have other columns than the resource's table.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Record`](crate::ErrorKind::Record) if the table lacks the cursor column or a column of
    /// the key.
    pub(crate) fn new(
        resource: &ResourcePlan,
        table: &Table,
        range: Option<CursorRange>,
        steps: Option<StepsHook>,
    ) -> Result<Self> {
        let mut token = None;
        let range = match range {
            Some(range) if range.has_cursor() => Some(CursorFilter::new(resource, table, range)?),
            Some(range) if range.plan.change_token.is_some() => {
                token = Some(TokenTracker {
                    range,
                    given: None,
                    is_early: false,
                    kept: false,
                });
                None
            }
            _ => None,
        };
        Ok(Self {
            resource: resource.name.clone(),
            range,
            token,
            steps,
        })
    }

    /// Keeps the rows that belong to the fetch, at most `wanted` of them. `now` is the time of their
    /// arrival.
    pub(crate) fn filter(
        &mut self,
        rows: &mut Rows,
        wanted: Option<u64>,
        now: SystemTime,
    ) -> FilteredPage {
        if let Some(range) = &mut self.range {
            range.range.future.set_time(now);
        }
        let filtered = if let Some(steps) = self.steps {
            self.process(steps, rows, wanted)
        } else {
            let filtered = self.filter_by_range(rows, wanted);
            self.track(rows);
            filtered
        };
        if let Some(range) = &mut self.range {
            range.kept |= !rows.is_empty();
        }
        if let Some(token) = &mut self.token {
            token.kept |= !rows.is_empty();
        }
        filtered
    }

    /// Goes on at the cursor of the last record, where the API serves no deeper pages: what to request now, and from
    /// which cursor on. Records that were delivered are left out, unless the consumer upserts.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Paging`](crate::ErrorKind::Paging) if records would be missing, or delivered twice.
    pub(crate) fn restart(&mut self) -> Result<(Scalar, Bounds)> {
        match &mut self.range {
            Some(range) => range.restart(),
            None => Err(cannot_restart("the records have no cursor")),
        }
    }

    /// The pages ended, and gave this token for the next fetch. Records of pages after that with the token arrive
    /// again.
    pub(crate) fn set_token(&mut self, given: &str, is_of_last_page: bool) {
        if let Some(token) = &mut self.token {
            token.given = Some(Scalar::Text(given.to_owned()));
            token.is_early = !is_of_last_page;
        }
    }

    /// A note for the report, if the pages of a complete fetch gave no token.
    pub(crate) fn note_without_token(&self) -> Option<String> {
        let token = self.token.as_ref()?;
        let plan = token.range.plan.change_token.as_ref()?;
        token.given.is_none().then(|| {
            format!(
                "warning: no page had a token at `{}`: the state did not move, and the next fetch returns these \
                 records again",
                plan.path
            )
        })
    }

    /// Keeps what the processing steps make of the rows in the range.
    fn process(&mut self, steps: StepsHook, rows: &mut Rows, wanted: Option<u64>) -> FilteredPage {
        let mut filtered = self.filter_by_range(rows, None);
        let came = mem::replace(rows, Rows::empty(rows.shared_table()));
        let processed = steps.run(came, wanted);
        // Only rows whose results are all kept move the cursor.
        self.track(&processed.whole);
        *rows = processed.left;
        filtered.filtered = processed.filtered;
        filtered.cut = processed.cut;
        if processed.cut || processed.failure.is_some() {
            filtered.end = None;
            filtered.failure = processed.failure;
        }
        filtered
    }

    fn track(&mut self, rows: &Rows) {
        if let Some(range) = &mut self.range {
            range.track(rows);
        }
    }

    /// Keeps the rows in the range, at most `wanted` of them.
    fn filter_by_range(&mut self, rows: &mut Rows, wanted: Option<u64>) -> FilteredPage {
        let mut filtered = FilteredPage::default();
        if self.range.is_none() && wanted.is_none_or(|wanted| rows.len() as u64 <= wanted) {
            return filtered;
        }
        let mut kept = 0;
        rows.retain(|row| {
            if filtered.cut || filtered.failure.is_some() {
                return false;
            }
            if filtered.end.is_some() {
                filtered.outside += 1;
                return false;
            }
            let verdict = match &mut self.range {
                Some(range) => range.decide(row),
                None => Verdict::Keep,
            };
            match verdict {
                Verdict::Keep if wanted.is_some_and(|wanted| kept >= wanted) => filtered.cut = true,
                Verdict::Keep => {
                    kept += 1;
                    return true;
                }
                Verdict::Outside => filtered.outside += 1,
                Verdict::Past(order) => {
                    filtered.outside += 1;
                    let reason = format!("a record past the range, by `row_order: {order}`");
                    filtered.end = Some(End::out_of_range(reason));
                }
                Verdict::Wrong(error) => filtered.failure = Some(error),
            }
            false
        });
        filtered
    }

    /// Notes on the state, for the report.
    pub(crate) fn notes(&self) -> Vec<String> {
        let Some(range) = &self.range else {
            return Vec::new();
        };
        let mut notes = range.range.future.notes(&range.range.column.name);
        if range.range.leaves_a_gap() {
            notes.push(
                "the state did not move: the records between its cursor and the start of this fetch were not fetched"
                    .to_owned(),
            );
        }
        if !range.range.is_upsert {
            notes.extend(Self::note_of_room(range));
        }
        notes
    }

    fn note_of_room(range: &CursorFilter) -> Option<String> {
        match range.capacity() {
            Capacity::Enough => {}
            Capacity::ForSome => {
                return Some(format!(
                    "a state saves {MAX_KEYS_OF_ALL} records at the cursors of all parents, and not all of this one: \
                     the next fetch may deliver some again"
                ));
            }
            Capacity::None => {
                return Some(format!(
                    "a state saves the cursors of {MAX_PARTITIONS} parents, and not of this one: the next fetch \
                     delivers all of its children again"
                ));
            }
        }
        range.reached.overflowed.then(|| {
            format!(
                "more than {MAX_KEYS} records have the largest `{}`: the next fetch may deliver some of \
                 them again",
                range.range.column.name
            )
        })
    }

    /// The state to resume at once all rows kept so far are stored. It is known if the rows arrive in
    /// ascending order and the range includes its start, because more rows with the largest cursor may
    /// follow.
    pub(crate) fn state_so_far(&self) -> Option<State> {
        let range = self.range.as_ref()?;
        let is_given = range.is_safe() && range.is_small();
        is_given.then(|| range.state(&self.resource))?
    }

    /// The state after the end of the fetch; `None` if it did not move.
    pub(crate) fn state_at_end(&self, complete: bool) -> Option<State> {
        if let Some(token) = &self.token {
            return token.state(&self.resource).filter(|_| complete);
        }
        let range = self.range.as_ref()?;
        let moves = complete && !range.range.leaves_a_gap() || range.is_safe();
        moves.then(|| range.state(&self.resource))?
    }

    /// Whether the next fetch delivers some of the kept rows again.
    pub(crate) fn redelivers(&self, complete: bool) -> bool {
        if let Some(token) = &self.token {
            return token.kept && (!complete || token.given.is_none() || token.is_early);
        }
        self.range.as_ref().is_some_and(|range| {
            let is_closed = range.range.plan.start_closed;
            let unknown = match range.capacity() {
                Capacity::None => true,
                _ if range.range.leaves_a_gap() => true,
                _ if !complete => !range.is_safe(),
                Capacity::ForSome => is_closed,
                Capacity::Enough => range.reached.overflowed && is_closed,
            };
            unknown && range.kept
        })
    }

    /// The checkpoint after the end of the fetch; `None` if the next fetch has to start where this one did.
    pub(super) fn into_checkpoint(self, complete: bool) -> Option<ReachedCursor> {
        if let Some(token) = self.token {
            let cursor = token.given.filter(|_| complete)?;
            let seen = Arc::default();
            return Some(ReachedCursor {
                last: Some(ResumePoint { cursor, seen }),
                overflowed: false,
            });
        }
        let moves =
            |range: &CursorFilter| complete && !range.range.leaves_a_gap() || range.is_safe();
        let range = self.range.filter(moves)?;
        let seen = Arc::new(range.reached.saved_keys().into_owned());
        Some(ReachedCursor {
            last: range
                .reached
                .largest
                .map(|cursor| ResumePoint { cursor, seen }),
            overflowed: range.reached.overflowed,
        })
    }

    /// The future cursors found.
    pub(super) fn future(&self) -> Option<&FutureCursors> {
        Some(&self.range.as_ref()?.range.future)
    }

    /// Whether any row was kept.
    pub(super) fn has_kept(&self) -> bool {
        let is_kept = |token: &TokenTracker| token.kept;
        self.range.as_ref().is_some_and(|range| range.kept)
            || self.token.as_ref().is_some_and(is_kept)
    }
}

impl TokenTracker {
    /// The state at the token.
    fn state(&self, resource: &str) -> Option<State> {
        let CursorRange {
            scope, column, by, ..
        } = &self.range;
        scope.state(resource, column, by, self.given.as_ref()?, &BTreeSet::new())
    }
}
