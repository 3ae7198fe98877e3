//! GitHub's spec: pages by links, and a range by the time of the last change.

use rest_source::{Client, plan::SourcePlan, shared::Ref, transport::Request};
use rest_source_testkit::{ScriptedTransport, response};
use serde_json::{Value as Json, json};

use crate::{rows, session_of, spec};

/// Issues of January, two a page, in the order of their changes.
fn page(request: &Request) -> (Option<String>, Json) {
    let (path, query) = request.url.split_once('?').unwrap();
    let param = |name: &str| {
        let value = query.split('&').find_map(|pair| pair.strip_prefix(name));
        value.map(|value| value.replace("%3A", ":"))
    };
    let since = param("since=").unwrap_or_default();
    let start: usize = param("page=").map_or(0, |page| page.parse().unwrap());
    let changed = |day: usize| format!("2026-01-{day:02}T00:00:00Z");
    let issues: Vec<Json> = (1..=9)
        .filter(|day| changed(*day) >= since)
        .map(|day| {
            json!({
                "id": day, "number": day, "title": format!("issue {day}"), "state": "open", "locked": false,
                "assignees": [], "labels": [], "author_association": "NONE", "comments": day,
                "created_at": changed(day), "updated_at": changed(day),
            })
        })
        .collect();
    let next = (start + 2 < issues.len())
        .then(|| format!("<{path}?since={since}&page={}>; rel=\"next\"", start + 2));
    let shown = issues.into_iter().skip(start).take(2);
    (next, shown.collect())
}

fn connect() -> (Client, ScriptedTransport) {
    let api = ScriptedTransport::new(|request| {
        let (link, body) = page(request);
        let mut headers = vec![("Content-Type", "application/json")];
        headers.extend(link.as_deref().map(|link| ("Link", link)));
        Ok(response(200, &headers, body.to_string()))
    });
    let plan: Ref<SourcePlan> =
        rest_source_dynamic::plan("specs/github.yaml", &spec("github")).unwrap();
    let client = Client::builder(&plan)
        .secret("token", "ghp_hush")
        .setting("owner", "rust-lang")
        .setting("repository", "cargo")
        .transport(api.clone())
        .build()
        .unwrap();
    (client, api)
}

#[tokio::test]
async fn a_limit_follows_no_link_that_it_does_not_need() {
    let (client, api) = connect();
    let session = session_of("github", &client, 4);
    let sql = "SELECT number, title FROM github.issues LIMIT 2";
    assert_eq!(
        rows(&session, sql).await.unwrap(),
        ["1 issue 1", "2 issue 2"]
    );
    assert_eq!(api.urls().len(), 1, "{:?}", api.urls());
}

#[tokio::test]
async fn a_bound_is_sent_and_the_columns_of_nested_records_are_read() {
    let (client, api) = connect();
    let session = session_of("github", &client, 4);
    let sql = "SELECT sum(comments) FROM github.issues WHERE updated_at >= '2026-01-07T00:00:00Z' AND state = 'open'";
    assert_eq!(rows(&session, sql).await.unwrap(), ["24"]);
    assert!(
        api.urls()[0].contains("since=2026-01-07T00"),
        "{:?}",
        api.urls()
    );
    assert_eq!(api.urls().len(), 2, "{:?}", api.urls());
    let users = "SELECT count(*) FROM github.issues WHERE \"user\"['login'] IS NULL";
    assert_eq!(rows(&session, users).await.unwrap(), ["9"]);
}
