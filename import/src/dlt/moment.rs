//! Moments relative to now, as configurations of dlt compute where a first fetch starts.

use std::fmt::Write as _;

use crate::python::{Expr, Located};

/// The placeholder of `pendulum.now().subtract(days=30).isoformat()` and its like; nothing for other calls.
pub(super) fn of(
    function: &Located<'_>,
    arguments: &[(Option<&str>, Located<'_>)],
) -> Option<String> {
    let Expr::Attribute(moment, method) = &function.expr else {
        return None;
    };
    let is_text = matches!(
        *method,
        "to_iso8601_string" | "isoformat" | "to_rfc3339_string"
    );
    let moment = called(moment).filter(|_| is_text && arguments.is_empty())?;
    Some(format!("{{{moment}}}"))
}

/// A moment that is computed: `now`, `today - 30d`.
fn called(found: &Located<'_>) -> Option<String> {
    let Expr::Call(function, arguments) = &found.expr else {
        return None;
    };
    let Expr::Attribute(before, method) = &function.expr else {
        return None;
    };
    match *method {
        "now" | "today" | "utcnow" => {
            let is_clock = match &before.expr {
                Expr::Name(name) | Expr::Attribute(_, name) => {
                    matches!(*name, "pendulum" | "datetime")
                }
                _ => false,
            };
            // `datetime.today()` is the present moment, `pendulum.today()` its midnight.
            let is_midnight = *method == "today" && matches!(before.expr, Expr::Name("pendulum"));
            is_clock.then(|| if is_midnight { "today" } else { "now" }.to_owned())
        }
        "subtract" => {
            let moment = called(before).filter(|moment| !moment.contains(' '))?;
            Some(format!("{moment} - {}", distance(arguments)?))
        }
        _ => None,
    }
}

/// `days=30` as `30d`.
fn distance(arguments: &[(Option<&str>, Located<'_>)]) -> Option<String> {
    let mut distance = String::new();
    for (unit, factor, suffix) in [
        ("weeks", 7, 'd'),
        ("days", 1, 'd'),
        ("hours", 1, 'h'),
        ("minutes", 1, 'm'),
        ("seconds", 1, 's'),
    ] {
        let Some((_, value)) = arguments.iter().find(|(name, _)| *name == Some(unit)) else {
            continue;
        };
        let Expr::Number(number) = &value.expr else {
            return None;
        };
        let number: u32 = number.parse().ok()?;
        let _ = write!(distance, "{}{suffix}", number.checked_mul(factor)?);
    }
    let is_known = |name: &str| matches!(name, "weeks" | "days" | "hours" | "minutes" | "seconds");
    let are_known = arguments.iter().all(|(name, _)| name.is_some_and(is_known));
    // Of weeks and days only one is given in practice, and a unit may not be there twice.
    let is_one = arguments
        .iter()
        .filter(|(name, _)| matches!(*name, Some("weeks" | "days")))
        .count()
        < 2;
    (are_known && is_one && !distance.is_empty()).then_some(distance)
}
