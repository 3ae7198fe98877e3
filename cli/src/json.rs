//! Diagnostics as `rustc --error-format json` has them, so that editors and CI that read rustc's read
//! ours.

use rest_source_codegen::diagnostic::{Diagnostics, Located, LocatedSpan, Severity};
use serde_json::{Value, json};

/// A line for each diagnostic.
pub(crate) fn lines(diagnostics: &Diagnostics) -> String {
    let mut lines: Vec<_> = diagnostics.located().map(|one| diagnostic(&one)).collect();
    let more = diagnostics.not_kept();
    if more > 0 {
        let message = format!("and {more} more errors");
        lines.push(json!({
            "$message_type": "diagnostic",
            "message": message,
            "code": null,
            "level": "error",
            "spans": [],
            "children": [],
            "rendered": format!("error: {message}\n"),
        }));
    }
    lines.iter().fold(String::new(), |mut text, line| {
        text.push_str(&line.to_string());
        text.push('\n');
        text
    })
}

fn diagnostic(one: &Located) -> Value {
    let level = match one.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let places = one.places.iter().enumerate();
    json!({
        "$message_type": "diagnostic",
        "message": one.message,
        "code": { "code": one.code, "explanation": null },
        "level": level,
        "spans": places.map(|(at, place)| span(place, at == 0)).collect::<Vec<_>>(),
        "children": one.notes.iter().map(|note| child(note)).collect::<Vec<_>>(),
        "rendered": format!("{level}: {}\n", one.rendered),
    })
}

fn span(place: &LocatedSpan, is_primary: bool) -> Value {
    let ((first, from), (last, to)) = (place.start, place.end);
    let text = place.lines.iter().zip(first..).map(|(text, line)| {
        let end = text.chars().count() + 1;
        json!({
            "text": text,
            "highlight_start": if line == first { from } else { 1 },
            "highlight_end": if line == last { to } else { end },
        })
    });
    json!({
        "file_name": place.path,
        "byte_start": place.bytes.start,
        "byte_end": place.bytes.end,
        "line_start": first,
        "line_end": last,
        "column_start": from,
        "column_end": to,
        "is_primary": is_primary,
        "text": text.collect::<Vec<_>>(),
        "label": Some(&place.label).filter(|label| !label.is_empty()),
        "suggested_replacement": null,
        "suggestion_applicability": null,
        "expansion": null,
    })
}

/// A `help: …` or `note: …`.
fn child(note: &str) -> Value {
    let (level, message) = note.split_once(": ").unwrap_or(("note", note));
    json!({
        "message": message,
        "code": null,
        "level": level,
        "spans": [],
        "children": [],
        "rendered": null,
    })
}
