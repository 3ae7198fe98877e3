//! Partition routers: parents and lists.

use std::collections::{BTreeSet, HashMap, HashSet};

use rest_source_codegen::write::Node;

use crate::tree::{Kind, Value};

use super::Stream;
use super::config::Usage;
use super::request::hook;
use super::stream::{Builder, name, shown};
use super::text::{Need, Slice};

/// The routers of a retriever.
fn routers(retriever: &Value) -> Vec<&Value> {
    let named = retriever
        .get("partition_router")
        .or(retriever.get("stream_slicer"));
    match named {
        Some(router) => match &router.kind {
            Kind::List(several) => several.iter().collect(),
            Kind::Map(_) => vec![inner(router)],
            _ => Vec::new(),
        },
        None => Vec::new(),
    }
}

/// The router that another one groups.
fn inner(router: &Value) -> &Value {
    match router.text_of("type") {
        Some("GroupingPartitionRouter") => router.at(&["underlying_partition_router"]),
        _ => router,
    }
}

fn configs(router: &Value) -> impl Iterator<Item = &Value> {
    let configs = router.at(&["parent_stream_configs"]).elements().iter();
    configs.filter(|config| config.get("stream").is_some())
}

/// The parents of a stream.
pub(super) fn parents(node: &Value) -> Vec<&Value> {
    routers(node.at(&["retriever"]))
        .into_iter()
        .flat_map(configs)
        .map(|config| config.at(&["stream"]))
        .collect()
}

fn member_mut<'v>(value: &'v mut Value, key: &str) -> Option<&'v mut Value> {
    match &mut value.kind {
        Kind::Map(entries) => entries
            .iter_mut()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value),
        _ => None,
    }
}

fn elements_mut(value: &mut Value) -> &mut [Value] {
    match &mut value.kind {
        Kind::List(elements) => elements,
        _ => &mut [],
    }
}

/// The parents of a stream, to name them.
pub(super) fn parents_mut(node: &mut Value) -> Vec<&mut Value> {
    let Some(retriever) = member_mut(node, "retriever") else {
        return Vec::new();
    };
    let key = match retriever.get("partition_router") {
        Some(_) => "partition_router",
        None => "stream_slicer",
    };
    let mut router = member_mut(retriever, key);
    if let Some(one) = router.take() {
        router = match one.text_of("type") {
            Some("GroupingPartitionRouter") => member_mut(one, "underlying_partition_router"),
            _ => Some(one),
        };
    }
    let Some(router) = router else {
        return Vec::new();
    };
    let routers: Vec<&mut Value> = match router.kind {
        Kind::List(_) => elements_mut(router).iter_mut().collect(),
        _ => vec![router],
    };
    let configs = routers
        .into_iter()
        .filter_map(|router| member_mut(router, "parent_stream_configs"))
        .flat_map(elements_mut);
    configs
        .filter_map(|config| member_mut(config, "stream"))
        .collect()
}

/// Finds all ancestors of each stream, and its parents without those that are ancestors of another one. A stream is never within itself, so that none is its own ancestor.
pub(super) fn find_ancestors(streams: &mut [Stream]) {
    let direct: Vec<Vec<String>> = streams
        .iter()
        .map(|stream| {
            let parents = parents(&stream.node);
            let names: BTreeSet<String> = parents.into_iter().map(name).collect();
            names.into_iter().collect()
        })
        .collect();
    let at: HashMap<String, usize> = streams
        .iter()
        .enumerate()
        .map(|(at, stream)| (stream.source_name.clone(), at))
        .collect();
    for (stream, parents) in streams.iter_mut().zip(&direct) {
        let mut waiting: Vec<&String> = parents.iter().collect();
        while let Some(upper) = waiting.pop() {
            if let Some(at) = at.get(upper)
                && stream.above.insert(upper.clone())
            {
                waiting.extend(&direct[*at]);
            }
        }
    }
    for index in 0..streams.len() {
        let mut seen = HashSet::new();
        let all: Vec<String> = parents(&streams[index].node)
            .into_iter()
            .map(name)
            .filter(|name| at.contains_key(name) && seen.insert(name.clone()))
            .collect();
        let mut above: HashSet<&String> = HashSet::new();
        for one in &all {
            above.extend(&streams[at[one]].above);
        }
        let nearest = all.iter().filter(|one| !above.contains(one));
        streams[index].nearest = nearest.cloned().collect();
    }
}

/// The most generations of parents.
const DEPTH: usize = 6;

fn find<'s>(streams: &'s [Stream], name: &str) -> Option<&'s Stream> {
    streams.iter().find(|one| one.source_name == name)
}

/// The names of the parents that requests are made for.
pub(super) fn own_parents(stream: &Stream) -> &[String] {
    &stream.nearest
}

/// The column in which the records of a stream carry a value of an ancestor, and what has to be included for it.
fn carried(
    streams: &[Stream],
    lower: &str,
    upper: &str,
    key: &str,
    depth: usize,
) -> Option<(String, Vec<(String, Need)>)> {
    let stream = find(streams, lower).filter(|_| depth < DEPTH)?;
    for parent in &stream.nearest {
        let parent = find(streams, parent)?;
        if parent.source_name == upper {
            let column = format!("_{}_{}", parent.name, crate::names::name(key, "id"));
            let need = Need::FromParent(upper.to_owned(), key.to_owned());
            return Some((column, vec![(lower.to_owned(), need)]));
        }
        if !parent.above.contains(upper) {
            continue;
        }
        let (inner, mut needs) = carried(streams, &parent.source_name, upper, key, depth + 1)?;
        let column = format!("_{}_{inner}", parent.name);
        let need = Need::FromParent(parent.source_name.clone(), inner);
        needs.insert(0, (lower.to_owned(), need));
        return Some((column, needs));
    }
    None
}

/// What stands for a value of the parent's record.
fn field(parent: &str, keys: &str) -> String {
    format!("resources.{parent}.{keys}")
}

impl Builder<'_, '_> {
    /// What the requests of the stream may name of its slices.
    pub(super) fn partitions(&mut self, retriever: &Value) {
        let all: Vec<Value> = routers(retriever).into_iter().cloned().collect();
        let outer = retriever.at(&["partition_router"]);
        if outer.text_of("type") == Some("GroupingPartitionRouter") {
            self.lose(
                outer.place,
                "the groups of partitions are not imported: there is a request for each partition; `batch` of an \
                 endpoint sends one for several parents",
            );
        }
        for router in &all {
            match router.text_of("type").unwrap_or_default() {
                "SubstreamPartitionRouter" => self.parent_slices(router),
                "ListPartitionRouter" => self.list(router),
                _ if router.get("parent_stream_configs").is_some() => {
                    let class = router.text_of("class_name").unwrap_or_default();
                    self.lose(
                        router.place,
                        format!("the partition router `{class}` is Python: each record of the parent is a partition"),
                    );
                    self.parent_slices(router);
                }
                other => {
                    let class = router.text_of("class_name").unwrap_or(other);
                    let key = self.rendered(router, "cursor_field");
                    let key = key.or_else(|| self.rendered(router, "partition_field"));
                    let key = key.unwrap_or_else(|| "partition".to_owned());
                    let field = crate::names::name(&key, "partition");
                    if self.is_second(&field, router) {
                        continue;
                    }
                    let rust = hook(class);
                    self.lose(
                        router.place,
                        format!("the partition router `{class}` is Python: write `{rust}` in Rust"),
                    );
                    self.resource
                        .map("partitions")
                        .map(&field)
                        .set("rust", rust);
                    self.slice(&key, format!("partition.{field}"), Vec::new());
                    self.slice(&field, format!("partition.{field}"), Vec::new());
                }
            }
        }
        self.ancestors();
        // Options may name slices, so they come after all of these.
        for router in &all {
            let option = router.at(&["request_option"]);
            let field = self.rendered(router, "cursor_field");
            let field = field.or_else(|| self.rendered(router, "partition_field"));
            self.option(option, field.as_deref());
            for config in configs(router) {
                let field = self.rendered(config, "partition_field");
                self.option(config.at(&["request_option"]), field.as_deref());
            }
        }
    }

    /// A parent that is an ancestor of another one: its values are those that the other one carries.
    fn ancestors(&mut self) {
        let own = own_parents(self.stream);
        for slice in &mut self.scope.slices {
            let Some((upper, Need::Column(key))) = slice.needs.first().cloned() else {
                continue;
            };
            if own.contains(&upper) {
                continue;
            }
            let lower = own
                .iter()
                .find_map(|lower| Some((lower, carried(self.streams, lower, &upper, &key, 0)?)));
            if let Some((lower, (column, needs))) = lower
                && let Some(lower) = find(self.streams, lower)
            {
                slice.placeholder = field(&lower.name, &column);
                slice.needs = needs;
            }
        }
    }

    fn option(&mut self, option: &Value, field: Option<&str>) {
        if option.kind == Kind::Null {
            return;
        }
        let mut slices = self.scope.slices.iter();
        let found = slices.find(|slice| Some(slice.key.as_str()) == field);
        let Some(slice) = found.cloned() else {
            self.lose(
                option.place,
                "where the partition is sent: it has no value that is imported",
            );
            return;
        };
        let text = format!("{{{}}}", slice.placeholder);
        self.scope.used.borrow_mut().push(slice);
        // What a requester sends itself is set later, so that these are kept apart.
        self.injected.push((option.clone(), text));
    }

    pub(super) fn slice(&mut self, key: &str, placeholder: String, needs: Vec<(String, Need)>) {
        // The first of a key is the one that is found.
        if self.scope.slices.iter().all(|slice| slice.key != key) {
            self.scope.slices.push(Slice {
                key: key.to_owned(),
                placeholder,
                needs,
            });
        }
    }

    fn parent_slices(&mut self, router: &Value) {
        for config in configs(router) {
            let stream = config.at(&["stream"]);
            let source_name = name(stream);
            let found = self
                .streams
                .iter()
                .find(|one| one.source_name == source_name);
            let Some(parent) = found else {
                // It was lost where it stands.
                continue;
            };
            let parent_name = parent.name.clone();
            let key = self.rendered(config, "parent_key");
            let partition = self.rendered(config, "partition_field");
            let (Some(key), Some(partition)) = (key, partition) else {
                self.lose(
                    config.place,
                    "a parent without `parent_key` or `partition_field`",
                );
                continue;
            };
            let keys = key.replace('/', ".");
            let need = (source_name.clone(), Need::Column(keys.clone()));
            let placeholder = field(&parent_name, &keys);
            let mut known = self.scope.slices.iter();
            let known = known.find(|slice| slice.key == partition);
            if known.is_some_and(|slice| slice.placeholder != placeholder) {
                let what = format!(
                    "the parent `{source_name}`: another one has the `partition_field` `{partition}` too, and requests are made for that one only"
                );
                self.lose(config.place, what);
                continue;
            }
            self.slice(&partition, placeholder, vec![need]);
            if config.says("incremental_dependency") {
                let what = "`incremental_dependency`: children of all parents are fetched, not only of those that are new";
                self.lose(config.at(&["incremental_dependency"]).place, what);
            }
            for extra in config.at(&["extra_fields"]).elements() {
                let keys = extra.scalars();
                if keys.is_empty() {
                    continue;
                }
                let need = (source_name.clone(), Need::Column(keys.join(".")));
                let placeholder = field(&parent_name, &keys.join("."));
                self.slice(
                    &format!("extra_fields.{}", keys.join(".")),
                    placeholder,
                    vec![need],
                );
            }
            let parent = (source_name.as_str(), parent_name.as_str());
            let mut seen = HashSet::new();
            self.slices_of_parent(parent, &source_name, "parent_slice", 0, &mut seen);
        }
    }

    /// The slice of the parent itself, by its two names: what its records carry of their own ancestors.
    fn slices_of_parent(
        &mut self,
        parent: (&str, &str),
        of: &str,
        prefix: &str,
        depth: usize,
        seen: &mut HashSet<(String, usize)>,
    ) {
        let streams = self.streams;
        let Some(stream) = find(streams, of).filter(|_| depth < DEPTH) else {
            return;
        };
        if !seen.insert((of.to_owned(), depth)) {
            return;
        }
        for router in routers(stream.node.at(&["retriever"])) {
            if router.text_of("type") == Some("ListPartitionRouter") {
                let own = self.rendered(router, "cursor_field");
                if let Some(own) = own.filter(|_| depth == 0) {
                    let list = crate::names::name(&own, "partition");
                    let need = (parent.0.to_owned(), Need::FromPartition(list.clone()));
                    let placeholder = field(parent.1, &list);
                    self.slice(&format!("{prefix}.{own}"), placeholder, vec![need]);
                }
                continue;
            }
            for config in configs(router) {
                let upper = name(config.at(&["stream"]));
                let own = self.rendered(config, "partition_field");
                let key = self.rendered(config, "parent_key");
                let (Some(own), Some(key)) = (own, key) else {
                    continue;
                };
                if let Some((column, needs)) = carried(streams, parent.0, &upper, &key, 0) {
                    let placeholder = field(parent.1, &column);
                    self.slice(&format!("{prefix}.{own}"), placeholder, needs);
                }
                let prefix = format!("{prefix}.parent_slice");
                self.slices_of_parent(parent, &upper, &prefix, depth + 1, seen);
            }
        }
    }

    fn rendered(&mut self, config: &Value, key: &str) -> Option<String> {
        let text = config.get(key)?.scalar()?.to_owned();
        let made = self.renderer(config, Usage::Sent).text(&text).ok()?;
        (!made.contains('{') && !made.is_empty()).then_some(made)
    }

    /// Whether there are partitions of a name already, so that these are lost.
    fn is_second(&mut self, name: &str, router: &Value) -> bool {
        let partitions = self.resource.get("partitions").and_then(Node::as_map);
        let is_second = partitions.is_some_and(|known| known.get(name).is_some());
        if is_second {
            let what = format!(
                "the second partitions `{name}` are not imported: requests have the first ones"
            );
            self.lose(router.place, what);
        }
        is_second
    }

    fn list(&mut self, router: &Value) {
        let Some(field) = self.rendered(router, "cursor_field") else {
            self.lose(router.place, "a list of partitions without `cursor_field`");
            return;
        };
        let name = crate::names::name(&field, "partition");
        if self.is_second(&name, router) {
            return;
        }
        let values = router.at(&["values"]);
        let made: Option<Node> = match &values.kind {
            Kind::List(elements) => {
                let texts: Vec<String> = elements
                    .iter()
                    .filter_map(|one| {
                        self.text(one, router, Usage::Sent, "a value of the partition")
                    })
                    .collect();
                (!texts.is_empty()).then(|| texts.into())
            }
            _ => self.list_setting(values, router),
        };
        let Some(made) = made else {
            let text = shown(values.scalar().unwrap_or_default());
            self.lose(values.place, format!("the list of partitions, `{text}`"));
            return;
        };
        self.resource.map("partitions").set(&name, made);
        self.slice(&field, format!("partition.{name}"), Vec::new());
    }

    /// A list that the user gives.
    fn list_setting(&mut self, values: &Value, router: &Value) -> Option<Node> {
        let text = values.text()?.to_owned();
        let expr = self.renderer(router, Usage::Sent).expression(&text)?;
        if let super::jinja::Expr::List(elements) = &expr {
            let texts: Option<Vec<String>> =
                elements.iter().map(super::jinja::Expr::constant).collect();
            return texts.filter(|texts| !texts.is_empty()).map(Into::into);
        }
        let path = match &expr {
            super::jinja::Expr::Filter(of, name, _) if name == "default" => of,
            super::jinja::Expr::Binary("or", of, _) => of,
            // `config.x.split(",")`: a list is given as a list.
            super::jinja::Expr::Call(of, ..) => match &**of {
                super::jinja::Expr::Member(of, method)
                    if method.constant().as_deref() == Some("split") =>
                {
                    of
                }
                _ => return None,
            },
            expr => expr,
        };
        let keys = path.keys_of("config")?;
        self.importer.config.typed(&keys, "list", Usage::Address);
        let placeholder = self.importer.config.placeholder(&keys, Usage::Address);
        Some(Node::Text(format!("{{{placeholder}}}")))
    }
}
