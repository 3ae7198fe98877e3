//! The range of cursor values that a fetch covers.

use std::{cmp::Ordering, sync::Arc};

use super::{
    FutureCursors, RangeEnds, Request, ResumePoint, StateScope,
    cursor::resolved_lag,
    dedup_key,
    windows::{Window, resolved_windows},
};
use crate::{
    Column, Date, Error, ErrorKind, Position, Result, Scalar, Type,
    plan::{Incremental, Part, ResourcePlan},
    state::{DedupKey, Start},
    template::Bounds,
};

/// The name of the cursor of a resource whose records have none: its state is the end of a window.
const NO_CURSOR: &str = "end of the windows";

/// The name of the cursor of a resource whose API says where the next fetch starts.
const CHANGE_TOKEN: &str = "token of the last page";

/// The same, where that is a link.
const DELTA_LINK: &str = "link of the last page";

/// The range of cursor values that a fetch covers.
#[derive(Clone, Debug)]
pub(crate) struct CursorRange {
    pub(crate) plan: Incremental,
    /// The cursor column; without one, a column of the type of the windows' ends, or of a token.
    pub(crate) column: Column,
    pub(crate) start: Option<Scalar>,
    pub(crate) end: Option<Scalar>,
    /// The earliest start: the `initial_value`, and with a saved cursor the start of its state.
    pub(crate) initial: Option<Scalar>,
    /// Where the first fetch up to the saved state started.
    first_start: Option<Scalar>,
    /// The start that the caller chose.
    pub(crate) from: Option<Scalar>,
    /// The cursor of the saved state.
    pub(crate) last: Option<ResumePoint>,
    /// What records are recognised by.
    pub(crate) by: Arc<DedupKey>,
    /// What the saved state recognises records by.
    pub(crate) saved_dedup_key: Option<Arc<DedupKey>>,
    /// The scope of the state.
    pub(crate) scope: StateScope,
    /// Whether the consumer upserts: records that the state knows are delivered again.
    pub(crate) is_upsert: bool,
    /// Whether the API's own filter decides which records are new.
    pub(crate) is_filtered_by_api: bool,
    pub(crate) future: FutureCursors,
    /// The window that it is, if the range was cut.
    pub(crate) window: Option<Window>,
}

impl CursorRange {
    /// The range without a saved cursor. `None` without `incremental`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if a value does not have the cursor's type, or is given without `incremental`;
    /// [`ErrorKind::State`] if a state is.
    pub(crate) fn new(request: Request<'_>) -> Result<Option<Self>> {
        let Request {
            resource,
            table,
            state,
            ends,
            is_upsert,
            now,
        } = request;
        let Some((plan, column)) = cursor(resource) else {
            return none(state.is_some(), ends.from.is_some(), ends.until.is_some());
        };
        if plan.change_token.is_some() && (ends.from.is_some() || ends.until.is_some()) {
            let message =
                "the API decides what is new, by its token: no start or end can be chosen";
            return Err(Error::new(ErrorKind::Config, message)
                .with_help("fetch without them; everything again is a fetch without a state"));
        }
        let read = |value: Option<Scalar>, what| {
            let read = |value| typed(&column, value, what);
            value.map(read).transpose()
        };
        let lag = resolved_lag(ends.lag, ends.lag_setting.as_ref())?;
        let windows = resolved_windows(plan.windows, ends.step_setting.as_ref())?;
        let initial = read(ends.initial, "`initial_value`")?;
        let from = read(ends.from, "the start")?;
        let first_start = match state.map(|state| &state.origin.start) {
            Some(Start::At(start)) => Scalar::read(&column.data_type, start)?,
            _ => None,
        };
        let end = match ends.until {
            Some(until) => Some(typed(&column, until, "the end")?),
            None => read(ends.end, "`end_value`")?,
        };
        if let (Some(from), Some(end)) = (&from, &end)
            && is_before(end, from)
        {
            let message = format!("the end `{end}` is before the start `{from}`");
            return Err(Error::new(ErrorKind::Config, message));
        }
        if let (None, None, Some(place)) = (&end, &plan.windows, resource.place_of_both_ends()) {
            return Err(no_end(&place));
        }
        Ok(Some(Self {
            start: from.clone().or_else(|| initial.clone()),
            from,
            plan: Incremental {
                lag,
                windows,
                ..plan.clone()
            },
            column,
            end,
            initial,
            first_start,
            last: None,
            by: Arc::new(dedup_key::dedup_key_of(resource, table)),
            saved_dedup_key: state.map(|state| Arc::new(state.by.clone())),
            scope: StateScope::All,
            is_upsert,
            // A group of rows is replaced as a whole: one older record would replace all of its group.
            is_filtered_by_api: is_upsert && !resource.replaces_groups() && resource.sends_start(),
            future: FutureCursors::new(resource.future_cursor(), now),
            window: None,
        }))
    }

    /// The `initial_value` and the `end_value` of a resource, as values of its cursor column.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if a value does not have the cursor's type.
    pub(crate) fn declared(
        resource: &ResourcePlan,
        ends: RangeEnds,
    ) -> Result<(Option<Scalar>, Option<Scalar>)> {
        let Some((_, column)) = cursor(resource) else {
            return Ok((None, None));
        };
        let read = |value: Option<Scalar>, what| {
            let read = |value| typed(&column, value, what);
            value.map(read).transpose()
        };
        Ok((
            read(ends.initial, "`initial_value`")?,
            read(ends.end, "`end_value`")?,
        ))
    }

    /// Whether records have a cursor.
    pub(crate) const fn has_cursor(&self) -> bool {
        self.plan.column.is_some()
    }

    /// The URL at which the fetch starts, where the API gave one to an earlier fetch.
    pub(crate) fn link(&self) -> Option<Position> {
        match (&self.plan.change_token, &self.start) {
            (Some(token), Some(Scalar::Text(url))) if token.is_link => {
                Some(Position::Url(url.clone()))
            }
            _ => None,
        }
    }

    /// Whether the fetch starts at a token of an earlier one, which may have expired.
    pub(crate) fn starts_at_token(&self) -> bool {
        self.plan.change_token.is_some() && self.last.is_some()
    }

    /// The bounds of a fetch that starts over, without a token: only a path needs the initial value.
    ///
    /// # Errors
    ///
    /// As of [`bounds`](Self::bounds).
    pub(crate) fn bounds_without_token(&self, resource: &ResourcePlan) -> Result<Bounds> {
        if resource.path.has(&Part::IncrementalStart) {
            return self.clone().since(None).bounds();
        }
        Ok(Bounds::default())
    }

    /// The range from the cursor of an earlier fetch.
    pub(crate) fn since(mut self, last: Option<ResumePoint>) -> Self {
        // An `initial_value` is for a first fetch: one after the saved cursor would leave out what lies between.
        if last.is_some() && self.plan.change_token.is_none() {
            self.initial = self.first_start.clone();
        }
        let cursor = last.as_ref().map(|last| &last.cursor);
        self.start = match (&self.from, cursor) {
            (Some(from), _) => Some(from.clone()),
            // A token has no order: no initial value is after it.
            (None, Some(token)) if self.plan.change_token.is_some() => Some(token.clone()),
            (None, cursor) => start(&self.plan, cursor, self.initial.clone()),
        };
        self.last = last;
        self
    }

    /// The range from this cursor on, which the fetch has reached.
    pub(crate) fn restarted_at(&self, cursor: &Scalar) -> Self {
        let mut range = self.clone();
        range.start = Some(cursor.clone());
        if let Some(window) = &mut range.window {
            window.sent_start = cursor.clone();
        }
        range
    }

    /// Whether the caller chose a start after the saved cursor: the records between them are not fetched, so the
    /// state must not move.
    pub(crate) fn leaves_a_gap(&self) -> bool {
        let Some(from) = &self.from else {
            return false;
        };
        let has_state = self.saved_dedup_key.is_some();
        match (&self.last, &self.initial) {
            (Some(last), _) => is_before(&last.cursor, from),
            // A partition that the state does not know; without a state, it begins at this start.
            (None, Some(initial)) => has_state && is_before(initial, from),
            (None, None) => has_state,
        }
    }

    /// The range with this scope.
    pub(crate) fn with_scope(mut self, scope: StateScope) -> Self {
        self.scope = scope;
        self
    }

    /// The bounds as they are sent.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the format cannot write a value.
    pub(crate) fn bounds(&self) -> Result<Bounds> {
        let format = &self.plan.format;
        // An API reads the fractions that it writes.
        let is_own = matches!(&self.column.data_type, Type::Timestamp(own) if own == format);
        let sent = |value: &Option<Scalar>, up| match value {
            None => Ok(None),
            Some(value) => match value.sent(format, is_own, up)? {
                Some(sent) => Ok(Some(sent)),
                None => Err(Error::new(
                    ErrorKind::Config,
                    format!("the cursor value `{value}` cannot be written in the `format` given"),
                )),
            },
        };
        let (start_value, end_value, rounds_up) = match &self.window {
            Some(window) => {
                let [start, end] = [&window.sent_start, &window.sent_end].map(Clone::clone);
                (Some(start), Some(end), window.rounds_up)
            }
            None => (self.start.clone(), self.end.clone(), true),
        };
        Ok(Bounds {
            start: sent(&start_value, false)?,
            end: sent(&end_value, rounds_up)?,
            start_value,
            end_value,
            format: Some(format.clone()),
        })
    }

    /// The name in messages: `2026-01-01 to 2026-02-01`.
    pub(crate) fn name(&self) -> String {
        let [start, end] = [&self.start, &self.end].map(|bound| {
            let shown = bound.as_ref().map(ToString::to_string);
            shown.unwrap_or_else(|| "…".to_owned())
        });
        format!("{start} to {end}")
    }
}

/// The plan of an incremental resource, and its cursor column.
pub(crate) fn cursor(resource: &ResourcePlan) -> Option<(&Incremental, Column)> {
    let plan = resource.incremental.as_ref()?;
    let column = match plan.column {
        Some(at) => resource.table.columns.get(usize::from(at))?.clone(),
        None => match &plan.change_token {
            Some(token) if token.is_link => Column::new(DELTA_LINK, Type::Text),
            Some(_) => Column::new(CHANGE_TOKEN, Type::Text),
            None => Column::new(NO_CURSOR, Type::Timestamp(plan.format.clone())),
        },
    };
    Some((plan, column))
}

/// The saved cursor less the lag, but not before the earliest start; that one without a saved cursor.
fn start(plan: &Incremental, last: Option<&Scalar>, initial: Option<Scalar>) -> Option<Scalar> {
    let Some(last) = last else {
        return initial;
    };
    let back = match &plan.lag {
        // No value is as early: start at the beginning.
        Some(lag) => last.before(lag),
        None => Some(last.clone()),
    };
    match (back, initial) {
        (Some(back), Some(initial)) if is_before(&back, &initial) => Some(initial),
        (Some(back), _) => Some(back),
        (None, initial) => initial,
    }
}

fn is_before(a: &Scalar, b: &Scalar) -> bool {
    a.compare(b.as_value()) == Some(Ordering::Less)
}

fn none(has_state: bool, has_start: bool, has_end: bool) -> Result<Option<CursorRange>> {
    let error = |kind, what: &str| {
        Err(Error::new(
            kind,
            format!("the resource has no `incremental`, but {what}"),
        )
        .with_help("declare `incremental` in its `endpoint`, or fetch it whole"))
    };
    if has_state {
        return error(ErrorKind::State, "a state was given");
    }
    if has_start {
        return error(ErrorKind::Config, "a start was given");
    }
    if has_end {
        return error(ErrorKind::Config, "an end was given");
    }
    Ok(None)
}

/// Reads a value of the spec or the caller as the column's type: text, a date for an instant, and the like.
pub(super) fn typed(column: &Column, value: Scalar, what: &str) -> Result<Scalar> {
    if value.is_cursor_of(&column.data_type) {
        return Ok(value);
    }
    let text = value.to_string();
    let read = match (&value, &column.data_type) {
        (Scalar::Timestamp(at), Type::Date(_)) => at.day().map(Scalar::Date),
        _ => Scalar::read(&column.data_type, &text)?,
    };
    let read = match (read, &column.data_type) {
        (None, Type::Timestamp(_)) if text.parse::<Date>().is_ok() => {
            Scalar::read(&column.data_type, &format!("{text}T00:00:00Z"))?
        }
        (read, _) => read,
    };
    read.ok_or_else(|| wrong(&format!("{what} `{value}`"), column))
}

/// The error for a parameter of both ends without an end: it would be left out, and every record fetched
/// each time.
fn no_end(place: &str) -> Error {
    let message = format!("{place} holds both ends of the range, and the range has no end");
    Error::new(ErrorKind::Config, message)
        .with_help("set `end_value`, or `until` for the fetch; or send the ends in two parameters")
}

fn wrong(what: &str, column: &Column) -> Error {
    Error::new(
        ErrorKind::Config,
        format!(
            "{what} is not a valid {}, the type of the cursor column `{}`",
            column.data_type.word(),
            column.name
        ),
    )
}

#[cfg(test)]
mod tests {
    use std::{sync::LazyLock, time::Duration};

    use super::*;
    use crate::{
        State, Table, TimeFormat, Type,
        incremental::RangeEnds,
        incremental::resume,
        plan::{Lag, Part, ResourcePlan, Template},
        shared::{Ref::Static, list},
        state::{Checkpoint, Origin, Progress},
    };

    static TABLE: Table = Table::new(
        "things",
        list![
            Column::new("id", Type::Bigint).primary_key(),
            Column::new("at", Type::TIMESTAMP),
        ],
    );

    const BY_TIME: Incremental = Incremental {
        lag: Some(Lag::Duration(Duration::from_secs(3_600))),
        format: TimeFormat::EpochSeconds,
        column: Some(1),
        ..Incremental::DEFAULT
    };

    fn things(incremental: Incremental) -> ResourcePlan {
        ResourcePlan {
            name: Static("things"),
            table: Static(&TABLE),
            incremental: Some(incremental),
            ..ResourcePlan::DEFAULT
        }
    }

    static LAGGING: LazyLock<ResourcePlan> = LazyLock::new(|| things(BY_TIME));
    static LATE: LazyLock<ResourcePlan> = LazyLock::new(|| {
        things(Incremental {
            initial_value: Some(text("2026-11-21T09:00:00Z")),
            end_value: Some(text("2026-11-21T11:30:00.25+01:00")),
            ..BY_TIME
        })
    });
    static WRONG: LazyLock<ResourcePlan> = LazyLock::new(|| {
        things(Incremental {
            initial_value: Some(text("long ago")),
            ..BY_TIME
        })
    });

    fn text(text: &'static str) -> Template {
        Template(vec![Part::Text(Static(text))].into())
    }

    fn since(value: &str) -> State {
        let mark = Checkpoint {
            value: value.to_owned(),
            seen: Arc::default(),
        };
        State {
            resource: "things".to_owned(),
            column: "at".to_owned(),
            data_type: "timestamp".to_owned(),
            by: DedupKey::Key(vec!["id".to_owned()]),
            reach: Progress::All(mark),
            origin: Origin::default(),
        }
    }

    fn range(resource: &'static ResourcePlan, state: Option<&State>) -> Result<CursorRange> {
        let request = Request {
            resource,
            table: &resource.table,
            state,
            ends: RangeEnds::of_texts(resource.incremental.as_ref().unwrap()),
            is_upsert: false,
            now: std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000),
        };
        Ok(resume::range(request, None)?.unwrap())
    }

    fn bounds(resource: &'static ResourcePlan, state: Option<&State>) -> [Option<String>; 2] {
        let Bounds { start, end, .. } = range(resource, state).unwrap().bounds().unwrap();
        [start, end].map(|bound| bound.map(|value| value.to_string()))
    }

    #[test]
    fn a_first_fetch_starts_at_the_initial_value_or_at_the_beginning() {
        assert_eq!(bounds(&LAGGING, None), [None, None]);
        let [start, end] = bounds(&LATE, None).map(Option::unwrap);
        assert_eq!((start.as_str(), end.as_str()), ("1795251600", "1795257001"));
    }

    #[test]
    fn next_fetch_starts_the_lag_earlier_but_not_before_the_first_one() {
        let [start, _] = bounds(&LAGGING, Some(&since("2026-11-21T09:30:00Z")));
        assert_eq!(start.unwrap(), "1795249800");
        let mut state = since("2026-11-21T09:30:00Z");
        state.origin.start = Start::At("2026-11-21T09:00:00Z".to_owned());
        let [start, _] = bounds(&LATE, Some(&state));
        assert_eq!(start.unwrap(), "1795251600");
    }

    #[test]
    fn initial_value_after_the_saved_cursor_skips_nothing() {
        let mut state = since("2026-11-20T09:30:00Z");
        state.origin.start = Start::At("2026-11-01T00:00:00Z".to_owned());
        let [start, _] = bounds(&LATE, Some(&state));
        assert_eq!(start.unwrap(), "1795163400");
    }

    #[test]
    fn lag_of_a_setting_is_not_negative_and_in_range() {
        for (value, is_valid) in [(3, true), (0, true), (-5, false), (99_999_999_999, false)] {
            let lag = Lag::Setting {
                setting: 0,
                unit: Lag::Duration(Duration::from_secs(86_400)).into(),
            };
            let resource = things(Incremental {
                lag: Some(lag),
                ..BY_TIME
            });
            let request = Request {
                resource: &resource,
                table: &resource.table,
                state: None,
                ends: RangeEnds {
                    lag_setting: Some(Scalar::Bigint(value)),
                    ..RangeEnds::of_texts(resource.incremental.as_ref().unwrap())
                },
                is_upsert: false,
                now: std::time::SystemTime::UNIX_EPOCH,
            };
            assert_eq!(resume::range(request, None).is_ok(), is_valid, "{value}");
        }
    }

    #[test]
    fn values_of_another_type_are_refused() {
        let kind = |resource, state| {
            let state: Option<State> = state;
            range(resource, state.as_ref()).unwrap_err().kind().clone()
        };
        assert_eq!(kind(&*WRONG, None), ErrorKind::Config);
        assert_eq!(kind(&*LAGGING, Some(since("soon"))), ErrorKind::State);
    }
}
