//! No credentials of any kind reach a stranger by any way, and no request either: the error names the
//! origin that it would have gone to.

mod ways;

use rest_source::{
    Client, Error, ErrorKind, Result,
    transport::{Headers, Response},
};
use rest_source_testkit::{Asked, Reply, Scripted, ScriptedTransport};
use serde_json::json;
use ways::{KINDS, LINKS, Way, client, fill, ways};

use crate::world::{numbers, with};

/// Fetches all; the number of records, and how it ended.
async fn fetch(client: &Client) -> (usize, Result<()>) {
    let mut pages = client.rows(&client.plan().resources[0]).pages();
    let mut records = 0;
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => records += page.rows().len(),
            Err(error) => return (records, Err(error)),
        }
    }
    (records, Ok(()))
}

/// Whether there are any: Basic is in base64, Digest has a hash, and a signed token begins with its header, in base64.
fn has_credentials(text: &str) -> bool {
    ["s3cret-", "Basic ", "Digest username", "eyJ"]
        .iter()
        .any(|mark| text.contains(mark))
}

/// The token endpoint's answer, or the API's to a request that has its credentials.
fn api(way: Way, asked: &Asked, stranger: &str) -> Reply {
    if asked.path() == "/token" {
        return Reply::json(&json!({ "access_token": "s3cret-token", "expires_in": 3600 }))
            .header("X-Session", "s3cret-token")
            .header("Set-Cookie", "key=s3cret-token; Path=/");
    }
    let sent = format!("{} {:?} {}", asked.target, asked.headers, asked.body);
    // A secret in a parameter is part of the first request alone.
    if asked.path() == "/things" && !has_credentials(&sent) {
        let challenge = "Digest realm=\"r\", nonce=\"n\", qop=\"auth\"";
        return Reply::status(401).header("WWW-Authenticate", challenge);
    }
    way.reply(asked, stranger)
}

#[track_caller]
fn assert_silent(error: &Error, what: &str) {
    let shown = format!("{error}\n{error:?}");
    assert!(!has_credentials(&shown), "{what}: {shown}");
}

#[tokio::test]
async fn no_credentials_reach_a_stranger_by_any_way() {
    let stranger = Scripted::start(|_| Reply::json(&numbers(8, 9)))
        .await
        .unwrap();
    for (kind, auth) in KINDS {
        for way in ways() {
            let what = format!("{kind} by {way:?}");
            if auth.contains("body_path") && way == Way::SecondRedirect(303) {
                // It ends at home: the GET there has no body for the token.
                continue;
            }
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
            let sent = format!(
                "{} {:?} {}",
                asked[0].target, asked[0].headers, asked[0].body
            );
            let parameter = kind == "a secret in a parameter";
            // A parameter of the spec is part of its first request: a link leads where it says.
            // No challenge was met before the first request.
            let unchallenged = auth.contains("http_digest") && way == Way::AbsolutePath;
            assert!(
                parameter || unchallenged || has_credentials(&sent),
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
    let of_get = |auth: &str| auth.starts_with("auth:") && !auth.contains("body_path");
    for (kind, auth) in KINDS.iter().filter(|(_, auth)| of_get(auth)) {
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
fn in_memory(way: Way) -> ScriptedTransport {
    ScriptedTransport::new(move |request| {
        let to = |target: &str| target.replace("$STRANGER", "http://api.example.com");
        let mut headers = Headers::new();
        let mut status = 200;
        let mut body = numbers(0, 1);
        match way {
            _ if request
                .url
                .split('?')
                .next()
                .is_some_and(|url| url.ends_with("/token")) =>
            {
                body = json!({ "access_token": "s3cret-token", "expires_in": 3600 });
                headers.push("X-Session", "s3cret-token");
                headers.push("Set-Cookie", "key=s3cret-token; Path=/");
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

#[tokio::test]
async fn nothing_leads_from_https_to_http_on_the_same_host() {
    for (kind, auth) in KINDS {
        for way in [
            Way::JsonLink(LINKS[0]),
            Way::LinkHeader(LINKS[0]),
            Way::Redirect(301),
            Way::Redirect(307),
        ] {
            let api = in_memory(way);
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
            let asked = api.urls();
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
