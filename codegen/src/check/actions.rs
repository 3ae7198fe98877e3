//! `response_actions`: rules about what certain responses mean.

use std::cmp::Ordering;

use crate::connector::{
    Action, Auth, Comparison, JsonCondition, JsonPlan, List, Part, ResponseAction, Template, Test,
    Tested, Text,
};
use crate::diagnostic::{Diagnostic, Span};
use crate::grammar::endpoint::response_action::{AfterRetries, Meaning};
use crate::grammar::endpoint::{self, comparison, response_action as key};
use crate::grammar::{self, AnyKey, Value as _};
use crate::jsonpath::{self, Parsed};
use crate::spec::{self, View, text};
use crate::value;
use crate::yaml::{Entry, Kind, Node, Value};

use super::Check;

impl Check<'_> {
    /// The rules of an endpoint with these credentials, in order.
    pub(super) fn response_actions(
        &mut self,
        endpoint: &View<'_>,
        auth: Option<&Auth>,
        is_child: bool,
    ) -> List<ResponseAction> {
        let rules = endpoint
            .node(&endpoint::RESPONSE_ACTIONS)
            .map(Node::elements);
        let mut known: Vec<(ResponseAction, &Span)> = Vec::new();
        for node in rules.unwrap_or_default() {
            let view = View::new(node, &grammar::RESPONSE_ACTION);
            let Some(rule) = self.response_action(&view, auth, is_child) else {
                continue;
            };
            // What a mistake left out of it may be what tells it from others.
            if self.sink.has_errors_in(&node.span) {
                continue;
            }
            if let Some((_, first)) = known.iter().find(|(first, _)| covers(first, &rule)) {
                self.error(
                    Diagnostic::error("RS0510", &node.span, "this rule can never match")
                        .help("put it before the other, or remove it")
                        .also(
                            first,
                            "the first rule that matches decides, and this one does",
                        ),
                );
            }
            known.push((rule, &node.span));
        }
        known.into_iter().map(|(rule, _)| rule).collect()
    }

    fn response_action(
        &mut self,
        view: &View<'_>,
        auth: Option<&Auth>,
        is_child: bool,
    ) -> Option<ResponseAction> {
        let rule = ResponseAction {
            line: self.line(&view.node.span),
            statuses: view.get(&key::STATUS_CODE).unwrap_or_default(),
            content: view.get(&key::CONTENT),
            json: self.json_conditions(view.entries(&key::JSON)),
            headers: self.header_conditions(view),
            comparisons: self.comparisons(view.entries(&key::JSON), view.entries(&key::HEADER)),
            action: self.action(view, auth, is_child)?,
        };
        self.has_a_condition(view);
        Some(rule)
    }

    /// A rule for every response would leave no page.
    fn has_a_condition(&mut self, view: &View<'_>) {
        let is_condition = |key: &dyn AnyKey| {
            view.node(key).is_some_and(|node| match &node.value {
                Value::Scalar(scalar) => !scalar.text.is_empty(),
                Value::List(list) => !list.is_empty(),
                Value::Map(entries) => !entries.is_empty(),
            })
        };
        if !self.sink.has_errors_in(&view.node.span)
            && !is_condition(&key::STATUS_CODE)
            && !is_condition(&key::CONTENT)
            && !is_condition(&key::JSON)
            && !is_condition(&key::HEADER)
        {
            self.error(
                Diagnostic::error(
                    "RS0509",
                    &view.node.span,
                    "this rule matches every response",
                )
                .help("say which by `status_code`, `content`, `json` or `header`"),
            );
        }
    }

    /// What a JSON text has at these places.
    pub(super) fn json_conditions(&mut self, entries: &[Entry]) -> List<JsonCondition> {
        let mut conditions = Vec::new();
        for entry in entries {
            let Ok(Parsed::Path(path)) = jsonpath::parse(&entry.key.name) else {
                let message = format!("`{}` is no path to one place", entry.key.name);
                self.error(
                    Diagnostic::error("RS0204", &entry.key.span, message)
                        .help("write `$.error.code`, or `error.code`"),
                );
                continue;
            };
            let values = match &entry.value.value {
                Value::Map(_) => continue,
                Value::List(elements) => elements.iter().filter_map(scalar).collect(),
                Value::Scalar(_) => scalar(&entry.value).into_iter().collect(),
            };
            conditions.push(JsonCondition { path, values });
        }
        conditions.into()
    }

    fn header_conditions(&mut self, view: &View<'_>) -> List<(Text, Text)> {
        let mut headers = Vec::new();
        for entry in view.entries(&key::HEADER) {
            let name = &entry.key.name;
            if !value::is_header_name(name) {
                let message = format!("`{name}` is no name of a header");
                self.error(
                    Diagnostic::error("RS0206", &entry.key.span, message)
                        .help("a header's name has letters, digits and `-`"),
                );
            }
            if let Some(text) = text(&entry.value) {
                headers.push((name.clone().into(), text.owned()));
            }
        }
        headers.into()
    }

    /// The conditions that compare: `{ gte: 400 }`.
    pub(super) fn comparisons(&mut self, json: &[Entry], headers: &[Entry]) -> List<Comparison> {
        let mut comparisons = Vec::new();
        let in_json = json.iter().map(|entry| (entry, true));
        let in_headers = headers.iter().map(|entry| (entry, false));
        for (entry, is_json) in in_json.chain(in_headers) {
            if !matches!(entry.value.value, Value::Map(_)) {
                continue;
            }
            let value = if is_json {
                let Ok(Parsed::Path(path)) = jsonpath::parse(&entry.key.name) else {
                    continue;
                };
                Tested::Json(path)
            } else {
                Tested::Header(entry.key.name.clone().into())
            };
            let view = View::new(&entry.value, &endpoint::COMPARISON);
            let tests = self.tests(&view);
            self.some_number_passes(&view, &tests);
            if tests.is_empty() && !self.sink.has_errors_in(&entry.value.span) {
                self.error(
                    Diagnostic::error("RS0509", &entry.value.span, "this compares with nothing")
                        .help("say `gte`, `lt`, `in` or `matches`"),
                );
            }
            let of = |test| Comparison {
                value: value.clone(),
                test,
            };
            comparisons.extend(tests.into_iter().map(of));
        }
        comparisons.into()
    }

    fn tests(&mut self, view: &View<'_>) -> Vec<Test> {
        self.is_a_regex(view.text(&comparison::MATCHES));
        let number = |key: &dyn AnyKey| view.text(key).map(spec::Text::owned);
        let within = view.node(&comparison::IN).map(|node| {
            let texts = node.elements().iter().filter_map(text);
            Test::In(texts.map(spec::Text::owned).collect())
        });
        [
            number(&comparison::GT).map(Test::Above),
            number(&comparison::GTE).map(Test::AtLeast),
            number(&comparison::LT).map(Test::Below),
            number(&comparison::LTE).map(Test::AtMost),
            within,
            view.get(&comparison::MATCHES).map(Test::Matches),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// `{ gt: 5, lt: 3 }`, which no number meets.
    fn some_number_passes(&mut self, view: &View<'_>, tests: &[Test]) {
        // The highest lower bound and the lowest upper bound, each with whether it is excluded.
        let mut lowest: Option<(f64, bool, &str)> = None;
        let mut highest: Option<(f64, bool, &str)> = None;
        for test in tests {
            let (bound, text, is_excluded, is_lower) = match test {
                Test::Above(text) => (text.parse::<f64>(), text, true, true),
                Test::AtLeast(text) => (text.parse(), text, false, true),
                Test::Below(text) => (text.parse(), text, true, false),
                Test::AtMost(text) => (text.parse(), text, false, false),
                Test::In(_) | Test::Matches(_) => continue,
            };
            let Ok(bound) = bound else { return };
            let (known, tighter) = if is_lower {
                (&mut lowest, Ordering::Greater)
            } else {
                (&mut highest, Ordering::Less)
            };
            let replaces = known.is_none_or(|(old, was_excluded, _)| match bound.total_cmp(&old) {
                Ordering::Equal => is_excluded && !was_excluded,
                order => order == tighter,
            });
            if replaces {
                *known = Some((bound, is_excluded, text));
            }
        }
        let (Some(low), Some(high)) = (lowest, highest) else {
            return;
        };
        match low.0.total_cmp(&high.0) {
            Ordering::Less => return,
            Ordering::Equal if !low.1 && !high.1 => return,
            Ordering::Equal | Ordering::Greater => {}
        }
        let above = if low.1 { "above" } else { "at least" };
        let below = if high.1 { "below" } else { "at most" };
        let message = format!("no number is {above} {} and {below} {}", low.2, high.2);
        self.error(
            Diagnostic::error("RS0836", &view.node.span, message)
                .help("exchange the bounds, or write a rule for each of them"),
        );
    }

    fn action(&mut self, view: &View<'_>, auth: Option<&Auth>, is_child: bool) -> Option<Action> {
        let meaning = view.get(&key::ACTION)?;
        let others: [(&dyn AnyKey, Meaning); 2] = [
            (&key::AFTER_RETRIES, Meaning::Retry),
            (&key::MESSAGE, Meaning::Fail),
        ];
        for (key, of) in others {
            if let Some(entry) = view.entry(key).filter(|_| meaning != of) {
                let message = format!("`{}` has no effect here", key.name);
                self.error(
                    Diagnostic::error("RS0602", &entry.key.span, message)
                        .help(format!("it goes with `action: {}`", of.written())),
                );
            }
        }
        Some(match meaning {
            Meaning::Ignore => Action::Ignore,
            Meaning::Success => Action::Success,
            Meaning::Restart => Action::Restart,
            Meaning::SkipParent => {
                if !is_child {
                    self.error(
                        Diagnostic::error(
                            "RS0602",
                            view.value_place(&key::ACTION),
                            "there is no parent to skip here",
                        )
                        .help("write `ignore` for the end of the resource"),
                    );
                }
                Action::SkipParent
            }
            Meaning::Retry => Action::Retry {
                then_ignore: view.get(&key::AFTER_RETRIES) == AfterRetries::Ignore,
            },
            Meaning::RefreshAuth => {
                let possible = self.possible(auth);
                if !possible.iter().any(Auth::is_renewed) {
                    self.error(
                        Diagnostic::error(
                            "RS0602",
                            view.value_place(&key::ACTION),
                            "there is nothing to refresh here",
                        )
                        .help(
                            "`refresh_auth` needs an `oauth2_…`, `session_login` or `custom` auth",
                        ),
                    );
                }
                Action::RefreshAuth
            }
            Meaning::SplitWindow => Action::SplitWindow,
            Meaning::Fail => Action::Fail {
                message: view.get(&key::MESSAGE),
            },
        })
    }
}

/// A value to compare with.
pub(super) fn scalar(node: &Node) -> Option<JsonPlan> {
    if node.is_null() {
        return Some(JsonPlan::Null);
    }
    let scalar = node.scalar()?;
    Some(match scalar.kind {
        Kind::Unclear | Kind::Null => return None,
        Kind::Bool(value) => JsonPlan::Bool(value),
        Kind::Integer | Kind::Float => match super::endpoint::json_number(&scalar.text) {
            Some(digits) => JsonPlan::Number(digits),
            None => return None,
        },
        Kind::Text => JsonPlan::Text(Template(
            vec![Part::Text(scalar.text.clone().into())].into(),
        )),
    })
}

/// Whether whatever matches `rule` matches `first` too.
fn covers(first: &ResponseAction, rule: &ResponseAction) -> bool {
    let is_within = |(from, to): &(u16, u16)| {
        let mut ranges = first.statuses.iter();
        ranges.any(|(first, last)| first <= from && to <= last)
    };
    let statuses = first.statuses.is_empty()
        || (!rule.statuses.is_empty() && rule.statuses.iter().all(is_within));
    let content = first.content.as_ref().is_none_or(|first| {
        let rule = rule.content.as_ref();
        rule.is_some_and(|content| content.contains(first.as_str()))
    });
    let json = first.json.iter().all(|first| {
        let mut same = rule.json.iter().filter(|rule| rule.path == first.path);
        same.any(|rule| rule.values.iter().all(|value| first.values.contains(value)))
    });
    let headers = first.headers.iter().all(|(name, value)| {
        let mut headers = rule.headers.iter();
        headers.any(|(other, same)| other.eq_ignore_ascii_case(name) && same == value)
    });
    let mut comparisons = first.comparisons.iter();
    let comparisons = comparisons.all(|first| rule.comparisons.contains(first));
    statuses && content && json && headers && comparisons
}
