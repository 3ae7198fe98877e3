//! Bodies that a type of the user's own decodes.

use super::{BatchFormat, BodyError, RecordFormat, json::JsonRows};
use crate::{
    error::Result,
    hooks::{BoxError, DecodeBody, DecoderHook, Named, RecordSink},
};

/// A decoder of the user's own.
pub(super) struct Custom {
    hook: Named<DecoderHook>,
    decoder: Box<dyn DecodeBody>,
    /// The records so far.
    rows: JsonRows,
    /// The most bytes of a record.
    most: usize,
}

impl Custom {
    pub(super) fn new(hook: Named<DecoderHook>, most: usize) -> Result<Self> {
        Ok(Self {
            decoder: hook.make()?,
            hook,
            rows: JsonRows::default(),
            most,
        })
    }

    fn call(
        &mut self,
        call: impl FnOnce(&mut dyn DecodeBody, &mut RecordSink<'_>) -> Result<(), BoxError>,
    ) -> Result<(), BodyError> {
        let rows = &mut self.rows;
        let mut records = RecordSink::new(&mut rows.text, &mut rows.count, self.most);
        let called = self.hook.call(|| call(&mut *self.decoder, &mut records));
        called.map_err(|(error, is_incomplete)| BodyError {
            error,
            is_incomplete,
        })
    }
}

impl RecordFormat for Custom {
    fn push(&mut self, bytes: &[u8]) -> Result<(), BodyError> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.call(|decoder, records| decoder.push(bytes, records))
    }

    fn finish(&mut self) -> Result<(), BodyError> {
        self.call(|decoder, records| decoder.finish(records))
    }

    fn ready(&self) -> usize {
        self.rows.ready()
    }

    fn take(&mut self) -> (Vec<u8>, BatchFormat) {
        self.rows.take()
    }
}
