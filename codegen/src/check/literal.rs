//! Secrets that are written in a spec where no credentials are looked for.

use crate::connector::{Part, Template};
use crate::diagnostic::{Diagnostic, Sink, Span};
use crate::other_placeholders::{self, Jinja};
use crate::secret_names;
use crate::spec::Text;

use super::Check;

const NEVER: &str =
    "a secret is never written in a spec; it is given by the user or the environment";

impl Check<'_> {
    /// A value under a name that says it is a secret.
    pub(super) fn is_no_secret(&mut self, what: &str, text: Text<'_>, value: &Template) {
        let is_literal = matches!(&value.0[..], [Part::Text(_)]);
        let is_meant = other_placeholders::jinja(text.text)
            .iter()
            .any(Jinja::is_certain);
        if is_literal && !is_meant && !self.sink.has_errors_in(text.span) {
            let message = format!("{what} is named like a secret, and its value is written here");
            self.error(
                Diagnostic::warning("RS0904", text.span, message)
                    .help("write `{secrets.NAME}`, or `{config.NAME}` for what is no secret")
                    .note(NEVER),
            );
        }
    }
}

/// A URL with a secret in its query.
pub(super) fn query_has_no_secret(url: &str, span: &Span, sink: &mut Sink) {
    if let Some(name) = secret_names::in_query(url) {
        let message =
            format!("`{name}` in this query is named like a secret, and its value is written here");
        sink.push(
            Diagnostic::warning("RS0904", span, message)
                .help("use an `auth` with `location: query`, or `params`, with `{secrets.NAME}`")
                .note(NEVER),
        );
    }
}
