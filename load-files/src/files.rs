//! The destination.

use std::{path::PathBuf, sync::Arc, time::Duration};

use rest_source::Result;
use rest_source_load::{BoxFuture, Destination, LoadRecord, Opened, Target};

use crate::{
    Compression, Format, formats, history,
    options::Options,
    storage::{LocalFolder, Storage},
    unfinished,
    writer::{self, blocking},
};

/// Files in a folder: a folder per table, published by a manifest.
#[derive(Clone, Debug)]
pub struct Files {
    storage: Arc<dyn Storage>,
    options: Options,
}

impl Files {
    /// Files below a local folder, which is created if it does not exist.
    pub fn folder(path: impl Into<PathBuf>) -> Self {
        Self::over(Arc::new(LocalFolder::new(path.into())))
    }

    fn over(storage: Arc<dyn Storage>) -> Self {
        let options = Options::default();
        Self { storage, options }
    }

    /// The format of the files; [`Format::JsonLines`] by default.
    pub fn format(mut self, format: Format) -> Self {
        self.options.format = format;
        self
    }

    /// How the files are compressed; by default Parquet by Zstandard, and text not at all.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.options.compression = Some(compression);
        self
    }

    /// A file of this many bytes is completed, and another one begun; 128 MiB by default.
    pub fn roll_at(mut self, bytes: u64) -> Self {
        self.options.roll_at = bytes.max(1);
        self
    }

    /// Partitions the files by the values of these columns, as Hive does: `orders/day=2026-11-21/…`. The files do not
    /// hold these columns. A timestamp partitions by its date in UTC, as `<column>_date=…`, and stays in the files. A
    /// table without such a column is not partitioned by it.
    pub fn partition_by<C: Into<String>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        self.options.partition_by = columns.into_iter().map(Into::into).collect();
        self
    }

    /// Publishes the commits of a load together, when the first is this old; 30 seconds by default. A kill loses the
    /// commits since the last publication, and the next load fetches them again.
    pub fn publish_every(mut self, duration: Duration) -> Self {
        self.options.publish_every = duration;
        self
    }
}

impl Destination for Files {
    fn open<'a>(&'a self, target: &'a Target) -> BoxFuture<'a, Result<Opened>> {
        let (files, target) = (self.clone(), target.clone());
        Box::pin(blocking(move || {
            formats::check(files.options.format, files.options.compression())?;
            writer::open(files.storage, &files.options, &target)
        }))
    }

    fn deletes_rows(&self) -> bool {
        true
    }

    fn writes_child_tables(&self) -> bool {
        true
    }

    fn record<'a>(&'a self, load: &'a LoadRecord) -> BoxFuture<'a, Result<()>> {
        let (storage, load) = (Arc::clone(&self.storage), load.clone());
        Box::pin(blocking(move || history::record(&*storage, &load)))
    }

    fn end<'a>(&'a self, run: &'a str, opened: &'a [Target]) -> BoxFuture<'a, Result<()>> {
        let (storage, run, opened) = (Arc::clone(&self.storage), run.to_owned(), opened.to_vec());
        Box::pin(blocking(move || {
            let ended = unfinished::end(&*storage, &run, &opened);
            storage.unlock(&run);
            ended
        }))
    }
}
