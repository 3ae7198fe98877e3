//! Loads every hour, and raises an alarm when no load has succeeded for three hours.
//!
//! A single failure raises no alarm: the next load goes on where it stopped.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::time::{Duration, SystemTime};

use rest_source::{Result, Timestamp, rest_source};
use rest_source_load::{Destination as _, LastLoad, Load as _, Sqlite};

#[rest_source("specs/media.yaml")]
pub mod media {}

const INTERVAL: Duration = Duration::from_secs(60 * 60);
const MAX_AGE: i64 = 3 * 60 * 60;

#[tokio::main]
async fn main() -> Result<()> {
    let media = media::Source::from_env()?;
    let database = Sqlite::open("hourly.db")?;
    let mut hours = tokio::time::interval(INTERVAL);
    loop {
        hours.tick().await;
        match media.load(&database).await {
            Ok(report) => println!("{report}"),
            Err(error) => eprintln!("{error}"),
        }
        let now = Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::EPOCH);
        for late in late(&database.last_loads().await?, now) {
            alarm(&late);
        }
    }
}

/// What is wrong, for each resource that no load has stored as a whole for too long.
fn late(loads: &[LastLoad], now: Timestamp) -> Vec<String> {
    let age = |at: Timestamp| now.epoch_seconds() - at.epoch_seconds();
    let is_late = |one: &&LastLoad| one.last_success.is_none_or(|at| age(at) > MAX_AGE);
    let text = |one: &LastLoad| {
        let error = one.load.error.as_deref().unwrap_or("it has not ended");
        format!("`{}` is late: {error}", one.load.resource)
    };
    loads.iter().filter(is_late).map(text).collect()
}

/// Replace this by what wakes somebody.
fn alarm(text: &str) {
    eprintln!("ALARM: {text}");
}

#[cfg(test)]
mod tests {
    use rest_source_mock::{Fault, Mocked as _, json};

    use super::*;

    #[tokio::test]
    async fn alarm_is_raised_after_three_hours_without_a_success() -> Result<()> {
        let story = json!({ "id": "a", "name": "b", "updated_at": "2026-11-21T09:30:00Z" });
        let api = media::Source::mock().records("stories", [story]).start()?;
        let database = Sqlite::open_in_memory()?;
        api.source().load(&database).await.unwrap();
        let loads = database.last_loads().await?;
        let success = loads[0].last_success.unwrap();
        let later = |hours: i64| Timestamp::from_epoch(success.epoch_seconds() + hours * 3_600, 0);
        assert_eq!(late(&loads, later(2).unwrap()), [""; 0]);
        assert_eq!(late(&loads, later(4).unwrap()).len(), 1);

        // A failure in between changes nothing, and its error is in the alarm.
        let api = media::Source::mock().fault(Fault::status(404)).start()?;
        api.source().load(&database).await.unwrap_err();
        let loads = database.last_loads().await?;
        assert_eq!(late(&loads, later(2).unwrap()), [""; 0]);
        let alarms = late(&loads, later(4).unwrap());
        assert!(alarms[0].contains("answered 404"), "{alarms:?}");
        Ok(())
    }
}
