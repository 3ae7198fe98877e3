//! Bodies of any size, and the children of many parents, are fetched in flat memory.
//!
//! The tests are in a process of their own, one at a time: the peak of the memory is that of the process. They make the
//! bodies while they are fetched.

#![cfg(target_os = "linux")]
#![cfg(test)]

use std::{fs, io::Write as _, time::Duration};

use flate2::{Compression, write::GzEncoder};
use futures_util::stream;
use rest_source::{
    Client,
    transport::{Body, BoxFuture, Bytes, Limits, Transport, TransportError, http},
};

/// The most memory of the process, and the most that it takes for a body.
const MOST: u64 = 64 << 20;
const MOST_FOR_BODY: u64 = 16 << 20;

/// Responds with a head, then the same part again and again, then a tail.
struct Endless {
    head: Bytes,
    part: Bytes,
    parts: u64,
    tail: Bytes,
}

impl Transport for Endless {
    fn send(
        &self,
        _: http::Request<Bytes>,
        _: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        let parts = (0..self.parts).map({
            let part = self.part.clone();
            move |_| part.clone()
        });
        let chunks = [self.head.clone()]
            .into_iter()
            .chain(parts)
            .chain([self.tail.clone()]);
        let body = Body::from_stream(stream::iter(chunks.map(Ok)));
        Box::pin(async { Ok(http::Response::new(body)) })
    }
}

/// A body, by the keys of its decoder.
struct Case {
    decoder: &'static str,
    head: Vec<u8>,
    part: Vec<u8>,
    tail: Vec<u8>,
    /// Rows of a part, and bytes that it decompresses to.
    rows: u64,
    bytes: u64,
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn rows(row: impl Fn(u64) -> String) -> Vec<u8> {
    (0..1000).map(row).collect::<String>().into_bytes()
}

fn cases() -> Vec<Case> {
    let name = "a name of some length, \u{e9}\u{20ac}";
    let csv = rows(|id| format!("{id},\"{name}\",2026-11-29\n"));
    let xml =
        rows(|id| format!("<entry id='{id}'><name>{name}</name><day>2026-11-29</day></entry>\n"));
    let lines = rows(|id| format!("{{\"id\":{id},\"name\":\"{name}\",\"day\":\"2026-11-29\"}}\n"));
    let header = b"id,name,day\n".to_vec();
    // A member for each part: a gzip file may have several.
    let zeros = gzip(&csv.repeat(100));
    let bytes = csv.len() as u64;
    let case = |decoder, head, part: Vec<u8>, tail| Case {
        decoder,
        head,
        bytes: part.len() as u64,
        part,
        tail,
        rows: 1000,
    };
    vec![
        case("csv", header.clone(), csv, Vec::new()),
        case(
            "{ type: xml, records: /feed/entry }",
            b"<feed>".to_vec(),
            xml,
            b"</feed>".to_vec(),
        ),
        case("jsonl", Vec::new(), lines, Vec::new()),
        Case {
            rows: 100_000,
            bytes: bytes * 100,
            ..case(
                "{ type: csv, compression: gzip }",
                gzip(&header),
                zeros,
                Vec::new(),
            )
        },
    ]
}

fn source(decoder: &str, transport: impl Transport) -> Client {
    let spec = format!(
        "client: {{ base_url: \"https://api.example.com\", paginator: single_page }}\n\
         resources:\n\
         - name: rows\n  \
           endpoint: {{ path: rows, decoder: {decoder} }}\n  \
           columns: {{ id: bigint!, name: text!, day: date! }}\n"
    );
    let builder = rest_source_dynamic::client("specs/rows.yaml", &spec).unwrap();
    builder.transport(transport).build().unwrap()
}

/// The peak of the memory since it was last reset.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let kib: u64 = line.trim().trim_end_matches("kB").trim().parse().unwrap();
    kib << 10
}

/// Fetches bodies of at least this many bytes each.
async fn fetched_in_flat_memory(bytes: u64) {
    let _alone = ALONE.lock().await;
    for case in cases() {
        let parts = bytes.div_ceil(case.bytes);
        let transport = Endless {
            head: case.head.into(),
            part: case.part.into(),
            parts,
            tail: case.tail.into(),
        };
        let client = source(case.decoder, transport);
        let plan = client.plan().resources[0].clone();
        fs::write("/proc/self/clear_refs", "5").unwrap();
        let before = peak();
        let mut pages = client.rows(plan).pages();
        let mut received = 0;
        while let Some(page) = pages.next().await {
            received += page.unwrap().len() as u64;
            // The consumer is slower than the body arrives.
            tokio::time::sleep(Duration::from_micros(100)).await;
        }
        assert_eq!(received, parts * case.rows, "{}", case.decoder);
        let peak = peak();
        assert!(peak < MOST, "{}: {} MiB", case.decoder, peak >> 20);
        let taken = peak - before;
        assert!(
            taken < MOST_FOR_BODY,
            "{}: {} MiB",
            case.decoder,
            taken >> 20
        );
        assert_eq!(pages.report().pages, 1);
    }
}

/// Responds with a page of ten records, for 10,000 parents.
struct Parents;

/// Records with these ids, in JSON.
fn records(ids: std::ops::Range<u64>) -> String {
    let name = "a name of some length, \u{e9}\u{20ac}".repeat(4);
    let record = |id| format!("{{\"id\":{id},\"name\":\"{name}\"}}");
    format!("[{}]", ids.map(record).collect::<Vec<_>>().join(","))
}

impl Transport for Parents {
    fn send(
        &self,
        request: http::Request<Bytes>,
        _: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        let query = request.uri().query().unwrap_or_default();
        let offset: u64 = query
            .split('&')
            .find_map(|param| param.strip_prefix("offset=")?.parse().ok())
            .unwrap_or_default();
        let folder = request.uri().path().strip_prefix("/folders/");
        let text = match request.uri().path() {
            "/users" => records(offset..(offset + 100).min(10_000)),
            "/groups" | "/metrics" => records(offset..(offset + 100).min(100)),
            // 100 folders with 100 folders each.
            "/folders" => records(0..100),
            _ => match folder.map(|id| id.parse::<u64>().unwrap()) {
                Some(id @ 0..100) => records(1000 * (id + 1)..1000 * (id + 1) + 100),
                Some(_) => "[]".to_owned(),
                None => records(0..10),
            },
        };
        let body = Body::from_stream(stream::iter([Ok(Bytes::from(text))]));
        Box::pin(async { Ok(http::Response::new(body)) })
    }
}

const PARENTS: &str = "
client: { base_url: \"https://api.example.com\", paginator: single_page }
resources:
- name: users
  endpoint: { path: users, paginator: { type: offset, limit: 100 } }
  columns: { id: bigint!, name: text! }
- name: groups
  endpoint: { path: groups, paginator: { type: offset, limit: 100 } }
  columns: { id: bigint!, name: text! }
- name: metrics
  endpoint: { path: metrics, paginator: { type: offset, limit: 100 } }
  columns: { id: bigint!, name: text! }
- name: of_users
  endpoint: users/{resources.users.id}/points
  columns: { id: bigint!, name: text! }
- name: of_pairs
  endpoint: groups/{resources.groups.id}/metrics/{resources.metrics.id}
  columns: { id: bigint!, name: text! }
- name: folders
  endpoint: { path: \"folders/{resources.folders.id}\", root: { path: folders } }
  columns: { id: bigint!, name: text! }
";

/// What is held of the records is a mebibyte each.
const LARGE: &str = "
client: { base_url: \"https://api.example.com\", paginator: single_page }
resources:
- name: large
  endpoint: { path: large, paginator: { type: offset, limit: 10 } }
  columns: { id: bigint!, name: text! }
- name: users
  columns: { id: bigint!, name: text! }
- name: pairs
  endpoint: { path: \"pairs/{resources.users.id}\", params: { name: \"{resources.large.name}\" } }
  columns: { id: bigint!, name: text! }
- name: tree
  endpoint: { path: tree, params: { name: \"{resources.tree.name}\" }, root: { path: large }, paginator: { type: offset, limit: 10 } }
  columns: { id: bigint!, name: text! }
";

/// Responds with pages of ten large records, without end.
struct Large;

impl Transport for Large {
    fn send(
        &self,
        request: http::Request<Bytes>,
        _: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        let query = request.uri().query().unwrap_or_default();
        let (_, offset) = query.rsplit_once("offset=").unwrap();
        let offset: u64 = offset.split('&').next().unwrap().parse().unwrap();
        let name = "x".repeat(1 << 20);
        // Equal values would be one parent.
        let record = |id| format!("{{\"id\":{id},\"name\":\"{id}{name}\"}}");
        let records: Vec<String> = (offset..offset + 10).map(record).collect();
        let text = format!("[{}]", records.join(","));
        let body = Body::from_stream(stream::iter([Ok(Bytes::from(text))]));
        Box::pin(async { Ok(http::Response::new(body)) })
    }
}

/// The error of a resource whose server has records without end.
async fn error_of(name: &str) -> String {
    let _alone = ALONE.lock().await;
    let builder = rest_source_dynamic::client("specs/large.yaml", LARGE).unwrap();
    let client = builder.transport(Large).build().unwrap();
    let mut plans = client.plan().resources.iter();
    let plan = plans.find(|plan| plan.name == name).unwrap().clone();
    let mut pages = client.rows(plan).concurrency(1).pages();
    loop {
        if let Err(error) = pages.next().await.unwrap() {
            return error.to_string();
        }
    }
}

#[tokio::test]
async fn more_combined_parents_than_can_be_held_are_an_error() {
    let error = error_of("pairs").await;
    assert!(
        error.contains("`large` has too many records to be combined"),
        "{error}"
    );
}

#[tokio::test]
#[ignore = "takes minutes without optimization"]
async fn more_waiting_records_of_a_tree_than_can_be_held_are_an_error() {
    let error = error_of("tree").await;
    assert!(error.contains("the tree has too many records"), "{error}");
}

/// The peak of the memory is that of the process.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[tokio::test]
async fn children_of_many_parents_are_fetched_in_flat_memory() {
    let _alone = ALONE.lock().await;
    let builder = rest_source_dynamic::client("specs/parents.yaml", PARENTS).unwrap();
    let client = builder.transport(Parents).build().unwrap();
    for (name, parents, records) in [
        ("of_users", 10_000, 100_000),
        ("of_pairs", 10_000, 100_000),
        ("folders", 10_100, 10_100),
    ] {
        let mut plans = client.plan().resources.iter();
        let plan = plans.find(|plan| plan.name == name).unwrap().clone();
        fs::write("/proc/self/clear_refs", "5").unwrap();
        let before = peak();
        let mut pages = client.rows(plan).pages();
        let mut received = 0;
        while let Some(page) = pages.next().await {
            received += page.unwrap().len() as u64;
        }
        let taken = peak() - before;
        assert_eq!((pages.report().parents, received), (parents, records));
        // The records of a tree wait, those of a parent do not.
        assert!(taken < 2 * MOST_FOR_BODY, "{name}: {} MiB", taken >> 20);
        println!("{name}: {} KiB", taken >> 10);
    }
}

#[tokio::test]
async fn a_body_of_many_batches_is_fetched_in_flat_memory() {
    fetched_in_flat_memory(16 << 20).await;
}

#[tokio::test]
#[ignore = "a gibibyte of each format takes minutes"]
async fn a_gibibyte_is_fetched_in_flat_memory() {
    fetched_in_flat_memory(1 << 30).await;
}
