//! JSON (RFC 8259) read at a position of a text: where its values end, and that they are well formed.
//!
//! Nothing is said of what is wrong: `None` leaves the text to the careful pass, which finds the place.

use std::borrow::Cow;

use super::shape::JsonKind;
use crate::value::json_text::plain_prefix;

/// How deep values that are read over may be nested. What is deeper is left to the careful pass.
const MAX_DEPTH: u32 = 100;

/// The longest number whose digits cannot be more than a `f64` holds, without an exponent.
const MAX_DIGITS: usize = 300;

/// Up to here each integer is a double.
const EXACT: i64 = 1 << 53;

/// Powers of ten, all of which are doubles.
const TEN: [f64; 19] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18,
];

/// The most digits that a mantissa has.
const MOST_DIGITS: usize = 18;

/// A position in a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'t> {
    text: &'t str,
    /// In bytes; between two characters of JSON.
    pub(super) at: usize,
    /// Whether a value was met that is well formed, and that no type may hold: a number with an exponent, or one
    /// half of a character that is written as two.
    pub(super) is_doubtful: bool,
}

/// A JSON string.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quoted<'t> {
    text: &'t str,
    /// Where its first character is, and where its closing quote.
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether it has escapes.
    pub(super) is_escaped: bool,
}

/// A JSON number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number<'t> {
    pub(super) digits: &'t str,
    is_negative: bool,
    /// Its digits without sign and point, if it has at most 18 and no exponent.
    mantissa: Option<i64>,
    /// How many of them are behind the point.
    scale: usize,
}

impl Number<'_> {
    /// Its value, if it has at most 18 digits and neither a fraction nor an exponent.
    #[inline]
    pub(super) fn integer(&self) -> Option<i64> {
        let value = self.mantissa.filter(|_| self.scale == 0)?;
        Some(if self.is_negative { -value } else { value })
    }

    /// The nearest double, if one division of exact doubles gives it: such a division rounds once.
    #[inline]
    pub(super) fn double(&self) -> Option<f64> {
        let mantissa = self.mantissa.filter(|mantissa| *mantissa <= EXACT)?;
        #[expect(clippy::cast_precision_loss, reason = "at most 2^53")]
        let value = mantissa as f64 / TEN.get(self.scale)?;
        Some(if self.is_negative { -value } else { value })
    }
}

impl<'t> Cursor<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Self {
            text,
            at: 0,
            is_doubtful: false,
        }
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The next byte that is no space; none at the end.
    #[inline]
    pub(super) fn next(&mut self) -> Option<u8> {
        loop {
            match self.peek()? {
                b' ' | b'\n' | b'\t' | b'\r' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    /// Steps past this byte, which has to be next.
    #[inline]
    pub(super) fn pass(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then(|| self.at += 1)
    }

    /// Whether nothing but space is left.
    pub(super) fn is_at_end(&mut self) -> bool {
        self.next().is_none()
    }

    /// Whether another element or member follows in a list or an object, which is closed by this byte.
    #[inline]
    pub(super) fn goes_on(&mut self, close: u8) -> Option<bool> {
        let byte = self.next()?;
        self.at += 1;
        match byte {
            b',' => Some(true),
            byte if byte == close => Some(false),
            _ => None,
        }
    }

    /// Steps past the bracket that opens a list or an object, and, where it is empty, past the one that closes it.
    /// Whether it has an element or a member.
    #[inline]
    pub(super) fn opens(&mut self, close: u8) -> Option<bool> {
        self.at += 1;
        let is_empty = self.next()? == close;
        self.at += usize::from(is_empty);
        Some(!is_empty)
    }

    /// Steps past this key, which has no escape, and its colon: if it is what comes next.
    #[inline]
    pub(super) fn takes_key(&mut self, key: &str) -> bool {
        let Some((b'"', rest)) = self
            .text
            .as_bytes()
            .get(self.at..)
            .and_then(<[u8]>::split_first)
            .map(|(first, rest)| (*first, rest))
        else {
            return false;
        };
        let Some([b'"', b':', ..]) = rest.strip_prefix(key.as_bytes()) else {
            return false;
        };
        self.at += key.len() + 3;
        true
    }

    /// Steps past a string that has no escapes, whose opening quote is next: where its characters start and end.
    ///
    /// Two numbers, which stay in registers: nearly every string is such a one.
    #[inline]
    pub(super) fn verbatim(&mut self) -> Option<(usize, usize)> {
        let start = self.at + 1;
        let end = special(self.text.as_bytes(), start)?;
        (self.text.as_bytes().get(end) == Some(&b'"')).then(|| {
            self.at = end + 1;
            (start, end)
        })
    }

    /// A string, whose opening quote is next.
    #[inline]
    pub(super) fn string(&mut self) -> Option<Quoted<'t>> {
        if let Some((start, end)) = self.verbatim() {
            return Some(Quoted {
                text: self.text,
                start,
                end,
                is_escaped: false,
            });
        }
        let start = self.at + 1;
        self.escaped(start, special(self.text.as_bytes(), start)?)
    }

    /// The text of a string, whose opening quote is next.
    #[inline]
    pub(super) fn text(&mut self) -> Option<Cow<'t, str>> {
        match self.verbatim() {
            Some((start, end)) => self.text.get(start..end).map(Cow::Borrowed),
            None => self.string()?.text(),
        }
    }

    #[inline(never)]
    fn escaped(&mut self, start: usize, mut at: usize) -> Option<Quoted<'t>> {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(at)? {
                b'"' => {
                    self.at = at + 1;
                    return Some(Quoted {
                        text: self.text,
                        start,
                        end: at,
                        is_escaped: true,
                    });
                }
                b'\\' => at += self.escape(at)?,
                _ => return None,
            }
            at = special(bytes, at)?;
        }
    }

    /// The length of the escape at this place.
    fn escape(&mut self, at: usize) -> Option<usize> {
        match self.text.as_bytes().get(at + 1)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
            b'u' => {
                let unit = hex(self.text, at + 2)?;
                self.is_doubtful |= (0xd800..0xe000).contains(&unit);
                Some(6)
            }
            _ => None,
        }
    }

    /// A number, whose first byte is next.
    #[inline]
    pub(super) fn number(&mut self) -> Option<Number<'t>> {
        let start = self.at;
        let is_negative = self.peek()? == b'-';
        self.at += usize::from(is_negative);
        let first = self.at;
        let mut mantissa = 0;
        self.accumulate(&mut mantissa);
        let mut digits = self.at - first;
        let leads_with_zero = digits > 1 && self.text.as_bytes().get(first) == Some(&b'0');
        if digits == 0 || leads_with_zero {
            return None;
        }
        let mut scale = 0;
        let mut has_exponent = false;
        match self.peek() {
            Some(b'.') => {
                self.at += 1;
                let point = self.at;
                self.accumulate(&mut mantissa);
                scale = self.at - point;
                if scale == 0 {
                    return None;
                }
                digits += scale;
                has_exponent = matches!(self.peek(), Some(b'e' | b'E'));
            }
            Some(b'e' | b'E') => has_exponent = true,
            _ => {}
        }
        if has_exponent {
            self.is_doubtful = true;
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        self.is_doubtful |= self.at - start > MAX_DIGITS;
        Some(Number {
            digits: self.text.get(start..self.at)?,
            is_negative,
            mantissa: (digits <= MOST_DIGITS && !has_exponent).then_some(mantissa),
            scale,
        })
    }

    /// Steps past digits, and appends them to a number. It wraps around where there are too many.
    #[inline]
    fn accumulate(&mut self, number: &mut i64) {
        while let Some(digit) = self.peek().map(|byte| byte.wrapping_sub(b'0'))
            && digit < 10
        {
            *number = number.wrapping_mul(10).wrapping_add(i64::from(digit));
            self.at += 1;
        }
    }

    /// Steps past digits, of which there is at least one.
    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    /// Steps past `true`, `false` or `null`.
    #[inline]
    pub(super) fn word(&mut self, word: &str) -> Option<()> {
        let rest = self.text.as_bytes().get(self.at..)?;
        rest.starts_with(word.as_bytes())
            .then(|| self.at += word.len())
    }

    /// Steps past the value that is next, and gives its text.
    pub(super) fn value(&mut self) -> Option<&'t str> {
        let start = self.at;
        self.skip()?;
        self.text.get(start..self.at)
    }

    /// Steps past the value that is next.
    #[inline]
    pub(super) fn skip(&mut self) -> Option<()> {
        match JsonKind::of(self.peek()?) {
            Some(JsonKind::List | JsonKind::Object) => self.skip_nested(),
            Some(JsonKind::Text) => self.string().map(|_| ()),
            Some(JsonKind::Number) => self.number().map(|_| ()),
            Some(JsonKind::Bool) => self.bool().map(|_| ()),
            None => self.word("null"),
        }
    }

    /// `true` or `false`.
    #[inline]
    pub(super) fn bool(&mut self) -> Option<bool> {
        if self.peek()? == b't' {
            self.word("true").map(|()| true)
        } else {
            self.word("false").map(|()| false)
        }
    }

    /// Steps past a list or an object, without recursion.
    fn skip_nested(&mut self) -> Option<()> {
        // Whether each level is an object: the lowest bit is the innermost one.
        let mut objects = 0_u128;
        let mut depth = 0;
        loop {
            // A value is next.
            let next = self.next()?;
            let goes_on = if matches!(next, b'{' | b'[') {
                if depth == MAX_DEPTH {
                    return None;
                }
                depth += 1;
                objects = objects << 1 | u128::from(next == b'{');
                self.opens(close(objects))?
            } else {
                self.skip()?;
                self.goes_on(close(objects))?
            };
            if !goes_on {
                loop {
                    objects >>= 1;
                    depth -= 1;
                    if depth == 0 {
                        return Some(());
                    }
                    if self.goes_on(close(objects))? {
                        break;
                    }
                }
            }
            if objects & 1 == 1 {
                self.key()?;
            }
        }
    }

    /// A key and its colon.
    #[inline]
    pub(super) fn key(&mut self) -> Option<Quoted<'t>> {
        if self.next()? != b'"' {
            return None;
        }
        let key = self.string()?;
        self.pass(b':')?;
        Some(key)
    }
}

impl<'t> Quoted<'t> {
    /// What stands between its quotes.
    #[inline]
    pub(super) fn raw(&self) -> Option<&'t str> {
        self.text.get(self.start..self.end)
    }

    /// Adds the characters that are meant to a text. Nothing where one of them is half of one.
    pub(super) fn write(&self, out: &mut String) -> Option<()> {
        let mut rest = self.raw()?;
        while let Some(at) = rest.find('\\') {
            out.push_str(rest.get(..at)?);
            let escape = rest.get(at + 1..)?;
            let (read, len) = match escape.as_bytes().first()? {
                b'b' => ('\u{8}', 1),
                b'f' => ('\u{c}', 1),
                b'n' => ('\n', 1),
                b'r' => ('\r', 1),
                b't' => ('\t', 1),
                b'u' => character(escape)?,
                // `"`, `\` and `/` stand for themselves.
                byte => (char::from(*byte), 1),
            };
            out.push(read);
            rest = escape.get(len..)?;
        }
        out.push_str(rest);
        Some(())
    }

    /// The text that is meant.
    #[inline]
    pub(super) fn text(&self) -> Option<Cow<'t, str>> {
        if !self.is_escaped {
            return self.raw().map(Cow::Borrowed);
        }
        let mut text = String::with_capacity(self.end - self.start);
        self.write(&mut text)?;
        Some(Cow::Owned(text))
    }
}

/// The character of `uXXXX`, or of two such as `uD83D\uDE00`, and the length of that.
fn character(escape: &str) -> Option<(char, usize)> {
    let unit = hex(escape, 1)?;
    if let Some(read) = char::from_u32(unit) {
        return Some((read, 5));
    }
    let second = escape
        .get(5..)?
        .starts_with("\\u")
        .then(|| hex(escape, 7))??;
    if unit >= 0xdc00 || !(0xdc00..0xe000).contains(&second) {
        return None;
    }
    let read = char::from_u32(0x1_0000 + ((unit - 0xd800) << 10 | (second - 0xdc00)))?;
    Some((read, 11))
}

/// Whether a JSON value has a string with one half of a character that is written as two.
pub(super) fn has_half_character(json: &str) -> bool {
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        let escape = rest.get(at + 1..).unwrap_or_default();
        let len = match (escape.as_bytes().first(), character(escape)) {
            (Some(b'u'), None) => return true,
            (Some(b'u'), Some((_, len))) => len,
            _ => 1,
        };
        rest = escape.get(len..).unwrap_or_default();
    }
    false
}

/// The number of four hexadecimal digits at this place.
fn hex(text: &str, at: usize) -> Option<u32> {
    let digits = text.as_bytes().get(at..at + 4)?;
    digits.iter().try_fold(0, |sum, digit| {
        Some(sum << 4 | char::from(*digit).to_digit(16)?)
    })
}

/// What closes the innermost of these levels.
const fn close(objects: u128) -> u8 {
    if objects & 1 == 1 { b'}' } else { b']' }
}

/// The first quote, backslash or control byte from here on.
#[inline]
fn special(bytes: &[u8], at: usize) -> Option<usize> {
    let end = at + plain_prefix(bytes.get(at..)?);
    (end < bytes.len()).then_some(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::IgnoredAny;

    use super::{Cursor, has_half_character, special};

    /// Whether all of a text is one value.
    fn is_value(text: &str) -> bool {
        let mut cursor = Cursor::new(text);
        cursor.next().is_some() && cursor.skip().is_some() && cursor.is_at_end()
    }

    #[test]
    fn a_value_is_what_the_standard_says() {
        for text in [
            "0",
            "-0",
            "10",
            "1.50",
            "1e5",
            "1E+05",
            "-1.5e-3",
            "123456789012345678901234567890",
            "\"\"",
            "\"\\u00e9\\n\"",
            "\"\\ud800\"",
            " [ ] ",
            "[1 , [2,{}], {\"a\" : [ ] , \"b\":null}]",
            "true",
        ] {
            assert!(is_value(text), "{text}");
        }
        for text in [
            "",
            "01",
            "-",
            "1.",
            ".5",
            "+1",
            "1e",
            "0x1",
            "NaN",
            "tru",
            "truex",
            "nul",
            "\"",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"\n\"",
            "[1,]",
            "[,1]",
            "[1 2]",
            "{\"a\"}",
            "{\"a\":}",
            "{a:1}",
            "{\"a\":1,}",
            "[1}",
            "{\"a\":1]",
            "[",
            "]",
            "[1]]",
        ] {
            assert!(!is_value(text), "{text}");
        }
    }

    #[test]
    fn values_are_read_over_down_to_a_depth() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(is_value(&nested(100)));
        assert!(!is_value(&nested(101)));
    }

    #[test]
    fn strings_end_where_they_do_at_any_length() {
        for len in 0..40 {
            let text = format!("\"{}\",", "é".repeat(len));
            let mut cursor = Cursor::new(&text);
            let quoted = cursor.string().unwrap();
            assert_eq!(
                (quoted.raw().unwrap().len(), cursor.at),
                (2 * len, 2 * len + 2)
            );
            for special_byte in ["\"", "\\", "\u{1f}", "\0"] {
                let text = format!("{}{special_byte}\"\u{1}\\", "a".repeat(len));
                assert_eq!(special(text.as_bytes(), 0), Some(len));
            }
            let other = "\u{7f}\u{80}!#[] ~".repeat(len);
            assert_eq!(special(other.as_bytes(), 0), None);
        }
    }

    #[test]
    fn half_of_a_character_is_seen() {
        for (json, is_half) in [
            (r#""\ud83d\ude00""#, false),
            (r#""\ud83d""#, true),
            (r#""\ude00""#, true),
            (r#""\ud83dx""#, true),
            (r#""\\ud83d""#, false),
            (r#"{"a": ["\ud83d\ud83d"]}"#, true),
        ] {
            assert_eq!(has_half_character(json), is_half, "{json}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_value_where_serde_json_says_so(text in r#"[\[\]{}:, 0-9.eE+"\\untrfalsbd-]{0,12}"#) {
            let expected = serde_json::from_str::<IgnoredAny>(&text).is_ok();
            prop_assert_eq!(is_value(&text), expected, "{}", text);
        }

        #[test]
        fn strings_are_read_as_serde_json_reads_them(text in r#"(a|é|"|\\|\\n|\\u|00e9|d83d|de00|\\ud83d\\ude00|\x01){0,8}"#) {
            let json = format!("\"{text}\"");
            let mut cursor = Cursor::new(&json);
            let read = cursor.string().filter(|_| cursor.at == json.len()).and_then(|quoted| Some(quoted.text()?.into_owned()));
            prop_assert_eq!(read, serde_json::from_str::<String>(&json).ok(), "{}", json);
        }

        #[test]
        fn numbers_are_read_as_rust_reads_them(text in "-?[0-9]{1,20}(\\.[0-9]{1,20})?(e[0-9])?") {
            let mut cursor = Cursor::new(&text);
            let read = cursor.number().filter(|_| cursor.at == text.len());
            prop_assert_eq!(read.is_some(), serde_json::from_str::<IgnoredAny>(&text).is_ok());
            if let Some(integer) = read.and_then(|number| number.integer()) {
                prop_assert_eq!(Ok(integer), text.parse());
            }
            if let Some(double) = read.and_then(|number| number.double()) {
                prop_assert_eq!(Ok(double.to_bits()), text.parse().map(f64::to_bits));
            }
        }
    }
}
