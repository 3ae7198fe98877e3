//! The stored text of a timestamp.

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
    let mut text = timestamp.to_string();
    in_utc(&mut text);
    text
}

/// Pads an RFC 3339 text in UTC to six or nine fractional digits and ends it with `+00:00`. `+` sorts before
/// any digit, `Z` after.
pub(crate) fn in_utc(text: &mut String) {
    if text.ends_with('Z') {
        text.pop();
    }
    let point = text.rfind('.').unwrap_or(text.len());
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
