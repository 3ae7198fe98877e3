//! Functions of responses (`extract`, `on_response`): their keys, and the rules about them.

use crate::connector::{Decoder, Text};
use crate::diagnostic::{Diagnostic, Span};
use crate::grammar::{Key, Shape};
use crate::spec::View;

use super::Check;

pub(crate) static EXTRACT: Key<Text> = Key::new(
    "extract",
    Shape::Rust,
    "makes the JSON of a page: `fn(&Response) -> Result<Vec<Json>, E>`",
);
pub(crate) static ON_RESPONSE: Key<Text> = Key::new(
    "on_response",
    Shape::Rust,
    "decides what a response means: `fn(&Response) -> Option<Verdict>`",
);

impl Check<'_> {
    /// A function gets the body as it was sent: a decoder would not be used.
    pub(super) fn extract_needs_no_decoder(
        &mut self,
        endpoint: &View<'_>,
        decoder: &Decoder,
        place: &Span,
    ) {
        let Some(extract) = endpoint.entry(&EXTRACT) else {
            return;
        };
        if decoder.is_plain() {
            return;
        }
        self.error(
            Diagnostic::error("RS0826", place, "`decoder` has no effect beside `extract`")
                .help("remove one of them; `decoder: json` replaces a default")
                .also(
                    &extract.key.span,
                    "this function gets the body as it was sent",
                ),
        );
    }
}
