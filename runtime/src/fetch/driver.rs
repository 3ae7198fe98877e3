//! Runs a fetch: the state machine's hands.

use tokio::sync::mpsc;

use super::{
    Job,
    streams::{Delivery, SharedReport},
};
use crate::{Error, ErrorKind};

/// Fetches to the end, or until the stream is dropped.
pub(super) async fn run(job: Job, stream: mpsc::Sender<Delivery>, report: SharedReport) {
    report.lock().note("nothing is fetched yet");
    let error = job.error(Error::new(
        ErrorKind::Transport,
        "fetching is under construction",
    ));
    // The stream may be gone: there is no one to tell then.
    let _ = stream.send(Delivery::Failure(error)).await;
}
