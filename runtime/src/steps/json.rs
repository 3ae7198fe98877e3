//! The JSON of cells: of a list or an object that a step changed, as its columns say that a response
//! has it.

use std::fmt::Write;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value as Json;

use crate::{
    page::{Page, Slot},
    schema::{Column, Decode, Table, Type},
    value::{Value, format::Format},
};

/// Writes a column's value; nothing where a time cannot be said in the column's format.
///
/// What is JSON in a text within a response is not in a text here: a destination stores it as it is.
pub(super) fn write(page: &Page, slot: Slot, column: &Column, out: &mut String) -> Option<()> {
    match (slot, &column.data_type) {
        (Slot::Object { children, .. }, Type::Object(table)) => object(page, children, table, out),
        (Slot::Array { children, len, .. }, Type::Array(element)) => {
            let slots = page.slots(children, len as usize);
            out.push('[');
            for (at, slot) in slots.iter().enumerate() {
                separate(at, out);
                member(page, *slot, element, out)?;
            }
            out.push(']');
            Some(())
        }
        (Slot::Map { children, len, .. }, Type::Map(element)) => {
            let slots = page.slots(children, 2 * len as usize).chunks_exact(2);
            out.push('{');
            for (at, entry) in slots.enumerate() {
                if let [key, value] = entry {
                    separate(at, out);
                    text(&page.value(*key).to_string(), out);
                    out.push(':');
                    member(page, *value, element, out)?;
                }
            }
            out.push('}');
            Some(())
        }
        (
            Slot::Union {
                child, member: at, ..
            },
            Type::Union(members),
        ) => {
            let slot = page.slots(child, 1).first()?;
            member(page, *slot, members.get(usize::from(at))?, out)
        }
        _ => scalar(page, slot, column, out),
    }
}

/// A value within another: what a response has in a text is in a text.
fn member(page: &Page, slot: Slot, column: &Column, out: &mut String) -> Option<()> {
    if column.decode != Decode::Text || matches!(slot, Slot::Null | Slot::Absent) {
        return write(page, slot, column, out);
    }
    let mut inner = String::new();
    write(page, slot, column, &mut inner)?;
    text(&inner, out);
    Some(())
}

fn object(page: &Page, children: u32, table: &Table, out: &mut String) -> Option<()> {
    let slots = page.slots(children, table.columns.len());
    out.push('{');
    let mut members = 0;
    for (slot, column) in slots.iter().zip(&table.columns) {
        match slot {
            Slot::Absent => {}
            // What the object has besides its columns stands beside them.
            Slot::Map { children, len, .. } if column.decode == Decode::Rest => {
                for entry in page.slots(*children, 2 * *len as usize).chunks_exact(2) {
                    if let [key, value] = entry {
                        separate(members, out);
                        members += 1;
                        text(&page.value(*key).to_string(), out);
                        out.push(':');
                        scalar(page, *value, column, out)?;
                    }
                }
            }
            slot => {
                separate(members, out);
                members += 1;
                text(&column.key, out);
                out.push(':');
                member(page, *slot, column, out)?;
            }
        }
    }
    out.push('}');
    Some(())
}

fn scalar(page: &Page, slot: Slot, column: &Column, out: &mut String) -> Option<()> {
    match page.value(slot) {
        Value::Absent | Value::Null => out.push_str("null"),
        Value::Bool(value) if column.decode == Decode::Integer => {
            out.push(if value { '1' } else { '0' });
        }
        Value::Double(value) => out.push_str(&Json::from(value).to_string()),
        Value::Json(value) | Value::Decimal(value) => out.push_str(value),
        value @ (Value::Bool(_) | Value::Bigint(_)) => {
            // Writing to a string does not fail.
            _ = write!(out, "{value}");
        }
        Value::Text(value) => text(value, out),
        Value::Time(value) => text(&value.to_string(), out),
        Value::Binary(value) => text(&STANDARD.encode(value), out),
        Value::Timestamp(value) => {
            let format = format_of(column)?;
            time(&format, &format.write_timestamp(value)?, out);
        }
        Value::Date(value) => {
            let format = format_of(column)?;
            time(&format, &format.write_date(value)?, out);
        }
    }
    Some(())
}

fn format_of(column: &Column) -> Option<Format> {
    match &column.data_type {
        Type::Timestamp(format) | Type::Date(format) => Format::new(format).ok(),
        _ => None,
    }
}

fn time(format: &Format, value: &str, out: &mut String) {
    if format.is_number() {
        out.push_str(value);
    } else {
        text(value, out);
    }
}

fn text(text: &str, out: &mut String) {
    out.push_str(&Json::from(text).to_string());
}

fn separate(at: usize, out: &mut String) {
    if at > 0 {
        out.push(',');
    }
}
