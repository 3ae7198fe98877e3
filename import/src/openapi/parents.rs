//! What the paths and parameters of resources need: fields of parents, and settings.

use rest_source_codegen::write::{Map, Node, is_secret_name, snake_name};

use crate::tree::{Kind, Value};
use crate::{Loss, NOT_CERTAIN, names};

use super::lists::{plain, singular};
use super::operations::Operation;
use super::paging::Param;

/// Fills the paths and parameters of all resources.
pub(super) fn link(
    root: &Value,
    operations: &[Operation<'_>],
    resources: &mut [Map],
    config: &mut Map,
    losses: &mut Vec<Loss>,
) {
    // A parent, whose path is shorter, before its children.
    let mut order: Vec<usize> = (0..operations.len()).collect();
    order.sort_by_key(|at| path_params(operations[*at].path).len());
    let mut held = vec![Held::new(); operations.len()];
    for at in order {
        fill(operations, resources, config, (at, &mut held), losses);
        if operations[at].needs_other_body(root) {
            let what = "a required body whose fields the document does not name: write it as `json` or `data`";
            losses.push(Loss {
                place: operations[at].place(),
                what: what.to_owned(),
            });
        }
    }
    doubt_mixed(resources);
}

/// The columns of a resource that hold parameters of its path, by where these begin.
type Held = Vec<(usize, String)>;

/// Says where a path has a setting and the field of a parent whose own path does not have the setting: the parent may
/// have records of others.
fn doubt_mixed(resources: &mut [Map]) {
    let paths: Vec<(String, String)> = resources
        .iter()
        .map(|resource| {
            let text = |map: &Map, key: &str| {
                let text = map.get(key).and_then(Node::as_text);
                text.unwrap_or_default().to_owned()
            };
            let endpoint = resource.get("endpoint").and_then(Node::as_map);
            let path = endpoint.map(|endpoint| text(endpoint, "path"));
            (text(resource, "name"), path.unwrap_or_default())
        })
        .collect();
    for (resource, (_, path)) in resources.iter_mut().zip(&paths) {
        let Some(parent) = path.split("{resources.").nth(1) else {
            continue;
        };
        let parent = parent.split('.').next().unwrap_or_default();
        let own = paths.iter().find(|(name, _)| name == parent);
        let lacks = |setting: &&str| {
            let setting = format!("{{config.{setting}}}");
            own.is_none_or(|(_, own)| !own.contains(&setting))
        };
        let settings = path.split("{config.").skip(1);
        let settings = settings.filter_map(|rest| rest.split('}').next());
        if let Some(setting) = settings.filter(|setting| !setting.is_empty()).find(lacks) {
            let comment = format!(
                "{NOT_CERTAIN}`{parent}` has the records of one `{setting}` only if its own path says so."
            );
            resource.map("endpoint").comment("path", &comment);
        }
    }
}

fn fill(
    operations: &[Operation<'_>],
    resources: &mut [Map],
    config: &mut Map,
    (at, held): (usize, &mut [Held]),
    losses: &mut Vec<Loss>,
) {
    let operation = &operations[at];
    let mut params = Map::new();
    let mut headers = Map::new();
    let mut body = Map::new();
    let mut cookies = Vec::new();
    let owned = match resources[at].map("endpoint").remove("owned") {
        Some(owned) => owned,
        None => Node::Null,
    };
    let is_owned = |name: &str| {
        owned
            .elements()
            .iter()
            .any(|one| one.value.as_text() == Some(name))
    };
    for param in &operation.params {
        if !param.is_required || is_owned(param.name) {
            continue;
        }
        let is_post = operation.method == "post";
        match param.place {
            "query" if !param.is_structure => {
                params.set(param.name, setting(param, param.name, config));
            }
            "header" if is_general(param.name) => {}
            "header" if !param.is_structure => {
                headers.set(param.name, setting(param, param.name, config));
            }
            "cookie" if !param.is_structure => {
                let value = setting(param, param.name, config);
                cookies.push(format!("{}={value}", literal(param.name)));
            }
            "body" if is_post && !param.is_structure => {
                body.set(param.name, setting(param, param.name, config));
            }
            "path" => {}
            place => {
                let what = match place {
                    "body" => "field of the body",
                    "query" | "header" | "cookie" => "parameter with fields of its own",
                    _ => place,
                };
                let what = format!("the required {what} `{}`: write it by hand", param.name);
                losses.push(Loss {
                    place: operation.place(),
                    what,
                });
            }
        }
    }
    let path = fill_path(operations, resources, config, (at, held));
    let path = match operation.server.as_str() {
        "" => path,
        server => format!("{server}/{}", path.trim_start_matches('/')),
    };
    let endpoint = resources[at].map("endpoint");
    endpoint.set("path", path);
    if !params.is_empty() {
        endpoint.set("params", params);
    }
    if !cookies.is_empty() {
        headers.set("Cookie", cookies.join("; "));
    }
    for entry in headers.entries {
        endpoint.map("headers").set(&entry.key, entry.value);
    }
    if !body.is_empty() {
        endpoint.set("json", body);
    }
}

/// Headers that the request has anyway.
fn is_general(name: &str) -> bool {
    matches!(
        name.to_ascii_lowercase().as_str(),
        "accept"
            | "content-type"
            | "authorization"
            | "user-agent"
            | "content-length"
            | "host"
            | "accept-encoding"
    )
}

fn fill_path(
    operations: &[Operation<'_>],
    resources: &mut [Map],
    config: &mut Map,
    (at, held): (usize, &mut [Held]),
) -> String {
    let operation = &operations[at];
    let names = path_params(operation.path);
    let mut values: Vec<Option<String>> = vec![None; names.len()];
    // The parent of the last parameter that has one knows those before it.
    for (position, (start, param)) in names.iter().enumerate().rev() {
        let prefix = operation.path[..*start].trim_end_matches('/');
        let found = (0..operations.len()).find(|other| {
            *other != at
                && operations[*other].method == "get"
                && operations[*other].path.trim_end_matches('/') == prefix
        });
        let Some(parent) = found else { continue };
        let mut own = operation.params.iter();
        let own = own.find(|one| one.place == "path" && one.name == *param);
        let kind = own.and_then(|param| param.schema.text_of("type"));
        let prefix_path = operations[parent].path;
        let Some(field) = field_of(&mut resources[parent], (param, kind), prefix_path) else {
            continue;
        };
        let name = operations[parent].name.clone();
        if is_guess(param, &field) {
            let comment =
                format!("{NOT_CERTAIN}`{{{param}}}` is taken from `{field}` of `{name}`.");
            resources[at].map("endpoint").comment("path", &comment);
        }
        values[position] = Some(format!("{{resources.{name}.{field}}}"));
        let is_plain = snake_name(&field) == field;
        let is_typed = resources[at]
            .get("columns")
            .and_then(Node::as_map)
            .is_some();
        if is_plain && is_typed {
            // The parent holds what leads to it.
            let mut fields = Vec::new();
            for (earlier, (start, _)) in names[..position].iter().enumerate() {
                let column = held[parent].iter().find(|(at, _)| at == start);
                if let Some((_, column)) = column {
                    values[earlier] = Some(format!("{{resources.{name}.{column}}}"));
                    fields.push((*start, column.clone()));
                }
            }
            fields.push((*start, field.clone()));
            let own = resources[at]
                .get("primary_key")
                .and_then(Node::as_text)
                .map(str::to_owned);
            held[at] = fields
                .iter()
                .map(|(start, field)| (*start, format!("_{name}_{field}")))
                .collect();
            if let Some(own) = own {
                let above = held[at].iter().map(|(_, column)| column.clone());
                let key: Vec<String> = above.chain([own]).collect();
                resources[at].set("primary_key", key);
            }
            let fields: Vec<&str> = fields.iter().map(|(_, field)| field.as_str()).collect();
            resources[at].set("include_from_parent", fields);
        } else {
            resources[at].remove("primary_key");
        }
        break;
    }
    let mut text = String::new();
    let mut from = 0;
    for ((start, param), value) in names.iter().zip(values) {
        text.push_str(&operation.path[from..*start]);
        from = start + param.len() + 2;
        let found = operation
            .params
            .iter()
            .find(|one| one.place == "path" && one.name == *param);
        text.push_str(&value.unwrap_or_else(|| {
            let name = setting_name(param, &operation.path[..*start]);
            match found {
                Some(found) => setting(found, &name, config),
                None => text_setting(&name, "", config),
            }
        }));
    }
    text.push_str(&operation.path[from..].replace(['{', '}'], ""));
    text
}

/// The parameters in a path, each with where its brace is.
pub(super) fn path_params(path: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(open) = path[from..].find('{') {
        let start = from + open;
        let Some(length) = path[start..].find('}') else {
            break;
        };
        let name = &path[start + 1..start + length];
        if !name.contains('{') && !name.is_empty() {
            found.push((start, name));
        }
        from = start + length + 1;
    }
    found
}

/// The column of a parent that a parameter takes, which is never null.
fn field_of(parent: &mut Map, (param, kind): (&str, Option<&str>), path: &str) -> Option<String> {
    let key = parent.get("primary_key").and_then(|key| match key {
        Node::Text(key) => Some(key.clone()),
        Node::List(keys) => keys
            .last()
            .and_then(|key| key.value.as_text())
            .map(str::to_owned),
        _ => None,
    });
    let columns = parent.get("columns").and_then(Node::as_map)?;
    let mut candidates = vec![param.to_owned()];
    candidates.extend(shorter(param, path));
    let fits = |name: &String| {
        let column = columns.get(name).and_then(Node::as_map);
        let word = column.and_then(|column| column.get("data_type"));
        match (kind, word.and_then(Node::as_text)) {
            (Some("string"), word) => word == Some("text"),
            (Some("integer" | "number"), word) => word == Some("bigint"),
            _ => true,
        }
    };
    let mut candidates = candidates.into_iter();
    let found = candidates.find(|name| is_key(columns, name) && fits(name))?;
    let is_key = key.as_deref() == Some(found.as_str());
    let column = parent.map("columns").map(&found);
    if !is_key && column.get("nullable").is_none() {
        return None;
    }
    Some(found)
}

/// Whether only the names tell that a parameter is a field: `repo` and `id`, but not `repo_id` and `id`.
fn is_guess(param: &str, field: &str) -> bool {
    let (param, field) = (plain(param), plain(field));
    !param.ends_with(&field)
}

/// The column that a parameter may mean: `id` for `org_id` and `orgId` after `/orgs`, and for `id`.
pub(super) fn shorter(param: &str, path: &str) -> Vec<String> {
    let snake = snake_name(param);
    let last = path
        .trim_end_matches('/')
        .rsplit('/')
        .find(|part| !part.contains('{') && !part.is_empty());
    let one = singular(&plain(last.unwrap_or_default()));
    let mut names = vec![snake.clone()];
    for suffix in ["id", "key", "uuid", "slug", "gid", "number", "name"] {
        let Some(stem) = snake.strip_suffix(suffix) else {
            continue;
        };
        let stem = plain(stem);
        if stem.is_empty() || one.ends_with(&stem) || stem.ends_with(&one) {
            names.push(suffix.to_owned());
        }
    }
    if plain(&snake) == one {
        names.push("id".to_owned());
    }
    names
}

/// Whether a column can identify a record: a text or a number, not said to be null.
pub(super) fn is_key(columns: &Map, name: &str) -> bool {
    let column = columns.get(name).and_then(Node::as_map);
    column.is_some_and(|column| {
        let word = column.get("data_type").and_then(Node::as_text);
        matches!(word, Some("text" | "bigint"))
    })
}

/// A setting's name: a general one has the part of the path before it.
fn setting_name(param: &str, before: &str) -> String {
    let last = before
        .trim_end_matches('/')
        .rsplit('/')
        .find(|part| !part.contains('{') && !part.is_empty());
    let is_general = matches!(
        plain(param).as_str(),
        "id" | "uuid" | "key" | "name" | "slug" | "type" | "code" | "sid"
    );
    match last {
        Some(last) if is_general => format!("{}_{param}", singular(&snake_name(last))),
        _ => param.to_owned(),
    }
}

/// The placeholder of a setting for a parameter, which is declared if it is new.
fn setting(param: &Param<'_>, name: &str, config: &mut Map) -> String {
    let schema = param.schema;
    // A cookie that the document does not give is a session's.
    let is_session =
        param.place == "cookie" && schema.get("enum").is_none() && schema.get("default").is_none();
    if is_session || is_secret_name(name) && param.place != "path" {
        return format!("{{secrets.{}}}", names::name(name, "secret"));
    }
    let default = schema
        .get("default")
        .and_then(Value::scalar)
        .filter(|text| !text.is_empty() && !is_secret_name(name));
    let words = schema
        .at(&["enum"])
        .elements()
        .iter()
        .filter_map(Value::text);
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    if words.len() == 1 {
        return literal(words[0]);
    }
    let mut setting = Map::new();
    let kind = match schema.text_of("type") {
        Some("integer") => "bigint",
        Some("number") => "double",
        Some("boolean") => "bool",
        _ => "text",
    };
    setting.set("type", kind);
    if let Some(values) = names::enum_values(&words)
        && kind == "text"
        && words.len() <= 60
    {
        let mut known = std::collections::HashSet::new();
        if words.iter().all(|word| known.insert(*word)) {
            setting.set("type", "enum").set("values", values);
        }
    }
    let is_enum = setting.get("values").is_some();
    if let Some(default) = default {
        match (kind, schema.get("default").map(|value| &value.kind)) {
            ("text", _) if !is_enum || words.contains(&default) => {
                setting.set("default", default);
            }
            ("bigint" | "double", Some(Kind::Number(number)))
                if kind == "double" || number.parse::<i64>().is_ok() =>
            {
                setting.set("default", Node::Number(number.clone()));
            }
            ("bool", Some(Kind::Bool(value))) => {
                setting.set("default", *value);
            }
            _ => {}
        }
    }
    declare(name, setting, param.description, config)
}

fn text_setting(name: &str, description: &str, config: &mut Map) -> String {
    let mut setting = Map::new();
    setting.set("type", "text");
    declare(name, setting, description, config)
}

/// Declares a setting under its name, or a name with a number where another has it.
fn declare(name: &str, setting: Map, description: &str, config: &mut Map) -> String {
    let mut base = names::name(name, "setting");
    if is_secret_name(&base) {
        base = format!("{base}_value");
    }
    let shape = |map: &Map| {
        let mut map = map.clone();
        map.remove("description");
        map
    };
    for number in 1.. {
        let name = if number == 1 {
            base.clone()
        } else {
            format!("{base}_{number}")
        };
        match config.get(&name).and_then(Node::as_map) {
            Some(known) if shape(known) != setting => {}
            Some(_) => return format!("{{config.{name}}}"),
            None => {
                let mut setting = setting;
                let description = names::brief(description);
                if !description.is_empty() {
                    setting.set("description", description);
                }
                config.set(&name, setting);
                return format!("{{config.{name}}}");
            }
        }
    }
    String::new()
}

/// A text without placeholders.
fn literal(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}
