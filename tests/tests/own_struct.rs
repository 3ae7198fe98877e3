//! A struct of the user's own, in place of the one that would be made.

#![cfg(test)]

use rest_source::{Cell, Connector, FromCell, Result};
use rest_source_testkit::{ScriptedTransport, response};

#[rest_source::rest_source("../../specs/media_insights.yaml")]
mod media {
    use super::Views;

    /// Fewer columns, in another order, one of them of a type that is the user's.
    #[derive(Debug, PartialEq)]
    pub(crate) struct Stories {
        pub(crate) profile_views: Views,
        pub(crate) id: String,
    }
}

/// How often something was looked at; never, where nobody counted.
#[derive(Debug, PartialEq)]
struct Views(u64);

impl FromCell for Views {
    fn from_cell(cell: Cell<'_>) -> Self {
        let views = Option::<i64>::from_cell(cell).unwrap_or_default();
        Self(views.unsigned_abs())
    }
}

/// An API with one page.
fn one_page() -> ScriptedTransport {
    ScriptedTransport::new(|request| {
        let record = |id, views| {
            format!(
                r#"{{"id": "{id}", "name": null, "value": 1, "profile_views": {views},
                     "duration_seconds": 1.5, "is_highlight": true,
                     "posted_at": "2026-11-21T09:00:00Z", "updated_at": "2026-11-21T09:00:00Z"}}"#
            )
        };
        let records = if request.url.contains("offset=0") {
            [record("a", "7"), record("b", "null")].join(",")
        } else {
            String::new()
        };
        Ok(response(200, &[], format!(r#"{{"data": [{records}]}}"#)))
    })
}

#[tokio::test]
async fn a_record_is_the_users_struct() -> Result<()> {
    let media = media::Source::builder()
        .secrets(media::Secrets {
            api_key: "key".into(),
        })
        .config(media::Config::default())
        .transport(one_page())
        .build()?;
    let stories = media.stories().full_refresh().all().await?;
    let story = |id: &str, views| media::Stories {
        id: id.to_owned(),
        profile_views: Views(views),
    };
    assert_eq!(stories, [story("a", 7), story("b", 0)]);
    Ok(())
}

#[test]
fn a_destination_still_gets_every_column() {
    let stories = media::Source::plan().resources[2].table.clone();
    assert_eq!(stories.name, "stories");
    assert_eq!(stories.columns.len(), 12);
}
