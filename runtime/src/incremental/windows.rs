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

const SECOND: Duration = Duration::from_secs(1);
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
        let edge = self.cut.edge(middle);
        let middle = if edge > start {
            edge
        } else {
            let unit = self.cut.unit;
            self.cut.edge(self.cut.calendar.forward(edge, unit)?)
        };
        (start < middle && middle < end)
            .then(|| [self.cut.window(start, middle), self.cut.window(middle, end)])
    }
}

/// The checkpoint after a window.
pub(super) struct WindowCheckpoint {
    pub(super) point: ResumePoint,
    /// Whether it is the cursor of a record, or there are no cursors. Otherwise no record has been received yet, and
    /// it is the end of the window.
    pub(super) is_received: bool,
}

impl CursorRange {
    /// The checkpoint after a window that was fetched as a whole: the largest cursor received. Empty windows after it
    /// do not move it, because their records may arrive later.
    pub(super) fn reached(&self, filter: RecordFilter) -> Option<WindowCheckpoint> {
        let window = self.window.as_ref()?;
        let end = |is_received| WindowCheckpoint {
            point: ResumePoint {
                cursor: window.resume_at.clone(),
                seen: Arc::default(),
            },
            is_received,
        };
        if !self.has_cursor() {
            return Some(end(true));
        }
        let reached = filter.into_checkpoint(true)?;
        let Some(point) = reached.last else {
            return (!window.is_last).then(|| end(false));
        };
        let is_received = self.is_received(&point);
        if window.is_last {
            let is_received = true;
            return Some(WindowCheckpoint { point, is_received });
        }
        // The next fetch would deliver more records at this cursor again than a state knows.
        if !is_received || reached.overflowed {
            return Some(end(is_received));
        }
        Some(WindowCheckpoint { point, is_received })
    }

    /// Whether a checkpoint is the cursor of a record: a saved state at the end of a window has no keys.
    pub(super) fn is_received(&self, point: &ResumePoint) -> bool {
        !self.has_cursor() || !point.seen.is_empty()
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

/// How a range is cut. The windows are whole granules, and the API's text of a granule stands for all of its instants.
#[derive(Debug)]
struct Cut {
    range: CursorRange,
    calendar: Calendar,
    /// The length of a granule: the distance of two values that the API tells apart. Without one it tells all apart.
    granularity: Option<Duration>,
    /// The length of the shortest window.
    unit: Duration,
    /// The start of the first window.
    first: Timestamp,
    /// The end of the last window, excluded if there is a granularity.
    end: Timestamp,
    /// The start of the granule that is not over yet, which the next fetch has to request again.
    present: Timestamp,
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
        let finest = range.plan.format.resolution();
        let coarsest = || finest.unwrap_or(SECOND);
        let granularity = granularity
            .or(calendar.is_date.then_some(DAY))
            .or((!range.has_cursor()).then(coarsest));
        let unit = granularity.map_or_else(coarsest, |granularity| {
            granularity.max(finest.unwrap_or_default())
        });
        let given = range.end.as_ref().map(Calendar::instant);
        let now = range.future.began().whole_second();
        let start = range.start.as_ref().and_then(Calendar::instant);
        let (Some(start), Some(end)) = (start, given.unwrap_or(Some(now))) else {
            let message = "the windows of `step` need a start, and a cursor that is a time";
            return Err(Error::new(ErrorKind::Config, message)
                .with_help("set `initial_value`, or give a start to the fetch"));
        };
        let mut cut = Cut {
            range: range.clone(),
            calendar,
            granularity,
            unit,
            first: start,
            end,
            present: now,
        };
        cut.first = cut.first_granule(start);
        cut.present = cut.edge_before(now);
        if given.is_none() || range.plan.end_closed {
            cut.end = cut.after(end);
        } else {
            cut.end = cut.round_up(end);
        }
        if cut.granularity.is_some() {
            cut.end = cut.outside_of_repeated_hours(cut.end);
        }
        if !range.has_cursor() && !range.is_upsert {
            // The records of a granule that is not over would be appended again. An end after it asks for the future.
            let is_present = cut.end <= cut.after(cut.present);
            cut.end = cut.edge_before(cut.end);
            if is_present {
                cut.end = cut.end.min(cut.present);
            } else {
                cut.present = cut.end;
            }
        }
        let step = match step {
            WindowStep::Duration(step) => WindowStep::Duration(step.max(unit)),
            months @ WindowStep::Months(_) => months,
        };
        Ok(Some(Self {
            next: Some((cut.first, 1)),
            cut: Arc::new(cut),
            step,
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
    /// An instant at which a window may end: a multiple of the unit, whose text in the format stands for no other
    /// instant.
    fn edge(&self, at: Timestamp) -> Timestamp {
        let floor = self.calendar.floor(at, self.unit).unwrap_or(at);
        self.outside_of_repeated_hours(floor)
    }

    /// The same edge, or the first one after a repeated hour that the requests would name.
    fn outside_of_repeated_hours(&self, edge: Timestamp) -> Timestamp {
        self.repeated_hour(edge).map_or(edge, |hour| {
            let end = self.round_up(hour.end);
            if self.sends_last_granule() {
                self.after(end)
            } else {
                end
            }
        })
    }

    /// The last edge up to an instant that is not in a repeated hour.
    fn edge_before(&self, at: Timestamp) -> Timestamp {
        let edge = self.floor(at);
        self.repeated_hour(edge).map_or(edge, |hour| {
            let begin = self.floor(hour.begin);
            if begin == hour.begin {
                self.before(begin)
            } else {
                begin
            }
        })
    }

    /// The repeated hour of what requests send for an edge.
    fn repeated_hour(&self, edge: Timestamp) -> Option<RepeatedHour> {
        let of_last = || {
            let sends = self.sends_last_granule().then(|| self.before(edge));
            self.calendar.repeated_hour(sends?)
        };
        self.calendar.repeated_hour(edge).or_else(of_last)
    }

    /// Whether requests name the granule before an edge: as an end that the API includes, or as a start that it
    /// excludes.
    const fn sends_last_granule(&self) -> bool {
        let plan = &self.range.plan;
        self.granularity.is_some() && (plan.end_closed || !plan.start_closed)
    }

    /// The first granule of a range with this start.
    fn first_granule(&self, start: Timestamp) -> Timestamp {
        let floor = self.floor(start);
        // An API that excludes a start excludes its whole granule.
        if self.range.plan.start_closed || floor != start {
            floor
        } else {
            self.after(start)
        }
    }

    fn floor(&self, at: Timestamp) -> Timestamp {
        let floor = |granularity| self.calendar.floor(at, granularity);
        self.granularity.and_then(floor).unwrap_or(at)
    }

    /// The first granule that does not begin before an instant.
    fn round_up(&self, at: Timestamp) -> Timestamp {
        if self.floor(at) == at {
            at
        } else {
            self.after(at)
        }
    }

    /// The end of the granule that an instant is in.
    fn after(&self, at: Timestamp) -> Timestamp {
        let after = |granularity| self.calendar.forward(self.floor(at), granularity);
        self.granularity.and_then(after).unwrap_or(at)
    }

    /// The granule before one.
    fn before(&self, at: Timestamp) -> Timestamp {
        let back = |granularity| self.calendar.back(at, granularity);
        self.granularity.and_then(back).unwrap_or(at)
    }

    fn window(self: &Arc<Self>, start: Timestamp, end: Timestamp) -> CursorRange {
        let mut range = self.range.clone();
        let (is_first, is_last) = (start == self.first, end == self.end);
        let (includes_start, includes_end) = (range.plan.start_closed, range.plan.end_closed);
        let has_granularity = self.granularity.is_some();
        let named_start = |at| {
            if includes_start { at } else { self.before(at) }
        };
        let sent_end = if includes_end { self.before(end) } else { end };
        let scalar = |at| self.calendar.scalar(at);
        if !is_first {
            range.start = Some(scalar(start));
            range.plan.start_closed = includes_start || has_granularity;
        }
        if !is_last || range.end.is_none() {
            range.end = Some(scalar(end));
            range.plan.end_closed =
                includes_end && !has_granularity && (is_last || !includes_start);
        }
        range.is_filtered_by_api &= is_first;
        range.window = Some(Window {
            start,
            end,
            sent_start: scalar(named_start(start)),
            sent_end: scalar(sent_end),
            rounds_up: !(includes_end && has_granularity),
            resume_at: scalar(named_start(end.min(self.present))),
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
    /// Whether a date is sent, which no clock change repeats.
    is_of_days: bool,
}

impl Calendar {
    fn new(range: &CursorRange) -> Result<Self> {
        let format = Format::new(&range.plan.format)?;
        let is_date = matches!(range.column.data_type, Type::Date(_));
        let zone = format.zone().filter(|_| !is_date).cloned();
        let resolution = range.plan.format.resolution();
        Ok(Self {
            is_date,
            is_of_days: is_date || resolution.is_some_and(|unit| unit >= DAY),
            zone: zone.unwrap_or(TimeZone::UTC),
            format,
        })
    }

    fn repeated_hour(&self, at: Timestamp) -> Option<RepeatedHour> {
        self.format.repeated_hour(at).filter(|_| !self.is_of_days)
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
            Some(days) => self.move_days(at, -days),
            None => at.checked_sub(granularity),
        }
    }

    fn forward(&self, at: Timestamp, granularity: Duration) -> Option<Timestamp> {
        match whole_days(granularity) {
            Some(days) => self.move_days(at, days),
            None => at.checked_add(granularity),
        }
    }

    /// The midnight that many days later.
    fn move_days(&self, at: Timestamp, days: i64) -> Option<Timestamp> {
        self.floor(self.add(at, Span::new().try_days(days).ok()?)?, DAY)
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
            ["0 99", "100 199", "200 250"]
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
    fn included_end_is_sent_after_a_repeated_hour() {
        let local = Incremental {
            format: TimeFormat::Local {
                zone: Static("Europe/Berlin"),
            },
            end_closed: true,
            ..plan("3600", "2024-10-26T23:00:00Z", Some("2024-10-27T03:00:00Z"))
        };
        let expected = [
            "2024-10-27T01:00:00 2024-10-27T01:59:59",
            "2024-10-27T02:00:00 2024-10-27T03:00:00",
            "2024-10-27T03:00:01 2024-10-27T03:59:59",
            "2024-10-27T04:00:00 2024-10-27T04:00:00",
        ];
        let sent = sent(&windows(granularity(1, local), 2_000_000_000));
        assert_eq!(sent[sent.len() - 2..], expected[2..]);
        assert!(
            sent.iter().all(|window| !window.contains("T02:")),
            "{sent:?}"
        );
    }

    #[test]
    fn start_and_end_are_whole_granules() {
        let hours = |end_closed| Incremental {
            end_closed,
            ..plan("3600", "1970-01-01T00:31:21.5Z", None)
        };
        assert_eq!(
            sent(&windows(granularity(3_600, hours(true)), 5_000)),
            [
                "1970-01-01T00:00:00Z 1970-01-01T00:00:00Z",
                "1970-01-01T01:00:00Z 1970-01-01T01:00:00Z"
            ]
        );
        assert_eq!(
            sent(&windows(granularity(3_600, hours(false)), 5_000)),
            [
                "1970-01-01T00:00:00Z 1970-01-01T01:00:00Z",
                "1970-01-01T01:00:00Z 1970-01-01T02:00:00Z"
            ]
        );
    }

    #[test]
    fn format_bounds_the_halves_of_a_window() {
        let dates = Incremental {
            end_closed: true,
            format: TimeFormat::Date,
            ..plan("1m", "2024-08-14T07:00:00Z", Some("2024-08-16T00:00:00Z"))
        };
        let whole = &windows(dates, 2_000_000_000)[0];
        let [first, second] = whole.window.as_ref().unwrap().halves().unwrap();
        for half in [first, second] {
            assert!(half.window.as_ref().unwrap().halves().is_none());
        }
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

    /// The windows of one of several loads, in seconds that are sent, and the state after it.
    fn load(
        plan: &Incremental,
        state: &mut Option<Scalar>,
        is_upsert: bool,
        now: u64,
    ) -> Vec<(i64, i64)> {
        let resource = ResourcePlan {
            table: TABLE.clone().into(),
            incremental: Some(plan.clone()),
            ..ResourcePlan::DEFAULT
        };
        let request = Request {
            resource: &resource,
            table: &resource.table,
            state: None,
            ends: RangeEnds::of_texts(plan),
            is_upsert,
            now: SystemTime::UNIX_EPOCH + Duration::from_millis(now),
        };
        let last = state.clone().map(|cursor| ResumePoint {
            cursor,
            seen: Arc::default(),
        });
        let range = resume::range(request, None).unwrap().unwrap().since(last);
        let windows: Vec<_> = Windows::new(&range).unwrap().unwrap().collect();
        if let Some(last) = windows.last() {
            *state = Some(last.window.as_ref().unwrap().resume_at.clone());
        }
        let sent = windows.iter().map(|window| {
            let Bounds { start, end, .. } = window.bounds().unwrap();
            match (start.unwrap(), end.unwrap()) {
                (Scalar::Bigint(start), Scalar::Bigint(end)) => (start, end),
                fraction => panic!("{fraction:?}"),
            }
        });
        sent.collect()
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
            // An end that was given is in the past.
            let now = if has_end { 20_000 } else { end };
            let windows = windows(granularity(granularity_of, plan), u64::try_from(now).unwrap());
            let most = (length + unit) / i64::try_from(step / granularity_of * granularity_of).unwrap() + 1;
            prop_assert!(i64::try_from(windows.len()).unwrap() <= most);
            for (window, after) in windows.iter().zip(windows.iter().skip(1)) {
                prop_assert_eq!(&window.end, &after.start);
            }
            for second in instants.into_iter().map(|second| second / unit * unit) {
                // The granule of the time of the fetch is not over: it is requested where it can be requested again.
                let has_last = if has_end { end_closed } else { has_cursor };
                let is_wanted = (second > start || start_closed && second == start)
                    && (second < end || has_last && second == end);
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

        /// Without a cursor, loads after each other request each granule once if they append, and otherwise each one
        /// again until it is over. They send whole granules, and no start after an end.
        #[test]
        fn each_granule_is_in_a_load_after_it_is_over(
            start in 0i64..5_000, step in 1u64..900, granularity_of in 1u64..60,
            start_closed: bool, end_closed: bool, is_upsert: bool, waits in prop::collection::vec(1u64..400_000, 1..6),
        ) {
            let unit = i64::try_from(granularity_of).unwrap();
            let plan = Incremental {
                column: None,
                format: TimeFormat::EpochSeconds,
                start_closed,
                end_closed,
                ..plan(&step.max(granularity_of).to_string(), &Timestamp::from_epoch(start, 0).unwrap().to_string(), None)
            };
            let plan = granularity(granularity_of, plan);
            let (mut now, mut state, mut requested) = (5_000_000, None, Vec::new());
            for wait in waits {
                now += wait;
                for (from, to) in load(&plan, &mut state, is_upsert, now) {
                    prop_assert!(from % unit == 0 && to % unit == 0 && from <= to, "{}..{}", from, to);
                    let first = if start_closed { from } else { from + unit };
                    let end = if end_closed { to + unit } else { to };
                    for granule in (first..end).step_by(usize::try_from(unit).unwrap()) {
                        requested.push((granule, now));
                    }
                }
            }
            let is_aligned = start % unit == 0;
            let first = if start_closed || !is_aligned { start / unit * unit } else { start + unit };
            let seconds = i64::try_from(now / 1_000).unwrap();
            for granule in (first..=seconds - unit).step_by(usize::try_from(unit).unwrap()) {
                let is_over = |now: u64| i64::try_from(now / 1_000).unwrap() >= granule + unit;
                let loads = requested.iter().filter(|(requested, _)| *requested == granule);
                let after_it = loads.clone().filter(|(_, now)| is_over(*now)).count();
                prop_assert_eq!(after_it, 1, "{}", granule);
                if !is_upsert {
                    prop_assert_eq!(loads.count(), 1, "{}", granule);
                }
            }
        }
    }
}
