//! Each spec, through the build script and through rustc, in a crate with every lint on.

#![deny(
    missing_docs,
    nonstandard_style,
    unreachable_pub,
    unused,
    clippy::all,
    clippy::pedantic
)]

use rest_source::{Connector, Record};

rest_source::include_source!("amazon_ads");
rest_source::include_source!("analytics_api_key");
rest_source::include_source!("analytics_oauth2");
rest_source::include_source!("call_center_overview");
rest_source::include_source!("datasets");
rest_source::include_source!("elasticsearch");
rest_source::include_source!("fhir");
rest_source::include_source!("freshdesk");
rest_source::include_source!("github");
rest_source::include_source!("google_analytics");
rest_source::include_source!("google_calendar");
rest_source::include_source!("guardian");
rest_source::include_source!("media_insights");
rest_source::include_source!("metabase");
rest_source::include_source!("microsoft_graph");
rest_source::include_source!("notion");
rest_source::include_source!("okta");
rest_source::include_source!("openweather");
rest_source::include_source!("salesforce");
rest_source::include_source!("scim");
rest_source::include_source!("slack");
rest_source::include_source!("stripe");
rest_source::include_source!("twilio");

/// A source, and the functions that its records go through.
pub mod with_steps {
    use stepped::{Comments, Plain, Posts};

    rest_source::include_source!("stepped");

    fn is_shown(post: &Posts) -> bool {
        post.id != "hidden"
    }

    fn tidied(post: Posts) -> Posts {
        post
    }

    fn translated(post: Posts) -> [Posts; 2] {
        [post.clone(), post]
    }

    fn signed(comment: Comments) -> Comments {
        comment
    }

    fn unpacked(event: rest_source::Json) -> [rest_source::Json; 1] {
        [event]
    }

    fn is_noted(post: &Plain) -> bool {
        post.note.is_some()
    }

    fn is_song(post: &Plain) -> bool {
        post.kind == Some(stepped::PlainKind::Song)
    }
}

mod by_attribute {
    #[rest_source::rest_source("../../specs/media_insights.yaml")]
    pub mod media_insights {}
}

/// A plan as it is, but for where its spec was seen from.
fn plan<S: Connector>() -> String {
    let plan = format!("{:?}", S::plan());
    plan.replace("../../specs/", "specs/")
        .replace("../specs/", "specs/")
}

#[test]
fn a_generated_source_is_the_attributes() {
    assert_eq!(
        plan::<media_insights::Source>(),
        plan::<by_attribute::media_insights::Source>()
    );
    assert_eq!(
        media_insights::Stories::TABLE,
        by_attribute::media_insights::Stories::TABLE
    );
}

#[test]
fn every_spec_is_a_source_with_its_resources() {
    fn resources<S: Connector>() -> usize {
        S::plan().resources.len()
    }
    assert_eq!(resources::<analytics_api_key::Source>(), 1);
    assert_eq!(resources::<analytics_oauth2::Source>(), 1);
    assert_eq!(resources::<call_center_overview::Source>(), 3);
    assert_eq!(resources::<datasets::Source>(), 1);
    assert_eq!(resources::<freshdesk::Source>(), 5);
    assert_eq!(resources::<github::Source>(), 7);
    assert_eq!(resources::<guardian::Source>(), 4);
    assert_eq!(resources::<media_insights::Source>(), 4);
    assert_eq!(resources::<notion::Source>(), 5);
    assert_eq!(resources::<openweather::Source>(), 2);
    assert_eq!(resources::<slack::Source>(), 5);
    assert_eq!(resources::<stripe::Source>(), 6);
    assert_eq!(resources::<twilio::Source>(), 6);
    assert_eq!(resources::<amazon_ads::Source>(), 3);
    assert_eq!(resources::<google_analytics::Source>(), 2);
    assert_eq!(resources::<google_calendar::Source>(), 2);
    assert_eq!(resources::<metabase::Source>(), 6);
    assert_eq!(resources::<microsoft_graph::Source>(), 3);
    assert_eq!(resources::<okta::Source>(), 4);
    assert_eq!(resources::<scim::Source>(), 2);
    assert_eq!(resources::<fhir::Source>(), 3);
    assert_eq!(resources::<salesforce::Source>(), 2);
    assert_eq!(resources::<elasticsearch::Source>(), 3);
    assert_eq!(resources::<with_steps::stepped::Source>(), 4);
}
