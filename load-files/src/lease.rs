//! The lock of a resource in an object store: an object with a lease, which its load renews and which expires after it.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use object_store::{
    Error as StoreError, ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload, PutResult,
    UpdateVersion, path::Path,
};
use rest_source_load::{BoxFuture, HeldLock, LockHolder, Locking};
use tokio::{runtime::Handle, task::AbortHandle};

/// How long a lease is valid after it was renewed. The clocks of two machines may differ by much less than this.
const LEASE: Duration = Duration::from_secs(120);
/// How often it is renewed.
const RENEW: Duration = Duration::from_secs(30);

/// How often a change of the object is tried.
const TRIES: usize = 3;

type Result<T> = std::result::Result<T, StoreError>;

/// Locks a resource by the object at this path, or returns the load whose lease is valid.
pub(crate) async fn lock(
    store: &Arc<dyn ObjectStore>,
    path: Path,
    holder: &LockHolder,
) -> Result<Locking> {
    // Each turn after the first one follows a change by another load, or an answer that was lost.
    for _ in 0..TRIES {
        let text = || contents(holder, now() + LEASE);
        match put(&**store, &path, text(), PutMode::Create).await {
            Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => {}
            created => return Ok(held(store, path, holder, version(created?))),
        }
        let Some(found) = read(&**store, &path).await? else {
            continue;
        };
        if found.holder == *holder {
            return Ok(held(store, path, holder, found.version));
        }
        if found.expires > now() {
            return Ok(Locking::Busy(found.holder));
        }
        // Of two loads that find it expired, one replaces it.
        match put(&**store, &path, text(), PutMode::Update(found.version)).await {
            Err(StoreError::AlreadyExists { .. } | StoreError::Precondition { .. }) => {}
            // A store without conditional updates.
            Err(StoreError::NotImplemented { .. } | StoreError::NotSupported { .. }) => {
                store.delete(&path).await?;
            }
            replaced => return Ok(held(store, path, holder, version(replaced?))),
        }
    }
    Ok(Locking::Busy(LockHolder::unknown()))
}

/// The lease that a load has, with its renewals.
fn held(
    store: &Arc<dyn ObjectStore>,
    path: Path,
    holder: &LockHolder,
    version: UpdateVersion,
) -> Locking {
    let renewing = renew(Arc::clone(store), path.clone(), holder.clone(), version);
    Locking::Held(Box::new(Lease {
        store: Arc::clone(store),
        path,
        holder: holder.clone(),
        renewing: Handle::current().spawn(renewing).abort_handle(),
        is_released: false,
    }))
}

/// Whether a load has a valid lease.
pub(crate) async fn is_locked(store: &dyn ObjectStore, path: &Path) -> Result<bool> {
    let found = read(store, path).await?;
    Ok(found.is_some_and(|found| found.expires > now()))
}

/// A lease as it is stored: `EXPIRES RUN HOST SINCE`, the first in seconds since 1970.
struct Found {
    holder: LockHolder,
    expires: Duration,
    version: UpdateVersion,
}

async fn read(store: &dyn ObjectStore, path: &Path) -> Result<Option<Found>> {
    let found = match store.get(path).await {
        Err(StoreError::NotFound { .. }) => return Ok(None),
        found => found?,
    };
    let version = UpdateVersion {
        e_tag: found.meta.e_tag.clone(),
        version: found.meta.version.clone(),
    };
    let text = String::from_utf8_lossy(&found.bytes().await?).into_owned();
    let (expires, holder) = text.split_once(' ').unwrap_or_default();
    Ok(Some(Found {
        holder: LockHolder::from_stored(holder),
        // One that cannot be read has expired.
        expires: Duration::from_secs(expires.parse().unwrap_or_default()),
        version,
    }))
}

async fn put(
    store: &dyn ObjectStore,
    path: &Path,
    contents: String,
    mode: PutMode,
) -> Result<PutResult> {
    let payload = PutPayload::from(contents.into_bytes());
    store.put_opts(path, payload, PutOptions::from(mode)).await
}

fn contents(holder: &LockHolder, expires: Duration) -> String {
    format!("{} {}", expires.as_secs(), holder.to_text())
}

fn version(put: PutResult) -> UpdateVersion {
    UpdateVersion {
        e_tag: put.e_tag,
        version: put.version,
    }
}

fn now() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

/// Renews a lease until another load has taken it over. A load whose lease was taken over fails when it publishes.
async fn renew(
    store: Arc<dyn ObjectStore>,
    path: Path,
    holder: LockHolder,
    mut last: UpdateVersion,
) {
    loop {
        tokio::time::sleep(RENEW).await;
        let text = contents(&holder, now() + LEASE);
        match put(&*store, &path, text.clone(), PutMode::Update(last.clone())).await {
            Ok(put) => last = version(put),
            Err(StoreError::NotFound { .. }) => return,
            Err(StoreError::Precondition { .. }) => match read(&*store, &path).await {
                // The answer to the last renewal was lost.
                Ok(Some(found)) if found.holder == holder => last = found.version,
                Ok(_) => return,
                // The next turn tries again.
                Err(_) => {}
            },
            Err(StoreError::NotImplemented { .. } | StoreError::NotSupported { .. }) => {
                match read(&*store, &path).await {
                    Ok(Some(found)) if found.holder != holder => return,
                    // The next turn tries again.
                    _ => drop(put(&*store, &path, text, PutMode::Overwrite).await),
                }
            }
            // The next turn tries again.
            Err(_) => {}
        }
    }
}

/// A lease that is held.
struct Lease {
    store: Arc<dyn ObjectStore>,
    path: Path,
    holder: LockHolder,
    renewing: AbortHandle,
    is_released: bool,
}

impl Lease {
    /// Stops the renewals, and returns the work that deletes the object. One that is left expires.
    fn end(&mut self) -> BoxFuture<'static, ()> {
        self.is_released = true;
        self.renewing.abort();
        let (store, path) = (Arc::clone(&self.store), self.path.clone());
        let holder = self.holder.clone();
        Box::pin(async move {
            for _ in 0..TRIES {
                let deleted = match read(&*store, &path).await {
                    Ok(Some(found)) if found.holder == holder => store.delete(&path).await,
                    Ok(_) => Ok(()),
                    Err(error) => Err(error),
                };
                if deleted.is_ok() {
                    break;
                }
            }
        })
    }
}

impl HeldLock for Lease {
    fn release(mut self: Box<Self>) -> BoxFuture<'static, ()> {
        self.end()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.is_released
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(self.end());
        }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;
    use rest_source::Timestamp;

    use super::*;

    fn holder(run: &str) -> LockHolder {
        LockHolder::of_run(run.to_owned(), Timestamp::EPOCH)
    }

    fn store() -> (Arc<dyn ObjectStore>, Path) {
        (Arc::new(InMemory::new()), Path::from("_locks/orders"))
    }

    #[tokio::test]
    async fn one_load_has_the_lease_until_it_releases_it() {
        let (store, path) = store();
        let first = lock(&store, path.clone(), &holder("1-a")).await.unwrap();
        let Locking::Held(first) = first else {
            panic!("{first:?}");
        };
        let second = lock(&store, path.clone(), &holder("2-b")).await.unwrap();
        assert!(matches!(second, Locking::Busy(other) if other == holder("1-a")));
        assert!(is_locked(&*store, &path).await.unwrap());
        first.release().await;
        assert!(!is_locked(&*store, &path).await.unwrap());
        let second = lock(&store, path.clone(), &holder("2-b")).await.unwrap();
        assert!(matches!(second, Locking::Held(_)));
    }

    #[tokio::test(start_paused = true)]
    async fn lease_is_renewed_while_it_is_held() {
        let (store, path) = store();
        let held = lock(&store, path.clone(), &holder("1-a")).await.unwrap();
        let first = read(&*store, &path).await.unwrap().unwrap().version.e_tag;
        tokio::time::sleep(RENEW * 2).await;
        let renewed = read(&*store, &path).await.unwrap().unwrap();
        assert_ne!(renewed.version.e_tag, first);
        assert_eq!(renewed.holder, holder("1-a"));
        drop(held);
    }

    #[tokio::test]
    async fn expired_lease_is_taken_over() {
        let (store, path) = store();
        let expired = contents(&holder("1-a"), Duration::from_secs(1));
        let left = put(&*store, &path, expired, PutMode::Create).await.unwrap();
        assert!(!is_locked(&*store, &path).await.unwrap());
        let taken = lock(&store, path.clone(), &holder("2-b")).await.unwrap();
        assert!(matches!(taken, Locking::Held(_)));
        assert!(is_locked(&*store, &path).await.unwrap());
        // The load that had it does not renew it any more.
        let late = contents(&holder("1-a"), now() + LEASE);
        let late = put(&*store, &path, late, PutMode::Update(version(left))).await;
        assert!(
            matches!(late, Err(StoreError::Precondition { .. })),
            "{late:?}"
        );
    }
}
