//! What is said on stderr, in colour where that is a terminal, and printed on stdout.

use std::{
    fmt::Display,
    io::{self, IsTerminal, Write, stderr, stdout},
};

use crate::stop::Stop;

const BOLD_RED: &str = "\x1b[1;31m";
const BOLD_YELLOW: &str = "\x1b[1;33m";
const BOLD: &str = "\x1b[1m";
const PLAIN: &str = "\x1b[0m";

/// An error, its first line in bold.
pub(crate) fn error(text: impl Display) {
    labelled("error", BOLD_RED, &text.to_string());
}

/// A warning, likewise.
pub(crate) fn warning(text: impl Display) {
    labelled("warning", BOLD_YELLOW, &text.to_string());
}

/// What was done.
pub(crate) fn say(text: impl Display) {
    write(&format!("{text}\n"));
}

fn labelled(label: &str, colour: &str, text: &str) {
    let (first, rest) = text.split_at(text.find('\n').unwrap_or(text.len()));
    write(&format!(
        "{colour}{label}{PLAIN}{BOLD}: {first}{PLAIN}{rest}\n"
    ));
}

/// Without a stderr there is nobody to tell.
fn write(text: &str) {
    let _ = anstream::stderr().write_all(text.as_bytes());
}

/// Prints on stdout; `false` where nobody reads it any more, as behind `| head`.
pub(crate) fn print(text: &str) -> Result<bool, Stop> {
    let mut out = stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Stop::failed(format!("cannot write to stdout: {error}"))),
    }
}

/// A line that says how far it has come, for somebody who watches and sees nothing else.
pub(crate) struct Progress {
    is_shown: bool,
}

impl Progress {
    /// Where stderr is a terminal.
    pub(crate) fn new() -> Self {
        Self {
            is_shown: stderr().is_terminal(),
        }
    }

    /// Likewise, unless stdout is one, too, where the records are seen.
    pub(crate) fn beside_stdout() -> Self {
        Self {
            is_shown: stderr().is_terminal() && !stdout().is_terminal(),
        }
    }

    /// In place of what was shown before.
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
