//! The settings and secrets of a manifest, declared as they are used.

use rest_source_codegen::write::{Element, Map, Node, is_secret_name};

use crate::names;
use crate::tree::{Kind, Value};

/// How a setting is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Usage {
    /// In credentials.
    Credential,
    /// As a password, which may be empty.
    Password,
    /// In a part of credentials that need not be secret.
    Identity,
    /// In a URL, where no secret may stand, and where a value is needed.
    Address,
    /// In what is sent.
    Sent,
    /// As the start or the end of a range.
    Bound,
}

/// A setting or a secret that a manifest uses.
#[derive(Debug)]
struct Setting {
    path: Vec<String>,
    name: String,
    is_secret: bool,
    /// What the manifest says of it.
    schema: Option<Value>,
    is_required: bool,
    /// The type that a use of it needs.
    data_type: Option<&'static str>,
    default: Option<Node>,
    /// Whether it begins a URL, so that the scheme stands before it.
    is_host: bool,
    /// What the manifest takes where it is not given, which the spec cannot say.
    without: Option<String>,
    /// The texts that each word stands for.
    words: Vec<(String, Vec<(String, String)>)>,
}

/// The settings and secrets that are used so far.
#[derive(Debug, Default)]
pub(super) struct Config {
    specification: Option<Value>,
    settings: Vec<Setting>,
    names: names::Names,
    /// The credentials that the manifest has in plain text: their names there, their values, and their secrets.
    literals: Vec<(String, String, String)>,
}

/// Groups of settings whose name says nothing.
const GROUPS: [&str; 4] = ["credentials", "authentication", "auth", "authorization"];

impl Config {
    pub(super) fn new(specification: Option<Value>) -> Self {
        Self {
            specification,
            ..Self::default()
        }
    }

    /// What the manifest says of a setting, and whether it must be given.
    fn schema(&self, path: &[&str]) -> Option<(Value, bool)> {
        let mut at = vec![self.specification.as_ref()?];
        let mut is_required = true;
        let mut found = None;
        for key in path {
            let mut next = Vec::new();
            for schema in &at {
                let mut all = vec![*schema];
                for list in ["oneOf", "anyOf", "allOf"] {
                    all.extend(schema.at(&[list]).elements());
                }
                is_required &= all.len() == 1;
                for schema in all {
                    if let Some(property) = schema.at(&["properties"]).get(key) {
                        let required = schema.at(&["required"]).elements();
                        is_required &= required.iter().any(|one| one.text() == Some(*key));
                        next.push(property);
                    }
                }
            }
            found = next.first().map(|schema| (*schema).clone());
            at = next;
        }
        found.map(|schema| (schema, is_required))
    }

    /// Whether the manifest lists its settings, and this one not.
    pub(super) fn is_unknown(&self, path: &[&str]) -> bool {
        let lists = self
            .specification
            .as_ref()
            .is_some_and(|spec| !spec.at(&["properties"]).entries().is_empty());
        lists && self.schema(path).is_none()
    }

    fn setting(&mut self, path: &[&str], usage: Usage) -> &mut Setting {
        // A secret in a URL is a setting, beside the secret that it is elsewhere.
        let fits = |one: &Setting| match usage {
            Usage::Credential | Usage::Password => one.is_secret,
            Usage::Address => !one.is_secret,
            _ => true,
        };
        let known = self
            .settings
            .iter()
            .position(|one| one.path == path && fits(one));
        let at = known.unwrap_or_else(|| {
            let found = self.schema(path);
            let says_secret = found
                .as_ref()
                .map(|(schema, _)| schema.says("airbyte_secret"));
            let last = path.last().copied().unwrap_or_default();
            let is_secret = says_secret.unwrap_or(false)
                || matches!(usage, Usage::Credential | Usage::Password)
                || usage == Usage::Identity && says_secret.is_none()
                || usage != Usage::Address && is_secret_name(last);
            let is_secret = is_secret && !matches!(usage, Usage::Address | Usage::Bound);
            let words: Vec<&str> = match path {
                [group, rest @ ..] if !rest.is_empty() && GROUPS.contains(group) => rest.to_vec(),
                _ => path.to_vec(),
            };
            let name = names::name(&words.join("_"), "setting");
            let name = self.names.take(&name);
            let (schema, is_required) = match found {
                Some((schema, is_required)) => (Some(schema), is_required),
                None => (None, false),
            };
            self.settings.push(Setting {
                path: path.iter().map(|key| (*key).to_owned()).collect(),
                name,
                is_secret,
                schema,
                is_required,
                data_type: None,
                default: None,
                is_host: false,
                without: None,
                words: Vec::new(),
            });
            self.settings.len() - 1
        });
        let setting = &mut self.settings[at];
        setting.is_required |= !matches!(usage, Usage::Sent | Usage::Bound);
        setting
    }

    /// What stands for a setting in a template, without its braces.
    pub(super) fn placeholder(&mut self, path: &[&str], usage: Usage) -> String {
        let setting = self.setting(path, usage);
        let namespace = if setting.is_secret {
            "secrets"
        } else {
            "config"
        };
        format!("{namespace}.{}", setting.name)
    }

    /// The name of the secret for a credential that the manifest has in plain text: one for each value.
    pub(super) fn literal(&mut self, name: &str, value: &str) -> String {
        let mut known = self.literals.iter();
        let known = known.find(|(one, text, _)| one == name && text == value);
        if let Some((_, _, secret)) = known {
            return secret.clone();
        }
        let secret = self.names.take(&names::name(name, "secret"));
        self.literals
            .push((name.to_owned(), value.to_owned(), secret.clone()));
        secret
    }

    /// Whether the manifest says anything of a setting.
    pub(super) fn is_known(&self, path: &[&str]) -> bool {
        self.schema(path).is_some()
    }

    /// Whether a setting is `true` or `false`.
    pub(super) fn is_bool(&self, path: &[&str]) -> bool {
        let schema = self.schema(path);
        schema.is_some_and(|(schema, _)| schema.text_of("type") == Some("boolean"))
    }

    /// Gives a setting the type that a use needs. False if it has another one.
    pub(super) fn typed(&mut self, path: &[&str], data_type: &'static str, usage: Usage) -> bool {
        let setting = self.setting(path, usage);
        let times = ["date", "timestamp"];
        match setting.data_type {
            _ if setting.is_secret || !setting.words.is_empty() => false,
            Some(known) if known == data_type => true,
            Some(known) => times.contains(&known) && times.contains(&data_type),
            None => {
                let is_date = setting.schema.as_ref().is_some_and(says_date);
                setting.data_type = Some(match data_type {
                    "timestamp" if is_date => "date",
                    other => other,
                });
                true
            }
        }
    }

    /// Gives a setting a default, if it has none.
    pub(super) fn fall_back(&mut self, path: &[&str], default: &str, usage: Usage) -> bool {
        let setting = self.setting(path, usage);
        if setting.is_secret {
            return false;
        }
        setting.default.get_or_insert_with(|| Node::from(default));
        true
    }

    /// Makes a setting one that must be given, unless it has a default.
    pub(super) fn require(&mut self, name: &str) {
        for setting in self.settings.iter_mut().filter(|one| one.name == name) {
            setting.is_required = true;
        }
    }

    /// Takes the scheme off what a setting stands for in a URL.
    pub(super) fn without_scheme(&mut self, placeholder: &str) {
        let mut keys = placeholder.split('.');
        let (name, field) = (keys.next().unwrap_or_default(), keys.next());
        let bare = |text: &str| {
            let rest = text
                .strip_prefix("https://")
                .or(text.strip_prefix("http://"));
            rest.unwrap_or(text).trim_end_matches('/').to_owned()
        };
        for setting in self.settings.iter_mut().filter(|one| one.name == name) {
            if let Some(field) = field {
                let fields = setting.words.iter_mut().flat_map(|(_, fields)| fields);
                for (_, text) in fields.filter(|(name, _)| name == field) {
                    *text = bare(text);
                }
            } else {
                setting.is_host = true;
                if let Some(Node::Text(text)) = &mut setting.default {
                    *text = bare(text);
                }
            }
        }
    }

    /// The origins that an origin with a placeholder stands for; none if any text may stand there.
    pub(super) fn origins(&self, origin: &str) -> Vec<String> {
        let Some((before, rest)) = origin.split_once("{config.") else {
            return vec![origin.to_owned()];
        };
        let Some((placeholder, after)) = rest.split_once('}') else {
            return Vec::new();
        };
        let (name, field) = placeholder.split_once('.').unwrap_or((placeholder, ""));
        let words = self.settings.iter().find(|one| one.name == name);
        let texts = words.into_iter().flat_map(|one| &one.words);
        let texts = texts.flat_map(|(_, fields)| fields.iter().filter(|(name, _)| name == field));
        texts
            .map(|(_, text)| {
                let url = format!("{before}{text}{after}");
                let host = url.find("://").map_or(0, |at| at + 3);
                let end = url[host..].find('/').map_or(url.len(), |at| host + at);
                url[..end].to_owned()
            })
            .filter(|origin| !origin.contains('{'))
            .collect()
    }

    /// Says what a setting without a value means to a manifest.
    pub(super) fn describe(&mut self, path: &[&str], default: &str) {
        let setting = self.setting(path, Usage::Bound);
        setting.without = Some(default.to_owned());
    }

    /// The words that a setting may be; nothing if any text will do.
    pub(super) fn words(&self, path: &[&str]) -> Option<Vec<Kind>> {
        let (schema, _) = self.schema(path)?;
        if schema.text_of("type") == Some("boolean") {
            return Some(vec![Kind::Bool(true), Kind::Bool(false)]);
        }
        let mut words: Vec<Kind> = Vec::new();
        words.extend(
            schema
                .at(&["enum"])
                .elements()
                .iter()
                .map(|one| one.kind.clone()),
        );
        for list in ["oneOf", "anyOf"] {
            for one in schema.at(&[list]).elements() {
                words.extend(one.get("const").map(|word| word.kind.clone()));
            }
        }
        let is_text = |word: &Kind| matches!(word, Kind::Text(text) if !text.is_empty());
        (!words.is_empty() && words.iter().all(is_text)).then_some(words)
    }

    /// Declares what each word of a setting stands for. Returns the placeholder of it.
    pub(super) fn stands_for(
        &mut self,
        path: &[&str],
        texts: Vec<(String, String)>,
        usage: Usage,
    ) -> Option<String> {
        let setting = self.setting(path, usage);
        if setting.is_secret || setting.data_type.is_some() {
            return None;
        }
        if setting.words.is_empty() {
            setting.words = texts
                .iter()
                .map(|(word, _)| (word.clone(), Vec::new()))
                .collect();
        }
        let known = setting.words[0].1.iter().position(|(field, _)| {
            setting
                .words
                .iter()
                .zip(&texts)
                .all(|((_, fields), (_, text))| {
                    fields
                        .iter()
                        .any(|(name, known)| name == field && known == text)
                })
        });
        let field = if let Some(at) = known {
            setting.words[0].1[at].0.clone()
        } else {
            let number = setting.words[0].1.len() + 1;
            let field = if number == 1 {
                "value".to_owned()
            } else {
                format!("value_{number}")
            };
            for ((_, fields), (_, text)) in setting.words.iter_mut().zip(texts) {
                fields.push((field.clone(), text));
            }
            field
        };
        Some(format!("config.{}.{field}", setting.name))
    }

    /// The secrets whose values a URL needs, which makes them settings.
    pub(super) fn secrets_in_urls(&self) -> Vec<String> {
        let shown = self.settings.iter().filter(|one| {
            let schema = one.schema.as_ref();
            !one.is_secret && schema.is_some_and(|schema| schema.says("airbyte_secret"))
        });
        shown.map(|one| one.name.clone()).collect()
    }

    /// The `config` and the `secrets` of the spec.
    pub(super) fn maps(self) -> (Map, Map) {
        let (mut config, mut secrets) = (Map::new(), Map::new());
        for setting in self.settings {
            let described = setting.schema.as_ref().map(description).unwrap_or_default();
            if setting.is_secret {
                if !described.is_empty() {
                    secrets.map(&setting.name).set("description", described);
                }
                continue;
            }
            let mut made = declared(&setting);
            if setting.is_host
                && let Some(Node::Text(text)) = made.get("default").cloned()
            {
                let rest = text
                    .strip_prefix("https://")
                    .or(text.strip_prefix("http://"));
                made.set("default", rest.unwrap_or(&text).trim_end_matches('/'));
            }
            let into = config.map(&setting.name);
            *into = made;
            if !described.is_empty() {
                into.set("description", described);
            }
            if setting.is_host {
                into.comment("type", "Not certain: given without `https://`.");
            }
            if let Some(without) = setting.without {
                let comment =
                    format!("Not certain: the manifest takes `{without}` if it is not given.");
                into.comment("type", &comment);
            }
        }
        (config, secrets)
    }
}

fn description(schema: &Value) -> String {
    let text = schema.text_of("description").or(schema.text_of("title"));
    let text = names::brief(text.unwrap_or_default());
    // Links and emphasis are HTML in many manifests.
    let mut plain = String::new();
    let mut is_tag = false;
    for c in text.chars() {
        match c {
            '<' => is_tag = true,
            '>' if is_tag => is_tag = false,
            _ if is_tag => {}
            c => plain.push(c),
        }
    }
    plain.trim().to_owned()
}

fn says_date(schema: &Value) -> bool {
    let pattern = schema.text_of("pattern").unwrap_or_default();
    schema.text_of("format") == Some("date")
        || (!pattern.is_empty() && !pattern.contains('T') && !pattern.contains(':'))
}

fn declared(setting: &Setting) -> Map {
    let mut made = Map::new();
    let schema = setting.schema.as_ref();
    // A secret that a URL needs is a setting.
    let is_public = |schema: &&Value| {
        let last = setting.path.last().map_or("", String::as_str);
        !schema.says("airbyte_secret") && !is_secret_name(last)
    };
    let default = schema.filter(is_public);
    let default = default.and_then(|schema| schema.get("default"));
    if !setting.words.is_empty() {
        made.set("type", "enum");
        let values = made.map("values");
        for (word, fields) in &setting.words {
            let into = values.map(word);
            for (field, text) in fields {
                into.set(field, text.as_str());
            }
        }
        if let Some(default) = default.and_then(Value::scalar)
            && setting.words.iter().any(|(word, _)| word == default)
        {
            made.set("default", default);
        }
        return made;
    }
    let word = schema.map(|schema| match schema.get("type").map(|kind| &kind.kind) {
        Some(Kind::List(several)) => several
            .iter()
            .filter_map(Value::text)
            .find(|word| *word != "null")
            .unwrap_or("string")
            .to_owned(),
        Some(Kind::Text(word)) => word.clone(),
        _ => "string".to_owned(),
    });
    let data_type = setting.data_type.unwrap_or(match word.as_deref() {
        Some("integer") => "bigint",
        Some("number") => "double",
        Some("boolean") => "bool",
        Some("array") => "list",
        _ => "text",
    });
    made.set("type", data_type);
    if data_type == "list" {
        made.set("items", "text");
    }
    let choices: Vec<&str> = schema
        .map(|schema| schema.at(&["enum"]).elements())
        .unwrap_or_default()
        .iter()
        .filter_map(Value::text)
        .filter(|word| !word.is_empty())
        .collect();
    if data_type == "text"
        && choices.len() > 1
        && let Some(values) = names::enum_values(&choices)
    {
        made.set("type", "enum").set("values", values);
    }
    let has_default =
        default.is_some_and(|value| set_default(&mut made, &value.kind, data_type, &choices));
    if has_default {
        return made;
    }
    if let Some(default) = &setting.default {
        let number = default.as_text().filter(|text| text.parse::<i64>().is_ok());
        match (data_type, number) {
            ("bigint" | "double", Some(number)) => {
                made.set("default", Node::Number(number.to_owned()));
            }
            ("date" | "timestamp", _) => {
                let text = default.as_text().unwrap_or_default();
                if let Some(time) = time(data_type, text) {
                    made.set("default", time);
                }
            }
            _ => {
                made.set("default", default.clone());
            }
        }
    } else if !setting.is_required {
        made.remove("default");
        made.set("optional", true);
    }
    made
}

/// A time as a setting of this type has it.
fn time(data_type: &str, text: &str) -> Option<String> {
    let time = super::times::literal(text, None)?;
    Some(match (data_type, time.len()) {
        ("date", _) => time.chars().take(10).collect(),
        (_, 10) => format!("{time}T00:00:00Z"),
        _ => time,
    })
}

/// Sets a default of the manifest, if it suits the type. Whether it did.
fn set_default(made: &mut Map, default: &Kind, data_type: &str, choices: &[&str]) -> bool {
    match (default, data_type) {
        (Kind::List(elements), "list") => {
            let texts: Vec<Element> = elements
                .iter()
                .filter_map(Value::scalar)
                .map(Element::new)
                .collect();
            made.set("default", Node::List(texts));
            true
        }
        (Kind::Number(number), "bigint" | "double") => {
            made.set("default", Node::Number(number.clone()));
            true
        }
        (Kind::Text(number), "bigint") if number.parse::<i64>().is_ok() => {
            made.set("default", Node::Number(number.clone()));
            true
        }
        (Kind::Bool(value), "bool") => {
            made.set("default", *value);
            true
        }
        (value, "text") => {
            let value = Value::new(value.clone());
            match value.scalar() {
                Some(text) if choices.is_empty() || choices.contains(&text) => {
                    made.set("default", text);
                    !text.is_empty()
                }
                _ => false,
            }
        }
        (Kind::Text(text), "date" | "timestamp") => match time(data_type, text) {
            Some(time) => {
                made.set("default", time);
                true
            }
            None => false,
        },
        _ => false,
    }
}
