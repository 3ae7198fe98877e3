//! Command lines of `curl` as specs: quotes, options, bodies, credentials and mistakes.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::fmt::Write as _;

use proptest::prelude::*;
use rest_source_codegen::compile;
use rest_source_import::{Imported, curl::import};

fn imported(command: &str) -> Imported {
    let imported = import(command).unwrap_or_else(|error| panic!("{command}: {error}"));
    let compiled = compile("spec.yaml", &imported.text());
    assert!(
        !compiled.diagnostics.has_errors(),
        "{command}\n{}",
        compiled.diagnostics.render()
    );
    imported
}

/// The specs of commands, each with its losses.
fn shown(commands: &[&str]) -> String {
    let mut text = String::new();
    for command in commands {
        let imported = imported(command);
        let _ = writeln!(text, "$ {command}\n{}", imported.text());
        for loss in &imported.losses {
            let _ = writeln!(text, "{loss}");
        }
        text.push('\n');
    }
    text
}

#[test]
fn commands_of_documentation_become_specs() {
    insta::assert_snapshot!(shown(&[
        "curl https://api.example.com/v1/orders",
        "curl -G https://api.stripe.com/v1/charges -u sk_example: -d limit=3 -d 'expand[]=data.customer'",
        r#"$ curl -X POST 'https://api.notion.com/v1/databases/'"$DATABASE_ID"'/query' \
  -H 'Authorization: Bearer '"$NOTION_API_KEY"'' \
  -H 'Notion-Version: 2022-06-28' \
  -H "Content-Type: application/json" \
  --data '{"filter": {"or": [{"property": "In stock", "checkbox": {"equals": true}}]}, "page_size": 100}'"#,
        "curl -sSL -o out.json --compressed -H 'X-Api-Key: abc' 'https://api.example.com/users/{user_id}/posts?page=2&tag=a&tag=b%20c&q=' | jq .",
        "curl --location --request GET 'https://api.example.com:8443/rest/items.json?api_key=0123456789&sort=-id' --header 'Cookie: session=abc; theme=dark'",
        r#"curl $'https://api.example.com/search' --json $'{"text": "it\u0027s {here}", "password": "hunter2"}' -A test/1.0"#,
        "curl https://user:pass@api.example.com/a -H 'Accept;' -H 'sec-fetch-mode: cors'",
        "curl http://api.example.com/form -d grant=x -d 'client_secret=abc&note=a+b' --data-urlencode 'q=a b&c'",
        "curl -b 'sid=123' https://example.com/list/:id",
        "curl -H 'Authorization: Token token=abc' \"$BASE_URL/things\"",
    ]));
}

#[test]
fn what_is_sent_beside_the_url_is_what_curl_sends() {
    let typed = imported(
        "curl https://a.example/b -H 'Content-Type: application/vnd.api+json' -d '{\"a\": 1}'",
    );
    assert!(
        typed
            .text()
            .contains("Content-Type: application/vnd.api+json"),
        "{}",
        typed.text()
    );

    let both = imported("curl https://a.example/b -u me:pass -H 'Authorization: Bearer abc'");
    assert!(both.text().contains("type: bearer"), "{}", both.text());
    assert_eq!(both.losses.len(), 1, "{:?}", both.losses);

    let file = import("curl https://a.example/b -b cookies.txt").unwrap_err();
    assert!(file.message.contains("cookies from a file"), "{file}");

    let host = imported("curl --proto-default https a.example/b");
    assert!(
        host.text().contains("base_url: https://a.example"),
        "{}",
        host.text()
    );
}

#[test]
fn nothing_of_a_request_is_lost_without_a_line() {
    let empty = imported("curl https://a.example/b -d ''").text();
    assert!(empty.contains("method: POST"), "{empty}");
    let twice = imported("curl https://a.example/b -d a=1 -d a=2").text();
    assert!(twice.contains("a: [\"1\", \"2\"]"), "{twice}");
    let headers = imported("curl https://a.example/b -H 'X-A: 1' -H 'x-a: 2'");
    assert_eq!(headers.losses.len(), 1, "{:?}", headers.losses);
    assert!(headers.losses[0].what.contains("`x-a`"));
    imported("curl -g 'https://a.example/[1-10]'");
    imported("curl 'https://a.example/{id}?expand[]=a'");
    let variable = imported("curl https://a.example/b -d \"{\\\"a\\\": $X}\"").text();
    assert!(variable.contains("{config.x}"), "{variable}");
    let json = "curl https://a.example/b -H 'Content-Type: application/json' -d";
    for (command, message) in [
        ("curl 'https://a.example/[1-10]'".to_owned(), "`[1-10]`"),
        ("curl 'https://a.example/b?c={a,b}'".to_owned(), "`{a,b}`"),
        (
            "curl https://a.example --data-urlencode '=x=y'".to_owned(),
            "neither JSON nor a form",
        ),
        (
            "curl https://a.example --data-urlencode 'plain text'".to_owned(),
            "neither JSON nor a form",
        ),
        (
            "curl -G https://a.example --data-urlencode 'plain text'".to_owned(),
            "without a name",
        ),
        (
            "curl https://a.example -d 'plain text'".to_owned(),
            "neither JSON nor a form",
        ),
        (format!("{json} 'plain: text'"), "neither JSON nor a form"),
        (format!("{json} a=1"), "neither JSON nor a form"),
        (format!("{json} '{{plain: text}}'"), "not valid JSON"),
    ] {
        let error = import(&command).unwrap_err();
        assert!(error.message.contains(message), "{command}: {error}");
        assert!(!error.message.contains("plain"), "{command}: {error}");
    }
}

#[test]
fn placeholders_of_documentation_are_settings_and_secrets() {
    for (command, parts) in [
        (
            "curl 'https://api.example.com/{{version}}/items?key={{apiKey}}&kind={{kind}}'",
            &[
                "/{config.version}/items",
                "key: \"{secrets.api_key}\"",
                "kind: \"{config.kind}\"",
            ][..],
        ),
        (
            "curl https://YOUR_DOMAIN.example.com/lists/YOUR_LIST_ID/members?apikey=YOUR_API_KEY",
            &[
                "https://{config.domain}.example.com",
                "/lists/{config.list_id}/members",
                "{secrets.apikey}",
            ],
        ),
        (
            "curl.exe -H 'X-A: 1' ^\r\n  https://api.example.com/x ^",
            &["X-A: \"1\"", "path: /x"],
        ),
        ("curl https://api.example.com/x.csv", &["decoder: csv"]),
        (
            "curl -H 'Accept: text/csv' https://api.example.com/x",
            &["decoder: csv"],
        ),
    ] {
        let made = imported(command);
        for part in parts {
            assert!(
                made.text().contains(part),
                "{command}: {part}\n{}",
                made.text()
            );
        }
        assert_eq!(made.losses, [], "{command}");
    }
}

#[test]
fn a_secret_is_neither_in_the_spec_nor_in_an_error() {
    let secret = "s3cr3t0123456789";
    for command in [
        "curl -H 'Authorization: Bearer SECRET' https://a.example/b",
        "curl -HAuthorization:SECRET https://a.example/b",
        "curl -H 'Authorization: Basic SECRET' https://a.example/b",
        "curl -H 'Authorization: AWS4-HMAC-SHA256 Credential=SECRET' https://a.example/b",
        "curl -H 'PRIVATE-TOKEN: SECRET' -H 'X-Api-Key: SECRET' https://a.example/b",
        "curl -u me:SECRET https://a.example/b",
        "curl -uSECRET https://a.example/b",
        "curl --digest --user SECRET:x https://a.example/b",
        "curl --oauth2-bearer SECRET https://a.example/b",
        "curl -b 'a=SECRET; b=SECRET' https://a.example/b",
        "curl -b SECRET https://a.example/b",
        "curl 'https://a.example/b?access_token=SECRET&api_key=SECRET'",
        "curl https://SECRET@a.example/b",
        "curl 'https://a.example/b?sig=SECRET&session=SECRET&sid=SECRET&auth=SECRET&jwt=SECRET&key=SECRET'",
        "curl https://a.example/b -H 'X-Auth: SECRET' -H 'X-Session: SECRET' -H 'X-Signature: SECRET'",
        "curl https://a.example/b -H 'X-Hub-Signature: SECRET' -H 'X-Hub-Signature-256: SECRET'",
        "curl https://a.example/v1/sk_live_SECRET/b",
        "curl https://a.example/bot123456:AAESECRET/getUpdates",
        "curl https://a.example/b -d '{\"auth\": {\"token\": \"SECRET\", \"password\": [\"SECRET\"]}}'",
        "curl https://a.example/b -d 'client_secret=SECRET&api_key=SECRET'",
        "curl -G https://a.example/b --data-urlencode 'token=SECRET'",
        "curl https://a.example/b --json '{\"token\": \"SECRET\"'",
        "curl https://a.example/b -H 'Authorization: Bearer SECRET",
        "curl https://a.example/b --SECRET",
        "curl https://a.example/b -ZSECRET",
        "curl https://a.example/b SECRET",
        "curl -H SECRET https://a.example/b",
        "curl -X SECRET https://a.example/b",
        "curl ftp://SECRET@a.example/b",
        "curl -F token=SECRET https://a.example/b",
        "curl -x http://me:SECRET@proxy.example https://a.example/b",
        "curl -H 'Authorization: Bearer SECRET' https://a.example/b; export TOKEN=SECRET",
        "SECRET curl",
        "curl -H 'Authorization: Bearer SECRET' nowhere",
        "curl -H 'Authorization: Bearer SECRET' 'https://a.example/{{{'",
    ] {
        let command = command.replace("SECRET", secret);
        match import(&command) {
            Ok(made) => {
                let mut text = made.text();
                for loss in &made.losses {
                    let _ = write!(text, "{loss}");
                }
                assert!(!text.contains(secret), "{command}\n{text}");
            }
            Err(error) => assert!(!error.to_string().contains(secret), "{command}\n{error}"),
        }
    }
}

#[test]
fn a_mistake_is_an_error_with_its_place() {
    for (command, place, message) in [
        ("", "<command>:1:1", "not one of `curl`"),
        (
            "wget https://a.example",
            "<command>:1:1",
            "not one of `curl`",
        ),
        ("curl", "<command>:1:1", "no URL"),
        ("curl -H 'a: b", "<command>:1:9", "this quote is not closed"),
        (
            "curl \\\n  \"$(token)\"",
            "<command>:2:4",
            "is not executed",
        ),
        (
            "curl https://a.example -d @body.json",
            "<command>:1:27",
            "a body from a file",
        ),
        (
            "curl https://a.example --data-urlencode a@b",
            "<command>:1:41",
            "a value from a file",
        ),
        (
            "curl https://a.example -d '{'",
            "<command>:1:27",
            "not valid JSON",
        ),
        (
            "curl https://a.example -F a=b",
            "<command>:1:24",
            "a multipart form",
        ),
        (
            "curl -I https://a.example",
            "<command>:1:6",
            "a HEAD request",
        ),
        (
            "curl -X DELETE https://a.example/1",
            "<command>:1:9",
            "reads no records",
        ),
        (
            "curl https://a.example https://b.example",
            "<command>:1:24",
            "a second URL",
        ),
        (
            "curl --nonsense https://a.example",
            "<command>:1:6",
            "`--nonsense` is unknown",
        ),
        (
            "curl https://a.example -H",
            "<command>:1:24",
            "`-H` is missing",
        ),
        (
            "curl https://a.example -H abc",
            "<command>:1:27",
            "without a colon",
        ),
        (
            "curl https://a.example -H 'Content-Type: text/xml' -d '<a/>'",
            "<command>:1:55",
            "neither JSON nor a form",
        ),
    ] {
        let error = import(command).unwrap_err();
        assert_eq!(error.place, place, "{error}");
        assert!(error.message.contains(message), "{error}");
    }
    let error = import(&format!("curl {}", "a".repeat(2 << 20))).unwrap_err();
    assert!(error.message.contains("longer than"), "{error}");
    let deep = format!("curl https://a.example -d '{}'", "[".repeat(100_000));
    assert!(import(&deep).is_err());
}

/// The guide shows what becomes of a command.
#[test]
fn the_guide_shows_the_spec_of_its_command() {
    let page = include_str!("../../docs/guides/import.md");
    let section = page.split_once("## curl").unwrap().1;
    let command = section
        .split_once("import curl \"")
        .unwrap()
        .1
        .split_once("\"\n")
        .unwrap()
        .0;
    let spec = section
        .split_once("```yaml\n")
        .unwrap()
        .1
        .split_once("```")
        .unwrap()
        .0;
    assert_eq!(imported(command).text().trim(), spec.trim());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_words_make_a_valid_spec_or_an_error(words in prop::collection::vec(
        prop_oneof!["-[XHdGub]", "--(json|url|data|get|user)", "'[a-zA-Z0-9:={}?&@/.%<> -]{0,20}'", "https://[a-z{}$]{1,8}/[a-z:{}?=&%]{0,12}", "[^ ]{1,6}"], 0..8,
    )) {
        if let Ok(imported) = import(&format!("curl {}", words.join(" "))) {
            let compiled = compile("spec.yaml", &imported.text());
            prop_assert!(!compiled.diagnostics.has_errors(), "{}", compiled.diagnostics.render());
        }
    }
}
