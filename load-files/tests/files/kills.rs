//! Loads that are killed at any moment: the next one loses no row and doubles none.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use rest_source_load::Loading;
use rest_source_load_files::{Files, Format};
use rest_source_testkit::Folder;
use serde_json::{Value, json};

use crate::{
    stored::{assert_clean, listed, manifest, rows},
    world::{World, client},
};

const URL: &str = "REST_SOURCE_FILES_URL";
const FOLDER: &str = "REST_SOURCE_FILES_FOLDER";
const FORMAT: &str = "REST_SOURCE_FILES_FORMAT";
/// How many loads of each format are killed.
const KILLS: &str = "REST_SOURCE_KILLS";
const SEED: &str = "REST_SOURCE_KILL_SEED";

const RESOURCES: &str = "
  - name: visits
    write_disposition: append
    columns: { id: bigint!, at: bigint! }
  - name: events
    write_disposition: append
    endpoint: { incremental: { cursor_path: at, start_param: since } }
    columns: { id: bigint!, at: bigint! }
  - name: ticks
    write_disposition: append
    endpoint: { incremental: { cursor_path: at, start_param: since, row_order: asc } }
    columns: { id: bigint!, at: bigint! }
  - name: rates
    write_disposition: replace
    columns: { id: bigint!, at: bigint! }
  - name: users
    write_disposition: merge
    primary_key: id
    columns: { id: bigint!, at: bigint! }
  - name: days
    write_disposition: merge
    merge_key: at
    columns: { id: bigint!, at: bigint! }
  - name: posts
    write_disposition: append
    primary_key: id
    endpoint:
      path: users/{resources.users.id}/posts
      incremental: { cursor_path: at, start_param: since }
    columns: { id: bigint!, at: bigint! }
  - name: orders
    write_disposition: merge
    primary_key: id
    endpoint: { incremental: { cursor_path: at, start_param: since } }
    columns:
      id: bigint!
      at: bigint!
      lines: { data_type: array, as: table, columns: { sku: text } }
";

/// Each table, and its resource.
const TABLES: [(&str, &str); 9] = [
    ("visits", "visits"),
    ("events", "events"),
    ("ticks", "ticks"),
    ("rates", "rates"),
    ("users", "users"),
    ("days", "days"),
    ("posts", "posts"),
    ("orders", "orders"),
    ("orders", "orders_lines"),
];

const USERS: i64 = 3;

/// Serves data that has grown to this size.
fn grow(world: &World, grown: i64) {
    let records = |count: i64, at: &dyn Fn(i64) -> i64| -> Value {
        (0..count)
            .map(|id| json!({ "id": id, "at": at(id) }))
            .collect()
    };
    world.serve("/visits", records(10, &|_| 0));
    world.serve("/events", records(grown, &|id| id));
    world.serve("/ticks", records(grown, &|id| id));
    world.serve("/rates", records(10, &|_| grown));
    world.serve("/users", records(USERS, &|_| grown));
    world.serve("/days", records(10, &|id| id % 3));
    for user in 0..USERS {
        let posts = (0..grown / 2).map(|n| json!({ "id": 1_000 * user + n, "at": n }));
        world.serve(&format!("/users/{user}/posts"), posts.collect());
    }
    let line = |id: i64, n: i64| json!({ "sku": format!("{id}/{n}") });
    let order = |id: i64| json!({ "id": id, "at": id, "lines": [line(id, 0), line(id, 1)] });
    world.serve("/orders", (0..grown).map(order).collect());
}

/// The files of a child, which commits often or seldom, in small files.
fn files(folder: &Path, format: &str) -> Files {
    let files = Files::folder(folder).roll_at(400);
    let files = files.publish_every(Duration::from_millis(fastrand::u64(..3) * 20));
    match format {
        "csv" => files.format(Format::Csv),
        "parquet" => files.format(Format::Parquet),
        _ => files,
    }
}

/// The child: loads until it is killed. Run by the other tests, with the variables set.
#[tokio::test]
#[ignore = "run by the tests that kill it"]
async fn child() {
    let variable = |name| std::env::var(name).ok();
    let (Some(url), Some(folder), Some(format)) =
        (variable(URL), variable(FOLDER), variable(FORMAT))
    else {
        return;
    };
    let client = client(&url, RESOURCES);
    let files = files(Path::new(&folder), &format);
    Loading::new(&client, &files).await.unwrap();
}

fn command(world: &World, folder: &Path, format: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "kills::child", "--ignored", "--quiet"])
        .env(URL, world.server.url())
        .env(FOLDER, folder)
        .env(FORMAT, format)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// How often each record is in a table.
fn counts(root: &Path, resource: &str, table: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for row in rows(root, resource, table) {
        *counts.entry(row).or_default() += 1;
    }
    counts
}

/// How often the appended resource is there, and whether a load that appended it has not ended.
fn visits(root: &Path) -> (usize, bool) {
    let counts = counts(root, "visits", "visits");
    let times = counts.values().next().copied().unwrap_or_default();
    assert!(
        counts.is_empty() || counts.len() == 10 && counts.values().all(|n| *n == times),
        "{counts:?}"
    );
    let unfinished = manifest(root, "visits").is_some_and(|one| {
        one["unfinished"]
            .as_object()
            .is_some_and(|all| !all.is_empty())
    });
    (times, unfinished)
}

/// Asserts what holds after a kill at any moment: no row of any table is there twice.
fn check(root: &Path) -> (usize, bool) {
    for (resource, table) in &TABLES[1..] {
        let counts = counts(root, resource, table);
        assert!(
            counts.values().all(|n| *n == 1),
            "{table} has rows twice: {counts:?}"
        );
    }
    visits(root)
}

/// Asserts that all tables have what the server has.
fn complete(root: &Path, grown: i64) {
    for (resource, table) in TABLES {
        assert_clean(root, resource, table);
    }
    let len =
        |resource: &str, table: &str| i64::try_from(counts(root, resource, table).len()).unwrap();
    assert_eq!(len("events", "events"), grown);
    assert_eq!(len("ticks", "ticks"), grown);
    assert_eq!(
        (
            len("rates", "rates"),
            len("users", "users"),
            len("days", "days")
        ),
        (10, USERS, 10)
    );
    assert_eq!(len("posts", "posts"), grown / 2 * USERS);
    assert_eq!(
        (len("orders", "orders"), len("orders", "orders_lines")),
        (grown, 2 * grown)
    );
    for table in ["rates", "users"] {
        let stale = rows(root, table, table);
        assert!(
            stale.iter().all(|row| row.contains(&grown.to_string())),
            "{table}"
        );
    }
}

async fn kill(format: &str) {
    let number = |name: &str, otherwise: u64| {
        std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
    };
    let (kills, seed) = (number(KILLS, 12), number(SEED, 1));
    let mut random = fastrand::Rng::with_seed(seed);
    let world = World::new().await;
    let folder = Folder::new("files-kills").unwrap();
    let root = folder.path();
    let mut grown = 12;
    grow(&world, grown);
    let load = || command(&world, root, format).status().unwrap();
    assert!(load().success());
    let requests = world.server.asked().len();
    assert!(load().success());
    let whole = world.server.asked().len() - requests;
    let mut before = check(root);
    let mut killed = 0;
    let mut stages = BTreeSet::new();
    for kill in 0..kills {
        let requests = world.server.asked().len();
        let wanted = random.usize(..whole);
        let moment = Duration::from_millis(random.u64(..8));
        let mut child = command(&world, root, format).spawn().unwrap();
        while world.server.asked().len() - requests < wanted && child.try_wait().unwrap().is_none()
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(moment).await;
        let was_running = child.try_wait().unwrap().is_none();
        // SIGKILL.
        child.kill().unwrap();
        child.wait().unwrap();
        killed += u64::from(was_running);
        stages.insert(world.server.asked().len() - requests);
        let now = check(root);
        let may_follow = match before {
            (times, false) => now == before || now.0 == times + 1,
            (times, true) => now.0 == times,
        };
        assert!(
            may_follow,
            "seed {seed}, kill {kill}: {before:?}, then {now:?}"
        );
        before = now;
        if kill % 4 == 3 {
            grown += 3;
            grow(&world, grown);
            assert!(load().success(), "seed {seed}, kill {kill}");
            complete(root, grown);
            let now = check(root);
            assert_eq!(
                now,
                (before.0 + usize::from(!before.1), false),
                "seed {seed}, kill {kill}"
            );
            before = now;
        }
    }
    assert!(
        killed >= kills / 3 && stages.len() >= 4,
        "{killed} kills, in {stages:?}"
    );
    assert!(listed(root, "orders", "orders").len() > 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn json_lines() {
    kill("jsonl").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn csv() {
    kill("csv").await;
}

#[cfg(feature = "parquet")]
#[tokio::test(flavor = "multi_thread")]
async fn parquet() {
    kill("parquet").await;
}
