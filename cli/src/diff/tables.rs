//! Changes of the tables and states that loads keep, and what the next load does about them.

use std::mem::discriminant;

use rest_source::{
    Column, Fingerprint, Path, Scalar, Table, Type,
    plan::{Incremental, ResourcePlan, SourcePlan, Template},
    schema::ResponseValue,
};

use super::{Area, Change, Effect};

const REFRESH: &str = "the next load is an error until `--full-refresh`";

pub(super) fn changes(old: &SourcePlan, new: &SourcePlan) -> Vec<Change> {
    let change = |effect, text| Change::new(Area::Tables, effect, text);
    if old.name != new.name {
        // Tables and states are kept by the name of their source: none of the old ones is used.
        let text = format!(
            "the source `{}` is now `{}`: its loads are an error in a database with the tables of `{}`. Keep the \
             name, or load from the start into another database",
            old.name, new.name, old.name
        );
        return vec![change(Effect::Breaking, text)];
    }
    let mut changes = Vec::new();
    for resource in &old.resources {
        let Some(now) = new.resources.iter().find(|one| one.name == resource.name) else {
            let text = format!(
                "the resource `{}` is gone: its table stays as it is",
                resource.name
            );
            changes.push(change(Effect::Breaking, text));
            continue;
        };
        let (name, now_name) = (table_name(resource), table_name(now));
        if name == now_name {
            changes.extend(table(name, resource, now));
        } else {
            let text = format!(
                "the table of `{}` was `{name}`, now it is `{now_name}`, which is loaded from the start; `{name}` \
                 stays as it is",
                resource.name
            );
            changes.push(change(Effect::Breaking, text));
        }
        changes.extend(state((old, resource), (new, now)));
    }
    for resource in &new.resources {
        if old.resources.iter().all(|one| one.name != resource.name) {
            let text = format!("the table `{}` is new", table_name(resource));
            changes.push(change(Effect::Compatible, text));
        }
    }
    changes
}

fn table_name(resource: &ResourcePlan) -> &str {
    resource
        .table_name
        .as_deref()
        .unwrap_or(&resource.table.name)
}

/// Changes of a table that keeps its name.
fn table(name: &str, old: &ResourcePlan, new: &ResourcePlan) -> Vec<Change> {
    let change = |effect, text| Change::new(Area::Tables, effect, text);
    let cursor = new
        .incremental
        .as_ref()
        .and_then(|incremental| incremental.column);
    let mut changes = columns(name, &old.table, &new.table, cursor);
    if old.write_disposition != new.write_disposition {
        let text = format!(
            "`{name}` was written by `{}`, now by `{}`",
            word(old),
            word(new)
        );
        changes.push(change(Effect::Breaking, text));
    }
    let keys = |resource: &ResourcePlan| -> Vec<String> {
        let columns = resource.table.columns.iter();
        let key = columns.filter(|column| column.primary_key);
        key.map(|column| column.name.to_string()).collect()
    };
    if old.selected != new.selected {
        let text = if new.selected {
            format!("`{name}` is loaded with its source from now on")
        } else {
            format!(
                "`{name}` is loaded only if it is named: `--resource {}`",
                new.name
            )
        };
        let effect = if new.selected {
            Effect::Compatible
        } else {
            Effect::Breaking
        };
        changes.push(change(effect, text));
    }
    let (key, new_key) = (keys(old), keys(new));
    let renamed = |name: &String| {
        let column = new
            .table
            .columns
            .iter()
            .find(|column| column.name == **name);
        let before = column.and_then(|column| column.renamed_from.as_deref());
        before.map_or_else(|| name.clone(), str::to_owned)
    };
    if key != new_key && key != new_key.iter().map(renamed).collect::<Vec<_>>() {
        let text = format!(
            "the key of `{name}` was ({}), now it is ({}): {REFRESH}",
            key.join(", "),
            new_key.join(", ")
        );
        changes.push(change(Effect::Breaking, text));
    }
    changes
}

fn columns(name: &str, old: &Table, new: &Table, cursor: Option<u16>) -> Vec<Change> {
    let change = |effect, text| Change::new(Area::Tables, effect, text);
    let mut changes = Vec::new();
    let mut known: Vec<&str> = Vec::new();
    for (at, column) in new.columns.iter().enumerate() {
        let before = |name: &str| old.columns.iter().find(|one| one.name == *name);
        let renamed = || before(column.renamed_from.as_deref()?);
        let place = format!("`{name}.{}`", column.name);
        let Some(was) = before(&column.name).or_else(renamed) else {
            let text = format!("{place} is new: null in the rows that are there");
            changes.push(change(Effect::Compatible, text));
            continue;
        };
        known.push(&was.name);
        if was.name != column.name {
            let text = format!("{place} was `{}`: the next load renames it", was.name);
            changes.push(change(Effect::Breaking, text));
        }
        let is_fixed = column.primary_key || cursor == u16::try_from(at).ok();
        changes.extend(data_type(&place, was, column, is_fixed));
        if source_of(was) != source_of(column) {
            let text = format!("{place} has another source: rows that are there keep their values");
            changes.push(change(Effect::Breaking, text));
        }
        if let (Some(table), Some(old), Some(new)) =
            (&column.table, elements(was), elements(column))
        {
            changes.extend(columns(table, old, new, None));
        }
        if was.nullable != column.nullable {
            changes.push(if column.nullable {
                let text = format!("{place} can be null from now on");
                change(Effect::Breaking, text)
            } else {
                let text = format!("{place} is never null in new rows; the column stays nullable");
                change(Effect::Compatible, text)
            });
        }
    }
    for column in &old.columns {
        if !known.contains(&column.name.as_str()) {
            let text = format!(
                "`{name}.{}` is gone: the column stays, with null in new rows",
                column.name
            );
            changes.push(change(Effect::Breaking, text));
        }
    }
    changes
}

/// The columns of the elements of a list that is a table of its own.
fn elements(column: &Column) -> Option<&Table> {
    column.table.as_ref()?;
    let Type::Array(element) = &column.data_type else {
        return None;
    };
    match &element.data_type {
        Type::Object(table) => Some(table),
        _ => None,
    }
}

/// Where the values of a column come from.
fn source_of(
    column: &Column,
) -> (
    Path,
    [Option<u16>; 3],
    Option<&Template>,
    Option<&ResponseValue>,
) {
    let path = column
        .from
        .clone()
        .unwrap_or_else(|| Path::of([column.key.as_str()]));
    let taken = [column.parent, column.config, column.partition];
    (path, taken, column.value.as_ref(), column.response.as_ref())
}

/// What a load does about another type: see the guide `loading.md`.
fn data_type(place: &str, old: &Column, new: &Column, is_fixed: bool) -> Option<Change> {
    let (was, now) = (old.data_type.word(), new.data_type.word());
    let is_table = old.table != new.table;
    if is_table {
        let text = match &new.table {
            Some(table) => format!("{place} is now the table `{table}`: {REFRESH}"),
            None => format!("{place} is not a table of its own any more: {REFRESH}"),
        };
        return Some(Change::new(Area::Tables, Effect::Breaking, text));
    }
    if discriminant(&old.data_type) == discriminant(&new.data_type) {
        let is_decimal = matches!(new.data_type, Type::Decimal { .. });
        let text =
            format!("{place} has other digits: {REFRESH} where the database has the old ones");
        let is_other = is_decimal && old.data_type != new.data_type;
        return is_other.then(|| Change::new(Area::Tables, Effect::Breaking, text));
    }
    let text = |data_type: &Type| matches!(data_type, Type::Text | Type::Enum { .. });
    let json = |data_type: &Type| {
        use Type::{Array, Json, Map, Object, Union};
        matches!(data_type, Array(_) | Json | Map(_) | Object(_) | Union(_))
    };
    let (a, b) = (&old.data_type, &new.data_type);
    let what = format!("{place} was `{was}`, now it is `{now}`");
    if text(a) && text(b) || json(a) && json(b) {
        let text = format!("{what}, which is stored alike");
        return Some(Change::new(Area::Tables, Effect::Compatible, text));
    }
    let is_wider = matches!(
        (was, now),
        ("bigint", "double" | "decimal" | "text" | "enum")
            | ("decimal" | "bool" | "date" | "time", "text" | "enum")
            | ("date", "timestamp")
    );
    let then = if is_wider && !is_fixed {
        "the next load widens it in SQLite and Postgres, and it is nullable from then on"
    } else {
        REFRESH
    };
    Some(Change::new(
        Area::Tables,
        Effect::Breaking,
        format!("{what}: {then}"),
    ))
}

fn word(resource: &ResourcePlan) -> String {
    format!("{:?}", resource.write_disposition).to_lowercase()
}

/// Whether the state of a loaded resource is used by the next load.
fn state(
    (old_source, old): (&SourcePlan, &ResourcePlan),
    (new_source, new): (&SourcePlan, &ResourcePlan),
) -> Vec<Change> {
    let change = |effect, text| Change::new(Area::State, effect, text);
    let fingerprint = |source: &SourcePlan, resource: &ResourcePlan| {
        let defaults = source.config.iter().map(|setting| {
            let default = setting.default.as_deref();
            let value = default.and_then(|text| Scalar::parse(&setting.data_type, text));
            value.unwrap_or(Scalar::Null)
        });
        let defaults: Vec<Scalar> = defaults.collect();
        Fingerprint::of(source, &defaults, resource)
    };
    let differences = fingerprint(old_source, old).differences(&fingerprint(new_source, new));
    let mut changes = Vec::new();
    if !differences.is_empty() {
        let text = format!(
            "`{}` is another request ({}): the next load is an error until `--full-refresh`, or `--keep-state` if \
             both return the same records",
            new.name,
            differences.join("; ")
        );
        changes.push(change(Effect::Breaking, text));
    }
    let range = |resource: &ResourcePlan| {
        let incremental = resource.incremental.as_ref()?;
        Some((
            incremental.initial_value.clone(),
            incremental.end_value.clone(),
        ))
    };
    if let (Some(was), Some(now)) = (range(old), range(new))
        && was != now
    {
        let text = format!(
            "`{}` has another range (`initial_value`, `end_value`): stored states go on from where they are, and rows \
             before them come only by `--full-refresh`",
            new.name
        );
        changes.push(change(Effect::Breaking, text));
    }
    let cursor = |resource: &ResourcePlan| -> Option<String> {
        let column = resource.incremental.as_ref()?.column?;
        let column = resource.table.columns.get(usize::from(column))?;
        Some(
            column
                .renamed_from
                .as_ref()
                .unwrap_or(&column.name)
                .to_string(),
        )
    };
    let is_incremental = |incremental: &Option<Incremental>| incremental.is_some();
    match (
        is_incremental(&old.incremental),
        is_incremental(&new.incremental),
    ) {
        (true, false) => {
            let text = format!("`{}` is fetched whole by each load from now on", new.name);
            changes.push(change(Effect::Breaking, text));
        }
        (false, true) => {
            let text = format!(
                "`{}` is fetched from its cursor on, after one more whole load",
                new.name
            );
            changes.push(change(Effect::Compatible, text));
        }
        (true, true) if cursor(old) != cursor(new) => {
            let text = format!(
                "the cursor of `{}` was {}, now it is {}: {REFRESH}",
                new.name,
                cursor(old).map_or("none".to_owned(), |name| format!("`{name}`")),
                cursor(new).map_or("none".to_owned(), |name| format!("`{name}`"))
            );
            changes.push(change(Effect::Breaking, text));
        }
        _ => {}
    }
    changes
}
