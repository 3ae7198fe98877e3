//! The columns of a table's files, and where a row has their values.

use std::fmt::Write;

use rest_source::{Column, Row, Type, Value};
use rest_source_load::{Target, sql::columns};

use crate::formats::Cell;

/// The columns of a table's files.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) table: String,
    columns: Vec<LayoutColumn>,
    /// Where the values of the written columns are.
    sources: Vec<Source>,
    partitions: Vec<PartitionColumn>,
    /// The position of the resource's list, of a table of its elements.
    list: Option<usize>,
}

#[derive(Debug)]
struct LayoutColumn {
    column: Column,
    source: Source,
    /// Whether its value is in the path of a file, and not in the file.
    is_in_path: bool,
}

/// Where the value of a column is.
#[derive(Clone, Copy, Debug)]
enum Source {
    /// In the row of the record, at this position.
    Record(usize),
    /// In the element of a list, at this position.
    Element(usize),
    /// The position of the element in its list.
    Position,
    /// When the load began.
    LoadedAt,
    /// The load.
    LoadId,
}

/// A column that partitions the files.
#[derive(Debug)]
struct PartitionColumn {
    name: String,
    /// Its position in the row of the record.
    at: usize,
}

/// The columns that say which load wrote a row; none unless the caller wants them.
fn stamps(target: &Target) -> impl Iterator<Item = LayoutColumn> {
    let stamps = [
        (Target::LOADED_AT, Type::TIMESTAMP, Source::LoadedAt),
        (Target::LOAD_ID, Type::Text, Source::LoadId),
    ];
    let wanted = target.stamp.is_some();
    let stamps = stamps.into_iter().filter(move |_| wanted);
    stamps.map(|(name, data_type, source)| LayoutColumn {
        column: Column::new(name, data_type).nullable(),
        source,
        is_in_path: false,
    })
}

impl Layout {
    fn new(
        table: &str,
        columns: Vec<LayoutColumn>,
        partitions: Vec<PartitionColumn>,
        list: Option<usize>,
    ) -> Self {
        let written = columns.iter().filter(|column| !column.is_in_path);
        Self {
            table: table.to_owned(),
            sources: written.map(|column| column.source).collect(),
            columns,
            partitions,
            list,
        }
    }

    /// The layout of a resource's own table.
    pub(crate) fn of_resource(target: &Target, partition_by: &[String]) -> Self {
        let table = &target.resource.table;
        let position = |column: &Column| table.position(&column.name).unwrap_or_default();
        let mut all: Vec<LayoutColumn> = columns(table)
            .into_iter()
            .map(|column| LayoutColumn {
                source: Source::Record(position(column)),
                column: column.clone(),
                is_in_path: false,
            })
            .collect();
        let mut partitions = Vec::new();
        for name in partition_by {
            let Some(found) = all.iter_mut().find(|column| column.column.name == *name) else {
                continue;
            };
            let Source::Record(at) = found.source else {
                continue;
            };
            let is_timestamp = matches!(found.column.data_type, Type::Timestamp(_));
            // A date in the path does not hold the time.
            found.is_in_path = !is_timestamp;
            let name = if is_timestamp {
                format!("{name}_date")
            } else {
                name.clone()
            };
            partitions.push(PartitionColumn { name, at });
        }
        all.extend(stamps(target));
        Self::new(&table.name, all, partitions, None)
    }

    /// The layout of the table of a nested list.
    pub(crate) fn of_list(target: &Target, child: &rest_source::plan::ChildTable) -> Self {
        let links = child.link.iter().map(|at| Source::Record(*at));
        let sources = links
            .chain([Source::Position])
            .chain((0..).map(Source::Element));
        let columns = child.table.columns.iter().zip(sources);
        let columns = columns
            .map(|(column, source)| LayoutColumn {
                column: column.clone(),
                source,
                is_in_path: false,
            })
            .chain(stamps(target))
            .collect();
        Self::new(&child.table.name, columns, Vec::new(), Some(child.column))
    }

    /// All columns.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().map(|column| &column.column)
    }

    /// The columns that the files hold.
    pub(crate) fn written(&self) -> impl Iterator<Item = &Column> {
        let written = self.columns.iter().filter(|column| !column.is_in_path);
        written.map(|column| &column.column)
    }

    /// The rows of a record in this table, each as the cells of its written columns, in `cells`.
    pub(crate) fn rows<'p>(
        &self,
        target: &'p Target,
        row: Row<'p>,
        cells: &mut Vec<Cell<'p>>,
        mut write: impl FnMut(&[Cell<'p>]) -> rest_source::Result<()>,
    ) -> rest_source::Result<()> {
        let Some(list) = self.list else {
            self.cells(target, row, None, cells);
            return write(cells);
        };
        for element in (0_i64..).zip(row.elements(list)) {
            self.cells(target, row, Some(element), cells);
            write(cells)?;
        }
        Ok(())
    }

    fn cells<'p>(
        &self,
        target: &'p Target,
        row: Row<'p>,
        element: Option<(i64, Row<'p>)>,
        cells: &mut Vec<Cell<'p>>,
    ) {
        cells.clear();
        cells.extend(self.sources.iter().map(|source| match (*source, element) {
            (Source::Record(at), _) => Cell::Item(row.item(at)),
            (Source::Element(at), Some((_, element))) => Cell::Item(element.item(at)),
            (Source::Position, Some((position, _))) => Cell::Value(Value::Bigint(position)),
            (Source::LoadedAt, _) => {
                Cell::Value(target.stamp.map_or(Value::Null, Value::Timestamp))
            }
            (Source::LoadId, _) => Cell::Value(Value::Text(&target.run)),
            (Source::Element(_) | Source::Position, None) => Cell::Value(Value::Absent),
        }));
    }

    /// Whether a record has no rows in this table of a list.
    pub(crate) fn list_is_empty(&self, row: Row<'_>) -> bool {
        self.list.is_some_and(|list| row.elements(list).len() == 0)
    }

    /// Whether the files are partitioned.
    pub(crate) fn is_partitioned(&self) -> bool {
        !self.partitions.is_empty()
    }

    /// The partition of a row, as it is in the path of its file: `day=2026-11-21/region=eu`.
    pub(crate) fn partition(&self, row: Row<'_>, path: &mut String) {
        path.clear();
        for column in &self.partitions {
            if !path.is_empty() {
                path.push('/');
            }
            encode(path, &column.name);
            path.push('=');
            match row.value(column.at) {
                Value::Absent | Value::Null | Value::Text("") => {
                    path.push_str("__HIVE_DEFAULT_PARTITION__");
                }
                Value::Timestamp(time) => {
                    path.push_str(time.to_string().get(..10).unwrap_or_default());
                }
                value => encode(path, &value.to_string()),
            }
        }
    }

    /// Identifier of the written columns, their order and types.
    pub(crate) fn id(&self) -> String {
        let mut hasher = xxhash_rust::xxh3::Xxh3::new();
        for column in self.written() {
            hasher.update(
                format!(
                    "{}\n{:?}\n{}\n",
                    column.name, column.data_type, column.nullable
                )
                .as_bytes(),
            );
        }
        format!("{:016x}", hasher.digest())
    }
}

/// Writes a name or a value of a path, with the characters that Hive escapes as `%3A`.
fn encode(path: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'+' | b'@') {
            path.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(path, "%{byte:02X}");
        }
    }
}
