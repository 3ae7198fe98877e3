mod answers;
mod observed;

use std::{
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;

use crate::{
    Client, Clock as _, Error, ErrorKind, Secret,
    clock::manual::ManualClock,
    exchange::Failure,
    hooks::Hooks,
    http_context::{HttpContext, OnRefreshToken},
    permits::RateLimiting,
    plan::{
        Action, Auth, ClientAuthentication, Grant, OAuth2, Param, Part, ResourcePlan,
        ResponseAction, SourcePlan, Template,
    },
    settings::Settings,
    shared::{Ref, Ref::Static, Text, list},
    testing::{Answer, Api, answer, client, context, failure, first_request},
    transport::{Request, TransportErrorKind},
};

const TOKEN_URL: &str = "https://login.example.com/token";
const ID: &str = "cl1ent-id";
const SECRET: &str = "cl1ent+secret/=";
const SECONDS: Duration = Duration::from_secs(1);

const PLAN: OAuth2 = OAuth2 {
    access_token_url: Template(list![Part::Text(Text::of(TOKEN_URL))]),
    client_id: Template(list![Part::Secret(0)]),
    client_secret: Template(list![Part::Secret(1)]),
    ..OAuth2::DEFAULT
};

/// A 419 is what another API calls a 401.
static RULES: &[ResponseAction] = &[ResponseAction {
    statuses: list![(419, 419)],
    action: Action::RefreshAuth,
    ..ResponseAction::DEFAULT
}];

static BANNED: &[ResponseAction] = &[ResponseAction {
    statuses: list![(401, 401)],
    action: Action::Ignore,
    ..ResponseAction::DEFAULT
}];

/// A source of two resources with the same credentials, over an API and a clock of its own.
struct World {
    api: Api,
    clock: ManualClock,
    client: Client,
}

impl World {
    /// `answers` is what the token endpoint says, by how many times it has been asked before.
    fn new(plan: OAuth2, answers: impl Fn(u64) -> Answer + Send + Sync + 'static) -> Self {
        Self::with_pages(plan, answers, |_| 200)
    }

    /// `status` is that of a page, by the token it is asked with.
    fn with_pages(
        plan: OAuth2,
        answers: impl Fn(u64) -> Answer + Send + Sync + 'static,
        status: impl Fn(&str) -> u16 + Send + Sync + 'static,
    ) -> Self {
        Self::made(plan, answers, status, None)
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "a call that makes it reads better"
    )]
    fn made(
        plan: OAuth2,
        answers: impl Fn(u64) -> Answer + Send + Sync + 'static,
        status: impl Fn(&str) -> u16 + Send + Sync + 'static,
        on_refresh_token: Option<OnRefreshToken>,
    ) -> Self {
        let asked = AtomicU64::new(0);
        let api = Api::new(move |request| {
            if request.url == TOKEN_URL {
                return answers(asked.fetch_add(1, Ordering::Relaxed));
            }
            let token = request.headers.get("Authorization").unwrap_or_default();
            answer(status(token), &[], "[]")
        });
        let clock = ManualClock::default();
        // Generated code has a constant for each resource: equal ones are the same credentials.
        let plan = &plan;
        let resource = || -> Ref<ResourcePlan> {
            Ref::from(ResourcePlan {
                name: Static("things"),
                path: Template(list![Part::Text(Static("things"))]),
                auth: Some(Ref::from(Auth::OAuth2(plan.clone()))),
                response_actions: Static(RULES),
                ..ResourcePlan::DEFAULT
            })
        };
        let source = Ref::from(SourcePlan {
            name: Static("test"),
            base_url: Template(list![Part::Text(Static("https://api.example.com/v1"))]),
            resources: vec![resource(), resource()].into(),
            concurrency: 50,
            ..SourcePlan::DEFAULT
        });
        let secrets = [ID, SECRET, "refresh-0"].map(Secret::from).to_vec();
        let context = HttpContext {
            on_refresh_token,
            ..context(&source, &secrets, &api, &clock)
        };
        let settings = Settings {
            secrets,
            choice: None,
            config: Vec::new(),
        };
        let client = Client::new(
            source,
            &Hooks::NONE,
            settings,
            context,
            (RateLimiting::Local, 50),
        )
        .unwrap();
        Self { api, clock, client }
    }

    async fn page_of(&self, resource: usize) -> Result<u16, Error> {
        let resource = &self.client.plan().resources[resource];
        let draft = first_request(&self.client, resource)?;
        let mut permit = self.client.permit(resource).await;
        match self.client.exchange(&mut permit, resource, &draft).await {
            Ok(opened) => Ok(opened.response.status),
            Err(Failure::Fatal(error)) => Err(error),
            Err(failure) => panic!("{failure:?}"),
        }
    }

    async fn page(&self) -> Result<u16, Error> {
        self.page_of(0).await
    }

    fn token_requests(&self) -> Vec<Request> {
        let mut requests = self.api.requests();
        requests.retain(|request| request.url == TOKEN_URL);
        requests
    }

    /// The tokens of the requests for pages, in order.
    fn tokens(&self) -> Vec<String> {
        let mut requests = self.api.requests();
        requests.retain(|request| request.url != TOKEN_URL);
        requests
            .iter()
            .map(|request| request.headers.get("Authorization").unwrap().to_owned())
            .collect()
    }
}

/// The n-th token, for an hour.
fn token(n: u64) -> Answer {
    answer(
        200,
        &[],
        &format!(r#"{{"access_token":"token-{n}","expires_in":3600}}"#),
    )
}

fn form(request: &Request) -> Vec<(String, String)> {
    url::form_urlencoded::parse(&request.body)
        .into_owned()
        .collect()
}

#[tokio::test]
async fn one_token_serves_the_whole_source() {
    let world = World::new(PLAN, token);
    let pages = (0..50).map(|n| world.page_of(n % 2));
    for page in join_all(pages).await {
        assert_eq!(page.unwrap(), 200);
    }
    assert_eq!(world.token_requests().len(), 1);
    assert!(world.tokens().iter().all(|token| token == "Bearer token-0"));
}

#[tokio::test]
async fn the_client_proves_itself_in_the_form() {
    let world = World::new(
        OAuth2 {
            scope: Some(Template(list![Part::Text(Static("read all"))])),
            audience: Some(Template(list![Part::Text(Static(
                "https://api.example.com"
            ))])),
            access_token_request_data: list![Param {
                name: Static("resource"),
                value: Template(list![Part::Text(Static("r"))]),
            }],
            ..PLAN.clone()
        },
        token,
    );
    world.page().await.unwrap();
    let request = &world.token_requests()[0];
    let expected = [
        ("grant_type", "client_credentials"),
        ("client_id", ID),
        ("client_secret", SECRET),
        ("scope", "read all"),
        ("audience", "https://api.example.com"),
        ("resource", "r"),
    ];
    let form = form(request);
    let form: Vec<_> = form.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(form, expected);
    assert_eq!(request.headers.get("Authorization"), None);
    assert_eq!(
        request.headers.get("Content-Type"),
        Some("application/x-www-form-urlencoded")
    );
}

#[tokio::test]
async fn the_client_proves_itself_by_basic() {
    let world = World::new(
        OAuth2 {
            client_authentication: ClientAuthentication::Basic,
            ..PLAN.clone()
        },
        token,
    );
    world.page().await.unwrap();
    let request = &world.token_requests()[0];
    // cl1ent-id:cl1ent%2Bsecret%2F%3D
    assert_eq!(
        request.headers.get("Authorization"),
        Some("Basic Y2wxZW50LWlkOmNsMWVudCUyQnNlY3JldCUyRiUzRA==")
    );
    let grant = ("grant_type".to_owned(), "client_credentials".to_owned());
    assert_eq!(form(request), [grant]);
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends() {
    for (life, early) in [(3600, 60), (600, 60), (300, 30), (10, 1)] {
        let world = World::new(PLAN, move |n| {
            let body = format!(r#"{{"access_token":"token-{n}","expires_in":"{life}"}}"#);
            answer(200, &[], &body)
        });
        world.page().await.unwrap();
        world.clock.advance((life - early - 1) * SECONDS);
        world.page().await.unwrap();
        assert_eq!(world.token_requests().len(), 1, "{life}");
        world.clock.advance(SECONDS);
        world.page().await.unwrap();
        assert_eq!(world.token_requests().len(), 2, "{life}");
    }
}

#[tokio::test]
async fn a_life_that_is_missing_or_no_length_is_the_default() {
    for life in [
        "",
        r#","expires_in":null"#,
        r#","expires_in":0"#,
        r#","expires_in":"soon""#,
        r#","expires_in":"inf""#,
        r#","expires_in":1e300"#,
        r#","expires_in":-5"#,
    ] {
        let body = format!(r#"{{"access_token":"token-0"{life}}}"#);
        let world = World::new(PLAN, move |_| answer(200, &[], &body));
        world.page().await.unwrap();
        world.clock.advance(3539 * SECONDS);
        world.page().await.unwrap();
        assert_eq!(world.token_requests().len(), 1, "{life}");
        world.clock.advance(SECONDS);
        world.page().await.unwrap();
        assert_eq!(world.token_requests().len(), 2, "{life}");
    }
}

#[tokio::test]
async fn a_token_that_cannot_be_renewed_yet_is_used_to_its_end() {
    let world = World::new(PLAN, |n| match n {
        0 => token(0),
        1..=9 => answer(503, &[], ""),
        _ => token(n),
    });
    world.page().await.unwrap();
    world.clock.advance(3545 * SECONDS);
    world.page().await.unwrap();
    world.page().await.unwrap();
    assert_eq!(
        world.token_requests().len(),
        2,
        "one try, and not one for each request"
    );
    assert_eq!(world.tokens(), ["Bearer token-0"; 3]);
    assert!(
        world.clock.waits().is_empty(),
        "nobody waits for a token that is not needed yet"
    );
    world.clock.advance(55 * SECONDS);
    let error = world.page().await.unwrap_err();
    assert_eq!(
        error.kind(),
        &ErrorKind::Status(503),
        "its end is its end: {error}"
    );
}

#[tokio::test]
async fn fifty_401_at_once_renew_a_token_once() {
    let world = World::with_pages(PLAN, token, |token| match token {
        "Bearer token-0" => 401,
        _ => 200,
    });
    for page in join_all((0..50).map(|n| world.page_of(n % 2))).await {
        assert_eq!(page.unwrap(), 200);
    }
    assert_eq!(world.token_requests().len(), 2);
    let tokens = world.tokens();
    let refused = tokens.iter().filter(|token| *token == "Bearer token-0");
    assert_eq!(refused.count(), 50);
    assert_eq!(tokens.len(), 100, "each is repeated once");
}

#[tokio::test]
async fn a_rule_renews_a_token_as_a_401_does() {
    let world = World::with_pages(PLAN, token, |token| match token {
        "Bearer token-0" => 419,
        _ => 200,
    });
    assert_eq!(world.page().await.unwrap(), 200);
    assert_eq!(world.tokens(), ["Bearer token-0", "Bearer token-1"]);
}

#[tokio::test]
async fn a_rule_for_a_401_decides_before_a_token_is_renewed() {
    let world = World::with_pages(PLAN, token, |_| 401);
    let resource = &world.client.plan().resources[0];
    let banned = ResourcePlan {
        response_actions: Static(BANNED),
        ..ResourcePlan::clone(resource)
    };
    let draft = first_request(&world.client, &banned).unwrap();
    let mut permit = world.client.permit(&banned).await;
    let response = world.client.exchange(&mut permit, &banned, &draft).await;
    assert_eq!(response.unwrap().response.status, 401);
    assert_eq!(world.tokens(), ["Bearer token-0"]);
}

/// A session that serves few requests: the token that another request renewed has expired, too.
#[tokio::test]
async fn a_token_renewed_by_another_request_is_renewed_again_once() {
    let world = World::with_pages(PLAN, token, |token| match token {
        "Bearer token-2" => 200,
        _ => 401,
    });
    for page in join_all((0..4).map(|n| world.page_of(n % 2))).await {
        let status = page.unwrap();
        assert!(status == 200 || status == 401, "{status}");
    }
    // The first request renewed the token once, in vain; the others took its token, and renewed it.
    let tokens = world.tokens();
    let served = tokens.iter().filter(|token| *token == "Bearer token-2");
    assert_eq!(served.count(), 3, "{tokens:?}");
    assert_eq!(world.token_requests().len(), 3);
}

#[tokio::test]
async fn a_second_401_is_the_response() {
    let world = World::with_pages(PLAN, token, |_| 401);
    assert_eq!(world.page().await.unwrap(), 401);
    assert_eq!(world.tokens(), ["Bearer token-0", "Bearer token-1"]);
}

#[tokio::test]
async fn a_token_endpoint_that_may_answer_later_is_asked_again() {
    let world = World::new(PLAN, |n| match n {
        0 => failure(TransportErrorKind::Interrupted),
        1 => answer(500, &[], ""),
        2 => answer(429, &[("Retry-After", "30")], ""),
        _ => token(n),
    });
    world.page().await.unwrap();
    assert_eq!(
        world.clock.waits(),
        [2 * SECONDS, 4 * SECONDS, 30 * SECONDS]
    );
    assert_eq!(world.tokens(), ["Bearer token-3"]);
}

#[tokio::test]
async fn a_turn_counts_the_wait_for_a_token_and_the_request_it_is_renewed_for() {
    let world = World::with_pages(
        PLAN,
        |n| match n {
            1 => answer(503, &[], ""),
            _ => token(n),
        },
        |token| match token {
            "Bearer token-0" => 401,
            _ => 200,
        },
    );
    let resource = &world.client.plan().resources[0];
    let draft = first_request(&world.client, resource).unwrap();
    let mut permit = world.client.permit(resource).await;
    let response = world.client.exchange(&mut permit, resource, &draft).await;
    assert_eq!(response.unwrap().response.status, 200);
    assert_eq!((permit.requests, permit.repeated), (2, 1));
    assert_eq!(permit.waited, 2 * SECONDS);
}

#[tokio::test]
async fn it_is_asked_no_more_often_than_the_source_allows_however_many_wait() {
    let world = World::new(PLAN, |_| answer(503, &[], ""));
    for page in join_all((0..50).map(|n| world.page_of(n % 2))).await {
        let error = page.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Status(503));
        assert_eq!(
            error.to_string(),
            "`things`: the token endpoint answered 503\n  \
             --> POST https://login.example.com/token\n  \
             after 4 requests for a token"
        );
    }
    assert_eq!(world.token_requests().len(), 4);
    world.page().await.unwrap_err();
    assert_eq!(
        world.token_requests().len(),
        8,
        "who comes later tries for himself"
    );
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_said() {
    for wait in [
        "3600",
        "99999999999999999999999",
        "Fri, 31 Dec 9999 23:59:59 GMT",
    ] {
        let world = World::new(PLAN, |_| answer(429, &[("Retry-After", wait)], ""));
        let error = world.page().await.unwrap_err();
        let ErrorKind::RateLimit { retry_at } = error.kind() else {
            panic!("{error}");
        };
        assert!(*retry_at > world.clock.now(), "{error}");
        assert!(world.clock.waits().is_empty());
    }
}

#[tokio::test]
async fn what_is_no_token_is_an_error_of_auth_that_says_why() {
    for (status, headers, body, expected) in [
        (
            400,
            &[][..],
            r#"{"error":"invalid_client","error_description":"no client cl1ent+secret/= here"}"#,
            "refused the client: `invalid_client`\n  --> POST https://login.example.com/token\n  \
             no client [secret] here",
        ),
        (200, &[], r#"{"error":"access_denied"}"#, "`access_denied`"),
        (
            200,
            &[],
            r#"{"error":{"code":7}}"#,
            "refused the client: its `error` is an object, expected text",
        ),
        (
            200,
            &[],
            r#"{"token_type":"bearer"}"#,
            "without `access_token`",
        ),
        (200, &[], r#"{"access_token":""}"#, "without `access_token`"),
        (200, &[], r#"{"access_token":"a\nb"}"#, "cannot be sent"),
        (200, &[], "<html>", "did not answer with a JSON object"),
        (200, &[], "[]", "did not answer with a JSON object"),
        (403, &[], "no", "answered 403"),
        (
            307,
            &[("Location", "https://login.example.com/v2/token")],
            "",
            "answered 307, a redirect",
        ),
    ] {
        let world = World::new(PLAN, move |_| answer(status, headers, body));
        let error = world.page().await.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Auth, "{error}");
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(world.api.requests().len(), 1, "asked once, and for no page");
        assert!(!format!("{error:?}").contains(SECRET));
    }
}

#[tokio::test]
async fn what_was_asked_for_is_not_lost_with_the_task_that_wanted_it() {
    let world = Arc::new(World::new(PLAN, token));
    let dropped = tokio::spawn({
        let world = Arc::clone(&world);
        async move { world.page().await.map(drop) }
    });
    while world.token_requests().is_empty() {
        tokio::task::yield_now().await;
    }
    dropped.abort();
    assert_eq!(world.page().await.unwrap(), 200);
    assert_eq!(world.token_requests().len(), 1);
}

#[test]
fn a_token_url_over_plain_http_is_refused_but_for_loopback() {
    let make = |url: &'static str| {
        let plan = Auth::OAuth2(OAuth2 {
            access_token_url: Template(vec![Part::Text(Text::of(url))].into()),
            ..PLAN.clone()
        });
        let resource = ResourcePlan {
            auth: Some(Ref::from(plan)),
            ..ResourcePlan::DEFAULT
        };
        let source = Ref::from(SourcePlan {
            base_url: Template(list![Part::Text(Static("https://api.example.com"))]),
            resources: vec![resource.into()].into(),
            ..SourcePlan::DEFAULT
        });
        let api = Api::new(|_| answer(200, &[], ""));
        client(
            source,
            &[ID, SECRET],
            Vec::new(),
            &api,
            &ManualClock::default(),
        )
    };
    assert_eq!(
        make("http://login.example.com/token").unwrap_err().kind(),
        &ErrorKind::Origin
    );
    assert_eq!(make("/token").unwrap_err().kind(), &ErrorKind::Config);
    assert_eq!(
        make("https://a:b@login.example.com/").unwrap_err().kind(),
        &ErrorKind::Config
    );
    make("http://127.0.0.1:8080/token").unwrap();
    make("http://[::1]:8080/token").unwrap();
    make("http://localhost/token").unwrap();
}

static BY_REFRESH_TOKEN: LazyLock<OAuth2> = LazyLock::new(|| OAuth2 {
    grant: Grant::RefreshToken(Template(list![Part::Secret(2)])),
    ..PLAN.clone()
});

/// The n-th token, for an hour, and the refresh token for the next.
fn rotated(n: u64) -> Answer {
    let next = n + 1;
    let body = format!(
        r#"{{"access_token":"token-{n}","expires_in":3600,"refresh_token":"refresh-{next}"}}"#
    );
    answer(200, &[], &body)
}

/// The refresh tokens that were sent, in order.
fn refresh_tokens(world: &World) -> Vec<String> {
    let sent = world.token_requests().into_iter().map(|request| {
        let form = form(&request);
        assert!(form.contains(&("grant_type".into(), "refresh_token".into())));
        assert!(form.contains(&("client_secret".into(), SECRET.into())));
        let mut sent = form.into_iter().filter(|(name, _)| name == "refresh_token");
        sent.next().unwrap().1
    });
    sent.collect()
}

#[tokio::test]
async fn a_refresh_token_is_used_until_there_is_another() {
    let world = World::new(BY_REFRESH_TOKEN.clone(), token);
    for _ in 0..2 {
        assert_eq!(world.page().await.unwrap(), 200);
        world.clock.advance(3600 * SECONDS);
    }
    assert_eq!(refresh_tokens(&world), ["refresh-0", "refresh-0"]);
}

#[tokio::test]
async fn a_new_refresh_token_is_kept_before_the_token_is_used_and_sent_next() {
    let world = Arc::new(Mutex::new(None::<World>));
    let kept = Arc::new(Mutex::new(Vec::new()));
    let on_refresh_token: OnRefreshToken = {
        let (world, kept) = (Arc::clone(&world), Arc::clone(&kept));
        Box::new(move |token| {
            let (world, kept) = (Arc::clone(&world), Arc::clone(&kept));
            Box::pin(async move {
                let used = world
                    .lock()
                    .unwrap()
                    .as_ref()
                    .map(|world| world.tokens().len());
                tokio::task::yield_now().await;
                kept.lock().unwrap().push((token.expose().to_owned(), used));
                Ok(())
            })
        })
    };
    let made = World::made(
        BY_REFRESH_TOKEN.clone(),
        rotated,
        |_| 200,
        Some(on_refresh_token),
    );
    let (api, clock, client) = (made.api.clone(), made.clock.clone(), made.client.clone());
    *world.lock().unwrap() = Some(World { api, clock, client });
    for _ in 0..2 {
        for page in join_all((0..10).map(|n| made.page_of(n % 2))).await {
            assert_eq!(page.unwrap(), 200);
        }
        made.clock.advance(3600 * SECONDS);
    }
    assert_eq!(refresh_tokens(&made), ["refresh-0", "refresh-1"]);
    assert_eq!(
        *kept.lock().unwrap(),
        [
            ("refresh-1".to_owned(), Some(0)),
            ("refresh-2".to_owned(), Some(10))
        ]
    );
    assert_eq!(
        made.client.redact("refresh-0 refresh-2"),
        "[secret] [secret]"
    );
}

#[tokio::test]
async fn a_refresh_token_that_was_not_kept_is_offered_again_before_anything_is_asked() {
    let offered = Arc::new(Mutex::new(Vec::new()));
    let on_refresh_token: OnRefreshToken = {
        let offered = Arc::clone(&offered);
        Box::new(move |token| {
            let mut offered = offered.lock().unwrap();
            offered.push(token.expose().to_owned());
            let is_full = offered.len() < 3;
            Box::pin(async move {
                if is_full {
                    return Err(format!("the disk is full: {}", token.expose()).into());
                }
                Ok(())
            })
        })
    };
    let world = World::made(
        BY_REFRESH_TOKEN.clone(),
        rotated,
        |_| 200,
        Some(on_refresh_token),
    );
    for _ in 0..2 {
        let error = world.page().await.unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::Auth);
        assert!(
            error.to_string().contains("the disk is full: [secret]"),
            "{error}"
        );
        let source = std::error::Error::source(&error).unwrap();
        assert_eq!(source.to_string(), "the disk is full: [secret]");
        assert_eq!(
            world.tokens(),
            [""; 0],
            "a token that came with it is not used"
        );
    }
    world.page().await.unwrap();
    assert_eq!(refresh_tokens(&world), ["refresh-0", "refresh-1"]);
    assert_eq!(
        *offered.lock().unwrap(),
        ["refresh-1", "refresh-1", "refresh-1", "refresh-2"]
    );
}

#[tokio::test]
async fn a_refresh_token_that_is_over_is_said() {
    let world = World::new(BY_REFRESH_TOKEN.clone(), |_| {
        answer(400, &[], r#"{"error":"invalid_grant"}"#)
    });
    let error = world.page().await.unwrap_err();
    assert!(
        error.to_string().contains("the refresh token is over"),
        "{error}"
    );
}
