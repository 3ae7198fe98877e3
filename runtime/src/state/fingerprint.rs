//! What a resource's requests ask for, as text that can be compared.

use std::collections::BTreeMap;

use serde_json::Value;
use url::Url;

use crate::{
    Error, ErrorKind, Result, Scalar, Step,
    plan::{
        Auth, Body, Grant, JsonPlan, Pages, Param, Part, ResourcePlan, Slot, SourcePlan, Template,
    },
};

/// Names of parameters that hold a page size. Where a resource is paged, they do not say which records
/// it has.
const PAGE_SIZES: &[&str] = &[
    "$top",
    "count",
    "first",
    "limit",
    "max",
    "max_results",
    "maxresults",
    "page[limit]",
    "page[size]",
    "page_size",
    "pagesize",
    "per-page",
    "per_page",
    "perpage",
    "rows",
    "size",
    "take",
    "top",
];

/// What a resource's requests ask for: the settings that they use, base URL, path, parameters, body, and
/// the same of its parent.
///
/// Two loads with one fingerprint ask for the same records, so that a [`State`](crate::State) of one
/// serves the other. Headers, page sizes, retries, concurrency and credentials are not part of it. A
/// placeholder of a secret stands as it is in the spec: no secret is in a fingerprint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint(BTreeMap<String, String>);

impl Fingerprint {
    /// The fingerprint of a resource, with these settings and these credentials.
    pub(crate) fn new(
        plan: &SourcePlan,
        config: &[Scalar],
        resource: &ResourcePlan,
        choice: Option<usize>,
    ) -> Self {
        let mut values = Collector {
            plan,
            config,
            entries: BTreeMap::new(),
        };
        values.put("source", plan.name.to_string());
        values.template("base_url", &plan.base_url, None);
        values.use_settings(plan.headers.iter().map(|header| &header.value), None);
        let mut prefix = String::new();
        let mut next = Some(resource);
        while let Some(resource) = next {
            values.resource(&prefix, resource, plan.auth_of(resource, choice));
            next = resource.parent.as_ref().map(|parent| &*parent.resource);
            prefix.push_str("parent.");
        }
        Self(values.entries)
    }

    /// The same, each text passed through `redact`.
    pub(crate) fn map_text(self, redact: impl Fn(&str) -> String) -> Self {
        let entries = self.0.into_iter();
        Self(entries.map(|(key, text)| (key, redact(&text))).collect())
    }

    /// What differs between an earlier fingerprint, this one, and that of now, a line each. Settings
    /// come first, since other differences may follow from them.
    pub fn differences(&self, now: &Self) -> Vec<String> {
        let keys = self.0.keys().chain(now.0.keys());
        let mut keys: Vec<&String> = keys.collect();
        keys.sort_by_key(|key| (!key.starts_with("config."), key.as_str()));
        keys.dedup();
        let shown = |text: Option<&String>| text.map_or("absent".to_owned(), |t| format!("`{t}`"));
        let differs = keys
            .into_iter()
            .filter(|key| self.0.get(*key) != now.0.get(*key));
        differs
            .map(|key| {
                let (was, is) = (self.0.get(key), now.0.get(key));
                format!("`{key}` was {}, now it is {}", shown(was), shown(is))
            })
            .collect()
    }

    /// As JSON, on one line.
    pub fn to_json(&self) -> String {
        self.to_value().to_string()
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::State`] when the text is not a fingerprint.
    pub fn from_json(text: &str) -> Result<Self> {
        let value = serde_json::from_str(text).ok();
        value.as_ref().and_then(Self::from_value).ok_or_else(|| {
            Error::new(
                ErrorKind::State,
                "the saved request is not a JSON object of texts",
            )
        })
    }

    pub(super) fn to_value(&self) -> Value {
        let entries = self.0.iter();
        Value::Object(
            entries
                .map(|(key, text)| (key.clone(), text.as_str().into()))
                .collect(),
        )
    }

    pub(super) fn from_value(value: &Value) -> Option<Self> {
        let entries = value.as_object()?.iter();
        let texts = entries.map(|(key, text)| Some((key.clone(), text.as_str()?.to_owned())));
        texts.collect::<Option<_>>().map(Self)
    }
}

struct Collector<'a> {
    plan: &'a SourcePlan,
    config: &'a [Scalar],
    entries: BTreeMap<String, String>,
}

impl Collector<'_> {
    fn resource(&mut self, prefix: &str, resource: &ResourcePlan, auth: Option<&Auth>) {
        let is_paged = resource.paginator.kind != Pages::Single;
        let slots = resource.paginator.kind.slots();
        let pages = |name: &str| {
            let is_slot = |slot: &&Slot| matches!(slot, Slot::Query(own) if *own == name);
            let size = name.to_ascii_lowercase();
            slots.iter().any(is_slot) || is_paged && PAGE_SIZES.contains(&size.as_str())
        };
        self.put(&format!("{prefix}resource"), resource.name.to_string());
        self.template(&format!("{prefix}path"), &resource.path, Some(resource));
        self.params(
            &format!("{prefix}params"),
            &resource.params,
            resource,
            pages,
        );
        match &resource.body {
            Body::None => {}
            Body::Json(json) => {
                let body = format!("{prefix}body");
                self.json(&body, &mut Vec::new(), json, resource, &slots);
            }
            Body::Form(fields) => {
                let is_slot = |name: &str| {
                    // A form has one level: a paginator joins the keys of its place.
                    let place: Vec<String> = name.split('.').map(str::to_owned).collect();
                    slots.iter().any(|slot| is_at(slot, &place)) || pages(name)
                };
                self.params(&format!("{prefix}body"), fields, resource, is_slot);
            }
        }
        let headers = resource.headers.iter().map(|header| &header.value);
        self.use_settings(headers, Some(resource));
        self.use_settings(auth.map(templates).unwrap_or_default().into_iter(), None);
    }

    /// The parameters that do not say which page is asked for.
    fn params(
        &mut self,
        prefix: &str,
        params: &[Param],
        resource: &ResourcePlan,
        pages: impl Fn(&str) -> bool,
    ) {
        for param in params.iter().filter(|param| !pages(&param.name)) {
            self.template(
                &format!("{prefix}.{}", param.name),
                &param.value,
                Some(resource),
            );
        }
    }

    fn json(
        &mut self,
        key: &str,
        path: &mut Vec<String>,
        json: &JsonPlan,
        resource: &ResourcePlan,
        slots: &[&Slot],
    ) {
        if slots.iter().any(|slot| is_at(slot, path)) {
            return;
        }
        match json {
            JsonPlan::Object(members) if !members.is_empty() => {
                for (name, value) in members {
                    path.push(name.to_string());
                    self.json(&format!("{key}.{name}"), path, value, resource, slots);
                    path.pop();
                }
            }
            JsonPlan::Array(elements) if !elements.is_empty() => {
                for (at, value) in elements.iter().enumerate() {
                    path.push(format!("[{at}]"));
                    self.json(&format!("{key}[{at}]"), path, value, resource, slots);
                    path.pop();
                }
            }
            JsonPlan::Text(template) => {
                let text = self.text(template, Some(resource));
                self.put(key, Value::from(text).to_string());
            }
            JsonPlan::Null => self.put(key, "null".to_owned()),
            JsonPlan::Bool(value) => self.put(key, value.to_string()),
            JsonPlan::Number(digits) => self.put(key, digits.to_string()),
            JsonPlan::Object(_) => self.put(key, "{}".to_owned()),
            JsonPlan::Array(_) => self.put(key, "[]".to_owned()),
        }
    }

    fn template(&mut self, key: &str, template: &Template, resource: Option<&ResourcePlan>) {
        let text = self.text(template, resource);
        self.put(key, text);
    }

    /// Adds a value. One more of the same key gets a number.
    fn put(&mut self, key: &str, text: String) {
        let text = without_userinfo(text);
        let mut free = key.to_owned();
        let mut number = 1;
        while self.entries.contains_key(&free) {
            number += 1;
            free = format!("{key} ({number})");
        }
        self.entries.insert(free, text);
    }

    /// The text of a template, with settings as their values and all other placeholders as they are in
    /// the spec. The settings are added, too.
    fn text(&mut self, template: &Template, resource: Option<&ResourcePlan>) -> String {
        template
            .0
            .iter()
            .map(|part| self.part(part, resource))
            .collect()
    }

    fn use_settings<'t>(
        &mut self,
        templates: impl Iterator<Item = &'t Template>,
        resource: Option<&ResourcePlan>,
    ) {
        for template in templates {
            self.text(template, resource);
        }
    }

    fn part(&mut self, part: &Part, resource: Option<&ResourcePlan>) -> String {
        match part {
            Part::Text(text) => text.to_string(),
            Part::Secret(at) => {
                let secret = self.plan.secrets.get(usize::from(*at));
                format!("{{secrets.{}}}", secret.map_or("", |secret| &*secret.name))
            }
            Part::Config(at) => {
                let at = usize::from(*at);
                let value = self
                    .config
                    .get(at)
                    .map(ToString::to_string)
                    .unwrap_or_default();
                if let Some(setting) = self.plan.config.get(at) {
                    let shown = without_userinfo(value.clone());
                    self.entries
                        .insert(format!("config.{}", setting.name), shown);
                }
                value
            }
            Part::IncrementalStart => "{incremental.start_value}".to_owned(),
            Part::IncrementalEnd => "{incremental.end_value}".to_owned(),
            Part::Parent(at) => parent_field(resource, *at),
        }
    }
}

/// Whether the paginator writes to this place in the body.
fn is_at(slot: &Slot, place: &[String]) -> bool {
    let Slot::Body(path) = slot else {
        return false;
    };
    let keys = path.0.iter().map(|step| match step {
        Step::Key(key) => key.to_string(),
        Step::Index(index) => format!("[{index}]"),
    });
    keys.eq(place.iter().cloned())
}

/// The placeholder of a value of the parent's record.
fn parent_field(resource: Option<&ResourcePlan>, at: u16) -> String {
    let parent = resource.and_then(|resource| resource.parent.as_ref());
    let field = parent.and_then(|parent| Some((parent, parent.fields.get(usize::from(at))?)));
    let Some((parent, field)) = field else {
        return "{resources}".to_owned();
    };
    let column = parent
        .resource
        .table
        .columns
        .get(usize::from(field.column))
        .map_or("", |column| &*column.name);
    let path = if field.path.0.is_empty() {
        String::new()
    } else {
        format!(".{}", field.path)
    };
    format!("{{resources.{}.{column}{path}}}", parent.resource.name)
}

/// The templates that credentials are made of.
fn templates(auth: &Auth) -> Vec<&Template> {
    match auth {
        Auth::ApiKey { api_key, .. } => vec![api_key],
        Auth::Bearer { token } => vec![token],
        Auth::HttpBasic { username, password } => vec![username, password],
        Auth::OAuth2(plan) => {
            let token = match &plan.grant {
                Grant::ClientCredentials => None,
                Grant::RefreshToken(token) => Some(token),
            };
            let data = plan.access_token_request_data.iter();
            [&plan.access_token_url, &plan.client_id, &plan.client_secret]
                .into_iter()
                .chain(token)
                .chain(&plan.scope)
                .chain(&plan.audience)
                .chain(data.map(|param| &param.value))
                .collect()
        }
        Auth::Custom(plan) => plan.with.iter().map(|param| &param.value).collect(),
        Auth::OneOf => Vec::new(),
    }
}

/// The text, without the user and the password where it is a URL.
fn without_userinfo(text: String) -> String {
    match Url::parse(&text) {
        Ok(mut url) if !url.username().is_empty() || url.password().is_some() => {
            // These fail only on URLs without a host, which have no user either.
            let _ = url.set_username("");
            let _ = url.set_password(None);
            url.to_string()
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::{
        Column, Path, Table, Type,
        plan::{
            ConfigPlan, ConfigType, Cursor, Offset, Paginator, ParentField, ParentPlan, SecretPlan,
        },
        shared::{Ref::Static, Text, list},
    };

    const fn setting(name: &'static str) -> ConfigPlan {
        ConfigPlan {
            name: Text::of(name),
            env: Static(""),
            data_type: ConfigType::Text,
            default: None,
            description: None,
        }
    }

    const PLAN: SourcePlan = SourcePlan {
        name: Static("shop"),
        base_url: Template(list![
            Part::Text(Static("https://")),
            Part::Config(0),
            Part::Text(Static(".test"))
        ]),
        config: list![
            setting("tenant"),
            setting("unused"),
            setting("org"),
            setting("scope"),
        ],
        secrets: list![SecretPlan {
            name: Static("key"),
            env: Static(""),
            description: None,
        }],
        headers: list![Param {
            name: Static("X-Org"),
            value: Template(list![Part::Config(2)]),
        }],
        ..SourcePlan::DEFAULT
    };

    static ORDERS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
        name: Static("orders"),
        table: Static(const { &Table::new("orders", list![Column::new("id", Type::Bigint)]) }),
        path: Template(list![Part::Text(Static("orders"))]),
        params: list![
            Param {
                name: Static("status"),
                value: Template(list![Part::Text(Static("open"))]),
            },
            Param {
                name: Static("status"),
                value: Template(list![Part::Text(Static("paid"))]),
            },
            Param {
                name: Static("per_page"),
                value: Template(list![Part::Text(Static("100"))]),
            },
            Param {
                name: Static("start"),
                value: Template(list![Part::Text(Static("0"))]),
            },
            Param {
                name: Static("key"),
                value: Template(list![Part::Secret(0)]),
            },
        ],
        headers: list![Param {
            name: Static("Accept"),
            value: Template(list![Part::Text(Static("application/json"))]),
        }],
        paginator: Paginator::new(Pages::Offset(Offset {
            offset_slot: Slot::Query(Static("start")),
            limit: 10,
            ..Offset::DEFAULT
        })),
        ..ResourcePlan::DEFAULT
    });

    fn of(resource: &ResourcePlan, config: [&str; 4]) -> Fingerprint {
        let config = config.map(Scalar::from);
        let auth = Auth::Bearer {
            token: Template(list![Part::Secret(0), Part::Config(3)]),
        };
        let resource = ResourcePlan {
            auth: Some(auth.into()),
            ..resource.clone()
        };
        Fingerprint::new(&PLAN, &config, &resource, None)
    }

    #[test]
    fn a_fingerprint_has_what_is_asked_and_no_secret_page_size_or_header() {
        let expected = r#"{"base_url":"https://a.test","config.org":"o","config.scope":"s","config.tenant":"a","params.key":"{secrets.key}","params.status":"open","params.status (2)":"paid","path":"orders","resource":"orders","source":"shop"}"#;
        let fingerprint = of(&ORDERS, ["a", "u", "o", "s"]);
        assert_eq!(fingerprint.to_json(), expected);
        assert_eq!(Fingerprint::from_json(expected).unwrap(), fingerprint);
        assert_eq!(of(&ORDERS, ["a", "other", "o", "s"]), fingerprint);
    }

    #[test]
    fn a_size_counts_where_a_resource_has_one_page() {
        let single = ResourcePlan {
            paginator: Paginator::DEFAULT,
            ..ORDERS.clone()
        };
        let json = of(&single, ["a", "u", "o", "s"]).to_json();
        assert!(json.contains(r#""params.per_page":"100""#), "{json}");
    }

    #[test]
    fn differences_name_settings_first() {
        let (a, b) = (
            of(&ORDERS, ["a", "u", "o", "s"]),
            of(&ORDERS, ["b", "u", "o", "s"]),
        );
        assert_eq!(
            a.differences(&b),
            [
                "`config.tenant` was `a`, now it is `b`",
                "`base_url` was `https://a.test`, now it is `https://b.test`"
            ]
        );
        let fewer = ResourcePlan {
            params: list![],
            ..ORDERS.clone()
        };
        let lines = a.differences(&of(&fewer, ["a", "u", "o", "s"]));
        assert_eq!(lines[1], "`params.status` was `open`, now it is absent");
        assert!(a.differences(&a).is_empty());
    }

    #[test]
    fn a_body_counts_without_the_places_of_the_paginator() {
        const BODY: JsonPlan = JsonPlan::Object(list![
            (Static("cursor"), JsonPlan::Null),
            (
                Static("filter"),
                JsonPlan::Object(list![
                    (Static("n"), JsonPlan::Number(Static("1"))),
                    (
                        Static("t"),
                        JsonPlan::Text(Template(list![Part::Config(0)]))
                    ),
                ]),
            ),
            (
                Static("list"),
                JsonPlan::Array(list![JsonPlan::Bool(true), JsonPlan::Array(list![])])
            ),
        ]);
        let posted = ResourcePlan {
            params: list![],
            body: Body::Json(BODY),
            paginator: Paginator::new(Pages::Cursor(Cursor {
                cursor_path: Path(list![]),
                cursor: Slot::Body(Path(list![Step::Key(Static("cursor"))])),
            })),
            ..ORDERS.clone()
        };
        let json = of(&posted, ["a", "u", "o", "s"]).to_json();
        let expected = r#""body.filter.n":"1","body.filter.t":"\"a\"","body.list[0]":"true","body.list[1]":"[]","config"#;
        assert!(json.contains(expected), "{json}");
        assert!(!json.contains("cursor"), "{json}");
    }

    #[test]
    fn a_child_has_the_fingerprint_of_its_parent_too() {
        static ITEMS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
            name: Static("items"),
            path: Template(list![
                Part::Text(Static("orders/")),
                Part::Parent(0),
                Part::Text(Static("/items"))
            ]),
            params: list![],
            parent: Some(
                ParentPlan {
                    resource: Static(&*ORDERS),
                    fields: list![ParentField {
                        column: 0,
                        path: Path(list![]),
                    }],
                }
                .into(),
            ),
            ..ORDERS.clone()
        });
        let json = of(&ITEMS, ["a", "u", "o", "s"]).to_json();
        for expected in [
            r#""path":"orders/{resources.orders.id}/items""#,
            r#""parent.path":"orders""#,
            r#""parent.params.status":"open""#,
        ] {
            assert!(json.contains(expected), "{json}");
        }
    }

    #[test]
    fn the_user_of_a_url_is_left_out() {
        let config = ["u:p@host", "", "", ""];
        let json = of(&ORDERS, config).to_json();
        assert!(
            json.contains(r#""base_url":"https://host.test/""#),
            "{json}"
        );
    }
}
