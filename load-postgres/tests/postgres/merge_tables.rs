//! The merge tables of all destinations.

use rest_source_load::{BoxFuture, Destination};
use rest_source_load_postgres::Options;
use rest_source_testkit::{
    StoredRow, TestDestination, check_keys_beyond_microseconds, check_merge_tables,
};
use tokio_postgres::{Client, NoTls};

use crate::url;

/// A schema of its own.
pub(crate) struct Schema {
    url: String,
    pub(crate) name: String,
    client: Client,
}

impl Schema {
    pub(crate) async fn create(url: &str, name: &str) -> Self {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        tokio::spawn(connection);
        let name = format!("merge_{name}");
        let sql = format!(
            "DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}; SET search_path TO {name}; \
             SET TimeZone TO 'UTC'"
        );
        client.batch_execute(&sql).await.unwrap();
        Self {
            url: url.to_owned(),
            name,
            client,
        }
    }

    pub(crate) async fn execute(&self, statements: &str) {
        self.client.batch_execute(statements).await.unwrap();
    }

    /// The texts of a query's first column.
    pub(crate) async fn texts(&self, query: &str) -> Vec<String> {
        let rows = self.client.query(query, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}

impl TestDestination for Schema {
    fn open(&self) -> BoxFuture<'_, Box<dyn Destination>> {
        Box::pin(async {
            let options = Options::new(&self.url).unwrap().schema(&self.name);
            Box::new(options.connect().await.unwrap()) as Box<dyn Destination>
        })
    }

    fn rows<'a>(&'a self, _: &'a str, table: &'a str) -> BoxFuture<'a, Vec<StoredRow>> {
        Box::pin(async move {
            let sql = "SELECT attname::text, atttypid::regtype::text FROM pg_attribute
                       WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped";
            let columns = self.client.query(sql, &[&table]).await.unwrap();
            let columns: Vec<(String, String)> = columns
                .iter()
                .map(|column| (column.get(0), column.get(1)))
                .collect();
            let texts: Vec<String> = columns.iter().map(|(name, of)| text(name, of)).collect();
            let sql = format!("SELECT {} FROM {table}", texts.join(", "));
            let rows = self.client.query(&sql, &[]).await.unwrap();
            let row = |row: &tokio_postgres::Row| {
                let names = columns.iter().enumerate();
                names
                    .map(|(at, (name, _))| (name.clone(), row.get(at)))
                    .collect()
            };
            rows.iter().map(row).collect()
        })
    }
}

/// The text of a column of this type.
fn text(name: &str, data_type: &str) -> String {
    match data_type {
        "bytea" => format!("encode({name}, 'base64')"),
        "boolean" => format!("{name}::int::text"),
        "timestamp with time zone" => {
            format!("to_char({name}, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
        }
        array if array.ends_with("[]") => format!("to_jsonb({name})::text"),
        _ => format!("{name}::text"),
    }
}

#[tokio::test]
async fn merge_tables_are_those_of_all_destinations() {
    let Some(url) = url() else { return };
    check_merge_tables(async |name| Schema::create(&url, name).await).await;
}

#[tokio::test]
async fn keys_that_differ_beyond_microseconds_are_an_error() {
    let Some(url) = url() else { return };
    check_keys_beyond_microseconds(&Schema::create(&url, "keys").await).await;
}
