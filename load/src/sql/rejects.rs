//! Records that the schema contract set aside: kept in `_rest_source_rejects`, in the transaction of their page.

use std::collections::HashMap;

use rest_source::{Reject, Result, Rows, Scalar, Type, plan::WriteDisposition, shared::Text};

use super::{
    database::{Database, as_number, as_text, as_time, text, transaction},
    prepare,
    staging::{Staging, WritePlan, publish_table},
    state::{self, BY_KEY, part_key},
    table::quote,
    writer::lock_key,
};
use crate::{
    FittingReject, LoadStatus, RejectQuery, ReplayedRejects, ResourceKey, StoredReject, Target,
    Writing, load_locks::begun, rejects::check_stored, resumption::fingerprint,
};

/// The table of records that are kept.
const TABLE: &str = "_rest_source_rejects";

const COLUMNS: &str =
    "source, resource, part, id, run, stored, reason, line, request, included, record, place";

/// What a record that is set aside again has anew.
const UPDATE: &str = "ON CONFLICT (source, resource, part, id) DO UPDATE SET run = excluded.run, stored = excluded.stored,
    reason = excluded.reason, line = excluded.line, request = excluded.request, place = excluded.place";

/// The most bytes of records held in memory.
const MAX_BYTES: usize = 1 << 20;

/// How many different records are told from those that are equal to them.
const MAX_COUNTED: usize = 100_000;

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
            "line" | "place" => format!("{name} {number} NOT NULL"),
            _ => format!("{name} {text} NOT NULL"),
        })
        .collect()
}

/// The records of uncommitted pages: the newest in memory, the others in a temporary table.
#[derive(Debug, Default)]
pub(super) struct RejectStaging {
    /// Each with its identifier.
    rejects: Vec<(String, Reject)>,
    bytes: usize,
    /// How many there were in the load before those in memory.
    before: i64,
    /// How many equal records there were in the load, by their identifier.
    equal: HashMap<String, u32>,
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
    pub(super) fn push(&mut self, target: &Target, rows: &Rows) {
        self.bytes += rows.rejects().iter().map(Reject::bytes).sum::<usize>();
        for reject in rows.rejects() {
            let id = self.id(target, reject);
            self.rejects.push((id, reject.clone()));
        }
    }

    /// Identifies a record by what it is, so that a load that sets it aside again keeps it once. Equal records of one
    /// load are one row if they have a key, and otherwise as many as there were.
    fn id(&mut self, target: &Target, reject: &Reject) -> String {
        let hash = |text: &str| fingerprint(text);
        let id = format!(
            "{:016x}{:016x}",
            hash(&reject.record),
            hash(&reject.included)
        );
        if target.writing != Writing::Append && target.key().next().is_some() {
            return id;
        }
        let is_counted = self.equal.len() < MAX_COUNTED || self.equal.contains_key(&id);
        if !is_counted {
            let place = self.before + i64::try_from(self.rejects.len()).unwrap_or(i64::MAX);
            return format!("{id}-{}-{place}", target.run);
        }
        let equal = self.equal.entry(id.clone()).or_default();
        *equal += 1;
        match *equal {
            1 => id,
            many => format!("{id}-{many}"),
        }
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
        self.insert(db, &plan.target, &table, 0)
    }

    /// Inserts the records in memory, which are then counted as before. Their places follow `after`.
    fn insert(
        &mut self,
        db: &mut dyn Database,
        target: &Target,
        into: &str,
        after: i64,
    ) -> Result<()> {
        let sql = format!(
            "INSERT INTO {into} ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) {UPDATE}"
        );
        let [source, resource, part] = part_key(target);
        let now = Scalar::Timestamp(state::now());
        for (id, reject) in self.rejects.drain(..) {
            self.before += 1;
            let values = [
                source.clone(),
                resource.clone(),
                part.clone(),
                Scalar::Text(id),
                text(&target.run),
                now.clone(),
                text(&reject.reason),
                Scalar::Bigint(reject.line.into()),
                text(&reject.request),
                text(&reject.included),
                text(&reject.record),
                Scalar::Bigint(after + self.before),
            ];
            db.execute(&sql, &values)?;
        }
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
        let exists = target.keep_rejects || replaces && db.existing(TABLE)?.is_some();
        if replaces && exists && !self.has_committed {
            let sql = format!("DELETE FROM {TABLE} WHERE {BY_KEY}");
            db.execute(&sql, &part_key(target))?;
        }
        if !target.keep_rejects || self.table.is_none() && self.rejects.is_empty() {
            return Ok(());
        }
        let last = format!("SELECT max(place) FROM {TABLE} WHERE {BY_KEY}");
        let last = db.query(&last, &part_key(target))?;
        let after = last.first().map_or(0, |row| as_number(row.first()));
        if let Some(staged) = &self.table {
            let columns = COLUMNS.replace("place", &format!("place + {after}"));
            db.run(&[format!(
                "INSERT INTO {TABLE} ({COLUMNS}) SELECT {columns} FROM {staged} WHERE true {UPDATE}"
            )])?;
        }
        // The caller may roll back, and keeps the records then.
        let (kept, bytes, before) = (self.rejects.clone(), self.bytes, self.before);
        self.insert(db, target, TABLE, after)?;
        (self.rejects, self.bytes, self.before) = (kept, bytes, before);
        Ok(())
    }

    /// Forgets the records. `committed`: they are in the table.
    pub(super) fn clear(&mut self, db: &mut dyn Database, committed: bool) -> Result<()> {
        self.has_committed |= committed;
        if !self.has_committed {
            self.equal.clear();
        }
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
        conditions.push(BY_KEY.to_owned());
    }
    if let Some((key, place)) = &query.after {
        let first = values.len() + 1;
        let after = [&key.source, &key.resource, &key.part];
        values.extend(after.map(|value| text(value)));
        values.push(Scalar::Bigint(*place));
        let names: Vec<String> = (first..first + 4).map(|at| format!("?{at}")).collect();
        conditions.push(format!(
            "(source, resource, part, place) > ({})",
            names.join(", ")
        ));
    }
    let sql = format!(
        "SELECT {COLUMNS} FROM {TABLE} WHERE {} ORDER BY source, resource, part, place LIMIT {}",
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
    stored.place = as_number(row.get(11));
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
        let mut done = ReplayedRejects::default();
        let mut staging = Staging::default();
        let mut ends = Vec::new();
        let mut rows = 0;
        let later = LaterLoads::of(db, target)?;
        let is_certain = |one: &&FittingReject| overwrite || !later.may_have_changed(target, one);
        let certain: Vec<&FittingReject> = rejects.iter().filter(is_certain).collect();
        done.uncertain = (rejects.len() - certain.len()) as u64;
        if certain.is_empty() {
            return Ok(done);
        }
        for one in &certain {
            staging.push(&plan, &one.rows)?;
            rows += i64::try_from(one.rows.len()).unwrap_or(i64::MAX);
            ends.push(rows);
        }
        staging.spill(db, &plan)?;
        let known = if overwrite || key_columns(target).next().is_none() {
            Vec::new()
        } else {
            leave_known(db, &plan)?
        };
        db.run(&publish_table(db, &plan))?;
        db.run(&plan.drop_staging())?;
        let sql = format!("DELETE FROM {TABLE} WHERE {BY_KEY} AND id = ?4");
        let mut start = 0;
        for (one, end) in certain.into_iter().zip(ends) {
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

/// When the loads of a resource began that began last: see [`begun`].
struct LaterLoads {
    /// Of all, also of those that failed.
    all: Option<u128>,
    /// Of those that loaded it.
    loaded: Option<u128>,
}

impl LaterLoads {
    fn of(db: &mut dyn Database, target: &Target) -> Result<Self> {
        let mut later = Self {
            all: None,
            loaded: None,
        };
        if db.existing("_rest_source_loads")?.is_none() {
            return Ok(later);
        }
        let sql = r#"SELECT run, status FROM _rest_source_loads
            WHERE source = ?1 AND resource = ?2 AND "partition" = ?3 ORDER BY started DESC LIMIT 1000"#;
        let key = target.resource_key();
        let key = [&key.source, &key.resource, &key.part].map(|value| text(value));
        for row in db.query(sql, &key)? {
            let at = begun(&as_text(row.first()).unwrap_or_default());
            later.all = later.all.max(at);
            if as_text(row.get(1)).is_some_and(|status| status == LoadStatus::Loaded.word()) {
                later.loaded = later.loaded.max(at);
            }
        }
        Ok(later)
    }

    /// Whether a record may be stale, or would be appended once more by a load.
    ///
    /// A later load may have deleted its row, or replaced all rows of its group: no row tells. A load that appends what
    /// is new fetches records at the cursor of its state again, once the spec accepts them. After such a load, a record
    /// without a row of its key will not come again.
    fn may_have_changed(&self, target: &Target, one: &FittingReject) -> bool {
        let is_after = |load: Option<u128>| load > begun(&one.run);
        let resource = &target.resource;
        let mut columns = resource.table.columns.iter();
        if resource.hard_delete.is_some() || columns.any(|column| column.merge_key) {
            return is_after(self.all);
        }
        let appends = resource.write_disposition == WriteDisposition::Append;
        if appends && resource.incremental.is_some() {
            return key_columns(target).next().is_none() || !is_after(self.loaded);
        }
        false
    }
}

/// The columns of the primary key, also of appended rows.
fn key_columns(target: &Target) -> impl Iterator<Item = &str> {
    let columns = target.resource.table.columns.iter();
    columns
        .filter(|column| column.primary_key)
        .map(|column| column.name.as_str())
}

/// Deletes the staged rows whose key is stored, and returns their numbers.
fn leave_known(db: &mut dyn Database, plan: &WritePlan) -> Result<Vec<i64>> {
    let (order, staging) = (plan.order_column(), plan.staging_table());
    let table = quote(&plan.target.resource.table.name);
    let same = key_columns(&plan.target).map(|name| {
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
