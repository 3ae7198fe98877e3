//! What the preparation of a resource's tables would do: it is run over a database that does not write.

use std::sync::{Arc, Mutex};

use rest_source::{Column, Error, ErrorKind, Result, Rows, Scalar, Type};

use super::{
    child_tables,
    database::{Database, Existing, StoredColumn},
    lock, prepare,
    staging::WritePlan,
    state,
    table::{self, TableFit},
};
use crate::{TableChange, TablePreview, Target, resource_load::check_request};

/// The tables of a resource, as its load would change them.
///
/// # Errors
///
/// Why the load would be refused.
pub(super) fn preview<D: Database>(
    db: Arc<Mutex<D>>,
    target: &Target,
) -> Result<Vec<TablePreview>> {
    let mut db = DryRun(db);
    let plan = WritePlan::new(&db, target.clone());
    let mut tables = vec![of_table(&mut db, target)?];
    for child in &plan.children {
        tables.push(of_table(&mut db, &child.target)?);
    }
    let has_table = tables
        .first()
        .is_some_and(|one| one.change != TableChange::Create);
    let notes = if has_table {
        let before = state::recorded_table(&mut db, target)?;
        let (progress, mut notes) = prepare::prepare_table(&mut db, target)?;
        if let Some(stored) = progress.request.as_deref().filter(|_| !target.full_refresh) {
            check_request(target, &rest_source::Fingerprint::from_json(stored)?)?;
        }
        let children = child_tables::prepare_all(&mut db, target, &plan.children, before.as_ref())?;
        notes.extend(children);
        notes
    } else {
        // Of lists whose record's table is missing, too.
        let mut notes = prepare::prepare_table(&mut db, target)?.1;
        for child in &plan.children {
            notes.extend(prepare::prepare_table(&mut db, &child.target)?.1);
        }
        notes
    };
    if let Some(first) = tables.first_mut() {
        first.notes = notes;
    }
    Ok(tables)
}

fn of_table(db: &mut dyn Database, target: &Target) -> Result<TablePreview> {
    let recorded = state::recorded_table(db, target)?;
    let mut changes = Vec::new();
    let change = match table::compare_in_words(db, target, recorded.as_ref(), &mut changes)? {
        TableFit::Missing => TableChange::Create,
        TableFit::Alter(_) if changes.is_empty() => TableChange::Keep,
        TableFit::Alter(_) => TableChange::Alter(changes),
        TableFit::Incompatible(reason) => TableChange::Recreate(reason),
    };
    Ok(TablePreview::new(
        target.resource.table.name.clone(),
        change,
    ))
}

/// A database that is read and not written.
struct DryRun<D>(Arc<Mutex<D>>);

impl<D: Database> DryRun<D> {
    /// Whether all of the core's own tables in this statement exist.
    fn has_tables(&self, sql: &str) -> Result<bool> {
        let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        for word in sql.split(|letter| !is_word(letter)) {
            if word.starts_with(state::PREFIX) && lock(&self.0).existing(word)?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The error of what only a load does.
fn not_written<T>() -> Result<T> {
    Err(Error::new(
        ErrorKind::Destination,
        "a dry run writes nothing",
    ))
}

impl<D: Database> Database for DryRun<D> {
    fn run(&mut self, _: &[String]) -> Result<()> {
        Ok(())
    }

    fn execute(&mut self, _: &str, _: &[Scalar]) -> Result<u64> {
        Ok(0)
    }

    fn query(&mut self, sql: &str, parameters: &[Scalar]) -> Result<Vec<Vec<Scalar>>> {
        if !self.has_tables(sql)? {
            return Ok(Vec::new());
        }
        lock(&self.0).query(sql, parameters)
    }

    fn ignores_case(&self) -> bool {
        lock(&self.0).ignores_case()
    }

    fn begin(&mut self, _: &str) -> Result<()> {
        not_written()
    }

    fn commit(&mut self) -> Result<()> {
        not_written()
    }

    fn roll_back(&mut self) -> Result<()> {
        Ok(())
    }

    fn existing(&mut self, table: &str) -> Result<Option<Existing>> {
        lock(&self.0).existing(table)
    }

    fn stored_columns(&mut self, table: &str) -> Result<Vec<StoredColumn>> {
        lock(&self.0).stored_columns(table)
    }

    fn dependent_objects(&mut self, table: &str) -> Result<Vec<String>> {
        lock(&self.0).dependent_objects(table)
    }

    fn sql_type(&self, data_type: &Type) -> String {
        lock(&self.0).sql_type(data_type)
    }

    fn definition(&self, column: &Column) -> String {
        lock(&self.0).definition(column)
    }

    fn change_type(
        &mut self,
        table: &str,
        column: &Column,
        from: &str,
    ) -> Result<Option<Vec<String>>> {
        lock(&self.0).change_type(table, column, from)
    }

    fn create_table(&self, table: &str, definitions: &[String]) -> Vec<String> {
        lock(&self.0).create_table(table, definitions)
    }

    fn create_temporary_table(&self, table: &str, definitions: &[String]) -> String {
        lock(&self.0).create_temporary_table(table, definitions)
    }

    fn temporary_schema(&self) -> &'static str {
        lock(&self.0).temporary_schema()
    }

    fn max_name_bytes(&self) -> Option<usize> {
        lock(&self.0).max_name_bytes()
    }

    fn stage(&mut self, _: &WritePlan, _: i64, _: &[Rows]) -> Result<()> {
        not_written()
    }

    fn lock_run(&mut self, _: &str) -> Result<()> {
        not_written()
    }

    fn unlock_run(&mut self, _: &str) -> Result<()> {
        not_written()
    }

    fn is_running(&mut self, run: &str) -> Result<bool> {
        lock(&self.0).is_running(run)
    }
}
