//! Specs made from other tools' documents.

use rest_source_testkit::{Api, Server, data};
use serde_json::Value;

use crate::shell::Shell;

const SHOP: &str = "
openapi: 3.0.3
info: { title: Shop }
servers: [{ url: https://shop.example/v1 }]
components: { securitySchemes: { key: { type: apiKey, in: header, name: X-Shop-Key } } }
security: [{ key: [] }]
paths:
  /orders:
    get:
      tags: [sales]
      parameters: [{ name: cursor, in: query, schema: { type: string } }]
      responses:
        '200':
          content:
            application/json:
              schema:
                type: object
                properties:
                  next_cursor: { type: string }
                  orders: { type: array, items: { type: object, required: [id], properties: { id: { type: integer } } } }
  /returns:
    get:
      responses:
        '200':
          content:
            application/json:
              schema: { type: array, items: { type: object, properties: { id: { type: string } } } }
";

#[test]
fn a_spec_is_printed_or_written_and_passes_the_check() {
    let shell = Shell::new();
    shell.write("shop.yaml", SHOP);
    let printed = shell.run(&["import", "openapi", "shop.yaml"]);
    assert_eq!(printed.code, 0, "{printed}");
    assert!(
        printed
            .stderr
            .ends_with("resources: 2, not imported: 0, not certain: 1\n"),
        "{printed}"
    );
    assert!(
        printed
            .stderr
            .contains("resources.returns.endpoint.paginator: not certain"),
        "{printed}"
    );

    let write = ["import", "openapi", "shop.yaml", "--output", "spec.yaml"];
    assert_eq!(shell.run(&write).stdout, "");
    assert_eq!(shell.read("spec.yaml"), printed.stdout);
    let checked = shell.run(&["check", "spec.yaml"]);
    assert_eq!(checked.code, 0, "{checked}");

    // A file that is not known to be an import is not overwritten.
    std::fs::remove_file(shell.path("spec.yaml.imported")).unwrap();
    let again = shell.run(&write);
    assert_eq!(again.code, 2, "{again}");
    assert!(again.stderr.contains("already exists"), "{again}");
    assert_eq!(shell.read("spec.yaml"), printed.stdout);

    let tagged = shell.run(&["import", "openapi", "shop.yaml", "--tag", "sales"]);
    assert!(!tagged.stdout.contains("returns"), "{tagged}");
}

#[test]
fn a_second_import_keeps_what_the_user_changed() {
    let shell = Shell::new();
    let write = ["import", "openapi", "shop.yaml", "--output", "spec.yaml"];
    shell.write("shop.yaml", SHOP);
    assert_eq!(shell.run(&write).code, 0);
    let first = shell.read("spec.yaml");
    assert_eq!(shell.read("spec.yaml.imported"), first);

    // Nothing changed: the file is as it was.
    let again = shell.run(&write);
    assert_eq!(again.code, 0, "{again}");
    assert!(again.stderr.contains("has all changes"), "{again}");
    assert_eq!(shell.read("spec.yaml"), first);

    let mine = first
        .replace("name: X-Shop-Key", "name: X-My-Key")
        .replace("client:", "# mine\nclient:");
    assert_ne!(mine, first);
    shell.write("spec.yaml", &mine);
    let new = SHOP.replace(
        "id: { type: string }",
        "id: { type: string }, at: { type: string }",
    );
    shell.write("shop.yaml", &new);
    let merged = shell.run(&write);
    assert_eq!(merged.code, 0, "{merged}");
    let text = shell.read("spec.yaml");
    assert!(text.contains("X-My-Key"), "{text}");
    assert!(
        text.contains("# mine") && text.contains("at: text"),
        "{text}"
    );
    assert_eq!(shell.run(&["check", "spec.yaml"]).code, 0);

    // Both change the same: the user's stays, and both places are named.
    shell.write("shop.yaml", &new.replace("X-Shop-Key", "X-New-Key"));
    let both = shell.run(&write);
    assert_eq!(both.code, 1, "{both}");
    assert!(
        both.stderr.contains("`client.auth.name`: spec.yaml:"),
        "{both}"
    );
    assert!(both.stderr.contains("spec.yaml.imported:"), "{both}");
    assert_eq!(shell.read("spec.yaml"), text);
    assert_eq!(shell.run(&write).code, 0);

    // What is no valid spec after the merge is not written.
    let broken = text.replace("at: text", "at: txt");
    shell.write("spec.yaml", &broken);
    shell.write("shop.yaml", &new.replace("/v1", "/v2"));
    let refused = shell.run(&write);
    assert_eq!(refused.code, 1, "{refused}");
    assert!(refused.stderr.contains("is not changed"), "{refused}");
    assert_eq!(shell.read("spec.yaml"), broken);
}

const MANIFEST: &str = "
version: 1.0.0
type: DeclarativeSource
streams:
  - type: DeclarativeStream
    name: orders
    primary_key: id
    retriever:
      type: SimpleRetriever
      requester: { type: HttpRequester, url_base: https://shop.example/v1, path: orders, request_parameters: { state: open } }
      record_selector: { type: RecordSelector, extractor: { type: DpathExtractor, field_path: [orders] } }
    schema_loader: { type: InlineSchemaLoader, schema: { type: object, properties: { id: { type: string } } } }
";

const SOURCE: &str = r#"
source = rest_api_source({
    "client": {"base_url": "https://shop.example/v1"},
    "resources": [{"name": "orders", "endpoint": {
        "path": "orders", "data_selector": "orders", "paginator": "header_link", "params": {"state": "open"}}}],
})
"#;

#[test]
fn a_second_import_keeps_edits_whatever_the_format() {
    let shell = Shell::new();
    let document = SHOP.replace(
        "name: cursor, in: query",
        "name: state, in: query, required: true",
    );
    let command = "curl 'https://shop.example/v1/orders?state=open'";
    for (format, source, text, from, to) in [
        (
            "openapi",
            "shop.yaml",
            document.as_str(),
            "url: https://shop.example/v1",
            "url: https://shop.example/v2",
        ),
        (
            "airbyte",
            "manifest.yaml",
            MANIFEST,
            "state: open",
            "state: closed",
        ),
        ("dlt", "shop.py", SOURCE, "\"open\"", "\"closed\""),
        ("curl", "-", command, "state=open", "state=closed"),
    ] {
        let spec = format!("{format}.spec.yaml");
        let import = |text: &str| {
            assert!(
                format == "curl" || text.contains(from) || text.contains(to),
                "{format}"
            );
            shell.write(source, text);
            let given = if source == "-" { text } else { source };
            shell.run(&["import", format, given, "--output", &spec])
        };
        let made = import(text);
        assert_eq!(made.code, 0, "{format}: {made}");
        let first = shell.read(&spec);
        let mine = "\n  - name: mine\n    endpoint: { path: mine, paginator: single_page }\n    columns: json\n    \
                    write_disposition: append\n";
        let edited = first.replacen("client:\n", "client:\n  # Slowly.\n  concurrency: 1\n", 1);
        shell.write(&spec, &format!("{edited}{mine}"));
        let again = import(&text.replace(from, to));
        assert_eq!(again.code, 0, "{format}: {again}");
        let merged = shell.read(&spec);
        for part in ["# Slowly.\n  concurrency: 1\n", "- name: mine\n"] {
            assert!(merged.contains(part), "{format}: {merged}");
        }
        let new = to.rsplit(['/', '=', ' ']).next().unwrap().trim_matches('"');
        assert!(merged.contains(new), "{format}: {merged}");
        let checked = shell.run(&["check", &spec]);
        assert_eq!(checked.code, 0, "{format}: {checked}");
    }
}

#[test]
fn what_is_no_document_is_an_error_with_its_place() {
    let shell = Shell::new();
    shell.write("broken.json", "{\"openapi\": \"3.0.0\",\n \"paths\": [}");
    let ran = shell.run(&["import", "openapi", "broken.json"]);
    assert_eq!(ran.code, 2, "{ran}");
    assert!(ran.stderr.contains("broken.json:2"), "{ran}");
    let ran = shell.run(&["import", "openapi", "missing.json"]);
    assert_eq!(ran.code, 2, "{ran}");
}

const NOTES: &str = "
type: DeclarativeSource
streams:
  - type: DeclarativeStream
    name: notes
    retriever:
      type: SimpleRetriever
      requester: { type: HttpRequester, url_base: https://notes.example, path: /notes }
      record_selector: { type: RecordSelector, extractor: { type: DpathExtractor, field_path: [data] } }
    transformations: [{ type: CustomTransformation, class_name: source_notes.components.Flat }]
    schema_loader: { type: JsonFileSchemaLoader, file_path: './source_notes/schemas/notes.json' }
";

#[test]
fn a_connector_is_imported_with_its_schemas_and_its_losses() {
    let shell = Shell::new();
    shell.write("source-notes/source_notes/manifest.yaml", NOTES);
    let schema = r#"{"type": "object", "properties": {"id": {"type": "integer"}}}"#;
    shell.write("source-notes/source_notes/schemas/notes.json", schema);
    let write = [
        "import",
        "airbyte",
        "source-notes",
        "--output",
        "notes.yaml",
    ];
    let imported = shell.run(&write);
    assert_eq!(imported.code, 0, "{imported}");
    let loss =
        "not imported: source-notes/source_notes/manifest.yaml:10:23: `notes`: the transformation";
    assert!(imported.stderr.contains(loss), "{imported}");
    assert!(
        imported
            .stderr
            .ends_with("resources: 1, not imported: 1, not certain: 0\n"),
        "{imported}"
    );
    let spec = shell.read("notes.yaml");
    assert!(spec.starts_with("name: notes\n"), "{spec}");
    assert!(spec.contains("id: bigint"), "{spec}");
    assert!(spec.contains("# Not imported (source-notes"), "{spec}");
    let checked = shell.run(&["check", "notes.yaml"]);
    assert_eq!(checked.code, 0, "{checked}");
    assert_eq!(shell.run(&write).code, 0);
    assert_eq!(shell.read("notes.yaml"), spec);
    let unwritable = [
        "import",
        "airbyte",
        "source-notes",
        "--output",
        "no/notes.yaml",
    ];
    assert_eq!(shell.run(&unwritable).code, 3);
}

#[test]
fn a_manifest_that_cannot_be_read_is_an_error_with_its_place() {
    let shell = Shell::new();
    shell.write("empty/readme.md", "");
    shell.write("bad.yaml", "streams: ['#/a']\na: { b: '#/a' }\n");
    for (path, message) in [
        ("nowhere.yaml", "cannot read `nowhere.yaml`"),
        ("empty", "`empty` has no `manifest.yaml`"),
        ("bad.yaml", "bad.yaml:2:9: `$ref: #/a` leads back to itself"),
    ] {
        let run = shell.run(&["import", "airbyte", path]);
        assert_eq!(run.code, 2, "{run}");
        assert!(run.stderr.contains(message), "{run}");
    }
}

#[test]
fn schemas_outside_of_the_connector_are_not_read() {
    let shell = Shell::new();
    shell.write(
        "secret.json",
        r#"{"type": "object", "properties": {"leaked": {"type": "string"}}}"#,
    );
    for path in ["../secret.json", "./x/../../secret.json", "/etc/passwd"] {
        let manifest = NOTES.replace("./source_notes/schemas/notes.json", path);
        shell.write("connector/manifest.yaml", &manifest);
        let imported = shell.run(&["import", "airbyte", "connector"]);
        assert_eq!(imported.code, 0, "{imported}");
        assert!(imported.stdout.contains("columns: json"), "{imported}");
        assert!(!imported.stdout.contains("leaked"), "{imported}");
    }
}

/// A document with a configuration of dlt, in the form of the five that the specs in `specs/` are made from.
fn document(url: &str, auth: &str, resources: &[(&str, &str)]) -> String {
    let resources: Vec<String> = resources
        .iter()
        .map(|(name, path)| {
            format!(
                r#"        {{
            "name": "{name}",
            "endpoint": {{
                "path": "{path}",
                "data_selector": "data",
                "paginator": {{
                    "type": "offset",
                    "limit": 100
                }}
            }}
        }}"#
            )
        })
        .collect();
    let resources = resources.join(",\n");
    format!(
        r#"# Overview

How to integrate with a third-party API by dltHub's REST API source.

## Configuration Example

```python
import dlt
from dlt.sources.rest_api import rest_api_source

source = rest_api_source({{
    "client": {{
        "base_url": "{url}",
        "auth": {{
{auth}
        }}
    }},
    "resource_defaults": {{
        "primary_key": "id",
        "write_disposition": "merge"
    }},
    "resources": [
{resources}
    ]
}})
```

## Authentication

- **Secrets**: Use `dlt.secrets["api_key"]` to store the API key.
"#
    )
}

const KEY: &str = r#"            "type": "api_key",
            "name": "api_key",
            "api_key": dlt.secrets["api_key"],
            "location": "query""#;

/// Asserts that the spec made of a document fetches what the server holds, and what the spec of this name in `specs/`
/// fetches.
fn assert_imported(spec: &str, api: Api, auth: &str, resources: &[(&str, &str)]) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = runtime.unwrap();
    let server = runtime.block_on(Server::start(api)).unwrap();
    let mut shell = Shell::new();
    for source in ["made", spec] {
        for (secret, value) in [
            ("API_KEY", data::API_KEY),
            ("CLIENT_ID", data::CLIENT_ID),
            ("CLIENT_SECRET", data::CLIENT_SECRET),
        ] {
            shell = shell.with(&format!("{}_{secret}", source.to_uppercase()), value);
        }
    }
    let token_url = format!("{}/oauth/token", server.url());
    let shell = shell
        .with(&format!("{}_BASE_URL", spec.to_uppercase()), server.url())
        .with(&format!("{}_TOKEN_URL", spec.to_uppercase()), &token_url);
    let file = format!("specs/{spec}.yaml");
    let auth = auth.replace("<server>", server.url());
    shell.write("api.md", &document(server.url(), &auth, resources));
    let made = shell.run(&["import", "dlt", "api.md", "--output", "made.yaml"]);
    assert_eq!(made.code, 0, "{made}");
    let expected = format!(
        "resources: {}, not imported: 0, not certain: 0\n",
        resources.len()
    );
    assert_eq!(made.stderr, expected);
    for (name, _) in resources {
        let fetched = shell.run(&["fetch", "made.yaml", name, "--format", "jsonl"]);
        assert_eq!(fetched.code, 0, "{fetched}");
        let lines = fetched.stdout.lines();
        let rows: Vec<Value> = lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let held = server.dataset(name).rows();
        assert_eq!(rows.len(), held.len(), "{name}");
        let ids: Vec<Value> = rows.iter().map(|row| row["id"].clone()).collect();
        for (row, held) in rows.into_iter().zip(held) {
            // Both are read by one parser, which rounds doubles.
            let held: Value = serde_json::from_str(&Value::Object(held).to_string()).unwrap();
            assert_eq!(row, held, "{name}");
        }
        let by_hand = shell.run(&["fetch", &file, name, "--format", "jsonl"]);
        assert_eq!(by_hand.code, 0, "{by_hand}");
        let rows = by_hand.stdout.lines();
        let by_hand: Vec<Value> = rows
            .map(|row| serde_json::from_str::<Value>(row).unwrap()["id"].clone())
            .collect();
        assert_eq!(ids, by_hand, "{file}: {name}");
    }
    let loaded = shell.run(&["load", "made.yaml", "--to", "sqlite:made.db"]);
    assert_eq!(loaded.code, 0, "{loaded}");
    for (name, _) in resources {
        assert_eq!(
            shell.rows("made.db", name),
            server.dataset(name).len(),
            "{name}"
        );
    }
}

#[test]
fn documents_for_dlt_become_specs_that_fetch_the_same_rows() {
    let one = [("resource_name", "/v1/resource")];
    assert_imported("analytics_api_key", data::analytics_api_key(), KEY, &one);
    assert_imported("datasets", data::datasets(), KEY, &one);
    let overviews = [
        "account_overview",
        "agents_overview",
        "current_queue_activity",
    ];
    let insights = [
        "media_insights",
        "user_insights",
        "stories",
        "story_insights",
    ];
    for (spec, api, names) in [
        (
            "call_center_overview",
            data::call_center_overview(),
            overviews.as_slice(),
        ),
        (
            "media_insights",
            data::media_insights(),
            insights.as_slice(),
        ),
    ] {
        let paths: Vec<String> = names.iter().map(|name| format!("/v1/{name}")).collect();
        let names = names.iter().copied();
        let resources: Vec<_> = names.zip(paths.iter().map(String::as_str)).collect();
        assert_imported(spec, api, KEY, &resources);
    }
    let oauth = r#"            "type": "oauth2",
            "client_id": dlt.secrets["client_id"],
            "client_secret": dlt.secrets["client_secret"],
            "token_url": "<server>/oauth/token""#;
    assert_imported("analytics_oauth2", data::analytics_oauth2(), oauth, &one);
}

#[test]
fn a_file_without_a_configuration_is_an_error_with_its_place() {
    let shell = Shell::new();
    shell.write(
        "source.py",
        "import os\nos.remove('source.py')\nrest_api_source({'client': {\n",
    );
    let ran = shell.run(&["import", "dlt", "source.py"]);
    assert_eq!(ran.code, 2, "{ran}");
    assert!(
        ran.stderr
            .contains("source.py:3:28: this bracket is not closed"),
        "{ran}"
    );
    assert!(shell.path("source.py").exists());
}

#[test]
fn a_command_line_becomes_a_spec_that_fetches_its_rows() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = runtime.unwrap();
    let server = runtime
        .block_on(Server::start(data::media_insights()))
        .unwrap();
    let shell = Shell::new().with("STORIES_API_KEY", data::API_KEY);
    let url = format!(
        "{}/v1/stories?api_key={}&limit=100&offset=0",
        server.url(),
        data::API_KEY
    );
    let command = format!("curl -s '{url}' -H 'Accept: application/json' | jq .data");
    let made = shell.run(&["import", "curl", &command, "--output", "stories.yaml"]);
    assert_eq!(made.code, 0, "{made}");
    let spec = shell.read("stories.yaml");
    assert!(
        !spec.contains(data::API_KEY) && !made.stderr.contains(data::API_KEY),
        "{spec}{made}"
    );
    // The first page, whose list the command does not name.
    let spec = spec.replace(
        "path: /v1/stories",
        "path: /v1/stories\n      data_selector: data",
    );
    shell.write("stories.yaml", &spec.replace("name: api\n", ""));
    let fetched = shell.run(&["fetch", "stories.yaml", "stories", "--format", "jsonl"]);
    let lines = fetched.stdout.lines();
    let rows: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let held = server.dataset("stories").rows();
    assert_eq!(rows.len(), 100.min(held.len()), "{fetched}\n{spec}");
    assert_eq!(rows[0]["id"], held[0]["id"], "{fetched}");

    let wrong = shell.run(&["import", "curl", "curl -d @body.json https://a.example"]);
    assert_eq!(wrong.code, 2, "{wrong}");
    assert!(
        wrong.stderr.contains("<command>:1:9: a body from a file"),
        "{wrong}"
    );
}
