//! Records as CSV.

use rest_source::{
    plan::Csv,
    schema::{Step, Table},
};
use serde_json::Value as Json;

/// A record whose values are texts.
pub(super) fn as_received(record: &Json) -> Json {
    match record {
        Json::Object(members) => members
            .iter()
            .map(|(key, value)| (key.clone(), text(value).map_or(Json::Null, Json::from)))
            .collect(),
        other => other.clone(),
    }
}

fn text(value: &Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// The text of these records: with a header, unless the spec names the columns.
pub(super) fn write(plan: &Csv, table: &Table, records: &[&Json]) -> String {
    let mut csv = "skipped\n".repeat(usize::try_from(plan.skip_lines).unwrap_or_default());
    let names: Vec<String> = if plan.column_names.is_empty() {
        let names = header(table, records);
        write_row(plan, names.iter().map(|name| Some(name.clone())), &mut csv);
        names
    } else {
        plan.column_names.iter().map(ToString::to_string).collect()
    };
    for record in records {
        write_row(
            plan,
            names.iter().map(|name| text(record.get(name)?)),
            &mut csv,
        );
    }
    csv
}

/// The columns of the table, then the other keys of the records.
fn header(table: &Table, records: &[&Json]) -> Vec<String> {
    let columns = table
        .columns
        .iter()
        .filter(|column| column.is_received() && !column.is_record());
    let mut names: Vec<String> = columns
        .map(
            |column| match column.from.as_ref().map(|path| &path.0[..]) {
                Some([Step::Key(key), ..]) => key.to_string(),
                _ => column.key.to_string(),
            },
        )
        .collect();
    names.dedup();
    let keys = records
        .iter()
        .filter_map(|record| record.as_object())
        .flat_map(|record| record.keys());
    for key in keys {
        if !names.contains(key) {
            names.push(key.clone());
        }
    }
    names
}

fn write_row(plan: &Csv, values: impl Iterator<Item = Option<String>>, csv: &mut String) {
    for (at, value) in values.enumerate() {
        if at > 0 {
            csv.push(char::from(plan.delimiter));
        }
        match value {
            None => csv.push_str(&plan.null_text),
            Some(value) => write_value(plan, &value, csv),
        }
    }
    csv.push('\n');
}

fn write_value(plan: &Csv, value: &str, csv: &mut String) {
    let Some(quote) = plan.quote.map(char::from) else {
        csv.push_str(value);
        return;
    };
    let special = [char::from(plan.delimiter), quote, '\n', '\r'];
    if value != plan.null_text.as_str() && !value.contains(special) {
        csv.push_str(value);
        return;
    }
    csv.push(quote);
    let escape = plan.escape.map_or(quote, char::from);
    for c in value.chars() {
        if c == quote || c == escape {
            csv.push(escape);
        }
        csv.push(c);
    }
    csv.push(quote);
}
