//! The filter of a cursor range, which also tracks the largest cursor.

use std::{cmp::Ordering, mem, sync::Arc};

use super::{
    CursorRange, ResumePoint,
    checkpoint_tracker::{CheckpointTracker, is_same_hour},
    dedup_key::{Keys, digest},
    resume,
    text_order::TextOrder,
};
use crate::{
    Error, ErrorKind, Result, Row, Rows, Scalar, State, Type,
    plan::{OnMissing, ResourcePlan, RowOrder},
    schema::Table,
    state::{Capacity, MAX_WHOLE_KEYS},
    template::Bounds,
    value::{
        Value,
        format::{Format, RepeatedHour},
    },
};

/// Decides which rows are in a range, and tracks the largest cursor.
pub(super) struct CursorFilter {
    pub(super) range: CursorRange,
    /// Position of the cursor column.
    cursor: usize,
    keys: Keys,
    /// The fewer columns by which the saved state recognises records without a key.
    keys_before: Option<Keys>,
    /// The checkpoint so far, of the saved state included.
    pub(super) reached: CheckpointTracker,
    /// Whether rows replace groups of rows (`merge_key`): a row that was delivered before is needed again
    /// with its group.
    in_groups: bool,
    /// Whether any row was kept, after the processing steps.
    pub(super) kept: bool,
    /// Whether the rows are in their `row_order`.
    order: Order,
    /// The order of text cursors.
    texts: TextOrder,
    /// The repeated hour of the saved cursor: a clock change repeats local times.
    last_hour: Option<RepeatedHour>,
    /// The cursor at which the pages started again, with the keys of the rows at it that were delivered.
    restart: Option<ResumePoint>,
}

/// Whether the rows arrived in their `row_order`.
enum Order {
    /// Yes, so far; the cursor of the last row.
    Kept(Option<Scalar>),
    /// No: rows may be missing.
    Broken,
}

/// What to do with a row.
pub(super) enum Verdict {
    Keep,
    Outside,
    /// The row and all rows after it are outside of the range.
    Past(&'static str),
    Wrong(Error),
}

impl CursorFilter {
    pub(super) fn new(resource: &ResourcePlan, table: &Table, range: CursorRange) -> Result<Self> {
        let lacks = |name: &str| {
            let message = format!(
                "the record has no field for `{name}`, which fetching only what is new needs"
            );
            Error::new(ErrorKind::Record, message)
                .with_help(format!("add the field `{name}` to the struct"))
        };
        let position = |name: &str| table.position(name).ok_or_else(|| lacks(name));
        let cursor = position(&range.column.name)?;
        let keys = Keys::new(&range.by, table).map_err(lacks)?;
        let keys_before = range
            .saved_dedup_key
            .as_ref()
            .filter(|by| **by != range.by && !keys.are_keys())
            .and_then(|by| Keys::new(by, table).ok());
        let mut texts = TextOrder::default();
        let last = range.last.as_ref().map(|last| &last.cursor);
        for bound in [last, range.start.as_ref(), range.end.as_ref()] {
            if let Some(Scalar::Text(text)) = bound {
                texts.check(&range.column.name, text)?;
            }
        }
        let format = match &range.column.data_type {
            Type::Timestamp(format) => Some(Format::new(format)?),
            _ => None,
        };
        let reached = CheckpointTracker::new(range.last.as_ref(), format);
        let last_hour = last.and_then(|last| reached.hour_of(last.as_value()));
        Ok(Self {
            cursor,
            keys,
            keys_before,
            reached,
            in_groups: resource.replaces_groups(),
            kept: false,
            order: Order::Kept(None),
            texts,
            last_hour,
            restart: None,
            range,
        })
    }

    /// Goes on at the cursor of the last row.
    pub(super) fn restart(&mut self) -> Result<(Scalar, Bounds)> {
        let name = &self.range.column.name;
        let Order::Kept(Some(cursor)) = &self.order else {
            return Err(cannot_restart("no record had a cursor"));
        };
        let cursor = cursor.clone();
        let before = self.restart.as_ref().map(|point| &point.cursor);
        let sent = |cursor: Option<&Scalar>| match cursor {
            Some(cursor) => self.range.restarted_at(cursor).bounds(),
            None => self.range.bounds(),
        };
        let (old, new) = (sent(before)?, sent(Some(&cursor))?);
        let start = before.or(self.range.start.as_ref());
        let is_past = |start: &Scalar| start.compare(cursor.as_value()) == Some(Ordering::Less);
        if !start.is_none_or(is_past) || old.start == new.start {
            return Err(cannot_restart(&format!(
                "all records up to it have the `{name}` {cursor}, or are sent the same start"
            )));
        }
        if !self.range.is_upsert {
            let is_largest = self.reached.largest.as_ref() == Some(&cursor);
            if !is_largest || self.reached.overflowed {
                return Err(cannot_restart(&format!(
                    "the records at the `{name}` {cursor} cannot be told from those that were delivered"
                )));
            }
        }
        self.restart = Some(ResumePoint {
            cursor: cursor.clone(),
            seen: Arc::new(self.reached.saved_keys().into_owned()),
        });
        self.order = Order::Kept(None);
        Ok((cursor, new))
    }

    /// Whether a row was delivered before the pages started again.
    fn is_of_earlier_pages(&self, value: Value<'_>, row: Row<'_>) -> bool {
        let Some(restart) = self.restart.as_ref().filter(|_| !self.range.is_upsert) else {
            return false;
        };
        match restart.cursor.compare(value) {
            Some(Ordering::Greater) => true,
            Some(Ordering::Equal) => {
                let key = self.keys.of(row);
                restart.seen.contains(&key) || restart.seen.contains(&digest(&key))
            }
            _ => false,
        }
    }

    pub(super) fn decide(&mut self, row: Row<'_>) -> Verdict {
        let value = row.value(self.cursor);
        if value.is_null() {
            return match self.range.plan.on_missing {
                OnMissing::Include => Verdict::Keep,
                OnMissing::Exclude => Verdict::Outside,
                OnMissing::Raise => Verdict::Wrong(self.missing(row)),
            };
        }
        if let Value::Text(text) = value
            && let Err(error) = self.texts.check(&self.range.column.name, text)
        {
            return Verdict::Wrong(error);
        }
        // A local time in a repeated hour may be either of two instants: the row is kept if one is in the
        // range.
        let hour = self.reached.hour_of(value);
        let (earliest, latest) = match hour {
            Some(hour) => (Value::Timestamp(hour.earlier), Value::Timestamp(hour.later)),
            None => (value, value),
        };
        if let Some(error) = self.check_order(earliest, latest) {
            return Verdict::Wrong(error);
        }
        if self.is_of_earlier_pages(value, row) {
            return Verdict::Outside;
        }
        let order = self.range.plan.row_order;
        if self.is_before_start(latest) && !self.is_sent_though_older(latest) {
            return match order {
                Some(RowOrder::Descending) => Verdict::Past("desc"),
                _ => Verdict::Outside,
            };
        }
        if self.is_after_end(earliest) {
            return match order {
                Some(RowOrder::Ascending) => Verdict::Past("asc"),
                _ => Verdict::Outside,
            };
        }
        match self.was_seen(value, hour, row) {
            Ok(true) => return Verdict::Outside,
            Ok(false) => {}
            Err(error) => return Verdict::Wrong(error),
        }
        match self.range.future.meet(&self.range.column.name, value) {
            Ok(()) => Verdict::Keep,
            Err(error) => Verdict::Wrong(error),
        }
    }

    /// Whether a row before the start is wanted because the API's own filter returned it: the API may
    /// compare another time than the cursor. Rows before the `initial_value` are not wanted.
    fn is_sent_though_older(&self, value: Value<'_>) -> bool {
        let initial = self.range.from.as_ref().or(self.range.initial.as_ref());
        let is_wanted =
            initial.and_then(|initial| initial.compare(value)) != Some(Ordering::Greater);
        self.range.is_filtered_by_api && self.range.last.is_some() && is_wanted
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

    /// Whether the row was delivered before, at the saved cursor.
    ///
    /// # Errors
    ///
    /// If that cannot be decided: the row has values in columns that the state does not know.
    fn was_seen(
        &mut self,
        value: Value<'_>,
        hour: Option<RepeatedHour>,
        row: Row<'_>,
    ) -> Result<bool> {
        // A start that the caller chose asks for the records again.
        if self.in_groups || self.range.is_upsert || self.range.from.is_some() {
            return Ok(false);
        }
        let Some(last) = &self.range.last else {
            return Ok(false);
        };
        if last.cursor.compare(value) != Some(Ordering::Equal) {
            let hour = hour.filter(|hour| is_same_hour(Some(*hour), self.last_hour));
            let Some(hour) = hour else {
                return Ok(false);
            };
            let key = key_in_hour(&self.keys.of(row), value);
            let is_known = last.seen.contains(&key) || last.seen.contains(&digest(&key));
            if is_known {
                self.reached.save_in_hour(hour, [key]);
            }
            return Ok(is_known);
        }
        let key = self.keys.of(row);
        let has_digests = last.seen.last().is_some_and(|key| key.starts_with('~'));
        let has =
            |key: &str| last.seen.contains(key) || has_digests && last.seen.contains(&digest(key));
        if !has(&key) {
            let fewer = self.keys_before.as_ref();
            if fewer.is_some_and(|fewer| has(&fewer.of(row))) {
                return Err(self.unrecognised());
            }
            return Ok(false);
        }
        if let Some(hour) = hour {
            self.reached.save_in_hour(hour, [key_in_hour(&key, value)]);
        }
        Ok(true)
    }

    fn unrecognised(&self) -> Error {
        let was = self.range.saved_dedup_key.as_ref();
        let is_new = |name: &&String| was.is_none_or(|was| !was.names().contains(name));
        let new: Vec<_> = self.range.by.names().iter().filter(is_new).collect();
        let new: Vec<_> = new.into_iter().map(|name| format!("`{name}`")).collect();
        resume::mismatch(format!(
            "a record may have been delivered before: it has values in columns that the state does not \
             know, among {}",
            new.join(", ")
        ))
    }

    /// Checks `row_order`: rows out of order could be left out unnoticed.
    fn check_order(&mut self, earliest: Value<'_>, latest: Value<'_>) -> Option<Error> {
        let order = self.range.plan.row_order?;
        let Order::Kept(before) = &mut self.order else {
            return None;
        };
        let (wrong, word, value, kept) = match order {
            RowOrder::Ascending => (Ordering::Greater, "asc", latest, earliest),
            RowOrder::Descending => (Ordering::Less, "desc", earliest, latest),
        };
        let before = mem::replace(before, Scalar::of_cell(kept));
        let compared = before.as_ref().and_then(|before| before.compare(value));
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

    /// Whether a state delivered with an earlier page is past this value.
    fn has_passed(&self, value: Value<'_>) -> bool {
        let largest = self.reached.largest.as_ref();
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

    /// Whether a state may move before the end of the fetch.
    pub(super) fn is_safe(&self) -> bool {
        let plan = &self.range.plan;
        plan.row_order == Some(RowOrder::Ascending)
            && matches!(self.order, Order::Kept(_))
            && plan.start_closed
            && !self.reached.overflowed
            && self.capacity() == Capacity::Enough
            && !self.range.leaves_a_gap()
    }

    /// Updates the largest cursor by these rows.
    pub(super) fn track(&mut self, rows: &Rows) {
        let mut largest = None;
        let mut cap = None;
        for row in rows {
            let value = row.value(self.cursor);
            if let Some(capped) = self.range.future.cap(value) {
                cap = Some(capped);
                continue;
            }
            if let Some(hour) = self.reached.hour_of(value) {
                let key = key_in_hour(&self.keys.of(row), value);
                self.reached.save_in_hour(hour, [key]);
            }
            let is_larger = match &largest {
                _ if value.is_null() => false,
                None => true,
                Some(largest) => value.partial_cmp(largest) == Some(Ordering::Greater),
            };
            if is_larger {
                largest = Some(value);
            }
        }
        if let Some(cap) = cap {
            self.reached.move_to(cap.as_value());
        }
        let Some(value) = largest.filter(|value| self.reached.move_to(*value)) else {
            return;
        };
        let rows = rows.iter().filter(|row| row.value(self.cursor) == value);
        let keys: Vec<String> = rows.map(|row| self.keys.of(row)).collect();
        self.reached.save(keys);
    }

    /// Whether the state is small enough to be delivered with each page.
    pub(super) fn is_small(&self) -> bool {
        self.reached.keys.len() <= MAX_WHOLE_KEYS
    }

    /// Whether there is room in the state for the checkpoint.
    pub(super) fn capacity(&self) -> Capacity {
        self.range.scope.capacity(self.reached.keys.len())
    }

    pub(super) fn state(&self, resource: &str) -> Option<State> {
        let CursorRange {
            column, by, scope, ..
        } = &self.range;
        let largest = self.reached.largest.as_ref()?;
        scope.state(resource, column, by, largest, &self.reached.saved_keys())
    }
}

/// The error of pages that cannot go on past a maximum.
pub(super) fn cannot_restart(why: &str) -> Error {
    let message =
        format!("the pages ended at a maximum, and cannot go on at the last cursor: {why}");
    Error::new(ErrorKind::Paging, message).with_help(
        "fetch less at a time, by a `step`, a filter or `partitions`; `at_maximum: stop` ends the fetch there",
    )
}

/// The key of a row in a repeated hour, with its cursor: another version of the record has another one.
fn key_in_hour(key: &str, value: Value<'_>) -> String {
    format!("{key} at {value}")
}
