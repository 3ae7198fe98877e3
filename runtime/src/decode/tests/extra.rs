//! What is kept of a response besides what is declared.

use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::{
    Cells, Json, Record,
    plan::{ColumnsContract, DataTypeContract},
};

const EVOLVE: SchemaContract = SchemaContract {
    columns: ColumnsContract::Evolve,
    data_type: DataTypeContract::Freeze,
};

#[derive(Debug, PartialEq)]
struct Story {
    id: i64,
    owner: Option<Owner>,
    extra: BTreeMap<String, Json>,
}

#[derive(Debug, PartialEq)]
struct Owner {
    name: String,
    extra: BTreeMap<String, Json>,
}

impl Record for Story {
    const TABLE: &'static Table = &Table::new(
        "stories",
        list![
            Column::new("id", Type::Bigint),
            Column::new("owner", Type::Object(Static(Owner::TABLE))).nullable(),
            Column::extra(),
        ],
    );

    fn from_cells(cells: &mut Cells<'_>) -> Self {
        Self {
            id: cells.take(),
            owner: cells.take(),
            extra: cells.take(),
        }
    }
}

impl Record for Owner {
    const TABLE: &'static Table = &Table::new(
        "owner",
        list![Column::new("name", Type::Text), Column::extra()],
    );

    fn from_cells(cells: &mut Cells<'_>) -> Self {
        Self {
            name: cells.take(),
            extra: cells.take(),
        }
    }
}

fn map(value: Json) -> BTreeMap<String, Json> {
    serde_json::from_value(value).unwrap()
}

#[test]
fn undeclared_keys_are_kept_in_their_object_and_not_counted_as_left_out() {
    let body = r#"{"data": [
        {"z": null, "id": 1, "a": {"b": [1.10]}, "owner": {"name": "x", "since": 7}, "extra": "\u00e9", "q\"": 2},
        {"id": 2, "owner": null}
    ]}"#;
    let decoded = page_under(EVOLVE, Story::TABLE, body);
    assert_eq!((decoded.undeclared, decoded.examples.len()), (0, 0));
    let stories: Vec<Story> = decoded.rows.records().map(Result::unwrap).collect();
    let owner = Owner {
        name: "x".to_owned(),
        extra: map(json!({"since": 7})),
    };
    let extra = map(json!({"z": null, "a": {"b": [1.1]}, "extra": "é", "q\"": 2}));
    assert_eq!(
        stories,
        [
            Story {
                id: 1,
                owner: Some(owner),
                extra
            },
            Story {
                id: 2,
                owner: None,
                extra: BTreeMap::new()
            },
        ]
    );
    assert_eq!(
        rows(&decoded)[0].rsplit(" | ").next().unwrap(),
        r#"{"a":{"b": [1.10]},"extra":"\u00e9","q\"":2,"z":null}"#,
        "as it was written"
    );
    assert_eq!(rows(&decoded)[1], "2 | null | {}");
}

#[test]
fn beside_what_is_read_from_an_inner_object_keys_are_kept_by_their_path() {
    static TABLE: Table = Table::new(
        "stories",
        list![
            Column::new("id", Type::Bigint),
            Column::new("name", Type::Text)
                .from(list![Step::Key(Static("owner")), Step::Key(Static("name"))]),
            Column::extra(),
        ],
    );
    let body = r#"{"data": [{"id": 1, "owner": {"name": "x", "since": 7}, "kind": "reel"}]}"#;
    let decoded = page_under(EVOLVE, &TABLE, body);
    assert_eq!(
        rows(&decoded),
        [r#"1 | x | {"kind":"reel","owner.since":7}"#]
    );
}

#[test]
fn an_undeclared_key_that_stands_twice_is_an_error() {
    let body = r#"{"data": [{"id": 1, "a": 1, "a": 2}]}"#;
    let failure = page_under(EVOLVE, Story::TABLE, body).failure.unwrap();
    let failure = failure.to_string();
    assert!(
        failure.contains("$.data[0].a  expected map once  found the key twice"),
        "{failure}"
    );
}

#[test]
fn a_record_that_is_set_aside_takes_what_it_has_besides_with_it() {
    let contract = SchemaContract {
        data_type: DataTypeContract::DiscardRow,
        ..EVOLVE
    };
    let body = r#"{"data": [{"a": 1, "owner": {"b": 1, "name": 5}, "id": 1}, {"id": 2, "c": 3}]}"#;
    let decoded = page_under(contract, Story::TABLE, body);
    assert_eq!(decoded.discarded_rows, 1);
    assert_eq!(rows(&decoded), [r#"2 | null | {"c":3}"#]);
}

#[test]
fn a_text_that_is_none_is_not_kept() {
    let body = r#"{"data": [{"id": 1, "a": ["\ud83d"]}]}"#;
    let said = page_under(EVOLVE, Story::TABLE, body).failure.unwrap();
    let text = said.to_string();
    assert!(
        text.contains("$.data[0].a") && text.contains("found a text with half a surrogate pair"),
        "{text}"
    );
}
