//! `hard_delete`: the column that marks records whose rows are to be deleted.

use crate::connector::{Record, Type, WriteDisposition};
use crate::diagnostic::Diagnostic;
use crate::grammar::{Key, Shape, key, resource};
use crate::spec::View;

use super::Check;
use super::keys::position;

pub(crate) static HARD_DELETE: Key = key(
    "hard_delete",
    Shape::Text,
    "a column: where it is true, or not null, `merge` deletes the row of the record's key",
);

impl Check<'_> {
    /// The position of the column.
    pub(super) fn hard_delete(
        &mut self,
        view: &View<'_>,
        record: &Record,
        disposition: WriteDisposition,
    ) -> Option<u16> {
        let named = view.text(&HARD_DELETE)?;
        if disposition != WriteDisposition::Merge {
            if !self.is_unclear(view.node, resource::WRITE_DISPOSITION.name) {
                let message = "`hard_delete` has no effect here";
                self.error(
                    Diagnostic::error("RS0602", view.place(&HARD_DELETE), message).help(
                        "say `write_disposition: merge`, or remove it; `~` removes a default",
                    ),
                );
            }
            return None;
        }
        let Record::Struct(record) = record else {
            if view.node(&resource::COLUMNS).is_some() {
                let message = "untyped records have no column that marks the deleted ones";
                self.error(
                    Diagnostic::error("RS0617", named.span, message).help("declare the columns"),
                );
            }
            return None;
        };
        let Some(at) = position(record, named.text) else {
            let known = record.column_names();
            let message = format!("`hard_delete: {}` is not a column", named.text);
            self.error(
                Diagnostic::error("RS0617", named.span, message)
                    .meant(
                        named.text,
                        &known,
                        &format!("declare it in `columns`: `{}: bool`", named.text),
                    )
                    .note(format!("its columns are: {}", known.join(", "))),
            );
            return None;
        };
        let column = record.columns.get(at)?;
        let why = if column.primary_key || column.merge_key {
            format!("`{}` is part of the key, and never null", column.name)
        } else if !column.nullable && column.data_type != Type::Bool {
            format!("`{}` is never null", column.name)
        } else {
            return u16::try_from(at).ok();
        };
        let message = format!("{why}: every row would be deleted");
        self.error(
            Diagnostic::error("RS0617", named.span, message)
                .help("name a `bool`, or a column that is null in records that exist"),
        );
        None
    }
}
