//! Staging tables for the parts of a resource, which several processes fetch, and their publication.

use rest_source::{Error, ErrorKind, Result, Rows};

use super::{
    database::Database,
    prepare,
    staging::WritePlan,
    state,
    writer::{self, lock_key},
};
use crate::Target;

/// The bits of a staged row's order that count the rows of its part.
const ROW_BITS: u32 = 32;

/// Staging tables for the parts of a resource. A row's order is the number of its part, and then its number in the
/// part, so that the rows of a part can be deleted, and published rows have the order of the parts.
pub struct PartStaging(WritePlan);

/// What the database had of a resource when its parts were planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BegunParts {
    /// The number of its commits.
    pub commits: i64,
    /// Whether its table had rows.
    pub has_rows: bool,
}

impl PartStaging {
    /// The staging tables of the plan with this identifier.
    pub fn new(db: &dyn Database, target: Target, plan: &str) -> Self {
        Self(WritePlan::of_parts(db, target, plan))
    }

    /// The lock of the transactions in which the resource is planned and published.
    pub fn lock_key(&self) -> String {
        lock_key(&self.0.target.resource_key())
    }

    /// Creates the tables, within the caller's transaction.
    ///
    /// # Errors
    ///
    /// When the database refuses it.
    pub fn create(&self, db: &mut dyn Database) -> Result<BegunParts> {
        db.run(&self.0.drop_staging())?;
        db.run(&self.0.create(db))?;
        let target = &self.0.target;
        let table = &target.resource.table.name;
        let has_table = db.existing(table)?.is_some();
        Ok(BegunParts {
            commits: state::read(db, target)?.commits,
            has_rows: has_table && !prepare::is_empty(db, table)?,
        })
    }

    /// Stages rows of a part, from its row `first` on, within the caller's transaction.
    ///
    /// # Errors
    ///
    /// When the database does not accept a row.
    pub fn stage(
        &self,
        db: &mut dyn Database,
        part: u64,
        first: u64,
        pages: &[Rows],
    ) -> Result<()> {
        for rows in pages {
            self.0.check_keys(rows)?;
        }
        let order = order(part, first)?;
        db.stage(&self.0, order, pages)
    }

    /// Deletes the staged rows of a part, within the caller's transaction.
    ///
    /// # Errors
    ///
    /// When the database cannot be reached.
    pub fn clear(&self, db: &mut dyn Database, part: u64) -> Result<()> {
        let (from, to) = (order(part, 0)?, order(part + 1, 0)?);
        db.run(&self.0.delete_staged_between(from, to))
    }

    /// Writes all staged rows to the table, with the state, and drops the staging tables: within the caller's transaction.
    ///
    /// # Errors
    ///
    /// When another load has written the resource since its parts were planned, or the database does not accept a row.
    pub fn publish(
        self,
        db: &mut dyn Database,
        begun: BegunParts,
        rows: u64,
        state: Option<&str>,
    ) -> Result<()> {
        let staged = i64::try_from(rows).unwrap_or(i64::MAX);
        let begun = (begun.commits, begun.has_rows);
        writer::publish_parts(db, self.0, begun, staged, state)
    }

    /// Drops the tables.
    ///
    /// # Errors
    ///
    /// When the database cannot be reached.
    pub fn drop_tables(&self, db: &mut dyn Database) -> Result<()> {
        db.run(&self.0.drop_staging())
    }
}

/// The order of a row of a part.
fn order(part: u64, row: u64) -> Result<i64> {
    let is_row = row < 1 << ROW_BITS;
    let order = part.checked_mul(1 << ROW_BITS).filter(|_| is_row);
    let order = order.and_then(|order| i64::try_from(order + row).ok());
    order.ok_or_else(|| {
        let message = format!("part {part} has too many rows to be staged: more than {row}");
        Error::new(ErrorKind::Destination, message)
            .with_help("plan the work with fewer partitions in a part, or with a shorter `step`")
    })
}

#[cfg(test)]
mod tests {
    use super::order;

    #[test]
    fn rows_of_a_part_are_before_those_of_the_next() {
        assert!(order(6, (1 << 32) - 1).unwrap() < order(7, 0).unwrap());
        assert!(order(0, 1 << 32).is_err());
        assert!(order(u64::MAX, 0).is_err());
        assert!(order(1_000_000, 5).unwrap() > 0);
    }
}
