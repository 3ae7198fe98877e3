//! The destination.

use std::{path::PathBuf, sync::Arc, time::Duration};

use rest_source::{Error, ErrorKind, Result};
use rest_source_load::{
    BoxFuture, Destination, LastLoad, LoadRecord, LockHolder, Locking, Opened, ResourceKey,
    StoredState, Target,
};

use crate::{
    Compression, Format, formats, history,
    options::Options,
    states,
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

    /// Objects below a URL: `s3://bucket/prefix`, `gs://bucket/prefix`, `az://container/prefix`, and the other URLs that
    /// [`object_store`](https://docs.rs/object_store) takes. Credentials, regions and endpoints come from the variables
    /// of the environment that the tools of the store read: `AWS_ACCESS_KEY_ID`, `GOOGLE_SERVICE_ACCOUNT`,
    /// `AZURE_STORAGE_ACCOUNT_NAME` and others that begin so.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](rest_source::ErrorKind::Config) when the URL is not that of an object store, or a variable
    /// is not valid.
    #[cfg(feature = "object-store")]
    pub fn object_store(url: &str) -> Result<Self> {
        Self::object_store_with(url, std::iter::empty::<(String, String)>())
    }

    /// Objects below a URL, with options that are named as the variables of the environment are: `aws_endpoint`. They
    /// come before the variables.
    ///
    /// # Errors
    ///
    /// As those of [`object_store`](Self::object_store).
    #[cfg(feature = "object-store")]
    pub fn object_store_with<K: Into<String>, V: Into<String>>(
        url: &str,
        options: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self> {
        let options = options.into_iter();
        let options = options.map(|(name, value)| (name.into(), value.into()));
        let storage = crate::object_storage::open(url, options.collect())?;
        Ok(Self::over(Arc::new(storage)))
    }

    /// The destination of a URL: `jsonl:PATH`, `csv:PATH` or `parquet:PATH`, where the path is that of a folder or the
    /// URL of an object store (`parquet:s3://bucket/prefix`). `None` if it does not begin so.
    ///
    /// ```
    /// use rest_source_load_files::Files;
    ///
    /// assert!(Files::open("jsonl:insights").is_some_and(|files| files.is_ok()));
    /// assert!(Files::open("sqlite:insights.db").is_none());
    /// ```
    pub fn open(url: &str) -> Option<Result<Self>> {
        let (format, path) = url.split_once(':')?;
        let format = match format {
            "jsonl" => Format::JsonLines,
            "csv" => Format::Csv,
            "parquet" => Format::Parquet,
            _ => return None,
        };
        let options = Options {
            format,
            ..Options::default()
        };
        let checked = formats::check(format, options.compression());
        let opened = checked.and_then(|()| Self::at(path));
        Some(opened.map(|files| files.format(format)))
    }

    /// Files in a folder, or at the URL of an object store.
    fn at(path: &str) -> Result<Self> {
        let wrong = |message: String, help: &str| {
            Err(Error::new(ErrorKind::Config, message).with_help(help.to_owned()))
        };
        if path.is_empty() {
            return wrong(
                "the path of the folder is empty".to_owned(),
                "name a folder",
            );
        }
        if path.contains("://") {
            #[cfg(feature = "object-store")]
            return Self::object_store(path);
            #[cfg(not(feature = "object-store"))]
            return wrong(
                "this build does not write to object stores".to_owned(),
                "enable the feature `object-store` of the crate `rest-source-load-files`",
            );
        }
        Ok(Self::folder(path))
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

impl Files {
    /// Checks that a load could write files: writes an empty one and deletes it.
    ///
    /// # Errors
    ///
    /// When it cannot be written or deleted.
    pub async fn check(&self) -> Result<()> {
        let storage = Arc::clone(&self.storage);
        blocking(move || {
            let path = format!("_rest_source_probe-{:x}", fastrand::u64(..));
            storage.create(&path, b"")?;
            storage.delete(&[path])
        })
        .await
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

    fn lock<'a>(
        &'a self,
        key: &'a ResourceKey,
        holder: &'a LockHolder,
    ) -> BoxFuture<'a, Result<Locking>> {
        let (storage, key, holder) = (Arc::clone(&self.storage), key.clone(), holder.clone());
        Box::pin(blocking(move || storage.lock_resource(&key, &holder)))
    }

    fn record<'a>(&'a self, load: &'a LoadRecord) -> BoxFuture<'a, Result<()>> {
        let (storage, load) = (Arc::clone(&self.storage), load.clone());
        Box::pin(blocking(move || history::record(&*storage, &load)))
    }

    fn last_loads(&self) -> BoxFuture<'_, Result<Vec<LastLoad>>> {
        let storage = Arc::clone(&self.storage);
        Box::pin(blocking(move || history::last_loads(&*storage)))
    }

    fn history(&self, most: u64) -> BoxFuture<'_, Result<Vec<LoadRecord>>> {
        let storage = Arc::clone(&self.storage);
        Box::pin(blocking(move || history::loads(&*storage, most)))
    }

    fn states(&self) -> BoxFuture<'_, Result<Vec<StoredState>>> {
        let storage = Arc::clone(&self.storage);
        Box::pin(blocking(move || states::read_all(&*storage)))
    }

    fn store_state<'a>(&'a self, stored: &'a StoredState) -> BoxFuture<'a, Result<()>> {
        let (storage, stored) = (Arc::clone(&self.storage), stored.clone());
        Box::pin(blocking(move || states::store(&*storage, &stored)))
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
