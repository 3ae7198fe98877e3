//! Pages that would take too much memory: they are errors, whatever their bytes are spent on.

use std::sync::LazyLock;

use super::*;
use crate::{
    plan::{ColumnsContract, Selector},
    schema::Decode,
};

const BIGINT: Column = Column::new("", Type::Bigint);

static WIDE: Table = Table::new(
    "stories",
    Static(const { &[const { Column::new("a", Type::Bigint).nullable() }; 64] }),
);
static LIST: LazyLock<Table> = LazyLock::new(|| {
    Table::new(
        "stories",
        vec![Column::new("l", Type::Array(Static(const { &BIGINT })))].into(),
    )
});
static MAP: LazyLock<Table> = LazyLock::new(|| {
    Table::new(
        "stories",
        vec![Column::new("m", Type::Map(Static(const { &BIGINT })))].into(),
    )
});
static TEXT: LazyLock<Table> = LazyLock::new(|| {
    Table::new(
        "stories",
        vec![Column::new("t", Type::Map(Static(const { &BIGINT }))).decode(Decode::Text)].into(),
    )
});
static EXTRA: Table = Table::new("stories", list![BIGINT.nullable(), Column::extra()]);
static NONE: Table = Table::new("stories", list![Column::new("a", Type::Bigint).nullable()]);

fn repeated(value: &str, count: usize) -> String {
    vec![value; count].join(",")
}

fn members(count: usize, value: &str) -> String {
    let members: Vec<String> = (0..count).map(|n| format!("\"{n}\":{value}")).collect();
    members.join(",")
}

/// Checks that a page of each of two sizes is read, or too large.
fn check(
    resource: &ResourcePlan,
    table: &'static Table,
    body: impl Fn(usize) -> String,
    at: usize,
) {
    for (size, fits) in [(at * 9 / 10, true), (at * 11 / 10, false)] {
        let read = decode(body(size).into(), &shape(resource, table, &[]));
        let text = read
            .map(|page| page.failure)
            .map_err(|error| error.to_string());
        match text {
            Ok(failure) => assert!(fits && failure.is_none(), "{size}: {failure:?}"),
            Err(text) => assert!(!fits && text.contains("more than 1048576 values"), "{text}"),
        }
    }
}

fn of_contract(columns: ColumnsContract) -> ResourcePlan {
    ResourcePlan {
        schema_contract: SchemaContract {
            columns,
            ..SchemaContract::DEFAULT
        },
        ..PAGED.clone()
    }
}

#[cfg(feature = "queries")]
fn query(text: &'static str) -> ResourcePlan {
    ResourcePlan {
        selector: Selector::Query(Text::of(text)),
        ..PAGED.clone()
    }
}

#[test]
fn a_page_of_more_values_than_it_may_have_is_an_error() {
    for resource in [
        PAGED.clone(),
        #[cfg(feature = "queries")]
        query("$.data[*]"),
    ] {
        let list = |count| format!(r#"{{"data": [{{"l": [{}]}}]}}"#, repeated("0", count));
        check(&resource, &LIST, list, 1 << 20);
        let wide = |count| format!(r#"{{"data": [{}]}}"#, repeated("{}", count));
        check(&resource, &WIDE, wide, (1 << 20) / 64);
    }
    // Commas and brackets of a text are not values.
    let texts = ",[".repeat(1 << 20);
    let body = format!(r#"{{"data": [{{"l": []}}], "x": "{texts}"}}"#);
    decode(body.into(), &shape(&PAGED, &LIST, &[])).unwrap();
}

#[test]
fn the_keys_of_a_map_count() {
    let map = |count| format!(r#"{{"data": [{{"m": {{{}}}}}]}}"#, members(count, "0"));
    check(&PAGED, &MAP, map, 1 << 19);
    let maps = |count| format!(r#"{{"data": [{}]}}"#, repeated(r#"{"m":{"a":1}}"#, count));
    check(&PAGED, &MAP, maps, (1 << 20) / 3);
}

#[test]
fn the_values_of_json_in_a_text_count() {
    let text = |count| {
        let map = format!("{{{}}}", members(count, "0"));
        serde_json::json!({ "data": [{ "t": map }] }).to_string()
    };
    check(&PAGED, &TEXT, text, 1 << 19);
}

#[test]
fn undeclared_keys_that_are_kept_count() {
    let evolve = of_contract(ColumnsContract::Evolve);
    let one = |count| format!(r#"{{"data": [{{{}}}]}}"#, members(count, "0"));
    check(&evolve, &EXTRA, one, 1 << 19);
    let each = |count| format!(r#"{{"data": [{}]}}"#, repeated(r#"{"x":1}"#, count));
    check(&evolve, &EXTRA, each, (1 << 20) / 4);
}

#[cfg(feature = "queries")]
#[test]
fn the_keys_of_records_that_a_query_finds_count() {
    let keyed = |count| format!(r#"{{"data": {{{}}}}}"#, members(count, "{}"));
    // An object counts twice in an estimate from above.
    check(&query("$.data.*"), &NONE, keyed, (1 << 20) / 3);
}

#[test]
fn undeclared_keys_that_are_left_out_take_no_memory() {
    let body = format!(r#"{{"data": [{{{}}}]}}"#, members(900_000, "0"));
    let discard = of_contract(ColumnsContract::DiscardValue);
    let decoded = decode(body.into(), &shape(&discard, &NONE, &[])).unwrap();
    assert_eq!(decoded.undeclared, 900_000);
}

#[test]
fn a_cursor_that_is_too_long_is_an_error() {
    let next = Path(list![Step::Key(Static("next"))]);
    for (length, fits) in [(200 << 10, true), (300 << 10, false)] {
        let body = format!(r#"{{"next": "{}", "data": []}}"#, "x".repeat(length));
        let read = decode(
            body.into(),
            &shape(&PAGED, &NONE, std::slice::from_ref(&next)),
        );
        let text = read.err().map(|error| error.to_string());
        assert_eq!(text.is_none(), fits, "{text:?}");
        assert!(text.is_none_or(|text| text.contains("longer than 256 KiB")));
    }
}
