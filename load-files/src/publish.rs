//! Publication of written files by a new manifest.

use std::{collections::BTreeMap, path::PathBuf};

use rest_source::{Error, ErrorKind, Result};
use rest_source_load::Writing;

use crate::{
    formats::{self, Copied},
    keys::{KeyFile, Positions, each_key},
    manifest::{FileEntry, Manifest, Part, TableEntry},
    output::{Output, WritePlan, WrittenFile, key_file, staged},
    prepare::{Found, check_first, entry},
    storage::{LocalFile, Storage},
    unfinished,
};

/// A stored file, and the rows that are replaced.
struct StoredFile {
    entry: FileEntry,
    dropped: Positions,
}

/// So many small files are joined.
const JOINED: usize = 8;

/// The paths of files, and of those of their keys.
fn paths_of<'f>(files: impl IntoIterator<Item = &'f FileEntry>) -> Vec<String> {
    let files = files.into_iter();
    let paths = files.flat_map(|file| std::iter::once(&file.path).chain(&file.keys));
    paths.cloned().collect()
}

/// A commit of the written files.
pub(crate) struct Commit<'a> {
    pub(crate) storage: &'a dyn Storage,
    pub(crate) plan: &'a WritePlan,
    pub(crate) output: &'a mut Output,
    pub(crate) state: Option<String>,
    /// Whether the resource has no more rows.
    pub(crate) complete: bool,
}

impl Commit<'_> {
    /// Publishes the written files, and the state that they reach. Readers see both or none.
    pub(crate) fn publish(mut self, found: &mut Found) -> Result<()> {
        let (newest, _) = Manifest::newest(self.storage, &self.plan.target.resource.table.name)?;
        // The load that overtook this one has deleted files.
        self.base(found, newest)?;
        self.output.finish()?;
        let stored = self.replaced_rows(found)?;
        let mut removed = Vec::new();
        let mut added = Vec::new();
        for (table, stored) in stored.into_iter().enumerate() {
            let (files, gone) = self.arrange(table, stored)?;
            added.push(self.move_files(table, files)?);
            removed.extend(gone);
        }
        let commit = format!("{}-{:x}", self.plan.target.run, fastrand::u64(..));
        let table = self.plan.target.resource.table.name.to_string();
        let outdated = loop {
            let newest = Manifest::newest(self.storage, &table);
            let base =
                newest.and_then(|(newest, versions)| Ok((self.base(found, newest)?, versions)));
            let (mut next, versions) = base.inspect_err(|_| {
                // No manifest lists them, and readers would take them for rows.
                let _ = self.storage.delete(&paths_of(added.iter().flatten()));
            })?;
            next.version = crate::manifest::last_version(&versions).max(next.version) + 1;
            self.fill(&mut next, found, &removed, &added);
            if next.publish(self.storage, &table, &commit)? {
                found.commits = next
                    .parts
                    .get(&self.plan.target.part())
                    .map_or(0, |part| part.commits);
                found.manifest = next;
                found.is_published = true;
                break found
                    .manifest
                    .outdated(&versions)
                    .cloned()
                    .collect::<Vec<_>>();
            }
        };
        // A file that cannot be deleted now is deleted by a later load.
        let mut paths = paths_of(&removed);
        paths.append(&mut found.gone_keys);
        paths.extend(outdated);
        let _ = self.storage.delete(&paths);
        Ok(())
    }

    /// The manifest to go on from.
    fn base(&self, found: &Found, newest: Option<Manifest>) -> Result<Manifest> {
        let Some(mut newest) = newest else {
            if found.is_published {
                let name = &self.plan.target.resource.table.name;
                let message =
                    format!("the manifests of the table `{name}` were deleted while the load ran");
                return Err(
                    Error::new(ErrorKind::Destination, message).with_help("run the load again")
                );
            }
            return Ok(found.manifest.clone());
        };
        if !found.is_published {
            let (layouts, options) = (&self.plan.layouts, &self.plan.options);
            check_first(&self.plan.target, &newest, layouts, options)?;
        }
        let part = self.plan.target.part();
        let commits = newest.parts.get(&part).map_or(0, |part| part.commits);
        let is_first = !found.is_published && newest.seed != found.manifest.seed;
        if commits != found.commits || is_first && self.plan.keys.is_some() {
            let message = "another load has written this resource since this one began";
            return Err(Error::new(ErrorKind::Destination, message)
                .with_help("run it again, and one load of a resource at a time"));
        }
        if !found.manifest.parts.contains_key(&part) {
            newest.parts.remove(&part);
        }
        for table in &mut newest.tables {
            table.files.retain(|file| !found.gone.contains(&file.path));
        }
        Ok(newest)
    }

    /// The stored files of each table that the commit changes, with their replaced rows. Drops the replaced rows of
    /// the written files.
    fn replaced_rows(&mut self, found: &Found) -> Result<Vec<Vec<StoredFile>>> {
        let target = &self.plan.target;
        let own = target.part();
        let replaces_all = target.writing == Writing::Replace;
        let is_changed = |file: &&FileEntry| {
            if replaces_all {
                found.replaced.contains(&file.part)
            } else {
                file.part == own
            }
        };
        let stored_file = |file: &FileEntry| StoredFile {
            entry: file.clone(),
            dropped: Positions::default(),
        };
        let mut stored: Vec<Vec<StoredFile>> = Vec::new();
        for layout in &self.plan.layouts {
            let table = found.manifest.table(&layout.table);
            let files = table
                .into_iter()
                .flat_map(|table| &table.files)
                .filter(is_changed);
            stored.push(files.map(stored_file).collect());
        }
        let (has_key, has_group) = (self.plan.has_key(), self.plan.has_group());
        let (storage, staging) = (self.storage, &self.plan.staging);
        let replaces_groups = target.writing == Writing::ReplaceGroups;
        let mut superseded = Vec::new();
        let Some(log) = self.output.log() else {
            return Ok(stored);
        };
        log.compare(
            has_key,
            |table, place| superseded.push((table, place)),
            |keys| {
                if replaces_all {
                    return Ok(());
                }
                for file in stored.iter_mut().flatten() {
                    let path = file
                        .entry
                        .keys
                        .as_deref()
                        .ok_or_else(|| no_keys(&file.entry))?;
                    let local = storage.fetch(path, staging)?;
                    let rows = each_key(&local.path, has_group, |row, of_row| {
                        if keys.replaces(of_row, replaces_groups) {
                            file.dropped.insert(row);
                        }
                        Ok(())
                    })?;
                    if rows != file.entry.rows {
                        return Err(no_keys(&file.entry));
                    }
                }
                Ok(())
            },
        )?;
        for (table, place) in superseded {
            let rows = place.row..place.row + u64::from(place.count);
            let file = usize::try_from(place.file)
                .ok()
                .and_then(|at| self.output.files(table).get_mut(at));
            if let Some(file) = file {
                rows.for_each(|row| file.dropped.insert(row));
            }
        }
        Ok(stored)
    }

    /// Rewrites the files that have replaced rows, and joins small ones. Returns the files to be added, and the stored
    /// ones to be removed.
    fn arrange(
        &mut self,
        table: usize,
        stored: Vec<StoredFile>,
    ) -> Result<(Vec<WrittenFile>, Vec<FileEntry>)> {
        let layout = self.plan.layouts[table].id();
        let replaces_all = self.plan.target.writing == Writing::Replace;
        let mut added = Vec::new();
        let mut removed = Vec::new();
        let mut groups: BTreeMap<(String, String), Vec<Source>> = BTreeMap::new();
        for file in std::mem::take(self.output.files(table)) {
            if file.dropped.len() < file.rows {
                let key = (file.partition.clone(), layout.clone());
                groups.entry(key).or_default().push(Source::Written(file));
            }
        }
        for file in stored {
            if replaces_all || file.dropped.len() == file.entry.rows {
                removed.push(file.entry);
            } else {
                let key = (file.entry.partition.clone(), file.entry.layout.clone());
                groups.entry(key).or_default().push(Source::Stored(file));
            }
        }
        for ((partition, _), mut sources) in groups {
            let small = self.plan.options.roll_at / 8;
            let is_small = |source: &&Source| source.bytes() < small;
            let joins = sources.iter().filter(is_small).count() >= JOINED;
            // Stored rows come before new ones.
            sources.sort_by_key(|source| matches!(source, Source::Written(_)));
            let mut batch = Vec::new();
            let mut bytes = 0;
            for source in sources {
                if !(source.is_changed() || joins && source.bytes() < small) {
                    if let Source::Written(file) = source {
                        added.push(file);
                    }
                    continue;
                }
                let is_full = bytes + source.bytes() > self.plan.options.roll_at;
                if !batch.is_empty() && (is_full || !joins) {
                    added.push(self.join(&partition, std::mem::take(&mut batch), &mut removed)?);
                    bytes = 0;
                }
                bytes += source.bytes();
                batch.push(source);
            }
            if !batch.is_empty() {
                added.push(self.join(&partition, batch, &mut removed)?);
            }
        }
        Ok((added, removed))
    }

    /// Writes the rows of several files, without the replaced ones, to a new file.
    fn join(
        &mut self,
        partition: &str,
        sources: Vec<Source>,
        removed: &mut Vec<FileEntry>,
    ) -> Result<WrittenFile> {
        let plan = self.plan;
        let name = self.output.names().next();
        let path = staged(&plan.staging, &name);
        let mut local = Vec::new();
        for source in &sources {
            local.push(source.fetch(self.storage, &plan.staging)?);
        }
        let copied: Vec<Copied<'_>> = local
            .iter()
            .zip(&sources)
            .map(|((file, _), source)| Copied {
                path: &file.path,
                dropped: source.dropped(),
            })
            .collect();
        let options = &plan.options;
        formats::copy(options.format, options.compression(), &copied, &path)?;
        let mut rows = 0;
        let mut keys = None;
        if local.iter().all(|(_, keys)| keys.is_some()) {
            let mut file =
                KeyFile::create(key_file(&path), plan.target.merge_key().next().is_some())?;
            let has_group = plan.target.merge_key().next().is_some();
            for ((_, source_keys), source) in local.iter().zip(&sources) {
                let Some(source_keys) = source_keys else {
                    continue;
                };
                each_key(&source_keys.path, has_group, |row, of_row| {
                    if source.dropped().contains(row) {
                        Ok(())
                    } else {
                        file.write(of_row)
                    }
                })?;
            }
            keys = Some(file.finish()?);
        }
        for source in &sources {
            rows += source.rows() - source.dropped().len();
        }
        removed.extend(sources.into_iter().filter_map(|source| match source {
            Source::Stored(file) => Some(file.entry),
            Source::Written(_) => None,
        }));
        WrittenFile::finished(path, name, partition.to_owned(), rows, keys)
    }

    /// Moves files to where readers find them. The manifest does not list them yet.
    fn move_files(&self, table: usize, files: Vec<WrittenFile>) -> Result<Vec<FileEntry>> {
        let layout = &self.plan.layouts[table];
        let (folder, id) = (&layout.table, layout.id());
        let mut entries = Vec::new();
        for file in files {
            let name = &file.name;
            let path = match file.partition.as_str() {
                "" => format!("{folder}/{name}"),
                partition => format!("{folder}/{partition}/{name}"),
            };
            let keys = file
                .keys
                .as_ref()
                .map(|staged| (staged, format!("{folder}/_keys/{name}.keys")));
            if let Some((staged, path)) = &keys {
                self.storage.publish(staged, path)?;
            }
            self.storage.publish(&file.staged, &path)?;
            entries.push(FileEntry {
                path,
                rows: file.rows,
                bytes: file.bytes,
                part: self.plan.target.part(),
                partition: file.partition.clone(),
                keys: keys.map(|(_, path)| path),
                layout: id.clone(),
                run: self.plan.target.run.to_string(),
            });
        }
        Ok(entries)
    }

    /// Adds the commit to a manifest.
    fn fill(
        &self,
        next: &mut Manifest,
        found: &Found,
        removed: &[FileEntry],
        added: &[Vec<FileEntry>],
    ) {
        let target = &self.plan.target;
        next.adopted |= target.adopt;
        let replaces = target.writing == Writing::Replace;
        let mut tables = Vec::new();
        for (layout, added) in self.plan.layouts.iter().zip(added) {
            let mut table: TableEntry = entry(target, layout, &self.plan.options);
            if let Some(stored) = next.table(&layout.table) {
                table.files.clone_from(&stored.files);
                table
                    .files
                    .retain(|file| removed.iter().all(|removed| removed.path != file.path));
                if !table.files.is_empty() {
                    // Stored files have columns that the spec has no more.
                    let names: Vec<String> = table
                        .columns
                        .iter()
                        .map(|column| column.name.clone())
                        .collect();
                    let dropped = stored
                        .columns
                        .iter()
                        .filter(|column| !names.contains(&column.name));
                    table.columns.extend(dropped.cloned());
                }
            }
            table.files.extend(added.iter().cloned());
            tables.push(table);
        }
        next.tables = tables;
        let part = target.part();
        if replaces {
            next.parts
                .retain(|name, _| *name == part || !found.replaced.contains(name));
            next.unfinished
                .retain(|name, _| *name == part || !found.replaced.contains(name));
        }
        let before = next.parts.remove(&part).unwrap_or_default();
        let kept = before.state.filter(|_| !replaces);
        let commit = Part {
            request: Some(target.request.to_json()),
            state: self.state.clone().or(kept),
            commits: found.commits + 1,
        };
        next.parts.insert(part, commit);
        unfinished::store(next, target, self.complete);
    }
}

fn no_keys(file: &FileEntry) -> Error {
    let message = format!("the keys of the file `{}` are missing", file.path);
    Error::new(ErrorKind::Destination, message)
        .with_help("a full refresh fetches everything and replaces all files")
}

/// A file whose rows are written again.
enum Source {
    Stored(StoredFile),
    Written(WrittenFile),
}

impl Source {
    fn dropped(&self) -> &Positions {
        match self {
            Self::Stored(file) => &file.dropped,
            Self::Written(file) => &file.dropped,
        }
    }

    fn rows(&self) -> u64 {
        match self {
            Self::Stored(file) => file.entry.rows,
            Self::Written(file) => file.rows,
        }
    }

    fn bytes(&self) -> u64 {
        match self {
            Self::Stored(file) => file.entry.bytes,
            Self::Written(file) => file.bytes,
        }
    }

    fn is_changed(&self) -> bool {
        self.dropped().len() > 0
    }

    /// Local files with its rows, and with their keys.
    fn fetch(
        &self,
        storage: &dyn Storage,
        folder: &std::path::Path,
    ) -> Result<(LocalFile, Option<LocalFile>)> {
        let local = |path: &PathBuf| LocalFile {
            path: path.clone(),
            is_temporary: false,
        };
        match self {
            Self::Written(file) => Ok((local(&file.staged), file.keys.as_ref().map(local))),
            Self::Stored(file) => {
                let keys = file.entry.keys.as_deref();
                let keys = keys.map(|path| storage.fetch(path, folder)).transpose()?;
                Ok((storage.fetch(&file.entry.path, folder)?, keys))
            }
        }
    }
}
