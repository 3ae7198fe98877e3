//! The quickstart, run as a newcomer runs it: what it leaves behind is what its server holds.

use std::process::Command;

use rest_source::Connector;
use rest_source_testkit::{Dataset, Server, data};
use serde_json::json;

use crate::{
    printed::assert_no_secret,
    sources::media,
    stored::{Database, assert_table},
};

/// Runs it in the database's folder, with the API of these variables, if any; gives what it printed.
fn run(database: &Database, api: Option<(&str, &str)>) -> String {
    let workspace = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let mut command = Command::new(env!("CARGO"));
    command
        .args(["run", "--quiet", "--example", "quickstart"])
        .args(["--manifest-path", workspace])
        .current_dir(database.directory())
        .env_remove("MEDIA_INSIGHTS_API_KEY")
        .env_remove("MEDIA_INSIGHTS_BASE_URL");
    if let Some((key, url)) = api {
        command
            .env("MEDIA_INSIGHTS_API_KEY", key)
            .env("MEDIA_INSIGHTS_BASE_URL", url);
    }
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (printed, errors) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{errors}");
    assert_no_secret(&printed);
    assert_no_secret(&errors);
    printed
}

/// Asserts that it left these behind.
fn assert_left(database: &Database, held: &[Dataset]) {
    let file = database.directory().join("quickstart.db");
    for (dataset, resource) in held.iter().zip(&media::Source::plan().resources) {
        assert_eq!(dataset.name(), resource.name.as_str());
        assert_table(&file, &resource.table, &dataset.rows());
    }
}

#[test]
fn without_an_argument_it_asks_a_server_of_its_own() {
    let database = Database::new();
    let printed = run(&database, None);
    assert!(
        printed.contains("\nstories ") && printed.contains(" retries, "),
        "{printed}"
    );
    let held = data::media_insights().datasets;
    // What changes at the server between the two loads.
    let stories = held.iter().find(|data| data.name() == "stories").unwrap();
    stories.update(0, json!({ "name": "changed" }));
    stories.insert(json!({ "id": "story-new", "name": "new" }));
    assert_left(&database, &held);
}

#[tokio::test]
async fn with_a_key_and_a_url_it_asks_that_api() {
    let server = Server::start(data::media_insights()).await.unwrap();
    let url = server.url().to_owned();
    let database = tokio::task::spawn_blocking(move || {
        let database = Database::new();
        run(&database, Some((data::API_KEY, &url)));
        database
    });
    assert_left(&database.await.unwrap(), server.datasets());
    assert!(!server.log().of("/v1/stories").is_empty());
}
