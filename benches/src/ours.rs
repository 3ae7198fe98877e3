//! The loop through a compiled connector.

use std::time::Instant;

use rest_source::rest_source;

use crate::{Cost, arguments, say};

#[rest_source("specs/events.yaml")]
mod events {}

/// Counts the records, by the program's arguments, and says what that cost.
///
/// # Errors
///
/// When an argument is missing, or the fetch fails.
pub async fn count() -> Result<(), Box<dyn std::error::Error>> {
    let start = Instant::now();
    let (base_url, page, concurrency) = arguments()?;
    let source = events::Source::builder()
        .config(events::Config {
            base_url,
            size: 100,
        })
        .concurrency(concurrency)
        .build()?;
    let (mut records, mut sum) = (0, 0);
    if page == 1000 {
        let mut stream = source.events_by_thousand().stream();
        while let Some(event) = stream.next().await {
            records += 1;
            sum += event?.value;
        }
    } else {
        let mut stream = source.events().stream();
        while let Some(event) = stream.next().await {
            records += 1;
            sum += event?.value;
        }
    }
    say(&Cost::of_this_process(std::hint::black_box(records), start)?.line());
    std::hint::black_box(sum);
    Ok(())
}

/// Counts the records of all batches, each of which is a page of its own, and says what that cost.
///
/// # Errors
///
/// As of [`count`].
pub async fn count_children() -> Result<(), Box<dyn std::error::Error>> {
    let start = Instant::now();
    let (base_url, size, concurrency) = arguments()?;
    let size = i64::try_from(size)?;
    let source = events::Source::builder()
        .config(events::Config { base_url, size })
        .concurrency(concurrency)
        .build()?;
    let (mut records, mut sum) = (0, 0);
    let mut stream = source.batch_events().stream();
    while let Some(event) = stream.next().await {
        records += 1;
        sum += event?.value;
    }
    say(&Cost::of_this_process(std::hint::black_box(records), start)?.line());
    std::hint::black_box(sum);
    Ok(())
}
