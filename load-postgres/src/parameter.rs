//! Parameters and results of statements.

use std::error::Error;

use bytes::{BufMut, BytesMut};
use rest_source::Scalar;
use rest_source_load::encode;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type};

use crate::{numeric, time};

/// A parameter, encoded as the type that the statement expects.
#[derive(Debug)]
pub(crate) struct Parameter<'a>(pub(crate) &'a Scalar);

impl ToSql for Parameter<'_> {
    fn to_sql(
        &self,
        expected: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match (self.0, expected) {
            (Scalar::Null, _) => return Ok(IsNull::Yes),
            (Scalar::Bigint(value), &Type::INT8) => out.put_i64(*value),
            (Scalar::Bigint(value), &Type::INT4) => out.put_i32(i32::try_from(*value)?),
            (Scalar::Bool(value), &Type::BOOL) => out.put_u8(u8::from(*value)),
            (Scalar::Double(value), &Type::FLOAT8) => out.put_f64(*value),
            (Scalar::Timestamp(value), &Type::TIMESTAMPTZ) => out.put_i64(time::timestamp(*value)),
            (Scalar::Date(value), &Type::DATE) => out.put_i32(time::date(*value)),
            (Scalar::Time(value), &Type::TIME) => out.put_i64(encode::microseconds_of_day(*value)),
            (Scalar::Binary(bytes), &Type::BYTEA) => out.put_slice(bytes),
            (Scalar::Decimal(value), &Type::NUMERIC) => {
                let mut field = BytesMut::new();
                if !numeric::put(value.as_str(), &mut field) {
                    return Err("the decimal has too many digits".into());
                }
                out.put_slice(&field[4..]);
            }
            (value, &Type::TEXT | &Type::VARCHAR | &Type::NAME | &Type::UNKNOWN) => {
                out.put_slice(value.to_string().as_bytes());
            }
            (value, &Type::JSONB) => {
                out.put_u8(1);
                let json = match value {
                    Scalar::Json(json) => json.clone(),
                    Scalar::Bigint(_) | Scalar::Bool(_) | Scalar::Double(_) => value.to_string(),
                    other => serde_json::Value::from(other.to_string()).to_string(),
                };
                out.put_slice(json.as_bytes());
            }
            (value, expected) => {
                return Err(format!("{value:?} is not a value of {expected}").into());
            }
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    tokio_postgres::types::to_sql_checked!();
}

/// A cell of a result.
pub(crate) struct Cell(pub(crate) Scalar);

impl FromSql<'_> for Cell {
    fn from_sql(data_type: &Type, raw: &[u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(match *data_type {
            Type::INT8 => Scalar::Bigint(i64::from_be_bytes(raw.try_into()?)),
            Type::INT4 => Scalar::Bigint(i32::from_be_bytes(raw.try_into()?).into()),
            Type::INT2 => Scalar::Bigint(i16::from_be_bytes(raw.try_into()?).into()),
            Type::FLOAT8 => Scalar::Double(f64::from_be_bytes(raw.try_into()?)),
            Type::BOOL => Scalar::Bool(raw.first().is_some_and(|byte| *byte != 0)),
            Type::BYTEA => Scalar::Binary(raw.to_vec()),
            Type::TIMESTAMPTZ => {
                let at = time::at(i64::from_be_bytes(raw.try_into()?));
                Scalar::Timestamp(at.ok_or("a time is out of range")?)
            }
            _ => Scalar::Text(std::str::from_utf8(raw)?.to_owned()),
        }))
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Scalar::Null))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
