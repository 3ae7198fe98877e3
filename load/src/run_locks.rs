//! The locks of one load: those of all its resources, from before its first request until its end.

use std::time::{Duration, Instant};

use rest_source::{Error, ErrorKind, Result};

use crate::{Destination, HeldLock, LockHolder, Locking, ResourceKey};

/// How often a load that waits tries again.
const TRY_AGAIN: Duration = Duration::from_millis(300);

/// Whether a load waits for another one that has locked a resource, and whom it tells.
pub(crate) struct Waiting<'w> {
    /// The longest wait.
    pub(crate) most: Duration,
    /// Called once for each resource that another load has locked.
    pub(crate) tell: Box<dyn FnMut(&str) + Send + 'w>,
}

impl Default for Waiting<'_> {
    fn default() -> Self {
        Self {
            most: Duration::ZERO,
            tell: Box::new(|_| ()),
        }
    }
}

/// Locks that are held. Dropped, they are released without a wait.
#[derive(Debug, Default)]
pub(crate) struct RunLocks(Vec<Box<dyn HeldLock>>);

impl RunLocks {
    /// Locks these resources.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Locked`] if another load has locked one of them for longer than the wait.
    pub(crate) async fn lock<D: Destination + ?Sized>(
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

    pub(crate) async fn release(mut self) {
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
