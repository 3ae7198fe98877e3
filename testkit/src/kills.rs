//! Loads that are killed at any moment: the next one loses no row and doubles none, in every destination.

#![expect(clippy::panic, reason = "it is part of tests")]

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fmt,
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::{ToSpan, civil};
use rest_source_load::{Destination, Loading};
use serde_json::{Value, json};

use crate::{
    Asked, Reply, Scripted, lock,
    merge_tables::{StoredRow, TestDestination},
};

/// How many loads are killed; 12 by default, 600 at most.
const KILLS: &str = "REST_SOURCE_KILLS";
/// The seed of the moments.
const SEED: &str = "REST_SOURCE_KILL_SEED";
/// The URL of the API, for the process that is killed.
const URL: &str = "REST_SOURCE_KILL_URL";

const SPEC: &str = "
name: shop
client:
  paginator: { type: offset, limit: 4 }
  retry: { max_retries: 0 }
resource_defaults:
  endpoint: { data_selector: data }
resources:
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
  - name: readings
    write_disposition: merge
    primary_key: day
    endpoint:
      incremental:
        cursor_path: day
        initial_value: 2024-01-01
        end_value: 2025-06-30
        start_param: from
        end_param: to
        range_end: closed
        step: 60d
    columns: { day: date!, at: bigint! }
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

/// The tables of the loads that are killed: the resource of each, and its name.
pub const KILLED_TABLES: [(&str, &str); 10] = [
    ("visits", "visits"),
    ("events", "events"),
    ("ticks", "ticks"),
    ("rates", "rates"),
    ("users", "users"),
    ("days", "days"),
    ("readings", "readings"),
    ("posts", "posts"),
    ("orders", "orders"),
    ("orders", "orders_lines"),
];

/// The records of the resources whose number does not grow.
const FIXED: usize = 10;
const USERS: usize = 3;

/// How many loads were killed, and after how many different numbers of requests.
#[derive(Clone, Debug)]
pub struct Kills {
    killed: u64,
    points: usize,
    /// By what the load requested last.
    during: BTreeMap<&'static str, u64>,
}

impl fmt::Display for Kills {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            killed,
            points,
            during,
        } = self;
        write!(f, "{killed} loads killed, at {points} points")?;
        for (what, killed) in during {
            write!(f, "\n  during {what}: {killed}")?;
        }
        Ok(())
    }
}

/// How the resource of a path is loaded.
fn kind(path: &str) -> &'static str {
    match path.trim_start_matches('/') {
        "visits" => "append",
        "events" => "append, incremental",
        "ticks" => "append, incremental, in order",
        "rates" => "replace",
        "users" => "merge",
        "days" => "merge by a merge_key",
        "readings" => "merge, in windows",
        "orders" => "merge, incremental, with a list",
        _ => "children",
    }
}

/// The process that is killed: the test `name` of this test binary, which is ignored and calls [`load_until_killed`].
///
/// # Panics
///
/// When the test binary is not known.
pub fn killed_process(name: &str) -> Command {
    let program = env::current_exe().unwrap_or_else(|error| panic!("{error}"));
    let mut command = Command::new(program);
    command
        .args(["--exact", name, "--ignored", "--quiet"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Loads into a destination, in the process that is killed. Does nothing in another one.
///
/// # Panics
///
/// When the load fails.
pub async fn load_until_killed(to: &dyn Destination) {
    let Ok(url) = env::var(URL) else { return };
    let text = format!("{SPEC}\n").replacen("client:", &format!("client:\n  base_url: {url}"), 1);
    let client = rest_source_dynamic::client("specs/shop.yaml", &text)
        .unwrap_or_else(|error| panic!("{error}"))
        .build()
        .unwrap_or_else(|error| panic!("{error}"));
    // Some commits come before the last page, and some hold back several pages.
    if let Err(error) = Loading::new(&client, to).commit_rows(6).await {
        panic!("{error}");
    }
}

/// Kills loads of `process` into a destination at random moments, and compares the tables with the API: after a kill no
/// row is there twice; after a load that is not killed they are equal, and `check` is called.
///
/// # Panics
///
/// When they differ.
pub async fn check_kills(
    destination: &impl TestDestination,
    process: impl Fn() -> Command,
    check: impl Fn(),
) -> Kills {
    let number = |name: &str, otherwise: u64| {
        let text = env::var(name).ok();
        text.and_then(|text| text.parse().ok()).unwrap_or(otherwise)
    };
    let (kills, seed) = (number(KILLS, 12), number(SEED, 1));
    let mut random = fastrand::Rng::with_seed(seed);
    let api = Api::start().await;
    let load = || {
        let status = process().env(URL, api.server.url()).status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "the load failed"
        );
    };
    load();
    let requests = api.requests();
    load();
    let whole = api.requests() - requests;
    let mut visits = Visits {
        times: check_rows(destination).await,
        appended_by_killed: Appended::No,
    };
    let (mut killed, mut points, mut during) = (0, BTreeSet::new(), BTreeMap::new());
    for kill in 0..kills {
        let place = format!("{SEED}={seed}, kill {kill}");
        let requests = api.requests();
        let wanted = random.usize(..whole);
        let moment = Duration::from_millis(random.u64(..8));
        let spawned = process().env(URL, api.server.url()).spawn();
        let mut child = spawned.unwrap_or_else(|error| panic!("{error}"));
        let mut is_running = || matches!(child.try_wait(), Ok(None));
        while api.requests() - requests < wanted && is_running() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(moment).await;
        let was_running = is_running();
        // SIGKILL.
        let _ = child.kill();
        let ended = child.wait();
        killed += u64::from(was_running);
        let paths = api.paths(requests);
        let asked = paths.len();
        points.insert(asked);
        if was_running {
            let what = paths.last().map_or("the start", |path| kind(path));
            *during.entry(what).or_default() += 1;
        }
        let times = check_rows(destination).await;
        if was_running {
            visits.after_kill(times, asked < whole / 2, &place);
        } else {
            assert!(
                ended.is_ok_and(|status| status.success()),
                "{place}: the load failed"
            );
            visits.after_load(times, &place);
        }
        if kill % 4 == 3 {
            api.grow();
            load();
            visits.after_load(check_rows(destination).await, &place);
            check_all(destination, api.grown(), &place).await;
            check();
        }
    }
    let points = points.len();
    assert!(
        killed >= kills / 3 && points >= 4,
        "{killed} kills, {points} points"
    );
    Kills {
        killed,
        points,
        during,
    }
}

/// How often the appended resource without a cursor is in its table.
struct Visits {
    times: usize,
    appended_by_killed: Appended,
}

/// Whether a load appended it that did not end: the next one does not append it again.
#[derive(Clone, Copy)]
enum Appended {
    No,
    Yes,
    /// It may have ended.
    Perhaps,
}

impl Visits {
    /// `is_halfway`: the load cannot have ended before it was killed.
    fn after_kill(&mut self, times: usize, is_halfway: bool, place: &str) {
        let most = match self.appended_by_killed {
            Appended::Yes => self.times,
            _ => self.times + 1,
        };
        assert!(
            (self.times..=most).contains(&times),
            "{place}: {times} times, not {most}"
        );
        let is_appended = times > self.times;
        self.appended_by_killed = match self.appended_by_killed {
            _ if is_appended && is_halfway => Appended::Yes,
            _ if is_appended => Appended::Perhaps,
            Appended::Yes if !is_halfway => Appended::Perhaps,
            before => before,
        };
        self.times = times;
    }

    fn after_load(&mut self, times: usize, place: &str) {
        let expected = match self.appended_by_killed {
            Appended::No => self.times + 1..=self.times + 1,
            Appended::Yes => self.times..=self.times,
            Appended::Perhaps => self.times..=self.times + 1,
        };
        assert!(
            expected.contains(&times),
            "{place}: {times} times, not {expected:?}"
        );
        self.times = times;
        self.appended_by_killed = Appended::No;
    }
}

/// How often each row is in a table.
async fn counts(
    destination: &impl TestDestination,
    (resource, table): (&str, &str),
) -> BTreeMap<StoredRow, usize> {
    let mut counts = BTreeMap::new();
    for row in destination.rows(resource, table).await {
        *counts.entry(row).or_default() += 1;
    }
    counts
}

/// Checks what holds after a kill at any moment: no row is there twice, and `visits` as a whole or not. Returns how often
/// it is there.
async fn check_rows(destination: &impl TestDestination) -> usize {
    let [visits, others @ ..] = KILLED_TABLES;
    for table in others {
        let counts = counts(destination, table).await;
        assert!(
            counts.values().all(|n| *n == 1),
            "{table:?} has rows twice: {counts:?}"
        );
    }
    let counts = counts(destination, visits).await;
    let times = counts.values().next().copied().unwrap_or_default();
    let is_whole = counts.len() == FIXED && counts.values().all(|n| *n == times);
    assert!(counts.is_empty() || is_whole, "{counts:?}");
    times
}

/// Checks that the tables have what the API has.
async fn check_all(destination: &impl TestDestination, grown: usize, place: &str) {
    for table in KILLED_TABLES {
        let counts = counts(destination, table).await;
        let expected = match table.1 {
            "visits" | "rates" | "days" => FIXED,
            "users" => USERS,
            "posts" => grown / 2 * USERS,
            "orders_lines" => 2 * grown,
            _ => grown,
        };
        assert_eq!(counts.len(), expected, "{place}: {table:?}");
        if let "rates" | "users" = table.1 {
            let is_new = |row: &StoredRow| row["at"] == Some(grown.to_string());
            assert!(counts.keys().all(is_new), "{place}: {table:?} {counts:?}");
        }
    }
}

/// An API whose data grows.
struct Api {
    server: Scripted,
    grown: Arc<Mutex<usize>>,
    /// The paths of all requests.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Api {
    async fn start() -> Self {
        let grown = Arc::new(Mutex::new(12));
        let paths = Arc::new(Mutex::new(Vec::new()));
        let (size, to) = (Arc::clone(&grown), Arc::clone(&paths));
        let answer = move |asked: &Asked| {
            lock(&to).push(asked.path().to_owned());
            answer(asked, *lock(&size))
        };
        let server = Scripted::start(answer).await;
        Self {
            server: server.unwrap_or_else(|error| panic!("{error}")),
            grown,
            asked: paths,
        }
    }

    fn requests(&self) -> usize {
        lock(&self.asked).len()
    }

    /// The paths of the requests after so many.
    fn paths(&self, requests: usize) -> Vec<String> {
        lock(&self.asked).iter().skip(requests).cloned().collect()
    }

    fn grown(&self) -> usize {
        *lock(&self.grown)
    }

    fn grow(&self) {
        *lock(&self.grown) += 3;
    }
}

fn answer(asked: &Asked, grown: usize) -> Reply {
    let records = records(asked.path(), grown).into_iter();
    let since = asked
        .number_in("since")
        .and_then(|since| u64::try_from(since).ok());
    let (from, to) = (asked.param("from"), asked.param("to"));
    let is_asked_for = |record: &Value| {
        let day = record["day"].as_str().unwrap_or_default();
        since.is_none_or(|since| record["at"].as_u64() >= Some(since))
            && from.is_none_or(|from| day >= from)
            && to.is_none_or(|to| day <= to)
    };
    let offset = asked.number_in("offset").unwrap_or_default();
    let page: Vec<Value> = records.filter(is_asked_for).skip(offset).take(4).collect();
    Reply::json(&json!({ "data": page }))
}

fn records(path: &str, grown: usize) -> Vec<Value> {
    let of = |count: usize, at: &dyn Fn(usize) -> usize| {
        (0..count)
            .map(|id| json!({ "id": id, "at": at(id) }))
            .collect()
    };
    let line = |id: usize, n: usize| json!({ "sku": format!("{id}/{n}") });
    match path.trim_start_matches('/') {
        "visits" => of(FIXED, &|_| 0),
        "events" | "ticks" => of(grown, &|id| id),
        "rates" => of(FIXED, &|_| grown),
        "users" => of(USERS, &|_| grown),
        "days" => of(FIXED, &|id| id % 3),
        "readings" => {
            let day = |id: usize| civil::date(2024, 1, 1) + i64::try_from(id).unwrap_or(0).days();
            let reading = |id: usize| json!({ "day": day(id).to_string(), "at": id });
            (0..grown).map(reading).collect()
        }
        "orders" => {
            let order =
                |id: usize| json!({ "id": id, "at": id, "lines": [line(id, 0), line(id, 1)] });
            (0..grown).map(order).collect()
        }
        posts => {
            let user = posts
                .split('/')
                .nth(1)
                .and_then(|user| user.parse::<usize>().ok());
            let post = |n: usize| json!({ "id": 1_000 * user.unwrap_or_default() + n, "at": n });
            (0..grown / 2).map(post).collect()
        }
    }
}
