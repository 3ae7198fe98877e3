//! A load that is killed at any moment: the next loses no row and doubles none.

use std::{
    collections::BTreeMap,
    env,
    os::unix::process::ExitStatusExt,
    process::{Command, ExitStatus},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use rest_source_testkit::{Asked, Mishap, Place, Reply, Scripted};
use serde_json::{Value, json};

use crate::shell::Shell;

/// How many loads are killed.
pub(crate) const KILLS: &str = "REST_SOURCE_KILLS";
/// What the moments are drawn from.
pub(crate) const SEED: &str = "REST_SOURCE_KILL_SEED";
pub(crate) const FEW: u64 = 24;

const SPEC: &str = "
name: shop
client:
  base_url: $BASE
  paginator: { type: offset, limit: 4 }
resource_defaults:
  write_disposition: append
  endpoint: { data_selector: data }
resources:
  - name: visits
    columns: { id: bigint! }
  - name: events
    endpoint: { incremental: { cursor_path: at, start_param: since } }
    columns: { id: bigint!, at: bigint! }
  - name: ticks
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
    primary_key: id
    endpoint:
      path: users/{resources.users.id}/posts
      incremental: { cursor_path: at, start_param: since }
    columns: { id: bigint!, at: bigint! }
  - name: likes
    endpoint: { path: \"users/{resources.users.id}/likes\" }
    columns: { id: bigint! }
  - name: orders
    write_disposition: merge
    primary_key: id
    endpoint: { incremental: { cursor_path: at, start_param: since } }
    columns: { id: bigint!, at: bigint! }
  - name: lines
    write_disposition: merge
    primary_key: id
    parents: changed
    endpoint: { path: \"orders/{resources.orders.id}/lines\" }
    columns: { id: bigint! }
";

/// Records of users.
const USERS: i64 = 4;
/// Records of a resource that does not grow.
const FIXED: i64 = 10;

/// A server whose events, ticks and posts grow.
#[derive(Debug)]
struct Data {
    grown: i64,
}

impl Data {
    /// What is at this path.
    fn records(&self, path: &str) -> Vec<Value> {
        let one = |id: i64, at: i64| json!({ "id": id, "at": at });
        let child = path
            .strip_prefix("/users/")
            .or_else(|| path.strip_prefix("/orders/"));
        let (path, of) = match child.and_then(|p| p.split_once('/')) {
            Some((user, what)) => (what, user.parse::<i64>().unwrap()),
            None => (&path[1..], 0),
        };
        match path {
            "visits" => (0..FIXED).map(|id| one(id, 0)).collect(),
            "events" | "ticks" | "orders" => (0..self.grown).map(|id| one(id, id)).collect(),
            "rates" => (0..FIXED).map(|id| one(id, self.grown)).collect(),
            "users" => (0..USERS).map(|id| one(id, self.grown)).collect(),
            "days" => (0..FIXED).map(|id| one(id, id % 3)).collect(),
            "posts" => (0..self.grown / 2)
                .map(|n| one(1_000 * of + n, n))
                .collect(),
            "lines" => (0..2).map(|id| one(1_000 * of + id, 0)).collect(),
            "likes" => (0..5).map(|id| one(1_000 * of + id, 0)).collect(),
            other => panic!("{other}"),
        }
    }

    fn answer(&self, asked: &Asked) -> Reply {
        let since = asked
            .param("since")
            .map(|since| since.parse::<i64>().unwrap());
        let records = self.records(asked.path()).into_iter();
        let records =
            records.filter(|one| since.is_none_or(|since| one["at"].as_i64() >= Some(since)));
        let offset = asked.number_in("offset").unwrap();
        let page: Vec<Value> = records.skip(offset).take(4).collect();
        Reply::json(&json!({ "data": page }))
            .mishap(Place::BeforeHead, Mishap::Pause(Duration::from_millis(4)))
    }
}

/// A small generator (`SplitMix64`), so that a seed repeats a run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }
}

pub(crate) fn number(name: &str, otherwise: u64) -> u64 {
    env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

/// How often each record is in a table.
fn counts(db: &rusqlite::Connection, table: &str) -> BTreeMap<i64, i64> {
    let sql = format!("SELECT id, count(*) FROM {table} GROUP BY id");
    let Ok(mut statement) = db.prepare(&sql) else {
        return BTreeMap::new();
    };
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

fn length(counts: &BTreeMap<i64, i64>) -> i64 {
    i64::try_from(counts.len()).unwrap()
}

/// How often an appended resource without a cursor is there, all of it, and whether the load that
/// appended it last has not ended.
fn appended(db: &rusqlite::Connection, table: &str, records: i64) -> (i64, bool) {
    let counts = counts(db, table);
    let times = counts.values().next().copied().unwrap_or_default();
    assert!(
        counts.is_empty() || length(&counts) == records && counts.values().all(|n| *n == times),
        "{table}: {counts:?}"
    );
    let sql = "SELECT appended FROM _rest_source_state WHERE resource = ?1";
    let is_unfinished = db.query_row(sql, [table], |row| row.get(0));
    (times, is_unfinished.unwrap_or_default())
}

/// What may have become of it in one run.
fn may_follow(before: (i64, bool), after: (i64, bool)) -> bool {
    match before {
        (times, false) => after == before || after.0 == times + 1,
        (times, true) => after.0 == times,
    }
}

/// How a resource is loaded.
fn mode(resource: &str) -> &'static str {
    match resource {
        "visits" => "append",
        "events" => "append, incremental",
        "ticks" => "append, incremental, in order",
        "rates" => "replace",
        "users" => "merge",
        "days" => "merge by a merge_key",
        "posts" => "children, incremental",
        "likes" => "children",
        "orders" => "merge, incremental",
        "lines" => "children of changed parents",
        other => panic!("{other}"),
    }
}

struct World {
    shell: Shell,
    server: Scripted,
    data: Arc<Mutex<Data>>,
    _runtime: tokio::runtime::Runtime,
}

impl World {
    fn new() -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let data = Arc::new(Mutex::new(Data { grown: 12 }));
        let answers = Arc::clone(&data);
        let server = runtime.block_on(Scripted::start(move |asked: &Asked| {
            answers.lock().unwrap().answer(asked)
        }));
        let server = server.unwrap();
        let shell = Shell::new();
        shell.write("shop.yaml", &SPEC.replace("$BASE", server.url()));
        Self {
            shell,
            server,
            data,
            _runtime: runtime,
        }
    }

    fn load(&self) -> Command {
        self.shell
            .command(&["load", "shop.yaml", "--to", "sqlite:shop.db"])
    }

    /// Loads to the end.
    fn complete(&self) {
        let output = self.load().output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        let db = self.database();
        for (table, path) in [
            ("events", "/events"),
            ("ticks", "/ticks"),
            ("rates", "/rates"),
            ("users", "/users"),
            ("days", "/days"),
            ("orders", "/orders"),
        ] {
            let held = self.data.lock().unwrap().records(path);
            let held: BTreeMap<_, _> = held
                .iter()
                .map(|one| (one["id"].as_i64().unwrap(), 1))
                .collect();
            assert_eq!(counts(&db, table), held, "{table}");
        }
        let posts = self.data.lock().unwrap().grown / 2 * USERS;
        assert_eq!(length(&counts(&db, "posts")), posts);
        let grown = self.data.lock().unwrap().grown;
        assert_eq!(
            length(&counts(&db, "lines")),
            2 * grown,
            "no child of an order is lost"
        );
        for table in ["rates", "users"] {
            let sql = format!("SELECT count(*) FROM {table} WHERE at <> ?1");
            let stale: i64 = db.query_row(&sql, [grown], |row| row.get(0)).unwrap();
            assert_eq!(stale, 0, "{table}");
        }
    }

    fn database(&self) -> rusqlite::Connection {
        let db = rusqlite::Connection::open(self.shell.path("shop.db")).unwrap();
        let check: String = db
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(check, "ok");
        db
    }

    /// Asserts what holds after a kill at any moment.
    fn check(&self) -> [(i64, bool); 2] {
        let db = self.database();
        for table in [
            "events", "ticks", "rates", "users", "days", "posts", "orders", "lines",
        ] {
            let counts = counts(&db, table);
            assert!(
                counts.values().all(|n| *n == 1),
                "{table} has rows twice: {counts:?}"
            );
        }
        [
            appended(&db, "visits", FIXED),
            appended(&db, "likes", 5 * USERS),
        ]
    }

    /// Loads, and is sent this signal after so long. How it ended.
    fn kill(&self, signal: &str, after: Duration) -> ExitStatus {
        let mut child = self.load().spawn().unwrap();
        thread::sleep(after);
        let sent = Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status();
        sent.unwrap();
        child.wait().unwrap()
    }
}

#[test]
fn a_load_that_is_killed_at_any_moment_loses_no_row_and_doubles_none() {
    let (kills, seed) = (number(KILLS, FEW), number(SEED, 1));
    let mut random = Random(seed);
    let world = World::new();
    world.complete();
    let begun = Instant::now();
    assert!(world.load().status().unwrap().success());
    let whole = u64::try_from(begun.elapsed().as_millis()).unwrap();
    let mut before = world.check();
    let mut ended: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for kill in 0..kills {
        let (name, number) = [("-KILL", 9), ("-TERM", 15), ("-HUP", 1), ("-INT", 2)]
            [usize::try_from(random.below(4)).unwrap()];
        let after = Duration::from_millis(random.below(whole));
        let requests = world.server.asked().len();
        let status = world.kill(name, after);
        // A run that does not handle signals yet is ended by them, as by SIGKILL always.
        let is_killed = status.signal() == Some(number) || status.code() == Some(128 + number);
        assert!(
            is_killed || status.success(),
            "seed {seed}, kill {kill}, {name}: {status}"
        );
        assert!(
            name != "-KILL" || status.code() != Some(137),
            "exits with 137 itself"
        );
        let during = match world.server.asked().get(requests..) {
            _ if !is_killed => "nothing: it was done",
            None | Some([]) => "the start",
            Some([.., last]) => last.path().rsplit('/').next().map_or("", mode),
        };
        *ended.entry((name, during)).or_default() += 1;
        let now = world.check();
        for (before, now) in before.into_iter().zip(now) {
            assert!(
                may_follow(before, now),
                "seed {seed}, kill {kill}: {before:?}, then {now:?}"
            );
        }
        before = now;
        if random.below(4) == 0 {
            world.data.lock().unwrap().grown += i64::try_from(random.below(4)).unwrap();
        }
        if random.below(8) == 0 {
            world.complete();
            before = world.check();
        }
    }
    world.complete();
    world.check();
    let asked = world.server.asked().len();
    println!("{kills} kills with seed {seed}, {asked} requests");
    for ((signal, during), kills) in ended {
        println!("  {signal} during {during}: {kills}");
    }
}
