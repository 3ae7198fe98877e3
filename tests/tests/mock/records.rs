//! The records that a mock has: checked, of a parent, only the new ones, and more of them later.

use rest_source::{ErrorKind, rest_source};
use rest_source_load::{Load, Sqlite};
use rest_source_mock::{Mocked, json};
use serde_json::Value;

#[rest_source("../../specs/blog.yaml")]
mod blog {}

#[rest_source("../../specs/media.yaml")]
mod media {}

#[rest_source("../../specs/ledger.yaml")]
mod ledger {}

#[rest_source("../../specs/around.yaml")]
mod around {}

#[rest_source("../../specs/usage.yaml")]
mod usage {}

#[rest_source("../../specs/drive.yaml")]
mod drive {}

#[tokio::test]
async fn records_of_a_tree_are_below_others() {
    let folder = |id: &str| json!({ "id": id, "size": "1.50" });
    let api = drive::Source::mock()
        .records("folders", [folder("a"), folder("b"), folder("c")])
        .records_of("folders", json!({ "id": "b" }), [folder("d")])
        .records_of("folders", json!({ "id": "d" }), [folder("e"), folder("b")])
        .records_of("files", json!({ "id": "e" }), [json!({ "name": "f" })])
        .start()
        .unwrap();
    let folders = api.source().folders().all().await.unwrap();
    let read: Vec<_> = folders
        .iter()
        .map(|folder| (&*folder.id, folder._folders_id.as_deref()))
        .collect();
    let above_b = Some("b");
    let above_d = Some("d");
    assert_eq!(
        read,
        [
            ("a", None),
            ("b", None),
            ("c", None),
            ("d", above_b),
            ("e", above_d),
            ("b", above_d)
        ]
    );
    let files = api.source().files().all().await.unwrap();
    let read: Vec<_> = files
        .iter()
        .map(|file| (&*file.name, &*file._folders_id))
        .collect();
    assert_eq!(read, [("f", "e")]);
    let folder = folders.into_iter().nth(4).unwrap();
    let files = api.source().files().of(&folder).all().await.unwrap();
    assert_eq!(files.len(), 1);
}

#[tokio::test]
async fn points_are_those_of_a_user_and_a_metric() {
    let user = |id: u8| json!({ "id": id, "plan": { "id": "p" } });
    let metric = |name: &str| json!({ "name": name, "from": "2026-01-01" });
    let of = |user: u8, metric: &str| json!({ "users.id": user, "metrics.name": metric });
    let api = usage::Source::mock()
        .records("users", [user(1), user(2)])
        .records("metrics", [metric("a"), metric("b")])
        .records_of("points", of(1, "b"), [json!({ "value": 1.5 })])
        .records_of("points", of(2, "a"), [json!({ "value": 2.5 })])
        .start()
        .unwrap();
    let points = api.source().points().all().await.unwrap();
    let read: Vec<_> = points
        .iter()
        .map(|point| (point._users_id, &*point._metrics_name, point.value))
        .collect();
    assert_eq!(read, [(1, "b", 1.5), (2, "a", 2.5)]);
    let user = api.source().users().all().await.unwrap().remove(1);
    let metric = api.source().metrics().first().await.unwrap().unwrap();
    let points = api.source().points().of(&(user, metric)).all().await;
    let points = points.unwrap();
    assert_eq!(points.len(), 1);
    assert_eq!((points[0]._users_id, points[0].value), (2, 2.5));
}

#[tokio::test]
async fn what_a_page_has_around_its_records_is_there() {
    let rate = |code: &str| json!({ "code": code, "rate": 1.5, "base": "EUR", "quota": 7 });
    let api = around::Source::mock()
        .records("rates", [rate("JPY"), rate("USD")])
        .start()
        .unwrap();
    let rates = api.source().rates().all().await.unwrap();
    let read: Vec<_> = rates
        .iter()
        .map(|rate| (&*rate.code, &*rate.base, rate.quota))
        .collect();
    assert_eq!(read, [("JPY", "EUR", Some(7)), ("USD", "EUR", Some(7))]);
}

fn story(id: &str, day: u8) -> Value {
    let updated_at = format!("2026-11-{day:02}T00:00:00Z");
    json!({ "id": id, "posted_at": "2026-11-01T00:00:00Z", "updated_at": updated_at })
}

/// A post with all that the comments' requests take of it.
fn post(id: &str) -> Value {
    json!({
        "id": id, "kind": "note", "author": { "home town": "Ulm" }, "tags": ["a"],
        "scores": { "likes": 7 }, "extra": { "draft": true }, "note": "x",
    })
}

/// What the requests for the stories said they want.
fn since(api: &rest_source_mock::Api<media::Source>) -> Vec<Option<String>> {
    let asked = api.requests_for("stories").into_iter();
    let since = asked.map(|asked| {
        let (_, since) = asked.url.split_once("updated_since=")?;
        Some(since.split('&').next().unwrap().to_owned())
    });
    since.collect()
}

#[tokio::test]
async fn the_next_load_gets_what_is_new() {
    let api = media::Source::mock()
        .records("stories", [story("a", 1), story("b", 2), story("c", 3)])
        .start()
        .unwrap();
    let db = Sqlite::open(":memory:").unwrap();
    let source = api.source();
    let report = source.load(&db).await.unwrap();
    assert_eq!(report.resource("stories").unwrap().written, 3);
    api.add("stories", [story("d", 4)]).unwrap();
    let report = source.load(&db).await.unwrap();
    let stories = report.resource("stories").unwrap();
    assert_eq!((stories.written, stories.rows), (2, Some(4)));
    // What is as old as the newest is asked for and merged again, and what is older is not sent.
    assert_eq!(stories.fetched.received, 2);
    let newest = Some("2026-11-03T00:00:00Z".to_owned());
    assert_eq!(since(&api).last(), Some(&newest));
    assert_eq!(since(&api)[0], None);
}

#[tokio::test]
async fn children_are_those_of_their_parent() {
    let api = blog::Source::mock()
        .records("posts", ["p/1", "p 2", "p3"].map(post))
        .records_of(
            "comments",
            json!({ "id": "p/1" }),
            ["a", "b"].map(|id| json!({ "id": id })),
        )
        .records_of(
            "comments",
            json!({ "id": "p 2", "kind": "note" }),
            [json!({ "id": "c" })],
        )
        .records_of(
            "comments",
            json!({ "id": "p 2", "kind": "essay" }),
            [json!({ "id": "d" })],
        )
        .records("replies", [json!({ "id": "thanks" })])
        .start()
        .unwrap();
    let source = api.source();
    let comments = source.comments().all().await.unwrap();
    let comments: Vec<_> = comments
        .iter()
        .map(|comment| (comment._posts_id.as_str(), comment.id.as_str()))
        .collect();
    assert_eq!(comments, [("p/1", "a"), ("p/1", "b"), ("p 2", "c")]);
    let replies = source.replies().all().await.unwrap();
    assert_eq!(replies.len(), 3, "the same reply for each comment");
    let posts = source.posts().all().await.unwrap();
    let of_one = source.comments().of(&posts[1]).all().await.unwrap();
    assert_eq!(of_one.len(), 1);
}

#[tokio::test]
async fn records_of_a_parent_name_what_the_spec_takes_of_it() {
    let message = |resource, of| {
        let mock = blog::Source::mock().records_of(resource, of, [json!({ "id": "a" })]);
        mock.start().unwrap_err().to_string()
    };
    assert_eq!(
        message("comments", json!({ "post": 1 })),
        "`comments`: the parent's `post` is none of what it takes\n  help: it takes of its parent: \
         `id`, `kind`, `author.home_town`, `tags[-1]`, `scores.likes`, `extra.draft`, `note`"
    );
    assert!(message("comments", json!(1)).contains("is to be an object"));
    assert_eq!(
        message("posts", json!({})),
        "`posts`: it has no parent whose records these could be of\n  help: give its records by `records`"
    );
}

#[test]
fn a_record_that_is_not_as_the_spec_says_is_a_mistake() {
    let mut wrong = story("b", 2);
    wrong["profile_views"] = json!("many");
    wrong.as_object_mut().unwrap().remove("posted_at");
    let error = media::Source::mock()
        .records("stories", [story("a", 1), wrong])
        .start()
        .unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Schema);
    insta::assert_snapshot!(error);
    let error = media::Source::mock()
        .records("stories", [1])
        .start()
        .unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Response);
    let error = media::Source::mock()
        .records("story", [1])
        .start()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "`media` has no resource `story`\n  help: it has `stories`"
    );
    let error = media::Source::mock()
        .answer("story", |_| json!([]))
        .start()
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("`media` has no resource `story`")
    );
}

#[tokio::test]
async fn unless_that_is_what_the_test_is_about() {
    let api = media::Source::mock()
        .records("stories", [story("a", 1)])
        .unchecked("stories", [json!({ "id": "b" })])
        .start()
        .unwrap();
    let mut stories = api.source().stories().stream();
    assert_eq!(stories.next().await.unwrap().unwrap().id, "a");
    let error = stories.next().await.unwrap().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Schema);
}

#[tokio::test]
async fn what_serde_writes_is_a_record_too() {
    use std::collections::BTreeMap;
    let records = [BTreeMap::from([
        ("id", "a"),
        ("posted_at", "2026-11-01T00:00:00Z"),
        ("updated_at", "2026-11-02T00:00:00Z"),
    ])];
    let api = media::Source::mock()
        .records("stories", records)
        .start()
        .unwrap();
    assert_eq!(api.source().stories().all().await.unwrap()[0].id, "a");
    // A map whose keys are no texts is no JSON.
    let no_json = [BTreeMap::from([([1, 2], 3)])];
    let error = media::Source::mock()
        .records("stories", no_json)
        .start()
        .unwrap_err();
    assert!(error.to_string().contains("is no JSON"), "{error}");
}

#[tokio::test]
async fn resources_that_are_asked_for_alike_have_the_same_records() {
    let stories = (1..=9).map(|day| {
        let id = format!("s{day}");
        json!({ "id": id, "value": day, "updated_at": "2026-11-01T00:00:00Z" })
    });
    for name in ["history", "snapshot"] {
        let api = ledger::Source::mock()
            .records(name, stories.clone())
            .start()
            .unwrap();
        let source = api.source();
        assert_eq!(source.history().all().await.unwrap().len(), 9);
        assert_eq!(source.snapshot().all().await.unwrap().len(), 9);
    }
}
