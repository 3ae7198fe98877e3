//! The fast and the careful pass over one page, compared: by property tests, and by the fuzz target `decode`.

use std::sync::LazyLock;

use super::{Decoded, Format, PageShape, Pass, Probes, decode_by};
use crate::{
    error::Error,
    page::{Page, Slot},
    plan::{Pages, Paginator, ResourcePlan, Selector},
    schema::{Column, Decode, Path, Step, Table, TimeFormat, Type},
    shared::{Ref::Static, Text, list},
};

pub(super) const DATA: Selector = Selector::Path(Path(list![Step::Key(Static("data"))]));

/// A resource that pages, with its records in `data`.
pub(super) static PAGED: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
    name: Static("stories"),
    selector: DATA,
    paginator: Paginator::new(Pages::JsonLink {
        next_url_path: Selector::Path(Path(list![Step::Key(Static("next"))])),
    }),
    ..ResourcePlan::DEFAULT
});

const TAG: Column = Column::new("tag", Type::Bigint).nullable();

/// A column of each type.
pub(super) static TABLE: LazyLock<Table> = LazyLock::new(|| {
    Table::new(
        "stories",
        vec![
            Column::new("text", Type::Text),
            Column::new("bigint", Type::Bigint).nullable(),
            Column::new("double", Type::Double).nullable(),
            Column::new("bool", Type::Bool).nullable(),
            Column::new("json", Type::Json).nullable(),
            Column::new("list", Type::Array(Static(const { &TAG }))).nullable(),
            Column::new("map", Type::Map(Static(const { &TAG }))).nullable(),
            Column::new(
                "object",
                Type::Object(Static(
                    const {
                        &Table::new(
                            "object",
                            list![
                                Column::new("text", Type::Text).nullable(),
                                Column::new("bigint", Type::Bigint).nullable(),
                            ],
                        )
                    },
                )),
            )
            .nullable(),
            Column::new(
                "decimal",
                Type::Decimal {
                    precision: 8,
                    scale: 3,
                },
            )
            .nullable(),
            Column::new("at", Type::TIMESTAMP).nullable(),
            Column::new("epoch", Type::Timestamp(TimeFormat::EpochMillis)).nullable(),
            Column::new("written", Type::Array(Static(const { &TAG })))
                .nullable()
                .decode(Decode::Text),
            Column::new("binary", Type::Binary).nullable(),
            Column::new(
                "union",
                Type::Union(list![
                    Column::new("text", Type::Text),
                    Column::new("json", Type::Json),
                ]),
            )
            .nullable(),
            Column::new("from", Type::Bigint).nullable().from(list![
                Step::Key(Static("object")),
                Step::Key(Static("bigint"))
            ]),
            Column::new("element", Type::Json)
                .nullable()
                .from(list![Step::Key(Static("json")), Step::Index(-1)]),
        ]
        .into(),
    )
});

#[expect(
    clippy::unwrap_used,
    reason = "only tests call it, and the fuzz target"
)]
pub(super) fn shape(resource: &ResourcePlan, table: &'static Table, probes: &[Path]) -> PageShape {
    PageShape::new(
        resource,
        table.into(),
        &Probes {
            paths: probes.to_vec(),
            finds: Vec::new(),
        },
        &Text::of("specs/media.yaml"),
    )
    .unwrap()
}

/// With a probe of the next page.
pub(super) fn page_shape(resource: &ResourcePlan, table: &'static Table) -> PageShape {
    shape(resource, table, &[Path(list![Step::Key(Static("next"))])])
}

/// A cell and all that is below it.
fn cell(page: &Page, slot: Slot, width: usize) -> String {
    let cells = |start, len| -> Vec<String> {
        let slots = page.slots(start, len).iter();
        slots.map(|slot| cell(page, *slot, width)).collect()
    };
    match slot {
        Slot::Object { at, children } => {
            format!("{}{:?}", page.json(at), cells(children, width))
        }
        Slot::Array { at, children, len } => {
            format!("{}{:?}", page.json(at), cells(children, len as usize))
        }
        Slot::Map { at, children, len } => {
            format!("{}{:?}", page.json(at), cells(children, 2 * len as usize))
        }
        Slot::Union { at, child, member } => {
            format!("{}{member}{:?}", page.json(at), cells(child, 1))
        }
        Slot::Absent => "absent".to_owned(),
        slot => format!("{:?}", page.value(slot)),
    }
}

/// All that a page became.
fn all(decoded: Result<Decoded, Error>) -> String {
    let decoded = match decoded {
        Err(error) => return error.to_string(),
        Ok(decoded) => decoded,
    };
    let Decoded {
        rows,
        received,
        selected,
        probes,
        fingerprint,
        is_null,
        discarded_rows,
        discarded_values,
        undeclared,
        examples,
        presence,
        failure,
    } = decoded;
    let (page, table, starts) = rows.into_parts();
    let rows: Vec<Vec<String>> = starts
        .iter()
        .map(|start| {
            let slots = page.slots(*start, table.columns.len()).iter();
            // The object of the table has two columns.
            slots.map(|slot| cell(&page, *slot, 2)).collect()
        })
        .collect();
    format!(
        "{rows:?}{received} {selected} {probes:?} {fingerprint} {is_null} {discarded_rows} {discarded_values} \
         {undeclared} {examples:?} {presence:?} {failure:?}"
    )
}

/// What a pass makes of a page, as text.
pub(super) fn by(pass: Pass, body: &[u8], format: Format, shape: &PageShape) -> String {
    all(decode_by(pass, &mut body.to_vec(), format, None, shape))
}

/// Decodes arbitrary bytes by both passes. The first byte chooses the format and the schema contract.
///
/// # Panics
///
/// When they disagree.
#[cfg(fuzzing)]
pub fn compare_passes(data: &[u8]) {
    use crate::plan::{ColumnsContract, DataTypeContract, SchemaContract};

    let Some((choice, body)) = data.split_first() else {
        return;
    };
    let columns = match choice & 1 {
        0 => ColumnsContract::DiscardValue,
        _ => ColumnsContract::Freeze,
    };
    let data_type = match choice >> 1 & 3 {
        0 | 1 => DataTypeContract::Freeze,
        2 => DataTypeContract::DiscardRow,
        _ => DataTypeContract::DiscardValue,
    };
    let mut resource = ResourcePlan {
        schema_contract: SchemaContract { columns, data_type },
        ..PAGED.clone()
    };
    let mut format = Format::Json;
    if choice & 8 != 0 {
        resource.selector = ResourcePlan::DEFAULT.selector;
        format = Format::Lines { line: 1, record: 0 };
    }
    let shape = page_shape(&resource, &TABLE);
    assert_eq!(
        by(Pass::Fast, body, format, &shape),
        by(Pass::Careful, body, format, &shape)
    );
}
