//! Tables of SQLite databases.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use datafusion::{
    arrow::{
        array::{
            ArrayRef, RecordBatch, RecordBatchOptions,
            builder::{BinaryBuilder, Float64Builder, Int64Builder, StringBuilder},
        },
        datatypes::{DataType, Field, Schema, SchemaRef},
    },
    catalog::{MemorySchemaProvider, SchemaProvider, Session, TableProvider},
    common::{
        Result, exec_datafusion_err, internal_err, plan_datafusion_err,
        tree_node::TreeNodeRecursion,
    },
    error::DataFusionError,
    execution::{SendableRecordBatchStream, TaskContext},
    logical_expr::{Expr, TableType},
    physical_expr::EquivalenceProperties,
    physical_plan::{
        DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PhysicalExpr, PlanProperties,
        execution_plan::{Boundedness, EmissionType},
        stream::RecordBatchStreamAdapter,
    },
    prelude::SessionContext,
};
use futures_util::stream;
use rusqlite::{Connection, OpenFlags, types::ValueRef};
use tokio::sync::mpsc;

use crate::catalog::add_schema;

/// Registers the tables and views of a SQLite database as a schema of the default catalog of a session. They are read
/// as they are when a query runs; nothing is written.
///
/// A column is `Int64`, `Float64`, `Binary` or `Utf8`, by the affinity of its declared type. Integers and floating-point
/// numbers in a column of text are read as their digits. Any other value of another type is an error of the query.
///
/// # Errors
///
/// When the file is missing or not a database.
pub fn register_sqlite(
    session: &SessionContext,
    schema: &str,
    path: impl AsRef<Path>,
) -> Result<()> {
    let path = path.as_ref();
    let tables = MemorySchemaProvider::new();
    for table in tables_of(path).map_err(|error| invalid(path, &error))? {
        tables.register_table(table.name.to_string(), Arc::new(table))?;
    }
    add_schema(session, schema, Arc::new(tables))
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
}

fn invalid(path: &Path, error: &rusqlite::Error) -> DataFusionError {
    plan_datafusion_err!("cannot read the database `{}`: {error}", path.display())
}

fn tables_of(path: &Path) -> rusqlite::Result<Vec<SqliteTable>> {
    let connection = open(path)?;
    let mut names = connection.prepare(
        "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
         ORDER BY name",
    )?;
    let names = names.query_map([], |row| row.get::<_, String>(0))?;
    let names = names.collect::<rusqlite::Result<Vec<_>>>()?;
    names
        .into_iter()
        .map(|name| {
            let mut columns = connection.prepare("SELECT name, type FROM pragma_table_info(?1)")?;
            let columns = columns.query_map([&name], |row| {
                let declared = row.get::<_, Option<String>>(1)?.unwrap_or_default();
                Ok(Field::new(
                    row.get::<_, String>(0)?,
                    data_type(&declared),
                    true,
                ))
            })?;
            let fields = columns.collect::<rusqlite::Result<Vec<_>>>()?;
            Ok(SqliteTable {
                path: path.into(),
                name: name.into(),
                schema: Arc::new(Schema::new(fields)),
            })
        })
        .collect()
}

/// The Arrow type of a declared type, by the rules of SQLite's affinity. A number that may have digits beyond those of
/// a float is read as text.
fn data_type(declared: &str) -> DataType {
    let declared = declared.to_ascii_uppercase();
    let has = |words: &[&str]| words.iter().any(|word| declared.contains(word));
    if has(&["INT"]) {
        DataType::Int64
    } else if has(&["CHAR", "CLOB", "TEXT"]) {
        DataType::Utf8
    } else if has(&["BLOB"]) {
        DataType::Binary
    } else if has(&["REAL", "FLOA", "DOUB"]) {
        DataType::Float64
    } else {
        DataType::Utf8
    }
}

/// A table of a database.
#[derive(Clone, Debug)]
struct SqliteTable {
    path: Arc<Path>,
    name: Arc<str>,
    schema: SchemaRef,
}

#[async_trait]
impl TableProvider for SqliteTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = match projection {
            Some(projection) => Arc::new(self.schema.project(projection)?),
            None => Arc::clone(&self.schema),
        };
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Arc::new(SqliteExec {
            table: self.clone(),
            schema,
            limit,
            properties: Arc::new(properties),
        }))
    }
}

/// Reads columns of a table.
#[derive(Debug)]
struct SqliteExec {
    table: SqliteTable,
    schema: SchemaRef,
    limit: Option<usize>,
    properties: Arc<PlanProperties>,
}

impl DisplayAs for SqliteExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SqliteExec: {}", self.sql())
    }
}

impl SqliteExec {
    fn sql(&self) -> String {
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        let fields = self.schema.fields().iter();
        let columns: Vec<String> = fields.map(|field| quoted(field.name())).collect();
        // A count reads no column.
        let columns = if columns.is_empty() {
            "NULL".to_owned()
        } else {
            columns.join(", ")
        };
        let mut sql = format!("SELECT {columns} FROM {}", quoted(&self.table.name));
        if let Some(limit) = self.limit {
            sql.push_str(" LIMIT ");
            sql.push_str(&limit.to_string());
        }
        sql
    }
}

impl ExecutionPlan for SqliteExec {
    fn name(&self) -> &'static str {
        "SqliteExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if children.is_empty() {
            Ok(self)
        } else {
            internal_err!("the scan of a table has no children")
        }
    }

    fn execute(&self, _: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let (sender, receiver) = mpsc::channel(2);
        let reading = Reading {
            path: self.table.path.to_path_buf(),
            table: Arc::clone(&self.table.name),
            sql: self.sql(),
            schema: Arc::clone(&self.schema),
            batch_rows: context.session_config().batch_size(),
        };
        let reader = tokio::task::spawn_blocking(move || reading.send(&sender));
        let batches = stream::unfold(Some((receiver, reader)), |reading| async {
            let (mut receiver, reader) = reading?;
            if let Some(batch) = receiver.recv().await {
                return Some((Ok(batch), Some((receiver, reader))));
            }
            // Only a thread that has ended well has sent the whole table.
            match reader.await {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some((Err(error), None)),
                Err(error) => Some((Err(exec_datafusion_err!("cannot read on: {error}")), None)),
            }
        });
        let schema = Arc::clone(&self.schema);
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }
}

/// A read of a table, on a thread of its own.
struct Reading {
    path: PathBuf,
    table: Arc<str>,
    sql: String,
    schema: SchemaRef,
    batch_rows: usize,
}

impl Reading {
    /// Sends the batches of the table until its end, or until nobody takes them.
    fn send(&self, sender: &mpsc::Sender<RecordBatch>) -> Result<()> {
        let failed = |error: rusqlite::Error| {
            exec_datafusion_err!(
                "cannot read `{}` of `{}`: {error}",
                self.table,
                self.path.display()
            )
        };
        let connection = open(&self.path).map_err(failed)?;
        let mut statement = connection.prepare(&self.sql).map_err(failed)?;
        let mut found = statement.query([]).map_err(failed)?;
        let mut columns = self.columns();
        let mut rows = 0;
        while let Some(row) = found.next().map_err(failed)? {
            for (at, column) in columns.iter_mut().enumerate() {
                let value = row.get_ref(at).map_err(failed)?;
                if !column.append(value) {
                    return Err(self.mismatch(at, value));
                }
            }
            rows += 1;
            if rows == self.batch_rows {
                let batch = self.batch(&mut columns, rows)?;
                if sender.blocking_send(batch).is_err() {
                    return Ok(());
                }
                rows = 0;
            }
        }
        if rows > 0 {
            let batch = self.batch(&mut columns, rows)?;
            // The stream may be gone.
            let _ = sender.blocking_send(batch);
        }
        Ok(())
    }

    fn columns(&self) -> Vec<Column> {
        let fields = self.schema.fields().iter();
        fields.map(|field| Column::new(field.data_type())).collect()
    }

    fn batch(&self, columns: &mut [Column], rows: usize) -> Result<RecordBatch> {
        let arrays = columns.iter_mut().map(Column::finish).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        let schema = Arc::clone(&self.schema);
        Ok(RecordBatch::try_new_with_options(schema, arrays, &options)?)
    }

    fn mismatch(&self, at: usize, value: ValueRef<'_>) -> DataFusionError {
        let field = self.schema.field(at);
        exec_datafusion_err!(
            "column `{}` of `{}` in `{}` has a value of type {}, and is declared as {}: cast it in a view of the \
             database",
            field.name(),
            self.table,
            self.path.display(),
            value.data_type(),
            field.data_type()
        )
    }
}

enum Column {
    Int64(Int64Builder),
    Float64(Float64Builder),
    Utf8(StringBuilder),
    Binary(BinaryBuilder),
}

impl Column {
    fn new(data_type: &DataType) -> Self {
        match data_type {
            DataType::Int64 => Self::Int64(Int64Builder::new()),
            DataType::Float64 => Self::Float64(Float64Builder::new()),
            DataType::Binary => Self::Binary(BinaryBuilder::new()),
            _ => Self::Utf8(StringBuilder::new()),
        }
    }

    /// Appends a value, if it is of the column's type.
    fn append(&mut self, value: ValueRef<'_>) -> bool {
        match (self, value) {
            (Self::Int64(column), ValueRef::Integer(value)) => column.append_value(value),
            (Self::Float64(column), ValueRef::Real(value)) => column.append_value(value),
            (Self::Utf8(column), ValueRef::Text(text)) => match str::from_utf8(text) {
                Ok(text) => column.append_value(text),
                Err(_) => return false,
            },
            (Self::Utf8(column), ValueRef::Integer(value)) => {
                column.append_value(value.to_string());
            }
            (Self::Utf8(column), ValueRef::Real(value)) => column.append_value(value.to_string()),
            (Self::Binary(column), ValueRef::Blob(bytes) | ValueRef::Text(bytes)) => {
                column.append_value(bytes);
            }
            (Self::Int64(column), ValueRef::Null) => column.append_null(),
            (Self::Float64(column), ValueRef::Null) => column.append_null(),
            (Self::Utf8(column), ValueRef::Null) => column.append_null(),
            (Self::Binary(column), ValueRef::Null) => column.append_null(),
            _ => return false,
        }
        true
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Int64(column) => Arc::new(column.finish()),
            Self::Float64(column) => Arc::new(column.finish()),
            Self::Utf8(column) => Arc::new(column.finish()),
            Self::Binary(column) => Arc::new(column.finish()),
        }
    }
}
