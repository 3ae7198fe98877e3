//! Pages by a URL, in every form that a server may write one.

use rest_source::ErrorKind;
use rest_source_testkit::{Asked, Reply};
use serde_json::json;

use crate::world::{Run, World, fetch, in_turn, numbers, paged, things, with};

/// Two pages, the second at what the first gives as its link; `$BASE` in it is the server.
async fn to(
    paginator: &str,
    reply: impl Fn(&str) -> Reply + Send + Sync + 'static,
    link: &str,
) -> Run {
    let link = link.to_owned();
    fetch(&paged(paginator), move |asked| match asked.number {
        0 => {
            let host = asked.header("host").unwrap();
            let base = format!("http://{host}");
            reply(&link.replace("$BASE", &base).replace("$HOST", host))
        }
        _ => Reply::json(&numbers(1, 2)),
    })
    .await
}

async fn by_json(link: &str) -> Run {
    let page = |link: &str| Reply::json(&with(numbers(0, 1), json!({ "next": link })));
    to("json_link", page, link).await
}

async fn by_header(value: &str) -> Run {
    let page = |value: &str| Reply::json(&numbers(0, 1)).header("Link", value);
    to("header_link", page, value).await
}

#[tokio::test]
async fn a_link_is_resolved_against_the_request_and_loses_what_is_not_sent() {
    for (link, target) in [
        ("$BASE/things?page=2", "/things?page=2"),
        ("/v2/things?page=2", "/v2/things?page=2"),
        ("other?page=2", "/other?page=2"),
        ("?page=2", "/things?page=2"),
        ("./things/2", "/things/2"),
        ("../../things/2", "/things/2"),
        ("//$HOST/things?page=2", "/things?page=2"),
        (" $BASE/things?page=2 ", "/things?page=2"),
        ("$BASE/things?page=2#records", "/things?page=2"),
        ("http://user:word@$HOST/things?page=2", "/things?page=2"),
        ("HTTP://$HOST/things?page=2", "/things?page=2"),
        ("/things?page=2&q=a%20b%2Fc", "/things?page=2&q=a%20b%2Fc"),
        (
            "/things?q=größe und mehr",
            "/things?q=gr%C3%B6%C3%9Fe%20und%20mehr",
        ),
    ] {
        let run = by_json(link).await;
        run.brings(&json!([0, 1]));
        run.asks(&["GET /things", &format!("GET {target}")]);
    }
}

#[tokio::test]
async fn a_password_in_a_link_is_sent_nowhere() {
    let page = |link: &str| Reply::json(&with(numbers(0, 1), json!({ "next": link })));
    let world = World::new(&paged("json_link"), move |asked| match asked.number {
        0 => page(&format!(
            "http://user:word@{}/things?page=2",
            asked.header("host").unwrap()
        )),
        _ => Reply::json(&numbers(1, 2)),
    })
    .await;
    world.run().await.brings(&json!([0, 1]));
    let asked = world.server.asked();
    assert!(
        asked
            .iter()
            .all(|one| one.header("authorization").is_none()),
        "{asked:?}"
    );
}

#[tokio::test]
async fn what_is_no_link_is_an_error_that_shows_it() {
    for (link, says) in [
        (json!("ftp://files.example.com/2"), "is not http or https"),
        (json!("javascript:next()"), "is not http or https"),
        (json!("http://[::1"), "is no URL"),
        (json!("http://"), "is no URL"),
        (json!(2), "is 2"),
        (json!(true), "is true"),
        (json!({ "href": "/things?page=2" }), "an object"),
        (json!(["/things?page=2"]), "a list"),
    ] {
        let page = with(numbers(0, 1), json!({ "next": link }));
        let run = fetch(&paged("json_link"), move |_| Reply::json(&page)).await;
        run.fails(&ErrorKind::Paging, &[says]);
        assert_eq!(run.records, [json!(0)], "what came is delivered");
    }
}

#[tokio::test]
async fn no_link_is_the_end() {
    for last in [
        json!({}),
        json!({ "next": null }),
        json!({ "next": "" }),
        json!({ "next": " " }),
        json!({ "next": false }),
    ] {
        let page = with(numbers(0, 1), last);
        fetch(&paged("json_link"), move |_| Reply::json(&page))
            .await
            .brings(&json!([0]));
    }
    let nested = paged("{ type: json_link, next_url_path: \"$.links['next page'].href\" }");
    let run = fetch(
        &nested,
        in_turn([
            Reply::json(&with(
                numbers(0, 1),
                json!({ "links": { "next page": { "href": "?b" } } }),
            )),
            Reply::json(&with(numbers(1, 2), json!({ "links": {} }))),
        ]),
    )
    .await;
    run.brings(&json!([0, 1]));
}

#[tokio::test]
async fn links_that_lead_to_themselves_are_an_error() {
    for link in [
        "$BASE/things",
        "/things",
        "#more",
        "/things#more",
        "http://x@$HOST/things",
    ] {
        let run = by_json(link).await;
        run.fails(&ErrorKind::Paging, &["pagination loop"]);
        assert_eq!((run.records.len(), run.asked.len()), (1, 1), "{link}");
    }
    // A circle of three.
    let run = fetch(&paged("json_link"), |asked| {
        let at = asked.number;
        let next = format!("/things?page={}", at % 3);
        Reply::json(&with(numbers(at, at + 1), json!({ "next": next })))
    })
    .await;
    run.fails(&ErrorKind::Paging, &["pagination loop", "page=0"]);
    assert_eq!(run.records.len(), 4);
}

#[tokio::test]
async fn the_forms_of_rfc_8288_are_understood() {
    for value in [
        r#"<$BASE/things?page=2>; rel="next""#,
        "<$BASE/things?page=2>; rel=next",
        "<$BASE/things?page=2>;rel=next;title=x",
        "</things?page=2>; REL=\"NEXT\"",
        "<?page=2>; rel='next'",
        r#"<?page=2>; rel="last next""#,
        r#"<?page=1>; rel="first", <?page=2>; rel="next", <?page=9>; rel="last""#,
        r#"<?page=2>; title="one, two; \"three\" > <"; rel="next""#,
        r#"<?page=2>; rel="next"; title*=UTF-8''n%C3%A4chste"#,
        r#"<?page=9>; rel="nextish", <?page=2>; rel="next""#,
        r#", <?page=2>; rel="next","#,
        r#"<?page=2>; rel="next"; rel="prev""#,
    ] {
        let run = by_header(value).await;
        run.brings(&json!([0, 1]));
        run.asks(&["GET /things", "GET /things?page=2"]);
    }
    for value in [
        "",
        "<?page=2>; rel=prev",
        "<?page=2>; rel=prev; anchor=next",
        "<>; rel=next",
    ] {
        by_header(value).await.brings(&json!([0]));
    }
}

#[tokio::test]
async fn commas_and_semicolons_of_a_target_are_its_own() {
    let run = by_header(r#"<?ids=1,2;3&page=2>; rel="next""#).await;
    run.asks(&["GET /things", "GET /things?ids=1,2;3&page=2"]);
}

#[tokio::test]
async fn a_link_may_stand_in_one_of_several_headers() {
    let run = fetch(
        &paged("header_link"),
        in_turn([
            Reply::json(&numbers(0, 1))
                .header("Link", r#"</doc>; rel="help""#)
                .header("link", r#"<?page=2>; rel="next""#)
                .header("LINK", r#"<?page=9>; rel="last""#),
            Reply::json(&numbers(1, 2)),
        ]),
    )
    .await;
    run.brings(&json!([0, 1]));
    run.asks(&["GET /things", "GET /things?page=2"]);
}

#[tokio::test]
async fn a_link_may_be_sent_with_the_parameters_that_it_lacks() {
    let endpoint = "path: 'things?base=1', params: { status: open, size: 2 }, data_selector: data";
    let answer = |asked: &Asked| match asked.number {
        0 => Reply::json(&with(
            numbers(0, 1),
            json!({ "next": "/things?size=5&page=2" }),
        )),
        _ => Reply::json(&numbers(1, 2)),
    };
    for kind in ["json_link", "{ type: json_link, keep_params: true }"] {
        let spec = things(&format!("{endpoint}, paginator: {kind}"));
        let run = fetch(&spec, answer).await;
        run.brings(&json!([0, 1]));
        let (first, kept, note) = (
            "base=1&status=open&size=2",
            "&base=1&status=open",
            "`base`, `status`",
        );
        let (kept, is_noted) = match kind {
            "json_link" => ("", true),
            _ => (kept, false),
        };
        run.asks(&[
            &format!("GET /things?{first}"),
            &format!("GET /things?size=5&page=2{kept}"),
        ]);
        assert_eq!(run.notes().contains(note), is_noted, "{}", run.notes());
    }
    let run = fetch(
        &things(&format!(
            "{endpoint}, paginator: {{ type: header_link, keep_params: true }}"
        )),
        |asked: &Asked| match asked.number {
            0 => Reply::json(&numbers(0, 1)).header("Link", "<?page=2>; rel=next"),
            _ => Reply::json(&numbers(1, 2)),
        },
    )
    .await;
    run.asks(&[
        "GET /things?base=1&status=open&size=2",
        "GET /things?page=2&base=1&status=open&size=2",
    ]);
}

#[tokio::test]
async fn a_malformed_link_header_is_an_error() {
    for value in [
        "/things?page=2; rel=next",
        "</things?page=2; rel=next",
        "page 2",
        "<?page=2>",
        "<?page=2>; title=next",
        "<?page=1>; rel=first; <?page=2>; rel=next",
        "<?page=1; rel=first, <?page=2>; rel=next",
        "<?page=2>; rel=\"next",
    ] {
        let run = by_header(value).await;
        run.fails(&ErrorKind::Paging, &["not a link", value]);
    }
}

#[tokio::test]
async fn another_relation_and_another_header_may_be_named() {
    let answer = |header: &'static str, value: &'static str| {
        move |asked: &Asked| match asked.number {
            0 => Reply::json(&numbers(0, 1)).header(header, value),
            _ => Reply::json(&numbers(1, 2)),
        }
    };
    let run = fetch(
        &paged("{ type: header_link, links_next_key: older }"),
        answer("Link", r#"<?page=1>; rel="next", <?before=7>; rel="older""#),
    )
    .await;
    run.asks(&["GET /things", "GET /things?before=7"]);
    let run = fetch(
        &paged("{ type: header_link, header: X-Next }"),
        answer("x-next", "/things?page=2"),
    )
    .await;
    run.asks(&["GET /things", "GET /things?page=2"]);
    let run = fetch(
        &paged("{ type: header_link, header: Location, maximum_pages: 2 }"),
        answer("Location", "/things?page=2"),
    )
    .await;
    run.asks(&["GET /things", "GET /things?page=2"]);
}

#[tokio::test]
async fn without_credentials_a_link_may_lead_anywhere() {
    let stranger = rest_source_testkit::Scripted::start(|_| Reply::json(&numbers(1, 2)))
        .await
        .unwrap();
    let link = format!("{}/elsewhere", stranger.url());
    let run = fetch(&paged("json_link"), move |_| {
        Reply::json(&with(numbers(0, 1), json!({ "next": link })))
    })
    .await;
    run.brings(&json!([0, 1]));
    assert_eq!(stranger.asked().len(), 1);
}

#[tokio::test]
async fn a_page_by_link_is_asked_for_as_the_first_was() {
    let spec = things(
        "path: things, method: POST, params: { q: x }, headers: { X-A: a }, json: { size: 2 }, \
         data_selector: data, paginator: json_link",
    );
    let world = World::new(
        &spec,
        in_turn([
            Reply::json(&with(numbers(0, 1), json!({ "next": "/things?after=1" }))),
            Reply::json(&numbers(1, 2)),
        ]),
    )
    .await;
    let run = world.run().await;
    run.brings(&json!([0, 1]));
    // The link is the whole address: what it leaves out is not asked for.
    run.asks(&["POST /things?q=x", "POST /things?after=1"]);
    for asked in world.server.asked() {
        assert_eq!(asked.body, r#"{"size":2}"#);
        assert_eq!(asked.header("x-a"), Some("a"));
    }
}

#[tokio::test]
async fn a_server_that_keeps_no_connection_is_asked_all_the_same() {
    let run = fetch(&paged("json_link"), |asked| {
        let at = asked.number;
        let next = (at < 9).then(|| format!("/things?page={at}"));
        let page = with(numbers(at, at + 1), json!({ "next": next })).to_string();
        Reply::raw(format!(
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{page}",
            page.len()
        ))
    })
    .await;
    run.brings(&json!((0..10).collect::<Vec<_>>()));
    assert_eq!(run.report.retries, 0);
}
