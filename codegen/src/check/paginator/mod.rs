//! `paginator`: how pages follow each other, and that they end.

mod ends;
mod placeholders;
mod restart;
pub(crate) mod scroll;
mod slot;

use crate::connector::{
    AtMaximum, Cursor, Ends, List, Offset, PageNumber, Pages, Paginator, Part, Path, Selector,
    SentCursor, Take, Text,
};
use crate::diagnostic::{Applicability, Diagnostic};
use crate::grammar::paginator as key;
use crate::grammar::{self, AnyKey, DefaultKey, Key};
use crate::spec::View;
use crate::value;
use crate::yaml::Node;

use super::Check;
use super::auth::rust_path;

pub(super) use placeholders::Placeholders;
use scroll::ScrollRequests;
use slot::{CURSOR, LIMIT, OFFSET, PAGE, PAGE_SIZE, SCROLL, Slots};

/// A paginator, and the parameters that it writes: each with the key that names it.
pub(super) struct Paging {
    pub paginator: Paginator,
    pub params: Vec<(Text, &'static str)>,
    /// The fields of a body.
    pub fields: Vec<(Path, &'static str)>,
}

impl Check<'_> {
    /// The paginator that a node describes, if it can be emitted.
    pub(super) fn paginator(&mut self, node: &Node, has_body: bool) -> Option<Paging> {
        let scroll = &std::mem::take(&mut self.scroll);
        let (member, view) = View::tagged(node, &grammar::PAGINATOR)?;
        let mut slots = Slots {
            size_setting: None,
            has_body,
            params: Vec::new(),
            fields: Vec::new(),
        };
        let kind = match member.word.name {
            "single_page" => Pages::Single,
            "offset" => self.offset(&view, &mut slots)?,
            "page_number" => self.page_number(&view, &mut slots),
            "cursor" => self.cursor(&view, &mut slots),
            "header_cursor" => Pages::HeaderCursor {
                cursor_key: self.header_key(&view, &key::CURSOR_KEY),
                cursor: self.sent_cursor(&view, &mut slots),
            },
            "scroll" => self.scroll(&view, scroll, &mut slots),
            "header_link" => {
                let header = self.header_key(&view, &key::HEADER);
                self.relation_needs_link(&view, &header);
                Pages::HeaderLink {
                    header,
                    rel: view.get(&key::LINKS_NEXT_KEY),
                }
            }
            "json_link" => Pages::JsonLink {
                next_url_path: view.get(&key::NEXT_URL_PATH),
            },
            "custom" => Pages::Custom {
                rust: view.text(&key::RUST).and_then(rust_path)?,
            },
            _ => return None,
        };
        let is_single = kind == Pages::Single;
        let is_scroll = matches!(kind, Pages::Scroll(_));
        let is_link = matches!(kind, Pages::HeaderLink { .. } | Pages::JsonLink { .. });
        let paginator = Paginator {
            ends: self.ends(&view, &kind),
            maximum_pages: if is_single {
                None
            } else {
                view.get(&key::MAXIMUM_PAGES)
            },
            at_maximum: if is_single || is_scroll {
                AtMaximum::Stop
            } else {
                view.get(&key::AT_MAXIMUM)
            },
            stop_on_status: if is_single {
                List::EMPTY
            } else {
                self.statuses_of_failures(&view, &key::STOP_ON_STATUS);
                view.get(&key::STOP_ON_STATUS).unwrap_or_default()
            },
            keep_params: is_link && view.get(&key::KEEP_PARAMS),
            rebase_links: is_link && view.get(&key::REBASE_LINKS),
            size_setting: slots.size_setting,
            next_request: scroll.next(),
            clear_request: scroll.clear(),
            kind,
        };
        if let Pages::Number(pages) = &paginator.kind {
            self.page_size_has_an_effect(&view, pages, &paginator.ends);
        }
        self.an_end_is_possible(&view, &paginator);
        Some(Paging {
            paginator,
            params: slots.params,
            fields: slots.fields,
        })
    }

    fn scroll(&mut self, view: &View<'_>, requests: &ScrollRequests, slots: &mut Slots) -> Pages {
        // The first request has no id: the one for the next pages has.
        slots.has_body |= requests.has_next();
        let slot = self.slot(view, SCROLL, view.get(&key::SCROLL_PARAM), slots);
        self.scroll_id_is_sent(requests, &slot);
        if requests.has_next() {
            slots.fields.clear();
        }
        Pages::Scroll(Cursor {
            cursor_path: view.get(&key::SCROLL_PATH),
            take: Take::First,
            cursor: SentCursor {
                slot,
                ..SentCursor::DEFAULT
            },
        })
    }

    fn offset(&mut self, view: &View<'_>, slots: &mut Slots) -> Option<Pages> {
        let has_base = view.entry(&key::BASE_OFFSET).is_some();
        let start = view.get(&key::OFFSET);
        // Many an API counts from 1, and none is known whose first record is to be left out.
        let is_base = !has_base && start == Some(1);
        if is_base {
            self.offset_is_a_base(view);
        }
        let base_offset = if is_base {
            1
        } else {
            view.get(&key::BASE_OFFSET)
        };
        let offset = Offset {
            limit: self.page_size(view, &key::LIMIT, slots)?,
            base_offset,
            offset: start.unwrap_or(base_offset),
            offset_slot: self.slot(view, OFFSET, view.get(&key::OFFSET_PARAM), slots),
            limit_slot: self.slot(view, LIMIT, view.get(&key::LIMIT_PARAM), slots),
            maximum_offset: view.get(&key::MAXIMUM_OFFSET),
            advance_by: view.get(&key::ADVANCE_BY),
            sent_first: view.get(&key::INJECT_ON_FIRST_REQUEST),
        };
        self.different_slots(
            view,
            &offset.offset_slot,
            &offset.limit_slot,
            [OFFSET, LIMIT],
        );
        self.maximum_is_past_start(view, &key::MAXIMUM_OFFSET, &key::OFFSET, offset.offset);
        if offset.offset < base_offset {
            let message = format!(
                "offset {} comes before the first, {base_offset}",
                offset.offset
            );
            self.error(
                Diagnostic::error("RS0504", view.place(&key::OFFSET), message).help(
                    "`base_offset` is the offset of the API's first record, `offset` the one to start at",
                ),
            );
        }
        Some(Pages::Offset(offset))
    }

    /// A start at 1 is taken for an API that counts from 1: otherwise the total would be reached one record
    /// too early.
    fn offset_is_a_base(&mut self, view: &View<'_>) {
        let Some(entry) = view.entry(&key::OFFSET) else {
            return;
        };
        let message = "`offset: 1` is taken for an API that counts its records from 1";
        self.sink.push(
            Diagnostic::warning("RS0908", &entry.key.span, message)
                .help("write `base_offset: 1`; with `base_offset: 0` the first record is left out")
                .suggest(
                    key::OFFSET.name,
                    key::BASE_OFFSET.name,
                    Applicability::MachineApplicable,
                ),
        );
    }

    /// The most records of a page. In place of the number of a setting it is 1.
    fn page_size(&mut self, view: &View<'_>, key: &Key<u64>, slots: &mut Slots) -> Option<u64> {
        if let Some(size) = view.get(key).filter(|size| *size > 0) {
            return Some(size);
        }
        let text = view.text(key).filter(|text| text.text.contains('{'))?;
        let what = format!("`{}`", key.name);
        if let Some((at, None)) = self.number_of_a_setting(text, &what)? {
            slots.size_setting = Some(at);
            return Some(1);
        }
        let message = format!("`{}` is not a number of records", text.text);
        self.error(Diagnostic::error("RS0837", text.span, message).help(
            "write a number from 1 up, or `{config.NAME}`: a bigint setting that always has a value",
        ));
        None
    }

    fn page_number(&mut self, view: &View<'_>, slots: &mut Slots) -> Pages {
        let base_page = view.get(&key::BASE_PAGE);
        let page_size = self.page_size(view, &key::PAGE_SIZE, slots);
        let sends_size = view.entry(&key::PAGE_SIZE_PARAM).is_some()
            || view.entry(&key::PAGE_SIZE_BODY_PATH).is_some()
            || self.has_placeholder(&Part::PageSize);
        let page_size_slot = sends_size.then(|| {
            let name = view.get(&key::PAGE_SIZE_PARAM).unwrap_or_default();
            self.slot(view, PAGE_SIZE, name, slots)
        });
        let pages = PageNumber {
            base_page,
            page: view.get(&key::PAGE).unwrap_or(base_page),
            page_slot: self.slot(view, PAGE, view.get(&key::PAGE_PARAM), slots),
            page_size,
            page_size_slot,
            maximum_page: view.get(&key::MAXIMUM_PAGE),
            sent_first: view.get(&key::INJECT_ON_FIRST_REQUEST),
        };
        if let Some(size) = &pages.page_size_slot {
            self.different_slots(view, &pages.page_slot, size, [PAGE, PAGE_SIZE]);
        }
        self.maximum_is_past_start(view, &key::MAXIMUM_PAGE, &key::PAGE, pages.page);
        self.page_is_not_before_base(view, &pages);
        Pages::Number(pages)
    }

    fn cursor(&mut self, view: &View<'_>, slots: &mut Slots) -> Pages {
        let cursor_path = view.get(&key::CURSOR_PATH);
        self.values_are_found(view, &cursor_path);
        Pages::Cursor(Cursor {
            cursor_path,
            take: view.get(&key::CURSOR_VALUE),
            cursor: self.sent_cursor(view, slots),
        })
    }

    fn sent_cursor(&mut self, view: &View<'_>, slots: &mut Slots) -> SentCursor {
        SentCursor {
            slot: self.slot(view, CURSOR, view.get(&key::CURSOR_PARAM), slots),
            form: view.get(&key::CURSOR_AS),
            replaces_params: view.get(&key::CURSOR_REPLACES_PARAMS),
            initial: view.get(&key::INITIAL_CURSOR),
        }
    }

    /// A path leads to one value, of which there is no greatest.
    fn values_are_found(&mut self, view: &View<'_>, cursor_path: &Selector) {
        if let Some(entry) = view.entry(&key::CURSOR_VALUE)
            && matches!(cursor_path, Selector::Path(_))
            && !self.sink.has_errors_in(&view.node.span)
        {
            self.error(
                Diagnostic::error(
                    "RS0602",
                    &entry.key.span,
                    "`cursor_value` has no effect here",
                )
                .help("`cursor_path` leads to one value; `items[*].id` finds that of every record"),
            );
        }
    }

    /// A key that names a header.
    fn header_key(&mut self, view: &View<'_>, key: &DefaultKey<Text>) -> Text {
        self.is_a_header(view, key);
        view.get(key)
    }

    pub(super) fn is_a_header(&mut self, view: &View<'_>, key: &dyn AnyKey) {
        let named = view.text(key);
        if let Some(text) = named.filter(|text| !value::is_header_name(text.text)) {
            self.error(
                Diagnostic::error(
                    "RS0206",
                    text.span,
                    format!("`{}` is no name of a header", text.text),
                )
                .help("a header's name has letters, digits and `-`"),
            );
        }
    }

    /// A maximum at or below the start fetches nothing.
    fn maximum_is_past_start(
        &mut self,
        view: &View<'_>,
        maximum: &Key<u64>,
        start: &Key<u64>,
        from: u64,
    ) {
        let Some(most) = view.get(maximum).filter(|most| *most <= from) else {
            return;
        };
        let span = view
            .text(maximum)
            .map_or(view.place(maximum), |text| text.span);
        self.error(
            Diagnostic::error(
                "RS0504",
                span,
                format!("nothing lies before `{}` {most}", maximum.name),
            )
            .help(format!(
                "it is exclusive, and must be above `{}`, {from}",
                start.name
            )),
        );
    }

    fn page_is_not_before_base(&mut self, view: &View<'_>, pages: &PageNumber) {
        if pages.page < pages.base_page {
            self.error(
                Diagnostic::error(
                    "RS0504",
                    view.place(&key::PAGE),
                    format!(
                        "page {} comes before the first, {}",
                        pages.page, pages.base_page
                    ),
                )
                .help("`base_page` is the number of the first page, `page` the one to start at"),
            );
        }
    }

    /// A size that is neither sent nor needed, and a place for a size that is not there.
    fn page_size_has_an_effect(&mut self, view: &View<'_>, pages: &PageNumber, ends: &Ends) {
        // What has a mistake may be the size, or the place for it.
        if self.sink.has_errors_in(&view.node.span) {
            return;
        }
        let is_sent = pages.page_size_slot.is_some();
        let is_needed = ends.stop_after_short_page;
        match (pages.page_size, is_sent, is_needed) {
            (Some(_), false, false) => self.error(
                Diagnostic::error(
                    "RS0505",
                    view.place(&key::PAGE_SIZE),
                    "`page_size` has no effect here",
                )
                .help("name the parameter that carries it in `page_size_param`"),
            ),
            (None, true, _) => {
                let key: &dyn AnyKey = if view.entry(&key::PAGE_SIZE_PARAM).is_some() {
                    &key::PAGE_SIZE_PARAM
                } else {
                    &key::PAGE_SIZE_BODY_PATH
                };
                self.error(
                    Diagnostic::error(
                        "RS0505",
                        view.place(key),
                        format!("`{}` has nothing to send", key.name),
                    )
                    .help("say the size in `page_size`"),
                );
            }
            (None, false, true) => self.error(
                Diagnostic::error(
                    "RS0505",
                    view.place(&key::STOP_AFTER_SHORT_PAGE),
                    "without `page_size` no page is short",
                )
                .help("say the size in `page_size`"),
            ),
            _ => {}
        }
    }

    /// `links_next_key` beside a header that holds a URL only.
    fn relation_needs_link(&mut self, view: &View<'_>, header: &str) {
        if let Some(relation) = view.entry(&key::LINKS_NEXT_KEY)
            && !header.eq_ignore_ascii_case("link")
        {
            self.error(
                Diagnostic::error(
                    "RS0602",
                    &relation.key.span,
                    "`links_next_key` has no effect here",
                )
                .help(format!(
                    "only `Link` has relations; the value of `{header}` is the URL"
                )),
            );
        }
    }
}
