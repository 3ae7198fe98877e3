//! What a spec says is what its constants say: nothing is lost on the way through tokens.

#![deny(missing_docs, unused, clippy::all, clippy::pedantic)]
#![cfg(test)]

use std::{fs, path::Path};

use rest_source::{
    Connector as _,
    plan::SourcePlan,
    shared::{List, Ref},
};
use rest_source_codegen::{compile, connector::Connector};

#[rest_source::rest_source("./spec.yaml", serialize)]
pub mod everything {}

fn connector() -> Connector {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/everything/spec.yaml");
    let compiled = compile("./spec.yaml", &fs::read_to_string(path).unwrap());
    assert!(
        compiled.diagnostics.is_empty(),
        "{}",
        compiled.diagnostics.render()
    );
    compiled.connector.unwrap()
}

#[test]
fn the_source_is_as_it_was_checked() {
    let without_resources = |plan: Ref<SourcePlan>| SourcePlan {
        resources: List::EMPTY,
        ..SourcePlan::clone(&plan)
    };
    assert_eq!(
        without_resources(everything::Source::plan()),
        without_resources(connector().plan)
    );
}

#[test]
fn every_resource_is_as_it_was_checked() {
    let checked = connector().plan;
    let plan = everything::Source::plan();
    assert_eq!(checked.resources.len(), plan.resources.len());
    for (checked, emitted) in checked.resources.iter().zip(&plan.resources) {
        assert_eq!(emitted, checked);
    }
}

#[test]
fn settings_have_their_defaults_where_each_has_one_that_is_a_constant() {
    // `who` must be given: there is no `Default` to leave it out by.
    let config = everything::Config {
        since: "2024-02-01".parse().unwrap(),
        at: "2024-02-01T00:00:00Z".parse().unwrap(),
        number: 1,
        share: 0.5,
        verbose: false,
        region: everything::ConfigRegion::Eu,
        who: "me".to_owned(),
    };
    assert_eq!(config.region.to_string(), "eu");
}

#[test]
fn an_enum_is_its_word() {
    assert_eq!(everything::TypeKind::AB.as_str(), "a b");
    assert_eq!(
        everything::TypeKind::Other("new".to_owned()).as_str(),
        "new"
    );
    assert_eq!(everything::TypeOnly::One.to_string(), "one");
}
