//! Parquet, by Arrow: nested structs, lists and maps, statistics, zstd.

use std::{fs::File, path::Path, sync::Arc};

use arrow_array::{BooleanArray, RecordBatch};
use arrow_schema::{ArrowError, Field, Schema};
use arrow_select::filter::filter_record_batch;
use parquet::{
    arrow::{ArrowWriter, arrow_reader::ParquetRecordBatchReaderBuilder},
    basic::{Compression as Codec, ZstdLevel},
    errors::ParquetError,
    file::properties::WriterProperties,
};
use rest_source::{Error, ErrorKind, Result};
use rest_source_arrow::{ColumnBuilder, field};

use super::{Cell, Compression, Copied, Encoder};
use crate::{layout::Layout, storage::failed};

/// The rows of a batch.
const BATCH_ROWS: usize = 8_192;
/// The bytes of texts after which a batch is written, before it has all its rows.
const BATCH_BYTES: usize = 32 << 20;
/// The bytes in memory after which a row group is written.
const GROUP_BYTES: usize = 64 << 20;

pub(super) struct Parquet {
    file: ParquetFile,
    columns: Vec<ColumnBuilder>,
    rows: usize,
    /// The bytes of the batch's texts.
    bytes: usize,
    /// The bytes of the batches before.
    written: usize,
}

/// A new file.
struct ParquetFile {
    path: std::path::PathBuf,
    schema: Arc<Schema>,
    writer: ArrowWriter<File>,
}

impl ParquetFile {
    fn create(path: &Path, schema: Arc<Schema>, compression: Compression) -> Result<Self> {
        let codec = match compression {
            Compression::None => Codec::UNCOMPRESSED,
            Compression::Gzip | Compression::Zstd => {
                Codec::ZSTD(ZstdLevel::try_new(1).unwrap_or_default())
            }
        };
        let properties = WriterProperties::builder().set_compression(codec).build();
        let file = File::create(path).map_err(|error| failed("write", path, &error))?;
        let writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties));
        Ok(Self {
            writer: writer.map_err(|error| invalid("write", path, &error))?,
            path: path.to_owned(),
            schema,
        })
    }

    fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let written = self.writer.write(batch);
        let flushed = written.and_then(|()| {
            if self.writer.in_progress_size() < GROUP_BYTES {
                return Ok(());
            }
            self.writer.flush()
        });
        flushed.map_err(|error| invalid("write", &self.path, &error))
    }

    fn finish(mut self) -> Result<()> {
        self.writer
            .finish()
            .map_err(|error| invalid("write", &self.path, &error))?;
        let file = self.writer.inner();
        file.sync_all()
            .map_err(|error| failed("write", &self.path, &error))
    }
}

fn invalid(what: &str, path: &Path, error: &ParquetError) -> Error {
    let message = format!("cannot {what} `{}`: {error}", path.display());
    Error::new(ErrorKind::Destination, message).with_source(error)
}

impl Parquet {
    pub(super) fn new(layout: &Layout, path: &Path, compression: Compression) -> Result<Self> {
        let fields: Vec<Field> = layout.written().map(field).collect();
        let schema = Arc::new(Schema::new(fields));
        Ok(Self {
            file: ParquetFile::create(path, schema, compression)?,
            columns: layout.written().map(ColumnBuilder::new).collect(),
            rows: 0,
            bytes: 0,
            written: 0,
        })
    }

    fn flush(&mut self) -> Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let build = || {
            let arrays: std::result::Result<_, ArrowError> =
                self.columns.iter_mut().map(ColumnBuilder::finish).collect();
            RecordBatch::try_new(Arc::clone(&self.file.schema), arrays?)
        };
        let batch = build_batch(build, &self.file.path)?;
        (self.rows, self.bytes) = (0, 0);
        self.file.write(&batch)?;
        let writer = &self.file.writer;
        self.written = writer.bytes_written() + writer.in_progress_size();
        Ok(())
    }
}

fn build_batch(
    mut build: impl FnMut() -> std::result::Result<RecordBatch, ArrowError>,
    path: &Path,
) -> Result<RecordBatch> {
    build().map_err(|error| invalid("write", path, &error.into()))
}

impl Encoder for Parquet {
    fn write(&mut self, row: &[Cell<'_>]) -> Result<()> {
        for (column, cell) in self.columns.iter_mut().zip(row) {
            self.bytes += match cell {
                Cell::Item(item) => column.append(*item)?,
                Cell::Value(value) => column.append_value(*value)?,
            };
        }
        self.rows += 1;
        if self.rows >= BATCH_ROWS || self.bytes >= BATCH_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn bytes(&self) -> u64 {
        u64::try_from(self.written).unwrap_or(u64::MAX)
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.flush()?;
        self.file.finish()
    }
}

/// Writes the rows of files to a new one.
pub(super) fn copy(from: &[Copied<'_>], to: &Path, compression: Compression) -> Result<()> {
    let mut file: Option<ParquetFile> = None;
    for copied in from {
        let invalid = |error: &ParquetError| invalid("read", copied.path, error);
        let opened =
            File::open(copied.path).map_err(|error| failed("read", copied.path, &error))?;
        let builder =
            ParquetRecordBatchReaderBuilder::try_new(opened).map_err(|error| invalid(&error))?;
        let output = match &mut file {
            Some(output) => output,
            None => file.insert(ParquetFile::create(
                to,
                Arc::clone(builder.schema()),
                compression,
            )?),
        };
        let mut position = 0;
        let reader = builder
            .with_batch_size(BATCH_ROWS)
            .build()
            .map_err(|error| invalid(&error))?;
        for batch in reader {
            let batch = batch.map_err(|error| invalid(&error.into()))?;
            let rows = u64::try_from(batch.num_rows()).unwrap_or(u64::MAX);
            let kept: BooleanArray = (position..position + rows)
                .map(|row| Some(!copied.dropped.contains(row)))
                .collect();
            position += rows;
            let kept =
                filter_record_batch(&batch, &kept).map_err(|error| invalid(&error.into()))?;
            output.write(&kept)?;
        }
    }
    file.map_or(Ok(()), ParquetFile::finish)
}
