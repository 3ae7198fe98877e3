//! The layout of a spec: blocks where they have structure, one line where it fits.

use super::{Element, Entry, Map, Node, scalar};

/// The longest line of a map or a list within braces or brackets.
const WIDTH: usize = 100;

/// A whole spec, with an empty line between its parts and between its resources.
pub(super) fn document(spec: &Map) -> String {
    let mut layout = Layout::default();
    layout.comments(&spec.comments, 0);
    for (at, entry) in spec.entries.iter().enumerate() {
        let is_part = !is_scalar_line(&entry.value) || !entry.comments.is_empty();
        if at > 0 && is_part {
            layout.text.push('\n');
        }
        layout.comments(&entry.comments, 0);
        layout.key(&entry.key);
        match &entry.value {
            Node::List(elements) if entry.key == "resources" && !elements.is_empty() => {
                layout.text.push('\n');
                for (at, element) in elements.iter().enumerate() {
                    if at > 0 {
                        layout.text.push('\n');
                    }
                    layout.element(element, 2, IsBlock::Whole);
                }
            }
            Node::Map(map) if !map.is_empty() => {
                layout.text.push('\n');
                layout.block(map, 2);
            }
            value => layout.after_key(value, 0, Some(&entry.key)),
        }
    }
    layout.text
}

/// One value after its key, or after a dash.
pub(super) fn value(value: &Node, indent: usize, key: Option<&str>) -> String {
    let mut layout = Layout::default();
    layout.after_key(value, indent, key);
    let text = layout.text.trim_end_matches('\n');
    text.strip_prefix(' ').unwrap_or(text).to_owned()
}

/// The entries of a map or the elements of a list, each on lines of its own.
pub(super) fn lines(value: &Node, indent: usize) -> String {
    let mut layout = Layout::default();
    match value {
        Node::Map(map) => layout.block(map, indent),
        Node::List(elements) => {
            for element in elements {
                layout.element(element, indent, IsBlock::IfLong);
            }
        }
        _ => {}
    }
    layout.text
}

/// A value within braces or brackets, without its comments.
pub(super) fn in_flow(value: &Node) -> String {
    flow(&without_comments(value), true).unwrap_or_default()
}

fn without_comments(value: &Node) -> Node {
    match value {
        Node::Map(map) => Node::Map(Map {
            entries: map
                .entries
                .iter()
                .map(|entry| Entry {
                    key: entry.key.clone(),
                    comments: Vec::new(),
                    value: without_comments(&entry.value),
                })
                .collect(),
            comments: Vec::new(),
        }),
        Node::List(elements) => Node::List(
            elements
                .iter()
                .map(|one| Element::new(without_comments(&one.value)))
                .collect(),
        ),
        value => value.clone(),
    }
}

/// Whether a map is a block even if it fits into a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum IsBlock {
    /// Only if it does not fit.
    IfLong,
    /// Its own keys stand on lines of their own.
    Whole,
}

#[derive(Default)]
struct Layout {
    text: String,
}

impl Layout {
    fn comments(&mut self, lines: &[String], indent: usize) {
        for line in lines {
            self.indent(indent);
            self.text.push('#');
            if !line.is_empty() {
                self.text.push(' ');
                self.text.extend(line.chars().filter(|c| !c.is_control()));
            }
            self.text.push('\n');
        }
    }

    fn indent(&mut self, indent: usize) {
        self.text.extend(std::iter::repeat_n(' ', indent));
    }

    fn key(&mut self, key: &str) {
        self.text.push_str(&scalar::one_line(key, false));
        self.text.push(':');
    }

    /// The keys of a map, each on a line of its own.
    fn block(&mut self, map: &Map, indent: usize) {
        self.comments(&map.comments, indent);
        for entry in map.entries.iter().take(1) {
            self.comments(&entry.comments, indent);
        }
        self.keys(&map.entries, indent);
    }

    /// Entries, without the comments of the first.
    fn keys(&mut self, entries: &[Entry], indent: usize) {
        for (at, entry) in entries.iter().enumerate() {
            if at > 0 {
                self.comments(&entry.comments, indent);
            }
            self.indent(indent);
            self.key(&entry.key);
            self.after_key(&entry.value, indent, Some(&entry.key));
        }
    }

    /// The value of a key that stands `indent` deep, to the end of its last line.
    fn after_key(&mut self, value: &Node, indent: usize, key: Option<&str>) {
        if let Some(line) = on_one_line(value, indent, key) {
            self.text.push(' ');
            self.text.push_str(&line);
            self.text.push('\n');
            return;
        }
        match value {
            Node::Map(map) => {
                self.text.push('\n');
                self.block(map, indent + 2);
            }
            Node::List(elements) => {
                self.text.push('\n');
                for element in elements {
                    self.element(element, indent + 2, IsBlock::IfLong);
                }
            }
            Node::Text(text) => self.literal(text, indent + 2),
            Node::Null | Node::Bool(_) | Node::Number(_) => unreachable!("it fits into a line"),
        }
    }

    fn literal(&mut self, text: &str, indent: usize) {
        if let Some((mark, lines)) = scalar::lines(text) {
            self.text.push(' ');
            self.text.push_str(mark);
            self.text.push('\n');
            for line in lines {
                if !line.is_empty() {
                    self.indent(indent);
                    self.text.push_str(line);
                }
                self.text.push('\n');
            }
        } else {
            self.text.push(' ');
            self.text.push_str(&scalar::one_line(text, false));
            self.text.push('\n');
        }
    }

    fn element(&mut self, element: &Element, indent: usize, is_block: IsBlock) {
        self.comments(&element.comments, indent);
        if let Node::Map(map) = &element.value
            && let Some(first) = map.entries.first()
            && (is_block == IsBlock::Whole || on_one_line(&element.value, indent, None).is_none())
        {
            // The first key stands behind the dash, and its comments above it.
            self.comments(&map.comments, indent);
            self.comments(&first.comments, indent);
            let start = self.text.len();
            self.keys(&map.entries, indent + 2);
            self.text
                .replace_range(start + indent..start + indent + 2, "- ");
        } else {
            self.indent(indent);
            self.text.push('-');
            self.after_key(&element.value, indent, None);
        }
    }
}

/// Keys whose maps have a line for each of their own keys.
fn is_table(key: &str) -> bool {
    matches!(key, "columns" | "fields" | "client" | "config" | "secrets")
}

fn is_scalar_line(value: &Node) -> bool {
    match value {
        Node::Text(text) => scalar::lines(text).is_none(),
        Node::Null | Node::Bool(_) | Node::Number(_) => true,
        Node::List(elements) => elements.is_empty(),
        Node::Map(map) => map.is_empty(),
    }
}

/// The line behind a key that stands `indent` deep, or behind a dash, if the value fits there.
fn on_one_line(value: &Node, indent: usize, key: Option<&str>) -> Option<String> {
    let column = indent + key.map_or(0, str::len) + 2;
    flow(value, false).filter(|line| {
        is_scalar_line(value) || (is_one_line(value, key) && column + line.len() <= WIDTH)
    })
}

/// Whether a value may stand on one line: no comments, and no map within another's list.
fn is_one_line(value: &Node, key: Option<&str>) -> bool {
    match value {
        Node::Map(map) => !key.is_some_and(is_table) && depth(value) <= 2 && map.entries.len() <= 6,
        Node::List(elements) => elements
            .iter()
            .all(|one| !matches!(one.value, Node::Map(_))),
        _ => is_scalar_line(value),
    }
}

fn depth(value: &Node) -> usize {
    match value {
        Node::Map(map) => {
            let within = map.entries.iter().map(|entry| depth(&entry.value));
            1 + within.max().unwrap_or_default()
        }
        Node::List(elements) => elements
            .iter()
            .map(|one| depth(&one.value))
            .max()
            .unwrap_or_default(),
        _ => 0,
    }
}

/// On one line, if nothing in it has a comment or several lines.
fn flow(value: &Node, is_within: bool) -> Option<String> {
    Some(match value {
        Node::Null => "null".to_owned(),
        Node::Bool(value) => value.to_string(),
        Node::Number(number) => number.clone(),
        Node::Text(text) => {
            if !is_within && scalar::lines(text).is_some() {
                return None;
            }
            scalar::one_line(text, is_within)
        }
        Node::List(elements) => {
            let elements: Option<Vec<_>> = elements
                .iter()
                .map(|one| {
                    one.comments
                        .is_empty()
                        .then(|| flow(&one.value, true))
                        .flatten()
                })
                .collect();
            format!("[{}]", elements?.join(", "))
        }
        Node::Map(map) if map.is_empty() && map.comments.is_empty() => "{}".to_owned(),
        Node::Map(map) => {
            let entries: Option<Vec<_>> = map
                .entries
                .iter()
                .map(|entry| {
                    let value = entry
                        .comments
                        .is_empty()
                        .then(|| flow(&entry.value, true))
                        .flatten()?;
                    Some(format!("{}: {value}", scalar::one_line(&entry.key, true)))
                })
                .collect();
            if !map.comments.is_empty() {
                return None;
            }
            format!("{{ {} }}", entries?.join(", "))
        }
    })
}
