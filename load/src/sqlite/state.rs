//! What the database remembers of each resource: its state and what its columns hold.

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::table::stored_as;
use crate::{Target, Writing};

/// The table that holds it.
pub(super) const TABLE: &str = "_rest_source_state";

/// What is remembered of one resource.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Remembered {
    /// The state that was last committed, as JSON.
    pub(super) state: Option<String>,
    /// The columns and what they hold, a line each: `id text`.
    pub(super) columns: String,
}

impl Remembered {
    /// What a column held when it was last written.
    pub(super) fn type_of(&self, column: &str) -> Option<&str> {
        self.columns
            .lines()
            .filter_map(|line| line.split_once(' '))
            .find(|(name, _)| *name == column)
            .map(|(_, word)| word)
    }
}

/// Makes the table where there is none.
pub(super) fn prepare(db: &Connection) -> Result<()> {
    db.execute_batch(
        "CREATE TABLE IF NOT EXISTS _rest_source_state (
            source TEXT NOT NULL,
            resource TEXT NOT NULL,
            columns TEXT NOT NULL,
            state TEXT,
            updated TEXT NOT NULL,
            PRIMARY KEY (source, resource)
        ) STRICT",
    )
}

/// What is remembered of a resource, if anything.
pub(super) fn read(db: &Connection, target: &Target) -> Result<Option<Remembered>> {
    db.prepare_cached(
        "SELECT state, columns FROM _rest_source_state WHERE source = ?1 AND resource = ?2",
    )?
    .query_row(params![target.source, target.resource.name], |row| {
        Ok(Remembered {
            state: row.get(0)?,
            columns: row.get(1)?,
        })
    })
    .optional()
}

/// Another source that has a resource of this name, letter case aside.
pub(super) fn rival(db: &Connection, target: &Target) -> Result<Option<String>> {
    db.query_row(
        "SELECT source || '.' || resource FROM _rest_source_state
         WHERE resource = ?2 COLLATE NOCASE AND (source <> ?1 OR resource <> ?2)",
        params![target.source, target.resource.name],
        |row| row.get(0),
    )
    .optional()
}

/// Remembers what the columns hold.
pub(super) fn remember(db: &Connection, target: &Target) -> Result<()> {
    let columns = target.resource.table.columns.iter();
    let lines = columns.map(|column| format!("{} {}\n", column.name, stored_as(&column.data_type)));
    db.prepare_cached(
        "INSERT INTO _rest_source_state (source, resource, columns, updated)
         VALUES (?1, ?2, ?3, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
         ON CONFLICT (source, resource) DO UPDATE SET columns = excluded.columns",
    )?
    .execute(params![
        target.source,
        target.resource.name,
        lines.collect::<String>()
    ])?;
    Ok(())
}

/// Stores a state. Without one the old state stands, except where its rows were replaced.
pub(super) fn store(db: &Connection, target: &Target, state: Option<&str>) -> Result<()> {
    db.prepare_cached(
        "UPDATE _rest_source_state SET
            state = iif(?4, ?3, coalesce(?3, state)),
            updated = strftime('%Y-%m-%dT%H:%M:%fZ', 'now')
         WHERE source = ?1 AND resource = ?2",
    )?
    .execute(params![
        target.source,
        target.resource.name,
        state,
        target.writing == Writing::Replace
    ])?;
    Ok(())
}
