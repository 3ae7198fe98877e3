//! Bodies in the format of a `decoder`.

mod compressed;
mod csv;
mod xml;

use rest_source::{
    plan::{BodyFormat, Decoder, ResourcePlan},
    transport::{Headers, Response},
};
use serde_json::Value as Json;

/// Why the mock makes no bodies of this decoder, if it does not.
pub(crate) fn unsupported(decoder: &Decoder) -> Option<String> {
    if let BodyFormat::Custom(path) = &decoder.format {
        return Some(format!("`{path}` decodes its bodies"));
    }
    let charset = decoder.charset.as_deref()?;
    Some(format!(
        "its `charset`, {charset}, is not one that the mock writes"
    ))
}

/// A record as a client receives it: the values of CSV are texts.
pub(crate) fn as_received(decoder: &Decoder, record: &Json) -> Json {
    match &decoder.format {
        BodyFormat::Json | BodyFormat::Lines | BodyFormat::Xml(_) | BodyFormat::Custom(_) => {
            record.clone()
        }
        BodyFormat::Csv(_) => csv::as_received(record),
    }
}

/// A page of these records, of a decoder whose bodies have rows.
pub(crate) fn of_rows(plan: &ResourcePlan, records: &[&Json]) -> Vec<u8> {
    let text = match &plan.decoder.format {
        // There are none of a decoder of the user's: it is unsupported.
        BodyFormat::Json | BodyFormat::Lines | BodyFormat::Custom(_) => lines(records),
        BodyFormat::Csv(csv) => csv::write(csv, &plan.table, records),
        BodyFormat::Xml(xml) => xml::write(xml, records),
    };
    text.into_bytes()
}

fn lines(records: &[&Json]) -> String {
    let lines: Vec<String> = records.iter().map(ToString::to_string).collect();
    lines.iter().flat_map(|line| [line, "\n"]).collect()
}

/// A response with this text, as the decoder expects it.
pub(crate) fn response(decoder: &Decoder, text: &[u8]) -> Response {
    let prefix = decoder.strip_prefix.as_deref().unwrap_or_default();
    let text = [prefix.as_bytes(), text].concat();
    let mut headers = Headers::new();
    headers.push("Content-Type", content_type(decoder));
    Response {
        status: 200,
        headers,
        body: compressed::compress(decoder, text),
    }
}

fn content_type(decoder: &Decoder) -> &'static str {
    compressed::content_type(decoder).unwrap_or(match decoder.format {
        BodyFormat::Json => "application/json",
        BodyFormat::Lines => "application/x-ndjson",
        BodyFormat::Csv(_) => "text/csv",
        BodyFormat::Xml(_) => "application/xml",
        BodyFormat::Custom(_) => "application/octet-stream",
    })
}
