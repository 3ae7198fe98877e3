//! Mistakes in the syntax, in words.

use granit_parser::ErrorKind;

use crate::diagnostic::{Diagnostic, Span};

use super::DEPTH;

/// A mistake of which the place is not where the parser stumbled.
pub(super) fn mistake(text: &str, at: usize, kind: &ErrorKind) -> Option<Diagnostic> {
    if let Some((place, value)) = unquoted_placeholder(text, at) {
        return Some(
            Diagnostic::error("RS0001", &place, "a text with a placeholder needs quotes")
                .help(format!("write `\"{value}\"`"))
                .note("without quotes, a `{` begins a map, and `>`, `|`, `@` and others mean something to YAML"),
        );
    }
    match kind {
        ErrorKind::TabInIndentation
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInPlainScalar
        | ErrorKind::TabNotAllowed => {
            let tab = indenting_tab(text, at)?;
            Some(
                Diagnostic::error("RS0001", &(tab..tab + 1), "a tab cannot indent YAML")
                    .help("indent with spaces"),
            )
        }
        ErrorKind::MappingValueNotAllowed
        | ErrorKind::InvalidIndentation
        | ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::SimpleKeyExpected
        | ErrorKind::InvalidSimpleKey => {
            let (dash, key) = dash_without_space(text, at)?;
            Some(
                Diagnostic::error(
                    "RS0001",
                    &(dash..dash + 1),
                    "a space is missing after this dash",
                )
                .help(format!("write `- {key}: …`")),
            )
        }
        _ => None,
    }
}

/// A placeholder without quotes around its text, in the line of a place or the one before it, and
/// that text: `/things/{config.id}`.
fn unquoted_placeholder(text: &str, at: usize) -> Option<(Span, &str)> {
    const BEGINS: [&str; 4] = ["{secrets.", "{config.", "{resources.", "{incremental."];
    let end = text
        .get(at..)?
        .find('\n')
        .map_or(text.len(), |end| at + end);
    let mut until = end;
    for line in text.get(..end)?.rsplit('\n').take(2) {
        let begin = until.checked_sub(line.len())?;
        until = begin.saturating_sub(1);
        let Some(open) = BEGINS.iter().filter_map(|one| line.find(one)).min() else {
            continue;
        };
        let before = line.get(..open)?;
        let is_quoted = |quote: char| before.matches(quote).count() % 2 == 1;
        if is_quoted('"') || is_quoted('\'') || before.contains('#') {
            continue;
        }
        let start = [": ", "- ", ", ", "["]
            .iter()
            .filter_map(|one| Some(before.rfind(one)? + one.len()))
            .max()?;
        let rest = line.get(start..)?;
        let close = rest.find('}')? + 1;
        let after = rest.get(close..)?;
        let is_flow = before.get(..start)?.contains(['{', '[']);
        let more = if is_flow {
            after.find([',', '}', ']']).unwrap_or(after.len())
        } else {
            after.find(" #").unwrap_or(after.len())
        };
        let value = rest.get(..close + more)?.trim_end();
        // Alone it is a map, which is no mistake in the syntax.
        let is_alone = rest.starts_with('{') && value.len() == close;
        if !is_alone && !value.contains('"') {
            return Some((begin + start..begin + start + value.len(), value));
        }
    }
    None
}

/// The tab that indents what stands at a place, or the line after it.
fn indenting_tab(text: &str, at: usize) -> Option<usize> {
    let begin = text.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
    let lines = text.get(begin..)?.split_inclusive('\n').take(2);
    let mut from = begin;
    for line in lines {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        let tab = line.get(..indent).and_then(|indent| indent.find('\t'));
        if let Some(tab) = tab {
            return Some(from + tab);
        }
        from += line.len();
    }
    None
}

/// `-name: …` in the line of a place, or the last one before it: the dash, and the key after it.
fn dash_without_space(text: &str, at: usize) -> Option<(usize, &str)> {
    let end = text
        .get(at..)?
        .find('\n')
        .map_or(text.len(), |end| at + end);
    let lines = text.get(..end)?.rsplit('\n');
    let mut until = end;
    for line in lines.filter(|line| !line.trim().is_empty()).take(2) {
        let begin = text.get(..until)?.rfind(line)?;
        until = begin;
        let Some(after) = line.trim_start().strip_prefix('-') else {
            continue;
        };
        let key = after.split(':').next().unwrap_or_default();
        if crate::value::is_identifier(key) && after.len() > key.len() {
            return Some((begin + line.len() - line.trim_start().len(), key));
        }
    }
    None
}

/// The quote with which a text began, within a place, that the parser stumbled in or behind; as far as
/// that can be told without reading it.
pub(super) fn opening_quote(text: &str, within: Span, kind: &ErrorKind) -> Option<usize> {
    let end = match kind {
        ErrorKind::InvalidQuotedScalarIndent => within.end,
        // Behind the quote that closes it.
        ErrorKind::InvalidTrailingSingleQuotedScalar
        | ErrorKind::InvalidTrailingDoubleQuotedScalar => within.end.saturating_sub(1),
        _ => return None,
    };
    let part = text.get(within.start..end)?;
    let mut before = ' ';
    let mut found = None;
    for (at, c) in part.char_indices() {
        if matches!(c, '"' | '\'') && (before.is_whitespace() || "[{,:".contains(before)) {
            found = Some(within.start + at);
        }
        before = c;
    }
    found
}

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
        ErrorKind::UnclosedQuotedScalar => (
            "this quote is never closed",
            Some("end the text with a quote of the same kind"),
        ),
        ErrorKind::InvalidTrailingSingleQuotedScalar
        | ErrorKind::InvalidTrailingDoubleQuotedScalar => (
            "text goes on after its closing quote",
            Some("is a quote before it not closed, or one too many?"),
        ),
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
