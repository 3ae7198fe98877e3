//! Appending loads that did not end. The load after a killed one does not append the same resources again.

use std::collections::BTreeMap;

use rest_source::{Error, ErrorKind, Result};
use rest_source_load::{AppendedBy, Target, Writing};

use crate::{
    manifest::{Manifest, Unfinished, last_version},
    storage::Storage,
};

/// Whether every load appends all records of the resource again.
fn appends_all(target: &Target) -> bool {
    target.writing == Writing::Append && target.resource.incremental.is_none()
}

impl Unfinished {
    /// Whether a load of these resources completes the recorded load.
    fn is_completed_by(&self, only: &[String]) -> bool {
        only.is_empty() || !self.only.is_empty() && self.only.iter().all(|name| only.contains(name))
    }

    /// Whether the recorded load includes this resource.
    fn includes(&self, resource: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == resource)
    }
}

/// Which load already appended the resource, if this load completes a killed one.
pub(crate) fn appended(
    storage: &dyn Storage,
    manifest: &Manifest,
    target: &Target,
) -> Result<Option<AppendedBy>> {
    let found = manifest
        .unfinished
        .get(&target.part())
        .filter(|_| appends_all(target));
    let Some(found) = found else {
        return Ok(None);
    };
    if target.run != found.run && storage.is_running(&found.run) {
        let message = "a load that is still running has appended this resource";
        return Err(Error::new(ErrorKind::Destination, message)
            .with_help("run it again when the other load has ended"));
    }
    Ok(match found.after_kill {
        false => Some(AppendedBy::KilledLoad),
        true if found.is_completed_by(&target.only) => Some(AppendedBy::LaterLoad),
        // The caller names this resource once more: append it again.
        true => None,
    })
}

/// Records an appended resource until the load ends, if `complete`; deletes the record of any other.
pub(crate) fn store(manifest: &mut Manifest, target: &Target, complete: bool) {
    manifest.unfinished.remove(&target.part());
    if complete && appends_all(target) {
        let record = Unfinished {
            run: target.run.to_string(),
            only: target.only.clone(),
            after_kill: false,
        };
        manifest.unfinished.insert(target.part(), record);
    }
}

/// The records of one manifest.
type Records = BTreeMap<String, Unfinished>;

/// Ends the load of these targets, and the killed loads that it completes. A killed load that it does not
/// complete takes over its records: the load that completes it does not append them again.
pub(crate) fn end(storage: &dyn Storage, run: &str, targets: &[Target]) -> Result<()> {
    let Some(first) = targets.first().filter(|_| targets.iter().any(appends_all)) else {
        return Ok(());
    };
    let mut manifests = Vec::new();
    for table in storage.tables()? {
        if let (Some(manifest), _) = Manifest::newest(storage, &table)?
            && manifest.scope() == first.scope()
            && !manifest.unfinished.is_empty()
        {
            manifests.push((table, manifest));
        }
    }
    let records = manifests
        .iter()
        .flat_map(|(_, manifest)| manifest.unfinished.values());
    let open: Vec<Unfinished> = records
        .filter(|record| record.run != run && !record.is_completed_by(&first.only))
        .filter(|record| !storage.is_running(&record.run))
        .cloned()
        .collect();
    for (table, manifest) in manifests {
        update(storage, &table, manifest, |resource, records| {
            settle(storage, run, targets, &open, resource, records);
        })?;
    }
    Ok(())
}

/// Deletes or assigns the records of one resource.
fn settle(
    storage: &dyn Storage,
    run: &str,
    targets: &[Target],
    open: &[Unfinished],
    resource: &str,
    records: &mut Records,
) {
    let only = targets
        .first()
        .map(|target| target.only.as_slice())
        .unwrap_or_default();
    let has_settings_of_load =
        |part: &str| part.is_empty() || targets.iter().any(|target| target.part() == part);
    records.retain(|part, record| {
        if !has_settings_of_load(part) {
            return true;
        }
        if record.run == run {
            let killed = open.iter().find(|killed| killed.includes(resource));
            if let Some(killed) = killed {
                *record = Unfinished {
                    after_kill: true,
                    ..killed.clone()
                };
            }
            return killed.is_some();
        }
        if storage.is_running(&record.run) {
            return true;
        }
        if record.is_completed_by(only) {
            return false;
        }
        if targets
            .iter()
            .any(|target| *target.resource.name == *resource && target.part() == *part)
        {
            record.after_kill = true;
        }
        true
    });
}

/// Publishes other records of a resource, unless they are the same.
fn update(
    storage: &dyn Storage,
    table: &str,
    mut manifest: Manifest,
    change: impl Fn(&str, &mut Records),
) -> Result<()> {
    let commit = format!("end-{:x}", fastrand::u64(..));
    loop {
        let before = manifest.unfinished.clone();
        change(&manifest.resource, &mut manifest.unfinished);
        if before == manifest.unfinished {
            return Ok(());
        }
        let (_, versions) = Manifest::newest(storage, table)?;
        let newest = last_version(&versions);
        let is_newest = newest == manifest.version;
        manifest.version = newest + 1;
        if is_newest && manifest.publish(storage, table, &commit)? {
            let outdated: Vec<String> = manifest.outdated(&versions).cloned().collect();
            // One that is left is of no harm.
            let _ = storage.delete(&outdated);
            return Ok(());
        }
        let (Some(newest), _) = Manifest::newest(storage, table)? else {
            return Ok(());
        };
        manifest = newest;
    }
}
