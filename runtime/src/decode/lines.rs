//! JSON lines: a body of one JSON value a line, each of them a record.

use super::{
    Format, PageShape, Pass, Probe, Said, Unread, body,
    fast::Fast,
    fault::Place,
    fingerprint::fingerprint,
    output::Output,
    raw_rows::{Holder, RawRows},
    reader::Reader,
    text::Source,
};

/// The media types of JSON lines. None is registered; these are in use.
const MEDIA_TYPES: &[&str] = &[
    "application/json-lines",
    "application/jsonl",
    "application/jsonlines",
    "application/ndjson",
    "application/x-json-lines",
    "application/x-jsonl",
    "application/x-jsonlines",
    "application/x-ndjson",
    "text/jsonl",
    "text/x-jsonl",
    "text/x-ndjson",
];

impl Format {
    /// What a body of this content type is.
    pub(crate) fn of(content_type: Option<&str>) -> Self {
        let content_type = content_type.unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        let is_it = |known: &&str| known.eq_ignore_ascii_case(media_type);
        if MEDIA_TYPES.iter().any(is_it) {
            Self::Lines { line: 1, record: 0 }
        } else {
            Self::Json
        }
    }
}

/// How records are numbered in messages: those of a body may be read in several parts.
#[derive(Clone, Copy)]
pub(super) enum Numbering {
    /// By their lines, from this one, with so many records before.
    Lines { line: u64, record: u64 },
    /// By the rows that became lines, with so many before.
    Rows { row: u64 },
}

/// Reads each line that is not blank as one record. No paginator's value is in such a body.
pub(super) fn read(
    text: &str,
    numbering: Numbering,
    shape: &PageShape,
    out: &mut Output,
    pass: Pass,
) -> Result<Said, Unread> {
    if shape.query.is_some() || !shape.path.0.is_empty() {
        let error = body::unreadable("the response is JSON lines, where nothing is to be selected")
            .with_help("leave `data_selector` out: each line is one record");
        return Err(Unread::NoRecords(error));
    }
    let (first_line, first) = match numbering {
        Numbering::Lines { line, record } => (line, record),
        Numbering::Rows { row } => (1, row),
    };
    let lines = body::json(text);
    let mut reader = Reader {
        source: Source {
            text: lines,
            base: text.len() - lines.len(),
        },
        out,
    };
    for (number, line) in (first_line..).zip(lines.split('\n')) {
        let line = line.trim_matches(body::SPACE);
        if line.is_empty() {
            continue;
        }
        let at = first + reader.out.selected;
        let place = match numbering {
            Numbering::Lines { .. } => Place::Index(&Place::Records("$"), at),
            Numbering::Rows { .. } => Place::Row(at + 1),
        };
        if pass == Pass::Fast {
            let start = reader.source.offset_of(line).ok_or(Unread::Left)?;
            let end = Fast::new(&mut reader, start).record(&shape.records, &place);
            if end != Some(start + line.len()) {
                return Err(Unread::Left);
            }
            continue;
        }
        reader
            .line(&shape.records, line, &place)
            .map_err(|error| match Unread::from(error) {
                Unread::NoJson(error) => {
                    let reason = error
                        .to_string()
                        .replace(" at line 1 column ", " at column ");
                    let message = format!("line {number} of the response is not JSON: {reason}");
                    Unread::NoRecords(body::unreadable(message))
                }
                other => other,
            })?;
    }
    // A line has nothing around it.
    let fields = vec![None; shape.around.fields.len()];
    reader.put_fields(&shape.around, &shape.records, &fields);
    let rows = RawRows {
        count: reader.out.selected,
        fingerprint: fingerprint(lines),
        holder: Holder::Value,
    };
    Ok(Said {
        probes: vec![Probe::Missing; shape.probes + shape.finds.len()],
        rows,
    })
}
