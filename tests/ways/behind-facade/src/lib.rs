//! Connectors of a crate that does not depend on rest-source itself, by the attribute and by the build
//! script.

use rest_source_way_facade::rest_source;

#[rest_source::rest_source(
    "../../../../specs/media_insights.yaml",
    crate = "rest_source_way_facade::rest_source"
)]
pub mod attribute {}

/// By the build script.
pub mod build_script {
    rest_source_way_facade::rest_source::include_source!("media_insights");
}

#[cfg(test)]
mod tests {
    use rest_source_mock::{Mocked, json};

    use super::{attribute, build_script::media_insights, rest_source};

    /// Fetches a story from a mock by each connector.
    macro_rules! fetches_a_story {
        ($($test:ident: $source:path;)*) => {$(
            #[tokio::test]
            async fn $test() -> rest_source::Result<()> {
                use $source as Source;

                let api = Source::mock()
                    .records("stories", [json!({
                        "id": "story-1", "value": 1, "duration_seconds": 1.5, "is_highlight": true,
                        "posted_at": "2026-11-21T09:30:00Z", "updated_at": "2026-11-21T09:30:00Z",
                    })])
                    .start()?;
                let stories = api.source().stories().all().await?;
                assert_eq!(stories[0].id, "story-1");
                Ok(())
            }
        )*};
    }

    fetches_a_story! {
        the_attribute_names_the_facade: attribute::Source;
        the_build_script_names_the_facade: media_insights::Source;
    }
}
