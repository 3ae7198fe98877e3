//! Why a command ends before it is done.

use std::fmt;

use rest_source::{Error, ErrorKind};
use rest_source_load::LoadError;

use crate::{console::Console, interrupt::Signal};

/// Why a command ends before it is done: the code it exits with, and what there is left to say.
#[derive(Debug)]
pub(crate) struct Stop {
    exit: Exit,
    messages: Vec<String>,
}

/// The codes that a command exits with, apart from success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Wrong = 1,
    Usage = 2,
    Failed = 3,
    Incomplete = 4,
    // By a signal: 128 and its number.
    HungUp = 129,
    Interrupted = 130,
    Terminated = 143,
}

impl Stop {
    /// What was to be checked is wrong.
    pub(crate) fn wrong(messages: Vec<String>) -> Self {
        Self {
            exit: Exit::Wrong,
            messages,
        }
    }

    /// What was asked cannot be done.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Usage,
            messages: vec![message.into()],
        }
    }

    /// It was tried, and failed.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self {
            exit: Exit::Failed,
            messages: vec![message.into()],
        }
    }

    /// By a signal.
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

    /// Both, with the code of this one.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.messages.extend(other.messages);
        self
    }

    /// Says why, and gives the code.
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

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.messages.join("; "))
    }
}

/// Whether the user has to change something before it can be tried at all.
fn is_usage(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Config | ErrorKind::State)
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        if is_usage(&error) {
            Self::usage(message)
        } else {
            Self::failed(message)
        }
    }
}

impl From<LoadError> for Stop {
    fn from(error: LoadError) -> Self {
        let message = format!("{error:#}");
        if error.errors.iter().all(is_usage) {
            return Self::usage(message);
        }
        let is_incomplete = |error: &Error| *error.kind() == ErrorKind::Incomplete;
        if error.errors.iter().all(is_incomplete) {
            return Self {
                exit: Exit::Incomplete,
                messages: vec![message],
            };
        }
        Self::failed(message)
    }
}
