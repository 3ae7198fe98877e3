//! Each spec, through the attribute and through rustc.

use rest_source::{Connector, rest_source};

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

fn resources<S: Connector>() -> Vec<&'static str> {
    S::PLAN.resources.iter().map(|plan| plan.name).collect()
}

#[test]
fn every_spec_is_a_source_with_its_resources() {
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
