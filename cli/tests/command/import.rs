//! Specs made from other tools' documents.

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

    // What a user may have changed is not overwritten.
    let again = shell.run(&write);
    assert_eq!(again.code, 2, "{again}");
    assert!(again.stderr.contains("already exists"), "{again}");

    let tagged = shell.run(&["import", "openapi", "shop.yaml", "--tag", "sales"]);
    assert!(!tagged.stdout.contains("returns"), "{tagged}");
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
    assert_eq!(shell.run(&write).code, 2);
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
