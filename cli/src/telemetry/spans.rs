//! The spans of a run, made of the spans and events of the runtime: a fetch, its parts and attempts become spans, a
//! response becomes the span of its request, and any other event is added to the span that it happened in.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use opentelemetry::{
    Context as TraceContext, KeyValue, Value,
    trace::{Span as _, SpanBuilder, SpanKind, Status, TraceContextExt as _, Tracer as _},
};
use opentelemetry_sdk::trace::{SdkTracer, Span};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id},
};
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, filter_fn},
    layer::Context as LayerContext,
    registry::LookupSpan,
};

use crate::{context::Context, error::CommandError, logs::TARGET};

/// The spans of a run. Clones share them.
#[derive(Clone)]
pub(super) struct Spans(Arc<Shared>);

struct Shared {
    tracer: SdkTracer,
    context: Context,
    state: Mutex<State>,
    /// How many spans that the sampler chose have ended.
    ended: AtomicU64,
}

struct State {
    /// The span of the whole run, until it ends.
    root: Option<Span>,
    /// What the spans without a parent have for one.
    parent: TraceContext,
    open: HashMap<u64, OpenSpan>,
}

/// A span that has begun.
struct OpenSpan {
    span: Span,
    /// The number of the attempt at a page.
    attempt: Option<u64>,
}

impl Spans {
    /// Begins the span of a run, below that of another program if there is one.
    pub(super) fn begin(
        tracer: SdkTracer,
        command: &'static str,
        caller: &TraceContext,
        context: &Context,
    ) -> Self {
        let builder = SpanBuilder::from_name(format!("rest-source {command}"))
            .with_kind(SpanKind::Internal)
            .with_start_time(context.system_time())
            .with_attributes([KeyValue::new("rest_source.command", command)]);
        let root = tracer.build_with_context(builder, caller);
        let state = State {
            parent: below(&root),
            root: Some(root),
            open: HashMap::new(),
        };
        Self(Arc::new(Shared {
            tracer,
            context: context.clone(),
            state: Mutex::new(state),
            ended: AtomicU64::new(0),
        }))
    }

    /// Ends the spans that are left, and that of the run.
    pub(super) fn end(&self, done: &Result<(), CommandError>) {
        let mut state = self.0.lock();
        let now = self.0.context.system_time();
        for (_, mut open) in state.open.drain() {
            self.0.end(&mut open.span, now);
        }
        if let Some(mut root) = state.root.take() {
            let code = match done {
                Ok(()) => 0,
                Err(error) => error.exit() as u8,
            };
            root.set_attribute(KeyValue::new("process.exit.code", i64::from(code)));
            if let Err(error) = done {
                root.set_status(Status::error(error.to_string()));
            }
            self.0.end(&mut root, now);
        }
    }

    /// How many spans that the sampler chose have ended.
    pub(super) fn ended(&self) -> u64 {
        self.0.ended.load(Ordering::Relaxed)
    }

    /// The layer that makes them.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let is_ours = |metadata: &Metadata<'_>| {
            metadata.target() == TARGET && *metadata.level() <= Level::DEBUG
        };
        let filter = filter_fn(is_ours).with_max_level_hint(LevelFilter::DEBUG);
        SpanLayer(self.clone()).with_filter(filter)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, span: &mut Span, at: SystemTime) {
        if span.span_context().is_sampled() {
            self.ended.fetch_add(1, Ordering::Relaxed);
        }
        span.end_with_timestamp(at);
    }

    /// Adds the span of a request whose response arrived, or did not.
    fn add_request(&self, state: &State, within: Option<u64>, event: &Fields) {
        let now = self.context.system_time();
        let open = within.and_then(|id| state.open.get(&id));
        let parent = open.map_or_else(|| state.parent.clone(), |open| below(&open.span));
        let elapsed = event.seconds("elapsed_seconds").unwrap_or_default();
        let request = event.text("request").unwrap_or_default();
        let (method, url) = request.split_once(' ').unwrap_or((&request, ""));
        let mut attributes = vec![
            KeyValue::new("http.request.method", method.to_owned()),
            KeyValue::new("url.full", url.to_owned()),
        ];
        if let Ok(url) = url::Url::parse(url) {
            let host = url.host_str().unwrap_or_default().to_owned();
            attributes.push(KeyValue::new("server.address", host));
            let port = url.port_or_known_default().map(i64::from);
            attributes.extend(port.map(|port| KeyValue::new("server.port", port)));
        }
        let attempts = open
            .and_then(|open| open.attempt)
            .filter(|number| *number > 1);
        attributes.extend(attempts.map(|number| {
            KeyValue::new(
                "http.request.resend_count",
                integer(number.saturating_sub(1)),
            )
        }));
        let status = event.number("status");
        if let Some(bytes) = event.number("bytes") {
            attributes.push(KeyValue::new("http.response.body.size", integer(bytes)));
        }
        let mut failure = None;
        if let Some(status) = status {
            attributes.push(KeyValue::new("http.response.status_code", integer(status)));
            if status >= 400 {
                attributes.push(KeyValue::new("error.type", status.to_string()));
                failure = Some(String::new());
            }
        } else {
            attributes.push(KeyValue::new("error.type", "no_response"));
            failure = event.text("error");
        }
        let builder = SpanBuilder::from_name(method.to_owned())
            .with_kind(SpanKind::Client)
            .with_start_time(now.checked_sub(elapsed).unwrap_or(now))
            .with_attributes(attributes);
        let mut span = self.tracer.build_with_context(builder, &parent);
        if let Some(failure) = failure {
            span.set_status(Status::error(failure));
        }
        self.end(&mut span, now);
    }

    /// Adds an event to the span that it happened in.
    fn add_event(&self, state: &mut State, within: Option<u64>, event: &Fields) {
        let now = self.context.system_time();
        let State { open, root, .. } = state;
        let span = match within.and_then(|id| open.get_mut(&id)) {
            Some(open) => Some(&mut open.span),
            None => root.as_mut(),
        };
        let Some(span) = span else {
            return;
        };
        match event.message.as_str() {
            "ended" => span.set_attributes(event.attributes()),
            "failed" => span.set_status(Status::error(event.text("error").unwrap_or_default())),
            name => span.add_event_with_timestamp(name.to_owned(), now, event.attributes()),
        }
    }
}

/// The context of what happens within a span.
fn below(span: &Span) -> TraceContext {
    TraceContext::new().with_remote_span_context(span.span_context().clone())
}

fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

struct SpanLayer(Spans);

impl<S> Layer<S> for SpanLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: LayerContext<'_, S>) {
        let shared = &*self.0.0;
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let parent = context.span(id).and_then(|span| span.parent());
        let mut state = shared.lock();
        let parent = parent.and_then(|span| state.open.get(&span.id().into_u64()));
        let parent = parent.map_or_else(|| state.parent.clone(), |open| below(&open.span));
        let name = attributes.metadata().name();
        let name = match fields.text("resource") {
            Some(resource) => format!("{name} {resource}"),
            None => name.to_owned(),
        };
        let builder = SpanBuilder::from_name(name)
            .with_kind(SpanKind::Internal)
            .with_start_time(shared.context.system_time())
            .with_attributes(fields.attributes());
        let open = OpenSpan {
            span: shared.tracer.build_with_context(builder, &parent),
            attempt: fields.number("attempt"),
        };
        state.open.insert(id.into_u64(), open);
    }

    fn on_event(&self, event: &Event<'_>, context: LayerContext<'_, S>) {
        let shared = &*self.0.0;
        let mut fields = Fields::default();
        event.record(&mut fields);
        let within = context.event_span(event).map(|span| span.id().into_u64());
        let mut state = shared.lock();
        if fields.has("elapsed_seconds") {
            shared.add_request(&state, within, &fields);
        } else {
            shared.add_event(&mut state, within, &fields);
        }
    }

    fn on_close(&self, id: Id, _: LayerContext<'_, S>) {
        let shared = &*self.0.0;
        if let Some(mut open) = shared.lock().open.remove(&id.into_u64()) {
            shared.end(&mut open.span, shared.context.system_time());
        }
    }
}

/// The fields of a span or an event.
#[derive(Default)]
struct Fields {
    message: String,
    values: Vec<(&'static str, Value)>,
}

impl Fields {
    fn value(&self, name: &str) -> Option<&Value> {
        let mut values = self.values.iter();
        values.find_map(|(field, value)| (*field == name).then_some(value))
    }

    fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    fn text(&self, name: &str) -> Option<String> {
        self.value(name).map(|value| value.as_str().into_owned())
    }

    fn number(&self, name: &str) -> Option<u64> {
        match self.value(name)? {
            Value::I64(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }

    fn seconds(&self, name: &str) -> Option<Duration> {
        match self.value(name)? {
            Value::F64(seconds) => Duration::try_from_secs_f64(*seconds).ok(),
            _ => None,
        }
    }

    /// All but the headers, which are for readers of logs.
    fn attributes(&self) -> Vec<KeyValue> {
        let shown = self.values.iter().filter(|(name, _)| *name != "headers");
        shown
            .map(|(name, value)| KeyValue::new(format!("rest_source.{name}"), value.clone()))
            .collect()
    }

    fn add(&mut self, field: &Field, value: impl Into<Value>) {
        self.values.push((field.name(), value.into()));
    }
}

impl Visit for Fields {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, integer(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            self.add(field, format!("{value:?}"));
        }
    }
}
