//! Parents: the resource for whose records another is fetched.
//!
//! A resource is a child by a placeholder `{resources.PARENT.FIELD}` in its endpoint. The columns of
//! all resources are made first, parents before their children, since a child may carry columns of
//! its parent, and its own children these.

pub(crate) mod batch;
pub(crate) mod changed;
pub(crate) mod condition;
mod elements;
mod fields;
pub(super) mod include;
mod lineage;
pub(super) mod several;

use std::rc::Rc;

use crate::connector::{Column, ParentField, Record, Struct, Typed};
use crate::diagnostic::{Diagnostic, Span};
use crate::grammar;
use crate::grammar::{endpoint, resource};
use crate::spec::{Spec, Text, View};
use crate::yaml::Node;

use super::columns::UNKNOWN;
use super::partitions::Partitions;
use super::resource::columns_of;
use super::{Check, keys};
use lineage::{Lineage, by_generation};

/// What a resource has of its parent.
#[derive(Clone, Debug)]
pub(super) struct Kin {
    pub record: Record,
    pub parent: Parent,
    /// What its records take of the parent's.
    pub fields: Vec<Taken>,
    pub partitions: Partitions,
}

/// The parents, where a placeholder stands.
#[derive(Clone, Debug, Default)]
pub(super) enum Parent {
    /// Nothing of a parent may stand here.
    #[default]
    Nowhere,
    /// What is wrong with it was reported.
    Unclear,
    Known(Rc<[Known]>),
}

impl Parent {
    /// The parents that there are.
    pub(super) fn known(&self) -> Option<&Rc<[Known]>> {
        match self {
            Self::Known(parents) => Some(parents),
            Self::Nowhere | Self::Unclear => None,
        }
    }
}

/// A parent that there is.
#[derive(Debug)]
pub(super) struct Known {
    /// Position among the resources.
    pub at: usize,
    /// Position among the parents of the child.
    of: u16,
    name: String,
    /// Whether it is the child itself: the record above in a tree.
    is_tree: bool,
    record: Rc<Struct>,
    /// The keys of its columns, those with a mistake among them.
    keys: Vec<String>,
}

impl Known {
    /// Its name in the spec.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is the child itself: the record above in a tree.
    pub(super) fn is_tree(&self) -> bool {
        self.is_tree
    }

    /// Whether a field is of it.
    pub(super) fn has(&self, field: &ParentField) -> bool {
        field.of == self.of
    }

    /// How `include_from_parent` names a column of it, beside other parents or alone.
    pub(super) fn included_name(&self, column: &str, has_others: bool) -> String {
        if has_others {
            format!("{}.{column}", self.name)
        } else {
            column.to_owned()
        }
    }

    /// The columns of its key, with their positions.
    pub(super) fn primary_key(&self) -> impl Iterator<Item = (usize, &Column)> {
        let columns = self.record.columns.iter().enumerate();
        columns.filter(|(_, column)| column.primary_key)
    }
}

/// A value that a child takes of its parent's records.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub field: ParentField,
    /// Whether there may be none.
    nullable: bool,
    /// Whether the list that it is an element of may be null.
    of_nullable_list: bool,
    /// Whether a key column holds it: the check of keys reports a null there.
    is_in_key: bool,
    typed: Typed,
}

impl Taken {
    /// Whether it, or the list that it is an element of, may be null.
    fn may_be_null(&self) -> bool {
        self.nullable || self.of_nullable_list
    }
}

/// A resource while the family is found out.
struct Member<'t> {
    view: View<'t>,
    name: Text<'t>,
    record: Record,
    parent: Lineage,
}

impl Parent {
    /// Whether one of them is the resource of this name.
    pub(super) fn is_called(&self, name: &str) -> bool {
        let mut parents = self.known().into_iter().flat_map(|parents| parents.iter());
        parents.any(|parent| parent.name == name)
    }
}

impl Check<'_> {
    /// What each resource is and whose child; nothing of one without a name.
    pub(super) fn family(&mut self, spec: &Spec) -> Vec<Option<Kin>> {
        let mut members: Vec<Option<Member<'_>>> = spec
            .resources
            .iter()
            .map(|node| self.member_of_family(node))
            .collect();
        for at in 0..members.len() {
            let parent = self.parents_of(at, &members);
            if let Some(member) = &mut members[at] {
                member.parent = parent;
            }
        }
        self.no_one_is_its_own_ancestor(&mut members);
        self.parents_are_independent(&mut members);
        let mut kin: Vec<Option<Kin>> = members.iter().map(|_| None).collect();
        for at in by_generation(&members) {
            kin[at] = self.kin(&members, at, &kin);
        }
        kin
    }

    fn member_of_family<'t>(&mut self, node: &'t Node) -> Option<Member<'t>> {
        let view = View::new(node, &grammar::RESOURCE);
        let name = view.identifier(&resource::NAME)?;
        if self.method_is_free(name) {
            self.table_is_free(&view, name);
        }
        Some(Member {
            view,
            name,
            record: self.record(&view, name),
            parent: Lineage::Root,
        })
    }

    /// A resource whose parent is known by now.
    fn kin(
        &mut self,
        members: &[Option<Member<'_>>],
        at: usize,
        kin: &[Option<Kin>],
    ) -> Option<Kin> {
        let member = members.get(at)?.as_ref()?;
        let parent = match &member.parent {
            Lineage::Root if self.may_be_child(member) => Parent::Unclear,
            Lineage::Root => Parent::Nowhere,
            Lineage::Unclear => Parent::Unclear,
            Lineage::Tree => {
                let above = keyed(&member.view, &member.record);
                match self.known((at, 0), member, &above, member) {
                    Some(known) => Parent::Known(
                        [Known {
                            is_tree: true,
                            ..known
                        }]
                        .into(),
                    ),
                    None => Parent::Unclear,
                }
            }
            Lineage::ChildOf(parents) => {
                let known = parents.iter().zip(0..).map(|(at, of)| {
                    let parent = members.get(*at)?.as_ref()?;
                    let record = &kin.get(*at)?.as_ref()?.record;
                    self.known((*at, of), parent, record, member)
                });
                let known: Vec<Option<Known>> = known.collect();
                match known.into_iter().collect::<Option<Rc<[Known]>>>() {
                    Some(known) => Parent::Known(known),
                    None => Parent::Unclear,
                }
            }
        };
        let mut kin = Kin {
            record: member.record.clone(),
            parent,
            fields: Vec::new(),
            partitions: self.partitions(&member.view),
        };
        self.include_from_parent(member, members, &mut kin);
        self.include_from_config(&member.view, member.name, &mut kin.record);
        self.include_from_partition(&member.view, member.name, &kin.partitions, &mut kin.record);
        if let (Record::Struct(record), Some(columns)) = (&mut kin.record, columns_of(&member.view))
        {
            let is_unclear = matches!(kin.parent, Parent::Unclear);
            self.keys(&member.view, member.name, columns, record, is_unclear);
            let keys = record
                .columns
                .iter()
                .filter(|column| column.primary_key || column.merge_key);
            for at in keys.filter_map(|column| column.parent) {
                if let Some(taken) = kin.fields.get_mut(usize::from(at)) {
                    taken.is_in_key = true;
                }
            }
        }
        Some(kin)
    }

    /// Whether a mistake may hide the placeholder that would name the parent of a resource.
    fn may_be_child(&self, member: &Member<'_>) -> bool {
        let endpoint = member.view.node(&resource::RESOURCE_ENDPOINT);
        self.sink
            .is_unclear(member.view.node, resource::RESOURCE_ENDPOINT.name)
            || endpoint.is_some_and(|endpoint| {
                endpoint::WITH_PARENT
                    .iter()
                    .any(|key| self.sink.is_unclear(endpoint, key.name))
            })
    }

    fn known(
        &mut self,
        (at, nth): (usize, u16),
        of: &Member<'_>,
        record: &Record,
        child: &Member<'_>,
    ) -> Option<Known> {
        let columns = columns_of(&of.view);
        let Record::Struct(record) = record else {
            // Columns that are missing are missed elsewhere.
            if columns.is_some() {
                self.error(
                    Diagnostic::error(
                        "RS0804",
                        child.name.span,
                        format!(
                            "the records of the parent `{}` are untyped, so `{}` can take nothing of them",
                            of.name.text, child.name.text
                        ),
                    )
                    .help("declare the parent's columns, at least those that are needed")
                    .also(of.name.span, "the parent"),
                );
            }
            return None;
        };
        let keys = columns.map(Node::entries).unwrap_or_default();
        let mut record = record.clone();
        if self.key_is_unclear(&of.view) {
            // Each of its columns may have been meant to be in its key.
            for column in &mut record.columns {
                column.nullable = false;
            }
        }
        Some(Known {
            at,
            of: nth,
            name: of.name.text.to_owned(),
            is_tree: false,
            record: Rc::new(record),
            keys: keys.iter().map(|entry| entry.key.name.clone()).collect(),
        })
    }

    fn no_such_column(&mut self, parent: &Known, name: &str, span: &Span) {
        // A column that has a mistake of its own is there all the same.
        if parent.keys.iter().any(|key| key == name) {
            return;
        }
        let known = parent.record.column_names();
        self.error(
            Diagnostic::error(
                "RS0805",
                &self.segment(span, name),
                format!("the parent `{}` has no column `{name}`", parent.name),
            )
            .meant(
                name,
                &known,
                &format!("declare it in the columns of `{}`", parent.name),
            )
            .note(format!("its columns are: {}", known.join(", "))),
        );
    }
}

/// A record with the columns of its key known, before its other columns are complete.
fn keyed(view: &View<'_>, record: &Record) -> Record {
    let mut record = record.clone();
    if let Record::Struct(own) = &mut record {
        let key = view.texts(&resource::PRIMARY_KEY);
        for column in &mut own.columns {
            if key.iter().any(|name| column.name == name.text) {
                (column.primary_key, column.nullable) = (true, false);
            }
        }
    }
    record
}

/// Adds what is taken, unless it is taken already; its position.
fn take(fields: &mut Vec<Taken>, taken: Taken) -> u16 {
    let at = fields.iter().position(|one| one.field == taken.field);
    position(at.unwrap_or_else(|| {
        fields.push(taken);
        fields.len() - 1
    }))
}

/// A position in a list. A spec is not as long as these numbers reach.
pub(super) fn position(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}
