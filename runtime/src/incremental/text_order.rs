//! Checks that text cursors have the order of the values that they mean.

use crate::{Error, ErrorKind};

/// Checks that text cursors can be compared as text. Numbers and dates can if all have one shape: as text,
/// `9` is after `10`, and `2024-9-1` after `2024-10-1`.
#[derive(Debug, Default)]
pub(super) struct TextOrder {
    /// The first value that looks like a number or a date.
    first: Option<(String, Shape)>,
}

/// The shape of a number or a date.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shape {
    /// The text, with `0` for each digit; of a number only up to the decimal point. The text itself if its
    /// order is not that of the value, as for negative numbers.
    mask: String,
    is_number: bool,
}

impl TextOrder {
    /// Checks a value of the column.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Schema`] if its shape is not that of the first value.
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
        let itself = || Self {
            mask: text.to_owned(),
            is_number: false,
        };
        if is_date_in_words(text) {
            return Some(itself());
        }
        let is_part = |c: char| {
            c.is_ascii_digit()
                || matches!(
                    c,
                    '+' | '-' | '.' | '/' | ':' | ',' | ' ' | 'T' | 'Z' | 'W' | 'Q'
                )
        };
        let unsigned = text.trim_start_matches(['+', '-']);
        let parts = without_zone(unsigned);
        if !parts.starts_with(|c: char| c.is_ascii_digit()) || !parts.chars().all(is_part) {
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
        if begins_with_day(text) {
            return Some(itself());
        }
        // Times of different offsets do not compare as text.
        let offset = offset_at(text).unwrap_or(text.len());
        Some(Self {
            mask: format!("{}{}", zeros(&text[..offset]), &text[offset..]),
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

/// Whether a date begins with its day or month: `31.12.2024`, `12/31/24`, `12/2024`.
fn begins_with_day(text: &str) -> bool {
    let mut parts = text.split(['.', '/', '-', ' ', 'T']);
    let mut len = || parts.next().map_or(0, str::len);
    let (first, second, third) = (len(), len(), len());
    let is_day = |len| (1..=2).contains(&len);
    is_day(first) && (second == 4 || (is_day(second) && matches!(third, 2 | 4)))
}

/// The longest text that is looked at for a date in words. A longer one is a sentence.
const LONGEST_DATE: usize = 48;

/// Whether a text is a date or time with words that do not sort as what they mean: a month or weekday, `PM`, or
/// a word beside a day that comes before the year, in whatever language.
fn is_date_in_words(text: &str) -> bool {
    if text.len() > LONGEST_DATE {
        return false;
    }
    let tokens: Vec<Token> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|token| !token.is_empty())
        .flat_map(Token::read)
        .collect();
    let has = |token: Token| tokens.contains(&token);
    let at = |token: Token| tokens.iter().position(|one| *one == token);
    let days = tokens.iter().filter(|one| **one == Token::Day).count();
    let is_day_first = at(Token::Day) < at(Token::Year) && has(Token::Day);
    (has(Token::Name) && (has(Token::Year) || days > 1))
        || (has(Token::HalfDay) && has(Token::Day) && text.contains(':'))
        || (has(Token::Word) && is_day_first)
}

/// A part of a text between spaces and punctuation, as a part of a date.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    /// A number of one or two digits, or with a letter before them or two after them: `29`, `Q4`, `29th`.
    Day,
    Year,
    /// An English month or weekday.
    Name,
    /// `AM` or `PM`.
    HalfDay,
    /// Another word.
    Word,
    Other,
}

impl Token {
    fn read(token: &str) -> Vec<Self> {
        let digits_end = token.find(|c: char| !c.is_ascii_digit());
        let (digits, rest) = token.split_at(digits_end.unwrap_or(token.len()));
        let letters_end = rest.find(|c: char| !c.is_alphabetic());
        let (letters, rest) = rest.split_at(letters_end.unwrap_or(rest.len()));
        match (
            Self::of_number(digits),
            Self::of_word(letters),
            Self::of_number(rest),
        ) {
            (Some(one), None, None) | (None, Some(one), None) => vec![one],
            (Some(Self::Day), Some(Self::HalfDay), None) => vec![Self::Day, Self::HalfDay],
            (Some(Self::Day), Some(Self::Word), None)
                if ["st", "nd", "rd", "th", "er"]
                    .contains(&letters.to_ascii_lowercase().as_str()) =>
            {
                vec![Self::Day, Self::Word]
            }
            (None, Some(Self::Word), Some(Self::Day)) if letters.len() == 1 => {
                vec![Self::Day, Self::Word]
            }
            (Some(Self::Day), Some(Self::Name), Some(year)) => vec![Self::Day, Self::Name, year],
            _ => vec![Self::Other],
        }
    }

    fn of_number(digits: &str) -> Option<Self> {
        match digits {
            "" => None,
            _ if !digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(Self::Other),
            _ if digits.len() <= 2 => Some(Self::Day),
            _ if digits.len() == 4 && ("1900".."2200").contains(&digits) => Some(Self::Year),
            _ => Some(Self::Other),
        }
    }

    fn of_word(letters: &str) -> Option<Self> {
        let word = letters.to_lowercase();
        let is_name =
            |name: &&str| name.starts_with(&word) && (word.len() == 3 || word.len() == name.len());
        match &*word {
            "" => None,
            "am" | "pm" => Some(Self::HalfDay),
            "sept" | "tues" | "thur" | "thurs" => Some(Self::Name),
            _ if NAMES.iter().any(is_name) => Some(Self::Name),
            _ => Some(Self::Word),
        }
    }
}

const NAMES: [&str; 19] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// A time without the name of its zone: ` UTC`.
fn without_zone(text: &str) -> &str {
    let is_zone = |zone: &str| {
        (2..=5).contains(&zone.len()) && zone.bytes().all(|byte| byte.is_ascii_uppercase())
    };
    match text.rsplit_once(' ') {
        Some((time, zone)) if is_zone(zone) && time.contains(':') => time,
        _ => text,
    }
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
            ("29 Nov 2026", "1 Dec 2026"),
            ("29 Nov 2026", "30 Nov 2026"),
            (
                "Sun, 29 Nov 2026 10:00:00 GMT",
                "Mon, 30 Nov 2026 10:00:00 GMT",
            ),
            ("Sun Nov 29 10:00:00 2026", "Mon Nov 30 10:00:00 2026"),
            ("Nov 29, 2026", "Dec 1, 2026"),
            ("November 29th, 2026", "December 1st, 2026"),
            ("29-NOV-26", "01-DEC-26"),
            ("29Nov2026", "01Dec2026"),
            ("2026-Nov-29", "2026-Dec-01"),
            ("Nov 2026", "Dec 2026"),
            ("29. November 2026", "1. Dezember 2026"),
            ("29 novembre 2026", "1er décembre 2026"),
            ("29 de noviembre de 2026", "30 de noviembre de 2026"),
            ("11/29/2026", "12/01/2026"),
            ("11/29/2026 9:30 PM", "11/29/2026 10:30 AM"),
            ("11/29/26", "12/01/26"),
            ("29.11.26", "01.12.26"),
            ("11/2026", "01/2027"),
            ("2026-11-29 09:30 PM", "2026-11-29 10:30 AM"),
            ("2026-11-29 09:30PM", "2026-11-29 10:30AM"),
            ("9:30 a.m., 2026-11-29", "10:30 p.m., 2026-11-29"),
            ("2026-11-29 10:00:00 UTC", "2026-11-29 9:00:00 UTC"),
            ("2026-10-25 02:30:00 CEST", "2026-10-25 02:30:00 CET"),
            ("Q4 2026", "Q1 2027"),
            ("W5 2026", "W48 2026"),
            ("2026-W5", "2026-W48"),
            ("week 9 of 2026", "week 10 of 2026"),
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
            ("2024-W05", "2024-W48"),
            ("2024-Q1", "2024-Q2"),
            ("2026-11-29 10:00:00 UTC", "2026-11-30 09:00:00 UTC"),
            ("29 Nov 2026", "29 Nov 2026"),
            ("a9", "a10"),
            ("order-0001", "order-0002"),
            ("INV-2026-05", "INV-2026-06"),
            ("9c12feb4-12-dec1", "9c12feb4-13-dec2"),
            ("a1-dec-001", "a1-dec-002"),
            ("01HF7YAT00-may", "01HF7YAT01-jun"),
            ("may contain 12 nuts", "sun at 12"),
            ("9", "abc"),
            ("", "10"),
        ] {
            assert!(compares(first, second), "{first} {second}");
        }
    }
}
