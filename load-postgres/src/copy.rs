//! Rows in the binary format of `COPY`, and their way to the database.

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::SinkExt;
use rest_source::{Column, Error, ErrorKind, Result, Row, Rows, Value};
use rest_source_load::{encode, sql::WritePlan};
use tokio_postgres::Client;

use crate::{
    errors::failed,
    numeric, time,
    types::{Element, Stored},
};

/// The signature, and no flags and no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// How many bytes are sent at once.
const CHUNK: usize = 64 << 10;

/// Copies rows, and the elements of their lists, to the staging tables.
pub(crate) async fn stage(
    client: &Client,
    plan: &WritePlan,
    first: i64,
    pages: &[Rows],
) -> Result<()> {
    let columns = StoredColumn::all(plan);
    let sql = format!(
        "COPY {} ({}, {}) FROM STDIN (FORMAT binary)",
        plan.staging_table(),
        plan.order_column(),
        plan.names()
    );
    let mut copy = Copy::start(client, &sql).await?;
    for (row, order) in pages.iter().flatten().zip(first..) {
        copy.row(columns.len() + 1);
        copy.bigint(order);
        for column in &columns {
            let put = column.put(row, &mut copy.out);
            put.map_err(|error| of_record(error, plan, row))?;
        }
        copy.send_full().await?;
    }
    copy.finish().await?;
    for child in &plan.children {
        let link: Vec<_> = child
            .table
            .link
            .iter()
            .map(|at| StoredColumn::at(plan, *at))
            .collect();
        let own = child.table.table.columns.iter().skip(link.len() + 1);
        let own: Vec<_> = own
            .enumerate()
            .map(|(at, column)| StoredColumn::of(column, at))
            .collect();
        let sql = format!(
            "COPY {} (_rest_source_record, {}) FROM STDIN (FORMAT binary)",
            child.staging_table(),
            child.names()
        );
        let mut copy = Copy::start(client, &sql).await?;
        for (row, order) in pages.iter().flatten().zip(first..) {
            if plan.target.is_deletion(row) {
                continue;
            }
            for (element, position) in row.elements(child.table.column).zip(0_i64..) {
                copy.row(link.len() + own.len() + 2);
                copy.bigint(order);
                for column in &link {
                    column.put(row, &mut copy.out)?;
                }
                copy.bigint(position);
                for column in &own {
                    let put = column.put(element, &mut copy.out);
                    put.map_err(|error| of_record(error, plan, row))?;
                }
                copy.send_full().await?;
            }
        }
        copy.finish().await?;
    }
    Ok(())
}

/// Adds the key of the record to an error.
fn of_record(error: Error, plan: &WritePlan, row: Row<'_>) -> Error {
    let table = &plan.target.resource.table;
    let values: Vec<String> = plan
        .target
        .key()
        .filter_map(|name| {
            let value = row.value(table.position(name)?);
            Some(format!("`{name}` {}", value.to_string().escape_debug()))
        })
        .collect();
    if values.is_empty() {
        return error;
    }
    error.with_detail(format!("of the record with the key {}", values.join(", ")))
}

/// A stored column, and its position in a row.
struct StoredColumn<'p> {
    name: &'p str,
    stored: Stored,
    at: usize,
}

impl<'p> StoredColumn<'p> {
    fn of(column: &'p Column, at: usize) -> Self {
        Self {
            name: &column.name,
            stored: Stored::of(&column.data_type),
            at,
        }
    }

    /// The column of the resource at this position.
    fn at(plan: &'p WritePlan, at: usize) -> Self {
        let columns = &plan.target.resource.table.columns;
        columns.get(at).map_or(
            // The only column of an untyped resource.
            Self {
                name: "record",
                stored: Stored::Json,
                at,
            },
            |column| Self::of(column, at),
        )
    }

    /// All columns of the resource's staging table, after the order.
    fn all(plan: &'p WritePlan) -> Vec<Self> {
        let columns = plan.statements.columns.iter();
        columns.map(|at| Self::at(plan, *at)).collect()
    }

    fn put(&self, row: Row<'_>, out: &mut BytesMut) -> Result<()> {
        put(self.stored, row.value(self.at), out).map_err(|why| {
            let message = format!("Postgres cannot store the value of the column `{}`: {why}", self.name);
            Error::new(ErrorKind::Destination, message).with_help(
                "leave the value out by a processing step, or declare the column with a type that holds it",
            )
        })
    }
}

/// A running `COPY`.
struct Copy {
    sink: std::pin::Pin<Box<tokio_postgres::CopyInSink<Bytes>>>,
    out: BytesMut,
}

impl Copy {
    async fn start(client: &Client, sql: &str) -> Result<Self> {
        let sink = client.copy_in(sql).await.map_err(failed)?;
        Ok(Self {
            sink: Box::pin(sink),
            out: BytesMut::from(HEADER),
        })
    }

    /// Begins a row of so many fields.
    fn row(&mut self, fields: usize) {
        self.out.put_i16(i16::try_from(fields).unwrap_or(i16::MAX));
    }

    fn bigint(&mut self, value: i64) {
        self.out.put_i32(8);
        self.out.put_i64(value);
    }

    /// Sends what is there, if it is enough.
    async fn send_full(&mut self) -> Result<()> {
        if self.out.len() < CHUNK {
            return Ok(());
        }
        let chunk = self.out.split().freeze();
        self.sink.send(chunk).await.map_err(failed)
    }

    async fn finish(mut self) -> Result<()> {
        self.out.put_i16(-1);
        let chunk = self.out.split().freeze();
        self.sink.send(chunk).await.map_err(failed)?;
        self.sink
            .as_mut()
            .finish()
            .await
            .map(|_| ())
            .map_err(failed)
    }
}

const NUL: &str = "it has a NUL character";

/// Appends a field: its length and its value.
fn put(stored: Stored, value: Value<'_>, out: &mut BytesMut) -> Result<(), &'static str> {
    match (stored, value) {
        (_, Value::Absent | Value::Null) => out.put_i32(-1),
        (Stored::Text, Value::Text(text)) => put_text(text, out)?,
        (Stored::Bigint, Value::Bigint(value)) => {
            out.put_i32(8);
            out.put_i64(value);
        }
        (Stored::Double, Value::Double(value)) => {
            out.put_i32(8);
            out.put_f64(value);
        }
        (Stored::Bool, Value::Bool(value)) => {
            out.put_i32(1);
            out.put_u8(value.into());
        }
        (Stored::Timestamp, Value::Timestamp(value)) => {
            out.put_i32(8);
            out.put_i64(time::timestamp(value));
        }
        (Stored::Date, Value::Date(value)) => {
            out.put_i32(4);
            out.put_i32(time::date(value));
        }
        (Stored::Time, Value::Time(value)) => {
            out.put_i32(8);
            out.put_i64(encode::microseconds_of_day(value));
        }
        (Stored::Decimal, Value::Decimal(text)) => {
            if !numeric::put(text, out) {
                return Err("it has too many digits");
            }
        }
        (Stored::Binary, Value::Binary(bytes)) => put_bytes(bytes, out)?,
        (Stored::Array(element), Value::Json(json)) => put_array(element, json, out)?,
        (Stored::Json, Value::Json(json)) => put_json(json, out)?,
        // A key of an untyped resource.
        (Stored::Json, Value::Text(text)) => {
            put_json(&serde_json::Value::from(text).to_string(), out)?;
        }
        (Stored::Json, Value::Bigint(value)) => put_json(&value.to_string(), out)?,
        (Stored::Json, Value::Bool(value)) => put_json(if value { "true" } else { "false" }, out)?,
        _ => return Err("it is of another type"),
    }
    Ok(())
}

fn put_bytes(bytes: &[u8], out: &mut BytesMut) -> Result<(), &'static str> {
    let length = i32::try_from(bytes.len()).map_err(|_| "it is too long")?;
    out.put_i32(length);
    out.put_slice(bytes);
    Ok(())
}

fn put_text(text: &str, out: &mut BytesMut) -> Result<(), &'static str> {
    if text.contains('\0') {
        return Err(NUL);
    }
    put_bytes(text.as_bytes(), out)
}

fn put_json(json: &str, out: &mut BytesMut) -> Result<(), &'static str> {
    // An escaped backslash may stand before `u0000`.
    let mut rest = json;
    while let Some(at) = rest.find("\\u0000") {
        let before = rest[..at]
            .bytes()
            .rev()
            .take_while(|byte| *byte == b'\\')
            .count();
        if before % 2 == 0 {
            return Err(NUL);
        }
        rest = &rest[at + 6..];
    }
    let length = i32::try_from(json.len() + 1).map_err(|_| "it is too long")?;
    out.put_i32(length);
    // The version of the format.
    out.put_u8(1);
    out.put_slice(json.as_bytes());
    Ok(())
}

/// Appends a list of plain values.
fn put_array(element: Element, json: &str, out: &mut BytesMut) -> Result<(), &'static str> {
    const OTHER: &str = "an element is of another type";
    let elements: Vec<serde_json::Value> =
        serde_json::from_str(json).map_err(|_| "it is not a list")?;
    let start = out.len();
    out.put_i32(0);
    out.put_i32(i32::from(!elements.is_empty()));
    out.put_i32(i32::from(elements.iter().any(serde_json::Value::is_null)));
    out.put_u32(element.oid());
    if !elements.is_empty() {
        out.put_i32(i32::try_from(elements.len()).map_err(|_| "it is too long")?);
        // The first index.
        out.put_i32(1);
    }
    for value in &elements {
        match (element, value) {
            (_, serde_json::Value::Null) => out.put_i32(-1),
            (Element::Text, serde_json::Value::String(text)) => put_text(text, out)?,
            (Element::Bigint, value) => {
                out.put_i32(8);
                out.put_i64(
                    value
                        .as_i64()
                        .or_else(|| value.as_str()?.parse().ok())
                        .ok_or(OTHER)?,
                );
            }
            (Element::Double, value) => {
                out.put_i32(8);
                out.put_f64(
                    value
                        .as_f64()
                        .or_else(|| value.as_str()?.parse().ok())
                        .ok_or(OTHER)?,
                );
            }
            (Element::Bool, value) => {
                out.put_i32(1);
                out.put_u8(value.as_bool().ok_or(OTHER)?.into());
            }
            (Element::Text, value) => put_text(&value.to_string(), out)?,
        }
    }
    let length = i32::try_from(out.len() - start - 4).map_err(|_| "it is too long")?;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}
