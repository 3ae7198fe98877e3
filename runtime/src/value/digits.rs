//! Numbers as they are written, taken apart without rounding.

/// The most zeros that an exponent may stand for, so that a few bytes of a response cannot become
/// gigabytes.
const MOST_ZEROS: u64 = 128;

/// A number: `0.` and its digits, times ten to the power `point`.
#[derive(Debug)]
pub(crate) struct Digits {
    negative: bool,
    /// Without zeros at either end; empty for zero.
    significant: String,
    /// How many of the digits stand before the point; past either end, zeros are meant.
    point: i64,
}

impl Digits {
    /// Reads `[+-]digits[.digits][e[+-]digits]`. `None` where the text is something else.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.as_bytes().first()? {
            b'-' => (true, text.get(1..)?),
            b'+' => (false, text.get(1..)?),
            _ => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, read_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = [whole, fraction].concat();
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }

        let significant = digits.trim_start_matches('0');
        let leading = digits.len() - significant.len();
        let significant = significant.trim_end_matches('0');
        if significant.is_empty() {
            return Some(Self {
                negative: false,
                significant: String::new(),
                point: 0,
            });
        }
        let point = i64::try_from(whole.len()).ok()? - i64::try_from(leading).ok()?;
        Some(Self {
            negative,
            point: point.checked_add(exponent)?,
            significant: significant.to_owned(),
        })
    }

    /// The number as an integer, where it is one and fits.
    pub(crate) fn integer(&self) -> Option<i64> {
        if self.significant.is_empty() {
            return Some(0);
        }
        self.trailing_zeros()?;
        i64::try_from(self.scaled(0)?).ok()
    }

    /// The number times ten to this power, cut off after the point, where it fits.
    pub(crate) fn scaled(&self, power: u8) -> Option<i128> {
        let point = self.point.checked_add(i64::from(power))?;
        let Ok(point) = usize::try_from(point) else {
            return Some(0);
        };
        let (whole, zeros) = match self.significant.get(..point) {
            Some(whole) => (whole, 0),
            None => (self.significant.as_str(), point - self.significant.len()),
        };
        let whole: i128 = if whole.is_empty() {
            0
        } else {
            whole.parse().ok()?
        };
        let magnitude = whole.checked_mul(10_i128.checked_pow(u32::try_from(zeros).ok()?)?)?;
        Some(if self.negative { -magnitude } else { magnitude })
    }

    /// The digits before the point, at least 0.
    pub(crate) fn whole_digits(&self) -> u64 {
        u64::try_from(self.point).unwrap_or(0)
    }

    /// The digits after the point, without zeros at their end.
    pub(crate) fn fraction_digits(&self) -> u64 {
        let past = i64::try_from(self.significant.len())
            .map_or(i64::MAX, |len| len.saturating_sub(self.point));
        u64::try_from(past).unwrap_or(0)
    }

    /// As [`write`](Self::write), of a number that has at most `precision` digits, `scale` of them
    /// after the point; of any number where the precision is 0. `None` also where it has more.
    pub(crate) fn write_within(&self, precision: u8, scale: u8, out: &mut String) -> Option<()> {
        if precision == 0 {
            return self.write(0, out);
        }
        let whole = u64::from(precision.saturating_sub(scale));
        let fits = self.whole_digits() <= whole && self.fraction_digits() <= u64::from(scale);
        fits.then(|| self.write(scale, out))?
    }

    /// Appends the number in plain digits, with zeros up to `scale` digits after the point. `None`
    /// where that would take too many zeros.
    pub(crate) fn write(&self, scale: u8, out: &mut String) -> Option<()> {
        let before = u64::try_from(-self.point).unwrap_or(0);
        let after = self.trailing_zeros().unwrap_or(0);
        if before > MOST_ZEROS || after > MOST_ZEROS {
            return None;
        }

        if self.negative {
            out.push('-');
        }
        let point = usize::try_from(self.point).unwrap_or(0);
        let (whole, fraction) = self
            .significant
            .split_at_checked(point)
            .unwrap_or((&self.significant, ""));
        out.push_str(whole);
        push_zeros(after, out);
        if whole.is_empty() {
            out.push('0');
        }
        let padding = u64::from(scale).saturating_sub(self.fraction_digits());
        if !fraction.is_empty() || padding > 0 {
            out.push('.');
            push_zeros(before, out);
            out.push_str(fraction);
            push_zeros(padding, out);
        }
        Some(())
    }

    /// The zeros between the last digit and the point, where the number is an integer.
    fn trailing_zeros(&self) -> Option<u64> {
        let len = i64::try_from(self.significant.len()).ok()?;
        u64::try_from(self.point.checked_sub(len)?).ok()
    }
}

/// An exponent, kept within bounds in which sums with it cannot overflow.
fn read_exponent(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let magnitude = digits.parse().unwrap_or(i64::MAX).min(1 << 40);
    Some(if negative { -magnitude } else { magnitude })
}

fn push_zeros(count: u64, out: &mut String) {
    out.extend((0..count).map(|_| '0'));
}

#[cfg(test)]
mod tests {
    use super::Digits;

    #[test]
    fn integral_numbers_are_integers_however_written() {
        for (written, integer) in [
            ("7", Some(7)),
            ("7.0", Some(7)),
            ("1e1", Some(10)),
            ("1.5e1", Some(15)),
            ("-120e-1", Some(-12)),
            ("0e99999999999999999999", Some(0)),
            ("-0.0", Some(0)),
            ("9007199254740993.0", Some(9_007_199_254_740_993)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("1e19", None),
            ("1e99999999999999999999", None),
            ("3.5", None),
            ("7.00000000000000000000000000000000000000001", None),
        ] {
            assert_eq!(
                Digits::read(written).and_then(|d| d.integer()),
                integer,
                "{written}"
            );
        }
    }
}
