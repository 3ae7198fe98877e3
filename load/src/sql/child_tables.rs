//! The tables of nested lists (`as: table`): a row for each element, replaced with the row of its record.
//!
//! A child table is prepared, compared and cleared like a resource's, by a target of its own.

use rest_source::{
    Error, ErrorKind, Result, Scalar, Type,
    plan::{ChildTable, POSITION, ResourcePlan, WriteDisposition},
    shared::Text,
};

use super::{
    comparison,
    database::{Database, as_number},
    prepare,
    state::{self, RecordedTable},
    table::{definitions, quote, stamps},
};
use crate::{Target, Writing};

/// A child table, and the target that stands for it.
#[derive(Debug)]
pub struct Child {
    /// The table, and the columns of its record's row that link it.
    pub table: ChildTable,
    pub(super) target: Target,
    /// The quoted columns that link it to its record's table, and those of that table.
    link: Vec<(String, String)>,
    /// The name of the table of its records.
    record_table: Text,
    /// The name of its staging table, without its schema.
    staging: String,
    /// That name with its schema.
    staging_table: String,
    is_temporary: bool,
}

/// The child tables of a target. `staging` is the name of the resource's staging table in this schema, of temporary
/// tables, or in that of all tables.
pub(super) fn children(target: &Target, schema: Option<&str>, staging: &str) -> Vec<Child> {
    let tables = target.child_tables().into_iter().enumerate();
    let staging = |at: usize| format!("{staging}_{at}");
    tables
        .map(|(at, table)| Child::new(target, table, schema, staging(at)))
        .collect()
}

impl Child {
    fn new(target: &Target, table: ChildTable, schema: Option<&str>, staging: String) -> Self {
        let columns = &target.resource.table.columns;
        let linked: Vec<_> = table
            .link
            .iter()
            .filter_map(|at| columns.get(*at))
            .collect();
        let names = table.table.columns.iter().map(|column| &column.name);
        let link = names.clone().zip(&linked);
        // Settings tell the rows apart in both tables.
        let settings = target.settings.iter().filter_map(|(name, value)| {
            let (own, _) = link.clone().find(|(_, column)| column.name == *name)?;
            Some((own.clone(), value.clone()))
        });
        let resource = ResourcePlan {
            name: table.table.name.clone(),
            table: table.table.clone(),
            write_disposition: match target.resource.write_disposition {
                WriteDisposition::Append => WriteDisposition::Append,
                other => other,
            },
            ..ResourcePlan::DEFAULT
        };
        Self {
            link: link
                .clone()
                .map(|(own, column)| (quote(own), quote(&column.name)))
                .collect(),
            target: Target {
                resource: resource.into(),
                settings: settings.collect(),
                ..target.clone()
            },
            table,
            record_table: target.resource.table.name.clone(),
            staging_table: in_schema(schema, &staging),
            is_temporary: schema.is_some(),
            staging,
        }
    }

    /// Its quoted name.
    pub fn name(&self) -> String {
        quote(&self.table.table.name)
    }

    /// The quoted names of all columns.
    pub fn names(&self) -> String {
        let columns = self.table.table.columns.iter();
        let names: Vec<String> = columns.map(|column| quote(&column.name)).collect();
        names.join(", ")
    }

    /// The quoted names of the columns that say which load wrote a row, and their values as SQL literals; none unless the
    /// caller wants them. Staging tables do not have them.
    pub fn stamps(&self) -> Vec<(String, String)> {
        let stamps = stamps(&self.target).into_iter();
        stamps
            .map(|(column, value)| (quote(&column.name), value))
            .collect()
    }

    fn linked(&self) -> String {
        let own: Vec<&str> = self.link.iter().map(|(own, _)| own.as_str()).collect();
        own.join(", ")
    }

    /// The query of the numbers of the records whose staged elements differ from their stored rows. `staging` is the staging
    /// table of the records, with their numbers in the column `order`.
    pub(super) fn differing_records(
        &self,
        db: &dyn Database,
        staging: &str,
        order: &str,
    ) -> String {
        let (name, position) = (self.name(), quote(POSITION));
        let same = |one: &str, other: &str, of_record: bool| {
            let pairs = self.link.iter().map(|(own, record)| {
                let theirs = if of_record { record } else { own };
                format!("{one}.{own} = {other}.{theirs}")
            });
            let pairs: Vec<String> = pairs.collect();
            pairs.join(" AND ")
        };
        let linked: Vec<&str> = self.link.iter().map(|(own, _)| own.as_str()).collect();
        let all = self.table.table.columns.iter();
        let values: Vec<String> = all
            .map(|column| quote(&column.name))
            .filter(|name| *name != position && !linked.contains(&name.as_str()))
            .collect();
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let differs = comparison::differs(db, &values, "stored", "staged");
        format!(
            "SELECT staged._rest_source_record FROM {elements} AS staged
                LEFT JOIN {name} AS stored ON {same_element} AND stored.{position} = staged.{position}
             WHERE stored.{position} IS NULL OR {differs}
             UNION SELECT record.{order} FROM {staging} AS record JOIN {name} AS stored ON {of_record}
                LEFT JOIN {elements} AS staged
                    ON staged._rest_source_record = record.{order} AND staged.{position} = stored.{position}
             WHERE staged.{position} IS NULL",
            elements = self.staging_table,
            same_element = same("stored", "staged", false),
            of_record = same("stored", "record", true),
        )
    }

    fn linking(&self) -> String {
        let of_record: Vec<&str> = self
            .link
            .iter()
            .map(|(_, record)| record.as_str())
            .collect();
        of_record.join(", ")
    }

    /// The name of its staging table. Before the columns of the table, it has `_rest_source_record`: the order of its
    /// record's row.
    pub fn staging_table(&self) -> &str {
        &self.staging_table
    }

    pub(super) fn create_staging(&self, db: &dyn Database) -> String {
        let number = db.sql_type(&Type::Bigint);
        let mut columns = vec![format!("_rest_source_record {number} NOT NULL")];
        columns.extend(definitions(db, &self.table.table));
        if self.is_temporary {
            db.create_temporary_table(&self.staging, &columns)
        } else {
            db.create_staging_table(&self.staging, &columns)
        }
    }

    /// The name of its staging table, without its schema.
    pub(super) fn staging(&self) -> &str {
        &self.staging
    }

    pub(super) fn delete_staged_from(&self, order: i64) -> String {
        format!(
            "DELETE FROM {} WHERE _rest_source_record >= {order}",
            self.staging_table
        )
    }

    pub(super) fn delete_staged_between(&self, from: i64, to: i64) -> String {
        format!(
            "DELETE FROM {} WHERE _rest_source_record >= {from} AND _rest_source_record < {to}",
            self.staging_table
        )
    }

    pub(super) fn drop_staging(&self) -> String {
        format!("DROP TABLE IF EXISTS {}", self.staging_table)
    }

    /// Whether the rows of a record are replaced. Otherwise they are appended.
    pub fn replaces(&self) -> bool {
        self.target.writing != Writing::Append
    }

    /// The statement that deletes the rows of one record, with a parameter `?` for each linked column.
    pub fn delete(&self) -> String {
        let conditions: Vec<String> = self
            .link
            .iter()
            .map(|(own, _)| format!("{own} = ?"))
            .collect();
        format!(
            "DELETE FROM {} WHERE {}",
            self.name(),
            conditions.join(" AND ")
        )
    }

    /// The statement that deletes the rows of the records that a query of their table gives.
    pub(super) fn delete_of(&self, from: &str) -> String {
        let (name, linked, linking) = (self.name(), self.linked(), self.linking());
        format!("DELETE FROM {name} WHERE ({linked}) IN (SELECT {linking} FROM {from})")
    }

    /// The condition of the rows of these settings whose record has no row, and its parameters.
    fn is_orphan(&self) -> (String, Vec<Scalar>) {
        let (is_own, values) = prepare::own_rows(&self.target);
        let name = self.name();
        let same = self.link.iter();
        let same: Vec<String> = same
            .map(|(own, record)| format!("_rest_source_of.{record} = {name}.{own}"))
            .collect();
        let records = quote(&self.record_table);
        let condition = format!(
            "{is_own} AND NOT EXISTS (SELECT 1 FROM {records} AS _rest_source_of WHERE {})",
            same.join(" AND ")
        );
        (condition, values)
    }

    /// Counts the rows whose record has no row.
    pub(super) fn count_orphans(&self, db: &mut dyn Database) -> Result<u64> {
        let (is_orphan, values) = self.is_orphan();
        let sql = format!("SELECT count(*) FROM {} WHERE {is_orphan}", self.name());
        let rows = db.query(&sql, &values)?;
        let count = rows.first().map_or(0, |row| as_number(row.first()));
        Ok(count.unsigned_abs())
    }

    /// Deletes the rows whose record has no row.
    pub(super) fn delete_orphans(&self, db: &mut dyn Database) -> Result<()> {
        let (is_orphan, values) = self.is_orphan();
        db.execute(
            &format!("DELETE FROM {} WHERE {is_orphan}", self.name()),
            &values,
        )
        .map(drop)
    }

    /// The statement that publishes the staged rows of these records, by their order.
    pub(super) fn publish(&self, records: &str) -> String {
        let (name, names, staging) = (self.name(), self.names(), &self.staging_table);
        let (mut stored, mut values) = (names.clone(), names);
        for (stamp, value) in self.stamps() {
            stored = format!("{stored}, {stamp}");
            values = format!("{values}, {value}");
        }
        format!(
            "INSERT INTO {name} ({stored}) SELECT {values} FROM {staging} WHERE _rest_source_record IN ({records}) \
             ORDER BY _rest_source_record, {}",
            quote(POSITION)
        )
    }
}

/// Creates or alters the child tables. Rows of a record that came before its child table, or while the spec did not have
/// it, would be missing. `before` is the record of the resource's table of the load before.
pub(super) fn prepare_all(
    db: &mut dyn Database,
    target: &Target,
    children: &[Child],
    before: Option<&RecordedTable>,
) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    for child in children {
        let (record, name) = (&target.resource.table.name, &child.table.table.name);
        let has_records = !prepare::is_empty(db, record)?;
        let exists = db.existing(name)?.is_some();
        let is_written = before.is_none_or(|before| before.has_child(name));
        if has_records && !(exists && is_written) && target.writing != Writing::Replace {
            let message = if exists {
                format!(
                    "rows of `{record}` were loaded without the table `{name}`, and their lists are not in it"
                )
            } else {
                format!(
                    "the table `{name}` is missing, and `{record}` has rows whose lists would not be in it"
                )
            };
            return Err(Error::new(ErrorKind::Destination, message).with_help(
                "a full refresh creates it and fetches everything; or load into another database",
            ));
        }
        let (_, of_child) = prepare::prepare_table(db, &child.target)?;
        notes.extend(of_child);
        let recorded = state::recorded_table(db, &child.target)?;
        // The lists of records that a user deleted.
        if !has_records && exists && recorded.is_some_and(|table| table.created_by_load) {
            db.run(&[format!("DELETE FROM {}", child.name())])?;
        }
    }
    Ok(notes)
}

/// The name of a table with its schema, if it has one of its own.
pub(super) fn in_schema(schema: Option<&str>, table: &str) -> String {
    match schema {
        Some(schema) => format!("{schema}.{table}"),
        None => table.to_owned(),
    }
}
