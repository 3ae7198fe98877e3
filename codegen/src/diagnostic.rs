//! What is wrong with a spec, where, and what to do about it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::Range;

use crate::render::Source;
use crate::suggest::closest;
use crate::unseen;
use crate::yaml::Node;

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
    /// What the help says, for a tool to do.
    pub suggestion: Option<Suggestion>,
}

/// A text to put in place of what a diagnostic is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// What it replaces: this part of the text at the diagnostic's place, or all of it where this is
    /// empty.
    pub replaces: String,
    pub replacement: String,
    pub applicability: Applicability,
}

/// Whether a suggestion may be taken without being looked at; in the words of rustc.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applicability {
    /// It surely says what was meant.
    MachineApplicable,
    /// It is probably what was meant.
    MaybeIncorrect,
}

impl Applicability {
    pub(crate) fn sure_if(is_sure: bool) -> Self {
        if is_sure {
            Self::MachineApplicable
        } else {
            Self::MaybeIncorrect
        }
    }
}

impl Diagnostic {
    /// An error.
    pub fn error(code: &'static str, span: &Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            span: span.clone(),
            label: String::new(),
            secondary: Vec::new(),
            notes: Vec::new(),
            suggestion: None,
        }
    }

    /// A warning.
    pub fn warning(code: &'static str, span: &Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, span, message)
        }
    }

    /// Says this beneath the carets.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Names the fix beneath the carets, or in a line of its own where they have a label already.
    #[must_use]
    pub fn help(mut self, help: impl AsRef<str>) -> Self {
        let help = format!("help: {}", help.as_ref());
        if self.label.is_empty() {
            self.label = help;
        } else {
            self.notes.push(help);
        }
        self
    }

    /// Says by what to replace `replaces`, a part of the text at its place, or all of it where this is
    /// empty. The help says the same to a person.
    #[must_use]
    pub fn suggest(
        mut self,
        replaces: impl Into<String>,
        replacement: impl Into<String>,
        applicability: Applicability,
    ) -> Self {
        self.suggestion = Some(Suggestion {
            replaces: replaces.into(),
            replacement: replacement.into(),
            applicability,
        });
        self
    }

    /// Asks whether a name that is not known is another that is.
    #[must_use]
    pub fn did_you_mean(self, name: &str, close: &str) -> Self {
        self.help(format!("did you mean `{close}`?")).suggest(
            name,
            close,
            Applicability::MaybeIncorrect,
        )
    }

    /// Asks whether a name that is not known is the one of those that are which looks most like it; says
    /// what else to do where none does.
    #[must_use]
    pub fn meant(self, name: &str, known: &[&str], otherwise: &str) -> Self {
        match closest(name, known) {
            Some(close) => self.did_you_mean(name, close),
            None => self.help(otherwise),
        }
    }

    /// Adds a line after the snippet.
    #[must_use]
    pub fn note(mut self, note: impl AsRef<str>) -> Self {
        self.notes.push(format!("note: {}", note.as_ref()));
        self
    }

    /// Points at a further place.
    #[must_use]
    pub fn also(mut self, span: &Span, label: impl Into<String>) -> Self {
        self.secondary.push((span.clone(), label.into()));
        self
    }
}

impl Diagnostic {
    /// Takes over the further places of one that says the same of the same place. What the two would
    /// mend in different ways is left to the user.
    fn joined(&mut self, other: Self) {
        const MOST: usize = 5;
        if self.suggestion != other.suggestion {
            self.doubt();
        }
        for place in other.secondary {
            let is_new = self.secondary.iter().all(|(span, _)| *span != place.0);
            if self.secondary.len() < MOST && is_new {
                self.secondary.push(place);
            }
        }
    }
}

impl Diagnostic {
    /// Lets a person look at what it suggests.
    fn doubt(&mut self) {
        if let Some(suggestion) = &mut self.suggestion {
            suggestion.applicability = Applicability::MaybeIncorrect;
        }
    }
}

/// Names what is not seen in the text that a mistake is about: it is the likely cause.
fn name_unseen(diagnostic: &mut Diagnostic, text: &str) {
    let place = text.get(diagnostic.span.clone()).unwrap_or_default();
    let first = place.lines().next().unwrap_or_default();
    let is_named = |text: &String| text.contains("(U+");
    if let Some(name) = unseen::named(first)
        && diagnostic.severity == Severity::Error
        && !is_named(&diagnostic.label)
        && !diagnostic.notes.iter().any(is_named)
    {
        diagnostic
            .notes
            .push(format!("note: there is {name} in it"));
    }
}

/// The message without the middle of an absurdly long name in it.
fn shortened(message: String) -> String {
    const LONGEST: usize = 400;
    if message.len() <= LONGEST {
        return message;
    }
    let first: String = message.chars().take(LONGEST / 2).collect();
    let mut last: Vec<char> = message.chars().rev().take(LONGEST / 4).collect();
    last.reverse();
    format!("{first}…{}", last.iter().collect::<String>())
}

/// A [`Diagnostic`] with its places in lines and columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    pub code: &'static str,
    pub severity: Severity,
    pub message: String,
    /// The whole of it as text, as [`Diagnostics::messages`] has it.
    pub rendered: String,
    /// The place it is about, then the further ones.
    pub places: Vec<LocatedSpan>,
    /// `help: …` and `note: …`.
    pub notes: Vec<String>,
    /// What can be done about it.
    pub edit: Option<Edit>,
}

/// A replacement in the text of a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced. Its label is the help.
    pub place: LocatedSpan,
    pub replacement: String,
    pub applicability: Applicability,
    /// Whether the replacement repeats a credential, so that it may not be shown.
    pub is_secret: bool,
}

/// A [`Span`] in lines and columns, both from 1, columns in characters; the end is excluded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocatedSpan {
    pub path: String,
    pub bytes: Span,
    pub start: (usize, usize),
    pub end: (usize, usize),
    /// The lines it is on, without what may be a secret.
    pub lines: Vec<String>,
    pub label: String,
}

/// Everything that is wrong with one spec, ordered by place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostics {
    source: Source,
    list: Vec<Diagnostic>,
    /// Errors that were found after there were too many to keep.
    more: usize,
}

impl Diagnostics {
    /// The most errors that are shown.
    pub const SHOWN: usize = 20;

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Whether nothing can be emitted.
    pub fn has_errors(&self) -> bool {
        self.errors().next().is_some()
    }

    /// The path of the spec, as the diagnostics show it.
    pub fn path(&self) -> &str {
        self.source.path()
    }

    /// With another path to the spec: the one that whoever reads them can open.
    #[must_use]
    pub fn with_path(mut self, path: &str) -> Self {
        self.source.show_path(path);
        self
    }

    /// All of them, by place.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// The errors, by place.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list
            .iter()
            .filter(|one| one.severity == Severity::Error)
    }

    /// The errors as texts, one each, at most [`Self::SHOWN`] and then one that says how many more
    /// there are. None begins with `error: `: whoever shows them says that, as `compile_error!` does.
    pub fn messages(&self) -> Vec<String> {
        let mut messages: Vec<String> = self
            .errors()
            .take(Self::SHOWN)
            .map(|one| self.source.message(one))
            .collect();
        messages.extend(self.and_more());
        messages
    }

    /// The warnings as texts, one each, without `warning: ` before it.
    pub fn warnings(&self) -> Vec<String> {
        self.list
            .iter()
            .filter(|one| one.severity == Severity::Warning)
            .map(|one| self.source.message(one))
            .collect()
    }

    /// All of them as one text for a terminal, errors and warnings, each with its severity before it.
    pub fn render(&self) -> String {
        let mut text = String::new();
        let mut errors = 0;
        for one in &self.list {
            if one.severity == Severity::Error {
                errors += 1;
                if errors > Self::SHOWN {
                    continue;
                }
            }
            text.push_str(match one.severity {
                Severity::Error => "error: ",
                Severity::Warning => "warning: ",
            });
            text.push_str(&self.source.message(one));
            text.push_str("\n\n");
        }
        if let Some(more) = self.and_more() {
            text.push_str("error: ");
            text.push_str(&more);
            text.push_str("\n\n");
        }
        text.truncate(text.trim_end().len());
        text
    }

    /// All of them as data, errors and warnings, by place: for a format other than text.
    pub fn located(&self) -> impl Iterator<Item = Located> {
        self.list.iter().map(|one| Located {
            code: one.code,
            severity: one.severity,
            message: one.message.clone(),
            rendered: self.source.message(one),
            places: std::iter::once((&one.span, &one.label))
                .chain(one.secondary.iter().map(|(span, label)| (span, label)))
                .map(|(span, label)| self.source.located(span, label))
                .collect(),
            notes: one.notes.clone(),
            edit: self.edit(one),
        })
    }

    /// What the suggestion of a diagnostic changes; nothing where what it replaces does not stand there
    /// once and as it is meant, but with escapes, say.
    fn edit(&self, one: &Diagnostic) -> Option<Edit> {
        let suggestion = one.suggestion.as_ref()?;
        let text = self.source.text().get(one.span.clone())?;
        let mut found = text.match_indices(&suggestion.replaces);
        let span = match (suggestion.replaces.as_str(), found.next(), found.next()) {
            ("", ..) => one.span.clone(),
            (word, Some((at, _)), None) => {
                let start = one.span.start + at;
                start..start + word.len()
            }
            _ => return None,
        };
        // Over several lines there may be a comment in it.
        let replaced = self.source.text().get(span.clone())?;
        if replaced.contains('\n') {
            return None;
        }
        let mut helps = std::iter::once(&one.label).chain(&one.notes);
        let help = helps.find_map(|line| line.strip_prefix("help: "))?;
        Some(Edit {
            place: self.source.located(&span, help),
            replacement: self.source.indented(&suggestion.replacement, span.start),
            applicability: suggestion.applicability,
            is_secret: self.source.redaction().is_in(&suggestion.replacement),
        })
    }

    /// The text of the spec.
    pub fn text(&self) -> &str {
        self.source.text()
    }

    /// A text with a mask in place of each credential that the spec holds.
    pub fn redacted(&self, text: &str) -> String {
        self.source.redaction().redacted(text)
    }

    /// Errors that are not among [`Self::located`], since there were too many to keep.
    pub fn not_kept(&self) -> usize {
        self.more
    }

    fn and_more(&self) -> Option<String> {
        let more = (self.errors().count() + self.more).saturating_sub(Self::SHOWN);
        let plural = if more == 1 { "" } else { "s" };
        (more > 0).then(|| format!("and {more} more error{plural} in {}", self.source.path()))
    }
}

/// Where the stages put what they find.
#[derive(Debug, Default)]
pub(crate) struct Sink {
    list: Vec<Diagnostic>,
    /// Positions in the list, by code and place.
    seen: HashMap<(&'static str, usize, usize), usize>,
    more: usize,
    /// Maps with a key that was not understood, and the key that was meant, if that can be told.
    holes: Vec<(Span, Option<&'static str>)>,
    /// Keys that stand in the wrong map.
    misplaced: Vec<(Span, &'static str)>,
}

impl Sink {
    /// Beyond this many, mistakes are counted and no longer kept.
    const KEPT: usize = 1000;

    /// Takes a mistake. One that was reported already at the same place, as the mistakes of a
    /// default are for every resource that inherits it, adds to that report its further places only.
    pub(crate) fn push(&mut self, diagnostic: Diagnostic) {
        if self.is_full() {
            self.more += usize::from(diagnostic.severity == Severity::Error);
            return;
        }
        let Span { start, end } = diagnostic.span;
        match self.seen.entry((diagnostic.code, start, end)) {
            Entry::Vacant(place) => {
                place.insert(self.list.len());
                self.list.push(diagnostic);
            }
            Entry::Occupied(place) => {
                if let Some(first) = self.list.get_mut(*place.get()) {
                    first.joined(diagnostic);
                }
            }
        }
    }

    /// Says what to do about a mistake that was reported at this place, now that what should stand
    /// there is known.
    pub(crate) fn advise(
        &mut self,
        code: &'static str,
        span: &Span,
        help: &str,
        suggestion: Option<Suggestion>,
    ) {
        let place = self.seen.get(&(code, span.start, span.end));
        if let Some(one) = place.and_then(|at| self.list.get_mut(*at)) {
            one.label = format!("help: {help}");
            one.suggestion = one.suggestion.take().or(suggestion);
        }
    }

    /// Lets a person look at what is suggested within these places.
    pub(crate) fn doubt(&mut self, places: &[Span]) {
        let is_within = |one: &Diagnostic, place: &Span| {
            place.start <= one.span.start && one.span.end <= place.end
        };
        for one in &mut self.list {
            if places.iter().any(|place| is_within(one, place)) {
                one.doubt();
            }
        }
    }

    /// Whether what is found now is counted and no longer kept.
    pub(crate) fn is_full(&self) -> bool {
        self.list.len() >= Self::KEPT
    }

    /// Whether an error was found.
    pub(crate) fn has_errors(&self) -> bool {
        self.list.iter().any(|one| one.severity == Severity::Error)
    }

    /// Whether an error was found within a place.
    pub(crate) fn has_errors_in(&self, span: &Span) -> bool {
        self.list.iter().any(|one| {
            one.severity == Severity::Error
                && span.start <= one.span.start
                && one.span.end <= span.end
        })
    }

    /// Whether a key was found within a place that is not known there: it may be any that is missing.
    pub(crate) fn has_unknown_key_in(&self, span: &Span) -> bool {
        self.list.iter().any(|one| {
            matches!(one.code, "RS0102" | "RS0104")
                && span.start <= one.span.start
                && one.span.end <= span.end
        })
    }

    /// Remembers that a map has a key that was not understood.
    pub(crate) fn has_hole(&mut self, map: &Span, meant: Option<&'static str>) {
        if !self.is_full() {
            self.holes.push((map.clone(), meant));
        }
    }

    /// Remembers that a key stands in the wrong map.
    pub(crate) fn is_misplaced(&mut self, map: &Span, key: &'static str) {
        if !self.is_full() {
            self.misplaced.push((map.clone(), key));
        }
    }

    /// Whether a key may be meant to be in a map: it is there with a mistake, or misspelt, or in a map
    /// near by. What its absence would mean is then no mistake of its own.
    pub(crate) fn is_unclear(&self, map: &Node, key: &str) -> bool {
        let is_hole = |(span, meant): &(Span, Option<&str>)| {
            *span == map.span && meant.is_none_or(|meant| meant == key)
        };
        let is_wrong = map
            .entries()
            .iter()
            .filter(|entry| entry.key.name == key)
            .any(|entry| {
                self.has_error_at(&entry.key.span) || self.has_error_at(&entry.value.span)
            });
        is_wrong || self.holes.iter().any(is_hole) || self.is_misplaced_near(&map.span, key)
    }

    /// Whether a key stands in a map within this one, or in one around it, where it cannot stand.
    pub(crate) fn is_misplaced_near(&self, map: &Span, key: &str) -> bool {
        let within =
            |inner: &Span, outer: &Span| outer.start <= inner.start && inner.end <= outer.end;
        self.misplaced
            .iter()
            .any(|(at, name)| *name == key && (within(at, map) || within(map, at)))
    }

    /// Whether an error begins where a place does.
    fn has_error_at(&self, span: &Span) -> bool {
        self.list
            .iter()
            .any(|one| one.severity == Severity::Error && one.span.start == span.start)
    }

    /// Orders what was found by place. Beside errors there are no warnings: what a mistake stands
    /// in the way of only seems of no use.
    pub(crate) fn finish(mut self, source: Source) -> Diagnostics {
        if self.has_errors() {
            self.list.retain(|one| one.severity == Severity::Error);
        }
        self.list.sort_by_key(|one| (one.span.start, one.span.end));
        for one in &mut self.list {
            // What is cut could not be found any more.
            source.redaction().diagnostic(one);
            name_unseen(one, source.text());
            one.message = shortened(unseen::escaped(&one.message, false));
            let secondary = one.secondary.iter_mut().map(|(_, label)| label);
            for text in secondary.chain([&mut one.label]).chain(&mut one.notes) {
                *text = unseen::escaped(text, true);
            }
        }
        Diagnostics {
            source,
            list: self.list,
            more: self.more,
        }
    }
}
