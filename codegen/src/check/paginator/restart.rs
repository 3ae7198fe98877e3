//! `at_maximum: restart`: pages that go on at the last cursor, where an API serves no deeper ones.

use crate::check::Check;
use crate::connector::{AtMaximum, OnMissing, Pages, ResourcePlan, RowOrder};
use crate::diagnostic::Diagnostic;
use crate::grammar;
use crate::grammar::paginator as key;
use crate::spec::View;
use crate::yaml::Node;

impl Check<'_> {
    /// Pages go on at a cursor only if all records before it have arrived, and the API gives those at it again.
    pub(in crate::check) fn restart_is_possible(
        &mut self,
        paginator: Option<&Node>,
        plan: &ResourcePlan,
    ) {
        if plan.paginator.at_maximum != AtMaximum::Restart {
            return;
        }
        let Some((_, view)) = paginator.and_then(|node| View::tagged(node, &grammar::PAGINATOR))
        else {
            return;
        };
        let place = view.place(&key::AT_MAXIMUM);
        if self.sink.has_errors_in(&view.node.span) {
            return;
        }
        let maximum = match &plan.paginator.kind {
            Pages::Offset(pages) => pages.maximum_offset,
            Pages::Number(pages) => pages.maximum_page,
            _ => None,
        };
        if maximum.or(plan.paginator.maximum_pages).is_none() {
            let message = "`at_maximum` has no effect without a maximum";
            self.error(Diagnostic::error("RS0602", place, message).help(
                "say where the API stops: `maximum_offset`, `maximum_page` or `maximum_pages`",
            ));
            return;
        }
        let incremental = plan.incremental.as_ref();
        let incremental = incremental.filter(|one| one.column.is_some());
        let (what, help) = match incremental {
            None => (
                "the resource has no cursor to go on at",
                "make it `incremental`, with a `cursor_path`, or remove `at_maximum`",
            ),
            Some(one) if one.row_order != Some(RowOrder::Ascending) => (
                "records before the last one may be missing",
                "say `row_order: asc`, if the API gives its records in the order of the cursor",
            ),
            Some(_) if !plan.sends_start() => (
                "the requests do not carry the start",
                "say `start_param`, or put `{incremental.start_value}` into the request",
            ),
            Some(one) if !one.start_closed => (
                "other records at the last cursor would be left out",
                "ask the API for records from the start on: `range_start: closed`",
            ),
            Some(one) if one.on_missing == OnMissing::Include => (
                "records without a cursor would arrive each time",
                "say `on_cursor_value_missing: exclude`, or leave it out",
            ),
            Some(_) if plan.replaces_groups() => (
                "a group of records may be cut in two, and its second part replace the first",
                "leave out the `merge_key`, or `at_maximum`",
            ),
            Some(_) if plan.job.is_some() => (
                "the job has made its records by then",
                "make smaller jobs, by a `step`, or remove `at_maximum`",
            ),
            Some(_) => return,
        };
        let message = format!("`restart` is not possible here: {what}");
        self.error(Diagnostic::error("RS0861", place, message).help(help));
    }
}
