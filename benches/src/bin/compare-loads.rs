//! Runs loads in turn against one server and prints what each cost, as a ratio to the load written by hand in the same
//! round.
//!
//! `cargo run --release -p rest-source-benches --bin compare-loads [ROUNDS] [KIND]`, after building all of them. KIND is
//! `sqlite`, `sqlite-flat`, `sqlite-children`, `parquet`, `postgres`, `jsonl` or `ten`; without it, all are run. The loads into
//! Postgres need the URL of a database in `REST_SOURCE_TEST_POSTGRES`; each runs in a new schema `bench_…`.

use std::{fs, path::Path};

use rest_source_benches::{
    contenders::{Contender, Program, compare_with},
    say,
};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The records of the server, and those that a program loads.
const ALL: (u64, u64) = (200_000, 200_000);

fn main() -> Result<()> {
    let rounds = std::env::args().nth(1).map_or(Ok(7), |word| word.parse())?;
    let folder = std::env::temp_dir().join(format!("rest-source-loads-{}", std::process::id()));
    let compared = compare_all(&folder, rounds);
    let _ = fs::remove_dir_all(&folder);
    compared
}

fn compare_all(folder: &Path, rounds: usize) -> Result<()> {
    compare_files(folder, rounds)?;
    compare_children(folder, rounds)?;
    compare_postgres(rounds)?;
    compare_lines(folder, rounds)?;
    compare_ten(folder, rounds)
}

fn contenders() -> [Contender; 3] {
    [
        load("by hand", "load-by-hand", 1),
        load("ours, one at a time", "load-ours", 1),
        load("ours, as shipped", "load-ours", 4),
    ]
}

fn compare_files(folder: &Path, rounds: usize) -> Result<()> {
    let contenders = contenders();
    for (title, kind, before) in [
        ("merged into SQLite", "sqlite", Before::Nothing),
        (
            "merged into a flat table of SQLite",
            "sqlite-flat",
            Before::Nothing,
        ),
        (
            "merged into SQLite a second time, unchanged",
            "sqlite",
            Before::Same,
        ),
        (
            "merged into SQLite a second time, all changed",
            "sqlite",
            Before::Other,
        ),
        ("into Parquet", "parquet", Before::Nothing),
    ] {
        if !is_wanted(kind) {
            continue;
        }
        let title = format!("200,000 records, 100 a page, {title}");
        let mut run = 0;
        compare_with(&title, ALL, 0, &contenders, rounds, || {
            // Each contender has a file of its own.
            let target = folder.join(format!("{kind}-{}", run % contenders.len()));
            let is_first = run < contenders.len();
            run += 1;
            if before == Before::Nothing || is_first && target.exists() {
                let _ = fs::remove_dir_all(folder);
            }
            fs::create_dir_all(folder)?;
            if before == Before::Other && target.exists() {
                change_rows(&target)?;
            }
            Ok(Some(format!("{kind}:{}", target.display())))
        })?;
    }
    Ok(())
}

fn compare_children(folder: &Path, rounds: usize) -> Result<()> {
    if !is_wanted("sqlite-children") {
        return Ok(());
    }
    for (title, page) in [
        (
            "200,000 records, pages of 100 or 2,000 parents of 100, merged into SQLite",
            100,
        ),
        (
            "200,000 records, pages of 100 or 20,000 parents of 10, merged into SQLite",
            10,
        ),
    ] {
        let of = |label| Contender {
            page,
            ..load(label, "load-ours", 4)
        };
        let mut run = 0;
        compare_with(
            title,
            ALL,
            0,
            &[of("pages"), of("children")],
            rounds,
            || {
                let kind = ["sqlite", "sqlite-children"][run % 2];
                run += 1;
                let _ = fs::remove_dir_all(folder);
                fs::create_dir_all(folder)?;
                Ok(Some(format!("{kind}:{}", folder.join("db").display())))
            },
        )?;
    }
    Ok(())
}

fn compare_postgres(rounds: usize) -> Result<()> {
    if !is_wanted("postgres") {
        return Ok(());
    }
    let Ok(url) = std::env::var("REST_SOURCE_TEST_POSTGRES") else {
        say("\nskipped Postgres: REST_SOURCE_TEST_POSTGRES has no URL of a database");
        return Ok(());
    };
    let title = "200,000 records, 100 a page, merged into Postgres";
    compare_with(title, ALL, 0, &contenders(), rounds, || {
        new_schema(&url).map(Some)
    })
}

fn compare_lines(folder: &Path, rounds: usize) -> Result<()> {
    if !is_wanted("jsonl") {
        return Ok(());
    }
    let title = "200,000 records, 100 a page, as JSON Lines";
    let contenders = [
        load("by hand", "lines-by-hand", 1),
        load("typed, one at a time", "lines-typed", 1),
        load("typed, as shipped", "lines-typed", 4),
        load("rows, one at a time", "lines-rows", 1),
        load("rows, as shipped", "lines-rows", 4),
        load("command, as shipped", "lines-command", 4),
    ];
    compare_with(title, ALL, 0, &contenders, rounds, || {
        fs::create_dir_all(folder)?;
        Ok(Some(folder.join("events.jsonl").display().to_string()))
    })
}

fn compare_ten(folder: &Path, rounds: usize) -> Result<()> {
    if !is_wanted("ten") {
        return Ok(());
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

/// What a target has before a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Nothing,
    /// The same rows.
    Same,
    /// The rows with other values.
    Other,
}

/// Whether a benchmark of this kind is to be run: all without a second argument.
fn is_wanted(kind: &str) -> bool {
    std::env::args().nth(2).is_none_or(|wanted| wanted == kind)
}

/// Changes every row, whichever program wrote them.
fn change_rows(path: &Path) -> Result<()> {
    let db = rusqlite::Connection::open(path)?;
    for table in ["events", "events_by_key"] {
        if db.table_exists(None, table)? {
            db.execute(&format!("UPDATE {table} SET value = value + 1"), [])?;
        }
    }
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

fn load(label: &'static str, program: &'static str, concurrency: u16) -> Contender {
    Contender {
        label,
        program: Program::Binary(program),
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
