//! Rows as JSON, for outputs and files.

use crate::{
    rows::Row,
    schema::Table,
    value::{Value, json_text::push_text},
};

/// Encodes the rows of one table as JSON objects, into a buffer that the caller reuses.
///
/// An object has the columns in their order, without those that are [absent](Value::Absent), and each value as
/// [`Value::write_json`] writes it. An untyped record is its JSON.
///
/// ```
/// use rest_source::{Column, JsonEncoder, Rows, Table, Type, plan::ResourcePlan, shared::{Ref::Static, list}};
///
/// static STORIES: Table = Table::new("stories", list![
///     Column::new("id", Type::Bigint),
///     Column::new("name", Type::Text).nullable(),
/// ]);
/// let resource = ResourcePlan { table: Static(&STORIES), ..ResourcePlan::DEFAULT };
/// let rows = Rows::from_page(r#"[{"id": 1, "name": "a"}, {"id": 2}]"#, &resource)?;
/// let encoder = JsonEncoder::new(rows.table());
/// let mut lines = Vec::new();
/// for row in &rows {
///     encoder.encode(row, &mut lines);
///     lines.push(b'\n');
/// }
/// assert_eq!(lines, b"{\"id\":1,\"name\":\"a\"}\n{\"id\":2,\"name\":null}\n");
/// # Ok::<(), rest_source::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct JsonEncoder {
    /// Each as `,"name":`.
    keys: Vec<Box<[u8]>>,
}

impl JsonEncoder {
    /// An encoder that names the members as the columns.
    pub fn new(table: &Table) -> Self {
        Self::with_names(table.columns.iter().map(|column| column.name.as_str()))
    }

    /// An encoder with these names for the columns, in their order.
    pub fn with_names<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let keys = names.into_iter().map(|name| {
            let mut key = vec![b','];
            push_text(&mut key, name);
            key.push(b':');
            key.into()
        });
        Self {
            keys: keys.collect(),
        }
    }

    /// Appends a row, without a line break.
    pub fn encode(&self, row: Row<'_>, out: &mut Vec<u8>) {
        match row.table().record() {
            Some(at) => row.value(at).write_json(out),
            None => self.encode_values(row.values(), out),
        }
    }

    /// Appends an object of these values, in the order of the names, without those that are absent.
    pub fn encode_values<'v>(
        &self,
        values: impl IntoIterator<Item = Value<'v>>,
        out: &mut Vec<u8>,
    ) {
        out.push(b'{');
        // The first member has no comma.
        let mut skipped = 1;
        for (key, value) in self.keys.iter().zip(values) {
            if !matches!(value, Value::Absent) {
                out.extend_from_slice(key.get(skipped..).unwrap_or_default());
                skipped = 0;
                value.write_json(out);
            }
        }
        out.push(b'}');
    }
}

impl Row<'_> {
    /// Appends the row as a JSON object, as a [`JsonEncoder`] does: an encoder is faster for many rows of a table.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        JsonEncoder::new(self.table()).encode(*self, out);
    }
}
