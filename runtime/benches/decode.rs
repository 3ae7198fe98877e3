//! From a page's bytes to owned structs: this crate's decoder beside serde's derived one.
//!
//! A page of 1,000 records of about 400 bytes, with three nullable columns, a nested object and two
//! timestamps, and a total beside them. Both sides start at the bytes of a body and end at a `Vec` of
//! owned structs of the same fields, the timestamps parsed to instants: by jiff's own
//! `Deserialize` on serde's side. Both own the body, as they would a response's, and drop it.
//!
//! Prints the median of each side's time per page, of interleaved rounds, and serde's over ours: 1.00
//! is as fast as serde, more is faster. `cargo bench -p rest-source --bench decode`.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use rest_source::{
    Cells, Column, Path, Record, Rows, Step, Table, Timestamp, Type,
    plan::{ResourcePlan, Selector},
    shared::{Ref::Static, list},
};

const RECORDS: usize = 1000;
const ROUNDS: usize = 15;
const PAGES_PER_ROUND: usize = 40;

/// What serde makes of a record.
#[derive(serde::Deserialize)]
#[allow(dead_code)] // Fields that are there to be filled.
struct SerdeStory {
    id: String,
    name: String,
    kind: String,
    permalink: String,
    caption: Option<String>,
    impressions: i64,
    profile_views: Option<i64>,
    engagement_rate: Option<f64>,
    is_sponsored: bool,
    owner: SerdeOwner,
    published_at: jiff::Timestamp,
    updated_at: jiff::Timestamp,
}

#[derive(serde::Deserialize)]
#[allow(dead_code)] // Fields that are there to be filled.
struct SerdeOwner {
    id: String,
    handle: String,
    followers: i64,
}

#[derive(serde::Deserialize)]
#[allow(dead_code)] // Fields that are there to be filled.
struct SerdePage {
    data: Vec<SerdeStory>,
    total: u64,
}

/// What this crate makes of it, as generated code would say it.
struct Story {
    id: String,
    name: String,
    kind: String,
    permalink: String,
    caption: Option<String>,
    impressions: i64,
    profile_views: Option<i64>,
    engagement_rate: Option<f64>,
    is_sponsored: bool,
    owner: Owner,
    published_at: Timestamp,
    updated_at: Timestamp,
}

struct Owner {
    id: String,
    handle: String,
    followers: i64,
}

impl Record for Owner {
    const TABLE: &'static Table = &Table::new(
        "owner",
        list![
            Column::new("id", Type::Text),
            Column::new("handle", Type::Text),
            Column::new("followers", Type::Bigint),
        ],
    );

    fn from_cells(cells: &mut Cells<'_>) -> Self {
        Self {
            id: cells.take(),
            handle: cells.take(),
            followers: cells.take(),
        }
    }
}

impl Record for Story {
    const TABLE: &'static Table = &Table::new(
        "stories",
        list![
            Column::new("id", Type::Text).primary_key(),
            Column::new("name", Type::Text),
            Column::new("kind", Type::Text),
            Column::new("permalink", Type::Text),
            Column::new("caption", Type::Text).nullable(),
            Column::new("impressions", Type::Bigint),
            Column::new("profile_views", Type::Bigint).nullable(),
            Column::new("engagement_rate", Type::Double).nullable(),
            Column::new("is_sponsored", Type::Bool),
            Column::new("owner", Type::Object(Static(Owner::TABLE))),
            Column::new("published_at", Type::TIMESTAMP),
            Column::new("updated_at", Type::TIMESTAMP),
        ],
    );

    fn from_cells(cells: &mut Cells<'_>) -> Self {
        Self {
            id: cells.take(),
            name: cells.take(),
            kind: cells.take(),
            permalink: cells.take(),
            caption: cells.take(),
            impressions: cells.take(),
            profile_views: cells.take(),
            engagement_rate: cells.take(),
            is_sponsored: cells.take(),
            owner: cells.take(),
            published_at: cells.take(),
            updated_at: cells.take(),
        }
    }
}

const STORIES: ResourcePlan = ResourcePlan {
    name: Static("stories"),
    table: Static(Story::TABLE),
    selector: Selector::Path(Path(list![Step::Key(Static("data"))])),
    ..ResourcePlan::DEFAULT
};

fn record(n: usize) -> String {
    let caption = match n % 3 {
        0 => "null".to_owned(),
        _ => format!(r#""A day at the sea, part {n}: caf\u00e9, sand and salt""#),
    };
    let views = match n % 4 {
        0 => "null".to_owned(),
        _ => (n * 37).to_string(),
    };
    let rate = match n % 5 {
        0 => "null".to_owned(),
        _ => format!("0.{:04}", n % 9999),
    };
    format!(
        r#"{{"id":"story-{n:08}","name":"Story number {n}","kind":"reel","permalink":"https://media.example.com/stories/{n:08}","caption":{caption},"impressions":{},"profile_views":{views},"engagement_rate":{rate},"is_sponsored":{},"owner":{{"id":"owner-{:05}","handle":"someone.{}","followers":{}}},"published_at":"2026-11-21T09:{:02}:{:02}Z","updated_at":"2026-11-21T10:{:02}:{:02}.123456Z"}}"#,
        n * 1009,
        n.is_multiple_of(7),
        n % 97,
        n % 97,
        n * 11,
        n / 60 % 60,
        n % 60,
        n / 60 % 60,
        n % 60,
    )
}

fn page() -> Vec<u8> {
    let records: Vec<_> = (0..RECORDS).map(record).collect();
    format!(r#"{{"data":[{}],"total":{RECORDS}}}"#, records.join(",")).into_bytes()
}

fn serde(body: Vec<u8>) -> Vec<SerdeStory> {
    let page: SerdePage = serde_json::from_slice(&body).unwrap();
    drop(body);
    page.data
}

fn rows(body: Vec<u8>) -> Rows {
    Rows::from_page(body, &STORIES).unwrap()
}

fn ours(body: Vec<u8>) -> Vec<Story> {
    let rows = rows(body);
    let mut stories = Vec::with_capacity(rows.len());
    stories.extend(rows.records().map(Result::unwrap));
    stories
}

/// How long it takes to work through a round of pages.
fn round(body: &[u8], work: impl Fn(Vec<u8>)) -> Duration {
    let bodies = vec![body.to_vec(); PAGES_PER_ROUND];
    let start = Instant::now();
    for body in bodies {
        work(black_box(body));
    }
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Both sides have made the same of the page.
fn check(body: &[u8]) {
    let theirs = serde(body.to_vec());
    let ours = ours(body.to_vec());
    assert_eq!((theirs.len(), ours.len()), (RECORDS, RECORDS));
    for (theirs, ours) in theirs.iter().zip(&ours) {
        assert_eq!(theirs.id, ours.id);
        assert_eq!(theirs.name, ours.name);
        assert_eq!(theirs.kind, ours.kind);
        assert_eq!(theirs.permalink, ours.permalink);
        assert_eq!(theirs.caption, ours.caption);
        assert_eq!(theirs.impressions, ours.impressions);
        assert_eq!(theirs.profile_views, ours.profile_views);
        assert_eq!(theirs.engagement_rate, ours.engagement_rate);
        assert_eq!(theirs.is_sponsored, ours.is_sponsored);
        assert_eq!(theirs.owner.id, ours.owner.id);
        assert_eq!(theirs.owner.handle, ours.owner.handle);
        assert_eq!(theirs.owner.followers, ours.owner.followers);
        assert_eq!(
            theirs.published_at.to_string(),
            ours.published_at.to_string()
        );
        assert_eq!(theirs.updated_at.to_string(), ours.updated_at.to_string());
    }
}

fn main() {
    let body = page();
    check(&body);
    let (mut theirs, mut our_times, mut rows_only) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        theirs.push(round(&body, |body| drop(black_box(serde(body)))));
        our_times.push(round(&body, |body| drop(black_box(ours(body)))));
        rows_only.push(round(&body, |body| drop(black_box(rows(body)))));
    }
    let pages = u32::try_from(PAGES_PER_ROUND).unwrap();
    let [theirs, ours, rows] = [theirs, our_times, rows_only].map(|times| median(times) / pages);
    let ratio = |time: Duration| theirs.as_secs_f64() / time.as_secs_f64();
    println!(
        "{} bytes, {RECORDS} records, medians of {ROUNDS} rounds",
        body.len()
    );
    println!("serde_json into structs   {theirs:>10.1?} a page");
    println!(
        "rest-source into structs  {ours:>10.1?} a page   {:.2} of serde_json's speed",
        ratio(ours)
    );
    println!(
        "rest-source into rows     {rows:>10.1?} a page   {:.2} of serde_json's speed",
        ratio(rows)
    );
}
