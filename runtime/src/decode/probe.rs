//! The values of a page that its paginator asks for.

use std::cmp::Ordering;

use super::{LONGEST_PROBE, Probe};
use crate::plan::Take;

/// A value out of its text.
pub(super) fn read(raw: &str) -> serde_json::Result<Probe> {
    Ok(match raw.as_bytes().first() {
        Some(b'n') => Probe::Null,
        Some(b't') => Probe::Bool(true),
        Some(b'f') => Probe::Bool(false),
        Some(b'"') => Probe::Text(serde_json::from_str(raw)?),
        // A long one is a list of records: no paginator takes it for anything.
        Some(b'{' | b'[') if raw.len() > LONGEST_PROBE => Probe::Json(String::new()),
        Some(b'{' | b'[') => Probe::Json(raw.to_owned()),
        _ => Probe::Number(raw.to_owned()),
    })
}

/// One of the values that a query finds.
pub(super) fn take(take: Take, found: Vec<&str>) -> serde_json::Result<Probe> {
    let mut values = found.into_iter().map(read);
    if take == Take::First {
        return values.next().unwrap_or(Ok(Probe::Missing));
    }
    let mut taken = Probe::Missing;
    for value in values {
        let value = value?;
        let order = match (&taken, &value) {
            (_, Probe::Missing | Probe::Null) => continue,
            (Probe::Missing, _) => Some(Ordering::Greater),
            (taken, value) => compare(value, taken),
        };
        match (order, take) {
            // Neither is before the other: no cursor is among them.
            (None, _) => return Ok(Probe::Json(String::new())),
            (Some(Ordering::Greater), Take::Greatest) | (Some(Ordering::Less), Take::Least) => {
                taken = value;
            }
            (Some(_), _) if taken == Probe::Missing => taken = value,
            _ => {}
        }
    }
    Ok(taken)
}

/// Numbers by their value, texts by their characters.
fn compare(one: &Probe, other: &Probe) -> Option<Ordering> {
    match (one, other) {
        (Probe::Text(one), Probe::Text(other)) => Some(one.cmp(other)),
        (Probe::Number(one), Probe::Number(other)) => {
            let whole = |digits: &str| digits.parse::<i128>().ok();
            match (whole(one), whole(other)) {
                (Some(one), Some(other)) => Some(one.cmp(&other)),
                _ => one.parse::<f64>().ok()?.partial_cmp(&other.parse().ok()?),
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_number_or_text_is_taken() {
        let greatest = |found: &[&str]| take(Take::Greatest, found.to_vec()).unwrap();
        assert_eq!(greatest(&["2", "10", "9.5"]), Probe::Number("10".into()));
        assert_eq!(
            greatest(&["18446744073709551617", "18446744073709551616"]),
            Probe::Number("18446744073709551617".into())
        );
        assert_eq!(
            greatest(&["\"a\"", "null", "\"b\""]),
            Probe::Text("b".into())
        );
        assert_eq!(greatest(&[]), Probe::Missing);
        assert_eq!(greatest(&["1", "\"b\""]), Probe::Json(String::new()));
        let least = take(Take::Least, vec!["3", "-1", "2"]).unwrap();
        assert_eq!(least, Probe::Number("-1".into()));
    }
}
