//! The APIs of the five documents, on a loopback server.

use rest_source::Client;
use rest_source_datafusion::datafusion::arrow::array::RecordBatch;
use rest_source_testkit::{Api, Server, data};

use crate::{batches, copy, number, session_of, spec};

async fn connect(name: &str, api: Api) -> (Client, Server) {
    let server = Server::start(api).await.unwrap();
    let path = format!("specs/{name}.yaml");
    let client = rest_source_dynamic::client(&path, &spec(name)).unwrap();
    let client = client.setting("base_url", server.url());
    let client = if name == "analytics_oauth2" {
        client
            .setting("token_url", server.token_url())
            .secret("client_id", data::CLIENT_ID)
            .secret("client_secret", data::CLIENT_SECRET)
    } else {
        client.secret("api_key", data::API_KEY)
    };
    (client.build().unwrap(), server)
}

fn all() -> [(&'static str, Api); 5] {
    [
        ("media_insights", data::media_insights()),
        ("analytics_api_key", data::analytics_api_key()),
        ("analytics_oauth2", data::analytics_oauth2()),
        ("call_center_overview", data::call_center_overview()),
        ("datasets", data::datasets()),
    ]
}

#[tokio::test]
async fn each_resource_is_a_table_with_all_of_its_records() {
    for (name, api) in all() {
        let (client, server) = connect(name, api).await;
        let session = session_of("api", &client, 4);
        for dataset in server.datasets() {
            let table = format!("api.{}", dataset.name());
            let counted = number(&session, &format!("SELECT count(*) FROM {table}")).await;
            assert_eq!(counted, dataset.len(), "{name}.{}", dataset.name());
            // Every column of every record has its Arrow type.
            let sql = format!("SELECT * FROM {table}");
            let batches = batches(&session, &sql).await.unwrap();
            let read: usize = batches.iter().map(RecordBatch::num_rows).sum();
            assert_eq!(read, dataset.len(), "{name}.{}", dataset.name());
        }
    }
}

#[tokio::test]
async fn ten_records_are_one_page() {
    for (name, api) in all() {
        let (client, server) = connect(name, api).await;
        let session = session_of("api", &client, 4);
        for dataset in server.datasets() {
            let sql = format!("SELECT * FROM api.{} LIMIT 10", dataset.name());
            let batches = batches(&session, &sql).await.unwrap();
            let read: usize = batches.iter().map(RecordBatch::num_rows).sum();
            assert_eq!(read, 10);
            let asked = server.log().of(dataset.path());
            assert_eq!(asked.len(), 1, "{name}.{}: {asked:?}", dataset.name());
        }
    }
}

#[tokio::test]
async fn a_bound_on_the_cursor_asks_for_its_range_only() {
    let (client, server) = connect("media_insights", data::media_insights()).await;
    let session = session_of("media", &client, 4);
    let newest = server.dataset("stories").newest().unwrap();
    let day = std::time::Duration::from_secs(24 * 60 * 60);
    let bound = newest.checked_sub(day).unwrap();
    let sql = format!("SELECT count(*) FROM media.stories WHERE updated_at > '{bound}'");
    let found = number(&session, &sql).await;
    let asked = server.log().of("/v1/stories");
    let since = bound.to_string();
    assert!(
        asked
            .iter()
            .all(|request| request.param("updated_since") == Some(&since)),
        "{asked:?}"
    );

    server.log().clear();
    copy(&session, "media.stories").await;
    let all = format!("SELECT count(*) FROM copy WHERE updated_at > '{bound}'");
    assert_eq!(number(&session, &all).await, found);
    let whole = server.log().of("/v1/stories");
    assert!(
        found < server.dataset("stories").len() && asked.len() < whole.len(),
        "{asked:?}"
    );
}

#[tokio::test]
async fn resources_are_joined() {
    let (client, server) = connect("media_insights", data::media_insights()).await;
    let session = session_of("media", &client, 4);
    let sql =
        "SELECT count(*) FROM media.story_insights i JOIN media.stories s ON i.story_id = s.id";
    let joined = number(&session, sql).await;
    let stories = server.dataset("stories").rows();
    let ids: Vec<_> = stories.iter().map(|story| story["id"].clone()).collect();
    let insights = server.dataset("story_insights").rows();
    let expected = insights
        .iter()
        .filter(|insight| ids.contains(&insight["story_id"]));
    assert_eq!(joined, expected.count());
}
