//! Generates the connector.

fn main() {
    rest_source_build::Builder::new()
        .spec("../../../specs/media_insights.yaml")
        .crate_path("rest_source_way_facade::rest_source")
        .generate();
}
