//! A request as a server reads it.

use rest_source::{
    plan::Slot,
    schema::{Path, Step},
    transport::Request,
};
use serde_json::Value as Json;
use url::{Url, form_urlencoded};

use crate::place;

/// A request, its URL and body taken apart.
pub(crate) struct Read<'r> {
    pub(crate) request: &'r Request,
    pub(crate) url: Url,
    /// The query's pairs, decoded, in order.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Body,
}

/// A request's body.
pub(crate) enum Body {
    None,
    Json(Json),
    Form(Vec<(String, String)>),
}

impl<'r> Read<'r> {
    /// Nothing where the URL is none.
    pub(crate) fn new(request: &'r Request) -> Option<Self> {
        let url = Url::parse(&request.url).ok()?;
        Some(Self {
            query: url.query_pairs().into_owned().collect(),
            url,
            body: body(request),
            request,
        })
    }

    /// Every value of a query parameter.
    pub(crate) fn params(&self, name: &str) -> Vec<&str> {
        let pairs = self.query.iter().filter(|(found, _)| found == name);
        pairs.map(|(_, value)| value.as_str()).collect()
    }

    /// What a paginator wrote there.
    pub(crate) fn text(&self, slot: &Slot) -> Option<String> {
        match (slot, &self.body) {
            (Slot::Query(name), _) => self.params(name).first().map(|value| (*value).to_owned()),
            (Slot::Body(path), Body::Json(body)) => place::get(body, &path.0).and_then(as_text),
            (Slot::Body(path), Body::Form(fields)) => {
                let name = field(path);
                let found = fields.iter().find(|(field, _)| *field == name);
                found.map(|(_, value)| value.clone())
            }
            (Slot::Header(name), _) => self.request.headers.get(name).map(str::to_owned),
            (Slot::Body(_), Body::None) | (Slot::Placeholder, _) => None,
        }
    }
}

fn body(request: &Request) -> Body {
    let content_type = request.headers.get("Content-Type").unwrap_or_default();
    if request.body.is_empty() {
        Body::None
    } else if content_type.starts_with("application/x-www-form-urlencoded") {
        Body::Form(form_urlencoded::parse(&request.body).into_owned().collect())
    } else {
        serde_json::from_slice(&request.body).map_or(Body::None, Body::Json)
    }
}

/// The field of a form that stands for a place in a body.
pub(crate) fn field(path: &Path) -> String {
    let keys = path.0.iter().map(|step| match step {
        Step::Key(key) => key.to_string(),
        Step::Index(index) => index.to_string(),
    });
    keys.collect::<Vec<_>>().join(".")
}

/// A value as it would stand in a URL; nothing where it is null.
pub(crate) fn as_text(value: &Json) -> Option<String> {
    match value {
        Json::Null => None,
        Json::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
