//! What a resource inherits from `resource_defaults`.
//!
//! Maps merge key by key, lists and scalars replace, an explicit null removes the default. A map
//! that names another `type` replaces: the keys of one paginator mean nothing to another. `+name` and
//! `name+` put a list before or after the inherited one.

use std::collections::HashMap;

use crate::grammar::{self, Shape};
use crate::value;
use crate::yaml::{Entry, Key, Kind, Node, Scalar, Value};

/// What a resource is.
static RESOURCE: Shape = Shape::Map(&grammar::RESOURCE);

/// A resource with what it inherits, its shorthands written out.
pub(super) fn inherited(defaults: Option<&Node>, resource: &Node) -> Node {
    let resource = normal_resource(resource);
    match defaults {
        Some(defaults) => merged(defaults, &resource, Some(&RESOURCE), canonical),
        None => resource,
    }
}

/// A resource with its shorthands written out: `posts` is `{name: posts}`, and an endpoint that
/// is text is its path.
pub(super) fn normal_resource(resource: &Node) -> Node {
    let mut resource = match &resource.value {
        Value::Scalar(scalar) if scalar.kind == Kind::Text => map_of("name", resource),
        _ => resource.clone(),
    };
    if let Value::Map(entries) = &mut resource.value {
        for entry in entries
            .iter_mut()
            .filter(|entry| entry.key.name == grammar::resource::RESOURCE_ENDPOINT.name)
        {
            if matches!(&entry.value.value, Value::Scalar(scalar) if scalar.kind == Kind::Text) {
                entry.value = map_of("path", &entry.value);
            }
            write_out_resolved(&mut entry.value);
            hoist_incremental(&mut entry.value);
        }
    }
    resource
}

/// Writes dlt's older `params: {id: {type: resolve, resource: posts, field: id}}` as
/// `params: {id: "{resources.posts.id}"}`. What is wrong with one is seen in its own form.
fn write_out_resolved(endpoint: &mut Node) {
    let Value::Map(keys) = &mut endpoint.value else {
        return;
    };
    let params = keys
        .iter_mut()
        .filter(|entry| entry.key.name == grammar::endpoint::PARAMS.name);
    for param in params {
        let Value::Map(params) = &mut param.value.value else {
            continue;
        };
        for param in params {
            if let Some(text) = resolved(&param.value) {
                let kind = Kind::Text;
                param.value.value = Value::Scalar(Scalar { text, kind });
            }
        }
    }
}

fn resolved(param: &Node) -> Option<String> {
    let is_resolved = kind(param, "type") == Some("resolve") && param.entries().len() == 3;
    let resource = kind(param, "resource").filter(|name| value::is_identifier(name))?;
    let field = kind(param, "field")?;
    is_resolved.then(|| format!("{{resources.{resource}.{field}}}"))
}

/// Writes dlt's older `params: {since: {type: incremental, …}}` as what it means:
/// `incremental: {…, start_param: since}`. An endpoint that has one already keeps both, for the
/// checks to see.
fn hoist_incremental(endpoint: &mut Node) {
    let has_one = endpoint
        .get(grammar::endpoint::ENDPOINT_INCREMENTAL.name)
        .is_some();
    let Value::Map(keys) = &mut endpoint.value else {
        return;
    };
    let Some(params) = keys
        .iter_mut()
        .find(|entry| entry.key.name == grammar::endpoint::PARAMS.name)
    else {
        return;
    };
    let Value::Map(params) = &mut params.value.value else {
        return;
    };
    let is_incremental = |entry: &Entry| kind(&entry.value, "type") == Some("incremental");
    let Some(at) = params.iter().position(is_incremental).filter(|_| !has_one) else {
        return;
    };
    let Entry { key, mut value } = params.remove(at);
    if let Value::Map(fields) = &mut value.value {
        fields.retain(|field| field.key.name != grammar::endpoint::PARAM_KINDS.tag);
        let name = Scalar {
            text: key.name.clone(),
            kind: Kind::Text,
        };
        fields.push(Entry {
            key: Key {
                name: "start_param".to_owned(),
                span: key.span.clone(),
            },
            value: Node {
                span: key.span.clone(),
                value: Value::Scalar(name),
            },
        });
    }
    keys.push(Entry {
        key: Key {
            name: "incremental".to_owned(),
            span: key.span,
        },
        value,
    });
}

/// A map of this one key, in the place of its value.
fn map_of(name: &str, value: &Node) -> Node {
    let key = Key {
        name: name.to_owned(),
        span: value.span.clone(),
    };
    Node {
        span: value.span.clone(),
        value: Value::Map(vec![Entry {
            key,
            value: value.clone(),
        }]),
    }
}

/// `same` gives what names have in common that are one key.
fn merged(
    default: &Node,
    own: &Node,
    shape: Option<&'static Shape>,
    same: fn(&str) -> String,
) -> Node {
    let (Value::Map(defaults), Value::Map(owns)) = (&default.value, &own.value) else {
        return own.clone();
    };
    if names_another_kind(default, own) {
        return own.clone();
    }
    let within = |name: &str| shape_within(shape?, name, [own, default]);
    let owns = &extended(defaults, owns, &within);
    let by_name = |entries: &[Entry]| -> HashMap<String, usize> {
        let named = entries.iter().enumerate().rev();
        named
            .map(|(at, entry)| (same(&entry.key.name), at))
            .collect()
    };
    let (of_defaults, of_owns) = (by_name(defaults), by_name(owns));
    let mut entries: Vec<Entry> = Vec::new();
    for inherited in defaults {
        let own = of_owns.get(&same(&inherited.key.name));
        match own.and_then(|at| owns.get(*at)) {
            None => entries.push(inherited.clone()),
            Some(entry) if entry.value.is_null() && entry.key.name != super::NULL_MEANS_NONE => {}
            Some(entry) => entries.push(Entry {
                key: entry.key.clone(),
                value: merged(
                    &inherited.value,
                    &entry.value,
                    within(&entry.key.name),
                    names_within(&entry.key.name),
                ),
            }),
        }
    }
    for entry in owns {
        if !of_defaults.contains_key(&same(&entry.key.name)) {
            entries.push(entry.clone());
        }
    }
    Node {
        span: own.span.clone(),
        value: Value::Map(entries),
    }
}

/// What the value of a key is, in a map of this shape that is made of these.
fn shape_within(shape: &'static Shape, name: &str, nodes: [&Node; 2]) -> Option<&'static Shape> {
    match shape {
        Shape::Map(context) => context.key(name).map(|key| &key.facts().shape),
        Shape::Tagged(family) => {
            let word = nodes.iter().find_map(|node| kind(node, family.tag))?;
            let keys = family.member(word.trim_end_matches('!'))?.keys.iter();
            let mut keys = keys.chain(family.common);
            let key = keys.find(|key| key.is_called(name))?;
            Some(&key.facts().shape)
        }
        Shape::Dict(inner) => Some(inner),
        Shape::Either(first, second) => {
            shape_within(first, name, nodes).or_else(|| shape_within(second, name, nodes))
        }
        _ => None,
    }
}

/// The key that `+name` or `name+` extends, and whether it puts its list first.
pub(super) fn extends(name: &str) -> Option<(&str, bool)> {
    match name.strip_prefix('+') {
        Some(name) => Some((name, true)),
        None => name.strip_suffix('+').map(|name| (name, false)),
    }
}

/// The own entries, those that extend an inherited list in the place of what they make of it.
fn extended(
    defaults: &[Entry],
    owns: &[Entry],
    within: &dyn Fn(&str) -> Option<&'static Shape>,
) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for own in owns {
        let extended = extends(&own.key.name).and_then(|(name, is_first)| {
            let is_named = |entry: &&Entry| entry.key.name == name;
            let is_replaced = owns.iter().any(|entry| entry.key.name == name);
            if is_replaced || !within(name).is_some_and(may_be_list) {
                return None;
            }
            // A list may be extended on both sides.
            let inherited = entries.iter().find(is_named);
            let inherited = inherited.or_else(|| defaults.iter().find(is_named))?;
            Some(Entry {
                // The default is used.
                key: inherited.key.clone(),
                value: joined(&inherited.value, &own.value, is_first)?,
            })
        });
        let Some(extended) = extended else {
            entries.push(own.clone());
            continue;
        };
        entries.retain(|entry| entry.key.name != extended.key.name);
        entries.push(extended);
    }
    entries
}

pub(super) fn may_be_list(shape: &Shape) -> bool {
    match shape {
        Shape::List(_) => true,
        Shape::Either(first, second) => may_be_list(first) || may_be_list(second),
        _ => false,
    }
}

/// An inherited list, or the one value of it, and an own list.
fn joined(inherited: &Node, own: &Node, own_is_first: bool) -> Option<Node> {
    let Value::List(own_elements) = &own.value else {
        return None;
    };
    let inherited = match &inherited.value {
        Value::List(elements) => elements.as_slice(),
        Value::Scalar(scalar) if scalar.kind != Kind::Null => std::slice::from_ref(inherited),
        _ => return None,
    };
    let elements = if own_is_first {
        [own_elements, inherited].concat()
    } else {
        [inherited, own_elements].concat()
    };
    Some(Node {
        span: own.span.clone(),
        value: Value::List(elements),
    })
}

/// How the names in the map at this key compare: those of headers whatever their case.
fn names_within(key: &str) -> fn(&str) -> String {
    if key == "headers" {
        str::to_ascii_lowercase
    } else {
        canonical
    }
}

/// The one name of a key that has several.
fn canonical(name: &str) -> String {
    let name = match name {
        "token_url" => "access_token_url",
        "private_key" | "secret_key" => "signing_key",
        name => name,
    };
    name.to_owned()
}

/// Whether both say what they are, and differ.
fn names_another_kind(default: &Node, own: &Node) -> bool {
    [grammar::AUTH.tag, grammar::COLUMN.tag].iter().any(|tag| {
        match (kind(default, tag), kind(own, tag)) {
            (Some(default), Some(own)) => !is_same_kind(default, own),
            _ => false,
        }
    })
}

/// Whether two words name the same kind, by whichever of its names.
fn is_same_kind(one: &str, other: &str) -> bool {
    one == other
        || grammar::FAMILIES.iter().any(|family| {
            let known = family.member(one).zip(family.member(other));
            known.is_some_and(|(one, other)| one.word.name == other.word.name)
        })
}

fn kind<'n>(node: &'n Node, tag: &str) -> Option<&'n str> {
    let scalar = node.get(tag).and_then(Node::scalar)?;
    Some(&scalar.text)
}
