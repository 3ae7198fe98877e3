//! Only what is new: what the second load asks for, and what is in the database then.

use rest_source::Connector;
use rest_source_load::Load;
use rest_source_testkit::{Fault, Seen, Server, data};
use serde_json::json;

use crate::{
    sources::{call_center, journal, media},
    stored::{Database, assert_table},
};

/// What the requests for a path carried in a parameter.
fn sent(server: &Server, path: &str, param: &str) -> Vec<Option<String>> {
    let value = |request: &Seen| request.param(param).map(str::to_owned);
    let mut sent: Vec<_> = server.log().of(path).iter().map(value).collect();
    sent.dedup();
    sent
}

#[tokio::test]
async fn the_second_load_asks_for_what_is_new_and_the_database_equals_the_server() {
    let server = Server::start(data::media_insights()).await.unwrap();
    let (source, database) = (media(server.url()), Database::new());
    let (stories, insights) = (server.dataset("stories"), server.dataset("media_insights"));
    source.load(&database.open()).await.unwrap();
    assert_eq!(sent(&server, stories.path(), "updated_since"), [None]);
    let initial = Some("2024-01-01T00:00:00Z".to_owned());
    assert_eq!(
        sent(&server, insights.path(), "updated_since"),
        std::slice::from_ref(&initial)
    );

    let newest = stories.newest().map(|newest| newest.to_string());
    stories.update(17, json!({ "name": "changed", "mentions": null }));
    stories.insert(json!({ "id": "a new one" }));
    insights.update(249, json!({ "kind": "mural" }));
    server.log().clear();
    let report = source.load(&database.open()).await.unwrap();
    database.assert_equals(&source, &server);
    assert_eq!(sent(&server, stories.path(), "updated_since"), [newest]);
    let loaded = report.resource("stories").unwrap();
    // What is as old as the newest is merged again.
    assert_eq!((loaded.written, loaded.rows), (3, Some(301)));
    assert_eq!(report.resource("media_insights").unwrap().written, 2);

    // With nothing new, that alone is written.
    let report = source
        .load(&database.open())
        .resource("stories")
        .await
        .unwrap();
    assert_eq!(report.resource("stories").unwrap().written, 1);
    database.assert_equals(&source, &server);

    // A full refresh sends no cursor, but where the spec begins with one.
    stories.remove(3);
    server.log().clear();
    source.load(&database.open()).full_refresh().await.unwrap();
    database.assert_equals(&source, &server);
    assert_eq!(sent(&server, stories.path(), "updated_since"), [None]);
    assert_eq!(sent(&server, insights.path(), "updated_since"), [initial]);
}

#[tokio::test]
async fn changes_go_on_for_many_loads() {
    let server = Server::start(data::call_center_overview()).await.unwrap();
    let (source, database) = (call_center(server.url()), Database::new());
    let (accounts, agents) = (
        server.dataset("account_overview"),
        server.dataset("agents_overview"),
    );
    for round in 0..5_usize {
        source.load(&database.open()).await.unwrap();
        database.assert_equals(&source, &server);
        for at in 0..round {
            accounts.update(at * 7, json!({ "total_calls": round }));
            agents.update(
                at * 11,
                json!({ "calls_taken": round, "skills": [round.to_string()] }),
            );
        }
        agents.insert(json!({ "id": 1000 + round }));
    }
}

#[tokio::test]
async fn a_state_carries_a_fetch_on_without_a_database() {
    let server = Server::start(data::media_insights()).await.unwrap();
    let source = media(server.url());
    let mut pages = source.stories().pages();
    while let Some(page) = pages.next().await {
        page.unwrap();
    }
    let state = pages.state().unwrap();
    let stories = server.dataset("stories");
    stories.update(5, json!({ "name": "changed" }));
    let new = source.stories().since(state).all().await.unwrap();
    let ids: Vec<&str> = new.iter().map(|story| story.id.as_str()).collect();
    assert_eq!(ids, ["story-00005"]);
}

#[tokio::test]
async fn in_ascending_order_a_load_that_broke_off_goes_on_where_it_was() {
    let server = Server::start(data::media_insights()).await.unwrap();
    let stories = server.dataset("stories");
    stories.sort();
    // Several of one instant, on either side of a page's end.
    for at in 96..104 {
        let instant = stories.row(100).unwrap()["updated_at"].clone();
        stories.edit(at, |row| drop(row.insert("updated_at".into(), instant)));
    }
    let (source, database) = (journal(server.url()), Database::new());
    let entries = journal::Source::plan().resources[0].table.clone();
    for _ in 0..2 {
        // Five pages come, the sixth does not.
        server.faults().at(5, Fault::status(404));
        source.load(&database.open()).await.unwrap_err();
        server.faults().clear();
    }
    server.log().clear();
    source.load(&database.open()).await.unwrap();
    assert_table(&database.path(), &entries, &stories.rows());
    // Twice five pages of twenty had come before, less what came twice.
    assert!(server.log().all().len() <= 6);
}
