//! The configuration in a Python file: found, and evaluated as far as it is literal.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::moment;
use super::value::{Kind, Place, Reference, References, Value};
use crate::credentials;
use crate::python::{self, Expr, Lexer, Located, Parser, SyntaxError};

/// The functions whose first argument is a configuration.
const FUNCTIONS: [&str; 3] = ["rest_api_source", "rest_api_resources", "rest_api"];
/// How deep names may lead to each other, and how deep values may be nested.
const DEPTH: usize = 120;
/// The most values of a configuration, each use of a name counted.
const VALUES: usize = 400_000;
/// How many bytes are read again, in parts of the file: twice the file, and this many more.
const READ_AGAIN: usize = 4 << 20;

/// Methods of a source or a resource that change what it gives.
const METHODS: [&str; 6] = [
    "add_filter",
    "add_limit",
    "add_map",
    "add_yield_map",
    "apply_hints",
    "with_resources",
];
/// Arguments of `pipeline.run` that take the place of what the configuration says.
const OF_RUN: [&str; 5] = [
    "columns",
    "primary_key",
    "schema_contract",
    "table_name",
    "write_disposition",
];
/// The most tokens of a call of `run` that are looked at.
const RUN: usize = 256;

#[derive(Clone, Copy, Debug)]
enum From {
    Assignment,
    /// A parameter with a default.
    Default,
    Parameter,
}

#[derive(Clone, Copy, Debug)]
struct Binding {
    at: usize,
    value: usize,
    from: From,
}

/// Where a configuration stands.
#[derive(Clone, Debug)]
enum Candidate<'a> {
    /// The bracket of the arguments.
    Call(usize),
    Value(&'a str, usize),
}

/// A Python file, or the Python parts of a document.
pub(super) struct Module<'a> {
    text: &'a str,
    regions: Vec<Range<usize>>,
    names: HashMap<&'a str, Vec<Binding>>,
    calls: Vec<usize>,
    annotated: Vec<(&'a str, usize)>,
    maps: Vec<(&'a str, usize)>,
    /// Statements that change a value: its name, and the place.
    changes: Vec<(&'a str, usize)>,
    /// Calls that change what a source gives.
    adjustments: Vec<(usize, String)>,
    unclosed: Option<usize>,
    values: Cell<usize>,
    /// The number of bytes that expressions were read of.
    read: Cell<usize>,
    used: RefCell<HashSet<String>>,
    references: &'a References,
}

/// A configuration with what stands around it.
pub(super) struct Found {
    pub config: Value,
    /// The name of the source.
    pub name: Option<String>,
    /// Further configurations, which are not imported.
    pub others: Vec<usize>,
    /// Where the values of the configuration are changed afterwards.
    pub changes: Vec<usize>,
}

impl<'a> Module<'a> {
    pub(super) fn new(
        text: &'a str,
        regions: Vec<Range<usize>>,
        references: &'a References,
    ) -> Self {
        let mut module = Self {
            text,
            regions,
            names: HashMap::new(),
            calls: Vec::new(),
            annotated: Vec::new(),
            maps: Vec::new(),
            changes: Vec::new(),
            adjustments: Vec::new(),
            unclosed: None,
            values: Cell::new(0),
            read: Cell::new(0),
            used: RefCell::default(),
            references,
        };
        for region in module.regions.clone() {
            module.scan(region);
        }
        module
    }

    /// The calls that change what a source gives, such as `source.add_limit(10)`.
    pub(super) fn adjustments(&self) -> Vec<(usize, String)> {
        self.adjustments.clone()
    }

    /// The place of the first bracket without its end.
    pub(super) fn unclosed(&self) -> Option<usize> {
        self.unclosed
    }

    fn scan(&mut self, region: Range<usize>) {
        let mut lexer = Lexer::new(self.text, region.start, region.end);
        let mut before = lexer.next();
        let mut is_start = true;
        let mut name = before;
        loop {
            let token = before;
            let next = lexer.next();
            match token.kind {
                python::Kind::End => break,
                python::Kind::Line | python::Kind::Sign(b';') => is_start = true,
                python::Kind::Name
                    if is_start && (token.text == "def" || token.text == "async") =>
                {
                    is_start = token.text == "async";
                    if token.text == "def" {
                        let mut ahead = lexer.clone();
                        self.parameters(&mut ahead);
                    }
                }
                python::Kind::Name => {
                    if FUNCTIONS.contains(&token.text) && next.is(b'(') && !name.is_name("def") {
                        self.calls.push(next.start);
                    }
                    if name.is(b'.') && next.is(b'(') {
                        self.method(token, &lexer);
                    }
                    if is_start {
                        self.statement(token, next, &lexer);
                    }
                    is_start = next.is(b'=') && self.is_assigned(token.text, next.end);
                }
                python::Kind::Sign(b'{') if is_start => {
                    self.maps.push(("", token.start));
                    is_start = false;
                }
                // A further target follows an assignment: `a = b = {}`.
                python::Kind::Sign(b'=') => {}
                _ => is_start = false,
            }
            name = token;
            before = next;
        }
        self.unclosed = self.unclosed.or(lexer.opened);
    }

    /// A call of a method, whose bracket was read.
    fn method(&mut self, name: python::Token<'a>, lexer: &Lexer<'a>) {
        if METHODS.contains(&name.text) {
            let what = format!("a call of `{}` on a source or a resource", name.text);
            self.adjustments.push((name.start, what));
        }
        if name.text != "run" {
            return;
        }
        let mut ahead = lexer.clone();
        let mut depth = 0_usize;
        let mut before = ahead.next();
        for _ in 0..RUN {
            let next = ahead.next();
            match before.kind {
                python::Kind::Sign(b'(' | b'[' | b'{') => depth += 1,
                python::Kind::Sign(b')' | b']' | b'}') if depth > 0 => depth -= 1,
                python::Kind::Sign(b')') | python::Kind::End => return,
                python::Kind::Name
                    if depth == 0 && next.is(b'=') && OF_RUN.contains(&before.text) =>
                {
                    let what = format!("`{}` of a call of `run`", before.text);
                    self.adjustments.push((before.start, what));
                }
                _ => {}
            }
            before = next;
        }
    }

    fn is_assigned(&self, name: &str, value: usize) -> bool {
        let bindings = self.names.get(name);
        bindings.is_some_and(|bindings| bindings.last().is_some_and(|last| last.value == value))
    }

    /// An assignment, or a change of a value.
    fn statement(&mut self, token: python::Token<'a>, next: python::Token<'a>, lexer: &Lexer<'a>) {
        let mut ahead = lexer.clone();
        match next.kind {
            python::Kind::Sign(b'=') => self.bind(token, next.end, From::Assignment),
            python::Kind::Sign(b':') if !matches!(token.text, "else" | "try" | "finally") => {
                let mut is_config = false;
                for _ in 0..64 {
                    let one = ahead.next();
                    is_config |= one.is_name("RESTAPIConfig");
                    match one.kind {
                        python::Kind::Sign(b'=') => {
                            self.bind(token, one.end, From::Assignment);
                            if is_config {
                                self.annotated.push((token.text, one.end));
                            }
                            return;
                        }
                        python::Kind::Line | python::Kind::Sign(b';') | python::Kind::End => return,
                        _ => {}
                    }
                }
            }
            python::Kind::Sign(b'U') => self.changes.push((token.text, token.start)),
            python::Kind::Sign(b'[' | b'.') => {
                for _ in 0..256 {
                    let one = ahead.next();
                    match one.kind {
                        python::Kind::Sign(b'=' | b'U') => {
                            self.changes.push((token.text, token.start));
                            return;
                        }
                        python::Kind::Name
                            if matches!(
                                one.text,
                                "append" | "extend" | "insert" | "update" | "pop" | "setdefault"
                            ) =>
                        {
                            self.changes.push((token.text, token.start));
                            return;
                        }
                        python::Kind::Line | python::Kind::Sign(b';') | python::Kind::End => return,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }

    fn bind(&mut self, name: python::Token<'a>, value: usize, from: From) {
        let mut lexer = Lexer::new(self.text, value, self.end_of(value));
        if lexer.next().is(b'{') {
            self.maps.push((name.text, value));
        }
        self.names.entry(name.text).or_default().push(Binding {
            at: name.start,
            value,
            from,
        });
    }

    /// The parameters of a function, behind `def`.
    fn parameters(&mut self, lexer: &mut Lexer<'a>) {
        // The name of the function was read; its bracket is next.
        if !lexer.next().is(b'(') {
            return;
        }
        let mut depth = 0_usize;
        let mut parameter: Option<python::Token<'a>> = None;
        let mut is_start = true;
        for _ in 0..10_000 {
            let token = lexer.next();
            match token.kind {
                python::Kind::Sign(b'(' | b'[' | b'{') => depth += 1,
                python::Kind::Sign(b')' | b']' | b'}') if depth > 0 => depth -= 1,
                // No parameter holds a function: this bracket has no end.
                python::Kind::Name if token.text == "def" => return,
                python::Kind::Name if is_start => parameter = Some(token),
                python::Kind::Sign(b'=') if depth == 0 => {
                    if let Some(name) = parameter.take() {
                        self.bind(name, token.end, From::Default);
                    }
                }
                python::Kind::Sign(b',' | b')') if depth == 0 => {
                    if let Some(name) = parameter.take() {
                        self.bind(name, token.start, From::Parameter);
                    }
                    if token.is(b')') {
                        return;
                    }
                    is_start = true;
                    continue;
                }
                python::Kind::Sign(b';') | python::Kind::End => return,
                _ => {}
            }
            is_start = matches!(token.kind, python::Kind::Sign(b'*' | b'P')) && depth == 0;
        }
    }

    /// The end of the part that a place is in.
    fn end_of(&self, at: usize) -> usize {
        let next = self.regions.partition_point(|region| region.end < at);
        let region = self.regions.get(next);
        region.map_or(self.text.len(), |region| region.end)
    }

    /// Reads an expression or the arguments of a call at a place.
    fn parse<T>(
        &self,
        at: usize,
        read: impl FnOnce(&mut Parser<'a>) -> Result<T, SyntaxError>,
    ) -> Result<T, SyntaxError> {
        if self.read.get() > 2 * self.text.len() + READ_AGAIN {
            return Err(SyntaxError {
                at,
                message: "too many values of the file lead to each other",
            });
        }
        let mut parser = Parser::new(self.text, at, self.end_of(at));
        let found = read(&mut parser);
        self.read
            .set(self.read.get() + parser.at().saturating_sub(at));
        found
    }

    /// The configuration: the argument of a call, else an annotated value, else a map with `client` and `resources`.
    pub(super) fn config(&self) -> Result<Option<Found>, SyntaxError> {
        let calls = self.calls.iter().map(|at| Candidate::Call(*at));
        let annotated = self
            .annotated
            .iter()
            .map(|(name, at)| Candidate::Value(name, *at));
        let maps = self
            .maps
            .iter()
            .map(|(name, at)| Candidate::Value(name, *at));
        let mut first: Option<Found> = None;
        let mut mistake = None;
        let mut places: HashSet<usize> = HashSet::new();
        for candidate in calls.chain(annotated).chain(maps) {
            let found = match self.candidate(&candidate) {
                Ok(Some(found)) => found,
                Ok(None) => continue,
                Err(error) => {
                    mistake.get_or_insert(error);
                    continue;
                }
            };
            let Place::At(at) = found.config.place else {
                continue;
            };
            if !places.insert(at) {
                continue;
            }
            match &mut first {
                None => first = Some(found),
                Some(first) => first.others.push(at),
            }
        }
        match (first, mistake) {
            (Some(found), _) => Ok(Some(found)),
            (None, Some(error)) => Err(error),
            (None, None) => Ok(None),
        }
    }

    fn candidate(&self, candidate: &Candidate<'_>) -> Result<Option<Found>, SyntaxError> {
        self.used.borrow_mut().clear();
        let (config, name) = match *candidate {
            Candidate::Call(at) => {
                let arguments = self.parse(at, Parser::arguments)?;
                let is_config =
                    |(name, _): &&(Option<&str>, _)| matches!(*name, None | Some("config"));
                let Some((_, config)) = arguments.iter().find(is_config) else {
                    return Ok(None);
                };
                let name = arguments.iter().find(|(name, _)| *name == Some("name"));
                let name = name.map(|(_, value)| self.value(value, 0)).transpose()?;
                let name = name.and_then(|name| name.text().map(str::to_owned));
                (self.value(config, 0)?, name)
            }
            Candidate::Value(name, at) => {
                self.used.borrow_mut().insert(name.to_owned());
                let expression = self.parse(at, |parser| parser.expression(false))?;
                // So is `config | {"resources": []}`.
                let mut is_spread = matches!(expression.expr, Expr::Union(_));
                if let Expr::Map(entries) = &expression.expr {
                    // `{**config, "resources": []}` is a configuration of its own.
                    is_spread = entries.iter().any(|(key, _)| key.is_none());
                    let has = |key: &str| {
                        let mut keys = entries.iter().filter_map(|(key, _)| key.as_ref());
                        keys.any(|one| matches!(&one.expr, Expr::Text(text) if text == key))
                    };
                    if !is_spread && (!has("client") || !has("resources")) {
                        return Ok(None);
                    }
                }
                let config = self.value(&expression, 0)?;
                if is_spread
                    && (config.get("client").is_none() || config.get("resources").is_none())
                {
                    return Ok(None);
                }
                (config, None)
            }
        };
        if !matches!(config.kind, Kind::Map(_)) {
            return Ok(None);
        }
        let used = self.used.borrow();
        let changes = self.changes.iter().filter(|(name, _)| used.contains(*name));
        Ok(Some(Found {
            config,
            name,
            others: Vec::new(),
            changes: changes.map(|(_, at)| *at).collect(),
        }))
    }

    fn value(&self, found: &Located<'a>, depth: usize) -> Result<Value, SyntaxError> {
        self.values.set(self.values.get() + 1);
        let wrong = |message| SyntaxError {
            at: found.at,
            message,
        };
        if self.values.get() > VALUES {
            return Err(wrong("the configuration has too many values"));
        }
        if depth > DEPTH {
            return Err(wrong(
                "these names lead to each other, or are nested too deep",
            ));
        }
        let kind = match &found.expr {
            Expr::Null => Kind::Null,
            Expr::Bool(value) => Kind::Bool(*value),
            Expr::Number(text) => Kind::Number(text.clone()),
            Expr::Text(text) => Kind::Text(text.clone()),
            Expr::Format(parts) => self.joined(parts, depth)?,
            Expr::List(elements) => {
                let elements = elements.iter().map(|one| self.value(one, depth + 1));
                Kind::List(elements.collect::<Result<_, _>>()?)
            }
            Expr::Map(entries) => self.map(entries, depth)?,
            Expr::Sum(parts) => self.sum(parts, depth)?,
            Expr::Union(parts) => self.union(parts, depth)?,
            Expr::Name(name) => return self.named(name, found.at, depth),
            Expr::Attribute(..) | Expr::Item(..) => self.reference(found, depth)?,
            Expr::Choice(parts) => return self.choice(parts, found.at, depth),
            Expr::Call(function, arguments) => match moment::of(function, arguments) {
                Some(text) => Kind::Text(text),
                None => self.call(function, arguments, depth)?,
            },
            Expr::Other => Kind::Other("an expression that has to be executed".to_owned()),
        };
        Ok(Value {
            place: Place::At(found.at),
            kind,
        })
    }

    fn map(
        &self,
        entries: &[(Option<Located<'a>>, Located<'a>)],
        depth: usize,
    ) -> Result<Kind, SyntaxError> {
        let mut map: Vec<(String, Value)> = Vec::new();
        let mut index: HashMap<String, usize> = HashMap::new();
        let mut set = |key: String, value: Value| {
            if let Some(at) = index.get(&key) {
                map[*at].1 = value;
            } else {
                index.insert(key.clone(), map.len());
                map.push((key, value));
            }
        };
        for (key, value) in entries {
            let Some(key) = key else {
                let other = self.value(value, depth + 1)?;
                match other.kind {
                    Kind::Map(entries) => {
                        for (key, value) in entries {
                            set(key, value);
                        }
                    }
                    _ => set(format!("**{}", value.at), other),
                }
                continue;
            };
            let (Kind::Text(name) | Kind::Number(name)) = self.value(key, depth + 1)?.kind else {
                let place = Place::At(value.at);
                let kind = Kind::Other("a value whose key is not a literal".to_owned());
                set(format!("**{}", value.at), Value { place, kind });
                continue;
            };
            set(name, self.value(value, depth + 1)?);
        }
        Ok(Kind::Map(map))
    }

    /// The texts and values of a format string, or of a sum of texts, as one text.
    fn joined(&self, parts: &[Located<'a>], depth: usize) -> Result<Kind, SyntaxError> {
        let mut text = String::new();
        for part in parts {
            match self.value(part, depth + 1)?.kind {
                Kind::Text(one) | Kind::Number(one) => text.push_str(&one),
                Kind::Bool(true) => text.push_str("True"),
                Kind::Bool(false) => text.push_str("False"),
                Kind::Unnamed(kind) => {
                    text.push_str(&self.references.placeholder(kind, "value"));
                }
                Kind::Other(what) => return Ok(Kind::Other(what)),
                _ => {
                    return Ok(Kind::Other(
                        "a text with a value that is not text".to_owned(),
                    ));
                }
            }
        }
        Ok(Kind::Text(text))
    }

    fn sum(&self, parts: &[Located<'a>], depth: usize) -> Result<Kind, SyntaxError> {
        let values: Vec<Value> = parts
            .iter()
            .map(|part| self.value(part, depth + 1))
            .collect::<Result<_, _>>()?;
        if values
            .iter()
            .all(|value| matches!(value.kind, Kind::List(_)))
        {
            let lists = values.into_iter().map(|value| match value.kind {
                Kind::List(elements) => elements,
                _ => Vec::new(),
            });
            return Ok(Kind::List(lists.flatten().collect()));
        }
        if values
            .iter()
            .any(|value| matches!(value.kind, Kind::Number(_)))
        {
            return Ok(Kind::Other(
                "an expression that has to be executed".to_owned(),
            ));
        }
        self.joined(parts, depth)
    }

    /// Dictionaries as one, the later over the earlier.
    fn union(&self, parts: &[Located<'a>], depth: usize) -> Result<Kind, SyntaxError> {
        let mut union: Vec<(String, Value)> = Vec::new();
        let mut index: HashMap<String, usize> = HashMap::new();
        for part in parts {
            let Kind::Map(entries) = self.value(part, depth + 1)?.kind else {
                return Ok(Kind::Other(
                    "an expression that has to be executed".to_owned(),
                ));
            };
            for (key, value) in entries {
                if let Some(at) = index.get(&key) {
                    union[*at].1 = value;
                } else {
                    index.insert(key.clone(), union.len());
                    union.push((key, value));
                }
            }
        }
        Ok(Kind::Map(union))
    }

    /// One of two values. A secret is taken to be given.
    fn choice(
        &self,
        [condition, value, other]: &[Located<'a>; 3],
        at: usize,
        depth: usize,
    ) -> Result<Value, SyntaxError> {
        let chosen = match self.value(condition, depth + 1)?.kind {
            Kind::Text(text) if text.is_empty() => other,
            Kind::Text(text) if text.contains("{config.") => {
                return Ok(Value {
                    place: Place::At(at),
                    kind: Kind::Other("a choice by a setting".to_owned()),
                });
            }
            Kind::Text(_) | Kind::Bool(true) | Kind::Unnamed(Reference::Secret) => value,
            Kind::Null | Kind::Bool(false) => other,
            _ => {
                return Ok(Value {
                    place: Place::At(at),
                    kind: Kind::Other("an expression that has to be executed".to_owned()),
                });
            }
        };
        self.value(chosen, depth + 1)
    }

    /// The value of a name at its last assignment before this place.
    fn named(&self, name: &'a str, at: usize, depth: usize) -> Result<Value, SyntaxError> {
        let bindings = self.names.get(name).map(Vec::as_slice).unwrap_or_default();
        let before = bindings.partition_point(|binding| binding.at < at);
        let Some(binding) = bindings.get(before.saturating_sub(1)).copied() else {
            return Ok(Value {
                place: Place::At(at),
                kind: Kind::Other(format!("`{name}`, which is no literal of this file")),
            });
        };
        let place = Place::At(at);
        self.used.borrow_mut().insert(name.to_owned());
        if matches!(binding.from, From::Parameter) {
            let kind = Reference::of(name);
            let text = self.references.placeholder(kind, name);
            return Ok(Value {
                place,
                kind: Kind::Text(text),
            });
        }
        let expression = self.parse(binding.value, |parser| parser.expression(false))?;
        let mut value = self.value(&expression, depth + 1)?;
        match &value.kind {
            Kind::Unnamed(kind) => {
                value.kind = Kind::Text(self.references.placeholder(*kind, name));
            }
            Kind::Null
                if matches!(binding.from, From::Default) && credentials::is_secret_name(name) =>
            {
                value.kind = Kind::Text(self.references.placeholder(Reference::Secret, name));
            }
            _ => {}
        }
        // A literal is shown where it is used, a map where it is written.
        if !matches!(value.kind, Kind::Map(_) | Kind::List(_)) {
            value.place = place;
        }
        Ok(value)
    }

    /// The attributes and keys that lead from a name to a value: `dlt.secrets["a"]` is `dlt`, `secrets`, `a`.
    fn path(found: &Located<'a>, path: &mut Vec<String>) -> Option<&'a str> {
        match &found.expr {
            Expr::Name(name) => Some(name),
            Expr::Attribute(of, name) => {
                let first = Self::path(of, path)?;
                path.push((*name).to_owned());
                Some(first)
            }
            Expr::Item(of, key) => {
                let first = Self::path(of, path)?;
                let Expr::Text(key) = &key.expr else {
                    return None;
                };
                path.push(key.clone());
                Some(first)
            }
            _ => None,
        }
    }

    fn reference(&self, found: &Located<'a>, depth: usize) -> Result<Kind, SyntaxError> {
        let mut path = Vec::new();
        let Some(first) = Self::path(found, &mut path) else {
            return Ok(Kind::Other(
                "an expression that has to be executed".to_owned(),
            ));
        };
        let steps: Vec<&str> = path.iter().map(String::as_str).collect();
        let named = |kind, key: &str| Kind::Text(self.references.placeholder(kind, key));
        let steps = match (first, steps.as_slice()) {
            ("dlt", rest) => rest,
            ("os", ["environ", key]) => return Ok(self.variable(key)),
            (name @ ("secrets" | "config"), rest) if !self.names.contains_key(name) => {
                return Ok(match (name, rest) {
                    (_, []) => Kind::Other("an expression that has to be executed".to_owned()),
                    ("secrets", keys) => named(Reference::Secret, &keys.join(".")),
                    (_, keys) => named(Reference::Setting, &keys.join(".")),
                });
            }
            _ => return self.item(found, depth),
        };
        Ok(match steps {
            ["secrets", "value"] => Kind::Unnamed(Reference::Secret),
            ["config", "value"] => Kind::Unnamed(Reference::Setting),
            ["secrets", keys @ ..] if !keys.is_empty() => named(Reference::Secret, &keys.join(".")),
            ["config", keys @ ..] if !keys.is_empty() => named(Reference::Setting, &keys.join(".")),
            _ => Kind::Other(format!("`dlt.{}`", steps.join("."))),
        })
    }

    /// A variable of the environment.
    fn variable(&self, name: &str) -> Kind {
        let kind = Reference::of(name);
        Kind::Text(self.references.placeholder(kind, &name.to_lowercase()))
    }

    /// A value of a map that has a name: `HEADERS["Accept"]`.
    fn item(&self, found: &Located<'a>, depth: usize) -> Result<Kind, SyntaxError> {
        let other = || {
            Ok(Kind::Other(
                "an expression that has to be executed".to_owned(),
            ))
        };
        let Expr::Item(of, key) = &found.expr else {
            return other();
        };
        let of = self.value(of, depth + 1)?;
        match (of.kind, self.value(key, depth + 1)?.kind) {
            (Kind::Map(entries), Kind::Text(key)) => {
                let value = entries.into_iter().find(|(name, _)| *name == key);
                value.map_or_else(other, |(_, value)| Ok(value.kind))
            }
            _ => other(),
        }
    }

    fn call(
        &self,
        function: &Located<'a>,
        arguments: &[(Option<&'a str>, Located<'a>)],
        depth: usize,
    ) -> Result<Kind, SyntaxError> {
        let mut path = Vec::new();
        let Some(first) = Self::path(function, &mut path) else {
            return Ok(Kind::Other("a call, which has to be executed".to_owned()));
        };
        let mut steps = vec![first];
        steps.extend(path.iter().map(String::as_str));
        let key = match arguments.first().map(|(_, value)| &value.expr) {
            Some(Expr::Text(text)) => Some(text.as_str()),
            _ => None,
        };
        match (steps.as_slice(), key) {
            (["dlt", "secrets", "get"], Some(key)) => {
                return Ok(Kind::Text(
                    self.references.placeholder(Reference::Secret, key),
                ));
            }
            (["dlt", "config", "get"], Some(key)) => {
                return Ok(Kind::Text(
                    self.references.placeholder(Reference::Setting, key),
                ));
            }
            (["os", "getenv"] | ["os", "environ", "get"], Some(key)) => {
                return Ok(self.variable(key));
            }
            _ => {}
        }
        let name = steps.last().copied().unwrap_or_default();
        let is_known = name.ends_with("Paginator")
            || name.ends_with("Auth")
            || name == "OAuth2ClientCredentials";
        if !is_known && !matches!(name, "incremental" | "dict") {
            return Ok(Kind::Other(format!(
                "a call of `{name}`, which has to be executed"
            )));
        }
        let mut values = Vec::new();
        for (at, (argument, value)) in arguments.iter().enumerate() {
            let key = argument.map_or_else(|| at.to_string(), str::to_owned);
            values.push((key, self.value(value, depth + 1)?));
        }
        Ok(match name {
            "dict" => Kind::Map(values),
            _ => Kind::Object(name.to_owned(), values),
        })
    }
}
