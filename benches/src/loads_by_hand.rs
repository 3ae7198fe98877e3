//! The loads that somebody writes by hand: reqwest, owned serde structs, one page after the other, a commit for each page.

use std::{fs::File, path::Path, pin::pin, sync::Arc, time::Instant};

use arrow_array::{
    ArrayRef, RecordBatch, StructArray,
    builder::{
        BooleanBuilder, Float64Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder,
    },
};
use arrow_schema::{DataType, Field, Fields, Schema, TimeUnit};
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    file::properties::WriterProperties,
};
use rusqlite::{Connection, params};
use tokio_postgres::{
    NoTls,
    binary_copy::BinaryCopyInWriter,
    types::{Json, Type},
};

use crate::{
    Cost, arguments,
    by_hand::{Event, Page},
    client, say, target,
};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Loads the events into the program's target, and says what that cost.
///
/// # Errors
///
/// When an argument is missing, or the load fails.
pub async fn load() -> Result<()> {
    let start = Instant::now();
    let target = target()?;
    let written = if let Some(path) = target.strip_prefix("sqlite:") {
        load_sqlite(path, &NESTED).await?
    } else if let Some(path) = target.strip_prefix("sqlite-flat:") {
        load_sqlite(path, &FLAT).await?
    } else if let Some(path) = target.strip_prefix("parquet:") {
        load_parquet(Path::new(path)).await?
    } else {
        load_postgres(&target).await?
    };
    say(&Cost::of_this_process(written, start)?.line());
    Ok(())
}

/// The pages of the API.
#[derive(Debug)]
pub struct Pages {
    client: reqwest::Client,
    base: String,
    limit: u64,
    offset: u64,
    is_last: bool,
}

impl Pages {
    /// From the program's arguments.
    ///
    /// # Errors
    ///
    /// When one is missing.
    pub fn new() -> Result<Self> {
        let (base, limit, _) = arguments()?;
        Ok(Self {
            client: client()?,
            base,
            limit,
            offset: 0,
            is_last: false,
        })
    }

    /// The events of the next page.
    ///
    /// # Errors
    ///
    /// When the request fails, or its response cannot be read.
    pub async fn next(&mut self) -> Result<Option<Vec<Event>>> {
        if self.is_last {
            return Ok(None);
        }
        let Self {
            base,
            offset,
            limit,
            ..
        } = self;
        let url = format!("{base}/events?offset={offset}&limit={limit}");
        let response = self.client.get(url).send().await?.error_for_status()?;
        let page: Page = response.json().await?;
        self.offset += page.data.len() as u64;
        self.is_last = page.data.is_empty() || self.offset >= page.total;
        Ok(Some(page.data))
    }
}

const UPDATES: &str = "name = excluded.name, message = excluded.message, created_at = excluded.created_at,
    updated_at = excluded.updated_at, value = excluded.value, score = excluded.score, active = excluded.active,
    note = excluded.note, parent_id = excluded.parent_id, amount = excluded.amount";

/// A table, and the values of its last columns: those of the owner.
struct EventTable {
    definitions: &'static str,
    updates: &'static str,
    parameters: &'static str,
    is_flat: bool,
}

const NESTED: EventTable = EventTable {
    definitions: "owner TEXT NOT NULL",
    updates: "owner = excluded.owner",
    parameters: "?",
    is_flat: false,
};

const FLAT: EventTable = EventTable {
    definitions: "owner_id TEXT NOT NULL, owner_handle TEXT NOT NULL, owner_followers INTEGER NOT NULL",
    updates: "owner_id = excluded.owner_id, owner_handle = excluded.owner_handle,
        owner_followers = excluded.owner_followers",
    parameters: "?, ?, ?",
    is_flat: true,
};

async fn load_sqlite(path: &str, table: &EventTable) -> Result<u64> {
    let EventTable {
        definitions,
        updates,
        parameters,
        is_flat,
    } = table;
    let mut db = Connection::open(path)?;
    db.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    db.pragma_update(None, "synchronous", "normal")?;
    db.execute_batch(&format!(
        "CREATE TABLE IF NOT EXISTS events (id TEXT PRIMARY KEY, name TEXT NOT NULL, message TEXT NOT NULL,
            created_at TEXT NOT NULL, updated_at TEXT NOT NULL, value INTEGER NOT NULL, score REAL NOT NULL,
            active INTEGER NOT NULL, note TEXT, parent_id TEXT, amount REAL, {definitions})",
    ))?;
    let sql = format!(
        "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, {parameters})
         ON CONFLICT (id) DO UPDATE SET {UPDATES}, {updates}"
    );
    let mut pages = Pages::new()?;
    let mut written = 0;
    while let Some(events) = pages.next().await? {
        let transaction = db.transaction()?;
        let mut insert = transaction.prepare_cached(&sql)?;
        for event in &events {
            if *is_flat {
                insert.execute(params![
                    event.id,
                    event.name,
                    event.message,
                    event.created_at.to_string(),
                    event.updated_at.to_string(),
                    event.value,
                    event.score,
                    event.active,
                    event.note,
                    event.parent_id,
                    event.amount,
                    event.owner.id,
                    event.owner.handle,
                    event.owner.followers,
                ])?;
            } else {
                insert.execute(params![
                    event.id,
                    event.name,
                    event.message,
                    event.created_at.to_string(),
                    event.updated_at.to_string(),
                    event.value,
                    event.score,
                    event.active,
                    event.note,
                    event.parent_id,
                    event.amount,
                    serde_json::to_string(&event.owner)?,
                ])?;
            }
            written += 1;
        }
        drop(insert);
        transaction.commit()?;
    }
    Ok(written)
}

const TYPES: [Type; 12] = [
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::TIMESTAMPTZ,
    Type::TIMESTAMPTZ,
    Type::INT8,
    Type::FLOAT8,
    Type::BOOL,
    Type::TEXT,
    Type::TEXT,
    Type::FLOAT8,
    Type::JSONB,
];

async fn load_postgres(url: &str) -> Result<u64> {
    let (mut db, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    db.batch_execute(
        "CREATE TABLE IF NOT EXISTS events (id text PRIMARY KEY, name text NOT NULL, message text NOT NULL,
            created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, value bigint NOT NULL,
            score double precision NOT NULL, active boolean NOT NULL, note text, parent_id text,
            amount double precision, owner jsonb NOT NULL);
         CREATE TEMPORARY TABLE staged (LIKE events) ON COMMIT DELETE ROWS",
    )
    .await?;
    let merge = format!(
        "INSERT INTO events SELECT * FROM staged ON CONFLICT (id) DO UPDATE SET {UPDATES}, owner = excluded.owner"
    );
    let merge = db.prepare(&merge).await?;
    let copy = db.prepare("COPY staged FROM STDIN (FORMAT binary)").await?;
    let mut pages = Pages::new()?;
    let mut written = 0;
    while let Some(events) = pages.next().await? {
        let transaction = db.transaction().await?;
        let sink = transaction.copy_in(&copy).await?;
        let mut writer = pin!(BinaryCopyInWriter::new(sink, &TYPES));
        for event in &events {
            writer
                .as_mut()
                .write(&[
                    &event.id,
                    &event.name,
                    &event.message,
                    &event.created_at,
                    &event.updated_at,
                    &event.value,
                    &event.score,
                    &event.active,
                    &event.note,
                    &event.parent_id,
                    &event.amount,
                    &Json(&event.owner),
                ])
                .await?;
            written += 1;
        }
        writer.finish().await?;
        transaction.execute(&merge, &[]).await?;
        transaction.commit().await?;
    }
    Ok(written)
}

/// Rows of a row group's part: the usual size of a batch.
const BATCH: usize = 8192;

async fn load_parquet(folder: &Path) -> Result<u64> {
    std::fs::create_dir_all(folder)?;
    let mut columns = Columns::new();
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .build();
    let file = File::create(folder.join("events.parquet"))?;
    let schema = Arc::clone(&columns.schema);
    let mut writer = ArrowWriter::try_new(file, schema, Some(properties))?;
    let mut pages = Pages::new()?;
    let (mut written, mut held) = (0, 0);
    while let Some(events) = pages.next().await? {
        for event in &events {
            columns.append(event);
            written += 1;
            held += 1;
        }
        if held >= BATCH {
            writer.write(&columns.finish()?)?;
            held = 0;
        }
    }
    writer.write(&columns.finish()?)?;
    writer.close()?;
    Ok(written)
}

/// The builders of the columns.
#[derive(Default)]
struct Builders {
    id: StringBuilder,
    name: StringBuilder,
    message: StringBuilder,
    created_at: TimestampMicrosecondBuilder,
    updated_at: TimestampMicrosecondBuilder,
    value: Int64Builder,
    score: Float64Builder,
    active: BooleanBuilder,
    note: StringBuilder,
    parent_id: StringBuilder,
    amount: Float64Builder,
    owner_id: StringBuilder,
    handle: StringBuilder,
    followers: Int64Builder,
}

struct Columns {
    schema: Arc<Schema>,
    owner: Fields,
    builders: Builders,
}

impl Columns {
    fn new() -> Self {
        let time = || DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let owner = Fields::from(vec![
            Field::new("id", DataType::Utf8, false),
            Field::new("handle", DataType::Utf8, false),
            Field::new("followers", DataType::Int64, false),
        ]);
        let schema = Schema::new(vec![
            Field::new("id", DataType::Utf8, false),
            Field::new("name", DataType::Utf8, false),
            Field::new("message", DataType::Utf8, false),
            Field::new("created_at", time(), false),
            Field::new("updated_at", time(), false),
            Field::new("value", DataType::Int64, false),
            Field::new("score", DataType::Float64, false),
            Field::new("active", DataType::Boolean, false),
            Field::new("note", DataType::Utf8, true),
            Field::new("parent_id", DataType::Utf8, true),
            Field::new("amount", DataType::Float64, true),
            Field::new("owner", DataType::Struct(owner.clone()), false),
        ]);
        Self {
            schema: Arc::new(schema),
            owner,
            builders: Builders::default(),
        }
    }

    fn append(&mut self, event: &Event) {
        let to = &mut self.builders;
        to.id.append_value(&event.id);
        to.name.append_value(&event.name);
        to.message.append_value(&event.message);
        to.created_at
            .append_value(event.created_at.as_microsecond());
        to.updated_at
            .append_value(event.updated_at.as_microsecond());
        to.value.append_value(event.value);
        to.score.append_value(event.score);
        to.active.append_value(event.active);
        to.note.append_option(event.note.as_deref());
        to.parent_id.append_option(event.parent_id.as_deref());
        to.amount.append_option(event.amount);
        to.owner_id.append_value(&event.owner.id);
        to.handle.append_value(&event.owner.handle);
        to.followers.append_value(event.owner.followers);
    }

    fn finish(&mut self) -> Result<RecordBatch> {
        let mut from = std::mem::take(&mut self.builders);
        let owner: Vec<ArrayRef> = vec![
            Arc::new(from.owner_id.finish()),
            Arc::new(from.handle.finish()),
            Arc::new(from.followers.finish()),
        ];
        let columns: Vec<ArrayRef> = vec![
            Arc::new(from.id.finish()),
            Arc::new(from.name.finish()),
            Arc::new(from.message.finish()),
            Arc::new(from.created_at.finish().with_timezone("UTC")),
            Arc::new(from.updated_at.finish().with_timezone("UTC")),
            Arc::new(from.value.finish()),
            Arc::new(from.score.finish()),
            Arc::new(from.active.finish()),
            Arc::new(from.note.finish()),
            Arc::new(from.parent_id.finish()),
            Arc::new(from.amount.finish()),
            Arc::new(StructArray::new(self.owner.clone(), owner, None)),
        ];
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }
}
