//! Columns that are not part of a response: values of the parent's record, and settings.

use super::output::Output;
use crate::{
    ConfigValue, Error, ErrorKind, ParentValue, Result,
    page::Slot,
    schema::{Table, Type},
};

/// The columns that are not part of a response, and what each row has there.
#[derive(Debug, Default)]
pub(super) struct Included(Vec<(usize, ParentValue)>);

impl Included {
    /// What the rows of this table take of a parent's record and of the settings.
    pub(super) fn new(table: &Table, parent: &[ParentValue], config: &[ConfigValue]) -> Self {
        let columns = table.columns.iter().enumerate();
        let included = columns.filter_map(|(at, column)| {
            let value = match column.config {
                Some(setting) => config.get(usize::from(setting))?.to_parent_value(),
                None => parent.get(usize::from(column.parent?))?.clone(),
            };
            Some((at, as_type(&value, &column.data_type)))
        });
        Self(included.collect())
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

/// In a json column a scalar, too, is JSON.
fn as_type(value: &ParentValue, data_type: &Type) -> ParentValue {
    match (data_type, value) {
        (_, ParentValue::Null | ParentValue::Json(_)) => value.clone(),
        (Type::Json, value) => ParentValue::Json(value.to_json().to_string()),
        _ => value.clone(),
    }
}

fn slot(value: &ParentValue, out: &mut Output) -> Option<Slot> {
    Some(match value {
        ParentValue::Null => Slot::Null,
        ParentValue::Bool(value) => Slot::Bool(*value),
        ParentValue::Bigint(value) => Slot::Bigint(*value),
        ParentValue::Double(value) => Slot::Double(*value),
        ParentValue::Timestamp(at) => Slot::Timestamp {
            second: at.epoch_seconds(),
            nanosecond: at.subsec_nanoseconds(),
        },
        ParentValue::Date(value) => Slot::Date(*value),
        ParentValue::Time(value) => Slot::Time(*value),
        ParentValue::Text(text) => Slot::Text(out.keep_text(text)?),
        ParentValue::Decimal(value) => Slot::Decimal(out.keep_text(value.as_str())?),
        ParentValue::Binary(bytes) => Slot::Binary(out.keep_bytes(bytes)?),
        ParentValue::Json(text) => {
            let at = u32::try_from(out.keep_apart(text)?).ok()?;
            // The end of a number is where something else begins.
            out.keep_apart(" ")?;
            Slot::Json { at }
        }
    })
}
