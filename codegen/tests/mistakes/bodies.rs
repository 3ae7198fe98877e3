//! How bodies are said to become records.

use super::{endpoint, say};

#[test]
fn decoders() {
    let rows = |keys: &str| endpoint(&format!("path: /things\ndecoder: jsonl\n{keys}"));
    say(
        "decoders",
        &[
            (
                "an unknown decoder",
                endpoint("path: /things\ndecoder: yaml"),
            ),
            (
                "a charset that is not known",
                endpoint("path: /things\ndecoder: { type: json, charset: utf-7 }"),
            ),
            (
                "a selector beside rows",
                rows("data_selector: data.items\ndata_selector_required: false"),
            ),
            (
                "a list of elements in rows of texts",
                endpoint("path: /things\ndecoder: csv\nexplode: lines"),
            ),
            (
                "a delta link beside rows",
                endpoint("path: /things\ndecoder: csv\nincremental: { delta_link_path: next }")
                    .replace(
                        "columns",
                        "primary_key: id\n    write_disposition: merge\n    columns",
                    ),
            ),
            (
                "a delimiter by its name",
                endpoint("path: /things\ndecoder: { type: csv, delimiter: tab }"),
            ),
            (
                "a delimiter that is the quote",
                endpoint("path: /things\ndecoder: { type: csv, delimiter: '\"' }"),
            ),
            (
                "an escape without quotes",
                endpoint("path: /things\ndecoder: { type: csv, quote: none, escape: '\\' }"),
            ),
            (
                "a name twice",
                endpoint("path: /things\ndecoder: { type: csv, column_names: [id, id] }"),
            ),
            (
                "xml without a path",
                endpoint("path: /things\ndecoder: xml"),
            ),
            (
                "a path that is none",
                endpoint("path: /things\ndecoder: { type: xml, records: feed.entry }"),
            ),
            (
                "a type of the user's without its path",
                endpoint("path: /things\ndecoder: custom"),
            ),
            (
                "a charset of bytes",
                endpoint(
                    "path: /things\ndecoder: { type: custom, rust: crate::Samples, charset: latin1 }",
                ),
            ),
            (
                "members without an archive",
                endpoint(
                    "path: /things\ndecoder: { type: csv, compression: gzip, members: '*.csv' }",
                ),
            ),
            (
                "a link within an archive",
                endpoint(
                    "path: /things\ndecoder: { type: json, compression: zip }\npaginator: { type: json_link, next_url_path: next }",
                ),
            ),
            (
                "a cursor within rows",
                rows("paginator: { type: cursor, cursor_param: after }"),
            ),
            (
                "a total within rows",
                rows("paginator: { type: offset, limit: 10, total_path: total }"),
            ),
        ],
    );
}
