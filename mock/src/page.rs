//! Pages: which of the records a request asks for, and the response that has them.

use rest_source::{
    Error, ErrorKind, Result,
    plan::{
        Auth, CursorForm, Flag, JsonPlan, Pages, Paginator, Part, ResourcePlan, Selector,
        SentCursor, Slot, Template,
    },
    schema::{Path, ResponseValue, Step},
    shared::Ref,
    transport::{Headers, Response},
};
use serde_json::{Value as Json, json};

use crate::{
    IntoResponse as _, body,
    place::{Way, get, put, put_found},
    read::{Read, as_text},
    route::Asks,
};

/// The most records of a page where neither the spec nor the test says.
const PAGE: u64 = 100;

/// The parameter of a next page's URL.
const AFTER: &str = "mock_after";

/// The parameter of a delta link.
const SINCE: &str = "mock_since";

/// What a cursor begins with: it is no number, as few are.
const CURSOR: &str = "after-";

/// How the pages of a resource are made.
pub(crate) struct Paging {
    plan: Ref<ResourcePlan>,
    /// The resource's credentials.
    auth: Option<Auth>,
    way: Way,
    /// The most records of a page.
    cap: Option<u64>,
}

/// Which records a page has.
struct Cut {
    start: usize,
    end: usize,
    /// Of all there are.
    len: usize,
    /// The most that it was to have.
    size: u64,
}

impl Cut {
    fn new(start: u64, size: u64, len: usize) -> Self {
        let within = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(len);
        Self {
            start: within(start),
            end: within(start.saturating_add(size)),
            len,
            size,
        }
    }

    fn has_more(&self) -> bool {
        self.end < self.len
    }
}

impl Paging {
    /// # Errors
    ///
    /// Where the spec does not say enough to make a page by.
    pub(crate) fn new(
        plan: &Ref<ResourcePlan>,
        auth: Option<&Auth>,
        cap: Option<u64>,
    ) -> Result<Self> {
        if let Some(why) = body::unsupported(&plan.decoder) {
            return Err(cannot(plan, &why));
        }
        if let Pages::Custom { .. } = plan.paginator.kind {
            return Err(cannot(plan, "its paginator is custom"));
        }
        if let Some(path) = &plan.extract {
            return Err(cannot(plan, &format!("`{path}` reads its bodies")));
        }
        let Some(way) = Way::of(&plan.selector) else {
            let Selector::Query(query) = &plan.selector else {
                return Err(cannot(plan, "its `data_selector` has too large an index"));
            };
            return Err(cannot(
                plan,
                &format!("`data_selector` `{query}` chooses what it takes"),
            ));
        };
        if plan.rows_path.is_some() {
            return Err(cannot(plan, "its `rows_path` tells rows from records"));
        }
        let paging = Self {
            plan: plan.clone(),
            auth: auth.cloned(),
            way,
            cap,
        };
        for place in paging.places() {
            let mut body = paging.way.body(vec![json!({})]);
            let shown = match &place {
                Selector::Path(path) => path.to_string(),
                Selector::Query(query) => query.to_string(),
            };
            if !put_found(&mut body, &place, json!(1)) {
                let why = match place {
                    Selector::Path(_) => format!("records stand in the way of `{shown}`"),
                    Selector::Query(_) => {
                        format!("no body is known in which `{shown}` finds a value")
                    }
                };
                return Err(cannot(plan, &why));
            }
        }
        if let Some(cursor) = sent_cursor(&plan.paginator.kind)
            && cursor.replaces_params
            && (plan.change_token().is_some()
                || plan.params.iter().any(|param| is_asked(&param.value)))
        {
            return Err(cannot(
                plan,
                "its cursor stands alone, without what it asks for",
            ));
        }
        match after_record(plan) {
            Some([Step::Index(-1), ..]) | None => Ok(paging),
            Some(_) => Err(cannot(
                plan,
                "its cursor is in another record than a page's last",
            )),
        }
    }

    /// The places of a body, besides the records', that have something.
    fn places(&self) -> Vec<Selector> {
        let Paginator { kind, ends, .. } = &self.plan.paginator;
        let next = match kind {
            Pages::Cursor(plan) if after_record(&self.plan).is_none() => Some(&plan.cursor_path),
            Pages::Scroll(plan) => Some(&plan.cursor_path),
            Pages::JsonLink { next_url_path } => Some(next_url_path),
            _ => None,
        };
        let flag = ends.flag.as_ref().map(|flag| &flag.path);
        let token = self.plan.change_token().map(|token| &token.path);
        let places = [ends.total_path.as_ref(), flag, token]
            .into_iter()
            .flatten();
        let places = places.map(|path| Selector::Path(path.clone()));
        places.chain(next.cloned()).collect()
    }

    /// The page of these records that a request asks for.
    pub(crate) fn page(&self, read: &Read<'_>, asks: &Asks, records: &[&Json]) -> Response {
        let unknown = || {
            refusal(
                400,
                "the request asks for a page that no response has led to",
            )
        };
        let known = self.known_records(read, asks);
        let Some((known, records)) = known.and_then(|at| Some((at, records.get(at..)?))) else {
            return unknown();
        };
        let Some(cut) = self.cut(read, asks, records) else {
            return unknown();
        };
        let page = records.get(cut.start..cut.end).unwrap_or_default();
        let records = page.iter().copied().cloned().collect();
        let mut body = match self.key() {
            Some(key) => self.way.keyed_body(records, key),
            None => self.way.body(records),
        };
        let mut headers = Headers::new();
        self.say_what_is_around(page, &mut headers, &mut body);
        self.say_more(&cut, read, &mut headers, &mut body);
        if let Some(token) = self.plan.change_token()
            && !cut.has_more()
        {
            let number = known + cut.len;
            let value = if token.is_link {
                self.link(read, SINCE, number)
            } else {
                format!("{CURSOR}{number}")
            };
            put(&mut body, &token.path.0, value.into());
        }
        let decoder = &self.plan.decoder;
        let mut response = if decoder.has_rows() {
            body::response(decoder, &body::of_rows(&self.plan, page))
        } else if decoder.is_plain() {
            body.into_response()
        } else {
            body::response(decoder, body.to_string().as_bytes())
        };
        for (name, value) in headers.iter() {
            response.headers.push(name, value);
        }
        response
    }

    /// How many records the token of an earlier fetch stands for.
    fn known_records(&self, read: &Read<'_>, asks: &Asks) -> Option<usize> {
        let number = match self.plan.change_token() {
            None => return Some(0),
            Some(token) if token.is_link => read.params(SINCE).first().copied(),
            Some(_) => match asks.start() {
                Some(token) => Some(token.strip_prefix(CURSOR)?),
                None => None,
            },
        };
        number.map_or(Some(0), |number| number.parse().ok())
    }

    /// The field of a record that is its key in an object.
    fn key(&self) -> Option<&str> {
        let mut columns = self.plan.table.columns.iter();
        let column = columns.find(|column| column.response == Some(ResponseValue::Key))?;
        Some(&column.key)
    }

    /// Puts what the page has around its records where it is looked for: the values of the first record.
    fn say_what_is_around(&self, page: &[&Json], headers: &mut Headers, body: &mut Json) {
        for column in &self.plan.table.columns {
            let value = page.first().and_then(|record| record.get(&*column.key));
            match (&column.response, value) {
                (Some(ResponseValue::Body(path)), Some(value)) => {
                    put(body, &path.0, value.clone());
                }
                (Some(ResponseValue::Header(name)), Some(value)) => {
                    headers.push(&**name, as_text(value).unwrap_or_default());
                }
                _ => {}
            }
        }
    }

    fn cut(&self, read: &Read<'_>, asks: &Asks, records: &[&Json]) -> Option<Cut> {
        let position = |slot: &Slot| match slot {
            Slot::Placeholder => asks.position().map(str::to_owned),
            slot => read
                .text(slot)
                .or_else(|| asks.position().map(str::to_owned)),
        };
        let number = |slot| position(slot).and_then(|text| text.parse::<u64>().ok());
        let asked = |slot: &Slot| {
            let text = match slot {
                Slot::Placeholder => asks.size().map(str::to_owned),
                slot => read.text(slot),
            };
            text.and_then(|text| text.parse::<u64>().ok())
        };
        let len = records.len();
        let size = self.cap.unwrap_or(PAGE);
        Some(match &self.plan.paginator.kind {
            Pages::Single | Pages::Custom { .. } => Cut::new(0, u64::MAX, len),
            Pages::Offset(plan) => {
                let limit = asked(&plan.limit_slot).unwrap_or(plan.limit);
                let start = number(&plan.offset_slot).unwrap_or(plan.offset);
                let start = start.saturating_sub(plan.base_offset);
                Cut::new(start, self.size(limit), len)
            }
            Pages::Number(plan) => {
                let asked = plan
                    .page_size_slot
                    .as_ref()
                    .and_then(asked)
                    .or(plan.page_size);
                let size = asked.map_or(size, |asked| self.size(asked));
                let page = number(&plan.page_slot).unwrap_or(plan.page);
                let start = page.saturating_sub(plan.base_page).saturating_mul(size);
                Cut::new(start, size, len)
            }
            Pages::Cursor(plan) | Pages::Scroll(plan) => {
                let cursor = position(&plan.cursor.slot).map(|cursor| plain(cursor, &plan.cursor));
                let start = match (cursor, after_record(&self.plan)) {
                    (Some(cursor), Some(steps)) if !is_initial(&cursor, &plan.cursor) => {
                        let field = steps.get(1..).unwrap_or_default();
                        let has_it = |record: &&Json| {
                            get(record, field).and_then(as_text).as_deref() == Some(&cursor)
                        };
                        records.iter().rposition(has_it)? as u64 + 1
                    }
                    (cursor, _) => at(cursor, &plan.cursor)?,
                };
                Cut::new(start, size, len)
            }
            Pages::HeaderCursor { cursor, .. } => {
                let sent = position(&cursor.slot).map(|sent| plain(sent, cursor));
                Cut::new(at(sent, cursor)?, size, len)
            }
            Pages::HeaderLink { .. } | Pages::JsonLink { .. } => {
                let start = match read.params(AFTER).first() {
                    Some(after) => after.parse().ok()?,
                    None => 0,
                };
                Cut::new(start, size, len)
            }
        })
    }

    /// The records of a page of which so many were asked for.
    fn size(&self, asked: u64) -> u64 {
        let ends = &self.plan.paginator.ends;
        match self.cap {
            // Who takes a short page for the last one has an API that gives what it is asked for.
            Some(cap) if !ends.stop_after_short_page => asked.min(cap),
            _ => asked,
        }
    }

    /// Says in headers and body what the paginator looks for there.
    fn say_more(&self, cut: &Cut, read: &Read<'_>, headers: &mut Headers, body: &mut Json) {
        // Whether there is room was seen when this was made.
        let mut say = |path: Option<&Path>, value: Json| {
            if let Some(path) = path {
                put(body, &path.0, value);
            }
        };
        let more = cut.has_more();
        let Paginator { kind, ends, .. } = &self.plan.paginator;
        let total = self.total(cut);
        say(ends.total_path.as_ref(), total.into());
        if let Some(flag) = &ends.flag {
            say(Some(&flag.path), state(flag, more));
        }
        if let Some(name) = &ends.total_header {
            let value = if name.eq_ignore_ascii_case("content-range") {
                format!("items {}-{}/{total}", cut.start, cut.end)
            } else {
                total.to_string()
            };
            headers.push(name.as_str(), value);
        }
        let mut find = |place: &Selector, value: Json| _ = put_found(body, place, value);
        match kind {
            Pages::Cursor(plan) => {
                if after_record(&self.plan).is_none() {
                    let cursor = more.then(|| format!("{CURSOR}{}", cut.end));
                    find(&plan.cursor_path, cursor.into());
                }
            }
            Pages::Scroll(plan) => {
                find(&plan.cursor_path, format!("{CURSOR}{}", cut.end).into());
            }
            Pages::JsonLink { next_url_path } => {
                let next = more.then(|| self.next(read, cut));
                find(next_url_path, next.into());
            }
            Pages::HeaderCursor { cursor_key, .. } if more => {
                headers.push(cursor_key.as_str(), format!("{CURSOR}{}", cut.end));
            }
            Pages::HeaderLink { header, rel } if more => {
                let next = self.next(read, cut);
                if header.eq_ignore_ascii_case("link") {
                    headers.push(header.as_str(), format!("<{next}>; rel=\"{rel}\""));
                } else {
                    headers.push(header.as_str(), next);
                }
            }
            Pages::Single
            | Pages::Offset(_)
            | Pages::Number(_)
            | Pages::HeaderCursor { .. }
            | Pages::HeaderLink { .. }
            | Pages::Custom { .. } => {}
        }
    }

    /// What the paginator takes for the total: records, or pages.
    fn total(&self, cut: &Cut) -> u64 {
        let records = cut.len as u64;
        match &self.plan.paginator.kind {
            Pages::Number(_) => records.div_ceil(cut.size.max(1)),
            _ => records,
        }
    }

    /// The URL of the next page.
    fn next(&self, read: &Read<'_>, cut: &Cut) -> String {
        self.link(read, AFTER, cut.end)
    }

    /// The URL of the request, without its key and its page, with this parameter.
    fn link(&self, read: &Read<'_>, name: &str, number: usize) -> String {
        let key = self.auth.as_ref().and_then(Auth::query_param);
        let key = key.as_deref();
        let is_kept =
            |(sent, _): &&(String, String)| sent != AFTER && sent != name && key != Some(sent);
        let mut next = read.url.clone();
        next.query_pairs_mut()
            .clear()
            .extend_pairs(read.query.iter().filter(is_kept))
            .append_pair(name, &number.to_string());
        if self.plan.paginator.rebase_links {
            // The host is one that the client does not reach.
            let _ = next.set_host(Some("inner.invalid"));
        }
        next.into()
    }
}

/// Where a cursor leads: to the first page without one.
fn at(cursor: Option<String>, sent: &SentCursor) -> Option<u64> {
    let Some(cursor) = cursor.filter(|cursor| !is_initial(cursor, sent)) else {
        return Some(0);
    };
    cursor.strip_prefix(CURSOR)?.parse().ok()
}

/// A cursor as it was given. A text that is sent as JSON has its quotes outside of a body.
fn plain(cursor: String, sent: &SentCursor) -> String {
    match sent.form {
        CursorForm::Json => serde_json::from_str(&cursor).unwrap_or(cursor),
        CursorForm::Received | CursorForm::Text => cursor,
    }
}

fn is_initial(cursor: &str, sent: &SentCursor) -> bool {
    sent.initial.as_deref() == Some(cursor)
}

/// How the cursor of such pages is sent.
fn sent_cursor(pages: &Pages) -> Option<&SentCursor> {
    match pages {
        Pages::Cursor(plan) => Some(&plan.cursor),
        Pages::HeaderCursor { cursor, .. } => Some(cursor),
        _ => None,
    }
}

/// Whether a parameter tells what a request asks for.
fn is_asked(value: &Template) -> bool {
    let mut parts = value.0.iter();
    parts.any(|part| !matches!(part, Part::Text(_) | Part::Secret(_) | Part::Config(_)))
}

/// What a flag says.
fn state(flag: &Flag, has_more: bool) -> Json {
    let is_true = has_more != flag.is_last;
    match flag.values.first() {
        None => is_true.into(),
        Some(_) if !is_true => "none".into(),
        Some(JsonPlan::Bool(value)) => (*value).into(),
        Some(JsonPlan::Number(digits)) => serde_json::from_str(digits).unwrap_or_default(),
        Some(JsonPlan::Text(Template(parts))) => match &**parts {
            [Part::Text(text)] => text.as_str().into(),
            _ => Json::Null,
        },
        Some(_) => Json::Null,
    }
}

/// Where the cursor is among the records, if it is one of a record's values.
fn after_record(plan: &ResourcePlan) -> Option<&[Step]> {
    let (Pages::Cursor(cursor), Selector::Path(records)) = (&plan.paginator.kind, &plan.selector)
    else {
        return None;
    };
    let Selector::Path(path) = &cursor.cursor_path else {
        return None;
    };
    let rest = path.0.strip_prefix(&*records.0)?;
    matches!(rest, [Step::Index(_), ..]).then_some(rest)
}

/// A response that says no.
pub(crate) fn refusal(status: u16, message: &str) -> Response {
    Response {
        status,
        ..json!({ "error": message }).into_response()
    }
}

fn cannot(plan: &ResourcePlan, why: &str) -> Error {
    let message = format!("pages of it cannot be mocked from the spec alone: {why}");
    Error::new(ErrorKind::Config, message)
        .with_resource(&plan.name)
        .with_help(format!(
            "say what it answers: `.answer({:?}, |request| …)`",
            plan.name
        ))
}
