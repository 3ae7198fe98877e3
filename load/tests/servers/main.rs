//! Loads from servers that are drawn from a model: after a server misbehaved, the table equals what it holds
//! once it behaves, unless a load reported that records are missing.
//!
//! `PROPTEST_CASES` draws more of them.

#![cfg(test)]

mod plans;
mod server;

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

use plans::{Kind, plan};
use proptest::{
    collection::vec,
    option,
    prelude::*,
    test_runner::{Config, TestCaseError},
};
use rest_source::{Client, plan::WriteDisposition};
use rest_source_load::{LoadError, LoadReport, Loading, Sqlite};
use server::{Change, Fault, Server, Total};

/// What one load meets.
#[derive(Clone, Debug)]
struct Step {
    /// What changes before the load.
    before: Vec<Change>,
    /// What changes when so many requests were answered.
    during: Option<(usize, Change)>,
    fault: Fault,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => (1..4_usize, any::<bool>()).prop_map(|(records, at_boundary)| Change::Insert { records, at_boundary }),
        2 => (0..20_usize).prop_map(Change::Update),
        2 => Just(Change::UpdateAtBoundary),
        1 => Just(Change::InsertHidden),
    ]
}

fn fault() -> impl Strategy<Value = Fault> {
    (
        option::weighted(0.4, 1..3_usize),
        prop_oneof![4 => Just(Total::Right), 1 => Just(Total::Missing), 1 => Just(Total::TooLarge)],
        prop::bool::weighted(0.15),
        option::weighted(0.4, (0..4_usize, any::<bool>())),
        option::weighted(0.15, 0..3_usize),
        option::weighted(0.15, 0..3_usize),
        option::weighted(0.2, 0..8_usize),
        vec(0..3_i64, 0..2),
        vec(0..3_i64, 0..2),
    )
        .prop_map(
            |(
                page_cap,
                total,
                hides_flag,
                empty_page,
                repeats_cursor,
                loses_cursor,
                fails_at,
                absent_parents,
                repeated_parents,
            )| Fault {
                page_cap,
                total,
                hides_flag,
                empty_page,
                repeats_cursor,
                loses_cursor,
                fails_at,
                absent_parents,
                repeated_parents,
            },
        )
}

fn step() -> impl Strategy<Value = Step> {
    (
        vec(change(), 0..3),
        option::of((0..5_usize, change())),
        prop_oneof![1 => Just(Fault::default()), 4 => fault()],
    )
        .prop_map(|(before, during, fault)| Step {
            before,
            during,
            fault,
        })
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        Just(Kind::CountedOffset),
        Just(Kind::Offset),
        Just(Kind::Number),
        Just(Kind::Cursor),
        Just(Kind::Link),
    ]
}

fn disposition() -> impl Strategy<Value = WriteDisposition> {
    prop_oneof![
        Just(WriteDisposition::Append),
        Just(WriteDisposition::Merge),
        Just(WriteDisposition::Replace),
    ]
}

/// What a load came to.
enum Outcome {
    /// It succeeded, and reported nothing unusual.
    Quiet,
    /// It succeeded, with a warning.
    Warned(String),
    Failed(String),
}

fn outcome(result: &Result<LoadReport, LoadError>) -> Outcome {
    match result {
        Err(error) => Outcome::Failed(error.to_string()),
        Ok(report) => {
            let of_parents = |report: &rest_source::Report| {
                report
                    .of_parents
                    .as_ref()
                    .map(|parents| parents.notes.clone())
                    .unwrap_or_default()
            };
            let fetched = report.resources.iter().map(|resource| &resource.fetched);
            let notes: Vec<String> = fetched
                .flat_map(|fetched| fetched.notes.iter().cloned().chain(of_parents(fetched)))
                .filter(|note| {
                    note.contains("total")
                        || note.contains("missing")
                        || note.contains("incomplete")
                })
                .collect();
            if notes.is_empty() {
                Outcome::Quiet
            } else {
                Outcome::Warned(notes.join("; "))
            }
        }
    }
}

/// A database in a file that is deleted with it.
struct Database(PathBuf);

impl Database {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("rest-source-servers-{}-{number}.db", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn rows(&self) -> Vec<[i64; 4]> {
        let db = rusqlite::Connection::open(&self.0).unwrap();
        let mut query = db
            .prepare("SELECT _boxes_id, id, at, value FROM things ORDER BY 1, 2, 3, 4")
            .unwrap();
        let row =
            |row: &rusqlite::Row<'_>| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]);
        query
            .query_map([], row)
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", self.0.display()));
        }
    }
}

async fn run(
    kind: Kind,
    disposition: WriteDisposition,
    filters: bool,
    newest_first: bool,
    steps: &[Step],
) -> Result<(), TestCaseError> {
    let is_append = disposition == WriteDisposition::Append;
    let server = Server::new(kind, is_append, filters, newest_first && !is_append);
    let client = Client::builder(plan(kind, disposition))
        .transport(server.transport())
        .build()
        .unwrap();
    let database = Database::new();
    let load = async || {
        let sqlite = Sqlite::open(&database.0).unwrap();
        Loading::new(&client, &sqlite).await
    };
    let mut log = Vec::new();
    let mut has_warned = false;
    for step in steps {
        server.begin(&step.before, step.during.clone(), step.fault.clone());
        match outcome(&load().await) {
            Outcome::Quiet => log.push("quiet".to_owned()),
            Outcome::Warned(note) => {
                has_warned = true;
                log.push(format!("warned: {note}"));
            }
            Outcome::Failed(error) => log.push(format!("failed: {error}")),
        }
    }
    for _ in 0..2 {
        server.begin(&[], None, Fault::default());
        let loaded = load().await;
        if let Outcome::Failed(error) = outcome(&loaded) {
            let message = format!("the server behaves, and the load fails: {error}\n{log:#?}");
            return Err(TestCaseError::fail(message));
        }
        let (rows, held) = (database.rows(), server.held());
        let keys: BTreeSet<[i64; 2]> = rows.iter().map(|row| [row[0], row[1]]).collect();
        prop_assert_eq!(keys.len(), rows.len(), "rows came twice: {:#?}", log);
        // Records of partitions that an interrupted load fetched are as they were then.
        let goes_on = loaded
            .iter()
            .flat_map(|report| &report.resources)
            .any(|resource| resource.resumed.is_some());
        if !has_warned && !goes_on {
            prop_assert_eq!(&rows, &held, "{:#?}", log);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(Config {
        cases: std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(96),
        max_shrink_iters: 400,
        ..Config::default()
    })]

    #[test]
    fn a_table_equals_the_server_once_it_behaves_or_a_load_said_what_is_missing(
        kind in kind(),
        disposition in disposition(),
        filters in any::<bool>(),
        newest_first in any::<bool>(),
        steps in vec(step(), 1..5),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(kind, disposition, filters, newest_first, &steps))?;
    }
}
