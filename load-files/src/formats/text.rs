//! Text files, compressed or not.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

use flate2::{bufread::MultiGzDecoder, write::GzEncoder};
use rest_source::Result;

use super::{Compression, compression_of};
use crate::storage::failed;

/// A new text file.
pub(super) struct TextFile {
    path: PathBuf,
    output: Output,
}

enum Output {
    Plain(Counted),
    Gzip(GzEncoder<Counted>),
    #[cfg(feature = "zstd")]
    Zstd(zstd::stream::write::Encoder<'static, Counted>),
}

/// A file, and the number of bytes written to it.
struct Counted {
    file: BufWriter<File>,
    bytes: u64,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.bytes += u64::try_from(written).unwrap_or(u64::MAX);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl TextFile {
    pub(super) fn create(path: &Path, compression: Compression) -> Result<Self> {
        let open = || -> io::Result<Output> {
            let file = BufWriter::with_capacity(1 << 16, File::create(path)?);
            let file = Counted { file, bytes: 0 };
            Ok(match compression {
                Compression::None => Output::Plain(file),
                Compression::Gzip => {
                    Output::Gzip(GzEncoder::new(file, flate2::Compression::new(6)))
                }
                #[cfg(feature = "zstd")]
                Compression::Zstd => Output::Zstd(zstd::stream::write::Encoder::new(file, 0)?),
                #[cfg(not(feature = "zstd"))]
                Compression::Zstd => return Err(io::ErrorKind::Unsupported.into()),
            })
        };
        let output = open().map_err(|error| failed("write", path, &error))?;
        let path = path.to_owned();
        Ok(Self { path, output })
    }

    pub(super) fn write(&mut self, text: &[u8]) -> Result<()> {
        let written = match &mut self.output {
            Output::Plain(file) => file.write_all(text),
            Output::Gzip(file) => file.write_all(text),
            #[cfg(feature = "zstd")]
            Output::Zstd(file) => file.write_all(text),
        };
        written.map_err(|error| failed("write", &self.path, &error))
    }

    pub(super) fn bytes(&self) -> u64 {
        match &self.output {
            Output::Plain(file) => file.bytes,
            Output::Gzip(file) => file.get_ref().bytes,
            #[cfg(feature = "zstd")]
            Output::Zstd(file) => file.get_ref().bytes,
        }
    }

    pub(super) fn finish(self) -> Result<()> {
        let finished = match self.output {
            Output::Plain(file) => Ok(file),
            Output::Gzip(file) => file.finish(),
            #[cfg(feature = "zstd")]
            Output::Zstd(file) => file.finish(),
        };
        let synced = finished.and_then(|file| {
            let file = file
                .file
                .into_inner()
                .map_err(io::IntoInnerError::into_error)?;
            file.sync_all()
        });
        synced.map_err(|error| failed("write", &self.path, &error))
    }
}

/// Reads a text file.
pub(super) fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    let file = BufReader::with_capacity(1 << 16, File::open(path)?);
    Ok(match compression_of(path) {
        Compression::None => Box::new(file),
        Compression::Gzip => Box::new(BufReader::new(MultiGzDecoder::new(file))),
        #[cfg(feature = "zstd")]
        Compression::Zstd => Box::new(BufReader::new(zstd::stream::read::Decoder::with_buffer(
            file,
        )?)),
        #[cfg(not(feature = "zstd"))]
        Compression::Zstd => return Err(io::ErrorKind::Unsupported.into()),
    })
}
