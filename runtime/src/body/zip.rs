//! A zip archive, read from its start as its bytes arrive (APPNOTE.TXT, 4.3).
//!
//! The directory is at the end of an archive. What stands before each member says enough to read it, except where a
//! member that is not compressed does not say its length: that is an error. At the end, the number of members has to
//! be that of the directory.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::BodyError;
use crate::shared::Text;

/// The most bytes that a step decompresses.
const STEP: usize = 32 << 10;

const MEMBER: [u8; 4] = *b"PK\x03\x04";
const DIRECTORY_ENTRY: [u8; 4] = *b"PK\x01\x02";
const DIRECTORY_END: [u8; 4] = *b"PK\x05\x06";
const DIRECTORY_END_64: [u8; 4] = *b"PK\x06\x06";
const DIRECTORY_LOCATOR_64: [u8; 4] = *b"PK\x06\x07";
const DESCRIPTOR: [u8; 4] = *b"PK\x07\x08";

/// The names of members that an error lists.
const MOST_SHOWN: usize = 5;

/// The reader of an archive.
pub(super) struct Zip {
    /// Which members are read: all, without one.
    pattern: Option<Text>,
    state: State,
    /// The header that is being read.
    header: Vec<u8>,
    /// What the last step read of a member.
    pub(super) decoded: Vec<u8>,
    /// The member that is read, or was read last.
    pub(super) name: String,
    /// Whether the last step ended a member.
    pub(super) is_member_ended: bool,
    members: u64,
    /// The names of some members that were left out.
    left_out: Vec<String>,
    is_any_read: bool,
}

enum State {
    /// A header of at least this many bytes: more is known once they are there.
    Header(usize),
    /// The content of a member.
    Content(Box<Content>),
    /// What follows a member whose header had no lengths.
    Descriptor {
        crc: u32,
        is_read: bool,
    },
    /// Bytes without meaning here.
    Skip(u64),
    End,
}

struct Content {
    is_read: bool,
    /// Bytes that are left, as they are in the archive, if they are known.
    left: Option<u64>,
    inflate: Option<Decompress>,
    crc: Crc,
    /// The sum that the header says.
    expected: u32,
    has_descriptor: bool,
}

impl Zip {
    pub(super) fn new(pattern: Option<&Text>) -> Self {
        Self {
            pattern: pattern.cloned(),
            state: State::Header(MEMBER.len()),
            header: Vec::new(),
            decoded: Vec::new(),
            name: String::new(),
            is_member_ended: false,
            members: 0,
            left_out: Vec::new(),
            is_any_read: false,
        }
    }

    /// Reads some of these bytes, and returns how many.
    pub(super) fn step(&mut self, bytes: &[u8]) -> Result<usize, BodyError> {
        self.decoded.clear();
        self.is_member_ended = false;
        match &mut self.state {
            State::Header(needed) => {
                let missing = needed.saturating_sub(self.header.len());
                let read = missing.min(bytes.len());
                self.header
                    .extend_from_slice(bytes.get(..read).unwrap_or_default());
                if self.header.len() == *needed {
                    self.header_part()?;
                }
                Ok(read)
            }
            State::Content(_) => self.content(bytes),
            State::Descriptor { crc, is_read } => {
                let (crc, is_read) = (*crc, *is_read);
                self.descriptor(bytes, crc, is_read)
            }
            State::Skip(left) => {
                let read = bytes
                    .len()
                    .min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= read as u64;
                if *left == 0 {
                    self.next_header();
                }
                Ok(read)
            }
            State::End => Ok(bytes.len()),
        }
    }

    /// Ends the archive.
    pub(super) fn finish(&self) -> Result<(), BodyError> {
        if !matches!(self.state, State::End) {
            return Err(BodyError::incomplete(
                "the response ends before its zip archive does",
            ));
        }
        match &self.pattern {
            Some(pattern) if !self.is_any_read => {
                let names = if self.left_out.is_empty() {
                    "none".to_owned()
                } else {
                    self.left_out.join(", ")
                };
                let message = format!("no member of the zip archive is called `{pattern}`");
                Err(BodyError::invalid(message)
                    .with_detail(format!("its members: {names}"))
                    .with_help("`members` of the decoder is a name, in which `*` stands for any characters and `?` for one"))
            }
            _ => Ok(()),
        }
    }

    fn next_header(&mut self) {
        self.header.clear();
        self.state = State::Header(MEMBER.len());
    }

    /// Decides what a header is, once it has as many bytes as were needed for that.
    fn header_part(&mut self) -> Result<(), BodyError> {
        let Some(signature) = self.header.first_chunk::<4>() else {
            return Ok(());
        };
        match *signature {
            MEMBER => self.member_header(),
            DIRECTORY_ENTRY => {
                self.with_header(46, |header| {
                    u64::from(number(header, 28))
                        + u64::from(number(header, 30))
                        + u64::from(number(header, 32))
                });
                Ok(())
            }
            DIRECTORY_END_64 => {
                self.with_header(12, |header| long(header, 4));
                Ok(())
            }
            DIRECTORY_LOCATOR_64 => {
                self.with_header(20, |_| 0);
                Ok(())
            }
            DIRECTORY_END => self.directory_end(),
            _ if self.members == 0 => Err(BodyError::invalid(
                "the response cannot be read as a zip archive: it does not begin as one",
            )),
            _ => Err(BodyError::invalid(
                "the response cannot be read as a zip archive: a header is not where it has to be",
            )),
        }
    }

    /// Skips what follows a header of this length.
    fn with_header(&mut self, length: usize, rest: impl Fn(&[u8]) -> u64) {
        if self.header.len() < length {
            self.state = State::Header(length);
            return;
        }
        match rest(&self.header) {
            0 => self.next_header(),
            rest => self.state = State::Skip(rest),
        }
    }

    fn directory_end(&mut self) -> Result<(), BodyError> {
        if self.header.len() < 22 {
            self.state = State::Header(22);
            return Ok(());
        }
        let listed = u64::from(number(&self.header, 10));
        self.state = State::End;
        // Of more members, a record before it has the number.
        if listed != self.members && listed != u64::from(u16::MAX) {
            return Err(BodyError::invalid(format!(
                "the zip archive has {} members, and its directory lists {listed}",
                self.members
            )));
        }
        Ok(())
    }

    fn member_header(&mut self) -> Result<(), BodyError> {
        const FIXED: usize = 30;
        if self.header.len() < FIXED {
            self.state = State::Header(FIXED);
            return Ok(());
        }
        let name_len = usize::from(number(&self.header, 26));
        let extra_len = usize::from(number(&self.header, 28));
        let length = FIXED + name_len + extra_len;
        if self.header.len() < length {
            self.state = State::Header(length);
            return Ok(());
        }
        let flags = number(&self.header, 6);
        let method = number(&self.header, 8);
        let expected = word(&self.header, 14);
        let name = self.header.get(FIXED..FIXED + name_len).unwrap_or_default();
        let extra = self.header.get(FIXED + name_len..).unwrap_or_default();
        let has_descriptor = flags & 8 != 0;
        let compressed = match word(&self.header, 18) {
            u32::MAX => long_size(extra),
            size => Some(u64::from(size)),
        };
        self.name = String::from_utf8_lossy(name).into_owned();
        self.members += 1;
        let is_read = self.is_read();
        let left = compressed.filter(|_| !has_descriptor);
        let inflate = self.method(method, flags & 1 != 0, left, is_read)?;
        self.header.clear();
        self.state = State::Content(Box::new(Content {
            is_read,
            left,
            inflate,
            crc: Crc::new(),
            expected,
            has_descriptor,
        }));
        // A member without bytes has no step of its own.
        self.content(&[])?;
        Ok(())
    }

    /// Whether the member is one of those that are read.
    fn is_read(&mut self) -> bool {
        let is_folder = self.name.ends_with('/');
        let is_named = self
            .pattern
            .as_ref()
            .is_none_or(|pattern| matches(pattern, &self.name));
        if is_named && !is_folder {
            self.is_any_read = true;
            return true;
        }
        if self.left_out.len() < MOST_SHOWN && !is_folder {
            self.left_out.push(self.name.clone());
        }
        false
    }

    /// What decompresses the member, if it has to be.
    fn method(
        &self,
        method: u16,
        is_encrypted: bool,
        left: Option<u64>,
        is_read: bool,
    ) -> Result<Option<Decompress>, BodyError> {
        if !is_read && left.is_some() {
            return Ok(None);
        }
        let why = match method {
            _ if is_encrypted => "it is encrypted".to_owned(),
            8 => return Ok(Some(Decompress::new(false))),
            0 if left.is_some() => return Ok(None),
            0 => "it is neither compressed nor says its length".to_owned(),
            other => format!("it is compressed by method {other}, and only deflate is read"),
        };
        Err(BodyError::invalid(format!(
            "the member `{}` of the zip archive cannot be read: {why}",
            self.name
        )))
    }

    fn content(&mut self, bytes: &[u8]) -> Result<usize, BodyError> {
        let State::Content(content) = &mut self.state else {
            return Ok(0);
        };
        let most = content.left.and_then(|left| usize::try_from(left).ok());
        let bytes = bytes
            .get(..bytes.len().min(most.unwrap_or(usize::MAX)))
            .unwrap_or_default();
        let (read, is_ended) = if let Some(inflate) = &mut content.inflate {
            self.decoded.reserve(STEP);
            let before = inflate.total_in();
            let status = inflate.decompress_vec(bytes, &mut self.decoded, FlushDecompress::None);
            let status = status.map_err(|error| {
                BodyError::invalid(format!(
                    "the member `{}` of the zip archive is damaged: {error}",
                    self.name
                ))
            })?;
            let read = usize::try_from(inflate.total_in() - before).unwrap_or_default();
            (read, status == Status::StreamEnd)
        } else {
            self.decoded.extend_from_slice(bytes);
            (bytes.len(), content.left == Some(bytes.len() as u64))
        };
        content.left = content.left.map(|left| left - read as u64);
        let has_output = !self.decoded.is_empty();
        if content.is_read {
            content.crc.update(&self.decoded);
        } else {
            self.decoded.clear();
        }
        let is_too_long = !is_ended && content.left == Some(0) && !has_output;
        if is_too_long || is_ended && content.left.is_some_and(|left| left > 0) {
            return Err(BodyError::invalid(format!(
                "the member `{}` of the zip archive has another length than its header says",
                self.name
            )));
        }
        if is_ended {
            self.end_content()?;
        }
        Ok(read)
    }

    fn end_content(&mut self) -> Result<(), BodyError> {
        let State::Content(content) = &self.state else {
            return Ok(());
        };
        let (is_read, crc) = (content.is_read, content.crc.sum());
        if content.has_descriptor {
            self.state = State::Descriptor { crc, is_read };
            return Ok(());
        }
        let expected = content.expected;
        self.next_header();
        self.end_member(is_read, crc, expected)
    }

    fn end_member(&mut self, is_read: bool, crc: u32, expected: u32) -> Result<(), BodyError> {
        if !is_read {
            return Ok(());
        }
        self.is_member_ended = true;
        if crc != expected {
            return Err(BodyError::invalid(format!(
                "the member `{}` of the zip archive is damaged: its checksum is another",
                self.name
            )));
        }
        Ok(())
    }

    /// A descriptor: perhaps a signature, the checksum, and two lengths of 4 or 8 bytes. Where it ends, the next
    /// header begins.
    fn descriptor(&mut self, bytes: &[u8], crc: u32, is_read: bool) -> Result<usize, BodyError> {
        const LONGEST: usize = 24 + MEMBER.len();
        let mut read = 0;
        loop {
            let has_signature = self.header.starts_with(&DESCRIPTOR);
            let sum_at = if has_signature { DESCRIPTOR.len() } else { 0 };
            for length in [sum_at + 12, sum_at + 20] {
                let next = self.header.get(length..).unwrap_or_default();
                let is_next = next == MEMBER || next == DIRECTORY_ENTRY;
                if is_next {
                    let expected = word(&self.header, sum_at);
                    self.header.drain(..length);
                    self.state = State::Header(MEMBER.len());
                    self.end_member(is_read, crc, expected)?;
                    self.header_part()?;
                    return Ok(read);
                }
            }
            if self.header.len() >= LONGEST {
                break;
            }
            let Some(byte) = bytes.get(read) else {
                return Ok(read);
            };
            self.header.push(*byte);
            read += 1;
        }
        Err(BodyError::invalid(format!(
            "the response cannot be read as a zip archive: nothing follows its member `{}`",
            self.name
        )))
    }
}

/// Whether a name is as a pattern says: `*` stands for any characters, `?` for one.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut of) = (0, 0);
    // Where the last `*` stands, and how much of the name it has taken.
    let mut star: Option<(usize, usize)> = None;
    while of < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, of));
                at += 1;
            }
            Some(c) if *c == '?' || Some(c) == name.get(of) => {
                at += 1;
                of += 1;
            }
            _ => match &mut star {
                Some((star, taken)) => {
                    *taken += 1;
                    at = *star + 1;
                    of = *taken;
                }
                None => return false,
            },
        }
    }
    pattern
        .get(at..)
        .unwrap_or_default()
        .iter()
        .all(|c| *c == '*')
}

/// The compressed size in the zip64 field of a header, which has the size before compression first.
fn long_size(mut extra: &[u8]) -> Option<u64> {
    while extra.len() >= 4 {
        let (id, length) = (number(extra, 0), usize::from(number(extra, 2)));
        let field = extra.get(4..4 + length)?;
        if id == 1 {
            return (field.len() >= 16).then(|| long(field, 8));
        }
        extra = extra.get(4 + length..)?;
    }
    None
}

fn number(bytes: &[u8], at: usize) -> u16 {
    let bytes = bytes.get(at..).and_then(<[u8]>::first_chunk);
    bytes.map_or(0, |bytes| u16::from_le_bytes(*bytes))
}

fn word(bytes: &[u8], at: usize) -> u32 {
    let bytes = bytes.get(at..).and_then(<[u8]>::first_chunk);
    bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

fn long(bytes: &[u8], at: usize) -> u64 {
    let bytes = bytes.get(at..).and_then(<[u8]>::first_chunk);
    bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
