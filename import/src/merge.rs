//! Three-way merge of a spec that was imported, edited by its user, and imported again.
//!
//! Values are compared by key, and resources by name. What the user left as it was imported follows the new import.
//! What the user changed stays. The text of the user's file stays around each change.

use std::fmt;

use rest_source_codegen::write::{self, Map, Node, Step};

use crate::tree::{self, Value};

/// A merged spec.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// The text of the user's file with the changes of the new import.
    pub text: String,
    /// What both have changed, each in another way. The text has what the user wrote.
    pub conflicts: Vec<Conflict>,
}

/// A value that the user and the new import changed in different ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The path of its key: `resources.orders.endpoint.path`.
    pub path: String,
    /// Its line in the merged text; nothing where the user removed it.
    pub mine: Option<u32>,
    /// Its line in the new import; nothing where that does not have it.
    pub new: Option<u32>,
    /// Whether the user did not change it, but its text cannot be changed alone.
    pub is_shared: bool,
}

/// Texts cannot be merged, since one is not the YAML of a spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MergeError {
    /// The text of the earlier import.
    Base,
    /// The user's text.
    Mine,
    /// The text of the new import.
    New,
    /// The merged text does not have the resources that it should: a place of the user's text allows no change.
    Result,
}

impl fmt::Display for MergeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Base => "the earlier import is not the YAML of a spec",
            Self::Mine => "it is not the YAML of a spec",
            Self::New => "the new import is not the YAML of a spec",
            Self::Result => "its formatting does not allow the changes of the new import",
        })
    }
}

impl std::error::Error for MergeError {}

/// Merges the user's text and a new import, whose common base is an earlier import.
///
/// # Errors
///
/// If one of the texts is not the YAML of a spec, or if the user's text does not allow the changes.
///
/// ```
/// use rest_source_import::merge::merge;
///
/// let base = "client:\n  base_url: https://old.example.com\n  concurrency: 2\n";
/// let mine = "client:\n  base_url: https://old.example.com\n  concurrency: 4   # more\n";
/// let new = "client:\n  base_url: https://new.example.com\n  concurrency: 2\n";
///
/// let merged = merge(base, mine, new).unwrap();
/// assert_eq!(
///     merged.text,
///     "client:\n  base_url: https://new.example.com\n  concurrency: 4   # more\n"
/// );
/// assert!(merged.conflicts.is_empty());
/// ```
pub fn merge(base: &str, mine: &str, new: &str) -> Result<Merged, MergeError> {
    let whole = |text: &str| Merged {
        text: text.to_owned(),
        conflicts: Vec::new(),
    };
    if base == new || mine == new {
        return Ok(whole(mine));
    }
    if base == mine {
        return Ok(whole(new));
    }
    let base_tree = write::read(base).map_err(|_| MergeError::Base)?;
    let mine_tree = write::read(mine).map_err(|_| MergeError::Mine)?;
    let new_tree = write::read(new).map_err(|_| MergeError::New)?;
    let mut edits = Edits::default();
    let without = |map: &Map| {
        let mut map = map.clone();
        map.remove(RESOURCES);
        map
    };
    edits.maps(
        &[],
        &without(&base_tree),
        &without(&mine_tree),
        &without(&new_tree),
    );
    let mut conflicts = edits.conflicts;
    let mut text = mine.to_owned();
    for edit in &edits.edits {
        edit.apply(&mut text, &mut conflicts);
    }
    let trees = [&base_tree, &mine_tree, &new_tree];
    let text = resources(trees, [base, &text, new], &mut conflicts)?;
    let (mine, new) = (tree::parse("", &text).ok(), tree::parse("", new).ok());
    let conflicts = conflicts.into_iter();
    let conflicts = conflicts.map(|(path, is_shared)| Conflict {
        mine: line(mine.as_ref(), &path),
        new: line(new.as_ref(), &path),
        path: path.join("."),
        is_shared,
    });
    Ok(Merged {
        conflicts: conflicts.collect(),
        text,
    })
}

const RESOURCES: &str = "resources";

/// Keys from the top of a spec, with the names of resources.
type Path = Vec<String>;

/// A change of the user's text.
struct Edit {
    path: Path,
    /// What it is set to; nothing to remove it.
    value: Option<Node>,
}

impl Edit {
    /// Changes a text. Where that cannot be done, it is a conflict.
    fn apply(&self, text: &mut String, conflicts: &mut Vec<(Path, bool)>) {
        let path: Vec<Step> = self.path.iter().cloned().map(Step::Key).collect();
        self.apply_at(text, &path, conflicts);
    }

    fn apply_at(&self, text: &mut String, path: &[Step], conflicts: &mut Vec<(Path, bool)>) {
        let edited = match &self.value {
            Some(value) => write::set(text, path, value),
            None => write::remove(text, path),
        };
        match edited {
            Ok(edited) => *text = edited,
            Err(_) => conflicts.push((self.path.clone(), true)),
        }
    }
}

/// The changes of a new import, and what both have changed.
#[derive(Default)]
struct Edits {
    edits: Vec<Edit>,
    conflicts: Vec<(Path, bool)>,
}

impl Edits {
    fn maps(&mut self, path: &[String], base: &Map, mine: &Map, new: &Map) {
        let mut keys: Vec<&str> = Vec::new();
        for map in [base, mine, new] {
            for entry in &map.entries {
                if !keys.contains(&entry.key.as_str()) {
                    keys.push(&entry.key);
                }
            }
        }
        for key in keys {
            let mut path = path.to_vec();
            path.push(key.to_owned());
            self.values(path, base.get(key), mine.get(key), new.get(key));
        }
    }

    fn values(&mut self, path: Path, base: Option<&Node>, mine: Option<&Node>, new: Option<&Node>) {
        if is_same(base, new) || is_same(mine, new) {
            return;
        }
        let empty = Map::new();
        if let (Some(Node::Map(mine)), Some(Node::Map(new))) = (mine, new) {
            let base = base.map_or(Some(&empty), Node::as_map);
            if let Some(base) = base.filter(|base| is_one_kind(base, mine, new)) {
                self.maps(&path, base, mine, new);
                return;
            }
        }
        if is_same(base, mine) {
            let value = new.cloned();
            self.edits.push(Edit { path, value });
        } else {
            self.conflicts.push((path, false));
        }
    }
}

/// Whether maps are of the same `type`, so that a key has the same meaning in all.
fn is_one_kind(base: &Map, mine: &Map, new: &Map) -> bool {
    let kind = |map: &Map| map.get("type").cloned();
    kind(mine) == kind(new) && (base.is_empty() || kind(base) == kind(new))
}

/// Whether two values say the same, whatever the order of their keys.
fn is_same(one: Option<&Node>, other: Option<&Node>) -> bool {
    match (one, other) {
        (Some(Node::Map(one)), Some(Node::Map(other))) => {
            let mut entries = one.entries.iter();
            one.entries.len() == other.entries.len()
                && entries.all(|entry| is_same(Some(&entry.value), other.get(&entry.key)))
        }
        (Some(Node::List(one)), Some(Node::List(other))) => {
            let mut pairs = one.iter().zip(other);
            one.len() == other.len()
                && pairs.all(|(one, other)| is_same(Some(&one.value), Some(&other.value)))
        }
        (one, other) => one == other,
    }
}

/// The resources of a spec by name; nothing if one has none, or if two have the same.
fn named(spec: &Map) -> Option<Vec<(&str, &Map)>> {
    let mut named: Vec<(&str, &Map)> = Vec::new();
    for element in spec.get(RESOURCES).map_or(&[][..], Node::elements) {
        let map = element.value.as_map()?;
        let name = map.get("name")?.as_text()?;
        if named.iter().any(|(known, _)| *known == name) {
            return None;
        }
        named.push((name, map));
    }
    Some(named)
}

/// Merges the resources: those that the user left to the byte are those of the new import, with its comments.
fn resources(
    trees: [&Map; 3],
    texts: [&str; 3],
    conflicts: &mut Vec<(Path, bool)>,
) -> Result<String, MergeError> {
    let [base, mine, new] = trees.map(|tree| named(tree).unwrap_or_default());
    let find = |list: &[(&str, &Map)], name: &str| {
        let mut list = list.iter();
        list.find(|(known, _)| *known == name)
            .map(|(_, map)| Node::Map((*map).clone()))
    };
    let [base_text, mine_text, new_text] = texts;
    let is_list = |tree: &Map| matches!(tree.get(RESOURCES), Some(Node::List(_)));
    if is_same(trees[0].get(RESOURCES), trees[2].get(RESOURCES)) {
        return Ok(mine_text.to_owned());
    }
    if !trees.into_iter().all(is_list) {
        conflicts.push((vec![RESOURCES.to_owned()], false));
        return Ok(mine_text.to_owned());
    }
    let parts = [
        parts(base_text, base.len()).ok_or(MergeError::Base)?,
        parts(mine_text, mine.len()).ok_or(MergeError::Result)?,
        parts(new_text, new.len()).ok_or(MergeError::New)?,
    ];
    // The user may have another indentation than an import.
    let columns = [0, 1, 2].map(|side| {
        let part = parts[side].first().map(|part| &texts[side][part.clone()]);
        part.map_or(0, dash_column)
    });
    let part = |side: usize, list: &[(&str, &Map)], name: &str| {
        let at = list.iter().position(|(known, _)| *known == name)?;
        let text = &texts[side][parts[side].get(at)?.clone()];
        let text = &indented(text, columns[side], columns[1]);
        let is_converted = side == 2 && mine_text.contains("\r\n");
        Some(if is_converted {
            text.replace('\n', "\r\n")
        } else {
            text.to_owned()
        })
    };
    let mut made = String::new();
    let mut names: Vec<&str> = Vec::new();
    for (at, (name, _)) in mine.iter().enumerate() {
        let own = &mine_text[parts[1][at].clone()];
        let path = vec![RESOURCES.to_owned(), (*name).to_owned()];
        let (was, is, now) = (find(&base, name), find(&mine, name), find(&new, name));
        let text = match (&was, &now) {
            // Added by the user alone.
            (None, None) => own.to_owned(),
            // Left out by the new import.
            (Some(_), None) if is_same(was.as_ref(), is.as_ref()) => continue,
            (Some(_), None) => {
                conflicts.push((path, false));
                own.to_owned()
            }
            (_, Some(_)) if part(0, &base, name).as_deref() == Some(own) => {
                part(2, &new, name).unwrap_or_else(|| own.to_owned())
            }
            (_, Some(_)) => one_resource(own, &path, &[was, is, now], conflicts),
        };
        names.push(name);
        push_part(&mut made, &text);
    }
    for (name, _) in &new {
        let now = find(&new, name);
        let was = find(&base, name);
        match (was, find(&mine, name)) {
            (None, None) => {
                names.push(name);
                push_part(&mut made, &part(2, &new, name).unwrap_or_default());
            }
            // Removed by the user.
            (was @ Some(_), None) if !is_same(was.as_ref(), now.as_ref()) => {
                conflicts.push((vec![RESOURCES.to_owned(), (*name).to_owned()], false));
            }
            _ => {}
        }
    }
    let (Some(first), Some(last)) = (parts[1].first(), parts[1].last()) else {
        return Err(MergeError::Result);
    };
    let rest = &mine_text[last.end..];
    if !rest.is_empty() {
        push_part(&mut made, "");
    }
    let text = format!("{}{made}{rest}", &mine_text[..first.start]);
    let tree = write::read(&text).map_err(|_| MergeError::Result)?;
    let found = named(&tree).ok_or(MergeError::Result)?;
    let is_whole = found.iter().map(|(name, _)| *name).eq(names);
    is_whole.then_some(text).ok_or(MergeError::Result)
}

/// The column of the dash of a resource, below its comments.
fn dash_column(part: &str) -> usize {
    let dash = part
        .lines()
        .find(|line| line.trim_start().starts_with("- "));
    dash.map_or(0, |line| line.len() - line.trim_start().len())
}

/// Lines that stand at another column.
fn indented(part: &str, from: usize, to: usize) -> String {
    if from == to {
        return part.to_owned();
    }
    let lines = part.split_inclusive('\n').map(|line| {
        let spaces = line.len() - line.trim_start_matches(' ').len();
        if line.trim().is_empty() {
            return line.to_owned();
        }
        let rest = &line[spaces..];
        format!("{}{rest}", " ".repeat((spaces + to).saturating_sub(from)))
    });
    lines.collect()
}

/// Adds a part, on a line of its own.
fn push_part(made: &mut String, part: &str) {
    if !made.is_empty() && !made.ends_with('\n') {
        made.push('\n');
    }
    made.push_str(part);
}

/// Merges one resource that the user has edited.
fn one_resource(
    own: &str,
    path: &[String],
    values: &[Option<Node>; 3],
    conflicts: &mut Vec<(Path, bool)>,
) -> String {
    let mut edits = Edits::default();
    let [was, is, now] = values;
    edits.values(path.to_vec(), was.as_ref(), is.as_ref(), now.as_ref());
    conflicts.append(&mut edits.conflicts);
    let head = format!("{RESOURCES}:\n");
    let mut text = format!("{head}{own}");
    for edit in &edits.edits {
        let mut steps = vec![Step::Key(RESOURCES.to_owned()), Step::Index(0)];
        steps.extend(edit.path.iter().skip(2).cloned().map(Step::Key));
        edit.apply_at(&mut text, &steps, conflicts);
    }
    text.split_off(head.len())
}

/// The bytes of each resource in a text, with the comments above it: lines, without the line of `resources`.
/// Nothing where they are not a block of lines.
fn parts(text: &str, count: usize) -> Option<Vec<std::ops::Range<usize>>> {
    let tree = tree::parse("", text).ok()?;
    let starts: Vec<usize> = std::iter::once(0)
        .chain(text.match_indices('\n').map(|(at, _)| at + 1))
        .collect();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let elements = tree.at(&[RESOURCES]).elements();
    if elements.len() != count {
        return None;
    }
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let mut dashes = Vec::new();
    for element in elements {
        let at = (element.place.line as usize).checked_sub(1)?;
        if !lines.get(at)?.trim_start().starts_with("- ") {
            return None;
        }
        dashes.push(at);
    }
    let mut parts = Vec::new();
    let mut from = 0;
    for (at, dash) in dashes.iter().enumerate() {
        let column = indent(lines[*dash]);
        let is_above = |line: &&str| line.trim().is_empty() || line.trim_start().starts_with('#');
        let above = lines[from..*dash]
            .iter()
            .rev()
            .take_while(|line| is_above(line));
        let first = dash - above.count();
        // The resource ends before the next line that stands at its dash or further out.
        let inner = |line: &&str| line.trim().is_empty() || indent(line) > column;
        let mut end = dash + 1;
        end += lines[end..].iter().take_while(|line| inner(line)).count();
        if let Some(next) = dashes.get(at + 1) {
            end = end.min(*next);
        }
        while end > dash + 1 && lines[end - 1].trim().is_empty() {
            end -= 1;
        }
        parts.push(starts[first]..starts.get(end).copied().unwrap_or(text.len()));
        from = end;
    }
    Some(parts)
}

/// The line of a value of a text.
fn line(tree: Option<&Value>, path: &[String]) -> Option<u32> {
    let mut at = tree?;
    for (depth, key) in path.iter().enumerate() {
        let is_resource = depth == 1 && path[0] == RESOURCES;
        at = if is_resource {
            let mut all = at.elements().iter();
            all.find(|one| one.text_of("name") == Some(key))?
        } else {
            at.get(key)?
        };
    }
    Some(at.place.line)
}
