//! Scalars: from the text or the digits of a value to what its column holds.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_PAD_INDIFFERENT, URL_SAFE_PAD_INDIFFERENT},
};

use super::{
    fault::{Found, Place},
    reader::Reader,
    shape::{ColumnShape, Kind},
};
use crate::{
    page::Slot,
    value::{Time, Timestamp, digits::Digits},
};

impl Reader<'_, '_> {
    /// A JSON text.
    #[inline]
    pub(super) fn text(
        &mut self,
        shape: &ColumnShape,
        text: &str,
        place: &Place<'_>,
    ) -> Option<Slot> {
        let slot = if shape.is_written {
            return self.written(shape, text, place);
        } else {
            match &shape.kind {
                Kind::Text | Kind::Scalar => self.keep(text),
                Kind::Enum { values, closed }
                    if !closed || values.iter().any(|value| **value == *text) =>
                {
                    self.keep(text)
                }
                Kind::Timestamp(format) if !format.is_number() => {
                    format.read_timestamp(text).map(timestamp)
                }
                Kind::Date(format) if !format.is_number() => format.read_date(text).map(Slot::Date),
                // A number since 1970, in a text.
                Kind::Timestamp(_) | Kind::Date(_) => self.digits(shape, text),
                Kind::Time => text.parse::<Time>().ok().map(Slot::Time),
                Kind::Binary => self.binary(text),
                Kind::Decimal { precision, scale } => self.decimal(*precision, *scale, text),
                _ => None,
            }
        };
        slot.or_else(|| self.late(shape, place, Found::Text(text)))
    }

    /// A JSON number, as its digits.
    #[inline]
    pub(super) fn number(
        &mut self,
        shape: &ColumnShape,
        digits: &str,
        place: &Place<'_>,
    ) -> Option<Slot> {
        let slot = if shape.is_written {
            None
        } else {
            self.digits(shape, digits)
        };
        slot.or_else(|| self.late(shape, place, Found::Number(digits)))
    }

    /// What is not in the first format of a time: in another, or a misfit.
    #[cold]
    #[inline(never)]
    fn late(&mut self, shape: &ColumnShape, place: &Place<'_>, found: Found<'_>) -> Option<Slot> {
        let other = match found {
            Found::Text(text) => in_another_format(shape, text, true),
            Found::Number(digits) => in_another_format(shape, digits, false),
            _ => None,
        };
        other.or_else(|| self.misfit(shape, place, found))
    }

    fn digits(&mut self, shape: &ColumnShape, digits: &str) -> Option<Slot> {
        match &shape.kind {
            Kind::Bigint | Kind::Scalar => integer(digits).map(Slot::Bigint),
            Kind::Double => double(digits).map(Slot::Double),
            Kind::BoolInteger => match integer(digits)? {
                0 => Some(Slot::Bool(false)),
                1 => Some(Slot::Bool(true)),
                _ => None,
            },
            Kind::Decimal { precision, scale } => self.decimal(*precision, *scale, digits),
            Kind::Timestamp(format) if format.is_number() => {
                format.read_timestamp(digits).map(timestamp)
            }
            Kind::Date(format) if format.is_number() => format.read_date(digits).map(Slot::Date),
            _ => None,
        }
    }

    /// A number, bool or JSON written as text.
    fn written(&mut self, shape: &ColumnShape, text: &str, place: &Place<'_>) -> Option<Slot> {
        let slot = match &shape.kind {
            Kind::Embedded(inner) => return self.embedded(inner, text, place),
            Kind::Bool => match text {
                "true" | "TRUE" | "True" => Some(Slot::Bool(true)),
                "false" | "FALSE" | "False" => Some(Slot::Bool(false)),
                _ => None,
            },
            _ => self.digits(shape, text),
        };
        slot.or_else(|| self.misfit(shape, place, Found::Text(text)))
    }

    #[inline]
    fn keep(&mut self, text: &str) -> Option<Slot> {
        self.out.keep(&self.source, text).map(Slot::Text)
    }

    fn binary(&mut self, text: &str) -> Option<Slot> {
        let engine = if text.contains(['-', '_']) {
            &URL_SAFE_PAD_INDIFFERENT
        } else {
            &STANDARD_PAD_INDIFFERENT
        };
        let bytes = engine.decode(text).ok()?;
        self.out.keep_bytes(&bytes).map(Slot::Binary)
    }

    fn decimal(&mut self, precision: u8, scale: u8, digits: &str) -> Option<Slot> {
        let mut plain = String::with_capacity(digits.len() + usize::from(scale));
        Digits::read(digits)?.write_within(precision, scale, &mut plain)?;
        self.out.keep(&self.source, &plain).map(Slot::Decimal)
    }
}

fn timestamp(at: Timestamp) -> Slot {
    Slot::Timestamp {
        second: at.epoch_seconds(),
        nanosecond: at.subsec_nanoseconds(),
    }
}

/// What is exactly an integer, however it is written.
#[inline]
fn integer(digits: &str) -> Option<i64> {
    match digits.parse() {
        Ok(integer) => Some(integer),
        Err(_) => Digits::read(digits)?.integer(),
    }
}

/// The nearest number to the digits; none where that is infinite.
fn double(digits: &str) -> Option<f64> {
    // `inf` and `nan` are numbers to Rust, and not to JSON.
    if !digits.ends_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    digits.parse().ok().filter(|value: &f64| value.is_finite())
}

/// A time or a date in one of the formats that are tried after the first. A text may be a number, too.
#[cold]
fn in_another_format(shape: &ColumnShape, text: &str, is_text: bool) -> Option<Slot> {
    let mut formats = shape.others.iter();
    formats.find_map(|format| match &shape.kind {
        _ if !is_text && !format.is_number() => None,
        Kind::Timestamp(_) => format.read_timestamp(text).map(timestamp),
        Kind::Date(_) => format.read_date(text).map(Slot::Date),
        _ => None,
    })
}
