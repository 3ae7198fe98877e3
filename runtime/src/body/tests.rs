//! Bodies from their bytes, however these arrive.

#[cfg(feature = "csv")]
mod csv;
mod custom;
#[cfg(feature = "xml")]
mod xml;

use super::{BATCH, BodyDecoder, BodyError};
use crate::{
    Rows,
    error::Result,
    hooks::Hooks,
    plan::{BodyFormat, Decoder, Pages, Paginator, ResourcePlan},
    schema::{Column, Table, Type},
    shared::{Ref::Static, Text, list},
};

static TABLE: Table = Table::new(
    "things",
    list![
        Column::new("id", Type::Bigint),
        Column::new("name", Type::Text).nullable(),
    ],
);

const LINES: Decoder = Decoder {
    format: BodyFormat::Lines,
    ..Decoder::DEFAULT
};

fn resource(decoder: Decoder) -> ResourcePlan {
    ResourcePlan {
        name: Static("things"),
        table: (&TABLE).into(),
        paginator: Paginator::new(Pages::Single),
        decoder,
        ..ResourcePlan::DEFAULT
    }
}

/// The text of all batches, the body cut into chunks of this many bytes, and how many batches there are.
fn batches(
    decoder: &Decoder,
    body: &[u8],
    chunk: usize,
    most: u64,
) -> Result<(String, usize), BodyError> {
    let mut decoder = BodyDecoder::new(&resource(decoder.clone()), &Hooks::NONE, most)?;
    let (mut text, mut count) = (Vec::new(), 0);
    for mut chunk in body.chunks(chunk) {
        while let Some(batch) = decoder.push(&mut chunk)? {
            text.extend(batch.text);
            count += 1;
        }
    }
    decoder.finish()?;
    text.extend(decoder.take().text);
    Ok((String::from_utf8(text).unwrap(), count))
}

fn text(decoder: &Decoder, body: &[u8]) -> String {
    let whole = batches(decoder, body, body.len().max(1), u64::MAX)
        .unwrap()
        .0;
    for chunk in [1, 2, 3, 7] {
        let (text, _) = batches(decoder, body, chunk, u64::MAX).unwrap();
        assert_eq!(text, whole, "{chunk}");
    }
    whole
}

fn error(decoder: &Decoder, body: &[u8]) -> (String, bool) {
    let BodyError {
        error,
        is_incomplete,
    } = batches(decoder, body, 5, u64::MAX).unwrap_err();
    (error.message().to_owned(), is_incomplete)
}

#[test]
fn a_byte_order_mark_and_a_prefix_are_not_part_of_a_body() {
    let stripped = Decoder {
        strip_prefix: Some(Text::of(")]}'")),
        ..Decoder::DEFAULT
    };
    for body in [")]}'\n[1]", "\u{feff})]}'\n[1]", "\n[1]", "\u{feff}\n[1]"] {
        assert_eq!(text(&stripped, body.as_bytes()), "\n[1]", "{body:?}");
    }
    assert_eq!(text(&stripped, b")]}'"), "");
    assert_eq!(text(&stripped, b")]"), ")]");
    assert_eq!(text(&LINES, "\u{feff}{}\n".as_bytes()), "{}\n");
}

#[test]
fn lines_are_cut_into_batches_at_their_ends() {
    let line = format!("{{\"id\": 1, \"name\": \"é{}\"}}\n", "x".repeat(1000));
    let body = line.repeat(2000);
    let (text, count) = batches(&LINES, body.as_bytes(), 4096, u64::MAX).unwrap();
    assert_eq!(text, body);
    assert!(count >= body.len() / (BATCH + 64 * 1024), "{count}");
    // The last line may have no end.
    let body = body.trim_end();
    let (text, _) = batches(&LINES, body.as_bytes(), 999, u64::MAX).unwrap();
    assert_eq!(text, body);
}

#[test]
fn a_line_without_end_is_an_error_once_it_is_too_long() {
    let body = [b"{}\n".repeat(3), b" ".repeat(10_000)].concat();
    let error = batches(&LINES, &body, 100, 1000).unwrap_err();
    let message = "line 4 of the response is longer than 1000 bytes (`max_response_bytes`)";
    assert_eq!(error.error.message(), message);
    assert!(!error.is_incomplete);
    let error = batches(&Decoder::DEFAULT, &body, 100, 1000).unwrap_err();
    let message = "the response is longer than 1000 bytes (`max_response_bytes`)";
    assert_eq!(error.error.message(), message);
}

#[test]
fn text_that_is_not_utf8_is_an_error_at_its_byte() {
    let invalid = b"{\"name\": \"caf\xe9\"}\n";
    let message = "the response is not in UTF-8: byte 13 does not fit";
    assert_eq!(error(&LINES, invalid), (message.to_owned(), false));
    let message = "the response ends within a character";
    assert_eq!(error(&LINES, b"{}\n\xc3"), (message.to_owned(), true));
}

#[test]
fn rows_of_a_recorded_body_are_read_by_its_decoder() {
    let body = "{\"id\": 1}\n\n{\"id\": 2, \"name\": \"b\"}\n".repeat(20_000);
    let rows = Rows::from_page(body, &resource(LINES)).unwrap();
    assert_eq!(rows.len(), 40_000);
}

#[cfg(feature = "charsets")]
#[test]
fn other_charsets_are_decoded_however_their_bytes_arrive() {
    let charset = |name: &'static str| Decoder {
        charset: Some(Static(name)),
        ..LINES
    };
    assert_eq!(
        text(&charset("windows-1252"), b"\"caf\xe9 \x80\""),
        "\"café €\""
    );
    assert_eq!(
        text(&charset("shift_jis"), b"\"\x93\xfa\x96{\""),
        "\"日本\""
    );
    let utf16: Vec<u8> = "\u{feff}\"añ😀\"\n"
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    assert_eq!(text(&charset("utf-16le"), &utf16), "\"añ😀\"\n");
    let (message, is_incomplete) = error(&charset("shift_jis"), b"\"\x93");
    assert_eq!(message, "the response ends within a character of Shift_JIS");
    assert!(is_incomplete);
    let (message, _) = error(&charset("euc-kr"), b"abc\xff\xff");
    assert_eq!(
        message,
        "the response is not in EUC-KR: byte 4 does not fit"
    );
}

#[cfg(feature = "archives")]
mod gzip {
    use std::io::Write;

    use flate2::{Compression as Level, write::GzEncoder};

    use super::*;
    use crate::plan::Compression;

    const GZIP: Decoder = Decoder {
        compression: Compression::Gzip,
        ..LINES
    };

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Level::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_gzip_file_of_several_members_is_one_text() {
        let body = [gzip(b"{\"id\": 1}\n{\"id\""), gzip(b": 2}\n")].concat();
        assert_eq!(text(&GZIP, &body), "{\"id\": 1}\n{\"id\": 2}\n");
    }

    #[test]
    fn what_a_body_decompresses_to_is_passed_on_in_batches() {
        let body = gzip("{\"id\": 1}\n".repeat(4_000_000).as_bytes());
        assert!(body.len() < 100_000, "{}", body.len());
        let mut decoder = BodyDecoder::new(&resource(GZIP), &Hooks::NONE, 1 << 20).unwrap();
        let mut largest = 0;
        let mut rest = &body[..];
        while let Some(batch) = decoder.push(&mut rest).unwrap() {
            largest = largest.max(batch.text.len());
        }
        decoder.finish().unwrap();
        assert!((BATCH..2 * BATCH).contains(&largest), "{largest}");
    }

    #[test]
    fn a_file_that_ends_early_is_told_from_what_is_no_file() {
        let body = gzip(&b"{\"id\": 1}\n".repeat(100));
        let (message, is_incomplete) = error(&GZIP, &body[..body.len() - 3]);
        assert_eq!(message, "the response ended before its gzip data did");
        assert!(is_incomplete);
        let (message, is_incomplete) = error(&GZIP, b"{\"id\": 1}");
        assert_eq!(
            message,
            "the response cannot be read as gzip: invalid gzip header"
        );
        assert!(!is_incomplete);
    }
}

#[cfg(feature = "archives")]
mod zip;
