//! A connector by a build script.

rest_source::include_source!("media_insights");
