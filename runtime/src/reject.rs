//! Records that the schema contract sets aside.

/// A record that `schema_contract: {data_type: discard_row}` set aside, of a fetch that
/// [keeps](crate::Fetch::keep_rejects) them. [`Client::read_reject`](crate::Client::read_reject) reads it again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reject {
    /// The first value that does not fit: its place, what was expected, and what was found.
    pub reason: String,
    /// The line of its column in the spec; 0 if the record itself does not fit.
    pub line: u32,
    /// The request whose response has it.
    pub request: String,
    /// The record as JSON, with secrets redacted.
    pub record: String,
    /// The columns that are not part of a response, as JSON: values of the parent's record, settings and constants.
    pub included: String,
}

impl Reject {
    /// A record that was stored.
    pub fn new(record: impl Into<String>, included: impl Into<String>) -> Self {
        Self {
            record: record.into(),
            included: included.into(),
            ..Self::default()
        }
    }

    /// Its memory, in bytes.
    pub fn bytes(&self) -> usize {
        let Self {
            reason,
            line,
            request,
            record,
            included,
        } = self;
        let texts = [reason, request, record, included];
        let texts: usize = texts.iter().map(|text| text.len()).sum();
        texts + size_of_val(line)
    }
}
