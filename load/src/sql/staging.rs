//! Staging of pages that cannot be committed yet: the newest in memory, the others in temporary tables.
//!
//! Temporary tables belong to one connection. Writing to them takes no lock on the tables of the resource, however
//! long the next page takes to arrive.

use std::sync::atomic::{AtomicU64, Ordering};

use rest_source::{Column, Error, ErrorKind, Result, Row, Rows, Type};

use super::{
    child_tables::{self, Child},
    database::Database,
    table::{RowStatements, columns, definitions, deletions, insert, names, quote, upsert},
};
use crate::{Target, encode, resumption::fingerprint};

/// The most bytes of pages held in memory.
const MAX_BYTES: usize = 8 << 20;

/// How the rows of one resource are written: its tables and their statements.
#[derive(Debug)]
pub struct WritePlan {
    /// The resource.
    pub target: Target,
    /// The tables of its nested lists.
    pub children: Vec<Child>,
    /// The statements that write one row.
    pub statements: RowStatements,
    /// The name of the staging table, without its schema.
    staging: String,
    /// That name with its schema.
    staging_table: String,
    /// The quoted name of its first column.
    order: String,
    is_temporary: bool,
    /// The positions of the key columns that are times, in a database that cuts off their last digits.
    time_keys: Vec<usize>,
}

impl WritePlan {
    /// A plan with temporary staging tables.
    pub(super) fn new(db: &dyn Database, target: Target) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let staging = format!("_rest_source_staging_{number}");
        Self::with_staging(db, target, Some(db.temporary_schema()), staging)
    }

    /// A plan with staging tables that outlive the load.
    pub(super) fn resumable(db: &dyn Database, target: Target) -> Self {
        let names = format!(
            "{}\n{}\n{}",
            target.scope(),
            target.resource.name,
            target.part()
        );
        let staging = format!("_rest_source_staged_{:016x}", fingerprint(&names));
        Self::with_staging(db, target, None, staging)
    }

    /// A plan with staging tables for the parts of a resource, which several processes fetch by this plan.
    pub(super) fn of_parts(db: &dyn Database, target: Target, plan: &str) -> Self {
        let names = format!("{plan}\n{}\n{}", target.resource.name, target.part());
        let staging = format!("_rest_source_parts_{:016x}", fingerprint(&names));
        Self::with_staging(db, target, None, staging)
    }

    fn with_staging(
        db: &dyn Database,
        target: Target,
        schema: Option<&str>,
        staging: String,
    ) -> Self {
        Self {
            children: child_tables::children(&target, schema, &staging),
            statements: RowStatements::new(db, &target),
            staging_table: child_tables::in_schema(schema, &staging),
            is_temporary: schema.is_some(),
            staging,
            order: order_column(&target),
            time_keys: if db.stores_nanoseconds() {
                Vec::new()
            } else {
                time_keys(&target)
            },
            target,
        }
    }

    /// Checks that a database without digits beyond microseconds tells the keys of these rows apart.
    pub(super) fn check_keys(&self, rows: &Rows) -> Result<()> {
        for at in &self.time_keys {
            let is_cut = |row: Row<'_>| encode::is_beyond_microseconds(row.value(*at));
            if rows.iter().any(is_cut) {
                let column = self.target.resource.table.columns.get(*at);
                let name = column.map_or("", |column| &column.name);
                let message = format!(
                    "the key `{name}` has digits beyond microseconds, which the database does not store: two keys would \
                     be one"
                );
                return Err(Error::new(ErrorKind::Destination, message)
                    .with_help("declare the column as `text`"));
            }
        }
        Ok(())
    }

    /// Whether the column at this position holds values of several types: a key of an untyped resource.
    pub fn holds_any_type(&self, at: usize) -> bool {
        let column = self.target.resource.table.columns.get(at);
        column.is_some_and(|column| matches!(column.data_type, Type::Scalar))
    }

    /// Whether its staging tables end with the load.
    pub fn is_temporary(&self) -> bool {
        self.is_temporary
    }

    /// Whether all of its staging tables exist.
    pub(super) fn has_staging_tables(&self, db: &mut dyn Database) -> Result<bool> {
        let children = self.children.iter().map(Child::staging);
        for table in std::iter::once(self.staging.as_str()).chain(children) {
            if db.existing(table)?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The statements that delete the staged rows from this one on.
    pub(super) fn delete_staged_from(&self, order: i64) -> Vec<String> {
        let own = format!(
            "DELETE FROM {} WHERE {} >= {order}",
            self.staging_table, self.order
        );
        let children = self
            .children
            .iter()
            .map(|child| child.delete_staged_from(order));
        std::iter::once(own).chain(children).collect()
    }

    /// The name of the staging table, without its schema.
    pub(super) fn staging_name(&self) -> &str {
        &self.staging
    }

    /// The statements that delete the staged rows from one order up to another, itself excluded.
    pub(super) fn delete_staged_between(&self, from: i64, to: i64) -> Vec<String> {
        let own = format!(
            "DELETE FROM {} WHERE {order} >= {from} AND {order} < {to}",
            self.staging_table,
            order = self.order
        );
        let children = self
            .children
            .iter()
            .map(|child| child.delete_staged_between(from, to));
        std::iter::once(own).chain(children).collect()
    }

    /// The name of the staging table. Before the columns of the resource, it has the
    /// [order](Self::order_column) of the row.
    pub fn staging_table(&self) -> &str {
        &self.staging_table
    }

    /// The quoted name of the column that holds the order of arrival.
    pub fn order_column(&self) -> &str {
        &self.order
    }

    /// The quoted names of the stored columns.
    pub fn names(&self) -> String {
        names(&self.target)
    }

    /// The statements that create the staging tables.
    pub(super) fn create(&self, db: &dyn Database) -> Vec<String> {
        let number = db.sql_type(&Type::Bigint);
        let mut columns = vec![format!("{} {number} PRIMARY KEY", self.order)];
        columns.extend(definitions(db, &self.target.resource.table));
        let own = if self.is_temporary {
            db.create_temporary_table(&self.staging, &columns)
        } else {
            db.create_staging_table(&self.staging, &columns)
        };
        let children = self.children.iter().map(|child| child.create_staging(db));
        std::iter::once(own).chain(children).collect()
    }

    /// The statements that drop them.
    pub(super) fn drop_staging(&self) -> Vec<String> {
        let own = format!("DROP TABLE IF EXISTS {}", self.staging_table);
        let children = self.children.iter().map(Child::drop_staging);
        std::iter::once(own).chain(children).collect()
    }
}

/// The uncommitted pages of one resource.
#[derive(Debug, Default)]
pub(super) struct Staging {
    pages: Vec<Rows>,
    bytes: usize,
    /// The number of rows in the staging table, if it exists.
    staged: Option<i64>,
}

impl Staging {
    /// Staged rows of an interrupted load.
    pub(super) fn of_interrupted(staged: i64) -> Self {
        Self {
            staged: (staged > 0).then_some(staged),
            ..Self::default()
        }
    }

    /// Moves the pages in memory to the staging tables. Returns the number of rows there.
    pub(super) fn spill_all(&mut self, db: &mut dyn Database, plan: &WritePlan) -> Result<i64> {
        if !self.pages.is_empty() {
            self.spill(db, plan)?;
        }
        Ok(self.staged.unwrap_or_default())
    }

    /// Adds a page. Where it has [no room](Self::has_room), the others must be [spilled](Self::spill) before.
    pub(super) fn push(&mut self, plan: &WritePlan, rows: &Rows) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        plan.check_keys(rows)?;
        self.bytes += rows.page_bytes();
        self.pages.push(rows.clone());
        Ok(())
    }

    /// Whether a page fits in memory beside the others.
    pub(super) fn has_room(&self, rows: &Rows) -> bool {
        self.pages.is_empty() || rows.is_empty() || self.bytes + rows.page_bytes() <= MAX_BYTES
    }

    /// Whether any row is staged.
    pub(super) fn has_rows(&self) -> bool {
        self.staged.is_some_and(|rows| rows > 0) || !self.pages.is_empty()
    }

    /// Whether pages are in the staging table, which a lost connection loses.
    pub(super) fn has_table(&self) -> bool {
        self.staged.is_some()
    }

    /// Moves the pages in memory to the temporary tables.
    pub(super) fn spill(&mut self, db: &mut dyn Database, plan: &WritePlan) -> Result<()> {
        let staged = if let Some(staged) = self.staged {
            staged
        } else {
            db.run(&plan.create(db))?;
            0
        };
        self.staged = Some(staged);
        db.stage(plan, staged, &self.pages)?;
        let rows: usize = self.pages.iter().map(Rows::len).sum();
        self.staged = Some(staged.saturating_add(i64::try_from(rows).unwrap_or(i64::MAX)));
        self.pages.clear();
        self.bytes = 0;
        Ok(())
    }

    /// Writes everything to the table, within the caller's transaction.
    pub(super) fn publish(&mut self, db: &mut dyn Database, plan: &WritePlan) -> Result<()> {
        if !db.writes_rows() && !self.pages.is_empty() {
            self.spill(db, plan)?;
        }
        if self.has_table() {
            db.run(&publish_table(db, plan))?;
        }
        if self.pages.is_empty() {
            return Ok(());
        }
        db.write(plan, &self.pages)
    }

    /// Replaces the groups of the staged rows, within the caller's transaction. Of several rows with one
    /// primary key the last is written, whichever group the stored row belongs to.
    pub(super) fn publish_groups(&mut self, db: &mut dyn Database, plan: &WritePlan) -> Result<()> {
        self.spill(db, plan)?;
        let WritePlan {
            target,
            children,
            order,
            ..
        } = plan;
        let staging = plan.staging_table();
        let table = quote(&target.resource.table.name);
        let merge_key: Vec<String> = target.merge_key().map(quote).collect();
        let key: Vec<String> = target.key().map(quote).collect();
        let delete = |key: &[String]| {
            let key = key.join(", ");
            format!("DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {staging})")
        };
        let group = merge_key.join(", ");
        let stored = format!("{table} WHERE ({group}) IN (SELECT {group} FROM {staging})");
        let of_children = children
            .iter()
            .flat_map(|child| [child.delete_of(&stored), child.delete_of(staging)]);
        let mut statements: Vec<String> = of_children.collect();
        statements.push(delete(&merge_key));
        let mut last = String::new();
        if !key.is_empty() {
            statements.push(delete(&key));
            let key = key.join(", ");
            last = format!(" WHERE {order} IN (SELECT max({order}) FROM {staging} GROUP BY {key})");
        }
        if let Some((_, is_kept)) = deletions(target) {
            let and = if last.is_empty() { "WHERE" } else { "AND" };
            last = format!("{last} {and} {is_kept}");
        }
        statements.push(insert(
            target,
            &format!("FROM {staging}{last} ORDER BY {order}"),
        ));
        let records = format!("SELECT {order} FROM {staging}{last}");
        statements.extend(children.iter().map(|child| child.publish(&records)));
        db.run(&statements)
    }

    /// Forgets the staging tables and the pages. Returns whether there are tables.
    pub(super) fn forget(&mut self) -> bool {
        self.pages.clear();
        self.bytes = 0;
        self.staged.take().is_some()
    }

    /// Discards everything.
    pub(super) fn clear(&mut self, db: &mut dyn Database, plan: &WritePlan) -> Result<()> {
        if self.forget() {
            db.run(&plan.drop_staging())?;
        }
        Ok(())
    }
}

/// The positions of the columns of the keys that are times.
fn time_keys(target: &Target) -> Vec<usize> {
    let keys: Vec<&str> = target.key().chain(target.merge_key()).collect();
    let columns = target.resource.table.columns.iter().enumerate();
    let is_time = |column: &Column| matches!(column.data_type, Type::Timestamp(_) | Type::Time);
    let found = columns.filter(|(_, column)| is_time(column) && keys.contains(&&*column.name));
    found.map(|(at, _)| at).collect()
}

/// The quoted name of the column that holds the order of arrival: `_rest_source_order`, with underscores until no
/// column of the resource has the name.
fn order_column(target: &Target) -> String {
    let mut name = "_rest_source_order".to_owned();
    let columns = columns(&target.resource.table);
    while columns
        .iter()
        .any(|column| column.name.eq_ignore_ascii_case(&name))
    {
        name.push('_');
    }
    quote(&name)
}

/// The statements that write the staging tables to the tables. With deletions and child tables, the last row of a
/// key decides.
pub(super) fn publish_table(db: &dyn Database, plan: &WritePlan) -> Vec<String> {
    let WritePlan {
        target,
        children,
        order,
        ..
    } = plan;
    let staging = plan.staging_table();
    let rows = |condition: &str| {
        upsert(
            db,
            target,
            &format!("FROM {staging} WHERE {condition} ORDER BY {order}"),
        )
    };
    let deletions = deletions(target);
    let key: Vec<String> = target.key().map(quote).collect();
    if deletions.is_none() && children.is_empty() && (key.is_empty() || db.upserts_in_order()) {
        return vec![rows("true")];
    }
    let key = key.join(", ");
    let mut statements = Vec::new();
    let mut condition = "true".to_owned();
    if !key.is_empty() {
        condition = format!("{order} IN (SELECT max({order}) FROM {staging} GROUP BY {key})");
        statements.extend(children.iter().map(|child| child.delete_of(staging)));
    }
    if let Some((is_deletion, is_kept)) = deletions {
        if !key.is_empty() {
            statements.push(format!(
                "DELETE FROM {} WHERE ({key}) IN (SELECT {key} FROM {staging} WHERE {condition} AND {is_deletion})",
                quote(&target.resource.table.name)
            ));
        }
        condition = format!("{condition} AND {is_kept}");
    }
    statements.push(rows(&condition));
    let records = format!("SELECT {order} FROM {staging} WHERE {condition}");
    statements.extend(children.iter().map(|child| child.publish(&records)));
    statements
}
