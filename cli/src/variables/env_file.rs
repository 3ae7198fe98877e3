//! Files with one `NAME=VALUE` a line.
//!
//! Shells, Docker and libraries disagree about `$`, `\`, quotes and spaces in such files, and a reader that substitutes
//! `$` changes a password silently. A value that could be read in two ways is an error here.

use crate::error::CommandError;

/// The names and values of a file, which messages call `file`.
///
/// # Errors
///
/// At the first invalid line. The message has its number, and not its text, which may hold a secret.
pub(super) fn parse(text: &str, file: &str) -> Result<Vec<Pair>, CommandError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut pairs = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        match entry(rest) {
            Ok((pair, after)) => {
                pairs.extend(pair);
                rest = after;
            }
            Err(mistake) => {
                let line = 1 + text[..text.len() - rest.len()].matches('\n').count();
                let (wrong, help) = mistake.message();
                return Err(CommandError::usage(format!(
                    "{file}, line {line}: {wrong}\n  help: {help}"
                )));
            }
        }
    }
    Ok(pairs)
}

/// A name and its value.
type Pair = (String, String);

/// Why a line is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mistake {
    NotAPair,
    Ambiguous,
    Unclosed,
    AfterQuote,
    Escape,
    Dollar,
}

impl Mistake {
    const fn message(self) -> (&'static str, &'static str) {
        match self {
            Self::NotAPair => (
                "expected `NAME=VALUE`",
                "write a variable's name, `=` and its value; comments begin with `#`",
            ),
            Self::Ambiguous => (
                "a value without quotes contains a space, a quote, `$`, `\\` or a backtick",
                "put the value in single quotes, which keep every character",
            ),
            Self::Unclosed => (
                "a value begins with a quote and does not end with one",
                "end the value with the same quote",
            ),
            Self::AfterQuote => (
                "the closing quote of a value is followed by more text",
                "end the line there, or write a quote within double quotes as `\\\"`",
            ),
            Self::Escape => (
                "unknown escape in double quotes",
                "the escapes are `\\n`, `\\\"`, `\\\\` and `\\$`; single quotes keep every character",
            ),
            Self::Dollar => (
                "`$` in double quotes: variables are not substituted",
                "write `\\$`, or use single quotes",
            ),
        }
    }
}

/// The pair at the start of a text, if its line has one, and the text after it. A value in quotes may have lines.
fn entry(text: &str) -> Result<(Option<Pair>, &str), Mistake> {
    let text = text.trim_start_matches(BLANKS);
    let (line, after) = split_line(text);
    if line.trim_end().is_empty() || line.starts_with('#') {
        return Ok((None, after));
    }
    let (name, _) = line.split_once('=').ok_or(Mistake::NotAPair)?;
    let value = text[name.len() + 1..].trim_start_matches(BLANKS);
    let name = match name.strip_prefix("export") {
        Some(rest) if rest.starts_with(BLANKS) => rest.trim(),
        _ => name.trim_end(),
    };
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || !name.chars().all(is_name) {
        return Err(Mistake::NotAPair);
    }
    let (value, after) = if let Some(rest) = value.strip_prefix('\'') {
        let (value, rest) = rest.split_once('\'').ok_or(Mistake::Unclosed)?;
        (value.to_owned(), after_quote(rest)?)
    } else if let Some(rest) = value.strip_prefix('"') {
        let (value, rest) = double_quoted(rest)?;
        (value, after_quote(rest)?)
    } else {
        let (value, after) = split_line(value);
        (plain(value.trim_end())?, after)
    };
    Ok((Some((name.to_owned(), value)), after))
}

/// Spaces within a line. A carriage return belongs to its end.
const BLANKS: [char; 3] = [' ', '\t', '\r'];

fn split_line(text: &str) -> (&str, &str) {
    text.split_once('\n').unwrap_or((text, ""))
}

fn plain(value: &str) -> Result<String, Mistake> {
    let is_ambiguous = |c: char| c.is_whitespace() || "\"'$\\`".contains(c);
    if value.contains(is_ambiguous) {
        return Err(Mistake::Ambiguous);
    }
    Ok(value.to_owned())
}

/// The value up to the closing quote, and the text after that.
fn double_quoted(text: &str) -> Result<(String, &str), Mistake> {
    let mut value = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        value.push(match character {
            '"' => return Ok((value, characters.as_str())),
            '$' => return Err(Mistake::Dollar),
            '\\' => match characters.next() {
                Some('n') => '\n',
                Some(escaped @ ('"' | '\\' | '$')) => escaped,
                _ => return Err(Mistake::Escape),
            },
            other => other,
        });
    }
    Err(Mistake::Unclosed)
}

/// The text after the line of a closing quote, which may have a comment and nothing else.
fn after_quote(text: &str) -> Result<&str, Mistake> {
    let (tail, after) = split_line(text);
    let comment = tail.trim_start();
    if comment.is_empty() || comment.starts_with('#') && tail.starts_with(BLANKS) {
        return Ok(after);
    }
    Err(Mistake::AfterQuote)
}
