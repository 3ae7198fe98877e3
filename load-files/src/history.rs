//! The history of loads: a line for each beginning and each end of the load of a resource.

use std::{collections::BTreeMap, time::Duration};

use rest_source::{Error, ErrorKind, Result, Timestamp};
use rest_source_load::{LastLoad, LoadRecord, LoadStatus, timestamp_text};
use serde_json::{Value, json};

use crate::storage::Storage;

/// Adds a line. The last line of a run, resource and part counts.
pub(crate) fn record(storage: &dyn Storage, load: &LoadRecord) -> Result<()> {
    let line = json!({
        "run": load.run.as_str(),
        "source": load.source.as_str(),
        "resource": load.resource.as_str(),
        "partition": load.part,
        "started": timestamp_text(load.started),
        "ended": load.ended.map(timestamp_text),
        "rows": load.rows,
        "requests": load.requests,
        "waited": load.waited.as_secs_f64(),
        "status": load.status.word(),
        "error": load.error,
    });
    let hash = xxhash_rust::xxh3::xxh3_64(load.part.as_bytes());
    // With the prefix of its tables, the source has a `/`.
    let source = load.source.replace('/', "-");
    let key = format!("{}-{source}-{}-{hash:016x}", load.run, load.resource);
    storage.record(&key, &line.to_string())
}

/// The last load of each resource.
pub(crate) fn last_loads(storage: &dyn Storage) -> Result<Vec<LastLoad>> {
    Ok(LastLoad::of_history(all(storage)?))
}

/// The loads that began last, at most so many, the latest first.
pub(crate) fn loads(storage: &dyn Storage, most: u64) -> Result<Vec<LoadRecord>> {
    let mut loads: Vec<LoadRecord> = all(storage)?.collect();
    loads.sort_by(|one, other| {
        let started = other.started.cmp(&one.started);
        started.then_with(|| other.run.cmp(&one.run))
    });
    loads.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    Ok(loads)
}

/// All loads, in order of run, source, resource and part. One that runs no longer, by its lock, was interrupted.
fn all(storage: &dyn Storage) -> Result<impl Iterator<Item = LoadRecord> + use<>> {
    let mut history = BTreeMap::new();
    for line in storage.history()?.lines() {
        if is_cut(line) {
            continue;
        }
        let load = read(line).ok_or_else(|| {
            Error::new(
                ErrorKind::Destination,
                "a line of the history of loads cannot be read",
            )
            .with_detail(line)
            .with_help("correct it, or delete it")
        })?;
        let (source, resource) = (load.source.to_string(), load.resource.to_string());
        // The last line of a run, resource and part counts.
        let key = (load.run.to_string(), source, resource, load.part.clone());
        history.insert(key, load);
    }
    let mut history: Vec<LoadRecord> = history.into_values().collect();
    // Of the loads of a resource, only the last one may run.
    let mut latest = BTreeMap::new();
    for load in &history {
        let started = latest.entry(load.resource_key()).or_insert(load.started);
        *started = load.started.max(*started);
    }
    for load in &mut history {
        let key = load.resource_key();
        let is_running = load.status == LoadStatus::Running;
        if is_running && (latest.get(&key) != Some(&load.started) || !storage.is_locked(&key)?) {
            load.status = LoadStatus::Interrupted;
        }
    }
    Ok(history.into_iter())
}

/// Whether a line is the start of one: its load was killed while it wrote it.
fn is_cut(line: &str) -> bool {
    serde_json::from_str::<Value>(line).is_err_and(|error| error.is_eof())
}

fn read(line: &str) -> Option<LoadRecord> {
    let line: Value = serde_json::from_str(line).ok()?;
    let text = |name: &str| line[name].as_str().map(str::to_owned);
    let time = |name: &str| line[name].as_str()?.parse::<Timestamp>().ok();
    let mut load = LoadRecord::begun(
        text("run")?,
        text("source")?,
        text("resource")?,
        time("started")?,
    );
    load.part = text("partition")?;
    load.ended = time("ended");
    load.rows = line["rows"].as_u64()?;
    load.requests = line["requests"].as_u64()?;
    load.waited = Duration::try_from_secs_f64(line["waited"].as_f64()?).ok()?;
    load.status = LoadStatus::from_word(line["status"].as_str()?)?;
    load.error = text("error");
    Some(load)
}
