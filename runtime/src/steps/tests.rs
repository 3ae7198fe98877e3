//! What becomes of rows, and what records give back.

use std::collections::BTreeMap;

use super::{ChangedPage, EncodeRow, Filters, RowWriter, StepFn, Steps, StepsHook};
use crate::{
    Cell, Cells, Column, Decimal, Decode, ErrorKind, Field, FromCell, Json, Record, Rows, Step,
    Table, TimeFormat, Timestamp, Type,
    plan::{ResourcePlan, Selector},
    schema::Path,
    shared::{Ref::Static, list},
};

/// A part within a thing: values that a response writes in ways of its own.
#[derive(Clone, Debug, PartialEq)]
struct Part {
    name: String,
    at: Option<Timestamp>,
    counted: Option<i64>,
    on: Option<bool>,
    inner: Option<Json>,
    extra: BTreeMap<String, Json>,
}

static PART: Table = Table::new(
    "part",
    list![
        Column::new("name", Type::Text).key("the name"),
        Column::new("at", Type::Timestamp(TimeFormat::EpochSeconds)).nullable(),
        Column::new("counted", Type::Bigint)
            .decode(Decode::Text)
            .nullable(),
        Column::new("on", Type::Bool)
            .decode(Decode::Integer)
            .nullable(),
        Column::new("inner", Type::Json)
            .decode(Decode::Text)
            .nullable(),
        Column::extra(),
    ],
);

impl Record for Part {
    const TABLE: &'static Table = &PART;

    fn from_cells(cells: &mut Cells<'_>) -> Self {
        Self {
            name: cells.take(),
            at: cells.take(),
            counted: cells.take(),
            on: cells.take(),
            inner: cells.take(),
            extra: cells.take(),
        }
    }
}

impl EncodeRow for Part {
    fn encode_row(&self, cells: &mut RowWriter<'_>) {
        cells.write(&self.name);
        cells.write(&self.at);
        cells.write(&self.counted);
        cells.write(&self.on);
        cells.write(&self.inner);
        cells.write(&self.extra);
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Either {
    Number(i64),
    List(Vec<Option<String>>),
}

impl FromCell for Either {
    fn from_cell(cell: Cell<'_>) -> Self {
        match cell.member() {
            (0, cell) => Self::Number(FromCell::from_cell(cell)),
            (_, cell) => Self::List(FromCell::from_cell(cell)),
        }
    }
}

impl super::EncodeCell for Either {
    fn encode(&self, cell: super::CellWriter<'_>) -> super::CellWritten {
        match self {
            Self::Number(it) => cell.member(0, it),
            Self::List(it) => cell.member(1, it),
        }
    }
}

/// A thing, by a record that has no field for `unread`.
#[derive(Clone, Debug, PartialEq)]
struct Thing {
    id: i64,
    share: Option<f64>,
    note: Field<String>,
    data: Option<Vec<u8>>,
    part: Option<Part>,
    parts: Option<Vec<Part>>,
    either: Option<Either>,
    any: Option<Json>,
}

static PARTS: Column = Column::new("parts", Type::Object(Static(&PART)));

static THINGS: Table = Table::new(
    "things",
    list![
        Column::new("id", Type::Bigint).primary_key(),
        Column::new("share", Type::Double).nullable(),
        Column::new("note", Type::Text).nullable().explicit(),
        Column::new("data", Type::Binary).nullable(),
        Column::new("unread", Type::Text).nullable(),
        Column::new("part", Type::Object(Static(&PART))).nullable(),
        Column::new("parts", Type::Array(Static(&PARTS))).nullable(),
        Column::new(
            "either",
            Type::Union(list![
                Column::new("number", Type::Bigint),
                Column::new(
                    "list",
                    Type::Array(Static(
                        const { &Column::new("list", Type::Text).nullable() }
                    )),
                ),
            ]),
        )
        .nullable(),
        Column::new("any", Type::Json).nullable(),
    ],
);

impl Record for Thing {
    const TABLE: &'static Table = &THINGS;

    fn from_cells(cells: &mut Cells<'_>) -> Self {
        let (id, share, note, data) = (cells.take(), cells.take(), cells.take(), cells.take());
        let _: Option<String> = cells.take();
        Self {
            id,
            share,
            note,
            data,
            part: cells.take(),
            parts: cells.take(),
            either: cells.take(),
            any: cells.take(),
        }
    }
}

impl EncodeRow for Thing {
    fn encode_row(&self, cells: &mut RowWriter<'_>) {
        cells.write(&self.id);
        cells.write(&self.share);
        cells.write(&self.note);
        cells.write(&self.data);
        cells.keep();
        cells.write(&self.part);
        cells.write(&self.parts);
        cells.write(&self.either);
        cells.write(&self.any);
    }
}

const BODY: &str = r#"{"data": [
    {"id": 1, "share": 1, "note": null, "data": "AQI=", "unread": "as it \u0077as",
     "part": { "the name": "a", "at": 1.5, "counted": "7", "on": 1, "inner": "{\"x\": [1]}",
               "more": 18446744073709551616 },
     "parts": [{"the name": "b"}, {"the name": "c", "z": null, "y": 1.10}],
     "either": [ "p", null ], "any": { "b": 1, "a": 1.0 }},
    {"id": 2, "note": "n", "either": 7}
]}"#;

/// The rows of a page that go through these steps.
fn through(steps: StepsHook, table: &'static Table, body: &str) -> crate::Result<Rows> {
    let rows = Rows::from_page(
        body,
        &ResourcePlan {
            table: Static(table),
            selector: Selector::Path(Path(list![Step::Key(Static("data"))])),
            ..ResourcePlan::DEFAULT
        },
    )?;
    let processed = steps.run(rows, None);
    match processed.failure {
        Some(error) => Err(error),
        None => Ok(processed.left),
    }
}

/// The rows, each as a destination gets it.
fn shown(rows: &Rows) -> Vec<String> {
    rows.iter().map(|row| format!("{row:?}")).collect()
}

fn things(steps: &'static [StepFn<Thing>]) -> crate::Result<Rows> {
    let steps: &'static Steps<Thing> = Box::leak(Box::new(Steps(steps)));
    through(StepsHook::of(steps), &THINGS, BODY)
}

const AS_THEY_CAME: Filters<Thing> = Filters(&[]);

#[test]
fn what_a_step_leaves_alone_is_as_it_was_received() {
    let came = through(StepsHook::filters(&AS_THEY_CAME), &THINGS, BODY).unwrap();
    let left = things(&[StepFn::Map(|thing| thing)]).unwrap();
    assert_eq!(shown(&left), shown(&came));
    // Whitespace, the order of keys and every digit.
    assert!(shown(&left)[0].contains(r#"\"more\": 18446744073709551616 }"#));
    let records = |rows: &Rows| -> Vec<Thing> { rows.records().map(Result::unwrap).collect() };
    assert_eq!(records(&left), records(&came));
}

#[test]
fn what_a_step_changes_is_written_as_a_response_has_it() {
    let left = things(&[StepFn::Map(|mut thing| {
        thing.share = thing.share.map(|share| share / 4.0);
        thing.note = match thing.note {
            Field::Null => Field::Absent,
            Field::Absent => Field::Null,
            Field::Value(note) => Field::Value(note + "\n"),
        };
        thing.data = Some(vec![3]);
        if let Some(part) = &mut thing.part {
            "a \"b\"".clone_into(&mut part.name);
        }
        thing.parts = thing.parts.map(|parts| parts.into_iter().skip(1).collect());
        thing.either = Some(Either::List(vec![None, Some("q".to_owned())]));
        thing.any = Some(Json::from("x"));
        thing
    })])
    .unwrap();
    insta::assert_snapshot!(shown(&left).join("\n"), @r#"
    {"id": Bigint(1), "share": Double(0.25), "note": Absent, "data": Binary([3]), "unread": Text("as it was"), "part": Json("{\"the name\":\"a \\\"b\\\"\",\"at\":1.5,\"counted\":\"7\",\"on\":1,\"inner\":\"{\\\"x\\\": [1]}\",\"more\":18446744073709551616}"), "parts": Json("[{\"the name\":\"c\",\"at\":null,\"counted\":null,\"on\":null,\"inner\":null,\"y\":1.1,\"z\":null}]"), "either": Json("[null,\"q\"]"), "any": Json("\"x\"")}
    {"id": Bigint(2), "share": Null, "note": Text("n\n"), "data": Binary([3]), "unread": Null, "part": Null, "parts": Null, "either": Json("[null,\"q\"]"), "any": Json("\"x\"")}
    "#);
    // It is read again as what it was made of.
    let part = left.get(0).unwrap().record::<Thing>().unwrap().part;
    let crate::Value::Json(json) = left.get(0).unwrap().value(5) else {
        panic!("no JSON");
    };
    let body = format!(r#"{{"data": [{{"id": 1, "part": {json}}}]}}"#);
    let again = through(StepsHook::filters(&AS_THEY_CAME), &THINGS, &body).unwrap();
    let again: Thing = again.get(0).unwrap().record().unwrap();
    let without_digits = |part: Option<Part>| {
        part.map(|part| (part.name, part.at, part.counted, part.on, part.inner))
    };
    assert_eq!(without_digits(again.part), without_digits(part));
}

#[test]
fn steps_are_called_in_their_order() {
    let left = things(&[
        StepFn::YieldMap(|thing| {
            let more = Thing {
                id: thing.id * 10,
                ..thing.clone()
            };
            vec![thing, more]
        }),
        StepFn::Filter(|thing| thing.id != 2),
        StepFn::Map(|thing| Thing {
            id: thing.id + 1,
            ..thing
        }),
        StepFn::Filter(|thing| thing.id != 2),
    ])
    .unwrap();
    let ids: Vec<String> = left.iter().map(|row| row.value(0).to_string()).collect();
    assert_eq!(ids, ["11", "21"]);
    // The columns without a field come along.
    assert_eq!(left.get(0).unwrap().value(4).to_string(), "as it was");
}

#[test]
fn what_is_left_out_is_counted_and_what_is_wanted_is_cut() {
    static TWICE: Steps<Thing> = Steps(&[
        StepFn::Filter(|thing| thing.id > 1),
        StepFn::YieldMap(|thing| vec![thing.clone(), thing.clone(), thing]),
    ]);
    static NONE: Steps<Thing> = Steps(&[StepFn::YieldMap(|_| Vec::new())]);
    static FIRST: Filters<Thing> = Filters(&[|thing| thing.id == 1]);
    let rows = || through(StepsHook::filters(&AS_THEY_CAME), &THINGS, BODY).unwrap();
    let run = |steps: StepsHook, wanted| {
        let processed = steps.run(rows(), wanted);
        assert!(processed.failure.is_none());
        let (left, whole) = (processed.left.len(), processed.whole.len());
        (left, whole, processed.filtered, processed.cut)
    };
    assert_eq!(run(StepsHook::of(&TWICE), None), (3, 2, 1, false));
    assert_eq!(run(StepsHook::of(&TWICE), Some(3)), (3, 2, 1, false));
    // A record of which something is missing is not whole.
    assert_eq!(run(StepsHook::of(&TWICE), Some(2)), (2, 1, 1, true));
    assert_eq!(run(StepsHook::of(&NONE), Some(1)), (0, 2, 2, false));
    let filters = StepsHook::filters(&FIRST);
    assert_eq!(run(filters, Some(1)), (1, 2, 1, false));
    assert_eq!(run(filters, Some(0)), (0, 0, 0, true));
    assert_eq!(
        run(StepsHook::filters(&AS_THEY_CAME), Some(1)),
        (1, 1, 0, true)
    );
}

/// A record that gives what it likes.
struct Loose(fn(&mut RowWriter<'_>));

static LOOSE: Table = Table::new(
    "loose",
    list![
        Column::new("id", Type::Bigint),
        Column::new(
            "kind",
            Type::Enum {
                values: list![Static("a")],
                closed: true,
            },
        ),
        Column::new(
            "price",
            Type::Decimal {
                precision: 4,
                scale: 2,
            },
        ),
        Column::new("share", Type::Double),
        Column::new(
            "any",
            Type::Array(Static(const { &Column::new("any", Type::Json) }))
        ),
    ],
);

impl Record for Loose {
    const TABLE: &'static Table = &LOOSE;

    fn from_cells(cells: &mut Cells<'_>) -> Self {
        let _: (i64, String, Decimal, f64, Vec<Json>) = (
            cells.take(),
            cells.take(),
            cells.take(),
            cells.take(),
            cells.take(),
        );
        Self(|_| ())
    }
}

impl EncodeRow for Loose {
    fn encode_row(&self, cells: &mut RowWriter<'_>) {
        self.0(cells);
    }
}

/// The first columns, as they came.
fn keep(columns: usize, cells: &mut RowWriter<'_>) {
    for _ in 0..columns {
        cells.keep();
    }
}

#[test]
fn a_record_that_does_not_fit_its_columns_is_an_error() {
    const BODY: &str =
        r#"{"data": [{"id": 1, "kind": "a", "price": 12.5, "share": 0, "any": [1]}]}"#;
    static GIVEN: &[fn(&mut RowWriter<'_>)] = &[
        |cells| cells.write(&None::<i64>),
        |cells| cells.write(&"1".to_owned()),
        |cells| {
            keep(1, cells);
            cells.write(&"b".to_owned());
        },
        |cells| {
            keep(2, cells);
            cells.write(&"123.4".parse::<Decimal>().unwrap());
        },
        |cells| {
            keep(3, cells);
            cells.write(&f64::NAN);
        },
        |cells| {
            keep(4, cells);
            cells.write(&vec![Json::Null]);
        },
        |cells| keep(4, cells),
        |cells| keep(6, cells),
    ];
    let mut said = Vec::new();
    for give in GIVEN {
        let rows = Rows::from_page(
            BODY,
            &ResourcePlan {
                table: Static(&LOOSE),
                selector: Selector::Path(Path(list![Step::Key(Static("data"))])),
                ..ResourcePlan::DEFAULT
            },
        )
        .unwrap();
        let (page, table, starts) = rows.into_parts();
        let error = ChangedPage::new(page)
            .row(&Loose(*give), &table, starts[0])
            .unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Record);
        said.push(error.to_string());
    }
    insta::assert_snapshot!(said.join("\n"), @r"
    the processing steps made a record that does not fit its columns: `id` is never null
    the processing steps made a record that does not fit its columns: `id` holds bigint, and is given text
    the processing steps made a record that does not fit its columns: `kind` holds enum, and is given another word
    the processing steps made a record that does not fit its columns: `price` holds decimal, and is given more digits than its precision and scale
    the processing steps made a record that does not fit its columns: `share` holds double, and is given no finite number
    the processing steps made a record that does not fit its columns: `any` is never null
    the processing steps made a record that does not fit its columns: it gives no `any`
    the processing steps made a record that does not fit its columns: it gives more cells than there are columns
    ");
}

#[test]
fn what_is_wrong_ends_the_rows_before_it() {
    static WRONG: Steps<Thing> = Steps(&[StepFn::YieldMap(|thing| {
        let share = (thing.id == 2).then_some(f64::INFINITY);
        let wrong = Thing {
            share,
            ..thing.clone()
        };
        vec![thing, wrong]
    })]);
    let rows = through(StepsHook::filters(&AS_THEY_CAME), &THINGS, BODY).unwrap();
    let processed = StepsHook::of(&WRONG).run(rows, None);
    assert_eq!((processed.left.len(), processed.whole.len()), (2, 1));
    assert_eq!(
        processed.failure.unwrap().to_string(),
        "the processing steps made a record that does not fit its columns: `share` holds double, and \
         is given no finite number"
    );
}

static EVENTS: Table = Table::new(
    "events",
    list![
        Column::new("id", Type::Scalar).primary_key(),
        Column::record(),
    ],
);
static AS_IT_IS: Table = Table::new("events", list![]);

#[test]
fn records_that_are_taken_as_they_are_have_their_key_looked_up_again() {
    const BODY: &str = r#"{"data": [{"id": "a", "n": 1.50}, {"id": 2, "n": [ ]}]}"#;
    static RENAMED: Steps<Json> = Steps(&[StepFn::Map(|mut event| {
        if event["id"] == 2 {
            event["id"] = Json::from("b");
        }
        event
    })]);
    static UNNAMED: Steps<Json> = Steps(&[StepFn::Map(|mut event| {
        event["id"].take();
        event
    })]);
    static NOTHING: Steps<Json> = Steps(&[StepFn::Map(|_| Json::Null)]);
    let rows = through(StepsHook::of(&RENAMED), &EVENTS, BODY).unwrap();
    let ids: Vec<String> = rows.iter().map(|row| row.value(0).to_string()).collect();
    assert_eq!(ids, ["a", "b"]);
    assert_eq!(
        shown(&rows),
        [
            r#"Json("{\"id\": \"a\", \"n\": 1.50}")"#,
            r#"Json("{\"id\":\"b\",\"n\":[]}")"#,
        ]
    );
    let error = through(StepsHook::of(&UNNAMED), &EVENTS, BODY).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the processing steps made a record that does not fit its columns: `id` is never null"
    );
    // Without a key, anything is a record.
    let rows = through(StepsHook::of(&NOTHING), &AS_IT_IS, BODY).unwrap();
    assert_eq!(shown(&rows), [r#"Json("null")"#, r#"Json("null")"#]);
    let rows = through(StepsHook::of(&RENAMED), &AS_IT_IS, BODY).unwrap();
    assert_eq!(shown(&rows)[1], r#"Json("{\"id\":\"b\",\"n\":[]}")"#);
}
