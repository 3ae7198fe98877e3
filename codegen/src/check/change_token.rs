//! The change tokens of `incremental`: their keys, how they are read, and the rules about them.

use crate::connector::{ChangeToken, Incremental, Pages, Part, Path, ResourcePlan, Text, Type};
use crate::diagnostic::Diagnostic;
use crate::grammar::endpoint::{self, incremental as key};
use crate::grammar::{self, AnyKey, Key, path, text};
use crate::spec::View;
use crate::yaml::Entry;

use super::{Check, windows};

pub(crate) static TOKEN_PATH: Key<Path> = path(
    "token_path",
    "where a page has the token at which the next fetch starts, in place of a cursor column",
);
pub(crate) static TOKEN_PARAM: Key<Text> = text(
    "token_param",
    "the parameter that carries the token; `{incremental.start_value}` is the token too",
);
pub(crate) static DELTA_LINK_PATH: Key<Path> = path(
    "delta_link_path",
    "where a page has the URL at which the next fetch starts, in place of a cursor column",
);

impl Check<'_> {
    /// An `incremental` whose next start is a token or a link in the last page; `None` where it is by a cursor.
    pub(super) fn change_token(&mut self, view: &View<'_>) -> Option<Incremental> {
        let is_link = view.entry(&DELTA_LINK_PATH).is_some();
        let path_key = if is_link {
            &DELTA_LINK_PATH
        } else {
            &TOKEN_PATH
        };
        if is_link && let Some(entry) = view.entry(&TOKEN_PATH) {
            self.error(
                Diagnostic::error(
                    "RS0721",
                    &entry.key.span,
                    "a fetch starts at a token or at a link, not at both",
                )
                .help("remove `delta_link_path`, or the token"),
            );
            return Some(Incremental::DEFAULT);
        }
        let idle = view.entry(&TOKEN_PARAM);
        if let Some(entry) = idle.filter(|_| is_link || view.entry(&TOKEN_PATH).is_none()) {
            let message = "`token_param` has no effect here";
            let help = if is_link {
                "remove it: a delta link is followed as it is"
            } else {
                "name the place of the token by `token_path`, or remove it"
            };
            self.error(Diagnostic::error("RS0602", &entry.key.span, message).help(help));
        }
        view.entry(path_key)?;
        self.no_cursor_beside_a_token(view, is_link);
        let initial_value = view
            .text(&key::INITIAL_VALUE)
            .filter(|_| !is_link)
            .and_then(|_| self.bound_value(view, &key::INITIAL_VALUE, &Type::Text));
        Some(Incremental {
            column: None,
            initial_value,
            start_param: view.get(&TOKEN_PARAM).filter(|_| !is_link),
            change_token: view.get(path_key).map(|path| ChangeToken { path, is_link }),
            ..Incremental::DEFAULT
        })
    }

    /// Keys of `incremental` that are about a cursor or its range: the API alone knows what its token means.
    fn no_cursor_beside_a_token(&mut self, view: &View<'_>, is_link: bool) {
        let keys: [&dyn AnyKey; 13] = [
            &key::CURSOR_PATH,
            &key::END_VALUE,
            &key::START_PARAM,
            &key::END_PARAM,
            &key::LAG,
            &key::FORMAT,
            &windows::STEP,
            &windows::GRANULARITY,
            &key::RANGE_START,
            &key::RANGE_END,
            &key::ROW_ORDER,
            &key::ON_CURSOR_VALUE_MISSING,
            &key::FUTURE_CURSOR,
        ];
        let initial: &dyn AnyKey = &key::INITIAL_VALUE;
        let keys = keys.into_iter().chain(is_link.then_some(initial));
        let entries: Vec<&Entry> = keys.filter_map(|key| view.entry(key)).collect();
        let Some(first) = entries.first() else { return };
        let names: Vec<&str> = entries.iter().map(|entry| &*entry.key.name).collect();
        let names = names.join("`, `");
        let (by, what) = if is_link {
            (DELTA_LINK_PATH.name, "link")
        } else {
            (TOKEN_PATH.name, "token")
        };
        let message = format!("no effect beside `{by}`: `{names}`");
        self.error(Diagnostic::error("RS0602", &first.key.span, message).help(format!(
            "remove what is about a cursor in the records: the API knows by its {what} what is new"
        )));
    }

    /// A token that no request carries, and a link that no paginator follows.
    pub(super) fn change_token_is_sent(&mut self, endpoint: &View<'_>, plan: &ResourcePlan) {
        let view = endpoint.view(&endpoint::ENDPOINT_INCREMENTAL, &grammar::INCREMENTAL);
        let (Some(view), Some(token)) = (view, plan.change_token()) else {
            return;
        };
        if !token.is_link && !plan.sends_start() {
            let message = "no request carries the token of `token_path`";
            self.error(
                Diagnostic::error("RS0721", view.place(&TOKEN_PATH), message).help(
                    "set `token_param`, or write `{incremental.start_value}` in `params`, `path`, `headers` or a body",
                ),
            );
        }
        let follows_links = matches!(
            plan.paginator.kind,
            Pages::JsonLink { .. } | Pages::HeaderLink { .. } | Pages::Custom { .. }
        );
        let has_no_place = self.sink.has_errors_in(view.place(&DELTA_LINK_PATH));
        if token.is_link && !follows_links && !has_no_place {
            let message = "the paginator follows no links";
            self.error(
                Diagnostic::error("RS0721", view.place(&DELTA_LINK_PATH), message).help(
                    "use `type: json_link` or `type: header_link`; or name the token within the link by \
                     `token_path`, if a response has it on its own",
                ),
            );
        }
        if token.is_link && plan.sends(&Part::IncrementalStart) {
            let message = "`{incremental.start_value}` has no effect beside a delta link";
            self.error(
                Diagnostic::error("RS0721", view.place(&DELTA_LINK_PATH), message)
                    .help("remove the placeholder: a delta link is followed as it is"),
            );
        }
    }
}
