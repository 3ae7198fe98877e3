//! The errors of DuckDB, for the person who runs a load.

use rest_source::{Error, ErrorKind};

/// The error for a failed operation.
pub(crate) fn failed(error: &duckdb::Error, what: &str) -> Error {
    let told = match error {
        duckdb::Error::DuckDBFailure(_, Some(message)) => message.clone(),
        other => other.to_string(),
    };
    // The rest is the statement.
    let told = told.split("\n\nLINE ").next().unwrap_or_default().trim();
    let message = format!("{what}: {told}");
    if told.contains("Could not set lock") {
        return Error::new(ErrorKind::Locked, message).with_help(
            "another process has the database open: end it, and load again; DuckDB lets no process open a database \
             to which another one writes",
        );
    }
    let failure = Error::new(ErrorKind::Destination, message);
    if told.contains("Out of Memory") {
        return failure.with_help("raise the `memory_limit` of DuckDB, or load fewer rows at once");
    }
    failure
}

/// The error for a failed statement, for `map_err`.
#[expect(clippy::needless_pass_by_value, reason = "it is for `map_err`")]
pub(crate) fn says(error: duckdb::Error) -> Error {
    failed(&error, "the database says")
}
