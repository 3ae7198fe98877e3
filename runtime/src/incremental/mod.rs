//! Fetching only what is new: where to start, what is in range, how far it came.

mod cursor;
mod future;
mod given;
mod in_range;
mod key;
mod per_parent;
mod range;
mod sieve;
mod text_order;
mod whose;

pub(crate) use future::FutureCursors;
pub(crate) use given::{Last, Request, range};
pub(crate) use key::KeyHash;
pub(crate) use per_parent::PerParent;
pub(crate) use range::Range;
pub(crate) use sieve::Sieve;
pub(crate) use whose::Whose;
