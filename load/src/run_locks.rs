//! The locks of several resources: those of one load, from before its first request until its end.

use std::{
    fmt,
    time::{Duration, Instant},
};

use rest_source::{Error, ErrorKind, Result};

use crate::{Destination, HeldLock, LockHolder, Locking, ResourceKey};

/// How often a load that waits tries again.
const TRY_AGAIN: Duration = Duration::from_millis(300);

/// Whether a load waits for another one that has locked a resource, and whom it tells.
pub struct Waiting<'w> {
    most: Duration,
    tell: Box<dyn FnMut(&str) + Send + 'w>,
}

impl<'w> Waiting<'w> {
    /// Waits for so long, and calls this function with a line for each resource that another load has locked.
    pub fn new(most: Duration, tell: impl FnMut(&str) + Send + 'w) -> Self {
        Self {
            most,
            tell: Box::new(tell),
        }
    }
}

impl fmt::Debug for Waiting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiting")
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}

impl Default for Waiting<'_> {
    fn default() -> Self {
        Self {
            most: Duration::ZERO,
            tell: Box::new(|_| ()),
        }
    }
}

/// The locks of several resources, which are held until they are [released](Self::release) or dropped.
#[derive(Debug, Default)]
pub struct ResourceLocks(Vec<Box<dyn HeldLock>>);

impl ResourceLocks {
    /// Locks these resources in a destination.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Locked`] if another load has locked one of them for longer than the wait; or when the destination cannot
    /// be reached.
    pub async fn lock<D: Destination + ?Sized>(
        destination: &D,
        mut keys: Vec<ResourceKey>,
        holder: &LockHolder,
        waiting: &mut Waiting<'_>,
    ) -> Result<Self> {
        // In the same order by all loads, so that two that wait do not wait for each other.
        keys.sort_unstable();
        let begun = Instant::now();
        let mut locks = Self::default();
        for key in &keys {
            let mut is_told = false;
            loop {
                let locking = destination.lock(key, holder).await;
                let other =
                    match locking.map_err(|error| error.with_resource(key.resource.clone()))? {
                        Locking::Held(lock) => {
                            locks.0.push(lock);
                            break;
                        }
                        Locking::Busy(other) => other,
                    };
                let left = waiting.most.saturating_sub(begun.elapsed());
                if left.is_zero() {
                    return Err(locked(key, &other, waiting.most));
                }
                if !std::mem::replace(&mut is_told, true) {
                    let what = busy(key, &other);
                    (waiting.tell)(&format!("waiting: {what}"));
                }
                tokio::time::sleep(TRY_AGAIN.min(left)).await;
            }
        }
        Ok(locks)
    }

    /// Releases the locks.
    pub async fn release(mut self) {
        for lock in self.0.drain(..) {
            lock.release().await;
        }
    }
}

fn busy(key: &ResourceKey, holder: &LockHolder) -> String {
    let settings = match &*key.part {
        "" => String::new(),
        part => format!(" ({})", part.replace('\n', ", ")),
    };
    format!(
        "`{}`{settings} is being loaded into the same destination by {holder}",
        key.resource
    )
}

fn locked(key: &ResourceKey, holder: &LockHolder, waited: Duration) -> Error {
    let error = Error::new(ErrorKind::Locked, busy(key, holder));
    let error = if waited.is_zero() {
        error
    } else {
        error.with_detail(format!("waited for it for {} s", waited.as_secs()))
    };
    error.with_help(
        "run it again when the other load has ended, or let it wait by `--wait` (`wait()`)",
    )
}
