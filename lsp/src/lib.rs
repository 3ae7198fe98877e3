//! A language server for connector specs.
//!
//! [`serve`] answers the messages of one client until it shuts the server down. It parses and checks specs with
//! the parser and the checks of `#[rest_source]`.

mod analysis;
mod code_actions;
mod completion;
mod diagnostics;
mod document;
mod outline;
mod position;
mod rename;
mod server;
mod stdio;

use std::fmt;
use std::io;

pub use lsp_server::Connection;

use server::Server;

/// The connection failed, or the client violated the protocol.
///
/// It repeats no content of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServeError(String);

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ServeError {}

impl ServeError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// Serves one client until it shuts the server down or closes the connection.
///
/// ```
/// use rest_source_lsp::{Connection, serve};
///
/// let (server, client) = Connection::memory();
/// drop(client);
/// assert!(serve(&server).is_ok());
/// ```
///
/// # Errors
///
/// If the client violates the protocol: if it sends `exit` without `shutdown`, for example.
pub fn serve(connection: &Connection) -> Result<(), ServeError> {
    match Server::start(connection)? {
        Some(server) => server.run(),
        None => Ok(()),
    }
}

/// Serves the client on the process's standard input and output.
///
/// # Errors
///
/// As [`serve`], and if the client sends a header without a valid length. What is not a message is answered with an
/// error.
pub fn serve_stdio() -> Result<(), ServeError> {
    stdio::serve_on(io::BufReader::new(io::stdin()), io::stdout())
}
