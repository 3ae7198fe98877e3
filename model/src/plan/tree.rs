//! A resource that is its own parent.

use super::{ParentField, ResourcePlan};
use crate::shared::{List, Ref};

declare! {
    /// A resource that is its own parent: for each of its records those below it are fetched, level by level.
    pub struct Tree {
        /// The request for the first records: its path, parameters, headers and body.
        pub root: Ref<ResourcePlan>,
        /// The values taken of the record above, in the order in which [`Part::Parent`](super::Part::Parent) and
        /// [`Column::parent`](crate::schema::Column::parent) count them.
        pub fields: List<ParentField>,
        /// How many levels are fetched: 1 for the first records alone.
        pub maximum_depth: u32,
    }
}

impl Tree {
    /// How many levels are fetched, if the spec does not say.
    pub const MAXIMUM_DEPTH: u32 = 100;
}

impl ResourcePlan {
    /// The plan of the request for the first records of a tree.
    pub fn root(&self) -> Option<Self> {
        let root = &self.tree.as_ref()?.root;
        Some(Self {
            path: root.path.clone(),
            params: root.params.clone(),
            headers: root.headers.clone(),
            body: root.body.clone(),
            ..self.clone()
        })
    }

    /// The values that its requests and records take of its parents, or of the record above in a tree.
    pub fn taken_fields(&self) -> &[ParentField] {
        match (&self.parent, &self.tree) {
            (Some(parent), _) => &parent.fields,
            (None, Some(tree)) => &tree.fields,
            (None, None) => &[],
        }
    }
}
