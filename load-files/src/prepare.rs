//! What is checked and cleaned before a resource is written.

use std::collections::{BTreeMap, BTreeSet};

use rest_source::{Error, ErrorKind, Result};
use rest_source_load::{Target, Writing};

use crate::{
    formats,
    layout::Layout,
    manifest::{ColumnEntry, FileEntry, Manifest, TableEntry, begun, last_version},
    options::Options,
    output::run_of,
    storage::{FileSizes, Storage},
};

/// A resource as a load found it.
#[derive(Debug)]
pub(crate) struct Found {
    /// Its newest manifest, without what is gone.
    pub(crate) manifest: Manifest,
    /// Published files that a user deleted.
    pub(crate) gone: BTreeSet<String>,
    /// The files of their keys, which the next commit deletes.
    pub(crate) gone_keys: Vec<String>,
    /// The parts whose rows a replacement replaces.
    pub(crate) replaced: Vec<String>,
    /// The number of commits of the load's settings.
    pub(crate) commits: u64,
    /// Whether anything was published.
    pub(crate) is_published: bool,
    /// Notes for the report.
    pub(crate) notes: Vec<String>,
}

/// Checks that the tables of a resource can be written, and removes what killed loads left.
pub(crate) fn prepare(
    storage: &dyn Storage,
    target: &Target,
    layouts: &[Layout],
    options: &Options,
) -> Result<Found> {
    let table = &target.resource.table.name;
    for layout in layouts {
        check_name(&layout.table)?;
    }
    if target.writing == Writing::Merge && target.key().next().is_none() {
        return Err(destination("it has no primary key to merge by".to_owned())
            .with_help("declare a `primary_key`, or another `write_disposition`"));
    }
    if let Some(owner) = storage.read(&owner_path(table))? {
        let owner = String::from_utf8_lossy(&owner).trim().to_owned();
        return Err(name_conflict(table, &owner));
    }
    let (newest, versions) = Manifest::newest(storage, table)?;
    let is_published = newest.is_some();
    let mut files = FileSizes::new();
    for layout in layouts {
        files.extend(storage.list(&layout.table)?);
    }
    if let Some(found) = &newest {
        check_owner(found, target)?;
    }
    let mut manifest = newest.unwrap_or_else(|| Manifest::new(target));
    manifest.version = last_version(&versions);
    for layout in &layouts[1..] {
        check_child(storage, target, &manifest, layout, &files)?;
    }
    manifest.adopted |= target.adopt;
    if !manifest.adopted {
        check_foreign(layouts, &files)?;
    }
    if !is_published && let Some(seed) = begin(storage, target, layouts, &files, manifest.seed)? {
        manifest.seed = seed;
    }
    remove_orphans(storage, target, &manifest, &files)?;
    let commits = manifest
        .parts
        .get(&target.part())
        .map_or(0, |part| part.commits);
    let mut found = Found {
        replaced: replaced_parts(target, &manifest)?,
        manifest,
        gone: BTreeSet::new(),
        gone_keys: Vec::new(),
        commits,
        is_published,
        notes: Vec::new(),
    };
    found.forget_missing(target, layouts, &files)?;
    check_fit(target, &found.manifest, &found.replaced, layouts, options)?;
    Ok(found)
}

fn destination(message: String) -> Error {
    Error::new(ErrorKind::Destination, message)
}

/// A table is a folder, beside those of the destination's own, which begin with `_`.
fn check_name(table: &str) -> Result<()> {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    if !table.is_empty() && !table.starts_with('_') && table.chars().all(is_plain) {
        return Ok(());
    }
    let message = format!("`{table}` is not a valid name of a table in files");
    Err(destination(message)
        .with_help("give the resource another `name`: letters, digits, `_` and `-`, not `_` first"))
}

/// Rejects the manifest of another resource.
fn check_owner(manifest: &Manifest, target: &Target) -> Result<()> {
    if manifest.source == *target.source && manifest.resource == *target.resource.name {
        return Ok(());
    }
    let other = format!("{}.{}", manifest.source, manifest.resource);
    Err(name_conflict(&target.resource.table.name, &other))
}

/// Checks the first manifest of a table, which another load has published meanwhile, as one that was there before.
pub(crate) fn check_first(
    target: &Target,
    manifest: &Manifest,
    layouts: &[Layout],
    options: &Options,
) -> Result<()> {
    check_owner(manifest, target)?;
    let replaced = replaced_parts(target, manifest)?;
    check_fit(target, manifest, &replaced, layouts, options)
}

/// The file in the folder of a nested list's table that names its resource.
fn owner_path(table: &str) -> String {
    format!("{table}/_resource")
}

fn name_conflict(table: &str, other: &str) -> Error {
    destination(format!(
        "the table `{table}` belongs to another resource, `{other}`"
    ))
    .with_help("load each source into a folder of its own, or rename the resource")
}

/// Takes the folder of a nested list's table, unless another resource has it.
fn check_child(
    storage: &dyn Storage,
    target: &Target,
    manifest: &Manifest,
    layout: &Layout,
    files: &FileSizes,
) -> Result<()> {
    let name = &layout.table;
    let manifests = format!("{name}/_manifests/");
    if files.keys().any(|path| path.starts_with(&manifests)) {
        return Err(name_conflict(name, name));
    }
    let path = owner_path(name);
    let owner = format!("{}.{}", target.source, target.resource.name);
    if !storage.create(&path, owner.as_bytes())? {
        let found = storage.read(&path)?.unwrap_or_default();
        if found != owner.as_bytes() {
            return Err(name_conflict(name, &String::from_utf8_lossy(&found)));
        }
    }
    let record = &target.resource.table.name;
    let has_records = manifest
        .table(record)
        .is_some_and(|table| !table.files.is_empty());
    if has_records && manifest.table(name).is_none() && target.writing != Writing::Replace {
        let message = format!(
            "the table `{name}` is missing, and `{record}` has rows whose lists would not be in it"
        );
        return Err(destination(message).with_help(
            "a full refresh creates it and fetches everything; or load into another folder",
        ));
    }
    Ok(())
}

/// Rejects a folder with files of a user: readers would take them for rows.
fn check_foreign(layouts: &[Layout], files: &FileSizes) -> Result<()> {
    let foreign = files.keys().find(|path| {
        let is_hidden = path.split('/').any(|name| name.starts_with(['_', '.']));
        let name = path.rsplit('/').next().unwrap_or_default();
        !is_hidden && run_of(name).is_none()
    });
    let Some(path) = foreign else {
        return Ok(());
    };
    let folder = &layouts[0].table;
    let message = format!(
        "the folder `{folder}` has a file that no load wrote, `{path}`: readers would take it for rows"
    );
    Err(destination(message).with_help(
        "move it, rename the resource, or load into another folder; to load beside it, adopt the folder by \
         `--adopt` (`adopt()`)",
    ))
}

/// Marks that loads write the table, before any of their files is there. Returns the seed of the hashes of keys of another
/// load that has marked it: both may publish the table's first rows, with other settings.
///
/// # Errors
///
/// If there are files of loads without the mark: their manifests were deleted, and what no manifest lists would be
/// removed as what a killed load left.
fn begin(
    storage: &dyn Storage,
    target: &Target,
    layouts: &[Layout],
    files: &FileSizes,
    seed: u64,
) -> Result<Option<u64>> {
    let table = &target.resource.table.name;
    let mark = begun(table);
    let seed_of_other = || {
        let text = storage.read(&mark)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        Ok(text.lines().nth(1).and_then(|seed| seed.parse().ok()))
    };
    if files.contains_key(&mark) {
        return seed_of_other();
    }
    let is_written = |path: &&String| {
        let (folders, name) = path.rsplit_once('/').unwrap_or_default();
        run_of(name).is_some() && !folders.split('/').any(|folder| folder.starts_with('_'))
    };
    let Some(path) = files.keys().find(is_written) else {
        let contents = format!("{}.{}\n{seed}\n", target.source, target.resource.name);
        return if storage.create(&mark, contents.as_bytes())? {
            Ok(None)
        } else {
            seed_of_other()
        };
    };
    let folders: Vec<_> = layouts.iter().map(|layout| layout.table.as_str()).collect();
    let message = format!("a load wrote the file `{path}`, and `{table}/_manifests` is missing");
    Err(destination(message).with_help(format!(
        "restore that folder from a copy; or delete the folder `{}`, to load the resource from the start",
        folders.join("`, `")
    )))
}

/// Deletes the unpublished and replaced files of loads that do not run.
fn remove_orphans(
    storage: &dyn Storage,
    target: &Target,
    manifest: &Manifest,
    files: &FileSizes,
) -> Result<()> {
    let listed: BTreeSet<&str> = manifest
        .files()
        .flat_map(|file| std::iter::once(&file.path).chain(&file.keys))
        .map(String::as_str)
        .collect();
    let mut runs: BTreeMap<&str, bool> = BTreeMap::new();
    let mut orphans = Vec::new();
    for path in files.keys().filter(|path| !listed.contains(path.as_str())) {
        let name = path
            .rsplit_once('/')
            .map_or(path.as_str(), |(_, name)| name);
        let Some(run) = run_of(name).filter(|run| target.run != *run) else {
            continue;
        };
        let may_publish = *runs.entry(run).or_insert_with(|| storage.may_publish(run));
        if !may_publish {
            orphans.push(path.clone());
        }
    }
    storage.delete(&orphans)
}

/// The parts whose rows the target replaces: its own, and under a full refresh one of another
/// `include_from_config`.
fn replaced_parts(target: &Target, manifest: &Manifest) -> Result<Vec<String>> {
    let own = target.part();
    let names = |part: &str| -> Vec<String> {
        let names = part.lines().filter_map(|line| line.split_once(' '));
        names.map(|(name, _)| name.to_owned()).collect()
    };
    let others = manifest.parts.keys().filter(|part| **part != own);
    let (of_values, of_settings): (Vec<_>, Vec<_>) =
        others.partition(|part| names(part) == names(&own));
    let is_one = of_settings.len() == 1 && of_values.is_empty();
    if of_settings.is_empty() || target.full_refresh && is_one {
        return Ok(of_settings.into_iter().cloned().chain([own]).collect());
    }
    let name = &target.resource.table.name;
    let error = destination(format!(
        "the rows of the table `{name}` were loaded by another `include_from_config`"
    ));
    let error = of_settings
        .into_iter()
        .chain(of_values)
        .fold(error, with_part);
    Err(error.with_help(if is_one {
        "a full refresh replaces all of its rows; or load into another folder"
    } else {
        "delete the folder of the table, and load with each of the settings; or load into another folder"
    }))
}

/// Adds a detail that names the settings of some rows.
fn with_part(error: Error, part: impl AsRef<str>) -> Error {
    error.with_detail(match part.as_ref() {
        "" => "rows without such a column".to_owned(),
        part => format!("rows of `{}`", part.replace('\n', "`, `")),
    })
}

impl Found {
    /// Forgets the state of rows whose files a user deleted, if none is left: the next fetch would not bring them
    /// back.
    fn forget_missing(
        &mut self,
        target: &Target,
        layouts: &[Layout],
        files: &FileSizes,
    ) -> Result<()> {
        let part = target.part();
        // Not those of a list that the spec no longer has.
        let is_own = |table: &&TableEntry| layouts.iter().any(|one| one.table == table.name);
        let tables = self.manifest.tables.iter().filter(is_own);
        let own: Vec<_> = tables
            .flat_map(|table| &table.files)
            .filter(|file| file.part == part)
            .collect();
        let missing: Vec<_> = own
            .iter()
            .filter(|file| !files.contains_key(&file.path))
            .collect();
        let name = &target.resource.table.name;
        let size = |file: &FileEntry| files.get(&file.path).copied();
        if target.writing != Writing::Replace
            && let Some(file) = own
                .iter()
                .find(|file| size(file).is_some_and(|bytes| bytes != file.bytes))
        {
            let message = format!(
                "the file `{}` has {} bytes, and the manifest of `{name}` lists it with {}: it was changed",
                file.path,
                size(file).unwrap_or_default(),
                file.bytes
            );
            return Err(destination(message).with_help(
                "restore it; or a full refresh fetches everything and replaces all files",
            ));
        }
        let Some(first) = missing.first() else {
            return Ok(());
        };
        let is_emptied = missing.len() == own.len();
        if !is_emptied && target.writing != Writing::Replace {
            let message = format!(
                "the file `{}` is missing, and the manifest of `{name}` lists it",
                first.path
            );
            return Err(destination(message).with_help(
                "restore it; or a full refresh fetches everything and replaces all files",
            ));
        }
        let emptied = format!("the files of the table `{name}` were deleted since the last load");
        if target.keep_state {
            self.notes
                .push(format!("{emptied}: `keep_state` kept its state"));
        } else if target.writing != Writing::Replace {
            self.notes.push(format!("{emptied}: loaded from the start"));
        }
        self.gone_keys = missing
            .iter()
            .filter_map(|file| file.keys.clone())
            .collect();
        self.gone = missing.iter().map(|file| file.path.clone()).collect();
        if !target.keep_state {
            self.manifest.parts.remove(&part);
            self.manifest.unfinished.remove(&part);
        }
        for table in &mut self.manifest.tables {
            table.files.retain(|file| !self.gone.contains(&file.path));
        }
        Ok(())
    }
}

/// Checks that the stored files fit the spec. A replacement does not need them to.
fn check_fit(
    target: &Target,
    manifest: &Manifest,
    replaced: &[String],
    layouts: &[Layout],
    options: &Options,
) -> Result<()> {
    for layout in layouts {
        let Some(stored) = manifest.table(&layout.table) else {
            continue;
        };
        let kept = |part: &String| target.writing != Writing::Replace || !replaced.contains(part);
        let has_kept = stored.files.iter().any(|file| kept(&file.part));
        let wanted = entry(target, layout, options);
        let reason = renamed(stored, layout).or_else(|| difference(stored, &wanted));
        let Some(reason) = reason.filter(|_| has_kept) else {
            continue;
        };
        let name = &layout.table;
        let other_parts: BTreeSet<_> = stored
            .files
            .iter()
            .map(|file| &file.part)
            .filter(|part| !replaced.contains(part))
            .collect();
        let error = destination(format!(
            "the files of the table `{name}` do not fit: {reason}"
        ));
        return Err(if other_parts.is_empty() {
            error.with_help(
                "a full refresh fetches everything and replaces them; or load into another folder",
            )
        } else {
            let error = other_parts.into_iter().fold(error, with_part);
            error.with_help("delete the folder of the table, and load with each of the settings; or load into another folder")
        });
    }
    Ok(())
}

/// The entry of a table in the manifest, without files.
pub(crate) fn entry(target: &Target, layout: &Layout, options: &Options) -> TableEntry {
    let names = |names: &mut dyn Iterator<Item = &str>| names.map(str::to_owned).collect();
    TableEntry {
        name: layout.table.clone(),
        file_format: options.format.word().to_owned(),
        columns: layout
            .columns()
            .map(|column| ColumnEntry::new(column, formats::stored_type(options.format, column)))
            .collect(),
        primary_key: names(&mut target.key()),
        merge_key: names(&mut target.merge_key()),
        files: Vec::new(),
    }
}

/// How the spec renames a column of the stored files, if it does: the files are not written again for that.
fn renamed(stored: &TableEntry, layout: &Layout) -> Option<String> {
    layout.columns().find_map(|column| {
        let old = column.renamed_from.as_ref()?;
        let has = |name: &str| stored.columns.iter().any(|stored| stored.name == name);
        let is_renamed = has(old) && !has(&column.name);
        is_renamed.then(|| format!("their column `{old}` is now `{}`", column.name))
    })
}

/// How stored files differ from those that the load would write, if they cannot be in one table.
fn difference(stored: &TableEntry, wanted: &TableEntry) -> Option<String> {
    if stored.file_format != wanted.file_format {
        return Some(format!(
            "they are {}, and the load writes {}",
            stored.file_format, wanted.file_format
        ));
    }
    let list = |names: &[String]| match names {
        [] => "no key".to_owned(),
        names => format!("the key {}", names.join(", ")),
    };
    for (kind, stored, wanted) in [
        ("", &stored.primary_key, &wanted.primary_key),
        ("as the merge key ", &stored.merge_key, &wanted.merge_key),
    ] {
        if stored != wanted {
            return Some(format!(
                "they have {kind}{}, not {}",
                list(stored),
                list(wanted)
            ));
        }
    }
    let changed = wanted.columns.iter().find_map(|column| {
        let was = stored
            .columns
            .iter()
            .find(|stored| stored.name == column.name)?;
        (was.data_type != column.data_type).then_some((was, column))
    });
    let (was, column) = changed?;
    Some(format!(
        "the column `{}` holds {}, the spec's holds {}",
        column.name, was.data_type, column.data_type
    ))
}
