//! UTF-8, however its bytes arrive.

use super::BodyError;
use crate::decode::not_utf8;

#[derive(Default)]
pub(super) struct Utf8 {
    /// The start of a character.
    rest: Vec<u8>,
    /// Bytes before it.
    read: u64,
}

impl Utf8 {
    /// Appends the text of these bytes.
    pub(super) fn decode(&mut self, bytes: &[u8], text: &mut String) -> Result<(), BodyError> {
        if self.rest.is_empty() {
            let rest = self.valid(bytes, text)?;
            self.rest.extend_from_slice(rest);
            return Ok(());
        }
        let mut joined = std::mem::take(&mut self.rest);
        joined.extend_from_slice(bytes);
        let rest = self.valid(&joined, text)?.to_vec();
        self.rest = rest;
        Ok(())
    }

    /// Appends all whole characters, and returns the start of one.
    fn valid<'b>(&mut self, bytes: &'b [u8], text: &mut String) -> Result<&'b [u8], BodyError> {
        let error = match str::from_utf8(bytes) {
            Ok(all) => {
                self.read += all.len() as u64;
                text.push_str(all);
                return Ok(&[]);
            }
            Err(error) => error,
        };
        let (whole, rest) = bytes.split_at(error.valid_up_to());
        self.read += whole.len() as u64;
        if error.error_len().is_some() {
            return Err(not_utf8(self.read).into());
        }
        text.push_str(str::from_utf8(whole).unwrap_or_default());
        Ok(rest)
    }

    /// Ends the text.
    pub(super) fn finish(&self) -> Result<(), BodyError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(BodyError::incomplete(
                "the response ends within a character",
            ))
        }
    }
}
