//! `batch`: one request for several records of the parent.

use crate::check::Check;
use crate::connector::{Action, Function, Part, ResourcePlan};
use crate::diagnostic::Diagnostic;
use crate::grammar::{Key, endpoint, integer, resource};
use crate::spec::View;

use super::Parent;

/// What stands between the values of a batch in a text that does not say `join`.
const SEPARATOR: &str = ",";

/// The most records of a batch.
const MOST: u64 = 10_000;

pub(crate) static BATCH: Key<u64> = integer(
    "batch",
    1,
    "how many records of the parent one request is for; their values are a list",
);

impl Check<'_> {
    /// The size of a batch.
    pub(in crate::check) fn batch(&mut self, endpoint: &View<'_>) -> Option<u32> {
        let size = endpoint.get(&BATCH)?;
        let place = endpoint.place(&BATCH);
        if let Parent::Nowhere = self.parent {
            if endpoint.node.span.contains(&place.start) {
                let message = "`batch` has no effect here";
                self.error(
                    Diagnostic::error("RS0602", place, message)
                        .help("remove it: the resource has no parent"),
                );
            }
            return None;
        }
        if size > MOST {
            let message = format!("`batch` must be at most {MOST}");
            self.error(Diagnostic::error("RS0109", place, message));
        }
        u32::try_from(size).ok()
    }

    /// The parts of a text, with the values of a batch joined. A JSON text that is exactly a placeholder is a list.
    pub(in crate::check) fn join_batches(&self, parts: &mut [Part], what: &str) {
        if self.batch_size.is_none() || what == "`json`" && parts.len() == 1 {
            return;
        }
        for part in parts {
            if !matches!(part.source(), Part::Parent(_)) || makes_text(part.functions()) {
                continue;
            }
            let mut functions = part.functions().to_vec();
            functions.push(Function::Join(SEPARATOR.into()));
            *part = Part::Call {
                of: part.source().clone().into(),
                functions: functions.into(),
            };
        }
    }

    /// What needs one record of the parent, where a request is for several.
    pub(in crate::check) fn batch_suits(
        &mut self,
        resource: &View<'_>,
        endpoint: &View<'_>,
        plan: &ResourcePlan,
    ) {
        if plan.batch.is_none() {
            return;
        }
        let skips = plan.response_actions.iter();
        let skips = skips
            .into_iter()
            .any(|rule| rule.action == Action::SkipParent);
        let wrong = [
            (
                !resource.texts(&resource::INCLUDE_FROM_PARENT).is_empty(),
                resource.place(&resource::INCLUDE_FROM_PARENT),
                "the records of a batch are of several parents, and do not say of which",
                "leave `include_from_parent` out, and take the parent's id from the response; or leave `batch` out",
            ),
            (
                plan.incremental.is_some(),
                endpoint.place(&endpoint::ENDPOINT_INCREMENTAL),
                "a batch has no cursor: the next fetch may have other parents in it",
                "leave `incremental` or `batch` out; `parents: changed` may stand beside `batch`",
            ),
            (
                skips,
                endpoint.place(&endpoint::RESPONSE_ACTIONS),
                "`skip_parent` would skip all parents of a batch",
                "leave `batch` or the rule out",
            ),
        ];
        for (is_wrong, place, message, help) in wrong {
            if is_wrong {
                self.error(Diagnostic::error("RS0852", place, message).help(help));
            }
        }
    }
}

/// Whether the functions make a text of a list.
fn makes_text(functions: &[Function]) -> bool {
    let mut functions = functions.iter();
    functions.any(|function| matches!(function, Function::Join(_) | Function::Json))
}
