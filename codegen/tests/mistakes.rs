//! What the compiler says about mistakes: a snapshot for each part of the language.
//!
//! Each case is a spec with one mistake or a few, most of them a fragment put into an otherwise good
//! spec. Read a changed snapshot as the person who made the mistake would.

use std::fmt::Write as _;

use rest_source_codegen::compile;

/// The title of a case and its spec.
type Case = (&'static str, String);

/// Compares what is said about every case of a group with its snapshot.
fn say(group: &str, cases: &[Case]) {
    let mut said = String::new();
    for (title, spec) in cases {
        let compiled = compile("specs/api.yaml", spec);
        let rendered = compiled.diagnostics.render();
        assert!(
            !rendered.is_empty(),
            "nothing is said about: {title}\n{spec}"
        );
        assert_eq!(
            compiled.connector.is_none(),
            compiled.diagnostics.has_errors()
        );
        let _ = writeln!(said, "## {title}\n\n{rendered}\n");
    }
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!(group, said);
    });
}

fn indented(text: &str, spaces: usize) -> String {
    let indent = " ".repeat(spaces);
    let lines = text.lines().map(|line| format!("{indent}{line}\n"));
    lines.collect()
}

/// A spec with these lines in its `client`.
fn client(lines: &str) -> String {
    format!(
        "client:\n  base_url: https://api.example.com\n  paginator: single_page\n{}\
         resources:\n  - name: things\n    columns: {{ id: text! }}\n",
        indented(lines, 2)
    )
}

/// A spec with these credentials.
fn auth(lines: &str) -> String {
    client(&format!("auth:\n{}", indented(lines, 2)))
}

/// A spec with these lines in its one resource.
fn resource(lines: &str) -> String {
    format!(
        "client:\n  base_url: https://api.example.com\n  paginator: single_page\n\
         resources:\n  - name: things\n{}",
        indented(lines, 4)
    )
}

/// A spec with these columns.
fn columns(lines: &str) -> String {
    resource(&format!("columns:\n{}", indented(lines, 2)))
}

/// A spec with these lines in the endpoint of its one resource.
fn endpoint(lines: &str) -> String {
    resource(&format!(
        "columns: {{ id: text!, updated_at: timestamp, count: bigint }}\nendpoint:\n{}",
        indented(lines, 2)
    ))
}

/// A spec with this paginator.
fn paginator(fields: &str) -> String {
    endpoint(&format!("path: /things\npaginator: {{ {fields} }}"))
}

/// A spec with these lines at its top.
fn top(lines: &str) -> String {
    format!("{lines}\n{}", client(""))
}

#[test]
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
        ("a list where a map is wanted", client("headers:\n  - X-Version: 1")),
        ("text where a list is wanted", client("retry: {statuses: 429}")),
        ("a number in quotes", client("retry: {max_retries: \"3\"}")),
        ("a fraction where a whole number is wanted", client("retry: {max_retries: 2.5}")),
        ("a negative number", client("retry: {max_retries: -1}")),
        ("a number that is too large", client("concurrency: 100000\nretry: {max_retries: 99999999999999999999}")),
        ("text where a bool is wanted", resource("selected: \"true\"\ncolumns: {id: text}")),
        ("a placeholder without quotes", client("").replace("https://api.example.com", "{config.base_url}")),
        ("a word that is none of those", resource("write_disposition: upsert\ncolumns: {id: text}")),
        ("a method in lower case", endpoint("path: /things\nmethod: get")),
        ("both words for one key", auth("type: oauth2\ntoken_url: https://a.example/t\naccess_token_url: https://a.example/t\nclient_id: a\nclient_secret: \"{secrets.s}\"")),
        ("a name that is none", top("name: my-api")),
        ("a name in the defaults", top("resource_defaults: {name: x, selected: true}")),
        ("an unknown key in the defaults, inherited twice", "client: {base_url: \"https://a.example\", paginator: single_page}\nresource_defaults: {primary_keys: id}\nresources:\n  - {name: a, columns: {id: text}}\n  - {name: b, columns: {id: text}}\n".to_owned()),
        ("more than twenty mistakes", columns(&(0..25).fold(String::new(), |all, n| format!("{all}c{n}: txet\n")))),
    ]);
}

#[test]
fn client_and_retry() {
    say(
        "client_and_retry",
        &[
            (
                "a base URL without a scheme",
                client("").replace("https://", ""),
            ),
            (
                "a base URL of another scheme",
                client("").replace("https://", "ftp://"),
            ),
            (
                "a base URL with credentials",
                client("").replace("https://", "https://user:pass@"),
            ),
            (
                "a base URL by a setting that is none",
                format!(
                    "config: {{host: {{type: text, default: example}}}}\n{}",
                    client("").replace("https://api.example.com", "\"{config.host}\"")
                ),
            ),
            (
                "a base URL that begins wrong",
                format!(
                    "config: {{host: text}}\n{}",
                    client("").replace("https://api.example.com", "\"api.{config.host}\"")
                ),
            ),
            (
                "a secret in the base URL",
                client("").replace(
                    "https://api.example.com",
                    "\"https://{secrets.tenant}.example.com\"",
                ),
            ),
            (
                "a duration without a unit",
                client("timeout: {connect: 10}"),
            ),
            ("a duration of nothing", client("timeout: {connect: 0s}")),
            (
                "a duration in an unknown unit",
                client("retry: {max_delay: 5min}"),
            ),
            (
                "a status that is none",
                client("retry: {statuses: [429, 5XX, 6xx, 1000]}"),
            ),
            (
                "a delay longer than all of them",
                client("retry: {max_delay: 20m}"),
            ),
            (
                "a unit without its path",
                client("retry: {retry_after_unit: ms}"),
            ),
            (
                "a size that is none",
                client("max_response_bytes: 64 megabytes"),
            ),
            (
                "an origin with a path",
                client("allow_origins: [\"https://cdn.example.com/files\"]"),
            ),
            ("a header that is none", client("headers: {\"X Key\": a}")),
            ("a header twice", client("headers: {X-Key: a, x-key: b}")),
            (
                "a header of two lines",
                client("headers: {X-Key: \"a\\nb\"}"),
            ),
            (
                "a rate limit without a time",
                client("rate_limit: {requests: 10}"),
            ),
            (
                "a rate limit of nothing",
                client("rate_limit: {requests: 0, per: 0s}"),
            ),
            (
                "a rate limit that is none",
                client("rate_limit: {requests: 2000000, per: 1d}"),
            ),
            (
                "a retry word of Airbyte",
                client("retry: {max_attempts: 5}"),
            ),
        ],
    );
}

fn actions(rules: &[&str]) -> String {
    let rules: Vec<String> = rules
        .iter()
        .map(|rule| format!("  - {{{rule}}}\n"))
        .collect();
    endpoint(&format!(
        "path: /things\nresponse_actions:\n{}",
        rules.concat()
    ))
}

#[test]
fn response_actions() {
    say(
        "response_actions",
        &[
            ("a rule for everything", actions(&["action: ignore"])),
            (
                "an empty text, which is in everything",
                actions(&["content: \"\", action: ignore"]),
            ),
            ("no action", actions(&["status_code: 404"])),
            (
                "an action that is none",
                actions(&["status_code: 404, action: skip"]),
            ),
            (
                "a status that is none",
                actions(&["status_code: [404, 6xx], action: ignore"]),
            ),
            (
                "a rule after one for all that it is for",
                actions(&[
                    "status_code: 4xx, action: ignore",
                    "status_code: 404, content: gone, action: fail",
                ]),
            ),
            (
                "a rule after one of fewer words",
                actions(&[
                    "json: {$.code: [1, 2]}, header: {x-state: a}, action: ignore",
                    "json: {code: 2}, header: {X-State: a}, status_code: 200, action: fail",
                ]),
            ),
            (
                "keys that go with another action",
                actions(&["status_code: 404, action: ignore, after_retries: fail, message: gone"]),
            ),
            (
                "nothing to refresh",
                actions(&["status_code: 403, action: refresh_auth"]),
            ),
            (
                "a path to many places, and a header that is none",
                actions(&[
                    "json: {\"$.errors[*].code\": 7}, header: {\"X State\": a}, action: fail",
                ]),
            ),
            ("a word of dlt's", actions(&["status: 404, action: ignore"])),
            (
                "a condition without a value",
                endpoint(
                    "path: /things\nresponse_actions:\n  - action: ignore\n    json:\n      $.error:\n",
                ),
            ),
            (
                "a rule after one that takes null too",
                actions(&[
                    "json: {$.error: [null, 1]}, action: ignore",
                    "json: {$.error: ~}, action: fail",
                ]),
            ),
        ],
    );
}

/// Two resources, each with a choice of its own.
const CHOICES: &str = "
client:
  base_url: https://api.example.com
  paginator: single_page
resources:
  - name: things
    columns: { id: text }
    endpoint:
      auth:
        type: one_of
        choices:
          a: { type: bearer, token: \"{secrets.a}\" }
          b: { type: bearer, token: \"{secrets.b}\" }
  - name: more_things
    columns: { id: text }
    endpoint:
      auth:
        type: one_of
        choices:
          c: { type: bearer, token: \"{secrets.c}\" }
          d: { type: bearer, token: \"{secrets.d}\" }
";

/// Two resources, each with a refresh token of its own.
const REFRESH_TOKENS: &str = "
resource_defaults:
  columns: { id: text }
  endpoint:
    paginator: single_page
    auth:
      type: oauth2_refresh_token
      token_url: https://login.example.com/token
      client_id: me
      client_secret: \"{secrets.client_secret}\"
client:
  base_url: https://api.example.com
resources:
  - name: things
    endpoint: { auth: { refresh_token: \"{secrets.one}\" } }
  - name: more_things
    endpoint: { auth: { refresh_token: \"{secrets.other}\" } }
";

#[test]
#[expect(clippy::too_many_lines, reason = "a list")]
fn credentials() {
    say(
        "credentials",
        &[
            (
                "a literal key",
                auth("type: api_key\napi_key: sk-live-0123456789"),
            ),
            (
                "a literal token beside another mistake in its line",
                client("auth: {type: baerer, token: sk-live-0123456789}"),
            ),
            (
                "a literal client secret",
                auth(
                    "type: oauth2\ntoken_url: https://a.example/token\nclient_id: me\nclient_secret: hunter2hunter2",
                ),
            ),
            (
                "a literal refresh token",
                auth(
                    "type: oauth2_refresh_token\ntoken_url: https://a.example/token\nclient_id: me\nclient_secret: \"{secrets.s}\"\nrefresh_token: hunter2hunter2",
                ),
            ),
            ("another refresh token", REFRESH_TOKENS.to_owned()),
            (
                "a key of another kind",
                auth("type: bearer\napi_key: \"{secrets.key}\""),
            ),
            (
                "a choice of one",
                auth("type: one_of\nchoices:\n  key: {type: api_key, api_key: \"{secrets.key}\"}"),
            ),
            (
                "a choice within a choice",
                auth(
                    "type: one_of\nchoices:\n  key: {type: api_key, api_key: \"{secrets.key}\"}\n  more: {type: one_of, choices: {a: {type: bearer, token: \"{secrets.a}\"}, b: {type: bearer, token: \"{secrets.b}\"}}}",
                ),
            ),
            (
                "choices of the same name in Rust, and one that is none",
                auth(
                    "type: one_of\nchoices:\n  the_key: {type: api_key, api_key: \"{secrets.a}\"}\n  TheKey: {type: api_key, api_key: \"{secrets.b}\"}\n  \"a key\": {type: api_key, api_key: \"{secrets.c}\"}",
                ),
            ),
            (
                "a literal within a choice",
                auth(
                    "type: one_of\nchoices:\n  key: {type: api_key, api_key: sk-live-0123456789}\n  token: {type: bearer, tokn: x}",
                ),
            ),
            ("another choice", CHOICES.to_owned()),
            (
                "a custom auth that is no path",
                auth("type: custom\nrust: my-crate.Signed"),
            ),
            (
                "a custom auth with what is no key of it",
                auth("type: custom\nrust: crate::Signed\nkey: \"{secrets.key}\""),
            ),
            (
                "a custom paginator without a path",
                paginator("type: custom"),
            ),
            (
                "a setting for a secret",
                format!(
                    "config: {{key: text}}\n{}",
                    auth("type: bearer\ntoken: \"{config.key}\"")
                ),
            ),
            (
                "a shell variable for a secret",
                auth("type: bearer\ntoken: \"${API_TOKEN}\""),
            ),
            (
                "neither of the two is a secret",
                auth("type: http_basic\nusername: me\npassword: x"),
            ),
            (
                "an unknown kind",
                auth("type: basic\nusername: \"{secrets.u}\"\npassword: x"),
            ),
            ("no kind", auth("token: \"{secrets.token}\"")),
            ("a kind alone", client("auth: bearer")),
            ("keys that are missing", auth("type: oauth2")),
            (
                "a key of another kind",
                auth("type: bearer\ntoken: \"{secrets.token}\"\nlocation: query"),
            ),
            (
                "a location that is none",
                auth("type: api_key\napi_key: \"{secrets.key}\"\nlocation: params"),
            ),
            (
                "a token URL over plain http",
                auth(
                    "type: oauth2\ntoken_url: http://a.example/token\nclient_id: me\nclient_secret: \"{secrets.s}\"",
                ),
            ),
            (
                "plain http",
                auth("type: bearer\ntoken: \"{secrets.token}\"")
                    .replace("https://api", "http://api"),
            ),
            (
                "a literal in a list",
                auth("type: bearer\ntoken: [sk-live-0123456789]"),
            ),
            (
                "a literal in a line that is no YAML",
                auth("type: bearer\ntoken: sk-live-0123456789: x"),
            ),
            (
                "a literal in a header",
                client("headers: {Authorization: Bearer sk-live-0123456789}"),
            ),
            (
                "an Authorization header beside it",
                client(
                    "auth: {type: bearer, token: \"{secrets.token}\"}\nheaders: {authorization: x}",
                ),
            ),
            (
                "its own parameter in `params`",
                endpoint(
                    "path: /things\nauth: {type: api_key, name: key, api_key: \"{secrets.key}\", location: query}\nparams: {key: x}",
                ),
            ),
            (
                "a path to a stranger",
                endpoint(
                    "path: https://other.example.org/things\nauth: {type: bearer, token: \"{secrets.token}\"}",
                ),
            ),
            ("a secret in a path", endpoint("path: /things/{secrets.id}")),
            (
                "a secret bound to a path",
                endpoint("path: /things/{id}\nparams: {id: \"{secrets.id}\"}"),
            ),
            (
                "a field of the token request that has its own key",
                auth(
                    "type: oauth2\ntoken_url: https://a.example/token\nclient_id: me\nclient_secret: \"{secrets.s}\"\naccess_token_request_data: {scope: all, grant_type: password}",
                ),
            ),
            (
                "a variable for two",
                format!(
                    "secrets: {{a: {{env: KEY}}, b: {{env: KEY}}}}\n{}",
                    auth("type: http_basic\nusername: \"{secrets.a}\"\npassword: \"{secrets.b}\"")
                ),
            ),
        ],
    );
}

#[test]
fn paginators() {
    say(
        "paginators",
        &[
            (
                "none",
                resource("columns: {id: text}").replace("  paginator: single_page\n", ""),
            ),
            ("dlt's auto", endpoint("path: /things\npaginator: auto")),
            ("an unknown kind", paginator("type: ofset, limit: 100")),
            (
                "a kind of Airbyte",
                paginator("type: OffsetIncrement, page_size: 100"),
            ),
            (
                "a bare word that needs more",
                endpoint("path: /things\npaginator: offset"),
            ),
            ("a limit of nothing", paginator("type: offset, limit: 0")),
            ("a limit that is missing", paginator("type: offset")),
            (
                "an older word of dlt",
                paginator("type: offset, limit: 100, initial_offset: 5"),
            ),
            (
                "a key of another kind",
                paginator("type: offset, limit: 100, page_size: 5, cursor_path: a"),
            ),
            (
                "its parameter in `params`",
                endpoint(
                    "path: /things\nparams: {limit: 50}\npaginator: {type: offset, limit: 100}",
                ),
            ),
            (
                "a parameter and a place in the body",
                endpoint(
                    "path: /things\nmethod: POST\njson: {}\npaginator: {type: offset, limit: 100, offset_param: a, offset_body_path: b}",
                ),
            ),
            (
                "a place in a body that is not there",
                paginator("type: offset, limit: 100, offset_body_path: paging.offset"),
            ),
            (
                "a place in the body by index",
                endpoint(
                    "path: /things\nmethod: POST\njson: {}\npaginator: {type: offset, limit: 100, offset_body_path: \"a[0]\"}",
                ),
            ),
            (
                "one parameter for two values",
                paginator("type: offset, limit: 100, offset_param: p, limit_param: p"),
            ),
            (
                "a maximum at the start",
                paginator("type: offset, limit: 100, offset: 10, maximum_offset: 10"),
            ),
            (
                "a start before the first page",
                paginator("type: page_number, base_page: 1, page: 0"),
            ),
            (
                "a size without effect",
                paginator("type: page_number, page_size: 100"),
            ),
            (
                "a place for a size that is not there",
                paginator("type: page_number, page_size_param: per_page"),
            ),
            (
                "short pages of no size",
                paginator("type: page_number, stop_after_short_page: true"),
            ),
            (
                "pages without an end",
                paginator("type: page_number, stop_after_empty_page: false"),
            ),
            (
                "a path to many places",
                paginator("type: cursor, cursor_path: \"$.cursors[*].next\""),
            ),
            (
                "a relation of another header",
                paginator("type: header_link, header: X-Next, links_next_key: next"),
            ),
            (
                "a header that is none",
                paginator("type: header_link, header: \"X Next\""),
            ),
            (
                "a status that is none",
                paginator("type: json_link, stop_on_status: [404, none]"),
            ),
        ],
    );
}

#[test]
fn resources_and_endpoints() {
    say("resources_and_endpoints", &[
        ("a primary key that is no column", resource("primary_key: ids\ncolumns: {id: text, name: text}")),
        ("a primary key in the defaults that two resources lack", "client: {base_url: \"https://a.example\", paginator: single_page}\nresource_defaults: {primary_key: id}\nresources:\n  - {name: a, columns: {key: text}}\n  - {name: b, columns: {id: text}}\n  - {name: c, columns: {key: text}}\n".to_owned()),
        ("a key column that may be null", resource("primary_key: [id]\ncolumns: {id: {data_type: text, nullable: true}}")),
        ("a key column that does not compare", resource("primary_key: id\ncolumns: {id: double}")),
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
        ("two resources of one name", format!("{}  - name: things\n    columns: {{ id: text }}\n", client(""))),
        ("two resources of one type", format!("{}  - name: Thing\n    record: Things\n    columns: {{ id: text }}\n", client(""))),
        ("a resource called like a method", client("").replace("name: things", "name: builder")),
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
            ("a body that is null", endpoint("path: /things\nmethod: POST\njson: ~")),
            (
                "a required selector that is not there",
                endpoint("path: /things\ndata_selector_required: false"),
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
        ("a format without an offset", columns("at: {data_type: timestamp, format: \"%Y-%m-%d %H:%M\"}")),
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
        ("a column from everywhere", columns("a: {data_type: text, from: \"$.a[*]\"}\nb: {data_type: text, from: $}")),
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
fn incremental() {
    let incremental =
        |fields: &str| endpoint(&format!("path: /things\nincremental: {{ {fields} }}"));
    say(
        "incremental",
        &[
            ("no cursor", incremental("start_param: since")),
            ("a word of Airbyte", incremental("cursor_field: updated_at")),
            (
                "a cursor that is no column",
                incremental("cursor_path: update_at"),
            ),
            (
                "a cursor without an order",
                endpoint("path: /things\nincremental: {cursor_path: flag}")
                    .replace("count: bigint", "flag: bool"),
            ),
            (
                "a cursor of untyped records",
                resource("columns: json\nendpoint: {incremental: {cursor_path: updated_at}}"),
            ),
            (
                "a start of another type",
                incremental("cursor_path: updated_at, initial_value: yesterday"),
            ),
            (
                "a start without an offset",
                incremental("cursor_path: updated_at, initial_value: \"2024-01-01T00:00:00\""),
            ),
            (
                "a start that is no number",
                incremental("cursor_path: count, initial_value: \"2024-01-01\""),
            ),
            (
                "an end before the start",
                incremental(
                    "cursor_path: updated_at, initial_value: \"2024-02-01\", end_value: \"2024-01-01T00:00:00Z\"",
                ),
            ),
            (
                "a lag of another type",
                incremental("cursor_path: updated_at, lag: 5"),
            ),
            (
                "a lag that reaches forward",
                incremental("cursor_path: count, lag: -5"),
            ),
            (
                "a lag without an end",
                incremental("cursor_path: share, lag: inf")
                    .replace("count: bigint", "share: double"),
            ),
            (
                "a lag for a decimal",
                incremental("cursor_path: price, lag: 5")
                    .replace("count: bigint", "price: decimal"),
            ),
            (
                "a format of a number",
                incremental("cursor_path: count, format: epoch_seconds"),
            ),
            (
                "its parameter in `params`",
                endpoint(
                    "path: /things\nparams: {since: x}\nincremental: {cursor_path: updated_at, start_param: since}",
                ),
            ),
            (
                "one parameter for both ends",
                incremental("cursor_path: updated_at, start_param: at, end_param: at"),
            ),
            (
                "dlt's older form beside the newer",
                endpoint(
                    "path: /things\nparams: {since: {type: incremental, cursor_path: updated_at}}\nincremental: {cursor_path: updated_at}",
                ),
            ),
            (
                "a mistake in dlt's older form",
                endpoint(
                    "path: /things\nparams: {since: {type: incremental, cursor_path: update_at, initial: 1}}",
                ),
            ),
            (
                "an order that is none",
                incremental("cursor_path: updated_at, row_order: ascending"),
            ),
            (
                "what happens without a value",
                incremental("cursor_path: updated_at, on_cursor_value_missing: ignore"),
            ),
        ],
    );
}

#[test]
fn what_is_appended_again() {
    let endpoint =
        |fields: &str| format!("endpoint:\n  paginator: {{type: offset, limit: 10{fields}}}\n");
    let appended = |paging: &str, fields: &str| {
        resource(&format!(
            "columns: {{ id: text!, updated_at: timestamp }}\nwrite_disposition: append\n{}  \
             incremental: {{ cursor_path: updated_at{fields} }}",
            endpoint(paging)
        ))
        .replace("  paginator: single_page\n", "")
    };
    say(
        "what_is_appended_again",
        &[
            ("a lag", appended("", ", lag: 1h")),
            (
                "a lag, where nothing says that it is appended",
                appended("", ", lag: 1h").replace("    write_disposition: append\n", ""),
            ),
            (
                "records without a cursor value, and a lag",
                appended("", ", lag: 1h, on_cursor_value_missing: include"),
            ),
            (
                "a lag of the defaults",
                format!(
                    "resource_defaults: {{primary_key: id, write_disposition: merge, endpoint: {{incremental: {{lag: 1h}}}}}}\n{}",
                    appended("", "")
                ),
            ),
            ("a maximum", appended(", maximum_pages: 5", "")),
            (
                "a maximum, in an order by which the start is left out",
                appended(
                    ", maximum_offset: 50",
                    ", row_order: asc, range_start: open",
                ),
            ),
        ],
    );
}

#[test]
fn settings_and_warnings() {
    say(
        "settings_and_warnings",
        &[
            (
                "a type that is none",
                top("config: {a: string, b: {type: number}}"),
            ),
            (
                "a default of another type",
                top(
                    "config:\n  a: {type: bigint, default: many}\n  b: {type: bool, default: maybe}\n  c: {type: date, default: 2024-02-30}\n  d: {type: enum, values: [x, y], default: z}",
                ),
            ),
            ("an enum without values", top("config: {a: {type: enum}}")),
            (
                "values of no enum",
                top("config: {a: {type: text, values: [x]}}"),
            ),
            (
                "a name that is none",
                top("config: {my-org: text}\nsecrets: {\"1\": {}}"),
            ),
            (
                "a literal in `secrets`",
                top("secrets: {key: sk-live-0123}"),
            ),
            (
                "a literal that every resource overrides",
                client("auth: {type: bearer, token: sk-live-0123456789}")
                    .replace("- name: things", "- name: things\n    endpoint: {auth: ~}"),
            ),
            (
                "what every resource overrides",
                client("auth: {type: bearer, token: \"{secrets.token}\"}")
                    .replace("- name: things", "- name: things\n    endpoint: {auth: ~}"),
            ),
            (
                "what is never used",
                format!(
                    "config: {{a: text}}\nsecrets: {{b: {{}}}}\nresource_defaults: {{selected: false, write_disposition: replace}}\n{}",
                    resource("selected: true\ncolumns: {id: text}")
                ),
            ),
        ],
    );
}

/// A spec of posts, of these lines in their children, and of further resources.
fn child(lines: &str, others: &str) -> String {
    let posts = "
- name: posts
  primary_key: id
  columns:
    id: text
    lang: text
    views: bigint!
    at: timestamp!
    author: { data_type: object, fields: { id: text!, Home Town: text } }
    owner: { data_type: object, nullable: false, fields: { id: text! } }
    tags: { data_type: array, items: text! }
    extra: json
";
    format!(
        "client:\n  base_url: https://api.example.com\n  paginator: single_page\nresources:{}\
         \n  - name: comments\n{}{}",
        indented(posts, 2),
        indented(lines, 4),
        indented(others, 2)
    )
}

/// A spec with these lines in the endpoint of a child.
fn asked(lines: &str) -> String {
    child(
        &format!(
            "columns: {{ id: text! }}\nendpoint:\n{}",
            indented(lines, 2)
        ),
        "",
    )
}

#[test]
fn parents() {
    say(
        "parents",
        &[
            (
                "an unknown parent",
                asked("path: /posts/{resources.post.id}"),
            ),
            (
                "no parent at all like it",
                asked("params: {q: \"{resources.elsewhere.id}\"}"),
            ),
            (
                "its own parent",
                asked("path: /posts/{resources.comments.id}"),
            ),
            (
                "a circle",
                child(
                    "columns: {id: text!}\nendpoint: a/{resources.replies.id}",
                    "- name: replies\n  columns: {id: text!}\n  endpoint: b/{resources.likes.id}\n\
                     - name: likes\n  columns: {id: text!}\n  endpoint: c/{resources.comments.id}",
                ),
            ),
            (
                "two parents",
                child(
                    "columns: {id: text!}\nendpoint: {path: \"a/{resources.posts.id}\", params: {q: \"{resources.users.id}\"}}",
                    "- name: users\n  columns: {id: text!}",
                ),
            ),
            (
                "an untyped parent",
                child(
                    "columns: {id: text!}\nendpoint: a/{resources.users.id}",
                    "- name: users\n  columns: json",
                ),
            ),
        ],
    );
}

#[test]
fn fields_of_parents() {
    say(
        "fields_of_parents",
        &[
            (
                "a field that is none",
                asked("path: /posts/{resources.posts.ident}"),
            ),
            ("no field", asked("path: /posts/{resources.posts}")),
            (
                "a nullable field in a path",
                asked("path: /posts/{resources.posts.lang}"),
            ),
            (
                "a nullable field of an object that may be missing, in a path",
                asked("path: /posts/{resources.posts.author.id}"),
            ),
            (
                "an element, in a path",
                asked("path: /posts/{resources.posts.tags[0]}"),
            ),
            (
                "any json, in a path",
                asked("path: /posts/{resources.posts.extra}"),
            ),
            (
                "a nullable field that a path is bound to",
                asked("path: /posts/{lang}\nparams: {lang: \"{resources.posts.lang}\"}"),
            ),
            (
                "the same in dlt's older form",
                asked(
                    "path: /posts/{lang}\nparams:\n  lang: {type: resolve, resource: posts, field: lang}",
                ),
            ),
            (
                "dlt's older form without a field",
                asked("path: /posts/{id}\nparams: {id: {type: resolve, resource: posts}}"),
            ),
            (
                "dlt's older form with more than it has",
                asked(
                    "path: /posts/{id}\nparams: {id: {type: resolve, resource: posts, field: id, x: 1}}",
                ),
            ),
            (
                "an object as a parameter",
                asked("params: {q: \"{resources.posts.author}\"}"),
            ),
            (
                "nothing of that name in an object",
                asked("path: /a/{resources.posts.owner.name}"),
            ),
            (
                "a key of a list",
                asked("params: {q: \"{resources.posts.tags.first}\"}"),
            ),
            (
                "into a number",
                asked("params: {q: \"{resources.posts.views.day}\"}"),
            ),
            (
                "several elements",
                asked("params: {q: \"{resources.posts.tags[*]}\"}"),
            ),
            (
                "a field of a parent in the credentials",
                asked(
                    "path: /posts/{resources.posts.id}\nauth: {type: bearer, token: \"{resources.posts.id}\"}",
                ),
            ),
            (
                "a field of a parent in the base URL",
                client("").replace(
                    "https://api.example.com",
                    "https://{resources.things.id}.example.com",
                ),
            ),
        ],
    );
}

#[test]
fn included_columns() {
    let id = "endpoint: posts/{resources.posts.id}/comments\n";
    say(
        "included_columns",
        &[
            (
                "included without a parent",
                resource("include_from_parent: [id]\ncolumns: {id: text}"),
            ),
            (
                "an included column that is none",
                child(
                    &format!("{id}columns: {{id: text}}\ninclude_from_parent: [idd, author.id]"),
                    "",
                ),
            ),
            (
                "an included column whose name is taken",
                child(
                    &format!(
                        "{id}columns: {{id: text, _Posts_ID: text}}\ninclude_from_parent: [id]"
                    ),
                    "",
                ),
            ),
            (
                "a column included twice",
                child(
                    &format!("{id}columns: {{id: text}}\ninclude_from_parent: [lang, lang]"),
                    "",
                ),
            ),
            (
                "included in untyped records",
                child(&format!("{id}columns: json\ninclude_from_parent: [id]"), ""),
            ),
            (
                "a nullable column as a key",
                child(
                    &format!(
                        "{id}columns: {{id: text}}\ninclude_from_parent: [lang]\nprimary_key: [_posts_lang, id]"
                    ),
                    "",
                ),
            ),
        ],
    );
}
