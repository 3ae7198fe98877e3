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

/// The windows whose length is a multiple of a unit, by the value of the setting.
///
/// # Errors
///
/// [`ErrorKind::Config`] if the value is not positive, or too large.
pub(super) fn resolved_windows(
    windows: Option<plan::Windows>,
    value: Option<&Scalar>,
) -> Result<Option<plan::Windows>> {
    let Some(windows) = windows.filter(|windows| windows.step_setting.is_some()) else {
        return Ok(windows);
    };
    let times = match value {
        Some(Scalar::Bigint(value @ 1..)) => u32::try_from(*value).ok(),
        _ => None,
    };
    let step = times.and_then(|times| match windows.step {
        WindowStep::Duration(unit) => unit.checked_mul(times).map(WindowStep::Duration),
        WindowStep::Months(unit) => unit.checked_mul(times).map(WindowStep::Months),
    });
    let Some(step) = step else {
        let value = value.map_or_else(String::new, ToString::to_string);
        let message =
            format!("the setting of `step` is {value}, which is not positive or too large");
        return Err(
            Error::new(ErrorKind::Config, message).with_help("give the setting a number from 1 up")
        );
    };
    Ok(Some(plan::Windows { step, ..windows }))
}

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
    /// Its start and its end.
    pub(crate) fn edges(&self) -> (Timestamp, Timestamp) {
        (self.start, self.end)
    }

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
        let Some(plan::Windows {
            step, granularity, ..
        }) = range.plan.windows
        else {
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

    /// The window with these edges; `None` if it is not in the range.
    pub(crate) fn only(&self, (start, end): (Timestamp, Timestamp)) -> Option<CursorRange> {
        let is_in = self.cut.first <= start && start < end && end <= self.cut.end;
        is_in.then(|| self.cut.window(start, end))
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
mod tests;
