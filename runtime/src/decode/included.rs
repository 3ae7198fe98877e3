//! Columns that are not part of a response: values of the parent's record, of partitions, settings, constants and the
//! time of the fetch.

use super::output::Output;
use crate::{
    Error, ErrorKind, Result, Scalar,
    page::Slot,
    plan::Template,
    schema::{Table, Type},
    template::Scope,
};

/// The columns that are not part of a response, and what each row has there.
#[derive(Debug, Default)]
pub(super) struct Included(Vec<(usize, Scalar)>);

impl Included {
    /// What the rows of this table take of a parent's record, of a partition, and of the scope of the fetch.
    pub(super) fn new(
        table: &Table,
        parent: &[Scalar],
        partition: &[Scalar],
        scope: &Scope<'_>,
    ) -> Self {
        let columns = table.columns.iter().enumerate();
        let included = columns.filter_map(|(at, column)| {
            let value = match (&column.value, column.config, column.partition) {
                (Some(template), ..) => of_template(template, scope, &column.data_type),
                (_, Some(setting), _) => scope.config.get(usize::from(setting))?.clone(),
                (_, _, Some(list)) => partition.get(usize::from(list))?.clone(),
                _ => parent.get(usize::from(column.parent?))?.clone(),
            };
            Some((at, as_type(&value, &column.data_type)))
        });
        Self(included.collect())
    }

    /// These values, by the positions of their columns.
    pub(super) const fn of(values: Vec<(usize, Scalar)>) -> Self {
        Self(values)
    }

    /// The values, with the positions of their columns.
    pub(super) fn values(&self) -> impl Iterator<Item = (usize, &Scalar)> {
        self.0.iter().map(|(at, value)| (*at, value))
    }

    /// Puts the values into every row; a text once for all of them.
    ///
    /// # Errors
    ///
    /// Where the page is too large for them.
    pub(super) fn put(&self, out: &mut Output) -> Result<()> {
        if out.starts.is_empty() {
            return Ok(());
        }
        for (column, value) in &self.0 {
            let slot = slot(value, out).ok_or_else(|| {
                let message = "the page is too large to take the values of its parent and settings";
                Error::new(ErrorKind::Response, message)
            })?;
            for start in &out.starts {
                if let Some(cell) = out.page.pool.get_mut(*start as usize + column) {
                    *cell = slot;
                }
            }
        }
        Ok(())
    }
}

/// The value of a template, as a column of this type has it.
fn of_template(template: &Template, scope: &Scope<'_>, data_type: &Type) -> Scalar {
    let value = match &*template.0 {
        [part] => scope.value(part),
        _ => scope.text(template).map(Scalar::Text),
    };
    let Some(value) = value else {
        return Scalar::Null;
    };
    let text = value.to_string();
    let converted = match (data_type, &value) {
        (Type::Json, _) => return value,
        (Type::Bool, _) => text.parse().ok().map(Scalar::Bool),
        (Type::Date(_), Scalar::Timestamp(at)) => at.day().map(Scalar::Date),
        (Type::Timestamp(_), Scalar::Date(_)) => {
            Scalar::read(data_type, &format!("{text}T00:00:00Z"))
                .ok()
                .flatten()
        }
        (_, value) if value.is_cursor_of(data_type) => Some(value.clone()),
        _ => Scalar::read(data_type, &text).ok().flatten(),
    };
    converted.unwrap_or(Scalar::Null)
}

/// In a json column a scalar, too, is JSON.
fn as_type(value: &Scalar, data_type: &Type) -> Scalar {
    match (data_type, value) {
        (_, Scalar::Null | Scalar::Json(_)) => value.clone(),
        (Type::Json, value) => Scalar::Json(value.to_json().to_string()),
        _ => value.clone(),
    }
}

pub(super) fn slot(value: &Scalar, out: &mut Output) -> Option<Slot> {
    Some(match value {
        Scalar::Null => Slot::Null,
        Scalar::Bool(value) => Slot::Bool(*value),
        Scalar::Bigint(value) => Slot::Bigint(*value),
        Scalar::Double(value) => Slot::Double(*value),
        Scalar::Timestamp(at) => Slot::Timestamp {
            second: at.epoch_seconds(),
            nanosecond: at.subsec_nanoseconds(),
        },
        Scalar::Date(value) => Slot::Date(*value),
        Scalar::Time(value) => Slot::Time(*value),
        Scalar::Text(text) => Slot::Text(out.keep_text(text)?),
        Scalar::Decimal(value) => Slot::Decimal(out.keep_text(value.as_str())?),
        Scalar::Binary(bytes) => Slot::Binary(out.keep_bytes(bytes)?),
        Scalar::Json(text) => {
            let at = u32::try_from(out.keep_apart(text)?).ok()?;
            // The end of a number is where something else begins.
            out.keep_apart(" ")?;
            Slot::Json { at }
        }
    })
}
