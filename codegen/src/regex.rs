//! Regular expressions: the part of their language that every engine reads alike.

use std::iter::Peekable;
use std::str::Chars;

/// The most repetitions of `{n,m}`.
const MOST: u32 = 1000;

/// How deep groups may be.
const DEPTH: u32 = 20;

/// The number of groups of a regular expression.
///
/// # Errors
///
/// What is wrong, to be read after the expression.
pub(crate) fn groups(text: &str) -> Result<usize, String> {
    let mut reader = Reader {
        rest: text.chars().peekable(),
        groups: 0,
        depth: 0,
    };
    reader.alternation()?;
    match reader.rest.next() {
        None => Ok(reader.groups),
        Some(_) => Err("has a `)` that closes no group".to_owned()),
    }
}

struct Reader<'t> {
    rest: Peekable<Chars<'t>>,
    groups: usize,
    depth: u32,
}

impl Reader<'_> {
    /// Everything up to the end, or to a `)`.
    fn alternation(&mut self) -> Result<(), String> {
        while let Some(next) = self.rest.next_if(|c| *c != ')') {
            let repeats = match next {
                '(' => self.group()?,
                '[' => self.class()?,
                '\\' => self.escape()?,
                '*' | '+' | '?' | '{' => return Err(format!("has nothing that `{next}` repeats")),
                '|' | '^' | '$' => false,
                _ => true,
            };
            if repeats {
                self.repetition()?;
            }
        }
        Ok(())
    }

    fn group(&mut self) -> Result<bool, String> {
        if self.rest.next_if_eq(&'?').is_some() {
            match self.rest.next() {
                Some(':') => {}
                // `(?i)` is for what follows.
                Some('i') if self.rest.next_if_eq(&')').is_some() => return Ok(false),
                _ => return Err("has a group other than `(…)` and `(?:…)`".to_owned()),
            }
        } else {
            self.groups += 1;
        }
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(format!("has more than {DEPTH} groups in each other"));
        }
        self.alternation()?;
        self.depth -= 1;
        match self.rest.next() {
            Some(_) => Ok(true),
            None => Err("has a `(` that is not closed".to_owned()),
        }
    }

    fn class(&mut self) -> Result<bool, String> {
        self.rest.next_if_eq(&'^');
        let mut from: Option<char> = None;
        let mut is_first = true;
        loop {
            let next = self.rest.next().ok_or("has a `[` that is not closed")?;
            match next {
                ']' if !is_first => return Ok(true),
                '[' => return Err("has a `[` within brackets; write `\\[`".to_owned()),
                '\\' => {
                    self.escape()?;
                    from = None;
                }
                '-' if from.is_some() && self.rest.peek().is_some_and(|c| *c != ']') => {
                    let to = self.rest.next().unwrap_or_default();
                    if to == '\\' {
                        self.escape()?;
                    } else if from.is_some_and(|from| from > to) {
                        return Err(
                            "has a range in brackets that is the wrong way round".to_owned()
                        );
                    }
                    from = None;
                }
                '&' | '~' | '-' if self.rest.peek() == Some(&next) => {
                    return Err(format!("has `{next}{next}` within brackets"));
                }
                other => from = Some(other),
            }
            is_first = false;
        }
    }

    /// Whether what is escaped can be repeated.
    fn escape(&mut self) -> Result<bool, String> {
        match self.rest.next() {
            Some('d' | 'D' | 'w' | 'W' | 's' | 'S' | 'n' | 'r' | 't') => Ok(true),
            Some('b' | 'B') => Ok(false),
            Some(c) if c.is_ascii_punctuation() && !matches!(c, '<' | '>') => Ok(true),
            Some(c) => Err(format!("has the unknown escape `\\{c}`")),
            None => Err("ends in a `\\`".to_owned()),
        }
    }

    fn repetition(&mut self) -> Result<(), String> {
        let Some(next) = self.rest.next_if(|c| matches!(c, '*' | '+' | '?' | '{')) else {
            return Ok(());
        };
        if next == '{' {
            let inside: String = std::iter::from_fn(|| self.rest.next_if(|c| *c != '}')).collect();
            let is_closed = self.rest.next().is_some();
            let (least, most) = inside.split_once(',').unwrap_or((&inside, &inside));
            let number = |text: &str| text.parse::<u32>().ok().filter(|n| *n <= MOST);
            let is_good = match (number(least), number(most)) {
                (Some(least), Some(most)) => least <= most,
                (Some(_), None) => most.is_empty(),
                _ => false,
            };
            if !is_closed || !is_good {
                return Err(format!("has a `{{` without a number up to {MOST}"));
            }
        }
        // As few as possible.
        self.rest.next_if_eq(&'?');
        match self.rest.peek() {
            Some(again @ ('*' | '+' | '?' | '{')) => {
                Err(format!("has nothing that `{again}` repeats"))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::groups;

    #[test]
    fn groups_are_counted() {
        for (text, count) in [
            ("", 0),
            ("/([0-9]+)$", 1),
            ("of (\\d{1,6}) (?:rows|items)", 1),
            ("(a|b)*?(c+)", 2),
            ("[]^-]x", 0),
            ("(?i)slow down", 0),
            ("[\\w.-]+", 0),
        ] {
            assert_eq!(groups(text), Ok(count), "{text}");
        }
    }

    #[test]
    fn what_no_engine_or_not_every_one_reads_is_an_error() {
        for text in [
            "(",
            ")",
            "[a",
            "a**",
            "*a",
            "\\",
            "\\q",
            "(?=a)",
            "a{2,1}",
            "a{",
            "[z-a]",
            "a{9999}",
            "[[:alpha:]]",
            "(?P<n>a)",
            "\\1",
        ] {
            assert!(groups(text).is_err(), "{text}");
        }
        assert!(groups(&"(".repeat(10_000)).is_err());
    }
}
