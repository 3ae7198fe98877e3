//! The document of `state export`.

use rest_source::{Fingerprint, State, Timestamp};
use rest_source_load::{ResourceKey, StoredState};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::CommandError;

/// The version of the form.
const VERSION: u64 = 1;

/// What stands at the start of a document.
pub(super) const MARKS: [&str; 2] = ["\"version\":", "\"exported\":"];

#[derive(Debug, Serialize, Deserialize)]
struct Document {
    version: u64,
    exported: String,
    states: Vec<Entry>,
}

/// The state of a resource.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    source: String,
    resource: String,
    /// The settings of the rows, one per line.
    #[serde(default)]
    settings: String,
    /// The form of `docs/STATE.md`.
    state: Option<Value>,
    /// The fingerprint of the request of the rows.
    request: Option<Value>,
}

/// Keeps the states of a source and of these resources.
pub(super) fn retain(states: &mut Vec<StoredState>, source: Option<&str>, resources: &[String]) {
    states.retain(|stored| {
        source.is_none_or(|source| stored.key.source == source)
            && (resources.is_empty() || resources.contains(&stored.key.resource))
    });
}

/// The document of these states.
pub(super) fn write(states: &[StoredState], now: Timestamp) -> Result<String, CommandError> {
    let entry = |stored: &StoredState| {
        let value = |text: &Option<String>| text.as_deref().map(serde_json::from_str).transpose();
        let entry = Entry {
            source: stored.key.source.clone(),
            resource: stored.key.resource.clone(),
            settings: stored.key.part.clone(),
            state: value(&stored.state)?,
            request: value(&stored.request)?,
        };
        Ok::<_, serde_json::Error>(entry)
    };
    let mut entries = Vec::new();
    for stored in states {
        let entry = entry(stored).map_err(|error| {
            let name = &stored.key.resource;
            CommandError::failed(format!(
                "the state of `{name}` cannot be read: {error}\n  help: reset it by `rest-source state reset {name}`"
            ))
        })?;
        entries.push(entry);
    }
    let document = Document {
        version: VERSION,
        exported: now.to_string(),
        states: entries,
    };
    let text = serde_json::to_string_pretty(&document);
    text.map(|text| text + "\n")
        .map_err(|error| CommandError::failed(format!("cannot write the states: {error}")))
}

/// The states of a document.
pub(super) fn read(shown: &str, text: &str) -> Result<Vec<StoredState>, CommandError> {
    let wrong = |what: String| {
        CommandError::usage(format!(
            "`{shown}` is not a document of `rest-source state export`: {what}"
        ))
    };
    let document: Value = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
    let version = document.get("version").and_then(Value::as_u64);
    if version != Some(VERSION) {
        let found = version.map_or("none".to_owned(), |version| version.to_string());
        return Err(wrong(format!(
            "expected the version {VERSION}, found {found}"
        )));
    }
    let document: Document =
        serde_json::from_value(document).map_err(|error| wrong(error.to_string()))?;
    let mut states: Vec<StoredState> = Vec::new();
    for entry in document.states {
        let name = entry.resource.clone();
        let key = ResourceKey {
            source: entry.source,
            resource: entry.resource,
            part: entry.settings,
        };
        if states.iter().any(|stored| stored.key == key) {
            return Err(wrong(format!("it has the state of `{name}` twice")));
        }
        let state = entry
            .state
            .map(|state| State::from_json(&state.to_string()));
        let state = state
            .transpose()
            .map_err(|error| wrong(format!("the state of `{name}`: {error}")))?;
        if let Some(other) = state.as_ref().filter(|state| state.resource() != name) {
            let other = other.resource();
            return Err(wrong(format!("the state of `{name}` is one of `{other}`")));
        }
        if let Some(state) = &state {
            state
                .check_cursors()
                .map_err(|error| wrong(format!("the state of `{name}`: {error}")))?;
        }
        let request = entry
            .request
            .map(|request| Fingerprint::from_json(&request.to_string()));
        let request = request
            .transpose()
            .map_err(|error| wrong(format!("the request of `{name}`: {error}")))?;
        states.push(StoredState::new(
            key,
            state.map(|state| state.to_json()),
            request.map(|request| request.to_json()),
        ));
    }
    Ok(states)
}
