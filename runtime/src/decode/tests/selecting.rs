//! Where the records and a paginator's values are, and what is said where they are not.

use super::{DATA, ID, PAGED, error, rows, shape};
use crate::{
    decode::{Probe, decode},
    plan::{Offset, Pages, Paginator, ResourcePlan, Selector},
    schema::{Column, Path, Step, Table, Type},
    shared::{Ref::Static, Text, list},
};

static TEXT: Table = Table::new("stories", list![Column::new("name", Type::Text)]);
static JSON: Table = Table::new("stories", list![Column::new("json", Type::Json)]);

const ROOT: Selector = Selector::Path(Path(list![]));
const TOTAL: Path = Path(list![Step::Key(Static("meta")), Step::Key(Static("total"))]);
const NEXT: Path = Path(list![Step::Key(Static("next"))]);
const LAST: Path = Path(list![
    Step::Key(Static("data")),
    Step::Index(-1),
    Step::Key(Static("id"))
]);

fn ids(resource: &ResourcePlan, body: &str) -> Vec<String> {
    rows(&decode(body.into(), &shape(resource, &ID, &[])).unwrap())
}

fn selecting(selector: Selector) -> ResourcePlan {
    ResourcePlan {
        selector,
        ..PAGED.clone()
    }
}

fn single(selector: Selector) -> ResourcePlan {
    ResourcePlan {
        selector,
        ..ResourcePlan::DEFAULT
    }
}

#[test]
fn records_and_probes_are_read_wherever_they_stand() {
    let shape = shape(&PAGED, &ID, &[TOTAL, NEXT, LAST]);
    for body in [
        r#"{"data": [{"id": 1}, {"id": 2}], "meta": {"x": [], "total": 12345678901234567890123}, "next": "a\n"}"#,
        r#"{"next": "a\n", "meta": {"total": 12345678901234567890123}, "x": {"data": 3}, "data": [{"id": 1}, {"id": 2}]}"#,
    ] {
        let decoded = decode(body.into(), &shape).unwrap();
        assert_eq!(rows(&decoded), ["1", "2"]);
        assert_eq!(
            decoded.probes,
            [
                Probe::Number("12345678901234567890123".to_owned()),
                Probe::Text("a\n".to_owned()),
                Probe::Number("2".to_owned()),
            ]
        );
    }
    let decoded = decode(r#"{"data": [], "meta": [], "next": null}"#.into(), &shape).unwrap();
    assert_eq!(
        decoded.probes,
        [Probe::Missing, Probe::Null, Probe::Missing]
    );
    let decoded = decode(
        r#"{"data": null, "meta": {"total": {}}, "next": false}"#.into(),
        &shape,
    )
    .unwrap();
    assert_eq!(
        decoded.probes,
        [
            Probe::Json("{}".to_owned()),
            Probe::Bool(false),
            Probe::Missing
        ]
    );
}

#[test]
fn a_selector_goes_through_keys_and_indexes() {
    let nested = Selector::Path(Path(list![
        Step::Key(Static("a")),
        Step::Index(-1),
        Step::Key(Static("b"))
    ]));
    assert_eq!(
        ids(
            &selecting(nested),
            r#"{"a": [{"b": [{"id": 1}]}, {"b": [{"id": 2}]}]}"#
        ),
        ["2"]
    );
    assert_eq!(
        ids(&selecting(ROOT), r#"[{"id": 1}, {"id": 2}]"#),
        ["1", "2"]
    );
}

#[test]
fn a_root_list_has_no_probes_and_a_root_object_is_one_record() {
    let decoded = decode(
        r#"[{"id": 1}]"#.into(),
        &shape(&selecting(ROOT), &ID, &[NEXT]),
    )
    .unwrap();
    assert_eq!(
        (rows(&decoded), decoded.probes),
        (vec!["1".to_owned()], vec![Probe::Missing])
    );
    let decoded = decode(
        r#"{"id": 1, "next": "n"}"#.into(),
        &shape(&single(ROOT), &ID, &[NEXT]),
    )
    .unwrap();
    assert_eq!(
        (rows(&decoded), decoded.probes),
        (vec!["1".to_owned()], vec![Probe::Text("n".to_owned())])
    );
    assert_eq!(ids(&single(DATA), r#"{"data": {"id": 1}}"#), ["1"]);
}

#[test]
fn null_is_nothing_and_an_empty_list_is_no_record() {
    for body in [r#"{"data": null}"#, r#"{"data": []}"#] {
        assert!(ids(&PAGED, body).is_empty());
        assert!(ids(&single(DATA), body).is_empty());
    }
}

#[test]
fn a_selector_that_finds_nothing_lists_what_is_there() {
    let text = error(&PAGED, r#"{"items": [], "total": 3}"#);
    assert!(
        text.starts_with("the response has nothing at `$.data`"),
        "{text}"
    );
    assert!(text.contains("`$` has the keys `items`, `total`"), "{text}");
    let deep = Selector::Path(Path(list![
        Step::Key(Static("a")),
        Step::Key(Static("b")),
        Step::Key(Static("c"))
    ]));
    let text = error(&selecting(deep), r#"{"a": {"b": 3}}"#);
    assert!(
        text.contains("`$.a.b` is neither an object nor a list"),
        "{text}"
    );
    let optional = ResourcePlan {
        selector_required: false,
        ..PAGED.clone()
    };
    assert!(ids(&optional, r#"{"items": []}"#).is_empty());
}

#[test]
fn an_object_where_pages_are_lists_names_the_lists_in_it() {
    let text = error(
        &selecting(ROOT),
        r#"{"items": [1], "total": 3, "more": {"x": []}, "to do": []}"#,
    );
    assert!(
        text.contains(r#"in it: the lists `$.items`, `$["to do"]`, `$.more.x`"#),
        "{text}"
    );
    assert!(text.contains("help: `data_selector: items`"), "{text}");
    let text = error(&PAGED, r#"{"data": {"id": 1}}"#);
    assert!(
        text.contains("there is no list in it: it has the key `id`"),
        "{text}"
    );
    let text = error(&single(DATA), r#"{"data": 7}"#);
    assert!(
        text.starts_with("the response has no list of records at `$.data`"),
        "{text}"
    );
}

#[cfg(feature = "queries")]
#[test]
fn a_query_selects_elements_of_lists_and_objects() {
    let query = |text| selecting(Selector::Query(text));
    assert_eq!(
        ids(
            &query(Static("$.groups[*].items")),
            r#"{"groups": [{"items": [{"id": 1}]}, {"items": [{"id": 2}, {"id": 3}]}]}"#
        ),
        ["1", "2", "3"]
    );
    assert_eq!(
        ids(
            &query(Static("$.data[?@.id > 1]")),
            r#"{"data": [{"id": 1}, {"id": 9007199254740993.0}]}"#
        ),
        ["9007199254740993"]
    );
    assert!(
        ids(
            &query(Static("$.data[?@.id > 1]")),
            r#"{"data": [{"id": 1}]}"#
        )
        .is_empty()
    );
    let text = error(&query(Static("$.data[*]")), r#"{"items": [{"id": 1}]}"#);
    assert!(
        text.starts_with("the response has nothing at `$.data[*]`"),
        "{text}"
    );
    let shape = shape(&query(Static("$.data[*]")), &ID, &[NEXT]);
    let decoded = decode(r#"{"data": [{"id": "x"}], "next": 1}"#.into(), &shape).unwrap();
    assert_eq!(decoded.probes, [Probe::Number("1".to_owned())]);
    let text = decoded.failure.unwrap().to_string();
    assert!(
        text.contains("$.data[0].id  expected bigint  found \"x\""),
        "{text}"
    );
}

/// By offset, so that its rows count.
fn counted(selector: Selector) -> ResourcePlan {
    ResourcePlan {
        paginator: Paginator::new(Pages::Offset(Offset::new(4))),
        ..selecting(selector)
    }
}

fn counts(resource: &ResourcePlan, body: &str) -> (u64, u64) {
    let decoded = decode(body.into(), &shape(resource, &ID, &[])).unwrap();
    (decoded.received, decoded.selected)
}

#[cfg(feature = "queries")]
#[test]
fn rows_are_counted_before_a_query_chooses_among_them() {
    let query = |text| counted(Selector::Query(text));
    let fan_out = r#"{"data": [{"items": [{"id": 1}, {"id": 2}]}, {"items": []}]}"#;
    assert_eq!(
        counts(&query(Static("$.data[*].items[*]")), fan_out),
        (2, 2)
    );
    let empty = r#"{"data": [{"items": []}, {"items": []}, {"items": []}]}"#;
    assert_eq!(counts(&query(Static("$.data[*].items[*]")), empty), (3, 0));
    let filtered = r#"{"data": [{"id": 1}, {"id": 2}, {"id": 3}]}"#;
    assert_eq!(
        counts(&query(Static("$.data[?@.id > 2]")), filtered),
        (3, 1)
    );
    assert_eq!(
        counts(&query(Static("$.data[?@.id > 9]")), filtered),
        (3, 0)
    );
    assert_eq!(counts(&counted(DATA), filtered), (3, 3));
    let text = error(
        &query(Static("$.data.*.items[*]")),
        r#"{"data": {"a": {"items": []}}}"#,
    );
    assert!(
        text.starts_with("cannot tell which rows the API counts"),
        "{text}"
    );
}

#[cfg(feature = "queries")]
#[test]
fn rows_are_where_the_spec_says() {
    const FIRST: Path = Path(list![
        Step::Key(Static("results")),
        Step::Index(0),
        Step::Key(Static("data"))
    ]);
    let within = r#"{"results": [{"data": [{"id": 1}, {"id": 2}]}, {"data": []}]}"#;
    let resource = |rows| ResourcePlan {
        rows_path: Some(rows),
        ..counted(Selector::Query(Static("$.results[*].data[?@.id > 1]")))
    };
    assert_eq!(counts(&resource(Selector::Path(FIRST)), within), (2, 1));
    let every = Selector::Query(Static("$.results[*].data"));
    assert_eq!(counts(&resource(every), within), (2, 1));
    let missing = error(&resource(Selector::Path(NEXT)), within);
    assert!(
        missing.starts_with("the response has nothing at `$.next`"),
        "{missing}"
    );
    assert!(missing.contains("`rows_path` names"), "{missing}");
    let scalar = r#"{"results": [{"data": []}], "next": 5}"#;
    let text = error(&resource(Selector::Path(NEXT)), scalar);
    assert!(text.contains("neither a list nor an object"), "{text}");
}

#[cfg(feature = "queries")]
#[test]
fn rows_without_a_record_are_told_from_others() {
    let resource = counted(Selector::Query(Static("$.data[?@.id > 9]")));
    let print = |body: &str| {
        let decoded = decode(body.into(), &shape(&resource, &ID, &[])).unwrap();
        decoded.fingerprint
    };
    let one = print(r#"{"data": [{"id": 1}]}"#);
    assert_ne!(one, print(r#"{"data": [{"id": 2}]}"#));
    assert_eq!(one, print(r#"{"data": [{"id": 1}], "next": 3}"#));
}

#[cfg(feature = "queries")]
#[test]
fn errors_in_place_of_records_are_an_error() {
    const NODES: Selector = Selector::Path(Path(list![
        Step::Key(Static("data")),
        Step::Key(Static("nodes"))
    ]));
    let optional = ResourcePlan {
        selector_required: false,
        ..selecting(NODES)
    };
    for body in [
        r#"{"data": {"nodes": null}, "errors": [{"message": "no \u001bquota"}]}"#,
        r#"{"data": {"nodes": null}, "error": "no \u001bquota"}"#,
        r#"{"data": {"nodes": null}, "error": {"detail": "no \u001bquota"}}"#,
    ] {
        for resource in [selecting(NODES), single(NODES), optional.clone()] {
            let text = error(&resource, body);
            assert!(text.contains("has no records at `$.data.nodes`"), "{text}");
            assert!(text.contains(r#""no \u{1b}quota""#), "{text}");
        }
    }
    let beside = r#"{"data": {"nodes": []}, "errors": ["x"]}"#;
    assert!(error(&selecting(NODES), beside).contains("no records at `$.data.nodes`"));
    let decoded = decode(beside.into(), &shape(&optional, &ID, &[])).unwrap();
    assert_eq!(decoded.examples, [r#"no records, and `errors`: "x""#]);
    let text = error(&optional, r#"{"data": null, "errors": [[7]]}"#);
    assert!(text.contains("`errors`: \"7\""), "{text}");
    let query = selecting(Selector::Query(Static("$.data.nodes[*]")));
    let text = error(&query, r#"{"data": {"nodes": null}, "errors": ["x"]}"#);
    assert!(
        text.contains("has no records at `$.data.nodes[*]`"),
        "{text}"
    );
    for body in [
        r#"{"data": {"nodes": null}}"#,
        r#"{"data": {"nodes": null}, "errors": []}"#,
        r#"{"data": {"nodes": null}, "errors": null, "error": false}"#,
        r#"{"data": {"nodes": [{"id": 1}]}, "errors": ["x"]}"#,
    ] {
        ids(&selecting(NODES), body);
    }
}

#[cfg(feature = "queries")]
#[test]
fn a_match_that_is_no_record_is_shown() {
    for (value, found) in [
        (r#""b\u00e4d""#, r#"found "bäd""#),
        ("true", "found true"),
        ("1.10", "found 1.10"),
    ] {
        let body = format!(r#"{{"error": {value}}}"#);
        let resource = selecting(Selector::Query(Static("$[*]")));
        let decoded = decode(body.into(), &shape(&resource, &ID, &[])).unwrap();
        let text = decoded.failure.unwrap().to_string();
        let all = format!("$.error  expected object or list  {found}");
        assert!(text.contains(&all), "{text}");
    }
}

#[cfg(feature = "queries")]
#[test]
fn a_query_wants_what_it_looks_into() {
    let query = |text| selecting(Selector::Query(text));
    for (text, body, reached) in [
        ("$.data[*]", r#"{"items": []}"#, "`$` has the key `items`"),
        ("$.data[*]", r#"{"data": 5}"#, "`$.data` is neither"),
        (
            "$.data[?@.id > 1]",
            r#"{"data": "no"}"#,
            "`$.data` is neither",
        ),
        (
            "$.data[?@.id > 1]",
            r#"{"data": {"e": 1}}"#,
            "`$.data` has the key `e`",
        ),
        (
            "$.data[1:]",
            r#"{"data": {"id": 1}}"#,
            "`$.data` has the key `id`",
        ),
        (
            "$.data['a', 'b']",
            r#"{"data": {}}"#,
            "`$.data` is an object without keys",
        ),
        (
            "$.data[0, 1]",
            r#"{"data": {}}"#,
            "`$.data` is an object without keys",
        ),
        ("$.data[0][*]", r#"{"data": []}"#, "`$.data` is a list of 0"),
        ("$.*.items", r#"{"a": 1, "b": null}"#, "`$.a` is neither"),
        (
            "$.a[*].items",
            r#"{"a": [{"x": 1}, null]}"#,
            "`$.a[0]` has the key `x`",
        ),
        (
            "$.a[*].b[*]",
            r#"{"a": [{"b": 1}]}"#,
            "`$.a[0].b` is neither",
        ),
        ("$..items", r#"{"error": "bad"}"#, "`$` has the key `error`"),
        ("$..items", r#"{"data": []}"#, "`$` has the key `data`"),
        (
            "$.data..items",
            r#"{"data": {"x": 1}}"#,
            "`$.data` has the key `x`",
        ),
        ("$..x[*]", r#"{"error": "bad"}"#, "`$` has the key `error`"),
        ("$..x[*]", r#"{"a": {"x": 5}}"#, "`$.a.x` is neither"),
        ("$..[1:]", r#"{"a": {"x": 5}}"#, "`$` has the key `a`"),
        ("$..['x', \"y\"]", r#"{"a": 1}"#, "`$` has the key `a`"),
        (
            "$.a['b.c'][?match(@.d, '[)]')].e",
            r#"{"a": {"b": []}}"#,
            "`$.a` has the key `b`",
        ),
    ] {
        let said = error(&query(Text::of(text)), body);
        let nothing = format!("the response has nothing at `{text}`");
        assert!(said.starts_with(&nothing), "{said}");
        assert!(said.contains(reached), "{text} in {body}: {said}");
        let optional = ResourcePlan {
            selector_required: false,
            ..query(Text::of(text))
        };
        assert!(ids(&optional, body).is_empty());
    }
    for (text, body) in [
        ("$.data[*]", r#"{"data": []}"#),
        ("$.data[*]", r#"{"data": {}}"#),
        ("$.data[*]", r#"{"data": null}"#),
        ("$.data[*].id", r#"{"data": [null]}"#),
        ("$.data[?@.id > 1]", r#"{"data": []}"#),
        ("$.data[?@.id > 1]", r#"{"data": {}}"#),
        ("$.data[?@.id > 1]", r#"{"data": {"a": {"id": 1}}}"#),
        ("$.data[?@.id > 1].items", r#"{"data": [{"id": 1}]}"#),
        ("$.data[1:]", r#"{"data": [{"id": 1}]}"#),
        ("$.data[1, 2]", r#"{"data": []}"#),
        ("$.a[*].b[0]", r#"{"a": [{"b": []}]}"#),
        ("$.a[*].b[*]", r#"{"a": [{"x": 1}, {"b": []}]}"#),
        ("$..items", "[]"),
        ("$..items", r#"{"a": {"items": []}}"#),
        ("$..items", r#"{"a": {"items": null}}"#),
        ("$..x[*]", r#"{"a": [{"x": []}]}"#),
        ("$..[1:]", r#"{"a": {"x": []}}"#),
    ] {
        assert!(
            ids(&query(Text::of(text)), body).is_empty(),
            "{text} in {body}"
        );
    }
}

#[test]
fn untyped_records_are_any_json() {
    static UNTYPED: Table = Table::new("stories", list![]);
    let decoded = decode(
        r#"{"data": [{"a": 1.10}, 7, null]}"#.into(),
        &shape(&PAGED, &UNTYPED, &[]),
    )
    .unwrap();
    assert_eq!(rows(&decoded), [r#"{"a": 1.10}"#, "7", "null"]);
    let records: Vec<serde_json::Value> = decoded.rows.records().collect::<Result<_, _>>().unwrap();
    assert_eq!(
        records,
        [
            serde_json::json!({"a": 1.1}),
            7.into(),
            serde_json::Value::Null
        ]
    );
    let decoded = decode(r#"{"a": 1}"#.into(), &shape(&single(ROOT), &UNTYPED, &[])).unwrap();
    assert_eq!(rows(&decoded), [r#"{"a": 1}"#]);
}

#[test]
fn a_body_that_is_no_json_is_told_from_one_that_is_cut_off() {
    let html = error(&PAGED, "<!DOCTYPE html>\n<html><body>Sorry</body></html>");
    assert!(
        html.starts_with("the response is HTML or XML, not JSON"),
        "{html}"
    );
    for body in ["", "  \n", "\u{feff}"] {
        assert!(error(&PAGED, body).starts_with("the response is empty"));
    }
    let cut = error(&PAGED, r#"{"data": [{"id": 1}, {"id"#);
    assert!(
        cut.contains("EOF while parsing a string at line 1 column 25"),
        "{cut}"
    );
    let trailing = error(&PAGED, r#"{"data": []} oops"#);
    assert!(trailing.contains("trailing characters"), "{trailing}");
    let bytes = decode(b"{\"data\": \xff}".to_vec(), &shape(&PAGED, &ID, &[]))
        .unwrap_err()
        .to_string();
    assert!(
        bytes.starts_with("the response is not in UTF-8: byte 9") && bytes.contains("charset"),
        "{bytes}"
    );
}

#[test]
fn a_byte_order_mark_is_skipped_and_ranges_still_fit() {
    assert_eq!(ids(&PAGED, "\u{feff} {\"data\": [{\"id\": 1}]}"), ["1"]);
    assert_eq!(
        super::fitting(&TEXT, "\u{feff}{\"data\": [{\"name\": \"äb\"}]}"),
        ["äb"]
    );
}

#[test]
fn deep_nesting_ends_in_an_error_or_is_skipped() {
    let deep = |key: &str| {
        format!(
            r#"{{"data": [{{"id": 1, "{key}": {}{}}}]}}"#,
            "[".repeat(100_000),
            "]".repeat(100_000)
        )
    };
    assert_eq!(ids(&PAGED, &deep("ignored")), ["1"]);
    assert!(
        error(
            &PAGED,
            &format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))
        )
        .contains("`$.data`")
    );
    let text = super::failure(&JSON, &deep("json"));
    assert!(text.contains("found json too deep"), "{text}");
}

#[test]
fn a_declared_key_that_stands_twice_is_an_error() {
    let text = error(&PAGED, r#"{"data": [{"id": 1}], "data": [{"id": 2}]}"#);
    assert!(text.contains("the key `data` twice"), "{text}");
    let text = super::failure(&ID, r#"{"data": [{"id": 1, "id": 1}]}"#);
    assert!(
        text.contains("$.data[0].id  expected bigint once  found the key twice"),
        "{text}"
    );
}
