//! What `append` cannot keep from being written twice: it has no key to tell records by.

use crate::connector::{
    Column, Incremental, OnMissing, Pages, Paginator, Record, RowOrder, WriteDisposition,
};
use crate::diagnostic::Diagnostic;
use crate::grammar;
use crate::spec::View;

use super::Check;

impl Check<'_> {
    pub(super) fn append_writes_once(
        &mut self,
        resource: &View<'_>,
        endpoint: &View<'_>,
        disposition: WriteDisposition,
        record: &Record,
        incremental: Option<&Incremental>,
        paginator: Option<&Paginator>,
    ) {
        let (WriteDisposition::Append, Some(incremental)) = (disposition, incremental) else {
            return;
        };
        if self.is_unclear(resource.node, "write_disposition") {
            return;
        }
        self.nothing_comes_again(resource, endpoint, incremental);
        // A record at the cursor is then the one that is known.
        let is_key =
            |(at, column): (usize, &Column)| column.primary_key == (at == incremental.column);
        let cursor_is_the_key = record.columns().iter().enumerate().all(is_key);
        if let Some(paginator) = paginator.filter(|_| !cursor_is_the_key) {
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
        let again = [
            (
                incremental.lag.is_some(),
                "lag",
                "the records within the `lag`",
                "leave `lag` out",
            ),
            (
                incremental.on_missing == OnMissing::Include,
                "on_cursor_value_missing",
                "the records without a cursor value",
                "say `exclude`",
            ),
        ];
        let Some(view) = endpoint.view("incremental", &grammar::INCREMENTAL) else {
            return;
        };
        for (_, key, which, instead) in again.iter().filter(|(comes, ..)| *comes) {
            let message = format!("every load would append {which} again");
            let mut diagnostic = Diagnostic::error("RS0707", view.place(key), message).help(
                format!("say `write_disposition: merge`, with a `primary_key`, or {instead}"),
            );
            diagnostic = match resource.entry("write_disposition") {
                Some(entry) => diagnostic.also(&entry.value.span, "appended here"),
                None => diagnostic.note(
                    "`write_disposition` is `append` unless said otherwise; `skip` is for records \
                     that are never loaded",
                ),
            };
            self.error(diagnostic);
        }
    }

    /// A fetch that a maximum cuts off can only be gone on from where the order is known.
    fn a_maximum_wants_an_order(
        &mut self,
        endpoint: &View<'_>,
        incremental: &Incremental,
        paginator: &Paginator,
    ) {
        let maximum = match &paginator.kind {
            _ if paginator.maximum_pages.is_some() => "maximum_pages",
            Pages::Offset(offset) if offset.maximum_offset.is_some() => "maximum_offset",
            Pages::Number(pages) if pages.maximum_page.is_some() => "maximum_page",
            _ => return,
        };
        let goes_on =
            incremental.row_order == Some(RowOrder::Ascending) && incremental.start_closed;
        let Some(view) = endpoint.view("incremental", &grammar::INCREMENTAL) else {
            return;
        };
        if goes_on {
            return;
        }
        let cursor = view.place("cursor_path");
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
