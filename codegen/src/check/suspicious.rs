//! What is valid and hardly meant: the notation of another language, taken for text here.

use crate::diagnostic::{Diagnostic, Span};
use crate::grammar::endpoint;
use crate::spec::{Text, View, text};
use crate::yaml::Node;

use super::Check;

impl Check<'_> {
    /// Warns about values of an endpoint that look like something else.
    pub(super) fn endpoint_is_meant(&mut self, endpoint: &View<'_>) {
        if let Some(selector) = endpoint.text(&endpoint::DATA_SELECTOR)
            && matches!(selector.text, "None" | "nil" | "undefined" | "Nothing")
        {
            let message = format!("`{}` is the key of that name here", selector.text);
            self.suspicious(
                selector.span,
                &message,
                "leave `data_selector` out to take the whole response",
            );
        }
        if let Some(path) = super::job::path_of(endpoint) {
            self.path_has_no_colons(path);
        }
        for key in [
            &endpoint::PATH,
            &endpoint::PARAMS,
            &endpoint::HEADERS,
            &endpoint::DATA,
        ] {
            if let Some(node) = endpoint.node(key) {
                self.quotes_are_straight(node);
            }
        }
    }

    /// `/orders/:org`, as routers have it.
    fn path_has_no_colons(&mut self, path: Text<'_>) {
        let segments = path.text.split(['/', '?']).skip(1);
        for name in segments.filter_map(|segment| segment.strip_prefix(':')) {
            if crate::value::is_identifier(name) {
                let place = self.part_of(path.span, &format!(":{name}"));
                let message = format!("`:{name}` is sent as it is");
                let help = format!("write `{{config.{name}}}`, or `{{resources.PARENT.FIELD}}`");
                self.suspicious(&place, &message, &help);
            }
        }
    }

    /// A value in the quotes of a word processor, which are a part of it.
    fn quotes_are_straight(&mut self, node: &Node) {
        const QUOTES: [char; 6] = [
            '\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}', '\u{ab}',
        ];
        for entry in node.entries() {
            self.quotes_are_straight(&entry.value);
        }
        for element in node.elements() {
            self.quotes_are_straight(element);
        }
        if let Some(text) = text(node)
            && text.text.starts_with(QUOTES)
        {
            let help = "write straight quotes, `\"` or `'`";
            self.suspicious(
                text.span,
                "typographic quotes are a part of the value",
                help,
            );
        }
    }

    /// `token: "Bearer {secrets.token}"`, which sends the scheme twice.
    pub(super) fn scheme_is_sent_once(&mut self, token: Text<'_>) {
        let scheme = token.text.split(' ').next().unwrap_or_default();
        if scheme.eq_ignore_ascii_case("bearer") && token.text.len() > scheme.len() {
            let message = format!("`{scheme}` would be sent twice: `bearer` writes it");
            self.suspicious(
                token.span,
                &message,
                "leave it out: `token: \"{secrets.token}\"`",
            );
        }
    }

    fn suspicious(&mut self, span: &Span, message: &str, help: &str) {
        self.sink
            .push(Diagnostic::warning("RS0906", span, message).help(help));
    }
}
