//! HTTP exchanges: a transport that records them, and their texts and files, without secrets.

mod fetch_record;
mod raw;
mod recording;
mod redaction;
mod saved;

pub(crate) use self::{
    fetch_record::{FetchRecord, StartClock},
    raw::print_raw,
    recording::{Exchange, Outcome, Recording},
    redaction::{REDACTED, Redaction},
    saved::{PageFolder, SavedPage, SavedRequest, SavedResponse},
};
