//! RFC 3339 as it is usually written.

use super::Timestamp;

/// Reads the form that nearly every API sends, `2026-11-21T09:30:00[.5]Z` or with `+02:00`, in a
/// fraction of the time that reading every form takes. `None` is any other form.
pub(super) fn usual(text: &[u8]) -> Option<Timestamp> {
    let (civil, rest) = text.split_first_chunk::<19>()?;
    let separators = [civil[4], civil[7], civil[10], civil[13], civil[16]];
    if separators != *b"--T::" {
        return None;
    }
    let year = i16::from(two(civil, 0)?) * 100 + i16::from(two(civil, 2)?);
    let (month, day) = (two(civil, 5)?, two(civil, 8)?);
    let (hour, minute, second) = (two(civil, 11)?, two(civil, 14)?, two(civil, 17)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (nanoseconds, offset) = fraction(rest)?;
    let days = days_since_1970(year, month, day)?;
    let clock = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    let seconds = days * 86_400 + clock - offset_seconds(offset)?;
    Timestamp::from_epoch(seconds, nanoseconds)
}

/// The number of two digits at this place.
#[inline]
fn two(text: &[u8], at: usize) -> Option<i8> {
    let pair = text.get(at..at + 2)?;
    let digit = |byte: u8| byte.is_ascii_digit().then(|| byte.wrapping_sub(b'0'));
    i8::try_from(digit(pair[0])? * 10 + digit(pair[1])?).ok()
}

/// Nanoseconds of a fraction of up to nine digits, if there is one, and what follows it.
#[inline]
fn fraction(text: &[u8]) -> Option<(u32, &[u8])> {
    let Some(digits) = text.strip_prefix(b".") else {
        return Some((0, text));
    };
    let len = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if len == 0 || len > 9 {
        return None;
    }
    let (digits, rest) = digits.split_at(len);
    let read = |sum, digit: &u8| sum * 10 + u32::from(digit - b'0');
    let scale = 10_u32.pow(9 - u32::try_from(len).ok()?);
    Some((digits.iter().fold(0, read) * scale, rest))
}

/// Seconds that an offset is ahead of UTC.
#[inline]
fn offset_seconds(text: &[u8]) -> Option<i64> {
    if text == b"Z" {
        return Some(0);
    }
    let ([sign, _, _, b':', _, _], []) = text.split_first_chunk::<6>()? else {
        return None;
    };
    let (hours, minutes) = (two(text, 1)?, two(text, 4)?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    let seconds = i64::from(hours) * 3600 + i64::from(minutes) * 60;
    match sign {
        b'+' => Some(seconds),
        b'-' => Some(-seconds),
        _ => None,
    }
}

/// Days from 1970-01-01 to a day of the Gregorian calendar, in years 0 to 9999.
///
/// Years are counted from March, so that the leap day is a year's last, in cycles of 400 years,
/// which have 146,097 days.
#[inline]
fn days_since_1970(year: i16, month: i8, day: i8) -> Option<i64> {
    const DAYS: [i8; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest =
        *DAYS.get(usize::try_from(month).ok()?.checked_sub(1)?)? + i8::from(leap && month == 2);
    if day < 1 || day > longest {
        return None;
    }
    let (month, day) = (i64::from(month), i64::from(day));
    let year = i64::from(year) - i64::from(month <= 2);
    let cycle = year.div_euclid(400);
    let year_of_cycle = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_cycle = year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 + day_of_year;
    Some(cycle * 146_097 + day_of_cycle - 719_468)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Timestamp, usual};

    #[test]
    fn the_usual_form_is_read_as_every_form_is() {
        for text in [
            "1970-01-01T00:00:00Z",
            "2000-02-29T23:59:59.999999999Z",
            "2026-11-21T09:30:00.5+02:00",
            "1900-02-28T00:00:00-23:59",
            "0000-01-01T00:00:00Z",
            "9999-12-30T00:00:00Z",
        ] {
            let expected = text.parse::<jiff::Timestamp>().unwrap();
            assert_eq!(
                usual(text.as_bytes()),
                Timestamp::from_jiff(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in [
            "1900-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00+2:00",
            "2026-01-01T00:00:00Zz",
            "２026-01-01T00:00:00Z",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn both_ways_of_reading_agree(seconds in -62_167_219_200_i64..253_402_300_800, nanoseconds in 0_u32..1_000_000_000) {
            let at = Timestamp::from_epoch(seconds, nanoseconds).unwrap();
            prop_assert_eq!(usual(at.to_string().as_bytes()), Some(at));
            prop_assert_eq!((at.epoch_seconds(), at.subsec_nanoseconds()), (seconds, nanoseconds));
        }

        #[test]
        fn any_text_that_is_usual_is_so_to_jiff(text in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,10})?(Z|[+-][0-2][0-9]:[0-6][0-9])?") {
            if let Some(at) = usual(text.as_bytes()) {
                prop_assert_eq!(text.parse::<jiff::Timestamp>().ok(), at.jiff());
            }
        }
    }
}
