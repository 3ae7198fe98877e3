//! Finding the records by the slow way: a query over a tree.

use std::{collections::HashMap, fmt::Write};

use serde_json::Value;

use super::{
    fingerprint::fingerprint,
    matches::{Match, Matches, Search},
    raw_rows::{Holder, RawRows},
    selector::{Branch, push_key},
    twice::{Twice, keys_twice},
};
use crate::{
    error::Error,
    json_path::{JsonPath, NormalizedPath, PathElement},
    shared::Text,
};

/// A query that was parsed.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) text: Text,
    path: JsonPath,
    segments: Vec<Segment>,
}

/// The last key of a place.
fn last_key(location: &NormalizedPath<'_>) -> Option<String> {
    let elements: Vec<_> = location.iter().collect();
    elements.iter().rev().find_map(|element| match element {
        PathElement::Name(name) => Some((*name).to_owned()),
        PathElement::Index(_) => None,
    })
}

impl Query {
    /// Parses a query, the value of `key`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) where it is none.
    pub(super) fn new(key: &str, text: &Text) -> Result<Self, Error> {
        let path = JsonPath::parse(key, text)?;
        let mut segments: Vec<Segment> = Vec::new();
        for (end, descends, choices) in split(text) {
            let is_after_choice = segments.last().is_some_and(|last| !last.is_step());
            segments.push(Segment {
                path: JsonPath::parse(key, text.get(..end).unwrap_or(text))?,
                descends,
                choices,
                is_after_choice,
            });
        }
        Ok(Self {
            text: text.clone(),
            path,
            segments,
        })
    }

    /// What it finds, each with its key where `with_keys`.
    pub(super) fn find<'t>(
        &self,
        json: &'t str,
        with_keys: bool,
    ) -> serde_json::Result<Search<'t>> {
        let tree: Value = serde_json::from_str(json)?;
        let mut texts = Texts {
            root: json.trim(),
            branches: HashMap::new(),
        };
        let found: Vec<_> = self
            .path
            .located(&tree)
            .iter()
            .filter_map(|node| {
                let (path, raw) = texts.at(node.location())?;
                let key = with_keys.then(|| last_key(node.location())).flatten();
                Some(Match { path, key, raw })
            })
            .collect();
        let lacking = if found.is_empty() {
            self.lacking(&tree)
        } else {
            None
        };
        let matches = match lacking {
            Some(location) => {
                let reached = texts.at(&location);
                let (place, raw) = reached.unwrap_or_else(|| ("$".to_owned(), texts.root));
                Matches::Lacking { place, raw }
            }
            None => Matches::Found(found),
        };
        let rows = self.rows(&tree, &mut texts);
        let misfit = self.misfit(&tree).and_then(|place| texts.at(&place));
        let twice = self.searched_twice(json, &matches)?;
        Ok(Search {
            matches,
            rows,
            misfit,
            twice,
        })
    }

    /// A scalar other than null where a key leads, in which the query chooses elements: what it finds elsewhere is not all.
    fn misfit<'t>(&self, tree: &'t Value) -> Option<NormalizedPath<'t>> {
        self.segments.windows(2).find_map(|pair| {
            let [by_key, choice] = pair else { return None };
            let is_key = !by_key.descends && by_key.choices.iter().all(|one| *one == Choice::Key);
            if !is_key || !choice.is_choice() {
                return None;
            }
            let reached = by_key.path.located(tree);
            let scalar = |value: &Value| !value.is_null() && !is_branch(value);
            let found = reached.iter().find(|node| scalar(node.node()))?;
            Some(found.location().clone())
        })
    }

    /// A key that stands twice in an object outside of what was found. A filter reads the objects that it chooses,
    /// too; what is in a record is checked with its columns.
    fn searched_twice(
        &self,
        json: &str,
        matches: &Matches<'_>,
    ) -> serde_json::Result<Option<String>> {
        let found: &[Match<'_>] = match matches {
            Matches::Found(found) => found,
            Matches::Lacking { .. } => &[],
        };
        let mut choices = self.segments.iter().flat_map(|segment| &segment.choices);
        let filters = choices.any(|choice| *choice == Choice::Filter);
        let is_of_record = |twice: &Twice| {
            found
                .iter()
                .any(|one| twice.is_within(&one.path) && !(filters && twice.object == one.path))
        };
        let twice = keys_twice(json)?;
        Ok(twice
            .into_iter()
            .find(|one| !is_of_record(one))
            .map(|one| one.key))
    }

    /// The texts of the values that it finds.
    pub(super) fn values<'t>(&self, json: &'t str) -> serde_json::Result<Vec<&'t str>> {
        let tree: Value = serde_json::from_str(json)?;
        let mut texts = Texts {
            root: json.trim(),
            branches: HashMap::new(),
        };
        let found = self.path.located(&tree);
        let texts = found
            .iter()
            .filter_map(|node| texts.at(node.location()))
            .map(|(_, raw)| raw);
        Ok(texts.collect())
    }

    /// Whether what it finds are elements of lists, or members, and not what a key leads to.
    pub(super) fn chooses_elements(&self) -> bool {
        self.segments.last().is_some_and(Segment::is_choice)
    }

    /// The rows that the query chooses among: the elements of the list that its keys and indexes lead to.
    fn rows(&self, tree: &Value, texts: &mut Texts<'_>) -> Option<RawRows> {
        let steps = self.segments.iter().take_while(|segment| segment.is_step());
        let steps = steps.count();
        let place = match steps
            .checked_sub(1)
            .and_then(|last| self.segments.get(last))
        {
            Some(last) => last.path.located(tree),
            None => JsonPath::default().located(tree),
        };
        let Some(node) = place.first() else {
            return Some(RawRows::NOTHING);
        };
        let (choice, below) = self.segments.get(steps..)?.split_first()?;
        let (_, raw) = texts.at(node.location())?;
        Some(RawRows {
            count: choice.rows(node.node(), below)?,
            fingerprint: fingerprint(raw),
            holder: Holder::of(raw),
        })
    }

    /// Where the query, which finds nothing, has nothing to look into.
    fn lacking<'t>(&self, tree: &'t Value) -> Option<NormalizedPath<'t>> {
        let mut reached = JsonPath::default().located(tree);
        for segment in &self.segments {
            let next = segment.path.located(tree);
            if next.is_empty() {
                let values: Vec<_> = reached.nodes().collect();
                let lacks = !segment.may_be_without(&values);
                return reached
                    .first()
                    .filter(|_| lacks)
                    .map(|node| node.location().clone());
            }
            reached = next;
        }
        None
    }
}

/// One segment of a query.
#[derive(Debug)]
struct Segment {
    /// The query up to its end.
    path: JsonPath,
    descends: bool,
    choices: Vec<Choice>,
    /// Whether one before it may give none or several values.
    is_after_choice: bool,
}

/// What a segment takes from a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    Key,
    Index,
    Slice,
    Wildcard,
    Filter,
}

impl Segment {
    /// Whether it gives one value, as each segment of a path does, and stands where it has to.
    fn is_step(&self) -> bool {
        let is_one = matches!(*self.choices, [Choice::Key | Choice::Index]);
        is_one && !self.descends && !self.is_after_choice
    }

    /// How many rows it chooses among in this value. Nothing where that cannot be told: it descends, or
    /// takes several keys, or goes through an object whose values are neither rows nor lists of rows.
    fn rows(&self, value: &Value, below: &[Self]) -> Option<u64> {
        if !self.is_choice() {
            return None;
        }
        let members = match value {
            Value::Array(elements) => return Some(elements.len() as u64),
            Value::Object(members) => members,
            _ => return Some(0),
        };
        let mut lists = 0;
        let mut rows = 0;
        for member in members.values() {
            match member {
                Value::Array(elements) => {
                    lists += 1;
                    rows += elements.len() as u64;
                }
                Value::Null => lists += 1,
                _ => {}
            }
        }
        match below.first() {
            // Rows by their keys.
            None if rows == 0 && lists < members.len() => Some(members.len() as u64),
            None if lists == members.len() => Some(rows),
            Some(next) if next.is_choice() && lists == members.len() => Some(rows),
            _ => None,
        }
    }

    /// Whether it chooses among the elements of a list.
    fn is_choice(&self) -> bool {
        !self.descends && !self.choices.contains(&Choice::Key)
    }

    /// Whether these values, in which it finds nothing, are such that it may.
    fn may_be_without(&self, values: &[&Value]) -> bool {
        if self.is_step() {
            return false;
        }
        let mut there = values.iter().filter(|value| !value.is_null()).peekable();
        // Null is nothing, as it is where a path leads.
        there.peek().is_none()
            || there.any(|value| self.choices.iter().any(|choice| self.suits(*choice, value)))
    }

    /// Whether a value is one that this may be taken from, though it gives none.
    fn suits(&self, choice: Choice, value: &Value) -> bool {
        let is_within = |suits| {
            if self.descends {
                is_below(value, suits)
            } else {
                suits(value)
            }
        };
        match choice {
            // No element is without the key.
            Choice::Key => self.descends && value.as_array().is_some_and(Vec::is_empty),
            Choice::Index | Choice::Slice => is_within(Value::is_array),
            Choice::Wildcard => is_branch(value),
            Choice::Filter => is_within(holds_records),
        }
    }
}

fn is_branch(value: &Value) -> bool {
    value.is_array() || value.is_object()
}

/// Whether a filter may choose from it: what has scalars at its keys is an object, and holds none.
fn holds_records(value: &Value) -> bool {
    match value {
        Value::Array(_) => true,
        Value::Object(members) => members.is_empty() || members.values().any(is_branch),
        _ => false,
    }
}

/// Whether a value, or one in it however deep, is such.
fn is_below(value: &Value, suits: fn(&Value) -> bool) -> bool {
    suits(value)
        || match value {
            Value::Array(elements) => elements.iter().any(|value| is_below(value, suits)),
            Value::Object(members) => members.values().any(|value| is_below(value, suits)),
            _ => false,
        }
}

/// The segments of a query that was parsed: where each ends, whether it descends, what it takes.
fn split(query: &str) -> Vec<(usize, bool, Vec<Choice>)> {
    let mut segments = Vec::new();
    let mut rest = query.trim_start_matches('$').trim_start();
    while !rest.is_empty() {
        let descends = rest.starts_with("..");
        let text = rest.trim_start_matches('.');
        let (choices, len) = match text.chars().next() {
            Some('[') => bracketed(text),
            Some('*') => (vec![Choice::Wildcard], 1),
            _ => {
                let ends = |c: char| matches!(c, '.' | '[') || c.is_whitespace();
                (vec![Choice::Key], text.find(ends).unwrap_or(text.len()))
            }
        };
        rest = text.get(len..).unwrap_or_default();
        segments.push((query.len() - rest.len(), descends, choices));
        rest = rest.trim_start();
    }
    segments
}

/// What the brackets at the start of a text take, and their length.
fn bracketed(text: &str) -> (Vec<Choice>, usize) {
    let mut choices = Vec::new();
    let (mut depth, mut quote, mut start) = (0_u32, None, 1);
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (Some(_), '\\') => _ = chars.next(),
            (Some(open), c) => quote = Some(open).filter(|open| *open != c),
            (None, '"' | '\'') => quote = Some(c),
            (None, '[' | '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, ']') if depth > 1 => depth -= 1,
            (None, ',' | ']') if depth == 1 => {
                choices.push(choice(text.get(start..at).unwrap_or_default()));
                start = at + 1;
                if c == ']' {
                    return (choices, start);
                }
            }
            _ => {}
        }
    }
    (choices, text.len())
}

fn choice(text: &str) -> Choice {
    match text.trim_start().chars().next() {
        Some('"' | '\'') => Choice::Key,
        Some('*') => Choice::Wildcard,
        Some('?') => Choice::Filter,
        _ if text.contains(':') => Choice::Slice,
        _ => Choice::Index,
    }
}

/// The texts of a tree's values: a tree does not keep the digits of its numbers.
struct Texts<'t> {
    root: &'t str,
    /// By the address of their text; members are sorted by their keys.
    branches: HashMap<usize, Branch<'t>>,
}

impl<'t> Texts<'t> {
    fn at(&mut self, location: &NormalizedPath<'_>) -> Option<(String, &'t str)> {
        let mut path = String::from("$");
        let mut raw = self.root;
        for element in location.iter() {
            let branch = self
                .branches
                .entry(raw.as_ptr().addr())
                .or_insert_with(|| Branch::new(raw).sorted());
            raw = match (element, &*branch) {
                (PathElement::Name(name), Branch::Object(members)) => {
                    push_key(&mut path, name);
                    let at = members.partition_point(|(key, _)| key.as_str() < *name);
                    members.get(at).filter(|(key, _)| key == name)?.1
                }
                (PathElement::Index(index), Branch::List(elements)) => {
                    _ = write!(path, "[{index}]");
                    elements.get(*index)?
                }
                _ => return None,
            };
        }
        Some((path, raw))
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Choice::{self, Filter, Index, Key, Slice, Wildcard},
        Query, split,
    };
    use crate::{
        decode::matches::{Match, Matches},
        shared::{Ref::Static, Text},
    };

    /// Where each segment ends, whether it descends, what it takes.
    type Split = &'static [(&'static str, bool, &'static [Choice])];

    #[test]
    fn a_query_is_split_into_its_segments() {
        let cases: [(&str, Split); 6] = [
            ("$", &[]),
            (
                "$.data[*]",
                &[("$.data", false, &[Key]), ("$.data[*]", false, &[Wildcard])],
            ),
            (
                "$['a b'][\"c]\"][0]",
                &[
                    ("$['a b']", false, &[Key]),
                    ("$['a b'][\"c]\"]", false, &[Key]),
                    ("$['a b'][\"c]\"][0]", false, &[Index]),
                ],
            ),
            ("$..id", &[("$..id", true, &[Key])]),
            (
                "$.*..[ 'it\\'s' , -1, 1:2,*]",
                &[
                    ("$.*", false, &[Wildcard]),
                    (
                        "$.*..[ 'it\\'s' , -1, 1:2,*]",
                        true,
                        &[Key, Index, Slice, Wildcard],
                    ),
                ],
            ),
            (
                "$[?@.a[?@.b == ',]'] || match(@.c, '[)]')].d",
                &[
                    (
                        "$[?@.a[?@.b == ',]'] || match(@.c, '[)]')]",
                        false,
                        &[Filter],
                    ),
                    (
                        "$[?@.a[?@.b == ',]'] || match(@.c, '[)]')].d",
                        false,
                        &[Key],
                    ),
                ],
            ),
        ];
        for (query, expected) in cases {
            Query::new("data_selector", &Text::of(query)).unwrap();
            let segments = split(query);
            let segments: Vec<_> = segments
                .iter()
                .map(|(end, descends, choices)| (&query[..*end], *descends, &**choices))
                .collect();
            assert_eq!(segments, expected, "{query}");
        }
    }

    #[test]
    fn a_query_gives_the_text_of_its_matches() {
        let query = Query::new("data_selector", &Static("$.data[?@.kind == 'a']")).unwrap();
        let json =
            r#" {"data": [{"kind": "a", "n": 1.10}, {"kind": "b"}, {"n": 2, "kind": "a"}]} "#;
        let search = query.find(json, true).unwrap();
        assert_eq!(search.rows.unwrap().count, 3);
        let found = |path: &str, raw| Match {
            path: path.to_owned(),
            key: Some("data".to_owned()),
            raw,
        };
        assert_eq!(
            search.matches,
            Matches::Found(vec![
                found("$.data[0]", r#"{"kind": "a", "n": 1.10}"#),
                found("$.data[2]", r#"{"n": 2, "kind": "a"}"#),
            ])
        );
    }

    #[test]
    fn rows_are_the_elements_of_the_list_before_the_first_choice() {
        for (query, json, rows) in [
            (
                "$.data[*].items[*]",
                r#"{"data": [{"items": [1, 2]}, {"items": []}]}"#,
                Some(2),
            ),
            (
                "$.data[?@.a]",
                r#"{"data": [{"a": 1}, {"b": 1}, {}]}"#,
                Some(3),
            ),
            ("$.data[*]", r#"{"data": [[1, 2], [3]]}"#, Some(2)),
            ("$.data[1:]", r#"{"data": [1, 2, 3]}"#, Some(3)),
            ("$.data[0, 1]", r#"{"data": [1, 2, 3]}"#, Some(3)),
            (
                "$.data[0].items[*]",
                r#"{"data": [{"items": [1, 2]}, {}]}"#,
                Some(2),
            ),
            ("$[*].items", r#"[{"items": []}]"#, Some(1)),
            ("$.data[*]", r#"{"data": null}"#, Some(0)),
            ("$.data[*]", r#"{"data": {}}"#, Some(0)),
            ("$.data[*]", "{}", Some(0)),
            (
                "$.data.*",
                r#"{"data": {"a": {"id": 1}, "b": {"id": 2}}}"#,
                Some(2),
            ),
            ("$.data.*", r#"{"data": {"a": [1, 2], "b": [3]}}"#, Some(3)),
            (
                "$.data.*[*]",
                r#"{"data": {"a": [1, 2], "b": null}}"#,
                Some(2),
            ),
            (
                "$.data.*.items[*]",
                r#"{"data": {"a": {"items": [1]}}}"#,
                None,
            ),
            ("$.*", r#"{"a": [1, 2], "b": {"c": 1}}"#, None),
            ("$..items[*]", r#"{"items": [1]}"#, None),
            ("$['a', 'b'][*]", r#"{"a": [1], "b": [2]}"#, None),
        ] {
            let found = Query::new("data_selector", &Text::of(query))
                .unwrap()
                .find(json, true);
            let found = found.unwrap().rows.map(|rows| rows.count);
            assert_eq!(found, rows, "{query} in {json}");
        }
    }
}
