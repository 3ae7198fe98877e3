//! The formats of data files.

mod csv;
mod jsonl;
#[cfg(feature = "parquet")]
mod parquet;
mod text;

use std::path::Path;

use rest_source::{Column, Error, ErrorKind, Item, Result, Value};

use crate::{keys::Positions, layout::Layout};

/// The format of data files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// JSON Lines: an object per line.
    JsonLines,
    /// CSV (RFC 4180), with a header.
    Csv,
    /// Parquet, compressed by Zstandard unless another compression is chosen. It needs the feature `parquet`.
    Parquet,
}

impl Format {
    /// The word for it: `jsonl`, `csv` or `parquet`.
    pub fn word(self) -> &'static str {
        match self {
            Self::JsonLines => "jsonl",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }
}

/// The compression of data files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compression {
    /// None.
    None,
    /// Gzip, with the ending `.gz`.
    Gzip,
    /// Zstandard, with the ending `.zst`. It needs the feature `zstd`.
    Zstd,
}

/// The ending of the names of files.
pub(crate) fn ending(format: Format, compression: Compression) -> String {
    let compressed = match compression {
        // Each column is compressed, not the file.
        _ if format == Format::Parquet => "",
        Compression::None => "",
        Compression::Gzip => ".gz",
        Compression::Zstd => ".zst",
    };
    format!(".{}{compressed}", format.word())
}

/// The ending of the name of a file that is not published yet.
pub(crate) const STAGED: &str = ".tmp";

/// The compression of a text file, by its name.
fn compression_of(path: &Path) -> Compression {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let name = name.strip_suffix(STAGED).unwrap_or(name);
    match name.rsplit_once('.') {
        Some((_, "gz")) => Compression::Gzip,
        Some((_, "zst")) => Compression::Zstd,
        _ => Compression::None,
    }
}

/// Checks that this build can write such files.
pub(crate) fn check(format: Format, compression: Compression) -> Result<()> {
    let missing = |what: &str, feature: &str| {
        let message = format!("this build does not {what}");
        let help = format!("enable the feature `{feature}` of the crate `rest-source-load-files`");
        Err(Error::new(ErrorKind::Config, message).with_help(help))
    };
    if format == Format::Parquet && compression == Compression::Gzip {
        return Err(
            Error::new(ErrorKind::Config, "Parquet is not compressed by gzip")
                .with_help("choose `Compression::Zstd`, or `Compression::None`"),
        );
    }
    if format == Format::Parquet && !cfg!(feature = "parquet") {
        return missing("write Parquet", "parquet");
    }
    if compression == Compression::Zstd && !cfg!(feature = "zstd") {
        return missing("compress by zstd", "zstd");
    }
    Ok(())
}

/// A value to be written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cell<'p> {
    /// Of a record.
    Item(Item<'p>),
    /// Of the load.
    Value(Value<'p>),
}

impl<'p> Cell<'p> {
    pub(crate) fn value(&self) -> Value<'p> {
        match self {
            Self::Item(item) => item.value(),
            Self::Value(value) => *value,
        }
    }
}

/// Writes rows to a local file.
pub(crate) trait Encoder: Send {
    /// Writes a row: a cell for each written column.
    fn write(&mut self, row: &[Cell<'_>]) -> Result<()>;

    /// The bytes written so far, roughly.
    fn bytes(&self) -> u64;

    /// Completes the file.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// An encoder of a new file.
pub(crate) fn create(
    format: Format,
    compression: Compression,
    layout: &Layout,
    path: &Path,
) -> Result<Box<dyn Encoder>> {
    let file = || text::TextFile::create(path, compression);
    Ok(match format {
        Format::JsonLines => Box::new(jsonl::JsonLines::new(layout, file()?)),
        Format::Csv => Box::new(csv::Csv::new(layout, file()?)?),
        #[cfg(feature = "parquet")]
        Format::Parquet => Box::new(parquet::Parquet::new(layout, path, compression)?),
        #[cfg(not(feature = "parquet"))]
        Format::Parquet => return Err(unsupported()),
    })
}

/// A file to be copied, and the rows that are left out.
#[derive(Debug)]
pub(crate) struct Copied<'a> {
    pub(crate) path: &'a Path,
    pub(crate) dropped: &'a Positions,
}

/// Writes the rows of files of the same columns to one new file, as they are.
pub(crate) fn copy(
    format: Format,
    compression: Compression,
    from: &[Copied<'_>],
    to: &Path,
) -> Result<()> {
    #[cfg(feature = "parquet")]
    if format == Format::Parquet {
        return parquet::copy(from, to, compression);
    }
    let mut file = text::TextFile::create(to, compression)?;
    for (at, copied) in from.iter().enumerate() {
        match format {
            Format::JsonLines => jsonl::copy(copied, &mut file)?,
            Format::Csv => csv::copy(copied, at == 0, &mut file)?,
            Format::Parquet => return Err(unsupported()),
        }
    }
    file.finish()
}

/// The stored form of a column's type, where it depends on the format.
pub(crate) fn stored_type(format: Format, column: &Column) -> Option<String> {
    #[cfg(feature = "parquet")]
    if format == Format::Parquet {
        return Some(rest_source_arrow::field(column).data_type().to_string());
    }
    let _ = (format, column);
    None
}

/// [`check`] rejects it before a load begins.
fn unsupported() -> Error {
    Error::new(ErrorKind::Config, "this build does not write Parquet")
}
