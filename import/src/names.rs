//! Names of resources, columns, types and settings, made of the names of a source.

use std::collections::HashSet;

use rest_source_codegen::write::{
    Element, Map, Node, is_free_method, is_free_type, is_name, snake_name, type_name,
};

/// The longest description that is carried over.
const BRIEF: usize = 200;

/// A name of letters, digits and `_`; `fallback` where the text has none of them.
pub(crate) fn name(text: &str, fallback: &str) -> String {
    let ascii: String = text
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '_' {
                c
            } else {
                '-'
            }
        })
        .collect();
    let made = snake_name(&ascii);
    let made = made.trim_start_matches('_');
    let made: String = made.chars().take(60).collect();
    let made = made.trim_end_matches('_');
    let digit = made.starts_with(|c: char| c.is_ascii_digit());
    let made = if digit {
        format!("_{made}")
    } else {
        made.to_owned()
    };
    if is_name(&made) {
        made
    } else {
        fallback.to_owned()
    }
}

/// Names that are taken.
#[derive(Debug, Default)]
pub(crate) struct Names {
    taken: HashSet<String>,
}

impl Names {
    /// Takes a name, with a number after it if it is taken.
    pub(crate) fn take(&mut self, name: &str) -> String {
        let mut found = name.to_owned();
        let mut number = 1;
        while self.taken.contains(&found.to_lowercase()) {
            number += 1;
            found = format!("{name}_{number}");
        }
        self.taken.insert(found.to_lowercase());
        found
    }

    /// Takes a name of a resource, which may not be a method that every source has.
    pub(crate) fn take_resource(&mut self, name: &str) -> String {
        let lower = name.to_lowercase();
        if is_free_method(name)
            && !lower.starts_with("sqlite_")
            && !lower.starts_with("_rest_source_")
        {
            self.take(name)
        } else {
            self.take(&format!("{}_list", name.trim_start_matches('_')))
        }
    }
}

/// The types of a spec's records.
#[derive(Debug, Default)]
pub(crate) struct Types {
    taken: HashSet<String>,
}

impl Types {
    /// Gives a resource with a name and columns a `record`, if the types that it makes have names of other types.
    pub(crate) fn name_record(&mut self, resource: &mut Map) {
        let name = resource
            .get("name")
            .and_then(Node::as_text)
            .unwrap_or_default();
        let usual = type_name(name);
        let Some(Node::Map(columns)) = resource.get("columns") else {
            if self.taken.insert(usual.clone()) && is_free_type(&usual) {
                return;
            }
            let free = (1..).map(|number| format!("{usual}Record{number}"));
            if let Some(free) = free
                .into_iter()
                .find(|name| self.taken.insert(name.clone()))
            {
                resource.set("record", free);
            }
            return;
        };
        let mut columns = columns.clone();
        let mut record = usual.clone();
        for number in 1.. {
            let mut types = Vec::new();
            types_of(&record, &mut columns, &mut types);
            if types
                .iter()
                .all(|one| is_free_type(one) && !self.taken.contains(one))
            {
                self.taken.extend(types);
                break;
            }
            record = match number {
                1 => format!("{usual}Record"),
                number => format!("{usual}Record{number}"),
            };
        }
        if record != usual {
            resource.set("record", record);
        }
        resource.set("columns", columns);
    }
}

/// The types that a record makes. A nested one of a name that the record has already becomes `json`.
fn types_of(ident: &str, columns: &mut Map, into: &mut Vec<String>) {
    into.push(ident.to_owned());
    for entry in &mut columns.entries {
        let Node::Map(column) = &mut entry.value else {
            continue;
        };
        let ident = format!("{ident}{}", column_ident(&entry.key, column));
        types_of_nested(&ident, column, into);
    }
}

/// What a column adds to the names of its types.
pub(crate) fn column_ident(key: &str, column: &Map) -> String {
    let rename = column.get("rename").and_then(Node::as_text);
    type_name(&rename.map_or_else(|| snake_name(key), str::to_owned))
}

/// The types that a column makes. One with a type of a known name becomes `json`.
fn types_of_nested(ident: &str, column: &mut Map, into: &mut Vec<String>) {
    let before = into.len();
    types_of_column(ident, column, into);
    let (known, new) = into.split_at(before);
    let mut all: HashSet<&String> = known.iter().collect();
    if !new.iter().all(|one| all.insert(one)) {
        into.truncate(before);
        for key in ["fields", "items", "values", "of", "nullable"] {
            column.remove(key);
        }
        column.set("data_type", "json");
    }
}

/// The types of the columns of one record, to which further columns are added. Their names lack that of the record.
pub(crate) struct NestedTypes(Vec<String>);

impl NestedTypes {
    pub(crate) fn of(columns: &Map) -> Self {
        let mut types = Vec::new();
        types_of("", &mut columns.clone(), &mut types);
        Self(types)
    }

    /// Adds a column below those of these idents. It becomes `json` where one of its types would have a known name.
    pub(crate) fn add(&mut self, idents: &[String], key: &str, column: &mut Map) {
        let ident = idents.concat() + &column_ident(key, column);
        types_of_nested(&ident, column, &mut self.0);
    }
}

fn types_of_column(ident: &str, column: &mut Map, into: &mut Vec<String>) {
    let word = column
        .get("data_type")
        .and_then(Node::as_text)
        .unwrap_or_default();
    match word.to_owned().as_str() {
        "object" => types_of(ident, column.map("fields"), into),
        "array" => types_of_column(ident, column.map("items"), into),
        "map" => types_of_column(ident, column.map("values"), into),
        "enum" => into.push(ident.to_owned()),
        "union" => {
            into.push(ident.to_owned());
            let Some(Node::List(mut members)) = column.remove("of") else {
                return;
            };
            for Element { value, .. } in &mut members {
                if let Node::Map(member) = value {
                    let word = member.get("data_type").and_then(Node::as_text);
                    let ident = format!("{ident}{}", type_name(word.unwrap_or_default()));
                    types_of_column(&ident, member, into);
                }
            }
            column.set("of", Node::List(members));
        }
        _ => {}
    }
}

/// Gives a column a `rename` where its key makes no name, or the name of another.
pub(crate) fn name_columns(columns: &mut Map) {
    let mut names = Names::default();
    for entry in &mut columns.entries {
        let Node::Map(column) = &mut entry.value else {
            continue;
        };
        let made = snake_name(&entry.key);
        let free = if made.is_empty() {
            names.take("column")
        } else {
            names.take(&made)
        };
        if free != made {
            column.set("rename", free);
        }
        name_nested(column);
    }
}

fn name_nested(column: &mut Map) {
    for entry in &mut column.entries {
        match (entry.key.as_str(), &mut entry.value) {
            ("fields", Node::Map(fields)) => name_columns(fields),
            ("items" | "values", Node::Map(element)) => name_nested(element),
            ("of", Node::List(members)) => {
                for member in members {
                    if let Node::Map(member) = &mut member.value {
                        name_nested(member);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The values of an enum, with a `rename` where a word makes no variant, or that of another. Nothing without words.
pub(crate) fn enum_values(words: &[&str]) -> Option<Vec<Node>> {
    let mut taken: HashSet<String> = HashSet::from(["Other".to_owned()]);
    let mut values = Vec::new();
    for word in words {
        let made = type_name(word);
        let base = if made.is_empty() { "Value" } else { &made };
        let mut free = base.to_owned();
        let mut number = 2;
        while !taken.insert(free.clone()) {
            free = format!("{base}{number}");
            number += 1;
        }
        values.push(if free == made {
            Node::from(*word)
        } else {
            let mut value = Map::new();
            value.set("value", *word).set("rename", free);
            Node::from(value)
        });
    }
    (!values.is_empty()).then_some(values)
}

/// A description in one line: its first paragraph, cut where it is long.
pub(crate) fn brief(text: &str) -> String {
    let paragraph = text.trim().split("\n\n").next().unwrap_or_default();
    let words: Vec<&str> = paragraph.split_whitespace().collect();
    let line = words.join(" ");
    let line: String = line.chars().filter(|c| !c.is_control()).collect();
    if line.chars().count() <= BRIEF {
        return line;
    }
    let cut: String = line.chars().take(BRIEF).collect();
    match cut.rfind(". ") {
        Some(end) if end > BRIEF / 3 => cut[..=end].to_owned(),
        _ => format!("{}…", cut[..cut.rfind(' ').unwrap_or(cut.len())].trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_valid() {
        let mut names = Names::default();
        assert_eq!(
            names.take_resource(&name("List Things", "x")),
            "list_things"
        );
        assert_eq!(names.take_resource("list_things"), "list_things_2");
        assert_eq!(names.take_resource("client"), "client_list");
        assert_eq!(name("2fa-codes", "x"), "_2fa_codes");
        assert_eq!(name("+", "x"), "x");
    }

    #[test]
    fn a_record_gets_a_name_of_its_own() {
        let mut types = Types::default();
        let mut records = Vec::new();
        for (name, column) in [("order", "status_log"), ("order_status", "log")] {
            let mut resource = Map::new();
            resource.set("name", name);
            let column = resource.map("columns").map(column);
            column.set("data_type", "object");
            column.map("fields").map("id").set("data_type", "text");
            types.name_record(&mut resource);
            records.push(resource.get("record").cloned());
        }
        assert_eq!(records, [None, Some(Node::from("OrderStatusRecord"))]);
    }

    #[test]
    fn words_that_make_one_variant_are_renamed() {
        let values = enum_values(&["a", "A", "+", "other"]).unwrap();
        let renamed = values.iter().filter(|value| value.as_map().is_some());
        assert_eq!(renamed.count(), 3);
    }
}
