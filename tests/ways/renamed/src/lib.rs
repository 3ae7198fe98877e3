//! Connectors over a renamed dependency, by the attribute and by the build script.

#[api_client::rest_source("../../../../specs/media_insights.yaml", crate = "api_client")]
pub mod attribute {}

/// The dependency under another path.
pub mod facade {
    pub use api_client as rest_source;
}

#[api_client::rest_source(
    "../../../../specs/media_insights.yaml",
    crate = "crate::facade::rest_source"
)]
pub mod exported {}

/// By the build script.
pub mod build_script {
    api_client::include_source!("media_insights");
}
