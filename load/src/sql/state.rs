//! The database's record of loads: the tables that they created, and the last state of each resource.

use std::time::SystemTime;

use rest_source::{Column, Result, Scalar, Timestamp, Type};

use super::{
    checkpoints,
    database::{Database, as_flag, as_number, as_text, as_time, flag, text, texts},
    table::{columns, stored_as},
    unfinished_loads,
};
use crate::{ResourceKey, StoredState, Target, Writing};

/// The prefix of the names of its own tables.
pub(super) const PREFIX: &str = "_rest_source_";

/// The word after the name of a nested list's table.
const CHILD: &str = "table";

/// What `_rest_source_tables` records of a resource's table.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct RecordedTable {
    /// The columns and their types, and the tables of nested lists, one per line: `id text`, `orders_lines table`.
    pub(super) columns: String,
    /// Whether a load created it. Otherwise it had rows before the first load.
    pub(super) created_by_load: bool,
    /// Its name when it was last loaded.
    pub(super) name: String,
}

impl RecordedTable {
    /// Whether the last load wrote this table of a nested list.
    pub(super) fn has_child(&self, table: &str) -> bool {
        let mut lines = self.columns.lines().filter_map(|line| line.split_once(' '));
        lines.any(|(name, word)| name == table && word == CHILD)
    }

    /// The type of a column when it was last written, perhaps by its old name.
    pub(super) fn type_of(&self, column: &Column) -> Option<&str> {
        let find = |wanted: &str| {
            let mut lines = self.columns.lines().filter_map(|line| line.split_once(' '));
            lines.find(|(name, _)| *name == wanted)
        };
        let of_old_name = || find(column.renamed_from.as_ref()?);
        let (_, word) = find(&column.name).or_else(of_old_name)?;
        Some(word)
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
pub(super) fn create(db: &mut dyn Database) -> Result<()> {
    let time = db.sql_type(&Type::TIMESTAMP);
    let number = db.sql_type(&Type::Bigint);
    let text = db.sql_type(&Type::Text);
    let tables = [
        (
            "tables",
            format!(
                "source {text} NOT NULL, resource {text} NOT NULL, columns {text} NOT NULL, made {number} NOT NULL, \
                 name {text}"
            ),
            "source, resource",
        ),
        (
            "state",
            format!(
                "source {text} NOT NULL, resource {text} NOT NULL, part {text} NOT NULL, request {text}, state {text}, \
                 had_rows {number} NOT NULL, commits {number} NOT NULL, updated {time} NOT NULL"
            ),
            "source, resource, part",
        ),
        (
            "jobs",
            format!(
                "source {text} NOT NULL, resource {text} NOT NULL, part {text} NOT NULL, jobs {text} NOT NULL"
            ),
            "source, resource, part",
        ),
    ];
    let tables = tables.map(|(name, columns, key)| create_table(name, &columns, key));
    // In one round trip.
    let tables: Vec<String> = tables
        .into_iter()
        .chain(checkpoints::create(db))
        .chain([unfinished_loads::create(db)])
        .collect();
    db.run(&tables)?;
    let recorded = format!("{PREFIX}tables");
    let stored = db.stored_columns(&recorded)?;
    // A database of a version in which tables had the names of their resources.
    if !stored.iter().any(|column| column.name == "name") {
        db.run(&[format!("ALTER TABLE {recorded} ADD COLUMN name {text}")])?;
    }
    Ok(())
}

/// The statement that creates one of the core's own tables, if it does not exist.
pub(super) fn create_table(name: &str, columns: &str, key: &str) -> String {
    format!("CREATE TABLE IF NOT EXISTS {PREFIX}{name} ({columns}, PRIMARY KEY ({key}))")
}

/// The key of the resource's records.
fn key(target: &Target) -> [Scalar; 2] {
    [text(&target.scope()), text(&target.resource.name)]
}

/// The condition of the records of one [`part_key`].
pub(super) const BY_KEY: &str = "source = ?1 AND resource = ?2 AND part = ?3";

/// The key of the records of the target's settings.
pub(super) fn part_key(target: &Target) -> [Scalar; 3] {
    let [source, resource] = key(target);
    [source, resource, Scalar::Text(target.part())]
}

/// The record of the resource's table, if there is one.
pub(super) fn recorded_table(
    db: &mut dyn Database,
    target: &Target,
) -> Result<Option<RecordedTable>> {
    let sql = "SELECT columns, made, coalesce(name, resource) FROM _rest_source_tables
               WHERE source = ?1 AND resource = ?2";
    let rows = db.query(sql, &key(target))?;
    Ok(rows.first().map(|row| RecordedTable {
        columns: as_text(row.first()).unwrap_or_default(),
        created_by_load: as_flag(row.get(1)),
        name: as_text(row.get(2)).unwrap_or_default(),
    }))
}

/// Another source's resource of the same table name, ignoring case.
pub(super) fn name_conflict(db: &mut dyn Database, target: &Target) -> Result<Option<String>> {
    let sql = "SELECT source || '.' || resource FROM _rest_source_tables
               WHERE lower(coalesce(name, resource)) = lower(?3) AND (source <> ?1 OR resource <> ?2)";
    let [source, resource] = key(target);
    let rows = db.query(sql, &[source, resource, text(&target.resource.table.name)])?;
    Ok(rows.first().and_then(|row| as_text(row.first())))
}

/// Records the resource's table and the types of its columns.
pub(super) fn record_table(
    db: &mut dyn Database,
    target: &Target,
    created_by_load: bool,
) -> Result<()> {
    let columns = columns(&target.resource.table).into_iter();
    let lines = columns.map(|column| format!("{} {}\n", column.name, stored_as(&column.data_type)));
    let children = target.child_tables();
    let tables = children
        .iter()
        .map(|child| format!("{} {CHILD}\n", child.table.name));
    let [source, resource] = key(target);
    let values = [
        source,
        resource,
        Scalar::Text(lines.chain(tables).collect()),
        flag(created_by_load),
        text(&target.resource.table.name),
    ];
    db.execute(
        "INSERT INTO _rest_source_tables (source, resource, columns, made, name) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (source, resource) DO UPDATE SET
            columns = excluded.columns, made = excluded.made, name = excluded.name",
        &values,
    )?;
    Ok(())
}

/// The last commit of the resource with the target's settings.
pub(super) fn read(db: &mut dyn Database, target: &Target) -> Result<Progress> {
    let sql = "SELECT state, request, had_rows, commits FROM _rest_source_state
               WHERE source = ?1 AND resource = ?2 AND part = ?3";
    let rows = db.query(sql, &part_key(target))?;
    let progress = rows.first().map(|row| {
        let (state, had_rows) = (as_text(row.first()), as_flag(row.get(2)));
        // A load that failed before its first row, such as one to a wrong URL, leaves nothing of its request.
        let leaves_anything = had_rows || state.is_some();
        Progress {
            request: as_text(row.get(1)).filter(|_| leaves_anything),
            state,
            had_rows,
            commits: as_number(row.get(3)),
        }
    });
    Ok(progress.unwrap_or_default())
}

/// Records a commit. Without a state the old state is kept, unless the rows were replaced. `has_rows` says whether
/// the commit wrote rows, or where `is_exact`, whether there are any.
pub(super) fn store(
    db: &mut dyn Database,
    target: &Target,
    state: Option<&str>,
    has_rows: bool,
    is_exact: bool,
) -> Result<()> {
    let new_state = match target.writing {
        Writing::Replace => "excluded.state",
        _ => "coalesce(excluded.state, stored.state)",
    };
    let new_flag = if is_exact {
        "excluded.had_rows"
    } else {
        "CASE WHEN stored.had_rows = 1 THEN 1 ELSE excluded.had_rows END"
    };
    let [source, resource, part] = part_key(target);
    let values = [
        source,
        resource,
        part,
        Scalar::Text(target.request.to_json()),
        state.map_or(Scalar::Null, text),
        flag(has_rows),
        Scalar::Timestamp(now()),
    ];
    db.execute(
        &format!(
            "INSERT INTO _rest_source_state AS stored
                (source, resource, part, request, state, had_rows, commits, updated)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, ?7)
             ON CONFLICT (source, resource, part) DO UPDATE SET
                request = excluded.request,
                state = {new_state},
                had_rows = {new_flag},
                commits = stored.commits + 1,
                updated = excluded.updated"
        ),
        &values,
    )?;
    Ok(())
}

/// The states of all resources.
pub(super) fn read_all(db: &mut dyn Database) -> Result<Vec<StoredState>> {
    if db.existing("_rest_source_state")?.is_none() {
        return Ok(Vec::new());
    }
    let sql = "SELECT source, resource, part, state, request, updated FROM _rest_source_state
               ORDER BY source, resource, part";
    let rows = db.query(sql, &[])?;
    Ok(rows
        .iter()
        .map(|row| {
            let text = |at: usize| as_text(row.get(at));
            let key = ResourceKey {
                source: text(0).unwrap_or_default(),
                resource: text(1).unwrap_or_default(),
                part: text(2).unwrap_or_default(),
            };
            let mut stored = StoredState::new(key, text(3), text(4));
            stored.updated = as_time(row.get(5));
            stored
        })
        .collect())
}

/// Stores a state in place of another one. Loads that run without a lock are overtaken by it.
pub(super) fn replace(db: &mut dyn Database, stored: &StoredState) -> Result<()> {
    let ResourceKey {
        source,
        resource,
        part,
    } = &stored.key;
    let key = [source, resource, part].map(|name| text(name));
    let value = |text: &Option<String>| text.clone().map_or(Scalar::Null, Scalar::Text);
    let values: Vec<Scalar> = key
        .iter()
        .cloned()
        .chain([
            value(&stored.request),
            value(&stored.state),
            Scalar::Timestamp(now()),
        ])
        .collect();
    db.execute(
        "INSERT INTO _rest_source_state AS stored
            (source, resource, part, request, state, had_rows, commits, updated)
         VALUES (?1, ?2, ?3, ?4, ?5, 0, 1, ?6)
         ON CONFLICT (source, resource, part) DO UPDATE SET
            request = excluded.request, state = excluded.state, commits = stored.commits + 1,
            updated = excluded.updated",
        &values,
    )?;
    for table in ["checkpoints", "fetched_partitions", "jobs"] {
        let sql = format!("DELETE FROM {PREFIX}{table} WHERE {BY_KEY}");
        db.execute(&sql, &key)?;
    }
    Ok(())
}

/// The time of the system's clock.
pub(super) fn now() -> Timestamp {
    Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::EPOCH)
}

/// The jobs that the API runs for the resource.
pub(super) fn read_jobs(db: &mut dyn Database, target: &Target) -> Result<Option<String>> {
    let sql =
        "SELECT jobs FROM _rest_source_jobs WHERE source = ?1 AND resource = ?2 AND part = ?3";
    let rows = db.query(sql, &part_key(target))?;
    Ok(rows.first().and_then(|row| as_text(row.first())))
}

/// Stores the jobs; none deletes them.
pub(super) fn store_jobs(db: &mut dyn Database, target: &Target, jobs: Option<&str>) -> Result<()> {
    let key = part_key(target);
    let Some(jobs) = jobs else {
        let sql = "DELETE FROM _rest_source_jobs WHERE source = ?1 AND resource = ?2 AND part = ?3";
        return db.execute(sql, &key).map(|_| ());
    };
    let [source, resource, part] = key;
    let sql = "INSERT INTO _rest_source_jobs (source, resource, part, jobs) VALUES (?1, ?2, ?3, ?4)
               ON CONFLICT (source, resource, part) DO UPDATE SET jobs = excluded.jobs";
    db.execute(sql, &[source, resource, part, text(jobs)])
        .map(|_| ())
}

/// Deletes the states of settings that had rows and have none left; if the table is empty, those of all
/// settings. A state that never had rows is kept.
pub(super) fn forget_emptied(
    db: &mut dyn Database,
    target: &Target,
    table_is_empty: bool,
) -> Result<()> {
    let condition = if table_is_empty {
        unfinished_loads::forget(db, target)?;
        "part <> ?3 OR had_rows = 1"
    } else {
        unfinished_loads::delete(db, &part_key(target))?;
        checkpoints::reset(db, target)?;
        "part = ?3 AND had_rows = 1"
    };
    let sql = format!(
        "DELETE FROM _rest_source_state WHERE source = ?1 AND resource = ?2 AND ({condition})"
    );
    db.execute(&sql, &part_key(target)).map(|_| ())
}

/// Deletes the resource's states for all settings. Returns whether there was one.
pub(super) fn forget(db: &mut dyn Database, target: &Target) -> Result<bool> {
    let sql = "DELETE FROM _rest_source_state WHERE source = ?1 AND resource = ?2";
    let deleted = db.execute(sql, &key(target))?;
    unfinished_loads::forget(db, target)?;
    checkpoints::reset_all(db, target)?;
    Ok(deleted > 0)
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
pub(super) fn other_parts(db: &mut dyn Database, target: &Target) -> Result<OtherParts> {
    let own = target.part();
    let names = |part: &str| -> Vec<String> {
        let names = part.lines().filter_map(|line| line.split_once(' '));
        names.map(|(name, _)| name.to_owned()).collect()
    };
    let sql = "SELECT part FROM _rest_source_state WHERE source = ?1 AND resource = ?2";
    let rows = db.query(sql, &key(target))?;
    let mut others = OtherParts::default();
    for part in texts(&rows).into_iter().filter(|part| *part != own) {
        if names(&part) == names(&own) {
            others.other_values.push(part);
        } else {
            others.other_settings.push(part);
        }
    }
    Ok(others)
}
