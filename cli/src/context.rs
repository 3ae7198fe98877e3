//! The context of a command: streams, environment variables and clock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rest_source::{Builder, Client, Clock, plan::SourcePlan};

use crate::console::Console;

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
    clock: Option<Arc<dyn Clock>>,
}

impl Context {
    /// Captures stdout and stderr.
    #[must_use]
    pub fn output(mut self, output: &Output) -> Self {
        self.console = Console::captured(output.clone());
        self
    }

    /// Sets an environment variable for a secret or a setting; it overrides the process's.
    #[must_use]
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// Injects a clock, which performs every wait of a fetch.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Passes the variables and the clock of this context to a client. A secret already set is kept.
    pub(crate) fn attach(
        &self,
        plan: &SourcePlan,
        mut builder: Builder<Client>,
    ) -> Builder<Client> {
        if let Some(clock) = &self.clock {
            builder = builder.clock(Arc::clone(clock));
        }
        let value = |variable: &str| self.own_value(variable);
        for secret in &plan.secrets {
            if let Some(value) = value(&secret.env) {
                builder = builder.secret(&secret.name, value);
            }
        }
        for setting in &plan.config {
            if let Some(value) = value(&setting.env) {
                builder = builder.setting(&setting.name, value);
            }
        }
        builder
    }

    /// A variable of this context.
    fn own_value(&self, variable: &str) -> Option<String> {
        let mut variables = self.variables.iter().rev();
        variables.find_map(|(name, value)| (name == variable).then(|| value.clone()))
    }

    /// A variable of this context, or of the process.
    pub(crate) fn value(&self, variable: &str) -> Option<String> {
        self.own_value(variable)
            .or_else(|| std::env::var(variable).ok())
    }
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
