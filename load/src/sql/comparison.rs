//! The comparison of staged records with the rows of a table.
//!
//! The records are staged as those of a load, so that the database has converted both sides alike. If the table has a
//! primary key, a temporary table gets a line for each key: the number of its last record, and what is wrong with its row.
//! Without one, whole rows are counted on both sides.

use std::sync::{Arc, Mutex};

use rest_source::{Error, ErrorKind, Fingerprint, Result, Rows, Scalar, State, Type, shared::Text};

use super::{
    blocking,
    child_tables::in_schema,
    database::{Database, Existing, as_number, as_text, transaction},
    lock, prepare,
    staging::{Staging, WritePlan, publish_table},
    state,
    table::{self, TableFit, columns, deletions, quote},
    writer::{Dropped, lock_key, overtaken},
};
use crate::{
    BoxFuture, Comparison, ComparisonOptions, Difference, Differences, DifferingColumn,
    DifferingRecord, OpenComparison, Target, Writing,
};

/// The columns of a statement, so that a table of any width can be compared.
const COLUMNS_AT_ONCE: usize = 100;

/// What is wrong with the row of a key, in the table of keys.
const EQUAL: i64 = 0;
const MISSING: i64 = 1;
const DIFFERING: i64 = 2;
const DELETED: i64 = 3;

/// Compares one resource.
struct SqlComparison<D: Database> {
    db: Arc<Mutex<D>>,
    records: Arc<Mutex<Records>>,
    dropped: Dropped,
}

/// The staged records.
struct Records {
    plan: WritePlan,
    staging: Staging,
    /// The number of the first record that the next load fetches anyway.
    pending_from: i64,
    /// The commits of the resource when it was opened.
    commits: i64,
    is_dropped: bool,
}

/// Opens a resource whose table exists and fits.
pub(super) fn open<D: Database>(
    db: Arc<Mutex<D>>,
    dropped: Dropped,
    target: &Target,
) -> Result<OpenComparison> {
    let mut guard = lock(&db);
    let connection: &mut D = &mut guard;
    connection.check()?;
    let statements = std::mem::take(&mut *lock(&dropped));
    connection.run(&statements)?;
    let plan = WritePlan::new(connection, target.clone());
    check_tables(connection, &plan)?;
    let progress = state::read(connection, target)?;
    drop(guard);
    let state = progress.state.as_deref().map(State::from_json);
    let request = progress.request.as_deref().map(Fingerprint::from_json);
    let mut opened = OpenComparison::new(SqlComparison {
        db,
        dropped,
        records: Arc::new(Mutex::new(Records {
            plan,
            staging: Staging::default(),
            pending_from: i64::MAX,
            commits: progress.commits,
            is_dropped: false,
        })),
    });
    opened.state = state.transpose()?;
    opened.request = request.transpose()?;
    Ok(opened)
}

/// Rejects a table that a load would create or change first.
fn check_tables(db: &mut dyn Database, plan: &WritePlan) -> Result<()> {
    let target = &plan.target;
    if let Some(other) = name_conflict(db, target)? {
        let name = &target.resource.table.name;
        let message = format!("the table `{name}` belongs to another resource, `{other}`");
        return Err(Error::new(ErrorKind::Destination, message));
    }
    let children = plan.children.iter().map(|child| &child.target);
    for target in std::iter::once(target).chain(children) {
        let name = &target.resource.table.name;
        let load_first = |message: String| {
            Err(Error::new(ErrorKind::Destination, message)
                .with_help("load the resource first, into the same destination"))
        };
        match db.existing(name)? {
            Some(Existing::Table { .. }) => {}
            Some(Existing::View) => return load_first(format!("`{name}` is a view, not a table")),
            None => return load_first(format!("there is no table `{name}` to compare")),
        }
        let recorded = state::recorded_table(db, target)?;
        match table::compare(db, target, recorded.as_ref())? {
            TableFit::Alter(statements) if statements.is_empty() => {}
            TableFit::Alter(_) | TableFit::Missing => {
                return load_first(format!(
                    "the table `{name}` does not have the columns of the spec yet"
                ));
            }
            TableFit::Incompatible(reason) => {
                return load_first(format!(
                    "the table `{name}` does not fit the spec: {reason}"
                ));
            }
        }
    }
    let others = state::other_parts(db, target)?;
    prepare::check_other_parts(target, &others)
}

/// Another resource of the table's name, in a destination that has been loaded into.
fn name_conflict(db: &mut dyn Database, target: &Target) -> Result<Option<String>> {
    if db.existing("_rest_source_tables")?.is_none() {
        let message = "no load has written to this destination";
        return Err(Error::new(ErrorKind::Destination, message)
            .with_help("load the resource first, into the same destination"));
    }
    state::name_conflict(db, target)
}

impl<D: Database> SqlComparison<D> {
    fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut D, &mut Records) -> Result<T> + Send + 'static,
    ) -> BoxFuture<'static, Result<T>> {
        let (db, records) = (Arc::clone(&self.db), Arc::clone(&self.records));
        Box::pin(blocking(move || {
            let mut records = lock(&records);
            if records.is_dropped {
                return Err(Error::new(
                    ErrorKind::Destination,
                    "the comparison was dropped",
                ));
            }
            let mut db = lock(&db);
            work(&mut db, &mut records)
        }))
    }
}

impl<D: Database> Comparison for SqlComparison<D> {
    fn write<'a>(&'a mut self, rows: &'a Rows) -> BoxFuture<'a, Result<()>> {
        let rows = rows.clone();
        self.run(move |db, records| {
            let Records { plan, staging, .. } = records;
            if !staging.has_room(&rows) {
                staging.spill(db, plan)?;
            }
            staging.push(plan, &rows)
        })
    }

    fn begin_pending(&mut self) -> BoxFuture<'_, Result<()>> {
        self.run(|db, records| {
            let Records { plan, staging, .. } = records;
            records.pending_from = staging.spill_all(db, plan)?;
            Ok(())
        })
    }

    fn finish<'a>(
        &'a mut self,
        options: &'a ComparisonOptions,
    ) -> BoxFuture<'a, Result<Differences>> {
        let options = *options;
        self.run(move |db, records| {
            let Records { plan, staging, .. } = records;
            // It creates the tables, also of no record.
            staging.spill(db, plan)?;
            let keys = Keys::new(plan);
            let found = match &keys {
                Some(keys) => keys.compare(db, records, options),
                None => compare_rows(db, records, options),
            };
            let mut statements = records.plan.drop_staging();
            statements.extend(keys.map(|keys| keys.drop_table()));
            records.staging.forget();
            let dropped = db.run(&statements);
            let found = found?;
            dropped.map(|()| found)
        })
    }
}

impl<D: Database> Drop for SqlComparison<D> {
    fn drop(&mut self) {
        let mut records = lock(&self.records);
        records.is_dropped = true;
        let mut statements: Vec<String> = Keys::new(&records.plan)
            .map(|keys| keys.drop_table())
            .into_iter()
            .collect();
        if records.staging.forget() {
            statements.extend(records.plan.drop_staging());
            lock(&self.dropped).extend(statements);
        }
    }
}

/// The table of keys, and the parts of statements over it.
struct Keys {
    /// Its name without a schema, and with it.
    name: String,
    table: String,
    /// The quoted names of the key's columns.
    key: Vec<String>,
    key_names: Vec<Text>,
    /// The quoted names of the other columns, and the same without quotes.
    values: Vec<(String, Text)>,
}

/// The quoted name of a flag in the table of keys: whether a list of a record differs.
fn list_flag(at: usize) -> String {
    format!("_rest_source_list_{at}")
}

/// What is wrong with a key's row.
const KIND: &str = "_rest_source_kind";

impl Keys {
    /// `None` if the table has no primary key.
    fn new(plan: &WritePlan) -> Option<Self> {
        let target = &plan.target;
        let key_names: Vec<Text> = target
            .key()
            .map(|name| Text::from(name.to_owned()))
            .collect();
        if key_names.is_empty() {
            return None;
        }
        let name = format!("{}_keys", plan.staging_name());
        let schema = plan.staging_table().split_once('.');
        let columns = columns(&target.resource.table).into_iter();
        let values = columns.filter(|column| !key_names.contains(&column.name));
        Some(Self {
            table: in_schema(schema.map(|(schema, _)| schema), &name),
            name,
            key: key_names.iter().map(|name| quote(name)).collect(),
            values: values
                .map(|column| (quote(&column.name), column.name.clone()))
                .collect(),
            key_names,
        })
    }

    fn drop_table(&self) -> String {
        format!("DROP TABLE IF EXISTS {}", self.table)
    }

    /// The condition that two tables have the same key.
    fn same_key(&self, one: &str, other: &str) -> String {
        let equal = self.key.iter();
        let equal: Vec<String> = equal
            .map(|name| format!("{one}.{name} = {other}.{name}"))
            .collect();
        equal.join(" AND ")
    }

    /// The condition that rows of two tables differ.
    fn differs(&self, db: &dyn Database, stored: &str, new: &str) -> String {
        let names: Vec<&str> = self.values.iter().map(|(name, _)| name.as_str()).collect();
        differs(db, &names, stored, new)
    }

    /// Compares the last record of each key with its row.
    fn compare(
        &self,
        db: &mut dyn Database,
        records: &Records,
        options: ComparisonOptions,
    ) -> Result<Differences> {
        let plan = &records.plan;
        db.run(&self.create(db, plan))?;
        db.run(&self.find(db, plan))?;
        let pending = records.pending_from;
        let (order, table) = (plan.order_column(), &self.table);
        let count = |kind: i64| {
            format!("count(CASE WHEN {KIND} = {kind} AND {order} < {pending} THEN 1 END)")
        };
        let sql = format!(
            "SELECT count(*), {}, {}, {}, count(CASE WHEN {KIND} <> {EQUAL} AND {order} >= {pending} THEN 1 END) FROM {table}",
            count(MISSING),
            count(DIFFERING),
            count(DELETED)
        );
        let counts = db.query(&sql, &[])?;
        let counts = counts.first().map(Vec::as_slice).unwrap_or_default();
        let number = |at: usize| as_number(counts.get(at)).unsigned_abs();
        let mut found = Differences {
            compared: number(0),
            missing: number(1),
            differing: number(2),
            extra: number(3),
            pending: number(4),
            is_whole: options.is_whole,
            ..Differences::default()
        };
        let (extra, values) = self.extra(plan);
        if options.is_whole {
            let sql = format!("SELECT count(*) FROM ({extra}) AS extra");
            let rows = db.query(&sql, &values)?;
            let count = rows.first().map_or(0, |row| as_number(row.first()));
            found.extra += count.unsigned_abs();
        }
        if found.differing > 0 {
            found.columns = self.columns(db, records)?;
        }
        found.examples = self.examples(db, records, options)?;
        found.orphans = orphans(db, plan)?;
        if options.repair {
            self.repair(db, records, options, &mut found)?;
        } else if state::read(db, &plan.target)?.commits != records.commits {
            return Err(overtaken());
        }
        Ok(found)
    }

    /// The statements that create the table of keys.
    fn create(&self, db: &dyn Database, plan: &WritePlan) -> Vec<String> {
        let number = db.sql_type(&Type::Bigint);
        let all = columns(&plan.target.resource.table).into_iter();
        let key = all.filter(|column| self.key_names.contains(&column.name));
        let mut definitions: Vec<String> = key.map(|column| db.definition(column)).collect();
        definitions.push(format!("{} {number} NOT NULL", plan.order_column()));
        definitions.push(format!("{KIND} {number} NOT NULL"));
        let lists = 0..plan.children.len();
        definitions.extend(lists.map(|at| format!("{} {number} NOT NULL", list_flag(at))));
        definitions.push(format!("PRIMARY KEY ({})", self.key.join(", ")));
        vec![
            self.drop_table(),
            db.create_temporary_table(&self.name, &definitions),
        ]
    }

    /// The statements that fill it.
    fn find(&self, db: &dyn Database, plan: &WritePlan) -> Vec<String> {
        let (order, table, staging) = (plan.order_column(), &self.table, plan.staging_table());
        let stored = quote(&plan.target.resource.table.name);
        let key = self.key.join(", ");
        let first = self.key.first().map_or("", String::as_str);
        let last = format!("{order} IN (SELECT max({order}) FROM {staging} GROUP BY {key})");
        let lists = (0..plan.children.len()).map(list_flag);
        let names: Vec<String> = self
            .key
            .iter()
            .cloned()
            .chain([order.to_owned(), KIND.to_owned()])
            .chain(lists)
            .collect();
        let zeros = ", 0".repeat(plan.children.len());
        let insert = |condition: &str, kind: &str| {
            let of_staged: Vec<String> = self
                .key
                .iter()
                .map(|name| format!("staged.{name}"))
                .collect();
            let of_staged = of_staged.join(", ");
            format!(
                "INSERT INTO {table} ({}) SELECT {of_staged}, staged.{order}, {kind}{zeros}
                 FROM (SELECT * FROM {staging} WHERE {last}{condition}) AS staged
                 LEFT JOIN {stored} AS stored ON {}",
                names.join(", "),
                self.same_key("stored", "staged")
            )
        };
        let is_missing = format!("stored.{first} IS NULL");
        let differs = self.differs(db, "stored", "staged");
        let kept = format!(
            "CASE WHEN {is_missing} THEN {MISSING} WHEN {differs} THEN {DIFFERING} ELSE {EQUAL} END"
        );
        let deleted = format!("CASE WHEN {is_missing} THEN {EQUAL} ELSE {DELETED} END");
        let mut statements = match deletions(&plan.target) {
            Some((is_deletion, is_kept)) => vec![
                insert(&format!(" AND {is_kept}"), &kept),
                insert(&format!(" AND {is_deletion}"), &deleted),
            ],
            None => vec![insert("", &kept)],
        };
        for (at, child) in plan.children.iter().enumerate() {
            let flag = list_flag(at);
            let records = child.differing_records(db, staging, order);
            statements.push(format!(
                "UPDATE {table} SET {flag} = 1 WHERE {KIND} IN ({EQUAL}, {DIFFERING}) AND {order} IN ({records})"
            ));
            statements.push(format!(
                "UPDATE {table} SET {KIND} = {DIFFERING} WHERE {KIND} = {EQUAL} AND {flag} = 1"
            ));
        }
        statements
    }

    /// The query of the rows without a record, and its parameters.
    fn extra(&self, plan: &WritePlan) -> (String, Vec<Scalar>) {
        let (is_own, values) = prepare::own_rows(&plan.target);
        let stored = quote(&plan.target.resource.table.name);
        let order = plan.order_column();
        let sql = format!(
            "SELECT stored.* FROM (SELECT * FROM {stored} WHERE {is_own}) AS stored
             LEFT JOIN {} AS keys ON {} WHERE keys.{order} IS NULL",
            self.table,
            self.same_key("keys", "stored")
        );
        (sql, values)
    }

    /// The `FROM` clause of the records that differ, with their rows and keys.
    fn differing(&self, records: &Records) -> String {
        let plan = &records.plan;
        let order = plan.order_column();
        format!(
            "FROM {} AS keys JOIN {} AS staged ON staged.{order} = keys.{order}
             JOIN {} AS stored ON {} WHERE keys.{KIND} = {DIFFERING} AND keys.{order} < {}",
            self.table,
            plan.staging_table(),
            quote(&plan.target.resource.table.name),
            self.same_key("stored", "staged"),
            records.pending_from
        )
    }

    /// The columns that differ, with the number of records, and the lists likewise.
    fn columns(&self, db: &mut dyn Database, records: &Records) -> Result<Vec<(Text, u64)>> {
        let mut found = Vec::new();
        let from = self.differing(records);
        for names in self.values.chunks(COLUMNS_AT_ONCE) {
            let counts = names.iter().map(|(name, _)| {
                format!("count(CASE WHEN stored.{name} IS DISTINCT FROM staged.{name} THEN 1 END)")
            });
            let counts: Vec<String> = counts.collect();
            let rows = db.query(&format!("SELECT {} {from}", counts.join(", ")), &[])?;
            let row = rows.first().map(Vec::as_slice).unwrap_or_default();
            let counted = names.iter().zip(row);
            found.extend(
                counted.map(|((_, name), count)| {
                    (name.clone(), as_number(Some(count)).unsigned_abs())
                }),
            );
        }
        for (at, child) in records.plan.children.iter().enumerate() {
            let sql = format!("SELECT count(*) {from} AND keys.{} = 1", list_flag(at));
            let rows = db.query(&sql, &[])?;
            let count = rows.first().map_or(0, |row| as_number(row.first()));
            found.push((
                list_name(&records.plan, child.table.column),
                count.unsigned_abs(),
            ));
        }
        found.retain(|(_, count)| *count > 0);
        Ok(found)
    }

    /// The first records of each kind.
    fn examples(
        &self,
        db: &mut dyn Database,
        records: &Records,
        options: ComparisonOptions,
    ) -> Result<Vec<DifferingRecord>> {
        let plan = &records.plan;
        let (order, most) = (plan.order_column(), options.examples);
        let text = db.sql_type(&Type::Text);
        let key: Vec<String> = self
            .key
            .iter()
            .map(|name| format!("CAST({name} AS {text})"))
            .collect();
        let key = key.join(", ");
        let mut found = Vec::new();
        for (kind, word) in [
            (MISSING, Difference::Missing),
            (DIFFERING, Difference::Differing),
            (DELETED, Difference::Extra),
        ] {
            let sql = format!(
                "SELECT {order}, {key} FROM {} WHERE {KIND} = {kind} AND {order} < {} ORDER BY {order} LIMIT {most}",
                self.table, records.pending_from
            );
            for row in db.query(&sql, &[])? {
                let at = as_number(row.first());
                let mut record = DifferingRecord::new(word, self.key_values(&row[1..]));
                if word == Difference::Differing {
                    record.columns = self.columns_of(db, records, at, options.values)?;
                }
                found.push(record);
            }
        }
        if options.is_whole {
            let (extra, values) = self.extra(plan);
            let sql = format!(
                "SELECT {key} FROM ({extra}) AS extra ORDER BY {} LIMIT {most}",
                self.key.join(", ")
            );
            let rows = db.query(&sql, &values)?;
            found.extend(
                rows.iter()
                    .map(|row| DifferingRecord::new(Difference::Extra, self.key_values(row))),
            );
        }
        Ok(found)
    }

    fn key_values(&self, row: &[Scalar]) -> Vec<(Text, String)> {
        let texts = row.iter().map(|value| as_text(Some(value)));
        let named = self.key_names.iter().cloned().zip(texts);
        named
            .map(|(name, text)| (name, text.unwrap_or_default()))
            .collect()
    }

    /// The columns in which the record of this number differs.
    fn columns_of(
        &self,
        db: &mut dyn Database,
        records: &Records,
        record: i64,
        values: bool,
    ) -> Result<Vec<DifferingColumn>> {
        let plan = &records.plan;
        let text = db.sql_type(&Type::Text);
        let from = format!(
            "{} AND keys.{} = {record}",
            self.differing(records),
            plan.order_column()
        );
        let mut found = Vec::new();
        for names in self.values.chunks(COLUMNS_AT_ONCE) {
            let cells = names.iter().flat_map(|(name, _)| {
                let differs = format!("stored.{name} IS DISTINCT FROM staged.{name}");
                let flag = format!("CASE WHEN {differs} THEN 1 ELSE 0 END");
                let value =
                    |of: &str| format!("CASE WHEN {differs} THEN CAST({of}.{name} AS {text}) END");
                let mut cells = vec![flag];
                if values {
                    cells.extend([value("stored"), value("staged")]);
                }
                cells
            });
            let cells: Vec<String> = cells.collect();
            let rows = db.query(&format!("SELECT {} {from}", cells.join(", ")), &[])?;
            let row = rows.first().map(Vec::as_slice).unwrap_or_default();
            let width = if values { 3 } else { 1 };
            for ((_, name), cells) in names.iter().zip(row.chunks(width)) {
                if as_number(cells.first()) == 0 {
                    continue;
                }
                let mut column = DifferingColumn::new(name.clone());
                column.values = values.then(|| (as_text(cells.get(1)), as_text(cells.get(2))));
                found.push(column);
            }
        }
        for (at, child) in plan.children.iter().enumerate() {
            let sql = format!("SELECT count(*) {from} AND keys.{} = 1", list_flag(at));
            let rows = db.query(&sql, &[])?;
            if rows.first().map_or(0, |row| as_number(row.first())) > 0 {
                found.push(DifferingColumn::new(list_name(plan, child.table.column)));
            }
        }
        Ok(found)
    }

    /// Writes what is missing or differs, and deletes what each load would delete.
    fn repair(
        &self,
        db: &mut dyn Database,
        records: &Records,
        options: ComparisonOptions,
        found: &mut Differences,
    ) -> Result<()> {
        let plan = &records.plan;
        let target = &plan.target;
        let (order, staging) = (plan.order_column(), plan.staging_table());
        let written = format!(
            "SELECT {order} FROM {} WHERE {KIND} <> {EQUAL} AND {order} < {}",
            self.table, records.pending_from
        );
        let (extra, values) = self.extra(plan);
        let replaces =
            target.resource.write_disposition == rest_source::plan::WriteDisposition::Replace;
        transaction(db, &lock_key(&target.resource_key()), |db| {
            if state::read(db, target)?.commits != records.commits {
                return Err(overtaken());
            }
            let mut deleted = found.extra;
            if options.is_whole {
                let count = format!("SELECT count(*) FROM ({extra}) AS extra");
                let count = db.query(&count, &values)?;
                let rows = count.first().map_or(0, |row| as_number(row.first()));
                if replaces {
                    let extra = format!("({extra}) AS extra");
                    for child in &plan.children {
                        db.execute(&child.delete_of(&extra), &values)?;
                    }
                    let (table, key) = (&target.resource.table.name, self.key.join(", "));
                    let sql = format!(
                        "DELETE FROM {} WHERE ({key}) IN (SELECT {key} FROM {extra})",
                        quote(table)
                    );
                    db.execute(&sql, &values)?;
                } else {
                    deleted = deleted.saturating_sub(rows.unsigned_abs());
                }
            }
            let mut statements = vec![format!(
                "DELETE FROM {staging} WHERE {order} NOT IN ({written})"
            )];
            statements.extend(plan.children.iter().map(|child| {
                let staging = child.staging_table();
                format!("DELETE FROM {staging} WHERE _rest_source_record NOT IN ({written})")
            }));
            statements.extend(publish_table(db, plan));
            db.run(&statements)?;
            // Those of records that were missing have their record again.
            for child in &plan.children {
                child.delete_orphans(db)?;
            }
            let has_rows = prepare::has_own_rows(db, target)?;
            state::store(db, target, None, has_rows, true)?;
            found.written = found.missing + found.differing;
            found.deleted = deleted;
            found.deleted_orphans = true;
            Ok(())
        })
    }
}

/// The rows in the tables of lists whose record has no row.
fn orphans(db: &mut dyn Database, plan: &WritePlan) -> Result<Vec<(Text, u64)>> {
    let mut found = Vec::new();
    for child in &plan.children {
        let count = child.count_orphans(db)?;
        if count > 0 {
            found.push((child.target.resource.table.name.clone(), count));
        }
    }
    Ok(found)
}

/// The name of the column of a list.
fn list_name(plan: &WritePlan, column: usize) -> Text {
    let column = plan.target.resource.table.columns.get(column);
    column.map_or(Text::EMPTY, |column| column.name.clone())
}

/// The condition that the values of these columns differ in two tables.
pub(super) fn differs(db: &dyn Database, names: &[&str], stored: &str, new: &str) -> String {
    if names.is_empty() {
        return "1 = 0".to_owned();
    }
    let of = |table: &str| -> Vec<String> {
        let names = names.iter().map(|name| format!("{table}.{name}"));
        names.collect()
    };
    let (stored, new) = (of(stored), of(new));
    db.differs(&stored, &new).unwrap_or_else(|| {
        let differs = stored.iter().zip(&new);
        let differs: Vec<String> = differs
            .map(|(stored, new)| format!("{stored} IS DISTINCT FROM {new}"))
            .collect();
        format!("({})", differs.join(" OR "))
    })
}

/// Compares whole rows: of a table without a primary key, each is as often in it as in the records, or at least once if
/// loads append.
fn compare_rows(
    db: &mut dyn Database,
    records: &Records,
    options: ComparisonOptions,
) -> Result<Differences> {
    let plan = &records.plan;
    let target = &plan.target;
    let (is_own, values) = prepare::own_rows(target);
    let (names, order, pending) = (plan.names(), plan.order_column(), records.pending_from);
    let groups = format!(
        "SELECT count(CASE WHEN _rest_source_is = 1 THEN 1 END) AS records,
            count(CASE WHEN _rest_source_is = 0 THEN 1 END) AS stored,
            count(CASE WHEN _rest_source_is = 2 THEN 1 END) AS pending
         FROM (SELECT {names}, CASE WHEN {order} >= {pending} THEN 2 ELSE 1 END AS _rest_source_is FROM {}
            UNION ALL SELECT {names}, 0 FROM (SELECT * FROM {} WHERE {is_own}) AS own) AS rows_of_both
         GROUP BY {names}",
        plan.staging_table(),
        quote(&target.resource.table.name)
    );
    let is_appended = target.writing == Writing::Append;
    // Rows of earlier records stay where loads append.
    let (missing, extra) = if is_appended {
        ("CASE WHEN stored = 0 THEN 1 ELSE 0 END", "0")
    } else {
        (
            "CASE WHEN records > stored THEN records - stored ELSE 0 END",
            "CASE WHEN stored > records THEN stored - records ELSE 0 END",
        )
    };
    let number = db.sql_type(&Type::Bigint);
    let sum = |what: &str| format!("CAST(coalesce(sum({what}), 0) AS {number})");
    let sql = format!(
        "SELECT {}, {}, {}, {} FROM ({groups}) AS grouped",
        sum("records"),
        sum(&format!("CASE WHEN pending = 0 THEN {missing} ELSE 0 END")),
        sum(&format!("CASE WHEN pending = 0 THEN {extra} ELSE 0 END")),
        sum("CASE WHEN pending > 0 AND stored = 0 THEN 1 ELSE 0 END"),
    );
    let rows = db.query(&sql, &values)?;
    if state::read(db, target)?.commits != records.commits {
        return Err(overtaken());
    }
    let row = rows.first().map(Vec::as_slice).unwrap_or_default();
    let count = |at: usize| as_number(row.get(at)).unsigned_abs();
    let finds_extra = options.is_whole && !is_appended;
    Ok(Differences {
        compared: count(0),
        missing: count(1),
        extra: if finds_extra { count(2) } else { 0 },
        pending: count(3),
        is_whole: finds_extra,
        orphans: orphans(db, plan)?,
        ..Differences::default()
    })
}
