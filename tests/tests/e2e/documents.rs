//! The five documents: every record equals what the server holds, typed and stored, and nothing is
//! asked that need not be.

use rest_source_load::Load;
use rest_source_testkit::{Paging, Server, Total, data};

use crate::{
    agree::assert_same,
    sources::{analytics_api_key, analytics_oauth2, call_center, datasets, media},
    stored::Database,
};

/// Asserts that a resource is fetched whole, its records typed, by the requests that it takes.
macro_rules! assert_fetched {
    ($server:ident, $source:ident: $($resource:ident)*) => {$(
        $server.log().clear();
        let records = $source.$resource().all().await.unwrap();
        let data = $server.dataset(stringify!($resource));
        assert_same(&records, &data.rows());
        assert_eq!(sorted($server.log().offsets(data.path())), offsets(data.len()));
        assert_eq!($server.log().all().len(), $server.log().of(data.path()).len());
    )*};
}

/// The offsets that it takes to read so many rows: a total that is no more than a hint ends the
/// pages where the last was not full.
fn offsets(rows: usize) -> Vec<usize> {
    (0..=rows).step_by(100).collect()
}

fn sorted(mut offsets: Vec<usize>) -> Vec<usize> {
    offsets.sort_unstable();
    offsets
}

/// Asserts that every request had the limit, and the key once.
#[track_caller]
fn assert_key_on_every_request(server: &Server) {
    let requests = server.log().all();
    assert!(!requests.is_empty());
    for request in requests {
        assert_eq!(request.params("api_key"), [data::API_KEY], "{request:?}");
        assert_eq!(request.params("limit"), ["100"], "{request:?}");
        assert_eq!(request.params("offset").len(), 1, "{request:?}");
        assert_eq!(request.header("referer"), None, "{request:?}");
    }
}

#[tokio::test]
async fn media_insights() {
    let server = Server::start(data::media_insights()).await.unwrap();
    let source = media(server.url());
    assert_fetched!(server, source: media_insights user_insights stories story_insights);

    let database = Database::new();
    server.log().clear();
    source.load(&database.open()).await.unwrap();
    database.assert_equals(&source, &server);
    assert_key_on_every_request(&server);
}

#[tokio::test]
async fn call_center_overview() {
    let server = Server::start(data::call_center_overview()).await.unwrap();
    let source = call_center(server.url());
    assert_fetched!(server, source: account_overview agents_overview current_queue_activity);

    let database = Database::new();
    server.log().clear();
    source.load(&database.open()).await.unwrap();
    database.assert_equals(&source, &server);
    assert_key_on_every_request(&server);
}

#[tokio::test]
async fn analytics_with_an_api_key() {
    let server = Server::start(data::analytics_api_key()).await.unwrap();
    let source = analytics_api_key(server.url());
    assert_fetched!(server, source: resource_name);
    assert_key_on_every_request(&server);

    let database = Database::new();
    source.load(&database.open()).await.unwrap();
    database.assert_equals(&source, &server);
}

#[tokio::test]
async fn the_catalogue_of_datasets() {
    let server = Server::start(data::datasets()).await.unwrap();
    let source = datasets(server.url());
    assert_fetched!(server, source: resource_name);
    assert_key_on_every_request(&server);

    let database = Database::new();
    source.load(&database.open()).await.unwrap();
    database.assert_equals(&source, &server);
}

#[tokio::test]
async fn analytics_with_oauth2() {
    let server = Server::start(data::analytics_oauth2()).await.unwrap();
    let source = analytics_oauth2(server.url());
    let records = source.resource_name().all().await.unwrap();
    let held = server.dataset("resource_name");
    assert_same(&records, &held.rows());
    assert_eq!(
        sorted(server.log().offsets(held.path())),
        offsets(held.len())
    );

    let database = Database::new();
    source.load(&database.open()).await.unwrap();
    database.assert_equals(&source, &server);

    // One token for all of it.
    assert_eq!(server.log().of("/oauth/token").len(), 1);
    let [token] = server.tokens().issued().try_into().unwrap();
    for request in server.log().of(held.path()) {
        let bearer = format!("Bearer {token}");
        assert_eq!(request.header("authorization"), Some(bearer.as_str()));
        assert!(!format!("{request:?}").contains(data::CLIENT_SECRET));
    }
}

#[tokio::test]
async fn a_token_that_is_taken_back_is_renewed_once() {
    let server = Server::start(data::analytics_oauth2()).await.unwrap();
    let source = analytics_oauth2(server.url());
    let mut pages = source.resource_name().concurrency(1).pages();
    let mut received = pages.next().await.unwrap().unwrap().len();
    server.tokens().revoke();
    while let Some(page) = pages.next().await {
        received += page.unwrap().len();
    }
    assert_eq!(received, 505);
    assert_eq!(server.log().of("/oauth/token").len(), 2);
}

#[tokio::test]
async fn text_is_the_same_with_escapes_and_without() {
    let server = Server::start(data::media_insights().escaped())
        .await
        .unwrap();
    let source = media(server.url());
    assert_fetched!(server, source: media_insights user_insights stories story_insights);
}

#[tokio::test]
async fn records_are_the_same_one_request_at_a_time_and_side_by_side() {
    let server = Server::start(data::media_insights()).await.unwrap();
    let source = media(server.url());
    for total in [Total::Right, Total::Absent] {
        server.set_paging(Paging {
            total,
            ..Paging::default()
        });
        for concurrency in [1, 2, 7] {
            let insights = source.story_insights().concurrency(concurrency);
            assert_same(
                &insights.all().await.unwrap(),
                &server.dataset("story_insights").rows(),
            );
        }
    }
}
