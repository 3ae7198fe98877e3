//! What is checked in is what would be generated.

#![cfg(test)]

#[test]
fn the_file_is_current() {
    let builder = rest_source_build::Builder::new()
        .spec("../../../specs/media_insights.yaml")
        .out_dir("src/generated");
    // `BLESS=1` writes it, as `rest-source generate` does.
    let warnings = if std::env::var_os("BLESS").is_some() {
        builder.try_generate()
    } else {
        builder.check()
    };
    assert_eq!(warnings, Ok(Vec::new()));
}
