//! Which keys the columns of a record declare at each of its places, together.
//!
//! A column may be read `from` an object that another column holds. Neither of the two declares all the
//! keys of that object.

use crate::{
    schema::{Column, Decode, Step, Table, Type},
    shared::Text,
};

/// What is declared at one place of a record, and below it.
#[derive(Debug, Default)]
pub(super) struct Declared {
    /// Whether a column takes the value as it is, undeclared keys and all.
    is_whole: bool,
    /// Whether a column is an object with columns of its own.
    is_object: bool,
    members: Vec<(Text, Declared)>,
    /// Of any element of a list.
    element: Option<Box<Declared>>,
}

impl Declared {
    /// What the columns of a table declare.
    pub(super) fn of(table: &Table) -> Self {
        let mut root = Self {
            is_object: true,
            ..Self::default()
        };
        root.table(table);
        root
    }

    pub(super) fn place(&self) -> DeclaredAt<'_> {
        DeclaredAt {
            declared: Some(self),
            is_whole: self.is_whole,
        }
    }

    fn table(&mut self, table: &Table) {
        for column in &table.columns {
            if column.parent.is_some() || column.decode == Decode::Rest {
                continue;
            }
            match &column.from {
                Some(path) => self.at(&path.0).column(column),
                None => self.member(&column.key).column(column),
            }
        }
    }

    fn at(&mut self, path: &[Step]) -> &mut Self {
        match path.split_first() {
            None => self,
            Some((Step::Key(key), rest)) => self.member(key).at(rest),
            Some((Step::Index(_), rest)) => self.element.get_or_insert_default().at(rest),
        }
    }

    fn member(&mut self, key: &Text) -> &mut Self {
        let known = self.members.iter().position(|(other, _)| other == key);
        let at = known.unwrap_or_else(|| {
            self.members.push((key.clone(), Self::default()));
            self.members.len() - 1
        });
        &mut self.members[at].1
    }

    fn column(&mut self, column: &Column) {
        match &column.data_type {
            Type::Json | Type::Map(_) => self.is_whole = true,
            Type::Object(table) => {
                self.is_object = true;
                self.table(table);
            }
            Type::Array(element) => self.element.get_or_insert_default().column(element),
            Type::Union(members) => {
                for member in members {
                    self.column(member);
                }
            }
            _ => {}
        }
    }
}

/// A place of a record, for what is declared there.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct DeclaredAt<'d> {
    declared: Option<&'d Declared>,
    /// Whether a column takes it as it is, or what it is in.
    pub(super) is_whole: bool,
}

impl<'d> DeclaredAt<'d> {
    /// A place below.
    pub(super) fn step(self, step: &Step) -> Self {
        match step {
            Step::Key(key) => self.below(|declared| {
                let mut members = declared.members.iter();
                Some(&members.find(|(name, _)| name == key)?.1)
            }),
            Step::Index(_) => self.element(),
        }
    }

    /// Any element of a list.
    pub(super) fn element(self) -> Self {
        self.below(|declared| declared.element.as_deref())
    }

    fn below(self, find: impl Fn(&'d Declared) -> Option<&'d Declared>) -> Self {
        let declared = self.declared.and_then(find);
        Self {
            declared,
            is_whole: self.is_whole || declared.is_some_and(|declared| declared.is_whole),
        }
    }

    /// Whether a column is an object there.
    pub(super) fn has_object(self) -> bool {
        self.declared.is_some_and(|declared| declared.is_object)
    }

    /// The keys that are declared there.
    pub(super) fn keys(self) -> impl Iterator<Item = &'d Text> {
        let declared = self.declared.into_iter();
        declared.flat_map(|declared| declared.members.iter().map(|(key, _)| key))
    }
}
