//! Appending loads that did not end. The load after a killed one does not append the same resources again.

use rest_source::{Error, ErrorKind, Result, Scalar, Type};

use super::{
    database::{Database, as_flag, as_text, text},
    state::{self, BY_KEY, part_key},
};
use crate::{AppendedBy, Target, Writing};

/// The record that a load appended a resource and has not ended.
struct UnfinishedAppend {
    resource: String,
    part: String,
    run: String,
    /// The resources named for the load, one per line; empty if it loads all.
    only: String,
    /// Whether a later load of other resources appended it, after `run` was killed.
    after_kill: bool,
}

impl UnfinishedAppend {
    /// The records that match the condition.
    fn select(db: &mut dyn Database, condition: &str, key: &[Scalar]) -> Result<Vec<Self>> {
        let sql = format!(
            "SELECT resource, part, run, named, after_kill FROM _rest_source_unfinished WHERE {condition}"
        );
        let rows = db.query(&sql, key)?;
        let text = |row: &[Scalar], at| as_text(row.get(at)).unwrap_or_default();
        let records = rows.iter().map(|row| Self {
            resource: text(row, 0),
            part: text(row, 1),
            run: text(row, 2),
            only: text(row, 3),
            after_kill: as_flag(row.get(4)),
        });
        Ok(records.collect())
    }

    /// Whether a load of these resources completes the recorded load.
    fn is_completed_by(&self, only: &[String]) -> bool {
        let mut names = self.only.lines();
        only.is_empty()
            || !self.only.is_empty() && names.all(|name| only.iter().any(|only| only == name))
    }

    /// Whether the recorded load includes this resource.
    fn includes(&self, resource: &str) -> bool {
        self.only.is_empty() || self.only.lines().any(|name| name == resource)
    }

    fn is_for(&self, target: &Target) -> bool {
        self.resource == target.resource.name && self.part == target.part()
    }
}

/// The statement that creates the table if it does not exist.
pub(super) fn create(db: &dyn Database) -> String {
    let (text, number) = (db.sql_type(&Type::Text), db.sql_type(&Type::Bigint));
    let columns = format!(
        "source {text} NOT NULL, resource {text} NOT NULL, part {text} NOT NULL, run {text} NOT NULL, \
         named {text} NOT NULL, after_kill {number} NOT NULL"
    );
    state::create_table("unfinished", &columns, "source, resource, part")
}

/// Whether every load appends all records of the resource again.
pub(super) fn appends_all(target: &Target) -> bool {
    target.writing == Writing::Append && target.resource.incremental.is_none()
}

/// Which load already appended the resource, if this load completes a killed one.
pub(super) fn appended(db: &mut dyn Database, target: &Target) -> Result<Option<AppendedBy>> {
    if !appends_all(target) {
        return Ok(None);
    }
    let found = UnfinishedAppend::select(db, BY_KEY, &part_key(target))?;
    let Some(found) = found.into_iter().next() else {
        return Ok(None);
    };
    if target.run != found.run && db.is_running(&found.run)? {
        let message = "a load that is still running has appended this resource";
        return Err(Error::new(ErrorKind::Destination, message)
            .with_help("run it again when the other load has ended"));
    }
    Ok(match found.after_kill {
        false => Some(AppendedBy::KilledLoad),
        true if found.is_completed_by(&target.only) => Some(AppendedBy::LaterLoad),
        // The caller names this resource once more: append it again.
        true => None,
    })
}

/// Records an appended resource until the load ends, if `complete`; deletes the record of any other.
pub(super) fn store(db: &mut dyn Database, target: &Target, complete: bool) -> Result<()> {
    if !complete || !appends_all(target) {
        return delete(db, &part_key(target));
    }
    let [source, resource, part] = part_key(target);
    let values = [
        source,
        resource,
        part,
        text(&target.run),
        Scalar::Text(target.only.join("\n")),
    ];
    let sql = "INSERT INTO _rest_source_unfinished (source, resource, part, run, named, after_kill)
               VALUES (?1, ?2, ?3, ?4, ?5, 0)
               ON CONFLICT (source, resource, part) DO UPDATE SET
                  run = excluded.run, named = excluded.named, after_kill = 0";
    db.execute(sql, &values).map(|_| ())
}

/// Deletes the resource's records.
pub(super) fn forget(db: &mut dyn Database, target: &Target) -> Result<()> {
    let sql = "DELETE FROM _rest_source_unfinished WHERE source = ?1 AND resource = ?2";
    let key = [text(&target.scope()), text(&target.resource.name)];
    db.execute(sql, &key).map(|_| ())
}

/// Deletes a record.
pub(super) fn delete(db: &mut dyn Database, key: &[Scalar; 3]) -> Result<()> {
    let sql = format!("DELETE FROM _rest_source_unfinished WHERE {BY_KEY}");
    db.execute(&sql, key).map(|_| ())
}

/// Assigns a record to a killed load.
fn assign(db: &mut dyn Database, key: &[Scalar; 3], killed: &UnfinishedAppend) -> Result<()> {
    let sql = format!(
        "UPDATE _rest_source_unfinished SET run = ?4, named = ?5, after_kill = 1 WHERE {BY_KEY}"
    );
    let mut values = key.to_vec();
    values.extend([text(&killed.run), text(&killed.only)]);
    db.execute(&sql, &values).map(|_| ())
}

/// Ends the load of these targets, and the killed loads that it completes. A killed load that it does not
/// complete takes over its records: the load that completes it does not append them again.
pub(super) fn end(db: &mut dyn Database, run: &str, targets: &[Target]) -> Result<()> {
    let Some(first) = targets.first() else {
        return Ok(());
    };
    let scope = text(&first.scope());
    let records = UnfinishedAppend::select(db, "source = ?1", std::slice::from_ref(&scope))?;
    let has_settings_of_load = |record: &UnfinishedAppend| {
        record.part.is_empty() || targets.iter().any(|target| target.part() == record.part)
    };
    let (own, others): (Vec<_>, Vec<_>) = records
        .into_iter()
        .filter(has_settings_of_load)
        .partition(|record| record.run == run);
    let mut open = Vec::new();
    let mut completed = Vec::new();
    for record in others {
        match db.is_running(&record.run)? {
            true => {}
            false if record.is_completed_by(&first.only) => completed.push(record),
            false => open.push(record),
        }
    }
    let key =
        |record: &UnfinishedAppend| [scope.clone(), text(&record.resource), text(&record.part)];
    for record in &completed {
        delete(db, &key(record))?;
    }
    for record in &own {
        match open.iter().find(|killed| killed.includes(&record.resource)) {
            Some(killed) => assign(db, &key(record), killed)?,
            None => delete(db, &key(record))?,
        }
    }
    for record in &open {
        if targets.iter().any(|target| record.is_for(target)) {
            assign(db, &key(record), record)?;
        }
    }
    Ok(())
}
