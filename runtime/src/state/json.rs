//! A state as text.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Fingerprint, Mark, Marks, OneParent, Origin, Reach, SeenBy, Start, State};
use crate::{
    error::{Error, ErrorKind, Result},
    parent::ParentKey,
};

/// The version that is written. Those before are read, too.
const VERSION: u64 = 3;

impl State {
    /// As JSON, on one line.
    pub fn to_json(&self) -> String {
        let mut tree = json!({
            "version": VERSION,
            "resource": self.resource,
            "cursor": { "column": self.column, "type": self.data_type, "value": self.cursor() },
        });
        match &self.by {
            Some(SeenBy::Key(names)) => tree["seen_by"] = json!({ "key": names }),
            Some(SeenBy::Columns(names)) => tree["seen_by"] = json!({ "columns": names }),
            None => {}
        }
        if let Some(request) = &self.origin.request {
            tree["request"] = request.to_value();
        }
        match &self.origin.start {
            Start::Unknown => {}
            Start::Beginning => tree["start"] = Value::Null,
            Start::At(value) => tree["start"] = value.as_str().into(),
        }
        match &self.reach {
            Reach::All(mark) => tree["seen"] = seen(mark),
            Reach::One(parent, mark) => {
                tree["seen"] = seen(mark);
                tree["parent"] = match parent {
                    OneParent::Named(name) => name.as_str().into(),
                    OneParent::Keyed(key) => json!({ "by": key.by, "key": key.values }),
                };
            }
            Reach::Each(marks) => {
                let of = |(parent, mark): (&str, &Mark)| (parent.to_owned(), written(mark));
                tree["by"] = json!(marks.by);
                tree["parents"] = marks.iter().map(of).collect::<Map<_, _>>().into();
                tree["others"] = marks.others.as_ref().map(written).into();
            }
        }
        tree.to_string()
    }

    /// Reads what [`to_json`](Self::to_json) wrote, by this version or an earlier one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::State`] when the text is not a state, or one of another version.
    pub fn from_json(text: &str) -> Result<Self> {
        let tree: Value = serde_json::from_str(text)
            .map_err(|e| unreadable(format!("the state is no JSON: {e}")).with_source(&e))?;
        match tree.get("version").and_then(Value::as_u64) {
            Some(1..=VERSION) => {}
            Some(other) => {
                return Err(unreadable(format!(
                    "the state is of version {other}, not {VERSION}"
                )));
            }
            None => return Err(unreadable("the state has no `version`".to_owned())),
        }
        Ok(Self {
            resource: text_at(&tree, "/resource")?,
            column: text_at(&tree, "/cursor/column")?,
            data_type: text_at(&tree, "/cursor/type")?,
            by: seen_by(&tree)?,
            reach: reach(&tree)?,
            origin: origin(&tree)?,
        })
    }
}

fn origin(tree: &Value) -> Result<Origin> {
    let request = tree.get("request").map(|request| {
        let request = Fingerprint::from_value(request);
        request.ok_or_else(|| unreadable("the state has no map of texts at `/request`".to_owned()))
    });
    Ok(Origin {
        request: request.transpose()?.map(Arc::new),
        start: match tree.get("start") {
            None => Start::Unknown,
            Some(Value::Null) => Start::Beginning,
            Some(_) => Start::At(text_at(tree, "/start")?),
        },
    })
}

fn seen(mark: &Mark) -> Value {
    mark.seen.iter().map(String::as_str).collect()
}

fn written(mark: &Mark) -> Value {
    json!({ "value": mark.value, "seen": seen(mark) })
}

fn seen_by(tree: &Value) -> Result<Option<SeenBy>> {
    Ok(match tree.get("seen_by") {
        None => None,
        Some(by) if by.get("key").is_some() => Some(SeenBy::Key(texts_at(tree, "/seen_by/key")?)),
        Some(_) => Some(SeenBy::Columns(texts_at(tree, "/seen_by/columns")?)),
    })
}

fn reach(tree: &Value) -> Result<Reach> {
    let value = text_at(tree, "/cursor/value")?;
    if let Some(parents) = tree.get("parents") {
        return each(tree, parents, value).map(|marks| Reach::Each(Arc::new(marks)));
    }
    let mark = Mark {
        value,
        seen: read_seen(tree)?,
    };
    Ok(match tree.get("parent") {
        None => Reach::All(mark),
        Some(Value::String(name)) => Reach::One(OneParent::Named(name.clone()), mark),
        Some(_) => {
            let key = ParentKey {
                by: texts_at(tree, "/parent/by")?,
                values: text_at(tree, "/parent/key")?,
            };
            Reach::One(OneParent::Keyed(key), mark)
        }
    })
}

fn each(tree: &Value, parents: &Value, largest: String) -> Result<Marks> {
    let read = |tree: &Value| {
        Ok::<_, Error>(Mark {
            value: text_at(tree, "/value")?,
            seen: read_seen(tree)?,
        })
    };
    let others = tree.get("others").filter(|others| !others.is_null());
    let mut marks = Marks::new(texts_at(tree, "/by")?, others.map(read).transpose()?);
    marks.largest = largest;
    let parents = parents
        .as_object()
        .ok_or_else(|| unreadable("the state has no map `parents`".to_owned()))?;
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
    Error::new(ErrorKind::State, message).with_help("a full refresh starts over, without a state")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(value: &str, seen: &[&str]) -> Mark {
        Mark {
            value: value.to_owned(),
            seen: Arc::new(seen.iter().map(|key| (*key).to_owned()).collect()),
        }
    }

    fn state(reach: Reach) -> State {
        State {
            resource: "stories".into(),
            column: "updated_at".into(),
            data_type: "timestamp".into(),
            by: None,
            reach,
            origin: Origin::default(),
        }
    }

    fn all() -> State {
        let mark = mark("2026-11-21T09:30:00Z", &["[\"a\"]", "[\"b\"]"]);
        state(Reach::All(mark))
    }

    #[test]
    fn what_was_written_is_read_back() {
        let key = ParentKey {
            by: vec!["id".to_owned()],
            values: "[7]".to_owned(),
        };
        let mut marks = Marks::new(key.by.clone(), Some(mark("1", &["[\"x\"]"])));
        marks.put("[7]", mark("3", &["[\"a\"]"]));
        marks.put("[\"7\"]", mark("2", &[]));
        marks.largest = "3".to_owned();
        let mut settled = marks.clone();
        settled.others = None;
        for state in [
            all(),
            state(Reach::One(OneParent::Keyed(key), mark("2", &["#1"]))),
            state(Reach::One(
                OneParent::Named("`posts`".into()),
                mark("2", &[]),
            )),
            state(Reach::Each(Arc::new(marks))),
            state(Reach::Each(Arc::new(settled))),
        ] {
            assert_eq!(State::from_json(&state.to_json()).unwrap(), state);
        }
        for start in [Start::Beginning, Start::At("7".to_owned())] {
            let request = Fingerprint::from_json(r#"{"path":"stories"}"#).unwrap();
            let origin = Origin {
                request: Some(Arc::new(request)),
                start,
            };
            let state = all().with_origin(origin);
            assert_eq!(State::from_json(&state.to_json()).unwrap(), state);
        }
        for by in [SeenBy::Key, SeenBy::Columns] {
            let state = State {
                by: Some(by(vec!["id".to_owned()])),
                ..all()
            };
            assert_eq!(State::from_json(&state.to_json()).unwrap(), state);
        }
    }

    #[test]
    fn what_version_1_wrote_is_read() {
        let text = r#"{"version":1,"resource":"stories","cursor":{"column":"updated_at",
            "type":"timestamp","value":"2026-11-21T09:30:00Z"},"seen":["[\"b\"]","[\"a\"]"]}"#;
        assert_eq!(State::from_json(text).unwrap(), all());
        let name = r#"`posts` with `id` \"7\""#;
        let text = text.replace("\"seen\"", &format!("\"parent\":\"{name}\",\"seen\""));
        let state = State::from_json(&text).unwrap();
        let named = OneParent::Named("`posts` with `id` \"7\"".to_owned());
        assert!(matches!(state.reach, Reach::One(one, _) if one == named));
    }

    #[test]
    fn another_version_is_refused_by_its_number() {
        let text = all().to_json().replace("\"version\":3", "\"version\":7");
        let error = State::from_json(&text).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::State);
        assert!(error.to_string().contains("version 7"), "{error}");
    }

    #[test]
    fn what_is_no_state_is_refused_by_what_it_lacks() {
        let cursor = r#""resource":"r","cursor":{"column":"c","type":"t","value":"v"}"#;
        for (text, wanted) in [
            (String::new(), "no JSON"),
            ("{}".to_owned(), "`version`"),
            (r#"{"version":1}"#.to_owned(), "`/resource`"),
            (format!(r#"{{"version":1,{cursor}}}"#), "`/seen`"),
            (format!(r#"{{"version":2,{cursor},"seen":[1]}}"#), "`/seen`"),
            (
                format!(r#"{{"version":2,{cursor},"seen":[],"seen_by":["id"]}}"#),
                "`/seen_by/columns`",
            ),
            (
                format!(r#"{{"version":2,{cursor},"seen":[],"parent":{{"by":["id"]}}}}"#),
                "`/parent/key`",
            ),
            (
                format!(r#"{{"version":3,{cursor},"seen":[],"request":{{"a":1}}}}"#),
                "`/request`",
            ),
            (
                format!(r#"{{"version":2,{cursor},"by":["id"],"parents":[]}}"#),
                "`parents`",
            ),
            (
                format!(r#"{{"version":2,{cursor},"by":["id"],"parents":{{"[7]":{{}}}}}}"#),
                "`/value`",
            ),
            (
                r#"{"version":1,"seen":[],"resource":"r","cursor":{"column":"c","type":"t"}}"#
                    .to_owned(),
                "`/cursor/value`",
            ),
        ] {
            let error = State::from_json(&text).unwrap_err();
            assert!(error.to_string().contains(wanted), "{text}: {error}");
        }
    }
}
