//! `hard_delete`: the column, or the values of it, that marks records whose rows are to be deleted.

use crate::connector::{self, Column, HardDelete, List, Record, Type, WriteDisposition};
use crate::diagnostic::{Diagnostic, Span};
use crate::grammar::{Key, Shape, key, resource};
use crate::spec::{Text, View};
use crate::yaml::{Entry, Kind, Node, Value};

use super::Check;
use super::keys::position;

pub(crate) static HARD_DELETE: Key = key(
    "hard_delete",
    Shape::Either(
        &Shape::Text,
        &Shape::Dict(&Shape::Either(&Shape::Scalar, &Shape::List(&Shape::Scalar))),
    ),
    "what marks records whose rows `merge` deletes: a column, or certain values of one",
);

impl Check<'_> {
    /// The column, and the values that mark a deleted record.
    pub(super) fn hard_delete(
        &mut self,
        view: &View<'_>,
        record: &Record,
        disposition: WriteDisposition,
    ) -> Option<HardDelete> {
        let node = view.node(&HARD_DELETE)?;
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
        let (name, span, values) = if let Value::Map(entries) = &node.value {
            let entry = self.only_entry(node, entries)?;
            (&*entry.key.name, &entry.key.span, Some(&entry.value))
        } else {
            let named = view.text(&HARD_DELETE)?;
            (named.text, named.span, None)
        };
        let Record::Struct(record) = record else {
            if view.node(&resource::COLUMNS).is_some() {
                let message = "untyped records have no column that marks the deleted ones";
                self.error(Diagnostic::error("RS0617", span, message).help("declare the columns"));
            }
            return None;
        };
        let Some(at) = position(record, name) else {
            let known = record.column_names();
            let message = format!("`hard_delete: {name}` is not a column");
            self.error(
                Diagnostic::error("RS0617", span, message)
                    .meant(
                        name,
                        &known,
                        &format!("declare it in `columns`: `{name}: bool`"),
                    )
                    .note(format!("its columns are: {}", known.join(", "))),
            );
            return None;
        };
        let column = record.columns.get(at)?;
        let values = match values {
            Some(values) => self.marks(column, span, values)?,
            None if self.marks_some_rows(column, span) => List::EMPTY,
            None => return None,
        };
        Some(HardDelete {
            column: u16::try_from(at).ok()?,
            values,
        })
    }

    fn only_entry<'n>(&mut self, node: &Node, entries: &'n [Entry]) -> Option<&'n Entry> {
        if let [entry] = entries {
            return Some(entry);
        }
        let message = "`hard_delete` takes one column and its values";
        self.error(
            Diagnostic::error("RS0617", &node.span, message)
                .help("write `hard_delete: { status: [deleted] }`"),
        );
        None
    }

    /// Whether the column is not of a kind that marks every row.
    fn marks_some_rows(&mut self, column: &Column, span: &Span) -> bool {
        let why = if column.primary_key || column.merge_key {
            format!("`{}` is part of the key, and never null", column.name)
        } else if !column.nullable && column.data_type != Type::Bool {
            format!("`{}` is never null", column.name)
        } else {
            return true;
        };
        let message = format!("{why}: every row would be deleted");
        self.error(
            Diagnostic::error("RS0617", span, message)
                .help("name a `bool`, a column that is null in records that exist, or the values that mark deleted ones"),
        );
        false
    }

    /// The values of the column that mark a deleted record.
    fn marks(
        &mut self,
        column: &Column,
        span: &Span,
        node: &Node,
    ) -> Option<List<connector::Text>> {
        let name = &column.name;
        if column.primary_key || column.merge_key {
            let message = format!("`{name}` is part of the key");
            self.error(
                Diagnostic::error("RS0617", span, message)
                    .help("name another column, or remove it from the key")
                    .note("no stored row has the key of such a record"),
            );
            return None;
        }
        let nodes = match &node.value {
            Value::List(nodes) => nodes.as_slice(),
            _ => std::slice::from_ref(node),
        };
        if nodes.is_empty() {
            let message = "no value marks a deleted record";
            self.error(Diagnostic::error("RS0617", &node.span, message).help("list at least one"));
            return None;
        }
        nodes
            .iter()
            .map(|node| self.mark(column, node))
            .collect::<Option<Vec<_>>>()
            .map(Into::into)
    }

    fn mark(&mut self, column: &Column, node: &Node) -> Option<connector::Text> {
        let scalar = node.scalar()?;
        let text = Text {
            text: &scalar.text,
            span: &node.span,
        };
        if scalar.text.contains('\0') {
            let message = "a text with NUL marks no record";
            self.error(Diagnostic::error("RS0617", text.span, message).help("remove it"));
            return None;
        }
        let is_whole = scalar.kind == Kind::Integer;
        let expected = match (&column.data_type, scalar.kind) {
            (Type::Bool, Kind::Bool(is_true)) => return Some(is_true.to_string().into()),
            (Type::Bool, _) => "`true` or `false`".to_owned(),
            (Type::Bigint, _) if is_whole => match scalar.text.parse::<i64>() {
                Ok(number) => return Some(number.to_string().into()),
                Err(_) => "a whole number of 64 bits".to_owned(),
            },
            (Type::Bigint, _) => "a whole number".to_owned(),
            (Type::Enum { values, .. }, _) => {
                if values.iter().any(|value| *value == *scalar.text) {
                    return Some(text.owned());
                }
                let words: Vec<&str> = values.iter().map(connector::Text::as_str).collect();
                format!("one of its values: {}", words.join(", "))
            }
            (Type::Text, _) => return Some(text.owned()),
            (other, _) => {
                let message = format!("a {} is not compared with values", other.word());
                self.error(Diagnostic::error("RS0617", text.span, message).help(
                    "name a column of type `text`, `enum`, `bigint` or `bool`, or a column alone",
                ));
                return None;
            }
        };
        let message = format!(
            "`{}` is not a value of `{}`, which is of type `{}`",
            scalar.text,
            column.name,
            column.data_type.word()
        );
        self.error(
            Diagnostic::error("RS0617", text.span, message).label(format!("expected {expected}")),
        );
        None
    }
}
