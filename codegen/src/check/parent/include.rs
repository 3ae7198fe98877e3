//! `include_from_parent`: columns of the parent in the child.

use std::rc::Rc;

use crate::connector::{Column, ParentField, Path, Record, Type};
use crate::diagnostic::Diagnostic;
use crate::grammar::resource;
use crate::names;
use crate::spec::{Text, text};
use crate::yaml::Node;

use super::{Check, Kin, Known, Member, Parent, Taken, UNKNOWN, columns_of, keys, position, take};

impl Check<'_> {
    /// Columns of the parent's records in the child's.
    pub(super) fn include_from_parent(
        &mut self,
        member: &Member<'_>,
        members: &[Option<Member<'_>>],
        kin: &mut Kin,
    ) {
        let Some(entry) = member.view.entry(&resource::INCLUDE_FROM_PARENT) else {
            return;
        };
        let parents = match &kin.parent {
            Parent::Unclear => return self.guess_included(member, members, kin),
            Parent::Nowhere => {
                self.error(
                    Diagnostic::error(
                        "RS0808",
                        &entry.key.span,
                        format!("resource `{}` has no parent to include from", member.name.text),
                    )
                    .help("a child names its parent in its endpoint: `path: things/{resources.PARENT.FIELD}`"),
                );
                return;
            }
            Parent::Known(parents) => Rc::clone(parents),
        };
        let Record::Struct(record) = &mut kin.record else {
            if columns_of(&member.view).is_some() {
                self.error(
                    Diagnostic::error(
                        "RS0808",
                        &entry.key.span,
                        "untyped records have no columns to include anything in",
                    )
                    .help("declare the columns"),
                );
            }
            return;
        };
        for name in entry.value.elements().iter().filter_map(text) {
            let Some((parent, name)) = self.included_of(&parents, &name) else {
                continue;
            };
            let Some((taken, of)) = self.included_field(parent, &name) else {
                record.columns.push(guessed(&parent.name, name.text));
                continue;
            };
            if !self.is_of_one_list(parent, &kin.fields, &taken, name.span) {
                continue;
            }
            let column = included(parent, &of, take(&mut kin.fields, taken));
            if let Some(same) = record.columns.iter().find(|one| is_same(one, &column)) {
                let mut diagnostic = Diagnostic::error(
                    "RS0405",
                    name.span,
                    format!(
                        "the included column would be called `{}`, like another of `{}`",
                        column.name, member.name.text
                    ),
                )
                .help("include it once, and `rename` a column of the resource's own");
                let columns = member.view.node(&resource::COLUMNS).map(Node::entries);
                let own = columns.unwrap_or_default().iter();
                if let Some(own) = own.into_iter().find(|own| same.key == own.key.name) {
                    diagnostic = diagnostic.also(&own.key.span, "the other is here");
                }
                self.error(diagnostic);
                continue;
            }
            record.columns.push(column);
        }
    }

    /// What is included under this name: a column, or what is taken of each element of a list. With it, the column
    /// that it is a copy of.
    fn included_field(&mut self, parent: &Known, name: &Text<'_>) -> Option<(Taken, Column)> {
        if name.text.contains("[*]") {
            let taken = self.reach(parent, name.text, name.span)?;
            let of = parent.record.columns.get(usize::from(taken.field.column))?;
            let mut column = Column::new(names::snake(name.text), taken.typed.clone());
            // A null list makes no request, and no record.
            column.nullable = taken.nullable;
            column.line = of.line;
            return Some((taken, column));
        }
        let Some(at) = keys::position(&parent.record, name.text) else {
            self.no_such_column(parent, name.text, name.span);
            return None;
        };
        let of = parent.record.columns.get(at)?;
        let taken = Taken {
            field: ParentField {
                of: parent.of,
                column: position(at),
                path: Path::ROOT,
                each: None,
            },
            nullable: of.nullable,
            of_nullable_list: false,
            is_in_key: false,
            typed: of.typed(),
        };
        Some((taken, of.clone()))
    }

    /// Of a parent of which something is wrong, the columns that would be included are there, for the
    /// rules that look for them, and of a type that is not known.
    fn guess_included(
        &mut self,
        member: &Member<'_>,
        members: &[Option<Member<'_>>],
        kin: &mut Kin,
    ) {
        let references = self.references(&member.view, members);
        let (Record::Struct(record), Some(first)) = (&mut kin.record, references.first()) else {
            return;
        };
        let names = member.view.texts(&resource::INCLUDE_FROM_PARENT);
        let columns = names.into_iter().map(|name| {
            let of = name.text.split_once('.');
            let of = of.filter(|(of, _)| references.iter().any(|one| one.parent == *of));
            let (parent, column) = of.unwrap_or((first.parent, name.text));
            guessed(parent, column)
        });
        record.columns.extend(columns);
    }
}

/// The column of a child that is a copy of the parent's.
fn included(parent: &Known, of: &Column, field: u16) -> Column {
    let typed = match &of.data_type {
        Type::Object(_) | Type::Array(_) | Type::Map(_) | Type::Union(_) => Type::Json.into(),
        _ => of.typed(),
    };
    let mut column = Column::new(included_name(&parent.name, &of.name), typed);
    // The first records of a tree have none above them.
    column.nullable = of.nullable || parent.is_tree;
    column.parent = Some(field);
    column.line = of.line;
    column.description.clone_from(&of.description);
    column
}

/// What is known of an included column by its name alone.
fn guessed(parent: &str, column: &str) -> Column {
    Column::new(included_name(parent, column), UNKNOWN)
}

fn included_name(parent: &str, column: &str) -> String {
    format!("_{}_{column}", names::snake(parent))
}

/// Whether two columns would be one, in Rust or in SQL.
pub(in crate::check) fn is_same(one: &Column, other: &Column) -> bool {
    one.name.eq_ignore_ascii_case(&other.name) || one.ident() == other.ident()
}
