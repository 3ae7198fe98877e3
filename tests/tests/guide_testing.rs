//! The code of `docs/guides/testing.md`, compiled and run; and that the guide shows it as it is here.

#![cfg(test)]

use std::time::Duration;

use rest_source::{
    ErrorKind, Secret,
    mock::{Fault, Mocked, json},
    rest_source,
};
use rest_source_load::{Load, Sqlite};

#[rest_source("specs/media.yaml")]
mod media {}

#[rest_source("specs/blog.yaml")]
mod blog {}

#[rest_source("specs/rotating.yaml")]
mod rotating {}

/// How often profiles were viewed from a story.
async fn total_views(media: &media::Source) -> rest_source::Result<i64> {
    let stories = media.stories().all().await?;
    Ok(stories.iter().filter_map(|story| story.profile_views).sum())
}

fn story(id: &str, views: i64) -> serde_json::Value {
    json!({
        "id": id,
        "profile_views": views,
        "posted_at": "2026-11-21T09:30:00Z",
        "updated_at": "2026-11-21T09:30:00Z",
    })
}

#[tokio::test]
async fn views_are_added_up() -> rest_source::Result<()> {
    let api = media::Source::mock()
        .records("stories", [story("a", 3), story("b", 4)])
        .start()?;
    assert_eq!(total_views(&api.source()).await?, 7);
    Ok(())
}

#[tokio::test]
async fn views_are_added_up_over_all_pages() -> rest_source::Result<()> {
    let api = media::Source::mock()
        .records(
            "stories",
            (1..=250).map(|n| story(&format!("story-{n}"), n)),
        )
        .start()?;
    assert_eq!(total_views(&api.source()).await?, 31_375);
    assert_eq!(
        api.requests()[1].url,
        "https://api.example.com/v1/stories?offset=100&limit=100&api_key=[secret]"
    );
    Ok(())
}

#[tokio::test]
async fn comments_are_those_of_their_post() -> rest_source::Result<()> {
    let api = blog::Source::mock()
        .records("posts", [json!({ "id": "one" }), json!({ "id": "two" })])
        .records_of(
            "comments",
            json!({ "id": "two" }),
            [json!({ "id": "c1", "body": "Ah." })],
        )
        .start()?;
    let comments = api.source().comments().all().await?;
    assert_eq!(comments.len(), 1);
    assert_eq!(comments[0]._posts_id, "two");
    Ok(())
}

#[tokio::test]
async fn a_busy_api_is_waited_for_and_one_that_is_down_is_an_error() -> rest_source::Result<()> {
    let api = media::Source::mock()
        .records("stories", [story("a", 3)])
        .fault(Fault::status(429).retry_after(Duration::from_secs(50)))
        .start()?;
    assert_eq!(total_views(&api.source()).await?, 3);
    assert_eq!(api.waits(), [Duration::from_secs(50)]);

    api.fault(Fault::status(503).times(4).on("stories"))?;
    let error = total_views(&api.source()).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Status(503));
    Ok(())
}

#[tokio::test]
async fn a_response_that_the_spec_does_not_know_is_an_error() -> rest_source::Result<()> {
    let api = media::Source::mock()
        .unchecked("stories", [json!({ "id": 7 })])
        .start()?;
    let error = total_views(&api.source()).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Schema);
    Ok(())
}

#[tokio::test]
async fn a_new_refresh_token_is_kept() -> rest_source::Result<()> {
    let api = rotating::Source::mock().start()?;
    let (keep, mut kept) = tokio::sync::mpsc::unbounded_channel();
    let source = api
        .builder()
        .on_refresh_token(move |token: Secret| {
            std::future::ready(keep.send(token.expose().to_owned()))
        })
        .build()?;
    source.stories().all().await?;
    assert_eq!(kept.recv().await.as_deref(), Some("mock-refresh-token-1"));

    api.expire_tokens();
    source.stories().all().await?;
    assert_eq!(kept.recv().await.as_deref(), Some("mock-refresh-token-2"));
    Ok(())
}

#[tokio::test]
async fn the_second_load_writes_what_is_new() -> rest_source::Result<()> {
    let api = media::Source::mock()
        .records("stories", [story("a", 3)])
        .start()?;
    let mut db = Sqlite::open(":memory:")?;
    api.source().load(&mut db).await?;

    api.add("stories", [story("b", 4)])?;
    let report = api.source().load(&mut db).await?;
    assert_eq!(
        report.resource("stories").map(|stories| stories.rows),
        Some(2)
    );
    let last = api.requests().pop().map(|asked| asked.url);
    assert!(last.is_some_and(|url| url.contains("updated_since=2026-11-21T09:30:00Z")));
    Ok(())
}

const GUIDE: &str = include_str!("../../docs/guides/testing.md");

/// The guide's blocks of this language, in order.
fn blocks(language: &str) -> Vec<&'static str> {
    let open = format!("```{language}\n");
    let parts = GUIDE.split(open.as_str()).skip(1);
    parts.filter_map(|part| part.split("```").next()).collect()
}

#[test]
fn the_guide_shows_what_is_compiled_here() {
    let ours = include_str!("guide_testing.rs");
    assert_eq!(blocks("rust").len(), 7);
    for block in blocks("rust") {
        assert!(ours.contains(block), "not here:\n{block}");
    }
}

#[test]
fn the_mistake_it_shows_is_told_that_way() {
    let wrong = json!({
        "id": "b",
        "profile_views": "many",
        "updated_at": "2026-11-21T09:30:00Z",
    });
    let mock = media::Source::mock().records("stories", [story("a", 3), wrong]);
    let error = mock.start().unwrap_err().to_string();
    assert_eq!(blocks("text")[0].trim_end(), error);
}
