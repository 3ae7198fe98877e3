//! Output of the command: records and texts on stdout, messages on stderr, in colour on a terminal.

use std::{
    fmt::Display,
    io::{self, IsTerminal, Write, stderr, stdout},
};

use anstream::adapter::strip_str;

use crate::{context::Output, error::CommandError};

const BOLD_RED: &str = "\x1b[1;31m";
const BOLD_YELLOW: &str = "\x1b[1;33m";
const BOLD: &str = "\x1b[1m";
const PLAIN: &str = "\x1b[0m";

/// The streams of the process, or a captured output.
#[derive(Clone, Default)]
pub(crate) struct Console(Option<Output>);

impl Console {
    /// Writes to memory.
    pub(crate) fn captured(output: Output) -> Self {
        Self(Some(output))
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
        match &self.0 {
            None => _ = anstream::stderr().write_all(text.as_bytes()),
            Some(output) => output.stderr.write(&strip_str(text).to_string()),
        }
    }

    /// Prints on stdout. Returns `false` if the reader has closed it, as `head` does.
    pub(crate) fn print(&self, text: &str) -> Result<bool, CommandError> {
        if let Some(output) = &self.0 {
            output.stdout.write(text);
            return Ok(true);
        }
        let mut out = stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(CommandError::failed(format!(
                "cannot write to stdout: {error}"
            ))),
        }
    }

    /// A progress line, shown if stderr is a terminal.
    pub(crate) fn progress(&self) -> Progress {
        Progress {
            is_shown: self.0.is_none() && stderr().is_terminal(),
        }
    }

    /// A progress line, shown if stderr is a terminal and stdout, which gets the records, is not.
    pub(crate) fn progress_beside_stdout(&self) -> Progress {
        Progress {
            is_shown: self.0.is_none() && stderr().is_terminal() && !stdout().is_terminal(),
        }
    }
}

/// A progress line on a terminal. Print nothing else while it is shown.
pub(crate) struct Progress {
    is_shown: bool,
}

impl Progress {
    /// Replaces the line.
    pub(crate) fn show(&self, text: impl Display) {
        if self.is_shown {
            let _ = write!(stderr(), "\r\x1b[2K{text}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.show("");
    }
}
