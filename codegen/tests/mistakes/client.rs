//! The client, and what it proves who it is with.

use super::{auth, client, endpoint, paginator, resource, say, top};

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
            ("a header twice", client("headers: {X-Tag: a, x-tag: b}")),
            (
                "a header of two lines",
                client("headers: {X-Tag: \"a\\nb\"}"),
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

#[test]
fn client_keys_that_contradict() {
    say(
        "client_keys_that_contradict",
        &[
            (
                "a header that frames a message",
                client("headers: {content-length: \"5\"}"),
            ),
            (
                "a key in the parameter of the paginator",
                client("auth: {type: api_key, name: page, api_key: \"{secrets.key}\", location: query}").replace("single_page", "page_number"),
            ),
            (
                "a token whose prefix has two lines",
                auth("type: bearer\ntoken: \"{secrets.token}\"\nprefix: \"a\\r\\nb\""),
            ),
            (
                "an algorithm among the headers of a token",
                auth("type: jwt_bearer\nalgorithm: HS256\nsigning_key: \"{secrets.key}\"\njwt_headers: {alg: none}"),
            ),
            (
                "an origin with credentials and without",
                client(
                    "allow_origins: [\"https://o.example.com\", {origin: \"https://O.example.com:443\", credentials: false}]",
                ),
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
                "a client without its secret",
                auth("type: oauth2\ntoken_url: https://login.example.com/token\nclient_id: me"),
            ),
            (
                "a grant of its own without a secret",
                auth("type: oauth2\ntoken_url: https://login.example.com/token\naccess_token_request_data: {grant_type: password, username: me}"),
            ),
            (
                "a grant beside the request data",
                auth("type: oauth2_client_credentials\naccess_token_url: https://login.example.com/token\nclient_id: me\nclient_secret: \"{secrets.s}\"\ngrant_type: password\nusername: me\npassword: \"{secrets.p}\""),
            ),
            (
                "a login without a secret",
                auth("type: session_login\npath: login\njson: {user: me}\ntoken_path: token"),
            ),
            (
                "a login whose token is nowhere",
                auth("type: session_login\npath: login\njson: {key: \"{secrets.key}\"}"),
            ),
            (
                "a login whose token is in two places",
                auth("type: session_login\npath: login\njson: {key: \"{secrets.key}\"}\ntoken_path: token\ntoken_header: X-Token"),
            ),
            (
                "a header of a token that is none",
                auth("type: bearer\ntoken: \"{secrets.token}\"\nheader: X Token"),
            ),
            (
                "a token in a header and a cookie",
                auth("type: session_login\npath: login\njson: {key: \"{secrets.key}\"}\ntoken_path: token\nheader: X-Token\ncookie: sid"),
            ),
            (
                "a word before a token in a cookie",
                auth("type: session_login\npath: login\njson: {key: \"{secrets.key}\"}\ntoken_path: token\nprefix: Token\ncookie: sid"),
            ),
            (
                "a token in the body of a request without one",
                auth("type: session_login\npath: login\njson: {key: \"{secrets.key}\"}\ntoken_path: token\nbody_path: session"),
            ),
            (
                "a login that needs a login",
                auth("type: session_login\npath: login\ntoken_path: token\nauth: {type: oauth2, token_url: https://login.example.com/token, client_id: me, client_secret: \"{secrets.key}\"}"),
            ),
            (
                "a login over plain http",
                auth("type: session_login\npath: http://login.example.com/session\njson: {key: \"{secrets.key}\"}\ntoken_path: token"),
            ),
            (
                "the time of a fetch in a login",
                auth("type: session_login\npath: login\njson: {key: \"{secrets.key}\", at: \"{now}\"}\ntoken_path: token"),
            ),
            (
                "a signed token with its times, and an encoding of a key in PEM",
                auth("type: jwt_bearer\nsigning_key: \"{secrets.key}\"\nkey_encoding: base64\nclaims: {iss: me, exp: 1}"),
            ),
            (
                "keys of a token request of a signed token",
                auth("type: jwt_bearer\nsigning_key: \"{secrets.key}\"\nscope: read"),
            ),
            (
                "claims that are no map",
                auth("type: jwt_bearer\nsigning_key: \"{secrets.key}\"\nclaims: [me]"),
            ),
            (
                "a private key in the spec",
                auth("type: jwt_bearer\nsigning_key: MIIEvQIBADANBgkqhkiG9w0\nclaims: {iss: me}"),
            ),
            (
                "a login by GET with a body",
                auth("type: session_login\npath: login\nmethod: GET\njson: {key: \"{secrets.key}\"}\ntoken_path: token"),
            ),
            (
                "a Jinja expression for a key",
                auth("type: api_key\napi_key: \"{{ config['api_key'] }}\""),
            ),
            (
                "a Jinja expression for a user's name, and for a header",
                auth("type: http_basic\nusername: \"{{ config.user }}\"\npassword: \"{secrets.password}\"")
                    .replace("  paginator", "  headers: {X-Org: \"{{ config['org'] }}\"}\n  paginator"),
            ),
            (
                "a Jinja expression in the base URL",
                client("").replace("api.example", "{{ config['host'] }}.example").replace("https://{{ config['host'] }}.example.com", "\"https://{{ config['host'] }}.example.com\""),
            ),
            (
                "a literal key in braces",
                auth("type: api_key\napi_key: \"{{sk-live-0123456789}}\""),
            ),
            (
                "a literal key in braces that could be a name",
                auth("type: api_key\napi_key: \"{{sk_live_0123456789}}\"")
                    .replace("  paginator", "  headers: {X-Depot-Key: \"{{sk_live_0123456789}}\"}\n  paginator"),
            ),
            (
                "a secret's name in two braces",
                auth("type: bearer\ntoken: \"{{secrets.token}}\""),
            ),
            (
                "a secret in the form of a shell",
                auth("type: bearer\ntoken: \"${secrets.token}\""),
            ),
            (
                "a literal in a header that is named like a key",
                client("headers: {X-Depot-Key: s3cret-key-1, x-csrf-token: \"{{sk-1}}\", Idempotency-Key: a, X-Key: \"{config.key}\"}").replace("client:", "config: {key: text}\nclient:"),
            ),
            (
                "a literal beside another mistake in a header that is named like a key",
                client("headers: {X-Depot-Key: s3cret-key-1, \"X Key\": a}"),
            ),
            (
                "a secret in a header that goes to a stranger",
                client("headers: {X-Key: \"{secrets.key}\"}").replace("name: things", "name: things\n    endpoint: https://files.example.net/list"),
            ),
            (
                "a secret in a body that goes to a stranger",
                endpoint("path: https://files.example.net/list\nmethod: POST\njson: {by: [\"{secrets.key}\"]}"),
            ),
            (
                "an origin by a setting",
                format!("config: {{host: text}}\n{}", client("auth: {type: bearer, token: \"{secrets.token}\"}\nallow_origins: [\"https://{config.host}\"]")),
            ),
            (
                "statuses that are no failures",
                client("retry: {statuses: [2xx, 429]}"),
            ),
            (
                "a literal in a parameter, and in the query of a path",
                endpoint("path: /things?lang=en&token=s3cret-key-1\nparams: {api_key: s3cret-key-2}"),
            ),
            (
                "a literal in a body, and in what goes to the token URL",
                endpoint("method: POST\njson: {search: {token: s3cret-key-1, page_token: a}, password: \"{secrets.key}\"}\nauth:\n  type: oauth2_client_credentials\n  access_token_url: https://api.example.com/token\n  client_id: a\n  client_secret: \"{secrets.key}\"\n  access_token_request_data: {password: s3cret-key-2}"),
            ),
            (
                "a literal in the query of a base URL, and of a setting",
                client("").replace("https://api.example.com", "https://api.example.com?api_key=s3cret-key-1").replace("client:", "config: {next: {type: text, default: \"https://a.example?access_token=s3cret-key-2\"}}\nclient:"),
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
                "another grant than that of a refresh token",
                auth(
                    "type: oauth2_refresh_token\ntoken_url: https://a.example/token\nclient_id: me\nclient_secret: \"{secrets.s}\"\nrefresh_token: \"{secrets.r}\"\naccess_token_request_data: {grant_type: password}",
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
                "a list of words without values",
                top("config: {a: {type: list, items: enum}}"),
            ),
            (
                "a list of words that stand for others",
                top("config: {a: {type: list, items: enum, values: {one: {host: two}}}}"),
            ),
            (
                "another word in the default of a list",
                top(
                    "config: {a: {type: list, items: enum, values: [one, two], default: [one, six]}}",
                ),
            ),
            (
                "values of no enum",
                top("config: {a: {type: text, values: [x]}}"),
            ),
            (
                "a name that is none",
                top("config: {my-org: text}\nsecrets: {\"1\": {}}"),
            ),
            (
                "a key in a header that is the HTTP client's",
                client("auth: {type: api_key, name: Host, api_key: \"{secrets.key}\"}"),
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
