//! Work for several processes: parts in a queue, and permits of a shared limit.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use rest_source::{
    Builder, Client, ErrorKind, Result, RunBudget,
    permits::{Lease, RateLimiting},
};
use rest_source_load::{
    Destination as _, LoadStatus, Loading,
    work::{self, PartDone, WorkProgress, WorkQueue as _, Worker, WorkerReport},
};
use rest_source_load_postgres::{Options, Postgres, PostgresPermits};
use rest_source_testkit::{ScriptedTransport, response};
use serde_json::{Value, json};

use crate::{merge_tables::Schema, url};

const SPEC: &str = "
name: shop
client: { base_url: https://api.example.com, paginator: { type: offset, limit: 3 } }
resource_defaults: { endpoint: { data_selector: data } }
resources:
  - name: users
    primary_key: id
    write_disposition: merge
    columns: { id: bigint! }
  - name: posts
    primary_key: id
    write_disposition: merge
    endpoint:
      path: users/{resources.users.id}/posts
      incremental: { cursor_path: at, start_param: since }
    columns: { id: bigint!, at: bigint! }
  - name: events
    write_disposition: append
    endpoint:
      incremental: { cursor_path: at, start_param: since, end_param: until, initial_value: '2026-01-01', step: 1d }
    columns: { id: bigint!, at: timestamp! }
  - name: notes
    write_disposition: append
    partitions: { region: [eu, us, asia] }
    endpoint: { params: { region: '{partition.region}' } }
    columns: { text: text! }
  - name: rates
    write_disposition: replace
    columns: { id: bigint! }
";

/// The tables, and what is compared of them.
const TABLES: [(&str, &str); 5] = [
    ("users", "id::text"),
    ("posts", "id || ' ' || at"),
    ("events", "id || ' ' || at"),
    ("notes", "text"),
    ("rates", "id::text"),
];

/// An API whose data grows, and which answers 500 to paths that contain a word.
#[derive(Clone, Default)]
struct Api {
    days: Arc<AtomicI64>,
    broken: Arc<Mutex<Option<&'static str>>>,
    requests: Arc<AtomicU64>,
}

impl Api {
    fn new(days: i64) -> Self {
        let api = Self::default();
        api.days.store(days, Ordering::Relaxed);
        api
    }

    fn records(&self, path: &str, query: impl Fn(&str) -> Option<String>) -> Vec<Value> {
        let days = self.days.load(Ordering::Relaxed);
        let number = |name: &str| query(name).and_then(|text| text.parse::<i64>().ok());
        match path {
            "/users" => (0..7).map(|id| json!({ "id": id })).collect(),
            "/events" => {
                let all = (0..4 * days).map(|n| {
                    (
                        n,
                        format!("2026-01-{:02}T{:02}:00:00Z", n / 4 + 1, n % 4 * 6),
                    )
                });
                let (since, until) = (query("since").unwrap(), query("until").unwrap());
                let in_range = all.filter(|(_, at)| *at >= since && *at < until);
                in_range
                    .map(|(id, at)| json!({ "id": id, "at": at }))
                    .collect()
            }
            "/notes" => {
                let region = query("region").unwrap();
                (0..4)
                    .map(|n| json!({ "text": format!("{region} {n}") }))
                    .collect()
            }
            "/rates" => (0..days).map(|id| json!({ "id": id })).collect(),
            path => {
                let user: i64 = path.split('/').nth(2).unwrap().parse().unwrap();
                // Some users have no posts.
                let all = (0..days * (user % 3)).map(|at| (100 * user + at, at));
                let since = number("since").unwrap_or_default();
                let new = all.filter(|(_, at)| *at >= since);
                new.map(|(id, at)| json!({ "id": id, "at": at })).collect()
            }
        }
    }

    fn client(&self, spec: &str) -> Client {
        self.try_client(spec, RateLimiting::Local).unwrap()
    }

    fn try_client(&self, spec: &str, limiting: RateLimiting) -> Result<Client> {
        self.builder(spec).rate_limiting(limiting).build()
    }

    fn builder(&self, spec: &str) -> Builder<Client> {
        let api = self.clone();
        let transport = ScriptedTransport::new(move |request| {
            api.requests.fetch_add(1, Ordering::Relaxed);
            let url = &request.url["https://api.example.com".len()..];
            let (path, query) = url.split_once('?').unwrap_or((url, ""));
            if api
                .broken
                .lock()
                .unwrap()
                .is_some_and(|word| url.contains(word))
            {
                return Ok(response(400, &[], "{}"));
            }
            let query = |name: &str| {
                let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
                let (_, value) = pairs.find(|(key, _)| *key == name)?;
                Some(value.replace("%3A", ":"))
            };
            let offset = query("offset").map_or(0, |offset| offset.parse().unwrap());
            let records = api.records(path, query).into_iter();
            let page: Vec<Value> = records.skip(offset).take(3).collect();
            Ok(response(200, &[], json!({ "data": page }).to_string()))
        });
        let builder = rest_source_dynamic::client("specs/shop.yaml", spec).unwrap();
        builder.transport(transport)
    }
}

async fn open(url: &str, schema: &Schema) -> Postgres {
    let options = Options::new(url).unwrap().schema(&schema.name);
    options.connect().await.unwrap()
}

async fn plan(client: &Client, queue: &Postgres) -> Result<Vec<(String, usize)>> {
    let planned = work::plan(Loading::new(client, queue), 2, false).await?;
    Ok(planned
        .into_iter()
        .map(|one| (one.resource, one.parts))
        .collect())
}

async fn work(client: &Client, queue: &Postgres) -> Result<WorkerReport> {
    let worker = Worker::new(client, queue, "worker");
    worker.poll(Duration::from_millis(20)).run().await
}

/// The rows of all tables, and the cursors of their states.
async fn contents(schema: &Schema) -> Vec<(&'static str, Vec<String>)> {
    let mut all = Vec::new();
    for (table, columns) in TABLES {
        let sql = format!("SELECT {columns} FROM {table} ORDER BY 1");
        all.push((table, schema.texts(&sql).await));
    }
    let states = "SELECT resource || ' ' || coalesce(state, '') FROM _rest_source_state ORDER BY 1";
    all.push(("states", schema.texts(states).await));
    all
}

/// A spec whose range ends after so many days.
fn until(days: i64) -> String {
    let end = format!(
        "initial_value: '2026-01-01', end_value: '2026-01-{:02}'",
        days + 1
    );
    SPEC.replace("initial_value: '2026-01-01'", &end)
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_three_workers_are_published_as_one_load_writes_them() {
    let Some(url) = url() else { return };
    let (one, several) = (
        Schema::create(&url, "one_load").await,
        Schema::create(&url, "several_workers").await,
    );
    let api = Api::new(0);
    for days in [3, 3, 5] {
        api.days.store(days, Ordering::Relaxed);
        let spec = until(days);
        let database = open(&url, &one).await;
        Loading::new(&api.client(&spec), &database)
            .keep_state()
            .await
            .unwrap();

        let client = api.client(&spec);
        let queue = open(&url, &several).await;
        let keep = Loading::new(&client, &queue).keep_state();
        let planned = work::plan(keep, 2, false).await.unwrap();
        let parts = |name: &str| {
            planned
                .iter()
                .find(|one| one.resource == name)
                .unwrap()
                .parts
        };
        assert_eq!(
            (
                parts("users"),
                parts("posts"),
                parts("notes"),
                parts("rates")
            ),
            (1, 4, 2, 1)
        );
        let others = (open(&url, &several).await, open(&url, &several).await);
        let clients = (api.client(&spec), api.client(&spec));
        let reports = tokio::join!(
            work(&client, &queue),
            work(&clients.0, &others.0),
            work(&clients.1, &others.1),
        );
        let reports = [reports.0.unwrap(), reports.1.unwrap(), reports.2.unwrap()];
        let published: usize = reports.iter().map(|report| report.published.len()).sum();
        assert_eq!(published, TABLES.len(), "{reports:?}");
        assert!(
            reports
                .iter()
                .all(|report| report.complete.len() == TABLES.len())
        );
        assert_eq!(
            contents(&several).await,
            contents(&one).await,
            "{days} days"
        );
        // The staging tables are gone, and the history has the loads.
        let tables = "SELECT relname::text FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace \
                      WHERE n.nspname = current_schema() AND relname LIKE '_rest_source_parts_%'";
        assert!(several.texts(tables).await.is_empty());
        let last = queue.last_loads().await.unwrap();
        assert!(last.iter().all(|one| one.load.status == LoadStatus::Loaded));
        assert_eq!(last.len(), TABLES.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn part_whose_lease_expired_is_fetched_again_and_published_once() {
    let Some(url) = url() else { return };
    let schema = Schema::create(&url, "expired").await;
    let api = Api::new(2);
    let client = api.client(SPEC);
    let queue = open(&url, &schema).await;
    let notes = || Loading::new(&client, &queue).resource("notes");
    work::plan(notes(), 1, false).await.unwrap();
    let ids: Vec<String> = queue
        .plans()
        .await
        .unwrap()
        .into_iter()
        .map(|one| one.plan.id)
        .collect();
    // A worker that stages rows, and then stops for longer than its lease.
    let lease = Duration::from_millis(1);
    let claim = queue.claim(&ids, "slow", lease, 9).await.unwrap().unwrap();
    let part = rest_source::FetchPart::from_json(&claim.part).unwrap();
    let resource = client
        .plan()
        .resources
        .iter()
        .find(|one| one.name == *"notes")
        .unwrap();
    let mut pages = client.rows(resource).part(part).pages();
    let rows = pages.next().await.unwrap().unwrap().rows().clone();
    let target = work_target(&queue, &client).await;
    queue
        .stage(&target, &claim, 0, std::slice::from_ref(&rows))
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_millis(5)).await;
    work(&client, &queue).await.unwrap();
    for error in [
        queue.stage(&target, &claim, 3, &[rows]).await.unwrap_err(),
        queue.renew(&claim, lease).await.unwrap_err(),
        queue
            .finish(&target, &claim, &[], &PartDone::default())
            .await
            .unwrap_err(),
    ] {
        assert_eq!(*error.kind(), ErrorKind::Locked);
        assert!(
            error
                .to_string()
                .contains("the lease of part 0 has expired"),
            "{error}"
        );
    }
    let texts = schema.texts("SELECT text FROM notes ORDER BY text").await;
    let mut expected: Vec<String> = ["asia", "eu", "us"]
        .iter()
        .flat_map(|region| (0..4).map(move |n| format!("{region} {n}")))
        .collect();
    expected.sort_unstable();
    assert_eq!(texts, expected);
}

/// The target of `notes`, as workers have it.
async fn work_target(queue: &Postgres, client: &Client) -> rest_source_load::Target {
    let plan = queue.plans().await.unwrap().remove(0).plan;
    work::target(client, queue, &plan).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_published_if_a_part_fails() {
    let Some(url) = url() else { return };
    let schema = Schema::create(&url, "failed_part").await;
    let api = Api::new(2);
    let client = api.client(SPEC);
    let queue = open(&url, &schema).await;
    *api.broken.lock().unwrap() = Some("region=us");
    let notes = || Loading::new(&client, &queue).resource("notes");
    work::plan(notes(), 1, false).await.unwrap();
    let worker = Worker::new(&client, &queue, "worker")
        .attempts(2)
        .poll(Duration::from_millis(5));
    let error = worker.run().await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Incomplete);
    let text = error.to_string();
    assert!(text.contains("nothing of it was published"), "{text}");
    assert!(text.contains("400"), "{text}");
    assert!(schema.texts("SELECT text FROM notes").await.is_empty());
    assert_eq!(
        queue.plans().await.unwrap()[0].progress,
        WorkProgress::Failed
    );
    // A worker that is started later says so, too.
    let error = work(&client, &queue).await.unwrap_err().to_string();
    assert!(error.contains("nothing of it was published"), "{error}");
    // Once the API is well, the work is planned again.
    *api.broken.lock().unwrap() = None;
    work::plan(notes(), 1, false).await.unwrap();
    work(&client, &queue).await.unwrap();
    assert_eq!(schema.texts("SELECT text FROM notes").await.len(), 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_whose_budget_is_used_up_returns_its_parts_and_counts_no_attempt() {
    let Some(url) = url() else { return };
    let schema = Schema::create(&url, "budget").await;
    let api = Api::new(2);
    let client = api.client(SPEC);
    let queue = open(&url, &schema).await;
    work::plan(Loading::new(&client, &queue).resource("notes"), 1, false)
        .await
        .unwrap();
    let progress = "SELECT progress FROM _rest_source_work_parts ORDER BY number";
    for _ in 0..4 {
        let budget = RunBudget::new().max_requests(1);
        let client = api.builder(SPEC).budget(budget).build().unwrap();
        let worker = Worker::new(&client, &queue, "worker").attempts(2);
        let error = worker.parts_at_once(3).run().await.unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::Budget);
        assert_eq!(schema.texts(progress).await, ["waiting"; 3]);
    }
    work(&client, &queue).await.unwrap();
    assert_eq!(schema.texts("SELECT text FROM notes").await.len(), 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_with_another_spec_fetches_nothing() {
    let Some(url) = url() else { return };
    let schema = Schema::create(&url, "other_spec").await;
    let api = Api::new(2);
    let client = api.client(SPEC);
    let queue = open(&url, &schema).await;
    let error = work(&client, &queue).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Config);
    assert!(
        error.to_string().contains("no work on `shop` was planned"),
        "{error}"
    );
    plan(&client, &queue).await.unwrap();
    let before = api.requests.load(Ordering::Relaxed);
    let other = api.client(&SPEC.replace("[eu, us, asia]", "[eu, us]"));
    let error = work(&other, &queue).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Config);
    let text = error.to_string();
    assert!(text.contains("planned with another spec"), "{text}");
    schema
        .execute("UPDATE _rest_source_work SET version = 2")
        .await;
    let error = work(&client, &queue).await.unwrap_err().to_string();
    assert!(error.contains("its plan has version 2"), "{error}");
    assert_eq!(api.requests.load(Ordering::Relaxed), before);
    // Unfinished work is not planned over, unless it is discarded.
    let error = plan(&client, &queue).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Locked);
    work::plan(Loading::new(&client, &queue), 1, true)
        .await
        .unwrap();
    work(&client, &queue).await.unwrap();
    // A worker that comes too late has nothing to do.
    assert_eq!(
        work(&client, &queue).await.unwrap(),
        WorkerReport::default()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_reports_records_that_were_set_aside() {
    let Some(url) = url() else { return };
    let schema = Schema::create(&url, "worker_set_aside").await;
    let api = Api::new(2);
    let client = api.client(&SPEC.replace(
        "columns: { text: text! }",
        "schema_contract: { data_type: discard_row }\n    columns: { text: bigint! }",
    ));
    let queue = open(&url, &schema).await;
    let notes = Loading::new(&client, &queue).resource("notes");
    work::plan(notes, 1, false).await.unwrap();
    let report = work(&client, &queue).await.unwrap();
    assert_eq!(report.parts, 3);
    let omitted: Vec<String> = report.resources[0].omitted().collect();
    assert_eq!(omitted, ["notes: 12 discarded: records outside the schema"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn load_in_the_meantime_keeps_planned_work_from_being_published() {
    let Some(url) = url() else { return };
    let schema = Schema::create(&url, "overtaken").await;
    let api = Api::new(2);
    let client = api.client(SPEC);
    let queue = open(&url, &schema).await;
    let notes = || Loading::new(&client, &queue).resource("notes");
    work::plan(notes(), 1, false).await.unwrap();
    notes().await.unwrap();
    let error = work(&client, &queue).await.unwrap_err().to_string();
    assert!(
        error.contains("another load has written this resource"),
        "{error}"
    );
    assert_eq!(schema.texts("SELECT text FROM notes").await.len(), 12);
    assert_eq!(
        queue.plans().await.unwrap()[0].progress,
        WorkProgress::Failed
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn resource_that_cannot_be_divided_is_an_error_of_the_plan() {
    let Some(url) = url() else { return };
    let schema = Schema::create(&url, "undivided").await;
    let changed = "
name: shop
client: { base_url: https://api.example.com, paginator: single_page }
resources:
  - name: orders
    primary_key: id
    write_disposition: merge
    endpoint: { incremental: { cursor_path: at, start_param: since } }
    columns: { id: bigint!, at: bigint! }
  - name: lines
    primary_key: id
    write_disposition: merge
    parents: changed
    endpoint: { path: 'orders/{resources.orders.id}/lines' }
    columns: { id: bigint! }
";
    let client = Api::new(1).client(changed);
    let queue = open(&url, &schema).await;
    let lines = Loading::new(&client, &queue).resource("lines");
    let error = work::plan(lines, 1, false).await.unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Config);
    let text = error.to_string();
    assert!(text.contains("cannot be fetched in parts"), "{text}");
    assert!(queue.plans().await.unwrap().is_empty());
}

const LIMITED: &str = "
name: shop
client: { base_url: https://api.example.com, paginator: single_page, rate_limit: { requests: 5, per: 1s } }
resources: [{ name: rates, endpoint: { data_selector: data }, columns: { id: bigint! } }]
";

#[tokio::test(flavor = "multi_thread")]
async fn processes_with_permits_of_one_database_keep_one_limit() {
    let Some(url) = url() else { return };
    let schema = Schema::create(&url, "permits").await;
    let options = Options::new(&url).unwrap().schema(&schema.name);
    let arrivals: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let mut processes = Vec::new();
    for _ in 0..3 {
        let permits = PostgresPermits::connect(options.clone()).await.unwrap();
        let arrivals = Arc::clone(&arrivals);
        let transport = ScriptedTransport::new(move |_| {
            arrivals.lock().unwrap().push(Instant::now());
            Ok(response(200, &[], "{\"data\": []}"))
        });
        let builder = rest_source_dynamic::client("specs/shop.yaml", LIMITED).unwrap();
        let limiting = RateLimiting::Lease(Lease::new(permits));
        let client = builder
            .transport(transport)
            .rate_limiting(limiting)
            .build()
            .unwrap();
        processes.push(tokio::spawn(async move {
            for _ in 0..4 {
                let resource = client.plan().resources[0].clone();
                let mut pages = client.rows(resource).pages();
                while let Some(page) = pages.next().await {
                    page.unwrap();
                }
            }
        }));
    }
    for process in processes {
        process.await.unwrap();
    }
    let arrivals = arrivals.lock().unwrap();
    assert_eq!(arrivals.len(), 12);
    for window in arrivals.windows(6) {
        assert!(
            window[5] - window[0] >= Duration::from_secs(1),
            "{window:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn request_without_the_database_of_its_permits_is_not_sent() {
    let Some(url) = url() else { return };
    let schema = Schema::create(&url, "no_permits").await;
    let proxy = crate::proxy::Proxy::start(&url).await;
    let options = Options::new(&proxy.url(&url)).unwrap().schema(&schema.name);
    let permits = PostgresPermits::connect(options).await.unwrap();
    proxy.set(crate::proxy::Mode::Down);
    let api = Api::new(1);
    let client = api
        .try_client(LIMITED, RateLimiting::Lease(Lease::new(permits)))
        .unwrap();
    let resource = client.plan().resources[0].clone();
    let error = client
        .rows(resource)
        .pages()
        .next()
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Limiter);
    assert_eq!(api.requests.load(Ordering::Relaxed), 0);
}
