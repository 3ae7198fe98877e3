//! The functions of placeholders, applied to values.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value as Json, value::RawValue};

use crate::{
    Result, Scalar,
    plan::Function,
    value::{ToScalar, format::Format},
};

const DAY: u64 = 86_400;

/// The value of a function; `None` where it has none. Only `default` has one of no value.
///
/// # Errors
///
/// Where this machine does not know the time zone of a format.
pub(super) fn apply(
    function: &Function,
    value: Option<Scalar>,
    is_end: bool,
) -> Result<Option<Scalar>> {
    let Some(value) = value.filter(|value| *value != Scalar::Null) else {
        return Ok(match function {
            Function::Default(json) => Some(scalar(json)),
            _ => None,
        });
    };
    Ok(match function {
        Function::Default(_) => Some(value),
        Function::Format(format) => time(value).sent(format, false, is_end)?,
        Function::Add(by) => moved(
            &time(value),
            i64::try_from(by.as_secs()).ok(),
            by.subsec_nanos(),
        ),
        Function::Subtract(by) => {
            let seconds = i64::try_from(by.as_secs()).ok().map(|seconds| -seconds);
            moved(&time(value), seconds, by.subsec_nanos())
        }
        Function::Read(format) => match &value {
            Scalar::Text(text) | Scalar::Json(text) => Format::new(format)?
                .read_timestamp(text)
                .map(Scalar::Timestamp),
            _ => Some(value),
        },
        Function::Join(separator) => match &value {
            Scalar::Json(list) => {
                let texts: Vec<String> = elements(list).iter().map(ToString::to_string).collect();
                Some(Scalar::Text(texts.join(separator)))
            }
            value => Some(Scalar::Text(value.to_string())),
        },
        Function::Json => Some(Scalar::Text(match &value {
            Scalar::Json(text) => text.clone(),
            value => value.to_json().to_string(),
        })),
        function => match &value {
            Scalar::Json(list) if list.starts_with('[') => {
                let texts = elements(list).into_iter();
                let texts = texts.map(|element| of_text(function, &element.to_string()));
                texts.collect::<Option<Vec<_>>>().map(Scalar::list)
            }
            value => of_text(function, &value.to_string()).map(Scalar::Text),
        },
    })
}

/// The elements of a JSON list, numbers with the digits that they are written with.
pub(crate) fn elements(list: &str) -> Vec<Scalar> {
    let elements: Vec<&RawValue> = serde_json::from_str(list).unwrap_or_default();
    elements
        .iter()
        .map(|element| Scalar::of_json_text(element.get()))
        .collect()
}

fn scalar(json: &str) -> Scalar {
    let value: Json = serde_json::from_str(json).unwrap_or_default();
    value.to_scalar()
}

fn of_text(function: &Function, text: &str) -> Option<String> {
    Some(match function {
        Function::Lower => text.to_lowercase(),
        Function::Upper => text.to_uppercase(),
        Function::Trim => text.trim().to_owned(),
        Function::Replace { from, to } => text.replace(from.as_str(), to),
        Function::Split { separator, index } => {
            let pieces: Vec<&str> = text.split(separator.as_str()).collect();
            (*crate::tree::pick(&pieces, *index)?).to_owned()
        }
        Function::Base64 => STANDARD.encode(text),
        Function::Quote => format!("'{}'", text.replace('\'', "''")),
        Function::Lookup(texts) => {
            let (_, found) = texts.iter().find(|(word, _)| *word == *text)?;
            found.to_string()
        }
        _ => text.to_owned(),
    })
}

/// The time that a text is, such as one that `default` gave.
fn time(value: Scalar) -> Scalar {
    let Scalar::Text(text) = &value else {
        return value;
    };
    let at = text.parse().map(Scalar::Timestamp);
    at.or_else(|_| text.parse().map(Scalar::Date))
        .unwrap_or(value)
}

/// A time moved by seconds and nanoseconds, a date by whole days.
fn moved(value: &Scalar, seconds: Option<i64>, nanoseconds: u32) -> Option<Scalar> {
    let by = std::time::Duration::new(seconds?.unsigned_abs(), nanoseconds);
    let is_back = seconds? < 0;
    Some(match value {
        Scalar::Timestamp(at) if is_back => Scalar::Timestamp(at.checked_sub(by)?),
        Scalar::Timestamp(at) => Scalar::Timestamp(at.checked_add(by)?),
        Scalar::Date(day) => {
            let days = i64::try_from(by.as_secs() / DAY).ok()?;
            Scalar::Date(day.checked_add_days(if is_back { -days } else { days })?)
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        plan::Function as F,
        shared::{Ref::Static, list},
    };

    #[test]
    fn functions_make_texts_of_values() {
        let split = |index| F::Split {
            separator: Static("/"),
            index,
        };
        for (function, value, expected) in [
            (F::Lower, "ÄB".into(), Some("äb".into())),
            (F::Trim, " a ".into(), Some("a".into())),
            (split(1), "a/b".into(), Some("b".into())),
            (split(-1), "a/b/c".into(), Some("c".into())),
            (split(2), "a/b".into(), None),
            (F::Quote, "it's".into(), Some("'it''s'".into())),
            (
                F::Quote,
                Scalar::list(["a", "b"]),
                Some(Scalar::list(["'a'", "'b'"])),
            ),
            (
                F::Join(Static(",")),
                Scalar::list([1, 2]),
                Some("1,2".into()),
            ),
            (F::Base64, "a:b".into(), Some("YTpi".into())),
            (F::Json, "a\"b".into(), Some(r#""a\"b""#.into())),
            (F::Json, Scalar::list([1, 2]), Some("[1,2]".into())),
            (F::Default(Static("5")), Scalar::Null, Some(5.into())),
            (F::Default(Static("5")), 7.into(), Some(7.into())),
            (F::Lower, Scalar::Null, None),
            (
                F::Lookup(list![(Static("eu"), Static("a"))]),
                "eu".into(),
                Some("a".into()),
            ),
        ] {
            let found = apply(&function, Some(value), false).unwrap();
            assert_eq!(found, expected, "{function}");
        }
    }
}
