//! Types in the words of other tools, and that `--fix` never changes what they say.

use rest_source_codegen::{compile, describe::fixed};

use super::columns;

/// A type of another tool, and what `--fix` must make of it: nothing where that is empty.
type Word = (&'static str, &'static str);

const DLT: &[Word] = &[("complex", "json"), ("wei", "")];
const JSON_SCHEMA: &[Word] = &[
    ("string", "text"),
    ("integer", "bigint"),
    ("number", ""),
    ("boolean", "bool"),
    ("date-time", ""),
];
const SINGER: &[Word] = &[("datetime", ""), ("singer.decimal", "decimal")];
const POSTGRES: &[Word] = &[
    ("VARCHAR(255)", "text"),
    ("varchar(20) NOT NULL", "text!"),
    ("int8", "bigint"),
    ("double precision", "double"),
    (
        "numeric(10, 2)",
        "{data_type: decimal, precision: 10, scale: 2}",
    ),
    ("timestamptz", "timestamp"),
    ("timestamp with time zone", "timestamp"),
    ("timestamp without time zone", ""),
    ("text[]", "{data_type: array, items: text}"),
    ("jsonb", "json"),
    ("bytea", ""),
];
const BIGQUERY: &[Word] = &[
    ("STRING", "text"),
    ("INT64", "bigint"),
    ("FLOAT64", "double"),
    ("ARRAY<STRING>", "{data_type: array, items: text}"),
    ("DATETIME", ""),
    ("BYTES", ""),
];
const AVRO_AND_ARROW: &[Word] = &[
    ("long", "bigint"),
    ("utf8", "text"),
    ("uint64", ""),
    (
        "decimal128(12, 4)",
        "{data_type: decimal, precision: 12, scale: 4}",
    ),
    ("list<int32>", "{data_type: array, items: bigint}"),
];
const LANGUAGES: &[Word] = &[
    ("Optional[str]", "text"),
    ("list[str]", "{data_type: array, items: text}"),
    ("Vec<String>", "{data_type: array, items: text}"),
    ("Option<i64>", "bigint"),
    ("str | None", "text"),
    ("string[]", "{data_type: array, items: text}"),
    ("int[]", "{data_type: array, items: bigint}"),
    ("string![]", "{data_type: array, items: text!}"),
    ("string?", "text"),
    ("dict[str, float]", "{data_type: map, values: double}"),
];

const TOOLS: [&[Word]; 7] = [
    DLT,
    JSON_SCHEMA,
    SINGER,
    POSTGRES,
    BIGQUERY,
    AVRO_AND_ARROW,
    LANGUAGES,
];

#[test]
fn a_fix_keeps_type_and_nullability_of_a_bare_type() {
    for (word, ours) in TOOLS.into_iter().flatten() {
        let spec = columns(&format!("id: text!\nvalue: '{word}'  # a comment"));
        let fixed = fixed("specs/api.yaml", &spec);
        if ours.is_empty() {
            assert_eq!(fixed.text, spec, "{word}");
            assert!(
                compile("specs/api.yaml", &spec).diagnostics.has_errors(),
                "{word}"
            );
        } else {
            let right = spec.replace(&format!("'{word}'"), ours);
            assert_eq!(fixed.text.replace('\'', ""), right, "{word}");
            assert!(
                compile("specs/api.yaml", &right).connector.is_some(),
                "{word}\n{right}"
            );
        }
    }
}

#[test]
fn a_fix_keeps_type_and_nullability_of_a_type_in_a_map() {
    for (word, ours) in TOOLS.into_iter().flatten() {
        let right = match (ours.strip_prefix('{'), ours.strip_suffix('!')) {
            (Some(entries), _) => entries.trim_end_matches('}').to_owned(),
            (_, Some(word)) => format!("data_type: {word}, nullable: false"),
            _ => format!("data_type: {ours}"),
        };
        let flow = columns(&format!(
            "id: text!\nvalue: {{ data_type: '{word}', description: d }}"
        ));
        let block = columns(&format!(
            "id: text!\nvalue:\n  description: d\n  data_type: '{word}'"
        ));
        let mended = |spec: &str| fixed("a.yaml", spec).text;
        let (of_flow, of_block) = (mended(&flow), mended(&block));
        if ours.is_empty() {
            assert_eq!((of_flow, of_block), (flow, block), "{word}");
            continue;
        }
        let (of_flow, of_block) = (of_flow.replace('\'', ""), of_block.replace('\'', ""));
        let line = format!("data_type: '{word}'");
        assert_eq!(of_flow, flow.replace(&line, &right), "{word}");
        let indented = right.split(", ").fold(String::new(), |mut all, one| {
            // The comma of `{data_type: map, values: …}` is none between keys.
            let separator = if all.is_empty() { "" } else { "\n        " };
            all.push_str(separator);
            all.push_str(one);
            all
        });
        assert_eq!(of_block, block.replace(&line, &indented), "{word}");
        assert!(compile("a.yaml", &of_flow).connector.is_some(), "{of_flow}");
        assert!(
            compile("a.yaml", &of_block).connector.is_some(),
            "{of_block}"
        );
    }
}

#[test]
fn a_mark_for_null_in_a_map_becomes_a_key() {
    for (wrong, right) in [
        (
            "{ data_type: text! }",
            "{ data_type: text, nullable: false }",
        ),
        (
            "{ data_type: text!, nullable: false }",
            "{ data_type: text, nullable: false }",
        ),
        (
            "{ data_type: object!, fields: { a: text } }",
            "{ data_type: object, nullable: false, fields: { a: text } }",
        ),
        (
            "{ data_type: array, items: 'string!' }",
            "{ data_type: array, items: text! }",
        ),
    ] {
        let spec = columns(&format!("value: {wrong}"));
        let mended = fixed("a.yaml", &spec).text;
        assert_eq!(mended, columns(&format!("value: {right}")));
        assert!(compile("a.yaml", &mended).connector.is_some(), "{mended}");
    }
    let block = columns("value:\n  data_type: text!\n  description: d").replace('\n', "\r\n");
    let mended = fixed("a.yaml", &block).text;
    let right = columns("value:\n  data_type: text\n  nullable: false\n  description: d");
    assert_eq!(mended, right.replace('\n', "\r\n"));
    let dashed = columns("value: { data_type: union, of: [ text, bigint ] }");
    assert_eq!(fixed("a.yaml", &dashed).text, dashed);
}

#[test]
fn a_contradiction_about_null_is_left() {
    for wrong in [
        "{ data_type: text!, nullable: true }",
        "{ data_type: text, required: true }",
        "{ data_type: text, optional: true }",
        "{ data_type: 'decimal(10,2)', precision: 12 }",
    ] {
        let spec = columns(&format!("value: {wrong}"));
        assert_eq!(fixed("a.yaml", &spec).fixes, [], "{wrong}");
        assert!(compile("a.yaml", &spec).diagnostics.has_errors(), "{wrong}");
    }
}
