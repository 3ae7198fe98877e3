//! GitHub: pages by the `Link` header.

use rest_source::{Field, rest_source};
use serde_json::{Value, json};

use crate::api::{Api, at, header, linked, page, with};

#[rest_source("../../../specs/github.yaml")]
mod github {}

use github::{IssueLabels, IssueState, IssueStateReason, IssueUserType};

fn issue(number: i64, members: Value) -> Value {
    let issue = json!({
        "id": 1_000_000 + number, "node_id": "MDU6", "number": number, "title": "It breaks",
        "body": null, "state": "open", "state_reason": null, "locked": false,
        "active_lock_reason": null, "user": null, "assignee": null, "assignees": [], "labels": [],
        "milestone": null, "author_association": "NONE", "comments": 0, "closed_at": null,
        "created_at": "2026-01-02T03:04:05Z", "updated_at": "2026-01-02T03:04:05Z",
    });
    with(issue, members)
}

fn connect(api: &Api) -> github::Source {
    api.connect(
        github::Secrets {
            token: "ghp_hush".into(),
        },
        github::Config {
            owner: "rust-lang".to_owned(),
            repository: "a b".to_owned(),
        },
    )
}

#[tokio::test]
async fn issues_follow_the_link_and_start_where_the_last_fetch_ended() {
    let next = "https://api.github.com/repositories/7/issues?per_page=100&page=2";
    let api = Api::new([
        linked(
            &json!([issue(
                1,
                json!({
                    "user": { "id": 5, "login": "dependabot[bot]", "type": "Bot", "site_admin": false },
                    "labels": ["bug", { "id": 9, "name": "A-edition", "color": "f00", "default": false, "description": null }],
                    "draft": true,
                    "pull_request": { "url": "https://api.github.com/pulls/1", "merged_at": null },
                    "reactions": { "url": "…", "total_count": 3, "+1": 2, "-1": 1, "laugh": 0,
                        "hooray": 0, "confused": 0, "heart": 0, "rocket": 0, "eyes": 0 },
                })
            )]),
            next,
        ),
        page(&json!([issue(
            2,
            json!({
                "state": "closed", "state_reason": "invented", "updated_at": "2026-02-03T04:05:06Z",
            })
        )])),
        page(&json!([])),
    ]);
    let source = connect(&api);
    let mut issues = source.issues().stream();
    let first = issues.next().await.unwrap().unwrap();
    let second = issues.next().await.unwrap().unwrap();
    assert!(issues.next().await.is_none());

    assert_eq!((first.id, first.number), (1_000_001, 1));
    assert_eq!(first.user.unwrap().r#type, IssueUserType::Bot);
    let [IssueLabels::Text(name), IssueLabels::Object(label)] = first.labels.as_slice() else {
        panic!("{:?}", first.labels);
    };
    assert_eq!(
        (name.as_str(), label.name.as_deref()),
        ("bug", Some("A-edition"))
    );
    assert_eq!(label.default, Some(false));
    assert_eq!(first.draft, Field::Value(true));
    assert_eq!(first.pull_request.unwrap().merged_at, None);
    let reactions = first.reactions.unwrap();
    assert_eq!((reactions.plus_one, reactions.minus_one), (2, 1));

    assert_eq!(second.draft, Field::Absent);
    assert_eq!(second.state, IssueState::Closed);
    let invented = IssueStateReason::Other("invented".to_owned());
    assert_eq!(second.state_reason, Some(invented));
    assert_eq!(second.updated_at, at("2026-02-03T04:05:06Z"));
    assert!(second.user.is_none() && second.body.is_none() && second.reactions.is_none());

    let state = issues.state().unwrap();
    assert_eq!(source.issues().since(state).all().await.unwrap(), []);
    let whole = "https://api.github.com/repos/rust-lang/a%20b/issues?per_page=100&state=all&sort=updated&direction=asc";
    assert_eq!(
        api.urls(),
        [whole, next, &format!("{whole}&since=2026-02-03T04:05:06Z")]
    );
    for request in api.requests() {
        assert_eq!(header(&request, "Authorization"), "Bearer ghp_hush");
        assert_eq!(header(&request, "X-GitHub-Api-Version"), "2022-11-28");
    }
}

#[tokio::test]
async fn a_commit_may_be_of_nobody_that_github_knows() {
    let signature =
        json!({ "name": "Mona", "email": "mona@example.com", "date": "2026-01-01T01:00:00+01:00" });
    let commit = |sha: &str, author: Value| {
        json!({
            "sha": sha, "author": author, "committer": {}, "parents": [{ "sha": "0", "url": "…", "html_url": "…" }],
            "commit": {
                "author": signature, "committer": signature, "message": "Mend it", "comment_count": 0,
                "verification": { "verified": false, "reason": "unsigned", "signature": null, "payload": null },
            },
        })
    };
    let api = Api::new([
        linked(
            &json!([commit("a", Value::Null)]),
            "https://api.github.com/next",
        ),
        page(&json!([commit(
            "b",
            json!({ "id": 5, "login": "mona", "type": "User" })
        )])),
    ]);
    let commits = connect(&api).commits().all().await.unwrap();
    let [first, second] = commits.as_slice() else {
        panic!("{commits:?}");
    };
    assert_eq!(first.committed_at, at("2026-01-01T00:00:00Z"));
    assert_eq!(first.author, None);
    assert_eq!(first.committer.as_ref().unwrap().login, None);
    let author = second.author.as_ref().unwrap();
    assert_eq!(author.login.as_deref(), Some("mona"));
}
