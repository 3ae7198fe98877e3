//! Columns that are read from an object which another column holds.

use super::*;
use crate::{
    plan::{ColumnsContract, DataTypeContract},
    shared::{Ref::Static, list},
};

const LOGIN: &[Step] = &[Step::Key(Static("owner")), Step::Key(Static("login"))];
const CITY: &[Step] = &[
    Step::Key(Static("owner")),
    Step::Key(Static("address")),
    Step::Key(Static("city")),
];

static OWNER: Table = Table::new("owner", list![Column::new("id", Type::Bigint)]);
static STORY: Table = Table::new(
    "stories",
    list![
        Column::new("owner", Type::Object(Static(&OWNER))).nullable(),
        Column::new("login", Type::Text)
            .from(Static(LOGIN))
            .nullable(),
        Column::new("city", Type::Text)
            .from(Static(CITY))
            .nullable(),
    ],
);
static STORY_AND_REST: Table = Table::new(
    "stories",
    list![
        Column::new("owner", Type::Object(Static(&OWNER_AND_REST))).nullable(),
        Column::new("login", Type::Text)
            .from(Static(LOGIN))
            .nullable(),
        Column::new("city", Type::Text)
            .from(Static(CITY))
            .nullable(),
        Column::extra(),
    ],
);
static OWNER_AND_REST: Table = Table::new(
    "owner",
    list![Column::new("id", Type::Bigint), Column::extra()],
);

const ALL: &str = r#"{"data": [{"owner": {"id": 1, "login": "a", "address": {"city": "c"}}}]}"#;
const MORE: &str = r#"{"data": [
    {"owner": {"id": 1, "x": 2, "login": "a", "address": {"city": "c", "zip": 3}}, "y": 4}
]}"#;

fn under(columns: ColumnsContract, table: &'static Table, body: &str) -> Decoded {
    let contract = SchemaContract {
        columns,
        data_type: DataTypeContract::Freeze,
    };
    page_under(contract, table, body)
}

#[test]
fn what_any_column_declares_is_declared() {
    for contract in [ColumnsContract::Freeze, ColumnsContract::DiscardValue] {
        let decoded = under(contract, &STORY, ALL);
        assert!(decoded.failure.is_none(), "{:?}", decoded.failure);
        assert_eq!((decoded.undeclared, &*decoded.examples), (0, &[][..]));
        assert!(
            rows(&decoded)[0].ends_with("| a | c"),
            "{:?}",
            rows(&decoded)
        );
    }
}

#[test]
fn what_no_column_declares_is_counted_once() {
    let decoded = under(ColumnsContract::DiscardValue, &STORY, MORE);
    assert_eq!(decoded.undeclared, 3);
    let text = under(ColumnsContract::Freeze, &STORY, MORE);
    let text = text.failure.unwrap().to_string();
    assert!(text.starts_with("3 values do not fit"), "{text}");
}

#[test]
fn what_no_column_declares_is_kept_once() {
    let decoded = under(ColumnsContract::Evolve, &STORY_AND_REST, ALL);
    assert!(
        rows(&decoded)[0].ends_with("| a | c | {}"),
        "{:?}",
        rows(&decoded)
    );
    let decoded = under(ColumnsContract::Evolve, &STORY_AND_REST, MORE);
    let row = &rows(&decoded)[0];
    assert!(
        row.ends_with(r#"| a | c | {"owner.address.zip":3,"y":4}"#),
        "{row}"
    );
}

#[test]
fn an_object_that_is_taken_as_json_has_no_undeclared_keys() {
    static TABLE: Table = Table::new(
        "stories",
        list![
            Column::new("owner", Type::Json),
            Column::new("city", Type::Text).from(Static(CITY)),
        ],
    );
    let decoded = under(ColumnsContract::Freeze, &TABLE, ALL);
    assert!(decoded.failure.is_none(), "{:?}", decoded.failure);
    assert_eq!(decoded.undeclared, 0);
}

#[test]
fn columns_that_no_record_has_are_named() {
    static OWNER_ID: Table = Table::new("owner", list![Column::new("id", Type::Bigint).nullable()]);
    static TABLE: Table = Table::new(
        "stories",
        list![
            Column::new("owner", Type::Object(Static(&OWNER_ID))).nullable(),
            Column::new("login", Type::Text).nullable(),
            Column::new("kind", Type::Text).nullable(),
        ],
    );
    let body = r#"{"data": [{"owner": {"Id": 1}, "log_in": 1}, {"login": null}, {"owner": null}]}"#;
    let note = page(&TABLE, body).unwrap().presence.note().unwrap();
    assert_eq!(
        note,
        "no record has the columns `kind`, `owner.id`: all their values are null; did you mean the \
         undeclared key `Id` for `owner.id`?"
    );
    let whole = r#"{"data": [{"kind": null, "login": "a", "owner": {"id": null}}]}"#;
    assert_eq!(page(&TABLE, whole).unwrap().presence.note(), None);
}
