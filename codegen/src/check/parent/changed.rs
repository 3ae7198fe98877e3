//! `parents`: the records of the parent that a child is fetched for: all, or those that are new or changed.

use crate::check::Check;
use crate::check::link::Unlinked;
use crate::connector::{ParentSelection, ResourcePlan, WriteDisposition};
use crate::diagnostic::{Diagnostic, Span};
use crate::grammar::{DefaultKey, Word, Words, endpoint, resource, word, word_of};
use crate::spec::View;

pub(crate) static PARENTS: DefaultKey<ParentSelection> = word_of(
    "parents",
    "the records of the parent that it is fetched for",
)
.or(ResourcePlan::DEFAULT.parents);

impl Words for ParentSelection {
    const WORDS: &'static [(Word, Self)] = &[
        (word("all", "all of them"), Self::All),
        (
            word(
                "changed",
                "those that are new or changed since the last fetch of all children",
            ),
            Self::Changed,
        ),
    ];
}

impl Check<'_> {
    /// Whether the rest of a resource suits the records of the parent that it is fetched for. Where these are the
    /// changed ones, the place that says so.
    pub(in crate::check) fn parents_suit(
        &mut self,
        resource: &View<'_>,
        endpoint: &View<'_>,
        plan: &ResourcePlan,
        is_root: bool,
    ) -> Option<Span> {
        if is_root {
            self.no_parents_to_select(resource);
            return None;
        }
        let place = resource.place(&PARENTS);
        if plan.parents == ParentSelection::All {
            return None;
        }
        if plan.incremental.is_some() {
            let message = "`parents: changed` and `incremental` are two states of one resource";
            self.error(
                Diagnostic::error("RS0851", place, message)
                    .help(
                        "keep one: `incremental` asks for what is new of each parent, `parents: changed` for all \
                         children of the parents that changed",
                    )
                    .also(endpoint.place(&endpoint::ENDPOINT_INCREMENTAL), "the other"),
            );
        }
        let is_kept = matches!(
            plan.write_disposition,
            WriteDisposition::Merge | WriteDisposition::Skip
        );
        let written = resource::WRITE_DISPOSITION.name;
        if !is_kept && !self.is_unclear(resource.node, written) {
            let why = match plan.write_disposition {
                WriteDisposition::Replace => "would delete the children of all other parents",
                _ => "would store the children of a changed parent again",
            };
            self.error(
                Diagnostic::error("RS0851", place, format!("each load {why}")).help(
                    "write `write_disposition: merge`, with a `primary_key` that has the parent's, or a `merge_key` \
                     of the parent's key, which replaces all children of a parent",
                ),
            );
        }
        Some(place.clone())
    }

    /// A selection where there is no parent. A default is for other resources.
    fn no_parents_to_select(&mut self, resource: &View<'_>) {
        let entry = resource.entry(&PARENTS);
        let entry = entry.filter(|entry| resource.node.span.contains(&entry.key.span.start));
        if let Some(entry) = entry {
            let message = "`parents` has no effect here";
            self.error(
                Diagnostic::error("RS0602", &entry.key.span, message)
                    .help("remove it: the resource has no parent"),
            );
        }
    }

    /// A parent whose fetch does not tell which of its records changed.
    pub(in crate::check) fn changed_parents_are_known(&mut self, all: &[Option<Unlinked>]) {
        for child in all.iter().flatten() {
            let Some(place) = &child.changed_parents else {
                continue;
            };
            let parent = child
                .parent
                .as_ref()
                .and_then(|(parents, _)| all.get(*parents.first()?)?.as_ref());
            let Some(parent) = parent.filter(|parent| !parent.plan.has_state()) else {
                continue;
            };
            let name = &parent.plan.name;
            let message = format!("no fetch of `{name}` tells which of its records changed");
            self.error(Diagnostic::error("RS0851", place, message).help(format!(
                "declare `incremental` in the endpoint of `{name}`, or remove this: all parents are asked for"
            )));
        }
    }
}
