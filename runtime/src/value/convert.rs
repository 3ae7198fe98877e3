//! Values to and from the types of other crates, each behind the feature of that crate's name.
//!
//! A conversion that can fail does so where the other type has a narrower range, and never rounds.

use std::fmt;

/// A value that the type of another crate does not hold, or one of its values that ours does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConversionError {
    to: &'static str,
}

impl ConversionError {
    /// To a type of this crate.
    #[cfg(any(
        feature = "chrono",
        feature = "jiff",
        feature = "rust_decimal",
        feature = "time",
        feature = "uuid"
    ))]
    const fn to(to: &'static str) -> Self {
        Self { to }
    }
}

impl fmt::Display for ConversionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the value is outside of the range of {}", self.to)
    }
}

impl std::error::Error for ConversionError {}

#[cfg(feature = "chrono")]
mod of_chrono {
    use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Timelike, Utc};

    use super::ConversionError;
    use crate::value::{Date, Time, Timestamp};

    impl TryFrom<Timestamp> for DateTime<Utc> {
        type Error = ConversionError;

        fn try_from(at: Timestamp) -> Result<Self, ConversionError> {
            Self::from_timestamp(at.epoch_seconds(), at.subsec_nanoseconds())
                .ok_or_else(|| ConversionError::to("`chrono`"))
        }
    }

    impl TryFrom<DateTime<Utc>> for Timestamp {
        type Error = ConversionError;

        fn try_from(at: DateTime<Utc>) -> Result<Self, ConversionError> {
            // A leap second is written as nanoseconds past the second before it.
            Self::from_epoch(at.timestamp(), at.timestamp_subsec_nanos())
                .ok_or_else(|| ConversionError::to("`rest_source`"))
        }
    }

    impl TryFrom<Date> for NaiveDate {
        type Error = ConversionError;

        fn try_from(day: Date) -> Result<Self, ConversionError> {
            let (month, number) = (day.month().unsigned_abs(), day.day().unsigned_abs());
            Self::from_ymd_opt(day.year().into(), month.into(), number.into())
                .ok_or_else(|| ConversionError::to("`chrono`"))
        }
    }

    impl TryFrom<NaiveDate> for Date {
        type Error = ConversionError;

        fn try_from(day: NaiveDate) -> Result<Self, ConversionError> {
            let wrong = || ConversionError::to("`rest_source`");
            let year = i16::try_from(day.year()).map_err(|_| wrong())?;
            let (month, number) = (i8::try_from(day.month()), i8::try_from(day.day()));
            let (Ok(month), Ok(number)) = (month, number) else {
                return Err(wrong());
            };
            Self::new(year, month, number).ok_or_else(wrong)
        }
    }

    impl TryFrom<Time> for NaiveTime {
        type Error = ConversionError;

        fn try_from(time: Time) -> Result<Self, ConversionError> {
            let (hour, minute) = (time.hour().into(), time.minute().into());
            Self::from_hms_nano_opt(hour, minute, time.second().into(), time.nanosecond())
                .ok_or_else(|| ConversionError::to("`chrono`"))
        }
    }

    impl TryFrom<NaiveTime> for Time {
        type Error = ConversionError;

        fn try_from(time: NaiveTime) -> Result<Self, ConversionError> {
            let part = |number: u32| u8::try_from(number).ok();
            let (hour, minute) = (part(time.hour()), part(time.minute()));
            hour.zip(minute)
                .zip(part(time.second()))
                .and_then(|((hour, minute), second)| {
                    Self::new(hour, minute, second, time.nanosecond())
                })
                .ok_or_else(|| ConversionError::to("`rest_source`"))
        }
    }
}

#[cfg(feature = "jiff")]
mod of_jiff {
    use super::ConversionError;
    use crate::value::{Date, Time, Timestamp};

    impl TryFrom<Timestamp> for jiff::Timestamp {
        type Error = ConversionError;

        /// The last 26 hours of the year 9999 have no instant of `jiff`.
        fn try_from(at: Timestamp) -> Result<Self, ConversionError> {
            at.jiff().ok_or_else(|| ConversionError::to("`jiff`"))
        }
    }

    impl TryFrom<jiff::Timestamp> for Timestamp {
        type Error = ConversionError;

        fn try_from(at: jiff::Timestamp) -> Result<Self, ConversionError> {
            Self::from_jiff(at).ok_or_else(|| ConversionError::to("`rest_source`"))
        }
    }

    impl From<Date> for jiff::civil::Date {
        fn from(day: Date) -> Self {
            day.jiff()
        }
    }

    impl From<jiff::civil::Date> for Date {
        fn from(day: jiff::civil::Date) -> Self {
            Self::from_jiff(day)
        }
    }

    impl TryFrom<Time> for jiff::civil::Time {
        type Error = ConversionError;

        fn try_from(time: Time) -> Result<Self, ConversionError> {
            let part = |number: u8| i8::try_from(number).ok();
            let (hour, minute) = (part(time.hour()), part(time.minute()));
            let nanosecond = i32::try_from(time.nanosecond()).ok();
            hour.zip(minute)
                .zip(part(time.second()).zip(nanosecond))
                .and_then(|((hour, minute), (second, nanosecond))| {
                    Self::new(hour, minute, second, nanosecond).ok()
                })
                .ok_or_else(|| ConversionError::to("`jiff`"))
        }
    }
}

#[cfg(feature = "time")]
mod of_time {
    use time::{Month, OffsetDateTime};

    use super::ConversionError;
    use crate::value::{Date, Time, Timestamp};

    impl TryFrom<Timestamp> for OffsetDateTime {
        type Error = ConversionError;

        /// In UTC.
        fn try_from(at: Timestamp) -> Result<Self, ConversionError> {
            Self::from_unix_timestamp_nanos(at.epoch_nanoseconds())
                .map_err(|_| ConversionError::to("`time`"))
        }
    }

    impl TryFrom<OffsetDateTime> for Timestamp {
        type Error = ConversionError;

        fn try_from(at: OffsetDateTime) -> Result<Self, ConversionError> {
            Self::from_epoch(at.unix_timestamp(), at.nanosecond())
                .ok_or_else(|| ConversionError::to("`rest_source`"))
        }
    }

    impl TryFrom<Date> for time::Date {
        type Error = ConversionError;

        fn try_from(day: Date) -> Result<Self, ConversionError> {
            let number = day.day().unsigned_abs();
            Month::try_from(day.month().unsigned_abs())
                .ok()
                .and_then(|month| Self::from_calendar_date(day.year().into(), month, number).ok())
                .ok_or_else(|| ConversionError::to("`time`"))
        }
    }

    impl TryFrom<Time> for time::Time {
        type Error = ConversionError;

        fn try_from(time: Time) -> Result<Self, ConversionError> {
            Self::from_hms_nano(time.hour(), time.minute(), time.second(), time.nanosecond())
                .map_err(|_| ConversionError::to("`time`"))
        }
    }
}

#[cfg(feature = "rust_decimal")]
mod of_rust_decimal {
    use super::ConversionError;
    use crate::value::Decimal;

    impl TryFrom<&Decimal> for rust_decimal::Decimal {
        type Error = ConversionError;

        /// Of at most 28 digits; more are an error, and none is rounded off.
        fn try_from(number: &Decimal) -> Result<Self, ConversionError> {
            Self::from_str_exact(number.as_str()).map_err(|_| ConversionError::to("`rust_decimal`"))
        }
    }

    impl From<rust_decimal::Decimal> for Decimal {
        fn from(number: rust_decimal::Decimal) -> Self {
            // Plain digits, with a point or without: always a number.
            number.to_string().parse().unwrap_or_default()
        }
    }
}

#[cfg(feature = "uuid")]
mod of_uuid {
    use uuid::Uuid;

    use super::ConversionError;
    use crate::value::{Scalar, Value};

    impl TryFrom<Value<'_>> for Uuid {
        type Error = ConversionError;

        /// Of a text in any of the forms that the crate `uuid` reads.
        fn try_from(value: Value<'_>) -> Result<Self, ConversionError> {
            let Value::Text(text) = value else {
                return Err(ConversionError::to("`uuid`"));
            };
            text.parse().map_err(|_| ConversionError::to("`uuid`"))
        }
    }

    impl TryFrom<&Scalar> for Uuid {
        type Error = ConversionError;

        fn try_from(value: &Scalar) -> Result<Self, ConversionError> {
            value.as_value().try_into()
        }
    }

    impl From<Uuid> for Scalar {
        /// As text, hyphenated and in lower case.
        fn from(id: Uuid) -> Self {
            Self::Text(id.to_string())
        }
    }
}
