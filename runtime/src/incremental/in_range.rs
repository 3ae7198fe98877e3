//! Which rows are in a range, and how far they bring it.

use std::{borrow::Cow, cmp::Ordering, collections::BTreeSet, mem};

use super::{
    Range, given,
    key::{Keys, digest},
    text_order::TextOrder,
};
use crate::{
    Error, ErrorKind, Result, Row, Rows, Scalar, State, Timestamp, Type,
    plan::{OnMissing, ResourcePlan, RowOrder},
    schema::Table,
    state::{MOST_SEEN, MOST_WHOLE_KEYS, Room},
    value::{
        Value,
        format::{Format, RepeatedHour},
    },
};

/// The rows of a range.
pub(super) struct InRange {
    pub(super) range: Range,
    /// Position of the cursor in the rows.
    cursor: usize,
    keys: Keys,
    /// Of records without a key, the fewer columns that the state recognises them by.
    keys_before: Option<Keys>,
    /// The largest cursor so far, the state's included, and the keys of the rows that have it.
    pub(super) largest: Option<Scalar>,
    pub(super) at_largest: BTreeSet<String>,
    /// Whether more rows have it than are remembered.
    pub(super) overflowed: bool,
    /// Whether the rows take the place of groups of rows: those of a group that were seen before are
    /// wanted again, or they would be gone.
    in_groups: bool,
    /// Whether any row was let through, and left by the steps.
    pub(super) kept: bool,
    /// Where the order matters.
    order: Order,
    /// Of a cursor that is text.
    texts: TextOrder,
    /// How the cursor is written, where it has a time zone.
    format: Option<Format>,
    /// The repeated hour that the cursor of the state is in.
    last_hour: Option<RepeatedHour>,
    /// The latest repeated hour that rows were in, and the keys of those.
    hour: Option<(RepeatedHour, BTreeSet<String>)>,
}

/// Whether the rows came in the order that they were said to have.
enum Order {
    /// So far; the cursor of the row before.
    Kept(Option<Scalar>),
    /// What is missing behind the rows that came, no one knows.
    Broken,
}

/// What becomes of a row.
pub(super) enum Verdict {
    Keep,
    Outside,
    /// Outside, and so is everything after it.
    Past(&'static str),
    Wrong(Error),
}

impl InRange {
    pub(super) fn new(resource: &ResourcePlan, table: &Table, range: Range) -> Result<Self> {
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
            .was_by
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
        let last_hour = last.and_then(|last| hour_of(format.as_ref(), last.as_value()));
        Ok(Self {
            cursor,
            keys,
            keys_before,
            largest: range.last.as_ref().map(|last| last.cursor.clone()),
            at_largest: range
                .last
                .as_ref()
                .map(|last| (*last.seen).clone())
                .unwrap_or_default(),
            overflowed: false,
            in_groups: resource.replaces_groups(),
            kept: false,
            order: Order::Kept(None),
            texts,
            format,
            last_hour,
            hour: None,
            range,
        })
    }

    pub(super) fn judge(&mut self, row: Row<'_>) -> Verdict {
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
        // A local time of a repeated hour may be either instant: the row is kept where one is in range.
        let hour = hour_of(self.format.as_ref(), value);
        let (earliest, latest) = match hour {
            Some(hour) => (Value::Timestamp(hour.earlier), Value::Timestamp(hour.later)),
            None => (value, value),
        };
        if let Some(error) = self.out_of_order(earliest, latest) {
            return Verdict::Wrong(error);
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

    /// Whether a row before the start is one that the API returned by its own filter, for what it
    /// compares is not always the cursor. Before the `initial_value` no row is wanted.
    fn is_sent_though_older(&self, value: Value<'_>) -> bool {
        let initial = self.range.initial.as_ref();
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

    /// Whether the row is one of those that had the largest cursor last time.
    ///
    /// # Errors
    ///
    /// Where it may be one of them, or not: it has values in columns that the state does not know of.
    fn was_seen(
        &mut self,
        value: Value<'_>,
        hour: Option<RepeatedHour>,
        row: Row<'_>,
    ) -> Result<bool> {
        if self.in_groups || self.range.is_upsert {
            return Ok(false);
        }
        let Some(last) = &self.range.last else {
            return Ok(false);
        };
        if last.cursor.compare(value) != Some(Ordering::Equal) {
            let hour = hour.filter(|hour| is_same(Some(*hour), self.last_hour));
            let Some(hour) = hour else {
                return Ok(false);
            };
            let key = key_in_hour(&self.keys.of(row), value);
            let is_known = last.seen.contains(&key) || last.seen.contains(&digest(&key));
            if is_known {
                self.remember_in_hour(hour, [key]);
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
                return Err(self.has_grown());
            }
            return Ok(false);
        }
        if let Some(hour) = hour {
            self.remember_in_hour(hour, [key_in_hour(&key, value)]);
        }
        Ok(true)
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
    fn out_of_order(&mut self, earliest: Value<'_>, latest: Value<'_>) -> Option<Error> {
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
    pub(super) fn is_safe(&self) -> bool {
        let plan = &self.range.plan;
        plan.row_order == Some(RowOrder::Ascending)
            && matches!(self.order, Order::Kept(_))
            && plan.start_closed
            && !self.overflowed
            && self.room() == Room::Enough
    }

    /// Remembers the largest cursor of these rows, and who has it.
    pub(super) fn track(&mut self, rows: &Rows) {
        let mut largest = None;
        let mut cap = None;
        for row in rows {
            let value = row.value(self.cursor);
            if let Some(capped) = self.range.future.cap(value) {
                cap = Some(capped);
                continue;
            }
            if let Some(hour) = hour_of(self.format.as_ref(), value) {
                let key = key_in_hour(&self.keys.of(row), value);
                self.remember_in_hour(hour, [key]);
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
            self.move_to(cap.as_value());
        }
        let Some(value) = largest.filter(|value| self.move_to(*value)) else {
            return;
        };
        let rows = rows.iter().filter(|row| row.value(self.cursor) == value);
        let keys: Vec<String> = rows.map(|row| self.keys.of(row)).collect();
        self.remember(keys);
    }

    /// Moves the largest cursor to this value, unless it is past it: whether it is there now.
    fn move_to(&mut self, value: Value<'_>) -> bool {
        let largest = self.largest.as_ref();
        match largest.and_then(|largest| largest.compare(value)) {
            Some(Ordering::Greater) => false,
            Some(Ordering::Equal) => true,
            _ => {
                self.largest = Scalar::of_cell(value);
                self.at_largest.clear();
                self.overflowed = false;
                true
            }
        }
    }

    /// Remembers these keys, as far as there is room.
    fn remember(&mut self, keys: impl IntoIterator<Item = String>) {
        for key in keys {
            self.overflowed |= !insert(&mut self.at_largest, key);
        }
    }

    /// Remembers these keys of rows in a repeated hour, where that is the latest.
    fn remember_in_hour(&mut self, hour: RepeatedHour, keys: impl IntoIterator<Item = String>) {
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

    /// The keys of the rows that the next fetch may meet again: those at the largest cursor, and those in
    /// the repeated hour that it is in.
    pub(super) fn seen(&self) -> Cow<'_, BTreeSet<String>> {
        let largest = self.largest.as_ref();
        let largest_hour =
            largest.and_then(|largest| hour_of(self.format.as_ref(), largest.as_value()));
        match &self.hour {
            Some((hour, keys)) if is_same(Some(*hour), largest_hour) => {
                Cow::Owned(self.at_largest.union(keys).cloned().collect())
            }
            _ => Cow::Borrowed(&self.at_largest),
        }
    }

    /// Whether a state of the rows that came so far is short enough to be given with each page.
    pub(super) fn is_brief(&self) -> bool {
        self.at_largest.len() <= MOST_WHOLE_KEYS
    }

    /// Whether there is room in the state for how far it came.
    pub(super) fn room(&self) -> Room {
        self.range.whose.room(self.at_largest.len())
    }

    pub(super) fn state(&self, resource: &str) -> Option<State> {
        let Range {
            column, by, whose, ..
        } = &self.range;
        let largest = self.largest.as_ref()?;
        whose.state(resource, column, by, largest, &self.seen())
    }
}

/// Adds a key, in a short form where there are many; whether there was room.
fn insert(keys: &mut BTreeSet<String>, key: String) -> bool {
    if keys.contains(&key) {
        return true;
    }
    let key = if keys.len() < MOST_WHOLE_KEYS {
        key
    } else {
        digest(&key)
    };
    if keys.len() < MOST_SEEN {
        keys.insert(key);
        return true;
    }
    keys.contains(&key)
}

/// The repeated hour that a value is in.
fn hour_of(format: Option<&Format>, value: Value<'_>) -> Option<RepeatedHour> {
    match value {
        Value::Timestamp(at) => format?.repeated_hour(at),
        _ => None,
    }
}

fn is_same(one: Option<RepeatedHour>, other: Option<RepeatedHour>) -> bool {
    let begin = |hour: RepeatedHour| -> Timestamp { hour.begin };
    one.is_some() && one.map(begin) == other.map(begin)
}

/// How a row in a repeated hour is remembered: another version of the record has another cursor.
fn key_in_hour(key: &str, value: Value<'_>) -> String {
    format!("{key} at {value}")
}
