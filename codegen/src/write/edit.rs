//! Changes of single values in the text of a spec that leave the rest of the text as it is.

use std::fmt;
use std::ops::Range;

use super::{Element, Entry, Map, Node, Step, layout, read};
use crate::diagnostic::Sink;
use crate::yaml::{self, Value};

/// Sets the value at a path in the text of a spec, and keeps the rest of the text to the byte.
///
/// Maps that are missing on the way are added. A new key stands after the last key of its map, a new element (at the
/// index after the last) after the last element. Comments within the new value are left out where it stands within
/// braces or brackets.
///
/// ```
/// use rest_source_codegen::write::{Step, set};
///
/// let text = "client:\n  base_url: https://old.example.com   # the API\n";
/// let path = |key: &str| [Step::Key("client".into()), Step::Key(key.into())];
///
/// let text = set(text, &path("base_url"), &"https://api.example.com".into()).unwrap();
/// let text = set(&text, &path("concurrency"), &2.into()).unwrap();
/// assert_eq!(
///     text,
///     "client:\n  base_url: https://api.example.com   # the API\n  concurrency: 2\n"
/// );
/// ```
///
/// # Errors
///
/// If the text is not a spec's YAML, if a scalar or a null element is on the way, or if the value cannot be changed
/// alone: an alias shares it, or its formatting does not allow it. The result is read again and compared with the
/// requested change.
pub fn set(text: &str, path: &[Step], value: &Node) -> Result<String, CannotEdit> {
    let mut tree = read(text).map_err(|_| CannotEdit::Unreadable)?;
    if !set_in_map(&mut tree, path, value) {
        return Err(CannotEdit::NoSuchPlace);
    }
    let root = parsed(text)?;
    let (node, key_end, rest, indent, in_flow) = walk(text, &root, path)?;
    let mut value = value.clone();
    for step in rest.iter().skip(1).rev() {
        let Step::Key(key) = step else {
            return Err(CannotEdit::NoSuchPlace);
        };
        let mut map = Map::new();
        map.set(key, value);
        value = Node::Map(map);
    }
    let (place, new) = match rest.first() {
        None => replacement(node, key_end, last_key(path), &value, indent, in_flow),
        Some(step) => insertion(text, node, key_end, step, &value, indent, in_flow)?,
    };
    spliced(text, place, &new, &tree)
}

/// Removes the key at a path from the text of a spec, and keeps the rest of the text to the byte.
///
/// The lines of the key go, with a comment behind it. Comments above it stay. A map that loses its only key is `{}`.
///
/// # Errors
///
/// Like [`set`], and if the path does not lead to an existing key.
pub fn remove(text: &str, path: &[Step]) -> Result<String, CannotEdit> {
    let Some((Step::Key(key), above)) = path.split_last() else {
        return Err(CannotEdit::NoSuchPlace);
    };
    let mut tree = read(text).map_err(|_| CannotEdit::Unreadable)?;
    let map = map_at(&mut tree, above).ok_or(CannotEdit::NoSuchPlace)?;
    map.remove(key).ok_or(CannotEdit::NoSuchPlace)?;
    let root = parsed(text)?;
    let (map, key_end, _, indent, _) = walk(text, &root, above)?;
    let entries = map.entries();
    let at = entries.iter().position(|entry| entry.key.name == *key);
    let at = at.ok_or(CannotEdit::NoSuchPlace)?;
    let is_flow = text[map.span.start..].starts_with('{');
    let (place, new) = if entries.len() == 1 {
        replacement(map, key_end, None, &Node::Map(Map::new()), indent, is_flow)
    } else if is_flow {
        let place = match (entries.get(at + 1), at.checked_sub(1)) {
            (Some(next), _) => entries[at].key.span.start..next.key.span.start,
            (None, Some(before)) => end(&entries[before])..end(&entries[at]),
            (None, None) => return Err(CannotEdit::NoSuchPlace),
        };
        (place, String::new())
    } else if at == 0 {
        // The first key may stand behind the dash of an element: the next one moves to its place.
        let place = entries[0].key.span.start..entries[1].key.span.start;
        (place, String::new())
    } else {
        let start = line_start(text, entries[at].key.span.start);
        let stop = (line_end(text, end(&entries[at])) + 1).min(text.len());
        (start..stop, String::new())
    };
    spliced(text, place, &new, &tree)
}

/// Why a text was not edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CannotEdit {
    /// The text is not the YAML of a spec: [`compile`](crate::compile) says why.
    Unreadable,
    /// The path leads through a value that is not a map or a list, or to an element beyond the end of a list.
    NoSuchPlace,
    /// The value cannot be changed without changing others: edit the text by hand.
    NotAlone,
}

impl fmt::Display for CannotEdit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreadable => "the text is not the YAML of a spec",
            Self::NoSuchPlace => "the spec has no map or list at this place",
            Self::NotAlone => "this value shares its text with others: edit it by hand",
        })
    }
}

impl std::error::Error for CannotEdit {}

type Walked<'a, 'p> = (&'a yaml::Node, Option<usize>, &'p [Step], usize, bool);

/// The deepest value on a path that is there: with the end of its key, the rest of the path, the indentation of the
/// key or dash before it, and whether it stands within braces or brackets.
fn walk<'a, 'p>(
    text: &str,
    root: &'a yaml::Node,
    path: &'p [Step],
) -> Result<Walked<'a, 'p>, CannotEdit> {
    let (mut node, mut key_end, mut indent, mut in_flow) = (root, None, 0, false);
    for (at, step) in path.iter().enumerate() {
        let has_braces = text[node.span.start..].starts_with(['{', '[']);
        match (&node.value, step) {
            (Value::Map(entries), Step::Key(key)) => {
                let Some(entry) = entries.iter().find(|entry| entry.key.name == *key) else {
                    return Ok((node, key_end, &path[at..], indent, in_flow));
                };
                in_flow |= has_braces;
                if !in_flow {
                    indent = column(text, entry.key.span.start);
                }
                let after = &text[entry.key.span.end..];
                let colon = after.find(':').ok_or(CannotEdit::NotAlone)?;
                key_end = Some(entry.key.span.end + colon + 1);
                node = &entry.value;
            }
            (Value::List(elements), Step::Index(index)) => {
                let Some(element) = elements.get(*index) else {
                    return Ok((node, key_end, &path[at..], indent, in_flow));
                };
                in_flow |= has_braces;
                if !in_flow {
                    indent = list_column(text, node, elements);
                }
                key_end = None;
                node = element;
            }
            (Value::Scalar(_), Step::Key(_)) if node.is_null() => {
                return Ok((node, key_end, &path[at..], indent, in_flow));
            }
            _ => return Err(CannotEdit::NoSuchPlace),
        }
    }
    Ok((node, key_end, &[], indent, in_flow))
}

/// The text of a value that takes the place of another.
fn replacement(
    old: &yaml::Node,
    key_end: Option<usize>,
    key: Option<&str>,
    new: &Node,
    indent: usize,
    in_flow: bool,
) -> (Range<usize>, String) {
    if in_flow {
        let space = if old.span.is_empty() { " " } else { "" };
        return (old.span.clone(), format!("{space}{}", layout::in_flow(new)));
    }
    let new = layout::value(new, indent, key);
    let start = key_end.unwrap_or(old.span.start);
    let is_block = new.starts_with('\n');
    // A block has lines of its own, and a value of one line the line of its key.
    if key_end.is_some() && (is_block || old.span.is_empty()) {
        let space = if is_block { "" } else { " " };
        return (start..old.span.end.max(start), format!("{space}{new}"));
    }
    match key_end {
        Some(key_end) if !matches!(old.value, Value::Scalar(_)) => {
            (key_end..old.span.end, format!(" {new}"))
        }
        _ => (old.span.clone(), new),
    }
}

/// The text of a new key or element.
fn insertion(
    text: &str,
    around: &yaml::Node,
    key_end: Option<usize>,
    step: &Step,
    value: &Node,
    indent: usize,
    in_flow: bool,
) -> Result<(Range<usize>, String), CannotEdit> {
    let single = match step {
        Step::Key(key) => {
            let mut map = Map::new();
            map.set(key, value.clone());
            Node::Map(map)
        }
        Step::Index(_) => Node::List(vec![Element::new(value.clone())]),
    };
    let (last, is_list) = match &around.value {
        Value::Map(entries) => (entries.last().map(end), false),
        Value::List(elements) => (elements.last().map(|one| one.span.end), true),
        Value::Scalar(_) => (None, false),
    };
    let Some(last) = last else {
        return Ok(replacement(around, key_end, None, &single, indent, in_flow));
    };
    if is_list != matches!(step, Step::Index(_)) {
        return Err(CannotEdit::NoSuchPlace);
    }
    if text[around.span.start..].starts_with(['{', '[']) {
        let line = layout::in_flow(&single);
        let line = line.trim_start_matches(['{', '[']).trim_start();
        let line = line.strip_suffix(['}', ']']).unwrap_or(line).trim_end();
        return Ok((last..last, format!(", {line}")));
    }
    let at = line_end(text, last);
    let indent = match &around.value {
        Value::List(elements) => list_column(text, around, elements),
        _ => column(text, around.span.start),
    };
    let lines = layout::lines(&single, indent);
    Ok((at..at, format!("\n{}", lines.trim_end_matches('\n'))))
}

/// The text after a change, if it says what it has to.
fn spliced(text: &str, place: Range<usize>, new: &str, tree: &Map) -> Result<String, CannotEdit> {
    let new = if text.contains("\r\n") {
        new.replace('\n', "\r\n")
    } else {
        new.to_owned()
    };
    let (before, after) = (text.get(..place.start), text.get(place.end..));
    let (Some(before), Some(after)) = (before, after) else {
        return Err(CannotEdit::NotAlone);
    };
    let edited = format!("{before}{new}{after}");
    match read(&edited) {
        Ok(now) if same_maps(&now, tree) => Ok(edited),
        _ => Err(CannotEdit::NotAlone),
    }
}

fn parsed(text: &str) -> Result<yaml::Node, CannotEdit> {
    let document = yaml::parse(text, &mut Sink::default());
    document.root.ok_or(CannotEdit::Unreadable)
}

/// The key that a path ends at.
fn last_key(path: &[Step]) -> Option<&str> {
    match path.last() {
        Some(Step::Key(key)) => Some(key),
        _ => None,
    }
}

fn end(entry: &yaml::Entry) -> usize {
    entry.value.span.end.max(entry.key.span.end)
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |end| end + 1)
}

/// The end of a line, without what ends it.
fn line_end(text: &str, at: usize) -> usize {
    let end = text[at..].find('\n').map_or(text.len(), |end| at + end);
    end - usize::from(end > at && text[..end].ends_with('\r'))
}

fn column(text: &str, at: usize) -> usize {
    let line = &text[line_start(text, at)..at];
    line.trim_start_matches('\u{feff}').chars().count()
}

/// The column of a list's dashes. A list as deep as its key begins at the first element for the parser.
fn list_column(text: &str, list: &yaml::Node, elements: &[yaml::Node]) -> usize {
    let first = elements
        .first()
        .map_or(list.span.start, |one| one.span.start);
    let before = text[..first].trim_end();
    match before.strip_suffix('-') {
        Some(before) => column(text, before.len()),
        None => column(text, list.span.start),
    }
}

fn set_in_map(map: &mut Map, path: &[Step], value: &Node) -> bool {
    let Some((Step::Key(key), rest)) = path.split_first() else {
        return false;
    };
    if rest.is_empty() {
        map.set(key, value.clone());
        return true;
    }
    match map.get(key) {
        None | Some(Node::Null) => set_in_map(map.map(key), rest, value),
        Some(_) => {
            let entry = map.entries.iter_mut().find(|entry| entry.key == *key);
            entry.is_some_and(|entry| set_in_node(&mut entry.value, rest, value))
        }
    }
}

fn set_in_node(node: &mut Node, path: &[Step], value: &Node) -> bool {
    match (node, path.split_first()) {
        (node, None) => {
            *node = value.clone();
            true
        }
        (Node::Map(map), Some(_)) => set_in_map(map, path, value),
        (Node::List(elements), Some((Step::Index(at), rest))) if *at < elements.len() => {
            set_in_node(&mut elements[*at].value, rest, value)
        }
        (Node::List(elements), Some((Step::Index(at), []))) if *at == elements.len() => {
            elements.push(Element::new(value.clone()));
            true
        }
        _ => false,
    }
}

fn map_at<'a>(map: &'a mut Map, path: &[Step]) -> Option<&'a mut Map> {
    let mut steps = path.iter();
    let Some(Step::Key(key)) = steps.next() else {
        return path.is_empty().then_some(map);
    };
    let mut entries = map.entries.iter_mut();
    let mut node = &mut entries.find(|entry| entry.key == *key)?.value;
    for step in steps {
        node = match (node, step) {
            (Node::Map(map), Step::Key(key)) => {
                let mut entries = map.entries.iter_mut();
                &mut entries.find(|entry| entry.key == *key)?.value
            }
            (Node::List(elements), Step::Index(at)) => &mut elements.get_mut(*at)?.value,
            _ => return None,
        };
    }
    match node {
        Node::Map(map) => Some(map),
        _ => None,
    }
}

/// Whether two maps say the same, in any order and with any comments.
fn same_maps(one: &Map, other: &Map) -> bool {
    let is_there = |entry: &Entry| {
        let value = other.get(&entry.key);
        value.is_some_and(|value| same(&entry.value, value))
    };
    one.entries.len() == other.entries.len() && one.entries.iter().all(is_there)
}

fn same(one: &Node, other: &Node) -> bool {
    match (one, other) {
        (Node::Map(one), Node::Map(other)) => same_maps(one, other),
        (Node::List(one), Node::List(other)) => {
            let mut pairs = one.iter().zip(other);
            one.len() == other.len() && pairs.all(|(one, other)| same(&one.value, &other.value))
        }
        _ => one == other,
    }
}

#[cfg(test)]
mod tests;
