//! Batches of pages: each type of column with and without values, nested columns, and some columns of a table.

#![cfg(test)]

use std::sync::Arc;

use proptest::prelude::*;
use rest_source::{
    Column, ErrorKind, Rows, Table, Type,
    plan::ResourcePlan,
    schema::TimeFormat,
    shared::{List, Ref},
};
use rest_source_arrow::{
    BatchBuilder,
    arrow_array::{
        Array, ArrayRef, RecordBatch,
        cast::AsArray,
        types::{
            Date32Type, Decimal128Type, Float64Type, Int64Type, Time64MicrosecondType,
            TimestampMicrosecondType, TimestampNanosecondType,
        },
    },
    arrow_schema::{DataType, Field, TimeUnit},
    batch, schema,
};
use serde_json::{Value as Json, json};

fn table(columns: Vec<Column>) -> Ref<Table> {
    Ref::from(Table {
        name: "things".into(),
        columns: columns.into(),
    })
}

fn rows(table: &Ref<Table>, records: &Json) -> Rows {
    let resource = ResourcePlan {
        table: table.clone(),
        ..ResourcePlan::DEFAULT
    };
    Rows::from_page(records.to_string(), &resource).unwrap()
}

fn decimal(precision: u8, scale: u8) -> Type {
    Type::Decimal { precision, scale }
}

fn nullable(data_type: Type) -> Ref<Column> {
    Ref::from(Column::new("", data_type).nullable())
}

/// A value of an array as JSON, so that it can be compared with the page: numbers of units for times, unscaled digits
/// for decimals.
fn json_of(array: &ArrayRef, at: usize) -> Json {
    if array.is_null(at) {
        return Json::Null;
    }
    match array.data_type() {
        DataType::Utf8 => json!(array.as_string::<i32>().value(at)),
        DataType::Int64 => json!(array.as_primitive::<Int64Type>().value(at)),
        DataType::Float64 => json!(array.as_primitive::<Float64Type>().value(at)),
        DataType::Boolean => json!(array.as_boolean().value(at)),
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if **zone == *"UTC" => {
            json!(array.as_primitive::<TimestampMicrosecondType>().value(at))
        }
        DataType::Timestamp(TimeUnit::Nanosecond, Some(zone)) if **zone == *"UTC" => {
            json!(array.as_primitive::<TimestampNanosecondType>().value(at))
        }
        DataType::Date32 => json!(array.as_primitive::<Date32Type>().value(at)),
        DataType::Time64(TimeUnit::Microsecond) => {
            json!(array.as_primitive::<Time64MicrosecondType>().value(at))
        }
        DataType::Decimal128(..) => {
            json!(array.as_primitive::<Decimal128Type>().value(at).to_string())
        }
        DataType::Binary => json!(array.as_binary::<i32>().value(at)),
        DataType::Struct(fields) => {
            let columns = fields.iter().zip(array.as_struct().columns());
            let values = columns.map(|(field, column)| (field.name().clone(), json_of(column, at)));
            Json::Object(values.collect())
        }
        DataType::List(_) => {
            let elements = array.as_list::<i32>().value(at);
            (0..elements.len())
                .map(|at| json_of(&elements, at))
                .collect()
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(at);
            let (keys, values) = (entries.column(0), entries.column(1));
            let entries = (0..entries.len()).map(|at| {
                let key = json_of(keys, at).as_str().unwrap().to_owned();
                (key, json_of(values, at))
            });
            Json::Object(entries.collect())
        }
        other => panic!("no column is of type {other}"),
    }
}

fn records_of(batch: &RecordBatch) -> Vec<Json> {
    let schema = batch.schema();
    let record = |at| {
        let columns = schema.fields().iter().zip(batch.columns());
        let values = columns.map(|(field, column)| (field.name().clone(), json_of(column, at)));
        Json::Object(values.collect())
    };
    (0..batch.num_rows()).map(record).collect()
}

fn utc(unit: TimeUnit) -> DataType {
    DataType::Timestamp(unit, Some("UTC".into()))
}

#[test]
fn each_type_has_its_arrow_type_and_its_nullability() {
    let words = List::from(vec!["a".into()]);
    let union = List::from(vec![
        Column::new("text", Type::Text),
        Column::new("number", Type::Bigint),
    ]);
    let of_enum = Type::Enum {
        values: words,
        closed: true,
    };
    let cases = [
        (Type::Text, json!("x"), DataType::Utf8, json!("x")),
        (Type::Bigint, json!(-7), DataType::Int64, json!(-7)),
        (Type::Double, json!(1.5), DataType::Float64, json!(1.5)),
        (Type::Bool, json!(true), DataType::Boolean, json!(true)),
        (
            Type::TIMESTAMP,
            json!("1970-01-01T01:00:00.0000017+01:00"),
            utc(TimeUnit::Microsecond),
            json!(1),
        ),
        (
            Type::Timestamp(TimeFormat::EpochNanos),
            json!(-1_000_000_007),
            utc(TimeUnit::Nanosecond),
            json!(-1_000_000_007),
        ),
        (Type::DATE, json!("1970-02-01"), DataType::Date32, json!(31)),
        (
            Type::Time,
            json!("00:00:01.5"),
            DataType::Time64(TimeUnit::Microsecond),
            json!(1_500_000),
        ),
        (
            decimal(5, 2),
            json!("-1.5"),
            DataType::Decimal128(5, 2),
            json!("-150"),
        ),
        (
            decimal(38, 0),
            json!(7),
            DataType::Decimal128(38, 0),
            json!("7"),
        ),
        (decimal(0, 0), json!("1.50"), DataType::Utf8, json!("1.5")),
        (
            Type::Binary,
            json!("aGk="),
            DataType::Binary,
            json!([104, 105]),
        ),
        (
            Type::Json,
            json!({"a": [1]}),
            DataType::Utf8,
            json!("{\"a\":[1]}"),
        ),
        (of_enum, json!("a"), DataType::Utf8, json!("a")),
        (Type::Union(union), json!(7), DataType::Utf8, json!("7")),
    ];
    for (data_type, value, arrow, expected) in cases {
        let required = table(vec![Column::new("value", data_type.clone())]);
        assert_eq!(
            *schema(&required).field(0),
            Field::new("value", arrow.clone(), false)
        );
        let read = batch(&rows(&required, &json!([{ "value": value }]))).unwrap();
        assert_eq!(records_of(&read), [json!({ "value": expected })]);

        let optional = table(vec![Column::new("value", data_type).nullable()]);
        assert_eq!(
            *schema(&optional).field(0),
            Field::new("value", arrow, true)
        );
        let page = json!([{ "value": null }, {}, { "value": value }]);
        let read = batch(&rows(&optional, &page)).unwrap();
        let expected = [Json::Null, Json::Null, expected].map(|value| json!({ "value": value }));
        assert_eq!(records_of(&read), expected);
    }
}

#[test]
fn nested_columns_keep_their_nulls_and_the_nulls_within_them() {
    let point = table(vec![
        Column::new("x", Type::Bigint),
        Column::new("tags", Type::Array(nullable(Type::Text))),
    ]);
    let things = table(vec![
        Column::new("point", Type::Object(point.clone())).nullable(),
        Column::new("points", Type::Array(nullable(Type::Object(point)))),
        Column::new("counts", Type::Map(nullable(Type::Bigint))).nullable(),
    ]);
    let page = json!([
        { "point": { "x": 1, "tags": ["a", null] }, "points": [null, { "x": 2, "tags": [] }], "counts": {} },
        { "point": null, "points": [], "counts": { "a": 1, "b": null } },
        { "point": { "x": 3, "tags": ["b"] }, "points": [{ "x": 4, "tags": ["c"] }], "counts": null },
    ]);
    let read = batch(&rows(&things, &page)).unwrap();
    assert_eq!(Json::from(records_of(&read)), page);
}

#[test]
fn untyped_records_are_one_column_of_json() {
    let table = table(Vec::new());
    let read = batch(&rows(&table, &json!([{ "a": 1 }, 7]))).unwrap();
    assert_eq!(
        *read.schema().field(0),
        Field::new("record", DataType::Utf8, false)
    );
    let records = [json!({ "record": "{\"a\":1}" }), json!({ "record": "7" })];
    assert_eq!(records_of(&read), records);
}

#[test]
fn some_columns_of_a_table_are_in_the_order_that_was_asked_for() {
    let names = ["a", "b", "c"].map(|name| Column::new(name, Type::Bigint));
    let table = table(names.to_vec());
    let page = rows(&table, &json!([{ "a": 1, "b": 2, "c": 3 }]));
    let read = |columns: &[usize]| {
        let mut builder = BatchBuilder::with_columns(&table, columns.iter().copied());
        page.iter().for_each(|row| builder.append(row).unwrap());
        builder.finish().unwrap()
    };
    assert_eq!(records_of(&read(&[2, 0])), [json!({ "c": 3, "a": 1 })]);
    let none = read(&[]);
    assert_eq!((none.num_rows(), none.num_columns()), (1, 0));
}

#[test]
fn a_builder_starts_anew_after_each_batch() {
    let table = table(vec![Column::new("tags", Type::Array(nullable(Type::Text)))]);
    let mut builder = BatchBuilder::new(&table);
    for tags in [json!(["a", "b"]), json!([]), json!(["c"])] {
        let page = rows(&table, &json!([{ "tags": tags }]));
        builder.append(page.get(0).unwrap()).unwrap();
        assert_eq!(builder.rows(), 1);
        assert_eq!(
            records_of(&builder.finish().unwrap()),
            [json!({ "tags": tags })]
        );
        assert_eq!((builder.rows(), builder.bytes()), (0, 0));
    }
}

#[test]
fn values_without_an_arrow_value_are_errors_that_name_them() {
    let refused = |data_type: Type, value: Json| {
        let table = table(vec![Column::new("value", data_type)]);
        let error = batch(&rows(&table, &json!([{ "value": value }]))).unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Destination);
        error.to_string()
    };
    // 2_300-01-01 is after the last instant that 64 bits of nanoseconds reach.
    let late =
        Json::from(serde_json::from_str::<serde_json::Number>("10413792000000000000").unwrap());
    let message = refused(Type::Timestamp(TimeFormat::EpochNanos), late);
    assert!(
        message.contains("2300-01-01T00:00:00Z") && message.contains("`text`"),
        "{message}"
    );
}

/// One record of the property: what is in the page, and what its batch must hold.
fn record() -> impl Strategy<Value = (Json, Json)> {
    let optional = || prop::option::of(any::<i64>());
    let micros = -60_000_000_000_000_000_i64..250_000_000_000_000_000;
    let texts = prop::collection::vec(prop::option::of(".{0,5}"), 0..4);
    (
        (any::<i64>(), ".{0,12}", optional(), prop::option::of(any::<bool>())),
        (prop::option::of(micros), prop::option::of(-99_999_999_i64..=99_999_999)),
        (prop::option::of(texts), prop::option::of((any::<i64>(), optional()))),
        prop::option::of(prop::collection::btree_map("[a-z]{0,3}", optional(), 0..4)),
    )
        .prop_map(|((id, text, number, flag), (at, amount), (list, object), map)| {
            let object = object.map(|(x, y)| json!({ "x": x, "y": y }));
            let shared = json!({
                "id": id, "text": text, "number": number, "flag": flag, "list": list, "object": object, "map": map,
            });
            let with = |at: Json, amount: Json| {
                let mut record = shared.clone();
                record["at"] = at;
                record["amount"] = amount;
                record
            };
            // Three digits after the point.
            let written = amount.map(|amount| {
                let (sign, digits) = (if amount < 0 { "-" } else { "" }, amount.unsigned_abs());
                format!("{sign}{}.{:03}", digits / 1_000, digits % 1_000)
            });
            let unscaled = amount.map(|amount| amount.to_string());
            (with(json!(at), json!(written)), with(json!(at), json!(unscaled)))
        })
}

fn things() -> Ref<Table> {
    let object = table(vec![
        Column::new("x", Type::Bigint),
        Column::new("y", Type::Bigint).nullable(),
    ]);
    table(vec![
        Column::new("id", Type::Bigint),
        Column::new("text", Type::Text),
        Column::new("number", Type::Bigint).nullable(),
        Column::new("flag", Type::Bool).nullable(),
        Column::new("list", Type::Array(nullable(Type::Text))).nullable(),
        Column::new("object", Type::Object(object)).nullable(),
        Column::new("map", Type::Map(nullable(Type::Bigint))).nullable(),
        Column::new("at", Type::Timestamp(TimeFormat::EpochMicros)).nullable(),
        Column::new("amount", decimal(8, 3)).nullable(),
    ])
}

proptest! {
    #[test]
    fn a_batch_holds_the_values_of_the_page(
        records in prop::collection::vec(record(), 0..20),
        chosen in prop::collection::btree_set(0_usize..9, 0..9),
    ) {
        let (page, expected): (Vec<Json>, Vec<Json>) = records.into_iter().unzip();
        let table = things();
        let page = rows(&table, &Json::from(page));
        let read = batch(&page).unwrap();
        prop_assert_eq!(&records_of(&read), &expected);

        let mut some = BatchBuilder::with_columns(&table, chosen.iter().copied());
        page.iter().for_each(|row| some.append(row).unwrap());
        let some = some.finish().unwrap();
        let positions: Vec<usize> = chosen.into_iter().collect();
        prop_assert_eq!(some, read.project(&positions).unwrap());
        prop_assert_eq!(Arc::clone(&read.schema()), schema(&table));
    }
}
