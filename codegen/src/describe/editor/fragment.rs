//! The part of a text that a completion needs, made parsable: the line at the cursor is incomplete while it is
//! typed, and other parts of the text may be broken.

use crate::diagnostic::{Sink, Span};
use crate::yaml::{self, Node};

use super::place::{Place, Target};

/// Stands for the word at the cursor.
pub(super) const DUMMY: &str = "zzcursorzz";

/// The line at a cursor, and the word in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'t> {
    pub text: &'t str,
    pub at: usize,
    /// Where the line begins and ends, without its end.
    pub start: usize,
    pub end: usize,
    /// Where the word begins and ends.
    pub word_start: usize,
    pub word_end: usize,
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '$')
}

impl<'t> Line<'t> {
    pub(super) fn new(text: &'t str, at: usize) -> Option<Self> {
        let before = text.get(..at)?;
        let after = text.get(at..)?;
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let length = after.find('\n').unwrap_or(after.len());
        let rest = after.get(..length)?.trim_end_matches('\r');
        let typed = text.get(start..at)?;
        let mut word = typed.len() - typed.trim_end_matches(is_word).len();
        // A dash alone begins an element of a list.
        if typed.trim_start() == typed.get(typed.len() - word..)?
            && typed.trim_start().starts_with('-')
        {
            word = word.saturating_sub(1);
        }
        let more = rest.len() - rest.trim_start_matches(is_word).len();
        Some(Self {
            text,
            at,
            start,
            end: at + rest.len(),
            word_start: at - word,
            word_end: at + more,
        })
    }

    /// What stands before the word.
    pub(super) fn before(&self) -> &'t str {
        self.text
            .get(self.start..self.word_start)
            .unwrap_or_default()
    }

    /// What stands after the word.
    pub(super) fn after(&self) -> &'t str {
        self.text.get(self.word_end..self.end).unwrap_or_default()
    }

    /// Whether the word begins a line, or an element of a list at the beginning of one.
    pub(super) fn begins(&self) -> bool {
        self.before()
            .chars()
            .all(|c| matches!(c, ' ' | '-' | '\u{feff}'))
    }

    fn indentation(&self) -> usize {
        let before = self.before();
        before.len() - before.trim_start_matches(' ').len()
    }
}

/// A tree with [`DUMMY`] at the cursor.
#[derive(Debug)]
pub(super) struct Fragment {
    root: Node,
    at: usize,
}

impl Fragment {
    /// A tree of the part of the text around the cursor, where the bytes of `replaced` in its line are
    /// [`DUMMY`].
    pub(super) fn new(line: &Line<'_>, replaced: &Span) -> Option<Self> {
        let (before, after) = surroundings(line);
        let typed = line.text.get(line.start..replaced.start)?;
        let rest = line.text.get(replaced.end..line.end)?;
        let closing = closing(typed);
        let bare = format!("{typed}{DUMMY}");
        let lines = [
            format!("{bare}{rest}"),
            format!("{bare}:{rest}"),
            format!("{bare}{closing}"),
            format!("{bare}: x{closing}"),
            format!("{bare}{closing}{rest}"),
        ];
        // A text that is whole shows all of the map; a text that is cut, at least what stands before.
        for (after, must_be_whole) in [(after.as_str(), true), (after.as_str(), false), ("", false)]
        {
            for line in &lines {
                let text = format!("{before}{line}\n{after}");
                let at = before.len() + typed.len() + 1;
                if let Some(fragment) = Self::parsed(&text, at, must_be_whole) {
                    return Some(fragment);
                }
            }
        }
        None
    }

    fn parsed(text: &str, at: usize, must_be_whole: bool) -> Option<Self> {
        let document = yaml::parse(text, &mut Sink::default());
        if must_be_whole && !document.whole {
            return None;
        }
        let fragment = Self {
            root: document.root?,
            at,
        };
        let place = fragment.place(None);
        let is_found = match place.target {
            Target::Key(entry) => entry.key.name.contains(DUMMY),
            Target::Value => {
                let scalar = place.last().and_then(|last| last.node.scalar());
                scalar.is_some_and(|scalar| scalar.text.contains(DUMMY))
            }
        };
        is_found.then_some(fragment)
    }

    /// The cursor's place, in a spec with these `resource_defaults`.
    pub(super) fn place<'f>(&'f self, defaults: Option<&'f Node>) -> Place<'f> {
        Place::of(&self.root, self.at, defaults)
    }
}

/// What closes the quote and the brackets that are open at the end of a part of a line.
fn closing(typed: &str) -> String {
    let mut open = Vec::new();
    let mut quote = None;
    let mut before = ' ';
    for c in typed.chars() {
        let begins = before.is_whitespace() || "[{,:".contains(before);
        before = c;
        if let Some(one) = quote {
            quote = Some(one).filter(|one| *one != c);
            continue;
        }
        match c {
            '"' | '\'' if begins => quote = Some(c),
            '{' if begins => open.push('}'),
            '[' if begins => open.push(']'),
            '}' | ']' if open.last() == Some(&c) => {
                open.pop();
            }
            _ => {}
        }
    }
    quote.into_iter().chain(open.into_iter().rev()).collect()
}

/// The lines before and after the cursor's that its map needs: of a top-level key, the other keys; of a
/// resource, its own lines; else those of its top-level key.
fn surroundings(line: &Line<'_>) -> (String, String) {
    let before = line.text.get(..line.start).unwrap_or_default();
    let after = line.text.get(line.end..).unwrap_or_default();
    let after = after
        .find('\n')
        .and_then(|end| after.get(end + 1..))
        .unwrap_or_default();
    let is_key = |line: &&str| top_key(line).is_some();
    if line.indentation() == 0 && line.begins() && !line.before().contains('-') {
        let keys = |text: &str| -> String {
            let keys = text.lines().filter_map(top_key);
            keys.flat_map(|key| [key, ": x\n"]).collect()
        };
        return (keys(before), keys(after));
    }
    let Some(key) = lines(before).rev().find(is_key) else {
        return (before.to_owned(), after.to_owned());
    };
    let start = offset(before, key);
    let before = before.get(start..).unwrap_or_default();
    let body = before.get(key.len()..).unwrap_or_default();
    let first = lines(body).find(|line| !is_empty(line));
    let indent = first.and_then(dash);
    let is_element = |line: &&str| indent.is_some() && dash(line) == indent;
    let next = lines(after).find(|line| is_key(line) || is_element(line));
    let length = next.map_or(after.len(), |next| offset(after, next));
    // The cursor's own line may begin the element.
    let is_own = line.before().trim_start().starts_with('-')
        && indent.is_some_and(|indent| line.indentation() <= indent);
    let from = if is_own {
        body.len()
    } else {
        let element = lines(body).rev().find(is_element);
        element.map_or(0, |element| offset(body, element))
    };
    let element = body.get(from..).unwrap_or_default();
    (
        format!("{key}{element}"),
        after.get(..length).unwrap_or_default().to_owned(),
    )
}

fn lines(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    text.split_inclusive('\n')
}

/// Where a line of a text begins.
fn offset(text: &str, line: &str) -> usize {
    line.as_ptr().addr().saturating_sub(text.as_ptr().addr())
}

fn is_empty(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

/// The name of the top-level key that a line begins with.
fn top_key(line: &str) -> Option<&str> {
    let line = line.trim_start_matches('\u{feff}');
    if line.starts_with([' ', '#', '-', '\n', '\r']) {
        return None;
    }
    let key = line
        .split(':')
        .next()
        .filter(|key| key.len() < line.len())?;
    let is_key = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_key.then_some(key)
}

/// The indentation of a line that begins an element of a list.
fn dash(line: &str) -> Option<usize> {
    let rest = line.trim_start_matches(' ');
    let is_dash = rest.starts_with("- ") || rest.trim_end() == "-";
    is_dash.then_some(line.len() - rest.len())
}
