//! Scalars against the shapes of the grammar.

use crate::diagnostic::{Applicability, Diagnostic, Suggestion};
use crate::grammar::{Shape, Word};
use crate::suggest::Meant;
use crate::yaml::{Kind, Node, Scalar};
use crate::{jsonpath, value};

use super::shape::Check;
use super::words::{KeyContext, advice, expected, expected_integer, words};

impl Check<'_> {
    pub(super) fn scalar(&mut self, shape: &'static Shape, node: &Node, place: &KeyContext) {
        let Some(scalar) = node.scalar() else {
            return self.wrong(node, place, &expected(shape), advice(shape, node));
        };
        let text = scalar.text.as_str();
        match shape {
            Shape::Bool if !matches!(scalar.kind, Kind::Bool(_)) => {
                self.wrong(node, place, "`true` or `false`", advice(shape, node));
            }
            Shape::IntegerOrSetting(_) if text.contains('{') => {}
            Shape::Integer(least) | Shape::IntegerOrSetting(least) => {
                self.integer(scalar, *least, node, place);
            }
            Shape::Number => {
                let is_number = matches!(scalar.kind, Kind::Integer | Kind::Float);
                match text.parse::<f64>() {
                    Ok(number) if is_number && number.is_finite() && number >= 0.0 => {}
                    _ if is_number => self.bad(
                        "RS0109",
                        node,
                        format!("{} must be 0 or more", place.key),
                        "",
                    ),
                    _ => self.wrong(node, place, "a number", advice(shape, node)),
                }
            }
            Shape::Word(known) => self.word(&known(), scalar, node, place),
            Shape::Text if text.is_empty() => self.bad(
                "RS0110",
                node,
                format!("{} is empty", place.key),
                "give it a value, or remove the key",
            ),
            Shape::Identifier if !value::is_identifier(text) => self.bad(
                "RS0201",
                node,
                format!("`{text}` cannot be the value of {}", place.key),
                "a name is made of letters, digits and `_`, and begins with no digit",
            ),
            Shape::Duration => {
                if let Err(reason) = value::duration(text) {
                    let message = format!("`{text}` is no duration for {}: {reason}", place.key);
                    let help = match value::other_duration(text) {
                        _ if scalar.kind == Kind::Integer => {
                            format!("write `{text}s` for seconds, `{text}ms` for milliseconds")
                        }
                        Some(ours) => format!("write `{ours}`"),
                        None => "write `500ms`, `10s` or `1m30s`".to_owned(),
                    };
                    self.bad("RS0202", node, message, &help);
                }
            }
            Shape::Size if value::size(text).is_none() => self.bad(
                "RS0210",
                node,
                format!("`{text}` is no size for {}", place.key),
                "write bytes, `1000000`, or `64 MiB`",
            ),
            Shape::Status if value::status(text).is_none() => self.bad(
                "RS0203",
                node,
                format!("`{text}` is no HTTP status"),
                "write a status from 100 to 599, `429`, or a class of them, `5xx`",
            ),
            Shape::Path => match jsonpath::parse(text) {
                Ok(jsonpath::Parsed::Path(_)) => {}
                Ok(jsonpath::Parsed::Query(_)) => self.bad(
                    "RS0204",
                    node,
                    format!("{} must lead to one place", place.key),
                    "use keys and indexes only, `$.meta.next` or `items[0].id`",
                ),
                Err(reason) => self.path(text, &reason, node),
            },
            Shape::Selector => {
                if let Err(reason) = jsonpath::parse(text) {
                    self.path(text, &reason, node);
                }
            }
            Shape::Rust if !value::is_rust_path(text) => self.bad(
                "RS0206",
                node,
                format!("`{text}` is no path of a Rust item"),
                "write `crate::module::name`",
            ),
            _ => {}
        }
    }

    /// Says what a scalar, that versions of YAML read differently, is where this is wanted; whether
    /// that can be told.
    pub(super) fn clear(&mut self, shape: &Shape, node: &Node) -> bool {
        if let Shape::Either(first, second) = shape {
            return self.clear(first, node) || self.clear(second, node);
        }
        let Some(scalar) = node.scalar() else {
            return false;
        };
        let text = scalar.text.as_str();
        let quoted = format!("\"{text}\"");
        let meant = match text.to_ascii_lowercase().as_str() {
            "yes" | "on" | "y" => Some("true"),
            "no" | "off" | "n" => Some("false"),
            _ => None,
        };
        let (help, replacement) = match (shape, meant) {
            (Shape::Text, _) => (format!("put it in quotes: {quoted}"), Some(quoted)),
            (Shape::Identifier, _) => {
                let is_name = value::is_identifier(text);
                (
                    format!("put it in quotes: {quoted}"),
                    is_name.then_some(quoted),
                )
            }
            (Shape::Template, _) => (format!("put it in quotes: {quoted}"), None),
            (Shape::Scalar | Shape::ScalarOrNull | Shape::Json, Some(meant)) => (
                format!("put it in quotes, {quoted}, or write `{meant}` where a bool is meant"),
                None,
            ),
            (Shape::Bool, Some(meant)) => (format!("write `{meant}`"), Some(meant.to_owned())),
            _ => return false,
        };
        let suggestion = replacement.map(|replacement| Suggestion {
            replaces: text.to_owned(),
            replacement,
            applicability: Applicability::MachineApplicable,
        });
        self.sink.advise("RS0003", &node.span, &help, suggestion);
        true
    }

    fn path(&mut self, text: &str, reason: &str, node: &Node) {
        self.bad(
            "RS0204",
            node,
            format!("`{text}` is no JSONPath: {reason}"),
            "write `data`, `$.data.items` or `$['odd key'][0]`",
        );
    }

    fn integer(&mut self, scalar: &Scalar, least: u64, node: &Node, place: &KeyContext) {
        if scalar.kind != Kind::Integer {
            let expected = expected_integer(least);
            return self.wrong(node, place, &expected, advice(&Shape::Integer(least), node));
        }
        let number = value::integer(&scalar.text);
        let most = i128::from(i64::MAX);
        if number.is_none_or(|number| number < i128::from(least) || number > most) {
            let bounds = if number.is_some_and(|number| number < i128::from(least)) {
                format!("{least} or more")
            } else {
                "smaller than this".to_owned()
            };
            self.bad(
                "RS0109",
                node,
                format!("{} must be {bounds}", place.key),
                "",
            );
        }
    }

    fn word(&mut self, known: &[&'static Word], scalar: &Scalar, node: &Node, place: &KeyContext) {
        let text = scalar.text.as_str();
        if known.iter().any(|word| word.is_called(text)) {
            return;
        }
        let plain = place.key.trim_matches('`');
        let names: Vec<&'static str> = known.iter().map(|word| word.name).collect();
        let mut diagnostic = Diagnostic::error(
            "RS0105",
            &node.span,
            format!("`{text}` is no value of {} in {}", place.key, place.owner),
        );
        if let Some(meant) = Meant::of(&[plain, "column"], text, &names) {
            diagnostic = meant.advise(diagnostic, text);
        }
        self.sink
            .push(diagnostic.note(format!("it is one of: {}", words(known.iter().copied()))));
    }

    fn bad(&mut self, code: &'static str, node: &Node, message: String, help: &str) {
        let mut diagnostic = Diagnostic::error(code, &node.span, message);
        if !help.is_empty() {
            diagnostic = diagnostic.help(help);
        }
        self.sink.push(diagnostic);
    }
}
