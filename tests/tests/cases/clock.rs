//! The time of a case: it passes when somebody waits.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use rest_source::{Clock, transport::BoxFuture};

/// 2026-06-01T00:00:00Z.
const START: Duration = Duration::from_secs(1_780_272_000);

/// A clock whose waits are over at once. Clones are the same clock.
#[derive(Clone, Debug, Default)]
pub(crate) struct CaseClock(Arc<Mutex<Duration>>);

impl CaseClock {
    pub(crate) fn advance(&self, duration: Duration) {
        let mut elapsed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *elapsed = elapsed.saturating_add(duration);
    }

    pub(crate) fn since_epoch(&self) -> Duration {
        START + self.elapsed()
    }
}

impl Clock for CaseClock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + self.since_epoch()
    }

    fn elapsed(&self) -> Duration {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        let end = self.elapsed().saturating_add(duration);
        Box::pin(async move {
            tokio::task::yield_now().await;
            let mut elapsed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            *elapsed = end.max(*elapsed);
        })
    }
}
