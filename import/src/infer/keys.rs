//! The primary key and the cursor of a resource.

use std::collections::BTreeSet;

use rest_source_codegen::write::{Map, snake_name};

use super::{Column, DataType, Finding, Json, Page, columns::ENOUGH, count, page::Place, times};

/// How many records are compared for keys of two columns, and how many columns are tried.
const PAIRS: (usize, usize) = (20_000, 12);

/// The column, or the two columns, whose values differ in all records.
pub(super) fn primary_key(
    records: &[&Json],
    columns: &[Column],
    resource: &str,
) -> Option<Finding<Vec<String>>> {
    // Overlapping pages repeat records.
    let mut known = BTreeSet::new();
    let records: Vec<&Json> = records
        .iter()
        .copied()
        .filter(|record| known.insert(*record))
        .collect();
    let is_always_there = |column: &&Column| {
        let is_value = |record: &&Json| {
            record
                .get(&column.key)
                .is_some_and(|value| *value != Json::Null)
        };
        is_key_type(&column.data_type) && records.iter().all(is_value)
    };
    let mut candidates: Vec<(u8, &str)> = (columns.iter().filter(is_always_there))
        .map(|column| (rank(column, resource), column.key.as_str()))
        .filter(|(rank, _)| *rank > 0)
        .collect();
    candidates.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
    let total = records.len();
    let least = if total < ENOUGH { SURE } else { SINGLE };
    let single =
        (candidates.iter()).find(|(rank, key)| *rank >= least && is_unique(&records, &[key]));
    if let Some((_, key)) = single {
        let evidence = format!(
            "`{key}` has another value in each of {}",
            count(total, "record")
        );
        let mut finding = Finding::new(vec![(*key).to_owned()], evidence);
        if total < ENOUGH {
            finding
                .doubts
                .push(format!("only {} to compare", count(total, "record")));
        }
        return Some(finding);
    }
    if total < ENOUGH {
        return None;
    }
    let few = &records[..total.min(PAIRS.0)];
    candidates.truncate(PAIRS.1);
    for (at, (rank, one)) in candidates.iter().enumerate() {
        for (_, other) in &candidates[at + 1..] {
            if *rank >= OF_PAIR && is_unique(few, &[one, other]) {
                let keys = vec![(*one).to_owned(), (*other).to_owned()];
                let evidence = format!(
                    "no two of {} have the same values",
                    count(few.len(), "record")
                );
                let mut finding = Finding::new(keys, evidence);
                finding
                    .doubts
                    .push("no single column identifies a record".to_owned());
                return Some(finding);
            }
        }
    }
    None
}

const fn is_key_type(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Text
            | DataType::Bigint
            | DataType::BigintText
            | DataType::Date(_)
            | DataType::Timestamp { .. }
            | DataType::Enum(_)
    )
}

/// The least rank of a column that may be a key alone: of few records, of many, and of the first of two columns.
const SURE: u8 = 85;
const SINGLE: u8 = 40;
const OF_PAIR: u8 = 30;

/// How likely a column is a key, by its name; 0 if it is not.
fn rank(column: &Column, resource: &str) -> u8 {
    let name = snake_name(&column.key);
    let resource = snake_name(resource);
    let singular = |text: &str| text.trim_end_matches('s').to_owned();
    let own = singular(resource.rsplit('_').next().unwrap_or_default());
    match name.as_str() {
        "id" => 100,
        "uuid" | "guid" | "uid" | "gid" | "_id" | "key" => 90,
        _ if name
            .strip_suffix("_id")
            .is_some_and(|of| of == own || of == singular(&resource)) =>
        {
            85
        }
        _ if ["_id", "_uuid", "_guid", "_key"]
            .iter()
            .any(|end| name.ends_with(end)) =>
        {
            60
        }
        "code" | "sku" | "slug" | "symbol" | "number" | "reference" | "href" | "url" => 50,
        _ if ["_code", "_number", "_sku"]
            .iter()
            .any(|end| name.ends_with(end)) =>
        {
            40
        }
        _ if matches!(
            column.data_type,
            DataType::Date(_) | DataType::Timestamp { .. }
        ) =>
        {
            OF_PAIR
        }
        _ if matches!(column.data_type, DataType::Enum(_)) => 20,
        _ => 0,
    }
}

fn is_unique(records: &[&Json], keys: &[&str]) -> bool {
    let mut known: BTreeSet<Vec<Option<&Json>>> = BTreeSet::new();
    let mut values = records
        .iter()
        .map(|record| keys.iter().map(|key| record.get(key)).collect());
    values.all(|values| known.insert(values))
}

/// The `incremental` of a resource whose records have the time of their last change.
pub(super) fn cursor(records: &[&Json], columns: &[Column], first: &Page) -> Option<Finding<Map>> {
    let is_time = |column: &&Column| {
        matches!(
            column.data_type,
            DataType::Date(_) | DataType::Timestamp { .. }
        )
    };
    let column = columns
        .iter()
        .filter(is_time)
        .find(|column| is_change(&column.key))?;
    let mut incremental = Map::new();
    incremental.set("cursor_path", column.key.as_str());
    let evidence = format!("`{}` is the time of a change", column.key);
    let mut finding = Finding::new(incremental, evidence);
    let value = |record: &&&Json| {
        record
            .get(&column.key)
            .is_none_or(|value| *value == Json::Null)
    };
    let missing = records.iter().filter(value).count();
    if missing > 0 {
        finding
            .evidence
            .push(format!("missing in {missing} of {}", records.len()));
        finding.value.set("on_cursor_value_missing", "include");
    }
    match start_param(first) {
        Some((name, value)) => {
            finding.evidence.push(format!("the request has `{name}`"));
            finding.value.set("start_param", name).set("initial_value", value);
        }
        None => finding.doubts.push(
            "no parameter is known that asks for changes since a time, so each fetch reads all pages; set `start_param` if there is one"
                .to_owned(),
        ),
    }
    Some(finding)
}

/// Whether a key names the time of the last change of a record.
fn is_change(key: &str) -> bool {
    let name = snake_name(key);
    let words: Vec<&str> = name.split('_').collect();
    let is_change = |word: &&str| {
        matches!(
            *word,
            "updated"
                | "modified"
                | "changed"
                | "update"
                | "modification"
                | "lastmodified"
                | "lastupdated"
        )
    };
    words.iter().any(is_change)
        && !words
            .iter()
            .any(|word| matches!(*word, "by" | "price" | "status" | "password"))
}

/// The parameter of a request that asks for changes since a time, and its value.
fn start_param(first: &Page) -> Option<(&str, &str)> {
    let is_start = |name: &str| {
        let name = snake_name(name);
        ["since", "after", "from", "start", "gte", "gt", "min"]
            .iter()
            .any(|word| name.split('_').any(|own| own == *word))
    };
    let sent = first.sent.iter().find(|sent| {
        sent.place == Place::Query && is_start(&sent.name) && times::text(&[&sent.value]).is_some()
    })?;
    Some((&sent.name, &sent.value))
}
