//! Kinds of credentials, and ways that lead from an API to a stranger.

use rest_source::{
    Client, Result, Secret, Values,
    auth::{Authenticate, Custom, Generation, Given, HttpContext},
    hooks::{AuthHook, Hooks},
    plan::{Auth, CustomAuth, Param, Part, ResourcePlan, SourcePlan, Template},
    shared::{Ref, Ref::Static, list},
    transport::{BoxFuture, Request},
};
use rest_source_testkit::{Asked, Reply};
use serde_json::json;

use crate::world::{clock, numbers, plan, secret, with};

/// The kinds of credentials, as a spec says them.
pub(super) const KINDS: [(&str, &str); 27] = [
    (
        "a key in a header",
        "auth: { type: api_key, name: X-Key, api_key: '{secrets.key}' }",
    ),
    (
        "a key in the query",
        "auth: { type: api_key, name: key, api_key: '{secrets.key}', location: query }",
    ),
    (
        "a key in a cookie",
        "auth: { type: api_key, name: key, api_key: '{secrets.key}', location: cookie }",
    ),
    (
        "a bearer token",
        "auth: { type: bearer, token: '{secrets.key}' }",
    ),
    (
        "a password",
        "auth: { type: http_basic, username: me, password: '{secrets.key}' }",
    ),
    (
        "an answer to a challenge",
        "auth: { type: http_digest, username: me, password: '{secrets.key}' }",
    ),
    (
        "a person's password for a token",
        "auth: { type: oauth2_client_credentials, access_token_url: $BASE/token, \
         access_token_request_data: { grant_type: password, username: me, password: '{secrets.key}' } }",
    ),
    (
        "a client's token in a cookie",
        "auth: { type: oauth2_client_credentials, access_token_url: $BASE/token, client_id: me, \
         client_secret: '{secrets.key}', cookie: key }",
    ),
    (
        "a client's token in the body",
        "auth: { type: oauth2_client_credentials, access_token_url: $BASE/token, client_id: me, \
         client_secret: '{secrets.key}', body_path: token }",
    ),
    (
        "a signed token in the query",
        "auth: { type: jwt_bearer, algorithm: HS256, signing_key: '{secrets.key}', query: key }",
    ),
    (
        "a client's token",
        "auth: { type: oauth2_client_credentials, access_token_url: $BASE/token, client_id: me, client_secret: '{secrets.key}' }",
    ),
    (
        "a client's token by basic",
        "auth: { type: oauth2_client_credentials, access_token_url: $BASE/token, client_id: me, \
         client_secret: '{secrets.key}', client_authentication: basic }",
    ),
    (
        "a refresh token",
        "auth: { type: oauth2_refresh_token, access_token_url: $BASE/token, client_id: me, client_secret: '{secrets.key}', \
         refresh_token: '{secrets.refresh}' }",
    ),
    (
        "a client's token in another header",
        "auth: { type: oauth2_client_credentials, access_token_url: $BASE/token, client_id: me, \
         client_secret: '{secrets.key}', header: X-Token, token_request: json }",
    ),
    (
        "a client's token in the query",
        "auth: { type: oauth2_client_credentials, access_token_url: $BASE/token, client_id: me, \
         client_secret: '{secrets.key}', query: key, access_token_request_headers: { X-Key: '{secrets.key}' } }",
    ),
    (
        "a bearer token in another header",
        "auth: { type: bearer, token: '{secrets.key}', header: X-Token, prefix: Token }",
    ),
    (
        "a login in JSON",
        "auth: { type: session_login, path: $BASE/token, json: { password: '{secrets.key}' }, \
         token_path: access_token, header: X-Session }",
    ),
    (
        "a login by the query",
        "auth: { type: session_login, path: $BASE/token, method: GET, params: { password: '{secrets.key}' }, \
         token_header: X-Session, query: key }",
    ),
    (
        "a login by basic",
        "auth: { type: session_login, path: $BASE/token, headers: { X-Key: '{secrets.key}' }, token_cookie: key, \
         auth: { type: http_basic, username: me, password: '{secrets.key}' }, cookie: key }",
    ),
    (
        "a login's token in the body",
        "auth: { type: session_login, path: $BASE/token, data: { password: '{secrets.key}' }, \
         token_path: access_token, expires_in_path: expires_in, body_path: session.token }",
    ),
    (
        "a signed token",
        "auth: { type: jwt_bearer, algorithm: HS256, signing_key: '{secrets.key}', claims: { iss: me } }",
    ),
    (
        "a signed token for a token",
        "auth: { type: jwt_bearer, access_token_url: $BASE/token, algorithm: HS256, signing_key: '{secrets.key}' }",
    ),
    (
        "a login by a signed token",
        "auth: { type: session_login, path: $BASE/token, token_path: access_token, query: key, \
         auth: { type: jwt_bearer, algorithm: HS256, signing_key: '{secrets.key}' } }",
    ),
    (
        "one of several",
        "auth: { type: one_of, choices: { a: { type: bearer, token: '{secrets.a}' }, \
         b: { type: api_key, name: X-Key, api_key: '{secrets.key}' } } }",
    ),
    (
        "a way of one's own",
        "auth: { type: bearer, token: '{secrets.key}' }",
    ),
    (
        "a secret in a header",
        "headers: { X-Key: '{secrets.key}' }",
    ),
    // The endpoint has it: see `Way::spec`.
    ("a secret in a parameter", "concurrency: 1"),
];

/// The ways from the API to a stranger.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Way {
    JsonLink(&'static str),
    LinkHeader(&'static str),
    OtherHeader(&'static str),
    Redirect(u16),
    /// A redirect at home, and from there one to the stranger.
    SecondRedirect(u16),
    /// A redirect of the second page.
    LaterRedirect(u16),
    AbsolutePath,
}

/// `$STRANGER` is the stranger's origin, `$PORT` its port, `$HOME` the API's host.
pub(super) const LINKS: [&str; 6] = [
    "$STRANGER/things?page=2",
    "//127.0.0.1:$PORT/things",
    "http://$HOME@127.0.0.1:$PORT/things",
    "http:\\\\127.0.0.1:$PORT\\things",
    "\\\\127.0.0.1:$PORT/things",
    "http://127.0.0.1:$PORT#@$HOME/things",
];

pub(super) fn ways() -> Vec<Way> {
    let mut ways: Vec<Way> = LINKS.into_iter().map(Way::JsonLink).collect();
    ways.extend(LINKS[..3].iter().copied().map(Way::LinkHeader));
    ways.extend(LINKS[..2].iter().copied().map(Way::OtherHeader));
    for status in [301, 302, 303, 307, 308] {
        ways.extend([
            Way::Redirect(status),
            Way::SecondRedirect(status),
            Way::LaterRedirect(status),
        ]);
    }
    ways.push(Way::AbsolutePath);
    ways
}

impl Way {
    pub(super) fn spec(self, kind: &str) -> String {
        let pages = match self {
            Self::LinkHeader(_) => "header_link",
            Self::OtherHeader(_) => "{ type: header_link, header: Location }",
            _ => "json_link",
        };
        let path = match self {
            Self::AbsolutePath => "$STRANGER/things",
            _ => "things",
        };
        let request = match kind {
            "concurrency: 1" => "params: { key: '{secrets.key}' },",
            kind if kind.contains("body_path") => "method: POST, json: {},",
            _ => "",
        };
        // The address is a setting: the compiler cannot know that the path leads elsewhere.
        format!(
            "config: {{ base: {{ type: text }} }}\n\
             client: {{ base_url: '{{config.base}}', {kind}, retry: {{ backoff_factor: 0 }} }}\n\
             resources:\n  - {{ name: things, columns: json, endpoint: {{ path: '{path}', {request} \
             data_selector: data, paginator: {pages} }} }}\n"
        )
    }

    /// What the API answers to a page's request; `stranger` is where it wants to send it.
    pub(super) fn reply(self, asked: &Asked, stranger: &str) -> Reply {
        let fill = |link: &str| fill(link, asked.header("host").unwrap_or_default(), stranger);
        let page = numbers(0, 1);
        let elsewhere = |status: u16, to: &str| Reply::status(status).header("Location", fill(to));
        match self {
            Self::JsonLink(link) => Reply::json(&with(page, json!({ "next": fill(link) }))),
            Self::LinkHeader(link) => {
                Reply::json(&page).header("Link", format!("<{}>; rel=\"next\"", fill(link)))
            }
            Self::OtherHeader(link) => Reply::json(&page).header("Location", fill(link)),
            Self::Redirect(status) => elsewhere(status, "$STRANGER/things"),
            Self::SecondRedirect(status) if asked.path() == "/things" => {
                elsewhere(status, "/moved")
            }
            Self::SecondRedirect(status) => elsewhere(status, "//127.0.0.1:$PORT/x"),
            Self::LaterRedirect(_) if asked.path() == "/things" => {
                Reply::json(&with(page, json!({ "next": "/more" })))
            }
            Self::LaterRedirect(status) => elsewhere(status, "$STRANGER/more"),
            Self::AbsolutePath => Reply::status(500),
        }
    }
}

pub(super) fn fill(text: &str, home: &str, stranger: &str) -> String {
    let port = stranger.rsplit(':').next().unwrap_or_default();
    text.replace("$STRANGER", stranger)
        .replace("$PORT", port)
        .replace("$HOME", home)
}

/// Signs with a key.
struct Signed(Secret);

impl Custom for Signed {
    fn new(given: &Given) -> Result<Self> {
        given.secret("key").map(Self)
    }
}

impl Authenticate for Signed {
    fn authenticate<'a>(
        &'a self,
        request: &'a mut Request,
        _: &'a HttpContext,
    ) -> BoxFuture<'a, Result<Generation>> {
        Box::pin(async move {
            request.headers.set("X-Signature", self.0.expose());
            Ok(0)
        })
    }
}

static HOOKS: Hooks = Hooks {
    auths: &[("crate::Signed", AuthHook::of::<Signed>())],
    ..Hooks::NONE
};

/// The same plan with credentials of one's own type.
fn signed(plan: &SourcePlan) -> Ref<SourcePlan> {
    const KEY: Template = Template(list![Part::Secret(0)]);
    const WITH: &[Param] = &[Param {
        name: Static("key"),
        value: KEY,
    }];
    static AUTH: Auth = Auth::Custom(CustomAuth {
        rust: Static("crate::Signed"),
        with: Static(WITH),
    });
    let resources = plan.resources.iter().map(|resource| {
        Ref::from(ResourcePlan {
            auth: Some(Static(&AUTH)),
            ..ResourcePlan::clone(resource)
        })
    });
    Ref::from(SourcePlan {
        resources: resources.collect(),
        ..SourcePlan::clone(plan)
    })
}

/// Secrets, of the plan's second choice where it has any.
struct Chosen(Ref<SourcePlan>);

impl Values<Secret> for Chosen {
    fn values(self) -> Vec<Secret> {
        let choice = self.0.choices.get(1);
        let secrets = self.0.secrets.iter().enumerate();
        let needed = secrets.filter(|(at, _)| {
            choice.is_none_or(|choice| choice.secrets.iter().any(|of| usize::from(*of) == *at))
        });
        needed
            .map(|(_, one)| secret(&one.name).as_str().into())
            .collect()
    }

    fn choice(&self) -> Option<usize> {
        (!self.0.choices.is_empty()).then_some(1)
    }
}

pub(super) fn client(kind: &str, spec: &str, base: &str) -> rest_source::Builder<Client> {
    let plan = plan(spec);
    let plan = if kind == "a way of one's own" {
        signed(&plan)
    } else {
        plan
    };
    Client::builder(&plan)
        .hooks(&HOOKS)
        .secrets(Chosen(plan))
        .setting("base", base)
        .clock(clock())
}
