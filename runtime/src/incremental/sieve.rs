//! Which rows of a page belong to a fetch, and how far they bring it.

use std::{cmp::Ordering, collections::BTreeSet, mem, sync::Arc};

use super::{
    CursorValue, Last, Range, given,
    key::{Keys, former_hash},
};
use crate::{
    Error, ErrorKind, Result, Row, Rows, State,
    paginator::End,
    plan::{OnMissing, ProcessingSteps, ResourcePlan, RowOrder},
    schema::Table,
    state::{MOST_PARENTS, MOST_SEEN, MOST_SEEN_OF_ALL, Room},
    value::Value,
};

/// Lets through the rows of a range, at most as many as are wanted, and remembers the last. What it
/// lets through is what the resource's own steps make of them.
pub(crate) struct Sieve {
    resource: &'static str,
    range: Option<InRange>,
    steps: Option<ProcessingSteps>,
}

struct InRange {
    range: Range,
    /// Position of the cursor in the rows.
    cursor: usize,
    keys: Keys,
    /// How the records of the state are recognised.
    before: Known,
    /// The largest cursor so far, the state's included, and the keys of the rows that have it.
    largest: Option<CursorValue>,
    at_largest: BTreeSet<String>,
    /// Whether more rows have it than are remembered.
    overflowed: bool,
    /// Whether the rows take the place of groups of rows: those of a group that were seen before are
    /// wanted again, or they would be gone.
    in_groups: bool,
    /// Whether any row was let through, and left by the steps.
    kept: bool,
    /// Where the order matters.
    order: Order,
}

/// Whether the rows came in the order that they were said to have.
enum Order {
    /// So far; the cursor of the row before.
    Kept(Option<CursorValue>),
    /// What is missing behind the rows that came, no one knows.
    Broken,
}

/// How the records of a state are recognised.
enum Known {
    /// As those that come.
    AsNow,
    /// By fewer columns, where they have no key.
    By(Keys),
    /// By the hash of a state that does not say by what.
    ByFormerHash,
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

/// What becomes of a row.
enum Verdict {
    Keep,
    Outside,
    /// Outside, and so is everything after it.
    Past(&'static str),
    Wrong(Error),
}

impl Sieve {
    /// For rows of this table, which may have other columns than the resource's own.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Record`] where the table lacks the cursor column or one of the key.
    pub(crate) fn new(
        resource: &'static ResourcePlan,
        table: &'static Table,
        range: Option<Range>,
    ) -> Result<Self> {
        let range = match range {
            Some(range) => Some(InRange::new(resource, table, range)?),
            None => None,
        };
        Ok(Self {
            resource: resource.name,
            range,
            steps: resource.processing_steps,
        })
    }

    /// Leaves in `rows` what belongs to the fetch, at most `wanted` of them.
    pub(crate) fn sift(&mut self, rows: &mut Rows, wanted: Option<u64>) -> Sifted {
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
    fn process(&mut self, steps: ProcessingSteps, rows: &mut Rows, wanted: Option<u64>) -> Sifted {
        let mut sifted = self.let_through(rows, None);
        let came = mem::replace(rows, Rows::empty(rows.table()));
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
                    sifted.end = Some(End::complete(reason));
                }
                Verdict::Wrong(error) => sifted.failure = Some(error),
            }
            false
        });
        sifted
    }

    /// What is worth knowing of the state, if anything.
    pub(crate) fn note(&self) -> Option<String> {
        let range = self.range.as_ref()?;
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
        range.is_safe().then(|| range.state(self.resource))?
    }

    /// What the next fetch starts from after this one ended: `complete` where it saw all there was.
    /// Nothing where that is what was known before.
    pub(crate) fn state_at_end(&self, complete: bool) -> Option<State> {
        if complete {
            self.range.as_ref()?.state(self.resource)
        } else {
            self.state_so_far()
        }
    }

    /// Whether the next fetch brings rows again that this one let through.
    pub(crate) fn repeats(&self, complete: bool) -> bool {
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
        let seen = Arc::new(range.at_largest);
        Some(Reached {
            last: range.largest.map(|cursor| Last {
                cursor,
                seen,
                shared: None,
            }),
            overflowed: range.overflowed,
        })
    }

    /// Whether anyone was given a row.
    pub(super) fn has_kept(&self) -> bool {
        self.range.as_ref().is_some_and(|range| range.kept)
    }

    /// Whether it started from where all parents together had come to.
    pub(super) fn is_shared(&self) -> bool {
        self.range.as_ref().is_some_and(InRange::is_shared)
    }
}

impl InRange {
    fn new(resource: &ResourcePlan, table: &'static Table, range: Range) -> Result<Self> {
        let lacks = |name: &str| {
            let message = format!(
                "the record has no field for `{name}`, which fetching only what is new needs"
            );
            Error::new(ErrorKind::Record, message)
                .with_help(format!("add the field `{name}` to the struct"))
        };
        let position = |name: &str| table.position(name).ok_or_else(|| lacks(name));
        let cursor = position(range.column.name)?;
        let keys = Keys::new(&range.by, table).map_err(lacks)?;
        let before = match &range.was_by {
            Some(by) if *by == range.by || keys.are_keys() => Known::AsNow,
            Some(by) => Keys::new(by, table).map_or(Known::AsNow, Known::By),
            None if keys.are_keys() || range.last.is_none() => Known::AsNow,
            None => Known::ByFormerHash,
        };
        let is_hashed_anew = matches!(before, Known::ByFormerHash);
        Ok(Self {
            cursor,
            keys,
            before,
            largest: range.last.as_ref().map(|last| last.cursor.clone()),
            at_largest: match &range.last {
                // Those that are met again are of this parent, and are written as they are now.
                Some(last) if last.shared.is_none() && !is_hashed_anew => (*last.seen).clone(),
                _ => BTreeSet::new(),
            },
            overflowed: false,
            in_groups: resource.replaces_groups(),
            kept: false,
            order: Order::Kept(None),
            range,
        })
    }

    fn judge(&mut self, row: Row<'_>) -> Verdict {
        let value = row.value(self.cursor);
        if value.is_null() {
            return match self.range.plan.on_missing {
                OnMissing::Include => Verdict::Keep,
                OnMissing::Exclude => Verdict::Outside,
                OnMissing::Raise => Verdict::Wrong(self.missing(row)),
            };
        }
        if let Some(error) = self.out_of_order(value) {
            return Verdict::Wrong(error);
        }
        let order = self.range.plan.row_order;
        if self.is_before_start(value) {
            return match order {
                Some(RowOrder::Descending) => Verdict::Past("desc"),
                _ => Verdict::Outside,
            };
        }
        if self.is_after_end(value) {
            return match order {
                Some(RowOrder::Ascending) => Verdict::Past("asc"),
                _ => Verdict::Outside,
            };
        }
        match self.was_seen(value, row) {
            Ok(true) => Verdict::Outside,
            Ok(false) => Verdict::Keep,
            Err(error) => Verdict::Wrong(error),
        }
    }

    fn is_before_start(&self, value: Value<'_>) -> bool {
        let compared = self
            .range
            .start
            .as_ref()
            .and_then(|start| start.compare(value));
        match compared {
            Some(Ordering::Greater) => true,
            Some(Ordering::Equal) => !self.range.plan.start_closed,
            _ => false,
        }
    }

    fn is_after_end(&self, value: Value<'_>) -> bool {
        let compared = self.range.end.as_ref().and_then(|end| end.compare(value));
        match compared {
            Some(Ordering::Less) => true,
            Some(Ordering::Equal) => !self.range.plan.end_closed,
            _ => false,
        }
    }

    /// Whether the row is one of those that had the largest cursor last time.
    ///
    /// # Errors
    ///
    /// Where it may be one of them, or not: it has values in columns that the state does not know of.
    fn was_seen(&mut self, value: Value<'_>, row: Row<'_>) -> Result<bool> {
        if self.in_groups {
            return Ok(false);
        }
        let Some(last) = &self.range.last else {
            return Ok(false);
        };
        if last.cursor.compare(value) != Some(Ordering::Equal) {
            return Ok(false);
        }
        let key = self.keys.of(row);
        let has = |key: &str| {
            let of = |parent| last.seen.contains(&format!("{key} of {parent}"));
            last.seen.contains(key) || last.shared.as_ref().is_some_and(of)
        };
        let is_known = match &self.before {
            _ if has(&key) => true,
            Known::By(fewer) if has(&fewer.of(row)) => return Err(self.has_grown()),
            Known::AsNow | Known::By(_) => false,
            Known::ByFormerHash => has(&former_hash(row)),
        };
        let is_written_anew = last.shared.is_some() || matches!(self.before, Known::ByFormerHash);
        let is_largest = |largest: &CursorValue| largest.compare(value) == Some(Ordering::Equal);
        if is_known && is_written_anew && self.largest.as_ref().is_some_and(is_largest) {
            self.remember([key]);
        }
        Ok(is_known)
    }

    fn has_grown(&self) -> Error {
        let was = self.range.was_by.as_ref();
        let is_new = |name: &&String| was.is_none_or(|was| !was.names().contains(name));
        let new: Vec<_> = self.range.by.names().iter().filter(is_new).collect();
        let new: Vec<_> = new.into_iter().map(|name| format!("`{name}`")).collect();
        given::foreign(format!(
            "whether a record was seen before cannot be told: it has values in columns that the state \
             does not know, among {}",
            new.join(", ")
        ))
    }

    /// An API that breaks the order it was said to have would have rows left out unnoticed.
    fn out_of_order(&mut self, value: Value<'_>) -> Option<Error> {
        let order = self.range.plan.row_order?;
        let Order::Kept(before) = &mut self.order else {
            return None;
        };
        let before = mem::replace(before, CursorValue::of(value));
        let compared = before.as_ref().and_then(|before| before.compare(value));
        let (wrong, word) = match order {
            RowOrder::Ascending => (Ordering::Greater, "asc"),
            RowOrder::Descending => (Ordering::Less, "desc"),
        };
        if compared != Some(wrong) {
            return None;
        }
        let help = if self.has_passed(value) {
            "leave `row_order` out: the whole range is then read every time; \
             `full_refresh()` brings what the states of the pages before have passed"
        } else {
            "leave `row_order` out: the whole range is then read every time"
        };
        self.order = Order::Broken;
        let before = before.map(|before| before.to_string()).unwrap_or_default();
        Some(
            Error::new(
                ErrorKind::Response,
                format!("the records are not in the order of `row_order: {word}`"),
            )
            .with_detail(format!(
                "`{}`: {value} after {before}",
                self.range.column.name
            ))
            .with_help(help),
        )
    }

    /// Whether a state that was given with an earlier page is past a value of the range.
    fn has_passed(&self, value: Value<'_>) -> bool {
        let largest = self.largest.as_ref();
        self.is_safe()
            && !self.is_before_start(value)
            && largest.and_then(|largest| largest.compare(value)) == Some(Ordering::Greater)
    }

    fn missing(&self, row: Row<'_>) -> Error {
        let mut error = Error::new(
            ErrorKind::Schema,
            format!(
                "a record has no cursor value in `{}`",
                self.range.column.name
            ),
        );
        if self.keys.are_keys() {
            error = error.with_detail(format!("its key: {}", self.keys.of(row)));
        }
        error.with_help(
            "`on_cursor_value_missing: include` keeps such records, `exclude` leaves them out",
        )
    }

    /// Whether what came so far may be passed before all has come.
    fn is_safe(&self) -> bool {
        let plan = &self.range.plan;
        plan.row_order == Some(RowOrder::Ascending)
            && matches!(self.order, Order::Kept(_))
            && plan.start_closed
            && !self.overflowed
            && !self.is_shared()
            && !matches!(self.before, Known::ByFormerHash)
            && self.room() == Room::Enough
    }

    /// Whether it started from where all parents together had come to: which of the records at that
    /// cursor are this one's is only known after all of it.
    fn is_shared(&self) -> bool {
        let last = self.range.last.as_ref();
        last.is_some_and(|last| last.shared.is_some())
    }

    /// Remembers the largest cursor of these rows, and who has it.
    fn track(&mut self, rows: &Rows) {
        let mut largest = None;
        for row in rows {
            let value = row.value(self.cursor);
            let is_larger = match &largest {
                _ if value.is_null() => false,
                None => true,
                Some(largest) => value.partial_cmp(largest) == Some(Ordering::Greater),
            };
            if is_larger {
                largest = Some(value);
            }
        }
        let Some(value) = largest else {
            return;
        };
        match self
            .largest
            .as_ref()
            .and_then(|largest| largest.compare(value))
        {
            Some(Ordering::Greater) => return,
            Some(Ordering::Equal) => {}
            _ => {
                self.largest = CursorValue::of(value);
                self.at_largest.clear();
                self.overflowed = false;
            }
        }
        let rows = rows.iter().filter(|row| row.value(self.cursor) == value);
        let keys: Vec<String> = rows.map(|row| self.keys.of(row)).collect();
        self.remember(keys);
    }

    /// Remembers these keys, as far as there is room.
    fn remember(&mut self, keys: impl IntoIterator<Item = String>) {
        for key in keys {
            if self.at_largest.len() < MOST_SEEN {
                self.at_largest.insert(key);
            } else if !self.at_largest.contains(&key) {
                self.overflowed = true;
            }
        }
    }

    /// Whether there is room in the state for how far it came.
    fn room(&self) -> Room {
        self.range.whose.room(self.at_largest.len())
    }

    fn state(&self, resource: &str) -> Option<State> {
        let Range {
            column, by, whose, ..
        } = &self.range;
        let largest = self.largest.as_ref()?;
        whose.state(resource, column, by, largest, &self.at_largest)
    }
}
