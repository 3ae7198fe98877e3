//! Many pages with faults now and then, by a process of its own: every record comes once and in order,
//! and memory does not grow with the pages.

use std::{collections::HashMap, fs, process::Command, sync::Mutex, time::Duration};

use rest_source::Value;
use rest_source_tests::{Asked, Mishap, Place, Reply, Scripted};
use serde_json::json;

use crate::world::{Still, connect, source};

/// Records of a page.
const SIZE: usize = 100;
/// How much memory may grow past the first tenth of the pages, in KiB: what the allocator and the
/// connections keep.
const GROWTH: u64 = 2 << 10;

const URL: &str = "REST_SOURCE_SOAK_URL";
const PAGES: &str = "REST_SOURCE_SOAK_PAGES";
const PAGINATOR: &str = "REST_SOURCE_SOAK_PAGINATOR";

/// A number that looks like chance and is the same every time.
fn drawn(page: usize, attempt: u64) -> u64 {
    let mut mixed = (page as u64 ^ (attempt << 40)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    for _ in 0..3 {
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    }
    mixed ^ (mixed >> 31)
}

/// So many pages of numbers, asked for by offset or by cursor. One in ten attempts fails, a page's
/// fourth never does.
fn pages(pages: usize) -> impl Fn(&Asked) -> Reply {
    let attempts = Mutex::new(HashMap::<usize, u64>::new());
    move |asked| {
        let from = asked.number_in("offset").or(asked.number_in("cursor"));
        let from = from.unwrap_or(0);
        let attempt = {
            let mut attempts = attempts.lock().unwrap();
            let attempt = attempts.entry(from).or_default();
            *attempt += 1;
            *attempt
        };
        let to = (from + SIZE).min(pages * SIZE);
        let data: Vec<_> = (from..to)
            .map(|id| json!({ "id": id, "name": format!("thing {id}") }))
            .collect();
        let next = (to < pages * SIZE).then_some(to);
        let page = Reply::json(&json!({ "data": data, "count": pages * SIZE, "next": next }));
        if attempt > 3 {
            return page;
        }
        match drawn(from, attempt) % 70 {
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
    let var = |name: &str| std::env::var(name);
    let (Ok(url), Ok(pages), Ok(paginator)) = (var(URL), var(PAGES), var(PAGINATOR)) else {
        return;
    };
    let endpoint = format!("{{ path: things, data_selector: data, paginator: {paginator} }}");
    let spec = source("concurrency: 8", &endpoint, "{ id: bigint!, name: text! }");
    let client = connect(
        &spec.replace("$BASE", &url),
        &Still::default(),
        &Mutex::default().into(),
    )
    .unwrap();
    let mut stream = client.rows(client.plan().resources[0]).pages();
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

/// Has a process of its own fetch so many pages.
async fn soak(count: usize, paginator: &'static str) {
    let server = Scripted::start(pages(count)).await.unwrap();
    let url = server.url().to_owned();
    let run = move || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "soak::child", "--ignored", "--nocapture"])
            .env(URL, url)
            .env(PAGES, count.to_string())
            .env(PAGINATOR, paginator)
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

const BY_OFFSET: &str = "{ type: offset, limit: 100, total_path: count }";
const BY_CURSOR: &str = "{ type: cursor, cursor_path: next }";

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_pages_side_by_side() {
    soak(1_000, BY_OFFSET).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_pages_one_after_the_other() {
    soak(1_000, BY_CURSOR).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes longer than is worth every time"]
async fn ten_thousand_pages_side_by_side() {
    soak(10_000, BY_OFFSET).await;
}
