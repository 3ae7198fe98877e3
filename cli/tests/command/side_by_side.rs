//! Two processes that load into one file, while one of them waits for its API.

use std::{
    process::Child,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use rest_source_testkit::{Asked, Mishap, Place, Reply, Scripted};
use serde_json::{Value, json};

use crate::shell::{Ran, Shell};

/// The resources of each write disposition: `slow_…` keeps its load waiting, `quick_…` does not.
const DISPOSITIONS: [(&str, &str); 4] = [
    ("append", "write_disposition: append"),
    ("replace", "write_disposition: replace"),
    ("merge", "write_disposition: merge, primary_key: id"),
    (
        "merge_key",
        "write_disposition: merge, primary_key: id, merge_key: day",
    ),
];

const RECORDS: i64 = 10;

fn spec(url: &str) -> String {
    let resources = DISPOSITIONS.iter().flat_map(|(name, keys)| {
        ["slow", "quick"].map(|speed| format!("  - {{ name: {speed}_{name}, {keys} }}\n"))
    });
    let resources: String = resources.collect();
    format!(
        "name: shop\nclient:\n  base_url: {url}\n  paginator: {{ type: offset, limit: 4 }}\n  \
         timeout: {{ request: 2m }}\nresource_defaults:\n  columns: {{ id: bigint!, day: bigint!, load: bigint! }}\n  \
         endpoint: {{ data_selector: data }}\nresources:\n{resources}"
    )
}

/// Answers a page. The third of a slow resource comes so late, once.
fn answer(asked: &Asked, load: i64, waiting: &Mutex<Vec<String>>, wait: Duration) -> Reply {
    let offset = asked.number_in("offset").unwrap();
    let record = |id: i64| json!({ "id": id, "day": id % 3, "load": load });
    let page: Vec<Value> = (0..RECORDS).skip(offset).take(4).map(record).collect();
    let reply = Reply::json(&json!({ "data": page }));
    let path = asked.path().to_owned();
    let mut waiting = waiting.lock().unwrap();
    if offset == 8 && path.starts_with("/slow") && load > 1 && !waiting.contains(&path) {
        waiting.push(path);
        return reply.mishap(Place::BeforeHead, Mishap::Pause(wait));
    }
    reply
}

fn load(shell: &Shell, resource: &str) -> Child {
    let database = format!("sqlite:{}.db", resource.split_once('_').unwrap().1);
    shell
        .command(&[
            "load",
            "shop.yaml",
            "--to",
            &database,
            "--resource",
            resource,
        ])
        .spawn()
        .unwrap()
}

fn succeeds(child: Child) {
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ran.code, 0, "{ran}");
}

/// The records that a table has of a load, and all of its rows.
fn rows(shell: &Shell, name: &str, table: &str, load: i64) -> (i64, i64) {
    let database = rusqlite::Connection::open(shell.path(&format!("{name}.db"))).unwrap();
    let sql = format!("SELECT count(DISTINCT id) FILTER (WHERE load = ?1), count(*) FROM {table}");
    let rows = database.query_row(&sql, [load], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap()
}

async fn both_succeed(wait: Duration) {
    let (number, waiting) = (Arc::new(Mutex::new(1)), Arc::new(Mutex::new(Vec::new())));
    let server = {
        let (number, waiting) = (Arc::clone(&number), Arc::clone(&waiting));
        Scripted::start(move |asked| answer(asked, *number.lock().unwrap(), &waiting, wait)).await
    };
    let server = server.unwrap();
    let shell = Shell::new();
    shell.write("shop.yaml", &spec(server.url()));
    // Tables with rows that the second load replaces or keeps.
    for (name, _) in DISPOSITIONS {
        succeeds(load(&shell, &format!("slow_{name}")));
        succeeds(load(&shell, &format!("quick_{name}")));
    }
    *number.lock().unwrap() = 2;
    let slow = DISPOSITIONS.map(|(name, _)| load(&shell, &format!("slow_{name}")));
    while waiting.lock().unwrap().len() < DISPOSITIONS.len() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let begun = Instant::now();
    for quick in DISPOSITIONS.map(|(name, _)| load(&shell, &format!("quick_{name}"))) {
        succeeds(quick);
    }
    assert!(
        begun.elapsed() < wait,
        "the quick loads waited for the slow ones"
    );
    for slow in slow {
        succeeds(slow);
    }
    for (name, _) in DISPOSITIONS {
        let all = if name == "append" {
            2 * RECORDS
        } else {
            RECORDS
        };
        for table in [format!("slow_{name}"), format!("quick_{name}")] {
            assert_eq!(rows(&shell, name, &table, 2), (RECORDS, all), "{table}");
        }
    }
}

/// Longer than a load waits for a lock of the database.
#[tokio::test(flavor = "multi_thread")]
async fn two_loads_into_one_file_succeed_while_one_waits_for_its_api() {
    both_succeed(Duration::from_secs(7)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes half a minute"]
async fn two_loads_into_one_file_succeed_while_one_waits_half_a_minute() {
    both_succeed(Duration::from_secs(30)).await;
}
