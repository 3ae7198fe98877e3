//! Parquet, read by another implementation: pyarrow.
//!
//! `REST_SOURCE_PYTHON` names a Python that has it. Without the variable, the test is skipped where `python3` has none.

use std::process::Command;

use rest_source_load_files::{Files, Format};
use rest_source_testkit::Folder;
use serde_json::{Value, json};

use crate::world::World;

const THINGS: &str = "
  - name: things
    write_disposition: merge
    primary_key: id
    columns:
      id: bigint!
      name: text
      share: double
      is_open: bool!
      at: timestamp
      nanos: { data_type: timestamp, format: epoch_nanos }
      day: date
      hour: time
      price: { data_type: decimal, precision: 12, scale: 3 }
      exact: decimal
      digest: binary
      any: json
      kind: { data_type: enum, values: [a, b] }
      place:
        data_type: object
        fields:
          city: text!
          zip: { data_type: object, fields: { code: bigint } }
      tags: { data_type: array, items: text }
      stops: { data_type: array, items: { data_type: object, fields: { x: bigint!, z: double } } }
      counts: { data_type: map, values: bigint }
";

/// Prints the schema and the rows of files, as JSON.
const SCRIPT: &str = r#"
import base64, datetime, decimal, json, re, sys
import pyarrow.parquet as pq

def plain(value):
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time, decimal.Decimal)):
        return str(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value

table = pq.read_table(sys.argv[1])
schema = [f"{f.name}: {f.type}{'' if f.nullable else ' not null'}" for f in table.schema]
# Some versions show the name of a map's entries.
schema = [re.sub(r" \('\w+'\)", "", field) for field in schema]
# Python has no nanoseconds.
at = table.schema.get_field_index("nanos")
table = table.set_column(at, "nanos", table["nanos"].cast("int64"))
meta = pq.read_metadata(sys.argv[1])
column = meta.row_group(0).column(0)
print(json.dumps({
    "schema": schema,
    "rows": [plain(row) for row in table.to_pylist()],
    "statistics": [column.statistics.min, column.statistics.max, column.statistics.null_count],
    "compression": column.compression,
}))
"#;

fn python() -> Option<String> {
    if let Ok(python) = std::env::var("REST_SOURCE_PYTHON") {
        return Some(python);
    }
    let found = Command::new("python3")
        .args(["-c", "import pyarrow"])
        .output();
    found
        .is_ok_and(|output| output.status.success())
        .then(|| "python3".to_owned())
}

#[tokio::test]
async fn pyarrow_reads_the_values_types_nullability_and_nesting_that_were_loaded() {
    let Some(python) = python() else {
        println!(
            "skipped: there is no python3 with pyarrow; REST_SOURCE_PYTHON names another Python"
        );
        return;
    };
    let world = World::new().await;
    let full = json!({
        "id": 1, "name": "a \u{1f600}", "share": 0.1, "is_open": true, "at": "2026-11-21T09:30:00.123456+02:00",
        "nanos": 1_795_246_200_000_000_001_i64, "day": "0001-02-03", "hour": "23:59:59.5",
        "price": 12.5, "exact": 123_456_789.000_001, "digest": "AAEC", "any": { "z": [1, null] }, "kind": "b",
        "place": { "city": "Bern", "zip": { "code": 3000 } }, "tags": ["x", ""],
        "stops": [{ "x": 1, "z": 2.5 }, { "x": 2, "z": null }], "counts": { "one": 1, "two": 2 },
    });
    let empty = json!({
        "id": 2, "name": null, "is_open": false, "at": "9999-12-31T23:59:59Z", "price": -0.001,
        "place": { "city": "", "zip": null }, "tags": [], "stops": [], "counts": {},
    });
    let none = json!({ "id": 3, "is_open": false });
    world.serve("/things", json!([full, empty, none]));
    let folder = Folder::new("pyarrow").unwrap();
    let files = Files::folder(folder.path()).format(Format::Parquet);
    world.load(THINGS, &files).await;
    let (path, rows) = crate::stored::listed(folder.path(), "things", "things").remove(0);
    assert_eq!(rows, 3);
    let output = Command::new(python)
        .args(["-c", SCRIPT])
        .arg(path)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let read: Value = serde_json::from_slice(&output.stdout).unwrap();
    let schema = json!([
        "id: int64 not null",
        "name: string",
        "share: double",
        "is_open: bool not null",
        "at: timestamp[us, tz=UTC]",
        "nanos: timestamp[ns, tz=UTC]",
        "day: date32[day]",
        "hour: time64[us]",
        "price: decimal128(12, 3)",
        "exact: string",
        "digest: binary",
        "any: string",
        "kind: string",
        "place: struct<city: string not null, zip: struct<code: int64>>",
        "tags: list<element: string>",
        "stops: list<element: struct<x: int64 not null, z: double>>",
        "counts: map<string, int64>",
    ]);
    assert_eq!(read["schema"], schema, "{:#}", read["schema"]);
    assert_eq!(read["statistics"], json!([1, 3, 0]));
    assert_eq!(read["compression"], "ZSTD");
    let expected = json!([
        {
            "id": 1, "name": "a \u{1f600}", "share": 0.1, "is_open": true, "at": "2026-11-21 07:30:00.123456+00:00",
            "nanos": 1_795_246_200_000_000_001_i64, "day": "0001-02-03", "hour": "23:59:59.500000", "price": "12.500",
            "exact": "123456789.000001", "digest": "AAEC", "any": "{\"z\":[1,null]}", "kind": "b",
            "place": { "city": "Bern", "zip": { "code": 3000 } }, "tags": ["x", ""],
            "stops": [{ "x": 1, "z": 2.5 }, { "x": 2, "z": null }], "counts": [["one", 1], ["two", 2]],
        },
        {
            "id": 2, "name": null, "share": null, "is_open": false, "at": "9999-12-31 23:59:59+00:00",
            "nanos": null, "day": null, "hour": null, "price": "-0.001", "exact": null, "digest": null, "any": null,
            "kind": null, "place": { "city": "", "zip": null }, "tags": [], "stops": [], "counts": [],
        },
        {
            "id": 3, "name": null, "share": null, "is_open": false, "at": null, "nanos": null, "day": null,
            "hour": null, "price": null, "exact": null, "digest": null, "any": null, "kind": null, "place": null,
            "tags": null, "stops": null, "counts": null,
        },
    ]);
    assert_eq!(read["rows"], expected, "{:#}", read["rows"]);
}
