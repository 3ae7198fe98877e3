//! The grammar as a page: every key with its type, its default, its meaning and an example.
//!
//! The examples are taken from a spec of every key, which the tests compile.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::diagnostic::Sink;
use crate::grammar::{self, AnyKey, Context, Family, Shape, Word};
use crate::yaml::{self, Entry, Kind, Node, Value};

/// A spec in which every key has its example.
const EVERYTHING: &str = include_str!("../../tests/everything.yaml");

/// The reference of the connector language, as Markdown.
///
/// ```
/// let page = rest_source_codegen::describe::reference_page();
/// assert!(page.contains("| `primary_key` |"));
/// ```
pub fn page() -> String {
    let mut page = Page {
        examples: Examples::read(),
        sections: Vec::new(),
    };
    page.context(&grammar::SOURCE);
    let mut contents = String::new();
    for (title, _) in &page.sections {
        let _ = writeln!(contents, "* [{title}](#{})", anchor(title));
    }
    let sections: String = page
        .sections
        .iter()
        .map(|(_, text)| text.as_str())
        .collect();
    format!(
        "# The connector language: every key\n\n\
         <!-- Generated from the grammar; see CONTRIBUTING.md. -->\n\n\
         What a spec may say, key by key. A key without a default may be left out unless it is \
         marked *required*.\nText with *placeholders* may hold `{{secrets.NAME}}`, \
         `{{config.NAME}}`, `{{resources.PARENT.FIELD}}`, `{{incremental.start_value}}`,\n\
         `{{incremental.end_value}}`, `{{now}}`, `{{today}}` and `{{now - 30d}}`, with [functions](guides/settings.md#functions) \
         (`{{config.NAME | lower}}`); `{{{{` and `}}}}` are braces. Durations carry their units \
         (`500ms`, `1m30s`, `7d`), sizes may (`64 MiB`).\n\n\
         An editor with YAML support completes and checks all of this by \
         [rest-source.schema.json](rest-source.schema.json):\nput `# yaml-language-server: \
         $schema=` and the path or the URL of that file in the first line of a spec.\n\n\
         {contents}{sections}"
    )
}

struct Page {
    examples: Examples,
    /// Titles and texts, in the order in which they are met.
    sections: Vec<(String, String)>,
}

impl Page {
    /// A section for a map, then those for what is in it.
    fn context(&mut self, context: &'static Context) {
        let Some(at) = self.begin(title(context.name)) else {
            return;
        };
        let table = self.table(context.name, context.keys.iter().copied());
        self.write(at, &table);
        context.keys.iter().for_each(|key| self.within(&key.shape));
    }

    fn family(&mut self, family: &'static Family) {
        let Some(at) = self.begin(title(family.name)) else {
            return;
        };
        let mut text = format!("One of the following, by its `{}`.", family.tag);
        if family.may_be_bare {
            let _ = write!(text, " Where nothing else is said, the bare word will do.");
        }
        if family.name == grammar::COLUMN.name {
            let _ = write!(text, " `text!` is a `text` that is never null.");
        }
        text.push('\n');
        if !family.common.is_empty() {
            text.push_str("\nAll of them:\n\n");
            text.push_str(&self.table(family.name, family.common.iter().copied()));
        }
        for member in family.members {
            let word = &member.word;
            let _ = write!(text, "\n### `{}`\n\n{}.", word.name, capital(word.meaning));
            text.push_str(&aliases(word.aliases));
            text.push('\n');
            if !member.keys.is_empty() {
                let place = format!("{} {}", family.name, word.name);
                text.push('\n');
                text.push_str(&self.table(&place, member.keys.iter().copied()));
            }
        }
        self.write(at, &text);
        let keys = family.members.iter().flat_map(|member| member.keys);
        family
            .common
            .iter()
            .chain(keys)
            .for_each(|key| self.within(&key.shape));
    }

    fn within(&mut self, shape: &'static Shape) {
        match shape {
            Shape::Map(context) => self.context(context),
            Shape::Tagged(family) => self.family(family),
            Shape::Dict(inner) | Shape::List(inner) => self.within(inner),
            Shape::Either(first, second) => {
                self.within(first);
                self.within(second);
            }
            _ => {}
        }
    }

    /// The place of a new section; none if it is there already.
    fn begin(&mut self, title: String) -> Option<usize> {
        if self.sections.iter().any(|(other, _)| *other == title) {
            return None;
        }
        let text = format!("\n## {title}\n\n");
        self.sections.push((title, text));
        Some(self.sections.len() - 1)
    }

    fn write(&mut self, at: usize, text: &str) {
        if let Some((_, section)) = self.sections.get_mut(at) {
            section.push_str(text);
        }
    }

    fn table(&self, place: &str, keys: impl Iterator<Item = &'static dyn AnyKey>) -> String {
        let mut table =
            "| key | type | default | meaning | example |\n|---|---|---|---|---|\n".to_owned();
        for key in keys {
            let default = key.default();
            let default = match (key.required, default.as_str()) {
                (true, _) => "*required*".to_owned(),
                (false, "") => "–".to_owned(),
                (false, default) if is_remark(default) => default.to_owned(),
                (false, default) => code(default),
            };
            let mut meaning = capital(key.meaning);
            meaning.push_str(&words(&key.shape));
            meaning.push_str(&aliases(key.aliases));
            let example = match key.example {
                "" => self.examples.of(place, key.name),
                value => Some(format!("{}: {value}", key.name)),
            };
            let example = example.as_deref().map_or(String::new(), code);
            let _ = writeln!(
                table,
                "| `{}` | {} | {} | {} | {example} |",
                key.name,
                kind(&key.shape),
                escaped(&default),
                escaped(&meaning),
            );
        }
        table
    }
}

/// Whether a default says where it comes from, rather than what it is.
pub(super) fn is_remark(default: &str) -> bool {
    default.starts_with("the ") || default.contains('`')
}

fn title(name: &str) -> String {
    capital(name.trim_start_matches("a ").trim_start_matches("an "))
}

fn anchor(title: &str) -> String {
    title.to_lowercase().replace(' ', "-").replace('`', "")
}

pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().chain(chars).collect())
        .unwrap_or_default()
}

fn code(text: &str) -> String {
    let fence = if text.contains('`') { "``" } else { "`" };
    escaped(&format!("{fence}{text}{fence}"))
}

/// For a cell of a table.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}

pub(super) fn aliases(aliases: &[&str]) -> String {
    if aliases.is_empty() {
        return String::new();
    }
    let aliases: Vec<String> = aliases.iter().map(|alias| format!("`{alias}`")).collect();
    format!(" (also {})", aliases.join(", "))
}

/// The words of a key that has some, with what they mean.
pub(super) fn words(shape: &Shape) -> String {
    let Shape::Word(known) = shape else {
        return String::new();
    };
    let said = |word: &Word| {
        let meaning = if word.meaning == word.name {
            String::new()
        } else {
            format!(" ({})", word.meaning)
        };
        format!("`{}`{}{meaning}", word.name, aliases(word.aliases))
    };
    let words: Vec<String> = known().into_iter().map(said).collect();
    format!(": {}", words.join(", "))
}

/// What a value is, in a few words.
pub(super) fn kind(shape: &Shape) -> String {
    match shape {
        Shape::Text => "text".to_owned(),
        Shape::Template => "text, *placeholders*".to_owned(),
        Shape::Scalar => "scalar".to_owned(),
        Shape::ScalarOrNull => "scalar or null".to_owned(),
        Shape::Identifier => "name".to_owned(),
        Shape::Bool => "bool".to_owned(),
        Shape::Integer(0) => "whole number".to_owned(),
        Shape::Integer(least) => format!("whole number ≥ {least}"),
        Shape::IntegerOrSetting(least) => format!("whole number ≥ {least} or `{{config.NAME}}`"),
        Shape::Number => "number ≥ 0".to_owned(),
        Shape::Duration => "duration".to_owned(),
        Shape::Size => "size".to_owned(),
        Shape::Status => "status".to_owned(),
        Shape::Path => "JSONPath to one place".to_owned(),
        Shape::Selector => "JSONPath".to_owned(),
        Shape::Url => "URL, *placeholders*".to_owned(),
        Shape::Rust => "path of a Rust item".to_owned(),
        Shape::Word(_) => "word".to_owned(),
        Shape::Map(context) => link(context.name),
        Shape::Tagged(family) => link(family.name),
        Shape::Dict(inner) => format!("map of names to {}", kind(inner)),
        Shape::List(inner) => format!("list of {}", kind(inner)),
        Shape::Either(first, second) => format!("{} or {}", kind(first), kind(second)),
        Shape::Json => "any JSON".to_owned(),
    }
}

fn link(name: &str) -> String {
    let title = title(name);
    format!("[{}](#{})", title.to_lowercase(), anchor(&title))
}

/// The first example of each key, by place and key.
#[derive(Default)]
pub(super) struct Examples(BTreeMap<(String, &'static str), String>);

impl Examples {
    /// Those of the spec of every key.
    pub(super) fn read() -> Self {
        let mut examples = Self::default();
        let root = yaml::parse(EVERYTHING, &mut Sink::default()).root;
        if let Some(root) = &root {
            let keys = grammar::SOURCE.keys.iter().copied();
            examples.of_map(grammar::SOURCE.name, keys, root);
        }
        examples
    }

    pub(super) fn of(&self, place: &str, key: &'static str) -> Option<String> {
        // A parameter that is `incremental` has the keys of the endpoint's.
        let place = match place {
            "parameter incremental" => grammar::INCREMENTAL.name,
            place => place,
        };
        self.0.get(&(place.to_owned(), key)).cloned()
    }

    fn of_map(
        &mut self,
        place: &str,
        keys: impl Iterator<Item = &'static dyn AnyKey>,
        node: &Node,
    ) {
        for key in keys {
            let is_it = |entry: &&Entry| key.is_called(&entry.key.name);
            let Some(entry) = node.entries().iter().find(is_it) else {
                continue;
            };
            let written = example(entry);
            self.0
                .entry((place.to_owned(), key.name))
                .or_insert(written);
            self.of_value(&key.shape, &entry.value);
        }
    }

    fn of_value(&mut self, shape: &'static Shape, node: &Node) {
        match shape {
            Shape::Map(context) => self.of_map(context.name, context.keys.iter().copied(), node),
            Shape::Tagged(family) => {
                let tag = node.get(family.tag).and_then(Node::scalar);
                let member = tag.and_then(|tag| family.member(&tag.text));
                let keys = member.map(|member| (member.word.name, member.keys));
                if let Some((name, keys)) = keys {
                    self.of_map(
                        &format!("{} {name}", family.name),
                        keys.iter().copied(),
                        node,
                    );
                }
                self.of_map(family.name, family.common.iter().copied(), node);
            }
            Shape::Dict(inner) => {
                let entries = node.entries().iter();
                entries.for_each(|entry| self.of_value(inner, &entry.value));
            }
            Shape::List(inner) => {
                let elements = node.elements().iter();
                elements.for_each(|element| self.of_value(inner, element));
            }
            Shape::Either(first, second) => {
                self.of_value(first, node);
                self.of_value(second, node);
            }
            _ => {}
        }
    }
}

/// An entry in one line that is not too long, as deep as there is room for.
fn example(entry: &Entry) -> String {
    const LONGEST: usize = 80;
    let written = |depth| format!("{}: {}", entry.key.name, flow(&entry.value, depth));
    let deepest = (0..3).rev().map(written);
    let mut short = deepest.filter(|written| written.chars().count() <= LONGEST);
    short.next().unwrap_or_else(|| written(0))
}

/// How much of a long list or map an example shows.
const WIDTH: usize = 3;

/// A value in one line, what is deep or long in it left out.
fn flow(node: &Node, depth: usize) -> String {
    match &node.value {
        Value::Scalar(scalar) if scalar.kind == Kind::Text => plain_or_quoted(&scalar.text),
        Value::Scalar(scalar) if scalar.kind == Kind::Null => "null".to_owned(),
        Value::Scalar(scalar) => scalar.text.clone(),
        Value::List(elements) => {
            let each = elements
                .iter()
                .map(|element| flow(element, depth.saturating_sub(1)));
            brackets(["[", "]"], each, elements.len(), depth)
        }
        Value::Map(entries) => {
            let each = entries.iter().map(|entry| {
                let value = flow(&entry.value, depth.saturating_sub(1));
                format!("{}: {value}", plain_or_quoted(&entry.key.name))
            });
            brackets(["{ ", " }"], each, entries.len(), depth)
        }
    }
}

fn brackets(
    [open, close]: [&str; 2],
    items: impl Iterator<Item = String>,
    number: usize,
    depth: usize,
) -> String {
    if number == 0 {
        return format!("{}{}", open.trim(), close.trim());
    }
    if depth == 0 {
        return format!("{}…{}", open.trim(), close.trim());
    }
    let mut shown: Vec<String> = items.take(WIDTH).collect();
    if number > WIDTH {
        shown.push("…".to_owned());
    }
    format!("{open}{}{close}", shown.join(", "))
}

/// Text as YAML: without quotes where it is the same text without them.
fn plain_or_quoted(text: &str) -> String {
    let is_plain = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "_-./: +$".contains(c))
        && !text.starts_with(['-', ' ', ':'])
        && !text.ends_with([' ', ':'])
        && !text.contains(": ");
    let quoted = format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let document = yaml::parse(text, &mut Sink::default());
    let is_same = |node: &Node| {
        let scalar = node.scalar();
        scalar.is_some_and(|scalar| scalar.kind == Kind::Text && scalar.text == text)
    };
    if is_plain && document.root.as_ref().is_some_and(is_same) {
        text.to_owned()
    } else {
        quoted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_that_is_supported_has_its_example() {
        let page = page();
        let sections = page.split("\n#");
        let supported = sections.filter(|one| !one.contains(". *Not supported yet.*\n"));
        let without: Vec<&str> = supported
            .flat_map(str::lines)
            .filter(|line| line.starts_with("| `") && line.ends_with("|  |"))
            .filter(|line| !line.contains("Not supported yet"))
            .collect();
        assert!(without.is_empty(), "{without:#?}");
    }

    #[test]
    fn every_link_leads_to_a_section() {
        let page = page();
        let titles: Vec<String> = page
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .map(|title| format!("(#{})", anchor(title)))
            .collect();
        for part in page.split("](#").skip(1) {
            let target = part.split(')').next().unwrap();
            assert!(titles.contains(&format!("(#{target})")), "{target}");
        }
    }
}
