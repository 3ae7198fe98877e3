//! Where an incremental fetch starts and ends.

use std::{cmp::Ordering, sync::Arc};

use super::{FutureCursors, Last, Request, Whose, key};
use crate::{
    Column, Error, ErrorKind, Result, Scalar, Type, plan::Incremental, state::SeenBy,
    template::Bounds,
};

/// The range of cursor values that a fetch wants.
#[derive(Clone, Debug)]
pub(crate) struct Range {
    pub(crate) plan: Incremental,
    pub(crate) column: Column,
    pub(crate) start: Option<Scalar>,
    pub(crate) end: Option<Scalar>,
    /// The earliest start.
    pub(crate) initial: Option<Scalar>,
    /// How far the fetch before came.
    pub(crate) last: Option<Last>,
    /// What the records at the cursors are recognised by.
    pub(crate) by: Arc<SeenBy>,
    /// What those of the state are.
    pub(crate) was_by: Option<Arc<SeenBy>>,
    /// Whose records are fetched.
    pub(crate) whose: Whose,
    /// Whether the records are upserted: those that the state knows are delivered again.
    pub(crate) is_upsert: bool,
    /// Whether the API's own filter decides which records are new.
    pub(crate) is_filtered_by_api: bool,
    pub(crate) future: FutureCursors,
}

impl Range {
    /// All that a fetch of this resource may want, as rows of this table, until a value where one is
    /// given. A state, where there is one, is only asked what it recognises records by. `None` for a
    /// resource without `incremental`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] where a value is not of the cursor's type, or is given without
    /// `incremental`; [`ErrorKind::State`] where a state is.
    pub(crate) fn new(request: Request<'_>) -> Result<Option<Self>> {
        let Request {
            resource,
            table,
            state,
            until,
            is_upsert,
            now,
        } = request;
        let column = resource
            .incremental
            .as_ref()
            .and_then(|plan| resource.table.columns.get(usize::from(plan.column)));
        let (Some(plan), Some(column)) = (&resource.incremental, column) else {
            return none(state.is_some(), until.is_some());
        };
        let initial = declared(column, plan.initial_value.as_deref(), "initial_value")?;
        let end = match until {
            Some(until) => Some(typed(column, until)?),
            None => declared(column, plan.end_value.as_deref(), "end_value")?,
        };
        if let (None, Some(place)) = (&end, resource.place_of_both_ends()) {
            return Err(no_end(&place));
        }
        Ok(Some(Self {
            start: initial.clone(),
            plan: plan.clone(),
            column: column.clone(),
            end,
            initial,
            last: None,
            by: Arc::new(key::seen_by(resource, table)),
            was_by: state.map(|state| Arc::new(state.by.clone())),
            whose: Whose::All,
            is_upsert,
            // A group of rows is whole or not there: one older record would replace all of its group.
            is_filtered_by_api: is_upsert && !resource.replaces_groups() && resource.sends_start(),
            future: FutureCursors::new(resource.future_cursor(), now),
        }))
    }

    /// What of it is new since an earlier fetch.
    pub(crate) fn since(mut self, last: Option<Last>) -> Self {
        let cursor = last.as_ref().map(|last| &last.cursor);
        self.start = start(&self.plan, cursor, self.initial.clone());
        self.last = last;
        self
    }

    /// What of it is of these.
    pub(crate) fn of(mut self, whose: Whose) -> Self {
        self.whose = whose;
        self
    }

    /// The range as it is sent.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] where the format cannot write a value.
    pub(crate) fn bounds(&self) -> Result<Bounds> {
        let format = &self.plan.format;
        // What the API writes by itself, it reads with its fraction.
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
        Ok(Bounds {
            start: sent(&self.start, false)?,
            end: sent(&self.end, true)?,
        })
    }
}

/// The later of the initial value and what the state says, less the lag.
fn start(plan: &Incremental, last: Option<&Scalar>, initial: Option<Scalar>) -> Option<Scalar> {
    let Some(last) = last else {
        return initial;
    };
    let back = match &plan.lag {
        // Nothing is as early: from the beginning then.
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

fn none(has_state: bool, has_end: bool) -> Result<Option<Range>> {
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
    if has_end {
        return error(ErrorKind::Config, "an end was given");
    }
    Ok(None)
}

fn declared(column: &Column, text: Option<&str>, key: &str) -> Result<Option<Scalar>> {
    let Some(text) = text else {
        return Ok(None);
    };
    match Scalar::read(&column.data_type, text)? {
        Some(value) => Ok(Some(value)),
        None => Err(wrong(&format!("`{key}` `{text}`"), column)),
    }
}

/// A value that the caller gave; text is read as the column's type.
fn typed(column: &Column, value: Scalar) -> Result<Scalar> {
    if value.is_cursor_of(&column.data_type) {
        return Ok(value);
    }
    let read = match &value {
        Scalar::Text(text) => Scalar::read(&column.data_type, text)?,
        _ => None,
    };
    read.ok_or_else(|| wrong(&format!("the end `{value}`"), column))
}

/// Without its end a parameter of both ends is left out, start and all: every record would be fetched
/// each time.
fn no_end(place: &str) -> Error {
    let message = format!("{place} holds both ends of the range, and there is no end");
    Error::new(ErrorKind::Config, message).with_help(
        "give an `end_value`, or an end when it is fetched (`until`); or send the two in parameters of \
         their own",
    )
}

fn wrong(what: &str, column: &Column) -> Error {
    Error::new(
        ErrorKind::Config,
        format!(
            "{what} is no {}, as its cursor column `{}` is",
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
        incremental::given,
        plan::{Lag, ResourcePlan},
        shared::{Ref::Static, list},
        state::{Mark, Origin, Reach},
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
        column: 1,
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
            initial_value: Some(Static("2026-11-21T09:00:00Z")),
            end_value: Some(Static("2026-11-21T11:30:00.25+01:00")),
            ..BY_TIME
        })
    });
    static WRONG: LazyLock<ResourcePlan> = LazyLock::new(|| {
        things(Incremental {
            initial_value: Some(Static("long ago")),
            ..BY_TIME
        })
    });

    fn since(value: &str) -> State {
        let mark = Mark {
            value: value.to_owned(),
            seen: Arc::default(),
        };
        State {
            resource: "things".to_owned(),
            column: "at".to_owned(),
            data_type: "timestamp".to_owned(),
            by: SeenBy::Key(vec!["id".to_owned()]),
            reach: Reach::All(mark),
            origin: Origin::default(),
        }
    }

    fn range(resource: &'static ResourcePlan, state: Option<&State>) -> Result<Range> {
        let request = Request {
            resource,
            table: &resource.table,
            state,
            until: None,
            is_upsert: false,
            now: std::time::SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000),
        };
        Ok(given::range(request, None)?.unwrap())
    }

    fn bounds(resource: &'static ResourcePlan, state: Option<&State>) -> [Option<String>; 2] {
        let Bounds { start, end } = range(resource, state).unwrap().bounds().unwrap();
        [start, end].map(|bound| bound.map(|value| value.to_string()))
    }

    #[test]
    fn a_first_fetch_starts_at_the_initial_value_or_at_the_beginning() {
        assert_eq!(bounds(&LAGGING, None), [None, None]);
        let [start, end] = bounds(&LATE, None).map(Option::unwrap);
        assert_eq!((start.as_str(), end.as_str()), ("1795251600", "1795257001"));
    }

    #[test]
    fn the_next_starts_the_lag_before_the_last_but_not_before_the_initial_value() {
        let [start, _] = bounds(&LAGGING, Some(&since("2026-11-21T09:30:00Z")));
        assert_eq!(start.unwrap(), "1795249800");
        let [start, _] = bounds(&LATE, Some(&since("2026-11-21T09:30:00Z")));
        assert_eq!(start.unwrap(), "1795251600");
    }

    #[test]
    fn values_that_are_none_of_the_column_are_refused() {
        let kind = |resource, state| {
            let state: Option<State> = state;
            range(resource, state.as_ref()).unwrap_err().kind().clone()
        };
        assert_eq!(kind(&*WRONG, None), ErrorKind::Config);
        assert_eq!(kind(&*LAGGING, Some(since("soon"))), ErrorKind::State);
    }
}
