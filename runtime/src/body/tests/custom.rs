//! Bodies that a type of the user's own decodes.

use std::io;

use super::{BodyDecoder, BodyError, resource};
use crate::{
    Rows,
    error::ErrorKind,
    hooks::{BoxError, DecodeBody, DecoderHook, Hooks, RecordSink},
    plan::{BodyFormat, Decoder},
    shared::Ref::Static,
    transport::{Headers, Response},
};

/// Records of a byte with their length, a byte with their id, and their name. An id of 0 panics, of 255 is an error.
#[derive(Default)]
struct Framed(Vec<u8>);

impl DecodeBody for Framed {
    fn push(&mut self, bytes: &[u8], records: &mut RecordSink<'_>) -> Result<(), BoxError> {
        assert!(!bytes.is_empty() && bytes.len() <= 32 << 10);
        self.0.extend_from_slice(bytes);
        while let Some((&length, rest)) = self.0.split_first() {
            let Some((frame, rest)) = rest.split_at_checked(length.into()) else {
                break;
            };
            let (id, name) = frame.split_first().ok_or("a frame without an id")?;
            assert_ne!(*id, 0, "the decoder panics");
            if *id == u8::MAX {
                return Err("an id of 255".into());
            }
            let name = std::str::from_utf8(name)?;
            records.push(&serde_json::json!({ "id": id, "name": name }))?;
            self.0 = rest.to_vec();
        }
        Ok(())
    }

    fn finish(&mut self, records: &mut RecordSink<'_>) -> Result<(), BoxError> {
        if !self.0.is_empty() {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        records.push(&serde_json::json!({ "id": 1000, "name": "end" }))
    }
}

const HOOKS: Hooks = Hooks {
    decoders: &[("super::Framed", DecoderHook::of::<Framed>())],
    ..Hooks::NONE
};

const FRAMED: Decoder = Decoder {
    format: BodyFormat::Custom(Static("super::Framed")),
    ..Decoder::DEFAULT
};

fn frame(id: u8, name: &str) -> Vec<u8> {
    let length = u8::try_from(name.len() + 1).unwrap();
    [&[length, id], name.as_bytes()].concat()
}

/// The records of a body that arrives in chunks of this many bytes, up to its error.
fn decoded(body: &[u8], chunk: usize, most: u64) -> (String, Option<BodyError>) {
    let mut decoder = BodyDecoder::new(&resource(FRAMED), &HOOKS, most).unwrap();
    let mut text = Vec::new();
    let mut read = || -> Result<(), BodyError> {
        for mut chunk in body.chunks(chunk) {
            while let Some(batch) = decoder.push(&mut chunk)? {
                text.extend(batch.text);
            }
        }
        decoder.finish()
    };
    let error = read().err();
    text.extend(decoder.take().text);
    (String::from_utf8(text).unwrap(), error)
}

#[test]
fn records_are_those_of_the_type_however_their_bytes_arrive() {
    let body = [frame(1, "a"), frame(2, "\"é\"\n"), frame(3, "")].concat();
    let expected = r#"{"id":1,"name":"a"}
{"id":2,"name":"\"é\"\n"}
{"id":3,"name":""}
{"id":1000,"name":"end"}
"#;
    for chunk in [1, 2, 3, 100] {
        let (text, error) = decoded(&body, chunk, u64::MAX);
        assert!(error.is_none(), "{error:?}");
        assert_eq!(text, expected);
    }
}

#[test]
fn the_records_before_an_error_are_kept_and_a_cut_body_may_be_asked_again() {
    let kept = "{\"id\":1,\"name\":\"a\"}\n";
    let cut = [frame(1, "a"), b"\x09\x02b".to_vec()].concat();
    let (text, error) = decoded(&cut, 4, u64::MAX);
    let error = error.unwrap();
    assert_eq!(text, kept);
    assert!(error.is_incomplete);
    assert_eq!(*error.error.kind(), ErrorKind::Hook);

    let (text, error) = decoded(&[frame(1, "a"), frame(255, "b")].concat(), 100, u64::MAX);
    let error = error.unwrap();
    assert_eq!(text, kept);
    assert!(!error.is_incomplete);
    let message = "`super::Framed` failed: an id of 255";
    assert_eq!(error.error.message(), message);

    let (text, error) = decoded(&[frame(1, "a"), frame(0, "b")].concat(), 100, u64::MAX);
    let message = error.unwrap().error.message().to_owned();
    assert_eq!(text, kept);
    assert!(
        message.starts_with("`super::Framed` panicked: ") && message.contains("the decoder panics"),
        "{message}"
    );
}

#[test]
fn a_record_may_not_be_longer_than_a_response() {
    let body = [frame(1, "a"), frame(2, &"b".repeat(100))].concat();
    let (text, error) = decoded(&body, 7, 50);
    assert_eq!(text, "{\"id\":1,\"name\":\"a\"}\n");
    let error = error.unwrap().error;
    assert_eq!(*error.kind(), ErrorKind::Response);
    let message = "record 2 of the response is longer than 50 bytes (`max_response_bytes`)";
    assert_eq!(error.message(), message);
}

#[test]
fn rows_of_a_recorded_body_need_the_hooks() {
    let body = [frame(1, "a"), frame(2, "b")].concat();
    let error = Rows::from_page(body.clone(), &resource(FRAMED)).unwrap_err();
    assert_eq!(
        error.message(),
        "`super::Framed` reads the bodies of `things`"
    );
    let response = Response {
        status: 200,
        headers: Headers::new(),
        body,
    };
    let rows = Rows::from_response(response.clone(), &resource(FRAMED), &HOOKS).unwrap();
    assert_eq!(rows.len(), 3);
    let error = Rows::from_response(response, &resource(FRAMED), &Hooks::NONE).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Config);
}
