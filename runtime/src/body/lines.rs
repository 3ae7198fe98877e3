//! JSON lines, cut into batches at the ends of lines.

use memchr::{memchr_iter, memrchr};

use super::{BatchFormat, BodyError, text::TextFormat};

/// The lines of a body.
pub(super) struct Lines {
    /// Whole lines.
    text: String,
    /// The start of a line.
    rest: String,
    /// The number of the first line of the batch, from 1.
    first: u64,
    /// Whole lines in the batch.
    count: u64,
}

impl Lines {
    pub(super) const fn new() -> Self {
        Self {
            text: String::new(),
            rest: String::new(),
            first: 1,
            count: 0,
        }
    }
}

impl TextFormat for Lines {
    fn push(&mut self, piece: &str, most: usize) -> Result<(), BodyError> {
        match memrchr(b'\n', piece.as_bytes()) {
            None => self.rest.push_str(piece),
            Some(at) => {
                let (lines, rest) = piece.split_at(at + 1);
                self.count += memchr_iter(b'\n', lines.as_bytes()).count() as u64;
                self.text.push_str(&self.rest);
                self.text.push_str(lines);
                self.rest.clear();
                self.rest.push_str(rest);
            }
        }
        if self.rest.len() > most {
            let line = self.first + self.count;
            return Err(BodyError::too_large(
                &format!("line {line} of the response"),
                most,
            ));
        }
        Ok(())
    }

    /// Ends the body: its last line may have no end.
    fn finish(&mut self) -> Result<(), BodyError> {
        self.text.push_str(&std::mem::take(&mut self.rest));
        Ok(())
    }

    fn ready(&self) -> usize {
        self.text.len()
    }

    fn take(&mut self) -> (Vec<u8>, BatchFormat) {
        let line = self.first;
        self.first += std::mem::take(&mut self.count);
        let text = std::mem::take(&mut self.text);
        (text.into_bytes(), BatchFormat::Lines(line))
    }
}
