//! Decoding gzip, which reqwest reads to the end of the first member alone and under one spelling.

use std::io::{self, Write};

use flate2::write::GzDecoder;
use http::{HeaderMap, header::CONTENT_ENCODING};

/// The first byte of a member.
const MAGIC: u8 = 0x1f;

/// How a body that reqwest left as it came is compressed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Identity,
    Gzip,
    /// One that is not read.
    Unread(String),
}

/// The codings that reqwest decodes, if it is built for it.
const OTHERS: [&str; 3] = ["br", "deflate", "zstd"];

impl Coding {
    /// gzip has two names, in any case; `identity` beside it changes nothing. Some servers write what is not
    /// a coding at all: that is left for the decoder of the body.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all(CONTENT_ENCODING).into_iter();
        let codings = values.flat_map(|value| value.to_str().unwrap_or("?").split(','));
        let mut codings = codings
            .map(|coding| coding.trim().to_ascii_lowercase())
            .filter(|coding| !coding.is_empty() && coding != "identity");
        match (codings.next(), codings.next()) {
            (Some(coding), None) if coding == "gzip" || coding == "x-gzip" => Self::Gzip,
            (Some(coding), None) if OTHERS.contains(&&*coding) => Self::Unread(coding),
            _ => Self::Identity,
        }
    }
}

/// Why a body is not what gzip makes.
#[derive(Debug)]
pub(super) enum GzipError {
    /// It decodes to more bytes than allowed.
    TooLarge,
    /// It ends within a member.
    Incomplete,
    /// It is not gzip, or damaged.
    Corrupt(String),
}

/// Decodes any number of members, one after the other (RFC 1952, 2.2), as their bytes arrive.
pub(super) struct Gunzip {
    decoded: Bounded,
    member: Option<GzDecoder<Bounded>>,
    /// Whether a member has ended.
    has_ended: bool,
}

/// A buffer that takes a bounded number of bytes.
struct Bounded {
    bytes: Vec<u8>,
    left: usize,
}

impl Bounded {
    /// Moves the buffer out.
    fn take(&mut self) -> Self {
        Self {
            bytes: std::mem::take(&mut self.bytes),
            left: self.left,
        }
    }
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = self.left.checked_sub(bytes.len());
        self.left = left.ok_or(io::Error::from(io::ErrorKind::StorageFull))?;
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Gunzip {
    /// For a body that decodes to so many bytes at most.
    pub(super) fn new(most: usize) -> Self {
        Self {
            decoded: Bounded {
                bytes: Vec::new(),
                left: most,
            },
            member: None,
            has_ended: false,
        }
    }

    /// Decodes the next bytes of the body.
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Result<(), GzipError> {
        while !bytes.is_empty() {
            let mut member = match self.member.take() {
                Some(member) => member,
                // Some writers fill the last block with zeros.
                None if bytes[0] == 0 && self.has_ended => {
                    bytes = &bytes[1..];
                    continue;
                }
                None if bytes[0] != MAGIC => {
                    return Err(GzipError::Corrupt("invalid gzip header".to_owned()));
                }
                None => GzDecoder::new(self.decoded.take()),
            };
            match member.write(bytes).map_err(|error| failed(&error))? {
                0 => {
                    self.decoded = member.finish().map_err(|error| failed(&error))?;
                    self.has_ended = true;
                }
                read => {
                    bytes = bytes.get(read..).unwrap_or_default();
                    self.member = Some(member);
                }
            }
        }
        Ok(())
    }

    /// The bytes decoded since the last call.
    pub(super) fn take(&mut self) -> Vec<u8> {
        let decoded = match &mut self.member {
            Some(member) => member.get_mut(),
            None => &mut self.decoded,
        };
        std::mem::take(&mut decoded.bytes)
    }

    /// The last decoded bytes, after the last byte of the body.
    pub(super) fn finish(self) -> Result<Vec<u8>, GzipError> {
        let Some(mut member) = self.member else {
            return Ok(self.decoded.bytes);
        };
        member.flush().map_err(|error| failed(&error))?;
        // A member that has ended takes no further byte.
        match member.write(&[0]) {
            Ok(0) => Ok(member.finish().map_err(|error| failed(&error))?.bytes),
            _ => Err(GzipError::Incomplete),
        }
    }
}

fn failed(error: &io::Error) -> GzipError {
    match error.kind() {
        io::ErrorKind::StorageFull => GzipError::TooLarge,
        _ => GzipError::Corrupt(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn gunzip(body: &[u8], chunk: usize, most: usize) -> Result<Vec<u8>, GzipError> {
        let mut gunzip = Gunzip::new(most);
        let mut decoded = Vec::new();
        for chunk in body.chunks(chunk) {
            gunzip.push(chunk)?;
            decoded.append(&mut gunzip.take());
        }
        decoded.append(&mut gunzip.finish()?);
        Ok(decoded)
    }

    #[test]
    fn every_member_is_decoded_however_the_bytes_arrive() {
        let members = [gzip(b"[1,"), gzip(b""), gzip(&[b' '; 5000]), gzip(b"2]")].concat();
        let padded = [&members[..], &[0; 40]].concat();
        for body in [&members, &padded] {
            for chunk in [1, 2, 7, 18, 4096] {
                let decoded = gunzip(body, chunk, 6000).unwrap();
                assert_eq!((decoded.len(), &decoded[5003..]), (5005, &b"2]"[..]));
            }
        }
        assert_eq!(gunzip(b"", 1, 9).unwrap(), b"");
    }

    #[test]
    fn a_body_that_ends_early_is_told_from_a_corrupt_one() {
        let two = [gzip(b"[1,"), gzip(&[b'x'; 500])].concat();
        let first = gzip(b"[1,").len();
        for end in (1..two.len()).filter(|end| *end != first) {
            let found = gunzip(&two[..end], 5, 1000);
            assert!(
                matches!(found, Err(GzipError::Incomplete)),
                "{end}: {found:?}"
            );
        }
        for body in [
            &b"[1,2,3] is no gzip"[..],
            &[gzip(b"[1]"), b"and text".to_vec()].concat(),
            &{
                let mut damaged = gzip(b"[1,2,3,4,5,6,7]");
                let end = damaged.len();
                damaged[end - 6] ^= 1;
                damaged
            },
        ] {
            let found = gunzip(body, 5, 1000);
            assert!(matches!(found, Err(GzipError::Corrupt(_))), "{found:?}");
        }
    }

    #[test]
    fn the_bound_holds_over_all_members() {
        let body = [gzip(&[b'x'; 600]), gzip(&[b'x'; 600])].concat();
        assert!(matches!(
            gunzip(&body, 4096, 1199),
            Err(GzipError::TooLarge)
        ));
        assert_eq!(gunzip(&body, 4096, 1200).unwrap().len(), 1200);
    }

    #[test]
    fn gzip_has_two_names_in_any_case() {
        let headers = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(CONTENT_ENCODING, value.parse().unwrap());
            }
            headers
        };
        for values in [
            &["gzip"][..],
            &["GZIP"],
            &["x-gzip"],
            &["gzip, identity"],
            &["Identity", "X-GZip"],
        ] {
            assert_eq!(Coding::of(&headers(values)), Coding::Gzip, "{values:?}");
        }
        for values in [
            &[][..],
            &["identity"],
            &["br, gzip"],
            &["gzip", "gzip"],
            &["utf-8"],
        ] {
            assert_eq!(Coding::of(&headers(values)), Coding::Identity, "{values:?}");
        }
        assert_eq!(
            Coding::of(&headers(&["BR"])),
            Coding::Unread("br".to_owned())
        );
    }
}
