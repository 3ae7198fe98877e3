//! How a diagnostic looks: the message, then the lines of the spec with carets, as rustc does it.

use std::fmt::Write as _;

use crate::diagnostic::{Diagnostic, LocatedSpan, Span};
use crate::redact::Redaction;

/// A spec's text, and where its lines begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    path: String,
    text: String,
    /// The byte at which each line begins.
    lines: Vec<usize>,
    /// What is not shown, since it may be a credential.
    redaction: Redaction,
}

/// The most characters of a line that are shown.
const WIDTH: usize = 140;

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let begins = text.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
            lines: std::iter::once(0).chain(begins).collect(),
            redaction: Redaction::default(),
        }
    }

    /// Shows asterisks for these parts of the text, whatever a diagnostic points at.
    pub(crate) fn redact(&mut self, redaction: Redaction) {
        self.redaction = redaction;
    }

    pub(crate) fn redaction(&self) -> &Redaction {
        &self.redaction
    }

    /// Shows another path to the spec.
    pub(crate) fn show_path(&mut self, path: &str) {
        path.clone_into(&mut self.path);
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The line, from 1, of a byte.
    pub(crate) fn line(&self, at: usize) -> usize {
        self.lines.partition_point(|begin| *begin <= at).max(1)
    }

    /// The column, from 1 and in characters, of a byte.
    fn column(&self, at: usize) -> usize {
        let begin = self.lines.get(self.line(at) - 1).copied().unwrap_or(0);
        let before = self.text.get(begin..at).unwrap_or_default();
        before.trim_start_matches('\u{feff}').chars().count() + 1
    }

    /// A line's text, without its end.
    fn line_text(&self, line: usize) -> String {
        let begin = self.lines.get(line - 1).copied().unwrap_or(self.text.len());
        let end = self.lines.get(line).copied().unwrap_or(self.text.len());
        let text = self.text.get(begin..end).unwrap_or_default();
        let shown = text.char_indices().map(|(at, c)| {
            if self.redaction.hides(begin + at) {
                '*'
            } else {
                c
            }
        });
        let shown: String = shown.collect();
        shown
            .trim_end_matches(['\n', '\r'])
            .trim_start_matches('\u{feff}')
            .to_owned()
    }

    /// A replacement with its further lines indented like the key in the line of its place.
    pub(crate) fn indented(&self, replacement: &str, at: usize) -> String {
        let begin = self.lines.get(self.line(at) - 1).copied().unwrap_or(0);
        let line = self.text.get(begin..at).unwrap_or_default();
        let key = line.trim_start_matches([' ', '-']);
        let indent = " ".repeat(line.len() - key.len());
        let rest = self.text.get(at..).unwrap_or_default();
        let end = rest.find('\n').and_then(|end| rest.get(..end));
        let end = match end {
            Some(line) if line.ends_with('\r') => "\r\n",
            _ => "\n",
        };
        replacement.replace('\n', &format!("{end}{indent}"))
    }

    /// The whole diagnostic, without `error: ` before it.
    pub(crate) fn message(&self, diagnostic: &Diagnostic) -> String {
        let places = self.places(diagnostic);
        let last = places.iter().map(|place| place.line).max().unwrap_or(1);
        let gutter = last.to_string().len();
        let margin = " ".repeat(gutter);
        let mut text = format!(
            "{} [{}]\n{margin}--> {}:{}:{}\n{margin} |",
            diagnostic.message,
            diagnostic.code,
            plain(&self.path),
            self.line(diagnostic.span.start),
            self.column(diagnostic.span.start),
        );
        let mut shown = 0;
        for place in &places {
            if shown != 0 && place.line > shown + 1 {
                text.push_str("\n...");
            }
            if place.line != shown {
                let line = format!("\n{:>gutter$} | {}", place.line, place.text);
                text.push_str(line.trim_end());
                shown = place.line;
            }
            let under = format!(
                "\n{margin} | {}{} {}",
                " ".repeat(place.indent),
                place.marks,
                place.label
            );
            text.push_str(under.trim_end());
        }
        if !diagnostic.notes.is_empty() {
            let _ = write!(text, "\n{margin} |");
        }
        for note in &diagnostic.notes {
            let kind = note.split(": ").next().map_or(0, |kind| kind.len() + 2);
            let indent = " ".repeat(gutter + 3 + kind);
            let note = note.replace('\n', &format!("\n{indent}"));
            let _ = write!(text, "\n{margin} = {note}");
        }
        text
    }

    /// A place in lines and columns.
    pub(crate) fn located(&self, span: &Span, label: &str) -> LocatedSpan {
        let (first, last) = (self.line(span.start), self.line(span.end));
        LocatedSpan {
            path: self.path.clone(),
            bytes: span.clone(),
            start: (first, self.column(span.start)),
            end: (last, self.column(span.end)),
            lines: (first..=last).map(|line| self.line_text(line)).collect(),
            label: label.to_owned(),
        }
    }

    /// The lines to show, in order, the diagnostic's own place and its secondary ones.
    fn places(&self, diagnostic: &Diagnostic) -> Vec<AnnotatedLine> {
        let mut places = vec![self.place(&diagnostic.span, '^', &diagnostic.label)];
        for (span, label) in &diagnostic.secondary {
            let place = self.place(span, '-', label);
            let is_before =
                |one: &AnnotatedLine| (one.line, one.indent) <= (place.line, place.indent);
            places.insert(places.partition_point(is_before), place);
        }
        places
    }

    /// A span on its first line; what it covers of further lines is left out.
    fn place(&self, span: &Span, mark: char, label: &str) -> AnnotatedLine {
        let line = self.line(span.start);
        let whole = self.line_text(line);
        let from = self.column(span.start) - 1;
        let covered = self.text.get(span.clone()).unwrap_or_default();
        let first = covered.lines().next().unwrap_or_default().trim_end();
        let length = first.chars().count().min(WIDTH / 2);
        let skipped = (from + length + WIDTH / 8).saturating_sub(WIDTH);
        let before: String = whole.chars().skip(skipped).take(from - skipped).collect();
        let shown: String = whole.chars().skip(skipped).take(WIDTH).collect();
        let marked: String = first.chars().take(WIDTH / 2).collect();
        let ellipsis = if skipped > 0 { "…" } else { "" };
        let cut = whole.chars().count() > skipped + WIDTH;
        AnnotatedLine {
            line,
            text: format!("{ellipsis}{}{}", plain(&shown), if cut { "…" } else { "" }),
            indent: width(ellipsis) + width(&plain(&before)),
            marks: mark.to_string().repeat(width(&plain(&marked)).max(1)),
            label: label.to_owned(),
        }
    }
}

/// A line of the spec with the marks below it.
struct AnnotatedLine {
    line: usize,
    text: String,
    /// Columns of a terminal before the marks.
    indent: usize,
    marks: String,
    label: String,
}

/// The text as a terminal can show it in a predictable width: tabs as four spaces, control
/// characters and those that turn the direction of writing as a replacement.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => plain.push_str("    "),
            c if c.is_control() => plain.push('\u{fffd}'),
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                plain.push('\u{fffd}');
            }
            c => plain.push(c),
        }
    }
    plain
}

/// How many columns of a terminal the text takes.
fn width(text: &str) -> usize {
    text.chars().map(char_width).sum()
}

/// Two for the wide scripts and emoji, none for combining marks, else one.
fn char_width(c: char) -> usize {
    match u32::from(c) {
        0x0300..=0x036f | 0x1ab0..=0x1aff | 0x20d0..=0x20ff | 0xfe00..=0xfe0f | 0xfe20..=0xfe2f => {
            0
        }
        0x1100..=0x115f
        | 0x2e80..=0x303e
        | 0x3041..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f
        | 0x1f680..=0x1f6ff
        | 0x1f900..=0x1f9ff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagnostic_looks_like_one_of_rustc() {
        let text = "resources:\n  - name: stories\n    primary_keys: id\n";
        let at = text.find("primary_keys").unwrap();
        let diagnostic = Diagnostic::error(
            "RS0102",
            &(at..at + 12),
            "unknown key `primary_keys` in resource `stories`",
        )
        .help("did you mean `primary_key`?")
        .note("a resource may have: name, endpoint");
        insta::assert_snapshot!(Source::new("specs/a.yaml", text).message(&diagnostic), @r"
        unknown key `primary_keys` in resource `stories` [RS0102]
         --> specs/a.yaml:3:5
          |
        3 |     primary_keys: id
          |     ^^^^^^^^^^^^ help: did you mean `primary_key`?
          |
          = note: a resource may have: name, endpoint
        ");
    }

    #[test]
    fn a_second_place_is_shown_in_order_with_dashes() {
        let text = "a: 1\nb: 2\nc: 3\na: 4\n";
        let diagnostic = Diagnostic::error("RS0002", &(15..16), "`a` is defined twice")
            .also(&(0..1), "first defined here");
        insta::assert_snapshot!(Source::new("a.yaml", text).message(&diagnostic), @r"
        `a` is defined twice [RS0002]
         --> a.yaml:4:1
          |
        1 | a: 1
          | - first defined here
        ...
        4 | a: 4
          | ^
        ");
    }

    #[test]
    fn tabs_and_wide_characters_keep_the_carets_in_place() {
        let text = "\u{feff}\t名前: \"x\u{202e}y\" # é\n";
        let at = text.find("\"x").unwrap();
        let diagnostic = Diagnostic::error("RS0103", &(at..at + 7), "wrong");
        insta::assert_snapshot!(Source::new("a.yaml", text).message(&diagnostic), @r#"
        wrong [RS0103]
         --> a.yaml:1:6
          |
        1 |     名前: "x�y" # é
          |           ^^^^^
        "#);
    }

    #[test]
    fn a_span_of_several_lines_is_marked_on_its_first() {
        let text = "a:\n  b: 1\n  c: 2\n";
        let diagnostic = Diagnostic::error("RS0103", &(5..16), "wrong").label("this");
        insta::assert_snapshot!(Source::new("a.yaml", text).message(&diagnostic), @r"
        wrong [RS0103]
         --> a.yaml:2:3
          |
        2 |   b: 1
          |   ^^^^ this
        ");
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let text = format!("a: {}b", "x".repeat(10_000));
        let diagnostic = Diagnostic::error("RS0103", &(10_003..10_004), "wrong");
        insta::assert_snapshot!(Source::new("a.yaml", &text).message(&diagnostic), @r"
        wrong [RS0103]
         --> a.yaml:1:10004
          |
        1 | …xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxb
          |                                                                                                                            ^
        ");
    }

    #[test]
    fn a_place_past_the_end_is_the_end() {
        let diagnostic = Diagnostic::error("RS0001", &(5..5), "the spec ends too soon");
        insta::assert_snapshot!(Source::new("a.yaml", "a: [\n").message(&diagnostic), @r"
        the spec ends too soon [RS0001]
         --> a.yaml:2:1
          |
        2 |
          | ^
        ");
    }
}
