//! Matching of responses against the `response_actions` of a resource.

mod verdict;

use std::cmp::Ordering;

use serde::de::IgnoredAny;
use serde_json::Value;

use crate::{
    decode::at_steps,
    pattern,
    plan::{Comparison, Condition, JsonCondition, JsonPlan, Part, ResponseAction, Test, Tested},
    retry::listed,
    schema::Path,
    shared::Text,
    transport::{Headers, Response},
};

pub(crate) use self::verdict::Author;
pub use self::verdict::Verdict;

/// The first rule that matches.
///
/// The body is read as JSON only for a rule whose other conditions hold.
pub(crate) fn first<'r>(
    rules: &'r [ResponseAction],
    response: &Response,
) -> Option<&'r ResponseAction> {
    let mut json: Option<Option<&str>> = None;
    rules.iter().find(|rule| {
        (rule.statuses.is_empty() || listed(response.status, &rule.statuses))
            && rule
                .headers
                .iter()
                .all(|header| has(&response.headers, header))
            && rule
                .content
                .as_ref()
                .is_none_or(|text| contains(&response.body, text))
            && rule.comparisons.iter().all(|comparison| {
                let mut json = || *json.get_or_insert_with(|| text(&response.body));
                compares(comparison, Some(&response.headers), &mut json)
            })
            && (rule.json.is_empty() || {
                // What is no JSON is not null either.
                let json = json.get_or_insert_with(|| text(&response.body));
                json.is_some_and(|json| rule.json.iter().all(|condition| holds(condition, json)))
            })
    })
}

/// Whether all conditions hold for a JSON text.
pub(crate) fn hold(condition: &Condition, json: &str) -> bool {
    let Condition {
        json: values,
        comparisons,
    } = condition;
    values.iter().all(|value| holds(value, json))
        && comparisons
            .iter()
            .all(|comparison| compares(comparison, None, &mut || Some(json)))
}

/// Whether a comparison holds for a header, or for a value of the body, which is read as JSON only then.
fn compares<'j>(
    comparison: &Comparison,
    headers: Option<&Headers>,
    json: &mut dyn FnMut() -> Option<&'j str>,
) -> bool {
    match &comparison.value {
        Tested::Header(name) => {
            let value = headers.and_then(|headers| headers.get(name));
            value.is_some_and(|value| passes(&comparison.test, value.trim()))
        }
        Tested::Json(path) => {
            let value = json().and_then(|json| at(json, path)).and_then(as_text);
            value.is_some_and(|value| passes(&comparison.test, &value))
        }
    }
}

/// A scalar as a text.
fn as_text(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

fn passes(test: &Test, value: &str) -> bool {
    let order = |bound: &Text| {
        let number = |text: &str| text.trim().parse::<f64>().ok();
        number(value)?.partial_cmp(&number(bound)?)
    };
    match test {
        Test::Above(bound) => order(bound).is_some_and(Ordering::is_gt),
        Test::AtLeast(bound) => order(bound).is_some_and(Ordering::is_ge),
        Test::Below(bound) => order(bound).is_some_and(Ordering::is_lt),
        Test::AtMost(bound) => order(bound).is_some_and(Ordering::is_le),
        Test::In(texts) => texts.iter().any(|text| text.as_str() == value),
        Test::Matches(pattern) => pattern::matches(pattern, value),
    }
}

fn has(headers: &Headers, (name, value): &(Text, Text)) -> bool {
    let found = headers.get(name);
    found.is_some_and(|found| found.trim() == value.as_str())
}

fn contains(body: &[u8], text: &str) -> bool {
    let text = text.as_bytes();
    text.is_empty() || body.windows(text.len()).any(|window| window == text)
}

fn holds(condition: &JsonCondition, json: &str) -> bool {
    let found = at(json, &condition.path);
    found.is_some_and(|found| condition.values.iter().any(|value| is(value, &found)))
}

fn is(value: &JsonPlan, found: &Value) -> bool {
    match (value, found) {
        (JsonPlan::Null, Value::Null) => true,
        (JsonPlan::Bool(value), Value::Bool(found)) => value == found,
        (JsonPlan::Number(digits), Value::Number(found)) => {
            let value: Option<serde_json::Number> = serde_json::from_str(digits).ok();
            value.is_some_and(|value| value == *found || value.as_f64() == found.as_f64())
        }
        (JsonPlan::Text(text), Value::String(found)) => {
            let parts = text.0.iter().map(|part| match part {
                Part::Text(text) => text.as_str(),
                _ => "",
            });
            parts.collect::<String>() == *found
        }
        _ => false,
    }
}

/// A body as text, where it is JSON.
pub(crate) fn text(body: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(body).ok()?;
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    Some(text)
}

/// The scalar at a place of a JSON text. No tree is made of the text: it may be large.
pub(crate) fn at(json: &str, path: &Path) -> Option<Value> {
    let raw = at_steps(json, &path.0)?.trim();
    let is_scalar = !raw.starts_with(['{', '[']);
    is_scalar.then(|| serde_json::from_str(raw).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        plan::{Action, Template},
        schema::Step,
        shared::{Ref::Static, list},
        testing::answer,
    };

    const IGNORE: ResponseAction = ResponseAction {
        action: Action::Ignore,
        ..ResponseAction::DEFAULT
    };
    static RULES: &[ResponseAction] = &[
        ResponseAction {
            line: 1,
            statuses: list![(404, 404)],
            content: Some(Static("gone for good")),
            ..IGNORE
        },
        ResponseAction {
            line: 2,
            headers: list![(Static("X-State"), Static("archived"))],
            ..IGNORE
        },
        ResponseAction {
            line: 3,
            json: list![
                JsonCondition {
                    path: Path(list![Step::Key(Static("ok"))]),
                    values: list![JsonPlan::Bool(false)],
                },
                JsonCondition {
                    path: Path(list![Step::Key(Static("errors")), Step::Index(0)]),
                    values: list![
                        JsonPlan::Number(Static("7")),
                        JsonPlan::Text(Template(list![Part::Text(Static("archived"))])),
                    ],
                },
            ],
            ..IGNORE
        },
        ResponseAction {
            line: 4,
            statuses: list![(400, 499)],
            ..IGNORE
        },
    ];

    fn line(status: u16, headers: &[(&str, &str)], body: &str) -> u32 {
        let Ok(response) = answer(status, headers, body) else {
            return 0;
        };
        first(RULES, &response).map_or(0, |rule| rule.line)
    }

    #[test]
    fn the_first_rule_whose_conditions_all_hold_decides() {
        assert_eq!(line(404, &[], "it is gone for good."), 1);
        assert_eq!(line(404, &[], "it is gone"), 4);
        assert_eq!(line(200, &[], "it is gone for good"), 0);
        assert_eq!(line(200, &[("x-state", "archived")], "[]"), 2);
        assert_eq!(line(404, &[("x-state", "alive")], "[]"), 4);
    }

    #[test]
    fn json_is_compared_by_value_at_every_place() {
        for body in [
            r#"{"ok":false,"errors":[7]}"#,
            r#"{"ok":false,"errors":[7.0, 8]}"#,
            r#"{"ok":false,"errors":["archived"]}"#,
        ] {
            assert_eq!(line(200, &[], body), 3, "{body}");
        }
        for body in [
            r#"{"ok":true,"errors":[7]}"#,
            r#"{"ok":false,"errors":[8]}"#,
            r#"{"ok":false,"errors":["7"]}"#,
            r#"{"ok":false}"#,
            r#"{"ok":null,"errors":[7]}"#,
            "no JSON",
            "",
        ] {
            assert_eq!(line(200, &[], body), 0, "{body}");
        }
    }

    #[test]
    fn null_is_what_is_there_and_null() {
        static NULLS: &[ResponseAction] = &[
            ResponseAction {
                line: 1,
                json: list![JsonCondition {
                    path: Path(list![Step::Key(Static("error"))]),
                    values: list![JsonPlan::Null],
                }],
                ..IGNORE
            },
            ResponseAction {
                line: 2,
                json: list![JsonCondition {
                    path: Path(list![]),
                    values: list![JsonPlan::Null],
                }],
                ..IGNORE
            },
        ];
        let line = |body: &str| {
            let Ok(response) = answer(200, &[], body) else {
                return 0;
            };
            first(NULLS, &response).map_or(0, |rule| rule.line)
        };
        assert_eq!(line(r#"{"error": null}"#), 1);
        assert_eq!(line("null"), 2);
        for body in [r#"{"error": 0}"#, "{}", "[]", "no JSON", ""] {
            assert_eq!(line(body), 0, "{body}");
        }
    }
}
