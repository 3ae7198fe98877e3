//! Values that do not fit, under each contract.

use super::{
    super::{decode, read_reject},
    ID, PAGED, failure, page, page_under, rows, shape,
};
use crate::{
    plan::{ColumnsContract, DataTypeContract, ResourcePlan, SchemaContract},
    redact::Redactor,
    schema::{Column, Table, Type},
    shared::{Ref::Static, Text, list},
};

static STORIES: Table = Table::new(
    "stories",
    list![
        Column::new("id", Type::Text).primary_key().at(31),
        Column::new("profile_views", Type::Bigint).nullable().at(33),
        Column::new(
            "kind",
            Type::Enum {
                values: list![Static("reel"), Static("feed")],
                closed: true,
            },
        )
        .nullable()
        .at(29),
        Column::new(
            "owner",
            Type::Object(Static(
                const {
                    &Table::new(
                        "owner",
                        list![
                            Column::new("name", Type::Text).at(36),
                            Column::new("age", Type::Bigint).nullable().at(37),
                        ],
                    )
                }
            )),
        )
        .nullable()
        .at(35),
    ],
);

const BAD: &str = r#"{"data": [
    {"id": "a", "kind": "reel"},
    {"id": null, "profile_views": 3.5, "kind": "live"},
    {"id": "c", "owner": {"name": 1, "age": "x"}, "extra": 1},
    {"id": "d"}
]}"#;

fn contract(data_type: DataTypeContract) -> SchemaContract {
    SchemaContract {
        data_type,
        ..SchemaContract::DEFAULT
    }
}

#[test]
fn every_bad_value_of_a_page_is_listed_and_rows_before_them_are_kept() {
    let decoded = page(&STORIES, BAD).unwrap();
    assert_eq!(rows(&decoded), ["a | null | reel | null"]);
    assert_eq!(decoded.received, 4);
    insta::assert_snapshot!(decoded.failure.unwrap(), @r#"
    5 values do not fit specs/media.yaml
      $.data[1].id             expected text, not null     found null    specs/media.yaml:31
      $.data[1].profile_views  expected bigint             found 3.5     specs/media.yaml:33
      $.data[1].kind           expected one of reel, feed  found "live"  specs/media.yaml:29
      $.data[2].owner.name     expected text               found 1       specs/media.yaml:36
      $.data[2].owner.age      expected bigint             found "x"     specs/media.yaml:37
      help: `id` is a key, so it has to be there; `schema_contract: {data_type: discard_row}` sets such rows aside
    "#);
}

#[test]
fn many_bad_values_are_counted_past_the_first() {
    let records = vec![r#"{"id": 7}"#; 1000].join(",");
    let text = failure(&STORIES, &format!(r#"{{"data": [{records}]}}"#));
    assert!(
        text.starts_with("1000 values do not fit specs/media.yaml"),
        "{text}"
    );
    assert!(text.contains("\n  and 990 more\n"), "{text}");
    assert_eq!(text.lines().count(), 13, "{text}");
}

#[test]
fn a_value_in_a_message_is_short() {
    let long = "x".repeat(10_000);
    let text = failure(
        &STORIES,
        &format!(r#"{{"data": [{{"id": "a", "profile_views": "{long}"}}]}}"#),
    );
    assert!(text.len() < 400, "{text}");
}

#[test]
fn a_missing_key_and_a_record_that_is_none_are_named() {
    let text = failure(&STORIES, r#"{"data": [{}, 7, null, [1]]}"#);
    insta::assert_snapshot!(text, @r#"
    4 values do not fit specs/media.yaml
      $.data[0].id  expected text, not null  found nothing  specs/media.yaml:31
      $.data[1]     expected object          found 7
      $.data[2]     expected object          found null
      $.data[3]     expected object          found a list
      help: `id` is a key, so it has to be there; `schema_contract: {data_type: discard_row}` sets such rows aside
    "#);
}

#[test]
fn rows_that_do_not_fit_may_be_set_aside_and_are_counted() {
    let decoded = page_under(contract(DataTypeContract::DiscardRow), &STORIES, BAD);
    assert_eq!(
        rows(&decoded),
        ["a | null | reel | null", "d | null | null | null"]
    );
    assert_eq!((decoded.received, decoded.discarded_rows), (4, 2));
    assert!(decoded.failure.is_none());
    insta::assert_snapshot!(decoded.examples.join("\n"), @r#"
    `$.data[1].id`: expected text, not null, found null: its record set aside
    `$.data[2].extra`: not declared, left out
    `$.data[2].owner.name`: expected text, found 1: its record set aside
    "#);
}

#[test]
fn values_that_do_not_fit_may_be_null_where_null_may_be() {
    let body = r#"{"data": [
        {"id": "a", "profile_views": "many", "kind": "live", "owner": {"name": "n", "age": true}},
        {"id": "b", "owner": {"age": 1}},
        {"id": 7}
    ]}"#;
    let decoded = page_under(contract(DataTypeContract::DiscardValue), &STORIES, body);
    assert_eq!(rows(&decoded)[1], "b | null | null | null");
    assert_eq!(decoded.rows.len(), 2);
    assert_eq!(decoded.discarded_values, 4);
    let text = decoded.failure.unwrap().to_string();
    assert!(text.starts_with("1 value does not fit"), "{text}");
    assert!(text.contains("$.data[2].id"), "{text}");
    assert_eq!(decoded.examples.len(), 3);
}

#[test]
fn undeclared_keys_are_counted_or_an_error() {
    let body = r#"{"data": [{"id": "a", "x": 1, "y": {"z": 1}}, {"id": "b", "x": 2}]}"#;
    let decoded = page(&STORIES, body).unwrap();
    assert_eq!((decoded.undeclared, decoded.rows.len()), (3, 2));
    assert_eq!(
        decoded.examples,
        [
            "`$.data[0].x`: not declared, left out",
            "`$.data[0].y`: not declared, left out"
        ]
    );

    let frozen = SchemaContract {
        columns: ColumnsContract::Freeze,
        data_type: DataTypeContract::DiscardRow,
    };
    let text = page_under(frozen, &STORIES, body)
        .failure
        .unwrap()
        .to_string();
    assert!(text.contains("$.data[0].x  expected no such key"), "{text}");
}

#[test]
fn a_page_that_does_not_fit_is_still_read_to_its_end() {
    let error = page(&STORIES, r#"{"data": [{"id": 1}"#).unwrap_err();
    assert!(error.to_string().contains("EOF"), "{error}");
}

#[test]
fn a_secret_in_a_bad_value_is_blanked_before_it_is_cut_off() {
    let secret = "0123456789abcdef".repeat(4);
    let redactor = std::sync::Arc::new(Redactor::new([&*secret]));
    let shape = shape(&PAGED, &STORIES, &[]).redacting(redactor);
    let body = format!(r#"{{"data": [{{"id": "a", "profile_views": "key {secret}"}}]}}"#);
    let failure = decode(body.into(), &shape).unwrap().failure.unwrap();
    let text = failure.to_string();
    assert!(text.contains(r#"found "key [secret]""#), "{text}");
    assert!(!text.contains("0123"), "{text}");
}

#[test]
fn faults_that_null_takes_the_place_of_leave_the_others_listed() {
    static TABLE: Table = Table::new(
        "stories",
        list![
            Column::new(
                "ids",
                Type::Array(Static(const { &Column::new("ids", Type::Bigint) }))
            ),
            Column::new("views", Type::Bigint).nullable(),
        ],
    );
    let ids = vec!["true"; 20].join(",");
    let body = format!(r#"{{"data": [{{"ids": [{ids}], "views": "x"}}]}}"#);
    let decoded = page_under(contract(DataTypeContract::DiscardValue), &TABLE, &body);
    assert_eq!(decoded.discarded_values, 1);
    let text = decoded.failure.unwrap().to_string();
    assert!(text.starts_with("20 values do not fit"), "{text}");
    assert!(
        text.contains("$.data[0].ids[9]") && text.contains("and 10 more"),
        "{text}"
    );
}

#[test]
fn half_a_surrogate_pair_is_a_bad_value_of_its_column() {
    static TEXTS: Table = Table::new(
        "stories",
        list![
            Column::new("id", Type::Text).primary_key().at(31),
            Column::new("name", Type::Text).nullable().at(32),
            Column::new(
                "tags",
                Type::Array(Static(const { &Column::new("", Type::Text) }))
            )
            .nullable()
            .at(33),
            Column::new("any", Type::Json).nullable().at(34),
        ],
    );
    static UNTYPED: Table = Table::new("stories", list![]);
    const HALF: &str = r#"{"data": [
        {"id": "a", "name": "\ud83d\ude00", "tags": ["x"], "any": {"b": "c"}},
        {"id": "b", "name": "\ud83d"},
        {"id": "c", "n\u0061me": "\ud83d\u0041"},
        {"id": "d", "tags": ["x", "\ude00", "y"]},
        {"id": "e", "any": {"b": "\ud83d"}},
        {"id": "f", "ignored": "\ud83d"}
    ]}"#;
    insta::assert_snapshot!(failure(&TEXTS, HALF), @r"
    4 values do not fit specs/media.yaml
      $.data[1].name     expected text  found a text with half a surrogate pair  specs/media.yaml:32
      $.data[2].name     expected text  found a text with half a surrogate pair  specs/media.yaml:32
      $.data[3].tags[1]  expected text  found a text with half a surrogate pair
      $.data[4].any      expected json  found a text with half a surrogate pair  specs/media.yaml:34
      help: a server that cuts texts off sends such; `schema_contract: {data_type: discard_row}` sets such rows aside
    ");
    let set_aside = page_under(contract(DataTypeContract::DiscardRow), &TEXTS, HALF);
    assert!(set_aside.failure.is_none());
    assert_eq!((set_aside.received, set_aside.discarded_rows), (6, 4));
    assert_eq!(
        rows(&set_aside),
        [r#"a | 😀 | ["x"] | {"b": "c"}"#, "f | null | null | null"]
    );
    let made_null = page_under(contract(DataTypeContract::DiscardValue), &TEXTS, HALF);
    assert_eq!((rows(&made_null).len(), made_null.discarded_values), (6, 4));
    let untyped = page(&UNTYPED, r#"{"data": [{"a": "\ud83d"}]}"#).unwrap();
    let said = untyped.failure.unwrap().to_string();
    assert!(
        said.contains(
            "$.data[0]  expected json that can be read  found a text with half a surrogate pair"
        ),
        "{said}"
    );
    // What is cut off, or is no JSON further on, is none.
    for body in [
        r#"{"data": [{"id": "\ud83d"#,
        r#"{"data": [{"id": "\ud83d"}, oops]}"#,
    ] {
        let said = page(&TEXTS, body).unwrap_err().to_string();
        assert!(said.starts_with("the response is not JSON"), "{said}");
    }
}

#[test]
fn records_set_aside_are_kept_with_their_text_and_without_secrets_and_are_read_again() {
    let resource = ResourcePlan {
        schema_contract: contract(DataTypeContract::DiscardRow),
        table: Static(&STORIES),
        ..PAGED.clone()
    };
    let body = BAD.replace("\"extra\": 1", "\"extra\": \"hunter2-hunter2\"");
    let kept = shape(&resource, &STORIES, &[])
        .redacting(Redactor::new(["hunter2-hunter2"]).into())
        .keeping_rejects(true);
    let decoded = decode(body.into_bytes(), &kept).unwrap();
    assert_eq!(rows(&decoded).len(), 2);
    let rejects = decoded.rows.rejects();
    assert_eq!(rejects.len(), 2);
    assert_eq!(
        rejects[0].reason,
        "`$.data[1].id`: expected text, not null, found null"
    );
    assert_eq!(rejects[0].line, 31);
    assert!(rejects[1].record.starts_with("{\"id\": \"c\""));
    assert!(!rejects[1].record.contains("hunter2"), "{rejects:?}");

    let spec = Text::of("specs/media.yaml");
    let still = read_reject(&rejects[1], &resource, &spec).unwrap_err();
    assert!(still.to_string().contains("$.owner.name"), "{still}");
    assert!(!still.to_string().contains("discard_row"), "{still}");
    let mended = ResourcePlan {
        table: Static(&ID),
        ..resource
    };
    let mut reject = rejects[1].clone();
    reject.record = "{\"id\": 7, \"owner\": 3}".to_owned();
    let rows = read_reject(&reject, &mended, &spec).unwrap();
    assert_eq!(rows.len(), 1);
}
