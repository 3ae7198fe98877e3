//! Expressions of Python as far as a configuration has them. What is computed is [`Expr::Other`].

use super::lexer::{Kind, Lexer, Quoted, Token};

/// The deepest nesting of an expression. Every function that walks one may recurse this deep.
const DEPTH: usize = 96;
/// The most attributes, items and calls in one chain.
const CHAIN: usize = 32;
/// The most values of one expression.
const VALUES: usize = 1_000_000;

/// An expression with its place.
#[derive(Clone, Debug)]
pub(crate) struct Located<'a> {
    pub at: usize,
    pub expr: Expr<'a>,
}

#[derive(Clone, Debug)]
pub(crate) enum Expr<'a> {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    /// A format string: texts and values in turn.
    Format(Vec<Located<'a>>),
    /// A list, a tuple or a set.
    List(Vec<Located<'a>>),
    /// A dictionary; an entry without a key is another dictionary, `**other`.
    Map(Vec<(Option<Located<'a>>, Located<'a>)>),
    Name(&'a str),
    Attribute(Box<Located<'a>>, &'a str),
    Item(Box<Located<'a>>, Box<Located<'a>>),
    Call(Box<Located<'a>>, Vec<(Option<&'a str>, Located<'a>)>),
    /// `a + b + c`.
    Sum(Vec<Located<'a>>),
    /// `a | b | c`.
    Union(Vec<Located<'a>>),
    /// `a if condition else b`, whose condition is a value, or `value is not None`.
    Choice(Box<[Located<'a>; 3]>),
    /// What has to be executed.
    Other,
}

/// A mistake in the syntax, or a text beyond the bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub at: usize,
    pub message: &'static str,
}

pub(crate) struct Parser<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    next: Token<'a>,
    depth: usize,
    values: usize,
}

type Parsed<T> = Result<T, SyntaxError>;

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str, start: usize, end: usize) -> Self {
        let mut lexer = Lexer::new(text, start, end);
        let next = lexer.next();
        Self {
            text,
            lexer,
            next,
            depth: 0,
            values: 0,
        }
    }

    fn bump(&mut self) -> Token<'a> {
        std::mem::replace(&mut self.next, self.lexer.next())
    }

    /// The place that was read up to.
    pub(crate) fn at(&self) -> usize {
        self.next.start
    }

    fn wrong<T>(at: usize, message: &'static str) -> Parsed<T> {
        Err(SyntaxError { at, message })
    }

    /// The arguments of a call, whose opening bracket is next.
    pub(crate) fn arguments(&mut self) -> Parsed<Vec<(Option<&'a str>, Located<'a>)>> {
        let open = self.bump();
        let mut arguments = Vec::new();
        loop {
            if self.next.is(b')') {
                self.bump();
                return Ok(arguments);
            }
            if self.next.kind == Kind::End {
                return Self::wrong(open.start, "this bracket is not closed");
            }
            let mut name = None;
            if self.next.kind == Kind::Name {
                let mut ahead = self.lexer.clone();
                if ahead.next().is(b'=') {
                    name = Some(self.bump().text);
                    self.bump();
                }
            }
            let mut value = self.expression(false)?;
            if matches!(self.next.kind, Kind::Sign(b'*' | b'P')) {
                self.bump();
                value = self.expression(false)?;
                value.expr = Expr::Other;
            }
            arguments.push((name, value));
            self.comma(open, b')')?;
        }
    }

    /// What stands between two elements.
    fn comma(&mut self, open: Token<'a>, close: u8) -> Parsed<()> {
        if self.next.is(b',') {
            self.bump();
            return Ok(());
        }
        if self.next.is(close) {
            return Ok(());
        }
        match self.next.kind {
            Kind::End => Self::wrong(open.start, "this bracket is not closed"),
            Kind::Bad => Self::wrong(self.next.start, "this text has no end, or is not Python"),
            _ => Self::wrong(self.next.start, "expected a comma or a closing bracket"),
        }
    }

    /// An expression up to a comma, a closing bracket or the end of its line, in a key up to a colon.
    pub(crate) fn expression(&mut self, is_key: bool) -> Parsed<Located<'a>> {
        let at = self.next.start;
        self.depth += 1;
        self.values += 1;
        if self.depth > DEPTH {
            return Self::wrong(at, "the values are nested too deep");
        }
        if self.values > VALUES {
            return Self::wrong(at, "the text has too many values");
        }
        let mut found = self.sum()?;
        if self.next.is(b'|') {
            let mut parts = vec![found];
            while self.next.is(b'|') {
                self.bump();
                self.values += 1;
                parts.push(self.sum()?);
            }
            let expr = Expr::Union(parts);
            found = Located { at, expr };
        }
        if self.next.is_name("if") && !is_key {
            found = self.choice(found)?;
        }
        if !self.is_end(is_key) {
            self.skip(is_key)?;
            found.expr = Expr::Other;
        }
        self.depth -= 1;
        Ok(found)
    }

    /// What follows a value before `if`. A condition that is not understood leaves the value there.
    fn choice(&mut self, value: Located<'a>) -> Parsed<Located<'a>> {
        let (lexer, next) = (self.lexer.clone(), self.next);
        self.bump();
        let at = value.at;
        if self.next.kind == Kind::Name
            && let Ok(condition) = self.operand()
        {
            for word in ["is", "not", "None"] {
                if self.next.is_name(word) {
                    self.bump();
                } else {
                    break;
                }
            }
            if self.next.is_name("else") {
                self.bump();
                let other = self.expression(false)?;
                let expr = Expr::Choice(Box::new([condition, value, other]));
                return Ok(Located { at, expr });
            }
        }
        (self.lexer, self.next) = (lexer, next);
        Ok(value)
    }

    /// Operands with `+` between them.
    fn sum(&mut self) -> Parsed<Located<'a>> {
        let found = self.operand()?;
        if !self.next.is(b'+') {
            return Ok(found);
        }
        let at = found.at;
        let mut parts = vec![found];
        while self.next.is(b'+') {
            self.bump();
            self.values += 1;
            parts.push(self.operand()?);
        }
        let expr = Expr::Sum(parts);
        Ok(Located { at, expr })
    }

    fn is_end(&self, is_key: bool) -> bool {
        match self.next.kind {
            Kind::Sign(b',' | b')' | b']' | b'}' | b';' | b'=') | Kind::Line | Kind::End => true,
            Kind::Sign(b':') => is_key,
            _ => false,
        }
    }

    /// Passes what is not understood, up to the end of the element.
    fn skip(&mut self, is_key: bool) -> Parsed<()> {
        let mut depth = 0_usize;
        let mut open = None;
        // The parameters of a lambda have commas and end by a colon.
        let mut lambdas = 0_usize;
        loop {
            match self.next.kind {
                Kind::Name if depth == 0 && self.next.text == "lambda" => lambdas += 1,
                Kind::Sign(b':') if depth == 0 && lambdas > 0 => lambdas -= 1,
                Kind::Sign(b'(' | b'[' | b'{') => {
                    open = open.filter(|_| depth > 0).or(Some(self.next.start));
                    depth += 1;
                }
                Kind::Sign(b')' | b']' | b'}') if depth > 0 => depth -= 1,
                Kind::Sign(b',' | b'=') if lambdas > 0 => {}
                Kind::Bad => {
                    return Self::wrong(self.next.start, "this text has no end, or is not Python");
                }
                Kind::End => {
                    return match open {
                        Some(at) if depth > 0 => Self::wrong(at, "this bracket is not closed"),
                        _ => Ok(()),
                    };
                }
                _ if depth == 0 && self.is_end(is_key) => return Ok(()),
                _ => {}
            }
            self.bump();
        }
    }

    fn operand(&mut self) -> Parsed<Located<'a>> {
        let token = self.next;
        let at = token.start;
        let expr = match token.kind {
            Kind::Name if token.text == "lambda" => {
                self.skip(false)?;
                Expr::Other
            }
            Kind::Name => {
                self.bump();
                match token.text {
                    "None" => Expr::Null,
                    "True" => Expr::Bool(true),
                    "False" => Expr::Bool(false),
                    "not" | "await" | "yield" => Expr::Other,
                    name => Expr::Name(name),
                }
            }
            Kind::Number => {
                self.bump();
                number(token.text).map_or(Expr::Other, Expr::Number)
            }
            Kind::Sign(b'-' | b'+') => {
                self.bump();
                let sign = if token.is(b'-') { "-" } else { "" };
                if self.next.kind == Kind::Number {
                    let text = self.bump().text;
                    number(text).map_or(Expr::Other, |text| Expr::Number(format!("{sign}{text}")))
                } else {
                    Expr::Other
                }
            }
            Kind::Quoted(_) => self.texts()?,
            Kind::Sign(b'(') => self.tuple()?,
            Kind::Sign(b'[') => Expr::List(self.elements(b']')?),
            Kind::Sign(b'{') => self.dictionary()?,
            Kind::Bad => return Self::wrong(at, "this text has no end, or is not Python"),
            Kind::End | Kind::Line => return Self::wrong(at, "a value is missing"),
            Kind::Sign(b',' | b')' | b']' | b'}' | b':' | b'=') => {
                return Self::wrong(at, "a value is missing");
            }
            Kind::Sign(_) => Expr::Other,
        };
        self.chain(Located { at, expr })
    }

    /// Attributes, items and calls behind an operand.
    fn chain(&mut self, mut found: Located<'a>) -> Parsed<Located<'a>> {
        let at = found.at;
        for _ in 0..CHAIN {
            let expr = match self.next.kind {
                Kind::Sign(b'.') => {
                    self.bump();
                    if self.next.kind != Kind::Name {
                        found.expr = Expr::Other;
                        return Ok(found);
                    }
                    Expr::Attribute(Box::new(found), self.bump().text)
                }
                Kind::Sign(b'[') => {
                    let mut index = self.elements(b']')?;
                    match index.pop() {
                        Some(one) if index.is_empty() => Expr::Item(Box::new(found), Box::new(one)),
                        _ => Expr::Other,
                    }
                }
                Kind::Sign(b'(') => Expr::Call(Box::new(found), self.arguments()?),
                _ => return Ok(found),
            };
            found = Located { at, expr };
        }
        found.expr = Expr::Other;
        Ok(found)
    }

    fn elements(&mut self, close: u8) -> Parsed<Vec<Located<'a>>> {
        let open = self.bump();
        let mut elements = Vec::new();
        while !self.next.is(close) {
            if self.next.kind == Kind::End {
                return Self::wrong(open.start, "this bracket is not closed");
            }
            elements.push(self.expression(false)?);
            self.comma(open, close)?;
        }
        self.bump();
        Ok(elements)
    }

    /// What stands in parentheses: a tuple, if it has a comma or nothing.
    fn tuple(&mut self) -> Parsed<Expr<'a>> {
        let open = self.bump();
        let mut elements = Vec::new();
        let mut has_comma = false;
        while !self.next.is(b')') {
            if self.next.kind == Kind::End {
                return Self::wrong(open.start, "this bracket is not closed");
            }
            elements.push(self.expression(false)?);
            has_comma |= self.next.is(b',');
            self.comma(open, b')')?;
        }
        self.bump();
        match elements.pop() {
            Some(one) if !has_comma => Ok(one.expr),
            last => {
                elements.extend(last);
                Ok(Expr::List(elements))
            }
        }
    }

    fn dictionary(&mut self) -> Parsed<Expr<'a>> {
        let open = self.bump();
        let mut entries = Vec::new();
        let mut set = Vec::new();
        while !self.next.is(b'}') {
            if self.next.kind == Kind::End {
                return Self::wrong(open.start, "this bracket is not closed");
            }
            if self.next.is(b'P') {
                self.bump();
                entries.push((None, self.expression(false)?));
            } else {
                let key = self.expression(true)?;
                if self.next.is(b':') {
                    self.bump();
                    entries.push((Some(key), self.expression(false)?));
                } else if self.text[key.at..].starts_with("...") {
                    // What documentation leaves out: entries that are not known.
                    entries.push((None, key));
                } else {
                    set.push(key);
                }
            }
            self.comma(open, b'}')?;
        }
        self.bump();
        match (set.is_empty(), entries.is_empty()) {
            (true, _) => Ok(Expr::Map(entries)),
            (false, true) => Ok(Expr::List(set)),
            (false, false) => Self::wrong(set[0].at, "expected `:` and a value after this key"),
        }
    }

    /// Texts in quotes that follow each other are one.
    fn texts(&mut self) -> Parsed<Expr<'a>> {
        let mut parts: Vec<Located<'a>> = Vec::new();
        while let Kind::Quoted(quoted) = self.next.kind {
            let at = self.bump().start;
            self.values += 1;
            if quoted.is_bytes {
                parts.push(Located {
                    at,
                    expr: Expr::Other,
                });
            } else if quoted.is_format {
                self.format(quoted, &mut parts)?;
            } else {
                let body = &self.text[quoted.start..quoted.end];
                push_text(&mut parts, quoted.start, unescaped(body, quoted.is_raw));
            }
        }
        let is_text = |part: &Located<'_>| matches!(part.expr, Expr::Text(_));
        if parts.len() == 1 && is_text(&parts[0]) {
            return Ok(parts.remove(0).expr);
        }
        if parts.is_empty() {
            return Ok(Expr::Text(String::new()));
        }
        Ok(Expr::Format(parts))
    }

    fn format(&mut self, quoted: Quoted, parts: &mut Vec<Located<'a>>) -> Parsed<()> {
        let body = &self.text[..quoted.end];
        let mut at = quoted.start;
        let mut literal = String::new();
        while at < quoted.end {
            let rest = &body[at..];
            if let Some(brace) = ["{{", "}}"].iter().find(|brace| rest.starts_with(**brace)) {
                literal.push_str(&brace[..1]);
                at += 2;
                continue;
            }
            if !rest.starts_with('{') {
                let length = rest.find(['{', '}']).unwrap_or(rest.len()).max(1);
                literal.push_str(&unescaped(&rest[..length], quoted.is_raw));
                at += length;
                continue;
            }
            push_text(parts, at, std::mem::take(&mut literal));
            let mut inner = Parser::new(self.text, at, quoted.end);
            inner.depth = self.depth;
            inner.values = self.values;
            inner.bump();
            let mut value = inner.expression(true)?;
            if !inner.next.is(b'}') {
                // A conversion or a format, which may have values of its own.
                value.expr = Expr::Other;
                let mut open = 1_usize;
                while open > 0 {
                    match inner.next.kind {
                        Kind::Sign(b'{') => open += 1,
                        Kind::Sign(b'}') => open -= 1,
                        Kind::End => return Self::wrong(at, "this brace is not closed"),
                        _ => {}
                    }
                    if open > 0 {
                        inner.bump();
                    }
                }
            }
            self.values = inner.values;
            at = inner.next.end;
            parts.push(value);
        }
        push_text(parts, at, literal);
        Ok(())
    }
}

fn push_text(parts: &mut Vec<Located<'_>>, at: usize, text: String) {
    if let Some(Located {
        expr: Expr::Text(before),
        ..
    }) = parts.last_mut()
    {
        before.push_str(&text);
    } else if !text.is_empty() {
        parts.push(Located {
            at,
            expr: Expr::Text(text),
        });
    }
}

/// A number as YAML and JSON write it; nothing for one that they do not have.
fn number(text: &str) -> Option<String> {
    let plain = text.replace('_', "");
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        let lower = plain.to_ascii_lowercase();
        if let Some(digits) = lower.strip_prefix(prefix) {
            return i64::from_str_radix(digits, radix)
                .ok()
                .map(|value| value.to_string());
        }
    }
    if plain.bytes().all(|byte| byte.is_ascii_digit()) {
        let digits = plain.trim_start_matches('0');
        return Some(if digits.is_empty() { "0" } else { digits }.to_owned());
    }
    let value: f64 = plain.parse().ok()?;
    (value.is_finite() && plain.len() < 40).then(|| value.to_string())
}

/// A text without its escapes.
fn unescaped(body: &str, is_raw: bool) -> String {
    if is_raw || !body.contains('\\') {
        return body.replace("\r\n", "\n");
    }
    let mut text = String::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(escape) = rest.chars().next() else {
            break;
        };
        rest = &rest[escape.len_utf8()..];
        let digits = match escape {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        if digits > 0 {
            let code = rest
                .get(..digits)
                .and_then(|code| u32::from_str_radix(code, 16).ok());
            if let Some(found) = code.and_then(char::from_u32) {
                text.push(found);
                rest = &rest[digits..];
                continue;
            }
        }
        match escape {
            '\n' => {}
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            '0' => text.push('\0'),
            '\\' | '\'' | '"' => text.push(escape),
            other => text.extend(['\\', other]),
        }
    }
    text.push_str(rest);
    text
}
