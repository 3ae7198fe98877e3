//! Cursor values that are text, and whether their order as text is the order that they mean.

use crate::{Error, ErrorKind};

/// Checks that cursor values of text can be compared as text. Numbers and dates can where all have one
/// shape: as text, `9` is after `10`, and `2024-9-1` after `2024-10-1`.
#[derive(Debug, Default)]
pub(super) struct TextOrder {
    /// The first value that looks like a number or a date.
    first: Option<(String, Shape)>,
}

/// The shape of a number or a date.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shape {
    /// The text, with `0` for each digit; of a number only up to the point. Where the order as text is not that
    /// of the values, as of negative numbers, it is the text itself.
    mask: String,
    is_number: bool,
}

impl TextOrder {
    /// Checks one more value of the column.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Schema`] where it does not have the shape of the others.
    pub(super) fn check(&mut self, column: &str, text: &str) -> Result<(), Error> {
        let Some(shape) = Shape::of(text) else {
            return Ok(());
        };
        match &self.first {
            None => self.first = Some((text.to_owned(), shape)),
            Some((first, known)) if !known.compares_to(&shape) => {
                return Err(mixed(
                    column,
                    first,
                    text,
                    known.is_number && shape.is_number,
                ));
            }
            Some(_) => {}
        }
        Ok(())
    }
}

impl Shape {
    /// The shape of a text that looks like a number or a date.
    fn of(text: &str) -> Option<Self> {
        let is_part = |c: char| {
            c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | '/' | ':' | ',' | ' ' | 'T' | 'Z')
        };
        let unsigned = text.trim_start_matches(['+', '-']);
        if !unsigned.starts_with(|c: char| c.is_ascii_digit()) || !text.chars().all(is_part) {
            return None;
        }
        let zeros = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "0");
        if let Some(whole) = whole_number(unsigned) {
            let is_signed = unsigned.len() < text.len();
            return Some(Self {
                mask: if is_signed {
                    text.to_owned()
                } else {
                    zeros(whole)
                },
                is_number: true,
            });
        }
        let mask = if begins_with_day(text) {
            text.to_owned()
        } else {
            // Times of different offsets do not compare as text.
            let offset = offset_at(text).unwrap_or(text.len());
            format!("{}{}", zeros(&text[..offset]), &text[offset..])
        };
        Some(Self {
            mask,
            is_number: false,
        })
    }

    fn compares_to(&self, other: &Self) -> bool {
        if self.mask == other.mask {
            return true;
        }
        if self.is_number && other.is_number {
            return false;
        }
        // A day and a time of a day compare as text: `2024-01-01`, `2024-01-01T09:30`.
        let is_start = |short: &str, long: &str| {
            long.strip_prefix(short)
                .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
        };
        is_start(&self.mask, &other.mask) || is_start(&other.mask, &self.mask)
    }
}

/// The digits before the point, where the text is digits, or digits with a fraction.
fn whole_number(text: &str) -> Option<&str> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_digit());
    (is_digits(whole) && is_digits(fraction)).then_some(whole)
}

/// Whether a date begins with its day or month: `31.12.2024`.
fn begins_with_day(text: &str) -> bool {
    let mut parts = text.split(['.', '/', '-', ' ', 'T']);
    let mut len = || parts.next().map_or(0, str::len);
    let (first, second, third) = (len(), len(), len());
    (1..=2).contains(&first) && (1..=2).contains(&second) && third == 4
}

/// Where the offset from UTC begins: after a time, `+02:00`.
fn offset_at(text: &str) -> Option<usize> {
    let time = text.find(':')?;
    text[time..].find(['+', '-']).map(|at| time + at)
}

fn mixed(column: &str, first: &str, text: &str, are_numbers: bool) -> Error {
    let error = Error::new(
        ErrorKind::Schema,
        format!("the cursor `{column}` is text whose order is not that of its values"),
    )
    .with_detail(format!("`{text}`, where another record has `{first}`"));
    error.with_help(if are_numbers {
        "declare the column as a number: `data_type: bigint` (or `decimal`) with `decode: text`"
    } else {
        "declare the column as `date` or `timestamp`, with its `format`"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compares(first: &str, second: &str) -> bool {
        let mut order = TextOrder::default();
        order.check("at", first).unwrap();
        order.check("at", second).is_ok()
    }

    #[test]
    fn numbers_and_dates_of_different_shape_are_refused() {
        for (first, second) in [
            ("9", "10"),
            ("1.5", "10.25"),
            ("-5", "-7"),
            ("2024-9-1", "2024-10-1"),
            ("2024-1-1", "2024-1-10"),
            ("31.12.2023", "01.01.2024"),
            ("12/31/2023", "01/01/2024"),
            ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00.5Z"),
            ("2024-01-01T00:00:00+01:00", "2024-01-01T00:00:00+02:00"),
            ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00+00:00"),
            ("9:30", "10:30"),
        ] {
            assert!(!compares(first, second), "{first} {second}");
            assert!(!compares(second, first), "{second} {first}");
        }
    }

    #[test]
    fn what_compares_as_text_is_taken() {
        for (first, second) in [
            ("09", "10"),
            ("1698765432.000200", "1698765432.5"),
            ("-5", "-5"),
            ("2024-01-01", "2024-12-31T09:30:00Z"),
            ("2024-01-01T00:00:00+01:00", "2024-02-01T00:00:00+01:00"),
            ("20240101", "20241231"),
            ("2024-W05", "2024-W5"),
            ("a9", "a10"),
            ("9", "abc"),
            ("", "10"),
        ] {
            assert!(compares(first, second), "{first} {second}");
        }
    }
}
