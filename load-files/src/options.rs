//! The options of the destination.

use std::time::Duration;

use crate::{Compression, Format};

/// How files are written.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) format: Format,
    /// The one that was chosen.
    pub(crate) compression: Option<Compression>,
    /// The bytes after which a file is completed, and another one begun.
    pub(crate) roll_at: u64,
    /// The columns whose values are in the paths of files.
    pub(crate) partition_by: Vec<String>,
    /// How long commits are held back, to be published together.
    pub(crate) publish_every: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            format: Format::JsonLines,
            compression: None,
            roll_at: 128 << 20,
            partition_by: Vec::new(),
            publish_every: Duration::from_secs(30),
        }
    }
}

impl Options {
    pub(crate) fn compression(&self) -> Compression {
        self.compression.unwrap_or(match self.format {
            Format::Parquet => Compression::Zstd,
            Format::JsonLines | Format::Csv => Compression::None,
        })
    }
}
