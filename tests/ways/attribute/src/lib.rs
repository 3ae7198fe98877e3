//! A connector by the attribute.

#[rest_source::rest_source("../../../../specs/media_insights.yaml")]
pub mod media_insights {}
