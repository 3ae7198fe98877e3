//! The parts of a plan as constants: only what differs from the runtime's `DEFAULT`.

use std::time::Duration;

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use crate::connector::{
    Action, Auth, Body, ClientAuthentication, Cursor, CustomAuth, Ends, FutureCursor, Grant,
    Incremental, Json, Lag, Location, OAuth2, Offset, OnMissing, PageNumber, Pages, Paginator,
    Param, Part, RateLimit, ResponseAction, Retry, RowOrder, Selector, Slot, Template, TimeFormat,
};

use super::{
    columns::{path, time_format},
    names::{each, float, ident, integer, list, option, text},
};

/// The fields of a struct literal that differ from its defaults.
#[derive(Clone, Default)]
pub(super) struct Fields(pub(super) Vec<(&'static str, TokenStream)>);

impl Fields {
    pub(super) fn set(&mut self, field: &'static str, value: TokenStream) {
        self.0.push((field, value));
    }

    /// Sets a field that is optional, where there is a value.
    pub(super) fn some(&mut self, field: &'static str, value: Option<TokenStream>) {
        if let Some(value) = value {
            self.set(field, quote!(Some(#value)));
        }
    }

    /// The struct literal, over `base`; `base` alone where nothing differs.
    pub(super) fn over(&self, name: &TokenStream, base: &TokenStream) -> TokenStream {
        if self.0.is_empty() {
            return base.clone();
        }
        let fields = each(&self.0, |(field, value)| {
            let field = ident(field);
            quote!(#field: #value,)
        });
        quote!(#name { #fields ..#base })
    }
}

pub(super) fn duration(value: Duration) -> TokenStream {
    if value.subsec_nanos() == 0 {
        let seconds = integer(value.as_secs());
        quote!(__rs::secs(#seconds))
    } else {
        let millis = integer(u64::try_from(value.as_millis()).unwrap_or(u64::MAX));
        quote!(__rs::millis(#millis))
    }
}

pub(super) fn template(Template(parts): &Template) -> TokenStream {
    if let [Part::Text(text)] = parts.as_slice() {
        return quote!(__rs::literal!(#text));
    }
    let parts = list(parts, |part| match part {
        Part::Text(text) => quote!(__rs::Part::Text(__rs::Static(#text))),
        Part::Secret(at) => {
            let at = Literal::u16_unsuffixed(*at);
            quote!(__rs::Part::Secret(#at))
        }
        Part::Config(at) => {
            let at = Literal::u16_unsuffixed(*at);
            quote!(__rs::Part::Config(#at))
        }
        Part::IncrementalStart => quote!(__rs::Part::IncrementalStart),
        Part::IncrementalEnd => quote!(__rs::Part::IncrementalEnd),
        Part::Parent(at) => {
            let at = Literal::u16_unsuffixed(*at);
            quote!(__rs::Part::Parent(#at))
        }
    });
    quote!(__rs::Template(#parts))
}

pub(super) fn params(params: &[Param]) -> TokenStream {
    list(params, |Param { name, value }| {
        let (name, value) = (text(name), template(value));
        quote!(__rs::Param { name: #name, value: #value })
    })
}

pub(super) fn body(body: &Body) -> TokenStream {
    match body {
        Body::None => quote!(__rs::Body::None),
        Body::Json(value) => {
            let value = json(value);
            quote!(__rs::Body::Json(#value))
        }
        Body::Form(fields) => {
            let fields = params(fields);
            quote!(__rs::Body::Form(#fields))
        }
    }
}

fn json(value: &Json) -> TokenStream {
    match value {
        Json::Null => quote!(__rs::JsonTemplate::Null),
        Json::Bool(value) => quote!(__rs::JsonTemplate::Bool(#value)),
        Json::Number(digits) => {
            let digits = text(digits);
            quote!(__rs::JsonTemplate::Number(#digits))
        }
        Json::Text(value) => {
            let value = template(value);
            quote!(__rs::JsonTemplate::Text(#value))
        }
        Json::Array(items) => {
            let items = list(items, json);
            quote!(__rs::JsonTemplate::Array(#items))
        }
        Json::Object(members) => {
            let members = list(members, |(key, value)| {
                let (key, value) = (text(key), json(value));
                quote!((#key, #value))
            });
            quote!(__rs::JsonTemplate::Object(#members))
        }
    }
}

pub(super) fn auth(auth: &Auth) -> TokenStream {
    match auth {
        Auth::ApiKey {
            name,
            api_key,
            location,
        } => {
            let (name, api_key) = (text(name), template(api_key));
            let location = ident(match location {
                Location::Header => "Header",
                Location::Query => "Query",
                Location::Cookie => "Cookie",
            });
            quote! {
                __rs::Auth::ApiKey {
                    name: #name,
                    api_key: #api_key,
                    location: __rs::Location::#location,
                }
            }
        }
        Auth::Bearer { token } => {
            let token = template(token);
            quote!(__rs::Auth::Bearer { token: #token })
        }
        Auth::HttpBasic { username, password } => {
            let (username, password) = (template(username), template(password));
            quote!(__rs::Auth::HttpBasic { username: #username, password: #password })
        }
        Auth::OAuth2(endpoint) => {
            let endpoint = oauth2(endpoint);
            quote!(__rs::Auth::OAuth2(#endpoint))
        }
        Auth::OneOf => quote!(__rs::Auth::OneOf),
        Auth::Custom(CustomAuth { rust, with }) => {
            let (rust, with) = (text(rust), params(with));
            quote!(__rs::Auth::Custom(__rs::CustomAuth { rust: #rust, with: #with }))
        }
    }
}

fn oauth2(endpoint: &OAuth2) -> TokenStream {
    let mut fields = Fields::default();
    if let Grant::RefreshToken(token) = &endpoint.grant {
        let token = template(token);
        fields.set("grant", quote!(__rs::Grant::RefreshToken(#token)));
    }
    fields.set("access_token_url", template(&endpoint.access_token_url));
    fields.set("client_id", template(&endpoint.client_id));
    fields.set("client_secret", template(&endpoint.client_secret));
    fields.some("scope", endpoint.scope.as_ref().map(template));
    fields.some("audience", endpoint.audience.as_ref().map(template));
    if endpoint.client_authentication != ClientAuthentication::Body {
        fields.set(
            "client_authentication",
            quote!(__rs::ClientAuthentication::Basic),
        );
    }
    if !endpoint.access_token_request_data.is_empty() {
        let data = params(&endpoint.access_token_request_data);
        fields.set("access_token_request_data", data);
    }
    if endpoint.default_token_expiration != Duration::from_secs(3600) {
        let life = duration(endpoint.default_token_expiration);
        fields.set("default_token_expiration", life);
    }
    fields.over(&quote!(__rs::OAuth2), &quote!(__rs::OAuth2::DEFAULT))
}

pub(super) fn retry(retry: &Retry) -> TokenStream {
    let default = Retry::default();
    let mut fields = Fields::default();
    if retry.statuses != default.statuses {
        fields.set("statuses", statuses(&retry.statuses));
    }
    if retry.max_retries != default.max_retries {
        fields.set("max_retries", integer(retry.max_retries));
    }
    if retry.backoff_factor.to_bits() != default.backoff_factor.to_bits() {
        fields.set("backoff_factor", float(retry.backoff_factor));
    }
    if retry.max_delay != default.max_delay {
        fields.set("max_delay", duration(retry.max_delay));
    }
    if retry.max_elapsed != default.max_elapsed {
        fields.set("max_elapsed", duration(retry.max_elapsed));
    }
    if !retry.idempotent {
        fields.set("idempotent", quote!(false));
    }
    let retry_after_path = retry.retry_after_path.as_ref().map(path);
    fields.some("retry_after_path", retry_after_path);
    if retry.retry_after_unit != default.retry_after_unit {
        fields.set("retry_after_unit", duration(retry.retry_after_unit));
    }
    fields.over(&quote!(__rs::Retry), &quote!(__rs::Retry::DEFAULT))
}

pub(super) fn rate_limit(limit: RateLimit) -> TokenStream {
    let (requests, per) = (integer(limit.requests), duration(limit.per));
    quote!(__rs::RateLimit { requests: #requests, per: #per })
}

fn statuses(ranges: &[(u16, u16)]) -> TokenStream {
    list(ranges, |(first, last)| {
        let (first, last) = (
            Literal::u16_unsuffixed(*first),
            Literal::u16_unsuffixed(*last),
        );
        quote!((#first, #last))
    })
}

pub(super) fn paginator(paginator: &Paginator) -> TokenStream {
    let mut fields = Fields::default();
    if paginator.kind != Pages::Single {
        fields.set("kind", pages(&paginator.kind));
    }
    set_ends(&mut fields, &paginator.kind, &paginator.ends);
    fields.some("maximum_pages", paginator.maximum_pages.map(integer));
    if !paginator.stop_on_status.is_empty() {
        fields.set("stop_on_status", statuses(&paginator.stop_on_status));
    }
    if paginator.keep_params {
        fields.set("keep_params", quote!(true));
    }
    fields.over(&quote!(__rs::Paginator), &quote!(__rs::Paginator::DEFAULT))
}

fn pages(kind: &Pages) -> TokenStream {
    match kind {
        Pages::Single => quote!(__rs::Pages::Single),
        Pages::Offset(pages) => {
            let pages = offset(pages);
            quote!(__rs::Pages::Offset(#pages))
        }
        Pages::Number(pages) => {
            let pages = page_number(pages);
            quote!(__rs::Pages::Number(#pages))
        }
        Pages::Cursor(pages) => {
            let pages = cursor(pages);
            quote!(__rs::Pages::Cursor(#pages))
        }
        Pages::HeaderCursor { cursor_key, cursor } => {
            let (cursor_key, cursor) = (text(cursor_key), slot(cursor));
            quote!(__rs::Pages::HeaderCursor { cursor_key: #cursor_key, cursor: #cursor })
        }
        Pages::HeaderLink { header, rel } => {
            let (header, rel) = (text(header), text(rel));
            quote!(__rs::Pages::HeaderLink { header: #header, rel: #rel })
        }
        Pages::Custom { rust } => {
            let rust = text(rust);
            quote!(__rs::Pages::Custom { rust: #rust })
        }
        Pages::JsonLink { next_url_path } => {
            let next = path(next_url_path);
            quote!(__rs::Pages::JsonLink { next_url_path: #next })
        }
    }
}

fn slot(slot: &Slot) -> TokenStream {
    match slot {
        Slot::Query(name) => {
            let name = text(name);
            quote!(__rs::Slot::Query(#name))
        }
        Slot::Body(place) => {
            let place = path(place);
            quote!(__rs::Slot::Body(#place))
        }
    }
}

/// Whether it is the query parameter of this name.
fn is_param(slot: &Slot, name: &str) -> bool {
    matches!(slot, Slot::Query(param) if param == name)
}

fn offset(pages: &Offset) -> TokenStream {
    let mut fields = Fields::default();
    fields.set("limit", integer(pages.limit));
    if pages.base_offset != 0 {
        fields.set("base_offset", integer(pages.base_offset));
    }
    if pages.offset != 0 {
        fields.set("offset", integer(pages.offset));
    }
    if !is_param(&pages.offset_slot, "offset") {
        fields.set("offset_slot", slot(&pages.offset_slot));
    }
    if !is_param(&pages.limit_slot, "limit") {
        fields.set("limit_slot", slot(&pages.limit_slot));
    }
    fields.some("maximum_offset", pages.maximum_offset.map(integer));
    fields.over(&quote!(__rs::Offset), &quote!(__rs::Offset::DEFAULT))
}

fn page_number(pages: &PageNumber) -> TokenStream {
    let mut fields = Fields::default();
    if pages.base_page != 0 {
        fields.set("base_page", integer(pages.base_page));
    }
    if pages.page != 0 {
        fields.set("page", integer(pages.page));
    }
    if !is_param(&pages.page_slot, "page") {
        fields.set("page_slot", slot(&pages.page_slot));
    }
    fields.some("page_size", pages.page_size.map(integer));
    fields.some("page_size_slot", pages.page_size_slot.as_ref().map(slot));
    fields.some("maximum_page", pages.maximum_page.map(integer));
    fields.over(
        &quote!(__rs::PageNumber),
        &quote!(__rs::PageNumber::DEFAULT),
    )
}

fn cursor(pages: &Cursor) -> TokenStream {
    let (cursor_path, cursor) = (path(&pages.cursor_path), slot(&pages.cursor));
    quote!(__rs::Cursor { cursor_path: #cursor_path, cursor: #cursor })
}

/// Sets the ends, where any differs from the default.
fn set_ends(fields: &mut Fields, kind: &Pages, ends: &Ends) {
    let stops = Ends::default_stop_after_empty_page(kind);
    let default = if stops {
        quote!(__rs::Ends::COUNTED)
    } else {
        quote!(__rs::Ends::DEFAULT)
    };
    let mut own = Fields::default();
    own.some("total_path", ends.total_path.as_ref().map(path));
    own.some("total_header", ends.total_header.as_deref().map(text));
    if ends.accept_short_total {
        own.set("accept_short_total", quote!(true));
    }
    own.some("has_more_path", ends.has_more_path.as_ref().map(path));
    let has_more_default = ends.has_more_default;
    own.some(
        "has_more_default",
        has_more_default.map(|default| quote!(#default)),
    );
    if ends.stop_after_empty_page != stops {
        let is_last = ends.stop_after_empty_page;
        own.set("stop_after_empty_page", quote!(#is_last));
    }
    if ends.stop_after_short_page {
        own.set("stop_after_short_page", quote!(true));
    }
    if ends.end_on_repeat {
        own.set("end_on_repeat", quote!(true));
    }
    if stops || !own.0.is_empty() {
        fields.set("ends", own.over(&quote!(__rs::Ends), &default));
    }
}

pub(super) fn selector(selector: &Selector) -> TokenStream {
    match selector {
        Selector::Path(place) => {
            let place = path(place);
            quote!(__rs::Selector::Path(#place))
        }
        Selector::Query(query) => {
            let query = text(query);
            quote!(__rs::Selector::Query(#query))
        }
    }
}

pub(super) fn response_actions(rules: &[ResponseAction]) -> TokenStream {
    list(rules, response_action)
}

fn response_action(rule: &ResponseAction) -> TokenStream {
    let mut fields = Fields::default();
    let line = Literal::u32_unsuffixed(rule.line);
    fields.set("line", quote!(#line));
    if !rule.statuses.is_empty() {
        fields.set("statuses", statuses(&rule.statuses));
    }
    fields.some("content", rule.content.as_deref().map(text));
    if !rule.json.is_empty() {
        let conditions = list(&rule.json, |condition| {
            let (path, values) = (path(&condition.path), list(&condition.values, json));
            quote!(__rs::JsonCondition { path: #path, values: #values })
        });
        fields.set("json", conditions);
    }
    if !rule.headers.is_empty() {
        let headers = list(&rule.headers, |(name, value)| {
            let (name, value) = (text(name), text(value));
            quote!((#name, #value))
        });
        fields.set("headers", headers);
    }
    fields.set("action", action(&rule.action));
    fields.over(
        &quote!(__rs::ResponseAction),
        &quote!(__rs::ResponseAction::DEFAULT),
    )
}

fn action(action: &Action) -> TokenStream {
    match action {
        Action::Ignore => quote!(__rs::Action::Ignore),
        Action::Retry { then_ignore } => {
            quote!(__rs::Action::Retry { then_ignore: #then_ignore })
        }
        Action::RefreshAuth => quote!(__rs::Action::RefreshAuth),
        Action::Fail { message } => {
            let message = option(message.as_deref().map(text));
            quote!(__rs::Action::Fail { message: #message })
        }
    }
}

pub(super) fn incremental(incremental: &Incremental) -> TokenStream {
    let mut fields = Fields::default();
    let column = Literal::usize_unsuffixed(incremental.column);
    fields.set("column", quote!(#column));
    let mut some = |field, value: &Option<String>| fields.some(field, value.as_deref().map(text));
    some("initial_value", &incremental.initial_value);
    some("end_value", &incremental.end_value);
    some("start_param", &incremental.start_param);
    some("end_param", &incremental.end_param);
    fields.some("lag", incremental.lag.as_ref().map(lag));
    if incremental.format != TimeFormat::Rfc3339 {
        fields.set("format", time_format(&incremental.format));
    }
    if !incremental.start_closed {
        fields.set("start_closed", quote!(false));
    }
    if incremental.end_closed {
        fields.set("end_closed", quote!(true));
    }
    let row_order = incremental.row_order.map(|order| match order {
        RowOrder::Ascending => quote!(__rs::RowOrder::Ascending),
        RowOrder::Descending => quote!(__rs::RowOrder::Descending),
    });
    fields.some("row_order", row_order);
    match incremental.on_missing {
        OnMissing::Raise => {}
        OnMissing::Include => fields.set("on_missing", quote!(__rs::OnMissing::Include)),
        OnMissing::Exclude => fields.set("on_missing", quote!(__rs::OnMissing::Exclude)),
    }
    let future_cursor = incremental.future_cursor.map(|rule| match rule {
        FutureCursor::Cap => quote!(__rs::FutureCursor::Cap),
        FutureCursor::Keep => quote!(__rs::FutureCursor::Keep),
        FutureCursor::Error => quote!(__rs::FutureCursor::Error),
    });
    fields.some("future_cursor", future_cursor);
    fields.over(
        &quote!(__rs::Incremental),
        &quote!(__rs::Incremental::DEFAULT),
    )
}

pub(super) fn lag(lag: &Lag) -> TokenStream {
    match lag {
        Lag::Duration(length) => {
            let length = duration(*length);
            quote!(__rs::Lag::Duration(#length))
        }
        Lag::Days(days) => {
            let days = integer(*days);
            quote!(__rs::Lag::Days(#days))
        }
        Lag::Integer(value) => {
            let value = integer(*value);
            quote!(__rs::Lag::Integer(#value))
        }
        Lag::Decimal(digits) => {
            let digits = text(digits);
            quote!(__rs::Lag::Decimal(#digits))
        }
        Lag::Double(value) => {
            let value = float(*value);
            quote!(__rs::Lag::Double(#value))
        }
    }
}
