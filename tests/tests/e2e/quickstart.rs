//! The quickstart, run as a newcomer runs it: what it leaves behind is what its server holds.

use std::process::Command;

use rest_source::Connector;
use rest_source_tests::data;
use serde_json::json;

use crate::{
    printed::assert_no_secret,
    sources::media,
    stored::{Database, assert_table},
};

#[test]
fn it_leaves_a_database_that_equals_the_server() {
    let database = Database::new();
    let workspace = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let run = Command::new(env!("CARGO"))
        .args([
            "run",
            "--quiet",
            "--example",
            "quickstart",
            "--manifest-path",
            workspace,
        ])
        .current_dir(database.directory())
        .env_remove("MEDIA_INSIGHTS_API_KEY")
        .env_remove("MEDIA_INSIGHTS_BASE_URL")
        .output()
        .unwrap();
    let (printed, errors) = (text(&run.stdout), text(&run.stderr));
    assert!(run.status.success(), "{errors}");
    assert!(
        printed.contains("\nstories ") && printed.contains("repeated"),
        "{printed}"
    );
    assert_no_secret(&printed);
    assert_no_secret(&errors);

    let held = data::media_insights().datasets;
    for (dataset, resource) in held.iter().zip(media::Source::PLAN.resources) {
        if dataset.name() == "stories" {
            // What changes at the server between the two loads.
            dataset.update(0, json!({ "name": "changed" }));
            dataset.insert(json!({ "id": "story-new", "name": "new" }));
        }
        assert_eq!(dataset.name(), resource.name);
        let file = database.directory().join("quickstart.db");
        assert_table(&file, resource.table, &dataset.rows());
    }
}

fn text(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}
