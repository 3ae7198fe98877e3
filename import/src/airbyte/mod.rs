//! Airbyte's low-code manifests: streams as resources.
//!
//! Templates are read, not run. What a manifest says that a spec cannot say is lost by name, with its place.

mod auth;
mod columns;
mod config;
mod errors;
mod incremental;
mod jinja;
mod paging;
mod partitions;
mod request;
mod resolve;
mod spec;
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
    let spec = importer.spec(&root, &streams);
    let is_empty = spec
        .get("resources")
        .map_or(&[][..], Node::elements)
        .is_empty();
    if is_empty && let Some(loss) = importer.losses.first() {
        return Err(ImportError {
            place: loss.place.clone(),
            message: format!("no stream of the manifest can be imported: {}", loss.what),
            help: "mend it there, and import again".to_owned(),
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
    /// Its name in the manifest.
    source_name: String,
    /// Its name in the spec.
    name: String,
    /// Whether it is there for its children only.
    is_extra: bool,
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
        let mut waiting: Vec<(Value, bool)> = Vec::new();
        for stream in listed.elements() {
            let node = resolver.resolve(stream)?;
            self.add(node, false, &mut names, &mut streams, &mut waiting);
            if streams.len() + waiting.len() > STREAMS {
                return Err(ImportError {
                    place: self.shown(stream.place),
                    message: format!("the manifest has more than {STREAMS} streams and parents"),
                    help: "split it, and import each part".to_owned(),
                });
            }
        }
        for stream in resolver.root.at(&["dynamic_streams"]).elements() {
            self.lose(
                stream.place,
                "streams that are made at run time are not imported: list them as `streams`"
                    .to_owned(),
            );
        }
        while let Some((stream, is_extra)) = waiting.pop() {
            self.add(stream, is_extra, &mut names, &mut streams, &mut waiting);
        }
        Ok(streams)
    }

    fn add(
        &mut self,
        node: Value,
        is_extra: bool,
        names: &mut crate::names::Names,
        streams: &mut Vec<Stream>,
        waiting: &mut Vec<(Value, bool)>,
    ) {
        let node = stream::delegated(node);
        let source_name = stream::name(&node);
        let is_stream = node.get("retriever").is_some();
        if !is_stream || source_name.is_empty() {
            let class = node
                .text_of("class_name")
                .or(node.text_of("type"))
                .unwrap_or("unknown");
            self.lose(
                node.place,
                format!("the stream `{source_name}` (`{class}`) is not imported: it has no `retriever` or no name"),
            );
            return;
        }
        if streams.iter().any(|one| one.source_name == source_name) {
            if !is_extra {
                self.lose(
                    node.place,
                    format!("the second stream `{source_name}` is not imported"),
                );
            }
            return;
        }
        for parent in partitions::parents(&node) {
            waiting.push((parent.clone(), true));
        }
        let name = names.take_resource(&crate::names::name(&source_name, "stream"));
        streams.push(Stream {
            node,
            source_name,
            name,
            is_extra,
        });
    }
}
