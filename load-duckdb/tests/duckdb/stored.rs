//! What a database has.

use std::path::Path;

use duckdb::Connection;
use rest_source_testkit::StoredRow;

/// The rows of a table; none if it does not exist.
pub(crate) fn rows(path: &Path, table: &str) -> Vec<StoredRow> {
    let db = Connection::open(path).unwrap();
    let sql = "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ?1 ORDER BY column_index";
    let mut statement = db.prepare(sql).unwrap();
    let columns = statement.query_map([table], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    });
    let columns: Vec<(String, String)> = columns.unwrap().map(Result::unwrap).collect();
    if columns.is_empty() {
        return Vec::new();
    }
    let texts: Vec<String> = columns.iter().map(|(name, of)| text(name, of)).collect();
    let sql = format!("SELECT {} FROM {table}", texts.join(", "));
    let mut statement = db.prepare(&sql).unwrap();
    let rows = statement.query_map([], |row| {
        let names = columns.iter().enumerate();
        names
            .map(|(at, (name, _))| Ok((name.clone(), row.get(at)?)))
            .collect()
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// The text of a column of this type.
fn text(name: &str, data_type: &str) -> String {
    let name = format!("\"{name}\"");
    match data_type {
        "BLOB" => format!("to_base64({name})"),
        "TIMESTAMP WITH TIME ZONE" => {
            format!("strftime({name} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')")
        }
        list if list.ends_with("[]") => format!("to_json({name})::VARCHAR"),
        _ => format!("{name}::VARCHAR"),
    }
}
