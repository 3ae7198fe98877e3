//! Diagnostics as `rustc --error-format=json` has them, so that whatever reads rustc's reads ours.

use std::fmt::Write as _;

use crate::diagnostic::{Applicability, Diagnostics, Edit, Located, LocatedSpan, Severity};

use super::json::{Json, count, map, text};

/// All that is said about a spec, a line of JSON for each diagnostic, in the form of
/// [rustc's](https://doc.rust-lang.org/rustc/json.html): an editor that shows those underlines the
/// YAML. Lines and columns count from 1, columns in characters, bytes from 0.
///
/// ```
/// let compiled = rest_source_codegen::compile("specs/media.yaml", "client: {}\n");
/// let lines = rest_source_codegen::describe::diagnostics_as_json(&compiled.diagnostics);
/// assert!(lines.lines().all(|line| line.starts_with(r#"{"$message_type": "diagnostic", "#)));
/// assert!(lines.contains(r#""code": {"code": "RS0101""#));
/// ```
pub fn lines(diagnostics: &Diagnostics) -> String {
    let mut lines = String::new();
    for one in diagnostics.located() {
        let _ = writeln!(lines, "{}", diagnostic(&one));
    }
    let more = diagnostics.not_kept();
    if more > 0 {
        let plural = if more == 1 { "" } else { "s" };
        let message = format!("and {more} more error{plural}");
        let rendered = text(format!("error: {message}\n"));
        let line = said(
            "error",
            &message,
            Json::Null,
            Vec::new(),
            Vec::new(),
            rendered,
        );
        let _ = writeln!(lines, "{line}");
    }
    lines
}

fn diagnostic(one: &Located) -> Json {
    let level = match one.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let explanation = super::explain(one.code).map_or(Json::Null, text);
    let places = one.places.iter().enumerate();
    let edit = one.edit.as_ref().filter(|edit| !edit.is_secret);
    let is_edit = |note: &str| {
        edit.is_some_and(|edit| note.strip_prefix("help: ") == Some(&edit.place.label))
    };
    let notes = one.notes.iter().filter(|note| !is_edit(note));
    said(
        level,
        &one.message,
        map([("code", text(one.code)), ("explanation", explanation)]),
        places
            .map(|(at, place)| span(place, at == 0, None))
            .collect(),
        edit.map(suggestion)
            .into_iter()
            .chain(notes.map(|note| child(note)))
            .collect(),
        text(format!("{level}: {}\n", one.rendered)),
    )
}

fn said(
    level: &str,
    message: &str,
    code: Json,
    spans: Vec<Json>,
    children: Vec<Json>,
    rendered: Json,
) -> Json {
    map([
        ("$message_type", text("diagnostic")),
        ("message", text(message)),
        ("code", code),
        ("level", text(level)),
        ("spans", Json::List(spans)),
        ("children", Json::List(children)),
        ("rendered", rendered),
    ])
}

fn span(place: &LocatedSpan, is_primary: bool, edit: Option<&Edit>) -> Json {
    let ((first, from), (last, to)) = (place.start, place.end);
    let lines = place.lines.iter().zip(first..).map(|(line, at)| {
        let end = line.chars().count() + 1;
        map([
            ("text", text(line)),
            ("highlight_start", count(if at == first { from } else { 1 })),
            ("highlight_end", count(if at == last { to } else { end })),
        ])
    });
    let label = Some(&place.label).filter(|label| !label.is_empty());
    map([
        ("file_name", text(&place.path)),
        ("byte_start", count(place.bytes.start)),
        ("byte_end", count(place.bytes.end)),
        ("line_start", count(first)),
        ("line_end", count(last)),
        ("column_start", count(from)),
        ("column_end", count(to)),
        ("is_primary", Json::Bool(is_primary)),
        ("text", Json::List(lines.collect())),
        ("label", label.map_or(Json::Null, text)),
        (
            "suggested_replacement",
            edit.map_or(Json::Null, |edit| text(&edit.replacement)),
        ),
        (
            "suggestion_applicability",
            edit.map_or(Json::Null, |edit| text(applicability(edit))),
        ),
        ("expansion", Json::Null),
    ])
}

/// A help, with what it would have put there; as rustc has it, in a span of its own.
fn suggestion(edit: &Edit) -> Json {
    let place = LocatedSpan {
        label: String::new(),
        ..edit.place.clone()
    };
    said(
        "help",
        &edit.place.label,
        Json::Null,
        vec![span(&place, true, Some(edit))],
        Vec::new(),
        Json::Null,
    )
}

fn applicability(edit: &Edit) -> &'static str {
    match edit.applicability {
        Applicability::MachineApplicable => "MachineApplicable",
        Applicability::MaybeIncorrect => "MaybeIncorrect",
    }
}

/// A `help: …` or `note: …`.
fn child(note: &str) -> Json {
    let (level, message) = note.split_once(": ").unwrap_or(("note", note));
    said(
        level,
        message,
        Json::Null,
        Vec::new(),
        Vec::new(),
        Json::Null,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mistakes with labels, notes and further places, on lines with more than ASCII.
    const SPEC: &str = "
# wörds
client:
  base_url: https://api.example.com
  paginator: singel_page
resources:
  - name: things
    primary_keys: id
    columns: { id: text!, \"näme\": strin, ID: text }
";

    #[test]
    fn diagnostics_are_in_the_form_of_rustc() {
        let lines = lines(&crate::compile("specs/api.yaml", SPEC).diagnostics);
        let mut pretty = String::new();
        for line in lines.lines() {
            let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
            let explanation = value["code"]["explanation"].take();
            assert!(explanation.as_str().is_some());
            for span in value["spans"].as_array().unwrap() {
                let place = |name: &str| usize::try_from(span[name].as_u64().unwrap()).unwrap();
                let of_bytes = &SPEC[place("byte_start")..place("byte_end")];
                let line = SPEC.lines().nth(place("line_start") - 1).unwrap();
                let columns = place("column_end") - place("column_start");
                let of_columns: String = line
                    .chars()
                    .skip(place("column_start") - 1)
                    .take(columns)
                    .collect();
                assert_eq!(of_bytes, of_columns);
            }
            pretty.push_str(&serde_json::to_string_pretty(&value).unwrap());
            pretty.push('\n');
        }
        insta::with_settings!({ omit_expression => true }, {
            insta::assert_snapshot!(pretty);
        });
    }

    #[test]
    fn errors_that_were_not_kept_are_counted() {
        let many: Vec<String> = (0..2000).map(|n| format!("key{n}: a\n")).collect();
        let lines = lines(&crate::compile("specs/api.yaml", &many.concat()).diagnostics);
        let last: serde_json::Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
        assert_eq!(last["code"], serde_json::Value::Null);
        assert!(last["message"].as_str().unwrap().ends_with(" more errors"));
    }
}
