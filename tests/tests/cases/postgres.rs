//! A Postgres database for the loads of the cases: [`VARIABLE`] has its URL. Each case has a schema of its own.

use rest_source::Timestamp;
use rest_source_load::timestamp_text;
use serde_json::Value;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage, types::Type};

/// The variable with the URL of a database in which schemas may be created.
pub(crate) const VARIABLE: &str = "REST_SOURCE_TEST_POSTGRES";

pub(crate) struct Postgres {
    client: Client,
    pub(crate) url: String,
    pub(crate) schema: String,
}

impl Postgres {
    /// Creates the schema of a case.
    pub(crate) async fn create(url: &str, case: &str) -> Result<Self, String> {
        let (client, connection) = tokio_postgres::connect(url, NoTls)
            .await
            .map_err(|error| error.to_string())?;
        tokio::spawn(connection);
        let schema = format!("case {}", case.replace('/', " "));
        // A name has at most 63 bytes.
        let schema = schema[schema.len().saturating_sub(60)..].to_owned();
        let sql = format!(
            "DROP SCHEMA IF EXISTS \"{schema}\" CASCADE; CREATE SCHEMA \"{schema}\"; SET search_path TO \"{schema}\"; \
             SET TimeZone TO 'UTC'"
        );
        let created = client.batch_execute(&sql).await;
        created.map_err(|error| error.to_string())?;
        Ok(Self {
            client,
            url: url.to_owned(),
            schema,
        })
    }

    pub(crate) async fn drop(self) {
        let sql = format!("DROP SCHEMA \"{}\" CASCADE", self.schema);
        let _ = self.client.batch_execute(&sql).await;
    }

    /// The rows of a query, with the values that SQLite stores for the same columns.
    pub(crate) async fn select(&self, query: &str) -> Result<Vec<Value>, String> {
        let failed = |error: tokio_postgres::Error| {
            error
                .as_db_error()
                .map_or_else(|| error.to_string(), ToString::to_string)
        };
        let statement = self.client.prepare(query).await.map_err(failed)?;
        let binary = self.client.query(&statement, &[]).await.map_err(failed)?;
        let texts = self.client.simple_query(query).await.map_err(failed)?;
        let texts = texts.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let columns = statement.columns();
        let rows = binary.iter().zip(texts).map(|(binary, text)| {
            let cells = columns
                .iter()
                .enumerate()
                .map(|(at, column)| match text.get(at) {
                    None => Value::Null,
                    Some(text) => cell(column.type_(), text, binary, at),
                });
            cells.collect()
        });
        Ok(rows.collect())
    }
}

fn cell(data_type: &Type, text: &str, row: &tokio_postgres::Row, at: usize) -> Value {
    let json =
        |value: &str| serde_json::from_str::<Value>(value).unwrap_or_else(|_| Value::from(value));
    match *data_type {
        Type::INT8 | Type::INT4 | Type::FLOAT8 => json(text),
        Type::BOOL => Value::from(u8::from(text == "t")),
        Type::TIMESTAMPTZ => {
            let rfc3339 = text.replacen(' ', "T", 1).replace("+00", "Z");
            let at: Result<Timestamp, _> = rfc3339.parse();
            at.map_or_else(|_| Value::from(text), |at| Value::from(timestamp_text(at)))
        }
        Type::JSONB => Value::from(json(text).to_string()),
        Type::TEXT_ARRAY => {
            let elements: Vec<Option<String>> = row.get(at);
            Value::from(Value::from(elements).to_string())
        }
        Type::INT8_ARRAY => {
            let elements: Vec<Option<i64>> = row.get(at);
            Value::from(Value::from(elements).to_string())
        }
        _ => Value::from(text),
    }
}
