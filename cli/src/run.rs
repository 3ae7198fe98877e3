//! Running what waits for a network, until it is done or interrupted.

use std::{future::Future, pin::Pin, time::Duration};

use crate::stop::Stop;

/// How long work that was interrupted may take to end.
const GRACE: Duration = Duration::from_secs(2);

/// Work that can be interrupted: what to do, and what to say when it is not done to its end.
pub(crate) struct Work {
    pub(crate) doing: Pin<Box<dyn Future<Output = Result<(), Stop>> + Send>>,
    pub(crate) interrupted: &'static str,
}

/// Runs to the end, or to Ctrl-C.
///
/// The work has a thread of its own, so that an interruption is heard while a slow reader of stdout
/// holds it up.
pub(crate) fn to_the_end(work: Work) -> Result<(), Stop> {
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Stop::failed(format!("cannot start: {error}")))?;
    let done = runtime.block_on(async {
        let mut task = tokio::spawn(work.doing);
        tokio::select! {
            done = &mut task => {
                done.unwrap_or_else(|error| Err(Stop::failed(format!("cannot go on: {error}"))))
            }
            Ok(()) = tokio::signal::ctrl_c() => {
                task.abort();
                // A token endpoint that is asked now may have spent the refresh token: its answer is
                // waited for, and kept.
                let _ = tokio::time::timeout(GRACE, all_ended()).await;
                Err(Stop::interrupted(work.interrupted))
            }
        }
    });
    runtime.shutdown_timeout(GRACE);
    done
}

/// Until no task is left.
async fn all_ended() {
    let metrics = tokio::runtime::Handle::current().metrics();
    while metrics.num_alive_tasks() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
