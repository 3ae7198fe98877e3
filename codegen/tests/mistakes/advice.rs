//! Advice that works: what a message says to write is right where it is written.

use rest_source_codegen::{compile, diagnostic::Diagnostics};

use super::{auth, client, columns, endpoint, paginator, resource};

/// A mistake, a part of the one message about it, and the spec with the advice followed.
struct Advice {
    wrong: String,
    says: &'static str,
    right: String,
}

/// A text in which `from` is wrong, and `to` is what the message says to write.
fn write(spec: &str, from: &str, to: &'static str) -> Advice {
    assert!(spec.contains(from), "{from}\n{spec}");
    Advice {
        wrong: spec.to_owned(),
        says: to,
        right: spec.replace(from, to),
    }
}

#[track_caller]
fn follow(advice: &[Advice]) {
    for Advice { wrong, says, right } in advice {
        let diagnostics = compile("specs/api.yaml", wrong).diagnostics;
        let rendered = diagnostics.render();
        // The paginator of the client is of no use beside another.
        let others = |diagnostics: &Diagnostics| {
            let used = diagnostics.iter().filter(|one| one.code != "RS0902");
            used.count()
        };
        assert_eq!(others(&diagnostics), 1, "{wrong}\n{rendered}");
        assert!(rendered.contains(says), "{says}\n{rendered}");
        let left = compile("specs/api.yaml", right).diagnostics;
        assert_eq!(others(&left), 0, "{right}\n{}", left.render());
    }
}

#[test]
fn advice_on_types_is_right() {
    let of = |word: &str| columns(&format!("id: text!\nvalue: {word}"));
    follow(&[
        write(
            &of("string[]"),
            "string[]",
            "{data_type: array, items: text}",
        ),
        write(
            &of("decimal(10,2)"),
            "decimal(10,2)",
            "{data_type: decimal, precision: 10, scale: 2}",
        ),
        write(&of("VARCHAR(255)"), "VARCHAR(255)", "text"),
        write(&of("Optional[str]"), "Optional[str]", "text"),
        write(
            &of("list[str]"),
            "list[str]",
            "{data_type: array, items: text}",
        ),
        write(
            &of("Vec<String>"),
            "Vec<String>",
            "{data_type: array, items: text}",
        ),
        write(&of("[string, \"null\"]"), "[string, \"null\"]", "text"),
        write(
            &of("{data_type: text, required: true}"),
            "required: true",
            "nullable: false",
        ),
        Advice {
            wrong: of("!text"),
            says: "write `text!`",
            right: of("text!"),
        },
        Advice {
            wrong: of("{data_type: object!, fields: {a: text}}"),
            says: "write `data_type: object` and `nullable: false`",
            right: of("{data_type: object, nullable: false, fields: {a: text}}"),
        },
        Advice {
            wrong: resource("description: things"),
            says: "`columns: json` takes records as they are",
            right: resource("description: things\ncolumns: json"),
        },
    ]);
}

#[test]
fn advice_on_values_is_right() {
    follow(&[
        write(&client("retry: 3"), "retry: 3", "{max_retries: 3}").key("retry: "),
        write(
            &client("rate_limit: 100/min"),
            "rate_limit: 100/min",
            "{requests: 100, per: 1m}",
        )
        .key("rate_limit: "),
        write(&client("timeout: {request: 1.5s}"), "1.5s", "1500ms"),
        write(&client("timeout: {request: 1min}"), "1min", "1m"),
        write(&paginator("type: offset, limit: 010"), "limit: 010", "10").key("limit: "),
        Advice {
            wrong: client("").replace("single_page", "JSONLinkPaginator"),
            says: "here it is called `json_link`",
            right: client("").replace("single_page", "json_link"),
        },
        Advice {
            wrong: client("auth: bearer"),
            says: "{type: bearer, token: \"{secrets.token}\"}",
            right: client("auth: {type: bearer, token: \"{secrets.token}\"}"),
        },
        Advice {
            wrong: auth("type: BearerTokenAuth\ntoken: \"{secrets.t}\""),
            says: "here it is called `bearer`",
            right: auth("type: bearer\ntoken: \"{secrets.t}\""),
        },
        Advice {
            wrong: columns(
                "id: text!\nat: {data_type: timestamp, format: \"%F %T\", timezone: Europe/Berln}",
            ),
            says: "did you mean `Europe/Berlin`?",
            right: columns(
                "id: text!\nat: {data_type: timestamp, format: \"%F %T\", timezone: Europe/Berlin}",
            ),
        },
    ]);
}

impl Advice {
    /// With this before what the message says to write.
    fn key(mut self, key: &str) -> Self {
        self.right = self
            .right
            .replace(self.says, &format!("{key}{}", self.says));
        self
    }
}

#[test]
fn advice_on_placeholders_and_lists_is_right() {
    let keyed = |key: &str| {
        resource(&format!(
            "columns: {{id: text, region: text}}\nprimary_key: {key}"
        ))
    };
    follow(&[
        write(
            &auth("type: bearer\ntoken: \"{ secrets.token }\""),
            "{ secrets.token }",
            "{secrets.token}",
        ),
        write(&keyed("id, region"), "id, region", "[id, region]"),
        Advice {
            wrong: endpoint("path: {config.org}/lines")
                .replace("client:", "config: {org: text}\nclient:"),
            says: "write `\"{config.org}/lines\"`",
            right: endpoint("path: \"{config.org}/lines\"")
                .replace("client:", "config: {org: text}\nclient:"),
        },
        Advice {
            wrong: endpoint(
                "params: {since: >={incremental.start_value}}\nincremental: {cursor_path: updated_at}",
            ),
            says: "write `\">={incremental.start_value}\"`",
            right: endpoint(
                "params: {since: \">={incremental.start_value}\"}\nincremental: {cursor_path: updated_at}",
            ),
        },
        Advice {
            wrong: endpoint("params: {fields: id,name}"),
            says: "`\"id,name\"`",
            right: endpoint("params: {fields: \"id,name\"}"),
        },
        Advice {
            wrong: endpoint("incremental: {cursor_path: commit.author.date}"),
            says: "`date: {data_type: timestamp, from: $.commit.author.date}`, and write `cursor_path: date`",
            right: endpoint("incremental: {cursor_path: date}").replace(
                "count: bigint",
                "date: {data_type: timestamp, from: $.commit.author.date}",
            ),
        },
        Advice {
            wrong: client("") + "    name: more\n    columns: { id: text! }\n",
            says: "is a dash missing? write `- name: …`",
            right: client("") + "  - name: more\n    columns: { id: text! }\n",
        },
        Advice {
            wrong: client("")
                .replace("  base_url", "base_url")
                .replace("  paginator", "paginator"),
            says: "indent `base_url` and the keys below it: they belong to `client`",
            right: client(""),
        },
    ]);
}

#[test]
fn a_parameter_has_one_writer() {
    let incremental = "incremental: {cursor_path: updated_at, start_param: offset}";
    follow(&[
        Advice {
            wrong: endpoint(&format!(
                "paginator: {{type: offset, limit: 10}}\n{incremental}"
            )),
            says: "give `start_param` another parameter",
            right: endpoint(
                "paginator: {type: offset, limit: 10}\nincremental: {cursor_path: updated_at, start_param: since}",
            ),
        },
        Advice {
            wrong: endpoint("path: /things?sort=id\nparams: {sort: name}"),
            says: "remove it from `path`",
            right: endpoint("path: /things\nparams: {sort: name}"),
        },
        Advice {
            wrong: endpoint("params: {sort: name}").replace(".com", ".com?sort=id"),
            says: "remove it from `base_url`",
            right: endpoint("params: {sort: name}"),
        },
        Advice {
            wrong: endpoint(
                "params: {q: \"{incremental.start_value}..{incremental.end_value}\"}\nincremental: {cursor_path: updated_at}",
            ),
            says: "say `end_value` in `incremental`",
            right: endpoint(
                "params: {q: \"{incremental.start_value}..{incremental.end_value}\"}\nincremental: {cursor_path: updated_at, end_value: 2030-01-01}",
            ),
        },
    ]);
}

#[test]
fn what_is_hardly_meant_is_a_warning() {
    follow(&[
        Advice {
            wrong: endpoint("data_selector: None"),
            says: "leave `data_selector` out",
            right: endpoint("path: /things"),
        },
        Advice {
            wrong: endpoint("path: /orders/:org"),
            says: "write `{config.org}`",
            right: endpoint("path: \"/orders/{config.org}\"")
                .replace("client:", "config: {org: text}\nclient:"),
        },
        Advice {
            wrong: endpoint("params: {sort: “name”}"),
            says: "write straight quotes",
            right: endpoint("params: {sort: \"name\"}"),
        },
        Advice {
            wrong: auth("type: bearer\ntoken: \"Bearer {secrets.t}\""),
            says: "leave it out: `token: \"{secrets.token}\"`",
            right: auth("type: bearer\ntoken: \"{secrets.t}\""),
        },
        Advice {
            wrong: endpoint("incremental: {cursor_path: id}"),
            says: "declare it as timestamp, date, bigint or decimal",
            right: endpoint("incremental: {cursor_path: count}"),
        },
    ]);
}

#[test]
fn letters_of_any_script_are_names() {
    let spec = columns(
        "größe: bigint\nNaïve Länge: text\n名前: text\nold: {data_type: text, rename: größte}",
    );
    let compiled = compile("specs/api.yaml", &spec);
    assert_eq!(compiled.diagnostics.render(), "");
    let rest_source_codegen::connector::Record::Struct(record) =
        &compiled.connector.as_ref().unwrap().resources[0].record
    else {
        panic!("it has columns");
    };
    assert_eq!(
        record.column_names(),
        ["größe", "naïve_länge", "名前", "größte"]
    );
}

#[test]
fn unseen_characters_are_named() {
    for (spec, name) in [
        (
            client("").replace("base_url:", "base_url\u{a0}:"),
            "no-break space (U+00A0)",
        ),
        (
            client("").replace("base_url:", "b\u{430}se_url:"),
            "Cyrillic letter that looks like `a` (U+0430)",
        ),
        (
            client("").replace("single_page", "single\u{200b}_page"),
            "zero-width space (U+200B)",
        ),
        (
            client("retry： {max_retries: 3}"),
            "full-width colon (U+FF1A)",
        ),
    ] {
        let rendered = compile("specs/api.yaml", &spec).diagnostics.render();
        assert!(rendered.contains(name), "{name}\n{rendered}");
    }
    let spec = client("\"a\\rb\\u202Ec\\u0085\": 1");
    let rendered = compile("specs/api.yaml", &spec).diagnostics.render();
    assert!(
        !rendered.contains(['\r', '\u{202e}', '\u{85}']),
        "{rendered:?}"
    );
}

/// Each was quadratic, and took half a minute or more. Nothing asserts a time: the test would not end.
#[test]
fn large_specs_are_compiled() {
    use std::fmt::Write as _;

    let mut lines = String::new();
    for at in 0..20_000 {
        let _ = writeln!(lines, "c{at}: text");
    }
    assert!(
        compile("specs/api.yaml", &columns(&lines))
            .connector
            .is_some()
    );
    let words: Vec<String> = (0..50_000).map(|at| format!("w{at}")).collect();
    let spec = columns(&format!(
        "kind: {{data_type: enum, values: [{}]}}",
        words.join(", ")
    ));
    assert!(compile("specs/api.yaml", &spec).connector.is_some());
}
