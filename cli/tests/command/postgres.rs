//! Schemas of a Postgres database, where `REST_SOURCE_TEST_POSTGRES` has the URL of one in which schemas may be created.

use tokio_postgres::NoTls;

/// The destination of an empty schema; `None` without a database.
pub(crate) async fn schema(name: &str) -> Option<String> {
    let Ok(url) = std::env::var("REST_SOURCE_TEST_POSTGRES") else {
        eprintln!("skipped: REST_SOURCE_TEST_POSTGRES has no URL of a database");
        return None;
    };
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let schema = format!("command_{name}");
    let sql = format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}");
    client.batch_execute(&sql).await.unwrap();
    let separator = if url.contains('?') { '&' } else { '?' };
    Some(format!(
        "{url}{separator}options=-c%20search_path%3D{schema}"
    ))
}
