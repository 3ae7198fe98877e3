//! Reading and writing instants and dates in the format that a column declares.

use jiff::{
    civil::{self, DateTime},
    fmt::{strtime::BrokenDownTime, temporal::DateTimeParser},
    tz::{AmbiguousOffset, Offset, TimeZone},
};

use super::{Date, Timestamp, digits::Digits};
use crate::{
    error::{Error, ErrorKind, Result},
    schema::TimeFormat,
    shared::Text,
};

/// A [`TimeFormat`] with its time zone looked up.
#[derive(Clone, Debug)]
pub(crate) enum Format {
    Rfc3339,
    Date,
    /// A number of units since 1970.
    Epoch {
        /// Ten to this power make a second.
        power: u8,
        /// Whether whole units are written, the last one that is over.
        whole: bool,
    },
    /// `/Date(1686577603496+0000)/`
    DateCall,
    Pattern {
        pattern: Text,
        zone: Option<TimeZone>,
    },
    Local(TimeZone),
}

impl Format {
    /// Makes a format ready.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] where this machine knows no such time zone.
    pub(crate) fn new(format: &TimeFormat) -> Result<Self> {
        Ok(match format {
            TimeFormat::Rfc3339 => Self::Rfc3339,
            TimeFormat::Date => Self::Date,
            TimeFormat::EpochSeconds => Self::Epoch {
                power: 0,
                whole: false,
            },
            TimeFormat::EpochMillis => Self::Epoch {
                power: 3,
                whole: false,
            },
            TimeFormat::EpochMicros => Self::Epoch {
                power: 6,
                whole: false,
            },
            TimeFormat::EpochNanos => Self::Epoch {
                power: 9,
                whole: false,
            },
            TimeFormat::DateCall => Self::DateCall,
            // A response may have a fraction of a second there.
            TimeFormat::Pattern { pattern, .. } if *pattern == "%s" => Self::Epoch {
                power: 0,
                whole: true,
            },
            TimeFormat::Pattern { pattern, zone } => Self::Pattern {
                pattern: pattern.clone(),
                zone: zone.as_deref().map(look_up).transpose()?,
            },
            TimeFormat::Local { zone } => Self::Local(look_up(zone)?),
        })
    }

    /// Whether values are numbers, which a response may write as text.
    pub(crate) const fn is_number(&self) -> bool {
        matches!(self, Self::Epoch { whole: false, .. })
    }

    /// Reads an instant: a text, or the digits of a number.
    pub(crate) fn read_timestamp(&self, text: &str) -> Option<Timestamp> {
        match self {
            Self::Rfc3339 => text.parse().ok(),
            Self::Date => {
                let midnight = text.parse::<Date>().ok()?.jiff().at(0, 0, 0, 0);
                Timestamp::in_zone(&TimeZone::UTC, midnight)
            }
            Self::Epoch { power, .. } => {
                Timestamp::from_epoch_nanoseconds(Digits::read(text)?.scaled(9 - power)?)
            }
            Self::DateCall => {
                let inside = text.strip_prefix("/Date(")?.strip_suffix(")/")?;
                // An offset names a zone for people; the count is in UTC.
                let end = inside
                    .char_indices()
                    .skip(1)
                    .find(|(_, c)| matches!(c, '+' | '-'));
                let millis = end.map_or(inside, |(at, _)| &inside[..at]);
                Timestamp::from_epoch_nanoseconds(Digits::read(millis)?.scaled(6)?)
            }
            Self::Pattern { pattern, zone } => {
                let parts = BrokenDownTime::parse(pattern.as_str(), text).ok()?;
                if let Ok(at) = parts.to_timestamp() {
                    return Timestamp::from_jiff(at);
                }
                // An offset that was read decides, though jiff does not hold the instant.
                let offset = parts.offset().map(Offset::to_time_zone);
                Timestamp::in_zone(offset.as_ref().or(zone.as_ref())?, civil_of(&parts)?)
            }
            Self::Local(zone) => text.parse().ok().or_else(|| {
                let civil: DateTime = text.parse().ok()?;
                Timestamp::in_zone(zone, civil)
            }),
        }
    }

    /// Reads a date: a text, or the digits of a number. Of an instant, it is the day in UTC, or in
    /// the format's zone.
    pub(crate) fn read_date(&self, text: &str) -> Option<Date> {
        match self {
            Self::Date => text.parse().ok(),
            Self::Pattern { pattern, zone } => {
                let parts = BrokenDownTime::parse(pattern.as_str(), text).ok()?;
                parts.to_date().ok().map(Date::from_jiff).or_else(|| {
                    let at = Timestamp::from_jiff(parts.to_timestamp().ok()?)?;
                    day_of(at, zone.as_ref())
                })
            }
            Self::Local(zone) => {
                let at = self.read_timestamp(text)?;
                day_of(at, Some(zone))
            }
            Self::Rfc3339 | Self::Epoch { .. } | Self::DateCall => {
                let at = self.read_timestamp(text)?;
                day_of(at, None)
            }
        }
    }

    /// The zone of times that are written without an offset.
    pub(crate) const fn zone(&self) -> Option<&TimeZone> {
        match self {
            Self::Pattern { zone, .. } => zone.as_ref(),
            Self::Local(zone) => Some(zone),
            Self::Rfc3339 | Self::Date | Self::Epoch { .. } | Self::DateCall => None,
        }
    }

    /// The repeated hour of a clock change that this instant is in, where the format has a time zone: its local
    /// time stands for two instants then.
    pub(crate) fn repeated_hour(&self, at: Timestamp) -> Option<RepeatedHour> {
        let zone = self.zone()?;
        let civil = zone.to_datetime(at.jiff()?);
        let AmbiguousOffset::Fold { before, after } = zone.to_ambiguous_timestamp(civil).offset()
        else {
            return None;
        };
        let earlier = before.to_timestamp(civil).ok()?;
        let later = after.to_timestamp(civil).ok()?;
        let change = zone.following(earlier).next()?.timestamp();
        let repeated = later.duration_since(earlier);
        Some(RepeatedHour {
            earlier: Timestamp::from_jiff(earlier)?,
            later: Timestamp::from_jiff(later)?,
            begin: Timestamp::from_jiff(change.checked_sub(repeated).ok()?)?,
            end: Timestamp::from_jiff(change.checked_add(repeated).ok()?)?,
        })
    }

    /// Writes an instant as [`read_timestamp`](Self::read_timestamp) reads it. `None` where the
    /// pattern has a directive that an instant does not fill, or its zone is in the year 10000.
    pub(crate) fn write_timestamp(&self, at: Timestamp) -> Option<String> {
        Some(match self {
            Self::Rfc3339 => at.to_string(),
            Self::Date => day_of(at, None)?.to_string(),
            Self::Epoch { power, whole } => {
                write_epoch(if *whole { at.whole_second() } else { at }, *power)
            }
            Self::DateCall => format!("/Date({})/", at.epoch_nanoseconds().div_euclid(1_000_000)),
            Self::Pattern { pattern, zone } => {
                // jiff rounds the seconds since 1970 towards it.
                let at = if writes_epoch(pattern) {
                    at.whole_second()
                } else {
                    at
                };
                let zone = zone.clone().unwrap_or(TimeZone::UTC);
                match at.jiff() {
                    Some(at) => {
                        jiff::fmt::strtime::format(pattern.as_str(), &at.to_zoned(zone)).ok()?
                    }
                    None => jiff::fmt::strtime::format(pattern.as_str(), at.civil(&zone)?).ok()?,
                }
            }
            Self::Local(zone) => at.civil(zone)?.to_string(),
        })
    }

    /// Writes a date as [`read_date`](Self::read_date) reads it: where the format has a time, that
    /// of midnight.
    pub(crate) fn write_date(&self, day: Date) -> Option<String> {
        let midnight = day.jiff().at(0, 0, 0, 0);
        match self {
            Self::Date => Some(day.to_string()),
            Self::Pattern {
                pattern,
                zone: None,
            } => jiff::fmt::strtime::format(pattern.as_str(), midnight)
                .ok()
                .or_else(|| self.write_timestamp(Timestamp::in_zone(&TimeZone::UTC, midnight)?)),
            Self::Pattern {
                zone: Some(zone), ..
            }
            | Self::Local(zone) => self.write_timestamp(Timestamp::in_zone(zone, midnight)?),
            Self::Rfc3339 | Self::Epoch { .. } | Self::DateCall => {
                self.write_timestamp(Timestamp::in_zone(&TimeZone::UTC, midnight)?)
            }
        }
    }
}

/// A local time that a clock change repeats, and the whole stretch of repeated time around it: in most zones
/// an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RepeatedHour {
    /// The instant before the change.
    pub(crate) earlier: Timestamp,
    /// The instant after the change with the same local time.
    pub(crate) later: Timestamp,
    /// The first instant whose local time comes again.
    pub(crate) begin: Timestamp,
    /// The first instant after the repetition.
    pub(crate) end: Timestamp,
}

/// Whether a pattern writes the seconds since 1970, and no fraction of them.
fn writes_epoch(pattern: &str) -> bool {
    let pattern = pattern.replace("%%", "");
    pattern.contains("%s")
        && !["%f", "%N", "%.f", "%.N"]
            .iter()
            .any(|d| pattern.contains(d))
}

fn look_up(zone: &str) -> Result<TimeZone> {
    DateTimeParser::new().parse_time_zone(zone).map_err(|_| {
        Error::new(
            ErrorKind::Config,
            format!("this machine knows no time zone `{zone}`"),
        )
        .with_help(
            "install the time zone database (`tzdata`), or give a fixed offset like `+02:00`",
        )
    })
}

fn day_of(at: Timestamp, zone: Option<&TimeZone>) -> Option<Date> {
    let civil = at.civil(zone.unwrap_or(&TimeZone::UTC))?;
    Some(Date::from_jiff(civil.date()))
}

/// The civil time that was read; midnight where only a date was.
fn civil_of(parts: &BrokenDownTime) -> Option<DateTime> {
    let date = parts.to_date().ok()?;
    let time = match parts.hour() {
        Some(_) => parts.to_time().ok()?,
        None => civil::Time::midnight(),
    };
    Some(date.to_datetime(time))
}

/// Units since 1970, with a fraction only where there is one.
fn write_epoch(at: Timestamp, power: u8) -> String {
    let digits = at.epoch_nanoseconds().to_string();
    let mut plain = String::new();
    let shifted = Digits::read(&format!("{digits}e-{}", 9 - power))
        .and_then(|digits| digits.write(0, &mut plain));
    // A nanosecond count has at most nine digits after the point.
    shifted.map_or(digits, |()| plain)
}

#[cfg(test)]
mod tests {
    use super::{Format, TimeFormat, Timestamp};
    use crate::shared::{Ref::Static, Text};

    #[expect(
        clippy::needless_pass_by_value,
        reason = "a call that makes it reads better"
    )]
    fn format(format: TimeFormat) -> Format {
        Format::new(&format).unwrap()
    }

    fn pattern(pattern: Text, zone: Option<&'static str>) -> Format {
        format(TimeFormat::Pattern {
            pattern,
            zone: zone.map(Text::of),
        })
    }

    #[test]
    fn instants_are_read_in_their_format() {
        let berlin = TimeFormat::Local {
            zone: Static("Europe/Berlin"),
        };
        for (format, text, instant) in [
            (
                format(TimeFormat::Rfc3339),
                "2026-11-21T09:30:00Z",
                "2026-11-21T09:30:00Z",
            ),
            (
                format(TimeFormat::Rfc3339),
                "2026-11-21 09:30:00.25+02:00",
                "2026-11-21T07:30:00.25Z",
            ),
            (
                format(TimeFormat::Rfc3339),
                "2026-11-21T09:30:00+0200",
                "2026-11-21T07:30:00Z",
            ),
            (
                format(TimeFormat::Date),
                "2026-11-21",
                "2026-11-21T00:00:00Z",
            ),
            (
                format(TimeFormat::EpochSeconds),
                "1795253400",
                "2026-11-21T09:30:00Z",
            ),
            (
                format(TimeFormat::EpochSeconds),
                "1795253400.25",
                "2026-11-21T09:30:00.25Z",
            ),
            (
                format(TimeFormat::EpochSeconds),
                "-0.5",
                "1969-12-31T23:59:59.5Z",
            ),
            (
                format(TimeFormat::EpochMillis),
                "1.795253400001e12",
                "2026-11-21T09:30:00.001Z",
            ),
            (
                format(berlin.clone()),
                "2026-07-01T09:30:00",
                "2026-07-01T07:30:00Z",
            ),
            (
                format(berlin.clone()),
                "2026-01-01 09:30:00",
                "2026-01-01T08:30:00Z",
            ),
            (
                format(berlin),
                "2026-01-01T09:30:00Z",
                "2026-01-01T09:30:00Z",
            ),
            (
                pattern(Static("%d.%m.%Y %H:%M"), Some("+02:00")),
                "21.11.2026 09:30",
                "2026-11-21T07:30:00Z",
            ),
            (
                pattern(Static("%Y%m%d"), Some("UTC")),
                "20261121",
                "2026-11-21T00:00:00Z",
            ),
            (
                pattern(Static("%Y-%m-%d %H:%M:%S %z"), None),
                "2026-11-21 09:30:00 +0200",
                "2026-11-21T07:30:00Z",
            ),
        ] {
            let read = format.read_timestamp(text);
            assert_eq!(read, instant.parse().ok(), "{text} as {format:?}");
            let written = format.write_timestamp(read.unwrap()).unwrap();
            assert_eq!(format.read_timestamp(&written), read, "{written}");
        }
    }

    #[test]
    fn the_last_instants_are_read_and_written_in_their_format() {
        let berlin = TimeFormat::Local {
            zone: Static("Europe/Berlin"),
        };
        let last = "9999-12-31T23:59:59Z";
        for (format, text, instant) in [
            (format(TimeFormat::Rfc3339), last, last),
            (
                format(TimeFormat::Date),
                "9999-12-31",
                "9999-12-31T00:00:00Z",
            ),
            (format(TimeFormat::EpochSeconds), "253402300799", last),
            (format(TimeFormat::EpochMillis), "253402300799000", last),
            (
                format(berlin.clone()),
                "9999-12-31T23:59:59",
                "9999-12-31T22:59:59Z",
            ),
            (
                pattern(Static("%Y-%m-%d %H:%M:%S"), Some("UTC")),
                "9999-12-31 23:59:59",
                last,
            ),
            (
                pattern(Static("%d.%m.%Y %H:%M:%S"), Some("+02:00")),
                "31.12.9999 23:59:59",
                "9999-12-31T21:59:59Z",
            ),
        ] {
            let read = format.read_timestamp(text);
            assert_eq!(read, Some(instant.parse().unwrap()), "{text} as {format:?}");
            let written = format.write_timestamp(read.unwrap());
            assert_eq!(written.as_deref(), Some(text));
        }
        let with_offset = pattern(Static("%Y-%m-%dT%H:%M:%S%z"), None);
        let last = last.parse().unwrap();
        for text in ["9999-12-31T23:59:59+0000", "9999-12-31T22:59:59-0100"] {
            assert_eq!(with_offset.read_timestamp(text), Some(last), "{text}");
        }
        // Where the zone's year is 10000, and where the pattern asks jiff for an offset.
        assert_eq!(format(berlin.clone()).write_timestamp(last), None);
        assert_eq!(format(berlin).read_date("9999-12-31T23:59:59Z"), None);
        assert_eq!(with_offset.write_timestamp(last), None);
        for (format, text) in [
            (format(TimeFormat::EpochSeconds), "253402300800"),
            (with_offset, "9999-12-31T23:59:59-0001"),
            (pattern(Static("%Y-%m-%d"), Some("-02:00")), "-9999-01-01"),
        ] {
            assert_eq!(format.read_timestamp(text), None, "{text} as {format:?}");
        }
    }

    #[test]
    fn an_instant_without_an_offset_is_none() {
        for (format, text) in [
            (format(TimeFormat::Rfc3339), "2026-11-21T09:30:00"),
            (format(TimeFormat::Rfc3339), "2026-11-21"),
            (format(TimeFormat::Date), "2026-11-21T00:00:00Z"),
            (format(TimeFormat::EpochSeconds), "1e99"),
            (pattern(Static("%Y-%m-%d %H:%M"), None), "2026-11-21 09:30"),
        ] {
            assert_eq!(format.read_timestamp(text), None, "{text} as {format:?}");
        }
    }

    #[test]
    fn dates_are_read_and_written_in_their_format() {
        for (format, text) in [
            (format(TimeFormat::Date), "2026-11-21"),
            (pattern(Static("%d/%m/%Y"), None), "21/11/2026"),
            (format(TimeFormat::EpochSeconds), "1795219200"),
            (format(TimeFormat::Rfc3339), "2026-11-21T00:00:00Z"),
        ] {
            let day = format.read_date(text);
            assert_eq!(day, "2026-11-21".parse().ok(), "{text}");
            assert_eq!(format.write_date(day.unwrap()).as_deref(), Some(text));
        }
    }

    #[test]
    fn a_local_time_in_a_repeated_hour_stands_for_two_instants() {
        let berlin = format(TimeFormat::Local {
            zone: Static("Europe/Berlin"),
        });
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let hour = berlin.repeated_hour(at("2024-10-27T00:40:00Z")).unwrap();
        assert_eq!(hour.earlier, at("2024-10-27T00:40:00Z"));
        assert_eq!(hour.later, at("2024-10-27T01:40:00Z"));
        assert_eq!(hour.begin, at("2024-10-27T00:00:00Z"));
        assert_eq!(hour.end, at("2024-10-27T02:00:00Z"));
        assert_eq!(berlin.repeated_hour(hour.later), Some(hour));
        for outside in [
            "2024-10-26T23:59:59Z",
            "2024-10-27T02:00:00Z",
            "2024-03-31T01:30:00Z",
        ] {
            assert_eq!(berlin.repeated_hour(at(outside)), None, "{outside}");
        }
        let utc = format(TimeFormat::Rfc3339);
        assert_eq!(utc.repeated_hour(hour.earlier), None);
    }

    #[test]
    fn seconds_since_1970_are_written_whole_and_never_later() {
        for (instant, written) in [
            ("1969-12-31T23:59:59.5Z", "-1"),
            ("1969-12-31T23:59:58Z", "-2"),
            ("1970-01-01T00:00:00.9Z", "0"),
            ("2026-11-21T09:30:00.5Z", "1795253400"),
        ] {
            let at = instant.parse().unwrap();
            let alone = pattern(Static("%s"), None).write_timestamp(at);
            assert_eq!(alone.as_deref(), Some(written), "{instant}");
            let within = pattern(Static("at %s"), None).write_timestamp(at);
            assert_eq!(within, Some(format!("at {written}")), "{instant}");
        }
        let read = |text| pattern(Static("%s"), None).read_timestamp(text);
        assert_eq!(read("1795253400.5"), "2026-11-21T09:30:00.5Z".parse().ok());
        assert_eq!(read("-1"), "1969-12-31T23:59:59Z".parse().ok());
        assert_eq!(read("now"), None);
    }

    #[test]
    fn an_unknown_zone_is_an_error_that_names_it() {
        let zone = TimeFormat::Local {
            zone: Static("Mars/Olympus"),
        };
        let error = Format::new(&zone).unwrap_err().to_string();
        assert!(error.contains("`Mars/Olympus`"), "{error}");
    }

    #[test]
    fn epochs_are_written_without_a_needless_fraction() {
        let at: Timestamp = "2026-11-21T09:30:00.5Z".parse().unwrap();
        let write = |unit| format(unit).write_timestamp(at).unwrap();
        assert_eq!(write(TimeFormat::EpochSeconds), "1795253400.5");
        assert_eq!(write(TimeFormat::EpochMillis), "1795253400500");
    }
}
