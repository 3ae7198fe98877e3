//! `rest-source lsp`.

use crate::error::CommandError;

/// Serves an editor on stdin and stdout until it shuts the server down.
pub(crate) fn run() -> Result<(), CommandError> {
    rest_source_lsp::serve_stdio().map_err(|error| CommandError::failed(error.to_string()))
}
