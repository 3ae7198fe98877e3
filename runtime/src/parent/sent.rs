//! The values that requests of children send: as the API wrote them.
//!
//! `31.12.2024`, `1.10`, `1704067200` and `1e21` decode to dates and numbers with another canonical text,
//! but an API expects the text that it returned.

use serde_json::value::RawValue;

use super::field_column;
use crate::{
    Row, Scalar,
    decode::at_steps,
    plan::{ParentField, ParentPlan},
    schema::{Column, Decode, Step, Table, Type},
    value::format::Format,
};

/// Whether a field may be sent as another text than that of its value.
pub(crate) fn differs(plan: &ParentPlan) -> bool {
    let table = &plan.resource.table;
    let mut leaves = plan.fields.iter().filter_map(|field| leaf(table, field));
    leaves.any(|leaf| has_other_text(leaf.column))
}

/// The values to send of a row; `None` if they are its own. `element` is the JSON of the element that some are of.
pub(super) fn of_row(
    plan: &ParentPlan,
    row: Row<'_>,
    element: Option<&str>,
    values: &[Scalar],
) -> Option<Vec<Scalar>> {
    let record = row.json();
    of(plan, values, |leaf| {
        let (record, steps) = match leaf.element {
            Some(at) => (element, leaf.steps.get(at..)?),
            None => (record, &*leaf.steps),
        };
        as_written(leaf.column, at_steps(record?, steps)?)
    })
}

/// The JSON of each element of the list of a field.
pub(super) fn elements<'r>(
    plan: &ParentPlan,
    field: &ParentField,
    row: Row<'r>,
) -> Option<Vec<&'r RawValue>> {
    let leaf = leaf(&plan.resource.table, field)?;
    let list = at_steps(row.json()?, leaf.steps.get(..leaf.element?)?)?;
    serde_json::from_str(list).ok()
}

/// The values to send if the API's texts are unknown.
pub(super) fn of_values(plan: &ParentPlan, values: &[Scalar]) -> Option<Vec<Scalar>> {
    of(plan, values, |_| None)
}

fn of(
    plan: &ParentPlan,
    values: &[Scalar],
    written: impl Fn(&Leaf<'_>) -> Option<Scalar>,
) -> Option<Vec<Scalar>> {
    if !differs(plan) {
        return None;
    }
    let sent = plan.fields.iter().zip(values).map(|(field, value)| {
        let Some(leaf) = leaf(&plan.resource.table, field) else {
            return value.clone();
        };
        if !has_other_text(leaf.column) || *value == Scalar::Null {
            return value.clone();
        }
        let sent = written(&leaf).or_else(|| in_format(leaf.column, value));
        sent.unwrap_or_else(|| value.clone())
    });
    Some(sent.collect())
}

/// Where a field is in the record, and the column that has it.
struct Leaf<'t> {
    steps: Vec<Step>,
    /// How many of the steps lead to the list whose elements are taken.
    element: Option<usize>,
    column: &'t Column,
}

/// The leaf of a field. `None` within JSON, whose text is kept.
fn leaf<'t>(table: &'t Table, field: &ParentField) -> Option<Leaf<'t>> {
    let mut column = field_column(table, field)?;
    let mut steps = Vec::new();
    let add = |steps: &mut Vec<Step>, column: &Column| match &column.from {
        Some(path) => steps.extend_from_slice(&path.0),
        None => steps.push(Step::Key(column.key.clone())),
    };
    let walk = |column: &mut &'t Column, steps: &mut Vec<Step>, path: &[Step]| {
        for step in path {
            if column.decode != Decode::Native {
                return None;
            }
            match (&column.data_type, step) {
                (Type::Object(table), Step::Key(name)) => {
                    *column = table.columns.get(table.position(name)?)?;
                    add(steps, column);
                }
                (Type::Array(element), Step::Index(_)) | (Type::Map(element), Step::Key(_)) => {
                    *column = element;
                    steps.push(step.clone());
                }
                _ => return None,
            }
        }
        Some(())
    };
    add(&mut steps, column);
    let (before, after) = field.split();
    walk(&mut column, &mut steps, before)?;
    let mut element = None;
    if field.each.is_some() {
        let Type::Array(of) = &column.data_type else {
            return None;
        };
        if column.decode != Decode::Native {
            return None;
        }
        column = of;
        element = Some(steps.len());
    }
    walk(&mut column, &mut steps, after)?;
    Some(Leaf {
        steps,
        element,
        column,
    })
}

/// Whether a value of the column has several texts.
fn has_other_text(column: &Column) -> bool {
    column.decode != Decode::Native
        || matches!(
            column.data_type,
            Type::Timestamp(_)
                | Type::Date(_)
                | Type::Time
                | Type::Decimal { .. }
                | Type::Double
                | Type::Binary
        )
}

/// A scalar by its JSON; `None` for null and containers. A number written as text is a number in a body, if
/// it is valid JSON.
fn as_written(column: &Column, raw: &str) -> Option<Scalar> {
    let is_number = matches!(
        column.data_type,
        Type::Decimal { .. } | Type::Double | Type::Bigint
    );
    Some(match raw.as_bytes().first()? {
        b'"' => {
            let text: String = serde_json::from_str(raw).ok()?;
            if is_number && serde_json::from_str::<serde_json::Number>(&text).is_ok() {
                Scalar::Json(text)
            } else {
                Scalar::Text(text)
            }
        }
        b't' | b'f' => Scalar::Bool(raw == "true"),
        b'-' | b'0'..=b'9' => Scalar::Json(raw.to_owned()),
        _ => return None,
    })
}

/// A time in the column's own format.
fn in_format(column: &Column, value: &Scalar) -> Option<Scalar> {
    let format = match &column.data_type {
        Type::Timestamp(format) | Type::Date(format) => Format::new(format).ok()?,
        _ => return None,
    };
    let text = match value {
        Scalar::Timestamp(at) => format.write_timestamp(*at)?,
        Scalar::Date(day) => format.write_date(*day)?,
        _ => return None,
    };
    Some(if format.is_number() {
        Scalar::Json(text)
    } else {
        Scalar::Text(text)
    })
}
