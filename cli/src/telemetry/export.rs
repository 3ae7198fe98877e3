//! The export of spans over OTLP/HTTP, from a thread of its own: a run waits for it only at its end.

use std::{
    collections::HashMap,
    fmt, fs,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use opentelemetry::{
    InstrumentationScope, KeyValue, propagation::TextMapPropagator as _, trace::TracerProvider as _,
};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter as OtlpExporter, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    propagation::TraceContextPropagator,
    trace::{BatchSpanProcessor, SdkTracerProvider, SpanData, SpanExporter},
};
use rest_source::transport::{Limits, Reqwest, Transport as _};
use tokio::runtime::{self, Runtime};
use tracing_subscriber::Layer as _;
use url::Url;

use super::spans::Spans;
use crate::{
    console::Console,
    context::Context,
    error::{CommandError, Exit},
    logs::BoxedLayer,
    printable::printable,
};

/// How long a run waits at its end until its spans are sent.
const END_TIMEOUT: Duration = Duration::from_secs(5);

/// The same after a signal.
const INTERRUPTED_TIMEOUT: Duration = Duration::from_secs(2);

/// How long one request to the collector may take, unless a variable says so.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes of a collector's response.
const MAX_RESPONSE_BYTES: u64 = 1 << 20;

/// The spans of a run, and their export.
pub(super) struct TracedRun {
    spans: Spans,
    provider: SdkTracerProvider,
    collector: Arc<Collector>,
}

impl TracedRun {
    /// Begins a run whose collector this variable names. Without a usable one a warning says why.
    pub(super) fn begin(
        command: &'static str,
        variable: &'static str,
        context: &Context,
    ) -> Option<Self> {
        let begun = Self::try_begin(command, variable, context);
        begun
            .map_err(|why| {
                context.console.warning(format_args!(
                    "no spans of this `{command}` are sent: {why}\n  \
                     help: correct the variable; `OTEL_TRACES_EXPORTER=none` turns spans off"
                ));
            })
            .ok()
    }

    fn try_begin(
        command: &'static str,
        variable: &'static str,
        context: &Context,
    ) -> Result<Self, String> {
        let variables = Variables(context);
        let collector = Arc::new(Collector::new(variable, &variables, context)?);
        let client = ClientOfCollector(Arc::clone(&collector));
        let exporter = OtlpExporter::builder()
            .with_http()
            .with_http_client(client)
            .build()
            .map_err(|error| format!("`{variable}`: {error}"))?;
        let exporter = CountingExporter {
            exporter,
            collector: Arc::clone(&collector),
        };
        let provider = SdkTracerProvider::builder()
            .with_resource(resource(&variables))
            .with_span_processor(BatchSpanProcessor::builder(exporter).build())
            .build();
        let scope = InstrumentationScope::builder("rest-source")
            .with_version(env!("CARGO_PKG_VERSION"))
            .build();
        let tracer = provider.tracer_with_scope(scope);
        let carrier: HashMap<String, String> = ["TRACEPARENT", "TRACESTATE"]
            .into_iter()
            .filter_map(|name| Some((name.to_ascii_lowercase(), variables.get(name)?)))
            .collect();
        let caller = TraceContextPropagator::new().extract(&carrier);
        Ok(Self {
            spans: Spans::begin(tracer, command, &caller, context),
            provider,
            collector,
        })
    }

    /// The layer that makes the spans.
    pub(super) fn layer(&self) -> BoxedLayer {
        self.spans.layer().boxed()
    }

    /// Ends the spans, and waits until they are sent, but not for long.
    pub(super) async fn end(self, done: &Result<(), CommandError>) {
        self.spans.end(done);
        let is_interrupted = matches!(
            done.as_ref().map_err(CommandError::exit),
            Err(Exit::HungUp | Exit::Interrupted | Exit::Terminated)
        );
        let timeout = if is_interrupted {
            INTERRUPTED_TIMEOUT
        } else {
            END_TIMEOUT
        };
        let provider = self.provider;
        let shutdown =
            tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(timeout).is_ok());
        let is_sent = tokio::time::timeout(timeout, shutdown)
            .await
            .is_ok_and(|ended| ended.unwrap_or(false));
        let lost = (self.spans.ended()).saturating_sub(self.collector.taken.load(Ordering::SeqCst));
        if !is_sent {
            let failure = self.collector.failure().take();
            let why = format!("it has not taken them within {} s", timeout.as_secs());
            self.collector
                .warn(&failure.map_or_else(|| why.clone(), |failure| format!("{why}; {failure}")));
        } else if lost > 0 {
            self.collector.warn(&format!(
                "{lost} of {} came faster than it took them: `OTEL_BSP_MAX_QUEUE_SIZE` makes room for more",
                self.spans.ended()
            ));
        }
    }
}

/// The variables of a context.
struct Variables<'a>(&'a Context);

impl Variables<'_> {
    fn get(&self, name: &str) -> Option<String> {
        self.0.environment(name).ok().flatten()
    }

    /// A variable of OTLP, of traces alone or of all signals.
    fn otlp(&self, name: &str) -> Option<String> {
        self.get(&format!("OTEL_EXPORTER_OTLP_TRACES_{name}"))
            .or_else(|| self.get(&format!("OTEL_EXPORTER_OTLP_{name}")))
    }
}

/// What the spans are of: `rest-source`, unless the variables name the service.
fn resource(variables: &Variables<'_>) -> Resource {
    let attributes = variables
        .get("OTEL_RESOURCE_ATTRIBUTES")
        .unwrap_or_default();
    let is_named = variables.get("OTEL_SERVICE_NAME").is_some()
        || attributes
            .split(',')
            .any(|pair| pair.trim_start().starts_with("service.name="));
    let resource = Resource::builder()
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    if is_named {
        resource.build()
    } else {
        resource.with_service_name("rest-source").build()
    }
}

/// The collector, and what became of the spans for it.
struct Collector {
    /// Without credentials.
    url: String,
    transport: Reqwest,
    timeout: Duration,
    /// `None` once it is dropped.
    runtime: Option<Runtime>,
    console: Console,
    has_warned: AtomicBool,
    /// How many spans were taken for it.
    taken: AtomicU64,
    /// Why the last request failed, if it did.
    failure: Mutex<Option<String>>,
}

impl Collector {
    fn new(
        variable: &'static str,
        variables: &Variables<'_>,
        context: &Context,
    ) -> Result<Self, String> {
        let text = variables.get(variable).unwrap_or_default();
        let url = Url::parse(text.trim()).ok();
        let mut url = url
            .filter(|url| matches!(url.scheme(), "http" | "https"))
            .ok_or_else(|| {
                format!("`{variable}` is not an http or https URL, such as `http://localhost:4318`")
            })?;
        if let Some(protocol) = variables.otlp("PROTOCOL")
            && protocol != "http/protobuf"
        {
            return Err(format!(
                "unsupported protocol `{}`: `OTEL_EXPORTER_OTLP_PROTOCOL` has to be `http/protobuf`, whose port is \
                 usually 4318",
                printable(&protocol, &[])
            ));
        }
        let mut transport = Reqwest::new();
        if let Some(file) = variables.otlp("CERTIFICATE") {
            let read = fs::read(&file).map_err(|error| error.to_string());
            let trusting = read
                .and_then(|pem| (transport.ca_certificates(pem)).map_err(|error| error.message));
            transport = trusting.map_err(|error| {
                let file = printable(&file, &[]);
                format!("`OTEL_EXPORTER_OTLP_CERTIFICATE`: cannot use `{file}`: {error}")
            })?;
        }
        let milliseconds = variables.otlp("TIMEOUT");
        let timeout = milliseconds.and_then(|text| text.trim().parse().ok());
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("otlp")
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        // These fail only on URLs without a host.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_query(None);
        Ok(Self {
            url: url.to_string(),
            transport,
            timeout: timeout.map_or(EXPORT_TIMEOUT, Duration::from_millis),
            runtime: Some(runtime),
            console: context.console.clone(),
            has_warned: AtomicBool::new(false),
            taken: AtomicU64::new(0),
            failure: Mutex::default(),
        })
    }

    fn failure(&self) -> MutexGuard<'_, Option<String>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Warns that spans are lost, once.
    fn warn(&self, why: &str) {
        if !self.has_warned.swap(true, Ordering::SeqCst) {
            self.console.warning(format_args!(
                "spans were not sent to the collector `{}`: {}\n  note: the run itself is not affected",
                self.url,
                printable(why, &[])
            ));
        }
    }

    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let limits = Limits::new(self.timeout, self.timeout, MAX_RESPONSE_BYTES);
        let sent = self.transport.send(request, limits).await;
        let response = sent.map_err(|error| error.message)?;
        let (parts, body) = response.into_parts();
        let body = body.read(&parts.headers, MAX_RESPONSE_BYTES).await;
        let body = body.map_err(|error| error.message)?;
        Ok(Response::from_parts(parts, body.into()))
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        // Dropped in a task, it must not wait.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Sends the requests of the exporter.
struct ClientOfCollector(Arc<Collector>);

impl fmt::Debug for ClientOfCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientOfCollector")
    }
}

#[async_trait::async_trait]
impl HttpClient for ClientOfCollector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let collector = Arc::clone(&self.0);
        let runtime = collector
            .runtime
            .as_ref()
            .map(|runtime| runtime.handle().clone());
        let runtime = runtime.ok_or("the export has ended")?;
        let task = runtime.spawn(async move {
            let sent = collector.send(request).await;
            let failure = match &sent {
                Ok(response) if response.status().is_success() => None,
                Ok(response) => Some(format!("it answered {}", response.status())),
                Err(error) => Some(error.clone()),
            };
            *collector.failure() = failure;
            sent
        });
        Ok(task.await??)
    }
}

/// Counts the spans that it exports, and warns if it cannot.
struct CountingExporter {
    exporter: OtlpExporter,
    collector: Arc<Collector>,
}

impl fmt::Debug for CountingExporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CountingExporter")
    }
}

impl SpanExporter for CountingExporter {
    fn export(&self, batch: Vec<SpanData>) -> impl Future<Output = OTelSdkResult> + Send {
        let spans = batch.len() as u64;
        self.collector.taken.fetch_add(spans, Ordering::SeqCst);
        let exported = self.exporter.export(batch);
        async {
            let exported = exported.await;
            if let Err(error) = &exported {
                let failure = self.collector.failure().take();
                self.collector
                    .warn(&failure.unwrap_or_else(|| error.to_string()));
            }
            exported
        }
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
