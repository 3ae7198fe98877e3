//! The printed names of columns (`--names`).

use std::collections::HashMap;

use rest_source::{Column, Step, Table};

use crate::args::Names;

/// A unique name for each cell of a row.
pub(super) fn of(table: &Table, names: Names) -> Vec<String> {
    if table.columns.is_empty() {
        // An untyped record is a single column.
        return vec!["record".to_owned()];
    }
    let own = || table.columns.iter().map(|column| column.name.to_string());
    match names {
        Names::Columns => own().collect(),
        Names::Response => {
            let keys: Vec<String> = table.columns.iter().map(key).collect();
            unique(keys, &own().collect::<Vec<_>>())
        }
    }
}

/// The response key of a column; JSONPath for a nested one. A column filled from a parent or a setting keeps its
/// name.
fn key(column: &Column) -> String {
    match column.from.as_ref().map(|path| (&*path.0, path)) {
        _ if !column.is_received() => column.name.to_string(),
        None => column.key.to_string(),
        Some(([], _)) => column.name.to_string(),
        Some(([Step::Key(key)], _)) => key.to_string(),
        Some((_, path)) => path.to_string(),
    }
}

/// Replaces keys that several columns share by the columns' names.
fn unique(mut keys: Vec<String>, names: &[String]) -> Vec<String> {
    loop {
        let mut uses: HashMap<&str, usize> = HashMap::new();
        for key in &keys {
            *uses.entry(key).or_default() += 1;
        }
        let shared: Vec<usize> = keys
            .iter()
            .zip(names)
            .enumerate()
            .filter(|(_, (key, name))| key != name && uses.get(key.as_str()) > Some(&1))
            .map(|(at, _)| at)
            .collect();
        if shared.is_empty() {
            return keys;
        }
        for at in shared {
            keys[at].clone_from(&names[at]);
        }
    }
}

#[cfg(test)]
mod tests {
    use rest_source::{
        Type,
        shared::{Ref::Static, list},
    };

    use super::*;

    #[test]
    fn columns_are_printed_under_the_keys_of_the_response() {
        const TABLE: Table = Table::new(
            "events",
            list![
                Column::new("started_at", Type::TIMESTAMP).key("startedAt"),
                Column::new("id", Type::Text),
                Column::new("number", Type::Text).from(list![Step::Key(Static("no."))]),
                Column::new("date", Type::Text).from(list![
                    Step::Key(Static("commit")),
                    Step::Key(Static("date"))
                ]),
                Column::new("repo_id", Type::Text).parent(0),
            ],
        );
        assert_eq!(
            of(&TABLE, Names::Response),
            ["startedAt", "id", "no.", "$.commit.date", "repo_id"]
        );
        assert_eq!(
            of(&TABLE, Names::Columns),
            ["started_at", "id", "number", "date", "repo_id"]
        );
    }

    #[test]
    fn columns_of_one_key_keep_their_names() {
        const TABLE: Table = Table::new(
            "events",
            list![
                Column::new("a", Type::Text).from(list![Step::Key(Static("x"))]),
                Column::new("b", Type::Text).from(list![Step::Key(Static("x"))]),
                Column::new("c", Type::Text).key("b"),
                Column::new("d", Type::Text).key("D"),
            ],
        );
        assert_eq!(of(&TABLE, Names::Response), ["a", "b", "c", "D"]);
    }
}
