//! Literals of a query as values of a column.

use std::time::Duration;

use datafusion::scalar::ScalarValue;
use rest_source::{Date, Scalar, Timestamp};

/// The value of a literal; `None` for a null, and for types that no column pushes down.
pub(crate) fn scalar(literal: &ScalarValue) -> Option<Scalar> {
    Some(match literal {
        ScalarValue::Int64(Some(value)) => Scalar::Bigint(*value),
        ScalarValue::Boolean(Some(value)) => Scalar::Bool(*value),
        ScalarValue::Utf8(Some(text))
        | ScalarValue::LargeUtf8(Some(text))
        | ScalarValue::Utf8View(Some(text)) => Scalar::Text(text.clone()),
        ScalarValue::TimestampMicrosecond(Some(value), _) => {
            Scalar::Timestamp(timestamp(*value, 1_000_000)?)
        }
        ScalarValue::TimestampNanosecond(Some(value), _) => {
            Scalar::Timestamp(timestamp(*value, 1_000_000_000)?)
        }
        ScalarValue::Date32(Some(days)) => {
            Scalar::Date(Date::EPOCH.checked_add_days((*days).into())?)
        }
        _ => return None,
    })
}

/// The instant after so many of the units of which a second has `per_second`.
fn timestamp(value: i64, per_second: i64) -> Option<Timestamp> {
    let nanoseconds = value.rem_euclid(per_second) * (1_000_000_000 / per_second);
    Timestamp::from_epoch(
        value.div_euclid(per_second),
        u32::try_from(nanoseconds).ok()?,
    )
}

/// The next value that the column's Arrow type tells apart, or the one before it; `None` where there is none.
pub(crate) fn neighbour(value: &Scalar, is_next: bool, resolution: Duration) -> Option<Scalar> {
    let step = if is_next { 1 } else { -1 };
    Some(match value {
        Scalar::Bigint(value) => Scalar::Bigint(value.checked_add(step)?),
        Scalar::Date(date) => Scalar::Date(date.checked_add_days(step)?),
        Scalar::Timestamp(at) => Scalar::Timestamp(if is_next {
            at.checked_add(resolution)?
        } else {
            at.checked_sub(resolution)?
        }),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use datafusion::scalar::ScalarValue;
    use rest_source::Scalar;

    use super::{neighbour, scalar};

    fn shown(literal: &ScalarValue) -> Option<String> {
        scalar(literal).map(|value| value.to_string())
    }

    #[test]
    fn literals_are_values_of_columns_or_not_pushed_down() {
        let utc = || Some("UTC".into());
        let cases = [
            (ScalarValue::Int64(Some(-7)), Some("-7")),
            (ScalarValue::Utf8(Some("eu".to_owned())), Some("eu")),
            (ScalarValue::Boolean(Some(true)), Some("true")),
            (
                ScalarValue::TimestampMicrosecond(Some(-1), utc()),
                Some("1969-12-31T23:59:59.999999Z"),
            ),
            (
                ScalarValue::TimestampNanosecond(Some(1_500_000_000), None),
                Some("1970-01-01T00:00:01.5Z"),
            ),
            (ScalarValue::Date32(Some(31)), Some("1970-02-01")),
            (ScalarValue::Date32(Some(i32::MAX)), None),
            (ScalarValue::Int64(None), None),
            (ScalarValue::Float64(Some(1.0)), None),
        ];
        for (literal, expected) in cases {
            assert_eq!(shown(&literal).as_deref(), expected, "{literal:?}");
        }
    }

    #[test]
    fn neighbours_are_a_unit_away() {
        let unit = Duration::from_micros(1);
        let next = |value: Scalar| neighbour(&value, true, unit).map(|value| value.to_string());
        let date = scalar(&ScalarValue::Date32(Some(0))).unwrap();
        let instant = scalar(&ScalarValue::TimestampMicrosecond(Some(0), None)).unwrap();
        assert_eq!(next(date).as_deref(), Some("1970-01-02"));
        assert_eq!(
            next(instant.clone()).as_deref(),
            Some("1970-01-01T00:00:00.000001Z")
        );
        let before = neighbour(&instant, false, unit).unwrap();
        assert_eq!(before.to_string(), "1969-12-31T23:59:59.999999Z");
        assert_eq!(next(Scalar::Bigint(i64::MAX)), None);
        assert_eq!(next(Scalar::from("a")), None);
    }
}
