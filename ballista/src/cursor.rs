//! A cursor value, as it travels.

use rest_source::{Error, ErrorKind, Result, Scalar};
use serde::{Deserialize, Serialize};

/// A value with its type: `7` and `"7"` are different bounds.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cursor {
    Bigint(i64),
    Double(f64),
    Text(String),
    Timestamp(String),
    Date(String),
    Decimal(String),
}

impl Cursor {
    pub(crate) fn of(value: &Scalar) -> Result<Self> {
        Ok(match value {
            Scalar::Bigint(value) => Self::Bigint(*value),
            Scalar::Double(value) => Self::Double(*value),
            Scalar::Text(value) => Self::Text(value.clone()),
            Scalar::Timestamp(value) => Self::Timestamp(value.to_string()),
            Scalar::Date(value) => Self::Date(value.to_string()),
            Scalar::Decimal(value) => Self::Decimal(value.to_string()),
            other => {
                let message = format!("`{other}` is no value that a fetch starts or ends at");
                return Err(Error::new(ErrorKind::Config, message));
            }
        })
    }

    pub(crate) fn into_scalar(self) -> Result<Scalar> {
        let wrong = |text: &str| {
            let message = format!("`{text}` is no cursor value of its type");
            Error::new(ErrorKind::Config, message)
        };
        Ok(match self {
            Self::Bigint(value) => Scalar::Bigint(value),
            Self::Double(value) => Scalar::Double(value),
            Self::Text(value) => Scalar::Text(value),
            Self::Timestamp(text) => Scalar::Timestamp(text.parse().map_err(|_| wrong(&text))?),
            Self::Date(text) => Scalar::Date(text.parse().map_err(|_| wrong(&text))?),
            Self::Decimal(text) => Scalar::Decimal(text.parse().map_err(|_| wrong(&text))?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_keeps_its_type() {
        let values = [
            Scalar::from(7),
            Scalar::from("7"),
            Scalar::Double(0.1),
            Scalar::Timestamp("2026-11-21T09:30:00.000000001Z".parse().unwrap()),
            Scalar::Date("2026-11-21".parse().unwrap()),
            Scalar::Decimal("0.10".parse().unwrap()),
        ];
        for value in values {
            let sent = serde_json::to_string(&Cursor::of(&value).unwrap()).unwrap();
            let arrived: Cursor = serde_json::from_str(&sent).unwrap();
            assert_eq!(arrived.into_scalar().unwrap(), value, "{sent}");
        }
        assert!(Cursor::of(&Scalar::Null).is_err());
    }
}
