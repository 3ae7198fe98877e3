// What a user's crate can do with its connector, whichever way it came by the code. Each of the crates
// beside this file takes these tests in, with `media` as its connector.

use rest_source_load::{Load, Sqlite};
use rest_source_mock::{Fault, Mocked, json};

/// A story of the API, as JSON.
fn story(n: u64) -> rest_source::Json {
    json!({
        "id": format!("story-{n}"), "value": n, "profile_views": n.is_multiple_of(2).then_some(n),
        "duration_seconds": 1.5, "is_highlight": true, "posted_at": "2026-11-21T09:30:00Z",
        "mentions": ["ada"], "updated_at": format!("2026-11-21T09:30:{:02}Z", n % 60),
    })
}

#[tokio::test]
async fn records_are_typed() -> rest_source::Result<()> {
    let api = media::Source::mock()
        .records("stories", [story(1), story(2)])
        .start()?;
    let stories: Vec<media::Stories> = api.source().stories().all().await?;
    let views: Vec<Option<i64>> = stories.iter().map(|story| story.profile_views).collect();
    assert_eq!(views, [None, Some(2)]);
    let id: &String = &stories[0].id;
    let mentions: &Option<Vec<String>> = &stories[0].mentions;
    assert_eq!(id, "story-1");
    assert_eq!(*mentions, Some(vec!["ada".to_owned()]));
    Ok(())
}

#[tokio::test]
async fn pages_follow_each_other_through_a_fault() -> rest_source::Result<()> {
    let api = media::Source::mock()
        .records("stories", (0..250).map(story))
        .fault(Fault::status(503).after(1))
        .start()?;
    assert_eq!(api.source().stories().all().await?.len(), 250);
    let first = &api.requests()[0].url;
    assert!(
        first.ends_with("/v1/stories?offset=0&limit=100&api_key=[secret]"),
        "{first}"
    );
    Ok(())
}

#[tokio::test]
async fn a_load_asks_only_for_what_is_new() -> rest_source::Result<()> {
    let api = media::Source::mock()
        .records("stories", [story(1)])
        .start()?;
    let database = Sqlite::open_in_memory()?;
    api.source().load(&database).await?;
    api.add("stories", [story(2)])?;
    let report = api.source().load(&database).await?;
    let stories = report.resource("stories").unwrap();
    // The story as old as the state is merged again.
    assert_eq!((stories.written, stories.rows), (2, Some(2)));
    Ok(())
}

#[tokio::test]
async fn what_does_not_fit_is_told_by_the_specs_line() {
    let api = media::Source::mock()
        .unchecked("stories", [json!({ "id": 7 })])
        .start()
        .unwrap();
    let error = api.source().stories().all().await.unwrap_err().to_string();
    assert!(
        error.contains("$.data[0].id") && error.contains("specs/media_insights.yaml:"),
        "{error}"
    );
}
