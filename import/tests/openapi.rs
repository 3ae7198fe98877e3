//! `OpenAPI` documents as specs: lists, keys, parents, paging, credentials and hostile input.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use rest_source_codegen::compile;
use rest_source_import::openapi::{Selection, import};

const LIBRARY: &str = include_str!("openapi/library.yaml");

fn spec(document: &str, selection: &Selection) -> String {
    let imported = import("library.yaml", document, selection).unwrap();
    let text = imported.text();
    let compiled = compile("spec.yaml", &text);
    assert!(
        !compiled.diagnostics.has_errors(),
        "{}",
        compiled.diagnostics.render()
    );
    text
}

#[test]
fn lists_become_resources() {
    insta::assert_snapshot!(spec(LIBRARY, &Selection::default()));
}

#[test]
fn a_pattern_selects_operations_that_return_one_record() {
    let selection = Selection {
        include: vec!["getBranch".to_owned()],
        tags: Vec::new(),
    };
    insta::assert_snapshot!(spec(LIBRARY, &selection));
}

#[test]
fn swagger_2_has_its_host_and_key() {
    let document = r##"{
        "swagger": "2.0", "info": { "title": "Kiln" }, "host": "api.kiln.example", "basePath": "/v2",
        "securityDefinitions": { "key": { "type": "apiKey", "name": "X-Kiln-Key", "in": "header" } },
        "paths": { "/pots": { "get": {
            "parameters": [{ "name": "skip", "in": "query", "type": "integer" },
                           { "name": "take", "in": "query", "type": "integer", "maximum": 50 }],
            "responses": { "200": { "schema": { "type": "array", "items": { "$ref": "#/definitions/Pot" } } } } } } },
        "definitions": { "Pot": { "type": "object", "required": ["id"], "properties": {
            "id": { "type": "integer" }, "glaze": { "type": "string", "x-nullable": true },
            "inner": { "$ref": "#/definitions/Pot" } } } }
    }"##;
    insta::assert_snapshot!(spec(document, &Selection::default()));
}

#[test]
fn credentials_in_examples_and_defaults_are_not_copied() {
    let document = r#"{
        "openapi": "3.0.0", "info": { "title": "Kiln" },
        "servers": [{ "url": "https://me:PLAIN@{api_token}.kiln.example/v2",
                      "variables": { "api_token": { "default": "PLAIN" } } }],
        "components": { "securitySchemes": { "key": { "type": "apiKey", "name": "key", "in": "query", "example": "PLAIN" } } },
        "paths": { "/pots/{access_token}": { "get": {
            "parameters": [{ "name": "access_token", "in": "path", "required": true, "example": "PLAIN", "schema": { "type": "string", "default": "PLAIN" } },
                           { "name": "X-Token", "in": "header", "required": true, "schema": { "type": "string", "enum": ["PLAIN"] } }],
            "responses": { "200": { "content": { "application/json": { "example": [{ "token": "PLAIN" }],
                "schema": { "type": "array", "items": { "type": "object", "properties": { "id": { "type": "integer" } } } } } } } } } } }
    }"#;
    let text = spec(document, &Selection::default());
    assert!(!text.contains("PLAIN"), "{text}");
    assert!(
        text.contains("The credentials in the URL are not copied"),
        "{text}"
    );
}

#[test]
fn an_operation_without_credentials_is_requested_without_them() {
    let list = r#""responses": { "200": { "content": { "application/json": { "schema": { "type": "array",
        "items": { "properties": { "id": { "type": "integer" } } } } } } } }"#;
    let document = format!(
        r#"{{ "openapi": "3.1.0", "info": {{ "title": "Fleet" }}, "servers": [{{ "url": "https://a.example" }}],
            "components": {{ "securitySchemes": {{ "token": {{ "type": "http", "scheme": "bearer" }} }} }},
            "security": [{{ "token": [] }}],
            "paths": {{ "/drivers": {{ "get": {{ "security": [], {list} }} }}, "/cars": {{ "get": {{ {list} }} }} }} }}"#
    );
    let imported = import("fleet.json", &document, &Selection::default()).unwrap();
    assert_eq!(imported.losses, []);
    let text = imported.text();
    assert_eq!(text.matches("auth: null").count(), 1, "{text}");
}

#[test]
fn a_pageable_list_without_a_link_is_one_page() {
    let document = |pageable: &str| {
        let list = r#"{ "value": { "type": "array", "items": { "properties": { "id": { "type": "integer" } } } } }"#;
        format!(
            r#"{{ "openapi": "3.0.0", "servers": [{{ "url": "https://a.example" }}], "paths": {{ "/things": {{ "get": {{
                "x-ms-pageable": {pageable}, "responses": {{ "200": {{ "content": {{ "application/json": {{ "schema": {{
                "properties": {list} }} }} }} }} }} }} }} }} }}"#
        )
    };
    for (pageable, paginator) in [
        (
            r#"{ "nextLinkName": null }"#,
            "# From `x-ms-pageable`.\n      paginator: single_page",
        ),
        (
            r#"{ "itemName": "value" }"#,
            "paginator: { type: json_link, next_url_path: nextLink }",
        ),
        (
            r#"{ "nextLinkName": "next.url" }"#,
            "next_url_path: next.url",
        ),
        // One that is not valid says nothing.
        ("[1]", "# Not certain: whether all records are on one page."),
    ] {
        let text = spec(&document(pageable), &Selection::default());
        assert!(text.contains(paginator), "{pageable}: {text}");
    }
}

#[test]
fn a_document_of_very_many_lists_is_an_error() {
    let list = r#"{"get":{"responses":{"200":{"content":{"application/json":{"schema":{"type":"array","items":{"type":"object"}}}}}}}}"#;
    let paths: Vec<String> = (0..10_001).map(|n| format!("\"/p{n}\":{list}")).collect();
    let document = format!(
        "{{\"openapi\":\"3.0.0\",\"paths\":{{{}}}}}",
        paths.join(",")
    );
    let error = import("large.json", &document, &Selection::default()).unwrap_err();
    assert_eq!(error.place, "large.json#/paths");
    assert!(
        error.message.contains("more than 10000 operations"),
        "{error}"
    );
    assert!(error.help.contains("--include"), "{error}");
    let selection = Selection {
        include: vec!["/p77".to_owned()],
        tags: Vec::new(),
    };
    assert!(import("large.json", &document, &selection).is_ok());
}

#[test]
fn a_document_without_paths_is_an_error() {
    for document in ["", "[]", "openapi: 3.0.0", "paths: {}", "{\"a\": "] {
        let error = import("api.yaml", document, &Selection::default()).unwrap_err();
        assert!(error.place.starts_with("api.yaml"), "{error}");
    }
}

/// A document of `OpenAPI` 3 with these paths, and its other parts.
fn document(paths: &str, rest: &str) -> String {
    format!("openapi: 3.0.0\ninfo: {{ title: Shop }}\n{rest}\npaths:\n{paths}")
}

const LIST: &str = "responses: { '200': { content: { application/json: { schema: { type: array, items: \
                    { type: object, properties: { id: { type: string } } } } } } } }";

/// The spec and the losses, the uncertain ones among them.
fn shown(document: &str, selection: &Selection) -> String {
    let imported = import("api.yaml", document, selection).unwrap();
    let text = imported.text();
    let compiled = compile("spec.yaml", &text);
    let mistakes = compiled.diagnostics.render();
    assert!(!compiled.diagnostics.has_errors(), "{text}\n{mistakes}");
    let losses = imported
        .losses
        .iter()
        .chain(&imported.uncertain())
        .fold(String::new(), |all, loss| format!("{all}\n{loss}"));
    format!("{text}{losses}")
}

#[test]
fn an_operation_is_requested_from_its_own_server() {
    let paths = format!(
        "  /a:\n    get: {{ {LIST} }}\n  /b:\n    servers: [{{ url: https://b.example/v2/ }}]\n    get: {{ {LIST} }}\n  \
         /c:\n    get: {{ servers: [{{ url: 'https://{{region}}.example' }}], {LIST} }}\n"
    );
    let open = document(&paths, "servers: [{ url: https://a.example }]");
    let made = shown(&open, &Selection::default());
    assert!(made.contains("path: /a"), "{made}");
    assert!(made.contains("path: https://b.example/v2/b"), "{made}");
    assert!(!made.contains("name: c\n"), "{made}");
    assert!(made.contains("#/paths/~1c/get/servers"), "{made}");

    // Credentials go to no stranger.
    let rest = "servers: [{ url: https://a.example }]\ncomponents: { securitySchemes: { k: { type: http, scheme: bearer } } }";
    let made = shown(&document(&paths, rest), &Selection::default());
    assert!(!made.contains("path: https://b.example"), "{made}");
    assert!(made.contains("#/paths/~1b/get"), "{made}");

    let only = document(
        &format!("  /b:\n    servers: [{{ url: https://b.example/v2 }}]\n    get: {{ {LIST} }}\n"),
        "",
    );
    let made = shown(&only, &Selection::default());
    assert!(made.contains("base_url: https://b.example/v2"), "{made}");
    assert!(made.contains("path: /b"), "{made}");
}

#[test]
fn what_a_request_needs_is_a_setting_or_a_loss() {
    let body = "requestBody: { required: true, content: { application/json: { schema: { type: object, required: \
                [text, range, kind], properties: { text: { type: string }, kind: { type: integer }, range: { type: \
                object, properties: { from: { type: string } } } } } } } }";
    let paths = format!(
        "  /a/search:\n    post: {{ {body}, {LIST} }}\n  /b:\n    get:\n      parameters:\n        - {{ name: sess, in: \
         cookie, required: true, schema: {{ type: string }} }}\n        - {{ name: where, in: query, required: true, \
         style: deepObject, schema: {{ type: object }} }}\n      {LIST}\n  /c:\n    post: {{ requestBody: {{ required: \
         true, content: {{ text/plain: {{}} }} }}, {LIST} }}\n"
    );
    let text = document(&paths, "servers: [{ url: https://a.example }]");
    let every = Selection {
        include: vec!["*".to_owned()],
        tags: Vec::new(),
    };
    let made = shown(&text, &every);
    assert!(made.contains("text: \"{config.text}\""), "{made}");
    assert!(made.contains("kind: \"{config.kind}\""), "{made}");
    assert!(made.contains("Cookie: \"sess={secrets.sess}\""), "{made}");
    for lost in ["`range`", "`where`", "~1c/post: a required body"] {
        assert!(made.contains(lost), "{lost}: {made}");
    }
    assert!(!made.contains("{config.where}"), "{made}");

    // Lists behind a POST are named if they are not imported.
    let made = shown(&text, &Selection::default());
    assert!(made.contains("#/paths/~1a~1search/post: a POST"), "{made}");
    assert!(made.contains("#/paths/~1c/post: a POST"), "{made}");

    let old = r#"{ "swagger": "2.0", "info": { "title": "Kiln" }, "host": "a.example", "paths": { "/pots/search": { "post": {
        "parameters": [{ "name": "body", "in": "body", "required": true, "schema": { "type": "object",
            "required": ["glaze"], "properties": { "glaze": { "type": "string" } } } }],
        "responses": { "200": { "schema": { "type": "array", "items": { "type": "object" } } } } } } } }"#;
    let made = shown(old, &every);
    assert!(made.contains("glaze: \"{config.glaze}\""), "{made}");
}

#[test]
fn references_that_lead_to_nothing_are_named() {
    let schema = |reference: &str| {
        format!(
            "responses: {{ '200': {{ content: {{ application/json: {{ schema: {{ $ref: '{reference}' }} }} }} }} }}"
        )
    };
    let paths = format!(
        "  /a:\n    get: {{ {LIST} }}\n  /b:\n    get: {{ {} }}\n  /c:\n    get: {{ {} }}\n  /d:\n    $ref: other.yaml\n  \
         /e:\n    get: {{ responses: {{ '200': {{ $ref: 'r.yaml#/x' }} }} }}\n",
        schema("schemas.yaml#/B"),
        schema("#/components/schemas/C"),
    );
    let rest = "servers: [{ url: https://a.example }]\ncomponents: { schemas: { C: { $ref: '#/components/schemas/C' } } }";
    let text = document(&paths, rest);
    let made = shown(&text, &Selection::default());
    let names = [
        "schemas.yaml#/B",
        "#/components/schemas/C",
        "other.yaml",
        "r.yaml#/x",
    ];
    for (path, reference) in ["b", "c", "d", "e"].into_iter().zip(names) {
        assert!(
            made.contains(&format!("`{reference}`")),
            "{reference}: {made}"
        );
        let selection = Selection {
            include: vec![format!("/{path}")],
            tags: Vec::new(),
        };
        let error = import("api.yaml", &text, &selection).unwrap_err();
        assert!(error.message.contains(reference), "{error}");
    }
}

#[test]
fn a_reference_to_nothing_within_a_record_or_a_parameter_is_named() {
    let list = "responses: { '200': { content: { application/json: { schema: { type: array, items: { type: object, \
                properties: { id: { type: string }, owner: { $ref: '#/components/schemas/Owner' } } } } } } } }";
    let paths = format!(
        "  /a:\n    get: {{ parameters: [{{ $ref: '#/components/parameters/Page' }}], {list} }}\n"
    );
    let text = document(&paths, "servers: [{ url: https://a.example }]");
    let made = shown(&text, &Selection::default());
    for reference in ["#/components/schemas/Owner", "#/components/parameters/Page"] {
        assert!(
            made.contains(&format!("`$ref` `{reference}`")),
            "{reference}: {made}"
        );
    }
    assert!(made.contains("id: text"), "{made}");
}

#[test]
fn an_example_stands_for_a_missing_schema() {
    let example = "{ next: null, items: [{ id: 1, at: 2026-11-30T08:00:00Z, size: 1 }, { id: 2, size: 1.5, tags: [a] }] }";
    let media = [
        format!("example: {example}"),
        format!("examples: {{ one: {{ value: {example} }} }}"),
        "examples: { one: { $ref: '#/components/examples/One' } }".to_owned(),
        format!("schema: {{ $ref: 'items.yaml' }}, example: {example}"),
    ];
    let rest = format!(
        "servers: [{{ url: https://a.example }}]\ncomponents: {{ examples: {{ One: {{ value: {example} }} }} }}"
    );
    let mut texts: Vec<String> = media
        .iter()
        .map(|media| {
            let get = format!(
                "responses: {{ '200': {{ content: {{ application/json: {{ {media} }} }} }} }}"
            );
            document(&format!("  /a:\n    get: {{ {get} }}\n"), &rest)
        })
        .collect();
    texts.push(format!(
        "swagger: '2.0'\ninfo: {{ title: Shop }}\nhost: a.example\npaths:\n  /a:\n    get:\n      responses:\n        \
         '200': {{ examples: {{ application/json: {example} }} }}\n"
    ));
    for text in texts {
        let made = shown(&text, &Selection::default());
        assert!(made.contains("data_selector: items"), "{made}");
        assert!(made.contains("at: timestamp"), "{made}");
        assert!(made.contains("size: double"), "{made}");
        assert!(
            made.contains("Not certain: the columns, from an example"),
            "{made}"
        );
    }
}

#[test]
fn keys_in_cookies_are_sent_as_cookies() {
    let rest = "servers: [{ url: https://a.example }]\nsecurity: [{ one: [], two: [], three: [] }]\ncomponents: { \
                securitySchemes: { one: { type: apiKey, in: cookie, name: sid }, two: { type: apiKey, in: cookie, \
                name: csrf }, three: { type: apiKey, in: cookie, name: device } } }";
    let text = document(&format!("  /a:\n    get: {{ {LIST} }}\n"), rest);
    let made = shown(&text, &Selection::default());
    assert!(made.contains("location: cookie"), "{made}");
    assert!(made.contains("name: sid"), "{made}");
    assert!(
        made.contains("Cookie: \"csrf={secrets.csrf}; device={secrets.device}\""),
        "{made}"
    );
    assert!(!made.contains("second credential"), "{made}");
}

#[test]
fn a_server_whose_scheme_is_a_variable_has_its_default() {
    for (default, scheme) in [("https", "https"), ("http", "https"), ("wss", "https")] {
        let rest = format!(
            "servers: [{{ url: '{{scheme}}://{{tenant}}.a.example:{{port}}/v1', variables: {{ scheme: {{ default: {default} \
             }}, tenant: {{ default: demo }}, port: {{ default: '8443' }} }} }}]"
        );
        let text = document(&format!("  /a:\n    get: {{ {LIST} }}\n"), &rest);
        let made = shown(&text, &Selection::default());
        let url = format!("base_url: {scheme}://{{config.tenant}}.a.example:8443/v1");
        assert!(made.contains(&url), "{made}");
    }
}

#[test]
fn records_of_a_connection_are_its_nodes() {
    let schema = "{ type: object, properties: { edges: { type: array, items: { type: object, properties: { cursor: { type: \
                  string }, node: { type: object, properties: { id: { type: string } } } } } }, pageInfo: { type: object, \
                  properties: { hasNextPage: { type: boolean }, endCursor: { type: string } } } } }";
    let text = document(
        &format!(
            "  /films:\n    get:\n      parameters: [{{ name: after, in: query, schema: {{ type: string }} }}]\n      \
             responses: {{ '200': {{ content: {{ application/json: {{ schema: {schema} }} }} }} }}\n"
        ),
        "servers: [{ url: https://a.example }]",
    );
    let made = shown(&text, &Selection::default());
    assert!(made.contains("data_selector: edges[*].node"), "{made}");
    assert!(made.contains("cursor_path: pageInfo.endCursor"), "{made}");
    assert!(made.contains("id: text"), "{made}");
}

#[test]
fn the_key_of_a_list_is_named_by_its_path() {
    let list = |column: &str| {
        format!(
            "responses: {{ '200': {{ content: {{ application/json: {{ schema: {{ type: array, items: {{ type: object, \
             properties: {{ {column}: {{ type: string }}, shop_id: {{ type: string }} }} }} }} }} }} }} }}"
        )
    };
    for (path, column, key) in [
        ("/orders", "orderId", "orderId"),
        ("/orders", "Number", "Number"),
        ("/orders", "uuid", "uuid"),
    ] {
        let paths = format!(
            "  {path}:\n    get: {{ {} }}\n  {path}/{{Number}}/lines:\n    get: {{ {} }}\n",
            list(column),
            list("line")
        );
        let text = document(&paths, "servers: [{ url: https://a.example }]");
        let made = shown(&text, &Selection::default());
        assert!(made.contains(&format!("primary_key: {key}")), "{made}");
        assert!(!made.contains("primary_key: shop_id"), "{made}");
    }
}

#[test]
fn a_grandchild_takes_its_path_from_one_parent() {
    let list = |columns: &str| {
        format!(
            "responses: {{ '200': {{ content: {{ application/json: {{ schema: {{ type: array, items: {{ type: object, \
             required: [id, key], properties: {{ {columns} }} }} }} }} }} }} }}"
        )
    };
    let paths = format!(
        "  /teams/{{team}}/projects/{{project_key}}/issues:\n    get: {{ {} }}\n  /teams/{{team}}/projects:\n    get: {{ {} \
         }}\n  /teams:\n    get: {{ {} }}\n",
        list("id: { type: integer }"),
        list("key: { type: string }"),
        list("id: { type: integer }")
    );
    let text = document(&paths, "servers: [{ url: https://a.example }]");
    let made = shown(&text, &Selection::default());
    assert!(
        made.contains(
            "/teams/{resources.projects._teams_id}/projects/{resources.projects.key}/issues"
        ),
        "{made}"
    );
    assert!(
        made.contains("primary_key: [_projects__teams_id, _projects_key, id]"),
        "{made}"
    );
    assert!(!made.contains("config"), "{made}");
}

#[test]
fn offsets_of_a_body_are_sent_there() {
    let body = "requestBody: { content: { application/json: { schema: { type: object, properties: { offset: { type: \
                integer }, count: { type: integer, maximum: 500 } } } } } }";
    let text = document(
        &format!("  /a/list:\n    post: {{ {body}, {LIST} }}\n"),
        "servers: [{ url: https://a.example }]",
    );
    let made = shown(&text, &Selection::default());
    assert!(made.contains("offset_body_path: offset"), "{made}");
    assert!(made.contains("limit_body_path: count"), "{made}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_damaged_document_never_panics(at in 0..LIBRARY.len(), len in 0..40_usize, put in "[ a-z{}:$/#\\[\\]0-9'\n-]{0,8}") {
        let mut start = at;
        while !LIBRARY.is_char_boundary(start) {
            start -= 1;
        }
        let mut end = (start + len).min(LIBRARY.len());
        while !LIBRARY.is_char_boundary(end) {
            end -= 1;
        }
        let document = format!("{}{put}{}", &LIBRARY[..start], &LIBRARY[end.max(start)..]);
        if let Ok(imported) = import("library.yaml", &document, &Selection::default()) {
            let compiled = compile("spec.yaml", &imported.text());
            prop_assert!(!compiled.diagnostics.has_errors());
        }
    }
}
