//! Future cursors: values after the time of the fetch.

use std::time::{Duration, SystemTime};

use super::ResumePoint;
use crate::{
    Error, ErrorKind, Result, Scalar,
    plan::FutureCursor,
    report::count,
    value::{Date, Timestamp, Value},
};

/// The difference between two clocks that is tolerated if a future cursor is an error.
const TOLERANCE: Duration = Duration::from_secs(300);
/// The offset of the earliest time zone from UTC: until then a date may be today.
const FIRST_ZONE: Duration = Duration::from_secs(14 * 3_600);
const DAY_SECONDS: i64 = 86_400;

/// The rule for future cursors, and the ones found.
#[derive(Clone, Debug)]
pub(crate) struct FutureCursors {
    rule: FutureCursor,
    /// When the fetch started: the largest value of its state.
    began: Timestamp,
    /// The current time.
    now: Timestamp,
    met: u64,
    latest: Option<Scalar>,
    /// The saved cursor, if it was in the future.
    was_at: Option<Scalar>,
}

impl FutureCursors {
    pub(crate) fn new(rule: FutureCursor, began: SystemTime) -> Self {
        let began = instant(began);
        Self {
            rule,
            began,
            now: began,
            met: 0,
            latest: None,
            was_at: None,
        }
    }

    /// When the fetch started.
    pub(super) const fn began(&self) -> Timestamp {
        self.began
    }

    pub(super) fn set_time(&mut self, now: SystemTime) {
        self.now = instant(now);
    }

    /// Caps a saved cursor at the time of the fetch.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::State`] if future cursors are an error.
    pub(super) fn resume(&mut self, column: &str, mut last: ResumePoint) -> Result<ResumePoint> {
        if !self.is_future(last.cursor.as_value()) {
            return Ok(last);
        }
        match self.rule {
            FutureCursor::Keep => {}
            FutureCursor::Cap => {
                if let Some(cap) = self.cap(last.cursor.as_value()) {
                    let was_at = std::mem::replace(&mut last.cursor, cap);
                    self.was_at.get_or_insert(was_at);
                }
            }
            FutureCursor::Error if self.is_tolerable(last.cursor.as_value()) => {}
            FutureCursor::Error => {
                let message = format!(
                    "the saved state is at `{column}` {}, which is in the future: records before it that \
                     arrive later would never be fetched",
                    last.cursor
                );
                return Err(Error::new(ErrorKind::State, message).with_help(
                    "a full refresh starts over, without a state; `future_cursor: keep` in \
                     `incremental` accepts such a state",
                ));
            }
        }
        Ok(last)
    }

    /// Checks the cursor of a record that is delivered.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Schema`] if it is in the future, and future cursors are an error.
    pub(super) fn meet(&mut self, column: &str, value: Value<'_>) -> Result<()> {
        if !self.is_future(value) {
            return Ok(());
        }
        if self.rule == FutureCursor::Error && !self.is_tolerable(value) {
            let message = format!("a record has a `{column}` in the future: {value}");
            return Err(Error::new(ErrorKind::Schema, message)
                .with_detail(format!("the time of the fetch: {}", self.now))
                .with_help(
                    "with `write_disposition: merge` the state stays at the time of the fetch; \
                     `future_cursor: keep` moves it to such values, and skips what arrives before them",
                ));
        }
        self.met += 1;
        let is_later = |latest: &Scalar| latest.compare(value) == Some(std::cmp::Ordering::Less);
        if self.latest.as_ref().is_none_or(is_later) {
            self.latest = Scalar::of_cell(value);
        }
        Ok(())
    }

    /// The cap for a cursor after the time of the fetch; `None` if the state may move to the value.
    pub(super) fn cap(&self, value: Value<'_>) -> Option<Scalar> {
        if self.rule != FutureCursor::Cap || !self.is_future(value) {
            return None;
        }
        match value {
            // Some formats have no fraction.
            Value::Timestamp(_) => Some(self.began.whole_second().into()),
            Value::Date(_) => utc_date(self.began).map(Into::into),
            _ => None,
        }
    }

    fn is_future(&self, value: Value<'_>) -> bool {
        match value {
            Value::Timestamp(at) => at > self.now,
            Value::Date(day) => {
                let last = self.now.checked_add(FIRST_ZONE);
                last.and_then(utc_date).is_some_and(|last| day > last)
            }
            _ => false,
        }
    }

    fn is_tolerable(&self, value: Value<'_>) -> bool {
        match value {
            Value::Timestamp(at) => self
                .now
                .checked_add(TOLERANCE)
                .is_some_and(|last| at <= last),
            _ => false,
        }
    }

    /// Adds the future cursors of another partition.
    pub(super) fn add(&mut self, other: &Self) {
        self.met += other.met;
        let later = other.latest.as_ref().filter(|other| {
            let is_later = |latest: &Scalar| {
                latest.compare(other.as_value()) == Some(std::cmp::Ordering::Less)
            };
            self.latest.as_ref().is_none_or(is_later)
        });
        if let Some(later) = later {
            self.latest = Some(later.clone());
        }
    }

    /// Notes for the report.
    pub(super) fn notes(&self, column: &str) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(was_at) = &self.was_at {
            notes.push(format!(
                "the saved state was at `{column}` {was_at}, in the future: this fetch started at {}",
                self.began
            ));
        }
        if let Some(latest) = &self.latest {
            let then = match self.rule {
                FutureCursor::Cap => format!(
                    "the state stays at the time of the fetch, {}, so the next fetch delivers them again",
                    self.began
                ),
                FutureCursor::Keep | FutureCursor::Error => {
                    "records with an earlier one that arrive later are not fetched".to_owned()
                }
            };
            notes.push(format!(
                "{} a `{column}` in the future, up to {latest}: {then}",
                match self.met {
                    1 => "1 record has".to_owned(),
                    met => format!("{} have", count(met, "record")),
                }
            ));
        }
        notes
    }
}

fn instant(time: SystemTime) -> Timestamp {
    // A clock outside of the years -9999 to 9999 is wrong.
    Timestamp::try_from(time).unwrap_or(Timestamp::EPOCH)
}

fn utc_date(at: Timestamp) -> Option<Date> {
    Date::EPOCH.checked_add_days(at.epoch_seconds().div_euclid(DAY_SECONDS))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At 2026-11-21T09:30:00Z.
    fn cursors(rule: FutureCursor) -> FutureCursors {
        let began = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_253_400);
        FutureCursors::new(rule, began)
    }

    fn at(text: &str) -> Value<'static> {
        Value::Timestamp(text.parse().unwrap())
    }

    fn day(text: &str) -> Value<'static> {
        Value::Date(text.parse().unwrap())
    }

    #[test]
    fn a_future_cursor_leaves_the_state_at_the_time_of_the_fetch() {
        let cap = |value| {
            cursors(FutureCursor::Cap)
                .cap(value)
                .map(|cap| cap.to_string())
        };
        let wanted = |text: &str| Some(text.to_owned());
        assert_eq!(
            cap(at("9999-12-31T23:59:59Z")),
            wanted("2026-11-21T09:30:00Z")
        );
        assert_eq!(
            cap(at("2026-11-21T09:30:01Z")),
            wanted("2026-11-21T09:30:00Z")
        );
        assert_eq!(cap(at("2026-11-21T09:30:00Z")), None);
        assert_eq!(cap(day("9999-12-31")), wanted("2026-11-21"));
        // Somewhere it is tomorrow at 14:00 UTC.
        assert_eq!(cap(day("2026-11-21")), None);
        assert_eq!(cap(Value::Bigint(i64::MAX)), None);
        assert_eq!(
            cursors(FutureCursor::Keep).cap(at("2099-01-01T00:00:00Z")),
            None
        );
    }

    #[test]
    fn a_future_cursor_is_an_error_past_what_clocks_differ_by() {
        let meet = |value| cursors(FutureCursor::Error).meet("at", value);
        assert!(meet(at("2026-11-21T09:34:00Z")).is_ok());
        let error = meet(at("2026-11-21T10:30:00Z")).unwrap_err().to_string();
        assert!(error.contains("2026-11-21T10:30:00Z"), "{error}");
        assert!(meet(day("2026-11-22")).is_err());
    }

    #[test]
    fn a_page_is_compared_to_the_time_at_which_it_came() {
        let mut cursors = cursors(FutureCursor::Error);
        cursors.set_time(SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_257_000));
        assert!(cursors.meet("at", at("2026-11-21T10:30:00Z")).is_ok());
    }

    #[test]
    fn a_saved_state_in_the_future_is_capped_or_refused() {
        let last = |text: &str| ResumePoint {
            cursor: Scalar::from(text.parse::<Timestamp>().unwrap()),
            seen: std::sync::Arc::default(),
        };
        let future = || last("2099-01-01T00:00:00Z");
        let mut capped = cursors(FutureCursor::Cap);
        let resumed = capped.resume("at", future()).unwrap();
        assert_eq!(resumed.cursor.to_string(), "2026-11-21T09:30:00Z");
        assert!(capped.notes("at")[0].contains("2099-01-01"));
        let kept = cursors(FutureCursor::Keep).resume("at", future()).unwrap();
        assert_eq!(kept.cursor.to_string(), "2099-01-01T00:00:00Z");
        let error = cursors(FutureCursor::Error)
            .resume("at", future())
            .unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::State);
    }
}
