//! Values as JSON, appended to a buffer that the caller reuses.

use std::io::Write as _;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::Value;

impl Value<'_> {
    /// Appends the value as JSON without white space, byte for byte as `serde_json` writes it: decimals, times and bytes are
    /// text, as `Display` writes them, JSON keeps its digits and escapes, and absent is `null`.
    ///
    /// ```
    /// use rest_source::Value;
    ///
    /// let mut json = Vec::new();
    /// Value::Text("a \"b\"\n").write_json(&mut json);
    /// json.push(b',');
    /// Value::Json("[1.50, null]").write_json(&mut json);
    /// assert_eq!(json, br#""a \"b\"\n",[1.50,null]"#);
    /// ```
    pub fn write_json(&self, out: &mut Vec<u8>) {
        match self {
            Self::Absent | Self::Null => out.extend_from_slice(b"null"),
            Self::Bool(true) => out.extend_from_slice(b"true"),
            Self::Bool(false) => out.extend_from_slice(b"false"),
            // Writing to memory does not fail. An infinite number is null.
            Self::Bigint(value) => _ = serde_json::to_writer(out, value),
            Self::Double(value) => _ = serde_json::to_writer(out, value),
            Self::Text(text) => push_text(out, text),
            Self::Json(json) => push_compact(out, json),
            Self::Decimal(digits) => {
                out.push(b'"');
                out.extend_from_slice(digits.as_bytes());
                out.push(b'"');
            }
            Self::Binary(bytes) => {
                out.push(b'"');
                let start = out.len();
                let end = start + bytes.len().div_ceil(3) * 4;
                out.resize(end, 0);
                // It has room for all digits.
                let written =
                    STANDARD.encode_slice(bytes, out.get_mut(start..).unwrap_or_default());
                out.truncate(start + written.unwrap_or_default());
                out.push(b'"');
            }
            Self::Timestamp(_) | Self::Date(_) | Self::Time(_) => {
                // None of them has a character that JSON escapes.
                _ = write!(out, "\"{self}\"");
            }
        }
    }
}

/// Appends a JSON text: in quotation marks, with `"`, `\` and control characters escaped.
pub(crate) fn push_text(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    out.reserve(rest.len() + 2);
    out.push(b'"');
    loop {
        let (plain, others) = rest.split_at(plain_prefix(rest));
        out.extend_from_slice(plain);
        let Some((byte, others)) = others.split_first() else {
            break;
        };
        escape(out, *byte);
        rest = others;
    }
    out.push(b'"');
}

/// Appends the escape of a byte that a text does not hold as it is.
fn escape(out: &mut Vec<u8>, byte: u8) {
    let letter = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x0c => b'f',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        _ => {
            _ = write!(out, "\\u{byte:04x}");
            return;
        }
    };
    out.extend_from_slice(&[b'\\', letter]);
}

/// Appends JSON without the white space between its tokens.
fn push_compact(out: &mut Vec<u8>, json: &str) {
    let mut rest = json.as_bytes();
    out.reserve(rest.len());
    loop {
        // Up to the next text or white space: a token has no such byte.
        let is_plain = |byte: &u8| !matches!(byte, b'"' | b' ' | b'\t' | b'\r' | b'\n');
        let plain = rest.iter().take_while(|byte| is_plain(byte)).count();
        let (tokens, others) = rest.split_at(plain);
        out.extend_from_slice(tokens);
        let Some((byte, others)) = others.split_first() else {
            return;
        };
        rest = others;
        if *byte == b'"' {
            let (text, others) = rest.split_at(text_length(rest));
            out.push(b'"');
            out.extend_from_slice(text);
            rest = others;
        }
    }
}

/// The length of the rest of a JSON text, with its last quotation mark. `bytes` begins after the first.
pub(crate) fn text_length(bytes: &[u8]) -> usize {
    let mut at = 0;
    loop {
        at += plain_prefix(bytes.get(at..).unwrap_or_default());
        match bytes.get(at) {
            None => return bytes.len(),
            Some(b'"') => return at + 1,
            Some(b'\\') => at += 2,
            // A control character, in a text that is not JSON.
            Some(_) => at += 1,
        }
    }
}

/// The number of bytes before the first `"`, `\` or control character.
#[inline]
pub(crate) fn plain_prefix(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let found = special_bytes(u64::from_le_bytes(*word));
        if found != 0 {
            return at * 8 + (found.trailing_zeros() / 8) as usize;
        }
    }
    let plain = |byte: &u8| *byte >= b' ' && !matches!(byte, b'"' | b'\\');
    words.len() * 8 + rest.iter().take_while(|byte| plain(byte)).count()
}

/// Sets the highest bit of the first byte that is `"`, `\` or a control character, and possibly of later bytes.
#[inline]
const fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let is_control = word.wrapping_sub(ONES * b' ' as u64) & !word;
    let is_quote = quote.wrapping_sub(ONES) & !quote;
    let is_backslash = backslash.wrapping_sub(ONES) & !backslash;
    (is_control | is_quote | is_backslash) & HIGH
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{plain_prefix, push_text, text_length};
    use crate::value::{Date, Time, Timestamp, Value};

    fn json(value: Value<'_>) -> String {
        let mut out = Vec::new();
        value.write_json(&mut out);
        String::from_utf8(out).unwrap()
    }

    /// Texts with many characters that are escaped, and words of eight bytes with one of them at each place.
    fn texts() -> impl Strategy<Value = String> {
        let odd = prop_oneof![
            Just('"'),
            Just('\\'),
            (0_u32..0x20).prop_map(|code| char::from_u32(code).unwrap()),
            Just('\u{7f}'),
            Just('\u{2028}'),
            any::<char>(),
        ];
        let character = prop_oneof![6 => proptest::char::range('a', 'z'), 1 => odd];
        proptest::collection::vec(character, 0..40).prop_map(|all| all.into_iter().collect())
    }

    fn documents() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(serde_json::Value::from),
            any::<i64>().prop_map(serde_json::Value::from),
            any::<f64>().prop_map(serde_json::Value::from),
            texts().prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
                proptest::collection::vec((texts(), inner), 0..6).prop_map(|members| {
                    serde_json::Value::Object(members.into_iter().collect())
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn texts_are_those_of_serde_json(text in texts()) {
            prop_assert_eq!(json(Value::Text(&text)), serde_json::to_string(&text).unwrap());
        }

        #[test]
        fn numbers_are_those_of_serde_json(integer: i64, double: f64) {
            prop_assert_eq!(json(Value::Bigint(integer)), serde_json::to_string(&integer).unwrap());
            prop_assert_eq!(json(Value::Double(double)), serde_json::to_string(&double).unwrap());
        }

        #[test]
        fn bytes_and_times_are_texts(
            bytes: Vec<u8>, second in -377_705_023_201_i64..253_402_300_800, nanosecond in 0_u32..1_000_000_000,
        ) {
            let timestamp = Timestamp::from_epoch(second, nanosecond).unwrap();
            for value in [Value::Binary(&bytes), Value::Timestamp(timestamp)] {
                prop_assert_eq!(json(value), serde_json::to_string(&value.to_string()).unwrap());
            }
        }

        #[test]
        fn nested_json_is_compact_and_otherwise_as_written(document in documents()) {
            let compact = document.to_string();
            let pretty = serde_json::to_string_pretty(&document).unwrap();
            prop_assert_eq!(&json(Value::Json(&compact)), &compact);
            // An empty list of serde_json's pretty form is `[]`, too.
            prop_assert_eq!(&json(Value::Json(&pretty)), &compact);
        }

        #[test]
        fn the_end_of_a_text_is_found(text in texts(), rest in texts()) {
            let mut written = Vec::new();
            push_text(&mut written, &text);
            let length = written.len() - 1;
            written.extend(rest.bytes());
            prop_assert_eq!(text_length(&written[1..]), length);
        }

        #[test]
        fn plain_bytes_are_counted(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let is_plain = |byte: &u8| *byte >= 0x20 && *byte != b'"' && *byte != b'\\';
            prop_assert_eq!(plain_prefix(&bytes), bytes.iter().take_while(|byte| is_plain(byte)).count());
        }
    }

    #[test]
    fn escapes_digits_and_lone_surrogates_of_nested_json_are_kept() {
        let written = r#"{ "a" : [ "\ud800", "\u00e4\/", 1.50e0, 12345678901234567890 ] }"#;
        let compact = r#"{"a":["\ud800","\u00e4\/",1.50e0,12345678901234567890]}"#;
        assert_eq!(json(Value::Json(written)), compact);
    }

    #[test]
    fn other_values_are_texts() {
        assert_eq!(json(Value::Absent), "null");
        assert_eq!(json(Value::Decimal("-1.50")), r#""-1.50""#);
        assert_eq!(json(Value::Date(Date::EPOCH)), r#""1970-01-01""#);
        assert_eq!(json(Value::Time(Time::MIDNIGHT)), r#""00:00:00""#);
        assert_eq!(json(Value::Double(f64::INFINITY)), "null");
    }
}
