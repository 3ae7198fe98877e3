//! Tables of SQLite databases, alone and beside resources.

#![cfg(test)]

use rest_source_datafusion::{
    datafusion::{
        arrow::util::pretty::pretty_format_batches, error::DataFusionError, prelude::SessionContext,
    },
    register_sqlite,
};
use rest_source_testkit::Folder;
use rusqlite::Connection;

async fn table(session: &SessionContext, sql: &str) -> Result<String, DataFusionError> {
    let batches = session.sql(sql).await?.collect().await?;
    Ok(pretty_format_batches(&batches)?.to_string())
}

/// A session over a new database of these statements.
fn database(name: &str, statements: &str) -> (Folder, SessionContext) {
    let folder = Folder::new(name).unwrap();
    let path = folder.path().join("crm.sqlite");
    Connection::open(&path)
        .unwrap()
        .execute_batch(statements)
        .unwrap();
    let session = SessionContext::new();
    register_sqlite(&session, "crm", &path).unwrap();
    (folder, session)
}

#[tokio::test]
async fn columns_have_the_types_of_their_declarations() {
    let (_folder, session) = database(
        "sqlite-types",
        "CREATE TABLE \"all types\" (id INTEGER, name VARCHAR(9), rate REAL, raw BLOB, price DECIMAL(9, 2), loose);
         INSERT INTO \"all types\" VALUES (1, 'a', 1, x'00ff', 1.25, 7), (NULL, NULL, NULL, NULL, NULL, NULL);",
    );
    let found = table(&session, "SELECT * FROM crm.\"all types\"")
        .await
        .unwrap();
    let expected = "\
+----+------+------+------+-------+-------+
| id | name | rate | raw  | price | loose |
+----+------+------+------+-------+-------+
| 1  | a    | 1.0  | 00ff | 1.25  | 7     |
|    |      |      |      |       |       |
+----+------+------+------+-------+-------+";
    assert_eq!(found, expected);
    let counted = table(&session, "SELECT count(*), sum(id) FROM crm.\"all types\"")
        .await
        .unwrap();
    assert!(counted.contains("| 2        |"), "{counted}");
}

#[tokio::test]
async fn only_columns_and_rows_of_a_query_are_read() {
    let (_folder, session) = database(
        "sqlite-reads",
        "CREATE TABLE people (id INTEGER, name TEXT, age INTEGER);
         WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 20000)
         INSERT INTO people SELECT id, 'name ' || id, id % 90 FROM n;
         CREATE VIEW adults AS SELECT id, name FROM people WHERE age >= 18;",
    );
    let plan = table(&session, "EXPLAIN SELECT name FROM crm.people LIMIT 3")
        .await
        .unwrap();
    assert!(
        plan.contains("SqliteExec: SELECT \"name\" FROM \"people\" LIMIT 3"),
        "{plan}"
    );
    let sum = table(
        &session,
        "SELECT count(*), max(p.id) FROM crm.people p JOIN crm.adults a ON a.id = p.id",
    )
    .await;
    let sum = sum.unwrap();
    // Of the ages 0 to 89, those from 18 on.
    let adults = (1..=20_000).filter(|id| id % 90 >= 18).count();
    assert!(sum.contains(&format!("| {adults} ")), "{sum}");
}

#[tokio::test]
async fn a_value_of_another_type_than_its_column_is_an_error_that_names_it() {
    let (folder, session) = database(
        "sqlite-mismatch",
        "CREATE TABLE people (id INTEGER); INSERT INTO people VALUES (1), ('two');",
    );
    let error = table(&session, "SELECT id FROM crm.people")
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("column `id` of `people`") && error.contains("type Text"),
        "{error}"
    );
    // It is read by whoever does not ask for it.
    let counted = table(&session, "SELECT count(*) FROM crm.people")
        .await
        .unwrap();
    assert!(counted.contains("| 2 "), "{counted}");

    let missing = folder.path().join("nowhere.sqlite");
    let error = register_sqlite(&session, "none", &missing)
        .unwrap_err()
        .to_string();
    assert!(error.contains("nowhere.sqlite"), "{error}");
    assert!(!missing.exists());
}
