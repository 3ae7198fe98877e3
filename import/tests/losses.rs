//! What is carried over or named as a loss: nothing that a source says disappears without a word.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use rest_source_codegen::compile;
use rest_source_import::openapi::{self, Selection};
use rest_source_import::{Imported, airbyte, curl, dlt};

/// The spec, and all that stderr lists.
fn told(imported: &Imported) -> (String, String) {
    let text = imported.text();
    let compiled = compile("spec.yaml", &text);
    assert!(
        !compiled.diagnostics.has_errors(),
        "{}",
        compiled.diagnostics.render()
    );
    let losses = imported.losses.iter().cloned().chain(imported.uncertain());
    let told: Vec<String> = losses.map(|one| one.to_string()).collect();
    (text, told.join("\n"))
}

/// A manifest of one stream, with these keys in its requester, its retriever, its selector and itself, and this schema.
struct Manifest<'m> {
    requester: &'m str,
    retriever: &'m str,
    selector: &'m str,
    stream: &'m str,
    properties: &'m str,
}

const PLAIN: Manifest<'_> = Manifest {
    requester: "",
    retriever: "",
    selector: "",
    stream: "",
    properties: "id: { type: integer }",
};

impl Manifest<'_> {
    fn import(&self) -> (String, String) {
        let Self {
            requester,
            retriever,
            selector,
            stream,
            properties,
        } = self;
        let manifest = format!(
            "
type: DeclarativeSource
streams:
  - type: DeclarativeStream
    name: books
    retriever:
      type: SimpleRetriever
      requester: {{ type: HttpRequester, url_base: https://api.library.example, path: /books{requester} }}
      record_selector: {{ type: RecordSelector, extractor: {{ type: DpathExtractor, field_path: [items] }}{selector} }}
      {retriever}
    schema_loader: {{ type: InlineSchemaLoader, schema: {{ type: object, properties: {{ {properties} }} }} }}
    {stream}
"
        );
        told(&airbyte::import("manifest.yaml", &manifest, &|_| None).unwrap())
    }
}

/// A document with these operations, each a path and the rest of its `get`, and these keys at its top.
fn document(top: &str, operations: &[(&str, &str)]) -> (String, String) {
    let paths: Vec<String> = operations
        .iter()
        .map(|(path, get)| format!("{path}: {{ get: {{ {get} }} }}"))
        .collect();
    let text = format!(
        "{{ openapi: 3.0.0, info: {{ title: Library }}, {top}, paths: {{ {} }} }}",
        paths.join(", ")
    );
    told(&openapi::import("api.yaml", &text, &Selection::default()).unwrap())
}

/// A response of this schema.
fn responds(schema: &str) -> String {
    format!("responses: {{ '200': {{ content: {{ application/json: {{ schema: {schema} }} }} }} }}")
}

const BOOKS: &str = "{ type: array, items: { type: object, properties: { id: { type: integer }, title: { type: string } } } }";
const SERVER: &str = "servers: [{ url: https://api.library.example }]";

#[test]
fn the_security_of_an_operation_is_its_auth() {
    let schemes = "security: [{ b: [] }], components: { securitySchemes: { b: { type: http, scheme: bearer }, key: { type: apiKey, in: header, name: X-Key }, tls: { type: mutualTLS } } }";
    let list = responds(BOOKS);
    let with = |security: &str| format!("security: {security}, {list}");
    let (text, told) = document(
        &format!("{SERVER}, {schemes}"),
        &[
            ("/plain", &list),
            ("/own", &with("[{ key: [] }]")),
            ("/either", &with("[{ key: [] }, { b: [] }]")),
            ("/open", &with("[{}]")),
            ("/tls", &with("[{ tls: [] }]")),
        ],
    );
    assert_eq!(text.matches("name: X-Key").count(), 1, "{text}");
    assert!(text.contains("api_key: \"{secrets.key}\""), "{text}");
    let own = text.split("path: /own").nth(1).unwrap();
    assert!(
        own.split("path:").next().unwrap().contains("X-Key"),
        "{text}"
    );
    assert!(told.contains("#/paths/~1tls/get/security"), "{told}");
}

#[test]
fn scopes_are_those_of_the_imported_operations() {
    let schemes = "security: [{ o: [books] }], components: { securitySchemes: { o: { type: oauth2, flows: { clientCredentials: { tokenUrl: 'https://login.library.example/token', scopes: {} } } } } }";
    let list = responds(BOOKS);
    let other = format!("security: [{{ o: [shelves] }}], {list}");
    let (text, _) = document(
        &format!("{SERVER}, {schemes}"),
        &[("/books", &list), ("/shelves", &other)],
    );
    assert!(text.contains("scope: books shelves"), "{text}");
}

#[test]
fn operations_that_return_records_are_resources_or_named() {
    let book = "{ type: object, properties: { id: { type: integer } } }";
    let deep = responds(&format!(
        "{{ type: object, properties: {{ data: {{ type: object, properties: {{ inner: {{ type: object, properties: {{ list: {{ type: array, items: {book} }} }} }} }} }} }} }}"
    ));
    let two = responds(&format!(
        "{{ type: object, properties: {{ users: {{ type: array, items: {book} }}, groups: {{ type: array, items: {book} }} }} }}"
    ));
    let map = responds(&format!("{{ type: object, additionalProperties: {book} }}"));
    let csv = "responses: { '200': { content: { text/csv: { schema: { type: string } } } } }";
    let one = responds(
        "{ type: object, properties: { id: { type: integer }, lines: { type: array, items: { type: object, properties: { no: { type: integer } } } } } }",
    );
    let (text, told) = document(
        SERVER,
        &[
            ("/books", &responds(BOOKS)),
            ("/deep", &deep),
            ("/two", &two),
            ("/map", &map),
            ("/csv", csv),
            ("/me", &one),
        ],
    );
    assert_eq!(text.matches("path: /").count(), 1, "{text}");
    for named in [
        "#/paths/~1deep/get: an operation that returns a list at `data.inner.list`",
        "#/paths/~1two/get: an operation that returns several lists, users, groups",
        "#/paths/~1map/get",
        "#/paths/~1csv/get: an operation that returns `text/csv`",
    ] {
        assert!(told.contains(named), "{named}: {told}");
    }
    assert!(!told.contains("~1me"), "{told}");
}

#[test]
fn plain_http_and_further_servers_are_named() {
    let list = responds(BOOKS);
    let (text, told) = document(
        "servers: [{ url: 'http://intranet.library.example/v1' }, { url: 'https://me:PLAIN@backup.library.example' }]",
        &[("/books", &list)],
    );
    assert!(text.contains("base_url: https://intranet"), "{text}");
    assert!(told.contains("the document says `http`"), "{told}");
    assert!(
        told.contains("backup.library.example") && !text.contains("PLAIN"),
        "{told}"
    );
    let (text, told) = document(
        "servers: [{ url: 'http://localhost:3000/v1' }]",
        &[("/books", &list)],
    );
    assert!(
        text.contains("base_url: http://localhost:3000/v1"),
        "{text}"
    );
    assert!(!told.contains("base_url"), "{told}");
}

#[test]
fn a_parent_is_guessed_only_where_the_types_agree() {
    let param = |name: &str| {
        format!("{{ name: {name}, in: path, required: true, schema: {{ type: string }} }}")
    };
    let list = responds(BOOKS);
    let texts = list.replace("id: { type: integer }", "id: { type: string }");
    let (text, told) = document(
        SERVER,
        &[
            ("/orgs", &list),
            (
                "'/orgs/{org}/repos'",
                &format!("parameters: [{}], {texts}", param("org")),
            ),
            (
                "'/orgs/{org}/repos/{repo}/issues'",
                &format!("parameters: [{}, {}], {list}", param("org"), param("repo")),
            ),
            ("/pens", &list),
            (
                "'/pens/{pen_id}/books'",
                &format!(
                    "parameters: [{}], {list}",
                    param("pen_id").replace("string", "integer")
                ),
            ),
        ],
    );
    assert!(text.contains("/orgs/{config.org}/repos\n"), "{text}");
    assert!(
        text.contains("/orgs/{config.org}/repos/{resources.repos.id}/issues"),
        "{text}"
    );
    assert!(
        told.contains("`{repo}` is taken from `id` of `repos`"),
        "{told}"
    );
    assert!(text.contains("/pens/{resources.pens.id}/books"), "{text}");
    assert!(!told.contains("pen_id"), "{told}");
}

#[test]
fn the_message_of_an_error_is_not_that_of_a_record() {
    let requester = ", error_handler: { type: DefaultErrorHandler, response_filters: [{ type: HttpResponseFilter, action: IGNORE, error_message_contains: no such (book) }] }";
    let (text, _) = Manifest { requester, ..PLAIN }.import();
    let rules: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("no such"))
        .collect();
    assert!(!rules.is_empty(), "{text}");
    for rule in &rules {
        // One of the body is for errors alone, all others are for a path.
        assert_eq!(
            rule.contains("content:"),
            rule.contains("status_code: [4xx, 5xx]"),
            "{text}"
        );
    }
    assert!(
        text.contains(r"no such \(book\)") || text.contains(r"\\("),
        "{text}"
    );
    assert!(text.contains("$.error.message"), "{text}");
}

#[test]
fn a_predicate_about_a_key_is_not_about_the_text_of_the_body() {
    let requester = ", error_handler: { type: DefaultErrorHandler, response_filters: [{ type: HttpResponseFilter, action: FAIL, predicate: \"{{ 'error' in response }}\" }] }";
    let (text, told) = Manifest { requester, ..PLAIN }.import();
    assert!(!text.contains("content:"), "{text}");
    assert!(text.contains("$.error: null"), "{text}");
    assert!(text.contains("$.error.message: { matches:"), "{text}");
    assert!(
        told.contains("not certain: a response is judged by"),
        "{told}"
    );
}

#[test]
fn a_predicate_about_a_text_compares_its_place() {
    let requester = ", error_handler: { type: DefaultErrorHandler, response_filters: [{ type: HttpResponseFilter, action: FAIL, predicate: \"{{ response.code == 7 and 'not now' in response.reason }}\" }] }";
    let (text, told) = Manifest { requester, ..PLAIN }.import();
    assert!(!text.contains("content:"), "{text}");
    assert!(
        text.contains("$.code: 7") && text.contains("$.reason: { matches: not\\ now }")
            || text.contains("not now"),
        "{text}"
    );
    assert!(!told.contains("judged"), "{told}");
}

#[test]
fn bounds_of_a_number_are_a_comparison() {
    let requester = ", error_handler: { type: DefaultErrorHandler, response_filters: [{ type: HttpResponseFilter, action: IGNORE, predicate: \"{{ response.code >= 500 and response.code <= 599 }}\" }] }";
    let (text, told) = Manifest { requester, ..PLAIN }.import();
    assert!(text.contains("$.code: { gte: 500, lte: 599 }"), "{text}");
    assert_eq!(told, "");
}

#[test]
fn all_columns_are_kept_or_named() {
    let mut properties = String::new();
    for number in 0..701 {
        write!(properties, "c{number}: {{ type: string }}, ").unwrap();
    }
    let (text, told) = Manifest {
        properties: &properties,
        ..PLAIN
    }
    .import();
    assert_eq!(text.matches(": text").count(), 701, "{told}");
    assert_eq!(told, "");
}

#[test]
fn columns_beyond_the_limit_are_named_and_kept_in_extra() {
    let mut properties = String::new();
    for number in 0..20_000 {
        write!(properties, "c{number}: {{ type: string }}, ").unwrap();
    }
    let start = Instant::now();
    let (text, told) = Manifest {
        properties: &properties,
        ..PLAIN
    }
    .import();
    assert!(start.elapsed() < Duration::from_secs(60));
    assert!(told.contains("18000 of 20000 columns"), "{told}");
    assert!(text.contains("schema_contract: { columns: evolve }"));
}

#[test]
fn a_cursor_within_an_object_has_a_column_that_reads_it() {
    let config = r#"{"client":{"base_url":"https://api.library.example"},"resources":[{"name":"books","endpoint":{"path":"books","incremental":{"start_param":"since","cursor_path":"meta.updated","initial_value":"2024-01-01T00:00:00Z"}}}]}"#;
    let (text, _) = told(&dlt::import("conf.json", config).unwrap());
    assert!(text.contains("from: $.meta.updated"), "{text}");
    assert!(text.contains("cursor_path: meta__updated"), "{text}");
}

#[test]
fn an_empty_list_is_false_in_a_filter() {
    let selector = ", record_filter: { type: RecordFilter, condition: \"{{ not record.tags }}\" }";
    let (text, _) = Manifest { selector, ..PLAIN }.import();
    assert!(text.contains("length(@.tags) != 0"), "{text}");
}

#[test]
fn the_removal_of_a_field_removes_it_or_is_named() {
    let properties = "id: { type: integer }, person: { type: object, properties: { name: { type: string }, ssn: { type: string } } }, tags: { type: array, items: { type: object, properties: { a: { type: string }, b: { type: string } } } }, any: { type: object }";
    let stream = "transformations: [{ type: RemoveFields, field_pointers: [[person, ssn], [tags, '*', b], [any, secret]] }]";
    let (text, told) = Manifest {
        stream,
        properties,
        ..PLAIN
    }
    .import();
    assert!(
        !text.contains("ssn: text") && !text.contains("b: text"),
        "{text}"
    );
    assert!(
        text.contains("name: text") && text.contains("a: text"),
        "{text}"
    );
    // The value of an object is stored as it was received.
    for field in ["person.ssn", "tags.*.b", "any.secret"] {
        let what = format!("the removal of the field `{field}`: objects are stored whole");
        assert!(told.contains(&what), "{told}");
    }
    let stream = "transformations: [{ type: RemoveFields, field_pointers: [[id], [other, ssn]] }]";
    let (text, told) = Manifest {
        stream,
        properties,
        ..PLAIN
    }
    .import();
    assert!(!text.contains("id:"), "{text}");
    assert_eq!(told, "");
}

#[test]
fn a_signed_token_has_its_key_prefix_and_claims() {
    let auth = |prefix: &str| {
        format!(
            ", authenticator: {{ type: JwtAuthenticator, secret_key: \"{{{{ config['key'] }}}}\", algorithm: HS256, base64_encode_secret_key: true, additional_jwt_payload: {{ scope_id: 7 }}{prefix} }}"
        )
    };
    let requester = &auth("");
    let (text, _) = Manifest { requester, ..PLAIN }.import();
    assert!(text.contains("{secrets.key | base64}"), "{text}");
    assert!(!text.contains("key_encoding"), "{text}");
    assert!(text.contains("prefix: \"\""), "{text}");
    assert!(text.contains("scope_id: 7"), "{text}");
    let requester = &auth(", header_prefix: Bearer");
    let (text, told) = Manifest { requester, ..PLAIN }.import();
    assert!(!text.contains("prefix"), "{text}");
    assert_eq!(told, "");
}

#[test]
fn attributes_and_texts_of_xml_are_read_under_their_names() {
    let properties = "\"@href\": { type: string }, \"#text\": { type: string }, by: { type: object, properties: { \"@id\": { type: string } } }";
    let (text, told) = Manifest {
        properties,
        retriever: "decoder: { type: XmlDecoder }",
        ..PLAIN
    }
    .import();
    assert!(
        text.contains("from: $.href") && text.contains("from: $._text"),
        "{text}"
    );
    assert!(!text.contains("@id"), "{text}");
    assert!(told.contains("nested `@name` is `name`"), "{told}");
}

#[test]
fn each_line_of_an_iterable_decoder_is_a_record() {
    let (text, _) = Manifest {
        properties: "record: { type: string }",
        retriever: "decoder: { type: IterableDecoder }",
        ..PLAIN
    }
    .import();
    assert!(text.contains("column_names: [record]"), "{text}");
}

#[test]
fn conversions_to_the_types_of_the_schema_are_named() {
    let (_, told) = Manifest {
        selector: ", schema_normalization: Default",
        ..PLAIN
    }
    .import();
    assert!(told.contains("`schema_normalization`"), "{told}");
    let (_, told) = Manifest {
        selector: ", schema_normalization: None",
        ..PLAIN
    }
    .import();
    assert_eq!(told, "");
}

#[test]
fn a_field_of_the_parent_is_named_where_its_column_has_another_name() {
    let manifest = "
type: DeclarativeSource
definitions:
  shelves:
    type: DeclarativeStream
    name: shelves
    primary_key: id
    retriever:
      type: SimpleRetriever
      requester: { type: HttpRequester, url_base: https://api.library.example, path: /shelves }
      record_selector: { type: RecordSelector, extractor: { type: DpathExtractor, field_path: [] } }
    schema_loader: { type: InlineSchemaLoader, schema: { type: object, properties: { id: { type: integer } } } }
streams:
  - $ref: '#/definitions/shelves'
  - type: DeclarativeStream
    name: books
    retriever:
      type: SimpleRetriever
      requester: { type: HttpRequester, url_base: https://api.library.example, path: '/shelves/{{ stream_partition.shelf }}/books' }
      record_selector: { type: RecordSelector, extractor: { type: DpathExtractor, field_path: [] } }
      partition_router:
        type: SubstreamPartitionRouter
        parent_stream_configs:
          - { type: ParentStreamConfig, parent_key: id, partition_field: shelf, incremental_dependency: true, stream: { $ref: '#/definitions/shelves' } }
    transformations:
      - { type: AddFields, fields: [{ path: [shelf_id], value: '{{ stream_partition.shelf }}' }] }
    schema_loader: { type: InlineSchemaLoader, schema: { type: object, properties: { id: { type: integer }, shelf_id: { type: integer } } } }
";
    let (_, told) = told(&airbyte::import("manifest.yaml", manifest, &|_| None).unwrap());
    assert!(
        told.contains("the field `shelf_id` of the manifest is the column `_shelves_id`"),
        "{told}"
    );
    assert!(told.contains("`incremental_dependency`"), "{told}");
}

#[test]
fn no_secret_of_a_command_is_in_its_spec() {
    for command in [
        "curl 'https://api.library.example/w?q=a&appid=0123456789abcdefPLAIN9'",
        "curl -d channel=C1 --data-urlencode 'payload={\"token\":\"PLAIN\",\"n\":{\"a\":1}}' https://library.example/x",
        "curl -d channel=C1 --data-urlencode 'payload={\"text\":\"xoxb-2222222222-PLAIN\"}' https://library.example/x",
        "curl -H 'CB-ACCESS-KEY: PLAIN1' -H 'CB-ACCESS-SIGN: PLAIN2' -H 'CB-ACCESS-PASSPHRASE: PLAIN3' https://library.example/a",
        "curl -d '{\"user\":\"x\",\"pw\":\"PLAIN\",\"otp\":\"PLAIN\"}' -H 'content-type: application/json' https://library.example/f",
        "curl -H 'X-Any: ghp_0123456789abcdefPLAIN' https://library.example/f",
        "curl 'https://library.example/f?application_key=PLAIN'",
    ] {
        let (text, told) = told(&curl::import(command).unwrap());
        assert!(
            !text.contains("PLAIN") && !told.contains("PLAIN"),
            "{text}{told}"
        );
        assert!(text.contains("{secrets."), "{text}");
    }
}

#[test]
fn a_variable_with_the_name_of_a_secret_is_one() {
    let (text, _) = told(
        &curl::import(
            "curl \"https://library.example/geo?q=a&key=$API_KEY\" -H \"X-Mine: $MY_TOKEN\"",
        )
        .unwrap(),
    );
    assert!(!text.contains("config:"), "{text}");
    assert!(
        text.contains("name: key") && text.contains("{secrets.my_token}"),
        "{text}"
    );
    let (text, _) = told(
        &curl::import(
            "curl \"https://library.example/f?state=${STATE:-open}\" -H 'X-Page: {page}'",
        )
        .unwrap(),
    );
    assert!(text.contains("default: open"), "{text}");
    assert!(text.contains("X-Page: \"{config.page}\""), "{text}");
}

#[test]
fn what_a_command_says_of_headers_and_the_url_is_carried_or_named() {
    let (text, told) = told(&curl::import("curl -4 -g -H 'Content-Type: application/json' -H 'X-Empty;' -H 'Accept:' --url-query z=9 'https://library.example/[1-3]/list'").unwrap());
    assert!(text.contains("Content-Type: application/json"), "{text}");
    assert!(
        told.contains("`X-Empty` without a value")
            && told.contains("removal of the header `Accept`"),
        "{told}"
    );
    assert!(text.contains("z: \"9\"") || text.contains("z: 9"), "{text}");
    assert!(text.contains("[1-3]/list"), "{text}");
}

#[test]
fn a_choice_of_credentials_needs_its_own_alone() {
    let requester = ", authenticator: { type: SelectiveAuthenticator, authenticator_selection_path: [kind], authenticators: { token: { type: BearerAuthenticator, api_token: \"{{ config['tk'] }}\" }, basic: { type: BasicHttpAuthenticator, username: \"{{ config['un'] }}\", password: \"{{ config['pw'] }}\" } } }";
    let (text, _) = Manifest { requester, ..PLAIN }.import();
    assert!(text.contains("username: \"{secrets.un}\""), "{text}");
    assert!(!text.contains("config"), "{text}");
}

#[test]
fn a_nested_key_has_the_type_of_its_field() {
    let properties = "meta: { type: object, properties: { id: { type: integer } } }";
    let (text, told) = Manifest {
        properties,
        stream: "primary_key: [[meta, id]]",
        ..PLAIN
    }
    .import();
    assert!(text.contains("primary_key: meta_id"), "{text}");
    assert!(text.contains("from: $.meta.id"), "{text}");
    assert_eq!(told, "");
}

#[test]
fn what_cannot_be_read_says_why() {
    let error = |manifest: &str| {
        let error = airbyte::import("m.yaml", manifest, &|_| None).unwrap_err();
        error.to_string()
    };
    let old = error("version: 0.1.0\nstreams:\n  - \"*ref(definitions.books)\"\n");
    assert!(
        old.contains("of an old form") && old.starts_with("m.yaml:3"),
        "{old}"
    );
    let twice =
        error("type: DeclarativeSource\nstreams: [{ name: a, retriever: {} }]\nstreams: []\n");
    assert!(
        twice.contains("the key `streams` is there twice") && twice.starts_with("m.yaml:3"),
        "{twice}"
    );
    let second = error("streams: []\n---\nstreams: []\n");
    assert!(second.contains("second document"), "{second}");
    // A merge key may be overridden, and an empty document is none.
    let merged = "a: &a { name: x, retriever: { requester: { url_base: 'https://library.example', path: /x } } }\nstreams: [{ <<: *a, name: books }]\n---\n";
    let (text, _) = told(&airbyte::import("m.yaml", merged, &|_| None).unwrap());
    assert!(text.contains("name: books"), "{text}");
    let bad = error(
        "streams: [{ name: a, retriever: { requester: { url_base: 'http://127.0.0.1:99999', path: /x } } }]",
    );
    assert!(bad.contains("base_url") || bad.contains("99999"), "{bad}");
}

#[test]
fn a_cycle_of_references_is_said_to_be_one() {
    let list = responds(BOOKS);
    let top = format!(
        "{SERVER}, components: {{ schemas: {{ A: {{ $ref: '#/components/schemas/B' }}, B: {{ $ref: '#/components/schemas/A' }} }} }}"
    );
    let (_, told) = document(
        &top,
        &[
            ("/books", &list),
            ("/b", &responds("{ $ref: '#/components/schemas/A' }")),
        ],
    );
    assert!(
        told.contains("#/paths/~1b/get: an operation whose `$ref`")
            && told.contains("leads back to itself"),
        "{told}"
    );
}
