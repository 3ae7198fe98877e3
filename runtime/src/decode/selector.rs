//! What to say where no records are: how far the response goes, and what is there.

use std::{collections::VecDeque, fmt::Write};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    fault::Found,
    object::pick,
    visit::{Visit, skip_list, skip_object, visit},
};
use crate::{
    error::{Error, ErrorKind},
    printable::short,
    schema::{Path, Step, is_plain},
};

/// One level of a JSON value, its parts still text.
pub(super) enum Branch<'t> {
    Object(Vec<(String, &'t str)>),
    List(Vec<&'t str>),
    Scalar,
}

impl<'t> Branch<'t> {
    /// The value in this text, which was read before; a scalar where it cannot be read.
    pub(super) fn new(raw: &'t str) -> Self {
        serde_json::from_str(raw).unwrap_or(Self::Scalar)
    }

    /// With its members in the order of their keys.
    #[cfg(feature = "queries")]
    pub(super) fn sorted(mut self) -> Self {
        if let Self::Object(members) = &mut self {
            members.sort_by(|(one, _), (other, _)| one.cmp(other));
        }
        self
    }

    pub(super) fn member(&self, key: &str) -> Option<&'t str> {
        match self {
            Self::Object(members) => members.iter().find(|(k, _)| k == key).map(|(_, raw)| *raw),
            _ => None,
        }
    }

    fn element(&self, index: i32) -> Option<&'t str> {
        match self {
            Self::List(elements) => pick(elements, index).map(|(_, raw)| *raw),
            _ => None,
        }
    }

    /// What it is, in words: an object by its keys.
    fn describe(&self) -> String {
        match self {
            Self::Object(members) if members.is_empty() => "is an object without keys".to_owned(),
            Self::Object(members) => format!(
                "has {}",
                names("key", members.iter().map(|(key, _)| short(key, 200)))
            ),
            Self::List(elements) => format!("is a list of {}", elements.len()),
            Self::Scalar => "is neither an object nor a list".to_owned(),
        }
    }
}

impl<'de> Deserialize<'de> for Branch<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        visit(deserializer, Level)
    }
}

struct Level;

impl<'de> Visit<'de> for Level {
    type Value = Branch<'de>;

    fn other(self, _: Found<'_>) -> Branch<'de> {
        Branch::Scalar
    }

    fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<Branch<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some((key, raw)) = map.next_entry::<String, &RawValue>()? {
            members.push((key, raw.get()));
        }
        Ok(Branch::Object(members))
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<Branch<'de>, A::Error> {
        let mut elements = Vec::new();
        while let Some(raw) = list.next_element::<&RawValue>()? {
            elements.push(raw.get());
        }
        Ok(Branch::List(elements))
    }
}

/// The names after their word in the plural, cut off where there are many.
fn names(word: &str, names: impl ExactSizeIterator<Item = String>) -> String {
    const MOST: usize = 20;
    let count = names.len();
    let mut text = format!("the {word}{}", if count == 1 { "" } else { "s" });
    for (index, name) in names.take(MOST).enumerate() {
        let comma = if index == 0 { "" } else { "," };
        // Writing to a string does not fail.
        _ = write!(text, "{comma} `{name}`");
    }
    if count > MOST {
        _ = write!(text, " and {} more", count - MOST);
    }
    text
}

/// The error of a selector that found nothing: how far the response goes, and what is there.
pub(super) fn nothing_at(json: &str, path: &Path) -> Error {
    let mut shown = String::from("$");
    let mut branch = Branch::new(json);
    for step in &path.0 {
        let next = match step {
            Step::Key(key) => branch.member(key),
            Step::Index(index) => branch.element(*index),
        };
        let Some(next) = next else { break };
        push_step(&mut shown, step);
        branch = Branch::new(next);
    }
    not_found(&path.to_string(), &shown, &branch)
}

/// The error of a query, where it came no further than this place, whose value is `raw`.
pub(super) fn nothing_for(query: &str, reached: &str, raw: &str) -> Error {
    not_found(query, reached, &Branch::new(raw))
}

/// The error of a query that found a scalar at this place, where it looks for a list.
pub(super) fn no_list_for(query: &str, place: &str, raw: &str) -> Error {
    let error = response(format!("the response has no list at `{place}`"));
    error
        .with_detail(format!("it has {}", short(raw, 200)))
        .with_help(format!(
            "`data_selector: {query}` looks for records in it: name the places that have lists"
        ))
}

fn not_found(selector: &str, reached: &str, branch: &Branch<'_>) -> Error {
    let error = response(format!("the response has nothing at `{selector}`"));
    error.with_detail(format!("`{reached}` {}", branch.describe())).with_help(
        "`data_selector` names the place of the records; `data_selector_required: false` takes its \
         absence for a page without records",
    )
}

/// The error of an object, or a scalar, where the list of records should be.
pub(super) fn no_list(json: &str, path: &Path, paged: bool) -> Error {
    let raw = at(json, path).unwrap_or_default();
    let branch = Branch::new(raw);
    if !matches!(branch, Branch::Object(_)) {
        let error = response(format!("the response has no list of records at `{path}`"));
        return error.with_help("`data_selector` names the place of the records");
    }
    let what = if paged {
        ", and its pages are lists"
    } else {
        ""
    };
    let error = response(format!("the response has an object at `{path}`{what}"));
    let one = "`single_record: true` if the object is one record";
    where_else(error, raw, path, &branch, one)
}

/// The error of an object that would be one record, where no selector is, and has none of the columns.
/// Nothing where it has one of these keys, or no key at all.
pub(super) fn no_record(json: &str, keys: impl Fn(&str) -> bool) -> Option<Error> {
    let branch = Branch::new(json);
    let Branch::Object(members) = &branch else {
        return None;
    };
    if members.is_empty() || members.iter().any(|(key, _)| keys(key)) {
        return None;
    }
    let root = &Path::ROOT;
    let error = response("the response has an object at `$` with none of the columns".to_owned());
    let one = "other `columns` if the object is one record";
    Some(where_else(error, json, root, &branch, one))
}

/// The error of an object in which the records are elsewhere, or which is `one` itself.
fn where_else(error: Error, raw: &str, path: &Path, branch: &Branch<'_>, one: &str) -> Error {
    let lists = lists_in(raw, path);
    match lists.first().cloned() {
        Some(first) => error
            .with_detail(format!("in it: {}", names("list", lists.into_iter())))
            .with_help(format!("`data_selector: {}`, or {one}", written(&first))),
        None => error
            .with_detail(format!("there is no list in it: it {}", branch.describe()))
            .with_help(one),
    }
}

/// The nearest list in the response, as `data_selector` names it.
pub(super) fn nearest_list(json: &str) -> Option<String> {
    let lists = lists_in(json, &Path::ROOT);
    lists.first().map(|first| written(first).to_owned())
}

/// A place as it is written in a spec.
fn written(place: &str) -> &str {
    place.trim_start_matches("$.")
}

/// How far below an object a list in it is looked for.
const DEEPEST: usize = 4;

/// The places of the lists in an object, the nearest first; without those within lists.
fn lists_in(raw: &str, path: &Path) -> Vec<String> {
    let mut lists = Vec::new();
    let mut level = vec![(path.to_string(), raw)];
    for _ in 0..DEEPEST {
        let mut below = Vec::new();
        for (holder, raw) in level {
            let Branch::Object(members) = Branch::new(raw) else {
                continue;
            };
            for (key, raw) in members {
                let mut place = holder.clone();
                push_key(&mut place, &key);
                match raw.as_bytes().first() {
                    Some(b'[') => lists.push(place),
                    Some(b'{') => below.push((place, raw)),
                    _ => {}
                }
            }
        }
        level = below;
    }
    lists
}

/// The error of a key on the way to the records, or to a paginator's value, that stands twice.
pub(super) fn twice(key: &str) -> Error {
    response(format!(
        "the response has the key `{key}` twice in one object"
    ))
}

/// The text of what stands at a place.
pub(super) fn at<'t>(json: &'t str, path: &Path) -> Option<&'t str> {
    at_steps(json, &path.0)
}

/// The text of what steps lead to. Nothing of the rest is kept: it may be large.
pub(crate) fn at_steps<'t>(json: &'t str, steps: &[Step]) -> Option<&'t str> {
    steps.iter().try_fold(json, |raw, step| {
        let mut deserializer = serde_json::Deserializer::from_str(raw);
        visit(&mut deserializer, Below(step)).ok().flatten()
    })
}

/// Reads what one step leads to, as text.
struct Below<'s>(&'s Step);

impl<'de> Visit<'de> for Below<'_> {
    type Value = Option<&'de str>;

    fn other(self, _: Found<'_>) -> Self::Value {
        None
    }

    fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let Step::Key(key) = self.0 else {
            return skip_object(map).map(|()| None);
        };
        let mut found = None;
        while let Some(is_it) = map.next_key_seed(IsKey(key))? {
            if is_it && found.is_none() {
                found = Some(map.next_value::<&RawValue>()?.get());
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let Step::Index(index) = *self.0 else {
            return skip_list(list).map(|()| None);
        };
        let distance = index.unsigned_abs() as usize;
        if index >= 0 {
            let mut at = 0;
            let mut found = None;
            while at <= distance {
                found = list.next_element::<&RawValue>()?.map(RawValue::get);
                if found.is_none() {
                    return Ok(None);
                }
                at += 1;
            }
            return skip_list(list).map(|()| found);
        }
        let mut tail = VecDeque::new();
        while let Some(element) = list.next_element::<&RawValue>()? {
            tail.push_back(element.get());
            if tail.len() > distance {
                tail.pop_front();
            }
        }
        Ok(tail.pop_front().filter(|_| tail.len() + 1 == distance))
    }
}

/// Whether a key is this one.
struct IsKey<'s>(&'s str);

impl<'de> DeserializeSeed<'de> for IsKey<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for IsKey<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}

fn push_step(path: &mut String, step: &Step) {
    match step {
        Step::Key(key) => push_key(path, key),
        Step::Index(index) => _ = write!(path, "[{index}]"),
    }
}

pub(super) fn push_key(path: &mut String, key: &str) {
    _ = if is_plain(key) {
        write!(path, ".{key}")
    } else {
        write!(path, "[{key:?}]")
    };
}

fn response(message: String) -> Error {
    Error::new(ErrorKind::Response, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::Ref::Static;

    #[test]
    fn steps_lead_to_the_text_of_a_value() {
        const JSON: &str = r#" {"a": [1, [2, {"b": "x"}], 3], "c": null, "a": 4} "#;
        let key = |key| Step::Key(key);
        for (steps, found) in [
            (&[key(Static("a")), Step::Index(0)][..], Some("1")),
            (&[key(Static("a")), Step::Index(2)], Some("3")),
            (&[key(Static("a")), Step::Index(3)], None),
            (&[key(Static("a")), Step::Index(-1)], Some("3")),
            (&[key(Static("a")), Step::Index(-3)], Some("1")),
            (&[key(Static("a")), Step::Index(-4)], None),
            (
                &[
                    key(Static("a")),
                    Step::Index(1),
                    Step::Index(-1),
                    key(Static("b")),
                ],
                Some(r#""x""#),
            ),
            (&[key(Static("c"))], Some("null")),
            (&[key(Static("c")), key(Static("d"))], None),
            (&[key(Static("x"))], None),
            (&[Step::Index(0)], None),
            (&[key(Static("a")), key(Static("a"))], None),
            (&[], Some(JSON)),
        ] {
            assert_eq!(at_steps(JSON, steps), found, "{steps:?}");
        }
        assert_eq!(at_steps(r#"{"a": 1"#, &[key(Static("a"))]), None);
    }
}
