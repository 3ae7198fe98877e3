//! Places in a body: finding what stands there, and making bodies that have something there.

use rest_source::{
    __private::element,
    plan::Selector,
    schema::{Path, Step},
};
use serde_json::{Map, Value as Json};

/// The longest list that is made for the sake of one index.
const LONGEST: usize = 1000;

/// What stands at a place.
pub(crate) fn get<'j>(tree: &'j Json, path: &[Step]) -> Option<&'j Json> {
    path.iter().try_fold(tree, |value, step| match step {
        Step::Key(key) => value.get(key.as_str()),
        Step::Index(index) => element(value.as_array()?, *index),
    })
}

/// Puts a value at a place, making what is missing on the way. `false` where something else stands
/// there, or in the way.
pub(crate) fn put(tree: &mut Json, path: &[Step], value: Json) -> bool {
    let Some((step, rest)) = path.split_first() else {
        let is_free = tree.is_null();
        if is_free {
            *tree = value;
        }
        return is_free;
    };
    if tree.is_null() {
        *tree = match step {
            Step::Key(_) => Json::Object(Map::new()),
            Step::Index(_) => Json::Array(Vec::new()),
        };
    }
    match (step, tree) {
        (Step::Key(key), Json::Object(members)) => put(
            members.entry(key.as_str()).or_insert(Json::Null),
            rest,
            value,
        ),
        (Step::Index(index), Json::Array(elements)) => {
            let Some((at, len)) = extent(*index) else {
                return false;
            };
            if elements.len() < len {
                elements.resize(len, Json::Null);
            }
            let at = if *index < 0 { elements.len() - len } else { at };
            let element = elements.get_mut(at);
            element.is_some_and(|element| put(element, rest, value))
        }
        _ => false,
    }
}

/// Puts a value where a path leads, or where a query finds it. `false` where that cannot be.
pub(crate) fn put_found(tree: &mut Json, place: &Selector, value: Json) -> bool {
    match place {
        Selector::Path(path) => put(tree, &path.0, value),
        Selector::Query(query) => put_by_filter(tree, query, &value).is_some(),
    }
}

/// Puts a value where a query finds it that has one filter, `$.links[?@.rel == 'next'].href`: into the element of
/// a new list. No value is no element.
fn put_by_filter(tree: &mut Json, query: &str, value: &Json) -> Option<()> {
    let (list, rest) = query.split_once("[?")?;
    let (condition, field) = rest.split_once(']')?;
    let (key, equal) = condition.split_once("==")?;
    let equal = equal.trim().trim_matches(['\'', '"']);
    let element = [
        (key.trim().strip_prefix('@')?, Json::from(equal)),
        (field, value.clone()),
    ];
    let mut elements = Vec::new();
    if !value.is_null() {
        let mut made = Json::Null;
        for (place, value) in element {
            put(&mut made, &steps(place)?, value).then_some(())?;
        }
        elements.push(made);
    }
    put(tree, &steps(list)?, elements.into()).then_some(())
}

/// The steps of a path.
fn steps(path: &str) -> Option<Vec<Step>> {
    let turns = read(path)?.into_iter().map(|turn| match turn {
        Turn::Key(key) => Some(Step::Key(key.into())),
        Turn::Index(index) => Some(Step::Index(index)),
        Turn::Each => None,
    });
    turns.collect()
}

/// Where an index is in the shortest list that has it, and how long that is.
fn extent(index: i32) -> Option<(usize, usize)> {
    let distance = usize::try_from(index.unsigned_abs()).ok()?;
    let (at, len) = if index < 0 {
        (0, distance)
    } else {
        (distance, distance + 1)
    };
    (len <= LONGEST).then_some((at, len))
}

/// Where a body has its records: the way from its root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Way(Vec<Turn>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Turn {
    Key(String),
    Index(i32),
    /// Every element of a list.
    Each,
}

impl Way {
    /// The way that a selector goes; nothing where it is a query that chooses, by a filter say.
    pub(crate) fn of(selector: &Selector) -> Option<Self> {
        match selector {
            Selector::Path(Path(steps)) => {
                let turns = steps.iter().map(|step| match step {
                    Step::Key(key) => Some(Turn::Key(key.to_string())),
                    Step::Index(index) => extent(*index).map(|_| Turn::Index(*index)),
                });
                turns.collect::<Option<_>>().map(Self)
            }
            Selector::Query(query) => read(query).map(Self),
        }
    }

    /// The records that a body has there: the elements of a list, or an object alone.
    pub(crate) fn records(&self, body: Json) -> Vec<Json> {
        let found = self.0.iter().fold(vec![body], |found, turn| {
            let next = found.into_iter().map(|value| turn.all_in(value));
            next.flatten().collect()
        });
        let records = found.into_iter().map(|value| match value {
            Json::Array(elements) => elements,
            Json::Null => Vec::new(),
            other => vec![other],
        });
        records.flatten().collect()
    }

    /// The body that has these records there.
    pub(crate) fn body(&self, records: Vec<Json>) -> Json {
        all(&self.0, records)
    }

    /// The same, where the records are the values of an object: each by the text of this field of its own.
    pub(crate) fn keyed_body(&self, records: Vec<Json>, field: &str) -> Json {
        let Some((Turn::Each, turns)) = self.0.split_last() else {
            return self.body(records);
        };
        let key = |record: &Json| match record.get(field) {
            Some(Json::String(key)) => key.clone(),
            Some(key) => key.to_string(),
            None => String::new(),
        };
        let members = records.into_iter().map(|record| (key(&record), record));
        let members = Json::Object(members.collect());
        let under_all = |value, turn: &Turn| under(turn, value);
        turns.iter().rev().fold(members, under_all)
    }
}

impl Turn {
    /// What it leads to in a value.
    fn all_in(&self, value: Json) -> Vec<Json> {
        match (self, value) {
            (Self::Key(key), Json::Object(mut members)) => {
                members.remove(key).into_iter().collect()
            }
            (Self::Index(index), Json::Array(elements)) => {
                element(&elements, *index).cloned().into_iter().collect()
            }
            (Self::Each, Json::Array(elements)) => elements,
            (Self::Each, Json::Object(members)) => {
                members.into_iter().map(|(_, value)| value).collect()
            }
            _ => Vec::new(),
        }
    }
}

fn all(turns: &[Turn], records: Vec<Json>) -> Json {
    match turns.split_first() {
        None => Json::Array(records),
        Some((Turn::Each, rest)) => records
            .into_iter()
            .map(|record| one(rest, record))
            .collect(),
        Some((turn, rest)) => under(turn, all(rest, records)),
    }
}

/// A list's element that has one record there.
fn one(turns: &[Turn], record: Json) -> Json {
    match turns.split_first() {
        None => record,
        Some((turn, rest)) => under(turn, one(rest, record)),
    }
}

fn under(turn: &Turn, value: Json) -> Json {
    match turn {
        Turn::Key(key) => Json::Object(Map::from_iter([(key.clone(), value)])),
        Turn::Each => Json::Array(vec![value]),
        Turn::Index(index) => {
            let (at, len) = extent(*index).unwrap_or((0, 1));
            let mut elements = vec![Json::Null; len];
            if let Some(element) = elements.get_mut(at) {
                *element = value;
            }
            Json::Array(elements)
        }
    }
}

/// Reads a query (RFC 9535) of names, indexes and `*` alone. A name at any depth (`..name`) may
/// stand at the next.
fn read(query: &str) -> Option<Vec<Turn>> {
    let mut rest = query.trim();
    rest = rest.strip_prefix('$').unwrap_or(rest);
    let mut turns = Vec::new();
    while !rest.is_empty() {
        let dotted = rest.strip_prefix("..").or_else(|| rest.strip_prefix('.'));
        let after = dotted.unwrap_or(rest);
        if let Some(bracketed) = after.strip_prefix('[') {
            let (inside, next) = bracketed.split_once(']')?;
            turns.push(selected(inside.trim())?);
            rest = next;
            continue;
        }
        let end = after.find(['.', '[']).unwrap_or(after.len());
        let (name, next) = after.split_at(end);
        turns.push(match name {
            "" => return None,
            "*" => Turn::Each,
            name => Turn::Key(name.to_owned()),
        });
        rest = next;
    }
    Some(turns)
}

/// What stands between brackets.
fn selected(inside: &str) -> Option<Turn> {
    if inside == "*" {
        return Some(Turn::Each);
    }
    for quote in ['\'', '"'] {
        let name = inside
            .strip_prefix(quote)
            .and_then(|name| name.strip_suffix(quote));
        if let Some(name) = name {
            let is_plain = !name.contains(['\\', quote]);
            return is_plain.then(|| Turn::Key(name.to_owned()));
        }
    }
    let index = inside.parse().ok()?;
    extent(index).map(|_| Turn::Index(index))
}

#[cfg(test)]
mod tests {
    use rest_source::shared::{Ref::Static, Text, list};
    use serde_json::json;
    use serde_json_path::JsonPath;

    use super::*;

    fn body(selector: &Selector) -> Json {
        let way = Way::of(selector).unwrap();
        way.body(vec![json!({ "id": 1 }), json!({ "id": 2 })])
    }

    #[test]
    fn records_stand_where_a_path_looks_for_them() {
        let path = |steps| body(&Selector::Path(Path(steps)));
        let records = json!([{ "id": 1 }, { "id": 2 }]);
        assert_eq!(path(list![]), records);
        assert_eq!(
            path(list![
                Step::Key(Static("data")),
                Step::Index(1),
                Step::Key(Static("items"))
            ]),
            json!({ "data": [null, { "items": records }] })
        );
        assert_eq!(path(list![Step::Index(-2)]), json!([records, null]));
    }

    #[test]
    fn records_stand_where_a_query_finds_them() {
        for query in [
            "$.data[*]",
            "$.data.*",
            "$['data'][*].node",
            "$.pages[*].items[*]",
            "$..items[*]",
            "$[1][\"x y\"][*]",
        ] {
            let body = body(&Selector::Query(Text::of(query)));
            let found = JsonPath::parse(query).unwrap();
            let found: Vec<Json> = found.query(&body).all().into_iter().cloned().collect();
            assert_eq!(
                found,
                [json!({ "id": 1 }), json!({ "id": 2 })],
                "{query}: {body}"
            );
        }
    }

    #[test]
    fn a_query_that_chooses_is_none_to_make_a_body_by() {
        for query in [
            "$.data[?@.ok == true]",
            "$.data[0:2]",
            "$.a['b','c']",
            "$.a.",
        ] {
            assert_eq!(Way::of(&Selector::Query(Text::of(query))), None, "{query}");
        }
        assert_eq!(
            Way::of(&Selector::Path(Path(list![Step::Index(i32::MIN)]))),
            None
        );
    }

    #[test]
    fn a_value_is_put_where_there_is_room_for_it() {
        const DEEP: &[Step] = &[
            Step::Key(Static("links")),
            Step::Index(1),
            Step::Key(Static("next")),
        ];
        let mut tree = json!({ "data": [] });
        assert!(put(&mut tree, DEEP, json!("there")));
        assert_eq!(
            tree,
            json!({ "data": [], "links": [null, { "next": "there" }] })
        );
        assert_eq!(get(&tree, DEEP), Some(&json!("there")));
        assert!(!put(&mut tree, DEEP, json!("again")));
        assert!(!put(
            &mut tree,
            &[Step::Key(Static("data")), Step::Key(Static("next"))],
            json!(1)
        ));
        assert!(!put(
            &mut tree,
            &[Step::Key(Static("far")), Step::Index(i32::MAX)],
            json!(1)
        ));
    }
}
