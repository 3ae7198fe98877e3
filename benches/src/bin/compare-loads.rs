//! Runs loads in turn against one server and prints what each cost, as a ratio to the load written by hand in the same
//! round.
//!
//! `cargo run --release -p rest-source-benches --bin compare-loads [ROUNDS]`, after building all of them. The loads into
//! Postgres need the URL of a database in `REST_SOURCE_TEST_POSTGRES`; each runs in a new schema `bench_…`.

use std::{fs, path::PathBuf};

use rest_source_benches::{
    contenders::{Contender, compare_with},
    say,
};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const RECORDS: u64 = 200_000;

fn main() -> Result<()> {
    let rounds = std::env::args().nth(1).map_or(Ok(7), |word| word.parse())?;
    let folder = std::env::temp_dir().join(format!("rest-source-loads-{}", std::process::id()));
    let compared = compare_all(&folder, rounds);
    let _ = fs::remove_dir_all(&folder);
    compared
}

fn compare_all(folder: &PathBuf, rounds: usize) -> Result<()> {
    let contenders = [
        load("by hand", "load-by-hand", 1),
        load("ours, one at a time", "load-ours", 1),
        load("ours, as shipped", "load-ours", 4),
    ];
    let all = (RECORDS, RECORDS);
    for (title, kind, is_kept) in [
        ("merged into SQLite", "sqlite", false),
        ("merged into SQLite a second time", "sqlite", true),
        ("into Parquet", "parquet", false),
    ] {
        let title = format!("200,000 records, 100 a page, {title}");
        let mut run = 0;
        compare_with(&title, all, 0, &contenders, rounds, || {
            let is_new = !is_kept || run < contenders.len();
            // Each contender has a file of its own.
            let target = folder.join(format!("{kind}-{}", run % contenders.len()));
            run += 1;
            if is_new {
                let _ = fs::remove_dir_all(folder);
                fs::create_dir_all(folder)?;
            }
            Ok(Some(format!("{kind}:{}", target.display())))
        })?;
    }
    if let Ok(url) = std::env::var("REST_SOURCE_TEST_POSTGRES") {
        let title = "200,000 records, 100 a page, merged into Postgres";
        compare_with(title, all, 0, &contenders, rounds, || {
            new_schema(&url).map(Some)
        })?;
    } else {
        say("\nskipped Postgres: REST_SOURCE_TEST_POSTGRES has no URL of a database");
    }
    let title = "ten resources of 2,000 records, 100 a page, 20 ms a request, into SQLite";
    let contenders = [
        load("1 at once", "load-ten", 1),
        load("8 at once", "load-ten", 8),
    ];
    compare_with(title, (2_000, 20_000), 20, &contenders, rounds, || {
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder)?;
        Ok(Some(format!("sqlite:{}", folder.join("ten.db").display())))
    })
}

fn load(label: &'static str, program: &'static str, concurrency: u16) -> Contender {
    Contender {
        label,
        program,
        page: 100,
        concurrency,
    }
}

/// The URL with a new schema as its search path.
fn new_schema(url: &str) -> Result<String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let (db, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        db.batch_execute(
            "DROP SCHEMA IF EXISTS bench_loads CASCADE; CREATE SCHEMA bench_loads; CHECKPOINT",
        )
        .await?;
        let separator = if url.contains('?') { '&' } else { '?' };
        Ok(format!(
            "{url}{separator}options=-csearch_path%3Dbench_loads"
        ))
    })
}
