//! Where a paginator writes its values.

use crate::connector::{Part, Path, Slot, Step, Text};
use crate::diagnostic::{Diagnostic, Span};
use crate::grammar::paginator as key;
use crate::grammar::{AnyKey, Key};
use crate::spec::View;

use super::Check;

/// The keys that say where a value is sent, and its placeholder.
#[derive(Clone, Copy)]
pub(super) struct SlotKeys {
    pub param: &'static dyn AnyKey,
    pub header: Option<&'static Key<Text>>,
    pub body: Option<&'static Key<Path>>,
    pub part: &'static Part,
}

pub(super) static OFFSET: SlotKeys = SlotKeys {
    param: &key::OFFSET_PARAM,
    header: None,
    body: Some(&key::OFFSET_BODY_PATH),
    part: &Part::Position,
};
pub(super) static LIMIT: SlotKeys = SlotKeys {
    param: &key::LIMIT_PARAM,
    header: None,
    body: Some(&key::LIMIT_BODY_PATH),
    part: &Part::PageSize,
};
pub(super) static PAGE: SlotKeys = SlotKeys {
    param: &key::PAGE_PARAM,
    header: None,
    body: Some(&key::PAGE_BODY_PATH),
    part: &Part::Position,
};
pub(super) static PAGE_SIZE: SlotKeys = SlotKeys {
    param: &key::PAGE_SIZE_PARAM,
    header: None,
    body: Some(&key::PAGE_SIZE_BODY_PATH),
    part: &Part::PageSize,
};
pub(super) static CURSOR: SlotKeys = SlotKeys {
    param: &key::CURSOR_PARAM,
    header: Some(&key::CURSOR_HEADER),
    body: Some(&key::CURSOR_BODY_PATH),
    part: &Part::Position,
};
pub(super) static SCROLL: SlotKeys = SlotKeys {
    param: &key::SCROLL_PARAM,
    header: Some(&key::SCROLL_HEADER),
    body: Some(&key::SCROLL_BODY_PATH),
    part: &Part::Position,
};

/// The parameters that a paginator writes.
pub(super) struct Slots {
    pub has_body: bool,
    pub params: Vec<(Text, &'static str)>,
    pub fields: Vec<(Path, &'static str)>,
    /// The setting of the page size.
    pub size_setting: Option<u16>,
}

impl Check<'_> {
    /// Where a value is sent: in a parameter, or at a place in the body.
    pub(super) fn slot(
        &mut self,
        view: &View<'_>,
        keys: SlotKeys,
        name: Text,
        slots: &mut Slots,
    ) -> Slot {
        let SlotKeys {
            param,
            header,
            body,
            part,
        } = keys;
        if let Some((placeholder, is_bare)) = self.placeholder_of(part) {
            let others = [
                (!is_bare).then(|| view.entry(param)).flatten(),
                header.and_then(|header| view.entry(header)),
                body.and_then(|body| view.entry(body)),
            ];
            for other in others.into_iter().flatten() {
                self.sent_once(&other.key.name, &other.key.span, &placeholder);
            }
            return Slot::Placeholder;
        }
        if let Some(entry) = header.and_then(|header| view.entry(header)) {
            self.param_or_body(view, param, &entry.key.span);
            if let Some(body) = body {
                self.param_or_body(view, body, &entry.key.span);
            }
            if let Some((header, name)) =
                header.and_then(|header| Some((header, view.get(header)?)))
            {
                self.is_a_header(view, header);
                return Slot::Header(name);
            }
        }
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

    /// Of a parameter, a header and a place in the body one is used.
    fn param_or_body(&mut self, view: &View<'_>, param: &dyn AnyKey, body: &Span) {
        if let Some(param) = view.entry(param) {
            self.error(
                Diagnostic::error(
                    "RS0502",
                    body,
                    format!(
                        "the value is sent here or by `{}`, not both",
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
    pub(super) fn different_slots(
        &mut self,
        view: &View<'_>,
        one: &Slot,
        other: &Slot,
        keys: [SlotKeys; 2],
    ) {
        let of_param = |keys: SlotKeys| keys.param;
        let of_body = |keys: SlotKeys| keys.body.map_or(keys.param, |body| body);
        let ([one_key, other_key], is_same) = match (one, other) {
            // What is within the one would take the place of the other.
            (Slot::Body(Path(one)), Slot::Body(Path(other))) => (
                keys.map(of_body),
                one.starts_with(other) || other.starts_with(one),
            ),
            (Slot::Placeholder, Slot::Placeholder) => return,
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

    /// A value that a placeholder stands for, and that another key sends again.
    fn sent_once(&mut self, key: &str, span: &Span, placeholder: &Span) {
        let message = "the value is sent here or by a placeholder, not both";
        self.error(
            Diagnostic::error("RS0502", span, message)
                .help(format!("remove `{key}`, or the placeholder"))
                .also(placeholder, "the placeholder is here"),
        );
    }
}
