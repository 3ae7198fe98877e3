//! Preparation of a resource's table before it is written, and its deletion for a replacement.

use super::{
    checkpoints,
    child_tables::{self, Child},
    database::{Database, Existing, as_flag},
    state::{self, OtherParts, Progress},
    table::{self, TableFit, quote},
};
use crate::{Target, Writing};
use rest_source::{Error, ErrorKind, Result, Scalar};

/// Creates or alters the tables of a resource. Returns the resource's last commit, and notes for the report.
pub(super) fn prepare(
    db: &mut dyn Database,
    target: &Target,
    children: &[Child],
) -> Result<(Progress, Vec<String>)> {
    let before = state::recorded_table(db, target)?;
    let (progress, mut notes) = prepare_table(db, target)?;
    notes.extend(child_tables::prepare_all(
        db,
        target,
        children,
        before.as_ref(),
    )?);
    Ok((progress, notes))
}

/// Creates or alters one table.
pub(super) fn prepare_table(
    db: &mut dyn Database,
    target: &Target,
) -> Result<(Progress, Vec<String>)> {
    let name = &target.resource.table.name;
    check_names(db, target)?;
    if name.to_ascii_lowercase().starts_with(state::PREFIX) {
        let message = format!(
            "a resource cannot be called `{name}`: tables whose names begin with `{}` hold the states",
            state::PREFIX
        );
        return Err(Error::new(ErrorKind::Destination, message).with_help("give it another `name`"));
    }
    if target.writing == Writing::Merge && target.key().next().is_none() {
        let message = "it has no primary key to merge by";
        return Err(Error::new(ErrorKind::Destination, message)
            .with_help("declare a `primary_key`, or another `write_disposition`"));
    }
    if let Some(other) = state::name_conflict(db, target)? {
        let message = format!("the table `{name}` belongs to another resource, `{other}`");
        return Err(Error::new(ErrorKind::Destination, message)
            .with_help("load each source into a database of its own, or rename the resource"));
    }
    let existing = db.existing(name)?;
    if existing == Some(Existing::View) {
        let message = format!("`{name}` is a view, not a table");
        return Err(Error::new(ErrorKind::Destination, message)
            .with_help("rename the view or the resource, or load into another database"));
    }
    let mut recorded = state::recorded_table(db, target)?;
    // A user renamed or dropped the recorded table, and created another one with its name.
    if existing == Some(Existing::Table { is_marked: false })
        && recorded.as_ref().is_some_and(|table| table.created_by_load)
    {
        recorded = None;
        state::forget(db, target)?;
    }
    let fit = table::compare(db, target, recorded.as_ref())?;
    let mut notes = Vec::new();
    let mut others = OtherParts::default();
    if fit != TableFit::Missing {
        notes.extend(forget_emptied(db, target)?);
        others = state::other_parts(db, target)?;
        check_other_parts(target, &others)?;
    }
    let mut created_by_load = recorded.as_ref().is_none_or(|table| table.created_by_load);
    match (&fit, &recorded) {
        (TableFit::Missing, _) => {
            let had_state = state::forget(db, target)?;
            let old_name = recorded.as_ref().map(|table| &table.name);
            if let Some(old) = old_name.filter(|old| !old.eq_ignore_ascii_case(name)) {
                notes.push(format!(
                    "the table was `{old}` in the last load, now it is `{name}`, which is loaded from the start; \
                     `{old}` stays as it is"
                ));
            } else if had_state && target.writing != Writing::Replace {
                notes.push(format!(
                    "the table `{name}` was dropped since the last load: it is created again and loaded \
                     from the start"
                ));
            }
            db.run(&table::create(db, target))?;
            created_by_load = true;
        }
        (TableFit::Alter(statements), None) if target.adopt => {
            db.run(statements)?;
            created_by_load = true;
        }
        (TableFit::Incompatible(reason), None) if target.adopt => {
            return Err(incompatible(name, reason));
        }
        (fit, None) => created_by_load = adopt(db, target, fit)?,
        (TableFit::Alter(statements), Some(_)) if target.adopt => {
            db.run(statements)?;
            created_by_load = true;
        }
        (_, Some(table)) if target.writing == Writing::Replace && !table.created_by_load => {
            return Err(not_created_by_load(name));
        }
        // The commit creates the table again.
        (TableFit::Incompatible(reason), Some(_)) if target.writing == Writing::Replace => {
            if !others.other_values.is_empty() {
                return Err(holds_other_values(name, reason, &others.other_values));
            }
            return Ok((state::read(db, target)?, notes));
        }
        (TableFit::Incompatible(reason), _) => return Err(incompatible(name, reason)),
        (TableFit::Alter(statements), _) => db.run(statements)?,
    }
    state::record_table(db, target, created_by_load)?;
    Ok((state::read(db, target)?, notes))
}

/// Rejects names of the table or its columns that are too long for the database.
fn check_names(db: &dyn Database, target: &Target) -> Result<()> {
    let Some(most) = db.max_name_bytes() else {
        return Ok(());
    };
    let table = &target.resource.table;
    let columns = table.columns.iter().map(|column| ("column", &column.name));
    let mut names = std::iter::once(("table", &table.name)).chain(columns);
    let Some((what, name)) = names.find(|(_, name)| name.len() > most) else {
        return Ok(());
    };
    let message = format!(
        "the name of the {what} `{name}` has {} bytes, and this database keeps {most}",
        name.len()
    );
    Err(
        Error::new(ErrorKind::Destination, message).with_help(match what {
            "table" => "give the resource a shorter `name`, or its list a shorter `table`",
            _ => "give the column a shorter name, and by `from` its name in the API",
        }),
    )
}

/// Deletes the states of rows that a user deleted, if none is left: the next fetch would not bring them back.
/// Returns a note for the report.
fn forget_emptied(db: &mut dyn Database, target: &Target) -> Result<Option<String>> {
    let name = &target.resource.table.name;
    let had_rows = state::read(db, target)?.had_rows;
    let is_emptied = had_rows && !has_own_rows(db, target)?;
    let table_is_empty = is_empty(db, name)?;
    let emptied = if table_is_empty {
        format!("the table `{name}` was emptied since the last load")
    } else {
        format!("the rows of these settings in `{name}` were deleted since the last load")
    };
    if target.keep_state {
        let note = || format!("{emptied}: `keep_state` kept its state");
        return Ok(is_emptied.then(note));
    }
    if table_is_empty || is_emptied {
        state::forget_emptied(db, target, table_is_empty)?;
    }
    // The rows before its position are gone. Those of other loads are staged.
    if is_emptied && target.writing == Writing::Merge {
        checkpoints::reset(db, target)?;
    }
    let is_told = is_emptied && target.writing != Writing::Replace;
    Ok(is_told.then(|| format!("{emptied}: loaded from the start")))
}

/// Whether the table has rows with the target's settings.
pub(super) fn has_own_rows(db: &mut dyn Database, target: &Target) -> Result<bool> {
    let (is_own, values) = own_rows(target);
    has_rows(db, &target.resource.table.name, &is_own, &values)
}

/// Whether the table has no rows.
pub(super) fn is_empty(db: &mut dyn Database, table: &str) -> Result<bool> {
    Ok(!has_rows(db, table, "true", &[])?)
}

/// Whether the table has rows that match the condition.
fn has_rows(
    db: &mut dyn Database,
    table: &str,
    condition: &str,
    values: &[Scalar],
) -> Result<bool> {
    let table = quote(table);
    let sql = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE {condition})");
    let found = db.query(&sql, values)?;
    Ok(found.first().is_some_and(|row| as_flag(row.first())))
}

/// The SQL condition for the rows with the target's settings, and its parameters.
pub(super) fn own_rows(target: &Target) -> (String, Vec<Scalar>) {
    let settings = target.settings.iter();
    let conditions: Vec<String> = settings
        .clone()
        .zip(1..)
        .map(|((name, _), at)| format!("{} = ?{at}", quote(name)))
        .collect();
    let values = settings.map(|(_, value)| value.clone()).collect();
    match conditions.as_slice() {
        [] => ("true".to_owned(), values),
        conditions => (conditions.join(" AND "), values),
    }
}

/// Rejects a table with rows of another `include_from_config`: they cannot be told apart from the target's.
/// A full refresh may replace them if they all belong to one load's settings.
pub(super) fn check_other_parts(target: &Target, others: &OtherParts) -> Result<()> {
    let OtherParts {
        other_values,
        other_settings,
    } = others;
    let is_one = other_settings.len() == 1 && other_values.is_empty();
    if other_settings.is_empty() || target.full_refresh && is_one {
        return Ok(());
    }
    let name = &target.resource.table.name;
    let message =
        format!("the rows of the table `{name}` were loaded by another `include_from_config`");
    let error = Error::new(ErrorKind::Destination, message);
    let error = other_settings
        .iter()
        .chain(other_values)
        .fold(error, |error, part| with_part(error, part));
    Err(error.with_help(if is_one {
        "a full refresh replaces all of its rows; or load into another database"
    } else {
        "drop the table, and load with each of the settings; or load into another database"
    }))
}

/// Adds a detail that names the settings of some rows.
fn with_part(error: Error, part: &str) -> Error {
    error.with_detail(match part {
        "" => "rows without such a column".to_owned(),
        part => format!("rows of `{}`", part.replace('\n', "`, `")),
    })
}

/// Accepts a table that no load created, if it is empty, or if it fits as it is and is not replaced. Returns
/// whether loads own it from now on: an empty one they do.
fn adopt(db: &mut dyn Database, target: &Target, fit: &TableFit) -> Result<bool> {
    let name = &target.resource.table.name;
    let is_empty = is_empty(db, name)?;
    match fit {
        TableFit::Alter(statements) if is_empty => {
            db.run(statements)?;
            Ok(true)
        }
        TableFit::Alter(statements)
            if statements.is_empty() && target.writing != Writing::Replace =>
        {
            Ok(false)
        }
        TableFit::Incompatible(reason) if is_empty => {
            let message = format!(
                "the table `{name}` was not created by a load, and does not fit the spec: {reason}"
            );
            Err(Error::new(ErrorKind::Destination, message)
                .with_help("drop the table, which is empty; or rename it or the resource"))
        }
        _ => Err(not_created_by_load(name)),
    }
}

/// Deletes the rows that the target replaces, and those of their lists.
pub(super) fn clear(db: &mut dyn Database, target: &Target, children: &[Child]) -> Result<()> {
    let others = state::other_parts(db, target)?;
    clear_table(db, target)?;
    for child in children {
        let child = &child.target;
        let recorded = state::recorded_table(db, child)?;
        let fit = table::compare(db, child, recorded.as_ref())?;
        if let TableFit::Incompatible(reason) = fit
            && !others.other_values.is_empty()
        {
            let name = &child.resource.table.name;
            return Err(holds_other_values(name, &reason, &others.other_values));
        }
        clear_table(db, child)?;
    }
    Ok(())
}

/// Deletes the rows of one table that the target replaces. Drops and creates a table that does not fit, together with the
/// indexes and triggers that users added to it.
fn clear_table(db: &mut dyn Database, target: &Target) -> Result<()> {
    // Another load may have written since this one began.
    let others = state::other_parts(db, target)?;
    check_other_parts(target, &others)?;
    let recorded = state::recorded_table(db, target)?;
    let has_other_settings = !others.other_settings.is_empty();
    let table = quote(&target.resource.table.name);
    if has_other_settings {
        state::forget(db, target)?;
    }
    let statements = match table::compare(db, target, recorded.as_ref())? {
        TableFit::Missing => table::create(db, target),
        TableFit::Alter(statements) if !has_other_settings && !target.settings.is_empty() => {
            db.run(&statements)?;
            return clear_own(db, target);
        }
        TableFit::Alter(mut statements) => {
            statements.push(format!("DELETE FROM {table}"));
            statements
        }
        TableFit::Incompatible(reason) if !others.other_values.is_empty() => {
            return Err(holds_other_values(
                &target.resource.table.name,
                &reason,
                &others.other_values,
            ));
        }
        TableFit::Incompatible(_) => {
            let mut statements = vec![format!("DROP TABLE {table}")];
            statements.extend(table::create(db, target));
            statements.extend(db.dependent_objects(&target.resource.table.name)?);
            statements
        }
    };
    db.run(&statements)?;
    state::record_table(db, target, true)
}

/// Deletes the rows with the target's settings.
fn clear_own(db: &mut dyn Database, target: &Target) -> Result<()> {
    let table = quote(&target.resource.table.name);
    let (is_own, values) = own_rows(target);
    let sql = format!("DELETE FROM {table} WHERE {is_own}");
    db.execute(&sql, &values)?;
    state::record_table(db, target, true)
}

fn not_created_by_load(name: &str) -> Error {
    let message = format!(
        "the table `{name}` was not created by a load: its rows would be deleted or changed"
    );
    Error::new(ErrorKind::Destination, message).with_help(
        "rename the table or the resource, or load into another database; if the rows are not needed, \
         drop the table; to let loads change it and its rows, adopt it by `--adopt` (`adopt()`)",
    )
}

fn incompatible(name: &str, reason: &str) -> Error {
    let message = format!("the table `{name}` does not fit the spec: {reason}");
    Error::new(ErrorKind::Destination, message).with_help(
        "a full refresh creates the table again and fetches everything; to keep its rows, rename the table \
         first",
    )
}

fn holds_other_values(name: &str, reason: &str, other_values: &[String]) -> Error {
    let message = format!(
        "the table `{name}` has to be created again, which would delete the rows of other settings: {reason}"
    );
    let error = Error::new(ErrorKind::Destination, message);
    let error = other_values
        .iter()
        .fold(error, |error, part| with_part(error, part));
    error.with_help("drop the table, and load with each of the settings")
}
