//! Rows of CSV.

use super::*;
use crate::{ErrorKind, plan::Csv};

fn csv(csv: Csv) -> Decoder {
    Decoder {
        format: BodyFormat::Csv(csv),
        ..Decoder::DEFAULT
    }
}

const PLAIN: Csv = Csv::DEFAULT;

fn rows(plan: Csv, body: &str) -> Vec<String> {
    let text = text(&csv(plan), body.as_bytes());
    text.lines().map(str::to_owned).collect()
}

fn failure(plan: Csv, body: &str) -> (String, bool) {
    error(&csv(plan), body.as_bytes())
}

#[test]
fn each_row_is_an_object_of_texts() {
    for body in [
        "id,name\n1,a\n2,b\n",
        "id,name\r\n1,a\r\n2,b",
        "\u{feff}id,name\r1,a\r2,b\r",
    ] {
        let expected = [r#"{"id":"1","name":"a"}"#, r#"{"id":"2","name":"b"}"#];
        assert_eq!(rows(PLAIN, body), expected, "{body:?}");
    }
    assert!(rows(PLAIN, "id,name\n").is_empty());
    assert!(rows(PLAIN, "").is_empty());
}

#[test]
fn a_quoted_value_holds_any_text() {
    let body = "id,name\n1,\"a, \"\"b\"\"\r\nc\\\t\u{1}\"\n\"2\",\"\"\n";
    let expected = [
        r#"{"id":"1","name":"a, \"b\"\r\nc\\\t\u0001"}"#,
        r#"{"id":"2","name":""}"#,
    ];
    assert_eq!(rows(PLAIN, body), expected);
    // A quote within a value that is not quoted is a character like any other.
    assert_eq!(
        rows(PLAIN, "id,name\n1,5\" x\n"),
        [r#"{"id":"1","name":"5\" x"}"#]
    );
}

#[test]
fn the_dialect_says_what_separates_values() {
    let plan = Csv {
        delimiter: b'\t',
        quote: Some(b'\''),
        escape: Some(b'\\'),
        null_text: Text::of("\\N"),
        ..PLAIN
    };
    let body = "id\tname\n1\t'it\\'s\\\\'\n2\t\\N\n3\t'\\\\N'\n4\t\n";
    let expected = [
        r#"{"id":"1","name":"it's\\"}"#,
        r#"{"id":"2","name":null}"#,
        r#"{"id":"3","name":"\\N"}"#,
        r#"{"id":"4","name":""}"#,
    ];
    assert_eq!(rows(plan, body), expected);
    let unquoted = Csv {
        quote: None,
        ..PLAIN
    };
    assert_eq!(
        rows(unquoted, "id,name\n1,\"a\n"),
        [r#"{"id":"1","name":"\"a"}"#]
    );
}

#[test]
fn a_quoted_null_is_null_where_the_dialect_says_so() {
    let plan = Csv {
        null_quoted: true,
        ..PLAIN
    };
    assert_eq!(
        rows(plan, "\"id\",\"name\"\n\"1\",\"\"\n"),
        [r#"{"id":"1","name":null}"#]
    );
}

#[test]
fn names_may_be_declared_and_lines_skipped() {
    let plan = Csv {
        column_names: list![Static("id"), Static("name")],
        skip_lines: 2,
        ..PLAIN
    };
    assert_eq!(
        rows(plan, "# export\r\na;b;c\n1,x\n"),
        [r#"{"id":"1","name":"x"}"#]
    );
}

#[test]
fn blank_lines_are_not_rows() {
    let body = "\nid,name\n\n1,a\r\n\r\n";
    assert_eq!(rows(PLAIN, body), [r#"{"id":"1","name":"a"}"#]);
}

#[test]
fn a_row_that_cannot_be_read_is_named() {
    for (body, message, is_incomplete) in [
        (
            "id,name\n1,a\n\n2\n3,c\n",
            "row 2 of the response, line 4, has 1 values, and 2 are expected",
            false,
        ),
        (
            "id,name\n1,a\n2",
            "row 2 of the response, line 3, has 1 values, and 2 are expected",
            true,
        ),
        (
            "id,name\n1,\"a\"b\n",
            "row 1 of the response, line 2, has text after the closing quote of a value",
            false,
        ),
        (
            "id,name\n1,\"a\n2,b\n",
            "the response ends within a quoted value, which begins in line 2",
            true,
        ),
        (
            "id,name,name\n1,a,b\n",
            "the header of the response has `name` twice",
            false,
        ),
        (
            "identifier,name\n1,a\n",
            "the header of the response, line 1, has no `id`",
            false,
        ),
    ] {
        assert_eq!(
            failure(PLAIN, body),
            (message.to_owned(), is_incomplete),
            "{body:?}"
        );
    }
}

#[test]
fn a_row_without_end_is_an_error_once_it_is_too_long() {
    let body = format!("id,name\n1,a\n2,\"{}", "x\n".repeat(2000));
    let error = batches(&csv(PLAIN), body.as_bytes(), 100, 1000).unwrap_err();
    let message = "row 2 of the response, line 3, is longer than 1000 bytes (`max_response_bytes`)";
    assert_eq!(error.error.message(), message);
}

#[test]
fn values_are_read_by_the_types_of_their_columns() {
    static TYPED: Table = Table::new(
        "things",
        list![
            Column::new("id", Type::Bigint),
            Column::new("price", Type::Double).nullable(),
            Column::new(
                "exact",
                Type::Decimal {
                    precision: 0,
                    scale: 0
                }
            )
            .nullable(),
            Column::new("is_open", Type::Bool).nullable(),
            Column::new("on", Type::DATE).nullable(),
            Column::new("at", Type::TIMESTAMP).nullable(),
            Column::new("tags", Type::Json).nullable(),
        ],
    );
    let resource = ResourcePlan {
        table: (&TYPED).into(),
        ..resource(csv(PLAIN))
    };
    let header = "id,price,exact,is_open,on,at,tags\n";
    let body = format!(
        "{header}1,2.5,0.10,TRUE,2026-11-29,2026-11-29T10:00:00Z,\"[\"\"a\"\"]\"\n2,,,,,,\n"
    );
    let rows = Rows::from_page(body, &resource).unwrap();
    let shown: Vec<String> = rows
        .iter()
        .map(|row| format!("{:?}", row.values().collect::<Vec<_>>()))
        .collect();
    insta::assert_snapshot!(shown.join("\n"));

    let error = Rows::from_page(format!("{header}1,,,,,,\nx,,,2,,,\n"), &resource).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Schema);
    insta::assert_snapshot!(error);
}
