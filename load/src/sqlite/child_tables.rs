//! The tables of nested lists (`as: table`): a row for each element, replaced with the row of its record.
//!
//! A child table is prepared, compared and cleared like a resource's, by a target of its own.

use rest_source::{
    Error, ErrorKind, Result, Row,
    plan::{ChildTable, ResourcePlan, WriteDisposition},
};
use rusqlite::{CachedStatement, Connection, types::Value};

use super::{
    bind::bind_from,
    prepare, state,
    table::{definition, quote},
    writer::{failed, run},
};
use crate::{Target, Writing};

/// A child table, and the target that stands for it.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) table: ChildTable,
    pub(super) target: Target,
    /// The quoted columns that link it to its record's table, and those of that table.
    link: Vec<(String, String)>,
    /// Its place among the child tables of the resource.
    at: usize,
}

/// The child tables of a target.
pub(super) fn children(target: &Target) -> Vec<Child> {
    let tables = target.child_tables().into_iter().enumerate();
    tables
        .map(|(at, table)| Child::new(target, table, at))
        .collect()
}

impl Child {
    fn new(target: &Target, table: ChildTable, at: usize) -> Self {
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
            at,
        }
    }

    fn name(&self) -> String {
        quote(&self.table.table.name)
    }

    /// The quoted names of all columns.
    fn names(&self) -> String {
        let columns = self.table.table.columns.iter();
        let names: Vec<String> = columns.map(|column| quote(&column.name)).collect();
        names.join(", ")
    }

    fn linked(&self) -> String {
        let own: Vec<&str> = self.link.iter().map(|(own, _)| own.as_str()).collect();
        own.join(", ")
    }

    fn linking(&self) -> String {
        let of_record: Vec<&str> = self
            .link
            .iter()
            .map(|(_, record)| record.as_str())
            .collect();
        of_record.join(", ")
    }

    /// The name of its temporary table.
    fn staging(&self) -> String {
        format!("temp._rest_source_staging_{}", self.at)
    }

    /// The statement that creates its temporary table: beside its columns, the order of its record's row.
    pub(super) fn create_staging(&self) -> String {
        let columns = self.table.table.columns.iter().map(definition);
        let columns: Vec<String> = columns.collect();
        format!(
            "CREATE TEMPORARY TABLE _rest_source_staging_{} (_rest_source_record INTEGER NOT NULL, {}) STRICT",
            self.at,
            columns.join(", ")
        )
    }

    pub(super) fn drop_staging(&self) -> String {
        format!("DROP TABLE IF EXISTS {}", self.staging())
    }

    /// The statement that stages one row.
    pub(super) fn stage(&self) -> String {
        let parameters = vec!["?"; self.table.table.columns.len() + 1].join(", ");
        let (staging, names) = (self.staging(), self.names());
        format!("INSERT INTO {staging} (_rest_source_record, {names}) VALUES ({parameters})")
    }

    /// The statement that inserts one row.
    fn insert(&self) -> String {
        let parameters = vec!["?"; self.table.table.columns.len()].join(", ");
        format!(
            "INSERT INTO {} ({}) VALUES ({parameters})",
            self.name(),
            self.names()
        )
    }

    /// The statement that deletes the rows of one record.
    fn delete(&self) -> String {
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

    /// The statement that publishes the staged rows of these records, by their order.
    pub(super) fn publish(&self, records: &str) -> String {
        let (name, names, staging) = (self.name(), self.names(), self.staging());
        format!(
            "INSERT INTO {name} ({names}) SELECT {names} FROM {staging} WHERE _rest_source_record IN ({records}) \
             ORDER BY rowid"
        )
    }
}

/// Creates or alters the child tables. Rows of a record that came before its child table would be missing.
pub(super) fn prepare_all(db: &Connection, target: &Target) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    for child in children(target) {
        let (record, name) = (&target.resource.table.name, &child.table.table.name);
        let has_records = !prepare::is_empty(db, record)?;
        let exists = super::table::existing(db, name).map_err(failed)?.is_some();
        if has_records && !exists && target.writing != Writing::Replace {
            let message = format!(
                "the table `{name}` is missing, and `{record}` has rows whose lists would not be in it"
            );
            return Err(Error::new(ErrorKind::Destination, message).with_help(
                "a full refresh creates it and fetches everything; or load into another database",
            ));
        }
        let (_, of_child) = prepare::prepare_table(db, &child.target)?;
        notes.extend(of_child);
        let recorded = state::recorded_table(db, &child.target).map_err(failed)?;
        // The lists of records that a user deleted.
        if !has_records && exists && recorded.is_some_and(|table| table.created_by_load) {
            run(db, &[format!("DELETE FROM {}", child.name())])?;
        }
    }
    Ok(notes)
}

/// The prepared statements of one child table.
pub(super) struct ChildWriter<'d, 'c> {
    child: &'c Child,
    delete: Option<CachedStatement<'d>>,
    insert: CachedStatement<'d>,
}

impl<'d, 'c> ChildWriter<'d, 'c> {
    /// Writes to the table.
    pub(super) fn publishing(db: &'d Connection, child: &'c Child) -> Result<Self> {
        let replaces = child.target.writing != Writing::Append;
        Ok(Self {
            delete: if replaces {
                Some(db.prepare_cached(&child.delete()).map_err(failed)?)
            } else {
                None
            },
            insert: db.prepare_cached(&child.insert()).map_err(failed)?,
            child,
        })
    }

    /// Writes to the temporary table.
    pub(super) fn staging(db: &'d Connection, child: &'c Child) -> Result<Self> {
        Ok(Self {
            delete: None,
            insert: db.prepare_cached(&child.stage()).map_err(failed)?,
            child,
        })
    }

    /// Replaces the rows of a record. `order` is that of the record's staged row. A deleted record has none.
    pub(super) fn write(
        &mut self,
        row: Row<'_>,
        order: Option<i64>,
        is_deletion: bool,
        text: &mut String,
    ) -> Result<()> {
        let link = &self.child.table.link;
        if let Some(delete) = &mut self.delete {
            bind_from(delete, 1, link.iter().map(|at| row.value(*at)), text)
                .and_then(|_| delete.raw_execute())
                .map_err(failed)?;
        }
        if is_deletion {
            return Ok(());
        }
        for (position, element) in (0_i64..).zip(row.elements(self.child.table.column)) {
            let insert = &mut self.insert;
            let mut bind = || {
                let mut next = 1;
                if let Some(order) = order {
                    insert.raw_bind_parameter(next, order)?;
                    next += 1;
                }
                next = bind_from(insert, next, link.iter().map(|at| row.value(*at)), text)?;
                insert.raw_bind_parameter(next, Value::Integer(position))?;
                bind_from(insert, next + 1, element.values(), text)?;
                insert.raw_execute()
            };
            bind().map_err(failed)?;
        }
        Ok(())
    }
}
