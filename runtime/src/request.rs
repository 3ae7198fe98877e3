//! A request before its credentials are put on: what paginators write their values into.

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::{
    Error, ErrorKind, Result,
    plan::{Body, Method, ResourcePlan, SourcePlan},
    query,
    redact::Redactor,
    schema::{Path, Step},
    template::{Scope, error_kind},
    transport::{Headers, Request},
    tree::Tree,
};

/// What requests say of who makes them, unless the spec has a header for it.
pub(crate) const USER_AGENT: &str = concat!("rest-source/", env!("CARGO_PKG_VERSION"));

/// A request without credentials, for a paginator to write into.
#[derive(Clone)]
pub struct Draft {
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
    Json(Tree),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, String)>),
}

impl Draft {
    /// The request, without credentials.
    pub(crate) fn request(&self) -> Request {
        let mut headers = self.headers.clone();
        let (content_type, body) = match &self.body {
            DraftBody::None => (None, Vec::new()),
            DraftBody::Json(value) => (Some("application/json"), value.to_string().into_bytes()),
            DraftBody::Form(fields) => (Some("application/x-www-form-urlencoded"), form(fields)),
        };
        if let (Some(content_type), None) = (content_type, headers.get("Content-Type")) {
            headers.push("Content-Type", content_type);
        }
        Request {
            method: self.method,
            url: self.url.to_string(),
            headers,
            body,
        }
    }

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
        scope.check_functions(source, resource)?;
        let mut url = join(base, &scope.path(&resource.path)?)?;
        let mut query = url.query().unwrap_or_default().to_owned();
        for (name, value) in scope.params(&resource.params) {
            query::append(&mut query, name, &value);
        }
        if let Some(incremental) = &resource.incremental {
            let bounds = scope.bounds;
            for (name, value) in [
                (&incremental.start_param, &bounds.start),
                (&incremental.end_param, &bounds.end),
            ] {
                if let (Some(name), Some(value)) = (name, value) {
                    query = query::set(&query, name, &value.to_string());
                }
            }
        }
        url.set_query(Some(query.as_str()).filter(|query| !query.is_empty()));
        let body = match &resource.body {
            Body::None => DraftBody::None,
            Body::Json(json) => DraftBody::Json(scope.json(json)),
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
    pub fn set_query(&mut self, name: &str, value: &str) {
        let query = query::set(self.url.query().unwrap_or_default(), name, value);
        self.url.set_query(Some(&query));
    }

    /// Puts a header in place of all of its name.
    ///
    /// # Errors
    ///
    /// When the value holds a control character, a line break for one.
    pub fn set_header(&mut self, name: &str, value: &str) -> Result<()> {
        check_header(name, value, ErrorKind::Paging)?;
        self.headers.set(name, value);
        Ok(())
    }

    /// Removes all query parameters.
    pub fn clear_query(&mut self) {
        self.url.set_query(None);
    }

    /// Puts a value into the body, making the objects on the way to it.
    ///
    /// In a form, which has one level, the path's keys are joined by `.`.
    pub fn set_body(&mut self, path: &Path, value: Value) {
        self.set_body_to(path, value.into());
    }

    /// The same, with a number that keeps its digits.
    pub(crate) fn set_body_to(&mut self, path: &Path, value: Tree) {
        match &mut self.body {
            DraftBody::Json(body) => set_in(body, &path.0, value),
            DraftBody::Form(fields) => set_field(fields, path, &value),
            DraftBody::None => {
                let mut body = Tree::default();
                set_in(&mut body, &path.0, value);
                self.body = DraftBody::Json(body);
            }
        }
    }

    /// Goes to this URL, resolved against the current one. Credentials in it are left out.
    ///
    /// # Errors
    ///
    /// When it is no http(s) URL, or leads from https to http.
    pub fn set_url(&mut self, next: &str) -> Result<()> {
        self.url = resolve(&self.url, next)?;
        Ok(())
    }

    /// The query parameters of another request that this one lacks, by name.
    pub(crate) fn lacking(&self, other: &Self) -> Vec<String> {
        let own: Vec<_> = self.url.query_pairs().map(|(name, _)| name).collect();
        let mut lacking: Vec<String> = Vec::new();
        for (name, _) in other.url.query_pairs() {
            if !own.contains(&name) && lacking.iter().all(|known| *known != name) {
                lacking.push(name.into_owned());
            }
        }
        lacking
    }

    /// Adds the query parameters of these names as another request has them, where their values are such.
    pub(crate) fn keep(&mut self, names: &[String], other: &Self, is_kept: impl Fn(&str) -> bool) {
        let mut query = self.url.query().unwrap_or_default().to_owned();
        let before = query.len();
        for (name, value) in other.url.query_pairs() {
            if names.iter().any(|kept| *kept == name) && is_kept(&value) {
                query::append(&mut query, &name, &value);
            }
        }
        if query.len() > before {
            self.url.set_query(Some(&query));
        }
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
    resolve_or(&ErrorKind::Paging, from, next)
}

/// A URL that a server gave, resolved against the one it was asked at.
///
/// # Errors
///
/// Of kind `otherwise` when it is no http(s) URL; of kind `Origin` when it leads from https to http.
pub(crate) fn resolve_or(otherwise: &ErrorKind, from: &Url, next: &str) -> Result<Url> {
    let wrong = |why: &str| Error::new(otherwise.clone(), format!("the link `{next}` {why}"));
    let mut url = from
        .join(next.trim())
        .map_err(|error| wrong(&format!("is no URL: {error}")).with_source(&error))?;
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
        Error::new(ErrorKind::Config, message).with_source(&error)
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
    for params in [&source.headers, &resource.headers] {
        for param in params {
            if let Some(value) = scope.text(&param.value) {
                check_header(&param.name, &value, error_kind(&param.value.0))?;
                headers.set(param.name.as_str(), value);
            }
        }
    }
    Ok(headers)
}

/// Checks that a header's value ends where it ends.
///
/// # Errors
///
/// When it holds a control character, a line break for one.
pub(crate) fn check_header(name: &str, value: &str, kind: ErrorKind) -> Result<()> {
    if value.chars().any(|c| c.is_control() && c != '\t') {
        let message = format!("the value of header `{name}` holds a control character");
        return Err(Error::new(kind, message));
    }
    Ok(())
}

/// A body as it is sent, with a value at a place in it.
pub(crate) fn set_in_body(body: &[u8], is_form: bool, path: &Path, value: Value) -> Vec<u8> {
    if is_form {
        let mut fields = form_urlencoded::parse(body).into_owned().collect();
        set_field(&mut fields, path, &value.into());
        return form(&fields);
    }
    let mut tree = Tree::read(&String::from_utf8_lossy(body));
    set_in(&mut tree, &path.0, value.into());
    tree.to_string().into_bytes()
}

/// Fields as `application/x-www-form-urlencoded`.
pub(crate) fn form(fields: &[(String, String)]) -> Vec<u8> {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(fields).finish().into_bytes()
}

fn set_in(body: &mut Tree, path: &[Step], value: Tree) {
    let Some((step, rest)) = path.split_first() else {
        *body = value;
        return;
    };
    match step {
        Step::Key(key) => {
            if !matches!(body, Tree::Members(_)) {
                *body = Tree::Members(BTreeMap::new());
            }
            if let Tree::Members(members) = body {
                set_in(members.entry(key.to_string()).or_default(), rest, value);
            }
        }
        Step::Index(index) => {
            if let Tree::List(elements) = body {
                let from_end = elements.len().checked_sub(index.unsigned_abs() as usize);
                let at = usize::try_from(*index).ok().or(from_end);
                if let Some(element) = at.and_then(|at| elements.get_mut(at)) {
                    set_in(element, rest, value);
                }
            }
        }
    }
}

fn set_field(fields: &mut Vec<(String, String)>, path: &Path, value: &Tree) {
    let keys: Vec<String> = path
        .0
        .iter()
        .map(|step| match step {
            Step::Key(key) => key.to_string(),
            Step::Index(index) => index.to_string(),
        })
        .collect();
    let name = keys.join(".");
    let json = value.to_string();
    let text = serde_json::from_str(&json).unwrap_or(json);
    match fields.iter_mut().find(|(field, _)| *field == name) {
        Some(field) => field.1 = text,
        None => fields.push((name, text)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        Scalar,
        plan::{Incremental, Param, Part, Template},
        shared::{Ref::Static, Text, list},
        template::Bounds,
    };

    fn first(base: &str, path: &'static str, resource: &ResourcePlan) -> Draft {
        let source = SourcePlan {
            headers: list![
                Param {
                    name: Static("X-Version"),
                    value: Template(list![Part::Text(Static("1"))]),
                },
                Param {
                    name: Static("X-Other"),
                    value: Template(list![Part::Text(Static("2"))]),
                },
            ],
            ..SourcePlan::DEFAULT
        };
        let resource = ResourcePlan {
            path: Template(vec![Part::Text(Text::of(path))].into()),
            ..resource.clone()
        };
        let scope = Scope {
            secrets: &["s3cr3t".into()],
            bounds: &Bounds {
                start: Some(Scalar::Bigint(1_700_000_000)),
                ..Bounds::default()
            },
            ..Scope::EMPTY
        };
        let base = Url::parse(base).unwrap();
        Draft::first(
            &source,
            &resource,
            &base,
            scope,
            Arc::new(Redactor::new(["s3cr3t"])),
        )
        .unwrap()
    }

    fn url(base: &str, path: &'static str) -> String {
        first(base, path, &ResourcePlan::DEFAULT).url.to_string()
    }

    #[test]
    fn a_path_is_joined_to_the_whole_base_url() {
        for (base, path, joined) in [
            ("https://h", "things", "https://h/things"),
            ("https://h/", "/things", "https://h/things"),
            ("https://h/v1", "/things", "https://h/v1/things"),
            ("https://h/v1/", "things/", "https://h/v1/things/"),
            (
                "https://h/v1?tenant=a%20b",
                "things",
                "https://h/v1/things?tenant=a%20b",
            ),
            (
                "https://h/v1?a=1",
                "things?b=2",
                "https://h/v1/things?a=1&b=2",
            ),
            ("https://h/v1?a=1", "", "https://h/v1?a=1"),
            ("https://h/v1", "https://other/x?b=2", "https://other/x?b=2"),
            ("https://h/v1", "HTTPS://other/x", "https://other/x"),
            ("https://h/v1", "//other/x", "https://h/v1/other/x"),
        ] {
            assert_eq!(url(base, path), joined);
        }
    }

    #[test]
    fn parameters_follow_in_order_and_may_repeat() {
        const PARAMS: &[Param] = &[
            Param {
                name: Static("types[]"),
                value: Template(list![Part::Text(Static("a b"))]),
            },
            Param {
                name: Static("types[]"),
                value: Template(list![Part::Text(Static("c&d"))]),
            },
            Param {
                name: Static("to"),
                value: Template(list![Part::IncrementalEnd]),
            },
        ];
        let draft = first(
            "https://h?x=1",
            "t",
            &ResourcePlan {
                params: Static(PARAMS),
                incremental: Some(Incremental {
                    start_param: Some(Static("since")),
                    end_param: Some(Static("until")),
                    column: Some(0),
                    ..Incremental::DEFAULT
                }),
                ..ResourcePlan::DEFAULT
            },
        );
        assert_eq!(
            draft.shown(),
            "GET https://h/t?x=1&types%5B%5D=a%20b&types%5B%5D=c%26d&since=1700000000"
        );
    }

    #[test]
    fn a_header_of_the_resource_wins_whatever_its_case() {
        let draft = first(
            "https://h",
            "t",
            &ResourcePlan {
                headers: list![
                    Param {
                        name: Static("x-version"),
                        value: Template(list![Part::Text(Static("9"))]),
                    },
                    Param {
                        name: Static("accept"),
                        value: Template(list![Part::Text(Static("text/json"))]),
                    },
                ],
                ..ResourcePlan::DEFAULT
            },
        );
        let headers: Vec<_> = draft.headers.iter().collect();
        assert_eq!(
            headers,
            [
                ("User-Agent", USER_AGENT),
                ("X-Other", "2"),
                ("x-version", "9"),
                ("accept", "text/json"),
            ]
        );
    }

    #[test]
    fn a_query_parameter_is_set_once_and_keeps_its_place() {
        let mut draft = first("https://h", "t?offset=0&limit=9", &ResourcePlan::DEFAULT);
        draft.set_query("limit", "100");
        draft.set_query("offset", "100");
        draft.set_query("offset", "200");
        draft.set_query("page", "1");
        assert_eq!(draft.shown(), "GET https://h/t?offset=200&limit=100&page=1");
    }

    #[test]
    fn a_value_is_put_into_a_body_wherever_it_belongs() {
        const DEEP: Path = Path(list![
            Step::Key(Static("page")),
            Step::Key(Static("offset"))
        ]);
        let mut draft = first("https://h", "t", &ResourcePlan::DEFAULT);
        draft.body = DraftBody::Json(json!({ "page": { "limit": 5 }, "q": "x" }).into());
        draft.set_body(&DEEP, json!(100));
        draft.set_body(
            &Path(list![Step::Key(Static("new")), Step::Key(Static("er"))]),
            json!("c"),
        );
        let DraftBody::Json(body) = &draft.body else {
            panic!("{:?}", draft.body);
        };
        assert_eq!(
            body.to_string(),
            r#"{"new":{"er":"c"},"page":{"limit":5,"offset":100},"q":"x"}"#
        );

        draft.body = DraftBody::Form(vec![("cursor".into(), "a".into())]);
        draft.set_body(&Path(list![Step::Key(Static("cursor"))]), json!("b"));
        draft.set_body(&Path(list![Step::Key(Static("limit"))]), json!(5));
        let DraftBody::Form(fields) = &draft.body else {
            panic!("{:?}", draft.body);
        };
        let expected = [("cursor", "b"), ("limit", "5")];
        assert_eq!(*fields, expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
    }

    #[test]
    fn a_link_is_resolved_against_the_current_request() {
        for (link, resolved) in [
            ("https://h/b?c=2", "https://h/b?c=2"),
            ("/b?c=2", "https://h/b?c=2"),
            ("?page=2", "https://h/v1/t?page=2"),
            ("u", "https://h/v1/u"),
            (" //other/x#part ", "https://other/x"),
            ("https://user:pass@h/b", "https://h/b"),
        ] {
            let mut draft = first("https://h/v1", "t?a=1", &ResourcePlan::DEFAULT);
            draft.set_url(link).unwrap();
            assert_eq!(draft.url.as_str(), resolved);
        }
    }

    #[test]
    fn a_link_that_is_no_url_or_less_safe_is_refused() {
        let mut draft = first("https://h/v1", "t", &ResourcePlan::DEFAULT);
        for (link, kind) in [
            ("https://[", ErrorKind::Paging),
            ("ftp://h/x", ErrorKind::Paging),
            ("javascript:alert(1)", ErrorKind::Paging),
            ("http://h/x", ErrorKind::Origin),
        ] {
            assert_eq!(draft.set_url(link).unwrap_err().kind(), &kind);
        }
        assert_eq!(draft.shown(), "GET https://h/v1/t", "it stays where it was");
    }

    #[test]
    fn a_secret_in_a_parameter_is_sent_and_not_shown() {
        let draft = first(
            "https://h",
            "t",
            &ResourcePlan {
                params: list![Param {
                    name: Static("key"),
                    value: Template(list![Part::Secret(0)]),
                }],
                ..ResourcePlan::DEFAULT
            },
        );
        assert_eq!(draft.url.as_str(), "https://h/t?key=s3cr3t");
        assert_eq!(draft.shown(), "GET https://h/t?key=[secret]");
        assert_eq!(format!("{draft:?}"), "Draft(GET https://h/t?key=[secret])");
    }
}
