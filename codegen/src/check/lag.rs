//! `lag`: how it is read, and the rules about it.

use std::time::Duration;

use crate::connector::{Lag, Part, Type};
use crate::diagnostic::Diagnostic;
use crate::grammar::endpoint::incremental as key;
use crate::spec::{Text, View};
use crate::value;

use super::Check;
use super::calls::Kind;
use super::template::Scope;

impl Check<'_> {
    /// The `lag` of a cursor of this type.
    pub(super) fn lag(&mut self, view: &View<'_>, column: &Type) -> Option<Lag> {
        let text = view.text(&key::LAG)?;
        if text.text.contains('{') {
            return self.lag_setting(text, column);
        }
        let lag = match column {
            Type::Timestamp(_) => value::duration(text.text)
                .map(Lag::Duration)
                .map_err(|_| "a duration, `2h`"),
            Type::Date(_) => days(text.text).map(Lag::Days).ok_or("whole days, `7d`"),
            // One below zero would start after what was seen, and lose what lies between.
            Type::Bigint => match text.text.parse() {
                Ok(lag @ 0..) => Ok(Lag::Integer(lag)),
                _ => Err("a whole number from 0 up"),
            },
            Type::Double => match text.text.parse() {
                Ok(lag @ 0.0..=f64::MAX) => Ok(Lag::Double(lag)),
                _ => Err("a number from 0 up"),
            },
            Type::Decimal { .. } if is_plain(text.text) => Ok(Lag::Decimal(text.owned())),
            Type::Decimal { .. } => Err("a number from 0 up, `0.5`"),
            _ => Err("none: text has no distance"),
        };
        match lag {
            Ok(lag) => Some(lag),
            Err(expected) => {
                self.error(
                    Diagnostic::error(
                        "RS0703",
                        text.span,
                        format!("`{}` is no lag for a {}", text.text, column.word()),
                    )
                    .label(format!("expected {expected}")),
                );
                None
            }
        }
    }

    /// A lag of as many units as a setting says: `{config.days}d`.
    fn lag_setting(&mut self, text: Text<'_>, column: &Type) -> Option<Lag> {
        let template = self.template(text, Scope::bound("`lag`"));
        if self.sink.has_errors_in(text.span) {
            return None;
        }
        let (part, unit) = match &template.0[..] {
            [part] => (part, None),
            [part, Part::Text(unit)] => (part, Some(unit)),
            _ => return self.no_lag(text, column),
        };
        let Part::Config(setting) = part else {
            return self.no_lag(text, column);
        };
        let number = self.kind(part);
        let of_unit = unit.and_then(|unit| value::duration(&format!("1{unit}")).ok());
        let unit = match (column, &number, of_unit) {
            (Type::Timestamp(_), Kind::Bigint, Some(unit)) => Lag::Duration(unit),
            (Type::Date(_), Kind::Bigint, Some(unit)) if unit.as_secs() == 86_400 => Lag::Days(1),
            (Type::Bigint, Kind::Bigint, None) if unit.is_none() => Lag::Integer(1),
            (Type::Double, Kind::Bigint | Kind::Double, None) if unit.is_none() => Lag::Double(1.0),
            (Type::Decimal { .. }, Kind::Bigint, None) if unit.is_none() => {
                Lag::Decimal("1".to_owned().into())
            }
            _ => return self.no_lag(text, column),
        };
        Some(Lag::Setting {
            setting: *setting,
            unit: unit.into(),
        })
    }

    /// A number that a bigint setting has, which is always there, and the unit behind it: `{config.days}d`. `Some(None)`
    /// if it is something else; `None` if that was reported.
    #[expect(
        clippy::option_option,
        reason = "a mistake in a placeholder has its own message"
    )]
    pub(super) fn number_of_a_setting(
        &mut self,
        text: Text<'_>,
        what: &str,
    ) -> Option<Option<(u16, Option<String>)>> {
        let template = self.template(text, Scope::bound(what));
        if self.sink.has_errors_in(text.span) {
            return None;
        }
        let (part, unit) = match &template.0[..] {
            [part] => (part, None),
            [part, Part::Text(unit)] => (part, Some(unit.to_string())),
            _ => return Some(None),
        };
        let Part::Config(at) = part else {
            return Some(None);
        };
        let is_given = self
            .settings
            .config(*at)
            .is_none_or(|setting| !setting.optional);
        let is_number = matches!(self.kind(part), Kind::Bigint | Kind::Any);
        Some((is_given && is_number).then_some((*at, unit)))
    }

    fn no_lag(&mut self, text: Text<'_>, column: &Type) -> Option<Lag> {
        let form = match column {
            Type::Timestamp(_) => "`{config.NAME}h`: a bigint setting and its unit",
            Type::Date(_) => "`{config.NAME}d`: a bigint setting of days",
            _ => "`{config.NAME}`: a bigint setting",
        };
        let message = format!("`{}` is no lag for a {}", text.text, column.word());
        self.error(Diagnostic::error("RS0703", text.span, message).help(format!("write {form}")));
        None
    }
}

/// `5`, `0.25`.
fn is_plain(number: &str) -> bool {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|c| c.is_ascii_digit());
    is_digits(whole) && is_digits(fraction)
}

/// `7`, or `7d`.
fn days(text: &str) -> Option<u32> {
    const DAY: Duration = Duration::from_secs(86_400);
    if let Ok(days) = text.parse() {
        return Some(days);
    }
    let lag = value::duration(text).ok()?;
    let whole = lag.as_secs().is_multiple_of(DAY.as_secs()) && lag.subsec_nanos() == 0;
    u32::try_from(lag.as_secs() / DAY.as_secs())
        .ok()
        .filter(|_| whole)
}
