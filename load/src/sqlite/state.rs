//! The database's record of loads: the tables that they created, and the last state of each resource.

use rusqlite::{Connection, OptionalExtension, Result, params};

use super::{
    table::{columns, stored_as},
    unfinished_loads,
};
use crate::{Target, Writing};

/// The prefix of the names of its own tables.
pub(super) const PREFIX: &str = "_rest_source_";

/// What `_rest_source_tables` records of a resource's table.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct RecordedTable {
    /// The columns and their types, one per line: `id text`.
    pub(super) columns: String,
    /// Whether a load created it. Otherwise it had rows before the first load.
    pub(super) created_by_load: bool,
}

impl RecordedTable {
    /// The type of a column when it was last written.
    pub(super) fn type_of(&self, column: &str) -> Option<&str> {
        self.columns
            .lines()
            .filter_map(|line| line.split_once(' '))
            .find(|(name, _)| *name == column)
            .map(|(_, word)| word)
    }
}

/// The last commit of a resource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// The last committed state, as JSON.
    pub(super) state: Option<String>,
    /// The fingerprint of the request, as JSON.
    pub(super) request: Option<String>,
    /// Whether rows were written since the table was created or replaced.
    pub(super) had_rows: bool,
    /// Number of commits. A load that finds another number was overtaken by another load.
    pub(super) commits: i64,
}

/// Creates the tables if they do not exist.
pub(super) fn create(db: &Connection) -> Result<()> {
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
    unfinished_loads::create(db)
}

/// The record of the resource's table, if there is one.
pub(super) fn recorded_table(db: &Connection, target: &Target) -> Result<Option<RecordedTable>> {
    db.prepare_cached(
        "SELECT columns, made FROM _rest_source_tables WHERE source = ?1 AND resource = ?2",
    )?
    .query_row(params![&*target.source, &*target.resource.name], |row| {
        Ok(RecordedTable {
            columns: row.get(0)?,
            created_by_load: row.get(1)?,
        })
    })
    .optional()
}

/// Another source's resource of the same table name, ignoring case.
pub(super) fn name_conflict(db: &Connection, target: &Target) -> Result<Option<String>> {
    db.query_row(
        "SELECT source || '.' || resource FROM _rest_source_tables
         WHERE resource = ?2 COLLATE NOCASE AND (source <> ?1 OR resource <> ?2)",
        params![&*target.source, &*target.resource.name],
        |row| row.get(0),
    )
    .optional()
}

/// Records the resource's table and the types of its columns.
pub(super) fn record_table(db: &Connection, target: &Target, created_by_load: bool) -> Result<()> {
    let columns = columns(&target.resource.table).into_iter();
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
        created_by_load
    ])?;
    Ok(())
}

/// The last commit of the resource with the target's settings.
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

/// Records a commit. Without a state the old state is kept, unless the rows were replaced. `has_rows` says whether
/// the commit wrote rows, or where `is_exact`, whether there are any.
pub(super) fn store(
    db: &Connection,
    target: &Target,
    state: Option<&str>,
    has_rows: bool,
    is_exact: bool,
) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO _rest_source_state
            (source, resource, part, request, state, had_rows, commits, updated)
         VALUES (?1, ?2, ?6, ?3, ?4, ?7, 1, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
         ON CONFLICT (source, resource, part) DO UPDATE SET
            request = excluded.request,
            state = iif(?5, excluded.state, coalesce(excluded.state, state)),
            had_rows = iif(?8, excluded.had_rows, max(excluded.had_rows, had_rows)),
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
        has_rows,
        is_exact
    ])?;
    Ok(())
}

/// Deletes the states of settings that had rows and have none left; if the table is empty, those of all
/// settings. A state that never had rows is kept.
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

/// Deletes the resource's states for all settings. Returns whether there was one.
pub(super) fn forget(db: &Connection, target: &Target) -> Result<bool> {
    let sql = "DELETE FROM _rest_source_state WHERE source = ?1 AND resource = ?2";
    let deleted = db.execute(sql, params![&*target.source, &*target.resource.name])?;
    unfinished_loads::forget(db, target)?;
    Ok(deleted > 0)
}

/// The settings that identify the target's rows (`include_from_config`), one per line: `tenant a`.
pub(super) fn part(target: &Target) -> String {
    let lines = target.settings.iter();
    let mut lines: Vec<String> = lines
        .map(|(name, value)| format!("{name} {}", value.to_string().escape_debug()))
        .collect();
    // The order of `include_from_config` does not matter.
    lines.sort_unstable();
    lines.join("\n")
}

/// The rows of a table that belong to other settings than the load's.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct OtherParts {
    /// Parts with other values of the same settings.
    pub(super) other_values: Vec<String>,
    /// Parts with other settings, or none.
    pub(super) other_settings: Vec<String>,
}

/// The parts of the table that do not belong to this target.
pub(super) fn other_parts(db: &Connection, target: &Target) -> Result<OtherParts> {
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
    let mut others = OtherParts::default();
    for part in parts.into_iter().filter(|part| *part != own) {
        if names(&part) == names(&own) {
            others.other_values.push(part);
        } else {
            others.other_settings.push(part);
        }
    }
    Ok(others)
}
