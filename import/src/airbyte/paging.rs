//! Paginators.

use rest_source_codegen::write::{Map, Node};

use crate::tree::{Kind, Value};

use super::config::Usage;
use super::jinja::{self, Expr};
use super::request::{hook_type, json_path, member};
use super::stops::{any_of, applies, counted};
use super::stream::{Builder, shown};

/// What stands for the token of the next page.
pub(super) fn token(paginator: &Value) -> Option<&'static str> {
    match paginator.at(&["pagination_strategy"]).text_of("type")? {
        "OffsetIncrement" => Some("paginator.offset"),
        "PageIncrement" => Some("paginator.page"),
        _ => Some("paginator.cursor"),
    }
}

/// Where the value of a page goes.
enum Slot {
    Param(String),
    Header(String),
    Body(String),
    /// In the place of the path: the value is a URL.
    Path,
    None,
}

impl Builder<'_, '_> {
    /// `records` is the JSONPath of the list of records, if there is one.
    pub(super) fn paginator(&mut self, node: &Value, records: Option<&str>) {
        let strategy = node.at(&["pagination_strategy"]);
        let made = match node.text_of("type") {
            None if node.kind == Kind::Null => single(),
            Some("NoPagination") => single(),
            _ => match strategy.text_of("type").unwrap_or_default() {
                "OffsetIncrement" => self.offset(node, strategy),
                "PageIncrement" => self.page(node, strategy),
                "CursorPagination" => self.cursor(node, strategy, records),
                other => {
                    let class = strategy
                        .text_of("class_name")
                        .or(node.text_of("class_name"))
                        .unwrap_or(other);
                    let rust = hook_type(class);
                    self.lose(
                        node.place,
                        format!("the paginator `{class}` is Python: write `{rust}` in Rust, or another `paginator`"),
                    );
                    let mut made = Map::new();
                    made.set("type", "custom").set("rust", rust);
                    made
                }
            },
        };
        let is_single = made.get("type").and_then(Node::as_text) == Some("single_page");
        let endpoint = self.resource.map("endpoint");
        let decoder = endpoint.get("decoder").is_some() || endpoint.get("extract").is_some();
        let is_query = endpoint
            .get("data_selector")
            .and_then(Node::as_text)
            .is_some_and(|path| path.contains(['*', '?']));
        if !is_single && !is_query && !decoder {
            endpoint.set("single_record", true);
        }
        endpoint.set("paginator", made);
        self.body_of_pages();
    }

    /// A value in the body needs one.
    fn body_of_pages(&mut self) {
        let endpoint = self.resource.map("endpoint");
        let has = endpoint
            .get("paginator")
            .and_then(Node::as_map)
            .is_some_and(|made| {
                made.entries
                    .iter()
                    .any(|entry| entry.key.ends_with("_body_path"))
            });
        if has {
            self.body.get_or_insert(("json", Map::new()));
        }
    }

    fn slot(&mut self, option: &Value) -> Slot {
        if option.kind == Kind::Null {
            return Slot::None;
        }
        if option.text_of("type") == Some("RequestPath")
            || option.text_of("inject_into") == Some("path")
        {
            return Slot::Path;
        }
        let Some(mut names) = self.option_names(option) else {
            self.lose(option.place, "where the page is sent");
            return Slot::None;
        };
        match option.text_of("inject_into").unwrap_or("request_parameter") {
            "header" => Slot::Header(names.remove(0)),
            "body_json" | "body_data" => Slot::Body(json_path(&names)),
            _ => Slot::Param(names.remove(0)),
        }
    }

    /// The size of a page: a number or a setting.
    fn size(&mut self, strategy: &Value) -> Option<Node> {
        let value = strategy
            .get("page_size")
            .filter(|value| value.kind != Kind::Null)?;
        let made = self.size_of(value, strategy);
        if made.is_none() {
            let text = shown(value.scalar().unwrap_or_default());
            self.lose(value.place, format!("the page size, `{text}`"));
        }
        made
    }

    fn size_of(&mut self, value: &Value, strategy: &Value) -> Option<Node> {
        let text = value.scalar()?.trim().to_owned();
        if text.parse::<u64>().is_ok_and(|size| size > 0) {
            return Some(Node::Number(text));
        }
        let expr = self.renderer(strategy, Usage::Sent).expression(&text)?;
        if let Some(constant) = expr.constant() {
            return constant
                .parse::<u64>()
                .is_ok()
                .then_some(Node::Number(constant));
        }
        let (keys, default) = match &expr {
            Expr::Filter(of, name, args) if name == "default" => {
                (of.keys_of("config"), args.first().and_then(Expr::constant))
            }
            Expr::Filter(of, name, _) if name == "int" => (of.keys_of("config"), None),
            Expr::Binary("or", of, default) => (of.keys_of("config"), default.constant()),
            expr => (expr.keys_of("config"), None),
        };
        let keys = keys?;
        if let Some(default) = default {
            self.importer
                .config
                .fall_back(&keys, &default, Usage::Address);
        }
        if !self.importer.config.typed(&keys, "bigint", Usage::Address) {
            return None;
        }
        let placeholder = self.importer.config.placeholder(&keys, Usage::Address);
        Some(Node::Text(format!("{{{placeholder}}}")))
    }

    /// A parameter that the request sets itself to the size of a page.
    fn size_param(&mut self, size: &Node) -> Option<String> {
        let text = match size {
            Node::Number(text) | Node::Text(text) => text.clone(),
            _ => return None,
        };
        let found = self.params.entries.iter().find(|entry| {
            let name = entry.key.to_lowercase();
            let is_size = [
                "limit", "size", "count", "per", "max", "take", "top", "rows", "results",
            ]
            .iter()
            .any(|word| name.contains(word));
            is_size && entry.value.as_text() == Some(text.as_str())
        });
        let name = found?.key.clone();
        self.params.remove(&name);
        Some(name)
    }

    fn offset(&mut self, node: &Value, strategy: &Value) -> Map {
        let mut made = Map::new();
        made.set("type", "offset");
        let size = self.size(strategy);
        let token = node.at(&["page_token_option"]);
        let mut limit = self.slot(node.at(&["page_size_option"]));
        let is_token = |key: &str| {
            let name = node.at(&["page_size_option"]).get(key);
            name.is_some() && name == token.get(key)
        };
        if is_token("field_name") || is_token("field_path") {
            limit = Slot::None;
        }
        if let (Slot::None, Some(size)) = (&limit, &size)
            && let Some(name) = self.size_param(size)
        {
            limit = Slot::Param(name);
        }
        let is_sized = size.is_some();
        made.set("limit", size.unwrap_or(Node::Number("100".to_owned())));
        match limit {
            Slot::Param(name) => {
                self.params.remove(&name);
                made.set("limit_param", name);
            }
            Slot::Body(path) => {
                made.set("limit_body_path", path);
            }
            Slot::Header(name) => {
                self.headers.set(&name, "{paginator.limit}");
            }
            Slot::Path | Slot::None => {
                made.comment(
                    "limit",
                    "Not certain: the manifest sends no limit. This sends it as the parameter `limit`.",
                );
            }
        }
        match self.slot(token) {
            Slot::Param(name) => {
                self.params.remove(&name);
                made.set("offset_param", name);
            }
            Slot::Body(path) => {
                made.set("offset_body_path", path);
            }
            Slot::Header(name) => {
                self.headers.set(&name, "{paginator.offset}");
            }
            Slot::Path | Slot::None => {
                if !*self.scope.token_used.borrow() {
                    return unsent("offset");
                }
            }
        }
        if !strategy.says("inject_on_first_request") {
            made.set("inject_on_first_request", false);
        }
        if is_sized {
            made.set("stop_after_short_page", true);
        }
        made
    }

    /// The number of the first page.
    fn first_page(&mut self, strategy: &Value) -> u64 {
        let start = strategy
            .get("start_from_page")
            .filter(|start| start.kind != Kind::Null);
        let Some(start) = start else {
            return 0;
        };
        let text = start.scalar().unwrap_or_default().trim().to_owned();
        let made = self.renderer(strategy, Usage::Sent).text(&text);
        let number = made.ok().and_then(|made| made.trim().parse::<u64>().ok());
        if number.is_none() {
            let what = format!(
                "`start_from_page`, `{}`: the first page is 0 here",
                shown(&text)
            );
            self.lose(start.place, what);
        }
        number.unwrap_or(0)
    }

    fn page(&mut self, node: &Value, strategy: &Value) -> Map {
        let mut made = Map::new();
        made.set("type", "page_number");
        let start = self.first_page(strategy);
        made.set("base_page", start);
        let size = self.size(strategy);
        let mut place = self.slot(node.at(&["page_size_option"]));
        if let (Slot::None, Some(size)) = (&place, &size)
            && let Some(name) = self.size_param(size)
        {
            place = Slot::Param(name);
        }
        if let Some(size) = size {
            made.set("page_size", size);
            made.set("stop_after_short_page", true);
            match place {
                Slot::Param(name) => {
                    self.params.remove(&name);
                    made.set("page_size_param", name);
                }
                Slot::Body(path) => {
                    made.set("page_size_body_path", path);
                }
                Slot::Header(name) => {
                    self.headers.set(&name, "{paginator.page_size}");
                }
                Slot::Path | Slot::None => {}
            }
        }
        match self.slot(node.at(&["page_token_option"])) {
            Slot::Param(name) => {
                self.params.remove(&name);
                made.set("page_param", name);
            }
            Slot::Body(path) => {
                made.set("page_body_path", path);
            }
            Slot::Header(name) => {
                self.headers.set(&name, "{paginator.page}");
            }
            Slot::Path | Slot::None => {
                if !*self.scope.token_used.borrow() {
                    return unsent("number of the page");
                }
            }
        }
        if !strategy.says("inject_on_first_request") {
            made.set("inject_on_first_request", false);
        }
        made
    }

    fn cursor(&mut self, node: &Value, strategy: &Value, records: Option<&str>) -> Map {
        if let Some(size) = self.size(strategy) {
            let option = node.at(&["page_size_option"]).clone();
            if option.kind != Kind::Null && !self.inject_value(&option, size) {
                self.lose(option.place, "where the size of a page is sent");
            }
        }
        let value = strategy.at(&["cursor_value"]);
        let text = value.scalar().unwrap_or_default().to_owned();
        let slot = self.slot(node.at(&["page_token_option"]));
        let pieces = self.renderer(strategy, Usage::Sent).pieces(&text);
        let expr = pieces.ok().and_then(|pieces| only_expression(&pieces));
        let made = expr.and_then(|(before, expr)| {
            let slot = self.slot_after(&before, slot)?;
            let made = self.by_value(&expr, &slot, records)?;
            Some((expr, made))
        });
        let Some((expr, mut made)) = made else {
            self.lose(
                value.place,
                format!(
                    "pages past the first: the token of the next page is `{}`",
                    shown(&text)
                ),
            );
            return single();
        };
        if let Some(stop) = strategy
            .get("stop_condition")
            .filter(|stop| stop.kind != Kind::Null)
        {
            self.stop(stop, strategy, &expr, &mut made, records);
        }
        let kind = made.get("type").and_then(Node::as_text);
        let endpoint = self.resource.get("endpoint").and_then(Node::as_map);
        let selector = endpoint.and_then(|one| one.get("data_selector")?.as_text());
        if kind == Some("offset") && selector.is_some_and(|path| path.contains('?')) {
            // The total counts the records that the selector leaves out, too.
            if made.remove("total_path").is_some() {
                made.comment(
                    "type",
                    "Not certain: pages also end where the offset reaches the total.",
                );
            }
        } else if kind == Some("page_number") && made.get("base_page").is_none() {
            made.set("base_page", 1);
            made.comment(
                "base_page",
                "Not certain: the manifest does not say the number of the first page.",
            );
        }
        made
    }

    /// Where a token goes that stands behind a text.
    fn slot_after(&self, before: &str, slot: Slot) -> Option<Slot> {
        let before = before.trim();
        if before.is_empty() {
            return Some(slot);
        }
        if !matches!(slot, Slot::Path) {
            return None;
        }
        if let Some((url, name)) = before.split_once('?') {
            let name = name.strip_suffix('=')?;
            let own = self.stream.node.at(&["retriever", "requester", "path"]);
            let own = own.scalar().unwrap_or_default().trim_matches('/');
            let is_own = url.is_empty() || url.trim_end_matches('/').ends_with(own);
            let is_name = !name.is_empty() && !name.contains(['=', '&']);
            return (is_own && is_name).then(|| Slot::Param(name.to_owned()));
        }
        // A link without scheme and host leads to those of the request.
        let host = ["https://", "http://"]
            .iter()
            .find_map(|scheme| before.strip_prefix(scheme))?;
        (!host.contains('/')).then_some(slot)
    }

    /// The paginator of a token.
    fn by_value(&mut self, expr: &Expr, slot: &Slot, records: Option<&str>) -> Option<Map> {
        let mut made = Map::new();
        let expr = trimmed(expr);
        if let Some(keys) = expr.keys_of("headers") {
            if let ["link" | "Link", rel, _] = keys.as_slice() {
                made.set("type", "header_link");
                if *rel != "next" {
                    made.set("links_next_key", *rel);
                }
                return Some(made);
            }
            if let ([header], Slot::Path) = (keys.as_slice(), slot) {
                made.set("type", "header_link").set("header", *header);
                return Some(made);
            }
            if let [header] = keys.as_slice() {
                made.set("type", "header_cursor").set("cursor_key", *header);
                return self.token_slot(slot, made);
            }
            return None;
        }
        if let Some(path) = body_path(&expr, records) {
            if matches!(slot, Slot::Path) {
                made.set("type", "json_link").set("next_url_path", path);
                return Some(made);
            }
            made.set("type", "cursor").set("cursor_path", path);
            return self.token_slot(slot, made);
        }
        if let Some(made) = self.counted_pages(&expr, slot) {
            return Some(made);
        }
        // A part of a URL in the body, sent as a parameter: the URL is followed.
        if let Some(path) = part_of_link(&expr) {
            made.set("type", "json_link").set("next_url_path", path);
            return Some(made);
        }
        None
    }

    fn token_slot(&mut self, slot: &Slot, mut made: Map) -> Option<Map> {
        match slot {
            Slot::Param(name) => {
                made.set("cursor_param", name.as_str());
                // What is sent as this on the first page stays.
            }
            Slot::Header(name) => {
                made.set("cursor_header", name.as_str());
            }
            Slot::Body(path) => {
                made.set("cursor_body_path", path.as_str());
            }
            Slot::Path => return None,
            Slot::None => {
                if !*self.scope.token_used.borrow() {
                    return None;
                }
            }
        }
        Some(made)
    }

    /// `response.page + 1`, `response.offset + response.limit` and the like.
    fn counted_pages(&mut self, expr: &Expr, slot: &Slot) -> Option<Map> {
        let (of, by) = counted(expr)?;
        let Slot::Param(name) = slot else {
            return None;
        };
        let mut made = Map::new();
        let is_page = by.constant().as_deref() == Some("1");
        body_path(&of, None)?;
        if is_page {
            made.set("type", "page_number");
            made.set("page_param", name.as_str());
        } else {
            let size = match by.constant() {
                Some(size) if size.parse::<u64>().is_ok_and(|size| size > 0) => size,
                Some(_) => return None,
                None => {
                    body_path(&by, None)?;
                    "100".to_owned()
                }
            };
            let size = Node::Number(size);
            made.set("type", "offset")
                .set("offset_param", name.as_str());
            let limit = self.size_param(&size).or_else(|| {
                let found = self.params.entries.iter().find(|entry| {
                    let name = entry.key.to_lowercase();
                    ["limit", "size", "count", "per", "max", "rows"]
                        .iter()
                        .any(|word| name.contains(word))
                        && entry
                            .value
                            .as_text()
                            .is_some_and(|text| text.parse::<u64>().is_ok())
                })?;
                Some(found.key.clone())
            });
            let limit = limit?;
            let value = match self.params.remove(&limit) {
                Some(Node::Text(text)) => Node::Number(text),
                _ => size,
            };
            made.set("limit", value).set("limit_param", limit);
        }
        let first = self.params.remove(name);
        let first = first.as_ref().and_then(Node::as_text);
        if let Some(first) = first.and_then(|first| first.parse::<u64>().ok()) {
            made.set(if is_page { "base_page" } else { "base_offset" }, first);
        } else {
            if let Some(first) = first {
                let stream = &self.stream.node;
                let place = stream.at(&["retriever", "requester", "request_parameters", name]);
                let what = format!("`{name}` of the first request, `{}`", shown(first));
                self.lose(place.place, what);
            }
            made.set("inject_on_first_request", false);
        }
        Some(made)
    }

    /// What a `stop_condition` says beyond the absence of the token.
    fn stop(
        &mut self,
        stop: &Value,
        strategy: &Value,
        token: &Expr,
        made: &mut Map,
        records: Option<&str>,
    ) {
        let text = match &stop.kind {
            Kind::Bool(false) => return,
            _ => stop.scalar().unwrap_or_default().to_owned(),
        };
        let expr = if jinja::is_template(&text) {
            self.renderer(strategy, Usage::Sent).expression(&text)
        } else {
            jinja::parse_expression(&text).ok()
        };
        let Some(expr) = expr else {
            self.lose(stop.place, format!("`stop_condition`, `{}`", shown(&text)));
            return;
        };
        let mut conditions = Vec::new();
        any_of(&expr, &mut conditions);
        let token = trimmed(token);
        for condition in conditions {
            if !applies(&condition, &token, made, records) {
                made.comment(
                    "type",
                    &format!(
                        "Not certain: pages also end where `{}` holds.",
                        shown(&text)
                    ),
                );
            }
        }
    }
}

fn single() -> Map {
    let mut made = Map::new();
    made.set("type", "single_page");
    made
}

/// One page, of a strategy whose position no request has.
fn unsent(what: &str) -> Map {
    let mut made = single();
    made.comment(
        "type",
        &format!("Not certain: the manifest sends the {what} nowhere, so that each page would be the first."),
    );
    made
}

/// The only expression of a template, with the text before it.
fn only_expression(pieces: &[jinja::Piece]) -> Option<(String, Expr)> {
    let mut before = String::new();
    let mut found = None;
    for piece in pieces {
        match piece {
            jinja::Piece::Text(text) if found.is_none() => before.push_str(text),
            jinja::Piece::Text(text) if text.trim().is_empty() => {}
            jinja::Piece::Output(expr) if found.is_none() => match expr.constant() {
                Some(text) if pieces.len() > 1 => before.push_str(&text),
                _ => found = Some(expr.clone()),
            },
            // A value that is only printed where it is there.
            jinja::Piece::Branches(branches) if found.is_none() => {
                let (_, pieces) = branches.first()?;
                let (inner, expr) = only_expression(pieces)?;
                before.push_str(&inner);
                found = Some(expr);
            }
            _ => return None,
        }
    }
    Some((before, found?))
}

/// An expression without conversions that change nothing here.
pub(super) fn trimmed(expr: &Expr) -> Expr {
    match expr {
        Expr::Filter(of, name, _)
            if ["string", "int", "default", "safe"].contains(&name.as_str()) =>
        {
            trimmed(of)
        }
        Expr::Call(of, args, _) if matches!(&**of, Expr::Name(name) if name == "str" || name == "int") => {
            args.first().map_or(expr.clone(), trimmed)
        }
        Expr::If(_, yes, no) if no.truth() == Some(false) => trimmed(yes),
        Expr::Binary("or", one, two) if two.truth() == Some(false) => trimmed(one),
        _ => expr.clone(),
    }
}

/// Where in the body a value is.
pub(super) fn body_path(expr: &Expr, records: Option<&str>) -> Option<String> {
    let (root, keys) = expr.path()?;
    match root {
        "response" if !keys.is_empty() => {
            let mut path = "$".to_owned();
            for key in keys {
                path.push_str(&member(key));
            }
            Some(path)
        }
        "last_record" if !keys.is_empty() => {
            let mut path = format!("{}[-1]", records?);
            for key in keys {
                path.push_str(&member(key));
            }
            Some(path)
        }
        _ => None,
    }
}

/// A value in the body of which a part is sent.
fn part_of_link(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Filter(of, name, _) if name == "regex_search" || name == "urldecode" => {
            body_path(of, None).or_else(|| part_of_link(of))
        }
        Expr::Member(of, index) if matches!(**index, Expr::Number(_)) => match &**of {
            Expr::Call(method, ..) => match &**method {
                Expr::Member(of, name) if name.constant().as_deref() == Some("split") => {
                    body_path(of, None).or_else(|| part_of_link(of))
                }
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}
