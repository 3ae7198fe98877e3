//! How the pages of a list follow each other: from declared extensions, then from evidence.

use rest_source_codegen::{connector::schema::is_plain, write::Map};

use crate::NOT_CERTAIN;
use crate::json_schema::{Schemas, View};
use crate::tree::{self, Value};

use super::lists::plain;

/// A parameter of an operation.
pub(super) struct Param<'a> {
    pub name: &'a str,
    /// `query`, `header`, `path`, `cookie`, or `body` for a field of a JSON body.
    pub place: &'a str,
    pub is_required: bool,
    /// Whether its value is an object, or a list in a body: no setting holds one.
    pub is_structure: bool,
    pub schema: &'a Value,
    pub description: &'a str,
}

/// A paginator, and why it is that one.
pub(super) struct Paging {
    pub paginator: Map,
    /// What the spec has to say about it.
    pub comment: Option<String>,
    /// Parameters that the paginator sends.
    pub owned: Vec<String>,
}

/// What is known of a list.
pub(super) struct Evidence<'s, 'a> {
    pub root: &'a Value,
    pub operation: &'a Value,
    pub schemas: &'s Schemas<'a>,
    pub params: &'s [Param<'a>],
    pub response: &'a Value,
    pub headers: &'a Value,
    /// The keys that lead to the list.
    pub list: &'s [String],
    /// The names of the record's columns.
    pub columns: Vec<&'s str>,
}

const CURSORS: [&str; 18] = [
    "cursor",
    "pagetoken",
    "nexttoken",
    "after",
    "continuationtoken",
    "nextcursor",
    "marker",
    "pagecursor",
    "nextpagetoken",
    "startingtoken",
    "token",
    "aftercursor",
    "continuation",
    "pageafter",
    "nextpage",
    "paginationtoken",
    "next",
    "startcursor",
];
const NEXT_CURSORS: [&str; 13] = [
    "nextcursor",
    "nextpagetoken",
    "nexttoken",
    "continuationtoken",
    "nextmarker",
    "endcursor",
    "nextpagecursor",
    "nextpageid",
    "cursornext",
    "after",
    "next",
    "nextpage",
    "paginationtoken",
];
const OFFSETS: [&str; 8] = [
    "offset",
    "skip",
    "startat",
    "startindex",
    "pageoffset",
    "startposition",
    "startoffset",
    "resultoffset",
];
const LIMITS: [&str; 19] = [
    "limit",
    "top",
    "take",
    "maxresults",
    "pagesize",
    "perpage",
    "size",
    "count",
    "pagelimit",
    "maxitems",
    "itemsperpage",
    "max",
    "maxpagesize",
    "resultsperpage",
    "numberofresults",
    "startcount",
    "resultlimit",
    "ps",
    "pz",
];
const PAGES: [&str; 9] = [
    "page",
    "pagenumber",
    "pageno",
    "pageindex",
    "currentpage",
    "pagenum",
    "pagenr",
    "pn",
    "pg",
];
/// Objects of a response that hold its paging.
const HOLDERS: [&str; 18] = [
    "links",
    "_links",
    "meta",
    "paging",
    "pagination",
    "pageinfo",
    "cursors",
    "pages",
    "next",
    "metadata",
    "responsemetadata",
    "data",
    "result",
    "cursor",
    "page",
    "paginationinfo",
    "additionaldata",
    "response",
];

/// A field of a response outside its list.
struct Field<'a> {
    path: Vec<&'a str>,
    view: View<'a>,
}

impl Field<'_> {
    fn name(&self) -> String {
        plain(self.path.last().copied().unwrap_or_default())
    }

    fn is_text(&self) -> bool {
        self.view.types.contains(&"string") || self.view.types.is_empty()
    }

    /// Whether it is said to be a URL.
    fn is_url(&self) -> bool {
        let format = matches!(self.view.format, Some("uri" | "url" | "uri-reference"));
        let text = self.view.description.unwrap_or_default().to_lowercase();
        let is_in_links = self.path.iter().any(|key| plain(key) == "links");
        format
            || is_in_links
            || text.contains("url")
            || text.contains("uri ")
            || text.contains("link")
    }
}

impl<'a> Evidence<'_, 'a> {
    pub(super) fn paging(&self) -> Paging {
        let fields = self.fields();
        self.declared(&fields)
            .or_else(|| self.link(&fields))
            .or_else(|| self.cursor(&fields))
            .or_else(|| self.last_id(&fields))
            .or_else(|| self.link_header())
            .or_else(|| self.offset())
            .or_else(|| self.page())
            .unwrap_or_else(|| self.unknown(&fields))
    }

    /// The scalar fields of the response at its top and in the objects that hold paging.
    fn fields(&self) -> Vec<Field<'a>> {
        let mut fields = Vec::new();
        let view = self.schemas.view(&[self.response]);
        self.add_fields(&view, &mut Vec::new(), &mut fields);
        fields
    }

    fn add_fields(&self, view: &View<'a>, path: &mut Vec<&'a str>, fields: &mut Vec<Field<'a>>) {
        for (name, property) in &view.properties {
            let is_list = self.list.len() == path.len() + 1
                && self
                    .list
                    .iter()
                    .zip(path.iter().chain([name]))
                    .all(|(one, other)| one == other);
            let inner = self.schemas.view(property);
            if is_list || inner.is_array() {
                continue;
            }
            path.push(name);
            if inner.is_object() {
                if path.len() <= 3 && HOLDERS.contains(&plain(name).as_str()) || *name == "_links" {
                    self.add_fields(&inner, path, fields);
                }
            } else {
                fields.push(Field {
                    path: path.clone(),
                    view: inner,
                });
            }
            path.pop();
            if fields.len() > 300 {
                return;
            }
        }
    }

    /// The parameters of these names, in the order of the names.
    fn params(&self, names: &[&str]) -> Vec<&Param<'a>> {
        let mut found: Vec<(usize, &Param<'a>)> = self
            .params
            .iter()
            .filter(|param| matches!(param.place, "query" | "body"))
            .filter_map(|param| {
                let name = plain(param.name);
                Some((names.iter().position(|one| *one == name)?, param))
            })
            .collect();
        found.sort_by_key(|(rank, _)| *rank);
        found.into_iter().map(|(_, param)| param).collect()
    }

    /// What an extension of the operation, or of the document, declares.
    fn declared(&self, fields: &[Field<'a>]) -> Option<Paging> {
        let pageable = self.operation.get("x-ms-pageable");
        if let Some(pageable) = pageable.filter(|one| matches!(one.kind, tree::Kind::Map(_))) {
            return Some(ms_pageable(pageable));
        }
        if let Some(speakeasy) = self.operation.get("x-speakeasy-pagination") {
            return self.speakeasy(speakeasy);
        }
        if let Some(fern) = self.operation.get("x-fern-pagination") {
            let fern = if fern.is_true() {
                self.root.at(&["x-fern-pagination"])
            } else {
                fern
            };
            return self.fern(fern);
        }
        if self.operation.get("x-dropshot-pagination").is_some() {
            let mut paginator = kind("cursor");
            let next = fields.iter().find(|field| field.path == ["next_page"]);
            next?;
            paginator
                .set("cursor_path", "next_page")
                .set("cursor_param", "page_token");
            return Some(certain(paginator, "x-dropshot-pagination", &["page_token"]));
        }
        None
    }

    fn speakeasy(&self, said: &Value) -> Option<Paging> {
        let inputs = said.at(&["inputs"]).elements();
        let input = |kind: &str| {
            let found = inputs.iter().find(|one| one.text_of("type") == Some(kind));
            found
                .filter(|one| one.text_of("in") == Some("parameters"))
                .and_then(|one| one.text_of("name"))
        };
        let output = |key: &str| said.at(&["outputs"]).text_of(key);
        let source = "x-speakeasy-pagination";
        match said.text_of("type")? {
            "url" => {
                let mut paginator = kind("json_link");
                paginator.set("next_url_path", path_text(output("nextUrl")?));
                Some(certain(paginator, source, &[]))
            }
            "cursor" => {
                let name = input("cursor")?;
                let mut paginator = kind("cursor");
                paginator
                    .set("cursor_path", path_text(output("nextCursor")?))
                    .set("cursor_param", name);
                Some(certain(paginator, source, &[name]))
            }
            "offsetLimit" => {
                let limit =
                    input("limit").and_then(|name| self.params.iter().find(|one| one.name == name));
                if let Some(name) = input("offset") {
                    return Some(said_of(self.by_offset(name, limit), source));
                }
                let page = self
                    .params
                    .iter()
                    .find(|one| Some(one.name) == input("page"))?;
                let mut paging = self.by_page(page, limit);
                paging.comment = Some(join(&format!("From `{source}`."), paging.comment));
                Some(paging)
            }
            _ => None,
        }
    }

    fn fern(&self, said: &Value) -> Option<Paging> {
        let request = |key: &str| {
            let name = said.text_of(key)?.strip_prefix("$request.")?;
            self.params.iter().find(|one| one.name == name)
        };
        let source = "x-fern-pagination";
        if let Some(cursor) = request("cursor") {
            let next = said.text_of("next_cursor")?.strip_prefix("$response.")?;
            let mut paginator = kind("cursor");
            paginator
                .set("cursor_path", path_text(next))
                .set("cursor_param", cursor.name);
            return Some(certain(paginator, source, &[cursor.name]));
        }
        if let Some(next) = said.text_of("next_uri").or(said.text_of("next_url")) {
            let mut paginator = kind("json_link");
            paginator.set("next_url_path", path_text(next.strip_prefix("$response.")?));
            return Some(certain(paginator, source, &[]));
        }
        let offset = request("offset")?;
        if let Some(limit) = request("step") {
            if PAGES.contains(&plain(offset.name).as_str()) {
                return Some(said_of(self.by_page(offset, Some(limit)), source));
            }
            return Some(said_of(self.by_offset(offset.name, Some(limit)), source));
        }
        PAGES
            .contains(&plain(offset.name).as_str())
            .then(|| said_of(self.by_page(offset, None), source))
    }

    /// A URL of the next page in the body.
    fn link(&self, fields: &[Field<'a>]) -> Option<Paging> {
        let has_cursor = !self.params(&CURSORS).is_empty();
        let mut links = fields.iter().filter(|field| {
            let name = field.name();
            let parent = field
                .path
                .len()
                .checked_sub(2)
                .map(|at| plain(field.path[at]));
            let is_next = match name.as_str() {
                "nexturl" | "nextlink" | "nextpageurl" | "nextpageuri" | "nexturi" | "nexthref"
                | "nextpagelink" | "odatanextlink" | "nextlinkurl" => true,
                "href" | "url" | "link" => parent.as_deref() == Some("next"),
                "next" | "nextpage" => {
                    let is_in_links = field.path.iter().any(|key| plain(key) == "links");
                    field.view.types.contains(&"string")
                        && (is_in_links || field.is_url())
                        && (is_in_links || !has_cursor)
                }
                _ => false,
            };
            is_next && field.is_text()
        });
        let link = links.next()?;
        if links
            .next()
            .is_some_and(|other| other.path.len() == link.path.len())
        {
            return None;
        }
        let mut paginator = kind("json_link");
        paginator.set("next_url_path", path(&link.path));
        Some(Paging {
            paginator,
            comment: None,
            owned: Vec::new(),
        })
    }

    /// A cursor in the body and a parameter that takes it, one of each.
    fn cursor(&self, fields: &[Field<'a>]) -> Option<Paging> {
        let next: Vec<&Field<'a>> = fields
            .iter()
            .filter(|field| {
                NEXT_CURSORS.contains(&field.name().as_str()) && field.view.types != ["boolean"]
            })
            .filter(|field| !(field.name() == "nextpage" && field.view.types == ["integer"]))
            .collect();
        let params = self.params(&CURSORS);
        let same = |field: &Field<'a>, param: &Param<'a>| {
            let (field, param) = (field.name(), plain(param.name));
            let stem = field.strip_prefix("next").unwrap_or(&field);
            field == param
                || (!stem.is_empty() && stem == param)
                || matches!((field.as_str(), param.as_str()), ("endcursor", "after"))
        };
        let pairs: Vec<(&Field<'a>, &Param<'a>)> = next
            .iter()
            .flat_map(|field| params.iter().map(move |param| (*field, *param)))
            .filter(|(field, param)| same(field, param))
            .collect();
        let (field, param) = match (pairs.as_slice(), next.as_slice(), params.as_slice()) {
            ([pair], _, _) => *pair,
            ([], [field], [param]) => (*field, *param),
            _ => return None,
        };
        let mut paginator = kind("cursor");
        paginator.set("cursor_path", path(&field.path));
        send(&mut paginator, "cursor", param);
        if let Some(flag) = more_flag(fields) {
            paginator.set("has_more_path", flag);
        }
        Some(Paging {
            paginator,
            comment: None,
            owned: vec![param.name.to_owned()],
        })
    }

    /// The id of the last record, with a flag that says whether there is more.
    fn last_id(&self, fields: &[Field<'a>]) -> Option<Paging> {
        let param = self
            .params
            .iter()
            .find(|one| plain(one.name) == "startingafter" && one.place == "query")?;
        let flag = more_flag(fields)?;
        if !self.columns.contains(&"id") {
            return None;
        }
        let mut paginator = kind("cursor");
        let list = path(&self.list.iter().map(String::as_str).collect::<Vec<_>>());
        let list = if self.list.is_empty() {
            "$".to_owned()
        } else {
            list
        };
        paginator
            .set("cursor_path", format!("{list}[-1].id"))
            .set("cursor_param", param.name)
            .set("has_more_path", flag);
        Some(Paging {
            paginator,
            comment: None,
            owned: vec![param.name.to_owned()],
        })
    }

    fn link_header(&self) -> Option<Paging> {
        let declared = self
            .headers
            .entries()
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("link"));
        declared?;
        Some(Paging {
            paginator: kind("header_link"),
            comment: None,
            owned: Vec::new(),
        })
    }

    fn offset(&self) -> Option<Paging> {
        let offsets = self.params(&OFFSETS);
        let offset = match offsets.as_slice() {
            [one] => *one,
            _ => return None,
        };
        let text = offset.description.to_lowercase();
        let view = self.schemas.view(&[offset.schema]);
        if !self.params(&PAGES).is_empty()
            || text.contains("page number")
            || text.contains("token")
            || view.types == ["string"] && view.format.is_some()
        {
            return None;
        }
        let limits = self.params(&LIMITS);
        let limit = limits
            .iter()
            .copied()
            .find(|one| one.place == offset.place)?;
        Some(self.by_offset(offset.name, Some(limit)))
    }

    fn by_offset(&self, name: &str, limit: Option<&Param<'a>>) -> Paging {
        let mut paginator = kind("offset");
        let size = limit.map_or(100, |limit| self.size(limit));
        paginator.set("limit", size);
        match self.params.iter().find(|one| one.name == name) {
            Some(offset) => send(&mut paginator, "offset", offset),
            None => {
                paginator.set("offset_param", name);
            }
        }
        let mut owned = vec![name.to_owned()];
        if let Some(limit) = limit {
            send(&mut paginator, "limit", limit);
            owned.push(limit.name.to_owned());
        }
        let from_one = self
            .params
            .iter()
            .find(|one| one.name == name)
            .is_some_and(|one| {
                let schema = self.schema_of(one);
                number(schema, "minimum") == Some(1) || number(schema, "default") == Some(1)
            });
        if from_one || plain(name) == "startindex" && self.is_scim() {
            paginator.set("base_offset", 1);
        }
        Paging {
            paginator,
            comment: None,
            owned,
        }
    }

    fn is_scim(&self) -> bool {
        let view = self.schemas.view(&[self.response]);
        view.properties.iter().any(|(name, _)| *name == "Resources")
    }

    fn page(&self) -> Option<Paging> {
        let pages = self.params(&PAGES);
        let page = match pages.as_slice() {
            [one] if one.place == "query" => *one,
            _ => return None,
        };
        let view = self.schemas.view(&[page.schema]);
        if !view.types.is_empty()
            && !view
                .types
                .iter()
                .any(|one| matches!(*one, "integer" | "number"))
        {
            return None;
        }
        let limits = self.params(&LIMITS);
        let limit = limits.iter().copied().find(|one| one.place == "query");
        Some(self.by_page(page, limit))
    }

    fn by_page(&self, page: &Param<'a>, limit: Option<&Param<'a>>) -> Paging {
        let schema = self.schema_of(page);
        let text = page.description.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
        let first = number(schema, "default")
            .or_else(|| number(schema, "minimum").filter(|least| *least == 1));
        let first = first.or_else(|| {
            if says(&[
                "starts at 0",
                "start at 0",
                "zero-based",
                "0-based",
                "0-indexed",
                "starting from 0",
                "starting at 0",
                "starts from 0",
                "zero based",
                "zero-indexed",
            ]) {
                Some(0)
            } else if says(&[
                "starts at 1",
                "start at 1",
                "one-based",
                "1-based",
                "1-indexed",
                "starting from 1",
                "starting at 1",
                "starts from 1",
                "defaults to 1",
                "default: 1",
                "default is 1",
                "first page is 1",
            ]) {
                Some(1)
            } else {
                None
            }
        });
        let mut paginator = kind("page_number");
        paginator.set("page_param", page.name);
        let mut owned = vec![page.name.to_owned()];
        if let Some(limit) = limit {
            paginator
                .set("page_size", self.size(limit))
                .set("page_size_param", limit.name);
            owned.push(limit.name.to_owned());
        }
        let comment = if let Some(first @ 0..=1) = first {
            paginator.set("base_page", first);
            None
        } else {
            // Page 1 of pages from 0 would leave out the first, and page 0 of pages from 1 is refused or repeated.
            paginator.set("base_page", 0);
            Some(not_certain("whether the first page is 0 or 1"))
        };
        Paging {
            paginator,
            comment,
            owned,
        }
    }

    fn schema_of(&self, param: &Param<'a>) -> &'a Value {
        match param.schema.text_of("$ref") {
            Some(reference) => self.root.pointer(reference).unwrap_or(param.schema),
            None => param.schema,
        }
    }

    /// The page size to ask for: the most, if that is not very much.
    fn size(&self, param: &Param<'a>) -> i64 {
        let schema = self.schema_of(param);
        let most = number(schema, "maximum").filter(|most| (1..=1000).contains(most));
        let usual = number(schema, "default").filter(|usual| (1..=1000).contains(usual));
        let words = schema.at(&["enum"]).elements();
        let words = words.iter().filter_map(|word| word.scalar()?.parse().ok());
        let words = words.filter(|word: &i64| (1..=1000).contains(word)).max();
        words.or(most).or(usual).unwrap_or(100)
    }

    /// One page, and whatever makes more of them an error.
    fn unknown(&self, fields: &[Field<'a>]) -> Paging {
        let is_paged = !self.params(&CURSORS).is_empty()
            || !self.params(&OFFSETS).is_empty()
            || !self.params(&PAGES).is_empty()
            || !self.params(&LIMITS).is_empty()
            || fields.iter().any(|field| {
                let name = field.name();
                name != "count" && super::lists::is_paging_field(&name)
            });
        if !is_paged {
            return Paging {
                paginator: kind("single_page"),
                comment: Some(not_certain("whether all records are on one page")),
                owned: Vec::new(),
            };
        }
        let mut paginator = kind("single_page");
        if let Some(flag) = more_flag(fields) {
            // A flag that still says that there is more makes the fetch incomplete, which is an error.
            paginator = kind("header_link");
            paginator.set("has_more_path", flag);
        } else if let Some(total) = fields.iter().find(|field| is_total(field)) {
            paginator.set("total_path", path(&total.path));
        }
        Paging {
            paginator,
            comment: Some(not_certain("how the pages of this list follow each other")),
            owned: Vec::new(),
        }
    }
}

fn is_total(field: &Field<'_>) -> bool {
    let is_number = field
        .view
        .types
        .iter()
        .any(|one| matches!(*one, "integer" | "number"));
    is_number
        && matches!(
            field.name().as_str(),
            "total"
                | "totalcount"
                | "totalitems"
                | "totalresults"
                | "totalrecords"
                | "totalelements"
        )
}

fn not_certain(what: &str) -> String {
    format!(
        "{NOT_CERTAIN}{what}. Look into the API's documentation, and compare the number of records."
    )
}

fn more_flag(fields: &[Field<'_>]) -> Option<String> {
    let mut flags = fields.iter().filter(|field| {
        field.view.types.contains(&"boolean")
            && matches!(
                field.name().as_str(),
                "hasmore" | "hasnextpage" | "hasnext" | "more" | "hasmoreitems"
            )
    });
    flags.next().map(|field| path(&field.path))
}

fn ms_pageable(said: &Value) -> Paging {
    let source = "x-ms-pageable";
    let name = said.get("nextLinkName");
    if name.is_some_and(|name| matches!(name.kind, tree::Kind::Null)) {
        // All records are on one page.
        return certain(kind("single_page"), source, &[]);
    }
    match said.text_of("nextLinkName") {
        Some(name) if !name.is_empty() => {
            let mut paginator = kind("json_link");
            // A name with dots is one key in OData, and a path elsewhere.
            let keys: Vec<&str> = if name.contains('@') {
                vec![name]
            } else {
                name.split('.').collect()
            };
            paginator.set("next_url_path", path(&keys));
            certain(paginator, source, &[])
        }
        None => {
            let mut paginator = kind("json_link");
            paginator.set("next_url_path", "nextLink");
            certain(paginator, source, &[])
        }
        _ => certain(kind("single_page"), source, &[]),
    }
}

/// Says where a paginator puts a value.
fn send(paginator: &mut Map, what: &str, param: &Param<'_>) {
    if param.place == "body" {
        paginator.set(&format!("{what}_body_path"), path(&[param.name]));
    } else {
        paginator.set(&format!("{what}_param"), param.name);
    }
}

fn kind(kind: &str) -> Map {
    let mut paginator = Map::new();
    paginator.set("type", kind);
    paginator
}

fn certain(paginator: Map, source: &str, owned: &[&str]) -> Paging {
    Paging {
        paginator,
        comment: Some(format!("From `{source}`.")),
        owned: owned.iter().map(|one| (*one).to_owned()).collect(),
    }
}

fn said_of(mut paging: Paging, source: &str) -> Paging {
    paging.comment = Some(join(&format!("From `{source}`."), paging.comment));
    paging
}

fn join(one: &str, other: Option<String>) -> String {
    match other {
        Some(other) => format!("{one}\n{other}"),
        None => one.to_owned(),
    }
}

fn number(schema: &Value, key: &str) -> Option<i64> {
    let text = schema.get(key)?.scalar()?;
    text.parse::<i64>().ok().or_else(|| {
        let number = text.parse::<f64>().ok()?;
        format!("{number:.0}").parse().ok()
    })
}

/// Keys as a JSONPath.
pub(crate) fn path(keys: &[&str]) -> String {
    let mut text = String::new();
    for key in keys {
        if is_plain(key) {
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(key);
        } else {
            if text.is_empty() {
                text.push('$');
            }
            let key = key.replace('\\', "\\\\").replace('\'', "\\'");
            text.push_str("['");
            text.push_str(&key);
            text.push_str("']");
        }
    }
    text
}

/// A JSONPath of an extension as ours.
fn path_text(text: &str) -> String {
    let text = text.strip_prefix("$.").unwrap_or(text);
    text.strip_prefix("$response.").unwrap_or(text).to_owned()
}
