//! A type of the user's own that decodes bodies while they arrive.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
};

use serde::Serialize;

use super::{BoxError, Named};
use crate::{Error, ErrorKind, Result};

/// Decodes the bodies of a resource while they arrive: `decoder: { type: custom, rust: crate::Samples }`.
///
/// A value is made by `Default` for each body, and for each member of a zip archive. It gets the bytes in pieces of any
/// size, up to 32 KiB, without their `Content-Encoding` and `compression`, and keeps what it needs of them until a record
/// is complete. The columns check each record, as those of a JSON API. A body of any size takes the memory of a record
/// and of what the type keeps.
///
/// ```
/// use rest_source::hooks::{BoxError, DecodeBody, RecordSink};
/// use serde_json::json;
///
/// /// Samples of eight bytes each: the time and the value, as little-endian `u32`.
/// #[derive(Default)]
/// pub struct Samples(Vec<u8>);
///
/// impl DecodeBody for Samples {
///     fn push(&mut self, bytes: &[u8], records: &mut RecordSink<'_>) -> Result<(), BoxError> {
///         self.0.extend_from_slice(bytes);
///         let mut samples = self.0.chunks_exact(8);
///         for sample in &mut samples {
///             let (at, value) = sample.split_at(4);
///             let at = u32::from_le_bytes(at.try_into()?);
///             let value = u32::from_le_bytes(value.try_into()?);
///             records.push(&json!({ "at": at, "value": value }))?;
///         }
///         self.0 = samples.remainder().to_vec();
///         Ok(())
///     }
///
///     fn finish(&mut self, _: &mut RecordSink<'_>) -> Result<(), BoxError> {
///         match self.0.len() {
///             0 => Ok(()),
///             _ => Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()),
///         }
///     }
/// }
/// ```
///
/// # Errors
///
/// Both methods may fail: the error ends the fetch, after the records before it were delivered. A
/// [`std::io::Error`] of the kind `UnexpectedEof` means that the body was cut: it is requested again, as after a lost
/// connection. An [`Error`] of this crate keeps its kind. A panic is an error of [`ErrorKind::Hook`], too.
pub trait DecodeBody: Send {
    /// Takes the next bytes of the body, and gives the records that end in them to `records`.
    #[expect(clippy::missing_errors_doc, reason = "the trait documents them")]
    fn push(&mut self, bytes: &[u8], records: &mut RecordSink<'_>) -> Result<(), BoxError>;

    /// Ends the body, and gives the records that are left to `records`.
    #[expect(clippy::missing_errors_doc, reason = "the trait documents them")]
    fn finish(&mut self, records: &mut RecordSink<'_>) -> Result<(), BoxError>;
}

/// Receives the records of a [`DecodeBody`].
#[derive(Debug)]
pub struct RecordSink<'a> {
    /// The records as JSON, each with a line break.
    json: &'a mut Vec<u8>,
    count: &'a mut u64,
    /// The most bytes of a record as JSON.
    most: usize,
}

impl<'a> RecordSink<'a> {
    pub(crate) const fn new(json: &'a mut Vec<u8>, count: &'a mut u64, most: usize) -> Self {
        Self { json, count, most }
    }

    /// Takes a record: anything that serde serializes, usually as a map. Numbers that JSON does not have, such as
    /// infinity, are null.
    ///
    /// # Errors
    ///
    /// When it cannot be serialized as JSON, or has more bytes than `client.max_response_bytes`.
    pub fn push(&mut self, record: &(impl Serialize + ?Sized)) -> Result<(), BoxError> {
        let start = self.json.len();
        let written = serde_json::to_writer(&mut *self.json, record);
        let is_too_long = self.json.len() - start > self.most;
        if written.is_err() || is_too_long {
            self.json.truncate(start);
        }
        written?;
        if is_too_long {
            let record = *self.count + 1;
            let message = format!(
                "record {record} of the response is longer than {} bytes (`max_response_bytes`)",
                self.most
            );
            let help = "raise `client.max_response_bytes`: of a body with a `decoder`, it bounds each record";
            return Err(Error::new(ErrorKind::Response, message)
                .with_help(help)
                .into());
        }
        self.json.push(b'\n');
        *self.count += 1;
        Ok(())
    }
}

/// Makes a decoder of a type.
#[derive(Clone, Copy)]
pub struct DecoderHook(fn() -> Box<dyn DecodeBody>);

impl DecoderHook {
    /// Of this type.
    pub const fn of<D: DecodeBody + Default + 'static>() -> Self {
        Self(|| Box::<D>::default())
    }
}

impl fmt::Debug for DecoderHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DecoderHook")
    }
}

impl Named<DecoderHook> {
    /// A decoder for a body.
    ///
    /// # Errors
    ///
    /// When `Default` panics.
    pub(crate) fn make(&self) -> Result<Box<dyn DecodeBody>> {
        self.outcome(catch_unwind(|| Ok((self.hook.0)())))
    }

    /// The result of a call of the decoder, and whether its error means that the body was cut.
    pub(crate) fn call(
        &self,
        call: impl FnOnce() -> Result<(), BoxError>,
    ) -> Result<(), (Error, bool)> {
        let called = catch_unwind(AssertUnwindSafe(call));
        let is_cut = matches!(&called, Ok(Err(error)) if is_cut(error));
        self.outcome(called).map_err(|error| (error, is_cut))
    }
}

fn is_cut(error: &BoxError) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::UnexpectedEof)
}
