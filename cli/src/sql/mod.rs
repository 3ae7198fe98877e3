//! `rest-source sql`: a query over resources, Parquet files and SQLite databases.

mod printer;
mod tables;

use std::path::PathBuf;

use futures_util::StreamExt as _;
use rest_source::{ErrorKind, RunBudget};
use rest_source_datafusion::{
    datafusion::{
        error::DataFusionError,
        execution::{context::SQLOptions, session_state::SessionStateBuilder},
        prelude::{SessionConfig, SessionContext},
    },
    fetch_error,
};

use self::{printer::Printer, tables::Tables};
use crate::{
    args::{Connection, Format, setting},
    budget::Budget,
    context::Context,
    error::CommandError,
    interrupt::{NetworkCommand, TokenRequests},
    logs::LogOptions,
    variables::SecretSources,
};

/// Query resources, Parquet files and SQLite databases by SQL
///
/// Each source of the project file, or of the specs, is a schema, and each of its resources a table: `SELECT id, title
/// FROM media.stories LIMIT 10`. A query fetches the columns that it reads, no more pages than its `LIMIT` needs, and
/// sends bounds of the cursor column to the API. Only sources that the query names are connected. `EXPLAIN` shows what
/// would be requested, `EXPLAIN ANALYZE` what was. Reads only: nothing is written. Secrets and settings are those of
/// `run` and `fetch`.
#[derive(Debug, clap::Args)]
pub(crate) struct Sql {
    /// The query. Names that are not in lower case need double quotes
    pub(crate) query: String,
    /// The project file with the sources, unless there are specs or files to query
    #[arg(long, value_name = "FILE")]
    pub(crate) project: Option<PathBuf>,
    /// A spec whose resources are tables, under the name of the spec. Repeatable
    #[arg(long, value_name = "SPEC")]
    pub(crate) spec: Vec<PathBuf>,
    /// A SQLite database, whose tables are those of the schema NAME. Repeatable
    #[arg(long, value_name = "NAME=FILE", value_parser = setting)]
    pub(crate) sqlite: Vec<(String, String)>,
    /// A Parquet file, or a folder of them, as the table NAME. Repeatable
    #[arg(long, value_name = "NAME=PATH", value_parser = setting)]
    pub(crate) parquet: Vec<(String, String)>,
    /// A setting of the spec; overrides the environment. Repeatable; with one `--spec`
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting, requires = "spec")]
    pub(crate) config: Vec<(String, String)>,
    #[command(flatten)]
    pub(crate) budget: Budget,
    #[command(flatten)]
    pub(crate) secrets: SecretSources,
    #[command(flatten)]
    pub(crate) connection: Connection,
    #[command(flatten)]
    pub(crate) logs: LogOptions,
    /// Output format of the rows
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,
}

/// Runs a query, and prints its rows, batch by batch.
pub(crate) fn run(args: Sql, context: &Context) -> NetworkCommand {
    let token_requests = TokenRequests::default();
    let query = query(args, context.clone(), token_requests.clone());
    NetworkCommand {
        token_requests,
        ..NetworkCommand::new(query, "interrupted: the printed rows are whole")
    }
}

async fn query(
    args: Sql,
    context: Context,
    token_requests: TokenRequests,
) -> Result<(), CommandError> {
    let session = session();
    // Kept until the end: they store refresh tokens that an API rotates.
    let tables = Tables::register(&session, &args, &context, &token_requests).await?;
    let options = SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false);
    let rows = session.sql_with_options(&args.query, options).await;
    let rows = rows.map_err(|error| invalid(&error))?;
    let mut printer = Printer::new(args.format, rows.schema().inner());
    let mut batches = rows
        .execute_stream()
        .await
        .map_err(|error| tables.failed(&error))?;
    while let Some(batch) = batches.next().await {
        let batch = batch.map_err(|error| tables.failed(&error))?;
        if !context.console.print(&printer.batch(&batch)?)? {
            return Ok(());
        }
    }
    context.console.print(printer.end())?;
    Ok(())
}

/// A session of at most so many partitions as requests are usually in flight: each is a task that waits for its API.
fn session() -> SessionContext {
    let config = SessionConfig::new()
        .with_information_schema(true)
        .with_target_partitions(4);
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_default_features()
        .build();
    SessionContext::new_with_state(state)
}

/// The error of a query before any request.
fn invalid(error: &DataFusionError) -> CommandError {
    match fetch_error(error) {
        Some(error) => error.clone().into(),
        None => {
            let message = error.strip_backtrace();
            let is_of_table = message.contains("table '") && message.contains("not found");
            let error = CommandError::usage(message);
            if is_of_table {
                error.with_help(
                    "a table is `SOURCE.RESOURCE`; `rest-source sql 'SHOW TABLES'` lists them",
                )
            } else {
                error
            }
        }
    }
}

/// The error of a query that ran.
fn failed(error: &DataFusionError) -> CommandError {
    match fetch_error(error) {
        Some(error) => {
            let error = error.clone();
            let is_budget = *error.kind() == ErrorKind::Budget;
            let error = CommandError::from(error);
            if is_budget {
                error.with_help("raise the budget, or narrow the query")
            } else {
                error
            }
        }
        None => CommandError::failed(error.strip_backtrace()),
    }
}

/// The budget of each spec.
fn budget(args: &Sql) -> RunBudget {
    args.budget.of_run()
}
