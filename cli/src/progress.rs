//! Progress of the commands that send requests: on a terminal a line for each running resource, else a line every few
//! seconds.

use std::{
    collections::BTreeMap,
    fmt,
    io::{IsTerminal as _, stderr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id},
};
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, filter_fn},
    layer::Context as LayerContext,
    registry::LookupSpan,
};

use crate::{console::Console, context::Context, error::CommandError, logs::TARGET};

/// The time between two updates on a terminal.
const REDRAW: Duration = Duration::from_millis(200);

/// The time between two lines without a terminal.
const REPORT: Duration = Duration::from_secs(5);

/// The running fetches of a command, by the numbers of their spans. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Progress(Arc<Mutex<BTreeMap<u64, Line>>>);

/// The progress of one fetch.
struct Line {
    resource: String,
    started: Instant,
    pages: u64,
    rows: u64,
    /// The records that the API states.
    total: Option<u64>,
    /// The end of a wait, and its reason.
    wait: Option<(Instant, String)>,
}

impl Progress {
    /// The layer that receives the runtime's events. It enables only those that progress needs, so that no request is
    /// formatted for it.
    pub(crate) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let is_needed = |metadata: &Metadata<'_>| {
            let has = |name: &str| metadata.fields().field(name).is_some();
            metadata.target() == TARGET
                && if metadata.is_span() {
                    metadata.name() == "fetch"
                } else {
                    has("kept") || has("wait_seconds")
                }
        };
        let filter = filter_fn(is_needed).with_max_level_hint(LevelFilter::DEBUG);
        ProgressLayer(self.clone()).with_filter(filter)
    }

    /// Shows the progress until the future is dropped.
    pub(crate) async fn show(self, context: Context) {
        let is_dumb = matches!(context.environment("TERM"), Ok(Some(term)) if term == "dumb");
        if context.console.is_captured() || is_dumb || !stderr().is_terminal() {
            self.report(&context.console).await;
        } else {
            self.draw(&context.console).await;
        }
    }

    /// Prints a line from time to time.
    async fn report(&self, console: &Console) {
        loop {
            tokio::time::sleep(REPORT).await;
            let now = Instant::now();
            let lines: Vec<String> = self.lock().values().map(|line| line.text(now)).collect();
            if !lines.is_empty() {
                console.say(lines.join("; "));
            }
        }
    }

    /// Keeps a line for each fetch at the bottom of the terminal.
    async fn draw(&self, console: &Console) {
        let drawing = Drawing::new(console);
        let mut bars: BTreeMap<u64, ProgressBar> = BTreeMap::new();
        // Before the first fetch and after the last, the command works on the destination.
        let other = drawing.add();
        let mut other_text = "starting";
        loop {
            tokio::time::sleep(REDRAW).await;
            let now = Instant::now();
            let lines: BTreeMap<u64, String> = {
                let lines = self.lock();
                let texts = lines.iter().map(|(id, line)| (*id, line.text(now)));
                texts.collect()
            };
            bars.retain(|id, bar| {
                let is_running = lines.contains_key(id);
                if !is_running {
                    bar.finish_and_clear();
                }
                is_running
            });
            for (id, text) in &lines {
                let bar = bars.entry(*id).or_insert_with(|| drawing.add());
                bar.set_message(text.clone());
                bar.tick();
            }
            if lines.is_empty() {
                other.set_message(other_text);
            } else {
                other_text = "finishing";
                other.set_message("");
            }
            other.tick();
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Line>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lines on the terminal. The console hides them while it prints.
struct Drawing<'a> {
    console: &'a Console,
    bars: MultiProgress,
}

impl<'a> Drawing<'a> {
    fn new(console: &'a Console) -> Self {
        let bars = MultiProgress::new();
        console.set_bars(Some(bars.clone()));
        Self { console, bars }
    }

    fn add(&self) -> ProgressBar {
        let style = ProgressStyle::with_template("{msg}");
        let bar = ProgressBar::new_spinner();
        let bar = match style {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        };
        self.bars.add(bar)
    }
}

impl Drop for Drawing<'_> {
    fn drop(&mut self) {
        self.console.set_bars(None);
        // There is nowhere to report a failure.
        let _ = self.bars.clear();
    }
}

impl Line {
    fn new(resource: String) -> Self {
        Self {
            resource,
            started: Instant::now(),
            pages: 0,
            rows: 0,
            total: None,
            wait: None,
        }
    }

    fn update(&mut self, fields: Fields) {
        if let Some(kept) = fields.kept {
            self.pages += 1;
            self.rows += kept;
            self.total = fields.total.or(self.total);
            self.wait = None;
        }
        if let (Some(seconds), Some(why)) = (fields.wait_seconds, fields.why) {
            let wait = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::ZERO);
            self.wait = Instant::now().checked_add(wait).map(|end| (end, why));
        }
    }

    /// `stories: 12 pages, 1,200 of 3,000 rows, 240 rows/s, waiting 7 s: answered 429`.
    fn text(&self, now: Instant) -> String {
        let s = if self.pages == 1 { "" } else { "s" };
        let of_total = self.total.map(|total| format!(" of {}", count(total)));
        let mut parts = vec![
            format!("{}: {} page{s}", self.resource, count(self.pages)),
            format!("{}{} rows", count(self.rows), of_total.unwrap_or_default()),
        ];
        let seconds = now.saturating_duration_since(self.started).as_secs();
        let rate = self.rows.checked_div(seconds).filter(|rate| *rate > 0);
        parts.extend(rate.map(|rate| format!("{} rows/s", count(rate))));
        if let Some((end, why)) = &self.wait {
            let left = end.saturating_duration_since(now);
            if !left.is_zero() {
                parts.push(format!("waiting {} s: {why}", left.as_secs() + 1));
            }
        }
        parts.join(", ")
    }
}

/// A number with its digits in groups: `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

struct ProgressLayer(Progress);

impl<S> Layer<S> for ProgressLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, _: LayerContext<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let line = Line::new(fields.resource.unwrap_or_default());
        self.0.lock().insert(id.into_u64(), line);
    }

    fn on_event(&self, event: &Event<'_>, context: LayerContext<'_, S>) {
        let Some(span) = context.event_span(event) else {
            return;
        };
        let mut fields = Fields::default();
        event.record(&mut fields);
        if let Some(line) = self.0.lock().get_mut(&span.id().into_u64()) {
            line.update(fields);
        }
    }

    fn on_close(&self, id: Id, _: LayerContext<'_, S>) {
        self.0.lock().remove(&id.into_u64());
    }
}

/// The fields of spans and events that progress needs.
#[derive(Default)]
struct Fields {
    resource: Option<String>,
    kept: Option<u64>,
    total: Option<u64>,
    wait_seconds: Option<f64>,
    why: Option<String>,
}

impl Visit for Fields {
    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "kept" => self.kept = Some(value),
            "total" => self.total = Some(value),
            _ => {}
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if field.name() == "wait_seconds" {
            self.wait_seconds = Some(value);
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "resource" => self.resource = Some(value.to_owned()),
            "why" => self.why = Some(value.to_owned()),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// Runs a command, and shows its progress until it ends.
pub(crate) async fn while_running(
    command: impl Future<Output = Result<(), CommandError>>,
    progress: Progress,
    context: Context,
) -> Result<(), CommandError> {
    tokio::select! {
        biased;
        done = command => done,
        // It never ends.
        () = progress.show(context) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use tracing::{debug, debug_span, info_span, warn};
    use tracing_subscriber::{Registry, layer::SubscriberExt as _};

    use super::*;

    #[test]
    fn line_shows_pages_rows_total_rate_and_wait() {
        let progress = Progress::default();
        let subscriber = Registry::default().with(progress.layer());
        tracing::subscriber::with_default(subscriber, || {
            let fetch = info_span!(target: TARGET, "fetch", source = "shop", resource = "orders");
            fetch.in_scope(|| {
                for _ in 0..2 {
                    debug!(target: TARGET, received = 700, kept = 600_u64, total = 3_000_u64, "page");
                }
                let attempt = debug_span!(target: TARGET, "attempt", page = 3);
                attempt.in_scope(|| warn!(target: TARGET, page = 3, why = "answered 429", wait_seconds = 60.0, "wait"));
            });
            let in_seconds = |seconds| {
                let lines = progress.lock();
                let line = lines.values().next().unwrap();
                line.text(line.started + Duration::from_secs(seconds))
            };
            let text = in_seconds(5);
            let start = "orders: 2 pages, 1,200 of 3,000 rows, 240 rows/s, waiting 5";
            assert!(
                text.starts_with(start) && text.ends_with(" s: answered 429"),
                "{text}"
            );
            assert_eq!(
                in_seconds(70),
                "orders: 2 pages, 1,200 of 3,000 rows, 17 rows/s"
            );
            fetch.in_scope(|| debug!(target: TARGET, received = 1, kept = 1_u64, "page"));
            assert_eq!(in_seconds(0), "orders: 3 pages, 1,201 of 3,000 rows");
            drop(fetch);
            assert!(progress.lock().is_empty());
        });
    }

    #[test]
    fn digits_are_grouped() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(count(number), text);
        }
    }
}
