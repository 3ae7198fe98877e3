//! Records that the schema contract set aside: kept in `_rest_source_rejects`, in the transaction of their page.

use rest_source::{Reject, Result, Rows, Scalar, Type, shared::Text};

use super::{
    database::{Database, as_number, as_text, as_time, text, transaction},
    prepare,
    staging::{Staging, WritePlan, publish_table},
    state::{self, part_key},
    table::quote,
    writer::lock_key,
};
use crate::{
    FittingReject, RejectQuery, ReplayedRejects, ResourceKey, StoredReject, Target, Writing,
    rejects::check_stored, resumption::fingerprint,
};

/// The table of records that are kept.
const TABLE: &str = "_rest_source_rejects";

const COLUMNS: &str =
    "source, resource, part, id, run, stored, reason, line, request, included, record";

/// What a record that is set aside again has anew.
const UPDATE: &str = "ON CONFLICT (source, resource, part, id) DO UPDATE SET run = excluded.run, stored = excluded.stored,
    reason = excluded.reason, line = excluded.line, request = excluded.request";

/// The most bytes of records held in memory.
const MAX_BYTES: usize = 1 << 20;

/// Creates the table if it does not exist.
pub(super) fn create(db: &mut dyn Database) -> Result<()> {
    let definitions = definitions(db);
    let key = "source, resource, part, id";
    db.run(&[state::create_table("rejects", &definitions.join(", "), key)])
}

fn definitions(db: &dyn Database) -> Vec<String> {
    let text = db.sql_type(&Type::Text);
    let (time, number) = (db.sql_type(&Type::TIMESTAMP), db.sql_type(&Type::Bigint));
    COLUMNS
        .split(", ")
        .map(|name| match name {
            "stored" => format!("{name} {time} NOT NULL"),
            "line" => format!("{name} {number} NOT NULL"),
            _ => format!("{name} {text} NOT NULL"),
        })
        .collect()
}

/// The records of uncommitted pages: the newest in memory, the others in a temporary table.
#[derive(Debug, Default)]
pub(super) struct RejectStaging {
    rejects: Vec<Reject>,
    bytes: usize,
    /// The name of the temporary table with its schema, if it exists.
    table: Option<String>,
    /// Whether records of an earlier part of the load are in the table, committed with its checkpoints.
    has_committed: bool,
}

impl RejectStaging {
    /// Of a load that goes on after an interrupted one, if so.
    pub(super) fn new(is_resumed: bool) -> Self {
        Self {
            has_committed: is_resumed,
            ..Self::default()
        }
    }

    /// Adds the records of a page.
    pub(super) fn push(&mut self, rows: &Rows) {
        self.bytes += rows.rejects().iter().map(Reject::bytes).sum::<usize>();
        self.rejects.extend_from_slice(rows.rejects());
    }

    /// Whether another page has room in memory.
    pub(super) fn has_room(&self) -> bool {
        self.bytes < MAX_BYTES
    }

    /// Moves the records in memory to a temporary table.
    pub(super) fn spill(&mut self, db: &mut dyn Database, plan: &WritePlan) -> Result<()> {
        if self.rejects.is_empty() {
            return Ok(());
        }
        let table = if let Some(table) = &self.table {
            table.clone()
        } else {
            let mut definitions = definitions(db);
            definitions.push("PRIMARY KEY (source, resource, part, id)".to_owned());
            let name = format!("{}_rejects", plan.staging_name());
            db.run(&[db.create_temporary_table(&name, &definitions)])?;
            let table = format!("{}.{name}", db.temporary_schema());
            self.table = Some(table.clone());
            table
        };
        self.insert(db, &plan.target, &table)
    }

    /// Inserts the records in memory.
    fn insert(&mut self, db: &mut dyn Database, target: &Target, into: &str) -> Result<()> {
        let sql = format!(
            "INSERT INTO {into} ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) {UPDATE}"
        );
        let [source, resource, part] = part_key(target);
        let now = Scalar::Timestamp(state::now());
        for reject in &self.rejects {
            let values = [
                source.clone(),
                resource.clone(),
                part.clone(),
                Scalar::Text(id(reject)),
                text(&target.run),
                now.clone(),
                text(&reject.reason),
                Scalar::Bigint(reject.line.into()),
                text(&reject.request),
                text(&reject.included),
                text(&reject.record),
            ];
            db.execute(&sql, &values)?;
        }
        self.rejects.clear();
        self.bytes = 0;
        Ok(())
    }

    /// Writes the records, within the caller's transaction. If the rows of the resource are replaced, so are they.
    pub(super) fn publish(
        &mut self,
        db: &mut dyn Database,
        plan: &WritePlan,
        replaces: bool,
    ) -> Result<()> {
        let target = &plan.target;
        if !target.keep_rejects {
            return Ok(());
        }
        if replaces && !self.has_committed {
            let sql =
                format!("DELETE FROM {TABLE} WHERE source = ?1 AND resource = ?2 AND part = ?3");
            db.execute(&sql, &part_key(target))?;
        }
        if let Some(staged) = &self.table {
            db.run(&[format!(
                "INSERT INTO {TABLE} ({COLUMNS}) SELECT {COLUMNS} FROM {staged} WHERE true {UPDATE}"
            )])?;
        }
        // The caller may roll back, and keeps the records then.
        let kept = self.rejects.clone();
        self.insert(db, target, TABLE)?;
        self.bytes = kept.iter().map(Reject::bytes).sum();
        self.rejects = kept;
        Ok(())
    }

    /// Forgets the records. `committed`: they are in the table.
    pub(super) fn clear(&mut self, db: &mut dyn Database, committed: bool) -> Result<()> {
        self.has_committed |= committed;
        match self.forget() {
            Some(statement) => db.run(&[statement]),
            None => Ok(()),
        }
    }

    /// Forgets the records. Returns the statement that drops their temporary table, if there is one.
    pub(super) fn forget(&mut self) -> Option<String> {
        self.rejects.clear();
        self.bytes = 0;
        let table = self.table.take()?;
        Some(format!("DROP TABLE IF EXISTS {table}"))
    }
}

/// Identifies a record by what it is, so that a load that sets it aside again keeps it once.
fn id(reject: &Reject) -> String {
    let of = |text: &str| fingerprint(text);
    format!("{:016x}{:016x}", of(&reject.record), of(&reject.included))
}

/// The records that are kept.
pub(super) fn read(db: &mut dyn Database, query: &RejectQuery) -> Result<Vec<StoredReject>> {
    db.check()?;
    if db.existing(TABLE)?.is_none() {
        return Ok(Vec::new());
    }
    let mut conditions = vec!["true".to_owned()];
    let mut values = Vec::new();
    if let Some(key) = &query.of {
        values.extend([&key.source, &key.resource, &key.part].map(|value| text(value)));
        conditions.push("source = ?1 AND resource = ?2 AND part = ?3".to_owned());
    }
    if let Some((key, id)) = &query.after {
        let first = values.len() + 1;
        let after = [&key.source, &key.resource, &key.part, id];
        values.extend(after.map(|value| text(value)));
        let names: Vec<String> = (first..first + 4).map(|at| format!("?{at}")).collect();
        conditions.push(format!(
            "(source, resource, part, id) > ({})",
            names.join(", ")
        ));
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM {TABLE} WHERE {} ORDER BY source, resource, part, id LIMIT {}",
        conditions.join(" AND "),
        query.most
    );
    let rows = db.query(&sql, &values)?;
    Ok(rows.iter().map(|row| stored(row)).collect())
}

fn stored(row: &[Scalar]) -> StoredReject {
    let text = |at: usize| as_text(row.get(at)).unwrap_or_default();
    let key = ResourceKey {
        source: text(0),
        resource: text(1),
        part: text(2),
    };
    let mut reject = Reject::new(text(10), text(9));
    reject.reason = text(6);
    reject.line = u32::try_from(as_number(row.get(7))).unwrap_or_default();
    reject.request = text(8);
    let mut stored = StoredReject::new(key, text(3), Text::from(text(4)), reject);
    stored.stored = as_time(row.get(5));
    stored
}

/// Writes records that fit now, and keeps them no longer, in one transaction.
pub(super) fn replay(
    db: &mut dyn Database,
    target: &Target,
    rejects: &[FittingReject],
    overwrite: bool,
) -> Result<ReplayedRejects> {
    db.check()?;
    transaction(db, &lock_key(&target.resource_key()), |db| {
        state::create(db)?;
        let plan = WritePlan::new(db, target.clone());
        let (progress, _) = prepare::prepare(db, target, &plan.children)?;
        check_stored(target, progress.request.as_deref())?;
        let mut staging = Staging::default();
        let mut ends = Vec::new();
        let mut rows = 0;
        for one in rejects {
            staging.push(&plan, &one.rows)?;
            rows += i64::try_from(one.rows.len()).unwrap_or(i64::MAX);
            ends.push(rows);
        }
        staging.spill(db, &plan)?;
        let known = if overwrite || target.writing == Writing::Append {
            Vec::new()
        } else {
            leave_known(db, &plan)?
        };
        db.run(&publish_table(db, &plan))?;
        db.run(&plan.drop_staging())?;
        let sql = format!(
            "DELETE FROM {TABLE} WHERE source = ?1 AND resource = ?2 AND part = ?3 AND id = ?4"
        );
        let mut done = ReplayedRejects::default();
        let mut start = 0;
        for (one, end) in rejects.iter().zip(ends) {
            // A record that a step leaves out has no row.
            let is_known = start < end && (start..end).all(|row| known.contains(&row));
            start = end;
            if is_known {
                done.superseded += 1;
                continue;
            }
            let [source, resource, part] = part_key(target);
            db.execute(&sql, &[source, resource, part, text(&one.id)])?;
            done.written += 1;
        }
        let has_rows = prepare::has_own_rows(db, target)?;
        state::store(db, target, None, has_rows, false)?;
        Ok(done)
    })
}

/// Deletes the staged rows whose key is stored, and returns their numbers.
fn leave_known(db: &mut dyn Database, plan: &WritePlan) -> Result<Vec<i64>> {
    let (order, staging) = (plan.order_column(), plan.staging_table());
    let table = quote(&plan.target.resource.table.name);
    let same = plan.target.key().map(|name| {
        let name = quote(name);
        format!("stored.{name} = staged.{name}")
    });
    let same: Vec<String> = same.collect();
    let sql = format!(
        "SELECT staged.{order} FROM {staging} AS staged JOIN {table} AS stored ON {}",
        same.join(" AND ")
    );
    let rows = db.query(&sql, &[])?;
    let known: Vec<i64> = rows.iter().map(|row| as_number(row.first())).collect();
    let numbers: Vec<String> = known.iter().map(i64::to_string).collect();
    if numbers.is_empty() {
        return Ok(known);
    }
    let numbers = numbers.join(", ");
    let mut statements = vec![format!(
        "DELETE FROM {staging} WHERE {order} IN ({numbers})"
    )];
    statements.extend(plan.children.iter().map(|child| {
        let staging = child.staging_table();
        format!("DELETE FROM {staging} WHERE _rest_source_record IN ({numbers})")
    }));
    db.run(&statements)?;
    Ok(known)
}
