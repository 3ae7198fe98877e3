//! `columns`: what records look like.

use std::collections::HashMap;

use crate::connector::{Column, Decode, Struct, Type, Typed};
use crate::diagnostic::{Diagnostic, Span};
use crate::grammar;
use crate::grammar::column::{self, Presence};
use crate::names;
use crate::spec::View;
use crate::yaml::{Entry, Node, Value};

use super::{Check, child_tables};

/// The type of a column with a mistake in its type. It is no other declared column's, and no rule about
/// types says anything of it.
pub(super) const UNKNOWN: Type = Type::Scalar;

/// Where a type is: the struct it is named after, its name in messages, and its own.
#[derive(Clone, Copy)]
pub(super) struct Within<'s> {
    /// The Rust name that the names of types within begin with.
    pub ident: &'s str,
    /// `stories.owner`.
    pub name: &'s str,
    pub span: &'s Span,
}

impl Check<'_> {
    /// A struct of these columns.
    pub(super) fn structure(
        &mut self,
        columns: &Node,
        ident: &str,
        name: &str,
        span: &Span,
    ) -> Struct {
        self.type_is_free(ident, name, span);
        if matches!(&columns.value, Value::Map(columns) if columns.is_empty()) {
            self.error(
                Diagnostic::error("RS0110", &columns.span, format!("`{name}` has no columns"))
                    .help("declare one, or say `columns: json` for records that are taken as they are"),
            );
        }
        let mut list: Vec<Column> = Vec::new();
        // Where the names in SQL, and those in Rust, are taken.
        let mut names: HashMap<String, &Span> = HashMap::new();
        let mut idents: HashMap<String, &Span> = HashMap::new();
        for entry in columns.entries() {
            let Some(column) = self.column(entry, ident, name) else {
                continue;
            };
            let lower = column.name.to_lowercase();
            let first = names.get(&lower).or_else(|| idents.get(&column.ident()));
            if let Some(first) = first.copied() {
                self.columns_collide(entry, &column, Some(first));
                continue;
            }
            if self.evolves && lower == EXTRA {
                self.extra_is_taken(entry);
                continue;
            }
            names.insert(lower, &entry.key.span);
            idents.insert(column.ident(), &entry.key.span);
            list.push(column);
        }
        self.value_is_alone(&list, columns.entries());
        self.old_names_are_free(&list, columns.entries());
        if self.evolves {
            list.push(extra());
        }
        Struct {
            ident: ident.to_owned(),
            name: name.to_owned(),
            line: self.line(span),
            description: None,
            columns: list,
        }
    }

    /// A column of the name of the map that `columns: evolve` makes.
    fn extra_is_taken(&mut self, entry: &Entry) {
        self.error(
            Diagnostic::error(
                "RS0405",
                &entry.key.span,
                format!("column `{}` would be called `{EXTRA}`", entry.key.name),
            )
            .help("give it a `rename: …`")
            .note(
                "`schema_contract: {columns: evolve}` keeps what is not declared in a map `extra`",
            ),
        );
    }

    /// Columns that would be one in Rust or in SQL.
    fn columns_collide(&mut self, entry: &Entry, column: &Column, first: Option<&Span>) {
        let mut diagnostic = Diagnostic::error(
            "RS0405",
            &entry.key.span,
            format!(
                "column `{}` would be called `{}`, like another",
                entry.key.name, column.name
            ),
        )
        .help("give one of them a `rename: …`")
        .note("names in SQL do not differ by case, and Rust's are in snake_case");
        if let Some(first) = first {
            diagnostic = diagnostic.also(first, "the other is here");
        }
        self.error(diagnostic);
    }

    /// Two types of one name.
    pub(super) fn type_is_free(&mut self, ident: &str, name: &str, span: &Span) {
        let what = format!("the type of `{name}`");
        if let Err(owner) = self.types.take(ident, &what, span) {
            let mut diagnostic = Diagnostic::error(
                "RS0405",
                span,
                format!(
                    "the type of `{name}` would be called `{ident}`, like {}",
                    owner.what
                ),
            )
            .help("give the resource a `record: …`, or the column a `rename: …`");
            if let Some(first) = &owner.span {
                diagnostic = diagnostic.also(first, "the other is here");
            }
            self.error(diagnostic);
            return;
        }
        self.outline.types.push(ident.to_owned());
    }

    fn column(&mut self, entry: &Entry, ident: &str, owner: &str) -> Option<Column> {
        let key = &entry.key.name;
        let view = column_view(&entry.value);
        let made = match view.identifier(&column::RENAME) {
            Some(rename) => rename.text.to_owned(),
            None => names::snake(key),
        };
        if made.is_empty() {
            self.error(
                Diagnostic::error(
                    "RS0201",
                    &entry.key.span,
                    format!("no name can be made of the key `{key}`"),
                )
                .help("give it one: `rename: …`"),
            );
            return None;
        }
        // Only what is more than a word has types within.
        let (path, type_ident) = match entry.value.scalar() {
            Some(_) => (String::new(), String::new()),
            None => (
                format!("{owner}.{key}"),
                format!("{ident}{}", names::pascal(&made)),
            ),
        };
        let within = Within {
            ident: &type_ident,
            name: &path,
            span: &entry.key.span,
        };
        let nullable = is_nullable(&entry.value, &view);
        let Presence(explicit) = view.get(&column::PRESENCE);
        if explicit && !nullable {
            self.explicit_needs_nullable(&view);
        }
        let from = view.get(&column::FROM);
        let typed = self.data_type(&entry.value, within);
        let mut column = Column::new(made, typed.unwrap_or(UNKNOWN.into()));
        if from.as_ref().is_some_and(|from| from.0.is_empty()) {
            self.value_is_record(view.place(&column::FROM), &column.data_type, owner);
        }
        column.value = self.column_value(&view, &column.data_type, nullable, owner);
        column.response = self.response_value(&view, &column.data_type, owner);
        column.key = key.clone().into();
        column.from = from;
        column.nullable = nullable;
        let old_name = view.identifier(&column::RENAMED_FROM);
        column.renamed_from = old_name.map(|old| old.text.to_owned().into());
        column.explicit = explicit;
        column.table = self.child_table(&entry.value, &column.name, owner);
        if column.table.is_some() {
            self.old_name_is_of_a_column(
                entry,
                "its elements are in a table: keep its name by `table: …`",
            );
        }
        column.decode = decode(&view);
        column.line = self.line(&entry.key.span);
        column.description = view.get(&column::DESCRIPTION);
        Some(column)
    }

    /// Rejects a `renamed_from` that names a declared column, or that another column has too: the stored column is
    /// renamed once.
    fn old_names_are_free(&mut self, columns: &[Column], entries: &[Entry]) {
        let mut taken: HashMap<String, &Span> = HashMap::new();
        for entry in entries {
            let view = column_view(&entry.value);
            let Some(old) = view.identifier(&column::RENAMED_FROM) else {
                continue;
            };
            let lower = old.text.to_lowercase();
            let is_declared = |column: &Column| column.name.to_lowercase() == lower;
            if columns.iter().any(is_declared) {
                let message = format!("`renamed_from` names a declared column, `{}`", old.text);
                self.error(
                    Diagnostic::error("RS0870", old.span, message)
                        .help("remove `renamed_from`, or the column of the old name"),
                );
            } else if let Some(first) = taken.insert(lower, old.span) {
                let message = format!("two columns are renamed from `{}`", old.text);
                self.error(
                    Diagnostic::error("RS0870", old.span, message)
                        .help("remove one `renamed_from`: only one column has the old values")
                        .also(first, "the other is here"),
                );
            }
        }
    }

    /// Rejects a `renamed_from` where no column of a table has the name: within an object, or of a list that is a
    /// table.
    fn old_name_is_of_a_column(&mut self, entry: &Entry, help: &str) {
        let view = column_view(&entry.value);
        if let Some(old) = view.entry(&column::RENAMED_FROM)
            && !self.sink.has_errors_in(&old.key.span)
        {
            let message = "`renamed_from` has no effect here";
            self.error(Diagnostic::error("RS0602", &old.key.span, message).help(help));
        }
    }

    fn explicit_needs_nullable(&mut self, view: &View<'_>) {
        self.error(
            Diagnostic::error(
                "RS0602",
                view.place(&column::PRESENCE),
                "`presence` has no effect here",
            )
            .help("a column that is never null is never absent; remove `nullable: false` or this"),
        );
    }

    /// The type that a node describes; `None` where it was reported that there is none.
    pub(super) fn data_type(&mut self, node: &Node, within: Within<'_>) -> Option<Typed> {
        let (member, view) = typed(node)?;
        let data_type = match member.word.name {
            "text" => Type::Text,
            "bigint" => Type::Bigint,
            "double" => Type::Double,
            "bool" => Type::Bool,
            "timestamp" => return Some(self.timestamp(&view)),
            "date" => return Some(self.date(&view)),
            "time" => Type::Time,
            "decimal" => self.decimal(&view),
            "binary" => Type::Binary,
            "object" => {
                let fields = view.node(&column::FIELDS)?;
                for entry in fields.entries() {
                    self.old_name_is_of_a_column(entry, "only a column of a table is renamed");
                }
                let object = self.structure(fields, within.ident, within.name, within.span);
                return Some(object.into());
            }
            "array" => {
                if let Some(columns) = view.node(&child_tables::COLUMNS) {
                    return Some(self.list_of_rows(columns, within));
                }
                let element = self.element(view.node(&column::ITEMS)?, within);
                return Some(Typed::of(Type::Array, element));
            }
            "map" => {
                let element = self.element(view.node(&column::MAP_VALUES)?, within);
                return Some(Typed::of(Type::Map, element));
            }
            "enum" => return self.enumeration(&view, within),
            "union" => return self.union(&view, within).map(Typed::from),
            _ => Type::Json,
        };
        Some(data_type.into())
    }

    /// What a list or a map holds: a column without a name of its own.
    fn element(&mut self, node: &Node, within: Within<'_>) -> Column {
        let last = within.name.rsplit('.').next().unwrap_or(within.name);
        let name = names::snake(last);
        let view = typed(node).map(|(_, view)| view);
        let nullable = view.as_ref().is_none_or(|view| is_nullable(node, view));
        self.element_is_no_table(node);
        let typed = self.data_type(node, within);
        let mut element = Column::new(name, typed.unwrap_or(UNKNOWN.into()));
        element.nullable = nullable;
        element.decode = view.as_ref().map(decode).unwrap_or_default();
        element.line = self.line(&node.span);
        element
    }

    fn decimal(&mut self, view: &View<'_>) -> Type {
        let precision = view.get(&column::PRECISION);
        let scale = view.get(&column::SCALE);
        match (precision, scale) {
            (None, Some(_)) if self.sink.is_unclear(view.node, column::PRECISION.name) => {}
            (None, Some(_)) => self.error(
                Diagnostic::error(
                    "RS0602",
                    view.place(&column::SCALE),
                    "`scale` has no effect without `precision`",
                )
                .help("say `precision` too"),
            ),
            (Some(precision), Some(scale)) if scale > precision => self.error(
                Diagnostic::error(
                    "RS0109",
                    view.place(&column::SCALE),
                    "`scale` is above `precision`",
                )
                .help("of `precision` digits, `scale` stand after the point"),
            ),
            (Some(precision), _) if precision > 255 => self.error(Diagnostic::error(
                "RS0109",
                view.place(&column::PRECISION),
                "`precision` must be at most 255",
            )),
            _ => {}
        }
        let small = |number: Option<u64>| u8::try_from(number.unwrap_or(0)).unwrap_or(u8::MAX);
        Type::Decimal {
            precision: small(precision),
            scale: small(scale),
        }
    }
}

/// The name of the map that keeps what is not declared.
const EXTRA: &str = "extra";

/// That map.
fn extra() -> Column {
    let values = Column::new(EXTRA, Type::Json);
    let mut extra = Column::new(EXTRA, Typed::of(Type::Map, values));
    extra.decode = Decode::Rest;
    extra
}

/// What every column has, whatever its type, if it has a good one.
fn column_view(node: &Node) -> View<'_> {
    typed(node).map_or_else(|| View::common(node, &grammar::COLUMN), |(_, view)| view)
}

/// The member of the family of columns that a node is.
pub(super) fn typed(node: &Node) -> Option<(&'static grammar::Member, View<'_>)> {
    View::tagged(node, &grammar::COLUMN)
}

/// `text!` and `nullable: false` are not.
fn is_nullable(node: &Node, view: &View<'_>) -> bool {
    match node.scalar() {
        Some(word) => !word.text.ends_with('!'),
        None => view.get(&column::NULLABLE),
    }
}

pub(super) fn decode(view: &View<'_>) -> Decode {
    if view.has(&column::DECODE_BOOL) {
        view.get(&column::DECODE_BOOL).unwrap_or_default()
    } else {
        Decode::Native
    }
}
