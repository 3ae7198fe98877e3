//! `incremental`: asking only for what is new.

use std::borrow::Cow;

use crate::connector::{
    self, FutureCursor, Incremental, Pages, Part, Record, ResourcePlan, Struct, Template,
    TimeFormat, Type,
};
use crate::diagnostic::Diagnostic;
use crate::grammar;
use crate::grammar::Key;
use crate::grammar::endpoint::{self, incremental as key};
use crate::jsonpath::{self, Parsed};
use crate::names;
use crate::spec::{Text, View};
use crate::yaml::Entry;

use super::calls::Kind;
use super::columns::UNKNOWN;
use super::paginator::Paging;
use super::template::Scope;
use super::{Check, change_token, keys, strptime, times, windows};

impl Check<'_> {
    pub(super) fn incremental(
        &mut self,
        endpoint: &View<'_>,
        record: &Record,
    ) -> Option<Incremental> {
        let view = endpoint.view(&endpoint::ENDPOINT_INCREMENTAL, &grammar::INCREMENTAL)?;
        if let Some(incremental) = self.change_token(&view) {
            return Some(incremental);
        }
        let (column, column_type, format) = match view.text(&key::CURSOR_PATH) {
            Some(cursor) => {
                let (column, column_type) = self.cursor_column(endpoint, &view, cursor, record)?;
                let format = self.sent_format(&view, &column_type);
                (Some(column), column_type, format)
            }
            // What is missing or wrong is reported.
            None if view.entry(&windows::STEP).is_none()
                || view.entry(&key::CURSOR_PATH).is_some() =>
            {
                return None;
            }
            None => {
                self.windows_have_no_cursor(&view);
                let format = view.text(&key::FORMAT);
                // A date is read as its midnight in UTC; RFC 3339 has an offset of its own.
                let zone = |format: &Text<'_>| Some("UTC").filter(|_| format.text != "rfc3339");
                let format = format.and_then(|format| self.time_format(format, zone(&format)));
                let format = format.unwrap_or(TimeFormat::Rfc3339);
                (None, Type::Timestamp(format.clone()), format)
            }
        };
        let initial_value = self.bound_value(&view, &key::INITIAL_VALUE, &column_type);
        let end_value = self.bound_value(&view, &key::END_VALUE, &column_type);
        self.end_is_after_start(&view, &column_type);
        let mut incremental = Incremental {
            column,
            initial_value,
            end_value,
            start_param: view.get(&key::START_PARAM),
            end_param: view.get(&key::END_PARAM),
            lag: self.lag(&view, &column_type),
            format,
            start_closed: view.get(&key::RANGE_START).0,
            end_closed: view.get(&key::RANGE_END).0,
            windows: None,
            change_token: None,
            row_order: view.get(&key::ROW_ORDER),
            on_missing: view.get(&key::ON_CURSOR_VALUE_MISSING),
            future_cursor: self.future_cursor(&view, &column_type),
        };
        incremental.windows = self.windows(&view, &column_type, &incremental);
        Some(incremental)
    }

    /// The position and the type of the cursor column.
    fn cursor_column(
        &mut self,
        endpoint: &View<'_>,
        view: &View<'_>,
        cursor: Text<'_>,
        record: &Record,
    ) -> Option<(u16, Type)> {
        let Record::Struct(record) = record else {
            self.error(
                Diagnostic::error(
                    "RS0701",
                    cursor.span,
                    "untyped records have no cursor column",
                )
                .help("declare the columns, at least the cursor"),
            );
            return None;
        };
        let name = cursor.text.strip_prefix("$.").unwrap_or(cursor.text);
        let Some(column) = keys::position(record, name) else {
            let known = record.column_names();
            let diagnostic = Diagnostic::error(
                "RS0701",
                cursor.span,
                format!("the cursor `{}` is not a column", cursor.text),
            );
            let diagnostic = match within(name, record) {
                Some(help) => diagnostic.help(help),
                None => diagnostic.meant(
                    name,
                    &known,
                    &format!("declare it in `columns`: `{name}: timestamp!`"),
                ),
            };
            self.error(diagnostic.note(format!(
                "the columns of `{}` are: {}",
                record.name,
                known.join(", ")
            )));
            return None;
        };
        let column_type = record.columns.get(column).map(|column| &column.data_type)?;
        if *column_type == UNKNOWN {
            return None;
        }
        if !is_ordered(column_type) {
            self.error(
                Diagnostic::error(
                    "RS0702",
                    cursor.span,
                    format!(
                        "values of type {} have no order to go by",
                        column_type.word()
                    ),
                )
                .help("use a column of type timestamp, date, bigint, double, decimal or text"),
            );
            return None;
        }
        if record
            .columns
            .get(column)
            .is_some_and(|column| !column.nullable)
        {
            self.no_value_is_missing(endpoint, view, name);
        }
        // A key that the API itself orders by is of one width.
        let is_ordered_key = view.entry(&key::ROW_ORDER).is_some()
            && record
                .columns
                .get(column)
                .is_some_and(|column| column.primary_key);
        if *column_type == Type::Text && !is_ordered_key {
            self.cursor_is_text(cursor);
        }
        Some((super::parent::position(column), column_type.clone()))
    }

    /// Only times have a future.
    fn future_cursor(&mut self, view: &View<'_>, column: &Type) -> Option<FutureCursor> {
        let rule = view.get(&key::FUTURE_CURSOR)?;
        if !matches!(column, Type::Timestamp(_) | Type::Date(_)) {
            self.error(
                Diagnostic::error(
                    "RS0602",
                    view.place(&key::FUTURE_CURSOR),
                    "`future_cursor` has no effect here",
                )
                .help(format!(
                    "remove it: it is for times, and the cursor is a {}",
                    column.word()
                )),
            );
            return None;
        }
        Some(rule)
    }

    /// Texts compare letter by letter, so that "9" comes after "10".
    fn cursor_is_text(&mut self, cursor: Text<'_>) {
        let message = format!(
            "the cursor `{}` is text, which compares letter by letter",
            cursor.text
        );
        self.error(
            Diagnostic::warning("RS0907", cursor.span, message)
                .help("declare it as timestamp, date, bigint or decimal, with a `format` where it has one")
                .note("records with a cursor such as \"9\" after \"10\" would be taken for older ones, and left out"),
        );
    }

    /// What a record without a value of the cursor gets, where there is none. A default is for other
    /// resources.
    fn no_value_is_missing(&mut self, endpoint: &View<'_>, view: &View<'_>, cursor: &str) {
        let entry = view.entry(&key::ON_CURSOR_VALUE_MISSING);
        let is_own = |entry: &&Entry| endpoint.node.span.contains(&entry.key.span.start);
        if let Some(entry) = entry.filter(is_own) {
            let message = "`on_cursor_value_missing` has no effect here";
            self.error(
                Diagnostic::error("RS0602", &entry.key.span, message).help(format!(
                    "remove it: `{cursor}` is never null, which each record is held to"
                )),
            );
        }
    }

    /// A start or an end, in the form that the cursor has in a response, or a placeholder of such a value.
    pub(super) fn bound_value(
        &mut self,
        view: &View<'_>,
        key: &Key,
        column: &Type,
    ) -> Option<Template> {
        let text = view.text(key)?;
        if text.text.contains('{') {
            return self.bound_placeholder(text, key, column);
        }
        match cursor_value(text.text, column) {
            Ok(value) => Some(Template(vec![Part::Text(value.into())].into())),
            Err(expected) => {
                self.error(
                    Diagnostic::error(
                        "RS0703",
                        text.span,
                        format!(
                            "`{}` is no {}, the type of the cursor",
                            key.name,
                            column.word()
                        ),
                    )
                    .label(format!("expected {expected}")),
                );
                None
            }
        }
    }

    /// A start or an end that a setting or the time of the fetch gives.
    fn bound_placeholder(&mut self, text: Text<'_>, key: &Key, column: &Type) -> Option<Template> {
        let what = format!("`{}`", key.name);
        let template = self.template(text, Scope::bound(&what));
        let [part] = &template.0[..] else {
            if !self.sink.has_errors_in(text.span) {
                let message = format!("`{}` is one value, and this is several", key.name);
                self.error(
                    Diagnostic::error("RS0703", text.span, message)
                        .help("write one placeholder, `{config.NAME}` or `{now}`"),
                );
            }
            return None;
        };
        let kind = self.kind(part);
        let fits = match column {
            Type::Timestamp(_) | Type::Date(_) => {
                matches!(kind, Kind::Timestamp | Kind::Date)
            }
            Type::Bigint => kind == Kind::Bigint,
            Type::Double | Type::Decimal { .. } => matches!(kind, Kind::Bigint | Kind::Double),
            _ => kind == Kind::Text,
        };
        if !fits {
            let word = column.word();
            let message = format!(
                "`{}` is {}, and the cursor is a {word}",
                key.name,
                kind.word()
            );
            self.error(
                Diagnostic::error("RS0703", text.span, message)
                    .help(format!("use a setting of type `{}`", setting_word(column))),
            );
            return None;
        }
        Some(template)
    }

    fn end_is_after_start(&mut self, view: &View<'_>, column: &Type) {
        let (Some(start), Some(end)) = (view.text(&key::INITIAL_VALUE), view.text(&key::END_VALUE))
        else {
            return;
        };
        if let (Some(from), Some(to)) =
            (comparable(start.text, column), comparable(end.text, column))
            && to <= from
        {
            self.error(
                Diagnostic::error(
                    "RS0704",
                    end.span,
                    "`end_value` is not after `initial_value`",
                )
                .help("between them lies nothing to fetch")
                .also(start.span, "the start is here"),
            );
        }
    }

    /// How times are sent: as the column's are written, unless said otherwise.
    fn sent_format(&mut self, view: &View<'_>, column: &Type) -> TimeFormat {
        let own = match column {
            Type::Timestamp(format) | Type::Date(format) => format.clone(),
            _ => TimeFormat::Rfc3339,
        };
        let Some(format) = view.text(&key::FORMAT) else {
            return own;
        };
        if !matches!(column, Type::Timestamp(_) | Type::Date(_)) {
            self.error(
                Diagnostic::error(
                    "RS0602",
                    view.place(&key::FORMAT),
                    "`format` has no effect here",
                )
                .help(format!(
                    "it is for times, and the cursor is a {}",
                    column.word()
                )),
            );
            return own;
        }
        // An API takes times in the zone in which it gives them.
        let zone = match &own {
            TimeFormat::Local { zone } => Some(zone.as_str()),
            TimeFormat::Pattern { zone, .. } => zone.as_deref(),
            _ => None,
        };
        let zone = zone.filter(|_| format.text != "rfc3339");
        self.time_format(format, zone).unwrap_or(own)
    }

    /// A start or an end in a parameter that the paginator writes: it would never be sent.
    fn paginator_leaves_its_params(
        &mut self,
        endpoint: &View<'_>,
        incremental: &Incremental,
        paging: &Paging,
    ) {
        let Some(view) = endpoint.view(&endpoint::ENDPOINT_INCREMENTAL, &grammar::INCREMENTAL)
        else {
            return;
        };
        // A cursor takes the place of the token that it begins with.
        let is_cursor = matches!(
            paging.paginator.kind,
            Pages::Cursor(_) | Pages::HeaderCursor { .. }
        );
        if incremental.change_token.is_some() && is_cursor {
            return;
        }
        for (name, key) in params(incremental) {
            let Some(name) = name else { continue };
            let owner = paging.params.iter().find(|(param, _)| param == name);
            if let Some((_, owner)) = owner {
                let message = format!("the parameter `{name}` is the paginator's");
                self.error(
                    Diagnostic::error("RS0705", view.place(key), message)
                        .help(format!(
                            "give `{}` another parameter, or the paginator another `{owner}`",
                            key.name
                        ))
                        .note("the paginator writes it on every request, and the value of `incremental` would not be sent"),
                );
            }
        }
    }

    /// Windows and tokens that no request is sent with.
    pub(super) fn incremental_is_sent(&mut self, endpoint: &View<'_>, plan: &ResourcePlan) {
        self.windows_are_sent(endpoint, plan);
        self.change_token_is_sent(endpoint, plan);
    }

    /// A parameter that `incremental` writes, in `params` too.
    pub(super) fn incremental_owns_its_params(
        &mut self,
        endpoint: &View<'_>,
        incremental: Option<&Incremental>,
        paging: Option<&Paging>,
    ) {
        let Some(incremental) = incremental else {
            return;
        };
        if let Some(paging) = paging {
            self.paginator_leaves_its_params(endpoint, incremental, paging);
        }
        for (name, key) in params(incremental) {
            let Some(name) = name else { continue };
            let entry = endpoint
                .entries(&endpoint::PARAMS)
                .iter()
                .find(|param| param.key.name == *name);
            if let Some(entry) = entry {
                self.error(
                    Diagnostic::error(
                        "RS0705",
                        &entry.key.span,
                        format!("the parameter `{name}` is written by `incremental`"),
                    )
                    .help(format!("remove it, or `{}: {name}`", key.name)),
                );
            }
        }
        if incremental.start_param.is_some() && incremental.start_param == incremental.end_param {
            let view = endpoint.view(&endpoint::ENDPOINT_INCREMENTAL, &grammar::INCREMENTAL);
            let span = view.map_or(&endpoint.node.span, |view| view.place(&key::END_PARAM));
            self.error(
                Diagnostic::error("RS0705", span, "start and end would be the same parameter")
                    .help("`start_param` and `end_param` must differ"),
            );
        }
    }
}

/// The parameters that `incremental` writes, and their keys.
fn params(
    incremental: &Incremental,
) -> [(&Option<connector::Text>, &'static Key<connector::Text>); 2] {
    let start = match incremental.change_token {
        Some(_) => &change_token::TOKEN_PARAM,
        None => &key::START_PARAM,
    };
    [
        (&incremental.start_param, start),
        (&incremental.end_param, &key::END_PARAM),
    ]
}

/// What to do about a cursor that lies within a column: a column of its own is read from there.
fn within(name: &str, record: &Struct) -> Option<String> {
    let (_, last) = name.rsplit_once(['.', ']'])?;
    let Ok(Parsed::Path(path)) = jsonpath::parse(name) else {
        return None;
    };
    let mut columns = record.columns.iter();
    if let Some(column) = columns.find(|column| column.from.as_ref() == Some(&path)) {
        return Some(format!(
            "write `cursor_path: {}`, which is read from there",
            column.name
        ));
    }
    let column = names::snake(last);
    (!column.is_empty()).then(|| {
        format!(
            "declare a column that is read from there, `{column}: {{data_type: timestamp, from: $.{name}}}`, \
             and write `cursor_path: {column}`"
        )
    })
}

/// The type of a setting that gives a value of this type.
fn setting_word(column: &Type) -> &'static str {
    match column {
        Type::Timestamp(_) => "timestamp",
        Type::Date(_) => "date",
        Type::Bigint => "bigint",
        Type::Double | Type::Decimal { .. } => "double",
        _ => "text",
    }
}

fn is_ordered(data_type: &Type) -> bool {
    matches!(
        data_type,
        Type::Text
            | Type::Bigint
            | Type::Double
            | Type::Timestamp(_)
            | Type::Date(_)
            | Type::Decimal { .. }
    )
}

/// A value as the cursor has it in a response, or what was expected.
pub(super) fn cursor_value(text: &str, column: &Type) -> Result<String, Cow<'static, str>> {
    let own = text.to_owned();
    match column {
        Type::Bigint => text
            .parse::<i64>()
            .map(|_| own)
            .map_err(|_| "a whole number".into()),
        Type::Double | Type::Decimal { .. } => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(own),
            _ => Err("a number".into()),
        },
        Type::Date(TimeFormat::Pattern { pattern, .. }) => {
            let is_date = times::is_date(text) || strptime::reads(pattern, text);
            is_date
                .then_some(own)
                .ok_or_else(|| format!("a date like `{pattern}`, or `2024-01-01`").into())
        }
        Type::Timestamp(TimeFormat::Pattern { pattern, .. }) => {
            let is_time = times::is_timestamp(text) || strptime::reads(pattern, text);
            is_time
                .then_some(own)
                .ok_or_else(|| format!("a time like `{pattern}`, or `2024-01-01T00:00:00Z`").into())
        }
        Type::Timestamp(TimeFormat::Local { zone }) => {
            let is_time = times::is_timestamp(text) || times::is_civil(text);
            is_time.then_some(own).ok_or_else(|| {
                format!("a time of {zone}, `2024-01-01T00:00:00`, or one with an offset").into()
            })
        }
        Type::Date(_) => times::is_date(text)
            .then_some(own)
            .ok_or("a date, `2024-01-01`".into()),
        Type::Timestamp(format) if format.epoch_power().is_some() => {
            epoch(text, epoch_unit(format))
        }
        Type::Timestamp(_) if times::is_timestamp(text) => Ok(own),
        Type::Timestamp(_) if times::is_date(text) => Ok(format!("{text}T00:00:00Z")),
        Type::Timestamp(_) => Err("a timestamp with an offset, `2024-01-01T00:00:00Z`".into()),
        _ => Ok(own),
    }
}

/// The nanoseconds of a unit.
fn epoch_unit(format: &TimeFormat) -> i128 {
    10_i128.pow(9 - u32::from(format.epoch_power().unwrap_or(0)))
}

/// A time as the number that it is in a response.
fn epoch(text: &str, unit: i128) -> Result<String, Cow<'static, str>> {
    if text.parse::<i64>().is_ok() {
        return Ok(text.to_owned());
    }
    let nanos = times::epoch_nanos(text)
        .or_else(|| Some(i128::from(times::days(text)?) * 86_400 * 1_000_000_000))
        .ok_or("a number since 1970, or a timestamp, `2024-01-01T00:00:00Z`")?;
    Ok(nanos.div_euclid(unit).to_string())
}

/// A number that two values of a cursor compare by, where that is known without the response.
fn comparable(text: &str, column: &Type) -> Option<i128> {
    match column {
        Type::Bigint => text.parse().ok(),
        Type::Date(TimeFormat::Date) => times::days(text).map(i128::from),
        Type::Timestamp(format) if format.epoch_power().is_some() => {
            epoch(text, epoch_unit(format)).ok()?.parse().ok()
        }
        Type::Timestamp(TimeFormat::Rfc3339) => times::epoch_nanos(text)
            .or_else(|| Some(i128::from(times::days(text)?) * 86_400 * 1_000_000_000)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_in_rfc_3339_or_in_the_form_of_the_column() {
        let pattern = |pattern: &str| TimeFormat::Pattern {
            pattern: pattern.to_owned().into(),
            zone: Some("UTC".into()),
        };
        let local = || TimeFormat::Local {
            zone: "Europe/Berlin".into(),
        };
        for (column, text) in [
            (Type::Date(pattern("%d.%m.%Y")), "21.11.2026"),
            (Type::Date(pattern("%d.%m.%Y")), "2026-11-21"),
            (Type::Timestamp(pattern("%d.%m.%Y %R")), "21.11.2026 09:30"),
            (
                Type::Timestamp(pattern("%d.%m.%Y")),
                "2026-11-21T09:30:00+01:00",
            ),
            (Type::Timestamp(local()), "2026-11-21T09:30:00"),
            (Type::Timestamp(local()), "2026-11-21 09:30:00.5"),
            (Type::Timestamp(local()), "2026-11-21"),
            (Type::Timestamp(local()), "2026-11-21T09:30:00Z"),
        ] {
            assert_eq!(
                cursor_value(text, &column).as_deref(),
                Ok(text),
                "{column:?}"
            );
        }
        for (column, text) in [
            (Type::Date(pattern("%d.%m.%Y")), "21.11.26x"),
            (Type::Timestamp(pattern("%d.%m.%Y %R")), "2026-11-21"),
            (Type::Timestamp(local()), "21.11.2026"),
        ] {
            assert!(cursor_value(text, &column).is_err(), "{column:?} {text}");
        }
    }
}
