//! Spans of a run, sent to a collector by OTLP. The standard variables configure them: `OTEL_EXPORTER_OTLP_ENDPOINT` turns
//! them on.

#[cfg(feature = "otlp")]
mod export;
#[cfg(feature = "otlp")]
mod spans;

use crate::{context::Context, error::CommandError, logs::BoxedLayer};

/// The variables that name the collector.
const ENDPOINTS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
];

/// The spans of one run. The default sends none.
#[derive(Default)]
pub(crate) struct Telemetry {
    #[cfg(feature = "otlp")]
    run: Option<export::TracedRun>,
}

impl Telemetry {
    /// Begins the spans of a run if the environment names a collector. What is wrong with them is a warning: it does not
    /// concern the run.
    pub(crate) fn begin(command: &'static str, context: &Context) -> Self {
        let Some(variable) = collector(context) else {
            return Self::default();
        };
        #[cfg(feature = "otlp")]
        {
            let run = export::TracedRun::begin(command, variable, context);
            Self { run }
        }
        #[cfg(not(feature = "otlp"))]
        {
            context.console.warning(format_args!(
                "no spans of this `{command}` are sent to the collector that `{variable}` names: this `rest-source` was \
                 built without the feature `otlp`\n  \
                 help: `cargo install rest-source-cli --features otlp` builds it with it; `OTEL_TRACES_EXPORTER=none` \
                 turns spans off"
            ));
            Self::default()
        }
    }

    /// The layer that makes spans of the runtime's events.
    #[cfg_attr(
        not(feature = "otlp"),
        expect(clippy::unused_self, reason = "it makes none")
    )]
    pub(crate) fn layer(&self) -> Option<BoxedLayer> {
        #[cfg(feature = "otlp")]
        return self.run.as_ref().map(export::TracedRun::layer);
        #[cfg(not(feature = "otlp"))]
        None
    }

    /// Ends the spans, and sends those that are left within a few seconds.
    #[cfg_attr(
        not(feature = "otlp"),
        expect(clippy::unused_async, reason = "nothing is sent")
    )]
    pub(crate) async fn end(self, done: &Result<(), CommandError>) {
        #[cfg(feature = "otlp")]
        if let Some(run) = self.run {
            run.end(done).await;
        }
        #[cfg(not(feature = "otlp"))]
        let _ = done;
    }
}

/// The variable that names the collector, unless another one turns spans off.
fn collector(context: &Context) -> Option<&'static str> {
    let value = |name: &str| context.environment(name).ok().flatten();
    let is = |name: &str, word: &str| {
        value(name).is_some_and(|value| value.trim().eq_ignore_ascii_case(word))
    };
    if is("OTEL_SDK_DISABLED", "true") || is("OTEL_TRACES_EXPORTER", "none") {
        return None;
    }
    ENDPOINTS.into_iter().find(|name| value(name).is_some())
}
