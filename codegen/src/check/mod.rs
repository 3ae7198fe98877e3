//! Spec to connector: one named function per rule, defaults filled in, names made.
//!
//! The checks collect what they find and go on with the best guess, so that all mistakes of a spec
//! are reported at once, and so that a skeleton can be emitted in spite of them.

mod actions;
mod append;
mod auth;
mod calls;
pub(crate) mod change_token;
pub(crate) mod child_tables;
mod choices;
mod client;
mod column_values;
mod columns;
pub(crate) mod decoder;
mod endpoint;
mod groups;
pub(crate) mod hard_delete;
pub(crate) mod hooks;
mod included_settings;
mod incremental;
pub(crate) mod job;
mod keys;
mod lag;
mod link;
mod literal;
pub(crate) mod paginator;
pub(crate) mod parent;
pub(crate) mod partitions;
mod pieces;
pub(crate) mod records;
mod resource;
mod response_values;
pub(crate) mod retry;
mod settings;
mod steps;
mod strptime;
mod suspicious;
mod template;
mod time_columns;
mod times;
pub(crate) mod tree;
mod url;
mod variants;
pub(crate) mod windows;

use crate::Outline;
use crate::connector::{Connector, SourcePlan, Template};
use crate::diagnostic::{Diagnostic, Sink, Span};
use crate::grammar::source::client as client_key;
use crate::grammar::{self, resource as resource_key, source as key};
use crate::render::Source;
use crate::spec::{Spec, View};
use crate::yaml::Node;

use crate::names::{self, Taken};
use choices::Choices;
use client::Client;
use parent::Parent;
use partitions::Partitions;
use settings::Settings;
pub(crate) use template::NAMESPACES;
#[cfg(any(test, feature = "describe"))]
pub(crate) use {
    calls::{FUNCTIONS, placeholder_source},
    pieces::{Piece, pieces},
};

/// Whose request is checked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Requester {
    Resource,
    /// A login, which all fetches share.
    Login,
}

/// What the checks share.
struct Check<'a> {
    sink: &'a mut Sink,
    source: &'a Source,
    settings: Settings,
    /// What the user chooses his credentials from, of which a source has one.
    choices: Option<Choices>,
    /// The refresh token, of which a source has one.
    refresh_token: Option<(Template, Span)>,
    /// The names of types in the module, and of methods of `Source`.
    types: Taken,
    methods: Taken,
    /// The names of tables, in lower case.
    tables: Taken,
    /// Whether the objects of the resource that is checked keep what they have besides their columns.
    evolves: bool,
    outline: Outline,
    /// Whether `incremental` of the endpoint that is checked has an `end_value`.
    has_end: bool,
    /// Whose request is checked.
    requester: Requester,
    /// The type of its cursor.
    cursor: Option<crate::connector::Type>,
    /// The spec itself, and its `resource_defaults`.
    root: Node,
    /// The parent of the resource that is being checked, and what is taken of it.
    parent: Parent,
    taken: Vec<parent::Taken>,
    /// The values of a page that the requests of the resource may have a place for.
    pages: Option<paginator::Placeholders>,
    /// The values of a job that its requests may have a place for.
    job: job::JobFields,
    /// The further requests of a scroll.
    scroll: paginator::scroll::ScrollRequests,
    /// Its lists of values.
    partitions: Partitions,
    /// Whether the resource says what a null in a field of its parent does.
    handles_null_parents: bool,
    /// How many records of the parent a request is for, where it is for several.
    batch_size: Option<u32>,
}

/// The connector that a spec describes, to be used only where no error was reported, and the names
/// in it, which are good in any case.
pub(crate) fn check(spec: &Spec, source: &Source, sink: &mut Sink) -> (Connector, Outline) {
    let root = View::new(&spec.root, &grammar::SOURCE);
    let name = match root.text(&key::NAME) {
        Some(name) => name.text.to_owned(),
        None => file_stem(source.path()),
    };
    let name = source_name(&name, &root, sink);
    let settings = settings::read(&root, &name, sink);
    let mut check = Check {
        sink,
        source,
        settings,
        choices: None,
        refresh_token: None,
        types: Taken::types(),
        methods: Taken::methods(),
        tables: Taken::default(),
        evolves: false,
        outline: Outline::default(),
        root: without_resources(&spec.root),
        has_end: false,
        requester: Requester::Resource,
        cursor: None,
        parent: Parent::default(),
        taken: Vec::new(),
        pages: None,
        job: job::JobFields::None,
        scroll: paginator::scroll::ScrollRequests::default(),
        partitions: Partitions::default(),
        handles_null_parents: false,
        batch_size: None,
    };
    for (ident, name, span) in check.settings.types() {
        check.type_is_free(&ident, &name, &span);
    }
    let client = check.client(&root);
    let mut auths = Vec::new();
    let family = check.family(spec);
    let mut resources = Vec::with_capacity(spec.resources.len());
    for (node, kin) in spec.resources.iter().zip(family) {
        let resource = kin.and_then(|kin| check.resource(node, kin, &client, &mut auths));
        resources.push(resource);
    }
    check.changed_parents_are_known(&resources);
    check.client_is_inherited(&client, spec);
    check.credentials_travel_encrypted(&client);
    check.settings.one_variable_each(check.sink);
    check.everything_is_used(&root, spec);
    let choices = choices::finish(check.choices.take(), &check.settings.shared());
    let (secrets, config, setting_enums) = check.settings.finish();
    let outline = check.outline;
    let resources = link::link(resources);
    let plan = SourcePlan {
        name: name.into(),
        spec: source.path().to_owned().into(),
        choices: choices.into(),
        secrets,
        config,
        resources: resources.iter().map(|one| one.plan.clone()).collect(),
        ..client.plan
    };
    let connector = Connector {
        plan: plan.into(),
        description: root.get(&key::DESCRIPTION),
        setting_enums,
        resources,
    };
    (connector, outline)
}

impl Check<'_> {
    /// The line, from 1, of a place.
    fn line(&self, span: &Span) -> u32 {
        u32::try_from(self.source.line(span.start)).unwrap_or(u32::MAX)
    }

    /// Whether a key may be meant to be in a map, or in what a resource inherits.
    fn is_unclear(&self, map: &Node, key: &str) -> bool {
        let defaults = self.root.get(key::RESOURCE_DEFAULTS.name);
        let in_defaults = || {
            self.sink
                .is_unclear(&self.root, key::RESOURCE_DEFAULTS.name)
                || defaults.is_some_and(|defaults| self.sink.is_unclear(defaults, key))
        };
        self.sink.is_unclear(map, key) || in_defaults()
    }

    fn error(&mut self, diagnostic: Diagnostic) {
        self.sink.push(diagnostic);
    }

    /// What of the client every resource overrides: it is of no use, and yet it must be right.
    fn client_is_inherited(&mut self, client: &Client<'_>, spec: &Spec) {
        let is_inherited = |key: &str| {
            let own = |resource: &Node| {
                resource
                    .get(resource_key::RESOURCE_ENDPOINT.name)
                    .and_then(|one| one.get(key))
                    .is_some()
            };
            spec.resources.is_empty() || !spec.resources.iter().all(own)
        };
        if let Some(auth) = client.auth.filter(|_| !is_inherited(client_key::AUTH.name)) {
            self.auth(auth);
            self.overridden(client_key::AUTH.name, &auth.span);
        }
        if let Some(paginator) = client
            .paginator
            .filter(|_| !is_inherited(client_key::PAGINATOR.name))
        {
            self.paginator(paginator, true);
            self.overridden(client_key::PAGINATOR.name, &paginator.span);
        }
    }

    fn overridden(&mut self, key: &str, span: &Span) {
        self.sink.push(
            Diagnostic::warning(
                "RS0902",
                span,
                format!("every resource overrides the client's `{key}`"),
            )
            .help("remove it"),
        );
    }

    /// Settings and secrets that are declared and never used, and defaults that no resource takes.
    fn everything_is_used(&mut self, root: &View<'_>, spec: &Spec) {
        for (span, what) in self.settings.unused() {
            self.sink.push(
                Diagnostic::warning("RS0901", &span, format!("{what} is never used"))
                    .help("remove it, or use it in a placeholder"),
            );
        }
        let Some(defaults) = root.node(&key::RESOURCE_DEFAULTS) else {
            return;
        };
        let resources: Vec<&Node> = spec.resources.iter().collect();
        self.defaults_are_inherited(defaults, &resources);
    }

    /// Defaults, and those within them, each of which some resource has to take.
    fn defaults_are_inherited(&mut self, defaults: &Node, resources: &[&Node]) {
        for default in defaults.entries() {
            let name = default.key.name.as_str();
            let mut own = Vec::new();
            let mut is_removed = false;
            for resource in resources {
                let mut entries = resource.entries().iter();
                match entries.find(|entry| entry.key.name == name) {
                    Some(entry) => own.push(entry),
                    None => is_removed = true,
                }
            }
            let is_inherited = own.iter().any(|entry| entry.key.span == default.key.span);
            if is_inherited || resources.is_empty() {
                continue;
            }
            let values: Vec<&Node> = own.iter().map(|entry| &entry.value).collect();
            let is_map = |node: &&Node| !node.entries().is_empty();
            if !default.value.entries().is_empty() && values.iter().any(is_map) {
                let is_of_a_kind = [grammar::PAGINATOR.tag, grammar::COLUMN.tag]
                    .iter()
                    .any(|tag| default.value.get(tag).is_some());
                if !is_removed
                    && !is_of_a_kind
                    && name != resource_key::COLUMNS.name
                    && name != client_key::HEADERS.name
                    && values.iter().all(is_map)
                {
                    self.defaults_are_inherited(&default.value, &values);
                }
                continue;
            }
            self.sink.push(
                Diagnostic::warning(
                    "RS0902",
                    &default.key.span,
                    format!("every resource overrides the default `{name}`"),
                )
                .help("remove it"),
            );
        }
    }
}

/// The top of a spec, without what is large and looked at elsewhere.
fn without_resources(root: &Node) -> Node {
    let keys = root.entries().iter();
    let kept = keys.filter(|entry| {
        let name = entry.key.name.as_str();
        name != key::RESOURCES.name && name != key::SOURCE_CLIENT.name
    });
    Node {
        span: root.span.clone(),
        value: crate::yaml::Value::Map(kept.cloned().collect()),
    }
}

/// The name of the source; where the spec has none, the file's, which may not be fit for one.
fn source_name(name: &str, root: &View<'_>, sink: &mut Sink) -> String {
    let made = names::snake(name);
    if root.text(&key::NAME).is_none() && !crate::value::is_identifier(&made) {
        sink.push(
            Diagnostic::error(
                "RS0101",
                &(0..0),
                "the spec lacks `name`, and its file's name is none",
            )
            .help("add `name: …`"),
        );
    }
    if root.text(&key::NAME).is_some() {
        return name.to_owned();
    }
    made
}

/// `media_insights` of `specs/media_insights.yaml`.
fn file_stem(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.split_once('.')
        .map_or(file, |(stem, _)| stem)
        .to_owned()
}
