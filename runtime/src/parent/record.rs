//! One record of a parent: what its children take of it, and what tells it from the others.

use std::fmt;

use serde_json::Value as Json;

use super::{field, sent};
use crate::{
    Error, ErrorKind, Row, Scalar,
    plan::{ParentField, ParentPlan},
    schema::Table,
    value::Value,
};

/// How much of a text a message shows, in characters.
const LONGEST: usize = 80;

/// One record of a parent: what its children take of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct ParentRecord {
    /// In the order of [`ParentPlan::fields`].
    pub(crate) values: Vec<Scalar>,
    /// The same as requests send them; nothing where that is no other.
    sent: Option<Vec<Scalar>>,
    /// What tells it from the others.
    pub(crate) key: ParentKey,
    /// What it is called in messages, long texts cut off: `` `stories` with `id` 7 ``.
    pub(crate) name: String,
}

/// What tells a record of a parent from the others: its key, whole and by type. Of a parent without a
/// key, all that its children take of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ParentKey {
    /// The names of the columns, or of what is reached in them.
    pub(crate) by: Vec<String>,
    /// The values, as a JSON list.
    pub(crate) values: String,
}

impl ParentRecord {
    /// Of a row of the parent's own table.
    pub(crate) fn of_row(plan: &ParentPlan, row: Row<'_>) -> Self {
        let table = &plan.resource.table;
        let key: Vec<_> = table
            .primary_key()
            .filter_map(|at| Some((table.columns.get(at)?.name.as_str(), row.value(at))))
            .collect();
        let values: Vec<Scalar> = plan.fields.iter().map(|f| field(row, f)).collect();
        let sent = sent::of_row(plan, row, &values);
        if key.is_empty() {
            return Self {
                sent,
                ..Self::of_values(plan, values)
            };
        }
        let of_key = |(name, value): &(&str, Value<'_>)| {
            ((*name).to_owned(), Scalar::from(*value).to_json())
        };
        Self {
            key: ParentKey::new(key.iter().map(of_key)),
            name: name(plan, key.into_iter(), LONGEST),
            sent,
            values,
        }
    }

    /// Of these values, which someone else took.
    pub(crate) fn of_values(plan: &ParentPlan, values: Vec<Scalar>) -> Self {
        Self {
            key: key_in_fields(plan, &values),
            name: name_by_fields(plan, &values, LONGEST),
            sent: sent::of_values(plan, &values),
            values,
        }
    }

    /// The values, as requests send them.
    pub(crate) fn sent(&self) -> &[Scalar] {
        self.sent.as_deref().unwrap_or(&self.values)
    }

    /// About how much memory it takes, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let values = || self.values.iter().chain(self.sent.iter().flatten());
        let texts = values().map(|value| match value {
            Scalar::Text(text) | Scalar::Json(text) => text.len(),
            Scalar::Binary(bytes) => bytes.len(),
            _ => 0,
        });
        let by = self
            .key
            .by
            .iter()
            .map(|name| size_of::<String>() + name.len());
        size_of::<Self>()
            + values().count() * size_of::<Scalar>()
            + texts.chain(by).sum::<usize>()
            + self.key.values.len()
            + self.name.len()
    }
}

impl ParentKey {
    fn new(values: impl Iterator<Item = (String, Json)>) -> Self {
        let (by, values): (_, Vec<Json>) = values.unzip();
        Self {
            by,
            values: Json::from(values).to_string(),
        }
    }

    /// What a record of this parent is called in messages, long values cut off.
    pub(crate) fn shown(&self, parent: &str) -> String {
        let values: Vec<Json> = serde_json::from_str(&self.values).unwrap_or_default();
        let values = self.by.iter().zip(&values).map(|(name, value)| {
            let value: String = value.to_string().chars().take(LONGEST).collect();
            format!("`{name}` {value}")
        });
        format!("`{parent}` with {}", values.collect::<Vec<_>>().join(", "))
    }
}

impl fmt::Display for ParentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.values)
    }
}

/// The first of these fields that is null in a record of the parent, `author.name`.
pub(crate) fn null_field(
    plan: &ParentPlan,
    fields: &[usize],
    parent: &ParentRecord,
) -> Option<String> {
    let is_null = |at: &&usize| matches!(parent.values.get(**at), None | Some(Scalar::Null));
    let at = *fields.iter().find(is_null)?;
    field_name(&plan.resource.table, plan.fields.get(at)?)
}

/// The error for a request that needs a field which is null.
pub(crate) fn null_field_error(field: &str, parent: &ParentRecord) -> Error {
    let message = format!(
        "`{field}` is null in {}, and the request needs it",
        parent.name
    );
    Error::new(ErrorKind::Schema, message).with_help(
        "`on_null_parent: skip` in the `endpoint` sends no request for such records, and counts them",
    )
}

/// The columns that tell the records of a parent apart: those of its key, where it has one.
pub(crate) fn key_columns(plan: &ParentPlan) -> Vec<String> {
    let table = &plan.resource.table;
    let key = table.primary_key().filter_map(|at| table.columns.get(at));
    let key: Vec<String> = key.map(|column| column.name.to_string()).collect();
    if key.is_empty() {
        let fields = plan.fields.iter();
        return fields
            .filter_map(|field| field_name(table, field))
            .collect();
    }
    key
}

/// The key, where all of it is among the fields; otherwise all of the fields.
fn key_in_fields(plan: &ParentPlan, values: &[Scalar]) -> ParentKey {
    let table = &plan.resource.table;
    let of_key = |at: usize| {
        let is_it = |(field, _): &(&ParentField, &Scalar)| {
            usize::from(field.column) == at && field.path.0.is_empty()
        };
        let (_, value) = plan.fields.iter().zip(values).find(is_it)?;
        Some((table.columns.get(at)?.name.to_string(), value.to_json()))
    };
    match table.primary_key().map(of_key).collect::<Option<Vec<_>>>() {
        Some(key) if !key.is_empty() => ParentKey::new(key.into_iter()),
        _ => ParentKey::new(
            plan.fields
                .iter()
                .zip(values)
                .filter_map(|(field, value)| Some((field_name(table, field)?, value.to_json()))),
        ),
    }
}

/// `author.name`
fn field_name(table: &Table, field: &ParentField) -> Option<String> {
    let column = table.columns.get(usize::from(field.column))?.name.as_str();
    let path = field.path.to_string();
    Some(format!("{column}{}", path.trim_start_matches('$')))
}

/// By the fields that are of the parent's key; where none is, by all.
fn name_by_fields(plan: &ParentPlan, values: &[Scalar], longest: usize) -> String {
    let fields = plan.fields.iter().zip(values).filter_map(|(field, value)| {
        let column = plan.resource.table.columns.get(usize::from(field.column))?;
        let is_key = column.primary_key && field.path.0.is_empty();
        Some((is_key, (column.name.as_str(), value.as_value())))
    });
    let has_key = fields.clone().any(|(is_key, _)| is_key);
    let named = fields.filter(|(is_key, _)| *is_key || !has_key);
    name(plan, named.map(|(_, field)| field), longest)
}

fn name<'v>(
    plan: &ParentPlan,
    values: impl Iterator<Item = (&'v str, Value<'v>)>,
    longest: usize,
) -> String {
    let shown = |value: Value<'_>| match value {
        Value::Absent | Value::Null => "null".to_owned(),
        value => format!(
            "{:?}",
            value.to_string().chars().take(longest).collect::<String>()
        ),
    };
    let values: Vec<String> = values
        .map(|(name, value)| format!("`{name}` {}", shown(value)))
        .collect();
    format!("`{}` with {}", plan.resource.name, values.join(", "))
}
