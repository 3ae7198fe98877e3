//! Incremental fetches: where a fetch starts, which records it delivers, and the state that it saves.

mod checkpoint_tracker;
mod cursor;
mod cursor_filter;
mod cursor_range;
mod dedup_key;
mod future;
mod merge;
mod partition_checkpoints;
mod record_filter;
mod resume;
mod state_edit;
mod state_scope;
mod text_order;
mod windows;

pub(crate) use cursor_range::{CursorRange, cursor};
pub(crate) use dedup_key::KeyHash;
pub(crate) use future::FutureCursors;
pub(crate) use merge::merge_states;
pub(crate) use partition_checkpoints::PartitionCheckpoints;
pub(crate) use record_filter::RecordFilter;
pub(crate) use resume::{RangeEnds, Request, ResumePoint, mismatch, range};
pub(crate) use state_scope::StateScope;
pub(crate) use windows::{Window, Windows};
