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
            let (mut by_predicate, mut json) = (Map::new(), Map::new());
            if expr.is_some_and(|expr| predicate_of(&expr, &mut json, &mut by_predicate)) {
                if !json.is_empty() {
                    by_predicate.set("json", json);
                }
                actions.push(by_predicate);
            } else {
                self.note(
                    filter,
                    &format!("a response is judged by `{}`", shown(predicate)),
                );
            }
        }
        let contained = filter.text_of("error_message_contains");
        if let Some(text) = contained.filter(|text| !text.is_empty()) {
            let mut by_message = Map::new();
            by_message.set("content", text);
            actions.push(by_message);
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

/// Reads a predicate about a response into an action. False if it is not supported.
fn predicate_of(expr: &Expr, json: &mut Map, action: &mut Map) -> bool {
    let path = |expr: &Expr| {
        let keys = expr.keys_of("response")?;
        let mut path = "$".to_owned();
        for key in keys {
            path.push_str(&member(key));
        }
        (path.len() > 1).then_some(path)
    };
    match expr {
        Expr::Binary("and", one, two) => {
            predicate_of(one, json, action) && predicate_of(two, json, action)
        }
        Expr::Binary("==", one, two) => {
            if let Some(["status_code"]) = one.keys_of("response").as_deref()
                && let Expr::Number(code) = &**two
            {
                action.set("status_code", Node::Number(code.clone()));
                return true;
            }
            let (Some(path), Some(_)) = (path(one), two.constant()) else {
                return false;
            };
            let value = match &**two {
                Expr::Number(number) => Node::Number(number.clone()),
                Expr::Bool(value) => Node::Bool(*value),
                two => Node::Text(two.constant().unwrap_or_default()),
            };
            json.set(&path, value);
            true
        }
        Expr::Binary("in", one, two) => match (&**one, &**two) {
            (Expr::Text(text), of)
                if action.get("content").is_none()
                    && of.path().is_some_and(|(root, _)| root == "response") =>
            {
                action.set("content", text.as_str());
                true
            }
            (of, Expr::List(elements)) => {
                let (Some(path), Some(texts)) = (
                    path(of),
                    elements
                        .iter()
                        .map(Expr::constant)
                        .collect::<Option<Vec<_>>>(),
                ) else {
                    return false;
                };
                json.set(&path, texts);
                true
            }
            _ => false,
        },
        _ => false,
    }
}
