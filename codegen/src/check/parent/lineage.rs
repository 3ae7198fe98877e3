//! Whose child a resource is.

use crate::check::pieces::{Piece, pieces};
use crate::check::template::NAMESPACES;
use crate::diagnostic::{Diagnostic, Span};
use crate::grammar::{endpoint, resource};
use crate::spec::{Text, View, text};
use crate::yaml::{Node, Value};

use super::{Check, Member};

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Lineage {
    Root,
    Unclear,
    ChildOf(usize),
}

/// A placeholder of a parent.
pub(super) struct Reference<'t> {
    pub(super) parent: &'t str,
    span: Span,
}

impl Check<'_> {
    /// The one parent that the placeholders of a resource name.
    pub(super) fn parent_of(&mut self, at: usize, members: &[Option<Member<'_>>]) -> Lineage {
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
        // One without a name may be the one that is meant.
        if members.iter().any(Option::is_none) {
            return Lineage::Unclear;
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
                &self.segment(&first.span, first.parent),
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
    pub(super) fn references<'t>(
        &self,
        resource: &View<'t>,
        members: &[Option<Member<'_>>],
    ) -> Vec<Reference<'t>> {
        let Some(endpoint) = resource.node(&resource::RESOURCE_ENDPOINT) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for key in endpoint::WITH_PARENT {
            if let Some(node) = endpoint.get(key.name) {
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

    /// Where each resource of a circle asks for something of the next, and what to say there.
    fn steps_of(&self, circle: &[usize], members: &[Option<Member<'_>>]) -> Vec<(Span, String)> {
        let member = |at: usize| members.get(at).and_then(Option::as_ref);
        let members_of = circle.iter().filter_map(|at| member(*at));
        members_of
            .filter_map(|one| {
                let reference = self.references(&one.view, members).into_iter().next()?;
                let label = format!("`{}` asks for `{}`", one.name.text, reference.parent);
                Some((reference.span, label))
            })
            .collect()
    }

    /// Nobody could be fetched first.
    pub(super) fn no_one_is_its_own_ancestor(&mut self, members: &mut [Option<Member<'_>>]) {
        for at in 0..members.len() {
            let Some(circle) = circle(at, members) else {
                continue;
            };
            let name = |at: &usize| members.get(*at).and_then(Option::as_ref).map(|m| m.name);
            let names: Vec<Text<'_>> = circle.iter().filter_map(name).collect();
            let steps = self.steps_of(&circle, members);
            if let Some(first) = names.first() {
                let mut way: Vec<String> = names
                    .iter()
                    .map(|name| format!("`{}`", name.text))
                    .collect();
                way.push(format!("`{}`", first.text));
                // The last step closes the circle.
                let (place, _) = steps
                    .last()
                    .cloned()
                    .unwrap_or((first.span.clone(), String::new()));
                let diagnostic = Diagnostic::error(
                    "RS0802",
                    &place,
                    format!("resource `{}` is its own ancestor", first.text),
                )
                .help("let one of them ask for nothing of another")
                .note(format!("each is the child of the next: {}", way.join(", ")));
                let others = steps.iter().rev().skip(1).rev();
                self.error(others.fold(diagnostic, |one, (place, label)| one.also(place, label)));
            }
            for at in circle {
                if let Some(Some(member)) = members.get_mut(at) {
                    member.parent = Lineage::Unclear;
                }
            }
        }
    }
}

/// `posts.id` of a placeholder, where there are posts.
fn without_namespace<'t>(inner: &'t str, members: &[Option<Member<'_>>]) -> Option<&'t str> {
    let (name, _) = inner.split_once('.')?;
    let is_namespace = NAMESPACES.contains(&name);
    let mut names = members.iter().flatten().map(|member| member.name.text);
    (!is_namespace && names.any(|one| one == name)).then_some(inner)
}

/// The resources, parents before their children. No one is its own ancestor by now.
pub(super) fn by_generation(members: &[Option<Member<'_>>]) -> Vec<usize> {
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
