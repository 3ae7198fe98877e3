use std::fmt::Write as _;

use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;

use super::*;
use crate::{
    plan::{Cursor, Pages, Paginator, Param, Part, ResourcePlan, SourcePlan, Template},
    query,
    schema::Path,
    shared::{Ref::Static, list},
};

/// A text as the inside of a JSON string, with these characters as `\uXXXX`.
fn json(text: &str, upper: bool, is_escaped: impl Fn(char) -> bool) -> String {
    let mut written = String::new();
    for c in text.chars() {
        match c {
            '\\' => written.push_str("\\\\"),
            '"' if !is_escaped(c) => written.push_str("\\\""),
            c if is_escaped(c) || c.is_control() => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    if upper {
                        let _ = write!(written, "\\u{unit:04X}");
                    } else {
                        let _ = write!(written, "\\u{unit:04x}");
                    }
                }
            }
            c => written.push(c),
        }
    }
    written
}

/// A plan whose spec is at this path.
fn named(spec: &'static str) -> SourcePlan {
    SourcePlan {
        spec: Static(spec),
        ..SourcePlan::DEFAULT
    }
}

/// A way to write a text, with its name.
type Encoding = (&'static str, fn(&str) -> String);

fn percent(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

fn within(before: &str, text: &str, after: &str) -> String {
    [before, text, after].concat()
}

/// Those of bytes.
fn binary_encodings() -> Vec<Encoding> {
    fn hex(text: &str) -> String {
        super::hex(text.as_bytes())
    }
    vec![
        ("base64", |text| STANDARD.encode(text)),
        ("base64 without padding", |text| {
            STANDARD_NO_PAD.encode(text)
        }),
        ("base64 of URLs", |text| URL_SAFE.encode(text)),
        ("base64, one further", |text| {
            STANDARD.encode(within("x", text, ""))
        }),
        ("base64, two further, without padding", |text| {
            URL_SAFE_NO_PAD.encode(within("x:", text, ":y"))
        }),
        ("base64 of JSON", |text| {
            STANDARD.encode(serde_json::json!({ "token": text }).to_string())
        }),
        ("base64 in base64", |text| {
            STANDARD.encode(STANDARD_NO_PAD.encode(text))
        }),
        ("base64 in base64 of Basic", |text| {
            STANDARD.encode(within("user:", &STANDARD.encode(text), ""))
        }),
        ("base64 in base64 of JSON of URLs", |text| {
            let token = URL_SAFE_NO_PAD.encode(within("x", text, ""));
            URL_SAFE_NO_PAD.encode(serde_json::json!({ "token": token }).to_string())
        }),
        ("hex", hex),
        ("hex in upper case", |text| hex(text).to_uppercase()),
        ("hex, one further", |text| within("0", &hex(text), "")),
        ("hex with separators", |text| {
            let bytes = text.bytes().map(|byte| format!("{byte:02x}"));
            bytes.collect::<Vec<_>>().join(":")
        }),
        ("hex as an array of C", |text| {
            let bytes = text.bytes().map(|byte| format!("0x{byte:02X}"));
            bytes.collect::<Vec<_>>().join(", ")
        }),
        ("hex of base64", |text| hex(&STANDARD.encode(text))),
        ("base64 of hex", |text| STANDARD.encode(hex(text))),
        ("hex of Basic, percent-encoded", |text| {
            percent(&STANDARD.encode(within("user:", &hex(text), "\n")))
        }),
    ]
}

/// The ways to write a text.
fn encodings() -> Vec<Encoding> {
    fn numeric(text: &str) -> String {
        text.chars().fold(String::new(), |mut html, c| {
            if c.is_ascii_alphanumeric() {
                html.push(c);
            } else {
                let _ = write!(html, "&#{};", u32::from(c));
            }
            html
        })
    }
    let mut encodings: Vec<Encoding> = vec![
        ("as it is", str::to_owned),
        ("JSON of Rust and Java", |text| {
            let json = serde_json::Value::from(text).to_string();
            json[1..json.len() - 1].to_owned()
        }),
        ("UTF-8 read as Latin-1", |text| {
            text.bytes().map(char::from).collect()
        }),
        ("JSON of UTF-8 read as Latin-1", |text| {
            let misread: String = text.bytes().map(char::from).collect();
            json(&misread, false, |c| !c.is_ascii())
        }),
        ("JSON of Python", |text| {
            json(text, false, |c| !c.is_ascii())
        }),
        ("JSON of PHP", |text| {
            json(text, false, |c| !c.is_ascii()).replace('/', "\\/")
        }),
        ("JSON of Go", |text| {
            json(text, false, |c| "<>&\u{2028}\u{2029}".contains(c))
        }),
        ("JSON of .NET", |text| {
            json(text, true, |c| !c.is_ascii() || "\"'<>&+`".contains(c))
        }),
        ("JSON of Gson", |text| {
            json(text, false, |c| "<>&='".contains(c))
        }),
        ("JSON in JSON", |text| {
            let once = json(text, false, |c| !c.is_ascii());
            json(&once, false, |_| false)
        }),
        ("Debug of Rust", |text| format!("{text:?}")),
        ("percent", percent),
        ("percent in lower case", |text| {
            let mut written = String::new();
            for byte in text.bytes() {
                if byte.is_ascii_alphanumeric() {
                    written.push(char::from(byte));
                } else {
                    let _ = write!(written, "%{byte:02x}");
                }
            }
            written
        }),
        ("percent twice", |text| percent(&percent(text))),
        ("query", query::encode),
        ("form", |text| {
            url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
        }),
        ("encodeURIComponent", |text| {
            const SAFE: &percent_encoding::AsciiSet = &NON_ALPHANUMERIC
                .remove(b'-')
                .remove(b'_')
                .remove(b'.')
                .remove(b'!')
                .remove(b'~')
                .remove(b'*')
                .remove(b'\'')
                .remove(b'(')
                .remove(b')');
            utf8_percent_encode(text, SAFE).to_string()
        }),
        ("HTML", |text| {
            text.replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .replace('"', "&quot;")
                .replace('\'', "&#39;")
                .replace('ä', "&auml;")
        }),
        ("HTML, numeric", numeric),
        ("folded", |text| {
            let middle = floor(text, text.len() / 2);
            within(&text[..middle], "\r\n ", &text[middle..])
        }),
    ];
    encodings.extend(binary_encodings());
    encodings
}

/// A secret with all that encoders treat in different ways.
fn secrets() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z0-9+/]{12,40}={0,2}",
        "[a-zäß&<>\"'/\\\\+= %{}~!*()é😀]{12,30}",
        "[a-f0-9]{32}",
    ]
    .prop_filter("enough of it is left without spaces", |secret| {
        secret.bytes().filter(|byte| !is_dropped(*byte)).count() >= 12
    })
}

proptest! {
    // Each case is three texts in each of two dozen encodings.
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.div_ceil(8), ..ProptestConfig::default() })]

    #[test]
    fn no_encoding_shows_a_secret(secret in secrets(), before in "[ -~]{0,9}", after in "[ -~]{0,9}") {
        let redactor = Redactor::new([&*secret]);
        for (name, encode) in encodings() {
            // What stands beside it is not to be taken for a part of it, nor for an escape.
            let encoded = encode(&secret);
            for text in [
                encoded.clone(),
                format!("{before} [[{encoded}]] {after}"),
                format!("{{\"error\":\"bad key {encoded}\"}}"),
            ] {
                let redacted = redactor.redact(&text);
                prop_assert!(redacted.contains(BLANK), "{name}: {text} -> {redacted}");
                prop_assert!(!redacted.contains(&encoded), "{name}: {text} -> {redacted}");
            }
        }
    }

    #[test]
    fn any_text_can_be_redacted(text in "\\PC{0,60}", secret in "\\PC{0,20}", cut in any::<bool>()) {
        let _ = Redactor::new([&*secret]).replace(&text, cut);
    }

    #[test]
    fn text_without_a_secret_stays_as_it_is(text in "[ -~é\\n]{0,80}") {
        let redactor = Redactor::new(["zQ8wXk-zQ8wXk", "Ü"]);
        prop_assert_eq!(redactor.redact(&text), text);
    }
}

#[test]
fn a_text_cut_at_any_byte_shows_no_part_of_a_secret() {
    let secret = "4f9a+K2mPq7/LxZ0+w3Rt8uV";
    let redactor = Redactor::new([secret]);
    let start: Vec<u8> = secret
        .bytes()
        .filter(|byte| !is_dropped(*byte))
        .take(4)
        .collect();
    for (name, encode) in encodings() {
        let encoded = encode(secret);
        for kept in 0..=encoded.len() {
            let text = [&" ".repeat(SEARCHED - kept), &*encoded, " and more"].concat();
            let shown = redactor.redact_start(text.as_bytes());
            View::of(shown.trim()).visit(NESTED, &mut |view| {
                let bytes = view.compact().bytes;
                let found = bytes.windows(4).any(|found| found == start);
                assert!(
                    !found,
                    "{name}, {kept} bytes of {encoded}: {}",
                    shown.trim()
                );
            });
        }
    }
}

#[test]
fn a_secret_with_all_that_encoders_escape_is_found_in_every_encoding() {
    let secret = "p@ss zq/zq+<&>\"ü\"~\"'\\ä😀=";
    let redactor = Redactor::new([secret]);
    for (name, encode) in encodings() {
        let text = format!("key [{}]!", encode(secret));
        let redacted = redactor.redact(&text);
        assert!(redacted.contains(BLANK), "{name}: {text} -> {redacted}");
        for part in ["p@ss", "zq", "ü", "ä"] {
            assert!(!redacted.contains(part), "{name}: {redacted}");
        }
    }
}

#[test]
fn spaces_around_a_secret_do_not_hide_it() {
    for secret in ["sk_live_4f9aK2 ", " sk_live_4f9aK2", "sk_live_4f9aK2\n"] {
        let redacted = Redactor::new([secret]).redact("bad key sk_live_4f9aK2.");
        assert_eq!(redacted, "bad key [secret].");
    }
    let redactor = Redactor::new(["sk  live  4f9aK2mPq"]);
    assert_eq!(
        redactor.redact("bad key sk live 4f9aK2mPq"),
        "bad key [secret]"
    );
    assert_eq!(Redactor::new(["      "]).redact("a      b"), "a      b");
}

#[test]
fn a_backslash_at_the_end_of_a_secret_may_escape_what_follows() {
    let redactor = Redactor::new([r"\&}aa%/a<!/\".replace(r"\\", r"\").as_str()]);
    let redacted = redactor.redact(r#"{"error":"bad key \&amp;}aa%/a&lt;!/\"}"#);
    assert!(redacted.contains(BLANK), "{redacted}");
}

#[test]
fn most_of_a_secret_is_as_good_as_all_of_it() {
    let redactor = Redactor::new(["sk_live_4f9aK2mPq7Lx"]);
    assert_eq!(
        redactor.redact("bad key sk_live_4f9aK2mP…"),
        "bad key [secret]…"
    );
    assert_eq!(redactor.redact("bad key sk_live_…"), "bad key sk_live_…");
    assert_eq!(
        redactor.redact("BAD KEY SK_LIVE_4F9AK2MPQ7LX"),
        "BAD KEY [secret]"
    );
}

#[test]
fn another_charset_does_not_hide_a_secret() {
    let redactor = Redactor::new(["pässwörd-99"]);
    let latin_1: Vec<u8> = "bad pässwörd-99".chars().map(|c| c as u8).collect();
    assert_eq!(redactor.redact_start(&latin_1), "bad [secret]");
    let utf_16: Vec<u8> = "bad pässwörd-99"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert!(!redactor.redact_start(&utf_16).contains('9'));
}

#[test]
fn a_secret_within_another_leaves_no_remains() {
    let redactor = Redactor::new(["abcdef", "abcdefghijkl"]);
    assert_eq!(redactor.redact("abcdefghijkl"), BLANK);
}

#[test]
fn a_short_secret_is_redacted_only_where_it_stands_alone() {
    let redactor = Redactor::new(["a"]);
    assert_eq!(
        redactor.redact("a day: key=a&b=aa, %61, \\u0061"),
        "[secret] day: key=[secret]&b=aa, [secret], [secret]"
    );
    let redactor = Redactor::new(["abc12"]);
    assert_eq!(redactor.redact("Basic YWJjMTI="), "Basic [secret]");
    assert_eq!(redactor.redact("0x6162633132"), "0x[secret]");
}

#[test]
fn tokens_learned_at_run_time_are_redacted() {
    let redactor = Redactor::new([]);
    redactor.learn("basic-1");
    for n in 1..100 {
        redactor.learn_token(&format!("token-{n}"));
    }
    assert_eq!(redactor.redact("Bearer token-99"), "Bearer [secret]");
    assert_eq!(redactor.redact("Basic basic-1"), "Basic [secret]");
}

#[test]
fn nothing_is_redacted_for_an_empty_secret() {
    assert_eq!(Redactor::new([""]).redact("text"), "text");
}

#[test]
fn the_path_of_the_spec_stays_where_a_secret_is_a_word_of_it() {
    let redactor =
        Redactor::new(["shop", "specs/", "17", "123456"]).of_plan(&named("specs/shop.yaml"));
    assert_eq!(
        redactor.redact("of shop  specs/shop.yaml:17, specs/shop.yaml:123456 17"),
        "of [secret]  specs/shop.yaml:17, specs/shop.yaml:[secret] [secret]"
    );
    // A path that is the secret itself cannot be told from what a server wrote.
    let redactor = Redactor::new(["shop"]).of_plan(&named("shop"));
    assert_eq!(redactor.redact("key: shop"), "key: [secret]");
}

#[test]
fn any_three_quarters_of_a_secret_are_redacted() {
    let secret = "sk_live_4f9aK2mPq7LxZt81";
    let redactor = Redactor::new([secret]);
    let enough = 18;
    for start in 0..=secret.len() - enough {
        for end in start + enough..=secret.len() {
            let part = &secret[start..end];
            for written in [part.to_owned(), hex(part.as_bytes()), STANDARD.encode(part)] {
                let shown = redactor.redact(&format!("bad key {written} given"));
                assert!(!shown.contains(&written[6..12]), "{part}: {shown}");
                assert!(shown.ends_with(" given"), "{part}: {shown}");
            }
        }
    }
    let half = &secret[6..18];
    assert_eq!(redactor.redact(half), half);
}

#[test]
fn credentials_in_urls_are_redacted_by_their_names() {
    let redactor = Redactor::default();
    for (text, expected) in [
        (
            "GET https://h/x?page=2&access_token=hush: 404",
            "GET https://h/x?page=2&access_token=[secret]: 404",
        ),
        (
            "the link `/x?X-Amz-Signature=hush%2Fhush&b=c` is",
            "the link `/x?X-Amz-Signature=[secret]&b=c` is",
        ),
        (
            "<https://h/x?token=hush,hush>; rel=next",
            "<https://h/x?token=[secret]>; rel=next",
        ),
        (
            r#"{"next":"https://h/x?page=2\u0026api_key=hush\u0026n=1"}"#,
            r#"{"next":"https://h/x?page=2\u0026api_key=[secret]\u0026n=1"}"#,
        ),
        (
            "a?b=c&amp;sig=hush&amp;d=e",
            "a?b=c&amp;sig=[secret]&amp;d=e",
        ),
        (
            "https://h/go?to=https%3A%2F%2Fi%2F%3Fkey%3Dhush%26a%3Db",
            "https://h/go?to=https%3A%2F%2Fi%2F%3Fkey%3D[secret]%26a%3Db",
        ),
        ("https://me:hush@h/x@y", "https://[secret]@h/x@y"),
        (
            "https://h/?client%5Fsecret=hush",
            "https://h/?client%5Fsecret=[secret]",
        ),
    ] {
        assert_eq!(redactor.redact(text), expected);
    }
    for text in [
        "https://h/x?page_token=abc&cursor=d&pageToken=e&sort_key=f",
        "token=abc",
        "https://h/x?token=&key",
        "mailto:me@h",
        "https://h/@me?a=b@c",
    ] {
        assert_eq!(redactor.redact(text), text);
    }
}

#[test]
fn a_plan_says_which_parameters_are_credentials() {
    let mut resource = ResourcePlan {
        params: list![
            Param {
                name: Static("code"),
                value: Template::EMPTY,
            },
            Param {
                name: Static("site"),
                value: Template(list![Part::Secret(0)]),
            },
        ],
        ..ResourcePlan::DEFAULT
    };
    resource.paginator = Paginator::new(Pages::Cursor(Cursor::new(Path::ROOT, Static("token"))));
    let plan = SourcePlan {
        resources: vec![resource.into()].into(),
        ..SourcePlan::DEFAULT
    };
    let redactor = Redactor::default().of_plan(&plan);
    assert_eq!(
        redactor.redact("/x?code=a&site=b&token=c&key=d"),
        "/x?code=a&site=[secret]&token=c&key=[secret]"
    );
}
