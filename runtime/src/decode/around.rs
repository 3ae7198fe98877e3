//! Columns that a response has outside their record: fields of the page and headers, the key of a record in an
//! object, and its position in the page.

use super::{
    fault::{Found, Place},
    included::slot,
    output::Output,
    reader::Reader,
    records::RecordShape,
    shape::ColumnShape,
};
use crate::{
    Scalar,
    error::{Error, ErrorKind, Result},
    page::{Slot, Span},
    schema::{Path, ResponseValue, Table, Type},
    transport::Headers,
};

/// The columns of a table that its records do not have themselves.
#[derive(Debug, Default)]
pub(super) struct Around {
    /// Fields of the page: where they are, and their columns.
    pub(super) fields: Vec<(Path, usize)>,
    headers: Vec<(String, usize)>,
    keys: Vec<usize>,
    indexes: Vec<usize>,
}

/// Where a record was found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    /// Its position among the records of its page.
    pub(super) index: u64,
    /// Its key, in the text or the arena.
    pub(super) key: Option<Span>,
}

impl Around {
    pub(super) fn new(table: &Table) -> Self {
        let mut around = Self::default();
        for (at, column) in table.columns.iter().enumerate() {
            match &column.response {
                Some(ResponseValue::Body(path)) => around.fields.push((path.clone(), at)),
                Some(ResponseValue::Header(name)) => around.headers.push((name.to_string(), at)),
                Some(ResponseValue::Key) => around.keys.push(at),
                Some(ResponseValue::Index) => around.indexes.push(at),
                None => {}
            }
        }
        around
    }

    /// Whether records are read with their origins.
    pub(super) fn needs_origins(&self) -> bool {
        !self.keys.is_empty() || !self.indexes.is_empty()
    }

    /// Whether records are read with their keys.
    pub(super) fn needs_keys(&self) -> bool {
        !self.keys.is_empty()
    }

    /// Puts keys and positions into the rows. `first` is the position of the first record in its page.
    ///
    /// # Errors
    ///
    /// Where a key is not a value of its column.
    pub(super) fn put_origins(&self, table: &Table, first: u64, out: &mut Output) -> Result<()> {
        let origins = out.origins.take().unwrap_or_default();
        for (at, origin) in origins.iter().enumerate() {
            let Some(start) = out.starts.get(at).map(|start| *start as usize) else {
                break;
            };
            for column in &self.indexes {
                set(
                    out,
                    start + column,
                    Slot::Bigint(i64::try_from(first + origin.index).unwrap_or(i64::MAX)),
                );
            }
            for column in &self.keys {
                let Some(declared) = table.columns.get(*column) else {
                    continue;
                };
                let cell = match (&declared.data_type, origin.key) {
                    (_, None) => Slot::Null,
                    (Type::Text, Some(span)) => Slot::Text(span),
                    (data_type, Some(span)) => {
                        let key = out.text_of(span).to_owned();
                        read(data_type, &key, out).ok_or_else(|| {
                            let message = format!(
                                "the key {} of a record is not a {}, for the column `{}`",
                                out.faults.quoted(&key),
                                data_type.word(),
                                declared.name
                            );
                            Error::new(ErrorKind::Schema, message)
                        })?
                    }
                };
                set(out, start + column, cell);
            }
        }
        Ok(())
    }

    /// Puts the values of headers into every row.
    ///
    /// # Errors
    ///
    /// Where a header is missing for a column that is never null, or is not a value of its column.
    pub(super) fn put_headers(
        &self,
        table: &Table,
        headers: Option<&Headers>,
        out: &mut Output,
    ) -> Result<()> {
        for (name, column) in &self.headers {
            let Some(declared) = table
                .columns
                .get(*column)
                .filter(|_| !out.starts.is_empty())
            else {
                continue;
            };
            let text = headers
                .and_then(|headers| headers.get(name))
                .map(str::to_owned);
            let wrong = |what: &str| {
                let message = format!(
                    "the column `{}` takes the header `{name}`, {what}",
                    declared.name
                );
                Error::new(ErrorKind::Schema, message)
            };
            let cell = match text {
                None if declared.nullable => Slot::Null,
                None => {
                    return Err(wrong("which the response does not have")
                        .with_help("`nullable: true`, if it may be missing"));
                }
                Some(text) => read(&declared.data_type, &text, out).ok_or_else(|| {
                    wrong(&format!("which is not a {}", declared.data_type.word()))
                })?,
            };
            fill(out, *column, cell);
        }
        Ok(())
    }
}

impl Reader<'_, '_> {
    /// Puts the fields of the page into every row. `found` is where they stand in the text, in their order.
    pub(super) fn put_fields(
        &mut self,
        around: &Around,
        shape: &RecordShape,
        found: &[Option<(usize, usize)>],
    ) {
        let RecordShape::Typed(object) = shape else {
            return;
        };
        for ((path, column), found) in around.fields.iter().zip(found) {
            let Some(shape) = object
                .columns
                .get(*column)
                .filter(|_| !self.out.starts.is_empty())
            else {
                continue;
            };
            let place = path.to_string();
            if let Some(cell) = self.field(shape, *found, &Place::Records(&place)) {
                fill(self.out, *column, cell);
            } else {
                // It is the value of all of them.
                self.out.starts.clear();
                self.out.faults.end_page();
            }
        }
    }

    fn field(
        &mut self,
        shape: &ColumnShape,
        found: Option<(usize, usize)>,
        place: &Place<'_>,
    ) -> Option<Slot> {
        let text = self.source.text;
        let raw = found.and_then(|(start, len)| text.get(start..start + len));
        let mark = self.out.faults.mark();
        let cell = match raw {
            Some(raw) => self.raw(shape, raw, place),
            None if shape.column.nullable => Some(Slot::Null),
            None => self.misfit(shape, place, Found::Nothing),
        };
        self.settle(shape, mark, cell)
    }
}

fn read(data_type: &Type, text: &str, out: &mut Output) -> Option<Slot> {
    let value = Scalar::read(data_type, text).ok().flatten()?;
    slot(&value, out)
}

fn fill(out: &mut Output, column: usize, cell: Slot) {
    for at in 0..out.starts.len() {
        let start = out.starts[at] as usize;
        set(out, start + column, cell);
    }
}

fn set(out: &mut Output, at: usize, cell: Slot) {
    if let Some(slot) = out.page.pool.get_mut(at) {
        *slot = cell;
    }
}
