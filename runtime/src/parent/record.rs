//! The values of a parent's record that its children take, and its key.

use super::{field, sent};
use crate::{
    Error, ErrorKind, Row, Scalar,
    partition::{MAX_SHOWN, PartitionKey, PartitionValues},
    plan::{ParentField, ParentPlan},
    schema::Table,
    value::Value,
};

/// The values of a parent's record that its children take: a partition of each child.
#[derive(Clone, Debug, Default)]
pub(crate) struct ParentRecord {
    /// The primary key; of a parent without one, all values that its children take.
    pub(crate) key: PartitionKey,
    /// The values, in the order of [`ParentPlan::fields`].
    pub(crate) values: PartitionValues,
}

impl ParentRecord {
    /// The values of a row of the parent's own table.
    pub(crate) fn of_row(plan: &ParentPlan, row: Row<'_>) -> Self {
        let table = &plan.resource.table;
        let key: Vec<_> = table
            .primary_key()
            .filter_map(|at| Some((table.columns.get(at)?.name.as_str(), row.value(at))))
            .collect();
        let values: Vec<Scalar> = plan.fields.iter().map(|f| field(row, f)).collect();
        let sent = sent::of_row(plan, row, &values);
        let of_key = |(name, value): &(&str, Value<'_>)| {
            ((*name).to_owned(), Scalar::from(*value).to_json())
        };
        let (key, name) = if key.is_empty() {
            (key_in_fields(plan, &values), name_by_fields(plan, &values))
        } else {
            let id = PartitionKey::new(key.iter().map(of_key));
            (id, name(plan, key.into_iter()))
        };
        let lists = Vec::new();
        let values = PartitionValues {
            values,
            sent,
            lists,
            name,
        };
        Self { key, values }
    }

    /// The values, taken by the caller.
    pub(crate) fn of_values(plan: &ParentPlan, values: Vec<Scalar>) -> Self {
        Self {
            key: key_in_fields(plan, &values),
            values: PartitionValues {
                name: name_by_fields(plan, &values),
                sent: sent::of_values(plan, &values),
                lists: Vec::new(),
                values,
            },
        }
    }

    /// About how much memory the record takes, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let by = self.key.by.iter();
        let by = by.map(|name| size_of::<String>() + name.len());
        size_of::<Self>() + self.values.bytes() + by.sum::<usize>() + self.key.values.len()
    }
}

/// The first of these fields that is null in a record of the parent, `author.name`.
pub(crate) fn null_field(
    plan: &ParentPlan,
    fields: &[usize],
    parent: &ParentRecord,
) -> Option<String> {
    let is_null = |at: &&usize| matches!(parent.values.values.get(**at), None | Some(Scalar::Null));
    let at = *fields.iter().find(is_null)?;
    field_name(&plan.resource.table, plan.fields.get(at)?)
}

/// The error for a request that needs a field which is null.
pub(crate) fn null_field_error(field: &str, parent: &ParentRecord) -> Error {
    let message = format!(
        "`{field}` is null in {}, and the request needs it",
        parent.values.name
    );
    Error::new(ErrorKind::Schema, message).with_help(
        "`on_null_parent: skip` in the `endpoint` sends no request for such records, and counts them",
    )
}

/// The columns of a parent's key: its primary key, or, without one, all fields that the child takes.
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

/// The primary key, if the fields contain all of it; otherwise all fields.
fn key_in_fields(plan: &ParentPlan, values: &[Scalar]) -> PartitionKey {
    let table = &plan.resource.table;
    let of_key = |at: usize| {
        let is_it = |(field, _): &(&ParentField, &Scalar)| {
            usize::from(field.column) == at && field.path.0.is_empty()
        };
        let (_, value) = plan.fields.iter().zip(values).find(is_it)?;
        Some((table.columns.get(at)?.name.to_string(), value.to_json()))
    };
    match table.primary_key().map(of_key).collect::<Option<Vec<_>>>() {
        Some(key) if !key.is_empty() => PartitionKey::new(key.into_iter()),
        _ => PartitionKey::new(
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

/// The name by the fields of the primary key; without any, by all fields.
fn name_by_fields(plan: &ParentPlan, values: &[Scalar]) -> String {
    let fields = plan.fields.iter().zip(values).filter_map(|(field, value)| {
        let column = plan.resource.table.columns.get(usize::from(field.column))?;
        let is_key = column.primary_key && field.path.0.is_empty();
        Some((is_key, (column.name.as_str(), value.as_value())))
    });
    let has_key = fields.clone().any(|(is_key, _)| is_key);
    let named = fields.filter(|(is_key, _)| *is_key || !has_key);
    name(plan, named.map(|(_, field)| field))
}

fn name<'v>(plan: &ParentPlan, values: impl Iterator<Item = (&'v str, Value<'v>)>) -> String {
    let shown = |value: Value<'_>| match value {
        Value::Absent | Value::Null => "null".to_owned(),
        value => format!(
            "{:?}",
            value
                .to_string()
                .chars()
                .take(MAX_SHOWN)
                .collect::<String>()
        ),
    };
    let values: Vec<String> = values
        .map(|(name, value)| format!("`{name}` {}", shown(value)))
        .collect();
    format!("`{}` with {}", plan.resource.name, values.join(", "))
}
