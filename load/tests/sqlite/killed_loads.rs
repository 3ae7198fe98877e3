//! A load that was killed, and the one that completes it.

use std::{sync::LazyLock, time::Duration};

use rest_source::{
    Column, Table, Type,
    plan::{Part, ResourcePlan, Template, WriteDisposition},
    shared::{Ref::Static, list},
};
use rest_source_load::{Load, LoadReport};
use rest_source_testkit::{Dataset, Fault, Server};
use serde_json::json;

use crate::shop::{CHANGED_ORDERS, ORDERS, Scratch, connect, plan, serve_also};

static VISITS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    name: Static("visits"),
    table: Static(const { &Table::new("visits", list![Column::new("id", Type::Bigint)]) }),
    path: Template(list![Part::Text(Static("visits"))]),
    write_disposition: WriteDisposition::Append,
    ..ORDERS
});
static APPENDED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    write_disposition: WriteDisposition::Append,
    ..CHANGED_ORDERS.clone()
});

static CLICKS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    name: Static("clicks"),
    table: Table::new("clicks", VISITS.table.columns.clone()).into(),
    path: Template(list![Part::Text(Static("clicks"))]),
    ..VISITS.clone()
});

crate::shop!(Appending, plan(&[&VISITS, &*CLICKS]));
static VIEWS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    name: Static("views"),
    table: Table::new("views", VISITS.table.columns.clone()).into(),
    path: Template(list![Part::Text(Static("views"))]),
    ..VISITS.clone()
});

crate::shop!(Others, plan(&[&*VIEWS]));
crate::shop!(Both, plan(&[&VISITS, &ORDERS]));
crate::shop!(Incremental, plan(&[&APPENDED, &VISITS]));

async fn serve() -> Server {
    let visits = Dataset::new("visits", "/visits", 4, |n| json!({ "id": n }));
    let clicks = Dataset::new("clicks", "/clicks", 3, |n| json!({ "id": n }));
    let views = Dataset::new("views", "/views", 2, |n| json!({ "id": n }));
    serve_also(vec![visits, clicks, views]).await
}

/// Loads, and is dropped while the page of this number waits.
async fn kill<S>(server: &Server, scratch: &Scratch, page: u64)
where
    S: Load<Secrets = (), Config = crate::shop::Url>,
{
    let shop: S = connect(server);
    server
        .faults()
        .at(page, Fault::Slow(Duration::from_secs(60)));
    let database = scratch.open();
    let load = shop.load(&database).resources_at_once(1);
    let killed = tokio::time::timeout(Duration::from_millis(500), load.into_future()).await;
    assert!(killed.is_err());
    server.faults().clear();
}

async fn load<S>(server: &Server, scratch: &Scratch) -> LoadReport
where
    S: Load<Secrets = (), Config = crate::shop::Url>,
{
    let shop: S = connect(server);
    shop.load(&scratch.open()).await.unwrap()
}

const VISITS_STORED: &str = "SELECT count(*) FROM visits";

#[tokio::test]
async fn resources_of_a_killed_load_are_not_appended_again() {
    let (server, scratch) = (serve().await, Scratch::new());
    for _ in 0..2 {
        kill::<Both>(&server, &scratch, 1).await;
        assert_eq!(scratch.rows(VISITS_STORED), ["4"]);
    }
    let report = load::<Both>(&server, &scratch).await;
    assert_eq!(scratch.rows(VISITS_STORED), ["4"]);
    scratch.assert_equals(&server);
    assert_eq!(report.appended_by_killed_load, ["visits"]);
    assert!(
        report
            .to_string()
            .ends_with("\nvisits    appended by the killed load, which this load completes"),
        "{report}"
    );

    // That load is over: the next is another.
    let report = load::<Both>(&server, &scratch).await;
    assert!(report.appended_by_killed_load.is_empty());
    assert_eq!(scratch.rows(VISITS_STORED), ["8"]);
}

#[tokio::test]
async fn failed_load_is_not_completed_by_the_next() {
    let (server, scratch) = (serve().await, Scratch::new());
    let shop: Both = connect(&server);
    server.faults().at(1, Fault::status(500));
    let database = scratch.open();
    let failing = shop.load(&database).resources_at_once(1);
    failing.await.unwrap_err();
    drop(database);
    let report = load::<Both>(&server, &scratch).await;
    assert!(report.appended_by_killed_load.is_empty());
    assert_eq!(scratch.rows(VISITS_STORED), ["8"]);
}

#[tokio::test]
async fn full_refresh_after_a_kill_replaces_the_appended_rows() {
    let (server, scratch) = (serve().await, Scratch::new());
    kill::<Both>(&server, &scratch, 1).await;
    let shop: Both = connect(&server);
    shop.load(&scratch.open()).full_refresh().await.unwrap();
    assert_eq!(scratch.rows(VISITS_STORED), ["4"]);
    load::<Both>(&server, &scratch).await;
    assert_eq!(scratch.rows(VISITS_STORED), ["8"]);
}

#[tokio::test]
async fn incremental_resource_resumes_after_a_kill() {
    let (server, scratch) = (serve().await, Scratch::new());
    kill::<Incremental>(&server, &scratch, 4).await;
    scratch.assert_equals(&server);
    server
        .dataset("orders")
        .insert(json!({ "id": 99, "status": "new" }));
    let report = load::<Incremental>(&server, &scratch).await;
    assert_eq!(report.resource("orders").unwrap().written, 1);
    scratch.assert_equals(&server);
    assert_eq!(scratch.rows(VISITS_STORED), ["4"]);
}

#[tokio::test]
async fn load_of_other_resources_does_not_complete_a_killed_load() {
    let (server, scratch) = (serve().await, Scratch::new());
    kill::<Both>(&server, &scratch, 1).await;
    let shop: Both = connect(&server);
    shop.load(&scratch.open()).resource("orders").await.unwrap();
    let report = load::<Both>(&server, &scratch).await;
    assert_eq!(report.appended_by_killed_load, ["visits"]);
    assert_eq!(scratch.rows(VISITS_STORED), ["4"]);
}

async fn load_only(names: &[&str], server: &Server, scratch: &Scratch) -> LoadReport {
    let shop: Appending = connect(server);
    let database = scratch.open();
    let load = shop.load(&database);
    let load = names.iter().fold(load, |load, name| load.resource(*name));
    load.await.unwrap()
}

fn appended(scratch: &Scratch) -> Vec<String> {
    scratch.rows("SELECT (SELECT count(*) FROM visits), (SELECT count(*) FROM clicks)")
}

#[tokio::test]
async fn load_of_another_spec_of_the_same_name_does_not_complete_a_killed_load() {
    let (server, scratch) = (serve().await, Scratch::new());
    kill::<Appending>(&server, &scratch, 1).await;
    let before = scratch.rows("SELECT count(*) FROM visits");
    assert_eq!(before, ["4"]);
    // It has none of the resources of the killed load, which is completed afterwards, and it appends in each load.
    for count in 1..=2 {
        load::<Others>(&server, &scratch).await;
        let views = scratch.rows("SELECT count(*) FROM views");
        assert_eq!(views, [(count * 2).to_string()]);
    }
    load::<Appending>(&server, &scratch).await;
    assert_eq!(scratch.rows("SELECT count(*) FROM visits"), ["4"]);
    assert_eq!(scratch.rows("SELECT count(*) FROM clicks"), ["3"]);
}

#[tokio::test]
async fn resources_loaded_after_a_kill_are_not_duplicated_by_the_completing_load() {
    let (server, scratch) = (serve().await, Scratch::new());
    kill::<Appending>(&server, &scratch, 1).await;
    load_only(&["clicks"], &server, &scratch).await;
    assert_eq!(appended(&scratch), ["4 | 3"]);
    let report = load_only(&[], &server, &scratch).await;
    assert_eq!(report.appended_by_killed_load, ["visits"]);
    assert_eq!(report.appended_after_kill, ["clicks"]);
    assert!(
        report
            .to_string()
            .ends_with("\nclicks    appended after the killed load, which this load completes"),
        "{report}"
    );
    assert_eq!(appended(&scratch), ["4 | 3"]);
    // That load is over: the next is another.
    load_only(&[], &server, &scratch).await;
    assert_eq!(appended(&scratch), ["8 | 6"]);
}

#[tokio::test]
async fn load_by_name_appends_after_a_kill() {
    let (server, scratch) = (serve().await, Scratch::new());
    kill::<Appending>(&server, &scratch, 1).await;
    let report = load_only(&["visits"], &server, &scratch).await;
    assert_eq!(report.appended_by_killed_load, ["visits"]);
    load_only(&["visits"], &server, &scratch).await;
    load_only(&["clicks"], &server, &scratch).await;
    load_only(&["clicks"], &server, &scratch).await;
    assert_eq!(appended(&scratch), ["8 | 6"]);
}

#[tokio::test]
async fn killed_load_by_name_is_completed_by_the_same_names() {
    let (server, scratch) = (serve().await, Scratch::new());
    let shop: Appending = connect(&server);
    let slow = Fault::Slow(Duration::from_secs(60));
    server.faults().at(1, slow);
    let database = scratch.open();
    let load = shop
        .load(&database)
        .resources_at_once(1)
        .resource("visits")
        .resource("clicks");
    let killed = tokio::time::timeout(Duration::from_millis(500), load.into_future()).await;
    assert!(killed.is_err());
    drop(database);
    server.faults().clear();
    load_only(&["clicks"], &server, &scratch).await;
    let report = load_only(&["clicks", "visits"], &server, &scratch).await;
    assert_eq!(report.appended_by_killed_load, ["visits"]);
    assert_eq!(report.appended_after_kill, ["clicks"]);
    assert_eq!(appended(&scratch), ["4 | 3"]);
    load_only(&["clicks", "visits"], &server, &scratch).await;
    assert_eq!(appended(&scratch), ["8 | 6"]);
}

#[tokio::test]
async fn running_load_is_not_mistaken_for_a_killed_one() {
    let (server, scratch) = (serve().await, Scratch::new());
    let (first, second): (Appending, Appending) = (connect(&server), connect(&server));
    server.faults().at(1, Fault::Slow(Duration::from_secs(60)));
    let database = scratch.open();
    let mut running = first
        .load(&database)
        .no_lock()
        .resources_at_once(1)
        .into_future();
    let waits = tokio::time::timeout(Duration::from_millis(500), &mut running).await;
    assert!(waits.is_err());
    assert_eq!(appended(&scratch), ["4 | 0"]);

    let error = second.load(&scratch.open()).no_lock().await.unwrap_err();
    let shown = error.to_string();
    assert!(
        shown.starts_with("`visits`: a load that is still running has appended this resource"),
        "{shown}"
    );
    assert!(error.loaded.appended_by_killed_load.is_empty());
    assert_eq!(appended(&scratch), ["4 | 3"]);
    drop(running);
    drop(database);
    // It was killed, and left no lock.
    let report = load_only(&[], &server, &scratch).await;
    assert_eq!(report.appended_by_killed_load, ["visits"]);
    let folder = scratch.path.parent().unwrap();
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 1);
}

#[tokio::test]
async fn lock_files_of_killed_loads_are_removed() {
    let (server, scratch) = (serve().await, Scratch::new());
    let folder = scratch.path.parent().unwrap();
    let lock = |run: &str| folder.join(format!("shop.db-load-{run}"));
    let (running, killed) = ("1-18c2f0a4b5d6e7f8", "2-18c2f0a4b5d6e7f8");
    let held = std::fs::File::create(lock(running)).unwrap();
    held.lock().unwrap();
    std::fs::write(lock(killed), "").unwrap();
    load_only(&[], &server, &scratch).await;
    assert!(lock(running).exists() && !lock(killed).exists());
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 2);
}

#[tokio::test]
async fn other_files_beside_the_database_are_kept() {
    let (server, scratch) = (serve().await, Scratch::new());
    let folder = scratch.path.parent().unwrap();
    let names = ["notes.txt", "2026-11-29.log", "backup.db", "1-2", "1-"];
    for name in names {
        std::fs::write(folder.join(format!("shop.db-load-{name}")), name).unwrap();
    }
    load_only(&[], &server, &scratch).await;
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), names.len() + 1);
}

#[cfg(unix)]
#[tokio::test]
async fn named_pipe_with_the_name_of_a_lock_does_not_block() {
    let (server, scratch) = (serve().await, Scratch::new());
    let pipe = scratch
        .path
        .with_file_name("shop.db-load-1-18c2f0a4b5d6e7f8");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    load_only(&[], &server, &scratch).await;
    assert!(pipe.exists());
}
