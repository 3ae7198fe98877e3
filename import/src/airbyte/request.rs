//! The request of a stream: URL, parameters, headers, body and selector.

use rest_source_codegen::write::{Map, Node};

use crate::credentials;
use crate::tree::{Kind, Value};

use super::config::Usage;
use super::jinja::Expr;
use super::stream::{Builder, shown};

impl Builder<'_, '_> {
    /// The URL, its base and its path; the rest goes to the builder.
    pub(super) fn request(&mut self, requester: &Value) -> Option<(String, String)> {
        if requester
            .text_of("type")
            .is_some_and(|kind| kind.starts_with("Custom"))
        {
            let class = requester.text_of("class_name").unwrap_or_default();
            self.lose(
                requester.place,
                format!("the requester `{class}` is Python: its other keys are imported"),
            );
        }
        let url = ["url", "url_base"]
            .iter()
            .find_map(|key| requester.get(key));
        let base = if let Some(value) = url {
            self.base(value, requester)?
        } else {
            self.give_up(requester.place, "its requester has no `url_base`");
            return None;
        };
        // What the path says after `?` is a parameter.
        let (path, query) = match requester.get("path").filter(|path| path.kind != Kind::Null) {
            Some(value) => self.path_and_query(value, requester)?,
            None => (String::new(), String::new()),
        };
        let method = requester.text_of("http_method").unwrap_or("GET");
        match method {
            "GET" => {}
            "POST" | "PUT" | "PATCH" => {
                self.resource.map("endpoint").set("method", method);
            }
            other => {
                self.give_up(
                    requester.place,
                    &format!("the method `{other}` is not supported"),
                );
                return None;
            }
        }
        for (key, into) in [
            ("request_parameters", "params"),
            ("request_headers", "headers"),
        ] {
            let Some(value) = requester.get(key).filter(|value| value.kind != Kind::Null) else {
                continue;
            };
            let mut texts = self.texts(value, requester, key);
            if into == "params" {
                self.params = texts;
            } else {
                // The client of a spec sends it itself.
                for automatic in ["Content-Length", "content-length"] {
                    texts.remove(automatic);
                }
                self.headers = texts;
            }
        }
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = percent_encoding::percent_decode_str(value).decode_utf8_lossy();
            let value = decoded.replace('+', " ");
            let place = requester.at(&["path"]).place;
            let value = self.without_literal(place, name, value);
            self.params.set(name, value);
        }
        self.body(requester);
        Some((base, path))
    }

    /// The URL before the path. One that a spec cannot say becomes a setting.
    fn base(&mut self, value: &Value, requester: &Value) -> Option<String> {
        let text = value.scalar().unwrap_or_default();
        if text.trim().is_empty() {
            return self.address(value, requester);
        }
        match self.renderer(requester, Usage::Address).text(text) {
            Ok(made) => {
                let url = without_spaces(made.trim());
                Some(self.open_url(value.place, &url))
            }
            Err(why) => {
                let shown = shown(&credentials::without_secrets(text).0);
                self.lose(
                    value.place,
                    format!("`url_base`, `{shown}`: {why}; give it as `config.host`"),
                );
                let config = &mut self.importer.config;
                let placeholder = config.placeholder(&["host"], Usage::Address);
                Some(format!("https://{{{placeholder}}}"))
            }
        }
    }

    fn path_and_query(&mut self, value: &Value, requester: &Value) -> Option<(String, String)> {
        let text = value.scalar().unwrap_or_default();
        let split = text.split_once('?').filter(|(path, _)| {
            path.matches("{{").count() == path.matches("}}").count()
                && path.matches("{%").count() == path.matches("%}").count()
                && !path.contains("{%")
        });
        let Some((path, query)) = split else {
            let made = self.address(value, requester)?;
            let (path, query) = made.split_once('?').unwrap_or((&made, ""));
            return Some((path.to_owned(), query.to_owned()));
        };
        let mut first = value.clone();
        first.kind = Kind::Text(path.to_owned());
        let path = self.address(&first, requester)?;
        let query = query.trim().to_owned();
        match self.renderer(requester, Usage::Sent).text(&query) {
            Ok(query) => Some((path, query)),
            Err(why) => {
                self.lose(value.place, format!("the parameters in the path: {why}"));
                Some((path, String::new()))
            }
        }
    }

    fn address(&mut self, value: &Value, requester: &Value) -> Option<String> {
        let Some(text) = value.scalar() else {
            self.give_up(value.place, "a part of its URL is no text");
            return None;
        };
        match self.renderer(requester, Usage::Address).text(text) {
            Ok(made) => {
                let url = without_spaces(made.trim());
                Some(self.without_token(value.place, &url))
            }
            Err(why) => {
                let shown = shown(&credentials::without_secrets(text).0);
                self.give_up(value.place, &format!("its URL, `{shown}`: {why}"));
                None
            }
        }
    }

    /// Parameters or headers.
    fn texts(&mut self, value: &Value, requester: &Value, what: &str) -> Map {
        let mut made = Map::new();
        if !matches!(value.kind, Kind::Map(_)) {
            self.lose(value.place, format!("{what} is one template"));
            return made;
        }
        for (key, entry) in value.entries() {
            if key == "$parameters" {
                continue;
            }
            let what = format!("{what}.{key}");
            let Ok(name) = self.renderer(requester, Usage::Sent).text(key) else {
                self.lose(entry.place, format!("{what}: its name is a template"));
                continue;
            };
            match &entry.kind {
                Kind::List(elements) => {
                    let texts: Vec<String> = elements
                        .iter()
                        .filter_map(|one| {
                            let text = self.text(one, requester, Usage::Sent, &what)?;
                            Some(self.without_literal(one.place, &name, text))
                        })
                        .collect();
                    made.set(&name, texts);
                }
                Kind::Map(_) => {
                    self.lose(entry.place, format!("{what} is a map"));
                }
                _ => {
                    if let Some(text) = self.text(entry, requester, Usage::Sent, &what)
                        && !text.is_empty()
                    {
                        let text = self.without_literal(entry.place, &name, text);
                        made.set(&name, text);
                    }
                }
            }
        }
        made
    }

    fn body(&mut self, requester: &Value) {
        let body = requester.at(&["request_body"]);
        let typed = body.at(&["value"]);
        let found = match body.text_of("type") {
            Some("RequestBodyJsonObject" | "RequestBodyGraphQL") => Some(("json", typed)),
            Some("RequestBodyUrlEncodedForm") => Some(("data", typed)),
            Some(other) => {
                self.lose(body.place, format!("the body `{other}` is not supported"));
                None
            }
            None => None,
        };
        let old = [("json", "request_body_json"), ("data", "request_body_data")];
        let old = old.into_iter().filter_map(|(key, name)| {
            let value = requester.get(name)?;
            (value.kind != Kind::Null).then_some((key, value))
        });
        for (key, value) in found.into_iter().chain(old) {
            match &value.kind {
                Kind::Map(entries) if entries.is_empty() => {}
                Kind::Map(_) if key == "json" => {
                    if let Some(Node::Map(map)) =
                        self.json(value, requester, Usage::Sent, "request_body_json")
                    {
                        self.body = Some(("json", map));
                    }
                }
                Kind::Map(_) => {
                    let map = self.texts(value, requester, "request_body_data");
                    self.body = Some(("data", map));
                }
                _ => self.text_body(key, value, requester),
            }
        }
    }

    /// A body that is written as one text: JSON or a form.
    fn text_body(&mut self, key: &str, value: &Value, requester: &Value) {
        let text = value.scalar().unwrap_or_default();
        let parsed = crate::tree::parse_placed("", value.place.file, text);
        if let Ok(mut parsed) = parsed
            && matches!(parsed.kind, Kind::Map(_))
        {
            parsed.place = value.place;
            if let Some(Node::Map(map)) = self.json(&parsed, requester, Usage::Sent, "the body") {
                self.body = Some(("json", map));
                return;
            }
        }
        if let Some(Expr::Dict(entries)) = self.renderer(requester, Usage::Sent).expression(text) {
            let mut map = Map::new();
            let all = entries.into_iter().all(|(key, value)| {
                let (Some(key), Some(value)) = (key.constant(), constant(&value)) else {
                    return false;
                };
                map.set(&key, value);
                true
            });
            if all {
                let body = self.without_literals(value.place, "", map.into());
                self.body = body.as_map().cloned().map(|map| ("json", map));
                return;
            }
        }
        let is_form = key == "data" && text.contains('=');
        if is_form && let Ok(made) = self.renderer(requester, Usage::Sent).text(text) {
            let mut map = Map::new();
            for pair in made.split('&') {
                let (name, text) = pair.split_once('=').unwrap_or((pair, ""));
                let text = self.without_literal(value.place, name, text.to_owned());
                map.set(name, text);
            }
            self.body = Some(("data", map));
            return;
        }
        self.lose(value.place, "the body: neither JSON nor a form");
    }

    /// The keys that a `RequestOption` names: one name, which no dot splits, or the way to a nested one.
    pub(super) fn option_names(&mut self, option: &Value) -> Option<Vec<String>> {
        let names: Vec<&Value> = match option.get("field_name") {
            Some(name) if name.kind != Kind::Null => vec![name],
            _ => option.at(&["field_path"]).elements().iter().collect(),
        };
        let mut made = Vec::new();
        for name in names {
            let name = self.renderer(option, Usage::Sent).text(name.scalar()?);
            made.push(name.ok()?);
        }
        (!made.is_empty()).then_some(made)
    }

    /// Sends a text where a `RequestOption` says. False if it says nothing that is supported.
    pub(super) fn inject(&mut self, option: &Value, value: &str) -> bool {
        self.inject_value(option, value.into())
    }

    /// Sends a value where a `RequestOption` says: as it is in JSON, and as text elsewhere.
    pub(super) fn inject_value(&mut self, option: &Value, value: Node) -> bool {
        let Some(names) = self.option_names(option) else {
            return false;
        };
        let [first, rest @ ..] = names.as_slice() else {
            return false;
        };
        let text = match &value {
            Node::Number(text) | Node::Text(text) => text.clone(),
            _ => String::new(),
        };
        match option.text_of("inject_into").unwrap_or("request_parameter") {
            "request_parameter" => {
                self.params.set(first, text);
            }
            "header" => {
                self.headers.set(first, text);
            }
            place @ ("body_json" | "body_data") => {
                let key = if place == "body_json" { "json" } else { "data" };
                let body = self.body.get_or_insert((key, Map::new()));
                let is_json = body.0 == "json";
                let mut map = &mut body.1;
                let mut name = first.as_str();
                for next in rest {
                    map = map.map(name);
                    name = next;
                }
                map.set(name, if is_json { value } else { text.into() });
            }
            _ => return false,
        }
        true
    }

    /// The selector of the records. Returns the JSONPath of their list, without wildcards.
    pub(super) fn selector(&mut self, selector: &Value) -> Option<String> {
        let extractor = selector.at(&["extractor"]);
        let mut keys: Vec<String> = Vec::new();
        match extractor.text_of("type") {
            Some("DpathExtractor") | None => {
                for key in extractor.at(&["field_path"]).elements() {
                    let text = key.scalar().unwrap_or_default();
                    match self.renderer(extractor, Usage::Sent).text(text) {
                        Ok(made) if !made.contains('{') => keys.push(made),
                        _ => self.lose(
                            key.place,
                            format!(
                                "a key of `field_path` that is a template, `{}`",
                                shown(text)
                            ),
                        ),
                    }
                }
            }
            Some(other) => {
                let class = extractor.text_of("class_name").unwrap_or(other);
                let hook = hook(class);
                self.lose(
                    extractor.place,
                    format!("the extractor `{class}` is Python: write `{hook}` in Rust, or another `data_selector`"),
                );
                self.resource.map("endpoint").set("extract", hook);
            }
        }
        if keys.last().is_some_and(|key| key == "**") {
            let at = extractor.at(&["field_path"]).place;
            self.lose(at, "`field_path` ends with `**`: records at any depth");
            keys.retain(|key| key != "**");
        }
        let mut path = json_path(&keys);
        let has_wildcard = keys.iter().any(|key| key == "*" || key == "**");
        let list = (!has_wildcard).then(|| path.clone());
        let filter = selector.at(&["record_filter"]);
        if filter.kind != Kind::Null {
            match self.filter(filter) {
                Some(condition) if condition.is_empty() => {}
                Some(condition) => path = format!("{path}[?{condition}]"),
                None => {
                    let text = filter.text_of("condition").or(filter.text_of("class_name"));
                    let text = shown(text.unwrap_or_default());
                    self.lose(
                        filter.place,
                        format!("the filter of records, `{text}`: records that it leaves out are fetched"),
                    );
                }
            }
        }
        let endpoint = self.resource.map("endpoint");
        let decoder = endpoint.get("decoder").and_then(Node::as_map);
        let kind = decoder
            .and_then(|decoder| decoder.get("type"))
            .and_then(Node::as_text);
        if matches!(kind, Some("xml" | "csv")) {
            // Each element, or row, is a record.
            return None;
        }
        if path != "$" {
            endpoint.set("data_selector", path);
            endpoint.set("data_selector_required", false);
        }
        list
    }

    /// A condition about records as one of JSONPath; empty if it always holds, nothing if it is not supported.
    fn filter(&mut self, filter: &Value) -> Option<String> {
        let text = filter.text_of("condition")?;
        let expr = self.renderer(filter, Usage::Sent).expression(text)?;
        if self.is_of_cursor(&expr) {
            return Some(String::new());
        }
        condition(&expr)
    }

    /// Whether a condition leaves out what an incremental fetch leaves out itself: records before its start, or after
    /// its end.
    fn is_of_cursor(&mut self, expr: &Expr) -> bool {
        let Some((start, end)) = self.scope.window.clone() else {
            return false;
        };
        let stream = self.stream;
        let cursor = stream.node.at(&["incremental_sync"]);
        let field = cursor.text_of("cursor_field").unwrap_or_default();
        let field = self.renderer(cursor, Usage::Sent).text(field);
        let field = field.unwrap_or_default();
        let is_value = |expr: &Expr| {
            let keys = expr.keys_of("record").unwrap_or_default();
            !keys.is_empty() && keys.join(".") == field
        };
        let is_bound = |expr: &Expr, bound: &str| {
            let expr = match expr {
                Expr::Filter(of, name, _) if name == "default" => of,
                expr => expr,
            };
            match expr.path() {
                Some(("stream_interval" | "stream_slice" | "stream_partition", keys)) => {
                    keys == [bound]
                }
                Some(("stream_state", keys)) => bound == start && keys.join(".") == field,
                _ => false,
            }
        };
        match expr {
            Expr::Binary(">=" | ">", one, two) => {
                is_value(one) && is_bound(two, &start) || is_bound(one, &end) && is_value(two)
            }
            Expr::Binary("<=" | "<", one, two) => {
                is_value(one) && is_bound(two, &end) || is_bound(one, &start) && is_value(two)
            }
            _ => false,
        }
    }

    /// How bodies are read.
    pub(super) fn decoder(&mut self, decoder: &Value) {
        let mut made = Map::new();
        let mut at = decoder;
        loop {
            match at.text_of("type") {
                None | Some("JsonDecoder" | "JsonParser") => {
                    self.charset(at, &mut made);
                    break;
                }
                Some("IterableDecoder") => {
                    // Each line is a record with one field: a row whose delimiter is a control character.
                    made.set("type", "csv")
                        .set("column_names", vec!["record"])
                        .set("delimiter", "\u{1f}")
                        .set("quote", "none");
                    break;
                }
                Some("JsonlDecoder" | "JsonLineParser") => {
                    made.set("type", "jsonl");
                    self.charset(at, &mut made);
                    break;
                }
                Some("XmlDecoder") => {
                    let keys = self.stream.node.at(&[
                        "retriever",
                        "record_selector",
                        "extractor",
                        "field_path",
                    ]);
                    let names: Vec<&str> = keys.elements().iter().filter_map(Value::text).collect();
                    made.set("type", "xml")
                        .set("records", format!("/{}", names.join("/")));
                    break;
                }
                Some("CsvDecoder" | "CsvParser") => {
                    made.set("type", "csv");
                    if let Some(delimiter) = at.text_of("delimiter").filter(|one| *one != ",") {
                        made.set("delimiter", delimiter.replace("\\t", "\t"));
                    }
                    self.charset(at, &mut made);
                    break;
                }
                Some("CompositeRawDecoder") => at = inner(at),
                Some("GzipDecoder" | "GzipParser") => {
                    made.set("compression", "gzip");
                    at = inner(at);
                }
                Some("ZipfileDecoder") => {
                    made.set("compression", "zip");
                    at = inner(at);
                }
                Some(other) => {
                    let class = at.text_of("class_name").unwrap_or(other);
                    self.lose(at.place, format!("the decoder `{class}` is not supported"));
                    return;
                }
            }
        }
        if made.is_empty() {
            return;
        }
        if made.get("type").is_none() {
            made.set("type", "json");
        }
        self.resource.map("endpoint").set("decoder", made);
    }

    /// The charset of a body, unless it is UTF-8.
    fn charset(&mut self, decoder: &Value, made: &mut Map) {
        let Some(encoding) = decoder.text_of("encoding") else {
            return;
        };
        match charset(encoding).as_deref() {
            Some("utf-8") => {}
            Some(charset) => {
                made.set("charset", charset);
            }
            None => {
                let what = format!("the encoding `{}` is not supported", shown(encoding));
                self.lose(decoder.at(&["encoding"]).place, what);
            }
        }
    }
}

/// A name of Python for a charset as one of ours. Nothing for one that is not known.
fn charset(python: &str) -> Option<String> {
    let name = python.trim().to_ascii_lowercase().replace(['_', ' '], "-");
    let name = name.as_str();
    Some(match name {
        "utf-8" | "utf8" | "u8" | "utf" | "utf-8-sig" => "utf-8".to_owned(),
        "utf-16" | "utf16" | "u16" => "utf-16".to_owned(),
        "utf-16-le" | "utf-16le" => "utf-16le".to_owned(),
        "utf-16-be" | "utf-16be" => "utf-16be".to_owned(),
        "ascii" | "us-ascii" | "646" => "us-ascii".to_owned(),
        "latin-1" | "latin1" | "latin" | "l1" | "cp819" | "8859" | "iso8859-1" | "iso-8859-1" => {
            "iso-8859-1".to_owned()
        }
        "shift-jis" | "shiftjis" | "sjis" | "s-jis" => "shift_jis".to_owned(),
        "euc-jp" | "eucjp" | "ujis" => "euc-jp".to_owned(),
        "euc-kr" | "euckr" => "euc-kr".to_owned(),
        "iso-2022-jp" | "iso2022jp" => "iso-2022-jp".to_owned(),
        "gbk" | "cp936" => "gbk".to_owned(),
        "gb2312" | "gb18030" | "big5" | "koi8-r" | "koi8-u" => name.to_owned(),
        "cp866" | "ibm866" | "866" => "ibm866".to_owned(),
        "mac-roman" | "macroman" | "macintosh" => "macintosh".to_owned(),
        "tis-620" | "tis620" | "cp874" => "windows-874".to_owned(),
        name => {
            let page = name.strip_prefix("cp").or(name.strip_prefix("windows-"));
            if let Some(page) = page.filter(|page| ("1250".."1259").contains(page)) {
                return (page.len() == 4).then(|| format!("windows-{page}"));
            }
            let part = name
                .strip_prefix("iso-8859-")
                .or(name.strip_prefix("iso8859-"))?;
            return ["2", "5", "7", "9", "15"]
                .contains(&part)
                .then(|| format!("iso-8859-{part}"));
        }
    })
}

/// A URL with its spaces encoded, those in placeholders aside.
fn without_spaces(url: &str) -> String {
    let mut made = String::new();
    let mut depth = 0_usize;
    for c in url.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        match c {
            '\n' | '\r' | '\t' if depth == 0 => {}
            ' ' if depth == 0 => made.push_str("%20"),
            c => made.push(c),
        }
    }
    made
}

fn inner(decoder: &Value) -> &Value {
    let keys = ["decoder", "parser", "inner_parser"];
    keys.iter()
        .find_map(|key| decoder.get(key))
        .unwrap_or(decoder.at(&["inner"]))
}

/// A constant as JSON.
pub(super) fn constant(expr: &Expr) -> Option<Node> {
    Some(match expr {
        Expr::None => Node::Null,
        Expr::Bool(value) => Node::Bool(*value),
        Expr::Number(number) => Node::Number(number.clone()),
        Expr::Text(text) => Node::Text(super::text::escape(text)),
        Expr::List(elements) => {
            let all: Option<Vec<Node>> = elements.iter().map(constant).collect();
            all?.into()
        }
        Expr::Dict(entries) => {
            let mut map = Map::new();
            for (key, value) in entries {
                map.set(&key.constant()?, constant(value)?);
            }
            map.into()
        }
        _ => return None,
    })
}

/// The function or type in Rust that a Python class becomes.
pub(super) fn hook(class: &str) -> String {
    let last = class.rsplit('.').next().unwrap_or_default();
    let name = crate::names::name(last, "custom");
    format!("crate::{name}")
}

/// The type in Rust that a Python class becomes.
pub(super) fn hook_type(class: &str) -> String {
    let last = class.rsplit('.').next().unwrap_or_default();
    let name = rest_source_codegen::write::type_name(last);
    let name = if name.is_empty() {
        "Custom".to_owned()
    } else {
        name
    };
    format!("crate::{name}")
}

/// Keys as a JSONPath: `*` is each element, `**` any number of levels.
pub(super) fn json_path<S: AsRef<str>>(keys: &[S]) -> String {
    let mut path = "$".to_owned();
    let mut descends = false;
    for key in keys {
        let key = key.as_ref();
        let step = match key {
            "**" => {
                descends = true;
                continue;
            }
            "*" => "[*]".to_owned(),
            key => member(key),
        };
        if std::mem::take(&mut descends) {
            path.push_str(if step.starts_with('.') { "." } else { ".." });
        }
        path.push_str(&step);
    }
    path
}

/// A step to a key.
pub(super) fn member(key: &str) -> String {
    let is_plain = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_plain {
        return format!(".{key}");
    }
    if key.parse::<i32>().is_ok() {
        return format!("[{key}]");
    }
    let key = key.replace('\\', "\\\\").replace('\'', "\\'");
    format!("['{key}']")
}

/// A condition of Jinja about `record` as one of JSONPath.
fn condition(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Bool(true) => Some(String::new()),
        Expr::Not(of) => match &**of {
            Expr::Binary("in", one, two) => {
                let all: Option<Vec<String>> = within(one, two)?
                    .into_iter()
                    .map(|(one, two)| Some(format!("{} != {}", operand(&one)?, operand(&two)?)))
                    .collect();
                Some(all?.join(" && "))
            }
            of => Some(format!("!({})", condition(of)?)),
        },
        Expr::Binary(sign @ ("and" | "or"), one, two) => {
            let sign = if *sign == "and" { "&&" } else { "||" };
            Some(format!("({} {sign} {})", condition(one)?, condition(two)?))
        }
        Expr::Binary(sign @ ("==" | "!=" | "<" | "<=" | ">" | ">="), one, two) => {
            Some(format!("{} {sign} {}", operand(one)?, operand(two)?))
        }
        Expr::Binary("in", one, two) => {
            let all: Option<Vec<String>> = within(one, two)?
                .into_iter()
                .map(|(one, two)| Some(format!("{} == {}", operand(&one)?, operand(&two)?)))
                .collect();
            let all = all?;
            Some(format!("({})", all.join(" || ")))
        }
        Expr::Is(of, test, negated) => {
            let path = operand(of).filter(|path| path.starts_with('@'))?;
            match (test.as_str(), negated) {
                ("none" | "null", false) => Some(format!("{path} == null")),
                ("none" | "null", true) => Some(format!("{path} != null")),
                ("defined", false) => Some(path),
                ("defined", true) => Some(format!("!{path}")),
                _ => None,
            }
        }
        // A value that is there, and neither null nor false nor 0 nor empty. Only texts, lists and objects have a length.
        Expr::Member(..) => {
            let path = operand(expr)?;
            Some(format!(
                "({path} && {path} != null && {path} != false && {path} != 0 && length({path}) != 0)"
            ))
        }
        _ => None,
    }
}

fn within(one: &Expr, two: &Expr) -> Option<Vec<(Expr, Expr)>> {
    let Expr::List(elements) = two else {
        return None;
    };
    (!elements.is_empty() && elements.len() <= 50).then(|| {
        elements
            .iter()
            .map(|two| (one.clone(), two.clone()))
            .collect()
    })
}

fn operand(expr: &Expr) -> Option<String> {
    match expr {
        Expr::None => Some("null".to_owned()),
        Expr::Bool(value) => Some(value.to_string()),
        Expr::Number(number) => Some(number.clone()),
        Expr::Text(text) if !text.contains(['\\', '\'']) => Some(format!("'{text}'")),
        Expr::Filter(of, name, _) if name == "string" || name == "int" => operand(of),
        Expr::Member(..) => {
            let keys = expr.keys_of("record")?;
            let mut path = "@".to_owned();
            for key in keys {
                path.push_str(&member(key));
            }
            Some(path)
        }
        _ => None,
    }
}
