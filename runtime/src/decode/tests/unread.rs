//! Columns that nobody reads: their values are skipped and not checked.

use proptest::prelude::*;

use super::{
    PAGED,
    property::{fitting_record, page_of},
    rows,
};
use crate::{
    decode::{Decoded, Format, PageShape, Pass, Probes, both_passes::TABLE, decode, decode_by},
    plan::{ColumnsContract, DataTypeContract, ResourcePlan, SchemaContract},
    schema::{Column, Decode, Table, Type},
    shared::{Ref::Static, Text, list},
};

static OWNER: Table = Table::new(
    "owner",
    list![
        Column::new("name", Type::Text),
        Column::new("age", Type::Bigint)
    ],
);

static STORIES: Table = Table::new(
    "stories",
    list![
        Column::new("id", Type::Bigint).primary_key(),
        Column::new("title", Type::Text),
        Column::new("owner", Type::Object(Static(&OWNER))),
    ],
);

fn shape(unread: &[bool], table: &'static Table, columns: ColumnsContract) -> PageShape {
    let resource = ResourcePlan {
        schema_contract: SchemaContract {
            columns,
            data_type: DataTypeContract::Freeze,
        },
        ..PAGED.clone()
    };
    let spec = Text::of("specs/media.yaml");
    PageShape::without_columns(unread, &resource, table.into(), &Probes::default(), &spec).unwrap()
}

fn read(unread: &[bool], table: &'static Table, contract: ColumnsContract, body: &str) -> Decoded {
    decode(body.into(), &shape(unread, table, contract)).unwrap()
}

const READ_ID: [bool; 3] = [false, true, true];

#[test]
fn unread_columns_are_null_and_neither_checked_nor_missing() {
    let body = r#"{"data": [
        {"id": 1, "title": "a", "owner": {"name": "Ada", "age": 1}},
        {"id": 2, "title": [7], "owner": "none"},
        {"id": 3}
    ]}"#;
    let decoded = read(&READ_ID, &STORIES, ColumnsContract::Freeze, body);
    assert!(decoded.failure.is_none(), "{:?}", decoded.failure);
    assert_eq!(
        rows(&decoded),
        ["1 | null | null", "2 | null | null", "3 | null | null"]
    );
    assert_eq!((decoded.undeclared, decoded.presence.note()), (0, None));
    let wrong = decode(body.into(), &shape(&[], &STORIES, ColumnsContract::Freeze));
    assert!(wrong.unwrap().failure.is_some());
}

#[test]
fn read_columns_and_undeclared_keys_are_checked_as_before() {
    let wrong = r#"{"data": [{"id": "x", "title": 1}]}"#;
    let failure = read(&READ_ID, &STORIES, ColumnsContract::Freeze, wrong).failure;
    let failure = failure.unwrap().to_string();
    assert!(
        failure.contains("id") && !failure.contains("title"),
        "{failure}"
    );

    let undeclared = r#"{"data": [{"id": 1, "colour": "red", "title": "a"}]}"#;
    let decoded = read(
        &READ_ID,
        &STORIES,
        ColumnsContract::DiscardValue,
        undeclared,
    );
    assert_eq!((decoded.failure.is_none(), decoded.undeclared), (true, 1));
    let frozen = read(&READ_ID, &STORIES, ColumnsContract::Freeze, undeclared).failure;
    assert!(frozen.unwrap().to_string().contains("colour"));
}

#[test]
fn unread_columns_for_other_keys_and_for_whole_records_account_for_them() {
    static EVOLVING: Table = Table::new(
        "stories",
        list![
            Column::new("id", Type::Bigint).primary_key(),
            Column::extra()
        ],
    );
    static WHOLE: Table = Table::new(
        "stories",
        list![
            Column::new("id", Type::Scalar).primary_key(),
            Column::record()
        ],
    );
    assert_eq!(EVOLVING.columns[1].decode, Decode::Rest);
    let body = r#"{"data": [{"id": 1, "colour": "red"}]}"#;
    for table in [&EVOLVING, &WHOLE] {
        let decoded = read(&[false, true], table, ColumnsContract::Evolve, body);
        assert!(decoded.failure.is_none(), "{:?}", decoded.failure);
        assert_eq!(rows(&decoded), ["1 | null"]);
        assert_eq!(decoded.undeclared, 0);
    }
}

proptest! {
    #[test]
    fn read_columns_have_the_values_that_they_have_when_all_are_read(
        records in prop::collection::vec(fitting_record(), 0..5),
        unread in prop::collection::vec(any::<bool>(), TABLE.columns.len()),
    ) {
        let body = page_of(&records.into());
        let values = |unread: &[bool], pass| -> Vec<Vec<String>> {
            let shape = shape(unread, &TABLE, ColumnsContract::DiscardValue);
            let mut body = body.clone().into_bytes();
            let decoded = decode_by(pass, &mut body, Format::Json, None, &shape).unwrap();
            assert!(decoded.failure.is_none(), "{:?}", decoded.failure);
            let rows = decoded.rows.iter();
            rows.map(|row| row.values().map(|value| value.to_string()).collect()).collect()
        };
        let mut all = values(&[], Pass::Fast);
        for row in &mut all {
            for (value, is_unread) in row.iter_mut().zip(&unread) {
                if *is_unread {
                    *value = crate::value::Value::Null.to_string();
                }
            }
        }
        prop_assert_eq!(&all, &values(&unread, Pass::Fast));
        prop_assert_eq!(&all, &values(&unread, Pass::Careful));
    }
}
