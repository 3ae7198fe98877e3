//! A state as JSON text. `docs/STATE.md` describes the format.

use std::{fmt, str::FromStr, sync::Arc};

use serde_json::{Map, Value, json};

use super::{Checkpoint, Checkpoints, DedupKey, Fingerprint, Origin, Progress, Start, State};
use crate::{
    error::{Error, ErrorKind, Result},
    partition::PartitionKey,
};

/// The version of the format.
const VERSION: u64 = 3;

impl State {
    /// As JSON, on one line.
    pub fn to_json(&self) -> String {
        self.to_value().to_string()
    }

    fn to_value(&self) -> Value {
        let mut tree = json!({
            "version": VERSION,
            "resource": self.resource,
            "cursor": { "column": self.column, "type": self.data_type, "value": self.cursor() },
            "seen_by": match &self.by {
                DedupKey::Key(names) => json!({ "key": names }),
                DedupKey::Columns(names) => json!({ "columns": names }),
            },
            "request": self.origin.request.to_value(),
            "start": match &self.origin.start {
                Start::Beginning => Value::Null,
                Start::At(value) => value.as_str().into(),
            },
        });
        match &self.reach {
            Progress::All(mark) => tree["seen"] = seen(mark),
            Progress::One(parent, mark) => {
                tree["seen"] = seen(mark);
                tree["partition"] = json!({ "by": parent.by, "key": parent.values });
            }
            Progress::Each(marks) => {
                let of = |(parent, mark): (&str, &Checkpoint)| (parent.to_owned(), written(mark));
                tree["by"] = json!(marks.by);
                tree["partitions"] = marks.iter().map(of).collect::<Map<_, _>>().into();
            }
            Progress::Parents(parents) => tree["parents"] = parents.to_value(),
        }
        tree
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::State`] when the text is not a state, or one of another version.
    pub fn from_json(text: &str) -> Result<Self> {
        let tree: Value = serde_json::from_str(text)
            .map_err(|e| unreadable(format!("the state is not valid JSON: {e}")).with_source(&e))?;
        Self::from_value(&tree)
    }

    fn from_value(tree: &Value) -> Result<Self> {
        match tree.get("version") {
            Some(version) if version.as_u64() == Some(VERSION) => {}
            Some(version) => {
                return Err(unreadable(format!(
                    "the state has format version {version}, expected {VERSION}"
                )));
            }
            None => return Err(unreadable("the state has no `version`".to_owned())),
        }
        Ok(Self {
            resource: text_at(tree, "/resource")?,
            column: text_at(tree, "/cursor/column")?,
            data_type: text_at(tree, "/cursor/type")?,
            by: seen_by(tree)?,
            reach: reach(tree)?,
            origin: origin(tree)?,
        })
    }
}

impl fmt::Display for State {
    /// As [`to_json`](Self::to_json) writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_value().fmt(f)
    }
}

impl FromStr for State {
    type Err = Error;

    /// As [`from_json`](Self::from_json) reads it.
    fn from_str(text: &str) -> Result<Self> {
        Self::from_json(text)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for State {
    /// As the JSON object that [`to_json`](Self::to_json) writes.
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(to)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for State {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let tree = Value::deserialize(from)?;
        Self::from_value(&tree).map_err(serde::de::Error::custom)
    }
}

fn origin(tree: &Value) -> Result<Origin> {
    let request = tree.get("request").and_then(Fingerprint::from_value);
    let request = request
        .ok_or_else(|| unreadable("the state has no map of texts at `/request`".to_owned()))?;
    Ok(Origin {
        request: Arc::new(request),
        start: match tree.get("start") {
            Some(Value::Null) => Start::Beginning,
            _ => Start::At(text_at(tree, "/start")?),
        },
    })
}

fn seen(mark: &Checkpoint) -> Value {
    mark.seen.iter().map(String::as_str).collect()
}

fn written(mark: &Checkpoint) -> Value {
    json!({ "value": mark.value, "seen": seen(mark) })
}

fn seen_by(tree: &Value) -> Result<DedupKey> {
    Ok(match tree.pointer("/seen_by/key") {
        Some(_) => DedupKey::Key(texts_at(tree, "/seen_by/key")?),
        None => DedupKey::Columns(texts_at(tree, "/seen_by/columns")?),
    })
}

fn reach(tree: &Value) -> Result<Progress> {
    let value = text_at(tree, "/cursor/value")?;
    if let Some(parents) = tree.get("parents") {
        return State::from_value(parents).map(|parents| Progress::Parents(Box::new(parents)));
    }
    if let Some(parents) = tree.get("partitions") {
        return each(tree, parents, value).map(|marks| Progress::Each(Arc::new(marks)));
    }
    let mark = Checkpoint {
        value,
        seen: read_seen(tree)?,
    };
    if tree.get("partition").is_none() {
        return Ok(Progress::All(mark));
    }
    let key = PartitionKey {
        by: texts_at(tree, "/partition/by")?,
        values: text_at(tree, "/partition/key")?,
    };
    Ok(Progress::One(key, mark))
}

fn each(tree: &Value, parents: &Value, largest: String) -> Result<Checkpoints> {
    let read = |tree: &Value| {
        Ok::<_, Error>(Checkpoint {
            value: text_at(tree, "/value")?,
            seen: read_seen(tree)?,
        })
    };
    let mut marks = Checkpoints::new(texts_at(tree, "/by")?);
    marks.largest = largest;
    let parents = parents
        .as_object()
        .ok_or_else(|| unreadable("the state has no map `partitions`".to_owned()))?;
    for (parent, mark) in parents {
        marks.put(parent, read(mark)?);
    }
    Ok(marks)
}

fn read_seen(tree: &Value) -> Result<Arc<std::collections::BTreeSet<String>>> {
    Ok(Arc::new(texts_at(tree, "/seen")?.into_iter().collect()))
}

fn texts_at(tree: &Value, pointer: &str) -> Result<Vec<String>> {
    tree.pointer(pointer)
        .and_then(Value::as_array)
        .and_then(|texts| {
            texts
                .iter()
                .map(|t| t.as_str().map(str::to_owned))
                .collect()
        })
        .ok_or_else(|| unreadable(format!("the state has no list of texts at `{pointer}`")))
}

fn text_at(tree: &Value, pointer: &str) -> Result<String> {
    tree.pointer(pointer)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| unreadable(format!("the state has no text at `{pointer}`")))
}

fn unreadable(message: String) -> Error {
    Error::new(ErrorKind::State, message)
        .with_help("delete the state, or start over by a full refresh: everything is fetched again")
}

#[cfg(test)]
mod tests {
    use proptest::{
        collection::{btree_map, btree_set, vec},
        option,
        prelude::*,
    };

    use super::*;

    fn all() -> State {
        State {
            resource: "stories".into(),
            column: "updated_at".into(),
            data_type: "timestamp".into(),
            by: DedupKey::Key(vec!["id".to_owned()]),
            reach: Progress::All(Checkpoint {
                value: "2026-11-21T09:30:00Z".to_owned(),
                seen: Arc::new(["[\"a\"]".to_owned()].into()),
            }),
            origin: Origin::default(),
        }
    }

    fn any_mark() -> impl Strategy<Value = Checkpoint> {
        (".*", btree_set(".*", 0..4)).prop_map(|(value, seen)| Checkpoint {
            value,
            seen: Arc::new(seen),
        })
    }

    fn any_reach() -> impl Strategy<Value = Progress> {
        let by = || vec(".*", 0..3);
        let one = (by(), ".*", any_mark());
        let each = (by(), ".*", btree_map(".*", any_mark(), 0..4));
        prop_oneof![
            any_mark().prop_map(Progress::All),
            one.prop_map(|(by, values, mark)| Progress::One(PartitionKey { by, values }, mark)),
            each.prop_map(|(by, largest, parents)| {
                let mut marks = Checkpoints::new(by);
                marks.largest = largest;
                for (parent, mark) in parents {
                    marks.put(&parent, mark);
                }
                Progress::Each(Arc::new(marks))
            }),
        ]
    }

    fn any_state() -> impl Strategy<Value = State> {
        let of_parents = (".*", any_flat_state()).prop_map(|(child, parents)| {
            let origin = parents.origin.clone();
            State::of_parents(&child, parents).with_origin(origin)
        });
        prop_oneof![any_flat_state(), of_parents]
    }

    fn any_flat_state() -> impl Strategy<Value = State> {
        let by = prop_oneof![
            vec(".*", 1..3).prop_map(DedupKey::Key),
            vec(".*", 0..3).prop_map(DedupKey::Columns),
        ];
        let start = option::of(".*").prop_map(|start| start.map_or(Start::Beginning, Start::At));
        let request = btree_map(".*", ".*", 0..4).prop_map(|entries| {
            let json = serde_json::to_string(&entries).unwrap();
            Arc::new(Fingerprint::from_json(&json).unwrap())
        });
        let origin = (request, start).prop_map(|(request, start)| Origin { request, start });
        let names = (".*", ".*", ".*");
        (names, by, any_reach(), origin).prop_map(
            |((resource, column, data_type), by, reach, origin)| State {
                resource,
                column,
                data_type,
                by,
                reach,
                origin,
            },
        )
    }

    proptest! {
        #[test]
        fn a_state_is_read_as_it_was_written(state in any_state()) {
            prop_assert_eq!(&State::from_json(&state.to_json()).unwrap(), &state);
            prop_assert_eq!(&state.to_string().parse::<State>().unwrap(), &state);
            #[cfg(feature = "serde")]
            {
                let json = serde_json::to_vec(&state).unwrap();
                prop_assert_eq!(serde_json::from_slice::<State>(&json).unwrap(), state);
            }
        }
    }

    #[test]
    fn another_version_is_refused_by_its_number() {
        let text = all().to_json().replace("\"version\":3", "\"version\":7");
        let error = State::from_json(&text).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::State);
        assert!(
            error.to_string().contains("version 7, expected 3"),
            "{error}"
        );
    }

    #[test]
    fn a_missing_member_is_named() {
        let partitioned = all_members().to_string().replace("\"seen\":", "\"by\":");
        for (member, wanted) in [
            ("version", "`version`"),
            ("resource", "`/resource`"),
            ("cursor", "`/cursor/column`"),
            ("seen", "`/seen`"),
            ("seen_by", "`/seen_by/columns`"),
            ("request", "`/request`"),
            ("start", "`/start`"),
        ] {
            let mut tree = all_members();
            tree.as_object_mut().unwrap().remove(member);
            assert_refused(&tree.to_string(), wanted);
        }
        assert_refused("", "not valid JSON");
        for (member, value, wanted) in [
            ("seen", json!([1]), "`/seen`"),
            ("seen_by", json!(["id"]), "`/seen_by/columns`"),
            ("partition", json!({ "by": ["id"] }), "`/partition/key`"),
            ("request", json!({ "a": 1 }), "`/request`"),
            ("start", json!(7), "`/start`"),
            ("partitions", json!({}), "`/by`"),
        ] {
            let mut tree = all_members();
            tree[member] = value;
            assert_refused(&tree.to_string(), wanted);
        }
        for (partitions, wanted) in [("[]", "`partitions`"), (r#"{"[7]":{}}"#, "`/value`")] {
            let text = partitioned.replacen('{', &format!("{{\"partitions\":{partitions},"), 1);
            assert_refused(&text, wanted);
        }
    }

    fn all_members() -> Value {
        serde_json::from_str(&all().to_json()).unwrap()
    }

    fn assert_refused(text: &str, wanted: &str) {
        let error = State::from_json(text).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::State);
        let message = error.to_string();
        assert!(message.contains(wanted), "{text}: {message}");
        assert!(message.contains("delete the state"), "{message}");
    }
}
