//! The primary key and the merge key: columns that are there, never null, and comparable.

use crate::connector::{Column, Path, Struct, Type};
use crate::diagnostic::{Applicability, Diagnostic, Span};
use crate::grammar::{self, column, resource};
use crate::names;
use crate::spec::{Text, View};
use crate::yaml::{Node, Value};

use super::Check;

/// The column of an untyped record as a whole, where it has a key beside it.
const RECORD: &str = "record";

/// The two keys that a resource may have.
#[derive(Clone, Copy)]
enum Key {
    Primary,
    Merge,
}

impl Key {
    const BOTH: [Self; 2] = [Self::Primary, Self::Merge];

    fn key(self) -> &'static grammar::Key {
        match self {
            Self::Primary => &resource::PRIMARY_KEY,
            Self::Merge => &resource::MERGE_KEY,
        }
    }

    fn in_words(self) -> &'static str {
        match self {
            Self::Primary => "primary key",
            Self::Merge => "merge key",
        }
    }

    /// The mark of a column that belongs to it.
    fn of(self, column: &mut Column) -> &mut bool {
        match self {
            Self::Primary => &mut column.primary_key,
            Self::Merge => &mut column.merge_key,
        }
    }
}

impl Check<'_> {
    /// Marks the columns of the keys.
    pub(super) fn keys(
        &mut self,
        view: &View<'_>,
        name: Text<'_>,
        columns: &Node,
        record: &mut Struct,
        is_child_unclear: bool,
    ) {
        for kind in Key::BOTH {
            self.key(kind, view, name, columns, record, is_child_unclear);
        }
    }

    fn key(
        &mut self,
        kind: Key,
        view: &View<'_>,
        name: Text<'_>,
        columns: &Node,
        record: &mut Struct,
        is_child_unclear: bool,
    ) {
        let mut seen: Vec<(usize, &Span)> = Vec::new();
        self.key_has_a_column(kind, view);
        for key in view.texts(kind.key()) {
            let Some(at) = position(record, key.text) else {
                let may_be_included = key.text.starts_with('_')
                    && (is_child_unclear
                        || self.is_unclear(view.node, resource::INCLUDE_FROM_PARENT.name));
                if !may_be_included {
                    self.key_is_a_column(kind, key, name, columns, record);
                }
                continue;
            };
            if let Some((_, first)) = seen.iter().find(|(other, _)| *other == at) {
                self.key_is_here_twice(key, first);
            }
            seen.push((at, key.span));
            let Some(column) = record.columns.get_mut(at) else {
                continue;
            };
            let is_in_the_other = column.primary_key || column.merge_key;
            *kind.of(column) = true;
            if is_in_the_other {
                continue;
            }
            let said = columns
                .get(column.key.as_str())
                .and_then(|node| node.get(column::NULLABLE.name));
            let says_nullable = said
                .and_then(Node::scalar)
                .is_some_and(|said| said.text == "true");
            let type_compares = compares(&column.data_type);
            let word = column.data_type.word();
            let non_null = non_null(&column.data_type);
            let (is_included, was_nullable) = (column.parent.is_some(), column.nullable);
            column.nullable = false;
            let explicit = column.explicit;
            if is_included && was_nullable {
                self.included_key_is_nullable(key, &non_null);
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

    /// The columns of the keys of records that are taken as they are, and the record itself; none
    /// where it has no key. What the names lead to is seen when a record is read.
    pub(super) fn untyped_keys(&mut self, view: &View<'_>) -> Vec<Column> {
        let mut columns: Vec<(Column, &Span)> = Vec::new();
        for kind in Key::BOTH {
            self.key_has_a_column(kind, view);
            for key in view.texts(kind.key()) {
                let Some(name) = self.untyped_key_name(key) else {
                    continue;
                };
                let known = columns.iter_mut().find(|(one, _)| one.name == name);
                let Some((column, first)) = known else {
                    let mut column = looked_up(key.text, name, self.line(key.span));
                    *kind.of(&mut column) = true;
                    columns.push((column, key.span));
                    continue;
                };
                if column.key != key.text {
                    let (name, other) = (&column.name, &column.key);
                    let message = format!(
                        "the key column `{}` would be called `{name}`, like `{other}`",
                        key.text
                    );
                    self.error(
                        Diagnostic::error("RS0405", key.span, message)
                            .help("declare the columns, and give one of them a `rename: …`")
                            .also(first, "the other is here"),
                    );
                } else if std::mem::replace(kind.of(column), true) {
                    self.key_is_here_twice(key, first);
                }
            }
        }
        let mut columns: Vec<Column> = columns.into_iter().map(|(column, _)| column).collect();
        if !columns.is_empty() {
            columns.push(record());
        }
        columns
    }

    /// What the column of a name in untyped records is called.
    fn untyped_key_name(&mut self, key: Text<'_>) -> Option<String> {
        if let Some(path) = key.text.strip_prefix("$.") {
            let message = format!("the key `{}` is a path, and a key is a name", key.text);
            self.error(
                Diagnostic::error("RS0401", key.span, message)
                    .help(format!("write `{path}`"))
                    .note("it is looked up in the record itself, not in what lies within it"),
            );
            return None;
        }
        let name = names::snake(key.text);
        let help = "declare the columns, and give this one a `rename: …`";
        if name.is_empty() {
            let message = format!("no name can be made of the key `{}`", key.text);
            self.error(Diagnostic::error("RS0201", key.span, message).help(help));
            return None;
        }
        if name == RECORD {
            let message = format!(
                "the key column `{}` would be called `{RECORD}`, like the record itself",
                key.text
            );
            self.error(
                Diagnostic::error("RS0405", key.span, message)
                    .help(help)
                    .note("the column `record` holds untyped records as they are"),
            );
            return None;
        }
        Some(name)
    }

    fn key_is_here_twice(&mut self, key: Text<'_>, first: &Span) {
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

    /// `primary_key: []`.
    fn key_has_a_column(&mut self, kind: Key, view: &View<'_>) {
        if let Some(list) = view.node(kind.key())
            && matches!(&list.value, Value::List(columns) if columns.is_empty())
        {
            let message = format!("the list of `{}` is empty", kind.key().name);
            self.error(
                Diagnostic::error("RS0110", &list.span, message)
                    .help("name a column, or remove the key; `~` removes a default"),
            );
        }
    }

    fn key_is_a_column(
        &mut self,
        kind: Key,
        key: Text<'_>,
        name: Text<'_>,
        columns: &Node,
        record: &Struct,
    ) {
        // A column that has a mistake of its own is there all the same.
        if columns.get(key.text).is_some() {
            return;
        }
        let known = record.column_names();
        let mut diagnostic = Diagnostic::error(
            "RS0401",
            key.span,
            format!(
                "the {} `{}` is not a column of resource `{}`",
                kind.in_words(),
                key.text,
                name.text
            ),
        );
        diagnostic = if key.text.contains(',') {
            let list = format!("[{}]", key.text);
            let is_sure = key
                .text
                .split(',')
                .all(|one| position(record, one.trim()).is_some());
            diagnostic.help(format!("write a list, `{list}`")).suggest(
                key.text,
                list,
                Applicability::sure_if(is_sure),
            )
        } else {
            diagnostic.meant(
                key.text,
                &known,
                &format!("declare it in `columns`: `{}: text`", key.text),
            )
        };
        // A default is written elsewhere than the resource that it does not fit.
        let is_inherited = !(record_span(columns, name).contains(&key.span.start));
        if is_inherited {
            diagnostic = diagnostic.also(name.span, "this resource lacks the column");
        }
        self.error(diagnostic.note(format!("its columns are: {}", known.join(", "))));
    }

    /// Whether a mistake leaves open which columns of a resource are in its key, and so never null.
    pub(super) fn key_is_unclear(&self, view: &View<'_>) -> bool {
        let is_wrong = |kind: Key| {
            let key = view.node.get(kind.key().name);
            key.is_some_and(|key| self.sink.has_errors_in(&key.span))
        };
        Key::BOTH.into_iter().any(is_wrong)
            || self.key_is_misspelt(view)
            || Key::BOTH.into_iter().any(|kind| {
                view.entry(kind.key()).is_none() && self.is_unclear(view.node, kind.key().name)
            })
    }

    /// Whether a resource has no key, but something that was probably meant for one.
    pub(super) fn key_is_misspelt(&self, view: &View<'_>) -> bool {
        let has_key = |kind: Key| view.node.get(kind.key().name).is_some();
        let mut entries = view.node.entries().iter();
        !Key::BOTH.into_iter().any(has_key)
            && entries.any(|entry| self.sink.has_errors_in(&entry.key.span))
    }

    fn included_key_is_nullable(&mut self, key: Text<'_>, non_null: &str) {
        self.error(
            Diagnostic::error(
                "RS0402",
                key.span,
                format!("the key column `{}` is nullable in the parent", key.text),
            )
            .help(format!(
                "make it non-null there: {non_null}, or part of its `primary_key`"
            )),
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

/// What stands at a key of an untyped record.
fn looked_up(key: &str, name: String, line: u32) -> Column {
    let mut column = Column::new(name, Type::Scalar);
    column.key = key.to_owned().into();
    column.line = line;
    column
}

/// An untyped record as a whole.
fn record() -> Column {
    let mut column = Column::new(RECORD, Type::Json);
    column.from = Some(Path::ROOT);
    column
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

/// How a column of this type is declared as one that is never null: `bigint!`.
pub(super) fn non_null(data_type: &Type) -> String {
    match data_type {
        Type::Text | Type::Bigint | Type::Double | Type::Bool | Type::Time | Type::Binary => {
            format!("`{}!`", data_type.word())
        }
        _ => "`nullable: false`".to_owned(),
    }
}
