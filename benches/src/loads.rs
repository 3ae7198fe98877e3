//! Loads through compiled connectors.

use std::time::Instant;

use rest_source::rest_source;
use rest_source_load::{Destination, Load, Sqlite};
use rest_source_load_files::{Files, Format};
use rest_source_load_postgres::Postgres;

use crate::{Cost, arguments, say, target};

#[rest_source("specs/events.yaml")]
mod events {}

#[rest_source("specs/ten.yaml")]
mod ten {}

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Loads the events into the program's target, and says what that cost.
///
/// # Errors
///
/// When an argument is missing, or the load fails.
pub async fn load() -> Result<()> {
    let start = Instant::now();
    let (base_url, size, concurrency) = arguments()?;
    let config = events::Config {
        base_url,
        size: i64::try_from(size)?,
    };
    let source = events::Source::builder()
        .config(config)
        .concurrency(concurrency)
        .build()?;
    let target = target()?;
    let resource = match target.split_once(':') {
        // The loop by hand knows no keys either.
        Some(("parquet", _)) => "events",
        Some(("sqlite-flat", _)) => "flat_events_by_key",
        Some(("sqlite-children", _)) => "batch_events_by_key",
        _ => "events_by_key",
    };
    let destination = open(&target).await?;
    let report = source.load(&*destination).resource(resource).await?;
    let written = report.resources.iter().map(|one| one.written).sum();
    say(&Cost::of_this_process(written, start)?.line());
    Ok(())
}

/// Loads ten resources, as many at the same time as requests may be in flight, and says what that cost.
///
/// # Errors
///
/// As of [`load`].
pub async fn load_ten() -> Result<()> {
    let start = Instant::now();
    let (base_url, _, concurrency) = arguments()?;
    let source = ten::Source::builder()
        .config(ten::Config { base_url })
        .concurrency(concurrency)
        .build()?;
    let destination = open(&target()?).await?;
    let report = source.load(&*destination).await?;
    let written = report.resources.iter().map(|one| one.written).sum();
    say(&Cost::of_this_process(written, start)?.line());
    Ok(())
}

async fn open(target: &str) -> Result<Box<dyn Destination>> {
    Ok(match target.split_once(':') {
        Some(("sqlite" | "sqlite-flat" | "sqlite-children", path)) => Box::new(Sqlite::open(path)?),
        Some(("parquet", path)) => Box::new(Files::folder(path).format(Format::Parquet)),
        _ => Box::new(Postgres::connect(target).await?),
    })
}
