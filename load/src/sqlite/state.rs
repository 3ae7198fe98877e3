//! What the database remembers: the tables that loads made, and how far each resource came.

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::{table::stored_as, unfinished};
use crate::{Target, Writing};

/// What the names of its tables begin with.
pub(super) const PREFIX: &str = "_rest_source_";

/// A table that holds the rows of a resource.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct KnownTable {
    /// The columns and what they hold, a line each: `id text`.
    pub(super) columns: String,
    /// Whether a load made it. Otherwise it had rows before the first load.
    pub(super) made: bool,
}

impl KnownTable {
    /// What a column held when it was last written.
    pub(super) fn type_of(&self, column: &str) -> Option<&str> {
        self.columns
            .lines()
            .filter_map(|line| line.split_once(' '))
            .find(|(name, _)| *name == column)
            .map(|(_, word)| word)
    }
}

/// How far a resource came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// The state that was last committed, as JSON.
    pub(super) state: Option<String>,
    /// The fingerprint of the request, as JSON.
    pub(super) request: Option<String>,
    /// Whether rows were written since the table was made or replaced.
    pub(super) had_rows: bool,
    /// How often it was committed: a load that finds another number was overtaken.
    pub(super) commits: i64,
}

/// Creates the tables where there are none.
pub(super) fn prepare(db: &Connection) -> Result<()> {
    if is_of_version_1(db)? {
        return migrate(db);
    }
    create(db)
}

fn create(db: &Connection) -> Result<()> {
    db.execute_batch(
        "CREATE TABLE IF NOT EXISTS _rest_source_tables (
            source TEXT NOT NULL,
            resource TEXT NOT NULL,
            columns TEXT NOT NULL,
            made INTEGER NOT NULL,
            PRIMARY KEY (source, resource)
        ) STRICT;
        CREATE TABLE IF NOT EXISTS _rest_source_state (
            source TEXT NOT NULL,
            resource TEXT NOT NULL,
            part TEXT NOT NULL,
            request TEXT,
            state TEXT,
            had_rows INTEGER NOT NULL,
            commits INTEGER NOT NULL,
            updated TEXT NOT NULL,
            PRIMARY KEY (source, resource, part)
        ) STRICT",
    )?;
    unfinished::create(db)
}

/// Version 1 had one table for both.
fn is_of_version_1(db: &Connection) -> Result<bool> {
    let sql = "SELECT count(*) FROM pragma_table_info('_rest_source_state') WHERE name = 'columns'";
    db.query_row(sql, [], |row| row.get(0))
}

fn migrate(db: &Connection) -> Result<()> {
    db.execute_batch("ALTER TABLE _rest_source_state RENAME TO _rest_source_state_1")?;
    create(db)?;
    db.execute_batch(
        "INSERT INTO _rest_source_tables (source, resource, columns, made)
            SELECT source, resource, columns, 1 FROM _rest_source_state_1;
        INSERT INTO _rest_source_state (source, resource, part, state, had_rows, commits, updated)
            SELECT source, resource, '', state, 1, 1, updated FROM _rest_source_state_1;
        DROP TABLE _rest_source_state_1",
    )
}

/// What is known of the resource's table, if anything.
pub(super) fn known_table(db: &Connection, target: &Target) -> Result<Option<KnownTable>> {
    db.prepare_cached(
        "SELECT columns, made FROM _rest_source_tables WHERE source = ?1 AND resource = ?2",
    )?
    .query_row(params![&*target.source, &*target.resource.name], |row| {
        Ok(KnownTable {
            columns: row.get(0)?,
            made: row.get(1)?,
        })
    })
    .optional()
}

/// Another source that has a resource of this name, letter case aside.
pub(super) fn rival(db: &Connection, target: &Target) -> Result<Option<String>> {
    db.query_row(
        "SELECT source || '.' || resource FROM _rest_source_tables
         WHERE resource = ?2 COLLATE NOCASE AND (source <> ?1 OR resource <> ?2)",
        params![&*target.source, &*target.resource.name],
        |row| row.get(0),
    )
    .optional()
}

/// Remembers the resource's table and what its columns hold.
pub(super) fn remember_table(db: &Connection, target: &Target, made: bool) -> Result<()> {
    let columns = target.resource.table.columns.iter();
    let lines = columns.map(|column| format!("{} {}\n", column.name, stored_as(&column.data_type)));
    db.prepare_cached(
        "INSERT INTO _rest_source_tables (source, resource, columns, made) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (source, resource) DO UPDATE SET
            columns = excluded.columns, made = excluded.made",
    )?
    .execute(params![
        &*target.source,
        &*target.resource.name,
        lines.collect::<String>(),
        made
    ])?;
    Ok(())
}

/// How far the resource came.
pub(super) fn read(db: &Connection, target: &Target) -> Result<Progress> {
    let read = db
        .prepare_cached(
            "SELECT state, request, had_rows, commits FROM _rest_source_state
             WHERE source = ?1 AND resource = ?2 AND part = ?3",
        )?
        .query_row(
            params![&*target.source, &*target.resource.name, part(target)],
            |row| {
                Ok(Progress {
                    state: row.get(0)?,
                    request: row.get(1)?,
                    had_rows: row.get(2)?,
                    commits: row.get(3)?,
                })
            },
        )
        .optional()?;
    Ok(read.unwrap_or_default())
}

/// Stores a commit. Without a state the old state stands, except where its rows were replaced.
pub(super) fn store(
    db: &Connection,
    target: &Target,
    state: Option<&str>,
    has_rows: bool,
) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO _rest_source_state
            (source, resource, part, request, state, had_rows, commits, updated)
         VALUES (?1, ?2, ?6, ?3, ?4, ?7, 1, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
         ON CONFLICT (source, resource, part) DO UPDATE SET
            request = excluded.request,
            state = iif(?5, excluded.state, coalesce(excluded.state, state)),
            had_rows = iif(?5, excluded.had_rows, max(excluded.had_rows, had_rows)),
            commits = commits + 1,
            updated = excluded.updated",
    )?
    .execute(params![
        &*target.source,
        &*target.resource.name,
        target.request.to_json(),
        state,
        target.writing == Writing::Replace,
        part(target),
        has_rows
    ])?;
    Ok(())
}

/// Forgets how far the resource came, in a part of which rows were written and none is left; in all parts,
/// where the table has no rows. One that never had any goes on from its state.
pub(super) fn forget_emptied(db: &Connection, target: &Target, table_is_empty: bool) -> Result<()> {
    for sql in [
        "DELETE FROM _rest_source_unfinished WHERE source = ?1 AND resource = ?2 AND (?4 OR part = ?3)",
        "DELETE FROM _rest_source_state WHERE source = ?1 AND resource = ?2
         AND iif(part = ?3, had_rows, ?4)",
    ] {
        let key = params![
            &*target.source,
            &*target.resource.name,
            part(target),
            table_is_empty
        ];
        db.execute(sql, key)?;
    }
    Ok(())
}

/// Forgets how far the resource came, with any settings. Whether anything was known.
pub(super) fn forget(db: &Connection, target: &Target) -> Result<bool> {
    let sql = "DELETE FROM _rest_source_state WHERE source = ?1 AND resource = ?2";
    let deleted = db.execute(sql, params![&*target.source, &*target.resource.name])?;
    unfinished::forget(db, target)?;
    Ok(deleted > 0)
}

/// The settings by which the rows are told apart, a line each: `tenant a`.
pub(super) fn part(target: &Target) -> String {
    let lines = target.settings.iter();
    let lines: Vec<String> = lines
        .map(|(name, value)| format!("{name} {}", value.to_string().escape_debug()))
        .collect();
    lines.join("\n")
}

/// Rows of a table that are not of the settings of a load.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Others {
    /// Of other values of the same settings: the parts.
    pub(super) siblings: Vec<String>,
    /// Of other settings, or of none: the parts.
    pub(super) strangers: Vec<String>,
}

/// What the table holds besides the rows of this target.
pub(super) fn others(db: &Connection, target: &Target) -> Result<Others> {
    let own = part(target);
    let names = |part: &str| -> Vec<String> {
        let names = part.lines().filter_map(|line| line.split_once(' '));
        names.map(|(name, _)| name.to_owned()).collect()
    };
    let parts: Vec<String> = db
        .prepare("SELECT part FROM _rest_source_state WHERE source = ?1 AND resource = ?2")?
        .query_map(params![&*target.source, &*target.resource.name], |row| {
            row.get(0)
        })?
        .collect::<Result<_>>()?;
    let mut others = Others::default();
    for part in parts.into_iter().filter(|part| *part != own) {
        if names(&part) == names(&own) {
            others.siblings.push(part);
        } else {
            others.strangers.push(part);
        }
    }
    Ok(others)
}
