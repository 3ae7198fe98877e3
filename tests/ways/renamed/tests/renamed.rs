//! A connector works where the dependency has another name.

#![cfg(test)]

use rest_source_mock::json;
use rest_source_way_renamed::{attribute, build_script::media_insights, exported};

/// Fetches a story from a mock by each connector.
macro_rules! fetches_a_story {
    ($($test:ident: $source:path;)*) => {$(
        #[tokio::test]
        async fn $test() -> api_client::Result<()> {
            use rest_source_mock::Mocked;
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
    the_attribute_names_the_crate: attribute::Source;
    the_attribute_names_a_path: exported::Source;
    the_build_script_names_the_crate: media_insights::Source;
}
