//! Whatever the text is, compiling it ends, with bounded memory and no panic.

use std::fmt::Write as _;

use proptest::prelude::*;
use rest_source_codegen::{Compiled, compile, emit, emit::Options};

const SPEC: &str = include_str!("../../specs/call_center_overview.yaml");

/// What holds of every outcome.
fn compiled(text: &str) -> Compiled {
    let compiled = compile("specs/api.yaml", text);
    assert_eq!(
        compiled.connector.is_none(),
        compiled.diagnostics.has_errors()
    );
    let messages = compiled.diagnostics.messages();
    assert!(messages.len() <= 21);
    if let Some(connector) = &compiled.connector {
        let tokens = emit::file(connector, &Options::default());
        assert!(syn::parse2::<syn::File>(tokens.clone()).is_ok(), "{tokens}");
    }
    for name in compiled
        .outline
        .types
        .iter()
        .chain(&compiled.outline.methods)
    {
        assert!(
            syn::parse_str::<syn::Ident>(name).is_ok() || name.starts_with("r#"),
            "{name}"
        );
    }
    for one in compiled.diagnostics.iter() {
        assert!(text.get(one.span.clone()).is_some(), "{one:?}");
    }
    for message in messages.iter().chain([&compiled.diagnostics.render()]) {
        assert!(
            message.lines().all(|line| line.chars().count() < 1500),
            "{message}"
        );
    }
    compiled
}

fn first_code(text: &str) -> Option<&'static str> {
    compiled(text)
        .diagnostics
        .errors()
        .next()
        .map(|one| one.code)
}

#[test]
fn deep_nesting_is_an_error() {
    assert_eq!(first_code(&"[".repeat(100_000)), Some("RS0008"));
    assert_eq!(first_code(&"{a: ".repeat(100_000)), Some("RS0008"));
    assert_eq!(first_code(&"- ".repeat(100_000)), Some("RS0008"));
    let steps: Vec<String> = (0..2_000)
        .map(|n| format!("{}a:\n", " ".repeat(n)))
        .collect();
    assert_eq!(first_code(&steps.concat()), Some("RS0008"));
    let nested = format!("{}{}", "[".repeat(60), "]".repeat(60));
    assert_eq!(first_code(&format!("a: {nested}")), Some("RS0102"));
}

#[test]
fn aliases_that_multiply_are_an_error() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..30 {
        let aliases = vec![format!("*a{}", n - 1); 9].join(", ");
        let _ = writeln!(bomb, "a{n}: &a{n} [{aliases}]");
    }
    assert_eq!(first_code(&bomb), Some("RS0004"));
    let mut tower = "a0: &a0 [x]\n".to_owned();
    for n in 1..200 {
        let _ = writeln!(tower, "a{n}: &a{n} [*a{}]", n - 1);
    }
    assert_eq!(first_code(&tower), Some("RS0008"));
}

#[test]
fn many_values_are_an_error() {
    assert_eq!(first_code(&"- a\n".repeat(600_000)), Some("RS0008"));
}

#[test]
fn ten_megabytes_of_junk_are_an_error() {
    let junk: String = (0..10_000_000_u32)
        .map(|n| char::from_u32(n.wrapping_mul(2_654_435_761) % 0xd000).unwrap_or('x'))
        .collect();
    assert!(compiled(&junk).diagnostics.has_errors());
    assert!(compiled(&"x".repeat(10_000_000)).diagnostics.has_errors());
    assert!(
        compiled(&format!("{}: 1", "x".repeat(1000)))
            .diagnostics
            .has_errors()
    );
    assert!(
        compiled(&format!("? {}\n: 1", "x".repeat(1_000_000)))
            .diagnostics
            .has_errors()
    );
}

#[test]
fn many_mistakes_are_counted() {
    let lines: Vec<String> = (0..50_000).map(|n| format!("key{n}: yes\n")).collect();
    let messages = compiled(&lines.concat()).diagnostics.messages();
    assert!(
        messages
            .last()
            .is_some_and(|last| last.contains(" more errors in specs/api.yaml"))
    );
}

#[test]
fn the_ends_of_lines_make_no_difference() {
    assert!(compiled(&SPEC.replace('\n', "\r\n")).connector.is_some());
    assert!(compiled(&format!("\u{feff}{SPEC}")).connector.is_some());
    assert!(compiled(SPEC.trim_end()).connector.is_some());
}

proptest! {
    #[test]
    fn any_text_is_taken(text in any::<String>()) {
        compiled(&text);
    }

    #[test]
    fn anything_that_looks_like_yaml_is_taken(text in "([ \\-?:,\\[\\]{}&*!|>'\"%@`#\\n\\ta-c01~.$]){0,60}") {
        compiled(&text);
    }

    /// A spec with some of its characters replaced, left out or repeated.
    #[test]
    fn any_slip_in_a_spec_is_taken(
        slips in prop::collection::vec((0..SPEC.len(), 0..12_usize, "[ -~\\n]{0,3}"), 1..6)
    ) {
        let mut text = SPEC.to_owned();
        for (at, length, insert) in slips {
            let at = at.min(text.len());
            let end = (at + length).min(text.len());
            if text.is_char_boundary(at) && text.is_char_boundary(end) {
                text.replace_range(at..end, &insert);
            }
        }
        compiled(&text);
    }

    /// A spec with lines swapped, left out or moved in.
    #[test]
    fn any_disorder_in_a_spec_is_taken(
        moves in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..4_usize), 1..8)
    ) {
        let mut lines: Vec<String> = SPEC.lines().map(ToOwned::to_owned).collect();
        for (from, to, indent) in moves {
            let line = lines.remove(from.index(lines.len()));
            let at = to.index(lines.len());
            lines.insert(at, format!("{}{}", "  ".repeat(indent), line.trim_start()));
        }
        compiled(&lines.join("\n"));
    }

    /// Whatever the keys, values and texts of an API are, the tokens are Rust, or it is said why
    /// there are none.
    #[test]
    fn any_words_of_an_api_become_rust(
        keys in prop::collection::btree_set(word(), 1..8),
        values in prop::collection::btree_set(word(), 1..6),
        text in "\\PC{0,20}",
        name in "[A-Za-z_][A-Za-z0-9_]{0,8}",
        record in prop::option::of("[A-Za-z_][A-Za-z0-9_]{0,8}"),
    ) {
        let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
        let columns: Vec<String> = keys
            .iter()
            .enumerate()
            .map(|(at, key)| {
                let key = quoted(key);
                let column = match at % 4 {
                    0 => "text".to_owned(),
                    1 => format!("{{ data_type: enum, values: [{}] }}", values.join(", ")),
                    2 => format!("{{ data_type: object, fields: {{ {key}: text }} }}"),
                    _ => format!("{{ data_type: bigint, from: {} }}", quoted(&format!("$[{key}]"))),
                };
                format!("      {key}: {column}\n")
            })
            .collect();
        let columns = columns.concat();
        let record = record.map_or(String::new(), |record| format!("    record: \"{record}\"\n"));
        let text = quoted(&text);
        let spec = format!(
            "description: {text}\nclient:\n  base_url: https://api.example.com\n  paginator: single_page\n\
             resources:\n  - name: \"{name}\"\n{record}    description: {text}\n\
             \x20   endpoint: {{ path: a, headers: {{ X-A: \"b\" }}, params: {{ {text}: c }} }}\n\
             \x20   columns:\n{columns}"
        );
        compiled(&spec);
    }
}

/// In double quotes.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A key or a value as APIs have them.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z_][a-zA-Z0-9_]{0,6}",
        "[a-z0-9]{1,3}[-. /:>@$]{0,2}[A-Za-z0-9]{0,4}",
        prop::sample::select(vec![
            "self",
            "Self",
            "super",
            "crate",
            "type",
            "gen",
            "async",
            "true",
            "null",
            "_",
            "__",
            "r#type",
            "Other",
            "other",
            "String",
            "1h",
            "16x16",
            "media-metadata",
            "ID",
            "id",
            "TRY",
        ])
        .prop_map(ToOwned::to_owned),
        "[^\"\\\\\\x00-\\x1f]{0,4}",
    ]
}
