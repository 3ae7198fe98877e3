//! JSONPath (RFC 9535), and dlt's bare form of it: `data` and `a.b` are `$.data` and `$.a.b`.

use crate::connector::{Path, Step};

/// What a JSONPath is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    /// Keys and indexes only: one place.
    Path(Path),
    #[allow(dead_code, reason = "until queries are checked")]
    /// Anything more, checked, beginning with `$`.
    Query(String),
}

/// Reads a JSONPath; the reason where it is none.
pub(crate) fn parse(text: &str) -> Result<Parsed, String> {
    let whole = if text.starts_with('$') {
        text.to_owned()
    } else if text.starts_with('[') {
        format!("${text}")
    } else {
        format!("$.{text}")
    };
    let is_bare = !text.starts_with('$');
    let mut reader = Reader::new(&whole, is_bare);
    reader.expect('$')?;
    let mut steps = Vec::new();
    while !reader.is_done() {
        steps.push(reader.step()?);
    }
    Ok(Parsed::Path(Path(steps)))
}

struct Reader<'t> {
    rest: &'t str,
    /// Whether a `-` may stand in a name without quotes, as people write it.
    is_bare: bool,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str, is_bare: bool) -> Self {
        Self {
            rest: text,
            is_bare,
        }
    }

    fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    fn take(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: char) -> Result<(), String> {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                Ok(())
            }
            None => match self.rest.chars().next() {
                Some(found) => Err(format!("expected `{token}`, not `{found}`")),
                None => Err(format!("it ends where `{token}` is expected")),
            },
        }
    }

    /// `.name`, `['name']`, `[0]`.
    fn step(&mut self) -> Result<Step, String> {
        if self.take("[") {
            let step = match self.rest.chars().next() {
                Some(quote @ ('\'' | '"')) => Step::Key(self.quoted(quote)?),
                _ => Step::Index(self.index()?),
            };
            self.expect(']')?;
            return Ok(step);
        }
        self.expect('.')?;
        self.name().map(Step::Key)
    }

    fn name(&mut self) -> Result<String, String> {
        let is_bare = self.is_bare;
        let is_first = |c: char| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii();
        let end = self
            .rest
            .find(|c: char| !(is_first(c) || c.is_ascii_digit() || (is_bare && c == '-')))
            .unwrap_or(self.rest.len());
        let (name, rest) = self.rest.split_at(end);
        if !name.starts_with(is_first) {
            return Err(match self.rest.chars().next() {
                Some('.') | None => "a name is missing".to_owned(),
                Some('-') => "a key with `-` stands in brackets and quotes".to_owned(),
                Some('*') => "wildcards, slices and filters are not supported yet".to_owned(),
                Some(found) => format!(
                    "no name begins with `{found}`; such a key stands in brackets and quotes"
                ),
            });
        }
        self.rest = rest;
        Ok(name.to_owned())
    }

    fn index(&mut self) -> Result<i32, String> {
        let end = self.rest.find(']').unwrap_or(self.rest.len());
        let (index, rest) = self.rest.split_at(end);
        let is_canonical = index == "0"
            || index
                .strip_prefix('-')
                .unwrap_or(index)
                .starts_with(|c: char| ('1'..='9').contains(&c));
        let parsed = index.parse().ok().filter(|_| is_canonical);
        let parsed = parsed.ok_or_else(|| {
            if index.starts_with(['?', '*']) || index.contains([':', ',']) {
                "wildcards, slices and filters are not supported yet".to_owned()
            } else {
                format!("`[{index}]` is no index, and a key in brackets stands in quotes")
            }
        })?;
        self.rest = rest;
        Ok(parsed)
    }

    fn quoted(&mut self, quote: char) -> Result<String, String> {
        self.expect(quote)?;
        let mut text = String::new();
        let mut chars = self.rest.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                c if c == quote => {
                    self.rest = self.rest.get(at + c.len_utf8()..).unwrap_or_default();
                    return Ok(text);
                }
                '\\' => match chars.next() {
                    Some((_, 'n')) => text.push('\n'),
                    Some((_, 't')) => text.push('\t'),
                    Some((_, 'r')) => text.push('\r'),
                    Some((_, 'b')) => text.push('\u{8}'),
                    Some((_, 'f')) => text.push('\u{c}'),
                    Some((_, c @ ('\\' | '/'))) => text.push(c),
                    Some((_, c)) if c == quote => text.push(c),
                    _ => return Err("unknown escape in a quoted key".to_owned()),
                },
                c if c < ' ' => return Err("a control character stands in a quoted key".to_owned()),
                c => text.push(c),
            }
        }
        Err("a quote is never closed".to_owned())
    }
}
