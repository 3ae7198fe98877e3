//! Taking in what the build-time generator made.

/// Takes in the module that `rest-source-build` made in `build.rs` of the spec of this name.
///
/// ```ignore
/// rest_source::include_source!("media_insights");
///
/// let media = media_insights::Source::from_env()?;
/// ```
///
/// The file is `<name>.rs` in cargo's `OUT_DIR`. Take in one that was generated into a folder of the
/// crate with `include!`.
#[macro_export]
macro_rules! include_source {
    ($name:literal) => {
        ::core::include!(::core::concat!(::core::env!("OUT_DIR"), "/", $name, ".rs"));
    };
}
