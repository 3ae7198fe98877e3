//! `paginator`: how pages follow each other, and that they end.

use crate::connector::{
    Cursor, Ends, List, Offset, PageNumber, Pages, Paginator, Path, Slot, Step, Text,
};
use crate::diagnostic::{Applicability, Diagnostic, Span};
use crate::grammar::paginator as key;
use crate::grammar::{self, AnyKey, DefaultKey, Key};
use crate::spec::View;
use crate::value;
use crate::yaml::Node;

use super::Check;
use super::auth::rust_path;

/// A paginator, and the parameters that it writes: each with the key that names it.
pub(super) struct Paging {
    pub paginator: Paginator,
    pub params: Vec<(Text, &'static str)>,
    /// The fields of a body.
    pub fields: Vec<(Path, &'static str)>,
}

/// The keys that say where a value is sent: in a parameter, or at a place in the body.
#[derive(Clone, Copy)]
struct SlotKeys {
    param: &'static dyn AnyKey,
    body: Option<&'static Key<Path>>,
}

static OFFSET: SlotKeys = SlotKeys {
    param: &key::OFFSET_PARAM,
    body: Some(&key::OFFSET_BODY_PATH),
};
static LIMIT: SlotKeys = SlotKeys {
    param: &key::LIMIT_PARAM,
    body: Some(&key::LIMIT_BODY_PATH),
};
static PAGE: SlotKeys = SlotKeys {
    param: &key::PAGE_PARAM,
    body: Some(&key::PAGE_BODY_PATH),
};
static PAGE_SIZE: SlotKeys = SlotKeys {
    param: &key::PAGE_SIZE_PARAM,
    body: Some(&key::PAGE_SIZE_BODY_PATH),
};
static CURSOR: SlotKeys = SlotKeys {
    param: &key::CURSOR_PARAM,
    body: Some(&key::CURSOR_BODY_PATH),
};
static CURSOR_OF_HEADER: SlotKeys = SlotKeys {
    param: &key::CURSOR_PARAM,
    body: None,
};

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
                cursor_key: self.header_key(&view, &key::CURSOR_KEY),
                cursor: self.slot(
                    &view,
                    CURSOR_OF_HEADER,
                    view.get(&key::CURSOR_PARAM),
                    &mut slots,
                ),
            },
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
        let paginator = Paginator {
            ends: self.ends(&view, &kind),
            maximum_pages: if is_single {
                None
            } else {
                view.get(&key::MAXIMUM_PAGES)
            },
            stop_on_status: if is_single {
                List::EMPTY
            } else {
                self.statuses_of_failures(&view, &key::STOP_ON_STATUS);
                view.get(&key::STOP_ON_STATUS).unwrap_or_default()
            },
            keep_params: matches!(kind, Pages::HeaderLink { .. } | Pages::JsonLink { .. })
                && view.get(&key::KEEP_PARAMS),
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
            limit: view.get(&key::LIMIT).filter(|limit| *limit > 0)?,
            base_offset,
            offset: start.unwrap_or(base_offset),
            offset_slot: self.slot(view, OFFSET, view.get(&key::OFFSET_PARAM), slots),
            limit_slot: self.slot(view, LIMIT, view.get(&key::LIMIT_PARAM), slots),
            maximum_offset: view.get(&key::MAXIMUM_OFFSET),
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

    fn page_number(&mut self, view: &View<'_>, slots: &mut Slots) -> Pages {
        let base_page = view.get(&key::BASE_PAGE);
        let page_size = view.get(&key::PAGE_SIZE);
        let sends_size = view.entry(&key::PAGE_SIZE_PARAM).is_some()
            || view.entry(&key::PAGE_SIZE_BODY_PATH).is_some();
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
        };
        if let Some(size) = &pages.page_size_slot {
            self.different_slots(view, &pages.page_slot, size, [PAGE, PAGE_SIZE]);
        }
        self.maximum_is_past_start(view, &key::MAXIMUM_PAGE, &key::PAGE, pages.page);
        self.page_is_not_before_base(view, &pages);
        Pages::Number(pages)
    }

    fn cursor(&mut self, view: &View<'_>, slots: &mut Slots) -> Pages {
        Pages::Cursor(Cursor {
            cursor_path: view.get(&key::CURSOR_PATH),
            cursor: self.slot(view, CURSOR, view.get(&key::CURSOR_PARAM), slots),
        })
    }

    fn ends(&mut self, view: &View<'_>, kind: &Pages) -> Ends {
        self.needs(
            view,
            &key::ACCEPT_SHORT_TOTAL,
            &[&key::TOTAL_PATH, &key::TOTAL_HEADER],
        );
        self.is_a_header(view, &key::TOTAL_HEADER);
        let ends = Ends {
            total_path: view.get(&key::TOTAL_PATH),
            total_header: view.get(&key::TOTAL_HEADER),
            accept_short_total: view.get(&key::ACCEPT_SHORT_TOTAL),
            ..Ends::DEFAULT
        };
        if *kind == Pages::Single {
            return ends;
        }
        self.needs(view, &key::HAS_MORE_DEFAULT, &[&key::HAS_MORE_PATH]);
        let is_counted = Ends::of(kind).stop_after_empty_page;
        let stop_after_empty_page = if is_counted {
            &key::STOP_AFTER_EMPTY_PAGE
        } else {
            &key::LINKED_STOP_AFTER_EMPTY_PAGE
        };
        Ends {
            has_more_path: view.get(&key::HAS_MORE_PATH),
            has_more_default: view.get(&key::HAS_MORE_DEFAULT),
            stop_after_empty_page: view.get(stop_after_empty_page),
            stop_after_short_page: is_counted && view.get(&key::STOP_AFTER_SHORT_PAGE),
            end_on_repeat: !is_counted && view.get(&key::END_ON_REPEAT),
            ..ends
        }
    }

    /// A key that only says something about another one.
    fn needs(&mut self, view: &View<'_>, key: &dyn AnyKey, others: &[&dyn AnyKey]) {
        let Some(entry) = view.entry(key) else {
            return;
        };
        let key = key.name;
        if others.iter().all(|other| view.entry(*other).is_none()) {
            let names: Vec<_> = others
                .iter()
                .map(|other| format!("`{}`", other.name))
                .collect();
            let others = names.join(" or ");
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

    /// Where a value is sent: in a parameter, or at a place in the body.
    fn slot(
        &mut self,
        view: &View<'_>,
        SlotKeys { param, body }: SlotKeys,
        name: Text,
        slots: &mut Slots,
    ) -> Slot {
        if let Some(entry) = body.and_then(|body| view.entry(body)) {
            self.param_or_body(view, param, &entry.key.span);
            if !slots.has_body {
                self.body_path_needs_a_body(&entry.key.span, &entry.key.name);
            }
            if let Some((body, path)) = body.and_then(|body| Some((body, view.get(body)?))) {
                self.body_path_has_only_keys(&path, &entry.value.span);
                slots.fields.push((path.clone(), body.name));
                return Slot::Body(path);
            }
        }
        if view.text(param).is_some_and(|name| name.text.is_empty()) {
            let default = param.default();
            let help = match default.as_str() {
                "" => "write the name of the API's parameter".to_owned(),
                default => format!("leave it out for `{default}`"),
            };
            let message = format!("`{}` names no parameter", param.name);
            self.error(Diagnostic::error("RS0110", view.place(param), message).help(help));
        }
        slots.params.push((name.clone(), param.name));
        Slot::Query(name)
    }

    /// Of a parameter and a place in the body one is used.
    fn param_or_body(&mut self, view: &View<'_>, param: &dyn AnyKey, body: &Span) {
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
    fn different_slots(&mut self, view: &View<'_>, one: &Slot, other: &Slot, keys: [SlotKeys; 2]) {
        let of_param = |keys: SlotKeys| keys.param;
        let of_body = |keys: SlotKeys| keys.body.map_or(keys.param, |body| body);
        let ([one_key, other_key], is_same) = match (one, other) {
            // What is within the one would take the place of the other.
            (Slot::Body(Path(one)), Slot::Body(Path(other))) => (
                keys.map(of_body),
                one.starts_with(other) || other.starts_with(one),
            ),
            _ => (keys.map(of_param), one == other),
        };
        if is_same {
            let is_other = view.entry(other_key).is_some();
            let key = if is_other { other_key } else { one_key };
            let help = format!("`{}` and `{}` must differ", one_key.name, other_key.name);
            self.error(
                Diagnostic::error(
                    "RS0502",
                    view.place(key),
                    "both values would be sent in the same place",
                )
                .help(help),
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
                    view.place(&key::STOP_AFTER_EMPTY_PAGE),
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
    params: Vec<(Text, &'static str)>,
    fields: Vec<(Path, &'static str)>,
}
