//! The context of a command: streams, environment variables and clock.

use std::{
    collections::HashMap,
    env,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use rest_source::{
    Builder, Client, Clock, Timestamp, permits::RateLimiting, plan::SourcePlan,
    transport::Transport,
};

use crate::{
    console::Console,
    error::CommandError,
    variables::{Origin, SecretSources, Values},
};

/// Streams, environment variables and clock of a command. The default uses those of the process; a test captures
/// the output, sets variables and injects a clock without changing the process.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use rest_source_cli::{Context, Output};
///
/// let output = Output::default();
/// let context = Context::default().output(&output).variable("API_KEY", "k3y");
/// let code = rest_source_cli::run(["rest-source", "check", "nowhere.yaml"], &context).await;
/// assert_eq!(code, 2);
/// assert!(output.stderr().contains("nowhere.yaml"));
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Context {
    pub(crate) console: Console,
    variables: Vec<(String, String)>,
    /// What files and commands have besides the environment.
    values: Arc<Values>,
    logs: Option<Output>,
    clock: Option<Arc<dyn Clock>>,
    transport: Option<Arc<dyn Transport>>,
    rate_limiting: RateLimiting,
    /// The variables of a source, and the variables of a project that their values are read from.
    aliases: Vec<(String, String)>,
}

impl Context {
    /// Captures stdout and stderr.
    #[must_use]
    pub fn output(mut self, output: &Output) -> Self {
        self.console = Console::captured(output.clone());
        self
    }

    /// Captures all logs as text on the stderr of this output, also without `-v`. A test sees whether a secret is in them.
    #[must_use]
    pub fn logs(mut self, logs: &Output) -> Self {
        self.logs = Some(logs.clone());
        self
    }

    /// The output that all logs are captured by.
    pub(crate) fn captured_logs(&self) -> Option<&Output> {
        self.logs.as_ref()
    }

    /// Sets an environment variable for a secret or a setting; it overrides the process's.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Sets a variable to the value of another one, which messages name instead.
    pub(crate) fn alias(mut self, name: &str, other: &str, value: String) -> Self {
        self.aliases.push((name.to_owned(), other.to_owned()));
        self.variable(name, value)
    }

    /// The variable that the value of this one was read from.
    pub(crate) fn origin_of<'n>(&'n self, name: &'n str) -> &'n str {
        let mut aliases = self.aliases.iter().rev();
        let found = aliases.find(|(alias, _)| alias == name);
        found.map_or(name, |(_, other)| other)
    }

    /// Injects a clock, which performs every wait of a fetch.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// The injected clock.
    pub(crate) fn own_clock(&self) -> Option<Arc<dyn Clock>> {
        self.clock.clone()
    }

    /// Sends requests through this transport instead of the network.
    pub(crate) fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Shares the rate limits with other processes.
    #[cfg(feature = "postgres")]
    pub(crate) fn rate_limiting(mut self, rate_limiting: RateLimiting) -> Self {
        self.rate_limiting = rate_limiting;
        self
    }

    /// The transport instead of the network.
    pub(crate) fn own_transport(&self) -> Option<Arc<dyn Transport>> {
        self.transport.clone()
    }

    /// Adds the values of these sources to those of the environment.
    pub(crate) async fn with_sources(&self, sources: &SecretSources) -> Result<Self, CommandError> {
        Ok(Self {
            values: Arc::new(sources.read(&self.console).await?),
            ..self.clone()
        })
    }

    /// Passes the values and the clock of this context to a client.
    pub(crate) fn attach(
        &self,
        plan: &SourcePlan,
        mut builder: Builder<Client>,
    ) -> Result<Builder<Client>, CommandError> {
        if let Some(clock) = &self.clock {
            builder = builder.clock(Arc::clone(clock));
        }
        builder = builder.rate_limiting(self.rate_limiting.clone());
        let mut found = HashMap::new();
        for variable in variables(plan) {
            if let Some((value, _)) = self.find(variable, plan)? {
                found.insert(variable.to_owned(), value);
            }
        }
        Ok(builder.variables(move |variable| found.get(variable).cloned()))
    }

    /// The time now, by the clock of this context.
    pub(crate) fn now(&self) -> Timestamp {
        let now = match &self.clock {
            Some(clock) => clock.now(),
            None => SystemTime::now(),
        };
        Timestamp::try_from(now).unwrap_or(Timestamp::EPOCH)
    }

    /// The same, as the system has it.
    #[cfg(feature = "otlp")]
    pub(crate) fn system_time(&self) -> SystemTime {
        (self.clock.as_ref()).map_or_else(SystemTime::now, Clock::now)
    }

    /// The value of a variable of this source, and where it was found.
    pub(crate) fn find(
        &self,
        variable: &str,
        plan: &SourcePlan,
    ) -> Result<Option<(String, Origin)>, CommandError> {
        self.values.find(variable, |name| {
            // `NAME_FILE` is not the path of a file if it is a variable of the source itself.
            if name != variable && variables(plan).any(|own| own == name) {
                return Ok(None);
            }
            self.environment(name)
        })
    }

    /// The value of a variable that is not one of a source.
    pub(crate) fn value(&self, variable: &str) -> Result<Option<String>, CommandError> {
        let found = self.values.find(variable, |name| self.environment(name))?;
        Ok(found.map(|(value, _)| value))
    }

    /// A variable of this context, or of the process. An empty one counts as not set.
    pub(crate) fn environment(&self, variable: &str) -> Result<Option<String>, CommandError> {
        let mut own = self.variables.iter().rev();
        let value = own.find_map(|(name, value)| (name == variable).then(|| value.clone()));
        match value.map_or_else(|| env::var(variable), Ok) {
            Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
            Err(env::VarError::NotPresent) => Ok(None),
            Err(env::VarError::NotUnicode(_)) => Err(CommandError::usage(format!(
                "`{variable}` is not Unicode\n  help: set it to UTF-8 text"
            ))),
        }
    }
}

/// The variables of a source's secrets and settings.
fn variables(plan: &SourcePlan) -> impl Iterator<Item = &str> {
    let secrets = plan.secrets.iter().map(|secret| secret.env.as_str());
    let settings = plan.config.iter().map(|setting| setting.env.as_str());
    secrets.chain(settings)
}

/// The captured output of a command. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Output {
    pub(crate) stdout: Captured,
    pub(crate) stderr: Captured,
}

impl Output {
    /// The text on stdout.
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// The text on stderr, without colours.
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }
}

/// A stream in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Captured(Arc<Mutex<String>>);

impl Captured {
    pub(crate) fn write(&self, text: &str) {
        self.lock().push_str(text);
    }

    fn text(&self) -> String {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
