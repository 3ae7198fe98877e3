//! The configuration in a document: Python, JSON, YAML, or Markdown with one of them.

use std::ops::Range;

use super::evaluate::Module;
use super::value::{self, Kind, References, Value};
use crate::position::Lines;
use crate::{ImportError, tree};

/// The longest Python that is read.
const PYTHON: usize = 8 << 20;

/// A configuration in its document.
pub(super) struct Document {
    pub config: Value,
    /// The name of the source.
    pub name: Option<String>,
    /// Further configurations, which are not imported.
    pub others: Vec<usize>,
    /// Where the values of the configuration are changed afterwards.
    pub changes: Vec<usize>,
    /// Calls that change what the source gives.
    pub adjustments: Vec<(usize, String)>,
    /// What precedes a pointer in the document.
    pub file: String,
}

/// Finds the configuration in a document.
pub(super) fn read(
    file: &str,
    text: &str,
    references: &References,
) -> Result<Document, ImportError> {
    let start = text.trim_start_matches('\u{feff}').trim_start();
    let has_end = |end: &str| file.to_ascii_lowercase().ends_with(end);
    if has_end(".json")
        || has_end(".yaml")
        || has_end(".yml")
        || start.starts_with(['{', '[']) && !has_end(".py")
    {
        return of_tree(file, text, 0, references);
    }
    let fences = if has_end(".py") {
        Vec::new()
    } else {
        fences(text)
    };
    if fences.is_empty() {
        // YAML begins with a key in its first line.
        let is_yaml = ["client:", "resources:", "resource_defaults:", "---"];
        if !has_end(".py")
            && text
                .lines()
                .any(|line| is_yaml.iter().any(|key| line.starts_with(key)))
        {
            return of_tree(file, text, 0, references);
        }
        let whole = std::iter::once(0..text.len()).collect();
        return python(file, text, whole, references);
    }
    markdown(file, text, &fences, references)
}

/// `lines` precede the text in its file.
fn of_tree(
    file: &str,
    text: &str,
    lines: usize,
    references: &References,
) -> Result<Document, ImportError> {
    let root = tree::parse(file, text)?;
    // A file of settings may have the configuration under a key.
    let mut path = String::new();
    let mut found = &root;
    while found.get("client").is_none() && found.entries().len() == 1 {
        path = format!("{path}/{}", tree::escape(&found.entries()[0].0));
        found = &found.entries()[0].1;
    }
    if found.get("client").is_none() || found.get("resources").is_none() {
        return Err(no_config(format!("{file}#")));
    }
    Ok(Document {
        config: value::of_tree(found, &path, lines, references),
        name: None,
        others: Vec::new(),
        changes: Vec::new(),
        adjustments: Vec::new(),
        file: file.to_owned(),
    })
}

fn no_config(place: String) -> ImportError {
    ImportError {
        place,
        message: "there is no `rest_api` configuration, a map with `client` and `resources`"
            .to_owned(),
        help: "give the file in which the configuration is written as a literal".to_owned(),
    }
}

fn python(
    file: &str,
    text: &str,
    regions: Vec<Range<usize>>,
    references: &References,
) -> Result<Document, ImportError> {
    let length: usize = regions.iter().map(Range::len).sum();
    if length > PYTHON {
        return Err(ImportError {
            place: format!("{file}:1:1"),
            message: format!("the Python is longer than {} MiB", PYTHON >> 20),
            help: "give a file with the configuration alone".to_owned(),
        });
    }
    let module = Module::new(text, regions, references);
    let located = |at: usize, message: &str, help: &str| ImportError {
        place: Lines::new(text).place(file, at),
        message: message.to_owned(),
        help: help.to_owned(),
    };
    match module.config() {
        Ok(Some(found)) => Ok(Document {
            config: found.config,
            name: found.name,
            others: found.others,
            changes: found.changes,
            adjustments: module.adjustments(),
            file: file.to_owned(),
        }),
        Ok(None) => match module.unclosed() {
            Some(at) => Err(located(at, "this bracket is not closed", "close it")),
            None => Err(no_config(format!("{file}:1:1"))),
        },
        Err(error) => Err(located(error.at, error.message, "mend the text there")),
    }
}

/// The first block with a configuration. Its Python may use names of the blocks before it.
fn markdown(
    file: &str,
    text: &str,
    fences: &[Fence],
    references: &References,
) -> Result<Document, ImportError> {
    let is_tree = |fence: &&Fence| {
        matches!(fence.language.as_str(), "json" | "yaml" | "yml")
            || fence.language.is_empty() && text[fence.body.clone()].trim_start().starts_with('{')
    };
    let is_python =
        |fence: &&Fence| matches!(fence.language.as_str(), "python" | "py" | "python3" | "");
    let mut first = None;
    let code: Vec<Range<usize>> = fences
        .iter()
        .filter(is_python)
        .map(|fence| fence.body.clone())
        .collect();
    if !code.is_empty() {
        match python(file, text, code, references) {
            Ok(found) => return Ok(found),
            Err(error) => first = Some(error),
        }
    }
    for fence in fences.iter().filter(is_tree) {
        let body = &text[fence.body.clone()];
        if !body.contains("resources") {
            continue;
        }
        let lines = text[..fence.body.start].matches('\n').count();
        match of_tree(file, body, lines, references) {
            Ok(found) => return Ok(found),
            Err(error) => first = first.or(Some(in_block(error, file, lines))),
        }
    }
    Err(first.unwrap_or_else(|| no_config(format!("{file}:1:1"))))
}

/// An error whose place counts from the beginning of the file.
fn in_block(mut error: ImportError, file: &str, lines: usize) -> ImportError {
    let place = error.place.strip_prefix(file).and_then(|rest| {
        let (line, column) = rest.strip_prefix(':')?.split_once(':')?;
        Some(format!(
            "{file}:{}:{column}",
            line.parse::<usize>().ok()? + lines
        ))
    });
    error.place = place.unwrap_or(error.place);
    error
}

struct Fence {
    /// The first word behind the fence, in lower case.
    language: String,
    body: Range<usize>,
}

/// The code blocks of a Markdown text.
fn fences(text: &str) -> Vec<Fence> {
    let mut found = Vec::new();
    let mut open: Option<(&str, String, usize)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let line = line.trim();
        let is_mark = |c: char| c == '`' || c == '~';
        let length = line.find(|c| !is_mark(c)).unwrap_or(line.len());
        let mark = &line[..length];
        match &open {
            None if length >= 3 => {
                let word = line[length..].trim_start_matches(['{', ' ', '.']);
                let word = word.split(|c: char| !c.is_alphanumeric()).next();
                open = Some((mark, word.unwrap_or_default().to_lowercase(), at));
            }
            Some((opening, language, body))
                if length == line.len() && mark.starts_with(opening) =>
            {
                found.push(Fence {
                    language: language.clone(),
                    body: *body..start,
                });
                open = None;
            }
            _ => {}
        }
    }
    if let Some((_, language, body)) = open {
        found.push(Fence {
            language,
            body: body..text.len(),
        });
    }
    found
}

/// Whether a value is a map, as every part of a configuration is.
pub(super) fn is_map(value: &Value) -> bool {
    matches!(value.kind, Kind::Map(_))
}
