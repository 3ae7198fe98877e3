//! Configurations of dltHub's `rest_api` source, in Python, JSON, YAML, or a Markdown document with one of them.

mod client;
mod columns;
mod document;
mod evaluate;
mod incremental;
mod moment;
mod parents;
mod resources;
mod value;

use rest_source_codegen::write::{Element, Map, Node};

use crate::position::Lines;
use crate::settle::{Origins, settle};
use crate::{ImportError, Imported, Loss, NOT_CERTAIN, credentials, names};

use value::{Kind, Place, Reference, References, Value};

/// The most resources of a configuration.
const RESOURCES: usize = 2_000;

/// Makes a spec of a `rest_api` configuration. `file` is its name in messages.
///
/// Python is read as literals and never executed. Secrets (`dlt.secrets["token"]`) become secrets of the spec,
/// `dlt.config` its settings. A credential that the source has in plain text is left out.
///
/// # Errors
///
/// If the text has no configuration, or no literal one.
///
/// ```
/// use rest_source_import::dlt::import;
///
/// let source = r#"
/// source = rest_api_source({
///     "client": {"base_url": "https://api.example.com", "auth": {"token": dlt.secrets["shop.token"]}},
///     "resources": [{"name": "orders", "endpoint": {"path": "orders", "paginator": "header_link"}}],
/// })
/// "#;
/// let imported = import("shop.py", source).unwrap();
/// assert!(imported.text().contains("token: \"{secrets.token}\""));
/// assert_eq!(imported.losses, []);
/// ```
pub fn import(file: &str, text: &str) -> Result<Imported, ImportError> {
    let references = References::default();
    let document = document::read(file, text, &references)?;
    let mut convert = Convert {
        file: document.file,
        lines: Lines::new(text),
        references: &references,
        losses: Vec::new(),
        origins: Origins::default(),
    };
    let mut spec = Map::new();
    if let Some(name) = document
        .name
        .filter(|name| rest_source_codegen::write::is_name(name))
    {
        spec.set("name", name);
    }
    convert.config(&document.config, &mut spec)?;
    for at in document.changes {
        let what = "a statement that changes the configuration after its literal";
        convert.lose(&mut spec, &Place::At(at), what);
    }
    for (at, what) in document.adjustments {
        convert.lose(&mut spec, &Place::At(at), &what);
    }
    for at in document.others {
        let what = "a further configuration: import it from a file of its own";
        convert.lose(&mut spec, &Place::At(at), what);
    }
    let (losses, origins) = (convert.losses, convert.origins);
    settings(&mut spec, &references);
    settle(file, &origins, Imported { spec, losses })
}

/// Declares the settings that the spec uses.
fn settings(spec: &mut Map, references: &References) {
    let text = rest_source_codegen::write::text(spec);
    for name in references.settings() {
        if text.contains(&format!("{{config.{name}}}")) {
            spec.map("config").map(&name).set("type", "text");
        }
    }
}

/// What a conversion knows of its source, and what it lost.
struct Convert<'a> {
    file: String,
    lines: Lines<'a>,
    references: &'a References,
    losses: Vec<Loss>,
    origins: Origins,
}

impl Convert<'_> {
    fn place(&self, place: &Place) -> String {
        match place {
            Place::Line(line, column) => format!("{}:{line}:{column}", self.file),
            Place::Pointer(pointer) => format!("{}#{pointer}", self.file),
            Place::At(at) => self.lines.place(&self.file, *at),
        }
    }

    /// Lists what is lost, and notes it at the top of a map of the spec.
    fn lose(&mut self, into: &mut Map, place: &Place, what: &str) {
        let what: String = what
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let place = self.place(place);
        into.comment_top(&format!("Not imported: {what} ({place})"));
        self.losses.push(Loss { place, what });
    }

    fn config(&mut self, config: &Value, spec: &mut Map) -> Result<(), ImportError> {
        let wrong = |convert: &Self, place: &Place, message: &str| ImportError {
            place: convert.place(place),
            message: message.to_owned(),
            help: "write it as a literal: a dictionary, or a list of dictionaries".to_owned(),
        };
        let Some(client) = config
            .get("client")
            .filter(|client| document::is_map(client))
        else {
            return Err(wrong(
                self,
                &config.place,
                "the configuration has no literal `client`",
            ));
        };
        let resources = config
            .get("resources")
            .filter(|list| matches!(list.kind, Kind::List(_)));
        let Some(resources) = resources else {
            return Err(wrong(
                self,
                &config.place,
                "the configuration has no literal `resources`",
            ));
        };
        if resources.elements().len() > RESOURCES {
            let message = format!("the configuration has more than {RESOURCES} resources");
            return Err(wrong(self, &resources.place, &message));
        }
        let client_place = &client.get("base_url").unwrap_or(client).place;
        let client = self.client(client);
        spec.set("client", client);
        let defaults = config.get("resource_defaults");
        let made = self.resources(defaults, resources, spec);
        if made.is_empty() {
            return Err(wrong(
                self,
                &resources.place,
                "no resource of the configuration can be imported",
            ));
        }
        self.secure(client_place, &made, spec);
        let mut types = names::Types::default();
        let elements = made.into_iter().map(|mut resource| {
            types.name_record(&mut resource);
            Element::new(resource)
        });
        spec.set("resources", Node::List(elements.collect()));
        for (key, value) in config.entries() {
            if !matches!(key.as_str(), "client" | "resources" | "resource_defaults") {
                self.lose(
                    spec,
                    &value.place,
                    &format!("`{key}`, which is not a key of a configuration"),
                );
            }
        }
        Ok(())
    }

    /// Sends secrets over https.
    fn secure(&mut self, place: &Place, resources: &[Map], spec: &mut Map) {
        let url = spec.get("client").and_then(Node::as_map);
        let url = url
            .and_then(|client| client.get("base_url"))
            .and_then(Node::as_text);
        let Some(rest) = url.and_then(|url| url.strip_prefix("http://")) else {
            return;
        };
        let url = format!("https://{rest}");
        let is_open = |map: &Map| rest_source_codegen::write::text(map).contains("{secrets.");
        if credentials::is_loopback(&url) || !is_open(spec) && !resources.iter().any(is_open) {
            return;
        }
        let mut client = std::mem::take(spec.map("client"));
        client.set("base_url", url);
        let what = "plain http, over which credentials are not sent: it is https here";
        self.lose(&mut client, place, what);
        spec.set("client", client);
    }

    /// A value as it is. What is not literal is lost.
    fn node(&mut self, value: &Value, key: &str, into: &mut Map) -> Option<Node> {
        Some(match &value.kind {
            Kind::Null => Node::Null,
            Kind::Bool(value) => Node::Bool(*value),
            Kind::Number(text) => Node::Number(text.clone()),
            Kind::Text(text) if credentials::is_secret_name(key) => {
                self.secret(value, key, text, into)
            }
            Kind::Text(text) => Node::Text(text.clone()),
            Kind::Unnamed(kind) => Node::Text(self.references.placeholder(*kind, key)),
            Kind::List(elements) => {
                let elements = elements.iter().filter_map(|one| self.node(one, key, into));
                Node::List(elements.map(Element::new).collect())
            }
            Kind::Map(entries) => {
                let mut map = Map::new();
                for (key, value) in entries {
                    if let Some(node) = self.node(value, key, into) {
                        map.set(key, node);
                    }
                }
                Node::Map(map)
            }
            Kind::Object(class, _) => {
                self.lose(
                    into,
                    &value.place,
                    &format!("`{key}`: an object of `{class}`"),
                );
                return None;
            }
            Kind::Other(what) => {
                self.lose(into, &value.place, &format!("`{}`: {what}", shown(key)));
                return None;
            }
        })
    }

    /// A text that is a secret: a placeholder, in place of one that stands in the source.
    fn secret(&mut self, value: &Value, key: &str, text: &str, into: &mut Map) -> Node {
        if text.contains("{secrets.") || text.contains("{resources.") || text.is_empty() {
            return Node::from(text);
        }
        if text.contains("{config.") {
            return Node::from(text.replace("{config.", "{secrets."));
        }
        let what = format!(
            "`{key}`, a secret that the source has in plain text: it is read from the environment here"
        );
        self.lose(into, &value.place, &what);
        Node::Text(self.references.placeholder(Reference::Secret, key))
    }
}

/// A key for messages.
fn shown(key: &str) -> &str {
    if key.starts_with("**") { "**" } else { key }
}

/// The comment on what the source does not decide.
fn not_certain(what: &str) -> String {
    format!("{NOT_CERTAIN}{what}")
}
