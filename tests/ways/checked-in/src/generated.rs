//! What `rest-source generate` made.

include!("generated/media_insights.rs");
