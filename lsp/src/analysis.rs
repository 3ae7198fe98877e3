//! Checks specs in a thread of its own, after the user stops typing.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, unbounded};
use rest_source_codegen::compile;
use rest_source_codegen::describe::editor::{ColumnTypes, SpecTree, column_types};
use rest_source_codegen::diagnostic::Diagnostics;

use crate::ServeError;

/// A document is checked when it has not changed for this long.
const IDLE: Duration = Duration::from_millis(150);

/// The checks recurse into nested values.
const STACK: usize = 16 << 20;

/// A version of a document that is to be checked.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) uri: String,
    pub(crate) version: i32,
    pub(crate) text: String,
}

/// A version of a document, checked.
#[derive(Debug)]
pub(crate) struct Analysis {
    pub(crate) uri: String,
    pub(crate) version: i32,
    pub(crate) tree: SpecTree,
    pub(crate) diagnostics: Diagnostics,
    /// The types of its columns, if it is valid.
    pub(crate) types: Option<ColumnTypes>,
}

impl Analysis {
    pub(crate) fn of(job: &Job) -> Self {
        let compiled = compile(&path(&job.uri), &job.text);
        Self {
            uri: job.uri.clone(),
            version: job.version,
            tree: SpecTree::parse(&job.text),
            types: compiled.connector.as_ref().map(column_types),
            diagnostics: compiled.diagnostics,
        }
    }
}

/// The path of a document: the name of a spec without a `name` is the file's.
fn path(uri: &str) -> String {
    let path = uri.strip_prefix("file://").unwrap_or(uri).as_bytes();
    let digit = |at: usize| {
        let digit = char::from(*path.get(at)?).to_digit(16)?;
        u8::try_from(digit).ok()
    };
    let mut bytes = Vec::with_capacity(path.len());
    let mut at = 0;
    while let Some(byte) = path.get(at) {
        let decoded = match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => Some(high * 16 + low),
            _ => None,
        };
        bytes.push(decoded.unwrap_or(*byte));
        at += if decoded.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The thread. It ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Analyzer {
    jobs: Sender<Job>,
    pub(crate) results: Receiver<Analysis>,
}

impl Analyzer {
    pub(crate) fn start() -> Result<Self, ServeError> {
        let (jobs, received) = unbounded();
        let (sender, results) = unbounded();
        thread::Builder::new()
            .name("rest-source-lsp".to_owned())
            .stack_size(STACK)
            .spawn(move || work(&received, &sender))
            .map_err(|error| ServeError::new(format!("cannot start a thread: {error}")))?;
        Ok(Self { jobs, results })
    }

    pub(crate) fn check(&self, job: Job) {
        // The thread lives as long as the server.
        let _ = self.jobs.send(job);
    }
}

fn work(jobs: &Receiver<Job>, results: &Sender<Analysis>) {
    while let Ok(first) = jobs.recv() {
        let mut pending = BTreeMap::from([(first.uri.clone(), first)]);
        loop {
            match jobs.recv_timeout(IDLE) {
                Ok(job) => {
                    pending.insert(job.uri.clone(), job);
                }
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        for job in pending.values() {
            if results.send(Analysis::of(job)).is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn a_path_is_decoded() {
        assert_eq!(path("file:///a%20b/%C3%A9.yaml"), "/a b/é.yaml");
        assert_eq!(path("untitled:%zz%4"), "untitled:%zz%4");
    }
}
