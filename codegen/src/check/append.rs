//! What `append` cannot keep from being written twice: it has no key to tell records by.

use crate::connector::{
    Column, FutureCursor, Incremental, OnMissing, Pages, Paginator, Record, ResourcePlan, RowOrder,
    WriteDisposition,
};
use crate::diagnostic::Diagnostic;
use crate::grammar;
use crate::grammar::endpoint::{self, incremental as key};
use crate::grammar::resource as resource_key;
use crate::grammar::{AnyKey, paginator as paginator_key};
use crate::spec::View;

use super::Check;

impl Check<'_> {
    pub(super) fn append_writes_once(
        &mut self,
        resource: &View<'_>,
        endpoint: &View<'_>,
        plan: &ResourcePlan,
        record: &Record,
    ) {
        let Some(incremental) = &plan.incremental else {
            return;
        };
        let (disposition, paginator) = (plan.write_disposition, &plan.paginator);
        if self.is_unclear(resource.node, resource_key::WRITE_DISPOSITION.name) {
            return;
        }
        if disposition != WriteDisposition::Append {
            if disposition == WriteDisposition::Merge {
                self.a_maximum_hides_older_records(endpoint, incremental, paginator);
            }
            return;
        }
        self.nothing_comes_again(resource, endpoint, incremental);
        // A record at the cursor is then the one that is known.
        let is_key = |(at, column): (usize, &Column)| {
            column.primary_key == (Some(at) == incremental.column.map(usize::from))
        };
        let cursor_is_the_key = record.columns().iter().enumerate().all(is_key);
        if !cursor_is_the_key {
            self.a_maximum_wants_an_order(endpoint, incremental, paginator);
        }
    }

    /// A lag, and records without a cursor value that are kept, bring records again every time.
    fn nothing_comes_again(
        &mut self,
        resource: &View<'_>,
        endpoint: &View<'_>,
        incremental: &Incremental,
    ) {
        let again: [(bool, &dyn AnyKey, &str, &str); 3] = [
            (
                incremental.lag.is_some(),
                &key::LAG,
                "the records within the `lag`",
                "leave `lag` out",
            ),
            (
                incremental.on_missing == OnMissing::Include,
                &key::ON_CURSOR_VALUE_MISSING,
                "the records without a cursor value",
                "say `exclude`",
            ),
            (
                incremental.future_cursor == Some(FutureCursor::Cap),
                &key::FUTURE_CURSOR,
                "the records whose cursor is in the future",
                "say `keep` or `error`",
            ),
        ];
        let Some(view) = endpoint.view(&endpoint::ENDPOINT_INCREMENTAL, &grammar::INCREMENTAL)
        else {
            return;
        };
        for (_, key, which, instead) in again.into_iter().filter(|(comes, ..)| *comes) {
            let message = format!("every load would append {which} again");
            let mut diagnostic = Diagnostic::error("RS0707", view.place(key), message).help(
                format!("say `write_disposition: merge`, with a `primary_key`, or {instead}"),
            );
            diagnostic = match resource.entry(&resource_key::WRITE_DISPOSITION) {
                Some(entry) => diagnostic.also(&entry.value.span, "appended here"),
                None => diagnostic.note(
                    "`write_disposition` is `append` unless said otherwise; `skip` is for records \
                     that are never loaded",
                ),
            };
            self.error(diagnostic);
        }
    }

    /// Newest first, what a maximum cuts off is older than the state, which cannot move past it.
    fn a_maximum_hides_older_records(
        &mut self,
        endpoint: &View<'_>,
        incremental: &Incremental,
        paginator: &Paginator,
    ) {
        let Some(maximum) = maximum_of(paginator) else {
            return;
        };
        let view = endpoint.view(&endpoint::ENDPOINT_INCREMENTAL, &grammar::INCREMENTAL);
        if let (Some(RowOrder::Descending), Some(view)) = (incremental.row_order, view) {
            let message = format!(
                "a load that `{maximum}` cuts off reads the same newest records again: its state cannot move"
            );
            self.sink.push(
                Diagnostic::warning("RS0903", view.place(&key::ROW_ORDER), message).help(format!(
                    "remove `{maximum}`; or say `row_order: asc`, where the API can give the oldest first"
                )),
            );
        }
    }

    /// A fetch that a maximum cuts off can only be gone on from where the order is known.
    fn a_maximum_wants_an_order(
        &mut self,
        endpoint: &View<'_>,
        incremental: &Incremental,
        paginator: &Paginator,
    ) {
        let Some(maximum) = maximum_of(paginator) else {
            return;
        };
        let goes_on =
            incremental.row_order == Some(RowOrder::Ascending) && incremental.start_closed;
        let Some(view) = endpoint.view(&endpoint::ENDPOINT_INCREMENTAL, &grammar::INCREMENTAL)
        else {
            return;
        };
        if goes_on {
            return;
        }
        let cursor = view.place(&key::CURSOR_PATH);
        let message = format!(
            "a load that `{maximum}` cuts off would fail: the next one would append its records again"
        );
        self.sink
            .push(Diagnostic::warning("RS0903", cursor, message).help(
                "say `write_disposition: merge`, with a `primary_key`; or `row_order: asc` with \
             `range_start: closed`, where the API keeps that order",
            ));
    }
}

/// The key of a maximum that may cut off a fetch.
fn maximum_of(paginator: &Paginator) -> Option<&'static str> {
    match &paginator.kind {
        _ if paginator.maximum_pages.is_some() => Some(paginator_key::MAXIMUM_PAGES.name),
        Pages::Offset(offset) if offset.maximum_offset.is_some() => {
            Some(paginator_key::MAXIMUM_OFFSET.name)
        }
        Pages::Number(pages) if pages.maximum_page.is_some() => {
            Some(paginator_key::MAXIMUM_PAGE.name)
        }
        _ => None,
    }
}
