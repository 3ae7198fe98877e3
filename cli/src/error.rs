//! The error of a command, with its exit code.

use std::fmt;

use rest_source::{Error, ErrorKind};
use rest_source_load::LoadError;

use crate::{console::Console, interrupt::Signal};

/// The error of a command: its exit code and messages.
#[derive(Clone, Debug)]
pub(crate) struct CommandError {
    exit: Exit,
    messages: Vec<String>,
}

/// The exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    Done = 0,
    Invalid = 1,
    Usage = 2,
    Failed = 3,
    Incomplete = 4,
    Locked = 5,
    // Signals: 128 plus the signal's number.
    HungUp = 129,
    Interrupted = 130,
    Terminated = 143,
}

impl Exit {
    /// The word for the run in a report.
    pub(crate) fn run_status(self) -> &'static str {
        match self {
            Self::Done => "succeeded",
            Self::Incomplete => "incomplete",
            Self::Invalid | Self::Usage | Self::Failed | Self::Locked => "failed",
            Self::HungUp | Self::Interrupted | Self::Terminated => "interrupted",
        }
    }

    /// The word for an error in a report.
    pub(crate) fn error_kind(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Usage => "usage",
            Self::Done | Self::Failed => "failed",
            Self::Incomplete => "incomplete",
            Self::Locked => "locked",
            Self::HungUp | Self::Interrupted | Self::Terminated => "interrupted",
        }
    }
}

impl CommandError {
    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// The messages, in order.
    pub(crate) fn messages(&self) -> &[String] {
        &self.messages
    }

    /// A spec or a generated file is invalid.
    pub(crate) fn invalid(messages: Vec<String>) -> Self {
        Self {
            exit: Exit::Invalid,
            messages,
        }
    }

    /// An argument, a file, a setting or a secret is invalid; no request was sent.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Usage,
            messages: vec![message.into()],
        }
    }

    /// The API, the destination or the writing of a file failed.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Failed,
            messages: vec![message.into()],
        }
    }

    /// A load or a fetch ended before all records arrived, and nothing failed.
    pub(crate) fn incomplete(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Incomplete,
            messages: vec![message.into()],
        }
    }

    /// Another process loads the resource, or has the database open; no request was sent.
    pub(crate) fn locked(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Locked,
            messages: vec![message.into()],
        }
    }

    /// An error whose messages were printed.
    pub(crate) const fn reported(exit: Exit) -> Self {
        Self {
            exit,
            messages: Vec::new(),
        }
    }

    /// The same with a help for its last message.
    pub(crate) fn with_help(mut self, help: &str) -> Self {
        if let Some(last) = self.messages.last_mut() {
            last.push_str("\n  help: ");
            last.push_str(help);
        }
        self
    }

    /// The same with this at the beginning of each message.
    pub(crate) fn at(mut self, place: &str) -> Self {
        for message in &mut self.messages {
            message.insert_str(0, place);
        }
        self
    }

    /// A signal ended the command.
    pub(crate) fn interrupted(signal: Signal, message: impl Into<String>) -> Self {
        Self {
            exit: match signal {
                Signal::HangUp => Exit::HungUp,
                Signal::Interrupt => Exit::Interrupted,
                Signal::Terminate => Exit::Terminated,
            },
            messages: vec![message.into()],
        }
    }

    /// Adds the messages of another error, and keeps the exit code of this one.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.messages.extend(other.messages);
        self
    }

    /// Prints the messages, and returns the exit code.
    pub(crate) fn report(self, console: &Console) -> u8 {
        for (at, message) in self.messages.iter().enumerate() {
            if at > 0 {
                console.say("");
            }
            console.error(message);
        }
        self.exit as u8
    }
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.messages.join("; "))
    }
}

/// Whether the user has to change the input before any request can be sent.
fn is_usage(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Config | ErrorKind::State)
}

/// Whether records are missing, and nothing failed.
fn is_incomplete(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Incomplete | ErrorKind::Budget)
}

impl From<Error> for CommandError {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        if is_usage(&error) {
            Self::usage(message)
        } else if *error.kind() == ErrorKind::Budget {
            // A fetch that is incomplete has failed: its records are printed, and nobody continues it.
            Self::incomplete(message)
        } else if *error.kind() == ErrorKind::Locked {
            Self::locked(message)
        } else {
            Self::failed(message)
        }
    }
}

impl From<LoadError> for CommandError {
    fn from(error: LoadError) -> Self {
        let message = format!("{error:#}");
        let mut reports = error.loaded.resources.iter().chain(&error.failed);
        let has_sent = reports.any(|report| report.fetched.requests > 0);
        if !has_sent && error.errors.iter().all(is_usage) {
            return Self::usage(message);
        }
        if !has_sent
            && error
                .errors
                .iter()
                .all(|one| *one.kind() == ErrorKind::Locked)
        {
            return Self::locked(message);
        }
        if error.errors.iter().all(is_incomplete) {
            return Self::incomplete(message);
        }
        Self::failed(message)
    }
}
