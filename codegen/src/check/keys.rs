//! The primary key: columns that are there, never null, and comparable.

use crate::connector::{Struct, Type};
use crate::diagnostic::{Diagnostic, Span};
use crate::spec::{Text, View};
use crate::suggest;
use crate::yaml::{Node, Value};

use super::Check;

impl Check<'_> {
    /// Marks the columns of the key.
    pub(super) fn primary_key(
        &mut self,
        view: &View<'_>,
        name: Text<'_>,
        columns: &Node,
        record: &mut Struct,
    ) {
        let mut seen: Vec<(usize, &Span)> = Vec::new();
        self.key_has_a_column(view);
        for key in view.texts("primary_key") {
            let Some(at) = position(record, key.text) else {
                self.key_is_a_column(key, name, columns, record);
                continue;
            };
            if let Some((_, first)) = seen.iter().find(|(other, _)| *other == at) {
                self.error(
                    Diagnostic::error(
                        "RS0401",
                        key.span,
                        format!("the key column `{}` is here twice", key.text),
                    )
                    .help("remove one of them")
                    .also(first, "first here"),
                );
            }
            seen.push((at, key.span));
            let Some(column) = record.columns.get_mut(at) else {
                continue;
            };
            let said = columns
                .get(&column.key)
                .and_then(|node| node.get("nullable"));
            let says_nullable = said
                .and_then(Node::scalar)
                .is_some_and(|said| said.text == "true");
            let type_compares = compares(&column.data_type);
            let word = word(&column.data_type);
            let (is_included, was_nullable) = (column.parent.is_some(), column.nullable);
            column.primary_key = true;
            column.nullable = false;
            let explicit = column.explicit;
            if is_included && was_nullable {
                self.included_key_is_nullable(key);
            }
            if let Some(said) = said.filter(|_| says_nullable) {
                self.key_is_never_null(key, &said.span);
            }
            if !type_compares {
                self.key_compares(key, word);
            }
            if explicit {
                self.error(
                    Diagnostic::error(
                        "RS0402",
                        key.span,
                        format!("the key column `{}` is never absent", key.text),
                    )
                    .help("remove its `presence: explicit`"),
                );
            }
        }
    }

    /// `primary_key: []`.
    fn key_has_a_column(&mut self, view: &View<'_>) {
        if let Some(list) = view.node("primary_key")
            && matches!(&list.value, Value::List(columns) if columns.is_empty())
        {
            self.error(
                Diagnostic::error("RS0110", &list.span, "the list of `primary_key` is empty")
                    .help("name a column, or remove the key; `~` removes a default"),
            );
        }
    }

    fn key_is_a_column(&mut self, key: Text<'_>, name: Text<'_>, columns: &Node, record: &Struct) {
        // A column that has a mistake of its own is there all the same.
        if columns.get(key.text).is_some() {
            return;
        }
        let known = record.columns.iter().map(|column| column.name.as_str());
        let mut diagnostic = Diagnostic::error(
            "RS0401",
            key.span,
            format!(
                "the primary key `{}` is no column of resource `{}`",
                key.text, name.text
            ),
        );
        diagnostic = match suggest::closest(key.text, known.clone()) {
            Some(close) => diagnostic.did_you_mean(key.text, close),
            None => diagnostic.help(format!("declare it in `columns`: `{}: text`", key.text)),
        };
        // A default is written elsewhere than the resource that it does not fit.
        let is_inherited = !(record_span(columns, name).contains(&key.span.start));
        if is_inherited {
            diagnostic = diagnostic.also(name.span, "this resource lacks the column");
        }
        self.error(diagnostic.note(format!(
            "its columns are: {}",
            known.collect::<Vec<_>>().join(", ")
        )));
    }

    fn included_key_is_nullable(&mut self, key: Text<'_>) {
        self.error(
            Diagnostic::error(
                "RS0402",
                key.span,
                format!("the key column `{}` is nullable in the parent", key.text),
            )
            .help("make it non-null there: `text!`, or part of its `primary_key`"),
        );
    }

    fn key_is_never_null(&mut self, key: Text<'_>, said: &Span) {
        self.error(
            Diagnostic::error(
                "RS0402",
                said,
                format!("the key column `{}` cannot be nullable", key.text),
            )
            .help("remove this: key columns are never null")
            .also(key.span, "it is part of the key here"),
        );
    }

    fn key_compares(&mut self, key: Text<'_>, word: &str) {
        self.error(
            Diagnostic::error(
                "RS0403",
                key.span,
                format!("`{}` cannot be a key: values of type {word} do not compare", key.text),
            )
            .help("use a column of type text, bigint, bool, timestamp, date, time, decimal, binary or enum"),
        );
    }
}

/// From the resource's name to the end of its columns: roughly where it is written.
fn record_span(columns: &Node, name: Text<'_>) -> Span {
    name.span.start.min(columns.span.start)..columns.span.end.max(name.span.end)
}

/// The column of this name, or read from this key.
pub(super) fn position(record: &Struct, name: &str) -> Option<usize> {
    let columns = &record.columns;
    columns
        .iter()
        .position(|column| column.name == name)
        .or_else(|| columns.iter().position(|column| column.key == name))
}

fn compares(data_type: &Type) -> bool {
    !matches!(
        data_type,
        Type::Object(_)
            | Type::Array(_)
            | Type::Map(_)
            | Type::Json
            | Type::Double
            | Type::Union(_)
    )
}

pub(super) fn word(data_type: &Type) -> &'static str {
    match data_type {
        Type::Text => "text",
        Type::Bigint => "bigint",
        Type::Double => "double",
        Type::Bool => "bool",
        Type::Timestamp(_) => "timestamp",
        Type::Date(_) => "date",
        Type::Time => "time",
        Type::Decimal { .. } => "decimal",
        Type::Binary => "binary",
        Type::Json => "json",
        Type::Object(_) => "object",
        Type::Array(_) => "array",
        Type::Map(_) => "map",
        Type::Enum(_) => "enum",
        Type::Union(_) => "union",
    }
}
