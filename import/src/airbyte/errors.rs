//! Error handlers as `retry` and `response_actions`.

use rest_source_codegen::write::{Element, Map, Node};

use crate::tree::{Kind, Value};

use super::config::Usage;
use super::jinja::{self, Expr};
use super::request::member;
use super::stream::{Builder, shown};

impl Builder<'_, '_> {
    pub(super) fn errors(&mut self, handler: &Value) {
        let mut actions: Vec<Map> = Vec::new();
        self.handler(handler, &mut actions, 0);
        let mut known: Vec<Map> = Vec::new();
        for action in actions {
            if !known.contains(&action) {
                known.push(action);
            }
        }
        if !known.is_empty() {
            let elements = known.into_iter().map(Element::new).collect();
            self.resource
                .map("endpoint")
                .set("response_actions", Node::List(elements));
        }
    }

    fn handler(&mut self, handler: &Value, actions: &mut Vec<Map>, depth: usize) {
        match handler.text_of("type") {
            None if handler.kind == Kind::Null => return,
            Some("CompositeErrorHandler") if depth < 20 => {}
            Some("DefaultErrorHandler") | None => {}
            Some(other) => {
                let class = handler.text_of("class_name").unwrap_or(other);
                self.note(handler, &format!("the error handler `{class}` is Python"));
                return;
            }
        }
        for one in handler.at(&["error_handlers"]).elements() {
            self.handler(one, actions, depth + 1);
        }
        if let Some(most) = handler.get("max_retries").and_then(Value::scalar)
            && let Ok(most) = most.parse::<u64>()
        {
            let most = most.min(100);
            let known = match self.importer.retry.get("max_retries") {
                Some(Node::Number(known)) => known.parse::<u64>().unwrap_or(0),
                _ => 0,
            };
            if most > known {
                self.importer.retry.set("max_retries", most);
            }
        }
        for backoff in handler.at(&["backoff_strategies"]).elements() {
            self.backoff(backoff);
            // It always says how long to wait, so that those after it never do.
            let kind = backoff.text_of("type").unwrap_or_default();
            if matches!(
                kind,
                "ExponentialBackoffStrategy" | "ConstantBackoffStrategy"
            ) {
                break;
            }
        }
        for filter in handler.at(&["response_filters"]).elements() {
            actions.extend(self.filter_of_responses(filter));
        }
    }

    /// A difference that does not change which records are fetched.
    fn note(&mut self, at: &Value, what: &str) {
        let shown = self.importer.shown(at.place);
        self.resource
            .comment_top(&format!("Not certain: {what} ({shown})."));
    }

    fn backoff(&mut self, backoff: &Value) {
        let scalar = |key: &str| backoff.get(key).and_then(Value::scalar).map(str::to_owned);
        match backoff.text_of("type").unwrap_or_default() {
            "ExponentialBackoffStrategy" => {
                if let Some(factor) = scalar("factor").filter(|text| text.parse::<f64>().is_ok()) {
                    self.importer
                        .retry
                        .set("backoff_factor", Node::Number(factor));
                }
            }
            "ConstantBackoffStrategy" => {
                let seconds = scalar("backoff_time_in_seconds");
                if let Some(seconds) = seconds.filter(|text| text.parse::<f64>().is_ok()) {
                    let whole = seconds.split('.').next().unwrap_or_default();
                    if whole.parse::<u64>().is_ok_and(|seconds| seconds > 60) {
                        let longest = format!("{whole}s");
                        self.importer.retry.set("max_delay", longest);
                    }
                    self.importer
                        .retry
                        .set("backoff_factor", Node::Number(seconds));
                }
            }
            kind @ ("WaitTimeFromHeader" | "WaitUntilTimeFromHeader") => {
                let Some(header) = scalar("header") else {
                    return;
                };
                let header = self
                    .renderer(backoff, Usage::Sent)
                    .text(&header)
                    .unwrap_or(header);
                if header.eq_ignore_ascii_case("retry-after") {
                    return;
                }
                let known = self.importer.retry.get("retry_after_header");
                let is_other = known.is_some_and(|known| known.as_text() != Some(&header));
                if is_other {
                    self.note(
                        backoff,
                        &format!("the wait is not read from `{header}`, but from another header"),
                    );
                    return;
                }
                self.importer.retry.set("retry_after_header", header);
                if kind == "WaitUntilTimeFromHeader" {
                    self.importer.retry.set("retry_after_unit", "epoch_seconds");
                }
            }
            other => {
                let class = backoff.text_of("class_name").unwrap_or(other).to_owned();
                self.note(backoff, &format!("the backoff `{class}` is Python"));
            }
        }
    }

    /// The actions of a filter, one for each of its criteria: one that holds is enough.
    fn filter_of_responses(&mut self, filter: &Value) -> Vec<Map> {
        let mut actions: Vec<Map> = Vec::new();
        let mut by_code = Map::new();
        let codes: Vec<Node> = match filter.get("http_codes") {
            Some(codes) => {
                let one = std::slice::from_ref(codes);
                let codes = if codes.elements().is_empty() {
                    one
                } else {
                    codes.elements()
                };
                codes
                    .iter()
                    .filter_map(Value::scalar)
                    .filter(|code| code.parse::<u16>().is_ok())
                    .map(|code| Node::Number(code.to_owned()))
                    .collect()
            }
            None => Vec::new(),
        };
        match codes.as_slice() {
            [] => {}
            [one] => {
                by_code.set("status_code", one.clone());
            }
            _ => {
                by_code.set("status_code", codes.clone());
            }
        }
        actions.push(by_code);
        if let Some(predicate) = filter.text_of("predicate").filter(|text| !text.is_empty()) {
            let expr = self.renderer(filter, Usage::Sent).expression(predicate);
            match expr.as_ref().and_then(predicate_of) {
                Some(conditions) => {
                    if conditions.iter().any(|one| one.is_partial) {
                        self.note(
                            filter,
                            &format!("a response is judged by `{}`, here only where the key has a scalar, or an object with `code` or `message`", shown(predicate)),
                        );
                    }
                    actions.extend(conditions.into_iter().map(Condition::action));
                }
                None => self.note(
                    filter,
                    &format!("a response is judged by `{}`", shown(predicate)),
                ),
            }
        }
        let contained = filter.text_of("error_message_contains");
        if let Some(text) = contained.filter(|text| !text.is_empty()) {
            actions.extend(by_message(text));
        }
        actions.retain(|action| !action.is_empty());
        let word = match filter
            .text_of("action")
            .unwrap_or("FAIL")
            .to_ascii_uppercase()
            .as_str()
        {
            "IGNORE" => "ignore",
            "RETRY" | "RATE_LIMITED" => "retry",
            "SUCCESS" => "success",
            "RESET_PAGINATION" => "restart",
            "REFRESH_TOKEN_THEN_RETRY" => "refresh_auth",
            _ => "fail",
        };
        let message = filter
            .text_of("error_message")
            .filter(|message| word == "fail" && !jinja::is_template(message))
            .map(crate::names::brief)
            .filter(|message| !message.is_empty());
        for action in &mut actions {
            action.set("action", word);
            if let Some(message) = &message {
                action.set("message", message.as_str());
            }
        }
        actions
    }
}

/// Where Airbyte looks for the message of an error in a body, as far as a path says it.
const MESSAGES: [&str; 4] = [
    "$.message",
    "$.error",
    "$.error.message",
    "$.errors[0].message",
];

/// The most alternatives of a predicate.
const ALTERNATIVES: usize = 20;

/// Responses whose message contains a text: that of a record does not count.
fn by_message(text: &str) -> Vec<Map> {
    let mut by_status = Map::new();
    let statuses: Vec<&str> = vec!["4xx", "5xx"];
    by_status.set("status_code", statuses).set("content", text);
    let by_path = MESSAGES.iter().map(|path| {
        let mut condition = Condition::default();
        condition.json.set(path, containing(text));
        condition.action()
    });
    std::iter::once(by_status).chain(by_path).collect()
}

/// The comparison of a text that contains another.
fn containing(text: &str) -> Map {
    let mut pattern = String::new();
    for c in text.chars() {
        if c.is_ascii_punctuation() && c != '_' {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    let mut comparison = Map::new();
    comparison.set("matches", pattern);
    comparison
}

/// What must hold for a response together.
#[derive(Clone, Default)]
struct Condition {
    status_code: Option<String>,
    json: Map,
    /// Whether it stands for a key that may have an object or a list, which no condition of a path matches.
    is_partial: bool,
}

impl Condition {
    fn of(path: &str, value: impl Into<Node>) -> Self {
        let mut condition = Self::default();
        condition.json.set(path, value);
        condition
    }

    fn action(self) -> Map {
        let mut action = Map::new();
        if let Some(code) = self.status_code {
            action.set("status_code", Node::Number(code));
        }
        if !self.json.is_empty() {
            action.set("json", self.json);
        }
        action
    }

    /// Both conditions. Nothing if they are about the same place.
    fn and(&self, other: &Self) -> Option<Self> {
        let mut both = self.clone();
        both.is_partial |= other.is_partial;
        if let Some(code) = &other.status_code {
            both.status_code = both.status_code.xor(Some(code.clone()));
            both.status_code.as_ref()?;
        }
        for entry in &other.json.entries {
            match (both.json.get(&entry.key), &entry.value) {
                (None, value) => {
                    both.json.set(&entry.key, value.clone());
                }
                // A lower and an upper bound.
                (Some(Node::Map(one)), Node::Map(two)) => {
                    let comparison = both_bounds(one, two)?;
                    both.json.set(&entry.key, comparison);
                }
                _ => return None,
            }
        }
        Some(both)
    }
}

/// Two comparisons as one. Nothing if they compare in the same way.
fn both_bounds(one: &Map, two: &Map) -> Option<Map> {
    let mut both = one.clone();
    for entry in &two.entries {
        if both.get(&entry.key).is_some() {
            return None;
        }
        both.set(&entry.key, entry.value.clone());
    }
    Some(both)
}

/// The path of an expression below `response`.
fn path_of(expr: &Expr) -> Option<String> {
    let mut path = "$".to_owned();
    for key in expr.keys_of("response")? {
        path.push_str(&member(key));
    }
    Some(path)
}

/// Reads a predicate about a response as alternative conditions. Nothing if it is not supported.
fn predicate_of(expr: &Expr) -> Option<Vec<Condition>> {
    let conditions = match expr {
        Expr::Binary("and", one, two) => {
            let (one, two) = (predicate_of(one)?, predicate_of(two)?);
            let pairs = one
                .iter()
                .flat_map(|one| two.iter().map(move |two| one.and(two)));
            pairs.collect::<Option<Vec<_>>>()?
        }
        Expr::Binary("or", one, two) => {
            let mut conditions = predicate_of(one)?;
            conditions.extend(predicate_of(two)?);
            conditions
        }
        Expr::Binary("==", one, two) => {
            if let Some(["status_code"]) = one.keys_of("response").as_deref()
                && let Expr::Number(code) = &**two
            {
                return Some(vec![Condition {
                    status_code: Some(code.clone()),
                    ..Condition::default()
                }]);
            }
            let path = path_of(one).filter(|path| path.len() > 1)?;
            let value = match &**two {
                Expr::Number(number) => Node::Number(number.clone()),
                Expr::Bool(value) => Node::Bool(*value),
                two => Node::Text(two.constant()?),
            };
            vec![Condition::of(&path, value)]
        }
        Expr::Binary(sign @ (">" | ">=" | "<" | "<="), one, two) => {
            let path = path_of(one).filter(|path| path.len() > 1)?;
            let Expr::Number(bound) = &**two else {
                return None;
            };
            let word = match *sign {
                ">" => "gt",
                ">=" => "gte",
                "<" => "lt",
                _ => "lte",
            };
            let mut comparison = Map::new();
            comparison.set(word, Node::Number(bound.clone()));
            vec![Condition::of(&path, comparison)]
        }
        Expr::Binary("in", one, two) => match (&**one, &**two) {
            (Expr::Text(text), of) => contained_in(text, &path_of(of)?),
            (of, Expr::List(elements)) => {
                let path = path_of(of).filter(|path| path.len() > 1)?;
                let texts = elements.iter().map(Expr::constant);
                vec![Condition::of(&path, texts.collect::<Option<Vec<_>>>()?)]
            }
            _ => return None,
        },
        _ => return None,
    };
    (conditions.len() <= ALTERNATIVES).then_some(conditions)
}

/// `'text' in response.path`: a key of an object, or a part of a text.
fn contained_in(text: &str, path: &str) -> Vec<Condition> {
    let mut anything = Map::new();
    anything.set("matches", ".");
    let key = format!("{path}{}", member(text));
    let mut conditions = Vec::new();
    if path.len() > 1 {
        conditions.push(Condition::of(path, containing(text)));
    }
    let is_key = text
        .chars()
        .all(|c| c.is_alphanumeric() || "_-".contains(c));
    if path.len() == 1 || is_key {
        conditions.push(Condition::of(&key, anything.clone()));
        conditions.push(Condition::of(&key, Node::Null));
        for inner in ["code", "message"] {
            let inner = format!("{key}.{inner}");
            conditions.push(Condition::of(&inner, anything.clone()));
        }
        for condition in &mut conditions {
            condition.is_partial = true;
        }
    }
    conditions
}
