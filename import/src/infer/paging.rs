//! How pages follow each other: candidates for the paginator, and requests that tell which one is right.

use rest_source_codegen::write::{Map, Node, snake_name};

use super::{
    Finding, Json, Page, Shape,
    page::{Place, Sent},
    path_text,
};

/// How deep values outside of records are looked at, in keys, and how many of them.
const DEPTH: usize = 5;
const VALUES: usize = 2000;

/// The page size of a proposal where no request has one.
const SIZE: u64 = 100;

/// A paginator that the pages suggest.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// As a spec has it.
    pub paginator: Map,
    /// What was seen.
    pub evidence: Vec<String>,
    /// What is not certain.
    pub doubts: Vec<String>,
    /// Whether a response or a further page proves it.
    pub is_confirmed: bool,
    /// Whether nothing but its frequent use speaks for it.
    is_guess: bool,
}

/// A scalar of a page outside of its records.
struct Fact<'a> {
    path: Vec<String>,
    value: &'a Json,
}

impl Fact<'_> {
    /// The last key, letters and digits only, in lower case.
    fn name(&self) -> String {
        plain(self.path.last().map_or("", String::as_str))
    }

    fn parent(&self) -> String {
        let parent = self
            .path
            .len()
            .checked_sub(2)
            .and_then(|at| self.path.get(at));
        plain(parent.map_or("", String::as_str))
    }

    fn text(&self) -> String {
        path_text(&self.path)
    }
}

fn plain(text: &str) -> String {
    let letters = text.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

/// The candidates, the most certain first. Pages are those of one fetch, in order.
pub(super) fn candidates(pages: &[Page], shape: &Shape) -> Vec<Candidate> {
    let Some(first) = pages.first() else {
        return Vec::new();
    };
    let facts = facts(&first.body, shape);
    let mut found = Vec::new();
    if let Some(second) = pages.get(1) {
        found.extend(between(first, second, shape, &facts));
    }
    found.extend(header_links(first));
    found.extend(body_links(&facts));
    found.extend(cursors(first, &facts));
    found.extend(stated_numbers(first, shape, &facts));
    let is_open = found.is_empty();
    if is_open {
        let guesses = guesses(first, shape, &facts).into_iter();
        found.extend(guesses.map(|mut guess| {
            guess.is_guess = true;
            guess
        }));
    }
    let mut seen: Vec<Map> = Vec::new();
    found.retain(|candidate| {
        let is_new = !seen.contains(&candidate.paginator);
        seen.push(candidate.paginator.clone());
        is_new
    });
    for candidate in &mut found {
        add_ends(candidate, first, shape, &facts);
    }
    found.sort_by_key(|candidate| !candidate.is_confirmed);
    found
}

/// All scalars outside of the records.
fn facts<'a>(body: &'a Json, shape: &Shape) -> Vec<Fact<'a>> {
    fn collect<'a>(
        value: &'a Json,
        path: &mut Vec<String>,
        shape: &Shape,
        facts: &mut Vec<Fact<'a>>,
    ) {
        if facts.len() >= VALUES || path.len() > DEPTH {
            return;
        }
        match value {
            Json::Map(members) => {
                let is_records = matches!(shape, Shape::Keyed(_)) && path == shape.path();
                for (key, value) in members.iter().filter(|_| !is_records) {
                    path.push(key.clone());
                    collect(value, path, shape, facts);
                    path.pop();
                }
            }
            Json::List(_) => {}
            value => facts.push(Fact {
                path: path.clone(),
                value,
            }),
        }
    }
    let mut facts = Vec::new();
    if !matches!(shape, Shape::Single(path) if path.is_empty()) {
        collect(body, &mut Vec::new(), shape, &mut facts);
    }
    facts
}

fn candidate(kind: &str, evidence: String) -> Candidate {
    let mut paginator = Map::new();
    paginator.set("type", kind);
    Candidate {
        paginator,
        evidence: vec![evidence],
        doubts: Vec::new(),
        is_confirmed: false,
        is_guess: false,
    }
}

fn is_url(value: &Json) -> bool {
    let text = value.as_text().unwrap_or_default();
    ["http://", "https://", "/", "?"]
        .iter()
        .any(|start| text.starts_with(start))
}

fn header_links(first: &Page) -> Vec<Candidate> {
    let links = first.headers("link");
    let links = links.flat_map(|value| value.split(", <"));
    let is_next = |link: &&str| {
        let mut params = link
            .split(';')
            .skip(1)
            .map(|param| param.trim().replace('"', ""));
        params.any(|param| param.eq_ignore_ascii_case("rel=next"))
    };
    let mut found = Vec::new();
    if links.clone().any(|link| is_next(&link)) {
        let mut one = candidate(
            "header_link",
            "the header `Link` has a relation `next`".to_owned(),
        );
        one.is_confirmed = true;
        found.push(one);
    }
    found
}

fn body_links(facts: &[Fact<'_>]) -> Vec<Candidate> {
    let is_next = |fact: &&Fact<'_>| {
        let (name, parent) = (fact.name(), fact.parent());
        let is_named = matches!(
            name.as_str(),
            "next"
                | "nexturl"
                | "nextlink"
                | "nextpage"
                | "nextpageurl"
                | "nextpagelink"
                | "nexthref"
                | "nexturi"
                | "nextpageuri"
                | "odatanextlink"
                | "nextrecordsurl"
                | "nextpath"
        );
        let is_below = parent == "next" && matches!(name.as_str(), "href" | "url" | "link" | "uri");
        (is_named || is_below) && is_url(fact.value)
    };
    let links = facts.iter().filter(is_next).map(|fact| {
        let mut one = candidate(
            "json_link",
            format!("`{}` is the URL of a next page", fact.text()),
        );
        one.paginator.set("next_url_path", fact.text());
        one.is_confirmed = true;
        one
    });
    links.collect()
}

/// Names of parameters that a cursor with this name may be sent in, the likeliest first.
fn cursor_params(first: &Page, fact: &str) -> Vec<String> {
    let name = snake_name(fact);
    let is_camel = fact.chars().any(char::is_uppercase);
    let mut params: Vec<String> = Vec::new();
    let mut add = |param: String| {
        if !params.contains(&param) {
            params.push(param);
        }
    };
    for sent in first.sent.iter().filter(|sent| sent.place == Place::Query) {
        if sent.value.is_empty() && !sent.name.is_empty() {
            add(sent.name.clone());
        }
    }
    let short = name
        .strip_prefix("next_")
        .or_else(|| name.strip_prefix("end_"));
    if let Some(short) = short {
        add(if is_camel {
            camel(short)
        } else {
            short.to_owned()
        });
    }
    if name == "end_cursor" || name == "after" {
        add("after".to_owned());
    }
    for param in [
        "cursor",
        fact,
        "after",
        "page_token",
        "pageToken",
        "next_token",
        "page",
        "starting_after",
        "offset",
    ] {
        add(param.to_owned());
    }
    params
}

fn camel(snake: &str) -> String {
    let mut words = snake.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

fn cursors(first: &Page, facts: &[Fact<'_>]) -> Vec<Candidate> {
    let is_cursor = |fact: &&Fact<'_>| {
        let name = fact.name();
        let is_named = name.contains("cursor")
            || name.ends_with("pagetoken")
            || name.ends_with("nexttoken")
            || name.starts_with("continuation")
            || matches!(
                name.as_str(),
                "next"
                    | "nextpage"
                    | "nextid"
                    | "nextoffset"
                    | "nextafter"
                    | "nextmarker"
                    | "bookmark"
                    | "scrollid"
                    | "after"
                    | "nextkey"
                    | "nextpageid"
                    | "nextstart"
                    | "nextcontinuation"
            )
            || name == "offset"
                && fact
                    .value
                    .as_text()
                    .is_some_and(|text| text.parse::<u64>().is_err());
        let is_backward = name.contains("prev")
            || name.starts_with("start")
            || name.starts_with("first")
            || name == "before"
            || name.starts_with("current");
        let is_value = fact.value.as_scalar().is_some_and(|text| !text.is_empty());
        is_named && !is_backward && is_value && !is_url(fact.value)
    };
    let mut found: Vec<Candidate> = Vec::new();
    let mut cursors: Vec<&Fact<'_>> = facts.iter().filter(is_cursor).collect();
    cursors.sort_by_key(|fact| !fact.name().starts_with("next"));
    for fact in cursors {
        let key = fact.path.last().map_or("", String::as_str);
        if fact.name() == "scrollid" {
            let evidence = format!("`{}` is the id of a scroll", fact.text());
            let mut one = candidate("scroll", evidence);
            one.paginator.set("scroll_path", fact.text());
            one.doubts
                .push("the request for a next page was not tried: see `continue`".to_owned());
            found.push(one);
            continue;
        }
        for param in cursor_params(first, key) {
            let mut one = candidate("cursor", format!("`{}` is a cursor", fact.text()));
            one.paginator
                .set("cursor_path", fact.text())
                .set("cursor_param", param.as_str());
            one.doubts
                .push(format!("the parameter `{param}` is a guess"));
            found.push(one);
        }
    }
    let headers = first.headers.iter().filter(|(name, value)| {
        let name = plain(name);
        let is_named = name.contains("cursor")
            || name.ends_with("nexttoken")
            || name.ends_with("nextpagetoken")
            || name.contains("continuation")
            || name == "xnext"
            || name == "next";
        is_named && !name.contains("prev") && !value.is_empty() && !value.starts_with("http")
    });
    for (name, _) in headers {
        for param in cursor_params(
            first,
            name.trim_start_matches("x-").trim_start_matches("X-"),
        ) {
            let mut one = candidate("header_cursor", format!("the header `{name}` has a cursor"));
            one.paginator
                .set("cursor_key", name.as_str())
                .set("cursor_param", param.as_str());
            one.doubts
                .push(format!("the parameter `{param}` is a guess"));
            found.push(one);
        }
    }
    found
}

/// Pairs of the parameters of a page number or an offset and of a page size.
const NUMBERED: [(&str, &str); 9] = [
    ("page", "per_page"),
    ("page", "page_size"),
    ("page", "limit"),
    ("page", "pageSize"),
    ("page", "size"),
    ("page", "perPage"),
    ("page[number]", "page[size]"),
    ("pageNumber", "pageSize"),
    ("p", "per_page"),
];
const OFFSETS: [(&str, &str); 10] = [
    ("offset", "limit"),
    ("skip", "limit"),
    ("skip", "take"),
    ("$skip", "$top"),
    ("start", "limit"),
    ("startAt", "maxResults"),
    ("start", "rows"),
    ("offset", "count"),
    ("from", "size"),
    ("startIndex", "count"),
];

/// The offsets and page numbers that a page or its request states.
fn stated_numbers(first: &Page, shape: &Shape, facts: &[Fact<'_>]) -> Vec<Candidate> {
    let mut found = Vec::new();
    let own = |name: &str| first.param(name).is_some();
    let records = shape.records(&first.body).len();
    let states = |names: &[&str]| {
        facts
            .iter()
            .any(|fact| names.contains(&fact.name().as_str()) && fact.value.as_count().is_some())
    };
    for (offset, limit) in OFFSETS {
        if own(offset) || own(limit) && !NUMBERED.iter().any(|(page, _)| own(page)) && !own("page")
        {
            found.extend(offset_candidate(
                first,
                records,
                offset,
                limit,
                "the request has its parameters",
            ));
        }
    }
    for (page, size) in NUMBERED {
        if own(page) {
            found.extend(number_candidate(
                first,
                records,
                page,
                size,
                "the request has its parameter",
            ));
        }
    }
    if states(&["offset", "skip", "startat", "startindex"]) {
        for (offset, limit) in OFFSETS {
            found.extend(offset_candidate(
                first,
                records,
                offset,
                limit,
                "the page states its offset",
            ));
        }
    }
    if states(&[
        "page",
        "currentpage",
        "pagenumber",
        "totalpages",
        "lastpage",
        "pagecount",
        "pages",
    ]) {
        for (page, size) in NUMBERED {
            found.extend(number_candidate(
                first,
                records,
                page,
                size,
                "the page states its number",
            ));
        }
    }
    found
}

/// The parameters of pages that say nothing, the most frequent first: whether they are of an offset, and their names.
const GUESSES: [(bool, &str, &str); 12] = [
    (false, "page", "per_page"),
    (true, "offset", "limit"),
    (true, "skip", "limit"),
    (true, "start", "limit"),
    (false, "page", "limit"),
    (true, "$skip", "$top"),
    (true, "startAt", "maxResults"),
    (false, "pageNumber", "pageSize"),
    (false, "page", "page_size"),
    (true, "skip", "take"),
    (false, "page[number]", "page[size]"),
    (false, "page", "pageSize"),
];

/// Pages without any statement: the usual parameters, to be tried.
fn guesses(first: &Page, shape: &Shape, facts: &[Fact<'_>]) -> Vec<Candidate> {
    let mut found = Vec::new();
    let records = shape.records(&first.body);
    let has_flag = facts
        .iter()
        .any(|fact| is_flag(fact) && *fact.value == Json::Bool(true));
    let last_id = records
        .last()
        .and_then(|record| record.get("id"))
        .and_then(Json::as_scalar);
    if let (true, Some(_), Shape::List(path)) = (has_flag, last_id, shape) {
        let mut one = candidate(
            "cursor",
            "a flag says that there is more, and records have an `id`".to_owned(),
        );
        let path = format!(
            "{}[-1].id",
            if path.is_empty() {
                "$".to_owned()
            } else {
                path_text(path)
            }
        );
        one.paginator
            .set("cursor_path", path)
            .set("cursor_param", "starting_after");
        one.doubts
            .push("the parameter `starting_after` is a guess".to_owned());
        found.push(one);
    }
    for (is_offset, one, other) in GUESSES {
        let made = if is_offset {
            offset_candidate
        } else {
            number_candidate
        };
        found.extend(made(
            first,
            records.len(),
            one,
            other,
            "nothing in the page names it",
        ));
    }
    found
}

fn own_size(first: &Page, name: &str) -> Option<u64> {
    first.param(name)?.parse().ok().filter(|size| *size > 0)
}

fn offset_candidate(
    first: &Page,
    records: usize,
    offset: &str,
    limit: &str,
    why: &str,
) -> Option<Candidate> {
    let mut one = candidate("offset", why.to_owned());
    one.paginator
        .set("limit", own_size(first, limit).unwrap_or(SIZE));
    one.paginator
        .set("offset_param", offset)
        .set("limit_param", limit);
    one.doubts.push(format!(
        "the parameters `{offset}` and `{limit}` are a guess"
    ));
    if records < 3 {
        return None;
    }
    Some(one)
}

fn number_candidate(
    first: &Page,
    records: usize,
    page: &str,
    size: &str,
    why: &str,
) -> Option<Candidate> {
    let mut one = candidate("page_number", why.to_owned());
    let stated = first
        .param(page)
        .and_then(|value| value.parse::<u64>().ok());
    one.paginator
        .set("base_page", stated.filter(|page| *page <= 1).unwrap_or(1));
    one.paginator.set("page_param", page);
    one.paginator
        .set("page_size", own_size(first, size).unwrap_or(SIZE))
        .set("page_size_param", size);
    one.doubts
        .push(format!("the parameters `{page}` and `{size}` are a guess"));
    if records < 3 {
        return None;
    }
    Some(one)
}

/// What the request of a second page tells.
fn between(first: &Page, second: &Page, shape: &Shape, facts: &[Fact<'_>]) -> Vec<Candidate> {
    let records = shape.records(&first.body);
    if records.first() == shape.records(&second.body).first() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let url = second.request.url.as_str();
    for fact in facts.iter().filter(|fact| is_url(fact.value)) {
        let text = fact.value.as_text().unwrap_or_default();
        if !url.is_empty() && (url == text || url.ends_with(text)) {
            let mut one = candidate(
                "json_link",
                format!("`{}` was the URL of page 2", fact.text()),
            );
            one.paginator.set("next_url_path", fact.text());
            found.push(one);
        }
    }
    for sent in &second.sent {
        let is_same = |own: &&Sent| own.place == sent.place && own.name == sent.name;
        let old = first
            .sent
            .iter()
            .find(is_same)
            .map(|own| own.value.as_str());
        if old != Some(&sent.value) && !sent.value.is_empty() {
            let change = Change {
                first,
                sent,
                old,
                records: &records,
            };
            found.extend(change.cursor(shape, facts).or_else(|| change.number()));
        }
    }
    // A link or a cursor is sent with what it replaces: an offset in a link is no paginator.
    if found.iter().any(|one| one.kind() == "json_link") {
        found.retain(|one| one.kind() == "json_link");
    }
    for one in &mut found {
        one.is_confirmed = one.doubts.is_empty();
    }
    found
}

/// A value that two requests have differently.
struct Change<'a> {
    first: &'a Page,
    sent: &'a Sent,
    old: Option<&'a str>,
    records: &'a [&'a Json],
}

impl Change<'_> {
    /// The start of evidence.
    fn evidence(&self) -> String {
        format!("page 2 was requested with `{}`", self.sent.name)
    }

    /// Sets the place that a value is sent in.
    fn set(&self, paginator: &mut Map, what: &str) {
        self.sent.set(paginator, what);
    }

    /// The value, if the first page has it.
    fn cursor(&self, shape: &Shape, facts: &[Fact<'_>]) -> Option<Candidate> {
        let value = self.sent.value.as_str();
        let number = value.parse::<u64>().ok();
        let name = plain(&self.sent.name);
        let is_cursor_name = [
            "cursor", "token", "after", "since", "last", "marker", "bookmark", "scroll", "continu",
        ]
        .iter()
        .any(|word| name.contains(word));
        // Small numbers are equal by chance.
        let is_telling = number.map_or(value.len() > 2, |number| number > 1000) || is_cursor_name;
        if !is_telling {
            return None;
        }
        if let Some(fact) = facts
            .iter()
            .find(|fact| fact.value.as_scalar() == Some(value))
        {
            let from = format!("{}, which is `{}` of page 1", self.evidence(), fact.text());
            if fact.name() == "scrollid" {
                let mut one = candidate("scroll", from);
                one.paginator.set("scroll_path", fact.text());
                self.set(&mut one.paginator, "scroll");
                return Some(one);
            }
            let mut one = candidate("cursor", from);
            one.paginator.set("cursor_path", fact.text());
            self.set(&mut one.paginator, "cursor");
            return Some(one);
        }
        if let Some((header, _)) = self.first.headers.iter().find(|(_, own)| own == value) {
            let mut one = candidate(
                "header_cursor",
                format!(
                    "{}, which is the header `{header}` of page 1",
                    self.evidence()
                ),
            );
            one.paginator.set("cursor_key", header.as_str());
            self.set(&mut one.paginator, "cursor");
            return Some(one);
        }
        let Shape::List(path) = shape else {
            return None;
        };
        let members = self.records.last()?.members();
        let (key, _) = members
            .iter()
            .find(|(_, own)| own.as_scalar() == Some(value))?;
        let place = if path.is_empty() {
            "$".to_owned()
        } else {
            path_text(path)
        };
        let mut one = candidate(
            "cursor",
            format!(
                "{}, which is `{key}` of the last record of page 1",
                self.evidence()
            ),
        );
        one.paginator
            .set("cursor_path", format!("{place}[-1].{key}"));
        self.set(&mut one.paginator, "cursor");
        Some(one)
    }

    /// A page number or an offset.
    fn number(&self) -> Option<Candidate> {
        let number: u64 = self.sent.value.parse().ok()?;
        let start: u64 = match self.old {
            Some(old) => old.parse().ok()?,
            None => 0,
        };
        let name = plain(&self.sent.name);
        let step = number.checked_sub(start).filter(|step| *step > 0)?;
        let is_offset = ["offset", "skip", "start", "from", "first"]
            .iter()
            .any(|word| name.contains(word))
            && !name.contains("page");
        let before = self
            .old
            .map_or_else(|| "without it".to_owned(), |old| format!("with {old}"));
        let evidence = format!(
            "page 2 was requested with `{}={number}`, page 1 {before}",
            self.sent.name
        );
        let size = self.size();
        let is_page = step == 1 && !(is_offset && self.records.len() <= 1)
            || self.old.is_none() && number == 2 && self.records.len() > 2;
        let mut one;
        if is_page {
            one = candidate("page_number", evidence);
            one.paginator.set("base_page", number - 1);
            self.set(&mut one.paginator, "page");
            if let Some((size, value)) = size {
                one.paginator.set("page_size", value);
                size.set(&mut one.paginator, "page_size");
            }
        } else {
            one = candidate("offset", evidence);
            one.paginator
                .set("limit", size.map_or(step, |(_, value)| value));
            self.set(&mut one.paginator, "offset");
            if start > 0 {
                one.paginator.set("base_offset", start);
            }
            match size {
                Some((size, _)) => size.set(&mut one.paginator, "limit"),
                None => one.doubts.push(
                    "no parameter of a limit was sent: `limit` may be unknown to the API"
                        .to_owned(),
                ),
            }
        }
        if self.old.is_none() {
            one.paginator.set("inject_on_first_request", false);
        }
        Some(one)
    }

    /// The part of the request that carries the size of a page.
    fn size(&self) -> Option<(&Sent, u64)> {
        let sizes = self
            .first
            .sent
            .iter()
            .filter_map(|sent| Some((sent, sent.value.parse::<u64>().ok()?)));
        let mut sizes = sizes.filter(|(sent, size)| {
            let name = plain(&sent.name);
            let is_named = [
                "limit", "size", "count", "top", "take", "rows", "results", "per", "max",
            ];
            sent.name != self.sent.name
                && sent.place != Place::Header
                && *size > 0
                && *size >= self.records.len() as u64
                && is_named.iter().any(|word| name.contains(word))
        });
        sizes.next()
    }
}

impl Sent {
    /// Sets the key that names where a paginator sends a value.
    fn set(&self, paginator: &mut Map, what: &str) {
        let end = match self.place {
            Place::Query => "param",
            Place::Header => "header",
            Place::Body => "body_path",
        };
        paginator.set(&format!("{what}_{end}"), self.name.as_str());
    }
}

impl Candidate {
    fn kind(&self) -> &str {
        self.paginator
            .get("type")
            .and_then(Node::as_text)
            .unwrap_or_default()
    }
}

/// The paginator to propose: a confirmed candidate, or else one that the pages suggest, with its doubts.
pub(super) fn choose(candidates: &[Candidate], pages: &[Page], shape: &Shape) -> Finding<Map> {
    let best = candidates
        .iter()
        .find(|one| one.is_confirmed || !one.is_guess);
    if let Some(best) = best {
        let mut doubts = best.doubts.clone();
        if !best.is_confirmed && doubts.is_empty() {
            doubts.push("no second page shows that it is right".to_owned());
        }
        return Finding {
            value: best.paginator.clone(),
            evidence: best.evidence.clone(),
            doubts,
        };
    }
    single(pages, shape)
}

/// One page, and how sure that is.
pub(super) fn single(pages: &[Page], shape: &Shape) -> Finding<Map> {
    let mut single = Map::new();
    single.set("type", "single_page");
    let Some(first) = pages.first() else {
        return Finding {
            value: single,
            evidence: Vec::new(),
            doubts: Vec::new(),
        };
    };
    let records = shape.records(&first.body).len() as u64;
    let facts = facts(&first.body, shape);
    let total = facts.iter().find(|fact| {
        TOTALS.contains(&fact.name().as_str())
            && fact.value.as_count().is_some_and(|total| total >= records)
    });
    match (total, shape) {
        (Some(total), _) if pages.len() == 1 && records > 0 => {
            // A fetch of fewer records than the total is an error.
            single.set("total_path", total.text());
            let stated = total.value.as_count().unwrap_or_default();
            let evidence = format!(
                "`{}` is {stated}, and the page has {}",
                total.text(),
                super::count(shape.records(&first.body).len(), "record")
            );
            let mut finding = Finding::new(single, evidence);
            if stated > records {
                finding.doubts.push("there are more pages, and how they follow each other is not known: set the paginator".to_owned());
            }
            finding
        }
        (_, Shape::Single(_)) => Finding::new(single, "the page is one record".to_owned()),
        _ => {
            let seen = match pages.len() {
                1 => "one page, which does not show that there is another".to_owned(),
                pages => {
                    format!("{pages} pages, whose requests do not show how they follow each other")
                }
            };
            let mut finding = Finding::new(single, seen);
            finding
                .doubts
                .push("there may be more pages: set the paginator if there are".to_owned());
            finding
        }
    }
}

/// The names of parameters, headers and places of a request that a plan sets.
pub(super) fn keys_of_params(map: &Map) -> Vec<String> {
    let is_place = |key: &str| {
        ["_param", "_header", "_body_path"]
            .iter()
            .any(|end| key.ends_with(end))
    };
    let own = map
        .entries
        .iter()
        .filter(|entry| is_place(&entry.key) && entry.key != "total_header");
    own.filter_map(|entry| entry.value.as_text().map(str::to_owned))
        .collect()
}

fn is_flag(fact: &Fact<'_>) -> bool {
    matches!(
        fact.name().as_str(),
        "hasmore"
            | "hasnext"
            | "hasnextpage"
            | "more"
            | "moreresults"
            | "hasmoreitems"
            | "moreresultsavailable"
            | "hasmorepages"
            | "moreitemsincollection"
    ) && matches!(fact.value, Json::Bool(_))
}

fn is_last_flag(fact: &Fact<'_>) -> bool {
    matches!(
        fact.name().as_str(),
        "islast" | "last" | "lastpage" | "islastpage" | "done" | "finished" | "complete"
    ) && matches!(fact.value, Json::Bool(_))
}

/// Names of the number of all records, the most telling first.
const TOTALS: [&str; 12] = [
    "total",
    "totalcount",
    "totalresults",
    "totalrecords",
    "totalitems",
    "totalsize",
    "totalelements",
    "numfound",
    "nbhits",
    "recordcount",
    "found",
    "count",
];

/// Adds what ends the pages: flags and totals.
fn add_ends(candidate: &mut Candidate, first: &Page, shape: &Shape, facts: &[Fact<'_>]) {
    let kind = candidate.kind().to_owned();
    let is_counted = matches!(kind.as_str(), "offset" | "page_number");
    if let Some(flag) = facts.iter().find(|fact| is_flag(fact)) {
        candidate.paginator.set("has_more_path", flag.text());
        candidate
            .evidence
            .push(format!("`{}` says whether there is more", flag.text()));
    } else if let Some(flag) = facts.iter().find(|fact| is_last_flag(fact)) {
        candidate.paginator.set("last_page_path", flag.text());
        candidate.evidence.push(format!(
            "`{}` says whether it is the last page",
            flag.text()
        ));
    }
    if !is_counted {
        return;
    }
    let records = shape.records(&first.body).len() as u64;
    let names: &[&str] = if kind == "offset" {
        &TOTALS
    } else {
        &[
            "totalpages",
            "pagecount",
            "lastpage",
            "pages",
            "numpages",
            "totalpagecount",
        ]
    };
    let total = names.iter().find_map(|name| {
        facts.iter().find(|fact| {
            let is_named = fact.name() == *name || fact.name() == "value" && fact.parent() == *name;
            let is_total =
                |count| kind != "offset" || count > records || count == records && *name != "count";
            is_named && fact.value.as_count().is_some_and(is_total)
        })
    });
    if let Some(total) = total {
        let counts = if kind == "offset" { "records" } else { "pages" };
        candidate.evidence.push(format!(
            "`{}` states {} {counts}",
            total.text(),
            total.value.as_scalar().unwrap_or_default()
        ));
        candidate.paginator.set("total_path", total.text());
        return;
    }
    let header = first.headers.iter().find(|(name, value)| {
        let name = plain(name);
        let is_named = if kind == "offset" {
            matches!(
                name.as_str(),
                "xtotal" | "xtotalcount" | "totalcount" | "xtotalrecords"
            )
        } else {
            matches!(name.as_str(), "xtotalpages" | "xpages" | "xwptotalpages")
        };
        is_named && value.parse::<u64>().is_ok()
    });
    if let Some((name, value)) = header {
        candidate
            .evidence
            .push(format!("the header `{name}` states {value}"));
        candidate.paginator.set("total_header", name.as_str());
    }
}
