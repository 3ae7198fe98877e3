//! A loading process that is killed at any moment: the next run ends with rows equal to the
//! server's.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use rest_source::{Connector, Record};
use rest_source_load::{Load, Sqlite};
use rest_source_testkit::{Fault, Server, data};
use serde_json::json;

use crate::{
    sources::{grouped, ledger, media},
    stored::{Database, assert_table},
};

const URL: &str = "REST_SOURCE_E2E_URL";
const DATABASE: &str = "REST_SOURCE_E2E_DATABASE";
const SOURCE: &str = "REST_SOURCE_E2E_SOURCE";

/// How late the page is at which a child is killed: later than the kill on any machine.
const NEVER: Duration = Duration::from_secs(600);

/// The child: loads until it is killed. Run by the other tests, with the variables set.
#[tokio::test]
#[ignore = "run by the tests that kill it"]
async fn child() {
    let (Ok(url), Ok(database)) = (std::env::var(URL), std::env::var(DATABASE)) else {
        return;
    };
    let database = Sqlite::open(database).unwrap();
    let loaded = match std::env::var(SOURCE).as_deref() {
        Ok("ledger") => ledger(&url).load(&database).await,
        Ok("grouped") => grouped(&url).load(&database).await,
        Ok("refresh") => media(&url).load(&database).full_refresh().await,
        _ => media(&url).load(&database).await,
    };
    loaded.unwrap();
}

fn start(source: &str, server: &Server, database: &Database) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::child", "--ignored", "--quiet"])
        .env(URL, server.url())
        .env(DATABASE, database.path())
        .env(SOURCE, source)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Lets a child run until the server has seen so many requests and a moment more, then kills it.
/// Whether it was still running.
async fn kill_after(requests: usize, moment: Duration, child: Child, server: &Server) -> bool {
    kill_when(|| server.log().all().len() >= requests, moment, child).await
}

/// Lets a child run until a condition holds and a moment more, then kills it. Whether it was still running.
async fn kill_when(reached: impl Fn() -> bool, moment: Duration, mut child: Child) -> bool {
    while !reached() {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(moment).await;
    let running = child.try_wait().unwrap().is_none();
    // SIGKILL where there are signals.
    child.kill().unwrap();
    child.wait().unwrap();
    running
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merging_load() {
    let server = Server::start(data::media_insights()).await.unwrap();
    let (source, database) = (media(server.url()), Database::new());
    let mut killed = 0;
    for requests in [1, 2, 3, 5, 6, 7, 8, 9, 10, 11] {
        server.log().clear();
        // The next page is late, so that the child is at work on those before it.
        server.faults().at(requests - 1, Fault::Slow(NEVER));
        let child = start("media", &server, &database);
        let requests = usize::try_from(requests).unwrap();
        killed += u32::from(kill_after(requests, Duration::from_millis(20), child, &server).await);
        server.faults().clear();
        // The state of what was loaded before the kill is used: change something, too.
        server
            .dataset("stories")
            .update(requests, json!({ "name": "changed" }));
    }
    assert!(killed >= 5, "only {killed} were killed at work");
    source.load(&database.open()).await.unwrap();
    database.assert_equals(&source, &server);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_appends_and_replaces() {
    let mut killed = 0;
    // Fifteen pages of history, then fifteen of the snapshot.
    for requests in [1, 5, 10, 15, 16, 17, 20, 25, 30, 31] {
        let server = Server::start(data::media_insights()).await.unwrap();
        let (source, database) = (ledger(server.url()), Database::new());
        server.faults().at(requests - 1, Fault::Slow(NEVER));
        let child = start("ledger", &server, &database);
        let requests = usize::try_from(requests).unwrap();
        killed += u32::from(kill_after(requests, Duration::from_millis(20), child, &server).await);
        server.faults().clear();
        source.load(&database.open()).await.unwrap();
        for resource in &ledger::Source::plan().resources {
            assert_table(
                &database.path(),
                &resource.table,
                &server.dataset("stories").rows(),
            );
        }
    }
    assert!(killed >= 6, "only {killed} were killed at work");
}

#[tokio::test(flavor = "multi_thread")]
async fn at_any_moment() {
    let server = Server::start(data::media_insights()).await.unwrap();
    let database = Database::new();
    let (source, other_source) = (media(server.url()), ledger(server.url()));
    let other = Database::new();
    for moment in 0..12 {
        let moment = Duration::from_millis(3 * moment);
        server.log().clear();
        let child = start("media", &server, &database);
        kill_after(1, moment, child, &server).await;
        server.log().clear();
        let child = start("ledger", &server, &other);
        kill_after(1, moment, child, &server).await;
    }
    source.load(&database.open()).await.unwrap();
    database.assert_equals(&source, &server);
    other_source.load(&other.open()).await.unwrap();
    for resource in &ledger::Source::plan().resources {
        assert_table(
            &other.path(),
            &resource.table,
            &server.dataset("stories").rows(),
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_refresh() {
    let server = Server::start(data::media_insights()).await.unwrap();
    let (source, database) = (media(server.url()), Database::new());
    source.load(&database.open()).await.unwrap();
    let stories = server.dataset("stories");
    let before = stories.rows();
    stories.remove(250);
    stories.edit(7, |row| drop(row.insert("name".into(), json!("renamed"))));
    // There are three pages of stories.
    for page in [1, 2, 3] {
        server.log().clear();
        server
            .faults()
            .at_path("/v1/stories", page - 1, Fault::Slow(NEVER));
        let child = start("refresh", &server, &database);
        let asked_for = || server.log().of("/v1/stories").len() as u64 >= page;
        let running = kill_when(asked_for, Duration::from_millis(20), child).await;
        assert!(running, "the child ended before page {page} came");
        server.faults().clear();
        assert_table(&database.path(), media::Stories::TABLE, &before);
    }
    source.load(&database.open()).full_refresh().await.unwrap();
    database.assert_equals(&source, &server);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_replaces_groups() {
    let server = Server::start(data::media_insights()).await.unwrap();
    let (source, database) = (grouped(server.url()), Database::new());
    source.load(&database.open()).await.unwrap();
    let stories = server.dataset("stories");
    let before = stories.rows();
    assert_table(&database.path(), grouped::Stories::TABLE, &before);
    // A story less, and each other in the other group.
    stories.remove(250);
    for at in 0..stories.len() {
        stories.edit(at, |row| {
            let other = row["is_highlight"] != json!(true);
            row.insert("is_highlight".to_owned(), other.into());
        });
    }
    let mut killed = 0;
    // There are fifteen pages.
    for requests in [1, 2, 8, 14, 15] {
        server.log().clear();
        server.faults().at(requests - 1, Fault::Slow(NEVER));
        let child = start("grouped", &server, &database);
        let requests = usize::try_from(requests).unwrap();
        killed += u32::from(kill_after(requests, Duration::from_millis(20), child, &server).await);
        server.faults().clear();
        assert_table(&database.path(), grouped::Stories::TABLE, &before);
    }
    assert!(killed >= 3, "only {killed} were killed at work");
    source.load(&database.open()).await.unwrap();
    database.assert_equals(&source, &server);
}
