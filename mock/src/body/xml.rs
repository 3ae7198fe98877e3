//! Records as XML.

use rest_source::plan::Xml;
use serde_json::Value as Json;

/// The key of the text of an element that has others, too.
const TEXT: &str = "_text";

/// The text of these records, below the elements that lead to them.
pub(super) fn write(plan: &Xml, records: &[&Json]) -> String {
    let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let Some((record, parents)) = plan.records.split_last() else {
        return xml;
    };
    for parent in parents {
        xml.extend(["<", parent, ">"]);
    }
    for one in records {
        element(record, one, &mut xml);
    }
    for parent in parents.iter().rev() {
        xml.extend(["</", parent, ">"]);
    }
    xml
}

fn element(name: &str, value: &Json, xml: &mut String) {
    if let Json::Array(elements) = value {
        for one in elements {
            element(name, one, xml);
        }
        return;
    }
    xml.extend(["<", name, ">"]);
    match value {
        Json::Null | Json::Array(_) => {}
        Json::Object(members) => {
            for (key, value) in members {
                match value {
                    Json::String(text) if key == TEXT => escape(text, xml),
                    // An empty element would be one of a list.
                    Json::Null => {}
                    value => element(key, value, xml),
                }
            }
        }
        Json::String(text) => escape(text, xml),
        other => xml.push_str(&other.to_string()),
    }
    xml.extend(["</", name, ">"]);
}

fn escape(text: &str, xml: &mut String) {
    for c in text.chars() {
        match c {
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '&' => xml.push_str("&amp;"),
            '\r' => xml.push_str("&#13;"),
            c => xml.push(c),
        }
    }
}
