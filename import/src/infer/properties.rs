//! Proposals from any pages are valid, and take the values that they were made of.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Budget, Page, Request, completed, infer, merge, values::accepts};
use rest_source_codegen::write::{Node, read};

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0..40_i64).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[a-c]{1,2}".prop_map(Value::from),
        "-?[0-9]{1,3}(\\.[0-9]{1,2})?".prop_map(Value::from),
        "20[0-9]{2}-[01][0-9]-[0-3][0-9]([T ][0-2][0-9]:[0-5][0-9](:[0-5][0-9])?(Z|\\+01:00)?)?"
            .prop_map(Value::from),
        "[0-3][0-9][./][01][0-9][./]20[0-9]{2}".prop_map(Value::from),
    ]
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        "(id|name|type|self|userId|user_id|next|total|page|updated_at|items|data|fn|Self|_|1h|value)",
        "[a-zA-Z_][a-zA-Z0-9_]{0,4}",
        any::<String>(),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key(), inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Records with keys in common, and what stands around them.
fn pages() -> impl Strategy<Value = Vec<Value>> {
    let columns = prop::collection::vec((key(), prop::collection::vec(value(), 1..4)), 1..6);
    let around = prop::collection::vec((key(), scalar()), 0..4);
    (columns, around, 1..40_usize, 1..3_usize).prop_map(|(columns, around, records, pages)| {
        let record = |at: usize| {
            let members = columns
                .iter()
                .map(|(key, values)| (key.clone(), values[at % values.len()].clone()));
            Value::Object(members.collect::<Map<_, _>>())
        };
        let page = |_| {
            let mut page: Map<String, Value> = around.iter().cloned().collect();
            page.insert("results".to_owned(), (0..records).map(record).collect());
            Value::Object(page)
        };
        (0..pages).map(page).collect()
    })
}

fn read_pages(bodies: &[Value]) -> Vec<Page> {
    let page = |(at, body): (usize, &Value)| {
        let request = Request {
            url: format!("https://api.example.com/things?page={at}"),
            ..Request::default()
        };
        Page::read(
            &request,
            Vec::new(),
            &body.to_string(),
            &mut Budget::default(),
        )
        .unwrap()
    };
    bodies.iter().enumerate().map(page).collect()
}

proptest! {
    #[test]
    fn proposals_are_valid_specs_whose_columns_take_all_values(bodies in pages()) {
        let pages = read_pages(&bodies);
        let Ok(proposal) = infer(&pages, "things") else {
            return Ok(());
        };
        let text = proposal.spec("things").map_or_else(|error| panic!("{error}"), |spec| spec.text());
        let spec = read(&text).unwrap();
        let resource = spec.get("resources").unwrap().elements()[0].value.as_map().unwrap().clone();
        let columns = resource.get("columns").and_then(Node::as_map).unwrap();
        for page in &pages {
            for record in proposal.selector.value.records(&page.body) {
                for (key, value) in record.members() {
                    let column = columns.get(key).unwrap();
                    prop_assert!(accepts(column, value), "{key:?}: {value:?}\n{text}");
                }
            }
        }
        // The same pages change nothing.
        let again = merge(&text, "things", &pages, &proposal).unwrap();
        prop_assert_eq!(&again.text, &text);
    }

    #[test]
    fn any_pages_are_merged_into_any_columns(one in pages(), other in pages()) {
        assert_merged(&one, &other);
    }

    #[test]
    fn any_json_is_a_proposal_or_an_error(body in value()) {
        let pages = read_pages(&[json!(body)]);
        if let Ok(proposal) = infer(&pages, "things") {
            proposal.spec("things").unwrap_or_else(|error| panic!("{error}"));
        }
    }
}

/// Asserts that pages are merged into the columns of others, once and for all, and that the spec is valid.
fn assert_merged(one: &[Value], other: &[Value]) {
    let (one, other) = (read_pages(one), read_pages(other));
    let (Ok(first), Ok(second)) = (infer(&one, "things"), infer(&other, "things")) else {
        return;
    };
    let text = first.spec("things").unwrap().text();
    let merged = merge(&text, "things", &other, &second).unwrap();
    let compiled = rest_source_codegen::compile("spec.yaml", &completed(&merged.text));
    let errors = compiled.diagnostics.messages();
    assert_eq!(errors.first(), None, "{}", merged.text);
    let again = merge(&merged.text, "things", &other, &second).unwrap();
    assert_eq!(again.text, merged.text);
}

#[test]
fn columns_whose_types_would_have_one_name_are_merged() {
    let one = [json!({ "results": [{ "id": null }] })];
    for record in [
        json!({ "a": { "id": null }, "a_": { "id": null } }),
        json!({ "a_b": { "id": 1 }, "a": { "b": { "id": 1 } } }),
    ] {
        assert_merged(&one, &[json!({ "results": [record] })]);
    }
}
