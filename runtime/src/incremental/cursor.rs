//! Cursor values: read from text, compared with cells, sent as parameters.

use std::{cmp::Ordering, time::Duration};

use crate::{
    Scalar,
    error::{Error, ErrorKind, Result},
    plan::Lag,
    schema::{TimeFormat, Type},
    value::{Timestamp, Value, format::Format},
};

/// The lag, of a setting with this value; `None` if that has none.
///
/// # Errors
///
/// [`ErrorKind::Config`] if the value is negative or too large: no lag would lose records that arrive late.
pub(super) fn resolved_lag(lag: Option<Lag>, value: Option<&Scalar>) -> Result<Option<Lag>> {
    let Some(Lag::Setting { unit, .. }) = &lag else {
        return Ok(lag);
    };
    let Some(value) = value.filter(|value| **value != Scalar::Null) else {
        return Ok(None);
    };
    let times = match value {
        Scalar::Bigint(value) => u32::try_from(*value).ok(),
        _ => None,
    };
    let lag = match (&**unit, value, times) {
        (Lag::Duration(unit), _, Some(times)) => unit.checked_mul(times).map(Lag::Duration),
        (Lag::Days(unit), _, Some(times)) => unit.checked_mul(times).map(Lag::Days),
        (Lag::Integer(_), Scalar::Bigint(value @ 0..), _) => Some(Lag::Integer(*value)),
        (Lag::Double(_), Scalar::Double(value @ 0.0..), _) => Some(Lag::Double(*value)),
        (Lag::Double(_), _, Some(times)) => Some(Lag::Double(times.into())),
        (Lag::Decimal(_), _, Some(times)) => Some(Lag::Decimal(times.to_string().into())),
        _ => None,
    };
    lag.map(Some).ok_or_else(|| {
        let message = format!("the setting of `lag` is {value}, which is negative or too large");
        Error::new(ErrorKind::Config, message).with_help("give the setting a number from 0 up")
    })
}

impl Scalar {
    /// The value of a cursor cell; `None` for null.
    pub(crate) fn of_cell(value: Value<'_>) -> Option<Self> {
        Some(match value {
            Value::Bigint(value) => Self::Bigint(value),
            Value::Double(value) => Self::Double(value),
            Value::Text(value) => Self::Text(value.to_owned()),
            Value::Timestamp(value) => Self::Timestamp(value),
            Value::Date(value) => Self::Date(value),
            Value::Time(value) => Self::Time(value),
            Value::Decimal(digits) => Self::Decimal(digits.parse().ok()?),
            _ => return None,
        })
    }

    /// Reads a value of this type from a spec, a state or a response. `None` if the text is not valid, or
    /// the type has no order.
    ///
    /// # Errors
    ///
    /// If the system does not know the time zone of the type.
    pub(crate) fn read(data_type: &Type, text: &str) -> Result<Option<Self>> {
        Ok(match data_type {
            Type::Bigint => text.parse().ok().map(Self::Bigint),
            Type::Double => {
                let number = text.parse().ok().filter(|number: &f64| number.is_finite());
                number.map(Self::Double)
            }
            Type::Text | Type::Enum { .. } => Some(Self::Text(text.to_owned())),
            Type::Timestamp(format) => match text.parse() {
                Ok(at) => Some(Self::Timestamp(at)),
                Err(_) => Format::new(format)?
                    .read_timestamp(text)
                    .map(Self::Timestamp),
            },
            Type::Date(format) => match text.parse() {
                Ok(day) => Some(Self::Date(day)),
                Err(_) => Format::new(format)?.read_date(text).map(Self::Date),
            },
            Type::Time => text.parse().ok().map(Self::Time),
            Type::Decimal { .. } => text.parse().ok().map(Self::Decimal),
            _ => None,
        })
    }

    /// Whether a cursor column of this type has such values.
    pub(crate) fn is_cursor_of(&self, data_type: &Type) -> bool {
        matches!(
            (self, data_type),
            (Self::Bigint(_), Type::Bigint)
                | (Self::Double(_), Type::Double)
                | (Self::Text(_), Type::Text | Type::Enum { .. })
                | (Self::Timestamp(_), Type::Timestamp(_))
                | (Self::Date(_), Type::Date(_))
                | (Self::Time(_), Type::Time)
                | (Self::Decimal(_), Type::Decimal { .. })
        )
    }

    /// Compares the cursor with a cell; `None` if the cell is null.
    pub(crate) fn compare(&self, cell: Value<'_>) -> Option<Ordering> {
        self.as_value().partial_cmp(&cell)
    }

    /// The cursor less a lag. `None` if it would be out of range, or the lag is for another type.
    pub(crate) fn before(&self, lag: &Lag) -> Option<Self> {
        Some(match (self, lag) {
            (Self::Timestamp(at), Lag::Duration(lag)) => Self::Timestamp(at.checked_sub(*lag)?),
            (Self::Date(day), Lag::Days(days)) => {
                Self::Date(day.checked_add_days(-i64::from(*days))?)
            }
            (Self::Bigint(number), Lag::Integer(lag)) => Self::Bigint(number.checked_sub(*lag)?),
            (Self::Double(number), Lag::Double(lag)) => Self::Double(number - lag),
            // A setting was resolved before.
            (Self::Decimal(number), Lag::Decimal(lag)) => {
                Self::Decimal(number.minus(&lag.parse().ok()?)?)
            }
            _ => return None,
        })
    }

    /// The value as it is sent: a time in this format, a number as a number, any other value as text.
    ///
    /// A time is rounded down to the precision of the format, or up for an end (`up`). An epoch keeps its
    /// fraction only if it is the format of the cursor's own column (`is_own`). `None` if the format cannot
    /// write the value.
    ///
    /// # Errors
    ///
    /// If the system does not know the time zone of the format.
    pub(crate) fn sent(
        &self,
        format: &TimeFormat,
        is_own: bool,
        up: bool,
    ) -> Result<Option<Scalar>> {
        let is_epoch = format.epoch_power().is_some();
        let written = match self {
            Self::Bigint(number) => return Ok(Some(Scalar::Bigint(*number))),
            Self::Double(number) => return Ok(Some(Scalar::Double(*number))),
            Self::Timestamp(at) => {
                let writing = Format::new(format)?;
                // A local time in a repeated hour stands for two instants: send one outside of it.
                let at = match writing.repeated_hour(*at) {
                    Some(hour) if up => hour.end,
                    Some(hour) => hour.begin,
                    None => *at,
                };
                let at = if is_epoch && is_own {
                    Some(at)
                } else {
                    rounded(at, format, up)
                };
                at.and_then(|at| written(at, &writing, up))
            }
            Self::Date(day) => Format::new(format)?.write_date(*day),
            other => Some(other.to_string()),
        };
        Ok(written.map(|text| match text.parse() {
            Ok(number) if is_epoch => Scalar::Bigint(number),
            _ if is_epoch => Scalar::Text(with_whole_fraction(text)),
            _ => Scalar::Text(text),
        }))
    }
}

/// Pads a fraction to three, six or nine digits: APIs write milli-, micro- or nanoseconds, and some compare
/// them as text.
fn with_whole_fraction(mut number: String) -> String {
    if let Some((_, fraction)) = number.split_once('.') {
        let missing = fraction.len().next_multiple_of(3) - fraction.len();
        number.extend(std::iter::repeat_n('0', missing));
    }
    number
}

/// Rounds to the second, millisecond or day, if the format has no more.
fn rounded(at: Timestamp, format: &TimeFormat, up: bool) -> Option<Timestamp> {
    let (seconds, nanoseconds) = (at.epoch_seconds(), at.subsec_nanoseconds());
    let (down, unit) = match format {
        TimeFormat::EpochSeconds => (Timestamp::from_epoch(seconds, 0)?, Duration::from_secs(1)),
        TimeFormat::EpochMicros => (
            Timestamp::from_epoch(seconds, nanoseconds / 1000 * 1000)?,
            Duration::from_micros(1),
        ),
        TimeFormat::EpochMillis | TimeFormat::DateCall => (
            Timestamp::from_epoch(seconds, nanoseconds / 1_000_000 * 1_000_000)?,
            Duration::from_millis(1),
        ),
        TimeFormat::Date => (
            Timestamp::from_epoch(seconds.div_euclid(86_400) * 86_400, 0)?,
            Duration::from_secs(86_400),
        ),
        _ => return Some(at),
    };
    if up && down != at {
        down.checked_add(unit)
    } else {
        Some(down)
    }
}

/// Writes an instant; for an end (`up`), one that reads as no earlier instant.
fn written(at: Timestamp, format: &Format, up: bool) -> Option<String> {
    let text = format.write_timestamp(at)?;
    // A format that cannot be read back keeps its text.
    let is_before = |text: &str| format.read_timestamp(text).is_some_and(|read| read < at);
    if !up || !is_before(&text) {
        return Some(text);
    }
    [1, 60, 3_600, 86_400].into_iter().find_map(|seconds| {
        let later = at.checked_add(Duration::from_secs(seconds))?;
        let text = format.write_timestamp(later)?;
        (!is_before(&text)).then_some(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::Ref::Static;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "a call that makes it reads better"
    )]
    fn sent(at: &str, format: TimeFormat, up: bool) -> String {
        let value = Scalar::from(at.parse::<Timestamp>().unwrap());
        value.sent(&format, false, up).unwrap().unwrap().to_string()
    }

    #[test]
    fn an_epoch_in_the_columns_own_format_keeps_its_fraction() {
        let value = Scalar::from("2023-10-31T15:17:12.0002Z".parse::<Timestamp>().unwrap());
        for up in [false, true] {
            let sent = value.sent(&TimeFormat::EpochSeconds, true, up).unwrap();
            assert_eq!(sent.unwrap().to_string(), "1698765432.000200");
        }
    }

    #[test]
    fn a_start_is_rounded_down_and_an_end_up_to_what_the_format_holds() {
        let moment = "2026-11-21T09:30:00.5Z";
        assert_eq!(sent(moment, TimeFormat::Rfc3339, false), moment);
        assert_eq!(sent(moment, TimeFormat::EpochSeconds, false), "1795253400");
        assert_eq!(sent(moment, TimeFormat::EpochSeconds, true), "1795253401");
        assert_eq!(sent(moment, TimeFormat::EpochMillis, true), "1795253400500");
        assert_eq!(sent(moment, TimeFormat::Date, false), "2026-11-21");
        assert_eq!(sent(moment, TimeFormat::Date, true), "2026-11-22");
        assert_eq!(
            sent("2026-11-21T00:00:00Z", TimeFormat::Date, true),
            "2026-11-21"
        );
    }

    #[test]
    fn end_is_never_sent_earlier_than_it_is() {
        let pattern = |pattern, zone| TimeFormat::Pattern { pattern, zone };
        let minutes = pattern(Static("%Y-%m-%d %H:%M"), Some(Static("UTC")));
        let moment = "2026-11-21T09:30:30.5Z";
        assert_eq!(sent(moment, minutes.clone(), false), "2026-11-21 09:30");
        for (format, up) in [
            (minutes.clone(), "2026-11-21 09:31"),
            (
                pattern(Static("%Y-%m-%dT%H:%M:%SZ"), Some(Static("UTC"))),
                "2026-11-21T09:30:31Z",
            ),
            (
                pattern(Static("%Y-%m-%d %H"), Some(Static("UTC"))),
                "2026-11-21 10",
            ),
            (
                pattern(Static("%d/%m/%Y"), Some(Static("+02:00"))),
                "22/11/2026",
            ),
            (pattern(Static("%s"), None), "1795253431"),
        ] {
            assert_eq!(sent(moment, format.clone(), true), up, "{format:?}");
        }
        // What the pattern holds whole is not moved.
        assert_eq!(
            sent("2026-11-21T09:30:00Z", minutes, true),
            "2026-11-21 09:30"
        );
    }

    #[test]
    fn a_bound_in_a_repeated_hour_is_sent_outside_of_it() {
        let berlin = TimeFormat::Pattern {
            pattern: Static("%Y-%m-%d %H:%M:%S"),
            zone: Some(Static("Europe/Berlin")),
        };
        let moment = "2024-10-27T00:40:00Z";
        assert_eq!(sent(moment, berlin.clone(), false), "2024-10-27 02:00:00");
        assert_eq!(sent(moment, berlin.clone(), true), "2024-10-27 03:00:00");
        assert_eq!(
            sent("2024-10-27T02:40:00Z", berlin, false),
            "2024-10-27 03:40:00"
        );
    }

    #[test]
    fn a_value_is_read_in_rfc_3339_or_in_the_columns_format() {
        let epoch = Type::Timestamp(TimeFormat::EpochSeconds);
        let wanted = Some(Scalar::Timestamp(at("2026-11-21T09:30:00Z")));
        for text in [
            "1795253400",
            "2026-11-21T09:30:00Z",
            "2026-11-21T11:30:00+02:00",
        ] {
            assert_eq!(Scalar::read(&epoch, text).unwrap(), wanted, "{text}");
        }
        let local = Type::Timestamp(TimeFormat::Local {
            zone: Static("+02:00"),
        });
        let midnight = Some(Scalar::Timestamp(at("2026-11-20T22:00:00Z")));
        for text in ["2026-11-21", "2026-11-21T00:00:00", "2026-11-20T22:00:00Z"] {
            assert_eq!(Scalar::read(&local, text).unwrap(), midnight, "{text}");
        }
        assert_eq!(Scalar::read(&Type::Bigint, "7.5").unwrap(), None);
        assert_eq!(Scalar::read(&Type::Bool, "true").unwrap(), None);
    }

    #[test]
    fn a_lag_goes_back_in_the_values_own_unit() {
        let day = Scalar::Date("2026-11-21".parse().unwrap());
        assert_eq!(
            day.before(&Lag::Days(21)).unwrap().to_string(),
            "2026-10-31"
        );
        let number = Scalar::Bigint(5);
        assert_eq!(number.before(&Lag::Integer(7)), Some(Scalar::Bigint(-2)));
        assert_eq!(number.before(&Lag::Days(1)), None);
        let number = Scalar::Decimal("10.05".parse().unwrap());
        let back = number.before(&Lag::Decimal(Static("0.5"))).unwrap();
        assert_eq!(back.to_string(), "9.55");
    }
}
