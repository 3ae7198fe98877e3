//! `as: table`: nested lists that destinations store in tables of their own. Their keys, how they are read, and the
//! rules about them.

use std::collections::HashSet;

use crate::connector::{Column, ResourcePlan, Text, Type, Typed};
use crate::diagnostic::Diagnostic;
use crate::grammar::{COLUMN, Key, Shape, Word, Words, column, key, resource, word, word_of};
use crate::names;
use crate::spec::View;
use crate::yaml::{Entry, Node};

use super::Check;
use super::columns::Within;

pub(crate) static AS: Key<AsTable> = word_of(
    "as",
    "`table`: destinations store its elements in a table of their own",
);
pub(crate) static COLUMNS: Key = key(
    "columns",
    Shape::Dict(&Shape::Tagged(&COLUMN)),
    "the columns of its elements, which are objects, with `as: table`",
);
pub(crate) static TABLE: Key =
    key("table", Shape::Identifier, "the name of that table").remark("<resource>_<column>");

/// That a list is a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AsTable;

impl Words for AsTable {
    const WORDS: &'static [(Word, Self)] = &[(word("table", "a table of its own"), Self)];
}

impl Check<'_> {
    /// A list of objects of which each is a row.
    pub(super) fn list_of_rows(&mut self, columns: &Node, within: Within<'_>) -> Typed {
        let object = self.structure(columns, within.ident, within.name, within.span);
        let last = within.name.rsplit('.').next().unwrap_or(within.name);
        let mut element = Column::new(names::snake(last), object);
        element.line = self.line(within.span);
        Typed::of(Type::Array, element)
    }

    /// The name of the table of a list; `None` where it is part of its record's row.
    pub(super) fn child_table(&mut self, node: &Node, name: &str, owner: &str) -> Option<Text> {
        let own = |key: &str| -> Option<&Entry> {
            let mut entries = node.entries().iter();
            entries.find(|entry| entry.key.name == key)
        };
        let (is_table, table) = (own(AS.name), own(TABLE.name));
        let columns = own(COLUMNS.name).filter(|entry| !self.sink.has_errors_in(&entry.key.span));
        let Some(is_table) = is_table else {
            let (idle, help) = match (columns, table) {
                (Some(columns), _) => (columns, "add `as: table`, or use `items`"),
                (None, Some(table)) => (table, "it is for `as: table`"),
                (None, None) => return None,
            };
            if !self.sink.has_errors_in(&idle.key.span) {
                let message = format!("`{}` has no effect here", idle.key.name);
                self.error(Diagnostic::error("RS0602", &idle.key.span, message).help(help));
            }
            return None;
        };
        if self.sink.has_errors_in(&is_table.key.span) {
            return None;
        }
        let Some(_) = columns else {
            if own(COLUMNS.name).is_none() {
                let message = "a list that is a table needs `columns`";
                self.error(Diagnostic::error("RS0621", &is_table.value.span, message).help(
                    "declare the columns of its elements, which are objects, in place of `items`",
                ));
            }
            return None;
        };
        // The name of an object has a dot.
        if owner.contains('.') {
            let message = "a list within a list or an object cannot be a table";
            self.error(
                Diagnostic::error("RS0621", &is_table.value.span, message)
                    .help("remove `as: table`, and write `items: {data_type: object, fields: …}`")
                    .note("only the lists of a resource's own columns are tables"),
            );
            return None;
        }
        if let Some(items) = own(column::ITEMS.name) {
            let message = "`items` has no effect here";
            self.error(
                Diagnostic::error("RS0602", &items.key.span, message)
                    .help("remove it: `columns` says what the elements are"),
            );
        }
        let written = table.and_then(|table| table.value.scalar());
        Some(match written {
            Some(name) => Text::from(name.text.clone()),
            None => format!("{owner}_{name}").into(),
        })
    }

    /// A list without a column of its own, as an element or a member.
    pub(super) fn element_is_no_table(&mut self, node: &Node) {
        let mut entries = node.entries().iter();
        if let Some(entry) = entries.find(|entry| entry.key.name == AS.name)
            && !self.sink.has_errors_in(&entry.key.span)
        {
            let message = "a list within a list or an object cannot be a table";
            self.error(
                Diagnostic::error("RS0621", &entry.value.span, message)
                    .help("remove `as: table`, and write `items: {data_type: object, fields: …}`")
                    .note("only the lists of a resource's own columns are tables"),
            );
        }
    }

    /// The tables of a resource's lists: linked to its rows by a key, and told apart by their names.
    pub(super) fn child_tables_are_linked(&mut self, view: &View<'_>, plan: &ResourcePlan) {
        let Some(columns) = super::resource::columns_of(view) else {
            return;
        };
        for child in plan.child_tables() {
            let Some(column) = plan.table.columns.get(child.column) else {
                continue;
            };
            let mut entries = columns.entries().iter();
            let Some(entry) = entries.find(|entry| entry.key.name == *column.key) else {
                continue;
            };
            let span = &entry.key.span;
            let has_key = plan.table.primary_key().next().is_some();
            if !has_key && !self.key_is_unclear(view) {
                let message = format!(
                    "the rows of `{}` are linked to their record by its `primary_key`, and `{}` has none",
                    child.table.name, plan.name
                );
                let mut error = Diagnostic::error("RS0621", span, message)
                    .help("add a `primary_key`, or leave `as: table` out");
                if let Some(entry) = view.entry(&resource::MERGE_KEY) {
                    error = error.also(&entry.key.span, "a group of records");
                }
                self.error(error);
            }
            let mut names = HashSet::new();
            for column in &child.table.columns {
                if !names.insert(column.name.to_lowercase()) {
                    let message = format!(
                        "a column of the table `{}` would be called `{}`, like the one that links it",
                        child.table.name, column.name
                    );
                    self.error(
                        Diagnostic::error("RS0405", span, message)
                            .help("give the column of the list a `rename: …`"),
                    );
                }
            }
            let what = format!("the table of `{}.{}`", plan.name, column.name);
            let name = child.table.name.to_lowercase();
            if let Err(owner) = self.tables.take(&name, &what, span) {
                let message = format!(
                    "{what} would be called `{}`, like {}",
                    child.table.name, owner.what
                );
                let mut diagnostic = Diagnostic::error("RS0405", span, message)
                    .help("give it another name: `table: …`");
                if let Some(first) = &owner.span {
                    diagnostic = diagnostic.also(first, "the other is here");
                }
                self.error(diagnostic);
            }
            if ["sqlite_", "_rest_source_"]
                .iter()
                .any(|own| name.starts_with(own))
            {
                let message = format!(
                    "a table may not be called `{}`: the database's own are",
                    child.table.name
                );
                self.error(
                    Diagnostic::error("RS0405", span, message)
                        .help("give it another name: `table: …`"),
                );
            }
        }
    }
}
