//! What is wrong with a spec, where, and what to do about it.

use std::ops::Range;

/// Bytes of the spec's text. An empty range points between two characters.
pub type Span = Range<usize>;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing can be emitted.
    Error,
    /// Something is of no use.
    Warning,
}

/// One mistake in a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Its code, `RS0102`: stable, and explained in the documentation.
    pub code: &'static str,
    pub severity: Severity,
    /// What is wrong: lower case, no full stop, names in backticks.
    pub message: String,
    /// Where.
    pub span: Span,
    /// What to say beneath the carets: `help: did you mean …` goes here, or nothing.
    pub label: String,
    /// Further places: "first defined here".
    pub secondary: Vec<(Span, String)>,
    /// Lines after the snippet: `help: …` first, then `note: …`.
    pub notes: Vec<String>,
}
