//! What is no YAML, and what is no spec.

use super::{auth, client, columns, endpoint, paginator, resource, say, top};

#[test]
#[expect(clippy::too_many_lines, reason = "a list")]
fn yaml() {
    say(
        "yaml",
        &[
            ("nothing at all", String::new()),
            ("comments only", "# nothing\n".to_owned()),
            (
                "a tab for indentation",
                "client:\n\tbase_url: x\n".to_owned(),
            ),
            (
                "a tab for indentation within a resource",
                resource("columns: {id: text}\nendpoint:\n  path: /things")
                    .replace("      path", "\tpath"),
            ),
            (
                "a tab for indentation of a list",
                client("").replace("  - name: things", "\t- name: things"),
            ),
            (
                "a tab after a value",
                resource("columns: {id: text}\ndescription: none\nselected: true")
                    .replace("    selected", "\tselected"),
            ),
            (
                "a tab within braces",
                resource("columns: {id: text,\n\tname: text}")
                    .replace("    \t", "\t")
                    .replace("    name", "\tname"),
            ),
            (
                "a dash without a space",
                client("").replace("- name", "-name"),
            ),
            (
                "a dash without a space before a key indented as after one",
                client("")
                    .replace("    columns", "  columns")
                    .replace("- name", "-name"),
            ),
            (
                "a later dash without a space",
                format!(
                    "{}  -name: more\n    columns: {{ id: text! }}\n",
                    client("")
                ),
            ),
            (
                "a quote that is never closed, in braces",
                resource("columns: { id: text, name: \"text }\nendpoint: { path: /a }"),
            ),
            (
                "a quote that is closed by the next",
                resource("columns: { id: text, name: \"text }\nendpoint: { path: \"/a\" }"),
            ),
            (
                "a quote that is closed by the next, lines later",
                resource(
                    "description: \"never closed\nendpoint: { path: \"/a\" }\ncolumns: { id: text }",
                ),
            ),
            (
                "a quote of one kind that is never closed, in a list",
                resource("primary_key: [id, 'name]\ncolumns: { id: text, name: text }"),
            ),
            (
                "a colon in text without quotes",
                top("description: this: that"),
            ),
            (
                "a quote that is never closed",
                top("description: \"never closed"),
            ),
            (
                "a bracket that is never closed",
                "client: {base_url: x\nresources: []\n".to_owned(),
            ),
            ("a bracket of the wrong kind", top("config: {a: text]")),
            (
                "an indentation that fits nothing",
                "client:\n    base_url: x\n  auth: y\n".to_owned(),
            ),
            (
                "a value that begins with a reserved character",
                top("description: @here"),
            ),
            ("a percent sign", top("description: %d")),
            ("an unknown escape", top(r#"description: "a\qb""#)),
            ("a key twice", top("name: api\ndescription: x\nname: api")),
            (
                "a key that YAML 1.1 reads as a bool",
                columns("id: text!\n\"off\": text\non: text"),
            ),
            (
                "a value that YAML 1.1 reads as a bool",
                resource("selected: yes\ncolumns: {id: text}"),
            ),
            (
                "names that YAML 1.1 reads as bools",
                resource("primary_key: [no, y]\ncolumns: {\"no\": text, \"y\": text}"),
            ),
            (
                "a text that YAML 1.1 reads as a bool",
                resource(
                    "primary_key: on\ncolumns: {\"on\": text, k: {data_type: enum, values: [yes, no]}}\ndescription: off",
                ),
            ),
            ("an octal number", paginator("type: offset, limit: 0100")),
            ("a grouped number", paginator("type: offset, limit: 1_000")),
            (
                "a number that no double holds",
                columns("id: text\nx: {data_type: enum, values: [1E310]}"),
            ),
            ("a sexagesimal number", client("timeout: {request: 1:30}")),
            ("a tag", top("name: !!str api\ndescription: !env HOME")),
            (
                "a merge key",
                resource("<<: {selected: true}\ncolumns: {id: text}"),
            ),
            (
                "a second document",
                format!("{}---\nname: other\n", client("")),
            ),
            ("an alias without its anchor", resource("columns: *common")),
            (
                "an alias within its own anchor",
                resource("columns: &a {id: text, b: *a}"),
            ),
            ("a key that is a list", top("? [a, b]\n: c")),
            (
                "a spec that is a list",
                "- client\n- resources\n".to_owned(),
            ),
            ("a spec that is text", "client\n".to_owned()),
        ],
    );
}

#[test]
fn structure() {
    say("structure", &[
        ("required keys that are missing", "name: api\n".to_owned()),
        ("an unknown key at the top", top("nmae: api")),
        ("a word of Airbyte at the top", client("").replace("resources:", "streams:")),
        ("no resources", "client: {base_url: \"https://a.example\"}\nresources: []\n".to_owned()),
        ("resources in a map", "client: {base_url: \"https://a.example\"}\nresources: {things: {}}\n".to_owned()),
        ("a resource that is nothing", "client: {base_url: \"https://a.example\"}\nresources:\n  -\n".to_owned()),
        ("a resource without a name", "client: {base_url: \"https://a.example\", paginator: single_page}\nresources:\n  - columns: {id: text}\n".to_owned()),
        ("a resource without columns", resource("description: none")),
        ("an unknown key in a resource", resource("primary_keys: id\ncolumns: {id: text}")),
        ("a key of the endpoint in the resource", resource("path: /v1/things\ncolumns: {id: text}")),
        ("a key of the resource in the endpoint", endpoint("path: /things\nprimary_key: id")),
        ("a key of the paginator in the endpoint", endpoint("path: /things\nlimit: 100\ncursor_param: after")),
        ("a key of the client at the top", top("base_url: https://api.example.com")),
        ("a key that has no value", resource("primary_key:\ncolumns: {id: text}")),
        ("a null that removes nothing", resource("primary_key: ~\ncolumns: {id: text}")),
        ("a number where a map is wanted", client("timeout: 10")),
        ("a time where a map is wanted", client("timeout: 30s")),
        ("a list where a map is wanted", client("headers:\n  - X-Version: 1")),
        ("text where a list is wanted", client("retry: {statuses: 429}")),
        ("a number in quotes", client("retry: {max_retries: \"3\"}")),
        ("a number in words", paginator("type: page_number, base_page: one")),
        ("a fraction where a whole number is wanted", client("retry: {max_retries: 2.5}")),
        ("a negative number", client("retry: {max_retries: -1}")),
        ("a number that is too large", client("concurrency: 100000\nretry: {max_retries: 99999999999999999999}")),
        ("text where a bool is wanted", resource("selected: \"true\"\ncolumns: {id: text}")),
        ("a placeholder without quotes", client("").replace("https://api.example.com", "{config.base_url}")),
        ("a word that is none of those", resource("write_disposition: upsert\ncolumns: {id: text}")),
        ("a method in lower case", endpoint("path: /things\nmethod: get")),
        ("another word for a key that is here", resource("table_name: depot\ncolumns: {id: text}")),
        ("another word for a key of an enum", columns("kind: {data_type: enum, options: [hub, shop]}")),
        ("a list without its brackets", columns("kind: {data_type: enum, values: hub, shop, van}")),
        ("names without their brackets", resource("columns: {id: text}").replace("- name: things\n", "- {name: things, columns: {id: text}, primary_key: id, day}\n").replace("    columns: {id: text}\n", "")),
        ("an unknown key without a value after a name", resource("columns: {id: text}\nprimary_key: id\nselectd:")),
        ("several unknown keys in two resources", format!("{}    colour: red\n    size: 1\n  - name: more\n    columns: {{ id: text! }}\n    colour: red\n", client(""))),
        ("both words for one key", auth("type: oauth2\ntoken_url: https://a.example/t\naccess_token_url: https://a.example/t\nclient_id: a\nclient_secret: \"{secrets.s}\"")),
        ("a name that is none", top("name: my-api")),
        ("a name in the defaults", top("resource_defaults: {name: x, selected: true}")),
        ("an unknown key in the defaults, inherited twice", "client: {base_url: \"https://a.example\", paginator: single_page}\nresource_defaults: {primary_keys: id}\nresources:\n  - {name: a, columns: {id: text}}\n  - {name: b, columns: {id: text}}\n".to_owned()),
        ("more than twenty mistakes", columns(&(0..25).fold(String::new(), |all, n| format!("{all}c{n}: txet\n")))),
    ]);
}
