//! From a spec to typed records, and into a database: `cargo run --example quickstart`.
//!
//! It asks a small API server that it starts itself. With `MEDIA_INSIGHTS_API_KEY` and
//! `MEDIA_INSIGHTS_BASE_URL` in the environment, it asks that API instead.

#![allow(clippy::print_stdout)]

mod api;
mod show;

use std::error::Error;

use rest_source::rest_source;
use rest_source_load::{Load, Sqlite};
use rusqlite::Connection;

// The spec is checked when this compiles, and becomes the types and the functions below.
#[rest_source("../../../specs/media_insights.yaml")]
pub mod media {}

const DATABASE: &str = "quickstart.db";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let api = api::connect().await?;
    let media = api.source();

    show::heading("Typed records, as they stream in");
    let mut stories = media.stories().limit(5).stream();
    while let Some(story) = stories.next().await {
        let story = story?;
        // `id` is a `String`, `profile_views` an `Option<i64>`, `posted_at` a `Timestamp`.
        let views = story
            .profile_views
            .map_or("-".to_owned(), |n| n.to_string());
        println!("{}  {views:>20} views  {}", story.id, story.posted_at);
    }

    show::heading("All four resources into SQLite");
    show::remove(DATABASE)?;
    let database = Sqlite::open(DATABASE)?;
    let load = media.load(&database).on_progress(show::progress());
    println!("{}", load.await?);

    show::heading("A second time: what is new is merged, what is known stays one row");
    api.change_something();
    let load = media.load(&database).on_progress(show::progress());
    println!("{}", load.await?);

    show::heading("Ask the database: sqlite3 quickstart.db");
    show::query(
        &Connection::open(DATABASE)?,
        "SELECT kind, count(*) AS media, sum(is_sponsored) AS sponsored, max(updated_at) AS newest
         FROM media_insights GROUP BY kind ORDER BY kind",
    )?;
    Ok(())
}
