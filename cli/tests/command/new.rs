//! A new crate builds, and its tests pass without a network.

use std::{path::Path, process::Command};

use rest_source_testkit::{Server, data};

use crate::shell::{Ran, Shell, snapshot};

#[test]
fn templates_of_the_users_own_take_the_place_of_ours_and_stand_beside_them() {
    let shell = Shell::new();
    std::fs::create_dir_all(shell.path("ours/src/bin")).unwrap();
    shell.write("ours/README.md", "# {{ source }} of ours\n");
    shell.write("ours/src/bin/SOURCE-load.rs", "fn main() {} // {{ env }}\n");
    let new = ["new", "my-api", "--templates", "ours"];
    let ran = shell.run(&new);
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!(shell.read("my-api/README.md"), "# my_api of ours\n");
    assert_eq!(
        shell.read("my-api/src/bin/my_api-load.rs"),
        "fn main() {} // MY_API\n"
    );
    assert!(shell.read("my-api/specs/my_api.yaml").contains("base_url"));
    shell.write("ours/README.md", "# {{ sauce }}\n");
    snapshot(
        "new-bad-template",
        &shell.run(&["new", "other", "--templates", "ours"]),
    );
    assert!(!shell.path("other").exists());
}

/// An `OpenAPI` document with one list.
const NOTES: &str = "\
openapi: 3.0.0
info: { title: Notes, version: '1' }
servers: [{ url: https://api.example.com/v1 }]
components: { securitySchemes: { key: { type: http, scheme: bearer } } }
security: [{ key: [] }]
paths:
  /notes:
    get:
      operationId: listNotes
      responses:
        '200':
          description: Notes.
          content:
            application/json:
              schema:
                type: array
                items: { type: object, required: [id], properties: { id: { type: integer }, text: { type: string } } }
";

#[test]
fn a_crate_is_made_from_a_document_or_a_spec() {
    let shell = Shell::new();
    shell.write("notes.yaml", NOTES);
    let ran = shell.run(&["new", "notes", "--from", "openapi:notes.yaml"]);
    assert_eq!(ran.code, 0, "{ran}");
    let spec = shell.read("notes/specs/notes.yaml");
    assert!(
        spec.starts_with("# yaml-language-server: $schema=rest-source.schema.json\n"),
        "{spec}"
    );
    assert!(
        shell
            .read("notes/specs/rest-source.schema.json")
            .starts_with('{')
    );
    assert_eq!(shell.run(&["check", "notes/specs/notes.yaml"]).code, 0);
    assert!(
        shell.read("notes/README.md").contains("NOTES_"),
        "{}",
        shell.read("notes/README.md")
    );

    let of_spec = shell.run(&["new", "calendar", "--from", "specs/google_calendar.yaml"]);
    assert_eq!(of_spec.code, 0, "{of_spec}");
    let manifest = shell.read("calendar/Cargo.toml");
    assert!(manifest.contains("features = [\"jwt\"]"), "{manifest}");

    shell.write("broken.yaml", "resources: 1\n");
    let broken = shell.run(&["new", "broken", "--from", "broken.yaml"]);
    assert_eq!(broken.code, 1, "{broken}");
    assert!(!shell.path("broken").exists());
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
      requester: { type: HttpRequester, url_base: https://shop.example/v1, path: orders }
      record_selector: { type: RecordSelector, extractor: { type: DpathExtractor, field_path: [orders] } }
    schema_loader: { type: InlineSchemaLoader, schema: { type: object, properties: { id: { type: string } } } }
";

const SOURCE: &str = r#"
source = rest_api_source({
    "client": {"base_url": "https://shop.example/v1", "auth": {"type": "bearer", "token": dlt.secrets["token"]}},
    "resources": [{"name": "orders", "primary_key": "id", "endpoint": {
        "path": "orders", "data_selector": "orders", "paginator": {"type": "offset", "limit": 50}}}],
})
"#;

/// A crate of each format: its name, and the source.
const FORMATS: [(&str, &str); 3] = [
    ("from-airbyte", "airbyte:manifest.yaml"),
    ("from-dlt", "dlt:source.py"),
    (
        "from-curl",
        "curl:curl 'https://shop.example/v1/orders?state=open' -H 'X-Api-Key: abc'",
    ),
];

fn write_sources(shell: &Shell) {
    shell.write("manifest.yaml", MANIFEST);
    shell.write("source.py", SOURCE);
}

#[test]
fn a_crate_starts_from_each_format() {
    let shell = Shell::new();
    write_sources(&shell);
    for (name, from) in FORMATS {
        let ran = shell.run(&["new", name, "--from", from]);
        assert_eq!(ran.code, 0, "{from}: {ran}");
        let spec = format!("{name}/specs/{}.yaml", name.replace('-', "_"));
        let text = shell.read(&spec);
        assert!(
            text.starts_with("# yaml-language-server: $schema="),
            "{text}"
        );
        assert!(text.contains("- name: orders"), "{text}");
        assert!(shell.path(&format!("{spec}.imported")).exists());
        assert!(shell.read(&format!("{name}/src/main.rs")).contains("load("));
        let checked = shell.run(&["check", &spec]);
        assert_eq!(checked.code, 0, "{checked}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crate_starts_from_the_url_of_a_list() {
    let server = Server::start(data::media_insights()).await.unwrap();
    let shell = Shell::new().with("API_API_KEY", data::API_KEY);
    let url = format!("{}/v1/stories", server.url().trim_end_matches('/'));
    let new = [
        "new",
        "stories-app",
        "--from",
        &url,
        "--auth",
        "query:api_key",
    ];
    let ran = shell.run(&new);
    assert_eq!(ran.code, 0, "{ran}");
    let spec = shell.read("stories-app/specs/stories_app.yaml");
    assert!(spec.contains("name: stories"), "{spec}");
    assert!(spec.contains("paginator: { type: offset"), "{spec}");
    assert!(!spec.contains(data::API_KEY), "{spec}");
    let check = shell.run(&["check", "stories-app/specs/stories_app.yaml"]);
    assert_eq!(check.code, 0, "{check}");
    assert!(shell.read("stories-app/README.md").contains("API_API_KEY"));

    // The folder is checked before a request is sent.
    let asked = server.log().all().len();
    let again = shell.run(&new);
    assert_eq!(again.code, 2, "{again}");
    assert_eq!(server.log().all().len(), asked);
    let stray = shell.run(&[
        "new",
        "other",
        "--from",
        "specs/okta.yaml",
        "--auth",
        "bearer",
    ]);
    assert_eq!(stray.code, 2, "{stray}");
    assert!(stray.stderr.contains("`--auth` is for a URL"), "{stray}");
    assert!(!shell.path("other").exists());
}

/// Runs the tests of a crate that was made.
fn cargo_test(shell: &Shell, name: &str) -> Ran {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    // With the versions that this repository is tested with.
    std::fs::copy(root.join("Cargo.lock"), shell.path(name).join("Cargo.lock")).unwrap();
    let cargo = Command::new(env!("CARGO"))
        .args(["test", "--offline", "--quiet"])
        .current_dir(shell.path(name))
        .env("CARGO_TARGET_DIR", root.join("target/new-crate"))
        .output()
        .unwrap();
    Ran::of(cargo)
}

#[test]
#[ignore = "compiles the runtime and all it needs once more, a minute or two of work"]
fn a_new_crates_tests_pass_at_once() {
    let shell = Shell::new();
    assert_eq!(shell.run(&["new", "my-api"]).code, 0);
    let ran = cargo_test(&shell, "my-api");
    assert_eq!(ran.code, 0, "{ran}");
    assert!(ran.stdout.contains("2 passed"), "{ran}");
    shell.write("notes.yaml", NOTES);
    assert_eq!(
        shell
            .run(&["new", "notes", "--from", "openapi:notes.yaml"])
            .code,
        0
    );
    let ran = cargo_test(&shell, "notes");
    assert_eq!(ran.code, 0, "{ran}");
    assert!(ran.stdout.contains("1 passed"), "{ran}");
    write_sources(&shell);
    for (name, from) in FORMATS {
        assert_eq!(shell.run(&["new", name, "--from", from]).code, 0);
        let ran = cargo_test(&shell, name);
        assert_eq!(ran.code, 0, "{from}: {ran}");
        assert!(ran.stdout.contains("1 passed"), "{from}: {ran}");
    }
}
