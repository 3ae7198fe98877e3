//! The program of the README, as it stands there after these lines.

#![allow(clippy::print_stdout)]

use rest_source::rest_source;
use rest_source_load::{Load, Sqlite};

#[rest_source("specs/media.yaml")]
pub mod media {}

#[tokio::main]
async fn main() -> rest_source::Result<()> {
    // MEDIA_API_KEY, from the environment.
    let media = media::Source::from_env()?;

    // Typed records, as they come.
    let mut stories = media.stories().stream();
    while let Some(story) = stories.next().await {
        let story = story?;
        // String, Option<i64>
        println!("{} {:?}", story.id, story.profile_views);
    }

    // Or all of it into a database. The next
    // run asks only for what is new.
    let mut db = Sqlite::open("media.db")?;
    println!("{}", media.load(&mut db).await?);
    Ok(())
}
