//! Configurations of dlt's `rest_api` source as specs: Python, Markdown, JSON, YAML, and hostile input.

#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use rest_source_codegen::compile;
use rest_source_import::{Imported, dlt::import};

const ISSUES: &str = include_str!("dlt/issues.py");

fn imported(file: &str, text: &str) -> Imported {
    let imported = import(file, text).unwrap();
    let compiled = compile("spec.yaml", &imported.text());
    assert!(
        !compiled.diagnostics.has_errors(),
        "{}",
        compiled.diagnostics.render()
    );
    imported
}

/// The spec with the losses below it.
fn shown(imported: &Imported) -> String {
    let mut text = imported.text();
    for loss in imported.losses.iter().chain(&imported.uncertain()) {
        let _ = write!(text, "\n{loss}");
    }
    text
}

/// The text of a spec without its comments.
fn bare(text: &str) -> String {
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn python_is_read_as_literals_and_the_rest_is_listed() {
    insta::assert_snapshot!(shown(&imported("issues.py", ISSUES)));
}

#[test]
fn python_markdown_json_and_yaml_give_the_same_spec() {
    let json = r#"{
        "client": {"base_url": "https://api.example.com",
            "auth": {"type": "api_key", "name": "key", "api_key": null, "location": "query"}},
        "resource_defaults": {"primary_key": "id", "write_disposition": "merge"},
        "resources": [{"name": "stories", "endpoint": {
            "path": "/v1/stories", "data_selector": "data", "paginator": {"type": "offset", "limit": 100}}}]
    }"#;
    let python = json.replace("null", "dlt.secrets[\"api_key\"]");
    let yaml = "
client:
  base_url: https://api.example.com
  auth: { type: api_key, name: key, api_key: \"dlt.secrets['api_key']\", location: query }
resource_defaults: { primary_key: id, write_disposition: merge }
resources:
  - name: stories
    endpoint: { path: /v1/stories, data_selector: data, paginator: { type: offset, limit: 100 } }
";
    let call = format!(
        "from dlt.sources.rest_api import rest_api_source\nsource = rest_api_source({python})\n"
    );
    let markdown = |language: &str, code: &str| {
        format!(
            "# Overview\n\nThe API's guide.\n\n```sh\npip install \"dlt\n```\n\n```{language}\n{code}\n```\n\nMore."
        )
    };
    let want = imported("a.json", json).text();
    assert!(want.contains("{secrets.api_key}"), "{want}");
    for (file, text) in [
        ("a.py", call.clone()),
        ("a.py", format!("CONFIG = {python}\n")),
        ("a.yaml", yaml.to_owned()),
        ("<stdin>", yaml.to_owned()),
        (
            "a.json",
            format!("{{\"sources\": {{\"rest_api\": {json}}}}}"),
        ),
        ("a.md", markdown("python", &call)),
        ("a.txt", markdown("", &call)),
        ("a.md", markdown("json", json)),
        ("a.md", markdown("yaml", yaml)),
    ] {
        let made = imported(file, &text);
        assert_eq!(made.text(), want, "{file}: {text}");
        assert_eq!(made.losses, [], "{file}: {text}");
    }
}

#[test]
fn dictionaries_are_united_as_python_does() {
    let text = r#"
BASE = {"write_disposition": "append", "primary_key": "id"}
config = {"client": {"base_url": "https://api.example.com"}} | {
    "resource_defaults": BASE | {"write_disposition": "merge"},
    "resources": [{"name": "orders", "endpoint": {"path": "orders"}}],
}
source = rest_api_source(config)
"#;
    let made = shown(&imported("shop.py", text));
    assert!(made.contains("write_disposition: merge"), "{made}");
    assert!(made.contains("primary_key: id"), "{made}");
    assert!(made.contains("name: orders"), "{made}");

    // What is united with a call is not known.
    let called = text.replace("BASE | {", "defaults() | {");
    let made = shown(&imported("shop.py", &called));
    assert!(made.contains("has to be executed"), "{made}");
}

#[test]
fn a_value_on_a_condition_is_the_one_with_the_secret() {
    let text = r#"
@dlt.source
def github(access_token=dlt.secrets.value, full=False):
    config: RESTAPIConfig = {
        "client": {
            "base_url": "https://api.example.com",
            "auth": (
                {"type": "bearer", "token": access_token}
                if access_token
                else None
            ),
        },
        "resources": [
            {"name": "issues", "endpoint": {"path": "issues", "params": {"scope": "all" if full else "open"}, "data_selector": "$", "paginator": "header_link",
                "headers": {"X-A": "a" if x > 1 else "b"}}},
        ],
    }
"#;
    let made = imported("github.py", text);
    let spec = made.text();
    assert!(
        spec.contains("auth: { type: bearer, token: \"{secrets.access_token}\" }"),
        "{spec}"
    );
    assert!(spec.contains("params: { scope: open }"), "{spec}");
    // A condition that has to be executed.
    assert_eq!(made.losses.len(), 1, "{:?}", made.losses);
    assert!(made.losses[0].what.contains("`X-A`"), "{:?}", made.losses);
    let is_given = imported(
        "github.py",
        &text.replace("if access_token", "if access_token is not None"),
    );
    assert_eq!(is_given.text(), spec);
    // A setting may have either value.
    let open = text.replace(
        "access_token=dlt.secrets.value, full=False",
        "full, access_token=dlt.secrets.value",
    );
    let made = imported("github.py", &open);
    assert_eq!(made.losses.len(), 2, "{:?}", made.losses);
}

#[test]
fn a_first_fetch_starts_relative_to_now() {
    let config = |start: &str| {
        format!(
            "rest_api_source({{'client': {{'base_url': 'https://a.example'}}, 'resources': [{{'name': 'issues', \
             'primary_key': 'id', 'write_disposition': 'merge', 'endpoint': {{'path': 'issues', 'data_selector': '$', \
             'paginator': 'header_link', 'params': {{'since': {{'type': 'incremental', 'cursor_path': 'updated_at', \
             'initial_value': {start}}}}}}}}}]}})"
        )
    };
    for (start, want) in [
        (
            "pendulum.today().subtract(days=30).to_iso8601_string()",
            "\"{today - 30d}\"",
        ),
        (
            "pendulum.now('UTC').subtract(weeks=2, hours=1).isoformat()",
            "\"{now - 14d1h}\"",
        ),
        ("datetime.now().isoformat()", "\"{now}\""),
    ] {
        let made = imported("a.py", &config(start));
        let text = made.text();
        assert!(
            text.contains(&format!("initial_value: {want}")),
            "{start}: {text}"
        );
        assert!(text.contains("updated_at: timestamp"), "{start}: {text}");
        assert_eq!(made.losses, [], "{start}");
    }
    for start in [
        "pendulum.now().subtract(months=1).to_iso8601_string()",
        "pendulum.now().subtract(days=n).to_iso8601_string()",
        "pendulum.now().subtract(days=1, weeks=1).to_iso8601_string()",
        "other.now().isoformat()",
    ] {
        let made = imported("a.py", &config(start));
        assert_eq!(made.losses.len(), 1, "{start}: {:?}", made.losses);
    }
}

#[test]
fn fields_of_a_token_request_have_their_own_keys() {
    let text = "rest_api_source({'client': {'base_url': 'https://a.example', 'auth': OAuth2ClientCredentials(\
                'https://a.example/token', secrets['id'], secrets['secret'], {'audience': 'crm', 'scope': 'read', 'kind': 'x'})}, \
                'resources': [{'name': 'a', 'endpoint': {'path': 'a', 'data_selector': '$', 'paginator': 'header_link'}}]})";
    let made = imported("a.py", text);
    let spec = made.text();
    for line in [
        "    audience: crm",
        "    scope: read",
        "access_token_request_data: { kind: x }",
    ] {
        assert!(spec.contains(line), "{line}: {spec}");
    }
    assert_eq!(made.losses, []);
}

#[test]
fn what_documentation_leaves_out_is_a_loss() {
    let text = r#"
source = rest_api_source({
    "client": {
        "base_url": "https://api.example.com",
        "auth": {"type": "oauth2", "grant_type": "client_credentials", "client_id": dlt.secrets["id"],
                 "client_secret": dlt.secrets["secret"], "token_url": "https://api.example.com/token",
                 "scopes": ["read", "write"]},
        ...
    },
    "resources": [
        {"name": "stories", "endpoint": {"path": "stories", "paginator": "header_link", "data_selector": "data"}},
        ...
    ],
})
"#;
    let made = imported("a.md", &format!("```python{text}```\n"));
    let spec = made.text();
    assert!(spec.contains("scope: read write"), "{spec}");
    assert!(spec.contains("name: stories"), "{spec}");
    let places: Vec<&str> = made.losses.iter().map(|loss| loss.place.as_str()).collect();
    assert_eq!(places, ["a.md:8:9", "a.md:12:9"], "{:?}", made.losses);
}

#[test]
fn oauth2_and_classes_become_their_kinds() {
    let source = r#"
rest_api_resources({
    "client": {
        "base_url": os.environ["SHOP_URL"],
        "auth": OAuth2ClientCredentials("https://login.example.com/token", client_id="me", client_secret=os.getenv("SHOP_SECRET")),
        "paginator": PageNumberPaginator(base_page=1, total_path=None, maximum_page=5),
    },
    "resources": [
        {"name": "orders", "endpoint": {"auth": HttpBasicAuth("user", dlt.secrets.value), "paginator": OffsetPaginator(limit=5)}},
        {"name": "items", "endpoint": {"auth": {"type": "api_key", "name": "X-Key"}, "paginator": "json_response"}},
        {"name": "notes", "endpoint": {"headers": {"X-Api-Key": "abcdef0123456789"}, "data_selector": "$"}},
    ],
})
"#;
    insta::assert_snapshot!(shown(&imported("shop.py", source)));
}

#[test]
fn a_secret_in_plain_text_is_nowhere_in_the_output() {
    let secret = "s3cr3t-0123456789abcdef";
    for part in [
        "'auth': {'token': 'SECRET'}, 'base_url': 'https://a.example'",
        "'auth': {'type': 'http_basic', 'username': 'SECRET', 'password': ''}, 'base_url': 'https://a.example'",
        "'auth': {'type': 'http_basic', 'username': 'me', 'password': 'SECRET'}, 'base_url': 'https://a.example'",
        "'auth': {'type': 'api_key', 'api_key': f'Token {KEY}'}, 'base_url': 'https://a.example'",
        "'auth': APIKeyAuth('X-Key', 'SECRET'), 'base_url': 'https://a.example'",
        "'headers': {'Authorization': 'Bearer SECRET'}, 'base_url': 'https://a.example'",
        "'headers': {'authorization': 'SECRET'}, 'base_url': 'https://a.example'",
        "'headers': {'X-Auth-Token': 'SECRET'}, 'base_url': 'https://a.example'",
        "'base_url': 'https://me:SECRET@a.example'",
        "'base_url': 'https://a.example/?api_key=SECRET&a=b'",
        "'auth': {'type': 'SECRET' 'x', 'token': 'SECRET'}, 'base_url': 'nowhere'",
    ] {
        let source = format!(
            "KEY = 'SECRET'\nrest_api_source({{'client': {{{part}}}, 'resources': [{{'name': 'a', 'endpoint': \
             {{'path': 'a?token=SECRET', 'params': {{'api_key': KEY, 'b': 1}}, 'paginator': 'single_page'}}}}]}})"
        );
        let is_type = part.contains("'type': 'SECRET'");
        let source = source.replace("'type': 'SECRET' 'x'", "'type': 'no such type'");
        match import("a.py", &source.replace("SECRET", secret)) {
            Ok(made) => assert!(!shown(&made).contains(secret), "{}", shown(&made)),
            Err(error) => assert!(is_type && !error.to_string().contains(secret), "{error}"),
        }
    }
}

#[test]
fn a_mistake_is_an_error_with_its_place() {
    for (text, place, message) in [
        ("", "a.py:1:1", "there is no `rest_api` configuration"),
        (
            "x = 1\n",
            "a.py:1:1",
            "there is no `rest_api` configuration",
        ),
        (
            "\nrest_api_source({'client': {",
            "a.py:2:28",
            "this bracket is not closed",
        ),
        (
            "rest_api_source({'client': 'abc})",
            "a.py:1:28",
            "this text has no end",
        ),
        (
            "rest_api_source({'client': {'a': 1, 'b'}})",
            "a.py:1:37",
            "expected `:`",
        ),
        (
            "a = {'client': a, 'resources': []}\n",
            "a.py:1:6",
            "lead to each other",
        ),
        (
            "rest_api_source({'client': f(), 'resources': []})",
            "a.py:1:17",
            "no literal `client`",
        ),
        (
            "rest_api_source({'client': {}, 'resources': f()})",
            "a.py:1:17",
            "no literal `resources`",
        ),
        (
            "rest_api_source({'client': {'base_url': 'https://a.example'}, 'resources': [f()]})",
            "a.py:1:76",
            "no resource of the configuration",
        ),
    ] {
        let error = import("a.py", text).unwrap_err();
        assert_eq!(error.place, place, "{error}");
        assert!(error.message.contains(message), "{error}");
    }
    let error = import("a.json", "{\"client\": {}, \"resources\" []}").unwrap_err();
    assert_eq!(error.place, "a.json:1:28", "{error}");
    let error = import("a.md", "text\n\n```python\nrest_api_source({\n```\n").unwrap_err();
    assert_eq!(error.place, "a.md:4:17", "{error}");
}

/// A text that is read within seconds, whatever comes of it.
#[track_caller]
fn bounded(file: &str, text: &str) {
    let start = Instant::now();
    if let Ok(imported) = import(file, text) {
        let compiled = compile("spec.yaml", &imported.text());
        assert!(!compiled.diagnostics.has_errors());
    }
    let head: String = text.chars().take(40).collect();
    assert!(
        start.elapsed() < Duration::from_secs(60),
        "{head}: {:?}",
        start.elapsed()
    );
}

#[test]
fn hostile_python_is_bounded() {
    let many = 200_000;
    for part in [
        "(",
        "[",
        "{",
        "{'a':",
        "-",
        "not ",
        "lambda: ",
        "f(",
        "a.b",
        "a[0]",
        "a()",
        "f'{",
        "f'{f\"{",
        "1+",
        "x if y else ",
        "'",
        "\"\"\"",
        "\\",
        "\\\n",
        "a=",
        "a;",
        "a[;",
        "def f(;",
        "def f(a=",
        "rest_api(",
        "rest_api(x y (",
        "a: ",
        "*",
        "**",
        "#",
        "'a' ",
        "f'{{' ",
        "{'client':1,'resources':[]}\n",
        "a = {'client': {}, 'resources': []}\n",
        "a.append(",
        "\u{feff}",
        "é",
    ] {
        bounded("a.py", &part.repeat(many / part.len()));
        let config = format!(
            "rest_api_source({{'client': {{}}, 'resources': [{}",
            part.repeat(many / part.len())
        );
        bounded("a.py", &config);
        bounded("a.txt", &config);
    }
    // Names that lead to each other, twice each: 2^60 values.
    let mut names = "a0 = [1, 1]\n".to_owned();
    for at in 1..60 {
        let before = at - 1;
        let _ = writeln!(names, "a{at} = [a{before}, a{before}]");
    }
    bounded(
        "a.py",
        &format!("{names}rest_api_source({{'client': a59, 'resources': [a59]}})"),
    );
    let wide = format!("BIG = {{{}}}\n", "'a': (x y z),".repeat(10_000));
    let uses = "BIG['a'],".repeat(5_000);
    bounded(
        "a.py",
        &format!("{wide}rest_api_source({{'client': {{}}, 'resources': [{uses}]}})"),
    );
}

#[test]
fn large_files_are_read_or_refused() {
    let large = format!("a = '{}'\n", "x".repeat(50 << 20));
    let error = import("a.py", &large).unwrap_err();
    assert!(error.message.contains("longer than"), "{error}");
    bounded(
        "a.md",
        &format!("{large}```python\nrest_api_source({{}})\n```\n"),
    );
    bounded("a.md", &"```\n".repeat(1 << 20));
    let resources =
        "{\"name\": \"a\", \"endpoint\": {\"paginator\": \"single_page\"}},".repeat(600);
    let config = format!(
        "{{\"client\": {{\"base_url\": \"https://a.example\"}}, \"resources\": [{resources}null]}}"
    );
    bounded("a.json", &config);
    let error = import("a.json", &config.replace(&resources, &resources.repeat(5))).unwrap_err();
    assert_eq!(error.place, "a.json#/resources", "{error}");
    bounded(
        "a.json",
        &format!(
            "{{\"client\": {{}}, \"resources\": [{}",
            "[0],".repeat(256 << 10)
        ),
    );
}

#[test]
fn what_is_done_to_a_source_after_its_configuration_is_a_loss() {
    let python = r#"
cfg = {
    "client": {"base_url": "https://api.example.com"},
    "resources": [{"name": "a", "endpoint": {"path": "a", "method": "post", "paginator": "single_page"}}],
}
cfg2 = {**cfg, "client": {"base_url": "https://other.example.com"}}
s = rest_api_source(cfg)
s.a.add_filter(lambda r: r["x"])
s.resources["a"].add_limit(10)
for one in [s]:
    pipeline.run(one, write_disposition="append", primary_key=["x"])
pipeline.run(dict(primary_key=1))
"#;
    let imported = imported("a.py", python);
    let text = imported.text();
    assert!(text.contains("method: POST"), "{text}");
    for (line, what) in [
        ("a.py:6:", "a further configuration"),
        ("a.py:8:", "`add_filter`"),
        ("a.py:9:", "`add_limit`"),
        ("a.py:11:", "`write_disposition` of a call of `run`"),
        ("a.py:11:", "`primary_key` of a call of `run`"),
    ] {
        let mut losses = imported.losses.iter();
        assert!(
            losses.any(|loss| loss.place.starts_with(line) && loss.what.contains(what)),
            "{what}: {:?}",
            imported.losses
        );
    }
    assert_eq!(imported.losses.len(), 5, "{:?}", imported.losses);
}

#[test]
fn secrets_in_urls_and_headers_are_not_shown() {
    let yaml = "
client:
  base_url: https://api.example.com/bot123456:AAE5ECRET5ECRET/v1?key=5ECRET5ECRET&x=1
  headers: { X-Session: 5ECRET, X-Hub-Signature: 5ECRET }
resources:
  - { name: a, endpoint: { path: 'sk_live_5ECRET5ECRET/a?sig=5ECRET&key=5ECRET5ECRET', params: { jwt: 5ECRET, sid: 5ECRET } } }
";
    let imported = imported("a.yaml", yaml);
    let shown = shown(&imported);
    assert!(!shown.contains("5ECRET"), "{shown}");
    assert!(shown.contains("name: a"), "{shown}");
    assert!(shown.contains("a secret in `base_url`"), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_damaged_file_never_panics(at in 0..ISSUES.len(), len in 0..60_usize, put in "[ a-z{}:$/#\\[\\]()0-9'\"\n,=f-]{0,8}") {
        let end = (at + len).min(ISSUES.len());
        let text = format!("{}{put}{}", &ISSUES[..at], &ISSUES[end..]);
        match import("issues.py", &text) {
            Ok(imported) => {
                let compiled = compile("spec.yaml", &imported.text());
                prop_assert!(!compiled.diagnostics.has_errors(), "{}", compiled.diagnostics.render());
            }
            Err(error) => prop_assert!(error.place.starts_with("issues.py"), "{error}"),
        }
    }
}

#[test]
fn comments_are_all_that_a_loss_adds() {
    let text = imported("issues.py", ISSUES).text();
    assert!(!bare(&text).contains("Not imported"), "{text}");
}

#[test]
fn secrets_are_not_sent_over_plain_http() {
    for (url, want) in [
        ("http://a.example", "base_url: https://a.example"),
        ("http://localhost:80", "base_url: http://localhost:80"),
    ] {
        let source = format!(
            "rest_api_source({{'client': {{'base_url': '{url}'}}, 'resources': [{{'name': 'a', 'endpoint': \
             {{'params': {{'api_key': dlt.secrets['key']}}, 'paginator': 'single_page'}}}}]}})"
        );
        let text = imported("a.py", &source).text();
        assert!(text.contains(want), "{text}");
    }
}

/// The guide shows what becomes of a configuration.
#[test]
fn the_guide_shows_the_spec_of_its_python() {
    let page = include_str!("../../docs/guides/import.md");
    let block = |language: &str| {
        let start = page.split_once(&format!("```{language}\n")).unwrap().1;
        start.split_once("```").unwrap().0
    };
    let text = imported("shop.py", block("python")).text();
    assert_eq!(text.trim(), block("yaml").trim());
}

#[test]
fn losses_of_yaml_have_their_lines() {
    let yaml = "
client: { base_url: https://a.example }
resources:
  - name: a
    max_table_nesting: 1
    endpoint: { paginator: single_page }
";
    let made = imported("a.md", &format!("text\n\n```yaml{yaml}```\n"));
    assert_eq!(made.losses[0].place, "a.md:7:24");
    assert_eq!(imported("a.yaml", yaml).losses[0].place, "a.yaml:5:24");
}
