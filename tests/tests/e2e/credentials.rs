//! The kinds of credentials that are more than one constant, and the pace of a source, over HTTP.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use rest_source::{Clock, Connector, ErrorKind, Secret, rest_source};
use rest_source_tests::{Access, Api, Server, data};

use crate::sources::Hurried;

/// The stories, by a refresh token and slowly.
#[rest_source("../../specs/rotating.yaml")]
mod rotating {}

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
    assert_eq!(source.client().plan().rate_limit.unwrap().requests, 10);
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
