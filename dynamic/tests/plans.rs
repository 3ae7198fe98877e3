//! A plan that is made at run time is the one that a compiled connector holds.

#![cfg(test)]

use std::sync::Arc;

use rest_source::{
    Client, Connector, Secret,
    plan::{Part, ResourcePlan, SourcePlan, Template},
    rest_source,
    shared::Ref,
};
use rest_source_dynamic::SpecError;
use rest_source_testkit::{Server, data};

#[rest_source("../../specs/analytics_api_key.yaml")]
mod analytics_api_key {}

#[rest_source("../../specs/analytics_oauth2.yaml")]
mod analytics_oauth2 {}

#[rest_source("../../specs/call_center_overview.yaml")]
mod call_center_overview {}

#[rest_source("../../specs/datasets.yaml")]
mod datasets {}

#[rest_source("../../specs/media_insights.yaml")]
mod media_insights {}

#[rest_source("../../specs/freshdesk.yaml")]
mod freshdesk {}

#[rest_source("../../specs/github.yaml")]
mod github {}

#[rest_source("../../specs/guardian.yaml")]
mod guardian {}

#[rest_source("../../specs/notion.yaml")]
mod notion {}

#[rest_source("../../specs/openweather.yaml")]
mod openweather {}

#[rest_source("../../specs/slack.yaml")]
mod slack {}

#[rest_source("../../specs/stripe.yaml")]
mod stripe {}

#[rest_source("../../specs/twilio.yaml")]
mod twilio {}

#[rest_source("../../specs/amazon_ads.yaml")]
mod amazon_ads {}

#[rest_source("../../specs/google_analytics.yaml")]
mod google_analytics {}

#[rest_source("../../specs/google_calendar.yaml")]
mod google_calendar {}

#[rest_source("../../specs/metabase.yaml")]
mod metabase {}

#[rest_source("../../specs/microsoft_graph.yaml")]
mod microsoft_graph {}

#[rest_source("../../specs/okta.yaml")]
mod okta {}

#[rest_source("../../specs/scim.yaml")]
mod scim {}

#[rest_source("../../specs/fhir.yaml")]
mod fhir {}

#[rest_source("../../specs/salesforce.yaml")]
mod salesforce {}

#[rest_source("../../specs/elasticsearch.yaml")]
mod elasticsearch {}

#[rest_source("../../tests/tests/everything/spec.yaml")]
mod everything {}

#[rest_source("./choices.yaml")]
mod choices {}

/// The plan of the spec that a connector was compiled from.
fn plan<S: Connector>() -> Ref<SourcePlan> {
    // As the attribute, from the folder of this file.
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let text = std::fs::read_to_string(folder.join(S::plan().spec.as_str())).unwrap();
    rest_source_dynamic::plan(&S::plan().spec, &text).unwrap()
}

#[track_caller]
fn assert_same_plan<S: Connector>() {
    assert_eq!(plan::<S>(), S::plan());
}

#[test]
fn the_plan_of_every_spec_is_the_compiled_connectors() {
    assert_same_plan::<analytics_api_key::Source>();
    assert_same_plan::<analytics_oauth2::Source>();
    assert_same_plan::<call_center_overview::Source>();
    assert_same_plan::<datasets::Source>();
    assert_same_plan::<media_insights::Source>();
    assert_same_plan::<freshdesk::Source>();
    assert_same_plan::<github::Source>();
    assert_same_plan::<guardian::Source>();
    assert_same_plan::<notion::Source>();
    assert_same_plan::<openweather::Source>();
    assert_same_plan::<slack::Source>();
    assert_same_plan::<stripe::Source>();
    assert_same_plan::<twilio::Source>();
    assert_same_plan::<amazon_ads::Source>();
    assert_same_plan::<google_analytics::Source>();
    assert_same_plan::<google_calendar::Source>();
    assert_same_plan::<metabase::Source>();
    assert_same_plan::<microsoft_graph::Source>();
    assert_same_plan::<okta::Source>();
    assert_same_plan::<scim::Source>();
    assert_same_plan::<fhir::Source>();
    assert_same_plan::<salesforce::Source>();
    assert_same_plan::<elasticsearch::Source>();
    let specs = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../specs"));
    assert_eq!(specs.unwrap().count(), 23, "a spec is not compared here");
}

#[test]
fn nothing_that_a_spec_can_say_is_lost_in_its_plan() {
    assert_same_plan::<everything::Source>();
    assert_same_plan::<choices::Source>();
}

/// The path of the Rust code that a spec cannot be run without.
#[track_caller]
fn needed(text: &str) -> String {
    match rest_source_dynamic::client("tiles.yaml", text) {
        Err(SpecError::NeedsRust(needs)) => needs.path,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_spec_with_mistakes_is_an_error_that_shows_each() {
    let text = "
client: { base_url: https://api.example.com, paginator: single_page }
resources:
  - name: tiles
    columns: { id: texd! }
    selectd: false
";
    let error = rest_source_dynamic::plan("tiles.yaml", text)
        .unwrap_err()
        .to_string();
    assert!(error.contains("tiles.yaml:5:20"), "{error}");
    assert!(error.contains("tiles.yaml:6:5"), "{error}");
    assert!(error.contains("did you mean `selected`?"), "{error}");
}

#[test]
fn credentials_of_the_users_own_are_named_wherever_they_stand() {
    let text = "
client:
  base_url: https://api.example.com
  paginator: single_page
  auth:
    type: one_of
    choices:
      token: { type: bearer, token: '{secrets.token}' }
      signed: { type: custom, rust: 'crate::Signature', with: { key: '{secrets.key}' } }
resources:
  - name: tiles
    columns: { id: text! }
";
    assert_eq!(needed(text), "crate::Signature");
}

#[test]
fn a_source_with_rust_of_its_own_is_not_run_as_something_else() {
    let text = "
client:
  base_url: https://api.example.com
  paginator: { type: custom, rust: crate::TILES }
resources:
  - name: tiles
    columns: { id: text! }
";
    assert_eq!(needed(text), "crate::TILES");
}

#[test]
fn a_source_with_steps_of_its_own_is_not_run_without_them() {
    let text = "
client: { base_url: https://api.example.com, paginator: single_page }
resources:
  - name: tiles
    processing_steps: [{ filter: crate::is_shown }, { map: crate::shown }]
    columns: { id: text! }
  - name: parts
    endpoint: { path: 'tiles/{resources.tiles.id}/parts' }
    columns: { id: text! }
";
    assert_eq!(needed(text), "crate::is_shown");
}

fn connect<S: Connector, const N: usize>(server: &Server, secrets: [&str; N]) -> (S, Client) {
    let plan = plan::<S>();
    let settings = |client: rest_source::Builder<Client>| {
        plan.config
            .iter()
            .fold(client, |client, setting| match &*setting.name {
                "base_url" => client.setting("base_url", server.url()),
                "token_url" => client.setting("token_url", server.token_url()),
                _ => client,
            })
    };
    let secrets = || secrets.map(Secret::from).to_vec();
    let compiled = Client::builder(S::plan()).secrets(secrets());
    let planned = Client::builder(&plan).secrets(secrets());
    let compiled = settings(compiled).build().unwrap();
    (S::from_client(compiled), settings(planned).build().unwrap())
}

/// Asserts that every resource gives the same records by both, and as many as the server has.
macro_rules! assert_same_records {
    ($source:ident, $secrets:expr) => {{
        let server = Server::start(data::$source()).await.unwrap();
        let (compiled, planned) = connect::<$source::Source, _>(&server, $secrets);
        let theirs = $source::Source::plan();
        for (ours, theirs) in planned.plan().resources.iter().zip(&theirs.resources) {
            let rows = rows(&planned, ours).await;
            assert_eq!(rows, self::rows(compiled.client(), theirs).await);
            assert_eq!(
                rows.len(),
                server.dataset(&ours.name).len(),
                "{}",
                ours.name
            );
        }
    }};
}

/// The rows of a resource, every value of them.
async fn rows(client: &Client, resource: &Ref<ResourcePlan>) -> Vec<String> {
    let mut pages = client.rows(resource).pages();
    let mut rows = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        rows.extend(page.rows().iter().map(|row| format!("{row:?}")));
    }
    rows
}

#[tokio::test]
async fn the_records_of_every_spec_are_the_compiled_connectors() {
    assert_same_records!(analytics_api_key, [data::API_KEY]);
    assert_same_records!(analytics_oauth2, [data::CLIENT_ID, data::CLIENT_SECRET]);
    assert_same_records!(call_center_overview, [data::API_KEY]);
    assert_same_records!(datasets, [data::API_KEY]);
    assert_same_records!(media_insights, [data::API_KEY]);
}

#[test]
fn a_plan_is_dropped_with_the_last_client_of_it() {
    let plan = Arc::new(SourcePlan {
        name: "shop".into(),
        base_url: Template(vec![Part::Text("https://api.example.com".into())].into()),
        ..SourcePlan::DEFAULT
    });
    let kept = Arc::downgrade(&plan);
    let client = Client::builder(Ref::from(plan)).build().unwrap();
    let other = client.clone();
    drop(client);
    assert!(kept.upgrade().is_some());
    drop(other);
    assert!(kept.upgrade().is_none());
}
