//! A proposal as changes of an existing spec, and what its columns do not match.

use std::collections::BTreeSet;

use rest_source_codegen::write::{
    CannotEdit, Element, Map, Node, Step, read, remove, set, snake_name, usual, value_text,
};

use super::{
    Column, DataType, InferError, Json, Page, Proposal, columns, count,
    prepare::{position, taken},
    proposal::key_node,
    values::{accepts, data_type, is_nullable},
};
use crate::Loss;
use crate::names::{NestedTypes, column_ident};

/// How many words more than the declared ones a closed enum may get in any case.
const WORDS: usize = 3;

/// A spec with a proposal, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The text of the spec.
    pub text: String,
    /// What the pages show of the declared columns: never seen, always null, undeclared, too narrow.
    pub remarks: Vec<Loss>,
}

/// Puts a proposal into the text of a spec: what the resource lacks, columns that it does not declare, and types that
/// are too narrow for the records. The rest of the text stays as it is.
///
/// # Errors
///
/// If the text is not the YAML of a spec with this resource.
pub fn merge(
    text: &str,
    resource: &str,
    pages: &[Page],
    proposal: &Proposal,
) -> Result<Merged, InferError> {
    let unreadable = || InferError {
        message: "the spec cannot be read".to_owned(),
        help: "`rest-source check SPEC` says why",
    };
    let spec = read(text).map_err(|_| unreadable())?;
    let at = position(&spec, resource).ok_or_else(unreadable)?;
    let resources = spec.get("resources").map_or(&[][..], Node::elements);
    let own = resources[at].value.as_map().ok_or_else(unreadable)?;
    let mut editor = Editor {
        text: text.to_owned(),
        remarks: Vec::new(),
        path: vec![Step::Key("resources".to_owned()), Step::Index(at)],
        defaults: spec
            .get("resource_defaults")
            .cloned()
            .unwrap_or(Node::Map(Map::new())),
        types: NestedTypes::of(
            own.get("columns")
                .and_then(Node::as_map)
                .unwrap_or(&Map::new()),
        ),
        idents: Vec::new(),
    };
    editor.endpoint(&spec, own, proposal);
    let defaults = spec.get("resource_defaults").and_then(Node::as_map);
    let is_set = |key: &str| own.get(key).or_else(|| defaults?.get(key)).is_some();
    if let Some(key) = &proposal.key
        && !is_set("primary_key")
    {
        editor.set(&["primary_key"], &key_node(&key.value), &key.comments());
    }
    let shape = &proposal.selector.value;
    let records: Vec<&Json> = pages
        .iter()
        .flat_map(|page| shape.records(&page.body))
        .collect();
    if let Some(Node::Map(declared)) = own.get("columns") {
        let keys = never_null(own, defaults);
        editor.columns(&mut vec!["columns".to_owned()], declared, &records, &keys);
    } else {
        let map = proposal.columns_map();
        editor.set(&["columns"], &Node::Map(map), &[proposal.seen()]);
    }
    Ok(Merged {
        text: editor.text,
        remarks: editor.remarks,
    })
}

/// The columns that are never null, besides those that say so: of the key, and those that no response has.
fn never_null(own: &Map, defaults: Option<&Map>) -> Vec<String> {
    let key = own
        .get("primary_key")
        .or_else(|| defaults?.get("primary_key"));
    let included = [
        "include_from_parent",
        "include_from_config",
        "include_from_partition",
    ];
    let included = included.iter().filter_map(|key| own.get(key));
    let mut names = Vec::new();
    for list in included.chain(key) {
        let elements = list.elements().iter().map(|element| &element.value);
        let texts = elements.chain([list]).filter_map(Node::as_text);
        names.extend(texts.map(str::to_owned));
    }
    names
}

struct Editor {
    text: String,
    remarks: Vec<Loss>,
    /// The way to the resource.
    path: Vec<Step>,
    /// The `resource_defaults` of the spec.
    defaults: Node,
    /// The types of the columns.
    types: NestedTypes,
    /// The idents of the columns that the one at hand is within.
    idents: Vec<String>,
}

impl Editor {
    fn endpoint(&mut self, spec: &Map, own: &Map, proposal: &Proposal) {
        let at = |map: Option<&Map>, key: &str| map.and_then(|map| map.get(key)).cloned();
        let map = |node: Option<Node>| node.and_then(|node| node.as_map().cloned());
        let defaults = map(spec.get("resource_defaults").cloned());
        let inherited = map(at(defaults.as_ref(), "endpoint"));
        let client = map(spec.get("client").cloned());
        let endpoint = own.get("endpoint");
        let own_map = endpoint.and_then(Node::as_map);
        let is_set = |key: &str| {
            own_map.is_some_and(|map| map.get(key).is_some())
                || at(inherited.as_ref(), key).is_some()
        };
        let mut added: Vec<(&str, Node, Vec<String>)> = Vec::new();
        if let Some(selector) = proposal.selector.value.selector()
            && !is_set("data_selector")
        {
            added.push((
                "data_selector",
                Node::from(selector),
                proposal.selector.comments(),
            ));
        }
        if !is_set("paginator") && at(client.as_ref(), "paginator").is_none() {
            for doubt in &proposal.paginator.doubts {
                self.remark("endpoint.paginator", format!("not certain: {doubt}"));
            }
            let paginator = Node::Map(proposal.paginator.value.clone());
            added.push(("paginator", paginator, proposal.paginator.comments()));
        }
        let disposition = own
            .get("write_disposition")
            .or_else(|| defaults.as_ref()?.get("write_disposition"));
        // A replacement has to be whole.
        let is_replaced = disposition.and_then(Node::as_text) == Some("replace");
        if let Some(cursor) = &proposal.cursor
            && !is_set("incremental")
            && !is_replaced
        {
            added.push((
                "incremental",
                Node::Map(cursor.value.clone()),
                cursor.comments(),
            ));
        }
        if let (Some(Node::Text(path)), false) = (endpoint, added.is_empty()) {
            let mut map = Map::new();
            map.set("path", path.as_str());
            for (key, node, comments) in added {
                map.set(key, node);
                for comment in &comments {
                    map.comment(key, comment);
                }
            }
            self.set(&["endpoint"], &Node::Map(map), &[]);
            return;
        }
        for (key, node, comments) in added {
            // A parameter is set by one part of a spec.
            for way in node
                .as_map()
                .map_or_else(Vec::new, |map| taken(own_map, map))
            {
                let keys = way.iter().map(String::as_str);
                self.remove(&["endpoint"].into_iter().chain(keys).collect::<Vec<_>>());
            }
            self.set(&["endpoint", key], &node, &comments);
        }
    }

    /// Compares declared columns with records, and changes what is missing or too narrow.
    fn columns(
        &mut self,
        path: &mut Vec<String>,
        declared: &Map,
        records: &[&Json],
        never_null: &[String],
    ) {
        let total = records.len();
        if total == 0 {
            return;
        }
        let inferred = columns::infer(records);
        let depth = self.idents.len();
        let mut taken: BTreeSet<String> = BTreeSet::new();
        let mut read_keys: BTreeSet<String> = BTreeSet::new();
        for entry in &declared.entries {
            let map = entry.value.as_map();
            let of = |key: &str| map.and_then(|map| map.get(key));
            let rename = of("rename").and_then(Node::as_text);
            taken.insert(
                rename
                    .map_or_else(|| snake_name(&entry.key), str::to_owned)
                    .to_lowercase(),
            );
            if of("value").is_some() {
                continue;
            }
            let Some(from) = from_path(&entry.key, of("from")) else {
                continue;
            };
            read_keys.extend(from.first().cloned());
            let place = format!("{}.{}", path.join("."), entry.key);
            let values: Vec<&Json> = records
                .iter()
                .filter_map(|record| record.at(&from))
                .collect();
            let present: Vec<&Json> = values
                .iter()
                .copied()
                .filter(|value| **value != Json::Null)
                .collect();
            let must_be = never_null.contains(&entry.key);
            if present.is_empty() {
                let what = if values.is_empty() {
                    "never seen"
                } else {
                    "always null"
                };
                let what = format!("{what} in {}", count(total, "record"));
                // These records are not read by a column that is never null.
                if !must_be && !is_nullable(&entry.value) {
                    self.remark(&place, format!("too narrow: {what}"));
                    path.push(entry.key.clone());
                    self.change(path, &entry.value, &nullable(&entry.value));
                    path.pop();
                } else {
                    self.remark(&place, what);
                }
                continue;
            }
            path.push(entry.key.clone());
            let is_null = total - present.len();
            let column = inferred
                .iter()
                .find(|column| from.len() == 1 && column.key == from[0]);
            self.idents
                .extend(map.map(|map| column_ident(&entry.key, map)));
            self.column(path, &entry.value, &present, is_null, must_be, column);
            self.idents.truncate(depth);
            path.pop();
        }
        for column in inferred
            .iter()
            .filter(|column| !read_keys.contains(&column.key))
        {
            let place = format!("{}.{}", path.join("."), column.key);
            let evidence: Vec<&str> = column
                .evidence
                .iter()
                .chain(&column.doubts)
                .map(String::as_str)
                .collect();
            let seen = if evidence.is_empty() {
                String::new()
            } else {
                format!(": {}", evidence.join("; "))
            };
            self.remark(
                &place,
                format!("undeclared, {}{seen}", column.data_type.word()),
            );
            if never_null.contains(&column.key) && path.len() == 1 {
                continue;
            }
            let mut node = columns::column_node(column, &mut taken);
            self.types.add(&self.idents, &column.key, &mut node);
            let mut keys: Vec<&str> = path.iter().map(String::as_str).collect();
            keys.push(&column.key);
            self.set(&keys, &Node::Map(node), &column.comments());
        }
    }

    /// Compares one declared column with its values, which are not null.
    fn column(
        &mut self,
        path: &mut Vec<String>,
        declared: &Node,
        values: &[&Json],
        nulls: usize,
        must_be: bool,
        inferred: Option<&Column>,
    ) {
        let place = path.join(".");
        let misfits = values
            .iter()
            .filter(|value| !accepts(declared, value))
            .count();
        let is_null = nulls > 0 && !is_nullable(declared);
        let total = values.len() + nulls;
        if nulls > 0 && must_be {
            self.remark(
                &place,
                format!("too narrow: null or absent in {nulls} of {total}, and part of the key"),
            );
        } else if is_null {
            self.remark(
                &place,
                format!("too narrow: null or absent in {nulls} of {total}"),
            );
        }
        if misfits == 0 {
            if is_null && !must_be {
                self.change(path, declared, &nullable(declared));
                return;
            }
            self.fields(path, declared, values);
            return;
        }
        let word = data_type(declared);
        let Some(inferred) = inferred else {
            self.remark(
                &place,
                format!("too narrow: {misfits} of {} are not `{word}`", values.len()),
            );
            return;
        };
        let wider = widened(declared, inferred, values, is_null);
        let what = match data_type(&wider) {
            same if same == word => {
                let is_opened =
                    wider.as_map().and_then(|map| map.get("closed")) == Some(&Node::Bool(false));
                let how = if is_opened {
                    "; `closed: false` takes all"
                } else {
                    ""
                };
                format!(
                    "too narrow: {misfits} of {} are not among its values{how}",
                    values.len()
                )
            }
            other => format!(
                "too narrow: {misfits} of {} are not `{word}`; `{other}` takes all",
                values.len()
            ),
        };
        self.remark(&place, what);
        self.change(path, declared, &wider);
    }

    /// Compares the fields of objects, and of the objects in a list.
    fn fields(&mut self, path: &mut Vec<String>, declared: &Node, values: &[&Json]) {
        let Some(map) = declared.as_map() else {
            return;
        };
        if map.get("decode").is_some() {
            return;
        }
        let mut steps: Vec<&str> = Vec::new();
        let mut map = map;
        let mut values = values.to_vec();
        let fields = loop {
            if let Some(Node::Map(fields)) = map.get("fields").or_else(|| map.get("columns")) {
                steps.push(if map.get("fields").is_some() {
                    "fields"
                } else {
                    "columns"
                });
                break fields;
            }
            let Some(Node::Map(items)) = map.get("items") else {
                return;
            };
            steps.push("items");
            map = items;
            values = values.iter().flat_map(|value| value.elements()).collect();
        };
        values.retain(|value| matches!(value, Json::Map(_)));
        let before = path.len();
        path.extend(steps.iter().map(|step| (*step).to_owned()));
        self.columns(path, fields, &values, &[]);
        path.truncate(before);
    }

    fn remark(&mut self, place: &str, what: String) {
        self.remarks.push(Loss {
            place: place.to_owned(),
            what,
        });
    }

    /// Changes a declared column: only the keys that differ, so that comments and formatting of the others stay.
    fn change(&mut self, path: &[String], declared: &Node, wanted: &Node) {
        let keys: Vec<&str> = path.iter().map(String::as_str).collect();
        let (Node::Map(old), Node::Map(new)) = (declared, wanted) else {
            self.set(&keys, wanted, &[]);
            return;
        };
        match changed(
            &self.text,
            &self.path_of(&keys),
            old,
            &self.usual(&keys, old, new),
        ) {
            Ok(text) => self.text = text,
            Err(error) => self.not_changed(&keys, error, wanted),
        }
    }

    /// The usual form of a column, with the keys that it has in the spec already.
    fn usual(&self, keys: &[&str], old: &Map, new: &Map) -> Map {
        let Node::Map(mut usual) = usual_value(&self.defaults, keys, &Node::Map(new.clone()))
        else {
            return new.clone();
        };
        for entry in &new.entries {
            if usual.get(&entry.key).is_none() && old.get(&entry.key).is_some() {
                usual.set(&entry.key, entry.value.clone());
            }
        }
        usual
    }

    fn not_changed(&mut self, keys: &[&str], error: CannotEdit, wanted: &Node) {
        let value = value_text(wanted, 0);
        self.remark(
            &keys.join("."),
            format!("not changed: {error}, to `{}`", value.trim()),
        );
    }

    fn remove(&mut self, keys: &[&str]) {
        match remove(&self.text, &self.path_of(keys)) {
            Ok(text) => self.text = text,
            Err(error) => self.remark(&keys.join("."), format!("not removed: {error}")),
        }
    }

    /// Sets a key of the resource, with comments above it where it has a line of its own.
    fn set(&mut self, keys: &[&str], node: &Node, comments: &[String]) {
        let usual = usual_value(&self.defaults, keys, node);
        match set(&self.text, &self.path_of(keys), &usual) {
            Ok(edited) => {
                let key = keys.last().copied().unwrap_or_default();
                let without = edited.clone();
                self.text = commented(&self.text, edited, key, comments);
                if self.text == without {
                    // A key within braces has no line for comments.
                    let place = keys.join(".");
                    let doubts = comments.iter();
                    for doubt in doubts.filter_map(|one| one.strip_prefix(crate::NOT_CERTAIN)) {
                        let what = format!("not certain: {}", doubt.trim_end_matches('.'));
                        if !self
                            .remarks
                            .iter()
                            .any(|one| one.place == place && one.what == what)
                        {
                            self.remark(&place, what);
                        }
                    }
                }
            }
            Err(error) => self.not_changed(keys, error, &usual),
        }
    }

    /// The way to a key of the resource.
    fn path_of(&self, keys: &[&str]) -> Vec<Step> {
        let keys = keys.iter().map(|key| Step::Key((*key).to_owned()));
        self.path.iter().cloned().chain(keys).collect()
    }
}

/// The usual form of the value of a resource's key.
fn usual_value(defaults: &Node, keys: &[&str], node: &Node) -> Node {
    // A field of an object is a column, too.
    let keys = match keys {
        ["columns", .., last] => &["columns", last],
        keys => keys,
    };
    let mut value = node.clone();
    for key in keys.iter().rev() {
        let mut map = Map::new();
        map.set(key, value);
        value = Node::Map(map);
    }
    let mut spec = Map::new();
    spec.set("resource_defaults", defaults.clone());
    spec.set("resources", vec![value]);
    let usual = usual(&spec);
    let mut found = usual
        .get("resources")
        .and_then(|list| list.elements().first())
        .map(|one| &one.value);
    for key in keys {
        found = found.and_then(Node::as_map).and_then(|map| map.get(key));
    }
    found.unwrap_or(node).clone()
}

/// The text with the keys of a column that differ; words that are added to a list leave the others as they are.
fn changed(text: &str, path: &[Step], old: &Map, new: &Map) -> Result<String, CannotEdit> {
    let at =
        |step: Step, above: &[Step]| -> Vec<Step> { above.iter().cloned().chain([step]).collect() };
    let mut text = text.to_owned();
    for entry in &new.entries {
        let key = at(Step::Key(entry.key.clone()), path);
        match (old.get(&entry.key), &entry.value) {
            (Some(old), new) if old == new => {}
            (Some(Node::List(old)), Node::List(new)) if !old.is_empty() && new.starts_with(old) => {
                for (index, element) in new.iter().enumerate().skip(old.len()) {
                    text = set(&text, &at(Step::Index(index), &key), &element.value)?;
                }
            }
            (_, new) => text = set(&text, &key, new)?,
        }
    }
    for entry in &old.entries {
        if new.get(&entry.key).is_none() {
            text = remove(&text, &at(Step::Key(entry.key.clone()), path))?;
        }
    }
    Ok(text)
}

/// Adds comments above the first line that an edit added, if it begins with the key.
fn commented(before: &str, edited: String, key: &str, comments: &[String]) -> String {
    let same = before
        .lines()
        .zip(edited.lines())
        .take_while(|(one, other)| one == other)
        .count();
    let Some(line) = edited.lines().nth(same) else {
        return edited;
    };
    let indent = &line[..line.len() - line.trim_start().len()];
    let is_key = line
        .trim_start()
        .trim_start_matches(['"', '\''])
        .starts_with(key);
    let is_new = edited.lines().count() > before.lines().count();
    if comments.is_empty() || !is_key || !is_new {
        return edited;
    }
    let end = if edited.contains("\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    let comments = comments.iter().map(|comment| {
        let plain: String = comment.chars().filter(|c| !c.is_control()).collect();
        format!("{indent}# {plain}{end}")
    });
    let lines = edited.split_inclusive('\n');
    let start: String = lines.clone().take(same).collect();
    let rest: String = lines.skip(same).collect();
    format!("{start}{}{rest}", comments.collect::<String>())
}

/// The keys that a column is read at; `None` if its path has other steps.
fn from_path(key: &str, from: Option<&Node>) -> Option<Vec<String>> {
    let Some(from) = from else {
        return Some(vec![key.to_owned()]);
    };
    let text = from.as_text()?;
    let text = text.strip_prefix("$.").unwrap_or(text);
    let is_plain =
        |step: &str| !step.is_empty() && step.chars().all(|c| c.is_alphanumeric() || c == '_');
    let steps: Vec<String> = text.split('.').map(str::to_owned).collect();
    steps.iter().all(|step| is_plain(step)).then_some(steps)
}

/// A column that may be null.
fn nullable(declared: &Node) -> Node {
    match declared {
        Node::Text(word) => Node::from(word.trim_end_matches('!')),
        Node::Map(map) => {
            let mut map = map.clone();
            map.remove("nullable");
            if let Some(Node::Text(word)) = map.get("data_type") {
                let word = word.trim_end_matches('!').to_owned();
                map.set("data_type", word);
            }
            Node::Map(map)
        }
        other => other.clone(),
    }
}

/// A column that takes its values too, with the other keys of the declared one.
fn widened(declared: &Node, inferred: &Column, values: &[&Json], is_null: bool) -> Node {
    let declared = if is_null {
        nullable(declared)
    } else {
        declared.clone()
    };
    let is_required = !is_nullable(&declared);
    if data_type(&declared) == "enum"
        && let Some(map) = declared.as_map()
        && values.iter().all(|value| value.as_text().is_some())
    {
        let mut map = map.clone();
        let mut words = map.get("values").map_or(&[][..], Node::elements).to_vec();
        let declared = words.len();
        for value in values
            .iter()
            .filter(|value| !accepts(&Node::Map(map.clone()), value))
        {
            let word = Element::new(value.as_text().unwrap_or_default());
            if !words.contains(&word) {
                words.push(word);
            }
        }
        // Many words more than the declared ones are data: the enum is not closed.
        let is_enum = matches!(inferred.data_type, DataType::Enum(_));
        if is_enum || words.len() - declared <= declared.max(WORDS) {
            map.set("values", Node::List(words));
        } else {
            map.set("closed", false);
        }
        return Node::Map(map);
    }
    let mut wider = inferred.data_type.map();
    if is_required {
        wider.set("nullable", false);
    }
    for entry in declared.as_map().map_or(&[][..], |map| &map.entries) {
        if matches!(
            entry.key.as_str(),
            "description" | "rename" | "renamed_from" | "from" | "presence"
        ) {
            wider.set(&entry.key, entry.value.clone());
        }
    }
    Node::Map(wider)
}
