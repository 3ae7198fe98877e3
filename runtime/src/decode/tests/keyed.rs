//! Records that are taken as they are, by a key that is looked up in them.

use super::{failure, page, page_under, rows};
use crate::{
    Json,
    plan::{DataTypeContract, SchemaContract},
    schema::{Column, Table, Type},
    shared::list,
};

static EVENTS: Table = Table::new(
    "events",
    list![
        Column::new("id", Type::Scalar).primary_key().at(31),
        Column::new("user_id", Type::Scalar)
            .key("userId")
            .primary_key()
            .at(31),
        Column::record(),
    ],
);

const BAD: &str = r#"{"data": [
    {"id": "a", "userId": 1},
    {"id": null, "userId": 2.5},
    {"userId": {"id": 1}},
    [1],
    {"id": 18446744073709551615, "userId": 2}
]}"#;

#[test]
fn the_key_is_looked_up_and_the_record_stays_whole() {
    let body = r#"{"data": [
        {"id": "a", "userId": 7.0, "more": {"id": 1}},
        {"userId": true, "x": null, "id": "\u0062"}
    ]}"#;
    let decoded = page(&EVENTS, body).unwrap();
    assert_eq!(
        rows(&decoded),
        [
            r#"a | 7 | {"id": "a", "userId": 7.0, "more": {"id": 1}}"#,
            r#"b | true | {"userId": true, "x": null, "id": "\u0062"}"#,
        ]
    );
    assert_eq!((decoded.undeclared, decoded.examples.len()), (0, 0));
    let record: Json = decoded.rows.get(0).unwrap().record().unwrap();
    assert_eq!(record["more"]["id"], 1);
    assert_eq!(
        format!("{:?}", decoded.rows.get(0).unwrap()),
        format!("{:?}", decoded.rows.get(0).unwrap().value(2))
    );
}

#[test]
fn a_record_without_its_key_is_an_error_that_says_where() {
    insta::assert_snapshot!(failure(&EVENTS, BAD), @r"
    7 values do not fit specs/media.yaml
      $.data[1].id      expected text, bigint or bool, not null  found null                  specs/media.yaml:31
      $.data[1].userId  expected text, bigint or bool            found 2.5                   specs/media.yaml:31
      $.data[2].userId  expected text, bigint or bool            found an object             specs/media.yaml:31
      $.data[2].id      expected text, bigint or bool, not null  found nothing               specs/media.yaml:31
      $.data[3].id      expected text, bigint or bool, not null  found nothing               specs/media.yaml:31
      $.data[3].userId  expected text, bigint or bool, not null  found nothing               specs/media.yaml:31
      $.data[4].id      expected text, bigint or bool            found 18446744073709551615  specs/media.yaml:31
      help: `id` is a key, so it has to be there; `schema_contract: {data_type: discard_row}` sets such rows aside
    ");
}

#[test]
fn a_record_without_its_key_may_be_set_aside() {
    let contract = SchemaContract {
        data_type: DataTypeContract::DiscardRow,
        ..SchemaContract::DEFAULT
    };
    let decoded = page_under(contract, &EVENTS, BAD);
    assert_eq!(rows(&decoded), [r#"a | 1 | {"id": "a", "userId": 1}"#]);
    assert_eq!((decoded.received, decoded.discarded_rows), (5, 4));
}
