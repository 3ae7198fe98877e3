//! Tokens of Python, read one at a time: only the place of the next one is kept.

/// What a text in quotes is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Quoted {
    /// The place of its characters, without the quotes.
    pub start: usize,
    pub end: usize,
    pub is_raw: bool,
    pub is_bytes: bool,
    pub is_format: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Name,
    Number,
    Quoted(Quoted),
    /// An operator or a bracket, by its first byte; `==` and the like are `b'~'`.
    Sign(u8),
    /// The end of a logical line.
    Line,
    End,
    /// A character that no token begins with, or a text without its end.
    Bad,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Token<'a> {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
    pub text: &'a str,
}

impl Token<'_> {
    pub(crate) fn is(&self, sign: u8) -> bool {
        self.kind == Kind::Sign(sign)
    }

    pub(crate) fn is_name(&self, name: &str) -> bool {
        self.kind == Kind::Name && self.text == name
    }
}

/// Reads tokens of a part of a text. Lines within brackets are one.
#[derive(Clone, Debug)]
pub(crate) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    end: usize,
    /// The number of open brackets.
    depth: usize,
    /// The outermost open bracket.
    pub opened: Option<usize>,
}

/// How deep format strings may be nested in each other.
const FORMATS: usize = 4;

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str, start: usize, end: usize) -> Self {
        Self {
            text,
            at: start,
            end,
            depth: 0,
            opened: None,
        }
    }

    fn bytes(&self) -> &'a [u8] {
        &self.text.as_bytes()[..self.end]
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    pub(crate) fn next(&mut self) -> Token<'a> {
        loop {
            match self.byte(0) {
                b' ' | b'\t' | b'\x0c' | b'\r' => self.at += 1,
                b'\n' if self.depth > 0 => self.at += 1,
                b'\\' if matches!(self.byte(1), b'\n' | b'\r') => self.at += 2,
                b'#' => {
                    let rest = &self.bytes()[self.at..];
                    let line = rest.iter().position(|byte| *byte == b'\n');
                    self.at += line.unwrap_or(rest.len());
                }
                _ => break,
            }
        }
        let start = self.at;
        if start >= self.end {
            return self.token(Kind::End, start);
        }
        let kind = self.kind();
        self.token(kind, start)
    }

    fn token(&self, kind: Kind, start: usize) -> Token<'a> {
        let text = self.text.get(start..self.at).unwrap_or_default();
        Token {
            kind,
            start,
            end: self.at,
            text,
        }
    }

    fn kind(&mut self) -> Kind {
        let start = self.at;
        let first = self.byte(0);
        match first {
            b'\n' => {
                self.at += 1;
                Kind::Line
            }
            b'"' | b'\'' => self.quoted(start, start),
            b'0'..=b'9' => self.number(),
            b'.' if self.byte(1).is_ascii_digit() => self.number(),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => {
                let rest = &self.bytes()[start..];
                let is_part =
                    |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
                let length = rest.iter().position(|byte| !is_part(byte));
                self.at += length.unwrap_or(rest.len());
                let prefix = &self.bytes()[start..self.at];
                let is_prefix =
                    prefix.len() <= 2 && prefix.iter().all(|byte| b"rRbBuUfFtT".contains(byte));
                if is_prefix && matches!(self.byte(0), b'"' | b'\'') {
                    return self.quoted(start, self.at);
                }
                Kind::Name
            }
            b'(' | b'[' | b'{' => {
                if self.depth == 0 {
                    self.opened = Some(start);
                }
                self.depth += 1;
                self.at += 1;
                Kind::Sign(first)
            }
            b')' | b']' | b'}' => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    self.opened = None;
                }
                self.at += 1;
                Kind::Sign(first)
            }
            b'=' | b'!' | b'<' | b'>' if self.byte(1) == b'=' => {
                self.at += 2;
                Kind::Sign(b'~')
            }
            b'*' if self.byte(1) == b'*' => {
                self.at += 2;
                Kind::Sign(b'P')
            }
            b'+' | b'|' if self.byte(1) == b'=' => {
                self.at += 2;
                Kind::Sign(b'U')
            }
            0x21..=0x7e => {
                self.at += 1;
                Kind::Sign(first)
            }
            _ => {
                self.at += 1;
                Kind::Bad
            }
        }
    }

    fn number(&mut self) -> Kind {
        loop {
            let byte = self.byte(0);
            let is_sign = matches!(byte, b'+' | b'-')
                && self.at > 0
                && matches!(self.text.as_bytes()[self.at - 1], b'e' | b'E');
            if !(byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_') || is_sign) {
                return Kind::Number;
            }
            self.at += 1;
        }
    }

    fn quoted(&mut self, start: usize, quote: usize) -> Kind {
        let prefix = &self.bytes()[start..quote];
        let has = |one: u8| prefix.iter().any(|byte| byte.eq_ignore_ascii_case(&one));
        let (is_raw, is_bytes, is_format) = (has(b'r'), has(b'b'), has(b'f') || has(b't'));
        if let Some((length, end)) = end_of_quoted(self.bytes(), quote, is_format, FORMATS) {
            self.at = end;
            Kind::Quoted(Quoted {
                start: quote + length,
                end: end - length,
                is_raw,
                is_bytes,
                is_format,
            })
        } else {
            // The text has no end on its line: the next line is read as if it had.
            let rest = &self.bytes()[quote..];
            let line = rest.iter().position(|byte| *byte == b'\n');
            self.at = quote + line.unwrap_or(rest.len()).max(1);
            Kind::Bad
        }
    }
}

/// The length of the quotes, and the end behind the closing ones.
fn end_of_quoted(
    bytes: &[u8],
    quote: usize,
    is_format: bool,
    formats: usize,
) -> Option<(usize, usize)> {
    let mark = bytes[quote];
    let is_long = bytes[quote..].starts_with(&[mark; 3]);
    let length = if is_long { 3 } else { 1 };
    let mut at = quote + length;
    let mut braces = 0_usize;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'\n' if !is_long => return None,
            b'{' if is_format && braces == 0 && bytes.get(at + 1) == Some(&b'{') => at += 2,
            b'{' if is_format => {
                braces += 1;
                at += 1;
            }
            b'}' if is_format => {
                braces = braces.saturating_sub(1);
                at += 1;
            }
            b'"' | b'\'' if braces > 0 && !(is_long && bytes[at..].starts_with(&[mark; 3])) => {
                let inner = formats.checked_sub(1)?;
                at = end_of_quoted(bytes, at, true, inner)?.1;
            }
            byte if byte == mark && (!is_long || bytes[at..].starts_with(&[mark; 3])) => {
                return Some((length, at + length));
            }
            _ => at += 1,
        }
    }
    None
}
