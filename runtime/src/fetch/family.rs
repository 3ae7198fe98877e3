//! What the fetches of a load know of parents, so that each is asked for once for all its children.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Job;
use crate::{Completeness, Rows, parent::ParentRecord, plan::ResourcePlan, shared::Ref};

/// The most that is remembered for one child, in bytes.
const MOST_BYTES: usize = 16 << 20;

/// Fetches that follow each other and share what they see of parents, so that the records of a parent
/// are asked for once: for itself, and for all of its children.
///
/// It is made for the resources that are to be fetched, each of them once, parents first, and given to
/// each fetch by [`Fetch::within`](crate::Fetch::within). A fetch of all there is of a parent remembers
/// what each child takes of its records; the child's fetch takes that in place of asking for them
/// again, and it is forgotten. A parent of which only what is new was fetched is asked for once more,
/// for all of its children: they are those of every record, not only of the new ones.
///
/// At most 16 MiB are remembered for a child, which is some 80,000 records of its parent. Of a parent
/// with more of them, each child asks for itself; beside a request or more for each of so many
/// parents, those are few.
///
/// ```
/// # use rest_source::{Client, Family, Result, plan::ResourcePlan, shared::Ref};
/// # async fn example(client: &Client, resources: &[Ref<ResourcePlan>]) -> Result<()> {
/// let family = Family::of(resources);
/// for resource in resources {
///     let mut pages = client.rows(resource).within(&family).pages();
///     while let Some(page) = pages.next().await {
///         println!("{} of {}", page?.len(), resource.name);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Family(Arc<Mutex<Vec<Child>>>);

/// A resource whose fetch is still to begin, and has a parent.
#[derive(Debug)]
struct Child {
    resource: Ref<ResourcePlan>,
    /// All of them, where they were all seen.
    parents: Option<Known>,
}

/// All records of a parent, as an earlier fetch saw them.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) records: Vec<ParentRecord>,
    /// What that fetch did not deliver.
    pub(super) completeness: Completeness,
}

impl Family {
    /// For fetches of these resources.
    pub fn of(resources: &[Ref<ResourcePlan>]) -> Self {
        // Those between them and a parent are fetched too, for them.
        let lines = resources.iter().flat_map(|resource| {
            std::iter::successors(Some(resource), |resource| {
                Some(&resource.parent.as_ref()?.resource)
            })
        });
        let mut children: Vec<Child> = Vec::new();
        for resource in lines.filter(|resource| resource.parent.is_some()) {
            if !children.iter().any(|child| is(&child.resource, resource)) {
                children.push(Child {
                    resource: resource.clone(),
                    parents: None,
                });
            }
        }
        Self(Arc::new(Mutex::new(children)))
    }

    /// The parents of a child whose fetch begins, where they are known.
    pub(super) fn take(&self, child: &ResourcePlan) -> Option<Known> {
        let mut children = self.lock();
        let at = children.iter().position(|one| is(&one.resource, child))?;
        children.swap_remove(at).parents
    }

    /// Whoever remembers what a fetch sees; none where that is not all there is, or nobody's parent.
    pub(super) fn witness(&self, job: &Job) -> Option<Witness> {
        let sees_all = job.since.is_none()
            && job.until.is_none()
            && job.resume.is_none()
            && job.limit.is_none()
            && job.parent.is_none()
            && job.table.is(&job.resource.table);
        let children = self.lock();
        let is_child = |child: &&Child| {
            let parent = child.resource.parent.as_ref().map(|plan| &plan.resource);
            child.parents.is_none() && parent.is_some_and(|parent| is(parent, &job.resource))
        };
        let seen: Vec<Seen> = children
            .iter()
            .filter(is_child)
            .map(|child| Seen::by(&child.resource))
            .collect();
        (sees_all && !seen.is_empty()).then(|| Witness {
            family: self.clone(),
            seen,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Child>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether these are one resource of a source.
fn is(one: &ResourcePlan, other: &ResourcePlan) -> bool {
    one.name == other.name
}

/// What one fetch saw of a parent, for each of the children.
pub(super) struct Witness {
    family: Family,
    seen: Vec<Seen>,
}

struct Seen {
    child: Ref<ResourcePlan>,
    parents: Vec<ParentRecord>,
    bytes: usize,
}

impl Seen {
    fn by(child: &Ref<ResourcePlan>) -> Self {
        Self {
            child: child.clone(),
            parents: Vec::new(),
            bytes: 0,
        }
    }
}

impl Witness {
    /// Rows that were delivered.
    pub(super) fn see(&mut self, rows: &Rows) {
        self.seen.retain_mut(|seen| {
            let Some(plan) = &seen.child.parent else {
                return false;
            };
            for row in rows {
                let parent = ParentRecord::of_row(plan, row);
                seen.bytes += parent.bytes();
                seen.parents.push(parent);
            }
            seen.bytes <= MOST_BYTES
        });
    }

    /// Hands over what was seen, after a complete fetch.
    pub(super) fn seal(self, completeness: &Completeness) {
        let mut children = self.family.lock();
        for seen in self.seen {
            let child = children
                .iter_mut()
                .find(|one| is(&one.resource, &seen.child));
            if let Some(child) = child {
                child.parents = Some(Known {
                    records: seen.parents,
                    completeness: completeness.clone(),
                });
            }
        }
    }
}
