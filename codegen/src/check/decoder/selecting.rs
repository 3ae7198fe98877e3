//! Keys that read a place of a JSON body, where the decoder gives rows.

use crate::check::{Check, change_token, records};
use crate::diagnostic::{Diagnostic, Span};
use crate::grammar::{self, AnyKey, column, endpoint, paginator};
use crate::spec::{View, text};
use crate::yaml::Node;

/// What the body of a decoder of rows is.
pub(super) const ROWS: &str = "the body has rows";

impl Check<'_> {
    /// `data_selector: items` beside `decoder: jsonl`.
    pub(super) fn rows_have_no_selectors(&mut self, view: &View<'_>, decoder: &Node) {
        let selectors: [&dyn AnyKey; 3] = [
            &endpoint::DATA_SELECTOR,
            &endpoint::ROWS_PATH,
            &records::SINGLE_RECORD,
        ];
        for key in selectors {
            let Some(entry) = view.entry(key) else {
                continue;
            };
            if entry.value.scalar().is_some_and(|path| path.text == "$") {
                continue;
            }
            let help = if view.node.span.contains(&entry.key.span.start) {
                format!(
                    "remove `{}`: every row is a record, and a column takes a value from within it by `from`",
                    key.name
                )
            } else {
                format!(
                    "write `{}: ~` in the endpoint: every row is a record",
                    key.name
                )
            };
            self.place_of_parts(&entry.key.span, key.name, (decoder, ROWS), &help);
        }
    }

    /// `next_url_path: next` beside `decoder: jsonl`, or a token of the last page. `body` says what a body is instead.
    pub(super) fn parts_have_no_places(
        &mut self,
        view: &View<'_>,
        decoder: &Node,
        body: &str,
        paginator: Option<&Node>,
    ) {
        let incremental = view.view(&endpoint::ENDPOINT_INCREMENTAL, &grammar::INCREMENTAL);
        let tokens: [&dyn AnyKey; 2] = [&change_token::TOKEN_PATH, &change_token::DELTA_LINK_PATH];
        for key in tokens {
            if let Some(entry) = incremental.and_then(|view| view.entry(key)) {
                let help = "remove it: records are incremental by a column, named by `cursor_path`";
                self.place_of_parts(&entry.key.span, key.name, (decoder, body), help);
            }
        }
        self.parts_are_paged_without_places(decoder, body, paginator);
    }

    /// `explode: lines` beside `decoder: csv`, whose values are texts.
    pub(super) fn values_have_no_elements(&mut self, endpoint: &View<'_>, decoder: &Node) {
        if let Some(entry) = endpoint.entry(&records::EXPLODE) {
            let help =
                "remove it: a list in JSON is read from a value by a column of the type `array`";
            self.place_of_parts(
                &entry.key.span,
                records::EXPLODE.name,
                (decoder, ROWS),
                help,
            );
        }
    }

    /// `value: "{response.meta.time}"`, which is a place of the page.
    pub(super) fn rows_have_no_page(&mut self, decoder: &Node, columns: Option<&Node>) {
        for column in columns.map(Node::entries).unwrap_or_default() {
            let value = column.value.get(column::VALUE.name).and_then(text);
            let of_page = value.filter(|value| {
                let place = value.text.strip_prefix("{response.");
                let is_header = place.is_some_and(|place| place.starts_with("headers."));
                place.is_some() && !is_header || value.text == "{key}"
            });
            if let Some(value) = of_page {
                let help = "a record has its own values, `{index}`, and those of headers, `{response.headers.Date}`";
                self.place_of_parts(value.span, value.text, (decoder, ROWS), help);
            }
        }
    }

    fn parts_are_paged_without_places(
        &mut self,
        decoder: &Node,
        body: &str,
        paginator: Option<&Node>,
    ) {
        let Some((member, view)) =
            paginator.and_then(|node| View::tagged(node, &grammar::PAGINATOR))
        else {
            return;
        };
        let needed: Option<&dyn AnyKey> = match member.word.name {
            "cursor" => Some(&paginator::CURSOR_PATH),
            "scroll" => Some(&paginator::SCROLL_PATH),
            "json_link" => Some(&paginator::NEXT_URL_PATH),
            _ => None,
        };
        let others: [&dyn AnyKey; 3] = [
            &paginator::TOTAL_PATH,
            &paginator::HAS_MORE_PATH,
            &paginator::LAST_PAGE_PATH,
        ];
        let mut others = others.into_iter();
        let is_there = |key: &&dyn AnyKey| view.has(*key) && view.entry(*key).is_some();
        if let Some(key) = needed.or_else(|| others.find(is_there)) {
            self.place_of_parts(
                view.place(key),
                key.name,
                (decoder, body),
                "page by `offset` or `page_number`, or by a header: `header_link`, `header_cursor`, `total_header`",
            );
        }
    }

    fn place_of_parts(
        &mut self,
        place: &Span,
        key: &str,
        (decoder, body): (&Node, &str),
        help: &str,
    ) {
        let message = format!("`{key}` is a place in a JSON value, and {body}");
        self.error(
            Diagnostic::error("RS0820", place, message)
                .help(help)
                .also(&decoder.span, "by this decoder"),
        );
    }
}
