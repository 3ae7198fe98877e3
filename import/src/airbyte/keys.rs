//! The keys of components. Any other is lost by name.

use crate::tree::{Kind, Value};

use super::stream::Builder;

/// A component of a stream.
struct Component {
    /// What its `type` may be.
    types: &'static [&'static str],
    /// The keys at which one without a `type` is.
    at: &'static [&'static str],
    /// Its keys that are imported, or that change nothing that is fetched.
    keys: &'static [&'static str],
}

/// Keys of any component.
const COMMON: &[&str] = &["$parameters", "description", "title", "type"];

/// Keys that older manifests leave in components that have no such keys: they are parameters, written out.
const LEFT: &[&str] = &["field_path", "name", "page_size", "path", "primary_key"];
const LEFT_IN: &[&str] = &[
    "ApiKeyAuthenticator",
    "BearerAuthenticator",
    "CursorPagination",
    "DatetimeBasedCursor",
    "RequestOption",
    "RequestPath",
    "SimpleRetriever",
];

/// Keys whose values are data, not components. A parent is a stream of its own.
const DATA: &[&str] = &[
    "refresh_request_body",
    "refresh_request_headers",
    "request_body_data",
    "request_body_json",
    "request_headers",
    "request_parameters",
    "schema",
    "stream",
    "value",
];

static COMPONENTS: &[Component] = &[
    Component {
        types: &["DeclarativeStream"],
        at: &["stream"],
        keys: &[
            "full_refresh_stream",
            "incremental_stream",
            "incremental_sync",
            "name",
            "primary_key",
            "retriever",
            "schema_loader",
            // About the state of a connector, which is not that of a fetch.
            "state_migrations",
            "transformations",
        ],
    },
    Component {
        types: &["SimpleRetriever"],
        at: &["retriever"],
        keys: &[
            "decoder",
            "ignore_stream_slicer_parameters_on_paginated_requests",
            "paginator",
            "partition_router",
            "record_selector",
            "requester",
            "stream_slicer",
        ],
    },
    Component {
        types: &["HttpRequester"],
        at: &["login_requester", "requester"],
        keys: &[
            "authenticator",
            "error_handler",
            "http_method",
            "name",
            "path",
            "request_body",
            "request_body_data",
            "request_body_json",
            "request_headers",
            "request_parameters",
            "url",
            "url_base",
            // A cache changes how often the same is fetched.
            "use_cache",
        ],
    },
    Component {
        types: &["RecordSelector"],
        at: &["record_selector"],
        keys: &[
            "extractor",
            "record_filter",
            // Columns have the types of the schema.
            "schema_normalization",
            "transform_before_filtering",
        ],
    },
    Component {
        types: &["RecordFilter"],
        at: &["record_filter"],
        keys: &["condition"],
    },
    Component {
        types: &["DpathExtractor"],
        at: &["extractor"],
        keys: &["field_path"],
    },
    Component {
        types: &["DefaultPaginator"],
        at: &["paginator"],
        keys: &[
            // That of the retriever.
            "decoder",
            "page_size_option",
            "page_token_option",
            "pagination_strategy",
            // That of the requester.
            "url_base",
        ],
    },
    Component {
        types: &["PageIncrement"],
        at: &[],
        keys: &["inject_on_first_request", "page_size", "start_from_page"],
    },
    Component {
        types: &["OffsetIncrement"],
        at: &[],
        keys: &["inject_on_first_request", "page_size"],
    },
    Component {
        types: &["CursorPagination"],
        at: &[],
        // A decoder is that of the retriever.
        keys: &["cursor_value", "decoder", "page_size", "stop_condition"],
    },
    Component {
        types: &["RequestOption"],
        at: &[
            "end_time_option",
            "inject_into",
            "page_size_option",
            "page_token_option",
            "request_option",
            "start_time_option",
            "start_value_option",
        ],
        keys: &["field_name", "field_path", "inject_into"],
    },
    Component {
        types: &["RequestPath"],
        at: &[],
        // The token is the URL, whatever the option says.
        keys: &["field_name", "inject_into"],
    },
    Component {
        types: &["DatetimeBasedCursor"],
        at: &["incremental_sync"],
        keys: &[
            "cursor_datetime_formats",
            "cursor_field",
            "cursor_granularity",
            "datetime_format",
            "end_datetime",
            "end_time_option",
            // About the state of a connector, which is not that of a fetch.
            "global_substream_cursor",
            // A fetch leaves out records before its start in any case.
            "is_client_side_incremental",
            "is_compare_strictly",
            "is_data_feed",
            "lookback_window",
            "partition_field_end",
            "partition_field_start",
            "start_datetime",
            "start_time_option",
            "step",
        ],
    },
    Component {
        types: &["IncrementingCountCursor"],
        at: &[],
        keys: &[
            "cursor_field",
            "start_time_option",
            "start_value",
            "start_value_option",
        ],
    },
    Component {
        types: &["MinMaxDatetime"],
        at: &["end_datetime", "start_datetime"],
        keys: &["datetime", "datetime_format"],
    },
    Component {
        types: &["ListPartitionRouter"],
        at: &[],
        keys: &["cursor_field", "request_option", "values"],
    },
    Component {
        types: &["SubstreamPartitionRouter"],
        at: &[],
        keys: &["parent_stream_configs"],
    },
    Component {
        types: &["ParentStreamConfig"],
        at: &["parent_stream_configs"],
        keys: &[
            "extra_fields",
            // Leaves out parents without changes, which spares requests.
            "incremental_dependency",
            "parent_key",
            "partition_field",
            "request_option",
            "stream",
        ],
    },
    Component {
        types: &["AddFields", "RemoveFields"],
        at: &[],
        keys: &["condition", "field_pointers", "fields"],
    },
    Component {
        types: &["AddedFieldDefinition"],
        at: &["fields"],
        keys: &["path", "value"],
    },
    Component {
        types: &["InlineSchemaLoader"],
        at: &[],
        keys: &["schema"],
    },
    Component {
        types: &["JsonFileSchemaLoader"],
        at: &[],
        keys: &["file_path"],
    },
    Component {
        types: &["CompositeErrorHandler", "DefaultErrorHandler"],
        at: &["error_handler", "error_handlers"],
        keys: &[
            "backoff_strategies",
            "error_handlers",
            "max_retries",
            "response_filters",
        ],
    },
    Component {
        types: &["HttpResponseFilter"],
        at: &["response_filters"],
        keys: &[
            "action",
            "error_message",
            "error_message_contains",
            // Whose failure it is.
            "failure_type",
            "http_codes",
            "predicate",
        ],
    },
    Component {
        types: &["ConstantBackoffStrategy"],
        at: &[],
        keys: &["backoff_time_in_seconds"],
    },
    Component {
        types: &["ExponentialBackoffStrategy"],
        at: &[],
        keys: &["factor"],
    },
    Component {
        types: &["WaitTimeFromHeader", "WaitUntilTimeFromHeader"],
        at: &[],
        keys: &["header"],
    },
    Component {
        types: &["ApiKeyAuthenticator"],
        at: &[],
        keys: &["api_token", "header", "inject_into"],
    },
    Component {
        types: &["BearerAuthenticator"],
        at: &[],
        keys: &["api_token"],
    },
    Component {
        types: &["BasicHttpAuthenticator"],
        at: &[],
        keys: &["password", "username"],
    },
    Component {
        types: &["OAuthAuthenticator"],
        at: &[],
        keys: &[
            "access_token_name",
            "access_token_value",
            "client_id",
            "client_secret",
            "expires_in_name",
            "grant_type",
            "refresh_request_body",
            "refresh_request_headers",
            "refresh_token",
            "scopes",
            // About a token that was stored: a fetch asks for its own.
            "token_expiry_date",
            "token_refresh_endpoint",
        ],
    },
    Component {
        types: &["JwtAuthenticator"],
        at: &[],
        keys: &[
            "additional_jwt_headers",
            "additional_jwt_payload",
            "algorithm",
            "base64_encode_secret_key",
            "header_prefix",
            "jwt_headers",
            "jwt_payload",
            "secret_key",
            "token_duration",
        ],
    },
    Component {
        types: &["JwtHeaders"],
        at: &["jwt_headers"],
        keys: &["kid"],
    },
    Component {
        types: &["SessionTokenAuthenticator"],
        at: &[],
        keys: &[
            // Of the login: JSON, or lost by its type.
            "decoder",
            "expiration_duration",
            "login_requester",
            "request_authentication",
            "session_token_path",
        ],
    },
    Component {
        types: &["SelectiveAuthenticator"],
        at: &[],
        keys: &["authenticator_selection_path", "authenticators"],
    },
    Component {
        types: &["CsvDecoder", "CsvParser"],
        at: &[],
        keys: &["delimiter", "encoding"],
    },
    Component {
        types: &["JsonLineParser", "JsonParser"],
        at: &[],
        keys: &["encoding"],
    },
    Component {
        types: &[
            "CompositeRawDecoder",
            "GzipDecoder",
            "GzipParser",
            "ZipfileDecoder",
        ],
        at: &[],
        keys: &["decoder", "inner_parser", "parser"],
    },
];

impl Component {
    fn of(kind: Option<&str>, key: &str) -> Option<&'static Self> {
        let mut all = COMPONENTS.iter();
        match kind {
            Some(kind) => all.find(|one| one.types.contains(&kind)),
            None => all.find(|one| one.at.contains(&key)),
        }
    }
}

impl Builder<'_, '_> {
    /// Loses the keys that are not imported, of a component at a key and of all in it.
    pub(super) fn unsupported(&mut self, value: &Value, at: &str) {
        for element in value.elements() {
            self.unsupported(element, at);
        }
        let kind = value
            .text_of("type")
            .filter(|kind| kind.starts_with(|c: char| c.is_ascii_uppercase()));
        let component = Component::of(kind, at);
        let parameters = value.at(&["$parameters"]);
        for (key, inner) in value.entries() {
            let name = key.as_str();
            if COMMON.contains(&name) || inner.kind == Kind::Null {
                continue;
            }
            if let Some(component) = component {
                let kind = kind.unwrap_or(component.types[0]);
                let is_known = component.keys.contains(&name)
                    || parameters.get(key).is_some()
                    || LEFT.contains(&name) && LEFT_IN.contains(&kind)
                    // What tokens say of themselves by convention.
                    || at == "jwt_headers" && name == "typ" && inner.text() == Some("JWT");
                if !is_known {
                    self.lose(inner.place, format!("`{key}` of `{kind}` is not supported"));
                    continue;
                }
            }
            if !DATA.contains(&name) {
                self.unsupported(inner, name);
            }
        }
    }
}
