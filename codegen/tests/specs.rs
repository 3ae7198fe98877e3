//! The specs of the repository compile, and without a word.

use rest_source_codegen::compile;

fn spec(name: &str) -> (String, String) {
    let path = format!("{}/../specs/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap_or_default();
    (format!("specs/{name}.yaml"), text)
}

#[test]
fn every_spec_compiles_without_a_diagnostic() {
    let names = [
        "analytics_api_key",
        "analytics_oauth2",
        "call_center_overview",
        "datasets",
        "media_insights",
    ];
    for name in names {
        let (path, text) = spec(name);
        let compiled = compile(&path, &text);
        assert_eq!(compiled.diagnostics.render(), "");
        let connector = compiled.connector.unwrap();
        assert_eq!(connector.name, name);
        assert!(!connector.resources.is_empty());
    }
}

#[test]
fn the_connector_of_a_spec_says_everything() {
    let (path, text) = spec("analytics_oauth2");
    insta::assert_debug_snapshot!(compile(&path, &text).connector.unwrap());
}

#[test]
fn a_spec_of_everything_becomes_what_it_says() {
    let text = include_str!("everything.yaml");
    let compiled = compile("specs/everything.yaml", text);
    assert_eq!(compiled.diagnostics.render(), "");
    insta::assert_debug_snapshot!(compiled.connector);
}
