//! A checked connector as the plan that its compiled source would have, without a compiler.
//!

use std::fmt;

use rest_source::{
    Column, Decode, Path, Step, Table, TimeFormat, Type,
    plan::{
        Action, Auth, Body, Choice, ClientAuthentication, ColumnsContract, ConfigPlan, ConfigType,
        Cursor, DataTypeContract, Ends, FutureCursor, Grant, Incremental, JsonCondition,
        JsonTemplate, Lag, Location, Method, OAuth2, Offset, OnMissing, OnNullParent, PageNumber,
        Pages, Paginator, Param, ParentField, ParentPlan, Part, RateLimit, ResourcePlan,
        ResponseAction, Retry, RowOrder, SchemaContract, SecretPlan, Selector, Slot, SourcePlan,
        Template, WriteDisposition,
    },
    shared::{List, Ref, Text},
};
use rest_source_codegen::connector as checked;

/// The plan of a source, equal to the one that generated code holds.
///
/// # Errors
///
/// When the source calls Rust code, which there is none of without a compiler.
pub fn plan(connector: &checked::Connector) -> Result<Ref<SourcePlan>, NeedsCompiler> {
    let auths = connector.auths.iter().map(|one| auth(one).map(Ref::from));
    let auths: Vec<Ref<Auth>> = auths.collect::<Result<_, _>>()?;
    let mut resources: Vec<Ref<ResourcePlan>> = Vec::new();
    let mut made = vec![None; connector.resources.len()];
    for at in 0..connector.resources.len() {
        resources.extend(resource(connector, &auths, &mut made, at)?);
    }
    let mut choices = Vec::new();
    for choice in &connector.choices {
        choices.push(Choice {
            name: text(&choice.name),
            auth: auth(&choice.auth)?.into(),
            secrets: list(&choice.secrets, |at| *at),
        });
    }
    Ok(Ref::from(SourcePlan {
        name: text(&connector.name),
        spec: text(&connector.spec),
        choices: choices.into(),
        secrets: list(&connector.secrets, |secret| SecretPlan {
            name: text(&secret.name),
            env: text(&secret.env),
            description: secret.description.as_deref().map(text),
        }),
        config: list(&connector.config, setting),
        base_url: template(&connector.base_url),
        headers: list(&connector.headers, param),
        retry: retry(&connector.retry),
        rate_limit: connector.rate_limit.map(|limit| RateLimit {
            requests: limit.requests,
            per: limit.per,
        }),
        connect_timeout: connector.connect_timeout,
        request_timeout: connector.request_timeout,
        concurrency: connector.concurrency,
        max_response_bytes: connector.max_response_bytes,
        allow_origins: list(&connector.allow_origins, |origin| text(origin)),
        resources: resources.into(),
    }))
}

/// A source calls Rust code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeedsCompiler {
    /// The code's path, as the spec says it.
    pub rust: String,
}

impl NeedsCompiler {
    fn new(rust: &str) -> Self {
        Self {
            rust: rust.to_owned(),
        }
    }
}

impl fmt::Display for NeedsCompiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "it calls `{}`, Rust code that only a compiled connector can call\n  \
             help: run it from a crate, by `#[rest_source]`",
            self.rust
        )
    }
}

impl std::error::Error for NeedsCompiler {}

fn list<T, U>(values: &[T], make: impl FnMut(&T) -> U) -> List<U> {
    values.iter().map(make).collect()
}

fn text(text: &str) -> Text {
    text.to_owned().into()
}

/// A position in a list. The checks allow no list that is longer than these numbers reach.
fn position(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}

fn setting(setting: &checked::Config) -> ConfigPlan {
    ConfigPlan {
        name: text(&setting.name),
        env: text(&setting.env),
        data_type: match &setting.data_type {
            checked::ConfigType::Text => ConfigType::Text,
            checked::ConfigType::Bigint => ConfigType::Bigint,
            checked::ConfigType::Double => ConfigType::Double,
            checked::ConfigType::Bool => ConfigType::Bool,
            checked::ConfigType::Date => ConfigType::Date,
            checked::ConfigType::Timestamp => ConfigType::Timestamp,
            checked::ConfigType::Enum(words) => ConfigType::Enum(values(words)),
        },
        default: setting.default.as_deref().map(text),
        description: setting.description.as_deref().map(text),
    }
}

fn values(words: &checked::EnumType) -> List<Text> {
    list(&words.values, |word| text(&word.value))
}

/// The plan of the resource at this position, made once: a child's parent is the same plan.
fn resource(
    connector: &checked::Connector,
    auths: &[Ref<Auth>],
    made: &mut [Option<Ref<ResourcePlan>>],
    at: usize,
) -> Result<Option<Ref<ResourcePlan>>, NeedsCompiler> {
    let Some(resource) = connector.resources.get(at) else {
        return Ok(None);
    };
    if let Some(plan) = made.get(at).cloned().flatten() {
        return Ok(Some(plan));
    }
    if let Some(step) = resource.processing_steps.first() {
        return Err(NeedsCompiler::new(step.rust()));
    }
    let parent = match &resource.parent {
        None => None,
        // The checks allow no circle of parents.
        Some(parent) => self::resource(connector, auths, made, parent.resource)?
            .map(|plan| self::parent(plan, parent).into()),
    };
    let plan = Ref::from(ResourcePlan {
        name: text(&resource.name),
        line: resource.line,
        table: record(resource),
        write_disposition: match resource.write_disposition {
            checked::WriteDisposition::Append => WriteDisposition::Append,
            checked::WriteDisposition::Replace => WriteDisposition::Replace,
            checked::WriteDisposition::Merge => WriteDisposition::Merge,
            checked::WriteDisposition::Skip => WriteDisposition::Skip,
        },
        schema_contract: schema_contract(resource.schema_contract),
        selected: resource.selected,
        parallelized: resource.parallelized,
        method: match resource.method {
            checked::Method::Get => Method::Get,
            checked::Method::Post => Method::Post,
        },
        path: template(&resource.path),
        params: list(&resource.params, param),
        headers: list(&resource.headers, param),
        body: match &resource.body {
            checked::Body::None => Body::None,
            checked::Body::Json(value) => Body::Json(json(value)),
            checked::Body::Form(fields) => Body::Form(list(fields, param)),
        },
        auth: resource.auth.and_then(|at| auths.get(at).cloned()),
        paginator: paginator(&resource.paginator)?,
        selector: selector(&resource.selector),
        rows_path: resource.rows_path.as_ref().map(selector),
        selector_required: resource.selector_required,
        response_actions: list(&resource.response_actions, response_action),
        incremental: resource.incremental.as_ref().map(incremental),
        processing_steps: List::EMPTY,
        parent,
        on_null_parent: match resource.on_null_parent {
            checked::OnNullParent::Error => OnNullParent::Error,
            checked::OnNullParent::Skip => OnNullParent::Skip,
        },
    });
    if let Some(place) = made.get_mut(at) {
        *place = Some(plan.clone());
    }
    Ok(Some(plan))
}

fn selector(selector: &checked::Selector) -> Selector {
    match selector {
        checked::Selector::Path(place) => Selector::Path(path(place)),
        checked::Selector::Query(query) => Selector::Query(text(query)),
    }
}

fn response_action(rule: &checked::ResponseAction) -> ResponseAction {
    ResponseAction {
        line: rule.line,
        statuses: list(&rule.statuses, |range| *range),
        content: rule.content.as_deref().map(text),
        json: list(&rule.json, |condition| JsonCondition {
            path: path(&condition.path),
            values: list(&condition.values, json),
        }),
        headers: list(&rule.headers, |(name, value)| (text(name), text(value))),
        action: match &rule.action {
            checked::Action::Ignore => Action::Ignore,
            checked::Action::Retry { then_ignore } => Action::Retry {
                then_ignore: *then_ignore,
            },
            checked::Action::RefreshAuth => Action::RefreshAuth,
            checked::Action::Fail { message } => Action::Fail {
                message: message.as_deref().map(text),
            },
        },
    }
}

fn parent(resource: Ref<ResourcePlan>, parent: &checked::Parent) -> ParentPlan {
    ParentPlan {
        resource,
        fields: list(&parent.fields, |field| ParentField {
            column: position(field.column),
            path: path(&field.path),
        }),
    }
}

fn record(resource: &checked::Resource) -> Ref<Table> {
    match &resource.record {
        checked::Record::Untyped(columns) => Table {
            name: text(&resource.name),
            columns: list(columns, column),
        }
        .into(),
        checked::Record::Struct(record) => table(record),
    }
}

fn table(record: &checked::Struct) -> Ref<Table> {
    Table {
        name: text(&record.name),
        columns: list(&record.columns, column),
    }
    .into()
}

fn column(column: &checked::Column) -> Column {
    Column {
        name: text(&column.name),
        key: text(&column.key),
        from: column.from.as_ref().map(path),
        data_type: data_type(&column.data_type),
        nullable: column.nullable,
        explicit: column.explicit,
        primary_key: column.primary_key,
        merge_key: column.merge_key,
        decode: match column.decode {
            checked::Decode::Native => Decode::Native,
            checked::Decode::Text => Decode::Text,
            checked::Decode::Integer => Decode::Integer,
            checked::Decode::Rest => Decode::Rest,
        },
        parent: column.parent,
        config: column.config,
        line: column.line,
    }
}

fn data_type(data_type: &checked::Type) -> Type {
    match data_type {
        checked::Type::Text => Type::Text,
        checked::Type::Bigint => Type::Bigint,
        checked::Type::Double => Type::Double,
        checked::Type::Bool => Type::Bool,
        checked::Type::Timestamp(format) => Type::Timestamp(time_format(format)),
        checked::Type::Date(format) => Type::Date(time_format(format)),
        checked::Type::Time => Type::Time,
        checked::Type::Decimal { precision, scale } => Type::Decimal {
            precision: *precision,
            scale: *scale,
        },
        checked::Type::Binary => Type::Binary,
        checked::Type::Json => Type::Json,
        checked::Type::Object(object) => Type::Object(table(object)),
        checked::Type::Array(element) => Type::Array(column(element).into()),
        checked::Type::Map(element) => Type::Map(column(element).into()),
        checked::Type::Enum(words) => Type::Enum {
            values: values(words),
            closed: words.closed,
        },
        checked::Type::Union(union) => Type::Union(list(&union.members, column)),
        checked::Type::Scalar => Type::Scalar,
    }
}

fn time_format(format: &checked::TimeFormat) -> TimeFormat {
    match format {
        checked::TimeFormat::Rfc3339 => TimeFormat::Rfc3339,
        checked::TimeFormat::Date => TimeFormat::Date,
        checked::TimeFormat::EpochSeconds => TimeFormat::EpochSeconds,
        checked::TimeFormat::EpochMillis => TimeFormat::EpochMillis,
        checked::TimeFormat::Pattern { pattern, zone } => TimeFormat::Pattern {
            pattern: text(pattern),
            zone: zone.as_deref().map(text),
        },
        checked::TimeFormat::Local { zone } => TimeFormat::Local { zone: text(zone) },
    }
}

fn path(checked::Path(steps): &checked::Path) -> Path {
    Path(list(steps, |step| match step {
        checked::Step::Key(key) => Step::Key(text(key)),
        checked::Step::Index(index) => Step::Index(*index),
    }))
}

fn template(checked::Template(parts): &checked::Template) -> Template {
    Template(list(parts, |part| match part {
        checked::Part::Text(literal) => Part::Text(text(literal)),
        checked::Part::Secret(at) => Part::Secret(*at),
        checked::Part::Config(at) => Part::Config(*at),
        checked::Part::IncrementalStart => Part::IncrementalStart,
        checked::Part::IncrementalEnd => Part::IncrementalEnd,
        checked::Part::Parent(at) => Part::Parent(*at),
    }))
}

fn param(param: &checked::Param) -> Param {
    Param {
        name: text(&param.name),
        value: template(&param.value),
    }
}

fn json(value: &checked::Json) -> JsonTemplate {
    match value {
        checked::Json::Null => JsonTemplate::Null,
        checked::Json::Bool(value) => JsonTemplate::Bool(*value),
        checked::Json::Number(digits) => JsonTemplate::Number(text(digits)),
        checked::Json::Text(value) => JsonTemplate::Text(template(value)),
        checked::Json::Array(items) => JsonTemplate::Array(list(items, json)),
        checked::Json::Object(members) => {
            JsonTemplate::Object(list(members, |(key, value)| (text(key), json(value))))
        }
    }
}

fn auth(auth: &checked::Auth) -> Result<Auth, NeedsCompiler> {
    Ok(match auth {
        checked::Auth::ApiKey {
            name,
            api_key,
            location,
        } => Auth::ApiKey {
            name: text(name),
            api_key: template(api_key),
            location: match location {
                checked::Location::Header => Location::Header,
                checked::Location::Query => Location::Query,
                checked::Location::Cookie => Location::Cookie,
            },
        },
        checked::Auth::Bearer { token } => Auth::Bearer {
            token: template(token),
        },
        checked::Auth::HttpBasic { username, password } => Auth::HttpBasic {
            username: template(username),
            password: template(password),
        },
        checked::Auth::OAuth2(grant) => Auth::OAuth2(oauth2(grant)),
        checked::Auth::OneOf => Auth::OneOf,
        checked::Auth::Custom(custom) => return Err(NeedsCompiler::new(&custom.rust)),
    })
}

fn oauth2(grant: &checked::OAuth2) -> OAuth2 {
    OAuth2 {
        grant: match &grant.grant {
            checked::Grant::ClientCredentials => Grant::ClientCredentials,
            checked::Grant::RefreshToken(token) => Grant::RefreshToken(template(token)),
        },
        access_token_url: template(&grant.access_token_url),
        client_id: template(&grant.client_id),
        client_secret: template(&grant.client_secret),
        scope: grant.scope.as_ref().map(template),
        audience: grant.audience.as_ref().map(template),
        client_authentication: match grant.client_authentication {
            checked::ClientAuthentication::Body => ClientAuthentication::Body,
            checked::ClientAuthentication::Basic => ClientAuthentication::Basic,
        },
        access_token_request_data: list(&grant.access_token_request_data, param),
        default_token_expiration: grant.default_token_expiration,
    }
}

fn retry(retry: &checked::Retry) -> Retry {
    Retry {
        statuses: list(&retry.statuses, |range| *range),
        max_retries: retry.max_retries,
        backoff_factor: retry.backoff_factor,
        max_delay: retry.max_delay,
        max_elapsed: retry.max_elapsed,
        idempotent: retry.idempotent,
        retry_after_path: retry.retry_after_path.as_ref().map(path),
        retry_after_unit: retry.retry_after_unit,
    }
}

fn paginator(paginator: &checked::Paginator) -> Result<Paginator, NeedsCompiler> {
    Ok(Paginator {
        kind: pages(&paginator.kind)?,
        ends: ends(&paginator.ends),
        maximum_pages: paginator.maximum_pages,
        stop_on_status: list(&paginator.stop_on_status, |range| *range),
        keep_params: paginator.keep_params,
    })
}

fn pages(kind: &checked::Pages) -> Result<Pages, NeedsCompiler> {
    Ok(match kind {
        checked::Pages::Single => Pages::Single,
        checked::Pages::Offset(pages) => Pages::Offset(Offset {
            limit: pages.limit,
            base_offset: pages.base_offset,
            offset: pages.offset,
            offset_slot: slot(&pages.offset_slot),
            limit_slot: slot(&pages.limit_slot),
            maximum_offset: pages.maximum_offset,
        }),
        checked::Pages::Number(pages) => Pages::Number(PageNumber {
            base_page: pages.base_page,
            page: pages.page,
            page_slot: slot(&pages.page_slot),
            page_size: pages.page_size,
            page_size_slot: pages.page_size_slot.as_ref().map(slot),
            maximum_page: pages.maximum_page,
        }),
        checked::Pages::Cursor(pages) => Pages::Cursor(Cursor {
            cursor_path: path(&pages.cursor_path),
            cursor: slot(&pages.cursor),
        }),
        checked::Pages::HeaderCursor { cursor_key, cursor } => Pages::HeaderCursor {
            cursor_key: text(cursor_key),
            cursor: slot(cursor),
        },
        checked::Pages::HeaderLink { header, rel } => Pages::HeaderLink {
            header: text(header),
            rel: text(rel),
        },
        checked::Pages::JsonLink { next_url_path } => Pages::JsonLink {
            next_url_path: path(next_url_path),
        },
        checked::Pages::Custom { rust } => return Err(NeedsCompiler::new(rust)),
    })
}

fn slot(slot: &checked::Slot) -> Slot {
    match slot {
        checked::Slot::Query(name) => Slot::Query(text(name)),
        checked::Slot::Body(place) => Slot::Body(path(place)),
    }
}

fn ends(ends: &checked::Ends) -> Ends {
    Ends {
        total_path: ends.total_path.as_ref().map(path),
        total_header: ends.total_header.as_deref().map(text),
        accept_short_total: ends.accept_short_total,
        has_more_path: ends.has_more_path.as_ref().map(path),
        has_more_default: ends.has_more_default,
        stop_after_empty_page: ends.stop_after_empty_page,
        stop_after_short_page: ends.stop_after_short_page,
        end_on_repeat: ends.end_on_repeat,
    }
}

fn incremental(incremental: &checked::Incremental) -> Incremental {
    Incremental {
        column: position(incremental.column),
        initial_value: incremental.initial_value.as_deref().map(text),
        end_value: incremental.end_value.as_deref().map(text),
        start_param: incremental.start_param.as_deref().map(text),
        end_param: incremental.end_param.as_deref().map(text),
        lag: incremental.lag.as_ref().map(|lag| match lag {
            checked::Lag::Duration(length) => Lag::Duration(*length),
            checked::Lag::Days(days) => Lag::Days(*days),
            checked::Lag::Integer(number) => Lag::Integer(*number),
            checked::Lag::Double(number) => Lag::Double(*number),
            checked::Lag::Decimal(digits) => Lag::Decimal(text(digits)),
        }),
        format: time_format(&incremental.format),
        start_closed: incremental.start_closed,
        end_closed: incremental.end_closed,
        row_order: incremental.row_order.map(|order| match order {
            checked::RowOrder::Ascending => RowOrder::Ascending,
            checked::RowOrder::Descending => RowOrder::Descending,
        }),
        on_missing: match incremental.on_missing {
            checked::OnMissing::Raise => OnMissing::Raise,
            checked::OnMissing::Include => OnMissing::Include,
            checked::OnMissing::Exclude => OnMissing::Exclude,
        },
        future_cursor: incremental.future_cursor.map(|rule| match rule {
            checked::FutureCursor::Cap => FutureCursor::Cap,
            checked::FutureCursor::Keep => FutureCursor::Keep,
            checked::FutureCursor::Error => FutureCursor::Error,
        }),
    }
}

fn schema_contract(contract: checked::SchemaContract) -> SchemaContract {
    SchemaContract {
        columns: match contract.columns {
            checked::ColumnsContract::DiscardValue => ColumnsContract::DiscardValue,
            checked::ColumnsContract::Freeze => ColumnsContract::Freeze,
            checked::ColumnsContract::Evolve => ColumnsContract::Evolve,
        },
        data_type: match contract.data_type {
            checked::DataTypeContract::Freeze => DataTypeContract::Freeze,
            checked::DataTypeContract::DiscardRow => DataTypeContract::DiscardRow,
            checked::DataTypeContract::DiscardValue => DataTypeContract::DiscardValue,
        },
    }
}
