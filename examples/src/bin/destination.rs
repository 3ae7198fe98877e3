//! A destination of one's own: an append-only log, a line of JSON for each row, and the state beside it.
//!
//! Rows of a commit are written and flushed before its state replaces the old one. A load that is killed between the two
//! appends rows again, so readers take the last line of a key.

#![allow(clippy::print_stdout)]

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use rest_source::{Error, ErrorKind, Result, Rows, Scalar, State, rest_source};
use rest_source_load::{BoxFuture, Destination, Load as _, Opened, Target, Writer, Writing};
use serde_json::{Map, Value};

#[rest_source("specs/media.yaml")]
pub mod media {}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let log = Log::create("media.log")?;
    println!("{}", media::Source::from_env()?.load(&log).await?);
    Ok(())
}

/// A folder with a log for each resource.
pub struct Log(PathBuf);

impl Log {
    /// Creates the folder if it is missing.
    ///
    /// # Errors
    ///
    /// If it cannot be created.
    pub fn create(folder: impl AsRef<Path>) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        Ok(Self(folder.as_ref().to_owned()))
    }
}

impl Destination for Log {
    fn open<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Opened>> {
        Box::pin(async move {
            if matches!(target.writing, Writing::Replace | Writing::ReplaceGroups) {
                let message = "an append-only log cannot replace rows";
                return Err(Error::new(ErrorKind::Destination, message)
                    .with_resource(&target.resource.name));
            }
            let file = |end: &str| self.0.join(format!("{}.{end}", target.resource.name));
            let writer = LogWriter {
                log: file("jsonl"),
                state: file("state.json"),
                pending: Vec::new(),
            };
            let state = match fs::read_to_string(&writer.state) {
                Ok(text) => Some(State::from_json(&text)?),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => return Err(failed(&error)),
            };
            let mut opened = Opened::new(writer);
            opened.state = state;
            Ok(opened)
        })
    }
}

/// The log of one resource.
struct LogWriter {
    log: PathBuf,
    state: PathBuf,
    /// Lines since the last commit.
    pending: Vec<String>,
}

impl LogWriter {
    fn append(&mut self, state: Option<&State>) -> io::Result<()> {
        let mut log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)?;
        log.write_all(self.pending.concat().as_bytes())?;
        log.sync_all()?;
        self.pending.clear();
        if let Some(state) = state {
            // A rename is atomic: the state is the old one or the new one.
            let new = self.state.with_extension("new");
            fs::write(&new, state.to_json())?;
            fs::rename(&new, &self.state)?;
        }
        Ok(())
    }
}

impl Writer for LogWriter {
    fn write<'a>(&'a mut self, rows: &'a Rows) -> BoxFuture<'a, Result<u64>> {
        for row in rows {
            let cells = row.table().columns.iter().zip(row.values());
            let cells = cells.map(|(column, value)| (column.name.to_string(), json(value.into())));
            let line = Value::Object(cells.collect::<Map<_, _>>());
            self.pending.push(format!("{line}\n"));
        }
        Box::pin(async { Ok(rows.len() as u64) })
    }

    fn commit<'a>(&'a mut self, state: Option<&'a State>) -> BoxFuture<'a, Result<()>> {
        let appended = self.append(state).map_err(|error| failed(&error));
        Box::pin(async { appended })
    }

    fn roll_back(&mut self) -> BoxFuture<'_, Result<()>> {
        self.pending.clear();
        Box::pin(async { Ok(()) })
    }

    fn count(&mut self) -> BoxFuture<'_, Result<u64>> {
        let lines = fs::read_to_string(&self.log).map(|log| log.lines().count() as u64);
        Box::pin(async { lines.or(Ok(0)) })
    }
}

fn json(value: Scalar) -> Value {
    match value {
        Scalar::Null => Value::Null,
        Scalar::Bool(value) => value.into(),
        Scalar::Bigint(value) => value.into(),
        Scalar::Text(text) => text.into(),
        Scalar::Timestamp(at) => at.to_string().into(),
        other => format!("{other:?}").into(),
    }
}

fn failed(error: &io::Error) -> Error {
    Error::new(
        ErrorKind::Destination,
        format!("the log cannot be read or written: {error}"),
    )
}

#[cfg(test)]
mod tests {
    use rest_source_mock::{Mocked as _, json};

    use super::*;

    #[tokio::test]
    async fn second_load_appends_what_is_new() {
        let folder = std::env::temp_dir().join(format!("rest-source-log-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let log = Log::create(&folder).unwrap();
        let story = |n: u64| json!({ "id": format!("story-{n}"), "name": "a", "updated_at": format!("2026-11-2{n}T09:30:00Z") });
        for (stories, lines) in [(0..3, 3), (0..5, 6)] {
            let api = media::Source::mock()
                .records("stories", stories.map(story))
                .start()
                .unwrap();
            api.source().load(&log).await.unwrap();
            let text = fs::read_to_string(folder.join("stories.jsonl")).unwrap();
            // The story at the cursor comes again.
            assert_eq!(text.lines().count(), lines, "{text}");
        }
        let text = fs::read_to_string(folder.join("stories.jsonl")).unwrap();
        let last = r#"{"id":"story-4","name":"a","profile_views":null,"updated_at":"2026-11-24T09:30:00Z"}"#;
        assert_eq!(text.lines().last(), Some(last));
        assert!(log.0.join("stories.state.json").exists());
        // What the log cannot do is an error, and the log is unchanged.
        let api = media::Source::mock().start().unwrap();
        let error = api.source().load(&log).full_refresh().await.unwrap_err();
        assert!(error.to_string().contains("cannot replace rows"), "{error}");
        fs::remove_dir_all(&folder).unwrap();
    }
}
