//! gzip of any number of members, decoded as its bytes arrive.

use std::io::{self, Write};

use flate2::write::GzDecoder;

/// The first byte of a member.
const MAGIC: u8 = 0x1f;

/// Why a body is not what gzip makes.
#[derive(Debug)]
pub(crate) enum GzipError {
    /// It decodes to more bytes than allowed.
    TooLarge,
    /// It ends within a member.
    Incomplete,
    /// It is not gzip, or damaged.
    Corrupt(String),
}

/// Decodes any number of members, one after the other (RFC 1952, 2.2), as their bytes arrive.
pub(crate) struct Gunzip {
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
    pub(crate) fn new(most: usize) -> Self {
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
    #[cfg(any(test, feature = "reqwest"))]
    pub(crate) fn push(&mut self, mut bytes: &[u8]) -> Result<(), GzipError> {
        while !bytes.is_empty() {
            let read = self.step(bytes)?;
            bytes = bytes.get(read..).unwrap_or_default();
        }
        Ok(())
    }

    /// Decodes some of these bytes, into a few dozen KiB at most, and returns how many it read: none where a member
    /// ended. However well a body is compressed, its caller can take what was decoded after each step.
    pub(crate) fn step(&mut self, bytes: &[u8]) -> Result<usize, GzipError> {
        let mut member = match (self.member.take(), bytes.first()) {
            (Some(member), _) => member,
            (None, None) => return Ok(0),
            // Some writers fill the last block with zeros.
            (None, Some(0)) if self.has_ended => return Ok(1),
            (None, Some(first)) if *first != MAGIC => {
                return Err(GzipError::Corrupt("invalid gzip header".to_owned()));
            }
            (None, Some(_)) => GzDecoder::new(self.decoded.take()),
        };
        let read = member.write(bytes).map_err(|error| failed(&error))?;
        if read == 0 && !bytes.is_empty() {
            self.decoded = member.finish().map_err(|error| failed(&error))?;
            self.has_ended = true;
        } else {
            self.member = Some(member);
        }
        Ok(read)
    }

    /// The bytes decoded since the last call.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        let decoded = match &mut self.member {
            Some(member) => member.get_mut(),
            None => &mut self.decoded,
        };
        std::mem::take(&mut decoded.bytes)
    }

    /// The last decoded bytes, after the last byte of the body.
    pub(crate) fn finish(self) -> Result<Vec<u8>, GzipError> {
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
}
