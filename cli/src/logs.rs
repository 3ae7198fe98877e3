//! Logs of the commands that send requests (`-v`, `-vv`, `--log-format` and `RUST_LOG`), and whether they show progress
//! (`--quiet`).

use std::{fmt, io, sync::LazyLock};

use clap::ValueEnum;
use tracing::{Dispatch, Metadata, instrument::WithSubscriber as _, subscriber::NoSubscriber};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::FilterExt as _,
    fmt::{MakeWriter, format::Writer, time::FormatTime},
    layer::SubscriberExt as _,
};

use crate::{
    console::Console,
    context::Context,
    error::CommandError,
    interrupt::NetworkCommand,
    progress::{Progress, while_running},
    telemetry::Telemetry,
};

/// The target of the runtime's events. Events of other libraries are not logged: they may hold secrets.
pub(crate) const TARGET: &str = "rest_source";

/// A second subscriber. With only one in the process, a callsite that is first reached where it does not listen would be
/// off for all.
static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::new()));

/// A layer over the spans and events of a run.
pub(crate) type BoxedLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// Which logs a command writes, and whether it shows its progress.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct LogOptions {
    /// Log each response with its request, status and time, each wait with its reason, tokens and pages, on stderr.
    /// `-vv` also logs each request when it is sent, headers and positions. Secrets are redacted
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Show no progress
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Format of the logs
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// One readable line for each event
    #[default]
    Text,
    /// One JSON object for each event
    Json,
}

impl LogOptions {
    /// Makes a command write these logs, show its progress, and send spans.
    ///
    /// # Errors
    ///
    /// If `RUST_LOG` is not a valid filter.
    pub(crate) fn attach(
        &self,
        name: &'static str,
        mut command: NetworkCommand,
        context: &Context,
    ) -> Result<NetworkCommand, CommandError> {
        let filter = self.filter(context)?;
        let mut layers: Vec<_> = filter
            .map(|filter| self.layer(filter, &context.console, context))
            .into_iter()
            .collect();
        layers.extend(context.captured_logs().map(|logs| {
            let console = Console::captured(logs.clone());
            LogOptions::default().layer(log_filter("trace"), &console, context)
        }));
        command.telemetry = Telemetry::begin(name, context);
        layers.extend(command.telemetry.layer());
        let timeline = command.report.as_ref();
        layers.extend(timeline.and_then(|report| Some(report.layer(context)?.boxed())));
        if !self.quiet {
            let progress = Progress::default();
            layers.push(progress.layer().boxed());
            let future = while_running(command.future, progress, context.clone());
            command.future = Box::pin(future);
        }
        if !layers.is_empty() {
            LazyLock::force(&ANOTHER);
            let dispatch = Dispatch::new(Registry::default().with(layers));
            command.future = Box::pin(command.future.with_subscriber(dispatch));
        }
        Ok(command)
    }

    /// The events to log; `None` without logs.
    fn filter(&self, context: &Context) -> Result<Option<EnvFilter>, CommandError> {
        let level = match self.verbose {
            0 => None,
            1 => Some("debug"),
            _ => Some("trace"),
        };
        if let Some(level) = level {
            return Ok(Some(log_filter(level)));
        }
        let directives = context.environment("RUST_LOG")?;
        let Some(directives) = directives.filter(|text| !text.trim().is_empty()) else {
            return Ok(None);
        };
        let filter = EnvFilter::builder().parse(&directives);
        filter.map(Some).map_err(|error| {
            CommandError::usage(format!(
                "the variable `RUST_LOG` is not a valid filter of logs: {error}\n  \
                 help: write a level, such as `RUST_LOG=debug`, or directives, such as \
                 `RUST_LOG=rest_source[fetch{{resource=stories}}]=debug`"
            ))
        })
    }

    /// The layer that writes the logs.
    fn layer(&self, filter: EnvFilter, console: &Console, context: &Context) -> BoxedLayer {
        let is_ours = tracing_subscriber::filter::filter_fn(|metadata: &Metadata<'_>| {
            metadata.target() == TARGET
        });
        let layer = tracing_subscriber::fmt::layer()
            .with_writer(LogWriter(console.clone()))
            .with_timer(LogClock(context.clone()))
            .with_target(false);
        match self.log_format {
            LogFormat::Text => layer.compact().with_filter(filter.and(is_ours)).boxed(),
            LogFormat::Json => {
                let layer = layer.json().with_current_span(false).flatten_event(true);
                layer.with_filter(filter.and(is_ours)).boxed()
            }
        }
    }
}

/// The runtime's events of this level and the ones above it.
fn log_filter(level: &str) -> EnvFilter {
    EnvFilter::new(format!("{TARGET}={level}"))
}

/// Writes each event to the console, as one line: errors have several.
struct LogWriter(Console);

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

impl io::Write for &LogWriter {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
        self.0.say(lines.join("; "));
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The time of the command's clock.
struct LogClock(Context);

impl FormatTime for LogClock {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let now = self.0.now().to_string();
        let now = now.trim_end_matches('Z');
        let (second, fraction) = now.split_once('.').unwrap_or((now, ""));
        write!(writer, "{second}.{fraction:0<3.3}Z")
    }
}
