//! Whether a text is a time of a strftime pattern, as the runtime will read it: by jiff's rules.

use super::times;

/// Whether the runtime reads a day out of a text that is in this pattern; with a time of day where the
/// pattern has one.
pub(super) fn reads(pattern: &str, text: &str) -> bool {
    let mut reading = Reading {
        rest: text,
        parts: Parts::default(),
    };
    reading.pattern(pattern).is_some() && reading.rest.is_empty() && reading.parts.is_day()
}

/// What was read of a time.
#[derive(Default)]
struct Parts {
    year: Option<i64>,
    month: Option<i64>,
    day: Option<i64>,
    /// From Sunday, 0.
    weekday: Option<i64>,
    /// Whether the day is told by something else: seconds since 1970, or the number of the day or the
    /// week in a year.
    is_told_otherwise: bool,
}

impl Parts {
    fn is_day(&self) -> bool {
        let (Some(year), Some(month), Some(day)) = (self.year, self.month, self.day) else {
            return self.is_told_otherwise;
        };
        let days = times::days_of(year, month, day);
        // The first of January 1970 was a Thursday.
        days.is_some_and(|days| {
            self.weekday
                .is_none_or(|weekday| weekday == (days + 4).rem_euclid(7))
        })
    }
}

struct Reading<'t> {
    rest: &'t str,
    parts: Parts,
}

/// How a conversion is to be read.
#[derive(Clone, Copy, Default)]
struct Modifiers {
    /// `-` or `_`: the number is not padded with zeros.
    is_plain: bool,
    width: usize,
    colons: usize,
}

impl Reading<'_> {
    /// Reads what a pattern says; nothing where something else is there.
    fn pattern(&mut self, pattern: &str) -> Option<()> {
        let mut chars = pattern.chars().peekable();
        while let Some(c) = chars.next() {
            if c.is_ascii_whitespace() {
                self.skip_space();
                continue;
            }
            if c != '%' {
                self.rest = self.rest.strip_prefix(c)?;
                continue;
            }
            let mut modifiers = Modifiers::default();
            while let Some(flag) = chars.next_if(|c| "-_0^#".contains(*c)) {
                modifiers.is_plain |= "-_".contains(flag);
            }
            while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                let digit = digit.to_digit(10)? as usize;
                modifiers.width = modifiers.width.saturating_mul(10).saturating_add(digit);
            }
            while chars.next_if_eq(&':').is_some() {
                modifiers.colons += 1;
            }
            if chars.next_if_eq(&'.').is_some() {
                while chars.next_if(char::is_ascii_digit).is_some() {}
                // A fraction, with its point, or none.
                chars.next_if_eq(&'f')?;
                if let Some(rest) = self.rest.strip_prefix('.') {
                    self.rest = rest;
                    self.fraction()?;
                }
                continue;
            }
            self.conversion(chars.next()?, modifiers)?;
        }
        Some(())
    }

    fn conversion(&mut self, letter: char, modifiers: Modifiers) -> Option<()> {
        if self.rest.is_empty() {
            return None;
        }
        match letter {
            '%' => self.rest = self.rest.strip_prefix('%')?,
            'n' | 't' => self.skip_space(),
            'D' => self.pattern("%m/%d/%y")?,
            'F' => self.pattern("%Y-%m-%d")?,
            'R' => self.pattern("%H:%M")?,
            'T' => self.pattern("%H:%M:%S")?,
            'Y' => self.parts.year = Some(self.year(modifiers)?),
            'y' => self.parts.year = Some(century(self.number(2, modifiers, 0..=99)?)),
            'C' => {
                let is_negative = self.sign();
                let plain = Modifiers {
                    is_plain: true,
                    ..modifiers
                };
                let year = self.number(2, plain, 0..=99)? * 100;
                self.parts.year = Some(if is_negative { -year } else { year });
            }
            'm' => self.parts.month = Some(self.number(2, modifiers, 1..=12)?),
            'B' => self.parts.month = Some(self.word(&MONTHS, usize::MAX)? + 1),
            'b' | 'h' => self.parts.month = Some(self.word(&MONTHS, 3)? + 1),
            'd' | 'e' => self.parts.day = Some(self.number(2, modifiers, 1..=31)?),
            'A' => self.parts.weekday = Some(self.word(&WEEKDAYS, usize::MAX)?),
            'a' => self.parts.weekday = Some(self.word(&WEEKDAYS, 3)?),
            'u' => self.parts.weekday = Some(self.number(1, modifiers, 1..=7)? % 7),
            'w' => self.parts.weekday = Some(self.number(1, modifiers, 0..=6)?),
            'j' => self.otherwise(3, modifiers, 1..=366)?,
            'U' | 'W' => self.otherwise(2, modifiers, 0..=53)?,
            'V' => self.otherwise(2, modifiers, 1..=53)?,
            'G' => _ = self.year(modifiers)?,
            'g' => _ = self.number(2, modifiers, 0..=99)?,
            's' => {
                let most = if self.sign() { EARLIEST } else { LATEST };
                self.otherwise(19, modifiers, 0..=most)?;
            }
            'H' | 'k' => _ = self.number(2, modifiers, 0..=23)?,
            'I' | 'l' => _ = self.number(2, modifiers, 1..=12)?,
            'M' => _ = self.number(2, modifiers, 0..=59)?,
            'S' => _ = self.number(2, modifiers, 0..=60)?,
            'f' | 'N' => self.fraction()?,
            'P' | 'p' => _ = self.word(&["am", "pm"], 2)?,
            'z' => self.offset(modifiers.colons)?,
            'Q' if self.rest.starts_with(['+', '-']) => self.offset(modifiers.colons)?,
            'Q' => {
                let is_zone = |c: char| c.is_ascii_alphanumeric() || "/_+-".contains(c);
                let end = self.rest.find(|c| !is_zone(c)).unwrap_or(self.rest.len());
                self.rest = self.rest.get(end..).filter(|_| end > 0)?;
            }
            _ => return None,
        }
        Some(())
    }

    fn skip_space(&mut self) {
        self.rest = self
            .rest
            .trim_start_matches(|c: char| c.is_ascii_whitespace());
    }

    /// Steps over a sign, and says whether it is a minus.
    fn sign(&mut self) -> bool {
        let rest = self.rest.strip_prefix(['+', '-']);
        let is_negative = self.rest.starts_with('-');
        self.rest = rest.unwrap_or(self.rest);
        is_negative
    }

    /// A number of so many digits at most, which space may stand before.
    fn number(
        &mut self,
        digits: usize,
        modifiers: Modifiers,
        range: std::ops::RangeInclusive<i64>,
    ) -> Option<i64> {
        let width = if modifiers.is_plain {
            0
        } else {
            modifiers.width
        };
        self.skip_space();
        let number: String = self
            .rest
            .chars()
            .take(digits.max(width))
            .take_while(char::is_ascii_digit)
            .collect();
        self.rest = self.rest.get(number.len()..)?;
        number.parse().ok().filter(|number| range.contains(number))
    }

    fn year(&mut self, modifiers: Modifiers) -> Option<i64> {
        let is_negative = self.sign();
        let year = self.number(4, modifiers, 0..=9999)?;
        Some(if is_negative { -year } else { year })
    }

    /// A number that tells the day together with others, or alone.
    fn otherwise(
        &mut self,
        digits: usize,
        modifiers: Modifiers,
        range: std::ops::RangeInclusive<i64>,
    ) -> Option<()> {
        self.number(digits, modifiers, range)?;
        self.parts.is_told_otherwise = true;
        Some(())
    }

    /// One of these words, of which so many letters are written, in whatever case; its position.
    fn word(&mut self, words: &[&str], letters: usize) -> Option<i64> {
        let at = words.iter().position(|word| {
            let word = word.get(..letters.min(word.len())).unwrap_or(word);
            let found = self.rest.get(..word.len());
            found.is_some_and(|found| found.eq_ignore_ascii_case(word))
        })?;
        let len = letters.min(words.get(at)?.len());
        self.rest = self.rest.get(len..)?;
        i64::try_from(at).ok()
    }

    fn fraction(&mut self) -> Option<()> {
        let digits = self.rest.chars().take(9);
        let len = digits.take_while(char::is_ascii_digit).count();
        self.rest = self.rest.get(len..).filter(|_| len > 0)?;
        Some(())
    }

    /// An offset from UTC: hours and minutes, which three colons leave out, and seconds, which two ask
    /// for.
    fn offset(&mut self, colons: usize) -> Option<()> {
        self.rest = self.rest.strip_prefix(['+', '-'])?;
        self.two_digits(25)?;
        let (needed, separator) = match colons {
            0 => (1, ""),
            1 => (1, ":"),
            2 => (2, ":"),
            _ => (0, ":"),
        };
        for part in 0..2 {
            let before = self.rest;
            let read = self.rest.strip_prefix(separator).and_then(|rest| {
                self.rest = rest;
                self.two_digits(59)
            });
            if read.is_none() {
                self.rest = before;
                return (part >= needed).then_some(());
            }
        }
        Some(())
    }

    fn two_digits(&mut self, most: i64) -> Option<()> {
        let digits = self.rest.get(..2)?;
        let is_number = digits.chars().all(|c| c.is_ascii_digit());
        let number: i64 = digits.parse().ok().filter(|_| is_number)?;
        self.rest = self.rest.get(2..)?;
        (number <= most).then_some(())
    }
}

/// The seconds before and after 1970 that jiff has instants for.
const EARLIEST: i64 = 377_705_023_201;
const LATEST: i64 = 253_402_207_200;

/// The year of its last two digits.
fn century(year: i64) -> i64 {
    if year <= 68 { 2000 + year } else { 1900 + year }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

#[cfg(test)]
mod tests {
    use jiff::fmt::strtime::BrokenDownTime;
    use proptest::prelude::*;

    use super::reads;

    /// What the runtime makes of it.
    fn jiff_reads(pattern: &str, text: &str) -> bool {
        BrokenDownTime::parse(pattern, text).is_ok_and(|parts| {
            let hour = parts.hour().is_none() || parts.to_time().is_ok();
            parts.to_timestamp().is_ok() || parts.to_date().is_ok() && hour
        })
    }

    /// Patterns of which every part is read as jiff reads it.
    const PATTERNS: &[&str] = &[
        "%Y-%m-%d",
        "%d.%m.%Y",
        "%-d/%-m/%y %H:%M",
        "%F %T",
        "%D %R",
        "%Y%m%d%H%M%S",
        "%Y-%m-%dT%H:%M:%S%.f%:z",
        "%a, %d %b %Y %T %z",
        "%A %e %B %Y, %I:%M %p",
        "%s",
        "%Y %j",
        "%d%% %n %m %Y %3f",
        "%Y-%m-%d %::z",
        "%Y-%m-%d %H %:::z",
    ];

    #[test]
    fn a_text_is_a_time_of_its_pattern_or_it_is_not() {
        for (pattern, text) in [
            ("%d.%m.%Y", "21.11.2026"),
            ("%-d.%-m.%Y", "1.2.2026"),
            (
                "%a, %d %b %Y %H:%M:%S %z",
                "sat, 21 NOV 2026 09:30:00 +0100",
            ),
            ("%s", "-1"),
            ("%G-W%V-%u", "2026-W47-6"),
            ("%Y-%m-%d %H:%M %Q", "2026-11-21 09:30 Europe/Berlin"),
        ] {
            assert!(reads(pattern, text), "{pattern} {text}");
            assert!(jiff_reads(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("%d.%m.%Y", "2026-11-21"),
            ("%d.%m.%Y", "31.02.2026"),
            ("%d.%m.%Y", "21.11.2026 "),
            ("%d.%m.%Y", "21.11."),
            ("%d.%m.%Y", "21.13.2026"),
            ("%a %d.%m.%Y", "Mon 21.11.2026"),
            ("%H:%M", "09:30"),
            ("%Y-%m-%d %z", "2026-11-21 +01:00"),
            ("%Y-%m-%d %:z", "2026-11-21 Z"),
        ] {
            assert!(!reads(pattern, text), "{pattern} {text}");
            assert!(!jiff_reads(pattern, text), "{pattern} {text}");
        }
    }

    proptest! {
        #[test]
        fn what_jiff_writes_is_read(
            second in -60_000_000_000_i64..250_000_000_000,
            pattern in prop::sample::select(PATTERNS),
        ) {
            let at = jiff::Timestamp::from_second(second).unwrap();
            let at = at.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(2)));
            let text = jiff::fmt::strtime::format(pattern, &at).unwrap();
            prop_assert_eq!(reads(pattern, &text), jiff_reads(pattern, &text), "{} {}", pattern, text);
            prop_assert!(jiff_reads(pattern, &text), "{} {}", pattern, text);
        }

        #[test]
        fn what_is_changed_is_read_as_jiff_reads_it(
            second in -2_000_000_000_i64..4_000_000_000,
            pattern in prop::sample::select(PATTERNS),
            at in 0_usize..40,
            other in "[0-9 :+.a-z-]{0,2}",
        ) {
            let time = jiff::Timestamp::from_second(second).unwrap();
            let time = time.to_zoned(jiff::tz::TimeZone::UTC);
            let mut text = jiff::fmt::strtime::format(pattern, &time).unwrap();
            let at = at.min(text.len());
            text.replace_range(at..(at + 1).min(text.len()), &other);
            prop_assert_eq!(reads(pattern, &text), jiff_reads(pattern, &text), "{} {}", pattern, text);
        }
    }
}
