//! Every type of column, and every way it may be written.

use std::collections::BTreeMap;

use super::{failure, fitting, page};
use crate::{
    cell::{Cell, Cells, FromCell},
    record::Record,
    schema::{Column, Decode, Step, Table, TimeFormat, Type},
    shared::{Ref::Static, list},
    value::{Date, Decimal, Field, Json, Time, Timestamp},
};

const TAG: Column = Column::new("tag", Type::Text);

/// A table of one column, made for the length of the test run.
fn one(column: Column) -> &'static Table {
    Box::leak(Box::new(Table::new("stories", vec![column].into())))
}

/// What a value of `v` becomes; none where it does not fit.
fn read(column: Column, value: &str) -> Option<String> {
    let body = format!(r#"{{"data": [{{"v": {value}}}]}}"#);
    let decoded = page(one(column), &body).unwrap();
    decoded
        .failure
        .is_none()
        .then(|| super::rows(&decoded).remove(0))
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "a call that makes it reads better"
)]
fn check(column: Column, taken: &[(&str, &str)], refused: &[&str]) {
    for (value, expected) in taken {
        assert_eq!(
            read(column.clone(), value).as_deref(),
            Some(*expected),
            "{value}"
        );
    }
    for value in refused {
        assert_eq!(read(column.clone(), value), None, "{value}");
    }
}

#[test]
fn text_is_text() {
    check(
        Column::new("v", Type::Text),
        &[
            (r#""a""#, "a"),
            (r#""""#, ""),
            (r#""caf\u00e9 \"x\"\n""#, "café \"x\"\n"),
            (r#""日本""#, "日本"),
        ],
        &["7", "true", "null", "[]", "{}", "1e400"],
    );
}

#[test]
fn bigint_is_what_is_exactly_integral() {
    check(
        Column::new("v", Type::Bigint),
        &[
            ("7", "7"),
            ("7.0", "7"),
            ("1e1", "10"),
            ("-0", "0"),
            ("9007199254740993", "9007199254740993"),
            ("9007199254740993.0", "9007199254740993"),
            ("-9223372036854775808", "-9223372036854775808"),
        ],
        &[
            "3.5",
            "9223372036854775808",
            "1e19",
            "1e400",
            r#""7""#,
            "true",
        ],
    );
}

#[test]
fn double_is_the_nearest_to_the_digits() {
    check(
        Column::new("v", Type::Double),
        &[
            ("7", "7"),
            ("0.1", "0.1"),
            ("1e-5", "0.00001"),
            ("122.416294033786585", "122.41629403378658"),
        ],
        &["1e400", "-1e400", r#""1""#],
    );
}

#[test]
fn decimal_is_exact_and_within_its_digits() {
    check(
        Column::new(
            "v",
            Type::Decimal {
                precision: 0,
                scale: 0,
            },
        ),
        &[
            (
                "0.1000000000000000055511151231257827",
                "0.1000000000000000055511151231257827",
            ),
            (r#""12.50""#, "12.5"),
            ("1e3", "1000"),
            (
                "123456789012345678901234567890",
                "123456789012345678901234567890",
            ),
        ],
        &[r#""""#, r#""abc""#, "true", "1e999999"],
    );
    check(
        Column::new(
            "v",
            Type::Decimal {
                precision: 5,
                scale: 2,
            },
        ),
        &[
            ("12.5", "12.50"),
            ("999.99", "999.99"),
            ("1.230", "1.23"),
            ("7", "7.00"),
        ],
        &["1000", "1.234", "99999"],
    );
}

#[test]
fn times_are_read_in_their_format() {
    check(
        Column::new("v", Type::TIMESTAMP),
        &[
            (r#""2026-11-21T09:30:00+02:00""#, "2026-11-21T07:30:00Z"),
            (r#""9999-12-31T23:59:59Z""#, "9999-12-31T23:59:59Z"),
        ],
        &[r#""2026-11-21T09:30:00""#, "1795253400", r#""soon""#],
    );
    check(
        Column::new("v", Type::Timestamp(TimeFormat::EpochSeconds)),
        &[
            ("1795253400", "2026-11-21T09:30:00Z"),
            ("1795253400.5", "2026-11-21T09:30:00.5Z"),
            (r#""1795253400""#, "2026-11-21T09:30:00Z"),
            (r#""-0.5""#, "1969-12-31T23:59:59.5Z"),
        ],
        &[r#""soon""#, r#""""#, r#""0x1""#, "1e300"],
    );
    check(
        Column::new("v", Type::Timestamp(TimeFormat::EpochMillis)),
        &[(r#""1686577603496""#, "2023-06-12T13:46:43.496Z")],
        &["true"],
    );
    check(
        Column::new("v", Type::Date(TimeFormat::EpochSeconds)),
        &[(r#""1795253400""#, "2026-11-21")],
        &[r#""2026-11-21""#],
    );
    check(
        Column::new(
            "v",
            Type::Timestamp(TimeFormat::Pattern {
                pattern: Static("%s"),
                zone: None,
            }),
        ),
        &[(r#""1795253400.5""#, "2026-11-21T09:30:00.5Z")],
        &[r#""2026-11-21""#],
    );
    check(
        Column::new("v", Type::DATE),
        &[(r#""2026-11-21""#, "2026-11-21")],
        &[r#""2026-02-30""#],
    );
    check(
        Column::new("v", Type::Time),
        &[(r#""09:30""#, "09:30:00")],
        &[r#""25:00""#],
    );
}

#[test]
fn an_instant_past_the_last_is_said_to_be_so() {
    static SENT: Table = Table::new("stories", list![Column::new("at", Type::TIMESTAMP)]);
    static EPOCH: Table = Table::new(
        "stories",
        list![Column::new("at", Type::Timestamp(TimeFormat::EpochSeconds))],
    );
    for (table, value, expected) in [
        (
            &SENT,
            r#""9999-12-31T23:59:59-05:00""#,
            "timestamp with an offset, to the end of 9999 in UTC",
        ),
        (
            &EPOCH,
            "1795253400000",
            "timestamp as seconds since 1970, to the end of 9999 in UTC",
        ),
    ] {
        let said = failure(table, &format!(r#"{{"data": [{{"at": {value}}}]}}"#));
        let all = format!("$.data[0].at  expected {expected}  found {value}");
        assert!(said.contains(&all), "{said}");
    }
}

#[test]
fn binary_is_base64_of_either_alphabet() {
    check(
        Column::new("v", Type::Binary),
        &[(r#""+/8=""#, "+/8="), (r#""-_8""#, "+/8="), (r#""""#, "")],
        &[r#""a""#, r#""****""#],
    );
}

#[test]
fn enums_are_open_unless_closed() {
    let kind = |closed| Type::Enum {
        values: list![Static("reel"), Static("feed")],
        closed,
    };
    check(
        Column::new("v", kind(false)),
        &[(r#""reel""#, "reel"), (r#""live""#, "live")],
        &["1"],
    );
    check(
        Column::new("v", kind(true)),
        &[(r#""feed""#, "feed")],
        &[r#""live""#],
    );
}

#[test]
fn json_keeps_its_text() {
    check(
        Column::new("v", Type::Json),
        &[
            (r#"{ "a": [1.10, "}"] }"#, r#"{ "a": [1.10, "}"] }"#),
            ("7.0", "7.0"),
            (r#""x""#, r#""x""#),
        ],
        &["null", "[1e400]"],
    );
}

#[test]
fn values_may_be_written_as_text() {
    let written = |data_type| Column::new("v", data_type).decode(Decode::Text);
    check(
        written(Type::Bigint),
        &[(r#""12""#, "12")],
        &["12", r#""""#, r#""x""#],
    );
    check(
        written(Type::Double),
        &[(r#""1.5""#, "1.5")],
        &[r#""inf""#, r#""NaN""#],
    );
    check(
        written(Type::Bool),
        &[(r#""true""#, "true")],
        &["true", r#""yes""#],
    );
    check(
        written(Type::Timestamp(TimeFormat::EpochMillis)),
        &[(r#""1795253400000""#, "2026-11-21T09:30:00Z")],
        &["1795253400000"],
    );
    check(
        written(Type::Json),
        &[(r#""{\"a\": 1}""#, r#"{"a": 1}"#)],
        &[r#""{""#, r#"{"a": 1}"#, r#""1 2""#],
    );
    check(
        written(Type::Array(Static(const { &TAG }))),
        &[(r#""[\"x\", \"\\u00e9\"]""#, r#"["x", "\u00e9"]"#)],
        &[r#""[1]""#, "[]"],
    );
    check(
        Column::new("v", Type::Bool).decode(Decode::Integer),
        &[("0", "false"), ("1", "true")],
        &["2", "true"],
    );
}

#[test]
fn unions_are_told_apart_by_the_kind_of_json() {
    static MEMBERS: [Column; 3] = [
        Column::new("text", Type::Text),
        Column::new("bigint", Type::Bigint),
        Column::new("array", Type::Array(Static(const { &TAG }))),
    ];
    check(
        Column::new("v", Type::Union(Static(&MEMBERS))),
        &[(r#""a""#, r#""a""#), ("7", "7"), (r#"["a"]"#, r#"["a"]"#)],
        &["true", "{}", "3.5", "[1]", "null"],
    );
}

#[derive(Debug, PartialEq)]
struct Story {
    id: String,
    views: Option<i64>,
    owner: Owner,
    tags: Vec<Option<String>>,
    scores: BTreeMap<String, f64>,
    at: Option<Timestamp>,
    on: Date,
    time: Time,
    price: Decimal,
    digest: Vec<u8>,
    extra: Option<Json>,
    note: Field<String>,
    either: Either,
}

#[derive(Debug, PartialEq)]
struct Owner {
    name: String,
    places: Vec<Place>,
}

#[derive(Debug, PartialEq)]
struct Place {
    city: String,
    at: Vec<i64>,
}

#[derive(Debug, PartialEq)]
enum Either {
    Text(String),
    Bigint(i64),
}

impl FromCell for Either {
    fn from_cell(cell: Cell<'_>) -> Self {
        match cell.member() {
            (0, cell) => Self::Text(String::from_cell(cell)),
            (_, cell) => Self::Bigint(i64::from_cell(cell)),
        }
    }
}

impl Record for Place {
    const TABLE: &'static Table = &Table::new(
        "place",
        list![
            Column::new("city", Type::Text),
            Column::new(
                "at",
                Type::Array(Static(const { &Column::new("at", Type::Bigint) }))
            ),
        ],
    );

    fn from_cells(cells: &mut Cells<'_>) -> Self {
        Self {
            city: cells.take(),
            at: cells.take(),
        }
    }
}

impl Record for Owner {
    const TABLE: &'static Table = &Table::new(
        "owner",
        list![
            Column::new("name", Type::Text),
            Column::new(
                "places",
                Type::Array(Static(
                    const { &Column::new("places", Type::Object(Static(Place::TABLE))) }
                )),
            ),
        ],
    );

    fn from_cells(cells: &mut Cells<'_>) -> Self {
        Self {
            name: cells.take(),
            places: cells.take(),
        }
    }
}

impl Record for Story {
    const TABLE: &'static Table = &Table::new(
        "stories",
        list![
            Column::new("id", Type::Text).primary_key(),
            Column::new("views", Type::Bigint).nullable(),
            Column::new("owner", Type::Object(Static(Owner::TABLE))),
            Column::new(
                "tags",
                Type::Array(Static(
                    const { &Column::new("tags", Type::Text).nullable() }
                )),
            ),
            Column::new(
                "scores",
                Type::Map(Static(const { &Column::new("scores", Type::Double) }))
            ),
            Column::new("at", Type::TIMESTAMP).nullable(),
            Column::new("on", Type::DATE),
            Column::new("time", Type::Time),
            Column::new(
                "price",
                Type::Decimal {
                    precision: 6,
                    scale: 2,
                },
            ),
            Column::new("digest", Type::Binary),
            Column::new("extra", Type::Json).nullable(),
            Column::new("note", Type::Text).nullable().explicit(),
            Column::new(
                "either",
                Type::Union(list![
                    Column::new("text", Type::Text),
                    Column::new("bigint", Type::Bigint),
                ]),
            ),
        ],
    );

    fn from_cells(cells: &mut Cells<'_>) -> Self {
        Self {
            id: cells.take(),
            views: cells.take(),
            owner: cells.take(),
            tags: cells.take(),
            scores: cells.take(),
            at: cells.take(),
            on: cells.take(),
            time: cells.take(),
            price: cells.take(),
            digest: cells.take(),
            extra: cells.take(),
            note: cells.take(),
            either: cells.take(),
        }
    }
}

const STORIES: &str = r#"{"data": [
    {"id": "a", "views": null, "owner": {"name": "o\"", "places": [{"city": "Köln", "at": [1, 2]}, {"at": [], "city": ""}]},
     "tags": ["x", null, "\ty"], "scores": {"b": 2, "a": 0.5}, "at": "2026-11-21T09:30:00Z", "on": "2026-11-21",
     "time": "09:30", "price": 1250e-2, "digest": "AQI", "extra": {"k": [true]}, "note": null, "either": "e"},
    {"either": 7, "digest": "", "price": "3", "time": "23:59:59.5", "on": "0001-01-01", "scores": {}, "tags": [],
     "owner": {"places": [], "name": ""}, "views": -1, "\u0069d": "b"}
]}"#;

#[test]
fn records_are_made_of_cells() {
    let decoded = page(Story::TABLE, STORIES).unwrap();
    let stories: Vec<Story> = decoded.rows.records().collect::<Result<_, _>>().unwrap();
    let [first, second] = &*stories else {
        panic!("{stories:?}");
    };
    assert_eq!(
        *first,
        Story {
            id: "a".to_owned(),
            views: None,
            owner: Owner {
                name: "o\"".to_owned(),
                places: vec![
                    Place {
                        city: "Köln".to_owned(),
                        at: vec![1, 2]
                    },
                    Place {
                        city: String::new(),
                        at: Vec::new()
                    },
                ],
            },
            tags: vec![Some("x".to_owned()), None, Some("\ty".to_owned())],
            scores: [("a".to_owned(), 0.5), ("b".to_owned(), 2.0)].into(),
            at: "2026-11-21T09:30:00Z".parse().ok(),
            on: "2026-11-21".parse().unwrap(),
            time: "09:30".parse().unwrap(),
            price: "12.5".parse().unwrap(),
            digest: vec![1, 2],
            extra: Some(serde_json::json!({"k": [true]})),
            note: Field::Null,
            either: Either::Text("e".to_owned()),
        }
    );
    assert_eq!(
        (&*second.id, &second.note, &second.either),
        ("b", &Field::Absent, &Either::Bigint(7))
    );
    assert_eq!(second.price.to_string(), "3.00");
}

#[test]
fn a_destination_reads_the_same_cells() {
    let decoded = page(Story::TABLE, STORIES).unwrap();
    let rows = super::rows(&decoded);
    assert!(
        rows[0].starts_with(r#"a | null | {"name": "o\"", "places": [{"city": "Köln""#),
        "{}",
        rows[0]
    );
    assert!(
        rows[0].ends_with(r#"| 12.50 | AQI= | {"k": [true]} | null | "e""#),
        "{}",
        rows[0]
    );
    assert_eq!(
        rows[1],
        r#"b | -1 | {"places": [], "name": ""} | [] | {} | null | 0001-01-01 | 23:59:59.5 | 3.00 |  | null | - | 7"#
    );
}

#[test]
fn a_record_of_another_table_is_refused_and_so_is_one_that_takes_cells_wrongly() {
    struct Wrong;
    impl Record for Wrong {
        const TABLE: &'static Table = &Table::new("wrong", list![Column::new("id", Type::Text)]);
        fn from_cells(cells: &mut Cells<'_>) -> Self {
            let _: i64 = cells.take();
            Self
        }
    }
    let story = page(Wrong::TABLE, r#"{"data": [{"id": "a"}]}"#).unwrap();
    let error = story.rows.records::<Wrong>().next().unwrap().err().unwrap();
    assert!(error.to_string().contains("column `id`"), "{error}");
    let error = story.rows.records::<Owner>().next().unwrap().err().unwrap();
    assert_eq!(*error.kind(), crate::ErrorKind::Record);
}

#[test]
fn columns_are_read_from_elsewhere_in_the_record() {
    static TABLE: Table = Table::new(
        "stories",
        list![
            Column::new("id", Type::Bigint),
            Column::new("owner", Type::Json),
            Column::new("owner_id", Type::Bigint)
                .from(list![Step::Key(Static("owner")), Step::Key(Static("id"))]),
            Column::new("first", Type::Text)
                .nullable()
                .from(list![Step::Key(Static("tags")), Step::Index(0)]),
            Column::new("last", Type::Text)
                .nullable()
                .from(list![Step::Key(Static("tags")), Step::Index(-1)]),
            Column::new("deep", Type::Bigint).from(list![
                Step::Key(Static("a")),
                Step::Key(Static("b")),
                Step::Key(Static("c")),
            ]),
            Column::new("deeper", Type::Bigint).nullable().from(list![
                Step::Key(Static("a")),
                Step::Key(Static("b")),
                Step::Key(Static("d")),
            ]),
        ],
    );
    let body = r#"{"data": [
        {"owner": {"id": 2, "x": 0}, "tags": ["p", "q", "r"], "a": {"b": {"d": 5, "c": 4}}, "id": 1},
        {"id": 1, "owner": {"id": 2}, "tags": [], "a": {"z": 1, "b": {"c": 4}}}
    ]}"#;
    assert_eq!(
        fitting(&TABLE, body),
        [
            r#"1 | {"id": 2, "x": 0} | 2 | p | r | 4 | 5"#,
            r#"1 | {"id": 2} | 2 | null | null | 4 | null"#
        ]
    );
    let text = failure(
        &TABLE,
        r#"{"data": [{"id": 1, "owner": 3, "a": {"b": null}}]}"#,
    );
    assert!(text.contains("$.data[0].owner.id"), "{text}");
    assert!(text.contains("$.data[0].a.b.c"), "{text}");
}

#[test]
fn rows_may_be_lists() {
    static TABLE: Table = Table::new(
        "stories",
        list![
            Column::new("id", Type::Bigint).from(list![Step::Index(0)]),
            Column::new("name", Type::Text)
                .nullable()
                .from(list![Step::Index(1)]),
        ],
    );
    assert_eq!(
        fitting(&TABLE, r#"{"data": [[1, "a"], [2], [3, null, 4]]}"#),
        ["1 | a", "2 | null", "3 | null"]
    );
}

#[test]
fn json_in_a_text_ends_where_its_own_text_does() {
    static TABLE: Table = Table::new(
        "things",
        list![
            Column::new("any", Type::Json).decode(Decode::Text),
            Column::new("note", Type::Text),
        ],
    );
    let rows = fitting(&TABLE, r#"{"data": [{"any": "7", "note": "8\u0039"}]}"#);
    assert_eq!(rows, ["7 | 89"]);
}
