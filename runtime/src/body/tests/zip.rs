//! Members of zip archives.

use std::io::Write;

use flate2::{Compression as Level, Crc, write::DeflateEncoder};

use super::*;
use crate::plan::Compression;

fn zip(pattern: Option<&'static str>) -> Decoder {
    Decoder {
        compression: Compression::Zip {
            members: pattern.map(Static),
        },
        ..LINES
    }
}

/// How a member is written.
#[derive(Clone, Copy, PartialEq)]
enum Style {
    Stored,
    Deflated,
    /// With its lengths after it.
    Streamed,
}

fn deflated(text: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Level::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn archive(members: &[(&str, &[u8], Style)]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, text, style) in members {
        let data = if *style == Style::Stored {
            text.to_vec()
        } else {
            deflated(text)
        };
        let mut crc = Crc::new();
        crc.update(text);
        let lengths = [
            crc.sum().to_le_bytes(),
            u32::try_from(data.len()).unwrap().to_le_bytes(),
            u32::try_from(text.len()).unwrap().to_le_bytes(),
        ]
        .concat();
        let is_streamed = *style == Style::Streamed;
        let mut entry = vec![20, 0, if is_streamed { 8 } else { 0 }, 0];
        entry.extend([if *style == Style::Stored { 0 } else { 8 }, 0, 0, 0, 0, 0]);
        let header_lengths = if is_streamed {
            vec![0; 12]
        } else {
            lengths.clone()
        };
        let name_len = u16::try_from(name.len()).unwrap().to_le_bytes();
        archive.extend(
            [
                b"PK\x03\x04",
                &*entry,
                &header_lengths,
                &name_len,
                &[0, 0],
                name.as_bytes(),
                &data,
            ]
            .concat(),
        );
        if is_streamed {
            archive.extend([&b"PK\x07\x08"[..], &lengths].concat());
        }
        directory.extend(
            [
                b"PK\x01\x02\x14\x00",
                &*entry,
                &lengths,
                &name_len,
                &[0; 16],
                name.as_bytes(),
            ]
            .concat(),
        );
    }
    let count = u16::try_from(members.len()).unwrap().to_le_bytes();
    archive.extend(directory);
    archive.extend([&b"PK\x05\x06\0\0\0\0"[..], &count, &count, &[0; 10]].concat());
    archive
}

const MEMBERS: [(&str, &[u8], Style); 5] = [
    ("a.jsonl", b"{\"id\": 1}\n", Style::Deflated),
    ("folder/", b"", Style::Stored),
    ("folder/b.jsonl", b"{\"id\": 2}", Style::Stored),
    ("c.txt", b"{\"id\": 3}\n", Style::Streamed),
    ("d.jsonl", b"{\"id\": 4}\n", Style::Streamed),
];

#[test]
fn every_member_is_a_body() {
    let none = archive(&[]);
    let archive = archive(&MEMBERS);
    let all = "{\"id\": 1}\n{\"id\": 2}{\"id\": 3}\n{\"id\": 4}\n";
    assert_eq!(text(&zip(None), &archive), all);
    let named = "{\"id\": 1}\n{\"id\": 2}{\"id\": 4}\n";
    assert_eq!(text(&zip(Some("*.jsonl")), &archive), named);
    assert_eq!(text(&zip(Some("?.txt")), &archive), "{\"id\": 3}\n");
    assert_eq!(text(&zip(None), &none), "");
}

#[test]
fn a_member_that_does_not_exist_is_an_error() {
    let (message, is_incomplete) = error(&zip(Some("*.csv")), &archive(&MEMBERS));
    assert_eq!(message, "no member of the zip archive is called `*.csv`");
    assert!(!is_incomplete);
}

#[test]
fn an_archive_that_ends_early_is_incomplete_wherever_it_ends() {
    let archive = archive(&MEMBERS);
    for end in 0..archive.len() - 10 {
        let (message, is_incomplete) = error(&zip(None), &archive[..end]);
        assert!(is_incomplete, "{end}: {message}");
    }
}

#[test]
fn a_damaged_archive_is_an_error() {
    let mut damaged = archive(&[("a.jsonl", b"{\"id\": 1}\n", Style::Stored)]);
    let at = damaged.windows(2).position(|pair| pair == b"1}").unwrap();
    damaged[at] = b'2';
    let (message, _) = error(&zip(None), &damaged);
    assert_eq!(
        message,
        "the member `a.jsonl` of the zip archive is damaged: its checksum is another"
    );
    let (message, _) = error(&zip(None), b"{\"id\": 1}\n");
    assert_eq!(
        message,
        "the response cannot be read as a zip archive: it does not begin as one"
    );
    let whole = archive(&MEMBERS[..2]);
    let one = archive(&MEMBERS[..1]);
    let first = one
        .windows(4)
        .position(|four| four == b"PK\x01\x02")
        .unwrap();
    let end = whole
        .windows(4)
        .position(|four| four == b"PK\x05\x06")
        .unwrap();
    let lacking = [&one[..first], &whole[end..]].concat();
    let (message, _) = error(&zip(None), &lacking);
    assert_eq!(
        message,
        "the zip archive has 1 members, and its directory lists 2"
    );
}

#[test]
fn what_a_member_decompresses_to_is_passed_on_in_batches() {
    let body = archive(&[(
        "a.jsonl",
        &b"{\"id\": 1}\n".repeat(1_000_000),
        Style::Deflated,
    )]);
    let mut decoder = BodyDecoder::new(&resource(zip(None)), &Hooks::NONE, 1 << 20).unwrap();
    let (mut largest, mut all) = (0, 0);
    let mut rest = &body[..];
    while let Some(batch) = decoder.push(&mut rest).unwrap() {
        largest = largest.max(batch.text.len());
        all += batch.text.len();
    }
    decoder.finish().unwrap();
    assert_eq!(all, 10_000_000);
    assert!((BATCH..2 * BATCH).contains(&largest), "{largest}");
}
