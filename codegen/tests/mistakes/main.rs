//! What the compiler says about mistakes: a snapshot for each part of the language.
//!
//! Each case is a spec with one mistake, most of them a fragment put into an otherwise good spec. It has one
//! error, warnings apart: an error that only follows from another one is noise. The few cases with several
//! mistakes are listed in `several.rs`. Read a changed snapshot as the person who made the mistake would.

mod advice;
mod bodies;
mod cascades;
mod client;
mod incremental;
mod jobs;
mod other_tools;
mod paging;
mod parents;
mod redaction;
mod resources;
mod responses;
mod several;
mod text;

use std::fmt::Write as _;

use rest_source_codegen::compile;

/// The title of a case and its spec.
type Case = (&'static str, String);

/// Compares what is said about every case of a group with its snapshot.
fn say(group: &str, cases: &[Case]) {
    let mut said = String::new();
    for (title, spec) in cases {
        let compiled = compile("specs/api.yaml", spec);
        let rendered = compiled.diagnostics.render();
        assert!(
            !rendered.is_empty(),
            "nothing is said about: {title}\n{spec}"
        );
        assert_eq!(
            compiled.connector.is_none(),
            compiled.diagnostics.has_errors()
        );
        let errors = compiled.diagnostics.errors().count();
        let mistakes = several::mistakes(group, title).unwrap_or(errors.min(1));
        assert_eq!(
            errors, mistakes,
            "the number of errors is not that of the mistakes: {group}, {title}\n{rendered}"
        );
        let _ = writeln!(said, "## {title}\n\n{rendered}\n");
    }
    insta::with_settings!({ omit_expression => true }, {
        insta::assert_snapshot!(group, said);
    });
}

fn indented(text: &str, spaces: usize) -> String {
    let indent = " ".repeat(spaces);
    let lines = text.lines().map(|line| format!("{indent}{line}\n"));
    lines.collect()
}

/// A spec with these lines in its `client`.
fn client(lines: &str) -> String {
    format!(
        "client:\n  base_url: https://api.example.com\n  paginator: single_page\n{}\
         resources:\n  - name: things\n    columns: {{ id: text! }}\n",
        indented(lines, 2)
    )
}

/// A spec with these credentials.
fn auth(lines: &str) -> String {
    client(&format!("auth:\n{}", indented(lines, 2)))
}

/// A spec with these lines in its one resource.
fn resource(lines: &str) -> String {
    format!(
        "client:\n  base_url: https://api.example.com\n  paginator: single_page\n\
         resources:\n  - name: things\n{}",
        indented(lines, 4)
    )
}

/// A spec with these columns.
fn columns(lines: &str) -> String {
    resource(&format!("columns:\n{}", indented(lines, 2)))
}

/// A spec with these lines in the endpoint of its one resource.
fn endpoint(lines: &str) -> String {
    resource(&format!(
        "columns: {{ id: text!, updated_at: timestamp, count: bigint }}\nendpoint:\n{}",
        indented(lines, 2)
    ))
}

/// A spec with this paginator.
fn paginator(fields: &str) -> String {
    endpoint(&format!("path: /things\npaginator: {{ {fields} }}"))
}

/// A spec with these lines at its top.
fn top(lines: &str) -> String {
    format!("{lines}\n{}", client(""))
}
