//! Conditions that end pages.

use rest_source_codegen::write::{Map, Node};

use super::jinja::Expr;
use super::paging::{body_path, trimmed};

/// The conditions of which one is enough.
pub(super) fn any_of(expr: &Expr, into: &mut Vec<Expr>) {
    match expr {
        Expr::Binary("or", one, two) => {
            any_of(one, into);
            any_of(two, into);
        }
        Expr::If(condition, yes, no) if yes.truth() == Some(true) && no.truth() == Some(false) => {
            any_of(condition, into);
        }
        _ => into.push(expr.clone()),
    }
}

/// Adds what a condition says. False if it is not supported.
pub(super) fn applies(
    condition: &Expr,
    token: &Expr,
    made: &mut Map,
    records: Option<&str>,
) -> bool {
    let kind = made
        .get("type")
        .and_then(Node::as_text)
        .unwrap_or_default()
        .to_owned();
    // The token is absent, or a part of the way to it.
    let is_token = |expr: &Expr| {
        let expr = trimmed(expr);
        if expr == *token {
            return true;
        }
        match (expr.path(), token.path()) {
            (Some((one, keys)), Some((two, all))) => one == two && all.starts_with(&keys),
            _ => token_holds(token, &expr),
        }
    };
    let is_page = kind == "page_number" || kind == "offset";
    // `results == "false"` in the header of a link: the page that it leads to is empty.
    if let Expr::Binary("==", one, _) = condition
        && kind == "header_link"
        && one.keys_of("headers").is_some_and(|keys| keys.len() == 3)
    {
        made.set("stop_after_empty_page", true);
        return true;
    }
    match condition {
        Expr::Bool(false) | Expr::Name(_) => matches!(condition, Expr::Bool(false)),
        Expr::Not(of) => match &**of {
            of if is_token(of) => true,
            of if is_records(of, records) => {
                made.set("stop_after_empty_page", true);
                true
            }
            Expr::Binary("in", key, of) => {
                let member = Expr::Member(of.clone(), key.clone());
                is_token(&member) || has_more(&member, made)
            }
            of => has_more(of, made),
        },
        Expr::Is(of, test, false) if ["none", "null", "undefined"].contains(&test.as_str()) => {
            is_token(of)
        }
        Expr::Is(of, test, true) if test == "defined" => is_token(of),
        Expr::Is(of, test, negated) if test == "true" || test == "false" => {
            if (test == "true") == *negated {
                has_more(of, made)
            } else {
                last_page(of, made, None)
            }
        }
        Expr::Binary("==", one, two) => {
            let (of, value) = if one.constant().is_some() {
                (two, one)
            } else {
                (one, two)
            };
            match value.constant() {
                _ if **value == Expr::None => is_token(of),
                None => {
                    is_token(of) && value.truth() == Some(false)
                        || total("==", one, two, token, made)
                }
                Some(text) if is_token(of) => {
                    if is_page && !text.is_empty() && text != "False" {
                        return false;
                    }
                    if !text.is_empty() && text != "False" && kind == "cursor" {
                        made.set("last_cursor_values", vec![constant_node(value)]);
                    }
                    true
                }
                Some(text) => ends_at(of, value, &text, made, records),
            }
        }
        Expr::Binary("!=", one, two) => match two.constant() {
            Some(text) if text == "True" => has_more(one, made),
            Some(_) => {
                let value = constant_node(two);
                has_more(one, made) && {
                    made.set("has_more_values", vec![value]);
                    true
                }
            }
            None => false,
        },
        Expr::Binary(sign @ ("<" | "<=" | ">" | ">="), one, two) => {
            if is_size(one, records) || is_size(two, records) {
                made.set("stop_after_empty_page", true);
                if is_page {
                    made.remove("stop_after_empty_page");
                }
                return true;
            }
            total(sign, one, two, token, made)
        }
        Expr::Member(..) => last_page(condition, made, None),
        _ => false,
    }
}

/// Whether a token is made of a value.
fn token_holds(token: &Expr, value: &Expr) -> bool {
    if value.path().is_none() {
        return false;
    }
    let mut found = false;
    token.all(&mut |one| {
        found |= one == value;
        !found
    });
    found
}

fn constant_node(expr: &Expr) -> Node {
    match expr {
        Expr::Number(number) => Node::Number(number.clone()),
        Expr::Bool(value) => Node::Bool(*value),
        expr => Node::Text(expr.constant().unwrap_or_default()),
    }
}

/// Whether it is the number of records of the page.
fn is_size(expr: &Expr, records: Option<&str>) -> bool {
    match expr {
        Expr::Name(name) => name == "last_page_size",
        Expr::Filter(of, name, _) => {
            (name == "length" || name == "count") && is_records(of, records)
        }
        _ => false,
    }
}

fn is_records(expr: &Expr, records: Option<&str>) -> bool {
    match expr {
        Expr::Name(name) => name == "last_record" || name == "last_page_size" || name == "response",
        expr => body_path(expr, None).as_deref() == records && records.is_some(),
    }
}

fn has_more(of: &Expr, made: &mut Map) -> bool {
    flag("has_more_path", of, made)
}

fn last_page(of: &Expr, made: &mut Map, value: Option<Node>) -> bool {
    if !flag("last_page_path", of, made) {
        return false;
    }
    if let Some(value) = value {
        made.set("last_page_values", vec![value]);
    }
    true
}

fn flag(key: &str, of: &Expr, made: &mut Map) -> bool {
    let Some(path) = body_path(&trimmed(of), None) else {
        return false;
    };
    if made.get("has_more_path").is_some() || made.get("last_page_path").is_some() {
        return false;
    }
    made.set(key, path);
    if key == "has_more_path" {
        made.set("has_more_default", false);
    } else {
        made.set("has_more_default", true);
    }
    true
}

/// Adds that the value of a field is that of the last page.
fn ends_at(of: &Expr, value: &Expr, text: &str, made: &mut Map, records: Option<&str>) -> bool {
    match text {
        _ if is_size(of, records) => {
            if text == "0" {
                made.set("stop_after_empty_page", true);
            }
            text == "0"
        }
        "False" | "false" => has_more(of, made),
        "True" | "true" => last_page(of, made, None),
        _ => last_page(of, made, Some(constant_node(value))),
    }
}

/// A counter in the body, and what is added to it.
pub(super) fn counted(token: &Expr) -> Option<(Expr, Expr)> {
    let Expr::Binary("+", one, two) = trimmed(token) else {
        return None;
    };
    let (one, two) = (trimmed(&one), trimmed(&two));
    Some(if one.constant().is_some() {
        (two, one)
    } else {
        (one, two)
    })
}

/// Adds the total that a condition compares the counter of a token with. False if it is no such condition.
fn total(sign: &str, one: &Expr, two: &Expr, token: &Expr, made: &mut Map) -> bool {
    let Some((of, by)) = counted(token) else {
        return false;
    };
    let is_next = |expr: &Expr| counted(expr) == Some((of.clone(), by.clone()));
    let is_counter = |expr: &Expr| trimmed(expr) == of || is_next(expr);
    let (counter, all, sign) = match (is_counter(one), is_counter(two)) {
        (true, false) => (one, two, sign),
        (false, true) => (two, one, flipped(sign)),
        _ => return false,
    };
    let all = trimmed(all);
    let (Some((_, keys)), Some(path)) = (all.path(), body_path(&all, None)) else {
        return false;
    };
    if made.get("type").and_then(Node::as_text) == Some("offset") {
        let is_end = is_next(counter) && ["==", ">=", ">"].contains(&sign);
        if is_end {
            made.set("total_path", path);
        }
        return is_end;
    }
    // Of pages from 1, the last has the number of all pages; of those from 0, the one after it.
    let base = match (is_next(counter), sign) {
        (false, "==" | ">=") | (true, ">") => 1,
        (true, "==" | ">=") => 0,
        _ => return false,
    };
    let known = match made.get("base_page") {
        Some(Node::Number(known)) => Some(known.clone()),
        _ => None,
    };
    if known.is_some_and(|known| known != base.to_string()) {
        return false;
    }
    // The number of the last page may itself count from 0.
    let is_last = keys
        .last()
        .is_some_and(|key| key.to_lowercase().contains("last"));
    if !is_last {
        made.set("base_page", base);
    }
    made.set("total_path", path);
    true
}

fn flipped(sign: &str) -> &str {
    match sign {
        "<" => ">",
        "<=" => ">=",
        ">" => "<",
        ">=" => "<=",
        sign => sign,
    }
}
