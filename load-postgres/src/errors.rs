//! The errors of Postgres, for the person who runs a load.

use std::{error::Error as _, fmt};

use rest_source::{Error, ErrorKind};
use tokio_postgres::{Config, error::SqlState};

/// What stands in place of the password.
const REDACTED: &str = "[secret]";

/// A password of fewer letters is redacted only where it stands alone: it may be a part of other words.
const SHORT: usize = 6;

/// The error for a connection that could not be opened. A server or a proxy may repeat the password.
pub(crate) fn not_connected(error: tokio_postgres::Error, config: &Config) -> Error {
    let password = String::from_utf8_lossy(config.get_password().unwrap_or_default());
    let repeated = error.as_db_error().filter(|told| {
        let texts = [Some(told.message()), told.detail(), told.hint()];
        let mut texts = texts.into_iter().flatten();
        texts.any(|text| redacted(text, &password) != text)
    });
    let Some(told) = repeated else {
        return failed(error);
    };
    let message = redacted(told.message(), &password);
    let failure = Error::new(
        ErrorKind::Destination,
        format!("the database says: {message}"),
    );
    match help(told.code()) {
        Some(help) => failure.with_help(help),
        None => failure,
    }
}

/// The text without the password.
fn redacted(text: &str, password: &str) -> String {
    if password.is_empty() {
        return text.to_owned();
    }
    let is_short = password.chars().count() < SHORT;
    let mut shown = String::with_capacity(text.len());
    let mut rest = 0;
    for (at, _) in text.match_indices(password) {
        let end = at + password.len();
        let is_part = text[..at].ends_with(char::is_alphanumeric)
            || text[end..].starts_with(char::is_alphanumeric);
        if !(is_short && is_part) {
            shown.push_str(&text[rest..at]);
            shown.push_str(REDACTED);
            rest = end;
        }
    }
    shown.push_str(&text[rest..]);
    shown
}

/// The error for a failed operation.
#[expect(clippy::needless_pass_by_value, reason = "it is for `map_err`")]
pub(crate) fn failed(error: tokio_postgres::Error) -> Error {
    let Some(told) = error.as_db_error() else {
        let why = error
            .source()
            .map_or_else(|| error.to_string(), ToString::to_string);
        let (message, help) = if error.is_closed() {
            (
                "the connection to the database was lost".to_owned(),
                "run the load again",
            )
        } else if why.contains("password missing") {
            (
                "the database asks for a password, and the URL has none".to_owned(),
                "write it into the URL, or into the variable `PGPASSWORD`",
            )
        } else if why.contains("invalid peer certificate") {
            (
                format!("the certificate of the database is not trusted: {why}"),
                "name the file of its certificate authority by `sslrootcert=FILE` in the URL, and the host as the \
                 certificate does",
            )
        } else {
            (
                format!("the database cannot be reached: {why}"),
                "check host, port and `sslmode` of its URL, and that it accepts connections",
            )
        };
        return Error::new(ErrorKind::Destination, message)
            .with_source(&error)
            .with_help(help);
    };
    let failure = Error::new(
        ErrorKind::Destination,
        format!("the database says: {}", told.message()),
    );
    let failure = told.detail().into_iter().fold(failure, |failure, detail| {
        failure.with_detail(detail.to_owned())
    });
    let failure = failure.with_source(&error);
    if *told.code() == SqlState::INSUFFICIENT_PRIVILEGE && told.message().contains("temporary") {
        return failure.with_help(
            "a load stages rows in temporary tables: grant the user of the URL the right `TEMPORARY` on the database",
        );
    }
    match help(told.code()) {
        Some(help) => failure.with_help(help),
        None => failure,
    }
}

fn help(code: &SqlState) -> Option<&'static str> {
    let help = if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        "grant the user of the URL the rights `CREATE` and `USAGE` on the schema, and own or adopt its tables"
    } else if *code == SqlState::INVALID_PASSWORD
        || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION
    {
        "check user and password of the URL"
    } else if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
        "the user or the server is read-only: name another user, set `default_transaction_read_only` to off, or name the \
         primary server in the URL"
    } else if *code == SqlState::INVALID_CATALOG_NAME {
        "create the database, or name another one in the URL"
    } else if *code == SqlState::LOCK_NOT_AVAILABLE {
        "another process holds a transaction open on this table: end it, and load again"
    } else if *code == SqlState::DISK_FULL {
        "free space for the database, and load again: published rows are kept"
    } else if *code == SqlState::TOO_MANY_CONNECTIONS {
        "lower the source's `concurrency`, or allow more connections: each resource that loads has one"
    } else if *code == SqlState::ADMIN_SHUTDOWN
        || *code == SqlState::CRASH_SHUTDOWN
        || *code == SqlState::CANNOT_CONNECT_NOW
    {
        "load again when the database accepts connections: published rows are kept"
    } else if *code == SqlState::INVALID_SCHEMA_NAME || *code == SqlState::UNDEFINED_OBJECT {
        "create the schema, or name another one"
    } else {
        return None;
    };
    Some(help)
}

/// The error when tokio's runtime ends during an operation.
pub(crate) fn shut_down(_: impl fmt::Debug) -> Error {
    Error::new(
        ErrorKind::Destination,
        "the runtime shut down while the database was written",
    )
}

#[cfg(test)]
mod tests {
    use super::redacted;

    #[test]
    fn password_is_redacted_and_a_short_one_only_where_it_stands_alone() {
        assert_eq!(
            redacted("xhunter2x, hunter2", "hunter2"),
            "x[secret]x, [secret]"
        );
        assert_eq!(
            redacted("support \"p\" p", "p"),
            "support \"[secret]\" [secret]"
        );
        assert_eq!(redacted("as it is", ""), "as it is");
    }
}
