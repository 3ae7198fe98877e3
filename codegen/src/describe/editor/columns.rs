//! The columns of a spec with their Rust types.

use std::collections::HashMap;

use crate::connector::{Column, Connector, RustType};
use crate::emit::field_type;
use crate::grammar::{column, resource, source};
use crate::yaml::{Node, Value};

use super::symbols::{resource_name, resources, scalar_text};

/// The Rust types of a spec's columns, by resource and path: those of its last version without errors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnTypes(HashMap<String, HashMap<String, String>>);

/// The Rust types of a connector's columns.
///
/// ```
/// use rest_source_codegen::{compile, describe::editor::column_types};
///
/// let text = "
/// client: { base_url: 'https://api.example.com', paginator: single_page }
/// resources: [{ name: stories, columns: { id: bigint!, at: timestamp } }]
/// ";
/// let types = column_types(&compile("specs/media.yaml", text).connector.unwrap());
/// assert_eq!(types.get("stories", "id"), Some("i64"));
/// assert_eq!(types.get("stories", "at"), Some("Option<Timestamp>"));
/// ```
pub fn column_types(connector: &Connector) -> ColumnTypes {
    let mut types = ColumnTypes::default();
    for resource in &connector.resources {
        let mut columns = HashMap::new();
        add(resource.record.columns(), "", &mut columns);
        types.0.insert(resource.plan.name.to_string(), columns);
    }
    types
}

fn add(columns: &[Column], owner: &str, types: &mut HashMap<String, String>) {
    for column in columns {
        // The name in the spec: `rename` gives another in Rust.
        let names = [column.key.as_str(), column.name.as_str()];
        for name in names {
            let path = format!("{owner}{name}");
            let rust = field_type(column).to_string();
            types.entry(path).or_insert_with(|| tidy(&rust));
        }
        let path = format!("{owner}{}.", column.key.as_str());
        add(fields(&column.rust), &path, types);
    }
}

fn fields(rust: &RustType) -> &[Column] {
    match rust {
        RustType::Struct(object) => &object.columns,
        RustType::Element(element) => fields(&element.rust),
        _ => &[],
    }
}

/// Tokens as a person writes them, without the module of the runtime.
fn tidy(tokens: &str) -> String {
    tokens
        .replace(" :: ", "::")
        .replace("__rs::", "")
        .replace(" <", "<")
        .replace("< ", "<")
        .replace(" >", ">")
        .replace(" ,", ",")
}

impl ColumnTypes {
    /// The type of a column; a field of an object has a path, `owner.name`.
    pub fn get(&self, resource: &str, path: &str) -> Option<&str> {
        self.0.get(resource)?.get(path).map(String::as_str)
    }

    /// The type of a column that `resource_defaults` declares.
    pub(super) fn of_default(&self, path: &str) -> Option<&str> {
        self.0
            .values()
            .find_map(|columns| columns.get(path))
            .map(String::as_str)
    }
}

/// The type of each column, and where its declaration ends.
pub(super) fn hints(root: Option<&Node>, types: &ColumnTypes) -> Vec<(usize, String)> {
    let mut hints = Vec::new();
    let Some(root) = root else {
        return hints;
    };
    if let Some(defaults) = root.get(source::RESOURCE_DEFAULTS.name) {
        of_columns(
            defaults.get(resource::COLUMNS.name),
            "",
            &|path| types.of_default(path),
            &mut hints,
        );
    }
    for one in resources(root) {
        let name = resource_name(one).and_then(scalar_text).unwrap_or_default();
        of_columns(
            one.get(resource::COLUMNS.name),
            "",
            &|path| types.get(name, path),
            &mut hints,
        );
    }
    hints.sort();
    hints.dedup();
    hints
}

fn of_columns<'t>(
    columns: Option<&Node>,
    owner: &str,
    rust: &impl Fn(&str) -> Option<&'t str>,
    hints: &mut Vec<(usize, String)>,
) {
    for entry in columns.map(Node::entries).unwrap_or_default() {
        let path = format!("{owner}{}", entry.key.name);
        let tag = match &entry.value.value {
            Value::Map(_) => entry.value.get(column_tag()),
            _ => Some(&entry.value),
        };
        if let (Some(tag), Some(rust)) = (tag.filter(|tag| tag.scalar().is_some()), rust(&path)) {
            hints.push((tag.span.end, rust.to_owned()));
        }
        let items = entry.value.get(column::ITEMS.name);
        let values = entry.value.get(column::MAP_VALUES.name);
        for object in [Some(&entry.value), items, values].into_iter().flatten() {
            of_columns(
                object.get(column::FIELDS.name),
                &format!("{path}."),
                rust,
                hints,
            );
        }
    }
}

fn column_tag() -> &'static str {
    crate::grammar::COLUMN.tag
}
