//! Filters: `?@.kind == 'reel' && count(@.tags[*]) > 1`.

use super::reader::Reader;
use super::{Segment, segment};

/// What an expression gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gives {
    /// A literal, a place, or a function's value.
    Value,
    /// A query to at most one place: a value, or whether it is there.
    Place,
    /// A query to any number of places.
    Places,
    /// True or false.
    Truth,
}

/// `a || b`, of `a && b`, of tests and comparisons.
pub(super) fn condition(reader: &mut Reader<'_>) -> Result<(), String> {
    reader.descend()?;
    loop {
        conjunction(reader)?;
        reader.blanks();
        if !reader.take("||") {
            break;
        }
        reader.blanks();
    }
    reader.ascend();
    Ok(())
}

fn conjunction(reader: &mut Reader<'_>) -> Result<(), String> {
    loop {
        basic(reader)?;
        reader.blanks();
        if !reader.take("&&") {
            return Ok(());
        }
        reader.blanks();
    }
}

/// `!(…)`, `@.a`, `@.a == 1`.
fn basic(reader: &mut Reader<'_>) -> Result<(), String> {
    let is_negated = reader.take("!");
    reader.blanks();
    if reader.take("(") {
        reader.blanks();
        condition(reader)?;
        reader.blanks();
        return reader.expect(")");
    }
    let left = operand(reader)?;
    reader.blanks();
    let operator = ["==", "!=", "<=", ">=", "<", ">"]
        .iter()
        .any(|operator| reader.take(operator));
    if operator {
        reader.blanks();
        let right = operand(reader)?;
        if is_negated {
            return Err("a negated comparison stands in parentheses".to_owned());
        }
        return if left.compares() && right.compares() {
            Ok(())
        } else {
            Err("a filter compares values, and queries that lead to one place".to_owned())
        };
    }
    if left == Gives::Value {
        return Err("a value alone is no condition: compare it".to_owned());
    }
    Ok(())
}

impl Gives {
    fn compares(self) -> bool {
        matches!(self, Self::Value | Self::Place)
    }

    fn is_query(self) -> bool {
        matches!(self, Self::Place | Self::Places)
    }
}

fn operand(reader: &mut Reader<'_>) -> Result<Gives, String> {
    match reader.rest().chars().next() {
        Some('@' | '$') => query(reader),
        Some('\'' | '"') => reader.quoted().map(|_| Gives::Value),
        Some(c) if c.is_ascii_digit() || c == '-' => number(reader),
        Some(c) if c.is_ascii_lowercase() => word(reader),
        Some(found) => Err(format!("no operand of a filter begins with `{found}`")),
        None => Err("it ends in the middle of a filter".to_owned()),
    }
}

/// `@.a.b[0]`, `$.a`.
fn query(reader: &mut Reader<'_>) -> Result<Gives, String> {
    if !reader.take("@") {
        reader.expect("$")?;
    }
    reader.descend()?;
    let mut gives = Gives::Place;
    while reader.rest().starts_with(['.', '[']) {
        if let Segment::Many = segment(reader)? {
            gives = Gives::Places;
        }
    }
    reader.ascend();
    Ok(gives)
}

fn number(reader: &mut Reader<'_>) -> Result<Gives, String> {
    let text = reader.run(|c| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E'));
    let digits = text.strip_prefix('-').unwrap_or(text);
    let has_leading_zero = digits.len() > 1
        && digits.starts_with('0')
        && !digits.starts_with("0.")
        && !digits.starts_with("0e")
        && !digits.starts_with("0E");
    if has_leading_zero || digits.ends_with('.') || text.parse::<f64>().is_err() {
        return Err(format!("`{text}` is no number"));
    }
    Ok(Gives::Value)
}

/// `true`, `false`, `null`, or a function.
fn word(reader: &mut Reader<'_>) -> Result<Gives, String> {
    let name = reader.run(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !reader.take("(") {
        return match name {
            "true" | "false" | "null" => Ok(Gives::Value),
            _ => Err(format!(
                "`{name}` is no value: text stands in quotes, a place begins with `@`"
            )),
        };
    }
    let arguments = arguments(reader)?;
    let (wants_queries, count, gives) = match name {
        "length" => (false, 1, Gives::Value),
        "count" | "value" => (true, 1, Gives::Value),
        "match" | "search" => (false, 2, Gives::Truth),
        _ => {
            return Err(format!(
                "no function is called `{name}`: there are length, count, match, search and value"
            ));
        }
    };
    let is_good = |argument: &Gives| {
        if wants_queries {
            argument.is_query()
        } else {
            argument.compares()
        }
    };
    if arguments.len() != count || !arguments.iter().all(is_good) {
        let what = if wants_queries {
            "a query"
        } else {
            "a value or a place"
        };
        let each = if count == 1 {
            "takes"
        } else {
            "takes two, each"
        };
        return Err(format!("`{name}` {each} {what}"));
    }
    Ok(gives)
}

fn arguments(reader: &mut Reader<'_>) -> Result<Vec<Gives>, String> {
    reader.descend()?;
    let mut arguments = Vec::new();
    loop {
        reader.blanks();
        arguments.push(operand(reader)?);
        reader.blanks();
        if !reader.take(",") {
            break;
        }
    }
    reader.ascend();
    reader.expect(")")?;
    Ok(arguments)
}
