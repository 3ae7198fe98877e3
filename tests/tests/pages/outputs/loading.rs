//! Of `loading.md`.

use std::{env, fs, path::PathBuf, process};

use rest_source::transport::{Request, Response};
use rest_source_load::{Load, Sqlite};

use crate::{
    canned::{answer, source},
    shown::loading::shop,
};

/// A shop that knows its rates, or has lost them.
fn shop(rates: u16) -> shop::Source {
    source((), move |request| respond(request, rates))
}

fn respond(request: &Request, rates: u16) -> Response {
    let records = match request.url.split(['/', '?']).nth(4).unwrap() {
        _ if !request.url.contains("offset=0") => "",
        "orders" => {
            r#"{"id": "o1", "lines": ["a", "b"], "updated_at": "2026-11-20T08:00:00Z"},
               {"id": "o2", "total": "9.50", "updated_at": "2026-11-21T09:30:00Z"}"#
        }
        "rates" if rates == 500 => return answer(500, &[], "division by zero"),
        "rates" => r#"{"id": "EUR", "rate": 0.93}"#,
        "visits" => {
            r#"{"at": "2026-11-21T09:30:00Z", "page": "a\tb"}, {"at": "2026-11-21T09:31:00Z"}"#
        }
        other => panic!("{other}"),
    };
    answer(200, &[], format!(r#"{{"data": [{records}]}}"#))
}

/// A folder for this test alone, empty.
fn scratch(name: &str) -> PathBuf {
    let folder = env::temp_dir().join(format!("rest-source-pages-{}-{name}", process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

pub(super) async fn report() -> String {
    let db = Sqlite::open_in_memory().unwrap();
    let report = shop(200).load(&db).await.unwrap().to_string();
    let again = shop(200).load(&db).resource("orders").await.unwrap();
    // The rows at the cursor are delivered again, and merged into themselves.
    assert_eq!(again.resource("orders").unwrap().rows, Some(2));
    report
}

pub(super) async fn failed() -> String {
    let db = Sqlite::open_in_memory().unwrap();
    shop(500).load(&db).await.unwrap_err().to_string()
}

pub(super) async fn table() -> String {
    let folder = scratch("table");
    let path = folder.join("shop.db");
    let db = Sqlite::open(&path).unwrap();
    shop(200).load(&db).await.unwrap();
    let table = rusqlite::Connection::open(path)
        .unwrap()
        .query_row(
            "SELECT sql FROM sqlite_master WHERE name = 'orders'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    fs::remove_dir_all(folder).unwrap();
    table
}
