//! JSON lines.

use std::sync::LazyLock;

use super::*;
use crate::{
    decode::{Format, decode_or_leave},
    plan::Selector,
    shared::list,
};

static LINES: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    selector: Selector::Path(Path(list![])),
    ..PAGED.clone()
});

/// A body of JSON lines from its start.
const LINES_FORMAT: Format = Format::Lines { line: 1, record: 0 };

static TABLE: Table = Table::new(
    "stories",
    list![
        Column::new("id", Type::Bigint),
        Column::new("name", Type::Text).nullable(),
    ],
);

static UNTYPED: Table = Table::new("stories", list![]);

fn lines_of(resource: &ResourcePlan, table: &'static Table, body: &str) -> Result<Decoded, Error> {
    let shape = shape(resource, table, &[Path(list![Step::Key(Static("next"))])]);
    decode_or_leave(&mut body.into(), LINES_FORMAT, None, &shape)
}

#[test]
fn each_line_is_a_record() {
    let body = "\u{feff}{\"id\": 1, \"name\": \"a\"}\r\n\n {\"name\":\"\\u00e9\",\"id\":2}\n";
    let decoded = lines_of(&LINES, &TABLE, body).unwrap();
    assert_eq!(rows(&decoded), ["1 | a", "2 | é"]);
    assert_eq!(
        (decoded.received, decoded.probes),
        (2, vec![crate::decode::Probe::Missing])
    );

    let decoded = lines_of(&LINES, &UNTYPED, "{\"a\": [1, 2]}\n{}").unwrap();
    assert_eq!(rows(&decoded), ["{\"a\": [1, 2]}", "{}"]);
}

#[test]
fn no_line_is_no_record() {
    assert!(lines_of(&LINES, &TABLE, "").unwrap().rows.is_empty());
    assert!(lines_of(&LINES, &TABLE, "\n \n").unwrap().rows.is_empty());
}

#[test]
fn a_line_that_does_not_fit_is_named_by_its_record() {
    let body = "{\"id\": 1}\n{\"id\": \"x\"}\n[1]\n{\"id\": 1e999}";
    let failure = lines_of(&LINES, &TABLE, body).unwrap().failure.unwrap();
    let failure = failure.to_string();
    for fault in [
        "$[1].id  expected bigint  found \"x\"",
        "$[2]     expected object  found a list",
        "$[3].id  expected bigint  found 1e999",
    ] {
        assert!(failure.contains(fault), "{failure}");
    }
}

#[test]
fn a_line_that_is_no_json_is_named_by_its_number() {
    for broken in ["{\"id\": 1", "{\"id\": 1} {\"id\": 2}", "<html>"] {
        let error = lines_of(&LINES, &TABLE, &format!("{{\"id\": 1}}\n{broken}")).unwrap_err();
        let error = error.to_string();
        assert!(
            error.starts_with("line 2 of the response is not JSON: "),
            "{error}"
        );
        assert!(!error.contains("line 1"), "{error}");
    }
}

#[test]
fn nothing_is_selected_from_lines() {
    let error = lines_of(&PAGED, &TABLE, "{\"id\": 1}")
        .unwrap_err()
        .to_string();
    assert!(error.contains("leave `data_selector` out"), "{error}");
}

#[test]
fn the_content_type_decides() {
    for (content_type, format) in [
        (None, Format::Json),
        (Some("application/json"), Format::Json),
        (Some("application/x-ndjson"), LINES_FORMAT),
        (Some("Application/JSONL; charset=utf-8"), LINES_FORMAT),
        (Some("application/jsonlike"), Format::Json),
    ] {
        assert_eq!(Format::of(content_type), format, "{content_type:?}");
    }
}
