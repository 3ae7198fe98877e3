//! `config` and `secrets`: what the user of a connector gives it.

use std::collections::HashMap;

use crate::connector::{self, ConfigPlan, ConfigType, EnumType, List, SecretPlan};
use crate::diagnostic::{Diagnostic, Sink, Span};
use crate::grammar;
use crate::grammar::column::enum_value;
use crate::grammar::source::{self, config, secret};
use crate::secret_names;
use crate::spec::{Text, View, text};
use crate::value;
use crate::yaml::{Entry, Kind, Node, Value};

use super::literal::query_has_no_secret;
use super::times;
use crate::names::pascal;

/// The settings and secrets of a source, and which of them are used.
#[derive(Debug)]
pub(super) struct Settings {
    source: String,
    secrets: Vec<Declared<SecretPlan>>,
    config: Vec<Declared<ConfigPlan>>,
    /// The Rust enums of the settings.
    enums: Vec<Option<EnumType>>,
    /// What their words stand for.
    words: Vec<Vec<WordValue>>,
    /// Positions of the secrets that the choice uses which is being checked, in order.
    choice: Option<Vec<u16>>,
}

#[derive(Debug)]
struct Declared<T> {
    item: T,
    /// Where it is declared, or first used: a secret exists by being used.
    span: Span,
    is_used: bool,
    /// Whether only one choice of several uses it.
    is_chosen: bool,
}

/// A value that every word of a setting stands for.
#[derive(Debug)]
struct WordValue {
    name: String,
    /// By word.
    texts: Vec<(connector::Text, connector::Text)>,
    span: Span,
    is_used: bool,
}

/// Reads both.
pub(super) fn read(root: &View<'_>, source: &str, sink: &mut Sink) -> Settings {
    let mut settings = Settings {
        source: source.to_owned(),
        secrets: Vec::new(),
        config: Vec::new(),
        enums: Vec::new(),
        words: Vec::new(),
        choice: None,
    };
    for entry in root.entries(&source::SECRETS) {
        if is_named(entry, "secret", sink) {
            settings.declare_secret(entry);
        }
    }
    for entry in root.entries(&source::SOURCE_CONFIG) {
        if is_named(entry, "setting", sink) {
            settings.declare_config(entry, sink);
        }
    }
    settings
}

/// Whether an entry has a name that a placeholder can hold.
fn is_named(entry: &Entry, what: &str, sink: &mut Sink) -> bool {
    let name = &entry.key.name;
    let is_good = value::is_identifier(name);
    if !is_good {
        sink.push(
            Diagnostic::error(
                "RS0201",
                &entry.key.span,
                format!("`{name}` is no name for a {what}"),
            )
            .help("a name is made of letters, digits and `_`, and begins with no digit"),
        );
    }
    is_good
}

/// Adds a position to those that are there, each once and in order.
pub(super) fn add(positions: &mut Vec<u16>, position: u16) {
    if let Err(at) = positions.binary_search(&position) {
        positions.insert(at, position);
    }
}

impl Settings {
    fn declare_secret(&mut self, entry: &Entry) {
        let view = View::new(&entry.value, &grammar::SECRET);
        let mut secret = self.new_secret(&entry.key.name);
        if let Some(env) = view.identifier(&secret::ENV).map(Text::owned) {
            secret.env = env;
        }
        secret.description = view.get(&secret::DESCRIPTION);
        self.secrets.push(Declared {
            item: secret,
            span: entry.key.span.clone(),
            is_used: false,
            is_chosen: false,
        });
    }

    fn new_secret(&self, name: &str) -> SecretPlan {
        SecretPlan {
            name: name.to_owned().into(),
            env: self.variable(name),
            description: None,
        }
    }

    fn declare_config(&mut self, entry: &Entry, sink: &mut Sink) {
        let name = &entry.key.name;
        let view = View::new(&entry.value, &grammar::CONFIG);
        let word = match &entry.value.value {
            Value::Scalar(_) => text(&entry.value),
            _ => view.text(&config::TYPE),
        };
        let (data_type, names) = config_type(name, word, &view, sink);
        let default = view
            .node(&config::DEFAULT)
            .and_then(|node| default(node, &data_type, sink));
        if let (Some(node), Some(value)) = (view.node(&config::DEFAULT), &default) {
            default_is_no_secret(name, value, node, sink);
        }
        let values = view.node(&config::VALUES);
        self.words.push(
            values
                .map(|values| word_values(name, values, sink))
                .unwrap_or_default(),
        );
        self.enums.push(names);
        self.config.push(Declared {
            item: ConfigPlan {
                name: name.clone().into(),
                env: self.variable(name),
                optional: Self::optional(&view, sink),
                data_type,
                default,
                description: view.get(&config::DESCRIPTION),
            },
            span: entry.key.span.clone(),
            is_used: false,
            is_chosen: false,
        });
    }

    /// A setting with a default always has a value.
    fn optional(view: &View<'_>, sink: &mut Sink) -> bool {
        let optional = view.get(&config::OPTIONAL);
        if optional && view.node(&config::DEFAULT).is_some() {
            let message = "`optional` has no effect here: the default is the value of a setting that is not given";
            sink.push(
                Diagnostic::error("RS0602", view.place(&config::OPTIONAL), message)
                    .help("remove `optional`, or the default"),
            );
        }
        optional
    }

    /// `<SPEC NAME>_<NAME>` in upper case.
    fn variable(&self, name: &str) -> connector::Text {
        format!("{}_{name}", self.source)
            .to_ascii_uppercase()
            .into()
    }

    /// Two settings that are read from the same environment variable.
    pub(super) fn one_variable_each(&self, sink: &mut Sink) {
        let secrets = self.secrets.iter().map(|one| (&one.item.env, &one.span));
        let config = self.config.iter().map(|one| (&one.item.env, &one.span));
        let mut seen: HashMap<&str, &Span> = HashMap::new();
        for (env, here) in secrets.chain(config) {
            if let Some(first) = seen.get(env.as_str()) {
                sink.push(
                    Diagnostic::error(
                        "RS0405",
                        here,
                        format!("both are read from the variable `{env}`"),
                    )
                    .help("rename one of them")
                    .also(first, "first used here"),
                );
            }
            seen.entry(env.as_str()).or_insert(here);
        }
    }

    /// The position of a secret, which exists by being used.
    pub(super) fn secret(&mut self, name: &str, span: &Span) -> u16 {
        let at = self.secrets.iter().position(|one| one.item.name == name);
        let at = at.unwrap_or_else(|| {
            self.secrets.push(Declared {
                item: self.new_secret(name),
                span: span.clone(),
                is_used: false,
                is_chosen: false,
            });
            self.secrets.len() - 1
        });
        let position = u16::try_from(at).unwrap_or(u16::MAX);
        if let Some(secret) = self.secrets.get_mut(at) {
            secret.is_chosen = self.choice.is_some() && (secret.is_chosen || !secret.is_used);
            secret.is_used = true;
        }
        if let Some(choice) = &mut self.choice {
            add(choice, position);
        }
        position
    }

    /// From here on, the secrets are those of a choice.
    pub(super) fn begin_choice(&mut self) {
        self.choice = Some(Vec::new());
    }

    /// The secrets of the choice that ends here.
    pub(super) fn end_choice(&mut self) -> Vec<u16> {
        self.choice.take().unwrap_or_default()
    }

    /// The secrets that are used whatever is chosen.
    pub(super) fn shared(&self) -> Vec<u16> {
        let mut shared = Vec::new();
        for (one, at) in self.secrets.iter().zip(0..) {
            if !one.is_chosen {
                shared.push(at);
            }
        }
        shared
    }

    /// The position of a setting that is declared.
    pub(super) fn setting(&mut self, name: &str) -> Option<u16> {
        let at = self.config.iter().position(|one| one.item.name == name)?;
        self.config.get_mut(at)?.is_used = true;
        u16::try_from(at).ok()
    }

    /// The types that enums of settings become, and where they are declared.
    pub(super) fn types(&self) -> Vec<(String, String, Span)> {
        let mut types = Vec::new();
        for (one, names) in self.config.iter().zip(&self.enums) {
            if let Some(names) = names {
                let name = one.item.name.to_string();
                types.push((names.ident.clone(), name, one.span.clone()));
            }
        }
        types
    }

    /// The setting at a position.
    pub(super) fn config(&self, at: u16) -> Option<&ConfigPlan> {
        self.config.get(usize::from(at)).map(|one| &one.item)
    }

    /// What the words of a setting stand for under this name, by word.
    pub(super) fn values_of(
        &mut self,
        at: u16,
        name: &str,
    ) -> Option<List<(connector::Text, connector::Text)>> {
        let values = self.words.get_mut(usize::from(at))?;
        let value = values.iter_mut().find(|value| value.name == name)?;
        value.is_used = true;
        Some(value.texts.clone().into())
    }

    /// The names of the values that the words of a setting stand for.
    pub(super) fn value_names(&self, at: u16) -> Vec<&str> {
        let values = self.words.get(usize::from(at)).into_iter().flatten();
        values.map(|value| value.name.as_str()).collect()
    }

    pub(super) fn setting_names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for one in &self.config {
            names.push(one.item.name.as_str());
        }
        names
    }

    /// The default of the setting at a position.
    pub(super) fn default_of(&self, at: u16) -> Option<&str> {
        self.config.get(usize::from(at))?.item.default.as_deref()
    }

    pub(super) fn has_secrets(&self) -> bool {
        self.secrets.iter().any(|one| one.is_used)
    }

    /// What is declared and not used, in words.
    pub(super) fn unused(&self) -> Vec<(Span, String)> {
        let mut unused = Vec::new();
        for one in &self.secrets {
            if !one.is_used {
                unused.push((one.span.clone(), format!("the secret `{}`", one.item.name)));
            }
        }
        for one in &self.config {
            if !one.is_used {
                unused.push((one.span.clone(), format!("the setting `{}`", one.item.name)));
            }
        }
        for (one, values) in self.config.iter().zip(&self.words) {
            for value in values.iter().filter(|value| one.is_used && !value.is_used) {
                let name = &one.item.name;
                unused.push((
                    value.span.clone(),
                    format!("the value `{}` of `{name}`", value.name),
                ));
            }
        }
        unused
    }

    /// The secrets, the settings, and the Rust enums of these.
    pub(super) fn finish(self) -> (List<SecretPlan>, List<ConfigPlan>, Vec<Option<EnumType>>) {
        let secrets = self.secrets.into_iter().map(|one| one.item);
        let config = self.config.into_iter().map(|one| one.item);
        (secrets.collect(), config.collect(), self.enums)
    }
}

fn config_type(
    name: &str,
    word: Option<Text<'_>>,
    view: &View<'_>,
    sink: &mut Sink,
) -> (ConfigType, Option<EnumType>) {
    let Some(word) = word else {
        return (ConfigType::Text, None);
    };
    let items = view.node(&config::ITEMS);
    let is_list_of_words =
        word.text == "list" && items.and_then(text).is_some_and(|item| item.text == "enum");
    let values = view.node(&config::VALUES);
    if let Some(values) = values.filter(|_| word.text != "enum" && !is_list_of_words) {
        sink.push(
            Diagnostic::error("RS0602", &values.span, "`values` have no effect here")
                .help("they are the words of a setting of type `enum`, or of a list of those"),
        );
    }
    if let Some(items) = items.filter(|_| word.text != "list") {
        sink.push(
            Diagnostic::error("RS0602", &items.span, "`items` has no effect here")
                .help("it is the type of the values of a setting of type `list`"),
        );
    }
    let data_type = match word.text {
        "list" => {
            let Some(item) = items.and_then(text) else {
                if !sink.is_unclear(view.node, config::ITEMS.name) {
                    sink.push(
                        Diagnostic::error(
                            "RS0101",
                            word.span,
                            format!("setting `{name}` lacks `items`"),
                        )
                        .help("write `{type: list, items: text}`"),
                    );
                }
                return (ConfigType::List(ConfigType::Text.into()), None);
            };
            if is_list_of_words {
                if let Some(values) = values.filter(|node| matches!(node.value, Value::Map(_))) {
                    let message = "the words of a list stand for themselves";
                    sink.push(
                        Diagnostic::error("RS0103", &values.span, message)
                            .help("write `values: [one, two]`"),
                    );
                }
                let (words, names) = words(name, word, view, sink);
                return (ConfigType::List(words.into()), names);
            }
            ConfigType::List(scalar_type(item.text).into())
        }
        "enum" => return words(name, word, view, sink),
        word => scalar_type(word),
    };
    (data_type, None)
}

/// The type of a setting that is one of the words in `values`.
fn words(
    name: &str,
    word: Text<'_>,
    view: &View<'_>,
    sink: &mut Sink,
) -> (ConfigType, Option<EnumType>) {
    let Some(values) = view.node(&config::VALUES) else {
        if !sink.is_unclear(view.node, config::VALUES.name) {
            let form = match word.text {
                "list" => "`{type: list, items: enum, values: [one, two]}`",
                _ => "`{type: enum, values: [one, two]}`",
            };
            sink.push(
                Diagnostic::error(
                    "RS0101",
                    word.span,
                    format!("setting `{name}` lacks `values`"),
                )
                .help(format!("write {form}")),
            );
        }
        return (ConfigType::Text, None);
    };
    let ident = format!("Config{}", pascal(name));
    let (words, names) = super::variants::enum_values(ident, values, false, sink);
    (ConfigType::Enum(words), Some(names))
}

/// What the words of an enum stand for: each for a text under the same names.
fn word_values(setting: &str, values: &Node, sink: &mut Sink) -> Vec<WordValue> {
    let Value::Map(words) = &values.value else {
        return Vec::new();
    };
    let mut found: Vec<WordValue> = Vec::new();
    for word in words {
        let of_word = word.value.entries().iter();
        for entry in of_word.filter(|entry| entry.key.name != enum_value::RENAME.name) {
            let Some(text) = text(&entry.value) else {
                continue;
            };
            let pair = (word.key.name.clone().into(), text.owned());
            match found.iter_mut().find(|value| value.name == entry.key.name) {
                Some(value) => value.texts.push(pair),
                None => found.push(WordValue {
                    name: entry.key.name.clone(),
                    texts: vec![pair],
                    span: entry.key.span.clone(),
                    is_used: false,
                }),
            }
        }
    }
    for value in &found {
        for word in words {
            if value
                .texts
                .iter()
                .all(|(known, _)| *known != *word.key.name)
            {
                let message = format!(
                    "the word `{}` of the setting `{setting}` lacks `{}`",
                    word.key.name, value.name
                );
                sink.push(
                    Diagnostic::error("RS0101", &word.key.span, message)
                        .help("each word stands for a text under the same names")
                        .also(&value.span, "another word has it here"),
                );
            }
        }
    }
    found
}

fn scalar_type(word: &str) -> ConfigType {
    match word {
        "bigint" => ConfigType::Bigint,
        "double" => ConfigType::Double,
        "bool" => ConfigType::Bool,
        "date" => ConfigType::Date,
        "timestamp" => ConfigType::Timestamp,
        _ => ConfigType::Text,
    }
}

/// A credential as the default of a setting that is named like one: settings may be printed.
fn default_is_no_secret(name: &str, value: &str, node: &Node, sink: &mut Sink) {
    let is_credential = secret_names::header(&name.replace('_', "-")) || secret_names::param(name);
    if is_credential && !value.is_empty() {
        sink.push(
            Diagnostic::warning(
                "RS0904",
                &node.span,
                format!(
                    "the setting `{name}` is named like a secret, and its value is written here"
                ),
            )
            .help(format!(
                "remove the setting, and write `{{secrets.{name}}}` where it is used"
            ))
            .note(
                "a secret is never written in a spec; it is given by the user or the environment",
            ),
        );
    }
}

/// The default, if it is of its type. That of a list is a JSON list.
fn default(node: &Node, data_type: &ConfigType, sink: &mut Sink) -> Option<connector::Text> {
    let ConfigType::List(item) = data_type else {
        return scalar_default(node, data_type, sink);
    };
    let Value::List(elements) = &node.value else {
        let message = "the default of a list is a list";
        sink.push(Diagnostic::error("RS0103", &node.span, message).help("write `default: [a, b]`"));
        return None;
    };
    let mut values = Vec::new();
    for element in elements {
        let value = scalar_default(element, item, sink)?;
        if value.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            let message = "a control character in the default of a list";
            sink.push(Diagnostic::error("RS0103", &element.span, message).help("remove it"));
            return None;
        }
        values.push(match **item {
            ConfigType::Bigint | ConfigType::Double | ConfigType::Bool => value.to_string(),
            _ => json_text(&value),
        });
    }
    Some(format!("[{}]", values.join(",")).into())
}

/// A text as JSON.
pub(super) fn json_text(text: &str) -> String {
    let mut json = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            _ => json.push(c),
        }
    }
    json + "\""
}

fn scalar_default(node: &Node, data_type: &ConfigType, sink: &mut Sink) -> Option<connector::Text> {
    let Some(scalar) = node.scalar() else {
        let message = "the default of a setting with one value is one value";
        sink.push(
            Diagnostic::error("RS0103", &node.span, message)
                .help("write one value, or declare the setting as `{type: list, items: text}`"),
        );
        return None;
    };
    let given = scalar.text.as_str();
    let (is_good, expected) = match data_type {
        ConfigType::Text => (true, "text"),
        ConfigType::Bigint => (given.parse::<i64>().is_ok(), "a whole number"),
        ConfigType::Double => (given.parse::<f64>().is_ok_and(f64::is_finite), "a number"),
        ConfigType::Bool => (matches!(scalar.kind, Kind::Bool(_)), "`true` or `false`"),
        ConfigType::Date => (times::is_date(given), "a date, `2026-11-21`"),
        ConfigType::Timestamp => (
            times::is_timestamp(given),
            "a timestamp, `2026-11-21T09:30:00Z`",
        ),
        ConfigType::Enum(words) => (
            // Without a word, what is wrong with them was reported.
            words.is_empty() || words.iter().any(|word| word == given),
            "one of its `values`",
        ),
        // The elements of a list are checked one by one.
        ConfigType::List(_) => return None,
    };
    if !is_good {
        sink.push(
            Diagnostic::error(
                "RS0103",
                &node.span,
                format!("the default `{given}` is not of the setting's type"),
            )
            .label(format!("expected {expected}")),
        );
        return None;
    }
    query_has_no_secret(given, &node.span, sink);
    let is_bool = matches!(data_type, ConfigType::Bool);
    Some(if is_bool {
        given.to_ascii_lowercase().into()
    } else {
        given.to_owned().into()
    })
}
