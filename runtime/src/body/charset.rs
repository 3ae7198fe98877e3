//! The charset of a body.

use encoding_rs::{DecoderResult, Encoding};

use super::{BodyError, utf8::Utf8};
use crate::error::{Error, ErrorKind, Result};

/// The decoder of a charset.
pub(super) enum Charset {
    Utf8(Utf8),
    Other {
        decoder: encoding_rs::Decoder,
        name: &'static str,
        /// Bytes decoded so far.
        read: u64,
    },
}

impl Charset {
    pub(super) fn new(name: Option<&str>) -> Result<Self> {
        let Some(name) = name else {
            return Ok(Self::Utf8(Utf8::default()));
        };
        let encoding = Encoding::for_label(name.as_bytes())
            .ok_or_else(|| Error::new(ErrorKind::Config, format!("unknown charset `{name}`")))?;
        Ok(Self::Other {
            decoder: encoding.new_decoder(),
            name: encoding.name(),
            read: 0,
        })
    }

    /// Appends the text of these bytes.
    pub(super) fn decode(&mut self, bytes: &[u8], text: &mut String) -> Result<(), BodyError> {
        match self {
            Self::Utf8(utf8) => utf8.decode(bytes, text),
            Self::Other { .. } => self.decode_other(bytes, text, false),
        }
    }

    /// Ends the text.
    pub(super) fn finish(&mut self) -> Result<(), BodyError> {
        match self {
            Self::Utf8(utf8) => utf8.finish(),
            Self::Other { .. } => self.decode_other(&[], &mut String::new(), true),
        }
    }

    fn decode_other(
        &mut self,
        bytes: &[u8],
        text: &mut String,
        is_last: bool,
    ) -> Result<(), BodyError> {
        let Self::Other {
            decoder,
            name,
            read,
        } = self
        else {
            return Ok(());
        };
        let most = decoder.max_utf8_buffer_length_without_replacement(bytes.len());
        text.reserve(most.unwrap_or(bytes.len()));
        let (result, taken) = decoder.decode_to_string_without_replacement(bytes, text, is_last);
        *read += taken as u64;
        match result {
            DecoderResult::InputEmpty => Ok(()),
            DecoderResult::Malformed(..) if is_last => Err(BodyError::incomplete(format!(
                "the response ends within a character of {name}"
            ))),
            DecoderResult::Malformed(..) => Err(BodyError::invalid(format!(
                "the response is not in {name}: byte {read} does not fit"
            ))),
            // There was room for all of it.
            DecoderResult::OutputFull => Err(BodyError::invalid(format!(
                "the response cannot be decoded from {name}"
            ))),
        }
    }
}
