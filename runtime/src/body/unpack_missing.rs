//! What a body is compressed in, without the feature `archives`: nothing.

use std::borrow::Cow;

use super::{BodyError, missing::missing};
use crate::{error::Result, plan::Compression};

/// The stage that decompresses a body.
pub(super) enum Unpack {
    Plain,
}

impl Unpack {
    pub(super) fn new(compression: &Compression) -> Result<Self> {
        if *compression == Compression::None {
            return Ok(Self::Plain);
        }
        Err(missing("compression", "archives"))
    }

    #[expect(clippy::unnecessary_wraps, reason = "with the feature it may fail")]
    pub(super) fn step(&mut self, bytes: &[u8]) -> Result<usize, BodyError> {
        match self {
            Self::Plain => Ok(bytes.len()),
        }
    }

    pub(super) fn take<'b>(&mut self, read: &'b [u8]) -> Cow<'b, [u8]> {
        match self {
            Self::Plain => Cow::Borrowed(read),
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "with the feature it may fail")]
    pub(super) fn finish(&mut self) -> Result<Vec<u8>, BodyError> {
        match self {
            Self::Plain => Ok(Vec::new()),
        }
    }

    pub(super) const fn is_archive(&self) -> bool {
        match self {
            Self::Plain => false,
        }
    }

    pub(super) const fn is_member_ended(&self) -> bool {
        self.is_archive()
    }

    pub(super) const fn member(&self) -> Option<&str> {
        match self {
            Self::Plain => None,
        }
    }
}
