//! An object store: S3 and compatible, Google Cloud Storage, Azure.

use std::{
    fmt, fs,
    future::Future,
    io::{self, Read},
    path::{Path as LocalPath, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use futures_util::{StreamExt, TryStreamExt};
use object_store::{
    Error as StoreError, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload,
    WriteMultipart, path::Path,
};
use rest_source::{Error, ErrorKind, Result};
use rest_source_load::{LockHolder, Locking, ResourceKey};
use tokio::runtime::Handle;

use crate::{
    lease,
    storage::{FileSizes, LocalFile, Storage, failed},
};

/// The bytes of a part of an upload. A smaller file is uploaded at once.
const PART_BYTES: usize = 8 << 20;
/// The parts that are uploaded at the same time.
const PARTS_AT_ONCE: usize = 4;

/// How long a load may run before another one takes it for a killed one and removes its unpublished objects.
const LONGEST_LOAD: Duration = Duration::from_secs(24 * 60 * 60);

/// The folder of the leases of resources.
const LEASES: &str = "_locks";

/// Objects below a prefix.
pub(crate) struct ObjectFolder {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    /// A local folder for files that are not uploaded yet.
    staging: PathBuf,
}

impl fmt::Debug for ObjectFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.store, self.prefix)
    }
}

impl ObjectFolder {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, prefix: Path) -> Self {
        let name = format!(
            "rest-source-files-{}-{:x}",
            std::process::id(),
            fastrand::u64(..)
        );
        let staging = std::env::temp_dir().join(name);
        Self {
            store,
            prefix,
            staging,
        }
    }

    fn path(&self, path: &str) -> Path {
        let whole = format!("{}/{path}", self.prefix);
        // The names that loads give are valid as they are.
        Path::parse(whole.trim_matches('/')).unwrap_or_else(|_| Path::from(whole))
    }

    /// The path of an object below the prefix.
    fn relative(&self, path: &Path) -> Option<String> {
        let rest = path.as_ref().strip_prefix(self.prefix.as_ref())?;
        Some(rest.trim_start_matches('/').to_owned())
    }

    fn failed(&self, what: &str, path: &str, error: &StoreError) -> Error {
        let message = format!("cannot {what} `{path}` in {self:?}: {error}");
        Error::new(ErrorKind::Destination, message).with_source(error)
    }

    /// Waits for a future on one of tokio's blocking threads.
    fn wait<T>(future: impl Future<Output = T>) -> T {
        Handle::current().block_on(future)
    }

    async fn upload(&self, staged: &LocalPath, path: &Path) -> std::result::Result<(), StoreError> {
        let generic = |error: io::Error| StoreError::Generic {
            store: "local file",
            source: error.into(),
        };
        let mut file = fs::File::open(staged).map_err(generic)?;
        let mut part = read_part(&mut file).map_err(generic)?;
        if part.len() < PART_BYTES {
            return self
                .store
                .put(path, PutPayload::from(part))
                .await
                .map(|_| ());
        }
        let upload = self.store.put_multipart(path).await?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PART_BYTES);
        let sent = async {
            while !part.is_empty() {
                upload.wait_for_capacity(PARTS_AT_ONCE).await?;
                upload.put(part.into());
                part = read_part(&mut file).map_err(generic)?;
            }
            Ok(())
        };
        match sent.await {
            Ok(()) => upload.finish().await.map(|_| ()),
            Err(error) => {
                // The first error is the one to report. Stores remove parts that no upload completed.
                let _ = upload.abort().await;
                Err(error)
            }
        }
    }
}

fn read_part(file: &mut fs::File) -> io::Result<Vec<u8>> {
    let mut part = Vec::new();
    let limit = u64::try_from(PART_BYTES).unwrap_or(u64::MAX);
    file.take(limit).read_to_end(&mut part)?;
    Ok(part)
}

impl Drop for ObjectFolder {
    fn drop(&mut self) {
        // Temporary files that are left are of no harm.
        let _ = fs::remove_dir_all(&self.staging);
    }
}

impl Storage for ObjectFolder {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let read = Self::wait(async { self.store.get(&self.path(path)).await?.bytes().await });
        match read {
            Ok(bytes) => Ok(Some(bytes.into())),
            Err(StoreError::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed("read", path, &error)),
        }
    }

    fn list(&self, folder: &str) -> Result<FileSizes> {
        let prefix = self.path(folder);
        let listed = self
            .store
            .list(Some(&prefix))
            .map_ok(|object| Some((self.relative(&object.location)?, object.size)));
        let found: std::result::Result<Vec<Option<(String, u64)>>, _> =
            Self::wait(listed.try_collect());
        let found = found.map_err(|error| self.failed("list", folder, &error))?;
        Ok(found.into_iter().flatten().collect())
    }

    fn tables(&self) -> Result<Vec<String>> {
        let listed = Self::wait(self.store.list_with_delimiter(Some(&self.prefix)));
        let listed = listed.map_err(|error| self.failed("list", "", &error))?;
        let names = listed
            .common_prefixes
            .iter()
            .filter_map(|path| path.filename());
        Ok(names
            .filter(|name| !name.starts_with('_'))
            .map(str::to_owned)
            .collect())
    }

    fn create(&self, path: &str, contents: &[u8]) -> Result<bool> {
        let options = PutOptions::from(PutMode::Create);
        let payload = PutPayload::from(contents.to_vec());
        match Self::wait(self.store.put_opts(&self.path(path), payload, options)) {
            Ok(_) => Ok(true),
            Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => Ok(false),
            Err(error) => Err(self.failed("write", path, &error)),
        }
    }

    fn publish(&self, staged: &LocalPath, path: &str) -> Result<()> {
        let uploaded = Self::wait(self.upload(staged, &self.path(path)));
        uploaded.map_err(|error| self.failed("write", path, &error))?;
        // The folder is deleted in the end, whatever is left in it.
        let _ = fs::remove_file(staged);
        Ok(())
    }

    fn delete(&self, paths: &[String]) -> Result<()> {
        let locations: Vec<_> = paths.iter().map(|path| Ok(self.path(path))).collect();
        let locations = futures_util::stream::iter(locations).boxed();
        let mut deleted = self.store.delete_stream(locations);
        Self::wait(async {
            while let Some(one) = deleted.next().await {
                match one {
                    Ok(_) | Err(StoreError::NotFound { .. }) => {}
                    Err(error) => return Err(self.failed("delete", "objects", &error)),
                }
            }
            Ok(())
        })
    }

    fn fetch(&self, path: &str, folder: &LocalPath) -> Result<LocalFile> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let local = folder.join(format!("fetched-{:x}-{name}", fastrand::u64(..)));
        let file = LocalFile {
            path: local,
            is_temporary: true,
        };
        let written = |error: io::Error| failed("write", &file.path, &error);
        Self::wait(async {
            let error = |error: &StoreError| self.failed("read", path, error);
            let found = self
                .store
                .get(&self.path(path))
                .await
                .map_err(|e| error(&e))?;
            let mut bytes = found.into_stream();
            let mut output = fs::File::create(&file.path).map_err(written)?;
            while let Some(part) = bytes.next().await {
                let part = part.map_err(|e| error(&e))?;
                io::Write::write_all(&mut output, &part).map_err(written)?;
            }
            Ok::<(), Error>(())
        })?;
        Ok(file)
    }

    fn staging(&self, table: &str) -> Result<PathBuf> {
        let folder = self.staging.join(table);
        let created = fs::create_dir_all(&folder);
        created.map_err(|error| failed("create", &folder, &error))?;
        Ok(folder)
    }

    fn history(&self) -> Result<String> {
        let mut lines = String::new();
        for path in self.list("_loads")?.into_keys() {
            if let Some(contents) = self.read(&path)? {
                lines.push_str(&String::from_utf8_lossy(&contents));
            }
        }
        Ok(lines)
    }

    fn record(&self, key: &str, line: &str) -> Result<()> {
        let path = format!("_loads/{key}.json");
        let payload = PutPayload::from(format!("{line}\n").into_bytes());
        let put = Self::wait(self.store.put(&self.path(&path), payload));
        put.map(|_| ())
            .map_err(|error| self.failed("write", &path, &error))
    }

    fn lock(&self, _: &str) -> Result<()> {
        Ok(())
    }

    fn unlock(&self, _: &str) {}

    fn is_running(&self, _: &str) -> bool {
        false
    }

    fn lock_resource(&self, key: &ResourceKey, holder: &LockHolder) -> Result<Locking> {
        let path = format!("{LEASES}/{}", key.file_name());
        let locked = Self::wait(lease::lock(&self.store, self.path(&path), holder));
        locked.map_err(|error| self.failed("lock", &path, &error))
    }

    fn is_locked(&self, key: &ResourceKey) -> Result<bool> {
        let path = format!("{LEASES}/{}", key.file_name());
        let locked = Self::wait(lease::is_locked(&*self.store, &self.path(&path)));
        locked.map_err(|error| self.failed("read", &path, &error))
    }

    fn may_publish(&self, run: &str) -> bool {
        let nanos = run
            .split_once('-')
            .and_then(|(_, time)| u128::from_str_radix(time, 16).ok());
        let Some(begun) = nanos else {
            return false;
        };
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        now.as_nanos().saturating_sub(begun) < LONGEST_LOAD.as_nanos()
    }
}

/// A URL as messages show it: without a user name and a password before its host.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    match rest.rsplit_once('@') {
        Some((_, rest)) => format!("{scheme}://{rest}"),
        None => url.to_owned(),
    }
}

/// The store of a URL, and the path in it. Credentials and regions come from the variables of the environment that
/// the tools of the store read, as `AWS_ACCESS_KEY_ID`.
pub(crate) fn open(url: &str, options: Vec<(String, String)>) -> Result<ObjectFolder> {
    let wrong = |message: String| {
        Error::new(ErrorKind::Config, message)
            .with_help("a URL of an object store is `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`")
    };
    // reqwest takes the process's provider of TLS. One that is installed already stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let shown = without_credentials(url);
    let parsed = url::Url::parse(url)
        .map_err(|error| wrong(format!("`{shown}` is not a valid URL: {error}")))?;
    let variables = std::env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok()?.to_ascii_lowercase();
        let is_of_store = ["aws_", "google_", "azure_"]
            .iter()
            .any(|prefix| name.starts_with(prefix));
        Some((name, value.into_string().ok()?)).filter(|_| is_of_store)
    });
    // The last one of a name counts.
    let (store, prefix) =
        object_store::parse_url_opts(&parsed, variables.chain(options)).map_err(|error| {
            let why = error.to_string().replace(url, &shown);
            wrong(format!("cannot open `{shown}`: {why}"))
        })?;
    Ok(ObjectFolder::new(store.into(), prefix))
}
