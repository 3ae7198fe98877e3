//! The names that a spec declares and uses: secrets, settings, resources, columns and partitions.

use std::collections::{BTreeSet, HashMap};

use crate::check::hard_delete::HARD_DELETE;
use crate::check::parent::condition::WHERE;
use crate::check::partitions::{INCLUDE_FROM_PARTITION, PARTITIONS};
use crate::check::{Piece, pieces, placeholder_source};
use crate::diagnostic::Span;
use crate::grammar::{column, endpoint, resource, source};
use crate::yaml::{Entry, Kind, Node, Value};

/// What a name is the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SymbolKind {
    Secret,
    Setting,
    Resource,
    Column,
    Partition,
}

/// A name and what it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol {
    pub kind: SymbolKind,
    /// The resource of a column or a partition; empty in `resource_defaults`, and for the others.
    pub resource: String,
    pub name: String,
}

impl Symbol {
    /// Whether all resources share it, since `resource_defaults` names it.
    pub fn is_default(&self) -> bool {
        matches!(self.kind, SymbolKind::Column | SymbolKind::Partition) && self.resource.is_empty()
    }
}

impl Symbol {
    /// Says why a text cannot be its name; nothing if it can.
    pub fn rejects(&self, name: &str) -> Option<String> {
        let is_name = if self.kind == SymbolKind::Column {
            let is_word = first_segment(name) == name && !name.starts_with('-');
            is_word && crate::yaml::plain(name) == Kind::Text
        } else {
            crate::value::is_identifier(name) && crate::yaml::plain(name) == Kind::Text
        };
        let kind = self.kind.word();
        (!is_name).then(|| {
            format!("`{name}` is not a valid name of a {kind}: use letters, digits and `_`, and begin with no digit")
        })
    }
}

impl SymbolKind {
    /// The word for it in messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Setting => "setting",
            Self::Resource => "resource",
            Self::Column => "column",
            Self::Partition => "partition",
        }
    }
}

/// A place where a name is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    pub symbol: Symbol,
    /// The name alone, without quotes and braces, if it is written plainly.
    pub span: Span,
    /// Whether the name is declared here.
    pub is_definition: bool,
}

/// All occurrences, in the order of the text.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    list: Vec<Occurrence>,
    /// Positions in the list, by kind and name.
    by_name: HashMap<(SymbolKind, String), Vec<usize>>,
}

impl Symbols {
    pub(super) fn of(text: &str, root: &Node) -> Self {
        let mut collector = Collector::new(text, root);
        collector.root(root);
        let mut list = collector.list;
        list.sort_by_key(|one| (one.span.start, one.span.end));
        // An alias repeats the places of its anchor.
        list.dedup();
        let mut by_name: HashMap<_, Vec<usize>> = HashMap::new();
        for (at, one) in list.iter().enumerate() {
            let name = (one.symbol.kind, one.symbol.name.clone());
            by_name.entry(name).or_default().push(at);
        }
        Self { list, by_name }
    }

    pub(super) fn at(&self, at: usize) -> Option<&Occurrence> {
        let after = self.list.partition_point(|one| one.span.start <= at);
        let before = self.list.get(..after)?;
        before.iter().rev().take(4).find(|one| at <= one.span.end)
    }

    pub(super) fn of_symbol<'t>(
        &'t self,
        symbol: &'t Symbol,
    ) -> impl Iterator<Item = &'t Occurrence> {
        let places = self.by_name.get(&(symbol.kind, symbol.name.clone()));
        let all = places.into_iter().flatten();
        all.filter_map(|at| self.list.get(*at)).filter(|one| {
            one.symbol.resource == symbol.resource || one.symbol.is_default() || symbol.is_default()
        })
    }

    pub(super) fn all(&self) -> &[Occurrence] {
        &self.list
    }
}

struct Collector<'t> {
    text: &'t str,
    list: Vec<Occurrence>,
    /// The columns of each resource, by their names in the spec and in Rust.
    columns: HashMap<&'t str, BTreeSet<&'t str>>,
    /// Those of `resource_defaults`.
    defaults: BTreeSet<&'t str>,
}

/// The name of a resource, which may be all of it.
pub(super) fn resource_name(resource: &Node) -> Option<&Node> {
    match &resource.value {
        Value::Scalar(scalar) if scalar.kind == Kind::Text => Some(resource),
        Value::Map(_) => resource
            .get(resource::NAME.name)
            .filter(|name| name.scalar().is_some()),
        _ => None,
    }
}

/// The text of a scalar.
pub(super) fn scalar_text(node: &Node) -> Option<&str> {
    node.scalar().map(|scalar| scalar.text.as_str())
}

/// The texts of a scalar or of a list of them.
pub(super) fn scalars(node: Option<&Node>) -> Vec<&Node> {
    let Some(node) = node else {
        return Vec::new();
    };
    let list = match &node.value {
        Value::List(elements) => elements.as_slice(),
        _ => std::slice::from_ref(node),
    };
    list.iter().filter(|one| one.scalar().is_some()).collect()
}

/// The names of the columns that a resource declares, as they are written and as they are renamed.
pub(super) fn column_names(resource: &Node) -> impl Iterator<Item = &str> {
    let columns = resource.get(resource::COLUMNS.name);
    let entries = columns.map(Node::entries).unwrap_or_default();
    entries.iter().flat_map(|entry| {
        let renamed = entry.value.get(column::RENAME.name);
        let renamed = renamed.and_then(scalar_text);
        std::iter::once(entry.key.name.as_str()).chain(renamed)
    })
}

impl<'t> Collector<'t> {
    fn new(text: &'t str, root: &'t Node) -> Self {
        let defaults = root.get(source::RESOURCE_DEFAULTS.name);
        let mut columns: HashMap<&str, BTreeSet<&str>> = HashMap::new();
        for resource in resources(root) {
            if let Some(name) = resource_name(resource).and_then(scalar_text) {
                columns
                    .entry(name)
                    .or_default()
                    .extend(column_names(resource));
            }
        }
        Self {
            text,
            list: Vec::new(),
            columns,
            defaults: defaults.into_iter().flat_map(column_names).collect(),
        }
    }

    fn root(&mut self, root: &'t Node) {
        for entry in root.entries() {
            match entry.key.name.as_str() {
                name if name == source::SOURCE_CONFIG.name => {
                    self.declared(entry, SymbolKind::Setting, "");
                    self.templates(&entry.value, "");
                }
                name if name == source::SECRETS.name => {
                    self.declared(entry, SymbolKind::Secret, "");
                }
                name if name == source::RESOURCES.name => {
                    for resource in entry.value.elements() {
                        let name = resource_name(resource);
                        if let Some((node, name)) =
                            name.and_then(|node| Some((node, scalar_text(node)?)))
                        {
                            self.scalar(node, SymbolKind::Resource, "", name, true);
                        }
                        self.resource(resource, name.and_then(scalar_text).unwrap_or_default());
                    }
                }
                name if name == source::RESOURCE_DEFAULTS.name => self.resource(&entry.value, ""),
                _ => self.templates(&entry.value, ""),
            }
        }
    }

    /// The names that a map of the user's declares.
    fn declared(&mut self, map: &Entry, kind: SymbolKind, resource: &str) {
        for entry in map.value.entries() {
            self.add(kind, resource, &entry.key.name, &entry.key.span, true);
        }
    }

    fn resource(&mut self, resource: &'t Node, name: &str) {
        self.templates(resource, name);
        let parents = parents(resource);
        for entry in resource.entries() {
            let key = entry.key.name.as_str();
            if key == resource::COLUMNS.name {
                self.declared(entry, SymbolKind::Column, name);
                for column in entry.value.entries() {
                    let renamed = column.value.get(column::RENAME.name);
                    if let Some((node, renamed)) =
                        renamed.and_then(|node| Some((node, scalar_text(node)?)))
                    {
                        self.scalar(node, SymbolKind::Column, name, renamed, true);
                    }
                }
            } else if key == PARTITIONS.name {
                self.declared(entry, SymbolKind::Partition, name);
            } else if [resource::PRIMARY_KEY.name, resource::MERGE_KEY.name].contains(&key) {
                self.columns_of(&entry.value, name);
            } else if key == HARD_DELETE.name {
                match entry.value.entries() {
                    [] => self.columns_of(&entry.value, name),
                    marks => {
                        for mark in marks {
                            self.column(&mark.key.name, &mark.key.span, name);
                        }
                    }
                }
            } else if key == resource::INCLUDE_FROM_CONFIG.name {
                self.names(&entry.value, SymbolKind::Setting, "");
            } else if key == INCLUDE_FROM_PARTITION.name {
                self.names(&entry.value, SymbolKind::Partition, name);
            } else if key == resource::INCLUDE_FROM_PARENT.name {
                for one in scalars(Some(&entry.value)) {
                    self.of_parent(one, &parents);
                }
            } else if key == resource::RESOURCE_ENDPOINT.name {
                self.endpoint(&entry.value, name, &parents);
            }
        }
    }

    fn endpoint(&mut self, node: &'t Node, name: &str, parents: &BTreeSet<String>) {
        let incremental = node.get(endpoint::ENDPOINT_INCREMENTAL.name);
        let params = node
            .get(endpoint::PARAMS.name)
            .map(Node::entries)
            .unwrap_or_default();
        let cursors = params.iter().map(|param| &param.value).chain(incremental);
        for cursor in cursors.filter_map(|one| one.get(endpoint::incremental::CURSOR_PATH.name)) {
            self.path(cursor, name);
        }
        for param in params {
            let parent = param.value.get("resource");
            let Some((parent, text)) = parent.and_then(|node| Some((node, scalar_text(node)?)))
            else {
                continue;
            };
            self.scalar(parent, SymbolKind::Resource, "", text, false);
            if let Some(field) = param.value.get("field") {
                self.path(field, text);
            }
        }
        let condition = node.get(WHERE.name);
        if let (Some(condition), [parent]) =
            (condition, parents.iter().collect::<Vec<_>>().as_slice())
        {
            let start = condition.span.start;
            let written = self.text.get(condition.span.clone()).unwrap_or_default();
            for (at, _) in written.match_indices("@.") {
                let from = at + "@.".len();
                let name = first_segment(written.get(from..).unwrap_or_default());
                let at = start + from;
                self.column(name, &(at..at + name.len()), parent);
            }
        }
    }

    /// An element of `include_from_parent`: `COLUMN` or `PARENT.COLUMN`.
    fn of_parent(&mut self, node: &Node, parents: &BTreeSet<String>) {
        let Some((span, text)) = self.written(node) else {
            return;
        };
        let first = first_segment(text);
        let rest = text.get(first.len()..).unwrap_or_default();
        if let Some(path) = rest.strip_prefix('.').filter(|_| parents.contains(first)) {
            self.add(
                SymbolKind::Resource,
                "",
                first,
                &(span.start..span.start + first.len()),
                false,
            );
            let column = first_segment(path);
            let start = span.start + first.len() + 1;
            self.column(column, &(start..start + column.len()), first);
        } else if let [parent] = parents.iter().collect::<Vec<_>>().as_slice() {
            self.column(first, &(span.start..span.start + first.len()), parent);
        }
    }

    /// The placeholders in all texts of a value.
    fn templates(&mut self, node: &Node, resource: &str) {
        let mut found = Vec::new();
        each_scalar(node, &mut |node| {
            let written = self.text.get(node.span.clone()).unwrap_or_default();
            for (at, source) in placeholders(written) {
                found.push((node.span.start + at, source));
            }
        });
        for (at, source) in found {
            self.placeholder(at, source, resource);
        }
    }

    fn placeholder(&mut self, at: usize, source: &str, resource: &str) {
        let Some((namespace, path)) = source.split_once('.') else {
            return;
        };
        let at = at + namespace.len() + 1;
        let name = first_segment(path);
        let span = at..at + name.len();
        match namespace {
            "secrets" => self.add(SymbolKind::Secret, "", name, &span, false),
            "config" => self.add(SymbolKind::Setting, "", name, &span, false),
            "partition" => self.add(SymbolKind::Partition, resource, name, &span, false),
            "resources" => {
                self.add(SymbolKind::Resource, "", name, &span, false);
                let rest = path.get(name.len()..).unwrap_or_default();
                if let Some(field) = rest.strip_prefix('.') {
                    let column = first_segment(field);
                    let at = at + name.len() + 1;
                    self.column(column, &(at..at + column.len()), name);
                }
            }
            _ => {}
        }
    }

    fn columns_of(&mut self, node: &Node, resource: &str) {
        for one in scalars(Some(node)) {
            if let Some((span, text)) = self.written(one) {
                self.column(text, &span, resource);
            }
        }
    }

    /// The column that a path begins with.
    fn path(&mut self, node: &Node, resource: &str) {
        let Some((span, text)) = self.written(node) else {
            return;
        };
        let path = text.strip_prefix("$.").unwrap_or(text);
        let start = span.start + text.len() - path.len();
        let name = first_segment(path);
        self.column(name, &(start..start + name.len()), resource);
    }

    /// A use of a column, if there is one of this name.
    fn column(&mut self, name: &str, span: &Span, resource: &str) {
        let own = self.columns.get(resource);
        if own.is_some_and(|columns| columns.contains(name)) {
            self.add(SymbolKind::Column, resource, name, span, false);
        } else if self.defaults.contains(name) || resource.is_empty() {
            self.add(SymbolKind::Column, "", name, span, false);
        }
    }

    fn names(&mut self, node: &Node, kind: SymbolKind, resource: &str) {
        for one in scalars(Some(node)) {
            if let Some((span, text)) = self.written(one) {
                self.add(kind, resource, text, &span, false);
            }
        }
    }

    /// A scalar that is a name.
    fn scalar(
        &mut self,
        node: &Node,
        kind: SymbolKind,
        resource: &str,
        name: &str,
        is_definition: bool,
    ) {
        let span = self
            .written(node)
            .map_or(node.span.clone(), |(span, _)| span);
        self.add(kind, resource, name, &span, is_definition);
    }

    /// The text of a scalar as it is written, without quotes.
    fn written(&self, node: &Node) -> Option<(Span, &'t str)> {
        let text = scalar_text(node)?;
        let (span, written) = unquoted(self.text, &node.span)?;
        (written == text).then_some((span, written))
    }

    fn add(
        &mut self,
        kind: SymbolKind,
        resource: &str,
        name: &str,
        span: &Span,
        is_definition: bool,
    ) {
        if name.is_empty() {
            return;
        }
        let span = match unquoted(self.text, span) {
            Some((inner, written)) if written == name => inner,
            _ => span.clone(),
        };
        self.list.push(Occurrence {
            symbol: Symbol {
                kind,
                resource: resource.to_owned(),
                name: name.to_owned(),
            },
            span,
            is_definition,
        });
    }
}

/// The resources that a resource is fetched for.
pub(super) fn parents(resource: &Node) -> BTreeSet<String> {
    let mut parents = BTreeSet::new();
    each_scalar(resource, &mut |node| {
        for (_, source) in placeholders(scalar_text(node).unwrap_or_default()) {
            let path = source.strip_prefix("resources.");
            parents.extend(path.map(|path| first_segment(path).to_owned()));
        }
    });
    let endpoint = resource.get(resource::RESOURCE_ENDPOINT.name);
    let params = endpoint.and_then(|endpoint| endpoint.get(endpoint::PARAMS.name));
    for param in params.map(Node::entries).unwrap_or_default() {
        let parent = param.value.get("resource").and_then(scalar_text);
        parents.extend(parent.map(str::to_owned));
    }
    parents
}

/// The resources of a spec.
pub(super) fn resources(root: &Node) -> &[Node] {
    let resources = root.get(source::RESOURCES.name);
    resources.map(Node::elements).unwrap_or_default()
}

/// What stands between the quotes of a scalar, or all of it.
fn unquoted<'t>(text: &'t str, span: &Span) -> Option<(Span, &'t str)> {
    let written = text.get(span.clone())?;
    for quote in ['"', '\''] {
        let inner = written
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote));
        if let Some(inner) = inner {
            let start = span.start + 1;
            return Some((start..start + inner.len(), inner));
        }
    }
    Some((span.clone(), written))
}

/// What stands before the first dot or bracket of a path.
pub(super) fn first_segment(path: &str) -> &str {
    let ends = |c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-'));
    let end = path.find(ends).unwrap_or(path.len());
    path.get(..end).unwrap_or_default()
}

/// The placeholders of a text as it is written: where what they stand for begins, and that.
fn placeholders(written: &str) -> Vec<(usize, &str)> {
    if !written.contains('{') {
        return Vec::new();
    }
    let inner = pieces(written).into_iter().filter_map(|piece| match piece {
        Piece::Placeholder(inner) => Some(placeholder_source(inner)),
        _ => None,
    });
    // A piece is a part of the text.
    let start = written.as_ptr().addr();
    inner
        .map(|source| (source.as_ptr().addr().saturating_sub(start), source))
        .collect()
}

/// Texts that hold no placeholders.
const PROSE: [&str; 2] = ["description", "message"];

/// All scalars of a value that may hold placeholders.
fn each_scalar<'t>(node: &'t Node, visit: &mut impl FnMut(&'t Node)) {
    match &node.value {
        Value::Scalar(_) => visit(node),
        Value::List(elements) => elements
            .iter()
            .for_each(|element| each_scalar(element, visit)),
        Value::Map(entries) => {
            for entry in entries {
                let is_prose = PROSE.contains(&entry.key.name.as_str());
                if !is_prose || !matches!(entry.value.value, Value::Scalar(_)) {
                    each_scalar(&entry.value, visit);
                }
            }
        }
    }
}
