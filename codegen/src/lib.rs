//! The connector language: YAML with positions → spec → checked connector → Rust tokens.

#![allow(missing_docs)]

pub mod attribute;
mod check;
pub mod connector;
pub mod crate_path;
#[cfg(any(test, feature = "describe"))]
pub mod describe;
pub mod diagnostic;
pub mod emit;
mod grammar;
mod item;
mod jsonpath;
pub mod module;
mod names;
mod other_placeholders;
#[cfg(feature = "project")]
pub mod project;
mod read;
mod redact;
mod regex;
mod render;
pub mod secret_names;
mod spec;
pub mod spec_path;
mod suggest;
mod type_words;
mod unseen;
mod user_struct;
mod value;
#[cfg(any(test, feature = "write"))]
pub mod write;
mod yaml;

use connector::Connector;
use diagnostic::Diagnostics;
use read::credentials::{Search, hide_in_lines};
use redact::Redaction;
use render::Source;

/// What became of a spec.
#[derive(Clone, Debug, PartialEq)]
pub struct Compiled {
    /// The connector, where the spec has no error.
    pub connector: Option<Connector>,
    /// The names that the spec makes, as far as they could be read in spite of errors: for a
    /// skeleton that spares the user errors that are not theirs.
    pub outline: Outline,
    /// What there is to say about the spec.
    pub diagnostics: Diagnostics,
}

/// The names at the top of a module, each once and a valid Rust identifier, in the order of the spec.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// The records, and the types of objects, enums and unions within them.
    pub types: Vec<String>,
    /// The methods of `Source` that fetch.
    pub methods: Vec<String>,
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
/// assert_eq!(compiled.connector.unwrap().plan.name, "media");
///
/// let compiled = rest_source_codegen::compile("specs/media.yaml", &text.replace("id:", "id;"));
/// assert!(compiled.connector.is_none());
/// assert!(compiled.diagnostics.has_errors());
/// ```
pub fn compile(path: &str, text: &str) -> Compiled {
    let mut sink = diagnostic::Sink::default();
    let mut source = Source::new(path, text);
    let mut document = yaml::parse(text, &mut sink);
    source.redact(credentials(text, &mut document, &sink));
    let is_whole = document.whole;
    let shared = std::mem::take(&mut document.shared);
    let spec = read::read(document, &mut sink);
    // What is missing after a mistake in the syntax is no mistake of its own.
    let mut unheard = diagnostic::Sink::default();
    let heard = if is_whole { &mut sink } else { &mut unheard };
    let checked = spec.map(|spec| check::check(&spec, &source, heard));
    sink.doubt(&shared);
    let (connector, outline) = checked.unzip();
    Compiled {
        connector: connector.filter(|_| !sink.has_errors()),
        outline: outline.unwrap_or_default(),
        diagnostics: sink.finish(source),
    }
}

/// Parses a duration as specs write it: `500ms`, `10s`, `1m30s`, `7d`.
///
/// ```
/// let time = rest_source_codegen::duration("1m30s");
/// assert_eq!(time, Ok(std::time::Duration::from_secs(90)));
/// ```
///
/// # Errors
///
/// What is wrong with the text.
pub fn duration(text: &str) -> Result<std::time::Duration, &'static str> {
    value::duration(text)
}

/// The text of a spec with a mask in place of each literal credential, to show it or a part of it.
///
/// ```
/// let text = "client:\n  headers: { X-Api-Key: abc123, X-Team: \"{config.team}\" }\n";
/// assert_eq!(rest_source_codegen::without_credentials(text), text.replace("abc123", "***"));
/// ```
pub fn without_credentials(text: &str) -> String {
    let mut sink = diagnostic::Sink::default();
    let mut document = yaml::parse(text, &mut sink);
    let redaction = credentials(text, &mut document, &sink);
    let mut shown = String::new();
    let mut was_hidden = false;
    for (at, c) in text.char_indices() {
        let is_hidden = redaction.hides(at) && c != '\n';
        if !is_hidden {
            shown.push(c);
        } else if !was_hidden {
            shown.push_str(redact::MASK);
        }
        was_hidden = is_hidden;
    }
    shown
}

/// The literal credentials of a text.
fn credentials(text: &str, document: &mut yaml::Document, sink: &diagnostic::Sink) -> Redaction {
    let dropped = std::mem::take(&mut document.dropped);
    let mut redaction = Redaction::default();
    Search::new(text, &mut redaction).spec(document.root.as_ref(), &dropped);
    // The tree may lack a part of the text.
    if !document.whole || sink.has_errors() {
        hide_in_lines(text, &mut redaction);
    }
    redaction
}
