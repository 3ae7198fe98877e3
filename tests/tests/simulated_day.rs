//! A day of hourly runs over three sources, with faults of their APIs and of the disk: what the runs exit with, what the
//! history tells, when the alarm is raised, and what is stored at the end.

#![expect(clippy::unwrap_used, clippy::panic, reason = "it is a test")]

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use rest_source::Clock as _;
use rest_source_cli::{Context, Output};
use rest_source_testkit::{
    Asked, Folder, ManualClock, Reply, Scripted, SmallDisk, reports::valid_report,
};
use rusqlite::Connection;
use serde_json::{Value, json};

/// 2026-06-01T00:00:00Z.
const START: Duration = Duration::from_secs(1_780_272_000);
const HOURS: u64 = 24;
const HOUR: u64 = 3_600;
/// The minute of each run.
const QUARTER: u64 = 900;

/// The faults, by the hours of their runs.
const STORM_THAT_PASSES: u64 = 3;
const STORM: u64 = 4;
const OUTAGE: [u64; 2] = [8, 9];
const SCHEMA_CHANGE: u64 = 12;
/// From here on the spec is mended.
const MENDED: u64 = 14;
const KEY_REVOKED: u64 = 17;
/// From here on the runs have the new key.
const NEW_KEY: u64 = 19;
const FULL_DISK: u64 = 21;

const PROJECT: &str = "\
destinations: { warehouse: { to: \"sqlite:DISK/warehouse.db\" } }
sources:
  shop: { spec: shop.yaml }
  media: { spec: media.yaml }
  crm: { spec: crm.yaml }
";

const SHOP: &str = "\
name: shop
client:
  base_url: BASE/shop
  auth: { type: bearer, token: \"{secrets.key}\" }
  paginator: { type: page_number, base_page: 1, total_path: pages }
resources:
  - name: orders
    primary_key: id
    write_disposition: merge
    endpoint: { data_selector: items, incremental: { cursor_path: at, start_param: since } }
    columns: { id: bigint!, at: bigint!, state: text }
";

const MEDIA: &str = "\
name: media
client: { base_url: BASE/media, paginator: single_page }
resources:
  - { name: stories, primary_key: id, write_disposition: replace, columns: { id: bigint!, views: bigint } }
";

const CRM: &str = "\
name: crm
client: { base_url: BASE/crm, paginator: single_page }
resources:
  - name: events
    primary_key: id
    write_disposition: append
    endpoint: { incremental: { cursor_path: id, start_param: after, row_order: asc } }
    columns: { id: bigint!, amount: AMOUNT }
";

/// The records that the APIs have in an hour.
mod records {
    use super::SCHEMA_CHANGE;
    use serde_json::{Value, json};

    /// Three new orders an hour; an order is closed five hours later, which moves its cursor.
    pub(super) fn orders(hour: u64) -> Vec<Value> {
        let all = (0..=hour).flat_map(|made| (0..3).map(move |number| (made, made * 3 + number)));
        all.map(|(made, id)| {
            let is_closed = hour >= made + 5;
            let changed = if is_closed { made + 5 } else { made };
            let state = if is_closed { "closed" } else { "open" };
            json!({ "id": id, "at": changed * 1_000 + id, "state": state })
        })
        .collect()
    }

    /// Ten stories, of which each hour one goes and one comes.
    pub(super) fn stories(hour: u64) -> Vec<Value> {
        (hour..hour + 10)
            .map(|id| json!({ "id": id, "views": id * hour }))
            .collect()
    }

    /// Two events an hour. After the change of the schema, amounts are texts.
    pub(super) fn events(hour: u64) -> Vec<Value> {
        let amount = |id: u64| match hour {
            0..SCHEMA_CHANGE => json!(id),
            _ => json!(id.to_string()),
        };
        (1..=hour * 2 + 2)
            .map(|id| json!({ "id": id, "amount": amount(id) }))
            .collect()
    }
}

/// The responses of the three APIs.
struct Apis {
    hour: AtomicU64,
    /// Requests for orders in this hour.
    asked: AtomicU64,
}

impl Apis {
    fn begin(&self, hour: u64) {
        self.hour.store(hour, Ordering::SeqCst);
        self.asked.store(0, Ordering::SeqCst);
    }

    fn answer(&self, asked: &Asked) -> Reply {
        let hour = self.hour.load(Ordering::SeqCst);
        match asked.path() {
            "/shop/orders" => self.orders(asked, hour),
            "/media/stories" if OUTAGE.contains(&hour) => Reply::status(503),
            "/media/stories" => Reply::json(&records::stories(hour).into()),
            "/crm/events" => {
                let after = number(asked, "after").unwrap_or(0);
                Reply::json(&since(records::events(hour), "id", after).into())
            }
            other => panic!("{other}"),
        }
    }

    fn orders(&self, asked: &Asked, hour: u64) -> Reply {
        let before = self.asked.fetch_add(1, Ordering::SeqCst);
        let key = if hour >= KEY_REVOKED { "new" } else { "old" };
        if asked.header("authorization") != Some(&format!("Bearer {key}-key-of-the-shop")) {
            return Reply::status(401);
        }
        let is_throttled = hour == STORM || hour == STORM_THAT_PASSES && before < 3;
        if is_throttled {
            return Reply::status(429).header("Retry-After", "60");
        }
        let items = since(
            records::orders(hour),
            "at",
            number(asked, "since").unwrap_or(0),
        );
        let page = number(asked, "page").unwrap();
        let pages = items.len().div_ceil(10).max(1);
        let first = usize::try_from(page - 1).unwrap() * 10;
        let items: Vec<Value> = items.into_iter().skip(first).take(10).collect();
        Reply::json(&json!({ "pages": pages, "items": items }))
    }
}

fn number(asked: &Asked, name: &str) -> Option<u64> {
    asked.param(name)?.parse().ok()
}

/// The records from this value on.
fn since(records: Vec<Value>, key: &str, start: u64) -> Vec<Value> {
    let is_later = |record: &Value| record[key].as_u64().unwrap() >= start;
    records.into_iter().filter(is_later).collect()
}

/// The disk of the database. Without the right to mount one, it is never full.
enum Disk {
    Small(SmallDisk),
    Large(Folder),
}

impl Disk {
    fn new() -> Self {
        match SmallDisk::new("day-disk", 16 << 10) {
            Some(disk) => Self::Small(disk),
            None => Self::Large(Folder::new("day-disk").unwrap()),
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Small(disk) => disk.path(),
            Self::Large(folder) => folder.path(),
        }
    }

    /// Fills it up. Returns the file that does.
    fn fill(&self) -> Option<PathBuf> {
        let Self::Small(disk) = self else { return None };
        let path = disk.path().join("filler");
        let mut file = fs::File::create(&path).unwrap();
        for size in [64 << 10, 4 << 10, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
        Some(path)
    }
}

/// The day of an operator.
struct Day {
    folder: Folder,
    disk: Disk,
    clock: ManualClock,
    apis: Arc<Apis>,
    server: Scripted,
}

impl Day {
    async fn new() -> Self {
        let apis = Arc::new(Apis {
            hour: AtomicU64::new(0),
            asked: AtomicU64::new(0),
        });
        let answers = Arc::clone(&apis);
        let server = Scripted::start(move |asked| answers.answer(asked)).await;
        let day = Self {
            folder: Folder::new("day").unwrap(),
            disk: Disk::new(),
            clock: ManualClock::starting_at(SystemTime::UNIX_EPOCH + START),
            apis,
            server: server.unwrap(),
        };
        let disk = day.disk.path().display().to_string();
        day.write("rest-source.yaml", &PROJECT.replace("DISK", &disk));
        day.write("shop.yaml", SHOP);
        day.write("media.yaml", MEDIA);
        day.write("crm.yaml", &CRM.replace("AMOUNT", "bigint"));
        day
    }

    fn write(&self, name: &str, text: &str) {
        let text = text.replace("BASE", self.server.url());
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn to(&self) -> String {
        format!("sqlite:{}", self.database().display())
    }

    fn database(&self) -> PathBuf {
        self.disk.path().join("warehouse.db")
    }

    /// Waits until the run of this hour.
    fn begin(&self, hour: u64) {
        self.apis.begin(hour);
        let at = Duration::from_secs(hour * HOUR + QUARTER);
        let now = self.clock.elapsed();
        assert!(now <= at, "the run before hour {hour} took too long");
        self.clock.advance(at.checked_sub(now).unwrap());
    }

    /// Runs a command line. Returns the exit code and stderr.
    async fn run(&self, hour: u64, words: &[&str]) -> (u8, String) {
        let output = Output::default();
        let key = if hour >= NEW_KEY { "new" } else { "old" };
        let context = Context::default()
            .output(&output)
            .clock(self.clock.clone())
            .variable("SHOP_KEY", format!("{key}-key-of-the-shop"));
        let words = std::iter::once("rest-source").chain(words.iter().copied());
        let code = rest_source_cli::run(words, &context).await;
        let said = output.stderr();
        assert!(!said.contains("-key-of-the-shop"), "{said}");
        (code, said)
    }

    /// The run of an hour: its exit code, which is that of its report.
    async fn load(&self, hour: u64) -> u8 {
        let project = self.folder.path().join("rest-source.yaml");
        let report = self.folder.path().join("report.json");
        let (project, report) = (project.display().to_string(), report.display().to_string());
        let (code, said) = self
            .run(hour, &["run", &project, "--report", &report, "--quiet"])
            .await;
        let text = fs::read_to_string(&report).unwrap();
        let written = valid_report(&text).unwrap();
        assert_eq!(written["exit_code"], code, "hour {hour}: {said}\n{text}");
        code
    }

    /// Whether the alarm is raised: the last success of a resource is older than 90 minutes.
    async fn alarm(&self, hour: u64) -> bool {
        let to = self.to();
        let (code, said) = self
            .run(hour, &["status", "--to", &to, "--max-age", "90m"])
            .await;
        assert!(matches!(code, 0 | 4), "hour {hour}: {said}");
        code == 4
    }

    fn query<T: rusqlite::types::FromSql>(&self, sql: &str) -> Vec<Vec<T>> {
        let db = Connection::open(self.database()).unwrap();
        let mut statement = db.prepare(sql).unwrap();
        let width = statement.column_count();
        let rows = statement
            .query_map([], |row| (0..width).map(|at| row.get(at)).collect())
            .unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    /// The statuses of the loads of a source, by their hours.
    fn history(&self, source: &str) -> BTreeMap<u64, String> {
        let rows = self.query::<String>(&format!(
            "SELECT started, status FROM _rest_source_loads WHERE source = '{source}' ORDER BY started"
        ));
        let hour = |text: &str| text[11..13].parse().unwrap();
        rows.into_iter()
            .map(|row| (hour(&row[0]), row[1].clone()))
            .collect()
    }
}

/// The statuses that a source should have: it failed in these hours, and its load could not begin on a full disk.
fn expected(failed: &[u64], is_full: bool) -> BTreeMap<u64, String> {
    (0..HOURS)
        .filter(|hour| !is_full || *hour != FULL_DISK)
        .map(|hour| {
            let status = if failed.contains(&hour) {
                "failed"
            } else {
                "loaded"
            };
            (hour, status.to_owned())
        })
        .collect()
}

#[tokio::test]
async fn day_of_hourly_runs_ends_with_all_records_and_raises_the_alarm_where_due() {
    let day = Day::new().await;
    let is_full = matches!(day.disk, Disk::Small(_));
    let mut failed = Vec::new();
    let mut alarms = Vec::new();
    for hour in 0..HOURS {
        day.begin(hour);
        if hour == MENDED {
            day.write("crm.yaml", &CRM.replace("AMOUNT", "text"));
        }
        let filler = if hour == FULL_DISK {
            day.disk.fill()
        } else {
            None
        };
        match day.load(hour).await {
            0 => {}
            3 => failed.push(hour),
            code => panic!("hour {hour}: exit code {code}"),
        }
        if let Some(filler) = filler {
            fs::remove_file(filler).unwrap();
        }
        if day.alarm(hour).await {
            alarms.push(hour);
        }
    }

    let full = is_full.then_some(FULL_DISK);
    let faults = [
        STORM,
        OUTAGE[0],
        OUTAGE[1],
        SCHEMA_CHANGE,
        SCHEMA_CHANGE + 1,
    ];
    let faults = faults.into_iter().chain([KEY_REVOKED, KEY_REVOKED + 1]);
    assert_eq!(failed, faults.chain(full).collect::<Vec<_>>());
    // One failure may pass by itself. The alarm is raised at the second one in a row.
    assert_eq!(alarms, [OUTAGE[1], SCHEMA_CHANGE + 1, KEY_REVOKED + 1]);

    let shop = [STORM, KEY_REVOKED, KEY_REVOKED + 1];
    assert_eq!(day.history("shop"), expected(&shop, is_full));
    assert_eq!(day.history("media"), expected(&OUTAGE, is_full));
    let crm = [SCHEMA_CHANGE, SCHEMA_CHANGE + 1];
    assert_eq!(day.history("crm"), expected(&crm, is_full));
    let errors = day.query::<String>(
        "SELECT source, error FROM _rest_source_loads WHERE status = 'failed' ORDER BY started, source",
    );
    let told = ["429", "503", "503", "amount", "amount", "401", "401"];
    assert_eq!(errors.len(), told.len(), "{errors:?}");
    for (error, told) in errors.iter().zip(told) {
        assert!(error[1].contains(told), "{error:?}: {told}");
    }

    let last = HOURS - 1;
    let orders = records::orders(last).into_iter().map(|one| {
        let (id, at) = (one["id"].to_string(), one["at"].to_string());
        vec![id, at, one["state"].as_str().unwrap().to_owned()]
    });
    let stored = "SELECT CAST(id AS TEXT), CAST(at AS TEXT), state FROM orders ORDER BY id";
    assert_eq!(day.query::<String>(stored), orders.collect::<Vec<_>>());
    let stories = records::stories(last).into_iter();
    let stories = stories.map(|one| vec![one["id"].to_string(), one["views"].to_string()]);
    let stored = "SELECT CAST(id AS TEXT), CAST(views AS TEXT) FROM stories ORDER BY id";
    assert_eq!(day.query::<String>(stored), stories.collect::<Vec<_>>());
    let events = records::events(last).into_iter().map(|one| {
        vec![
            one["id"].to_string(),
            one["amount"].as_str().unwrap().to_owned(),
        ]
    });
    let stored = "SELECT CAST(id AS TEXT), amount FROM events ORDER BY id";
    assert_eq!(day.query::<String>(stored), events.collect::<Vec<_>>());
    for spec in ["shop.yaml", "media.yaml", "crm.yaml"] {
        let spec = day.folder.path().join(spec).display().to_string();
        let (code, said) = day.run(last, &["verify", &spec, "--to", &day.to()]).await;
        assert_eq!(code, 0, "{said}");
    }
}
