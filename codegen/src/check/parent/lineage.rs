//! Whose child a resource is.

use crate::check::pieces::{Piece, pieces};
use crate::check::template::NAMESPACES;
use crate::check::tree;
use crate::diagnostic::{Diagnostic, Span};
use crate::grammar::{endpoint, resource};
use crate::spec::{Text, View, text};
use crate::yaml::{Node, Value};

use super::{Check, Member};

#[derive(Clone, PartialEq)]
pub(super) enum Lineage {
    Root,
    Unclear,
    /// Of these resources: at least one.
    ChildOf(Vec<usize>),
    /// Of itself.
    Tree,
}

/// A placeholder of a parent.
pub(super) struct Reference<'t> {
    pub(super) parent: &'t str,
    span: Span,
}

impl Check<'_> {
    /// The parents that the placeholders of a resource name, in their order.
    pub(super) fn parents_of(&mut self, at: usize, members: &[Option<Member<'_>>]) -> Lineage {
        let Some(Some(member)) = members.get(at) else {
            return Lineage::Root;
        };
        let references = self.references(&member.view, members);
        let mut parents = Vec::new();
        let mut named: Vec<&str> = Vec::new();
        let mut is_unclear = false;
        let endpoint = member.view.node(&resource::RESOURCE_ENDPOINT);
        let has_root = endpoint.is_some_and(|endpoint| endpoint.get(tree::ROOT.name).is_some());
        let is_own = |one: &Reference<'_>| has_root && one.parent == member.name.text;
        if references.iter().any(is_own) {
            return match references.iter().find(|one| !is_own(one)) {
                Some(other) => {
                    self.tree_has_no_parent(&other.span);
                    Lineage::Unclear
                }
                None => Lineage::Tree,
            };
        }
        for reference in &references {
            if named.contains(&reference.parent) {
                continue;
            }
            named.push(reference.parent);
            let is_it = |one: &Option<Member<'_>>| {
                one.as_ref()
                    .is_some_and(|one| one.name.text == reference.parent)
            };
            if let Some(parent) = members.iter().position(is_it) {
                parents.push(parent);
            } else {
                is_unclear = true;
                self.no_such_resource(reference, member, members);
            }
        }
        match parents.is_empty() {
            _ if is_unclear => Lineage::Unclear,
            true => Lineage::Root,
            false => Lineage::ChildOf(parents),
        }
    }

    fn tree_has_no_parent(&mut self, other: &Span) {
        let message = "a tree has no further parent";
        self.error(Diagnostic::error("RS0624", other, message).help(
            "take fields of the record above alone; `partitions` may list where trees begin",
        ));
    }

    fn no_such_resource(
        &mut self,
        reference: &Reference<'_>,
        child: &Member<'_>,
        members: &[Option<Member<'_>>],
    ) {
        // One without a name may be the one that is meant.
        if members.iter().any(Option::is_none) {
            return;
        }
        let mut others = Vec::new();
        for other in members.iter().flatten() {
            if other.name.text != child.name.text {
                others.push(other.name.text);
            }
        }
        self.error(
            Diagnostic::error(
                "RS0801",
                &self.segment(&reference.span, reference.parent),
                format!("there is no resource `{}`", reference.parent),
            )
            .meant(
                reference.parent,
                &others,
                "declare it in `resources`, with `selected: false` if only its children matter",
            )
            .note(format!("the others are: {}", others.join(", "))),
        );
    }

    /// Parents that depend on each other: the records of one would be combined with those of another's.
    pub(super) fn parents_are_independent(&mut self, members: &mut [Option<Member<'_>>]) {
        for at in 0..members.len() {
            let Some(conflict) = conflict(at, members) else {
                continue;
            };
            let Some(Some(child)) = members.get(at) else {
                continue;
            };
            let name = |at: usize| {
                members
                    .get(at)
                    .and_then(Option::as_ref)
                    .map_or("", |m| m.name.text)
            };
            let references = self.references(&child.view, members);
            let place = |parent: usize| {
                let is_it = |one: &&Reference<'_>| one.parent == name(parent);
                references.iter().find(is_it).map(|one| one.span.clone())
            };
            let (first, second, of) = (
                name(conflict.first),
                name(conflict.second),
                name(conflict.of),
            );
            let (Some(here), Some(there)) = (place(conflict.second), place(conflict.first)) else {
                continue;
            };
            let message = format!("the parents `{first}` and `{second}` are not independent");
            let diagnostic = Diagnostic::error("RS0803", &here, message);
            let lower = match conflict {
                Conflict { first: one, of, .. } if of == one => Some(second),
                Conflict {
                    second: one, of, ..
                } if of == one => Some(first),
                _ => None,
            };
            let diagnostic = match lower {
                Some(lower) => diagnostic
                    .label(format!("`{lower}` is fetched for the records of `{of}`"))
                    .help(format!(
                        "take all fields of `{lower}`; what is of `{of}` comes with it by `include_from_parent`"
                    )),
                None => diagnostic
                    .label(format!("both are fetched for the records of `{of}`"))
                    .help(format!(
                        "name one of them: the other's would be combined with it across all records of `{of}`"
                    )),
            };
            self.error(diagnostic.also(&there, "the other parent"));
            if let Some(Some(child)) = members.get_mut(at) {
                child.parent = Lineage::Unclear;
            }
        }
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
        let next = circle.iter().cycle().skip(1);
        let steps = circle.iter().zip(next);
        steps
            .filter_map(|(at, next)| {
                let (one, next) = (member(*at)?, member(*next)?);
                let mut references = self.references(&one.view, members).into_iter();
                let reference = references.find(|reference| reference.parent == next.name.text)?;
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
                .help(if names.len() == 1 {
                    "if its records are a tree, say how the first ones are requested, by `root: { path: … }` in the \
                     endpoint; otherwise take the fields of another resource"
                } else {
                    "let one of them ask for nothing of another"
                })
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
    let mut order = Vec::with_capacity(members.len());
    let mut is_done = vec![false; members.len()];
    while order.len() < members.len() {
        let is_ready =
            |at: &usize| !is_done[*at] && parents(*at, members).iter().all(|one| is_done[*one]);
        let ready: Vec<usize> = (0..members.len()).filter(is_ready).collect();
        if ready.is_empty() {
            break;
        }
        for at in &ready {
            is_done[*at] = true;
        }
        order.extend(ready);
    }
    order
}

fn parents<'m>(at: usize, members: &'m [Option<Member<'_>>]) -> &'m [usize] {
    match members.get(at) {
        Some(Some(Member {
            parent: Lineage::ChildOf(parents),
            ..
        })) => parents,
        _ => &[],
    }
}

/// A resource and its ancestors.
fn line(at: usize, members: &[Option<Member<'_>>]) -> Vec<usize> {
    let mut line = vec![at];
    let mut next = 0;
    while let Some(one) = line.get(next) {
        for parent in parents(*one, members) {
            if !line.contains(parent) {
                line.push(*parent);
            }
        }
        next += 1;
    }
    line
}

/// Two parents, and the resource that is in the line of both.
#[derive(Clone, Copy)]
struct Conflict {
    first: usize,
    second: usize,
    of: usize,
}

/// The first parents of a resource that depend on each other.
fn conflict(at: usize, members: &[Option<Member<'_>>]) -> Option<Conflict> {
    let parents = parents(at, members);
    let lines: Vec<Vec<usize>> = match parents {
        [_, _, ..] => parents.iter().map(|one| line(*one, members)).collect(),
        _ => return None,
    };
    let pairs = (1..parents.len()).flat_map(|second| (0..second).map(move |first| (first, second)));
    let mut conflicts = pairs.filter_map(|(first, second)| {
        let mut shared = lines.get(first)?.iter();
        let of = *shared.find(|one| lines.get(second).is_some_and(|line| line.contains(one)))?;
        Some(Conflict {
            first: *parents.get(first)?,
            second: *parents.get(second)?,
            of,
        })
    });
    conflicts.next()
}

/// From a resource to itself again, where that is its descent.
fn circle(at: usize, members: &[Option<Member<'_>>]) -> Option<Vec<usize>> {
    let mut is_seen = vec![false; members.len()];
    let mut way: Vec<(usize, std::slice::Iter<'_, usize>)> =
        vec![(at, parents(at, members).iter())];
    while let Some((_, rest)) = way.last_mut() {
        match rest.next() {
            Some(parent) if *parent == at => {
                return Some(way.iter().map(|(one, _)| *one).collect());
            }
            Some(parent) => {
                if let Some(seen @ false) = is_seen.get_mut(*parent) {
                    *seen = true;
                    way.push((*parent, parents(*parent, members).iter()));
                }
            }
            None => {
                way.pop();
            }
        }
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
