//! A body that is one JSON value, read whole.

use super::{BatchFormat, BodyError, text::TextFormat};

/// The text of the page so far.
#[derive(Default)]
pub(super) struct WholePage(String);

impl TextFormat for WholePage {
    fn push(&mut self, piece: &str, most: usize) -> Result<(), BodyError> {
        if self.0.len() + piece.len() > most {
            return Err(BodyError::too_large("the response", most));
        }
        self.0.push_str(piece);
        Ok(())
    }

    fn finish(&mut self) -> Result<(), BodyError> {
        Ok(())
    }

    /// Nothing before the end.
    fn ready(&self) -> usize {
        0
    }

    fn take(&mut self) -> (Vec<u8>, BatchFormat) {
        let page = std::mem::take(&mut self.0);
        (page.into_bytes(), BatchFormat::Page)
    }
}
