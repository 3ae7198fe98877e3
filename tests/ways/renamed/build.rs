//! Generates the connector.

fn main() {
    rest_source_build::Builder::new()
        .spec("../../../specs/media_insights.yaml")
        .crate_path("api_client")
        .generate();
}
