//! HTTP exchanges: a transport that records them, and their texts and files, without secrets.

mod raw;
mod recording;
mod redaction;
mod saved;

pub(crate) use self::{
    raw::print_raw,
    recording::{Exchange, Outcome, Recording},
    redaction::Redaction,
    saved::{PageFolder, SavedPage},
};
