//! The values that a child takes of its parent's records.

mod batch;
mod condition;
mod elements;
mod record;
mod sent;

pub(crate) use batch::ambiguous_batch;
pub(crate) use condition::ParentCondition;
pub(crate) use record::{ParentRecord, key_columns, null_field, null_field_error, of_tree};
pub(crate) use sent::differs;
use serde_json::{Value as Json, value::RawValue};

use crate::{
    Row, Scalar,
    decode::at_steps,
    page::{Page, Slot},
    plan::ParentField,
    schema::{Column, Step, Table, Type},
    tree::pick,
    value::{ToScalar, Value},
};

/// The column of a field.
fn field_column<'t>(table: &'t Table, field: &ParentField) -> Option<&'t Column> {
    table.columns.get(usize::from(field.column))
}

/// The value of a field in a row of the parent.
fn field(row: Row<'_>, field: &ParentField) -> Scalar {
    place(row, field, &field.path.0).map_or(Scalar::Null, |place| place.value())
}

/// Where the first steps of a field lead in a row.
fn place<'r>(row: Row<'r>, field: &ParentField, steps: &[Step]) -> Option<Place<'r>> {
    let at = usize::from(field.column);
    let (page, slot) = row.place(at)?;
    let column = row.table().columns.get(at)?;
    let cell = Cell { page, slot, column };
    Place::Cell(cell).reach(steps)
}

/// A value within a row.
enum Place<'r> {
    Cell(Cell<'r>),
    /// Within a cell of JSON: the text of a value.
    Json(&'r str),
}

/// A cell within a row.
#[derive(Clone, Copy)]
struct Cell<'r> {
    page: &'r Page,
    slot: Slot,
    column: &'r Column,
}

impl Place<'_> {
    fn value(&self) -> Scalar {
        match self {
            Self::Cell(cell) => cell.page.value(cell.slot).into(),
            Self::Json(raw) => Scalar::of_json_text(raw),
        }
    }

    /// The value where these steps lead from here.
    fn value_at(&self, steps: &[Step]) -> Scalar {
        match self {
            Self::Json(raw) => at_steps(raw, steps).map_or(Scalar::Null, Scalar::of_json_text),
            Self::Cell(cell) => {
                let place = Self::Cell(*cell).reach(steps);
                place.map_or(Scalar::Null, |place| place.value())
            }
        }
    }

    /// Where these steps lead from here.
    fn reach(self, steps: &[Step]) -> Option<Self> {
        let Some((step, rest)) = steps.split_first() else {
            return Some(self);
        };
        match self {
            Self::Json(raw) => at_steps(raw, steps).map(Self::Json),
            Self::Cell(Cell {
                page,
                slot: Slot::Json { at },
                ..
            }) => at_steps(page.json(at), steps).map(Self::Json),
            Self::Cell(cell) => Self::Cell(cell.step(step)?).reach(rest),
        }
    }

    /// The elements of a list; `None` if it is another value.
    fn elements(self) -> Option<Vec<Self>> {
        match self {
            Self::Json(raw) => {
                let elements: Vec<&RawValue> = serde_json::from_str(raw).ok()?;
                Some(elements.iter().map(|one| Self::Json(one.get())).collect())
            }
            Self::Cell(Cell { page, slot, column }) => match (slot, &column.data_type) {
                (Slot::Array { children, len, .. }, Type::Array(element)) => {
                    let slots = page.slots(children, len as usize).iter();
                    let cells = slots.map(|slot| Cell {
                        page,
                        slot: *slot,
                        column: element,
                    });
                    Some(cells.map(Self::Cell).collect())
                }
                (Slot::Json { at }, _) => Self::Json(page.json(at)).elements(),
                _ => None,
            },
        }
    }
}

impl Cell<'_> {
    /// The cell that one step leads to.
    fn step(self, step: &Step) -> Option<Self> {
        let Self { page, slot, column } = self;
        match (slot, &column.data_type, step) {
            (Slot::Object { children, .. }, Type::Object(table), Step::Key(name)) => {
                let at = table.position(name)?;
                let slot = *page.slots(children, table.width()).get(at)?;
                let column = table.columns.get(at)?;
                Some(Self { page, slot, column })
            }
            (Slot::Array { children, len, .. }, Type::Array(element), Step::Index(index)) => {
                let slot = *pick(page.slots(children, len as usize), *index)?;
                let column = element;
                Some(Self { page, slot, column })
            }
            (Slot::Map { children, len, .. }, Type::Map(element), Step::Key(key)) => {
                let entries = page.slots(children, 2 * len as usize).chunks_exact(2);
                let mut found = entries.filter_map(|entry| match entry {
                    [name, value] if page.value(*name) == Value::Text(key) => Some(*value),
                    _ => None,
                });
                let slot = found.next()?;
                let column = element;
                Some(Self { page, slot, column })
            }
            _ => None,
        }
    }
}

/// The value at the end of a path in a JSON tree.
pub fn at_json(tree: &Json, steps: &[Step]) -> Scalar {
    let found = steps.iter().try_fold(tree, |value, step| match step {
        Step::Key(key) => value.get(&**key),
        Step::Index(index) => pick(value.as_array()?, *index),
    });
    found.to_scalar()
}
