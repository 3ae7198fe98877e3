use crate::{
    Client, ErrorKind,
    clock::manual::ManualClock,
    plan::{
        Auth, Body, ClientAuthentication, Json, Location, Method, OAuth2, Param, Part,
        ResourcePlan, SourcePlan, Template,
    },
    request::{Bounds, Draft},
    testing::{Answer, Api, answer, client, failure},
    transport::{Response, TransportError, TransportErrorKind},
};

use super::Failure;

const HOME: &str = "https://api.example.com";
const TOKEN_URL: &str = "https://login.example.com/token";
const KEY: &str = "k3y-of-the-house";
const SECRET: Template = Template(&[Part::Secret(0)]);

const fn text(parts: &'static [Part]) -> Template {
    Template(parts)
}

const CLIENT_CREDENTIALS: OAuth2 = OAuth2 {
    access_token_url: text(&[Part::Text(TOKEN_URL)]),
    client_id: text(&[Part::Text("id")]),
    client_secret: SECRET,
    ..OAuth2::DEFAULT
};

/// Every kind of credentials.
const KINDS: [Auth; 7] = [
    Auth::ApiKey {
        name: "X-Api-Key",
        api_key: SECRET,
        location: Location::Header,
    },
    Auth::ApiKey {
        name: "api_key",
        api_key: SECRET,
        location: Location::Query,
    },
    Auth::ApiKey {
        name: "session",
        api_key: SECRET,
        location: Location::Cookie,
    },
    Auth::Bearer { token: SECRET },
    Auth::HttpBasic {
        username: text(&[Part::Text("user")]),
        password: SECRET,
    },
    Auth::OAuth2(CLIENT_CREDENTIALS),
    Auth::OAuth2(OAuth2 {
        client_authentication: ClientAuthentication::Basic,
        ..CLIENT_CREDENTIALS
    }),
];

/// Places that are not home, however much they look like it.
const STRANGERS: [&str; 8] = [
    "https://evil.example.net/v1",
    "https://api.example.com.evil.net/v1",
    "https://api.example.com:8443/v1",
    "https://www.api.example.com/v1",
    "https://api.example.com@evil.net/v1",
    "//evil.example.net/v1",
    "http://api.example.com/v1",
    "http://127.0.0.1/v1",
];

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn source(resource: &ResourcePlan) -> &'static SourcePlan {
    leak(SourcePlan {
        name: "test",
        base_url: text(&[Part::Text(HOME)]),
        resources: leak([leak(ResourcePlan {
            name: "things",
            ..*resource
        })]),
        ..SourcePlan::DEFAULT
    })
}

/// A resource at `path`, with these credentials.
fn resource(path: &'static str, auth: Option<Auth>) -> ResourcePlan {
    ResourcePlan {
        path: Template(leak([Part::Text(path)])),
        auth: auth.map(leak::<Auth>),
        ..ResourcePlan::DEFAULT
    }
}

fn connect(plan: &'static SourcePlan, api: &Api) -> Client {
    client(plan, &[KEY], Vec::new(), api, &ManualClock::default()).unwrap()
}

async fn send(client: &Client, draft: &Draft) -> Result<Response, Failure> {
    let resource = client.plan().resources[0];
    let mut turn = client.turn(resource).await;
    client.exchange(&mut turn, resource, draft).await
}

fn draft(client: &Client) -> Draft {
    client
        .draft(client.plan().resources[0], &Bounds::default(), &[])
        .unwrap()
}

/// An API at home, where `status` redirects to `location`; its token endpoint gives a token.
fn redirecting(status: u16, location: &'static str) -> Api {
    Api::new(move |request| {
        if request.url == TOKEN_URL {
            return answer(200, &[], r#"{"access_token":"t0ken-of-the-house"}"#);
        }
        if request.url.contains("/v1/final") {
            return answer(200, &[], "[]");
        }
        answer(status, &[("Location", location)], "")
    })
}

fn assert_refused(result: &Result<Response, Failure>, stranger: &str, api: &Api) {
    let Err(Failure::Fatal(error)) = result else {
        panic!("{stranger}: {result:?}");
    };
    assert_eq!(error.kind(), &ErrorKind::Origin, "{stranger}: {error}");
    let home = url::Url::parse(HOME).unwrap();
    let origin = home.join(stranger).unwrap().origin().ascii_serialization();
    assert!(error.to_string().contains(&origin), "{origin}: {error}");
    assert_silent(&format!("{error} {error:?}"));
    for url in api.urls() {
        let url = url::Url::parse(&url).unwrap();
        let known = url.as_str() == TOKEN_URL || url.origin() == home.origin();
        assert!(known, "a stranger was asked: {url}");
    }
}

fn assert_silent(text: &str) {
    assert!(!text.contains(KEY), "{text}");
    assert!(!text.contains("t0ken-of-the-house"), "{text}");
}

#[tokio::test]
async fn credentials_do_not_follow_a_redirect_to_a_stranger() {
    for auth in KINDS {
        for status in [301, 302, 303, 307, 308] {
            for stranger in STRANGERS {
                let api = redirecting(status, stranger);
                let client = connect(source(&resource("v1/things", Some(auth))), &api);
                let result = send(&client, &draft(&client)).await;
                assert_refused(&result, stranger, &api);
            }
        }
    }
}

#[tokio::test]
async fn credentials_do_not_follow_a_next_link_to_a_stranger() {
    for auth in KINDS {
        for stranger in STRANGERS {
            let api = redirecting(200, "");
            let client = connect(source(&resource("v1/things", Some(auth))), &api);
            let mut draft = draft(&client);
            let result = match draft.set_url(stranger) {
                Ok(()) => send(&client, &draft).await,
                Err(error) => Err(Failure::Fatal(error)),
            };
            assert_refused(&result, stranger, &api);
            assert!(api.requests().is_empty(), "not even a token is asked for");
        }
    }
}

#[tokio::test]
async fn credentials_do_not_go_to_an_absolute_path_elsewhere() {
    for auth in KINDS {
        for stranger in STRANGERS.into_iter().filter(|url| !url.starts_with("//")) {
            let api = redirecting(200, "");
            let client = connect(source(&resource(stranger, Some(auth))), &api);
            let result = send(&client, &draft(&client)).await;
            assert_refused(&result, stranger, &api);
            assert!(api.requests().is_empty());
        }
    }
}

#[tokio::test]
async fn a_secret_outside_of_auth_stays_at_home_too() {
    const SECRET_PARAM: &[Param] = &[Param {
        name: "key",
        value: SECRET,
    }];
    let base = resource("v1/things", None);
    let post = ResourcePlan {
        method: Method::Post,
        ..base
    };
    for guarded in [
        ResourcePlan {
            params: SECRET_PARAM,
            ..base
        },
        ResourcePlan {
            headers: SECRET_PARAM,
            ..base
        },
        ResourcePlan {
            body: Body::Form(SECRET_PARAM),
            ..post
        },
        ResourcePlan {
            body: Body::Json(Json::Object(&[("a", Json::Array(&[Json::Text(SECRET)]))])),
            ..post
        },
    ] {
        let stranger = STRANGERS[0];
        let api = redirecting(307, stranger);
        let client = connect(source(&guarded), &api);
        assert_silent(&draft(&client).shown());
        let result = send(&client, &draft(&client)).await;
        assert_refused(&result, stranger, &api);
    }
}

#[tokio::test]
async fn a_listed_origin_receives_credentials() {
    let api = redirecting(302, "https://files.example.net/v1/final");
    let plan = leak(SourcePlan {
        allow_origins: &["https://files.example.net"],
        ..*source(&resource("v1/things", Some(KINDS[0])))
    });
    let client = connect(plan, &api);
    send(&client, &draft(&client)).await.unwrap();
    let last = api.requests().pop().unwrap();
    assert_eq!(last.url, "https://files.example.net/v1/final");
    assert_eq!(last.headers.get("X-Api-Key"), Some(KEY));
}

#[tokio::test]
async fn what_carries_no_credentials_may_go_elsewhere_but_not_from_https_to_http() {
    let api = redirecting(301, "https://www.example.net/v1/final");
    let client = connect(source(&resource("https://data.example.net/v1", None)), &api);
    send(&client, &draft(&client)).await.unwrap();
    assert_eq!(
        api.urls(),
        [
            "https://data.example.net/v1",
            "https://www.example.net/v1/final"
        ]
    );

    let api = redirecting(301, "http://data.example.net/v1/final");
    let client = connect(source(&resource("https://data.example.net/v1", None)), &api);
    let result = send(&client, &draft(&client)).await;
    assert!(matches!(result, Err(Failure::Fatal(error)) if *error.kind() == ErrorKind::Origin));
}

#[tokio::test]
async fn each_kind_puts_its_credentials_where_they_belong_at_every_hop() {
    for (auth, name, value) in [
        (KINDS[0], "X-Api-Key", KEY.to_owned()),
        (KINDS[2], "Cookie", format!("session={KEY}")),
        (KINDS[3], "Authorization", format!("Bearer {KEY}")),
        (
            KINDS[4],
            "Authorization",
            "Basic dXNlcjprM3ktb2YtdGhlLWhvdXNl".to_owned(),
        ),
        (
            KINDS[5],
            "Authorization",
            "Bearer t0ken-of-the-house".to_owned(),
        ),
    ] {
        let api = redirecting(302, "/v1/final");
        let client = connect(source(&resource("v1/things", Some(auth))), &api);
        send(&client, &draft(&client)).await.unwrap();
        let requests = api.requests();
        let asked: Vec<_> = requests.iter().filter(|r| r.url != TOKEN_URL).collect();
        assert_eq!(asked.len(), 2);
        for request in asked {
            let values: Vec<_> = request.headers.all(name).collect();
            assert_eq!(values, [value.as_str()], "{name}");
            assert_eq!(request.headers.get("Referer"), None);
            assert!(!request.url.contains(KEY), "{}", request.url);
        }
    }
}

#[tokio::test]
async fn a_key_in_the_query_is_sent_once_on_a_link_that_carries_it_already() {
    let api = redirecting(302, "/v1/final?api_key=old&x=1");
    let client = connect(source(&resource("v1/things", Some(KINDS[1]))), &api);
    let mut draft = draft(&client);
    draft
        .set_url(&format!("?page=2&api_key={KEY}&sort=a%2Cb&api%5Fkey=x"))
        .unwrap();
    assert_eq!(
        draft.shown(),
        "GET https://api.example.com/v1/things?page=2&api_key=[secret]&sort=a%2Cb&api%5Fkey=x"
    );
    send(&client, &draft).await.unwrap();
    assert_eq!(
        api.urls(),
        [
            format!("{HOME}/v1/things?page=2&api_key={KEY}&sort=a%2Cb"),
            format!("{HOME}/v1/final?api_key={KEY}&x=1"),
        ]
    );
}

#[tokio::test]
async fn a_redirect_keeps_the_method_unless_it_is_a_303() {
    for (status, method, body) in [
        (301, Method::Post, r#"{"a":1}"#),
        (302, Method::Post, r#"{"a":1}"#),
        (303, Method::Get, ""),
        (307, Method::Post, r#"{"a":1}"#),
        (308, Method::Post, r#"{"a":1}"#),
    ] {
        let api = redirecting(status, "/v1/final");
        let post = ResourcePlan {
            method: Method::Post,
            body: Body::Json(Json::Object(&[("a", Json::Number("1"))])),
            ..resource("v1/things", None)
        };
        let client = connect(source(&post), &api);
        send(&client, &draft(&client)).await.unwrap();
        let last = api.requests().pop().unwrap();
        assert_eq!(last.method, method, "{status}");
        assert_eq!(String::from_utf8(last.body).unwrap(), body, "{status}");
        let content_type = last.headers.get("Content-Type");
        assert_eq!(content_type.is_some(), method == Method::Post, "{status}");
    }
}

#[tokio::test]
async fn ten_redirects_are_followed_and_no_more() {
    let api = redirecting(302, "/v1/things");
    let client = connect(source(&resource("v1/things", None)), &api);
    let result = send(&client, &draft(&client)).await;
    assert!(matches!(result, Err(Failure::Fatal(error)) if *error.kind() == ErrorKind::Response));
    assert_eq!(api.requests().len(), 11);
}

#[tokio::test]
async fn a_redirect_without_a_place_is_the_response() {
    for status in [300, 302, 304] {
        let api = Api::new(move |_| answer(status, &[], ""));
        let client = connect(source(&resource("v1/things", None)), &api);
        let response = send(&client, &draft(&client)).await.unwrap();
        assert_eq!(response.status, status);
    }
}

#[tokio::test]
async fn a_password_in_a_link_is_not_sent() {
    let api = redirecting(302, "https://user:pass@api.example.com/v1/final#part");
    let client = connect(source(&resource("v1/things", Some(KINDS[0]))), &api);
    send(&client, &draft(&client)).await.unwrap();
    assert_eq!(api.urls()[1], "https://api.example.com/v1/final");
}

#[tokio::test]
async fn only_what_may_pass_is_worth_another_try() {
    for (kind, transient) in [
        (TransportErrorKind::Connect, true),
        (TransportErrorKind::Timeout, true),
        (TransportErrorKind::Interrupted, true),
        (TransportErrorKind::Tls, false),
        (TransportErrorKind::TooLarge, false),
        (TransportErrorKind::Protocol, false),
        (TransportErrorKind::Request, false),
    ] {
        let api = Api::new(move |_| failure(kind));
        let client = connect(source(&resource("v1/things", None)), &api);
        let result = send(&client, &draft(&client)).await;
        assert_eq!(
            matches!(result, Err(Failure::Transient(_))),
            transient,
            "{kind:?}"
        );
    }
}

#[tokio::test]
async fn an_error_says_which_resource_and_request_it_was_without_the_key() {
    let api = Api::new(|request| {
        Answer::Failure(TransportError {
            kind: TransportErrorKind::Protocol,
            message: format!("cannot read {}", request.url),
        })
    });
    let client = connect(source(&resource("v1/things", Some(KINDS[1]))), &api);
    let Err(Failure::Fatal(error)) = send(&client, &draft(&client)).await else {
        panic!("an answer");
    };
    assert_eq!(
        error.to_string(),
        "`things`: cannot read https://api.example.com/v1/things?api_key=[secret]\n  \
         --> GET https://api.example.com/v1/things"
    );
}

#[tokio::test]
async fn nothing_prints_a_secret() {
    let api = redirecting(200, "");
    for auth in KINDS {
        let client = connect(source(&resource("v1/things", Some(auth))), &api);
        send(&client, &draft(&client)).await.unwrap();
        assert_silent(&format!("{client:?} {:?}", draft(&client)));
        let basic = client.redact("Basic dXNlcjprM3ktb2YtdGhlLWhvdXNl Bearer t0ken-of-the-house");
        if let Auth::HttpBasic { .. } = auth {
            assert!(basic.starts_with("Basic [secret]"), "{basic}");
        }
        if let Auth::OAuth2(_) = auth {
            assert!(basic.ends_with("Bearer [secret]"), "{basic}");
        }
    }
    for request in api.requests() {
        assert_silent(&format!("{request:?} {:?}", request.headers));
    }
}
