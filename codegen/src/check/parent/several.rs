//! Several independent parents: a child of each combination of their records.

use crate::check::Check;
use crate::connector::{ParentSelection, ResourcePlan};
use crate::diagnostic::Diagnostic;
use crate::spec::{Text, View};

use super::{Known, batch, changed, condition};

impl Check<'_> {
    /// What needs one parent, where there are several.
    pub(in crate::check) fn several_parents_suit(
        &mut self,
        resource: &View<'_>,
        endpoint: &View<'_>,
        plan: &ResourcePlan,
        parents: &[Known],
    ) {
        if parents.len() < 2 {
            return;
        }
        let wrong = [
            (
                plan.batch.is_some(),
                endpoint.place(&batch::BATCH),
                "`batch` needs one parent",
                "remove it: a request is sent for each combination of the parents' records",
            ),
            (
                plan.parent_condition.is_some(),
                endpoint.place(&condition::WHERE),
                "`where` needs one parent",
                "remove it, and let the endpoint of a parent return fewer records, by a parameter or `data_selector`",
            ),
            (
                plan.parents == ParentSelection::Changed,
                resource.place(&changed::PARENTS),
                "`parents: changed` needs one parent",
                "remove it: each fetch is for all combinations; `incremental` has a cursor for each of them",
            ),
        ];
        for (is_wrong, place, message, help) in wrong {
            if is_wrong {
                let diagnostic = Diagnostic::error("RS0622", place, message).help(help);
                self.error(diagnostic.note(format!("its parents are {}", names(parents))));
            }
        }
    }

    /// The parent that a name of `include_from_parent` is of, and the rest of the name.
    pub(super) fn included_of<'k, 't>(
        &mut self,
        parents: &'k [Known],
        name: &Text<'t>,
    ) -> Option<(&'k Known, Text<'t>)> {
        if let [parent] = parents {
            return Some((parent, *name));
        }
        let found = name.text.split_once('.').and_then(|(parent, column)| {
            let parent = parents.iter().find(|one| one.name == parent)?;
            let text = column;
            Some((parent, Text { text, ..*name }))
        });
        if found.is_none() {
            let message = format!("`{}` does not say of which parent", name.text);
            let written = parents.iter().map(|one| format!("`{}.COLUMN`", one.name));
            self.error(
                Diagnostic::error("RS0623", name.span, message).help(format!(
                    "write {}",
                    written.collect::<Vec<_>>().join(" or ")
                )),
            );
        }
        found
    }
}

/// The names of the parents in messages.
pub(in crate::check) fn names(parents: &[Known]) -> String {
    let names = parents.iter().map(|one| format!("`{}`", one.name));
    names.collect::<Vec<_>>().join(" and ")
}
