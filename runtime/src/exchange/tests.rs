use std::{
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use super::Failure;
use crate::{
    Client, ErrorKind,
    clock::manual::ManualClock,
    plan::{
        Auth, Body, ClientAuthentication, JsonPlan, Location, Method, OAuth2, Param, Part,
        ResourcePlan, SourcePlan, Template,
    },
    request::Draft,
    shared::{Ref, Ref::Static, Text, list},
    testing::{Api, answer, client, failure, first_request},
    transport::{Response, TransportError, TransportErrorKind},
};

const HOME: &str = "https://api.example.com";
const TOKEN_URL: &str = "https://login.example.com/token";
const KEY: &str = "k3y-of-the-house";
const SECRET: Template = Template(list![Part::Secret(0)]);

/// A template without placeholders.
fn text(text: &'static str) -> Template {
    Template(vec![Part::Text(Text::of(text))].into())
}

static CLIENT_CREDENTIALS: LazyLock<OAuth2> = LazyLock::new(|| OAuth2 {
    access_token_url: text(TOKEN_URL),
    client_id: text("id"),
    client_secret: SECRET,
    ..OAuth2::DEFAULT
});

/// Every kind of credentials.
static KINDS: LazyLock<[Auth; 7]> = LazyLock::new(|| {
    [
        Auth::ApiKey {
            name: Static("X-Api-Key"),
            api_key: SECRET,
            location: Location::Header,
        },
        Auth::ApiKey {
            name: Static("api_key"),
            api_key: SECRET,
            location: Location::Query,
        },
        Auth::ApiKey {
            name: Static("session"),
            api_key: SECRET,
            location: Location::Cookie,
        },
        Auth::Bearer { token: SECRET },
        Auth::HttpBasic {
            username: text("user"),
            password: SECRET,
        },
        Auth::OAuth2(CLIENT_CREDENTIALS.clone()),
        Auth::OAuth2(OAuth2 {
            client_authentication: ClientAuthentication::Basic,
            ..CLIENT_CREDENTIALS.clone()
        }),
    ]
});

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

fn source(resource: &ResourcePlan) -> SourcePlan {
    SourcePlan {
        name: Static("test"),
        base_url: text(HOME),
        resources: vec![Ref::from(ResourcePlan {
            name: Static("things"),
            ..resource.clone()
        })]
        .into(),
        ..SourcePlan::DEFAULT
    }
}

/// A resource at `path`, with these credentials.
fn resource(path: &'static str, auth: Option<Auth>) -> ResourcePlan {
    ResourcePlan {
        path: text(path),
        auth: auth.map(Ref::from),
        ..ResourcePlan::DEFAULT
    }
}

fn connect(plan: SourcePlan, api: &Api) -> Client {
    client(plan, &[KEY], Vec::new(), api, &ManualClock::default()).unwrap()
}

async fn send(client: &Client, draft: &Draft) -> Result<Response, Failure> {
    let resource = &client.plan().resources[0];
    let mut permit = client.permit(resource).await;
    let opened = client.exchange(&mut permit, resource, draft).await;
    opened.map(|opened| opened.response)
}

fn draft(client: &Client) -> Draft {
    first_request(client, &client.plan().resources[0]).unwrap()
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
    for auth in KINDS.clone() {
        for status in [301, 302, 303, 307, 308] {
            for stranger in STRANGERS {
                let api = redirecting(status, stranger);
                let client = connect(source(&resource("v1/things", Some(auth.clone()))), &api);
                let result = send(&client, &draft(&client)).await;
                assert_refused(&result, stranger, &api);
            }
        }
    }
}

#[tokio::test]
async fn credentials_do_not_follow_a_next_link_to_a_stranger() {
    for auth in KINDS.clone() {
        for stranger in STRANGERS {
            let api = redirecting(200, "");
            let client = connect(source(&resource("v1/things", Some(auth.clone()))), &api);
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
    for auth in KINDS.clone() {
        for stranger in STRANGERS.into_iter().filter(|url| !url.starts_with("//")) {
            let api = redirecting(200, "");
            let client = connect(source(&resource(stranger, Some(auth.clone()))), &api);
            let result = send(&client, &draft(&client)).await;
            assert_refused(&result, stranger, &api);
            assert!(api.requests().is_empty());
        }
    }
}

#[tokio::test]
async fn a_secret_outside_of_auth_stays_at_home_too() {
    const SECRET_PARAM: &[Param] = &[Param {
        name: Static("key"),
        value: SECRET,
    }];
    let base = resource("v1/things", None);
    let post = ResourcePlan {
        method: Method::Post,
        ..base.clone()
    };
    for guarded in [
        ResourcePlan {
            params: Static(SECRET_PARAM),
            ..base.clone()
        },
        ResourcePlan {
            headers: Static(SECRET_PARAM),
            ..base.clone()
        },
        ResourcePlan {
            body: Body::Form(Static(SECRET_PARAM)),
            ..post.clone()
        },
        ResourcePlan {
            body: Body::Json(JsonPlan::Object(list![(
                Static("a"),
                JsonPlan::Array(list![JsonPlan::Text(SECRET)])
            )])),
            ..post.clone()
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
    let plan = SourcePlan {
        allow_origins: list![Static("https://files.example.net")],
        ..source(&resource("v1/things", Some(KINDS[0].clone())))
    };
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
        (KINDS[0].clone(), "X-Api-Key", KEY.to_owned()),
        (KINDS[2].clone(), "Cookie", format!("session={KEY}")),
        (KINDS[3].clone(), "Authorization", format!("Bearer {KEY}")),
        (
            KINDS[4].clone(),
            "Authorization",
            "Basic dXNlcjprM3ktb2YtdGhlLWhvdXNl".to_owned(),
        ),
        (
            KINDS[5].clone(),
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
    let client = connect(source(&resource("v1/things", Some(KINDS[1].clone()))), &api);
    let mut draft = draft(&client);
    draft
        .set_url(&format!("?page=2&api_key={KEY}&sort=a%2Cb&api%5Fkey=x"))
        .unwrap();
    assert_eq!(
        draft.shown(),
        "GET https://api.example.com/v1/things?page=2&api_key=[secret]&sort=a%2Cb&api%5Fkey=[secret]"
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
            body: Body::Json(JsonPlan::Object(list![(
                Static("a"),
                JsonPlan::Number(Static("1"))
            )])),
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
    let client = connect(source(&resource("v1/things", Some(KINDS[0].clone()))), &api);
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
async fn origin_that_is_not_there_is_given_up_unless_it_has_answered() {
    for kind in [TransportErrorKind::Refused, TransportErrorKind::UnknownHost] {
        // It answers at the third attempt, and never again.
        let count = AtomicUsize::new(0);
        let api = Api::new(move |_| match count.fetch_add(1, Ordering::Relaxed) {
            2 => answer(200, &[], "[]"),
            _ => failure(kind),
        });
        let clock = ManualClock::default();
        let plan = source(&resource("v1/things", None));
        let client = client(plan, &[KEY], Vec::new(), &api, &clock).unwrap();
        let mut draft = draft(&client);
        send(&client, &draft).await.unwrap();
        let quick = [Duration::from_millis(500), Duration::from_secs(1)];
        assert_eq!(clock.waits(), quick);
        let later = send(&client, &draft).await;
        assert!(matches!(later, Err(Failure::Transient(_))), "{kind:?}");
        assert_eq!(api.requests().len(), 4);
        // Another origin has not answered.
        draft.url = "https://files.example.com/v1".parse().unwrap();
        let Err(Failure::Fatal(error)) = send(&client, &draft).await else {
            panic!("{kind:?} is retried");
        };
        assert_eq!(api.requests().len(), 7);
        let error = error.to_string();
        assert!(error.contains("(tried 3 times)"), "{error}");
        assert!(error.contains("help: check the host"), "{error}");
    }
}

#[tokio::test]
async fn source_without_retries_does_not_ask_again_for_an_origin_that_is_not_there() {
    let api = Api::new(|_| failure(TransportErrorKind::Refused));
    let mut plan = source(&resource("v1/things", None));
    plan.retry.max_retries = 0;
    let client = connect(plan, &api);
    let sent = send(&client, &draft(&client)).await;
    assert!(matches!(sent, Err(Failure::Fatal(_))));
    assert_eq!(api.requests().len(), 1);
}

#[tokio::test]
async fn an_error_says_which_resource_and_request_it_was_without_the_key() {
    let api = Api::new(|request| {
        Err(TransportError::new(
            TransportErrorKind::Protocol,
            format!("cannot read {}", request.url),
        ))
    });
    let client = connect(source(&resource("v1/things", Some(KINDS[1].clone()))), &api);
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
    for auth in KINDS.clone() {
        let client = connect(source(&resource("v1/things", Some(auth.clone()))), &api);
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
