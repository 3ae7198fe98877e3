//! The locks of resources.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
};

use rest_source::Result;

use super::{blocking, database::Database, lock};
use crate::{BoxFuture, HeldLock, LockHolder, Locking, ResourceKey};

/// The resources that loads of this process have locked, and by which load. It is changed only while the connection is
/// locked.
pub(super) type HeldKeys = Arc<Mutex<BTreeMap<ResourceKey, LockHolder>>>;

/// Locks a resource for one load.
pub(super) fn lock_resource<D: Database>(
    db: Arc<Mutex<D>>,
    held: HeldKeys,
    key: ResourceKey,
    holder: LockHolder,
) -> Result<Locking> {
    let mut connection = lock(&db);
    if let Some(other) = lock(&held).get(&key) {
        return Ok(Locking::Busy(other.clone()));
    }
    connection.check()?;
    if let Some(other) = connection.lock_resource(&key, &holder)? {
        return Ok(Locking::Busy(other));
    }
    lock(&held).insert(key.clone(), holder);
    drop(connection);
    Ok(Locking::Held(Box::new(SqlLock {
        db,
        held,
        key: Some(key),
    })))
}

/// The lock of a resource.
struct SqlLock<D: Database> {
    db: Arc<Mutex<D>>,
    held: HeldKeys,
    /// `None` once it is released.
    key: Option<ResourceKey>,
}

impl<D: Database> SqlLock<D> {
    /// Releases the lock, where that needs no waiting. Returns the key otherwise.
    fn release_now(&mut self) -> Option<ResourceKey> {
        let key = self.key.take()?;
        let Ok(mut db) = self.db.try_lock() else {
            lock(&self.held).remove(&key);
            return Some(key);
        };
        lock(&self.held).remove(&key);
        let is_released = db.release_resource(&key);
        (!is_released).then_some(key)
    }

    /// Releases the lock on a blocking thread.
    fn release_later(&self, key: ResourceKey) -> BoxFuture<'static, ()> {
        let (db, held) = (Arc::clone(&self.db), Arc::clone(&self.held));
        Box::pin(async move {
            let released = blocking(move || {
                let mut db = lock(&db);
                // Another load of this process may have locked it since.
                if lock(&held).contains_key(&key) {
                    return Ok(());
                }
                db.unlock_resource(&key)
            });
            // A database that cannot be reached has released the lock.
            let _ = released.await;
        })
    }
}

impl<D: Database> HeldLock for SqlLock<D> {
    fn release(mut self: Box<Self>) -> BoxFuture<'static, ()> {
        match self.release_now() {
            Some(key) => self.release_later(key),
            None => Box::pin(async {}),
        }
    }
}

impl<D: Database> Drop for SqlLock<D> {
    fn drop(&mut self) {
        let Some(key) = self.release_now() else {
            return;
        };
        // Outside of a runtime, the lock ends with the connection.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            // A task, so that a runtime that waits for its tasks waits for it.
            runtime.spawn(self.release_later(key));
        }
    }
}

impl<D: Database> fmt::Debug for SqlLock<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlLock")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
