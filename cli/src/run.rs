//! Running what waits for a network, until it is done or interrupted.

use std::{
    future::Future,
    pin::Pin,
    time::{Duration, Instant},
};

use crate::{
    interrupt::{Signals, TokenRequests},
    stop::Stop,
};

/// How long a request for a token may take to end after a signal.
const GRACE: Duration = Duration::from_secs(10);

/// How long anything else may take to end: a slow reader of stdout holds it up.
const PATIENCE: Duration = Duration::from_secs(2);

/// Work that can be interrupted: what to do, and what to say when it is not done to its end.
pub(crate) struct Work {
    pub(crate) doing: Pin<Box<dyn Future<Output = Result<(), Stop>> + Send>>,
    pub(crate) interrupted: &'static str,
    /// Its requests that may spend a refresh token.
    pub(crate) token_requests: TokenRequests,
}

/// Runs to the end, or to a signal. After one no request is sent, and waits end; a request for a token
/// that is in flight may still end, so that a refresh token that it brings is kept. A second signal ends
/// that, too.
///
/// The work has a thread of its own, so that a signal is handled while a slow reader of stdout holds the
/// work up.
pub(crate) fn to_the_end(work: Work) -> Result<(), Stop> {
    let failed = |error| Stop::failed(format!("cannot start: {error}"));
    let runtime = tokio::runtime::Runtime::new().map_err(failed)?;
    let (done, is_over) = runtime.block_on(async {
        let mut signals = Signals::new().map_err(failed)?;
        let mut task = tokio::spawn(work.doing);
        let done = tokio::select! {
            done = &mut task => {
                done.unwrap_or_else(|error| Err(Stop::failed(format!("cannot continue: {error}"))))
            }
            signal = signals.next() => {
                task.abort();
                Err(Stop::interrupted(signal, work.interrupted))
            }
        };
        let is_over = tokio::select! {
            () = all_ended(&work.token_requests) => false,
            _ = signals.next() => true,
        };
        Ok::<_, Stop>((done, is_over))
    })?;
    if is_over {
        runtime.shutdown_background();
    } else {
        runtime.shutdown_timeout(PATIENCE);
    }
    done
}

/// Until no task is left, or none that is worth waiting for.
async fn all_ended(token_requests: &TokenRequests) {
    let start = Instant::now();
    let metrics = tokio::runtime::Handle::current().metrics();
    while metrics.num_alive_tasks() > 0 {
        let patience = if token_requests.any() {
            GRACE
        } else {
            PATIENCE
        };
        if start.elapsed() > patience {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
