//! Where a response sends a request, at home.

use std::time::Duration;

use rest_source::{Client, ErrorKind};
use rest_source_testkit::{Asked, Mishap, Place, Reply, Scripted};
use serde_json::json;

use crate::world::{Run, World, fetch, numbers, paged, plan, source, things};

fn moved(status: u16, to: &str) -> Reply {
    Reply::status(status).header("Location", to)
}

/// A request by this method that is redirected like this; what was asked.
async fn redirected(method: &str, status: u16, to: &'static str) -> Vec<Asked> {
    let body = if method == "POST" {
        ", json: { q: x }"
    } else {
        ""
    };
    let spec = things(&format!(
        "path: a/things, method: {method}, headers: {{ X-A: a }}, data_selector: data, paginator: single_page {body}"
    ));
    let world = World::new(&spec, move |asked| match asked.number {
        0 => moved(status, to),
        _ => Reply::json(&numbers(0, 1)),
    })
    .await;
    world.run().await.brings(&json!([0]));
    world.server.asked()
}

#[tokio::test]
async fn a_redirect_is_followed_with_the_method_and_body_that_its_status_says() {
    for (method, status, then) in [
        ("GET", 301, "GET"),
        ("GET", 302, "GET"),
        ("GET", 303, "GET"),
        ("GET", 307, "GET"),
        ("GET", 308, "GET"),
        ("POST", 301, "POST"),
        ("POST", 302, "POST"),
        ("POST", 303, "GET"),
        ("POST", 307, "POST"),
        ("POST", 308, "POST"),
    ] {
        let asked = redirected(method, status, "/b").await;
        assert_eq!(asked[1].line(), format!("{then} /b"), "{method} {status}");
        assert_eq!(asked[1].header("x-a"), Some("a"));
        let kept = then == "POST";
        assert_eq!(
            asked[1].body == asked[0].body,
            kept || method == "GET",
            "{method} {status}"
        );
        assert_eq!(asked[1].header("content-type").is_some(), kept);
    }
}

#[tokio::test]
async fn a_location_is_resolved_against_the_request() {
    for (location, target) in [
        ("/b?c=d", "/b?c=d"),
        ("b", "/a/b"),
        ("../b", "/b"),
        ("?c=d", "/a/things?c=d"),
        ("/b#part", "/b"),
        ("/b c", "/b%20c"),
    ] {
        assert_eq!(
            redirected("GET", 302, location).await[1].target,
            target,
            "{location}"
        );
    }
}

#[tokio::test]
async fn pages_go_on_from_where_they_were_asked_for() {
    // The links of a page that moved are relative to the request as the spec makes it.
    let run = fetch(
        &paged("{ type: page_number, maximum_pages: 2 }"),
        |asked| match asked.path() {
            "/things" => moved(307, &format!("/v2{}", asked.target)),
            _ => Reply::json(&numbers(
                asked.number_in("page").unwrap(),
                1 + asked.number_in("page").unwrap(),
            )),
        },
    )
    .await;
    run.brings(&json!([0, 1]));
    run.asks(&[
        "GET /things?page=0",
        "GET /v2/things?page=0",
        "GET /things?page=1",
        "GET /v2/things?page=1",
    ]);
    assert_eq!(
        (run.report.requests, run.report.retries, run.report.pages),
        (4, 0, 2)
    );
}

async fn answered(reply: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Run {
    fetch(
        &things("path: things, data_selector: data, paginator: single_page"),
        reply,
    )
    .await
}

#[tokio::test]
async fn redirects_without_end_are_an_error() {
    let run = answered(|_| moved(302, "/things")).await;
    run.fails(&ErrorKind::Response, &["more than 10 redirects"]);
    assert_eq!(run.asked.len(), 11);
    let run = answered(|asked| moved(302, &format!("/things/{}", asked.number))).await;
    run.fails(&ErrorKind::Response, &["more than 10 redirects"]);
}

#[tokio::test]
async fn an_error_names_the_url_that_answered() {
    let run = answered(|asked| match asked.number {
        0 => moved(302, "/login?from=things"),
        _ => Reply::status(200).body("<html>"),
    })
    .await;
    let says = ["/things, redirected to GET", "/login?from=things (200"];
    run.fails(&ErrorKind::Response, &says);
}

#[tokio::test]
async fn a_redirect_to_nowhere_is_an_error() {
    for (location, says) in [
        ("ftp://files.example.com/", "not http or https"),
        ("http://[", "no URL"),
        ("mailto:someone@example.com", "not http or https"),
    ] {
        answered(move |_| moved(302, location))
            .await
            .fails(&ErrorKind::Response, &[says]);
    }
    for status in [301, 302, 307, 300, 304, 305] {
        let run = answered(move |_| Reply::status(status)).await;
        run.fails(&ErrorKind::Status(status), &[&format!("answered {status}")]);
    }
}

#[tokio::test]
async fn a_cookie_that_is_set_is_not_sent() {
    let run = World::new(&paged("{ type: page_number, maximum_pages: 2 }"), |asked| {
        let page = asked.number_in("page").unwrap();
        match asked.number {
            0 => moved(302, &asked.target).header("Set-Cookie", "session=1; Path=/"),
            _ => Reply::json(&numbers(page, page + 1)).header("Set-Cookie", "session=2"),
        }
    })
    .await;
    run.run().await.brings(&json!([0, 1]));
    assert!(
        run.server
            .asked()
            .iter()
            .all(|asked| asked.header("cookie").is_none())
    );
}

#[tokio::test]
async fn the_time_of_a_request_is_that_of_all_its_hops() {
    // Each hop is in time, all of them are not. The clock has to be that of the sockets.
    let pause = Mishap::Pause(Duration::from_millis(250));
    let server = Scripted::start(move |asked| {
        let reply = match asked.number {
            0..3 => moved(302, &format!("/things/{}", asked.number)),
            _ => Reply::json(&numbers(0, 1)),
        };
        reply.mishap(Place::BeforeHead, pause)
    })
    .await
    .unwrap();
    let spec = source(
        "timeout: { request: 600ms }, retry: { max_retries: 0 }",
        "{ path: things, data_selector: data, paginator: single_page }",
        "json",
    );
    let plan = plan(&spec.replace("$BASE", server.url()));
    let client = Client::builder(&plan).build().unwrap();
    let error = client.rows(plan.resources[0].clone()).pages().next().await;
    let error = error.unwrap().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Transport, "{error}");
    assert!(
        error.to_string().contains("no whole response in 600 ms"),
        "{error}"
    );
}
