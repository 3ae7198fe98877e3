//! The rows of one resource, which a test reads and changes while they are served.

use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::lock;

/// A row: its columns by their key on the wire.
pub type Row = Map<String, Value>;

/// The rows of one resource. Clones share them.
#[derive(Clone, Debug)]
pub struct Dataset {
    name: &'static str,
    path: &'static str,
    since: Option<Since>,
    rows: Arc<Mutex<Vec<Row>>>,
}

/// How a client asks for what has changed.
#[derive(Clone, Copy, Debug)]
struct Since {
    param: &'static str,
    column: &'static str,
}

impl Dataset {
    /// A resource served at this path, its rows made by `row` from their number.
    pub fn new(
        name: &'static str,
        path: &'static str,
        len: u64,
        row: impl Fn(u64) -> Value,
    ) -> Self {
        let rows = (0..len).map(|n| object(row(n))).collect();
        Self {
            name,
            path,
            since: None,
            rows: Arc::new(Mutex::new(rows)),
        }
    }

    /// The query parameter `param` asks for the rows whose timestamp in `column` is not before it.
    #[must_use]
    pub fn since(mut self, param: &'static str, column: &'static str) -> Self {
        self.since = Some(Since { param, column });
        self
    }

    /// The resource's name in its spec.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The path it is served at.
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        lock(&self.rows).len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All rows, in the order in which they are served.
    pub fn rows(&self) -> Vec<Row> {
        lock(&self.rows).clone()
    }

    /// One row.
    pub fn row(&self, at: usize) -> Option<Row> {
        lock(&self.rows).get(at).cloned()
    }

    /// Changes one row as `change` says, its timestamp left alone. Whether there is such a row.
    pub fn edit(&self, at: usize, change: impl FnOnce(&mut Row)) -> bool {
        lock(&self.rows).get_mut(at).map(change).is_some()
    }

    /// Changes columns of one row, and makes its timestamp newer than all. Whether there is such a
    /// row.
    pub fn update(&self, at: usize, columns: Value) -> bool {
        let newer = self.newer();
        self.edit(at, |row| {
            row.extend(object(columns));
            row.extend(newer);
        })
    }

    /// Adds a row like the first, with these columns changed and a timestamp newer than all.
    pub fn insert(&self, columns: Value) {
        let newer = self.newer();
        let mut rows = lock(&self.rows);
        let mut row = rows.first().cloned().unwrap_or_default();
        row.extend(object(columns));
        row.extend(newer);
        rows.push(row);
    }

    /// Puts the rows in the order in which they were changed.
    pub fn sort(&self) {
        if let Some(since) = self.since {
            lock(&self.rows).sort_by_key(|row| timestamp(row, since.column));
        }
    }

    /// Takes a row away.
    pub fn remove(&self, at: usize) {
        let mut rows = lock(&self.rows);
        if at < rows.len() {
            rows.remove(at);
        }
    }

    /// Keeps the first `len` rows.
    pub fn truncate(&self, len: usize) {
        lock(&self.rows).truncate(len);
    }

    /// The newest timestamp, where the resource has a column for it.
    pub fn newest(&self) -> Option<Timestamp> {
        let column = self.since?.column;
        lock(&self.rows)
            .iter()
            .filter_map(|row| timestamp(row, column))
            .max()
    }

    /// The timestamp column with a value a second after the newest.
    fn newer(&self) -> Option<(String, Value)> {
        let column = self.since?.column;
        let newer = self.newest()?.checked_add(SignedDuration::from_secs(1));
        Some((column.to_owned(), newer.ok()?.to_string().into()))
    }

    /// The rows that a request asks for, by the value of a query parameter, handed to `read`.
    pub(crate) fn asked<'a, T>(
        &self,
        param: impl Fn(&str) -> Option<&'a str>,
        read: impl FnOnce(&[&Row]) -> T,
    ) -> T {
        let start = self
            .since
            .and_then(|since| Some((since.column, param(since.param)?.parse::<Timestamp>().ok()?)));
        let is_asked = |row: &&Row| match start {
            None => true,
            Some((column, start)) => timestamp(row, column).is_some_and(|at| at >= start),
        };
        let rows = lock(&self.rows);
        let asked: Vec<&Row> = rows.iter().filter(is_asked).collect();
        read(&asked)
    }
}

fn timestamp(row: &Row, column: &str) -> Option<Timestamp> {
    row.get(column)?.as_str()?.parse().ok()
}

fn object(value: Value) -> Row {
    match value {
        Value::Object(row) => row,
        _ => Row::new(),
    }
}
