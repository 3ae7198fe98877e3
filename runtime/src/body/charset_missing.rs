//! The charset of a body without the feature `charsets`: UTF-8.

use super::{BodyError, missing::missing, utf8::Utf8};
use crate::error::Result;

/// The decoder of a charset.
pub(super) struct Charset(Utf8);

impl Charset {
    pub(super) fn new(name: Option<&str>) -> Result<Self> {
        match name {
            None => Ok(Self(Utf8::default())),
            Some(name) => Err(missing(&format!("charset: {name}"), "charsets")),
        }
    }

    pub(super) fn decode(&mut self, bytes: &[u8], text: &mut String) -> Result<(), BodyError> {
        self.0.decode(bytes, text)
    }

    pub(super) fn finish(&mut self) -> Result<(), BodyError> {
        self.0.finish()
    }
}
