//! Where interrupted loads resume: a checkpoint for each resource, stored in the transaction of its rows.

use rest_source::{Result, Scalar, Type};

use super::{
    database::{Database, as_number, as_text, text, texts},
    staging::WritePlan,
    state::{self, part_key},
    writer::overtaken,
};
use crate::{StoredCheckpoint, Target};

/// The statements that create the tables, if they do not exist.
pub(super) fn create(db: &dyn Database) -> [String; 2] {
    let (text, number) = (db.sql_type(&Type::Text), db.sql_type(&Type::Bigint));
    let key = format!("source {text} NOT NULL, resource {text} NOT NULL, part {text} NOT NULL");
    let checkpoints =
        format!("{key}, run {text} NOT NULL, point {text} NOT NULL, staged {number} NOT NULL");
    // Several partitions may have one key.
    let partitions = format!("{key}, number {number} NOT NULL, partition_key {text} NOT NULL");
    [
        state::create_table("checkpoints", &checkpoints, "source, resource, part"),
        state::create_table(
            "fetched_partitions",
            &partitions,
            "source, resource, part, number",
        ),
    ]
}

/// Takes the checkpoint of the resource for this load, if it resumes; deletes it otherwise. Returns whether the load
/// may stage rows beyond its end: no running load has the checkpoint.
pub(super) fn claim(db: &mut dyn Database, target: &Target) -> Result<bool> {
    let sql = "SELECT run FROM _rest_source_checkpoints WHERE source = ?1 AND resource = ?2 AND part = ?3";
    let found = db.query(sql, &part_key(target))?;
    let run = found.first().and_then(|row| as_text(row.first()));
    if let Some(run) = run.filter(|run| target.run != *run)
        && db.is_running(&run)?
    {
        return Ok(false);
    }
    if !target.resume {
        delete(db, target)?;
        return Ok(true);
    }
    let [source, resource, part] = part_key(target);
    let sql = "INSERT INTO _rest_source_checkpoints (source, resource, part, run, point, staged)
               VALUES (?1, ?2, ?3, ?4, '', 0)
               ON CONFLICT (source, resource, part) DO UPDATE SET run = excluded.run";
    db.execute(sql, &[source, resource, part, text(&target.run)])?;
    Ok(true)
}

/// The checkpoint of an interrupted load, and the number of its staged rows. Those that it staged after its checkpoint
/// are deleted.
pub(super) fn open(
    db: &mut dyn Database,
    plan: &WritePlan,
) -> Result<Option<(StoredCheckpoint, i64)>> {
    let target = &plan.target;
    let sql = "SELECT point, staged FROM _rest_source_checkpoints
               WHERE source = ?1 AND resource = ?2 AND part = ?3";
    let rows = db.query(sql, &part_key(target))?;
    let row = rows.first().map(Vec::as_slice).unwrap_or_default();
    let point = as_text(row.first()).filter(|point| !point.is_empty());
    let staged = as_number(row.get(1));
    let point = match point {
        Some(point) if staged == 0 || plan.has_staging_tables(db)? => point,
        _ => {
            reset(db, target)?;
            db.run(&plan.drop_staging())?;
            return Ok(None);
        }
    };
    if staged == 0 {
        db.run(&plan.drop_staging())?;
    } else {
        db.run(&plan.delete_staged_from(staged))?;
    }
    let sql = "SELECT partition_key FROM _rest_source_fetched_partitions
               WHERE source = ?1 AND resource = ?2 AND part = ?3";
    let rows = db.query(sql, &part_key(target))?;
    let stored = StoredCheckpoint {
        point,
        partitions: texts(&rows),
    };
    Ok(Some((stored, staged)))
}

/// Stores a checkpoint of this load, with the number of staged rows before it.
///
/// # Errors
///
/// When another load has taken the resource.
pub(super) fn store(
    db: &mut dyn Database,
    target: &Target,
    (point, partitions): (&str, &[String]),
    staged: i64,
) -> Result<()> {
    let [source, resource, part] = part_key(target);
    let sql = "UPDATE _rest_source_checkpoints SET point = ?5, staged = ?6
               WHERE source = ?1 AND resource = ?2 AND part = ?3 AND run = ?4";
    let values = [
        source,
        resource,
        part,
        text(&target.run),
        text(point),
        Scalar::Bigint(staged),
    ];
    if db.execute(sql, &values)? == 0 {
        return Err(overtaken());
    }
    store_partitions(db, target, partitions)
}

/// Adds fetched partitions to those of earlier checkpoints.
fn store_partitions(db: &mut dyn Database, target: &Target, partitions: &[String]) -> Result<()> {
    if partitions.is_empty() {
        return Ok(());
    }
    let key = part_key(target);
    // Once for all: an index finds it without a step for each partition.
    let sql = "SELECT max(number) FROM _rest_source_fetched_partitions
               WHERE source = ?1 AND resource = ?2 AND part = ?3";
    let rows = db.query(sql, &key)?;
    let next = match rows.first().and_then(|row| row.first()) {
        Some(Scalar::Bigint(last)) => last + 1,
        _ => 0,
    };
    let sql = "INSERT INTO _rest_source_fetched_partitions (source, resource, part, number, partition_key)
               VALUES (?1, ?2, ?3, ?4, ?5)";
    for (number, partition) in (next..).zip(partitions) {
        let [source, resource, part] = key.clone();
        let values = [
            source,
            resource,
            part,
            Scalar::Bigint(number),
            text(partition),
        ];
        db.execute(sql, &values)?;
    }
    Ok(())
}

/// Fails if another load has taken the resource.
pub(super) fn check_own(db: &mut dyn Database, target: &Target) -> Result<()> {
    let [source, resource, part] = part_key(target);
    let sql = "SELECT 1 FROM _rest_source_checkpoints
               WHERE source = ?1 AND resource = ?2 AND part = ?3 AND run = ?4";
    let found = db.query(sql, &[source, resource, part, text(&target.run)])?;
    if found.is_empty() {
        return Err(overtaken());
    }
    Ok(())
}

/// Forgets where the load resumes. Its claim stays.
pub(super) fn reset(db: &mut dyn Database, target: &Target) -> Result<()> {
    let sql = "UPDATE _rest_source_checkpoints SET point = '', staged = 0
               WHERE source = ?1 AND resource = ?2 AND part = ?3";
    db.execute(sql, &part_key(target))?;
    delete_partitions(db, target)
}

/// Forgets where loads of all settings of the resource resume.
pub(super) fn reset_all(db: &mut dyn Database, target: &Target) -> Result<()> {
    let key = [text(&target.scope()), text(&target.resource.name)];
    let sql = "UPDATE _rest_source_checkpoints SET point = '', staged = 0
               WHERE source = ?1 AND resource = ?2";
    db.execute(sql, &key)?;
    let sql = "DELETE FROM _rest_source_fetched_partitions WHERE source = ?1 AND resource = ?2";
    db.execute(sql, &key).map(|_| ())
}

/// Deletes the checkpoint: the resource is complete, or does not resume.
pub(super) fn delete(db: &mut dyn Database, target: &Target) -> Result<()> {
    let sql =
        "DELETE FROM _rest_source_checkpoints WHERE source = ?1 AND resource = ?2 AND part = ?3";
    db.execute(sql, &part_key(target))?;
    delete_partitions(db, target)
}

fn delete_partitions(db: &mut dyn Database, target: &Target) -> Result<()> {
    let sql = "DELETE FROM _rest_source_fetched_partitions WHERE source = ?1 AND resource = ?2 AND part = ?3";
    db.execute(sql, &part_key(target)).map(|_| ())
}
