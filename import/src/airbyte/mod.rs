//! Airbyte's low-code manifests: streams as resources.
//!
//! Templates are read, not run. What a manifest says that a spec cannot say is lost by name, with its place.

mod auth;
mod choices;
mod columns;
mod config;
mod credentials;
mod errors;
mod incremental;
mod jinja;
mod keys;
mod paging;
mod partitions;
mod request;
mod resolve;
mod same;
mod spec;
mod stops;
mod stream;
mod text;
mod times;

use std::collections::HashSet;

use rest_source_codegen::write::{Map, Node};

use crate::settle::{Origins, settle};
use crate::tree::{self, Kind, Place, Value};
use crate::{ImportError, Imported, Loss};

use config::Config;
use resolve::Resolver;

/// Finds a schema file by the path that a manifest names: its name in messages, and its text.
pub type SchemaFile<'a> = &'a dyn Fn(&str) -> Option<(String, String)>;

/// The most streams of a manifest, parents included.
const STREAMS: usize = 1_000;
/// The most values of all streams after references are followed.
const VALUES: usize = 2_000_000;

fn size(value: &Value) -> usize {
    match &value.kind {
        Kind::List(elements) => 1 + elements.iter().map(size).sum::<usize>(),
        Kind::Map(entries) => 1 + entries.iter().map(|(_, value)| size(value)).sum::<usize>(),
        _ => 1,
    }
}

/// Makes a spec of a low-code manifest. `file` is its name in messages. Nothing of the manifest is run.
///
/// # Errors
///
/// If the text is not YAML or JSON, not a manifest, has references that lead back to themselves, or has no stream that
/// can be imported.
///
/// ```
/// use rest_source_import::airbyte::import;
///
/// let manifest = "
/// type: DeclarativeSource
/// streams:
///   - type: DeclarativeStream
///     name: orders
///     retriever:
///       type: SimpleRetriever
///       requester: { type: HttpRequester, url_base: https://api.example.com, path: /orders }
///       record_selector: { type: RecordSelector, extractor: { type: DpathExtractor, field_path: [data] } }
///     schema_loader:
///       type: InlineSchemaLoader
///       schema: { type: object, properties: { id: { type: string } } }
/// ";
/// let imported = import("manifest.yaml", manifest, &|_| None).unwrap();
/// assert!(imported.losses.is_empty());
/// assert!(imported.text().contains("path: /orders"));
/// ```
pub fn import(file: &str, text: &str, schemas: SchemaFile<'_>) -> Result<Imported, ImportError> {
    let root = tree::parse_placed(file, 0, text)?;
    let resolver = Resolver { file, root: &root };
    let error = |place: Place, message: &str, help: &str| ImportError {
        place: format!("{file}:{}:{}", place.line.max(1), place.column.max(1)),
        message: message.to_owned(),
        help: help.to_owned(),
    };
    let specification = match root.get("spec") {
        Some(spec) => Some(resolver.resolve(spec)?),
        // Older connectors have it in a file beside the manifest.
        None => ["spec.yaml", "spec.json"].iter().find_map(|name| {
            let (file, text) = schemas(name)?;
            tree::parse_placed(&file, 0, &text).ok()
        }),
    };
    let specification = specification.and_then(|spec| {
        let named = spec.get("connection_specification");
        named.or(spec.get("connectionSpecification")).cloned()
    });
    let mut importer = Importer {
        files: vec![file.to_owned()],
        schemas,
        config: Config::new(specification),
        losses: Vec::new(),
        known: HashSet::new(),
        retry: Map::new(),
    };
    let budget = root.at(&["api_budget"]);
    if budget.kind != Kind::Null {
        let what = "`api_budget` is not imported: say it as `client.rate_limit`";
        importer.lose(budget.place, what.to_owned());
    }
    let streams = importer.streams(&resolver)?;
    if streams.is_empty() {
        let is_manifest = root.get("streams").is_some() || root.get("dynamic_streams").is_some();
        let texts = root.at(&["streams"]).scalars();
        if texts.iter().any(|text| text.starts_with("*ref(")) {
            return Err(error(
                root.at(&["streams"]).place,
                "the manifest is of an old form, with `*ref(…)`, which Airbyte does not read any more",
                "give a newer version of the connector, or write references as `$ref: '#/definitions/…'`",
            ));
        }
        return Err(if is_manifest {
            error(
                root.at(&["streams"]).place,
                "the manifest has no stream that can be imported",
                "streams are maps with a `retriever` and a `name`",
            )
        } else {
            error(
                root.place,
                "the document has no `streams`",
                "give a low-code manifest: `manifest.yaml` of a connector",
            )
        });
    }
    let mut spec = importer.spec(&root, &streams);
    choices::need_only_their_own(&mut spec);
    let is_empty = spec
        .get("resources")
        .map_or(&[][..], Node::elements)
        .is_empty();
    if is_empty && let Some(loss) = importer.losses.first() {
        return Err(ImportError {
            place: loss.place.clone(),
            message: format!("no stream of the manifest can be imported: {}", loss.what),
            help: "fix it there, and import again".to_owned(),
        });
    }
    let mut origins = Origins::default();
    for stream in &streams {
        origins.insert(&stream.name, importer.shown(stream.node.place));
    }
    settle(
        file,
        &origins,
        Imported {
            spec,
            losses: importer.losses,
        },
    )
}

/// What the streams of a manifest share while they are imported.
struct Importer<'a> {
    /// The names of the files that places are in.
    files: Vec<String>,
    schemas: SchemaFile<'a>,
    config: Config,
    losses: Vec<Loss>,
    /// The losses as text, each of which is told once.
    known: HashSet<String>,
    /// The `retry` of the client.
    retry: Map,
}

/// A stream of the manifest.
struct Stream {
    node: Value,
    /// Its name in the manifest, or one of its own if another stream has that name.
    source_name: String,
    /// Its name in the spec.
    name: String,
    /// Whether it is there for its children only.
    is_extra: bool,
    /// The names in the manifest of all its ancestors.
    above: HashSet<String>,
    /// The names in the manifest of its parents that are no ancestors of another one.
    nearest: Vec<String>,
}

impl Importer<'_> {
    fn shown(&self, place: Place) -> String {
        let file = self.files.get(place.file as usize).or(self.files.first());
        let file = file.map_or("", String::as_str);
        if place.line == 0 {
            return file.to_owned();
        }
        format!("{file}:{}:{}", place.line, place.column)
    }

    fn lose(&mut self, place: Place, what: String) {
        let loss = Loss {
            place: self.shown(place),
            what,
        };
        if self.known.insert(loss.to_string()) {
            self.losses.push(loss);
        }
    }

    /// The streams, and the parents that are not among them.
    fn streams(&mut self, resolver: &Resolver<'_>) -> Result<Vec<Stream>, ImportError> {
        let mut names = crate::names::Names::default();
        let mut streams: Vec<Stream> = Vec::new();
        let listed = resolver.root.at(&["streams"]);
        let listed = match &listed.kind {
            Kind::Text(_) => resolver.resolve(listed)?,
            _ => listed.clone(),
        };
        let mut left = VALUES;
        for stream in listed.elements() {
            let node = stream::delegated(resolver.resolve(stream)?);
            left = left.saturating_sub(size(&node));
            if left == 0 {
                return Err(ImportError {
                    place: self.shown(stream.place),
                    message: format!(
                        "the streams have more than {VALUES} values, references followed"
                    ),
                    help: "split it, and import each part".to_owned(),
                });
            }
            let source_name = stream::name(&node);
            if !self.is_stream(&node, &source_name) {
                continue;
            }
            if streams.iter().any(|one| one.source_name == source_name) {
                let what = format!("the second stream `{source_name}` is not imported");
                self.lose(node.place, what);
                continue;
            }
            self.add(node, source_name, false, &mut names, &mut streams)?;
        }
        for stream in resolver.root.at(&["dynamic_streams"]).elements() {
            self.lose(
                stream.place,
                "streams that are made at run time are not imported: list them as `streams`"
                    .to_owned(),
            );
        }
        self.add_parents(&mut names, &mut streams)?;
        partitions::find_ancestors(&mut streams);
        Ok(streams)
    }

    /// Whether a node is a stream; one that is not is lost.
    fn is_stream(&mut self, node: &Value, source_name: &str) -> bool {
        if node.get("retriever").is_some() && !source_name.is_empty() {
            return true;
        }
        let class = node
            .text_of("class_name")
            .or(node.text_of("type"))
            .unwrap_or("unknown");
        self.lose(
            node.place,
            format!("the stream `{source_name}` (`{class}`) is not imported: it has no `retriever` or no name"),
        );
        false
    }

    fn add(
        &mut self,
        node: Value,
        source_name: String,
        is_extra: bool,
        names: &mut crate::names::Names,
        streams: &mut Vec<Stream>,
    ) -> Result<(), ImportError> {
        if streams.len() >= STREAMS {
            return Err(ImportError {
                place: self.shown(node.place),
                message: format!("the manifest has more than {STREAMS} streams and parents"),
                help: "split it, and import each part".to_owned(),
            });
        }
        let name = names.take_resource(&crate::names::name(&source_name, "stream"));
        streams.push(Stream {
            node,
            source_name,
            name,
            is_extra,
            above: HashSet::new(),
            nearest: Vec::new(),
        });
        Ok(())
    }

    /// Finds the parents of each stream by what they are, adds those that are no stream yet, and names each parent as
    /// its stream is named.
    fn add_parents(
        &mut self,
        names: &mut crate::names::Names,
        streams: &mut Vec<Stream>,
    ) -> Result<(), ImportError> {
        // Each stream as the manifest has it.
        let as_written = |one: &Stream| (one.source_name.clone(), one.node.clone());
        let mut written: Vec<(String, Value)> = streams.iter().map(as_written).collect();
        let mut at = 0;
        while at < streams.len() {
            let mut node = std::mem::replace(&mut streams[at].node, Value::new(Kind::Null));
            let child = streams[at].source_name.clone();
            for parent in partitions::parents_mut(&mut node) {
                let whole = std::mem::replace(parent, Value::new(Kind::Null));
                *parent = stream::delegated(whole);
                let name = stream::name(parent);
                if !self.is_stream(parent, &name) {
                    stream::set_name(parent, "");
                    continue;
                }
                let known = written
                    .iter()
                    .position(|(known, one)| *known == name && same::is_same(one, parent));
                let known = known.unwrap_or(streams.len());
                if known == streams.len() {
                    let own = free_name(streams, &name, &child);
                    written.push((name, parent.clone()));
                    self.add(parent.clone(), own, true, names, streams)?;
                }
                stream::set_name(parent, &streams[known].source_name);
            }
            streams[at].node = node;
            at += 1;
        }
        Ok(())
    }
}

/// The name of a parent, or one of its own if another stream has that name.
fn free_name(streams: &[Stream], name: &str, child: &str) -> String {
    let is_free = |name: &str| streams.iter().all(|one| one.source_name != name);
    if is_free(name) {
        return name.to_owned();
    }
    let own = format!("{name}_of_{child}");
    let more = (2..).map(|number| format!("{own}_{number}"));
    std::iter::once(own.clone())
        .chain(more)
        .find(|name| is_free(name))
        .unwrap_or(own)
}
