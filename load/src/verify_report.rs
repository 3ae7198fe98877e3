//! What a comparison with the API found, as text.

use std::fmt;

use rest_source::{Report, Result, shared::Text};

use crate::{Difference, Differences, DifferingRecord};

/// The report of a comparison: what was found of each resource, parents before children.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct VerifyReport {
    /// The compared resources.
    pub resources: Vec<VerifiedResource>,
    /// Resources that loads skip.
    pub skipped: Vec<Text>,
}

/// What was found of one resource.
#[derive(Debug)]
#[non_exhaustive]
pub struct VerifiedResource {
    /// Name of the resource.
    pub resource: Text,
    /// Name of its table.
    pub table: Text,
    /// The report of the fetch.
    pub fetched: Report,
    /// The differences, or why it could not be compared.
    pub differences: Result<Differences>,
    /// What was not compared or looked for, and why it was not repaired.
    pub notes: Vec<String>,
}

/// The names of the columns of the report.
const COLUMNS: [&str; 4] = ["compared", "missing", "differing", "extra"];

impl VerifiedResource {
    /// Whether no record could be compared, because the schema contract set all of them aside: nothing is known about the
    /// rows then.
    pub fn is_all_set_aside(&self) -> bool {
        let compared = self.differences.as_ref().map_or(0, |found| found.compared);
        self.differences.is_ok() && compared == 0 && self.fetched.discarded_rows > 0
    }
}

impl fmt::Display for VerifyReport {
    /// One line for each compared resource, with what differs below.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.resources.iter().map(|one| &one.resource);
        let names = names.chain(&self.skipped).map(|name| name.len());
        let width = names.fold("resource".len(), usize::max);
        write!(f, "{:width$}", "resource")?;
        for column in COLUMNS {
            write!(f, "  {column:>9}")?;
        }
        for one in &self.resources {
            write!(f, "\n{:width$}", one.resource)?;
            let Ok(found) = &one.differences else {
                f.write_str("  not compared")?;
                continue;
            };
            for count in [found.compared, found.missing, found.differing] {
                write!(f, "  {count:>9}")?;
            }
            if found.is_whole || found.extra > 0 {
                write!(f, "  {:>9}", found.extra)?;
            } else {
                write!(f, "  {:>9}", "-")?;
            }
            show(f, found)?;
            for note in &one.notes {
                write!(f, "\n  note: {note}")?;
            }
        }
        for resource in &self.skipped {
            write!(f, "\n{resource:width$}  `write_disposition: skip`")?;
        }
        Ok(())
    }
}

/// Writes the lines below those of a resource.
fn show(f: &mut fmt::Formatter<'_>, found: &Differences) -> fmt::Result {
    for (kind, word, count) in [
        (Difference::Missing, "missing", found.missing),
        (Difference::Differing, "differing", found.differing),
        (Difference::Extra, "extra", found.extra),
    ] {
        let examples: Vec<&DifferingRecord> = found
            .examples
            .iter()
            .filter(|one| one.kind == kind)
            .collect();
        for example in &examples {
            write!(f, "\n  {word}: {example}")?;
        }
        let further = count.saturating_sub(examples.len() as u64);
        if further > 0 && !examples.is_empty() {
            write!(f, "\n  {word}: {further} more")?;
        }
    }
    if !found.columns.is_empty() {
        let columns = found.columns.iter();
        let columns: Vec<String> = columns
            .map(|(name, count)| format!("`{name}` {count}"))
            .collect();
        write!(f, "\n  records by differing column: {}", columns.join(", "))?;
    }
    if found.pending > 0 {
        write!(
            f,
            "\n  not counted: {} that the next load fetches",
            found.pending
        )?;
    }
    for (table, count) in &found.orphans {
        write!(f, "\n  in `{table}`: {count} of records without a row")?;
    }
    if found.written + found.deleted > 0 || found.deleted_orphans && !found.orphans.is_empty() {
        write!(
            f,
            "\n  repaired: {} written, {} deleted",
            found.written, found.deleted
        )?;
        if !found.orphans.is_empty() {
            f.write_str(", and the rows without their record")?;
        }
    }
    Ok(())
}
