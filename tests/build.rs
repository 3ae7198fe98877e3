//! Makes the modules that `tests/generated.rs` takes in.

use rest_source_build::Builder;

fn main() {
    Builder::new()
        .spec("../specs/analytics_api_key.yaml")
        .spec("../specs/analytics_oauth2.yaml")
        .spec("../specs/call_center_overview.yaml")
        .spec("../specs/datasets.yaml")
        .spec("../specs/media_insights.yaml")
        .generate();
}
