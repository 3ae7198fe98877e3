//! `parents: changed`: the parents that are new or changed since the children of all were fetched.
//!
//! The state of such a child is the state of its parent's fetch. It moves when the children of all of these parents
//! were fetched, and not with the state of the parent's own fetches: a parent whose children failed comes again.

use crate::{
    Result, State, fetch::FetchSpec, incremental::mismatch, plan::ParentPlan, state::Progress,
};

/// The state of the parent up to which all children were fetched.
///
/// # Errors
///
/// [`ErrorKind::State`](crate::ErrorKind::State) if the state of the child is another.
pub(super) fn parents_since(spec: &FetchSpec, plan: &ParentPlan) -> Result<Option<State>> {
    let Some(state) = spec.since.as_ref().filter(|_| spec.resumes_parents()) else {
        return Ok(None);
    };
    let name = &plan.resource.name;
    match &state.reach {
        Progress::Parents(parents) if state.resource == *spec.resource.name => {
            Ok(Some((**parents).clone()))
        }
        Progress::Parents(_) => Err(mismatch(format!("the state is of `{}`", state.resource))),
        _ => Err(mismatch(format!(
            "the state does not say up to which change of `{name}` the children were fetched"
        ))),
    }
}

/// Which parts of a fetch were fetched to their end.
#[derive(Debug, Default)]
pub(super) struct PartsFetched {
    /// The first part that was not.
    first_gap: Option<String>,
}

impl PartsFetched {
    /// Adds a part that was not fetched to its end.
    pub(super) fn add_gap(&mut self, name: String) {
        self.first_gap.get_or_insert(name);
    }

    /// The state of the child, if all parts were fetched, or a note why there is none.
    pub(super) fn state(
        &self,
        child: &str,
        parents: Option<State>,
    ) -> Result<Option<State>, String> {
        match &self.first_gap {
            None => Ok(parents.map(|parents| State::of_parents(child, parents))),
            Some(name) => Err(format!(
                "the state did not move: {name} was not fetched to its end; the next fetch asks for the children of \
                 these parents again, and `action: skip_parent` says that nothing is missing"
            )),
        }
    }
}
