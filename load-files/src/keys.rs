//! Hashes of the keys of rows: which rows a later one replaces.
//!
//! A data file under `merge` has a file beside it with the hashes of its rows' keys, in their order. So a merge
//! finds the stored rows that it replaces without reading the data files.

use std::{
    collections::{HashMap, HashSet},
    fs::File,
    io::{self, BufReader, BufWriter, Read, Seek, Write},
    path::{Path, PathBuf},
};

use rest_source::{Error, ErrorKind, Result, Row};
use xxhash_rust::xxh3::Xxh3;

use crate::storage::failed;

/// The hash of a key.
pub(crate) type Hash = [u8; 16];

/// The merge key of a row that has none, because a part of it is null.
const NO_GROUP: Hash = [0; 16];

/// How many keys are held in memory at once. More are compared in several passes.
const KEYS_AT_ONCE: u64 = 2_000_000;

/// The columns that identify the rows of a resource.
#[derive(Clone, Debug)]
pub(crate) struct KeyColumns {
    pub(crate) seed: u64,
    pub(crate) key: Vec<usize>,
    /// The columns of the merge key, if groups are replaced.
    pub(crate) group: Vec<usize>,
}

/// The keys of a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowKeys {
    pub(crate) key: Hash,
    pub(crate) group: Hash,
}

impl KeyColumns {
    pub(crate) fn of(&self, row: Row<'_>, buffer: &mut Vec<u8>) -> RowKeys {
        let group_is_null = self.group.iter().any(|at| row.value(*at).is_null());
        RowKeys {
            key: self.hash(&self.key, row, buffer),
            group: if self.group.is_empty() || group_is_null {
                NO_GROUP
            } else {
                self.hash(&self.group, row, buffer)
            },
        }
    }

    fn hash(&self, columns: &[usize], row: Row<'_>, buffer: &mut Vec<u8>) -> Hash {
        buffer.clear();
        for at in columns {
            let value = row.value(*at);
            let start = buffer.len();
            // The length goes before the text, so that two keys of the same text are the same columns.
            buffer.extend([0; 8]);
            // Writing to memory does not fail.
            let _ = write!(buffer, "{}{value}", kind(&value));
            let length = u64::try_from(buffer.len() - start).unwrap_or(u64::MAX);
            buffer[start..start + 8].copy_from_slice(&length.to_le_bytes());
        }
        let mut hasher = Xxh3::with_seed(self.seed);
        hasher.update(buffer);
        hasher.digest128().to_le_bytes()
    }
}

/// Tells `7` and `"7"` apart, in the key of an untyped record.
fn kind(value: &rest_source::Value<'_>) -> char {
    use rest_source::Value;
    match value {
        Value::Absent | Value::Null => '-',
        Value::Bool(_) => 'b',
        Value::Bigint(_) => 'i',
        Value::Double(_) => 'f',
        Value::Text(_) => 't',
        _ => 'v',
    }
}

/// A set of row numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Positions {
    words: Vec<u64>,
    count: u64,
}

impl Positions {
    pub(crate) fn insert(&mut self, position: u64) {
        let Ok(word) = usize::try_from(position / 64) else {
            return;
        };
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        let bit = 1 << (position % 64);
        if self.words[word] & bit == 0 {
            self.words[word] |= bit;
            self.count += 1;
        }
    }

    pub(crate) fn contains(&self, position: u64) -> bool {
        let word = usize::try_from(position / 64)
            .ok()
            .and_then(|word| self.words.get(word));
        word.is_some_and(|word| word & (1 << (position % 64)) != 0)
    }

    pub(crate) fn len(&self) -> u64 {
        self.count
    }
}

/// Writes the keys of a data file's rows, and their checksum after them.
pub(crate) struct KeyFile {
    path: PathBuf,
    file: BufWriter<File>,
    checksum: Box<Xxh3>,
    has_group: bool,
}

impl KeyFile {
    pub(crate) fn create(path: PathBuf, has_group: bool) -> Result<Self> {
        let file = File::create(&path).map_err(|error| failed("write", &path, &error))?;
        Ok(Self {
            path,
            file: BufWriter::new(file),
            checksum: Box::default(),
            has_group,
        })
    }

    pub(crate) fn write(&mut self, keys: RowKeys) -> Result<()> {
        self.checksum.update(&keys.key);
        let mut written = self.file.write_all(&keys.key);
        if self.has_group {
            self.checksum.update(&keys.group);
            written = written.and_then(|()| self.file.write_all(&keys.group));
        }
        written.map_err(|error| failed("write", &self.path, &error))
    }

    pub(crate) fn finish(mut self) -> Result<PathBuf> {
        let checksum = self.checksum.digest128().to_le_bytes();
        let written = self.file.write_all(&checksum);
        let synced = written.and_then(|()| {
            let file = self.file.into_inner();
            file.map_err(io::IntoInnerError::into_error)
        });
        let synced = synced.and_then(|file| file.sync_all());
        synced.map_err(|error| failed("write", &self.path, &error))?;
        Ok(self.path)
    }
}

/// Calls a function with the keys of each row of a file. Returns the number of rows.
///
/// # Errors
///
/// Also when the keys do not have their checksum: rows could stay that later ones replace.
pub(crate) fn each_key(
    path: &Path,
    has_group: bool,
    mut call: impl FnMut(u64, RowKeys) -> Result<()>,
) -> Result<u64> {
    let error = |error: &io::Error| failed("read", path, error);
    let file = File::open(path).map_err(|e| error(&e))?;
    let bytes = file.metadata().map_err(|e| error(&e))?.len();
    let width = if has_group { 32 } else { 16 };
    let rows = bytes.saturating_sub(16) / width;
    let mut file = BufReader::with_capacity(1 << 16, file);
    let mut checksum = Xxh3::new();
    for position in 0..rows {
        let mut keys = RowKeys {
            key: NO_GROUP,
            group: NO_GROUP,
        };
        file.read_exact(&mut keys.key).map_err(|e| error(&e))?;
        checksum.update(&keys.key);
        if has_group {
            file.read_exact(&mut keys.group).map_err(|e| error(&e))?;
            checksum.update(&keys.group);
        }
        call(position, keys)?;
    }
    let mut stored = Vec::new();
    file.read_to_end(&mut stored).map_err(|e| error(&e))?;
    if stored != checksum.digest128().to_le_bytes() {
        let message = format!("the file `{}` of keys is damaged", path.display());
        return Err(Error::new(ErrorKind::Destination, message)
            .with_help("restore it from a copy; or replace all files by a full refresh"));
    }
    Ok(rows)
}

/// Whether a reader is at its end.
trait AtEnd {
    fn fill_buf_is_empty(&mut self) -> io::Result<bool>;
}

impl<R: Read> AtEnd for BufReader<R> {
    fn fill_buf_is_empty(&mut self) -> io::Result<bool> {
        Ok(io::BufRead::fill_buf(self)?.is_empty())
    }
}

/// Where the rows of a record are: its own, and those of its nested lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The number of the file, of those that this load writes to the table. [`NOWHERE`]: none.
    pub(crate) file: u32,
    /// The number of the first row.
    pub(crate) row: u64,
    /// How many rows.
    pub(crate) count: u32,
}

/// The file of a row that is not written: a deletion's.
pub(crate) const NOWHERE: u32 = u32::MAX;

/// The keys of the rows that a commit writes, in order, and their places. Kept in memory up to a bound, then in a
/// file.
#[derive(Debug)]
pub(crate) struct KeyLog {
    path: PathBuf,
    /// How many tables each entry has a place of.
    tables: usize,
    len: u64,
    buffer: Vec<u8>,
    file: Option<File>,
}

/// The most bytes of the log held in memory.
const LOG_BYTES: usize = 16 << 20;

impl KeyLog {
    /// `tables`: the resource's, and those of its nested lists.
    pub(crate) fn new(path: PathBuf, tables: usize) -> Self {
        Self {
            path,
            tables,
            len: 0,
            buffer: Vec::new(),
            file: None,
        }
    }

    pub(crate) fn push(&mut self, keys: RowKeys, places: &[Place]) -> Result<()> {
        self.buffer.extend(keys.key);
        self.buffer.extend(keys.group);
        for place in places {
            self.buffer.extend(place.file.to_le_bytes());
            self.buffer.extend(place.row.to_le_bytes());
            self.buffer.extend(place.count.to_le_bytes());
        }
        self.len += 1;
        if self.buffer.len() < LOG_BYTES {
            return Ok(());
        }
        let file = if let Some(file) = &mut self.file {
            file
        } else {
            let opened = File::options()
                .read(true)
                .write(true)
                .create(true)
                .truncate(true)
                .open(&self.path);
            let opened = opened.map_err(|error| failed("write", &self.path, &error))?;
            self.file.insert(opened)
        };
        file.write_all(&self.buffer)
            .map_err(|error| failed("write", &self.path, &error))?;
        self.buffer.clear();
        Ok(())
    }

    /// Calls a function with each entry, in order.
    fn each(&mut self, mut call: impl FnMut(u64, RowKeys, &[Place])) -> Result<()> {
        let width = 32 + 16 * self.tables;
        let mut places = Vec::new();
        let mut index = 0;
        let mut entry = |bytes: &[u8]| {
            places.clear();
            places.extend(bytes[32..].chunks_exact(16).map(place));
            call(
                index,
                RowKeys {
                    key: hash(&bytes[..16]),
                    group: hash(&bytes[16..32]),
                },
                &places,
            );
            index += 1;
        };
        let mut read = || {
            if let Some(file) = &mut self.file {
                file.rewind()?;
                let mut reader = BufReader::with_capacity(1 << 16, &mut *file);
                let mut bytes = vec![0; width];
                while !reader.fill_buf_is_empty()? {
                    reader.read_exact(&mut bytes)?;
                    entry(&bytes);
                }
                file.seek(io::SeekFrom::End(0))?;
            }
            self.buffer.chunks_exact(width).for_each(&mut entry);
            Ok(())
        };
        read().map_err(|error: io::Error| failed("read", &self.path, &error))
    }

    /// Finds the written rows that a later row of their key replaces, and calls `stored` with the keys of all
    /// rows, some at a time.
    pub(crate) fn compare(
        &mut self,
        has_key: bool,
        mut superseded: impl FnMut(usize, Place),
        mut stored: impl FnMut(&KeySet) -> Result<()>,
    ) -> Result<()> {
        let passes = self.len.div_ceil(KEYS_AT_ONCE).max(1);
        let mut earlier = Positions::default();
        for pass in 0..passes {
            let is_of_pass = |hash: &Hash| first_half(hash) % passes == pass;
            let mut last: HashMap<Hash, u64> = HashMap::new();
            let mut groups = HashSet::new();
            self.each(|index, keys, _| {
                if has_key
                    && is_of_pass(&keys.key)
                    && let Some(before) = last.insert(keys.key, index)
                {
                    earlier.insert(before);
                }
                if keys.group != NO_GROUP && is_of_pass(&keys.group) {
                    groups.insert(keys.group);
                }
            })?;
            let keys = last.into_keys().collect();
            stored(&KeySet { keys, groups })?;
        }
        if earlier.len() > 0 {
            self.each(|index, _, places| {
                if earlier.contains(index) {
                    places
                        .iter()
                        .enumerate()
                        .for_each(|(table, place)| superseded(table, *place));
                }
            })?;
        }
        Ok(())
    }
}

impl Drop for KeyLog {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            // The next load removes a file that cannot be removed now.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Keys of written rows, and their groups.
#[derive(Debug)]
pub(crate) struct KeySet {
    keys: HashSet<Hash>,
    groups: HashSet<Hash>,
}

impl KeySet {
    /// Whether a stored row of these keys is replaced.
    pub(crate) fn replaces(&self, keys: RowKeys, with_groups: bool) -> bool {
        self.keys.contains(&keys.key) || with_groups && self.groups.contains(&keys.group)
    }
}

fn first_half(hash: &Hash) -> u64 {
    let mut half = [0; 8];
    half.copy_from_slice(&hash[..8]);
    u64::from_le_bytes(half)
}

fn hash(bytes: &[u8]) -> Hash {
    let mut hash = NO_GROUP;
    hash.copy_from_slice(bytes);
    hash
}

fn place(bytes: &[u8]) -> Place {
    let mut half = [0; 4];
    let mut number = |at: usize| {
        half.copy_from_slice(&bytes[at..at + 4]);
        u32::from_le_bytes(half)
    };
    let (file, low, high, count) = (number(0), number(4), number(8), number(12));
    Place {
        file,
        row: u64::from(high) << 32 | u64::from(low),
        count,
    }
}
