//! What a load would do to the tables of a destination, without a request and without a write.

use std::fmt;

use rest_source::{Result, plan::WriteDisposition, shared::Text};

use crate::{Destination, Target, load::Loading, load_locks::run_id, resource_load::named};

/// What a load would do to a table before it writes rows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TablePreview {
    /// Its name.
    pub table: Text,
    /// What would be done to it.
    pub change: TableChange,
    /// Notes that the report of the load would have.
    pub notes: Vec<String>,
}

impl TablePreview {
    /// A table, without notes.
    pub fn new(table: Text, change: TableChange) -> Self {
        Self {
            table,
            change,
            notes: Vec::new(),
        }
    }
}

/// The change of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableChange {
    /// It does not exist, and is created.
    Create,
    /// It fits as it is.
    Keep,
    /// It is altered, in these words: add the column `x`.
    Alter(Vec<String>),
    /// It is created again when its rows are replaced, for this reason.
    Recreate(String),
}

impl fmt::Display for TableChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create => f.write_str("create it"),
            Self::Keep => f.write_str("no change"),
            Self::Alter(changes) => f.write_str(&changes.join("; ")),
            Self::Recreate(reason) => write!(f, "create it again: {reason}"),
        }
    }
}

/// The tables of a resource, or why its load would be refused.
#[derive(Debug)]
#[non_exhaustive]
pub struct ResourcePreview {
    /// Name of the resource.
    pub resource: Text,
    /// Its table, and those of its lists. Empty if the destination does not tell.
    pub tables: Result<Vec<TablePreview>>,
}

impl<D: Destination + ?Sized> Loading<'_, D> {
    /// Compares the tables of the destination with those that the load needs: what it would create, add or widen, and what it
    /// would refuse. Sends no request, writes nothing and takes no lock.
    ///
    /// # Errors
    ///
    /// When a resource is unknown. Why the load of a resource would be refused is in its preview.
    pub async fn preview(self) -> Result<Vec<ResourcePreview>> {
        let resources = self.resources()?;
        self.check_prefix()?;
        let run: Text = run_id().into();
        let names: Vec<String> = resources.iter().map(|one| one.name.to_string()).collect();
        let mut previews = Vec::new();
        for one in &resources {
            if one.write_disposition == WriteDisposition::Skip {
                continue;
            }
            let target: Target = self.target(one, &run, &names);
            let tables = self.destination.preview(&target).await;
            previews.push(ResourcePreview {
                resource: one.name.clone(),
                tables: tables.map_err(|error| named(error, one)),
            });
        }
        Ok(previews)
    }
}
