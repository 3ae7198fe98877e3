//! The plans of a source with boxes, and things in them, for each paginator and write disposition.

use std::time::Duration;

use rest_source::{
    Column, Table, Type,
    plan::{
        Cursor, Ends, Incremental, Offset, PageNumber, Pages, Paginator, ParentField, ParentPlan,
        Part, ResourcePlan, Retry, Selector, Slot, SourcePlan, Template, WriteDisposition,
    },
    schema::{Path, Step},
};

/// How the things of a box come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// By offset, with a total that the spec declares.
    CountedOffset,
    /// By offset, to an empty page. The response has a total that the spec does not name.
    Offset,
    /// By page number, with a flag that says whether there is more.
    Number,
    /// By cursor, with a flag and a total.
    Cursor,
    /// By link, with a total.
    Link,
}

/// The most records of a page.
pub(crate) const LIMIT: usize = 3;

const DATA: Selector = Selector::Path(Path(&[Step::Key("data")]));
const TOTAL: Path = Path(&[Step::Key("total")]);
const MORE: Path = Path(&[Step::Key("more")]);
const NEXT: Path = Path(&[Step::Key("next")]);

static BOXES: ResourcePlan = ResourcePlan {
    name: "boxes",
    table: &Table::new("boxes", &[Column::new("id", Type::Bigint).primary_key()]),
    write_disposition: WriteDisposition::Merge,
    path: Template(&[Part::Text("boxes")]),
    paginator: COUNTED,
    selector: DATA,
    ..ResourcePlan::DEFAULT
};

static THINGS: Table = Table::new(
    "things",
    &[
        Column::new("_boxes_id", Type::Bigint)
            .primary_key()
            .parent(0),
        Column::new("id", Type::Bigint).primary_key(),
        Column::new("at", Type::Bigint),
        Column::new("value", Type::Bigint),
    ],
);

static OF_BOXES: ParentPlan = ParentPlan {
    resource: &BOXES,
    fields: &[ParentField {
        column: 0,
        path: Path(&[]),
    }],
};

const COUNTED: Paginator = Paginator {
    ends: Ends {
        total_path: Some(TOTAL),
        ..Ends::COUNTED
    },
    ..Paginator::new(Pages::Offset(Offset::new(LIMIT as u64)))
};

fn paginator(kind: Kind) -> Paginator {
    let counted = Ends {
        total_path: Some(TOTAL),
        ..Ends::LINKED
    };
    match kind {
        Kind::CountedOffset => COUNTED,
        Kind::Offset => Paginator::new(Pages::Offset(Offset::new(LIMIT as u64))),
        Kind::Number => Paginator {
            ends: Ends {
                has_more_path: Some(MORE),
                stop_after_empty_page: false,
                ..Ends::COUNTED
            },
            ..Paginator::new(Pages::Number(PageNumber::DEFAULT))
        },
        Kind::Cursor => Paginator {
            ends: Ends {
                has_more_path: Some(MORE),
                ..counted
            },
            ..Paginator::new(Pages::Cursor(Cursor {
                cursor_path: NEXT,
                cursor: Slot::Query("after"),
            }))
        },
        Kind::Link => Paginator {
            ends: counted,
            ..Paginator::new(Pages::JsonLink {
                next_url_path: NEXT,
            })
        },
    }
}

/// A source whose things come so, and are written so.
pub(crate) fn plan(kind: Kind, write_disposition: WriteDisposition) -> &'static SourcePlan {
    let things = Box::leak(Box::new(ResourcePlan {
        name: "things",
        table: &THINGS,
        write_disposition,
        path: Template(&[Part::Text("boxes/"), Part::Parent(0), Part::Text("/things")]),
        paginator: paginator(kind),
        selector: DATA,
        incremental: match write_disposition {
            WriteDisposition::Replace => None,
            _ => Some(Incremental {
                start_param: Some("since"),
                ..Incremental::new(2)
            }),
        },
        parent: Some(&OF_BOXES),
        ..ResourcePlan::DEFAULT
    }));
    Box::leak(Box::new(SourcePlan {
        name: "store",
        spec: "specs/store.yaml",
        base_url: Template(&[Part::Text("https://api.example.com")]),
        retry: Retry {
            max_retries: 1,
            backoff_factor: 0.0,
            max_delay: Duration::ZERO,
            ..Retry::DEFAULT
        },
        concurrency: 2,
        resources: Box::leak(Box::new([&BOXES, &*things])),
        ..SourcePlan::DEFAULT
    }))
}
