//! The keyring of the operating system: Secret Service on Linux and BSD, Keychain on macOS, Credential Manager on
//! Windows.
//!
//! All entries of the service `rest-source` are read at once and before any request, so that a keyring that asks for a
//! password asks early, and a signal ends the wait.

use std::{collections::HashMap, thread, time::Duration};

use keyring_core::{Entry, Error};
use tokio::{sync::oneshot, time::timeout};

use crate::{error::CommandError, printable::printable};

/// The service that entries are stored under; their user is the name of a variable.
const SERVICE: &str = "rest-source";

/// How long the keyring may take, in which a person may unlock it.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The names and values of the entries.
///
/// # Errors
///
/// When there is no keyring, it stays locked, or has two entries of one name. No message has a value.
pub(super) async fn read() -> Result<Vec<(String, String)>, CommandError> {
    within(TIMEOUT, entries).await
}

async fn within(
    limit: Duration,
    read: impl FnOnce() -> Result<Vec<(String, String)>, Failure> + Send + 'static,
) -> Result<Vec<(String, String)>, CommandError> {
    let (sender, receiver) = oneshot::channel();
    // Its calls cannot be cancelled: the thread ends with them or with the process.
    thread::spawn(move || sender.send(read()));
    let seconds = limit.as_secs_f32();
    match timeout(limit, receiver).await {
        Ok(Ok(read)) => read.map_err(Failure::message),
        Ok(Err(_)) => Err(failed("ended without an answer")),
        Err(_) => Err(failed(&format!("has not answered after {seconds} s"))),
    }
}

/// Why there are no values.
enum Failure {
    Keyring(String),
    /// Two entries of this name.
    Twice(String),
    NotText(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Keyring(reason(&error))
    }
}

impl Failure {
    fn message(self) -> CommandError {
        match self {
            Self::Keyring(reason) => failed(&format!("cannot be read: {reason}")),
            Self::Twice(name) => CommandError::usage(format!(
                "the keyring has two entries `{name}` of the service `{SERVICE}`\n  help: delete one of them"
            )),
            Self::NotText(name) => CommandError::usage(format!(
                "the keyring's entry `{name}` of the service `{SERVICE}` is not UTF-8 text\n  help: store it again as \
                 text"
            )),
        }
    }
}

fn failed(what: &str) -> CommandError {
    CommandError::usage(format!(
        "the keyring {what}\n  help: `--keyring` needs an unlocked keyring of the operating system: on Linux a Secret \
         Service on the session's D-Bus; a server has `--secrets-command`, `NAME_FILE` and systemd credentials instead"
    ))
}

/// What went wrong, without the bytes that two kinds of errors carry.
fn reason(error: &Error) -> String {
    let reason = match error {
        Error::PlatformFailure(cause) | Error::NoStorageAccess(cause) => cause.to_string(),
        Error::BadEncoding(_) | Error::BadDataFormat(..) => {
            "an entry has an unknown format".to_owned()
        }
        other => other.to_string(),
    };
    printable(&reason, &[])
}

fn entries() -> Result<Vec<(String, String)>, Failure> {
    // A test sets another store.
    if keyring_core::get_default_store().is_none()
        && let Err(error) = keyring::Entry::store_status()
    {
        return Err(Failure::Keyring(reason(error)));
    }
    // Windows has no search by service.
    let search = if cfg!(windows) {
        HashMap::new()
    } else {
        HashMap::from([("service", SERVICE)])
    };
    let mut pairs: Vec<(String, String)> = Vec::new();
    for entry in Entry::search(&search)? {
        let Some((service, name)) = entry.get_specifiers() else {
            continue;
        };
        if service != SERVICE {
            continue;
        }
        let name = printable(&name, &[]);
        if pairs.iter().any(|(before, _)| *before == name) {
            return Err(Failure::Twice(name));
        }
        let value = match entry.get_secret() {
            Ok(bytes) => String::from_utf8(bytes).map_err(|_| Failure::NotText(name.clone()))?,
            // Deleted since the search.
            Err(Error::NoEntry) => continue,
            Err(error) => return Err(error.into()),
        };
        pairs.push((name, value));
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn slow_keyring_is_an_error() {
        let (_answer, never) = std::sync::mpsc::channel::<()>();
        let read = move || {
            let _ = never.recv();
            Ok(Vec::new())
        };
        let error = within(Duration::from_millis(100), read).await.unwrap_err();
        let error = error.to_string();
        assert!(error.contains("has not answered after 0.1 s"), "{error}");
    }

    #[test]
    fn reason_has_no_value() {
        let values = [
            Error::BadEncoding(b"s3cr3t".to_vec()),
            Error::BadDataFormat(b"s3cr3t".to_vec(), "wrong".into()),
        ];
        for error in values {
            assert_eq!(reason(&error), "an entry has an unknown format");
        }
    }
}
