//! The history of loads: a line for each beginning and each end of the load of a resource.

use rest_source::Result;
use rest_source_load::{LoadRecord, timestamp_text};
use serde_json::json;

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
    let key = format!("{}-{}-{}-{hash:016x}", load.run, load.source, load.resource);
    storage.record(&key, &line.to_string())
}
