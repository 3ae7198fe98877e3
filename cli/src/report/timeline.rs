//! When the requests of a run were sent, and how long they waited: the events of the runtime, for `--report`.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rest_source::Timestamp;
use serde::Serialize;
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

use crate::{context::Context, logs::TARGET};

/// The most requests, and the most waits, of a resource that are recorded. Later ones are counted.
const MOST: usize = 1_000;

/// The requests and waits of one resource. Times are seconds since the run began.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Timeline {
    requests: Vec<Request>,
    waits: Vec<Wait>,
    further_requests: u64,
    further_waits: u64,
}

#[derive(Clone, Debug, Serialize)]
struct Request {
    at: f64,
    seconds: f64,
    /// Null without a whole response.
    status: Option<u64>,
}

#[derive(Clone, Debug, Serialize)]
struct Wait {
    at: f64,
    seconds: f64,
    why: String,
}

/// A source and a resource.
type Key = (String, String);

/// The timelines of a run. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Timelines(Arc<Mutex<BTreeMap<Key, Timeline>>>);

impl Timelines {
    /// The timeline of a resource, if a request was sent for it.
    pub(super) fn of(&self, source: &str, resource: &str) -> Option<Timeline> {
        let key = (source.to_owned(), resource.to_owned());
        self.lock().get(&key).cloned()
    }

    /// The layer that records the events of a run that began at this time.
    pub(super) fn layer<S>(
        &self,
        started: Timestamp,
        context: &Context,
    ) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let is_needed = |metadata: &Metadata<'_>| {
            let has = |name: &str| metadata.fields().field(name).is_some();
            metadata.target() == TARGET
                && if metadata.is_span() {
                    metadata.name() == "fetch"
                } else {
                    has("elapsed_seconds") || (has("wait_seconds") && has("why"))
                }
        };
        let filter = filter_fn(is_needed).with_max_level_hint(LevelFilter::DEBUG);
        let layer = TimelineLayer {
            timelines: self.clone(),
            started,
            context: context.clone(),
        };
        layer.with_filter(filter)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Timeline>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Timeline {
    fn add(&mut self, fields: Fields, now: f64) {
        if let Some(seconds) = fields.elapsed_seconds {
            if self.requests.len() == MOST {
                self.further_requests += 1;
                return;
            }
            self.requests.push(Request {
                at: milliseconds((now - seconds).max(0.0)),
                seconds,
                status: fields.status,
            });
        } else if let (Some(seconds), Some(why)) = (fields.wait_seconds, fields.why) {
            if self.waits.len() == MOST {
                self.further_waits += 1;
                return;
            }
            let at = milliseconds(now);
            self.waits.push(Wait { at, seconds, why });
        }
    }
}

/// Seconds, to the millisecond.
fn milliseconds(seconds: f64) -> f64 {
    (seconds * 1e3).round() / 1e3
}

struct TimelineLayer {
    timelines: Timelines,
    started: Timestamp,
    context: Context,
}

impl TimelineLayer {
    /// Seconds since the run began.
    fn seconds(&self) -> f64 {
        since(self.started, self.context.now()).as_secs_f64()
    }
}

/// The time between; nothing if a clock was set back.
pub(crate) fn since(start: Timestamp, end: Timestamp) -> Duration {
    let nanoseconds = |at: Timestamp| {
        i128::from(at.epoch_seconds()) * 1_000_000_000 + i128::from(at.subsec_nanoseconds())
    };
    let between = nanoseconds(end) - nanoseconds(start);
    Duration::from_nanos(u64::try_from(between).unwrap_or(0))
}

impl<S> Layer<S> for TimelineLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: LayerContext<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let key = (fields.source, fields.resource);
        if let ((Some(source), Some(resource)), Some(span)) = (key, context.span(id)) {
            let key: Key = (source, resource);
            span.extensions_mut().insert(key);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: LayerContext<'_, S>) {
        // The outermost fetch: a child's fetch may be what fetches its parents.
        let scope = context.event_scope(event).into_iter();
        let mut spans = scope.flat_map(tracing_subscriber::registry::Scope::from_root);
        let Some(key) = spans.find_map(|span| span.extensions().get::<Key>().cloned()) else {
            return;
        };
        let mut fields = Fields::default();
        event.record(&mut fields);
        let now = self.seconds();
        self.timelines
            .lock()
            .entry(key)
            .or_default()
            .add(fields, now);
    }
}

/// The fields of spans and events that a timeline needs.
#[derive(Default)]
struct Fields {
    source: Option<String>,
    resource: Option<String>,
    status: Option<u64>,
    elapsed_seconds: Option<f64>,
    wait_seconds: Option<f64>,
    why: Option<String>,
}

impl Visit for Fields {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "status" {
            self.status = Some(value);
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        match field.name() {
            "elapsed_seconds" => self.elapsed_seconds = Some(value),
            "wait_seconds" => self.wait_seconds = Some(value),
            _ => {}
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let field = match field.name() {
            "source" => &mut self.source,
            "resource" => &mut self.resource,
            "why" => &mut self.why,
            _ => return,
        };
        *field = Some(value.to_owned());
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

#[cfg(test)]
mod tests {
    use tracing::{debug, info_span};
    use tracing_subscriber::{Registry, layer::SubscriberExt as _};

    use super::*;

    #[test]
    fn requests_beyond_the_most_are_counted() {
        let timelines = Timelines::default();
        let context = Context::default();
        let layer = timelines.layer(context.now(), &context);
        tracing::subscriber::with_default(Registry::default().with(layer), || {
            let fetch = info_span!(target: TARGET, "fetch", source = "shop", resource = "orders");
            fetch.in_scope(|| {
                let parents =
                    info_span!(target: TARGET, "fetch", source = "shop", resource = "shops");
                parents.in_scope(|| {
                    debug!(target: TARGET, why = "answered 429", wait_seconds = 2.0, "wait");
                });
                for _ in 0..=MOST {
                    debug!(target: TARGET, status = 200_u16, elapsed_seconds = 0.5, "response");
                }
            });
        });
        assert!(timelines.of("shop", "shops").is_none());
        let timeline = timelines.of("shop", "orders").unwrap();
        assert_eq!(timeline.requests.len(), MOST);
        assert_eq!((timeline.further_requests, timeline.waits.len()), (1, 1));
        assert_eq!(timeline.requests[0].status, Some(200));
    }
}
