//! The windows that the range of a fetch is cut into.

use std::{sync::Arc, time::Duration};

use jiff::{Span, tz::TimeZone};

use super::{CursorRange, RecordFilter, ResumePoint};
use crate::{
    Error, ErrorKind, Result, Scalar, Timestamp,
    plan::{self, WindowStep},
    schema::Type,
    value::{
        Date,
        format::{Format, RepeatedHour},
    },
};

const DAY: Duration = Duration::from_secs(86_400);

/// A window of a range: what its requests send, and the cursor to resume at after it.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    start: Timestamp,
    end: Timestamp,
    pub(super) sent_start: Scalar,
    pub(super) sent_end: Scalar,
    /// Whether the format may round the end up: requests then cover more than the window.
    pub(super) rounds_up: bool,
    /// The start of the window after it, as a saved cursor.
    pub(super) resume_at: Scalar,
    /// Whether it ends where the range does.
    is_last: bool,
    cut: Arc<Cut>,
}

impl Window {
    /// Halves a window that is too large for the API; `None` if it cannot be cut.
    pub(crate) fn halves(&self) -> Option<[CursorRange; 2]> {
        let (start, end) = (self.start, self.end);
        let half = (end.epoch_nanoseconds() - start.epoch_nanoseconds()) / 2;
        let middle = Timestamp::from_epoch_nanoseconds(start.epoch_nanoseconds() + half)?;
        let middle = self.cut.edge(middle);
        (start < middle && middle < end)
            .then(|| [self.cut.window(start, middle), self.cut.window(middle, end)])
    }
}

impl CursorRange {
    /// The checkpoint after a window that was fetched as a whole. After the last window of a range with a cursor, it
    /// is the largest one: records with later cursors may have been added since.
    pub(super) fn reached(&self, filter: RecordFilter) -> Option<ResumePoint> {
        let window = self.window.as_ref()?;
        if window.is_last && self.has_cursor() {
            return filter.into_checkpoint(true)?.last;
        }
        Some(ResumePoint {
            cursor: window.resume_at.clone(),
            seen: Arc::default(),
        })
    }
}

/// The windows of a range, in order. They cover each instant of it once.
#[derive(Debug)]
pub(crate) struct Windows {
    cut: Arc<Cut>,
    step: WindowStep,
    /// The start of the next window, and its number; `None` after the last.
    next: Option<(Timestamp, i64)>,
}

/// How a range is cut.
#[derive(Debug)]
struct Cut {
    range: CursorRange,
    calendar: Calendar,
    granularity: Option<Duration>,
    first: Timestamp,
    /// The end, excluded if there is a granularity.
    end: Timestamp,
}

impl Windows {
    /// The windows of a range; `None` if the plan has none.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the range has no start, or is not one of times.
    pub(crate) fn new(range: &CursorRange) -> Result<Option<Self>> {
        let Some(plan::Windows { step, granularity }) = range.plan.windows else {
            return Ok(None);
        };
        let calendar = Calendar::new(range)?;
        let granularity = granularity.or(calendar.is_date.then_some(DAY));
        let given = range.end.as_ref().map(Calendar::instant);
        let is_end_given = given.is_some();
        let start = range.start.as_ref().map(Calendar::instant);
        let (Some(first), Some(end)) = (
            start.flatten(),
            given.unwrap_or_else(|| calendar.end_at(range)),
        ) else {
            let message = "the windows of `step` need a start, and a cursor that is a time";
            return Err(Error::new(ErrorKind::Config, message)
                .with_help("set `initial_value`, or give a start to the fetch"));
        };
        let mut cut = Cut {
            range: range.clone(),
            calendar,
            granularity,
            first,
            end,
        };
        if is_end_given {
            if range.plan.start_closed && range.plan.end_closed {
                cut.end = cut.after(end);
            }
        } else if !range.has_cursor() && !range.is_upsert {
            // The records of a day that is not over would be appended again.
            cut.end = cut.floor(end);
        }
        Ok(Some(Self {
            cut: Arc::new(cut),
            step,
            next: Some((first, 1)),
        }))
    }

    /// The first edge after `start`, at or after the step of this number, and the number after it.
    fn following(&self, start: Timestamp, mut number: i64) -> (Timestamp, i64) {
        let cut = &self.cut;
        loop {
            let Some(edge) = cut.calendar.step(cut.first, self.step, number) else {
                return (cut.end, number);
            };
            let edge = cut.edge(edge);
            number += 1;
            if edge > start {
                return (edge.min(cut.end), number);
            }
        }
    }
}

impl Iterator for Windows {
    type Item = CursorRange;

    fn next(&mut self) -> Option<CursorRange> {
        let end = self.cut.end;
        let (start, number) = self.next.take_if(|(start, _)| *start < end)?;
        let (end, number) = self.following(start, number);
        self.next = Some((end, number));
        Some(self.cut.window(start, end))
    }
}

impl Cut {
    /// An instant at which a window may end: a multiple of the granularity, whose text in the format stands for
    /// no other instant.
    fn edge(&self, at: Timestamp) -> Timestamp {
        let edge = self.floor(at);
        let repeated = self.calendar.repeated_hour(edge);
        repeated.map_or(edge, |hour| hour.end)
    }

    fn floor(&self, at: Timestamp) -> Timestamp {
        let floor = |granularity| self.calendar.floor(at, granularity);
        self.granularity.and_then(floor).unwrap_or(at)
    }

    /// The end of the granule that an instant is in.
    fn after(&self, at: Timestamp) -> Timestamp {
        let after = |granularity| {
            self.calendar
                .floor(at, granularity)?
                .checked_add(granularity)
        };
        self.granularity.and_then(after).unwrap_or(at)
    }

    /// The last granule that begins before an instant.
    fn last_before(&self, at: Timestamp) -> Timestamp {
        let floor = self.floor(at);
        if floor == at { self.before(at) } else { floor }
    }

    /// The instant one granularity earlier.
    fn before(&self, at: Timestamp) -> Timestamp {
        let back = |granularity| self.calendar.back(at, granularity);
        self.granularity.and_then(back).unwrap_or(at)
    }

    fn window(self: &Arc<Self>, start: Timestamp, end: Timestamp) -> CursorRange {
        let mut range = self.range.clone();
        let (is_first, is_last) = (start == self.first, end == self.end);
        let (includes_start, includes_end) = (range.plan.start_closed, range.plan.end_closed);
        // Neither window would have the instant at which one ends and the other starts.
        let skips_edge = !includes_start && !includes_end;
        let sent_start = if skips_edge && !is_first {
            self.before(start)
        } else {
            start
        };
        let has_granularity = self.granularity.is_some();
        let sent_end = if includes_start && includes_end && (has_granularity || !is_last) {
            self.last_before(end)
        } else {
            end
        };
        let resume_at = if skips_edge && !is_last {
            self.before(end)
        } else {
            end
        };
        let scalar = |at| self.calendar.scalar(at);
        range.start = Some(scalar(start));
        if !(is_last && range.end.is_some()) {
            range.end = Some(scalar(end));
        }
        range.plan.start_closed = includes_start || (skips_edge && !is_first);
        range.plan.end_closed = includes_end && (is_last || !includes_start);
        range.is_filtered_by_api &= is_first;
        range.window = Some(Window {
            start,
            end,
            sent_start: scalar(sent_start),
            sent_end: scalar(sent_end),
            rounds_up: !(includes_start && includes_end && has_granularity),
            resume_at: scalar(resume_at),
            is_last,
            cut: Arc::clone(self),
        });
        range
    }
}

/// The calendar of a cursor: its days begin at midnight in the zone of the format.
#[derive(Clone, Debug)]
struct Calendar {
    format: Format,
    zone: TimeZone,
    /// Whether the cursor is a date.
    is_date: bool,
}

impl Calendar {
    fn new(range: &CursorRange) -> Result<Self> {
        let format = Format::new(&range.plan.format)?;
        let is_date = matches!(range.column.data_type, Type::Date(_));
        let zone = format.zone().filter(|_| !is_date).cloned();
        Ok(Self {
            is_date,
            zone: zone.unwrap_or(TimeZone::UTC),
            format,
        })
    }

    fn repeated_hour(&self, at: Timestamp) -> Option<RepeatedHour> {
        self.format.repeated_hour(at).filter(|_| !self.is_date)
    }

    /// A cursor value as an instant; a date as its midnight in UTC.
    fn instant(value: &Scalar) -> Option<Timestamp> {
        match value {
            Scalar::Timestamp(at) => Some(*at),
            Scalar::Date(day) => Timestamp::in_zone(&TimeZone::UTC, day.jiff().at(0, 0, 0, 0)),
            _ => None,
        }
    }

    fn scalar(&self, at: Timestamp) -> Scalar {
        let day = || Some(Date::from_jiff(at.civil(&TimeZone::UTC)?.date()));
        match self.is_date.then(day).flatten() {
            Some(day) => Scalar::Date(day),
            None => Scalar::Timestamp(at),
        }
    }

    /// The end of a range without one: the time of the fetch; of dates, its day included.
    fn end_at(&self, range: &CursorRange) -> Option<Timestamp> {
        let now = range.future.began();
        if !self.is_date {
            return Some(now);
        }
        let today = self.floor(now, DAY)?;
        // The windows of an end and a start that are included end after their last day.
        if range.plan.end_closed && !range.plan.start_closed {
            Some(today)
        } else {
            today.checked_add(DAY)
        }
    }

    /// The instant that many steps after the first. Days and months are those of the calendar, so that a window
    /// of days begins at the same time of the day across a clock change.
    fn step(&self, first: Timestamp, step: WindowStep, number: i64) -> Option<Timestamp> {
        match step {
            WindowStep::Months(months) => {
                let months = i64::from(months).checked_mul(number)?;
                self.add(first, Span::new().try_months(months).ok()?)
            }
            WindowStep::Duration(step) => match whole_days(step) {
                Some(days) => {
                    self.add(first, Span::new().try_days(days.checked_mul(number)?).ok()?)
                }
                None => first.checked_add(step.checked_mul(u32::try_from(number).ok()?)?),
            },
        }
    }

    fn floor(&self, at: Timestamp, granularity: Duration) -> Option<Timestamp> {
        if whole_days(granularity).is_some() {
            let midnight = at.civil(&self.zone)?.date().at(0, 0, 0, 0);
            return Timestamp::in_zone(&self.zone, midnight);
        }
        let unit = i128::try_from(granularity.as_nanos()).ok()?;
        let rest = at.epoch_nanoseconds().checked_rem_euclid(unit)?;
        Timestamp::from_epoch_nanoseconds(at.epoch_nanoseconds() - rest)
    }

    fn back(&self, at: Timestamp, granularity: Duration) -> Option<Timestamp> {
        match whole_days(granularity) {
            Some(days) => self.add(at, Span::new().try_days(-days).ok()?),
            None => at.checked_sub(granularity),
        }
    }

    fn add(&self, at: Timestamp, span: Span) -> Option<Timestamp> {
        let civil = at.civil(&self.zone)?;
        Timestamp::in_zone(&self.zone, civil.checked_add(span).ok()?)
    }
}

/// The number of days, if it is a whole one.
fn whole_days(duration: Duration) -> Option<i64> {
    let is_whole = duration.subsec_nanos() == 0 && duration.as_secs().is_multiple_of(86_400);
    let days = is_whole.then(|| i64::try_from(duration.as_secs() / 86_400).ok())?;
    days.filter(|days| *days > 0)
}

#[cfg(test)]
mod tests {
    use std::{cmp::Ordering, sync::LazyLock, time::SystemTime};

    use proptest::prelude::*;

    use super::*;
    use crate::{
        Column, Table, TimeFormat,
        incremental::{RangeEnds, Request, resume},
        plan::{Incremental, Part, ResourcePlan, Template},
        shared::Ref::Static,
        template::Bounds,
    };

    static TABLE: LazyLock<Table> = LazyLock::new(|| {
        let columns = [
            ("at", Type::TIMESTAMP),
            ("day", Type::Date(TimeFormat::Date)),
        ];
        let columns = columns.map(|(name, data_type)| Column::new(name, data_type));
        Table::new("things", Vec::from(columns).into())
    });

    /// The windows of this plan, in a fetch that starts at this second.
    fn windows(plan: Incremental, now: u64) -> Vec<CursorRange> {
        let resource = ResourcePlan {
            table: TABLE.clone().into(),
            incremental: Some(plan),
            ..ResourcePlan::DEFAULT
        };
        let request = Request {
            resource: &resource,
            table: &resource.table,
            state: None,
            ends: RangeEnds::of_texts(resource.incremental.as_ref().unwrap()),
            is_upsert: false,
            now: SystemTime::UNIX_EPOCH + Duration::from_secs(now),
        };
        let range = resume::range(request, None).unwrap().unwrap();
        Windows::new(&range).unwrap().unwrap().collect()
    }

    fn text(text: &str) -> Template {
        Template(vec![Part::Text(text.to_owned().into())].into())
    }

    fn plan(step: &str, initial: &str, end: Option<&str>) -> Incremental {
        let step = match step.split_once('m') {
            Some((months, _)) => WindowStep::Months(months.parse().unwrap()),
            None => WindowStep::Duration(Duration::from_secs(step.parse().unwrap())),
        };
        Incremental {
            column: Some(0),
            initial_value: Some(text(initial)),
            end_value: end.map(text),
            windows: Some(plan::Windows {
                step,
                granularity: None,
            }),
            ..Incremental::DEFAULT
        }
    }

    fn granularity(seconds: u64, plan: Incremental) -> Incremental {
        let windows = plan.windows.map(|windows| plan::Windows {
            granularity: Some(Duration::from_secs(seconds)),
            ..windows
        });
        Incremental { windows, ..plan }
    }

    fn sent(windows: &[CursorRange]) -> Vec<String> {
        let sent = windows.iter().map(|window| {
            let Bounds { start, end, .. } = window.bounds().unwrap();
            format!("{} {}", start.unwrap(), end.unwrap())
        });
        sent.collect()
    }

    #[test]
    fn months_are_those_of_the_calendar() {
        let days = Incremental {
            column: Some(1),
            format: TimeFormat::Date,
            ..plan("1m", "2024-01-31", Some("2024-04-15"))
        };
        assert_eq!(
            sent(&windows(days, 0)),
            [
                "2024-01-31 2024-02-29",
                "2024-02-29 2024-03-31",
                "2024-03-31 2024-04-15"
            ]
        );
    }

    #[test]
    fn end_that_the_api_includes_is_one_granularity_before_the_next_start() {
        let days = Incremental {
            column: Some(1),
            end_closed: true,
            format: TimeFormat::Date,
            ..plan("604800", "2024-02-20", Some("2024-03-05"))
        };
        assert_eq!(
            sent(&windows(days, 0)),
            [
                "2024-02-20 2024-02-26",
                "2024-02-27 2024-03-04",
                "2024-03-05 2024-03-05"
            ]
        );
        let times = Incremental {
            end_closed: true,
            format: TimeFormat::EpochSeconds,
            ..plan("100", "1970-01-01T00:00:00Z", None)
        };
        assert_eq!(
            sent(&windows(granularity(1, times), 250)),
            ["0 99", "100 199", "200 249"]
        );
    }

    #[test]
    fn windows_of_days_start_at_one_local_time_across_clock_changes() {
        let local = Incremental {
            format: TimeFormat::Local {
                zone: Static("Europe/Berlin"),
            },
            ..plan(
                "86400",
                "2024-10-25T22:00:00Z",
                Some("2024-10-28T23:00:00Z"),
            )
        };
        let days = [
            "2024-10-26T00:00:00 2024-10-27T00:00:00",
            "2024-10-27T00:00:00 2024-10-28T00:00:00",
            "2024-10-28T00:00:00 2024-10-29T00:00:00",
        ];
        assert_eq!(sent(&windows(local.clone(), 0)), days);
        assert_eq!(sent(&windows(granularity(86_400, local), 0)), days);
    }

    #[test]
    fn no_window_ends_within_a_repeated_hour() {
        let local = Incremental {
            format: TimeFormat::Local {
                zone: Static("Europe/Berlin"),
            },
            ..plan("1800", "2024-10-26T23:30:00Z", Some("2024-10-27T02:30:00Z"))
        };
        assert_eq!(
            sent(&windows(local, 0)),
            [
                "2024-10-27T01:30:00 2024-10-27T03:00:00",
                "2024-10-27T03:00:00 2024-10-27T03:30:00"
            ]
        );
    }

    #[test]
    fn empty_range_has_no_windows() {
        assert!(windows(plan("60", "2024-01-01T00:00:00Z", None), 0).is_empty());
    }

    #[test]
    fn window_is_halved_down_to_its_granularity() {
        let days = Incremental {
            column: Some(1),
            format: TimeFormat::Date,
            ..plan("259200", "2024-01-01", Some("2024-01-04"))
        };
        let whole = &windows(days, 0)[0];
        let [first, second] = whole.window.as_ref().unwrap().halves().unwrap();
        assert_eq!(
            sent(&[first.clone(), second]),
            ["2024-01-01 2024-01-02", "2024-01-02 2024-01-04"]
        );
        assert!(first.window.as_ref().unwrap().halves().is_none());
    }

    /// Whether this second is on the right side of a bound.
    fn is_past(bound: &Scalar, second: i64, includes: bool, side: Ordering) -> bool {
        let Scalar::Bigint(bound) = bound else {
            panic!("{bound} is not a number");
        };
        let order = second.cmp(bound);
        order == side || (includes && order == Ordering::Equal)
    }

    fn is_in(window: &CursorRange, second: i64) -> bool {
        let at = Timestamp::from_epoch(second, 0).map(Scalar::Timestamp);
        let compare = |bound: &Option<Scalar>| {
            let bound = bound
                .as_ref()
                .and_then(|bound| bound.compare(at.as_ref()?.as_value()));
            bound.unwrap()
        };
        let (start, end) = (compare(&window.start), compare(&window.end));
        (start == Ordering::Less || window.plan.start_closed && start == Ordering::Equal)
            && (end == Ordering::Greater || window.plan.end_closed && end == Ordering::Equal)
    }

    proptest! {
        /// Each granule of the range is requested, and kept, in one window; and only there if no cursor tells.
        #[test]
        fn each_instant_is_in_one_window(
            start in 0i64..5_000, length in 0i64..5_000, step in 1u64..900, granularity_of in 1u64..60,
            start_closed: bool, end_closed: bool, has_cursor: bool, has_end: bool, instants in prop::collection::vec(0i64..10_000, 40),
        ) {
            let unit = i64::try_from(granularity_of).unwrap();
            let (start, end) = (start / unit * unit, (start + length) / unit * unit);
            let time = |second| Timestamp::from_epoch(second, 0).unwrap().to_string();
            let step = step.max(granularity_of);
            let plan = Incremental {
                column: has_cursor.then_some(0),
                format: TimeFormat::EpochSeconds,
                start_closed,
                end_closed,
                ..plan(&step.to_string(), &time(start), has_end.then(|| time(end)).as_deref())
            };
            let windows = windows(granularity(granularity_of, plan), u64::try_from(end).unwrap());
            let most = (length + unit) / i64::try_from(step / granularity_of * granularity_of).unwrap() + 1;
            prop_assert!(i64::try_from(windows.len()).unwrap() <= most);
            for (window, after) in windows.iter().zip(windows.iter().skip(1)) {
                prop_assert_eq!(&window.end, &after.start);
            }
            for second in instants.into_iter().map(|second| second / unit * unit) {
                let is_wanted = end > start
                    && (second > start || start_closed && second == start)
                    && (second < end || end_closed && (has_end || !start_closed) && second == end);
                let requested: Vec<_> = windows.iter().filter(|window| {
                    let Bounds { start, end, .. } = window.bounds().unwrap();
                    is_past(&start.unwrap(), second, start_closed, Ordering::Greater)
                        && is_past(&end.unwrap(), second, end_closed, Ordering::Less)
                }).collect();
                let kept = requested.iter().filter(|window| is_in(window, second)).count();
                prop_assert_eq!(kept, usize::from(is_wanted), "{}", second);
                if !has_cursor {
                    prop_assert_eq!(requested.len(), usize::from(is_wanted), "{}", second);
                }
            }
        }
    }
}
