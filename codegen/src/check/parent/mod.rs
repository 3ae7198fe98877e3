//! Parents: the resource for whose records another is fetched.
//!
//! A resource is a child by a placeholder `{resources.PARENT.FIELD}` in its endpoint. The columns of
//! all resources are made first, parents before their children, since a child may carry columns of
//! its parent, and its own children these.

mod fields;

use std::rc::Rc;

use crate::connector::{Column, Decode, ParentField, Path, Record, Struct, Type};
use crate::diagnostic::{Diagnostic, Span};
use crate::grammar;
use crate::spec::{Spec, Text, View, text};
use crate::yaml::{Node, Value};

use super::columns::UNKNOWN;
use super::pieces::{Piece, pieces};
use super::template::NAMESPACES;
use super::{Check, keys, names};

/// What a resource has of its parent.
#[derive(Clone, Debug)]
pub(super) struct Kin {
    pub record: Record,
    pub parent: Parent,
    /// What its records take of the parent's.
    pub fields: Vec<Taken>,
}

/// The parent, where a placeholder stands.
#[derive(Clone, Debug, Default)]
pub(super) enum Parent {
    /// Nothing of a parent may stand here.
    #[default]
    Nowhere,
    /// What is wrong with it was reported.
    Unclear,
    Known(Rc<Known>),
}

/// A parent that there is.
#[derive(Debug)]
pub(super) struct Known {
    /// Position among the resources.
    pub at: usize,
    name: String,
    record: Rc<Struct>,
    /// The keys of its columns, those with a mistake among them.
    keys: Vec<String>,
}

impl Known {
    /// Its name in the spec.
    pub(super) fn name(&self) -> &str {
        &self.name
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
    data_type: Type,
}

/// A resource while the family is found out.
struct Member<'t> {
    view: View<'t>,
    name: Text<'t>,
    record: Record,
    parent: Lineage,
}

#[derive(Clone, Copy, PartialEq)]
enum Lineage {
    Root,
    Unclear,
    ChildOf(usize),
}

/// A placeholder of a parent.
struct Reference<'t> {
    parent: &'t str,
    span: Span,
}

impl Parent {
    /// Whether it is the resource of this name.
    pub(super) fn is_called(&self, name: &str) -> bool {
        matches!(self, Self::Known(parent) if parent.name == name)
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
            let parent = self.parent_of(at, &members);
            if let Some(member) = &mut members[at] {
                member.parent = parent;
            }
        }
        self.no_one_is_its_own_ancestor(&mut members);
        let mut kin: Vec<Option<Kin>> = members.iter().map(|_| None).collect();
        for at in by_generation(&members) {
            kin[at] = self.kin(&members, at, &kin);
        }
        kin
    }

    fn member_of_family<'t>(&mut self, node: &'t Node) -> Option<Member<'t>> {
        let view = View::new(node, &grammar::RESOURCE);
        let name = view.identifier("name")?;
        self.method_is_free(name);
        Some(Member {
            view,
            name,
            record: self.record(&view, name),
            parent: Lineage::Root,
        })
    }

    /// The one parent that the placeholders of a resource name.
    fn parent_of(&mut self, at: usize, members: &[Option<Member<'_>>]) -> Lineage {
        let Some(Some(member)) = members.get(at) else {
            return Lineage::Root;
        };
        let references = self.references(&member.view, members);
        let Some(first) = references.first() else {
            return Lineage::Root;
        };
        if let Some(second) = references.iter().find(|one| one.parent != first.parent) {
            self.error(
                Diagnostic::error(
                    "RS0803",
                    &second.span,
                    format!("resource `{}` has two parents", member.name.text),
                )
                .label(format!("`{}` is another", second.parent))
                .help("take all fields of one; what is of its own parent comes with it by `include_from_parent`")
                .also(&first.span, format!("`{}` is its parent here", first.parent)),
            );
            return Lineage::Unclear;
        }
        let is_parent = |one: &Option<Member<'_>>| {
            one.as_ref()
                .is_some_and(|one| one.name.text == first.parent)
        };
        if let Some(parent) = members.iter().position(is_parent) {
            return Lineage::ChildOf(parent);
        }
        let mut others = Vec::new();
        for other in members.iter().flatten() {
            if other.name.text != member.name.text {
                others.push(other.name.text);
            }
        }
        self.error(
            Diagnostic::error(
                "RS0801",
                &first.span,
                format!("there is no resource `{}`", first.parent),
            )
            .meant(
                first.parent,
                &others,
                "declare it in `resources`, with `selected: false` if only its children matter",
            )
            .note(format!("the others are: {}", others.join(", "))),
        );
        Lineage::Unclear
    }

    /// The placeholders of parents in an endpoint, in order; those among them that lack `resources.`,
    /// which is reported where their values are looked up.
    fn references<'t>(
        &self,
        resource: &View<'t>,
        members: &[Option<Member<'_>>],
    ) -> Vec<Reference<'t>> {
        let Some(endpoint) = resource.node("endpoint") else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for key in ["path", "params", "headers", "json", "data"] {
            if let Some(node) = endpoint.get(key) {
                each_text(node, &mut |text| {
                    for piece in pieces(text.text) {
                        let Piece::Placeholder(inner) = piece else {
                            continue;
                        };
                        let of_resource = inner.strip_prefix("resources.");
                        let Some(field) = of_resource.or_else(|| without_namespace(inner, members))
                        else {
                            continue;
                        };
                        found.push(Reference {
                            parent: field.split(['.', '[']).next().unwrap_or(field),
                            span: self.part_of(text.span, &format!("{{{inner}}}")),
                        });
                    }
                });
            }
        }
        found
    }

    /// Nobody could be fetched first.
    fn no_one_is_its_own_ancestor(&mut self, members: &mut [Option<Member<'_>>]) {
        for at in 0..members.len() {
            let Some(circle) = circle(at, members) else {
                continue;
            };
            let name = |at: &usize| members.get(*at).and_then(Option::as_ref).map(|m| m.name);
            let names: Vec<Text<'_>> = circle.iter().filter_map(name).collect();
            if let Some(first) = names.first() {
                let mut way: Vec<String> = names
                    .iter()
                    .map(|name| format!("`{}`", name.text))
                    .collect();
                way.push(format!("`{}`", first.text));
                self.error(
                    Diagnostic::error(
                        "RS0802",
                        first.span,
                        format!("resource `{}` is its own ancestor", first.text),
                    )
                    .help("let one of them ask for nothing of another")
                    .note(format!("each is the child of the next: {}", way.join(", "))),
                );
            }
            for at in circle {
                if let Some(Some(member)) = members.get_mut(at) {
                    member.parent = Lineage::Unclear;
                }
            }
        }
    }

    /// A resource whose parent is known by now.
    fn kin(
        &mut self,
        members: &[Option<Member<'_>>],
        at: usize,
        kin: &[Option<Kin>],
    ) -> Option<Kin> {
        let member = members.get(at)?.as_ref()?;
        let parent = match member.parent {
            Lineage::Root => Parent::Nowhere,
            Lineage::Unclear => Parent::Unclear,
            Lineage::ChildOf(parent) => {
                let of = members.get(parent).and_then(Option::as_ref);
                let record = kin
                    .get(parent)
                    .and_then(Option::as_ref)
                    .map(|kin| &kin.record);
                match (of, record) {
                    (Some(of), Some(record)) => self.known(parent, of, record, member),
                    _ => Parent::Unclear,
                }
            }
        };
        let mut kin = Kin {
            record: member.record.clone(),
            parent,
            fields: Vec::new(),
        };
        self.include_from_parent(member, members, &mut kin);
        if let (Record::Struct(record), Some(columns)) =
            (&mut kin.record, member.view.node("columns"))
        {
            self.keys(&member.view, member.name, columns, record);
        }
        Some(kin)
    }

    fn known(&mut self, at: usize, of: &Member<'_>, record: &Record, child: &Member<'_>) -> Parent {
        let columns = of.view.node("columns");
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
            return Parent::Unclear;
        };
        let keys = columns.map(Node::entries).unwrap_or_default();
        let mut record = record.clone();
        if self.key_is_unclear(&of.view) {
            // Each of its columns may have been meant to be in its key.
            for column in &mut record.columns {
                column.nullable = false;
            }
        }
        Parent::Known(Rc::new(Known {
            at,
            name: of.name.text.to_owned(),
            record: Rc::new(record),
            keys: keys.iter().map(|entry| entry.key.name.clone()).collect(),
        }))
    }

    /// Columns of the parent's records in the child's.
    fn include_from_parent(
        &mut self,
        member: &Member<'_>,
        members: &[Option<Member<'_>>],
        kin: &mut Kin,
    ) {
        let Some(entry) = member.view.entry("include_from_parent") else {
            return;
        };
        let parent = match &kin.parent {
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
            Parent::Known(parent) => Rc::clone(parent),
        };
        let Record::Struct(record) = &mut kin.record else {
            if member.view.node("columns").is_some() {
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
            let Some(at) = keys::position(&parent.record, name.text) else {
                self.no_such_column(&parent, name.text, name.span);
                record.columns.push(guessed(&parent.name, name.text));
                continue;
            };
            let Some(of) = parent.record.columns.get(at) else {
                continue;
            };
            let taken = Taken {
                field: ParentField {
                    column: at,
                    path: Path::default(),
                },
                nullable: of.nullable,
                data_type: of.data_type.clone(),
            };
            let column = included(&parent, of, take(&mut kin.fields, taken));
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
                let columns = member.view.node("columns").map(Node::entries);
                let own = columns.unwrap_or_default().iter();
                if let Some(own) = own.into_iter().find(|own| own.key.name == same.key) {
                    diagnostic = diagnostic.also(&own.key.span, "the other is here");
                }
                self.error(diagnostic);
                continue;
            }
            record.columns.push(column);
        }
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
        let names = member.view.texts("include_from_parent");
        let columns = names
            .into_iter()
            .map(|name| guessed(first.parent, name.text));
        record.columns.extend(columns);
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
                span,
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

/// `posts.id` of a placeholder, where there are posts.
fn without_namespace<'t>(inner: &'t str, members: &[Option<Member<'_>>]) -> Option<&'t str> {
    let (name, _) = inner.split_once('.')?;
    let is_namespace = NAMESPACES.contains(&name);
    let mut names = members.iter().flatten().map(|member| member.name.text);
    (!is_namespace && names.any(|one| one == name)).then_some(inner)
}

/// Adds what is taken, unless it is taken already; its position.
fn take(fields: &mut Vec<Taken>, taken: Taken) -> u16 {
    let at = fields.iter().position(|one| one.field == taken.field);
    let at = at.unwrap_or_else(|| {
        fields.push(taken);
        fields.len() - 1
    });
    u16::try_from(at).unwrap_or(u16::MAX)
}

/// The column of a child that is a copy of the parent's.
fn included(parent: &Known, of: &Column, field: u16) -> Column {
    Column {
        data_type: match &of.data_type {
            Type::Object(_) | Type::Array(_) | Type::Map(_) | Type::Union(_) => Type::Json,
            scalar => scalar.clone(),
        },
        nullable: of.nullable,
        parent: Some(field),
        line: of.line,
        description: of.description.clone(),
        ..guessed(&parent.name, &of.name)
    }
}

/// What is known of an included column by its name alone.
fn guessed(parent: &str, column: &str) -> Column {
    let name = format!("_{}_{column}", names::snake(parent));
    Column {
        ident: names::ident(&name),
        key: name.clone(),
        name,
        from: None,
        data_type: UNKNOWN,
        nullable: false,
        explicit: false,
        primary_key: false,
        merge_key: false,
        decode: Decode::Native,
        parent: None,
        line: 0,
        description: None,
    }
}

fn is_same(one: &Column, other: &Column) -> bool {
    one.name.eq_ignore_ascii_case(&other.name) || one.ident == other.ident
}

/// The resources, parents before their children. No one is its own ancestor by now.
fn by_generation(members: &[Option<Member<'_>>]) -> Vec<usize> {
    let mut generations: Vec<Vec<usize>> = Vec::new();
    for at in 0..members.len() {
        let generation = ancestors(at, members).count();
        if generations.len() <= generation {
            generations.resize(generation + 1, Vec::new());
        }
        generations[generation].push(at);
    }
    generations.concat()
}

/// The parent, its parent and so on, at most as many as there are resources.
fn ancestors<'m>(
    at: usize,
    members: &'m [Option<Member<'_>>],
) -> impl Iterator<Item = usize> + use<'m> {
    let parent = |at: &usize| match members.get(*at)?.as_ref()?.parent {
        Lineage::ChildOf(parent) => Some(parent),
        _ => None,
    };
    std::iter::successors(parent(&at), parent).take(members.len())
}

/// From a resource to itself again, where that is its descent.
fn circle(at: usize, members: &[Option<Member<'_>>]) -> Option<Vec<usize>> {
    let mut circle = vec![at];
    for ancestor in ancestors(at, members) {
        if ancestor == at {
            return Some(circle);
        }
        circle.push(ancestor);
    }
    None
}

/// Calls with every text within.
fn each_text<'t>(node: &'t Node, call: &mut impl FnMut(Text<'t>)) {
    match &node.value {
        Value::Scalar(_) => {
            if let Some(text) = text(node) {
                call(text);
            }
        }
        Value::List(elements) => elements.iter().for_each(|one| each_text(one, call)),
        Value::Map(entries) => entries.iter().for_each(|one| each_text(&one.value, call)),
    }
}
