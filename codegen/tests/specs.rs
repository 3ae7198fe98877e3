//! The specs of the repository compile, and without a word.

#![cfg(test)]

use rest_source_codegen::compile;

fn spec(name: &str) -> (String, String) {
    let path = format!("{}/../specs/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap_or_default();
    (format!("specs/{name}.yaml"), text)
}

/// The names of the specs in the folder, in order.
fn names() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../specs");
    let files = std::fs::read_dir(folder).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    let mut names: Vec<String> = paths
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn every_spec_compiles_without_a_diagnostic() {
    let mut rendered = String::new();
    for name in names() {
        let (path, text) = spec(&name);
        let compiled = compile(&path, &text);
        rendered.push_str(&compiled.diagnostics.render());
        if let Some(connector) = compiled.connector {
            assert_eq!(connector.plan.name, name);
            assert!(!connector.resources.is_empty());
        }
    }
    assert_eq!(rendered, "");
}

#[test]
fn the_connector_of_a_spec_says_everything() {
    let (path, text) = spec("analytics_oauth2");
    insta::assert_debug_snapshot!(compile(&path, &text).connector.unwrap().plan);
}

#[test]
fn a_spec_of_everything_becomes_what_it_says() {
    let text = include_str!("everything.yaml");
    let compiled = compile("specs/everything.yaml", text);
    assert_eq!(compiled.diagnostics.render(), "");
    let mut plan = (*compiled.connector.unwrap().plan).clone();
    let resources = std::mem::take(&mut plan.resources);
    insta::assert_snapshot!("everything", without_lines(&plan));
    for resource in &resources {
        insta::assert_snapshot!(
            format!("everything__{}", resource.name),
            without_lines(resource)
        );
    }
}

/// Every key that is added to the spec moves the lines of all that follow.
fn without_lines(plan: &impl std::fmt::Debug) -> String {
    let text = format!("{plan:#?}");
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("line: "));
    lines.collect::<Vec<_>>().join("\n")
}
