//! Loads that are killed at any moment.

use rest_source_load_postgres::Options;
use rest_source_testkit::{check_kills, killed_process, load_until_killed};

use crate::{merge_tables::Schema, url};

const SCHEMA: &str = "REST_SOURCE_POSTGRES_SCHEMA";

#[tokio::test]
#[ignore = "run by the test that kills it"]
async fn child() {
    if let (Ok(schema), Some(url)) = (std::env::var(SCHEMA), url()) {
        let options = Options::new(&url).unwrap().schema(schema);
        load_until_killed(&options.connect().await.unwrap()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_killed_loads() {
    let Some(url) = url() else { return };
    let schema = Schema::create(&url, "kills").await;
    let process = || {
        let mut process = killed_process("kills::child");
        process.env(SCHEMA, &schema.name);
        process
    };
    let kills = check_kills(&schema, process, || ()).await;
    eprintln!("Postgres: {kills}");
}
