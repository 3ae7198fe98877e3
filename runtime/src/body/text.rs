//! The text of a body: its charset, byte order mark and prefix.

use super::{BatchFormat, BodyError, RecordFormat, charset::Charset};
use crate::{error::Result, plan::Decoder, shared::Text};

const BYTE_ORDER_MARK: char = '\u{feff}';

/// The stage between the bytes of a body and its format.
pub(super) struct TextStage {
    charset: Charset,
    prefix: Text,
    /// The start of the text, until it is known whether it is the prefix.
    head: Option<String>,
}

impl TextStage {
    pub(super) fn new(plan: &Decoder) -> Result<Self> {
        Ok(Self {
            charset: Charset::new(plan.charset.as_deref())?,
            prefix: plan.strip_prefix.clone().unwrap_or_default(),
            head: Some(String::new()),
        })
    }

    /// Appends the text of these bytes.
    pub(super) fn push(&mut self, bytes: &[u8], text: &mut String) -> Result<(), BodyError> {
        let Some(head) = &mut self.head else {
            return self.charset.decode(bytes, text);
        };
        self.charset.decode(bytes, head)?;
        if head.len() >= BYTE_ORDER_MARK.len_utf8() + self.prefix.len() {
            self.end_head(text);
        }
        Ok(())
    }

    /// Appends what is left at the end.
    pub(super) fn finish(&mut self, text: &mut String) -> Result<(), BodyError> {
        self.charset.finish()?;
        self.end_head(text);
        Ok(())
    }

    /// Leaves out the byte order mark and the prefix. An API that sends the prefix may leave it out of some responses.
    fn end_head(&mut self, text: &mut String) {
        let head = self.head.take().unwrap_or_default();
        let head = head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&head);
        text.push_str(head.strip_prefix(&*self.prefix).unwrap_or(head));
    }
}

/// The records of a body that is text.
pub(super) trait TextFormat: Send {
    /// Takes a piece of the text, with records of at most this many bytes.
    fn push(&mut self, piece: &str, most: usize) -> Result<(), BodyError>;

    /// Ends the body.
    fn finish(&mut self) -> Result<(), BodyError>;

    /// How many bytes of whole records are ready.
    fn ready(&self) -> usize;

    /// The whole records so far, as JSON.
    fn take(&mut self) -> (Vec<u8>, BatchFormat);
}

/// A format of text, and what makes text of its bytes.
pub(super) struct DecodedText<F> {
    pub(super) stage: TextStage,
    /// What was decoded of a piece.
    pub(super) text: String,
    pub(super) format: F,
    /// The most bytes of a record.
    pub(super) most: usize,
}

impl<F: TextFormat> DecodedText<F> {
    /// Passes the decoded text on to the format, and then a mistake that comes after it.
    fn pass_on(&mut self, decoded: Result<(), BodyError>) -> Result<(), BodyError> {
        self.format.push(&self.text, self.most)?;
        self.text.clear();
        decoded
    }
}

impl<F: TextFormat> RecordFormat for DecodedText<F> {
    fn push(&mut self, bytes: &[u8]) -> Result<(), BodyError> {
        let decoded = self.stage.push(bytes, &mut self.text);
        self.pass_on(decoded)
    }

    fn finish(&mut self) -> Result<(), BodyError> {
        let decoded = self.stage.finish(&mut self.text);
        self.pass_on(decoded)?;
        self.format.finish()
    }

    fn ready(&self) -> usize {
        self.format.ready()
    }

    fn take(&mut self) -> (Vec<u8>, BatchFormat) {
        self.format.take()
    }
}
