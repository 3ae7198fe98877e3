//! Resources, endpoints and columns.

use super::{client, columns, endpoint, resource, say};

#[test]
fn resources_and_endpoints() {
    say("resources_and_endpoints", &[
        ("a primary key that is not a column", resource("primary_key: ids\ncolumns: {id: text, name: text}")),
        ("a primary key in the defaults that two resources lack", "client: {base_url: \"https://a.example\", paginator: single_page}\nresource_defaults: {primary_key: id}\nresources:\n  - {name: a, columns: {key: text}}\n  - {name: b, columns: {id: text}}\n  - {name: c, columns: {key: text}}\n".to_owned()),
        ("a key column that may be null", resource("primary_key: [id]\ncolumns: {id: {data_type: text, nullable: true}}")),
        ("a key column that does not compare", resource("primary_key: id\ncolumns: {id: double}")),
        ("a key column of an unknown type", resource("primary_key: id\nwrite_disposition: merge\ncolumns: {id: int, at: datetime}\nendpoint: {path: /things, incremental: {cursor_path: at, initial_value: \"2024\"}}")),
        ("a resource without columns that is incremental", resource("primary_key: id\nendpoint: {path: /things, incremental: {cursor_path: at}}")),
        ("a key column twice", resource("primary_key: [id, id]\ncolumns: {id: text}")),
        ("a key of untyped records that no name can be made of", resource("primary_key: \"+\"\ncolumns: json")),
        ("a key of untyped records that is called like the record", resource("primary_key: record\ncolumns: json")),
        ("what undeclared keys of untyped records get", resource("schema_contract: {columns: freeze, data_type: discard_row}\nprimary_key: id\ncolumns: json")),
        ("a key of untyped records that is a path", resource("primary_key: $.id\ncolumns: json")),
        ("keys of untyped records that would be one column", resource("primary_key: [userId, user_id, userId]\ncolumns: json")),
        ("a merge key where nothing is merged", resource("merge_key: id\nwrite_disposition: replace\ncolumns: {id: text}")),
        ("a merge key in the defaults of what is appended", "client: {base_url: \"https://a.example\", paginator: single_page}\nresource_defaults: {merge_key: id}\nresources:\n  - {name: a, columns: {id: text}}\n  - {name: b, write_disposition: merge, columns: {id: text}}\n".to_owned()),
        ("merge keys that are none", resource("write_disposition: merge\nmerge_key: [day, at, at, ratio]\ncolumns: {id: text, at: {data_type: date, nullable: true}, ratio: double}")),
        ("both keys wrong in one column", resource("write_disposition: merge\nprimary_key: ratio\nmerge_key: ratio\ncolumns: {ratio: double}")),
        ("an empty merge key", resource("write_disposition: merge\nmerge_key: []\ncolumns: {id: text}")),
        ("no processing steps", resource("processing_steps: []\ncolumns: {id: text}")),
        ("a processing step that is none", resource("processing_steps: [{}, {fitler: crate::a}]\ncolumns: {id: text}")),
        ("a processing step of two functions", resource("processing_steps: [{map: crate::a, filter: crate::b}]\ncolumns: {id: text}")),
        ("a processing step that is no path", resource("processing_steps: [{map: \"|it| it\"}]\ncolumns: {id: text}")),
        ("processing steps that are no list", resource("processing_steps: {filter: crate::a}\ncolumns: {id: text}")),
        ("merging without a key", resource("write_disposition: merge\ncolumns: {id: text}")),
        ("a struct and a contract of untyped records", resource("columns: json\nrecord: Thing\nschema_contract: {data_type: discard_row}")),
        ("a part of a path that is nothing", format!("config: {{org: {{type: text, default: \"..\"}}}}\n{}", endpoint("path: \"/orgs/{config.org}/{team}\"\nparams: {team: .}"))),
        ("a resource called like a table of the database", client("").replace("name: things", "name: sqlite_things")),
        ("two resources of one name", format!("{}  - name: things\n    columns: {{ id: text }}\n", client(""))),
        ("two resources of one type", format!("{}  - name: Thing\n    record: Things\n    columns: {{ id: text }}\n", client(""))),
        ("a resource called like a method", client("").replace("name: things", "name: builder")),
        ("a resource called like a method that a feature brings", client("").replace("name: things", "name: mock")),
            (
                "a resource called like a type of Rust",
                client("").replace("name: things", "name: string"),
            ),
            ("an empty key", resource("primary_key: []\ncolumns: {id: text}")),
            ("an empty parameter", endpoint("path: /things\nparams: {ids: []}")),
            ("an empty name", endpoint("path: /things\nincremental: {cursor_path: count, start_param: \"\"}")),
            (
                "an incremental value in a path",
                endpoint("path: \"/since/{incremental.start_value}\"\nincremental: {cursor_path: updated_at}"),
            ),
            ("a list in a path", endpoint("path: /orgs/{org}\nparams: {org: [a, b]}")),
            ("a value that is a place in a path", endpoint("path: /orgs/{org}\nparams: {org: ..}")),
            ("a body that is null", endpoint("path: /things\nmethod: POST\njson: ~")),
            (
                "a required selector that is not there",
                endpoint("path: /things\ndata_selector_required: false"),
            ),
            (
                "one record where an object is one already",
                endpoint("path: /things\nsingle_record: true"),
            ),
            (
                "one record of a query",
                endpoint("path: /things\ndata_selector: \"$.a[*]\"\nsingle_record: true\npaginator: header_link"),
            ),
        ("a resource called like a type", client("").replace("name: things", "name: source")),
        ("a body on a GET", endpoint("path: /things\njson: {a: 1}")),
        ("two bodies", endpoint("path: /things\nmethod: POST\njson: {a: 1}\ndata: {a: 1}")),
        ("a number that JSON has not", endpoint("path: /things\nmethod: POST\njson: {a: .inf}")),
        ("a selector that is none", endpoint("path: /things\ndata_selector: \"data | items\"")),
        ("a filter that is none", endpoint("path: /things\ndata_selector: \"$.data[?@.kind = 'a']\"")),
        ("a fragment in a path", endpoint("path: \"/things#all\"")),
        ("a path parameter without a value", endpoint("path: /orgs/{org}/things")),
        ("a setting without its namespace", format!("config: {{org: text}}\n{}", endpoint("path: /orgs/{org}/{config.org}"))),
        ("a setting that is not declared", format!("config: {{org: text}}\n{}", endpoint("path: /orgs/{config.ogr}/{config.org}"))),
        ("a namespace that is none", endpoint("path: /orgs/{confg.org}")),
        ("a Jinja expression in a path", endpoint("path: \"/depots/{{ stream_partition.depot_id }}/parcels\"")),
        ("a Jinja expression of one word in a path", endpoint("path: \"/depots/{{ depot }}/parcels\"")),
        ("Jinja expressions in a body and a parameter", endpoint("path: /things\nmethod: POST\nparams: {q: \"{{ config['q'] }}\"}\njson: {query: \"{{ things {{ id }} }}\", since: \"{{ stream_interval.start_time }}\"}")),
        ("a placeholder in the form of a shell", format!("config: {{org: text}}\n{}", endpoint("path: /orgs/${config.org}/${config.ogr}/${ORG}"))),
        ("a placeholder that is not closed", endpoint("path: /things\nparams: {q: \"{config.a\", r: \"a}b\"}")),
        ("an incremental placeholder without `incremental`", endpoint("path: /things\nparams: {since: \"{incremental.start_value}\"}")),
        ("an older incremental placeholder", endpoint("path: /things\nparams: {since: \"{incremental.last_value}\"}\nincremental: {cursor_path: updated_at}")),
        ("a header twice", endpoint("path: /things\nheaders: {Accept: a, accept: b}")),
    ]);
}

#[test]
fn columns_and_types() {
    say("columns_and_types", &[
        ("none", resource("columns: {}")),
        ("an unknown type", columns("id: string\nn: integer\nx: dubble\ny1: whatever")),
        ("a type that needs more", columns("tags: array\nkind: enum!")),
        ("no type", columns("id: {nullable: false}")),
        ("another word for the type", columns("id: {type: text}")),
        ("a list of types", columns("id: [text, bigint]")),
        ("a key of another type", columns("id: {data_type: text, precision: 5}")),
        ("a JSON Schema word", columns("owner: {data_type: object, properties: {id: text}}")),
        ("a key that has no effect on an element", columns("tags: {data_type: array, items: {data_type: text, rename: tag}}")),
        ("a scale without a precision", columns("price: {data_type: decimal, scale: 2}")),
        ("a scale above the precision", columns("price: {data_type: decimal, precision: 2, scale: 4}")),
        ("a format that is none", columns("at: {data_type: timestamp, format: iso8601}\non1: {data_type: date, format: epoch_seconds}\nto: {data_type: timestamp, format: \"%Y-%J\"}")),
        ("formats that tell no day, or a part of a time", columns("at: {data_type: timestamp, format: \"%H:%M\", timezone: UTC}\non1: {data_type: date, format: \"%Y-%m\"}\nto: {data_type: timestamp, format: \"%s.%f\"}\nby: {data_type: timestamp, format: \"%F %M\", timezone: UTC}")),
        ("a format without an offset", columns("at: {data_type: timestamp, format: \"%Y-%m-%d %H:%M\"}")),
        ("a format twice", columns("at: {data_type: timestamp, format: [rfc3339, rfc3339]}")),
        ("a zone that no format takes", columns("at: {data_type: timestamp, format: [epoch_millis, \"%F %T%z\"], timezone: UTC}")),
        ("a format of several without an offset", columns("at: {data_type: timestamp, format: [rfc3339, \"%F %T\"]}")),
        ("a zone that is none", columns("at: {data_type: timestamp, timezone: \"Berlin time\"}")),
        ("a zone without effect", columns("at: {data_type: timestamp, format: epoch_millis, timezone: UTC}")),
        ("keys that are one in SQL", columns("ID: text\nid: text\nuserName: text\nuser_name: text")),
        ("a column called like what keeps the rest", resource("schema_contract: {columns: evolve}\ncolumns: {Extra: text, owner: {data_type: object, fields: {extra: text}}}")),
        ("a key of which no name can be made", columns("\"+\": text\n\"\": text")),
        ("a name that is none", columns("a: {data_type: text, rename: \"a b\"}")),
        ("values of which no variants can be made", columns("k: {data_type: enum, values: [\"+\", a-b, a_b, other]}")),
        ("a value twice", columns("k: {data_type: enum, closed: true, values: [a, b, a, {value: b, rename: C}]}")),
        ("an enum without values", columns("k: {data_type: enum, values: []}")),
        ("a union of one", columns("u: {data_type: union, of: [text]}")),
        ("a union that JSON cannot tell apart", columns("u: {data_type: union, of: [bigint, double]}\nv: {data_type: union, of: [json, text]}")),
        ("a nullable member of a union", columns("u: {data_type: union, of: [text!, bigint]}")),
        ("absence of what is never null", columns("a: {data_type: text, nullable: false, presence: explicit}")),
        ("a column from everywhere", columns("a: {data_type: text, from: \"$.a[*]\"}")),
        ("a record as a whole that has keys", columns("a: {data_type: object, from: $, fields: {b: {data_type: text, from: $}}}")),
        ("columns beside the record as a whole", columns("a: {data_type: text, from: $}\nb: text\nc: {data_type: text, value: x}")),
        ("values of the response with text and functions", columns("a: {data_type: text, value: \"{response.base} rate\"}\nb: {data_type: text, value: \"{key | lower}\"}\nc: {data_type: text, value: \"{response}\"}")),
        ("values of the response of another type", columns("a: {data_type: text, value: \"{index}\"}\nb: {data_type: object, value: \"{response.headers.Date}\", fields: {x: text}}\nc: {data_type: json, value: \"{response.items[*].id}\"}")),
        ("a key of records that have none", columns("a: {data_type: text, value: \"{key}\"}")),
        ("a decoding that is none", columns("a: {data_type: bigint, decode: integer}\nb: {data_type: text, decode: text}")),
        ("types that are one", "client: {base_url: \"https://a.example\", paginator: single_page}\nresources:\n  - name: a\n    columns: {b_c: {data_type: object, fields: {x: text}}}\n  - name: a_b\n    columns: {c: {data_type: object, fields: {x: text}}}\n".to_owned()),
    ]);
}

#[test]
fn bounds_of_a_format() {
    let incremental =
        |fields: &str| endpoint(&format!("path: /things\nincremental: {{ {fields} }}"));
    say(
        "bounds_of_a_format",
        &[
            (
                "a start in another format",
                incremental("cursor_path: updated_at, initial_value: 2024-01-01, end_value: 31.02.2025 10:00")
                    .replace("updated_at: timestamp", "updated_at: {data_type: timestamp, format: \"%d.%m.%Y %H:%M\", timezone: UTC}"),
            ),
            (
                "a start that is no date of its format",
                incremental("cursor_path: updated_at, initial_value: 1.1., end_value: 01.13.2025")
                    .replace("updated_at: timestamp", "updated_at: {data_type: date, format: \"%d.%m.%Y\"}"),
            ),
            (
                "a start of no local time",
                incremental("cursor_path: updated_at, initial_value: \"2024-01-01T25:00:00\"")
                    .replace("updated_at: timestamp", "updated_at: {data_type: timestamp, timezone: Europe/Berlin}"),
            ),
        ],
    );
}

#[test]
fn explode() {
    let exploded = |list: &str, columns: &str| {
        resource(&format!(
            "endpoint: {{path: things, explode: {list}}}\nprimary_key: id\ncolumns: {columns}"
        ))
    };
    say(
        "explode",
        &[
            ("a list that is the record", exploded("$", "{id: text}")),
            (
                "a list of which nothing is read",
                exploded(
                    "lines",
                    "{id: text, sku: {data_type: text, from: $.line.sku}}",
                ),
            ),
            (
                "rows of one key",
                exploded(
                    "$.data.lines",
                    "{id: text, sku: {data_type: text, from: $.data.lines.sku}}",
                ),
            ),
            ("untyped records", exploded("lines", "json")),
        ],
    );
}

#[test]
fn child_tables() {
    let keyed = |columns: &str| {
        resource(&format!(
            "primary_key: id\ncolumns:\n{}",
            super::indented(columns, 2)
        ))
    };
    say(
        "child_tables",
        &[
            (
                "no columns",
                keyed("id: text\nlines: {data_type: array, as: table, items: text}"),
            ),
            (
                "columns of no table",
                keyed("id: text\nlines: {data_type: array, columns: {a: text}}"),
            ),
            (
                "a name of no table",
                keyed("id: text\nlines: {data_type: array, items: text, table: lines}"),
            ),
            (
                "items beside columns",
                keyed(
                    "id: text\nlines: {data_type: array, as: table, items: text, columns: {a: text}}",
                ),
            ),
            (
                "a record without a key",
                resource("columns: {lines: {data_type: array, as: table, columns: {a: text}}}"),
            ),
            (
                "a table within an object",
                keyed(
                    "id: text\nof: {data_type: object, fields: {lines: {data_type: array, as: table, columns: {a: text}}}}",
                ),
            ),
            (
                "a table within a table",
                keyed(
                    "id: text\nlines: {data_type: array, as: table, columns: {parts: {data_type: array, as: table, columns: {a: text}}}}",
                ),
            ),
            (
                "a table within a list",
                keyed(
                    "id: text\nlines: {data_type: array, items: {data_type: array, as: table, columns: {a: text}}}",
                ),
            ),
            (
                "a column like the one that links",
                keyed(
                    "id: text\nlines: {data_type: array, as: table, columns: {_position: text, a: text}}",
                ),
            ),
            (
                "two tables of one name",
                keyed(
                    "id: text\nlines: {data_type: array, as: table, columns: {a: text}}\nparts: {data_type: array, as: table, table: Things_Lines, columns: {a: text}}",
                ),
            ),
            (
                "a table called like a resource",
                keyed(
                    "id: text\nlines: {data_type: array, as: table, table: things, columns: {a: text}}",
                ),
            ),
            (
                "a table called like those of the database",
                keyed(
                    "id: text\nlines: {data_type: array, as: table, table: sqlite_lines, columns: {a: text}}",
                ),
            ),
        ],
    );
}

#[test]
fn hard_delete() {
    let merged = |lines: &str| {
        resource(&format!(
            "primary_key: id\nwrite_disposition: merge\n{lines}\ncolumns: {{id: text, gone: bool!, at: timestamp!}}"
        ))
    };
    say(
        "hard_delete",
        &[
            ("a mark that is not a column", merged("hard_delete: gon")),
            ("a mark that every row has", merged("hard_delete: at")),
            ("a key as the mark", merged("hard_delete: id")),
            ("a value of a key", merged("hard_delete: { id: x }")),
            (
                "a column that does not exist",
                merged("hard_delete: { stat: x }"),
            ),
            ("two columns", merged("hard_delete: { gone: true, at: x }")),
            ("no values", merged("hard_delete: { gone: [] }")),
            (
                "a value of another type",
                merged("hard_delete: { gone: [true, deleted] }"),
            ),
            (
                "values of a time",
                merged("hard_delete: { at: 2026-01-01T00:00:00Z }"),
            ),
            (
                "a word that the enum does not have",
                resource(
                    "primary_key: id\nwrite_disposition: merge\nhard_delete: {status: canceled}\n\
                     columns: {id: text, status: {data_type: enum, values: [confirmed, cancelled]}}",
                ),
            ),
            (
                "a mark of rows that are appended",
                resource("hard_delete: gone\ncolumns: {gone: bool}"),
            ),
            (
                "a mark of untyped records",
                resource(
                    "primary_key: id\nwrite_disposition: merge\nhard_delete: gone\ncolumns: json",
                ),
            ),
        ],
    );
}

#[test]
fn partitions() {
    let partitions = |lists: &str| {
        resource(&format!(
            "partitions: {{ {lists} }}\nendpoint: {{ path: \"/things/{{partition.region}}\" }}\ncolumns: {{ id: text }}"
        ))
    };
    say(
        "partitions",
        &[
            ("no values", partitions("region: []")),
            (
                "no values of a list that columns, a key and the whole path use",
                resource(
                    "partitions: { region: [] }\ninclude_from_partition: [region]\nprimary_key: [region, id]\nendpoint: { path: \"/{partition.region}/things\" }\ncolumns: { id: text }",
                ),
            ),
            (
                "a value that names nothing in a path",
                partitions("region: [eu, \"..\"]"),
            ),
            ("a value twice", partitions("region: [eu, us, eu]")),
            (
                "in the endpoint",
                resource(
                    "endpoint: { path: \"/{partition.region}\", partitions: { region: [eu] } }\ncolumns: { id: text }",
                ),
            ),
            ("a single value", partitions("region: eu")),
            (
                "a list that no request has",
                partitions("region: [eu], year: [2024]"),
            ),
            ("a placeholder of no list", partitions("regions: [eu]")),
            (
                "a key without the partition",
                partitions("region: [eu, us]")
                    .replace(
                        "endpoint:",
                        "primary_key: id\n    write_disposition: merge\n    endpoint:",
                    )
                    .replace("id: text", "id: text!"),
            ),
            (
                "an inclusion of no list",
                partitions("region: [eu]").replace(
                    "endpoint:",
                    "include_from_partition: [regio]\n    endpoint:",
                ),
            ),
            (
                "a tree whose first request lacks the value",
                resource(
                    "partitions: {site: [a, b]}\ninclude_from_partition: [site]\nprimary_key: [site, id]\nendpoint:\n  path: \"/{partition.site}/folders/{resources.things.id}\"\n  root: {path: /folders}\ncolumns: {id: text}",
                ),
            ),
        ],
    );
}
