//! SQL over resources, with the requests that it sends.

#![cfg(test)]

mod bounds;
mod documents;
mod github;
mod partitions;
mod pushdown;
mod shop;

use std::{path::Path, sync::Arc};

use rest_source::Client;
use rest_source_datafusion::{
    datafusion::{
        arrow::{array::RecordBatch, util::pretty::pretty_format_batches},
        datasource::MemTable,
        error::DataFusionError,
        prelude::{SessionConfig, SessionContext},
    },
    register,
};

/// The text of a connector's spec.
fn spec(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../specs");
    std::fs::read_to_string(folder.join(format!("{name}.yaml"))).unwrap()
}

/// A session over the resources of a client, which plans at most so many partitions.
fn session_of(schema: &str, client: &Client, partitions: usize) -> SessionContext {
    let config = SessionConfig::new().with_target_partitions(partitions);
    let session = SessionContext::new_with_config(config);
    register(&session, schema, client).unwrap();
    session
}

async fn batches(session: &SessionContext, sql: &str) -> Result<Vec<RecordBatch>, DataFusionError> {
    session.sql(sql).await?.collect().await
}

/// The rows of a query, each as the texts of its values, in the order of the query.
async fn rows(session: &SessionContext, sql: &str) -> Result<Vec<String>, DataFusionError> {
    let batches = batches(session, sql).await?;
    let table = pretty_format_batches(&batches)?.to_string();
    let lines = table.lines().filter(|line| line.starts_with('|')).skip(1);
    Ok(lines
        .map(|line| {
            let cells = line.trim_matches('|').split('|');
            cells.map(str::trim).collect::<Vec<_>>().join(" ")
        })
        .collect())
}

/// Registers the rows of a table as `copy`, whose filters DataFusion applies.
async fn copy(session: &SessionContext, table: &str) {
    let all = session
        .sql(&format!("SELECT * FROM {table}"))
        .await
        .unwrap();
    let schema = Arc::new(all.schema().as_arrow().clone());
    let batches = all.collect().await.unwrap();
    let copy = MemTable::try_new(schema, vec![batches]).unwrap();
    session.register_table("copy", Arc::new(copy)).unwrap();
}

/// The one number that a query returns.
async fn number(session: &SessionContext, sql: &str) -> usize {
    let rows = rows(session, sql).await.unwrap();
    assert_eq!(rows.len(), 1, "{sql}");
    rows[0].parse().unwrap()
}

/// The plan of a query, or with `ANALYZE` what it did.
async fn explained(session: &SessionContext, how: &str, sql: &str) -> String {
    let batches = batches(session, &format!("{how} {sql}")).await.unwrap();
    pretty_format_batches(&batches).unwrap().to_string()
}
