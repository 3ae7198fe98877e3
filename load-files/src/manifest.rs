//! The manifest of a resource: its published files, and the state that they reached.

use std::collections::BTreeMap;

use rest_source::{Column, Error, ErrorKind, Result};
use rest_source_load::{ResourceKey, StoredState, Target, sql::stored_as};
use serde::{Deserialize, Serialize};

use crate::storage::Storage;

/// The version of the format that this crate writes and reads.
const FORMAT: u32 = 1;

/// How many manifests before the newest are kept for readers that are about to open them.
const KEPT: u64 = 4;

/// What is published of a resource. `<table>/_manifests/` has one for each commit; the newest counts.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// The version of the manifest's format.
    pub(crate) format: u32,
    /// Its number, from 1.
    pub(crate) version: u64,
    /// Identifier of the commit that wrote it.
    pub(crate) commit: String,
    pub(crate) source: String,
    /// The prefix of the names of its tables.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) table_prefix: String,
    pub(crate) resource: String,
    /// Seed of the hashes of keys.
    pub(crate) seed: u64,
    /// Whether the folder may have files that no load wrote.
    #[serde(default)]
    pub(crate) adopted: bool,
    /// The table of the resource, then the tables of its nested lists.
    pub(crate) tables: Vec<TableEntry>,
    /// The last commit, by the settings of the rows.
    pub(crate) parts: BTreeMap<String, Part>,
    /// Loads that appended the resource and have not ended, by the settings of the rows.
    #[serde(default)]
    pub(crate) unfinished: BTreeMap<String, Unfinished>,
}

/// A table, and its files.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct TableEntry {
    pub(crate) name: String,
    /// `jsonl`, `csv` or `parquet`.
    pub(crate) file_format: String,
    pub(crate) columns: Vec<ColumnEntry>,
    pub(crate) primary_key: Vec<String>,
    pub(crate) merge_key: Vec<String>,
    pub(crate) files: Vec<FileEntry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ColumnEntry {
    pub(crate) name: String,
    pub(crate) data_type: String,
    pub(crate) nullable: bool,
}

/// A data file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileEntry {
    /// Its path from the root.
    pub(crate) path: String,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    /// The settings of its rows.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) part: String,
    /// The values of its partition, as in its path: `day=2026-11-21`; empty without partitions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) partition: String,
    /// The path of the file with the hashes of its rows' keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) keys: Option<String>,
    /// Identifier of its columns. Files of the same columns can be joined.
    pub(crate) layout: String,
    /// The load that wrote it.
    pub(crate) run: String,
}

/// The last commit of the rows with some settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    /// The fingerprint of the request, as JSON.
    pub(crate) request: Option<String>,
    /// The state, as JSON.
    pub(crate) state: Option<String>,
    /// Number of commits. A load that finds another number was overtaken by another load.
    pub(crate) commits: u64,
}

/// The record that a load appended the resource and has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Unfinished {
    pub(crate) run: String,
    /// The resources named for the load; empty if it loads all.
    pub(crate) only: Vec<String>,
    /// Whether a later load of other resources appended it, after `run` was killed.
    pub(crate) after_kill: bool,
}

impl ColumnEntry {
    /// `stored`: the type in the format's words, where it has types.
    pub(crate) fn new(column: &Column, stored: Option<String>) -> Self {
        let word = stored_as(&column.data_type);
        let data_type = match stored {
            Some(stored) => format!("{word} ({stored})"),
            None => word.to_owned(),
        };
        Self {
            name: column.name.to_string(),
            data_type,
            nullable: column.nullable,
        }
    }
}

impl Manifest {
    /// The manifest of a resource of which nothing is published.
    pub(crate) fn new(target: &Target) -> Self {
        Self {
            format: FORMAT,
            source: target.source.to_string(),
            table_prefix: target.table_prefix.to_string(),
            resource: target.resource.name.to_string(),
            seed: fastrand::u64(..),
            ..Self::default()
        }
    }

    /// Reads the newest manifest of a table, and the paths of all of them.
    pub(crate) fn newest(
        storage: &dyn Storage,
        table: &str,
    ) -> Result<(Option<Self>, Vec<String>)> {
        let listed = storage.list(&folder(table))?;
        let paths: Vec<String> = listed
            .into_keys()
            .filter(|path| version_of(path).is_some())
            .collect();
        for path in paths.iter().rev() {
            // A load that runs deletes outdated ones.
            let Some(text) = storage.read(path)? else {
                continue;
            };
            let manifest: Self =
                serde_json::from_slice(&text).map_err(|error| unreadable(table, path, &error))?;
            if manifest.format > FORMAT {
                let message = format!("the manifest `{path}` was written by a newer version");
                return Err(Error::new(ErrorKind::Destination, message)
                    .with_help("load with that version, or into another folder"));
            }
            return Ok((Some(manifest), paths));
        }
        Ok((None, paths))
    }

    /// Publishes it under the next number. Returns whether no other load has taken the number.
    pub(crate) fn publish(
        &mut self,
        storage: &dyn Storage,
        table: &str,
        commit: &str,
    ) -> Result<bool> {
        commit.clone_into(&mut self.commit);
        let path = path(table, self.version);
        let mut text = serde_json::to_vec_pretty(&self).map_err(|error| {
            let message = format!("cannot write the manifest `{path}`: {error}");
            Error::new(ErrorKind::Destination, message)
        })?;
        text.push(b'\n');
        if storage.create(&path, &text)? {
            return Ok(true);
        }
        // The answer to the first attempt may have been lost.
        let found = storage.read(&path)?.unwrap_or_default();
        Ok(serde_json::from_slice::<Self>(&found).is_ok_and(|found| found.commit == commit))
    }

    /// Those of these manifests that no reader needs any more.
    pub(crate) fn outdated<'p>(&self, paths: &'p [String]) -> impl Iterator<Item = &'p String> {
        let oldest = self.version.saturating_sub(KEPT);
        paths
            .iter()
            .filter(move |path| version_of(path).is_some_and(|version| version < oldest))
    }

    /// The source, with the prefix of its tables: see `Target::scope`.
    pub(crate) fn scope(&self) -> String {
        match &*self.table_prefix {
            "" => self.source.clone(),
            prefix => format!("{}/{prefix}", self.source),
        }
    }

    /// The states of all settings.
    pub(crate) fn states(&self) -> impl Iterator<Item = StoredState> {
        let (source, resource) = (self.scope(), self.resource.clone());
        self.parts.iter().map(move |(part, stored)| {
            let key = ResourceKey {
                source: source.clone(),
                resource: resource.clone(),
                part: part.clone(),
            };
            StoredState::new(key, stored.state.clone(), stored.request.clone())
        })
    }

    pub(crate) fn table(&self, name: &str) -> Option<&TableEntry> {
        self.tables.iter().find(|table| table.name == name)
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = &FileEntry> {
        self.tables.iter().flat_map(|table| &table.files)
    }
}

/// The error of a manifest that is damaged. Manifests appear as a whole, and an older one does not list the newest
/// files.
fn unreadable(table: &str, path: &str, error: &serde_json::Error) -> Error {
    let message = format!("the manifest `{path}` cannot be read: {error}");
    Error::new(ErrorKind::Destination, message).with_help(format!(
        "restore it from a copy; or delete the folder `{table}`, to load the resource from the start"
    ))
}

/// The file beside the manifests that says that loads write the table. Before it no file of a load is there.
pub(crate) fn begun(table: &str) -> String {
    format!("{}/begun", folder(table))
}

fn folder(table: &str) -> String {
    format!("{table}/_manifests")
}

fn path(table: &str, version: u64) -> String {
    format!("{}/{version:012}.json", folder(table))
}

/// The number of a manifest; `None` of any other file.
fn version_of(path: &str) -> Option<u64> {
    let (_, name) = path.rsplit_once('/')?;
    let digits = name
        .strip_suffix(".json")
        .filter(|digits| digits.len() == 12)?;
    digits.parse().ok()
}

/// The number of the newest of these manifests, complete or not.
pub(crate) fn last_version(paths: &[String]) -> u64 {
    paths
        .iter()
        .filter_map(|path| version_of(path))
        .max()
        .unwrap_or_default()
}
