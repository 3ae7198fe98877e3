//! What ends the pages.

use crate::connector::{Ends, Flag, JsonPlan, List, Pages, Paginator};
use crate::diagnostic::Diagnostic;
use crate::grammar::AnyKey;
use crate::grammar::paginator as key;
use crate::regex;
use crate::spec::{Text, View};
use crate::yaml::Node;

use super::super::actions::scalar;
use super::Check;

impl Check<'_> {
    pub(super) fn ends(&mut self, view: &View<'_>, kind: &Pages) -> Ends {
        self.needs(
            view,
            &key::ACCEPT_SHORT_TOTAL,
            &[&key::TOTAL_PATH, &key::TOTAL_HEADER],
        );
        self.needs(
            view,
            &key::TOTAL_PATTERN,
            &[&key::TOTAL_PATH, &key::TOTAL_HEADER],
        );
        self.needs(
            view,
            &key::TOTAL_DEFAULT,
            &[&key::TOTAL_PATH, &key::TOTAL_HEADER],
        );
        self.is_a_header(view, &key::TOTAL_HEADER);
        self.is_a_regex(view.text(&key::TOTAL_PATTERN));
        let ends = Ends {
            total_path: view.get(&key::TOTAL_PATH),
            total_header: view.get(&key::TOTAL_HEADER),
            total_pattern: view.get(&key::TOTAL_PATTERN),
            total_default: view.get(&key::TOTAL_DEFAULT),
            accept_short_total: view.get(&key::ACCEPT_SHORT_TOTAL),
            ..Ends::DEFAULT
        };
        if *kind == Pages::Single {
            return ends;
        }
        let flag = self.flag(view);
        if matches!(kind, Pages::Scroll(_)) {
            return Ends {
                flag,
                stop_after_empty_page: Ends::of(kind).stop_after_empty_page,
                ..ends
            };
        }
        let is_counted = Ends::of(kind).stop_after_empty_page;
        let has_cursor = matches!(kind, Pages::Cursor(_) | Pages::HeaderCursor { .. });
        let stop_after_empty_page = if is_counted {
            &key::STOP_AFTER_EMPTY_PAGE
        } else {
            &key::LINKED_STOP_AFTER_EMPTY_PAGE
        };
        Ends {
            flag,
            last_cursors: if has_cursor {
                self.flag_values(view, &key::LAST_CURSOR_VALUES)
            } else {
                List::EMPTY
            },
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

    /// A text that has to be a regular expression.
    pub(in crate::check) fn is_a_regex(&mut self, text: Option<Text<'_>>) {
        if let Some(text) = text
            && let Err(reason) = regex::groups(text.text)
        {
            let message = format!("`{}` {reason}", text.text);
            self.error(
                Diagnostic::error("RS0515", text.span, message)
                    .help("write a regular expression, `of ([0-9]+)$`; `\\` before a character takes it as it is"),
            );
        }
    }

    /// The flag that says whether there is more.
    fn flag(&mut self, view: &View<'_>) -> Option<Flag> {
        self.needs(
            view,
            &key::HAS_MORE_DEFAULT,
            &[&key::HAS_MORE_PATH, &key::LAST_PAGE_PATH],
        );
        self.needs(view, &key::HAS_MORE_VALUES, &[&key::HAS_MORE_PATH]);
        self.needs(view, &key::LAST_PAGE_VALUES, &[&key::LAST_PAGE_PATH]);
        if let (Some(more), Some(last)) = (
            view.entry(&key::HAS_MORE_PATH),
            view.entry(&key::LAST_PAGE_PATH),
        ) {
            self.error(
                Diagnostic::error(
                    "RS0514",
                    &last.key.span,
                    "two flags say whether there is more",
                )
                .help("remove one of them")
                .also(&more.key.span, "the other is here"),
            );
        }
        let is_last = view.entry(&key::LAST_PAGE_PATH).is_some();
        let (path, values): (_, &dyn AnyKey) = if is_last {
            (view.get(&key::LAST_PAGE_PATH), &key::LAST_PAGE_VALUES)
        } else {
            (view.get(&key::HAS_MORE_PATH), &key::HAS_MORE_VALUES)
        };
        Some(Flag {
            path: path?,
            is_last,
            values: self.flag_values(view, values),
            default: view.get(&key::HAS_MORE_DEFAULT),
        })
    }

    /// The values that stand for true.
    fn flag_values(&mut self, view: &View<'_>, key: &dyn AnyKey) -> List<JsonPlan> {
        let elements = view.node(key).map(Node::elements).unwrap_or_default();
        if let Some(entry) = view.entry(key).filter(|_| elements.is_empty()) {
            let message = format!("the list of `{}` is empty", entry.key.name);
            self.error(
                Diagnostic::error("RS0110", &entry.value.span, message)
                    .help("give it a value, or remove the key"),
            );
        }
        elements.iter().filter_map(scalar).collect()
    }

    /// Pages that are counted go on until something ends them.
    pub(super) fn an_end_is_possible(&mut self, view: &View<'_>, paginator: &Paginator) {
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
            || ends.flag.is_some()
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
