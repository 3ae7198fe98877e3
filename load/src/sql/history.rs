//! The history of loads: a row for each resource of each load.

use std::{collections::BTreeMap, time::Duration};

use rest_source::{Error, ErrorKind, Result, Scalar, Timestamp, Type};

use super::{
    database::{Database, as_text, as_time, text, transaction},
    state,
};
use crate::{LastLoad, LoadRecord, LoadStatus, LockHolder, ResourceKey};

/// Adds or updates the row of a resource.
pub(super) fn record(db: &mut dyn Database, load: &LoadRecord) -> Result<()> {
    db.check()?;
    transaction(db, "", |db| {
        // The load of a resource is recorded twice, first when it begins.
        if load.ended.is_none() {
            create(db)?;
            mark_interrupted(db, load)?;
        }
        let number = |count: u64| Scalar::Bigint(i64::try_from(count).unwrap_or(i64::MAX));
        let values = [
            text(&load.run),
            text(&load.source),
            text(&load.resource),
            text(&load.part),
            Scalar::Timestamp(load.started),
            load.ended.map_or(Scalar::Null, Scalar::Timestamp),
            number(load.rows),
            number(load.requests),
            Scalar::Double(load.waited.as_secs_f64()),
            text(load.status.word()),
            load.error.as_deref().map_or(Scalar::Null, text),
        ];
        let sql = r#"INSERT INTO _rest_source_loads
            (run, source, resource, "partition", started, ended, "rows", requests, waited, status, error)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
            ON CONFLICT (run, source, resource, "partition") DO UPDATE SET
                ended = excluded.ended, "rows" = excluded."rows", requests = excluded.requests,
                waited = excluded.waited, status = excluded.status, error = excluded.error"#;
        db.execute(sql, &values).map(|_| ())
    })
}

/// Marks earlier loads of the resource that have not ended. This load has locked the resource, so they were killed.
fn mark_interrupted(db: &mut dyn Database, load: &LoadRecord) -> Result<()> {
    let sql = r#"UPDATE _rest_source_loads SET status = ?6
        WHERE source = ?1 AND resource = ?2 AND "partition" = ?3 AND run <> ?4 AND status = ?5"#;
    let values = [
        text(&load.source),
        text(&load.resource),
        text(&load.part),
        text(&load.run),
        text(LoadStatus::Running.word()),
        text(LoadStatus::Interrupted.word()),
    ];
    db.execute(sql, &values).map(|_| ())
}

/// The last load of each resource. One that runs no longer, by its lock, was interrupted.
pub(super) fn last_loads(
    db: &mut dyn Database,
    held: &BTreeMap<ResourceKey, LockHolder>,
) -> Result<Vec<LastLoad>> {
    db.check()?;
    if db.existing("_rest_source_loads")?.is_none() {
        return Ok(Vec::new());
    }
    let rows = db.query(
        r#"SELECT run, source, resource, "partition", started, ended, "rows", requests, waited, status, error, success
        FROM (
            SELECT run, source, resource, "partition", started, ended, "rows", requests, waited, status, error,
                max(CASE WHEN status = 'loaded' THEN ended END)
                    OVER (PARTITION BY source, resource, "partition") AS success,
                row_number() OVER (PARTITION BY source, resource, "partition" ORDER BY started DESC, run DESC) AS place
            FROM _rest_source_loads
        ) AS loads
        WHERE place = 1
        ORDER BY source, resource, "partition""#,
        &[],
    )?;
    let last_load = |row: &Vec<Scalar>| {
        Ok(LastLoad {
            load: read(row)?,
            last_success: time(row, 11),
        })
    };
    let mut loads: Vec<LastLoad> = rows.iter().map(last_load).collect::<Result<_>>()?;
    tell_interrupted(db, held, loads.iter_mut().map(|one| &mut one.load))?;
    Ok(loads)
}

/// The loads that began last, at most so many, the latest first.
pub(super) fn loads(
    db: &mut dyn Database,
    held: &BTreeMap<ResourceKey, LockHolder>,
    most: u64,
) -> Result<Vec<LoadRecord>> {
    db.check()?;
    if db.existing("_rest_source_loads")?.is_none() {
        return Ok(Vec::new());
    }
    let most = most.min(u64::from(u32::MAX));
    let sql = format!(
        r#"SELECT run, source, resource, "partition", started, ended, "rows", requests, waited, status, error
        FROM _rest_source_loads
        ORDER BY started DESC, run DESC, source, resource, "partition"
        LIMIT {most}"#
    );
    let rows = db.query(&sql, &[])?;
    let mut loads: Vec<LoadRecord> = rows.iter().map(|row| read(row)).collect::<Result<_>>()?;
    tell_interrupted(db, held, loads.iter_mut())?;
    Ok(loads)
}

/// Loads that run no longer, by the locks of their resources, were interrupted.
fn tell_interrupted<'l>(
    db: &mut dyn Database,
    held: &BTreeMap<ResourceKey, LockHolder>,
    loads: impl Iterator<Item = &'l mut LoadRecord>,
) -> Result<()> {
    for load in loads.filter(|load| load.status == LoadStatus::Running) {
        let key = load.resource_key();
        if !held.contains_key(&key) && !db.is_locked(&key)? {
            load.status = LoadStatus::Interrupted;
        }
    }
    Ok(())
}

/// The load by a row of the history.
fn read(row: &[Scalar]) -> Result<LoadRecord> {
    load(row).ok_or_else(|| {
        let message = "a row of the history `_rest_source_loads` cannot be read";
        Error::new(ErrorKind::Destination, message)
            .with_detail(format!("{row:?}"))
            .with_help("its columns are those that loads write: correct or delete the row")
    })
}

fn time(row: &[Scalar], at: usize) -> Option<Timestamp> {
    as_time(row.get(at))
}

fn load(row: &[Scalar]) -> Option<LoadRecord> {
    let text = |at: usize| as_text(row.get(at));
    let count = |at: usize| match row.get(at)? {
        Scalar::Bigint(count) => u64::try_from(*count).ok(),
        _ => None,
    };
    let waited = match row.get(8)? {
        Scalar::Double(seconds) => Duration::try_from_secs_f64(*seconds).ok()?,
        _ => return None,
    };
    let mut load = LoadRecord::begun(text(0)?, text(1)?, text(2)?, time(row, 4)?);
    load.part = text(3)?;
    load.ended = time(row, 5);
    load.rows = count(6)?;
    load.requests = count(7)?;
    load.waited = waited;
    load.status = LoadStatus::from_word(&text(9)?)?;
    load.error = text(10);
    Some(load)
}

/// Creates the table if it does not exist.
pub(super) fn create(db: &mut dyn Database) -> Result<()> {
    let (text, number) = (db.sql_type(&Type::Text), db.sql_type(&Type::Bigint));
    let (time, seconds) = (db.sql_type(&Type::TIMESTAMP), db.sql_type(&Type::Double));
    let columns = format!(
        "run {text} NOT NULL, source {text} NOT NULL, resource {text} NOT NULL, \"partition\" {text} NOT NULL, \
         started {time} NOT NULL, ended {time}, \"rows\" {number} NOT NULL, requests {number} NOT NULL, \
         waited {seconds} NOT NULL, status {text} NOT NULL, error {text}"
    );
    let key = "run, source, resource, \"partition\"";
    db.run(&[state::create_table("loads", &columns, key)])
}
