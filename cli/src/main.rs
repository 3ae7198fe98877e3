//! The `rest-source` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    rest_source_cli::main()
}
