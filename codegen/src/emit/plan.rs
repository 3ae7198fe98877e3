//! The parts of a plan as constants: only what differs from the runtime's `DEFAULT`.

use std::time::Duration;

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, quote};

use crate::connector::{
    Action, Auth, Body, ClientAuthentication, Cursor, CustomAuth, Ends, Grant, Incremental, Json,
    Lag, Location, OAuth2, Offset, OnMissing, PageNumber, Pages, Paginator, Param, Part, RateLimit,
    ResponseAction, Retry, RowOrder, Selector, Slot, Template, TimeFormat,
};

use super::{
    columns::{path, time_format},
    names::{float, ident, integer, option, rust_path},
};

/// The fields of a struct literal that differ from its defaults.
#[derive(Default)]
pub(super) struct Fields(pub(super) Vec<(&'static str, TokenStream)>);

impl Fields {
    pub(super) fn set(&mut self, field: &'static str, value: impl ToTokens) {
        self.0.push((field, value.into_token_stream()));
    }

    /// Sets the field unless the value is the default.
    pub(super) fn unless<T: PartialEq>(
        &mut self,
        field: &'static str,
        value: &T,
        default: &T,
        emit: impl FnOnce(&T) -> TokenStream,
    ) {
        if value != default {
            self.set(field, emit(value));
        }
    }

    /// Sets the field where there is a value.
    pub(super) fn some<T>(
        &mut self,
        field: &'static str,
        value: Option<T>,
        emit: impl FnOnce(T) -> TokenStream,
    ) {
        if let Some(value) = value {
            let value = emit(value);
            self.set(field, quote!(Some(#value)));
        }
    }

    /// The struct literal, over `base`; `base` alone where nothing differs.
    pub(super) fn over(self, name: &TokenStream, base: &TokenStream) -> TokenStream {
        if self.0.is_empty() {
            return base.clone();
        }
        let (fields, values): (Vec<Ident>, Vec<TokenStream>) = self
            .0
            .into_iter()
            .map(|(field, value)| (ident(field), value))
            .unzip();
        quote!(#name { #(#fields: #values,)* ..#base })
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
    let parts = parts.iter().map(|part| match part {
        Part::Text(text) => quote!(__rs::Part::Text(#text)),
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
    quote!(__rs::Template(&[#(#parts),*]))
}

pub(super) fn params(params: &[Param]) -> TokenStream {
    let params = params.iter().map(|Param { name, value }| {
        let value = template(value);
        quote!(__rs::param(#name, #value))
    });
    quote!(&[#(#params),*])
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
        Json::Null => quote!(__rs::JsonPlan::Null),
        Json::Bool(value) => quote!(__rs::JsonPlan::Bool(#value)),
        Json::Number(digits) => quote!(__rs::JsonPlan::Number(#digits)),
        Json::Text(text) => {
            let text = template(text);
            quote!(__rs::JsonPlan::Text(#text))
        }
        Json::Array(items) => {
            let items = items.iter().map(json);
            quote!(__rs::JsonPlan::Array(&[#(#items),*]))
        }
        Json::Object(members) => {
            let members = members.iter().map(|(key, value)| {
                let value = json(value);
                quote!((#key, #value))
            });
            quote!(__rs::JsonPlan::Object(&[#(#members),*]))
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
            let api_key = template(api_key);
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
            let (path, with) = (rust_path(rust), params(with));
            quote!(__rs::Auth::Custom(__rs::CustomAuth::of::<#path>(#rust, #with)))
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
    fields.some("scope", endpoint.scope.as_ref(), template);
    fields.some("audience", endpoint.audience.as_ref(), template);
    fields.unless(
        "client_authentication",
        &endpoint.client_authentication,
        &ClientAuthentication::Body,
        |_| quote!(__rs::ClientAuthentication::Basic),
    );
    fields.unless(
        "access_token_request_data",
        &endpoint.access_token_request_data,
        &Vec::new(),
        |data| params(data),
    );
    fields.unless(
        "default_token_expiration",
        &endpoint.default_token_expiration,
        &Duration::from_secs(3600),
        |life| duration(*life),
    );
    fields.over(&quote!(__rs::OAuth2), &quote!(__rs::OAuth2::DEFAULT))
}

pub(super) fn retry(retry: &Retry) -> TokenStream {
    let default = Retry::default();
    let mut fields = Fields::default();
    fields.unless("statuses", &retry.statuses, &default.statuses, |ranges| {
        statuses(ranges)
    });
    fields.unless(
        "max_retries",
        &retry.max_retries,
        &default.max_retries,
        |n| integer(*n),
    );
    fields.unless(
        "backoff_factor",
        &retry.backoff_factor,
        &default.backoff_factor,
        |factor| float(*factor),
    );
    fields.unless("max_delay", &retry.max_delay, &default.max_delay, |d| {
        duration(*d)
    });
    fields.unless(
        "max_elapsed",
        &retry.max_elapsed,
        &default.max_elapsed,
        |d| duration(*d),
    );
    fields.unless(
        "idempotent",
        &retry.idempotent,
        &default.idempotent,
        |yes| quote!(#yes),
    );
    fields.some("retry_after_path", retry.retry_after_path.as_ref(), path);
    fields.unless(
        "retry_after_unit",
        &retry.retry_after_unit,
        &default.retry_after_unit,
        |unit| duration(*unit),
    );
    fields.over(&quote!(__rs::Retry), &quote!(__rs::Retry::DEFAULT))
}

pub(super) fn rate_limit(limit: RateLimit) -> TokenStream {
    let (requests, per) = (integer(limit.requests), duration(limit.per));
    quote!(__rs::RateLimit { requests: #requests, per: #per })
}

fn statuses(ranges: &[(u16, u16)]) -> TokenStream {
    let ranges = ranges.iter().map(|(first, last)| {
        let (first, last) = (
            Literal::u16_unsuffixed(*first),
            Literal::u16_unsuffixed(*last),
        );
        quote!((#first, #last))
    });
    quote!(&[#(#ranges),*])
}

pub(super) fn paginator(paginator: &Paginator) -> TokenStream {
    let pages = pages(&paginator.kind);
    let mut fields = Fields::default();
    fields.some("maximum_pages", paginator.maximum_pages, integer);
    fields.unless(
        "stop_on_status",
        &paginator.stop_on_status,
        &Vec::new(),
        |ranges| statuses(ranges),
    );
    fields.over(
        &quote!(__rs::Paginator),
        &quote!(__rs::Paginator::new(#pages)),
    )
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
            let cursor = slot(cursor);
            quote!(__rs::Pages::HeaderCursor { cursor_key: #cursor_key, cursor: #cursor })
        }
        Pages::HeaderLink { header, rel } => {
            quote!(__rs::Pages::HeaderLink { header: #header, rel: #rel })
        }
        Pages::Custom { rust } => {
            let path = rust_path(rust);
            quote!(__rs::Pages::Custom(__rs::CustomPages(&#path)))
        }
        Pages::JsonLink { next_url_path } => {
            let next = path(next_url_path);
            quote!(__rs::Pages::JsonLink { next_url_path: #next })
        }
    }
}

fn slot(slot: &Slot) -> TokenStream {
    match slot {
        Slot::Query(name) => quote!(__rs::Slot::Query(#name)),
        Slot::Body(place) => {
            let place = path(place);
            quote!(__rs::Slot::Body(#place))
        }
    }
}

fn query_slot(name: &str) -> Slot {
    Slot::Query(name.to_owned())
}

fn offset(pages: &Offset) -> TokenStream {
    let mut fields = Fields::default();
    fields.unless("offset", &pages.offset, &0, |n| integer(*n));
    fields.unless(
        "offset_slot",
        &pages.offset_slot,
        &query_slot("offset"),
        slot,
    );
    fields.unless("limit_slot", &pages.limit_slot, &query_slot("limit"), slot);
    fields.some("maximum_offset", pages.maximum_offset, integer);
    fields.unless("ends", &pages.ends, &DEFAULT_ENDS, ends);
    let limit = integer(pages.limit);
    fields.over(&quote!(__rs::Offset), &quote!(__rs::Offset::new(#limit)))
}

fn page_number(pages: &PageNumber) -> TokenStream {
    let mut fields = Fields::default();
    fields.unless("base_page", &pages.base_page, &0, |n| integer(*n));
    fields.unless("page", &pages.page, &0, |n| integer(*n));
    fields.unless("page_slot", &pages.page_slot, &query_slot("page"), slot);
    fields.some("page_size", pages.page_size, integer);
    fields.some("page_size_slot", pages.page_size_slot.as_ref(), slot);
    fields.some("maximum_page", pages.maximum_page, integer);
    fields.unless("ends", &pages.ends, &DEFAULT_ENDS, ends);
    fields.over(
        &quote!(__rs::PageNumber),
        &quote!(__rs::PageNumber::DEFAULT),
    )
}

fn cursor(pages: &Cursor) -> TokenStream {
    let (cursor_path, cursor) = (path(&pages.cursor_path), slot(&pages.cursor));
    let has_more_path = option(pages.has_more_path.as_ref(), path);
    let stop_after_empty_page = pages.stop_after_empty_page;
    quote! {
        __rs::Cursor {
            cursor_path: #cursor_path,
            cursor: #cursor,
            has_more_path: #has_more_path,
            stop_after_empty_page: #stop_after_empty_page,
        }
    }
}

const DEFAULT_ENDS: Ends = Ends {
    total_path: None,
    total_header: None,
    has_more_path: None,
    stop_after_empty_page: true,
    stop_after_short_page: false,
};

fn ends(ends: &Ends) -> TokenStream {
    let mut fields = Fields::default();
    fields.some("total_path", ends.total_path.as_ref(), path);
    fields.some(
        "total_header",
        ends.total_header.as_ref(),
        |name| quote!(#name),
    );
    fields.some("has_more_path", ends.has_more_path.as_ref(), path);
    fields.unless(
        "stop_after_empty_page",
        &ends.stop_after_empty_page,
        &true,
        |stop| quote!(#stop),
    );
    fields.unless(
        "stop_after_short_page",
        &ends.stop_after_short_page,
        &false,
        |stop| quote!(#stop),
    );
    fields.over(&quote!(__rs::Ends), &quote!(__rs::Ends::DEFAULT))
}

pub(super) fn selector(selector: &Selector) -> TokenStream {
    match selector {
        Selector::Path(place) => {
            let place = path(place);
            quote!(__rs::Selector::Path(#place))
        }
        Selector::Query(query) => quote!(__rs::Selector::Query(#query)),
    }
}

pub(super) fn response_actions(rules: &[ResponseAction]) -> TokenStream {
    let rules = rules.iter().map(|rule| {
        let mut fields = Fields::default();
        fields.set("line", Literal::u32_unsuffixed(rule.line));
        fields.unless("statuses", &rule.statuses, &Vec::new(), |ranges| {
            statuses(ranges)
        });
        fields.some("content", rule.content.as_ref(), |text| quote!(#text));
        fields.unless("json", &rule.json, &Vec::new(), |conditions| {
            let conditions = conditions.iter().map(|condition| {
                let path = path(&condition.path);
                let values = condition.values.iter().map(json);
                quote!(__rs::JsonCondition { path: #path, values: &[#(#values),*] })
            });
            quote!(&[#(#conditions),*])
        });
        fields.unless("headers", &rule.headers, &Vec::new(), |headers| {
            let headers = headers.iter().map(|(name, value)| quote!((#name, #value)));
            quote!(&[#(#headers),*])
        });
        let action = action(&rule.action);
        fields.over(
            &quote!(__rs::ResponseAction),
            &quote!(__rs::ResponseAction::new(#action)),
        )
    });
    quote!(&[#(#rules),*])
}

fn action(action: &Action) -> TokenStream {
    match action {
        Action::Ignore => quote!(__rs::Action::Ignore),
        Action::Retry { then_ignore } => {
            quote!(__rs::Action::Retry { then_ignore: #then_ignore })
        }
        Action::RefreshAuth => quote!(__rs::Action::RefreshAuth),
        Action::Fail { message } => {
            let message = option(message.as_ref(), |text| quote!(#text));
            quote!(__rs::Action::Fail { message: #message })
        }
    }
}

pub(super) fn incremental(incremental: &Incremental) -> TokenStream {
    let mut fields = Fields::default();
    let text = |text: &String| quote!(#text);
    fields.some("initial_value", incremental.initial_value.as_ref(), text);
    fields.some("end_value", incremental.end_value.as_ref(), text);
    fields.some("start_param", incremental.start_param.as_ref(), text);
    fields.some("end_param", incremental.end_param.as_ref(), text);
    fields.some("lag", incremental.lag.as_ref(), lag);
    fields.unless(
        "format",
        &incremental.format,
        &TimeFormat::Rfc3339,
        time_format,
    );
    fields.unless(
        "start_closed",
        &incremental.start_closed,
        &true,
        |yes| quote!(#yes),
    );
    fields.unless(
        "end_closed",
        &incremental.end_closed,
        &false,
        |yes| quote!(#yes),
    );
    fields.some("row_order", incremental.row_order, |order| match order {
        RowOrder::Ascending => quote!(__rs::RowOrder::Ascending),
        RowOrder::Descending => quote!(__rs::RowOrder::Descending),
    });
    fields.unless(
        "on_missing",
        &incremental.on_missing,
        &OnMissing::Raise,
        |missing| match missing {
            OnMissing::Raise => quote!(__rs::OnMissing::Raise),
            OnMissing::Include => quote!(__rs::OnMissing::Include),
            OnMissing::Exclude => quote!(__rs::OnMissing::Exclude),
        },
    );
    let column = Literal::usize_unsuffixed(incremental.column);
    fields.over(
        &quote!(__rs::Incremental),
        &quote!(__rs::Incremental::new(#column)),
    )
}

fn lag(lag: &Lag) -> TokenStream {
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
        Lag::Double(value) => {
            let value = float(*value);
            quote!(__rs::Lag::Double(#value))
        }
    }
}
