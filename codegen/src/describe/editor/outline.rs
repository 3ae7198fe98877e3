//! The outline of a spec.

use crate::check::partitions::PARTITIONS;
use crate::diagnostic::Span;
use crate::grammar::{resource, source};
use crate::yaml::{Entry, Node};

use super::symbols::{resource_name, scalar_text};

/// What an item of the outline is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutlineKind {
    /// A key of the language.
    Section,
    Secret,
    Setting,
    Resource,
    Column,
    Partition,
}

/// A part of a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutlineItem {
    pub name: String,
    pub kind: OutlineKind,
    /// All of it.
    pub span: Span,
    /// Its name; within the span.
    pub name_span: Span,
    pub children: Vec<OutlineItem>,
}

pub(super) fn outline(root: Option<&Node>) -> Vec<OutlineItem> {
    let entries = root.map(Node::entries).unwrap_or_default();
    let section = |entry: &Entry| {
        let value = &entry.value;
        let children = match entry.key.name.as_str() {
            name if name == source::SOURCE_CONFIG.name => names(value, OutlineKind::Setting),
            name if name == source::SECRETS.name => names(value, OutlineKind::Secret),
            name if name == source::RESOURCES.name => {
                value.elements().iter().filter_map(resource).collect()
            }
            name if name == source::RESOURCE_DEFAULTS.name => of_resource(value),
            _ => Vec::new(),
        };
        item(entry, OutlineKind::Section, children)
    };
    entries.iter().map(section).collect()
}

fn resource(node: &Node) -> Option<OutlineItem> {
    let name = resource_name(node)?;
    Some(OutlineItem {
        name: scalar_text(name)?.to_owned(),
        kind: OutlineKind::Resource,
        name_span: within(&name.span, &node.span),
        span: node.span.clone(),
        children: of_resource(node),
    })
}

/// The columns and partitions of a resource.
fn of_resource(node: &Node) -> Vec<OutlineItem> {
    let declaring = node.entries().iter().filter_map(|entry| {
        let kind = match entry.key.name.as_str() {
            name if name == resource::COLUMNS.name => OutlineKind::Column,
            name if name == PARTITIONS.name => OutlineKind::Partition,
            _ => return None,
        };
        Some(names(&entry.value, kind))
    });
    declaring.flatten().collect()
}

fn names(node: &Node, kind: OutlineKind) -> Vec<OutlineItem> {
    let entries = node.entries().iter();
    entries.map(|entry| item(entry, kind, Vec::new())).collect()
}

fn item(entry: &Entry, kind: OutlineKind, children: Vec<OutlineItem>) -> OutlineItem {
    let key = &entry.key.span;
    // The value of an alias stands elsewhere.
    let end = if entry.value.span.start >= key.end {
        entry.value.span.end
    } else {
        key.end
    };
    OutlineItem {
        name: entry.key.name.clone(),
        kind,
        span: key.start..end,
        name_span: key.clone(),
        children,
    }
}

/// The part of a place that is within another, or its beginning where there is none.
fn within(span: &Span, outer: &Span) -> Span {
    if outer.start <= span.start && span.end <= outer.end {
        span.clone()
    } else {
        outer.start..outer.start
    }
}
