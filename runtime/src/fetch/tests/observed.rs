//! What a fetch tells while it runs: to `tracing`, and to whoever wants to know how far it is.

use std::{
    fmt::{Debug, Write},
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use tracing::{
    Dispatch, Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record as Values},
    subscriber::DefaultGuard,
};

use super::*;

/// Writes down all spans and events, one a line.
#[derive(Clone, Default)]
struct Journal {
    lines: Arc<Mutex<String>>,
    spans: Arc<AtomicU64>,
}

impl Journal {
    /// Listens on this thread, for as long as the guard lives.
    fn listen() -> (Self, DefaultGuard) {
        // Where one alone listens, an event that another thread comes to first is off for all.
        static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(Journal::default()));
        LazyLock::force(&ANOTHER);
        let journal = Self::default();
        let guard = tracing::subscriber::set_default(journal.clone());
        (journal, guard)
    }

    fn text(&self) -> String {
        self.lines.lock().unwrap().clone()
    }

    fn write(&self, metadata: &Metadata<'_>, name: &str, record: impl FnOnce(&mut Line)) {
        // Libraries below may have something to say, too.
        if metadata.target() == "rest_source" {
            let mut line = Line(format!("{} {name}", metadata.level()));
            record(&mut line);
            let mut lines = self.lines.lock().unwrap();
            writeln!(lines, "{}", line.0).unwrap();
        }
    }
}

impl Subscriber for Journal {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let metadata = span.metadata();
        self.write(metadata, metadata.name(), |line| span.record(line));
        Id::from_u64(self.spans.fetch_add(1, Relaxed) + 1)
    }

    fn event(&self, event: &Event<'_>) {
        self.write(event.metadata(), "-", |line| event.record(line));
    }

    fn record(&self, _: &Id, _: &Values<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

#[tokio::test]
async fn a_fetch_tells_its_course() {
    let shop = shop(failing(3, &[503], &[]));
    let (journal, _guard) = Journal::listen();
    shop.fetch(&PLAIN).all().await.unwrap();
    assert_eq!(
        journal.text(),
        r#"INFO fetch source="shop" resource="things"
DEBUG attempt page=1 attempt=1 request=1
DEBUG - message=request request="GET https://api.example.com/things?offset=0&limit=2"
DEBUG - message=response status=503 bytes=22
WARN - message=wait page=1 why="answered 503" wait=2s
DEBUG attempt page=1 attempt=2 request=2
DEBUG - message=request request="GET https://api.example.com/things?offset=0&limit=2"
DEBUG - message=response status=200 bytes=53
DEBUG - message=page received=2 kept=2
DEBUG attempt page=2 attempt=1 request=3
DEBUG - message=request request="GET https://api.example.com/things?offset=2&limit=2"
DEBUG - message=response status=200 bytes=37
DEBUG - message=page received=1 kept=1
INFO - message=ended reason="a page of 1 record, less than 2, reached `total`" received=3 pages=2 requests=3
"#
    );
}

#[tokio::test]
async fn no_secret_is_told() {
    let next = format!("/things?page=2&echo={SECRET}");
    let last = format!("bad {SECRET}");
    let shop = shop(Api::new(move |request| {
        match request.url.contains("page=2") {
            false => answer(200, &[], &json!({ "data": [], "next": next }).to_string()),
            true if request.url.contains("moved") => answer(400, &[], &last),
            true => answer(
                302,
                &[("Location", &format!("/moved?page=2&key={SECRET}"))],
                "",
            ),
        }
    }));
    let (journal, _guard) = Journal::listen();
    let error = shop.fetch(&LINKED).all().await.unwrap_err();
    let told = journal.text();
    assert!(
        told.contains("redirected") && told.contains("failed"),
        "{told}"
    );
    assert!(told.contains("echo=[secret]"), "{told}");
    assert!(shop.api.urls().iter().any(|url| url.contains(SECRET)));
    assert!(!told.contains(SECRET), "{told}\n{error}");
}

#[tokio::test]
async fn whoever_wants_to_know_is_told_after_every_page_and_at_the_end() {
    let shop = shop(failing(3, &[503], &[]));
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    let mut stream = shop
        .fetch(&PLAIN)
        .on_progress(move |report| {
            tell.lock()
                .unwrap()
                .push((report.delivered, report.retries));
        })
        .stream();
    stream.next().await.unwrap().unwrap();
    assert_eq!(told.lock().unwrap().as_slice(), [(2, 1)]);
    while stream.next().await.is_some() {}
    assert_eq!(told.lock().unwrap()[1..], [(3, 1), (3, 1)]);
}
