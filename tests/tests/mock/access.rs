//! Who may ask: each kind of credentials, where the spec puts it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use rest_source::{
    Connector, ErrorKind, Path, Result, Secret,
    auth::{Authenticate, Custom, Generation, Given, HttpContext},
    paginator::{Draft, End, Next, PageFacts, Paginate, Position},
    rest_source,
    transport::{BoxFuture, Request},
};
use rest_source_mock::{Fault, Mocked, json};

use crate::fetched;

#[rest_source("../../specs/doors.yaml")]
mod doors {}

#[rest_source("../../specs/rotating.yaml")]
mod rotating {}

#[rest_source("../../specs/choosy.yaml")]
mod choosy {}

/// Signs with the key.
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
        request.headers.set("X-Signature", self.0.expose());
        Box::pin(std::future::ready(Ok(0)))
    }
}

/// Ten at a time.
struct ByTens;

static BY_TENS: ByTens = ByTens;

impl Paginate for ByTens {
    fn probes(&self) -> Vec<Path> {
        Vec::new()
    }

    fn apply(&self, position: &Position, draft: &mut Draft) -> Result<()> {
        if let Position::Offset(offset) = position {
            draft.set_query("from", &offset.to_string());
        }
        Ok(())
    }

    fn next(&self, _: &Position, page: &PageFacts<'_>) -> Result<Next> {
        Ok(match page.received {
            10 => Next::Page(Position::Offset(page.before + 10), None),
            _ => Next::End(End::complete("a short page")),
        })
    }
}

/// Every resource with seven records.
fn all_doors() -> rest_source_mock::Mock<doors::Source> {
    let plan = doors::Source::plan();
    let plans = plan.resources.iter();
    plans.fold(doors::Source::mock(), |mock, plan| {
        mock.records(&plan.name, (0..7).map(|id| json!({ "id": id })))
    })
}

#[tokio::test]
async fn each_kind_of_credentials_is_let_in() {
    let api = all_doors().start().unwrap();
    for plan in &doors::Source::plan().resources {
        let rows = fetched(api.source().client(), plan).await.unwrap();
        assert_eq!(rows.len(), 7, "{}", plan.name);
        let mut asked = api.requests_for(&plan.name);
        if plan.name == "digest" {
            assert_eq!(asked.remove(0).status, Some(401), "the challenge");
        }
        assert!(
            asked.iter().all(|asked| asked.status == Some(200)),
            "{asked:?}"
        );
        assert_eq!(asked.len(), 4, "{asked:?}");
    }
    // One token for each of those that need one.
    let tokens: Vec<_> = api
        .requests()
        .into_iter()
        .filter(|asked| asked.resource.is_none())
        .collect();
    let bodies: Vec<&str> = tokens.iter().map(|asked| asked.body.as_str()).collect();
    let (bodies, signed) = bodies.split_at(8);
    for (body, field) in signed
        .iter()
        .zip(["assertion=[secret]", "client_assertion=[secret]", ""])
    {
        assert!(body.ends_with(field), "{body}");
    }
    assert_eq!(signed.len(), 3);
    assert_eq!(
        bodies,
        [
            "grant_type=client_credentials&client_id=me&client_secret=[secret]&scope=read&resource=things",
            "grant_type=client_credentials",
            "grant_type=refresh_token&client_id=me&client_secret=[secret]&refresh_token=[secret]",
            r#"{"client_id":"me","client_secret":"[secret]","grant_type":"client_credentials"}"#,
            "grant_type=password&username=[secret]&password=[secret]",
            r#"{"password":"[secret]","user":"[secret]"}"#,
            "",
            "user=[secret]&key=[secret]",
        ]
    );
}

/// Secrets of which none is right.
fn strangers() -> doors::Secrets {
    let other = || Secret::from("another-one");
    doors::Secrets {
        tenant: "mock-tenant".into(),
        key: other(),
        token: other(),
        user: other(),
        password: other(),
        client_secret: other(),
        refresh_token: other(),
        private_key: include_str!("other_keys/rsa.pem").into(),
        ec_key: include_str!("other_keys/ec.pem").into(),
        hmac_key: "YW5vdGhlcg==".into(),
    }
}

#[tokio::test]
async fn nobody_else_is() {
    let api = all_doors().start().unwrap();
    let stranger = api.builder().secrets(strangers()).build().unwrap();
    for plan in &doors::Source::plan().resources {
        let fetched = fetched(stranger.client(), plan).await;
        if plan.name == "open" {
            fetched.unwrap();
            continue;
        }
        assert_eq!(
            *fetched.unwrap_err().kind(),
            ErrorKind::Auth,
            "{}",
            plan.name
        );
    }
    let asked = api.requests();
    let refused = asked.iter().filter(|asked| asked.status == Some(401));
    // All but the open one; a signed token is signed anew once, and a challenge is answered once.
    let doors = doors::Source::plan().resources.len();
    assert_eq!(refused.count(), doors - 1 + 2, "{asked:?}");
}

#[tokio::test]
async fn a_secret_beside_the_credentials_is_wanted_too() {
    let api = all_doors().start().unwrap();
    let secrets = doors::Secrets {
        tenant: "another-one".into(),
        ..strangers()
    };
    let stranger = api.builder().secrets(secrets).build().unwrap();
    let error = stranger.open().all().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Auth);
}

#[tokio::test]
async fn a_token_that_is_taken_back_or_over_is_renewed() {
    let api = doors::Source::mock()
        .records("machine", (0..7).map(|id| json!({ "id": id })))
        .token_life(Duration::from_secs(100))
        .start()
        .unwrap();
    let source = api.source();
    let statuses = || -> Vec<(bool, u16)> {
        let asked = api.requests().into_iter();
        asked
            .map(|asked| (asked.resource.is_some(), asked.status.unwrap()))
            .collect()
    };
    source.machine().limit(1).all().await.unwrap();
    assert_eq!(statuses(), [(false, 200), (true, 200)]);
    api.expire_tokens();
    source.machine().limit(1).all().await.unwrap();
    assert_eq!(statuses()[2..], [(true, 401), (false, 200), (true, 200)]);
    api.advance(Duration::from_secs(101));
    source.machine().limit(1).all().await.unwrap();
    assert_eq!(statuses()[5..], [(false, 200), (true, 200)]);
}

#[tokio::test]
async fn a_time_out_takes_its_time_of_a_tokens_life() {
    let api = doors::Source::mock()
        .records("machine", [json!({ "id": 1 })])
        .token_life(Duration::from_secs(100))
        .fault(Fault::timeout().times(2))
        .start()
        .unwrap();
    api.source().machine().limit(1).all().await.unwrap();
    let tokens = api
        .requests()
        .into_iter()
        .filter(|asked| asked.resource.is_none());
    assert_eq!(tokens.count(), 2, "60 seconds twice are more than its life");
}

#[tokio::test]
async fn a_refresh_token_is_given_another_in_its_place() {
    let api = rotating::Source::mock()
        .records("stories", [json!({ "id": "a" })])
        .start()
        .unwrap();
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keeps = Arc::clone(&kept);
    let source = api
        .builder()
        .on_refresh_token(move |token: Secret| {
            keeps.lock().unwrap().push(token.expose().to_owned());
            std::future::ready(Ok::<(), std::io::Error>(()))
        })
        .build()
        .unwrap();
    for _ in 0..2 {
        assert_eq!(source.stories().all().await.unwrap().len(), 1);
        api.expire_tokens();
    }
    assert_eq!(
        *kept.lock().unwrap(),
        ["mock-refresh-token-1", "mock-refresh-token-2"]
    );
    // The first one is of no more use: a source that starts again with it is refused.
    let error = api
        .builder()
        .build()
        .unwrap()
        .stories()
        .all()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("invalid_grant"), "{error}");
}

#[tokio::test]
async fn a_token_endpoint_that_fails_is_asked_again() {
    let api = all_doors()
        .fault(Fault::status(503).on_token().times(2))
        .start()
        .unwrap();
    assert_eq!(api.source().machine().all().await.unwrap().len(), 7);
    assert_eq!(api.waits(), [2, 4].map(Duration::from_secs));
}

#[tokio::test]
async fn a_choice_is_the_first_or_the_one_whose_secrets_are_given() {
    let by_tens = |request: &Request| {
        let from = request.url.split("from=").nth(1).map_or(0, |from| {
            from.split('&').next().unwrap().parse::<u64>().unwrap()
        });
        let ids = (from..25.min(from + 10)).map(|id| json!({ "id": id.to_string() }));
        json!({ "data": ids.collect::<Vec<_>>() })
    };
    let given = [
        choosy::Secrets::Client {
            tenant: "a-tenant".into(),
            client_secret: "a-secret".into(),
        },
        choosy::Secrets::Signature {
            tenant: "a-tenant".into(),
            signing_key: "a-signing-key".into(),
        },
    ];
    for secrets in [None].into_iter().chain(given.map(Some)) {
        let mock = choosy::Source::mock()
            .answer("stories", by_tens)
            .authorize(|request| request.headers.get("X-Signature") == Some("a-signing-key"));
        let mock = match secrets {
            Some(secrets) => mock.secrets(secrets),
            None => mock,
        };
        let api = mock.start().unwrap();
        let stories = api.source().stories().all().await.unwrap();
        assert_eq!(stories.len(), 25);
        assert_eq!(stories[24].id, "24");
        assert_eq!(api.requests_for("stories").len(), 3);
    }
}

#[tokio::test]
async fn what_is_custom_is_to_be_told() {
    let signed = || choosy::Secrets::Signature {
        tenant: "a-tenant".into(),
        signing_key: "a-signing-key".into(),
    };
    let error = choosy::Source::mock()
        .records("stories", [json!({ "id": "a" })])
        .start()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "`stories`: pages of it cannot be mocked from the spec alone: its paginator is custom\n  \
         help: say what it answers: `.answer(\"stories\", |request| …)`"
    );
    let api = choosy::Source::mock()
        .secrets(signed())
        .answer("stories", |_| json!({ "data": [] }))
        .start()
        .unwrap();
    let error = api.source().stories().all().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Status(501));
    assert!(
        error.to_string().contains(".authorize(|request| …)"),
        "{error}"
    );
    let api = choosy::Source::mock()
        .secrets(signed())
        .answer("stories", |_| json!({ "data": [] }))
        .authorize(|_| false)
        .start()
        .unwrap();
    let error = api.source().stories().all().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Auth);
}
