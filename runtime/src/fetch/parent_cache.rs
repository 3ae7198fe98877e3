//! A cache of parent records, so that a load requests each parent once for all of its children.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::FetchSpec;
use crate::{
    Completeness, Result, Row, Rows, State,
    parent::{ParentCondition, ParentRecord},
    plan::{ParentPlan, ParentSelection, ResourcePlan},
    shared::Ref,
};

/// The most parents cached for one child, in bytes.
const MOST_BYTES: usize = 16 << 20;

/// A cache of parent records that consecutive fetches share, so that each parent is requested once: for
/// itself and for all of its children.
///
/// Create it for the resources to be fetched, parents first, and give it to each fetch by
/// [`Fetch::parent_cache`](crate::Fetch::parent_cache). A full fetch of a parent caches the values that
/// each child takes of its records. The fetch of the child takes them from the cache and removes them. An
/// incremental fetch of a parent caches nothing for most children, because those of all its records are wanted:
/// they are requested once more, for all children. For a child with `parents: changed` it caches the records, and
/// the child takes them if its own state is the one that this fetch started from.
///
/// The cache holds at most 16 MiB for a child, about 80,000 records of its parent. Each child of a larger
/// parent requests the parent itself.
///
/// ```
/// # use rest_source::{Client, ParentCache, Result, plan::ResourcePlan, shared::Ref};
/// # async fn example(client: &Client, resources: &[Ref<ResourcePlan>]) -> Result<()> {
/// let cache = ParentCache::of(resources);
/// for resource in resources {
///     let mut pages = client.rows(resource).parent_cache(&cache).pages();
///     while let Some(page) = pages.next().await {
///         println!("{} of {}", page?.len(), resource.name);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct ParentCache(Arc<Mutex<Vec<Child>>>);

/// A child that was not fetched yet, and one of its parents.
#[derive(Debug)]
struct Child {
    resource: Ref<ResourcePlan>,
    /// The plan of this parent alone.
    plan: ParentPlan,
    /// The parents, after a complete fetch.
    parents: Option<CachedParents>,
}

/// The parents that a complete fetch delivered.
#[derive(Debug)]
pub(super) struct CachedParents {
    pub(super) records: Vec<ParentRecord>,
    /// The state that the fetch started from, and the one that it had at its end.
    since: Option<State>,
    pub(super) state: Option<State>,
    /// What that fetch did not deliver.
    pub(super) completeness: Completeness,
}

impl ParentCache {
    /// A cache for fetches of these resources.
    pub fn of(resources: &[Ref<ResourcePlan>]) -> Self {
        // Resources between a child and its topmost parent are fetched too.
        let mut waiting: Vec<Ref<ResourcePlan>> = resources.iter().rev().cloned().collect();
        let mut children: Vec<Child> = Vec::new();
        while let Some(resource) = waiting.pop() {
            let Some(parents) = &resource.parent else {
                continue;
            };
            if children.iter().any(|child| is(&child.resource, &resource)) {
                continue;
            }
            waiting.extend(parents.resources().cloned());
            children.extend(parents.each().into_iter().map(|(plan, _)| Child {
                resource: resource.clone(),
                plan,
                parents: None,
            }));
        }
        Self(Arc::new(Mutex::new(children)))
    }

    /// Takes the records of a parent of this child, if those since this state are cached: all of them without a
    /// state.
    pub(super) fn take(
        &self,
        child: &ResourcePlan,
        parent: &ResourcePlan,
        since: Option<&State>,
    ) -> Option<CachedParents> {
        let mut children = self.lock();
        let is_it = |one: &Child| is(&one.resource, child) && is(&one.plan.resource, parent);
        let at = children.iter().position(is_it)?;
        let parents = children.swap_remove(at).parents;
        parents.filter(|parents| parents.since.as_ref() == since)
    }

    /// A recorder for this fetch, if it fetches all records of a parent.
    pub(super) fn recorder(&self, spec: &FetchSpec) -> Option<ParentRecorder> {
        let sees_all = spec.from.is_none()
            && spec.until.is_none()
            && spec.resume.is_none()
            && spec.before.is_none()
            && spec.limit.is_none()
            && spec.parent.is_none()
            && spec.table.is(&spec.resource.table);
        let children = self.lock();
        let is_child = |child: &&Child| {
            // What an upsert delivers is what a fetch for children needs.
            let is_wanted = spec.since.is_none()
                || spec.is_upsert && child.resource.parents == ParentSelection::Changed;
            is_wanted && child.parents.is_none() && is(&child.plan.resource, &spec.resource)
        };
        let seen: Vec<Recorded> = children
            .iter()
            .filter(is_child)
            .map(Recorded::new)
            .collect();
        (sees_all && !seen.is_empty()).then(|| ParentRecorder {
            parent_cache: self.clone(),
            seen,
            since: spec.since.clone(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Child>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether both are the same resource.
fn is(one: &ResourcePlan, other: &ResourcePlan) -> bool {
    one.name == other.name
}

/// Records the rows that one fetch delivers, for each child.
pub(super) struct ParentRecorder {
    parent_cache: ParentCache,
    seen: Vec<Recorded>,
    since: Option<State>,
}

struct Recorded {
    child: Ref<ResourcePlan>,
    plan: ParentPlan,
    condition: Result<Option<ParentCondition>>,
    parents: Vec<ParentRecord>,
    bytes: usize,
}

impl Recorded {
    fn new(child: &Child) -> Self {
        Self {
            child: child.resource.clone(),
            plan: child.plan.clone(),
            condition: ParentCondition::of(&child.resource),
            parents: Vec::new(),
            bytes: 0,
        }
    }
}

impl ParentRecorder {
    /// Records rows that were delivered.
    pub(super) fn record(&mut self, rows: &Rows) {
        self.seen.retain_mut(|seen| {
            let Ok(condition) = &seen.condition else {
                return false;
            };
            let holds = |row: &Row<'_>| condition.as_ref().is_none_or(|one| one.holds(*row));
            for row in rows.iter().filter(holds) {
                // The child's own fetch reports the error.
                let Ok(parents) = ParentRecord::of_row(&seen.plan, row) else {
                    return false;
                };
                seen.bytes += parents.iter().map(ParentRecord::bytes).sum::<usize>();
                seen.parents.extend(parents);
            }
            seen.bytes <= MOST_BYTES
        });
    }

    /// Caches the recorded parents, after a complete fetch.
    pub(super) fn store(self, completeness: &Completeness, state: Option<&State>) {
        let mut children = self.parent_cache.lock();
        for seen in self.seen {
            let child = children.iter_mut().find(|one| {
                is(&one.resource, &seen.child) && is(&one.plan.resource, &seen.plan.resource)
            });
            if let Some(child) = child {
                child.parents = Some(CachedParents {
                    records: seen.parents,
                    since: self.since.clone(),
                    state: state.cloned(),
                    completeness: completeness.clone(),
                });
            }
        }
    }
}
