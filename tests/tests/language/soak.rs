//! Many pages with faults now and then, by a process of its own: every record comes once and in order,
//! and memory does not grow with the pages.

use std::{collections::HashMap, fs, process::Command, sync::Mutex, time::Duration};

use rest_source::Value;
use rest_source_testkit::{Asked, Mishap, Place, Reply, Scripted};
use serde_json::json;

use crate::world::{clock, connect, source};

/// Records of a page.
const SIZE: usize = 100;
const PAGES_OF_GROUP: usize = 3;
/// How much memory may grow past the first tenth of the pages, in KiB: what the allocator and the
/// connections keep.
const GROWTH: u64 = 2 << 10;

const SPEC: &str = "REST_SOURCE_SOAK_SPEC";
const PAGES: &str = "REST_SOURCE_SOAK_PAGES";

/// A number that looks like chance and is the same every time.
fn drawn(page: usize, attempt: u64) -> u64 {
    let mut mixed = (page as u64 ^ (attempt << 40)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    for _ in 0..3 {
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    }
    mixed ^ (mixed >> 31)
}

/// So many pages of numbers, asked for by offset or by cursor; or by the offset in the pages of a
/// group, of which each has three. One in ten attempts fails, a page's fourth never does.
fn pages(pages: usize) -> impl Fn(&Asked) -> Reply {
    let attempts = Mutex::new(HashMap::<String, u64>::new());
    move |asked| {
        let attempt = {
            let mut attempts = attempts.lock().unwrap();
            let attempt = attempts.entry(asked.target.clone()).or_default();
            *attempt += 1;
            *attempt
        };
        let from = asked.number_in("offset").or(asked.number_in("cursor"));
        let from = from.unwrap_or(0);
        let (before, all) = match asked.path() {
            "/things" => (0, pages * SIZE),
            "/groups" => (0, pages / PAGES_OF_GROUP),
            path => {
                let group: usize = path.trim_start_matches("/groups/").parse().unwrap();
                let all = PAGES_OF_GROUP * SIZE;
                (group * all, all)
            }
        };
        let to = (from + SIZE).min(all);
        let data: Vec<_> = (before + from..before + to)
            .map(|id| json!({ "id": id, "name": format!("thing {id}") }))
            .collect();
        let next = (to < all).then_some(to);
        let page = Reply::json(&json!({ "data": data, "count": all, "next": next }));
        if attempt > 3 {
            return page;
        }
        match drawn(before + from, attempt) % 70 {
            0 => Reply::status(429).header("Retry-After", "3"),
            1 => Reply::status(429),
            2 => Reply::status(503),
            3 => page.mishap(Place::BeforeHead, Mishap::Reset),
            4 => page.mishap(Place::InHead, Mishap::Closed),
            5 => page.mishap(Place::InBody, Mishap::Reset),
            6 => page.mishap(Place::InBody, Mishap::Closed),
            _ => page,
        }
    }
}

/// The most memory that this process has used so far, in KiB, where the system says so.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The process that fetches. Run by the tests below, with the variables set.
#[tokio::test]
#[ignore = "run by the tests that serve it"]
async fn child() {
    let (Ok(spec), Ok(pages)) = (std::env::var(SPEC), std::env::var(PAGES)) else {
        return;
    };
    let client = connect(&spec, &clock(), &Mutex::default().into()).unwrap();
    let mut stream = client.rows(client.plan().resources.last().unwrap()).pages();
    let pages: u64 = pages.parse().unwrap();
    let (mut next, mut seen, mut settled) = (0_i64, 0, None);
    while let Some(page) = stream.next().await {
        for row in page.unwrap().rows() {
            assert_eq!(row.value(0), Value::Bigint(next));
            assert_eq!(row.value(1).to_string(), format!("thing {next}"));
            next += 1;
        }
        seen += 1;
        if seen == pages / 10 {
            settled = peak();
        }
    }
    let report = stream.report();
    println!("{report}");
    assert_eq!((next.unsigned_abs(), seen), (report.received, report.pages));
    assert_eq!(seen, pages);
    assert_eq!(report.requests, report.retries + report.pages);
    assert!(report.retries > seen / 20, "there were faults");
    if let (Some(settled), Some(end)) = (settled, peak()) {
        println!(
            "{settled} KiB after {} pages, {end} KiB at the end",
            pages / 10
        );
        assert!(end < settled + GROWTH, "memory grows with the pages");
    }
}

/// Has a process of its own fetch so many pages by this spec.
async fn soak(count: usize, spec: &str) {
    let server = Scripted::start(pages(count)).await.unwrap();
    let spec = spec.replace("$BASE", server.url());
    let run = move || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "soak::child", "--ignored", "--nocapture"])
            .env(SPEC, spec)
            .env(PAGES, count.to_string())
            .output()
            .unwrap()
    };
    let limit = Duration::from_secs(300);
    let output = tokio::time::timeout(limit, tokio::task::spawn_blocking(run));
    let output = output.await.expect("it ends").unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    println!("{said}");
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}"
    );
    if cfg!(target_os = "linux") {
        assert!(
            said.contains("KiB at the end"),
            "memory was not looked at: {said}"
        );
    }
}

fn paged(paginator: &str) -> String {
    let endpoint = format!("{{ path: things, data_selector: data, paginator: {paginator} }}");
    source("concurrency: 8", &endpoint, "{ id: bigint!, name: text! }")
}

fn by_offset() -> String {
    paged("{ type: offset, limit: 100, total_path: count }")
}

const OF_GROUPS: &str = "
client: { base_url: $BASE, concurrency: 8 }
resource_defaults:
  columns: { id: bigint!, name: text! }
  endpoint: { data_selector: data, paginator: { type: offset, limit: 100, total_path: count } }
resources:
  - groups
  - { name: things, endpoint: 'groups/{resources.groups.id}' }
";

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_pages_side_by_side() {
    soak(1_000, &by_offset()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_pages_one_after_the_other() {
    soak(1_000, &paged("{ type: cursor, cursor_path: next }")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_pages_of_children() {
    soak(999, OF_GROUPS).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes longer than is worth every time"]
async fn ten_thousand_pages_side_by_side() {
    soak(10_000, &by_offset()).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes longer than is worth every time"]
async fn ten_thousand_pages_of_children() {
    soak(9_999, OF_GROUPS).await;
}
