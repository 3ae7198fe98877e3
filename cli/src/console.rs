//! Output of the command: records and texts on stdout, messages on stderr, in colour on a terminal.

use std::{
    fmt::Display,
    io::{self, IsTerminal as _, Write as _, stdout},
    sync::{Arc, Mutex, PoisonError},
};

use anstream::adapter::strip_str;
use indicatif::MultiProgress;

use crate::{context::Output, error::CommandError};

const BOLD_RED: &str = "\x1b[1;31m";
const BOLD_YELLOW: &str = "\x1b[1;33m";
const BOLD: &str = "\x1b[1m";
const PLAIN: &str = "\x1b[0m";

/// The streams of the process, or a captured output. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Console {
    captured: Option<Output>,
    /// The progress on the terminal, if it is shown.
    bars: Arc<Mutex<Option<MultiProgress>>>,
}

impl Console {
    /// Writes to memory.
    pub(crate) fn captured(output: Output) -> Self {
        Self {
            captured: Some(output),
            ..Self::default()
        }
    }

    /// Whether it writes to memory.
    pub(crate) fn is_captured(&self) -> bool {
        self.captured.is_some()
    }

    /// Sets the progress that is hidden while something is printed.
    pub(crate) fn set_bars(&self, bars: Option<MultiProgress>) {
        *self.bars.lock().unwrap_or_else(PoisonError::into_inner) = bars;
    }

    /// Prints while no progress is on the terminal.
    fn without_bars<T>(&self, print: impl FnOnce() -> T) -> T {
        let bars = self
            .bars
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        match bars {
            Some(bars) => bars.suspend(print),
            None => print(),
        }
    }

    /// Prints an error, with the first line in bold.
    pub(crate) fn error(&self, text: impl Display) {
        self.labelled("error", BOLD_RED, &text.to_string());
    }

    /// Prints a warning, with the first line in bold.
    pub(crate) fn warning(&self, text: impl Display) {
        self.labelled("warning", BOLD_YELLOW, &text.to_string());
    }

    /// Prints a message.
    pub(crate) fn say(&self, text: impl Display) {
        self.write(&format!("{text}\n"));
    }

    fn labelled(&self, label: &str, colour: &str, text: &str) {
        let (first, rest) = text.split_at(text.find('\n').unwrap_or(text.len()));
        self.write(&format!(
            "{colour}{label}{PLAIN}{BOLD}: {first}{PLAIN}{rest}\n"
        ));
    }

    /// Writes to stderr and ignores failures: there is nowhere to report them.
    fn write(&self, text: &str) {
        match &self.captured {
            None => self.without_bars(|| _ = anstream::stderr().write_all(text.as_bytes())),
            Some(output) => output.stderr.write(&strip_str(text).to_string()),
        }
    }

    /// Prints on stdout. Returns `false` if the reader has closed it, as `head` does.
    pub(crate) fn print(&self, text: &(impl AsRef<[u8]> + ?Sized)) -> Result<bool, CommandError> {
        let text = text.as_ref();
        if let Some(output) = &self.captured {
            output.stdout.write(&String::from_utf8_lossy(text));
            return Ok(true);
        }
        let print = || {
            let mut out = stdout().lock();
            out.write_all(text).and_then(|()| out.flush())
        };
        // A slow reader of a pipe must not keep messages from being printed.
        let printed = if stdout().is_terminal() {
            self.without_bars(print)
        } else {
            print()
        };
        match printed {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(CommandError::failed(format!(
                "cannot write to stdout: {error}"
            ))),
        }
    }
}
