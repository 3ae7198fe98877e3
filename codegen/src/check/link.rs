//! The plans of resources, each child's with that of its parent.

use crate::connector::{List, ParentField, ParentPlan, Record, Ref, Resource, ResourcePlan, Text};
use crate::diagnostic::Span;

/// A checked resource whose plan lacks its parent.
pub(super) struct Unlinked {
    pub plan: ResourcePlan,
    /// The position of its parent in the spec, and what is taken of that.
    pub parent: Option<(usize, List<ParentField>)>,
    /// Where it says that it is fetched for changed parents.
    pub changed_parents: Option<Span>,
    pub record: Record,
    pub description: Option<Text>,
    pub path_params: Vec<String>,
}

/// Gives each resource its parent. None is its own ancestor: that was checked.
pub(super) fn link(mut unlinked: Vec<Option<Unlinked>>) -> Vec<Resource> {
    let mut resources: Vec<Option<Resource>> = unlinked.iter().map(|_| None).collect();
    for at in 0..unlinked.len() {
        let mut ancestors = vec![at];
        while let Some(parent) = ancestors.last().and_then(|at| parent_of(&unlinked, *at)) {
            ancestors.push(parent);
        }
        while let Some(at) = ancestors.pop() {
            if let Some(one) = unlinked.get_mut(at).and_then(Option::take) {
                let resource = linked(one, &resources);
                resources[at] = Some(resource);
            }
        }
    }
    resources.into_iter().flatten().collect()
}

/// The position of a parent that is not linked yet.
fn parent_of(unlinked: &[Option<Unlinked>], at: usize) -> Option<usize> {
    let (parent, _) = unlinked.get(at)?.as_ref()?.parent.as_ref()?;
    unlinked.get(*parent)?.is_some().then_some(*parent)
}

fn linked(mut one: Unlinked, resources: &[Option<Resource>]) -> Resource {
    if let Some((parent, fields)) = one.parent
        && let Some(Some(parent)) = resources.get(parent)
    {
        let resource = parent.plan.clone();
        one.plan.parent = Some(ParentPlan { resource, fields }.into());
    }
    Resource {
        plan: Ref::from(one.plan),
        description: one.description,
        record: one.record,
        path_params: one.path_params,
    }
}
