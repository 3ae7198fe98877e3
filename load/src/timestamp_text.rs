//! The stored text of a timestamp.

use std::fmt::Write as _;

use rest_source::Timestamp;

/// Formats a timestamp in UTC with six fractional digits, or nine if it needs more, so that texts sort by
/// time. [`Sqlite`](crate::Sqlite) stores this form and `rest-source fetch` prints it.
///
/// ```
/// let timestamp = "2026-11-21T10:30:00.5+01:00".parse()?;
/// assert_eq!(rest_source_load::timestamp_text(timestamp), "2026-11-21T09:30:00.500000+00:00");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn timestamp_text(timestamp: Timestamp) -> String {
    let mut text = String::with_capacity(TextOfYear::LENGTH);
    push_timestamp(timestamp, &mut text);
    text
}

/// The text of a timestamp of the years 0 to 9999.
struct TextOfYear {
    text: [u8; Self::LENGTH],
    length: usize,
}

impl TextOfYear {
    const LENGTH: usize = 35;

    fn new(timestamp: Timestamp) -> Option<Self> {
        let digits = timestamp.digits()?;
        let is_microsecond = timestamp.subsec_nanoseconds().is_multiple_of(1_000);
        let end = if is_microsecond { 26 } else { 29 };
        let mut text = [0; Self::LENGTH];
        text[..end].copy_from_slice(&digits[..end]);
        text[end..end + 6].copy_from_slice(b"+00:00");
        Some(Self {
            text,
            length: end + 6,
        })
    }

    fn bytes(&self) -> &[u8] {
        &self.text[..self.length]
    }
}

/// Appends a timestamp in that form.
pub(crate) fn push_timestamp(timestamp: Timestamp, text: &mut String) {
    if let Some(digits) = TextOfYear::new(timestamp) {
        // They are ASCII.
        text.push_str(str::from_utf8(digits.bytes()).unwrap_or_default());
        return;
    }
    // A year of other than four digits.
    let start = text.len();
    // Writing to a string does not fail.
    let _ = write!(text, "{timestamp}");
    in_utc(text, start);
}

/// Appends a timestamp as [`timestamp_text`](crate::timestamp_text) formats it.
pub fn write_timestamp(out: &mut Vec<u8>, timestamp: Timestamp) {
    match TextOfYear::new(timestamp) {
        Some(text) => out.extend_from_slice(text.bytes()),
        None => out.extend_from_slice(timestamp_text(timestamp).as_bytes()),
    }
}

/// Pads the RFC 3339 text in UTC from `start` on to six or nine fractional digits and ends it with `+00:00`. `+` sorts
/// before any digit, `Z` after.
fn in_utc(text: &mut String, start: usize) {
    if text.ends_with('Z') {
        text.pop();
    }
    let point = text[start..].rfind('.').map_or(text.len(), |at| start + at);
    if point == text.len() {
        text.push('.');
    }
    let digits = text.len() - point - 1;
    let wanted = if digits <= 6 { 6_usize } else { 9 };
    text.extend((digits..wanted).map(|_| '0'));
    text.push_str("+00:00");
}

#[cfg(test)]
mod tests {
    use rest_source::Timestamp;

    use super::timestamp_text;

    fn stored(written: &str) -> String {
        timestamp_text(written.parse::<Timestamp>().unwrap())
    }

    #[test]
    fn timestamps_have_six_or_nine_fractional_digits() {
        for (written, expected) in [
            ("2026-11-21T09:30:00Z", "2026-11-21T09:30:00.000000+00:00"),
            (
                "2026-11-21T09:30:00.5+02:00",
                "2026-11-21T07:30:00.500000+00:00",
            ),
            (
                "2026-11-21T09:30:00.123456Z",
                "2026-11-21T09:30:00.123456+00:00",
            ),
            (
                "2026-11-21T09:30:00.1234567Z",
                "2026-11-21T09:30:00.123456700+00:00",
            ),
            (
                "1969-12-31T23:59:59.999999999Z",
                "1969-12-31T23:59:59.999999999+00:00",
            ),
            ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000000+00:00"),
        ] {
            assert_eq!(stored(written), expected, "{written}");
        }
    }

    #[test]
    fn texts_are_those_of_the_timestamp() {
        // About 1,000 days of the years -100 to 10100, and the seconds around the years 0 and 10000.
        let days = (-756_000_i64..2_970_000).step_by(3_651);
        let seconds = days.map(|day| day * 86_400 + day.rem_euclid(86_400));
        let edges = [
            -62_167_219_201,
            -62_167_219_200,
            253_402_300_799,
            253_402_300_800,
        ];
        for (second, nanosecond) in seconds
            .chain(edges)
            .zip([0, 999_999_999, 120_000].into_iter().cycle())
        {
            let Some(timestamp) = Timestamp::from_epoch(second, nanosecond) else {
                continue;
            };
            let mut expected = timestamp.to_string();
            super::in_utc(&mut expected, 0);
            assert_eq!(timestamp_text(timestamp), expected);
        }
    }

    #[test]
    fn texts_sort_by_time() {
        let times = [
            "0001-01-01T00:00:00Z",
            "1969-12-31T23:59:59.999999999Z",
            "1970-01-01T00:00:00Z",
            "2026-11-21T09:30:00Z",
            "2026-11-21T09:30:00.000000001Z",
            "2026-11-21T09:30:00.000001Z",
            "2026-11-21T09:30:00.0000011Z",
            "2026-11-21T09:30:00.1Z",
            "2026-11-21T12:30:01+03:00",
            "9999-12-30T00:00:00Z",
        ];
        for pair in times.windows(2) {
            assert!(stored(pair[0]) < stored(pair[1]), "{pair:?}");
        }
    }
}
