//! The clock, injected so that tests wait without waiting.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use crate::future::BoxFuture;

/// What tells the time and waits. The default is [`SystemClock`]; a test gives one of its own.
pub trait Clock: Send + Sync + 'static {
    /// The time of day, to compare with the dates that servers send.
    fn now(&self) -> SystemTime;

    /// Time since the clock was made. It never goes back.
    fn elapsed(&self) -> Duration;

    /// Waits this long.
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()>;
}

/// The system's clock. Waiting needs a tokio runtime with its timer enabled.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock that starts now.
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> SystemTime {
        (**self).now()
    }

    fn elapsed(&self) -> Duration {
        (**self).elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        (**self).sleep(duration)
    }
}

pub(crate) mod manual {
    //! A clock that moves only when someone waits.

    use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

    use super::{BoxFuture, Clock, Duration, SystemTime};

    /// A clock for tests: it moves only when someone waits, and remembers the waits. Clones are the same
    /// clock.
    #[derive(Clone, Debug)]
    pub struct ManualClock {
        start: SystemTime,
        state: Arc<Mutex<State>>,
    }

    #[derive(Debug, Default)]
    struct State {
        elapsed: Duration,
        waits: Vec<Duration>,
    }

    impl ManualClock {
        /// A clock that shows this time.
        pub fn starting_at(start: SystemTime) -> Self {
            Self {
                start,
                state: Arc::default(),
            }
        }

        /// Lets this much time pass.
        pub fn advance(&self, duration: Duration) {
            let mut state = self.lock();
            state.elapsed = state.elapsed.saturating_add(duration);
        }

        /// How long each wait was, in order, without those that took no time.
        pub fn waits(&self) -> Vec<Duration> {
            self.lock().waits.clone()
        }

        fn lock(&self) -> MutexGuard<'_, State> {
            self.state.lock().unwrap_or_else(PoisonError::into_inner)
        }

        fn wait_until(&self, time: Duration) {
            let mut state = self.lock();
            state.elapsed = state.elapsed.max(time);
        }
    }

    /// A clock that shows January 2027.
    impl Default for ManualClock {
        fn default() -> Self {
            Self::starting_at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000))
        }
    }

    impl Clock for ManualClock {
        fn now(&self) -> SystemTime {
            let now = self.start.checked_add(self.elapsed());
            now.unwrap_or(self.start)
        }

        fn elapsed(&self) -> Duration {
            self.lock().elapsed
        }

        fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
            let end = self.elapsed().saturating_add(duration);
            if !duration.is_zero() {
                self.lock().waits.push(duration);
            }
            Box::pin(async move {
                tokio::task::yield_now().await;
                self.wait_until(end);
            })
        }
    }
}
