//! Interruption of commands by signals, and what they finish before they end.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{error::CommandError, report::RunReport, telemetry::Telemetry};

/// The longest wait for a token request after a signal.
const TOKEN_REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest wait for other tasks after a signal: a slow reader of stdout can block them.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

/// A command that sends requests and can be interrupted.
pub(crate) struct NetworkCommand {
    pub(crate) future: Pin<Box<dyn Future<Output = Result<(), CommandError>> + Send>>,
    pub(crate) interrupted_message: &'static str,
    /// Its requests in flight that may use up a refresh token.
    pub(crate) token_requests: TokenRequests,
    /// The report of the run, which is written at the end.
    pub(crate) report: Option<RunReport>,
    /// Its write after which no signal interrupts it.
    pub(crate) last_write: LastWrite,
    /// Its spans, which are sent at the end.
    pub(crate) telemetry: Telemetry,
}

impl NetworkCommand {
    /// A command without a token request, a report or a last write of its own.
    pub(crate) fn new(
        future: impl Future<Output = Result<(), CommandError>> + Send + 'static,
        interrupted_message: &'static str,
    ) -> Self {
        Self {
            future: Box::pin(future),
            interrupted_message,
            token_requests: TokenRequests::default(),
            report: None,
            last_write: LastWrite::default(),
            telemetry: Telemetry::default(),
        }
    }
}

/// Runs the command until it ends or a signal arrives. After a signal no request is sent and waits end, but a
/// token request in flight may finish, so that a rotated refresh token is stored. A second signal ends that
/// wait. A signal after the [last write](LastWrite) comes too late: the command ends as without it.
///
/// The command runs in a task of its own, so that a signal is handled while a slow reader of stdout blocks it.
pub(crate) fn run(command: NetworkCommand) -> Result<(), CommandError> {
    let failed = |error| CommandError::failed(format!("cannot start: {error}"));
    let runtime = tokio::runtime::Runtime::new().map_err(failed)?;
    let (done, is_aborted) = runtime.block_on(async {
        let mut signals = Signals::new().map_err(failed)?;
        let mut task = tokio::spawn(command.future);
        let ended = tokio::select! {
            ended = &mut task => ended,
            signal = signals.next() => {
                if command.last_write.prevent() {
                    task.abort();
                    let error = CommandError::interrupted(signal, command.interrupted_message);
                    Ok(Err(error))
                } else {
                    task.await
                }
            }
        };
        let done = ended
            .unwrap_or_else(|error| Err(CommandError::failed(format!("cannot continue: {error}"))));
        let is_aborted = tokio::select! {
            () = all_ended(&command.token_requests) => false,
            _ = signals.next() => true,
        };
        let is_aborted = is_aborted
            || tokio::select! {
                () = command.telemetry.end(&done) => false,
                _ = signals.next() => true,
            };
        Ok::<_, CommandError>((done, is_aborted))
    })?;
    if is_aborted {
        runtime.shutdown_background();
    } else {
        runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    }
    done
}

/// Waits until all tasks have ended, up to the timeouts above.
async fn all_ended(token_requests: &TokenRequests) {
    let start = Instant::now();
    let metrics = tokio::runtime::Handle::current().metrics();
    while metrics.num_alive_tasks() > 0 {
        let timeout = if token_requests.any() {
            TOKEN_REQUEST_TIMEOUT
        } else {
            SHUTDOWN_TIMEOUT
        };
        if start.elapsed() > timeout {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A signal that ends a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGHUP: the terminal was closed.
    HangUp,
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGTERM: a supervisor, or `kill`.
    Terminate,
}

/// The signal handlers of this process.
#[cfg(unix)]
pub(crate) struct Signals {
    hang_up: Option<tokio::signal::unix::Signal>,
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Installs the handlers. An ignored SIGHUP, as under `nohup`, stays ignored.
    pub(crate) fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        let hang_up = if ignores_hang_up() {
            None
        } else {
            Some(signal(SignalKind::hangup())?)
        };
        Ok(Self {
            hang_up,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) -> Signal {
        let hang_up = async {
            match &mut self.hang_up {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = hang_up => Signal::HangUp,
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
        }
    }
}

/// Whether this process was started with SIGHUP ignored. If the system does not tell, assumes so unless stderr
/// is a terminal.
#[cfg(unix)]
fn ignores_hang_up() -> bool {
    use std::io::IsTerminal;

    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    match ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()) {
        Some(mask) => mask & 1 == 1,
        None => !io::stderr().is_terminal(),
    }
}

/// The signal handlers of this process.
#[cfg(not(unix))]
pub(crate) struct Signals;

#[cfg(not(unix))]
impl Signals {
    /// Installs the handlers.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self)
    }

    /// Waits for the next signal.
    pub(crate) async fn next(&mut self) -> Signal {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Signal::Interrupt
    }
}

/// The last write of a command, of its state: it happens, or a signal prevents it, never both.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastWrite(Arc<Mutex<WriteProgress>>);

#[derive(Debug, Default, PartialEq, Eq)]
enum WriteProgress {
    #[default]
    Pending,
    Done,
    Prevented,
}

impl LastWrite {
    /// Writes, unless a signal came before. The command then has been aborted already.
    pub(crate) fn write(
        &self,
        write: impl FnOnce() -> Result<(), CommandError>,
    ) -> Result<(), CommandError> {
        let mut progress = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *progress == WriteProgress::Prevented {
            return Err(CommandError::failed("interrupted"));
        }
        write()?;
        *progress = WriteProgress::Done;
        Ok(())
    }

    /// Prevents the write. Returns `false` if it has happened; waits for one that has begun.
    fn prevent(&self) -> bool {
        let mut progress = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *progress == WriteProgress::Done {
            return false;
        }
        *progress = WriteProgress::Prevented;
        true
    }
}

/// Counts the requests in flight that may use up a refresh token. An interrupted command waits for their
/// responses.
#[derive(Clone, Debug, Default)]
pub(crate) struct TokenRequests(Arc<AtomicUsize>);

/// Guard of one such request.
#[derive(Debug)]
pub(crate) struct TokenRequest(Arc<AtomicUsize>);

impl TokenRequests {
    /// Counts a request until the guard is dropped.
    pub(crate) fn begin(&self) -> TokenRequest {
        self.0.fetch_add(1, Ordering::SeqCst);
        TokenRequest(Arc::clone(&self.0))
    }

    /// Whether any request is in flight.
    pub(crate) fn any(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 0
    }
}

impl Drop for TokenRequest {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
