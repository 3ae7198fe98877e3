//! Decimal numbers, exact from their digits.

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    str::FromStr,
};

use super::{ParseError, digits::Digits};

/// A decimal number of any length, exact from the digits it was written with.
///
/// It is held as text: plain digits without an exponent, with zeros after the last digit only where
/// the column has a `scale`. Numbers that are equal are equal, however they are written.
///
/// ```
/// use rest_source::Decimal;
///
/// let price: Decimal = "1250e-2".parse()?;
/// assert_eq!(price.to_string(), "12.5");
/// assert_eq!(price, "12.50".parse()?);
/// assert!(price < "100".parse()?);
/// # Ok::<(), rest_source::ParseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decimal(Box<str>);

impl Decimal {
    /// The number, as plain digits: `-12.50`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// So much less. `None` where 38 digits do not hold both.
    pub(crate) fn minus(&self, other: &Self) -> Option<Self> {
        let places = split(&self.0).2.len().max(split(&other.0).2.len());
        let whole = |number: &Self| -> Option<i128> {
            let (negative, whole, fraction) = split(&number.0);
            let sign = if negative { "-" } else { "" };
            format!("{sign}{whole}{fraction:0<places$}").parse().ok()
        };
        let difference = whole(self)?.checked_sub(whole(other)?)?;
        format!("{difference}e-{places}").parse().ok()
    }

    /// A number whose text is plain already.
    pub(crate) fn from_canonical(text: &str) -> Self {
        Self(text.into())
    }
}

impl Default for Decimal {
    fn default() -> Self {
        Self("0".into())
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Decimal {
    type Err = ParseError;

    /// Reads digits with a sign, a point and an exponent where there are any. An exponent that
    /// would take more than 128 zeros to write out is refused.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut plain = String::new();
        Digits::read(text)
            .and_then(|digits| digits.write(0, &mut plain))
            .ok_or(ParseError::new("decimal"))?;
        Ok(Self(plain.into()))
    }
}

impl From<i64> for Decimal {
    fn from(number: i64) -> Self {
        Self(number.to_string().into())
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        compare(&self.0, &other.0).is_eq()
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(&self.0, &other.0)
    }
}

impl Hash for Decimal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (negative, whole, fraction) = split(&self.0);
        (negative, whole, fraction).hash(state);
    }
}

/// Compares two numbers in plain digits by their value.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let (a_negative, a_whole, a_fraction) = split(a);
    let (b_negative, b_whole, b_fraction) = split(b);
    let magnitude = a_whole
        .len()
        .cmp(&b_whole.len())
        .then_with(|| a_whole.cmp(b_whole))
        .then_with(|| a_fraction.cmp(b_fraction));
    match (a_negative, b_negative) {
        (false, false) => magnitude,
        (true, true) => magnitude.reverse(),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    }
}

/// Sign, digits before the point, and digits after it without the zeros at their end.
fn split(plain: &str) -> (bool, &str, &str) {
    let (negative, digits) = match plain.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, plain),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    (negative, whole, fraction.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Decimal;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn a_difference_is_exact() {
        for (from, less, left) in [
            ("10.05", "0.5", "9.55"),
            ("1", "1.000", "0"),
            ("0.1", "0.3", "-0.2"),
            ("-0.05", "7", "-7.05"),
            ("1700000000.000200", "60", "1699999940.0002"),
            ("0", "0", "0"),
        ] {
            let difference = decimal(from).minus(&decimal(less)).unwrap();
            assert_eq!(difference.to_string(), left, "{from} - {less}");
        }
        let long = decimal(&"9".repeat(40));
        assert!(long.minus(&decimal("1")).is_none());
    }

    #[test]
    fn is_exact_from_its_digits() {
        for (written, shown) in [
            ("0", "0"),
            ("-0.00", "0"),
            ("12.50", "12.5"),
            ("1250e-2", "12.5"),
            ("1.5E+3", "1500"),
            ("+007", "7"),
            (".5", "0.5"),
            (
                "0.1000000000000000055511151231257827",
                "0.1000000000000000055511151231257827",
            ),
            (
                "123456789012345678901234567890.1",
                "123456789012345678901234567890.1",
            ),
        ] {
            assert_eq!(decimal(written).to_string(), shown, "{written}");
        }
    }

    #[test]
    fn refuses_what_is_no_number_or_would_not_end() {
        for text in [
            "",
            "-",
            ".",
            "e5",
            "1e",
            "1.2.3",
            "0x10",
            "NaN",
            " 1",
            "1e999999999999",
            "1e-130",
        ] {
            assert!(text.parse::<Decimal>().is_err(), "{text}");
        }
    }

    #[test]
    fn compares_by_value() {
        let ordered = [
            "-100", "-12.5", "-12.4", "-0.1", "0", "0.05", "0.5", "9", "12.5", "100",
        ];
        for pair in ordered.windows(2) {
            assert!(decimal(pair[0]) < decimal(pair[1]), "{pair:?}");
        }
        let set: HashSet<_> = [Decimal::from_canonical("12.50"), decimal("12.5")].into();
        assert_eq!(set.len(), 1);
    }
}
