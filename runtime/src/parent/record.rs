//! The values of a parent's record that its children take, and its key.

use super::sent;
use crate::{
    Error, ErrorKind, Row, Scalar,
    partition::{MAX_SHOWN, PartitionKey, PartitionValues},
    plan::{ParentField, ParentPlan, ResourcePlan},
    shared::{List, Ref},
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
    /// The record of these values of a row. `element` is the JSON of the element that some of them are of.
    pub(super) fn new(
        plan: &ParentPlan,
        row: Row<'_>,
        values: Vec<Scalar>,
        element: Option<&str>,
    ) -> Self {
        let table = &plan.resource.table;
        let mut key: Vec<(String, Value<'_>)> = table
            .primary_key()
            .filter_map(|at| Some((table.columns.get(at)?.name.to_string(), row.value(at))))
            .collect();
        let sent = sent::of_row(plan, row, element, &values);
        let (key, name) = if key.is_empty() {
            (key_in_fields(plan, &values), name_by_fields(plan, &values))
        } else {
            let fields = plan.fields.iter().zip(&values);
            let of_element = fields.filter(|(field, _)| field.each.is_some());
            key.extend(
                of_element
                    .filter_map(|(field, value)| Some((field.name(table)?, value.as_value()))),
            );
            let of_key = |(name, value): &(String, Value<'_>)| {
                (name.clone(), Scalar::from(*value).to_json())
            };
            let id = PartitionKey::new(key.iter().map(of_key));
            let named = key.iter().map(|(name, value)| (name.as_str(), *value));
            (id, name(plan, named))
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
        if plan.others.is_empty() {
            return Self::of_values_of_one(plan, values);
        }
        let each = plan.each().into_iter().map(|(of, at)| {
            let own = at.iter().filter_map(|at| values.get(*at).cloned());
            (Self::of_values_of_one(&of, own.collect()), at)
        });
        let each: Vec<_> = each.collect();
        let parts: Vec<_> = each.iter().map(|(record, at)| (record, &**at)).collect();
        Self::combined(plan, &parts)
    }

    /// A record of each parent as one. The values of each are at these positions.
    pub(crate) fn combined(plan: &ParentPlan, parts: &[(&Self, &[usize])]) -> Self {
        let mut key = PartitionKey::new(std::iter::empty());
        let mut values = vec![Scalar::Null; plan.fields.len()];
        let mut sent = values.clone();
        let mut names = Vec::with_capacity(parts.len());
        for ((record, at), resource) in parts.iter().zip(plan.resources()) {
            let of_parent = |(name, value)| (format!("{}.{name}", resource.name), value);
            key.extend(record.key.columns().map(of_parent));
            names.push(&*record.values.name);
            let pairs = record.values.values.iter().zip(record.values.sent());
            for (at, (value, as_sent)) in at.iter().zip(pairs) {
                if let (Some(place), Some(place_sent)) = (values.get_mut(*at), sent.get_mut(*at)) {
                    (*place, *place_sent) = (value.clone(), as_sent.clone());
                }
            }
        }
        let differs = parts.iter().any(|(part, _)| part.values.sent.is_some());
        let values = PartitionValues {
            values,
            sent: differs.then_some(sent),
            lists: Vec::new(),
            name: names.join(" and "),
        };
        Self { key, values }
    }

    fn of_values_of_one(plan: &ParentPlan, values: Vec<Scalar>) -> Self {
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

    /// Takes the values of lists of the record above in a tree.
    pub(crate) fn inherit_lists(&mut self, above: &Self) {
        let number = above.values.lists.len();
        let others = above.key.by.len().saturating_sub(number);
        let lists: Vec<_> = above.key.columns().skip(others).take(number).collect();
        for (name, value) in &lists {
            let value: String = value.to_string().chars().take(MAX_SHOWN).collect();
            self.values.name = format!("{}, `{name}` {value}", self.values.name);
        }
        self.values.lists.clone_from(&above.values.lists);
        self.key.extend(lists.into_iter());
    }

    /// About how much memory the record takes, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let by = self.key.by.iter();
        let by = by.map(|name| size_of::<String>() + name.len());
        size_of::<Self>() + self.values.bytes() + by.sum::<usize>() + self.key.values.len()
    }
}

/// The records of a tree, as the parents of those below them.
pub(crate) fn of_tree(resource: &Ref<ResourcePlan>) -> Option<ParentPlan> {
    Some(ParentPlan {
        resource: resource.clone(),
        others: List::EMPTY,
        fields: resource.tree.as_ref()?.fields.clone(),
    })
}

/// The first of these fields that is null in a record of the parent, `author.name`.
pub(crate) fn null_field(
    plan: &ParentPlan,
    fields: &[usize],
    parent: &ParentRecord,
) -> Option<String> {
    let is_null = |at: &&usize| matches!(parent.values.values.get(**at), None | Some(Scalar::Null));
    let at = *fields.iter().find(is_null)?;
    plan.field_name(plan.fields.get(at)?)
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

/// The columns of a parent's key: its primary key, and the fields of an element; without a key, all fields that the
/// child takes. Of several parents, those of each, with its name.
pub(crate) fn key_columns(plan: &ParentPlan) -> Vec<String> {
    if plan.others.is_empty() {
        return key_columns_of_one(plan);
    }
    let each = plan.each().into_iter();
    let named = each.flat_map(|(of, _)| {
        let columns = key_columns_of_one(&of).into_iter();
        columns.map(move |column| format!("{}.{column}", of.resource.name))
    });
    named.collect()
}

fn key_columns_of_one(plan: &ParentPlan) -> Vec<String> {
    let table = &plan.resource.table;
    let key = table.primary_key().filter_map(|at| table.columns.get(at));
    let mut key: Vec<String> = key.map(|column| column.name.to_string()).collect();
    let has_key = !key.is_empty();
    let fields = plan.fields.iter();
    let others = fields.filter(|field| !has_key || field.each.is_some());
    key.extend(others.filter_map(|field| field.name(table)));
    key
}

/// The primary key and the fields of an element, if the fields contain all of the key; otherwise all fields.
fn key_in_fields(plan: &ParentPlan, values: &[Scalar]) -> PartitionKey {
    let table = &plan.resource.table;
    let fields = || plan.fields.iter().zip(values);
    let of_key = |at: usize| {
        let is_it = |(field, _): &(&ParentField, &Scalar)| {
            usize::from(field.column) == at && field.path.0.is_empty() && field.each.is_none()
        };
        let (_, value) = fields().find(is_it)?;
        Some((table.columns.get(at)?.name.to_string(), value.to_json()))
    };
    let key = table.primary_key().map(of_key).collect::<Option<Vec<_>>>();
    let key = key.filter(|key| !key.is_empty());
    let has_key = key.is_some();
    let others = fields().filter(|(field, _)| !has_key || field.each.is_some());
    let others = others.filter_map(|(field, value)| Some((field.name(table)?, value.to_json())));
    PartitionKey::new(key.into_iter().flatten().chain(others))
}

/// The name by the fields of the primary key and of an element; without any of the key, by all fields.
fn name_by_fields(plan: &ParentPlan, values: &[Scalar]) -> String {
    let table = &plan.resource.table;
    let fields = plan.fields.iter().zip(values).filter_map(|(field, value)| {
        let column = table.columns.get(usize::from(field.column))?;
        let is_key = column.primary_key && field.path.0.is_empty() && field.each.is_none();
        let name = match field.each {
            Some(_) => field.name(table)?,
            None => column.name.to_string(),
        };
        Some((is_key, field.each.is_some(), name, value.as_value()))
    });
    let fields: Vec<_> = fields.collect();
    let has_key = fields.iter().any(|(is_key, ..)| *is_key);
    let named = fields
        .iter()
        .filter(|(is_key, is_of_element, ..)| *is_key || *is_of_element || !has_key);
    name(plan, named.map(|(.., name, value)| (name.as_str(), *value)))
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
