//! What an endpoint asks for: its path, parameters and body.

use std::fmt::Write as _;

use crate::connector::{self, Body, JsonPlan, Method, Param, Part, Template};
use crate::diagnostic::{Diagnostic, Span};
use crate::grammar;
use crate::grammar::AnyKey;
use crate::grammar::endpoint::{self, incremental as incremental_key};
use crate::secret_names;
use crate::spec::{Text, View, text};
use crate::value;
use crate::yaml::{Entry, Kind, Node, Value};

use super::client::Client;
use super::literal::query_has_no_secret;
use super::template::{Scope, has_secret};
use super::{Check, url};

/// A parameter and where its value is written.
pub(super) struct Bound {
    pub param: Param,
    span: Span,
}

/// Why a value cannot stand in a path, where it cannot.
fn names_nothing(value: &str) -> Option<String> {
    match value {
        "" => Some("nothing stands in the place of a part of the path".to_owned()),
        "." | ".." => Some(format!(
            "`{value}` is a place in a path, and cannot be a value in it"
        )),
        _ => None,
    }
}

/// The credentials that a request carries.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Credentials {
    None,
    /// Those of an `auth`, and perhaps others.
    OfAuth,
    /// Secrets in its parameters, its headers or its body.
    Written,
}

impl Credentials {
    pub(super) fn of(
        has_auth: bool,
        params: &[Bound],
        headers: [&[Param]; 2],
        body: &Body,
    ) -> Self {
        let in_params = params.iter().any(|one| has_secret(&one.param.value));
        let mut headers = headers.into_iter().flatten();
        let in_headers = headers.any(|one| has_secret(&one.value));
        let in_body = match body {
            Body::None => false,
            Body::Json(value) => value.any_text(&has_secret),
            Body::Form(fields) => fields.iter().any(|one| has_secret(&one.value)),
        };
        if has_auth {
            Self::OfAuth
        } else if in_params || in_headers || in_body {
            Self::Written
        } else {
            Self::None
        }
    }
}

impl Check<'_> {
    /// Where a resource's requests go, and the names of the parameters that are bound there.
    pub(super) fn path(
        &mut self,
        endpoint: &View<'_>,
        path: Option<Text<'_>>,
        name: Text<'_>,
        params: &mut Vec<Bound>,
    ) -> (Template, Vec<String>) {
        let incremental = endpoint.entry(&endpoint::ENDPOINT_INCREMENTAL).is_some();
        let Some(path) = path else {
            let path = Template(vec![Part::Text(name.owned())].into());
            return (path, Vec::new());
        };
        let (mut used, mut sent) = (Vec::new(), Vec::new());
        for one in params.drain(..) {
            let is_used = path.text.contains(&format!("{{{}}}", one.param.name));
            let of = if is_used { &mut used } else { &mut sent };
            of.push(one);
        }
        *params = sent;
        let mut bound = Vec::new();
        for one in &used {
            bound.push((one.param.name.to_string(), in_segment(&one.param.value)));
            if has_secret(&one.param.value) {
                self.error(
                    Diagnostic::error("RS0302", &one.span, "a secret cannot stand in `path`")
                        .help("put it into `auth`, `headers` or `params`: addresses are logged"),
                );
            }
        }
        self.bound_once(&used);
        self.bound_names_something(&used);
        for one in &used {
            for part in &one.param.value.0 {
                if let Part::Parent(at) = part.source()
                    && !part.has_default()
                {
                    self.bound_fits_path(*at, &one.span);
                }
            }
        }
        let scope = Scope::path(&bound, incremental);
        if path.text.contains('#') {
            self.error(
                Diagnostic::error("RS0205", path.span, "a fragment, `#…`, is never sent")
                    .help("write `%23` for the character itself"),
            );
        }
        let template = self.template(path, scope);
        query_has_no_secret(path.text, path.span, self.sink);
        self.path_has_its_values(endpoint, path, &template);
        self.defaults_name_something(path, &template);
        self.partitions_name_something(path, &template);
        (template, bound.into_iter().map(|(name, _)| name).collect())
    }

    /// A part of a path cannot be left out, so what is incremental in it needs a first value.
    fn path_has_its_values(&mut self, endpoint: &View<'_>, path: Text<'_>, template: &Template) {
        let given = |key: &dyn AnyKey| {
            let incremental = endpoint.view(&endpoint::ENDPOINT_INCREMENTAL, &grammar::INCREMENTAL);
            incremental.is_some_and(|view| view.entry(key).is_some())
        };
        let needed: [(Part, &str, &dyn AnyKey); 2] = [
            (
                Part::IncrementalStart,
                "start_value",
                &incremental_key::INITIAL_VALUE,
            ),
            (
                Part::IncrementalEnd,
                "end_value",
                &incremental_key::END_VALUE,
            ),
        ];
        for (part, name, key) in needed {
            if template.has(&part) && !given(key) {
                self.error(
                    Diagnostic::error(
                        "RS0209",
                        path.span,
                        format!(
                            "`{{incremental.{name}}}` may have no value, and `path` cannot leave it out"
                        ),
                    )
                    .help(format!(
                        "say `{}` in `incremental`, or use `params`",
                        key.name
                    )),
                );
            }
        }
    }

    /// A list has no place in a path.
    fn bound_once(&mut self, bound: &[Bound]) {
        let mut names: Vec<&str> = Vec::new();
        for one in bound {
            if names.contains(&one.param.name.as_str()) {
                self.error(
                    Diagnostic::error(
                        "RS0209",
                        &one.span,
                        format!(
                            "`{}` stands in `path`, where it has one value",
                            one.param.name
                        ),
                    )
                    .help("write a text instead of the list"),
                );
            }
            names.push(&one.param.name);
        }
    }

    /// A value of `.` or `..` would lead elsewhere.
    fn bound_names_something(&mut self, bound: &[Bound]) {
        for one in bound {
            if let [Part::Text(text)] = &one.param.value.0[..]
                && let Some(reason) = names_nothing(text)
            {
                self.error(
                    Diagnostic::error("RS0205", &one.span, reason)
                        .help("give it a value that names something"),
                );
            }
        }
    }

    /// The same of the defaults of settings.
    fn defaults_name_something(&mut self, path: Text<'_>, template: &Template) {
        for part in &template.0 {
            let default = match part {
                Part::Config(at) => self.settings.default_of(*at),
                _ => None,
            };
            if let Some(reason) = default.and_then(names_nothing) {
                self.error(
                    Diagnostic::error(
                        "RS0205",
                        path.span,
                        format!("by a setting's default, {reason}"),
                    )
                    .help("leave the default out, or let it name something"),
                );
            }
        }
    }

    /// The same of the values of `partitions`.
    fn partitions_name_something(&mut self, path: Text<'_>, template: &Template) {
        for part in &template.0 {
            let Part::Partition(at) = part else { continue };
            let values = self.partitions.texts(*at);
            let reason = values.iter().find_map(|value| names_nothing(value));
            if let Some(reason) = reason {
                self.error(
                    Diagnostic::error(
                        "RS0205",
                        path.span,
                        format!("by a value of `partitions`, {reason}"),
                    )
                    .help("leave the value out, or send it in `params`"),
                );
            }
        }
    }

    /// Query parameters or fields of a form; a list repeats its key.
    pub(super) fn params(&mut self, entries: &[Entry], incremental: bool) -> Vec<Bound> {
        let mut params = Vec::new();
        for entry in entries {
            let what = format!("`{}`", entry.key.name);
            let scope = Scope::sent(&what, incremental);
            let values: Vec<Text<'_>> = match &entry.value.value {
                Value::List(elements) => elements.iter().filter_map(text).collect(),
                _ => text(&entry.value).into_iter().collect(),
            };
            if values.is_empty() {
                self.parameter_has_a_value(entry);
                // Something is to give it a value, so that a path that it is bound to has one.
                params.push(Bound {
                    param: Param {
                        name: entry.key.name.clone().into(),
                        value: Template::EMPTY,
                    },
                    span: entry.key.span.clone(),
                });
            }
            for text in values {
                let value = self.template(text, scope);
                if secret_names::param(&entry.key.name) {
                    self.is_no_secret(&what, text, &value);
                }
                params.push(Bound {
                    param: Param {
                        name: entry.key.name.clone().into(),
                        value,
                    },
                    span: text.span.clone(),
                });
            }
        }
        params
    }

    /// A parameter that is no scalar and no list of them: empty, or of dlt's kinds, of which only
    /// what the reader could not write in today's form is left.
    fn parameter_has_a_value(&mut self, param: &Entry) {
        let kind = param
            .value
            .get(endpoint::PARAM_KINDS.tag)
            .and_then(Node::scalar);
        if kind.is_some_and(|kind| kind.text == "incremental") {
            self.error(
                Diagnostic::error(
                    "RS0706",
                    &param.key.span,
                    "an endpoint is incremental once, and this one is already",
                )
                .help(
                    "write one `incremental` beside `params`, with `start_param` and `end_param`",
                ),
            );
        } else if matches!(&param.value.value, Value::List(elements) if elements.is_empty()) {
            self.error(
                Diagnostic::error(
                    "RS0110",
                    &param.value.span,
                    format!("the list of `{}` is empty", param.key.name),
                )
                .help("give it a value, or remove the key"),
            );
        }
    }

    pub(super) fn body(&mut self, endpoint: &View<'_>, method: Method, incremental: bool) -> Body {
        let json = endpoint.entry(&endpoint::JSON);
        let data = endpoint.entry(&endpoint::DATA);
        if let (Some(json), Some(data)) = (json, data) {
            self.error(
                Diagnostic::error(
                    "RS0407",
                    &data.key.span,
                    "a request has one body: `json` or `data`",
                )
                .help("remove one of them")
                .also(&json.key.span, "the other is here"),
            );
        }
        let is_get =
            method == Method::Get && !self.is_unclear(endpoint.node, endpoint::METHOD.name);
        let body_on_get =
            endpoint.has(&endpoint::BODY_ON_GET) && endpoint.get(&endpoint::BODY_ON_GET);
        if body_on_get
            && let Some(entry) = endpoint.entry(&endpoint::BODY_ON_GET)
            && (!is_get || json.or(data).is_none())
        {
            self.error(
                Diagnostic::error(
                    "RS0602",
                    &entry.key.span,
                    "`body_on_get` has no effect here",
                )
                .help("it goes with `method: GET` and a `json` or `data`"),
            );
        }
        if let Some(body) = json.or(data).filter(|_| is_get && !body_on_get) {
            self.error(
                Diagnostic::error(
                    "RS0407",
                    &body.key.span,
                    format!("a GET has no body, so `{}` has no effect", body.key.name),
                )
                .help(if endpoint.has(&endpoint::BODY_ON_GET) {
                    "add `method: POST`, or use `params`; `body_on_get: true`, if the API reads the body of a GET"
                } else {
                    "add `method: POST`, or use `params`"
                }),
            );
        }
        if let Some(json) = json {
            return Body::Json(self.json(&json.value, incremental));
        }
        match data {
            Some(data) => {
                let fields = self.params(data.value.entries(), incremental);
                Body::Form(fields.into_iter().map(|bound| bound.param).collect())
            }
            None => Body::None,
        }
    }

    /// A JSON value with placeholders in its texts. The tree is not deep: its reader saw to that.
    pub(super) fn json(&mut self, node: &Node, incremental: bool) -> JsonPlan {
        let scalar = match &node.value {
            Value::List(elements) => {
                let mut items = Vec::with_capacity(elements.len());
                for element in elements {
                    items.push(self.json(element, incremental));
                }
                return JsonPlan::Array(items.into());
            }
            Value::Map(entries) => {
                let mut members = Vec::with_capacity(entries.len());
                for entry in entries {
                    let name = entry.key.name.clone();
                    let value = self.json(&entry.value, incremental);
                    if let (JsonPlan::Text(value), Some(text)) = (&value, text(&entry.value))
                        && secret_names::param(&name)
                    {
                        self.is_no_secret(&format!("`{name}`"), text, value);
                    }
                    members.push((name.into(), value));
                }
                return JsonPlan::Object(members.into());
            }
            Value::Scalar(scalar) => scalar,
        };
        match scalar.kind {
            Kind::Null | Kind::Unclear => JsonPlan::Null,
            Kind::Bool(value) => JsonPlan::Bool(value),
            Kind::Integer | Kind::Float => {
                let number = json_number(&scalar.text);
                if number.is_none() {
                    self.error(
                        Diagnostic::error(
                            "RS0103",
                            &node.span,
                            format!("JSON has no number `{}`", scalar.text),
                        )
                        .help("put it in quotes where text is meant"),
                    );
                }
                number.map_or(JsonPlan::Null, JsonPlan::Number)
            }
            Kind::Text => {
                let scope = Scope::sent("`json`", incremental);
                let text = Text {
                    text: &scalar.text,
                    span: &node.span,
                };
                JsonPlan::Text(self.template(text, scope))
            }
        }
    }

    /// Credentials stay at home: an absolute path to another origin does not get those of the `auth`,
    /// nor the secrets that are sent otherwise.
    pub(super) fn path_stays_at_home(
        &mut self,
        endpoint: &View<'_>,
        path: &Template,
        sends: Credentials,
        client: &Client<'_>,
    ) {
        let Some(text) = super::job::path_of(endpoint) else {
            return;
        };
        // What stands for a segment is encoded, and begins no URL.
        let is_absolute = url::is_absolute(text.text);
        let Some(resolved) = self.resolved(path).filter(|_| is_absolute) else {
            return;
        };
        let origin = match url::origin(&resolved) {
            Ok((origin, _)) => origin,
            Err(reason) => {
                self.error(
                    Diagnostic::error("RS0205", text.span, format!("`path` is no URL: {reason}"))
                        .help("write a path, `/v1/things`, or an absolute URL"),
                );
                return;
            }
        };
        let is_home = client
            .base_origin
            .as_ref()
            .is_none_or(|base| *base == origin);
        let instead = match sends {
            Credentials::None => return,
            Credentials::OfAuth => "say `auth: null`",
            Credentials::Written => "leave the secrets out of what is sent there",
        };
        let is_bare = sends == Credentials::OfAuth && client.bare.contains(&origin);
        if !is_home && !is_bare && !client.allowed.contains(&origin) {
            self.error(
                Diagnostic::error(
                    "RS0305",
                    text.span,
                    format!("credentials would go to a stranger, `{}`", origin.host),
                )
                .help(format!(
                    "list `{}://{}` in `client.allow_origins`, or {instead}",
                    origin.scheme, origin.host
                )),
            );
        }
    }
}

/// The digits of a number as JSON writes them.
pub(super) fn json_number(text: &str) -> Option<connector::Text> {
    if let Some(integer) = value::integer(text) {
        return Some(integer.to_string().into());
    }
    let number: f64 = text.parse().ok()?;
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let is_as_in_json = (whole == "0" || whole.starts_with(|c: char| ('1'..='9').contains(&c)))
        && fraction.starts_with(|c: char| c.is_ascii_digit());
    let written = if is_as_in_json {
        text.to_owned()
    } else {
        number.to_string()
    };
    number.is_finite().then(|| written.into())
}

/// What a parameter that is bound to a path is there: within one segment, as every value is.
fn in_segment(Template(parts): &Template) -> Template {
    let mut encoded = Vec::with_capacity(parts.len());
    for part in parts {
        encoded.push(match part {
            Part::Text(text) => Part::Text(percent_encoded(text).into()),
            part => part.clone(),
        });
    }
    Template(encoded.into())
}

/// All but what RFC 3986 calls unreserved is encoded.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'-' | b'.' | b'_' | b'~' => encoded.push(byte.into()),
            byte if byte.is_ascii_alphanumeric() => encoded.push(byte.into()),
            byte => {
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
    }
    encoded
}
