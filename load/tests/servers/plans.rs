//! The plans of a source with boxes, and things in them, for each paginator and write disposition.

use std::{sync::LazyLock, time::Duration};

use rest_source::{
    Column, Table, Type,
    plan::{
        Cursor, Ends, Flag, Incremental, Offset, PageNumber, Pages, Paginator, ParentField,
        ParentPlan, Part, ResourcePlan, Retry, Selector, SourcePlan, Template, WriteDisposition,
    },
    schema::{Path, Step},
    shared::{Ref, Ref::Static, list},
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

const DATA: Selector = Selector::Path(Path(list![Step::Key(Static("data"))]));
const TOTAL: Path = Path(list![Step::Key(Static("total"))]);
const MORE: Path = Path(list![Step::Key(Static("more"))]);
const NEXT: Path = Path(list![Step::Key(Static("next"))]);

static BOXES: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    name: Static("boxes"),
    table: Static(
        const {
            &Table::new(
                "boxes",
                list![Column::new("id", Type::Bigint).primary_key()],
            )
        },
    ),
    write_disposition: WriteDisposition::Merge,
    path: Template(list![Part::Text(Static("boxes"))]),
    paginator: COUNTED.clone(),
    selector: DATA,
    ..ResourcePlan::DEFAULT
});

static THINGS: Table = Table::new(
    "things",
    list![
        Column::new("_boxes_id", Type::Bigint)
            .primary_key()
            .parent(0),
        Column::new("id", Type::Bigint).primary_key(),
        Column::new("at", Type::Bigint),
        Column::new("value", Type::Bigint),
    ],
);

static OF_BOXES: LazyLock<ParentPlan> = LazyLock::new(|| ParentPlan {
    resource: Static(&*BOXES),
    others: rest_source::shared::List::EMPTY,
    fields: list![ParentField {
        column: 0,
        path: Path(list![]),
        ..ParentField::DEFAULT
    }],
});

static COUNTED: LazyLock<Paginator> = LazyLock::new(|| Paginator {
    ends: Ends {
        total_path: Some(TOTAL),
        ..Ends::COUNTED
    },
    ..Paginator::new(Pages::Offset(Offset::new(LIMIT as u64)))
});

fn paginator(kind: Kind) -> Paginator {
    let counted = Ends {
        total_path: Some(TOTAL),
        ..Ends::DEFAULT
    };
    match kind {
        Kind::CountedOffset => COUNTED.clone(),
        Kind::Offset => Paginator::new(Pages::Offset(Offset::new(LIMIT as u64))),
        Kind::Number => Paginator {
            ends: Ends {
                flag: Some(Flag::at(MORE)),
                stop_after_empty_page: false,
                ..Ends::COUNTED
            },
            ..Paginator::new(Pages::Number(PageNumber::DEFAULT))
        },
        Kind::Cursor => Paginator {
            ends: Ends {
                flag: Some(Flag::at(MORE)),
                ..counted
            },
            ..Paginator::new(Pages::Cursor(Cursor::new(NEXT, Static("after"))))
        },
        Kind::Link => Paginator {
            ends: counted,
            ..Paginator::new(Pages::JsonLink {
                next_url_path: Selector::Path(NEXT),
            })
        },
    }
}

/// A source whose things come so, and are written so.
pub(crate) fn plan(kind: Kind, write_disposition: WriteDisposition) -> SourcePlan {
    let things = Ref::from(ResourcePlan {
        name: Static("things"),
        table: Static(&THINGS),
        write_disposition,
        path: Template(list![
            Part::Text(Static("boxes/")),
            Part::Parent(0),
            Part::Text(Static("/things"))
        ]),
        paginator: paginator(kind),
        selector: DATA,
        incremental: match write_disposition {
            WriteDisposition::Replace => None,
            _ => Some(Incremental {
                start_param: Some(Static("since")),
                column: Some(2),
                ..Incremental::DEFAULT
            }),
        },
        parent: Some(Static(&*OF_BOXES)),
        ..ResourcePlan::DEFAULT
    });
    SourcePlan {
        name: Static("store"),
        spec: Static("specs/store.yaml"),
        base_url: Template(list![Part::Text(Static("https://api.example.com"))]),
        retry: Retry {
            max_retries: 1,
            backoff_factor: 0.0,
            max_delay: Duration::ZERO,
            ..Retry::DEFAULT
        },
        concurrency: 2,
        resources: vec![Static(&*BOXES), things].into(),
        ..SourcePlan::DEFAULT
    }
}
