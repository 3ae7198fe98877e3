//! `paginator`: how pages follow each other, and that they end.

use crate::connector::{
    Cursor, Ends, List, Offset, PageNumber, Pages, Paginator, Path, Slot, Step, Text,
};
use crate::diagnostic::{Applicability, Diagnostic, Span};
use crate::grammar;
use crate::spec::View;
use crate::value;
use crate::yaml::Node;

use super::Check;
use super::auth::rust_path;

/// A paginator, and the parameters that it writes: each with the key that names it.
pub(super) struct Paging {
    pub paginator: Paginator,
    pub params: Vec<(String, &'static str)>,
    /// The fields of a body.
    pub fields: Vec<(Path, &'static str)>,
}

impl Check<'_> {
    /// The paginator that a node describes, if it can be emitted.
    pub(super) fn paginator(&mut self, node: &Node, has_body: bool) -> Option<Paging> {
        let (member, view) = View::tagged(node, &grammar::PAGINATOR)?;
        let mut slots = Slots {
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
                cursor_key: self.header_key(&view, "cursor_key", "next"),
                cursor: self.slot(&view, "cursor_param", None, "cursor", &mut slots),
            },
            "header_link" => {
                let header = self.header_key(&view, "header", "Link");
                self.relation_needs_link(&view, &header);
                Pages::HeaderLink {
                    header,
                    rel: view
                        .owned("links_next_key")
                        .unwrap_or_else(|| "next".into()),
                }
            }
            "json_link" => Pages::JsonLink {
                next_url_path: view
                    .path("next_url_path")
                    .unwrap_or_else(|| Path::of(["next"])),
            },
            "custom" => Pages::Custom {
                rust: view.text("rust").and_then(rust_path)?,
            },
            _ => return None,
        };
        let is_single = kind == Pages::Single;
        let paginator = Paginator {
            ends: self.ends(&view, &kind),
            maximum_pages: if is_single {
                None
            } else {
                view.integer("maximum_pages")
            },
            stop_on_status: if is_single {
                List::EMPTY
            } else {
                self.statuses_of_failures(&view, "stop_on_status");
                view.statuses("stop_on_status").unwrap_or_default()
            },
            keep_params: matches!(kind, Pages::HeaderLink { .. } | Pages::JsonLink { .. })
                && view.bool("keep_params").unwrap_or(false),
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

    fn offset(&mut self, view: &View<'_>, slots: &mut Slots) -> Option<Pages> {
        let base_offset = view.integer("base_offset");
        let start = view.integer("offset");
        // Many an API counts from 1, and none is known whose first record is to be left out.
        let is_base = base_offset.is_none() && start == Some(1);
        if is_base {
            self.offset_is_a_base(view);
        }
        let base_offset = base_offset.unwrap_or(u64::from(is_base));
        let offset = Offset {
            limit: view.integer("limit").filter(|limit| *limit > 0)?,
            base_offset,
            offset: start.unwrap_or(base_offset),
            offset_slot: self.slot(
                view,
                "offset_param",
                Some("offset_body_path"),
                "offset",
                slots,
            ),
            limit_slot: self.slot(view, "limit_param", Some("limit_body_path"), "limit", slots),
            maximum_offset: view.integer("maximum_offset"),
        };
        self.different_slots(
            view,
            &offset.offset_slot,
            &offset.limit_slot,
            ["offset_param", "limit_param"],
        );
        self.maximum_is_past_start(view, "maximum_offset", "offset", offset.offset);
        if offset.offset < base_offset {
            let message = format!(
                "offset {} comes before the first, {base_offset}",
                offset.offset
            );
            self.error(
                Diagnostic::error("RS0504", view.place("offset"), message).help(
                    "`base_offset` is the offset of the API's first record, `offset` the one to start at",
                ),
            );
        }
        Some(Pages::Offset(offset))
    }

    /// A start at 1 is taken for an API that counts from 1: otherwise the total would be reached one record
    /// too early.
    fn offset_is_a_base(&mut self, view: &View<'_>) {
        let Some(entry) = view.entry("offset") else {
            return;
        };
        let message = "`offset: 1` is taken for an API that counts its records from 1";
        self.sink.push(
            Diagnostic::warning("RS0908", &entry.key.span, message)
                .help("write `base_offset: 1`; with `base_offset: 0` the first record is left out")
                .suggest("offset", "base_offset", Applicability::MachineApplicable),
        );
    }

    fn page_number(&mut self, view: &View<'_>, slots: &mut Slots) -> Pages {
        let base_page = view.integer("base_page").unwrap_or(0);
        let page_size = view.integer("page_size");
        let sends_size =
            view.entry("page_size_param").is_some() || view.entry("page_size_body_path").is_some();
        let page_size_slot = sends_size.then(|| {
            self.slot(
                view,
                "page_size_param",
                Some("page_size_body_path"),
                "page_size",
                slots,
            )
        });
        let pages = PageNumber {
            base_page,
            page: view.integer("page").unwrap_or(base_page),
            page_slot: self.slot(view, "page_param", Some("page_body_path"), "page", slots),
            page_size,
            page_size_slot,
            maximum_page: view.integer("maximum_page"),
        };
        if let Some(size) = &pages.page_size_slot {
            self.different_slots(
                view,
                &pages.page_slot,
                size,
                ["page_param", "page_size_param"],
            );
        }
        self.maximum_is_past_start(view, "maximum_page", "page", pages.page);
        self.page_is_not_before_base(view, &pages);
        Pages::Number(pages)
    }

    fn cursor(&mut self, view: &View<'_>, slots: &mut Slots) -> Pages {
        Pages::Cursor(Cursor {
            cursor_path: view
                .path("cursor_path")
                .unwrap_or_else(|| Path::of(["cursors", "next"])),
            cursor: self.slot(
                view,
                "cursor_param",
                Some("cursor_body_path"),
                "cursor",
                slots,
            ),
        })
    }

    fn ends(&mut self, view: &View<'_>, kind: &Pages) -> Ends {
        self.needs(view, "accept_short_total", &["total_path", "total_header"]);
        let ends = Ends {
            total_path: view.path("total_path"),
            total_header: view
                .entry("total_header")
                .map(|_| self.header_key(view, "total_header", "")),
            accept_short_total: view.bool("accept_short_total").unwrap_or(false),
            ..Ends::DEFAULT
        };
        if *kind == Pages::Single {
            return ends;
        }
        self.needs(view, "has_more_default", &["has_more_path"]);
        let is_counted = Ends::of(kind).stop_after_empty_page;
        let flag = |key| view.bool(key).unwrap_or(false);
        Ends {
            has_more_path: view.path("has_more_path"),
            has_more_default: view.bool("has_more_default"),
            stop_after_empty_page: view.bool("stop_after_empty_page").unwrap_or(is_counted),
            stop_after_short_page: is_counted && flag("stop_after_short_page"),
            end_on_repeat: !is_counted && flag("end_on_repeat"),
            ..ends
        }
    }

    /// A key that only says something about another one.
    fn needs(&mut self, view: &View<'_>, key: &'static str, others: &[&str]) {
        let Some(entry) = view.entry(key) else {
            return;
        };
        if others.iter().all(|other| view.entry(other).is_none()) {
            let others: Vec<_> = others.iter().map(|other| format!("`{other}`")).collect();
            let others = others.join(" or ");
            self.error(
                Diagnostic::error(
                    "RS0602",
                    &entry.key.span,
                    format!("`{key}` has no effect without {others}"),
                )
                .help(format!("add {others}, or remove `{key}`")),
            );
        }
    }

    /// A key that names a header.
    fn header_key(&mut self, view: &View<'_>, key: &str, default: &'static str) -> Text {
        let Some(text) = view.text(key) else {
            return default.into();
        };
        if !value::is_header_name(text.text) {
            self.error(
                Diagnostic::error(
                    "RS0206",
                    text.span,
                    format!("`{}` is no name of a header", text.text),
                )
                .help("a header's name has letters, digits and `-`"),
            );
        }
        text.owned()
    }

    /// Where a value is sent: in a parameter, or at a place in the body.
    fn slot(
        &mut self,
        view: &View<'_>,
        param: &'static str,
        body: Option<&'static str>,
        default: &str,
        slots: &mut Slots,
    ) -> Slot {
        if let Some(entry) = body.and_then(|body| view.entry(body)) {
            self.param_or_body(view, param, &entry.key.span);
            if !slots.has_body {
                self.body_path_needs_a_body(&entry.key.span, &entry.key.name);
            }
            if let Some((key, path)) = body.and_then(|body| Some((body, view.path(body)?))) {
                self.body_path_has_only_keys(&path, &entry.value.span);
                slots.fields.push((path.clone(), key));
                return Slot::Body(path);
            }
        }
        let name = view.text(param).map_or(default, |text| text.text);
        if name.is_empty() {
            self.error(
                Diagnostic::error(
                    "RS0110",
                    view.place(param),
                    format!("`{param}` names no parameter"),
                )
                .help(format!("leave it out for `{default}`")),
            );
        }
        slots.params.push((name.to_owned(), param));
        Slot::Query(name.to_owned().into())
    }

    /// Of a parameter and a place in the body one is used.
    fn param_or_body(&mut self, view: &View<'_>, param: &str, body: &Span) {
        if let Some(param) = view.entry(param) {
            self.error(
                Diagnostic::error(
                    "RS0502",
                    body,
                    format!(
                        "the value goes into the body or into `{}`, not both",
                        param.key.name
                    ),
                )
                .help("remove one of them")
                .also(&param.key.span, "the other is here"),
            );
        }
    }

    /// A place in the body of a request that has none.
    fn body_path_needs_a_body(&mut self, span: &Span, key: &str) {
        self.error(
            Diagnostic::error(
                "RS0503",
                span,
                format!("`{key}` needs a body, and this request has none"),
            )
            .help("give the endpoint `method: POST` and `json: {}`"),
        );
    }

    fn body_path_has_only_keys(&mut self, path: &Path, span: &Span) {
        let is_good = !path.0.is_empty() && path.0.iter().all(|step| matches!(step, Step::Key(_)));
        if !is_good {
            self.error(
                Diagnostic::error("RS0204", span, "a value is written under a key of the body")
                    .help("use keys only: `paging.offset`"),
            );
        }
    }

    /// Two values in one parameter.
    fn different_slots(&mut self, view: &View<'_>, one: &Slot, other: &Slot, keys: [&str; 2]) {
        let ([one_key, other_key], is_same) = match (one, other) {
            // What is within the one would take the place of the other.
            (Slot::Body(Path(one)), Slot::Body(Path(other))) => (
                keys.map(|key| key.replace("_param", "_body_path")),
                one.starts_with(other) || other.starts_with(one),
            ),
            _ => (keys.map(str::to_owned), one == other),
        };
        if is_same {
            let is_other = view.entry(&other_key).is_some();
            let key = if is_other { &other_key } else { &one_key };
            self.error(
                Diagnostic::error(
                    "RS0502",
                    view.place(key),
                    "both values would be sent in the same place",
                )
                .help(format!("`{one_key}` and `{other_key}` must differ")),
            );
        }
    }

    /// A maximum at or below the start fetches nothing.
    fn maximum_is_past_start(&mut self, view: &View<'_>, maximum: &str, start: &str, from: u64) {
        let Some(most) = view.integer(maximum).filter(|most| *most <= from) else {
            return;
        };
        let span = view
            .text(maximum)
            .map_or(view.place(maximum), |text| text.span);
        self.error(
            Diagnostic::error(
                "RS0504",
                span,
                format!("nothing lies before `{maximum}` {most}"),
            )
            .help(format!(
                "it is exclusive, and must be above `{start}`, {from}"
            )),
        );
    }

    fn page_is_not_before_base(&mut self, view: &View<'_>, pages: &PageNumber) {
        if pages.page < pages.base_page {
            self.error(
                Diagnostic::error(
                    "RS0504",
                    view.place("page"),
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
                    view.place("page_size"),
                    "`page_size` has no effect here",
                )
                .help("name the parameter that carries it in `page_size_param`"),
            ),
            (None, true, _) => {
                let key = if view.entry("page_size_param").is_some() {
                    "page_size_param"
                } else {
                    "page_size_body_path"
                };
                self.error(
                    Diagnostic::error(
                        "RS0505",
                        view.place(key),
                        format!("`{key}` has nothing to send"),
                    )
                    .help("say the size in `page_size`"),
                );
            }
            (None, false, true) => self.error(
                Diagnostic::error(
                    "RS0505",
                    view.place("stop_after_short_page"),
                    "without `page_size` no page is short",
                )
                .help("say the size in `page_size`"),
            ),
            _ => {}
        }
    }

    /// `links_next_key` beside a header that holds a URL only.
    fn relation_needs_link(&mut self, view: &View<'_>, header: &str) {
        if let Some(relation) = view.entry("links_next_key")
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

    /// Pages that are counted go on until something ends them.
    fn an_end_is_possible(&mut self, view: &View<'_>, paginator: &Paginator) {
        let ends = &paginator.ends;
        let maximum = match &paginator.kind {
            Pages::Offset(offset) => offset.maximum_offset,
            Pages::Number(pages) => pages.maximum_page,
            _ => return,
        };
        // What has a mistake may be the end.
        if self.sink.has_errors_in(&view.node.span) {
            return;
        }
        let is_possible = ends.stop_after_empty_page
            || ends.stop_after_short_page
            || ends.total_path.is_some()
            || ends.total_header.is_some()
            || ends.has_more_path.is_some()
            || maximum.is_some()
            || paginator.maximum_pages.is_some()
            || !paginator.stop_on_status.is_empty();
        if !is_possible {
            self.error(
                Diagnostic::error(
                    "RS0506",
                    view.place("stop_after_empty_page"),
                    "nothing would ever end these pages",
                )
                .help("leave `stop_after_empty_page` true, or say `total_path` or a maximum"),
            );
        }
    }
}

/// The parameters that a paginator writes.
struct Slots {
    has_body: bool,
    params: Vec<(String, &'static str)>,
    fields: Vec<(Path, &'static str)>,
}
