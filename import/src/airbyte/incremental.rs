//! Cursors as `incremental`.

use rest_source_codegen::write::{Map, Node};

use crate::tree::{Kind, Value};

use super::config::Usage;
use super::jinja::{self, Expr};
use super::stream::{Builder, shown};
use super::times;

impl Builder<'_, '_> {
    /// The keys by which requests name the start and the end of a window.
    pub(super) fn window_keys(&mut self, node: &Value) {
        let cursor = node.at(&["incremental_sync"]);
        if cursor.kind != Kind::Null {
            let key = |name: &str, usual: &str| cursor.text_of(name).unwrap_or(usual).to_owned();
            self.scope.window = Some((
                key("partition_field_start", "start_time"),
                key("partition_field_end", "end_time"),
            ));
        }
    }

    pub(super) fn incremental(&mut self, node: &Value) {
        let cursor = node.at(&["incremental_sync"]);
        match cursor.text_of("type") {
            None if cursor.kind == Kind::Null => return,
            Some("DatetimeBasedCursor") | None => {}
            Some("IncrementingCountCursor") => return self.counted(cursor),
            Some(other) => {
                let class = cursor.text_of("class_name").unwrap_or(other);
                let is_whole = cursor.get("start_datetime").is_some()
                    && cursor.get("datetime_format").is_some();
                let what = if is_whole {
                    "its keys are imported as those of `DatetimeBasedCursor`"
                } else {
                    "all records are fetched each time"
                };
                self.lose(
                    cursor.place,
                    format!("the cursor `{class}` is Python: {what}"),
                );
                if !is_whole {
                    return self.without_window();
                }
            }
        }
        let Some(field) = self.cursor_field(cursor) else {
            return self.without_window();
        };
        let sent = cursor
            .text_of("datetime_format")
            .unwrap_or("%Y-%m-%dT%H:%M:%SZ")
            .to_owned();
        let Some(is_date) = self.cursor_column(cursor, &field, &sent) else {
            return self.without_window();
        };
        let mut made = Map::new();
        made.set("cursor_path", field.as_str());
        let start = self.bound(cursor, "start_datetime", is_date);
        if let Some(name) = start
            .as_deref()
            .and_then(|one| one.strip_prefix("{config."))
        {
            self.importer.config.require(name.trim_end_matches('}'));
        }
        if let Some(start) = start {
            made.set("initial_value", start);
        }
        self.options(cursor, &mut made);
        self.end(cursor, &mut made, is_date);
        match times::format(&sent) {
            Ok(format) if is_date && format == "date" || !is_date && format == "rfc3339" => {}
            Ok(format) => {
                made.set("format", format);
            }
            Err(why) => self.lose(cursor.at(&["datetime_format"]).place, why),
        }
        self.window(cursor, &mut made);
        self.lag(cursor, &mut made);
        if cursor.says("is_data_feed") {
            made.set("row_order", "desc");
        }
        if self.resource.get("primary_key").is_some() {
            made.set("on_cursor_value_missing", "include");
        }
        self.resource.map("endpoint").set("incremental", made);
    }

    /// A cursor that counts.
    fn counted(&mut self, cursor: &Value) {
        let Some(field) = self.cursor_field(cursor) else {
            return self.without_window();
        };
        let mut made = Map::new();
        made.set("cursor_path", field.as_str());
        let start = cursor.get("start_value");
        if let Some(start) = start.filter(|start| start.kind != Kind::Null) {
            let text = start.scalar().unwrap_or_default();
            if let Some(number) = self.first_number(cursor, text) {
                made.set("initial_value", number);
            } else {
                self.lose(
                    start.place,
                    format!("`start_value` of the cursor, `{}`", shown(text)),
                );
            }
        }
        let mut column = Map::new();
        column.set("data_type", "bigint");
        self.resource.map("columns").set(&field, column);
        self.options(cursor, &mut made);
        if self.resource.get("primary_key").is_some() {
            made.set("on_cursor_value_missing", "include");
        }
        self.resource.map("endpoint").set("incremental", made);
    }

    /// The name of the cursor; nothing if it is lost.
    fn cursor_field(&mut self, cursor: &Value) -> Option<String> {
        let field = cursor.get("cursor_field").and_then(Value::scalar);
        let field = self
            .renderer(cursor, Usage::Sent)
            .text(field.unwrap_or_default())
            .unwrap_or_default();
        if field.is_empty() || field.contains('{') {
            self.lose(cursor.place, "the cursor has no `cursor_field`");
            return None;
        }
        Some(field)
    }

    /// The number that a cursor counts from: a whole one, or a setting.
    fn first_number(&mut self, cursor: &Value, text: &str) -> Option<Node> {
        let expr = self.renderer(cursor, Usage::Sent).expression(text)?;
        if let Some(number) = expr.constant() {
            let number = number.trim();
            return number
                .parse::<i64>()
                .is_ok()
                .then(|| Node::Number(number.to_owned()));
        }
        let keys = expr.keys_of("config")?;
        if !self.importer.config.typed(&keys, "bigint", Usage::Bound) {
            return None;
        }
        let placeholder = self.importer.config.placeholder(&keys, Usage::Bound);
        Some(Node::Text(format!("{{{placeholder}}}")))
    }

    /// Without a cursor nothing stands for its values.
    fn without_window(&mut self) {
        let ends = *self.scope.ends.borrow();
        if ends != (false, false) {
            let place = self.stream.node.at(&["incremental_sync"]).place;
            self.lose(place, "the parts of the request that name the cursor");
        }
        let has = |text: &str| text.contains("{incremental.");
        for map in [&mut self.params, &mut self.headers] {
            map.entries
                .retain(|entry| !entry.value.as_text().is_some_and(has));
        }
        if let Some((_, body)) = &mut self.body {
            drop_texts(body, &has);
        }
    }

    /// Makes the column of a cursor a time. Returns whether it is a date.
    fn cursor_column(&mut self, cursor: &Value, field: &str, sent: &str) -> Option<bool> {
        let read = cursor.at(&["cursor_datetime_formats"]);
        let mut formats = read.scalars();
        if formats.is_empty() {
            formats.push(sent);
        }
        let formats = match times::column_formats(&formats) {
            Ok(formats) => formats,
            Err(why) => {
                self.lose(cursor.place, format!("the cursor `{field}`: {why}"));
                return None;
            }
        };
        let is_date = formats.iter().all(|one| {
            let has_time = ["%H", "%I", "%s", "epoch", "rfc3339", "%T", "%c"];
            one == "date" || !has_time.iter().any(|part| one.contains(part))
        });
        let columns = self.resource.map("columns");
        let known = columns.get(field).and_then(Node::as_map).cloned();
        let mut column = Map::new();
        if let Some(description) = known.as_ref().and_then(|known| known.get("description")) {
            column.set("description", description.clone());
        }
        for key in ["from", "rename"] {
            if let Some(value) = known.as_ref().and_then(|known| known.get(key)) {
                column.set(key, value.clone());
            }
        }
        column.set("data_type", if is_date { "date" } else { "timestamp" });
        let usual = if is_date { "date" } else { "rfc3339" };
        let has_zone = formats.iter().all(|one| times::has_offset(one));
        if formats != [usual] {
            if let [one] = formats.as_slice() {
                column.set("format", one.as_str());
            } else {
                column.set("format", formats);
            }
            if !is_date && !has_zone {
                column.set("timezone", "UTC");
            }
        }
        columns.set(field, column);
        Some(is_date)
    }

    /// A start or an end.
    fn bound(&mut self, cursor: &Value, key: &str, is_date: bool) -> Option<String> {
        let value = cursor.get(key)?;
        let (text, format) = match &value.kind {
            Kind::Map(_) => (value.get("datetime")?, value.text_of("datetime_format")),
            _ => (value, None),
        };
        let format = format.or_else(|| cursor.text_of("datetime_format"));
        let place = text.place;
        let written = text.scalar()?.to_owned();
        match self.bound_text(cursor, &written, format, is_date) {
            Ok(made) => made,
            Err(why) => {
                self.lose(
                    place,
                    format!("`{key}` of the cursor, `{}`: {why}", shown(&written)),
                );
                None
            }
        }
    }

    fn bound_text(
        &mut self,
        cursor: &Value,
        written: &str,
        format: Option<&str>,
        is_date: bool,
    ) -> Result<Option<String>, String> {
        let not_a_time = || "it is not a time".to_owned();
        let literal = |text: &str| {
            let made = times::literal(text, format).ok_or_else(not_a_time)?;
            Ok(Some(if is_date {
                made.chars().take(10).collect()
            } else {
                made
            }))
        };
        if !jinja::is_template(written) {
            return literal(written);
        }
        let mut renderer = self.renderer(cursor, Usage::Bound);
        let Some(expr) = renderer.expression(written) else {
            return Err("it is more than one expression".to_owned());
        };
        self.bound_expression(&expr, &literal)
    }

    fn bound_expression(
        &mut self,
        expr: &Expr,
        literal: &dyn Fn(&str) -> Result<Option<String>, String>,
    ) -> Result<Option<String>, String> {
        if let Some(text) = expr.constant() {
            return literal(&text);
        }
        if let Some(keys) = expr.keys_of("config") {
            if self.importer.config.typed(&keys, "timestamp", Usage::Bound) {
                let placeholder = self.importer.config.placeholder(&keys, Usage::Bound);
                return Ok(Some(format!("{{{placeholder}}}")));
            }
            return Err("its setting is used as something else too".to_owned());
        }
        if let Some(time) = times::relative(expr) {
            let time = time?;
            let time = time.split(" | ").next().unwrap_or_default();
            return Ok(Some(format!("{{{time}}}")));
        }
        match expr {
            // The form of a time is that of the cursor.
            Expr::Call(of, args, _) => match (&**of, args.as_slice()) {
                (Expr::Name(name), [value, ..]) if name == "format_datetime" || name == "str" => {
                    self.bound_expression(value, literal)
                }
                (Expr::Member(value, method), _)
                    if matches!(method.constant().as_deref(), Some("strftime" | "isoformat")) =>
                {
                    self.bound_expression(value, literal)
                }
                (Expr::Name(name), [value]) if name == "timestamp" => {
                    self.bound_expression(value, literal)
                }
                _ => Err("this expression is not supported".to_owned()),
            },
            Expr::Filter(value, name, args) if name == "default" => {
                let default = args.first().unwrap_or(&Expr::None);
                self.or_default(value, default, literal)
            }
            Expr::Filter(value, name, _) if name == "string" || name == "int" => {
                self.bound_expression(value, literal)
            }
            Expr::Binary("or", value, default) => self.or_default(value, default, literal),
            _ => Err("this expression is not supported".to_owned()),
        }
    }

    fn or_default(
        &mut self,
        value: &Expr,
        default: &Expr,
        literal: &dyn Fn(&str) -> Result<Option<String>, String>,
    ) -> Result<Option<String>, String> {
        let made = self.bound_expression(value, literal)?;
        let Some(keys) = value.keys_of("config") else {
            return Ok(made);
        };
        let default = if let Some(text) = default.constant() {
            literal(&text)?
        } else {
            let made = self.bound_expression(default, literal);
            if made.is_err() {
                self.importer.config.describe(&keys, "another time");
            }
            made.unwrap_or_default()
        };
        match default {
            Some(default) if !default.contains('{') => {
                self.importer
                    .config
                    .fall_back(&keys, &default, Usage::Bound);
            }
            // Without a value the range ends when the fetch begins.
            Some(default) if default == "{now}" || default == "{today}" => {}
            Some(default) => {
                self.importer.config.describe(&keys, &default);
            }
            None => {}
        }
        Ok(made)
    }

    /// Where requests have the start and the end.
    fn options(&mut self, cursor: &Value, made: &mut Map) {
        for (key, param, value) in [
            (
                "start_time_option",
                "start_param",
                "{incremental.start_value}",
            ),
            (
                "start_value_option",
                "start_param",
                "{incremental.start_value}",
            ),
            ("end_time_option", "end_param", "{incremental.end_value}"),
        ] {
            let option = cursor.at(&[key]);
            if option.kind == Kind::Null {
                continue;
            }
            let ends = &mut *self.scope.ends.borrow_mut();
            if key.starts_with("start") {
                ends.0 = true;
            } else {
                ends.1 = true;
            }
            let name = option.text_of("field_name").map(str::to_owned);
            let into = option.text_of("inject_into").unwrap_or("request_parameter");
            if let (Some(name), "request_parameter") = (name, into)
                && !jinja::is_template(&name)
            {
                self.params.remove(&name);
                made.set(param, name);
                continue;
            }
            self.later.push((option.clone(), value.to_owned()));
        }
        for (option, value) in std::mem::take(&mut self.later) {
            if !self.inject(&option, &value) {
                self.lose(option.place, "where the cursor is sent");
            }
        }
    }

    fn end(&mut self, cursor: &Value, made: &mut Map, is_date: bool) {
        let end = self.bound(cursor, "end_datetime", is_date);
        let (_, is_sent) = *self.scope.ends.borrow();
        // A fetch ends when it begins, which needs to be said only where it is sent.
        let is_usual = end.as_deref().is_some_and(|end| {
            (end.starts_with("{now") || end.starts_with("{today")) && !end.contains(' ')
        });
        if is_usual && !is_sent {
            return;
        }
        match end {
            Some(end) => {
                made.set("end_value", end);
            }
            None if is_sent => {
                made.set("end_value", "{now}");
            }
            None => {}
        }
    }

    /// Windows, if the requests have their ends.
    fn window(&mut self, cursor: &Value, made: &mut Map) {
        let (has_start, has_end) = *self.scope.ends.borrow();
        if !has_start && !has_end {
            return;
        }
        let granularity = cursor
            .text_of("cursor_granularity")
            .and_then(times::duration);
        if let Some(granularity) = granularity.filter(|one| times::seconds(*one) > 0)
            && has_end
        {
            made.set("range_end", "closed");
            if cursor.get("step").is_some() && granularity.1 != "mo" && granularity.1 != "y" {
                made.set("granularity", format!("{}{}", granularity.0, granularity.1));
            }
        }
        let is_bounded = made.get("initial_value").is_some();
        let Some(step) = cursor
            .get("step")
            .filter(|_| has_start && has_end && is_bounded)
        else {
            return;
        };
        let text = step.scalar().unwrap_or_default().to_owned();
        if let Some((number, unit)) = times::duration(&text) {
            // A window that is longer than any range is none.
            if times::seconds((number, unit)) < 50 * 365 * 86_400 {
                made.set("step", format!("{number}{unit}"));
            }
            return;
        }
        match self.setting_of_duration(cursor, &text) {
            Some(step) => {
                made.set("step", step);
            }
            None => self.lose(
                step.place,
                format!("`step` of the cursor, `{}`", shown(&text)),
            ),
        }
    }

    fn lag(&mut self, cursor: &Value, made: &mut Map) {
        let Some(lag) = cursor
            .get("lookback_window")
            .filter(|lag| lag.kind != Kind::Null)
        else {
            return;
        };
        let text = lag.scalar().unwrap_or_default().to_owned();
        let found = times::duration(&text);
        let found = match found {
            Some((number, "mo")) => Some(format!("{}d", number.saturating_mul(30))),
            Some((number, "y")) => Some(format!("{}d", number.saturating_mul(365))),
            Some((0, _)) => return,
            Some((number, unit)) => Some(format!("{number}{unit}")),
            None => self.setting_of_duration(cursor, &text),
        };
        match found {
            Some(found) => {
                made.set("lag", found);
            }
            None => self.lose(
                lag.place,
                format!("`lookback_window` of the cursor, `{}`", shown(&text)),
            ),
        }
    }

    /// `P{{ config['days'] }}D` as `{config.days}d`.
    fn setting_of_duration(&mut self, cursor: &Value, text: &str) -> Option<String> {
        let unit = match text.chars().next_back()? {
            'D' => "d",
            'H' if text.starts_with("PT") => "h",
            'M' if text.starts_with("PT") => "m",
            'M' => "mo",
            'S' if text.starts_with("PT") => "s",
            _ => return None,
        };
        let inner = text.trim_start_matches('P').trim_start_matches('T');
        let inner = &inner[..inner.len().checked_sub(1)?];
        let expr = self.renderer(cursor, Usage::Sent).expression(inner)?;
        let (keys, default) = match &expr {
            Expr::Filter(of, name, args) if name == "default" => {
                (of.keys_of("config")?, args.first().and_then(Expr::constant))
            }
            Expr::Binary("or", of, default) => (of.keys_of("config")?, default.constant()),
            expr => (expr.keys_of("config")?, None),
        };
        if let Some(default) = default {
            self.importer
                .config
                .fall_back(&keys, &default, Usage::Address);
        }
        if !self.importer.config.typed(&keys, "bigint", Usage::Address) {
            return None;
        }
        let placeholder = self.importer.config.placeholder(&keys, Usage::Address);
        Some(format!("{{{placeholder}}}{unit}"))
    }
}

fn drop_texts(map: &mut Map, has: &dyn Fn(&str) -> bool) {
    map.entries
        .retain(|entry| !entry.value.as_text().is_some_and(has));
    for entry in &mut map.entries {
        if let Node::Map(map) = &mut entry.value {
            drop_texts(map, has);
        }
    }
}
