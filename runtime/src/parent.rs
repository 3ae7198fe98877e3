//! The values that a child takes of its parent's records.

mod condition;
mod record;
mod sent;

pub(crate) use condition::ParentCondition;
pub(crate) use record::{ParentRecord, key_columns, null_field, null_field_error};
pub(crate) use sent::differs;
use serde_json::Value as Json;

use crate::{
    Row, Scalar,
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
    let at = usize::from(field.column);
    match (row.place(at), row.table().columns.get(at)) {
        (Some((page, slot)), Some(column)) => reach(page, slot, column, &field.path.0),
        _ => Scalar::Null,
    }
}

/// The value at the end of a path from a cell.
fn reach(page: &Page, slot: Slot, column: &Column, steps: &[Step]) -> Scalar {
    let Some((step, rest)) = steps.split_first() else {
        return page.value(slot).into();
    };
    let next = match (slot, &column.data_type, step) {
        (Slot::Object { children, .. }, Type::Object(table), Step::Key(name)) => {
            let at = table.position(name);
            let slots = page.slots(children, table.width());
            at.and_then(|at| Some((*slots.get(at)?, table.columns.get(at)?)))
        }
        (Slot::Array { children, len, .. }, Type::Array(element), Step::Index(index)) => {
            let slots = page.slots(children, len as usize);
            pick(slots, *index).map(|slot| (*slot, &**element))
        }
        (Slot::Map { children, len, .. }, Type::Map(element), Step::Key(key)) => {
            let entries = page.slots(children, 2 * len as usize).chunks_exact(2);
            let mut found = entries.filter_map(|entry| match entry {
                [name, value] if page.value(*name) == Value::Text(key) => Some(*value),
                _ => None,
            });
            found.next().map(|slot| (slot, &**element))
        }
        (Slot::Json { at }, ..) => {
            let tree: Json = serde_json::from_str(page.json(at)).unwrap_or_default();
            return at_json(&tree, steps);
        }
        _ => None,
    };
    next.map_or(Scalar::Null, |(slot, column)| {
        reach(page, slot, column, rest)
    })
}

/// The value at the end of a path in a JSON tree.
pub fn at_json(tree: &Json, steps: &[Step]) -> Scalar {
    let found = steps.iter().try_fold(tree, |value, step| match step {
        Step::Key(key) => value.get(&**key),
        Step::Index(index) => pick(value.as_array()?, *index),
    });
    found.to_scalar()
}
