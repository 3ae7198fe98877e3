//! A page with its request.

use super::{Budget, Json};

/// The request of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The method; `GET` if it is empty.
    pub method: String,
    /// The URL with its query; empty if it is not known.
    pub url: String,
    /// The headers.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// A page of an API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub(super) request: Request,
    /// The parts of the request that may select the page.
    pub(super) sent: Vec<Sent>,
    pub(super) headers: Vec<(String, String)>,
    /// The body.
    pub body: Json,
    pub(super) is_lines: bool,
}

/// A value in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) place: Place,
    pub(super) name: String,
    pub(super) value: String,
}

/// The part of a request that a value is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Query,
    Header,
    Body,
}

impl Request {
    /// The parameters of the query, decoded.
    pub fn query(&self) -> Vec<(String, String)> {
        let (_, query) = self.url.split_once('?').unwrap_or_default();
        let query = query.split('#').next().unwrap_or_default();
        form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect()
    }

    /// The scheme and host, and the path; empty if the URL is not known.
    pub fn origin_and_path(&self) -> (&str, &str) {
        let url = self.url.split(['?', '#']).next().unwrap_or_default();
        let start = url.find("://").map_or(0, |at| at + 3);
        let end = url[start..].find('/').map_or(url.len(), |at| start + at);
        url.split_at(end)
    }
}

impl Page {
    /// Reads the body of a response, which is JSON or JSON Lines.
    ///
    /// # Errors
    ///
    /// If it is not, or beyond the limits of depth and of the budget: the message says which.
    pub fn read(
        request: &Request,
        headers: Vec<(String, String)>,
        body: &str,
        budget: &mut Budget,
    ) -> Result<Self, String> {
        let body = body.trim_start_matches('\u{feff}').trim();
        if body.is_empty() {
            return Err("the page is empty".to_owned());
        }
        let (body, is_lines) = match Json::parse(body, budget) {
            Ok(body) => (body, false),
            Err(error) => match lines(body, budget) {
                Some(body) => (body, true),
                None => return Err(error),
            },
        };
        let mut sent: Vec<Sent> = Vec::new();
        let query = request.query().into_iter();
        sent.extend(query.map(|(name, value)| Sent {
            place: Place::Query,
            name,
            value,
        }));
        if let Ok(body) = Json::parse(&request.body, budget) {
            add_scalars(&body, &mut Vec::new(), &mut sent);
        }
        let known = request.headers.iter().cloned();
        sent.extend(known.map(|(name, value)| Sent {
            place: Place::Header,
            name,
            value,
        }));
        Ok(Self {
            request: request.clone(),
            sent,
            headers,
            body,
            is_lines,
        })
    }

    /// The values of a header.
    pub(super) fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> + Clone {
        let headers = self.headers.iter();
        let same = headers.filter(move |(own, _)| own.eq_ignore_ascii_case(name));
        same.map(|(_, value)| value.as_str())
    }

    /// The value of a query parameter.
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        let mut sent = self.sent.iter();
        let sent = sent.find(|sent| sent.place == Place::Query && sent.name == name)?;
        Some(&sent.value)
    }

    /// The field of the request's body whose last key is this.
    pub(super) fn field(&self, name: &str) -> Option<&Sent> {
        self.sent
            .iter()
            .find(|sent| sent.place == Place::Body && sent.name.rsplit('.').next() == Some(name))
    }

    /// Whether the request is one that reads by a body of JSON.
    pub(super) fn has_json_body(&self) -> bool {
        self.request.body.trim_start().starts_with('{')
    }
}

/// The records of JSON Lines.
fn lines(body: &str, budget: &mut Budget) -> Option<Json> {
    let lines = body.lines().filter(|line| !line.trim().is_empty());
    if lines.clone().nth(1).is_none()
        || !lines.clone().all(|line| line.trim_start().starts_with('{'))
    {
        return None;
    }
    let records: Result<Vec<Json>, String> = lines.map(|line| Json::parse(line, budget)).collect();
    records.ok().map(Json::List)
}

/// Adds the scalars of a request's body by their paths.
fn add_scalars(value: &Json, path: &mut Vec<String>, sent: &mut Vec<Sent>) {
    if let Some(scalar) = value.as_scalar() {
        sent.push(Sent {
            place: Place::Body,
            name: super::path_text(path),
            value: scalar.to_owned(),
        });
    }
    for (key, value) in value.members() {
        path.push(key.clone());
        add_scalars(value, path, sent);
        path.pop();
    }
}
