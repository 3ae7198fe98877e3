//! The tables of nested lists (`as: table`).

use super::ResourcePlan;
use crate::schema::{Column, Table, Type};
use crate::shared::{Ref, Text};

/// The name of the column with an element's position in its list, from 0.
pub const POSITION: &str = "_position";

/// The table of a nested list: a row for each element.
#[derive(Clone, Debug, PartialEq)]
pub struct ChildTable {
    /// Position of the list's column in the resource's table.
    pub column: usize,
    /// Positions of the columns of the resource's table that link a row to its record: the primary key, and settings
    /// that records carry.
    pub link: Vec<usize>,
    /// The linked columns, named `_<resource>_<column>`, then [`POSITION`], then the columns of an element.
    pub table: Ref<Table>,
}

impl ResourcePlan {
    /// The tables of its nested lists, in the order of its columns.
    pub fn child_tables(&self) -> Vec<ChildTable> {
        let columns = self.table.columns.iter().enumerate();
        let children = columns.filter_map(|(at, column)| {
            let name = column.table.as_ref()?;
            let Type::Array(element) = &column.data_type else {
                return None;
            };
            let Type::Object(object) = &element.data_type else {
                return None;
            };
            Some(self.child_table(at, name, object))
        });
        children.collect()
    }

    fn child_table(&self, column: usize, name: &Text, object: &Table) -> ChildTable {
        let columns = self.table.columns.iter().enumerate();
        let links = |column: &Column| column.primary_key || column.config.is_some();
        let link: Vec<usize> = columns
            .filter(|(_, column)| links(column))
            .map(|(at, _)| at)
            .collect();
        let of_key = |name: Text, data_type: Type| Column {
            key: name.clone(),
            name,
            data_type,
            primary_key: true,
            ..Column::DEFAULT
        };
        let linked = link.iter().filter_map(|at| {
            let column = self.table.columns.get(*at)?;
            let link_name = |name: &Text| Text::from(format!("_{}_{name}", self.name));
            let mut linked = of_key(link_name(&column.name), column.data_type.clone());
            linked.renamed_from = column.renamed_from.as_ref().map(link_name);
            Some(linked)
        });
        let position = of_key(Text::of(POSITION), Type::Bigint);
        let own = object.columns.iter().cloned();
        let table = Table {
            name: name.clone(),
            columns: linked.chain([position]).chain(own).collect(),
        };
        ChildTable {
            column,
            link,
            table: table.into(),
        }
    }
}
