//! Diagnostics in the form of the protocol.

use lsp_types::{
    CodeDescription, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag,
    Location, NumberOrString,
};
use rest_source_codegen::diagnostic::{Located, Severity};

use crate::document::Document;

/// The page that explains the codes.
const PAGE: &str = concat!(
    env!("CARGO_PKG_REPOSITORY"),
    "/blob/main/docs/DIAGNOSTICS.md"
);

/// Codes of what is of no use, which editors fade out.
const UNNECESSARY: [&str; 2] = ["RS0901", "RS0902"];

/// What is wrong with the document's current version, if it was checked.
pub(crate) fn diagnostics(document: &mut Document) -> Vec<Diagnostic> {
    let located: Vec<Located> = document
        .analysis()
        .map(|analysis| analysis.diagnostics.located().collect())
        .unwrap_or_default();
    located
        .iter()
        .map(|one| diagnostic(document, one))
        .collect()
}

/// One of them. Its texts are without credentials.
pub(crate) fn diagnostic(document: &Document, located: &Located) -> Diagnostic {
    let mut places = located.places.iter();
    let first = places.next();
    let label = first.map(|place| place.label.as_str()).unwrap_or_default();
    let mut message = located.message.clone();
    for line in std::iter::once(label).chain(located.notes.iter().map(String::as_str)) {
        if !line.is_empty() {
            message.push('\n');
            message.push_str(line);
        }
    }
    let related = places.map(|place| DiagnosticRelatedInformation {
        location: Location::new(document.uri.clone(), document.range(&place.bytes)),
        message: place.label.clone(),
    });
    let related: Vec<_> = related.collect();
    let anchor = located.code.to_lowercase();
    Diagnostic {
        range: first
            .map(|place| document.range(&place.bytes))
            .unwrap_or_default(),
        severity: Some(match located.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
        }),
        code: Some(NumberOrString::String(located.code.to_owned())),
        code_description: format!("{PAGE}#{anchor}")
            .parse()
            .ok()
            .map(|href| CodeDescription { href }),
        source: Some("rest-source".to_owned()),
        message,
        related_information: (!related.is_empty()).then_some(related),
        tags: UNNECESSARY
            .contains(&located.code)
            .then(|| vec![DiagnosticTag::UNNECESSARY]),
        data: None,
    }
}
