//! Low-code manifests as specs: references, settings, paging, cursors, partitions, losses and hostile input.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use rest_source_codegen::compile;
use rest_source_import::airbyte::import;
use rest_source_import::{ImportError, Imported};

const LIBRARY: &str = include_str!("airbyte/library.yaml");

fn read(manifest: &str) -> Result<Imported, ImportError> {
    import("manifest.yaml", manifest, &|path| {
        (path == "./source_library/schemas/fines.json").then(|| {
            let schema = r#"{"type": "object", "properties": {"id": {"type": "integer"}, "cents": {"type": "integer"}}}"#;
            ("schemas/fines.json".to_owned(), schema.to_owned())
        })
    })
}

fn spec(manifest: &str) -> String {
    let imported = read(manifest).unwrap();
    let text = imported.text();
    let compiled = compile("spec.yaml", &text);
    assert!(
        !compiled.diagnostics.has_errors(),
        "{}",
        compiled.diagnostics.render()
    );
    let losses: Vec<String> = imported.losses.iter().map(ToString::to_string).collect();
    format!("{text}\n=== not imported\n{}\n", losses.join("\n"))
}

/// A manifest of one stream, with these keys in its requester, its retriever and itself.
fn one(requester: &str, retriever: &str, stream: &str) -> String {
    format!(
        "
type: DeclarativeSource
streams:
  - type: DeclarativeStream
    name: books
    retriever:
      type: SimpleRetriever
      requester: {{ type: HttpRequester, url_base: https://api.library.example, path: /books{requester} }}
      record_selector: {{ type: RecordSelector, extractor: {{ type: DpathExtractor, field_path: [] }} }}
      {retriever}
    schema_loader:
      type: InlineSchemaLoader
      schema: {{ type: object, properties: {{ id: {{ type: integer }}, at: {{ type: string }} }} }}
    {stream}
"
    )
}

#[test]
fn a_manifest_becomes_a_spec() {
    insta::assert_snapshot!(spec(LIBRARY));
}

#[test]
fn python_is_lost_by_name_with_its_place() {
    let manifest = one(
        ", authenticator: { type: CustomAuthenticator, class_name: source_library.components.Signed, key: \"{{ config['key'] }}\" }",
        "paginator: { type: DefaultPaginator, pagination_strategy: { type: CustomPaginationStrategy, class_name: source_library.components.ByShelf } }",
        "transformations: [{ type: CustomTransformation, class_name: source_library.components.Flat }]",
    );
    insta::assert_snapshot!(spec(&manifest));
}

/// A manifest of one stream, with this instead of its selector's `field_path: []`.
fn selected(selector: &str, retriever: &str, stream: &str) -> String {
    let usual = "extractor: { type: DpathExtractor, field_path: [] }";
    one("", retriever, stream).replace(usual, selector)
}

/// A cursor of `at`, with these keys too.
fn cursor(keys: &str) -> String {
    format!(
        "incremental_sync: {{ type: DatetimeBasedCursor, cursor_field: at, datetime_format: '%Y-%m-%d', start_datetime: '2021-01-01'{keys} }}"
    )
}

#[test]
fn criteria_of_a_filter_of_responses_are_alternatives() {
    let handler = ", error_handler: { type: DefaultErrorHandler, response_filters: [{ type: HttpResponseFilter, action: FAIL, error_message: No shelf, http_codes: [403, 404], error_message_contains: shelf, predicate: \"{{ response.code == 7 }}\" }] }";
    let text = spec(&one(handler, "", ""));
    let actions = text.split("response_actions:").nth(1).unwrap();
    let words: String = actions.split_whitespace().collect::<Vec<_>>().join(" ");
    // The codes, the predicate, and the message at a status of an error or at one of four places.
    assert_eq!(words.matches("action: fail").count(), 7, "{text}");
    assert_eq!(words.matches("No shelf").count(), 7, "{text}");
}

#[test]
fn a_start_is_read_in_its_format() {
    for (start, format, expected) in [
        ("20210101", "%Y%m%d", "initial_value: 2021-01-01"),
        ("20210101", "%d", "it is not a time"),
        (
            "1609459200000",
            "%epoch_milliseconds",
            "2021-01-01T00:00:00Z",
        ),
        (
            "2021-01-01T00:00:00+1é0",
            "%Y-%m-%dT%H:%M:%S%z",
            "is no timestamp",
        ),
    ] {
        let cursor = format!(
            "incremental_sync: {{ type: DatetimeBasedCursor, cursor_field: at, datetime_format: '{format}', start_datetime: {{ type: MinMaxDatetime, datetime: '{start}' }} }}"
        );
        let text = spec(&one("", "", &cursor));
        assert!(text.contains(expected), "{text}");
        assert!(!text.contains("1970"), "{text}");
    }
}

#[test]
fn keys_that_are_not_imported_are_lost_by_name() {
    let oauth = ", authenticator: { type: OAuthAuthenticator, client_id: a, client_secret: \"{{ config['s'] }}\", token_refresh_endpoint: 'https://a.example/token', grant_type: client_credentials, refresh_token_updater: {}, refresh_token_name: r, client_id_name: c, use_profile_assertion: true, token_expiry_date_format: '%s' }";
    let parents = "partition_router: { type: SubstreamPartitionRouter, parent_stream_configs: [{ type: ParentStreamConfig, parent_key: id, partition_field: shelf, incremental_dependency: true, lazy_read_pointer: [a], stream: { type: DeclarativeStream, name: shelves, retriever: { type: SimpleRetriever, requester: { type: HttpRequester, url_base: 'https://api.library.example', path: /shelves }, record_selector: { type: RecordSelector, extractor: { type: DpathExtractor, field_path: [] } } }, schema_loader: { type: InlineSchemaLoader, schema: { type: object, properties: { id: { type: integer } } } } } }] }";
    let decoder = "decoder: { type: CsvDecoder, set_values_to_none: ['-'] }";
    let jwt = ", authenticator: { type: JwtAuthenticator, algorithm: HS256, secret_key: \"{{ config['s'] }}\", header_prefix: JWT, passphrase: p, jwt_headers: { kid: k, typ: JWS, cty: c } }";
    let bounds = "incremental_sync: { type: DatetimeBasedCursor, cursor_field: at, datetime_format: '%Y-%m-%d', start_datetime: { type: MinMaxDatetime, datetime: '2021-01-01', min_datetime: '2020-01-01', max_datetime: '2022-01-01' } }";
    let fields = "transformations: [{ type: AddFields, fields: [{ type: AddedFieldDefinition, path: [b], value: x, value_type: string }] }]";
    for (manifest, kind, keys) in [
        (
            one(oauth, "", ""),
            "OAuthAuthenticator",
            &[
                "refresh_token_updater",
                "refresh_token_name",
                "client_id_name",
                "use_profile_assertion",
                "token_expiry_date_format",
            ][..],
        ),
        (
            one("", parents, ""),
            "ParentStreamConfig",
            &["lazy_read_pointer"],
        ),
        (one("", decoder, ""), "CsvDecoder", &["set_values_to_none"]),
        (one(jwt, "", ""), "JwtAuthenticator", &["passphrase"]),
        (one(jwt, "", ""), "JwtHeaders", &["typ", "cty"]),
        (
            one("", "", bounds),
            "MinMaxDatetime",
            &["min_datetime", "max_datetime"],
        ),
        (one("", "", fields), "AddedFieldDefinition", &["value_type"]),
        (
            one("", "page_size: 3", "path: x"),
            "DeclarativeStream",
            &["path"],
        ),
    ] {
        let text = spec(&manifest);
        for key in keys {
            let loss = format!("`books`: `{key}` of `{kind}` is not supported");
            let losses = text.split("=== not imported").nth(1).unwrap();
            assert!(losses.contains(&loss), "{loss}: {text}");
        }
    }
}

#[test]
fn fields_that_are_added_or_removed_on_a_condition_are_lost() {
    for kind in ["RemoveFields", "AddFields"] {
        let stream = format!(
            "transformations: [{{ type: {kind}, condition: \"{{{{ record.id > 3 }}}}\", field_pointers: [[at]], fields: [{{ path: [at], value: x }}] }}]"
        );
        let text = spec(&one("", "", &stream));
        assert!(
            text.contains(&format!("`{kind}` if `{{{{ record.id > 3 }}}}`")),
            "{text}"
        );
        assert!(text.contains("\n      at: text\n"), "{text}");
        assert!(!text.contains("value: x"), "{text}");
    }
}

#[test]
fn the_incremental_one_of_two_streams_is_lost_by_name() {
    let full = one("", "", "");
    let (head, full) = full.split_once("  - type: DeclarativeStream\n").unwrap();
    let full: String = full.lines().fold(String::new(), |mut made, line| {
        let _ = writeln!(made, "    {line}");
        made
    });
    let manifest = format!(
        "{head}  - type: StateDelegatingStream\n    name: books\n    full_refresh_stream:\n        type: DeclarativeStream\n{full}    incremental_stream: {{ type: DeclarativeStream, name: books }}\n"
    );
    let text = spec(&manifest);
    let loss = "`books`: the incremental stream is not imported: each fetch reads all records";
    assert!(text.contains(loss), "{text}");
}

#[test]
fn switches_that_are_not_imported_are_lost_where_they_matter() {
    let of = |on: bool, filter: &str, transformations: &str, cursor: &str| {
        let paginator = "paginator: { type: DefaultPaginator, page_token_option: { type: RequestOption, inject_into: request_parameter, field_name: page }, pagination_strategy: { type: PageIncrement, page_size: 9 } }";
        spec(&selected(
            &format!(
                "extractor: {{ type: DpathExtractor, field_path: [] }}, transform_before_filtering: {on}{filter}"
            ),
            &format!(
                "ignore_stream_slicer_parameters_on_paginated_requests: {on}\n      {paginator}"
            ),
            &format!("{transformations}\n    {cursor}"),
        ))
    };
    let filter = ", record_filter: { type: RecordFilter, condition: \"{{ record.id > 3 }}\" }";
    let fields =
        "transformations: [{ type: AddFields, fields: [{ path: [id], value: \"{{ 3 }}\" }] }]";
    let text = of(true, filter, fields, &cursor(""));
    for key in [
        "transform_before_filtering",
        "ignore_stream_slicer_parameters_on_paginated_requests",
    ] {
        assert!(text.contains(&format!("`books`: `{key}`:")), "{text}");
    }
    for text in [
        of(false, filter, fields, &cursor("")),
        of(true, filter, "", ""),
        of(true, "", fields, ""),
    ] {
        assert!(text.ends_with("=== not imported\n\n"), "{text}");
    }
}

#[test]
fn a_class_without_a_type_is_python() {
    let extractor = "extractor: { class_name: a.Checked, field_path: [data] }";
    let text = spec(&selected(extractor, "", ""));
    assert!(
        text.contains("the extractor `a.Checked` is Python"),
        "{text}"
    );
    assert!(text.contains("crate::checked"), "{text}");
    let requester = one("", "", "").replace("type: HttpRequester", "class_name: a.Signed");
    let text = spec(&requester);
    assert!(
        text.contains("the requester `a.Signed` is Python"),
        "{text}"
    );
}

#[test]
fn only_the_filter_of_the_cursor_is_left_to_it() {
    for (condition, is_own) in [
        ("record.at >= stream_slice.start_time", true),
        ("record['at'] > stream_state['at']", true),
        ("stream_interval.end_time >= record.at", true),
        (
            "record.get('at') > stream_interval.get('start_time', '')",
            true,
        ),
        ("record.closed_at > stream_slice.closed_after", false),
        ("record.closed_at > stream_slice.start_time", false),
        ("record.at < stream_slice.start_time", false),
        ("record.at > stream_state.closed_at", false),
    ] {
        let selector = format!(
            "extractor: {{ type: DpathExtractor, field_path: [] }}, record_filter: {{ type: RecordFilter, condition: \"{{{{ {condition} }}}}\" }}"
        );
        let text = spec(&selected(&selector, "", &cursor("")));
        assert_eq!(
            text.ends_with("=== not imported\n\n"),
            is_own,
            "{condition}: {text}"
        );
    }
}

#[test]
fn a_cursor_that_counts_starts_where_it_says() {
    let option = "start_value_option: { type: RequestOption, inject_into: request_parameter, field_name: after }";
    for (field, start, expected) in [
        ("id", "5", "initial_value: 5"),
        ("{{ 'i' ~ 'd' }}", "{{ 7 }}", "initial_value: 7"),
        ("id", "{{ config['first'] }}", "{config.first}"),
        ("id", "{{ record.x }}", "`start_value` of the cursor"),
    ] {
        let stream = format!(
            "incremental_sync: {{ type: IncrementingCountCursor, cursor_field: \"{field}\", start_value: \"{start}\", {option} }}"
        );
        let text = spec(&one("", "", &stream));
        for part in ["cursor_path: id", "start_param: after", expected] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
    let stream = "incremental_sync: { type: IncrementingCountCursor, cursor_field: '' }";
    let text = spec(&one("", "", stream));
    assert!(text.contains("the cursor has no `cursor_field`"), "{text}");
}

#[test]
fn a_cursor_in_python_is_imported_or_said_to_be_lost() {
    for (keys, is_imported) in [
        (
            ", start_datetime: '2021-01-01', datetime_format: '%Y-%m-%d'",
            true,
        ),
        ("", false),
    ] {
        let stream = format!(
            "incremental_sync: {{ type: CustomIncrementalSync, class_name: a.B, cursor_field: at{keys} }}"
        );
        let text = spec(&one("", "", &stream));
        assert_eq!(text.contains("incremental:"), is_imported, "{text}");
        let is_lost = text.contains("all records are fetched each time");
        assert_eq!(is_lost, !is_imported, "{text}");
    }
}

#[test]
fn records_at_any_depth_are_selected_there() {
    let of = |keys: &str| {
        let selector = format!("extractor: {{ type: DpathExtractor, field_path: [{keys}] }}");
        spec(&selected(&selector, "", ""))
    };
    for (keys, expected) in [
        ("a, '**', items", "$.a..items"),
        ("'**', 'an item'", "$..['an item']"),
        ("a, '**', '*'", "$.a..[*]"),
        ("a, '*', b", "$.a[*].b"),
    ] {
        let text = of(keys);
        assert!(
            text.contains(&format!("data_selector: {expected}")),
            "{text}"
        );
        assert!(text.ends_with("=== not imported\n\n"), "{text}");
    }
    let text = of("a, '**'");
    assert!(text.contains("`field_path` ends with `**`"), "{text}");
}

#[test]
fn decoders_and_charsets_have_our_names() {
    for (decoder, expected) in [
        (
            "type: CompositeRawDecoder, parser: { type: GzipParser, inner_parser: { type: JsonLineParser, encoding: latin-1 } }",
            &["compression: gzip", "type: jsonl", "charset: iso-8859-1"][..],
        ),
        (
            "type: CompositeRawDecoder, parser: { type: JsonParser, encoding: CP1252 }",
            &["type: json", "charset: windows-1252"],
        ),
        ("type: CsvDecoder, encoding: UTF_8", &["decoder: csv"]),
        (
            "type: CsvDecoder, encoding: Shift_JIS",
            &["charset: shift_jis"],
        ),
        (
            "type: CsvDecoder, encoding: iso8859_15",
            &["charset: iso-8859-15"],
        ),
        (
            "type: CsvDecoder, encoding: utf_16_be",
            &["charset: utf-16be"],
        ),
    ] {
        let text = spec(&one("", &format!("decoder: {{ {decoder} }}"), ""));
        for part in expected {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(text.ends_with("=== not imported\n\n"), "{text}");
    }
    let text = spec(&one(
        "",
        "decoder: { type: CsvDecoder, encoding: cp037 }",
        "",
    ));
    assert!(
        text.contains("the encoding `cp037` is not supported"),
        "{text}"
    );
    assert!(!text.contains("charset:"), "{text}");
}

#[test]
fn a_list_in_a_body_keeps_its_types() {
    let body = ", http_method: POST, request_body_json: { ids: \"{{ [1, true, 'a', config['first']] }}\" }";
    let text = spec(&one(body, "", ""));
    assert!(
        text.contains("ids: [1, true, a, \"{config.first}\"]"),
        "{text}"
    );
}

#[test]
fn streams_of_the_same_name_in_rust_get_names_of_their_own() {
    let stream = |name: &str| one("", "", "").replace("name: books", &format!("name: {name}"));
    let first = stream("Order Lines");
    let second = stream("order-lines");
    let second = second.split_once("streams:\n").unwrap().1;
    let text = spec(&format!("{first}{second}"));
    assert!(text.contains("- name: order_lines\n"), "{text}");
    assert!(text.contains("- name: order_lines_2\n"), "{text}");
}

#[test]
fn what_is_not_a_manifest_is_an_error_with_a_place() {
    for (manifest, place) in [
        ("", "manifest.yaml:1:1"),
        ("a: [1, 2\nb: 3", "manifest.yaml:2"),
        ("openapi: 3.0.0\npaths: {}", "manifest.yaml:1:1"),
        ("type: DeclarativeSource\nstreams: []", "manifest.yaml:2:10"),
        (
            "streams: [{ $ref: '#/a' }]\na: { $ref: '#/b' }\nb: { x: { $ref: '#/a' } }",
            "manifest.yaml:3:9",
        ),
    ] {
        let error = read(manifest).unwrap_err();
        assert!(error.place.starts_with(place), "{error}");
    }
}

#[test]
fn references_that_multiply_are_an_error() {
    let mut manifest = "streams: ['#/s0']\n".to_owned();
    for at in 0..30 {
        let next = at + 1;
        let _ = writeln!(
            manifest,
            "s{at}: {{ a: '#/s{next}', b: '#/s{next}', c: '#/s{next}' }}"
        );
    }
    manifest += "s30: x\n";
    let start = Instant::now();
    let error = read(&manifest).unwrap_err();
    assert!(error.message.contains("values"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(60));
}

#[test]
fn hostile_templates_are_lost_and_never_run() {
    for template in [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ config.__init__.__globals__['os'].popen('touch /tmp/x').read() }}",
        "{% for x in range(10**9) %}x{% endfor %}",
        "{{ range(1000000000) | list | join }}",
        "{{ 'a' * 10000000000 }}",
        "{{ cycler.__init__.__globals__.os.system('id') }}",
        "{{ ((((((((((((((((((((((((((((((((((((((((((((((((((((((1)))))))) }}",
        "{{ config['é́\u{202e}'] ~ '\\u0000' }}",
        "{{",
        "{% if %}",
        "{% if a %}{% if b %}",
    ] {
        let quoted = serde_json::to_string(template).unwrap();
        let manifest = one(&format!(", request_parameters: {{ q: {quoted} }}"), "", "");
        let imported = read(&manifest).unwrap();
        assert!(
            !compile("spec.yaml", &imported.text())
                .diagnostics
                .has_errors()
        );
        let is_lost = imported
            .losses
            .iter()
            .any(|loss| loss.place.starts_with("manifest.yaml:8:"));
        assert!(
            is_lost || template.contains("202e") || template.contains('é'),
            "{template}"
        );
    }
}

#[test]
fn a_cursor_of_which_the_start_is_sent_has_no_end() {
    let cursor = "incremental_sync:
      type: DatetimeBasedCursor
      cursor_field: at
      datetime_format: '%Y-%m-%d'
      start_datetime: \"{{ config['since'] or '2024-01-01' }}\"
      end_datetime: \"{{ now_utc().strftime('%Y-%m-%d') }}\"
      start_time_option: { type: RequestOption, inject_into: request_parameter, field_name: since }";
    let text = spec(&one("", "", cursor));
    assert!(text.contains("start_param: since"), "{text}");
    assert!(text.contains("initial_value: \"{config.since}\""), "{text}");
    assert!(text.contains("default: 2024-01-01T00:00:00Z"), "{text}");
    assert!(!text.contains("end_value"), "{text}");
}

/// A manifest whose pages have a token of this value, with these keys of its paginator and its strategy.
fn paged(requester: &str, value: &str, strategy: &str, paginator: &str) -> String {
    let value = serde_json::to_string(value).unwrap();
    let paginator = format!(
        "paginator: {{ type: DefaultPaginator, {paginator}, pagination_strategy: \
         {{ type: CursorPagination, cursor_value: {value}{strategy} }} }}"
    );
    one(requester, &paginator, "")
}

const PAGE: &str =
    "page_token_option: { type: RequestOption, inject_into: request_parameter, field_name: page }";

#[test]
fn the_first_of_counted_pages_is_uncertain_where_nothing_says_it() {
    let next = "{{ response.meta.page + 1 }}";
    let text = spec(&paged("", next, "", PAGE));
    assert!(
        text.contains("Not certain: the manifest does not say the number of the first page"),
        "{text}"
    );
    assert!(text.contains("base_page: 1"), "{text}");
    // A parameter says it.
    let text = spec(&paged(", request_parameters: { page: 0 }", next, "", PAGE));
    assert!(
        text.contains("paginator: page_number") && !text.contains("Not certain"),
        "{text}"
    );
    assert!(
        !text.contains("base_page: 1") && !text.contains("inject_on_first_request"),
        "{text}"
    );
    // The last record has no number of a page.
    for value in [
        "{{ last_record.id + 1 }}",
        "{{ config['page'] + 1 }}",
        "{{ last_page_size + 1 }}",
    ] {
        let manifest = paged("", value, "", PAGE);
        let lost = losses(&manifest);
        assert!(
            lost.iter().any(|one| one.contains("pages past the first")),
            "{lost:?}"
        );
        assert!(spec(&manifest).contains("paginator: single_page"));
    }
}

#[test]
fn the_total_of_counted_pages_ends_them() {
    let next = "{{ response.page + 1 }}";
    for (condition, base) in [
        ("response.page == response.pages", "base_page: 1"),
        ("response.pages == response.page", "base_page: 1"),
        ("response.page >= response.pages", "base_page: 1"),
        ("response.pages <= response.page", "base_page: 1"),
        ("response.page + 1 > response.pages", "base_page: 1"),
        ("response.page + 1 == response.pages", ""),
    ] {
        let stop = format!(", stop_condition: \"{{{{ {condition} }}}}\"");
        let text = spec(&paged("", next, &stop, PAGE));
        assert!(text.contains("total_path: $.pages"), "{condition}: {text}");
        assert!(!text.contains("Not certain"), "{condition}: {text}");
        assert_eq!(
            text.contains("base_page: 1"),
            !base.is_empty(),
            "{condition}: {text}"
        );
    }
    for condition in [
        "response.page > response.pages",
        "response.other == response.pages",
        "response.page < response.pages",
        "response.page == 5",
    ] {
        let stop = format!(", stop_condition: \"{{{{ {condition} }}}}\"");
        let text = spec(&paged("", next, &stop, PAGE));
        assert!(!text.contains("total_path"), "{condition}: {text}");
        assert!(
            text.contains(&format!("{condition} }}}}` holds")),
            "{condition}: {text}"
        );
    }
}

#[test]
fn a_token_in_a_url_is_a_link_behind_a_host_and_a_parameter_behind_its_name() {
    let path = "page_token_option: { type: RequestPath }";
    for value in [
        "{{ response.next }}",
        "https://api.library.example{{ response.next }}",
    ] {
        let text = spec(&paged("", value, "", path));
        assert!(text.contains("next_url_path: $.next"), "{text}");
    }
    for value in [
        "https://api.library.example/books?after={{ response.next }}",
        "/books?after={{ response.next }}",
        "?after={{ response.next }}",
    ] {
        let text = spec(&paged("", value, "", path));
        assert!(text.contains("cursor_param: after"), "{text}");
        assert!(text.contains("cursor_path: $.next"), "{text}");
    }
    for value in [
        "https://api.library.example/v2/{{ response.next }}",
        "https://api.library.example/others?after={{ response.next }}",
        "/books?limit=5&after={{ response.next }}",
        "{{ response.next }}/info.json",
    ] {
        let manifest = paged("", value, "", path);
        let lost = losses(&manifest);
        assert!(
            lost.iter().any(|one| one.contains("pages past the first")),
            "{value}: {lost:?}"
        );
        assert!(
            spec(&manifest).contains("paginator: single_page"),
            "{value}"
        );
    }
}

#[test]
fn options_in_bodies_keep_numbers_and_names() {
    let option = |key: &str, name: &str| {
        format!("{key}: {{ type: RequestOption, inject_into: body_json, {name} }}")
    };
    let paginator = format!(
        "{}, {}",
        option("page_token_option", "field_name: a.b"),
        option("page_size_option", "field_path: [page, \"{{ 'size' }}\"]")
    );
    let text = spec(&paged(
        ", http_method: POST",
        "{{ response.next }}",
        ", page_size: 100",
        &paginator,
    ));
    assert!(text.contains("cursor_body_path: \"$['a.b']\""), "{text}");
    assert!(text.contains("size: 100"), "{text}");
    assert!(text.ends_with("=== not imported\n\n"), "{text}");
}

#[test]
fn credentials_are_sent_by_the_way_to_a_nested_key() {
    let text = spec(&one(
        ", http_method: POST, authenticator: { type: ApiKeyAuthenticator, api_token: \"{{ config['key'] }}\", \
         inject_into: { type: RequestOption, inject_into: body_json, field_path: [auth, \"{{ 'key' }}\"] } }",
        "",
        "",
    ));
    assert!(text.contains("auth: { key: \"{secrets.key}\" }"), "{text}");
}

#[test]
fn a_first_page_that_is_no_number_is_lost() {
    let paginator = |start: &str| {
        format!(
            "paginator: {{ type: DefaultPaginator, {PAGE}, pagination_strategy: {{ type: PageIncrement, start_from_page: {start} }} }}"
        )
    };
    let lost = losses(&one("", &paginator("\"{{ config['first'] }}\""), ""));
    assert!(
        lost.iter().any(|one| one.contains("`start_from_page`")),
        "{lost:?}"
    );
    for start in ["1", "\"1\"", "\"{{ 1 }}\""] {
        let text = spec(&one("", &paginator(start), ""));
        assert!(text.contains("base_page: 1"), "{text}");
        assert!(text.ends_with("=== not imported\n\n"), "{text}");
    }
}

#[test]
fn keys_that_are_not_imported_are_lost() {
    let imported = read(&one(", query_properties: { a: 1 }", "", "")).unwrap();
    let losses: Vec<String> = imported.losses.iter().map(ToString::to_string).collect();
    assert_eq!(
        losses,
        ["manifest.yaml:8:112: `books`: `query_properties` of `HttpRequester` is not supported"]
    );
}

#[test]
fn groups_of_partitions_are_lost_by_name() {
    let router = "partition_router: { type: GroupingPartitionRouter, group_size: 10, underlying_partition_router: \
                  { type: ListPartitionRouter, values: [a, b], cursor_field: letter } }";
    let letter = ", request_parameters: { letter: \"{{ stream_partition.letter }}\" }";
    let imported = read(&one(letter, router, "")).unwrap();
    let losses: Vec<String> = imported.losses.iter().map(ToString::to_string).collect();
    assert_eq!(losses.len(), 1, "{losses:?}");
    assert!(
        losses[0].contains("the groups of partitions are not imported"),
        "{losses:?}"
    );
}

#[test]
fn values_of_ancestors_are_carried() {
    let mut manifest = "streams:\n".to_owned();
    let mut definitions = "definitions:\n".to_owned();
    for (name, path, parents) in [
        ("shops", "shops", &[][..]),
        (
            "shelves",
            "shops/{{ stream_partition.shop }}/shelves",
            &[("shops", "shop")][..],
        ),
        (
            "books",
            "shops/{{ stream_partition.parent_slice.shop }}/shelves/{{ stream_partition.shelf }}/books",
            &[("shelves", "shelf")][..],
        ),
        (
            "pages",
            "shops/{{ stream_slice['shop'] }}/shelves/{{ stream_slice['shelf'] }}/books/{{ stream_slice['book'] }}/pages",
            &[("shops", "shop"), ("shelves", "shelf"), ("books", "book")][..],
        ),
    ] {
        let parents: Vec<String> = parents
            .iter()
            .map(|(parent, field)| {
                format!("{{ stream: '#/definitions/{parent}', parent_key: id, partition_field: {field} }}")
            })
            .collect();
        let routers: Vec<String> = parents
            .iter()
            .map(|config| {
                format!("{{ type: SubstreamPartitionRouter, parent_stream_configs: [{config}] }}")
            })
            .collect();
        let schema = "schema_loader: { type: InlineSchemaLoader, schema: { properties: { id: { type: string } } } }";
        let requester = format!("requester: {{ url_base: https://a.example, path: \"{path}\" }}");
        let routers = routers.join(", ");
        let _ = writeln!(manifest, "  - '#/definitions/{name}'");
        let _ = writeln!(
            definitions,
            "  {name}: {{ name: {name}, {schema}, retriever: {{ {requester}, partition_router: [{routers}] }} }}"
        );
    }
    let text = spec(&format!("{manifest}{definitions}"));
    insta::assert_snapshot!(text);
}

fn losses(manifest: &str) -> Vec<String> {
    let losses = read(manifest).unwrap().losses;
    losses.iter().map(ToString::to_string).collect()
}

#[test]
fn streams_that_name_each_other_as_parents_end_soon() {
    let of = |count: usize, retriever: &str| {
        let mut manifest = "streams:\n".to_owned();
        for at in 0..count {
            let parents: Vec<String> = (0..count)
                .filter(|other| *other != at)
                .map(|other| {
                    format!(
                        "{{ parent_key: id, partition_field: p{other}, stream: {{ name: s{other}{retriever} }} }}"
                    )
                })
                .collect();
            let parents = parents.join(", ");
            let _ = writeln!(
                manifest,
                "- {{ name: s{at}, retriever: {{ requester: {{ url_base: 'https://a.example', path: 's{at}/{{{{ stream_partition.p{} }}}}' }}, \
                 partition_router: {{ type: SubstreamPartitionRouter, parent_stream_configs: [{parents}] }} }} }}",
                (at + 1) % count
            );
        }
        manifest
    };
    let start = Instant::now();
    for count in [2, 6, 20] {
        for retriever in ["", ", retriever: {}"] {
            let error = read(&of(count, retriever)).unwrap_err();
            assert!(error.place.starts_with("manifest.yaml"), "{error}");
        }
    }
    assert!(start.elapsed() < Duration::from_secs(20));
}

/// A stream that is read for each of its parents.
fn node(name: &str, parents: &[String]) -> String {
    let parents: Vec<String> = parents
        .iter()
        .enumerate()
        .map(|(at, parent)| {
            format!("{{ parent_key: id, partition_field: p{at}, stream: {parent} }}")
        })
        .collect();
    let path = if parents.is_empty() {
        ""
    } else {
        "/{{ stream_partition.p0 }}"
    };
    format!(
        "{{ name: {name}, schema_loader: {{ type: InlineSchemaLoader, schema: {{ properties: {{ id: {{ type: string }} }} }} }}, \
         retriever: {{ requester: {{ url_base: 'https://a.example', path: '/{name}{path}' }}, \
         partition_router: {{ type: SubstreamPartitionRouter, parent_stream_configs: [{}] }} }} }}",
        parents.join(", ")
    )
}

#[test]
fn layers_of_parents_end_soon() {
    let mut layer: Vec<String> = Vec::new();
    let mut manifest = "streams:\n".to_owned();
    let mut definitions = "definitions:\n".to_owned();
    for depth in 0..5 {
        let above = std::mem::take(&mut layer);
        for at in 0..5 {
            let name = format!("s{depth}_{at}");
            let _ = writeln!(manifest, "- '#/definitions/{name}'");
            let _ = writeln!(definitions, "  {name}: {}", node(&name, &above));
            layer.push(format!("'#/definitions/{name}'"));
        }
    }
    let start = Instant::now();
    let text = spec(&format!("{manifest}{definitions}"));
    assert_eq!(text.matches("- name: s").count(), 25);
    assert!(text.ends_with("=== not imported\n\n"), "{text}");
    assert!(
        start.elapsed() < Duration::from_secs(60),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn streams_that_multiply_are_an_error() {
    let wide: Vec<String> = (0..100).map(|at| node(&format!("w{at}"), &[])).collect();
    let mut manifest = "streams:\n".to_owned();
    for at in 0..900 {
        let _ = writeln!(manifest, "- {{ $ref: '#/definitions/child', name: c{at} }}");
    }
    let _ = writeln!(manifest, "definitions:\n  child: {}", node("child", &wide));
    manifest = manifest.replace(
        "retriever: {",
        "retriever: { x: [0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],",
    );
    let start = Instant::now();
    let error = read(&manifest).unwrap_err();
    assert!(error.message.contains("values"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(60));
}

#[test]
fn a_parent_that_differs_from_the_stream_of_its_name_is_one_of_its_own() {
    let shelves = node("shelves", &[]);
    let all = shelves.replace("path: '/shelves'", "path: '/shelves/all'");
    let books = node("books", std::slice::from_ref(&all));
    let pages = node("pages", std::slice::from_ref(&all));
    let text = spec(&format!("streams:\n- {shelves}\n- {books}\n- {pages}\n"));
    assert!(text.contains("- name: shelves_of_books\n"), "{text}");
    assert!(text.contains("path: /shelves/all,"), "{text}");
    assert_eq!(
        text.matches("{resources.shelves_of_books.id}").count(),
        2,
        "{text}"
    );
    assert!(text.ends_with("=== not imported\n\n"), "{text}");
    // What only parameters around it or a schema add is no difference.
    let bare = shelves.replace(
        "name: shelves,",
        "name: shelves, $parameters: { path: /x },",
    );
    let books = node("books", &[bare]);
    let text = spec(&format!("streams:\n- {shelves}\n- {books}\n"));
    assert!(text.contains("{resources.shelves.id}"), "{text}");
    assert_eq!(text.matches("- name: ").count(), 2, "{text}");
}

#[test]
fn second_partitions_of_a_name_are_lost() {
    let letters = |values: &str| {
        format!("{{ type: ListPartitionRouter, values: [{values}], cursor_field: kind }}")
    };
    let router = format!("partition_router: [{}, {}]", letters("a, b"), letters("c"));
    let manifest = one(
        ", request_parameters: { kind: \"{{ stream_partition.kind }}\" }",
        &router,
        "",
    );
    let lost = losses(&manifest);
    assert_eq!(lost.len(), 1, "{lost:?}");
    assert!(lost[0].contains("the second partitions `kind`"), "{lost:?}");
    assert!(spec(&manifest).contains("kind: [a, b]"));
}

#[test]
fn options_of_partitions_find_keys_that_are_templates() {
    let router = "partition_router: { type: ListPartitionRouter, values: [a, b], cursor_field: \"{{ 'kind' }}\", \
                  request_option: { inject_into: request_parameter, field_name: kind } }";
    let text = spec(&one("", router, ""));
    assert!(text.contains("kind: \"{partition.kind}\""), "{text}");
    let lost = losses(&one(
        "",
        &router.replace("{{ 'kind' }}", "{{ config['kind'] }}"),
        "",
    ));
    assert!(
        lost.iter()
            .any(|one| one.contains("where the partition is sent")),
        "{lost:?}"
    );
}

#[test]
fn a_key_may_hold_the_value_of_a_partition() {
    let router = "partition_router: { type: ListPartitionRouter, cursor_field: kind, values: [a, b], request_option: { inject_into: request_parameter, field_name: kind } }";
    let stream = "primary_key: [[id], [kind]]
    transformations: [{ type: AddFields, fields: [{ path: [kind], value: \"{{ stream_partition.kind }}\" }] }]";
    let text = spec(&one("", router, stream));
    assert!(text.contains("primary_key: [id, kind]"), "{text}");
    assert!(text.contains("include_from_partition: [kind]"), "{text}");
    assert!(text.ends_with("=== not imported\n\n"), "{text}");
}

#[test]
fn manifests_of_many_streams_end_soon() {
    let of = |count: usize| {
        let mut manifest = "streams:\n".to_owned();
        for at in 0..count {
            let _ = writeln!(
                manifest,
                "- {{ name: s{at}, retriever: {{ requester: {{ url_base: 'https://a.example', path: s{at} }} }} }}"
            );
        }
        manifest
    };
    let start = Instant::now();
    let imported = read(&of(400)).unwrap();
    let resources = imported.spec.get("resources").unwrap().elements().len();
    assert_eq!(resources, 400);
    let error = read(&of(100_000)).unwrap_err();
    assert_eq!(error.place, "manifest.yaml:1002:3");
    assert!(start.elapsed() < Duration::from_secs(120));
}

#[test]
fn odd_components_never_crash() {
    for (key, value) in [
        ("streams", "{}"),
        ("streams", "[null, 1, [], {}, { retriever: {} }]"),
        ("streams", "[{ name: [], retriever: [] }]"),
        ("dynamic_streams", "[{ type: DynamicDeclarativeStream }]"),
        (
            "streams",
            "[{ name: a, retriever: { requester: { url_base: 'ftp://x', path: [] } } }]",
        ),
        (
            "streams",
            "[{ name: a, retriever: { requester: { url_base: '', path: '' } } }]",
        ),
    ] {
        let error = read(&format!("{key}: {value}\n")).unwrap_err();
        assert!(error.place.starts_with("manifest.yaml"), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_template_is_sent_or_lost(template in "[{}%# a-z'\"\\[\\]().|+~=<>0-9_]{0,60}") {
        let quoted = serde_json::to_string(&template).unwrap();
        let manifest = one(&format!(", request_parameters: {{ q: {quoted} }}"), "", "");
        let imported = read(&manifest).unwrap();
        let compiled = compile("spec.yaml", &imported.text());
        prop_assert!(!compiled.diagnostics.has_errors());
    }

    #[test]
    fn a_changed_manifest_is_read_or_an_error(at in 0..LIBRARY.len(), with in "[a-z{}\\[\\]:'\"|#\n -]{0,8}") {
        let at = (0..=at).rev().find(|at| LIBRARY.is_char_boundary(*at)).unwrap();
        let mut manifest = LIBRARY.to_owned();
        manifest.insert_str(at, &with);
        match read(&manifest) {
            Ok(imported) => {
                let compiled = compile("spec.yaml", &imported.text());
                prop_assert!(!compiled.diagnostics.has_errors());
            }
            Err(error) => prop_assert!(error.place.starts_with("manifest.yaml"), "{}", error),
        }
    }
}

#[test]
fn credentials_in_plain_text_become_secrets() {
    let request = ", path: '/books?api_key=PLAIN-0&page=1', request_headers: { Authorization: Bearer PLAIN-1, X-Api-Key: PLAIN-2, X-Api-Version: '3' }, request_parameters: { access_token: PLAIN-3, client_id: public }, request_body_json: { login: { password: PLAIN-4, tries: 2, tokens: [PLAIN-5] } }";
    let manifest = one(request, "", "").replace(", path: /books,", ",");
    let text = spec(&manifest);
    assert!(!text.contains("PLAIN"), "{text}");
    for kept in [
        "Authorization: Bearer {secrets.token}",
        "X-Api-Key: \"{secrets.x_api_key}\"",
        "X-Api-Version: \"3\"",
        "access_token: \"{secrets.access_token}\"",
        "client_id: public",
        "password: \"{secrets.password}\"",
        "tries: 2",
        "tokens: [\"{secrets.tokens}\"]",
        "api_key: \"{secrets.api_key}\"",
        "manifest.yaml:8:",
        "`password`, a credential that the manifest has in plain text: it is `{secrets.password}` here",
    ] {
        assert!(text.contains(kept), "{kept}: {text}");
    }
}

#[test]
fn authenticators_with_plain_credentials_take_secrets() {
    let token = "token_refresh_endpoint: 'https://u:PLAIN@a.example/token?key=PLAIN'";
    for (authenticator, kept) in [
        (
            "{ type: BearerAuthenticator, api_token: PLAIN }".to_owned(),
            &["type: bearer", "token: \"{secrets.api_token}\""][..],
        ),
        (
            "{ type: ApiKeyAuthenticator, api_token: Bearer PLAIN }".to_owned(),
            &["type: bearer", "token: \"{secrets.api_token}\""],
        ),
        (
            "{ type: ApiKeyAuthenticator, header: X-Key, api_token: Token PLAIN }".to_owned(),
            &["name: X-Key", "api_key: \"Token {secrets.api_token}\""],
        ),
        (
            "{ type: BasicHttpAuthenticator, username: me, password: PLAIN }".to_owned(),
            &["username: me", "password: \"{secrets.password}\""],
        ),
        (
            format!("{{ type: OAuthAuthenticator, {token}, client_id: public, client_secret: PLAIN, refresh_token: PLAIN, refresh_request_body: {{ password: PLAIN }}, refresh_request_headers: {{ Authorization: Basic PLAIN }} }}"),
            &[
                "type: oauth2_refresh_token",
                "client_id: public",
                "client_secret: \"{secrets.client_secret}\"",
                "refresh_token: \"{secrets.refresh_token}\"",
                "access_token_url: https://a.example/token",
                "Authorization: \"Basic {secrets.token}\"",
            ],
        ),
        (
            "{ type: SessionTokenAuthenticator, session_token_path: [id], login_requester: { url_base: 'https://a.example', path: /login, http_method: POST, request_body_json: { user: me, password: PLAIN } }, request_authentication: { type: Bearer } }".to_owned(),
            &["user: me", "password: \"{secrets.password}\""],
        ),
        (
            "{ type: JwtAuthenticator, algorithm: HS256, secret_key: PLAIN }".to_owned(),
            &["signing_key: \"{secrets.secret_key}\""],
        ),
    ] {
        let text = spec(&one(&format!(", authenticator: {authenticator}"), "", ""));
        assert!(!text.contains("PLAIN"), "{text}");
        assert!(text.contains("in plain text"), "{text}");
        for kept in kept {
            assert!(text.contains(kept), "{kept}: {text}");
        }
    }
}

#[test]
fn a_public_password_beside_a_key_is_kept() {
    let basic = ", authenticator: { type: BasicHttpAuthenticator, username: \"{{ config['api_key'] }}\", password: x }";
    let text = spec(&one(basic, "", ""));
    assert!(text.contains("password: x"), "{text}");
    assert!(!text.contains("in plain text"), "{text}");
}

#[test]
fn one_credential_of_two_streams_is_one_secret() {
    let stream = one(", request_headers: { X-Token: PLAIN }", "", "");
    let (_, second) = stream.split_once("streams:\n").unwrap();
    let second = second.replace("name: books", "name: shelves");
    let text = spec(&format!("{stream}{second}"));
    assert!(text.contains("{secrets.x_token}"), "{text}");
    assert!(!text.contains("x_token_2"), "{text}");
}

#[test]
fn messages_do_not_show_credentials() {
    let request = ", request_headers: { X-Token: \"PLAIN {{ unknown('PLAIN') }}\" }, authenticator: { type: BearerAuthenticator, api_token: \"PLAIN {{ unknown('PLAIN') }}\" }, request_body_data: 'PLAIN {{ unknown() }}'";
    let text = spec(&one(request, "", ""));
    assert!(!text.contains("PLAIN"), "{text}");
    assert!(text.contains("request_headers.X-Token: "), "{text}");
    assert!(text.contains("`api_token` of the credentials: "), "{text}");
}

#[test]
fn second_parents_of_a_partition_field_are_lost_by_name() {
    let parent = |name: &str| {
        format!(
            "{{ type: ParentStreamConfig, parent_key: id, partition_field: shelf, stream: {{ type: DeclarativeStream, name: {name}, retriever: {{ type: SimpleRetriever, requester: {{ type: HttpRequester, url_base: 'https://api.library.example', path: /{name} }}, record_selector: {{ type: RecordSelector, extractor: {{ type: DpathExtractor, field_path: [] }} }} }}, schema_loader: {{ type: InlineSchemaLoader, schema: {{ type: object, properties: {{ id: {{ type: integer }} }} }} }} }} }}"
        )
    };
    let router = format!(
        "partition_router: {{ type: SubstreamPartitionRouter, parent_stream_configs: [{}, {}] }}",
        parent("shelves"),
        parent("boxes")
    );
    let path = ", request_parameters: { shelf: \"{{ stream_slice['shelf'] }}\" }";
    let text = spec(&one(path, &router, ""));
    assert!(
        text.contains("the parent `boxes`: another one has the `partition_field` `shelf`"),
        "{text}"
    );
    assert!(text.contains("shelf: \"{resources.shelves.id}\""), "{text}");
}

#[test]
fn backoffs_after_one_that_always_waits_do_not_count() {
    let handler = ", error_handler: { type: DefaultErrorHandler, backoff_strategies: [{ type: WaitTimeFromHeader, header: X-Wait }, { type: WaitTimeFromHeader, header: X-Other }, { type: ConstantBackoffStrategy, backoff_time_in_seconds: 7 }, { type: ExponentialBackoffStrategy, factor: 3 }] }";
    let text = spec(&one(handler, "", ""));
    assert!(text.contains("retry_after_header: X-Wait"), "{text}");
    assert!(text.contains("backoff_factor: 7"), "{text}");
    assert!(
        text.contains("the wait is not read from `X-Other`"),
        "{text}"
    );
}
