//! A fetch with a state file that a signal ends at any moment: the next returns what it did not.
//!
//! `REST_SOURCE_KILLS=300 cargo test -p rest-source-cli --test command fetch_kills` draws more.

use std::{
    collections::BTreeMap,
    os::unix::process::ExitStatusExt,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use rest_source_testkit::{Asked, Mishap, Place, Reply, Scripted};
use serde_json::{Value, json};

use crate::{
    kills::{FEW, KILLS, Random, SEED, number},
    shell::Shell,
};

const SPEC: &str = "
name: shop
client:
  base_url: $BASE
  paginator: { type: offset, limit: 4 }
resources:
  - name: events
    endpoint: { data_selector: data, incremental: { cursor_path: id, start_param: since } }
    columns: { id: bigint! }
";

const FETCH: [&str; 7] = [
    "fetch",
    "shop.yaml",
    "events",
    "--state",
    "events.json",
    "--format",
    "jsonl",
];

/// A server of so many events.
async fn events(count: Arc<AtomicUsize>) -> Scripted {
    let server = Scripted::start(move |asked: &Asked| {
        let since = asked.number_in("since").unwrap_or_default();
        let offset = asked.number_in("offset").unwrap();
        let events = (since..count.load(Ordering::Relaxed)).skip(offset).take(4);
        let page: Vec<Value> = events.map(|id| json!({ "id": id })).collect();
        Reply::json(&json!({ "data": page }))
            .mishap(Place::BeforeHead, Mishap::Pause(Duration::from_millis(3)))
    });
    server.await.unwrap()
}

/// The ids of whole lines.
fn ids(stdout: &str) -> Vec<u64> {
    assert!(stdout.is_empty() || stdout.ends_with('\n'), "{stdout}");
    let line = |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].as_u64();
    stdout.lines().map(|text| line(text).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn fetch_that_a_signal_ends_loses_no_record() {
    let (kills, seed) = (number(KILLS, FEW), number(SEED, 1));
    let mut random = Random(seed);
    let count = Arc::new(AtomicUsize::new(40));
    let server = events(Arc::clone(&count)).await;
    let shell = Shell::new();
    shell.write("shop.yaml", &SPEC.replace("$BASE", server.url()));
    let begun = Instant::now();
    assert_eq!(shell.run(&FETCH).code, 0);
    let whole = u64::try_from(begun.elapsed().as_millis()).unwrap();
    let mut received = count.load(Ordering::Relaxed);
    let mut ended: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for kill in 0..kills {
        let (name, signal) =
            [("-TERM", 15), ("-HUP", 1), ("-INT", 2)][usize::try_from(random.below(3)).unwrap()];
        let more = usize::try_from(20 + random.below(20)).unwrap();
        let all = received + more;
        count.store(all, Ordering::Relaxed);
        let state = shell.read("events.json");
        let child = shell.command(&FETCH).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(random.below(whole))).await;
        let sent = Command::new("kill")
            .args([name, &child.id().to_string()])
            .output();
        sent.unwrap();
        let output = child.wait_with_output().unwrap();
        let context = format!("seed {seed}, kill {kill}, {name}: {output:?}");
        let printed = ids(&String::from_utf8_lossy(&output.stdout));
        // Records come in order, so that what was printed is a part without a gap.
        let expected: Vec<u64> = (received as u64..all as u64).take(printed.len()).collect();
        assert_eq!(printed, expected, "{context}");
        let status = output.status;
        if status.success() {
            assert_eq!(printed.len(), more, "{context}");
            received = all;
        } else {
            // A run that does not handle signals yet is ended by them.
            let is_documented =
                status.code() == Some(128 + signal) || status.signal() == Some(signal);
            assert!(is_documented, "{context}");
            assert_eq!(shell.read("events.json"), state, "{context}");
        }
        let when = match (status.success(), printed.is_empty()) {
            (true, _) => "after the last write",
            (false, true) => "before the first record",
            (false, false) => "between records",
        };
        *ended.entry((name, when)).or_default() += 1;
    }
    let last = shell.run(&FETCH);
    assert_eq!(last.code, 0, "{last}");
    let rest: Vec<u64> = (received as u64..count.load(Ordering::Relaxed) as u64).collect();
    assert_eq!(ids(&last.stdout), rest);
    println!("{kills} signals with seed {seed}: {ended:?}");
}
