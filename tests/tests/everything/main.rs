//! What a spec says is what its constants say: nothing is lost on the way through tokens.

#![deny(missing_docs, unused, clippy::all, clippy::pedantic)]
#![cfg(test)]

use std::{fmt::Debug, fs, path::Path};

use rest_source::{Column, Connector as _, Type, plan::ResourcePlan};
use rest_source_codegen::{
    compile,
    connector::{self, Connector, Record, Resource},
};

#[rest_source::rest_source("./spec.yaml")]
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

/// The checked connector and the plan are of the same shape, of owned parts and of constant ones.
#[track_caller]
fn same(checked: &impl Debug, emitted: &impl Debug) {
    assert_eq!(format!("{checked:#?}"), format!("{emitted:#?}"));
}

#[test]
fn the_source_is_as_it_was_checked() {
    let checked = connector();
    let plan = everything::Source::plan();
    same(&checked.name, &plan.name);
    same(&checked.spec, &plan.spec);
    same(&checked.base_url, &plan.base_url);
    same(&checked.headers, &plan.headers);
    same(&checked.retry, &plan.retry);
    same(&checked.connect_timeout, &plan.connect_timeout);
    same(&checked.request_timeout, &plan.request_timeout);
    same(&checked.rate_limit, &plan.rate_limit);
    same(&checked.concurrency, &plan.concurrency);
    same(&checked.max_response_bytes, &plan.max_response_bytes);
    same(&checked.allow_origins, &plan.allow_origins);
    assert_eq!(checked.secrets.len(), plan.secrets.len());
    for (checked, plan) in checked.secrets.iter().zip(&plan.secrets) {
        same(&checked.name, &plan.name);
        same(&checked.env, &plan.env);
        same(&checked.description, &plan.description);
    }
    assert_eq!(checked.config.len(), plan.config.len());
    for (checked, plan) in checked.config.iter().zip(&plan.config) {
        same(&checked.name, &plan.name);
        same(&checked.env, &plan.env);
        same(&checked.default, &plan.default);
        same(&checked.description, &plan.description);
    }
}

#[test]
fn every_resource_is_as_it_was_checked() {
    let checked = connector();
    let plans = &everything::Source::plan().resources;
    assert_eq!(checked.resources.len(), plans.len());
    for (resource, plan) in checked.resources.iter().zip(plans) {
        same_resource(&checked, resource, plan);
    }
}

fn same_resource(connector: &Connector, checked: &Resource, plan: &ResourcePlan) {
    same(&checked.name, &plan.name);
    same(&checked.line, &plan.line);
    same(&checked.write_disposition, &plan.write_disposition);
    same(&checked.schema_contract, &plan.schema_contract);
    same(&checked.selected, &plan.selected);
    same(&checked.parallelized, &plan.parallelized);
    same(&checked.method, &plan.method);
    same(&checked.path, &plan.path);
    same(&checked.params, &plan.params);
    same(&checked.headers, &plan.headers);
    same(&checked.body, &plan.body);
    let auth = checked.auth.map(|at| &connector.auths[at]);
    same(&auth, &plan.auth);
    same(&checked.paginator, &plan.paginator);
    same(&checked.selector, &plan.selector);
    same(&checked.selector_required, &plan.selector_required);
    same(&checked.incremental, &plan.incremental);
    let parent = checked.parent.as_ref();
    let of = |parent: &connector::Parent| connector.resources[parent.resource].name.as_str();
    same(
        &parent.map(of),
        &plan.parent.as_ref().map(|parent| &parent.resource.name),
    );
    let fields = parent.map(|parent| parent.fields.as_slice());
    same(&fields, &plan.parent.as_ref().map(|parent| &parent.fields));
    match &checked.record {
        Record::Untyped(columns) => {
            assert!(plan.table.is_untyped());
            same_columns(columns, &plan.table.columns);
        }
        Record::Struct(record) => {
            same(&record.name, &plan.table.name);
            same_columns(&record.columns, &plan.table.columns);
        }
    }
}

fn same_columns(checked: &[connector::Column], table: &[Column]) {
    assert_eq!(checked.len(), table.len());
    for (checked, column) in checked.iter().zip(table) {
        same_column(checked, column);
    }
}

fn same_column(checked: &connector::Column, column: &Column) {
    same(&checked.name, &column.name);
    same(&checked.key, &column.key);
    same(&checked.from, &column.from);
    same(&checked.nullable, &column.nullable);
    same(&checked.explicit, &column.explicit);
    same(&checked.primary_key, &column.primary_key);
    same(&checked.merge_key, &column.merge_key);
    same(&checked.decode, &column.decode);
    same(&checked.parent, &column.parent);
    same(&checked.line, &column.line);
    match (&checked.data_type, &column.data_type) {
        (connector::Type::Object(checked), Type::Object(table)) => {
            same(&checked.name, &table.name);
            same_columns(&checked.columns, &table.columns);
        }
        (connector::Type::Array(checked), Type::Array(element))
        | (connector::Type::Map(checked), Type::Map(element)) => same_column(checked, element),
        (connector::Type::Union(checked), Type::Union(members)) => {
            same_columns(&checked.members, members);
        }
        (connector::Type::Enum(checked), Type::Enum { values, closed }) => {
            let words: Vec<_> = checked.values.iter().map(|word| &word.value).collect();
            same(&words, values);
            same(&checked.closed, closed);
        }
        (checked, data_type) => same(checked, data_type),
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
