//! A project file: which sources are loaded into which destinations.

use std::{collections::BTreeMap, time::Duration};

use crate::connector::Text;
use crate::diagnostic::{Diagnostic, Diagnostics, Sink};
use crate::grammar::{
    Context, DefaultKey, Key, Shape, duration, flag, integer, key, text as text_key,
};
use crate::redact::Redaction;
use crate::render::Source;
use crate::spec::{self, View};
use crate::{read, suggest, yaml};

/// The sources and destinations of a project file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// How many sources are loaded at the same time.
    pub concurrency: u64,
    /// In the order of the file.
    pub destinations: Vec<ProjectDestination>,
    /// In the order of the file.
    pub sources: Vec<ProjectSource>,
}

/// A destination of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectDestination {
    /// Its name in the project.
    pub name: String,
    /// Its line in the file.
    pub line: usize,
    /// As `--to` has it.
    pub to: String,
    /// The schema of a Postgres database.
    pub schema: Option<String>,
    /// A prefix for the tables of sources without one.
    pub table_prefix: Option<String>,
}

/// A source of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one for each option")]
pub struct ProjectSource {
    /// Its name in the project.
    pub name: String,
    /// Its line in the file.
    pub line: usize,
    /// The path of the spec, relative to the project file.
    pub spec: String,
    /// The name of its destination.
    pub destination: String,
    /// The resources to load; empty for all selected ones.
    pub resources: Vec<String>,
    /// Settings by name.
    pub settings: BTreeMap<String, String>,
    /// The environment variables of secrets, by the name of the secret.
    pub secrets: BTreeMap<String, String>,
    /// A file with the values of variables, relative to the project file.
    pub env_file: Option<String>,
    /// The file of a rotating refresh token, relative to the project file.
    pub token_file: Option<String>,
    /// Another base URL than the spec's.
    pub base_url: Option<String>,
    /// PEM file with a client certificate.
    pub client_certificate: Option<String>,
    /// PEM file with certificate authorities.
    pub ca_file: Option<String>,
    /// A prefix for the names of its tables.
    pub table_prefix: Option<String>,
    /// Whether rows are stamped.
    pub stamp_rows: bool,
    /// Whether records that are set aside are kept.
    pub keep_rejects: bool,
    /// Whether tables that no load created may be changed.
    pub adopt: bool,
    /// Whether everything is fetched again.
    pub full_refresh: bool,
    /// Whether interrupted loads are resumed.
    pub resume: bool,
    /// Whether rows of another request are accepted.
    pub keep_state: bool,
    /// The most requests of a run.
    pub max_requests: Option<u64>,
    /// The time in which requests of a run may begin.
    pub max_time: Option<Duration>,
}

static PROJECT: Context = Context {
    name: "a project",
    keys: &[&CONCURRENCY, &DESTINATIONS, &SOURCES],
};

static CONCURRENCY: DefaultKey<u64> = integer(
    "concurrency",
    1,
    "how many sources are loaded at the same time",
)
.or(4);
static DESTINATIONS: Key = key(
    "destinations",
    Shape::Dict(&Shape::Map(&DESTINATION)),
    "where sources are loaded to, by name",
)
.required();
static SOURCES: Key = key(
    "sources",
    Shape::Dict(&Shape::Map(&SOURCE)),
    "what is loaded, by name",
)
.required();

static DESTINATION: Context = Context {
    name: "a destination",
    keys: &[&TO, &SCHEMA, &TABLE_PREFIX],
};

static TO: Key<Text> = text_key("to", "the destination, as `load --to` has it").required();
static SCHEMA: Key<Text> = text_key("schema", "the schema of a Postgres database");
static TABLE_PREFIX: Key<Text> = text_key("table_prefix", "a prefix for the names of all tables");

static SOURCE: Context = Context {
    name: "a source",
    keys: &[
        &SPEC,
        &TO_DESTINATION,
        &RESOURCES,
        &SETTINGS,
        &SECRETS,
        &ENV_FILE,
        &TOKEN_FILE,
        &BASE_URL,
        &CLIENT_CERTIFICATE,
        &CA_FILE,
        &TABLE_PREFIX,
        &STAMP_ROWS,
        &KEEP_REJECTS,
        &ADOPT,
        &FULL_REFRESH,
        &RESUME,
        &KEEP_STATE,
        &MAX_REQUESTS,
        &MAX_TIME,
    ],
};

static SPEC: Key<Text> = text_key("spec", "the path of the spec").required();
static TO_DESTINATION: Key<Text> = text_key(
    "destination",
    "the name of its destination; may be left out if there is one only",
);
static RESOURCES: Key = key(
    "resources",
    Shape::List(&Shape::Text),
    "the resources to load",
);
static SETTINGS: Key = key("settings", Shape::Dict(&Shape::Scalar), "settings by name");
static SECRETS: Key = key(
    "secrets",
    Shape::Dict(&Shape::Text),
    "the environment variables of secrets, as `env:NAME`, by the name of the secret",
);
static ENV_FILE: Key<Text> = text_key("env_file", "as `load --env-file`");
static TOKEN_FILE: Key<Text> = text_key("token_file", "the file of a rotating refresh token");
static BASE_URL: Key<Text> = text_key("base_url", "another base URL than the spec's");
static CLIENT_CERTIFICATE: Key<Text> =
    text_key("client_certificate", "PEM file with a client certificate");
static CA_FILE: Key<Text> = text_key("ca_file", "PEM file with certificate authorities");
static STAMP_ROWS: DefaultKey<bool> = flag("stamp_rows", "as `load --stamp-rows`").or(false);
static KEEP_REJECTS: DefaultKey<bool> = flag("keep_rejects", "as `load --keep-rejects`").or(false);
static ADOPT: DefaultKey<bool> = flag("adopt", "as `load --adopt`").or(false);
static FULL_REFRESH: DefaultKey<bool> = flag("full_refresh", "as `load --full-refresh`").or(false);
static RESUME: DefaultKey<bool> = flag("resume", "as `load --resume`").or(false);
static KEEP_STATE: DefaultKey<bool> = flag("keep_state", "as `load --keep-state`").or(false);
static MAX_REQUESTS: Key<u64> = integer("max_requests", 1, "as `load --max-requests`");
static MAX_TIME: Key<Duration> = duration("max_time", "as `load --max-time`");

/// Reads a project file. Returns `None` if it has errors.
///
/// ```
/// let text = "
/// destinations: { warehouse: { to: env:WAREHOUSE } }
/// sources:
///   media: { spec: media.yaml, secrets: { api_key: env:MEDIA_PRODUCTION_KEY } }
/// ";
/// let (project, _) = rest_source_codegen::project::read("rest-source.yaml", text);
/// assert_eq!(project.unwrap().sources[0].destination, "warehouse");
///
/// let (project, diagnostics) =
///     rest_source_codegen::project::read("rest-source.yaml", &text.replace("spec:", "specs:"));
/// assert!(project.is_none() && diagnostics.messages()[0].contains("unknown key `specs`"));
/// ```
pub fn read(path: &str, text: &str) -> (Option<Project>, Diagnostics) {
    let mut sink = Sink::default();
    let mut source = Source::new(path, text);
    let mut document = yaml::parse(text, &mut sink);
    let mut redaction = crate::credentials(text, &mut document, &sink);
    hide_urls(text, &mut redaction);
    let mut project = None;
    if let Some(root) = &document.root {
        if document.whole {
            read::structure(root, &PROJECT, "the project", &mut sink);
        }
        let mut reading = Reading {
            text,
            sink: &mut sink,
            redaction: &mut redaction,
        };
        project = Some(reading.project(&View::new(root, &PROJECT)));
    } else if document.whole {
        sink.push(
            Diagnostic::error("RS0110", &(0..0), "the project is empty")
                .help("a project has `destinations` and `sources`"),
        );
    }
    source.redact(redaction);
    sink.doubt(&document.shared);
    (project.filter(|_| !sink.has_errors()), sink.finish(source))
}

struct Reading<'a> {
    text: &'a str,
    sink: &'a mut Sink,
    redaction: &'a mut Redaction,
}

impl Reading<'_> {
    fn project(&mut self, view: &View<'_>) -> Project {
        let entries = view.entries(&DESTINATIONS);
        let destinations: Vec<_> = entries
            .iter()
            .map(|entry| self.destination(entry))
            .collect();
        let sources = view.entries(&SOURCES);
        for (key, entries) in [(&DESTINATIONS, entries), (&SOURCES, sources)] {
            if let Some(node) = view.node(key).filter(|_| entries.is_empty())
                && matches!(node.value, yaml::Value::Map(_))
            {
                let message = format!("`{}` of the project is empty", key.name);
                self.sink
                    .push(Diagnostic::error("RS0110", &node.span, message));
            }
        }
        Project {
            concurrency: view.get(&CONCURRENCY),
            sources: sources
                .iter()
                .map(|entry| self.source(entry, &destinations))
                .collect(),
            destinations,
        }
    }

    fn destination(&mut self, entry: &yaml::Entry) -> ProjectDestination {
        let view = View::new(&entry.value, &DESTINATION);
        if let Some(to) = view.text(&TO).filter(|to| has_password(to.text)) {
            self.plain(to, "the destination has a password in plain text");
        }
        ProjectDestination {
            name: entry.key.name.clone(),
            line: self.line(entry),
            to: string(&view, &TO).unwrap_or_default(),
            schema: string(&view, &SCHEMA),
            table_prefix: string(&view, &TABLE_PREFIX),
        }
    }

    fn source(
        &mut self,
        entry: &yaml::Entry,
        destinations: &[ProjectDestination],
    ) -> ProjectSource {
        let view = View::new(&entry.value, &SOURCE);
        if let Some(url) = view.text(&BASE_URL).filter(|url| has_password(url.text)) {
            self.plain(url, "the base URL has a password in plain text");
        }
        self.options_agree(&view);
        ProjectSource {
            name: entry.key.name.clone(),
            line: self.line(entry),
            spec: string(&view, &SPEC).unwrap_or_default(),
            destination: self.destination_of(entry, &view, destinations),
            resources: view
                .texts(&RESOURCES)
                .into_iter()
                .map(|text| text.text.to_owned())
                .collect(),
            settings: view
                .entries(&SETTINGS)
                .iter()
                .filter_map(|one| {
                    Some((
                        one.key.name.clone(),
                        spec::text(&one.value)?.text.to_owned(),
                    ))
                })
                .collect(),
            secrets: self.secrets(&view),
            env_file: string(&view, &ENV_FILE),
            token_file: string(&view, &TOKEN_FILE),
            base_url: string(&view, &BASE_URL),
            client_certificate: string(&view, &CLIENT_CERTIFICATE),
            ca_file: string(&view, &CA_FILE),
            table_prefix: string(&view, &TABLE_PREFIX),
            stamp_rows: view.get(&STAMP_ROWS),
            keep_rejects: view.get(&KEEP_REJECTS),
            adopt: view.get(&ADOPT),
            full_refresh: view.get(&FULL_REFRESH),
            resume: view.get(&RESUME),
            keep_state: view.get(&KEEP_STATE),
            max_requests: view.get(&MAX_REQUESTS),
            max_time: view.get(&MAX_TIME),
        }
    }

    /// The variables of secrets. Any other value may be the secret itself, and is not shown.
    fn secrets(&mut self, view: &View<'_>) -> BTreeMap<String, String> {
        let mut secrets = BTreeMap::new();
        if let Some(node) = view.node(&SECRETS)
            && !matches!(node.value, yaml::Value::Map(_))
        {
            self.hide(node);
        }
        for entry in view.entries(&SECRETS) {
            let Some(value) = spec::text(&entry.value) else {
                self.hide(&entry.value);
                continue;
            };
            match value.text.strip_prefix("env:") {
                Some(name) if is_variable(name) => {
                    secrets.insert(entry.key.name.clone(), name.to_owned());
                }
                _ => self.plain(value, "a secret in plain text"),
            }
        }
        secrets
    }

    /// Hides a value of the wrong kind, which may be a secret.
    fn hide(&mut self, node: &yaml::Node) {
        let text = self.text.get(node.span.clone()).unwrap_or_default();
        self.redaction.hide(&node.span, text);
        match &node.value {
            yaml::Value::Scalar(scalar) => self.redaction.hide(&node.span, &scalar.text),
            yaml::Value::List(elements) => elements.iter().for_each(|one| self.hide(one)),
            yaml::Value::Map(entries) => entries.iter().for_each(|one| self.hide(&one.value)),
        }
    }

    fn plain(&mut self, value: spec::Text<'_>, message: &str) {
        self.redaction.hide(value.span, value.text);
        self.sink.push(
            Diagnostic::error("RS0871", value.span, message)
                .help("write `env:NAME`, where the environment variable `NAME` has it"),
        );
    }

    fn destination_of(
        &mut self,
        entry: &yaml::Entry,
        view: &View<'_>,
        destinations: &[ProjectDestination],
    ) -> String {
        let names: Vec<&str> = destinations.iter().map(|one| one.name.as_str()).collect();
        let Some(name) = view.text(&TO_DESTINATION) else {
            if let [only] = names[..] {
                return only.to_owned();
            }
            let is_known = !names.is_empty() && view.entry(&TO_DESTINATION).is_none();
            if is_known && !self.sink.has_unknown_key_in(&entry.value.span) {
                let message = format!("the source `{}` names no destination", entry.key.name);
                let names = names.join("`, `");
                self.sink.push(
                    Diagnostic::error("RS0872", &entry.key.span, message)
                        .help(format!("add `destination`, one of `{names}`")),
                );
            }
            return String::new();
        };
        if !names.is_empty() && !names.contains(&name.text) {
            let message = format!("there is no destination `{}`", name.text);
            let diagnostic = Diagnostic::error("RS0872", name.span, message);
            let known = names.join("`, `");
            self.sink.push(match suggest::closest(name.text, &names) {
                Some(near) => diagnostic.did_you_mean(name.text, near),
                None => diagnostic.help(format!("the destinations are `{known}`")),
            });
        }
        name.text.to_owned()
    }

    /// Options of which one makes the other meaningless.
    fn options_agree(&mut self, view: &View<'_>) {
        if view.get(&FULL_REFRESH) && view.get(&KEEP_STATE) {
            let place = view.place(&KEEP_STATE);
            self.sink.push(
                Diagnostic::error("RS0873", place, "`keep_state` beside `full_refresh`")
                    .help("remove one of them: a full refresh replaces the rows that `keep_state` would keep")
                    .also(view.place(&FULL_REFRESH), "all rows are replaced here"),
            );
        }
        if let Some(node) = view.node(&RESOURCES).filter(|node| is_empty_list(node)) {
            self.sink.push(
                Diagnostic::error("RS0110", &node.span, "the list of `resources` is empty")
                    .help("name the resources to load, or remove the key: all of the spec are loaded then"),
            );
        }
        let zero = view.get(&MAX_TIME).filter(Duration::is_zero);
        if let (Some(node), Some(_)) = (view.node(&MAX_TIME), zero) {
            self.sink.push(
                Diagnostic::error("RS0109", &node.span, "`max_time` is zero")
                    .help("no request would be sent: write a longer time, or remove the key"),
            );
        }
    }

    fn line(&self, entry: &yaml::Entry) -> usize {
        let before = self.text.get(..entry.key.span.start).unwrap_or_default();
        before.matches('\n').count() + 1
    }
}

fn is_empty_list(node: &yaml::Node) -> bool {
    matches!(&node.value, yaml::Value::List(elements) if elements.is_empty())
}

fn string(view: &View<'_>, key: &Key<Text>) -> Option<String> {
    view.text(key).map(|text| text.text.to_owned())
}

/// Hides the URLs with passwords, also where the text is not YAML.
fn hide_urls(text: &str, redaction: &mut Redaction) {
    let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | '}' | ']');
    for (at, _) in text.match_indices("://") {
        let start = text[..at].rfind(is_end).map_or(0, |end| end + 1);
        let end = text[at..].find(is_end).map_or(text.len(), |end| at + end);
        if let Some(url) = text.get(start..end).filter(|url| has_password(url)) {
            redaction.hide(&(start..end), url);
        }
    }
}

/// Whether a URL has a password, or parameters have one.
fn has_password(text: &str) -> bool {
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    let lower = text.to_ascii_lowercase();
    let words = [
        "password=",
        "passwd=",
        "secret=",
        "token=",
        "api_key=",
        "access_key=",
    ];
    user.contains(':') || words.iter().any(|word| lower.contains(word))
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '=' || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(text: &str) -> String {
        let (project, diagnostics) = read("rest-source.yaml", text);
        assert_eq!(project.is_none(), diagnostics.has_errors());
        diagnostics.messages().join("\n---\n")
    }

    #[test]
    fn whole_project_is_read() {
        let text = "concurrency: 2
destinations:
  warehouse: { to: env:WAREHOUSE, schema: raw, table_prefix: crm_ }
  files: { to: \"jsonl:out\" }
sources:
  media:
    spec: specs/media.yaml
    destination: warehouse
    resources: [stories, clicks]
    settings: { region: eu, size: 50, strict: true }
    secrets: { api_key: env:MEDIA_KEY }
    env_file: media.env
    token_file: media.token
    base_url: https://eu.example.com/v1
    client_certificate: a.pem
    ca_file: b.pem
    table_prefix: m_
    stamp_rows: true
    resume: true
    max_requests: 1000
    max_time: 10m
";
        let (project, diagnostics) = read("rest-source.yaml", text);
        assert!(diagnostics.is_empty(), "{}", diagnostics.render());
        let project = project.unwrap();
        assert_eq!(project.concurrency, 2);
        assert_eq!(project.destinations[1].line, 4);
        let source = &project.sources[0];
        assert_eq!((source.line, &*source.destination), (6, "warehouse"));
        assert_eq!(source.resources, ["stories", "clicks"]);
        assert_eq!(source.settings["size"], "50");
        assert_eq!(source.settings["strict"], "true");
        assert_eq!(source.secrets["api_key"], "MEDIA_KEY");
        assert_eq!(source.max_time, Some(Duration::from_secs(600)));
        assert!(source.stamp_rows && source.resume && !source.adopt);
    }

    #[test]
    fn mistakes_are_shown_with_their_place_and_what_to_do() {
        let mistakes = [
            "",
            "destinations: {}\nsources: {}\n",
            "sources: { a: { spec: a.yaml } }\n",
            "destinations: { w: { to: \"sqlite:a.db\" } }\nsources: { a: { specs: a.yaml } }\n",
            "destinations: { w: { to: \"sqlite:a.db\" } }\nsources: { a: { spec: a.yaml, destination: v } }\n",
            "destinations: { warehouse: { to: \"sqlite:a.db\" } }\nsources: { a: { spec: a.yaml, destination: warehous } }\n",
            "destinations: { v: { to: \"sqlite:a.db\" }, w: { to: \"sqlite:b.db\" } }\nsources: { a: { spec: a.yaml } }\n",
            "destinations: { w: { to: \"sqlite:a.db\" } }\nsources: { a: { spec: a.yaml, max_time: 10 } }\n",
            "destinations: { w: { to: \"sqlite:a.db\" } }\nsources: { a: { spec: a.yaml, max_time: 0s, max_requests: 0 } }\n",
            "destinations: { w: { to: \"sqlite:a.db\" } }\nsources: { a: { spec: a.yaml, full_refresh: true, keep_state: true } }\n",
            "destinations: { w: { to: \"sqlite:a.db\" } }\nsources: { a: { spec: a.yaml, resources: stories } }\n",
            "destinations: { w: { to: \"sqlite:a.db\" } }\nsources: { a: { spec: a.yaml, resources: [] } }\n",
            "destinations: { w: { to: \"sqlite:a.db\" } }\nsources:\n  - spec: a.yaml\n",
            "destinations: { w: { to: \"sqlite:a.db\" } }\nsource: { a: { spec: a.yaml } }\n",
            "destinations: { w: { to: postgres:, tabel_prefix: a_ } }\nsources: { a: { spec: a.yaml, setings: { b: c } } }\n",
        ];
        let all: Vec<String> = mistakes
            .iter()
            .map(|text| format!("{text}===\n{}\n", messages(text)))
            .collect();
        insta::assert_snapshot!(all.join("\n"));
    }

    #[test]
    fn secrets_in_plain_text_are_refused_and_not_shown() {
        for (to, key) in [
            ("postgres://me:hunter2@host/db", "env:KEY"),
            ("postgres://host/db?user=me&password=hunter2", "env:KEY"),
            ("sqlite:a.db", "hunter2"),
            ("sqlite:a.db", "env:"),
            ("sqlite:a.db", "env:not a name hunter2"),
        ] {
            let text = format!(
                "destinations: {{ w: {{ to: \"{to}\" }} }}\nsources: {{ a: {{ spec: a.yaml, secrets: {{ api_key: \"{key}\" }} }} }}\n"
            );
            let said = messages(&text);
            assert!(
                said.contains("RS0871") && said.contains("env:NAME"),
                "{said}"
            );
            assert!(!said.contains("hunter2"), "{said}");
            assert_eq!(said.matches("RS0").count(), 1, "{said}");
        }
        for broken in [
            "destinations: { w: { to: \"postgres://me:hunter2@host/db\" }\nsources: {}\n",
            "destinations: { w: { too: \"postgres://me:hunter2@host/db\" } }\nsources: { a: { spec: a.yaml } }\n",
            "destinations: { w: { to: env:A } }\nsources: { a: { spec: a.yaml, secrets: [hunter2] } }\n",
            "destinations: { w: { to: env:A } }\nsources: { a: { spec: a.yaml, secrets: hunter2 } }\n",
            "destinations: { w: { to: env:A } }\nsources: { a: { spec: a.yaml, secrets: { b: [hunter2] } } }\n",
        ] {
            let said = messages(broken);
            assert!(said.contains("RS0") && !said.contains("hunter2"), "{said}");
        }
    }
}
