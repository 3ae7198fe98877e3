//! Request fingerprints: the parts of a request that decide which records it returns.

use std::collections::BTreeMap;

use serde_json::Value;
use url::Url;

use crate::{
    Error, ErrorKind, Result, Scalar, Step,
    plan::{
        Auth, Body, Function, JsonPlan, Pages, Param, Part, ResourcePlan, Slot, SourcePlan,
        Template,
    },
    template::apply_all,
};

/// Names of parameters that hold a page size. In a paged resource they do not decide which records it has.
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

/// The fingerprint of a resource's request: the settings that it uses, base URL, path, parameters, body,
/// and the same of its parents.
///
/// Requests with one fingerprint return the same records, so that a [`State`](crate::State) of one serves
/// the other. Headers, page sizes, retries, concurrency and credentials are not part of it. Placeholders of
/// secrets stand as in the spec: a fingerprint contains no secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fingerprint(BTreeMap<String, String>);

impl Fingerprint {
    /// The fingerprint of a resource, with these values of its source's settings, in the order of the plan. For a
    /// source with a choice of credentials, without any of them.
    ///
    /// [`Client::fingerprint`](crate::Client::fingerprint) is that of a client's requests.
    pub fn of(plan: &SourcePlan, config: &[Scalar], resource: &ResourcePlan) -> Self {
        Self::new(plan, config, resource, None)
    }

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
        let mut waiting = vec![(String::new(), resource)];
        while let Some((prefix, resource)) = waiting.pop() {
            values.resource(&prefix, resource, plan.auth_of(resource, choice));
            let parents = resource.parent.iter().flat_map(|parent| parent.resources());
            waiting.extend(parents.enumerate().map(|(at, parent)| match at {
                0 => (format!("{prefix}parent."), &**parent),
                _ => (format!("{prefix}parent_{}.", at + 1), &**parent),
            }));
        }
        Self(values.entries)
    }

    /// Passes each text through `redact`.
    pub(crate) fn map_text(self, redact: impl Fn(&str) -> String) -> Self {
        let entries = self.0.into_iter();
        Self(entries.map(|(key, text)| (key, redact(&text))).collect())
    }

    /// The differences between a saved fingerprint, this one, and the current one, a line each. Settings
    /// come first, because other differences may follow from them.
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
        if let Some(root) = resource.root() {
            self.template(&format!("{prefix}root.path"), &root.path, Some(resource));
        }
        if let Some(job) = &resource.job {
            self.resource(&format!("{prefix}job."), &job.create, None);
        }
        let mut templates = Vec::new();
        if let Some(auth) = auth {
            auth.each_template(&mut |template| templates.push(template.clone()));
        }
        self.use_settings(templates.iter(), None);
    }

    /// Adds the parameters, without those of the paginator.
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

    /// Adds a value. A repeated key gets a number.
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

    /// The text of a template, with the values of settings, and all other placeholders as in the spec. Adds
    /// the settings.
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

    /// The value of a setting through functions; any other placeholder as in the spec.
    fn call(
        &mut self,
        of: &Part,
        functions: &[Function],
        whole: &Part,
        resource: Option<&ResourcePlan>,
    ) -> String {
        let Part::Config(at) = of else {
            return self.plan.placeholder(resource, whole);
        };
        self.part(of, resource);
        let value = self.config.get(usize::from(*at)).cloned();
        let value = apply_all(functions, value);
        value.map(|value| value.to_string()).unwrap_or_default()
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
            Part::Position | Part::PageSize => format!("{{{}}}", part.of_page(resource)),
            Part::Partition(at) => {
                let lists = resource.map(|resource| &resource.partitions);
                let list = lists.and_then(|lists| lists.get(usize::from(*at)));
                format!("{{partition.{}}}", list.map_or("", |list| &list.name))
            }
            Part::Job(_) => self.plan.placeholder(resource, part),
            // The time of a fetch does not make it another request.
            Part::Now => "{now}".to_owned(),
            Part::Today => "{today}".to_owned(),
            Part::Call { of, functions } => self.call(of, functions, part, resource),
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
    match resource.and_then(|resource| resource.parent_field(at)) {
        Some(field) => format!("{{resources.{field}}}"),
        None => "{resources}".to_owned(),
    }
}

/// Removes the user and password of a URL.
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
mod tests;
