//! The states of all resources, in their manifests.

use rest_source::{Error, ErrorKind, Result};
use rest_source_load::StoredState;

use crate::{
    manifest::{Manifest, last_version},
    storage::Storage,
};

/// The stored states.
pub(crate) fn read_all(storage: &dyn Storage) -> Result<Vec<StoredState>> {
    let mut states = Vec::new();
    for table in storage.tables()? {
        if let (Some(manifest), _) = Manifest::newest(storage, &table)? {
            states.extend(manifest.states());
        }
    }
    states.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(states)
}

/// Stores a state in place of another one, by a manifest of the same files.
pub(crate) fn store(storage: &dyn Storage, stored: &StoredState) -> Result<()> {
    let key = &stored.key;
    for table in storage.tables()? {
        let (Some(mut manifest), versions) = Manifest::newest(storage, &table)? else {
            continue;
        };
        if manifest.scope() != key.source || manifest.resource != key.resource {
            continue;
        }
        let part = manifest.parts.entry(key.part.clone()).or_default();
        part.state.clone_from(&stored.state);
        part.request.clone_from(&stored.request);
        // Loads that run without a lock are overtaken by it.
        part.commits += 1;
        manifest.version = last_version(&versions) + 1;
        let commit = format!("state-{:x}", fastrand::u64(..));
        if manifest.publish(storage, &table, &commit)? {
            let outdated: Vec<String> = manifest.outdated(&versions).cloned().collect();
            // One that is left is of no harm.
            let _ = storage.delete(&outdated);
            return Ok(());
        }
        let message = format!(
            "another load has written `{}` at the same time",
            key.resource
        );
        return Err(Error::new(ErrorKind::Destination, message).with_help("run it again"));
    }
    let message = format!("no files of `{}` are published here", key.resource);
    Err(Error::new(ErrorKind::Destination, message)
        .with_help("a state belongs to rows: load the resource, or copy its files here first"))
}
