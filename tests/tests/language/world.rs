//! A spec, run as the command runs it, against a server that answers as a test says.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime},
};

use rest_source::{
    Client, Error, ErrorKind, Fetch, Report, Row, Rows, Secret, State, Value as Cell,
    plan::{ResourcePlan, SourcePlan},
    shared::Ref,
};
use rest_source_testkit::{Asked, ManualClock, Reply, Scripted};
use serde_json::{Map, Value, json};

/// What every secret starts with.
const SECRET: &str = "s3cret-";

/// A client of a server.
pub(crate) struct World {
    pub(crate) server: Scripted,
    pub(crate) client: Client,
    pub(crate) clock: ManualClock,
    /// The refresh tokens that were given to keep.
    pub(crate) kept: Arc<Mutex<Vec<String>>>,
}

/// What a fetch came to.
pub(crate) struct Run {
    /// The records that were delivered, in order.
    pub(crate) records: Vec<Value>,
    pub(crate) end: Result<(), Error>,
    pub(crate) report: Report,
    pub(crate) state: Option<State>,
    /// What was asked until then, as `GET /things?page=1`.
    pub(crate) asked: Vec<String>,
    /// How long was waited, from the first wait of the world on.
    pub(crate) waits: Vec<Duration>,
}

/// The plan of a spec. A mistake in it fails the test.
#[track_caller]
pub(crate) fn plan(spec: &str) -> Ref<SourcePlan> {
    rest_source_dynamic::plan("spec.yaml", spec).unwrap_or_else(|error| panic!("{error}\n{spec}"))
}

/// The value of the secret of this name.
pub(crate) fn secret(name: &str) -> String {
    format!("{SECRET}{name}")
}

impl World {
    /// Serves these answers to the spec, in which `$BASE` is where.
    pub(crate) async fn new(
        spec: &str,
        answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let server = Scripted::start(answer).await.unwrap();
        let clock = clock();
        let kept = Arc::<Mutex<Vec<String>>>::default();
        let client = connect(&spec.replace("$BASE", server.url()), &clock, &kept);
        Self {
            client: client.unwrap(),
            server,
            clock,
            kept,
        }
    }

    /// A resource of the spec.
    #[track_caller]
    pub(crate) fn resource(&self, name: &str) -> &Ref<ResourcePlan> {
        let mut resources = self.client.plan().resources.iter();
        resources.find(|resource| resource.name == name).unwrap()
    }

    /// Fetches the spec's last resource: the children, where there are any.
    pub(crate) async fn run(&self) -> Run {
        self.run_as(|fetch| fetch).await
    }

    /// The same, in a way of one's own.
    pub(crate) async fn run_as(&self, how: impl FnOnce(Fetch<Rows>) -> Fetch<Rows>) -> Run {
        let resource = self.client.plan().resources.last().unwrap();
        let mut pages = how(self.client.rows(resource)).pages();
        let mut records = Vec::new();
        let mut end = Ok(());
        while let Some(page) = pages.next().await {
            match page {
                Ok(page) => records.extend(page.rows().iter().map(record)),
                Err(error) => end = Err(error),
            }
        }
        let shown = format!("{end:?}\n{}", pages.report());
        assert!(!shown.contains(SECRET), "{shown}");
        Run {
            records,
            end,
            report: pages.report(),
            state: pages.state(),
            asked: self.asked(),
            waits: self.clock.waits(),
        }
    }

    /// What was asked so far, as `GET /things?page=1`.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.server.asked().iter().map(Asked::line).collect()
    }
}

/// A client of this spec, every secret of which has a value, and every setting its default.
pub(crate) fn connect(
    spec: &str,
    clock: &ManualClock,
    kept: &Arc<Mutex<Vec<String>>>,
) -> Result<Client, Error> {
    let plan = plan(spec);
    let secrets: Vec<Secret> = plan
        .secrets
        .iter()
        .map(|one| secret(&one.name).as_str().into())
        .collect();
    let kept = Arc::clone(kept);
    Client::builder(plan)
        .secrets(secrets)
        .clock(clock.clone())
        .jitter(|| 0.0)
        .on_refresh_token(move |token| {
            kept.lock().unwrap().push(token.expose().to_owned());
            async { Ok::<(), std::io::Error>(()) }
        })
        .build()
}

/// Fetches the last resource of a spec from a server that answers like this.
pub(crate) async fn fetch(
    spec: &str,
    answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
) -> Run {
    World::new(spec, answer).await.run().await
}

impl Run {
    /// The error that it ended with.
    #[track_caller]
    pub(crate) fn error(&self) -> &Error {
        match &self.end {
            Ok(()) => panic!("no error, but {:?} by {:?}", self.records, self.asked),
            Err(error) => error,
        }
    }

    /// What it ended with says all of these.
    #[track_caller]
    pub(crate) fn fails(&self, kind: &ErrorKind, says: &[&str]) {
        let error = self.error();
        assert_eq!(error.kind(), kind, "{error}");
        let text = error.to_string();
        for part in says {
            assert!(text.contains(part), "it does not say `{part}`:\n{text}");
        }
    }

    /// It ended well, with these records.
    #[track_caller]
    pub(crate) fn brings(&self, records: &Value) {
        if let Err(error) = &self.end {
            panic!("{error}\nasked: {:?}", self.asked);
        }
        assert_eq!(&json!(self.records), records, "asked: {:?}", self.asked);
    }

    /// These were the requests, in this order.
    #[track_caller]
    pub(crate) fn asks(&self, requests: &[&str]) {
        assert_eq!(self.asked, requests);
    }

    /// These were the waits, in seconds.
    #[track_caller]
    pub(crate) fn waits(&self, seconds: &[u64]) {
        let waits: Vec<u64> = self.waits.iter().map(Duration::as_secs).collect();
        assert_eq!(waits, seconds, "{:?}", self.waits);
    }

    /// What the report says for a person.
    pub(crate) fn notes(&self) -> String {
        self.report.to_string()
    }
}

/// A record as JSON: an absent value has no key, and what JSON has no type for is text.
fn record(row: Row<'_>) -> Value {
    if row.table().is_untyped() {
        return cell(row.value(0));
    }
    let columns = row.table().columns.iter().map(|column| &column.name);
    let members: Map<String, Value> = columns
        .zip(row.values())
        .filter(|(_, value)| !matches!(value, Cell::Absent))
        .map(|(name, value)| (name.to_string(), cell(value)))
        .collect();
    Value::Object(members)
}

fn cell(value: Cell<'_>) -> Value {
    match value {
        Cell::Absent | Cell::Null => Value::Null,
        Cell::Bool(value) => value.into(),
        Cell::Bigint(value) => value.into(),
        Cell::Double(value) => value.into(),
        Cell::Json(raw) => serde_json::from_str(raw).unwrap(),
        other => other.to_string().into(),
    }
}

/// A source of one resource, `things`, untyped: one request at a time, and this `endpoint`.
pub(crate) fn things(endpoint: &str) -> String {
    source("concurrency: 1", &format!("{{ {endpoint} }}"), "json")
}

/// The same, paged like this, its records in `data`.
pub(crate) fn paged(paginator: &str) -> String {
    things(&format!(
        "path: things, data_selector: data, paginator: {paginator}"
    ))
}

/// A source of one resource, `things`, in YAML's flow style.
pub(crate) fn source(client: &str, endpoint: &str, columns: &str) -> String {
    format!(
        "client: {{ base_url: \"$BASE\", {client} }}\n\
         resources:\n  - {{ name: things, columns: {columns}, endpoint: {endpoint} }}\n"
    )
}

/// A page of numbers from `from` up to `to`, itself excluded, in `data`.
pub(crate) fn numbers(from: usize, to: usize) -> Value {
    json!({ "data": (from..to).collect::<Vec<_>>() })
}

/// With these members beside its own.
pub(crate) fn with(mut value: Value, members: Value) -> Value {
    if let (Value::Object(value), Value::Object(members)) = (&mut value, members) {
        value.extend(members);
    }
    value
}

/// Answers by the path, the rest being 404.
pub(crate) fn by_path(pages: &[(&str, Value)]) -> impl Fn(&Asked) -> Reply + Send + Sync + use<> {
    let pages: BTreeMap<String, Value> = pages
        .iter()
        .map(|(path, page)| ((*path).to_owned(), page.clone()))
        .collect();
    move |asked| match pages.get(asked.path()) {
        Some(page) => Reply::json(page),
        None => Reply::status(404),
    }
}

/// These answers, one after the other; the last again and again.
pub(crate) fn in_turn(
    replies: impl IntoIterator<Item = Reply>,
) -> impl Fn(&Asked) -> Reply + Send + Sync {
    let replies: Vec<Reply> = replies.into_iter().collect();
    let given = AtomicUsize::new(0);
    move |_| {
        let at = given.fetch_add(1, Ordering::SeqCst);
        replies[at.min(replies.len() - 1)].clone()
    }
}

/// Sat, 21 Nov 2026 09:30:00 GMT, when the clock of a test starts.
pub(crate) const START: u64 = 1_795_253_400;

/// A clock at [`START`].
pub(crate) fn clock() -> ManualClock {
    ManualClock::starting_at(SystemTime::UNIX_EPOCH + Duration::from_secs(START))
}
