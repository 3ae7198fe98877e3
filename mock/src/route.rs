//! Which resource a request asks for.
//!
//! A resource's own first request is made by the code that makes it for a fetch, with marks where its
//! secrets, its parent's values and the bounds of an incremental fetch stand. A request asks for the
//! resource where it is the same but for the marks, and what stands in place of them is read off.

use percent_encoding::percent_decode_str;
use rest_source::{
    __private::mock::{Bounds, FirstBody, PageValues, Scope, Settings, first_request},
    Result, Scalar, Secret,
    plan::{Cursor, Method, Pages, ResourcePlan, Slot, SourcePlan},
    schema::{Path, Step},
};
use serde_json::Value as Json;
use url::{Origin, Url};

use crate::read::{Body, Read, as_text, field};

/// Stands around a mark's name: of Unicode's private use, so that nobody else's text has it.
const EDGE: char = '\u{e0d7}';

/// What a mark stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    /// The secret at this position of the plan.
    Secret(usize),
    /// The value at this position of the parent's fields.
    Parent(usize),
    /// Where an incremental fetch starts.
    Start,
    /// Where it ends.
    End,
    /// A time, or what functions make of a value: any text.
    Any,
    /// Where the page is.
    Position,
    /// The most records of a page.
    Size,
    /// A field of a job.
    Job,
}

impl Mark {
    fn write(self) -> String {
        let name = match self {
            Self::Secret(at) => format!("s{at}"),
            Self::Parent(at) => format!("p{at}"),
            Self::Start => "start".to_owned(),
            Self::End => "end".to_owned(),
            Self::Any => "any".to_owned(),
            Self::Position => "position".to_owned(),
            Self::Size => "size".to_owned(),
            Self::Job => "job".to_owned(),
        };
        format!("{EDGE}{name}{EDGE}")
    }

    fn read(name: &str) -> Option<Self> {
        match name {
            "start" => Some(Self::Start),
            "end" => Some(Self::End),
            "any" => Some(Self::Any),
            "position" => Some(Self::Position),
            "size" => Some(Self::Size),
            "job" => Some(Self::Job),
            _ => match name.split_at_checked(1)? {
                ("s", at) => at.parse().ok().map(Self::Secret),
                ("p", at) => at.parse().ok().map(Self::Parent),
                _ => None,
            },
        }
    }
}

/// The requests that ask for a resource.
pub(crate) struct Route {
    method: Method,
    origin: Origin,
    segments: Vec<String>,
    query: Vec<(String, String)>,
    /// Those with a value.
    headers: Vec<(String, String)>,
    body: FirstBody,
    /// What its paginator writes over.
    slots: Vec<Slot>,
    /// Where its cursor stands alone in the query.
    alone: Option<Slot>,
}

/// What a request that asks for a resource says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asks {
    found: Vec<(Mark, String)>,
    /// Whether a secret is missing.
    lacks_secret: bool,
    /// Whether it asks for the first records of a tree.
    pub(crate) is_root: bool,
    /// How many segments of its path, parameters and members of its body are the resource's own.
    pub(crate) agreeing: usize,
}

impl Asks {
    fn value(&self, mark: Mark) -> Option<&str> {
        let (_, text) = self.found.iter().find(|(found, _)| *found == mark)?;
        Some(text)
    }

    /// Whether it says which record of the parent it is for.
    pub(crate) fn has_parent(&self) -> bool {
        let mut found = self.found.iter();
        found.any(|(mark, _)| matches!(mark, Mark::Parent(_)))
    }

    /// The value at this position of the parent's fields, where the request carries it.
    pub(crate) fn parent(&self, at: usize) -> Option<&str> {
        self.value(Mark::Parent(at))
    }

    /// Where an incremental fetch starts.
    pub(crate) fn start(&self) -> Option<&str> {
        self.value(Mark::Start)
    }

    /// Where an incremental fetch ends.
    pub(crate) fn end(&self) -> Option<&str> {
        self.value(Mark::End)
    }

    /// The job that the request names.
    pub(crate) fn job(&self) -> Option<&str> {
        self.value(Mark::Job)
    }

    /// Adds what another request says.
    pub(crate) fn extend(&mut self, other: &Self) {
        self.found.extend(other.found.iter().cloned());
    }

    /// Where the page is, where the request has a place for it.
    pub(crate) fn position(&self) -> Option<&str> {
        self.value(Mark::Position)
    }

    /// The most records of the page, likewise.
    pub(crate) fn size(&self) -> Option<&str> {
        self.value(Mark::Size)
    }

    /// Whether every secret that the resource has outside of its credentials is there, and is right.
    pub(crate) fn has_secrets(&self, secrets: &[Secret]) -> bool {
        let is_right = |(mark, text): &(Mark, String)| match mark {
            Mark::Secret(at) => secrets
                .get(*at)
                .is_some_and(|secret| secret.expose() == text),
            _ => true,
        };
        !self.lacks_secret && self.found.iter().all(is_right)
    }
}

impl Route {
    /// # Errors
    ///
    /// Where the resource's first request cannot be made.
    pub(crate) fn new(
        plan: &SourcePlan,
        resource: &ResourcePlan,
        settings: &Settings,
    ) -> Result<Self> {
        Self::of_request(plan, resource, resource, settings)
    }

    /// The same for another request with the values of the resource: one of its job.
    pub(crate) fn of_request(
        plan: &SourcePlan,
        resource: &ResourcePlan,
        request: &ResourcePlan,
        settings: &Settings,
    ) -> Result<Self> {
        let secrets: Vec<Secret> = settings.secrets.iter().enumerate().map(marked).collect();
        let parent: Vec<Scalar> = (0..resource.taken_fields().len())
            .map(|at| Scalar::Text(Mark::Parent(at).write()))
            .collect();
        let bounds = Bounds {
            start: Some(Scalar::Text(Mark::Start.write())),
            end: Some(Scalar::Text(Mark::End.write())),
            ..Bounds::default()
        };
        let any = Mark::Any.write();
        let partition = vec![Scalar::Text(any.clone()); resource.partitions.len()];
        let fields = resource.job.as_ref().map_or(0, |job| job.fields.len());
        let job = vec![Scalar::Text(Mark::Job.write()); fields];
        let scope = Scope {
            secrets: &secrets,
            config: &settings.config,
            settings: &plan.config,
            bounds: &bounds,
            parent: &parent,
            partition: &partition,
            job: &job,
            unknown: Some(&any),
            page: &PageValues {
                position: Some(Scalar::Text(Mark::Position.write())),
                size: Some(Scalar::Text(Mark::Size.write())),
            },
            ..Scope::EMPTY
        };
        let draft = first_request(plan, request, scope)?;
        let has_value = |(_, value): &(&str, &str)| value.contains(EDGE);
        let headers = draft.headers.iter().filter(has_value);
        Ok(Self {
            method: draft.method,
            segments: segments(&draft.url),
            query: draft.url.query_pairs().into_owned().collect(),
            headers: headers.map(|(n, v)| (n.to_owned(), v.to_owned())).collect(),
            origin: draft.url.origin(),
            body: draft.body,
            slots: request
                .paginator
                .kind
                .slots()
                .into_iter()
                .cloned()
                .collect(),
            alone: alone(&request.paginator.kind).cloned(),
        })
    }

    /// Its URL, without a query.
    pub(crate) fn url(&self) -> String {
        let origin = self.origin.ascii_serialization();
        format!("{origin}{}", self.segments.join("/"))
    }

    /// What a request says, if it asks for the resource.
    pub(crate) fn asks(&self, read: &Read<'_>) -> Option<Asks> {
        let segments = segments(&read.url);
        let is_there = read.request.method == self.method
            && read.url.origin() == self.origin
            && segments.len() == self.segments.len();
        if !is_there {
            return None;
        }
        let mut asks = Asks::default();
        for (pattern, text) in self.segments.iter().zip(&segments) {
            asks.agreeing += usize::from(!pattern.contains(EDGE));
            asks.found.extend(fit(pattern, text)?);
        }
        let is_written = |name: &str| {
            let is_of = |slot: &Slot| matches!(slot, Slot::Query(written) if *written == name);
            self.slots.iter().any(is_of)
        };
        let is_alone = self
            .alone
            .as_ref()
            .is_some_and(|slot| read.text(slot).is_some());
        if !is_alone {
            pairs(&self.query, &read.query, is_written, &mut asks)?;
        }
        for (name, pattern) in &self.headers {
            let mut values = read.request.headers.all(name);
            match values.find_map(|value| fit(pattern, value)) {
                Some(found) => asks.found.extend(found),
                None => asks.lacks_secret |= pieces(pattern).any(|piece| piece.is_secret()),
            }
        }
        match (&self.body, &read.body) {
            (FirstBody::None, _) => {}
            (FirstBody::Json(pattern), Body::Json(body)) => {
                json(pattern, body, &mut Vec::new(), &self.slots, &mut asks)?;
            }
            (FirstBody::Form(patterns), Body::Form(fields)) => {
                let is_written = |name: &str| {
                    let is_of =
                        |slot: &Slot| matches!(slot, Slot::Body(path) if field(path) == name);
                    self.slots.iter().any(is_of)
                };
                pairs(patterns, fields, is_written, &mut asks)?;
            }
            _ => return None,
        }
        Some(asks)
    }
}

/// Where a cursor is sent that has no other parameters beside it.
fn alone(pages: &Pages) -> Option<&Slot> {
    let (Pages::Cursor(Cursor { cursor, .. }) | Pages::HeaderCursor { cursor, .. }) = pages else {
        return None;
    };
    cursor.replaces_params.then_some(&cursor.slot)
}

/// A mark in place of a secret; an empty one, of a choice that was not made, stays empty.
fn marked((at, secret): (usize, &Secret)) -> Secret {
    if secret.expose().is_empty() {
        return secret.clone();
    }
    Mark::Secret(at).write().into()
}

/// The path's segments, decoded.
fn segments(url: &Url) -> Vec<String> {
    let segments = url.path().split('/');
    segments
        .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
        .collect()
}

/// A piece of a pattern.
enum Piece<'p> {
    Text(&'p str),
    Mark(Mark),
}

impl Piece<'_> {
    fn is_secret(&self) -> bool {
        matches!(self, Self::Mark(Mark::Secret(_)))
    }
}

/// The pieces of a pattern: texts, which may be empty, and marks between them.
fn pieces(pattern: &str) -> impl Iterator<Item = Piece<'_>> {
    pattern
        .split(EDGE)
        .enumerate()
        .map(|(at, text)| match Mark::read(text) {
            Some(mark) if at % 2 == 1 => Piece::Mark(mark),
            _ => Piece::Text(text),
        })
}

/// What stands in a text in place of a pattern's marks, if it is the pattern else. Each takes as
/// little as it can, and the last the rest.
fn fit(pattern: &str, text: &str) -> Option<Vec<(Mark, String)>> {
    let mut found = Vec::new();
    let mut rest = text;
    let mut open: Option<Mark> = None;
    let mut pieces = pieces(pattern).peekable();
    while let Some(piece) = pieces.next() {
        let literal = match piece {
            Piece::Mark(mark) => {
                open = Some(mark);
                continue;
            }
            Piece::Text(literal) => literal,
        };
        let Some(mark) = open.take() else {
            rest = rest.strip_prefix(literal)?;
            continue;
        };
        let value = if pieces.peek().is_none() {
            let value = rest.strip_suffix(literal)?;
            rest = "";
            value
        } else {
            let (value, after) = rest.split_once(literal)?;
            rest = after;
            value
        };
        found.push((mark, value.to_owned()));
    }
    rest.is_empty().then_some(found)
}

/// Whether every pair of the pattern is among those given, each for one. One whose value is not known
/// may be missing.
fn pairs(
    patterns: &[(String, String)],
    given: &[(String, String)],
    is_written: impl Fn(&str) -> bool,
    asks: &mut Asks,
) -> Option<()> {
    let mut left: Vec<&(String, String)> = given.iter().collect();
    for (name, pattern) in patterns.iter().filter(|(name, _)| !is_written(name)) {
        let fits = left.iter().enumerate().find_map(|(at, (found, value))| {
            let values = (found == name).then(|| fit(pattern, value))??;
            Some((at, values))
        });
        match fits {
            Some((at, values)) => {
                left.remove(at);
                asks.agreeing += 1;
                asks.found.extend(values);
            }
            None if pieces(pattern).any(|piece| piece.is_secret()) => asks.lacks_secret = true,
            None if pattern.contains(EDGE) => {}
            None => return None,
        }
    }
    Some(())
}

/// Whether a body is the pattern, but for further members and for what the paginator writes.
fn json(
    pattern: &Json,
    body: &Json,
    place: &mut Vec<String>,
    slots: &[Slot],
    asks: &mut Asks,
) -> Option<()> {
    match (pattern, body) {
        (Json::Object(patterns), Json::Object(members)) => {
            for (key, pattern) in patterns {
                place.push(key.clone());
                if !slots.iter().any(|slot| is_at(slot, place)) {
                    let missing = Json::Null;
                    json(
                        pattern,
                        members.get(key).unwrap_or(&missing),
                        place,
                        slots,
                        asks,
                    )?;
                }
                place.pop();
            }
            Some(())
        }
        (Json::Array(patterns), Json::Array(elements)) if patterns.len() == elements.len() => {
            // No paginator writes into a list that is there.
            let mut pairs = patterns.iter().zip(elements);
            pairs.try_for_each(|(pattern, element)| json(pattern, element, place, &[], asks))
        }
        (Json::String(pattern), value) if pattern.contains(EDGE) => {
            let has_secret = pieces(pattern).any(|piece| piece.is_secret());
            // A mark that is all of a text takes its value's type, and is null where there is none.
            match as_text(value).map(|text| fit(pattern, &text)) {
                Some(Some(found)) => asks.found.extend(found),
                Some(None) if !has_secret => return None,
                Some(None) | None => asks.lacks_secret |= has_secret,
            }
            Some(())
        }
        (pattern, value) => {
            asks.agreeing += 1;
            (pattern == value).then_some(())
        }
    }
}

fn is_at(slot: &Slot, place: &[String]) -> bool {
    match slot {
        Slot::Body(Path(steps)) => {
            let is_same =
                |(step, key): (&Step, &String)| matches!(step, Step::Key(k) if *k == *key);
            steps.len() == place.len() && steps.iter().zip(place).all(is_same)
        }
        Slot::Query(_) | Slot::Header(_) | Slot::Placeholder => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use rest_source::{
        plan::{Param, Part, Template},
        shared::{Ref::Static, list},
        transport::{Headers, Request},
    };

    use super::*;

    fn found(pattern: &str, text: &str) -> Option<Vec<String>> {
        let pattern = pattern
            .replace('<', &EDGE.to_string())
            .replace('>', &EDGE.to_string());
        let found = fit(&pattern, text)?;
        Some(found.into_iter().map(|(_, value)| value).collect())
    }

    #[test]
    fn what_stands_for_a_mark_is_read_off() {
        assert_eq!(found("posts", "posts"), Some(vec![]));
        assert_eq!(found("posts", "post"), None);
        assert_eq!(found("<p0>", "7"), Some(vec!["7".into()]));
        assert_eq!(found("a-<p0>.json", "a-7.json"), Some(vec!["7".into()]));
        assert_eq!(found("a-<p0>.json", "a-7.xml"), None);
        assert_eq!(
            found("<p0>-<p1>", "x-y-z"),
            Some(vec!["x".into(), "y-z".into()])
        );
        assert_eq!(
            found("<s0><start>", "ab"),
            Some(vec![String::new(), "ab".into()])
        );
    }

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        for mark in [
            Mark::Secret(3),
            Mark::Parent(0),
            Mark::Start,
            Mark::End,
            Mark::Position,
            Mark::Size,
        ] {
            let written = mark.write();
            let name = written.trim_matches(EDGE);
            assert_eq!(Mark::read(name), Some(mark));
        }
        for name in ["", "s", "x1", "é"] {
            assert_eq!(Mark::read(name), None);
        }
    }

    static THINGS: LazyLock<ResourcePlan> = LazyLock::new(|| ResourcePlan {
        path: Template(list![Part::Text(Static("things"))]),
        params: list![Param {
            name: Static("key"),
            value: Template(list![Part::Text(Static("k-")), Part::Secret(0)]),
        }],
        ..ResourcePlan::DEFAULT
    });

    /// Whether a request for this asks for the things, and if so, whether it has their secret.
    fn asks(url: &str) -> Option<bool> {
        static PLAN: LazyLock<SourcePlan> = LazyLock::new(|| SourcePlan {
            base_url: Template(list![Part::Text(Static("https://api.example.com/v1"))]),
            resources: vec![Static(&*THINGS)].into(),
            ..SourcePlan::DEFAULT
        });
        let settings = Settings {
            secrets: vec!["hush".into()],
            choice: None,
            config: Vec::new(),
        };
        let request = Request {
            method: Method::Get,
            url: url.to_owned(),
            headers: Headers::new(),
            body: Vec::new(),
        };
        let route = Route::new(&PLAN, &THINGS, &settings).unwrap();
        let asks = route.asks(&Read::new(&request).unwrap())?;
        Some(asks.has_secrets(&settings.secrets))
    }

    #[test]
    fn a_secret_that_is_missing_or_wrong_makes_it_no_other_request() {
        for (url, wanted) in [
            (
                "https://api.example.com/v1/things?a=1&key=k-hush",
                Some(true),
            ),
            ("https://api.example.com/v1/things?key=k-hash", Some(false)),
            ("https://api.example.com/v1/things?key=hush", Some(false)),
            ("https://api.example.com/v1/things", Some(false)),
            ("https://api.example.com/v1/thing?key=k-hush", None),
            ("https://api.example.com/v1/things/7?key=k-hush", None),
            ("https://example.com/v1/things?key=k-hush", None),
        ] {
            assert_eq!(asks(url), wanted, "{url}");
        }
    }
}
