//! The connector language: YAML with positions → spec → checked connector → Rust tokens.

#![allow(missing_docs)]

mod check;
pub mod connector;
pub mod diagnostic;
pub mod emit;
mod grammar;
mod jsonpath;
pub mod module;
mod read;
mod render;
mod spec;
mod suggest;
mod value;
mod yaml;

use connector::Connector;
use diagnostic::Diagnostics;
use render::Source;

/// What became of a spec.
#[derive(Clone, Debug, PartialEq)]
pub struct Compiled {
    /// The connector, where the spec has no error.
    pub connector: Option<Connector>,
    /// As much of it as could be made out in spite of errors, for a skeleton that spares the user
    /// errors that are not theirs: its names and types are valid, but what the spec got wrong is
    /// missing or is a default.
    pub outline: Option<Connector>,
    /// What there is to say about the spec.
    pub diagnostics: Diagnostics,
}

/// Compiles the text of a spec.
///
/// The path is for messages, and for the name of a spec that says none: it is `/`-separated and as
/// the user wrote it. Whatever the text is, this neither panics nor takes more than bounded memory.
///
/// ```
/// let text = "
/// client:
///   base_url: https://api.example.com
/// resources:
///   - name: stories
///     endpoint: { path: /v1/stories, paginator: single_page }
///     columns: { id: text! }
/// ";
/// let compiled = rest_source_codegen::compile("specs/media.yaml", text);
/// assert_eq!(compiled.connector.unwrap().name, "media");
///
/// let compiled = rest_source_codegen::compile("specs/media.yaml", &text.replace("id:", "id;"));
/// assert!(compiled.connector.is_none());
/// assert!(compiled.diagnostics.has_errors());
/// ```
pub fn compile(path: &str, text: &str) -> Compiled {
    let mut sink = diagnostic::Sink::default();
    let source = Source::new(path, text);
    let document = yaml::parse(text, &mut sink);
    let is_whole = document.whole;
    let spec = read::read(document, &mut sink);
    // What is missing after a mistake in the syntax is no mistake of its own.
    let mut unheard = diagnostic::Sink::default();
    let heard = if is_whole { &mut sink } else { &mut unheard };
    let checked = spec.map(|spec| check::check(&spec, &source, heard));
    let has_errors = sink.has_errors();
    let (connector, outline) = if has_errors {
        (None, checked)
    } else {
        (checked, None)
    };
    Compiled {
        connector,
        outline,
        diagnostics: sink.finish(source),
    }
}
