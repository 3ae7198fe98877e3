//! A request before its credentials are put on: what paginators write their values into.

use std::{fmt, sync::Arc};

use serde_json::Value;
use url::Url;

use crate::{
    ConfigValue, Error, ErrorKind, Result,
    plan::{Body, Method, ResourcePlan, SourcePlan},
    query,
    redact::Redactor,
    schema::{Path, Step},
    template::Scope,
    transport::Headers,
};

/// What requests say of who makes them, unless the spec has a header for it.
pub(crate) const USER_AGENT: &str = concat!("rest-source/", env!("CARGO_PKG_VERSION"));

/// Where an incremental fetch starts and ends, in the form in which it is sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Bounds {
    /// `{incremental.start_value}`, and the value of `start_param`.
    pub(crate) start: Option<ConfigValue>,
    /// `{incremental.end_value}`, and the value of `end_param`.
    pub(crate) end: Option<ConfigValue>,
}

/// A request without credentials.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: Headers,
    pub(crate) body: DraftBody,
    redactor: Arc<Redactor>,
}

/// A body before it is written.
#[derive(Clone, Debug)]
pub(crate) enum DraftBody {
    /// None.
    None,
    /// `application/json`.
    Json(Value),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, String)>),
}

impl Draft {
    /// The first request of a resource.
    ///
    /// # Errors
    ///
    /// When a placeholder of the path has no value or a bad one, or a header cannot be sent.
    pub(crate) fn first(
        source: &SourcePlan,
        resource: &ResourcePlan,
        base: &Url,
        scope: Scope<'_>,
        redactor: Arc<Redactor>,
    ) -> Result<Self> {
        let mut url = join(base, &scope.path(resource.path)?)?;
        let mut query = url.query().unwrap_or_default().to_owned();
        for (name, value) in scope.params(resource.params) {
            query::append(&mut query, name, &value);
        }
        if let Some(incremental) = &resource.incremental {
            let bounds = scope.bounds;
            for (name, value) in [
                (incremental.start_param, &bounds.start),
                (incremental.end_param, &bounds.end),
            ] {
                if let (Some(name), Some(value)) = (name, value) {
                    query = query::set(&query, name, &value.to_string());
                }
            }
        }
        url.set_query(Some(query.as_str()).filter(|query| !query.is_empty()));
        let body = match resource.body {
            Body::None => DraftBody::None,
            Body::Json(json) => DraftBody::Json(scope.json(&json)),
            Body::Form(fields) => DraftBody::Form(
                scope
                    .params(fields)
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect(),
            ),
        };
        Ok(Self {
            method: resource.method,
            url,
            headers: headers(source, resource, scope)?,
            body,
            redactor,
        })
    }

    /// Puts one parameter in place of all of its name: where the first was, or at the end.
    pub(crate) fn set_query(&mut self, name: &str, value: &str) {
        let query = query::set(self.url.query().unwrap_or_default(), name, value);
        self.url.set_query(Some(&query));
    }

    /// Puts a value into the body, making the objects on the way to it.
    ///
    /// In a form, which has one level, the path's keys are joined by `.`.
    pub(crate) fn set_body(&mut self, path: Path, value: Value) {
        match &mut self.body {
            DraftBody::Json(body) => set_in(body, path.0, value),
            DraftBody::Form(fields) => set_field(fields, path, &value),
            DraftBody::None => {
                let mut body = Value::Null;
                set_in(&mut body, path.0, value);
                self.body = DraftBody::Json(body);
            }
        }
    }

    /// Goes to this URL, resolved against the current one. Credentials in it are left out.
    ///
    /// # Errors
    ///
    /// When it is no http(s) URL, or leads from https to http.
    pub(crate) fn set_url(&mut self, next: &str) -> Result<()> {
        self.url = resolve(&self.url, next)?;
        Ok(())
    }

    /// The request in a message: `GET https://api.example.com/v1/stories?offset=100`.
    pub(crate) fn shown(&self) -> String {
        let text = format!("{} {}", self.method.as_str(), self.url);
        self.redactor.redact(&text)
    }
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Draft({})", self.shown())
    }
}

/// The URL of a next page, resolved against the one of this page.
///
/// # Errors
///
/// Of kind `Paging` when it is no http(s) URL; of kind `Origin` when it leads from https to http.
pub(crate) fn resolve(from: &Url, next: &str) -> Result<Url> {
    resolve_or(ErrorKind::Paging, from, next)
}

/// A URL that a server gave, resolved against the one it was asked at.
///
/// # Errors
///
/// Of kind `otherwise` when it is no http(s) URL; of kind `Origin` when it leads from https to http.
pub(crate) fn resolve_or(otherwise: ErrorKind, from: &Url, next: &str) -> Result<Url> {
    let wrong = |why: &str| Error::new(otherwise.clone(), format!("the link `{next}` {why}"));
    let mut url = from
        .join(next.trim())
        .map_err(|error| wrong(&format!("is no URL: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("is not http or https"));
    }
    if from.scheme() == "https" && url.scheme() == "http" {
        let message = format!(
            "`{}` leads from https to http",
            url.origin().ascii_serialization()
        );
        return Err(Error::new(ErrorKind::Origin, message)
            .with_help("the API has to link to https; `base_url` may have to"));
    }
    strip(&mut url);
    Ok(url)
}

/// Takes out of a URL what is not sent: user, password and fragment. A transport would make an
/// `Authorization` header of the first two.
fn strip(url: &mut Url) {
    // These fail only on URLs without a host, which http and https always have.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_fragment(None);
}

/// A path under the base URL, as dlt joins them: the base's own path and query are kept. An absolute
/// URL stands for itself.
fn join(base: &Url, path: &str) -> Result<Url> {
    let wrong = |error: url::ParseError| {
        let message = format!("the path `{path}` makes no URL: {error}");
        Error::new(ErrorKind::Config, message)
    };
    let lower = path.get(..8).unwrap_or(path).to_ascii_lowercase();
    if lower.starts_with("https://") || lower.starts_with("http://") {
        let mut url = Url::parse(path).map_err(wrong)?;
        strip(&mut url);
        return Ok(url);
    }
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut root = base.clone();
    root.set_query(None);
    let joined = match path.trim_start_matches('/') {
        "" => root.to_string(),
        path => format!("{}/{path}", root.as_str().trim_end_matches('/')),
    };
    let mut url = Url::parse(&joined).map_err(wrong)?;
    strip(&mut url);
    let queries = [base.query().unwrap_or_default(), query];
    let queries: Vec<&str> = queries.into_iter().filter(|q| !q.is_empty()).collect();
    if !queries.is_empty() {
        url.set_query(Some(&queries.join("&")));
    }
    Ok(url)
}

/// The headers of the source, then those of the resource in their place.
fn headers(source: &SourcePlan, resource: &ResourcePlan, scope: Scope<'_>) -> Result<Headers> {
    let mut headers = Headers::new();
    headers.push("Accept", "application/json");
    headers.push("User-Agent", USER_AGENT);
    for params in [source.headers, resource.headers] {
        for (name, value) in scope.params(params) {
            check_header(name, &value)?;
            headers.set(name, value);
        }
    }
    Ok(headers)
}

/// Checks that a header's value ends where it ends.
///
/// # Errors
///
/// When it holds a control character, a line break for one.
pub(crate) fn check_header(name: &str, value: &str) -> Result<()> {
    if value.chars().any(|c| c.is_control() && c != '\t') {
        let message = format!("the value of header `{name}` holds a control character");
        return Err(Error::new(ErrorKind::Config, message));
    }
    Ok(())
}

fn set_in(body: &mut Value, path: &[Step], value: Value) {
    let Some((step, rest)) = path.split_first() else {
        *body = value;
        return;
    };
    match step {
        Step::Key(key) => {
            if !body.is_object() {
                *body = Value::Object(serde_json::Map::new());
            }
            if let Value::Object(members) = body {
                set_in(members.entry(*key).or_insert(Value::Null), rest, value);
            }
        }
        Step::Index(index) => {
            if let Value::Array(elements) = body {
                let from_end = elements.len().checked_sub(index.unsigned_abs() as usize);
                let at = usize::try_from(*index).ok().or(from_end);
                if let Some(element) = at.and_then(|at| elements.get_mut(at)) {
                    set_in(element, rest, value);
                }
            }
        }
    }
}

fn set_field(fields: &mut Vec<(String, String)>, path: Path, value: &Value) {
    let keys: Vec<String> = path
        .0
        .iter()
        .map(|step| match step {
            Step::Key(key) => (*key).to_owned(),
            Step::Index(index) => index.to_string(),
        })
        .collect();
    let name = keys.join(".");
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    match fields.iter_mut().find(|(field, _)| *field == name) {
        Some(field) => field.1 = text,
        None => fields.push((name, text)),
    }
}
