//! Templates of a manifest as text with placeholders.

use std::cell::RefCell;

use crate::tree::{Kind, Value};

use super::config::{Config, Usage};
use super::jinja::{self, Expr, Piece};
use super::times;

/// What a request may use of the slice that it is for.
#[derive(Clone, Debug)]
pub(super) struct Slice {
    /// The keys after `stream_partition`, joined by dots.
    pub key: String,
    /// What stands for it, without braces.
    pub placeholder: String,
    /// The parents with what they have to have for it, its own parent first.
    pub needs: Vec<(String, Need)>,
}

/// What a child needs of its parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// A column, by its key.
    Column(String),
    /// A column of one of the parent's own parents, by its name in the manifest.
    FromParent(String, String),
    /// A value of the parent's own partitions.
    FromPartition(String),
}

/// What the templates of a stream may name.
#[derive(Debug, Default)]
pub(super) struct Scope {
    pub slices: Vec<Slice>,
    /// The keys of the start and the end of a window, if the stream has a cursor.
    pub window: Option<(String, String)>,
    /// What stands for the token of the next page, without braces.
    pub token: Option<&'static str>,
    /// What was used of slices.
    pub used: RefCell<Vec<Slice>>,
    /// Whether the start, and the end, of a window were used.
    pub ends: RefCell<(bool, bool)>,
    /// Whether the token was used.
    pub token_used: RefCell<bool>,
}

/// Renders templates of one component.
pub(super) struct Renderer<'r> {
    pub config: &'r mut Config,
    pub scope: &'r Scope,
    pub parameters: &'r Value,
    pub usage: Usage,
}

/// A text as one without placeholders.
pub(super) fn escape(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

impl Renderer<'_> {
    /// A text of the manifest as a text of the spec. The error says what it cannot say.
    pub(super) fn text(&mut self, text: &str) -> Result<String, String> {
        if !jinja::is_template(text) {
            return Ok(escape(text));
        }
        let pieces = self.pieces(text)?;
        self.render(&pieces)
    }

    /// The only expression of a template, simplified.
    pub(super) fn expression(&mut self, text: &str) -> Option<Expr> {
        let pieces = self.pieces(text).ok()?;
        let mut pieces = pieces.into_iter().filter(|piece| match piece {
            Piece::Text(text) => !text.trim().is_empty(),
            _ => true,
        });
        match (pieces.next(), pieces.next()) {
            (Some(Piece::Output(expr)), None) => Some(expr),
            (Some(Piece::Text(text)), None) => Some(Expr::Text(text)),
            _ => None,
        }
    }

    /// The pieces of a template, simplified and without conditions that are decided.
    pub(super) fn pieces(&mut self, text: &str) -> Result<Vec<Piece>, String> {
        let mut variables = Vec::new();
        Ok(self.decided(jinja::parse(text)?, &mut variables))
    }

    fn decided(&self, pieces: Vec<Piece>, variables: &mut Vec<(String, Expr)>) -> Vec<Piece> {
        let mut made = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => made.push(Piece::Text(text)),
                Piece::Set(name, value) => {
                    let value = self.simple(&value, variables);
                    variables.push((name, value));
                }
                Piece::Output(expr) => {
                    let expr = self.simple(&expr, variables);
                    match expr.constant() {
                        Some(text) => made.push(Piece::Text(text)),
                        None if expr == Expr::None => {}
                        None => made.push(Piece::Output(expr)),
                    }
                }
                Piece::Branches(branches) => {
                    let mut open = Vec::new();
                    for (condition, pieces) in branches {
                        let condition = condition.map(|one| self.simple(&one, variables));
                        let truth = condition.as_ref().map_or(Some(true), Expr::truth);
                        if truth == Some(false) {
                            continue;
                        }
                        let pieces = self.decided(pieces, &mut variables.clone());
                        let is_last = truth == Some(true);
                        open.push((condition.filter(|_| !is_last), pieces));
                        if is_last {
                            break;
                        }
                    }
                    match open.first() {
                        Some((None, _)) => made.extend(open.remove(0).1),
                        Some(_) => made.push(as_output(open)),
                        None => {}
                    }
                }
            }
        }
        // Pieces of text beside each other are one.
        let mut joined: Vec<Piece> = Vec::new();
        for piece in made {
            match (joined.last_mut(), piece) {
                (Some(Piece::Text(known)), Piece::Text(text)) => known.push_str(&text),
                (_, piece) => joined.push(piece),
            }
        }
        joined
    }

    /// An expression with its parameters and variables put in, and what is decided left out.
    fn simple(&self, expr: &Expr, variables: &[(String, Expr)]) -> Expr {
        let put_in = expr.replace(&|one| match one {
            Expr::Name(name) => {
                let found = variables.iter().rev().find(|(known, _)| known == name);
                found.map(|(_, value)| value.clone())
            }
            Expr::Member(..) => {
                let keys = one
                    .keys_of("parameters")
                    .or_else(|| one.keys_of("options"))?;
                let found = self.parameters.at(&keys);
                match &found.kind {
                    Kind::Number(number) => Some(Expr::Number(number.clone())),
                    Kind::Bool(value) => Some(Expr::Bool(*value)),
                    Kind::Text(text) if !jinja::is_template(text) => Some(Expr::Text(text.clone())),
                    Kind::Null => Some(Expr::None),
                    _ => None,
                }
            }
            _ => None,
        });
        // A request is for a slice, and for a window if there is a cursor.
        let is_there = |one: &Expr| {
            let (root, keys) = one.path()?;
            let is_slice = ["stream_slice", "stream_partition", "stream_interval"].contains(&root);
            let is_known = match keys.as_slice() {
                [] => self.scope.window.is_some() || !self.scope.slices.is_empty(),
                [key] => self
                    .scope
                    .window
                    .as_ref()
                    .is_some_and(|(start, end)| key == start || key == end),
                _ => false,
            };
            Some(is_slice && is_known)
        };
        let put_in = put_in.replace(&|one| match one {
            Expr::If(condition, yes, _) if is_there(condition) == Some(true) => {
                Some((**yes).clone())
            }
            Expr::Binary("or", one, _) if is_there(one) == Some(true) => Some((**one).clone()),
            _ => None,
        });
        settle(&put_in)
    }

    fn render(&mut self, pieces: &[Piece]) -> Result<String, String> {
        if let Some(text) = self.by_words(pieces) {
            return Ok(text);
        }
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(part) => text.push_str(&escape(part)),
                Piece::Output(expr) => text.push_str(&self.output(expr)?),
                Piece::Branches(branches) => {
                    text.push_str(&self.branches(branches)?);
                }
                Piece::Set(..) => {}
            }
        }
        Ok(text)
    }

    fn branches(&mut self, branches: &[(Option<Expr>, Vec<Piece>)]) -> Result<String, String> {
        match self.by_words(&[Piece::Branches(branches.to_vec())]) {
            Some(text) => Ok(text),
            None => Err("a condition that is not about the words of a setting".to_owned()),
        }
    }

    /// A text that the words of one setting decide: what each of them stands for.
    fn by_words(&mut self, pieces: &[Piece]) -> Option<String> {
        if !pieces.iter().any(has_condition) {
            return None;
        }
        let mut paths: Vec<Vec<String>> = Vec::new();
        let mut is_only = true;
        for piece in pieces {
            is_only &= settings_of(piece, &mut paths);
        }
        let [path] = paths.as_slice() else {
            return None;
        };
        if !is_only {
            return None;
        }
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let words = match self.config.words(&path) {
            Some(words) => words,
            // A setting that nothing is said of, and that is only tested, is true or false.
            None if !self.config.is_known(&path) && pieces.iter().all(only_tests) => {
                vec![Kind::Bool(true), Kind::Bool(false)]
            }
            None => return None,
        };
        let mut texts = Vec::new();
        for word in words {
            let (constant, shown) = match &word {
                Kind::Bool(value) => (Expr::Bool(*value), value.to_string()),
                Kind::Text(text) => (Expr::Text(text.clone()), text.clone()),
                _ => return None,
            };
            let put_in: Vec<Piece> = pieces
                .iter()
                .map(|piece| with_constant(piece, &path, &constant))
                .collect();
            let decided = self.decided(put_in, &mut Vec::new());
            let text = match decided.as_slice() {
                [] => String::new(),
                [Piece::Text(text)] => text.clone(),
                _ => return None,
            };
            texts.push((shown, text));
        }
        let placeholder = self.config.stands_for(&path, texts, self.usage)?;
        Some(format!("{{{placeholder}}}"))
    }

    /// An expression in braces, or a text.
    pub(super) fn output(&mut self, expr: &Expr) -> Result<String, String> {
        if let Some(text) = expr.constant() {
            return Ok(escape(&text));
        }
        match expr {
            Expr::None => return Ok(String::new()),
            Expr::Binary("~" | "+", one, two) => {
                return Ok(self.output(one)? + &self.output(two)?);
            }
            Expr::If(condition, one, two) => {
                let branches = vec![
                    (
                        Some((**condition).clone()),
                        vec![Piece::Output((**one).clone())],
                    ),
                    (None, vec![Piece::Output((**two).clone())]),
                ];
                return self.branches(&branches);
            }
            _ => {}
        }
        Ok(format!("{{{}}}", self.placeholder(expr)?))
    }

    /// What stands for an expression, with functions and without braces.
    pub(super) fn placeholder(&mut self, expr: &Expr) -> Result<String, String> {
        if let Some((root, keys)) = expr.path() {
            return self.source(root, &keys);
        }
        if let Some(time) = times::relative(expr) {
            return time;
        }
        if let Some((value, format)) = epoch(expr) {
            return self.formatted(value, format);
        }
        match expr {
            Expr::Filter(of, name, args) => self.filter(of, name, args),
            Expr::Member(of, index) => match (&**of, &**index) {
                (Expr::Call(method, args, _), Expr::Number(index)) => {
                    let Expr::Member(text, name) = &**method else {
                        return Err(unsupported());
                    };
                    match (name.constant().as_deref(), args.as_slice()) {
                        (Some("split"), [by]) => {
                            let by = by.constant().ok_or_else(unsupported)?;
                            let text = self.placeholder(text)?;
                            let part = match (by.as_str(), index.as_str()) {
                                ("-", "0") => Some("%Y"),
                                ("-", "1") => Some("%m"),
                                ("T", "0") => Some("date"),
                                _ => None,
                            };
                            // A time is no text.
                            if text.starts_with("incremental.") {
                                let part = part.ok_or_else(unsupported)?;
                                return Ok(format!("{text} | format(\"{part}\")"));
                            }
                            Ok(format!("{text} | split({}, {index})", quoted(&by)?))
                        }
                        _ => Err(unsupported()),
                    }
                }
                _ => Err(unsupported()),
            },
            Expr::Binary("or", one, two) => {
                let keys = one.keys_of("config");
                let default = two.constant();
                match (keys, default) {
                    (Some(keys), Some(default)) => self.with_default(&keys, &default),
                    (Some(_), None) if **two == Expr::None => self.placeholder(one),
                    _ => Err(unsupported()),
                }
            }
            Expr::Call(of, args, _) => self.call(of, args),
            _ => Err(unsupported()),
        }
    }

    fn with_default(&mut self, keys: &[&str], default: &str) -> Result<String, String> {
        if !default.is_empty() {
            self.config.fall_back(keys, default, self.usage);
        }
        self.source("config", keys)
    }

    /// What stands for a value of a slice, a window, a page or the settings.
    fn source(&mut self, root: &str, keys: &[&str]) -> Result<String, String> {
        match root {
            "config" if !keys.is_empty() => {
                if self.usage == Usage::Password && self.config.is_unknown(keys) {
                    // No user can give it.
                    return Err(String::new());
                }
                Ok(self.config.placeholder(keys, self.usage))
            }
            "stream_slice" | "stream_partition" | "stream_interval" => {
                let key = keys.join(".");
                if let Some((start, end)) = &self.scope.window {
                    if key == *start {
                        self.scope.ends.borrow_mut().0 = true;
                        return Ok("incremental.start_value".to_owned());
                    }
                    if key == *end {
                        self.scope.ends.borrow_mut().1 = true;
                        return Ok("incremental.end_value".to_owned());
                    }
                }
                let Some(slice) = self.slice_of(&key) else {
                    return Err(format!("`{root}.{key}` is of no partition"));
                };
                let placeholder = slice.placeholder.clone();
                self.scope.used.borrow_mut().push(slice);
                Ok(placeholder)
            }
            "next_page_token" => match self.scope.token {
                Some(token) => {
                    *self.scope.token_used.borrow_mut() = true;
                    Ok(token.to_owned())
                }
                None => Err("there is no token of a next page".to_owned()),
            },
            _ => Err(unsupported()),
        }
    }

    /// The slice of a key, or what is within one that is an object of the parent's record.
    fn slice_of(&self, key: &str) -> Option<Slice> {
        let slices = &self.scope.slices;
        if let Some(slice) = slices.iter().find(|slice| slice.key == key) {
            return Some(slice.clone());
        }
        slices.iter().find_map(|slice| {
            let rest = key.strip_prefix(&slice.key)?.strip_prefix('.')?;
            let [(parent, Need::Column(way))] = slice.needs.as_slice() else {
                return None;
            };
            Some(Slice {
                key: key.to_owned(),
                placeholder: format!("{}.{rest}", slice.placeholder),
                needs: vec![(parent.clone(), Need::Column(format!("{way}.{rest}")))],
            })
        })
    }

    fn filter(&mut self, of: &Expr, name: &str, args: &[Expr]) -> Result<String, String> {
        if name == "default"
            && let (Some(keys), [default, ..]) = (of.keys_of("config"), args)
            && let Some(default) = default.constant()
        {
            return self.with_default(&keys, &default);
        }
        if let (Some(keys), "lower" | "upper") = (of.keys_of("config"), name)
            && self.config.is_bool(&keys)
        {
            return self.placeholder(of);
        }
        // A part of a time as a number.
        if name == "int" && epoch(of).is_none() {
            let inner = self.placeholder(of)?;
            return Ok(inner.replace("format(\"%m\")", "format(\"%-m\")"));
        }
        let inner = self.placeholder(of)?;
        let constants: Option<Vec<String>> = args.iter().map(Expr::constant).collect();
        let constants = constants.ok_or_else(unsupported)?;
        let call = match (name, constants.as_slice()) {
            ("string" | "int" | "safe" | "urlencode" | "float" | "trim_start", _) => {
                return Ok(inner);
            }
            ("lower" | "upper" | "trim", _) => name.to_owned(),
            ("base64encode" | "b64encode", _) => "base64".to_owned(),
            ("tojson", _) => "json".to_owned(),
            ("join", []) => "join(\"\")".to_owned(),
            ("join", [by]) => format!("join({})", quoted(by)?),
            ("replace", [one, two]) => format!("replace({}, {})", quoted(one)?, quoted(two)?),
            ("default", [value, ..]) => format!("default({})", quoted(value)?),
            _ => return Err(format!("the filter `{name}` is not supported")),
        };
        Ok(format!("{inner} | {call}"))
    }

    fn call(&mut self, of: &Expr, args: &[Expr]) -> Result<String, String> {
        if let Expr::Name(name) = of {
            return match (name.as_str(), args) {
                ("format_datetime", [value, format, ..]) => {
                    let format = format.constant().ok_or_else(unsupported)?;
                    self.formatted(value, &format)
                }
                ("str" | "int" | "string" | "sanitize_url", [value]) => self.placeholder(value),
                _ => Err(format!("`{name}()` is not supported")),
            };
        }
        let Expr::Member(object, method) = of else {
            return Err(unsupported());
        };
        let method = method.constant().ok_or_else(unsupported)?;
        if method == "join"
            && let (Some(by), [list]) = (object.constant(), args)
        {
            let list = match list {
                Expr::Filter(of, name, _) if name == "default" => of,
                list => list,
            };
            let inner = self.placeholder(list)?;
            return Ok(format!("{inner} | join({})", quoted(&by)?));
        }
        if method == "strftime"
            && let [format] = args
        {
            let format = format.constant().ok_or_else(unsupported)?;
            return self.formatted(object, &format);
        }
        let inner = self.placeholder(object)?;
        let constants: Option<Vec<String>> = args.iter().map(Expr::constant).collect();
        match (method.as_str(), constants.unwrap_or_default().as_slice()) {
            ("lower" | "upper", []) => Ok(format!("{inner} | {method}")),
            ("strip", []) => Ok(format!("{inner} | trim")),
            // A URL is put together without double slashes.
            ("rstrip" | "lstrip" | "strip", [by]) if by == "/" && self.usage == Usage::Address => {
                Ok(inner)
            }
            ("replace", [one, two]) => Ok(format!(
                "{inner} | replace({}, {})",
                quoted(one)?,
                quoted(two)?
            )),
            ("isoformat", []) => Ok(inner),
            _ => Err(format!("`{method}()` is not supported")),
        }
    }

    /// A time in a format.
    fn formatted(&mut self, value: &Expr, format: &str) -> Result<String, String> {
        if let Some(keys) = value.keys_of("config")
            && !self.config.typed(&keys, "timestamp", self.usage)
        {
            return Err("a setting that is not a time is formatted as one".to_owned());
        }
        let inner = self.placeholder(value)?;
        let inner = inner.split(" | format(").next().unwrap_or_default();
        let format = times::format(format)?;
        Ok(format!("{inner} | format({})", quoted(&format)?))
    }
}

/// A time as a number since 1970, with the format of that.
fn epoch(expr: &Expr) -> Option<(&Expr, &'static str)> {
    match expr {
        Expr::Call(of, args, _) => match (&**of, args.as_slice()) {
            (Expr::Name(name), [value]) if name == "timestamp" => Some((value, "%s")),
            _ => None,
        },
        Expr::Binary("*", time, factor) if factor.constant().as_deref() == Some("1000") => {
            let (value, format) = epoch(time)?;
            (format == "%s").then_some((value, "%ms"))
        }
        Expr::Filter(of, name, _) if name == "int" => epoch(of),
        _ => None,
    }
}

fn unsupported() -> String {
    "this expression is not supported".to_owned()
}

/// An argument of a function.
fn quoted(text: &str) -> Result<String, String> {
    if !text.contains('"') && !text.contains('\\') {
        Ok(format!("\"{text}\""))
    } else if !text.contains('\'') && !text.contains('\\') {
        Ok(format!("'{text}'"))
    } else {
        Err("a text with quotes cannot be an argument".to_owned())
    }
}

/// An expression without what its constants decide.
fn settle(expr: &Expr) -> Expr {
    expr.replace(&|one| match one {
        Expr::If(condition, yes, no) => {
            let condition = settle(condition);
            match condition.truth() {
                Some(true) => Some(settle(yes)),
                Some(false) => Some(settle(no)),
                // `a if a else b`
                None if condition == **yes => {
                    Some(settle(&Expr::Binary("or", yes.clone(), no.clone())))
                }
                None => None,
            }
        }
        Expr::Binary("or", one, two) => {
            let one = settle(one);
            match one.truth() {
                Some(true) => Some(one),
                Some(false) => Some(settle(two)),
                None => match settle(two) {
                    Expr::None => Some(one),
                    Expr::Text(text) if text.is_empty() => Some(one),
                    two => Some(Expr::Binary("or", Box::new(one), Box::new(two))),
                },
            }
        }
        _ => None,
    })
}

/// Branches of which the first prints what it tests are an expression.
fn as_output(branches: Vec<(Option<Expr>, Vec<Piece>)>) -> Piece {
    let only = |pieces: &[Piece]| match pieces {
        [Piece::Output(expr)] => Some(expr.clone()),
        [Piece::Text(text)] => Some(Expr::Text(text.clone())),
        [] => Some(Expr::None),
        _ => None,
    };
    if let [(Some(condition), yes), rest @ ..] = branches.as_slice()
        && let Some(yes) = only(yes)
        && yes == *condition
    {
        let no = match rest {
            [] => Some(Expr::None),
            [(None, no)] => only(no),
            _ => None,
        };
        if let Some(no) = no {
            let expr = Expr::Binary("or", Box::new(yes), Box::new(no));
            return Piece::Output(settle(&expr));
        }
    }
    Piece::Branches(branches)
}

fn has_condition(piece: &Piece) -> bool {
    match piece {
        Piece::Branches(_) => true,
        Piece::Output(expr) => !expr.all(&mut |one| {
            !matches!(
                one,
                Expr::If(..) | Expr::Binary("==" | "!=" | "in", ..) | Expr::Not(_)
            )
        }),
        _ => false,
    }
}

/// Whether settings decide conditions by being there alone, and are used nowhere else.
fn only_tests(piece: &Piece) -> bool {
    fn is_test(expr: &Expr) -> bool {
        match expr {
            Expr::Not(of) => is_test(of),
            expr => expr.path().is_some(),
        }
    }
    fn is_good(expr: &Expr) -> bool {
        match expr {
            Expr::If(condition, yes, no) => is_test(condition) && is_good(yes) && is_good(no),
            expr => expr.constant().is_some() || *expr == Expr::None,
        }
    }
    match piece {
        Piece::Text(_) => true,
        Piece::Set(_, expr) | Piece::Output(expr) => is_good(expr),
        Piece::Branches(branches) => branches.iter().all(|(condition, pieces)| {
            condition.as_ref().is_none_or(is_test) && pieces.iter().all(only_tests)
        }),
    }
}

/// Adds the settings of a piece. False if it names something else.
fn settings_of(piece: &Piece, into: &mut Vec<Vec<String>>) -> bool {
    match piece {
        Piece::Text(_) => true,
        Piece::Set(_, expr) | Piece::Output(expr) => each(expr, &mut |one| is_setting(one, into)),
        Piece::Branches(branches) => branches.iter().all(|(condition, pieces)| {
            let is_only = condition
                .as_ref()
                .is_none_or(|one| each(one, &mut |one| is_setting(one, into)));
            is_only && pieces.iter().all(|piece| settings_of(piece, into))
        }),
    }
}

/// Whether a path is one of a setting, which is added.
fn is_setting(path: &Expr, into: &mut Vec<Vec<String>>) -> bool {
    let Some(keys) = path.keys_of("config").filter(|keys| !keys.is_empty()) else {
        return false;
    };
    let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    if !into.contains(&keys) {
        into.push(keys);
    }
    true
}

/// Calls a function for an expression, or for its parts where it is no path.
fn each(expr: &Expr, of: &mut dyn FnMut(&Expr) -> bool) -> bool {
    if expr.path().is_some() {
        return of(expr);
    }
    match expr {
        Expr::None | Expr::Bool(_) | Expr::Number(_) | Expr::Text(_) | Expr::Name(_) => true,
        Expr::Member(one, two) | Expr::Binary(_, one, two) => each(one, of) && each(two, of),
        Expr::Call(one, args, named) => {
            let method = match &**one {
                Expr::Member(object, _) => each(object, of),
                Expr::Name(_) => true,
                other => each(other, of),
            };
            method
                && args.iter().all(|one| each(one, of))
                && named.iter().all(|(_, one)| each(one, of))
        }
        Expr::Filter(one, _, args) => each(one, of) && args.iter().all(|one| each(one, of)),
        Expr::Not(one) | Expr::Is(one, ..) => each(one, of),
        Expr::If(one, two, three) => each(one, of) && each(two, of) && each(three, of),
        Expr::List(elements) => elements.iter().all(|one| each(one, of)),
        Expr::Dict(entries) => entries
            .iter()
            .all(|(key, value)| each(key, of) && each(value, of)),
    }
}

fn with_constant(piece: &Piece, path: &[&str], constant: &Expr) -> Piece {
    let put_in = |expr: &Expr| {
        expr.replace(&|one| {
            let keys = one.keys_of("config")?;
            (keys == path).then(|| constant.clone())
        })
    };
    match piece {
        Piece::Text(text) => Piece::Text(text.clone()),
        Piece::Set(name, expr) => Piece::Set(name.clone(), put_in(expr)),
        Piece::Output(expr) => Piece::Output(put_in(expr)),
        Piece::Branches(branches) => Piece::Branches(
            branches
                .iter()
                .map(|(condition, pieces)| {
                    let pieces = pieces.iter();
                    let pieces = pieces.map(|piece| with_constant(piece, path, constant));
                    (condition.as_ref().map(put_in), pieces.collect())
                })
                .collect(),
        ),
    }
}
