//! The kinds of credentials that are more than one constant, and the pace of a source, over HTTP.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use rest_source::{
    Clock, Connector, ErrorKind, Path, Result, Secret,
    auth::{Authenticate, Custom, Generation, Given, HttpContext},
    paginator::{Draft, End, Next, PageFacts, Paginate, Position},
    rest_source,
    transport::{BoxFuture, Request},
};
use rest_source_testkit::{Access, Api, Server, data};

use crate::sources::Hurried;

/// The stories, by a refresh token and slowly.
#[rest_source("../../specs/rotating.yaml")]
mod rotating {}

/// The stories, for who has a key, a client's credentials or a signature.
#[rest_source("../../specs/choosy.yaml")]
mod choosy {}

/// Signs the method and the path.
struct Signed {
    key: Secret,
    stray: bool,
}

impl Custom for Signed {
    fn new(given: &Given) -> Result<Self> {
        Ok(Self {
            key: given.secret("key")?,
            stray: given
                .get("place")
                .is_some_and(|place| place.ends_with("/stray/v1")),
        })
    }
}

impl Authenticate for Signed {
    fn authenticate<'a>(
        &'a self,
        request: &'a mut Request,
        context: &'a HttpContext,
    ) -> BoxFuture<'a, Result<Generation>> {
        Box::pin(async move {
            let path = request.url.split('/').skip(3).collect::<Vec<_>>().join("/");
            let signature = format!("{}-{path}", self.key.expose());
            context.hide(&signature.as_str().into());
            request.headers.set("X-Signature", signature);
            if self.stray {
                request.url = request.url.replace("127.0.0.1", "localhost");
            }
            Ok(0)
        })
    }
}

/// Ten at a time, from the last that was seen on.
struct ByTens(u64);

static BY_TENS: ByTens = ByTens(10);

impl Paginate for ByTens {
    fn probes(&self) -> Vec<Path> {
        Vec::new()
    }

    fn apply(&self, position: &Position, draft: &mut Draft) -> Result<()> {
        draft.set_query("limit", &self.0.to_string());
        if let Position::Offset(offset) = position {
            draft.set_query("offset", &offset.to_string());
        }
        Ok(())
    }

    fn next(&self, _: &Position, page: &PageFacts<'_>) -> Result<Next> {
        Ok(match page.before + page.received {
            _ if page.received == 0 => Next::End(End::complete("nothing more")),
            seen => Next::Page(Position::Offset(seen), None),
        })
    }
}

fn choosy_source(secrets: choosy::Secrets, base_url: String) -> choosy::Source {
    choosy::Source::builder()
        .secrets(secrets)
        .config(choosy::Config { base_url })
        .clock(Hurried::default())
        .build()
        .unwrap()
}

/// The stories for who is let in this way.
async fn serve(access: Access) -> Server {
    let api = data::media_insights();
    Server::start(Api { access, ..api }).await.unwrap()
}

/// A source of the server, and the refresh tokens that it gave to keep.
fn rotating_source(url: &str, refresh_token: &str) -> (rotating::Source, Arc<Mutex<Vec<Secret>>>) {
    timed_source(url, refresh_token, Hurried::default())
}

fn timed_source(
    url: &str,
    refresh_token: &str,
    clock: Hurried,
) -> (rotating::Source, Arc<Mutex<Vec<Secret>>>) {
    let kept = Arc::<Mutex<Vec<Secret>>>::default();
    let source = rotating::Source::builder()
        .secrets(rotating::Secrets {
            client_secret: data::CLIENT_SECRET.into(),
            refresh_token: refresh_token.into(),
        })
        .config(rotating::Config {
            base_url: url.to_owned(),
        })
        .clock(clock)
        .on_refresh_token({
            let kept = Arc::clone(&kept);
            move |token| {
                let kept = Arc::clone(&kept);
                async move {
                    tokio::task::yield_now().await;
                    kept.lock().unwrap().push(token);
                    Ok::<(), std::io::Error>(())
                }
            }
        })
        .build()
        .unwrap();
    (source, kept)
}

fn by_refresh_token() -> Access {
    Access::Rotating {
        client_id: data::CLIENT_ID.to_owned(),
        client_secret: data::CLIENT_SECRET.to_owned(),
        refresh_token: "the-first-refresh-token".to_owned(),
    }
}

#[tokio::test]
async fn a_run_goes_on_with_the_refresh_token_that_the_one_before_was_given() {
    let server = serve(by_refresh_token()).await;
    let (source, kept) = rotating_source(server.url(), "the-first-refresh-token");
    source.stories().limit(20).all().await.unwrap();
    server.tokens().revoke();
    source.stories().limit(20).all().await.unwrap();
    let kept = kept.lock().unwrap().clone();
    assert_eq!(kept.len(), 2, "one for each token");
    assert_eq!(
        kept.last().map(Secret::expose),
        server.tokens().refresh_token().as_deref()
    );

    let (second, _) = rotating_source(server.url(), kept[1].expose());
    second.stories().limit(20).all().await.unwrap();

    // The first is used up: who kept nothing is locked out, and told so.
    let (late, _) = rotating_source(server.url(), "the-first-refresh-token");
    let error = late.stories().all().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Auth, "{error}");
    assert!(!format!("{error}{error:?}").contains("the-first-refresh-token"));
}

#[tokio::test]
async fn clones_of_a_source_keep_to_one_pace() {
    let server = serve(by_refresh_token()).await;
    let clock = Hurried::default();
    let (source, _) = timed_source(server.url(), "the-first-refresh-token", clock.clone());
    let start = clock.elapsed();
    let fetches = (0..3).map(|_| source.clone().stories().limit(100).all());
    for stories in futures_util::future::join_all(fetches).await {
        assert_eq!(stories.unwrap().len(), 100);
    }
    let requests = u32::try_from(server.log().of("/v1/stories").len()).unwrap();
    assert!(requests >= 30);
    let least = Duration::from_secs(1) * ((requests - 1) / 10);
    let took = clock.elapsed().saturating_sub(start);
    assert!(took >= least, "{requests} requests in {took:?}");
    assert_eq!(source.client().plan().rate_limits[0].requests, 10);
}

#[tokio::test]
async fn a_report_counts_what_a_new_token_takes() {
    let server = serve(by_refresh_token()).await;
    let (source, _) = rotating_source(server.url(), "the-first-refresh-token");
    source.stories().first().await.unwrap();
    server.log().clear();
    server.tokens().revoke();
    let mut pages = source.stories().limit(20).concurrency(1).pages();
    while let Some(page) = pages.next().await {
        page.unwrap();
    }
    let report = pages.report();
    assert_eq!(report.requests, server.log().of("/v1/stories").len() as u64);
    assert_eq!(report.retries, 1, "{report}");
}

#[tokio::test]
async fn each_choice_proves_who_asks_in_its_own_way() {
    let tenant = || Secret::from("tenant-of-the-house");
    let key = Access::Key {
        param: "api_key",
        key: data::API_KEY.to_owned(),
    };
    let client = Access::Token {
        client_id: data::CLIENT_ID.to_owned(),
        client_secret: data::CLIENT_SECRET.to_owned(),
    };
    for (access, secrets) in [
        (
            key,
            choosy::Secrets::Key {
                tenant: tenant(),
                api_key: data::API_KEY.into(),
            },
        ),
        (
            client,
            choosy::Secrets::Client {
                tenant: tenant(),
                client_secret: data::CLIENT_SECRET.into(),
            },
        ),
        (
            Access::Open,
            choosy::Secrets::Signature {
                tenant: tenant(),
                signing_key: "k3y-to-sign-with".into(),
            },
        ),
    ] {
        let signs = matches!(secrets, choosy::Secrets::Signature { .. });
        let server = serve(access).await;
        let source = choosy_source(secrets, server.url().to_owned());
        let stories = source.stories().all().await.unwrap();
        assert_eq!(
            stories.len(),
            40,
            "`maximum_pages` holds for every paginator"
        );
        assert_eq!(server.log().offsets("/v1/stories"), [0, 10, 20, 30]);
        for request in server.log().of("/v1/stories") {
            assert_eq!(request.header("x-tenant"), Some("tenant-of-the-house"));
            let offset = request
                .param("offset")
                .map_or(String::new(), |n| format!("&offset={n}"));
            let signature = format!("k3y-to-sign-with-v1/stories?limit=10{offset}");
            let expected = signs.then_some(signature.as_str());
            assert_eq!(request.header("x-signature"), expected);
            assert_eq!(
                request.header("authorization").is_some(),
                request.param("api_key").is_none() && !signs
            );
        }
    }
}

#[tokio::test]
async fn an_authenticator_cannot_send_its_credentials_elsewhere() {
    let server = serve(Access::Open).await;
    let secrets = choosy::Secrets::Signature {
        tenant: "tenant-of-the-house".into(),
        signing_key: "k3y-to-sign-with".into(),
    };
    let source = choosy_source(secrets, format!("{}/stray", server.url()));
    let error = source.stories().all().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Origin, "{error}");
    assert!(server.log().all().is_empty());
    assert!(!format!("{error}{error:?}").contains("k3y"));
}
