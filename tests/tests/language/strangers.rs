//! No credentials of any kind reach a stranger by any way, and no request either: the error names the
//! origin that it would have gone to.

use std::sync::{Arc, Mutex};

use rest_source::{
    Client, Error, ErrorKind, Result, Secret, Values,
    auth::{Authenticate, Custom, Generation, Given, Wire},
    plan::{Auth, CustomAuth, Param, Part, ResourcePlan, SourcePlan, Template},
    transport::{BoxFuture, Headers, Request, Response, Transport, TransportError},
};
use rest_source_tests::{Asked, Reply, Scripted};
use serde_json::json;

use crate::world::{Still, numbers, plan, secret, with};

/// The kinds of credentials, as a spec says them.
const KINDS: [(&str, &str); 12] = [
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
    ("a secret in a parameter", "concurrency: 1"),
];

/// The ways from the API to a stranger.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
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
const LINKS: [&str; 6] = [
    "$STRANGER/things?page=2",
    "//127.0.0.1:$PORT/things",
    "http://$HOME@127.0.0.1:$PORT/things",
    "http:\\\\127.0.0.1:$PORT\\things",
    "\\\\127.0.0.1:$PORT/things",
    "http://127.0.0.1:$PORT#@$HOME/things",
];

fn ways() -> Vec<Way> {
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
    fn spec(self, kind: &str) -> String {
        let pages = match self {
            Self::LinkHeader(_) => "header_link",
            Self::OtherHeader(_) => "{ type: header_link, header: Location }",
            _ => "json_link",
        };
        let path = match self {
            Self::AbsolutePath => "$STRANGER/things",
            _ => "things",
        };
        let params = if kind == "concurrency: 1" {
            "params: { key: '{secrets.key}' },"
        } else {
            ""
        };
        // The address is a setting: the compiler cannot know that the path leads elsewhere.
        format!(
            "config: {{ base: {{ type: text }} }}\n\
             client: {{ base_url: '{{config.base}}', {kind}, retry: {{ backoff_factor: 0 }} }}\n\
             resources:\n  - {{ name: things, columns: json, endpoint: {{ path: '{path}', {params} \
             data_selector: data, paginator: {pages} }} }}\n"
        )
    }

    /// What the API answers to a page's request; `stranger` is where it wants to send it.
    fn reply(self, asked: &Asked, stranger: &str) -> Reply {
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

fn fill(text: &str, home: &str, stranger: &str) -> String {
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
        _: &'a Wire,
    ) -> BoxFuture<'a, Result<Generation>> {
        Box::pin(async move {
            request.headers.set("X-Signature", self.0.expose());
            Ok(0)
        })
    }
}

/// The same plan with credentials of one's own type.
fn signed(plan: &'static SourcePlan) -> &'static SourcePlan {
    const KEY: Template = Template(&[Part::Secret(0)]);
    const WITH: &[Param] = &[Param {
        name: "key",
        value: KEY,
    }];
    static AUTH: Auth = Auth::Custom(CustomAuth::of::<Signed>("crate::Signed", WITH));
    let resources = plan.resources.iter().map(|resource| {
        let resource: &'static ResourcePlan = Box::leak(Box::new(ResourcePlan {
            auth: Some(&AUTH),
            ..**resource
        }));
        resource
    });
    Box::leak(Box::new(SourcePlan {
        resources: Vec::leak(resources.collect()),
        ..*plan
    }))
}

/// Secrets, of the plan's second choice where it has any.
struct Chosen(&'static SourcePlan);

impl Values<Secret> for Chosen {
    fn values(self) -> Vec<Secret> {
        let choice = self.0.choices.get(1);
        let secrets = self.0.secrets.iter().enumerate();
        let needed = secrets.filter(|(at, _)| {
            choice.is_none_or(|choice| choice.secrets.iter().any(|of| usize::from(*of) == *at))
        });
        needed
            .map(|(_, one)| secret(one.name).as_str().into())
            .collect()
    }

    fn choice(&self) -> Option<usize> {
        (!self.0.choices.is_empty()).then_some(1)
    }
}

fn client(kind: &str, spec: &str, base: &str) -> rest_source::Builder<Client> {
    let plan = plan(spec);
    let plan = if kind == "a way of one's own" {
        signed(plan)
    } else {
        plan
    };
    Client::builder(plan)
        .secrets(Chosen(plan))
        .setting("base", base)
        .clock(Still::default())
}

/// Fetches all; the number of records, and how it ended.
async fn fetch(client: &Client) -> (usize, Result<()>) {
    let mut pages = client.rows(client.plan().resources[0]).pages();
    let mut records = 0;
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => records += page.rows().len(),
            Err(error) => return (records, Err(error)),
        }
    }
    (records, Ok(()))
}

/// The token endpoint's answer, or the API's to a request that has its credentials.
fn api(way: Way, asked: &Asked, stranger: &str) -> Reply {
    if asked.path() == "/token" {
        return Reply::json(&json!({ "access_token": "s3cret-token", "expires_in": 3600 }));
    }
    let sent = format!("{} {:?} {}", asked.target, asked.headers, asked.body);
    // Basic is in base64. A secret in a parameter is part of the first request alone.
    if asked.path() == "/things" && !sent.contains("s3cret-") && !sent.contains("Basic ") {
        return Reply::status(401);
    }
    way.reply(asked, stranger)
}

#[track_caller]
fn assert_silent(error: &Error, what: &str) {
    let shown = format!("{error}\n{error:?}");
    assert!(
        !shown.contains("s3cret-") && !shown.contains("Basic "),
        "{what}: {shown}"
    );
}

#[tokio::test]
async fn no_credentials_reach_a_stranger_by_any_way() {
    let stranger = Scripted::start(|_| Reply::json(&numbers(8, 9)))
        .await
        .unwrap();
    for (kind, auth) in KINDS {
        for way in ways() {
            let what = format!("{kind} by {way:?}");
            let origin = stranger.url().to_owned();
            let home = Scripted::start(move |asked| api(way, asked, &origin))
                .await
                .unwrap();
            let spec = way.spec(auth).replace("$BASE", home.url());
            let spec = fill(&spec, home.url(), stranger.url());
            let client = client(kind, &spec, home.url()).build().unwrap();
            let (records, end) = fetch(&client).await;
            let error = end.expect_err(&what);
            assert_eq!(*error.kind(), ErrorKind::Origin, "{what}: {error}");
            assert!(
                error.to_string().contains(stranger.url()),
                "{what}: {error}"
            );
            assert_silent(&error, &what);
            assert!(
                stranger.asked().is_empty(),
                "{what}: {:?}",
                stranger.asked()
            );
            let first = matches!(
                way,
                Way::JsonLink(_) | Way::LinkHeader(_) | Way::OtherHeader(_) | Way::LaterRedirect(_)
            );
            assert_eq!(
                records,
                usize::from(first),
                "{what}: what came is delivered"
            );
        }
    }
}

#[tokio::test]
async fn another_port_and_another_name_of_this_machine_are_strangers_too() {
    for (kind, auth) in KINDS {
        let way = Way::JsonLink("http://localhost:$PORT/things");
        let home = Scripted::start(move |asked| {
            let host = asked.header("host").unwrap_or_default();
            api(way, asked, &format!("http://{host}"))
        })
        .await
        .unwrap();
        let spec = way.spec(auth).replace("$BASE", home.url());
        let client = client(kind, &spec, home.url()).build().unwrap();
        let error = fetch(&client).await.1.expect_err(kind);
        assert_eq!(*error.kind(), ErrorKind::Origin, "{kind}: {error}");
        assert!(error.to_string().contains("http://localhost:"), "{error}");
    }
}

#[tokio::test]
async fn a_token_endpoint_that_redirects_sends_no_one_anywhere() {
    let stranger = Scripted::start(|_| {
        Reply::json(&json!({ "access_token": "of the stranger", "expires_in": 3600 }))
    })
    .await
    .unwrap();
    for (kind, auth) in KINDS
        .iter()
        .filter(|(_, auth)| auth.contains("$BASE/token"))
    {
        for status in [301, 302, 303, 307, 308] {
            let origin = stranger.url().to_owned();
            let home = Scripted::start(move |asked| match asked.path() {
                "/token" => Reply::status(status).header("Location", format!("{origin}/token")),
                _ => Reply::json(&numbers(0, 1)),
            })
            .await
            .unwrap();
            let way = Way::JsonLink("");
            let spec = way.spec(auth).replace("$BASE", home.url());
            let client = client(kind, &spec, home.url()).build().unwrap();
            let error = fetch(&client).await.1.expect_err(kind);
            assert_eq!(*error.kind(), ErrorKind::Auth, "{kind} {status}: {error}");
            assert_silent(&error, kind);
            assert!(stranger.asked().is_empty());
            assert_eq!(
                home.asked().len(),
                1,
                "no page is asked for without a token"
            );
        }
    }
}

#[tokio::test]
async fn a_listed_origin_gets_the_credentials_and_no_other_does() {
    let third = Scripted::start(|_| Reply::json(&numbers(8, 9)))
        .await
        .unwrap();
    for (kind, auth) in KINDS {
        for (way, listed_too) in [
            (Way::JsonLink(LINKS[0]), true),
            (Way::LinkHeader(LINKS[1]), true),
            (Way::Redirect(302), true),
            (Way::Redirect(308), true),
            (Way::AbsolutePath, true),
            (Way::JsonLink(LINKS[0]), false),
        ] {
            let what = format!("{kind} by {way:?}");
            let next = json!({ "next": if listed_too { "" } else { third.url() } });
            let page = with(numbers(8, 9), next);
            let friend = Scripted::start(move |_| Reply::json(&page)).await.unwrap();
            let origin = friend.url().to_owned();
            let home = Scripted::start(move |asked| api(way, asked, &origin))
                .await
                .unwrap();
            let spec = way.spec(auth).replace("$BASE", home.url()).replace(
                "base_url:",
                &format!("allow_origins: ['{}'], base_url:", friend.url()),
            );
            let spec = fill(&spec, home.url(), friend.url());
            let client = client(kind, &spec, home.url()).build().unwrap();
            let (_, end) = fetch(&client).await;
            let asked = friend.asked();
            assert_eq!(asked.len(), 1, "{what}: {end:?}");
            let sent = format!("{} {:?}", asked[0].target, asked[0].headers);
            let parameter = kind == "a secret in a parameter";
            // A parameter of the spec is part of its first request: a link leads where it says.
            assert!(
                parameter || sent.contains("s3cret-") || sent.contains("Basic "),
                "{what}: {sent}"
            );
            match end {
                Ok(()) => assert!(listed_too, "{what}"),
                Err(error) => assert!(
                    !listed_too && *error.kind() == ErrorKind::Origin,
                    "{what}: {error}"
                ),
            }
        }
    }
    assert!(third.asked().is_empty());
}

#[tokio::test]
async fn an_endpoint_without_auth_may_go_anywhere_and_carries_nothing() {
    let ways = [
        Way::JsonLink(LINKS[0]),
        Way::LinkHeader(LINKS[0]),
        Way::Redirect(302),
        Way::Redirect(307),
        Way::AbsolutePath,
    ];
    for (kind, auth) in KINDS.iter().filter(|(_, auth)| auth.starts_with("auth:")) {
        for way in ways {
            let what = format!("{kind} by {way:?}");
            let stranger = Scripted::start(|_| Reply::json(&numbers(8, 9)))
                .await
                .unwrap();
            let origin = stranger.url().to_owned();
            let home = Scripted::start(move |asked| way.reply(asked, &origin))
                .await
                .unwrap();
            let spec = way.spec(auth).replace("$BASE", home.url());
            let open = spec.replace("data_selector: data,", "data_selector: data, auth: ~,");
            // Another resource uses the credentials.
            let spec = format!(
                "{open}  - {{ name: other, columns: json, endpoint: {{ path: other, paginator: single_page }} }}\n"
            );
            let spec = fill(&spec, home.url(), stranger.url());
            let client = client("", &spec, home.url()).build().unwrap();
            let (_, end) = fetch(&client).await;
            end.expect(&what);
            let asked = stranger.asked();
            assert_eq!(asked.len(), 1, "{what}");
            let names: Vec<&str> = asked[0]
                .headers
                .iter()
                .map(|(name, _)| name.as_str())
                .collect();
            for name in &names {
                assert!(
                    ["accept", "accept-encoding", "host", "user-agent"].contains(name),
                    "{what}: {names:?}"
                );
            }
            assert!(!asked[0].target.contains("key"), "{what}");
        }
    }
}

/// An API in memory, to be at https without TLS.
#[derive(Clone)]
struct InMemory {
    way: Way,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Transport for InMemory {
    fn send<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, TransportError>> {
        Box::pin(async move {
            self.asked.lock().unwrap().push(request.url.clone());
            let to = |target: &str| target.replace("$STRANGER", "http://api.example.com");
            let mut headers = Headers::new();
            let mut status = 200;
            let mut body = numbers(0, 1);
            match self.way {
                _ if request.url.ends_with("/token") => {
                    body = json!({ "access_token": "s3cret-token", "expires_in": 3600 });
                }
                Way::JsonLink(link) => body = with(body, json!({ "next": to(link) })),
                Way::LinkHeader(link) => headers.push("Link", format!("<{}>; rel=next", to(link))),
                Way::Redirect(code) => {
                    status = code;
                    headers.push("Location", to("$STRANGER/things"));
                }
                _ => {}
            }
            Ok(Response {
                status,
                headers,
                body: body.to_string().into_bytes(),
            })
        })
    }
}

#[tokio::test]
async fn nothing_leads_from_https_to_http_on_the_same_host() {
    for (kind, auth) in KINDS {
        for way in [
            Way::JsonLink(LINKS[0]),
            Way::LinkHeader(LINKS[0]),
            Way::Redirect(301),
            Way::Redirect(307),
        ] {
            let api = InMemory {
                way,
                asked: Arc::default(),
            };
            let base = "https://api.example.com";
            let spec = way.spec(auth).replace("$BASE", base);
            let client = client(kind, &spec, base)
                .transport(api.clone())
                .build()
                .unwrap();
            let error = fetch(&client).await.1.expect_err(kind);
            assert_eq!(
                *error.kind(),
                ErrorKind::Origin,
                "{kind} by {way:?}: {error}"
            );
            assert!(
                error.to_string().contains("http://api.example.com"),
                "{error}"
            );
            assert_silent(&error, kind);
            let asked = api.asked.lock().unwrap().clone();
            assert!(
                asked.iter().all(|url| url.starts_with("https://")),
                "{asked:?}"
            );
        }
    }
}

#[tokio::test]
async fn no_plain_http_gets_credentials_but_on_this_machine() {
    for (kind, auth) in KINDS {
        let base = "http://api.example.com";
        let spec = Way::JsonLink("")
            .spec(auth)
            .replace("$BASE", "https://api.example.com");
        let error = client(kind, &spec, base).build().expect_err(kind);
        assert_eq!(*error.kind(), ErrorKind::Origin, "{kind}: {error}");
        assert!(error.to_string().contains(base), "{error}");
    }
}
