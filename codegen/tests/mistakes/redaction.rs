//! No diagnostic repeats a credential that a spec holds, wherever it stands.

use rest_source_codegen::{
    compile,
    describe::{diagnostics_as_json, fixed},
};

use super::{auth, client, endpoint, top};

const SECRET: &str = "pk_9f31_Quokka42";

/// Specs with the credential and a mistake somewhere near it.
#[expect(clippy::too_many_lines, reason = "a list")]
fn specs() -> Vec<(&'static str, String)> {
    let s = SECRET;
    vec![
        ("a token", auth(&format!("type: bearer\ntoken: {s}"))),
        ("a misspelt key", auth(&format!("type: bearer\ntokn: {s}"))),
        (
            "a key of another name",
            auth(&format!("type: bearer\napi_token: {s}")),
        ),
        ("an unknown key", auth(&format!("type: bearer\nzzyzx: {s}"))),
        ("an unknown kind", auth(&format!("type: {s}"))),
        ("a bare auth", client(&format!("auth: {s}"))),
        ("a list", auth(&format!("type: bearer\ntoken: [{s}]"))),
        ("a map", auth(&format!("type: bearer\ntoken: {{a: {s}}}"))),
        (
            "braces without quotes",
            auth(&format!("type: bearer\ntoken: {{{s}}}")),
        ),
        (
            "braces in quotes",
            auth(&format!("type: bearer\ntoken: \"{{{s}}}\"")),
        ),
        (
            "half a placeholder",
            auth(&format!("type: bearer\ntoken: \"{{{s}\"")),
        ),
        (
            "the other half",
            auth(&format!("type: bearer\ntoken: \"{s}}}\"")),
        ),
        (
            "a placeholder beside it",
            auth(&format!("type: bearer\ntoken: \"{s}{{config.x}}\"")),
        ),
        (
            "a wrong namespace",
            auth(&format!("type: bearer\ntoken: \"{{{s}.x}}\"")),
        ),
        (
            "a key twice",
            auth(&format!(
                "type: bearer\ntoken: \"{{secrets.a}}\"\ntoken: {s}"
            )),
        ),
        ("a key of the client", client(&format!("token: {s}"))),
        (
            "a map of the client",
            client(&format!("client: {{token: {s}}}")),
        ),
        ("a key of the top", top(&format!("api_key: {s}"))),
        (
            "a header",
            client(&format!("headers: {{X-Api-Key: {s}, Bad Name: a}}")),
        ),
        (
            "a misspelt header",
            client(&format!("headers: {{Authorizaton: {s}, Bad Name: a}}")),
        ),
        (
            "a parameter",
            endpoint(&format!("params: {{api_key: {s}}}\nmethd: GET")),
        ),
        (
            "a secret with a value",
            top(&format!("secrets: {{k: {s}}}")),
        ),
        (
            "a secret with a map",
            top(&format!("secrets: {{k: {{value: {s}}}}}")),
        ),
        (
            "a variable of a secret",
            top(&format!("secrets: {{k: {{env: {s}-x}}}}")),
        ),
        ("secrets that are text", top(&format!("secrets: {s}"))),
        (
            "the default of a setting",
            top(&format!("config: {{token: {{type: txt, default: {s}}}}}")),
        ),
        ("a setting", top(&format!("config: {{token: {s}}}"))),
        (
            "the user of a URL",
            client("").replace("https://", &format!("https://u:{s}@")),
        ),
        (
            "the user of a token URL",
            auth(&format!(
                "type: oauth2_client_credentials\naccess_token_url: https://u:{s}@a.example/\nclient_id: a\nclient_secret: \"{{secrets.b}}\""
            )),
        ),
        (
            "the query of a URL",
            client("").replace(".com", &format!(".com?api_key={s}&b=c d")),
        ),
        (
            "a query of a path",
            endpoint(&format!("path: \"x?token={s}#a\"")),
        ),
        (
            "a quote that is not closed",
            auth(&format!("type: bearer\ntoken: \"{s}")),
        ),
        (
            "text behind a quote",
            auth(&format!("type: bearer\ntoken: \"{s}\" more")),
        ),
        (
            "text of several lines",
            auth(&format!("type: bearer\ntoken: >\n  {s}\nfoo: [1")),
        ),
        (
            "a flow map that is not closed",
            client(&format!("auth: {{ type: bearer, tokn: {s}")),
        ),
        ("a very long one", auth(&format!("type: {}", s.repeat(60)))),
    ]
}

#[test]
fn no_diagnostic_repeats_a_credential() {
    for (title, spec) in specs() {
        let diagnostics = compile("specs/api.yaml", &spec).diagnostics;
        let fixed = fixed("specs/api.yaml", &spec);
        assert!(!diagnostics.is_empty(), "{title}\n{spec}");
        let changes = fixed
            .fixes
            .iter()
            .map(|fix| format!("{} {}", fix.before, fix.after));
        let shown = [
            diagnostics.render(),
            diagnostics.messages().join("\n"),
            diagnostics_as_json(&diagnostics),
            changes.collect(),
        ];
        for text in shown {
            let repeats = text.contains(SECRET) || text.to_lowercase().contains("quokka");
            assert!(!repeats, "{title}\n{text}");
        }
    }
}

#[test]
fn what_is_no_credential_is_shown() {
    for (shown, spec) in [
        (
            "type: bearr",
            auth("type: bearr\ntoken: \"{secrets.token}\""),
        ),
        (
            "{secret.token}",
            auth("type: bearer\ntoken: \"{secret.token}\""),
        ),
        (
            "Bearer {secrets.tok-en}",
            auth("type: bearer\ntoken: \"Bearer {secrets.tok-en}\""),
        ),
        ("token: strng", super::columns("token: strng")),
        (
            "primary_key: idd",
            super::resource("columns: {id: text!}\nprimary_key: idd"),
        ),
        (
            "location: cookies",
            auth("type: api_key\napi_key: \"{secrets.k}\"\nlocation: cookies"),
        ),
    ] {
        let rendered = compile("specs/api.yaml", &spec).diagnostics.render();
        assert!(rendered.contains(shown), "{shown}\n{rendered}");
    }
}

#[test]
fn a_credential_as_the_default_of_a_setting_is_a_warning() {
    let spec = |default: &str| {
        format!(
            "config: {{ api_token: {{ type: text, default: {default} }} }}\n{}",
            client("headers: { X-Tenant: \"{config.api_token}\" }")
        )
    };
    let diagnostics = compile("specs/api.yaml", &spec("pk_1")).diagnostics;
    let codes: Vec<_> = diagnostics.iter().map(|one| one.code).collect();
    assert_eq!(codes, ["RS0904"]);
    assert!(
        compile("specs/api.yaml", &spec("\"\""))
            .diagnostics
            .is_empty()
    );
}

#[test]
fn literal_behind_a_missing_colon_is_masked() {
    const SECRET: &str = "sk_live_9fKq2LmZ8xTt4w";
    let auth = |line: &str| format!("  auth:\n    type: bearer\n    {line}");
    let headers = |line: &str| format!("  headers:\n    {line}");
    for lines in [
        auth("token \"SECRET\""),
        auth("token = \"SECRET\""),
        auth("token\u{ff1a} \"SECRET\""),
        auth("\"token\" \"SECRET\""),
        auth("token: \"{secrets.x}\" SECRET"),
        auth("token: SECRET x: y"),
        auth("<<: SECRET"),
        auth("<<: *SECRET"),
        auth("token: *SECRET"),
        auth("- SECRET"),
        "  auth: { type: bearer, token \"SECRET\" }".to_owned(),
        "  api_key \"SECRET\"".to_owned(),
        headers("X-Api-Key \"SECRET\""),
        headers("Authorization= \"SECRET\""),
    ] {
        let lines = lines.replace("SECRET", SECRET);
        let spec = format!(
            "name: shop\nclient:\n  base_url: https://api.example.com/v1\n  paginator: single_page\n{lines}\n\
             resources:\n  - name: v\n    columns: {{ id: text! }}\n"
        );
        let compiled = compile("shop.yaml", &spec);
        let shown = compiled.diagnostics.messages().join("\n");
        assert!(
            !shown.is_empty() && !shown.contains(SECRET),
            "{lines}:\n{shown}"
        );
        let json = diagnostics_as_json(&compiled.diagnostics);
        assert!(!json.contains(SECRET), "{lines}:\n{json}");
    }
}
