//! The values that requests of children send: as the API wrote them.
//!
//! `31.12.2024`, `1.10`, `1704067200` and `1e21` decode to dates and numbers with another canonical text,
//! but an API expects the text that it returned.

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
    leaves.any(|(_, column)| has_other_text(column))
}

/// The values to send of a row; `None` if they are its own.
pub(super) fn of_row(plan: &ParentPlan, row: Row<'_>, values: &[Scalar]) -> Option<Vec<Scalar>> {
    let record = row.json();
    of(plan, values, |steps, column| {
        as_written(column, at_steps(record?, steps)?)
    })
}

/// The values to send if the API's texts are unknown.
pub(super) fn of_values(plan: &ParentPlan, values: &[Scalar]) -> Option<Vec<Scalar>> {
    of(plan, values, |_, _| None)
}

fn of(
    plan: &ParentPlan,
    values: &[Scalar],
    written: impl Fn(&[Step], &Column) -> Option<Scalar>,
) -> Option<Vec<Scalar>> {
    if !differs(plan) {
        return None;
    }
    let sent = plan.fields.iter().zip(values).map(|(field, value)| {
        let Some((steps, column)) = leaf(&plan.resource.table, field) else {
            return value.clone();
        };
        if !has_other_text(column) || *value == Scalar::Null {
            return value.clone();
        }
        let sent = written(&steps, column).or_else(|| in_format(column, value));
        sent.unwrap_or_else(|| value.clone())
    });
    Some(sent.collect())
}

/// The column of a field, and its place in the record. `None` within JSON, whose text is kept.
fn leaf<'t>(table: &'t Table, field: &ParentField) -> Option<(Vec<Step>, &'t Column)> {
    let mut column = field_column(table, field)?;
    let mut steps = Vec::new();
    let add = |steps: &mut Vec<Step>, column: &Column| match &column.from {
        Some(path) => steps.extend_from_slice(&path.0),
        None => steps.push(Step::Key(column.key.clone())),
    };
    add(&mut steps, column);
    for step in &field.path.0 {
        if column.decode != Decode::Native {
            return None;
        }
        match (&column.data_type, step) {
            (Type::Object(table), Step::Key(name)) => {
                column = table.columns.get(table.position(name)?)?;
                add(&mut steps, column);
            }
            (Type::Array(element), Step::Index(_)) | (Type::Map(element), Step::Key(_)) => {
                column = element;
                steps.push(step.clone());
            }
            _ => return None,
        }
    }
    Some((steps, column))
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
