//! What a body is compressed in.

use std::borrow::Cow;

use super::{BodyError, zip::Zip};
use crate::{
    error::Result,
    gunzip::{Gunzip, GzipError},
    plan::Compression,
};

/// The stage that decompresses a body.
pub(super) enum Unpack {
    Plain,
    /// And whether it has read anything.
    Gzip(Box<Gunzip>, bool),
    Zip(Box<Zip>),
}

impl Unpack {
    #[expect(
        clippy::unnecessary_wraps,
        reason = "without the feature it is an error"
    )]
    pub(super) fn new(compression: &Compression) -> Result<Self> {
        Ok(match compression {
            Compression::None => Self::Plain,
            Compression::Gzip => Self::Gzip(Box::new(Gunzip::new(usize::MAX)), false),
            Compression::Zip { members } => Self::Zip(Box::new(Zip::new(members.as_ref()))),
        })
    }

    /// Reads some of these bytes, and returns how many.
    pub(super) fn step(&mut self, bytes: &[u8]) -> Result<usize, BodyError> {
        match self {
            Self::Plain => Ok(bytes.len()),
            Self::Gzip(gunzip, has_read) => {
                *has_read |= !bytes.is_empty();
                gunzip.step(bytes).map_err(failed)
            }
            Self::Zip(zip) => zip.step(bytes),
        }
    }

    /// What the last step made of the bytes that it read.
    pub(super) fn take<'b>(&mut self, read: &'b [u8]) -> Cow<'b, [u8]> {
        match self {
            Self::Plain => Cow::Borrowed(read),
            Self::Gzip(gunzip, _) => Cow::Owned(gunzip.take()),
            Self::Zip(zip) => Cow::Owned(std::mem::take(&mut zip.decoded)),
        }
    }

    /// Whether it is an archive, whose members are bodies.
    pub(super) const fn is_archive(&self) -> bool {
        matches!(self, Self::Zip(_))
    }

    /// Whether the last step ended a member of an archive.
    pub(super) fn is_member_ended(&self) -> bool {
        matches!(self, Self::Zip(zip) if zip.is_member_ended)
    }

    /// The name of the member of an archive.
    pub(super) fn member(&self) -> Option<&str> {
        match self {
            // Between members, and before the first, there is no name.
            Self::Zip(zip) => Some(zip.name.as_str()).filter(|name| !name.is_empty()),
            Self::Plain | Self::Gzip(..) => None,
        }
    }

    /// The last bytes, at the end of the body.
    pub(super) fn finish(&mut self) -> Result<Vec<u8>, BodyError> {
        match self {
            Self::Plain => Ok(Vec::new()),
            Self::Gzip(_, false) => Err(failed(GzipError::Incomplete)),
            Self::Gzip(gunzip, true) => std::mem::replace(&mut **gunzip, Gunzip::new(0))
                .finish()
                .map_err(failed),
            Self::Zip(zip) => zip.finish().map(|()| Vec::new()),
        }
    }
}

fn failed(error: GzipError) -> BodyError {
    match error {
        GzipError::Incomplete => {
            BodyError::incomplete("the response ended before its gzip data did")
        }
        GzipError::TooLarge => BodyError::invalid("the response is too large"),
        GzipError::Corrupt(cause) => {
            BodyError::invalid(format!("the response cannot be read as gzip: {cause}")).with_help(
                "if the response is not a gzip file, remove `compression: gzip`: a `Content-Encoding` is decoded \
                 without it",
            )
        }
    }
}
