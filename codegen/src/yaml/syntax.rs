//! Mistakes in the syntax, in words.

use granit_parser::ErrorKind;

use super::DEPTH;

/// A mistake in the syntax, in words, and what to do about it.
pub(super) fn explain(kind: &ErrorKind) -> (String, Option<&'static str>) {
    let (message, advice) = match kind {
        ErrorKind::TabInIndentation
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabNotAllowed => ("a tab cannot indent YAML", Some("use spaces")),
        ErrorKind::MappingValueNotAllowed => (
            "a `:` cannot stand here",
            Some(
                "text that holds `: ` needs quotes; a key needs a line of its own, indented like its neighbours",
            ),
        ),
        ErrorKind::InvalidColonPlacement => (
            "a `:` cannot stand here",
            Some("is a bracket or a quote before it not closed?"),
        ),
        ErrorKind::UnclosedQuotedScalar => ("this quote is never closed", None),
        ErrorKind::InvalidQuotedScalarIndent => (
            "a quoted text goes on here, indented too little",
            Some("is its closing quote missing?"),
        ),
        ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping => ("a bracket is never closed", None),
        ErrorKind::ExpectedFlowMappingSeparator => (
            "expected `,` or `}`",
            Some("is a bracket not closed, or text not quoted?"),
        ),
        ErrorKind::ExpectedFlowSequenceSeparator => (
            "expected `,` or `]`",
            Some("is a bracket not closed, or text not quoted?"),
        ),
        ErrorKind::InvalidIndentation
        | ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry => (
            "this does not belong to what stands above it",
            Some("is it indented like its neighbours, or a quote or a bracket left open?"),
        ),
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => {
            ("expected a `:` after this key", Some("write `key: value`"))
        }
        ErrorKind::RecursionLimitExceeded => {
            return (format!("nested more than {DEPTH} deep"), None);
        }
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            return (
                format!("`{close}` cannot close `{open}`"),
                Some("close each bracket with its own kind"),
            );
        }
        ErrorKind::UnexpectedCharacter { character } => {
            return (
                format!("no value begins with `{character}`"),
                Some("put the text in quotes"),
            );
        }
        ErrorKind::UnknownQuotedScalarEscape => (
            "no such escape",
            Some("in double quotes a backslash is written `\\\\`; in single quotes it is itself"),
        ),
        other => {
            let words = other.to_string();
            return (format!("not valid YAML: {words}"), None);
        }
    };
    (message.to_owned(), advice)
}
