//! The plans of resources, each child's with that of its parent.

use crate::connector::{List, ParentField, ParentPlan, Record, Ref, Resource, ResourcePlan, Text};
use crate::diagnostic::Span;

/// A checked resource whose plan lacks its parent.
pub(super) struct Unlinked {
    pub plan: ResourcePlan,
    /// The positions of its parents in the spec, and what is taken of them.
    pub parent: Option<(Vec<usize>, List<ParentField>)>,
    /// Where it says that it is fetched for changed parents.
    pub changed_parents: Option<Span>,
    pub record: Record,
    pub description: Option<Text>,
    pub path_params: Vec<String>,
}

/// Gives each resource its parents. None is its own ancestor: that was checked.
pub(super) fn link(mut unlinked: Vec<Option<Unlinked>>) -> Vec<Resource> {
    let mut resources: Vec<Option<Resource>> = unlinked.iter().map(|_| None).collect();
    for at in 0..unlinked.len() {
        let mut waiting = vec![at];
        while let Some(at) = waiting.last().copied() {
            if let Some(parent) = unlinked_parent(&unlinked, at) {
                waiting.push(parent);
                continue;
            }
            waiting.pop();
            if let Some(one) = unlinked.get_mut(at).and_then(Option::take) {
                let resource = linked(one, &resources);
                resources[at] = Some(resource);
            }
        }
    }
    resources.into_iter().flatten().collect()
}

/// The position of the first parent that is not linked yet.
fn unlinked_parent(unlinked: &[Option<Unlinked>], at: usize) -> Option<usize> {
    let (parents, _) = unlinked.get(at)?.as_ref()?.parent.as_ref()?;
    let mut parents = parents.iter();
    let is_unlinked = |at: &&usize| matches!(unlinked.get(**at), Some(Some(_)));
    parents.find(is_unlinked).copied()
}

fn linked(mut one: Unlinked, resources: &[Option<Resource>]) -> Resource {
    if let Some((parents, fields)) = one.parent {
        let plans = parents
            .iter()
            .map(|at| Some(resources.get(*at)?.as_ref()?.plan.clone()));
        if let Some([resource, others @ ..]) = plans.collect::<Option<Vec<_>>>().as_deref() {
            one.plan.parent = Some(
                ParentPlan {
                    resource: resource.clone(),
                    others: others.to_vec().into(),
                    fields,
                }
                .into(),
            );
        }
    }
    Resource {
        plan: Ref::from(one.plan),
        description: one.description,
        record: one.record,
        path_params: one.path_params,
    }
}
