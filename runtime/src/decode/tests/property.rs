//! For any input: no panic, and what is decoded is what `serde_json` reads.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{Decoded, PAGED, page_under, shape};
use crate::{
    decode::{both_passes::TABLE, decode},
    plan::{ColumnsContract, DataTypeContract, SchemaContract},
    schema::{Path, Step},
    shared::{Ref::Static, list},
    value::Value,
};

/// Any JSON, its keys often those of the table.
pub(super) fn any_json() -> impl Strategy<Value = Json> {
    let scalar = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<f64>()
            .prop_filter("finite", |f| f.is_finite())
            .prop_map(Json::from),
        ".{0,8}".prop_map(Json::from),
        Just(json!("2026-11-21T09:30:00Z")),
        Just(json!("[1, null]")),
        Just(json!("AQI=")),
    ];
    scalar.prop_recursive(5, 48, 8, |inner| {
        let key = prop_oneof![
            proptest::sample::select(TABLE.columns.to_vec())
                .prop_map(|column| column.key.to_string()),
            Just("data".to_owned()),
            Just("next".to_owned()),
            ".{0,6}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            prop::collection::vec((key, inner), 0..10)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

pub(super) fn page_of(records: &Json) -> String {
    json!({ "data": records, "next": "x" }).to_string()
}

pub(super) fn contracts() -> impl Strategy<Value = SchemaContract> {
    let data_type = prop_oneof![
        Just(DataTypeContract::Freeze),
        Just(DataTypeContract::DiscardRow),
        Just(DataTypeContract::DiscardValue),
    ];
    let columns = prop_oneof![
        Just(ColumnsContract::DiscardValue),
        Just(ColumnsContract::Freeze),
    ];
    (columns, data_type).prop_map(|(columns, data_type)| SchemaContract { columns, data_type })
}

/// Reads every cell of every row.
fn touch(decoded: &Decoded) -> usize {
    let rows = decoded.rows.iter();
    rows.flat_map(|row| row.values())
        .map(|value| value.to_string().len())
        .sum()
}

/// A record that fits: text, integer, number, bool, list, object, and any JSON.
pub(super) fn fitting_record() -> impl Strategy<Value = Json> {
    (
        ".{0,12}",
        any::<Option<i64>>(),
        prop::option::of(any::<f64>().prop_filter("finite", |f| f.is_finite())),
        any::<Option<bool>>(),
        prop::option::of(any_json()),
        prop::option::of(prop::collection::vec(any::<Option<i64>>(), 0..5)),
        prop::option::of((prop::option::of(".{0,8}"), any::<Option<i64>>())),
    )
        .prop_map(|(text, bigint, double, bool, json, list, object)| {
            let object = object.map(|(text, bigint)| json!({ "text": text, "bigint": bigint }));
            json!({
                "text": text, "bigint": bigint, "double": double, "bool": bool, "json": json,
                "list": list, "object": object, "undeclared": [1, { "text": 2 }],
            })
        })
}

proptest! {
    #[test]
    fn any_bytes_end_in_rows_or_an_error(body in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(decoded) = decode(body, &shape(&PAGED, &TABLE, &[])) {
            touch(&decoded);
        }
    }

    #[test]
    fn a_page_cut_or_changed_anywhere_ends_in_rows_or_an_error(
        records in prop::collection::vec(fitting_record(), 1..4),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let body = page_of(&records.into()).into_bytes();
        let at = at.index(body.len());
        let shape = shape(&PAGED, &TABLE, &[Path(list![Step::Key(Static("next"))])]);
        prop_assert!(decode(body[..at].to_vec(), &shape).is_err());
        let mut changed = body;
        changed[at] = byte;
        if let Ok(decoded) = decode(changed, &shape) {
            touch(&decoded);
        }
    }

    #[test]
    fn any_json_is_accounted_for(
        records in prop::collection::vec(any_json(), 0..6),
        contract in contracts(),
    ) {
        let count = records.len();
        let decoded = page_under(contract, &TABLE, &page_of(&records.into()));
        touch(&decoded);
        prop_assert_eq!(decoded.received, count as u64);
        let kept = decoded.rows.len() as u64 + decoded.discarded_rows;
        prop_assert!(kept <= decoded.received);
        prop_assert_eq!(decoded.failure.is_none(), kept == decoded.received);
    }

    #[test]
    fn decoded_values_are_those_that_serde_json_reads(
        records in prop::collection::vec(fitting_record(), 0..5),
    ) {
        let body = page_of(&records.clone().into());
        let decoded = super::page(&TABLE, &body).unwrap();
        prop_assert!(decoded.failure.is_none(), "{:?}", decoded.failure);
        prop_assert_eq!(decoded.rows.len(), records.len());
        for (row, record) in decoded.rows.iter().zip(&records) {
            for (value, column) in row.values().zip(&TABLE.columns).take(8) {
                let expected = record.get(column.key.as_str()).unwrap_or(&Json::Null);
                let read = match value {
                    Value::Absent | Value::Null => Json::Null,
                    Value::Bool(value) => value.into(),
                    Value::Bigint(value) => value.into(),
                    Value::Text(value) => value.into(),
                    // serde_json writes the shortest digits, and may read them an ulp off.
                    Value::Double(value) => {
                        prop_assert_eq!(Some(value), expected.to_string().parse().ok());
                        continue;
                    }
                    Value::Json(raw) => {
                        prop_assert_eq!(raw, expected.to_string());
                        continue;
                    }
                    other => panic!("{other:?}"),
                };
                prop_assert_eq!(&read, expected, "{}", column.name);
            }
        }
    }
}
