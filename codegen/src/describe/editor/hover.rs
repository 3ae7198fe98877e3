//! The documentation of what stands at a byte.

use std::fmt::Write as _;

use crate::describe::reference::capital;
use crate::diagnostic::Span;
use crate::grammar::{self, AnyKey, Shape, Word, column, source};
use crate::yaml::Node;

use super::place::{Place, Step, Target};
use super::symbols::{Symbol, SymbolKind, resource_name, resources, scalar_text};
use super::{ColumnTypes, SpecTree, docs};

/// Documentation of a part of a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hover {
    /// What it is about.
    pub span: Span,
    /// The documentation, as Markdown. It repeats names of the spec, and none of its values.
    pub text: String,
}

pub(super) fn hover(tree: &SpecTree, at: usize, types: &ColumnTypes) -> Option<Hover> {
    let root = tree.root.as_ref()?;
    let place = Place::at(root, at);
    let symbol = tree.symbol_at(at);
    if let Some(one) = symbol
        && let Some(text) = of_symbol(root, &one.symbol, types)
    {
        return Some(Hover {
            span: one.span.clone(),
            text,
        });
    }
    let last = place.last()?;
    if let Target::Key(entry) = place.target {
        let span = entry.key.span.clone();
        if let Some(key) = last.key(&entry.key.name) {
            let text = docs::key(key, &last.owner().unwrap_or_default());
            return Some(Hover { span, text });
        }
        if let Some((family, _)) = last.family()
            && family.tag == entry.key.name
        {
            let text = format!(
                "**`{}`**, required\n\nThe kind of {}.",
                family.tag,
                with_article(family.name)
            );
            return Some(Hover { span, text });
        }
        if let Some(rust) = field_type(&place, &entry.key.name, types) {
            let text = column_text(&entry.key.name, Some(rust), &entry.value);
            return Some(Hover { span, text });
        }
        return None;
    }
    let text = word_at(last)
        .map(docs::word)
        .or_else(|| of_key_around(&place))?;
    // Of a long value only its key is named.
    let span = match last.node.scalar() {
        Some(_) => last.node.span.clone(),
        None => at..at,
    };
    Some(Hover { span, text })
}

fn with_article(name: &str) -> String {
    let article = if name.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {name}")
}

/// The word of the language that a scalar is.
fn word_at(step: &Step<'_>) -> Option<&'static Word> {
    let text = scalar_text(step.node)?;
    step.shapes().into_iter().find_map(|shape| match shape {
        Shape::Word(words) => words().into_iter().find(|word| word.is_called(text)),
        Shape::Tagged(family) => {
            let bare = text.strip_suffix('!').unwrap_or(text);
            family.member(bare).map(|member| &member.word)
        }
        _ => None,
    })
}

/// The key whose value the byte is in.
fn of_key_around(place: &Place<'_>) -> Option<String> {
    let at = place.steps.iter().rposition(|step| step.key.is_some())?;
    let key = place.steps.get(at)?.key?;
    let owner = place.steps.get(at.checked_sub(1)?)?.owner();
    Some(docs::key(key, &owner.unwrap_or_default()))
}

/// The Rust type of a field of an object.
fn field_type<'t>(place: &Place<'_>, name: &str, types: &'t ColumnTypes) -> Option<&'t str> {
    let resource = place.resource()?;
    let resource = resource_name(resource).and_then(scalar_text)?;
    let at = place
        .steps
        .iter()
        .position(|step| step.name == grammar::resource::COLUMNS.name)?;
    let inner = place.steps.get(at + 1..)?.iter();
    let is_name = |step: &&Step<'_>| step.key.is_none() && !step.name.is_empty();
    let mut path: Vec<&str> = inner.filter(is_name).map(|step| step.name).collect();
    path.push(name);
    types.get(resource, &path.join("."))
}

fn of_symbol(root: &Node, symbol: &Symbol, types: &ColumnTypes) -> Option<String> {
    let name = &symbol.name;
    match symbol.kind {
        SymbolKind::Secret => {
            let declared = root
                .get(source::SECRETS.name)
                .and_then(|secrets| secrets.get(name));
            let env = declared.and_then(|secret| secret.get(source::secret::ENV.name));
            let env = env
                .and_then(scalar_text)
                .filter(|env| crate::value::is_identifier(env));
            let env = env.map_or_else(
                || format!("`{}`", source::secret::ENV.default()),
                |env| format!("`{env}`"),
            );
            Some(format!(
                "**`{name}`**: secret\n\nThe user of the connector gives it, or the environment variable {env}."
            ))
        }
        SymbolKind::Setting => {
            let setting = root.get(source::SOURCE_CONFIG.name)?.get(name)?;
            let word = scalar_text(setting)
                .or_else(|| setting.get(source::config::TYPE.name).and_then(scalar_text));
            let word = word
                .filter(|word| crate::value::is_identifier(word))
                .unwrap_or("…");
            let items = setting
                .get(source::config::ITEMS.name)
                .and_then(scalar_text);
            let items = items.filter(|items| crate::value::is_identifier(items));
            let items = items.map_or(String::new(), |items| format!(" of {items}"));
            Some(format!("**`{name}`**: setting, {word}{items}"))
        }
        SymbolKind::Resource => {
            let resource = find(root, name)?;
            let columns = resource.get(grammar::resource::COLUMNS.name);
            let columns = columns.map(Node::entries).unwrap_or_default();
            let mut text = format!("**`{name}`**: resource");
            if !columns.is_empty() {
                let _ = write!(text, ", {} columns", columns.len());
            }
            Some(text)
        }
        SymbolKind::Column => {
            let resource = find(root, &symbol.resource)
                .or_else(|| root.get(source::RESOURCE_DEFAULTS.name))?;
            let declared = resource.get(grammar::resource::COLUMNS.name)?;
            let rust = if symbol.resource.is_empty() {
                types.of_default(name)
            } else {
                types.get(&symbol.resource, name)
            };
            let renamed = || {
                let mut columns = declared.entries().iter();
                let is_it =
                    |node: &Node| node.get(column::RENAME.name).and_then(scalar_text) == Some(name);
                columns
                    .find(|entry| is_it(&entry.value))
                    .map(|entry| &entry.value)
            };
            let value = declared.get(name).or_else(renamed)?;
            Some(column_text(name, rust, value))
        }
        SymbolKind::Partition => Some(format!(
            "**`{name}`**: partition of `{}`\n\nOne of its values, `{{partition.{name}}}`, stands in each request.",
            if symbol.resource.is_empty() {
                "resource_defaults"
            } else {
                &symbol.resource
            }
        )),
    }
}

fn find<'t>(root: &'t Node, name: &str) -> Option<&'t Node> {
    let mut all = resources(root).iter();
    all.find(|one| resource_name(one).and_then(scalar_text) == Some(name))
}

/// A column: its type in Rust and in the spec.
fn column_text(name: &str, rust: Option<&str>, value: &Node) -> String {
    let tag = scalar_text(value).or_else(|| value.get(grammar::COLUMN.tag).and_then(scalar_text));
    let bare = tag.map(|tag| tag.strip_suffix('!').unwrap_or(tag));
    let member = bare.and_then(|bare| grammar::COLUMN.member(bare));
    let mut text = format!("**`{name}`**: column");
    if let Some(member) = member {
        let meaning = member.word.meaning;
        let _ = write!(text, ", `{}`", member.word.name);
        if meaning != member.word.name {
            let _ = write!(text, "\n\n{}.", capital(meaning));
        }
    }
    if let Some(rust) = rust {
        let _ = write!(text, "\n\n```rust\n{rust}\n```");
    }
    text
}
