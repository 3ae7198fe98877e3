//! Each spec, through the attribute and through rustc.

use rest_source::{Connector, rest_source};

#[rest_source("../../specs/amazon_ads.yaml")]
mod amazon_ads {}

#[rest_source("../../specs/analytics_api_key.yaml")]
mod analytics_api_key {}

#[rest_source("../../specs/analytics_oauth2.yaml")]
mod analytics_oauth2 {}

#[rest_source("../../specs/call_center_overview.yaml")]
mod call_center_overview {}

#[rest_source("../../specs/datasets.yaml")]
mod datasets {}

#[rest_source("../../specs/elasticsearch.yaml")]
mod elasticsearch {}

#[rest_source("../../specs/fhir.yaml")]
mod fhir {}

#[rest_source("../../specs/freshdesk.yaml")]
mod freshdesk {}

#[rest_source("../../specs/github.yaml")]
mod github {}

#[rest_source("../../specs/google_analytics.yaml")]
mod google_analytics {}

#[rest_source("../../specs/google_calendar.yaml")]
mod google_calendar {}

#[rest_source("../../specs/guardian.yaml")]
mod guardian {}

#[rest_source("../../specs/media_insights.yaml")]
mod media_insights {}

#[rest_source("../../specs/metabase.yaml")]
mod metabase {}

#[rest_source("../../specs/microsoft_graph.yaml")]
mod microsoft_graph {}

#[rest_source("../../specs/notion.yaml")]
mod notion {}

#[rest_source("../../specs/okta.yaml")]
mod okta {}

#[rest_source("../../specs/openweather.yaml")]
mod openweather {}

#[rest_source("../../specs/salesforce.yaml")]
mod salesforce {}

#[rest_source("../../specs/scim.yaml")]
mod scim {}

#[rest_source("../../specs/slack.yaml")]
mod slack {}

#[rest_source("../../specs/stripe.yaml")]
mod stripe {}

#[rest_source("../../specs/twilio.yaml")]
mod twilio {}

fn resources<S: Connector>() -> Vec<String> {
    S::plan()
        .resources
        .iter()
        .map(|plan| plan.name.to_string())
        .collect()
}

#[test]
fn every_spec_of_the_documents_is_a_source_with_its_resources() {
    assert_eq!(resources::<analytics_api_key::Source>(), ["resource_name"]);
    assert_eq!(resources::<analytics_oauth2::Source>(), ["resource_name"]);
    assert_eq!(
        resources::<call_center_overview::Source>(),
        [
            "account_overview",
            "agents_overview",
            "current_queue_activity"
        ]
    );
    assert_eq!(resources::<datasets::Source>(), ["resource_name"]);
    assert_eq!(
        resources::<media_insights::Source>(),
        [
            "media_insights",
            "user_insights",
            "stories",
            "story_insights"
        ]
    );
}

#[test]
fn every_spec_of_a_public_api_is_a_source_with_its_resources() {
    assert_eq!(
        resources::<freshdesk::Source>(),
        [
            "tickets",
            "conversations",
            "contacts",
            "companies",
            "agents"
        ]
    );
    assert_eq!(
        resources::<github::Source>(),
        [
            "repositories",
            "issues",
            "issue_comments",
            "commits",
            "pull_requests",
            "issue_reactions",
            "reviews"
        ]
    );
    assert_eq!(
        resources::<guardian::Source>(),
        ["articles", "sections", "editions", "tags"]
    );
    assert_eq!(
        resources::<notion::Source>(),
        ["users", "pages", "databases", "blocks", "comments"]
    );
    assert_eq!(
        resources::<openweather::Source>(),
        ["one_call", "air_pollution"]
    );
    assert_eq!(
        resources::<slack::Source>(),
        ["users", "user_groups", "channels", "messages", "replies"]
    );
    assert_eq!(
        resources::<stripe::Source>(),
        [
            "charges",
            "customers",
            "invoices",
            "invoice_lines",
            "subscriptions",
            "events"
        ]
    );
    assert_eq!(
        resources::<twilio::Source>(),
        [
            "accounts",
            "messages",
            "message_media",
            "calls",
            "recordings",
            "daily_usage"
        ]
    );
}

#[test]
fn every_spec_of_jobs_deltas_and_sessions_is_a_source_with_its_resources() {
    assert_eq!(
        resources::<amazon_ads::Source>(),
        ["profiles", "campaign_reports", "search_term_reports"]
    );
    assert_eq!(
        resources::<google_analytics::Source>(),
        ["traffic", "pages"]
    );
    assert_eq!(
        resources::<google_calendar::Source>(),
        ["calendars", "events"]
    );
    assert_eq!(
        resources::<metabase::Source>(),
        [
            "users",
            "collections",
            "top_items",
            "collection_items",
            "databases",
            "cards"
        ]
    );
    assert_eq!(
        resources::<microsoft_graph::Source>(),
        ["users", "groups", "sign_ins"]
    );
    assert_eq!(
        resources::<okta::Source>(),
        ["users", "groups", "group_members", "logs"]
    );
    assert_eq!(resources::<scim::Source>(), ["users", "groups"]);
    assert_eq!(
        resources::<fhir::Source>(),
        ["patients", "encounters", "observations"]
    );
    assert_eq!(resources::<salesforce::Source>(), ["accounts", "contacts"]);
    assert_eq!(
        resources::<elasticsearch::Source>(),
        ["events", "documents", "indices"]
    );
}
