//! What is told by `tracing`.

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

/// Writes down all spans and events, one a line.
#[derive(Clone, Default)]
pub(crate) struct Journal {
    lines: Arc<Mutex<String>>,
    spans: Arc<AtomicU64>,
}

impl Journal {
    /// Listens on this thread, for as long as the guard lives.
    pub(crate) fn listen() -> (Self, DefaultGuard) {
        // Where one alone listens, an event that another thread comes to first is off for all.
        static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(Journal::default()));
        LazyLock::force(&ANOTHER);
        let journal = Self::default();
        let guard = tracing::subscriber::set_default(journal.clone());
        (journal, guard)
    }

    pub(crate) fn text(&self) -> String {
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
