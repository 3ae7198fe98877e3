//! When rows are committed, and the history of loads that did not end.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use rest_source::{
    Error, ErrorKind, Result, Rows, State,
    plan::{Incremental, ResourcePlan, RowOrder, WriteDisposition},
};
use rest_source_load::{BoxFuture, Destination, Load, LoadStatus, Opened, Sqlite, Target, Writer};
use rest_source_testkit::Fault;

use crate::shop::{CHANGED_ORDERS, ORDERS, Scratch, connect, plan, serve_also};

static APPENDED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    write_disposition: WriteDisposition::Append,
    incremental: Some(Incremental {
        row_order: Some(RowOrder::Ascending),
        ..CHANGED_ORDERS.incremental.clone().unwrap()
    }),
    ..CHANGED_ORDERS.clone()
});

crate::shop!(Merging, plan(&[&ORDERS]));
crate::shop!(Appending, plan(&[&*APPENDED]));

const BAD_REQUEST: Fault = Fault::Status {
    status: 400,
    retry_after: None,
};

const COMMITS: &str = "SELECT commits FROM _rest_source_state";
const COUNT: &str = "SELECT count(*) FROM orders";

#[tokio::test]
async fn small_pages_are_committed_together() {
    for (rows, commits) in [(None, "1"), (Some(1), "5"), (Some(20), "2")] {
        let (server, scratch) = (serve_also(vec![]).await, Scratch::new());
        let shop: Merging = connect(&server);
        let database = scratch.open();
        let mut load = shop.load(&database);
        if let Some(rows) = rows {
            load = load.commit_rows(rows);
        }
        load.await.unwrap();
        assert_eq!(scratch.rows(COMMITS), [commits], "{rows:?}");
        scratch.assert_equals(&server);
    }
}

#[tokio::test]
async fn rows_are_committed_while_the_next_page_does_not_arrive() {
    let (server, scratch) = (serve_also(vec![]).await, Scratch::new());
    let shop: Merging = connect(&server);
    server.faults().at(2, Fault::Slow(Duration::from_secs(5)));
    let database = scratch.open();
    let begun = Instant::now();
    let committed = async {
        while begun.elapsed() < Duration::from_secs(4) {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let is_there = server.log().of("/orders").len() >= 3;
            if is_there && scratch.rows(COUNT) == ["20"] {
                return true;
            }
        }
        false
    };
    let (loaded, committed) = tokio::join!(shop.load(&database).into_future(), committed);
    loaded.unwrap();
    assert!(committed);
}

#[tokio::test]
async fn failed_load_commits_what_was_held_back() {
    let (server, scratch) = (serve_also(vec![]).await, Scratch::new());
    let shop: Merging = connect(&server);
    server.faults().at(2, BAD_REQUEST);
    let error = shop.load(&scratch.open()).await.unwrap_err().to_string();
    assert!(
        error.contains("20 records before it were committed"),
        "{error}"
    );
    assert_eq!(scratch.rows(COUNT), ["20"]);
}

#[tokio::test]
async fn appended_rows_that_were_held_back_come_once() {
    let (server, scratch) = (serve_also(vec![]).await, Scratch::new());
    let shop: Appending = connect(&server);
    server.faults().at(2, BAD_REQUEST);
    shop.load(&scratch.open()).await.unwrap_err();
    server.faults().clear();
    shop.load(&scratch.open()).await.unwrap();
    assert_eq!(
        scratch.rows("SELECT count(*), count(DISTINCT id) FROM orders"),
        ["35 | 35"]
    );
}

/// A destination that does not accept the third page.
struct Refusing(Sqlite);

struct RefusingWriter {
    writer: Box<dyn Writer>,
    pages: u32,
}

impl Destination for Refusing {
    fn open<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Opened>> {
        Box::pin(async {
            let opened = self.0.open(target).await?;
            let writer = opened.writer;
            Ok(Opened::new(RefusingWriter { writer, pages: 0 }))
        })
    }
}

impl Writer for RefusingWriter {
    fn write<'a>(&'a mut self, rows: &'a Rows) -> BoxFuture<'a, Result<u64>> {
        self.pages += 1;
        if self.pages == 3 {
            return Box::pin(async { Err(Error::new(ErrorKind::Destination, "refused")) });
        }
        self.writer.write(rows)
    }

    fn commit<'a>(&'a mut self, state: Option<&'a State>) -> BoxFuture<'a, Result<()>> {
        self.writer.commit(state)
    }

    fn roll_back(&mut self) -> BoxFuture<'_, Result<()>> {
        self.writer.roll_back()
    }

    fn count(&mut self) -> BoxFuture<'_, Result<u64>> {
        self.writer.count()
    }
}

#[tokio::test]
async fn page_that_the_destination_refuses_loses_none_before_it() {
    let (server, scratch) = (serve_also(vec![]).await, Scratch::new());
    let shop: Appending = connect(&server);
    let error = shop.load(&Refusing(scratch.open())).await.unwrap_err();
    assert_eq!(error.failed[0].written, 20);
    assert_eq!(scratch.rows(COUNT), ["20"]);
    shop.load(&scratch.open()).await.unwrap();
    assert_eq!(
        scratch.rows("SELECT count(*), count(DISTINCT id) FROM orders"),
        ["35 | 35"]
    );
}

#[tokio::test]
async fn dropped_load_is_interrupted_in_the_history() {
    let (server, scratch) = (serve_also(vec![]).await, Scratch::new());
    let shop: Merging = connect(&server);
    server.faults().at(2, Fault::Slow(Duration::from_secs(60)));
    let database = scratch.open();
    let load = shop.load(&database).commit_rows(1).into_future();
    let dropped = tokio::time::timeout(Duration::from_millis(500), load).await;
    assert!(dropped.is_err());
    let history = "SELECT status, \"rows\", ended IS NOT NULL FROM _rest_source_loads";
    let begun = Instant::now();
    while scratch.rows(history) != ["interrupted | 20 | 1"] {
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "{:?}",
            scratch.rows(history)
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn load_marks_killed_ones_before_it_as_interrupted() {
    let (server, scratch) = (serve_also(vec![]).await, Scratch::new());
    let shop: Merging = connect(&server);
    shop.load(&scratch.open()).await.unwrap();
    // As a killed load leaves it; and one of another resource.
    scratch.execute("UPDATE _rest_source_loads SET status = 'running', ended = NULL");
    scratch.execute(
        "INSERT INTO _rest_source_loads SELECT run, source, 'other', \"partition\", started, ended, \"rows\", requests,
         waited, status, error FROM _rest_source_loads",
    );
    let history = "SELECT resource, status FROM _rest_source_loads ORDER BY resource, started";
    server.faults().at(0, BAD_REQUEST);
    shop.load(&scratch.open()).await.unwrap_err();
    assert_eq!(
        scratch.rows(history),
        ["orders | interrupted", "orders | failed", "other | running"]
    );
    // The history is told by the locks, before another load has marked it.
    let last = scratch.open().last_loads().await.unwrap();
    let last: Vec<_> = last
        .iter()
        .map(|one| (&*one.load.resource, one.load.status))
        .collect();
    assert_eq!(
        last,
        [
            ("orders", LoadStatus::Failed),
            ("other", LoadStatus::Interrupted)
        ]
    );
}
