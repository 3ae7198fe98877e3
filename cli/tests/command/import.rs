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
